//! stub
use super::{Compiled, Facts, Time};
/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Rule.
    pub rule: &'static str,
    /// Outcome.
    pub outcome: String,
    /// Detail.
    pub detail: String,
}
/// Steps.
pub fn explain(
    _plan: &Compiled,
    _facts: &Facts<'_>,
    _user: &str,
    _now: Time,
    _site: &str,
    _target: &str,
) -> Vec<Step> {
    Vec::new()
}
