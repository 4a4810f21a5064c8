//! Missing outcomes: how many, whether it matters, and what can be said all the same.

mod imputation;
mod logistic;

pub use imputation::{Pooled, pool_imputations};
pub use logistic::{Logistic, LogisticError, LogisticFit, MAX_REGRESSORS, logistic_predict};
