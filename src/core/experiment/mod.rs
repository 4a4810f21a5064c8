//! Definitions of experiments: what a design says, which designs are sound, and what may change when.
//!
//! A [`Spec`] is read from JSON and filled in; [`preflight`] says what stops a start; [`apply_patch`] and [`check_change`]
//! change it as far as its status allows; [`compile`] makes the plan that resolution reads.

mod compile;
mod document;
mod error;
mod members;
mod moment;
mod patch;
mod preflight;
mod schema;
mod spec;
mod status;
mod upgrade;
mod validate;
pub(crate) mod words;

pub use crate::json::Json;
pub use compile::{compile, cycle};
pub use document::{compiled, edges, imported, normalized, normalized_members, patched, renamed};
pub use error::ExperimentError;
pub(crate) use error::invalid;
pub use members::{Lists, Members, parse_members};
pub use moment::Moment;
pub use patch::{apply_patch, check_change};
pub use preflight::preflight;
pub use schema::{schema, schema_text};
pub use spec::{
    Assignment, Condition, DecisionPoint, Ending, Factor, HASH_VERSION, Holdout, Level, Namespace,
    Schedule, Spec,
};
pub use status::{check_status, read_status};
pub use upgrade::{Import, import_upgrade};
pub(crate) use words::words;
pub use words::{Algorithm, Consistency, FilterMode, Hash, Late, Order, Post, Status, Unit};
