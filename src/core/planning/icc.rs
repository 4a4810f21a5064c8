//! Intra-cluster correlation by one-way analysis of variance, with exact F and Smith's limits.

use crate::distribution::{f_critical, normal_critical};
use crate::effect::{EffectError, Word};
use crate::sketch::{Centre, Moments, Rows, Sketch};

/// What the clusters are compared within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// Conditions: the effect does not count as variation between clusters.
    Condition,
    /// All rows together: for data from before the experiment.
    All,
}

impl Word for Within {
    fn from_word(word: &str) -> Result<Self, EffectError> {
        match word {
            "condition" => Ok(Within::Condition),
            "all" => Ok(Within::All),
            _ => Err(EffectError::UnknownOption {
                argument: "within",
                value: word.to_owned(),
                offered: "\"condition\", \"all\"",
            }),
        }
    }
}

/// Intra-cluster correlation and what it comes from. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Icc {
    /// `(MSB − MSW) / (MSB + (n₀ − 1) MSW)`; may be negative.
    pub icc: Option<f64>,
    /// The same, not below 0.
    pub icc_truncated: Option<f64>,
    /// Lower limit from the F distribution (exact for equal sizes).
    pub f_low: Option<f64>,
    /// Upper limit from the F distribution.
    pub f_high: Option<f64>,
    /// Smith's large-sample standard error.
    pub smith_se: Option<f64>,
    /// Lower limit from Smith's standard error.
    pub smith_low: Option<f64>,
    /// Upper limit from Smith's standard error.
    pub smith_high: Option<f64>,
    /// Mean square between clusters.
    pub msb: Option<f64>,
    /// Mean square within clusters.
    pub msw: Option<f64>,
    /// Size that stands for unequal ones.
    pub n0: f64,
    /// Clusters.
    pub clusters: f64,
    /// Rows.
    pub rows: f64,
    /// Degrees of freedom of MSB: clusters less conditions.
    pub df_between: f64,
    /// Sum of squared sizes.
    pub squared_sizes: f64,
    /// What to know.
    pub notes: Vec<String>,
}

/// Intra-cluster correlation of the outcome of a sketch. Weights and strata are not used.
pub fn icc(sketch: &Sketch, within: Within, level: f64) -> Result<Icc, EffectError> {
    if !(level > 0.0 && level < 1.0) {
        return Err(EffectError::Level(level));
    }
    let moments = sketch.moments(Rows::All, Centre::Pooled)?;
    let all: Vec<usize> = (0..moments.conditions.len()).collect();
    let mut icc = icc_of(&moments, &all, within == Within::Condition);
    limits(
        &mut icc,
        &sizes(&moments, &all, within == Within::Condition),
        level,
    );
    Ok(icc)
}

/// Rows, sum and within-cell squares of one cluster (of one condition).
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    condition: usize,
    rows: f64,
    sum: f64,
    within: f64,
    squares: f64,
}

fn groups(moments: &Moments, conditions: &[usize], by_condition: bool) -> Vec<Group> {
    let mut keyed: Vec<(usize, usize, usize)> = moments
        .cells
        .iter()
        .enumerate()
        .filter(|(_, c)| conditions.contains(&c.condition))
        .map(|(i, c)| (if by_condition { c.condition } else { 0 }, c.cluster, i))
        .collect();
    keyed.sort_unstable();
    let mut groups: Vec<Group> = Vec::new();
    let mut last = None;
    for (condition, cluster, i) in keyed {
        let rows = moments.cells.get(i).map_or(0.0, |c| c.rows);
        let sum = moments.sums(i).first().copied().unwrap_or(0.0);
        if last != Some((condition, cluster)) {
            groups.push(Group {
                condition,
                ..Group::default()
            });
            last = Some((condition, cluster));
        }
        if let Some(g) = groups.last_mut() {
            g.rows += rows;
            g.sum += sum;
            g.within += moments.within(i).first().copied().unwrap_or(0.0);
            g.squares += sum * sum / rows;
        }
    }
    groups
}

fn sizes(moments: &Moments, conditions: &[usize], by_condition: bool) -> Vec<f64> {
    groups(moments, conditions, by_condition)
        .iter()
        .map(|g| g.rows)
        .collect()
}

/// Point estimate over the given conditions of moments about a pooled centre; limits are left NULL.
///
/// With `by_condition`, clusters are compared within conditions: MSB has `G − A` degrees of freedom and
/// `n₀ = (N − Σ_a Σ_g n² / N_a) / (G − A)` (Donner and Klar 2000); otherwise `A = 1` (Donner and Koval 1980).
pub fn icc_of(moments: &Moments, conditions: &[usize], by_condition: bool) -> Icc {
    let groups = groups(moments, conditions, by_condition);
    let arms = moments.conditions.len();
    let mut per_arm = vec![Group::default(); arms.max(1)];
    let mut squared = vec![0.0; arms.max(1)];
    let (mut ssw, mut ssb) = (0.0, 0.0);
    for g in &groups {
        ssw += g.within + (g.squares - g.sum * g.sum / g.rows).max(0.0);
        ssb += g.sum * g.sum / g.rows;
        if let (Some(arm), Some(s)) = (per_arm.get_mut(g.condition), squared.get_mut(g.condition)) {
            arm.rows += g.rows;
            arm.sum += g.sum;
            *s += g.rows * g.rows;
        }
    }
    let used = per_arm.iter().zip(&squared).filter(|(a, _)| a.rows > 0.0);
    let (mut count, mut n0) = (0.0, 0.0);
    let rows: f64 = groups.iter().map(|g| g.rows).sum();
    n0 += rows;
    for (arm, s) in used {
        ssb -= arm.sum * arm.sum / arm.rows;
        n0 -= s / arm.rows;
        count += 1.0;
    }
    let clusters = groups.len() as f64;
    let mut icc = Icc {
        clusters,
        rows,
        squared_sizes: squared.iter().sum(),
        ..Icc::default()
    };
    if !(clusters > count) || !(rows > clusters) {
        icc.notes.push(
            "no_df: two clusters in a condition and two rows in a cluster are needed".to_owned(),
        );
        return icc;
    }
    icc.df_between = clusters - count;
    icc.n0 = n0 / icc.df_between;
    let (msb, msw) = (ssb.max(0.0) / icc.df_between, ssw / (rows - clusters));
    (icc.msb, icc.msw) = (Some(msb), Some(msw));
    let total = msb + (icc.n0 - 1.0) * msw;
    if total > 0.0 {
        let rho = (msb - msw) / total;
        (icc.icc, icc.icc_truncated) = (Some(rho), Some(rho.max(0.0)));
        if rho < 0.0 {
            icc.notes.push("negative: clusters differ less than chance would have them; the truncated value is 0".to_owned());
        }
    } else {
        icc.notes
            .push("no_variation: the outcome is constant".to_owned());
    }
    icc
}

fn limits(icc: &mut Icc, sizes: &[f64], level: f64) {
    let (Some(rho), Some(msb), Some(msw)) = (icc.icc, icc.msb, icc.msw) else {
        return;
    };
    let (g, n, n0) = (icc.clusters, icc.rows, icc.n0);
    let alpha = 1.0 - level;
    let between = icc.df_between;
    if msw > 0.0
        && let (Some(high_f), Some(low_f)) = (
            f_critical(alpha / 2.0, between, n - g),
            f_critical(1.0 - alpha / 2.0, between, n - g),
        )
    {
        let limit = |f: f64| {
            let ratio = msb / msw / f;
            (ratio - 1.0) / (ratio + n0 - 1.0)
        };
        (icc.f_low, icc.f_high) = (Some(limit(high_f)), Some(limit(low_f)));
    }
    let (s2, s3): (f64, f64) = (
        sizes.iter().map(|n| n * n).sum(),
        sizes.iter().map(|n| n * n * n).sum(),
    );
    let one = 1.0 - rho;
    let within = (1.0 + rho * (n0 - 1.0)).powi(2) / (n - g);
    let spread = s2 - 2.0 * s3 / n + s2 * s2 / (n * n);
    let between_part =
        (between * one * (1.0 + rho * (2.0 * n0 - 1.0)) + rho * rho * spread) / (between * between);
    let variance = 2.0 * one * one / (n0 * n0) * (within + between_part);
    if variance > 0.0
        && let Some(z) = normal_critical(alpha)
    {
        let se = variance.sqrt();
        (icc.smith_se, icc.smith_low, icc.smith_high) =
            (Some(se), Some(rho - z * se), Some(rho + z * se));
    }
}
