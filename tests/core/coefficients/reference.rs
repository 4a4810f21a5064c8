//! Against clubSandwich.

use super::oracle::{Model, PLAIN, Report, sketch};
use rct_core::effect::{Coefficient, coefficients, contrasts, effects, joint_test};
use rct_core::note::Note;
use rct_core::regression::{Adjust, Estimand, Inference, Options, StdError};
use rct_core::sketch::Sketch;
use rct_core::words::Word;
use serde_json::Value;

fn reference() -> Value {
    let path = "../../tests/oracle/coefficients/reference.json";
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The models of the script: what is sketched, and the adjustment.
fn models() -> Vec<(&'static str, Model<'static>, Options)> {
    let own = Model {
        design: "coefficients",
        condition: "arm",
        control: "control",
        ..PLAIN
    };
    let two = Model {
        subset: Some(|r| r["arm"] != "group B"),
        ..own
    };
    let strata = |m| Model {
        stratum: Some("stratum"),
        ..m
    };
    let weights = |m| Model {
        weight: Some("w"),
        ..m
    };
    let covariates = |m| Model {
        covariates: &["x", "z"],
        ..m
    };
    let of = |adjust| Options {
        adjust,
        ..Options::default()
    };
    let (none, ancova, lin) = (of(Adjust::None), of(Adjust::Ancova), of(Adjust::Lin));
    let clusters = Options {
        estimand: Estimand::Cluster,
        ..none
    };
    let x = |m| Model {
        covariates: &["x"],
        ..m
    };
    let female = |design| Model {
        design,
        covariates: &["x", "female"],
        ..PLAIN
    };
    let s10 = Model {
        design: "s10_weights",
        ..PLAIN
    };
    vec![
        ("two", two, none),
        ("two_strata_weights", x(strata(weights(two))), ancova),
        ("three", own, none),
        ("three_strata", strata(own), none),
        ("three_weights", weights(own), none),
        ("three_strata_weights", strata(weights(own)), none),
        ("three_cluster", strata(own), clusters),
        ("three_ancova", covariates(own), ancova),
        (
            "three_ancova_strata_weights",
            covariates(strata(weights(own))),
            ancova,
        ),
        ("three_lin", covariates(own), lin),
        ("three_lin_strata", covariates(strata(own)), lin),
        (
            "three_lin_strata_weights",
            covariates(strata(weights(own))),
            lin,
        ),
        ("s02_ancova", female("s02_unequal_sizes"), ancova),
        ("s08_lin", strata(female("s08_strata_nested")), lin),
        (
            "s10_strata",
            Model {
                stratum: Some("grade"),
                ..weights(s10)
            },
            none,
        ),
        (
            "s10_clusters",
            Model {
                weight: Some("w_cl"),
                ..x(s10)
            },
            ancova,
        ),
    ]
}

/// Test and interval, or none of them below 2 degrees of freedom.
fn check_test(report: &mut Report, what: &str, row: Inference, expected: [Option<f64>; 3]) {
    let got = [row.p_value, row.ci_low, row.ci_high];
    if row.df.unwrap() < 2.0 {
        assert_eq!(got, [None; 3], "{what}");
        return;
    }
    let scales = [0.0, row.std_error.unwrap(), row.std_error.unwrap()];
    for (i, name) in ["p", "low", "high"].into_iter().enumerate() {
        report.check(format!("{what} {name}"), got[i], expected[i], scales[i]);
    }
}

fn each_model(mut check: impl FnMut(&str, &Sketch, &Model<'_>, Options, &Value)) {
    let all = reference();
    let known = all["models"].as_object().unwrap();
    let models = models();
    assert_eq!(models.len(), known.len());
    for (name, model, options) in models {
        check(name, &sketch(&model), &model, options, &known[name]);
    }
}

const ESTIMATORS: [&str; 8] = ["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3", "CV3", "naive"];

/// The name of a term in the reference.
fn named(term: &Coefficient) -> String {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let (condition, covariate) = (text(&term.condition), text(&term.covariate));
    format!("{}/{condition}/{covariate}", term.kind.word())
}

#[test]
fn all_terms_and_their_covariances() {
    let mut report = Report::default();
    each_model(|name, sketch, m, options, expected| {
        let expected = &expected["coefficients"];
        let terms: Vec<&str> = expected["terms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t.as_str().unwrap())
            .collect();
        for se in ESTIMATORS {
            let options = Options {
                se: StdError::from_word(se).unwrap(),
                ..options
            };
            let got = coefficients(&sketch.first().unwrap(), m.control, &options).unwrap();
            let names: Vec<String> = got.terms.iter().map(named).collect();
            assert_eq!(names, terms, "{name}");
            assert_eq!(got.covariance.len(), terms.len());
            let of = &expected[se];
            for (i, term) in got.terms.iter().enumerate() {
                let row = term.inference;
                let what = |of: &str| format!("{name} {se} {} {of}", names[i]);
                let number = |list: &Value| list[i].as_f64();
                let scale = row.std_error.unwrap();
                report.check(
                    what("estimate"),
                    row.estimate,
                    number(&expected["estimate"]),
                    scale,
                );
                report.check(what("se"), row.std_error, number(&of["se"]), 0.0);
                report.check(what("df"), row.df, number(&of["df"]), 0.0);
                let expected = ["p", "lo", "hi"].map(|name| number(&of[name]));
                check_test(&mut report, &what("test"), row, expected);
                for j in 0..terms.len() {
                    let other = got.terms[j].inference.std_error.unwrap();
                    let cell = of["vcov"][i][j].as_f64();
                    report.check(what(&names[j]), got.covariance[i][j], cell, scale * other);
                    assert_eq!(got.covariance[i][j], got.covariance[j][i]);
                }
            }
        }
    });
    report.finish(5000);
}

/// Without strata and covariates a mean is a coefficient of the regression without an intercept.
#[test]
fn plain_means() {
    let all = reference();
    let (_, m, options) = models().swap_remove(2);
    let got = coefficients(&sketch(&m).first().unwrap(), m.control, &options).unwrap();
    let mut report = Report::default();
    for (i, condition) in all["intercepts"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let term = got
            .terms
            .iter()
            .find(|t| named(t) == format!("mean/{}/", condition.as_str().unwrap()))
            .unwrap();
        let number = |name: &str| all["intercepts"][name][i].as_f64();
        report.check(
            format!("{condition} se"),
            term.inference.std_error,
            number("se"),
            0.0,
        );
        report.check(
            format!("{condition} df"),
            term.inference.df,
            number("df"),
            0.0,
        );
    }
    report.finish(6);
}

/// The effects are those of `effects`, to the last bit, with the same notes.
#[test]
fn effects_are_the_same() {
    each_model(|name, sketch, m, options, _| {
        for se in ESTIMATORS {
            let options = Options {
                se: StdError::from_word(se).unwrap(),
                ..options
            };
            let view = sketch.first().unwrap();
            let terms = coefficients(&view, m.control, &options).unwrap().terms;
            for row in effects(&view, m.control, &options).unwrap() {
                let term = terms
                    .iter()
                    .find(|t| named(t) == format!("effect/{}/", row.comparison.condition))
                    .unwrap();
                let got = term.inference;
                assert_eq!(
                    got, row.inference,
                    "{name} {se} {}",
                    row.comparison.condition
                );
                assert!(got.p_value.is_some(), "{name}");
                // Lift and Hedges' g are not of a term, and of the naive one it is not said how it differs.
                let other = ["no_lift", "lift_", "no_hedges_g", "naive"];
                let on_difference = |notes: &[Note]| -> Vec<String> {
                    let texts = notes.iter().map(Note::to_string);
                    texts
                        .filter(|n| !other.iter().any(|o| n.starts_with(o)))
                        .collect()
                };
                assert_eq!(on_difference(&term.notes), on_difference(&row.notes));
            }
        }
    });
}

#[test]
fn hypotheses_one_by_one() {
    let mut report = Report::default();
    each_model(|name, sketch, m, options, expected| {
        for se in ["CR2", "CR3"] {
            let options = Options {
                se: StdError::from_word(se).unwrap(),
                ..options
            };
            let of = expected["contrasts"][se].as_object().unwrap();
            let texts: Vec<&String> = of.keys().collect();
            let rows = contrasts(&sketch.first().unwrap(), m.control, &texts, &options).unwrap();
            assert_eq!(rows.len(), texts.len());
            for (row, text) in rows.iter().zip(texts) {
                assert_eq!(&row.hypothesis, text);
                let got = row.inference;
                let what = |of: &str| format!("{name} {se} {text} {of}");
                let number = |name: &str| of[text][name].as_f64();
                let scale = got.std_error.unwrap();
                report.check(what("estimate"), got.estimate, number("est"), scale);
                report.check(what("se"), got.std_error, number("se"), 0.0);
                report.check(what("df"), got.df, number("df"), 0.0);
                let expected = ["p", "lo", "hi"].map(number);
                check_test(&mut report, &what("test"), got, expected);
            }
        }
    });
    report.finish(1000);
}

#[test]
fn hypotheses_together() {
    let mut report = Report::default();
    each_model(|name, sketch, m, options, expected| {
        for set in expected["joint"].as_array().unwrap() {
            let texts: Vec<&str> = set["hypotheses"]
                .as_array()
                .unwrap()
                .iter()
                .map(|t| t.as_str().unwrap())
                .collect();
            for se in ["CR0", "CR1S", "CR2", "CR3", "naive"] {
                let options = Options {
                    se: StdError::from_word(se).unwrap(),
                    ..options
                };
                let view = sketch.first().unwrap();
                let test = match texts.as_slice() {
                    [] => {
                        let test = joint_test::<&str>(&view, m.control, None, &options).unwrap();
                        // The effects in words are the same.
                        let written =
                            joint_test(&view, m.control, Some(&test.hypotheses), &options).unwrap();
                        assert_eq!(test, written, "{name}");
                        test
                    }
                    texts => joint_test(&view, m.control, Some(texts), &options).unwrap(),
                };
                let what = |of: &str| format!("{name} {se} {texts:?} {of}");
                let number = |name: &str| set[se][name].as_f64();
                report.check(what("F"), test.test.f, number("F"), 0.0);
                report.check(what("df_num"), test.test.df_num, number("df_num"), 0.0);
                report.check(what("df_den"), test.test.df_den, number("df_den"), 0.0);
                report.check(what("p"), test.test.p_value, number("p"), 0.0);
            }
        }
    });
    report.finish(600);
}

#[test]
fn lifts() {
    let mut report = Report::default();
    each_model(|name, sketch, m, options, expected| {
        for se in ["CR0", "CR1S", "CR2", "CR3", "naive"] {
            let options = Options {
                se: StdError::from_word(se).unwrap(),
                ..options
            };
            for row in effects(&sketch.first().unwrap(), m.control, &options).unwrap() {
                let of = &expected["lift"][&row.comparison.condition];
                let what = |of: &str| format!("{name} {se} {} {of}", row.comparison.condition);
                let scale = of["lift"].as_f64().unwrap().abs();
                report.check(what("lift"), row.lift, of["lift"].as_f64(), 0.0);
                report.check(what("low"), row.lift_low, of[se]["low"].as_f64(), scale);
                report.check(what("high"), row.lift_high, of[se]["high"].as_f64(), scale);
            }
        }
    });
    report.finish(350);
}
