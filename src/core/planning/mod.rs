//! Before the start: intra-cluster correlation and design effect from data, power and what can be detected, and when.

mod answer;
mod design_effect;
mod icc;
mod power;
mod trial;

pub use answer::{Answer, answer, clusters_needed, split};
pub use design_effect::{DesignEffect, design_effect};
pub use icc::{Icc, Within, icc, icc_of};
pub use power::{TTest, Target};
pub use trial::{Attrition, Design, Sized, Trial, Weighting};
