//! The logic of pg_rct, without Postgres.
//!
//! | module | concept |
//! |---|---|
//! | [`exact`] | sums of doubles without rounding, so that no result depends on the order of the rows |
//! | [`assignment`] | which unit gets which condition: hashes, exact randomization, orders within a user |
//! | [`budget`] | the memory that all states of one process may take together |
//! | [`reduction`] | many values of a student to one: first, last, mean, median, ... |
//! | [`sketch`] | per-cluster sufficient statistics: add, merge, encode, decode |
//! | [`effect`] | estimators and cluster-robust inference on a sketch |
//! | [`planning`] | intra-cluster correlation and design effect |
//! | [`experiment`] | definitions of experiments: words, validity, what may change when |
//! | [`resolution`] | who gets which condition, and why |
//! | [`metric`] | what was logged, and what is asked of it |
//! | [`distribution`] | the t and F distributions behind one interface |
//! | [`error`] | how errors are told to the user |
//!
//! Nothing here panics on input; every rule that can be broken is a variant of an error enum.

pub mod assignment;
pub mod budget;
pub mod distribution;
pub mod effect;
pub mod error;
pub mod exact;
pub mod experiment;
pub mod metric;
pub mod planning;
pub mod reduction;
pub mod resolution;
pub mod sketch;
