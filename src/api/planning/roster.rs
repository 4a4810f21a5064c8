//! Standard error from a roster.

use super::numbers;
use super::power::target;
use crate::api::sketch::count;
use crate::pg::array::{Texts, given, required, texts};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::planning::{self, Conditions, Outcome};

/// `roster_se(sizes, icc, conditions, control, share, delta, …)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
fn roster_se(
    sizes: Option<Array<'_, i32>>,
    icc: Option<f64>,
    conditions: Texts<'_>,
    control: Option<&str>,
    share: Option<f64>,
    delta: Option<f64>,
    sd: Option<f64>,
    r2_between: Option<f64>,
    r2_within: Option<f64>,
    covariates: Option<i32>,
    alpha: Option<f64>,
    power: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(condition, Option<String>),
        name!(control_condition, Option<String>),
        name!(std_error, Option<f64>),
        name!(df, f64),
        name!(mde, Option<f64>),
        name!(mde_approx, Option<f64>),
        name!(power_for_delta, Option<f64>),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(n, f64),
        name!(n_control, f64),
        name!(design_effect, f64),
        name!(n_effective, f64),
        name!(notes, Vec<String>),
    ),
> {
    let sizes = numbers(given(&sizes, "sizes"), "sizes");
    let codes = conditions.as_ref().map(|c| texts(c, "conditions"));
    let known = match &codes {
        Some(codes) => Conditions::Known(codes, required(control, "control")),
        None => Conditions::Share(required(share, "share")),
    };
    let outcome = Outcome {
        icc: required(icc, "icc"),
        sd: required(sd, "sd"),
        r2_between: required(r2_between, "r2_between"),
        r2_within: required(r2_within, "r2_within"),
        covariates: f64::from(required(covariates, "covariates")),
    };
    let target = target(alpha, power);
    let rows = or_raise(planning::roster(&sizes, known, &outcome, &target, delta));
    TableIterator::new(rows.into_iter().map(|r| {
        (
            r.condition,
            r.control,
            r.std_error,
            r.df,
            r.mde,
            r.mde_approx,
            r.power,
            count(r.clusters.0),
            count(r.clusters.1),
            r.n.0,
            r.n.1,
            r.design_effect,
            r.n_effective,
            r.notes,
        )
    }))
}
