//! Binary outcomes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, Report, sketch};
use rct_core::effect::{
    Options, Scale, binary_effects, cox_index, effect_size, effect_sizes, effects,
    proportion_interval, two_proportions, wwc_correct_t,
};
use rct_core::planning::{Within, icc};
use serde_json::Value;

fn json(path: &str) -> Value {
    let path = format!("{}/../../tests/oracle/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

const PASSED: Model<'static> = Model {
    design: "s12_binary",
    outcome: "passed",
    ..PLAIN
};

#[test]
fn rates_of_independent_students() {
    let mut report = Report::default();
    let table = json("tables/newcombe.json");
    for row in table["rows"].as_array().unwrap() {
        let [x1, n1, x0, n0] = ["x1", "n1", "x0", "n0"].map(|k| row[k].as_i64().unwrap());
        let what = format!("{x1}/{n1}-{x0}/{n0}");
        let got = two_proportions(x1, n1, x0, n0, 0.95).unwrap();
        // Limits are relative to the width of the scale, 1.
        report.check(
            format!("{what} diff"),
            Some(got.difference),
            row["diff"].as_f64(),
            1e-6,
        );
        let pair = |report: &mut Report, name: &str, value: (f64, f64)| {
            report.check(
                format!("{what} {name} low"),
                Some(value.0),
                row[name][0].as_f64(),
                1e-6,
            );
            report.check(
                format!("{what} {name} high"),
                Some(value.1),
                row[name][1].as_f64(),
                1e-6,
            );
        };
        pair(&mut report, "newcombe", got.newcombe);
        for (name, x, n) in [("wilson1", x1, n1), ("wilson0", x0, n0)] {
            let wilson = proportion_interval(x, n, 0.95).unwrap();
            pair(&mut report, name, (wilson.low, wilson.high));
        }
    }
    let binary = &json("s12_binary/reference.json")["extras"]["Python"]["binary"];
    let number = |k: &str| binary[k].as_i64().unwrap();
    let got =
        two_proportions(number("x1"), number("n1"), number("x0"), number("n0"), 0.95).unwrap();
    for (name, value) in [
        ("p1", Some(got.rate)),
        ("p0", Some(got.rate_control)),
        ("risk_difference", Some(got.difference)),
        ("risk_ratio", got.risk_ratio),
        ("odds_ratio", got.odds_ratio),
    ] {
        report.check(name.to_owned(), value, binary[name].as_f64(), 0.0);
    }
    for (name, value) in [
        ("newcombe_hybrid_score", Some(got.newcombe)),
        ("wald", Some(got.wald)),
        ("risk_ratio_ci_katz", got.katz),
        ("odds_ratio_ci_woolf", got.woolf),
    ] {
        report.check(
            format!("{name} low"),
            value.map(|v| v.0),
            binary[name][0].as_f64(),
            0.0,
        );
        report.check(
            format!("{name} high"),
            value.map(|v| v.1),
            binary[name][1].as_f64(),
            0.0,
        );
    }
    report.finish(60);
}

/// The edges: exact 0 and 1, ratios that do not exist, and what is refused.
#[test]
fn edges_of_rates() {
    let none = proportion_interval(0, 10, 0.95).unwrap();
    let all = proportion_interval(10, 10, 0.95).unwrap();
    assert_eq!((none.low, all.high), (0.0, 1.0));
    assert!((none.high - (1.0 - all.low)).abs() < 1e-15);
    let got = two_proportions(0, 10, 3, 10, 0.95).unwrap();
    assert_eq!((got.risk_ratio, got.katz), (Some(0.0), None));
    assert_eq!(
        (got.odds_ratio, got.woolf, got.cox_index),
        (Some(0.0), None, None)
    );
    let got = two_proportions(3, 10, 0, 10, 0.95).unwrap();
    assert_eq!((got.risk_ratio, got.odds_ratio), (None, None));
    for (x, n, level) in [
        (1, 0, 0.95),
        (-1, 3, 0.95),
        (4, 3, 0.95),
        (1, 3, 0.0),
        (1, 3, 1.0),
        (1, 3, f64::NAN),
    ] {
        assert!(proportion_interval(x, n, level).is_err());
        assert!(two_proportions(1, 2, x, n, level).is_err());
    }
    // The largest numbers there are.
    let wide = two_proportions(i64::MAX, i64::MAX, 1, i64::MAX, 0.95).unwrap();
    assert!(wide.newcombe.0 <= 1.0 && wide.newcombe.1 <= 1.0 + 1e-12);
}

/// The difference is the linear probability model with CR2; the ratios follow from the same contributions.
#[test]
fn rates_of_clusters() {
    let sketch = sketch(&PASSED);
    let got = binary_effects(&sketch.first().unwrap(), "0", 0.95)
        .unwrap()
        .remove(0);
    let effect = effects(&sketch.first().unwrap(), "0", &Options::default())
        .unwrap()
        .remove(0);
    let extras = json("s12_binary/reference.json")["extras"]["Python"].clone();
    let mut report = Report::default();
    for (name, value, expected) in [
        (
            "estimate",
            got.points.estimate,
            effect.estimate.map(|v| 100.0 * v),
        ),
        (
            "se",
            got.points.std_error,
            effect.std_error.map(|v| 100.0 * v),
        ),
        ("df", got.points.df, effect.df),
        ("p", got.points.p_value, effect.p_value),
        ("low", got.points.ci_low, effect.ci_low.map(|v| 100.0 * v)),
        (
            "high",
            got.points.ci_high,
            effect.ci_high.map(|v| 100.0 * v),
        ),
        (
            "rr",
            got.risk_ratio.estimate,
            extras["binary"]["risk_ratio"].as_f64(),
        ),
        (
            "or",
            got.odds_ratio.estimate,
            extras["binary"]["odds_ratio"].as_f64(),
        ),
        ("rate", got.rate.0, extras["binary"]["p1"].as_f64()),
        ("control", got.rate.1, extras["binary"]["p0"].as_f64()),
        (
            "students",
            got.additional_students,
            Some(288.0 - 541.0 * 229.0 / 598.0),
        ),
        (
            "needed",
            got.number_needed,
            effect.estimate.map(|v| 1.0 / v),
        ),
        (
            "cox",
            got.cox_index,
            extras["binary"]["odds_ratio"]
                .as_f64()
                .map(|v| v.ln() / 1.65),
        ),
    ] {
        report.check(name.to_owned(), value, expected, 0.0);
    }
    // R: clubSandwich on binomial and Poisson models, see the script next to the numbers.
    let models = json("binary/reference.json");
    for (name, range) in [("log", got.risk_ratio), ("logit", got.odds_ratio)] {
        let m = &models[name];
        let log = |v: Option<f64>| v.map(f64::ln);
        report.check(
            format!("{name} est"),
            log(range.estimate),
            m["est"].as_f64(),
            0.0,
        );
        report.check(
            format!("{name} low"),
            log(range.low),
            m["lo"].as_f64(),
            m["se"].as_f64().unwrap(),
        );
        report.check(
            format!("{name} high"),
            log(range.high),
            m["hi"].as_f64(),
            m["se"].as_f64().unwrap(),
        );
    }
    report.finish(19);
    let other = sketch_of("y");
    assert!(binary_effects(&other.first().unwrap(), "0", 0.95).is_err());
    assert!(binary_effects(&sketch.first().unwrap(), "2", 0.95).is_err());
    assert!(binary_effects(&sketch.first().unwrap(), "0", 1.5).is_err());
}

fn sketch_of(outcome: &'static str) -> rct_core::sketch::Sketch {
    sketch(&Model {
        design: "s01_balanced_2arm",
        outcome,
        ..PLAIN
    })
}

/// Exact, whatever the scale at which the sums are stored.
#[test]
fn only_zero_and_one_are_binary() {
    use rct_core::budget::Budget;
    use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Variable};
    for (values, binary) in [
        (&[0.0, 1.0, 1.0][..], true),
        (&[0.0, 0.0], true),
        (&[1.0], true),
        (&[1.0, 1.0], true),
        (&[1.0, 1.0, 1.0, 1.0], true),
        // What the sums of a cluster cannot tell.
        (&[0.5, 0.5, 0.5, 1.5], true),
        (&[0.5, 0.0], false),
        (&[0.5, 1.0, 1.0], false),
        (&[2.0, 0.0], false),
        (&[-1.0, 1.0], false),
        (&[1.0, 1e-300], false),
        (&[1e300, 0.0], false),
    ] {
        let budget = Budget::unlimited();
        let mut builder = Builder::new(Columns::simple(false), &budget);
        for &v in values {
            builder
                .add(&Row {
                    condition: Some(b"a"),
                    cluster: Some(Cluster::Digest(Key::of_text(b"1"))),
                    stratum: Key::NONE,
                    values: &[Some(v)],
                })
                .unwrap();
        }
        let sketch = builder.sketch().unwrap();
        let view = sketch.first().unwrap();
        assert_eq!(view.is_binary(Variable::Outcome), binary, "{values:?}");
        let stored = rct_core::sketch::Sketch::decode(&sketch.encode(), &budget).unwrap();
        let view = stored.first().unwrap();
        assert_eq!(view.is_binary(Variable::Outcome), binary, "{values:?}");
    }
}

#[test]
fn sizes_by_the_handbook() {
    let mut report = Report::default();
    for row in json("tables/hedges_wwc.json")["rows"].as_array().unwrap() {
        let v = |k: &str| row[k].as_f64().unwrap();
        let scale = Scale {
            sd: v("s"),
            sd_control: None,
            n: (v("n1"), v("n0")),
            size: v("n_bar"),
            icc: v("rho"),
        };
        let got = effect_size(&scale, v("b"), None, None, 0.95).unwrap();
        for (name, value) in [
            ("g_individual", got.individual),
            ("h", got.hedges.h),
            ("gamma", got.hedges.gamma),
            ("omega_cluster", got.hedges.omega),
            ("g_cluster", got.hedges.g),
            ("se_g_eta", got.std_error.unwrap()),
        ] {
            report.check(
                format!("{row} {name}"),
                Some(value),
                row[name].as_f64(),
                0.0,
            );
        }
        // With the standard error that the design effect implies, but for γ.
        let se = v("s") * (v("eta") * (1.0 / v("n1") + 1.0 / v("n0"))).sqrt() / got.hedges.gamma;
        let same = effect_size(&scale, v("b"), Some(se), None, 0.95).unwrap();
        report.check(
            "by standard error".to_owned(),
            same.std_error,
            got.std_error,
            0.0,
        );
    }
    // The worked example of the clustering correction.
    let t = wwc_correct_t(1.0, 1000.0, 25.0, 0.2).unwrap();
    report.check(
        "t".to_owned(),
        Some((t.t * 1e6).round() / 1e6),
        Some(0.413225),
        0.0,
    );
    report.check("df".to_owned(), Some(t.df), Some(516.1537681220676), 0.0);
    assert_eq!(wwc_correct_t(2.5, 100.0, 1.0, 0.0).unwrap().t, 2.5);
    report.finish(60);
    assert!(wwc_correct_t(f64::NAN, 100.0, 1.0, 0.0).is_err());
    assert!(wwc_correct_t(1.0, 10.0, 9.0, 0.9).is_err());
    assert_eq!(cox_index(0.5, 0.5).unwrap(), Some(0.0));
    assert_eq!(cox_index(1.0, 0.5).unwrap(), None);
    assert!(cox_index(1.1, 0.5).is_err());
}

/// Sizes of the designs of the reference data, with the intra-cluster correlation by analysis of variance.
#[test]
fn sizes_of_sketches() {
    let mut report = Report::default();
    for (design, outcome) in [
        ("s01_balanced_2arm", "y"),
        ("s02_unequal_sizes", "y"),
        ("s04_few_clusters_g6", "y"),
        ("s07_cuped", "y"),
        ("s12_binary", "passed"),
    ] {
        let sketch = sketch(&Model {
            design,
            outcome,
            ..PLAIN
        });
        let got = effect_sizes(&sketch.first().unwrap(), "0", &Options::default())
            .unwrap()
            .remove(0);
        let hedges = &json(&format!("{design}/reference.json"))["extras"]["Python"]["hedges"];
        let (size, scale) = (got.size.unwrap(), got.scale.unwrap());
        report.check(
            format!("{design} sd"),
            Some(scale.sd),
            hedges["s_pooled"].as_f64(),
            0.0,
        );
        // The reference takes other intra-cluster correlations: given ones, and that of all rows together.
        for with in ["with_rho_0_20", "with_rho_anova"] {
            let other = Scale {
                icc: hedges[with]["rho"].as_f64().unwrap(),
                ..scale
            };
            let size = effect_size(&other, got.effect.estimate.unwrap(), None, None, 0.95).unwrap();
            for (name, value) in [
                ("g_individual", size.individual),
                ("h", size.hedges.h),
                ("gamma", size.hedges.gamma),
                ("omega_cluster", size.hedges.omega),
                ("g_cluster", size.hedges.g),
                ("se_g_eta", size.std_error.unwrap()),
            ] {
                let expected = hedges[with][name].as_f64();
                report.check(format!("{design} {name}"), Some(value), expected, 0.0);
            }
        }
        let icc = icc(&sketch.first().unwrap(), Within::Condition, 0.95)
            .unwrap()
            .icc_truncated;
        report.check(format!("{design} icc"), Some(size.icc), icc, 0.0);
        // The test of g is nearly that of the effect, and its sign is the same.
        assert_eq!(Some(size.hedges.g), got.effect.hedges_g);
        let effect = got.effect.std_error.unwrap() / scale.sd * size.hedges.g
            / (got.effect.estimate.unwrap() / scale.sd);
        assert!(
            (effect..1.1 * effect).contains(&size.std_error.unwrap()),
            "{design}"
        );
        assert_eq!(
            size.glass_delta,
            got.effect.estimate.zip(got.effect.sd.1).map(|(b, s)| b / s)
        );
    }
    report.finish(70);
}

/// A ratio gives a rare rate more weight than the difference does, so that it can have fewer degrees of freedom: below 2 it has
/// no interval, and a note says so.
#[test]
fn a_ratio_with_few_degrees_of_freedom_has_no_interval() {
    use rct_core::sketch::{Builder, Cluster, Columns, Key, Row};
    let budget = rct_core::budget::Budget::unlimited();
    let mut builder = Builder::new(Columns::simple(false), &budget);
    let mut add = |condition: &str, cluster: i64, ones: i64, rows: i64| {
        for i in 0..rows {
            builder
                .add(&Row {
                    condition: Some(condition.as_bytes()),
                    cluster: Some(Cluster::Number(cluster)),
                    stratum: Key::NONE,
                    values: &[Some((i < ones) as u8 as f64)],
                })
                .unwrap();
        }
    };
    add("b", 1, 12, 300);
    add("b", 2, 20, 300);
    for cluster in 3..23 {
        add("a", cluster, 2 + cluster % 3, 5);
    }
    let got = binary_effects(&builder.sketch().unwrap().first().unwrap(), "a", 0.95)
        .unwrap()
        .remove(0);
    assert!(got.points.df.unwrap() > 4.0 && got.points.ci_low.is_some());
    assert!(got.risk_ratio.estimate.is_some());
    assert_eq!((got.risk_ratio.low, got.risk_ratio.high), (None, None));
    let said = |n: &String| n.starts_with("low_df_of_ratio: ");
    assert!(got.notes.iter().any(said), "{got:?}");
}
