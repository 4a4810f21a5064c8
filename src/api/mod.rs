//! One thin file per concept: unbox the arguments, call the core, box the result.

pub mod assignment;
pub mod attrition;
pub mod cace;
pub mod effect;
pub mod experiment;
pub mod identifier;
pub mod influence;
pub mod integrity;
pub mod key;
pub mod limits;
pub mod lock;
pub mod metric;
pub mod monitoring;
pub mod planning;
pub mod proportion;
pub mod quantile;
pub mod reduction;
pub mod removal;
pub mod resampling;
pub mod resolution;
pub mod roster;
pub mod simulation;
pub mod size;
pub mod sketch;
pub mod subgroup;
