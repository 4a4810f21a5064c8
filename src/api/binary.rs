//! Outcomes of 0 and 1, and rates.

use super::sketch::{count, rows_of};
use crate::pg::array::required;
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect;

/// `binary_effects(sketch, control, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn binary_effects(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control_condition, String),
        name!(rate, Option<f64>),
        name!(rate_control, Option<f64>),
        name!(percentage_points, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(additional_students, Option<f64>),
        name!(number_needed, Option<f64>),
        name!(risk_ratio, Option<f64>),
        name!(risk_ratio_low, Option<f64>),
        name!(risk_ratio_high, Option<f64>),
        name!(odds_ratio, Option<f64>),
        name!(odds_ratio_low, Option<f64>),
        name!(odds_ratio_high, Option<f64>),
        name!(cox_index, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(notes, Vec<String>),
    ),
> {
    let (control, level) = (required(control, "control"), required(level, "level"));
    let rows = rows_of(sketch, outcome, None, |view| {
        effect::binary_effects(view, control, level)
    });
    TableIterator::new(rows.into_iter().map(|b| {
        (
            b.condition,
            b.control,
            b.rate.0,
            b.rate.1,
            b.points.estimate,
            b.points.std_error,
            b.points.df,
            b.points.t,
            b.points.p_value,
            b.points.ci_low,
            b.points.ci_high,
            b.additional_students,
            b.number_needed,
            b.risk_ratio.estimate,
            b.risk_ratio.low,
            b.risk_ratio.high,
            b.odds_ratio.estimate,
            b.odds_ratio.low,
            b.odds_ratio.high,
            b.cox_index,
            count(b.n.0),
            count(b.n.1),
            count(b.clusters.0),
            count(b.clusters.1),
            b.notes,
        )
    }))
}

/// `proportion_interval(x, n, level)`
#[pg_extern(sql = false)]
fn proportion_interval(
    x: i64,
    n: i64,
    level: f64,
) -> TableIterator<'static, (name!(rate, f64), name!(ci_low, f64), name!(ci_high, f64))> {
    let p = or_raise(effect::proportion_interval(x, n, level));
    TableIterator::once((p.rate, p.low, p.high))
}

/// `newcombe(x1, n1, x0, n0, level)`
#[pg_extern(sql = false)]
fn newcombe(
    x1: i64,
    n1: i64,
    x0: i64,
    n0: i64,
    level: f64,
) -> TableIterator<
    'static,
    (
        name!(difference, f64),
        name!(ci_low, f64),
        name!(ci_high, f64),
    ),
> {
    let t = or_raise(effect::two_proportions(x1, n1, x0, n0, level));
    TableIterator::once((t.difference, t.newcombe.0, t.newcombe.1))
}

/// `two_proportions(x1, n1, x0, n0, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn two_proportions(
    x1: i64,
    n1: i64,
    x0: i64,
    n0: i64,
    level: f64,
) -> TableIterator<
    'static,
    (
        name!(rate, f64),
        name!(rate_control, f64),
        name!(difference, f64),
        name!(newcombe_low, f64),
        name!(newcombe_high, f64),
        name!(wald_low, f64),
        name!(wald_high, f64),
        name!(risk_ratio, Option<f64>),
        name!(katz_low, Option<f64>),
        name!(katz_high, Option<f64>),
        name!(odds_ratio, Option<f64>),
        name!(woolf_low, Option<f64>),
        name!(woolf_high, Option<f64>),
        name!(cox_index, Option<f64>),
    ),
> {
    let t = or_raise(effect::two_proportions(x1, n1, x0, n0, level));
    TableIterator::once((
        t.rate,
        t.rate_control,
        t.difference,
        t.newcombe.0,
        t.newcombe.1,
        t.wald.0,
        t.wald.1,
        t.risk_ratio,
        t.katz.map(|k| k.0),
        t.katz.map(|k| k.1),
        t.odds_ratio,
        t.woolf.map(|w| w.0),
        t.woolf.map(|w| w.1),
        t.cox_index,
    ))
}

/// `cox_index(rate, rate_control)`
#[pg_extern(sql = false)]
fn cox_index(rate: f64, rate_control: f64) -> Option<f64> {
    or_raise(effect::cox_index(rate, rate_control))
}
