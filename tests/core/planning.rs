//! Planning.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "planning/calendar.rs"]
mod calendar;
#[path = "planning/components.rs"]
mod components;
#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;
#[path = "planning/power.rs"]
mod power;
#[path = "planning/roster.rs"]
mod roster;
