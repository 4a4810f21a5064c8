//! Effects on other scales.

use super::effect::options;
use super::sketch::rows_of;
use crate::pg::array::{Texts, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::effect::{self, CorrectedT, EffectSize, EffectSizeRow, Scale};

/// `effect_sizes(sketch, control, adjust, strata, level, outcome, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn effect_sizes(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<EffectSizeRow> {
    let options = options(adjust, strata, Some("CR2"), level);
    let control = required(control, "control");
    rows_of(sketch, outcome, covariates, |view| {
        effect::effect_sizes(view, control, &options)
    })
}

/// `effect_sizes(estimate, sd, n, n_control, cluster_size, icc, std_error, df, sd_control, level)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn effect_sizes_of_numbers(
    estimate: Option<f64>,
    sd: Option<f64>,
    n: Option<i64>,
    n_control: Option<i64>,
    cluster_size: Option<f64>,
    icc: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    sd_control: Option<f64>,
    level: Option<f64>,
) -> Rows<EffectSize> {
    let scale = Scale {
        sd: required(sd, "sd"),
        sd_control,
        n: (
            required(n, "n") as f64,
            required(n_control, "n_control") as f64,
        ),
        size: required(cluster_size, "cluster_size"),
        icc: required(icc, "icc"),
    };
    let (estimate, level) = (required(estimate, "estimate"), required(level, "level"));
    let sizes = effect::effect_size(&scale, estimate, std_error, df, level);
    Rows::one(or_raise(sizes))
}

/// `wwc_correct_t(t, n, cluster_size, icc)`
#[pg_extern(sql = false)]
fn wwc_correct_t(t: f64, n: i64, cluster_size: f64, icc: f64) -> Rows<CorrectedT> {
    Rows::one(or_raise(effect::wwc_correct_t(
        t,
        n as f64,
        cluster_size,
        icc,
    )))
}
