//! Definitions of experiments: documents in, documents out. Rows and their locks are in SQL.

use crate::pg::array::complete;
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::experiment;
use rct_core::finding::Finding;

/// `experiment_normalize(spec)`: `{"spec": .., "lists": ..}`
#[pg_extern(sql = false)]
fn experiment_normalize(spec: &str) -> String {
    or_raise(experiment::normalized(spec))
}

/// `experiment_patch(spec, patch)`
#[pg_extern(sql = false)]
fn experiment_patch(spec: &str, patch: &str) -> String {
    or_raise(experiment::patched(spec, patch))
}

/// `experiment_rename(spec, key)`
#[pg_extern(sql = false)]
fn experiment_rename(spec: &str, key: &str) -> String {
    or_raise(experiment::renamed(spec, key))
}

/// `experiment_check_change(old, new, status)`
#[pg_extern(sql = false)]
fn experiment_check_change(old: &str, new: &str, status: &str) {
    let status = or_raise(experiment::read_status("status", status));
    let (old, _) = or_raise(experiment::Spec::parse(old));
    let (new, _) = or_raise(experiment::Spec::parse(new));
    or_raise(experiment::check_change(&old, &new, status));
}

/// `experiment_check_status(from, to)`
#[pg_extern(sql = false)]
fn experiment_check_status(from: &str, to: &str) {
    let from = or_raise(experiment::read_status("status", from));
    let to = or_raise(experiment::read_status("status", to));
    or_raise(experiment::check_status(from, to));
}

/// `experiment_preflight(spec, status)`
#[pg_extern(sql = false)]
fn experiment_preflight(spec: &str, status: &str) -> Rows<Finding> {
    let status = or_raise(experiment::read_status("status", status));
    let (spec, _) = or_raise(experiment::Spec::parse(spec));
    Rows::new(experiment::preflight(&spec, status))
}

/// `experiment_schema()`
#[pg_extern(sql = false)]
fn experiment_schema() -> String {
    experiment::schema_text()
}

/// `experiment_import_upgrade(document)`: `{"spec": .., "lists": .., "warnings": ..}`
#[pg_extern(sql = false)]
fn experiment_import_upgrade(document: &str) -> String {
    or_raise(experiment::imported(document))
}

/// `experiment_compile(input)`
#[pg_extern(sql = false)]
fn experiment_compile(input: &str) -> Vec<u8> {
    or_raise(experiment::compiled(input))
}

/// `experiment_cycle(edges, parent, child)`: edges are parent, child, parent, child, ...
#[pg_extern(sql = false)]
fn experiment_cycle(edges: Array<'_, i64>, parent: i64, child: i64) -> Option<Vec<i64>> {
    let flat = complete(&edges, "edges");
    experiment::cycle(&or_raise(experiment::edges(&flat)), parent, child)
}

/// `members_normalize(members)`
#[pg_extern(sql = false)]
fn members_normalize(members: &str) -> String {
    or_raise(experiment::normalized_members(members))
}

/// `_effective_status(status, starts_at, ends_at, at)`; times are microseconds since 2000, as in a timestamptz
#[pg_extern(sql = false)]
fn experiment_effective_status(
    status: Option<&str>,
    starts_at: Option<i64>,
    ends_at: Option<i64>,
    at: Option<i64>,
) -> Option<String> {
    let status = or_raise(experiment::read_status("status", status?));
    let now = rct_core::resolution::effective_status(status, starts_at, ends_at, at?);
    Some(now.word().to_owned())
}
