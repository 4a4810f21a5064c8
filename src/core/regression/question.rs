//! The regression that a call asks for.

use super::design::{Design, treated};
use super::error::QuestionError;
use super::options::{Adjust, Estimand, Options, control_among};
use super::robust::StdError;
use crate::error::Invalid;
use crate::note::Note;
use crate::pulse::{self, beat};
use crate::sketch::{Centre, Moments, Rows, View};

/// The regression of a call and what else its rows need.
pub struct Question {
    /// Name of the outcome.
    pub outcome: String,
    /// Moments that the regression was made from.
    pub moments: Moments,
    /// Moments about one centre, for means and spread.
    pub pooled: Moments,
    /// Number of the control.
    pub control: usize,
    /// Covariates of the regression.
    pub covariates: usize,
    /// Regression.
    pub design: Design,
}

impl Question {
    /// Checks the call and builds the regression.
    pub fn new(view: &View<'_>, control: &str, options: &Options) -> Result<Self, QuestionError> {
        options.strata.of_one_regression()?;
        if options.se == StdError::Delta {
            return Err(Invalid::word(
                "se",
                "an estimator for means, such as \"CR2\"",
                "delta",
                "The delta method is for outcomes that are ratios.",
            )
            .into());
        }
        if !options.se.is_of_least_squares() {
            return Err(Invalid::word(
                "se",
                "an estimator for least squares, such as \"CR2\"",
                options.se.word(),
                "Mixed models are answered by rct.effects alone, without strata => 'pairs' or 'clusters'.",
            )
            .into());
        }
        if options.adjust != Adjust::None && view.covariate_count() == 0 {
            return Err(QuestionError::NoCovariates);
        }
        let (rows, rows_outcome) = match options.adjust {
            Adjust::None => (Rows::All, Rows::All),
            Adjust::Ancova | Adjust::Lin => (Rows::WithCovariates, Rows::WithCovariatesOutcomeOnly),
        };
        let centre = options.strata.centre();
        let read = |rows, centre| {
            let mut moments = view.moments(rows, centre)?;
            if options.estimand == Estimand::Cluster {
                moments.count_clusters_equally();
            }
            Ok::<Moments, QuestionError>(moments)
        };
        let mut moments = read(rows, centre)?;
        let number = number_of(&moments, control)?;
        let covariates = moments.columns - 1;
        let treated = treated(&moments, number);
        let interactions = match options.adjust {
            Adjust::Lin => covariates * treated.len(),
            Adjust::None | Adjust::Ancova => 0,
        };
        limit_size(&moments, interactions)?;
        let pooled = match moments.strata.len() {
            1 => moments.of_column(0),
            _ => read(rows_outcome, Centre::Pooled)?,
        };
        if options.adjust == Adjust::Lin {
            moments = match centre {
                Centre::Pooled => moments.with_interactions(&moments, &treated),
                Centre::PerStratum => {
                    moments.with_interactions(&read(rows, Centre::Pooled)?, &treated)
                }
            };
        }
        Ok(Question {
            outcome: view.name(),
            pooled,
            control: number,
            covariates,
            design: Design::new(&moments, number),
            moments,
        })
    }

    /// The same from moments: those for the regression, and those of its outcome about one centre.
    pub fn of(
        outcome: &str,
        moments: Moments,
        pooled: Moments,
        control: &str,
    ) -> Result<Self, QuestionError> {
        let number = number_of(&moments, control)?;
        limit_size(&moments, 0)?;
        Ok(Question {
            outcome: outcome.to_owned(),
            pooled,
            control: number,
            covariates: moments.columns - 1,
            design: Design::new(&moments, number),
            moments,
        })
    }

    /// Parameters of the regression, stratum intercepts included.
    pub fn parameters(&self) -> f64 {
        (self.design.p() + self.design.stratum_weights.len()) as f64
    }

    /// Number of clusters.
    pub fn clusters(&self) -> f64 {
        self.design.clusters.len() as f64
    }

    /// The note of a regressor that was dropped; conditions have their own.
    pub fn aliased(&self, regressor: usize) -> Option<Note> {
        let column = regressor.checked_sub(self.design.treated.len())?;
        let Some(interaction) = column.checked_sub(self.covariates) else {
            return Some(Note::aliased_covariate(column + 1));
        };
        let condition = self
            .design
            .treated
            .get(interaction.checked_div(self.covariates)?)?;
        let name = self.moments.conditions.get(*condition)?.name.clone();
        Some(Note::aliased_interaction(
            name,
            interaction % self.covariates + 1,
        ))
    }

    /// True if the regression explains every row.
    pub fn no_residual(&self) -> bool {
        self.design.residual_ss == 0.0
    }
}

fn number_of(moments: &Moments, control: &str) -> Result<usize, QuestionError> {
    let names: Vec<&String> = moments.conditions.iter().map(|c| &c.name).collect();
    control_among(&names, control)
}

/// Regressors that an analysis takes.
const MAX_REGRESSORS: usize = 64;
/// Numbers in the Gram matrices of all clusters that an analysis takes: 1 GB.
const MAX_GRAM_NUMBERS: usize = 1 << 27;

/// An analysis keeps a matrix for each cluster; that must not take more memory than a server can be asked for.
pub fn limit_size(moments: &Moments, interactions: usize) -> Result<(), QuestionError> {
    let regressors = moments.conditions.len() + moments.columns - 2 + interactions;
    let powers = if moments.weighted { 3 } else { 1 };
    let numbers = regressors
        .saturating_mul(regressors)
        .saturating_mul(powers * moments.clusters.len());
    if regressors > MAX_REGRESSORS || numbers > MAX_GRAM_NUMBERS {
        return Err(QuestionError::TooLarge {
            regressors,
            clusters: moments.clusters.len(),
        });
    }
    announce(moments, regressors, powers);
    Ok(())
}

/// The large pieces of a regression: its sums by cluster with what the inference keeps of each, their borders by cell, and the
/// means of the strata. Smaller ones are made cluster by cluster, between beats.
fn announce(moments: &Moments, regressors: usize, powers: usize) {
    const LISTS: usize = 400;
    // Lists of a power of the weights, and what the inference with weights keeps.
    const OF_POWER: usize = 250;
    let numbers = regressors * size_of::<f64>();
    // The sums with residuals have a size beside them, and where doubles do not tell, 32 digits until they are complete.
    let sums = powers * (regressors + 6) * numbers;
    pulse::room_for(
        moments.clusters.len(),
        LISTS + OF_POWER * (powers - 1) + sums,
    );
    pulse::room_for(moments.cells.len(), powers * (numbers + 96));
    pulse::room_for(moments.strata.len(), LISTS + 5 * numbers);
}

/// True per condition if strata link it with the control: only then is there an effect against the control.
pub fn linked(moments: &Moments, control: usize) -> Vec<bool> {
    let mut linked: Vec<bool> = (0..moments.conditions.len())
        .map(|c| c == control)
        .collect();
    let is = |linked: &[bool], c: usize| linked.get(c).copied().unwrap_or(false);
    loop {
        let mut strata = vec![false; moments.strata.len()];
        beat();
        for cell in moments.cells.iter().filter(|c| is(&linked, c.condition)) {
            if let Some(s) = strata.get_mut(cell.stratum) {
                *s = true;
            }
        }
        let mut grown = false;
        for cell in moments
            .cells
            .iter()
            .filter(|c| strata.get(c.stratum) == Some(&true))
        {
            if let Some(l) = linked.get_mut(cell.condition).filter(|l| !**l) {
                *l = true;
                grown = true;
            }
        }
        if !grown {
            return linked;
        }
    }
}
