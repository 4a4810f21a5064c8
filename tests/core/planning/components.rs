//! Intra-cluster correlation within strata and given covariates, variance components, numeric design effects.

use super::oracle::{Model, PLAIN, Report, sketch};
use rct_core::planning::{design_effect_of_mean, design_effect_of_sizes};
use rct_core::regression::{Adjust, QuestionError};
use rct_core::variance::{Within, icc, icc_adjusted, variance_components};
use rct_core::words::Word;
use serde_json::Value;

fn text(row: &Value, key: &str) -> &'static str {
    row[key].as_str().unwrap().to_owned().leak()
}

/// tests/oracle/variance_components/make.R: R's `lm` and explicit matrices.
#[test]
fn fitting_constants_against_r() {
    let path = format!(
        "{}/../../tests/oracle/variance_components/reference.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut report = Report::default();
    for row in table["rows"].as_array().unwrap() {
        let names: Vec<&'static str> = match &row["covariates"] {
            Value::String(one) => vec![one.clone().leak()],
            many => many
                .as_array()
                .unwrap()
                .iter()
                .map(|x| &*x.as_str().unwrap().to_owned().leak())
                .collect(),
        };
        let model = Model {
            design: text(row, "design"),
            condition: text(row, "condition"),
            stratum: row["stratum"].as_str().map(|s| &*s.to_owned().leak()),
            covariates: &names,
            ..PLAIN
        };
        let (sketch, within) = (
            sketch(&model),
            Within::from_word(text(row, "within")).unwrap(),
        );
        let what = |name: &str| format!("{name} of {} {}", row["design"], row["within"]);
        let plain = icc(&sketch.first().unwrap(), within, 0.95).unwrap();
        let left = icc_adjusted(&sketch.first().unwrap(), within, 0.95, Adjust::Ancova).unwrap();
        assert!(left.smith_se.is_none() && left.f_low.is_some());
        for (key, got) in [("plain", &plain), ("adjusted", &left)] {
            let expected = |name: &str| row[key][name].as_f64();
            report.check(what("msb"), got.msb, expected("msb"), 0.0);
            report.check(what("msw"), got.msw, expected("msw"), 0.0);
            report.check(what("n0"), got.n0, expected("n0"), 0.0);
            report.check(what("icc"), got.icc, expected("icc"), 0.0);
            assert_eq!(Some(got.df_between), expected("df_between"), "{row}");
            assert_eq!(Some(got.df_within), expected("df_within"), "{row}");
        }
        // REML weighs clusters otherwise.
        assert!((left.icc.unwrap() - row["reml_icc"].as_f64().unwrap()).abs() < 0.03);
        let c = variance_components(&sketch.first().unwrap(), within).unwrap();
        let expected = |name: &str| row[name].as_f64();
        report.check(
            what("r2_between"),
            c.r2_between,
            expected("r2_between"),
            0.0,
        );
        report.check(what("r2_within"), c.r2_within, expected("r2_within"), 0.0);
        report.check(
            what("between"),
            c.variance_between,
            row["plain"]["between"].as_f64(),
            0.0,
        );
        report.check(
            what("left"),
            c.variance_between_adjusted,
            row["adjusted"]["between"].as_f64(),
            0.0,
        );
        report.check(
            what("icc left"),
            c.icc_adjusted,
            row["adjusted"]["icc"].as_f64(),
            0.0,
        );
        assert_eq!(
            (c.n, c.clusters),
            (row["n"].as_u64().unwrap(), row["groups"].as_u64().unwrap())
        );
    }
    report.finish(9 * 13);
}

#[test]
fn what_needs_covariates_or_strata() {
    let without = sketch(&Model {
        design: "s02_unequal_sizes",
        condition: "arm",
        ..PLAIN
    });
    assert_eq!(
        icc_adjusted(&without.first().unwrap(), Within::All, 0.95, Adjust::Ancova),
        Err(QuestionError::NoCovariates)
    );
    let c = variance_components(&without.first().unwrap(), Within::Condition).unwrap();
    assert!(c.icc.is_some() && c.icc_adjusted.is_none() && c.r2_between.is_none());
    assert!(
        c.notes
            .iter()
            .any(|n| n.to_string().starts_with("no_covariates"))
    );
    // Without strata there is one.
    let of = |within| {
        icc(&without.first().unwrap(), within, 0.95)
            .unwrap()
            .icc
            .unwrap()
    };
    assert!((of(Within::Stratum) - of(Within::All)).abs() < 1e-12);
    assert!((of(Within::ConditionStratum) - of(Within::Condition)).abs() < 1e-12);
    assert!(Within::from_word("school").is_err());
}

#[test]
fn design_effects_of_numbers() {
    // cv 0.6, mean 25, icc 0.1: 4.3 and not 3.4.
    assert!((design_effect_of_mean(0.1, 25.0, 0.6, 0.0).unwrap() - 4.3).abs() < 1e-12);
    assert!((design_effect_of_mean(0.1, 25.0, 0.0, 0.0).unwrap() - 3.4).abs() < 1e-12);
    // Sizes and their mean and coefficient of variation say the same.
    let sizes = [10.0, 40.0, 25.0, 5.0];
    let by_sizes = design_effect_of_sizes(0.2, &sizes, 0.5).unwrap();
    assert!((by_sizes - 1.25 * (1.0 + (2350.0 / 80.0 - 1.0) * 0.2)).abs() < 1e-12);
    let cv = (2350.0 / 4.0 / 400.0f64 - 1.0).sqrt();
    assert!((design_effect_of_mean(0.2, 20.0, cv, 0.5).unwrap() - by_sizes).abs() < 1e-12);
    assert_eq!(
        design_effect_of_sizes(0.2, &[], 0.0).unwrap_err().argument,
        "sizes"
    );
    assert_eq!(
        design_effect_of_sizes(0.2, &[0.0], 0.0)
            .unwrap_err()
            .argument,
        "sizes"
    );
    assert_eq!(
        design_effect_of_sizes(-0.2, &[3.0], 0.0)
            .unwrap_err()
            .argument,
        "icc"
    );
    assert_eq!(
        design_effect_of_mean(0.2, f64::NAN, 0.0, 0.0)
            .unwrap_err()
            .argument,
        "cluster_size"
    );
}
