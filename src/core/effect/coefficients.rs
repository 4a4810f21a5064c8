//! Everything that the regression behind an effect estimates, with the covariances.

use super::arms::{Arm, arms_of};
use super::estimate::{about_rows, similar_conditions};
use super::precision::Precision;
use crate::note::Note;
use crate::pulse::{self, beat, each};
use crate::regression::combination::{Combination, Linear, Parameters};
use crate::regression::notes::FEW_CLUSTERS;
use crate::regression::question::Question;
use crate::regression::{Adjust, Estimand, Inference, Options, QuestionError, StdError};
use crate::sketch::{Moments, View};
use crate::words::shown_as_words;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermKind {
    /// The mean of a condition: the average over all rows, by their weights, of the fitted value if every row had it.
    Mean,
    /// The effect of a condition: its mean less that of the control.
    Effect,
    /// The slope of a covariate; with slopes by condition, in the control.
    Slope,
    /// The slope of a covariate in a condition less that in the control.
    Interaction,
}

impl TermKind {
    /// The word of a result.
    pub fn word(self) -> &'static str {
        match self {
            TermKind::Mean => "mean",
            TermKind::Effect => "effect",
            TermKind::Slope => "slope",
            TermKind::Interaction => "interaction",
        }
    }
}

shown_as_words!(TermKind);

/// One term. What is `None` in `inference` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coefficient {
    /// Outcome.
    pub outcome: String,
    /// What it is.
    pub kind: TermKind,
    /// Its condition; a slope has none.
    pub condition: Option<String>,
    /// Its covariate, of a slope or an interaction.
    pub covariate: Option<String>,
    /// Estimate, standard error, degrees of freedom, test that it is 0, and interval. Means and effects are in units of
    /// the outcome, the others in these per unit of the covariate.
    #[serde(flatten)]
    pub inference: Inference,
    /// What to know.
    pub notes: Vec<Note>,
}

/// The terms of a regression and their covariances.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficients {
    /// Means of the conditions, effects, slopes of the covariates, interactions; each by condition (by name), then covariate.
    pub terms: Vec<Coefficient>,
    /// The estimated covariances: a row and a column for each term, in their order. On the diagonal are the squares of the
    /// standard errors; `None` where a term has no standard error.
    pub covariance: Vec<Vec<Option<f64>>>,
}

/// Means of all conditions, effects against the control, slopes and interactions, by the regression of [`super::effects`]: with
/// the same rows and weights, and with the same estimates, standard errors and tests of the effects.
///
/// Means are marginal (see [`TermKind::Mean`]): stratum intercepts are averaged with the strata's shares of the weight, and
/// covariates are at their means over all rows. Standard errors are cluster-robust (`options.se`; Pustejovsky and Tipton
/// 2018 for CR2 and CR3), degrees of freedom Satterthwaite's with CR2 and CR3, `N − k` with `naive`, `G − 1` with the others.
pub fn coefficients(
    view: &View<'_>,
    control: &str,
    options: &Options,
) -> Result<Coefficients, QuestionError> {
    let question = Question::new(view, control, options)?;
    let parameters = Parameters::new(&question, options.adjust);
    let arms = arms_of(&question.pooled);
    let mut terms = Vec::new();
    // Which contrast each term is, and the contrasts.
    let (mut places, mut estimates, mut contrasts) = (Vec::new(), Vec::new(), Vec::new());
    let about = About::new(&question, options);
    for asked in asked(&question, &parameters, view, options.adjust) {
        beat();
        let mut notes = about.notes(&arms, &asked.compared);
        match asked.linear.and_then(|l| parameters.combine(&l)) {
            Ok(Combination { estimate, contrast }) => {
                places.push(Some(contrasts.len()));
                estimates.push(estimate);
                contrasts.push(contrast);
            }
            Err(note) => {
                places.push(None);
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        let compared = asked.compared;
        terms.push((
            Coefficient {
                outcome: question.outcome.clone(),
                kind: asked.kind,
                condition: asked.condition,
                covariate: asked.covariate,
                inference: Inference::default(),
                notes,
            },
            compared,
        ));
    }
    let precision = Precision::new(&question, &contrasts, options.se)?;
    let mut out = Vec::with_capacity(terms.len());
    for ((mut term, compared), place) in terms.into_iter().zip(&places) {
        if let Some((at, &estimate)) = place.and_then(|at| Some((at, estimates.get(at)?))) {
            let compared: Vec<&Arm> = compared.iter().filter_map(|&c| arms.get(c)).collect();
            term.inference =
                precision.infer(at, estimate, &compared, options.level, &mut term.notes);
        }
        out.push(term);
    }
    let known = places.iter().zip(&out);
    let known: Vec<Option<usize>> = known
        .map(|(place, term)| place.filter(|_| term.inference.std_error.is_some()))
        .collect();
    let mut covariance = Vec::with_capacity(known.len());
    for (i, a) in known.iter().enumerate() {
        let lower = covariance.iter().map(|row: &Vec<Option<f64>>| row.get(i));
        let mut row: Vec<Option<f64>> = lower.map(|v| v.copied().flatten()).collect();
        row.extend(
            known
                .iter()
                .skip(i)
                .map(|b| Some(precision.covariance((*a)?, (*b)?))),
        );
        covariance.push(row);
    }
    Ok(Coefficients {
        terms: out,
        covariance,
    })
}

/// A term to estimate.
struct Asked {
    kind: TermKind,
    condition: Option<String>,
    covariate: Option<String>,
    /// Numbers of the conditions that it compares.
    compared: Vec<usize>,
    linear: Result<Linear, Note>,
}

fn asked(
    question: &Question,
    parameters: &Parameters<'_>,
    view: &View<'_>,
    adjust: Adjust,
) -> Vec<Asked> {
    let control = question.control;
    let names: Vec<&String> = (question.moments.conditions.iter())
        .map(|c| &c.name)
        .collect();
    let covariates = match adjust {
        Adjust::None => Vec::new(),
        Adjust::Ancova | Adjust::Lin => view.covariate_names(),
    };
    let others = || names.iter().enumerate().filter(|(c, _)| *c != control);
    let of_condition = |kind, name: &str, compared, linear| Asked {
        kind,
        condition: Some(name.to_owned()),
        covariate: None,
        compared,
        linear,
    };
    let mut all = Vec::new();
    for (c, name) in names.iter().enumerate() {
        let linear = Ok(Linear::mean(c));
        all.push(of_condition(TermKind::Mean, name, vec![c], linear));
    }
    for (c, name) in others() {
        let linear = Ok(Linear::effect(c, control));
        all.push(of_condition(
            TermKind::Effect,
            name,
            vec![c, control],
            linear,
        ));
    }
    for (j, covariate) in covariates.iter().enumerate() {
        all.push(Asked {
            kind: TermKind::Slope,
            condition: None,
            covariate: Some(covariate.clone()),
            compared: Vec::new(),
            linear: Ok(Linear::slope(question.design.treated.len() + j)),
        });
    }
    if adjust == Adjust::Lin {
        for (c, name) in others() {
            for (j, covariate) in covariates.iter().enumerate() {
                let linear = parameters.interaction(c, j).map(Linear::slope);
                all.push(Asked {
                    covariate: Some(covariate.clone()),
                    ..of_condition(TermKind::Interaction, name, vec![c, control], linear)
                });
            }
        }
    }
    all
}

/// What to know of a regression, besides what is of one term.
pub struct About<'a> {
    question: &'a Question,
    similar: BTreeMap<usize, Vec<Note>>,
    common: Vec<Note>,
}

impl<'a> About<'a> {
    /// Notes on a question.
    pub fn new(question: &'a Question, options: &Options) -> Self {
        let design = &question.design;
        let mut common: Vec<Note> = (design.aliased.iter())
            .filter_map(|&i| question.aliased(i))
            .collect();
        common.extend(about_rows(question, options.adjust));
        if options.estimand == Estimand::Cluster {
            common.push(Note::cluster_estimand());
        }
        if options.se == StdError::Naive {
            common.push(Note::naive(None));
        }
        About {
            question,
            similar: similar_conditions(&question.moments),
            common,
        }
    }

    /// Notes on a term that compares these conditions.
    pub fn notes(&self, arms: &[Arm], compared: &[usize]) -> Vec<Note> {
        let Question {
            design,
            control,
            pooled,
            ..
        } = self.question;
        let mut notes: Vec<Note> = Vec::new();
        for note in compared
            .iter()
            .filter_map(|c| self.similar.get(c))
            .flatten()
        {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        if compared.len() > 1 {
            let clusters = |c: &usize| arms.get(*c).map_or(0, |a| a.clusters);
            let of_control = clusters(control);
            let others = compared.iter().filter(|c| *c != control);
            let least = others.map(clusters).min().unwrap_or(of_control);
            let fewest = match compared.contains(control) {
                true => least.min(of_control),
                false => least,
            };
            if (1..FEW_CLUSTERS).contains(&fewest) {
                notes.push(Note::few_clusters(of_control, least));
            }
            let shared = shared_clusters(pooled, compared);
            if shared > 0 {
                notes.push(Note::shared_clusters(shared));
            }
            if design.uninformative > 0 && design.stratum_weights.len() > 1 {
                notes.push(Note::uninformative_strata(
                    design.uninformative,
                    design.stratum_weights.len(),
                ));
            }
        }
        notes.extend(self.common.iter().cloned());
        notes
    }
}

/// Clusters with rows of more than one of the conditions.
fn shared_clusters(moments: &Moments, conditions: &[usize]) -> u64 {
    pulse::room_for(moments.clusters.len(), size_of::<Option<usize>>() + 1);
    let mut first: Vec<Option<usize>> = vec![None; moments.clusters.len()];
    let mut several = vec![false; moments.clusters.len()];
    for cell in each(&moments.cells).filter(|c| conditions.contains(&c.condition)) {
        if let (Some(first), Some(several)) =
            (first.get_mut(cell.cluster), several.get_mut(cell.cluster))
        {
            *several |= first.is_some_and(|c| c != cell.condition);
            *first = Some(cell.condition);
        }
    }
    several.iter().filter(|s| **s).count() as u64
}
