//! One outcome of a sketch, as an analysis asks for it.

use super::canonical::Canonical;
use super::cells::{HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT};
use super::moments::{Rows, Selection, Variable};
use super::{Completeness, Info, Sketch, SketchError};
use crate::exact::limbs;
use crate::pulse;

/// One outcome of a sketch and the covariates that are adjusted for.
#[derive(Debug, Clone)]
pub struct View<'a> {
    pub(super) sketch: &'a Sketch,
    /// Number of the outcome.
    pub(super) outcome: usize,
    /// The outcome is whether it was observed, as 1 and 0, and all rows have it.
    pub(super) observed: bool,
    /// Numbers of the covariates among those of the sketch.
    pub(super) covariates: Vec<usize>,
}

impl Sketch {
    /// An outcome and some of the covariates, all if none are named. Without a name it is the first outcome, of those that are
    /// no ratios if there are any.
    pub fn view(
        &self,
        outcome: Option<&str>,
        covariates: Option<&[&str]>,
    ) -> Result<View<'_>, SketchError> {
        let plain = || {
            self.columns
                .outcomes
                .iter()
                .position(|o| o.denominator.is_none())
        };
        Ok(View {
            sketch: self,
            outcome: match outcome {
                Some(_) => self.columns.outcome(outcome)?,
                None => plain().unwrap_or(0),
            },
            observed: false,
            covariates: match covariates {
                Some(names) => self.columns.covariates(names)?,
                None => (0..self.columns.covariates.len()).collect(),
            },
        })
    }

    /// Several outcomes, each named once; all that are no ratios if none are named.
    pub fn views(
        &self,
        outcomes: Option<&[&str]>,
        covariates: Option<&[&str]>,
    ) -> Result<Vec<View<'_>>, SketchError> {
        let all: Vec<String> = self.columns.plain_outcomes().collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        if let (None, true, Some(ratio)) = (outcomes, all.is_empty(), self.columns.outcomes.first())
        {
            return Err(SketchError::RatioOutcome(ratio.to_string()));
        }
        let mut views: Vec<View<'_>> = Vec::new();
        for name in outcomes.unwrap_or(&all) {
            let view = self.view(Some(name), covariates)?;
            if views.iter().any(|v| v.outcome == view.outcome) {
                return Err(SketchError::NamedTwice {
                    role: "outcome",
                    name: (*name).to_owned(),
                });
            }
            views.push(view);
        }
        Ok(views)
    }

    /// Who was assigned: all rows, whether or not they have the outcome.
    pub fn assigned(&self) -> View<'_> {
        View {
            sketch: self,
            outcome: 0,
            observed: true,
            covariates: (0..self.columns.covariates.len()).collect(),
        }
    }

    /// The first outcome, with all covariates.
    pub fn first(&self) -> Result<View<'_>, SketchError> {
        self.view(None, None)
    }

    /// An outcome that is a ratio; the only or first one if none is named.
    pub fn ratio(&self, outcome: Option<&str>) -> Result<View<'_>, SketchError> {
        let number = match outcome {
            Some(_) => self.columns.outcome(outcome)?,
            None => {
                let ratio = self
                    .columns
                    .outcomes
                    .iter()
                    .position(|o| o.denominator.is_some());
                ratio.ok_or(SketchError::NoRatio)?
            }
        };
        match self.columns.outcomes.get(number) {
            Some(o) if o.denominator.is_some() => Ok(View {
                sketch: self,
                outcome: number,
                observed: false,
                covariates: Vec::new(),
            }),
            _ => Err(SketchError::NoRatio),
        }
    }

    /// Names of the conditions, sorted.
    pub fn condition_names(&self) -> Vec<String> {
        let canonical = Canonical::of(self);
        let name = |&i: &usize| self.conditions.get(i).map(|c| c.name.clone());
        canonical.conditions.iter().filter_map(name).collect()
    }
}

impl<'a> View<'a> {
    /// The sketch.
    pub fn sketch(&self) -> &'a Sketch {
        self.sketch
    }

    /// An error if the outcome is a ratio and a value is wanted.
    pub(super) fn check_value(&self, columns: &[Variable]) -> Result<(), SketchError> {
        let ratio = self.sketch.columns.outcomes.get(self.outcome);
        match ratio.filter(|o| o.denominator.is_some() && !self.observed) {
            Some(ratio) if !columns.contains(&Variable::Denominator) => {
                Err(SketchError::RatioOutcome(ratio.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// True if each row of the sketch is a unit of its own.
    pub fn is_of_students(&self) -> bool {
        self.sketch.of_students() == Some(true)
    }

    /// True if the outcome is a ratio.
    pub fn is_ratio(&self) -> bool {
        let outcome = self.sketch.columns.outcomes.get(self.outcome);
        !self.observed && outcome.is_some_and(|o| o.denominator.is_some())
    }

    /// Name of the outcome.
    pub fn name(&self) -> String {
        let outcome = self.sketch.columns.outcomes.get(self.outcome);
        outcome.map(ToString::to_string).unwrap_or_default()
    }

    /// The same with whether the outcome was observed in place of it, as 1 and 0: all rows have that.
    pub fn observedness(&self) -> Self {
        View {
            observed: true,
            ..self.clone()
        }
    }

    /// Number of covariates that are adjusted for.
    pub fn covariate_count(&self) -> usize {
        self.covariates.len()
    }

    /// Names of the covariates that are adjusted for.
    pub fn covariate_names(&self) -> Vec<String> {
        let all = &self.sketch.columns.covariates;
        self.covariates
            .iter()
            .filter_map(|&i| all.get(i))
            .cloned()
            .collect()
    }

    /// Names of the exposures.
    pub fn exposure_names(&self) -> &'a [String] {
        &self.sketch.columns.exposures
    }

    /// Names of the conditions, sorted.
    pub fn condition_names(&self) -> Vec<String> {
        self.sketch.condition_names()
    }

    /// What the sketch holds.
    pub fn info(&self) -> Info {
        self.sketch.info()
    }

    /// Rows with an outcome and all covariates.
    pub fn complete(&self) -> Selection {
        self.selection(Rows::WithCovariates)
    }

    /// What a selection of rows reads.
    pub fn selection(&self, rows: Rows) -> Selection {
        let mut columns = vec![Variable::Outcome];
        if rows == Rows::WithCovariates {
            columns.extend((1..=self.covariate_count()).map(Variable::Covariate));
        }
        Selection {
            columns,
            needs: if rows == Rows::All { 0 } else { HAS_COVARIATES },
            unweighted: false,
            conditions: Vec::new(),
        }
    }

    /// Rows that lack the outcome, and that have it, of a cell.
    pub(super) fn missing(&self, sums: &[u64]) -> u64 {
        self.sketch.cells.layout().missing(sums, self.outcome)
    }

    /// What is missing, per condition by name, of the rows with the outcome.
    pub fn completeness(&self) -> Vec<Completeness> {
        let sketch = self.sketch;
        let weighted = sketch.cells.iter().any(|c| c.id.flags & HAS_WEIGHT != 0);
        let canonical = Canonical::of(sketch);
        let mut all = vec![Completeness::default(); sketch.conditions.len()];
        for (id, number) in pulse::each(&canonical.cells) {
            let (Some(cell), Some(sum)) = (
                sketch.cells.get(*number),
                all.get_mut(id.condition as usize),
            ) else {
                continue;
            };
            let missing = self.missing(cell.sums);
            let rows = cell.rows.saturating_sub(missing);
            sum.without_outcome += missing;
            if weighted && id.flags & HAS_WEIGHT == 0 {
                sum.without_weight += rows;
            } else if id.flags & HAS_COVARIATES != 0 {
                sum.with_covariates += rows;
            }
        }
        all
    }

    /// Per condition by name: rows that have the exposures, and the sum of one of them, from 0.
    pub fn exposures(&self, exposure: usize) -> Vec<(String, u64, f64)> {
        let sketch = self.sketch;
        let canonical = Canonical::of(sketch);
        let mut all: Vec<(String, u64, f64)> = canonical
            .conditions
            .iter()
            .filter_map(|&i| sketch.conditions.get(i))
            .map(|c| (c.name.clone(), 0, 0.0))
            .collect();
        let layout = sketch.cells.layout();
        let column = layout.shape().values() + sketch.columns.covariates.len() + exposure;
        let slot = layout.slots().get(layout.shape().sum(column)).copied();
        for (id, number) in pulse::each(&canonical.cells) {
            let (Some(cell), Some(slot), Some(total)) = (
                sketch.cells.get(*number),
                slot,
                all.get_mut(id.condition as usize),
            ) else {
                continue;
            };
            if id.flags & HAS_EXPOSED != 0
                && let Some(sum) = cell.sums.get(slot.offset..slot.offset + slot.len)
            {
                total.1 += cell.rows;
                total.2 += limbs::to_f64(sum, slot.exponent);
            }
        }
        all
    }
}
