//! What was logged, and what is asked of it.
//!
//! A metric is declared with a type and a reduction. Logging never refuses a value: [`flatten`] turns the JSON of a
//! logged event into one [`Measurement`] per metric, typed as far as it can be, and flags what does not fit. A [`Query`]
//! says which reduction per user and which operation per condition make sense for a metric.
//!
//! | flag | meaning |
//! |---|---|
//! | `unknown_metric` | not declared in this context |
//! | `missing` | null |
//! | `not_a_number` | the metric is continuous, the value is no number |
//! | `out_of_range` | a number that no double can hold |
//! | `not_allowed` | the metric is categorical, the value is not one of its own |
//! | `not_a_scalar` | an array or an object |

mod definition;
mod error;
mod query;
mod value;

pub use definition::{Definition, Direction, Kind, Reduction};
pub use error::MetricError;
pub use query::{Compare, Operation, Query, Source};
pub use value::{Flag, Measurement, check, flatten, number};
