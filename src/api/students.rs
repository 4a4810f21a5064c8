//! Effects where students are the units.

use super::sketch::{count, rows_of};
use crate::pg::array::{Texts, required};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::{self, Strata, StudentAdjust, Word};

/// `student_effects(sketch, control, adjust, strata, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn student_effects(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
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
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(strata, i64),
        name!(mean, Option<f64>),
        name!(mean_control, Option<f64>),
        name!(sd, Option<f64>),
        name!(sd_control, Option<f64>),
        name!(hedges_g, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let adjust = or_raise(StudentAdjust::from_word(required(adjust, "adjust")));
    let strata = or_raise(Strata::from_word(required(strata, "strata")));
    let (control, level) = (
        required(control, "control").to_owned(),
        required(level, "level"),
    );
    let rows = rows_of(sketch, outcome, covariates, |view| {
        effect::student_effects(view, &control, adjust, strata, level)
    });
    TableIterator::new(rows.into_iter().map(move |e| {
        let i = e.inference;
        (
            e.condition,
            control.clone(),
            i.estimate,
            i.std_error,
            i.df,
            i.t,
            i.p_value,
            i.ci_low,
            i.ci_high,
            count(e.n.0),
            count(e.n.1),
            count(e.strata),
            e.mean.0,
            e.mean.1,
            e.sd.0,
            e.sd.1,
            e.hedges_g,
            e.notes,
        )
    }))
}
