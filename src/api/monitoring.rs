//! Several tests, and several looks: multiplicity here, looks and margins beside it.

mod looks;
mod margins;

use super::assignment::complete;
use super::effect::required;
use super::sketch::count;
use crate::pg::error::or_raise;
use crate::pg::json;
use pgrx::prelude::*;
use rct_core::monitoring::{self, Families, Method};

/// `p_adjust(p, method)`
#[pg_extern(sql = false)]
fn p_adjust(p: Vec<Option<f64>>, method: &str) -> Vec<Option<f64>> {
    let method = or_raise(Method::from_word("method", method));
    or_raise(monitoring::p_adjust(&p, method))
}

/// `p_adjust_families(metrics, roles, p, methods, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn p_adjust_families(
    metrics: Option<Vec<Option<String>>>,
    roles: Option<Vec<Option<String>>>,
    p: Option<Vec<Option<f64>>>,
    methods: Option<pgrx::AnyElement>,
    alpha: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(metric, String),
        name!(role, String),
        name!(p_value, Option<f64>),
        name!(method, &'static str),
        name!(family_size, i64),
        name!(p_adjusted, Option<f64>),
        name!(rejected, Option<bool>),
        name!(notes, Vec<String>),
    ),
> {
    let families = or_raise(Families::with(&json::text(
        required(methods, "methods").datum(),
    )));
    let rows = or_raise(monitoring::p_adjust_families(
        &complete(required(metrics, "metrics"), "metrics"),
        &complete(required(roles, "roles"), "roles"),
        &required(p, "p"),
        &families,
        required(alpha, "alpha"),
    ));
    TableIterator::new(rows.into_iter().map(|m| {
        (
            m.metric,
            m.role,
            m.p_value,
            m.method.word(),
            count(m.family_size as u64),
            m.p_adjusted,
            m.rejected,
            m.notes,
        )
    }))
}
