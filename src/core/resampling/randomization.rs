//! Randomization test: the conditions are given to the clusters anew, as they could have been, and the regression is
//! fitted again for each such assignment, from the sums of the clusters.
//!
//! Covariates and stratum intercepts do not depend on the assignment, so they are partialled out once (Frisch, Waugh and
//! Lovell). In coordinates in which the covariates have the identity as Gram matrix, cluster g keeps its weight `W`, its
//! covariate sums `x` and Gram matrix `S`, and what is left of the outcome: `e`, and `h` times the covariates. For an
//! assignment `T` with shares `π` in the strata, `b = Σ T x`:
//!
//! ```text
//! D = Σ_s W_s π(1 − π) − b'b      N = Σ T e      effect = N / D
//! φ_g = (T − π)e − b'h − (N / D) [(T − π)² W − 2(T − π) b'x + b'S b]      t = N / √Σφ²   (CR0)
//! ```

use super::Draws;
use super::inversion::{Curve, Curves, NOISE, rejects, share};
use super::permutations::Permutations;
use super::wild::unbounded_note;
use crate::effect::Comparison;
use crate::effect::{Effect, effects};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::Pulse;
use crate::regression::design::Design;
use crate::regression::negligible::{self, DEPENDENT};
use crate::regression::question::Question;
use crate::regression::robust::{bordered, dot};
use crate::regression::{Options, QuestionError, StdError, Strata};
use crate::sketch::{Moments, View};
use crate::words::{Word, unknown};
use serde::Serialize;

/// The statistic of the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Effect over its standard error.
    Studentized,
    /// Effect.
    Difference,
}

impl Word for Statistic {
    fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "studentized" => Ok(Statistic::Studentized),
            "difference" => Ok(Statistic::Difference),
            _ => unknown("statistic", word, "one of \"studentized\", \"difference\""),
        }
    }
}

/// The test of one effect. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RandomizationTest {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Effect in units of the outcome, from the rows of the two conditions.
    pub estimate: Option<f64>,
    /// Its standard error (CR0).
    pub std_error: Option<f64>,
    /// `estimate / std_error`.
    pub t: Option<f64>,
    /// p-value of the statistic that was asked for.
    pub p_value: Option<f64>,
    /// p-value of the difference.
    pub p_difference: Option<f64>,
    /// p-value of the studentized effect.
    pub p_studentized: Option<f64>,
    /// Lower limit of constant effects that are not rejected.
    pub ci_low: Option<f64>,
    /// Upper limit.
    pub ci_high: Option<f64>,
    /// Assignments that were looked at.
    pub draws: Option<u64>,
    /// True if these are all.
    pub enumerated: Option<bool>,
    /// The seed.
    pub seed: String,
    /// What to know, `name: sentence`.
    pub notes: Vec<Note>,
}

/// Tests the effect of each condition except the control, by name; each among the clusters of the two conditions.
pub fn randomization_test(
    view: &View<'_>,
    control: &str,
    options: &Options,
    statistic: Statistic,
    draws: &Draws,
) -> Result<Vec<RandomizationTest>, QuestionError> {
    let options = Options {
        se: StdError::Cr0,
        ..*options
    };
    options.adjust.with_common_slope()?;
    let question = Question::new(view, control, &options)?;
    let mut rows = Vec::new();
    for effect in effects(view, control, &options)? {
        let mut row = blank(&effect, &draws.seed);
        let number = |c: &crate::sketch::ConditionCounts| c.name == row.comparison.condition;
        let number = question.moments.conditions.iter().position(number);
        if let Some(number) = number.filter(|_| effect.inference.estimate.is_some()) {
            let pair = [question.control, number];
            let moments = question.moments.only(|c| pair.contains(&c.condition));
            test(&mut row, moments, pair, &options, statistic, draws)?;
        }
        rows.push(row);
    }
    Ok(rows)
}

fn blank(effect: &Effect, seed: &str) -> RandomizationTest {
    // What is said about the regression of all conditions need not hold for that of two; its rows left out do.
    let lasts = |n: &&Note| {
        matches!(
            n.code,
            Code::LeftOut | Code::NoRows | Code::NoControlRows | Code::AliasedCondition
        )
    };
    let notes = effect.notes.iter().filter(lasts);
    RandomizationTest {
        comparison: effect.comparison.clone(),
        seed: seed.to_owned(),
        notes: notes.cloned().collect(),
        ..RandomizationTest::default()
    }
}

fn test(
    row: &mut RandomizationTest,
    moments: Moments,
    pair: [usize; 2],
    options: &Options,
    statistic: Statistic,
    draws: &Draws,
) -> Result<(), QuestionError> {
    // The outcome without the effect: what conditions that are far apart would take from the digits of residuals is taken off
    // before these are computed.
    let Some(effect) = effect_of(&moments, pair) else {
        row.notes.push(Note::aliased_condition());
        return Ok(());
    };
    let [_, condition] = pair;
    let sums = Sums::new(moments.less_in(condition, effect), pair, options.strata)?;
    let mut work = vec![0.0; sums.covariates];
    let Some(data) = sums.fit(&sums.given, &mut work) else {
        row.notes.push(Note::aliased_condition());
        return Ok(());
    };
    let rest = data.n0 / data.variance;
    let estimate = effect + rest;
    let std_error = data.a.sqrt() / data.variance;
    (row.estimate, row.std_error) = (Some(estimate), Some(std_error));
    if data.a > 0.0 {
        row.t = Some(estimate / std_error);
    } else {
        row.std_error = Some(0.0);
        row.notes.push(Note::no_residual());
    }
    // Draws are counted in standard errors from the estimate.
    let unit = row.t.and(row.std_error).unwrap_or(1.0);
    let sums = sums.about(rest, unit);
    let delta = estimate / unit;
    let (mut studentized, mut difference, mut undefined) = (0u64, 0u64, 0u64);
    let mut pulse = Pulse::every((400_000 / sums.cost() + 1) as u32);
    let all = sums.permutations.all(draws.count);
    let mut curves = Curves::with_room(all.unwrap_or(draws.count));
    let see = |treated: &[bool]| {
        pulse.tick();
        // An assignment that covariates explain has no effect: it counts as extreme, to be safe.
        let fit = sums.fit(treated, &mut work);
        undefined += fit.is_none() as u64;
        let fit = fit.unwrap_or_default();
        let curve = fit.curve(Statistic::Studentized);
        let raw = fit.curve(Statistic::Difference);
        studentized += curve.reaches(delta, false) as u64;
        difference += raw.reaches(delta, false) as u64;
        curves.push(match statistic {
            Statistic::Studentized => curve,
            Statistic::Difference => raw,
        });
    };
    match all {
        Some(_) => sums.permutations.each(see),
        None => sums.permutations.random(draws.count, &draws.seed, see),
    }
    curves.with_data = all.is_none();
    let count = curves.len() as u64;
    row.draws = Some(count);
    row.enumerated = Some(all.is_some());
    row.p_difference = Some(share(difference, count, all.is_none()));
    row.p_studentized = row.t.map(|_| share(studentized, count, all.is_none()));
    row.p_value = match statistic {
        Statistic::Studentized => row.p_studentized,
        Statistic::Difference => row.p_difference,
    };
    if row.p_value.is_some() {
        let (low, high) = curves.interval(1.0 - options.level);
        row.ci_low = low.map(|d| estimate - d * unit);
        row.ci_high = high.map(|d| estimate + d * unit);
        row.notes.extend(unbounded_note(low, high));
    }
    if undefined > 0 {
        row.notes.push(Note::new(Code::UndefinedDraws, format!("in {undefined} of {count} assignments the covariates explain the condition; they count as extreme"
        )));
    }
    let alpha = 1.0 - options.level;
    let noise = match statistic {
        Statistic::Studentized => NOISE,
        Statistic::Difference => 0.0,
    };
    let seen = all.filter(|_| row.p_value.is_some());
    let seen = seen.and_then(|_| curves.least_p(delta, noise));
    row.notes
        .extend(few_assignments(&sums.permutations, seen, alpha));
    if all.is_none() && !rejects(1.0 / (count + 1) as f64, alpha) {
        row.notes.push(Note::new(
            Code::FewDraws,
            format!(
                "no p-value of {count} draws can be less than 1 / {}",
                count + 1
            ),
        ));
    }
    Ok(())
}

/// Note for assignments so few that no p-value can be as small as `alpha`. Exchanging conditions of equal size gives the same |statistic|,
/// so that at least two assignments are as extreme as the most extreme one; `seen` is the share of those that are with the outcomes there
/// are, if all were looked at.
fn few_assignments(permutations: &Permutations, seen: Option<f64>, alpha: f64) -> Option<Note> {
    let possible = permutations.all(u64::MAX)? as f64;
    let always = if permutations.mirrored() { 2.0 } else { 1.0 };
    let least = (always / possible).min(1.0).max(seen.unwrap_or(0.0));
    (!rejects(least, alpha)).then(|| {
        Note::new(Code::FewAssignments, format!("of {possible} possible assignments {} are as extreme as any, so no p-value can be less than {}",
            (least * possible).round(),
            (least * 1e9).round() / 1e9
        ))
    })
}

/// The effect in the data; `None` if strata and covariates explain the condition.
fn effect_of(moments: &Moments, [control, condition]: [usize; 2]) -> Option<f64> {
    let design = Design::new(moments, control);
    let first = design.treated == [condition] && design.kept.first() == Some(&0);
    first.then(|| design.beta.first().copied())?
}

/// One cluster.
struct Cluster {
    stratum: usize,
    weight: f64,
    x: Vec<f64>,
    s: Vec<f64>,
    /// Of the outcome: `e` and `h`.
    outcome: (f64, Vec<f64>),
    /// The same of the treatment in the data; 0 until [`Sums::about`].
    treatment: (f64, Vec<f64>),
}

/// What every assignment is fitted from.
struct Sums {
    covariates: usize,
    clusters: Vec<Cluster>,
    stratum_weights: Vec<f64>,
    given: Vec<bool>,
    permutations: Permutations,
}

/// The regression of one assignment.
#[derive(Debug, Default)]
struct Fit {
    /// `D`
    variance: f64,
    n0: f64,
    n1: f64,
    a: f64,
    b: f64,
    c: f64,
}

impl Fit {
    fn curve(&self, statistic: Statistic) -> Curve {
        let (a, b, c) = match statistic {
            Statistic::Studentized => (self.a, self.b, self.c),
            Statistic::Difference => (self.variance * self.variance, 0.0, 0.0),
        };
        Curve {
            n0: self.n0,
            n1: self.n1,
            a,
            b,
            c,
        }
    }
}

fn within_clusters(got: String) -> QuestionError {
    Invalid {
        argument: "sketch",
        must: "of an experiment that gave each cluster one condition",
        got,
        hint: "The test gives the conditions anew to whole clusters; if students of one cluster got different conditions, use rct.wild_bootstrap or rct.effects, or name the unit that was assigned as the cluster.",
    }
    .into()
}

impl Sums {
    /// Moments of two conditions.
    fn new(mut moments: Moments, pair: [usize; 2], strata: Strata) -> Result<Self, QuestionError> {
        let [control, condition] = pair;
        let mut seen = vec![[false; 2]; moments.clusters.len()];
        for cell in &moments.cells {
            if let Some([a, b]) = seen.get_mut(cell.cluster) {
                *a |= cell.condition == control;
                *b |= cell.condition == condition;
            }
        }
        let both = seen.iter().filter(|s| **s == [true, true]).count();
        if both > 0 {
            let name = |c: usize| moments.conditions.get(c).map_or("", |c| c.name.as_str());
            return Err(within_clusters(format!(
                "{both} clusters with rows of both \"{}\" and \"{}\"",
                name(control),
                name(condition)
            )));
        }
        // Without a treated condition the regression is that on the covariates.
        for cell in &mut moments.cells {
            cell.condition = control;
        }
        let design = Design::new(&moments, control);
        let p = design.p();
        let mut members = vec![Vec::new(); design.stratum_weights.len()];
        let mut clusters = Vec::with_capacity(design.clusters.len());
        for (i, cluster) in design.clusters.iter().enumerate() {
            let &[stratum] = cluster.strata.as_slice() else {
                debug_assert!(strata == Strata::Absorb);
                return Err(Invalid {
                    argument: "sketch",
                    must: "of an experiment whose clusters lie in one stratum each",
                    got: format!("a cluster in {} strata", cluster.strata.len()),
                    hint: "Conditions are given anew within strata; leave the strata out with strata => 'ignore', or use strata of clusters.",
                }
                .into());
            };
            let (c, z) = bordered(&design, cluster);
            let total = design.stratum_weights.get(stratum).copied().unwrap_or(1.0);
            let rows = || c.chunks_exact(p + 1);
            let border = rows().last().unwrap_or(&[]);
            let (h, e) = z.split_at_checked(p).unwrap_or((&[], &[]));
            if let Some(list) = members.get_mut(stratum) {
                list.push(i);
            }
            clusters.push(Cluster {
                stratum,
                weight: border.last().copied().unwrap_or(0.0) * total,
                x: border.iter().take(p).map(|v| v * total.sqrt()).collect(),
                s: rows()
                    .take(p)
                    .flat_map(|r| r.iter().take(p))
                    .copied()
                    .collect(),
                outcome: (e.first().copied().unwrap_or(0.0) * total.sqrt(), h.to_vec()),
                treatment: (0.0, vec![0.0; p]),
            });
        }
        let given: Vec<bool> = seen.iter().map(|[_, treated]| *treated).collect();
        Ok(Sums {
            covariates: p,
            clusters,
            permutations: Permutations::new(members, given.clone()),
            given,
            stratum_weights: design.stratum_weights,
        })
    }

    /// Multiplications of a fit, roughly.
    fn cost(&self) -> usize {
        self.clusters.len() * (self.covariates + 4) * (self.covariates + 1)
    }

    /// Share of treated weight in each stratum, and `b`.
    fn shares(&self, treated: &[bool], b: &mut [f64]) -> Vec<f64> {
        let mut shares = vec![0.0; self.stratum_weights.len()];
        b.fill(0.0);
        for (cluster, _) in self.clusters.iter().zip(treated).filter(|(_, t)| **t) {
            if let Some(share) = shares.get_mut(cluster.stratum) {
                *share += cluster.weight;
            }
            b.iter_mut().zip(&cluster.x).for_each(|(b, x)| *b += x);
        }
        for (share, weight) in shares.iter_mut().zip(&self.stratum_weights) {
            *share /= weight;
        }
        shares
    }

    /// The regression under an assignment; `None` if strata and covariates explain it.
    fn fit(&self, treated: &[bool], b: &mut [f64]) -> Option<Fit> {
        let shares = self.shares(treated, b);
        let spread = |(w, s): (&f64, &f64)| w * s * (1.0 - s);
        let alone: f64 = self.stratum_weights.iter().zip(&shares).map(spread).sum();
        let mut fit = Fit {
            variance: alone - dot(b, b),
            ..Fit::default()
        };
        if !(fit.variance > DEPENDENT * alone) {
            return None;
        }
        for (cluster, _) in self.clusters.iter().zip(treated).filter(|(_, t)| **t) {
            fit.n0 += cluster.outcome.0;
            fit.n1 += cluster.treatment.0;
        }
        let (effect, slope) = (fit.n0 / fit.variance, fit.n1 / fit.variance);
        let norm = |v: &[f64]| dot(v, v).sqrt();
        let of_b = norm(b);
        for (cluster, t) in self.clusters.iter().zip(treated) {
            let t = *t as u8 as f64 - shares.get(cluster.stratum).copied().unwrap_or(0.0);
            let rows = cluster.s.chunks_exact(self.covariates.max(1)).zip(b.iter());
            let quadratic: f64 = rows.map(|(row, v)| v * dot(row, b)).sum();
            let square = t * t * cluster.weight - 2.0 * t * dot(b, &cluster.x) + quadratic;
            let (own, other) = (t * cluster.outcome.0, effect * square);
            let score = negligible::rounded(
                own - dot(b, &cluster.outcome.1) - other,
                own.abs() + of_b * norm(&cluster.outcome.1) + other.abs(),
            );
            let change = t * cluster.treatment.0 - dot(b, &cluster.treatment.1) - slope * square;
            fit.a += score * score;
            fit.b += score * change;
            fit.c += change * change;
        }
        Some(fit)
    }

    /// The same with the estimated effect taken off the outcome, in `unit`s, and with what another effect would put back.
    fn about(mut self, estimate: f64, unit: f64) -> Self {
        let mut b = vec![0.0; self.covariates];
        let shares = self.shares(&self.given, &mut b);
        for (cluster, t) in self.clusters.iter_mut().zip(&self.given) {
            let t = *t as u8 as f64 - shares.get(cluster.stratum).copied().unwrap_or(0.0);
            let rows = cluster.s.chunks_exact(self.covariates.max(1));
            let f = t * cluster.weight - dot(&b, &cluster.x);
            let j: Vec<f64> = rows
                .zip(&cluster.x)
                .map(|(row, x)| t * x - dot(row, &b))
                .collect();
            cluster.outcome.0 = (cluster.outcome.0 - estimate * f) / unit;
            for (h, j) in cluster.outcome.1.iter_mut().zip(&j) {
                *h = (*h - estimate * j) / unit;
            }
            cluster.treatment = (f, j);
        }
        self
    }
}
