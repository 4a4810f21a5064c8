//! Binary outcomes.
