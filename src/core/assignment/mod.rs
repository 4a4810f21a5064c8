//! Which unit gets which condition: hashes, exact randomization, orders within a user. Everything is a pure function of
//! its arguments, and `docs/spec/assignment.md` says how to compute it without this code.

mod choose;
mod digest;
mod error;
mod hash;
mod lint;
mod pool;
mod queue;
mod random;
mod randomize;
mod rollout;
mod sequence;
mod upgrade;

pub use crate::experiment::{Algorithm, Hash, Order};
pub use choose::{MAX_CONDITIONS, Weights, choose};
pub use digest::{input_digest, output_digest};
pub use error::AssignmentError;
pub use hash::{HASH_VERSION, Purpose, bucket, draw, fraction};
pub use lint::lint_design;
pub use pool::pool_index;
pub use queue::{QUEUE_LENGTH, balanced_square, queue, rotated};
pub use randomize::{Placement, UNKNOWN_STRATUM, next_slot, randomize};
pub use rollout::{checked_fraction, in_range, in_rollout, in_share};
pub use sequence::{Rules, Slot, hash_word, method};
pub use upgrade::SeedRandom;
