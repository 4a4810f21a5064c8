//! One thin file per concept: unbox the arguments, call the core, box the result.

pub mod assignment;
pub mod effect;
pub mod experiment;
pub mod key;
pub mod metric;
pub mod planning;
pub mod reduction;
pub mod resolution;
pub mod sketch;
