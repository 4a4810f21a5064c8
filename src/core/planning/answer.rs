//! Power, minimum detectable effect and the number of clusters of a planned experiment.

use super::power::{TTest, Target};
use super::trial::{Sized, Trial, check, check_clusters, check_delta};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse;
use crate::regression::notes::FEW_CLUSTERS;
use serde::Serialize;

/// What an experiment can tell. `None` is NULL.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Clusters assigned to the treated condition and to the control.
    pub assigned: (f64, f64),
    /// Sizes after attrition, standard error, degrees of freedom.
    pub sized: Sized,
    /// Effect that is found with the target power, in units of the outcome.
    pub mde: Option<f64>,
    /// The same by Bloom's formula.
    pub mde_approx: Option<f64>,
    /// Power for the given effect; for the one that `mde` names if there is none.
    pub power: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// What an experiment can tell, as it is shown. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Planned {
    /// Intra-cluster correlation that is assumed.
    pub icc: f64,
    /// Effect in question, in units of the outcome.
    pub delta: Option<f64>,
    /// Clusters assigned to the treated condition.
    pub clusters: Option<u64>,
    /// Clusters assigned to the control.
    pub clusters_control: Option<u64>,
    /// Power for `delta`; without one the target power, which `mde` has.
    pub power: Option<f64>,
    /// Effect that is found with the target power.
    pub mde: Option<f64>,
    /// The same by Bloom's formula.
    pub mde_approx: Option<f64>,
    /// Standard error of the effect.
    pub std_error: Option<f64>,
    /// Its degrees of freedom.
    pub df: Option<f64>,
    /// Design effect of the sizes, without covariates.
    pub design_effect: Option<f64>,
    /// Independent students that would be as informative.
    pub n_effective: Option<f64>,
    /// Treated clusters after attrition.
    pub clusters_analyzed: Option<f64>,
    /// Control clusters after attrition.
    pub clusters_control_analyzed: Option<f64>,
    /// Students of a cluster after attrition.
    pub cluster_size_analyzed: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

impl Planned {
    /// An answer for a trial.
    pub fn new(trial: &Trial, delta: Option<f64>, answer: Answer) -> Self {
        let sized = answer.sized;
        Planned {
            icc: trial.icc,
            delta,
            clusters: Some(answer.assigned.0 as u64),
            clusters_control: Some(answer.assigned.1 as u64),
            power: answer.power,
            mde: answer.mde,
            mde_approx: answer.mde_approx,
            std_error: Some(sized.std_error),
            df: Some(sized.df),
            design_effect: Some(sized.design_effect),
            n_effective: Some(sized.n_effective),
            clusters_analyzed: Some(sized.clusters),
            clusters_control_analyzed: Some(sized.clusters_control),
            cluster_size_analyzed: Some(sized.cluster_size),
            notes: answer.notes,
        }
    }

    /// No number of clusters is enough.
    pub fn not_reached(trial: &Trial, delta: f64) -> Self {
        let text = "a million clusters would not be enough for this effect";
        Planned {
            icc: trial.icc,
            delta: Some(delta),
            notes: vec![Note::new(Code::NotReached, text)],
            ..Planned::default()
        }
    }
}

/// Power for `delta`, and the minimum detectable effect.
pub fn answer(
    trial: &Trial,
    target: &Target,
    clusters: f64,
    clusters_control: f64,
    delta: Option<f64>,
) -> Result<Answer, Invalid> {
    check(trial, target)?;
    check_clusters("clusters", clusters)?;
    check_clusters("clusters_control", clusters_control)?;
    if let Some(delta) = delta {
        check_delta(delta)?;
    }
    Ok(of_sized(
        trial.sized(clusters, clusters_control),
        (clusters, clusters_control),
        target,
        delta,
    ))
}

/// What to know if there is no effect with the power though there is a test.
pub(super) fn no_mde(target: &Target) -> Note {
    Note::new(
        Code::NoMde,
        format!(
            "no effect that can be written has power {} at level {}",
            target.power,
            target.alpha()
        ),
    )
}

/// What to know of few clusters.
pub(super) fn few(control: f64, treated: f64) -> Option<Note> {
    let fewest = control.min(treated);
    if fewest < 2.0 {
        return Some(Note::new(
            Code::SingleCluster,
            "of one cluster the variation between clusters cannot be seen; rct.effects will give no p-value and no interval",
        ));
    }
    (fewest < FEW_CLUSTERS as f64).then(|| {
        Note::new(Code::FewClusters, format!("{} control and {} treated clusters; one cluster that is unlike the others can decide the result",
            short(control),
            short(treated)
        ))
    })
}

/// At most four decimals, for notes.
fn short(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn of_sized(sized: Sized, assigned: (f64, f64), target: &Target, delta: Option<f64>) -> Answer {
    let mut notes = Vec::new();
    let test = TTest::new(sized.df, target.alpha());
    if test.is_none() {
        notes.push(Note::new(
            Code::NoDf,
            format!(
                "{} degrees of freedom are left of {} clusters; there is no test",
                short(sized.df),
                short(sized.clusters + sized.clusters_control)
            ),
        ));
    }
    notes.extend(few(sized.clusters_control, sized.clusters));
    if sized.cluster_size < 1.0 {
        notes.push(Note::new(
            Code::SmallClusters,
            format!(
                "{} students of a cluster are left after attrition; some clusters would have none",
                short(sized.cluster_size)
            ),
        ));
    }
    let times = |ratio: Option<f64>| ratio.map(|r| r * sized.std_error);
    let mde = times(test.and_then(|t| t.detectable(target.power)));
    if test.is_some() && mde.is_none() {
        notes.push(no_mde(target));
    }
    let power = match delta {
        Some(delta) => test.and_then(|t| t.power(delta / sized.std_error)),
        None => mde.map(|_| target.power),
    };
    Answer {
        assigned,
        sized,
        mde,
        mde_approx: times(test.and_then(|t| t.approximate(target.power))),
        power,
        notes,
    }
}

/// Clusters that a search looks at.
const MOST_CLUSTERS: f64 = 1e6;

/// Clusters of the two conditions out of `total`: the treated are `share` of them, rounded, and each has one at least.
pub fn split(total: f64, share: f64) -> (f64, f64) {
    let treated = (total * share).round().clamp(1.0, (total - 1.0).max(1.0));
    (treated, (total - treated).max(1.0))
}

/// The fewest clusters with which `delta` is found with the target power. `None` if a million do not suffice.
pub fn clusters_needed(
    trial: &Trial,
    target: &Target,
    delta: f64,
    share: f64,
) -> Result<Option<Answer>, Invalid> {
    check(trial, target)?;
    check_delta(delta)?;
    check_share(share)?;
    let reached = |treated: f64, control: f64| {
        pulse::beat();
        let sized = trial.sized(treated, control);
        let power = TTest::new(sized.df, target.alpha())
            .and_then(|t| t.power(delta / sized.std_error))
            .unwrap_or(0.0);
        power >= target.power
    };
    // With clusters that can be divided power grows with their number; rounding moves the answer by a few.
    let divided = |total: f64| reached(total * share, total * (1.0 - share));
    let slack = (1.0 / share.min(1.0 - share)).ceil() + 2.0;
    let (mut low, mut high) = (1.0, 2.0);
    while !divided(high) {
        low = high;
        high *= 2.0;
        if high > 2.0 * MOST_CLUSTERS {
            break;
        }
    }
    while high - low > 1.0 {
        let middle = (0.5 * (low + high)).floor();
        if divided(middle) {
            high = middle
        } else {
            low = middle
        }
    }
    let mut total = (high - slack).max(2.0);
    while total <= MOST_CLUSTERS && total <= high + slack {
        let (treated, control) = split(total, share);
        if reached(treated, control) {
            let sized = trial.sized(treated, control);
            return Ok(Some(of_sized(
                sized,
                (treated, control),
                target,
                Some(delta),
            )));
        }
        total += 1.0;
    }
    Ok(None)
}

/// Checks the share of clusters that are treated.
pub(super) fn check_share(share: f64) -> Result<(), Invalid> {
    super::trial::within(
        "share",
        share,
        0.01,
        0.99,
        "between 0.01 and 0.99",
        "It is the share of the clusters that are treated; 0.5 needs the fewest.",
    )
}

/// Rows of a table.
const MOST_ROWS: usize = 10_000;

/// Checks the sides of a table of power.
pub fn check_table(iccs: &[f64], clusters: &[f64], control: &[f64]) -> Result<(), Invalid> {
    if clusters.len() != control.len() {
        return Err(Invalid {
            argument: "clusters_control",
            must: "as many numbers as clusters",
            got: format!("{} for {}", control.len(), clusters.len()),
            hint: "Leave it out to have as many control clusters as treated ones.",
        });
    }
    let rows = iccs.len().saturating_mul(clusters.len());
    if rows == 0 || rows > MOST_ROWS {
        return Err(Invalid {
            argument: if iccs.is_empty() { "icc" } else { "clusters" },
            must: "an array that makes 1 to 10000 rows",
            got: format!("{rows} rows"),
            hint: "There is one row for each intra-cluster correlation and number of clusters.",
        });
    }
    Ok(())
}
