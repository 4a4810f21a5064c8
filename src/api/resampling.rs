//! Inference by resampling: wild cluster bootstrap, randomization test, simultaneous intervals.

use super::effect::options;
use super::sketch::{count, read, rows_of};
use crate::pg::array::{Texts, required, texts};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::Word;
use rct_core::resampling::{self, Draws, Statistic, Weights, WildOptions};

fn draws_of(draws: Option<i32>, seed: Option<&str>) -> Draws {
    or_raise(Draws::new(
        i64::from(required(draws, "draws")),
        required(seed, "seed"),
    ))
}

/// `wild_bootstrap(sketch, control, adjust, strata, draws, weights, null_imposed, se, seed, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn wild_bootstrap(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    draws: Option<i32>,
    weights: Option<&str>,
    null_imposed: Option<bool>,
    se: Option<&str>,
    seed: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(p_strict, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(draws, Option<i64>),
        name!(enumerated, Option<bool>),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(seed, String),
        name!(notes, Vec<String>),
    ),
> {
    let options = WildOptions {
        effect: options(adjust, strata, se, level),
        draws: draws_of(draws, seed),
        weights: or_raise(Weights::from_word(required(weights, "weights"))),
        null_imposed: required(null_imposed, "null_imposed"),
    };
    let control = required(control, "control");
    let rows = rows_of(sketch, outcome, covariates, |view| {
        resampling::wild_bootstrap(view, control, &options)
    });
    let seed = options.draws.seed;
    TableIterator::new(rows.into_iter().map(move |r| {
        (
            r.condition,
            r.control,
            r.estimate,
            r.std_error,
            r.t,
            r.p_value,
            r.p_strict,
            r.ci_low,
            r.ci_high,
            r.draws.map(count),
            r.enumerated,
            count(r.clusters.0),
            count(r.clusters.1),
            seed.clone(),
            r.notes,
        )
    }))
}

/// `randomization_test(sketch, control, adjust, statistic, draws, strata, seed, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn randomization_test(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    statistic: Option<&str>,
    draws: Option<i32>,
    strata: Option<&str>,
    seed: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(p_difference, Option<f64>),
        name!(p_studentized, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(draws, Option<i64>),
        name!(enumerated, Option<bool>),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(seed, String),
        name!(notes, Vec<String>),
    ),
> {
    let options = options(adjust, strata, Some("CR0"), level);
    let statistic = or_raise(Statistic::from_word(required(statistic, "statistic")));
    let draws = draws_of(draws, seed);
    let control = required(control, "control");
    let rows = rows_of(sketch, outcome, covariates, |view| {
        resampling::randomization_test(view, control, &options, statistic, &draws)
    });
    TableIterator::new(rows.into_iter().map(move |r| {
        (
            r.condition,
            r.control,
            r.estimate,
            r.std_error,
            r.t,
            r.p_value,
            r.p_difference,
            r.p_studentized,
            r.ci_low,
            r.ci_high,
            r.draws.map(count),
            r.enumerated,
            count(r.clusters.0),
            count(r.clusters.1),
            draws.seed.clone(),
            r.notes,
        )
    }))
}

/// `simultaneous_intervals(sketch, control, adjust, strata, draws, seed, level, outcomes, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn simultaneous_intervals(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    draws: Option<i32>,
    seed: Option<&str>,
    level: Option<f64>,
    outcomes: Texts<'_>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(outcome, String),
        name!(condition, String),
        name!(control, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(p_adjusted, Option<f64>),
        name!(critical, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(draws, i64),
        name!(seed, String),
        name!(notes, Vec<String>),
    ),
> {
    let options = options(adjust, strata, Some("CR2"), level);
    let draws = draws_of(draws, seed);
    let control = required(control, "control");
    let rows = sketch.map_or_else(Vec::new, |bytes| {
        let sketch = read(bytes);
        let outcomes = outcomes.as_ref().map(|names| texts(names, "outcomes"));
        let covariates = covariates.as_ref().map(|names| texts(names, "covariates"));
        let views = or_raise(sketch.views(outcomes.as_deref(), covariates.as_deref()));
        or_raise(resampling::simultaneous_intervals(
            &views, control, &options, &draws,
        ))
    });
    TableIterator::new(rows.into_iter().map(move |r| {
        (
            r.outcome,
            r.effect.condition,
            r.effect.control,
            r.effect.estimate,
            r.effect.std_error,
            r.effect.df,
            r.effect.t,
            r.effect.p_value,
            r.p_adjusted,
            r.critical,
            r.ci_low,
            r.ci_high,
            count(r.effect.clusters.0),
            count(r.effect.clusters.1),
            count(draws.count),
            draws.seed.clone(),
            r.notes,
        )
    }))
}
