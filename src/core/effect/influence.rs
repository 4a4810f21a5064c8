//! What single clusters do to an effect: leverage, and the estimate without each of them.
//!
//! In leverage coordinates the estimate without cluster g is `β − d'(I − C_g)⁻¹ z_g`, exactly, so that no regression is
//! computed again (see `robust`). Leverage is `tr C_g`; the partial leverage of an effect is the cluster's share of the
//! sum of squares of the condition's dummy about its regression on all else, `d'C_g d / d'd` (MacKinnon, Nielsen and Webb
//! 2023).

use super::estimate::conditions_kept;
use crate::note::{Code, Note};
use crate::pulse::Pulse;
use crate::regression::negligible;
use crate::regression::question::{Question, linked};
use crate::regression::robust::{Block, dot, sizes};
use crate::regression::{Adjust, Options, QuestionError, StdError, Strata};
use crate::sketch::{Key, View};
use serde::Serialize;

/// One cluster and the effect of one condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Influence {
    /// Digest of the cluster.
    pub cluster: Key,
    /// Condition whose effect it is.
    pub condition: String,
    /// Rows of the cluster in the regression.
    pub n: u64,
    /// `tr C_g`: the parameters that the cluster determines; over all clusters their number.
    pub leverage: f64,
    /// The cluster's share of what the effect is computed from; 1 over all clusters.
    pub partial_leverage: Option<f64>,
    /// The estimate when the cluster is left out.
    pub estimate_without: Option<f64>,
    /// `estimate_without` less the estimate.
    pub change: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// The effects of a call, and what each cluster does to them.
pub(super) struct Jackknife {
    pub(super) question: Question,
    /// For each kept condition: its number and estimate.
    pub(super) effects: Vec<(usize, f64)>,
    /// For each cluster the leverage, and for each effect its part.
    pub(super) clusters: Vec<(f64, Vec<Part>)>,
}

/// One cluster's part in one effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) partial: f64,
    /// `None` if nothing is left to estimate.
    pub(super) change: Option<f64>,
    /// `c'M X_g'W 1` over `√c'Mc`.
    pub(super) total: f64,
}

impl Jackknife {
    pub(super) fn new(
        view: &View<'_>,
        control: &str,
        adjust: Adjust,
        strata: Strata,
    ) -> Result<Self, QuestionError> {
        let options = Options {
            adjust,
            strata,
            ..Options::default()
        };
        let question = Question::new(view, control, &options)?;
        let design = &question.design;
        let linked = linked(&question.moments, question.control);
        let estimable = |at: &usize| {
            let number = design.kept.get(*at).and_then(|&k| design.treated.get(k));
            number.is_some_and(|&n| linked.get(n) == Some(&true))
        };
        let kept: Vec<usize> = (0..conditions_kept(design)).filter(estimable).collect();
        let effects: Vec<(usize, f64)> = kept
            .iter()
            .filter_map(|&at| {
                let number = design.kept.get(at).and_then(|&k| design.treated.get(k))?;
                Some((*number, *design.beta.get(at)?))
            })
            .collect();
        let contrasts: Vec<Vec<f64>> = kept.iter().map(|&at| design.contrast(at)).collect();
        let sizes = sizes(&contrasts);
        let mut clusters = Vec::with_capacity(design.clusters.len());
        let mut block = Block::default();
        let mut pulse = Pulse::every(1 << 8);
        for cluster in &design.clusters {
            pulse.tick();
            block.load(design, cluster);
            let mut undefined = vec![false; contrasts.len()];
            let applied = block.apply(&contrasts, &sizes, StdError::Cr3, &mut undefined)?;
            let leverage = block.c.iter().step_by(block.k + 1).sum();
            let mut sums = vec![0.0; design.p()];
            for (x, _, _) in &cluster.weighted().borders {
                sums.iter_mut().zip(x).for_each(|(s, x)| *s += x);
            }
            // Totals about the means of strata: what they are small against is the cluster's leverage.
            let sums = crate::regression::design::times_transposed(&design.root, &sums);
            let rows: f64 = cluster.weighted().borders.iter().map(|(_, n, _)| n).sum();
            let parts = contrasts.iter().zip(&applied).zip(&undefined);
            let part = |((d, applied), &undefined): ((&Vec<f64>, &Vec<f64>), &bool)| {
                let size = (rows * dot(d, d)).sqrt();
                let image: f64 = block
                    .c
                    .chunks_exact(block.k.max(1))
                    .zip(d)
                    .map(|(row, v)| v * dot(row, d))
                    .sum();
                Part {
                    partial: image / dot(d, d),
                    change: (!undefined).then(|| -negligible::product(applied, &block.z)),
                    total: negligible::rounded(dot(d, &sums), size) / dot(d, d).sqrt(),
                }
            };
            clusters.push((leverage, parts.map(part).collect()));
        }
        Ok(Jackknife {
            effects,
            clusters,
            question,
        })
    }

    pub(super) fn name(&self, condition: usize) -> String {
        let conditions = &self.question.moments.conditions;
        conditions
            .get(condition)
            .map_or(String::new(), |c| c.name.clone())
    }
}

/// For each cluster, by digest, and each condition with an effect, by name: how much of the effect is due to the cluster.
/// With slopes by condition the covariates stay about their means over all clusters.
pub fn influence(
    view: &View<'_>,
    control: &str,
    adjust: Adjust,
    strata: Strata,
) -> Result<Vec<Influence>, QuestionError> {
    let jackknife = Jackknife::new(view, control, adjust, strata)?;
    let moments = &jackknife.question.moments;
    let mut rows = vec![0.0; moments.clusters.len()];
    crate::pulse::beat();
    for cell in &moments.cells {
        if let Some(n) = rows.get_mut(cell.cluster) {
            *n += cell.rows;
        }
    }
    let mut out = Vec::with_capacity(rows.len() * jackknife.effects.len());
    for ((&cluster, n), (leverage, parts)) in
        moments.clusters.iter().zip(rows).zip(&jackknife.clusters)
    {
        for (&(condition, estimate), part) in jackknife.effects.iter().zip(parts) {
            out.push(Influence {
                cluster,
                condition: jackknife.name(condition),
                n: n as u64,
                leverage: *leverage,
                partial_leverage: part.partial.is_finite().then_some(part.partial),
                estimate_without: part.change.map(|c| estimate + c),
                change: part.change,
                notes: match part.change {
                    Some(_) => Vec::new(),
                    None => vec![Note::new(Code::Undefined, UNDEFINED)],
                },
            });
        }
    }
    Ok(out)
}

/// The note of a cluster without which there is no effect.
const UNDEFINED: &str = "without this cluster there is no effect to estimate";
