//! Ratio metrics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Report, number, read};
use rct_core::budget::Budget;
use rct_core::effect::{Effect, effects};
use rct_core::note::Code;
use rct_core::random::{Purpose, Random};
use rct_core::regression::{Estimand, Options, StdError, Strata};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch, View};

struct Student<'a> {
    y: f64,
    d: f64,
    condition: &'a str,
    cluster: &'a str,
    weight: Option<f64>,
}

fn build<'a>(students: impl IntoIterator<Item = Student<'a>>) -> Sketch {
    let budget = Budget::unlimited();
    let columns = Columns::parse("y / d, value; weight: w").unwrap();
    let mut builder = Builder::new(columns, &budget);
    for s in students {
        builder
            .add(&Row {
                condition: Some(s.condition.as_bytes()),
                cluster: Some(Cluster::Digest(Key::of_text(s.cluster.as_bytes()))),
                stratum: Key::NONE,
                values: &[Some(s.y), Some(s.d), Some(s.y), s.weight],
            })
            .unwrap();
    }
    Sketch::decode(&builder.sketch().unwrap().encode(), &budget).unwrap()
}

/// A design of the reference data with the denominator 1.
fn means(design: &str, outcome: &str, offset: f64) -> Sketch {
    let table = read(&format!("{design}/data.csv"));
    let [y, treat, cluster] = [outcome, "treat", "school_id"].map(|c| table.column(c));
    build(table.rows.iter().filter_map(|r| {
        Some(Student {
            y: number(&r[y])? + offset,
            d: 1.0,
            condition: &r[treat],
            cluster: &r[cluster],
            weight: None,
        })
    }))
}

fn reference(folder: &str) -> serde_json::Value {
    let path = format!(
        "{}/../../tests/oracle/{folder}/reference.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The numerator as an outcome.
fn value(sketch: &Sketch) -> View<'_> {
    sketch.view(Some("value"), None).unwrap()
}

fn one(sketch: &Sketch, control: &str, se: StdError) -> Effect {
    let options = Options {
        se,
        ..Options::default()
    };
    let mut rows = effects(&sketch.ratio(None).unwrap(), control, &options).unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

/// With the denominator 1 the ratio is the mean: the delta method of the reference, and estimatr's difference in means.
#[test]
fn means_are_ratios() {
    let mut report = Report::default();
    for (design, outcome) in [
        ("s01_balanced_2arm", "y"),
        ("s02_unequal_sizes", "y"),
        ("s04_few_clusters_g6", "y"),
        ("s07_cuped", "y"),
        ("s12_binary", "passed"),
        ("s15_huge_g", "y"),
    ] {
        let sketch = means(design, outcome, 0.0);
        let extras = reference(design)["extras"].clone();
        let delta = &extras["Python"]["delta_method"];
        let got = one(&sketch, "0", StdError::Delta);
        for (name, value) in [
            ("mean1", got.mean),
            ("mean0", got.mean_control),
            ("est", got.inference.estimate),
            ("se", got.inference.std_error),
            ("df_welch", got.inference.df),
            ("p_welch", got.inference.p_value),
            ("z", got.inference.t),
        ] {
            report.check(
                format!("{design} delta {name}"),
                value,
                delta[name].as_f64(),
                0.0,
            );
        }
        assert_eq!(delta["G1"].as_u64(), Some(got.comparison.clusters));
        let welch = &extras["R"]["difference_in_means_clustered"];
        let got = one(&sketch, "0", StdError::Cr2);
        for (name, value) in [
            ("est", got.inference.estimate),
            ("se", got.inference.std_error),
            ("df", got.inference.df),
            ("p", got.inference.p_value),
            ("lo", got.inference.ci_low),
            ("hi", got.inference.ci_high),
        ] {
            report.check(
                format!("{design} CR2 {name}"),
                value,
                welch[name].as_f64(),
                0.0,
            );
        }
        let options = Options {
            strata: Strata::Ignore,
            ..Options::default()
        };
        let effect = effects(&value(&sketch), "0", &options).unwrap().remove(0);
        for (name, value, expected) in [
            ("est", got.inference.estimate, effect.inference.estimate),
            ("se", got.inference.std_error, effect.inference.std_error),
            ("df", got.inference.df, effect.inference.df),
            ("p", got.inference.p_value, effect.inference.p_value),
            ("lift", got.lift, effect.lift),
            ("low", got.lift_low, effect.lift_low),
            ("high", got.lift_high, effect.lift_high),
        ] {
            report.check(format!("{design} effects {name}"), value, expected, 1e-8);
        }
    }
    report.finish(95);
}

/// clubSandwich with one row for each unit of the denominator.
#[test]
fn solved_per_attempt() {
    let table = read("ratio/data.csv");
    let [cluster, arm, d, y] = ["class_id", "arm", "attempts", "solved"].map(|c| table.column(c));
    let rows = || {
        table.rows.iter().map(|r| Student {
            y: number(&r[y]).unwrap(),
            d: number(&r[d]).unwrap(),
            condition: &r[arm],
            cluster: &r[cluster],
            weight: None,
        })
    };
    let expected = reference("ratio");
    let got = one(&build(rows()), "old", StdError::Cr2);
    let mut report = Report::default();
    for (name, value) in [
        ("ratio", got.mean),
        ("ratio_control", got.mean_control),
        ("est", got.inference.estimate),
        ("std_error", got.inference.std_error),
        ("df", got.inference.df),
        ("p", got.inference.p_value),
        ("lo", got.inference.ci_low),
        ("hi", got.inference.ci_high),
    ] {
        report.check(name.to_owned(), value, expected[name].as_f64(), 0.0);
    }
    // The textbook form of the delta method, from variances and covariances of class sums.
    let delta = one(&build(rows()), "old", StdError::Delta);
    let mut variance = 0.0;
    for condition in ["new", "old"] {
        let mut sums = std::collections::BTreeMap::<&str, (f64, f64)>::new();
        for s in rows().filter(|s| s.condition == condition) {
            let sum = sums.entry(s.cluster).or_default();
            *sum = (sum.0 + s.y, sum.1 + s.d);
        }
        let g = sums.len() as f64;
        let (my, md) = sums
            .values()
            .fold((0.0, 0.0), |m, s| (m.0 + s.0 / g, m.1 + s.1 / g));
        let r = my / md;
        let (mut yy, mut yd, mut dd) = (0.0, 0.0, 0.0);
        for (y, d) in sums.values() {
            yy += (y - my) * (y - my) / (g - 1.0);
            yd += (y - my) * (d - md) / (g - 1.0);
            dd += (d - md) * (d - md) / (g - 1.0);
        }
        variance += (yy - 2.0 * r * yd + r * r * dd) / (g * md * md);
    }
    report.check(
        "textbook".to_owned(),
        delta.inference.std_error,
        Some(variance.sqrt()),
        0.0,
    );
    // Units: twice the numerator, four times the denominator.
    let scaled = build(rows().map(|s| Student {
        y: 2.0 * s.y,
        d: 4.0 * s.d,
        ..s
    }));
    let scaled = one(&scaled, "old", StdError::Cr2);
    report.check(
        "unit".to_owned(),
        scaled.inference.std_error.map(|v| 2.0 * v),
        got.inference.std_error,
        0.0,
    );
    report.check(
        "unit df".to_owned(),
        scaled.inference.df,
        got.inference.df,
        0.0,
    );
    report.check("unit lift".to_owned(), scaled.lift_high, got.lift_high, 0.0);
    // A weight of 3 for all is none.
    let weighted = build(rows().map(|s| Student {
        weight: Some(3.0),
        ..s
    }));
    let weighted = one(&weighted, "old", StdError::Cr2);
    report.check(
        "weight".to_owned(),
        weighted.inference.std_error,
        got.inference.std_error,
        0.0,
    );
    report.check(
        "weight df".to_owned(),
        weighted.inference.df,
        got.inference.df,
        0.0,
    );
    report.finish(13);
}

/// Clusters with rows of both arms: as in a difference in means.
#[test]
fn shared_clusters() {
    for seed in 0..10 {
        let mut random = Random::new(&format!("ratio {seed}"), Purpose::Simulation, 0);
        let names: Vec<String> = (0..12).map(|c| c.to_string()).collect();
        let mut rows = Vec::new();
        for (c, name) in names.iter().enumerate() {
            let level = random.normal();
            for i in 0..3 + random.below(9) {
                rows.push(Student {
                    y: level + random.normal(),
                    d: 1.0,
                    condition: if (c as u64 % 3 + i).is_multiple_of(2) {
                        "a"
                    } else {
                        "b"
                    },
                    cluster: name,
                    weight: None,
                });
            }
        }
        let sketch = build(rows);
        let got = one(&sketch, "a", StdError::Cr2);
        let effect = effects(&value(&sketch), "a", &Options::default())
            .unwrap()
            .remove(0);
        for (a, b) in [
            (got.inference.estimate, effect.inference.estimate),
            (got.inference.std_error, effect.inference.std_error),
            (got.inference.df, effect.inference.df),
        ] {
            let (a, b) = (a.unwrap(), b.unwrap());
            assert!((a - b).abs() < 1e-10 * b.abs(), "seed {seed}: {a} {b}");
        }
        assert!(
            got.notes.iter().any(|n| n.code == Code::SharedClusters),
            "{:?}",
            got.notes
        );
    }
}

/// A thousand million added to the outcome changes nothing but the means.
#[test]
fn large_means() {
    let near = one(&means("s02_unequal_sizes", "y", 0.0), "0", StdError::Cr2);
    // Outcomes of the design have four digits; the sum with the offset is rounded at 1e-7.
    let far = one(&means("s02_unequal_sizes", "y", 1e9), "0", StdError::Cr2);
    for (a, b) in [
        (near.inference.estimate, far.inference.estimate),
        (near.inference.std_error, far.inference.std_error),
        (near.inference.df, far.inference.df),
    ] {
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!((a - b).abs() < 1e-6 * a.abs(), "{a} {b}");
    }
}

#[test]
fn what_does_not_exist() {
    let row = |y, d, condition, cluster| Student {
        y,
        d,
        condition,
        cluster,
        weight: None,
    };
    let note = |r: &Effect, code: Code| r.notes.iter().any(|n| n.code == code);
    // No denominator in an arm.
    let none = one(
        &build([
            row(1.0, 0.0, "b", "1"),
            row(2.0, 0.0, "b", "2"),
            row(1.0, 1.0, "a", "3"),
            row(1.0, 1.0, "a", "4"),
        ]),
        "a",
        StdError::Cr2,
    );
    assert!(
        note(&none, Code::NoRatio)
            && none.inference.estimate.is_none()
            && none.mean_control == Some(1.0)
    );
    // One cluster in an arm: no test.
    for se in [StdError::Cr2, StdError::Delta] {
        let single = one(
            &build([
                row(1.0, 2.0, "b", "1"),
                row(2.0, 3.0, "a", "2"),
                row(1.0, 4.0, "a", "3"),
                row(5.0, 6.0, "a", "4"),
            ]),
            "a",
            se,
        );
        assert!(note(&single, Code::SingleCluster) && single.inference.p_value.is_none());
        assert!(single.inference.estimate.is_some());
    }
    // The outcome is a multiple of the denominator.
    let exact = one(
        &build([
            row(0.3, 0.1, "b", "1"),
            row(0.6, 0.2, "b", "2"),
            row(0.9, 0.3, "a", "3"),
            row(1.2, 0.4, "a", "4"),
        ]),
        "a",
        StdError::Cr2,
    );
    assert_eq!(
        (exact.inference.std_error, exact.inference.p_value),
        (Some(0.0), None),
        "{exact:?}"
    );
    // A negative denominator.
    let negative = build([
        row(1.0, -1.0, "b", "1"),
        row(2.0, 3.0, "b", "2"),
        row(1.0, 4.0, "a", "3"),
    ]);
    let usual = Options::default();
    let refused = |sketch: &Sketch, control: &str, options: Options| {
        effects(&sketch.ratio(None).unwrap(), control, &options).is_err()
    };
    assert!(refused(&negative, "a", usual));
    assert!(refused(&negative, "z", usual));
    assert!(refused(
        &negative,
        "a",
        Options {
            level: 0.0,
            ..usual
        }
    ));
    // What a ratio has no use for.
    let fine = build([
        row(1.0, 1.0, "b", "1"),
        row(2.0, 3.0, "b", "2"),
        row(1.0, 4.0, "a", "3"),
        row(1.5, 4.0, "a", "4"),
    ]);
    assert!(!refused(&fine, "a", usual));
    assert!(refused(&fine, "z", usual));
    assert!(refused(
        &fine,
        "a",
        Options {
            level: 0.0,
            ..usual
        }
    ));
    for se in [StdError::Cr0, StdError::Cr1, StdError::Cr3, StdError::Naive] {
        assert!(refused(&fine, "a", Options { se, ..usual }));
    }
    let pairs = Options {
        strata: Strata::Pairs,
        ..usual
    };
    assert!(refused(&fine, "a", pairs));
    let cluster = Options {
        estimand: Estimand::Cluster,
        ..usual
    };
    assert!(refused(&fine, "a", cluster));
    // And what only a ratio has.
    let delta = Options {
        se: StdError::Delta,
        ..usual
    };
    assert!(!refused(&fine, "a", delta));
    assert!(effects(&value(&fine), "a", &delta).is_err());
}

/// Two clusters of one size in each of two conditions: exactly 2 degrees of freedom, whatever the outcomes, and not less by
/// rounding. The interval is that of Student's t with 2 degrees of freedom.
#[test]
fn two_degrees_of_freedom_are_enough() {
    let seed = "two degrees of freedom";
    println!("seed: {seed}");
    let mut random = Random::new(seed, Purpose::Multiplier, 0);
    for draw in 0..50 {
        random.go_to(draw);
        let outcomes: Vec<f64> = (0..24).map(|_| random.normal()).collect();
        let clusters = ["a1", "a2", "b1", "b2"];
        let rows = outcomes.iter().enumerate().map(|(i, &y)| Student {
            y,
            d: 1.0,
            condition: &clusters[i % 4][..1],
            cluster: clusters[i % 4],
            weight: None,
        });
        let sketch = build(rows);
        let mean = &effects(&value(&sketch), "a", &Options::default()).unwrap()[0];
        let ratio = one(&sketch, "a", StdError::Cr2).inference;
        for (estimate, se, high) in [
            (
                mean.inference.estimate,
                mean.inference.std_error,
                mean.inference.ci_high,
            ),
            (ratio.estimate, ratio.std_error, ratio.ci_high),
        ] {
            // The 97.5 % quantile of t with 2 degrees of freedom.
            let expected = estimate.unwrap() + 4.302_652_729_911_275 * se.unwrap();
            let high = high.unwrap_or(f64::NAN);
            assert!(
                (high - expected).abs() < 1e-9,
                "draw {draw}: {high}, {expected}"
            );
        }
    }
}

/// With the denominator 1 the degrees of freedom are those of the difference in means, also if a condition is one cluster:
/// its residual is 0 and says nothing. If both are, there is no standard error.
#[test]
fn a_condition_of_one_cluster_says_nothing() {
    let row = |y, condition, cluster| Student {
        y,
        d: 1.0,
        condition,
        cluster,
        weight: None,
    };
    let control = [row(1.0, "a", "1"), row(3.0, "a", "1")];
    let treated = [
        row(1.0, "b", "2"),
        row(2.0, "b", "2"),
        row(4.0, "b", "3"),
        row(5.5, "b", "4"),
        row(0.5, "b", "4"),
    ];
    let sketch = build(control.into_iter().chain(treated));
    let mean = &effects(&value(&sketch), "a", &Options::default()).unwrap()[0];
    let ratio = one(&sketch, "a", StdError::Cr2).inference;
    assert!(
        (ratio.df.unwrap() - mean.inference.df.unwrap()).abs() < 1e-9,
        "{ratio:?}"
    );
    assert!((ratio.std_error.unwrap() - mean.inference.std_error.unwrap()).abs() < 1e-12);
    for se in [StdError::Cr2, StdError::Delta] {
        let both = one(
            &build([row(1.0, "a", "1"), row(3.0, "a", "1"), row(2.0, "b", "2")]),
            "a",
            se,
        );
        assert_eq!((both.inference.std_error, both.inference.df), (None, None));
    }
}
