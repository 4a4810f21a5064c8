//! Intra-cluster correlation and design effect.

use super::effect::required;
use super::sketch::{count, read};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::Word;
use rct_core::planning::{self, Within};

/// `icc(sketch, within, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn icc(
    sketch: Option<&[u8]>,
    within: Option<&str>,
    level: Option<f64>,
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
    let row = sketch.map(|bytes| or_raise(planning::icc(&read(bytes), within, level)));
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
    let row = sketch.map(|bytes| or_raise(planning::design_effect(&read(bytes), within)));
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
