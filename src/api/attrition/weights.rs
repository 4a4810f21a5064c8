//! Weights by cells.

use crate::api::sketch::{count, rows_of, uuid_of};
use pgrx::datum::Uuid;
use pgrx::prelude::*;
use rct_core::attrition;
use rct_core::sketch::Key;

/// `response_weights(sketch, cap)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn response_weights(
    sketch: Option<&[u8]>,
    cap: Option<f64>,
    outcome: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(stratum, Option<Uuid>),
        name!(n, i64),
        name!(observed, i64),
        name!(response_rate, f64),
        name!(weight, Option<f64>),
        name!(stabilized, Option<f64>),
        name!(capped, bool),
        name!(largest, Option<f64>),
        name!(n_effective, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let rows = rows_of(sketch, outcome, None, |view| {
        attrition::response_weights(view, cap)
    });
    TableIterator::new(rows.into_iter().map(|w| {
        (
            w.condition,
            (w.stratum != Key::NONE).then(|| uuid_of(w.stratum)),
            count(w.n),
            count(w.observed),
            w.response_rate,
            w.weight,
            w.stabilized,
            w.capped,
            w.largest,
            w.n_effective,
            w.notes,
        )
    }))
}
