//! Resolution: every state has one rule, UpGrade's decision tables hold but for listed differences, and assign, mark and
//! explain agree.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "resolution/conformance.rs"]
mod conformance;
#[path = "resolution/page.rs"]
mod page;
#[path = "resolution/properties.rs"]
mod properties;
#[path = "resolution/rules.rs"]
mod rules;
#[path = "resolution/totality.rs"]
mod totality;
#[path = "resolution/world.rs"]
mod world;
