//! Assignment: bit for bit what UpGrade draws, what the specification says, and what holds for any weights and units.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "assignment/cases.rs"]
mod cases;
#[path = "assignment/properties.rs"]
mod properties;
#[path = "assignment/upgrade.rs"]
mod upgrade;
#[path = "assignment/vectors.rs"]
mod vectors;
