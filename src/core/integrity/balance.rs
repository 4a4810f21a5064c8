//! Whether the conditions were alike before the experiment: the covariates of a sketch as outcomes.

use crate::distribution::f_upper;
use crate::effect::design::{factor, times_transposed};
use crate::effect::estimate::{conditions_kept, effects_of};
use crate::effect::notes::{LOW_DF, TOO_LOW_DF, on_difference};
use crate::effect::question::{Question, linked};
use crate::effect::robust::contributions;
use crate::effect::satterthwaite::Products;
use crate::effect::size::pooled_sd;
use crate::effect::{EffectError, Note, Options, Strata, hedges_g};
use crate::error::Invalid;
use crate::pulse::beat;
use crate::sketch::{Centre, Rows, View};

/// One covariate of one condition against the control. `None` is NULL, and a note says why.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// Condition.
    pub condition: String,
    /// Number of the covariate, from 1.
    pub number: usize,
    /// Its name; its number if no names are given.
    pub covariate: String,
    /// Students of the condition and of the control.
    pub n: (u64, u64),
    /// Clusters of the condition and of the control.
    pub clusters: (u64, u64),
    /// Mean of the condition and of the control.
    pub mean: (Option<f64>, Option<f64>),
    /// Difference within strata.
    pub difference: Option<f64>,
    /// Hedges' g: the difference over the pooled standard deviation of students within conditions, times
    /// `1 − 3 / (4 N − 9)`.
    pub standardized: Option<f64>,
    /// CR2 standard error of the difference.
    pub std_error: Option<f64>,
    /// Satterthwaite degrees of freedom.
    pub df: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// `satisfied` up to 0.05, `adjust` up to 0.25, `fails` above (What Works Clearinghouse).
    pub category: Option<&'static str>,
    /// What to know.
    pub notes: Vec<String>,
}

/// One test that no covariate differs between a condition and the control.
#[derive(Debug, Clone, PartialEq)]
pub struct BalanceJoint {
    /// Condition.
    pub condition: String,
    /// Covariates tested.
    pub covariates: u64,
    /// F statistic.
    pub f: Option<f64>,
    /// Numerator degrees of freedom.
    pub df_num: Option<f64>,
    /// Denominator degrees of freedom.
    pub df_den: Option<f64>,
    /// p-value.
    pub p_value: Option<f64>,
    /// What to know.
    pub notes: Vec<String>,
}

/// The questions "the effect on covariate j", one for each covariate.
fn questions(view: &View<'_>, control: &str, strata: Strata) -> Result<Vec<Question>, EffectError> {
    let count = view.covariate_count();
    if count == 0 {
        return Err(Invalid {
            argument: "sketch",
            must: "one with covariates",
            got: "none".to_owned(),
            hint: "Build the sketch with its covariates, such as rct.sketch('score ~ pretest, female', condition, class, school, score, pretest, female).",
        }
        .into());
    }
    let own = view.moments(Rows::WithCovariates, strata.centre())?;
    let pooled = view.moments(Rows::WithCovariates, Centre::Pooled)?;
    (1..=count)
        .map(|j| {
            beat();
            Question::of(own.of_column(j), pooled.of_column(j), control)
        })
        .collect()
}

/// Each covariate of a sketch by condition: the effect of the condition on it, by the same regression and the same
/// cluster-robust inference (CR2, Satterthwaite) as the effect on an outcome. Rows are those of the sketch with all
/// covariates, so with an outcome too: the sample that is analysed. `names` are the covariates', in their order.
pub fn balance(
    view: &View<'_>,
    control: &str,
    strata: Strata,
) -> Result<Vec<Balance>, EffectError> {
    let names = view.covariate_names();
    let options = Options {
        strata,
        ..Options::default()
    };
    let mut rows = Vec::new();
    for (j, question) in questions(view, control, strata)?.iter().enumerate() {
        beat();
        for effect in effects_of(question, &options)? {
            let n = (effect.n.0 as f64, effect.n.1 as f64);
            let mut notes = on_difference(&effect.notes);
            let standardized = effect
                .estimate
                .zip(effect.sd.0.zip(effect.sd.1))
                .and_then(|(b, sd)| hedges_g(b, pooled_sd(n, sd), n.0, n.1, 1.0, 0.0).ok())
                .map(|g| g.g);
            if standardized.is_none() && effect.estimate.is_some() {
                notes.push("no_spread: the covariate does not vary within conditions".to_owned());
            }
            rows.push(Balance {
                condition: effect.condition,
                number: j + 1,
                covariate: names.get(j).cloned().unwrap_or_default(),
                n: effect.n,
                clusters: effect.clusters,
                mean: effect.mean,
                difference: effect.estimate,
                standardized,
                std_error: effect.std_error,
                df: effect.df,
                p_value: effect.p_value,
                category: standardized.map(|g| match g.abs() {
                    g if g <= 0.05 => "satisfied",
                    g if g <= 0.25 => "adjust",
                    _ => "fails",
                }),
                notes,
            });
        }
    }
    // By condition, then by covariate; the sort keeps the order of conditions, which is that of their names.
    rows.sort_by(|a, b| {
        a.condition
            .as_bytes()
            .cmp(b.condition.as_bytes())
            .then(a.number.cmp(&b.number))
    });
    Ok(rows)
}

/// For each condition one test that no covariate differs from the control: Hotelling's T² of the differences of all
/// covariates, with their CR2 covariance over clusters.
///
/// All covariates have the same regressors, so cluster g contributes the vector `ψ_g` of its scores, and
/// `V = Σ_g ψ_g ψ_g'`. With rows independent, and covariates correlated in any way `Σ`, `V` is a matrix quadratic form
/// with the same matrix P for all covariates, so that it has the mean and variance of a Wishart with
/// `ν = (tr P)² / tr P²` degrees of freedom, the Satterthwaite degrees of freedom of any one of them. That makes the
/// approximate Hotelling test of Pustejovsky and Tipton (2018) for the stacked regression:
/// `F = (ν − k + 1) / (ν k) · d' V⁻¹ d` with k and `ν − k + 1` degrees of freedom.
pub fn balance_joint(
    view: &View<'_>,
    control: &str,
    strata: Strata,
) -> Result<Vec<BalanceJoint>, EffectError> {
    let options = Options {
        strata,
        ..Options::default()
    };
    let questions = questions(view, control, strata)?;
    let Some(first) = questions.first() else {
        return Ok(Vec::new());
    };
    let kept = conditions_kept(&first.design);
    let contrasts: Vec<Vec<f64>> = (0..kept).map(|j| first.design.contrast(j)).collect();
    let mut parts = Vec::with_capacity(questions.len());
    for question in &questions {
        beat();
        let mut part = contributions(&question.design, &contrasts, options.se)?;
        if !parts.is_empty() {
            part.terms = Vec::new();
        }
        parts.push(part);
    }
    let linked = linked(&first.moments, first.control);
    // Notes and what has no test are those of the first covariate: they do not depend on which it is.
    let plain = effects_of(first, &options)?;
    let mut rows = Vec::new();
    for effect in plain {
        let number = first
            .moments
            .conditions
            .iter()
            .position(|c| c.name == effect.condition);
        let mut row = BalanceJoint {
            condition: effect.condition,
            covariates: questions.len() as u64,
            f: None,
            df_num: None,
            df_den: None,
            p_value: None,
            notes: effect
                .notes
                .iter()
                .filter(|n| n.is_on_difference())
                .filter(|n| !matches!(n, Note::NoResidual | Note::LowDf(_) | Note::TooLowDf(_)))
                .map(Note::to_string)
                .collect(),
        };
        let at = first
            .design
            .treated
            .iter()
            .position(|c| Some(*c) == number)
            .and_then(|r| first.design.kept.iter().position(|&k| k == r));
        let possible = effect.n.1 > 0
            && effect.clusters.0.min(effect.clusters.1) > 1
            && number.and_then(|c| linked.get(c)) == Some(&true);
        if let (Some(at), true) = (at, possible) {
            test(&mut row, &questions, &parts, at);
        }
        rows.push(row);
    }
    Ok(rows)
}

fn test(
    row: &mut BalanceJoint,
    questions: &[Question],
    parts: &[crate::effect::robust::Contributions],
    at: usize,
) {
    let k = questions.len();
    let Some(first) = parts.first() else { return };
    let score = |j: usize, g: usize| {
        parts
            .get(j)
            .and_then(|p| p.scores.get(g)?.get(at))
            .copied()
            .unwrap_or(0.0)
    };
    let mut variance = vec![0.0; k * k];
    for g in 0..first.scores.len() {
        let own: Vec<f64> = (0..k).map(|j| score(j, g)).collect();
        for (line, a) in variance.chunks_exact_mut(k).zip(&own) {
            line.iter_mut().zip(&own).for_each(|(v, b)| *v += a * b);
        }
    }
    let difference: Vec<f64> = questions
        .iter()
        .map(|q| q.design.beta.get(at).copied().unwrap_or(0.0))
        .collect();
    let (kept, aliased, root) = factor(&variance, k);
    for j in aliased {
        row.notes.push(Note::AliasedCovariate(j + 1).to_string());
    }
    let coordinates = questions.first().map(|q| q.design.contrast(at));
    let products = Products::new(&first.terms, &first.form, &[at]);
    let Some(nu) = coordinates.and_then(|d| products.df(0, &d)) else {
        row.notes.push(Note::NoDf.to_string());
        return;
    };
    row.covariates = kept.len() as u64;
    let (tested, df_den) = (kept.len() as f64, nu - kept.len() as f64 + 1.0);
    if kept.is_empty() {
        return;
    }
    if !(df_den > 0.0) {
        row.notes.push(format!(
            "no_df: {nu:.2} degrees of freedom are too few for {tested} covariates at once"
        ));
        return;
    }
    let d: Vec<f64> = kept
        .iter()
        .filter_map(|&j| difference.get(j))
        .copied()
        .collect();
    let wald: f64 = times_transposed(&root, &d).iter().map(|z| z * z).sum();
    (row.df_num, row.df_den) = (Some(tested), Some(df_den));
    if df_den < TOO_LOW_DF {
        row.notes.push(Note::TooLowDf(df_den).to_string());
        return;
    }
    if df_den < LOW_DF {
        row.notes.push(Note::LowDf(df_den).to_string());
    }
    let f = df_den / (nu * tested) * wald;
    (row.f, row.p_value) = (Some(f), f_upper(f, tested, df_den));
}
