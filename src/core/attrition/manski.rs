//! Bounds on the effect that hold whatever the missing outcomes are.

use super::identified::imbens_manski;
use crate::effect::Comparison;
use crate::effect::Effect;
use crate::effect::estimate::effects_of;
use crate::error::Invalid;
use crate::exact::Wide;
use crate::note::{Code, Note};
use crate::pulse;
use crate::regression::negligible::digits;
use crate::regression::notes::on_difference;
use crate::regression::question::Question;
use crate::regression::{Options, QuestionError};
use crate::sketch::{Centre, Moments, Rows, Selection, Variable, View};
use serde::Serialize;

/// Bounds on the effect of one condition. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bounds {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The effect if all missing outcomes were worst in the condition and best in the control.
    pub low: Option<f64>,
    /// The effect the other way round.
    pub high: Option<f64>,
    /// Cluster-robust standard error of the lower bound.
    pub low_se: Option<f64>,
    /// Cluster-robust standard error of the upper bound.
    pub high_se: Option<f64>,
    /// The smaller of the degrees of freedom of both.
    pub df: Option<f64>,
    /// Lower limit of the interval of Imbens and Manski.
    pub ci_low: Option<f64>,
    /// Upper limit of it.
    pub ci_high: Option<f64>,
    /// Students of the condition without an outcome.
    pub missing: u64,
    /// Students of the control without one.
    pub missing_control: u64,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Worst-case bounds (Manski 1990) on the effect of each condition, for outcomes between `least` and `most`, with the interval of
/// Imbens and Manski (2004). The outcome of the sketch is 0 where it is missing, and its one covariate says where: then the bounds are
/// effects on `outcome + value · missing`, whose clusters' sums follow from those of the sketch, and their standard errors are
/// CR2 with Satterthwaite's degrees of freedom.
pub fn manski_bounds(
    view: &View<'_>,
    control: &str,
    least: f64,
    most: f64,
    level: f64,
) -> Result<Vec<Bounds>, QuestionError> {
    if !least.is_finite() || !most.is_finite() || least > most {
        return Err(Invalid::number(
            "y_max",
            "a number not below y_min",
            most,
            "Give the smallest and the largest outcome that is possible, such as 0 and 100.",
        )
        .into());
    }
    let options = Options::from_words("none", "auto", "CR2", level)?;
    let chosen = Selection {
        columns: vec![Variable::Outcome, Variable::Missing],
        ..view.selection(Rows::All)
    };
    let moments = view.moments_of(&chosen, Centre::PerStratum)?;
    let pooled = view.moments_of(&chosen, Centre::Pooled)?;
    let number = moments.conditions.iter().position(|c| c.name == control);
    let outcome = view.name();
    let bound = |treated: f64, untreated: f64| {
        let factor = |c: usize| {
            if Some(c) == number {
                untreated
            } else {
                treated
            }
        };
        let question = Question::of(
            &outcome,
            moments.plus_second_column(&factor),
            pooled.plus_second_column(&factor),
            control,
        )?;
        effects_of(&question, &options)
    };
    let outside = outside(&view.moments(Rows::All, Centre::PerStratum)?, least, most);
    let lows = bound(least, most)?;
    let highs = bound(most, least)?;
    let missing = |name: &str| {
        let at = pooled.conditions.iter().position(|c| c.name == name);
        let cells = pooled
            .cells
            .iter()
            .enumerate()
            .filter(|(_, c)| Some(c.condition) == at);
        let ones = |(i, c): (usize, &crate::sketch::CellMoments)| {
            pooled.sums(i).get(1).copied().unwrap_or(0.0) + c.rows * pooled.centre(c.stratum, 1)
        };
        cells.map(ones).sum::<f64>().round() as u64
    };
    Ok(lows
        .into_iter()
        .zip(highs)
        .map(|(low, high)| {
            let counts = (missing(&low.comparison.condition), missing(control));
            let mut row = row(low, &high, counts, level);
            if outside > 0 {
                let clusters = match outside {
                    1 => "1 cluster has".to_owned(),
                    n => format!("{n} clusters have"),
                };
                row.notes.push(Note::new(Code::OutsideLimits, format!("{clusters} an outcome below {least} or above {most}, so the bounds do not hold"
                )));
            }
            row
        })
        .collect())
}

/// Clusters that have an outcome outside of the limits: where `Σ (y − least)(most − y)` is negative, some term is. An outcome
/// that others of its cluster make up for is not seen.
fn outside(moments: &Moments, least: f64, most: f64) -> usize {
    let mut clusters: Vec<usize> = Vec::new();
    for (i, cell) in pulse::each(&moments.cells).enumerate() {
        let centre = moments.exact_centre(cell.stratum, 0);
        let above = moments.sum(i, 0) + (centre - Wide::from(least)) * cell.rows;
        let below = (Wide::from(most) - centre) * cell.rows - moments.sum(i, 0);
        let between = above * below / cell.rows - moments.product(i, 0, 0);
        let size = moments.size(i, 0) + cell.rows * least.abs().max(most.abs());
        if between.value() < -digits(size * size / cell.rows) {
            pulse::push(&mut clusters, cell.cluster);
        }
    }
    pulse::sort(&mut clusters);
    clusters.dedup();
    clusters.len()
}

fn row(low: Effect, high: &Effect, missing: (u64, u64), level: f64) -> Bounds {
    let df = low
        .inference
        .df
        .zip(high.inference.df)
        .map(|(a, b)| a.min(b));
    let tested = low.inference.p_value.is_some() && high.inference.p_value.is_some();
    let interval = || {
        let (l, h) = (low.inference.estimate?, high.inference.estimate?);
        let (sl, sh) = (low.inference.std_error?, high.inference.std_error?);
        let c = imbens_manski((h - l).max(0.0), sl.max(sh), level, Some(df?))?;
        Some((l - c * sl, h + c * sh))
    };
    let limits = tested.then(interval).flatten();
    let mut notes = on_difference(&low.notes);
    for note in on_difference(&high.notes) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    if missing == (0, 0) {
        notes.push(Note::new(
            Code::NoneMissing,
            "no outcome is missing, so both bounds are the effect",
        ));
    }
    Bounds {
        low: low.inference.estimate,
        high: high.inference.estimate,
        low_se: low.inference.std_error,
        high_se: high.inference.std_error,
        df,
        ci_low: limits.map(|l| l.0),
        ci_high: limits.map(|l| l.1),
        missing: missing.0,
        missing_control: missing.1,
        notes,
        comparison: low.comparison,
    }
}
