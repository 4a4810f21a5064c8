//! A table of power.

use super::numbers;
use super::power::{Words, target, trial};
use crate::pg::array::{Reals, complete, given};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::planning::{self, Trial};
use rct_core::pulse;

/// `power_table(clusters, cluster_size, icc, clusters_control, delta, …)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
fn power_table(
    clusters: Option<Array<'_, i32>>,
    cluster_size: Option<f64>,
    icc: Reals<'_>,
    clusters_control: Option<Array<'_, i32>>,
    delta: Option<f64>,
    cv_size: Option<f64>,
    sd: Option<f64>,
    r2_between: Option<f64>,
    r2_within: Option<f64>,
    covariates: Option<i32>,
    alpha: Option<f64>,
    power: Option<f64>,
    design: Option<&str>,
    blocks: Option<i32>,
    icc_class: Option<f64>,
    classes: Option<f64>,
    r2_class: Option<f64>,
    attrition_students: Option<f64>,
    attrition_clusters: Option<f64>,
    completion: Option<f64>,
    weighting: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(assumed_icc, f64),
        name!(treated_clusters, i32),
        name!(control_clusters, i32),
        name!(mde, Option<f64>),
        name!(power_for_delta, Option<f64>),
        name!(std_error, f64),
        name!(df, f64),
        name!(design_effect, f64),
        name!(n_effective, f64),
        name!(notes, Vec<String>),
    ),
> {
    let iccs = complete(given(&icc, "icc"), "icc");
    let treated = numbers(given(&clusters, "clusters"), "clusters");
    let control = match &clusters_control {
        Some(control) => numbers(control, "clusters_control"),
        None => treated.clone(),
    };
    or_raise(planning::check_table(&iccs, &treated, &control));
    let target = target(alpha, power);
    let words = Words {
        icc: iccs.first().copied(),
        cluster_size,
        cv_size,
        sd,
        r2_between,
        r2_within,
        covariates,
        design,
        blocks,
        icc_class,
        classes,
        r2_class,
        attrition_students,
        attrition_clusters,
        completion,
        weighting,
    };
    let trial = trial(words);
    let mut rows = Vec::with_capacity(iccs.len() * treated.len());
    for &icc in &iccs {
        for (&clusters, &control) in treated.iter().zip(&control) {
            pulse::beat();
            let trial = Trial { icc, ..trial };
            let a = or_raise(planning::answer(&trial, &target, clusters, control, delta));
            let power = delta.and(a.power);
            rows.push((
                icc,
                clusters as i32,
                control as i32,
                a.mde,
                power,
                a.sized.std_error,
                a.sized.df,
                a.sized.design_effect,
                a.sized.n_effective,
                a.notes,
            ));
        }
    }
    TableIterator::new(rows)
}
