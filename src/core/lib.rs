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
//! | [`planning`] | intra-cluster correlation, design effect, power |
//! | [`resampling`] | wild cluster bootstrap, randomization test, simultaneous intervals |
//! | [`attrition`] | missing outcomes: rates, bounds, weights, imputation |
//! | [`integrity`] | sample ratios, balance, impossible patterns |
//! | [`monitoring`] | multiplicity, sequential boundaries, always-valid intervals, harm |
//! | [`simulation`] | whole experiments, simulated |
//! | [`identifier`] | the one rule for ids, keys, codes and names |
//! | [`limits`] | how much a call may bring and a definition may have |
//! | [`json`] | the one reader of JSON |
//! | [`experiment`] | definitions of experiments: words, validity, what may change when |
//! | [`resolution`] | who gets which condition, and why |
//! | [`roster`] | how a relation of the district is read |
//! | [`metric`] | what was logged, and what is asked of it |
//! | [`distribution`] | tails and quantiles of the t, F, normal and chi-squared distributions |
//! | [`random`] | counter-based random numbers: the same seed gives the same bytes anywhere |
//! | [`pulse`] | how a long computation lets its host stop it |
//! | [`note`] | what to know about a result: the registry of all notes
//! | [`words`] | options that are chosen by a word
//! | [`error`] | how errors are told to the user |
//!
//! Nothing here panics on input; every rule that can be broken is a variant of an error enum.

#![forbid(unsafe_code)]

pub mod assignment;
pub mod attrition;
pub mod budget;
pub mod distribution;
pub mod effect;
pub mod error;
pub mod exact;
pub mod experiment;
pub mod identifier;
pub mod integrity;
pub mod json;
pub mod limits;
pub mod metric;
pub mod monitoring;
pub mod note;
pub mod planning;
pub mod pulse;
pub mod random;
pub mod reduction;
pub mod resampling;
pub mod resolution;
pub mod roster;
pub mod simulation;
pub mod sketch;
pub mod words;
