//! Harm, and margins.

use crate::pg::array::required;
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::monitoring::{self, Direction, Prior};

fn direction(word: Option<&str>) -> Direction {
    or_raise(Direction::from_word(required(word, "direction")))
}

/// `harm_probability(estimate, std_error, sd, df, prior_mean, prior_sd, threshold, direction)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn harm_probability(
    estimate: Option<f64>,
    std_error: Option<f64>,
    sd: Option<f64>,
    df: Option<f64>,
    prior_mean: Option<f64>,
    prior_sd: Option<f64>,
    threshold: Option<f64>,
    direction: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(p_harm, Option<f64>),
        name!(p_above, Option<f64>),
        name!(posterior_mean, Option<f64>),
        name!(posterior_sd, Option<f64>),
        name!(weight, Option<f64>),
        name!(prior_mean, f64),
        name!(prior_sd, f64),
        name!(threshold, f64),
        name!(notes, Vec<String>),
    ),
> {
    let prior = Prior {
        mean: required(prior_mean, "prior_mean"),
        sd: required(prior_sd, "prior_sd"),
        threshold: required(threshold, "threshold"),
    };
    let h = or_raise(monitoring::harm_probability(
        estimate,
        std_error,
        required(sd, "sd"),
        df,
        prior,
        self::direction(direction),
    ));
    TableIterator::once((
        h.p_harm,
        h.p_above,
        h.posterior_mean,
        h.posterior_sd,
        h.weight,
        h.prior_mean,
        h.prior_sd,
        h.threshold,
        h.notes,
    ))
}

/// `non_inferiority(estimate, std_error, df, margin, direction, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn non_inferiority(
    estimate: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    margin: Option<f64>,
    direction: Option<&str>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(verdict, Option<&'static str>),
        name!(worst, Option<f64>),
        name!(best, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(p_tripped, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let n = or_raise(monitoring::non_inferiority(
        estimate,
        std_error,
        df,
        required(margin, "margin"),
        self::direction(direction),
        required(alpha, "alpha"),
    ));
    TableIterator::once((
        n.verdict,
        n.worst,
        n.best,
        n.t,
        n.p_value,
        n.p_tripped,
        n.notes,
    ))
}

/// `equivalence(estimate, std_error, df, margin, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn equivalence(
    estimate: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    margin: Option<f64>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(verdict, Option<&'static str>),
        name!(p_value, Option<f64>),
        name!(p_low, Option<f64>),
        name!(p_high, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let e = or_raise(monitoring::equivalence(
        estimate,
        std_error,
        df,
        required(margin, "margin"),
        required(alpha, "alpha"),
    ));
    TableIterator::once((
        e.verdict, e.p_value, e.p_low, e.p_high, e.ci_low, e.ci_high, e.notes,
    ))
}
