//! A small logistic regression, for the probability that an outcome is observed.
//!
//! Rows are kept as distinct patterns of regressors with counts, so that covariates with few values take little memory, and
//! sorted before the fit, so that the result does not depend on the order of the rows.

mod wire;

use crate::budget::{Budget, Charge, OverBudget};
use crate::error::{Class, Explain, Invalid};
use crate::note::{Code, Note};
use crate::pulse::Pulse;
use nalgebra::{DMatrix, DVector};
use serde::Serialize;
use std::collections::BTreeMap;

/// Regressors besides the intercept.
pub const MAX_REGRESSORS: usize = 50;
/// Newton steps after which the fit counts as not converged.
const MAX_STEPS: usize = 50;
/// Linear predictors from which on fitted probabilities count as 0 or 1.
const SEPARATED: f64 = 30.0;
/// Pivot under which a regressor is taken for a combination of earlier ones, after scaling.
const ALIASED: f64 = 1e-11;

/// What can be wrong with a row.
#[derive(Debug, Clone, PartialEq)]
pub enum LogisticError {
    /// An argument.
    Argument(Invalid),
    /// Memory.
    Memory(OverBudget),
    /// Bytes that are no rows.
    Corrupt,
}

impl From<OverBudget> for LogisticError {
    fn from(e: OverBudget) -> Self {
        LogisticError::Memory(e)
    }
}

impl Explain for LogisticError {
    fn class(&self) -> Class {
        match self {
            LogisticError::Argument(e) => e.class(),
            LogisticError::Memory(_) => Class::LimitExceeded,
            LogisticError::Corrupt => Class::Corrupt,
        }
    }

    fn message(&self) -> String {
        match self {
            LogisticError::Argument(e) => e.message(),
            LogisticError::Memory(e) => e.to_string(),
            LogisticError::Corrupt => {
                "not rows of a logistic regression, or damaged ones".to_owned()
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            LogisticError::Argument(e) => e.hint(),
            LogisticError::Memory(_) => Some(
                "Round the regressors to bands, so that fewer patterns differ, or let a superuser raise rct.memory_limit."
                    .to_owned(),
            ),
            LogisticError::Corrupt => {
                Some("Make them with the aggregate rct.logistic_rows.".to_owned())
            }
        }
    }
}

/// A regressor as an integer that sorts as the number does; −0 is 0.
fn ordered(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

fn number(ordered: i64) -> f64 {
    f64::from_bits((ordered ^ ((ordered >> 63) as u64 >> 1) as i64) as u64)
}

/// Rows of a logistic regression.
#[derive(Debug)]
pub struct Logistic {
    regressors: Option<usize>,
    /// Rows and rows with outcome 1, by pattern.
    patterns: BTreeMap<Box<[i64]>, (u64, u64)>,
    /// Rows in which something is NULL.
    incomplete: u64,
    charge: Charge,
}

impl Logistic {
    /// No rows yet.
    pub fn new(budget: &Budget) -> Self {
        Logistic {
            regressors: None,
            patterns: BTreeMap::new(),
            incomplete: 0,
            charge: Charge::new(budget),
        }
    }

    /// Adds one row. The outcome is 0 or 1; `None` for it, or for the regressors if one of them is NULL, leaves the row out.
    pub fn add(&mut self, outcome: Option<f64>, x: Option<&[f64]>) -> Result<(), LogisticError> {
        let (Some(y), Some(x)) = (outcome, x) else {
            self.incomplete += 1;
            return Ok(());
        };
        let invalid = |argument, must, got, hint| {
            Err(LogisticError::Argument(Invalid::number(
                argument, must, got, hint,
            )))
        };
        if y != 0.0 && y != 1.0 {
            return invalid(
                "outcome",
                "0 or 1",
                y,
                "Write (score IS NOT NULL)::integer.",
            );
        }
        if let Some(&bad) = x.iter().find(|v| !v.is_finite()) {
            return invalid(
                "regressor",
                "finite",
                bad,
                "Leave such rows out, or give NULL.",
            );
        }
        if x.len() > MAX_REGRESSORS {
            let count = x.len() as f64;
            return invalid("number of regressors", "at most 50", count, "Choose fewer.");
        }
        if *self.regressors.get_or_insert(x.len()) != x.len() {
            let count = x.len() as f64;
            return invalid(
                "number of regressors",
                "the same in all rows",
                count,
                "Give all rows the same regressors, in the same order.",
            );
        }
        let key: Box<[i64]> = x.iter().map(|v| ordered(*v)).collect();
        self.enter(key, (1, y as u64))
    }

    fn enter(&mut self, key: Box<[i64]>, (rows, ones): (u64, u64)) -> Result<(), LogisticError> {
        if let Some(counts) = self.patterns.get_mut(&key) {
            counts.0 = counts.0.saturating_add(rows);
            counts.1 = counts.1.saturating_add(ones);
            return Ok(());
        }
        // The pattern, its counts, and about as much for the tree.
        self.charge.grow(8 * key.len() + 80)?;
        self.patterns.insert(key, (rows, ones));
        Ok(())
    }

    /// Adds the rows of another state.
    pub fn merge(&mut self, other: &Logistic) -> Result<(), LogisticError> {
        self.incomplete = self.incomplete.saturating_add(other.incomplete);
        if let Some(count) = other.regressors
            && *self.regressors.get_or_insert(count) != count
        {
            return Err(LogisticError::Argument(Invalid::number(
                "number of regressors",
                "the same in all rows",
                count as f64,
                "Give all rows the same regressors, in the same order.",
            )));
        }
        let mut pulse = Pulse::every(1024);
        for (key, &counts) in &other.patterns {
            pulse.tick();
            self.enter(key.clone(), counts)?;
        }
        Ok(())
    }

    /// Fits the regression with an intercept by maximum likelihood (Newton's method, which is iteratively reweighted least
    /// squares).
    pub fn fit(&self) -> LogisticFit {
        let p = self.regressors.unwrap_or(0) + 1;
        let count = |of: fn(&(u64, u64)) -> u64| {
            self.patterns.values().map(of).fold(0, u64::saturating_add)
        };
        let mut fit = LogisticFit {
            n: count(|c| c.0),
            observed: count(|c| c.1),
            left_out: self.incomplete,
            patterns: self.patterns.len() as u64,
            ..LogisticFit::default()
        };
        if self.incomplete > 0 {
            fit.notes.push(Note::new(
                Code::LeftOut,
                format!("{} with NULL", self.incomplete),
            ));
        }
        if fit.observed == 0 || fit.observed == fit.n {
            fit.notes.push(Note::new(
                Code::Constant,
                "the outcome is the same in all rows, so there is nothing to fit",
            ));
            return fit;
        }
        let scale = self.scales(fit.n as f64);
        let kept = self.kept(&scale);
        let columns: Vec<usize> = (0..p).filter(|j| kept.get(*j) == Some(&true)).collect();
        for j in (1..p).filter(|j| kept.get(*j) != Some(&true)) {
            fit.notes.push(Note::new(
                Code::Aliased,
                format!("regressor {j} is constant or a combination of others and was dropped"),
            ));
        }
        let Some((beta, information)) = self.newton(&columns, &scale, &mut fit) else {
            return fit;
        };
        let covariance = information.try_inverse();
        // Back from standardized columns: x = (value − mean) / sd.
        let k = columns.len();
        let mut back = DMatrix::<f64>::zeros(k, k);
        for (i, &c) in columns.iter().enumerate() {
            let (mean, sd) = scale.get(c).copied().unwrap_or((0.0, 1.0));
            back[(i, i)] = 1.0 / sd;
            if i > 0 {
                back[(0, i)] = -mean / sd;
            }
        }
        let coefficients = &back * &beta;
        let variances = covariance.map(|c| (&back * c * back.transpose()).diagonal());
        let (mut estimates, mut std_errors) = (vec![None; p], vec![None; p]);
        for (i, &c) in columns.iter().enumerate() {
            if let (Some(b), Some(s)) = (estimates.get_mut(c), std_errors.get_mut(c)) {
                *b = Some(coefficients[i]);
                *s = variances.as_ref().map(|v| v[i].max(0.0).sqrt());
            }
        }
        (fit.coefficients, fit.std_errors) = (Some(estimates), Some(std_errors));
        fit
    }

    /// Mean and standard deviation of each column, the intercept first.
    fn scales(&self, rows: f64) -> Vec<(f64, f64)> {
        let mut scale = vec![(0.0, 0.0); self.regressors.unwrap_or(0)];
        let mut pulse = Pulse::every(256);
        for (key, counts) in &self.patterns {
            pulse.tick();
            for (v, (mean, _)) in key.iter().zip(&mut scale) {
                *mean += number(*v) * (counts.0 as f64 / rows);
            }
        }
        for (key, counts) in &self.patterns {
            pulse.tick();
            for (v, (mean, square)) in key.iter().zip(&mut scale) {
                *square += (number(*v) - *mean).powi(2) * (counts.0 as f64 / rows);
            }
        }
        let sd = |square: f64| Some(square.sqrt()).filter(|sd| sd.is_finite());
        let columns = scale
            .into_iter()
            .map(|(mean, square)| (mean, sd(square).unwrap_or(0.0)));
        std::iter::once((0.0, 1.0)).chain(columns).collect()
    }

    /// Which columns are not combinations of earlier ones: pivots of the correlation matrix.
    fn kept(&self, scale: &[(f64, f64)]) -> Vec<bool> {
        let p = scale.len();
        let mut cross = DMatrix::<f64>::zeros(p, p);
        let rows = self.patterns.values().map(|c| c.0 as f64).sum::<f64>();
        let mut pulse = Pulse::every(256);
        for (key, counts) in &self.patterns {
            pulse.tick();
            let z = standardized(key, scale);
            cross.ger(counts.0 as f64 / rows, &z, &z, 1.0);
        }
        let mut kept = vec![false; p];
        for j in 0..p {
            let pivot = cross[(j, j)];
            let usable = scale.get(j).is_some_and(|s| s.1 > 0.0) && pivot > ALIASED;
            if let Some(k) = kept.get_mut(j) {
                *k = usable;
            }
            if !usable {
                continue;
            }
            // Sweep the column out of the later ones.
            let column = cross.column(j).clone_owned();
            cross.ger(-1.0 / pivot, &column, &column, 1.0);
        }
        kept
    }

    fn newton(
        &self,
        columns: &[usize],
        scale: &[(f64, f64)],
        fit: &mut LogisticFit,
    ) -> Option<(DVector<f64>, DMatrix<f64>)> {
        let k = columns.len();
        let mut beta = DVector::<f64>::zeros(k);
        let mut pulse = Pulse::every(256);
        let mut last = f64::NEG_INFINITY;
        let mut step = DVector::<f64>::zeros(k);
        for _ in 0..MAX_STEPS {
            let (mut gradient, mut information) =
                (DVector::<f64>::zeros(k), DMatrix::<f64>::zeros(k, k));
            let (mut likelihood, mut extreme) = (0.0, 0.0f64);
            for (key, &(rows, ones)) in &self.patterns {
                pulse.tick();
                let all = standardized(key, scale);
                let z = DVector::from_iterator(k, columns.iter().map(|&c| all[c]));
                let eta = z.dot(&beta);
                extreme = extreme.max(eta.abs());
                let (n, y) = (rows as f64, ones as f64);
                let probability = logistic(eta);
                likelihood += y * eta - n * softplus(eta);
                gradient.axpy(y - n * probability, &z, 1.0);
                information.ger(n * probability * logistic(-eta), &z, &z, 1.0);
            }
            // Less than before, and not only by rounding: a step near the best fit changes the likelihood by less than that.
            if likelihood < last - 1e-9 * last.abs() {
                // Newton went too far: half of the way back.
                step *= 0.5;
                beta -= &step;
                fit.iterations += 1;
                if step.amax() <= 1e-14 * (1.0 + beta.amax()) {
                    fit.converged = true;
                    return Some((beta, information));
                }
                continue;
            }
            last = likelihood;
            if extreme > SEPARATED {
                fit.notes.push(Note::new(Code::Separation, "some regressors tell the outcome exactly, so that no coefficients fit best; use bands, or fewer regressors"));
                return None;
            }
            let solved = information.clone().cholesky().map(|c| c.solve(&gradient));
            let Some(next) = solved else {
                fit.notes.push(Note::new(Code::Separation, "some regressors tell the outcome nearly exactly, so that no coefficients fit best; use bands, or fewer regressors"));
                return None;
            };
            step = next;
            beta += &step;
            fit.iterations += 1;
            if step.amax() <= 1e-12 * (1.0 + beta.amax()) {
                fit.converged = true;
                return Some((beta, information));
            }
        }
        fit.notes.push(Note::new(
            Code::NotConverged,
            format!("the fit did not settle in {MAX_STEPS} steps"),
        ));
        None
    }
}

fn standardized(key: &[i64], scale: &[(f64, f64)]) -> DVector<f64> {
    let mut z = DVector::from_element(scale.len(), 1.0);
    for (j, (v, (mean, sd))) in key.iter().zip(scale.iter().skip(1)).enumerate() {
        z[j + 1] = if *sd > 0.0 {
            (number(*v) - mean) / sd
        } else {
            0.0
        };
    }
    z
}

fn logistic(eta: f64) -> f64 {
    if eta >= 0.0 {
        1.0 / (1.0 + (-eta).exp())
    } else {
        let e = eta.exp();
        e / (1.0 + e)
    }
}

/// `ln(1 + e^η)`
fn softplus(eta: f64) -> f64 {
    eta.max(0.0) + (-eta.abs()).exp().ln_1p()
}

/// A fitted logistic regression. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LogisticFit {
    /// Log odds: intercept, then regressors; `None` where one was dropped; `None` without a fit.
    pub coefficients: Option<Vec<Option<f64>>>,
    /// Their standard errors, from the information matrix: students as if independent.
    pub std_errors: Option<Vec<Option<f64>>>,
    /// Rows used.
    pub n: u64,
    /// Rows with outcome 1.
    pub observed: u64,
    /// Rows left out because of NULL.
    pub left_out: u64,
    /// Distinct patterns of regressors.
    pub patterns: u64,
    /// Newton steps.
    pub iterations: u64,
    /// The fit settled.
    pub converged: bool,
    /// What to know.
    pub notes: Vec<Note>,
}

/// The probability that a fit gives to regressors; a dropped one counts as absent. `None` if their number does not fit.
pub fn logistic_predict(coefficients: &[Option<f64>], x: &[f64]) -> Option<f64> {
    let (intercept, slopes) = coefficients.split_first()?;
    if slopes.len() != x.len() {
        return None;
    }
    let eta = slopes
        .iter()
        .zip(x)
        .fold((*intercept)?, |sum, (b, v)| sum + b.unwrap_or(0.0) * v);
    Some(logistic(eta))
}
