//! Intra-cluster correlation, means and effect sizes.

use super::extras;
use super::support::{Model, PLAIN, Report, sketch};
use rct_core::effect::{arms, hedges_g};
use rct_core::variance::{Within, icc};

#[test]
fn intra_cluster_correlation() {
    let mut report = Report::default();
    for (design, condition) in [
        ("s01_balanced_2arm", "treat"),
        ("s02_unequal_sizes", "treat"),
        ("s03_three_arm", "arm"),
        ("s04_few_clusters_g6", "treat"),
        ("s06_one_cluster_arm", "treat"),
        ("s07_cuped", "treat"),
        ("s08_strata_nested", "treat"),
        ("s12_binary", "treat"),
        ("s14_large_offset", "treat"),
        ("s15_huge_g", "treat"),
        ("s16_attrition", "treat"),
    ] {
        let outcome = if design == "s12_binary" {
            "passed"
        } else {
            "y"
        };
        let sketch = sketch(&Model {
            design,
            condition,
            outcome,
            ..PLAIN
        });
        let extras = extras(design);
        for (within, key) in [
            (Within::All, "icc_anova_unconditional"),
            (Within::Condition, "icc_anova_within_arm"),
        ] {
            let got = icc(&sketch.first().unwrap(), within, 0.95).unwrap();
            let expected = |name: &str| extras[key][name].as_f64();
            report.check(
                format!("{design} {key} icc"),
                got.icc,
                expected("icc"),
                1e-3,
            );
            report.check(format!("{design} {key} msb"), got.msb, expected("msb"), 0.0);
            report.check(format!("{design} {key} msw"), got.msw, expected("msw"), 0.0);
            report.check(format!("{design} {key} n0"), got.n0, expected("n0"), 0.0);
            if within == Within::All {
                let deff =
                    rct_core::planning::design_effect(&sketch.first().unwrap(), within).unwrap();
                let kish = expected("deff_kish").filter(|_| got.icc.unwrap() > 0.0);
                report.check(format!("{design} deff"), deff.design_effect, kish, 0.0);
            }
        }
    }
    report.finish(90);
}

#[test]
fn means_and_effect_sizes() {
    let mut report = Report::default();
    let three = sketch(&Model {
        design: "s03_three_arm",
        condition: "arm",
        ..PLAIN
    });
    for arm in arms(&three.first().unwrap()).unwrap() {
        let expected = &extras("s03_three_arm")["group_means"][&arm.condition];
        report.check(
            format!("{} n", arm.condition),
            Some(arm.n as f64),
            expected["n"].as_f64(),
            0.0,
        );
        report.check(
            format!("{} mean", arm.condition),
            arm.mean,
            expected["mean"].as_f64(),
            0.0,
        );
        report.check(
            format!("{} sd", arm.condition),
            arm.sd,
            expected["sd"].as_f64(),
            0.0,
        );
    }
    for design in [
        "s01_balanced_2arm",
        "s02_unequal_sizes",
        "s04_few_clusters_g6",
    ] {
        let extras = extras(design);
        let h = &extras["hedges"];
        for one in [&h["with_rho_0_20"], &h["with_rho_anova"]] {
            let f = |name: &str| h[name].as_f64().unwrap();
            let o = |name: &str| one[name].as_f64().unwrap();
            let got = hedges_g(
                f("diff"),
                f("s_pooled"),
                f("n1"),
                f("n0"),
                o("n_bar"),
                o("rho"),
            )
            .unwrap();
            report.check(
                format!("{design} g"),
                Some(got.g),
                Some(o("g_cluster")),
                0.0,
            );
            report.check(format!("{design} h"), Some(got.h), Some(o("h")), 0.0);
        }
    }
    let path = format!(
        "{}/../../tests/oracle/tables/hedges_wwc.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let table: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for row in table["rows"].as_array().unwrap() {
        let f = |name: &str| row[name].as_f64().unwrap();
        let got = hedges_g(f("b"), f("s"), f("n1"), f("n0"), f("n_bar"), f("rho")).unwrap();
        report.check(format!("{row}"), Some(got.g), Some(f("g_cluster")), 0.0);
    }
    report.finish(30);
}
