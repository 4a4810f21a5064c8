//! Sample ratios of one table of counts.

use super::exact::{binomial_two_sided, multinomial_two_sided};
use super::ratio::{Srm, name, shares};
use crate::distribution::{check_alpha, chi_squared_upper};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::{self, Pulse};
use crate::regression::QuestionError;
use crate::sketch::{Centre, Rows, Selection, View};
use serde::Serialize;

/// Tests whether units fell into conditions as their weights let expect: Pearson's chi-squared over the conditions with a
/// weight above 0, and the exact binomial or multinomial p-value. A unit in a condition of weight 0 is a leak, not a term
/// of the sum; such conditions are neither in the number of units nor in the degrees of freedom.
///
/// `conditions` are names for the notes.
pub fn srm(
    observed: &[u64],
    expected: Option<&[f64]>,
    conditions: Option<&[String]>,
    alpha: f64,
) -> Result<Srm, Invalid> {
    check_alpha(alpha)?;
    check_counts(observed, conditions)?;
    Ok(against(
        observed,
        &shares(expected, observed.len())?,
        conditions,
        alpha,
    ))
}

const COUNTS_HINT: &str = "Give the number of units of each condition.";

/// Conditions of one test: as many as a sketch can have.
const MAX_CONDITIONS: usize = crate::sketch::MAX_CONDITIONS;

pub(super) fn check_counts(observed: &[u64], conditions: Option<&[String]>) -> Result<(), Invalid> {
    if !(2..=MAX_CONDITIONS).contains(&observed.len()) {
        return Err(Invalid {
            argument: "counts",
            must: "for 2 to 1000 conditions",
            got: observed.len().to_string(),
            hint: COUNTS_HINT,
        });
    }
    if let Some(&n) = observed.iter().find(|n| **n > 1 << 52) {
        return Err(Invalid::number(
            "counts",
            "numbers below 2^52",
            n as f64,
            COUNTS_HINT,
        ));
    }
    match conditions {
        Some(c) if c.len() != observed.len() => Err(Invalid {
            argument: "conditions",
            must: "as long as the list of counts",
            got: format!("{} names for {} counts", c.len(), observed.len()),
            hint: "Give one name for each count, or none at all.",
        }),
        _ => Ok(()),
    }
}

/// The test with shares that add up to 1.
pub(super) fn against(
    observed: &[u64],
    shares: &[f64],
    conditions: Option<&[String]>,
    alpha: f64,
) -> Srm {
    let open: Vec<(u64, f64)> = observed
        .iter()
        .zip(shares)
        .filter(|(_, s)| **s > 0.0)
        .map(|(&o, &s)| (o, s))
        .collect();
    let n: u64 = open.iter().map(|(o, _)| o).sum();
    let mut row = Srm {
        n,
        df: open.len().saturating_sub(1) as u64,
        expected_counts: shares.iter().map(|s| s * n as f64).collect(),
        ..Srm::default()
    };
    for (i, (&o, &s)) in observed.iter().zip(shares).enumerate() {
        if s == 0.0 && o > 0 {
            row.leak(o, &format!("{} of weight 0", name(conditions, i)));
        }
    }
    if n == 0 {
        row.notes
            .push(Note::new(Code::NoUnits, "there is no unit to count"));
        return row;
    }
    let chi2 = open
        .iter()
        .map(|&(o, s)| (o as f64 - s * n as f64).powi(2) / (s * n as f64))
        .sum();
    row.chi2 = Some(chi2);
    row.p_value = chi_squared_upper(chi2, row.df as f64);
    row.p_exact = match open.as_slice() {
        [(first, share), _] => binomial_two_sided(*first, n, *share),
        _ => {
            let (counts, parts): (Vec<u64>, Vec<f64>) = open.iter().copied().unzip();
            multinomial_two_sided(&counts, &parts)
        }
    };
    if row.p_exact.is_none() {
        row.notes.push(Note::new(
            Code::NoExact,
            "too many outcomes to enumerate; p_value is from the chi-squared distribution",
        ));
    }
    row.decide(alpha);
    row
}

/// Sample ratio of the clusters of a sketch, and of its students.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SketchSrm {
    /// Conditions, in the order of the counts.
    pub conditions: Vec<String>,
    /// Clusters of each condition.
    pub counts: Vec<u64>,
    /// The test at the level of clusters.
    #[serde(flatten)]
    pub clusters: Srm,
    /// Students in conditions with a weight above 0.
    pub students: u64,
    /// p-value of the number of students by condition, by the randomization variance of sums over clusters.
    pub students_p: Option<f64>,
}

/// Tests the clusters of a sketch, which are the units that were assigned. `conditions` names the conditions that
/// `expected` are the weights of; without it, these are the conditions of the sketch in the order of their names. A
/// condition of the sketch that is not named has weight 0.
///
/// Students come in clusters, so their number by condition varies by the sizes of the clusters: the statistic is
/// `D = Σ_g n_g (T_g − π)`, whose variance over independent assignments of the clusters is `Σ_g n_g² (diag π − π π')`.
pub fn srm_of_sketch(
    view: &View<'_>,
    expected: Option<&[f64]>,
    conditions: Option<&[String]>,
    alpha: f64,
) -> Result<SketchSrm, QuestionError> {
    check_alpha(alpha)?;
    // Who was assigned, whether or not there is an outcome or a weight.
    let view = view.observedness();
    let assigned = Selection {
        unweighted: true,
        ..view.selection(Rows::All)
    };
    let moments = view.moments_of(&assigned, Centre::Pooled)?;
    let mut names: Vec<String> = match conditions {
        Some(c) if c.len() > MAX_CONDITIONS => {
            return Err(Invalid {
                argument: "conditions",
                must: "names of at most 1000 conditions",
                got: c.len().to_string(),
                hint: "Name each condition once, with its weight in expected.",
            }
            .into());
        }
        Some(c) => c.to_vec(),
        None => moments.conditions.iter().map(|c| c.name.clone()).collect(),
    };
    if let Some(twice) = names
        .iter()
        .enumerate()
        .find_map(|(i, n)| names.iter().take(i).any(|x| x == n).then_some(n))
    {
        return Err(Invalid::word(
            "conditions",
            "names that are all different",
            twice,
            "Name each condition once, with its weight in expected.",
        )
        .into());
    }
    let mut parts = shares(expected, names.len())?;
    for c in &moments.conditions {
        if !names.contains(&c.name) {
            names.push(c.name.clone());
            parts.push(0.0);
        }
    }
    let place: Vec<usize> = moments
        .conditions
        .iter()
        .map(|c| names.iter().position(|n| *n == c.name).unwrap_or(0))
        .collect();
    // Students by cluster and condition; cells of one cluster may differ by weight or stratum.
    let mut sizes: Vec<(usize, usize, f64)> = pulse::vector(moments.cells.len());
    sizes.extend(moments.cells.iter().map(|c| {
        let place = place.get(c.condition).copied().unwrap_or(0);
        (c.cluster, place, c.rows)
    }));
    pulse::sort_by(&mut sizes, |a, b| {
        (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
    });
    sizes.dedup_by(|next, kept| {
        let same = (next.0, next.1) == (kept.0, kept.1);
        if same {
            kept.2 += next.2;
        }
        same
    });
    let mut observed = vec![0u64; names.len()];
    let (mut by_condition, mut squares) = (vec![0.0; names.len()], 0.0);
    let mut pulse = Pulse::every(4096);
    for &(_, at, n) in &sizes {
        pulse.tick();
        if let (Some(o), Some(sum)) = (observed.get_mut(at), by_condition.get_mut(at)) {
            *o += 1;
            *sum += n;
        }
        if parts.get(at).is_some_and(|p| *p > 0.0) {
            squares += n * n;
        }
    }
    let open = || by_condition.iter().zip(&parts).filter(|(_, p)| **p > 0.0);
    let students: f64 = open().map(|(n, _)| n).sum();
    let mut clusters = against(&observed, &parts, Some(&names), alpha);
    let shared = sizes.len() - moments.clusters.len();
    let students_p = if shared > 0 {
        clusters.notes.push(Note::new(Code::SharedClusters, format!("{shared} times a cluster has rows of a further condition and is counted again; units were not whole clusters"
        )));
        None
    } else {
        // The inverse of a multinomial covariance is Pearson's sum.
        let chi2: f64 = open()
            .map(|(n, p)| (n - p * students).powi(2) / (p * squares))
            .sum();
        (squares > 0.0)
            .then(|| chi_squared_upper(chi2, open().count() as f64 - 1.0))
            .flatten()
    };
    Ok(SketchSrm {
        conditions: names,
        counts: observed,
        clusters,
        students: students as u64,
        students_p,
    })
}
