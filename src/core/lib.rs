//! The logic of pg_rct, without Postgres.
//!
//! | module | concept |
//! |---|---|
//! | [`exact`] | sums of doubles without rounding, so that no result depends on the order of the rows |
//! | [`assignment`] | which unit gets which condition: hashes, exact randomization, orders within a user |
//! | [`budget`] | the memory that all states of one process may take together |
//! | [`reduction`] | many values of a student to one: first, last, mean, median, ... |
//! | [`sketch`] | per-cluster sufficient statistics: add, merge, encode, decode |
//! | [`regression`] | regression on a sketch with cluster-robust inference |
//! | [`variance`] | variance between clusters and within them, intra-cluster correlation |
//! | [`multiplicity`] | several tests at once: adjusted p-values, families |
//! | [`effect`] | how large an effect is, in each design |
//! | [`planning`] | design effect, power, what can be detected, how long it takes |
//! | [`resampling`] | wild cluster bootstrap, randomization test, simultaneous intervals |
//! | [`attrition`] | missing outcomes: rates, bounds, weights, imputation |
//! | [`integrity`] | sample ratios, balance, impossible patterns |
//! | [`monitoring`] | sequential boundaries, always-valid intervals, harm |
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
//! | [`finding`] | what a check finds |
//! | [`note`] | what to know about a result: the registry of all notes |
//! | [`words`] | options that are chosen by a word |
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
pub mod finding;
pub mod identifier;
pub mod integrity;
pub mod json;
pub mod limits;
pub mod metric;
pub mod monitoring;
pub mod multiplicity;
pub mod note;
pub mod planning;
pub mod pulse;
pub mod random;
pub mod reduction;
pub mod regression;
pub mod resampling;
pub mod resolution;
pub mod roster;
pub mod simulation;
pub mod sketch;
pub mod variance;
pub mod words;
