//! Baselines, and patterns that cannot be.

use super::{names as names_of, weights};
use crate::api::sketch::{present, rows_of};
use crate::pg::array::{Reals, Texts, required, short};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::finding::Finding;
use rct_core::integrity::{self, Balance, BalanceJoint};
use rct_core::regression::Strata;
use rct_core::words::Word;

/// `balance(sketch, control, names, strata)`
#[pg_extern(sql = false)]
fn balance(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    strata: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Balance> {
    let control = required(control, "control");
    let strata = or_raise(Strata::from_word(required(strata, "strata")));
    rows_of(sketch, outcome, covariates, |view| {
        integrity::balance(view, control, strata)
    })
}

/// `balance_joint(sketch, control, strata)`
#[pg_extern(sql = false)]
fn balance_joint(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    strata: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<BalanceJoint> {
    let control = required(control, "control");
    let strata = or_raise(Strata::from_word(required(strata, "strata")));
    rows_of(sketch, outcome, covariates, |view| {
        integrity::balance_joint(view, control, strata)
    })
}

/// `impossible_patterns(sketch, control, conditions, expected)`
#[pg_extern(sql = false)]
fn impossible_patterns(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    conditions: Texts<'_>,
    expected: Reals<'_>,
) -> Rows<Finding> {
    let control = control.map(|c| short(c, "control"));
    let (conditions, expected) = (names_of(&conditions, "conditions"), weights(&expected));
    let Some(sketch) = present(sketch) else {
        return Rows::new(None);
    };
    Rows::new(or_raise(integrity::impossible_patterns(
        &sketch.assigned(),
        control,
        conditions.as_deref(),
        expected.as_deref(),
    )))
}
