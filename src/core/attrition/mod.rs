//! Missing outcomes: how many, whether it matters, and what can be said all the same.
//!
//! - [`attrition`] and [`wwc_attrition`]: overall and differential attrition, and what the boundaries say
//! - [`missing_balance`]: those with an outcome against those without
//! - [`manski_bounds`]: what can be said whatever the missing outcomes are
//! - [`lee_bounds`]: the effect on those who would have an outcome in either condition
//! - [`response_weights`], [`Logistic`]: who stands for those who are missing
//! - [`pool_imputations`]: estimates from several imputations

mod balance;
mod boundary;
mod identified;
mod imputation;
mod lee;
mod logistic;
mod manski;
mod rates;
mod trim;
mod weights;

pub use balance::{MissingBalance, missing_balance};
pub use boundary::{Boundaries, Verdict, boundaries, wwc_attrition};
pub use identified::imbens_manski;
pub use imputation::{Pooled, pool_imputations};
pub use lee::{LeeBounds, LeeOptions, lee_bounds};
pub use logistic::{Logistic, LogisticError, LogisticFit, MAX_REGRESSORS, logistic_predict};
pub use manski::{Bounds, manski_bounds};
pub use rates::{Attrition, Counts, Rates, attrition};
pub use trim::{Trim, Trimmed, trim_lowest};
pub use weights::{ResponseWeight, response_weights};
