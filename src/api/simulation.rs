//! Whole experiments, simulated.
