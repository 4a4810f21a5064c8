//! Missing outcomes: how many here; bounds, weights, the logistic regression and imputations beside it.

mod balance;
mod bounds;
mod imputation;
mod logistic;
mod weights;

use super::sketch::{count, rows_of};
use crate::pg::array::required;
use crate::pg::error::raise;
use pgrx::prelude::*;
use rct_core::attrition;
use rct_core::error::Invalid;

/// `attrition(sketch, control, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn attrition(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control_condition, String),
        name!(n, i64),
        name!(n_control, i64),
        name!(observed, i64),
        name!(observed_control, i64),
        name!(missing, Option<f64>),
        name!(missing_control, Option<f64>),
        name!(overall, Option<f64>),
        name!(differential, Option<f64>),
        name!(cautious_boundary, Option<f64>),
        name!(cautious, Option<String>),
        name!(optimistic_boundary, Option<f64>),
        name!(optimistic, Option<String>),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(clusters_observed, i64),
        name!(clusters_observed_control, i64),
        name!(cluster_overall, Option<f64>),
        name!(cluster_differential, Option<f64>),
        name!(cluster_cautious, Option<String>),
        name!(cluster_optimistic, Option<String>),
        name!(notes, Vec<String>),
    ),
> {
    let control = required(control, "control");
    let level = required(level, "level");
    let rows = rows_of(sketch, outcome, None, |view| {
        attrition::attrition(view, control, level)
    });
    let word = |verdict: attrition::Verdict| verdict.word().to_owned();
    TableIterator::new(rows.into_iter().map(move |a| {
        let students = a.students.rates();
        let clusters = a.clusters.rates();
        (
            a.condition,
            a.control,
            count(a.students.assigned.0),
            count(a.students.assigned.1),
            count(a.students.observed.0),
            count(a.students.observed.1),
            students.map(|r| r.missing.0),
            students.map(|r| r.missing.1),
            students.map(|r| r.overall),
            students.map(|r| r.differential),
            students.and_then(|r| r.cautious.boundary),
            students.map(|r| word(r.cautious)),
            students.and_then(|r| r.optimistic.boundary),
            students.map(|r| word(r.optimistic)),
            a.test.estimate,
            a.test.std_error,
            a.test.df,
            a.test.t,
            a.test.p_value,
            a.test.ci_low,
            a.test.ci_high,
            count(a.clusters.assigned.0),
            count(a.clusters.assigned.1),
            count(a.clusters.observed.0),
            count(a.clusters.observed.1),
            clusters.map(|r| r.overall),
            clusters.map(|r| r.differential),
            clusters.map(|r| word(r.cautious)),
            clusters.map(|r| word(r.optimistic)),
            a.notes,
        )
    }))
}

/// `wwc_attrition(overall, differential)`
#[pg_extern(sql = false)]
fn wwc_attrition(
    overall: f64,
    differential: f64,
) -> TableIterator<
    'static,
    (
        name!(cautious_boundary, Option<f64>),
        name!(cautious, String),
        name!(optimistic_boundary, Option<f64>),
        name!(optimistic, String),
    ),
> {
    let hint = "Give percent, 12.5 for one student in eight.";
    if !(0.0..=100.0).contains(&overall) {
        raise(Invalid::number(
            "overall",
            "between 0 and 100",
            overall,
            hint,
        ));
    }
    if !(-100.0..=100.0).contains(&differential) {
        raise(Invalid::number(
            "differential",
            "between -100 and 100",
            differential,
            hint,
        ));
    }
    let (cautious, optimistic) = attrition::wwc_attrition(overall, differential);
    TableIterator::once((
        cautious.boundary,
        cautious.word().to_owned(),
        optimistic.boundary,
        optimistic.word().to_owned(),
    ))
}
