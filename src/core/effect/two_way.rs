//! Two-way cluster-robust inference: outcomes may be alike within clusters and, at the same time, within strata.
//!
//! `V = V_cluster + V_stratum − V_both`, each the sandwich of the same regression with other groups: the clusters, the strata, and
//! the groups of rows that share both (Cameron, Gelbach and Miller 2011). The strata are a dimension of clustering, so the
//! regression has no intercept for each of them but one for all. With `G` groups, `N` rows and `k` coefficients each of the
//! three is multiplied by
//!
//! - CR0: 1
//! - CR1: `G / (G − 1)`
//! - CR1S: `G / (G − 1) (N − 1) / (N − k)`
//!
//! with its own `G`. The degrees of freedom are those of the smaller dimension, `min(G_cluster, G_stratum) − 1`. If clusters
//! lie within strata, groups of both are the clusters, and `V = V_stratum`.
//!
//! The difference need not be a variance. Where the matrix of the effects has negative eigenvalues, these are replaced by 0
//! (Cameron, Gelbach and Miller 2011); all effects are in the unit of the outcome, so that units of covariates do not matter.

use super::estimate::{Effect, conditions_kept, rows_of};
use crate::note::{Code, Note};
use crate::pulse::{self, each};
use crate::regression::design::Design;
use crate::regression::negligible::rounded;
use crate::regression::notes::FEW_CLUSTERS;
use crate::regression::options::check_level;
use crate::regression::question::Question;
use crate::regression::robust::{contributions, eigen};
use crate::regression::{Adjust, Inference, Options, QuestionError, StdError, Strata};
use crate::sketch::{CellMoments, Centre, Key, Moments, Rows, View};
use crate::words::unknown;
use nalgebra::DMatrix;

/// The groups of the cells in one dimension: the number of each cell's group, and how many there are.
struct Groups {
    of_cell: Vec<usize>,
    count: usize,
}

impl Groups {
    /// Numbers the cells by a label.
    fn by<T: Ord + Copy>(cells: &[CellMoments], label: impl Fn(&CellMoments) -> T) -> Self {
        let mut labels: Vec<T> = pulse::vector(cells.len());
        labels.extend(each(cells).map(&label));
        pulse::sort(&mut labels);
        labels.dedup();
        let mut of_cell = pulse::vector(cells.len());
        let number = |cell| labels.binary_search(&label(cell)).unwrap_or(0);
        of_cell.extend(each(cells).map(number));
        Groups {
            of_cell,
            count: labels.len(),
        }
    }

    /// The regression's sums by these groups instead of the clusters.
    fn regroup(&self, moments: &mut Moments, control: usize) -> Design {
        pulse::room_for(self.count, size_of::<Key>());
        moments.clusters = vec![Key::NONE; self.count];
        for (cell, &group) in each(&mut moments.cells).zip(&self.of_cell) {
            cell.cluster = group;
        }
        Design::new(moments, control)
    }

    /// True if the rows of the condition are in one group.
    fn holds_alone(&self, moments: &Moments, condition: usize) -> bool {
        let mut own = each(&moments.cells)
            .zip(&self.of_cell)
            .filter(|(cell, _)| cell.condition == condition)
            .map(|(_, &group)| group);
        let first = own.next();
        first.is_some() && own.all(|group| Some(group) == first)
    }
}

/// The effect of each condition except the control, by name, with standard errors that allow for clusters and for strata.
///
/// Of the options, `strata` does not matter (see the module), and `se` is CR0, CR1 or CR1S; others are refused.
pub fn two_way_effects(
    view: &View<'_>,
    control: &str,
    options: &Options,
) -> Result<Vec<Effect>, QuestionError> {
    check_level(options.level)?;
    check_se(options.se)?;
    let options = &Options {
        strata: Strata::Ignore,
        ..*options
    };
    let mut question = Question::new(view, control, options)?;
    let found = rows_of(&question, options);
    let rows = match options.adjust {
        Adjust::None => Rows::All,
        Adjust::Ancova | Adjust::Lin => Rows::WithCovariates,
    };
    // The same cells in the same order, which know their strata.
    let apart = view.moments(rows, Centre::PerStratum)?.cells;
    let clusters = Groups::by(&apart, |c| c.cluster);
    let strata = Groups::by(&apart, |c| c.stratum);
    let both = Groups::by(&apart, |c| (c.stratum, c.cluster));
    drop(apart);
    let variance = Variance::new(&mut question, options.se, &clusters, &strata, &both)?;
    let df = clusters.count.min(strata.count) as f64 - 1.0;
    let mut out = Vec::with_capacity(found.len());
    for (mut row, place) in found {
        row.notes.extend(variance.notes.iter().cloned());
        let estimate = place.and_then(|p| question.design.beta.get(p.at));
        if let (Some(place), Some(&estimate)) = (place, estimate) {
            row.inference = variance.infer(place.at, estimate, df, options.level, &mut row.notes);
            for (groups, what) in [(&clusters, "cluster"), (&strata, "stratum")] {
                for arm in [place.condition, question.control] {
                    if groups.count > 1 && groups.holds_alone(&question.moments, arm) {
                        let name = question.moments.conditions.get(arm);
                        row.notes.push(single(what, name.map_or("", |c| &c.name)));
                        row.inference = Inference {
                            t: None,
                            p_value: None,
                            ci_low: None,
                            ci_high: None,
                            ..row.inference
                        };
                    }
                }
            }
            row.rescale(estimate, &question.pooled);
            row.notes
                .extend(row.lift.map(|_| Note::no_limits_of_lift()));
        }
        out.push(row);
    }
    Ok(out)
}

fn single(what: &str, condition: &str) -> Note {
    let code = match what {
        "cluster" => Code::SingleCluster,
        _ => Code::SingleStratum,
    };
    let text = format!(
        "condition \"{condition}\" is in one {what}, so what varies between these cannot be seen; no p-value and no interval"
    );
    Note::new(code, text)
}

/// Refuses what has no two-way form here.
fn check_se(se: StdError) -> Result<(), QuestionError> {
    if matches!(se, StdError::Cr0 | StdError::Cr1 | StdError::Cr1s) {
        return Ok(());
    }
    unknown("se", se.word(), "one of \"CR0\", \"CR1\", \"CR1S\"")
}

/// The two-way covariance matrix of the effects.
struct Variance {
    /// By conditions that were kept.
    matrix: DMatrix<f64>,
    /// True if negative eigenvalues were replaced.
    negative: bool,
    /// Size of the terms that it is a difference of.
    scale: f64,
    /// What to know of it.
    notes: Vec<Note>,
}

impl Variance {
    /// The moments of the question have other groups afterwards.
    fn new(
        question: &mut Question,
        se: StdError,
        clusters: &Groups,
        strata: &Groups,
        both: &Groups,
    ) -> Result<Self, QuestionError> {
        let (rows, parameters) = (question.design.rows, question.parameters());
        let of = |design: &Design, groups: &Groups| {
            let factor = se.factor(rows, groups.count as f64, parameters);
            Ok::<_, QuestionError>(cross_products(design)? * factor)
        };
        let control = question.control;
        let moments = &mut question.moments;
        let mut out = Variance {
            matrix: DMatrix::zeros(0, 0),
            negative: false,
            scale: 0.0,
            notes: Vec::new(),
        };
        // Where one dimension lies within the other, its matrix and that of the groups of both are the same.
        if both.count == clusters.count {
            out.notes.push(Note::new(
                Code::NestedClusters,
                "each cluster lies within one stratum, so the variance is that by strata",
            ));
            out.matrix = of(&strata.regroup(moments, control), strata)?;
        } else if both.count == strata.count {
            out.notes.push(Note::new(
                Code::NestedStrata,
                "each stratum lies within one cluster, so the variance is that by clusters",
            ));
            out.matrix = of(&question.design, clusters)?;
        } else {
            let by_cluster = of(&question.design, clusters)?;
            let by_stratum = of(&strata.regroup(moments, control), strata)?;
            let by_both = of(&both.regroup(moments, control), both)?;
            out.scale = by_cluster.trace() + by_stratum.trace() + by_both.trace();
            out.matrix = by_cluster + by_stratum - by_both;
            out.replace_negative()?;
        }
        for (count, what) in [(clusters.count, "clusters"), (strata.count, "strata")] {
            if (count as u64) < FEW_CLUSTERS {
                out.notes.push(Note::new(Code::FewGroups, format!("{count} {what}; two-way standard errors tend to be too small with fewer than {FEW_CLUSTERS}")));
            }
        }
        Ok(out)
    }

    /// Replaces negative eigenvalues by 0; those that are no more than rounding count as 0.
    fn replace_negative(&mut self) -> Result<(), QuestionError> {
        let spectrum = eigen((&self.matrix + self.matrix.transpose()) * 0.5)?;
        let values = spectrum.eigenvalues.map(|v| rounded(v, self.scale));
        self.negative = values.iter().any(|v| *v < 0.0);
        if self.negative {
            let vectors = spectrum.eigenvectors;
            let middle = DMatrix::from_diagonal(&values.map(|v| v.max(0.0)));
            self.matrix = &vectors * middle * vectors.transpose();
            self.notes.push(Note::new(Code::NotPositiveDefinite, "the two-way covariance matrix of the effects had negative eigenvalues, which were replaced by 0"));
        }
        Ok(())
    }

    fn infer(
        &self,
        at: usize,
        estimate: f64,
        df: f64,
        level: f64,
        notes: &mut Vec<Note>,
    ) -> Inference {
        let variance = self.matrix.get((at, at)).copied().unwrap_or(0.0);
        let variance = rounded(variance, self.scale);
        if self.negative && !(variance > 0.0) {
            // What is left of a negative difference is no standard error.
            return Inference {
                estimate: Some(estimate),
                ..Inference::default()
            };
        }
        Inference::new(estimate, variance.sqrt(), Some(df), level, notes)
    }
}

/// `Σ ψ ψ'` over the groups of the design, of the conditions that were kept.
fn cross_products(design: &Design) -> Result<DMatrix<f64>, QuestionError> {
    let q = conditions_kept(design);
    let contrasts: Vec<Vec<f64>> = (0..q).map(|j| design.contrast(j)).collect();
    let scores = contributions(design, &contrasts, StdError::Cr0)?.scores;
    let mut sum = DMatrix::zeros(q, q);
    for score in each(&scores) {
        for (i, a) in score.iter().enumerate() {
            for (j, b) in score.iter().enumerate() {
                if let Some(cell) = sum.get_mut((i, j)) {
                    *cell += a * b;
                }
            }
        }
    }
    Ok(sum)
}
