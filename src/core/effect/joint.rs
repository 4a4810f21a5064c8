//! One test of several hypotheses together.

use super::arms::arms_of;
use super::estimate::{about_rows, conditions_kept};
use super::hypotheses::{check_count, check_independent, read};
use crate::distribution::f_upper;
use crate::error::Invalid;
use crate::note::Note;
use crate::pulse::beat;
use crate::regression::combination::{Combination, Linear, Parameters};
use crate::regression::design::{factor, times_transposed};
use crate::regression::notes::{FEW_CLUSTERS, LOW_DF, TOO_LOW_DF};
use crate::regression::question::Question;
use crate::regression::robust::{contributions, dot};
use crate::regression::satterthwaite::Products;
use crate::regression::{Estimand, FTest, Options, QuestionError, StdError, quoted};
use crate::sketch::View;
use nalgebra::{DMatrix, DVector};
use serde::Serialize;

/// Hypotheses that one test takes; its cost grows with the sixth power.
const MAX_TESTED: usize = 16;

/// The joint test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JointTest {
    /// Outcome.
    pub outcome: String,
    /// Hypotheses tested.
    pub hypotheses: Vec<String>,
    /// Conditions in them, the control left out.
    pub conditions: Vec<String>,
    /// The test; its numerator degrees of freedom are the number of hypotheses.
    #[serde(flatten)]
    pub test: FTest,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Tests that all hypotheses hold, written as for [`super::contrasts`]; without any that all effects are 0. With CR2 and
/// CR3 the approximate Hotelling test (HTZ) of Pustejovsky and Tipton (2018); with the others Wald's F with G − 1 (`naive`:
/// N − k) denominator degrees of freedom. Hypotheses that follow from others, or contradict them, are refused.
pub fn joint_test<T: AsRef<str>>(
    view: &View<'_>,
    control: &str,
    hypotheses: Option<&[T]>,
    options: &Options,
) -> Result<JointTest, QuestionError> {
    if let Some(texts) = hypotheses {
        check_count(texts.len(), MAX_TESTED, "at most 16 hypotheses in one test")?;
        if texts.is_empty() {
            return Err(Invalid {
                argument: "hypotheses",
                must: "at least one hypothesis",
                got: "none".to_owned(),
                hint: "Leave the argument out to test that all effects are 0.",
            }
            .into());
        }
    }
    let question = Question::new(view, control, options)?;
    let asked = match hypotheses {
        None => all_effects(&question)?,
        Some(texts) => {
            let mut asked = Vec::with_capacity(texts.len());
            for text in texts.iter().map(T::as_ref) {
                asked.push((
                    text.to_owned(),
                    read(text, &question, view, options.adjust)?,
                ));
            }
            check_independent(&asked, question.moments.conditions.len())?;
            asked
        }
    };
    test_of(&question, options, asked, hypotheses.is_none())
}

/// That the effect of each condition is 0, of those that are not dropped.
fn all_effects(question: &Question) -> Result<Vec<(String, Linear)>, QuestionError> {
    let (design, control) = (&question.design, question.control);
    let q = conditions_kept(design);
    if q > MAX_TESTED {
        return Err(QuestionError::TooLarge {
            regressors: q,
            clusters: design.clusters.len(),
        });
    }
    let conditions = &question.moments.conditions;
    let written = |c: usize| conditions.get(c).map(|c| quoted(&c.name));
    let kept = design.kept.iter().take(q);
    let effect = |&c: &usize| {
        let text = format!("{} = {}", written(c)?, written(control)?);
        Some((text, Linear::effect(c, control)))
    };
    Ok(kept
        .filter_map(|&k| design.treated.get(k))
        .filter_map(effect)
        .collect())
}

fn test_of(
    question: &Question,
    options: &Options,
    asked: Vec<(String, Linear)>,
    all_effects: bool,
) -> Result<JointTest, QuestionError> {
    let design = &question.design;
    let name = |i: &usize| question.moments.conditions.get(*i).map(|c| c.name.clone());
    let mut named: Vec<usize> = Vec::new();
    for condition in asked.iter().flat_map(|(_, l)| l.conditions()) {
        if !named.contains(&condition) {
            named.push(condition);
        }
    }
    let of_control = all_effects || named.contains(&question.control);
    let tested: Vec<usize> = named
        .into_iter()
        .filter(|c| *c != question.control)
        .collect();
    let (hypotheses, linears): (Vec<String>, Vec<Linear>) = asked.into_iter().unzip();
    let mut test = JointTest {
        outcome: question.outcome.clone(),
        hypotheses,
        conditions: tested.iter().filter_map(name).collect(),
        test: FTest::default(),
        notes: Vec::new(),
    };
    let arms = arms_of(&question.pooled);
    let compared = || {
        let control = std::iter::once(&question.control).filter(|_| of_control);
        tested.iter().chain(control).filter_map(|&i| arms.get(i))
    };
    let single = compared()
        .find(|a| a.clusters == 1)
        .map(|a| a.condition.clone());
    let control_clusters = arms.get(question.control).map_or(0, |a| a.clusters);
    test.notes.extend(about_rows(question, options.adjust));
    if options.estimand == Estimand::Cluster {
        test.notes.push(Note::cluster_estimand());
    }
    if all_effects && control_clusters == 0 {
        test.notes.push(Note::no_control_rows());
        test.conditions.clear();
        test.hypotheses.clear();
        return Ok(test);
    }
    if let Some(least) = compared().take(tested.len()).map(|a| a.clusters).min()
        && compared().map(|a| a.clusters).min() < Some(FEW_CLUSTERS)
    {
        test.notes.push(Note::few_clusters(control_clusters, least));
    }
    let parameters = Parameters::new(question, options.adjust);
    let mut estimates = Vec::with_capacity(linears.len());
    let mut contrasts = Vec::with_capacity(linears.len());
    for linear in &linears {
        match parameters.combine(linear) {
            Ok(Combination { estimate, contrast }) => {
                estimates.push(estimate);
                contrasts.push(contrast);
            }
            Err(note) => {
                test.notes.push(note);
                return Ok(test);
            }
        }
    }
    let q = contrasts.len();
    if all_effects && q < design.treated.len() {
        test.notes.push(Note::aliased_condition());
    }
    if all_effects && design.treated.len() < question.moments.conditions.len() - 1 {
        test.notes.push(Note::no_rows());
    }
    if q == 0 || question.no_residual() {
        if q > 0 {
            test.notes.push(Note::no_residual());
        }
        return Ok(test);
    }
    let parts = contributions(design, &contrasts, options.se)?;
    if options.se.is_jackknife() && parts.carried.iter().any(|&c| c) {
        test.notes.push(Note::cr3_undefined());
        return Ok(test);
    }
    let mut variance = DMatrix::<f64>::zeros(q, q);
    for s in &parts.scores {
        let s = DVector::from_column_slice(s);
        variance.ger(1.0, &s, &s, 1.0);
    }
    let (rows, clusters, parameters) = (design.rows, question.clusters(), question.parameters());
    if options.se == StdError::Naive {
        let s2 = design.residual_ss / (rows - parameters);
        variance = DMatrix::from_fn(q, q, |i, j| match (contrasts.get(i), contrasts.get(j)) {
            (Some(a), Some(b)) => s2 * dot(a, b),
            _ => 0.0,
        });
        test.notes.push(Note::naive(None));
    }
    let factor = options.se.factor(rows, clusters, parameters);
    if !(factor.is_finite() && factor > 0.0) {
        test.notes.push(Note::no_df());
        return Ok(test);
    }
    variance *= factor;
    if (0..q).any(|j| variance[(j, j)] == 0.0) {
        test.notes.push(Note::no_residual());
        return Ok(test);
    }
    let Some(wald) = wald(&variance, &estimates) else {
        test.notes.push(Note::no_df());
        return Ok(test);
    };
    let q_real = q as f64;
    let (scale, df_den) = if options.se.is_satterthwaite() {
        let Some(eta) = hotelling_df(
            &Products::new(&parts.terms, &parts.form, &(0..q).collect::<Vec<_>>()),
            q,
        ) else {
            test.notes.push(Note::no_df());
            return Ok(test);
        };
        ((eta - q_real + 1.0) / eta, eta - q_real + 1.0)
    } else if options.se == StdError::Naive {
        (1.0, rows - parameters)
    } else {
        (1.0, clusters - 1.0)
    };
    if !(df_den > 0.0) {
        test.notes.push(Note::no_df());
        return Ok(test);
    }
    (test.test.df_num, test.test.df_den) = (Some(q_real), Some(df_den));
    if options.se != StdError::Naive {
        if let Some(arm) = single {
            test.notes.push(Note::single_cluster_arm(arm));
            return Ok(test);
        }
        if df_den < TOO_LOW_DF {
            test.notes.push(Note::too_low_df(df_den));
            return Ok(test);
        }
        if df_den < LOW_DF {
            test.notes.push(Note::low_df(df_den));
        }
    }
    let f = scale * wald / q_real;
    (test.test.f, test.test.p_value) = (Some(f), f_upper(f, q_real, df_den));
    Ok(test)
}

/// `b' V⁻¹ b`; `None` if V is singular but for rounding.
pub(super) fn wald(variance: &DMatrix<f64>, b: &[f64]) -> Option<f64> {
    let (kept, _, root) = factor(variance.as_slice(), b.len());
    let whole = kept.len() == b.len();
    whole.then(|| times_transposed(&root, b).iter().map(|z| z * z).sum())
}

/// η of the approximate Hotelling distribution: contrasts are rotated by `Ω^(−1/2)`, `Ω` being the expected covariance, so
/// that the sum of the variances of the estimate's entries is `v`, and `η = q (q + 1) / v`.
fn hotelling_df(products: &Products<'_>, q: usize) -> Option<f64> {
    let omega = DMatrix::from_fn(q, q, |a, b| {
        0.5 * (products.trace(a, b) + products.trace(b, a))
    });
    let eigen = crate::regression::robust::eigen(omega).ok()?;
    if !(eigen.eigenvalues.min() > 0.0) {
        return None;
    }
    let half = eigen.eigenvalues.map(|l| 1.0 / l.sqrt());
    let rotation =
        &eigen.eigenvectors * DMatrix::from_diagonal(&half) * eigen.eigenvectors.transpose();
    let index = |a: usize, b: usize, c: usize, d: usize| ((a * q + b) * q + c) * q + d;
    let mut inner = vec![0.0; q.pow(4)];
    for (i, slot) in inner.iter_mut().enumerate() {
        beat();
        *slot = products.inner(i / (q * q * q), i / (q * q) % q, i / q % q, i % q);
    }
    // ⟨P'_st, P'_uv⟩ of rotated contrasts is a linear form in those of the given ones.
    let rotated = |s: usize, t: usize, u: usize, v: usize| {
        let mut sum = 0.0;
        for a in 0..q {
            for b in 0..q {
                for c in 0..q {
                    for d in 0..q {
                        let weight = rotation[(s, a)]
                            * rotation[(t, b)]
                            * rotation[(u, c)]
                            * rotation[(v, d)];
                        sum += weight * inner.get(index(a, b, c, d)).copied().unwrap_or(0.0);
                    }
                }
            }
        }
        sum
    };
    let mut total = 0.0;
    for s in 0..q {
        for t in 0..q {
            beat();
            total += rotated(s, s, t, t) + rotated(s, t, t, s);
        }
    }
    (total > 0.0).then(|| q as f64 * (q as f64 + 1.0) / total)
}
