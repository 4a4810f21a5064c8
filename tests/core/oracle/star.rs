//! Project STAR.

use super::support::{Model, PLAIN, Report, sketch};
use rct_core::effect::{Effect, effects};
use rct_core::regression::{Adjust, Options, StdError};

const METHODS: [(StdError, &str); 5] = [
    (StdError::Cr0, "CR0"),
    (StdError::Cr1, "CR1"),
    (StdError::Cr1s, "CR1S"),
    (StdError::Cr2, "CR2"),
    (StdError::Cr3, "CR3"),
];

fn compare_row(
    report: &mut Report,
    what: &str,
    effect: &Effect,
    expected: &dyn Fn(&str) -> Option<f64>,
) {
    let se = expected("se").unwrap_or(0.0);
    report.check(
        format!("{what} est"),
        effect.inference.estimate,
        expected("est"),
        1e-6 * se,
    );
    report.check(
        format!("{what} se"),
        effect.inference.std_error,
        expected("se"),
        0.0,
    );
    report.check(
        format!("{what} df"),
        effect.inference.df,
        expected("df"),
        0.0,
    );
    let single = effect
        .comparison
        .clusters
        .min(effect.comparison.clusters_control)
        == 1
        && !what.contains("classical");
    if single {
        // One cluster in an arm: what other software prints is no p-value, so there is none.
        assert_eq!(
            (effect.inference.p_value, effect.inference.ci_low),
            (None, None),
            "{what}"
        );
        return;
    }
    if expected("df").is_some() {
        report.check(format!("{what} t"), effect.inference.t, expected("t"), 0.0);
        report.check(
            format!("{what} p"),
            effect.inference.p_value,
            expected("p"),
            1e-300,
        );
        report.check(
            format!("{what} low"),
            effect.inference.ci_low,
            expected("ci_lo"),
            se,
        );
        report.check(
            format!("{what} high"),
            effect.inference.ci_high,
            expected("ci_hi"),
            se,
        );
    }
}

#[test]
fn project_star() {
    let mut report = Report::default();
    let path = format!(
        "{}/../../tests/oracle/r01m_star_mlmrev/reference.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let reference: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let base = || Model {
        design: "r01m_star_mlmrev",
        condition: "arm",
        control: "regular",
        cluster: "teacher",
        ..PLAIN
    };
    let models = [
        (
            "read_teacher",
            Model {
                outcome: "read",
                ..base()
            },
        ),
        (
            "math_teacher",
            Model {
                outcome: "math",
                ..base()
            },
        ),
        (
            "read_school",
            Model {
                outcome: "read",
                cluster: "school",
                ..base()
            },
        ),
        (
            "read_fe_teacher",
            Model {
                outcome: "read",
                stratum: Some("school"),
                ..base()
            },
        ),
        (
            "math_fe_teacher",
            Model {
                outcome: "math",
                stratum: Some("school"),
                ..base()
            },
        ),
        (
            "math_cov_fe_teacher",
            Model {
                outcome: "math",
                stratum: Some("school"),
                covariates: &["female", "free_lunch"],
                ..base()
            },
        ),
        (
            "math_freelunch1",
            Model {
                outcome: "math",
                stratum: Some("school"),
                subset: Some(|r| r["free_lunch"] == "1"),
                ..base()
            },
        ),
        (
            "math_freelunch0",
            Model {
                outcome: "math",
                stratum: Some("school"),
                subset: Some(|r| r["free_lunch"] == "0"),
                ..base()
            },
        ),
    ];
    for (id, model) in models {
        let sketch = sketch(&model);
        let adjust = if model.covariates.is_empty() {
            Adjust::None
        } else {
            Adjust::Ancova
        };
        for (se, method) in METHODS {
            let expected = &reference[id][method];
            if expected.is_null() {
                continue;
            }
            let rows = effects(
                &sketch.first().unwrap(),
                "regular",
                &Options {
                    adjust,
                    se,
                    ..Options::default()
                },
            )
            .unwrap();
            for effect in rows {
                let one = &expected[effect.comparison.condition.as_str()];
                compare_row(
                    &mut report,
                    &format!("{id} {method} {}", effect.comparison.condition),
                    &effect,
                    &|name| one[name].as_f64(),
                );
            }
        }
    }
    report.finish(250);
}
