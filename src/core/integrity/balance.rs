//! Whether the conditions were alike before the experiment: the covariates of a sketch as outcomes.

use crate::distribution::f_upper;
use crate::effect::Comparison;
use crate::effect::estimate::{conditions_kept, effects_of};
use crate::effect::hedges_g;
use crate::effect::size::pooled_sd;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::beat;
use crate::regression::design::{factor, times_transposed};
use crate::regression::notes::{LOW_DF, TOO_LOW_DF, on_difference};
use crate::regression::question::{Question, linked};
use crate::regression::robust::contributions;
use crate::regression::satterthwaite::Products;
use crate::regression::{FTest, Inference, Options, QuestionError, Strata};
use crate::sketch::{Centre, Rows, View};
use serde::Serialize;

/// One covariate of one condition against the control. `None` is NULL, and a note says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Balance {
    /// Who is compared; the outcome is the covariate.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Place of the covariate among them all, from 1.
    #[serde(skip)]
    pub number: usize,
    /// Difference within strata, with its CR2 standard error and Satterthwaite degrees of freedom.
    #[serde(flatten)]
    pub inference: Inference,
    /// Mean of the condition.
    pub mean: Option<f64>,
    /// Mean of the control.
    pub mean_control: Option<f64>,
    /// Hedges' g: the difference over the pooled standard deviation of students within conditions, times
    /// `1 − 3 / (4 N − 9)`.
    pub standardized: Option<f64>,
    /// `satisfied` up to 0.05, `adjust` up to 0.25, `fails` above (What Works Clearinghouse).
    pub category: Option<&'static str>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// One test that no covariate differs between a condition and the control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BalanceJoint {
    /// Condition.
    pub condition: String,
    /// Control.
    pub control: String,
    /// Covariates tested.
    pub covariates: u64,
    /// The test.
    #[serde(flatten)]
    pub test: FTest,
    /// What to know.
    pub notes: Vec<Note>,
}

/// The questions "the effect on covariate j", one for each covariate.
fn questions(
    view: &View<'_>,
    control: &str,
    strata: Strata,
) -> Result<Vec<Question>, QuestionError> {
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
    let names = view.covariate_names();
    (1..=count)
        .zip(&names)
        .map(|(j, name)| {
            beat();
            Question::of(name, own.of_column(j), pooled.of_column(j), control)
        })
        .collect()
}

/// Each covariate of a sketch by condition: the effect of the condition on it, by the same regression and the same
/// cluster-robust inference (CR2, Satterthwaite) as the effect on an outcome. Rows are those of the sketch with all
/// covariates, so with an outcome too: the sample that is analyzed. `names` are the covariates', in their order.
pub fn balance(
    view: &View<'_>,
    control: &str,
    strata: Strata,
) -> Result<Vec<Balance>, QuestionError> {
    let options = Options {
        strata,
        ..Options::default()
    };
    let mut rows = Vec::new();
    for (j, question) in questions(view, control, strata)?.iter().enumerate() {
        beat();
        for effect in effects_of(question, &options)? {
            let compared = &effect.comparison;
            let n = (compared.n as f64, compared.n_control as f64);
            let mut notes = on_difference(&effect.notes);
            let standardized = effect
                .inference
                .estimate
                .zip(effect.sd.zip(effect.sd_control))
                .and_then(|(b, sd)| hedges_g(b, pooled_sd(n, sd), n.0, n.1, 1.0, 0.0).ok())
                .map(|g| g.g);
            if standardized.is_none() && effect.inference.estimate.is_some() {
                notes.push(Note::new(
                    Code::NoSpread,
                    "the covariate does not vary within conditions",
                ));
            }
            rows.push(Balance {
                comparison: effect.comparison,
                number: j + 1,
                inference: effect.inference,
                mean: effect.mean,
                mean_control: effect.mean_control,
                standardized,
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
        let name = |row: &Balance| row.comparison.condition.clone();
        name(a).cmp(&name(b)).then(a.number.cmp(&b.number))
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
) -> Result<Vec<BalanceJoint>, QuestionError> {
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
            .position(|c| c.name == effect.comparison.condition);
        let mut row = BalanceJoint {
            condition: effect.comparison.condition.clone(),
            control: effect.comparison.control.clone(),
            covariates: questions.len() as u64,
            test: FTest::default(),
            notes: effect
                .notes
                .iter()
                .filter(|n| n.is_on_difference())
                .filter(|n| !matches!(n.code, Code::NoResidual | Code::LowDf | Code::TooLowDf))
                .cloned()
                .collect(),
        };
        let at = first
            .design
            .treated
            .iter()
            .position(|c| Some(*c) == number)
            .and_then(|r| first.design.kept.iter().position(|&k| k == r));
        let possible = effect.comparison.n_control > 0
            && effect.comparison.fewest_clusters() > 1
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
    parts: &[crate::regression::robust::Contributions],
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
        row.notes.push(Note::aliased_covariate(j + 1));
    }
    let coordinates = questions.first().map(|q| q.design.contrast(at));
    let products = Products::new(&first.terms, &first.form, &[at]);
    let Some(nu) = coordinates.and_then(|d| products.df(0, &d)) else {
        row.notes.push(Note::no_df());
        return;
    };
    row.covariates = kept.len() as u64;
    let (tested, df_den) = (kept.len() as f64, nu - kept.len() as f64 + 1.0);
    if kept.is_empty() {
        return;
    }
    if !(df_den > 0.0) {
        row.notes.push(Note::new(
            Code::NoDf,
            format!("{nu:.2} degrees of freedom are too few for {tested} covariates at once"),
        ));
        return;
    }
    let d: Vec<f64> = kept
        .iter()
        .filter_map(|&j| difference.get(j))
        .copied()
        .collect();
    let wald: f64 = times_transposed(&root, &d).iter().map(|z| z * z).sum();
    (row.test.df_num, row.test.df_den) = (Some(tested), Some(df_den));
    if df_den < TOO_LOW_DF {
        row.notes.push(Note::too_low_df(df_den));
        return;
    }
    if df_den < LOW_DF {
        row.notes.push(Note::low_df(df_den));
    }
    let f = df_den / (nu * tested) * wald;
    (row.test.f, row.test.p_value) = (Some(f), f_upper(f, tested, df_den));
}
