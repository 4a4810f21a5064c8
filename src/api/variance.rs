//! Variance between clusters and within them.

use super::sketch::row_of;
use crate::pg::array::{Texts, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::regression::Adjust;
use rct_core::variance::{self, Components, Icc, Within};
use rct_core::words::Word;

/// `icc(sketch, within, level, adjust)`
#[pg_extern(sql = false)]
fn icc(
    sketch: Option<&[u8]>,
    within: Option<&str>,
    level: Option<f64>,
    adjust: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Icc> {
    let within = or_raise(Within::from_word(required(within, "within")));
    let level = required(level, "level");
    let adjust = or_raise(Adjust::from_word(required(adjust, "adjust")));
    row_of(sketch, outcome, covariates, |view| {
        variance::icc_adjusted(view, within, level, adjust)
    })
}

/// `variance_components(sketch, within)`
#[pg_extern(sql = false)]
fn variance_components(
    sketch: Option<&[u8]>,
    within: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Components> {
    let within = or_raise(Within::from_word(required(within, "within")));
    row_of(sketch, outcome, covariates, |view| {
        variance::variance_components(view, within)
    })
}
