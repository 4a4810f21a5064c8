//! Several tests, and several looks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use proptest::prelude::*;
use rct_core::error::Explain;
use rct_core::monitoring::*;
use rct_core::multiplicity::*;
use rct_core::random::{Purpose, Random};
use serde_json::Value;

fn reference(path: &str) -> Value {
    let path = format!("{}/../../tests/oracle/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap()
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap()
}

fn numbers(value: &Value, key: &str) -> Vec<f64> {
    let elements = list(value, key).iter();
    elements.map(|v| v.as_f64().unwrap()).collect()
}

#[track_caller]
fn near(got: f64, expected: f64, tolerance: f64, what: &str) {
    let scale = expected.abs().max(1e-300);
    assert!(
        (got - expected).abs() <= tolerance * scale,
        "{what}: {got} is not {expected}"
    );
}

fn looks(
    information: &[f64],
    alpha: f64,
    sided: i32,
    spending: &str,
    convention: Convention,
) -> Looks {
    Looks {
        information: information.to_vec(),
        alpha,
        sides: Sides::of(sided).unwrap(),
        spending: Spending::from_word(spending).unwrap(),
        convention,
        last: false,
    }
}

fn usual(information: &[f64], spending: &str) -> Looks {
    looks(information, 0.05, 2, spending, Convention::PerTail)
}

fn critical(looks: &Looks) -> Vec<f64> {
    let rows = sequential_bounds(looks, None).unwrap();
    rows.iter().map(|r| r.z.unwrap()).collect()
}

// Multiplicity

const METHODS: [(&str, &str); 6] = [
    ("holm", "holm"),
    ("hochberg", "hochberg"),
    ("hommel", "hommel"),
    ("bonferroni", "bonferroni"),
    ("BH", "bh"),
    ("BY", "by"),
];

fn method(word: &str) -> Method {
    Method::from_word("method", word).unwrap()
}

fn adjusted(p: &[f64], word: &str) -> Vec<f64> {
    let p: Vec<_> = p.iter().copied().map(Some).collect();
    let adjusted = p_adjust(&p, method(word)).unwrap();
    adjusted.into_iter().map(Option::unwrap).collect()
}

#[test]
fn adjusted_p_values_agree_with_r_and_statsmodels() {
    let tables = reference("tables/padjust.json");
    let outcomes = reference("s24_multi_outcome/reference.json");
    let mut compared = 0;
    let rows = list(&tables, "rows").iter();
    for row in rows.chain([&outcomes["extras"]["padjust_CR2"]]) {
        let p = numbers(row, "p");
        for (key, word) in METHODS {
            if row.get(key).is_none() {
                continue;
            }
            for (got, expected) in adjusted(&p, word).iter().zip(numbers(row, key)) {
                near(*got, expected, 1e-12, word);
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared} numbers compared");
}

#[test]
fn published_example_of_holm_and_benjamini_hochberg() {
    let p = [
        0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216,
    ];
    let bh = [
        0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.1057, 0.216, 0.216, 0.216,
    ];
    let holm = [
        0.01, 0.072, 0.312, 0.312, 0.312, 0.312, 0.312, 0.615, 0.615, 0.615,
    ];
    for (word, expected) in [("bh", bh), ("holm", holm)] {
        for (got, expected) in adjusted(&p, word).iter().zip(expected) {
            assert!(
                (got - expected).abs() < 5e-5,
                "{word}: {got} is not {expected}"
            );
        }
    }
}

#[test]
fn what_is_not_a_test_does_not_count() {
    let got = p_adjust(&[None, Some(0.02), None, Some(0.01)], Method::Holm).unwrap();
    assert_eq!(got, [None, Some(0.02), None, Some(0.02)]);
    assert_eq!(p_adjust(&[], Method::Hommel).unwrap(), []);
    assert_eq!(p_adjust(&[None], Method::By).unwrap(), [None]);
    for wrong in [-0.01, 1.01, f64::NAN, f64::INFINITY] {
        let error = p_adjust(&[Some(0.5), Some(wrong)], Method::Bh).unwrap_err();
        assert!(
            error
                .message()
                .starts_with("p must be p-values between 0 and 1, got ")
        );
    }
    assert_eq!(
        Method::from_word("method", "BH").unwrap_err().message(),
        "method must be one of \"holm\", \"hochberg\", \"hommel\", \"bonferroni\", \"bh\", \"by\", \"none\", got \"BH\""
    );
}

/// Closed testing written out: the largest Simes p-value of any set with test `i` in it.
fn closed_simes(p: &[f64], i: usize) -> f64 {
    let sets = (1usize..1 << p.len()).filter(|set| set >> i & 1 == 1);
    sets.map(|set| {
        let mut of: Vec<f64> = (0..p.len())
            .filter(|j| set >> j & 1 == 1)
            .map(|j| p[j])
            .collect();
        of.sort_by(f64::total_cmp);
        let size = of.len() as f64;
        let ranked = of.iter().enumerate();
        ranked.fold(f64::INFINITY, |least, (j, p)| {
            least.min(size * p / (j as f64 + 1.0))
        })
    })
    .fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn hommel_is_closed_testing_with_simes(p in prop::collection::vec(0.0f64..=1.0, 1..9)) {
        for (i, got) in adjusted(&p, "hommel").into_iter().enumerate() {
            let expected = closed_simes(&p, i).min(1.0);
            prop_assert!((got - expected).abs() <= 1e-14, "{got} is not {expected}");
        }
    }

    #[test]
    fn adjustment_keeps_order_and_methods_are_ordered(p in prop::collection::vec(0.0f64..=1.0, 1..40)) {
        let all: Vec<Vec<f64>> = ["none", "hommel", "hochberg", "holm", "bonferroni"].iter().map(|w| adjusted(&p, w)).collect();
        for i in 0..p.len() {
            for pair in all.windows(2) {
                prop_assert!(pair[0][i] <= pair[1][i] * (1.0 + 1e-14));
            }
            for j in 0..p.len() {
                for method in &all {
                    prop_assert!(p[i] > p[j] || method[i] <= method[j]);
                }
            }
        }
        let (bh, by) = (adjusted(&p, "bh"), adjusted(&p, "by"));
        prop_assert!(p.iter().zip(&bh).zip(&by).all(|((p, bh), by)| p <= bh && bh <= by));
    }

    #[test]
    fn adjustment_does_not_depend_on_the_order(p in prop::collection::vec(0.0f64..=1.0, 1..20)) {
        let reversed: Vec<f64> = p.iter().rev().copied().collect();
        for (_, word) in METHODS {
            let back: Vec<f64> = adjusted(&reversed, word).into_iter().rev().collect();
            prop_assert_eq!(adjusted(&p, word), back);
        }
    }
}

#[test]
fn each_role_is_a_family() {
    let roles = [
        "primary",
        "secondary",
        "guardrail",
        "secondary",
        "guardrail",
        "secondary",
        "exploratory",
        "exploratory",
    ];
    let p = [
        Some(0.04),
        Some(0.01),
        Some(0.03),
        Some(0.02),
        Some(0.04),
        None,
        Some(0.03),
        Some(0.04),
    ];
    let roles: Vec<String> = roles.map(str::to_owned).to_vec();
    let metrics: Vec<String> = (0..p.len()).map(|i| format!("m{i}")).collect();
    let rows = p_adjust_families(&metrics, &roles, &p, &Families::default(), 0.05).unwrap();
    let got: Vec<_> = rows
        .iter()
        .map(|r| (r.p_adjusted, r.family_size, r.rejected))
        .collect();
    let yes = Some(true);
    assert_eq!(
        got,
        [
            (Some(0.04), 1, yes),
            (Some(0.02), 2, yes),
            (Some(0.03), 2, yes),
            (Some(0.02), 2, yes),
            (Some(0.04), 2, yes),
            (None, 2, None),
            (Some(0.04), 2, yes),
            (Some(0.04), 2, yes),
        ]
    );
    assert!(
        rows[2].notes[0]
            .to_string()
            .starts_with("unadjusted: one of 2 tests")
    );
    assert!(rows[5].notes[0].to_string().starts_with("no_p_value: "));
    let other = Families::with(r#"{"secondary": "bonferroni", "guardrail": "holm"}"#).unwrap();
    let rows = p_adjust_families(&metrics, &roles, &p, &other, 0.05).unwrap();
    assert_eq!(rows[3].p_adjusted, Some(0.04));
    assert_eq!(
        (rows[4].p_adjusted, rows[4].rejected),
        (Some(0.06), Some(false))
    );
    for (methods, message) in [
        (
            "[1]",
            "methods must be a JSON object of roles and methods, got [1]",
        ),
        (
            r#"{"secondary": 1}"#,
            "methods must be a JSON object of roles and methods, got 1",
        ),
        (r#"{"secondary": "fdr"}"#, "methods must be one of"),
        (
            r#"{"secondary": "holm", "secondary": "bh"}"#,
            "methods: must have each key once, got \"secondary\" twice",
        ),
        (
            r#"{"secondary": 1e999}"#,
            "secondary: must be a number that a double can hold, got 1e999",
        ),
    ] {
        let error = Families::with(methods).unwrap_err().message();
        assert!(error.starts_with(message), "{error}");
    }
    let unknown = vec!["main".to_owned(); p.len()];
    assert!(p_adjust_families(&metrics, &unknown, &p, &other, 0.05).is_err());
    assert!(p_adjust_families(&metrics, &roles[1..], &p, &other, 0.05).is_err());
    assert!(p_adjust_families(&metrics, &roles, &p, &other, 1.0).is_err());
}

// Looks

fn compare(looks: &Looks, bounds: &[Value], tolerance: f64) {
    let rows = sequential_bounds(looks, None).unwrap();
    assert_eq!(rows.len(), bounds.len());
    for (row, expected) in rows.iter().zip(bounds) {
        let what = format!("{looks:?} look {}", row.look);
        near(row.z.unwrap(), number(expected, "z"), tolerance, &what);
        near(
            row.cumulative_alpha,
            number(expected, "cumulative_alpha"),
            1e-9,
            &what,
        );
        // A p-value of z = 5 moves 25 times as much as z, relatively.
        near(
            row.nominal_p.unwrap(),
            number(expected, "nominal_p"),
            40.0 * tolerance,
            &what,
        );
        if expected.get("increment").is_some() {
            near(row.increment, number(expected, "increment"), 1e-9, &what);
        }
    }
}

#[test]
fn boundaries_agree_with_other_software() {
    let table = reference("tables/sequential_bounds.json");
    for row in list(&table, "lan_demets") {
        let convention = match row["convention"].as_str().unwrap() {
            "total" => Convention::Total,
            _ => Convention::PerTail,
        };
        let looks = looks(
            &numbers(row, "t"),
            number(row, "alpha"),
            number(row, "sided") as i32,
            row["spending"].as_str().unwrap(),
            convention,
        );
        compare(&looks, list(row, "bounds"), 1e-9);
    }
}

#[test]
fn boundaries_agree_with_scipy_for_close_late_and_final_looks() {
    for row in list(&reference("monitoring/reference.json"), "designs") {
        let looks = Looks {
            last: row["last"].as_bool().unwrap(),
            ..looks(
                &numbers(row, "information"),
                number(row, "alpha"),
                number(row, "sided") as i32,
                row["spending"].as_str().unwrap(),
                Convention::from_word(row["convention"].as_str().unwrap()).unwrap(),
            )
        };
        compare(&looks, list(row, "bounds"), 1e-9);
    }
}

#[test]
fn published_boundaries() {
    let equal = |k: usize| -> Vec<f64> { (1..=k).map(|i| i as f64 / k as f64).collect() };
    for (information, spending, expected, digits) in [
        (equal(2), "obf", vec![2.96259, 1.96860], 5),
        (equal(4), "obf", vec![4.33263, 2.96313, 2.35904, 2.01409], 5),
        (
            equal(5),
            "obf",
            vec![4.876885, 3.357012, 2.680280, 2.289817, 2.031032],
            6,
        ),
        (
            vec![0.3, 0.55, 1.0],
            "obf",
            vec![3.92857, 2.80788, 1.97402],
            5,
        ),
        (equal(2), "pocock", vec![2.15700, 2.20098], 5),
        (
            equal(4),
            "pocock",
            vec![2.36833, 2.36752, 2.35817, 2.35004],
            5,
        ),
        (
            equal(5),
            "pocock",
            vec![2.437977, 2.426814, 2.410194, 2.396649, 2.386000],
            6,
        ),
        // What the literature prints.
        (equal(5), "obf", vec![4.877, 3.357, 2.680, 2.290, 2.031], 3),
        (
            equal(5),
            "pocock",
            vec![2.438, 2.427, 2.410, 2.397, 2.386],
            3,
        ),
    ] {
        let half = 0.5001 * 0.1f64.powi(digits);
        // As one tail of a two-sided test, where who is far down goes on.
        let tail = looks(&information, 0.025, 1, spending, Convention::PerTail);
        for (got, expected) in critical(&tail).iter().zip(expected) {
            assert!(
                (got - expected).abs() <= half,
                "{spending}: {got} is not {expected}"
            );
        }
    }
}

const SEQUENTIAL: [(&str, &str, &str); 6] = [
    ("bounds_obf_equal", "obf", ""),
    ("bounds_pocock_equal", "pocock", ""),
    ("bounds_obf_by_n", "obf", "info_fraction_by_n"),
    ("bounds_pocock_by_n", "pocock", "info_fraction_by_n"),
    (
        "bounds_obf_by_information",
        "obf",
        "info_fraction_by_information",
    ),
    (
        "bounds_pocock_by_information",
        "pocock",
        "info_fraction_by_information",
    ),
];

#[test]
fn looks_at_the_sequential_design() {
    let extras = &reference("s23_sequential/reference.json")["extras"]["sequential"];
    for se in ["CR2", "CR1S"] {
        let design = &extras[se];
        let done = list(design, "looks");
        let column =
            |key: &str| -> Vec<Option<f64>> { done.iter().map(|l| Some(number(l, key))).collect() };
        let (estimates, std_errors) = (column("est"), column("se"));
        let fractions = information_fractions(&std_errors, std_errors[4].unwrap()).unwrap();
        let expected = numbers(design, "info_fraction_by_information");
        for (got, expected) in fractions.iter().zip(&expected) {
            near(got.unwrap(), *expected, 1e-12, "information");
        }
        for (key, spending, information) in SEQUENTIAL {
            let information = match information {
                "" => vec![0.2, 0.4, 0.6, 0.8, 1.0],
                key => numbers(design, key),
            };
            let looks = usual(&information, spending);
            compare(&looks, list(design, key), 1e-9);
            let rows = sequential_test(&estimates, &std_errors, None, &looks).unwrap();
            for ((row, bound), look) in rows.iter().zip(list(design, key)).zip(done) {
                near(row.statistic.unwrap(), number(look, "z"), 1e-12, key);
                assert_eq!(row.crossed, bound["crossed"].as_bool(), "{se} {key}");
            }
        }
        for (k, row) in list(design, "always_valid_nstar60").iter().enumerate() {
            let clusters = number(&done[k], "G") as i64;
            sequence(row, clusters);
        }
    }
}

#[test]
fn small_samples_are_compared_by_their_p_values() {
    let extras = &reference("s23_sequential/reference.json")["extras"]["sequential"]["CR2"];
    let done = list(extras, "looks");
    let column =
        |key: &str| -> Vec<Option<f64>> { done.iter().map(|l| Some(number(l, key))).collect() };
    let looks = usual(&[0.2, 0.4, 0.6, 0.8, 1.0], "pocock");
    let df = column("df");
    let rows = sequential_test(&column("est"), &column("se"), Some(&df), &looks).unwrap();
    for (row, look) in rows.iter().zip(done) {
        let p = number(look, "p");
        near(row.p_value.unwrap(), p, 1e-9, "p");
        let bound = &row.bound;
        assert!(bound.t_bound > bound.z);
        let same = rct_core::distribution::t_two_sided(bound.t_bound.unwrap(), number(look, "df"));
        near(same.unwrap(), bound.nominal_p.unwrap(), 1e-11, "t_bound");
        assert_eq!(row.crossed, Some(p <= bound.nominal_p.unwrap()));
        let half = bound.t_bound.unwrap() * row.std_error.unwrap();
        near(
            row.ci_high.unwrap() - row.estimate.unwrap(),
            half,
            1e-9,
            "interval",
        );
        assert_eq!(row.crossed.unwrap(), row.ci_low.unwrap() > 0.0);
    }
    let decisions: Vec<_> = rows.iter().map(|r| r.decision.unwrap()).collect();
    assert_eq!(
        decisions,
        ["continue", "continue", "continue", "stop", "stopped"]
    );
}

#[test]
fn looks_to_come_have_bounds_only() {
    let looks = usual(&[0.3, 0.6, 1.0], "obf");
    let rows = sequential_test(&[Some(1.0)], &[Some(0.5)], Some(&[Some(30.0)]), &looks).unwrap();
    assert_eq!(rows[0].decision, Some("continue"));
    assert!(rows[0].bound.t_bound.is_some() && rows[1].bound.t_bound.is_none());
    assert!(
        rows[1].bound.z.is_some() && rows[1].decision.is_none() && rows[1].bound.notes.is_empty()
    );
    let rows = sequential_test(&[Some(1.0), None], &[Some(0.5), Some(0.4)], None, &looks).unwrap();
    assert!(
        rows[1].bound.notes[0]
            .to_string()
            .starts_with("no_estimate: ")
    );
    let rows = sequential_test(&[Some(1.0)], &[Some(0.5)], Some(&[Some(1.5)]), &looks).unwrap();
    assert_eq!(rows[0].bound.notes.len(), 1);
    assert!(
        rows[0].bound.notes[0]
            .to_string()
            .starts_with("too_low_df: ")
            && rows[0].crossed.is_none()
    );
    let rows = sequential_test(&[Some(1.0)], &[Some(0.5)], Some(&[None]), &looks).unwrap();
    assert!(
        rows[0].bound.notes[0].to_string().starts_with("normal: ")
            && rows[0].critical == rows[0].bound.z
    );
    let one = Looks {
        sides: Sides::One,
        ..usual(&[0.5, 1.0], "pocock")
    };
    let rows = sequential_test(
        &[Some(-5.0), Some(0.1)],
        &[Some(1.0), Some(1.0)],
        None,
        &one,
    )
    .unwrap();
    assert_eq!(rows[0].decision, Some("continue"));
    assert_eq!(rows[1].decision, Some("no_rejection"));
    assert!(rows[0].p_value.unwrap() > 0.999 && rows[0].ci_high.is_none());
    assert!(sequential_test(&[None; 4], &[], None, &looks).is_err());
}

#[test]
fn looks_too_early_to_reject() {
    let rows = sequential_bounds(&usual(&[0.002, 0.5, 1.0], "obf"), None).unwrap();
    assert!(rows[0].z.is_none() && rows[0].nominal_p.is_none());
    assert!(rows[0].notes[0].to_string().starts_with("no_rejection: "));
    // It changes nothing of what follows.
    let without = critical(&usual(&[0.5, 1.0], "obf"));
    near(rows[1].z.unwrap(), without[0], 1e-12, "second look");
    near(rows[2].z.unwrap(), without[1], 1e-12, "third look");
    // Tiny increments keep their digits.
    let rows = sequential_bounds(&usual(&[0.03, 0.04, 1.0], "obf"), None).unwrap();
    let (first, second) = (rows[0].z.unwrap(), rows[1].z.unwrap());
    assert!(first > second && second > 11.0, "{first} {second}");
}

#[test]
fn plans_that_can_not_be() {
    for (information, message) in [
        (vec![], "information must be 1 to 1000 looks, got 0"),
        (vec![0.5, 0.5], "information must be ascending"),
        (vec![0.5, 0.4], "information must be ascending"),
        (vec![0.0, 1.0], "information must be ascending"),
        (vec![f64::NAN], "information must be ascending"),
        (vec![0.5, f64::INFINITY], "information must be ascending"),
        (
            vec![0.5, 1.1, 1.2],
            "information must be at most 1 before the last look, got 1.1",
        ),
    ] {
        let error = sequential_bounds(&usual(&information, "obf"), None).unwrap_err();
        assert!(error.message().starts_with(message), "{}", error.message());
    }
    for alpha in [0.0, 0.5, -1.0, f64::NAN] {
        let plan = looks(&[1.0], alpha, 2, "obf", Convention::Total);
        assert!(sequential_bounds(&plan, None).is_err());
    }
    let many = sequential_bounds(
        &usual(&[0.5, 1.0], "obf"),
        Some(&[Some(1e15), Some(f64::INFINITY)]),
    )
    .unwrap();
    for row in many {
        near(
            row.t_bound.unwrap(),
            row.z.unwrap(),
            1e-12,
            "many degrees of freedom",
        );
    }
    assert!(sequential_bounds(&usual(&[1.0], "obf"), Some(&[Some(-1.0)])).is_err());
    assert!(sequential_bounds(&usual(&[1.0], "obf"), Some(&[None, None])).is_err());
    assert!(Sides::of(3).is_err() && Spending::from_word("OBF").is_err());
    assert!(information_fractions(&[Some(0.0)], 1.0).is_err());
    assert_eq!(
        information_fractions(&[None, Some(2.0)], 1.0).unwrap(),
        [None, Some(0.25)]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn spending_grows(
        steps in prop::collection::vec(0.05f64..1.0, 1..7),
        alpha in 0.002f64..0.3,
        pocock in any::<bool>(),
        sided in 1..=2i32,
    ) {
        let total: f64 = steps.iter().sum();
        let mut sum = 0.0;
        let information: Vec<f64> = steps.iter().map(|s| { sum += s; (sum / total).min(1.0) }).collect();
        let spending = if pocock { "pocock" } else { "obf" };
        let rows = sequential_bounds(&looks(&information, alpha, sided, spending, Convention::PerTail), None).unwrap();
        prop_assert!(rows.windows(2).all(|w| w[0].cumulative_alpha < w[1].cumulative_alpha));
        prop_assert!((rows.last().unwrap().cumulative_alpha - alpha).abs() < 1e-12);
        let summed: f64 = rows.iter().map(|r| r.increment).sum();
        prop_assert!((summed - alpha).abs() < 1e-12);
        for r in &rows {
            // A look needs more than its share of alpha, and never more than alpha.
            let p = r.nominal_p.unwrap_or(0.0);
            prop_assert!(p >= r.increment * (1.0 - 1e-9) - 1e-39 && p <= r.cumulative_alpha * (1.0 + 1e-9));
        }
    }
}

#[test]
fn obrien_fleming_bounds_fall_and_pocock_bounds_stay() {
    for k in 2..=20 {
        let equal: Vec<f64> = (1..=k).map(|i| i as f64 / k as f64).collect();
        for sided in [1, 2] {
            let of =
                |spending| critical(&looks(&equal, 0.05, sided, spending, Convention::PerTail));
            let z = of("obf");
            assert!(z.windows(2).all(|w| w[0] > w[1]), "{z:?}");
            let z = of("pocock");
            let (low, high) = (
                z.iter().copied().fold(9.0, f64::min),
                z.iter().copied().fold(0.0, f64::max),
            );
            assert!(high - low < 0.5, "{z:?}");
        }
    }
}

#[test]
fn trials_without_effect_stop_as_often_as_alpha_says() {
    let seed = "stopped without effect";
    let trials = 40_000;
    let information = [0.15, 0.4, 0.7, 0.85, 1.1];
    for (sided, spending, alpha) in [(2, "obf", 0.05), (2, "pocock", 0.1), (1, "pocock", 0.05)] {
        let rows = sequential_bounds(
            &looks(&information, alpha, sided, spending, Convention::PerTail),
            None,
        )
        .unwrap();
        let mut stops = [0u32; 5];
        for trial in 0..trials {
            let mut random = Random::new(seed, Purpose::Simulation, trial);
            let (mut score, mut before) = (0.0, 0.0f64);
            for (row, stops) in rows.iter().zip(&mut stops) {
                score += random.normal() * (row.information_fraction - before).sqrt();
                before = row.information_fraction;
                let z = score / before.sqrt();
                if (if sided == 2 { z.abs() } else { z }) >= row.z.unwrap() {
                    *stops += 1;
                    break;
                }
            }
        }
        for (row, count) in rows.iter().zip(stops) {
            let (share, expected) = (f64::from(count) / trials as f64, row.increment);
            let give = 4.5 * (expected / trials as f64).sqrt() + 1e-4;
            assert!(
                (share - expected).abs() < give,
                "seed \"{seed}\", {spending}, look {}: {share} of trials stop, not {expected}",
                row.look
            );
        }
    }
}

// Confidence sequences

fn sequence(row: &Value, clusters: i64) {
    let got = confidence_sequence(
        Some(number(row, "est")),
        Some(number(row, "se")),
        Some(clusters),
        number(row, "n_star") as i64,
        number(row, "alpha"),
    )
    .unwrap();
    assert_eq!(clusters as f64, number(row, "n"));
    near(got.rho, number(row, "rho"), 1e-12, "rho");
    near(
        got.halfwidth.unwrap(),
        number(row, "halfwidth"),
        1e-12,
        "halfwidth",
    );
    near(got.ci_low.unwrap(), number(row, "lo"), 1e-11, "low");
    near(got.ci_high.unwrap(), number(row, "hi"), 1e-11, "high");
    near(got.p_value.unwrap(), number(row, "p"), 1e-11, "p");
}

#[test]
fn confidence_sequences_agree_with_the_published_formula() {
    let table = reference("tables/always_valid.json");
    for row in list(&table, "rows") {
        sequence(row, number(row, "n") as i64);
    }
    let multiplier = |clusters, planned| {
        let row = confidence_sequence(Some(1.0), Some(1.0), Some(clusters), planned, 0.05);
        row.unwrap().multiplier.unwrap()
    };
    for (clusters, planned, expected) in [
        (40, 40, 3.035),
        (20, 40, 3.084),
        (160, 40, 3.127),
        (25, 25, 3.035),
        // 10 of 40 clusters are too few; the multiplier depends on the ratio only.
        (100, 400, 3.264),
    ] {
        let got = multiplier(clusters, planned);
        assert!(
            (got - expected).abs() < 5e-4,
            "{clusters} of {planned}: {got}"
        );
    }
}

#[test]
fn no_confidence_sequence() {
    let few = confidence_sequence(Some(1.0), Some(1.0), Some(19), 40, 0.05).unwrap();
    assert!(few.ci_low.is_none() && few.p_value.is_none() && few.multiplier.is_none());
    assert!(
        few.notes[0]
            .to_string()
            .starts_with("few_clusters: 19 clusters")
            && few.notes[0].to_string().contains("rct.sequential_bounds")
    );
    let none = confidence_sequence(None, Some(1.0), Some(40), 40, 0.05).unwrap();
    assert!(none.ci_high.is_none() && none.notes[0].to_string().starts_with("no_estimate: "));
    let flat = confidence_sequence(Some(1.0), Some(0.0), Some(40), 40, 0.05).unwrap();
    assert!(flat.ci_high.is_none() && flat.notes[0].to_string().starts_with("no_residual: "));
    for (estimate, se, clusters, planned, alpha) in [
        (f64::NAN, 1.0, 40, 40, 0.05),
        (1.0, -1.0, 40, 40, 0.05),
        (1.0, 1.0, -1, 40, 0.05),
        (1.0, 1.0, 40, 0, 0.05),
        (1.0, 1.0, 40, 40, 1.0),
    ] {
        assert!(
            confidence_sequence(Some(estimate), Some(se), Some(clusters), planned, alpha).is_err()
        );
    }
}

#[test]
fn running_intervals_are_intersections() {
    let some = |v: &[f64]| -> Vec<Option<f64>> { v.iter().copied().map(Some).collect() };
    let clusters = [Some(10), Some(20), Some(30), Some(40)];
    let rows = confidence_sequences(
        &some(&[9.0, 0.0, 1.0, 0.5]),
        &some(&[1.0, 0.3, 0.25, 0.2]),
        &clusters,
        40,
        0.05,
    )
    .unwrap();
    assert_eq!((rows[0].low, rows[0].p_value), (None, None));
    assert_eq!(
        (rows[1].low, rows[1].high),
        (rows[1].alone.ci_low, rows[1].alone.ci_high)
    );
    assert_eq!(
        (rows[2].low, rows[2].high),
        (rows[2].alone.ci_low, rows[1].alone.ci_high)
    );
    assert_eq!(rows[3].p_value, rows[2].alone.p_value);
    let rows = confidence_sequences(
        &some(&[0.0, 9.0]),
        &some(&[0.3, 0.3]),
        &[Some(30), Some(40)],
        40,
        0.05,
    )
    .unwrap();
    assert_eq!((rows[1].low, rows[1].high), (None, None));
    assert!(
        rows[1]
            .alone
            .notes
            .iter()
            .any(|n| n.to_string().starts_with("empty: "))
    );
    assert!(confidence_sequences(&[None], &[], &[None], 40, 0.05).is_err());
}

#[test]
fn confidence_sequences_cover_at_all_looks_together() {
    let seed = "coverage over looks";
    let (trials, effect) = (4000, 0.3);
    let (mut missed, mut missed_fixed) = (0u32, 0u32);
    for trial in 0..trials {
        let mut random = Random::new(seed, Purpose::Simulation, trial);
        let (mut n, mut sum, mut squares) = (0i64, 0.0, 0.0);
        let (mut out, mut out_fixed) = (false, false);
        while n < 400 {
            let x = effect + random.normal();
            (n, sum, squares) = (n + 1, sum + x, squares + x * x);
            if n < 20 {
                continue;
            }
            let (count, mean) = (n as f64, sum / n as f64);
            let se = ((squares / count - mean * mean) / (count - 1.0)).sqrt();
            let row = confidence_sequence(Some(mean), Some(se), Some(n), 80, 0.05).unwrap();
            out |= row.ci_low.unwrap() > effect || row.ci_high.unwrap() < effect;
            out_fixed |= (mean - effect).abs() > 1.96 * se;
        }
        missed += u32::from(out);
        missed_fixed += u32::from(out_fixed);
    }
    let share = |missed: u32| f64::from(missed) / trials as f64;
    assert!(
        share(missed) <= 0.05,
        "seed \"{seed}\": {} of trials miss",
        share(missed)
    );
    assert!(
        share(missed_fixed) > 0.2,
        "seed \"{seed}\": looks matter, {}",
        share(missed_fixed)
    );
}

// Harm and margins

fn direction(row: &Value) -> Direction {
    let higher = number(row, "sign") > 0.0;
    Direction::from_word(if higher {
        "higher_is_better"
    } else {
        "lower_is_better"
    })
    .unwrap()
}

fn given(row: &Value) -> (Option<f64>, Option<f64>, Option<f64>) {
    (
        row["estimate"].as_f64(),
        row["std_error"].as_f64(),
        row["df"].as_f64(),
    )
}

#[test]
fn posterior_tails_agree_with_scipy() {
    for row in list(&reference("monitoring/reference.json"), "harm") {
        let (estimate, se, df) = given(row);
        let sd = number(row, "sd");
        let prior = Prior {
            mean: number(row, "prior_mean"),
            sd: number(row, "prior_sd"),
            threshold: number(row, "threshold"),
        };
        let got = harm_probability(estimate, se, sd, df, prior, direction(row)).unwrap();
        let mean = number(row, "posterior_mean");
        assert!((got.posterior_mean.unwrap() - mean).abs() < 1e-12 * mean.abs().max(1.0));
        near(
            got.posterior_sd.unwrap(),
            number(row, "posterior_sd"),
            1e-12,
            "sd",
        );
        near(got.p_harm.unwrap(), number(row, "p_harm"), 1e-9, "p_harm");
        near(
            got.p_above.unwrap(),
            number(row, "p_above"),
            1e-9,
            "p_above",
        );
        near(got.prior_sd_outcome, prior.sd * sd, 1e-15, "prior_sd");
    }
}

#[test]
fn a_vague_prior_leaves_the_estimate() {
    let prior = Prior {
        sd: 1e6,
        ..Prior::default()
    };
    let got = harm_probability(
        Some(2.0),
        Some(1.0),
        1.0,
        None,
        prior,
        Direction::HigherIsBetter,
    )
    .unwrap();
    near(got.p_harm.unwrap(), 0.02275013194817921, 1e-9, "p_harm");
    near(got.weight.unwrap(), 1.0, 1e-11, "weight");
    let sure = Prior {
        sd: 1e-9,
        mean: -1.0,
        ..Prior::default()
    };
    let got = harm_probability(
        Some(2.0),
        Some(1.0),
        1.0,
        None,
        sure,
        Direction::HigherIsBetter,
    )
    .unwrap();
    near(got.posterior_mean.unwrap(), -1.0, 1e-9, "prior");
    let tiny = Prior {
        sd: 1e-250,
        ..Prior::default()
    };
    let got = harm_probability(
        Some(1.0),
        Some(1.0),
        1.0,
        None,
        tiny,
        Direction::HigherIsBetter,
    )
    .unwrap();
    assert_eq!((got.p_harm, got.posterior_sd), (Some(0.5), Some(1e-250)));
    let none = harm_probability(None, None, 1.0, None, prior, Direction::HigherIsBetter).unwrap();
    assert!(none.p_harm.is_none() && none.notes[0].to_string().starts_with("no_estimate: "));
    let low = harm_probability(
        Some(1.0),
        Some(1.0),
        1.0,
        Some(1.9),
        prior,
        Direction::HigherIsBetter,
    )
    .unwrap();
    assert!(low.p_harm.is_none() && low.notes[0].to_string().starts_with("too_low_df: "));
    for (sd, prior_sd) in [
        (0.0, 0.2),
        (1.0, 0.0),
        (f64::NAN, 0.2),
        (1.0, f64::INFINITY),
    ] {
        let prior = Prior {
            sd: prior_sd,
            ..Prior::default()
        };
        assert!(harm_probability(None, None, sd, None, prior, Direction::LowerIsBetter).is_err());
    }
}

#[test]
fn margins_agree_with_scipy() {
    for row in list(&reference("monitoring/reference.json"), "margins") {
        let (estimate, se, df) = given(row);
        let (margin, alpha) = (number(row, "margin"), number(row, "alpha"));
        let got = non_inferiority(estimate, se, df, margin, direction(row), alpha).unwrap();
        near(got.t.unwrap(), number(row, "t"), 1e-12, "t");
        near(
            got.p_value.unwrap(),
            number(row, "p_value"),
            1e-9,
            "p_value",
        );
        near(
            got.p_tripped.unwrap(),
            number(row, "p_tripped"),
            1e-9,
            "p_tripped",
        );
        near(got.worst.unwrap(), number(row, "worst"), 1e-9, "worst");
        near(got.best.unwrap(), number(row, "best"), 1e-9, "best");
        let verdict = match (
            number(row, "p_value") < alpha,
            number(row, "p_tripped") < alpha,
        ) {
            (true, _) => "ok",
            (_, true) => "tripped",
            _ => "inconclusive",
        };
        assert_eq!(got.verdict, Some(verdict));
        let got = equivalence(estimate, se, df, margin, alpha).unwrap();
        near(got.p_low.unwrap(), number(row, "p_low"), 1e-9, "p_low");
        near(got.p_high.unwrap(), number(row, "p_high"), 1e-9, "p_high");
        near(got.ci_low.unwrap(), number(row, "ci_low"), 1e-9, "ci_low");
        near(
            got.ci_high.unwrap(),
            number(row, "ci_high"),
            1e-9,
            "ci_high",
        );
        assert_eq!(
            got.verdict == Some("equivalent"),
            got.p_value.unwrap() < alpha
        );
    }
}

#[test]
fn verdicts_on_margins() {
    let higher = Direction::HigherIsBetter;
    let verdict = |estimate: f64, direction| {
        let row = non_inferiority(Some(estimate), Some(1.0), Some(30.0), 1.0, direction, 0.05);
        row.unwrap().verdict.unwrap()
    };
    assert_eq!(
        [1.0, -1.0, -3.0].map(|e| verdict(e, higher)),
        ["ok", "inconclusive", "tripped"]
    );
    assert_eq!(
        [3.0, 1.0, -1.0].map(|e| verdict(e, Direction::LowerIsBetter)),
        ["tripped", "inconclusive", "ok"]
    );
    let other = |estimate: f64| {
        equivalence(Some(estimate), Some(0.2), None, 1.0, 0.05)
            .unwrap()
            .verdict
            .unwrap()
    };
    assert_eq!(
        [0.1, 0.9, 2.0, -2.0].map(other),
        ["equivalent", "inconclusive", "different", "different"]
    );
    assert!(equivalence(Some(0.0), Some(1.0), None, 0.0, 0.05).is_err());
    assert!(non_inferiority(Some(0.0), Some(1.0), None, 0.0, higher, 0.05).is_ok());
    assert!(non_inferiority(Some(0.0), Some(1.0), None, -1.0, higher, 0.05).is_err());
    assert!(non_inferiority(Some(0.0), Some(1.0), Some(-2.0), 1.0, higher, 0.05).is_err());
    assert!(Direction::from_word("up").is_err());
    let none = equivalence(Some(1.0), None, None, 1.0, 0.05).unwrap();
    assert!(none.verdict.is_none() && none.notes[0].to_string().starts_with("no_estimate: "));
}
