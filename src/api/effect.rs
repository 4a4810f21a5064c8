//! Effects, the joint test, and arms.

use super::sketch::{count, row_of, rows_of};
use crate::pg::array::{Texts, required};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::{self, Note, Options};

/// The words of a call.
pub fn options(
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    level: Option<f64>,
) -> Options {
    or_raise(Options::from_words(
        required(adjust, "adjust"),
        required(strata, "strata"),
        required(se, "se"),
        required(level, "level"),
    ))
}

/// Notes as they are shown.
pub fn texts(notes: &[Note]) -> Vec<String> {
    notes.iter().map(Note::to_string).collect()
}

/// `effects(sketch, control, adjust, strata, se, level, estimand)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn effects(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    level: Option<f64>,
    estimand: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(mean, Option<f64>),
        name!(mean_control, Option<f64>),
        name!(sd, Option<f64>),
        name!(sd_control, Option<f64>),
        name!(hedges_g, Option<f64>),
        name!(lift, Option<f64>),
        name!(lift_low, Option<f64>),
        name!(lift_high, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let options = options(adjust, strata, se, level);
    let options = or_raise(options.with_estimand(required(estimand, "estimand")));
    let control = required(control, "control");
    let rows = rows_of(sketch, outcome, covariates, |view| {
        effect::effects(view, control, &options)
    });
    TableIterator::new(rows.into_iter().map(|e| {
        (
            e.condition,
            e.control,
            e.estimate,
            e.std_error,
            e.df,
            e.t,
            e.p_value,
            e.ci_low,
            e.ci_high,
            count(e.n.0),
            count(e.n.1),
            count(e.clusters.0),
            count(e.clusters.1),
            e.mean.0,
            e.mean.1,
            e.sd.0,
            e.sd.1,
            e.hedges_g,
            e.lift,
            e.lift_low,
            e.lift_high,
            texts(&e.notes),
        )
    }))
}

/// `effects_joint(sketch, control, adjust, strata, se, estimand)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn effects_joint(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    estimand: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(conditions, Vec<String>),
        name!(f, Option<f64>),
        name!(df_num, Option<f64>),
        name!(df_den, Option<f64>),
        name!(p_value, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let options = options(adjust, strata, se, Some(0.95));
    let options = or_raise(options.with_estimand(required(estimand, "estimand")));
    let control = required(control, "control");
    let row = row_of(sketch, outcome, covariates, |view| {
        effect::effects_joint(view, control, &options)
    });
    TableIterator::new(row.into_iter().map(|t| {
        (
            t.conditions,
            t.f,
            t.df_num,
            t.df_den,
            t.p_value,
            texts(&t.notes),
        )
    }))
}

/// `arms(sketch)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn arms(
    sketch: Option<&[u8]>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(n, i64),
        name!(clusters, i64),
        name!(mean, Option<f64>),
        name!(sd, Option<f64>),
        name!(weight, f64),
        name!(n_complete, Option<i64>),
        name!(missing_outcome, i64),
        name!(missing_rate, Option<f64>),
        name!(missing_cluster, i64),
        name!(missing_weight, i64),
        name!(zero_weight, i64),
    ),
> {
    let arms = rows_of(sketch, outcome, None, effect::arms);
    TableIterator::new(arms.into_iter().map(|a| {
        (
            a.condition,
            count(a.n),
            count(a.clusters),
            a.mean,
            a.sd,
            a.weight,
            a.n_complete.map(count),
            count(a.missing_outcome),
            a.missing_rate,
            count(a.missing_cluster),
            count(a.missing_weight),
            count(a.zero_weight),
        )
    }))
}

/// `hedges_g(estimate, sd, n, n_control, cluster_size, icc)`
#[pg_extern(sql = false)]
fn hedges_g(estimate: f64, sd: f64, n: i64, n_control: i64, cluster_size: f64, icc: f64) -> f64 {
    or_raise(effect::hedges_g(
        estimate,
        sd,
        n as f64,
        n_control as f64,
        cluster_size,
        icc,
    ))
    .g
}
