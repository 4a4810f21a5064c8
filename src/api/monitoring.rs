//! Several tests, and several looks: multiplicity here, looks and margins beside it.

mod looks;
mod margins;

use super::sketch::count;
use crate::pg::array::{Reals, Texts, elements, given, owned, required, short, texts};
use crate::pg::error::or_raise;
use crate::pg::json;
use pgrx::prelude::*;
use rct_core::monitoring::{self, Families, Method};

/// `p_adjust(p, method)`
#[pg_extern(sql = false)]
fn p_adjust(p: Array<'_, f64>, method: &str) -> Vec<Option<f64>> {
    let method = or_raise(Method::from_word("method", short(method, "method")));
    or_raise(monitoring::p_adjust(&elements(&p), method))
}

/// `p_adjust_families(metrics, roles, p, methods, alpha)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn p_adjust_families(
    metrics: Texts<'_>,
    roles: Texts<'_>,
    p: Reals<'_>,
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
        &owned(&texts(given(&metrics, "metrics"), "metrics")),
        &owned(&texts(given(&roles, "roles"), "roles")),
        &elements(given(&p, "p")),
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
