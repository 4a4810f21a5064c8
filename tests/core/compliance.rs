//! Effects on those who complied.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, Report, number, read, sketch};
use rct_core::budget::Budget;
use rct_core::distribution::t_critical;
use rct_core::effect::{ArKind, Cace, CaceOptions, Effect, cace, effects};
use rct_core::random::{Purpose, Random};
use rct_core::regression::{Adjust, Options, StdError, Strata};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};

fn options(adjust: &str, se: &str) -> CaceOptions {
    CaceOptions::from_words(adjust, "auto", se, 0.95).unwrap()
}

const IV: Model<'static> = Model {
    design: "s11_iv_noncompliance",
    condition: "z",
    exposures: &["d"],
    ..PLAIN
};

fn reference() -> serde_json::Value {
    let path = format!(
        "{}/../../tests/oracle/s11_iv_noncompliance/reference.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The same numbers whether the exposure is the only one of the sketch or one of several.
fn both_ways(m: &Model<'_>, adjust: &str, se: &str) -> Cace {
    let direct = cace(&sketch(m).first().unwrap(), "0", None, &options(adjust, se)).unwrap();
    let other = Model {
        exposures: &["female", "d"],
        ..*m
    };
    let by_name = cace(
        &sketch(&other).first().unwrap(),
        "0",
        Some(&["d"]),
        &options(adjust, se),
    )
    .unwrap();
    assert_eq!((direct.len(), by_name.len()), (1, 1));
    assert_eq!(by_name[0].exposure, "d");
    assert_eq!(direct, by_name);
    direct.into_iter().next().unwrap()
}

#[test]
fn two_stage_least_squares() {
    let expected = read("s11_iv_noncompliance/expected.csv");
    let reference = reference();
    let at = |name: &str| expected.column(name);
    let mut report = Report::default();
    const CR: &[(&str, &str)] = &[
        ("CR0", "CR0"),
        ("CR1", "CR1"),
        ("CR1p", "CR1p"),
        ("CR1S", "CR1S"),
        ("CR2", "CR2"),
        ("CR3", "CR3"),
    ];
    // Students as clusters: HC1 is CR1S, HC2 is CR2, HC3 is CR3.
    const HC: &[(&str, &str)] = &[
        ("HC0", "CR0"),
        ("HC1", "CR1S"),
        ("HC2", "CR2"),
        ("HC3", "CR3"),
    ];
    let models = [
        ("iv", &[][..], "school_id", CR),
        ("iv_x", &["x", "female"], "school_id", CR),
        ("iv", &[], "student_id", HC),
        ("iv_x", &["x", "female"], "student_id", HC),
        ("iv_nocluster", &["x"], "student_id", HC),
        ("first_stage", &[], "school_id", CR),
    ];
    for (id, covariates, cluster, methods) in models {
        let adjust = if covariates.is_empty() {
            "none"
        } else {
            "ancova"
        };
        for (method, se) in methods {
            let what = format!("{id} {method}");
            let term = if id == "first_stage" { "z" } else { "d" };
            let row = expected
                .rows
                .iter()
                .find(|r| {
                    r[at("model")] == id && r[at("method")] == *method && r[at("term")] == term
                })
                .unwrap();
            let e = |name: &str| number(&row[at(name)]);
            let got = both_ways(
                &Model {
                    covariates,
                    cluster,
                    ..IV
                },
                adjust,
                se,
            );
            if id == "first_stage" {
                report.check(format!("{what} est"), got.first_stage, e("est"), 0.0);
                report.check(format!("{what} se"), got.first_stage_se, e("se"), 0.0);
                let f = e("t").map(|t| t * t);
                report.check(format!("{what} F"), got.first_stage_f, f, 0.0);
                continue;
            }
            report.check(format!("{what} est"), got.inference.estimate, e("est"), 0.0);
            report.check(format!("{what} se"), got.inference.std_error, e("se"), 0.0);
            let f = &reference["models"][id]["first_stage"]["d"][format!("F_{method}")];
            report.check(format!("{what} F"), got.first_stage_f, f.as_f64(), 0.0);
            if cluster == "school_id" {
                let se = e("se").unwrap();
                report.check(format!("{what} df"), got.inference.df, e("df"), 0.0);
                report.check(format!("{what} t"), got.inference.t, e("t"), 0.0);
                report.check(format!("{what} p"), got.inference.p_value, e("p"), 0.0);
                report.check(format!("{what} low"), got.inference.ci_low, e("ci_lo"), se);
                report.check(
                    format!("{what} high"),
                    got.inference.ci_high,
                    e("ci_hi"),
                    se,
                );
            }
        }
    }
    // What follows from a standard error that is offered: CR3J is CR3 about the full-sample estimate, CR1S_satt is CR1S with other
    // degrees of freedom. The classical standard error, which disregards clusters, is not offered with instruments.
    for (id, covariates, adjust) in [
        ("iv", &[][..], "none"),
        ("iv_x", &["x", "female"], "ancova"),
    ] {
        for (method, se) in [("CR3J", "CR3"), ("CR1S_satt", "CR1S")] {
            let row = expected
                .rows
                .iter()
                .find(|r| r[at("model")] == id && r[at("method")] == method && r[at("term")] == "d")
                .unwrap();
            let got = both_ways(&Model { covariates, ..IV }, adjust, se).inference;
            let g = number(&row[at("clusters")]).unwrap();
            let factor = if method == "CR3J" {
                ((g - 1.0) / g).sqrt()
            } else {
                1.0
            };
            let value = got.std_error.map(|s| s * factor);
            report.check(
                format!("{id} {method} se"),
                value,
                number(&row[at("se")]),
                0.0,
            );
        }
    }
    let wald = &reference["extras"]["Python"]["wald_iv"];
    let got = both_ways(&IV, "none", "CR2");
    for (name, value) in [
        ("itt", got.itt),
        ("first_stage", got.first_stage),
        ("late", got.inference.estimate),
        ("share_d_given_z1", got.exposure_rate),
        ("share_d_given_z0", got.exposure_rate_control),
        ("first_stage", got.complier_share),
    ] {
        report.check(format!("wald {name}"), value, wald[name].as_f64(), 0.0);
    }
    report.finish(143);
}

struct Student {
    y: f64,
    d: f64,
    condition: &'static str,
    cluster: usize,
    stratum: usize,
    x: f64,
    weight: Option<f64>,
}

/// Students with a first stage of about `strength`.
fn students(seed: u64, strength: f64, weighted: bool, arms: &[&'static str]) -> Vec<Student> {
    let mut random = Random::new(&format!("compliance {seed}"), Purpose::Simulation, 0);
    let mut next = || random.uniform();
    let mut all = Vec::new();
    for cluster in 0..24 {
        let arm = cluster % arms.len();
        let (u, v) = (next(), next());
        for _ in 0..4 + cluster % 5 {
            let x = next() - 0.5;
            let d = ((next() * 0.5 + u * 0.3 + strength * (arm > 0) as u8 as f64) > 0.5) as u8;
            all.push(Student {
                y: 3.0 * x + v + 1.5 * d as f64 + arm as f64 * 0.1 + next(),
                d: d as f64,
                condition: arms[arm],
                cluster,
                stratum: cluster / 8,
                x,
                weight: weighted.then(|| 0.5 + next()),
            });
        }
    }
    all
}

/// A sketch of the outcome `y − b d`.
fn build(students: &[Student], b: f64) -> Sketch {
    let budget = Budget::unlimited();
    let columns = Columns::parse("y ~ x; exposure: d, other; weight: w").unwrap();
    let mut builder = Builder::new(columns, &budget);
    for s in students {
        builder
            .add(&Row {
                condition: Some(s.condition.as_bytes()),
                cluster: Some(Cluster::Number(s.cluster as i64)),
                stratum: Key::of_text(s.stratum.to_string().as_bytes()),
                values: &[
                    Some(s.y - b * s.d),
                    Some(s.x),
                    Some(s.d),
                    Some(s.x + s.d),
                    s.weight,
                ],
            })
            .unwrap();
    }
    Sketch::decode(&builder.sketch().unwrap().encode(), &budget).unwrap()
}

/// The regression of `y − b d` with the covariate `x` alone.
fn shifted(students: &[Student], b: f64, se: StdError) -> Effect {
    let budget = Budget::unlimited();
    let columns = Columns::parse("y ~ x; weight: w").unwrap();
    let mut builder = Builder::new(columns, &budget);
    for s in students {
        builder
            .add(&Row {
                condition: Some(s.condition.as_bytes()),
                cluster: Some(Cluster::Number(s.cluster as i64)),
                stratum: Key::of_text(s.stratum.to_string().as_bytes()),
                values: &[Some(s.y - b * s.d), Some(s.x), s.weight],
            })
            .unwrap();
    }
    let options = Options {
        adjust: Adjust::Ancova,
        strata: Strata::Absorb,
        se,
        level: 0.95,
        ..Options::default()
    };
    effects(&builder.sketch().unwrap().first().unwrap(), "a", &options)
        .unwrap()
        .remove(0)
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-9)
}

/// The Anderson-Rubin set is where a t test of `y − b d` does not reject, by trying out.
#[test]
fn the_set_by_trying_out() {
    let mut kinds = Vec::new();
    for (seed, strength) in [
        (1, 0.5),
        (2, 0.3),
        (3, 0.02),
        (4, 0.0),
        (5, 0.05),
        (6, 0.1),
        (7, 0.0),
        (8, 0.01),
    ] {
        for weighted in [false, true] {
            for (se, word) in [(StdError::Cr2, "CR2"), (StdError::Cr1, "CR1")] {
                let what = format!("seed {seed}, strength {strength}, weighted {weighted}, {word}");
                let rows = students(seed, strength, weighted, &["a", "b"]);
                let got = cace(
                    &build(&rows, 0.0).first().unwrap(),
                    "a",
                    Some(&["d"]),
                    &options("ancova", word),
                )
                .unwrap()
                .remove(0);
                let b = got.inference.estimate.unwrap();
                // The standard error is that of the residual's regression over the first stage.
                let at_estimate = shifted(&rows, b, se);
                assert!(
                    at_estimate.inference.estimate.unwrap().abs() < 1e-9,
                    "{what}"
                );
                let by_hand =
                    at_estimate.inference.std_error.unwrap() / got.first_stage.unwrap().abs();
                assert!(
                    near(got.inference.std_error.unwrap(), by_hand, 1e-9),
                    "{what}"
                );
                let (df, by_hand) = (got.inference.df.unwrap(), at_estimate.inference.df.unwrap());
                assert!(near(df, by_hand, 1e-8), "{what}: {df} {by_hand}");
                let t = t_critical(0.05, df).unwrap();
                let accepted = |b: f64| shifted(&rows, b, se).inference.t.unwrap().abs() <= t;
                let kind = got.ar_kind.unwrap();
                kinds.push(kind);
                let inside = |b: f64| match (kind, got.ar_low, got.ar_high) {
                    (ArKind::Interval, Some(low), Some(high)) => low <= b && b <= high,
                    (ArKind::TwoRays, Some(low), Some(high)) => b <= low || high <= b,
                    (ArKind::Line, None, None) => true,
                    other => panic!("{what}: {other:?}"),
                };
                assert!(inside(b), "{what}");
                for i in -20..=20 {
                    let b = b + (i as f64 * 0.46).sinh();
                    assert_eq!(accepted(b), inside(b), "{what}: {b} {got:?}");
                }
                // At the limits the test is at its edge.
                for limit in [got.ar_low, got.ar_high].into_iter().flatten() {
                    let at_limit = shifted(&rows, limit, se).inference.t.unwrap().abs();
                    assert!(near(at_limit, t, 1e-7), "{what}: {at_limit} {t}");
                }
                let weak = got
                    .notes
                    .iter()
                    .any(|n| n.to_string().starts_with("weak_instrument"));
                assert_eq!(weak, got.first_stage_f.unwrap() < 10.0, "{what}");
                let unbounded = got
                    .notes
                    .iter()
                    .any(|n| n.to_string().starts_with("ar_unbounded"));
                assert_eq!(unbounded, kind != ArKind::Interval, "{what}");
            }
        }
    }
    for kind in [ArKind::Interval, ArKind::TwoRays, ArKind::Line] {
        assert!(kinds.contains(&kind), "no {kind:?} among {kinds:?}");
    }
}

/// Units of outcome and exposure scale what they should, and nothing else.
#[test]
fn units() {
    let rows = students(11, 0.4, false, &["a", "b"]);
    let scaled: Vec<Student> = students(11, 0.4, false, &["a", "b"])
        .into_iter()
        .map(|s| Student {
            y: 8.0 * s.y + 1024.0,
            d: -4.0 * s.d + 2.0,
            ..s
        })
        .collect();
    let of = |rows: &[Student]| {
        cace(
            &build(rows, 0.0).first().unwrap(),
            "a",
            None,
            &options("none", "CR2"),
        )
        .unwrap()
        .remove(0)
    };
    let (a, b) = (of(&rows), of(&scaled));
    let (x, y) = (a.inference, b.inference);
    for (got, expected) in [
        (y.estimate, x.estimate.map(|v| -2.0 * v)),
        (y.std_error, x.std_error.map(|v| 2.0 * v)),
        (y.df, x.df),
        (y.ci_high, x.ci_low.map(|v| -2.0 * v)),
        (b.first_stage_f, a.first_stage_f),
        (b.first_stage, a.first_stage.map(|v| -4.0 * v)),
        (b.ar_low, a.ar_high.map(|v| -2.0 * v)),
        (b.ar_high, a.ar_low.map(|v| -2.0 * v)),
    ] {
        assert!(
            near(got.unwrap(), expected.unwrap(), 1e-10),
            "{got:?} {expected:?}"
        );
    }
    assert!(a.complier_share.is_some() && b.complier_share.is_none());
}

/// Each condition is compared with the control on the rows of these two.
#[test]
fn several_conditions_and_exposures() {
    let three = students(21, 0.4, false, &["a", "b", "c"]);
    let all = cace(
        &build(&three, 0.0).first().unwrap(),
        "a",
        Some(&["other", "d"]),
        &options("none", "CR2"),
    )
    .unwrap();
    let names: Vec<(&str, &str)> = all
        .iter()
        .map(|r| (r.comparison.condition.as_str(), r.exposure.as_str()))
        .collect();
    assert_eq!(
        names,
        [("b", "other"), ("b", "d"), ("c", "other"), ("c", "d")]
    );
    for (condition, at) in [("b", 0), ("c", 2)] {
        let pair: Vec<Student> = students(21, 0.4, false, &["a", "b", "c"])
            .into_iter()
            .filter(|s| s.condition == "a" || s.condition == condition)
            .collect();
        let alone = cace(
            &build(&pair, 0.0).first().unwrap(),
            "a",
            Some(&["other", "d"]),
            &options("none", "CR2"),
        )
        .unwrap();
        assert_eq!(alone[..], all[at..at + 2]);
    }
}

#[test]
fn what_does_not_exist() {
    let note = |row: &Cace, name: &str| row.notes.iter().any(|n| n.to_string().starts_with(name));
    let with = |f: fn(&Student) -> f64| -> Cace {
        let rows: Vec<Student> = students(31, 0.4, false, &["a", "b"])
            .into_iter()
            .map(|s| Student { d: f(&s), ..s })
            .collect();
        cace(
            &build(&rows, 0.0).first().unwrap(),
            "a",
            None,
            &options("none", "CR2"),
        )
        .unwrap()
        .remove(0)
    };
    let constant = with(|_| 1.0);
    assert!(note(&constant, "no_first_stage") && constant.inference.estimate.is_none());
    assert!(constant.itt.is_some() && constant.ar_kind.is_none());
    let perfect = with(|s| (s.condition == "b") as u8 as f64);
    assert!(note(&perfect, "fixed_exposure") && note(&perfect, "one_sided"));
    assert_eq!(perfect.first_stage_f, None);
    assert_eq!(perfect.exposure_rate_control, Some(0.0));
    assert!(near(
        perfect.inference.estimate.unwrap(),
        perfect.itt.unwrap(),
        1e-12
    ));
    assert!(near(
        perfect.ar_low.unwrap(),
        perfect.inference.ci_low.unwrap(),
        1e-10
    ));
    // The condition determines exposure and outcome: what is left is rounding, and no standard error.
    let rows: Vec<Student> = students(31, 0.4, false, &["a", "b"])
        .into_iter()
        .map(|s| {
            let d = (s.condition == "b") as u8 as f64;
            Student { y: 1.1 * d, d, ..s }
        })
        .collect();
    let certain = cace(
        &build(&rows, 0.0).first().unwrap(),
        "a",
        None,
        &options("none", "CR2"),
    )
    .unwrap()
    .remove(0);
    assert!(note(&certain, "no_residual"), "{certain:?}");
    assert_eq!(
        (
            certain.inference.std_error,
            certain.inference.t,
            certain.ar_kind
        ),
        (Some(0.0), None, None)
    );
    // Both conditions are one cluster.
    let rows: Vec<Student> = students(31, 0.4, false, &["a", "b"])
        .into_iter()
        .filter(|s| s.cluster < 2)
        .collect();
    let two = cace(
        &build(&rows, 0.0).first().unwrap(),
        "a",
        None,
        &options("none", "CR2"),
    )
    .unwrap()
    .remove(0);
    assert_eq!(
        (two.inference.std_error, two.inference.df),
        (None, None),
        "{two:?}"
    );
    let plain = effects(
        &build(&rows, 0.0).first().unwrap(),
        "a",
        &Options::default(),
    )
    .unwrap();
    assert_eq!(
        (plain[0].inference.std_error, plain[0].inference.df),
        (None, None),
        "{plain:?}"
    );
    let one_sided = with(|s| if s.condition == "b" { s.d } else { 0.0 });
    assert!(note(&one_sided, "one_sided") && !note(&one_sided, "fixed_exposure"));
    // The outcome is a multiple of the exposure.
    let rows: Vec<Student> = students(31, 0.4, false, &["a", "b"])
        .into_iter()
        .map(|s| Student { y: 3.0 * s.d, ..s })
        .collect();
    let exact = cace(
        &build(&rows, 0.0).first().unwrap(),
        "a",
        None,
        &options("none", "CR2"),
    )
    .unwrap()
    .remove(0);
    assert!(near(exact.inference.estimate.unwrap(), 3.0, 1e-12));
    assert_eq!(
        (exact.inference.std_error, exact.inference.p_value),
        (Some(0.0), None)
    );

    let sketch = build(&rows, 0.0);
    for bad in [&[][..], &[""], &["x"], &["D"], &["d", "y"], &["d", "d"]] {
        assert!(
            cace(
                &sketch.first().unwrap(),
                "a",
                Some(bad),
                &options("none", "CR2")
            )
            .is_err(),
            "{bad:?}"
        );
    }
    assert!(cace(&sketch.first().unwrap(), "z", None, &options("none", "CR2")).is_err());
    let none = Model {
        exposures: &[],
        ..IV
    };
    assert!(
        cace(
            &oracle::sketch(&none).first().unwrap(),
            "0",
            None,
            &options("none", "CR2")
        )
        .is_err()
    );
    assert!(CaceOptions::from_words("none", "auto", "naive", 0.95).is_err());
    assert!(CaceOptions::from_words("none", "auto", "CR2", 1.0).is_err());
}
