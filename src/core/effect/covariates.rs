//! Whether the clusters can support so many covariates.

use crate::exact::Wide;
use crate::note::{Code, Note};
use crate::pulse::each;
use crate::regression::Adjust;
use crate::regression::negligible::{beyond_digits, squares_beyond_digits};
use crate::regression::question::Question;
use crate::sketch::Moments;

/// What to know of the covariates of a regression.
pub(super) fn notes(question: &Question, adjust: Adjust) -> Vec<Note> {
    let mut notes = Vec::new();
    if adjust == Adjust::None {
        return notes;
    }
    let design = &question.design;
    let (clusters, strata) = (design.clusters.len(), design.stratum_weights.len());
    // Only where there are so many covariates at all is it worth to look at each.
    let constant = match 10 * question.covariates > clusters {
        true => constant_in_clusters(&question.moments, question.covariates),
        false => 0,
    };
    if 10 * constant > clusters {
        notes.push(Note::new(
            Code::ManyClusterCovariates,
            format!(
                "covariates that are constant in every cluster: {constant}; {clusters} clusters support about {}",
                clusters / 10
            ),
        ));
    }
    let slopes = design
        .kept
        .iter()
        .filter(|&&k| k >= design.treated.len())
        .count();
    // Statisticians leave as many clusters as there are conditions and strata, and look at what is left.
    if slopes + design.treated.len() + strata > clusters {
        notes.push(Note::new(
            Code::TooManySlopes,
            format!(
                "slopes: {slopes}, clusters: {clusters}, strata: {strata}; use fewer covariates"
            ),
        ));
    }
    notes
}

/// Covariates that do not vary within any cluster.
fn constant_in_clusters(moments: &Moments, covariates: usize) -> usize {
    let mut varies = vec![false; covariates];
    let mut first: Vec<Option<usize>> = vec![None; moments.clusters.len()];
    for (i, cell) in each(&moments.cells).enumerate() {
        let reference = match first.get_mut(cell.cluster) {
            Some(slot) => *slot.get_or_insert(i),
            None => continue,
        };
        for (c, varies) in varies.iter_mut().enumerate() {
            let column = c + 1;
            let rows = |i: usize| moments.cells.get(i).map_or(1.0, |c| c.rows);
            let mean = |i: usize| {
                let stratum = moments.cells.get(i).map_or(0, |c| c.stratum);
                moments.exact_centre(stratum, column) + moments.sum(i, column) / rows(i)
            };
            let size = moments.size(i, column);
            let within = moments.product(i, column, column);
            let within = squares_beyond_digits(within, size, rows(i));
            let apart = beyond_digits(mean(i) - mean(reference), size / rows(i));
            *varies |= within.value() > 0.0 || apart != Wide::ZERO;
        }
    }
    varies.iter().filter(|v| !**v).count()
}
