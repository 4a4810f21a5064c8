//! Whether the experiment ran as designed: sample ratios here, baselines and patterns beside it.

mod balance;

use super::sketch::{count, read};
use crate::pg::array::{
    Counts, Reals, Texts, complete, given, optional_owned, optional_texts, owned, required, texts,
};
use crate::pg::error::{or_raise, raise};
use pgrx::prelude::*;
use rct_core::error::Invalid;
use rct_core::integrity::{self, Scope, Srm, StratumSrm};

fn counts(array: &Counts<'_>, name: &'static str) -> Vec<u64> {
    let number = |n: i64| {
        u64::try_from(n).unwrap_or_else(|_| {
            raise(Invalid::number(
                name,
                "counts that are not negative",
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

fn word(srm: &Srm) -> Option<String> {
    srm.verdict.map(|v| v.word().to_owned())
}

/// `srm(observed, expected, conditions, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn srm(
    observed: Counts<'_>,
    expected: Reals<'_>,
    conditions: Texts<'_>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(n, i64),
        name!(chi2, Option<f64>),
        name!(df, i64),
        name!(p_value, Option<f64>),
        name!(p_exact, Option<f64>),
        name!(verdict, Option<String>),
        name!(expected, Vec<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let alpha = required(alpha, "alpha");
    let (expected, conditions) = (weights(&expected), names(&conditions, "conditions"));
    let r = or_raise(integrity::srm(
        &counts(&observed, "observed"),
        expected.as_deref(),
        conditions.as_deref(),
        alpha,
    ));
    let verdict = word(&r);
    TableIterator::once((
        count(r.n),
        r.chi2,
        count(r.df),
        r.p_value,
        r.p_exact,
        verdict,
        r.expected,
        r.notes,
    ))
}

/// `srm(sketch, expected, conditions, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn srm_sketch(
    sketch: Option<&[u8]>,
    expected: Reals<'_>,
    conditions: Texts<'_>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(conditions, Vec<String>),
        name!(observed, Vec<i64>),
        name!(expected, Vec<f64>),
        name!(n, i64),
        name!(chi2, Option<f64>),
        name!(df, i64),
        name!(p_value, Option<f64>),
        name!(p_exact, Option<f64>),
        name!(verdict, Option<String>),
        name!(students, i64),
        name!(students_p, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let alpha = required(alpha, "alpha");
    let (expected, conditions) = (weights(&expected), names(&conditions, "conditions"));
    let row = sketch.map(|bytes| {
        or_raise(integrity::srm_of_sketch(
            &read(bytes).assigned(),
            expected.as_deref(),
            conditions.as_deref(),
            alpha,
        ))
    });
    TableIterator::new(row.into_iter().map(|r| {
        let c = r.clusters;
        let verdict = word(&c);
        (
            r.conditions,
            r.observed.into_iter().map(count).collect(),
            c.expected,
            count(c.n),
            c.chi2,
            count(c.df),
            c.p_value,
            c.p_exact,
            verdict,
            count(r.students),
            r.students_p,
            c.notes,
        )
    }))
}

type StratumRow = (
    String,
    Option<String>,
    Vec<String>,
    Vec<i64>,
    Vec<f64>,
    i64,
    Option<f64>,
    i64,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<String>,
    Vec<String>,
);

fn stratum_row(r: StratumSrm) -> StratumRow {
    let (scope, stratum) = match r.scope {
        Scope::Stratum(name) => ("stratum", name),
        Scope::Combined => ("combined", None),
    };
    let verdict = word(&r.srm);
    (
        scope.to_owned(),
        stratum,
        r.conditions,
        r.observed.into_iter().map(count).collect(),
        r.srm.expected,
        count(r.srm.n),
        r.srm.chi2,
        count(r.srm.df),
        r.srm.p_value,
        r.srm.p_exact,
        r.p_holm,
        verdict,
        r.srm.notes,
    )
}

/// `srm_by_stratum(strata, conditions, observed, expected, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn srm_by_stratum(
    strata: Texts<'_>,
    conditions: Texts<'_>,
    observed: Counts<'_>,
    expected: Reals<'_>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(scope, String),
        name!(stratum, Option<String>),
        name!(conditions, Vec<String>),
        name!(observed, Vec<i64>),
        name!(expected, Vec<f64>),
        name!(n, i64),
        name!(chi2, Option<f64>),
        name!(df, i64),
        name!(p_value, Option<f64>),
        name!(p_exact, Option<f64>),
        name!(p_holm, Option<f64>),
        name!(verdict, Option<String>),
        name!(notes, Vec<String>),
    ),
> {
    let alpha = required(alpha, "alpha");
    let rows = or_raise(integrity::srm_by_stratum(
        &optional_owned(&optional_texts(given(&strata, "strata"), "strata")),
        &owned(&texts(given(&conditions, "conditions"), "conditions")),
        &counts(&observed, "observed"),
        weights(&expected).as_deref(),
        alpha,
    ));
    TableIterator::new(rows.into_iter().map(stratum_row))
}

/// `srm_blocked(strata, conditions, assigned, observed, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn srm_blocked(
    strata: Texts<'_>,
    conditions: Texts<'_>,
    assigned: Counts<'_>,
    observed: Counts<'_>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(scope, String),
        name!(stratum, Option<String>),
        name!(conditions, Vec<String>),
        name!(observed, Vec<i64>),
        name!(expected, Vec<f64>),
        name!(n, i64),
        name!(chi2, Option<f64>),
        name!(df, i64),
        name!(p_value, Option<f64>),
        name!(p_exact, Option<f64>),
        name!(p_holm, Option<f64>),
        name!(verdict, Option<String>),
        name!(notes, Vec<String>),
    ),
> {
    let alpha = required(alpha, "alpha");
    let rows = or_raise(integrity::srm_blocked(
        &optional_owned(&optional_texts(given(&strata, "strata"), "strata")),
        &owned(&texts(given(&conditions, "conditions"), "conditions")),
        &counts(&assigned, "assigned"),
        &counts(&observed, "observed"),
        alpha,
    ));
    TableIterator::new(rows.into_iter().map(stratum_row))
}

/// `srm_sequential(observed, expected, k, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn srm_sequential(
    observed: Counts<'_>,
    expected: Reals<'_>,
    k: Option<f64>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(n, i64),
        name!(log_e, Option<f64>),
        name!(e_value, Option<f64>),
        name!(p_value, f64),
        name!(alarm, bool),
        name!(notes, Vec<String>),
    ),
> {
    let (k, alpha) = (required(k, "k"), required(alpha, "alpha"));
    let l = or_raise(integrity::srm_sequential(
        &counts(&observed, "observed"),
        weights(&expected).as_deref(),
        k,
        alpha,
    ));
    TableIterator::once((count(l.n), l.log_e, l.e_value, l.p_value, l.alarm, l.notes))
}

/// `srm_looks(observed, arms, expected, k, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn srm_looks(
    observed: Counts<'_>,
    arms: Option<i32>,
    expected: Reals<'_>,
    k: Option<f64>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(look, i64),
        name!(n, i64),
        name!(log_e, Option<f64>),
        name!(e_value, Option<f64>),
        name!(p_value, f64),
        name!(p_running, f64),
        name!(alarm, bool),
        name!(notes, Vec<String>),
    ),
> {
    let (k, alpha) = (required(k, "k"), required(alpha, "alpha"));
    let arms = usize::try_from(required(arms, "arms")).unwrap_or(0);
    let rows = or_raise(integrity::srm_looks(
        &counts(&observed, "observed"),
        arms,
        weights(&expected).as_deref(),
        k,
        alpha,
    ));
    TableIterator::new((1..).zip(rows).map(|(look, l)| {
        (
            look,
            count(l.n),
            l.log_e,
            l.e_value,
            l.p_value,
            l.p_running,
            l.alarm,
            l.notes,
        )
    }))
}
