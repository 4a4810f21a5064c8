//! Which unit gets which condition: hashes, exact randomization, orders within a user. Everything is a pure function of
//! its arguments, and `docs/spec/assignment.md` says how to compute it without this code.

mod choose;
mod error;
mod hash;
mod pool;
mod queue;
mod rollout;
mod upgrade;

pub use crate::experiment::{Algorithm, Hash, Order};
pub use choose::{MAX_CONDITIONS, Weights, choose};
pub use error::AssignmentError;
pub use hash::{HASH_VERSION, Purpose, bucket, draw, fraction};
pub use pool::pool_index;
pub use queue::{QUEUE_LENGTH, balanced_square, queue, rotated};
pub use rollout::{checked_fraction, in_range, in_rollout, in_share};
pub use upgrade::SeedRandom;
