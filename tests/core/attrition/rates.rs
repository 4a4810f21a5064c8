//! Shares of missing outcomes, boundaries, and weights.

use super::oracle::{Model, PLAIN, number, read, sketch};
use super::{near, outcomes, sketch_of, students};
use rct_core::attrition::{
    Verdict, attrition, boundaries, missing_balance, response_weights, wwc_attrition,
};
use rct_core::distribution::{normal_density, normal_quantile_upper};
use rct_core::note::Code;

#[test]
fn the_boundary_of_the_what_works_clearinghouse() {
    // Standards Handbook 4.1, table II.1; 0 to 50 by fives as two more transcriptions have it.
    for (overall, cautious, optimistic) in [
        (0.0, 0.057, 0.1),
        (0.05, 0.061, 0.105),
        (0.1, 0.063, 0.109),
        (0.15, 0.059, 0.107),
        (0.2, 0.054, 0.1),
        (0.25, 0.048, 0.092),
        (0.3, 0.041, 0.082),
        (0.35, 0.033, 0.072),
        (0.4, 0.026, 0.06),
        (0.45, 0.018, 0.049),
        (0.5, 0.01, 0.037),
        (0.51, 0.009, 0.035),
        (0.55, 0.003, 0.026),
        (0.57, 0.0, 0.021),
    ] {
        let (c, o) = wwc_attrition(overall, -cautious);
        assert_eq!((c.boundary, o.boundary), (Some(cautious), Some(optimistic)));
        assert!(c.low && o.low);
        let (c, o) = wwc_attrition(overall, cautious + 0.0001);
        assert!(!c.low && o.low);
        assert_eq!(c.word(), "high");
    }
    // From 58 % on there is no cautious boundary, past 65 % none at all.
    for (overall, optimistic) in [(0.58, 0.019), (0.6, 0.014), (0.65, 0.003)] {
        let (c, o) = wwc_attrition(overall, optimistic);
        assert_eq!((c.boundary, o.boundary), (None, Some(optimistic)));
        assert!(!c.low && o.low && !wwc_attrition(overall, optimistic + 0.0001).1.low);
    }
    let none = Verdict {
        boundary: None,
        low: false,
    };
    for overall in [0.651, 0.66, 1.0, 1e300, f64::INFINITY, -0.001, f64::NAN] {
        assert_eq!(wwc_attrition(overall, 0.0), (none, none), "{overall}");
    }
}

/// A row that is out of place, or twice there, makes a step that the model behind the table does not.
#[test]
fn the_boundary_is_smooth() {
    let at = |overall: i32| wwc_attrition(f64::from(overall) / 100.0, 0.0);
    let points = |v: Verdict| 100.0 * v.boundary.unwrap();
    let cautious: Vec<f64> = (0..=57).map(|i| points(at(i).0)).collect();
    let optimistic: Vec<f64> = (0..=65).map(|i| points(at(i).1)).collect();
    for column in [cautious, optimistic] {
        let steps: Vec<f64> = column.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(steps.iter().all(|s| (-0.31..0.21).contains(s)), "{steps:?}");
        assert!(
            steps.windows(2).all(|w| (w[1] - w[0]).abs() < 0.11),
            "{steps:?}"
        );
        let top = column.iter().copied().fold(0.0, f64::max);
        let first = column.iter().position(|v| *v == top).unwrap();
        let last = column.iter().rposition(|v| *v == top).unwrap();
        assert!(column[..=first].is_sorted());
        assert!(column[last..].iter().rev().is_sorted());
    }
}

/// The model behind the table: outcome and readiness to answer are normal and correlated, in each condition by its own; the boundary is
/// the differential at which the bias is 0.05 standard deviations. The correlations are fitted to the columns.
#[test]
fn the_boundary_is_that_of_a_bias_of_a_twentieth() {
    // Mean of the readiness of a share that answers.
    let mean = |share: f64| normal_density(normal_quantile_upper(share).unwrap()) / share;
    for (optimistic, treated, control, from, points) in [
        (false, 0.41828, 0.36453, 4, 0.16),
        (true, 0.24930, 0.20336, 6, 0.08),
    ] {
        for overall in from..=if optimistic { 65 } else { 57 } {
            let missing = f64::from(overall) / 100.0;
            let bias = |differential: f64| {
                let half = differential / 200.0;
                let one = |sign: f64| {
                    let answers = (1.0 - missing - sign * half, 1.0 - missing + sign * half);
                    (treated * mean(answers.0) - control * mean(answers.1)).abs()
                };
                one(1.0).max(one(-1.0))
            };
            let (mut inside, mut outside) = (0.0, 1.99 * f64::from(overall).min(50.0));
            for _ in 0..60 {
                let middle = 0.5 * (inside + outside);
                if bias(middle) < 0.05 {
                    inside = middle;
                } else {
                    outside = middle;
                }
            }
            let (c, o) = wwc_attrition(missing, 0.0);
            let published = 100.0 * if optimistic { o } else { c }.boundary.unwrap();
            assert!(
                (inside - published).abs() < points,
                "{overall}: {inside} by the model, {published} in the table"
            );
        }
    }
}

/// Between whole percents the boundary is a straight line; the digits of a rate do not decide.
#[test]
fn the_boundary_between_whole_percents() {
    let at = |overall: f64| wwc_attrition(overall, 0.0);
    near("12.5", at(0.125).0.boundary.unwrap(), 0.0615, 1e-12);
    near("53.25", at(0.5325).0.boundary.unwrap(), 0.0055, 1e-12);
    near("64.75", at(0.6475).1.boundary.unwrap(), 0.0035, 1e-12);
    assert_eq!(at(0.575).0.boundary, None);
    // Products and quotients that are whole percents but for rounding.
    assert_eq!(at(0.55).0.boundary, Some(0.003));
    assert_eq!(at(0.57).0.boundary, Some(0.0));
    assert_eq!(at(1.0 - 0.43).0.boundary, Some(0.0));
    assert_eq!(at(3.0 * 0.19).0.boundary, Some(0.0));
    assert_eq!(at(0.57 + 1e-14).0.boundary, Some(0.0));
    assert_eq!(at(0.65 + 1e-14).1.boundary, Some(0.003));
    assert_eq!(at(-1e-14).0.boundary, Some(0.057));
    for i in 0..=6500 {
        let (c, o) = at(f64::from(i) / 10_000.0);
        let o = o.boundary.unwrap();
        assert!(c.boundary.is_none_or(|c| c < o), "{i}");
    }
}

/// What a user asks is checked, and answered as the table says.
#[test]
fn the_boundaries_that_a_user_asks_for() {
    for (overall, differential) in [
        (0.0, 0.0),
        (0.2, -0.054),
        (0.2, 0.06),
        (0.6, 0.01),
        (1.0, -1.0),
    ] {
        let got = boundaries(overall, differential).unwrap();
        let (c, o) = wwc_attrition(overall, differential);
        assert_eq!((got.cautious, got.optimistic), (c, o));
        assert_eq!(got.cautious_boundary, c.boundary);
        assert_eq!(got.optimistic_boundary, o.boundary);
    }
    for (overall, differential, argument) in [
        (-0.01, 0.0, "overall"),
        (1.01, 0.0, "overall"),
        (20.0, 0.05, "overall"),
        (f64::NAN, 0.0, "overall"),
        (0.2, 1.01, "differential"),
        (0.2, -5.4, "differential"),
        (0.2, f64::NAN, "differential"),
    ] {
        let error = boundaries(overall, differential).unwrap_err();
        assert_eq!(error.argument, argument, "{overall} {differential}");
    }
}

/// More than half of the students without an outcome, of students and of clusters.
#[test]
fn much_attrition_has_a_boundary_too() {
    let mut all = Vec::new();
    for cluster in 0..20 {
        for i in 0..100 {
            all.push(super::Student {
                outcome: (i >= 55).then_some(1.0),
                condition: if cluster % 2 == 0 {
                    "treated"
                } else {
                    "control"
                },
                cluster,
                stratum: 0,
            });
        }
    }
    let rates = |all: &[super::Student]| {
        let row = attrition(&outcomes(all, false).first().unwrap(), "control", 0.95)
            .unwrap()
            .remove(0);
        (row.students.rates().unwrap(), row.clusters.rates().unwrap())
    };
    let (students, clusters) = rates(&all);
    assert_eq!((students.overall, students.differential), (0.55, 0.0));
    assert_eq!(students.cautious.boundary, Some(0.003));
    assert_eq!(students.optimistic.boundary, Some(0.026));
    assert!(students.cautious.low && students.optimistic.low);
    assert_eq!(clusters.overall, 0.0);
    // 12 of 20 clusters are lost, alike in both.
    all.iter_mut()
        .filter(|s| s.cluster < 12)
        .for_each(|s| s.outcome = None);
    let (_, clusters) = rates(&all);
    assert_eq!((clusters.overall, clusters.differential), (0.6, 0.0));
    assert!(!clusters.cautious.low && clusters.optimistic.low);
    assert_eq!(clusters.optimistic.boundary, Some(0.014));
}

#[test]
fn the_test_is_that_of_the_reference_regression() {
    let model = Model {
        design: "s16_attrition",
        id: "attrition",
        ..PLAIN
    };
    let rows = attrition(&sketch(&model).first().unwrap(), "0", 0.95).unwrap();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    let table = read("s16_attrition/expected.csv");
    let at = |name: &str| table.column(name);
    let expected = table
        .rows
        .iter()
        .find(|r| {
            r[at("model")] == "attrition" && r[at("method")] == "CR2" && r[at("term")] == "treat"
        })
        .unwrap();
    let value = |name: &str| number(&expected[at(name)]).unwrap();
    near(
        "differential",
        row.test.estimate.unwrap(),
        -value("est"),
        1e-9,
    );
    near("se", row.test.std_error.unwrap(), value("se"), 1e-9);
    near("df", row.test.df.unwrap(), value("df"), 1e-9);
    near("p", row.test.p_value.unwrap(), value("p"), 1e-9);
    near("low", row.test.ci_low.unwrap(), -value("ci_hi"), 1e-9);
    let rates = row.students.rates().unwrap();
    near("missing", rates.missing.0, 1.0 - 0.905241935483871, 1e-9);
    near("missing", rates.missing.1, 1.0 - 0.7347740667976425, 1e-9);
    near(
        "differential",
        rates.differential,
        row.test.estimate.unwrap(),
        1e-9,
    );
    assert_eq!(
        (rates.cautious.word(), rates.optimistic.word()),
        ("high", "high")
    );
    assert_eq!(row.clusters.assigned, row.clusters.observed);
}

#[test]
fn clusters_without_any_outcome_are_missing() {
    let mut all = students("rates", 40);
    all.iter_mut()
        .filter(|s| s.cluster == 4 || s.cluster == 7)
        .for_each(|s| s.outcome = None);
    let rows = attrition(&outcomes(&all, true).first().unwrap(), "control", 0.95).unwrap();
    assert_eq!(rows[0].clusters.assigned, (20, 20));
    assert_eq!(rows[0].clusters.observed, (19, 19));
    near(
        "overall",
        rows[0].clusters.rates().unwrap().overall,
        0.05,
        1e-12,
    );
    let seen = all
        .iter()
        .filter(|s| s.condition == "treated" && s.outcome.is_some())
        .count();
    assert_eq!(rows[0].students.observed.0, seen as u64);
    // Whether there is an outcome counts, not what it is.
    let ones = sketch_of(&all, |s| s.outcome.map(|_| 0.0), None, true);
    assert_eq!(
        attrition(&ones.first().unwrap(), "control", 0.95).unwrap(),
        rows
    );
}

#[test]
fn weights_give_back_those_who_are_missing() {
    let all = students("weights", 60);
    let rows = response_weights(&outcomes(&all, true).first().unwrap(), None).unwrap();
    for condition in ["control", "treated"] {
        let own = || rows.iter().filter(|r| r.condition == condition);
        let n: u64 = own().map(|r| r.n).sum();
        let seen: u64 = own().map(|r| r.observed).sum();
        let weighted: f64 = own().map(|r| r.observed as f64 * r.weight.unwrap()).sum();
        near("sum of weights", weighted, n as f64, 1e-12);
        let stabilized: f64 = own()
            .map(|r| r.observed as f64 * r.stabilized.unwrap())
            .sum();
        near("sum of stabilized weights", stabilized, seen as f64, 1e-12);
        let first = own().next().unwrap();
        assert!(first.n_effective.unwrap() <= seen as f64);
        near(
            "largest",
            first.largest.unwrap(),
            own().map(|r| r.stabilized.unwrap()).fold(0.0, f64::max),
            1e-12,
        );
    }
    let capped = response_weights(&outcomes(&all, true).first().unwrap(), Some(1.02)).unwrap();
    assert!(
        capped.iter().any(|r| r.capped) && capped.iter().all(|r| r.stabilized.unwrap() <= 1.02)
    );
    assert!(response_weights(&outcomes(&all, true).first().unwrap(), Some(0.5)).is_err());
    let mut none = all;
    none.iter_mut()
        .filter(|s| s.stratum == 1 && s.condition == "treated")
        .for_each(|s| s.outcome = None);
    let rows = response_weights(&outcomes(&none, true).first().unwrap(), None).unwrap();
    let empty = rows.iter().find(|r| r.observed == 0).unwrap();
    assert_eq!(empty.weight, None);
    assert!(empty.notes.iter().any(|n| n.code == Code::NoObserved));
}

#[test]
fn missing_students_are_compared_as_in_clubsandwich() {
    let model = Model {
        design: "s16_attrition",
        covariates: &["x"],
        ..PLAIN
    };
    let rows = missing_balance(&sketch(&model).first().unwrap(), 0.95).unwrap();
    assert_eq!(rows.len(), 2);
    let table = read("attrition/missing.csv");
    let expected = |key: &str| {
        let row = table.rows.iter().find(|r| r[0] == key).unwrap();
        row[1].trim().parse::<f64>().unwrap()
    };
    for (arm, row) in rows.iter().enumerate() {
        for (what, got) in [
            ("estimate", row.inference.estimate.map(|e| -e)),
            ("std_error", row.inference.std_error),
            ("df", row.inference.df),
            ("p", row.inference.p_value),
            ("mean_observed", row.mean_observed),
            ("mean_missing", row.mean_missing),
            ("sd", row.sd),
        ] {
            near(
                what,
                got.unwrap(),
                expected(&format!("balance_{arm}_{what}")),
                1e-9,
            );
        }
    }
    let none = outcomes(&students("none", 6), false);
    assert!(missing_balance(&none.first().unwrap(), 0.95).is_err());
    let all = students("all", 12);
    let everyone = sketch_of(&all, |_| Some(1.0), Some(&|s| s.cluster as f64), false);
    let rows = missing_balance(&everyone.first().unwrap(), 0.95).unwrap();
    assert_eq!(rows[0].inference.estimate, None);
    assert_eq!(rows[0].notes[0].code, Code::NoComparison);
}
