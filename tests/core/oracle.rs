//! Effects, intra-cluster correlation and effect sizes against independent software.
//!
//! `tests/oracle/<design>/expected.csv` holds what clubSandwich, estimatr, sandwich, statsmodels and a direct numpy
//! implementation say of `data.csv` (see `tests/oracle/README.md`). Tolerance: 1e-9 relative; limits of intervals relative to
//! the larger of limit and standard error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use rct_core::distribution::{f_upper, t_critical, t_two_sided};
use rct_core::effect::{
    Adjust, Effect, Options, StdError, Strata, arms, effects, effects_joint, hedges_g,
};
use rct_core::planning::{Within, icc};

#[path = "support/oracle.rs"]
mod support;
use support::{Model, PLAIN, Report, TOLERANCE, number, read, sketch};

const METHODS: [(StdError, &str); 6] = [
    (StdError::Cr0, "CR0"),
    (StdError::Cr1, "CR1"),
    (StdError::Cr1s, "CR1S"),
    (StdError::Cr2, "CR2"),
    (StdError::Cr3, "CR3"),
    (StdError::Naive, "classical"),
];

fn compare(report: &mut Report, m: &Model<'_>) {
    let sketch = sketch(m);
    let expected = read(&format!("{}/expected.csv", m.design));
    let covariates = !m.covariates.is_empty() || m.dummies.is_some();
    let adjust = if covariates {
        Adjust::Ancova
    } else {
        Adjust::None
    };
    for (se, method) in METHODS {
        let rows = effects(
            &sketch,
            m.control,
            &Options {
                adjust,
                strata: Strata::Absorb,
                se,
                level: 0.95,
            },
        )
        .unwrap();
        for (condition, term) in m.terms {
            let effect = rows.iter().find(|e| e.condition == *condition).unwrap();
            let at = |name: &str| expected.column(name);
            let Some(row) = expected.rows.iter().find(|r| {
                r[at("model")] == m.id && r[at("method")] == method && r[at("term")] == *term
            }) else {
                continue;
            };
            // With an offset of 1e9 only the reference on exactly shifted data is right, see the README of the data.
            if m.design == "s14_large_offset" && !row[at("source")].starts_with("GOLD") {
                continue;
            }
            // Leaving out the only treated cluster leaves no effect; the number there is of a generalized inverse.
            if m.design == "s06_one_cluster_arm" && se == StdError::Cr3 {
                assert_eq!(effect.std_error, None);
                assert!(
                    effect
                        .notes
                        .iter()
                        .any(|n| n.to_string().starts_with("cr3_undefined"))
                );
                continue;
            }
            compare_row(
                report,
                &format!("{} {} {method} {term}", m.design, m.id),
                effect,
                &|name| number(&row[at(name)]),
            );
        }
    }
}

fn compare_row(
    report: &mut Report,
    what: &str,
    effect: &Effect,
    expected: &dyn Fn(&str) -> Option<f64>,
) {
    let se = expected("se").unwrap_or(0.0);
    report.check(
        format!("{what} est"),
        effect.estimate,
        expected("est"),
        1e-6 * se,
    );
    report.check(format!("{what} se"), effect.std_error, expected("se"), 0.0);
    report.check(format!("{what} df"), effect.df, expected("df"), 0.0);
    let single = effect.clusters.0.min(effect.clusters.1) == 1 && !what.contains("classical");
    if single {
        // One cluster in an arm: what other software prints is no p-value, so there is none.
        assert_eq!((effect.p_value, effect.ci_low), (None, None), "{what}");
        return;
    }
    if expected("df").is_some() {
        report.check(format!("{what} t"), effect.t, expected("t"), 0.0);
        report.check(format!("{what} p"), effect.p_value, expected("p"), 1e-300);
        report.check(format!("{what} low"), effect.ci_low, expected("ci_lo"), se);
        report.check(
            format!("{what} high"),
            effect.ci_high,
            expected("ci_hi"),
            se,
        );
    }
}

#[test]
fn two_arms_with_and_without_covariates() {
    let mut report = Report::default();
    for design in ["s01_balanced_2arm", "s02_unequal_sizes"] {
        compare(
            &mut report,
            &Model {
                design,
                id: "m1",
                ..PLAIN
            },
        );
        compare(
            &mut report,
            &Model {
                design,
                id: "m2",
                covariates: &["x"],
                ..PLAIN
            },
        );
        compare(
            &mut report,
            &Model {
                design,
                id: "m3",
                covariates: &["x", "female"],
                ..PLAIN
            },
        );
    }
    for design in [
        "s04_few_clusters_g6",
        "s06_one_cluster_arm",
        "s07_cuped",
        "s14_large_offset",
        "s16_attrition",
    ] {
        compare(
            &mut report,
            &Model {
                design,
                id: "m1",
                ..PLAIN
            },
        );
        compare(
            &mut report,
            &Model {
                design,
                id: "m2",
                covariates: &["x"],
                ..PLAIN
            },
        );
    }
    let attrition = Model {
        design: "s16_attrition",
        outcome: "observed",
        ..PLAIN
    };
    compare(
        &mut report,
        &Model {
            id: "attrition",
            ..attrition
        },
    );
    let attrition = Model {
        design: "s16_attrition",
        outcome: "observed",
        ..PLAIN
    };
    compare(
        &mut report,
        &Model {
            id: "attrition_x",
            covariates: &["x"],
            ..attrition
        },
    );
    let binary = || Model {
        design: "s12_binary",
        outcome: "passed",
        ..PLAIN
    };
    compare(
        &mut report,
        &Model {
            id: "m1",
            ..binary()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "m2",
            covariates: &["x", "female"],
            ..binary()
        },
    );
    let iv = || Model {
        design: "s11_iv_noncompliance",
        condition: "z",
        terms: &[("1", "z")],
        ..PLAIN
    };
    compare(&mut report, &Model { id: "itt", ..iv() });
    compare(
        &mut report,
        &Model {
            id: "itt_x",
            covariates: &["x"],
            ..iv()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "first_stage",
            outcome: "d",
            ..iv()
        },
    );
    report.finish(700);
}

#[test]
fn twenty_thousand_clusters() {
    let mut report = Report::default();
    compare(
        &mut report,
        &Model {
            design: "s15_huge_g",
            id: "m1",
            ..PLAIN
        },
    );
    compare(
        &mut report,
        &Model {
            design: "s15_huge_g",
            id: "m2",
            covariates: &["x"],
            ..PLAIN
        },
    );
    report.finish(80);
}

#[test]
fn three_arms_and_the_joint_test() {
    let mut report = Report::default();
    let arms = || Model {
        design: "s03_three_arm",
        condition: "arm",
        control: "control",
        terms: &[("A", "arm_A"), ("B", "arm_B")],
        ..PLAIN
    };
    compare(&mut report, &Model { id: "m1", ..arms() });
    compare(
        &mut report,
        &Model {
            id: "m2",
            covariates: &["x"],
            ..arms()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "m3",
            covariates: &["x", "female"],
            ..arms()
        },
    );
    let pair = Model {
        id: "m4_A_vs_control",
        subset: Some(|r| r["arm"] != "B"),
        terms: &[("A", "arm_A")],
        ..arms()
    };
    compare(&mut report, &pair);
    let extras = extras("s03_three_arm");
    for joint in extras["joint"].as_array().unwrap() {
        let (model, method) = (
            joint["model"].as_str().unwrap(),
            joint["method"].as_str().unwrap(),
        );
        let (se, _) = match method {
            "joint_CR0_naiveF" => METHODS[0],
            "joint_CR1_naiveF" => METHODS[1],
            "joint_CR1S_naiveF" => METHODS[2],
            "joint_CR2_HTZ" => METHODS[3],
            other => panic!("unknown joint test {other}"),
        };
        let covariates: &[&str] = match model {
            "m1" => &[],
            "m2" => &["x"],
            "m3" => &["x", "female"],
            other => panic!("unknown model {other}"),
        };
        let adjust = if covariates.is_empty() {
            Adjust::None
        } else {
            Adjust::Ancova
        };
        let sketch = sketch(&Model {
            covariates,
            ..arms()
        });
        let test = effects_joint(
            &sketch,
            "control",
            &Options {
                adjust,
                se,
                ..Options::default()
            },
        )
        .unwrap();
        let what = format!("{model} {method} {}", joint["source"]);
        report.check(format!("{what} F"), test.f, joint["F"].as_f64(), 0.0);
        report.check(
            format!("{what} df"),
            test.df_den,
            joint["df_den"].as_f64(),
            0.0,
        );
        report.check(format!("{what} p"), test.p_value, joint["p"].as_f64(), 0.0);
    }
    report.finish(300);
}

#[test]
fn strata() {
    let mut report = Report::default();
    let nested = || Model {
        design: "s08_strata_nested",
        stratum: Some("stratum"),
        ..PLAIN
    };
    compare(
        &mut report,
        &Model {
            id: "m0_nofe",
            stratum: None,
            ..nested()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "m1_fe",
            ..nested()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "m2_fe",
            covariates: &["x"],
            ..nested()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "m3_fe",
            covariates: &["x", "female"],
            ..nested()
        },
    );
    let crossing = || Model {
        design: "s09_strata_crossing",
        ..PLAIN
    };
    compare(
        &mut report,
        &Model {
            id: "m1_grade",
            stratum: Some("grade"),
            covariates: &["x"],
            ..crossing()
        },
    );
    let year = |id, stratum| Model {
        id,
        stratum: Some(stratum),
        covariates: &["x"],
        dummies: Some("year"),
        ..crossing()
    };
    compare(&mut report, &year("m2_grade_year", "grade"));
    compare(&mut report, &year("m3_school_year", "school_id"));
    compare(
        &mut report,
        &Model {
            id: "m4_school",
            stratum: Some("school_id"),
            ..crossing()
        },
    );
    report.finish(300);
}

#[test]
fn weights() {
    let mut report = Report::default();
    let weighted = || Model {
        design: "s10_weights",
        weight: Some("w"),
        ..PLAIN
    };
    compare(
        &mut report,
        &Model {
            id: "m1_w",
            ..weighted()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "m2_w",
            covariates: &["x"],
            ..weighted()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "m3_wcl",
            covariates: &["x"],
            weight: Some("w_cl"),
            ..weighted()
        },
    );
    compare(
        &mut report,
        &Model {
            id: "m4_w_fe",
            covariates: &["x"],
            stratum: Some("grade"),
            ..weighted()
        },
    );
    report.finish(150);
}

#[test]
fn degenerate_designs() {
    let mut report = Report::default();
    let small = || Model {
        design: "s22_degenerate",
        ..PLAIN
    };
    compare(
        &mut report,
        &Model {
            id: "m1",
            ..small()
        },
    );
    for (id, covariates) in [
        ("m_collinear", &["x", "x2"][..]),
        ("m_const", &["const7"]),
        ("m_alias_treat", &["treat_copy"]),
        ("m_clcov", &["cl_cov"]),
    ] {
        compare(
            &mut report,
            &Model {
                id,
                covariates,
                ..small()
            },
        );
    }
    report.finish(180);
    for outcome in ["y_const", "y_perfect"] {
        let rows = effects(
            &sketch(&Model { outcome, ..small() }),
            "0",
            &Options::default(),
        )
        .unwrap();
        assert_eq!(
            (rows[0].std_error, rows[0].t, rows[0].p_value),
            (Some(0.0), None, None),
            "{outcome}"
        );
        let expected = if outcome == "y_const" { 0.0 } else { 2.0 };
        assert!((rows[0].estimate.unwrap() - expected).abs() < 1e-14);
        assert!(
            rows[0]
                .notes
                .iter()
                .any(|n| n.to_string().starts_with("no_residual"))
        );
    }
    let rows = effects(
        &sketch(&Model {
            outcome: "y_allnull",
            ..small()
        }),
        "0",
        &Options::default(),
    )
    .unwrap();
    assert_eq!((rows[0].estimate, rows[0].n), (None, (0, 0)));
    assert!(
        rows[0]
            .notes
            .iter()
            .any(|n| n.to_string().starts_with("no_control_rows"))
    );
}

#[test]
fn looks_and_many_outcomes() {
    let mut report = Report::default();
    let look = |id, subset| Model {
        design: "s23_sequential",
        id,
        subset: Some(subset),
        ..PLAIN
    };
    compare(&mut report, &look("look1", |r| r["look"] <= "1"));
    compare(&mut report, &look("look3", |r| r["look"] <= "3"));
    compare(&mut report, &look("look5", |r| r["look"] <= "5"));
    for i in 1..=12 {
        let (id, outcome) = (format!("o{i}"), format!("y{i}"));
        compare(
            &mut report,
            &Model {
                design: "s24_multi_outcome",
                id: &id,
                outcome: &outcome,
                ..PLAIN
            },
        );
    }
    report.finish(500);
}

#[test]
fn reduced_outcomes() {
    let mut report = Report::default();
    for (id, outcome) in [
        ("agg_mean_score", "mean_score"),
        ("agg_median_cont", "median_cont"),
        ("agg_first_score", "first_score"),
        ("agg_last_score", "last_score"),
        ("agg_max_score", "max_score"),
        ("agg_sum_score", "sum_score"),
        ("agg_n_scores", "n_scores"),
    ] {
        compare(
            &mut report,
            &Model {
                design: "s17_repeated",
                table: "student_agg.csv",
                id,
                outcome,
                ..PLAIN
            },
        );
    }
    report.finish(240);
}

#[test]
fn project_star() {
    let mut report = Report::default();
    let path = format!(
        "{}/../../tests/oracle/r01m_star_mlmrev/reference.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let reference: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let base = || Model {
        design: "r01m_star_mlmrev",
        condition: "arm",
        control: "regular",
        cluster: "teacher",
        ..PLAIN
    };
    let models = [
        (
            "read_teacher",
            Model {
                outcome: "read",
                ..base()
            },
        ),
        (
            "math_teacher",
            Model {
                outcome: "math",
                ..base()
            },
        ),
        (
            "read_school",
            Model {
                outcome: "read",
                cluster: "school",
                ..base()
            },
        ),
        (
            "read_fe_teacher",
            Model {
                outcome: "read",
                stratum: Some("school"),
                ..base()
            },
        ),
        (
            "math_fe_teacher",
            Model {
                outcome: "math",
                stratum: Some("school"),
                ..base()
            },
        ),
        (
            "math_cov_fe_teacher",
            Model {
                outcome: "math",
                stratum: Some("school"),
                covariates: &["female", "free_lunch"],
                ..base()
            },
        ),
        (
            "math_freelunch1",
            Model {
                outcome: "math",
                stratum: Some("school"),
                subset: Some(|r| r["free_lunch"] == "1"),
                ..base()
            },
        ),
        (
            "math_freelunch0",
            Model {
                outcome: "math",
                stratum: Some("school"),
                subset: Some(|r| r["free_lunch"] == "0"),
                ..base()
            },
        ),
    ];
    for (id, model) in models {
        let sketch = sketch(&model);
        let adjust = if model.covariates.is_empty() {
            Adjust::None
        } else {
            Adjust::Ancova
        };
        for (se, method) in METHODS {
            let expected = &reference[id][method];
            if expected.is_null() {
                continue;
            }
            let rows = effects(
                &sketch,
                "regular",
                &Options {
                    adjust,
                    se,
                    ..Options::default()
                },
            )
            .unwrap();
            for effect in rows {
                let one = &expected[effect.condition.as_str()];
                compare_row(
                    &mut report,
                    &format!("{id} {method} {}", effect.condition),
                    &effect,
                    &|name| one[name].as_f64(),
                );
            }
        }
    }
    report.finish(250);
}

fn extras(design: &str) -> serde_json::Value {
    let path = format!(
        "{}/../../tests/oracle/{design}/extras.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

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
            let got = icc(&sketch, within, 0.95).unwrap();
            let expected = |name: &str| extras[key][name].as_f64();
            report.check(
                format!("{design} {key} icc"),
                got.icc,
                expected("icc"),
                1e-3,
            );
            report.check(format!("{design} {key} msb"), got.msb, expected("msb"), 0.0);
            report.check(format!("{design} {key} msw"), got.msw, expected("msw"), 0.0);
            report.check(
                format!("{design} {key} n0"),
                Some(got.n0),
                expected("n0"),
                0.0,
            );
            if within == Within::All {
                let deff = rct_core::planning::design_effect(&sketch, within).unwrap();
                let kish = expected("deff_kish").filter(|_| got.icc.unwrap() > 0.0);
                report.check(format!("{design} deff"), deff.deff, kish, 0.0);
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
    for arm in arms(&three).unwrap() {
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

/// Against mpmath with 50 digits. Up to 1e5 degrees of freedom 1e-9; beyond, the library's gamma function leaves 1e-7.
#[test]
fn t_distribution() {
    let path = format!(
        "{}/../../tests/oracle/tables/special_functions.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let table: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut compared = 0;
    for row in table["rows"].as_array().unwrap() {
        let f = |name: &str| {
            row[name]
                .as_f64()
                .unwrap_or_else(|| row[name].as_str().unwrap().parse::<f64>().unwrap())
        };
        let got = match row["fn"].as_str().unwrap() {
            "t_two_sided_p" => t_two_sided(f("t"), f("df")),
            "t_quantile_upper" => t_critical(2.0 * f("p"), f("df")),
            "F_sf" => f_upper(f("f"), f("d1"), f("d2")),
            _ => continue,
        };
        let expected = f("value");
        let tolerance = if row["df"].as_f64().unwrap_or(1.0) > 1e5 {
            1e-7
        } else {
            TOLERANCE
        };
        let error = (got.unwrap() / expected - 1.0).abs();
        assert!(
            got == Some(expected) || error <= tolerance || expected < 1e-290,
            "{row}: {got:?} ({error:.1e})"
        );
        compared += 1;
    }
    assert!(compared > 170, "{compared}");
}
