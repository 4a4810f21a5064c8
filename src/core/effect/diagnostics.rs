//! How many clusters an effect really rests on.

use super::comparison::Comparison;
use super::estimate::{Effect, effects_of};
use super::influence::{Jackknife, Part};
use crate::note::Note;
use crate::pulse::beat;
use crate::regression::notes::on_difference;
use crate::regression::{Adjust, Inference, Options, QuestionError, StdError, Strata};
use crate::sketch::{Key, View};
use serde::Serialize;

/// How the clusters carry one effect. `None` is NULL: the quantity does not exist.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnostics {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The effect with CR2 and Satterthwaite's degrees of freedom.
    #[serde(flatten)]
    pub inference: Inference,
    /// Effective number of clusters `G* = G / (1 + Γ)`, Γ being the squared coefficient of variation (divisor G) of
    /// `γ_g = c'(X'WX)⁻¹ X_g'W Ω_g W X_g (X'WX)⁻¹ c` with `Ω_g = 11'` (ρ = 1), the least favourable likeness of the rows of
    /// a cluster (Carter, Schnepel and Steigerwald 2017).
    pub effective_clusters: Option<f64>,
    /// The same with `Ω_g = W_g⁻¹` (ρ = 0): the γ are the partial leverages.
    pub effective_clusters_independent: Option<f64>,
    /// Largest leverage.
    pub leverage_max: Option<f64>,
    /// Coefficient of variation of the leverages, divisor G − 1.
    pub leverage_cv: Option<f64>,
    /// Largest partial leverage.
    pub partial_leverage_max: Option<f64>,
    /// Coefficient of variation of the partial leverages, divisor G − 1.
    pub partial_leverage_cv: Option<f64>,
    /// The cluster whose leaving out changes the estimate most; the first by digest if several do.
    pub most_influential: Option<Key>,
    /// The estimate without it.
    pub estimate_without: Option<f64>,
    /// CR3 standard error.
    pub se_cr3: Option<f64>,
    /// CV3: CR3 times `√((G − 1) / G)`.
    pub se_cv3: Option<f64>,
    /// CV3J: as CV3, about the mean of the estimates without a cluster.
    pub se_cv3j: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Diagnostics of the effect of each condition except the control, by name.
pub fn cluster_diagnostics(
    view: &View<'_>,
    control: &str,
    adjust: Adjust,
    strata: Strata,
) -> Result<Vec<Diagnostics>, QuestionError> {
    let jackknife = Jackknife::new(view, control, adjust, strata)?;
    let options = Options {
        adjust,
        strata,
        se: StdError::Cr2,
        ..Options::default()
    };
    let effects = effects_of(&jackknife.question, &options)?;
    let leverages: Vec<f64> = jackknife.clusters.iter().map(|(h, _)| *h).collect();
    let row = |effect: Effect| {
        let mut out = Diagnostics {
            notes: on_difference(&effect.notes),
            comparison: effect.comparison,
            inference: effect.inference,
            effective_clusters: None,
            effective_clusters_independent: None,
            leverage_max: largest(&leverages),
            leverage_cv: variation(&leverages, 1.0),
            partial_leverage_max: None,
            partial_leverage_cv: None,
            most_influential: None,
            estimate_without: None,
            se_cr3: None,
            se_cv3: None,
            se_cv3j: None,
        };
        let at = jackknife
            .effects
            .iter()
            .position(|&(c, _)| jackknife.name(c) == out.comparison.condition);
        if let Some(at) = at {
            let parts = jackknife.clusters.iter();
            let parts: Vec<Part> = parts.filter_map(|(_, p)| p.get(at)).copied().collect();
            fill(&mut out, &parts, &jackknife);
        }
        out
    };
    Ok(effects.into_iter().map(row).collect())
}

fn fill(out: &mut Diagnostics, parts: &[Part], jackknife: &Jackknife) {
    beat();
    let partial: Vec<f64> = parts.iter().map(|p| p.partial).collect();
    let alike: Vec<f64> = parts.iter().map(|p| p.total * p.total).collect();
    out.effective_clusters_independent = effective(&partial);
    // Where each cluster has strata of its own the totals are 0, and there is no such number.
    out.effective_clusters = effective(&alike);
    out.partial_leverage_max = largest(&partial);
    out.partial_leverage_cv = variation(&partial, 1.0);
    let mut most: Option<(usize, f64)> = None;
    for (i, change) in parts
        .iter()
        .enumerate()
        .filter_map(|(i, p)| Some((i, p.change?)))
    {
        if most.is_none_or(|(_, largest)| change.abs() > largest.abs()) {
            most = Some((i, change));
        }
    }
    if let (Some((i, change)), Some(estimate)) = (most, out.inference.estimate) {
        out.most_influential = jackknife.question.moments.clusters.get(i).copied();
        out.estimate_without = Some(estimate + change);
    }
    let Some(changes) = parts.iter().map(|p| p.change).collect::<Option<Vec<f64>>>() else {
        out.notes.push(Note::cr3_undefined());
        return;
    };
    if changes.iter().all(|c| *c == 0.0) {
        return;
    }
    let g = changes.len() as f64;
    let sum: f64 = changes.iter().map(|c| c * c).sum();
    let mean = changes.iter().sum::<f64>() / g;
    let about: f64 = changes.iter().map(|c| (c - mean) * (c - mean)).sum();
    out.se_cr3 = Some(sum.sqrt());
    out.se_cv3 = Some((sum * (g - 1.0) / g).sqrt());
    out.se_cv3j = Some((about * (g - 1.0) / g).sqrt());
}

fn largest(values: &[f64]) -> Option<f64> {
    values.iter().copied().reduce(f64::max)
}

/// Standard deviation over mean, the divisor of the variance being `G − less`.
fn variation(values: &[f64], less: f64) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let spread: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (n > less && mean > 0.0).then(|| (spread / (n - less)).sqrt() / mean)
}

/// `G / (1 + Γ)`.
fn effective(gamma: &[f64]) -> Option<f64> {
    let n = gamma.len() as f64;
    variation(gamma, 0.0).map(|cv| n / (1.0 + cv * cv))
}
