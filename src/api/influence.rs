//! What single clusters do to an effect.

use super::effect::options;
use super::sketch::rows_of;
use crate::pg::array::{Texts, required};
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::effect::{self, Diagnostics, Influence};

/// `influence(sketch, control, adjust, strata, outcome, covariates)`
#[pg_extern(sql = false)]
fn influence(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Influence> {
    let o = options(adjust, strata, Some("CR2"), Some(0.95));
    let control = required(control, "control");
    rows_of(sketch, outcome, covariates, |view| {
        effect::influence(view, control, o.adjust, o.strata)
    })
}

/// `cluster_diagnostics(sketch, control, adjust, strata, outcome, covariates)`
#[pg_extern(sql = false)]
fn cluster_diagnostics(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Diagnostics> {
    let o = options(adjust, strata, Some("CR2"), Some(0.95));
    let control = required(control, "control");
    rows_of(sketch, outcome, covariates, |view| {
        effect::cluster_diagnostics(view, control, o.adjust, o.strata)
    })
}
