//! Joint tests, and CUPED's slope.

use super::models::{DESIGNS, model};
use super::support::{Report, sketch};
use super::{extras, json};
use rct_core::effect::{TermKind, coefficients, effects, joint_test};
use rct_core::regression::{Adjust, Options, StdError};

#[test]
fn joint_tests() {
    let mut report = Report::default();
    let joint = extras("s03_three_arm");
    for joint in joint["joint"].as_array().unwrap() {
        let text = |name: &str| joint[name].as_str().unwrap();
        let (id, method) = (text("model"), text("method"));
        let se = match method {
            "joint_CR0_naiveF" => StdError::Cr0,
            "joint_CR1_naiveF" => StdError::Cr1,
            "joint_CR1S_naiveF" => StdError::Cr1s,
            "joint_CR2_HTZ" => StdError::Cr2,
            other => panic!("unknown joint test {other}"),
        };
        let m = model("s03_three_arm", id).unwrap();
        let adjust = match m.covariates {
            [] => Adjust::None,
            _ => Adjust::Ancova,
        };
        let options = Options {
            adjust,
            se,
            ..Options::default()
        };
        let test =
            joint_test::<&str>(&sketch(&m).first().unwrap(), "control", None, &options).unwrap();
        let what = format!("{id} {method} {}", joint["source"]);
        report.check(format!("{what} F"), test.test.f, joint["F"].as_f64(), 0.0);
        report.check(
            format!("{what} df"),
            test.test.df_den,
            joint["df_den"].as_f64(),
            0.0,
        );
        report.check(
            format!("{what} p"),
            test.test.p_value,
            joint["p"].as_f64(),
            0.0,
        );
    }
    report.finish(70);
}

/// Factors on the variance are factors on F.
#[test]
fn joint_tests_with_factors() {
    let m = model("s03_three_arm", "m2").unwrap();
    let sketch = sketch(&m);
    let f = |se| {
        let options = Options {
            adjust: Adjust::Ancova,
            se,
            ..Options::default()
        };
        let test = joint_test::<&str>(&sketch.first().unwrap(), "control", None, &options).unwrap();
        (test.test.f.unwrap(), test.test.df_den.unwrap())
    };
    let (g, k) = (45.0, 4.0);
    let mut report = Report::default();
    let expected = f(StdError::Cr0).0 * (g - k) / g;
    report.check(
        "CR1p".to_owned(),
        Some(f(StdError::Cr1p).0),
        Some(expected),
        0.0,
    );
    assert_eq!((f(StdError::Cr1p).1, f(StdError::Cv3).1), (44.0, 44.0));
    report.finish(1);
}

/// Effects without and with the covariate, and its common slope, `theta_within_arm`.
#[test]
fn cuped() {
    let mut report = Report::default();
    for design in DESIGNS {
        let reference = json(&format!("{design}/reference.json"));
        for software in ["R", "Python"] {
            let cuped = &reference["extras"][software]["cuped"];
            if cuped.is_null() {
                continue;
            }
            let m = model(design, "m2").unwrap();
            let sketch = sketch(&m);
            let view = sketch.first().unwrap();
            let ancova = Options {
                adjust: Adjust::Ancova,
                ..Options::default()
            };
            let estimate = |options: &Options| {
                effects(&view, m.control, options).unwrap()[0]
                    .inference
                    .estimate
            };
            let terms = coefficients(&view, m.control, &ancova).unwrap().terms;
            let slope = terms.iter().find(|t| t.kind == TermKind::Slope).unwrap();
            // Sums of numbers near 1e9 that were not centred have lost the digits of a slope.
            let scale = if design == "s14_large_offset" {
                1e3
            } else {
                0.0
            };
            for (name, got) in [
                ("theta_within_arm", slope.inference.estimate),
                ("est_raw", estimate(&Options::default())),
                ("est_cuped_within_theta", estimate(&ancova)),
            ] {
                let what = format!("{design} {software} {name}");
                report.check(what, got, cuped[name].as_f64(), scale);
            }
        }
    }
    report.finish(20);
}
