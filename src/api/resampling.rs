//! Inference by resampling: wild cluster bootstrap, randomization test, simultaneous intervals.

use super::effect::options;
use super::sketch::{present, rows_of};
use crate::pg::array::{Texts, required, texts};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::resampling::{
    self, Draws, RandomizationTest, Simultaneous, Statistic, Weights, WildBootstrap, WildOptions,
};
use rct_core::words::Word;

fn draws_of(draws: Option<i32>, seed: Option<&str>) -> Draws {
    or_raise(Draws::new(
        i64::from(required(draws, "draws")),
        required(seed, "seed"),
    ))
}

/// `wild_bootstrap(sketch, control, seed, adjust, strata, draws, weights, null_imposed, single_cluster, se, level, …)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn wild_bootstrap(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    seed: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    draws: Option<i32>,
    weights: Option<&str>,
    null_imposed: Option<bool>,
    single_cluster: Option<bool>,
    se: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<WildBootstrap> {
    let options = WildOptions {
        effect: options(adjust, strata, se, level),
        draws: draws_of(draws, seed),
        weights: or_raise(Weights::from_word(required(weights, "weights"))),
        null_imposed: required(null_imposed, "null_imposed"),
        single_cluster: required(single_cluster, "single_cluster"),
    };
    let control = required(control, "control");
    rows_of(sketch, outcome, covariates, |view| {
        resampling::wild_bootstrap(view, control, &options)
    })
}

/// `randomization_test(sketch, control, seed, adjust, statistic, draws, strata, level, …)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn randomization_test(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    seed: Option<&str>,
    adjust: Option<&str>,
    statistic: Option<&str>,
    draws: Option<i32>,
    strata: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<RandomizationTest> {
    let options = options(adjust, strata, Some("CR0"), level);
    let statistic = or_raise(Statistic::from_word(required(statistic, "statistic")));
    let draws = draws_of(draws, seed);
    let control = required(control, "control");
    rows_of(sketch, outcome, covariates, |view| {
        resampling::randomization_test(view, control, &options, statistic, &draws)
    })
}

/// `simultaneous_intervals(sketch, control, seed, adjust, strata, draws, level, outcomes, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn simultaneous_intervals(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    seed: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    draws: Option<i32>,
    level: Option<f64>,
    outcomes: Texts<'_>,
    covariates: Texts<'_>,
) -> Rows<Simultaneous> {
    let options = options(adjust, strata, Some("CR2"), level);
    let draws = draws_of(draws, seed);
    let control = required(control, "control");
    let Some(sketch) = present(sketch) else {
        return Rows::new(None);
    };
    let outcomes = outcomes.as_ref().map(|names| texts(names, "outcomes"));
    let covariates = covariates.as_ref().map(|names| texts(names, "covariates"));
    let views = or_raise(sketch.views(outcomes.as_deref(), covariates.as_deref()));
    Rows::new(or_raise(resampling::simultaneous_intervals(
        &views, control, &options, &draws,
    )))
}
