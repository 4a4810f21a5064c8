//! Wild cluster bootstrap from the scores of clusters (Cameron, Gelbach and Miller 2008; Roodman, MacKinnon, Nielsen and
//! Webb 2019).
//!
//! In leverage coordinates (see `effect::robust`) cluster g has the leverage matrix `C_g`, the scores `z_g`, and a border
//! for each stratum that it touches. With `d` the contrast and `κ_g = C_g d` (border included), the scores under the
//! hypothesis `β_j = β̂_j − δ` are `z_g + δ κ_g / d'd`. A draw with weights `v_g` has the numerator `d'U`,
//! `U = Σ v_g z_g`, and the cluster contributes `v_g d'z_g − κ_g'U` to its variance. The borders belong into `U` and `κ_g`:
//! they are what the new stratum intercepts of the refit take away.

use super::Draws;
use super::inversion::{Curve, Curves, NOISE, rejects};
use super::multipliers::{LANES, Lanes, Law, Multipliers};
use crate::effect::Comparison;
use crate::effect::{Effect, effects};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::Pulse;
use crate::regression::design::Design;
use crate::regression::negligible;
use crate::regression::question::Question;
use crate::regression::robust::{bordered, dot};
use crate::regression::{Options, QuestionError, StdError};
use crate::words::{Word, unknown};
use serde::Serialize;

/// Clusters up to which signs alone make too few different draws.
const FEW_FOR_SIGNS: usize = 12;
/// Clusters of a condition up to which the bootstrap is known to fail.
const FEW_TREATED: u64 = 3;

/// Note for an effect whose clusters have no residual.
const NO_SPREAD: &str = "no cluster differs from what the regression says, so there is no test";

/// The choice of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Webb's with at most 12 clusters, else signs.
    Auto,
    /// Signs.
    Rademacher,
    /// Six points.
    Webb,
}

impl Word for Weights {
    fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "auto" => Ok(Weights::Auto),
            "rademacher" => Ok(Weights::Rademacher),
            "webb" => Ok(Weights::Webb),
            _ => unknown("weights", word, "one of \"auto\", \"rademacher\", \"webb\""),
        }
    }
}

/// What is particular to the wild bootstrap.
#[derive(Debug, Clone, PartialEq)]
pub struct WildOptions {
    /// The regression, the level, and the standard error: CR0, CR1 or CR1S.
    pub effect: Options,
    /// Draws.
    pub draws: Draws,
    /// Weights.
    pub weights: Weights,
    /// Residuals of the regression under the hypothesis (WCR) or of the unrestricted one (WCU).
    pub null_imposed: bool,
    /// Whether a condition of one cluster gets a test all the same. Otherwise it has none, as in [`effects`]: nothing tells how
    /// much its clusters would differ.
    pub single_cluster: bool,
}

/// The bootstrap of one effect. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct WildBootstrap {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Effect in units of the outcome.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// `estimate / std_error`.
    pub t: Option<f64>,
    /// Share of draws with |t*| ≥ |t|.
    pub p_value: Option<f64>,
    /// Share of draws with |t*| > |t|.
    pub p_strict: Option<f64>,
    /// Lower limit.
    pub ci_low: Option<f64>,
    /// Upper limit.
    pub ci_high: Option<f64>,
    /// Draws that were made.
    pub draws: Option<u64>,
    /// True if these are all possible draws.
    pub enumerated: Option<bool>,
    /// The seed.
    pub seed: String,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Notes of [`effects`] that hold whatever the inference.
fn lasting_notes(effect: &Effect) -> Vec<Note> {
    let lasts = |n: &&Note| {
        let of_inference = matches!(
            n.code,
            Code::LowDf | Code::TooLowDf | Code::SingleCluster | Code::FewClusters
        );
        n.is_on_difference() && !of_inference
    };
    effect.notes.iter().filter(lasts).cloned().collect()
}

/// Note for an interval that the test does not bound.
pub(super) fn unbounded_note(low: Option<f64>, high: Option<f64>) -> Option<Note> {
    let which = match (low, high) {
        (None, None) => "neither end",
        (None, _) => "no lower end",
        (_, None) => "no upper end",
        _ => return None,
    };
    Some(Note::new(
        Code::Unbounded,
        format!(
            "{which} of the interval within 1024 standard errors, the test cannot reject at this level"
        ),
    ))
}

/// Place of a condition among the kept regressors.
pub(super) fn place(question: &Question, condition: &str) -> Option<usize> {
    let conditions = &question.moments.conditions;
    let number = conditions.iter().position(|c| c.name == condition)?;
    let regressor = question.design.treated.iter().position(|&c| c == number)?;
    question.design.kept.iter().position(|&k| k == regressor)
}

/// The effect of each condition except the control, by name, with the wild cluster bootstrap.
pub fn wild_bootstrap(
    view: &crate::sketch::View,
    control: &str,
    options: &WildOptions,
) -> Result<Vec<WildBootstrap>, QuestionError> {
    if !matches!(
        options.effect.se,
        StdError::Cr0 | StdError::Cr1 | StdError::Cr1s
    ) {
        return Err(Invalid {
            argument: "se",
            must: "one of \"CR0\", \"CR1\", \"CR1S\"",
            got: format!("\"{}\"", options.effect.se.word()),
            hint: "The p-value and the interval are the same with each of them: they differ by a factor that all draws share.",
        }
        .into());
    }
    let question = Question::new(view, control, &options.effect)?;
    let rows = effects(view, control, &options.effect)?;
    Ok(rows.iter().map(|e| row(&question, e, options)).collect())
}

fn row(question: &Question, effect: &Effect, options: &WildOptions) -> WildBootstrap {
    let mut row = WildBootstrap {
        comparison: effect.comparison.clone(),
        estimate: effect.inference.estimate,
        std_error: effect.inference.std_error,
        seed: options.draws.seed.clone(),
        notes: lasting_notes(effect),
        ..WildBootstrap::default()
    };
    if let Some(arm) = row.comparison.single_cluster()
        && !options.single_cluster
        && row.estimate.is_some()
        && row.std_error != Some(0.0)
    {
        row.notes.push(Note::single_cluster_arm(arm));
        return row;
    }
    if row.estimate.is_some()
        && row.std_error.is_none()
        && row.comparison.clusters == 1
        && row.comparison.clusters_control == 1
    {
        row.std_error = Some(0.0);
        row.notes.push(Note::new(Code::NoSpread, NO_SPREAD));
    }
    let (Some(estimate), Some(std_error)) = (row.estimate, row.std_error) else {
        return row;
    };
    let Some(at) = place(question, &row.comparison.condition).filter(|_| std_error > 0.0) else {
        return row;
    };
    let clusters = question.design.clusters.len();
    let Some(kernel) = Kernel::new(&question.design, at, options.null_imposed) else {
        row.std_error = Some(0.0);
        row.notes.push(Note::new(Code::NoSpread, NO_SPREAD));
        return row;
    };
    row.t = Some(estimate / std_error);
    let law = match options.weights {
        Weights::Auto if clusters <= FEW_FOR_SIGNS => Law::Webb,
        Weights::Webb => Law::Webb,
        _ => Law::Rademacher,
    };
    let (all, asked) = (law.all(clusters, options.draws.count), options.draws.count);
    let draws = all.unwrap_or(asked);
    let curves = kernel.draw(
        &mut Multipliers::new(law, all.is_some(), &options.draws.seed),
        draws,
    );
    let delta = estimate / kernel.unit;
    row.draws = Some(draws);
    row.enumerated = Some(all.is_some());
    row.p_value = Some(curves.p(delta, false));
    row.p_strict = Some(curves.p(delta, true));
    let alpha = 1.0 - options.effect.level;
    // Without the hypothesis imposed the data are not one of the draws.
    let least = options.null_imposed.then(|| {
        let seen = all.and_then(|_| curves.least_p(delta, NOISE));
        law.least_p(clusters).max(seen.unwrap_or(0.0))
    });
    let (low, high) = curves.interval(alpha);
    row.ci_low = low.map(|d| estimate - d * kernel.unit);
    row.ci_high = high.map(|d| estimate + d * kernel.unit);
    row.notes.extend(unbounded_note(low, high));
    let fewest = row.comparison.fewest_clusters();
    if fewest <= FEW_TREATED {
        let fails = if options.null_imposed {
            "seldom rejects"
        } else {
            "rejects too often"
        };
        row.notes.push(Note::new(Code::FewTreated, format!("a condition has {fewest} clusters, with which the wild bootstrap {fails}; prefer rct.randomization_test"
        )));
    }
    row.notes.extend(few_signs(law, clusters, least, alpha));
    row
}

/// Note for clusters so few that there are few different draws, or that no p-value can be as small as `alpha`.
fn few_signs(law: Law, clusters: usize, least: Option<f64>, alpha: f64) -> Option<Note> {
    let least = least.filter(|least| !rejects(*least, alpha));
    let limit = least.map(|p| format!("no p-value can be less than {}", (p * 1e9).round() / 1e9));
    if law == Law::Rademacher && clusters <= FEW_FOR_SIGNS {
        let so = limit.map_or(String::new(), |l| format!(", so {l}"));
        return Some(Note::new(
            Code::FewSigns,
            format!(
                "{clusters} clusters have no more than {} different draws, each with its mirror image{so}; prefer weights \"webb\"",
                1u64 << clusters
            ),
        ));
    }
    limit.map(|l| {
        Note::new(
            Code::FewSigns,
            format!("with the draws of {clusters} clusters {l}"),
        )
    })
}

/// What the draws of one effect need.
pub(super) struct Kernel {
    /// Standard error without corrections (CR0): the unit in which the draws are counted.
    pub unit: f64,
    contrast: Vec<f64>,
    /// `d'd`.
    size: f64,
    strata: usize,
    null_imposed: bool,
    /// Scores over the unit, and `κ`, regressors side by side.
    scores: Vec<f64>,
    pull: Vec<f64>,
    clusters: Vec<Own>,
}

/// What one cluster has beside its regressors.
struct Own {
    /// `d'z` and `d'κ / d'd`.
    score: f64,
    slope: f64,
    /// Stratum, `z` and `κ` of the borders.
    borders: Vec<(usize, f64, f64)>,
}

/// `to += factor × from`, lane by lane.
#[inline(always)]
fn add(to: &mut Lanes, factor: f64, from: &Lanes) {
    to.iter_mut().zip(from).for_each(|(t, f)| *t += factor * f);
}

/// An orthonormal basis of vectors of the given length (Gram and Schmidt, twice).
///
/// Without strata the `κ` of all clusters span what bears on the effect, the contrast included: of the conditions only the two
/// that are compared. In their coordinates the scores of other conditions are 0, whatever the unit of these.
fn basis<'a>(vectors: impl Iterator<Item = &'a Vec<f64>> + Clone, length: usize) -> Vec<Vec<f64>> {
    let norm = |v: &[f64]| dot(v, v).sqrt();
    let largest = vectors.clone().map(|v| norm(v)).fold(0.0, f64::max);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut pulse = Pulse::every(1 << 10);
    for vector in vectors {
        pulse.tick();
        if basis.len() == length {
            break;
        }
        let mut rest = vector.clone();
        for _ in 0..2 {
            for b in &basis {
                let along = dot(b, &rest);
                rest.iter_mut().zip(b).for_each(|(r, b)| *r -= along * b);
            }
        }
        let left = norm(&rest);
        if left > negligible::DEPENDENT.sqrt() * norm(vector) && norm(vector) > 1e-12 * largest {
            rest.iter_mut().for_each(|r| *r /= left);
            basis.push(rest);
        }
    }
    basis
}

impl Kernel {
    /// The contrast is that of the kept regressor `at`; `None` if there is no variance.
    pub fn new(design: &Design, at: usize, null_imposed: bool) -> Option<Kernel> {
        let (p, mut contrast) = (design.p(), design.contrast(at));
        // The contrast is 0 on the borders, and `dot` stops where the shorter ends.
        let part = |g| {
            let (c, z) = bordered(design, g);
            let rows = c.chunks_exact(z.len());
            let pull: Vec<f64> = rows.map(|row| dot(row, &contrast)).collect();
            (z, pull)
        };
        let mut parts: Vec<(Vec<f64>, Vec<f64>)> = design.clusters.iter().map(part).collect();
        let (mut inner, mut strata) = (p, design.stratum_weights.len());
        if strata == 1 {
            contrast.push(0.0);
            let basis = basis(parts.iter().map(|(_, pull)| pull), p + 1);
            let of = |v: &[f64]| basis.iter().map(|b| negligible::product(b, v)).collect();
            for (z, pull) in &mut parts {
                (*z, *pull) = (of(z), of(pull));
            }
            contrast = of(&contrast);
            (inner, strata) = (contrast.len(), 0);
        }
        let own = |z: &[f64]| {
            let borders = std::iter::repeat(&0.0);
            negligible::product(contrast.iter().chain(borders), z)
        };
        let variance: f64 = parts.iter().map(|(z, _)| own(z).powi(2)).sum();
        let (unit, size) = (variance.sqrt(), dot(&contrast, &contrast));
        if !(variance > 0.0) {
            return None;
        }
        let mut scores = Vec::with_capacity(inner * parts.len());
        let mut pulls = Vec::with_capacity(inner * parts.len());
        let mut clusters = Vec::with_capacity(parts.len());
        for ((z, pull), cluster) in parts.iter().zip(&design.clusters) {
            let scaled: Vec<f64> = z.iter().map(|v| v / unit).collect();
            let borders = cluster
                .strata
                .iter()
                .zip(scaled.iter().zip(pull).skip(inner));
            clusters.push(Own {
                score: own(z) / unit,
                slope: dot(&contrast, pull) / size,
                borders: borders.map(|(&s, (&z, &k))| (s, z, k)).collect(),
            });
            scores.extend(scaled.iter().take(inner));
            pulls.extend(pull.iter().take(inner));
        }
        Some(Kernel {
            unit,
            size,
            strata,
            null_imposed,
            scores,
            pull: pulls,
            clusters,
            contrast,
        })
    }

    /// Makes the draws.
    pub fn draw(&self, multipliers: &mut Multipliers, draws: u64) -> Curves {
        let mut curves = Curves::with_room(draws);
        let mut work = Work {
            weights: vec![[0.0; LANES]; self.clusters.len()],
            sums: vec![[0.0; LANES]; self.contrast.len() + self.strata],
            slopes: vec![[0.0; LANES]; self.contrast.len() + self.strata],
        };
        let rounds = 200_000 / (self.scores.len() * LANES + 1) + 1;
        let mut pulse = Pulse::every(rounds as u32);
        let mut first = 0;
        while first < draws {
            pulse.tick();
            multipliers.fill(first, &mut work.weights);
            let lanes = self.curves(&mut work);
            let left = draws - first;
            let take = usize::try_from(left).unwrap_or(LANES).min(LANES);
            lanes.into_iter().take(take).for_each(|c| curves.push(c));
            first += LANES as u64;
        }
        curves
    }

    /// The draws of one set of weights.
    fn curves(&self, work: &mut Work) -> [Curve; LANES] {
        let p = self.contrast.len();
        let zero = [0.0; LANES];
        work.sums.fill(zero);
        work.slopes.fill(zero);
        let (sums, sums_of_strata) = work.sums.split_at_mut(p);
        let (slopes, slopes_of_strata) = work.slopes.split_at_mut(p);
        let rows = || self.scores.chunks_exact(p).zip(self.pull.chunks_exact(p));
        for (((z, k), own), v) in rows().zip(&self.clusters).zip(&work.weights) {
            z.iter()
                .zip(sums.iter_mut())
                .for_each(|(z, s)| add(s, *z, v));
            if self.null_imposed {
                k.iter()
                    .zip(slopes.iter_mut())
                    .for_each(|(k, s)| add(s, *k, v));
            }
            for &(stratum, z, k) in &own.borders {
                if let (Some(sum), Some(slope)) = (
                    sums_of_strata.get_mut(stratum),
                    slopes_of_strata.get_mut(stratum),
                ) {
                    add(sum, z, v);
                    add(slope, k, v);
                }
            }
        }
        let (mut n0, mut n1, mut a, mut b, mut c) = (zero, zero, zero, zero, zero);
        for lanes in slopes.iter_mut().chain(slopes_of_strata.iter_mut()) {
            lanes.iter_mut().for_each(|v| *v /= self.size);
        }
        for ((d, sum), slope) in self.contrast.iter().zip(sums.iter()).zip(slopes.iter()) {
            add(&mut n0, *d, sum);
            add(&mut n1, *d, slope);
        }
        for (((_, k), own), v) in rows().zip(&self.clusters).zip(&work.weights) {
            let (mut w0, mut w1) = (zero, zero);
            add(&mut w0, own.score, v);
            k.iter()
                .zip(sums.iter())
                .for_each(|(k, s)| add(&mut w0, -k, s));
            for &(stratum, _, k) in &own.borders {
                if let (Some(sum), Some(slope)) =
                    (sums_of_strata.get(stratum), slopes_of_strata.get(stratum))
                {
                    add(&mut w0, -k, sum);
                    add(&mut w1, -k, slope);
                }
            }
            a.iter_mut().zip(&w0).for_each(|(a, w)| *a += w * w);
            if self.null_imposed {
                add(&mut w1, own.slope, v);
                k.iter()
                    .zip(slopes.iter())
                    .for_each(|(k, s)| add(&mut w1, -k, s));
                b.iter_mut()
                    .zip(w0.iter().zip(&w1))
                    .for_each(|(b, (w, x))| *b += w * x);
                c.iter_mut().zip(&w1).for_each(|(c, w)| *c += w * w);
            }
        }
        let mut out = [Curve::default(); LANES];
        let numbers = n0.iter().zip(&n1).zip(&a).zip(&b).zip(&c);
        for (curve, ((((n0, n1), a), b), c)) in out.iter_mut().zip(numbers) {
            *curve = Curve {
                n0: *n0,
                n1: if self.null_imposed { *n1 } else { 0.0 },
                a: *a,
                b: *b,
                c: *c,
            };
        }
        out
    }
}

/// Buffers of the draws that are made at once.
struct Work {
    weights: Vec<Lanes>,
    /// `U`, then its strata.
    sums: Vec<Lanes>,
    /// How `U` changes with the hypothesis.
    slopes: Vec<Lanes>,
}
