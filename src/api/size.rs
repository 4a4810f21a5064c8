//! Effects in units of standard deviations.

use super::effect::{options, texts};
use super::sketch::{count, rows_of};
use crate::pg::array::{Texts, required};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::{self, Scale};

/// `effect_sizes(sketch, control, adjust, strata, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn effect_sizes(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control_condition, String),
        name!(g, Option<f64>),
        name!(std_error, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(g_individual, Option<f64>),
        name!(glass_delta, Option<f64>),
        name!(omega, Option<f64>),
        name!(gamma, Option<f64>),
        name!(h, Option<f64>),
        name!(icc, Option<f64>),
        name!(sd, Option<f64>),
        name!(cluster_size, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(notes, Vec<String>),
    ),
> {
    let options = options(adjust, strata, Some("CR2"), level);
    let control = required(control, "control");
    let rows = rows_of(sketch, outcome, covariates, |view| {
        effect::effect_sizes(view, control, &options)
    });
    TableIterator::new(rows.into_iter().map(|r| {
        let size = r.size;
        (
            r.effect.condition,
            r.effect.control,
            size.map(|s| s.hedges.g),
            size.and_then(|s| s.std_error),
            size.and_then(|s| s.interval).map(|i| i.0),
            size.and_then(|s| s.interval).map(|i| i.1),
            size.map(|s| s.individual),
            size.and_then(|s| s.glass_delta),
            size.map(|s| s.hedges.omega),
            size.map(|s| s.hedges.gamma),
            size.map(|s| s.hedges.h),
            size.map(|s| s.icc),
            size.and(r.scale).map(|s| s.sd),
            size.and(r.scale).map(|s| s.size),
            count(r.effect.n.0),
            count(r.effect.n.1),
            count(r.effect.clusters.0),
            count(r.effect.clusters.1),
            texts(&r.notes),
        )
    }))
}

/// `effect_sizes(estimate, sd, n, n_control, cluster_size, icc, std_error, df, sd_control, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn effect_sizes_of_numbers(
    estimate: Option<f64>,
    sd: Option<f64>,
    n: Option<i64>,
    n_control: Option<i64>,
    cluster_size: Option<f64>,
    icc: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    sd_control: Option<f64>,
    level: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(g, f64),
        name!(std_error, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(g_individual, f64),
        name!(glass_delta, Option<f64>),
        name!(omega, f64),
        name!(gamma, f64),
        name!(h, f64),
    ),
> {
    let scale = Scale {
        sd: required(sd, "sd"),
        sd_control,
        n: (
            required(n, "n") as f64,
            required(n_control, "n_control") as f64,
        ),
        size: required(cluster_size, "cluster_size"),
        icc: required(icc, "icc"),
    };
    let (estimate, level) = (required(estimate, "estimate"), required(level, "level"));
    let s = or_raise(effect::effect_size(&scale, estimate, std_error, df, level));
    TableIterator::once((
        s.hedges.g,
        s.std_error,
        s.interval.map(|i| i.0),
        s.interval.map(|i| i.1),
        s.individual,
        s.glass_delta,
        s.hedges.omega,
        s.hedges.gamma,
        s.hedges.h,
    ))
}

/// `wwc_correct_t(t, n, cluster_size, icc)`
#[pg_extern(sql = false)]
fn wwc_correct_t(
    t: f64,
    n: i64,
    cluster_size: f64,
    icc: f64,
) -> TableIterator<'static, (name!(t, f64), name!(df, f64), name!(p_value, Option<f64>))> {
    let c = or_raise(effect::wwc_correct_t(t, n as f64, cluster_size, icc));
    TableIterator::once((c.t, c.df, c.p_value))
}
