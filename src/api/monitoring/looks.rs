//! Looks while a trial is running.

use crate::pg::array::{Counts, Reals, complete, elements, given, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::distribution::alpha_of;
use rct_core::monitoring::{
    self, ConfidenceSequence, Convention, LookBound, LookTest, Looks, RunningSequence, Sides,
    Spending,
};

fn plan(
    information: Reals<'_>,
    level: Option<f64>,
    sided: Option<i32>,
    spending: Option<&str>,
    convention: Option<&str>,
    last: Option<bool>,
) -> Looks {
    Looks {
        information: complete(given(&information, "information"), "information"),
        alpha: alpha_of(required(level, "level")),
        sides: or_raise(Sides::of(required(sided, "sided"))),
        spending: or_raise(Spending::from_word(required(spending, "spending"))),
        convention: or_raise(Convention::from_word(required(convention, "convention"))),
        last: required(last, "final"),
    }
}

/// `sequential_bounds(information, level, sided, spending, convention, df, final)`
#[pg_extern(sql = false)]
fn sequential_bounds(
    information: Reals<'_>,
    level: Option<f64>,
    sided: Option<i32>,
    spending: Option<&str>,
    convention: Option<&str>,
    df: Reals<'_>,
    last: Option<bool>,
) -> Rows<LookBound> {
    let looks = plan(information, level, sided, spending, convention, last);
    let df = df.as_ref().map(elements);
    Rows::new(or_raise(monitoring::sequential_bounds(
        &looks,
        df.as_deref(),
    )))
}

/// `sequential_test(estimates, std_errors, information, df, level, sided, spending, convention, final)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn sequential_test(
    estimates: Reals<'_>,
    std_errors: Reals<'_>,
    information: Reals<'_>,
    df: Reals<'_>,
    level: Option<f64>,
    sided: Option<i32>,
    spending: Option<&str>,
    convention: Option<&str>,
    last: Option<bool>,
) -> Rows<LookTest> {
    let estimates = elements(given(&estimates, "estimates"));
    let std_errors = elements(given(&std_errors, "std_errors"));
    let df = df.as_ref().map(elements);
    let looks = plan(information, level, sided, spending, convention, last);
    Rows::new(or_raise(monitoring::sequential_test(
        &estimates,
        &std_errors,
        df.as_deref(),
        &looks,
    )))
}

/// `information_fractions(std_errors, final_std_error)`
#[pg_extern(sql = false)]
fn information_fractions(std_errors: Array<'_, f64>, final_std_error: f64) -> Vec<Option<f64>> {
    or_raise(monitoring::information_fractions(
        &elements(&std_errors),
        final_std_error,
    ))
}

/// `confidence_sequence(estimate, std_error, clusters, planned_clusters, level)`
#[pg_extern(sql = false)]
fn confidence_sequence(
    estimate: Option<f64>,
    std_error: Option<f64>,
    clusters: Option<i64>,
    planned_clusters: Option<i64>,
    level: Option<f64>,
) -> Rows<ConfidenceSequence> {
    Rows::one(or_raise(monitoring::confidence_sequence(
        estimate,
        std_error,
        clusters,
        required(planned_clusters, "planned_clusters"),
        alpha_of(required(level, "level")),
    )))
}

/// `confidence_sequence_looks(estimates, std_errors, clusters, planned_clusters, level)`
#[pg_extern(sql = false)]
fn confidence_sequence_looks(
    estimates: Reals<'_>,
    std_errors: Reals<'_>,
    clusters: Counts<'_>,
    planned_clusters: Option<i64>,
    level: Option<f64>,
) -> Rows<RunningSequence> {
    Rows::new(or_raise(monitoring::confidence_sequences(
        &elements(given(&estimates, "estimates")),
        &elements(given(&std_errors, "std_errors")),
        &elements(given(&clusters, "clusters")),
        required(planned_clusters, "planned_clusters"),
        alpha_of(required(level, "level")),
    )))
}
