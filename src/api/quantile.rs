//! Effects on quantiles.
