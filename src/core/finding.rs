//! What a check finds: the one shape of all checks.

use crate::note::Severity;
use serde::Serialize;

/// Something that a check found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule, for programs.
    pub code: &'static str,
    /// Where; none if it is the whole.
    pub place: Option<String>,
    /// What was found there.
    pub detail: String,
    /// What to do.
    pub hint: String,
}
