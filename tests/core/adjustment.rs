//! Adjusted effects, matched pairs, influence of clusters.
//!
//! `tests/oracle/adjustment` has what clubSandwich, estimatr and explicit refits in R say, with the script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, Report, sketch};
use rct_core::effect::{Effect, cluster_diagnostics, effects, influence};
use rct_core::note::{Code, Note};
use rct_core::regression::{Adjust, Estimand, Options, StdError, Strata};
use rct_core::sketch::Key;
use serde_json::Value;

fn reference() -> Value {
    let path = "../../tests/oracle/adjustment/reference.json";
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn check(report: &mut Report, what: &str, m: &Model<'_>, options: &Options, expected: &Value) {
    let rows = effects(&sketch(m).first().unwrap(), m.control, options).unwrap();
    let number = |name: &str| expected[name].as_f64();
    report.check(
        format!("{what} est"),
        rows[0].inference.estimate,
        number("est"),
        0.0,
    );
    report.check(
        format!("{what} se"),
        rows[0].inference.std_error,
        number("se"),
        0.0,
    );
    report.check(
        format!("{what} df"),
        rows[0].inference.df,
        number("df"),
        0.0,
    );
    report.check(
        format!("{what} p"),
        rows[0].inference.p_value,
        number("p"),
        0.0,
    );
    if options.estimand == Estimand::Cluster {
        assert!(
            rows[0]
                .notes
                .iter()
                .any(|n| n.to_string().starts_with("estimand: "))
        );
    }
}

#[test]
fn each_cluster_counts_the_same() {
    let (mut report, all) = (Report::default(), reference());
    let cluster = Options {
        estimand: Estimand::Cluster,
        ..Options::default()
    };
    for design in [
        "s01_balanced_2arm",
        "s02_unequal_sizes",
        "s08_strata_nested",
    ] {
        let m = Model { design, ..PLAIN };
        for software in ["estimatr", "clubSandwich"] {
            check(
                &mut report,
                design,
                &m,
                &cluster,
                &all["cluster"][design][software],
            );
        }
        let rows = effects(&sketch(&m).first().unwrap(), "0", &cluster).unwrap();
        let means = &all["cluster"][design]["means"];
        report.check(
            format!("{design} mean"),
            rows[0].mean,
            means["1"].as_f64(),
            0.0,
        );
        report.check(
            format!("{design} control"),
            rows[0].mean_control,
            means["0"].as_f64(),
            0.0,
        );
    }
    let m = Model {
        design: "s02_unequal_sizes",
        covariates: &["x", "female"],
        ..PLAIN
    };
    let with = |adjust| Options { adjust, ..cluster };
    check(
        &mut report,
        "ancova",
        &m,
        &with(Adjust::Ancova),
        &all["cluster"]["s02_ancova"],
    );
    check(
        &mut report,
        "lin",
        &m,
        &with(Adjust::Lin),
        &all["cluster"]["s02_lin"],
    );
    let m = Model {
        design: "s10_weights",
        weight: Some("w"),
        ..PLAIN
    };
    check(
        &mut report,
        "weights",
        &m,
        &cluster,
        &all["cluster"]["s10_w"],
    );
    // Equal sizes: both estimands are one and the same.
    let m = Model {
        design: "s01_balanced_2arm",
        ..PLAIN
    };
    let (a, b) = (
        effects(&sketch(&m).first().unwrap(), "0", &Options::default()).unwrap(),
        effects(&sketch(&m).first().unwrap(), "0", &cluster).unwrap(),
    );
    report.check(
        "equal sizes".to_owned(),
        b[0].inference.std_error,
        a[0].inference.std_error,
        0.0,
    );
    report.finish(40);
}

#[test]
fn slopes_by_condition_with_strata() {
    let (mut report, all) = (Report::default(), reference());
    let m = Model {
        design: "s08_strata_nested",
        stratum: Some("stratum"),
        covariates: &["x", "female"],
        ..PLAIN
    };
    let options = Options {
        adjust: Adjust::Lin,
        ..Options::default()
    };
    check(&mut report, "CR2", &m, &options, &all["lin_strata"]["CR2"]);
    let rows = effects(
        &sketch(&m).first().unwrap(),
        "0",
        &Options {
            se: StdError::Cr0,
            ..options
        },
    )
    .unwrap();
    report.check(
        "CR0".to_owned(),
        rows[0].inference.std_error,
        all["lin_strata"]["CR0"]["se"].as_f64(),
        0.0,
    );
    report.finish(5);
}

#[test]
fn matched_pairs() {
    let (mut report, all) = (Report::default(), reference());
    let m = Model {
        design: "adjustment",
        table: "pairs.csv",
        stratum: Some("pair"),
        ..PLAIN
    };
    let paired = |m: &Model<'_>| {
        let options = Options {
            strata: Strata::Pairs,
            ..Options::default()
        };
        effects(&sketch(m).first().unwrap(), "0", &options)
    };
    let pairs = |row: &Effect| (row.comparison.clusters, row.comparison.clusters_control);
    let left_out = |row: &Effect| row.notes.iter().any(|n| n.code == Code::PairsLeftOut);
    let rows = paired(&m).unwrap();
    let (row, expected) = (&rows[0], &all["pairs"]);
    let got = row.inference;
    for (name, value) in [
        ("est", got.estimate),
        ("se", got.std_error),
        ("df", got.df),
        ("p", got.p_value),
        ("ci_lo", got.ci_low),
        ("ci_hi", got.ci_high),
    ] {
        report.check(name.to_owned(), value, expected[name].as_f64(), 0.0);
    }
    assert_eq!((pairs(row), left_out(row)), ((9, 9), false));
    // A pair whose control is missing is left out and told; a larger block is refused.
    let less = Model {
        subset: Some(|r| r["school_id"] != "s030"),
        ..m
    };
    let rows = paired(&less).unwrap();
    assert_eq!((pairs(&rows[0]), left_out(&rows[0])), ((8, 8), true));
    assert!(
        rows[0].notes[0]
            .to_string()
            .starts_with("pairs_left_out: 1 ")
    );
    let blocks = Model { stratum: None, ..m };
    let error = paired(&blocks).unwrap_err();
    let told = rct_core::error::Explain::message(&error);
    assert!(told.contains("pairs of clusters"), "{told}");
    report.finish(6);
}

#[test]
fn leaving_each_cluster_out() {
    let (mut report, all) = (Report::default(), reference());
    let m = Model {
        design: "s02_unequal_sizes",
        covariates: &["x", "female"],
        ..PLAIN
    };
    let sketch = sketch(&m);
    let expected = &all["influence"];
    let rows = influence(
        &sketch.first().unwrap(),
        "0",
        Adjust::Ancova,
        Strata::Absorb,
    )
    .unwrap();
    let ids = expected["ids"].as_array().unwrap();
    assert_eq!(rows.len(), ids.len());
    for (i, id) in ids.iter().enumerate() {
        let key = Key::of_text(id.as_str().unwrap().as_bytes());
        let row = rows.iter().find(|r| r.cluster == key).unwrap();
        let of = |name: &str| expected[name][i].as_f64();
        report.check(
            format!("{id} without"),
            row.estimate_without,
            of("without"),
            0.0,
        );
        report.check(
            format!("{id} leverage"),
            Some(row.leverage),
            of("leverage"),
            0.0,
        );
        report.check(
            format!("{id} partial"),
            row.partial_leverage,
            of("partial"),
            0.0,
        );
    }
    let d = &cluster_diagnostics(
        &sketch.first().unwrap(),
        "0",
        Adjust::Ancova,
        Strata::Absorb,
    )
    .unwrap()[0];
    for (name, value) in [
        ("gstar1", d.effective_clusters),
        ("gstar0", d.effective_clusters_independent),
        ("cv", d.leverage_cv),
        ("partial_cv", d.partial_leverage_cv),
        ("cr3", d.se_cr3),
        ("cv3", d.se_cv3),
        ("cv3j", d.se_cv3j),
    ] {
        report.check(name.to_owned(), value, expected[name].as_f64(), 0.0);
    }
    report.finish(90);
}

/// Explicit refits: the sketch without the cluster, with strata, weights and covariates.
#[test]
fn leaving_a_cluster_out_is_a_refit() {
    let mut report = Report::default();
    let m = Model {
        design: "s10_weights",
        weight: Some("w"),
        stratum: Some("grade"),
        covariates: &["x"],
        ..PLAIN
    };
    let options = Options {
        adjust: Adjust::Ancova,
        ..Options::default()
    };
    let rows = influence(
        &sketch(&m).first().unwrap(),
        "0",
        Adjust::Ancova,
        Strata::Absorb,
    )
    .unwrap();
    let table = oracle::read("s10_weights/data.csv");
    let at = table.column("school_id");
    let mut ids: Vec<String> = table.rows.iter().map(|r| r[at].clone()).collect();
    ids.sort();
    ids.dedup();
    for id in &ids {
        let rest = oracle::Table {
            header: table.header.clone(),
            rows: table
                .rows
                .iter()
                .filter(|r| r[at] != *id)
                .cloned()
                .collect(),
        };
        let refit = effects(
            &oracle::sketch_of(&rest, &m).first().unwrap(),
            "0",
            &options,
        )
        .unwrap();
        let row = rows
            .iter()
            .find(|r| r.cluster == Key::of_text(id.as_bytes()))
            .unwrap();
        report.check(
            id.clone(),
            row.estimate_without,
            refit[0].inference.estimate,
            0.0,
        );
    }
    // Leverages add up to the parameters, partial leverages to 1.
    let sum: f64 = rows.iter().map(|r| r.leverage).sum();
    report.check("leverage".to_owned(), Some(sum), Some(2.0 + 4.0), 0.0);
    let sum: f64 = rows.iter().filter_map(|r| r.partial_leverage).sum();
    report.check("partial".to_owned(), Some(sum), Some(1.0), 0.0);
    report.finish(30);
}

/// There is neither a lift nor a standardized effect in these results, so nothing is said of them.
#[test]
fn notes_are_of_what_is_there() {
    use rct_core::sketch::{Builder, Cluster, Columns, Row};
    let mut builder = Builder::new(
        Columns::simple(true),
        &rct_core::budget::Budget::unlimited(),
    );
    for i in 0..24 {
        let treated = i % 2;
        builder
            .add(&Row {
                condition: Some(if treated == 1 { b"b" } else { b"a" }),
                cluster: Some(Cluster::Number(i % 8)),
                stratum: Key::NONE,
                values: &[treated * (i % 5), i % 7].map(|v| Some(v as f64)),
            })
            .unwrap();
    }
    let sketch = &builder.sketch().unwrap().first().unwrap();
    let of_scale = |n: &Note| matches!(n.code, Code::NoLift | Code::NoHedgesG);
    let plain = effects(sketch, "a", &Options::default()).unwrap();
    assert!(plain[0].notes.iter().any(of_scale));
    for row in cluster_diagnostics(sketch, "a", Adjust::None, Strata::Absorb).unwrap() {
        assert!(!row.notes.iter().any(of_scale));
    }
}
