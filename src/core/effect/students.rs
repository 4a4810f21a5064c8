//! Effects where students were assigned one by one: Neyman's variance within strata.
//!
//! A sketch of students has one cell for each stratum and condition, whatever the number of students, and that is all
//! that is needed here.

use super::comparison::Comparison;
use super::estimate::{Effect, left_out};
use super::lift::{Covariance, fieller};
use super::size::{hedges_g, pooled_sd};
use crate::distribution::t_critical;
use crate::error::Invalid;
use crate::exact::Wide;
use crate::note::{Code, Note};
use crate::pulse::{Pulse, beat};
use crate::regression::negligible::{ALIASED, Tally, squares_beyond_digits};
use crate::regression::options::{check_level, control_among};
use crate::regression::solve::factor;
use crate::regression::{Adjust, Inference, Options, QuestionError, StdError};
use crate::sketch::{Centre, Moments, Rows, View};

/// Rows, sums about the centre, and cross products about the own means of one stratum and condition.
#[derive(Debug, Clone, Default)]
struct Cell {
    rows: f64,
    sums: Vec<Wide>,
    within: Vec<Wide>,
    /// Sum of squares of the outcome's values.
    size: f64,
}

impl Cell {
    /// Cell `i` of the moments.
    fn of(moments: &Moments, i: usize) -> Cell {
        let (rows, c) = (
            moments.cells.get(i).map_or(0.0, |c| c.rows),
            moments.columns,
        );
        let pairs = (0..c).flat_map(|a| (a..c).map(move |b| (a, b)));
        Cell {
            rows,
            sums: (0..c).map(|column| moments.sum(i, column)).collect(),
            within: pairs.map(|(a, b)| moments.product(i, a, b)).collect(),
            size: moments.size(i, 0).powi(2) / rows,
        }
    }

    /// Adds another part of the same stratum and condition (Chan, Golub and LeVeque 1983).
    fn add(&mut self, other: Cell) {
        if self.rows == 0.0 {
            *self = other;
            return;
        }
        let gaps: Vec<Wide> = self
            .sums
            .iter()
            .zip(&other.sums)
            .map(|(&a, &b)| b / other.rows - a / self.rows)
            .collect();
        let share = Wide::product(self.rows, other.rows) / (self.rows + other.rows);
        let mut slots = self.within.iter_mut().zip(&other.within);
        for (i, &a) in gaps.iter().enumerate() {
            for &b in gaps.iter().skip(i) {
                if let Some((own, &other)) = slots.next() {
                    *own += other + share * a * b;
                }
            }
        }
        self.rows += other.rows;
        self.size += other.size;
        let sums = self.sums.iter_mut().zip(&other.sums);
        sums.for_each(|(a, &b)| *a += b);
    }

    fn sum(&self, column: usize) -> Wide {
        self.sums.get(column).copied().unwrap_or_default()
    }

    fn mean(&self, column: usize) -> Wide {
        self.sum(column) / self.rows
    }

    fn product(&self, a: usize, b: usize) -> Wide {
        let (a, b) = (a.min(b), a.max(b));
        let columns = self.sums.len();
        let at = a * columns - a * (a + 1) / 2 + b;
        self.within.get(at).copied().unwrap_or_default()
    }

    /// Squares of the outcome about its mean, or what covariates leave of them; 0 if they are no more than rounding.
    fn spread(&self, squares: Wide) -> f64 {
        let squares = squares_beyond_digits(squares, self.size.sqrt(), 1.0);
        squares.value().max(0.0)
    }
}

/// The cells of one stratum, by condition.
type Stratum = Vec<(usize, Cell)>;

/// Cells by stratum and condition; in the moments they come in this order.
fn cells(moments: &Moments) -> Vec<Stratum> {
    let mut all: Vec<Stratum> = vec![Vec::new(); moments.strata.len()];
    let mut pulse = Pulse::every(1024);
    for (i, cell) in moments.cells.iter().enumerate() {
        pulse.tick();
        let Some(stratum) = all.get_mut(cell.stratum) else {
            continue;
        };
        let at = match stratum.binary_search_by_key(&cell.condition, |c| c.0) {
            Ok(at) => at,
            Err(at) => {
                stratum.insert(at, (cell.condition, Cell::default()));
                at
            }
        };
        if let Some((_, sum)) = stratum.get_mut(at) {
            sum.add(Cell::of(moments, i));
        }
    }
    all
}

fn cell_of(stratum: &Stratum, condition: usize) -> Option<&Cell> {
    let at = stratum.binary_search_by_key(&condition, |c| c.0).ok()?;
    stratum.get(at).map(|c| &c.1)
}

/// The effect of each condition except the control where each student was assigned on its own, by name.
///
/// With strata s that have both conditions, `N_s` students of both in each, weights `w_s = N_s / Σ N_s`:
/// `τ = Σ w_s (ȳ_1s − ȳ_0s)`, `V = Σ_s Σ_a w_s² s²_as / n_as` (Neyman; without strata HC2), and Satterthwaite's
/// `df = V² / Σ (w_s² s²_as / n_as)² / (n_as − 1)` (without strata Welch's).
///
/// With strata `V` is HC2 of the regression with a mean for each stratum and condition, its effect taken at the shares of the
/// strata (Lin's with dummies of the strata as covariates); absorbed strata weigh the differences otherwise. The degrees of
/// freedom are those of the variances as estimated, where HC2 in `effects` has those of equal ones (Bell and McCaffrey 2002).
///
/// With `Lin`, `ȳ_as` is adjusted by `β_a' (x̄_as − x̄_s)`, the slopes of each condition being those within strata, and
/// `s²_as` is the residual sum of squares of the cell over `ν_as = (n_as − 1) (1 − k / (n_a − S))`, `n_a` and S the
/// students of the condition and the strata, k the slopes; `ν_as` also takes the place of `n_as − 1` in the degrees of
/// freedom.
pub(super) fn student_effects(
    view: &View<'_>,
    control: &str,
    options: &Options,
) -> Result<Vec<Effect>, QuestionError> {
    let (adjust, level, strata) = (
        options.adjust,
        options.level,
        options.strata.of_one_regression()?,
    );
    check_level(level)?;
    options
        .estimand
        .of_students("\"student\" for students assigned one by one")?;
    if options.se != StdError::Cr2 {
        return Err(Invalid::word(
            "se",
            "\"CR2\" for students assigned one by one",
            options.se.word(),
            "Each student is a unit, and the variance that of each condition.",
        )
        .into());
    }
    let rows = match adjust {
        Adjust::Ancova => {
            return Err(Invalid::word(
                "adjust",
                "\"none\" or \"lin\" for students assigned one by one",
                "ancova",
                "Use \"lin\", with slopes by condition, which holds whatever the slopes are.",
            )
            .into());
        }
        Adjust::None => Rows::All,
        Adjust::Lin if view.covariate_count() == 0 => {
            return Err(Invalid {
                argument: "adjust",
                must: "\"none\" without covariates",
                got: "\"lin\"".to_owned(),
                hint: "Build the sketch with its covariates, such as rct.student_sketch('score ~ pretest', condition, school, score, pretest).",
            }
            .into());
        }
        Adjust::Lin => Rows::WithCovariates,
    };
    let moments = view.student_moments(rows, strata.centre())?;
    let names: Vec<String> = moments.conditions.iter().map(|c| c.name.clone()).collect();
    let number = control_among(&names, control)?;
    let pooled = view.student_moments(rows, Centre::Pooled)?;
    let totals = cells(&pooled);
    let cells = cells(&moments);
    let total = |c: usize| totals.first().and_then(|t| cell_of(t, c));
    let mean = |c: usize| {
        total(c).map(|t| {
            let mut mean = Tally::default();
            mean.add(pooled.exact_centre(0, 0));
            mean.add(t.mean(0));
            mean.settled().value()
        })
    };
    let sd = |c: usize| {
        total(c)
            .filter(|t| t.rows > 1.0)
            .map(|t| (t.spread(t.product(0, 0)) / (t.rows - 1.0)).sqrt())
    };
    let size = |c: usize| total(c).map_or(0, |t| t.rows as u64);
    let mut out = Vec::new();
    for (c, name) in names.iter().enumerate().filter(|(c, _)| *c != number) {
        beat();
        let mut row = Effect {
            comparison: Comparison {
                outcome: view.name(),
                condition: name.clone(),
                control: control.to_owned(),
                n: size(c),
                n_control: size(number),
                clusters: size(c),
                clusters_control: size(number),
            },
            mean: mean(c),
            mean_control: mean(number),
            sd: sd(c),
            sd_control: sd(number),
            ..Effect::default()
        };
        let mut notes: Vec<Note> = left_out(&moments).into_iter().collect();
        let both = cells.iter().map(|s| (cell_of(s, c), cell_of(s, number)));
        let pairs: Vec<(&Cell, &Cell)> = both.clone().filter_map(|(a, b)| a.zip(b)).collect();
        let touched = both.filter(|(a, b)| a.is_some() || b.is_some()).count();
        if touched > pairs.len() {
            notes.push(Note::uninformative_strata(touched - pairs.len(), touched));
        }
        if row.comparison.n_control == 0 {
            notes.push(Note::no_control_rows());
        } else if row.comparison.n == 0 {
            notes.push(Note::no_rows());
        } else if pairs.is_empty() {
            notes.push(Note::aliased_condition());
        } else {
            estimate(&mut row, &pairs, adjust, level, &mut notes);
        }
        row.notes.splice(0..0, notes.iter().cloned());
        out.push(row);
    }
    Ok(out)
}

/// Slopes of one condition within strata, how many of them are not aliased, and which are.
fn slopes(cells: &[&Cell], covariates: usize) -> (Vec<Wide>, usize, Vec<usize>) {
    let sum = |a: usize, b: usize| {
        beat();
        cells.iter().map(|c| c.product(a, b)).sum::<Wide>()
    };
    let gram: Vec<Wide> = (0..covariates * covariates)
        .map(|i| sum(i / covariates + 1, i % covariates + 1))
        .collect();
    let factor = factor(&gram, covariates, ALIASED);
    let xy = factor.kept.iter().map(|&j| {
        let product = sum(0, j + 1);
        Tally::of(product, product.size())
    });
    let beta = factor.solve(&xy.collect::<Vec<_>>());
    let mut all = vec![Wide::ZERO; covariates];
    for (&j, b) in factor.kept.iter().zip(&beta) {
        if let Some(slot) = all.get_mut(j) {
            *slot = b.sum();
        }
    }
    (all, factor.kept.len(), factor.aliased)
}

fn estimate(
    row: &mut Effect,
    pairs: &[(&Cell, &Cell)],
    adjust: Adjust,
    level: f64,
    notes: &mut Vec<Note>,
) {
    let covariates = match adjust {
        Adjust::None | Adjust::Ancova => 0,
        Adjust::Lin => pairs.first().map_or(0, |(a, _)| a.sums.len() - 1),
    };
    let strata = pairs.len() as f64;
    let total: f64 = pairs.iter().map(|(a, b)| a.rows + b.rows).sum();
    let mut tau = Tally::default();
    let (mut variance, mut spread, mut too_small) = (0.0, 0.0, 0);
    let mut pulse = Pulse::every(64);
    for (sign, treated) in [(1.0, true), (-1.0, false)] {
        let arm: Vec<&Cell> = pairs
            .iter()
            .map(|(a, b)| if treated { *a } else { *b })
            .collect();
        let (beta, k, aliased) = slopes(&arm, covariates);
        for j in aliased {
            let note = Note::aliased_covariate(j + 1);
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        let rows: f64 = arm.iter().map(|c| c.rows).sum();
        let kept = 1.0 - k as f64 / (rows - strata);
        for (cell, (a, b)) in arm.iter().zip(pairs) {
            pulse.tick();
            let both = a.rows + b.rows;
            let w = both / total;
            let mut mean = Tally::default();
            mean.add(cell.mean(0));
            let mut residual = Tally::default();
            residual.add(cell.product(0, 0));
            for (j, &slope) in beta.iter().enumerate() {
                let all = (a.sum(j + 1) + b.sum(j + 1)) / both;
                mean.add(slope * all);
                mean.add(-(slope * cell.mean(j + 1)));
                residual.add(slope * cell.product(0, j + 1) * -2.0);
                for (l, &other) in beta.iter().enumerate() {
                    residual.add(slope * (other * cell.product(j + 1, l + 1)));
                }
            }
            tau.add_times(Wide::from(sign * both) / total, mean);
            let nu = (cell.rows - 1.0) * kept;
            if !(nu > 0.0) {
                too_small += 1;
                continue;
            }
            let v = w * w * cell.spread(residual.settled()) / nu / cell.rows;
            variance += v;
            spread += v * v / nu;
        }
    }
    let tau = tau.settled().value();
    let n = (row.comparison.n as f64, row.comparison.n_control as f64);
    row.hedges_g = (row.sd.zip(row.sd_control))
        .and_then(|sd| hedges_g(tau, pooled_sd(n, sd), n.0, n.1, 1.0, 0.0).ok())
        .map(|g| g.g);
    if row.hedges_g.is_none() {
        notes.push(Note::no_hedges_g());
    }
    if too_small > 0 {
        row.notes.push(Note::new(Code::SingleStudent, format!("cells of stratum and condition with too few students to see how they vary: {too_small}; no standard error"
        )));
        row.inference.estimate = Some(tau);
        return;
    }
    let df = if spread > 0.0 {
        variance * variance / spread
    } else {
        total - 2.0 * strata
    };
    row.inference = Inference::new(tau, variance.sqrt(), Some(df), level, notes);
    lift(
        row,
        tau,
        variance,
        pairs.len() == 1 && covariates == 0,
        level,
        notes,
    );
}

/// The effect over the control mean. Its interval is Fieller's, where the effect is the difference of the two means.
fn lift(
    row: &mut Effect,
    tau: f64,
    variance: f64,
    of_means: bool,
    level: f64,
    notes: &mut Vec<Note>,
) {
    let Some(mean) = row.mean_control.filter(|m| *m != 0.0) else {
        notes.push(Note::no_lift());
        return;
    };
    row.lift = Some(tau / mean);
    let tested = row.inference.ci_low.and(row.inference.df);
    let critical = tested.and_then(|df| t_critical(1.0 - level, df));
    if !of_means && critical.is_some() {
        notes.push(Note::new(
            Code::NotGiven,
            "limits of the lift are those of a plain difference, without strata and covariates",
        ));
    }
    if let (true, Some(t), Some(sd)) = (of_means, critical, row.sd_control) {
        let of_mean = sd * sd / row.comparison.n_control as f64;
        let v = Covariance {
            effect: variance,
            mean: of_mean,
            both: -of_mean,
        };
        match fieller(tau, mean, v, t) {
            Some((low, high)) => (row.lift_low, row.lift_high) = (Some(low), Some(high)),
            None => notes.push(Note::lift_unbounded()),
        }
    }
}
