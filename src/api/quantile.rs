//! Distributions, the aggregates that make and merge them, and effects on quantiles.

use crate::pg::args::Args;
use crate::pg::array::{Reals, complete, given, required};
use crate::pg::call_site::{self, Type};
use crate::pg::error::{or_raise, raise};
use crate::pg::function::pg_functions;
use crate::pg::rows::Rows;
use crate::pg::{result, settings, state};
use pgrx::prelude::*;
use rct_core::effect::{self, Distribution, QuantileEffect, QuantileError};
use rct_core::sketch::{Cluster, Key};

fn new() -> Distribution {
    Distribution::new(&settings::budget())
}

/// A stored distribution, as an argument of a function.
pub fn read(bytes: &[u8]) -> Distribution {
    or_raise(Distribution::decode(bytes, &settings::budget()))
}

/// One place in a query that makes a distribution: what the arguments that may be of any type are.
struct Site {
    cluster: Type,
    stratum: Option<Type>,
}

impl Site {
    /// `distribution(outcome, condition, cluster, stratum)`, and without the last.
    fn of(args: &Args<'_>) -> Self {
        let key = |argument: &'static str, i: usize| {
            let kind = Type::of(args, i);
            if !kind.is_key() {
                let got = kind.name();
                raise(QuantileError::KeyType { argument, got });
            }
            kind
        };
        Site {
            cluster: key("cluster", 3),
            stratum: (call_site::count(args) > 4).then(|| key("stratum", 4)),
        }
    }

    /// Adds the row of a call.
    #[inline(always)]
    fn add(&mut self, args: &Args<'_>) -> pg_sys::Datum {
        // SAFETY: argument 0 is the state of this aggregate.
        let state = unsafe { state::get_or_init(args, new) };
        let cluster = self.cluster.key(args, 3).map(Cluster::key);
        let stratum = self.stratum.as_mut().and_then(|kind| kind.key(args, 4));
        let stratum = stratum.map_or(Key::NONE, Cluster::key);
        or_raise(state.add_within(stratum, args.f64(1), args.bytes(2), cluster));
        state::pointer(state)
    }
}

pg_functions! {
    /// Row of the forms with and without a stratum.
    fn rct_distribution_add, pg_finfo_rct_distribution_add(args) {
        // SAFETY: this function keeps nothing else.
        unsafe { call_site::kept(&args, || Site::of(&args)) }.add(&args)
    }

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
