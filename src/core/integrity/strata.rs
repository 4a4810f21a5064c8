//! Sample ratios by stratum, and all strata together.

use super::exact::{Probabilities, hypergeometric_two_sided, sum_two_sided};
use super::ratio::{Srm, add_multinomial, name, quadratic, shares};
use super::srm::against;
use crate::distribution::check_alpha;
use crate::error::Invalid;
use crate::multiplicity::holm;
use crate::note::{Code, Note};
use crate::pulse::{self, Pulse, beat};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One stratum; `None` is the stratum of units without one.
    Stratum(Option<String>),
    /// All strata together.
    Combined,
}

/// Two columns: the word, and the stratum.
fn scope_and_stratum<S: Serializer>(scope: &Scope, serializer: S) -> Result<S::Ok, S::Error> {
    let (word, stratum) = match scope {
        Scope::Stratum(stratum) => ("stratum", stratum.as_deref()),
        Scope::Combined => ("combined", None),
    };
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("scope", word)?;
    map.serialize_entry("stratum", &stratum)?;
    map.end()
}

/// The test of one stratum, or of all together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StratumSrm {
    /// Stratum, or all together.
    #[serde(flatten, serialize_with = "scope_and_stratum")]
    pub scope: Scope,
    /// Conditions, in the order of the counts: by name.
    pub conditions: Vec<String>,
    /// Units by condition.
    pub counts: Vec<u64>,
    /// The test.
    #[serde(flatten)]
    pub srm: Srm,
    /// p-value of the stratum (the exact one if there is one) after Holm over all strata; NULL for all together.
    pub p_holm: Option<f64>,
}

/// Counts by stratum and condition, from rows. The value of a row is its count and a weight (or another count).
struct Table<V> {
    conditions: Vec<String>,
    strata: BTreeMap<Option<String>, Vec<Option<V>>>,
}

fn table<V>(
    strata: &[Option<String>],
    conditions: &[String],
    values: impl ExactSizeIterator<Item = V>,
) -> Result<Table<V>, Invalid> {
    const HINT: &str =
        "Give stratum, condition and count of each cell, as arrays of the same length.";
    if strata.len() != conditions.len() || values.len() != conditions.len() {
        return Err(Invalid {
            argument: "strata",
            must: "as long as conditions and counts",
            got: format!(
                "{} strata, {} conditions, {} counts",
                strata.len(),
                conditions.len(),
                values.len()
            ),
            hint: HINT,
        });
    }
    let mut distinct = BTreeSet::new();
    for name in pulse::each(conditions) {
        distinct.insert(name);
        if distinct.len() > MAX_CONDITIONS {
            break;
        }
    }
    let names: Vec<String> = distinct.into_iter().cloned().collect();
    if !(2..=MAX_CONDITIONS).contains(&names.len()) {
        return Err(Invalid {
            argument: "conditions",
            must: "names of 2 to 100 conditions",
            got: match names.len() {
                n if n > MAX_CONDITIONS => format!("more than {MAX_CONDITIONS}"),
                n => n.to_string(),
            },
            hint: HINT,
        });
    }
    let mut table = Table {
        strata: BTreeMap::new(),
        conditions: names,
    };
    // A stratum has a place for each condition.
    let mut pulse = Pulse::every(1 << 7);
    for ((stratum, condition), value) in strata.iter().zip(conditions).zip(values) {
        pulse.tick();
        let row = table.strata.entry(stratum.clone()).or_insert_with(|| {
            let mut row = Vec::new();
            row.resize_with(table.conditions.len(), || None);
            row
        });
        let at = table.conditions.binary_search(condition).unwrap_or(0);
        let Some(slot) = row.get_mut(at) else {
            continue;
        };
        if slot.is_some() {
            return Err(Invalid::word(
                "conditions",
                "named once in each stratum",
                condition,
                "Sum the counts of each stratum and condition first.",
            ));
        }
        *slot = Some(value);
    }
    Ok(table)
}

/// Conditions that one table takes.
const MAX_CONDITIONS: usize = 100;

/// Why there is no exact p-value of fixed counts, or of strata together.
const NO_EXACT: &str =
    "there is an exact p-value for two conditions only, and for strata together up to 5000 units";

fn check_size(argument: &'static str, counts: &[u64]) -> Result<(), Invalid> {
    match counts.iter().find(|n| **n > 1 << 40) {
        Some(&n) => Err(Invalid::number(
            argument,
            "numbers of units below 2^40",
            n as f64,
            "Give the number of units of each stratum and condition.",
        )),
        None => Ok(()),
    }
}

/// Note of a stratum of which no unit is missing.
const COMPLETE: &str = "all assigned units are observed, so there is no p-value";

/// Strata in the order of their names, those without one last, then all together; Holm over strata.
fn finish(
    mut rows: Vec<StratumSrm>,
    differences: &[f64],
    covariance: &[f64],
    exact: Option<&[Probabilities]>,
    alpha: f64,
) -> Vec<StratumSrm> {
    pulse::room_for(rows.len(), 16);
    let p: Vec<Option<f64>> = pulse::each(&rows)
        .map(|r| r.srm.p_exact.or(r.srm.p_value))
        .collect();
    for (row, adjusted) in rows.iter_mut().zip(holm(&p)) {
        row.p_holm = adjusted;
    }
    if rows
        .first()
        .is_some_and(|r| r.scope == Scope::Stratum(None))
    {
        rows.rotate_left(1);
    }
    let k = differences.len();
    let sum = |f: &dyn Fn(&StratumSrm, usize) -> f64| -> Vec<f64> {
        (0..k)
            .map(|i| pulse::each(&rows).map(|r| f(r, i)).sum())
            .collect()
    };
    let mut all = Srm {
        n: rows.iter().map(|r| r.srm.n).sum(),
        expected_counts: sum(&|r, i| r.srm.expected_counts.get(i).copied().unwrap_or(0.0)),
        ..Srm::default()
    };
    let leaks = rows
        .iter()
        .filter(|r| r.srm.verdict == Some(super::Verdict::Leak))
        .count();
    match quadratic(differences, covariance) {
        Some((chi2, df, p)) => {
            (all.chi2, all.df, all.p_value) = (Some(chi2), df, Some(p));
            let first = |r: &StratumSrm| r.counts.first().copied().unwrap_or(0);
            all.p_exact = exact.and_then(|e| sum_two_sided(e, rows.iter().map(first).sum()));
            if all.p_exact.is_none() {
                all.notes.push(Note::new(Code::NoExact, NO_EXACT));
            }
            all.decide(alpha);
        }
        None if !rows.is_empty()
            && rows
                .iter()
                .all(|r| r.srm.verdict == Some(super::Verdict::Ok)) =>
        {
            all.verdict = Some(super::Verdict::Ok);
            all.notes.push(Note::new(Code::Complete, COMPLETE));
        }
        None => all.notes.push(Note::new(
            Code::NoVariation,
            "no stratum has units that could be elsewhere",
        )),
    }
    if leaks > 0 {
        all.verdict = Some(super::Verdict::Leak);
        all.notes.push(Note::new(
            Code::Leak,
            format!("in {leaks} strata there are units where there can be none"),
        ));
    }
    let combined = StratumSrm {
        scope: Scope::Combined,
        conditions: rows
            .first()
            .map(|r| r.conditions.clone())
            .unwrap_or_default(),
        counts: sum(&|r, i| r.counts.get(i).copied().unwrap_or(0) as f64)
            .into_iter()
            .map(|n| n as u64)
            .collect(),
        srm: all,
        p_holm: None,
    };
    rows.push(combined);
    rows
}

/// Sample ratio of each stratum, and of all together, where each unit was assigned on its own. Arguments are rows: the
/// stratum, condition, count, and weight of each cell. A condition without a row in a stratum has the count 0 there, and
/// the weight that its first row has.
///
/// All together: with `O`, `E` and `V` the sums over strata of counts, expected counts and multinomial covariances,
/// `(O − E)' V⁻¹ (O − E)`. A shift in the same direction in every stratum adds up in it.
pub fn srm_by_stratum(
    strata: &[Option<String>],
    conditions: &[String],
    observed: &[u64],
    expected: Option<&[f64]>,
    alpha: f64,
) -> Result<Vec<StratumSrm>, Invalid> {
    check_alpha(alpha)?;
    check_size("counts", observed)?;
    if expected.is_some_and(|e| e.len() != observed.len()) {
        return Err(Invalid {
            argument: "expected",
            must: "as long as the list of counts",
            got: expected.map_or(0, <[f64]>::len).to_string(),
            hint: "Give the weight of the condition in each row, or none at all.",
        });
    }
    let weight = |i: usize| expected.and_then(|e| e.get(i)).copied().unwrap_or(1.0);
    let values = observed.iter().enumerate().map(|(i, &o)| (o, weight(i)));
    let table = table(strata, conditions, values)?;
    let first: Vec<f64> = table
        .conditions
        .iter()
        .map(|c| conditions.iter().position(|x| x == c).map_or(1.0, weight))
        .collect();
    let k = table.conditions.len();
    let (mut differences, mut covariance) = (vec![0.0; k], vec![0.0; k * k]);
    let mut rows = pulse::vector(table.strata.len() + 1);
    let mut exact = pulse::vector(table.strata.len());
    for (stratum, cells) in table.strata {
        beat();
        let counts: Vec<u64> = cells.iter().map(|c| c.map_or(0, |c| c.0)).collect();
        let weights: Vec<f64> = cells
            .iter()
            .zip(&first)
            .map(|(c, &f)| c.map_or(f, |c| c.1))
            .collect();
        let parts = shares(Some(&weights), k)?;
        let srm = against(&counts, &parts, Some(&table.conditions), alpha);
        for (((d, &o), e), share) in differences
            .iter_mut()
            .zip(&counts)
            .zip(&srm.expected_counts)
            .zip(&parts)
        {
            if *share > 0.0 {
                *d += o as f64 - e;
            }
        }
        add_multinomial(&mut covariance, &parts, srm.n as f64);
        exact.push(Probabilities::binomial(
            srm.n,
            parts.first().copied().unwrap_or(0.5),
        ));
        rows.push(StratumSrm {
            scope: Scope::Stratum(stratum),
            conditions: table.conditions.clone(),
            counts,
            srm,
            p_holm: None,
        });
    }
    let exact = (k == 2)
        .then(|| exact.into_iter().collect::<Option<Vec<_>>>())
        .flatten();
    Ok(finish(
        rows,
        &differences,
        &covariance,
        exact.as_deref(),
        alpha,
    ))
}

/// Whether those who are observed are spread over the conditions like those who were assigned, where the counts of the
/// assignment were fixed in each stratum. Arguments are rows: stratum, condition, units assigned, units observed.
///
/// In a stratum with `M` assigned, `m` of them to the condition, and `n` observed, the observed units of the condition are
/// hypergeometric if loss does not depend on the condition: mean `n m / M`, covariance
/// `n (M − n) / (M − 1) · (diag s − s s')` with `s = m / M`. All together: the (generalized) test of Cochran, Mantel and
/// Haenszel without continuity correction, `(ΣO − ΣE)' (ΣV)⁻¹ (ΣO − ΣE)`.
pub fn srm_blocked(
    strata: &[Option<String>],
    conditions: &[String],
    assigned: &[u64],
    observed: &[u64],
    alpha: f64,
) -> Result<Vec<StratumSrm>, Invalid> {
    check_alpha(alpha)?;
    check_size("assigned", assigned)?;
    check_size("observed", observed)?;
    if assigned.len() != observed.len() {
        return Err(Invalid {
            argument: "assigned",
            must: "as long as observed",
            got: format!("{} and {} counts", assigned.len(), observed.len()),
            hint: "Give both numbers of each stratum and condition.",
        });
    }
    let values = assigned.iter().copied().zip(observed.iter().copied());
    let table = table(strata, conditions, values)?;
    let k = table.conditions.len();
    let (mut differences, mut covariance) = (vec![0.0; k], vec![0.0; k * k]);
    let mut rows = pulse::vector(table.strata.len() + 1);
    let mut exact = pulse::vector(table.strata.len());
    for (stratum, cells) in table.strata {
        beat();
        let cells: Vec<(u64, u64)> = cells.into_iter().map(Option::unwrap_or_default).collect();
        let counts: Vec<u64> = cells.iter().map(|c| c.1).collect();
        let mut srm = Srm::default();
        for (i, &(m, o)) in cells.iter().enumerate() {
            if o > m {
                let place = format!(
                    "{} beyond the {m} assigned",
                    name(Some(&table.conditions), i)
                );
                srm.leak(o - m, &place);
            }
        }
        let seen: Vec<u64> = cells.iter().map(|c| c.0.min(c.1)).collect();
        let (total, n): (u64, u64) = (cells.iter().map(|c| c.0).sum(), seen.iter().sum());
        let parts: Vec<f64> = cells
            .iter()
            .map(|c| c.0 as f64 / (total as f64).max(1.0))
            .collect();
        srm.n = n;
        srm.expected_counts = parts.iter().map(|s| s * n as f64).collect();
        let own: Vec<f64> = seen
            .iter()
            .zip(&srm.expected_counts)
            .map(|(&o, e)| o as f64 - e)
            .collect();
        let mut v = vec![0.0; k * k];
        if total > 1 {
            let factor = n as f64 * (total - n) as f64 / (total - 1) as f64;
            add_multinomial(&mut v, &parts, factor);
        }
        let marked = cells.first().map_or(0, |c| c.0);
        exact.push(Probabilities::hypergeometric(total, marked, n));
        differences.iter_mut().zip(&own).for_each(|(d, o)| *d += o);
        covariance.iter_mut().zip(&v).for_each(|(c, v)| *c += v);
        match quadratic(&own, &v) {
            Some((chi2, df, p)) => {
                (srm.chi2, srm.df, srm.p_value) = (Some(chi2), df, Some(p));
                let open: Vec<usize> = (0..k)
                    .filter(|&i| cells.get(i).is_some_and(|c| c.0 > 0))
                    .collect();
                srm.p_exact = match open.as_slice() {
                    [a, _] => cells
                        .get(*a)
                        .zip(seen.get(*a))
                        .and_then(|(c, &s)| hypergeometric_two_sided(s, total, c.0, n)),
                    _ => None,
                };
                if srm.p_exact.is_none() {
                    srm.notes.push(Note::new(Code::NoExact, NO_EXACT));
                }
                srm.decide(alpha);
            }
            // As it was assigned, to the unit: there is nothing to test, and nothing wrong.
            None if n == total && n > 0 && srm.verdict.is_none() => {
                srm.verdict = Some(super::Verdict::Ok);
                srm.notes.push(Note::new(Code::Complete, COMPLETE));
            }
            None => srm.notes.push(Note::new(
                Code::NoVariation,
                "none of the units are observed, or all are of one condition",
            )),
        }
        rows.push(StratumSrm {
            scope: Scope::Stratum(stratum),
            conditions: table.conditions.clone(),
            counts,
            srm,
            p_holm: None,
        });
    }
    let exact = (k == 2)
        .then(|| exact.into_iter().collect::<Option<Vec<_>>>())
        .flatten();
    Ok(finish(
        rows,
        &differences,
        &covariance,
        exact.as_deref(),
        alpha,
    ))
}
