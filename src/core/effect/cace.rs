//! Effects of exposure on those who complied: two-stage least squares with the condition as the instrument.
//!
//! With one instrument the estimate is the effect on the outcome over the effect on the exposure, `b = τ_y / τ_d`, and the
//! projected regressors `P_Z X` span what the instrument and the covariates span. So the hat matrix of two-stage least
//! squares is that of the intention-to-treat regression, its residual is `e_y − b e_d`, and the cluster's contribution to
//! `b` is `(ψ_y − b ψ_d) / τ_d`, for every variance estimator; the degrees of freedom are those of the regression. (Same
//! numbers as clubSandwich on `ivreg`.)

use super::comparison::Comparison;
use super::estimate::{left_out, shared_clusters};
use super::lift::{Covariance, RatioSet, ratio_set};
use crate::distribution::t_critical;
use crate::error::{Invalid, spelled};
use crate::note::{Code, Note};
use crate::regression::design::Design;
use crate::regression::negligible::difference;
use crate::regression::notes::FEW_CLUSTERS;
use crate::regression::options::control_among;
use crate::regression::question::{limit_size, linked};
use crate::regression::robust::{contributions, dot};
use crate::regression::satterthwaite::Products;
use crate::regression::{Adjust, Inference, Options, QuestionError, StdError};
use crate::sketch::{Centre, HAS_COVARIATES, HAS_EXPOSED, Moments, Selection, Variable, View};
use crate::words::{Word, unknown};
use serde::Serialize;

/// First-stage F below which the instrument is called weak (Staiger and Stock 1997).
const WEAK: f64 = 10.0;

/// Shape of the Anderson-Rubin set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArKind {
    /// All values from `ar_low` to `ar_high`.
    Interval,
    /// All values up to `ar_low`, and all from `ar_high` on.
    TwoRays,
    /// All values up to `ar_high` (no `ar_low`), or all from `ar_low` on (no `ar_high`).
    Ray,
    /// All numbers: nothing is excluded.
    Line,
}

impl ArKind {
    /// The word in SQL.
    pub fn word(self) -> &'static str {
        match self {
            ArKind::Interval => "interval",
            ArKind::TwoRays => "two_rays",
            ArKind::Ray => "ray",
            ArKind::Line => "line",
        }
    }
}

/// How the effect of exposure is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CaceOptions(Options);

impl CaceOptions {
    /// Reads the words of a call. Words of `se`: CR2, CR0, CR1, CR1p, CR1S, CR3.
    pub fn from_words(
        adjust: &str,
        strata: &str,
        se: &str,
        level: f64,
    ) -> Result<Self, QuestionError> {
        let known = match se {
            "CR1p" => StdError::Cr1p,
            "CR2" | "CR0" | "CR1" | "CR1S" | "CR3" => StdError::from_word(se)?,
            _ => {
                return unknown(
                    "se",
                    se,
                    "one of \"CR2\", \"CR0\", \"CR1\", \"CR1p\", \"CR1S\", \"CR3\"",
                );
            }
        };
        let options = Options::from_words(adjust, strata, "CR2", level)?;
        options.adjust.with_common_slope()?;
        options.strata.of_one_regression()?;
        Ok(CaceOptions(Options {
            se: known,
            ..options
        }))
    }
}

/// The effect of one exposure in one condition. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Cace {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// The exposure.
    pub exposure: String,
    /// Effect of one unit of exposure on those whose exposure the condition changes.
    #[serde(flatten)]
    pub inference: Inference,
    /// Effect of the condition on the exposure.
    pub first_stage: Option<f64>,
    /// Its standard error.
    pub first_stage_se: Option<f64>,
    /// Effective F: the square of their ratio.
    pub first_stage_f: Option<f64>,
    /// Mean exposure in the condition.
    pub exposure_rate: Option<f64>,
    /// Mean exposure in the control.
    pub exposure_rate_control: Option<f64>,
    /// Share of compliers: the first stage of an exposure of 0 and 1, if positive.
    pub complier_share: Option<f64>,
    /// Effect of the condition on the outcome.
    pub itt: Option<f64>,
    /// Limit of the Anderson-Rubin set, see [`ArKind`].
    pub ar_low: Option<f64>,
    /// Other limit.
    pub ar_high: Option<f64>,
    /// Shape of the set.
    pub ar_kind: Option<ArKind>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// The effect of each exposure in each condition except the control, by condition, exposures in the given order. Each condition
/// is compared with the control on the rows of these two.
pub fn cace(
    view: &View<'_>,
    control: &str,
    exposures: Option<&[&str]>,
    options: &CaceOptions,
) -> Result<Vec<Cace>, QuestionError> {
    let CaceOptions(options) = options;
    let exposures = exposures_of(view, exposures)?;
    let covariates: Vec<Variable> = match options.adjust {
        Adjust::None => Vec::new(),
        Adjust::Ancova | Adjust::Lin => (1..=view.covariate_count())
            .map(Variable::Covariate)
            .collect(),
    };
    if options.adjust == Adjust::Ancova && covariates.is_empty() {
        return Err(QuestionError::NoCovariates);
    }
    let conditions: Vec<String> = view.condition_names();
    control_among(&conditions, control)?;
    let mut rows = Vec::new();
    for condition in conditions.iter().filter(|c| *c != control) {
        // A row has all exposures or counts as one without, so the regression of the outcome is the same for all.
        let mut itt: Option<Stage> = None;
        for (exposure, name) in &exposures {
            crate::pulse::beat();
            let comparison = Against {
                view,
                condition,
                control,
                exposure: Variable::Exposure(*exposure),
                name,
                covariates: &covariates,
                options,
            };
            let stage = match itt.take() {
                Some(stage) => stage,
                None => comparison.stage(Variable::Outcome)?,
            };
            rows.push(comparison.row(&stage)?);
            itt = Some(stage);
        }
    }
    Ok(rows)
}

/// The exposures that are asked for: all if none are named.
fn exposures_of(
    view: &View<'_>,
    names: Option<&[&str]>,
) -> Result<Vec<(usize, String)>, QuestionError> {
    let all = view.exposure_names();
    let numbers = match names {
        Some(names) => view.sketch().columns().exposures(names)?,
        None => (0..all.len()).collect(),
    };
    if numbers.is_empty() {
        return Err(QuestionError::Invalid(Invalid {
            argument: "exposures",
            must: "at least one exposure of the sketch",
            got: "none".to_owned(),
            hint: "Build the sketch with rct.sketch('score; exposure: attended', condition, class, school, score, attended).",
        }));
    }
    let named = |i: usize| (i + 1, all.get(i).cloned().unwrap_or_default());
    Ok(numbers.into_iter().map(named).collect())
}

/// One condition, the control, and one exposure.
struct Against<'a> {
    view: &'a View<'a>,
    condition: &'a str,
    control: &'a str,
    exposure: Variable,
    name: &'a str,
    covariates: &'a [Variable],
    options: &'a Options,
}

/// The regression of one variable on the condition.
struct Stage {
    moments: Moments,
    design: Design,
    numbers: (usize, usize),
    /// `None` if condition and strata cannot be told apart.
    part: Option<Part>,
}

struct Part {
    estimate: f64,
    /// Scaled contributions of the clusters: the variance is the sum of their squares.
    scores: Vec<f64>,
    df: Option<f64>,
    carried: bool,
}

impl Against<'_> {
    fn moments(&self, columns: Vec<Variable>, centre: Centre) -> Result<Moments, QuestionError> {
        let covariates = if self.covariates.is_empty() {
            0
        } else {
            HAS_COVARIATES
        };
        let selection = Selection {
            columns,
            needs: covariates | HAS_EXPOSED,
            unweighted: false,
            conditions: vec![self.condition.to_owned(), self.control.to_owned()],
        };
        Ok(self.view.moments_of(&selection, centre)?)
    }

    fn stage(&self, variable: Variable) -> Result<Stage, QuestionError> {
        let mut columns = vec![variable];
        columns.extend(self.covariates);
        let moments = self.moments(columns, self.options.strata.centre())?;
        limit_size(&moments, 0)?;
        let number = |name: &str| moments.conditions.iter().position(|c| c.name == name);
        let numbers = (
            number(self.condition).unwrap_or(0),
            number(self.control).unwrap_or(0),
        );
        let design = Design::new(&moments, numbers.1);
        let comparable = design.treated == [numbers.0]
            && design.kept.first() == Some(&0)
            && linked(&moments, numbers.1).get(numbers.0) == Some(&true);
        let part = if comparable {
            Some(self.part(&design)?)
        } else {
            None
        };
        Ok(Stage {
            moments,
            design,
            numbers,
            part,
        })
    }

    fn part(&self, design: &Design) -> Result<Part, QuestionError> {
        let se = self.options.se;
        let parts = contributions(design, &[design.contrast(0)], se)?;
        let clusters = design.clusters.len() as f64;
        let parameters = (design.p() + design.stratum_weights.len()) as f64;
        let factor = se.factor(design.rows, clusters, parameters).sqrt();
        Ok(Part {
            estimate: design.beta.first().copied().unwrap_or(f64::NAN),
            scores: parts
                .scores
                .iter()
                .filter_map(|s| s.first())
                .map(|s| s * factor)
                .collect(),
            df: if se.is_adjusted() {
                Products::new(&parts.terms, &parts.form, &[0]).df(0, &design.contrast(0))
            } else {
                (clusters > 1.0).then_some(clusters - 1.0)
            },
            carried: parts.carried.first().copied().unwrap_or(false),
        })
    }

    fn row(&self, itt: &Stage) -> Result<Cace, QuestionError> {
        let exposure = self.stage(self.exposure)?;
        let pooled = self.moments(vec![self.exposure], Centre::Pooled)?;
        let (treated, control) = (
            Arm::of(&pooled, itt.numbers.0),
            Arm::of(&pooled, itt.numbers.1),
        );
        let mut row = Cace {
            comparison: Comparison {
                outcome: self.view.name(),
                condition: self.condition.to_owned(),
                control: self.control.to_owned(),
                n: treated.rows as u64,
                n_control: control.rows as u64,
                clusters: treated.clusters,
                clusters_control: control.clusters,
            },
            exposure: self.name.to_owned(),
            exposure_rate: treated.mean,
            exposure_rate_control: control.mean,
            ..Cace::default()
        };
        self.common_notes(&mut row, itt, &pooled);
        match (&itt.part, &exposure.part) {
            (Some(y), Some(d)) => self.infer(&mut row, y, d, &itt.design, &exposure.design),
            _ if row.comparison.n == 0 => row.notes.push(Note::no_rows()),
            _ if row.comparison.n_control == 0 => row.notes.push(Note::no_control_rows()),
            _ => row.notes.push(Note::aliased_condition()),
        }
        Ok(row)
    }

    fn common_notes(&self, row: &mut Cace, itt: &Stage, pooled: &Moments) {
        let mut notes = Vec::new();
        let design = &itt.design;
        if (1..FEW_CLUSTERS).contains(&row.comparison.fewest_clusters()) {
            let compared = &row.comparison;
            notes.push(Note::few_clusters(
                compared.clusters_control,
                compared.clusters,
            ));
        }
        let shared = shared_clusters(pooled, itt.numbers.0, itt.numbers.1);
        if shared > 0 {
            notes.push(Note::shared_clusters(shared));
        }
        if design.uninformative > 0 && design.stratum_weights.len() > 1 {
            notes.push(Note::uninformative_strata(
                design.uninformative,
                design.stratum_weights.len(),
            ));
        }
        let covariate = |&i: &usize| {
            let variable = i
                .checked_sub(design.treated.len())
                .and_then(|at| self.covariates.get(at));
            match variable {
                Some(Variable::Covariate(number)) => Some(Note::aliased_covariate(*number)),
                _ => None,
            }
        };
        notes.extend(design.aliased.iter().filter_map(covariate));
        notes.extend(left_out(&itt.moments));
        row.notes.extend(notes.iter().cloned());
    }

    fn infer(&self, row: &mut Cace, y: &Part, d: &Part, outcome: &Design, exposure: &Design) {
        row.itt = Some(y.estimate);
        row.first_stage = Some(d.estimate);
        let binary = self.view.is_binary(self.exposure);
        let v = Covariance {
            effect: dot(&y.scores, &y.scores),
            mean: dot(&d.scores, &d.scores),
            both: dot(&y.scores, &d.scores),
        };
        if !(d.estimate.abs() > 0.0) {
            row.notes.push(
                Note::new(Code::NoFirstStage, "the condition does not change the exposure, so that there is no effect of exposure to estimate"),
            );
            return;
        }
        if binary {
            row.complier_share = Some(d.estimate).filter(|share| *share > 0.0);
            if row.exposure_rate_control == Some(0.0) {
                row.notes.push(
                    Note::new(Code::OneSided, "nobody in the control was exposed, so that this is the effect of treatment on the treated"),
                );
            }
        }
        let none_left = |design: &Design| design.residual_ss == 0.0;
        let fixed = none_left(exposure);
        let v = if fixed {
            row.notes.push(Note::new(Code::FixedExposure, "the condition determines the exposure; estimate and test are those of the intention to treat"));
            Covariance {
                mean: 0.0,
                both: 0.0,
                ..v
            }
        } else {
            v
        };
        let single = row.comparison.single_cluster().map(str::to_owned);
        let estimate = y.estimate / d.estimate;
        if d.carried && self.options.se == StdError::Cr3 {
            row.inference.estimate = Some(estimate);
            row.notes.push(Note::cr3_undefined());
            return;
        }
        if d.carried && self.options.se == StdError::Cr2 && single.is_none() {
            row.notes.push(Note::leverage_one());
        }
        row.first_stage_se = Some(v.mean.sqrt()).filter(|se| se.is_finite());
        if !fixed {
            let f = d.estimate * d.estimate / v.mean;
            row.first_stage_f = f.is_finite().then_some(f);
            if single.is_none() && f < WEAK {
                row.notes.push(Note::new(Code::WeakInstrument, format!("the first-stage F is {}, below 10; estimate and interval may mislead, the Anderson-Rubin set does not",
                    spelled((f * 100.0).round() / 100.0)
                )));
            }
        }
        // Differences of contributions, not of variances, which would cancel.
        let variance: f64 = if fixed && none_left(outcome) {
            0.0
        } else if fixed {
            v.effect
        } else {
            let score = |(y, d): (&f64, &f64)| difference(*y, estimate * d).powi(2);
            y.scores.iter().zip(&d.scores).map(score).sum()
        };
        let std_error = variance.sqrt() / d.estimate.abs();
        if let Some(arm) = single {
            row.inference = Inference {
                estimate: Some(estimate),
                // Without degrees of freedom both arms are one cluster, and 0 would not be a standard error.
                std_error: Some(std_error).filter(|se| se.is_finite() && y.df.is_some()),
                df: y.df,
                ..Inference::default()
            };
            row.notes.push(Note::single_cluster_arm(arm.to_owned()));
            return;
        }
        let mut notes = Vec::new();
        row.inference = Inference::new(estimate, std_error, y.df, self.options.level, &mut notes);
        row.notes.extend(notes.iter().cloned());
        if row.inference.p_value.is_none() {
            return;
        }
        let Some(t) = y.df.and_then(|df| t_critical(1.0 - self.options.level, df)) else {
            return;
        };
        let (kind, low, high) = match ratio_set(y.estimate, d.estimate, v, t) {
            RatioSet::Interval(low, high) => (ArKind::Interval, Some(low), Some(high)),
            RatioSet::TwoRays(low, high) => (ArKind::TwoRays, Some(low), Some(high)),
            RatioSet::RayBelow(high) => (ArKind::Ray, None, Some(high)),
            RatioSet::RayAbove(low) => (ArKind::Ray, Some(low), None),
            RatioSet::Line => (ArKind::Line, None, None),
        };
        (row.ar_kind, row.ar_low, row.ar_high) = (Some(kind), low, high);
        if kind != ArKind::Interval {
            row.notes.push(Note::new(Code::ArUnbounded, format!("the Anderson-Rubin set is {}, because the first stage itself is not distinguishable from 0 at this level",
                match kind {
                    ArKind::TwoRays => "everything up to ar_low and from ar_high on",
                    ArKind::Ray => "a half-line",
                    _ => "the whole line",
                }
            )));
        }
    }
}

/// Size and mean exposure of one arm.
struct Arm {
    rows: f64,
    clusters: u64,
    mean: Option<f64>,
}

impl Arm {
    fn of(moments: &Moments, condition: usize) -> Arm {
        let arms = super::arms::arms_of(moments);
        let arm = arms.get(condition);
        Arm {
            rows: arm.map_or(0.0, |a| a.n as f64),
            clusters: arm.map_or(0, |a| a.clusters),
            mean: arm.and_then(|a| a.mean),
        }
    }
}

crate::words::shown_as_words!(ArKind);
