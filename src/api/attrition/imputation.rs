//! Pooled imputations.

use crate::pg::array::{Reals, complete, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::attrition::{self, Pooled};

/// `pool_imputations(estimates, variances, complete_df, level)`
#[pg_extern(sql = false)]
fn pool_imputations(
    estimates: Reals<'_>,
    variances: Reals<'_>,
    complete_df: Option<f64>,
    level: Option<f64>,
) -> Rows<Pooled> {
    let level = required(level, "level");
    let row = estimates.zip(variances).map(|(estimates, variances)| {
        or_raise(attrition::pool_imputations(
            &complete(&estimates, "estimates"),
            &complete(&variances, "variances"),
            complete_df,
            level,
        ))
    });
    Rows::new(row)
}
