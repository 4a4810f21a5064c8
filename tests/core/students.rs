//! Assignment of students.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Report, number, read};
use rct_core::budget::Budget;
use rct_core::effect::{Effect, effects};
use rct_core::error::Explain;
use rct_core::note::Code;
use rct_core::regression::{Adjust, Estimand, Options, StdError, Strata};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};

/// Each row of a design as a student of its own; `parts` sketches are merged.
fn students(design: &str, stratum: Option<&str>, covariates: &[&str], parts: usize) -> Sketch {
    let table = read(&format!("{design}/data.csv"));
    let budget = Budget::unlimited();
    let names = match covariates {
        [] => "y".to_owned(),
        _ => format!("y ~ {}", covariates.join(", ")),
    };
    let columns = Columns::parse(&names).unwrap();
    let mut builders: Vec<Builder> = (0..parts)
        .map(|_| Builder::new(columns.clone(), &budget))
        .collect();
    let column = |name: &str| table.column(name);
    for (i, row) in table.rows.iter().enumerate() {
        let values: Vec<Option<f64>> = columns.values().map(|c| number(&row[column(c)])).collect();
        builders[i % parts]
            .add(&Row {
                condition: Some(row[column("treat")].as_bytes()),
                cluster: Some(Cluster::Digest(Key::STUDENT)),
                stratum: stratum.map_or(Key::NONE, |s| Key::of_text(row[column(s)].as_bytes())),
                values: &values,
            })
            .unwrap();
    }
    let mut all = Sketch::new(columns, &budget);
    for b in &mut builders {
        all.merge(b.sketch().unwrap()).unwrap();
    }
    Sketch::decode(&all.encode(), &budget).unwrap()
}

fn effect(s: &Sketch, adjust: Adjust) -> Effect {
    let options = Options {
        adjust,
        ..Options::default()
    };
    effects(&s.first().unwrap(), "0", &options)
        .unwrap()
        .remove(0)
}

fn has(row: &Effect, code: Code) -> bool {
    row.notes.iter().any(|n| n.code == code)
}

fn json(path: &str) -> serde_json::Value {
    let path = format!(
        "{}/../../tests/oracle/students/{path}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn agrees_with_the_formula_and_with_estimatr() {
    let (formula, estimatr) = (json("formula.json"), json("students.json"));
    let mut report = Report::default();
    for (id, design, stratum, covariates) in [
        ("s01", "s01_balanced_2arm", None, &[][..]),
        ("s08", "s08_strata_nested", Some("stratum"), &[]),
        ("s09", "s09_strata_crossing", Some("grade"), &[]),
        ("s01_lin", "s01_balanced_2arm", None, &["x"]),
        (
            "s08_lin",
            "s08_strata_nested",
            Some("stratum"),
            &["x", "female"],
        ),
        ("s09_lin", "s09_strata_crossing", Some("grade"), &["x"]),
    ] {
        let adjust = if covariates.is_empty() {
            Adjust::None
        } else {
            Adjust::Lin
        };
        let got = effect(&students(design, stratum, covariates, 1), adjust).inference;
        let expected = |k: &str| formula[id][k].as_f64();
        report.check(
            format!("{id} estimate"),
            got.estimate,
            expected("estimate"),
            0.0,
        );
        report.check(format!("{id} se"), got.std_error, expected("se"), 0.0);
        report.check(format!("{id} df"), got.df, expected("df"), 0.0);
        let other = &estimatr[id];
        if covariates.is_empty() {
            report.check(
                format!("{id} estimatr"),
                got.estimate,
                other["estimate"].as_f64(),
                0.0,
            );
            report.check(
                format!("{id} estimatr se"),
                got.std_error,
                other["se"].as_f64(),
                0.0,
            );
        } else if id == "s01_lin" {
            report.check(
                format!("{id} estimatr"),
                got.estimate,
                other["estimate"].as_f64(),
                0.0,
            );
            // HC2 of the regression weighs residuals by leverage: it differs in terms of the order (k / n).
            let ratio = got.std_error.unwrap() / other["se"].as_f64().unwrap();
            assert!((ratio - 1.0).abs() < 1.0 / 500.0, "{ratio}");
        }
        if id == "s01" {
            // estimatr's degrees of freedom with blocks are n − 2 blocks; without them they are Welch's too.
            report.check("s01 Welch".into(), got.df, other["df"].as_f64(), 0.0);
            report.check("s01 p".into(), got.p_value, other["p"].as_f64(), 0.0);
        }
    }
    report.finish(26);
}

#[test]
fn without_strata_it_is_hc2() {
    let table = read("s01_balanced_2arm/expected.csv");
    let at = |name: &str| table.column(name);
    let row = table
        .rows
        .iter()
        .find(|r| r[at("model")] == "m1" && r[at("method")] == "HC2" && r[at("term")] == "treat")
        .unwrap();
    let mut report = Report::default();
    let got = effect(&students("s01_balanced_2arm", None, &[], 1), Adjust::None).inference;
    report.check(
        "estimate".into(),
        got.estimate,
        number(&row[at("est")]),
        0.0,
    );
    report.check("se".into(), got.std_error, number(&row[at("se")]), 0.0);
    report.finish(2);
}

#[test]
fn parts_add_up_and_the_size_is_constant() {
    let one = students("s08_strata_nested", Some("stratum"), &["x"], 1);
    assert_eq!(
        one.encode(),
        students("s08_strata_nested", Some("stratum"), &["x"], 7).encode()
    );
    let small = students("s01_balanced_2arm", None, &[], 1);
    assert_eq!(small.cell_count(), 2);
    assert!(small.encode().len() < 300);
    // A large offset changes nothing.
    let offset = effect(&students("s14_large_offset", None, &[], 1), Adjust::None);
    assert!(offset.inference.std_error.unwrap() > 0.0);
}

#[test]
fn each_kind_of_sketch_has_its_functions() {
    let s = students("s01_balanced_2arm", None, &[], 1);
    let arms = rct_core::effect::arms(&s.first().unwrap()).unwrap_err();
    let cells = s.first().unwrap().cell_summaries().unwrap_err();
    for (message, hint) in [
        (arms.message(), arms.hint()),
        (cells.message(), cells.hint()),
    ] {
        assert_eq!(
            message,
            "sketch must be of clusters, got one in which each student is a unit"
        );
        let hint = hint.unwrap();
        assert!(hint.contains("rct.effects"), "{hint}");
    }
    assert_eq!(s.info().n, 1000);
    let usual = Options::default();
    let message = |options: Options| {
        let error = effects(&s.first().unwrap(), "0", &options).unwrap_err();
        error.message()
    };
    assert_eq!(
        message(Options {
            adjust: Adjust::Lin,
            ..usual
        }),
        "adjust must be \"none\" without covariates, got \"lin\""
    );
    assert_eq!(
        message(Options {
            adjust: Adjust::Ancova,
            ..usual
        }),
        "adjust must be \"none\" or \"lin\" for students assigned one by one, got \"ancova\""
    );
    for se in [
        StdError::Cr0,
        StdError::Cr1,
        StdError::Cr3,
        StdError::Naive,
        StdError::Delta,
    ] {
        let told = message(Options { se, ..usual });
        assert!(
            told.starts_with("se must be \"CR2\" for students assigned one by one"),
            "{told}"
        );
    }
    let told = message(Options {
        strata: Strata::Pairs,
        ..usual
    });
    assert!(told.starts_with("strata must be one of"), "{told}");
    let told = message(Options {
        estimand: Estimand::Cluster,
        ..usual
    });
    assert!(told.starts_with("estimand must be"), "{told}");
    let told = message(Options {
        level: 1.0,
        ..usual
    });
    assert!(told.starts_with("level must be"), "{told}");
    let error = effects(&s.first().unwrap(), "2", &usual).unwrap_err();
    assert!(error.message().starts_with("control condition \"2\""));
}

fn made(rows: &[(f64, &str, &str)]) -> Sketch {
    let budget = Budget::unlimited();
    let mut b = Builder::new(Columns::simple(false), &budget);
    for (y, condition, stratum) in rows {
        b.add(&Row {
            condition: Some(condition.as_bytes()),
            cluster: Some(Cluster::Digest(Key::STUDENT)),
            stratum: Key::of_text(stratum.as_bytes()),
            values: &[Some(*y)],
        })
        .unwrap();
    }
    Sketch::decode(&b.sketch().unwrap().encode(), &budget).unwrap()
}

#[test]
fn what_does_not_exist() {
    let one = effect(
        &made(&[(1.0, "0", "a"), (2.0, "0", "a"), (5.0, "1", "a")]),
        Adjust::None,
    );
    assert_eq!(
        (one.inference.estimate, one.inference.std_error),
        (Some(3.5), None)
    );
    assert!(has(&one, Code::SingleStudent));
    let apart = effect(
        &made(&[
            (1.0, "0", "a"),
            (2.0, "0", "a"),
            (5.0, "1", "b"),
            (6.0, "1", "b"),
        ]),
        Adjust::None,
    );
    assert_eq!(apart.inference.estimate, None);
    assert!(has(&apart, Code::AliasedCondition));
    let partly = effect(
        &made(&[
            (1.0, "0", "a"),
            (2.0, "0", "a"),
            (5.0, "1", "a"),
            (6.0, "1", "a"),
            (9.0, "1", "b"),
        ]),
        Adjust::None,
    );
    let (n, n_control) = (partly.comparison.n, partly.comparison.n_control);
    assert_eq!((partly.inference.estimate, n, n_control), (Some(4.0), 3, 2));
    assert!(partly.notes.iter().any(|n| {
        n.to_string()
            .starts_with("uninformative_strata: 1 of 2 strata")
    }));
    let constant = effect(
        &made(&[
            (1.0, "0", "a"),
            (1.0, "0", "a"),
            (2.0, "1", "a"),
            (2.0, "1", "a"),
        ]),
        Adjust::None,
    );
    assert_eq!(
        (constant.inference.std_error, constant.inference.p_value),
        (Some(0.0), None)
    );
}
