//! Missing outcomes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

#[path = "attrition/imputation.rs"]
mod imputation;
#[path = "attrition/logistic.rs"]
mod logistic;

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
