//! Bounds on effects.

use crate::api::quantile;
use crate::api::sketch::{count, read, rows_of, view};
use crate::pg::array::required;
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::attrition::{self, LeeOptions, Trim};
use rct_core::effect::{Strata, Word};

/// `manski_bounds(sketch, control, y_min, y_max, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn manski_bounds(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    y_min: Option<f64>,
    y_max: Option<f64>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control_condition, String),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(low_se, Option<f64>),
        name!(high_se, Option<f64>),
        name!(df, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(missing, i64),
        name!(missing_control, i64),
        name!(notes, Vec<String>),
    ),
> {
    let control = required(control, "control");
    let least = required(y_min, "y_min");
    let most = required(y_max, "y_max");
    let level = required(level, "level");
    let rows = rows_of(sketch, outcome, None, |view| {
        attrition::manski_bounds(view, control, least, most, level)
    });
    TableIterator::new(rows.into_iter().map(|b| {
        (
            b.condition,
            b.control,
            b.low,
            b.high,
            b.low_se,
            b.high_se,
            b.df,
            b.ci_low,
            b.ci_high,
            count(b.n.0),
            count(b.n.1),
            count(b.missing.0),
            count(b.missing.1),
            b.notes,
        )
    }))
}

/// `lee_bounds(outcomes, students, control, method, strata, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn lee_bounds(
    outcomes: Option<&[u8]>,
    students: Option<&[u8]>,
    control: Option<&str>,
    method: Option<&str>,
    strata: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control_condition, String),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(low_se, Option<f64>),
        name!(high_se, Option<f64>),
        name!(df, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(untrimmed, Option<f64>),
        name!(trimmed, Option<String>),
        name!(trimmed_share, Option<f64>),
        name!(response, Option<f64>),
        name!(response_control, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(kept_low, i64),
        name!(kept_high, i64),
        name!(notes, Vec<String>),
    ),
> {
    let control = required(control, "control");
    let options = LeeOptions {
        trim: or_raise(Trim::from_word(required(method, "method"))),
        strata: or_raise(Strata::from_word(required(strata, "strata"))),
        level: required(level, "level"),
    };
    let rows = outcomes.zip(students).map(|(outcomes, students)| {
        let students = read(students);
        or_raise(attrition::lee_bounds(
            &mut quantile::read(outcomes),
            &view(&students, outcome, &None),
            control,
            &options,
        ))
    });
    TableIterator::new(rows.into_iter().flatten().map(|b| {
        (
            b.condition,
            b.control,
            b.low,
            b.high,
            b.low_se,
            b.high_se,
            b.df,
            b.ci_low,
            b.ci_high,
            b.untrimmed,
            b.low.map(|_| b.trimmed),
            b.trimmed_share,
            b.response.0,
            b.response.1,
            count(b.n.0),
            count(b.n.1),
            count(b.kept.0),
            count(b.kept.1),
            b.notes,
        )
    }))
}
