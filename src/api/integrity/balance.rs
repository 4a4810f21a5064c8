//! Baselines, and patterns that cannot be.

use super::{names as names_of, weights};
use crate::api::sketch::{count, read, rows_of};
use crate::pg::array::{Reals, Texts, required, short};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::{Strata, Word};
use rct_core::integrity;

/// `balance(sketch, control, names, strata)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn balance(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    strata: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(covariate, String),
        name!(mean, Option<f64>),
        name!(mean_control, Option<f64>),
        name!(difference, Option<f64>),
        name!(standardized, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(p_value, Option<f64>),
        name!(category, Option<String>),
        name!(n, i64),
        name!(n_control, i64),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(notes, Vec<String>),
    ),
> {
    let control = required(control, "control").to_owned();
    let strata = or_raise(Strata::from_word(required(strata, "strata")));
    let rows = rows_of(sketch, outcome, covariates, |view| {
        integrity::balance(view, &control, strata)
    });
    TableIterator::new(rows.into_iter().map(move |b| {
        (
            b.condition,
            control.clone(),
            b.covariate,
            b.mean.0,
            b.mean.1,
            b.difference,
            b.standardized,
            b.std_error,
            b.df,
            b.p_value,
            b.category.map(str::to_owned),
            count(b.n.0),
            count(b.n.1),
            count(b.clusters.0),
            count(b.clusters.1),
            b.notes,
        )
    }))
}

/// `balance_joint(sketch, control, strata)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn balance_joint(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    strata: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(covariates, i64),
        name!(f, Option<f64>),
        name!(df_num, Option<f64>),
        name!(df_den, Option<f64>),
        name!(p_value, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let control = required(control, "control").to_owned();
    let strata = or_raise(Strata::from_word(required(strata, "strata")));
    let rows = rows_of(sketch, outcome, covariates, |view| {
        integrity::balance_joint(view, &control, strata)
    });
    TableIterator::new(rows.into_iter().map(move |b| {
        (
            b.condition,
            control.clone(),
            count(b.covariates),
            b.f,
            b.df_num,
            b.df_den,
            b.p_value,
            b.notes,
        )
    }))
}

/// `impossible_patterns(sketch, control, conditions, expected)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn impossible_patterns(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    conditions: Texts<'_>,
    expected: Reals<'_>,
) -> TableIterator<
    'static,
    (
        name!(pattern, String),
        name!(severity, String),
        name!(place, String),
        name!(detail, String),
    ),
> {
    let control = control.map(|c| short(c, "control"));
    let (conditions, expected) = (names_of(&conditions, "conditions"), weights(&expected));
    let found = sketch.map_or_else(Vec::new, |bytes| {
        let sketch = read(bytes);
        let found = integrity::impossible_patterns(
            &sketch.assigned(),
            control,
            conditions.as_deref(),
            expected.as_deref(),
        );
        or_raise(found)
    });
    TableIterator::new(found.into_iter().map(|p| {
        (
            p.pattern.to_owned(),
            p.severity.to_owned(),
            p.place,
            p.detail,
        )
    }))
}
