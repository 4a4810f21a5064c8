//! Students with and without an outcome, compared.

use crate::api::sketch::{count, rows_of};
use crate::pg::array::{Texts, required};
use pgrx::prelude::*;
use rct_core::attrition;

/// `missing_balance(sketch, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn missing_balance(
    sketch: Option<&[u8]>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(covariate, String),
        name!(n_observed, i64),
        name!(n_missing, i64),
        name!(mean_observed, Option<f64>),
        name!(mean_missing, Option<f64>),
        name!(sd, Option<f64>),
        name!(difference, Option<f64>),
        name!(standardized, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let level = required(level, "level");
    let rows = rows_of(sketch, outcome, covariates, |view| {
        attrition::missing_balance(view, level)
    });
    TableIterator::new(rows.into_iter().map(|m| {
        (
            m.condition,
            m.covariate,
            count(m.n.0),
            count(m.n.1),
            m.mean.0,
            m.mean.1,
            m.sd,
            m.difference.estimate,
            m.standardized,
            m.difference.std_error,
            m.difference.df,
            m.difference.t,
            m.difference.p_value,
            m.difference.ci_low,
            m.difference.ci_high,
            m.notes,
        )
    }))
}
