//! Effects on a sketch: estimates, cluster-robust inference, arms.
//!
//! - [`effects`] one row for each treated condition: by regression, on ratios (`ratio`), within pairs of clusters (`paired`), or of
//!   students assigned one by one (`students`)
//! - [`coefficients`] all that the regression estimates: means, effects, slopes, interactions, and their covariances
//! - [`contrasts`] and [`joint_test`] linear hypotheses on these, one by one and all at once
//! - [`cace`] effects of exposure on those who complied
//! - [`effect_sizes`] the same on other scales
//! - [`two_proportions`] two rates of independent students
//! - [`subgroup_effects`] and [`interaction_test`] effects in segments, and whether they differ
//! - [`quantile_effects`] effects on quantiles, from a [`Distribution`]
//! - [`two_way_effects`] standard errors for clusters and strata at once
//! - [`random_intercept`] a mixed model with a random intercept for each cluster
//! - [`arms`] sizes, means and what is missing
//! - [`influence`] and [`cluster_diagnostics`] what single clusters do
//!
//! `question` checks a call, `combination` what can be estimated of it and `precision` how precisely, `formula` reads hypotheses, `design` makes the regression (`normal` its normal equations, `fit` what it leaves), `robust` (and `weighted`) the clusters' contributions, `satterthwaite` the degrees of
//! freedom, `size` and `lift` the effect on other scales, `notes` what to know about a result.

pub(crate) mod arms;
mod binary;
mod cace;
mod coefficients;
mod comparison;
mod covariates;
mod diagnostics;
pub(crate) mod estimate;
mod hypotheses;
mod influence;
mod joint;
pub(crate) mod lift;
mod paired;
mod precision;
mod proportion;
mod quantile;
mod rate;
mod ratio;
mod reml;
pub(crate) mod size;
mod sizes;
mod students;
mod subgroup;
mod two_way;

pub use arms::{Arm, arms};
pub use cace::{ArKind, Cace, CaceOptions, cace};
pub use coefficients::{Coefficient, Coefficients, TermKind, coefficients};
pub use comparison::Comparison;
pub use diagnostics::{Diagnostics, cluster_diagnostics};
pub use estimate::{Effect, effects};
pub use hypotheses::{Contrast, contrasts};
pub use influence::{Influence, influence};
pub use joint::{JointTest, joint_test};
pub use proportion::{Proportion, TwoProportions, proportion_interval, two_proportions};
pub use quantile::{
    Distribution, QuantileEffect, QuantileError, QuantileInterval, quantile_effects,
};
pub use reml::{MixedDf, RandomIntercept, random_intercept};
pub use size::{
    CorrectedT, EffectSize, HedgesG, Scale, cox_index, effect_size, hedges_g, wwc_correct_t,
};
pub use sizes::{EffectSizeRow, Measure, effect_sizes};
pub use subgroup::{
    Guard, InteractionTest, Segments, SubgroupEffect, interaction_test, subgroup_effects,
};
pub use two_way::two_way_effects;
