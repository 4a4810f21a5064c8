//! Students as units: the aggregate of constant size, and effects on it.

use super::sketch::{ReadKey, State, bigint, count, rows_of, text, uuid};
use crate::pg::args::Args;
use crate::pg::array::required;
use crate::pg::error::or_raise;
use crate::pg::function::pg_functions;
use crate::pg::state;
use pgrx::prelude::*;
use rct_core::effect::{self, Strata, StudentAdjust, Word};
use rct_core::sketch::{Key, Row};

/// `student_sketch(outcome, condition)`, and with a stratum
#[inline(always)]
fn add(args: &Args<'_>, stratum: Option<ReadKey>) -> pg_sys::Datum {
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, State::new) };
    let stratum = stratum.and_then(|read| read(args, 3)).unwrap_or(Key::NONE);
    let simple = Row::simple(args.f64(1), args.bytes(2), Some(Key::STUDENT));
    or_raise(state.builder.add(&Row { stratum, ..simple }));
    state::pointer(state)
}

/// `student_sketch(outcome, condition, stratum, covariates)`
#[inline(always)]
fn add_covariates(args: &Args<'_>, stratum: ReadKey) -> pg_sys::Datum {
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, State::new) };
    let covariates = args.covariates(4, &mut state.covariates);
    let row = Row {
        stratum: stratum(args, 3).unwrap_or(Key::NONE),
        covariates,
        ..Row::simple(args.f64(1), args.bytes(2), Some(Key::STUDENT))
    };
    or_raise(state.builder.add(&row));
    state::pointer(state)
}

pg_functions! {
    /// Row of a student.
    fn rct_student_add, pg_finfo_rct_student_add(args) { add(&args, None) }

    /// Row of a student with a stratum as text.
    fn rct_student_add_t, pg_finfo_rct_student_add_t(args) { add(&args, Some(text)) }

    /// Row of a student with a stratum as bigint.
    fn rct_student_add_b, pg_finfo_rct_student_add_b(args) { add(&args, Some(bigint)) }

    /// Row of a student with a stratum as uuid.
    fn rct_student_add_u, pg_finfo_rct_student_add_u(args) { add(&args, Some(uuid)) }

    /// Row of a student with covariates, stratum as text.
    fn rct_student_add_covariates_t, pg_finfo_rct_student_add_covariates_t(args) { add_covariates(&args, text) }

    /// Row of a student with covariates, stratum as bigint.
    fn rct_student_add_covariates_b, pg_finfo_rct_student_add_covariates_b(args) { add_covariates(&args, bigint) }

    /// Row of a student with covariates, stratum as uuid.
    fn rct_student_add_covariates_u, pg_finfo_rct_student_add_covariates_u(args) { add_covariates(&args, uuid) }
}

/// `student_effects(sketch, control, adjust, strata, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn student_effects(
    sketch: Option<&[u8]>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    level: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(control, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(strata, i64),
        name!(mean, Option<f64>),
        name!(mean_control, Option<f64>),
        name!(sd, Option<f64>),
        name!(sd_control, Option<f64>),
        name!(hedges_g, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let adjust = or_raise(StudentAdjust::from_word(required(adjust, "adjust")));
    let strata = or_raise(Strata::from_word(required(strata, "strata")));
    let (control, level) = (
        required(control, "control").to_owned(),
        required(level, "level"),
    );
    let rows = rows_of(sketch, |sketch| {
        effect::student_effects(sketch, &control, adjust, strata, level)
    });
    TableIterator::new(rows.into_iter().map(move |e| {
        let i = e.inference;
        (
            e.condition,
            control.clone(),
            i.estimate,
            i.std_error,
            i.df,
            i.t,
            i.p_value,
            i.ci_low,
            i.ci_high,
            count(e.n.0),
            count(e.n.1),
            count(e.strata),
            e.mean.0,
            e.mean.1,
            e.sd.0,
            e.sd.1,
            e.hedges_g,
            e.notes,
        )
    }))
}
