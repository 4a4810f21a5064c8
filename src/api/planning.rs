//! The design effect, and in submodules what else is asked before the start.

mod duration;
mod power;
mod roster;
mod trial;

use super::sketch::row_of;
use crate::pg::array::{complete, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::planning::{self, DesignEffect};
use rct_core::pulse;
use rct_core::variance::Within;
use rct_core::words::Word;

/// `design_effect(sketch, within)`
#[pg_extern(sql = false)]
fn design_effect(
    sketch: Option<&[u8]>,
    within: Option<&str>,
    outcome: Option<&str>,
) -> Rows<DesignEffect> {
    let within = or_raise(Within::from_word(required(within, "within")));
    row_of(sketch, outcome, None, |view| {
        planning::design_effect(view, within)
    })
}

/// `design_effect(icc, sizes, cv_weights)`
#[pg_extern(sql = false)]
fn design_effect_sizes(icc: f64, sizes: Array<'_, i32>, cv_weights: f64) -> f64 {
    let sizes = numbers(&sizes, "sizes");
    or_raise(planning::design_effect_of_sizes(icc, &sizes, cv_weights))
}

/// `design_effect(icc, cluster_size, cv_size, cv_weights)`
#[pg_extern(sql = false)]
fn design_effect_mean(icc: f64, cluster_size: f64, cv_size: f64, cv_weights: f64) -> f64 {
    or_raise(planning::design_effect_of_mean(
        icc,
        cluster_size,
        cv_size,
        cv_weights,
    ))
}

/// Whole numbers to calculate with.
fn numbers(array: &Array<'_, i32>, argument: &'static str) -> Vec<f64> {
    let whole = complete(array, argument);
    let mut numbers = pulse::vector(whole.len());
    numbers.extend(whole.into_iter().map(f64::from));
    numbers
}
