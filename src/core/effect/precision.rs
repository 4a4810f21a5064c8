//! Variances, covariances and degrees of freedom of combinations of parameters.

use super::arms::Arm;
use crate::note::Note;
use crate::pulse;
use crate::regression::question::Question;
use crate::regression::robust::contributions;
use crate::regression::satterthwaite::Products;
use crate::regression::{Inference, QuestionError, StdError};

/// Contrasts whose degrees of freedom are computed in one pass over the clusters: what a pass keeps of a cluster grows
/// with their square.
const AT_ONCE: usize = 8;

/// What the data say of the precision of some contrasts, by one variance estimator. `naive` is `s² (X'WX)⁻¹` with `s²` the
/// weighted sum of squared residuals over N − k, as R's `lm`.
pub struct Precision<'a> {
    se: StdError,
    contrasts: &'a [Vec<f64>],
    /// `ψ_g` by contrast and cluster; none if naive.
    scores: Vec<Vec<f64>>,
    df: Vec<Option<f64>>,
    carried: Vec<bool>,
    /// On what `scores` or contrasts give.
    factor: f64,
    no_residual: bool,
}

impl<'a> Precision<'a> {
    /// That of contrasts in leverage coordinates.
    pub fn new(
        question: &Question,
        contrasts: &'a [Vec<f64>],
        se: StdError,
    ) -> Result<Self, QuestionError> {
        let design = &question.design;
        let (clusters, parameters) = (question.clusters(), question.parameters());
        let same = |df: f64, there: bool| vec![there.then_some(df); contrasts.len()];
        let mut precision = Precision {
            se,
            contrasts,
            scores: Vec::new(),
            df: match se {
                StdError::Naive => same(design.rows - parameters, design.rows > parameters),
                StdError::Cr1p => same(clusters - 1.0, clusters > parameters),
                _ => same(clusters - 1.0, clusters > 1.0),
            },
            carried: vec![false; contrasts.len()],
            factor: se.factor(design.rows, clusters, parameters),
            no_residual: question.no_residual(),
        };
        if se == StdError::Naive {
            precision.factor = design.residual_ss / (design.rows - parameters);
            return Ok(precision);
        }
        for (number, some) in contrasts.chunks(AT_ONCE).enumerate() {
            announce(question, some.len(), contrasts.len());
            let parts = contributions(design, some, se)?;
            let mut scores: Vec<Vec<f64>> = some
                .iter()
                .map(|_| Vec::with_capacity(parts.scores.len()))
                .collect();
            for of_cluster in pulse::each(&parts.scores) {
                for (list, score) in scores.iter_mut().zip(of_cluster) {
                    list.push(*score);
                }
            }
            precision.scores.extend(scores);
            let here = number * AT_ONCE;
            let carried = precision.carried.iter_mut().skip(here);
            carried.zip(&parts.carried).for_each(|(c, p)| *c = *p);
            if se.is_satterthwaite() {
                for (i, (df, d)) in (precision.df.iter_mut().skip(here)).zip(some).enumerate() {
                    *df = Products::new(&parts.terms, &parts.form, &[i]).df(0, d);
                }
            }
        }
        Ok(precision)
    }

    /// The estimated covariance of two contrasts.
    pub fn covariance(&self, a: usize, b: usize) -> f64 {
        if self.no_residual {
            return 0.0;
        }
        let of = match self.se {
            StdError::Naive => self.contrasts,
            _ => &self.scores,
        };
        let (Some(a), Some(b)) = (of.get(a), of.get(b)) else {
            return f64::NAN;
        };
        let products = pulse::each(a.iter().zip(b)).map(|(x, y)| x * y);
        self.factor * products.sum::<f64>()
    }

    /// Test and interval of one of the contrasts. `arms` are the conditions that it compares: where one of them is a single
    /// cluster there is no test.
    pub fn infer(
        &self,
        contrast: usize,
        estimate: f64,
        arms: &[&Arm],
        level: f64,
        notes: &mut Vec<Note>,
    ) -> Inference {
        let single = arms.iter().find(|a| a.clusters == 1);
        let single = single.map(|a| Note::single_cluster_arm(a.condition.clone()));
        let alone = single.is_some() && arms.iter().all(|a| a.clusters == 1);
        let mut row = Inference {
            estimate: Some(estimate),
            ..Inference::default()
        };
        if self.carried.get(contrast) == Some(&true) {
            if self.se.is_jackknife() {
                notes.push(Note::cr3_undefined());
                return row;
            }
            if single.is_none() {
                notes.push(Note::leverage_one());
            }
        }
        if self.no_residual {
            notes.push(Note::no_residual());
            row.std_error = Some(0.0);
            return row;
        }
        let variance = self.covariance(contrast, contrast);
        if variance == 0.0 && alone {
            // 0 is what is always left of one cluster, and no standard error.
            notes.extend(single);
            return row;
        }
        let df = self.df.get(contrast).copied().flatten();
        let (Some(df), true) = (df, variance.is_finite()) else {
            notes.push(Note::no_df());
            return row;
        };
        let std_error = variance.sqrt();
        if !(std_error > 0.0) {
            notes.push(Note::no_residual());
            row.std_error = Some(0.0);
            return row;
        }
        if self.se == StdError::Naive {
            return Inference::of_t(estimate, std_error, df, level);
        }
        if let Some(note) = single {
            notes.push(note);
            (row.std_error, row.df) = (Some(std_error), Some(df));
            return row;
        }
        Inference::new(estimate, std_error, Some(df), level, notes)
    }
}

/// What a pass keeps: of each cluster `α`, `ρ` and `κ` of the contrasts at hand, and the scores of all.
fn announce(question: &Question, at_once: usize, all: usize) {
    const LISTS: usize = 400;
    let design = &question.design;
    let powers = if design.weighted { 3 } else { 1 };
    let numbers = at_once * (at_once + powers * design.p() + 12) + all;
    pulse::room_for(design.clusters.len(), LISTS + 8 * numbers);
    pulse::room_for(question.moments.cells.len(), 16 * at_once);
}
