//! What can be wrong with a simulation.

use crate::assignment::AssignmentError;
use crate::error::{Class, Explain, Invalid};
use crate::experiment::ExperimentError;
use crate::regression::QuestionError;
use crate::sketch::SketchError;

/// What can be wrong with a simulation.
#[derive(Debug, Clone, PartialEq)]
pub enum SimulationError {
    /// The document.
    Document(ExperimentError),
    /// An argument.
    Argument(Invalid),
    /// The design cannot be randomized.
    Assignment(AssignmentError),
    /// The design cannot be analyzed.
    Effect(QuestionError),
}

impl From<ExperimentError> for SimulationError {
    fn from(e: ExperimentError) -> Self {
        SimulationError::Document(e)
    }
}

impl From<Invalid> for SimulationError {
    fn from(e: Invalid) -> Self {
        SimulationError::Argument(e)
    }
}

impl From<AssignmentError> for SimulationError {
    fn from(e: AssignmentError) -> Self {
        SimulationError::Assignment(e)
    }
}

impl From<QuestionError> for SimulationError {
    fn from(e: QuestionError) -> Self {
        SimulationError::Effect(e)
    }
}

impl From<SketchError> for SimulationError {
    fn from(e: SketchError) -> Self {
        SimulationError::Effect(e.into())
    }
}

impl SimulationError {
    fn inner(&self) -> &dyn Explain {
        match self {
            SimulationError::Document(e) => e,
            SimulationError::Argument(e) => e,
            SimulationError::Assignment(e) => e,
            SimulationError::Effect(e) => e,
        }
    }
}

impl Explain for SimulationError {
    fn class(&self) -> Class {
        self.inner().class()
    }

    fn message(&self) -> String {
        let said = self.inner().message();
        match self {
            // Paths are those in the document; say which that is.
            SimulationError::Document(ExperimentError::Field { .. } | ExperimentError::Json(_))
                if self.class() != Class::LimitExceeded && !said.starts_with("design") =>
            {
                format!("design: {said}")
            }
            _ => said,
        }
    }

    fn detail(&self) -> Option<String> {
        self.inner().detail()
    }

    fn hint(&self) -> Option<String> {
        match self {
            SimulationError::Document(ExperimentError::Field { hint, .. }) if hint.is_empty() => {
                Some("The reference page of rct.simulate lists the fields of a design.".to_owned())
            }
            _ => self.inner().hint(),
        }
    }
}
