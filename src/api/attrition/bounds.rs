//! Bounds on effects.

use crate::api::quantile;
use crate::api::sketch::{read, rows_of, view};
use crate::pg::array::required;
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::attrition::{self, Bounds, LeeBounds, LeeOptions, Trim};
use rct_core::regression::Strata;
use rct_core::words::Word;

/// `manski_bounds(sketch, control, y_min, y_max, level)`
#[pg_extern(sql = false)]
fn manski_bounds(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    y_min: Option<f64>,
    y_max: Option<f64>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> Rows<Bounds> {
    let control = required(control, "control");
    let least = required(y_min, "y_min");
    let most = required(y_max, "y_max");
    let level = required(level, "level");
    rows_of(sketch, outcome, None, |view| {
        attrition::manski_bounds(view, control, least, most, level)
    })
}

/// `lee_bounds(outcomes, students, control, method, strata, level)`
#[pg_extern(sql = false)]
fn lee_bounds(
    outcomes: Option<&[u8]>,
    students: Option<&[u8]>,
    control: Option<&str>,
    method: Option<&str>,
    strata: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
) -> Rows<LeeBounds> {
    let control = required(control, "control");
    let options = LeeOptions {
        trim: or_raise(Trim::from_word(required(method, "method"))),
        strata: or_raise(Strata::from_word(required(strata, "strata"))),
        level: required(level, "level"),
    };
    let Some((outcomes, students)) = outcomes.zip(students) else {
        return Rows::new(None);
    };
    let students = read(students);
    Rows::new(or_raise(attrition::lee_bounds(
        &mut quantile::read(outcomes),
        &view(&students, outcome, &None),
        control,
        &options,
    )))
}
