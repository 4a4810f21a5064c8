//! What planning takes from data: intra-cluster correlation and design effect.

mod design_effect;
mod icc;

pub use design_effect::{DesignEffect, design_effect};
pub use icc::{Icc, Within, icc, icc_of};
