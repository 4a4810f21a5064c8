//! Definitions of experiments: what a design says, which designs are sound, and what may change when.

mod words;

pub(crate) use words::words;
pub use words::{Algorithm, Consistency, FilterMode, Hash, Late, Order, Post, Status, Unit};
