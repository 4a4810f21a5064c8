//! Effects, intra-cluster correlation and effect sizes against independent software.
//!
//! `tests/oracle/<design>/expected.csv` holds what clubSandwich, estimatr, sandwich, pyfixest and a direct numpy
//! implementation say of `data.csv` (see `tests/oracle/README.md`). Tolerance: 1e-9 relative; limits of intervals relative to
//! the larger of limit and standard error. Each row is compared or listed with a reason: see `coverage`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "oracle/coverage.rs"]
mod coverage;
#[path = "oracle/distributions.rs"]
mod distributions;
#[path = "oracle/joint.rs"]
mod joint;
#[path = "oracle/models.rs"]
mod models;
#[path = "oracle/sizes.rs"]
mod sizes;
#[path = "oracle/star.rs"]
mod star;
#[path = "support/oracle.rs"]
mod support;

/// What is not a coefficient.
fn extras(design: &str) -> serde_json::Value {
    json(&format!("{design}/extras.json"))
}

/// A file of the reference data.
fn json(path: &str) -> serde_json::Value {
    let path = format!("{}/../../tests/oracle/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
