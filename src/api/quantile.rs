//! Distributions, the aggregates that make and merge them, and effects on quantiles.

use crate::pg::args::Args;
use crate::pg::array::{Reals, complete, given, required};
use crate::pg::error::or_raise;
use crate::pg::function::pg_functions;
use crate::pg::rows::Rows;
use crate::pg::{result, settings, state};
use pgrx::prelude::*;
use rct_core::effect::{self, Distribution, QuantileEffect};
use rct_core::sketch::Key;

fn new() -> Distribution {
    Distribution::new(&settings::budget())
}

/// A stored distribution, as an argument of a function.
pub fn read(bytes: &[u8]) -> Distribution {
    or_raise(Distribution::decode(bytes, &settings::budget()))
}

/// `distribution(outcome, condition, cluster)`
#[inline(always)]
fn add(args: &Args<'_>, cluster: Option<Key>) -> pg_sys::Datum {
    // SAFETY: argument 0 is the state of this aggregate.
    let state = unsafe { state::get_or_init(args, new) };
    or_raise(state.add(args.f64(1), args.bytes(2), cluster));
    state::pointer(state)
}

pg_functions! {
    /// Row with the cluster as text.
    fn rct_distribution_add_t, pg_finfo_rct_distribution_add_t(args) { add(&args, args.bytes(3).map(Key::of_text)) }

    /// Row with the cluster as bigint.
    fn rct_distribution_add_b, pg_finfo_rct_distribution_add_b(args) { add(&args, args.i64(3).map(Key::of_bigint)) }

    /// Row with the cluster as uuid.
    fn rct_distribution_add_u, pg_finfo_rct_distribution_add_u(args) { add(&args, args.uuid(3).as_ref().map(Key::of_uuid)) }

    /// Row of `rollup`: a stored distribution.
    fn rct_distribution_merge, pg_finfo_rct_distribution_merge(args) {
        let Some(bytes) = args.bytes(1) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        let part = read(bytes);
        // SAFETY: argument 0 is the state of this aggregate.
        let state = unsafe { state::get_or_init(&args, new) };
        or_raise(state.merge(&part));
        state::pointer(state)
    }

    /// Merges the states of two workers.
    fn rct_distribution_combine, pg_finfo_rct_distribution_combine(args) {
        // SAFETY: both arguments are states of this aggregate.
        let Some(other) = (unsafe { state::get_mut::<Distribution>(&args, 1) }) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        if args.datum(0).is_none() {
            // The right state is used this once, so its rows can move to the memory context of the group.
            return state::put(&args, std::mem::replace(other, new()));
        }
        // SAFETY: as above.
        let state = unsafe { state::get_or_init(&args, new) };
        or_raise(state.merge(other));
        state::pointer(state)
    }

    /// State to bytes, for another process; also the result of the aggregates.
    fn rct_distribution_serial, pg_finfo_rct_distribution_serial(args) {
        // SAFETY: the argument is a state of this aggregate.
        match unsafe { state::get_mut::<Distribution>(&args, 0) } {
            Some(state) => result::varlena(&state.encode()),
            None => result::null(&args),
        }
    }

    /// Bytes to state.
    fn rct_distribution_deserial, pg_finfo_rct_distribution_deserial(args) {
        args.bytes(0).map_or_else(|| result::null(&args), |bytes| state::put(&args, read(bytes)))
    }
}

/// `quantile_effects(distribution, control, probabilities, level)`
#[pg_extern(sql = false)]
fn quantile_effects(
    distribution: Option<&[u8]>,
    control: Option<&str>,
    probabilities: Reals<'_>,
    level: Option<f64>,
) -> Rows<QuantileEffect> {
    let control = required(control, "control");
    let probabilities = complete(given(&probabilities, "probabilities"), "probabilities");
    let level = required(level, "level");
    let rows = distribution.map(|bytes| {
        or_raise(effect::quantile_effects(
            &mut read(bytes),
            control,
            &probabilities,
            level,
        ))
    });
    Rows::new(rows.into_iter().flatten())
}
