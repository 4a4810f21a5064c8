//! Several tests at once.

use crate::pg::array::{Reals, Texts, elements, given, owned, required, short, texts};
use crate::pg::error::or_raise;
use crate::pg::json;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::distribution::alpha_of;
use rct_core::multiplicity::{self, Families, Member, Method};

/// `p_adjust(p, method)`
#[pg_extern(sql = false)]
fn p_adjust(p: Array<'_, f64>, method: &str) -> Vec<Option<f64>> {
    let method = or_raise(Method::from_word("method", short(method, "method")));
    or_raise(multiplicity::p_adjust(&elements(&p), method))
}

/// `p_adjust_families(metrics, roles, p, methods, level)`
#[pg_extern(sql = false)]
fn p_adjust_families(
    metrics: Texts<'_>,
    roles: Texts<'_>,
    p: Reals<'_>,
    methods: Option<pgrx::AnyElement>,
    level: Option<f64>,
) -> Rows<Member> {
    let families = or_raise(Families::with(&json::text(
        required(methods, "methods").datum(),
    )));
    Rows::new(or_raise(multiplicity::p_adjust_families(
        &owned(&texts(given(&metrics, "metrics"), "metrics")),
        &owned(&texts(given(&roles, "roles"), "roles")),
        &elements(given(&p, "p")),
        &families,
        alpha_of(required(level, "level")),
    )))
}
