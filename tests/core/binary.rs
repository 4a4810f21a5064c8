//! Binary outcomes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, Report, number, read, sketch};
use rct_core::effect::{
    EffectSizeRow, Measure, Scale, cox_index, effect_size, effect_sizes, effects,
    proportion_interval, two_proportions, wwc_correct_t,
};
use rct_core::note::{Code, Note};
use rct_core::regression::{Inference, Options};
use rct_core::variance::{Within, icc};
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
        pair(
            &mut report,
            "newcombe",
            (got.newcombe_low, got.newcombe_high),
        );
        for (name, x, n) in [("wilson1", x1, n1), ("wilson0", x0, n0)] {
            let wilson = proportion_interval(x, n, 0.95).unwrap();
            pair(&mut report, name, (wilson.ci_low, wilson.ci_high));
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
    let newcombe = (Some(got.newcombe_low), Some(got.newcombe_high));
    for (name, (low, high)) in [
        ("newcombe_hybrid_score", newcombe),
        ("wald", (Some(got.wald_low), Some(got.wald_high))),
        ("risk_ratio_ci_katz", (got.katz_low, got.katz_high)),
        ("odds_ratio_ci_woolf", (got.woolf_low, got.woolf_high)),
    ] {
        report.check(format!("{name} low"), low, binary[name][0].as_f64(), 0.0);
        report.check(format!("{name} high"), high, binary[name][1].as_f64(), 0.0);
    }
    report.finish(60);
}

/// The edges: exact 0 and 1, ratios that do not exist, and what is refused.
#[test]
fn edges_of_rates() {
    let none = proportion_interval(0, 10, 0.95).unwrap();
    let all = proportion_interval(10, 10, 0.95).unwrap();
    assert_eq!((none.ci_low, all.ci_high), (0.0, 1.0));
    assert!((none.ci_high - (1.0 - all.ci_low)).abs() < 1e-15);
    let got = two_proportions(0, 10, 3, 10, 0.95).unwrap();
    assert_eq!((got.risk_ratio, got.odds_ratio), (Some(0.0), Some(0.0)));
    assert_eq!((got.katz_low, got.katz_high), (None, None));
    assert_eq!((got.woolf_low, got.woolf_high), (None, None));
    assert_eq!(got.cox_index, None);
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
    assert!(wide.newcombe_low <= 1.0 && wide.newcombe_high <= 1.0 + 1e-12);
}

fn of(rows: &[EffectSizeRow], measure: Measure) -> &EffectSizeRow {
    let mut found = rows.iter().filter(|r| r.measure == measure);
    let row = found.next().unwrap();
    assert!(found.next().is_none(), "{measure:?} twice");
    row
}

/// What only outcomes of 0 and 1 have.
const RATES: [Measure; 5] = [
    Measure::RiskRatio,
    Measure::OddsRatio,
    Measure::CoxIndex,
    Measure::NumberNeeded,
    Measure::AdditionalStudents,
];

/// The difference is the linear probability model with CR2; the ratios follow from the same contributions.
#[test]
fn rates_of_clusters() {
    let sketch = sketch(&PASSED);
    let rows = effect_sizes(&sketch.first().unwrap(), "0", &Options::default()).unwrap();
    let estimate = |measure| of(&rows, measure).inference.estimate;
    let effect = effects(&sketch.first().unwrap(), "0", &Options::default())
        .unwrap()
        .remove(0);
    assert!(rows.iter().all(|r| r.comparison == effect.comparison));
    let extras = json("s12_binary/reference.json")["extras"]["Python"].clone();
    let binary = &extras["binary"];
    // The linear probability model of clubSandwich.
    let table = read("s12_binary/expected.csv");
    let at = |name: &str| table.column(name);
    let of_treat = |r: &&Vec<String>| {
        (&*r[at("model")], &*r[at("method")], &*r[at("term")]) == ("m1", "CR2", "treat")
    };
    let linear = table.rows.iter().find(of_treat).unwrap();
    let linear = |name: &str| number(&linear[at(name)]);
    let mut report = Report::default();
    let got = effect.inference;
    for (name, value, expected) in [
        ("estimate", got.estimate, linear("est")),
        ("se", got.std_error, linear("se")),
        ("df", got.df, linear("df")),
        ("p", got.p_value, linear("p")),
        ("low", got.ci_low, linear("ci_lo")),
        ("high", got.ci_high, linear("ci_hi")),
        (
            "rr",
            estimate(Measure::RiskRatio),
            binary["risk_ratio"].as_f64(),
        ),
        (
            "or",
            estimate(Measure::OddsRatio),
            binary["odds_ratio"].as_f64(),
        ),
        ("rate", effect.mean, binary["p1"].as_f64()),
        ("control", effect.mean_control, binary["p0"].as_f64()),
        (
            "students",
            estimate(Measure::AdditionalStudents),
            Some(288.0 - 541.0 * 229.0 / 598.0),
        ),
        (
            "needed",
            estimate(Measure::NumberNeeded),
            effect.inference.estimate.map(|v| 1.0 / v),
        ),
        (
            "cox",
            estimate(Measure::CoxIndex),
            binary["odds_ratio"].as_f64().map(|v| v.ln() / 1.65),
        ),
    ] {
        report.check(name.to_owned(), value, expected, 0.0);
    }
    // R: clubSandwich on binomial and Poisson models, see the script next to the numbers.
    let models = json("binary/reference.json");
    for (name, measure) in [("log", Measure::RiskRatio), ("logit", Measure::OddsRatio)] {
        let m = &models[name];
        let range = of(&rows, measure).inference;
        let log = |v: Option<f64>| v.map(f64::ln);
        report.check(
            format!("{name} est"),
            log(range.estimate),
            m["est"].as_f64(),
            0.0,
        );
        report.check(
            format!("{name} low"),
            log(range.ci_low),
            m["lo"].as_f64(),
            m["se"].as_f64().unwrap(),
        );
        report.check(
            format!("{name} high"),
            log(range.ci_high),
            m["hi"].as_f64(),
            m["se"].as_f64().unwrap(),
        );
    }
    report.finish(19);
    let other = sketch_of("y");
    let other = effect_sizes(&other.first().unwrap(), "0", &Options::default()).unwrap();
    assert!(!other.is_empty() && other.iter().all(|r| !RATES.contains(&r.measure)));
    assert!(effect_sizes(&sketch.first().unwrap(), "2", &Options::default()).is_err());
    let level = Options {
        level: 1.5,
        ..Options::default()
    };
    assert!(effect_sizes(&sketch.first().unwrap(), "0", &level).is_err());
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
        let rows = effect_sizes(&sketch.first().unwrap(), "0", &Options::default()).unwrap();
        let effect = effects(&sketch.first().unwrap(), "0", &Options::default())
            .unwrap()
            .remove(0);
        let difference = effect.inference.estimate.unwrap();
        let hedges = &json(&format!("{design}/reference.json"))["extras"]["Python"]["hedges"];
        let g = of(&rows, Measure::HedgesG);
        let scale = Scale {
            sd: g.sd.unwrap(),
            sd_control: effect.sd_control,
            n: (g.comparison.n as f64, g.comparison.n_control as f64),
            size: g.cluster_size.unwrap(),
            icc: g.icc.unwrap(),
        };
        report.check(
            format!("{design} sd"),
            g.sd,
            hedges["s_pooled"].as_f64(),
            0.0,
        );
        // The reference takes other intra-cluster correlations: given ones, and that of all rows together.
        for with in ["with_rho_0_20", "with_rho_anova"] {
            let other = Scale {
                icc: hedges[with]["rho"].as_f64().unwrap(),
                ..scale
            };
            let size = effect_size(&other, difference, None, None, 0.95).unwrap();
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
        let individual = of(&rows, Measure::HedgesGIndividual).inference.estimate;
        report.check(
            format!("{design} individual"),
            individual,
            hedges["with_rho_anova"]["g_individual"].as_f64(),
            0.0,
        );
        let icc = icc(&sketch.first().unwrap(), Within::Condition, 0.95)
            .unwrap()
            .icc_truncated;
        report.check(format!("{design} icc"), g.icc, icc, 0.0);
        // The numbers of the row are those of its parts.
        let (se, df) = (effect.inference.std_error, effect.inference.df);
        let size = effect_size(&scale, difference, se, df, 0.95).unwrap();
        let got = g.inference;
        assert_eq!(
            (got.estimate, got.std_error, got.df),
            (Some(size.hedges.g), size.std_error, df)
        );
        assert_eq!((got.ci_low, got.ci_high), (size.ci_low, size.ci_high));
        // The test of g is nearly that of the effect, and its sign is the same.
        assert_eq!(got.estimate, effect.hedges_g);
        let nearly = se.unwrap() / scale.sd * got.estimate.unwrap() / (difference / scale.sd);
        assert!(
            (nearly..1.1 * nearly).contains(&got.std_error.unwrap()),
            "{design}"
        );
        assert_eq!(
            of(&rows, Measure::GlassDelta).inference.estimate,
            effect.sd_control.map(|s| difference / s)
        );
        let lift = of(&rows, Measure::Lift).inference;
        assert_eq!(
            (lift.estimate, lift.ci_low, lift.ci_high),
            (effect.lift, effect.lift_low, effect.lift_high)
        );
        assert!(lift.ci_high.is_some());
    }
    report.finish(75);
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
    let sketch = builder.sketch().unwrap();
    let view = sketch.first().unwrap();
    let effect = effects(&view, "a", &Options::default()).unwrap().remove(0);
    assert!(effect.inference.df.unwrap() > 4.0 && effect.inference.ci_low.is_some());
    let rows = effect_sizes(&view, "a", &Options::default()).unwrap();
    let risk_ratio = of(&rows, Measure::RiskRatio);
    let got = risk_ratio.inference;
    assert!(got.estimate.is_some());
    assert_eq!((got.ci_low, got.ci_high), (None, None));
    let said = |n: &Note| n.code == Code::TooLowDf;
    assert!(risk_ratio.notes.iter().any(said), "{risk_ratio:?}");
}

/// Of one student in each condition nothing is known of the spread: what does not exist is NULL, and no NaN.
#[test]
fn sizes_of_two_students_do_not_exist() {
    use rct_core::sketch::{Builder, Cluster, Columns, Key, Row};
    let budget = rct_core::budget::Budget::unlimited();
    let mut builder = Builder::new(Columns::simple(false), &budget);
    for (cluster, condition) in [b"a", b"b"].into_iter().enumerate() {
        builder
            .add(&Row {
                condition: Some(condition),
                cluster: Some(Cluster::Number(cluster as i64)),
                stratum: Key::NONE,
                values: &[Some(cluster as f64 + 1.5)],
            })
            .unwrap();
    }
    let sketch = builder.sketch().unwrap();
    let rows = effect_sizes(&sketch.first().unwrap(), "a", &Options::default()).unwrap();
    for row in &rows {
        let Inference {
            estimate,
            std_error,
            df,
            t,
            p_value,
            ci_low,
            ci_high,
        } = row.inference;
        let numbers = [
            estimate,
            std_error,
            df,
            t,
            p_value,
            ci_low,
            ci_high,
            row.sd,
            row.icc,
            row.cluster_size,
        ];
        assert!(numbers.iter().flatten().all(|v| !v.is_nan()), "{row:?}");
    }
    let g = of(&rows, Measure::HedgesG);
    assert_eq!((g.inference.estimate, g.sd), (None, None));
    assert!(g.notes.iter().any(|n| n.code == Code::NoHedgesG));
}
