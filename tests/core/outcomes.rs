//! Several outcomes in one sketch, whatever is missing: each is analyzed as if it were alone, and as if only complete rows
//! were there. Proptest prints the seed and the smallest failing case.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "outcomes/answers.rs"]
mod answers;
#[path = "outcomes/counts.rs"]
mod counts;
#[path = "outcomes/rows.rs"]
mod rows;
#[path = "outcomes/stored.rs"]
mod stored;
