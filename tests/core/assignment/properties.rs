//! What holds for any weights, units and strata. Proptest prints the seed and the smallest failing case.

use proptest::prelude::*;
use rct_core::assignment::{
    Algorithm, Hash, Order, Placement, Purpose, QUEUE_LENGTH, Rules, Weights, bucket, choose, draw,
    in_range, in_rollout, in_share, input_digest, lint_design, next_slot, output_digest,
    pool_index, queue, randomize, rotated,
};
use rct_core::note::Severity;
use std::collections::{BTreeMap, BTreeSet};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z0-9_-]{1,12}",
        "\\PC{0,8}",
        "[a-c]{200,260}",
    ]
}

fn any_weights() -> impl Strategy<Value = Vec<f64>> {
    let weight = prop_oneof![
        4 => (0u32..20).prop_map(f64::from),
        3 => 0.0..100.0f64,
        1 => Just(1e-300),
        1 => Just(1.7e308),
    ];
    prop::collection::vec(weight, 1..8)
        .prop_filter("all weights are 0", |w| w.iter().any(|w| *w > 0.0))
}

const CODES: [&str; 8] = ["control", "hints", "ä", "🦉", "", "x", "y", "z"];

#[derive(Debug, Clone)]
struct Roster {
    units: Vec<String>,
    strata: Vec<Option<String>>,
    weights: Vec<f64>,
    method: Algorithm,
    seed: String,
}

impl Roster {
    fn rules(&self) -> Rules<'_> {
        Rules {
            conditions: &CODES[..self.weights.len()],
            weights: Some(&self.weights),
            seed: &self.seed,
            method: self.method,
        }
    }

    fn units(&self) -> Vec<&str> {
        self.units.iter().map(String::as_str).collect()
    }

    fn strata(&self) -> Vec<Option<&str>> {
        self.strata.iter().map(Option::as_deref).collect()
    }

    fn placed<'a>(&self, units: &[&'a str], strata: &[Option<&'a str>]) -> Vec<Placement<'a>> {
        randomize(&self.rules(), units, Some(strata)).unwrap()
    }
}

fn roster() -> impl Strategy<Value = Roster> {
    let units = prop::collection::btree_set(text(), 0..60);
    let stratum = prop::option::weighted(0.9, prop::sample::select(vec!["north", "süd", ""]));
    let method = prop::sample::select(vec![Algorithm::Blocks, Algorithm::Complete]);
    let weights = any_weights().prop_filter("one condition", |w| w.len() > 1);
    (units, weights, method, text()).prop_flat_map(move |(units, weights, method, seed)| {
        let units: Vec<String> = units.into_iter().collect();
        let strata = prop::collection::vec(stratum.clone(), units.len());
        strata.prop_map(move |strata| Roster {
            units: units.clone(),
            strata: strata.into_iter().map(|s| s.map(str::to_owned)).collect(),
            weights: weights.clone(),
            method,
            seed: seed.clone(),
        })
    })
}

fn counts(placed: &[Placement<'_>], conditions: usize) -> BTreeMap<String, Vec<u64>> {
    let mut counts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for p in placed {
        let of = counts.entry(p.stratum.to_owned());
        of.or_insert_with(|| vec![0; conditions])[p.slot.condition] += 1;
    }
    counts
}

/// Within one of the share, and without a better distribution of what is left.
fn largest_remainder(counts: &[u64], weights: &Weights) -> bool {
    let n: u64 = counts.iter().sum();
    let total = u128::from(weights.total());
    let due: Vec<u128> = weights
        .parts()
        .iter()
        .map(|p| u128::from(n) * u128::from(*p))
        .collect();
    let extra = |i: usize| u128::from(counts[i]).checked_sub(due[i] / total);
    let lucky = (0..counts.len())
        .filter(|i| extra(*i) == Some(1))
        .map(|i| due[i] % total)
        .min();
    let unlucky = (0..counts.len())
        .filter(|i| extra(*i) == Some(0))
        .map(|i| due[i] % total)
        .max();
    (0..counts.len()).all(|i| extra(i).is_some_and(|e| e <= 1))
        && lucky.zip(unlucky).is_none_or(|(l, u)| l >= u)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn draws_depend_on_where_a_field_ends(a in text(), b in text(), cut in any::<prop::sample::Index>()) {
        let whole = format!("{a}{b}");
        let mut cuts: Vec<usize> = whole.char_indices().map(|(i, _)| i).collect();
        cuts.push(whole.len());
        let (c, d) = whole.split_at(cuts[cut.index(cuts.len())]);
        let same = (a.as_str(), b.as_str()) == (c, d);
        let draw_of = |salt, unit| draw(Hash::Xxh3, Purpose::Condition, salt, unit);
        prop_assert_eq!(draw_of(&a, &b) == draw_of(c, d), same);
        prop_assert_ne!(draw_of(&a, &b), draw(Hash::Xxh3, Purpose::Rollout, &a, &b));
        prop_assert!((0.0..1.0).contains(&bucket(&a, &b)));
    }

    #[test]
    fn weight_zero_is_never_chosen(weights in any_weights(), salt in text(), unit in text()) {
        let checked = Weights::new(&weights).unwrap();
        prop_assert!(weights[choose(Hash::Xxh3, &salt, &unit, &checked)] > 0.0);
        for number in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            prop_assert!(weights[checked.index(number)] > 0.0);
        }
        prop_assert!(choose(Hash::Upgrade, &salt, &unit, &checked) < weights.len());
    }

    #[test]
    fn only_the_ratio_of_weights_counts(weights in any_weights(), power in -20..20i32, draw in any::<u64>()) {
        let scaled: Vec<f64> = weights.iter().map(|w| w * 2f64.powi(power)).collect();
        prop_assume!(scaled.iter().all(|w| w.is_finite()));
        prop_assume!(weights.iter().zip(&scaled).all(|(w, s)| s / 2f64.powi(power) == *w));
        let (a, b) = (Weights::new(&weights).unwrap(), Weights::new(&scaled).unwrap());
        prop_assert_eq!(a.parts(), b.parts());
        prop_assert_eq!(a.index(draw), b.index(draw));
    }

    #[test]
    fn whole_numbers_are_recognized(parts in prop::collection::vec(0u64..10, 1..8), factor in 0.001..1000.0f64) {
        prop_assume!(parts.iter().any(|p| *p > 0));
        let weights: Vec<f64> = parts.iter().map(|p| *p as f64 * factor).collect();
        let checked = Weights::new(&weights).unwrap();
        let divisor = parts.iter().fold(0, |a, b| gcd(a, *b));
        let smallest: Vec<u64> = parts.iter().map(|p| p / divisor).collect();
        prop_assert_eq!(checked.parts(), &smallest[..]);
        prop_assert_eq!(checked.block(), Some(smallest.iter().sum()));
    }

    #[test]
    fn a_rollout_only_grows(salt in text(), unit in text(), a in 0.0..=1.0f64, b in 0.0..=1.0f64) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(!in_rollout(&salt, &unit, low) || in_rollout(&salt, &unit, high));
        prop_assert!(!in_rollout(&salt, &unit, 0.0));
        prop_assert!(in_rollout(&salt, &unit, 1.0));
        prop_assert!(!in_share(Purpose::Holdout, &salt, &unit, f64::NAN));
        // Ranges that touch leave nobody out and take nobody twice.
        let ranges = [(0.0, low), (low, high), (high, 1.0)];
        prop_assert_eq!(ranges.iter().filter(|(f, t)| in_range(&salt, &unit, *f, *t)).count(), 1);
    }

    #[test]
    fn leaving_a_pool_moves_its_own_users_only(user in text(), keys in prop::collection::btree_set("[a-z]{1,6}", 2..8), gone in any::<prop::sample::Index>()) {
        let keys: Vec<String> = keys.into_iter().collect();
        let before = &keys[pool_index(Hash::Xxh3, &user, &keys)];
        let gone = gone.index(keys.len());
        let left: Vec<&String> = keys.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, k)| k).collect();
        let after = left[pool_index(Hash::Xxh3, &user, &left)];
        prop_assert!(after == before || *before == keys[gone]);
        prop_assert!(pool_index(Hash::Upgrade, &user, &keys) < keys.len());
        prop_assert_eq!(pool_index::<&str>(Hash::Xxh3, &user, &[]), 0);
        prop_assert_eq!(pool_index::<&str>(Hash::Upgrade, &user, &[]), 0);
    }

    #[test]
    fn rounds_have_every_condition_once(salt in text(), user in text(), k in 0usize..12, count in any::<u64>(), upgrade in any::<bool>()) {
        let hash = if upgrade { Hash::Upgrade } else { Hash::Xxh3 };
        for order in Order::ALL {
            let queue = queue(hash, *order, &salt, &user, k, QUEUE_LENGTH);
            prop_assert!(queue.iter().all(|c| *c < k));
            if *order != Order::Random && k > 0 {
                for round in queue.chunks(k) {
                    prop_assert_eq!(round.iter().collect::<BTreeSet<_>>().len(), k);
                }
            }
            let turned = rotated(queue.clone(), count);
            if !queue.is_empty() {
                prop_assert_eq!(turned[0], queue[(count % queue.len() as u64) as usize]);
            }
        }
    }

    #[test]
    fn counts_are_exact(roster in roster()) {
        let (units, strata) = (roster.units(), roster.strata());
        let placed = roster.placed(&units, &strata);
        let weights = Weights::new(&roster.weights).unwrap();
        prop_assert_eq!(placed.len(), units.len());
        for (stratum, counts) in counts(&placed, weights.len()) {
            prop_assert!(largest_remainder(&counts, &weights), "{stratum}: {counts:?} for {:?}", roster.weights);
        }
        // Whole blocks are exact, too.
        if let (Algorithm::Blocks, Some(size)) = (roster.method, weights.block()) {
            let mut blocks: BTreeMap<(&str, u64), Vec<u64>> = BTreeMap::new();
            for p in &placed {
                blocks.entry((p.stratum, p.slot.block)).or_insert_with(|| vec![0; weights.len()])[p.slot.condition] += 1;
            }
            for counts in blocks.values().filter(|c| c.iter().sum::<u64>() == size) {
                prop_assert_eq!(&counts[..], weights.parts());
            }
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter(roster in roster(), shift in any::<prop::sample::Index>(), reverse in any::<bool>()) {
        let (units, strata) = (roster.units(), roster.strata());
        let mut rows: Vec<_> = units.iter().copied().zip(strata.iter().copied()).collect();
        if !rows.is_empty() {
            let by = shift.index(rows.len());
            rows.rotate_left(by);
        }
        if reverse {
            rows.reverse();
        }
        let (other_units, other_strata): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let (a, b) = (roster.placed(&units, &strata), roster.placed(&other_units, &other_strata));
        prop_assert_eq!(&a, &b);
        let rules = roster.rules();
        prop_assert_eq!(input_digest(&rules, &units, Some(&strata)), input_digest(&rules, &other_units, Some(&other_strata)));
        prop_assert_eq!(output_digest(rules.conditions, &a), output_digest(rules.conditions, &b));
    }

    #[test]
    fn late_units_continue_the_sequence(roster in roster(), base in 0u64..40, late in 0u64..250) {
        let rules = roster.rules();
        let weights = Weights::new(&roster.weights).unwrap();
        // The first are those of the randomization itself.
        let units: Vec<String> = (0..base).map(|i| i.to_string()).collect();
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        let strata = vec![Some("north"); units.len()];
        let mut slots: Vec<_> = roster.placed(&units, &strata).iter().map(|p| p.slot).collect();
        slots.extend((base..base + late).map(|taken| next_slot(&rules, "north", base, taken).unwrap()));
        prop_assert_eq!(next_slot(&rules, "north", base, 0), next_slot(&rules, "north", base, base));
        for (i, slot) in slots.iter().enumerate() {
            prop_assert_eq!(slot.slot, i as u64 + 1);
            prop_assert!(roster.weights[slot.condition] > 0.0);
        }
        prop_assert!(slots.windows(2).all(|w| w[0].block <= w[1].block && w[1].block <= w[0].block + 1));
        // Every block that is full has exact counts.
        if let (Algorithm::Blocks, Some(size)) = (roster.method, weights.block()) {
            for block in slots.chunks_exact(size as usize) {
                let mut counts = vec![0; weights.len()];
                block.iter().for_each(|s| counts[s.condition] += 1);
                prop_assert_eq!(&counts[..], weights.parts());
            }
        }
    }

    #[test]
    fn pairs_are_split(pairs in 0usize..20, seed in text(), late in any::<bool>()) {
        let units: Vec<String> = (0..2 * pairs).map(|i| format!("u{i}")).collect();
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        let names: Vec<String> = (0..2 * pairs).map(|i| format!("p{}", i / 2)).collect();
        let strata: Vec<Option<&str>> = names.iter().map(|n| Some(n.as_str())).collect();
        let rules = Rules { conditions: &CODES[..2], weights: late.then_some(&[3.0, 3.0]), seed: &seed, method: Algorithm::Pairs };
        let placed = randomize(&rules, &units, Some(&strata)).unwrap();
        prop_assert!(counts(&placed, 2).values().all(|c| c == &[1, 1]));
    }

    #[test]
    fn lint_finds_what_is_refused(roster in roster(), twice in any::<bool>()) {
        let (mut units, mut strata) = (roster.units(), roster.strata());
        let twice = twice && !units.is_empty();
        if twice {
            units.push(units[0]);
            strata.push(Some("north"));
        }
        let findings = lint_design(&roster.rules(), &units, Some(&strata), &["north", "west"]).unwrap();
        let refused = randomize(&roster.rules(), &units, Some(&strata)).is_err();
        prop_assert_eq!(findings.iter().any(|f| f.severity == Severity::Error), refused);
        prop_assert_eq!(refused, twice);
        let empty = findings.iter().any(|f| f.place.as_deref() == Some("west") && f.code == "empty_stratum");
        prop_assert!(empty);
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
