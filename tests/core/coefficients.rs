//! Means, effects, slopes and interactions with their covariances; linear hypotheses; the lift.
//!
//! `tests/oracle/coefficients` has what clubSandwich says, with the script. Tolerance: 1e-9 relative; covariances relative to
//! the product of the two standard errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "coefficients/direct.rs"]
mod direct;
#[path = "coefficients/edges.rs"]
mod edges;
#[path = "coefficients/formulas.rs"]
mod formulas;
#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;
#[path = "coefficients/reference.rs"]
mod reference;
#[path = "coefficients/refusals.rs"]
mod refusals;
