//! Metrics: declaration, what becomes of logged values, and what may be asked.

use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::metric::{self, Definition, Query};

/// `metric_definition(definition)`
#[pg_extern(sql = false)]
fn metric_definition(definition: &str) -> String {
    or_raise(Definition::declared(definition))
}

/// `metric_flatten(metrics, definitions)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn metric_flatten(
    metrics: &str,
    definitions: &str,
) -> TableIterator<
    'static,
    (
        name!(metric, String),
        name!(number, Option<f64>),
        name!(text_value, Option<String>),
        name!(flags, Vec<String>),
    ),
> {
    let flat = or_raise(metric::flatten(metrics, definitions));
    TableIterator::new(flat.into_iter().map(|(name, m)| {
        let flags = m.flags.iter().map(|f| f.word().to_owned()).collect();
        (name, m.number, m.text, flags)
    }))
}

/// `metric_query(definition, operation, reduction, compare, value)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn metric_query(
    definition: Option<&str>,
    operation: Option<&str>,
    reduction: Option<&str>,
    compare: Option<&str>,
    value: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(operation, Option<String>),
        name!(method, String),
        name!(source, String),
        name!(categorical, bool),
        name!(compare, Option<String>),
        name!(number, Option<f64>),
        name!(allowed, Option<Vec<String>>),
    ),
> {
    let definition = definition.map(|text| or_raise(Definition::parse(text)));
    let query = or_raise(Query::new(
        definition.as_ref(),
        operation,
        reduction,
        compare,
        value,
    ));
    TableIterator::once((
        query.operation.map(|o| o.word().to_owned()),
        query.method.word().to_owned(),
        query.source.word().to_owned(),
        query.categorical,
        query.compare.map(|c| c.word().to_owned()),
        query.number,
        query.allowed,
    ))
}
