//! Harm, and margins.

use crate::pg::array::required;
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::distribution::alpha_of;
use rct_core::monitoring::{self, Direction, Equivalence, Harm, NonInferiority, Prior};

fn direction(word: Option<&str>) -> Direction {
    or_raise(Direction::from_word(required(word, "direction")))
}

/// `harm_probability(estimate, std_error, sd, df, prior_mean, prior_sd, threshold, direction)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn harm_probability(
    estimate: Option<f64>,
    std_error: Option<f64>,
    sd: Option<f64>,
    df: Option<f64>,
    prior_mean: Option<f64>,
    prior_sd: Option<f64>,
    threshold: Option<f64>,
    direction: Option<&str>,
) -> Rows<Harm> {
    let prior = Prior {
        mean: required(prior_mean, "prior_mean"),
        sd: required(prior_sd, "prior_sd"),
        threshold: required(threshold, "threshold"),
    };
    Rows::one(or_raise(monitoring::harm_probability(
        estimate,
        std_error,
        required(sd, "sd"),
        df,
        prior,
        self::direction(direction),
    )))
}

/// `non_inferiority(estimate, std_error, df, margin, direction, level)`
#[pg_extern(sql = false)]
fn non_inferiority(
    estimate: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    margin: Option<f64>,
    direction: Option<&str>,
    level: Option<f64>,
) -> Rows<NonInferiority> {
    Rows::one(or_raise(monitoring::non_inferiority(
        estimate,
        std_error,
        df,
        required(margin, "margin"),
        self::direction(direction),
        alpha_of(required(level, "level")),
    )))
}

/// `equivalence(estimate, std_error, df, margin, level)`
#[pg_extern(sql = false)]
fn equivalence(
    estimate: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    margin: Option<f64>,
    level: Option<f64>,
) -> Rows<Equivalence> {
    Rows::one(or_raise(monitoring::equivalence(
        estimate,
        std_error,
        df,
        required(margin, "margin"),
        alpha_of(required(level, "level")),
    )))
}
