//! Which unit gets which condition: hashes, and exact randomization of a roster.

use super::effect::required;
use crate::pg::error::{or_raise, raise};
use crate::pg::function::pg_functions;
use crate::pg::result;
use pgrx::prelude::*;
use rct_core::assignment::{self, AssignmentError, Rules, Weights};

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

/// An array none of whose elements may be NULL.
pub fn complete<T>(array: Vec<Option<T>>, argument: &'static str) -> Vec<T> {
    let element = |(i, value): (usize, Option<T>)| {
        value.unwrap_or_else(|| {
            raise(AssignmentError::NullElement {
                argument,
                position: i + 1,
            })
        })
    };
    array.into_iter().enumerate().map(element).collect()
}

fn texts(array: &[String]) -> Vec<&str> {
    array.iter().map(String::as_str).collect()
}

/// `choose(salt, unit, conditions, weights, hash)`
#[pg_extern(sql = false)]
fn choose(
    salt: Option<&str>,
    unit: Option<&str>,
    conditions: Option<Vec<Option<String>>>,
    weights: Option<Vec<Option<f64>>>,
    hash: Option<&str>,
) -> Option<String> {
    let hash = or_raise(assignment::hash_word(required(hash, "hash")));
    let mut conditions = complete(required(conditions, "conditions"), "conditions");
    let weights = weights.map(|w| complete(w, "weights"));
    let weights = or_raise(Weights::of(conditions.len(), weights.as_deref()));
    let index = assignment::choose(hash, salt?, unit?, &weights);
    (index < conditions.len()).then(|| conditions.swap_remove(index))
}

/// `randomize(units, conditions, weights, strata, seed, method)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn randomize(
    units: Option<Vec<Option<String>>>,
    conditions: Option<Vec<Option<String>>>,
    weights: Option<Vec<Option<f64>>>,
    strata: Option<Vec<Option<String>>>,
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
    let units = complete(required(units, "units"), "units");
    let conditions = complete(required(conditions, "conditions"), "conditions");
    let weights = weights.map(|w| complete(w, "weights"));
    let strata: Option<Vec<Option<&str>>> = strata
        .as_ref()
        .map(|s| s.iter().map(Option::as_deref).collect());
    let codes = texts(&conditions);
    let rules = Rules {
        conditions: &codes,
        weights: weights.as_deref(),
        seed: seed.unwrap_or_else(|| raise(AssignmentError::NoSeed)),
        method: or_raise(assignment::method(required(method, "method"))),
    };
    let placements = or_raise(assignment::randomize(
        &rules,
        &texts(&units),
        strata.as_deref(),
    ));
    let rows: Vec<_> = placements
        .into_iter()
        .map(|p| {
            let condition = codes.get(p.slot.condition).copied().unwrap_or_default();
            (
                p.unit.to_owned(),
                p.stratum.to_owned(),
                p.slot.block as i64,
                p.slot.slot as i64,
                condition.to_owned(),
            )
        })
        .collect();
    TableIterator::new(rows)
}

/// `lint_design(units, conditions, weights, strata, method, expected_strata)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn lint_design(
    units: Option<Vec<Option<String>>>,
    conditions: Option<Vec<Option<String>>>,
    weights: Option<Vec<Option<f64>>>,
    strata: Option<Vec<Option<String>>>,
    method: Option<&str>,
    expected_strata: Option<Vec<Option<String>>>,
) -> TableIterator<
    'static,
    (
        name!(severity, String),
        name!(stratum, Option<String>),
        name!(problem, String),
        name!(hint, String),
    ),
> {
    let units = complete(required(units, "units"), "units");
    let conditions = complete(required(conditions, "conditions"), "conditions");
    let weights = weights.map(|w| complete(w, "weights"));
    let strata: Option<Vec<Option<&str>>> = strata
        .as_ref()
        .map(|s| s.iter().map(Option::as_deref).collect());
    let expected = complete(expected_strata.unwrap_or_default(), "expected_strata");
    let codes = texts(&conditions);
    let rules = Rules {
        conditions: &codes,
        weights: weights.as_deref(),
        seed: "",
        method: or_raise(assignment::method(required(method, "method"))),
    };
    let findings = or_raise(assignment::lint_design(
        &rules,
        &texts(&units),
        strata.as_deref(),
        &texts(&expected),
    ));
    TableIterator::new(findings.into_iter().map(|f| {
        (
            f.severity.word().to_owned(),
            f.stratum,
            f.problem,
            f.hint.to_owned(),
        )
    }))
}

/// `_randomize_digests(units, conditions, weights, strata, seed, method)`
#[pg_extern(sql = false)]
fn randomize_digests(
    units: Option<Vec<Option<String>>>,
    conditions: Option<Vec<Option<String>>>,
    weights: Option<Vec<Option<f64>>>,
    strata: Option<Vec<Option<String>>>,
    seed: Option<&str>,
    method: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(input_digest, pgrx::Uuid),
        name!(output_digest, pgrx::Uuid),
    ),
> {
    let units = complete(required(units, "units"), "units");
    let conditions = complete(required(conditions, "conditions"), "conditions");
    let weights = weights.map(|w| complete(w, "weights"));
    let strata: Option<Vec<Option<&str>>> = strata
        .as_ref()
        .map(|s| s.iter().map(Option::as_deref).collect());
    let (codes, ids) = (texts(&conditions), texts(&units));
    let rules = Rules {
        conditions: &codes,
        weights: weights.as_deref(),
        seed: seed.unwrap_or_else(|| raise(AssignmentError::NoSeed)),
        method: or_raise(assignment::method(required(method, "method"))),
    };
    let placements = or_raise(assignment::randomize(&rules, &ids, strata.as_deref()));
    let uuid = |digest: u128| pgrx::Uuid::from_bytes(digest.to_be_bytes());
    TableIterator::once((
        uuid(assignment::input_digest(&rules, &ids, strata.as_deref())),
        uuid(assignment::output_digest(&codes, &placements)),
    ))
}

/// `_next_slot(conditions, weights, seed, method, stratum, placed, taken)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn next_slot(
    conditions: Vec<Option<String>>,
    weights: Vec<Option<f64>>,
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
    let conditions = complete(conditions, "conditions");
    let weights = complete(weights, "weights");
    let codes = texts(&conditions);
    let rules = Rules {
        conditions: &codes,
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
    let condition = codes.get(slot.condition).copied().unwrap_or_default();
    TableIterator::once((slot.block as i64, slot.slot as i64, condition.to_owned()))
}
