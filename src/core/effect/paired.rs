//! Matched pairs of clusters: the effect from the differences within pairs.
//!
//! Imai, King and Nall (2009): `τ̂ = Σ w_j (ȳ_1j − ȳ_0j) / Σ w_j` with `w_j` the rows of pair j, variance
//! `J / ((J − 1) N²) Σ (w_j τ̂_j − N τ̂ / J)²`, and `J − 1` degrees of freedom.

use super::error::EffectError;
use super::estimate::left_out;
use super::inference::Inference;
use super::negligible::Tally;
use super::notes::Note;
use super::options::{check_level, control_among};
use crate::error::Invalid;
use crate::exact::Wide;
use crate::pulse::Pulse;
use crate::sketch::{Centre, Moments, Rows, View};

/// The effect of one condition over pairs of clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedEffect {
    /// Treated condition.
    pub condition: String,
    /// Control condition.
    pub control: String,
    /// Estimate and what is known of its precision.
    pub inference: Inference,
    /// Pairs used.
    pub pairs: u64,
    /// Strata with rows of one of the two conditions that are not a pair.
    pub left_out: u64,
    /// Rows of the condition and of the control in the pairs.
    pub n: (u64, u64),
    /// What to know, as text.
    pub notes: Vec<String>,
}

/// One stratum's side: its clusters, and sums about the centre of the stratum.
#[derive(Debug, Clone, Default)]
struct Side {
    clusters: Vec<usize>,
    rows: f64,
    weight: Wide,
    sum: Tally,
    /// Size of the values.
    size: f64,
}

impl Side {
    /// Mean about the centre.
    fn mean(&self) -> Tally {
        let mut mean = Tally::default();
        mean.add_times(Wide::from(1.0) / self.weight, self.sum);
        mean
    }

    /// Size of a value.
    fn of_value(&self) -> f64 {
        self.size / self.weight.value()
    }
}

/// The effect of each condition except the control, by name. The strata of the sketch are the pairs.
pub fn paired_effects(
    view: &View<'_>,
    control: &str,
    level: f64,
) -> Result<Vec<PairedEffect>, EffectError> {
    check_level(level)?;
    let moments = view.moments(Rows::All, Centre::PerStratum)?;
    let names: Vec<String> = moments.conditions.iter().map(|c| c.name.clone()).collect();
    let number = control_among(&names, control)?;
    let controls = sides(&moments, number);
    let treated = (0..names.len()).filter(|&c| c != number);
    treated
        .map(|condition| {
            let name = names.get(condition).cloned().unwrap_or_default();
            let sides = sides(&moments, condition);
            effect(&moments, name, control, &sides, &controls, level)
        })
        .collect()
}

fn sides(moments: &Moments, condition: usize) -> Vec<Side> {
    let mut sides = vec![Side::default(); moments.strata.len()];
    let mut pulse = Pulse::every(1 << 14);
    for (i, cell) in moments.cells.iter().enumerate() {
        pulse.tick();
        if cell.condition != condition {
            continue;
        }
        if let Some(side) = sides.get_mut(cell.stratum) {
            // Cells come by cluster within a stratum.
            if side.clusters.last() != Some(&cell.cluster) {
                side.clusters.push(cell.cluster);
            }
            side.rows += cell.rows;
            side.weight += Wide::product(cell.weight, cell.rows);
            side.sum.add(moments.sum(i, 0) * cell.weight);
            side.size += cell.weight * moments.size(i, 0);
        }
    }
    sides
}

fn effect(
    moments: &Moments,
    condition: String,
    control: &str,
    treated: &[Side],
    controls: &[Side],
    level: f64,
) -> Result<PairedEffect, EffectError> {
    let mut out = PairedEffect {
        condition,
        control: control.to_owned(),
        inference: Inference::default(),
        pairs: 0,
        left_out: 0,
        n: (0, 0),
        notes: Vec::new(),
    };
    let mut used = vec![0u32; moments.clusters.len()];
    // Weight, difference, and size of the values that it is a difference of.
    let mut pairs: Vec<(Wide, Tally, f64)> = Vec::new();
    for (one, zero) in treated.iter().zip(controls) {
        match (one.clusters.as_slice(), zero.clusters.as_slice()) {
            ([], []) => {}
            ([a], [b]) if a != b => {
                for cluster in [a, b] {
                    if let Some(times) = used.get_mut(*cluster) {
                        *times += 1;
                    }
                }
                out.n.0 += one.rows as u64;
                out.n.1 += zero.rows as u64;
                let weight = one.weight + zero.weight;
                let mut difference = one.mean();
                difference.add_times(Wide::from(-1.0), zero.mean());
                pairs.push((weight, difference, one.of_value() + zero.of_value()));
            }
            (a, b) if a.len() + b.len() > 2 => {
                return Err(Invalid {
                    argument: "sketch",
                    must: "made with pairs of clusters as strata",
                    got: format!(
                        "a stratum with {} clusters of \"{}\" and {} of \"{}\"",
                        a.len(),
                        out.condition,
                        b.len(),
                        out.control
                    ),
                    hint: "Use rct.effects, which absorbs strata of any size.",
                }
                .into());
            }
            _ => out.left_out += 1,
        }
    }
    out.pairs = pairs.len() as u64;
    if out.left_out > 0 {
        out.notes.push(format!(
            "pairs_left_out: {} strata do not have one cluster of each of the two conditions",
            out.left_out
        ));
    }
    let shared = used.iter().filter(|&&times| times > 1).count();
    if shared > 0 {
        out.notes.push(format!(
            "clusters_in_several_pairs: {shared} clusters are in more than one pair, so that pairs are not independent"
        ));
    }
    let mut notes: Vec<Note> = left_out(moments).into_iter().collect();
    if pairs.is_empty() {
        out.notes
            .push("no_pairs: no stratum has one cluster of each of the two conditions".to_owned());
    } else {
        let j = pairs.len() as f64;
        let total: Wide = pairs.iter().map(|(w, ..)| *w).sum();
        let mut sum = Tally::default();
        for (w, d, _) in &pairs {
            sum.add_times(*w, *d);
        }
        // Weighted differences about their mean, in shares of the total.
        let part = |(w, d, size): &(Wide, Tally, f64)| {
            let mut part = Tally::default();
            part.add_times(*w, *d);
            part.add_times(Wide::from(-1.0) / j, sum);
            part.blur(w.value() * size);
            (part.settled() / total).value().powi(2)
        };
        let spread: f64 = pairs.iter().map(part).sum();
        let variance = j / (j - 1.0) * spread;
        let df = (j > 1.0).then_some(j - 1.0);
        let estimate = (sum.settled() / total).value();
        out.inference = Inference::new(estimate, variance.sqrt(), df, level, &mut notes);
    }
    out.notes.extend(notes.iter().map(Note::to_string));
    Ok(out)
}
