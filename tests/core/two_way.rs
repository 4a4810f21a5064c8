//! Two-way cluster-robust inference.
//!
//! `tests/oracle/two_way` has what sandwich and pyfixest say, with the scripts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, Report, sketch};
use proptest::prelude::*;
use rct_core::budget::Budget;
use rct_core::effect::{Effect, effects, two_way_effects};
use rct_core::error::Explain;
use rct_core::regression::{Adjust, Options, StdError, Strata};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};
use serde_json::Value;
use std::collections::BTreeMap;

fn json(path: &str) -> Value {
    let path = format!(
        "{}/../../tests/oracle/two_way/{path}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

const KINDS: [(&str, StdError); 3] = [
    ("CR0", StdError::Cr0),
    ("CR1", StdError::Cr1),
    ("CR1S", StdError::Cr1s),
];

fn rows(m: &Model<'_>, adjust: Adjust, se: StdError) -> Vec<Effect> {
    let options = Options {
        adjust,
        se,
        ..Options::default()
    };
    asked(&sketch(m), m.control, &options)
}

/// Strata as a second dimension are those of `effects`.
fn asked(sketch: &Sketch, control: &str, options: &Options) -> Vec<Effect> {
    let view = sketch.first().unwrap();
    let rows = two_way_effects(&view, control, options).unwrap();
    let clusters = Options {
        strata: Strata::Clusters,
        ..*options
    };
    assert_eq!(effects(&view, control, &clusters).unwrap(), rows);
    rows
}

const CROSSED: Model<'static> = Model {
    design: "two_way",
    table: "crossed.csv",
    condition: "arm",
    control: "a",
    cluster: "teacher",
    stratum: Some("district"),
    ..PLAIN
};

/// (name in the reference, model, adjustment)
fn models() -> Vec<(&'static str, Model<'static>, Adjust)> {
    let with_x = Model {
        covariates: &["x"],
        ..CROSSED
    };
    let crossing = Model {
        design: "s09_strata_crossing",
        stratum: Some("grade"),
        ..PLAIN
    };
    let nested = Model {
        design: "s08_strata_nested",
        stratum: Some("stratum"),
        ..PLAIN
    };
    let negative = Model {
        table: "negative.csv",
        ..CROSSED
    };
    vec![
        ("crossed", CROSSED, Adjust::None),
        ("crossed_ancova", with_x, Adjust::Ancova),
        (
            "crossed_weights",
            Model {
                weight: Some("w"),
                ..with_x
            },
            Adjust::Ancova,
        ),
        ("crossed_lin", with_x, Adjust::Lin),
        ("negative", negative, Adjust::None),
        (
            "negative_one",
            Model {
                outcome: "z",
                subset: Some(|r| r["arm"] != "c"),
                ..negative
            },
            Adjust::None,
        ),
        ("s09_strata_crossing", crossing, Adjust::None),
        (
            "s09_strata_crossing_ancova",
            Model {
                covariates: &["x"],
                ..crossing
            },
            Adjust::Ancova,
        ),
        ("s08_strata_nested", nested, Adjust::None),
        (
            "s08_strata_nested_ancova",
            Model {
                covariates: &["x"],
                ..nested
            },
            Adjust::Ancova,
        ),
    ]
}

fn has(row: &Effect, note: &str) -> bool {
    let start = format!("{note}: ");
    row.notes.iter().any(|n| n.to_string().starts_with(&start))
}

#[test]
fn agrees_with_sandwich() {
    let (mut report, all) = (Report::default(), json("reference.json"));
    for (name, model, adjust) in models() {
        let expected = &all[name];
        let info = sketch(&model).info();
        let groups = [info.clusters, info.strata];
        assert_eq!(
            groups.map(Some),
            [0, 1].map(|i| expected["groups"][i].as_u64()),
            "{name}"
        );
        for (kind, se) in KINDS {
            let got = rows(&model, adjust, se);
            let negative = expected[kind]["negative"] == true;
            for (i, row) in got.iter().enumerate() {
                let what = format!("{name} {kind} {}", row.comparison.condition);
                let number = |v: &Value| v.as_f64().or_else(|| v[i].as_f64());
                report.check(
                    format!("{what} est"),
                    row.inference.estimate,
                    number(&expected["est"]),
                    0.0,
                );
                let variance = expected[kind]["fixed"][i][i].as_f64().unwrap();
                assert_eq!(has(row, "not_positive_definite"), negative, "{what}");
                assert_eq!(has(row, "nested_clusters"), name.contains("nested"));
                let count = |i: usize| expected["groups"][i].as_u64().unwrap();
                // Groups of both dimensions are as many as clusters where these are nested.
                assert_eq!(count(2) == count(0), has(row, "nested_clusters"), "{what}");
                if variance == 0.0 {
                    assert_eq!((row.inference.std_error, row.inference.df), (None, None));
                    continue;
                }
                report.check(
                    format!("{what} se"),
                    row.inference.std_error,
                    Some(variance.sqrt()),
                    0.0,
                );
                let df = count(0).min(count(1)) as f64 - 1.0;
                assert_eq!(row.inference.df, Some(df), "{what}");
            }
        }
    }
    report.finish(80);
}

#[test]
fn agrees_with_pyfixest() {
    let (mut report, all) = (Report::default(), json("pyfixest.json"));
    for (name, model, adjust) in models() {
        for row in rows(&model, adjust, StdError::Cr1s) {
            let expected = match all[name].get(format!("arm[T.{}]", row.comparison.condition)) {
                Some(of_arm) => of_arm,
                None => &all[name]["treat"],
            };
            let i = row.inference;
            for (what, got) in [
                ("est", i.estimate),
                ("se", i.std_error),
                ("p", i.p_value),
                ("ci_lo", i.ci_low),
                ("ci_hi", i.ci_high),
            ] {
                report.check(format!("{name} {what}"), got, expected[what].as_f64(), 0.0);
            }
        }
    }
    report.finish(40);
}

/// (outcome, treated, cluster, stratum)
type Pupil = (f64, bool, i64, i64);

fn collect(pupils: &[Pupil]) -> Sketch {
    let mut builder = Builder::new(Columns::simple(false), &Budget::unlimited());
    for &(y, treated, cluster, stratum) in pupils {
        builder
            .add(&Row {
                condition: Some(if treated { b"1" } else { b"0" }),
                cluster: Some(Cluster::Number(cluster)),
                stratum: Key::of_bigint(stratum),
                values: &[Some(y)],
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

fn effect(pupils: &[Pupil], se: StdError) -> Effect {
    let options = Options {
        se,
        ..Options::default()
    };
    asked(&collect(pupils), "0", &options).remove(0)
}

/// `Σ (Σ ψ_i)²` over groups of rows, and how many there are; `ψ_i = ± e_i / n`.
fn direct<T: Ord>(pupils: &[Pupil], group: impl Fn(&Pupil) -> T) -> (f64, f64) {
    let of = |treated: bool| pupils.iter().filter(move |p| p.1 == treated);
    let n = |treated| of(treated).count() as f64;
    let mean = |treated| of(treated).map(|p| p.0).sum::<f64>() / n(treated);
    let mut sums: BTreeMap<T, f64> = BTreeMap::new();
    for p in pupils {
        let sign = if p.1 { 1.0 } else { -1.0 };
        *sums.entry(group(p)).or_default() += sign * (p.0 - mean(p.1)) / n(p.1);
    }
    (sums.values().map(|s| s * s).sum(), sums.len() as f64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn is_the_sum_over_rows(
        pupils in prop::collection::vec((-9i32..9, any::<bool>(), 0i64..6, 0i64..5), 8..60)
    ) {
        let pupils: Vec<Pupil> = pupils.iter().map(|p| (f64::from(p.0), p.1, p.2, p.3)).collect();
        let treated = pupils.iter().filter(|p| p.1).count();
        prop_assume!(treated > 1 && treated + 1 < pupils.len());
        let parts = [
            direct(&pupils, |p| (p.2, 0)),
            direct(&pupils, |p| (0, p.3)),
            direct(&pupils, |p| (p.2, p.3)),
        ];
        let n = pupils.len() as f64;
        for (se, rows) in [(StdError::Cr0, 0.0), (StdError::Cr1, 1.0), (StdError::Cr1s, (n - 1.0) / (n - 2.0))] {
            let factor = |g: f64| if rows == 0.0 { 1.0 } else { g / (g - 1.0) * rows };
            let terms = parts.map(|(v, g)| v * factor(g));
            let variance = terms[0] + terms[1] - terms[2];
            let row = effect(&pupils, se);
            prop_assert_eq!(has(&row, "nested_clusters"), parts[2].1 == parts[0].1);
            let nested = parts[2].1 == parts[0].1 || parts[2].1 == parts[1].1;
            let scale: f64 = terms.iter().sum();
            let df = parts[0].1.min(parts[1].1) - 1.0;
            if nested || df == 0.0 || variance.abs() < 1e-9 * scale {
                continue;
            }
            if variance < 0.0 {
                prop_assert!(has(&row, "not_positive_definite"));
                prop_assert_eq!(row.inference.std_error, None);
            } else {
                prop_assert!(!has(&row, "not_positive_definite"));
                let se = row.inference.std_error.unwrap();
                prop_assert!((se * se - variance).abs() <= 1e-10 * scale, "{} {variance}", se * se);
                prop_assert_eq!(row.inference.df, Some(df));
            }
        }
    }
}

fn crossing() -> Vec<Pupil> {
    (0..96)
        .map(|i| {
            let (cluster, stratum) = (i % 12, (i / 7) % 11);
            let y = (i * 37 + i * i) % 7 + 6 * (cluster % 4) + 5 * (stratum % 3);
            (y as f64, i % 3 == 0, cluster, stratum)
        })
        .collect()
}

#[test]
fn both_dimensions_have_the_same_rank() {
    let pupils = crossing();
    let swapped: Vec<Pupil> = pupils.iter().map(|p| (p.0, p.1, p.3, p.2)).collect();
    let mut report = Report::default();
    for (_, se) in KINDS {
        let (one, other) = (effect(&pupils, se), effect(&swapped, se));
        assert_eq!(one.inference.df, other.inference.df);
        report.check(
            "swapped".to_owned(),
            one.inference.std_error,
            other.inference.std_error,
            0.0,
        );
    }
    report.finish(3);
}

#[test]
fn strata_within_clusters_leave_the_clusters() {
    let pupils: Vec<Pupil> = crossing()
        .iter()
        .enumerate()
        .map(|(i, p)| (p.0, p.1, p.2, 100 * p.2 + i as i64 / 12 % 2))
        .collect();
    let row = effect(&pupils, StdError::Cr1);
    assert!(has(&row, "nested_strata"));
    let options = Options {
        se: StdError::Cr1,
        strata: Strata::Ignore,
        ..Options::default()
    };
    let alone = effects(&collect(&pupils).first().unwrap(), "0", &options).unwrap();
    assert_eq!(row.inference.std_error, alone[0].inference.std_error);
    assert_eq!(row.inference.df, alone[0].inference.df);
}

#[test]
fn what_does_not_exist() {
    let pupils = crossing();
    let sketch = collect(&pupils);
    for se in [
        StdError::Cr2,
        StdError::Cr3,
        StdError::Cr1p,
        StdError::Naive,
    ] {
        let options = Options {
            se,
            ..Options::default()
        };
        let error = two_way_effects(&sketch.first().unwrap(), "0", &options).unwrap_err();
        let told = error.message();
        assert!(
            told.starts_with("se must be one of \"CR0\", \"CR1\", \"CR1S\""),
            "{told}"
        );
    }
    // One stratum: nothing can be told of strata.
    let one: Vec<Pupil> = pupils.iter().map(|p| (p.0, p.1, p.2, 0)).collect();
    for (_, se) in KINDS {
        let row = effect(&one, se);
        assert!(
            row.inference.estimate.is_some() && has(&row, "no_df"),
            "{row:?}"
        );
        assert_eq!(
            (row.inference.std_error, row.inference.p_value),
            (None, None)
        );
    }
    // All treated pupils are in one stratum.
    let arm: Vec<Pupil> = pupils
        .iter()
        .map(|p| (p.0, p.1, p.2, if p.1 { 0 } else { p.3 }))
        .collect();
    let row = effect(&arm, StdError::Cr1);
    assert!(has(&row, "single_stratum_arm"), "{row:?}");
    assert!(!has(&row, "single_cluster_arm"));
    assert!(row.inference.std_error.is_some());
    assert_eq!((row.inference.p_value, row.inference.ci_low), (None, None));
    // What has no residual has none.
    let flat: Vec<Pupil> = pupils
        .iter()
        .map(|p| (p.1 as u8 as f64, p.1, p.2, p.3))
        .collect();
    let row = effect(&flat, StdError::Cr1);
    assert_eq!(
        (row.inference.estimate, row.inference.std_error),
        (Some(1.0), Some(0.0))
    );
    assert!(has(&row, "no_residual"));
    // Few groups are told.
    let few: Vec<Pupil> = pupils.iter().map(|p| (p.0, p.1, p.2, p.3 % 4)).collect();
    assert!(has(&effect(&few, StdError::Cr1), "few_groups"));
    assert!(!has(&effect(&pupils, StdError::Cr1), "few_groups"));
}
