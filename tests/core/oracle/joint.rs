//! Joint tests, and CUPED's slope.

use super::models::{DESIGNS, model};
use super::support::{Report, sketch};
use super::{extras, json};
use rct_core::effect::{Adjust, Options, StdError, Strata, adjusted_effects, joint_test};

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

/// `theta_pooled` of all designs that have it; `theta_within_arm` is the common slope.
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
            let rows = adjusted_effects(
                &sketch(&m).first().unwrap(),
                m.control,
                Strata::Absorb,
                0.95,
            )
            .unwrap();
            let (none, ancova) = (&rows[0], &rows[1]);
            let what = |name: &str| format!("{design} {software} {name}");
            let pooled = ancova.theta_pooled.as_ref().unwrap()[0];
            let within = ancova.theta.as_ref().unwrap()[0];
            // Sums of numbers near 1e9 that were not centred have lost the digits of a slope.
            let scale = if design == "s14_large_offset" {
                1e3
            } else {
                0.0
            };
            let expected = |name: &str| cuped[name].as_f64();
            report.check(what("pooled"), pooled, expected("theta_pooled"), scale);
            report.check(what("within"), within, expected("theta_within_arm"), scale);
            report.check(
                what("raw"),
                none.effect.inference.estimate,
                expected("est_raw"),
                scale,
            );
            report.check(
                what("adjusted"),
                ancova.effect.inference.estimate,
                expected("est_cuped_within_theta"),
                scale,
            );
        }
    }
    report.finish(30);
}
