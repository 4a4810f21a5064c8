//! Matched pairs of clusters: the effect from the differences within pairs.
//!
//! Imai, King and Nall (2009): `τ̂ = Σ w_j (ȳ_1j − ȳ_0j) / Σ w_j` with `w_j` the rows of pair j, variance
//! `J / ((J − 1) N²) Σ (w_j τ̂_j − N τ̂ / J)²`, and `J − 1` degrees of freedom.

use super::comparison::Comparison;
use super::estimate::{Effect, left_out};
use crate::error::Invalid;
use crate::exact::Wide;
use crate::note::{Code, Note};
use crate::pulse::Pulse;
use crate::regression::negligible::Tally;
use crate::regression::options::{check_level, control_among};
use crate::regression::{Adjust, Inference, Options, QuestionError, StdError};
use crate::sketch::{Centre, Moments, Rows, View};

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
pub(super) fn paired_effects(
    view: &View<'_>,
    control: &str,
    options: &Options,
) -> Result<Vec<Effect>, QuestionError> {
    if options.adjust != Adjust::None {
        return Err(Invalid::word(
            "adjust",
            "\"none\" with pairs",
            options.adjust.word(),
            "Leave out strata => 'pairs' to adjust for covariates: strata are absorbed.",
        )
        .into());
    }
    if options.se != StdError::Cr2 {
        return Err(Invalid::word(
            "se",
            "left out with pairs",
            options.se.word(),
            "The standard error is that of the differences within pairs.",
        )
        .into());
    }
    options.estimand.of_students("\"student\" with pairs")?;
    let level = options.level;
    check_level(level)?;
    let moments = view.moments(Rows::All, Centre::PerStratum)?;
    let names: Vec<String> = moments.conditions.iter().map(|c| c.name.clone()).collect();
    let number = control_among(&names, control)?;
    let controls = sides(&moments, number);
    let outcome = view.name();
    let treated = (0..names.len()).filter(|&c| c != number);
    treated
        .map(|condition| {
            let comparison = Comparison {
                outcome: outcome.clone(),
                condition: names.get(condition).cloned().unwrap_or_default(),
                control: control.to_owned(),
                ..Comparison::default()
            };
            let sides = sides(&moments, condition);
            effect(&moments, comparison, &sides, &controls, level)
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
    comparison: Comparison,
    treated: &[Side],
    controls: &[Side],
    level: f64,
) -> Result<Effect, QuestionError> {
    let mut out = Effect {
        comparison,
        ..Effect::default()
    };
    let mut alone = 0;
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
                out.comparison.n += one.rows as u64;
                out.comparison.n_control += zero.rows as u64;
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
                        out.comparison.condition,
                        b.len(),
                        out.comparison.control
                    ),
                    hint: "Leave out strata => 'pairs': strata of any size are absorbed.",
                }
                .into());
            }
            _ => alone += 1,
        }
    }
    out.comparison.clusters = pairs.len() as u64;
    out.comparison.clusters_control = pairs.len() as u64;
    if alone > 0 {
        out.notes.push(Note::new(
            Code::PairsLeftOut,
            format!(
                "{} strata do not have one cluster of each of the two conditions",
                alone
            ),
        ));
    }
    let shared = used.iter().filter(|&&times| times > 1).count();
    if shared > 0 {
        out.notes.push(Note::new(
            Code::ClustersInSeveralPairs,
            format!(
                "{shared} clusters are in more than one pair, so that pairs are not independent"
            ),
        ));
    }
    let mut notes: Vec<Note> = left_out(moments).into_iter().collect();
    if pairs.is_empty() {
        out.notes.push(Note::new(
            Code::NoPairs,
            "no stratum has one cluster of each of the two conditions",
        ));
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
        notes.push(Note::new(
            Code::NotGiven,
            "pairs of clusters have no means of conditions, and no effect on other scales",
        ));
    }
    out.notes.extend(notes.iter().cloned());
    Ok(out)
}
