//! Whole experiments, simulated with the code that runs real ones: a synthetic roster, the assignment of `rct.randomize`,
//! outcomes, a sketch, and the effects of `rct.effects`, many times over.
//!
//! - [`Design`] what is simulated, from a JSON document
//! - [`Students`] one synthetic roster with assignments and outcomes
//! - [`simulate`] power, type I error, coverage and the rate of sample ratio alarms over many rosters

mod design;
mod document;
mod error;
mod roster;
mod run;

pub use design::Design;
pub use error::SimulationError;
pub use roster::{Student, Students};
pub use run::{MAX_DRAWS, Simulated, simulate};
