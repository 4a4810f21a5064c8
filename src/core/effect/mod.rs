//! Effects on a sketch: estimates, cluster-robust inference, arms.
//!
//! - [`effects`] one row for each treated condition
//! - [`effects_joint`] all conditions at once
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
pub(crate) mod robust;
pub(crate) mod satterthwaite;
mod size;
mod students;
mod weighted;

pub use arms::{Arm, arms};
pub use error::EffectError;
pub use estimate::{Effect, effects};
pub use inference::Inference;
pub use joint::{JointTest, effects_joint};
pub use notes::Note;
pub use options::{Adjust, Options, Strata, Word};
pub use robust::StdError;
pub use size::{HedgesG, hedges_g};
pub use students::{StudentAdjust, StudentEffect, student_effects};
