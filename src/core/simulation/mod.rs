//! Whole experiments, simulated with the code that runs real ones.
