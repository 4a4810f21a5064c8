//! The type `rct.sketch`, the aggregates that make and merge it, and what it holds.

use crate::pg::args::Args;
use crate::pg::array::{Texts, short, texts};
use crate::pg::call_site::{self, Type};
use crate::pg::error::{CallError, notice, or_raise, raise};
use crate::pg::function::pg_functions;
use crate::pg::rows::Rows;
use crate::pg::{result, settings, state};
use pgrx::prelude::*;
use rct_core::error::Explain;
use rct_core::pulse;
use rct_core::sketch::{
    Builder, CellSummary, Cluster, Columns, Info, Key, Row, Sketch, SketchError, View,
    bytes_to_text,
};
use serde::Serialize;

/// State of the aggregates.
pub(super) struct State {
    builder: Builder,
}

impl State {
    fn new(columns: Columns) -> Self {
        State {
            builder: Builder::new(columns, &settings::budget()),
        }
    }

    /// The sketch of all rows so far.
    fn sketch(&mut self) -> &mut Sketch {
        or_raise(self.builder.sketch())
    }
}

/// One place in a query that makes a sketch: what its arguments are.
pub(super) struct Site {
    /// The text that names the columns, if there is one.
    text: Option<Vec<u8>>,
    columns: Columns,
    condition: Type,
    /// None where each row is a unit of its own.
    cluster: Option<Type>,
    stratum: Option<Type>,
    types: Vec<Type>,
    /// Place of the first value among the arguments, and how far apart they are from the second on.
    first: usize,
    rest: usize,
    /// Place of an array of covariates, which come after the outcome.
    array: Option<usize>,
    /// The values of a row with an array.
    values: Vec<Option<f64>>,
}

impl Site {
    /// `sketch(outcome, condition, cluster, stratum, covariate, exposed, weight)`, and without the last ones; a student sketch
    /// has no cluster.
    fn simple(args: &Args<'_>, students: bool) -> Self {
        let shift = students as usize;
        let given = call_site::count(args) - 1 + shift;
        let argument = |i: usize| (i <= given).then(|| Type::of(args, i - shift));
        let stratum = argument(4);
        if given == 4
            && let Some(kind) = stratum
                .as_ref()
                .filter(|t| t.is_number() && !t.is_unknown())
        {
            raise(SketchError::StratumOrCovariate {
                students,
                kind: kind.name(),
            });
        }
        let covariate = argument(5);
        let array = covariate.as_ref().is_some_and(Type::is_array);
        let columns = if array {
            let length = or_raise(array_of(args, 5 - shift, &mut Vec::new()));
            let got = length.unwrap_or_else(|| raise(CallError::Null("covariates")));
            or_raise(Columns::with_array(got))
        } else {
            Columns::simple(covariate.is_some())
        };
        let columns = if given > 5 {
            columns.with_exposure_and_weight()
        } else {
            columns
        };
        let mut types = vec![Type::of(args, 1)];
        types.extend(covariate.filter(|_| !array));
        types.extend((6..=7).filter_map(argument));
        Site {
            text: None,
            condition: Type::of(args, 2),
            cluster: if students { None } else { argument(3) },
            stratum,
            values: Vec::new(),
            columns,
            array: array.then_some(5 - shift),
            types,
            first: 1,
            rest: if array { 6 } else { 5 } - shift,
        }
        .checked()
    }

    /// `sketch(columns, condition, cluster, stratum, values...)`; a student sketch has no cluster.
    fn named(args: &Args<'_>, students: bool) -> Self {
        let text = args
            .str(1, "columns")
            .unwrap_or_else(|| raise(SketchError::NoColumns));
        let columns = or_raise(Columns::parse(text));
        if students && columns.weight.is_some() {
            raise(SketchError::WeightOfStudents);
        }
        let stratum = 4 - students as usize;
        let (expected, got) = (
            columns.values().count(),
            call_site::count(args) - 1 - stratum,
        );
        if expected != got {
            raise(SketchError::ValueCount {
                columns: columns.to_string(),
                expected,
                got,
            });
        }
        Site {
            text: Some(text.as_bytes().to_vec()),
            columns,
            condition: Type::of(args, 2),
            cluster: (!students).then(|| Type::of(args, 3)),
            stratum: Some(Type::of(args, stratum)),
            types: (1..=expected)
                .map(|i| Type::of(args, stratum + i))
                .collect(),
            values: Vec::new(),
            array: None,
            first: stratum + 1,
            rest: stratum + 2,
        }
        .checked()
    }

    /// An error if an argument has a type that it cannot have.
    fn checked(self) -> Self {
        let refuse = |argument: &str, takes: &'static str, kind: &Type| {
            raise(SketchError::TypeOf {
                argument: argument.to_owned(),
                takes,
                got: kind.name(),
            })
        };
        if !self.condition.is_word() {
            refuse(
                "condition",
                "a text, an enum, a boolean or a whole number",
                &self.condition,
            );
        }
        for (argument, kind) in [("cluster", &self.cluster), ("stratum", &self.stratum)] {
            if let Some(kind) = kind.as_ref().filter(|k| !k.is_key()) {
                refuse(
                    argument,
                    "a text, a whole number, a numeric, a uuid, an enum or a boolean",
                    kind,
                );
            }
        }
        let names = self.columns.values().filter(|name| {
            self.array.is_none() || !self.columns.covariates.iter().any(|c| c == name)
        });
        for (name, kind) in names.zip(&self.types) {
            if !kind.is_number() {
                let takes = if self.text.is_none() && name == "covariate" {
                    "a number, a boolean or an array of double precision"
                } else {
                    "a number or a boolean"
                };
                refuse(name, takes, kind);
            }
        }
        self
    }

    /// Adds the row of a call.
    #[inline(always)]
    fn add(&mut self, args: &Args<'_>) -> pg_sys::Datum {
        // SAFETY: argument 0 is the state of this aggregate.
        let state = unsafe { state::get_or_init(args, || State::new(self.columns.clone())) };
        if let Some(text) = &self.text
            && args.bytes(1) != Some(text)
        {
            raise(SketchError::ColumnsChange);
        }
        let cluster = match &mut self.cluster {
            Some(kind) => kind.key(args, 3),
            None => Some(Cluster::Digest(Key::STUDENT)),
        };
        let stratum = match &mut self.stratum {
            Some(kind) => kind.key(args, if self.cluster.is_some() { 4 } else { 3 }),
            None => None,
        };
        if let Some(array) = self.array {
            self.read_array(args, array);
        }
        let row = Row {
            condition: self.condition.word(args, 2),
            cluster,
            stratum: stratum.map_or(Key::NONE, Cluster::key),
            values: &self.values,
        };
        or_raise(match self.array {
            Some(_) => state.builder.add(&row),
            None => {
                let places = std::iter::once(self.first).chain(self.rest..);
                let values = self.types.iter().zip(places);
                let values = values.map(|(kind, place)| kind.number(args, place));
                state.builder.add_values(&row, values)
            }
        });
        state::pointer(state)
    }

    /// Puts the covariates of an array between the outcome and what comes after them.
    fn read_array(&mut self, args: &Args<'_>, array: usize) {
        let expected = self.columns.covariates.len();
        let places = std::iter::once(self.first).chain(self.rest..);
        let scalars = self.types.iter().zip(places);
        let mut scalars = scalars.map(|(kind, place)| kind.number(args, place));
        self.values.clear();
        self.values.extend(scalars.next());
        let got = or_raise(array_of(args, array, &mut self.values));
        if got != Some(expected) {
            raise(SketchError::CovariateArray { expected, got });
        }
        self.values.extend(scalars);
    }
}

/// Appends an array of covariates and says how many they are; nothing for NULL.
fn array_of(
    args: &Args<'_>,
    i: usize,
    values: &mut Vec<Option<f64>>,
) -> Result<Option<usize>, SketchError> {
    let before = values.len();
    match args.numbers(i, values) {
        None => Ok(None),
        Some(Err(dimensions)) => Err(SketchError::CovariateDimensions(dimensions)),
        Some(Ok(())) => Ok(Some(values.len() - before)),
    }
}

/// Adds the row of a call whose arguments are looked up by `site` at the first one.
#[inline(always)]
pub(super) fn add(args: &Args<'_>, site: impl FnOnce() -> Site) -> pg_sys::Datum {
    // SAFETY: the functions below keep nothing else.
    unsafe { call_site::kept(args, site) }.add(args)
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

    /// Row of the forms without a text that names the columns.
    fn rct_sketch_add, pg_finfo_rct_sketch_add(args) { add(&args, || Site::simple(&args, false)) }

    /// Row of the form with a text that names the columns.
    fn rct_sketch_add_named, pg_finfo_rct_sketch_add_named(args) { add(&args, || Site::named(&args, false)) }

    /// Row of a student, without a text that names the columns.
    fn rct_student_sketch_add, pg_finfo_rct_student_sketch_add(args) { add(&args, || Site::simple(&args, true)) }

    /// Row of a student, with a text that names the columns.
    fn rct_student_sketch_add_named, pg_finfo_rct_student_sketch_add_named(args) { add(&args, || Site::named(&args, true)) }

    /// Order of two sketches: by their bytes.
    fn rct_sketch_compare, pg_finfo_rct_sketch_compare(args) {
        let order = args.bytes(0).cmp(&args.bytes(1));
        pg_sys::Datum::from(order as i32)
    }

    /// Whether two sketches have the same bytes.
    fn rct_sketch_eq, pg_finfo_rct_sketch_eq(args) { result::boolean(args.bytes(0) == args.bytes(1)) }

    /// Whether two sketches have other bytes.
    fn rct_sketch_ne, pg_finfo_rct_sketch_ne(args) { result::boolean(args.bytes(0) != args.bytes(1)) }

    /// Whether the bytes of the first sketch come before those of the second.
    fn rct_sketch_lt, pg_finfo_rct_sketch_lt(args) { result::boolean(args.bytes(0) < args.bytes(1)) }

    /// Whether the bytes of the second sketch do not come before those of the first.
    fn rct_sketch_le, pg_finfo_rct_sketch_le(args) { result::boolean(args.bytes(0) <= args.bytes(1)) }

    /// Whether the bytes of the first sketch come after those of the second.
    fn rct_sketch_gt, pg_finfo_rct_sketch_gt(args) { result::boolean(args.bytes(0) > args.bytes(1)) }

    /// Whether the bytes of the second sketch do not come after those of the first.
    fn rct_sketch_ge, pg_finfo_rct_sketch_ge(args) { result::boolean(args.bytes(0) >= args.bytes(1)) }

    /// Hash of a sketch, in 32 bits.
    fn rct_sketch_hash_32, pg_finfo_rct_sketch_hash_32(args) {
        let hash = rct_core::sketch::hash_of(args.bytes(0).unwrap_or(&[]), 0);
        pg_sys::Datum::from(hash as u32 as i32)
    }

    /// Hash of a sketch with a salt, in 64 bits, of which the lower half is the other one if the salt is 0.
    fn rct_sketch_hash, pg_finfo_rct_sketch_hash(args) {
        let (bytes, seed) = (args.bytes(0).unwrap_or(&[]), args.i64(1).unwrap_or(0));
        pg_sys::Datum::from(rct_core::sketch::hash_of(bytes, seed as u64) as i64)
    }

    /// Row of `rollup`: a stored sketch.
    fn rct_sketch_merge, pg_finfo_rct_sketch_merge(args) {
        let Some(bytes) = args.bytes(1) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        let part = decode(bytes);
        if args.datum(0).is_none() {
            return state::put(&args, State { builder: Builder::continued(part) });
        }
        // SAFETY: argument 0 is the state of this aggregate.
        let state = unsafe { state::get_or_init(&args, || State::new(part.columns().clone())) };
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
            let columns = other.sketch().columns().clone();
            return state::put(&args, std::mem::replace(other, State::new(columns)));
        }
        // SAFETY: as above.
        let state = unsafe { state::get_or_init(&args, || State::new(other.sketch().columns().clone())) };
        or_raise(state.sketch().merge(other.sketch()));
        state::pointer(state)
    }

    /// State to bytes, for another process of the same query.
    fn rct_sketch_serial, pg_finfo_rct_sketch_serial(args) {
        // SAFETY: the argument is a state of this aggregate.
        match unsafe { state::get_mut::<State>(&args, 0) } {
            Some(state) => result::varlena(&state.sketch().to_partial()),
            None => result::null(&args),
        }
    }

    /// Bytes to state.
    fn rct_sketch_deserial, pg_finfo_rct_sketch_deserial(args) {
        match args.bytes(0) {
            Some(bytes) => {
                let part = or_raise(Sketch::from_partial(bytes, &settings::budget()));
                state::put(&args, State { builder: Builder::continued(part) })
            }
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

/// A stored sketch that may be NULL, of which nothing can be said but that.
pub fn present(sketch: Option<&[u8]>) -> Option<Sketch> {
    if sketch.is_none() {
        notice(
            "the sketch is NULL, so there is no result",
            "A sketch of no rows is NULL: check the WHERE clause of the query that makes it.",
        );
    }
    sketch.map(read)
}

/// An outcome of a sketch, by name, and the covariates that are adjusted for.
pub fn view<'a>(sketch: &'a Sketch, outcome: Option<&str>, covariates: &Texts<'_>) -> View<'a> {
    let outcome = outcome.map(|name| short(name, "outcome"));
    let covariates = covariates.as_ref().map(|names| texts(names, "covariates"));
    or_raise(sketch.view(outcome, covariates.as_deref()))
}

/// The rows of an analysis of an outcome; a NULL sketch has none.
pub fn rows_of<R: 'static, E: Explain>(
    sketch: Option<&[u8]>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
    analysis: impl FnOnce(&View<'_>) -> Result<Vec<R>, E>,
) -> Rows<R> {
    Rows::new(present(sketch).map_or_else(Vec::new, |sketch| {
        or_raise(analysis(&view(&sketch, outcome, &covariates)))
    }))
}

/// The row of an analysis of an outcome; a NULL sketch has none.
pub fn row_of<R: 'static, E: Explain>(
    sketch: Option<&[u8]>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
    analysis: impl FnOnce(&View<'_>) -> Result<R, E>,
) -> Rows<R> {
    rows_of(sketch, outcome, covariates, |view| {
        analysis(view).map(|row| vec![row])
    })
}

/// What a stored sketch holds.
#[derive(Serialize)]
struct SketchInfo {
    version: i32,
    columns: String,
    outcomes: Vec<String>,
    covariates: Vec<String>,
    exposures: Vec<String>,
    #[serde(flatten)]
    info: Info,
    bytes: u64,
}

/// `sketch_info(sketch)`
#[pg_extern(sql = false)]
fn sketch_info(sketch: &[u8]) -> Rows<SketchInfo> {
    let stored = read(sketch);
    let columns = stored.columns();
    Rows::one(SketchInfo {
        version: i32::from(rct_core::sketch::WIRE_VERSION),
        columns: columns.to_string(),
        outcomes: columns.outcomes.iter().map(ToString::to_string).collect(),
        covariates: columns.covariates.clone(),
        exposures: columns.exposures.clone(),
        info: stored.info(),
        bytes: sketch.len() as u64,
    })
}

/// `cells(sketch, outcome)`
#[pg_extern(sql = false)]
fn cells(sketch: Option<&[u8]>, outcome: Option<&str>) -> Rows<CellSummary> {
    rows_of(sketch, outcome, None, |view| view.cell_summaries())
}
