//! Missing outcomes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

#[path = "attrition/bounds.rs"]
mod bounds;
#[path = "attrition/imputation.rs"]
mod imputation;
#[path = "attrition/logistic.rs"]
mod logistic;
#[path = "attrition/rates.rs"]
mod rates;

/// A file of reference numbers.
fn json(path: &str) -> serde_json::Value {
    let path = format!("{}/../../tests/oracle/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap()
}

fn near(what: &str, got: f64, expected: f64, tolerance: f64) {
    let error = (got - expected).abs() / expected.abs().max(1e-300);
    assert!(
        error <= tolerance,
        "{what}: {got} is not {expected} ({error:.1e})"
    );
}

/// A student of made-up data.
#[derive(Clone)]
struct Student {
    outcome: Option<f64>,
    condition: &'static str,
    cluster: i64,
    stratum: i64,
}

/// Two or three conditions, clusters of unequal size, outcomes that go missing, by a printed seed.
fn students(seed: &str, clusters: i64) -> Vec<Student> {
    println!("seed {seed}");
    let mut random = rct_core::random::Random::new(seed, rct_core::random::Purpose::Simulation, 0);
    let mut all = Vec::new();
    for cluster in 0..clusters {
        let level = random.normal();
        for _ in 0..3 + random.below(9) {
            let y = 50.0 + 5.0 * level + 10.0 * random.normal();
            let treated = cluster % 2 == 0;
            let seen = random.uniform() < if treated { 0.9 } else { 0.75 };
            all.push(Student {
                outcome: seen.then_some((10.0 * y).round() / 10.0),
                condition: if treated { "treated" } else { "control" },
                cluster,
                stratum: cluster / 6,
            });
        }
    }
    all
}

/// A sketch of what `outcome` and `covariate` say of each student.
fn sketch_of(
    students: &[Student],
    outcome: impl Fn(&Student) -> Option<f64>,
    covariate: Option<&dyn Fn(&Student) -> f64>,
    strata: bool,
) -> rct_core::sketch::Sketch {
    use rct_core::sketch::{Builder, Cluster, Columns, Key, Row};
    let mut builder = Builder::new(
        Columns::simple(covariate.is_some()),
        &rct_core::budget::Budget::unlimited(),
    );
    for s in students {
        let mut values = vec![outcome(s)];
        values.extend(covariate.map(|f| Some(f(s))));
        let row = Row {
            condition: Some(s.condition.as_bytes()),
            cluster: Some(Cluster::Number(s.cluster)),
            stratum: if strata {
                Key::of_bigint(s.stratum)
            } else {
                Key::NONE
            },
            values: &values,
        };
        builder.add(&row).unwrap();
    }
    builder.into_sketch().unwrap()
}

/// A sketch of the outcomes there are.
fn outcomes(students: &[Student], strata: bool) -> rct_core::sketch::Sketch {
    sketch_of(students, |s| s.outcome, None, strata)
}
