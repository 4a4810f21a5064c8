//! p-values adjusted by stepdown.
//!
//! `tests/oracle/stepdown` has what numpy makes of the same random numbers, and what pyfixest says of its own, with the script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Report, number, read};
use proptest::prelude::*;
use rct_core::budget::Budget;
use rct_core::regression::{Options, Strata};
use rct_core::resampling::{Draws, Simultaneous, simultaneous_intervals};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};
use serde_json::Value;

fn reference() -> Value {
    let path = "../../tests/oracle/stepdown/reference.json";
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn sketch_of(design: &str, outcomes: &[&str]) -> Sketch {
    let table = read(&format!("{design}/data.csv"));
    let columns = Columns::parse(&outcomes.join(", ")).unwrap();
    let mut builder = Builder::new(columns, &Budget::unlimited());
    let at = |name: &str| table.column(name);
    for row in &table.rows {
        let values: Vec<Option<f64>> = outcomes.iter().map(|o| number(&row[at(o)])).collect();
        builder
            .add(&Row {
                condition: Some(row[at("arm")].as_bytes()),
                cluster: Some(Cluster::Digest(Key::of_text(
                    row[at("school_id")].as_bytes(),
                ))),
                stratum: Key::NONE,
                values: &values,
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

fn adjusted(sketch: &Sketch, control: &str, draws: u64, seed: &str) -> Vec<Simultaneous> {
    let options = Options {
        strata: Strata::Ignore,
        ..Options::default()
    };
    let views = sketch.views(None, None).unwrap();
    let draws = Draws::new(draws as i64, seed).unwrap();
    simultaneous_intervals(&views, control, &options, &draws).unwrap()
}

#[test]
fn agrees_with_numpy_draw_by_draw() {
    let (mut report, all) = (Report::default(), reference());
    for design in ["s24_multi_outcome", "s03_three_arm"] {
        let expected = &all[design];
        let outcomes = expected["outcomes"].as_array().unwrap();
        let outcomes: Vec<&str> = outcomes.iter().map(|o| o.as_str().unwrap()).collect();
        let (draws, seed) = (&expected["draws"], &expected["seed"]);
        let rows = adjusted(
            &sketch_of(design, &outcomes),
            "control",
            draws.as_u64().unwrap(),
            seed.as_str().unwrap(),
        );
        let expected = expected["effects"].as_array().unwrap();
        assert_eq!(rows.len(), expected.len());
        for (row, expected) in rows.iter().zip(expected) {
            let what = format!(
                "{design} {} {}",
                row.comparison.outcome, row.comparison.condition
            );
            assert_eq!(
                row.comparison.outcome,
                expected["outcome"].as_str().unwrap()
            );
            assert_eq!(
                row.comparison.condition,
                expected["condition"].as_str().unwrap()
            );
            for (name, got) in [
                ("estimate", row.inference.estimate),
                ("p", row.inference.p_value),
                ("p_single_step", row.p_adjusted),
                ("p_stepdown", row.p_stepdown),
            ] {
                report.check(format!("{what} {name}"), got, expected[name].as_f64(), 0.0);
            }
        }
    }
    report.finish(64);
}

/// Other draws, of a wild bootstrap with other standard errors: a tenth of a p-value apart.
#[test]
fn is_near_pyfixest() {
    let names: Vec<String> = (1..=12).map(|i| format!("y{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = adjusted(
        &sketch_of("s24_multi_outcome", &names),
        "control",
        20_000,
        "1",
    );
    let expected = reference();
    let expected = expected["rwolf"]["p"].as_array().unwrap();
    assert_eq!(rows.len(), expected.len());
    for (row, p) in rows.iter().zip(expected) {
        let (got, p) = (row.p_stepdown.unwrap(), p.as_f64().unwrap());
        assert!(
            (got - p).abs() < 0.01 + 0.1 * p,
            "{} {got} {p}",
            row.comparison.outcome
        );
    }
}

/// Two outcomes and a third that is the first one again, three conditions.
fn made(values: &[(i8, i8)]) -> Sketch {
    let columns = Columns::parse("a, b, again").unwrap();
    let mut builder = Builder::new(columns, &Budget::unlimited());
    for (i, &(a, b)) in values.iter().enumerate() {
        let cluster = i % 15;
        let condition: &[u8] = [b"0", b"1", b"2"][cluster % 3];
        builder
            .add(&Row {
                condition: Some(condition),
                cluster: Some(Cluster::Number(cluster as i64)),
                stratum: Key::NONE,
                values: &[a, b, a].map(|v| Some(f64::from(v) + cluster as f64)),
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn lies_between_the_effect_alone_and_a_single_step(
        values in prop::collection::vec((any::<i8>(), any::<i8>()), 45..80)
    ) {
        let rows = adjusted(&made(&values), "0", 299, "2");
        let mut ps: Vec<(f64, f64, f64)> = rows
            .iter()
            .map(|r| (r.inference.p_value.unwrap(), r.p_stepdown.unwrap(), r.p_adjusted.unwrap()))
            .collect();
        for &(own, stepdown, single) in &ps {
            prop_assert!(own <= stepdown && stepdown <= single, "{own} {stepdown} {single}");
        }
        ps.sort_by(|a, b| a.0.total_cmp(&b.0));
        prop_assert!(ps.is_sorted_by(|a, b| a.1 <= b.1), "{ps:?}");
        // The first hypothesis is compared with all.
        prop_assert_eq!(ps[0].1, ps[0].2);
    }
}

#[test]
fn what_has_no_p_value_is_no_hypothesis() {
    // The second outcome is the same for all: it has no residual.
    let columns = Columns::parse("y, constant, z").unwrap();
    let mut builder = Builder::new(columns, &Budget::unlimited());
    for i in 0..60_i64 {
        let condition: &[u8] = if i % 2 == 0 { b"0" } else { b"1" };
        let (y, z) = ((i * i % 17) as f64, (i * i * i % 19) as f64);
        builder
            .add(&Row {
                condition: Some(condition),
                cluster: Some(Cluster::Number(i % 20)),
                stratum: Key::NONE,
                values: &[y, 1.0, z].map(Some),
            })
            .unwrap();
    }
    let sketch = builder.into_sketch().unwrap();
    let rows = adjusted(&sketch, "0", 999, "3");
    assert_eq!((rows[1].p_adjusted, rows[1].p_stepdown), (None, None));
    // The others have what they have without it.
    let options = Options {
        strata: Strata::Ignore,
        ..Options::default()
    };
    let views = sketch.views(Some(&["y", "z"]), None).unwrap();
    let draws = Draws::new(999, "3").unwrap();
    let without = simultaneous_intervals(&views, "0", &options, &draws).unwrap();
    for (with, without) in [(&rows[0], &without[0]), (&rows[2], &without[1])] {
        assert!(with.p_stepdown.is_some());
        assert_eq!(with.p_stepdown, without.p_stepdown);
    }
}
