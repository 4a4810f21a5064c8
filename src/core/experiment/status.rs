//! Which status may follow on which.

use super::error::ExperimentError;
use super::words::Status;

impl Status {
    /// The statuses that may follow.
    pub fn next(self) -> &'static [Status] {
        use Status::*;
        match self {
            Inactive => &[Preview, Scheduled, Enrolling, Cancelled],
            Preview => &[Inactive, Scheduled, Enrolling, Cancelled],
            Scheduled => &[Inactive, Enrolling, Cancelled],
            Enrolling => &[EnrollmentComplete, Cancelled],
            EnrollmentComplete => &[Enrolling, Cancelled, Archived],
            Cancelled => &[Archived],
            Archived => &[],
        }
    }

    /// Whether an experiment has ended for good: nothing of it changes any more and nobody meets it.
    pub fn is_final(self) -> bool {
        matches!(self, Status::Cancelled | Status::Archived)
    }

    /// Whether units have been assigned by the design, so that it must stay.
    pub fn is_frozen(self) -> bool {
        matches!(self, Status::Enrolling | Status::EnrollmentComplete) || self.is_final()
    }

    /// Whether a unit can meet the experiment, now or when its time comes.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            Status::Preview | Status::Scheduled | Status::Enrolling | Status::EnrollmentComplete
        )
    }
}

/// The status of a word.
pub fn read_status(argument: &'static str, word: &str) -> Result<Status, ExperimentError> {
    Status::from_word(word).ok_or_else(|| ExperimentError::Word {
        argument,
        value: word.to_owned(),
        offered: Status::ALL,
    })
}

/// Whether one status may follow on another. Staying is not a change: it would begin enrollment a second time.
pub fn check_status(from: Status, to: Status) -> Result<(), ExperimentError> {
    if from.next().contains(&to) {
        Ok(())
    } else {
        Err(ExperimentError::Transition { from, to })
    }
}
