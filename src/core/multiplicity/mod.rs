//! Several tests at once: p-values adjusted for their number, family by family.

mod families;
mod p_adjust;

pub use families::{Families, FamiliesError, Member, p_adjust_families};
pub(crate) use p_adjust::holm;
pub use p_adjust::{Method, p_adjust};
