//! Intervals that hold for several effects at once, of several conditions and outcomes: the largest |t|, with Gaussian
//! multipliers on the scores of the clusters.
//!
//! A draw multiplies the CR2 score of each cluster, the same for all effects, by a standard normal number (Chernozhukov,
//! Chetverikov and Kato 2013). What comes out is normal with the scores' cross products as covariance, so it is drawn from
//! them directly, at a cost that does not depend on the number of clusters. Each effect keeps its own t distribution with
//! Satterthwaite degrees of freedom: the draws are compared on the scale of p-values (Westfall and Young 1993), so that
//! one effect alone has the p-value and the interval of `effects`.
//!
//! With `B` draws the adjusted p-value is `(1 + #{draws: min over all j of p*_j ≤ p}) / (B + 1)`, and no less than `p`.
//! Stepdown (see `stepdown`) counts the same draws.

use super::Draws;
use super::stepdown::{Stepdown, adjusted, reaches};
use super::wild::place;
use crate::distribution::t_critical;
use crate::effect::Comparison;
use crate::effect::effects;
use crate::effect::estimate::conditions_kept;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::{self, Pulse};
use crate::random::{Purpose, Random};
use crate::regression::notes::on_difference;
use crate::regression::question::Question;
use crate::regression::robust::{contributions, dot};
use crate::regression::{Inference, Options, QuestionError, StdError};
use crate::sketch::{Key, View};
use serde::Serialize;

/// Most effects of a call.
const MAX_EFFECTS: usize = 500;
/// Variance, relative to its own, below which an effect is a combination of earlier ones.
const COMBINATION: f64 = 1e-12;

/// One of several effects. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Simultaneous {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The effect and its test by itself; the interval holds for all effects together.
    #[serde(flatten)]
    pub inference: Inference,
    /// p-value, adjusted for all effects of the call in a single step; the interval belongs to it.
    pub p_adjusted: Option<f64>,
    /// The same by stepdown (see `stepdown`): never larger, and without an interval.
    pub p_stepdown: Option<f64>,
    /// Standard errors from the estimate to the limits.
    pub critical: Option<f64>,
    /// Draws that were made.
    pub draws: u64,
    /// The seed.
    pub seed: String,
    /// What to know, `name: sentence`.
    pub notes: Vec<Note>,
}

/// Scores of one effect, over its standard error, by cluster.
type Scores = Vec<(Key, f64)>;

/// The effects of all conditions on all outcomes, with intervals that hold for all of them at `level`.
pub fn simultaneous_intervals(
    views: &[View<'_>],
    control: &str,
    options: &Options,
    draws: &Draws,
) -> Result<Vec<Simultaneous>, QuestionError> {
    let options = Options {
        se: StdError::Cr2,
        ..*options
    };
    let (mut rows, mut scores): (Vec<Simultaneous>, Vec<Option<Scores>>) = Default::default();
    for view in views {
        pulse::room_for(views.len(), 8 * size_of::<Key>());
        let question = Question::new(view, control, &options)?;
        let contrasts: Vec<Vec<f64>> = (0..conditions_kept(&question.design))
            .map(|j| question.design.contrast(j))
            .collect();
        let parts = contributions(&question.design, &contrasts, options.se)?;
        for effect in effects(view, control, &options)? {
            let at = place(&question, &effect.comparison.condition)
                .filter(|_| effect.inference.p_value.is_some());
            scores.push(at.zip(effect.inference.std_error).map(|(at, se)| {
                let score = |s: &Vec<f64>| s.get(at).copied().unwrap_or(0.0) / se;
                let scores = parts.scores.iter().map(score);
                question
                    .moments
                    .clusters
                    .iter()
                    .copied()
                    .zip(scores)
                    .collect()
            }));
            rows.push(Simultaneous {
                notes: on_difference(&effect.notes),
                comparison: effect.comparison,
                inference: Inference {
                    ci_low: None,
                    ci_high: None,
                    ..effect.inference
                },
                draws: draws.count,
                seed: draws.seed.clone(),
                ..Simultaneous::default()
            });
        }
    }
    let family: Vec<&Scores> = scores.iter().flatten().collect();
    if family.len() > MAX_EFFECTS {
        return Err(Invalid::number(
            "outcomes",
            "of at most 500 effects together",
            family.len() as f64,
            "Ask for fewer outcomes or conditions at once.",
        )
        .into());
    }
    let own = rows.iter().zip(&scores).filter(|(_, s)| s.is_some());
    let own: Vec<f64> = own.filter_map(|(row, _)| row.inference.p_value).collect();
    let mut steps = Stepdown::new(&own);
    let least = least_p_values(&factor(&correlations(&family)), draws, &mut steps);
    let mut stepdown = steps.adjusted(least.len() as u64).into_iter();
    let alpha = 1.0 - options.level;
    let quantile = (((least.len() + 1) as f64 * alpha * (1.0 + 1e-12)).floor() as usize)
        .checked_sub(1)
        .and_then(|i| least.get(i))
        // Simulation error must not make an interval narrower than that of the effect by itself.
        .map(|q| q.min(alpha));
    for (row, _) in rows.iter_mut().zip(&scores).filter(|(_, s)| s.is_some()) {
        finish(row, &least, quantile);
        row.p_stepdown = stepdown.next().filter(|_| row.p_adjusted.is_some());
    }
    Ok(rows)
}

fn finish(row: &mut Simultaneous, least: &[f64], quantile: Option<f64>) {
    let (Some(estimate), Some(se), Some(df), Some(p)) = (
        row.inference.estimate,
        row.inference.std_error,
        row.inference.df,
        row.inference.p_value,
    ) else {
        return;
    };
    let reached = least.partition_point(|l| reaches(*l, p));
    row.p_adjusted = Some(adjusted(reached as u64, least.len() as u64, p));
    row.critical = quantile.and_then(|q| t_critical(q, df));
    row.inference.ci_low = row.critical.map(|c| estimate - c * se);
    row.inference.ci_high = row.critical.map(|c| estimate + c * se);
    if row.critical.is_none() {
        row.notes.push(Note::new(
            Code::FewDraws,
            format!(
                "{} draws do not reach as far as the level asks",
                least.len()
            ),
        ));
    }
}

/// Correlations of the effects, by rows, from the scores of the clusters that they share.
fn correlations(family: &[&Scores]) -> Vec<Vec<f64>> {
    let norms: Vec<f64> = family.iter().map(|s| product(s, s).sqrt()).collect();
    let row = |(a, n): (&&Scores, &f64)| {
        let with = family.iter().zip(&norms);
        with.map(|(b, m)| product(a, b) / (n * m)).collect()
    };
    family.iter().zip(&norms).map(row).collect()
}

/// Scalar product over the clusters of both; clusters come in the order of their digests.
fn product(a: &Scores, b: &Scores) -> f64 {
    let (mut sum, mut rest) = (0.0, b.as_slice());
    for (key, score) in a {
        let skip = rest.partition_point(|(k, _)| k < key);
        rest = rest.get(skip..).unwrap_or(&[]);
        if let Some((_, other)) = rest.first().filter(|(k, _)| k == key) {
            sum += score * other;
        }
    }
    sum
}

/// Lower Cholesky factor, row by row; effects that are combinations of earlier ones get no number of their own.
fn factor(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
    for (i, entries) in matrix.iter().enumerate() {
        let mut row: Vec<f64> = Vec::with_capacity(i + 1);
        for (entry, above) in entries.iter().zip(&rows) {
            let (diagonal, head) = above.split_last().map_or((0.0, &[][..]), |(d, h)| (*d, h));
            let rest = entry - dot(head, &row);
            row.push(if diagonal > 0.0 { rest / diagonal } else { 0.0 });
        }
        let own = 1.0 - dot(&row, &row);
        row.push(if own > COMBINATION { own.sqrt() } else { 0.0 });
        rows.push(row);
    }
    rows
}

/// The least p-value of each draw, ascending. Each draw is counted by stepdown too.
fn least_p_values(factor: &[Vec<f64>], draws: &Draws, steps: &mut Stepdown) -> Vec<f64> {
    if factor.is_empty() {
        return Vec::new();
    }
    let mut random = Random::new(&draws.seed, Purpose::Multiplier, 0);
    let mut pulse = Pulse::every((100_000 / (factor.len() * factor.len() + 20) + 1) as u32);
    let mut numbers = vec![0.0; factor.len()];
    let mut statistics = Vec::with_capacity(factor.len());
    let mut least: Vec<f64> = pulse::vector(usize::try_from(draws.count).unwrap_or(usize::MAX));
    least.extend((0..draws.count).map(|draw| {
        pulse.tick();
        random.go_to(draw);
        numbers.iter_mut().for_each(|n| *n = random.normal());
        let statistic = |row: &Vec<f64>| dot(row, &numbers);
        statistics.clear();
        statistics.extend(factor.iter().map(statistic));
        steps.count(&statistics)
    }));
    pulse::sort_by(&mut least, f64::total_cmp);
    least
}
