//! Effects on a sketch: estimates, cluster-robust inference, arms.
//!
//! - [`effects`] one row for each treated condition
//! - [`effects_joint`] all conditions at once
//! - [`subgroup_effects`] and [`interaction_test`] effects in segments, and whether they differ
//! - [`quantile_effects`] effects on quantiles, from a [`Distribution`]
//! - [`arms`] sizes, means and what is missing
//!
//! `design` makes the regression, `robust` (and `weighted`) the clusters' contributions, `satterthwaite` the degrees of
//! freedom, `size` and `lift` the effect on other scales, `notes` what to know about a result.

pub(crate) mod arms;
pub(crate) mod design;
mod error;
pub(crate) mod estimate;
mod inference;
mod joint;
pub(crate) mod lift;
pub(crate) mod notes;
mod options;
mod quantile;
pub(crate) mod robust;
pub(crate) mod satterthwaite;
mod size;
mod subgroup;
mod weighted;

pub use arms::{Arm, arms};
pub use error::EffectError;
pub use estimate::{Effect, effects};
pub use inference::Inference;
pub use joint::{JointTest, effects_joint};
pub use notes::Note;
pub use options::{Adjust, Options, Strata, Word};
pub use quantile::{
    Distribution, QuantileEffect, QuantileError, QuantileInterval, quantile_effects,
};
pub use robust::StdError;
pub use size::{HedgesG, hedges_g};
pub use subgroup::{
    Guard, InteractionTest, Segments, SubgroupEffect, interaction_test, subgroup_effects,
};
