//! Effects, the joint test, and arms.

use super::sketch::{row_of, rows_of};
use crate::pg::array::{Texts, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::effect::{self, Arm, Effect, JointTest, Options};
use rct_core::note::Entry;

/// The words of a call.
pub fn options(
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    level: Option<f64>,
) -> Options {
    or_raise(Options::from_words(
        required(adjust, "adjust"),
        required(strata, "strata"),
        required(se, "se"),
        required(level, "level"),
    ))
}

/// `effects(sketch, control, adjust, strata, se, level, estimand, outcome, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn effects(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    level: Option<f64>,
    estimand: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Effect> {
    let options = options(adjust, strata, se, level);
    let options = or_raise(options.with_estimand(required(estimand, "estimand")));
    let control = required(control, "control");
    rows_of(sketch, outcome, covariates, |view| {
        effect::effects(view, control, &options)
    })
}

/// `effects_joint(sketch, control, adjust, strata, se, estimand, outcome, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn effects_joint(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    estimand: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<JointTest> {
    let options = options(adjust, strata, se, Some(0.95));
    let options = or_raise(options.with_estimand(required(estimand, "estimand")));
    let control = required(control, "control");
    row_of(sketch, outcome, covariates, |view| {
        effect::effects_joint(view, control, &options)
    })
}

/// `arms(sketch, outcome)`
#[pg_extern(sql = false)]
fn arms(sketch: Option<&[u8]>, outcome: Option<&str>) -> Rows<Arm> {
    rows_of(sketch, outcome, None, effect::arms)
}

/// `notes()`
#[pg_extern(sql = false)]
fn notes() -> Rows<Entry> {
    Rows::new(rct_core::note::registry())
}
