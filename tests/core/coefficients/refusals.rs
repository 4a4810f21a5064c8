//! Hypotheses that are refused.

use super::edges::{of, plain, sketch};
use rct_core::effect::{contrasts, joint_test};
use rct_core::error::{Class, Explain};
use rct_core::regression::{Adjust, HypothesisError, QuestionError};
use rct_core::sketch::Sketch;

fn refused(sketch: &Sketch, texts: &[&str], adjust: Adjust) -> QuestionError {
    let view = sketch.first().unwrap();
    let error = joint_test(&view, "control", Some(texts), &of(adjust)).unwrap_err();
    assert!(error.hint().is_some_and(|h| h.ends_with('.')), "{error:?}");
    error
}

#[test]
fn hypotheses_that_are_refused() {
    let mut students = plain(&["control", "tutor", "group B"], 6);
    for student in &mut students {
        student.4.push(student.4[0] * student.4[0]);
    }
    let sketch = sketch("y ~ x, tutor", &students);
    for (texts, adjust, class, message) in [
        (
            &["tutr = control"][..],
            Adjust::Ancova,
            Class::InvalidParameter,
            "hypothesis \"tutr = control\": \"tutr\" at character 1 is neither a condition nor a covariate",
        ),
        (
            &["control = \"tutor\""],
            Adjust::Ancova,
            Class::Ambiguous,
            "hypothesis \"control = \"tutor\"\": \"tutor\" at character 11 is both a condition and a covariate",
        ),
        (
            &["tutor = control", "x = 1"],
            Adjust::None,
            Class::InvalidParameter,
            "hypothesis \"x = 1\": \"x\" at character 1 is a covariate, and the regression has none",
        ),
        (
            &["control ="],
            Adjust::None,
            Class::InvalidParameter,
            "hypothesis \"control =\": expected a name (in double quotes unless it is letters, digits and _), a number or \"(\" at its end",
        ),
        (
            &[
                "tutor = control",
                "\"group B\" = control",
                "tutor = \"group B\"",
            ],
            Adjust::None,
            Class::InvalidParameter,
            "hypothesis \"tutor = \"group B\"\" follows from those before it",
        ),
        (
            &["tutor = control", "control = tutor - 1"],
            Adjust::None,
            Class::InvalidParameter,
            "hypothesis \"control = tutor - 1\" contradicts those before it",
        ),
        (
            &[],
            Adjust::None,
            Class::InvalidParameter,
            "hypotheses must be at least one hypothesis, got none",
        ),
        (
            &["control = 1"; 17],
            Adjust::None,
            Class::InvalidParameter,
            "hypotheses must be at most 16 hypotheses in one test, got 17",
        ),
    ] {
        let error = refused(&sketch, texts, adjust);
        assert_eq!((error.class(), error.message().as_str()), (class, message));
    }
    let error = refused(&sketch, &["tutr = control"], Adjust::Ancova);
    assert_eq!(
        error.detail().unwrap(),
        "The conditions are \"control\", \"group B\", \"tutor\"; the covariates are \"x\", \"tutor\"."
    );
    assert!(matches!(
        error,
        QuestionError::Hypothesis(HypothesisError::UnknownName { place: 1, .. })
    ));
    // Without covariates in the regression the name is that of the condition alone.
    let rows = contrasts(
        &sketch.first().unwrap(),
        "control",
        &["tutor = control"],
        &of(Adjust::None),
    )
    .unwrap();
    assert!(rows[0].inference.p_value.is_some());
    assert_eq!(
        contrasts::<&str>(&sketch.first().unwrap(), "control", &[], &of(Adjust::None)),
        Ok(Vec::new())
    );
    let many = contrasts(
        &sketch.first().unwrap(),
        "control",
        &["tutor = 1"; 1001],
        &of(Adjust::None),
    );
    assert_eq!(
        many.unwrap_err().message(),
        "hypotheses must be at most 1000 hypotheses, got 1001"
    );
}
