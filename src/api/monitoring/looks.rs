//! Looks while a trial is running.

use crate::api::sketch::count;
use crate::pg::array::{Counts, Reals, complete, elements, given, required};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::monitoring::{self, Convention, Looks, Sides, Spending};

fn plan(
    information: Reals<'_>,
    alpha: Option<f64>,
    sided: Option<i32>,
    spending: Option<&str>,
    convention: Option<&str>,
    last: Option<bool>,
) -> Looks {
    Looks {
        information: complete(given(&information, "information"), "information"),
        alpha: required(alpha, "alpha"),
        sides: or_raise(Sides::of(required(sided, "sided"))),
        spending: or_raise(Spending::from_word(required(spending, "spending"))),
        convention: or_raise(Convention::from_word(required(convention, "convention"))),
        last: required(last, "final"),
    }
}

/// `sequential_bounds(information, alpha, sided, spending, convention, df, final)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn sequential_bounds(
    information: Reals<'_>,
    alpha: Option<f64>,
    sided: Option<i32>,
    spending: Option<&str>,
    convention: Option<&str>,
    df: Reals<'_>,
    last: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(look, i64),
        name!(information, f64),
        name!(cumulative_alpha, f64),
        name!(increment, f64),
        name!(z, Option<f64>),
        name!(nominal_p, Option<f64>),
        name!(t_bound, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let looks = plan(information, alpha, sided, spending, convention, last);
    let df = df.as_ref().map(elements);
    let rows = or_raise(monitoring::sequential_bounds(&looks, df.as_deref()));
    TableIterator::new(rows.into_iter().map(|b| {
        (
            count(b.look as u64),
            b.information,
            b.cumulative_alpha,
            b.increment,
            b.z,
            b.nominal_p,
            b.t_bound,
            b.notes,
        )
    }))
}

/// `sequential_test(estimates, std_errors, information, df, alpha, sided, spending, convention, final)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn sequential_test(
    estimates: Reals<'_>,
    std_errors: Reals<'_>,
    information: Reals<'_>,
    df: Reals<'_>,
    alpha: Option<f64>,
    sided: Option<i32>,
    spending: Option<&str>,
    convention: Option<&str>,
    last: Option<bool>,
) -> TableIterator<
    'static,
    (
        name!(look, i64),
        name!(information, f64),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(statistic, Option<f64>),
        name!(bound, Option<f64>),
        name!(p_value, Option<f64>),
        name!(nominal_p, Option<f64>),
        name!(crossed, Option<bool>),
        name!(decision, Option<&'static str>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let estimates = elements(given(&estimates, "estimates"));
    let std_errors = elements(given(&std_errors, "std_errors"));
    let df = df.as_ref().map(elements);
    let looks = plan(information, alpha, sided, spending, convention, last);
    let rows = or_raise(monitoring::sequential_test(
        &estimates,
        &std_errors,
        df.as_deref(),
        &looks,
    ));
    TableIterator::new(rows.into_iter().map(|l| {
        (
            count(l.bound.look as u64),
            l.bound.information,
            l.estimate,
            l.std_error,
            l.statistic,
            l.critical,
            l.p_value,
            l.bound.nominal_p,
            l.crossed,
            l.decision,
            l.ci_low,
            l.ci_high,
            l.bound.notes,
        )
    }))
}

/// `information_fractions(std_errors, final_std_error)`
#[pg_extern(sql = false)]
fn information_fractions(std_errors: Array<'_, f64>, final_std_error: f64) -> Vec<Option<f64>> {
    or_raise(monitoring::information_fractions(
        &elements(&std_errors),
        final_std_error,
    ))
}

/// `confidence_sequence(estimate, std_error, clusters, planned_clusters, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn confidence_sequence(
    estimate: Option<f64>,
    std_error: Option<f64>,
    clusters: Option<i64>,
    planned_clusters: Option<i64>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(p_value, Option<f64>),
        name!(halfwidth, Option<f64>),
        name!(multiplier, Option<f64>),
        name!(rho, f64),
        name!(notes, Vec<String>),
    ),
> {
    let c = or_raise(monitoring::confidence_sequence(
        estimate,
        std_error,
        clusters,
        required(planned_clusters, "planned_clusters"),
        required(alpha, "alpha"),
    ));
    TableIterator::once((
        c.low,
        c.high,
        c.p_value,
        c.halfwidth,
        c.multiplier,
        c.rho,
        c.notes,
    ))
}

/// `confidence_sequence_looks(estimates, std_errors, clusters, planned_clusters, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn confidence_sequence_looks(
    estimates: Reals<'_>,
    std_errors: Reals<'_>,
    clusters: Counts<'_>,
    planned_clusters: Option<i64>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(look, i64),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(p_value, Option<f64>),
        name!(running_low, Option<f64>),
        name!(running_high, Option<f64>),
        name!(running_p, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let rows = or_raise(monitoring::confidence_sequences(
        &elements(given(&estimates, "estimates")),
        &elements(given(&std_errors, "std_errors")),
        &elements(given(&clusters, "clusters")),
        required(planned_clusters, "planned_clusters"),
        required(alpha, "alpha"),
    ));
    TableIterator::new(rows.into_iter().map(|r| {
        (
            count(r.look as u64),
            r.alone.low,
            r.alone.high,
            r.alone.p_value,
            r.low,
            r.high,
            r.p_value,
            r.alone.notes,
        )
    }))
}
