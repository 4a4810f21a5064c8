//! Linear combinations of what a regression estimates: means of conditions, slopes and interactions.
//!
//! The mean of condition c is the average over all rows, by their weights, of the fitted value if every row had that
//! condition: covariates stay as they are, and so do strata (the marginal mean of Searle, Speed and Milliken 1980, with the
//! weights of the rows). With `W_s` the weight of stratum s, `W` their sum, `ȳ` the mean of the outcome over all rows, `τ_c`
//! the effect (0 of the control) and `x̄_r` the mean of regressor r over all rows it is
//!
//! `m_c = ȳ + τ_c − Σ_r x̄_r β_r`, r being the dummies of the conditions and the interactions.
//!
//! Covariates stay at their means and drop out. In leverage coordinates (see `robust`) the mean of the control has `√W_s / W`
//! for every stratum, and of the regressors the combination `−Σ_r x̄_r L_r` of rows of `L`. Only a combination in which
//! factors of means do not cancel needs it: all others are combinations of effects and slopes.

use super::design::Design;
use super::negligible::{Tally, beyond_digits, rounded};
use super::options::Adjust;
use super::question::{Question, linked};
use crate::exact::Wide;
use crate::note::Note;
use crate::pulse::{self, each};
use std::cell::OnceCell;

/// Factors of what is combined.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Linear {
    /// Numbers of conditions, and the factors of their means.
    pub means: Vec<(usize, f64)>,
    /// Numbers of regressors behind the dummies of the conditions, and the factors of their coefficients.
    pub slopes: Vec<(usize, f64)>,
    /// What is added.
    pub constant: f64,
}

impl Linear {
    /// The mean of a condition.
    pub fn mean(condition: usize) -> Self {
        Linear {
            means: vec![(condition, 1.0)],
            ..Linear::default()
        }
    }

    /// The mean of a condition less that of the control.
    pub fn effect(condition: usize, control: usize) -> Self {
        Linear {
            means: vec![(condition, 1.0), (control, -1.0)],
            ..Linear::default()
        }
    }

    /// Numbers of the conditions in it.
    pub fn conditions(&self) -> Vec<usize> {
        self.means.iter().map(|(c, _)| *c).collect()
    }

    /// The coefficient of a regressor behind the dummies of the conditions.
    pub fn slope(regressor: usize) -> Self {
        Linear {
            slopes: vec![(regressor, 1.0)],
            ..Linear::default()
        }
    }
}

/// A combination that can be estimated.
#[derive(Debug, Clone)]
pub struct Combination {
    /// Its estimate.
    pub estimate: f64,
    /// Its contrast in leverage coordinates: regressors, and all strata if their intercepts are in it.
    pub contrast: Vec<f64>,
}

/// The parameters of a regression.
pub struct Parameters<'a> {
    question: &'a Question,
    adjust: Adjust,
    linked: Vec<bool>,
    has_control: bool,
    base: OnceCell<Base>,
}

/// The mean of the control.
struct Base {
    mean: Tally,
    contrast: Vec<f64>,
}

impl<'a> Parameters<'a> {
    /// Those of a question that was asked with this adjustment.
    pub fn new(question: &'a Question, adjust: Adjust) -> Self {
        let mut cells = each(&question.moments.cells);
        Parameters {
            question,
            adjust,
            linked: linked(&question.moments, question.control),
            has_control: cells.any(|c| c.condition == question.control),
            base: OnceCell::new(),
        }
    }

    /// The number of the interaction of a condition and a covariate (counted from 0) among the regressors; a note if the
    /// condition has no rows.
    pub fn interaction(&self, condition: usize, covariate: usize) -> Result<usize, Note> {
        let Question {
            design, covariates, ..
        } = self.question;
        let arm = design.treated.iter().position(|&c| c == condition);
        arm.map(|arm| design.treated.len() + covariates * (1 + arm) + covariate)
            .ok_or(Note::no_rows())
    }

    /// Estimate and contrast; the note says why there are none.
    pub fn combine(&self, linear: &Linear) -> Result<Combination, Note> {
        let design = &self.question.design;
        let size: f64 = linear.means.iter().map(|(_, f)| f.abs()).sum();
        let total = rounded(linear.means.iter().map(|(_, f)| f).sum(), size);
        let mut effects = Vec::with_capacity(linear.means.len());
        for &(condition, factor) in linear.means.iter().filter(|(_, f)| *f != 0.0) {
            if !self.has_control {
                return Err(Note::no_control_rows());
            }
            if condition != self.question.control {
                effects.push((self.effect(condition)?, factor));
            }
        }
        if total != 0.0 {
            // The intercept of a stratum without link to the control is that of other conditions.
            for &condition in &design.treated {
                self.effect(condition)?;
            }
        }
        for &(regressor, factor) in linear.slopes.iter().filter(|(_, f)| *f != 0.0) {
            if self.adjust == Adjust::Lin && !self.has_control {
                return Err(Note::no_control_rows());
            }
            let at = design.kept.iter().position(|&k| k == regressor);
            let aliased = || self.question.aliased(regressor);
            effects.push((
                at.ok_or_else(|| aliased().unwrap_or(Note::no_rows()))?,
                factor,
            ));
        }
        let mut estimate = Tally::default();
        estimate.add(linear.constant.into());
        let mut contrast = Vec::new();
        if total != 0.0 {
            let base = self.base.get_or_init(|| self.base());
            estimate.add_times(total.into(), base.mean);
            contrast = pulse::vector(base.contrast.len());
            contrast.extend(each(&base.contrast).map(|v| total * v));
        } else {
            contrast.resize(design.p(), 0.0);
        }
        for (at, factor) in effects {
            add(design, at, factor, &mut estimate, &mut contrast);
        }
        Ok(Combination {
            estimate: beyond_digits(estimate.sum(), estimate.size()).value(),
            contrast,
        })
    }

    /// Place of the effect of a condition other than the control among the kept regressors.
    fn effect(&self, condition: usize) -> Result<usize, Note> {
        let design = &self.question.design;
        let regressor = design.treated.iter().position(|&c| c == condition);
        let regressor = regressor.ok_or(Note::no_rows())?;
        let at = design.kept.iter().position(|&k| k == regressor);
        at.filter(|_| self.linked.get(condition) == Some(&true))
            .ok_or(Note::aliased_condition())
    }

    fn base(&self) -> Base {
        let Question { pooled, design, .. } = self.question;
        let (mut weight, mut sum) = (Wide::ZERO, Tally::default());
        for (i, cell) in each(pooled.cells.iter()).enumerate() {
            weight += Wide::product(cell.weight, cell.rows);
            sum.add(pooled.sum(i, 0) * cell.weight);
        }
        let mut mean = Tally::of(sum.sum() / weight, sum.size() / weight.value());
        mean.add(pooled.exact_centre(0, 0));
        let mut contrast = pulse::vector(design.p() + design.stratum_weights.len());
        contrast.resize(design.p(), 0.0);
        for (at, share) in self.regressor_means(weight) {
            add(design, at, -share, &mut mean, &mut contrast);
        }
        let of_strata = each(&design.stratum_weights).map(|w| w.sqrt() / weight.value());
        contrast.extend(of_strata);
        Base { mean, contrast }
    }

    /// Means over all rows of the kept regressors that do not stay as they are: dummies of conditions, and interactions.
    fn regressor_means(&self, weight: Wide) -> Vec<(usize, f64)> {
        let Question {
            design, covariates, ..
        } = self.question;
        let moments = self.question.moments.without_clusters();
        let dummies = design.treated.len();
        let mut sums = vec![Wide::ZERO; design.kept.len()];
        for (i, cell) in each(moments.cells.iter()).enumerate() {
            for (sum, &k) in sums.iter_mut().zip(&design.kept) {
                match k.checked_sub(dummies) {
                    None if design.treated.get(k) == Some(&cell.condition) => {
                        *sum += Wide::product(cell.weight, cell.rows);
                    }
                    Some(column) if column >= *covariates => {
                        *sum += moments.sum(i, column + 1) * cell.weight;
                    }
                    _ => {}
                }
            }
        }
        let means = sums.into_iter().enumerate();
        means
            .map(|(at, sum)| (at, (sum / weight).value()))
            .collect()
    }
}

/// Adds a multiple of a kept regressor's coefficient.
fn add(design: &Design, at: usize, factor: f64, estimate: &mut Tally, contrast: &mut [f64]) {
    if factor == 0.0 {
        return;
    }
    let beta = design.beta.get(at).copied().unwrap_or_default();
    estimate.add(Wide::product(factor, beta));
    for (sum, v) in contrast.iter_mut().zip(design.contrast(at)) {
        *sum += factor * v;
    }
}
