//! One thin file per concept: unbox the arguments, call the core, box the result.

pub mod assignment;
pub mod effect;
pub mod key;
pub mod planning;
pub mod reduction;
pub mod resolution;
pub mod sketch;
