//! Effects, the joint test, and arms.

use super::sketch::{row_of, rows_of};
use crate::pg::array::{Texts, given, required, texts};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::effect::{self, Arm, Coefficient, Contrast, Effect, JointTest};
use rct_core::note::Entry;
use rct_core::regression::{Options, QuestionError};
use serde::Serialize;

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

/// The same with whose average the effect is.
fn options_of(
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    level: Option<f64>,
    estimand: Option<&str>,
) -> Options {
    let options = options(adjust, strata, se, level);
    or_raise(options.with_estimand(required(estimand, "estimand")))
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
    let options = options_of(adjust, strata, se, level, estimand);
    let control = required(control, "control");
    rows_of(sketch, outcome, covariates, |view| {
        effect::effects(view, control, &options)
    })
}

/// A term of a regression with its covariances.
#[derive(Serialize)]
struct Term {
    #[serde(flatten)]
    term: Coefficient,
    covariance: Vec<Option<f64>>,
}

/// `coefficients(sketch, control, adjust, strata, se, level, estimand, outcome, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn coefficients(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    level: Option<f64>,
    estimand: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Term> {
    let options = options_of(adjust, strata, se, level, estimand);
    let control = required(control, "control");
    rows_of(sketch, outcome, covariates, |view| {
        let found = effect::coefficients(view, control, &options)?;
        let terms = found.terms.into_iter().zip(found.covariance);
        Ok::<_, QuestionError>(
            terms
                .map(|(term, covariance)| Term { term, covariance })
                .collect(),
        )
    })
}

/// `contrasts(sketch, control, hypotheses, adjust, strata, se, level, estimand, outcome, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn contrasts(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    hypotheses: Texts<'_>,
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    level: Option<f64>,
    estimand: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Contrast> {
    let options = options_of(adjust, strata, se, level, estimand);
    let control = required(control, "control");
    let hypotheses = texts(given(&hypotheses, "hypotheses"), "hypotheses");
    rows_of(sketch, outcome, covariates, |view| {
        effect::contrasts(view, control, &hypotheses, &options)
    })
}

/// `joint_test(sketch, control, hypotheses, adjust, strata, se, estimand, outcome, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn joint_test(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    hypotheses: Texts<'_>,
    adjust: Option<&str>,
    strata: Option<&str>,
    se: Option<&str>,
    estimand: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<JointTest> {
    let options = options_of(adjust, strata, se, Some(0.95), estimand);
    let control = required(control, "control");
    let hypotheses = hypotheses.as_ref().map(|h| texts(h, "hypotheses"));
    row_of(sketch, outcome, covariates, |view| {
        effect::joint_test(view, control, hypotheses.as_deref(), &options)
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
