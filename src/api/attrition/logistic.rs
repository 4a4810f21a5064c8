//! Rows of a logistic regression, the aggregate that makes them, and the fit.

use crate::pg::args::Args;
use crate::pg::array::{complete, elements};
use crate::pg::error::{or_raise, raise};
use crate::pg::function::pg_functions;
use crate::pg::rows::Rows;
use crate::pg::{result, settings, state};
use pgrx::prelude::*;
use rct_core::attrition::{self, Logistic, LogisticFit};
use rct_core::error::Invalid;

/// State of the aggregate: the rows, and a buffer for the regressors of one.
struct State {
    rows: Logistic,
    regressors: Vec<Option<f64>>,
}

impl State {
    fn of(rows: Logistic) -> Self {
        State {
            rows,
            regressors: Vec::new(),
        }
    }

    fn new() -> Self {
        State::of(Logistic::new(&settings::budget()))
    }
}

fn read(bytes: &[u8]) -> Logistic {
    or_raise(Logistic::decode(bytes, &settings::budget()))
}

fn dimensions(count: i32) -> Invalid {
    Invalid::number(
        "regressors",
        "an array of one dimension",
        f64::from(count),
        "Write ARRAY[a, b, c].",
    )
}

/// `logistic_rows(outcome, regressors)`
fn add(args: &Args<'_>) -> pg_sys::Datum {
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, State::new) };
    state.regressors.clear();
    let complete: Option<Vec<f64>> = match args.numbers(2, &mut state.regressors) {
        Some(Err(count)) => raise(dimensions(count)),
        Some(Ok(())) => state.regressors.iter().copied().collect(),
        None => None,
    };
    or_raise(state.rows.add(args.f64(1), complete.as_deref()));
    state::pointer(state)
}

pg_functions! {
    /// Row.
    fn rct_logistic_add, pg_finfo_rct_logistic_add(args) { add(&args) }

    /// Merges the states of two workers.
    fn rct_logistic_combine, pg_finfo_rct_logistic_combine(args) {
        // SAFETY: both arguments are states of this aggregate.
        let Some(other) = (unsafe { state::get_mut::<State>(&args, 1) }) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        if args.datum(0).is_none() {
            // The right state is used this once, so its rows can move to the memory context of the group.
            return state::put(&args, std::mem::replace(other, State::new()));
        }
        // SAFETY: as above.
        let state = unsafe { state::get_or_init(&args, State::new) };
        or_raise(state.rows.merge(&other.rows));
        state::pointer(state)
    }

    /// State to bytes, for another process; also the result of the aggregate.
    fn rct_logistic_serial, pg_finfo_rct_logistic_serial(args) {
        // SAFETY: the argument is a state of this aggregate.
        match unsafe { state::get::<State>(&args, 0) } {
            Some(state) => result::varlena(&state.rows.encode()),
            None => result::null(&args),
        }
    }

    /// Bytes to state.
    fn rct_logistic_deserial, pg_finfo_rct_logistic_deserial(args) {
        args.bytes(0).map_or_else(|| result::null(&args), |bytes| state::put(&args, State::of(read(bytes))))
    }
}

/// `logistic(rows)`
#[pg_extern(sql = false)]
fn logistic(rows: &[u8]) -> Rows<LogisticFit> {
    Rows::one(read(rows).fit())
}

/// `logistic_predict(coefficients, regressors)`
#[pg_extern(sql = false)]
fn logistic_predict(coefficients: Array<'_, f64>, regressors: Array<'_, f64>) -> Option<f64> {
    if coefficients.len() != regressors.len() + 1 {
        raise(Invalid::number(
            "coefficients",
            "one more than regressors, the intercept first",
            coefficients.len() as f64,
            "Give the regressors in the order of the fit.",
        ));
    }
    let finite = |v: &f64| {
        if !v.is_finite() {
            raise(Invalid::number(
                "regressors",
                "finite",
                *v,
                "Give NULL where there is no value.",
            ));
        }
    };
    if regressors.iter().any(|value| value.is_none()) {
        return None;
    }
    let regressors = complete(&regressors, "regressors");
    regressors.iter().for_each(finite);
    attrition::logistic_predict(&elements(&coefficients), &regressors)
}
