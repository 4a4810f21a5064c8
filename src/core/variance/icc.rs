//! Intra-cluster correlation by one-way analysis of variance, with exact F and Smith's limits.

use super::anova::{Anova, MeanSquares};
use crate::distribution::{f_critical, normal_critical};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::regression::options::check_level;
use crate::regression::{Adjust, QuestionError};
use crate::sketch::{CellMoments, Centre, Moments, Rows, View};
use crate::words::{Word, unknown};
use serde::Serialize;

/// What the clusters are compared within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// Conditions: the effect does not count as variation between clusters.
    Condition,
    /// All rows together: for data from before the experiment.
    All,
    /// Strata: for data from before an experiment with strata.
    Stratum,
    /// Conditions of a stratum: neither the effect nor what strata have in common counts.
    ConditionStratum,
}

impl Word for Within {
    fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "condition" => Ok(Within::Condition),
            "all" => Ok(Within::All),
            "stratum" => Ok(Within::Stratum),
            "condition_stratum" => Ok(Within::ConditionStratum),
            _ => unknown(
                "within",
                word,
                "one of \"condition\", \"all\", \"stratum\", \"condition_stratum\"",
            ),
        }
    }
}

/// Intra-cluster correlation and what it comes from. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
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
    pub n0: Option<f64>,
    /// Clusters.
    pub clusters: u64,
    /// Rows.
    pub n: u64,
    /// Degrees of freedom of MSB: clusters less conditions, and less covariates of clusters.
    #[serde(skip)]
    pub df_between: f64,
    /// Degrees of freedom of MSW: rows less clusters, and less covariates that vary within them.
    #[serde(skip)]
    pub df_within: f64,
    /// Sum of squared sizes.
    #[serde(skip)]
    pub squared_sizes: f64,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Intra-cluster correlation of the outcome of a sketch. Weights are not used.
pub fn icc(view: &View<'_>, within: Within, level: f64) -> Result<Icc, QuestionError> {
    icc_adjusted(view, within, level, Adjust::None)
}

/// Intra-cluster correlation of what covariates leave of the outcome (with [`Adjust::Ancova`]); see
/// [`Anova::mean_squares`]. Smith's limits are not known for it.
pub fn icc_adjusted(
    view: &View<'_>,
    within: Within,
    level: f64,
    adjust: Adjust,
) -> Result<Icc, QuestionError> {
    check_level(level)?;
    let anova = anova(view, within, adjust)?;
    let mut icc = point(&anova, adjust == Adjust::Ancova);
    f_limits(&mut icc, level);
    if adjust == Adjust::None {
        smith_limits(&mut icc, &anova.sizes, level);
    }
    Ok(icc)
}

/// Analysis of variance of all rows, or of those with all covariates.
pub(super) fn anova(
    view: &View<'_>,
    within: Within,
    adjust: Adjust,
) -> Result<Anova, QuestionError> {
    let rows = match adjust.with_common_slope()? {
        Adjust::None => Rows::All,
        _ if view.covariate_count() == 0 => return Err(QuestionError::NoCovariates),
        _ => Rows::WithCovariates,
    };
    let centre = match within {
        Within::Condition | Within::All => Centre::Pooled,
        Within::Stratum | Within::ConditionStratum => Centre::PerStratum,
    };
    let moments = view.moments(rows, centre)?;
    Ok(Anova::new(&moments, |c| {
        Some(match within {
            Within::All => (0, 0),
            Within::Condition => (c.condition, 0),
            Within::Stratum => (0, c.stratum),
            Within::ConditionStratum => (c.condition, c.stratum),
        })
    }))
}

/// Point estimate over the given conditions of moments about a pooled centre; limits are left NULL.
///
/// With `by_condition`, clusters are compared within conditions: MSB has `G − A` degrees of freedom and
/// `n₀ = (N − Σ_a Σ_g n² / N_a) / (G − A)` (Donner and Klar 2000); otherwise `A = 1` (Donner and Koval 1980).
pub fn icc_of(moments: &Moments, conditions: &[usize], by_condition: bool) -> Icc {
    let class = |c: &CellMoments| {
        let used = conditions.contains(&c.condition);
        used.then_some((if by_condition { c.condition } else { 0 }, 0))
    };
    point(&Anova::new(moments, class), false)
}

/// The estimate without its limits.
fn point(anova: &Anova, covariates: bool) -> Icc {
    let mut icc = Icc {
        clusters: anova.sizes.len() as u64,
        n: anova.rows as u64,
        squared_sizes: anova.sizes.iter().map(|n| n * n).sum(),
        ..Icc::default()
    };
    let Some(squares) = anova.mean_squares(covariates) else {
        icc.notes.push(Note::new(
            Code::NoDf,
            if covariates {
                "more clusters and more rows than classes and covariates are needed"
            } else {
                "two clusters in a condition and two rows in a cluster are needed"
            },
        ));
        return icc;
    };
    let MeanSquares {
        between: msb,
        within: msw,
        ..
    } = squares;
    (icc.df_between, icc.df_within) = (squares.df_between, squares.df_within);
    icc.n0 = Some(squares.n0);
    (icc.msb, icc.msw) = (Some(msb), Some(msw));
    let total = msb + (squares.n0 - 1.0) * msw;
    if total > 0.0 {
        let rho = (msb - msw) / total;
        (icc.icc, icc.icc_truncated) = (Some(rho), Some(rho.max(0.0)));
        if rho < 0.0 {
            icc.notes.push(Note::new(
                Code::Negative,
                "clusters differ less than chance would have them; the truncated value is 0",
            ));
        }
    } else {
        icc.notes
            .push(Note::new(Code::NoVariation, "the outcome is constant"));
    }
    icc
}

/// Limits from the F distribution.
fn f_limits(icc: &mut Icc, level: f64) {
    let (Some(_), Some(msb), Some(msw), Some(n0)) = (icc.icc, icc.msb, icc.msw, icc.n0) else {
        return;
    };
    let alpha = 1.0 - level;
    if msw > 0.0
        && let (Some(high_f), Some(low_f)) = (
            f_critical(alpha / 2.0, icc.df_between, icc.df_within),
            f_critical(1.0 - alpha / 2.0, icc.df_between, icc.df_within),
        )
    {
        let limit = |f: f64| {
            let ratio = msb / msw / f;
            (ratio - 1.0) / (ratio + n0 - 1.0)
        };
        (icc.f_low, icc.f_high) = (Some(limit(high_f)), Some(limit(low_f)));
    }
}

/// Smith's standard error and limits.
fn smith_limits(icc: &mut Icc, sizes: &[f64], level: f64) {
    let (Some(rho), Some(n0)) = (icc.icc, icc.n0) else {
        return;
    };
    let (g, n, between) = (icc.clusters as f64, icc.n as f64, icc.df_between);
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
        && let Some(z) = normal_critical(1.0 - level)
    {
        let se = variance.sqrt();
        (icc.smith_se, icc.smith_low, icc.smith_high) =
            (Some(se), Some(rho - z * se), Some(rho + z * se));
    }
}
