//! Analysis of variance of a sketch: rows in clusters in classes, with covariates by fitting constants.

use crate::exact::Wide;
use crate::pulse::{self, Pulse};
use crate::regression::negligible::{ALIASED, beyond_digits, settled, squares_beyond_digits};
use crate::sketch::{CellMoments, Moments};

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
    within: Vec<Wide>,
    /// Between the groups of a class.
    between: Vec<Wide>,
    /// `Σ_g s_g s_g'`, the sums of the groups about the means of their class.
    sums: Vec<Wide>,
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
    sums: Vec<Wide>,
    /// Size of the values of each column.
    sizes: Vec<f64>,
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
            within: vec![Wide::ZERO; c * c],
            between: vec![Wide::ZERO; c * c],
            sums: vec![Wide::ZERO; c * c],
        };
        let mut keyed: Vec<((usize, usize), usize, usize)> = pulse::vector(moments.cells.len());
        let cells = pulse::each(moments.cells.iter()).enumerate();
        keyed.extend(cells.filter_map(|(i, cell)| Some((class(cell)?, cell.cluster, i))));
        pulse::sort(&mut keyed);
        let mut groups: Vec<Group> = pulse::vector(keyed.len());
        pulse::room_for(keyed.len(), 24 * c + 96);
        let mut last = None;
        let mut pulse = Pulse::every(1 << 14);
        for (class, cluster, i) in keyed {
            pulse.tick();
            let rows = moments.cells.get(i).map_or(0.0, |cell| cell.rows);
            let sums: Vec<Wide> = (0..c).map(|column| moments.sum(i, column)).collect();
            let sizes: Vec<f64> = (0..c).map(|column| moments.size(i, column)).collect();
            for (a, &size) in sizes.iter().enumerate() {
                for b in a..c {
                    let mut v = moments.product(i, a, b);
                    if a == b {
                        v = squares_beyond_digits(v, size, rows);
                    }
                    add(&mut anova.within, c, a, b, v);
                }
            }
            match groups.last_mut().filter(|_| last == Some((class, cluster))) {
                Some(group) => {
                    let apart: Vec<Wide> = sums
                        .iter()
                        .zip(&group.sums)
                        .zip(&sizes)
                        .map(|((&new, &old), size)| {
                            beyond_digits(new / rows - old / group.rows, size / rows)
                        })
                        .collect();
                    let factor = Wide::product(rows, group.rows) / (rows + group.rows);
                    outer(&mut anova.within, &apart, factor);
                    group.rows += rows;
                    group.sums.iter_mut().zip(sums).for_each(|(s, v)| *s += v);
                    group.sizes.iter_mut().zip(sizes).for_each(|(s, v)| *s += v);
                }
                None => groups.push(Group {
                    class,
                    rows,
                    sums,
                    sizes,
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
        let mut mean = vec![Wide::ZERO; self.columns];
        for group in groups {
            mean.iter_mut().zip(&group.sums).for_each(|(m, &s)| *m += s);
        }
        mean.iter_mut().for_each(|m| *m = *m / rows);
        let mut squares = 0.0;
        for group in groups {
            let about: Vec<Wide> = group
                .sums
                .iter()
                .zip(&mean)
                .zip(&group.sizes)
                .map(|((&s, &m), &size)| beyond_digits(s - m * group.rows, size))
                .collect();
            outer(&mut self.between, &about, Wide::from(1.0) / group.rows);
            outer(&mut self.sums, &about, Wide::from(1.0));
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
        let total: Vec<Wide> = self
            .within
            .iter()
            .zip(&self.between)
            .map(|(&w, &b)| w + b)
            .collect();
        let scale: Vec<Wide> = (0..c)
            .map(|i| {
                total
                    .get(i * self.columns + i)
                    .map_or(Wide::ZERO, |v| v.sqrt())
            })
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
        let mut trace = Wide::from(self.spread);
        for &i in &both.kept {
            for &j in &both.kept {
                let inverse = both.swept.get(i * c + j).map_or(Wide::ZERO, |&v| -v);
                let at = i * self.columns + j;
                let sums = self.sums.get(at).copied().unwrap_or_default();
                let scales = scale.get(i).zip(scale.get(j));
                let scales = scales.map_or(Wide::from(1.0), |(&a, &b)| a * b);
                trace -= inverse * (sums / scales);
            }
        }
        let n0 = trace.value() / df_between;
        (n0 > 0.0).then_some(MeanSquares {
            between: if covariates {
                settled(both.residual - within.residual, both.residual.size())
                    .value()
                    .max(0.0)
            } else {
                self.between.first().map_or(0.0, |b| b.value())
            } / df_between,
            within: within.residual.value().max(0.0) / df_within,
            df_between,
            df_within,
            n0,
            covariates: p,
        })
    }
}

fn add(matrix: &mut [Wide], c: usize, a: usize, b: usize, v: Wide) {
    for at in [a * c + b, b * c + a].iter().take(1 + (a != b) as usize) {
        if let Some(m) = matrix.get_mut(*at) {
            *m += v;
        }
    }
}

/// `matrix += factor · x x'`.
fn outer(matrix: &mut [Wide], x: &[Wide], factor: Wide) {
    for (row, &a) in matrix.chunks_exact_mut(x.len().max(1)).zip(x) {
        for (m, &b) in row.iter_mut().zip(x) {
            *m += factor * a * b;
        }
    }
}

struct Regression {
    /// Residual sum of squares of column 0.
    residual: Wide,
    /// Columns that are no combination of earlier ones.
    kept: Vec<usize>,
    /// On the kept columns minus the inverse, in units of `scale`.
    swept: Vec<Wide>,
}

/// Regresses column 0 on the others by sweeping, in units of `scale` (as many columns as it has).
fn regress(gram: &[Wide], columns: usize, scale: &[Wide]) -> Regression {
    let c = scale.len();
    let get = |m: &[Wide], i: usize, j: usize| m.get(i * c + j).copied().unwrap_or_default();
    let mut m = vec![Wide::ZERO; c * c];
    for (i, row) in m.chunks_exact_mut(c.max(1)).enumerate() {
        for (j, v) in row.iter_mut().enumerate() {
            let scales = scale.get(i).zip(scale.get(j));
            let scales = scales.map_or(Wide::ZERO, |(&a, &b)| a * b);
            if scales.value() > 0.0 {
                *v = gram.get(i * columns + j).copied().unwrap_or_default() / scales;
            }
        }
    }
    let mut kept = Vec::new();
    for k in 1..c {
        let pivot = get(&m, k, k);
        if !(pivot.value() > ALIASED) {
            continue;
        }
        kept.push(k);
        let row: Vec<Wide> = (0..c).map(|j| get(&m, k, j)).collect();
        for (i, (line, &a)) in m.chunks_exact_mut(c).zip(&row).enumerate() {
            for (j, (v, &b)) in line.iter_mut().zip(&row).enumerate() {
                *v = match (i == k, j == k) {
                    (true, true) => Wide::from(-1.0) / pivot,
                    (true, false) | (false, true) => *v / pivot,
                    (false, false) => *v - a * b / pivot,
                };
            }
        }
    }
    // In its own units the outcome is 1, so that what is left of it is small against that or is something.
    let left = settled(get(&m, 0, 0), 1.0);
    let y = scale.first().copied().unwrap_or_default();
    Regression {
        residual: left * y * y,
        kept,
        swept: m,
    }
}
