//! Effects in a model with a random intercept for each cluster, fitted by restricted maximum likelihood (REML).
//!
//! `y = Xβ + u_cluster + e`, `u ~ N(0, σ_u²)`, `e ~ N(0, σ_e²)`, with the regressors of the regressions elsewhere: an intercept
//! for each stratum, the treated conditions, the covariates. Each cluster's sums and cross products are enough: with
//! `λ = σ_u² / σ_e²` the likelihood (Patterson and Thompson 1971) is one of `λ` alone,
//!
//! `−2 log L(λ) = Σ log(1 + λ n_g) + log |X'V⁻¹X| + (N − k) (1 + log(2π r / (N − k)))`,
//!
//! `r` being the generalized sum of squares, and is maximized exactly. Degrees of freedom are those of Kenward and Roger
//! (1997), with their adjusted standard error, or Satterthwaite's (Giesbrecht and Burns 1985).
//!
//! `sums` reads a regression, `gls` fits it with a given `λ`, `profile` finds the best one, `df` says how precise that is.

mod df;
mod gls;
mod profile;
mod sums;

use super::estimate::{Effect, rows_of};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::regression::options::check_level;
use crate::regression::question::Question;
use crate::regression::{Estimand, Inference, Options, QuestionError, StdError};
use crate::sketch::View;
use df::Curvature;
use gls::Point;
use nalgebra::DVector;
use profile::Maximum;
use sums::Sums;

/// Degrees of freedom of a fixed effect in a mixed model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MixedDf {
    /// Kenward and Roger (1997), with their adjusted standard error.
    #[default]
    KenwardRoger,
    /// Satterthwaite, with the standard error as it is.
    Satterthwaite,
}

impl MixedDf {
    /// That of a call, if it asks for a mixed model.
    pub(super) fn of(se: StdError) -> Option<Self> {
        match se {
            StdError::KenwardRoger => Some(MixedDf::KenwardRoger),
            StdError::Reml => Some(MixedDf::Satterthwaite),
            _ => None,
        }
    }
}

/// A fitted random-intercept model. `None` is NULL, and a note says why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RandomIntercept {
    /// The effect of each condition except the control, by name.
    pub effects: Vec<Effect>,
    /// Variance between clusters, `σ_u²`, in squared units of the outcome.
    pub variance_between: Option<f64>,
    /// Variance within clusters, `σ_e²`, in squared units of the outcome.
    pub variance_within: Option<f64>,
    /// Intra-cluster correlation, `σ_u² / (σ_u² + σ_e²)`, given the regressors.
    pub icc: Option<f64>,
    /// Logarithm of the restricted likelihood with all its constants, the covariates as they are.
    pub log_likelihood: Option<f64>,
    /// Clusters.
    pub clusters: u64,
    /// Rows.
    pub rows: u64,
    /// What to know, `name: sentence`.
    pub notes: Vec<Note>,
}

/// The effects of all conditions except the control in a random-intercept model.
///
/// Of the options, `se` does not matter. Weights, and the estimand in which each cluster counts the same, are refused:
/// there is no model in which they mean one thing.
pub fn random_intercept(
    view: &View<'_>,
    control: &str,
    options: &Options,
    df: MixedDf,
) -> Result<RandomIntercept, QuestionError> {
    check_level(options.level)?;
    if options.estimand == Estimand::Cluster {
        return Err(Invalid::word(
            "estimand",
            "\"student\" in a mixed model",
            "cluster",
            "Use another se: clusters can count the same in a regression.",
        )
        .into());
    }
    let options = &Options {
        se: StdError::Cr2,
        ..*options
    };
    let question = Question::new(view, control, options)?;
    if question.design.weighted || question.moments.weighted {
        return Err(Invalid {
            argument: "sketch",
            must: "without weights in a mixed model",
            got: "one with weights".to_owned(),
            hint: "Use another se, such as \"CR2\", which takes weights; or build the sketch without them.",
        }
        .into());
    }
    let sums = Sums::new(&question.design)?;
    let mut model = RandomIntercept {
        clusters: sums.clusters.len() as u64,
        rows: sums.rows as u64,
        ..RandomIntercept::default()
    };
    let point = fit(&sums, &mut model.notes);
    if let Some(point) = &point {
        let (between, within) = (point.ratio * point.within, point.within);
        model.variance_between = Some(between);
        model.variance_within = Some(within);
        model.icc = Some(point.ratio / (1.0 + point.ratio));
        model.log_likelihood = Some(-0.5 * point.deviance);
    }
    let curvature = point.as_ref().map(|p| Curvature::new(&sums, p));
    let fit = point.as_ref().zip(curvature.as_ref());
    let mut about = model.notes.clone();
    about.extend(
        model
            .parts()
            .map(|text| Note::new(Code::RandomIntercept, text)),
    );
    for (mut row, place) in rows_of(&question, options) {
        row.notes.extend(about.iter().cloned());
        if let Some((place, fit)) = place.zip(fit) {
            let notes = &mut row.notes;
            row.inference = infer(&sums, fit, &question, place.at, df, options, notes);
            if let Some(estimate) = row.inference.estimate {
                row.rescale(estimate, &question.pooled);
                row.notes
                    .extend(row.lift.map(|_| Note::no_limits_of_lift()));
            }
        }
        model.effects.push(row);
    }
    Ok(model)
}

impl RandomIntercept {
    /// The variances in words.
    fn parts(&self) -> Option<String> {
        let [between, within, icc] =
            [self.variance_between?, self.variance_within?, self.icc?].map(six_digits);
        Some(format!(
            "variance between clusters {between}, within clusters {within}, intra-cluster correlation {icc}"
        ))
    }
}

/// A number to read: its first six digits.
fn six_digits(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

/// The fit at the maximum; nothing if there is none, which a note says.
fn fit(sums: &Sums, notes: &mut Vec<Note>) -> Option<Point> {
    let mut none = |why: &str| {
        notes.push(Note::new(Code::NoFit, why));
        None
    };
    if !(sums.rows > sums.rank) || sums.squares == 0.0 {
        return none("the regressors explain every row, and leave nothing to vary");
    }
    // Whether the two variances can be told apart depends on the design alone.
    let zero = Point::new(sums, 0.0);
    if !zero.is_some_and(|zero| Curvature::new(sums, &zero).identified) {
        return none(
            "variance between clusters and within them cannot be separated; there must be more clusters than conditions and strata need, and clusters of several rows",
        );
    }
    match Maximum::of(sums) {
        Maximum::Inside(point) => Some(*point),
        Maximum::Zero(point) => {
            notes.push(Note::new(Code::NoVarianceBetween, "rows of a cluster are no more alike than others, so the variance between clusters is estimated as 0; standard errors are those without clusters and may be too small"));
            Some(*point)
        }
        Maximum::Infinite => none("outcomes do not vary within clusters"),
        Maximum::Singular => none("the regressors are too alike"),
    }
}

fn infer(
    sums: &Sums,
    (point, curvature): (&Point, &Curvature<'_>),
    question: &Question,
    at: usize,
    df: MixedDf,
    options: &Options,
    notes: &mut Vec<Note>,
) -> Inference {
    let contrast = DVector::from_vec(question.design.contrast(at));
    let Some(&least_squares) = question.design.beta.get(at) else {
        return Inference::default();
    };
    let estimate = least_squares + contrast.dot(&point.delta.x);
    let precision = match df {
        MixedDf::KenwardRoger => curvature.kenward_roger(&contrast),
        MixedDf::Satterthwaite => curvature.satterthwaite(&contrast, sums.rows - sums.rank),
    };
    Inference::new(
        estimate,
        precision.std_error,
        precision.df,
        options.level,
        notes,
    )
}
