//! Ratio metrics.
