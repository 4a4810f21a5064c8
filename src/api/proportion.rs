//! Rates of independent students.

use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::effect::{self, Proportion, TwoProportions};

/// `proportion_interval(x, n, level)`
#[pg_extern(sql = false)]
fn proportion_interval(x: i64, n: i64, level: f64) -> Rows<Proportion> {
    Rows::one(or_raise(effect::proportion_interval(x, n, level)))
}

/// `two_proportions(x1, n1, x0, n0, level)`
#[pg_extern(sql = false)]
fn two_proportions(x1: i64, n1: i64, x0: i64, n0: i64, level: f64) -> Rows<TwoProportions> {
    Rows::one(or_raise(effect::two_proportions(x1, n1, x0, n0, level)))
}

/// `cox_index(rate, rate_control)`
#[pg_extern(sql = false)]
fn cox_index(rate: f64, rate_control: f64) -> Option<f64> {
    or_raise(effect::cox_index(rate, rate_control))
}
