//! Everything that touches Postgres' memory or its C functions.

pub mod args;
pub mod array;
pub mod call_site;
pub mod error;
pub mod function;
pub mod interrupt;
pub mod json;
pub mod lock;
pub mod memory;
pub mod query;
pub mod reader;
pub mod removal;
pub mod result;
pub mod rows;
pub mod sequence;
pub mod settings;
pub mod state;
