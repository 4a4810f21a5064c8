//! Analysis of variance of a sketch: rows in clusters in classes, with covariates by fitting constants.

use crate::pulse::{self, Pulse};
use crate::sketch::{CellMoments, Moments};

/// Pivot, relative to the column's own sum of squares, under which a column is taken for a combination of earlier ones.
const ALIASED: f64 = 1e-11;

/// Cross products of the outcome (column 0) and the covariates between and within groups, a group being a cluster of one
/// class.
#[derive(Debug, Clone)]
pub struct Anova {
    /// Columns.
    columns: usize,
    /// Rows.
    pub rows: f64,
    /// Rows of each group.
    pub sizes: Vec<f64>,
    /// Classes that have rows.
    pub classes: f64,
    /// `N − Σ_class Σ_g n_g² / N_class`.
    spread: f64,
    /// Within groups.
    within: Vec<f64>,
    /// Between the groups of a class.
    between: Vec<f64>,
    /// `Σ_g s_g s_g'`, the sums of the groups about the means of their class.
    sums: Vec<f64>,
}

/// Mean squares between and within, and what they estimate. Only with degrees of freedom for both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanSquares {
    /// Mean square between groups, given the covariates.
    pub between: f64,
    /// Mean square within groups, given the covariates.
    pub within: f64,
    /// Degrees of freedom of the first.
    pub df_between: f64,
    /// Degrees of freedom of the second.
    pub df_within: f64,
    /// Size: `between` estimates `σ²_W + n₀ σ²_B`.
    pub n0: f64,
    /// Covariates that are no combination of classes and others.
    pub covariates: usize,
}

impl MeanSquares {
    /// Variance between groups; may be negative.
    pub fn variance_between(&self) -> f64 {
        (self.between - self.within) / self.n0
    }
}

struct Group {
    class: (usize, usize),
    rows: f64,
    sums: Vec<f64>,
}

impl Anova {
    /// The cells that `class` gives a class are taken.
    pub fn new(moments: &Moments, class: impl Fn(&CellMoments) -> Option<(usize, usize)>) -> Anova {
        let c = moments.columns;
        let mut anova = Anova {
            columns: c,
            rows: 0.0,
            sizes: Vec::new(),
            classes: 0.0,
            spread: 0.0,
            within: vec![0.0; c * c],
            between: vec![0.0; c * c],
            sums: vec![0.0; c * c],
        };
        let mut keyed: Vec<((usize, usize), usize, usize)> = pulse::vector(moments.cells.len());
        let cells = pulse::each(moments.cells.iter()).enumerate();
        keyed.extend(cells.filter_map(|(i, cell)| Some((class(cell)?, cell.cluster, i))));
        pulse::sort(&mut keyed);
        let mut groups: Vec<Group> = pulse::vector(keyed.len());
        pulse::room_for(keyed.len(), 8 * c + 48);
        let mut last = None;
        let mut pulse = Pulse::every(1 << 14);
        for (class, cluster, i) in keyed {
            pulse.tick();
            let rows = moments.cells.get(i).map_or(0.0, |cell| cell.rows);
            let sums = moments.sums(i);
            let mut pairs = moments.within(i).iter();
            for a in 0..c {
                for b in a..c {
                    let v = pairs.next().copied().unwrap_or(0.0);
                    add(&mut anova.within, c, a, b, v);
                }
            }
            match groups.last_mut().filter(|_| last == Some((class, cluster))) {
                Some(group) => {
                    let apart: Vec<f64> = sums
                        .iter()
                        .zip(&group.sums)
                        .map(|(new, old)| new / rows - old / group.rows)
                        .collect();
                    outer(
                        &mut anova.within,
                        &apart,
                        rows * group.rows / (rows + group.rows),
                    );
                    group.rows += rows;
                    group.sums.iter_mut().zip(sums).for_each(|(s, v)| *s += v);
                }
                None => groups.push(Group {
                    class,
                    rows,
                    sums: sums.to_vec(),
                }),
            }
            last = Some((class, cluster));
        }
        pulse::beat();
        for same in groups.chunk_by(|a, b| a.class == b.class) {
            anova.add_class(same);
        }
        anova
    }

    fn add_class(&mut self, groups: &[Group]) {
        let rows: f64 = groups.iter().map(|g| g.rows).sum();
        let mut mean = vec![0.0; self.columns];
        for group in groups {
            mean.iter_mut().zip(&group.sums).for_each(|(m, s)| *m += s);
        }
        mean.iter_mut().for_each(|m| *m /= rows);
        let mut squares = 0.0;
        for group in groups {
            let about: Vec<f64> = group
                .sums
                .iter()
                .zip(&mean)
                .map(|(s, m)| s - group.rows * m)
                .collect();
            outer(&mut self.between, &about, 1.0 / group.rows);
            outer(&mut self.sums, &about, 1.0);
            squares += group.rows * group.rows;
            self.sizes.push(group.rows);
        }
        self.rows += rows;
        self.classes += 1.0;
        self.spread += rows - squares / rows;
    }

    /// Mean squares, with the covariates or without. `None` without degrees of freedom.
    ///
    /// With covariates by fitting constants (Henderson 1953, method 3): within is the residual of the regression on
    /// groups and covariates, between what groups explain beyond classes and covariates, and `n₀` the trace that its
    /// expectation has.
    pub fn mean_squares(&self, covariates: bool) -> Option<MeanSquares> {
        let c = if covariates {
            self.columns
        } else {
            1.min(self.columns)
        };
        let total: Vec<f64> = self
            .within
            .iter()
            .zip(&self.between)
            .map(|(w, b)| w + b)
            .collect();
        let scale: Vec<f64> = (0..c)
            .map(|i| total.get(i * self.columns + i).map_or(0.0, |v| v.sqrt()))
            .collect();
        let within = regress(&self.within, self.columns, &scale);
        let both = regress(&total, self.columns, &scale);
        let g = self.sizes.len() as f64;
        let (p, p_within) = (both.kept.len(), within.kept.len());
        let df_within = self.rows - g - p_within as f64;
        let df_between = g - self.classes - (p.saturating_sub(p_within)) as f64;
        if !(df_within > 0.0 && df_between > 0.0) {
            return None;
        }
        let mut trace = self.spread;
        for &i in &both.kept {
            for &j in &both.kept {
                let inverse = both.swept.get(i * c + j).map_or(0.0, |v| -v);
                let sums = self.sums.get(i * self.columns + j).copied().unwrap_or(0.0);
                let scales = scale.get(i).zip(scale.get(j)).map_or(1.0, |(a, b)| a * b);
                trace -= inverse * sums / scales;
            }
        }
        let n0 = trace / df_between;
        (n0 > 0.0).then_some(MeanSquares {
            between: if covariates {
                (both.residual - within.residual).max(0.0)
            } else {
                self.between.first().copied().unwrap_or(0.0)
            } / df_between,
            within: within.residual.max(0.0) / df_within,
            df_between,
            df_within,
            n0,
            covariates: p,
        })
    }
}

fn add(matrix: &mut [f64], c: usize, a: usize, b: usize, v: f64) {
    for at in [a * c + b, b * c + a].iter().take(1 + (a != b) as usize) {
        if let Some(m) = matrix.get_mut(*at) {
            *m += v;
        }
    }
}

/// `matrix += factor · x x'`.
fn outer(matrix: &mut [f64], x: &[f64], factor: f64) {
    for (row, a) in matrix.chunks_exact_mut(x.len().max(1)).zip(x) {
        for (m, b) in row.iter_mut().zip(x) {
            *m += factor * a * b;
        }
    }
}

struct Regression {
    /// Residual sum of squares of column 0.
    residual: f64,
    /// Columns that are no combination of earlier ones.
    kept: Vec<usize>,
    /// On the kept columns minus the inverse, in units of `scale`.
    swept: Vec<f64>,
}

/// Regresses column 0 on the others by sweeping, in units of `scale` (as many columns as it has).
fn regress(gram: &[f64], columns: usize, scale: &[f64]) -> Regression {
    let c = scale.len();
    let get = |m: &[f64], i: usize, j: usize| m.get(i * c + j).copied().unwrap_or(0.0);
    let mut m = vec![0.0; c * c];
    for (i, row) in m.chunks_exact_mut(c.max(1)).enumerate() {
        for (j, v) in row.iter_mut().enumerate() {
            let scales = scale.get(i).zip(scale.get(j)).map_or(0.0, |(a, b)| a * b);
            if scales > 0.0 {
                *v = gram.get(i * columns + j).copied().unwrap_or(0.0) / scales;
            }
        }
    }
    let mut kept = Vec::new();
    for k in 1..c {
        let pivot = get(&m, k, k);
        if !(pivot > ALIASED) {
            continue;
        }
        kept.push(k);
        let row: Vec<f64> = (0..c).map(|j| get(&m, k, j)).collect();
        for (i, (line, a)) in m.chunks_exact_mut(c).zip(&row).enumerate() {
            for (j, (v, b)) in line.iter_mut().zip(&row).enumerate() {
                *v = match (i == k, j == k) {
                    (true, true) => -1.0 / pivot,
                    (true, false) | (false, true) => *v / pivot,
                    (false, false) => *v - a * b / pivot,
                };
            }
        }
    }
    let y = scale.first().copied().unwrap_or(0.0);
    Regression {
        residual: get(&m, 0, 0) * y * y,
        kept,
        swept: m,
    }
}
