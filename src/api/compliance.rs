//! Effects on those who complied.

use super::sketch::{count, rows_of};
use crate::pg::array::{Texts, required, texts};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::{self, CaceOptions};

/// `cace(sketch, control, adjust, strata, exposures, se, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn cace(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    exposures: Texts<'_>,
    se: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control_condition, String),
        name!(exposure, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(first_stage, Option<f64>),
        name!(first_stage_se, Option<f64>),
        name!(first_stage_f, Option<f64>),
        name!(exposure_rate, Option<f64>),
        name!(exposure_rate_control, Option<f64>),
        name!(complier_share, Option<f64>),
        name!(itt, Option<f64>),
        name!(ar_low, Option<f64>),
        name!(ar_high, Option<f64>),
        name!(ar_kind, Option<String>),
        name!(n, i64),
        name!(n_control, i64),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(notes, Vec<String>),
    ),
> {
    let options = or_raise(CaceOptions::from_words(
        required(adjust, "adjust"),
        required(strata, "strata"),
        required(se, "se"),
        required(level, "level"),
    ));
    let control = required(control, "control");
    let exposures = exposures.as_ref().map(|e| texts(e, "exposures"));
    let rows = rows_of(sketch, outcome, covariates, |view| {
        effect::cace(view, control, exposures.as_deref(), &options)
    });
    TableIterator::new(rows.into_iter().map(|c| {
        (
            c.condition,
            c.control,
            c.exposure,
            c.effect.estimate,
            c.effect.std_error,
            c.effect.df,
            c.effect.t,
            c.effect.p_value,
            c.effect.ci_low,
            c.effect.ci_high,
            c.first_stage,
            c.first_stage_se,
            c.first_stage_f,
            c.exposure_rate,
            c.exposure_rate_control,
            c.complier_share,
            c.itt,
            c.ar_low,
            c.ar_high,
            c.ar_kind.map(|k| k.word().to_owned()),
            count(c.n.0),
            count(c.n.1),
            count(c.clusters.0),
            count(c.clusters.1),
            c.notes,
        )
    }))
}
