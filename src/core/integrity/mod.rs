//! Whether the experiment ran as designed.
//!
//! - [`srm`] one table of counts against weights, [`srm_by_stratum`] one for each stratum and their sum
//! - [`srm_blocked`] counts against those of a randomization with fixed counts
//! - [`srm_of_sketch`] clusters of a sketch, and its students
//! - [`srm_sequential`], [`srm_looks`] the same at any number of looks
//! - [`balance`], [`balance_joint`] covariates of a sketch by condition
//! - [`impossible_patterns`] what the design rules out
//!
//! `exact` has the exact probabilities.

mod balance;
mod exact;
mod patterns;
mod ratio;
mod sequential;
mod srm;
mod strata;

pub use balance::{Balance, BalanceJoint, balance, balance_joint};
pub use exact::{
    Probabilities, binomial_two_sided, hypergeometric_two_sided, multinomial_two_sided,
    sum_two_sided,
};
pub use patterns::impossible_patterns;
pub use ratio::{Srm, Verdict};
pub use sequential::{Look, srm_looks, srm_sequential};
pub use srm::{SketchSrm, srm, srm_of_sketch};
pub use strata::{Scope, StratumSrm, srm_blocked, srm_by_stratum};
