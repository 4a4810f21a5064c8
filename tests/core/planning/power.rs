//! Noncentral t, power, minimum detectable effect, clusters needed.

use super::oracle::Report;
use proptest::prelude::*;
use rct_core::distribution::{noncentral_t_lower, noncentral_t_tails, noncentral_t_upper};
use rct_core::planning::{
    Answer, Attrition, Design, TTest, Target, Trial, Weighting, answer, clusters_needed, split,
};
use serde_json::Value;

const TARGET: Target = Target {
    level: 0.95,
    power: 0.8,
};

fn file(path: &str) -> String {
    std::fs::read_to_string(format!(
        "{}/../../tests/oracle/{path}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn rows(path: &str) -> Vec<Value> {
    let table: Value = serde_json::from_str(&file(path)).unwrap();
    table["rows"].as_array().unwrap().clone()
}

/// Both tails against quadrature with 25 digits (tests/oracle/noncentral_t/make.py).
#[test]
fn noncentral_t_against_quadrature() {
    let (mut compared, mut worst) = (0, 0.0f64);
    for line in file("noncentral_t/tails.csv").lines().skip(1) {
        let v: Vec<f64> = line.split(',').map(|x| x.parse().unwrap()).collect();
        let (upper, lower) = noncentral_t_tails(v[0], v[1], v[2]).unwrap();
        for (got, expected) in [(upper, v[3]), (lower, v[4])] {
            if expected < 1e-300 {
                assert!(got < 1.0001e-300, "{line}: {got}");
                continue;
            }
            let error = (got / expected - 1.0).abs();
            worst = worst.max(error);
            assert!(error < 1e-10, "{line}: {got} ({error:.1e})");
            compared += 1;
        }
    }
    println!("{compared} tails, largest relative difference {worst:.1e}");
    assert!(compared > 700);
}

#[test]
fn noncentral_t_table() {
    let mut compared = 0;
    for row in rows("tables/special_functions.json") {
        if row["fn"] != "nct_cdf" {
            continue;
        }
        let f = |name: &str| {
            row[name]
                .as_f64()
                .unwrap_or_else(|| row[name].as_str().unwrap().parse::<f64>().unwrap())
        };
        let nc = ["nc", "delta", "ncp"]
            .into_iter()
            .find(|k| !row[*k].is_null())
            .unwrap();
        let got = noncentral_t_lower(f("t"), f("df"), f(nc)).unwrap();
        assert!((got / f("value") - 1.0).abs() < 1e-10, "{row}: {got}");
        compared += 1;
    }
    assert_eq!(compared, 6);
}

fn trial(row: &Value) -> Trial {
    let f = |name: &str| row[name].as_f64().unwrap();
    Trial {
        cluster_size: f("m"),
        icc: f("icc"),
        cv_size: f("cv"),
        sd: f("sd"),
        r2_between: f("r2b"),
        r2_within: f("r2w"),
        covariates: f("q"),
        ..Trial::default()
    }
}

/// tables/power_mde.json: every key that is not of the normal approximation.
#[test]
fn table_of_power_and_mde() {
    let mut report = Report::default();
    for row in rows("tables/power_mde.json") {
        let f = |name: &str| row[name].as_f64();
        let target = Target {
            level: 1.0 - f("alpha").unwrap(),
            power: f("power").unwrap(),
        };
        let got = answer(
            &trial(&row),
            &target,
            f("G1").unwrap(),
            f("G0").unwrap(),
            f("delta"),
        )
        .unwrap();
        let what = |name: &str| format!("{name} of {row}");
        let test = TTest::new(got.sized.df, f("alpha").unwrap()).unwrap();
        for (name, value) in [
            ("deff", Some(got.sized.design_effect)),
            ("se", Some(got.sized.std_error)),
            ("df", Some(got.sized.df)),
            ("power_noncentral_t", got.power),
            ("mde_noncentral_t", got.mde),
            ("multiplier_t", test.approximate(target.power)),
            ("mde_bloom", got.mde_approx),
        ] {
            report.check(what(name), value, f(name), 0.0);
        }
    }
    report.finish(22 * 7);
}

/// Total standard deviation 1, half of the clusters treated; digits as printed in the literature's rounding.
#[test]
fn published_table() {
    for (j, n, icc, r2b, r2w, g, se, df, approx, exact) in [
        (8.0, 25.0, 0.2, 0.0, 0.0, 0.0, 0.3406, 6.0, 1.1419, 1.1467),
        (12.0, 25.0, 0.2, 0.0, 0.0, 0.0, 0.2781, 10.0, 0.8641, 0.8648),
        (
            20.0, 25.0, 0.15, 0.0, 0.0, 0.0, 0.1918, 18.0, 0.5684, 0.5683,
        ),
        (40.0, 25.0, 0.1, 0.0, 0.0, 0.0, 0.1166, 38.0, 0.3353, 0.3353),
        (
            60.0, 20.0, 0.15, 0.0, 0.0, 0.0, 0.1133, 58.0, 0.3228, 0.3228,
        ),
        (40.0, 25.0, 0.2, 0.7, 0.5, 1.0, 0.0872, 37.0, 0.2509, 0.2508),
    ] {
        let trial = Trial {
            cluster_size: n,
            icc,
            r2_between: r2b,
            r2_within: r2w,
            covariates: g,
            ..Trial::default()
        };
        let got = answer(&trial, &TARGET, j / 2.0, j / 2.0, None).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 5.01e-5, "J {j}: {a} is not {b}");
        near(got.sized.std_error, se);
        assert_eq!(got.sized.df, df);
        near(got.mde_approx.unwrap(), approx);
        near(got.mde.unwrap(), exact);
        assert_eq!(got.power, Some(0.8));
    }
}

fn mde(trial: &Trial, clusters: f64) -> Answer {
    answer(trial, &TARGET, clusters, clusters, None).unwrap()
}

#[test]
fn what_the_designs_change() {
    let plain = Trial {
        cluster_size: 24.0,
        icc: 0.15,
        ..Trial::default()
    };
    // Ten blocks of four clusters: J − K − 1.
    let blocked = Trial {
        design: Design::Blocked { blocks: 10.0 },
        ..plain
    };
    assert_eq!(mde(&blocked, 20.0).sized.df, 29.0);
    assert_eq!(
        mde(&blocked, 20.0).sized.std_error,
        mde(&plain, 20.0).sized.std_error
    );
    // Dong and Maynard's variance, by hand: ρ3 (1 − R3²) + ρ2 (1 − R2²) / J + (1 − ρ2 − ρ3)(1 − R1²) / (J n), times 4 / K.
    let three = Trial {
        icc: 0.1,
        r2_between: 0.5,
        r2_within: 0.3,
        covariates: 1.0,
        design: Design::ThreeLevel {
            icc_class: 0.08,
            classes: 3.0,
            r2_class: 0.4,
        },
        ..plain
    };
    let got = mde(&three, 15.0).sized;
    let by_hand: f64 = (0.1 * 0.5 + 0.08 * 0.6 / 3.0 + 0.82 * 0.7 / 72.0) * 4.0 / 30.0;
    assert!((got.std_error - by_hand.sqrt()).abs() < 1e-15);
    assert_eq!(got.df, 27.0);
    assert!((got.design_effect - 72.0 * (0.1 + 0.08 / 3.0 + 0.82 / 72.0)).abs() < 1e-12);
    // One class in a school: two levels with both correlations together.
    let one = Trial {
        icc: 0.1,
        design: Design::ThreeLevel {
            icc_class: 0.05,
            classes: 1.0,
            r2_class: 0.0,
        },
        ..plain
    };
    assert!((mde(&one, 20.0).mde.unwrap() / mde(&plain, 20.0).mde.unwrap() - 1.0).abs() < 1e-12);
    // Attrition is a smaller experiment.
    let lost = Trial {
        cluster_size: 40.0,
        attrition: Attrition {
            students: 0.2,
            clusters: 0.1,
            completion: 0.75,
        },
        ..plain
    };
    let (a, b) = (mde(&lost, 20.0), mde(&plain, 18.0));
    assert!((a.sized.cluster_size - 24.0).abs() < 1e-12 && a.sized.clusters == 18.0);
    assert!((a.mde.unwrap() / b.mde.unwrap() - 1.0).abs() < 1e-12);
    // Unequal sizes: students alike pay in the between part, clusters alike in the within part.
    let unequal = Trial {
        cv_size: 0.6,
        ..plain
    };
    assert!(
        (mde(&unequal, 20.0).sized.design_effect - (1.0 + (1.36 * 24.0 - 1.0) * 0.15)).abs()
            < 1e-12
    );
    let harmonic = Trial {
        weighting: Weighting::Cluster,
        ..unequal
    };
    let v: f64 = (0.15 + 0.85 * 1.36 / 24.0) / 10.0;
    assert!((mde(&harmonic, 20.0).sized.std_error - v.sqrt()).abs() < 1e-15);
}

#[test]
fn what_does_not_exist() {
    let trial = Trial {
        cluster_size: 25.0,
        icc: 0.1,
        ..Trial::default()
    };
    let got = answer(&trial, &TARGET, 1.0, 1.0, Some(0.2)).unwrap();
    assert_eq!((got.mde, got.mde_approx, got.power), (None, None, None));
    assert!(
        got.notes.iter().any(|n| n.to_string().starts_with("no_df")),
        "{:?}",
        got.notes
    );
    // Nothing but clusters would help, and a million is not enough.
    assert_eq!(clusters_needed(&trial, &TARGET, 1e-5, 0.5).unwrap(), None);
    let bad = |t: Trial| answer(&t, &TARGET, 10.0, 10.0, None).unwrap_err().argument;
    assert_eq!(bad(Trial { icc: 1.1, ..trial }), "icc");
    assert_eq!(
        bad(Trial {
            icc: f64::NAN,
            ..trial
        }),
        "icc"
    );
    assert_eq!(
        bad(Trial {
            cluster_size: 0.5,
            ..trial
        }),
        "cluster_size"
    );
    assert_eq!(
        bad(Trial {
            r2_within: 1.0,
            ..trial
        }),
        "r2_within"
    );
    assert_eq!(bad(Trial { sd: 0.0, ..trial }), "sd");
    let low = Target {
        level: 0.95,
        power: 0.05,
    };
    assert_eq!(
        answer(&trial, &low, 10.0, 10.0, None).unwrap_err().argument,
        "power"
    );
    assert_eq!(
        answer(&trial, &TARGET, 0.0, 10.0, None)
            .unwrap_err()
            .argument,
        "clusters"
    );
    assert_eq!(
        clusters_needed(&trial, &TARGET, 0.0, 0.5)
            .unwrap_err()
            .argument,
        "delta"
    );
    assert_eq!(
        clusters_needed(&trial, &TARGET, 0.2, 1.0)
            .unwrap_err()
            .argument,
        "share"
    );
    assert!(Design::from_words("blocked", None, None, None, 0.0).is_err());
    assert!(Design::from_words("two_level", Some(4.0), None, None, 0.0).is_err());
    assert!(Design::from_words("nested", None, None, None, 0.0).is_err());
}

#[test]
fn extreme_targets() {
    for (df, alpha, power) in [
        (1.0, 0.05, 0.999),
        (3.0, 1e-6, 0.5),
        (1e6, 1e-200, 0.9),
        (1e9, 0.05, 0.8),
    ] {
        let test = TTest::new(df, alpha).unwrap();
        let ratio = test.detectable(power).unwrap();
        let got = test.power(ratio).unwrap();
        assert!(
            (got - power).abs() < 1e-4,
            "{df} {alpha} {power}: {ratio} has {got}"
        );
    }
    assert_eq!(TTest::new(0.9, 0.05), None);
    assert_eq!(TTest::new(5.0, 0.0), None);
}

fn share() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.0..0.99f64]
}

prop_compose! {
    fn trials()(
        cluster_size in 1.0..200.0f64, icc in prop_oneof![Just(0.0), 0.0..1.0f64], cv_size in prop_oneof![Just(0.0), 0.0..2.0f64],
        sd in 0.01..100.0f64, r2_between in share(), r2_within in share(), covariates in 0..3u8, design in 0..3u8,
        by_cluster in any::<bool>(), students in 0.0..0.5f64, clusters in 0.0..0.3f64,
    ) -> Trial {
        Trial {
            cluster_size, icc, cv_size, sd, r2_between, r2_within,
            covariates: covariates as f64,
            design: match design {
                0 => Design::TwoLevel,
                1 => Design::Blocked { blocks: 3.0 },
                _ => Design::ThreeLevel { icc_class: 0.5 * (1.0 - icc), classes: 2.5, r2_class: r2_between },
            },
            weighting: if by_cluster { Weighting::Cluster } else { Weighting::Student },
            attrition: Attrition { students, clusters, completion: 1.0 },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_mde_has_the_power(trial in trials(), g1 in 2..300u16, g0 in 2..300u16, alpha in 0.001..0.3f64, power in 0.31..0.999f64) {
        let target = Target { level: 1.0 - alpha, power };
        let (g1, g0) = (g1 as f64, g0 as f64);
        let first = answer(&trial, &target, g1, g0, None).unwrap();
        let Some(mde) = first.mde else {
            prop_assert!(first.sized.df < 1.0);
            return Ok(());
        };
        let again = answer(&trial, &target, g1, g0, Some(mde)).unwrap();
        prop_assert!((again.power.unwrap() - power).abs() < 1e-9, "{:?}", again);
        // More clusters find less, and find the same more often.
        let more = answer(&trial, &target, g1 + 1.0, g0 + 1.0, Some(mde)).unwrap();
        prop_assert!(more.mde.unwrap() < mde && more.power.unwrap() > power);
        // The sign does not matter.
        let negative = answer(&trial, &target, g1, g0, Some(-mde)).unwrap();
        prop_assert_eq!(negative.power, again.power);
    }

    #[test]
    fn the_fewest_clusters(trial in trials(), delta in 0.05..2.0f64, share in prop_oneof![Just(0.5), 0.05..0.95f64]) {
        let delta = delta * trial.sd;
        let Some(found) = clusters_needed(&trial, &TARGET, delta, share).unwrap() else { return Ok(()); };
        prop_assert!(found.power.unwrap() >= 0.8);
        let total = found.assigned.0 + found.assigned.1;
        let first = (total - 60.0).max(2.0) as u64;
        for fewer in first..total as u64 {
            let (treated, control) = split(fewer as f64, share);
            prop_assert_eq!(treated + control, fewer as f64);
            let less = answer(&trial, &TARGET, treated, control, Some(delta)).unwrap();
            prop_assert!(less.power.unwrap_or(0.0) < 0.8, "{} of {} clusters suffice", fewer, total);
        }
    }

    #[test]
    fn nothing_panics(n in any::<[f64; 16]>()) {
        let trial = Trial {
            cluster_size: n[0], icc: n[1], cv_size: n[2], sd: n[3], r2_between: n[4], r2_within: n[5], covariates: n[6],
            design: Design::ThreeLevel { icc_class: n[7], classes: n[8], r2_class: n[9] },
            weighting: Weighting::Cluster,
            attrition: Attrition { students: n[10], clusters: n[11], completion: n[12] },
        };
        let _ = answer(&trial, &TARGET, n[13], n[14], Some(n[15]));
        let plain = Trial { cluster_size: n[0].abs().clamp(1.0, 1e10), sd: n[3].abs().clamp(1e-100, 1e100), ..Trial::default() };
        let got = answer(&plain, &TARGET, n[13].abs().clamp(1.0, 1e10), n[14].abs().clamp(1.0, 1e10), Some(1.0)).unwrap();
        prop_assert!(got.sized.df < 1.0 || got.mde.is_some_and(f64::is_finite) && got.power.is_some_and(f64::is_finite));
        prop_assert!(noncentral_t_upper(n[0], 5.0, n[1].clamp(-1e3, 1e3)).is_none_or(|p| (0.0..=1.0).contains(&p)));
    }
}
