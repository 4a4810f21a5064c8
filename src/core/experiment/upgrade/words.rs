//! The words of UpGrade, and ours.

use super::super::error::{ExperimentError, invalid};
use super::super::words::{Consistency, FilterMode, Order, Unit};

/// The error for a word that UpGrade does not have.
pub(super) fn unknown(field: &str, word: &str, offered: &[&str]) -> ExperimentError {
    let all: Vec<String> = offered.iter().map(|w| format!("{w:?}")).collect();
    invalid(
        field,
        format!("must be one of {}, got {word:?}", all.join(", ")),
        "Export the experiment with UpGrade 6.",
    )
}

fn find<T: Copy>(field: &str, word: &str, table: &[(&str, T)]) -> Result<T, ExperimentError> {
    let found = table.iter().find(|(theirs, _)| *theirs == word);
    found.map(|(_, ours)| *ours).ok_or_else(|| {
        let offered: Vec<&str> = table.iter().map(|(theirs, _)| *theirs).collect();
        unknown(field, word, &offered)
    })
}

pub(super) fn unit(word: &str) -> Result<Unit, ExperimentError> {
    let table = [
        ("individual", Unit::Individual),
        ("group", Unit::Group),
        ("within-subjects", Unit::WithinSubjects),
    ];
    find("assignmentUnit", word, &table)
}

pub(super) fn consistency(word: &str) -> Result<Consistency, ExperimentError> {
    let table = [
        ("individual", Consistency::Individual),
        ("group", Consistency::Group),
        ("experiment", Consistency::Experiment),
    ];
    find("consistencyRule", word, &table)
}

pub(super) fn filter_mode(word: &str) -> Result<FilterMode, ExperimentError> {
    let table = [
        ("includeAll", FilterMode::IncludeAll),
        ("excludeAll", FilterMode::ExcludeAll),
    ];
    find("filterMode", word, &table)
}

/// Only designs within users have an order.
pub(super) fn order(word: Option<&str>) -> Result<Order, ExperimentError> {
    let table = [
        ("ordered round robin", Order::Ordered),
        ("random", Order::Random),
        ("random round robin", Order::RandomRoundRobin),
    ];
    match word.filter(|word| !word.is_empty()) {
        Some(word) => find("conditionOrder", word, &table),
        None => Ok(Order::Ordered),
    }
}
