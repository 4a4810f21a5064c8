//! Variance between clusters and within them: the intra-cluster correlation and its parts, by analysis of variance.

mod anova;
mod components;
mod icc;

pub use components::{Components, variance_components};
pub use icc::{Icc, Within, icc, icc_adjusted, icc_of};
