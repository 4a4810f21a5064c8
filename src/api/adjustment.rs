//! Adjusted effects, matched pairs, influence of clusters.

use super::effect::texts;
use super::sketch::{count, rows_of, uuid_of};
use crate::pg::array::{Texts, required};
use crate::pg::error::or_raise;
use pgrx::Uuid;
use pgrx::prelude::*;
use rct_core::effect::{self, Adjust, LEFT_OUT_UNDEFINED, Options, Strata, Word};

fn words(adjust: Option<&str>, strata: Option<&str>) -> (Adjust, Strata) {
    let (adjust, strata) = (required(adjust, "adjust"), required(strata, "strata"));
    (
        or_raise(Adjust::from_word(adjust)),
        or_raise(Strata::from_word(strata)),
    )
}

/// `adjusted_effects(sketch, control, strata, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn adjusted_effects(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    strata: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(method, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(variance_reduction, Option<f64>),
        name!(theta, Option<Vec<Option<f64>>>),
        name!(theta_pooled, Option<Vec<Option<f64>>>),
        name!(n, i64),
        name!(n_control, i64),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(notes, Vec<String>),
    ),
> {
    let (strata, level) = (required(strata, "strata"), required(level, "level"));
    let options = or_raise(Options::from_words("none", strata, "CR2", level));
    let control = required(control, "control");
    let rows = rows_of(sketch, outcome, covariates, |view| {
        effect::adjusted_effects(view, control, options.strata, options.level)
    });
    TableIterator::new(rows.into_iter().map(|r| {
        let notes = r.texts();
        let e = r.effect;
        (
            e.condition,
            e.control,
            r.method.word().to_owned(),
            e.estimate,
            e.std_error,
            e.df,
            e.t,
            e.p_value,
            e.ci_low,
            e.ci_high,
            r.variance_reduction,
            r.theta,
            r.theta_pooled,
            count(e.n.0),
            count(e.n.1),
            count(e.clusters.0),
            count(e.clusters.1),
            notes,
        )
    }))
}

/// `paired_effects(sketch, control, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn paired_effects(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(pairs, i64),
        name!(pairs_left_out, i64),
        name!(n, i64),
        name!(n_control, i64),
        name!(notes, Vec<String>),
    ),
> {
    let (control, level) = (required(control, "control"), required(level, "level"));
    let rows = rows_of(sketch, outcome, None, |view| {
        effect::paired_effects(view, control, level)
    });
    TableIterator::new(rows.into_iter().map(|r| {
        let i = r.inference;
        (
            r.condition,
            r.control,
            i.estimate,
            i.std_error,
            i.df,
            i.t,
            i.p_value,
            i.ci_low,
            i.ci_high,
            count(r.pairs),
            count(r.left_out),
            count(r.n.0),
            count(r.n.1),
            r.notes,
        )
    }))
}

/// `influence(sketch, control, adjust, strata)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn influence(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(cluster, Uuid),
        name!(condition, String),
        name!(n, i64),
        name!(leverage, f64),
        name!(partial_leverage, Option<f64>),
        name!(estimate_without, Option<f64>),
        name!(change, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let (adjust, strata) = words(adjust, strata);
    let control = required(control, "control");
    let rows = rows_of(sketch, outcome, covariates, |view| {
        effect::influence(view, control, adjust, strata)
    });
    TableIterator::new(rows.into_iter().map(|r| {
        let note = r.undefined.then(|| LEFT_OUT_UNDEFINED.to_owned());
        (
            uuid_of(r.cluster),
            r.condition,
            count(r.n),
            r.leverage,
            r.partial_leverage,
            r.estimate_without,
            r.change,
            note.into_iter().collect(),
        )
    }))
}

/// `cluster_diagnostics(sketch, control, adjust, strata)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn cluster_diagnostics(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(estimate, Option<f64>),
        name!(clusters, i64),
        name!(effective_clusters, Option<f64>),
        name!(effective_clusters_independent, Option<f64>),
        name!(leverage_max, Option<f64>),
        name!(leverage_cv, Option<f64>),
        name!(partial_leverage_max, Option<f64>),
        name!(partial_leverage_cv, Option<f64>),
        name!(most_influential, Option<Uuid>),
        name!(estimate_without, Option<f64>),
        name!(se_cr2, Option<f64>),
        name!(df, Option<f64>),
        name!(se_cr3, Option<f64>),
        name!(se_cv3, Option<f64>),
        name!(se_cv3j, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let (adjust, strata) = words(adjust, strata);
    let control = required(control, "control");
    let rows = rows_of(sketch, outcome, covariates, |view| {
        effect::cluster_diagnostics(view, control, adjust, strata)
    });
    TableIterator::new(rows.into_iter().map(|r| {
        (
            r.effect.condition,
            r.effect.control,
            r.effect.estimate,
            count(r.clusters),
            r.effective_clusters,
            r.effective_clusters_independent,
            r.leverage_max,
            r.leverage_cv,
            r.partial_leverage_max,
            r.partial_leverage_cv,
            r.most_influential.map(uuid_of),
            r.estimate_without,
            r.effect.std_error,
            r.effect.df,
            r.se_cr3,
            r.se_cv3,
            r.se_cv3j,
            texts(&r.effect.notes),
        )
    }))
}
