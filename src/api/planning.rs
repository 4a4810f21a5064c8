//! Intra-cluster correlation, design effect, and in submodules what is asked before the start.

mod duration;
mod power;
mod roster;
mod table;

use super::sketch::{count, row_of};
use crate::pg::array::{Texts, complete, required};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::{Adjust, Word};
use rct_core::planning::{self, Within};
use rct_core::pulse;

/// `icc(sketch, within, level, adjust)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn icc(
    sketch: Option<&[u8]>,
    within: Option<&str>,
    level: Option<f64>,
    adjust: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(icc, Option<f64>),
        name!(icc_truncated, Option<f64>),
        name!(f_low, Option<f64>),
        name!(f_high, Option<f64>),
        name!(smith_se, Option<f64>),
        name!(smith_low, Option<f64>),
        name!(smith_high, Option<f64>),
        name!(msb, Option<f64>),
        name!(msw, Option<f64>),
        name!(n0, Option<f64>),
        name!(clusters, i64),
        name!(n, i64),
        name!(notes, Vec<String>),
    ),
> {
    let within = or_raise(Within::from_word(required(within, "within")));
    let level = required(level, "level");
    let adjust = or_raise(Adjust::from_word(required(adjust, "adjust")));
    let row = row_of(sketch, outcome, covariates, |view| {
        planning::icc_adjusted(view, within, level, adjust)
    });
    TableIterator::new(row.into_iter().map(|i| {
        (
            i.icc,
            i.icc_truncated,
            i.f_low,
            i.f_high,
            i.smith_se,
            i.smith_low,
            i.smith_high,
            i.msb,
            i.msw,
            i.msb.map(|_| i.n0),
            count(i.clusters as u64),
            count(i.rows as u64),
            i.notes,
        )
    }))
}

/// `design_effect(sketch, within)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn design_effect(
    sketch: Option<&[u8]>,
    within: Option<&str>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(design_effect, Option<f64>),
        name!(icc, Option<f64>),
        name!(clusters, i64),
        name!(n, i64),
        name!(mean_size, Option<f64>),
        name!(cv_size, Option<f64>),
        name!(weight_effect, Option<f64>),
        name!(n_effective, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let within = or_raise(Within::from_word(required(within, "within")));
    let row = row_of(sketch, outcome, None, |view| {
        planning::design_effect(view, within)
    });
    let some = |v: f64| v.is_finite().then_some(v);
    TableIterator::new(row.into_iter().map(move |d| {
        (
            d.deff,
            d.icc,
            count(d.clusters as u64),
            count(d.rows as u64),
            some(d.mean_size),
            some(d.cv_size).filter(|_| d.clusters > 0.0),
            some(d.deff_weights),
            d.n_effective,
            d.notes,
        )
    }))
}

/// `design_effect(icc, sizes, cv_weights)`
#[pg_extern(sql = false)]
fn design_effect_sizes(icc: f64, sizes: Array<'_, i32>, cv_weights: f64) -> f64 {
    let sizes = numbers(&sizes, "sizes");
    or_raise(planning::design_effect_of_sizes(icc, &sizes, cv_weights))
}

/// `design_effect(icc, cluster_size, cv_size, cv_weights)`
#[pg_extern(sql = false)]
fn design_effect_mean(icc: f64, cluster_size: f64, cv_size: f64, cv_weights: f64) -> f64 {
    or_raise(planning::design_effect_of_mean(
        icc,
        cluster_size,
        cv_size,
        cv_weights,
    ))
}

/// Whole numbers to calculate with.
fn numbers(array: &Array<'_, i32>, argument: &'static str) -> Vec<f64> {
    let whole = complete(array, argument);
    let mut numbers = pulse::vector(whole.len());
    numbers.extend(whole.into_iter().map(f64::from));
    numbers
}

/// `variance_components(sketch, within)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn variance_components(
    sketch: Option<&[u8]>,
    within: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(variance_between, Option<f64>),
        name!(variance_within, Option<f64>),
        name!(icc, Option<f64>),
        name!(variance_between_adjusted, Option<f64>),
        name!(variance_within_adjusted, Option<f64>),
        name!(icc_adjusted, Option<f64>),
        name!(r2_between, Option<f64>),
        name!(r2_within, Option<f64>),
        name!(covariates, i64),
        name!(clusters, i64),
        name!(n, i64),
        name!(notes, Vec<String>),
    ),
> {
    let within = or_raise(Within::from_word(required(within, "within")));
    let row = row_of(sketch, outcome, covariates, |view| {
        planning::variance_components(view, within)
    });
    TableIterator::new(row.into_iter().map(|c| {
        (
            c.between,
            c.within,
            c.icc,
            c.between_adjusted,
            c.within_adjusted,
            c.icc_adjusted,
            c.r2_between,
            c.r2_within,
            count(c.covariates),
            count(c.clusters),
            count(c.n),
            c.notes,
        )
    }))
}
