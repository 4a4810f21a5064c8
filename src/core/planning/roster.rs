//! The standard error of an effect from a roster: cluster sizes as they are, with or without their conditions.

use super::answer::check_share;
use super::power::{TTest, Target};
use super::trial::{check_delta, check_icc, check_sd, share_below_one, within};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::{self, Pulse};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is assumed of the outcome of a roster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Intra-cluster correlation.
    pub icc: f64,
    /// Standard deviation over students.
    pub sd: f64,
    /// Part of the variance between clusters that covariates explain.
    pub r2_between: f64,
    /// Part of the variance within clusters that covariates explain.
    pub r2_within: f64,
    /// Covariates of clusters: each takes a degree of freedom.
    pub covariates: f64,
}

impl Outcome {
    fn check(&self) -> Result<(), Invalid> {
        check_icc("icc", self.icc)?;
        check_sd(self.sd)?;
        share_below_one("r2_between", self.r2_between)?;
        share_below_one("r2_within", self.r2_within)?;
        within(
            "covariates",
            self.covariates,
            0.0,
            1e10,
            "at least 0",
            "Count the covariates that vary between clusters.",
        )
    }

    /// Variance of the sum of a cluster over `sd²`: `n² ρ' + n (1 − ρ)'`.
    fn cluster(&self, n: f64) -> f64 {
        n * (n * self.icc * (1.0 - self.r2_between) + (1.0 - self.icc) * (1.0 - self.r2_within))
    }
}

/// What a roster says of one condition against the control. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RosterRow {
    /// Treated condition; `None` if conditions are not known yet.
    pub condition: Option<String>,
    /// Control.
    pub control: Option<String>,
    /// Clusters of the condition.
    pub clusters: u64,
    /// Clusters of the control.
    pub clusters_control: u64,
    /// Students of the condition; expected ones if conditions are not known yet.
    pub n: f64,
    /// Students of the control.
    pub n_control: f64,
    /// Standard error.
    pub std_error: Option<f64>,
    /// Degrees of freedom.
    pub df: f64,
    /// Effect that is found with the target power.
    pub mde: Option<f64>,
    /// The same by Bloom's formula.
    pub mde_approx: Option<f64>,
    /// Power for the given effect.
    pub power: Option<f64>,
    /// Design effect over the clusters of the two, without covariates.
    pub design_effect: f64,
    /// Independent students that would be as informative.
    pub n_effective: f64,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Which clusters are in which condition.
#[derive(Debug, Clone, Copy)]
pub enum Conditions<'a> {
    /// Known: one for each cluster, and which of them is the control.
    Known(&'a [&'a str], &'a str),
    /// Not yet: this share of the clusters will be treated, drawn completely at random.
    Share(f64),
}

/// Clusters that a roster may have.
pub const MOST_CLUSTERS: usize = 1_000_000;
/// What a cluster takes at most while it is put with those of its condition: a list of its own, or its share of one that grows.
const NAME_BYTES: usize = 150;
/// Assignments that are looked at one by one.
const MOST_ASSIGNMENTS: f64 = 50_000.0;

/// Standard error, minimum detectable effect and power, for each condition except the control.
pub fn roster(
    sizes: &[f64],
    conditions: Conditions<'_>,
    outcome: &Outcome,
    target: &Target,
    delta: Option<f64>,
) -> Result<Vec<RosterRow>, Invalid> {
    outcome.check()?;
    target.check()?;
    if let Some(delta) = delta {
        check_delta(delta)?;
    }
    if sizes.len() < 2 || sizes.len() > MOST_CLUSTERS {
        return Err(Invalid {
            argument: "sizes",
            must: "an array of 2 to 1000000 cluster sizes",
            got: format!("{} of them", sizes.len()),
            hint: "Give the number of students of each cluster: array_agg(size ORDER BY cluster).",
        });
    }
    if let Some(&bad) = sizes.iter().find(|&&n| !(1.0..=1e10).contains(&n)) {
        return Err(Invalid::number(
            "sizes",
            "at least 1 each",
            bad,
            "Leave out clusters without students, or those that will be lost.",
        ));
    }
    match conditions {
        Conditions::Share(share) => {
            check_share(share)?;
            Ok(vec![expected(sizes, share, outcome, target, delta)])
        }
        Conditions::Known(names, control) => known(sizes, names, control, outcome, target, delta),
    }
}

fn known(
    sizes: &[f64],
    names: &[&str],
    control: &str,
    outcome: &Outcome,
    target: &Target,
    delta: Option<f64>,
) -> Result<Vec<RosterRow>, Invalid> {
    if names.len() != sizes.len() {
        return Err(Invalid {
            argument: "conditions",
            must: "as many as sizes",
            got: format!("{} conditions for {} sizes", names.len(), sizes.len()),
            hint: "Give the condition of each cluster in the order of the sizes.",
        });
    }
    if !names.contains(&control) {
        return Err(Invalid::word(
            "control",
            "one of the conditions",
            control,
            "Name the condition that the others are compared with.",
        ));
    }
    let mut by_name: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    pulse::room_for(names.len(), NAME_BYTES);
    for (name, size) in pulse::each(names.iter().zip(sizes)) {
        by_name.entry(name).or_default().push(*size);
    }
    let controls = by_name.remove(control).unwrap_or_default();
    if by_name.is_empty() {
        return Err(Invalid::word(
            "conditions",
            "more than the control",
            control,
            "Give the clusters of a treated condition as well.",
        ));
    }
    let arm = |arm: &[f64]| {
        let n: f64 = arm.iter().sum();
        (
            n,
            arm.iter().map(|&n| outcome.cluster(n)).sum::<f64>() / (n * n),
        )
    };
    let (n0, v0) = arm(&controls);
    let row = |(name, mine): (&&str, &Vec<f64>)| {
        pulse::beat();
        let (n1, v1) = arm(mine);
        let mut both: Vec<f64> = pulse::vector(mine.len() + controls.len());
        both.extend(mine.iter().chain(&controls));
        let shape = Shape {
            clusters: (mine.len() as u64, controls.len() as u64),
            n: (n1, n0),
            variance: v1 + v0,
        };
        RosterRow {
            condition: Some((*name).to_owned()),
            control: Some(control.to_owned()),
            ..finish(&shape, &both, outcome, target, delta)
        }
    };
    Ok(by_name.iter().map(row).collect())
}

struct Shape {
    clusters: (u64, u64),
    n: (f64, f64),
    /// Over `sd²`.
    variance: f64,
}

fn finish(
    shape: &Shape,
    sizes: &[f64],
    outcome: &Outcome,
    target: &Target,
    delta: Option<f64>,
) -> RosterRow {
    let std_error = outcome.sd * shape.variance.sqrt();
    let df = (shape.clusters.0 + shape.clusters.1) as f64 - 2.0 - outcome.covariates;
    let test = TTest::new(df, target.alpha());
    let rows: f64 = sizes.iter().sum();
    let squares: f64 = sizes.iter().map(|n| n * n).sum();
    let design_effect = 1.0 + (squares / rows - 1.0) * outcome.icc;
    let mut notes = match test {
        None => vec![Note::new(
            Code::NoDf,
            format!("{df} degrees of freedom; there is no test"),
        )],
        Some(_) => Vec::new(),
    };
    notes.extend(super::answer::few(
        shape.clusters.1 as f64,
        shape.clusters.0 as f64,
    ));
    let times = |ratio: Option<f64>| ratio.map(|r| r * std_error);
    let mde = times(test.and_then(|t| t.detectable(target.power)));
    if test.is_some() && mde.is_none() {
        notes.push(super::answer::no_mde(target));
    }
    RosterRow {
        condition: None,
        control: None,
        clusters: shape.clusters.0,
        clusters_control: shape.clusters.1,
        n: shape.n.0,
        n_control: shape.n.1,
        std_error: Some(std_error),
        df,
        mde,
        mde_approx: times(test.and_then(|t| t.approximate(target.power))),
        power: test
            .zip(delta)
            .and_then(|(t, delta)| t.power(delta / std_error)),
        design_effect,
        n_effective: rows / design_effect,
        notes,
    }
}

/// The root of the expected squared standard error over all assignments of `share` of the clusters.
///
/// With few clusters each assignment is looked at. With more, the expectation of `Q/N²` over the clusters of an arm, `Q`
/// the variance of their sum and `N` their students, is taken by its expansion of second order:
/// `μ_Q/μ_N² (1 + 3 Var N/μ_N² − 2 Cov(Q, N)/(μ_Q μ_N))`, moments of sampling without replacement.
fn expected(
    sizes: &[f64],
    share: f64,
    outcome: &Outcome,
    target: &Target,
    delta: Option<f64>,
) -> RosterRow {
    let count = sizes.len();
    let treated = super::answer::split(count as f64, share).0 as usize;
    let control = count - treated;
    let total: f64 = sizes.iter().sum();
    let (variance, note) = match assignments(count, treated) {
        Some(number) => (
            enumerated(sizes, treated, outcome),
            Note::new(
                Code::Expected,
                format!("mean over all {number} assignments"),
            ),
        ),
        None => (
            expanded(sizes, treated, outcome) + expanded(sizes, control, outcome),
            Note::new(
                Code::Expected,
                "mean over all assignments, by an expansion of second order",
            ),
        ),
    };
    let shape = Shape {
        clusters: (treated as u64, control as u64),
        n: (
            total * treated as f64 / count as f64,
            total * control as f64 / count as f64,
        ),
        variance,
    };
    let mut row = finish(&shape, sizes, outcome, target, delta);
    row.notes.push(note);
    row
}

/// `C(count, chosen)` if each can be looked at.
fn assignments(count: usize, chosen: usize) -> Option<u64> {
    let mut number = 1.0f64;
    for i in 0..chosen.min(count - chosen) {
        number = (number * (count - i) as f64 / (i + 1) as f64).round();
        if number > MOST_ASSIGNMENTS {
            return None;
        }
    }
    Some(number as u64)
}

fn enumerated(sizes: &[f64], treated: usize, outcome: &Outcome) -> f64 {
    let clusters: Vec<(f64, f64)> = sizes.iter().map(|&n| (n, outcome.cluster(n))).collect();
    let all = clusters
        .iter()
        .fold((0.0, 0.0), |a, c| (a.0 + c.0, a.1 + c.1));
    let mut chosen: Vec<usize> = (0..treated).collect();
    let (mut sum, mut number) = (0.0, 0.0);
    let mut pulse = Pulse::every(1000);
    loop {
        pulse.tick();
        let one = chosen
            .iter()
            .filter_map(|&i| clusters.get(i))
            .fold((0.0, 0.0), |a, c| (a.0 + c.0, a.1 + c.1));
        let other = (all.0 - one.0, all.1 - one.1);
        sum += one.1 / (one.0 * one.0) + other.1 / (other.0 * other.0);
        number += 1.0;
        // The next combination: the last place that can still move, and all behind it close up.
        let last = |(place, at): &(usize, &usize)| **at < sizes.len() - treated + place;
        let Some((place, &at)) = chosen.iter().enumerate().rfind(last) else {
            return sum / number;
        };
        for (next, to) in chosen.iter_mut().skip(place).zip(at + 1..) {
            *next = to;
        }
    }
}

/// Expected `Q/N²` of an arm of `chosen` clusters.
fn expanded(sizes: &[f64], chosen: usize, outcome: &Outcome) -> f64 {
    let (g, k) = (sizes.len() as f64, chosen as f64);
    let n_mean = sizes.iter().sum::<f64>() / g;
    let q_mean = sizes.iter().map(|&n| outcome.cluster(n)).sum::<f64>() / g;
    let (mut nn, mut nq) = (0.0, 0.0);
    for &n in sizes {
        let d = n - n_mean;
        nn += d * d;
        nq += d * (outcome.cluster(n) - q_mean);
    }
    // Sums of k of g values without replacement have k (g − k) / (g (g − 1)) of the sum of squares as variance.
    let factor = k * (g - k) / (g * (g - 1.0));
    let (mu_n, mu_q) = (k * n_mean, k * q_mean);
    mu_q / (mu_n * mu_n)
        * (1.0 + 3.0 * factor * nn / (mu_n * mu_n) - 2.0 * factor * nq / (mu_n * mu_q))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expansion_is_close_to_the_enumeration() {
        let sizes: Vec<f64> = (0..16).map(|i| 18.0 + (i * 7 % 11) as f64).collect();
        let outcome = Outcome {
            icc: 0.2,
            sd: 1.0,
            r2_between: 0.0,
            r2_within: 0.0,
            covariates: 0.0,
        };
        for k in [4, 8] {
            let exact = enumerated(&sizes, k, &outcome);
            let close = expanded(&sizes, k, &outcome) + expanded(&sizes, 16 - k, &outcome);
            assert!(
                (close / exact - 1.0).abs() < 1e-4,
                "{k}: {:e}",
                close / exact - 1.0
            );
        }
        let uneven: Vec<f64> = [
            5, 8, 12, 15, 18, 20, 22, 25, 25, 28, 30, 33, 35, 40, 45, 50, 60, 80,
        ]
        .map(f64::from)
        .to_vec();
        for k in [4, 9] {
            let exact = enumerated(&uneven, k, &outcome);
            let close = expanded(&uneven, k, &outcome) + expanded(&uneven, 18 - k, &outcome);
            assert!((close / exact - 1.0).abs() < 6e-3, "{k}: {close} {exact}");
        }
        assert_eq!(assignments(16, 8), Some(12870));
        assert_eq!(assignments(40, 20), None);
    }
}
