//! The effect of each treated condition against the control.

use super::arms::{Arm, arms_of};
use super::comparison::Comparison;
use super::covariates;
use super::lift::{ControlMean, Covariance, fieller};
use super::paired::paired_effects;
use super::ratio::ratio_effects;
use super::reml::{MixedDf, random_intercept};
use super::size::Scale;
use super::students::student_effects;
use super::two_way::two_way_effects;
use crate::distribution::{t_critical, t_two_sided};
use crate::identifier::folded;
use crate::note::Note;
use crate::pulse::beat;
use crate::regression::design::Design;
use crate::regression::notes::{FEW_CLUSTERS, LOW_DF, TOO_LOW_DF};
use crate::regression::question::{Question, linked};
use crate::regression::robust::{Contributions, contributions, dot};
use crate::regression::satterthwaite::Products;
use crate::regression::{Adjust, Estimand, Inference, Options, QuestionError, StdError, Strata};
use crate::sketch::{Moments, View};
use serde::Serialize;
use std::collections::BTreeMap;

/// The effect of one condition. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Effect {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The effect in units of the outcome, and its precision.
    #[serde(flatten)]
    pub inference: Inference,
    /// Mean of the condition.
    pub mean: Option<f64>,
    /// Mean of the control.
    pub mean_control: Option<f64>,
    /// Standard deviation of the condition.
    pub sd: Option<f64>,
    /// Standard deviation of the control.
    pub sd_control: Option<f64>,
    /// Hedges' g with the correction for clustering.
    pub hedges_g: Option<f64>,
    /// Effect over control mean.
    pub lift: Option<f64>,
    /// Lower Fieller limit of the lift.
    pub lift_low: Option<f64>,
    /// Upper Fieller limit of the lift.
    pub lift_high: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

impl Effect {
    /// The effect on other scales, without limits.
    pub(super) fn rescale(&mut self, estimate: f64, pooled: &Moments) {
        self.lift = self
            .mean_control
            .filter(|m| *m != 0.0)
            .map(|m| estimate / m);
        self.hedges_g = Scale::of(self, pooled)
            .and_then(|scale| scale.hedges_g(estimate).ok())
            .map(|g| g.g);
        let no_g = self.hedges_g.is_none().then(Note::no_hedges_g);
        let no_lift = self.lift.is_none().then(Note::no_lift);
        self.notes.extend(no_g.into_iter().chain(no_lift));
    }
}

/// The effect of each condition except the control, by name: by regression with cluster-robust inference, or, as the sketch and
/// the call ask for it, of students who were assigned one by one, on a ratio, within pairs of clusters, with two dimensions of
/// clustering, or in a mixed model.
pub fn effects(
    view: &View<'_>,
    control: &str,
    options: &Options,
) -> Result<Vec<Effect>, QuestionError> {
    if view.is_of_students() {
        student_effects(view, control, options)
    } else if view.is_ratio() {
        ratio_effects(view, control, options)
    } else if options.strata == Strata::Pairs {
        paired_effects(view, control, options)
    } else if options.strata == Strata::Clusters {
        two_way_effects(view, control, options)
    } else if let Some(df) = MixedDf::of(options.se) {
        Ok(random_intercept(view, control, options, df)?.effects)
    } else {
        effects_of(&Question::new(view, control, options)?, options)
    }
}

/// The effect of each condition except the control on the outcome of the question.
pub fn effects_of(question: &Question, options: &Options) -> Result<Vec<Effect>, QuestionError> {
    let design = &question.design;
    let contrasts: Vec<Vec<f64>> = (0..conditions_kept(design))
        .map(|j| design.contrast(j))
        .collect();
    let se = options.se;
    let sandwich = if se == StdError::Naive {
        StdError::Cr2
    } else {
        se
    };
    let parts = contributions(design, &contrasts, sandwich)?;
    let control_mean = ControlMean::new(&question.pooled, question.control, se)?;
    let mut rows = Vec::new();
    for (mut row, place) in rows_of(question, options) {
        if let Some(place) = place {
            infer(&mut row, question, &parts, &control_mean, place.at, options);
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Where the effect of a condition is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Number of the condition.
    pub condition: usize,
    /// Its place among the kept regressors.
    pub at: usize,
}

/// A row for each condition except the control, by name, with all but what is estimated; and the place of the effect where there
/// is one, which a note says if not.
pub(super) fn rows_of(question: &Question, options: &Options) -> Vec<(Effect, Option<Place>)> {
    let design = &question.design;
    let arms = arms_of(&question.pooled);
    let linked = linked(&question.moments, question.control);
    let similar = similar_conditions(&question.moments);
    let Some(control_arm) = arms.get(question.control) else {
        return Vec::new();
    };
    let about_rows = about_rows(question, options.adjust);
    let mut rows = Vec::with_capacity(arms.len());
    let treated = arms.iter().enumerate();
    for (number, arm) in treated.filter(|(i, _)| *i != question.control) {
        let mut row = blank(&question.outcome, arm, control_arm);
        for other in [question.control, number] {
            for note in similar.get(&other).into_iter().flatten() {
                if !row.notes.contains(note) {
                    row.notes.push(note.clone());
                }
            }
        }
        common_notes(&mut row, question, number, &about_rows);
        if options.estimand == Estimand::Cluster {
            row.notes.push(Note::cluster_estimand());
        }
        let regressor = design.treated.iter().position(|&c| c == number);
        let at = regressor.and_then(|r| design.kept.iter().position(|&k| k == r));
        let place = match at {
            _ if row.comparison.n_control == 0 => Err(Note::no_control_rows()),
            Some(at) if linked.get(number) == Some(&true) => Ok(Place {
                condition: number,
                at,
            }),
            _ if regressor.is_some() => Err(Note::aliased_condition()),
            _ => Err(Note::no_rows()),
        };
        let place = place.map_err(|note| row.notes.push(note)).ok();
        rows.push((row, place));
    }
    rows
}

/// Kept regressors that are conditions; they come first.
pub fn conditions_kept(design: &Design) -> usize {
    design
        .kept
        .iter()
        .filter(|&&k| k < design.treated.len())
        .count()
}

fn blank(outcome: &str, arm: &Arm, control: &Arm) -> Effect {
    Effect {
        comparison: Comparison::new(outcome, arm, control),
        mean: arm.mean,
        mean_control: control.mean,
        sd: arm.sd,
        sd_control: control.sd,
        ..Effect::default()
    }
}

fn common_notes(row: &mut Effect, question: &Question, number: usize, about_rows: &[Note]) {
    let design = &question.design;
    if (1..FEW_CLUSTERS).contains(&row.comparison.fewest_clusters()) {
        row.notes.push(Note::few_clusters(
            row.comparison.clusters_control,
            row.comparison.clusters,
        ));
    }
    let shared = shared_clusters(&question.pooled, number, question.control);
    if shared > 0 {
        row.notes.push(Note::shared_clusters(shared));
    }
    if design.uninformative > 0 && design.stratum_weights.len() > 1 {
        row.notes.push(Note::uninformative_strata(
            design.uninformative,
            design.stratum_weights.len(),
        ));
    }
    row.notes
        .extend(design.aliased.iter().filter_map(|&i| question.aliased(i)));
    row.notes.extend_from_slice(about_rows);
}

/// A note for each condition whose name is nearly that of another one.
pub fn similar_conditions(moments: &Moments) -> BTreeMap<usize, Vec<Note>> {
    let mut plain: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, condition) in moments.conditions.iter().enumerate() {
        beat();
        plain
            .entry(folded(&condition.name))
            .or_default()
            .push(number);
    }
    let name = |number: &usize| moments.conditions.get(*number).map(|c| c.name.clone());
    let mut notes: BTreeMap<usize, Vec<Note>> = BTreeMap::new();
    for alike in plain.into_values().filter(|alike| alike.len() > 1) {
        for (one, other) in alike.iter().zip(alike.iter().cycle().skip(1)) {
            if let (Some(a), Some(b)) = (name(one), name(other)) {
                notes.entry(*one).or_default().push(if a < b {
                    Note::similar_conditions(&a, &b)
                } else {
                    Note::similar_conditions(&b, &a)
                });
            }
        }
    }
    notes
}

/// Clusters with rows of both conditions.
pub fn shared_clusters(moments: &Moments, a: usize, b: usize) -> u64 {
    let mut seen = vec![0u8; moments.clusters.len()];
    beat();
    for cell in &moments.cells {
        if let Some(s) = seen.get_mut(cell.cluster) {
            *s |= (cell.condition == a) as u8 | (cell.condition == b) as u8 * 2;
        }
    }
    seen.iter().filter(|&&s| s == 3).count() as u64
}

/// Which rows and covariates a regression has.
pub fn about_rows(question: &Question, adjust: Adjust) -> Vec<Note> {
    let mut notes: Vec<Note> = left_out(&question.moments).into_iter().collect();
    notes.extend(adjusted_rows(&question.moments));
    notes.extend(covariates::notes(question, adjust));
    notes
}

/// Rows of an analysis with covariates, where others have an outcome too.
fn adjusted_rows(moments: &Moments) -> Option<Note> {
    let used = moments.cells.iter().map(|c| c.rows).sum::<f64>() as u64;
    let lack = moments.no_covariates;
    (lack > 0).then_some(Note::adjusted_rows(used, used + lack))
}

/// Rows that are not in the analysis, over all conditions.
pub fn left_out(moments: &Moments) -> Option<Note> {
    let total = |f: fn(&crate::sketch::LeftOut) -> u64| {
        moments
            .conditions
            .iter()
            .map(|c| f(&c.left_out))
            .sum::<u64>()
    };
    let reasons: Vec<(u64, &'static str)> = [
        (moments.no_condition, "without condition"),
        (total(|l| l.no_cluster), "without cluster"),
        (
            moments.conditions.iter().map(|c| c.no_outcome).sum(),
            "without outcome",
        ),
        (total(|l| l.zero_weight), "with weight 0"),
        (moments.no_weight, "without weight"),
        (moments.no_covariates, "without all covariates"),
        (moments.no_exposed, "without exposure"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .collect();
    (!reasons.is_empty()).then_some(Note::left_out(&reasons))
}

fn infer(
    row: &mut Effect,
    question: &Question,
    parts: &Contributions,
    control_mean: &ControlMean,
    at: usize,
    options: &Options,
) {
    let design = &question.design;
    let Some(&estimate) = design.beta.get(at) else {
        return;
    };
    row.inference.estimate = Some(estimate);
    row.rescale(estimate, &question.pooled);

    let scores: Vec<f64> = parts
        .scores
        .iter()
        .filter_map(|s| s.get(at))
        .copied()
        .collect();
    let mut v = control_mean.covariance(&scores);
    let (clusters, parameters) = (question.clusters(), question.parameters());
    let df = match options.se {
        StdError::Naive => {
            let residual_df = design.rows - parameters;
            let variance = design.residual_ss / residual_df;
            let contrast = design.contrast(at);
            let robust = v.effect;
            v = control_mean.classical_covariance(variance * dot(&contrast, &contrast), variance);
            // Where nothing varies, both are rounding, and their ratio says nothing.
            let says = robust > 0.0 && residual_df > 0.0 && !question.no_residual();
            let ratio = says.then(|| (v.effect / robust).sqrt());
            row.notes.push(Note::naive(ratio));
            (residual_df > 0.0).then_some(residual_df)
        }
        se if se.is_satterthwaite() => {
            Products::new(&parts.terms, &parts.form, &[at]).df(0, &design.contrast(at))
        }
        StdError::Cr1p => (clusters > parameters).then_some(clusters - 1.0),
        _ => (clusters > 1.0).then_some(clusters - 1.0),
    };
    let factor = options.se.factor(design.rows, clusters, parameters);
    v = Covariance {
        effect: v.effect * factor,
        mean: v.mean * factor,
        both: v.both * factor,
    };

    let carried = parts.carried.get(at).copied().unwrap_or(false);
    match options.se {
        se if se.is_jackknife() && carried => {
            row.notes.push(Note::cr3_undefined());
            return;
        }
        StdError::Cr2 | StdError::Hc2 if carried && row.comparison.single_cluster().is_none() => {
            row.notes.push(Note::leverage_one())
        }
        _ => {}
    }
    if question.no_residual() {
        row.inference.std_error = Some(0.0);
        row.notes.push(Note::no_residual());
        return;
    }
    let Some(df) = df.filter(|_| v.effect.is_finite()) else {
        // One cluster in a condition is the reason, where there is one.
        let single = row.comparison.single_cluster();
        let single = single.filter(|_| options.se != StdError::Naive);
        let note = single.map_or_else(Note::no_df, Note::single_cluster_arm);
        row.notes.push(note);
        return;
    };
    let std_error = v.effect.sqrt();
    if !(std_error > 0.0) {
        // Of one cluster in each condition 0 is what is always left, and no standard error.
        if (row.comparison.clusters, row.comparison.clusters_control) == (1, 1) {
            row.notes.extend(
                row.comparison
                    .single_cluster()
                    .map(Note::single_cluster_arm),
            );
        } else {
            row.inference.std_error = Some(0.0);
            row.notes.push(Note::no_residual());
        }
        return;
    }
    row.inference.std_error = Some(std_error);
    row.inference.df = Some(df);
    if options.se != StdError::Naive
        && let Some(arm) = row.comparison.single_cluster()
    {
        row.notes.push(Note::single_cluster_arm(arm));
        return;
    }
    row.inference.t = Some(estimate / std_error);
    if options.se != StdError::Naive {
        if df < TOO_LOW_DF {
            row.notes.push(Note::too_low_df(df));
            return;
        }
        if df < LOW_DF {
            row.notes.push(Note::low_df(df));
        }
    }
    row.inference.p_value = t_two_sided(estimate / std_error, df);
    let Some(t) = t_critical(1.0 - options.level, df) else {
        return;
    };
    row.inference.ci_low = Some(estimate - t * std_error);
    row.inference.ci_high = Some(estimate + t * std_error);
    if let (Some(mean), Some(_)) = (row.mean_control, row.lift) {
        match fieller(estimate, mean, v, t) {
            Some((low, high)) => (row.lift_low, row.lift_high) = (Some(low), Some(high)),
            None => row.notes.push(Note::lift_unbounded()),
        }
    }
}
