//! The aggregates `first`, `last`, `median` and `reduce`.

use crate::pg::args::Args;
use crate::pg::error::or_raise;
use crate::pg::function::pg_functions;
use crate::pg::{result, settings, state};
use pgrx::pg_sys::Datum;
use rct_core::reduction::{Method, NumberReduction, ReductionError, TextReduction};

/// Where an aggregate takes time, tie-break and method from.
#[derive(Clone, Copy)]
enum Form {
    /// `first(value, at)`, `last(value, at)`
    Timed(Method),
    /// `first(value, at, tiebreak)`, `last(value, at, tiebreak)`
    TimedTie(Method),
    /// `median(value)`
    Median,
    /// `reduce(value, at, method)`
    ByWord,
    /// `reduce(value, method)`
    ByWordUntimed,
}

/// Method, time and tie-break of a row.
fn row(args: &Args<'_>, form: Form) -> Result<(Method, Option<i64>, i64), ReductionError> {
    match form {
        Form::Timed(method) => Ok((method, args.i64(2), 0)),
        Form::TimedTie(method) => Ok((
            method,
            args.i64(2),
            args.i64(3).ok_or(ReductionError::NullTiebreak)?,
        )),
        Form::Median => Ok((Method::Median, None, 0)),
        Form::ByWordUntimed => {
            let word = args.str(2, "method").ok_or(ReductionError::NullMethod)?;
            let method = Method::from_word(word)?;
            if method.needs_time() {
                Err(ReductionError::NeedsTime(method))
            } else {
                Ok((method, None, 0))
            }
        }
        Form::ByWord => {
            let word = args.str(3, "method").ok_or(ReductionError::NullMethod)?;
            Ok((Method::from_word(word)?, args.i64(2), 0))
        }
    }
}

fn same(ours: Method, method: Method) -> Result<(), ReductionError> {
    if ours == method {
        Ok(())
    } else {
        Err(ReductionError::MethodChanged(ours, method))
    }
}

#[inline(always)]
fn add_number(args: &Args<'_>, form: Form) -> Datum {
    let Some(value) = args.f64(1) else {
        return args.datum(0).unwrap_or_else(|| result::null(args));
    };
    let (method, at, tie) = or_raise(row(args, form));
    let init = || or_raise(NumberReduction::new(method, &settings::budget()));
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, init) };
    or_raise(same(state.method(), method));
    or_raise(state.add(value, at, tie));
    state::pointer(state)
}

#[inline(always)]
fn add_text(args: &Args<'_>, form: Form) -> Datum {
    let Some(value) = args.str(1, "value") else {
        return args.datum(0).unwrap_or_else(|| result::null(args));
    };
    let (method, at, tie) = or_raise(row(args, form));
    let init = || or_raise(TextReduction::new(method, &settings::budget()));
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, init) };
    or_raise(same(state.method(), method));
    or_raise(state.add(value, at, tie));
    state::pointer(state)
}

pg_functions! {
    /// Row of `first(value, at)`.
    fn rct_first_number, pg_finfo_rct_first_number(args) { add_number(&args, Form::Timed(Method::First)) }

    /// Row of `last(value, at)`.
    fn rct_last_number, pg_finfo_rct_last_number(args) { add_number(&args, Form::Timed(Method::Last)) }

    /// Row of `first(value, at, tiebreak)`.
    fn rct_first_number_tie, pg_finfo_rct_first_number_tie(args) { add_number(&args, Form::TimedTie(Method::First)) }

    /// Row of `last(value, at, tiebreak)`.
    fn rct_last_number_tie, pg_finfo_rct_last_number_tie(args) { add_number(&args, Form::TimedTie(Method::Last)) }

    /// Row of `median(value)`.
    fn rct_median_number, pg_finfo_rct_median_number(args) { add_number(&args, Form::Median) }

    /// Row of `reduce(value, at, method)`.
    fn rct_reduce_number, pg_finfo_rct_reduce_number(args) { add_number(&args, Form::ByWord) }

    /// Row of `reduce(value, method)`.
    fn rct_reduce_number_untimed, pg_finfo_rct_reduce_number_untimed(args) { add_number(&args, Form::ByWordUntimed) }

    /// Row of `reduce(value, method)` for text.
    fn rct_reduce_text_untimed, pg_finfo_rct_reduce_text_untimed(args) { add_text(&args, Form::ByWordUntimed) }

    /// Row of `first(value, at)` for text.
    fn rct_first_text, pg_finfo_rct_first_text(args) { add_text(&args, Form::Timed(Method::First)) }

    /// Row of `last(value, at)` for text.
    fn rct_last_text, pg_finfo_rct_last_text(args) { add_text(&args, Form::Timed(Method::Last)) }

    /// Row of `first(value, at, tiebreak)` for text.
    fn rct_first_text_tie, pg_finfo_rct_first_text_tie(args) { add_text(&args, Form::TimedTie(Method::First)) }

    /// Row of `last(value, at, tiebreak)` for text.
    fn rct_last_text_tie, pg_finfo_rct_last_text_tie(args) { add_text(&args, Form::TimedTie(Method::Last)) }

    /// Row of `reduce(value, at, method)` for text.
    fn rct_reduce_text, pg_finfo_rct_reduce_text(args) { add_text(&args, Form::ByWord) }

    /// Merges the states of two workers.
    fn rct_number_combine, pg_finfo_rct_number_combine(args) {
        // SAFETY: both arguments are states of a reduction of numbers.
        let Some(other) = (unsafe { state::get::<NumberReduction>(&args, 1) }) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        let copy = or_raise(NumberReduction::decode(&other.encode(), &settings::budget()));
        let init = || or_raise(NumberReduction::new(other.method(), &settings::budget()));
        // SAFETY: as above.
        let state = unsafe { state::get_or_init(&args, init) };
        or_raise(state.merge(copy));
        state::pointer(state)
    }

    /// State to bytes.
    fn rct_number_serial, pg_finfo_rct_number_serial(args) {
        // SAFETY: the argument is a state of a reduction of numbers.
        match unsafe { state::get::<NumberReduction>(&args, 0) } {
            Some(state) => result::varlena(&state.encode()),
            None => result::null(&args),
        }
    }

    /// Bytes to state.
    fn rct_number_deserial, pg_finfo_rct_number_deserial(args) {
        match args.bytes(0) {
            Some(bytes) => state::put(&args, or_raise(NumberReduction::decode(bytes, &settings::budget()))),
            None => result::null(&args),
        }
    }

    /// Result.
    fn rct_number_final, pg_finfo_rct_number_final(args) {
        // SAFETY: the argument is a state of a reduction of numbers.
        let state = unsafe { state::get::<NumberReduction>(&args, 0) };
        result::number(&args, state.and_then(NumberReduction::finish))
    }

    /// Merges the states of two workers.
    fn rct_text_combine, pg_finfo_rct_text_combine(args) {
        // SAFETY: both arguments are states of a reduction of text.
        let Some(other) = (unsafe { state::get::<TextReduction>(&args, 1) }) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        let copy = or_raise(TextReduction::decode(&other.encode(), &settings::budget()));
        let init = || or_raise(TextReduction::new(other.method(), &settings::budget()));
        // SAFETY: as above.
        let state = unsafe { state::get_or_init(&args, init) };
        or_raise(state.merge(copy));
        state::pointer(state)
    }

    /// State to bytes.
    fn rct_text_serial, pg_finfo_rct_text_serial(args) {
        // SAFETY: the argument is a state of a reduction of text.
        match unsafe { state::get::<TextReduction>(&args, 0) } {
            Some(state) => result::varlena(&state.encode()),
            None => result::null(&args),
        }
    }

    /// Bytes to state.
    fn rct_text_deserial, pg_finfo_rct_text_deserial(args) {
        match args.bytes(0) {
            Some(bytes) => state::put(&args, or_raise(TextReduction::decode(bytes, &settings::budget()))),
            None => result::null(&args),
        }
    }

    /// Result.
    fn rct_text_final, pg_finfo_rct_text_final(args) {
        // SAFETY: the argument is a state of a reduction of text.
        match unsafe { state::get::<TextReduction>(&args, 0) }.and_then(TextReduction::finish) {
            Some(text) => result::varlena(text.as_bytes()),
            None => result::null(&args),
        }
    }
}
