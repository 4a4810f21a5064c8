//! Effects on outcomes of 0 and 1, in the words people use for them.

use super::error::EffectError;
use super::inference::Inference;
use super::notes::TOO_LOW_DF;
use super::rate::RatioSe;
use super::ratio::{Arms, Pair};
use super::size::cox_index;
use crate::distribution::t_critical;
use crate::error::Invalid;
use crate::sketch::{Centre, Rows, Variable, View};

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Range {
    /// The estimate.
    pub estimate: Option<f64>,
    /// Lower limit.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
}

/// The effect of one condition on the rate of ones. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BinaryEffect {
    /// Treated condition.
    pub condition: String,
    /// Control condition.
    pub control: String,
    /// Share of ones in the condition and in the control.
    pub rate: (Option<f64>, Option<f64>),
    /// Difference of the rates in percentage points: ones more for each 100 students.
    pub points: Inference,
    /// Difference of the rates times the rows of the condition.
    pub additional_students: Option<f64>,
    /// Students for one more (or fewer) one.
    pub number_needed: Option<f64>,
    /// Ratio of the rates.
    pub risk_ratio: Range,
    /// Ratio of the odds.
    pub odds_ratio: Range,
    /// `ln(odds ratio) / 1.65`.
    pub cox_index: Option<f64>,
    /// Rows of the condition and of the control.
    pub n: (u64, u64),
    /// Clusters of the condition and of the control.
    pub clusters: (u64, u64),
    /// What to know.
    pub notes: Vec<String>,
}

/// The effect of each condition except the control, by condition. Strata and covariates are not used.
pub fn binary_effects(
    view: &View<'_>,
    control: &str,
    level: f64,
) -> Result<Vec<BinaryEffect>, EffectError> {
    if !view.is_binary(Variable::Outcome) {
        return Err(EffectError::Invalid(Invalid {
            argument: "outcome",
            must: "0 or 1 in every row of the sketch",
            got: "other values".to_owned(),
            hint: "Use rct.effects for other outcomes, or build the sketch with an outcome like score >= 50.",
        }));
    }
    let moments = view.moments(Rows::All, Centre::Pooled)?;
    let arms = Arms::new(view, &moments, control, RatioSe::Cr2, level)?;
    Ok(arms.pairs().map(|p| row(&p, control, level)).collect())
}

fn row(pair: &Pair<'_>, control: &str, level: f64) -> BinaryEffect {
    let mut row = BinaryEffect {
        condition: pair.condition.to_owned(),
        control: control.to_owned(),
        n: pair.n,
        clusters: pair.clusters,
        notes: pair.notes.clone(),
        ..BinaryEffect::default()
    };
    row.rate = pair.rates.map(|r| r.map(|r| r.ratio)).into();
    let ([Some(treated), Some(base)], (Some(p), Some(q))) = (pair.rates, row.rate) else {
        row.notes
            .push("no_rows: an arm has no row with an outcome".to_owned());
        return row;
    };
    let difference = p - q;
    let contrast = pair.contrast(treated, 100.0, base, 100.0);
    row.points = pair.infer(100.0 * difference, &contrast, &mut row.notes);
    row.additional_students = Some(difference * pair.n.0 as f64);
    if difference != 0.0 {
        row.number_needed = Some(1.0 / difference.abs());
    }
    if difference < 0.0 {
        row.notes.push(
            "fewer: the rate is lower than that of the control; number_needed is for one fewer"
                .to_owned(),
        );
    }
    // Ratios on the log scale, each with the degrees of freedom of its own contrast.
    let tested = row.points.ci_low.is_some();
    let mut too_low = Vec::new();
    let mut range = |log: f64, a: f64, b: f64| {
        let contrast = pair.contrast(treated, a, base, b);
        let df = contrast.df().filter(|_| tested);
        too_low.extend(df.filter(|df| *df < TOO_LOW_DF));
        let half = df
            .filter(|df| *df >= TOO_LOW_DF)
            .and_then(|df| t_critical(1.0 - level, df))
            .map(|t| t * contrast.variance().sqrt());
        Range {
            estimate: Some(log.exp()),
            low: half.map(|h| (log - h).exp()),
            high: half.map(|h| (log + h).exp()),
        }
    };
    if p > 0.0 && q > 0.0 {
        row.risk_ratio = range((p / q).ln(), 1.0 / p, 1.0 / q);
    }
    row.cox_index = cox_index(p, q).ok().flatten();
    let (other_p, other_q) = (1.0 - p, 1.0 - q);
    if p * q * other_p * other_q > 0.0 {
        let log = (p * other_q / (other_p * q)).ln();
        row.odds_ratio = range(log, 1.0 / (p * other_p), 1.0 / (q * other_q));
    } else {
        row.notes.push(
            "no_odds_ratio: a rate of 0 or 1 has no odds ratio, and a rate of 0 no risk ratio with an interval"
                .to_owned(),
        );
    }
    if let Some(df) = too_low.into_iter().reduce(f64::min) {
        row.notes.push(format!(
            "low_df_of_ratio: {df:.2} degrees of freedom of a ratio; it has no interval below 2"
        ));
    }
    row
}
