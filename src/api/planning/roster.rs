//! Standard error from a roster.

use super::numbers;
use super::trial::{Plan, TrialArgument};
use crate::pg::array::{Texts, given, required, texts};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::planning::{self, Conditions, Outcome, RosterRow};

/// `roster_se(trial, sizes, conditions, control, delta)`
#[pg_extern(sql = false)]
fn roster_se(
    trial: TrialArgument<'_>,
    sizes: Option<Array<'_, i32>>,
    conditions: Texts<'_>,
    control: Option<&str>,
    delta: Option<f64>,
) -> Rows<RosterRow> {
    let plan = Plan::read(trial);
    let sizes = numbers(given(&sizes, "sizes"), "sizes");
    let codes = conditions.as_ref().map(|c| texts(c, "conditions"));
    let known = match &codes {
        Some(codes) => Conditions::Known(codes, required(control, "control")),
        None => Conditions::Share(plan.share),
    };
    let outcome = Outcome {
        icc: plan.trial.icc,
        sd: plan.trial.sd,
        r2_between: plan.trial.r2_between,
        r2_within: plan.trial.r2_within,
        covariates: plan.trial.covariates,
    };
    let rows = planning::roster(&sizes, known, &outcome, &plan.target, delta);
    Rows::new(or_raise(rows))
}
