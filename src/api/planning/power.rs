//! Power, minimum detectable effect and clusters needed of a planned trial.

use super::numbers;
use super::trial::{Plan, TrialArgument};
use crate::pg::array::{Reals, complete, given, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::planning::{self, Planned, Trial};
use rct_core::pulse;

impl Plan {
    fn answer(&self, clusters: f64, clusters_control: f64, delta: Option<f64>) -> Planned {
        let answer = planning::answer(&self.trial, &self.target, clusters, clusters_control, delta);
        Planned::new(&self.trial, delta, or_raise(answer))
    }
}

/// `power(trial, clusters, clusters_control, delta)`
#[pg_extern(sql = false)]
fn power(
    trial: TrialArgument<'_>,
    clusters: Option<i32>,
    clusters_control: Option<i32>,
    delta: Option<f64>,
) -> Rows<Planned> {
    Rows::one(Plan::read(trial).answer(
        f64::from(required(clusters, "clusters")),
        f64::from(required(clusters_control, "clusters_control")),
        Some(required(delta, "delta")),
    ))
}

/// `mde(trial, clusters, clusters_control)`
#[pg_extern(sql = false)]
fn mde(
    trial: TrialArgument<'_>,
    clusters: Option<i32>,
    clusters_control: Option<i32>,
) -> Rows<Planned> {
    Rows::one(Plan::read(trial).answer(
        f64::from(required(clusters, "clusters")),
        f64::from(required(clusters_control, "clusters_control")),
        None,
    ))
}

/// `clusters_needed(trial, delta)`
#[pg_extern(sql = false)]
fn clusters_needed(trial: TrialArgument<'_>, delta: Option<f64>) -> Rows<Planned> {
    let plan = Plan::read(trial);
    let delta = required(delta, "delta");
    let found = planning::clusters_needed(&plan.trial, &plan.target, delta, plan.share);
    Rows::one(match or_raise(found) {
        Some(answer) => Planned::new(&plan.trial, Some(delta), answer),
        None => Planned::not_reached(&plan.trial, delta),
    })
}

/// `power_table(trial, clusters, clusters_control, icc, delta)`
#[pg_extern(sql = false)]
fn power_table(
    trial: TrialArgument<'_>,
    clusters: Option<Array<'_, i32>>,
    clusters_control: Option<Array<'_, i32>>,
    icc: Reals<'_>,
    delta: Option<f64>,
) -> Rows<Planned> {
    let plan = Plan::read(trial);
    let treated = numbers(given(&clusters, "clusters"), "clusters");
    let control = match &clusters_control {
        Some(control) => numbers(control, "clusters_control"),
        None => treated.clone(),
    };
    let iccs = match &icc {
        Some(icc) => complete(icc, "icc"),
        None => vec![plan.trial.icc],
    };
    or_raise(planning::check_table(&iccs, &treated, &control));
    let mut rows = Vec::with_capacity(iccs.len() * treated.len());
    for &icc in &iccs {
        let plan = Plan {
            trial: Trial { icc, ..plan.trial },
            ..plan
        };
        for (&clusters, &control) in treated.iter().zip(&control) {
            pulse::beat();
            rows.push(plan.answer(clusters, control, delta));
        }
    }
    Rows::new(rows)
}
