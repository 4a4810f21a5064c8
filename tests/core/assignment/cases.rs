//! Frequencies over many units and seeds, and single cases: digests, errors, lint.

use rct_core::assignment::{
    Algorithm, AssignmentError, Hash, Rules, Weights, bucket, checked_fraction, choose, in_rollout,
    input_digest, lint_design, next_slot, output_digest, randomize,
};
use std::collections::{BTreeMap, BTreeSet};

const CODES: [&str; 3] = ["control", "hints", "ä"];

/// Each cell within five standard deviations of what it should be: one such test in a million fails by chance, and as
/// the draws are fixed, this one does not.
fn near(count: usize, n: usize, share: f64) -> bool {
    let sd = (n as f64 * share * (1.0 - share)).sqrt();
    (count as f64 - n as f64 * share).abs() <= 5.0 * sd
}

#[test]
fn weights_are_frequencies() {
    let n = 40_000;
    for given in [
        vec![1.0, 1.0],
        vec![10.0, 90.0],
        vec![1.0, 0.0, 3.0],
        vec![0.17, 0.414, 0.416],
        vec![1.0, 1.0, 1.0, 4.0],
    ] {
        let weights = Weights::new(&given).unwrap();
        let sum: f64 = given.iter().sum();
        let mut counts = vec![0; given.len()];
        let mut fractions = 0.0;
        for i in 0..n {
            let unit = format!("s-{i}");
            counts[choose(Hash::Xxh3, "hints", &unit, &weights)] += 1;
            fractions += bucket("hints", &unit);
        }
        for (count, weight) in counts.iter().zip(&given) {
            assert!(near(*count, n, weight / sum), "{given:?}: {counts:?}");
        }
        assert!((fractions / n as f64 - 0.5).abs() < 5.0 / (12.0 * n as f64).sqrt());
    }
}

#[test]
fn experiments_and_purposes_are_independent() {
    let n = 40_000;
    let even = Weights::equal(2).unwrap();
    let mut table = [[0; 2]; 2];
    let mut rollout = [[0; 2]; 2];
    for i in 0..n {
        let unit = i.to_string();
        let one = choose(Hash::Xxh3, "exp-1", &unit, &even);
        table[one][choose(Hash::Xxh3, "exp-2", &unit, &even)] += 1;
        rollout[one][usize::from(in_rollout("exp-1", &unit, 0.5))] += 1;
    }
    for count in table.iter().chain(&rollout).flatten() {
        assert!(near(*count, n, 0.25), "{table:?} {rollout:?}");
    }
}

#[test]
fn seeds_give_every_arrangement_alike() {
    // Four units in two conditions: six arrangements.
    let n = 12_000;
    let mut seen: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    for seed in 0..n {
        let seed = seed.to_string();
        let rules = Rules {
            conditions: &CODES[..2],
            weights: None,
            seed: &seed,
            method: Algorithm::Complete,
        };
        let mut placed = randomize(&rules, &["a", "b", "c", "d"], None).unwrap();
        placed.sort_by_key(|p| p.unit);
        *seen
            .entry(placed.iter().map(|p| p.slot.condition).collect())
            .or_default() += 1;
    }
    assert_eq!(seen.len(), 6);
    assert!(seen.values().all(|c| near(*c, n, 1.0 / 6.0)), "{seen:?}");
    // What is left over goes to each condition alike.
    let mut first = 0;
    for seed in 0..n {
        let seed = seed.to_string();
        let rules = Rules {
            conditions: &CODES[..2],
            weights: Some(&[1.0, 3.0]),
            seed: &seed,
            method: Algorithm::Blocks,
        };
        let placed = randomize(&rules, &["a", "b"], None).unwrap();
        first += placed.iter().filter(|p| p.slot.condition == 0).count();
    }
    assert!(near(first, n, 0.5), "{first}");
}

#[test]
fn digests_see_every_change() {
    let units = ["a", "b", "c"];
    let base = Rules {
        conditions: &CODES[..2],
        weights: None,
        seed: "s",
        method: Algorithm::Blocks,
    };
    let strata = [Some("n"), Some("n"), None];
    let changed = [
        input_digest(&base, &units, Some(&strata)),
        input_digest(&base, &units, None),
        input_digest(&base, &units[..2], None),
        input_digest(&Rules { seed: "t", ..base }, &units, Some(&strata)),
        input_digest(
            &Rules {
                method: Algorithm::Complete,
                ..base
            },
            &units,
            Some(&strata),
        ),
        input_digest(
            &Rules {
                weights: Some(&[1.0, 2.0]),
                ..base
            },
            &units,
            Some(&strata),
        ),
        input_digest(
            &Rules {
                conditions: &CODES[1..3],
                ..base
            },
            &units,
            Some(&strata),
        ),
    ];
    assert_eq!(changed.iter().collect::<BTreeSet<_>>().len(), changed.len());
    // NULL weights are equal ones, and a missing stratum is "unknown".
    assert_eq!(
        changed[0],
        input_digest(
            &Rules {
                weights: Some(&[1.0, 1.0]),
                ..base
            },
            &units,
            Some(&strata)
        )
    );
    let known = [Some("n"), Some("n"), Some("unknown")];
    assert_eq!(changed[0], input_digest(&base, &units, Some(&known)));
    let placed = randomize(&base, &units, Some(&strata)).unwrap();
    let mut other = placed.clone();
    other[0].slot.condition = 1 - other[0].slot.condition;
    assert_ne!(
        output_digest(base.conditions, &placed),
        output_digest(base.conditions, &other)
    );
}

#[test]
fn what_can_not_be_is_refused() {
    use AssignmentError::*;
    assert_eq!(Weights::new(&[]), Err(NoConditions));
    assert_eq!(Weights::equal(0), Err(NoConditions));
    assert_eq!(Weights::new(&[0.0, 0.0]), Err(AllWeightsZero));
    assert_eq!(
        Weights::new(&[1.0, -1.0]),
        Err(Weight {
            index: 1,
            value: -1.0
        })
    );
    assert!(matches!(
        Weights::new(&[f64::NAN]),
        Err(Weight { index: 0, .. })
    ));
    assert!(matches!(
        Weights::new(&[1.0, f64::INFINITY]),
        Err(Weight { index: 1, .. })
    ));
    assert_eq!(Weights::new(&[1.0; 1001]), Err(TooManyConditions(1001)));
    assert_eq!(Weights::equal(1001), Err(TooManyConditions(1001)));
    assert_eq!(
        Weights::of(2, Some(&[1.0])),
        Err(WeightCount {
            conditions: 2,
            weights: 1
        })
    );
    assert_eq!(checked_fraction(0.5), Ok(0.5));
    assert!(matches!(checked_fraction(f64::NAN), Err(Fraction(_))));
    assert_eq!(checked_fraction(1.5), Err(Fraction(1.5)));

    let rules = Rules {
        conditions: &["a", "b"],
        weights: None,
        seed: "",
        method: Algorithm::Blocks,
    };
    let pairs = Rules {
        method: Algorithm::Pairs,
        ..rules
    };
    let refused = |rules: &Rules<'_>, units: &[&str], strata: Option<&[Option<&str>]>| {
        randomize(rules, units, strata).unwrap_err()
    };
    assert_eq!(
        refused(
            &Rules {
                conditions: &["a"],
                ..rules
            },
            &[],
            None
        ),
        OneCondition(1)
    );
    assert_eq!(
        refused(
            &Rules {
                conditions: &["a", "a"],
                ..rules
            },
            &[],
            None
        ),
        DuplicateCondition("a".to_owned())
    );
    assert!(matches!(
        refused(
            &Rules {
                method: Algorithm::Hash,
                ..rules
            },
            &[],
            None
        ),
        UnknownWord { .. }
    ));
    assert_eq!(
        refused(&rules, &["u", "v", "u"], None),
        DuplicateUnit("u".to_owned())
    );
    assert_eq!(
        refused(&rules, &["u"], Some(&[])),
        StratumCount {
            units: 1,
            strata: 0
        }
    );
    assert_eq!(
        refused(
            &pairs,
            &["u", "v", "w"],
            Some(&[Some("p"), Some("p"), Some("q")])
        ),
        OddPair {
            pair: "q".to_owned(),
            units: 1
        }
    );
    assert_eq!(
        refused(&pairs, &["u", "v"], Some(&[Some("p"), None])),
        NoPair("v".to_owned())
    );
    assert_eq!(
        refused(
            &Rules {
                conditions: &["a", "b", "c"],
                ..pairs
            },
            &[],
            None
        ),
        PairConditions(3)
    );
    assert_eq!(
        refused(
            &Rules {
                weights: Some(&[1.0, 2.0]),
                ..pairs
            },
            &[],
            None
        ),
        PairWeights
    );
    assert!(matches!(
        next_slot(&rules, "", 0, u64::MAX),
        Err(TooManyUnits(_))
    ));
    assert!(matches!(
        next_slot(&rules, "", u64::MAX, 0),
        Err(TooManyUnits(_))
    ));
}

#[test]
fn lint_says_what_is_doubtful() {
    let rules = Rules {
        conditions: &["a", "b", "c"],
        weights: None,
        seed: "",
        method: Algorithm::Blocks,
    };
    let problems = |rules: &Rules<'_>, strata: &[Option<&str>], expected: &[&str]| -> Vec<String> {
        let units: Vec<String> = (0..strata.len()).map(|i| i.to_string()).collect();
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        let findings = lint_design(rules, &units, Some(strata), expected).unwrap();
        findings
            .iter()
            .map(|f| {
                format!(
                    "{} {} {}: {}",
                    f.severity.word(),
                    f.place.as_deref().unwrap_or("-"),
                    f.code,
                    f.detail
                )
            })
            .collect()
    };
    let sound = [Some("n"); 12];
    assert!(problems(&rules, &sound, &["n"]).is_empty());
    let mut poor = vec![Some("n"); 6];
    poor.extend([Some("s"), Some("w"), Some("w"), None]);
    assert_eq!(
        problems(&rules, &poor, &["o", "n"]),
        [
            "warning - too_many_strata: 10 units in 4 strata for 3 conditions",
            "warning o empty_stratum: no unit",
            "warning s single_condition: 1 unit can have only one condition",
            "warning unknown single_condition: 1 unit can have only one condition",
            "warning w small_stratum: 2 units for 3 conditions",
            "info - imbalance: condition \"a\" is expected to be 0.8 units away from its share of 3.3",
            "info unknown unknown_stratum: 1 unit without a stratum",
        ]
    );
    let uneven = Rules {
        conditions: &["a", "b"],
        weights: Some(&[1.0, 9.0]),
        ..rules
    };
    assert_eq!(
        problems(&uneven, &[Some("n"); 4], &[])[0],
        "warning n single_condition: 4 units can have only one condition"
    );
    let pairs = Rules {
        conditions: &["a", "b"],
        method: Algorithm::Pairs,
        ..rules
    };
    assert_eq!(
        problems(&pairs, &[Some("p"), Some("p"), Some("q"), None], &[]),
        [
            "error - no_pair: unit \"3\" has no pair",
            "error q odd_pair: 1 unit"
        ]
    );
}
