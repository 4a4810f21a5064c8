//! Whether the experiment ran as designed: sample ratios here, baselines and patterns beside it.

mod balance;

use super::sketch::row_of;
use crate::pg::array::{
    Counts, Reals, Texts, complete, given, optional_owned, optional_texts, owned, required, texts,
};
use crate::pg::error::{or_raise, raise};
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::distribution::alpha_of;
use rct_core::error::Invalid;
use rct_core::integrity::{self, Look, SketchSrm, Srm, StratumSrm};

fn counts_of(array: &Counts<'_>, name: &'static str) -> Vec<u64> {
    let number = |n: i64| {
        u64::try_from(n).unwrap_or_else(|_| {
            raise(Invalid::number(
                name,
                "numbers that are not negative",
                n as f64,
                "Give the number of units of each condition.",
            ))
        })
    };
    complete(given(array, name), name)
        .into_iter()
        .map(number)
        .collect()
}

/// Names of conditions or covariates, where they are given.
fn names(array: &Texts<'_>, name: &'static str) -> Option<Vec<String>> {
    array.as_ref().map(|a| owned(&texts(a, name)))
}

fn weights(array: &Reals<'_>) -> Option<Vec<f64>> {
    array.as_ref().map(|a| complete(a, "expected"))
}

/// `srm(observed, expected, conditions, level)`
#[pg_extern(sql = false)]
fn srm(
    counts: Counts<'_>,
    expected: Reals<'_>,
    conditions: Texts<'_>,
    level: Option<f64>,
) -> Rows<Srm> {
    let alpha = alpha_of(required(level, "level"));
    let (expected, conditions) = (weights(&expected), names(&conditions, "conditions"));
    Rows::one(or_raise(integrity::srm(
        &counts_of(&counts, "counts"),
        expected.as_deref(),
        conditions.as_deref(),
        alpha,
    )))
}

/// `srm(sketch, expected, conditions, level)`
#[pg_extern(sql = false)]
fn srm_sketch(
    sketch: Option<&[u8]>,
    expected: Reals<'_>,
    conditions: Texts<'_>,
    level: Option<f64>,
) -> Rows<SketchSrm> {
    let alpha = alpha_of(required(level, "level"));
    let (expected, conditions) = (weights(&expected), names(&conditions, "conditions"));
    row_of(sketch, None, None, |view| {
        integrity::srm_of_sketch(
            &view.sketch().assigned(),
            expected.as_deref(),
            conditions.as_deref(),
            alpha,
        )
    })
}

/// `srm_by_stratum(strata, conditions, observed, expected, level)`
#[pg_extern(sql = false)]
fn srm_by_stratum(
    strata: Texts<'_>,
    conditions: Texts<'_>,
    counts: Counts<'_>,
    expected: Reals<'_>,
    level: Option<f64>,
) -> Rows<StratumSrm> {
    let alpha = alpha_of(required(level, "level"));
    Rows::new(or_raise(integrity::srm_by_stratum(
        &optional_owned(&optional_texts(given(&strata, "strata"), "strata")),
        &owned(&texts(given(&conditions, "conditions"), "conditions")),
        &counts_of(&counts, "counts"),
        weights(&expected).as_deref(),
        alpha,
    )))
}

/// `srm_blocked(strata, conditions, assigned, observed, level)`
#[pg_extern(sql = false)]
fn srm_blocked(
    strata: Texts<'_>,
    conditions: Texts<'_>,
    assigned: Counts<'_>,
    observed: Counts<'_>,
    level: Option<f64>,
) -> Rows<StratumSrm> {
    let alpha = alpha_of(required(level, "level"));
    Rows::new(or_raise(integrity::srm_blocked(
        &optional_owned(&optional_texts(given(&strata, "strata"), "strata")),
        &owned(&texts(given(&conditions, "conditions"), "conditions")),
        &counts_of(&assigned, "assigned"),
        &counts_of(&observed, "observed"),
        alpha,
    )))
}

/// `srm_sequential(observed, expected, k, level)`
#[pg_extern(sql = false)]
fn srm_sequential(
    counts: Counts<'_>,
    expected: Reals<'_>,
    k: Option<f64>,
    level: Option<f64>,
) -> Rows<Look> {
    let (k, alpha) = (required(k, "k"), alpha_of(required(level, "level")));
    Rows::one(or_raise(integrity::srm_sequential(
        &counts_of(&counts, "counts"),
        weights(&expected).as_deref(),
        k,
        alpha,
    )))
}

/// `srm_looks(observed, arms, expected, k, level)`
#[pg_extern(sql = false)]
fn srm_looks(
    counts: Counts<'_>,
    arms: Option<i32>,
    expected: Reals<'_>,
    k: Option<f64>,
    level: Option<f64>,
) -> Rows<Look> {
    let (k, alpha) = (required(k, "k"), alpha_of(required(level, "level")));
    let arms = usize::try_from(required(arms, "arms")).unwrap_or(0);
    Rows::new(or_raise(integrity::srm_looks(
        &counts_of(&counts, "counts"),
        arms,
        weights(&expected).as_deref(),
        k,
        alpha,
    )))
}
