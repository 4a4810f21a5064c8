//! Variance between and within clusters, and how much of each the covariates explain.

use super::icc::{Within, anova};
use crate::note::{Code, Note};
use crate::regression::{Adjust, QuestionError};
use crate::sketch::View;
use serde::Serialize;

/// Variance components of the outcome. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Components {
    /// Variance between clusters; may be negative.
    pub variance_between: Option<f64>,
    /// Variance within clusters.
    pub variance_within: Option<f64>,
    /// Intra-cluster correlation.
    pub icc: Option<f64>,
    /// Variance between clusters that the covariates leave.
    pub variance_between_adjusted: Option<f64>,
    /// Variance within clusters that they leave.
    pub variance_within_adjusted: Option<f64>,
    /// Intra-cluster correlation of what they leave.
    pub icc_adjusted: Option<f64>,
    /// Part of the variance between clusters that they explain.
    pub r2_between: Option<f64>,
    /// Part of the variance within clusters that they explain.
    pub r2_within: Option<f64>,
    /// Covariates in use.
    pub covariates: u64,
    /// Clusters.
    pub clusters: u64,
    /// Rows.
    pub n: u64,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Variance components of a sketch, over its rows with all covariates.
pub fn variance_components(view: &View<'_>, within: Within) -> Result<Components, QuestionError> {
    let with_covariates = view.covariate_count() > 0;
    let adjust = if with_covariates {
        Adjust::Ancova
    } else {
        Adjust::None
    };
    let anova = anova(view, within, adjust)?;
    let mut out = Components {
        clusters: anova.sizes.len() as u64,
        n: anova.rows as u64,
        ..Components::default()
    };
    let Some(plain) = anova.mean_squares(false) else {
        out.notes.push(Note::new(
            Code::NoDf,
            "two clusters in a condition and two rows in a cluster are needed",
        ));
        return Ok(out);
    };
    let share = |between: f64, within: f64| {
        let total = between + within;
        (total > 0.0).then(|| between / total)
    };
    let (between, within) = (plain.variance_between(), plain.within);
    (out.variance_between, out.variance_within, out.icc) =
        (Some(between), Some(within), share(between, within));
    if out.icc.is_none() {
        out.notes
            .push(Note::new(Code::NoVariation, "the outcome is constant"));
        return Ok(out);
    }
    if between < 0.0 {
        out.notes.push(Note::new(
            Code::Negative,
            "clusters differ less than chance would have them",
        ));
    }
    if !with_covariates {
        out.notes.push(Note::new(
            Code::NoCovariates,
            "the sketch has none to adjust by",
        ));
        return Ok(out);
    }
    let Some(left) = anova.mean_squares(true) else {
        out.notes.push(Note::new(
            Code::NoDf,
            "more clusters and more rows than classes and covariates are needed",
        ));
        return Ok(out);
    };
    let (between_left, within_left) = (left.variance_between(), left.within);
    out.covariates = left.covariates as u64;
    (out.variance_between_adjusted, out.variance_within_adjusted) =
        (Some(between_left), Some(within_left));
    out.icc_adjusted = share(between_left, within_left);
    out.r2_between = (between > 0.0).then(|| 1.0 - between_left / between);
    out.r2_within = (within > 0.0).then(|| 1.0 - within_left / within);
    if [out.r2_between, out.r2_within]
        .iter()
        .flatten()
        .any(|r2| *r2 < 0.0)
    {
        out.notes.push(Note::new(
            Code::NegativeR2,
            "the covariates explain less than chance would have them; plan with 0",
        ));
    }
    Ok(out)
}
