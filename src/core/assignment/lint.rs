//! What is doubtful about a randomization before it is done.

use super::error::AssignmentError;
use super::randomize::{UNKNOWN_STRATUM, duplicates, grouped, without_pair};
use super::sequence::{Rules, Sequences};
use crate::experiment::Algorithm;
use crate::finding::Finding;
use crate::note::Severity;
use crate::pulse;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Expected distance of a condition from its share, as a part of the share, from which on it is told.
const IMBALANCE: f64 = 0.05;

/// Looks for strata with fewer units than conditions, with one condition only, or without units (of those `expected`),
/// for too many strata, for imbalance, and for what [`super::randomize()`] refuses in the units. Errors are those of the
/// rules. Findings are in the order of severity, the whole design before its strata.
pub fn lint_design(
    rules: &Rules<'_>,
    units: &[&str],
    strata: Option<&[Option<&str>]>,
    expected: &[&str],
) -> Result<Vec<Finding>, AssignmentError> {
    let sequences = Sequences::new(rules)?;
    if let Some(strata) = strata
        && strata.len() != units.len()
    {
        return Err(AssignmentError::StratumCount {
            units: units.len(),
            strata: strata.len(),
        });
    }
    let grouped = grouped(units, strata);
    let mut findings = Findings(Vec::new());
    refused(rules, units, strata, &grouped, &mut findings);
    let conditions = sequences.weights.parts().iter().filter(|p| **p > 0).count();
    if rules.method != Algorithm::Pairs {
        small(&sequences, &grouped, conditions, &mut findings);
        whole(
            &sequences,
            units.len(),
            grouped.len(),
            conditions,
            &mut findings,
        );
        if let Some(finding) = imbalance(&sequences, units.len(), &grouped) {
            findings.push(finding);
        }
    }
    for stratum in pulse::each(expected).filter(|s| !grouped.contains_key(*s)) {
        findings.push(Finding {
            severity: Severity::Warning,
            code: "empty_stratum",
            place: Some((*stratum).to_owned()),
            detail: "no unit".to_owned(),
            hint: "Check how strata are spelled and whether units are missing.".to_owned(),
        });
    }
    if strata.is_some_and(|s| s.iter().any(Option::is_none)) && rules.method != Algorithm::Pairs {
        let n = strata.map_or(0, |s| s.iter().filter(|s| s.is_none()).count());
        findings.push(Finding {
            severity: Severity::Info,
            code: "unknown_stratum",
            place: Some(UNKNOWN_STRATUM.to_owned()),
            detail: format!("{} without a stratum", counted(n, "unit")),
            hint: "They are a stratum of their own; complete the roster if they belong to others."
                .to_owned(),
        });
    }
    let Findings(mut findings) = findings;
    pulse::sort_by(&mut findings, |a, b| {
        let order = |f: &Finding| Reverse(f.severity);
        (order(a), &a.place, a.code, &a.detail).cmp(&(order(b), &b.place, b.code, &b.detail))
    });
    findings.dedup();
    Ok(findings)
}

/// What was found so far. There can be as many findings as units.
struct Findings(Vec<Finding>);

impl Findings {
    fn push(&mut self, finding: Finding) {
        pulse::beat();
        pulse::push(&mut self.0, finding);
    }
}

/// A number and its noun.
fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// What a randomization would be refused for.
fn refused(
    rules: &Rules<'_>,
    units: &[&str],
    strata: Option<&[Option<&str>]>,
    grouped: &BTreeMap<&str, Vec<&str>>,
    findings: &mut Findings,
) {
    let mut add = |code, stratum: Option<&str>, detail: String, hint: &str| {
        findings.push(Finding {
            severity: Severity::Error,
            code,
            place: stratum.map(str::to_owned),
            detail,
            hint: hint.to_owned(),
        });
    };
    let twice = duplicates(units);
    for unit in twice {
        let detail = format!("unit \"{unit}\" is given twice");
        add("duplicate_unit", None, detail, "Select each unit once.");
    }
    if rules.method == Algorithm::Pairs {
        if let Some(unit) = without_pair(units, strata) {
            let detail = format!("unit \"{unit}\" has no pair");
            add(
                "no_pair",
                None,
                detail,
                "Give the unit a pair, or leave it out.",
            );
        }
        for (pair, members) in pulse::each(grouped) {
            let known = *pair != UNKNOWN_STRATUM || strata.is_some_and(|s| s.contains(&Some(pair)));
            if known && !members.len().is_multiple_of(2) {
                let detail = counted(members.len(), "unit");
                let hint = "Give the unit that is left over a partner, or leave it out.";
                add("odd_pair", Some(pair), detail, hint);
            }
        }
    }
}

/// Strata that cannot have all conditions.
fn small(
    sequences: &Sequences<'_>,
    grouped: &BTreeMap<&str, Vec<&str>>,
    conditions: usize,
    findings: &mut Findings,
) {
    let finding = |code, stratum: &str, detail: String, hint: &str| Finding {
        severity: Severity::Warning,
        code,
        place: Some(stratum.to_owned()),
        detail,
        hint: hint.to_owned(),
    };
    for (stratum, members) in grouped {
        pulse::beat();
        let n = members.len();
        if sequences
            .expected(n as u64)
            .iter()
            .filter(|c| c.most > 0)
            .count()
            < 2
            || n == 1
        {
            let detail = format!("{} can have only one condition", counted(n, "unit"));
            let hint = "Merge the stratum with a similar one; as it is, it adds nothing to the comparison.";
            findings.push(finding("single_condition", stratum, detail, hint));
        } else if n < conditions {
            let detail = format!("{} for {conditions} conditions", counted(n, "unit"));
            let hint = "Merge the stratum with a similar one; as it is, some conditions are missing from it.";
            findings.push(finding("small_stratum", stratum, detail, hint));
        }
    }
}

/// Whether there are units enough for the conditions, and for so many strata.
fn whole(
    sequences: &Sequences<'_>,
    units: usize,
    strata: usize,
    conditions: usize,
    findings: &mut Findings,
) {
    let finding = |code, detail: String, hint: &str| Finding {
        severity: Severity::Warning,
        code,
        place: None,
        detail,
        hint: hint.to_owned(),
    };
    if units < 2 * conditions {
        let detail = format!("{} for {conditions} conditions", counted(units, "unit"));
        let hint = "With fewer than two units in each condition no standard error can be computed.";
        findings.push(finding("few_units", detail, hint));
    }
    if conditions < sequences.weights.len() {
        let n = sequences.weights.len() - conditions;
        let detail = format!("{} with weight 0", counted(n, "condition"));
        let hint = "Nobody gets such a condition; give it a weight or leave it out.";
        findings.push(finding("zero_weight", detail, hint));
    }
    if strata > 1 && units < 2 * conditions * strata {
        let detail = format!(
            "{} in {} for {conditions} conditions",
            counted(units, "unit"),
            counted(strata, "stratum").replace("stratums", "strata"),
        );
        let hint = "Use fewer strata, so that on average each has two units of each condition; or use pairs.";
        findings.push(finding("too_many_strata", detail, hint));
    }
}

/// How far conditions will be from their shares, over all strata: remainders of strata add up.
fn imbalance(
    sequences: &Sequences<'_>,
    units: usize,
    grouped: &BTreeMap<&str, Vec<&str>>,
) -> Option<Finding> {
    let conditions = sequences.weights.len();
    let (mut bias, mut variance) = (vec![0.0; conditions], vec![0.0; conditions]);
    for members in grouped.values() {
        pulse::beat();
        let expected = sequences.expected(members.len() as u64);
        for ((b, v), e) in bias.iter_mut().zip(variance.iter_mut()).zip(expected) {
            *b += e.mean - e.share;
            *v += e.variance;
        }
    }
    let total = sequences.weights.total() as f64;
    let mut worst: Option<(f64, f64, f64, &str)> = None;
    let parts = sequences.weights.parts().iter();
    for (((part, b), v), code) in parts
        .zip(&bias)
        .zip(&variance)
        .zip(sequences.rules.conditions)
    {
        let share = units as f64 * *part as f64 / total;
        let distance = f64::sqrt(b * b + v);
        if share > 0.0 && worst.is_none_or(|(w, ..)| distance / share > w) {
            worst = Some((distance / share, distance, share, code));
        }
    }
    let (_, distance, share, code) = worst.filter(|(part, ..)| *part > IMBALANCE)?;
    Some(Finding {
        severity: Severity::Info,
        code: "imbalance",
        place: None,
        detail: format!(
            "condition \"{code}\" is expected to be {distance:.1} units away from its share of {share:.1}"
        ),
        hint: "Use fewer strata, or strata whose sizes are multiples of the block.".to_owned(),
    })
}
