//! Students with and without an outcome, compared.

use crate::api::sketch::rows_of;
use crate::pg::array::{Texts, required};
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::attrition::{self, MissingBalance};

/// `missing_balance(sketch, level)`
#[pg_extern(sql = false)]
fn missing_balance(
    sketch: Option<&[u8]>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<MissingBalance> {
    let level = required(level, "level");
    rows_of(sketch, outcome, covariates, |view| {
        attrition::missing_balance(view, level)
    })
}
