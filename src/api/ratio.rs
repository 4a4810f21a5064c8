//! Ratio metrics.

use super::sketch::{count, ratios_of};
use crate::pg::array::required;
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::{self, RatioSe, Word};

/// `ratio_effects(sketch, control, se, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn ratio_effects(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    se: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control_condition, String),
        name!(ratio, Option<f64>),
        name!(ratio_control, Option<f64>),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(lift, Option<f64>),
        name!(lift_low, Option<f64>),
        name!(lift_high, Option<f64>),
        name!(denominator, Option<f64>),
        name!(denominator_control, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(notes, Vec<String>),
    ),
> {
    let se = or_raise(RatioSe::from_word(required(se, "se")));
    let (control, level) = (required(control, "control"), required(level, "level"));
    let rows = ratios_of(sketch, outcome, |view| {
        effect::ratio_effects(view, control, se, level)
    });
    TableIterator::new(rows.into_iter().map(|r| {
        (
            r.condition,
            r.control,
            r.ratio.0,
            r.ratio.1,
            r.effect.estimate,
            r.effect.std_error,
            r.effect.df,
            r.effect.t,
            r.effect.p_value,
            r.effect.ci_low,
            r.effect.ci_high,
            r.lift,
            r.lift_low,
            r.lift_high,
            r.denominator.0,
            r.denominator.1,
            count(r.n.0),
            count(r.n.1),
            count(r.clusters.0),
            count(r.clusters.1),
            r.notes,
        )
    }))
}
