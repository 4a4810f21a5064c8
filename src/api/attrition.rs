//! Missing outcomes: how many here; bounds, weights, the logistic regression and imputations beside it.

mod balance;
mod bounds;
mod imputation;
mod logistic;
mod weights;

use super::sketch::rows_of;
use crate::pg::array::required;
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::attrition::{self, Attrition, Boundaries};

/// `attrition(sketch, control, level)`
#[pg_extern(sql = false)]
fn attrition(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> Rows<Attrition> {
    let control = required(control, "control");
    let level = required(level, "level");
    rows_of(sketch, outcome, None, |view| {
        attrition::attrition(view, control, level)
    })
}

/// `wwc_attrition(overall, differential)`
#[pg_extern(sql = false)]
fn wwc_attrition(overall: f64, differential: f64) -> Rows<Boundaries> {
    Rows::one(or_raise(attrition::boundaries(overall, differential)))
}
