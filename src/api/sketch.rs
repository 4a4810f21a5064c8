//! The type `rct.sketch`, the aggregates that make and merge it, and what it holds.

use crate::pg::args::Args;
use crate::pg::error::or_raise;
use crate::pg::function::pg_functions;
use crate::pg::{result, settings, state};
use pgrx::prelude::*;
use rct_core::error::Explain;
use rct_core::pulse;
use rct_core::sketch::{Builder, Covariates, Key, Row, Sketch, SketchError, bytes_to_text};

/// State of the aggregates: the sketch, and a buffer for the covariates of a row.
pub(super) struct State {
    pub(super) builder: Builder,
    pub(super) covariates: Vec<f64>,
}

impl State {
    pub(super) fn new() -> Self {
        State {
            builder: Builder::new(&settings::budget()),
            covariates: Vec::new(),
        }
    }

    /// The sketch of all rows so far.
    fn sketch(&mut self) -> &mut Sketch {
        or_raise(self.builder.sketch())
    }
}

/// Reads a key of one of the offered types.
pub(super) type ReadKey = fn(&Args<'_>, usize) -> Option<Key>;

pub(super) fn text(args: &Args<'_>, i: usize) -> Option<Key> {
    args.bytes(i).map(Key::of_text)
}

pub(super) fn bigint(args: &Args<'_>, i: usize) -> Option<Key> {
    args.i64(i).map(Key::of_bigint)
}

pub(super) fn uuid(args: &Args<'_>, i: usize) -> Option<Key> {
    args.uuid(i).as_ref().map(Key::of_uuid)
}

/// `sketch(outcome, condition, cluster)`
#[inline(always)]
fn add_simple(args: &Args<'_>, cluster: ReadKey) -> pg_sys::Datum {
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, State::new) };
    let row = Row::simple(args.f64(1), args.bytes(2), cluster(args, 3));
    or_raise(state.builder.add(&row));
    state::pointer(state)
}

/// `sketch(outcome, condition, cluster, stratum)`
#[inline(always)]
fn add_stratum(args: &Args<'_>, cluster: ReadKey, stratum: ReadKey) -> pg_sys::Datum {
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, State::new) };
    let stratum = stratum(args, 4).unwrap_or(Key::NONE);
    let simple = Row::simple(args.f64(1), args.bytes(2), cluster(args, 3));
    or_raise(state.builder.add(&Row { stratum, ..simple }));
    state::pointer(state)
}

/// `sketch(outcome, condition, cluster, stratum, covariate)`
#[inline(always)]
fn add_one(args: &Args<'_>, cluster: ReadKey, stratum: ReadKey) -> pg_sys::Datum {
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, State::new) };
    let covariate = args.f64(5).map(|x| [x]);
    let covariates = match &covariate {
        Some(one) => Covariates::Complete(one),
        None => Covariates::Incomplete(&[0.0]),
    };
    let stratum = stratum(args, 4).unwrap_or(Key::NONE);
    let simple = Row::simple(args.f64(1), args.bytes(2), cluster(args, 3));
    or_raise(state.builder.add(&Row {
        stratum,
        covariates,
        ..simple
    }));
    state::pointer(state)
}

/// `sketch(outcome, condition, cluster, stratum, covariates, exposed, weight)`
#[inline(always)]
fn add_full(args: &Args<'_>, cluster: ReadKey, stratum: ReadKey) -> pg_sys::Datum {
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, State::new) };
    let covariates: Covariates<'_> = args.covariates(5, &mut state.covariates);
    let row = Row {
        outcome: args.f64(1),
        condition: args.bytes(2),
        cluster: cluster(args, 3),
        stratum: stratum(args, 4).unwrap_or(Key::NONE),
        covariates,
        exposed: args.f64(6),
        weight: args.f64(7),
    };
    or_raise(state.builder.add(&row));
    state::pointer(state)
}

fn decode(bytes: &[u8]) -> Sketch {
    or_raise(Sketch::decode(bytes, &settings::budget()))
}

pg_functions! {
    /// Text input.
    fn rct_sketch_in, pg_finfo_rct_sketch_in(args) {
        let Some(datum) = args.datum(0) else { return result::null(&args) };
        // SAFETY: an input function gets a C string.
        let text = unsafe { std::ffi::CStr::from_ptr(datum.cast_mut_ptr()) };
        let text = or_raise(text.to_str().map_err(|_| SketchError::BadText("it is not UTF-8")));
        result::varlena(&or_raise(Sketch::from_text(text, &settings::budget())).encode())
    }

    /// Text output.
    fn rct_sketch_out, pg_finfo_rct_sketch_out(args) {
        args.bytes(0).map_or_else(|| result::null(&args), |b| result::cstring(&bytes_to_text(b)))
    }

    /// Binary input.
    fn rct_sketch_recv, pg_finfo_rct_sketch_recv(args) {
        let Some(datum) = args.datum(0) else { return result::null(&args) };
        // SAFETY: a receive function gets a StringInfo with the message; what is read is marked as read.
        let bytes = unsafe {
            let message = datum.cast_mut_ptr::<pg_sys::StringInfoData>();
            let rest = ((*message).len - (*message).cursor).max(0) as usize;
            let start = (*message).data.cast::<u8>().add((*message).cursor as usize);
            (*message).cursor = (*message).len;
            std::slice::from_raw_parts(start, rest)
        };
        decode(bytes);
        result::varlena(bytes)
    }

    /// Binary output.
    fn rct_sketch_send, pg_finfo_rct_sketch_send(args) {
        args.bytes(0).map_or_else(|| result::null(&args), result::varlena)
    }

    /// Row of the three-argument form, cluster as text.
    fn rct_sketch_add_t, pg_finfo_rct_sketch_add_t(args) { add_simple(&args, text) }

    /// Row of the three-argument form, cluster as bigint.
    fn rct_sketch_add_b, pg_finfo_rct_sketch_add_b(args) { add_simple(&args, bigint) }

    /// Row of the three-argument form, cluster as uuid.
    fn rct_sketch_add_u, pg_finfo_rct_sketch_add_u(args) { add_simple(&args, uuid) }

    /// Row with a stratum, cluster as text, stratum as text.
    fn rct_sketch_add_stratum_tt, pg_finfo_rct_sketch_add_stratum_tt(args) { add_stratum(&args, text, text) }

    /// Row with a stratum, cluster as text, stratum as bigint.
    fn rct_sketch_add_stratum_tb, pg_finfo_rct_sketch_add_stratum_tb(args) { add_stratum(&args, text, bigint) }

    /// Row with a stratum, cluster as text, stratum as uuid.
    fn rct_sketch_add_stratum_tu, pg_finfo_rct_sketch_add_stratum_tu(args) { add_stratum(&args, text, uuid) }

    /// Row with a stratum, cluster as bigint, stratum as text.
    fn rct_sketch_add_stratum_bt, pg_finfo_rct_sketch_add_stratum_bt(args) { add_stratum(&args, bigint, text) }

    /// Row with a stratum, cluster as bigint, stratum as bigint.
    fn rct_sketch_add_stratum_bb, pg_finfo_rct_sketch_add_stratum_bb(args) { add_stratum(&args, bigint, bigint) }

    /// Row with a stratum, cluster as bigint, stratum as uuid.
    fn rct_sketch_add_stratum_bu, pg_finfo_rct_sketch_add_stratum_bu(args) { add_stratum(&args, bigint, uuid) }

    /// Row with a stratum, cluster as uuid, stratum as text.
    fn rct_sketch_add_stratum_ut, pg_finfo_rct_sketch_add_stratum_ut(args) { add_stratum(&args, uuid, text) }

    /// Row with a stratum, cluster as uuid, stratum as bigint.
    fn rct_sketch_add_stratum_ub, pg_finfo_rct_sketch_add_stratum_ub(args) { add_stratum(&args, uuid, bigint) }

    /// Row with a stratum, cluster as uuid, stratum as uuid.
    fn rct_sketch_add_stratum_uu, pg_finfo_rct_sketch_add_stratum_uu(args) { add_stratum(&args, uuid, uuid) }

    /// Row with one covariate, cluster as text, stratum as text.
    fn rct_sketch_add_one_tt, pg_finfo_rct_sketch_add_one_tt(args) { add_one(&args, text, text) }

    /// Row with one covariate, cluster as text, stratum as bigint.
    fn rct_sketch_add_one_tb, pg_finfo_rct_sketch_add_one_tb(args) { add_one(&args, text, bigint) }

    /// Row with one covariate, cluster as text, stratum as uuid.
    fn rct_sketch_add_one_tu, pg_finfo_rct_sketch_add_one_tu(args) { add_one(&args, text, uuid) }

    /// Row with one covariate, cluster as bigint, stratum as text.
    fn rct_sketch_add_one_bt, pg_finfo_rct_sketch_add_one_bt(args) { add_one(&args, bigint, text) }

    /// Row with one covariate, cluster as bigint, stratum as bigint.
    fn rct_sketch_add_one_bb, pg_finfo_rct_sketch_add_one_bb(args) { add_one(&args, bigint, bigint) }

    /// Row with one covariate, cluster as bigint, stratum as uuid.
    fn rct_sketch_add_one_bu, pg_finfo_rct_sketch_add_one_bu(args) { add_one(&args, bigint, uuid) }

    /// Row with one covariate, cluster as uuid, stratum as text.
    fn rct_sketch_add_one_ut, pg_finfo_rct_sketch_add_one_ut(args) { add_one(&args, uuid, text) }

    /// Row with one covariate, cluster as uuid, stratum as bigint.
    fn rct_sketch_add_one_ub, pg_finfo_rct_sketch_add_one_ub(args) { add_one(&args, uuid, bigint) }

    /// Row with one covariate, cluster as uuid, stratum as uuid.
    fn rct_sketch_add_one_uu, pg_finfo_rct_sketch_add_one_uu(args) { add_one(&args, uuid, uuid) }

    /// Row of the full form, cluster as text, stratum as text.
    fn rct_sketch_add_tt, pg_finfo_rct_sketch_add_tt(args) { add_full(&args, text, text) }

    /// Row of the full form, cluster as text, stratum as bigint.
    fn rct_sketch_add_tb, pg_finfo_rct_sketch_add_tb(args) { add_full(&args, text, bigint) }

    /// Row of the full form, cluster as text, stratum as uuid.
    fn rct_sketch_add_tu, pg_finfo_rct_sketch_add_tu(args) { add_full(&args, text, uuid) }

    /// Row of the full form, cluster as bigint, stratum as text.
    fn rct_sketch_add_bt, pg_finfo_rct_sketch_add_bt(args) { add_full(&args, bigint, text) }

    /// Row of the full form, cluster as bigint, stratum as bigint.
    fn rct_sketch_add_bb, pg_finfo_rct_sketch_add_bb(args) { add_full(&args, bigint, bigint) }

    /// Row of the full form, cluster as bigint, stratum as uuid.
    fn rct_sketch_add_bu, pg_finfo_rct_sketch_add_bu(args) { add_full(&args, bigint, uuid) }

    /// Row of the full form, cluster as uuid, stratum as text.
    fn rct_sketch_add_ut, pg_finfo_rct_sketch_add_ut(args) { add_full(&args, uuid, text) }

    /// Row of the full form, cluster as uuid, stratum as bigint.
    fn rct_sketch_add_ub, pg_finfo_rct_sketch_add_ub(args) { add_full(&args, uuid, bigint) }

    /// Row of the full form, cluster as uuid, stratum as uuid.
    fn rct_sketch_add_uu, pg_finfo_rct_sketch_add_uu(args) { add_full(&args, uuid, uuid) }

    /// Row of `rollup`: a stored sketch.
    fn rct_sketch_merge, pg_finfo_rct_sketch_merge(args) {
        let Some(bytes) = args.bytes(1) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        let part = decode(bytes);
        // SAFETY: argument 0 is the state of this aggregate.
        let state = unsafe { state::get_or_init(&args, State::new) };
        or_raise(state.sketch().merge(&part));
        state::pointer(state)
    }

    /// Merges the states of two workers.
    fn rct_sketch_combine, pg_finfo_rct_sketch_combine(args) {
        // SAFETY: both arguments are states of this aggregate.
        let Some(other) = (unsafe { state::get_mut::<State>(&args, 1) }) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        if args.datum(0).is_none() {
            // The right state is used this once, so its cells can move to the memory context of the group.
            return state::put(&args, std::mem::replace(other, State::new()));
        }
        // SAFETY: as above.
        let state = unsafe { state::get_or_init(&args, State::new) };
        or_raise(state.sketch().merge(other.sketch()));
        state::pointer(state)
    }

    /// State to bytes, for another process.
    fn rct_sketch_serial, pg_finfo_rct_sketch_serial(args) {
        // SAFETY: the argument is a state of this aggregate.
        match unsafe { state::get_mut::<State>(&args, 0) } {
            Some(state) => result::varlena(&state.sketch().encode()),
            None => result::null(&args),
        }
    }

    /// Bytes to state.
    fn rct_sketch_deserial, pg_finfo_rct_sketch_deserial(args) {
        match args.bytes(0) {
            Some(bytes) => state::put(&args, State { builder: Builder::continued(decode(bytes)), covariates: Vec::new() }),
            None => result::null(&args),
        }
    }

    /// Result of the aggregates.
    fn rct_sketch_final, pg_finfo_rct_sketch_final(args) {
        // SAFETY: the argument is a state of this aggregate.
        match unsafe { state::get_mut::<State>(&args, 0) } {
            Some(state) => result::varlena(&state.sketch().encode()),
            None => result::null(&args),
        }
    }
}

/// A stored sketch, as an argument of a function.
pub fn read(bytes: &[u8]) -> Sketch {
    pulse::beat();
    or_raise(Sketch::decode(bytes, &settings::budget()))
}

/// The rows of an analysis of a sketch; NULL has none.
pub fn rows_of<R, E: Explain>(
    sketch: Option<&[u8]>,
    analysis: impl FnOnce(&Sketch) -> Result<Vec<R>, E>,
) -> Vec<R> {
    sketch.map_or_else(Vec::new, |bytes| or_raise(analysis(&read(bytes))))
}

/// Counts of rows as `bigint`.
pub fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A digest as `uuid`.
pub fn uuid_of(key: Key) -> pgrx::datum::Uuid {
    pgrx::datum::Uuid::from_bytes(key.0.to_be_bytes())
}

/// `sketch_info(sketch)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn sketch_info(
    sketch: &[u8],
) -> TableIterator<
    'static,
    (
        name!(version, i32),
        name!(n, i64),
        name!(conditions, i64),
        name!(clusters, i64),
        name!(strata, i64),
        name!(stored_cells, i64),
        name!(covariates, i32),
        name!(has_exposed, bool),
        name!(has_weight, bool),
        name!(without_condition, i64),
        name!(without_cluster, i64),
        name!(without_outcome, i64),
        name!(zero_weight, i64),
        name!(without_covariates, i64),
        name!(bytes, i64),
    ),
> {
    let info = read(sketch).info();
    TableIterator::once((
        i32::from(rct_core::sketch::WIRE_VERSION),
        count(info.rows),
        count(info.conditions),
        count(info.clusters),
        count(info.strata),
        count(info.cells),
        info.covariates as i32,
        info.has_exposed,
        info.has_weight,
        count(info.no_condition),
        count(info.left_out.no_cluster),
        count(info.left_out.no_outcome),
        count(info.left_out.zero_weight),
        count(info.no_covariates),
        count(sketch.len() as u64),
    ))
}

/// `cells(sketch)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn cells(
    sketch: &[u8],
) -> TableIterator<
    'static,
    (
        name!(cluster, pgrx::datum::Uuid),
        name!(stratum, Option<pgrx::datum::Uuid>),
        name!(condition, String),
        name!(weight, Option<f64>),
        name!(n, i64),
        name!(mean, f64),
        name!(sd, Option<f64>),
    ),
> {
    let cells = or_raise(read(sketch).cell_summaries());
    TableIterator::new(cells.into_iter().map(|c| {
        (
            uuid_of(c.cluster),
            (c.stratum != Key::NONE).then(|| uuid_of(c.stratum)),
            c.condition,
            c.weight,
            count(c.rows),
            c.mean,
            c.sd,
        )
    }))
}
