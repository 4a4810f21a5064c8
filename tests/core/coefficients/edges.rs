//! What cannot be estimated, and what is told of it.

use rct_core::budget::Budget;
use rct_core::effect::{
    Coefficient, Coefficients, TermKind, coefficients, contrasts, effects, joint_test,
};
use rct_core::note::{Code, Note};
use rct_core::regression::{Adjust, Options, StdError};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};

/// Condition, cluster, stratum, outcome, covariates.
pub type Student<'a> = (&'a str, i64, i64, Option<f64>, Vec<f64>);

pub fn sketch(columns: &str, students: &[Student<'_>]) -> Sketch {
    let mut builder = Builder::new(Columns::parse(columns).unwrap(), &Budget::unlimited());
    for (condition, cluster, stratum, y, x) in students {
        let values: Vec<Option<f64>> = std::iter::once(*y)
            .chain(x.iter().copied().map(Some))
            .collect();
        builder
            .add(&Row {
                condition: Some(condition.as_bytes()),
                cluster: Some(Cluster::Number(*cluster)),
                stratum: Key::of_bigint(*stratum),
                values: &values,
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

/// So many clusters of five students of each condition, in one stratum.
pub fn plain(conditions: &[&'static str], clusters: i64) -> Vec<Student<'static>> {
    let mut students = Vec::new();
    for (c, condition) in conditions.iter().enumerate() {
        for g in 0..clusters {
            for i in 0..5 {
                let y = 50.0 + 2.0 * c as f64 + ((g * 7 + i * 3) % 5 + g * g % 7) as f64;
                let x = ((g * 3 + i * i + c as i64) % 7) as f64;
                students.push((*condition, 100 * c as i64 + g, 0, Some(y), vec![x]));
            }
        }
    }
    students
}

fn ask(sketch: &Sketch, options: Options) -> Coefficients {
    coefficients(&sketch.first().unwrap(), "control", &options).unwrap()
}

pub fn of(adjust: Adjust) -> Options {
    Options {
        adjust,
        ..Options::default()
    }
}

fn by(se: StdError) -> Options {
    Options {
        se,
        ..Options::default()
    }
}

fn term<'a>(
    all: &'a Coefficients,
    kind: TermKind,
    condition: &str,
    covariate: &str,
) -> (usize, &'a Coefficient) {
    let is = |name: &Option<String>, of: &str| name.as_deref().unwrap_or("") == of;
    all.terms
        .iter()
        .enumerate()
        .find(|(_, t)| t.kind == kind && is(&t.condition, condition) && is(&t.covariate, covariate))
        .unwrap()
}

fn has(notes: &[Note], code: Code) -> bool {
    notes.iter().any(|n| n.code == code)
}

/// Neither estimate nor covariances, and the note.
fn is_missing(all: &Coefficients, kind: TermKind, condition: &str, covariate: &str, code: Code) {
    let (i, term) = term(all, kind, condition, covariate);
    assert_eq!(term.inference, Default::default(), "{term:?}");
    assert!(has(&term.notes, code), "{term:?}");
    assert!(all.covariance[i].iter().all(Option::is_none));
    assert!(all.covariance.iter().all(|row| row[i].is_none()));
}

#[test]
fn a_condition_in_a_stratum_of_its_own() {
    let mut students = plain(&["control", "a", "b"], 6);
    for student in students.iter_mut().filter(|s| s.0 == "b") {
        student.2 = 1;
    }
    let sketch = sketch("y ~ x", &students);
    let all = ask(&sketch, of(Adjust::Ancova));
    // What the control would have been in the other stratum nobody knows, and so of its mean over all rows.
    for condition in ["control", "a", "b"] {
        is_missing(&all, TermKind::Mean, condition, "", Code::AliasedCondition);
    }
    is_missing(&all, TermKind::Effect, "b", "", Code::AliasedCondition);
    assert!(
        term(&all, TermKind::Effect, "a", "")
            .1
            .inference
            .p_value
            .is_some()
    );
    assert!(
        term(&all, TermKind::Slope, "", "x")
            .1
            .inference
            .p_value
            .is_some()
    );
    let view = sketch.first().unwrap();
    let rows = contrasts(
        &view,
        "control",
        &["a = control", "a = 50", "a = b"],
        &of(Adjust::Ancova),
    )
    .unwrap();
    assert_eq!(
        rows[0].inference,
        term(&all, TermKind::Effect, "a", "").1.inference
    );
    for row in &rows[1..] {
        assert_eq!(row.inference, Default::default());
        assert!(has(&row.notes, Code::AliasedCondition), "{row:?}");
    }
    let joint = joint_test(
        &view,
        "control",
        Some(&["a = control", "b = 50"]),
        &of(Adjust::Ancova),
    )
    .unwrap();
    assert_eq!(
        (joint.test.f, joint.notes.last().map(|n| n.code)),
        (None, Some(Code::AliasedCondition))
    );
    // Without strata all is there.
    let options = Options {
        strata: rct_core::regression::Strata::Ignore,
        ..of(Adjust::Ancova)
    };
    assert!(
        ask(&sketch, options)
            .terms
            .iter()
            .all(|t| t.inference.p_value.is_some())
    );
}

#[test]
fn conditions_without_rows() {
    let mut students = plain(&["control", "a", "b"], 6);
    for student in students.iter_mut().filter(|s| s.0 == "b") {
        student.3 = None;
    }
    let without = sketch("y ~ x", &students);
    let all = ask(&without, of(Adjust::Lin));
    is_missing(&all, TermKind::Mean, "b", "", Code::NoRows);
    is_missing(&all, TermKind::Effect, "b", "", Code::NoRows);
    is_missing(&all, TermKind::Interaction, "b", "x", Code::NoRows);
    for (kind, condition, covariate) in [
        (TermKind::Mean, "control", ""),
        (TermKind::Mean, "a", ""),
        (TermKind::Effect, "a", ""),
        (TermKind::Slope, "", "x"),
        (TermKind::Interaction, "a", "x"),
    ] {
        assert!(
            term(&all, kind, condition, covariate)
                .1
                .inference
                .p_value
                .is_some()
        );
    }
    for student in &mut students {
        student.3 = (student.0 != "control").then_some(1.0 + student.1 as f64 % 7.0);
    }
    let uncontrolled = sketch("y ~ x", &students);
    let all = ask(&uncontrolled, of(Adjust::Ancova));
    for condition in ["control", "a", "b"] {
        is_missing(&all, TermKind::Mean, condition, "", Code::NoControlRows);
    }
    is_missing(&all, TermKind::Effect, "a", "", Code::NoControlRows);
    // A common slope needs no control, a slope in the control does.
    assert!(
        term(&all, TermKind::Slope, "", "x")
            .1
            .inference
            .p_value
            .is_some()
    );
    let all = ask(&uncontrolled, of(Adjust::Lin));
    is_missing(&all, TermKind::Slope, "", "x", Code::NoControlRows);
    is_missing(&all, TermKind::Interaction, "a", "x", Code::NoControlRows);
}

/// Where only the control has rows, no regressor is left; its mean is that of its rows alone.
#[test]
fn only_the_control_has_rows() {
    for columns in ["y", "y; weight: w"] {
        let weighted = columns.contains('w');
        let mut students = plain(&["control", "a"], 6);
        for (i, student) in students.iter_mut().enumerate() {
            if weighted {
                student.4 = vec![1.0 + (i % 3) as f64];
            } else {
                student.4.clear();
            }
        }
        let both = ask(&sketch(columns, &students), by(StdError::Cr2));
        for student in students.iter_mut().filter(|s| s.0 == "a") {
            student.3 = None;
        }
        let one = ask(&sketch(columns, &students), by(StdError::Cr2));
        let (both, one) = (
            term(&both, TermKind::Mean, "control", "").1.inference,
            term(&one, TermKind::Mean, "control", "").1.inference,
        );
        for (a, b) in [
            (both.estimate, one.estimate),
            (both.std_error, one.std_error),
            (both.df, one.df),
        ] {
            assert!(
                (a.unwrap() / b.unwrap() - 1.0).abs() < 1e-12,
                "{both:?} {one:?}"
            );
        }
    }
}

#[test]
fn an_arm_of_one_cluster() {
    let mut students = plain(&["control", "a", "b"], 6);
    students.retain(|s| s.0 != "a" || s.1 == 100);
    let sketch = sketch("y ~ x", &students);
    for se in [StdError::Cr2, StdError::Cr0, StdError::Naive] {
        let all = ask(&sketch, by(se));
        let (at, mean) = term(&all, TermKind::Mean, "a", "");
        let single = |notes: &[Note]| {
            let of_a = |n: &Note| n.text.starts_with("condition \"a\" is one cluster");
            notes
                .iter()
                .any(|n| n.code == Code::SingleCluster && of_a(n))
        };
        if se == StdError::Naive {
            assert!(mean.inference.p_value.is_some() && !has(&mean.notes, Code::SingleCluster));
            assert!(has(&mean.notes, Code::Naive));
            continue;
        }
        assert!(mean.inference.estimate.is_some() && mean.inference.std_error.is_none());
        assert!(single(&mean.notes) && all.covariance[at][at].is_none());
        let view = sketch.first().unwrap();
        let effect = &effects(&view, "control", &by(se)).unwrap()[0];
        let got = term(&all, TermKind::Effect, "a", "").1;
        assert_eq!(
            (got.inference.std_error, got.inference.df),
            (effect.inference.std_error, effect.inference.df)
        );
        assert!(
            got.inference.std_error.is_some() && got.inference.t.is_none() && single(&got.notes)
        );
        let row = &contrasts(
            &view,
            "control",
            &["(a + b)/2 = control", "b = 52"],
            &by(se),
        )
        .unwrap();
        assert!(row[0].inference.std_error.is_some() && row[0].inference.p_value.is_none());
        assert!(row[1].inference.p_value.is_some());
        let joint = |texts: &[&str]| joint_test(&view, "control", Some(texts), &by(se)).unwrap();
        assert!(single(&joint(&["a = b"]).notes));
        assert!(joint(&["control = b"]).test.p_value.is_some());
    }
    // Leaving the cluster out leaves no mean and no effect.
    let all = ask(&sketch, by(StdError::Cr3));
    for kind in [TermKind::Mean, TermKind::Effect] {
        let (_, term) = term(&all, kind, "a", "");
        assert!(term.inference.estimate.is_some() && term.inference.std_error.is_none());
        assert!(has(&term.notes, Code::Cr3Undefined));
    }
    assert!(
        term(&all, TermKind::Mean, "b", "")
            .1
            .inference
            .p_value
            .is_some()
    );
}

/// Without the only cluster of a stratum there is no mean over all strata, but there is an effect.
#[test]
fn a_stratum_of_one_cluster() {
    let mut students = plain(&["control", "a"], 6);
    for student in students.iter_mut().filter(|s| s.1 == 3) {
        student.2 = 1;
    }
    let sketch = sketch("y ~ x", &students);
    let all = ask(&sketch, by(StdError::Cr3));
    let mean = term(&all, TermKind::Mean, "a", "").1;
    assert!(has(&mean.notes, Code::Cr3Undefined) && mean.inference.std_error.is_none());
    assert!(
        term(&all, TermKind::Effect, "a", "")
            .1
            .inference
            .p_value
            .is_some()
    );
    let all = ask(&sketch, by(StdError::Cr2));
    let mean = term(&all, TermKind::Mean, "a", "").1;
    assert!(has(&mean.notes, Code::LeverageOne) && mean.inference.p_value.is_some());
}

#[test]
fn covariates_that_are_dropped() {
    let mut students = plain(&["control", "a"], 6);
    for student in &mut students {
        let x = student.4[0];
        // The second is constant, the third does not vary in condition a.
        student.4 = vec![x, 3.0, if student.0 == "a" { 1.0 } else { x * x }];
    }
    let sketch = sketch("y ~ x, constant, still", &students);
    let all = ask(&sketch, of(Adjust::Lin));
    is_missing(
        &all,
        TermKind::Slope,
        "",
        "constant",
        Code::AliasedCovariate,
    );
    is_missing(
        &all,
        TermKind::Interaction,
        "a",
        "constant",
        Code::AliasedInteraction,
    );
    is_missing(
        &all,
        TermKind::Interaction,
        "a",
        "still",
        Code::AliasedInteraction,
    );
    for (kind, condition, covariate, start) in [
        (TermKind::Slope, "", "constant", "covariate 2 "),
        (
            TermKind::Interaction,
            "a",
            "constant",
            "the slope of covariate 2 in condition \"a\" ",
        ),
        (
            TermKind::Interaction,
            "a",
            "still",
            "the slope of covariate 3 in condition \"a\" ",
        ),
    ] {
        let notes = &term(&all, kind, condition, covariate).1.notes;
        assert!(notes.iter().any(|n| n.text.starts_with(start)), "{notes:?}");
    }
    let known: Vec<bool> = all
        .terms
        .iter()
        .map(|t| t.inference.p_value.is_some())
        .collect();
    assert_eq!(
        known,
        [true, true, true, true, false, true, true, false, false]
    );
    let view = sketch.first().unwrap();
    let row = &contrasts(
        &view,
        "control",
        &["constant = 1", "x = still"],
        &of(Adjust::Ancova),
    )
    .unwrap();
    assert_eq!(row[0].inference, Default::default());
    // Every term says once what was dropped.
    let dropped =
        |n: &&Note| n.code == Code::AliasedCovariate && n.text.starts_with("covariate 2 ");
    assert_eq!(
        (
            row[0].notes.iter().filter(dropped).count(),
            row[1].notes.iter().filter(dropped).count()
        ),
        (1, 1)
    );
    assert!(row[1].inference.p_value.is_some());
}

#[test]
fn no_residual_is_no_test() {
    let mut students = plain(&["control", "a"], 6);
    for student in &mut students {
        student.3 = Some(if student.0 == "a" { 52.1 } else { 50.3 });
    }
    for se in [StdError::Cr2, StdError::Cr0, StdError::Naive] {
        let all = ask(&sketch("y ~ x", &students), by(se));
        assert_eq!(
            term(&all, TermKind::Mean, "a", "").1.inference.estimate,
            Some(52.1)
        );
        for (term, row) in all.terms.iter().zip(&all.covariance) {
            assert_eq!(
                (term.inference.std_error, term.inference.p_value),
                (Some(0.0), None)
            );
            assert!(has(&term.notes, Code::NoResidual));
            assert!(row.iter().all(|v| *v == Some(0.0)));
        }
    }
}

/// Outcomes far from 0: means move with them, and nothing else does.
#[test]
fn an_offset_costs_no_digits() {
    let near = plain(&["control", "a", "b"], 6);
    let mut far = near.clone();
    for student in &mut far {
        student.3 = student.3.map(|y| y + 1e9);
    }
    for adjust in [Adjust::None, Adjust::Ancova, Adjust::Lin] {
        let (near, far) = (
            ask(&sketch("y ~ x", &near), of(adjust)),
            ask(&sketch("y ~ x", &far), of(adjust)),
        );
        for (a, b) in near.terms.iter().zip(&far.terms) {
            let shift = if a.kind == TermKind::Mean { 1e9 } else { 0.0 };
            let (a, b) = (a.inference, b.inference);
            let error = (b.estimate.unwrap() - shift - a.estimate.unwrap()).abs();
            assert!(error <= 1e-13 + 2e-16 * shift, "{a:?} {b:?}");
            for (a, b) in [(a.std_error, b.std_error), (a.df, b.df)] {
                assert!((a.unwrap() / b.unwrap() - 1.0).abs() < 1e-11);
            }
        }
        // A mean that is exactly what is asked for differs by 0.
        let mean = term(&far, TermKind::Mean, "a", "")
            .1
            .inference
            .estimate
            .unwrap();
        assert!(mean > 1e9);
    }
    // The mean of a power of two of equal sums is a double.
    let view = sketch("y ~ x", &far);
    let text = format!(
        "control = {}",
        term(&ask(&view, of(Adjust::None)), TermKind::Mean, "control", "")
            .1
            .inference
            .estimate
            .unwrap()
    );
    let row = &contrasts(
        &view.first().unwrap(),
        "control",
        &[text],
        &of(Adjust::None),
    )
    .unwrap()[0];
    assert!(row.inference.estimate.unwrap().abs() <= 1.2e-7, "{row:?}");
}
