//! One thin file per concept: unbox the arguments, call the core, box the result.

pub mod adjustment;
pub mod assignment;
pub mod attrition;
pub mod binary;
pub mod compliance;
pub mod effect;
pub mod experiment;
pub mod identifier;
pub mod integrity;
pub mod key;
pub mod limits;
pub mod metric;
pub mod monitoring;
pub mod planning;
pub mod quantile;
pub mod ratio;
pub mod reduction;
pub mod resampling;
pub mod resolution;
pub mod simulation;
pub mod size;
pub mod sketch;
pub mod students;
pub mod subgroup;
