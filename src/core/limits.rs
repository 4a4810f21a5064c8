//! How much a call may bring and a definition may have, in one place.
//!
//! Each number is below what every function that reads the result can answer, so that what is accepted is also
//! delivered. More is an error when it is given (54000): nothing is wrong with the values, there are too many of them.

use crate::error::{Class, Explain};
use crate::experiment::words;
use serde::{Deserialize, Serialize};

words! {
    /// What is limited.
    Limit {
        /// Bytes of a JSON argument.
        JsonBytes = "bytes of a JSON argument",
        /// Values in a JSON argument, those inside of others too.
        JsonValues = "values of a JSON argument",
        /// Bytes of a definition without its lists.
        Definition = "bytes of a definition",
        /// Conditions of a definition; as many as a sketch takes.
        Conditions = "conditions of an experiment",
        /// Decision points of a definition.
        DecisionPoints = "decision points of an experiment",
        /// Factors of a definition.
        Factors = "factors of an experiment",
        /// Levels of a factor.
        Levels = "levels of a factor",
        /// Tags of a definition.
        Tags = "tags of an experiment",
        /// Users, groups and segments of one document.
        Members = "members of a call",
        /// Experiments of a context that have not ended for good.
        Experiments = "experiments of a context",
        /// Experiments that have the same decision point.
        Competitors = "experiments of a decision point",
        /// Bytes of the definitions of a context.
        Context = "bytes of the definitions of a context",
        /// Segments that are part of others.
        Nestings = "nestings of segments",
        /// Groups of a user.
        Groups = "groups of a user",
        /// Metrics of an event.
        Metrics = "metrics of an event",
        /// Events of a batch.
        Events = "events of a call",
        /// Values that a categorical metric can have.
        Allowed = "values of a metric",
    }
}

impl Limit {
    /// The largest number that is accepted.
    pub const fn most(self) -> usize {
        match self {
            Limit::JsonBytes => 16 << 20,
            Limit::JsonValues => 250_000,
            Limit::Definition => 1 << 20,
            Limit::Conditions => crate::assignment::MAX_CONDITIONS,
            Limit::DecisionPoints => 500,
            Limit::Factors => 100,
            Limit::Levels => crate::assignment::MAX_CONDITIONS,
            Limit::Tags => 100,
            Limit::Members => 100_000,
            Limit::Experiments => 1000,
            Limit::Competitors => 100,
            Limit::Context => 64 << 20,
            Limit::Nestings => 10_000,
            Limit::Groups => 1000,
            Limit::Metrics => 1000,
            Limit::Events => 10_000,
            Limit::Allowed => 1000,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Limit::JsonBytes | Limit::JsonValues => "Give the rest in further calls.",
            Limit::Definition => "Keep large payloads elsewhere and deliver a reference to them.",
            Limit::Conditions
            | Limit::DecisionPoints
            | Limit::Factors
            | Limit::Levels
            | Limit::Tags => "Check the document; a larger design is more than one experiment.",
            Limit::Members => {
                "Add the rest with further calls of rct.add_members or rct.add_to_list."
            }
            Limit::Experiments => "Archive experiments that are over.",
            Limit::Competitors => {
                "Archive experiments that are over, or give the others decision points of their own."
            }
            Limit::Context => {
                "Archive experiments that are over, or keep large payloads elsewhere."
            }
            Limit::Nestings => "Give lists the members of a segment instead of nesting it.",
            Limit::Groups => "Groups are classes, schools and the like; a user is in few of them.",
            Limit::Metrics => "Log the rest in another event.",
            Limit::Events => "Log the rest in another call.",
            Limit::Allowed => "Declare the metric as continuous, or group its values.",
        }
    }

    /// An error if there are more; `name` says of what, in the words of the caller.
    pub fn check(self, name: impl std::fmt::Display, got: usize) -> Result<(), TooMany> {
        if got <= self.most() {
            return Ok(());
        }
        Err(TooMany {
            limit: self,
            name: name.to_string(),
            got,
        })
    }
}

/// A limit that there is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLimit(pub String);

impl Explain for UnknownLimit {
    fn class(&self) -> Class {
        Class::InvalidParameter
    }

    fn message(&self) -> String {
        format!("unknown limit \"{}\"", self.0)
    }

    fn hint(&self) -> Option<String> {
        let all: Vec<&str> = Limit::ALL.iter().map(|l| l.word()).collect();
        Some(format!("Limits are {}.", all.join(", ")))
    }
}

/// More than a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooMany {
    limit: Limit,
    name: String,
    got: usize,
}

impl Explain for TooMany {
    fn class(&self) -> Class {
        Class::LimitExceeded
    }

    fn message(&self) -> String {
        format!(
            "{}: must be at most {}, got {}",
            self.name,
            self.limit.most(),
            self.got
        )
    }

    fn detail(&self) -> Option<String> {
        Some(format!("It is the limit of {}.", self.limit))
    }

    fn hint(&self) -> Option<String> {
        Some(self.limit.hint().to_owned())
    }
}
