//! Shares of missing outcomes, boundaries, and weights.

use super::oracle::{Model, PLAIN, number, read, sketch};
use super::{near, observed, sketch_of, students};
use rct_core::attrition::{Verdict, attrition, missing_balance, response_weights, wwc_attrition};
use rct_core::error::Explain;

#[test]
fn the_boundary_of_the_what_works_clearinghouse() {
    // Standards Handbook 4.1, table II.1.
    for (overall, cautious, optimistic) in [
        (0.0, 5.7, 10.0),
        (5.0, 6.1, 10.5),
        (10.0, 6.3, 10.9),
        (15.0, 5.9, 10.7),
        (20.0, 5.4, 10.0),
        (25.0, 4.8, 9.2),
        (30.0, 4.1, 8.2),
        (35.0, 3.3, 7.2),
        (40.0, 2.6, 6.0),
        (45.0, 1.8, 4.9),
        (50.0, 1.0, 3.7),
    ] {
        let (c, o) = wwc_attrition(overall, -cautious);
        near("cautious", c.boundary.unwrap(), cautious, 1e-12);
        near("optimistic", o.boundary.unwrap(), optimistic, 1e-12);
        assert!(c.low && o.low);
        let (c, o) = wwc_attrition(overall, cautious + 0.01);
        assert!(!c.low && o.low);
        assert_eq!(c.word(), "high");
    }
    near(
        "between",
        wwc_attrition(12.0, 0.0).0.boundary.unwrap(),
        6.3 - 0.4 * 0.4,
        1e-12,
    );
    let none = Verdict {
        boundary: None,
        low: false,
    };
    assert_eq!(wwc_attrition(50.1, 0.0), (none, none));
    assert_eq!(wwc_attrition(f64::NAN, 0.0), (none, none));
}

#[test]
fn the_test_is_that_of_the_reference_regression() {
    let model = Model {
        design: "s16_attrition",
        id: "attrition",
        outcome: "observed",
        ..PLAIN
    };
    let rows = attrition(&sketch(&model), "0", 0.95).unwrap();
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
        -100.0 * value("est"),
        1e-9,
    );
    near("se", row.test.std_error.unwrap(), 100.0 * value("se"), 1e-9);
    near("df", row.test.df.unwrap(), value("df"), 1e-9);
    near("p", row.test.p_value.unwrap(), value("p"), 1e-9);
    near(
        "low",
        row.test.ci_low.unwrap(),
        -100.0 * value("ci_hi"),
        1e-9,
    );
    let rates = row.students.rates().unwrap();
    near(
        "missing",
        rates.missing.0,
        100.0 * (1.0 - 0.905241935483871),
        1e-9,
    );
    near(
        "missing",
        rates.missing.1,
        100.0 * (1.0 - 0.7347740667976425),
        1e-9,
    );
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
    let rows = attrition(&sketch_of(&all, observed, None, true), "control", 0.95).unwrap();
    assert_eq!(rows[0].clusters.assigned, (20, 20));
    assert_eq!(rows[0].clusters.observed, (19, 19));
    near(
        "overall",
        rows[0].clusters.rates().unwrap().overall,
        5.0,
        1e-12,
    );
    let seen = all
        .iter()
        .filter(|s| s.condition == "treated" && s.outcome.is_some())
        .count();
    assert_eq!(rows[0].students.observed.0, seen as u64);
    let error = attrition(
        &sketch_of(&all, |s| s.outcome, None, false),
        "control",
        0.95,
    )
    .unwrap_err();
    assert!(
        error
            .message()
            .starts_with("outcome must be 1 where it was observed"),
        "{}",
        error.message()
    );
}

#[test]
fn weights_give_back_those_who_are_missing() {
    let all = students("weights", 60);
    let rows = response_weights(&sketch_of(&all, observed, None, true), None).unwrap();
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
    let capped = response_weights(&sketch_of(&all, observed, None, true), Some(1.02)).unwrap();
    assert!(
        capped.iter().any(|r| r.capped) && capped.iter().all(|r| r.stabilized.unwrap() <= 1.02)
    );
    assert!(response_weights(&sketch_of(&all, observed, None, true), Some(0.5)).is_err());
    let mut none = all;
    none.iter_mut()
        .filter(|s| s.stratum == 1 && s.condition == "treated")
        .for_each(|s| s.outcome = None);
    let rows = response_weights(&sketch_of(&none, observed, None, true), None).unwrap();
    let empty = rows.iter().find(|r| r.observed == 0).unwrap();
    assert_eq!(empty.weight, None);
    assert!(empty.notes.iter().any(|n| n.starts_with("no_observed")));
}

#[test]
fn missing_students_are_compared_as_in_clubsandwich() {
    let model = Model {
        design: "s16_attrition",
        outcome: "observed",
        covariates: &["x"],
        ..PLAIN
    };
    let rows = missing_balance(&sketch(&model), 0.95).unwrap();
    assert_eq!(rows.len(), 2);
    let table = read("attrition/missing.csv");
    let expected = |key: &str| {
        let row = table.rows.iter().find(|r| r[0] == key).unwrap();
        row[1].trim().parse::<f64>().unwrap()
    };
    for (arm, row) in rows.iter().enumerate() {
        for (what, got) in [
            ("estimate", row.difference.estimate.map(|e| -e)),
            ("std_error", row.difference.std_error),
            ("df", row.difference.df),
            ("p", row.difference.p_value),
            ("mean_observed", row.mean.0),
            ("mean_missing", row.mean.1),
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
    let none = sketch_of(&students("none", 6), observed, None, false);
    assert!(missing_balance(&none, 0.95).is_err());
    let all = students("all", 12);
    let everyone = sketch_of(&all, |_| Some(1.0), Some(&|s| s.cluster as f64), false);
    let rows = missing_balance(&everyone, 0.95).unwrap();
    assert_eq!(rows[0].difference.estimate, None);
    assert!(rows[0].notes[0].starts_with("no_comparison"));
}
