//! What the design rules out.

use crate::error::Invalid;
use crate::finding::Finding;
use crate::note::Severity;
use crate::pulse::Pulse;
use crate::regression::QuestionError;
use crate::sketch::{Centre, Key, Rows, View};

fn digest(key: Key) -> String {
    let hex = format!("{:032x}", key.0);
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or("").to_owned();
    [
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-")
}

/// The patterns of a sketch whose clusters are the units of assignment. `control` is the condition in which nobody may be
/// exposed; `conditions` with `expected` weights are those of the design, so that a row in a condition of weight 0, or in
/// one that is not named, is a pattern. Clusters and strata are named by their digests, as `rct.cells` shows them.
pub fn impossible_patterns(
    view: &View<'_>,
    control: Option<&str>,
    conditions: Option<&[String]>,
    expected: Option<&[f64]>,
) -> Result<Vec<Finding>, QuestionError> {
    check(view, control, conditions, expected)?;
    let moments = view.observedness().moments(Rows::All, Centre::PerStratum)?;
    let name = |c: usize| moments.conditions.get(c).map_or("", |c| c.name.as_str());
    let listed = |list: &[usize]| {
        let quoted: Vec<String> = list.iter().map(|&c| format!("\"{}\"", name(c))).collect();
        quoted.join(", ")
    };
    let mut by_cluster = vec![Vec::new(); moments.clusters.len()];
    let mut strata_of = vec![Vec::new(); moments.clusters.len()];
    let mut by_stratum = vec![Vec::new(); moments.strata.len()];
    let mut rows = vec![0.0; moments.conditions.len()];
    let mut pulse = Pulse::every(4096);
    for cell in &moments.cells {
        pulse.tick();
        if let Some(n) = rows.get_mut(cell.condition) {
            *n += cell.rows;
        }
        for (list, item) in [
            (by_cluster.get_mut(cell.cluster), cell.condition),
            (strata_of.get_mut(cell.cluster), cell.stratum),
            (by_stratum.get_mut(cell.stratum), cell.condition),
        ] {
            if let Some(list) = list {
                list.push(item);
            }
        }
    }
    for list in by_cluster
        .iter_mut()
        .chain(&mut strata_of)
        .chain(&mut by_stratum)
    {
        list.sort_unstable();
        list.dedup();
    }
    let mut found = Vec::new();
    for (&key, list) in moments.clusters.iter().zip(&by_cluster) {
        if list.len() > 1 {
            found.push(finding(
                Severity::Error,
                "unit_in_two_conditions",
                digest(key),
                format!("The cluster has rows of {}.", listed(list)),
            ));
        }
    }
    let used = rows.iter().filter(|n| **n > 0.0).count();
    for (&key, list) in moments.strata.iter().zip(&by_stratum) {
        if used > 1 && list.len() == 1 && moments.strata.len() > 1 {
            found.push(finding(
                Severity::Warning,
                "stratum_in_one_condition",
                if key == Key::NONE {
                    "no stratum".to_owned()
                } else {
                    digest(key)
                },
                format!("All rows of the stratum are of {}.", listed(list)),
            ));
        }
    }
    for (&key, list) in moments.clusters.iter().zip(&strata_of) {
        if list.len() > 1 {
            found.push(finding(
                Severity::Warning,
                "unit_in_two_strata",
                digest(key),
                format!("The cluster has rows of {} strata.", list.len()),
            ));
        }
    }
    if let Some(names) = conditions {
        for (condition, &rows) in moments.conditions.iter().zip(&rows) {
            let weight = match names.iter().position(|n| *n == condition.name) {
                Some(i) => expected.map_or(1.0, |e| e.get(i).copied().unwrap_or(0.0)),
                None => 0.0,
            };
            if weight == 0.0 && rows > 0.0 {
                found.push(finding(
                    Severity::Error,
                    "condition_of_weight_0",
                    condition.name.clone(),
                    format!("Rows of a condition that nobody is to get: {rows}."),
                ));
            }
        }
    }
    if let Some(control) = control {
        for (number, exposure) in view.exposure_names().iter().enumerate() {
            let exposed = view.exposures(number);
            let of_control = exposed
                .iter()
                .find(|(name, _, sum)| name == control && *sum > 0.0);
            if let Some((_, rows, _)) = of_control {
                found.push(finding(Severity::Error, "exposed_control", control.to_owned(), format!(
                        "The exposures of the control, \"{exposure}\", are not all 0; rows that have one: {rows}."
                    )));
            }
        }
    }
    Ok(found)
}

fn finding(severity: Severity, code: &'static str, place: String, detail: String) -> Finding {
    Finding {
        severity,
        code,
        place: Some(place),
        detail,
        hint: hint(code).to_owned(),
    }
}

/// What to do about a pattern.
fn hint(code: &str) -> &'static str {
    match code {
        "unit_in_two_conditions" => {
            "Was the unit assigned twice, or is the condition wrong in some rows? Where conditions were assigned within units, make the sketch with what was assigned as the cluster."
        }
        "stratum_in_one_condition" => {
            "The stratum adds nothing to the effect. Merge it with another one if they are alike."
        }
        "unit_in_two_strata" => "Give each unit one stratum, that of the assignment.",
        "condition_of_weight_0" => {
            "Find out who gave these units a condition that nobody is to get."
        }
        _ => {
            "Find out how the control was exposed. rct.cace takes exposure in the control into account."
        }
    }
}

fn check(
    view: &View<'_>,
    control: Option<&str>,
    conditions: Option<&[String]>,
    expected: Option<&[f64]>,
) -> Result<(), QuestionError> {
    const HINT: &str = "Give the conditions of the design and the weight of each.";
    let known = view.condition_names();
    if let Some(control) = control
        && !known.iter().any(|name| name == control)
    {
        return Err(QuestionError::UnknownControl {
            control: control.to_owned(),
            conditions: known,
        });
    }
    if let Some(e) = expected {
        if conditions.is_none_or(|c| c.len() != e.len()) {
            return Err(Invalid {
                argument: "expected",
                must: "as long as conditions",
                got: format!(
                    "{} weights for {} conditions",
                    e.len(),
                    conditions.map_or(0, <[String]>::len)
                ),
                hint: HINT,
            }
            .into());
        }
        if let Some(&w) = e.iter().find(|w| !w.is_finite() || **w < 0.0) {
            return Err(Invalid::number(
                "expected",
                "weights that are finite and not negative",
                w,
                HINT,
            )
            .into());
        }
    }
    Ok(())
}
