//! Weights by cells.

use crate::api::sketch::rows_of;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::attrition::{self, ResponseWeight};

/// `response_weights(sketch, cap)`
#[pg_extern(sql = false)]
fn response_weights(
    sketch: Option<&[u8]>,
    cap: Option<f64>,
    outcome: Option<&str>,
) -> Rows<ResponseWeight> {
    rows_of(sketch, outcome, None, |view| {
        attrition::response_weights(view, cap)
    })
}
