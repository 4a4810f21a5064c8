//! Lee's bounds: the effect on those who would have an outcome in either condition.
//!
//! If the intervention changes who has an outcome in one direction only, the condition with the larger share of outcomes holds
//! `q = (p₁ − p₀) / p₁` students who would have none in the other. They may be those with the lowest outcomes, or those with the
//! highest: trimming either gives the bounds (Lee 2009). Within strata the bounds are tighter; strata are averaged by the number of
//! students who would have an outcome in either condition.
//!
//! Each student's influence on a bound has three parts: the trimmed mean with its quantile, the trimmed share, and the mean of the
//! other condition. The variance is the sum over clusters of squared sums of influences, times G / (G − 1).

use super::identified::imbens_manski;
use super::rates::ones_of;
use super::trim::{Trim, trim_lowest};
use crate::distribution::t_critical;
use crate::effect::Comparison;
use crate::effect::Distribution;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::{self, Pulse};
use crate::regression::negligible;
use crate::regression::options::{check_level, control_among};
use crate::regression::{QuestionError, Strata};
use crate::sketch::{Centre, ConditionCounts, Key, Moments, Rows, Variable, View};
use serde::Serialize;
use std::collections::BTreeMap;

/// Bounds on the effect of one condition. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct LeeBounds {
    /// Who is compared in what; counts are of students with an outcome.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Lower bound.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// Cluster-robust standard error of the lower bound.
    pub low_se: Option<f64>,
    /// Cluster-robust standard error of the upper bound.
    pub high_se: Option<f64>,
    /// Degrees of freedom: clusters less two for each stratum.
    pub df: Option<f64>,
    /// Lower limit of the interval of Imbens and Manski.
    pub ci_low: Option<f64>,
    /// Upper limit of it.
    pub ci_high: Option<f64>,
    /// Difference in means of the students with an outcome.
    pub untrimmed: Option<f64>,
    /// Condition that is trimmed: the treated, the control, or, in strata, both.
    pub trimmed: Option<String>,
    /// Share of its students with an outcome that is trimmed; over all strata.
    pub trimmed_share: Option<f64>,
    /// Share of the condition with an outcome.
    pub response: Option<f64>,
    /// Share of the control with an outcome.
    pub response_control: Option<f64>,
    /// Of the trimmed outcomes those that are left under the lower bound.
    pub kept_low: u64,
    /// And under the upper bound.
    pub kept_high: u64,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Share of what is to be trimmed below which a bound is said to be trimmed less than it should.
const TRIMMED_ENOUGH: f64 = 0.9;

/// Options of Lee's bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeeOptions {
    /// How the edge is treated.
    pub trim: Trim,
    /// Use of the strata of the sketch.
    pub strata: Strata,
    /// Confidence level.
    pub level: f64,
}

/// One condition in one stratum.
#[derive(Debug, Clone, Default)]
struct Arm {
    assigned: f64,
    /// Students of each cluster, and the outcomes there are.
    clusters: BTreeMap<Key, (f64, Vec<f64>)>,
    sorted: Vec<f64>,
}

impl Arm {
    fn observed(&self) -> f64 {
        self.sorted.len() as f64
    }

    fn observed_clusters(&self) -> u64 {
        self.clusters
            .values()
            .filter(|(_, v)| !v.is_empty())
            .count() as u64
    }

    fn response(&self) -> f64 {
        self.observed() / self.assigned
    }

    fn mean(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / self.observed()
    }

    fn turned(&self) -> Arm {
        let turn = |values: &[f64]| values.iter().rev().map(|v| -v).collect::<Vec<f64>>();
        Arm {
            assigned: self.assigned,
            clusters: self
                .clusters
                .iter()
                .map(|(k, (n, v))| (*k, (*n, turn(v))))
                .collect(),
            sorted: turn(&self.sorted),
        }
    }
}

/// The sketch as one of whether there is an outcome. It is of the same rows as the outcomes: either with the outcome itself,
/// or with 1 where it was observed and 0 where it is missing.
fn who_has<'a>(
    outcomes: &mut Distribution,
    students: &View<'a>,
) -> Result<View<'a>, QuestionError> {
    let observedness = students.observedness();
    for view in [&observedness, students] {
        if !view.is_binary(Variable::Outcome) {
            continue;
        }
        let moments = view.moments(Rows::All, Centre::Pooled)?;
        let same = |(number, condition): (usize, &ConditionCounts)| {
            let cells = moments.cells.iter().enumerate();
            let own = cells.filter(|(_, c)| c.condition == number);
            let ones: f64 = own.map(|(i, _)| ones_of(&moments, i, 0)).sum();
            let clusters = outcomes.outcomes_of(&condition.name);
            ones == clusters.iter().map(|c| c.1.len()).sum::<usize>() as f64
        };
        let mut conditions = moments.conditions.iter().enumerate();
        if conditions.all(same) {
            return Ok(view.clone());
        }
    }
    Err(Invalid {
        argument: "sketch",
        must: "of the same rows as the distribution",
        got: "other numbers of outcomes".to_owned(),
        hint: "Make both in one query: rct.distribution(score, condition, class), rct.sketch(score, condition, class), with rows where the score is NULL.",
    }
    .into())
}

/// Bounds on the effect of each condition. `students` is a sketch of all assigned students, of whom some lack the outcome;
/// `outcomes` are the outcomes there are, of the same clusters.
pub fn lee_bounds(
    outcomes: &mut Distribution,
    students: &View<'_>,
    control: &str,
    options: &LeeOptions,
) -> Result<Vec<LeeBounds>, QuestionError> {
    check_level(options.level)?;
    options.strata.of_one_regression()?;
    let students = who_has(outcomes, students)?;
    let moments = students.moments(Rows::All, options.strata.centre())?;
    let names: Vec<String> = moments.conditions.iter().map(|c| c.name.clone()).collect();
    let number = control_among(&names, control)?;
    let compared = arms(&moments, number, outcomes.outcomes_of(control), control)?;
    let outcome = students.name();
    let mut rows = Vec::new();
    for (i, name) in names.iter().enumerate().filter(|(i, _)| *i != number) {
        let treated = arms(&moments, i, outcomes.outcomes_of(name), name)?;
        let mut row = bounds((&outcome, name, control), &treated, &compared, options);
        if moments.weighted {
            row.notes.push(Note::new(
                Code::WeightsNotUsed,
                "the sketch has weights; the bounds count each student the same",
            ));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// A condition's students and outcomes by stratum.
fn arms(
    moments: &Moments,
    condition: usize,
    outcomes: Vec<(Key, Vec<f64>)>,
    name: &str,
) -> Result<BTreeMap<usize, Arm>, QuestionError> {
    let mut arms: BTreeMap<usize, Arm> = BTreeMap::new();
    let mut places: BTreeMap<Key, (usize, f64)> = BTreeMap::new();
    for (i, cell) in moments
        .cells
        .iter()
        .enumerate()
        .filter(|(_, c)| c.condition == condition)
    {
        let key = moments
            .clusters
            .get(cell.cluster)
            .copied()
            .unwrap_or(Key::NONE);
        let place = places.entry(key).or_insert((cell.stratum, 0.0));
        if place.0 != cell.stratum {
            return Err(Invalid {
                argument: "students",
                must: "a sketch whose clusters lie in one stratum each",
                got: format!("a cluster of condition \"{name}\" in several strata"),
                hint: "Build the sketch without strata, or write strata => 'ignore'.",
            }
            .into());
        }
        place.1 += ones_of(moments, i, 0);
        let arm = arms.entry(cell.stratum).or_default();
        arm.assigned += cell.rows;
        arm.clusters.entry(key).or_default().0 += cell.rows;
    }
    let mut pulse = Pulse::every(256);
    for (key, values) in outcomes {
        pulse.tick();
        let expected = places.get_mut(&key).map(|p| {
            let expected = p.1;
            p.1 = 0.0;
            (p.0, expected)
        });
        match expected {
            Some((stratum, n)) if n == values.len() as f64 => {
                if let Some(arm) = arms.get_mut(&stratum) {
                    arm.sorted.extend(&values);
                    arm.clusters.entry(key).or_default().1 = values;
                }
            }
            _ => return Err(mismatch(name)),
        }
    }
    if places.values().any(|p| p.1 > 0.0) {
        return Err(mismatch(name));
    }
    for arm in arms.values_mut() {
        pulse::sort_by(&mut arm.sorted, f64::total_cmp);
    }
    Ok(arms)
}

fn mismatch(name: &str) -> QuestionError {
    Invalid {
        argument: "outcomes",
        must: "the outcomes of the students that the sketch says have one",
        got: format!("others in condition \"{name}\""),
        hint: "Build both from the same rows: rct.distribution(score, condition, class) and rct.sketch(score, condition, class).",
    }
    .into()
}

/// One bound of one stratum: its value, each cluster's influence, and what is left of the trimmed condition.
struct Bound {
    value: f64,
    influence: BTreeMap<Key, f64>,
    kept: u64,
    /// Outcomes that the share asks to trim, and that were.
    asked: f64,
    trimmed: f64,
}

/// Mean of `large` without its lowest share, less the mean of `small`.
fn trimmed_difference(large: &Arm, small: &Arm, how: Trim) -> Option<Bound> {
    let (p1, p0) = (large.response(), small.response());
    let q = ((p1 - p0) / p1).max(0.0);
    let left = trim_lowest(&large.sorted, q, how)?;
    let other = small.mean();
    let gap = left.mean - left.edge;
    let slope = gap / (1.0 - q);
    let mut influence: BTreeMap<Key, f64> = BTreeMap::new();
    for (key, (n, values)) in &large.clusters {
        let above = |y: &&f64| **y >= left.edge;
        let tail: f64 = values
            .iter()
            .filter(above)
            .map(|y| y - left.edge)
            .sum::<f64>()
            / (1.0 - q);
        let mean_part = (tail - values.len() as f64 * gap) / large.observed();
        let share_part = slope * p0 / (p1 * p1) * (values.len() as f64 - n * p1) / large.assigned;
        *influence.entry(*key).or_default() += mean_part + share_part;
    }
    for (key, (n, values)) in &small.clusters {
        let share_part = -slope / p1 * (values.len() as f64 - n * p0) / small.assigned;
        let mean_part = values.iter().map(|y| y - other).sum::<f64>() / small.observed();
        *influence.entry(*key).or_default() += share_part - mean_part;
    }
    Some(Bound {
        value: left.mean - other,
        influence,
        kept: left.kept,
        asked: q * large.observed(),
        trimmed: left.trimmed,
    })
}

/// Lower and upper bound of one stratum: (treated trimmed, lower, upper).
fn of_stratum(treated: &Arm, control: &Arm, how: Trim) -> Option<(bool, Bound, Bound)> {
    let first = treated.response() >= control.response();
    let (large, small) = if first {
        (treated, control)
    } else {
        (control, treated)
    };
    // Trimming the lowest raises the mean; with signs turned, it trims the highest.
    let raised = trimmed_difference(large, small, how)?;
    let lowered = trimmed_difference(&large.turned(), &small.turned(), how)?;
    let turn = |b: Bound| Bound {
        value: -b.value,
        influence: b.influence.into_iter().map(|(k, v)| (k, -v)).collect(),
        ..b
    };
    // Differences are of the trimmed condition less the other.
    Some(if first {
        (true, turn(lowered), raised)
    } else {
        (false, turn(raised), lowered)
    })
}

/// The bounds of one stratum.
struct Part {
    /// Students who would have an outcome in either condition.
    always: f64,
    /// The treated condition is the one that is trimmed.
    first: bool,
    low: Bound,
    high: Bound,
    clusters: usize,
}

/// Note for a method that trimmed much less than the share, so that what it gives are not the bounds: with few different outcomes all
/// that are equal to the one at the edge may stay, and with few outcomes the share may be less than one of them.
fn trimmed_less(parts: &[Part], how: Trim) -> Option<Note> {
    let (word, why) = match how {
        Trim::Fractional => return None,
        Trim::Paper => ("paper", "keeps all outcomes equal to the one at the edge"),
        Trim::Integer => ("integer", "trims whole outcomes only"),
    };
    let share = |of: fn(&Part) -> &Bound| {
        let sum = |f: fn(&Bound) -> f64| parts.iter().map(|p| f(of(p))).sum::<f64>();
        (sum(|b| b.trimmed), sum(|b| b.asked))
    };
    let ((low, asked), (high, _)) = (share(|p| &p.low), share(|p| &p.high));
    let enough = |trimmed: f64| trimmed >= TRIMMED_ENOUGH * asked - 1e-9;
    if enough(low) && enough(high) {
        return None;
    }
    Some(Note::new(
        Code::TrimmedLess,
        format!(
            "method \"{word}\" {why}: it trimmed {low} outcomes for the lower and {high} for the upper bound instead of {}, so the effect may lie outside; \"fractional\" trims exactly the share",
            (asked * 1e4).round() / 1e4
        ),
    ))
}

fn bounds(
    (outcome, condition, control): (&str, &str, &str),
    treated: &BTreeMap<usize, Arm>,
    compared: &BTreeMap<usize, Arm>,
    options: &LeeOptions,
) -> LeeBounds {
    let mut row = LeeBounds {
        comparison: Comparison {
            outcome: outcome.to_owned(),
            condition: condition.to_owned(),
            control: control.to_owned(),
            ..Comparison::default()
        },
        ..LeeBounds::default()
    };
    let sum = |arms: &BTreeMap<usize, Arm>, f: fn(&Arm) -> f64| arms.values().map(f).sum::<f64>();
    let (n1, n0) = (sum(treated, |a| a.assigned), sum(compared, |a| a.assigned));
    let (o1, o0) = (sum(treated, Arm::observed), sum(compared, Arm::observed));
    (row.comparison.n, row.comparison.n_control) = (o1 as u64, o0 as u64);
    let clusters = |arms: &BTreeMap<usize, Arm>| arms.values().map(Arm::observed_clusters).sum();
    row.comparison.clusters = clusters(treated);
    row.comparison.clusters_control = clusters(compared);
    row.response = (n1 > 0.0).then(|| o1 / n1);
    row.response_control = (n0 > 0.0).then(|| o0 / n0);
    if o1 > 0.0 && o0 > 0.0 {
        let total =
            |arms: &BTreeMap<usize, Arm>| arms.values().flat_map(|a| &a.sorted).sum::<f64>();
        let difference = total(treated) / o1 - total(compared) / o0;
        row.untrimmed = Some(difference).filter(|d| d.is_finite());
    }
    let usable = |stratum: &usize| {
        let arm =
            |arms: &BTreeMap<usize, Arm>| arms.get(stratum).is_some_and(|a| a.observed() > 0.0);
        arm(treated) && arm(compared)
    };
    let all: std::collections::BTreeSet<usize> =
        treated.keys().chain(compared.keys()).copied().collect();
    let strata: Vec<usize> = all.iter().copied().filter(usable).collect();
    if !strata.is_empty() && strata.len() < all.len() {
        row.notes.push(Note::new(
            Code::StrataLeftOut,
            format!(
                "{} of {} strata have no outcome in one of the conditions",
                all.len() - strata.len(),
                all.len()
            ),
        ));
    }
    let mut parts: Vec<Part> = Vec::new();
    let (mut trimmed_rows, mut trimmed_of) = (0.0, 0.0);
    for stratum in &strata {
        let (Some(t), Some(c)) = (treated.get(stratum), compared.get(stratum)) else {
            continue;
        };
        let Some((first, low, high)) = of_stratum(t, c, options.trim) else {
            continue;
        };
        // Students who would have an outcome in either condition.
        let always = (t.assigned + c.assigned) * t.response().min(c.response());
        let large = if first { t } else { c };
        trimmed_of += large.observed();
        trimmed_rows +=
            large.observed() * (1.0 - t.response().min(c.response()) / large.response());
        parts.push(Part {
            always,
            first,
            low,
            high,
            clusters: t.clusters.len() + c.clusters.len(),
        });
    }
    let weight: f64 = parts.iter().map(|p| p.always).sum();
    if !(weight > 0.0) {
        row.notes.push(Note::new(
            Code::NoRows,
            "no stratum has outcomes in both conditions",
        ));
        return row;
    }
    let (treated_trimmed, control_trimmed) = (
        parts.iter().any(|p| p.first),
        parts.iter().any(|p| !p.first),
    );
    let trimmed = match (treated_trimmed, control_trimmed) {
        (true, false) => condition,
        (false, true) => control,
        _ => {
            row.notes.push(Note::new(Code::DirectionDiffers, "the condition with more outcomes is not the same in all strata, so that the assumption of one direction holds within strata only"));
            "both"
        }
    };
    row.trimmed = Some(trimmed.to_owned());
    row.trimmed_share = (trimmed_of > 0.0).then(|| trimmed_rows / trimmed_of);
    row.notes.extend(trimmed_less(&parts, options.trim));
    let (mut low, mut high) = (0.0, 0.0);
    let mut influence: BTreeMap<Key, (f64, f64)> = BTreeMap::new();
    let mut clusters = 0;
    for part in &parts {
        let (share, l, h) = (part.always / weight, &part.low, &part.high);
        low += share * l.value;
        high += share * h.value;
        row.kept_low += l.kept;
        row.kept_high += h.kept;
        clusters += part.clusters;
        for (key, v) in &l.influence {
            influence.entry(*key).or_default().0 += share * v;
        }
        for (key, v) in &h.influence {
            influence.entry(*key).or_default().1 += share * v;
        }
    }
    let overflow = || {
        Note::new(
            Code::Overflow,
            "the outcomes are too large for their sums and squares to be numbers",
        )
    };
    if !(low.is_finite() && high.is_finite()) {
        row.notes.push(overflow());
        return row;
    }
    (row.low, row.high) = (Some(low), Some(high));
    let g = influence.len() as f64;
    let df = clusters.min(influence.len()) as f64 - 2.0 * parts.len() as f64;
    if !(df > 0.0) {
        row.notes.push(Note::new(
            Code::NoDf,
            "there are not more clusters than the method needs",
        ));
        return row;
    }
    let squares = influence
        .values()
        .fold((0.0, 0.0), |s, v| (s.0 + v.0 * v.0, s.1 + v.1 * v.1));
    let (sl, sh) = (
        (squares.0 * g / (g - 1.0)).sqrt(),
        (squares.1 * g / (g - 1.0)).sqrt(),
    );
    if !(sl.is_finite() && sh.is_finite()) {
        row.notes.push(overflow());
        return row;
    }
    (row.low_se, row.high_se, row.df) = (Some(sl), Some(sh), Some(df));
    let of = |arms: &BTreeMap<usize, Arm>| {
        let keys = arms.values().flat_map(|a| a.clusters.keys());
        keys.collect::<std::collections::BTreeSet<_>>().len()
    };
    if let Some(arm) = match (of(treated), of(compared)) {
        (1, _) => Some(condition),
        (_, 1) => Some(control),
        _ => None,
    } {
        row.notes.push(Note::single_cluster_arm(arm.to_owned()));
        return row;
    }
    let outcomes = treated.values().chain(compared.values());
    let largest = outcomes
        .flat_map(|a| &a.sorted)
        .fold(0.0, |m: f64, y| m.max(y.abs()));
    // Sums of doubles as they are, so that what is left of equal ones is small against the largest.
    if negligible::rounded(sl.min(sh), largest) == 0.0 {
        row.notes.push(Note::new(
            Code::NoResidual,
            "clusters do not differ, so there is no interval",
        ));
        return row;
    }
    if df < 2.0 {
        row.notes.push(Note::too_low_df(df));
        return row;
    }
    if g < 20.0 {
        row.notes.push(Note::new(
            Code::FewClusters,
            format!("{g} clusters; the standard errors are for many"),
        ));
    }
    let c = if high > low {
        imbens_manski(high - low, sl.max(sh), options.level, Some(df))
    } else {
        t_critical(1.0 - options.level, df)
    };
    if let Some(c) = c {
        (row.ci_low, row.ci_high) = (Some(low - c * sl), Some(high + c * sh));
    }
    row
}
