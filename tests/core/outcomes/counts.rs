//! Rows that are there and that are not, counted one by one; and bounds, which fill them in.

use super::rows::{CONDITIONS, Data, Table, table, usual};
use proptest::prelude::*;
use rct_core::attrition::{attrition, manski_bounds, response_weights};
use rct_core::effect::effects;
use rct_core::integrity::srm_of_sketch;
use rct_core::note::Code;
use rct_core::regression::{Adjust, Options};
use rct_core::sketch::{Columns, View};
use std::collections::BTreeSet;

/// Outcomes that are no ratios: number, and place among the values of a row.
fn values(table: &Table) -> Vec<(usize, usize)> {
    let places = table.places().outcomes;
    let of_one = |(i, p): (usize, &Vec<usize>)| (p.len() == 1).then(|| (i, p[0]));
    places.iter().enumerate().filter_map(of_one).collect()
}

/// Rows that count: where some have a weight, those that have one.
fn weighed(table: &Table) -> Vec<&Data> {
    let weight = table.places().weight;
    let weighted = weight.is_some_and(|w| table.rows.iter().any(|r| r.values[w].is_some()));
    let counts = |r: &&Data| !weighted || weight.is_some_and(|w| r.values[w].is_some());
    table.rows.iter().filter(counts).collect()
}

fn near(a: Option<f64>, b: Option<f64>, scale: f64) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(scale),
        (a, b) => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn rows_are_counted(table in table(usual, 80)) {
        let sketch = table.sketch();
        let (info, places) = (sketch.info(), table.places());
        prop_assert_eq!(info.n, table.rows.len() as u64);
        let lacks = |of: &[usize]| table.rows.iter().filter(|r| !r.has(of)).count() as u64;
        let no_outcome: Vec<u64> = places.outcomes.iter().map(|o| lacks(o)).collect();
        prop_assert_eq!(&info.without_outcome, &no_outcome);
        prop_assert_eq!(info.without_covariates, lacks(&places.covariates));
        let names: Vec<String> = sketch.condition_names();
        for (outcome, place) in values(&table) {
            let view = sketch.view(Some(&format!("y{outcome}")), None).unwrap();
            let weighed = weighed(&table);
            // Also who has no weight was assigned.
            if let Ok(srm) = srm_of_sketch(&view, None, None, 0.001) {
                prop_assert_eq!(srm.students, table.rows.len() as u64);
            }
            for (name, found) in names.iter().zip(view.completeness()) {
                let own = || table.rows.iter().filter(|r| CONDITIONS[r.condition] == name);
                let without = own().filter(|r| r.values[place].is_none()).count();
                prop_assert_eq!(found.without_outcome, without as u64);
                let complete = own()
                    .filter(|r| r.values[place].is_some() && r.has(&places.covariates))
                    .filter(|r| weighed.iter().any(|w| std::ptr::eq(*w, *r)))
                    .count();
                if !places.covariates.is_empty() {
                    prop_assert_eq!(found.with_covariates, complete as u64);
                }
            }
        }
    }

    #[test]
    fn who_is_missing_is_counted(table in table(usual, 80)) {
        let sketch = table.sketch();
        let rows = weighed(&table);
        for (outcome, place) in values(&table) {
            let view = sketch.view(Some(&format!("y{outcome}")), None).unwrap();
            let of = |condition: &str| {
                let own: Vec<&&Data> = rows.iter().filter(|r| CONDITIONS[r.condition] == condition).collect();
                let seen: Vec<_> = own.iter().filter(|r| r.values[place].is_some()).collect();
                let clusters: BTreeSet<i64> = own.iter().map(|r| r.cluster).collect();
                let with: BTreeSet<i64> = seen.iter().map(|r| r.cluster).collect();
                [own.len(), seen.len(), clusters.len(), with.len()].map(|n| n as u64)
            };
            for row in attrition(&view, "control", 0.95).into_iter().flatten() {
                let (a, b) = (of(&row.comparison.condition), of("control"));
                prop_assert_eq!(row.students.assigned, (a[0], b[0]));
                prop_assert_eq!(row.students.observed, (a[1], b[1]));
                prop_assert_eq!(row.clusters.assigned, (a[2], b[2]));
                prop_assert_eq!(row.clusters.observed, (a[3], b[3]));
            }
            let weights = response_weights(&view, None).unwrap();
            prop_assert_eq!(weights.iter().map(|w| w.n).sum::<u64>(), rows.len() as u64);
            let seen = rows.iter().filter(|r| r.values[place].is_some()).count();
            prop_assert_eq!(weights.iter().map(|w| w.observed).sum::<u64>(), seen as u64);
        }
    }

    /// Bounds and tests of attrition are effects on outcomes that are filled in.
    #[test]
    fn missing_outcomes_are_filled_in(table in table(usual, 80)) {
        let sketch = table.sketch();
        let options = Options { adjust: Adjust::None, ..Options::default() };
        for (outcome, place) in values(&table) {
            let name = format!("y{outcome}");
            let view: View<'_> = sketch.view(Some(&name), None).unwrap();
            let filled = |fill: &dyn Fn(&Data) -> f64| {
                let mut all = table.clone();
                for row in &mut all.rows {
                    row.values[place] = Some(fill(row));
                }
                let sketch = all.sketch();
                effects(&sketch.view(Some(&name), None).unwrap(), "control", &options).unwrap_or_default()
            };
            let worst = |least: f64, most: f64| {
                filled(&|r| r.values[place].unwrap_or(if r.condition == 0 { most } else { least }))
            };
            let (lows, highs) = (worst(-500.0, 2e6), worst(2e6, -500.0));
            let bounds = manski_bounds(&view, "control", -500.0, 2e6, 0.95).unwrap_or_default();
            prop_assert_eq!(bounds.len(), lows.len());
            for (bound, (low, high)) in bounds.iter().zip(lows.iter().zip(&highs)) {
                prop_assert!(near(bound.low, low.inference.estimate, 1e6), "{bound:?} {low:?}");
                prop_assert!(near(bound.high, high.inference.estimate, 1e6), "{bound:?} {high:?}");
                prop_assert!(near(bound.low_se, low.inference.std_error, 1e6), "{bound:?} {low:?}");
                prop_assert!(near(bound.high_se, high.inference.std_error, 1e6), "{bound:?} {high:?}");
                prop_assert_eq!(&bound.comparison, &low.comparison);
            }
            let there = filled(&|r| f64::from(u8::from(r.values[place].is_some())));
            let tests = attrition(&view, "control", 0.95).unwrap_or_default();
            prop_assert_eq!(tests.len(), there.len());
            for (test, effect) in tests.iter().zip(&there) {
                // The same sums, so the same bits.
                prop_assert_eq!(test.test.estimate, effect.inference.estimate.map(|v| 0.0 - v));
                prop_assert_eq!(test.test.std_error, effect.inference.std_error);
                prop_assert_eq!(test.test.df, effect.inference.df);
            }
        }
    }
}

/// A class with one outcome of two, which has a fraction: what is filled in differs from it, so there is a residual.
#[test]
fn what_is_filled_in_differs_from_what_is_there() {
    let row = |condition: usize, value: Option<f64>| Data {
        condition,
        cluster: condition as i64,
        stratum: None,
        values: vec![value],
    };
    let table = Table {
        columns: Columns::simple(false),
        rows: vec![row(1, Some(0.9)), row(1, None), row(0, None)],
    };
    let sketch = table.sketch();
    let view = sketch.view(None, None).unwrap();
    for bound in manski_bounds(&view, "control", 0.0, 1.0, 0.95).unwrap() {
        assert_eq!((bound.low_se, bound.high_se), (None, None), "{bound:?}");
    }
}

/// Also where the mean of the class is within the limits; where others make up for it, it is not seen.
#[test]
fn outcomes_outside_of_the_limits_are_noted() {
    let row = |cluster: i64, value: Option<f64>| Data {
        condition: (cluster % 2) as usize,
        cluster,
        stratum: None,
        values: vec![value],
    };
    let said = |values: &[(i64, Option<f64>)]| {
        let table = Table {
            columns: Columns::simple(false),
            rows: values.iter().map(|&(c, v)| row(c, v)).collect(),
        };
        let sketch = table.sketch();
        let bounds = manski_bounds(
            &sketch.view(None, None).unwrap(),
            "control",
            0.0,
            100.0,
            0.95,
        );
        let mut notes = bounds.unwrap().remove(0).notes.into_iter();
        notes
            .find(|note| note.code == Code::OutsideLimits)
            .map(|note| note.to_string())
    };
    let inside = [
        (0, Some(0.0)),
        (0, Some(100.0)),
        (1, Some(100.0)),
        (2, Some(0.1 + 0.2)),
        (3, None),
    ];
    assert_eq!(said(&inside), None);
    let over = [
        (0, Some(101.0)),
        (0, Some(60.0)),
        (1, Some(100.0)),
        (3, Some(-0.5)),
        (3, None),
    ];
    assert_eq!(
        said(&over).as_deref(),
        Some(
            "outside_limits: 1 cluster has an outcome below 0 or above 100, so the bounds do not hold"
        )
    );
    let all = [
        (0, Some(50.0)),
        (1, Some(-1.0)),
        (2, Some(100.1)),
        (3, Some(50.0)),
    ];
    assert!(said(&all).is_some_and(|note| note.contains(": 2 clusters")));
}
