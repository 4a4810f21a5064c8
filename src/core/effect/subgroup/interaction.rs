//! The test that a condition has the same effect in all segments.
//!
//! In the regression with an intercept, effects and slopes for each segment, columns of different segments are never both
//! non-zero in a row, so that the leverage of a cluster falls into blocks, one for each segment, and so does its CR2
//! adjustment. Each effect and its variance are those of the segment alone; segments that share clusters covary by
//! `Σ_g ψ_gs ψ_gt`. Under the working model these covariances have the expected value 0, and the test of equality by
//! Pustejovsky and Tipton (2018), HTZ, needs only the expected variances `o_s = tr P_s` and `N_st = ⟨P_s, P_t⟩` over the
//! shared clusters: with `M = D'(D diag(o) D')⁻¹D = W − W11'W / 1'W1`, `W = diag(1/o)`, for the contrasts `D` of equality,
//! the sum of the variances of the rotated estimate is `v = Σ_st N_st (M_ss M_tt + M_st²)`, and `η = q (q + 1) / v`.

use super::{Guard, Segments, subgroup_effects};
use crate::distribution::{f_upper, t_critical};
use crate::effect::estimate::conditions_kept;
use crate::effect::joint::wald;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::{self, Pulse};
use crate::regression::negligible::difference;
use crate::regression::notes::{LOW_DF, TOO_LOW_DF};
use crate::regression::question::Question;
use crate::regression::robust::{Contributions, contributions};
use crate::regression::satterthwaite::{Form, Products, Terms};
use crate::regression::{FTest, Options, QuestionError};
use crate::sketch::{Key, View};
use nalgebra::DMatrix;
use serde::Serialize;
use std::cmp::Ordering;

/// Segments that one test takes; its cost grows with their square.
const MAX_SEGMENTS: usize = 100;

/// The test of one condition.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct InteractionTest {
    /// Outcome.
    pub outcome: String,
    /// Treated condition.
    pub condition: String,
    /// Control condition.
    pub control: String,
    /// Segments that are compared.
    pub segments: Vec<String>,
    /// The test.
    #[serde(flatten)]
    pub test: FTest,
    /// With two segments: the effect in the second less that in the first.
    pub estimate: Option<f64>,
    /// Its standard error; it has `df_den` degrees of freedom.
    pub std_error: Option<f64>,
    /// `estimate / std_error`.
    pub t: Option<f64>,
    /// Lower limit of the difference.
    pub ci_low: Option<f64>,
    /// Upper limit of the difference.
    pub ci_high: Option<f64>,
    /// What to know, `name: sentence`.
    pub notes: Vec<Note>,
}

/// For each condition, tests that its effect is the same in all segments, those left out that the guard holds back or
/// that have no test of their own.
pub fn interaction_test(
    segments: &Segments<'_>,
    control: &str,
    options: &Options,
    guard: Guard,
) -> Result<Vec<InteractionTest>, QuestionError> {
    if segments.0.len() > MAX_SEGMENTS {
        return Err(Invalid {
            argument: "segments",
            must: "at most 100 segments in one test",
            got: segments.0.len().to_string(),
            hint: "Compare fewer segments; a cluster or a student is not a segment.",
        }
        .into());
    }
    let rows = subgroup_effects(segments, control, options, guard)?;
    let mut analyses = Vec::with_capacity(segments.0.len());
    for (segment, view) in &segments.0 {
        pulse::beat();
        let usable = rows
            .iter()
            .any(|r| r.segment == *segment && r.inference.t.is_some());
        analyses.push(match usable {
            true => Some(Analysis::new(view, control, options)?),
            false => None,
        });
    }
    let mut conditions: Vec<&str> = rows
        .iter()
        .map(|r| r.comparison.condition.as_str())
        .collect();
    conditions.sort_unstable();
    conditions.dedup();
    let outcome = rows
        .first()
        .map_or(String::new(), |r| r.comparison.outcome.clone());
    let mut tests = Vec::with_capacity(conditions.len());
    for condition in conditions {
        let (mut names, mut parts, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        // Each condition has a row in each segment, in their order.
        let of_condition = rows.iter().filter(|r| r.comparison.condition == condition);
        for (row, analysis) in of_condition.zip(&analyses) {
            let tested = row.inference.t.and(analysis.as_ref());
            match tested.and_then(|a| a.effect_of(condition)) {
                Some(part) => {
                    names.push(row.segment.clone());
                    parts.push(part);
                }
                None if row.guarded => notes.push(Note::new(
                    Code::Guarded,
                    format!(
                        "segment \"{}\" is left out, it has too few students or clusters",
                        row.segment
                    ),
                )),
                None => notes.push(Note::new(
                    Code::NoTest,
                    format!(
                        "segment \"{}\" is left out, its effect has no test of its own",
                        row.segment
                    ),
                )),
            }
        }
        let mut test = compare(&parts, options.level, notes);
        test.outcome = outcome.clone();
        test.condition = condition.to_owned();
        test.control = control.to_owned();
        test.segments = names;
        tests.push(test);
    }
    Ok(tests)
}

/// The regression of one segment and what its clusters contribute to the effects.
struct Analysis {
    question: Question,
    parts: Contributions,
}

impl Analysis {
    fn new(view: &View<'_>, control: &str, options: &Options) -> Result<Self, QuestionError> {
        let question = Question::new(view, control, options)?;
        let contrasts: Vec<Vec<f64>> = (0..conditions_kept(&question.design))
            .map(|j| question.design.contrast(j))
            .collect();
        let parts = contributions(&question.design, &contrasts, options.se)?;
        Ok(Analysis { question, parts })
    }

    fn effect_of(&self, condition: &str) -> Option<SegmentEffect<'_>> {
        let design = &self.question.design;
        let conditions = &self.question.moments.conditions;
        let number = conditions.iter().position(|c| c.name == condition)?;
        let regressor = design.treated.iter().position(|&c| c == number)?;
        let at = design.kept.iter().position(|&k| k == regressor)?;
        let products = Products::new(&self.parts.terms, &self.parts.form, &[at]);
        Some(SegmentEffect {
            analysis: self,
            at,
            estimate: *design.beta.get(at)?,
            expected: products.trace(0, 0),
            spread: products.inner(0, 0, 0, 0),
        })
    }
}

/// The effect of one condition in one segment.
struct SegmentEffect<'a> {
    analysis: &'a Analysis,
    /// Its number among the contrasts.
    at: usize,
    estimate: f64,
    /// `tr P`.
    expected: f64,
    /// `⟨P, P⟩`.
    spread: f64,
}

fn compare(parts: &[SegmentEffect<'_>], level: f64, notes: Vec<Note>) -> InteractionTest {
    let mut test = InteractionTest {
        notes,
        ..InteractionTest::default()
    };
    let k = parts.len();
    if k < 2 {
        test.notes.push(Note::new(
            Code::TooFewSegments,
            "fewer than two segments can be compared",
        ));
        return test;
    }
    // N
    let mut spread = DMatrix::zeros(k, k);
    for (s, a) in parts.iter().enumerate() {
        for (t, b) in parts.iter().enumerate().skip(s) {
            pulse::beat();
            let n = if s == t {
                a.spread
            } else {
                cross_spread(a, b, &shared_clusters(a, b))
            };
            (spread[(s, t)], spread[(t, s)]) = (n, n);
        }
    }
    let first = parts.first().map_or(0.0, |p| p.estimate);
    let differences: Vec<f64> = parts
        .iter()
        .skip(1)
        .map(|p| difference(p.estimate, first))
        .collect();
    let variance = variance_of_differences(parts);
    if k == 2 {
        test.estimate = differences.first().copied();
        test.std_error = Some(variance[(0, 0)].sqrt());
    }
    if (0..k - 1).any(|i| variance[(i, i)] == 0.0) {
        test.notes.push(Note::no_residual());
        return test;
    }
    let wald = wald(&variance, &differences);
    let q = (k - 1) as f64;
    let df_den = hotelling(parts, &spread).map(|eta| eta - q + 1.0);
    let (Some(wald), Some(df_den)) = (wald, df_den.filter(|df| *df > 0.0)) else {
        test.notes.push(Note::no_df());
        return test;
    };
    (test.test.df_num, test.test.df_den) = (Some(q), Some(df_den));
    test.t = test.estimate.zip(test.std_error).map(|(d, se)| d / se);
    if df_den < TOO_LOW_DF {
        test.notes.push(Note::too_low_df(df_den));
        return test;
    }
    if df_den < LOW_DF {
        test.notes.push(Note::low_df(df_den));
    }
    let f = wald / q * df_den / (df_den + q - 1.0);
    (test.test.f, test.test.p_value) = (Some(f), f_upper(f, q, df_den));
    if let (Some(d), Some(se), Some(t)) = (
        test.estimate,
        test.std_error,
        t_critical(1.0 - level, df_den),
    ) {
        (test.ci_low, test.ci_high) = (Some(d - t * se), Some(d + t * se));
    }
    test
}

/// Covariances of the differences to the first effect, from those of the contributions of each cluster: where a cluster is in
/// both segments they may cancel, and what cancels is 0.
fn variance_of_differences(parts: &[SegmentEffect<'_>]) -> DMatrix<f64> {
    let mut keys: Vec<Key> = Vec::new();
    for part in parts {
        let clusters = &part.analysis.question.moments.clusters;
        pulse::room_for(keys.len() + clusters.len(), 2 * size_of::<Key>());
        keys.extend(clusters);
        pulse::sort(&mut keys);
        keys.dedup();
    }
    let k = parts.len();
    let mut variance = DMatrix::zeros(k - 1, k - 1);
    let mut places = vec![0; k];
    let mut pulse = Pulse::every((1 << 14) / (k * k) as u32 + 1);
    for key in keys {
        pulse.tick();
        let mut scores = parts.iter().zip(&mut places).map(|(part, place)| {
            let clusters = &part.analysis.question.moments.clusters;
            if clusters.get(*place) != Some(&key) {
                return 0.0;
            }
            *place += 1;
            score(part, *place - 1)
        });
        let first = scores.next().unwrap_or(0.0);
        let own: Vec<f64> = scores.map(|s| difference(s, first)).collect();
        for (i, a) in own.iter().enumerate() {
            for (j, b) in own.iter().enumerate() {
                variance[(i, j)] += a * b;
            }
        }
    }
    variance
}

/// `η` of the approximate Hotelling distribution.
fn hotelling(parts: &[SegmentEffect<'_>], spread: &DMatrix<f64>) -> Option<f64> {
    if !parts.iter().all(|p| p.expected > 0.0) {
        return None;
    }
    let w: Vec<f64> = parts.iter().map(|p| 1.0 / p.expected).collect();
    let total: f64 = w.iter().sum();
    let mut v = 0.0;
    for (s, ws) in w.iter().enumerate() {
        for (t, wt) in w.iter().enumerate() {
            let own = |w: f64| w - w * w / total;
            let both = (s == t) as u8 as f64 * ws - ws * wt / total;
            v += spread[(s, t)] * (own(*ws) * own(*wt) + both * both);
        }
    }
    let q = (parts.len() - 1) as f64;
    (v > 0.0).then(|| q * (q + 1.0) / v)
}

fn score(part: &SegmentEffect<'_>, cluster: usize) -> f64 {
    let scores = part.analysis.parts.scores.get(cluster);
    scores.and_then(|s| s.get(part.at)).copied().unwrap_or(0.0)
}

/// Numbers of the clusters that both have, in each of them. Both lists are in the order of the digests.
fn shared_clusters(a: &SegmentEffect<'_>, b: &SegmentEffect<'_>) -> Vec<(usize, usize)> {
    let (left, right) = (
        &a.analysis.question.moments.clusters,
        &b.analysis.question.moments.clusters,
    );
    let (mut i, mut j, mut shared) = (0, 0, Vec::new());
    while let (Some(x), Some(y)) = (left.get(i), right.get(j)) {
        match x.cmp(y) {
            Ordering::Less => i += 1,
            Ordering::Greater => j += 1,
            Ordering::Equal => {
                shared.push((i, j));
                i += 1;
                j += 1;
            }
        }
    }
    shared
}

/// `⟨P_s, P_t⟩` over the shared clusters: terms of both as those of two contrasts of one regression.
fn cross_spread(a: &SegmentEffect<'_>, b: &SegmentEffect<'_>, shared: &[(usize, usize)]) -> f64 {
    let sides = [Side::new(a), Side::new(b)];
    let mut pulse = Pulse::every(4096);
    let stacked: Vec<Terms> = shared
        .iter()
        .filter_map(|&(i, j)| {
            pulse.tick();
            let (x, y) = (
                a.analysis.parts.terms.get(i)?,
                b.analysis.parts.terms.get(j)?,
            );
            Some(stack(&sides, [(x, a.at), (y, b.at)]))
        })
        .collect();
    if stacked.is_empty() {
        return 0.0;
    }
    let form = stacked_form(&sides);
    Products::new(&stacked, &form, &[0, 1]).inner(0, 0, 1, 1)
}

/// What stacking needs to know of a segment.
struct Side<'a> {
    form: &'a Form,
    /// Length of the common vectors.
    common: usize,
    strata: usize,
}

impl<'a> Side<'a> {
    fn new(part: &'a SegmentEffect<'_>) -> Self {
        let parts = &part.analysis.parts;
        let common = parts.terms.first().and_then(|t| t.common.first());
        Side {
            form: &parts.form,
            common: common.map_or(0, Vec::len),
            strata: part.analysis.question.design.stratum_weights.len(),
        }
    }

    fn common(&self) -> DMatrix<f64> {
        match self.form {
            Form::Identity => DMatrix::identity(self.common, self.common),
            Form::General { common, .. } => common.clone(),
        }
    }

    /// Without weights the second of two numbers per stratum is 0, so any form of it will do.
    fn by_stratum(&self) -> Vec<DMatrix<f64>> {
        match self.form {
            Form::Identity => vec![DMatrix::identity(2, 2); self.strata],
            Form::General { by_stratum, .. } => by_stratum.clone(),
        }
    }
}

/// Terms of one cluster in two segments: each contrast lives in the columns and the strata of its own.
fn stack(sides: &[Side<'_>; 2], terms: [(&Terms, usize); 2]) -> Terms {
    let [(x, at_x), (y, at_y)] = terms;
    let [first, second] = sides;
    let width = x.width.max(y.width);
    let vector = |v: &Vec<Vec<f64>>, at: usize| v.get(at).cloned().unwrap_or_default();
    let alpha = |t: &Terms, at: usize| {
        let row = t.alpha.get(at);
        row.and_then(|r| r.get(at)).copied().unwrap_or(0.0)
    };
    let widened = |t: &Terms, at: usize| -> Vec<f64> {
        let by_stratum = vector(&t.by_stratum, at);
        let padding = std::iter::repeat_n(0.0, width - t.width);
        by_stratum
            .chunks_exact(t.width)
            .flat_map(|c| c.iter().copied().chain(padding.clone()))
            .collect()
    };
    let join = |a: Vec<f64>, b: Vec<f64>| a.into_iter().chain(b).collect::<Vec<f64>>();
    let zeros = |n: usize| vec![0.0; n];
    let (strata_x, strata_y) = (x.strata.len() * width, y.strata.len() * width);
    let shifted = y.strata.iter().map(|s| s + first.strata);
    Terms {
        alpha: vec![vec![alpha(x, at_x), 0.0], vec![0.0, alpha(y, at_y)]],
        common: vec![
            join(vector(&x.common, at_x), zeros(second.common)),
            join(zeros(first.common), vector(&y.common, at_y)),
        ],
        by_stratum: vec![
            join(widened(x, at_x), zeros(strata_y)),
            join(zeros(strata_x), widened(y, at_y)),
        ],
        strata: x.strata.iter().copied().chain(shifted).collect(),
        width,
    }
}

fn stacked_form(sides: &[Side<'_>; 2]) -> Form {
    let [first, second] = sides;
    if matches!((first.form, second.form), (Form::Identity, Form::Identity)) {
        return Form::Identity;
    }
    let size = first.common + second.common;
    let mut common = DMatrix::zeros(size, size);
    common
        .view_mut((0, 0), (first.common, first.common))
        .copy_from(&first.common());
    common
        .view_mut((first.common, first.common), (second.common, second.common))
        .copy_from(&second.common());
    let by_stratum = first.by_stratum().into_iter().chain(second.by_stratum());
    Form::General {
        common,
        by_stratum: by_stratum.collect(),
    }
}
