//! Students with and without an outcome, compared on covariates that are known of both.
//!
//! A sketch of (observed, covariates) holds all cross products, so the roles of the columns can be exchanged: the covariate is the
//! outcome of a regression on being observed, within one condition, with the variance of any effect (CR2).

use super::rates::ones_of;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::beat;
use crate::regression::design::Design;
use crate::regression::options::check_level;
use crate::regression::robust::{contributions, dot};
use crate::regression::satterthwaite::Products;
use crate::regression::{Inference, QuestionError, StdError};
use crate::sketch::{Centre, Moments, Selection, Variable, View};
use serde::Serialize;

/// One covariate in one condition. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingBalance {
    /// Outcome that some lack.
    pub outcome: String,
    /// Condition.
    pub condition: String,
    /// Covariate.
    pub covariate: String,
    /// Students with an outcome.
    pub n_observed: u64,
    /// Students without one.
    pub n_missing: u64,
    /// Mean of the covariate among those with an outcome.
    pub mean_observed: Option<f64>,
    /// And among those without.
    pub mean_missing: Option<f64>,
    /// Standard deviation of the covariate in the condition, divisor n − 1.
    pub sd: Option<f64>,
    /// Missing less observed, within strata if there are some.
    #[serde(flatten)]
    pub inference: Inference,
    /// The difference in standard deviations.
    pub standardized: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Each covariate of each condition, by condition: missing against observed students.
pub fn missing_balance(view: &View<'_>, level: f64) -> Result<Vec<MissingBalance>, QuestionError> {
    check_level(level)?;
    if view.covariate_count() == 0 {
        return Err(Invalid {
            argument: "sketch",
            must: "one with covariates",
            got: "none".to_owned(),
            hint: "Build it with rct.sketch(score, condition, cluster, stratum, covariate): NULL is a missing score.",
        }
        .into());
    }
    let view = &view.observedness();
    let mut rows = Vec::new();
    for condition in view.condition_names() {
        for (number, covariate) in view.covariate_names().into_iter().enumerate() {
            beat();
            let chosen = Selection {
                conditions: vec![condition.clone()],
                columns: vec![Variable::Covariate(number + 1), Variable::Outcome],
                ..view.complete()
            };
            rows.push(compare(
                &view.moments_of(&chosen, Centre::PerStratum)?,
                &view.moments_of(&chosen, Centre::Pooled)?,
                (view.name(), condition.clone(), covariate),
                level,
            )?);
        }
    }
    Ok(rows)
}

/// Moments of one condition; column 0 is the covariate, column 1 says who is observed.
fn compare(
    moments: &Moments,
    pooled: &Moments,
    (outcome, condition, covariate): (String, String, String),
    level: f64,
) -> Result<MissingBalance, QuestionError> {
    let (mut n, mut x, mut ones, mut xx, mut x_seen) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, cell) in pooled.cells.iter().enumerate() {
        if let (&[a, _], &[aa, ab, _]) = (pooled.sums(i), pooled.within(i)) {
            let seen = ones_of(pooled, i, 1);
            n += cell.rows;
            x += a;
            ones += seen;
            xx += aa + a * a / cell.rows;
            x_seen += ab + a * seen / cell.rows;
        }
    }
    let gone = n - ones;
    let centre = pooled.centre(0, 0);
    let mut notes = Vec::new();
    let mut inference = Inference::default();
    // All rows are of one condition, so that the only regressor is being observed.
    let control = moments.cells.first().map_or(0, |c| c.condition);
    let design = Design::new(moments, control);
    if let Some(&estimate) = design.beta.first() {
        let parts = contributions(&design, &[design.contrast(0)], StdError::Cr2)?;
        let scores: Vec<f64> = parts
            .scores
            .iter()
            .filter_map(|s| s.first())
            .copied()
            .collect();
        let df = Products::new(&parts.terms, &parts.form, &[0]).df(0, &design.contrast(0));
        // Missing less observed: the slope with its sign turned.
        inference = Inference::new(
            -estimate,
            dot(&scores, &scores).sqrt(),
            df,
            level,
            &mut notes,
        );
    }
    if inference.estimate.is_none() {
        notes.push(Note::new(
            Code::NoComparison,
            "no stratum of this condition has both observed and missing students",
        ));
    }
    let sd = (n > 1.0).then(|| ((xx - x * x / n).max(0.0) / (n - 1.0)).sqrt());
    let spread = sd.filter(|s| *s > 0.0);
    Ok(MissingBalance {
        condition,
        covariate,
        outcome,
        n_observed: ones as u64,
        n_missing: gone as u64,
        mean_observed: (ones > 0.0).then(|| centre + x_seen / ones),
        mean_missing: (gone > 0.0).then(|| centre + (x - x_seen) / gone),
        sd,
        standardized: inference.estimate.zip(spread).map(|(d, s)| d / s),
        inference,
        notes,
    })
}
