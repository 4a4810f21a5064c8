//! Outcomes of 0 and 1 on the scales that people use for rates. Strata and covariates are not used.

use super::rate::{Rate, RatioSe};
use super::ratio::{Arms, Pair};
use super::size::cox_index;
use super::sizes::{EffectSizeRow, Measure};
use crate::distribution::t_critical;
use crate::note::{Code, Note};
use crate::regression::QuestionError;
use crate::regression::notes::TOO_LOW_DF;
use crate::sketch::{Centre, Rows, View};

/// For each condition except the control, by condition: ratios of rates and of odds, Cox's index, and numbers of students.
pub(super) fn binary_sizes(
    view: &View<'_>,
    control: &str,
    level: f64,
) -> Result<Vec<[EffectSizeRow; 5]>, QuestionError> {
    let moments = view.moments(Rows::All, Centre::Pooled)?;
    let arms = Arms::new(view, &moments, control, RatioSe::Cr2, level)?;
    Ok(arms.pairs().map(|p| of_pair(&p, level)).collect())
}

fn of_pair(pair: &Pair<'_>, level: f64) -> [EffectSizeRow; 5] {
    let row = |measure| EffectSizeRow::new(&pair.comparison, measure, None);
    let [mut risk, mut odds, mut cox, mut needed, mut more] = [
        Measure::RiskRatio,
        Measure::OddsRatio,
        Measure::CoxIndex,
        Measure::NumberNeeded,
        Measure::AdditionalStudents,
    ]
    .map(row);
    let ignored = pair.notes.iter().filter(|n| n.code == Code::StrataNotUsed);
    let ignored: Vec<Note> = ignored.cloned().collect();
    for row in [&mut risk, &mut odds, &mut cox, &mut needed, &mut more] {
        row.notes.clone_from(&ignored);
    }
    if let [Some(treated), Some(base)] = pair.rates {
        let (p, q) = (treated.ratio, base.ratio);
        let difference = p - q;
        more.inference.estimate = Some(difference * pair.comparison.n as f64);
        needed.inference.estimate = (difference != 0.0).then(|| 1.0 / difference.abs());
        if difference < 0.0 {
            needed.notes.push(Note::new(
                Code::Fewer,
                "the rate is lower than in the control; the number needed is for one fewer",
            ));
        }
        cox.inference.estimate = cox_index(p, q).ok().flatten();
        let tested = {
            let contrast = pair.contrast(treated, 1.0, base, 1.0);
            pair.infer(difference, &contrast, &mut Vec::new())
                .ci_low
                .is_some()
        };
        let logs = Logs {
            pair,
            rates: (treated, base),
            tested,
            level,
        };
        if p > 0.0 && q > 0.0 {
            logs.fill(&mut risk, (p / q).ln(), 1.0 / p, 1.0 / q);
        } else {
            risk.notes.push(no_odds_ratio());
        }
        let (other_p, other_q) = (1.0 - p, 1.0 - q);
        if p * q * other_p * other_q > 0.0 {
            let log = (p * other_q / (other_p * q)).ln();
            let (a, b) = (1.0 / (p * other_p), 1.0 / (q * other_q));
            logs.fill(&mut odds, log, a, b);
        } else {
            odds.notes.push(no_odds_ratio());
        }
    }
    [risk, odds, cox, needed, more]
}

fn no_odds_ratio() -> Note {
    let text = "a rate of 0 or 1 has no odds ratio, and a rate of 0 no risk ratio with an interval";
    Note::new(Code::NoOddsRatio, text)
}

/// Ratios on the log scale, each with the degrees of freedom of its own contrast.
struct Logs<'a> {
    pair: &'a Pair<'a>,
    rates: (&'a Rate, &'a Rate),
    tested: bool,
    level: f64,
}

impl Logs<'_> {
    /// A ratio with the logarithm `log`, whose variance is that of `a` times the rate less `b` times that of the control.
    fn fill(&self, row: &mut EffectSizeRow, log: f64, a: f64, b: f64) {
        row.inference.estimate = Some(log.exp());
        let contrast = self.pair.contrast(self.rates.0, a, self.rates.1, b);
        let Some(df) = contrast.df().filter(|_| self.tested) else {
            return;
        };
        row.inference.df = Some(df);
        if df < TOO_LOW_DF {
            row.notes.push(Note::too_low_df(df));
            return;
        }
        if let Some(t) = t_critical(1.0 - self.level, df) {
            let half = t * contrast.variance().sqrt();
            row.inference.ci_low = Some((log - half).exp());
            row.inference.ci_high = Some((log + half).exp());
        }
    }
}
