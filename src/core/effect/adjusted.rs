//! What covariates change: the same effect without them, with common slopes, and with slopes by condition.

use super::estimate::{Effect, effects_of};
use crate::exact::Wide;
use crate::note::{Code, Note};
use crate::regression::design::Design;
use crate::regression::negligible::{beyond_digits, squares_beyond_digits};
use crate::regression::question::Question;
use crate::regression::{Adjust, Options, QuestionError, Strata};
use crate::sketch::{Moments, View};

/// An effect by one method. All rows of a call are computed from the same rows of data: those with all covariates.
#[derive(Debug, Clone, PartialEq)]
pub struct AdjustedEffect {
    /// How the covariates were used.
    pub method: Adjust,
    /// The effect, with CR2 and Satterthwaite's degrees of freedom.
    pub effect: Effect,
    /// Percent by which the variance is smaller than without covariates: `100 (1 − V / V_none)`; negative if larger.
    pub variance_reduction: Option<f64>,
    /// Slopes of the covariates. With slopes by condition those in the control, then the differences of this condition's
    /// slopes to them. An element is `None` if the regressor was dropped; no slopes without covariates.
    pub theta: Option<Vec<Option<f64>>>,
    /// Slopes of the regression of the outcome on the covariates without the conditions, CUPED's θ (Deng, Xu, Kohavi and
    /// Walker 2013); only with common slopes.
    pub theta_pooled: Option<Vec<Option<f64>>>,
    /// What to know of the adjustment besides the effect's own notes.
    pub notes: Vec<Note>,
}

/// For each condition except the control, by name, one row for each method: without covariates, with a common slope for each
/// covariate, and with a slope for each covariate and condition.
pub fn adjusted_effects(
    view: &View<'_>,
    control: &str,
    strata: Strata,
    level: f64,
) -> Result<Vec<AdjustedEffect>, QuestionError> {
    if view.covariate_count() == 0 {
        return Err(QuestionError::NoCovariates);
    }
    let mut by_method = Vec::new();
    for method in [Adjust::None, Adjust::Ancova, Adjust::Lin] {
        let options = Options {
            adjust: method,
            strata,
            level,
            ..Options::default()
        };
        let question = Question::on_complete_rows(view, control, &options)?;
        let effects = effects_of(&question, &options)?;
        let notes = notes(&question, method);
        let treated = &question.moments.conditions;
        let rows = effects.into_iter().map(|effect| {
            let number = treated
                .iter()
                .position(|c| c.name == effect.comparison.condition);
            let known = effect.inference.estimate.is_some();
            AdjustedEffect {
                method,
                theta: number
                    .filter(|_| known)
                    .and_then(|n| slopes(&question, method, n)),
                theta_pooled: (known && method == Adjust::Ancova).then(|| pooled_slopes(&question)),
                variance_reduction: None,
                notes: notes.clone(),
                effect,
            }
        });
        by_method.push(rows.collect::<Vec<_>>());
    }
    let conditions = by_method.first().map_or(0, Vec::len);
    let mut out = Vec::with_capacity(3 * conditions);
    let mut methods: Vec<_> = by_method.into_iter().map(Vec::into_iter).collect();
    for _ in 0..conditions {
        let mut reference = None;
        for mut row in methods.iter_mut().filter_map(Iterator::next) {
            let variance = row
                .effect
                .inference
                .std_error
                .filter(|se| *se > 0.0)
                .map(|se| se * se);
            reference = reference.or(variance.filter(|_| row.method == Adjust::None));
            if row.method != Adjust::None {
                row.variance_reduction = variance
                    .zip(reference)
                    .map(|(v, without)| 100.0 * (1.0 - v / without));
            }
            out.push(row);
        }
    }
    Ok(out)
}

/// The coefficient of a regressor; `None` if it was dropped.
fn coefficient(question: &Question, regressor: usize) -> Option<f64> {
    let design = &question.design;
    let at = design.kept.iter().position(|&k| k == regressor)?;
    design.beta.get(at).copied()
}

fn slopes(question: &Question, method: Adjust, condition: usize) -> Option<Vec<Option<f64>>> {
    let (treated, covariates) = (&question.design.treated, question.covariates);
    let common = (0..covariates).map(|c| coefficient(question, treated.len() + c));
    match method {
        Adjust::None => None,
        Adjust::Ancova => Some(common.collect()),
        Adjust::Lin => {
            let arm = treated.iter().position(|&c| c == condition)?;
            let first = treated.len() + covariates * (1 + arm);
            let own = (first..first + covariates).map(|r| coefficient(question, r));
            Some(common.chain(own).collect())
        }
    }
}

/// The slopes without the conditions among the regressors.
fn pooled_slopes(question: &Question) -> Vec<Option<f64>> {
    let mut moments = question.moments.clone();
    for cell in &mut moments.cells {
        cell.condition = question.control;
    }
    let design = Design::new(&moments, question.control);
    let mut slopes = vec![None; question.covariates];
    for (&covariate, &slope) in design.kept.iter().zip(&design.beta) {
        if let Some(slot) = slopes.get_mut(covariate) {
            *slot = Some(slope);
        }
    }
    slopes
}

fn notes(question: &Question, method: Adjust) -> Vec<Note> {
    let mut notes = Vec::new();
    if method == Adjust::None {
        return notes;
    }
    let design = &question.design;
    let (clusters, strata) = (design.clusters.len(), design.stratum_weights.len());
    let constant = constant_in_clusters(&question.moments, question.covariates);
    if 10 * constant > clusters {
        notes.push(Note::new(
            Code::ManyClusterCovariates,
            format!(
                "{constant} covariates are constant in every cluster; {clusters} clusters support about {}",
                clusters / 10
            ),
        ));
    }
    let slopes = design
        .kept
        .iter()
        .filter(|&&k| k >= design.treated.len())
        .count();
    // Statisticians leave as many clusters as there are conditions and strata, and look at what is left.
    if slopes + design.treated.len() + strata > clusters {
        notes.push(Note::new(
            Code::TooManySlopes,
            format!(
                "{slopes} slopes for {clusters} clusters in {strata} strata; use fewer covariates"
            ),
        ));
    }
    notes
}

/// Covariates that do not vary within any cluster.
fn constant_in_clusters(moments: &Moments, covariates: usize) -> usize {
    let mut varies = vec![false; covariates];
    let mut first: Vec<Option<usize>> = vec![None; moments.clusters.len()];
    for (i, cell) in moments.cells.iter().enumerate() {
        let reference = match first.get_mut(cell.cluster) {
            Some(slot) => *slot.get_or_insert(i),
            None => continue,
        };
        for (c, varies) in varies.iter_mut().enumerate() {
            let column = c + 1;
            let rows = |i: usize| moments.cells.get(i).map_or(1.0, |c| c.rows);
            let mean = |i: usize| {
                let stratum = moments.cells.get(i).map_or(0, |c| c.stratum);
                moments.exact_centre(stratum, column) + moments.sum(i, column) / rows(i)
            };
            let size = moments.size(i, column);
            let within = moments.product(i, column, column);
            let within = squares_beyond_digits(within, size, rows(i));
            let apart = beyond_digits(mean(i) - mean(reference), size / rows(i));
            *varies |= within.value() > 0.0 || apart != Wide::ZERO;
        }
    }
    varies.iter().filter(|v| !**v).count()
}

impl AdjustedEffect {
    /// Every note of a row, the effect's own first.
    pub fn all_notes(&self) -> Vec<Note> {
        let own = self.effect.notes.iter().filter(|n| n.is_on_difference());
        own.chain(&self.notes).cloned().collect()
    }
}
