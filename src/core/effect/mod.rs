//! Effects on a sketch: estimates, cluster-robust inference, arms.
//!
//! - [`effects`] one row for each treated condition
//! - [`effects_joint`] all conditions at once
//! - [`arms`] sizes, means and what is missing
//! - [`adjusted_effects`] what covariates change, [`paired_effects`] matched pairs of clusters
//! - [`influence`] and [`cluster_diagnostics`] what single clusters do
//!
//! `design` makes the regression, `robust` (and `weighted`) the clusters' contributions, `satterthwaite` the degrees of
//! freedom, `size` and `lift` the effect on other scales, `notes` what to know about a result.

mod adjusted;
pub(crate) mod arms;
pub(crate) mod design;
mod diagnostics;
mod error;
pub(crate) mod estimate;
mod inference;
mod influence;
mod joint;
pub(crate) mod lift;
pub(crate) mod notes;
mod options;
mod paired;
pub(crate) mod robust;
pub(crate) mod satterthwaite;
mod size;
mod weighted;

pub use adjusted::{AdjustedEffect, AdjustmentNote, adjusted_effects};
pub use arms::{Arm, arms};
pub use diagnostics::{Diagnostics, cluster_diagnostics};
pub use error::EffectError;
pub use estimate::{Effect, effects};
pub use inference::Inference;
pub use influence::{Influence, LEFT_OUT_UNDEFINED, influence};
pub use joint::{JointTest, effects_joint};
pub use notes::Note;
pub use options::{Adjust, Estimand, Options, Strata, Word};
pub use paired::{PairedEffect, paired_effects};
pub use robust::StdError;
pub use size::{HedgesG, hedges_g};
