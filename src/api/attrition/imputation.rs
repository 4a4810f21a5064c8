//! Pooled imputations.

use crate::pg::array::{Reals, complete, required};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::attrition;

/// `pool_imputations(estimates, variances, complete_df, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn pool_imputations(
    estimates: Reals<'_>,
    variances: Reals<'_>,
    complete_df: Option<f64>,
    level: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(estimate, f64),
        name!(std_error, f64),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(variance_within, f64),
        name!(variance_between, f64),
        name!(relative_increase, Option<f64>),
        name!(lambda, Option<f64>),
        name!(missing_information, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let level = required(level, "level");
    let row = estimates.zip(variances).map(|(estimates, variances)| {
        or_raise(attrition::pool_imputations(
            &complete(&estimates, "estimates"),
            &complete(&variances, "variances"),
            complete_df,
            level,
        ))
    });
    TableIterator::new(row.into_iter().map(|p| {
        (
            p.estimate,
            p.std_error,
            p.df,
            p.t,
            p.p_value,
            p.ci_low,
            p.ci_high,
            p.within,
            p.between,
            p.relative_increase,
            p.lambda,
            p.missing_information,
            p.notes,
        )
    }))
}
