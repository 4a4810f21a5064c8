//! Inference by resampling: against full enumeration by other software, against refits, and for the properties that make
//! a test a test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, Report, sketch};
use rct_core::budget::Budget;
use rct_core::effect::effects;
use rct_core::error::Explain;
use rct_core::note::{Code, Note};
use rct_core::random::{Purpose, Random};
use rct_core::regression::{Adjust, Options, StdError, Strata};
use rct_core::resampling::{
    Draws, RandomizationTest, Statistic, Weights, WildBootstrap, WildOptions, randomization_test,
    simultaneous_intervals, wild_bootstrap,
};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};
use serde_json::Value;

fn options(adjust: Adjust, strata: Strata) -> Options {
    Options {
        adjust,
        strata,
        se: StdError::Cr1s,
        ..Options::default()
    }
}

fn wild(
    sketch: &Sketch,
    effect: Options,
    weights: Weights,
    null_imposed: bool,
    draws: u64,
) -> WildBootstrap {
    let options = WildOptions {
        effect,
        draws: Draws::new(draws as i64, "1").unwrap(),
        weights,
        null_imposed,
        single_cluster: true,
    };
    wild_bootstrap(&sketch.first().unwrap(), "0", &options)
        .unwrap()
        .remove(0)
}

fn randomized(sketch: &Sketch, effect: Options, s: Statistic, draws: i64) -> RandomizationTest {
    let draws = Draws::new(draws, "1").unwrap();
    randomization_test(&sketch.first().unwrap(), "0", &effect, s, &draws)
        .unwrap()
        .remove(0)
}

fn reference(design: &str) -> Value {
    let path = format!(
        "{}/../../tests/oracle/{design}/reference.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    json["extras"]["Python"].clone()
}

const DESIGNS: [&str; 2] = ["s04_few_clusters_g6", "s06_one_cluster_arm"];

fn models(design: &'static str) -> [(&'static str, Adjust, Sketch); 2] {
    let plain = Model { design, ..PLAIN };
    let adjusted = Model {
        design,
        covariates: &["x"],
        ..PLAIN
    };
    [
        ("m1", Adjust::None, sketch(&plain)),
        ("m2", Adjust::Ancova, sketch(&adjusted)),
    ]
}

#[test]
fn all_sign_vectors_give_the_reference_p_values() {
    let mut report = Report::default();
    for design in DESIGNS {
        let extras = reference(design);
        for (id, adjust, sketch) in models(design) {
            let options = options(adjust, Strata::Absorb);
            let cases = [
                ("WCR11", Weights::Rademacher, true),
                ("WCU11", Weights::Rademacher, false),
                ("WCR11_webb_exact", Weights::Webb, true),
            ];
            for (name, weights, null_imposed) in cases {
                let expected = &extras["wild_cluster_bootstrap"][id][name];
                if expected.is_null() {
                    continue;
                }
                let got = wild(&sketch, options, weights, null_imposed, 100_000);
                assert_eq!(got.draws, expected["B"].as_u64());
                assert_eq!(got.enumerated, Some(true));
                let what = |s: &str| format!("{design} {id} {name} {s}");
                let number = |s: &str| expected[s].as_f64();
                report.check(what("t"), got.t, number("t0"), 0.0);
                report.check(what("p"), got.p_value, number("p_nonstrict"), 0.0);
                report.check(what("p strict"), got.p_strict, number("p_strict"), 1.0);
                assert!(got.notes.iter().any(|n| n.code == Code::FewTreated));
            }
        }
    }
    report.finish(30);
}

/// What the reference tests all the same is not tested unless it is asked for: nothing tells how much clusters differ of which
/// there is one.
#[test]
fn a_condition_of_one_cluster_is_not_tested_unasked() {
    for (_, adjust, sketch) in models("s06_one_cluster_arm") {
        let asked = wild(
            &sketch,
            options(adjust, Strata::Absorb),
            Weights::Rademacher,
            true,
            999,
        );
        let options = WildOptions {
            effect: options(adjust, Strata::Absorb),
            draws: Draws::new(999, "1").unwrap(),
            weights: Weights::Rademacher,
            null_imposed: true,
            single_cluster: false,
        };
        let got = wild_bootstrap(&sketch.first().unwrap(), "0", &options)
            .unwrap()
            .remove(0);
        assert_eq!(
            (got.estimate, got.std_error),
            (asked.estimate, asked.std_error)
        );
        assert!(asked.p_value.is_some());
        assert_eq!((got.p_value, got.ci_low, got.ci_high), (None, None, None));
        assert!(got.notes.iter().any(|n| n.code == Code::SingleCluster));
    }
}

#[test]
fn all_assignments_give_the_reference_p_values() {
    let mut report = Report::default();
    for design in DESIGNS {
        let extras = reference(design);
        for (id, adjust, sketch) in models(design) {
            let (part, raw, t) = match id {
                "m1" => ("unadjusted", "coef", "t_CR1S"),
                _ => ("adjusted_x", "coef_adj", "t_CR1S_adj"),
            };
            let expected = &extras["randomization_inference"][part];
            for statistic in [Statistic::Studentized, Statistic::Difference] {
                let got = randomized(&sketch, options(adjust, Strata::Absorb), statistic, 1000);
                assert_eq!(got.draws, expected[raw]["n_perm"].as_u64());
                let number = |s: &str, k: &str| expected[s][k].as_f64();
                let what = |s: &str| format!("{design} {id} {s}");
                report.check(what("effect"), got.estimate, number(raw, "observed"), 0.0);
                report.check(
                    what("p raw"),
                    got.p_difference,
                    number(raw, "p_two_sided"),
                    0.0,
                );
                report.check(
                    what("p t"),
                    got.p_studentized,
                    number(t, "p_two_sided"),
                    0.0,
                );
                let asked = match statistic {
                    Statistic::Studentized => got.p_studentized,
                    Statistic::Difference => got.p_difference,
                };
                assert_eq!(got.p_value, asked);
            }
        }
    }
    report.finish(24);
}

struct Student {
    y: f64,
    treated: bool,
    cluster: i64,
    stratum: i64,
    x: f64,
}

fn students(seed: &str, clusters: i64, draw: u64, effect: f64) -> Vec<Student> {
    let mut r = Random::new(seed, Purpose::Simulation, draw);
    let mut out = Vec::new();
    for cluster in 0..clusters {
        let (level, treated) = (r.normal(), cluster % 2 == 0);
        for _ in 0..4 + r.below(9) {
            let x = r.normal() + level;
            out.push(Student {
                y: 20.0 + level + x + r.normal() + effect * treated as u8 as f64,
                treated,
                cluster,
                stratum: cluster / 6,
                x,
            });
        }
    }
    out
}

fn collect(students: &[Student]) -> Sketch {
    let budget = Budget::unlimited();
    let mut builder = Builder::new(Columns::simple(true), &budget);
    for s in students {
        builder
            .add(&Row {
                condition: Some(if s.treated { b"1" } else { b"0" }),
                cluster: Some(Cluster::Number(s.cluster)),
                stratum: Key::of_bigint(s.stratum),
                values: &[Some(s.y), Some(s.x)],
            })
            .unwrap();
    }
    Sketch::decode(&builder.sketch().unwrap().encode(), &budget).unwrap()
}

/// The studentized and raw statistics by refits with `effects`.
#[test]
fn a_permuted_assignment_is_a_refit() {
    let data = students("refits", 12, 0, 1.0);
    let sketch = collect(&data);
    for (adjust, strata) in [
        (Adjust::None, Strata::Absorb),
        (Adjust::Ancova, Strata::Absorb),
        (Adjust::Ancova, Strata::Ignore),
    ] {
        let options = Options {
            se: StdError::Cr0,
            ..options(adjust, strata)
        };
        let refit = |treated: &dyn Fn(i64) -> bool| {
            let again: Vec<Student> = data
                .iter()
                .map(|s| Student {
                    treated: treated(s.cluster),
                    ..*s
                })
                .collect();
            let e = effects(&collect(&again).first().unwrap(), "0", &options)
                .unwrap()
                .remove(0);
            (
                e.inference.estimate.unwrap().abs(),
                (e.inference.estimate.unwrap() / e.inference.std_error.unwrap()).abs(),
            )
        };
        let observed = refit(&|c| c % 2 == 0);
        let (mut all, mut raw, mut t) = (0, 0, 0);
        for ways in 0u32..1 << 12 {
            let fits = match strata {
                Strata::Absorb => (ways & 63).count_ones() == 3 && (ways >> 6).count_ones() == 3,
                Strata::Ignore => ways.count_ones() == 6,
                Strata::Pairs | Strata::Clusters => unreachable!(),
            };
            if fits {
                let (a, b) = refit(&|c| ways >> c & 1 == 1);
                all += 1;
                raw += (a >= observed.0 * (1.0 - 1e-9)) as u32;
                t += (b >= observed.1 * (1.0 - 1e-9)) as u32;
            }
        }
        let got = randomized(&sketch, options, Statistic::Studentized, 1000);
        assert_eq!(got.draws, Some(all));
        assert_eq!(got.p_difference, Some(raw as f64 / all as f64));
        assert_eq!(got.p_studentized, Some(t as f64 / all as f64));
        assert!(
            got.p_value.unwrap() < 1.0 && t > 2,
            "the test must be able to fail: {got:?}"
        );
    }
}

/// Taking a constant effect off the outcome and testing again must agree with the ends of the interval.
#[test]
fn intervals_end_where_tests_begin_to_reject() {
    let data = students("ends", 14, 0, 0.5);
    let shifted = |by: f64| -> Sketch {
        let move_ = |s: &Student| Student {
            y: s.y - by * s.treated as u8 as f64,
            ..*s
        };
        collect(&data.iter().map(move_).collect::<Vec<_>>())
    };
    let check = |name: &str, low: Option<f64>, high: Option<f64>, p: &dyn Fn(&Sketch) -> f64| {
        let (low, high) = (low.unwrap(), high.unwrap());
        let e = 1e-6 * (high - low);
        for (inside, outside) in [(low + e, low - e), (high - e, high + e)] {
            let (a, b) = (p(&shifted(inside)), p(&shifted(outside)));
            assert!(
                a > 0.05 && b <= 0.05,
                "{name}: {a} inside, {b} outside of {low} to {high}"
            );
        }
    };
    for (adjust, strata) in [
        (Adjust::None, Strata::Ignore),
        (Adjust::Ancova, Strata::Absorb),
    ] {
        let options = options(adjust, strata);
        for (weights, null_imposed) in [
            (Weights::Rademacher, true),
            (Weights::Webb, true),
            (Weights::Webb, false),
        ] {
            let test = |s: &Sketch| wild(s, options, weights, null_imposed, 499);
            let row = test(&shifted(0.0));
            check("wild", row.ci_low, row.ci_high, &|s| {
                test(s).p_value.unwrap()
            });
        }
        for statistic in [Statistic::Studentized, Statistic::Difference] {
            for draws in [5000, 499] {
                let test = |s: &Sketch| randomized(s, options, statistic, draws);
                let row = test(&shifted(0.0));
                check("randomization", row.ci_low, row.ci_high, &|s| {
                    test(s).p_value.unwrap()
                });
            }
        }
    }
}

#[test]
fn same_seed_same_bytes_in_any_order() {
    let mut data = students("order", 40, 0, 0.2);
    let options = options(Adjust::Ancova, Strata::Absorb);
    let all = |sketch: &Sketch| {
        (
            wild(sketch, options, Weights::Auto, true, 9999),
            wild(sketch, options, Weights::Webb, false, 999),
            randomized(sketch, options, Statistic::Studentized, 9999),
            simultaneous_intervals(
                &[sketch.first().unwrap(), sketch.first().unwrap()],
                "0",
                &options,
                &Draws::new(999, "1").unwrap(),
            )
            .unwrap(),
        )
    };
    let first = all(&collect(&data));
    Random::new("order", Purpose::Simulation, 1).shuffle(&mut data);
    assert_eq!(first, all(&collect(&data)));
    let got = [
        first.0.p_value,
        first.1.p_value,
        first.2.p_studentized,
        first.2.p_difference,
        first.3[0].p_adjusted,
    ];
    assert_eq!(got.map(Option::unwrap), GOLDEN);
}

/// p-values of the seed '1': a change of them is a change of what users have published.
const GOLDEN: [f64; 5] = [
    1098.0 / 9999.0,
    94.0 / 999.0,
    1044.0 / 10_000.0,
    1332.0 / 10_000.0,
    117.0 / 1000.0,
];

#[test]
fn more_draws_begin_with_the_same() {
    // 64 + 1 draws: the counts of the first 64 cannot change by more than the one that was added.
    let sketch = collect(&students("chunks", 20, 0, 0.3));
    let options = options(Adjust::None, Strata::Ignore);
    let count = |n: u64| {
        (wild(&sketch, options, Weights::Rademacher, true, n)
            .p_value
            .unwrap()
            * n as f64)
            .round()
    };
    for n in [7, 8, 63, 64, 500] {
        assert!((0.0..=1.0).contains(&(count(n + 1) - count(n))), "{n}");
    }
}

/// Without an effect about 5 % of the experiments must be rejected, not more.
#[test]
fn true_hypotheses_are_rejected_as_often_as_promised() {
    let seed = "type one";
    println!("seed {seed}");
    let (n, options) = (120, options(Adjust::Ancova, Strata::Ignore));
    let (mut by_wild, mut by_test, mut joint) = (0, 0, 0);
    for i in 0..n {
        let sketch = collect(&students(seed, 14, i, 0.0));
        by_wild += (wild(&sketch, options, Weights::Webb, true, 199)
            .p_value
            .unwrap()
            <= 0.05) as u32;
        let test = randomized(&sketch, options, Statistic::Studentized, 199);
        by_test += (test.p_value.unwrap() <= 0.05) as u32;
        let draws = Draws::new(399, "1").unwrap();
        let other = collect(&students("other", 14, i, 0.0));
        let both = [sketch.first().unwrap(), other.first().unwrap()];
        let rows = simultaneous_intervals(&both, "0", &options, &draws).unwrap();
        joint += rows.iter().any(|r| r.p_adjusted.unwrap() <= 0.05) as u32;
    }
    println!("{by_wild} {by_test} {joint} of {n}");
    for rejected in [by_wild, by_test, joint] {
        // 6 expected, standard deviation 2.4.
        assert!((1..=15).contains(&rejected));
    }
}

#[test]
fn one_effect_alone_has_its_own_interval_and_two_equal_ones_too() {
    let sketch = collect(&students("alone", 12, 0, 1.0));
    let options = Options {
        se: StdError::Cr2,
        ..options(Adjust::Ancova, Strata::Ignore)
    };
    let effect = effects(&sketch.first().unwrap(), "0", &options)
        .unwrap()
        .remove(0);
    let draws = Draws::new(50_000, "1").unwrap();
    let twice = [sketch.first().unwrap(), sketch.first().unwrap()];
    for sketches in [&twice[..1], &twice[..]] {
        for row in simultaneous_intervals(sketches, "0", &options, &draws).unwrap() {
            let width = effect.inference.ci_high.unwrap() - effect.inference.ci_low.unwrap();
            assert!(
                (row.inference.ci_low.unwrap() - effect.inference.ci_low.unwrap()).abs()
                    < 0.01 * width
            );
            assert!(
                (row.inference.ci_high.unwrap() - effect.inference.ci_high.unwrap()).abs()
                    < 0.01 * width
            );
            assert!((row.p_adjusted.unwrap() - effect.inference.p_value.unwrap()).abs() < 0.002);
        }
    }
    // Independent clusters: 1 − (1 − p)², as Šidák.
    let mut other = students("alone", 12, 1, 1.0);
    other.iter_mut().for_each(|s| s.cluster += 100);
    let other = collect(&other);
    let both = [sketch.first().unwrap(), other.first().unwrap()];
    let rows = simultaneous_intervals(&both, "0", &options, &draws).unwrap();
    for row in &rows {
        let p = row.inference.p_value.unwrap();
        let sidak = 1.0 - (1.0 - p) * (1.0 - p);
        assert!(
            (row.p_adjusted.unwrap() - sidak).abs() < 0.004,
            "{p} {row:?}"
        );
    }
}

#[test]
fn what_can_not_be_asked() {
    let data = students("errors", 12, 0, 0.0);
    let sketch = collect(&data);
    let options = options(Adjust::None, Strata::Absorb);
    for n in [0, -1, 10_000_001] {
        let message = Draws::new(n, "1").unwrap_err().message();
        assert_eq!(
            message,
            format!("draws must be between 1 and 10000000, got {n}")
        );
    }
    let cr2 = WildOptions {
        effect: Options {
            se: StdError::Cr2,
            ..options
        },
        draws: Draws::new(99, "1").unwrap(),
        weights: Weights::Auto,
        null_imposed: true,
        single_cluster: true,
    };
    let message = wild_bootstrap(&sketch.first().unwrap(), "0", &cr2)
        .unwrap_err()
        .message();
    assert_eq!(
        message,
        "se must be one of \"CR0\", \"CR1\", \"CR1S\", got \"CR2\""
    );
    let test = |s: &Sketch, options: &Options| {
        let draws = Draws::new(99, "1").unwrap();
        randomization_test(
            &s.first().unwrap(),
            "0",
            options,
            Statistic::Studentized,
            &draws,
        )
    };
    let mixed: Vec<Student> = data
        .iter()
        .enumerate()
        .map(|(i, s)| Student {
            treated: i % 2 == 0,
            ..*s
        })
        .collect();
    let error = test(&collect(&mixed), &options).unwrap_err();
    assert!(
        error
            .message()
            .contains("12 clusters with rows of both \"0\" and \"1\""),
        "{}",
        error.message()
    );
    assert!(error.hint().unwrap().contains("rct.wild_bootstrap"));
    let crossing: Vec<Student> = data
        .iter()
        .enumerate()
        .map(|(i, s)| Student {
            stratum: i as i64 % 2,
            ..*s
        })
        .collect();
    let crossing = collect(&crossing);
    assert!(
        test(&crossing, &options)
            .unwrap_err()
            .hint()
            .unwrap()
            .contains("'ignore'")
    );
    assert!(
        test(
            &crossing,
            &Options {
                strata: Strata::Ignore,
                ..options
            }
        )
        .is_ok()
    );
}

#[test]
fn what_does_not_exist_is_null_with_a_note() {
    // One cluster each: no test can reject.
    let two = collect(&students("two", 2, 0, 1.0));
    let options = options(Adjust::None, Strata::Ignore);
    let row = wild(&two, options, Weights::Rademacher, true, 999);
    assert_eq!(
        (row.std_error, row.p_value, row.ci_low),
        (Some(0.0), None, None)
    );
    assert!(
        row.notes.iter().any(|n| n.code == Code::NoSpread),
        "{row:?}"
    );
    let row = randomized(&two, options, Statistic::Difference, 999);
    assert_eq!(
        (row.draws, row.p_value, row.ci_low),
        (Some(2), Some(1.0), None)
    );
    assert!(row.notes.iter().any(|n| n.code == Code::FewAssignments));
    // The outcome is the condition.
    let mut flat = students("flat", 12, 0, 0.0);
    flat.iter_mut().for_each(|s| s.y = s.treated as u8 as f64);
    let flat = collect(&flat);
    let row = wild(&flat, options, Weights::Auto, true, 999);
    assert_eq!(
        (row.std_error, row.p_value, row.ci_low),
        (Some(0.0), None, None)
    );
    assert!(row.notes.iter().any(|n| n.code == Code::NoResidual));
    // A sharp hypothesis can be tested all the same.
    let row = randomized(&flat, options, Statistic::Difference, 999);
    assert_eq!(row.p_value, Some(2.0 / 924.0));
    let row = randomized(&flat, options, Statistic::Studentized, 999);
    assert_eq!(row.p_value, None);
    assert!(row.notes.iter().any(|n| n.code == Code::NoResidual));
}

/// One student for each cluster: (outcome, condition, stratum).
fn alone(rows: &[(f64, &str, i64)]) -> Sketch {
    let mut builder = Builder::new(Columns::simple(false), &Budget::unlimited());
    for (cluster, &(y, condition, stratum)) in (0..).zip(rows) {
        let row = Row {
            condition: Some(condition.as_bytes()),
            cluster: Some(Cluster::Number(cluster)),
            stratum: Key::of_bigint(stratum),
            values: &[Some(y)],
        };
        builder.add(&row).unwrap();
    }
    builder.into_sketch().unwrap()
}

/// Clusters of each condition in each stratum, with outcomes of which no two are alike.
fn design(sizes: &[(usize, usize)]) -> Vec<(f64, &'static str, i64)> {
    let mut r = Random::new("design", Purpose::Simulation, 0);
    let mut rows = Vec::new();
    for (stratum, &(control, treated)) in (0..).zip(sizes) {
        let of = |n, name| std::iter::repeat_n(name, n);
        for name in of(control, "0").chain(of(treated, "1")) {
            rows.push((10.0 * r.normal(), name, stratum));
        }
    }
    rows
}

fn texts(notes: &[Note]) -> Vec<String> {
    notes.iter().map(Note::to_string).collect()
}

/// What a note says that no p-value can be less than.
fn least_of(notes: &[Note], code: Code) -> Option<f64> {
    let note = notes.iter().find(|n| n.code == code)?;
    let rest = note.text.split("no p-value can be less than ").nth(1)?;
    let end = rest.find([';', ',']).unwrap_or(rest.len());
    Some(rest[..end].parse().unwrap())
}

fn at_level(level: f64) -> Options {
    Options {
        level,
        ..options(Adjust::None, Strata::Absorb)
    }
}

const BOTH: [Statistic; 2] = [Statistic::Studentized, Statistic::Difference];

#[test]
fn three_against_three_can_not_be_significant() {
    let rows = [1.0, 2.0, 3.0, 11.0, 12.0, 14.0].map(|y| (y, if y > 10.0 { "1" } else { "0" }, 0));
    for statistic in BOTH {
        let got = randomized(&alone(&rows), at_level(0.95), statistic, 9999);
        assert_eq!((got.draws, got.p_value), (Some(20), Some(0.1)));
        assert!(
            texts(&got.notes).contains(
                &"few_assignments: of 20 possible assignments 2 are as extreme as any, so no p-value can be less than 0.1"
                    .to_owned()
            ),
            "{got:?}"
        );
        // A tenth is as small as one less 0.9, whatever the last digit of that: the test can reject, and the interval ends.
        let got = randomized(&alone(&rows), at_level(0.9), statistic, 9999);
        assert_eq!(least_of(&got.notes, Code::FewAssignments), None);
        assert!(
            got.ci_low.unwrap() > 0.0 && got.ci_high.is_some(),
            "{got:?}"
        );
    }
}

/// (clusters of each condition in each stratum, smallest p-value in parts of the assignments)
#[test]
fn assignments_are_few_if_no_p_value_can_be_small() {
    for (sizes, assignments, extreme) in [
        (&[(1, 1)][..], 2.0, 2.0),
        (&[(2, 2)], 6.0, 2.0),
        (&[(3, 3)], 20.0, 2.0),
        (&[(4, 4)], 70.0, 2.0),
        // No mirror image.
        (&[(1, 5)], 6.0, 1.0),
        (&[(2, 4)], 15.0, 1.0),
        (&[(5, 2)], 21.0, 1.0),
        (&[(3, 4)], 35.0, 1.0),
        // Pairs.
        (&[(1, 1); 4], 16.0, 2.0),
        (&[(1, 1); 5], 32.0, 2.0),
        (&[(1, 1); 6], 64.0, 2.0),
        // Strata of one cluster, or of one condition, say nothing and spoil nothing.
        (&[(3, 3), (1, 0)], 20.0, 2.0),
        (&[(3, 3), (0, 2), (1, 0)], 20.0, 2.0),
        (&[(2, 2), (1, 1)], 12.0, 2.0),
        (&[(2, 2), (1, 2)], 18.0, 1.0),
        (&[(2, 1), (1, 2)], 9.0, 1.0),
    ] {
        let least: f64 = extreme / assignments;
        let sketch = alone(&design(sizes));
        for statistic in BOTH {
            for level in [0.9, 0.95, 0.99] {
                let got = randomized(&sketch, at_level(level), statistic, 9999);
                let few = least > (1.0 - level) * (1.0 + 1e-9);
                let said = least_of(&got.notes, Code::FewAssignments);
                if got.p_value.is_none() {
                    continue;
                }
                assert_eq!(got.draws, Some(assignments as u64));
                match said {
                    Some(p) => assert!(few && (p - least).abs() < 2e-9, "{sizes:?} {got:?}"),
                    None => assert!(!few, "{sizes:?} {level} {got:?}"),
                }
            }
        }
    }
}

/// The smallest p-value is that of the assignment that is most extreme: each is taken for the data in turn. With ties in the outcomes too.
#[test]
fn no_assignment_has_a_smaller_p_value_than_the_note_says() {
    let tied = |mut rows: Vec<(f64, &'static str, i64)>| {
        rows.iter_mut().for_each(|r| r.0 = (r.0 / 10.0).round());
        rows
    };
    for (rows, ties) in [
        (design(&[(3, 3)]), false),
        (design(&[(3, 4)]), false),
        (design(&[(2, 5)]), false),
        (design(&[(1, 1); 5]), false),
        (design(&[(2, 1), (1, 2), (1, 1), (1, 0)]), false),
        (tied(design(&[(4, 4)])), true),
        (tied(design(&[(3, 4)])), true),
        (tied(design(&[(2, 2), (1, 2)])), true),
    ] {
        let treated = |stratum: i64, flags: &dyn Fn(usize) -> bool| {
            let own = rows.iter().enumerate().filter(|(_, r)| r.2 == stratum);
            own.filter(|(i, _)| flags(*i)).count()
        };
        for statistic in BOTH {
            let mut least = f64::INFINITY;
            for ways in 0u32..1 << rows.len() {
                let now = |i: usize| ways >> i & 1 == 1;
                let before = |i: usize| rows[i].1 == "1";
                if (0..5).any(|s| treated(s, &now) != treated(s, &before)) {
                    continue;
                }
                let again: Vec<_> = rows
                    .iter()
                    .enumerate()
                    .map(|(i, r)| (r.0, if now(i) { "1" } else { "0" }, r.2))
                    .collect();
                let got = randomized(&alone(&again), at_level(0.95), statistic, 9999);
                // Without a residual the studentized effect has no end, and no p-value is given.
                least = least.min(got.p_value.unwrap_or(f64::INFINITY));
            }
            let got = randomized(&alone(&rows), at_level(0.9999), statistic, 9999);
            let said = least_of(&got.notes, Code::FewAssignments).unwrap();
            assert!(
                said <= least + 2e-9
                    && (ties && statistic == Statistic::Studentized || said >= least - 2e-9),
                "{statistic:?} {said} {least} {rows:?}"
            );
        }
    }
}

/// One class of eight has the only success: all ways to give out the conditions differ by as much.
#[test]
fn outcomes_that_are_alike_leave_few_p_values() {
    let mut rows = design(&[(4, 4)]);
    for (i, row) in rows.iter_mut().enumerate() {
        row.0 = (i == 0) as u8 as f64;
    }
    let got = randomized(&alone(&rows), at_level(0.95), Statistic::Difference, 9999);
    assert_eq!(got.p_value, Some(1.0));
    assert_eq!(
        least_of(&got.notes, Code::FewAssignments),
        Some(1.0),
        "{got:?}"
    );
}

/// The note is about what is possible, not about what was drawn; and few draws have a note of their own.
#[test]
fn few_assignments_are_few_if_they_are_drawn_at_random_too() {
    let sketch = alone(&design(&[(3, 3)]));
    let got = randomized(&sketch, at_level(0.95), Statistic::Studentized, 19);
    assert_eq!(got.enumerated, Some(false));
    assert_eq!(least_of(&got.notes, Code::FewAssignments), Some(0.1));
    assert!(
        !got.notes.iter().any(|n| n.code == Code::FewDraws),
        "{got:?}"
    );
    let got = randomized(&sketch, at_level(0.95), Statistic::Studentized, 18);
    let few = "few_draws: no p-value of 18 draws can be less than 1 / 19".to_owned();
    assert!(texts(&got.notes).contains(&few), "{got:?}");
    let many = alone(&design(&[(20, 20)]));
    let got = randomized(&many, at_level(0.95), Statistic::Studentized, 999);
    assert_eq!(got.notes, []);
}

/// Each condition is compared by itself: three clusters with three, and four with three.
#[test]
fn assignments_are_those_of_the_two_that_are_compared() {
    let mut rows = design(&[(3, 7)]);
    for row in rows.iter_mut().rev().take(4) {
        row.1 = "2";
    }
    let draws = Draws::new(9999, "1").unwrap();
    for statistic in BOTH {
        let got = randomization_test(
            &alone(&rows).first().unwrap(),
            "0",
            &at_level(0.95),
            statistic,
            &draws,
        )
        .unwrap();
        assert_eq!((got[0].draws, got[1].draws), (Some(20), Some(35)));
        assert_eq!(least_of(&got[0].notes, Code::FewAssignments), Some(0.1));
        assert_eq!(least_of(&got[1].notes, Code::FewAssignments), None);
    }
}

/// Signs that are turned for all clusters, and weights that are the same for all, give the |t| of the data.
#[test]
fn few_clusters_have_few_wild_draws() {
    for (weights, clusters, least, prefix) in [
        (
            Weights::Rademacher,
            4,
            2.0 / 16.0,
            "few_signs: 4 clusters have no more than 16 different draws, each with its mirror image, so ",
        ),
        (
            Weights::Rademacher,
            5,
            2.0 / 32.0,
            "few_signs: 5 clusters have no more than 32 ",
        ),
        (
            Weights::Rademacher,
            6,
            2.0 / 64.0,
            "few_signs: 6 clusters have no more than 64 ",
        ),
        (
            Weights::Webb,
            3,
            1.0 / 36.0,
            "few_signs: with the draws of 3 clusters ",
        ),
        (
            Weights::Webb,
            5,
            1.0 / 1296.0,
            "few_signs: with the draws of 5 clusters ",
        ),
        (
            Weights::Auto,
            3,
            1.0 / 36.0,
            "few_signs: with the draws of 3 clusters ",
        ),
    ] {
        for seed in 0..30 {
            let data = students("few wild", clusters, seed, 4.0);
            let got = |level: f64, draws: u64| {
                let effect = Options {
                    level,
                    ..options(Adjust::None, Strata::Ignore)
                };
                wild(&collect(&data), effect, weights, true, draws)
            };
            let row = got(0.9999, 99_999);
            let Some(p) = row.p_value else { continue };
            assert_eq!(row.enumerated, Some(true));
            let said = least_of(&row.notes, Code::FewSigns).unwrap();
            assert!(
                row.notes.iter().any(|n| n.to_string().starts_with(prefix)),
                "{row:?}"
            );
            assert!(
                said >= least - 2e-9 && p >= said - 2e-9,
                "{said} {least} {row:?}"
            );
            // Fewer draws than there are different ones do not make more of them.
            let random = got(0.95, 9);
            let few = least > 0.05;
            assert!(
                !few || least_of(&random.notes, Code::FewSigns).is_some(),
                "{random:?}"
            );
            let row = got(0.95, 99_999);
            assert_eq!(
                least_of(&row.notes, Code::FewSigns).is_some(),
                said > 0.05 + 1e-9,
                "{row:?}"
            );
        }
    }
    // The data are not one of the draws if the hypothesis is not imposed.
    let sketch = collect(&students("few wild", 4, 0, 4.0));
    let row = wild(
        &sketch,
        options(Adjust::None, Strata::Ignore),
        Weights::Webb,
        false,
        9999,
    );
    assert!(
        !row.notes.iter().any(|n| n.code == Code::FewSigns),
        "{row:?}"
    );
}
