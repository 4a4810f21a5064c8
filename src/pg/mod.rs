//! Everything that touches Postgres' memory or its C functions.

pub mod args;
pub mod array;
pub mod error;
pub mod function;
pub mod interrupt;
pub mod memory;
pub mod result;
pub mod settings;
pub mod state;
