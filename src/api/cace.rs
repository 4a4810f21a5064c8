//! Effects on those who complied.

use super::sketch::rows_of;
use crate::pg::array::{Texts, required, texts};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::effect::{self, Cace, CaceOptions};

/// `cace(sketch, control, adjust, strata, exposures, se, level, outcome, covariates)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn cace(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    exposures: Texts<'_>,
    se: Option<&str>,
    level: Option<f64>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<Cace> {
    let options = or_raise(CaceOptions::from_words(
        required(adjust, "adjust"),
        required(strata, "strata"),
        required(se, "se"),
        required(level, "level"),
    ));
    let control = required(control, "control");
    let exposures = exposures.as_ref().map(|e| texts(e, "exposures"));
    rows_of(sketch, outcome, covariates, |view| {
        effect::cace(view, control, exposures.as_deref(), &options)
    })
}
