//! Intervals that hold at every look, however many there are: asymptotic confidence sequences.

use super::check_estimate;
use crate::distribution::check_alpha;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse;
use serde::Serialize;

/// Clusters below which there is no confidence sequence: the approximation needs many.
pub const MIN_CLUSTERS: i64 = 20;

/// One look at a confidence sequence. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ConfidenceSequence {
    /// Lower limit.
    pub ci_low: Option<f64>,
    /// Upper limit.
    pub ci_high: Option<f64>,
    /// The p-value that holds at every look.
    pub p_value: Option<f64>,
    /// Half the width of the interval.
    pub halfwidth: Option<f64>,
    /// Half the width in standard errors.
    pub multiplier: Option<f64>,
    /// Where the sequence is tightest: `√((−2 ln α + ln(−2 ln α + 1)) / planned)`.
    pub rho: f64,
    /// What to know.
    pub notes: Vec<Note>,
}

/// The interval around an estimate from `clusters` clusters, tightest when there are `planned` (Waudby-Smith, Arbour, Sinha,
/// Kennedy and Ramdas 2024, equation 9, with clusters as the units of observation).
pub fn confidence_sequence(
    estimate: Option<f64>,
    std_error: Option<f64>,
    clusters: Option<i64>,
    planned: i64,
    alpha: f64,
) -> Result<ConfidenceSequence, Invalid> {
    check_alpha(alpha)?;
    if planned < 1 {
        return Err(Invalid::number(
            "planned_clusters",
            "at least 1",
            planned as f64,
            "Give the number of clusters of the plan, and do not change it while looking.",
        ));
    }
    if let Some(n) = clusters
        && n < 0
    {
        return Err(Invalid::number(
            "clusters",
            "not below 0",
            n as f64,
            "Give the number of clusters that the estimate rests on.",
        ));
    }
    let log = -2.0 * alpha.ln();
    let rho2 = (log + log.ln_1p()) / planned as f64;
    let mut row = ConfidenceSequence {
        rho: rho2.sqrt(),
        ..ConfidenceSequence::default()
    };
    check_estimate(estimate, std_error)?;
    let (Some(estimate), Some(se), Some(clusters)) = (estimate, std_error, clusters) else {
        row.notes.push(
            Note::new(Code::NoEstimate, "without an estimate, its standard error and the number of clusters there is no interval"),
        );
        return Ok(row);
    };
    if clusters < MIN_CLUSTERS {
        row.notes.push(Note::new(Code::FewClusters, format!("{clusters} clusters; below {MIN_CLUSTERS} a confidence sequence does not hold its level, use rct.sequential_bounds"
        )));
        return Ok(row);
    }
    if se == 0.0 {
        row.notes.push(Note::new(
            Code::NoResidual,
            "the standard error is 0, so there is no interval",
        ));
        return Ok(row);
    }
    // n ρ², the information against that where the sequence is tightest.
    let r = clusters as f64 * rho2;
    let multiplier = (2.0 * (r + 1.0) / r * (0.5 * r.ln_1p() - alpha.ln())).sqrt();
    let z = estimate / se;
    let half = multiplier * se;
    row.multiplier = Some(multiplier);
    row.halfwidth = Some(half);
    (row.ci_low, row.ci_high) = (Some(estimate - half), Some(estimate + half));
    let p = (0.5 * r.ln_1p() - r * z * z / (2.0 * (r + 1.0))).exp();
    row.p_value = Some(p.min(1.0));
    Ok(row)
}

/// One of several looks, with what all looks so far say together.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningSequence {
    /// Its number, from 1.
    pub look: usize,
    /// This look alone.
    pub alone: ConfidenceSequence,
    /// Largest lower limit so far; `None` once no value is in all intervals.
    pub low: Option<f64>,
    /// Smallest upper limit so far; `None` once no value is in all intervals.
    pub high: Option<f64>,
    /// Smallest p-value so far.
    pub p_value: Option<f64>,
}

/// How a look is shown.
#[derive(Serialize)]
struct Row<'a> {
    look: usize,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    p_value: Option<f64>,
    running_low: Option<f64>,
    running_high: Option<f64>,
    running_p: Option<f64>,
    notes: &'a [Note],
}

impl Serialize for RunningSequence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Row {
            look: self.look,
            ci_low: self.alone.ci_low,
            ci_high: self.alone.ci_high,
            p_value: self.alone.p_value,
            running_low: self.low,
            running_high: self.high,
            running_p: self.p_value,
            notes: &self.alone.notes,
        }
        .serialize(serializer)
    }
}

/// Several looks, and the intersection of their intervals, which holds as well as long as the effect is the same at all looks.
pub fn confidence_sequences(
    estimates: &[Option<f64>],
    std_errors: &[Option<f64>],
    clusters: &[Option<i64>],
    planned: i64,
    alpha: f64,
) -> Result<Vec<RunningSequence>, Invalid> {
    for (argument, len) in [
        ("std_errors", std_errors.len()),
        ("clusters", clusters.len()),
    ] {
        if len != estimates.len() {
            return Err(Invalid {
                argument,
                must: "as long as estimates",
                got: format!("{len} elements for {}", estimates.len()),
                hint: "Give one element for each look; NULL where there is none.",
            });
        }
    }
    let (mut low, mut high, mut p_value) = (f64::NEG_INFINITY, f64::INFINITY, None::<f64>);
    let mut rows = pulse::vector(estimates.len());
    let looks = estimates.iter().zip(std_errors).zip(clusters).enumerate();
    for (k, ((estimate, std_error), clusters)) in looks {
        pulse::beat();
        let mut alone = confidence_sequence(*estimate, *std_error, *clusters, planned, alpha)?;
        low = low.max(alone.ci_low.unwrap_or(low));
        high = high.min(alone.ci_high.unwrap_or(high));
        p_value = match (p_value, alone.p_value) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let some = low.is_finite() && high.is_finite() && low <= high;
        if low > high {
            alone.notes.push(
                Note::new(Code::Empty, "no value is in the intervals of all looks; the effect is not the same at all of them"),
            );
        }
        rows.push(RunningSequence {
            look: k + 1,
            alone,
            low: some.then_some(low),
            high: some.then_some(high),
            p_value,
        });
    }
    Ok(rows)
}
