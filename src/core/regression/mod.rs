//! Regression on a sketch with cluster-robust inference: what every effect is computed with.
//!
//! | file | what |
//! |---|---|
//! | `options`, `error` | what a call may ask, and what can be wrong with it |
//! | `question` | a checked call: the moments that it needs, and its design |
//! | `columns`, `normal`, `solve`, `fit`, `rough`, `design` | regressors, normal equations, their solution, and what the fit leaves in each cluster |
//! | `robust`, `weighted` | contributions of clusters: CR0 to CR3 |
//! | `satterthwaite` | degrees of freedom of CR2 and CR3 |
//! | `inference` | estimate, standard error, test and interval; F tests |
//! | `combination` | which linear combinations the data can estimate |
//! | `formula`, `hypothesis` | linear hypotheses as text, and what can be wrong with them |
//! | `negligible` | what is zero up to rounding |
//! | `notes` | what to know about a result |

mod columns;
pub(crate) mod combination;
pub(crate) mod design;
mod error;
mod fit;
pub(crate) mod formula;
mod hypothesis;
pub(crate) mod inference;
pub(crate) mod negligible;
mod normal;
pub(crate) mod notes;
pub(crate) mod options;
pub(crate) mod question;
pub(crate) mod robust;
mod rough;
pub(crate) mod satterthwaite;
pub(crate) mod solve;
mod weighted;

pub use error::QuestionError;
pub use formula::{Flaw, Formula, FormulaError, Named, quoted};
pub use hypothesis::HypothesisError;
pub use inference::{FTest, Inference};
pub use options::{Adjust, Estimand, Options, Strata};
pub use robust::StdError;
