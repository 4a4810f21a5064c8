//! Which unit gets which condition: hashes, and exact randomization of a roster.

use crate::pg::array::{
    Reals, Texts, complete, given, optional_texts, owned, owned_bytes, required, short, texts,
};
use crate::pg::error::{or_raise, raise};
use crate::pg::function::pg_functions;
use crate::pg::result;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::assignment::{self, AssignmentError, Rules, Slot, Weights};
use rct_core::finding::Finding;
use rct_core::pulse;

// Called for each row of a roster, therefore without boxing. The database is UTF-8, so the bytes are what is hashed.
pg_functions! {
    /// `bucket(salt, unit)`
    fn rct_bucket, pg_finfo_rct_bucket(args) {
        let number = match (args.bytes(0), args.bytes(1)) {
            (Some(salt), Some(unit)) => Some(assignment::bucket(salt, unit)),
            _ => None,
        };
        result::number(&args, number)
    }

    /// `in_rollout(salt, unit, fraction)`
    fn rct_in_rollout, pg_finfo_rct_in_rollout(args) {
        match (args.bytes(0), args.bytes(1), args.f64(2)) {
            (Some(salt), Some(unit), Some(fraction)) => {
                let fraction = or_raise(assignment::checked_fraction(fraction));
                result::boolean(assignment::in_rollout(salt, unit, fraction))
            }
            _ => result::null(&args),
        }
    }
}

/// Weights of conditions; none are equal ones.
fn weights_of(weights: &Reals<'_>) -> Option<Vec<f64>> {
    weights.as_ref().map(|w| complete(w, "weights"))
}

/// Strata of units; none are all the same.
fn strata_of<'a>(strata: &'a Texts<'_>) -> Option<Vec<Option<&'a str>>> {
    strata.as_ref().map(|s| optional_texts(s, "strata"))
}

/// `choose(salt, unit, conditions, weights, hash)`
#[pg_extern(sql = false)]
fn choose(
    salt: Option<&str>,
    unit: Option<&str>,
    conditions: Texts<'_>,
    weights: Reals<'_>,
    hash: Option<&str>,
) -> Option<String> {
    let hash = or_raise(assignment::hash_word(required(hash, "hash")));
    let conditions = texts(given(&conditions, "conditions"), "conditions");
    let weights = weights_of(&weights);
    let weights = or_raise(Weights::of(conditions.len(), weights.as_deref()));
    let (salt, unit) = (short(salt?, "salt"), short(unit?, "unit"));
    let index = assignment::choose(hash, salt, unit, &weights);
    conditions.get(index).map(|c| (*c).to_owned())
}

/// `randomize(units, conditions, weights, strata, seed, method)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn randomize(
    units: Texts<'_>,
    conditions: Texts<'_>,
    weights: Reals<'_>,
    strata: Texts<'_>,
    seed: Option<&str>,
    method: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(unit, String),
        name!(stratum, String),
        name!(block, i64),
        name!(slot, i64),
        name!(condition, String),
    ),
> {
    let units = texts(given(&units, "units"), "units");
    let conditions = texts(given(&conditions, "conditions"), "conditions");
    let weights = weights_of(&weights);
    let strata = strata_of(&strata);
    let rules = Rules {
        conditions: &conditions,
        weights: weights.as_deref(),
        seed: short(
            seed.unwrap_or_else(|| raise(AssignmentError::NoSeed)),
            "seed",
        ),
        method: or_raise(assignment::method(required(method, "method"))),
    };
    let placements = or_raise(assignment::randomize(&rules, &units, strata.as_deref()));
    // The rows outlive the arguments; conditions are few and shared.
    let conditions = owned(&conditions);
    pulse::room(owned_bytes(
        placements
            .iter()
            .flat_map(|p| [p.unit.len(), p.stratum.len()]),
    ));
    let mut rows = pulse::vector(placements.len());
    rows.extend(pulse::each(placements).map(|p| Row {
        unit: p.unit.to_owned(),
        stratum: p.stratum.to_owned(),
        slot: p.slot,
    }));
    TableIterator::new(rows.into_iter().map(move |row| {
        let condition = conditions.get(row.slot.condition);
        (
            row.unit,
            row.stratum,
            row.slot.block as i64,
            row.slot.slot as i64,
            condition.cloned().unwrap_or_default(),
        )
    }))
}

/// A row of a randomization, after its arguments are gone.
struct Row {
    unit: String,
    stratum: String,
    slot: Slot,
}

/// `lint_design(units, conditions, weights, strata, method, expected_strata)`
#[pg_extern(sql = false)]
fn lint_design(
    units: Texts<'_>,
    conditions: Texts<'_>,
    weights: Reals<'_>,
    strata: Texts<'_>,
    method: Option<&str>,
    expected_strata: Texts<'_>,
) -> Rows<Finding> {
    let units = texts(given(&units, "units"), "units");
    let conditions = texts(given(&conditions, "conditions"), "conditions");
    let weights = weights_of(&weights);
    let strata = strata_of(&strata);
    let expected = expected_strata
        .as_ref()
        .map_or_else(Vec::new, |e| texts(e, "expected_strata"));
    let rules = Rules {
        conditions: &conditions,
        weights: weights.as_deref(),
        seed: "",
        method: or_raise(assignment::method(required(method, "method"))),
    };
    Rows::new(or_raise(assignment::lint_design(
        &rules,
        &units,
        strata.as_deref(),
        &expected,
    )))
}

/// `_randomize_digests(units, conditions, weights, strata, seed, method)`
#[pg_extern(sql = false)]
fn randomize_digests(
    units: Texts<'_>,
    conditions: Texts<'_>,
    weights: Reals<'_>,
    strata: Texts<'_>,
    seed: Option<&str>,
    method: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(input_digest, pgrx::Uuid),
        name!(output_digest, pgrx::Uuid),
    ),
> {
    let units = texts(given(&units, "units"), "units");
    let conditions = texts(given(&conditions, "conditions"), "conditions");
    let weights = weights_of(&weights);
    let strata = strata_of(&strata);
    let rules = Rules {
        conditions: &conditions,
        weights: weights.as_deref(),
        seed: short(
            seed.unwrap_or_else(|| raise(AssignmentError::NoSeed)),
            "seed",
        ),
        method: or_raise(assignment::method(required(method, "method"))),
    };
    let placements = or_raise(assignment::randomize(&rules, &units, strata.as_deref()));
    let uuid = |digest: u128| pgrx::Uuid::from_bytes(digest.to_be_bytes());
    TableIterator::once((
        uuid(assignment::input_digest(&rules, &units, strata.as_deref())),
        uuid(assignment::output_digest(&conditions, &placements)),
    ))
}

/// `_next_slot(conditions, weights, seed, method, stratum, placed, taken)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn next_slot(
    conditions: Array<'_, &str>,
    weights: Array<'_, f64>,
    seed: &str,
    method: &str,
    stratum: &str,
    placed: i64,
    taken: i64,
) -> TableIterator<
    'static,
    (
        name!(block, i64),
        name!(slot, i64),
        name!(condition, String),
    ),
> {
    let conditions = texts(&conditions, "conditions");
    let weights = complete(&weights, "weights");
    let rules = Rules {
        conditions: &conditions,
        weights: Some(&weights),
        seed,
        method: or_raise(assignment::method(method)),
    };
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let slot = or_raise(assignment::next_slot(
        &rules,
        stratum,
        count(placed),
        count(taken),
    ));
    let condition = conditions.get(slot.condition).copied().unwrap_or_default();
    TableIterator::once((slot.block as i64, slot.slot as i64, condition.to_owned()))
}
