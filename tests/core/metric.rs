//! Metrics: declarations, what becomes of logged values, and which questions make sense.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use rct_core::error::{Class, Explain};
use rct_core::metric::{
    Compare, Definition, Direction, Flag, Kind, Measurement, MetricError, Operation, Query,
    Reduction, Source, check, flatten, number,
};
use rct_core::reduction::Method;

const PASS: &str = r#"{"type": "categorical", "allowed": ["pass", "fail"]}"#;
const SCORE: &str = r#"{"type": "continuous"}"#;

fn definition(json: &str) -> Definition {
    Definition::parse(json).unwrap()
}

fn checked(json: &str, of: Option<&str>) -> Measurement {
    check(json, of.map(definition).as_ref()).unwrap()
}

fn measured(number: Option<f64>, text: Option<&str>, flags: &[Flag]) -> Measurement {
    Measurement {
        number,
        text: text.map(str::to_owned),
        flags: flags.to_vec(),
    }
}

#[test]
fn definitions_are_normalised() {
    let full =
        r#"{"type":"continuous","description":"points","direction":"higher","reduction":"mean"}"#;
    assert_eq!(
        definition(full),
        Definition {
            kind: Kind::Continuous,
            reduction: Reduction::Of(Method::Mean),
            direction: Some(Direction::Higher),
            description: Some("points".to_owned()),
        }
    );
    for (given, normal) in [
        (SCORE, r#"{"reduction":"last","type":"continuous"}"#),
        (
            PASS,
            r#"{"allowed":["pass","fail"],"reduction":"last","type":"categorical"}"#,
        ),
        (
            r#"{"type":"continuous","reduction":null,"allowed":null,"direction":null,"description":null}"#,
            r#"{"reduction":"last","type":"continuous"}"#,
        ),
        (
            full,
            r#"{"description":"points","direction":"higher","reduction":"mean","type":"continuous"}"#,
        ),
        (
            r#"{"type":"categorical","allowed":[""],"reduction":"percent"}"#,
            r#"{"allowed":[""],"reduction":"percent","type":"categorical"}"#,
        ),
    ] {
        assert_eq!(definition(given).normalised(), normal);
        assert_eq!(definition(normal).normalised(), normal);
    }
}

#[test]
fn definitions_are_refused_with_a_path() {
    for (json, message) in [
        ("{", "definition is not JSON: it ends too early"),
        ("[]", "definition must be a JSON object, got []"),
        ("null", "definition must be a JSON object, got null"),
        ("{}", "type: must be given"),
        (r#"{"type": 1}"#, "type: must be a text, got 1"),
        (
            r#"{"type": "number"}"#,
            r#"type: must be one of "continuous", "categorical", got "number""#,
        ),
        (
            r#"{"type": "continuous", "unit": "s"}"#,
            "unit: unknown field",
        ),
        (
            r#"{"type": "continuous", "allowed": []}"#,
            "allowed: a continuous metric has none",
        ),
        (r#"{"type": "categorical"}"#, "allowed: must be given"),
        (
            r#"{"type": "categorical", "allowed": "pass"}"#,
            r#"allowed: must be an array of texts, got "pass""#,
        ),
        (
            r#"{"type": "categorical", "allowed": []}"#,
            "allowed: must not be empty",
        ),
        (
            r#"{"type": "categorical", "allowed": ["a", 1]}"#,
            "allowed[1]: must be a text, got 1",
        ),
        (
            r#"{"type": "categorical", "allowed": ["a", "b", "a"]}"#,
            r#"allowed[2]: "a" is there twice"#,
        ),
        (
            r#"{"type": "categorical", "allowed": ["a\u0000"]}"#,
            "allowed[0]: must not contain U+0000",
        ),
        (
            r#"{"type": "categorical", "allowed": ["a"], "reduction": "mean"}"#,
            r#"reduction "mean" is not for a categorical metric"#,
        ),
        (
            r#"{"type": "categorical", "allowed": ["a"], "direction": "lower"}"#,
            "direction: a categorical metric has none",
        ),
        (
            r#"{"type": "continuous", "direction": "up"}"#,
            r#"direction: must be one of "higher", "lower", got "up""#,
        ),
        (
            r#"{"type": "continuous", "reduction": "avg"}"#,
            r#"reduction: must be one of "first", "last","#,
        ),
        (
            r#"{"type": "continuous", "description": {}}"#,
            "description: must be a text, got {}",
        ),
    ] {
        let error = Definition::parse(json).unwrap_err();
        assert!(error.message().starts_with(message), "{}", error.message());
        assert!(error.hint().is_some_and(|h| h.ends_with('.')), "{error:?}");
    }
}

#[test]
fn every_reduction_has_its_word() {
    for word in Reduction::WORDS {
        assert_eq!(Reduction::from_word(word).unwrap().word(), word);
    }
    assert_eq!(Reduction::from_word("avg"), None);
}

#[test]
fn continuous_values() {
    let score = |json: &str| checked(json, Some(SCORE));
    assert_eq!(score("400"), measured(Some(400.0), None, &[]));
    assert_eq!(score("-1.5e-3"), measured(Some(-0.0015), None, &[]));
    assert_eq!(score(r#""400""#), measured(Some(400.0), None, &[]));
    assert_eq!(score(r#"" +4.5 ""#), measured(Some(4.5), None, &[]));
    for word in [
        "", "many", "NaN", "Infinity", "-inf", "3,5", "0x10", "1 2", "e", "-",
    ] {
        let json = serde_json::to_string(word).unwrap();
        assert_eq!(
            score(&json),
            measured(None, Some(word), &[Flag::NotANumber])
        );
    }
    assert_eq!(
        score("true"),
        measured(None, Some("true"), &[Flag::NotANumber])
    );
    assert_eq!(
        score("1e999"),
        measured(None, Some("1e999"), &[Flag::OutOfRange])
    );
    assert_eq!(
        score(r#""-1e999""#),
        measured(None, Some("-1e999"), &[Flag::OutOfRange])
    );
    assert_eq!(score("null"), measured(None, None, &[Flag::Missing]));
    assert_eq!(
        score(r#" {"a": [1]} "#),
        measured(None, Some(r#"{"a": [1]}"#), &[Flag::NotAScalar])
    );
    assert_eq!(
        score("[1, 2]"),
        measured(None, Some("[1, 2]"), &[Flag::NotAScalar])
    );
}

#[test]
fn categorical_values() {
    let pass = |json: &str| checked(json, Some(PASS));
    assert_eq!(pass(r#""pass""#), measured(None, Some("pass"), &[]));
    assert_eq!(
        pass(r#""Pass""#),
        measured(None, Some("Pass"), &[Flag::NotAllowed])
    );
    assert_eq!(pass("1"), measured(None, Some("1"), &[Flag::NotAllowed]));
    assert_eq!(pass("null"), measured(None, None, &[Flag::Missing]));
    let digits = r#"{"type": "categorical", "allowed": ["1", "true"]}"#;
    assert_eq!(checked("1", Some(digits)), measured(None, Some("1"), &[]));
    assert_eq!(
        checked("true", Some(digits)),
        measured(None, Some("true"), &[])
    );
}

#[test]
fn unknown_metrics_keep_both_readings() {
    use Flag::{Missing, NotAScalar, OutOfRange, UnknownMetric};
    for (json, number, text, flags) in [
        ("12", Some(12.0), Some("12"), &[UnknownMetric][..]),
        (r#""012""#, Some(12.0), Some("012"), &[UnknownMetric]),
        (r#""pass""#, None, Some("pass"), &[UnknownMetric]),
        ("false", None, Some("false"), &[UnknownMetric]),
        ("1e400", None, Some("1e400"), &[UnknownMetric, OutOfRange]),
        ("null", None, None, &[UnknownMetric, Missing]),
        ("{}", None, Some("{}"), &[UnknownMetric, NotAScalar]),
    ] {
        assert_eq!(checked(json, None), measured(number, text, flags));
    }
}

#[test]
fn an_event_is_flattened() {
    let definitions = format!(r#"{{"score": {SCORE}, "status": {PASS}, "other": {SCORE}}}"#);
    let flat = flatten(
        r#"{"score": "12.5", "status": "late", "hints": 3, "deep": [[[{}]]]}"#,
        &definitions,
    )
    .unwrap();
    let all: Vec<(&str, &Measurement)> = flat.iter().map(|(k, v)| (k.as_str(), v)).collect();
    assert_eq!(
        all,
        [
            (
                "deep",
                &measured(
                    None,
                    Some("[[[{}]]]"),
                    &[Flag::UnknownMetric, Flag::NotAScalar]
                )
            ),
            (
                "hints",
                &measured(Some(3.0), Some("3"), &[Flag::UnknownMetric])
            ),
            ("score", &measured(Some(12.5), None, &[])),
            ("status", &measured(None, Some("late"), &[Flag::NotAllowed])),
        ]
    );
    assert!(flatten("{}", "{}").unwrap().is_empty());
    let nested = |depth| format!(r#"{{"a": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(flatten(&nested(63), "{}").unwrap().len(), 1);
    assert!(flatten(&nested(100_000), "{}").is_err());
}

#[test]
fn events_that_are_none_are_refused() {
    for (metrics, definitions, message, class) in [
        (
            "[1]",
            "{}",
            "metrics must be a JSON object, got [1]",
            Class::InvalidParameter,
        ),
        (
            "null",
            "{}",
            "metrics must be a JSON object, got null",
            Class::InvalidParameter,
        ),
        ("{", "{}", "metrics is not JSON: ", Class::InvalidText),
        (
            r#"{"a": 1} 2"#,
            "{}",
            "metrics is not JSON: ",
            Class::InvalidText,
        ),
        (
            r#"{"": 1}"#,
            "{}",
            "name of a metric must not be empty",
            Class::InvalidParameter,
        ),
        (
            r#"{" ": 1}"#,
            "{}",
            "name of a metric must not be empty",
            Class::InvalidParameter,
        ),
        (
            r#"{"a": "\u0000"}"#,
            "{}",
            "a: must not contain U+0000",
            Class::InvalidParameter,
        ),
        (
            r#"{"a\u0000": 1}"#,
            "{}",
            "metrics: must not contain U+0000",
            Class::InvalidParameter,
        ),
        (
            "{}",
            "1",
            "definitions must be a JSON object, got 1",
            Class::InvalidParameter,
        ),
        (
            "{}",
            r#"{"a": 1}"#,
            "definition must be a JSON object, got 1",
            Class::InvalidParameter,
        ),
    ] {
        let error = flatten(metrics, definitions).unwrap_err();
        assert!(error.message().starts_with(message), "{}", error.message());
        assert_eq!(error.class(), class);
        assert!(error.hint().is_some());
    }
    let long = format!(r#"{{"{}": 1}}"#, "x".repeat(513));
    let message = flatten(&long, "{}").map_err(|e| e.message());
    assert_eq!(
        message,
        Err("name of a metric must have at most 512 bytes, got 513".to_owned())
    );
}

/// Asks of a metric.
fn ask(
    of: Option<&str>,
    operation: &str,
    reduction: Option<&str>,
    compare: Option<&str>,
    value: Option<&str>,
) -> Result<Query, MetricError> {
    let operation = Some(operation).filter(|o| !o.is_empty());
    Query::new(
        of.map(definition).as_ref(),
        operation,
        reduction,
        compare,
        value,
    )
}

#[test]
fn questions_that_make_sense() {
    let q = ask(Some(SCORE), "avg", None, None, None).unwrap();
    assert_eq!(
        q,
        Query {
            operation: Some(Operation::Avg),
            method: Method::Last,
            source: Source::Number,
            categorical: false,
            compare: None,
            number: None,
            allowed: None,
        }
    );
    let q = ask(Some(PASS), "percentage", None, None, Some("pass")).unwrap();
    assert_eq!(
        (q.method, q.source, q.categorical, q.compare),
        (Method::Last, Source::Text, true, Some(Compare::Equal))
    );
    assert_eq!(q.allowed, Some(vec!["pass".to_owned(), "fail".to_owned()]));
    // Each user's percentage of passes, and the median of them.
    let q = ask(
        Some(PASS),
        "median",
        Some("percent"),
        Some("<>"),
        Some("pass"),
    )
    .unwrap();
    assert_eq!(
        (q.method, q.source, q.compare),
        (Method::Mean, Source::Share, Some(Compare::Unequal))
    );
    let q = ask(Some(SCORE), "avg", Some("percent"), None, Some("10")).unwrap();
    assert_eq!((q.source, q.number), (Source::Share, Some(10.0)));
    let q = ask(Some(SCORE), "count_equal", Some("max"), None, Some(" 10 ")).unwrap();
    assert_eq!((q.method, q.number), (Method::Max, Some(10.0)));
    let q = ask(Some(PASS), "max", Some("count"), None, None).unwrap();
    assert_eq!((q.method, q.source), (Method::Count, Source::Occurrence));
    let q = ask(Some(PASS), "count_equal", Some("count"), None, Some("2")).unwrap();
    assert_eq!((q.source, q.number), (Source::Occurrence, Some(2.0)));
    assert!(ask(Some(PASS), "count", Some("mode"), None, None).is_ok());
    // The values per user.
    assert!(ask(Some(PASS), "", None, None, None).is_ok());
    assert!(ask(Some(PASS), "", None, None, Some("fail")).is_ok());
    assert!(ask(Some(SCORE), "", Some("mean"), None, None).is_ok());
    // Not declared: as it is asked for.
    assert!(
        !ask(None, "avg", Some("mean"), None, None)
            .unwrap()
            .categorical
    );
    let q = ask(None, "percentage", None, None, Some("GRADUATED")).unwrap();
    assert_eq!((q.categorical, q.allowed), (true, None));
}

#[test]
fn questions_that_make_none() {
    for (of, operation, reduction, compare, value, message) in [
        (
            SCORE,
            "mean",
            None,
            None,
            None,
            r#"unknown operation "mean""#,
        ),
        (
            SCORE,
            "avg",
            Some("avg"),
            None,
            None,
            r#"unknown reduction "avg""#,
        ),
        (
            SCORE,
            "percentage",
            None,
            Some("=="),
            Some("1"),
            r#"compare must be one of "=", "<>", got "==""#,
        ),
        (
            SCORE,
            "count_equal",
            None,
            None,
            None,
            "value must be given to compare with",
        ),
        (
            PASS,
            "percentage",
            None,
            Some("="),
            None,
            "value must be given to compare with",
        ),
        (
            PASS,
            "avg",
            Some("percent"),
            None,
            None,
            "value must be given to compare with",
        ),
        (
            PASS,
            "",
            None,
            Some("="),
            None,
            "value must be given to compare with",
        ),
        (
            SCORE,
            "avg",
            None,
            None,
            Some("1"),
            "value and compare are given, but nothing is compared",
        ),
        (
            SCORE,
            "",
            None,
            None,
            Some("1"),
            "value and compare are given, but nothing is compared",
        ),
        (
            PASS,
            "count",
            None,
            None,
            Some("pass"),
            "value and compare are given, but nothing is compared",
        ),
        (
            PASS,
            "percentage",
            Some("percent"),
            None,
            Some("pass"),
            r#"reduction "percent" and the operation cannot both compare"#,
        ),
        (
            SCORE,
            "count_equal",
            None,
            None,
            Some("ten"),
            r#"value must be a number, got "ten""#,
        ),
        (
            SCORE,
            "count_equal",
            None,
            None,
            Some("1e999"),
            r#"value must be a number, got "1e999""#,
        ),
        (
            PASS,
            "count_equal",
            None,
            None,
            Some("Pass"),
            r#"value "Pass" is not one that the metric allows"#,
        ),
        (
            PASS,
            "avg",
            Some("percent"),
            None,
            Some("x"),
            r#"value "x" is not one that the metric allows"#,
        ),
        (
            PASS,
            "avg",
            Some("mean"),
            None,
            None,
            r#"reduction "mean" is not for a categorical metric"#,
        ),
        (
            PASS,
            "median",
            None,
            None,
            None,
            r#"operation "median" is not for a categorical metric"#,
        ),
    ] {
        let error = ask(Some(of), operation, reduction, compare, value).unwrap_err();
        assert_eq!(error.message(), message);
        assert_eq!(error.class(), Class::InvalidParameter);
        assert!(error.hint().is_some());
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z0-9+.\\- äß\"\\\\]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,3}", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_panics(text in ".*", other in ".*", word in ".*") {
        let _ = Definition::parse(&text);
        let _ = flatten(&text, &other);
        let _ = check(&text, Some(&definition(SCORE)));
        let _ = number(&text);
        for of in [None, Some(definition(SCORE)), Some(definition(PASS))] {
            let _ = Query::new(of.as_ref(), Some(&text), Some(&other), Some(&word), Some(&word));
        }
    }

    #[test]
    fn what_is_logged_is_kept(value in json(), of in prop::sample::select(vec![None, Some(SCORE), Some(PASS)])) {
        let m = checked(&value.to_string(), of);
        // Nothing but null is lost, and numbers are finite.
        prop_assert_eq!(m.number.is_none() && m.text.is_none(), value.is_null());
        prop_assert!(m.number.is_none_or(f64::is_finite));
        prop_assert_eq!(m.flags.contains(&Flag::UnknownMetric), of.is_none());
        if let Some(n) = value.as_f64() && of != Some(PASS) {
            prop_assert_eq!(m.number.unwrap().to_bits(), n.to_bits());
        }
        if let (Some(text), None) = (value.as_str(), m.number) {
            prop_assert_eq!(m.text.as_deref(), Some(text));
        }
        // A value of a continuous metric without a flag is a number, of a categorical one it is allowed.
        if of == Some(SCORE) {
            prop_assert_eq!(m.flags.is_empty(), m.number.is_some());
        }
        if of == Some(PASS) {
            prop_assert_eq!(m.flags.is_empty(), matches!(m.text.as_deref(), Some("pass" | "fail")));
        }
    }

    #[test]
    fn names_do_not_matter(values in prop::collection::btree_map("[a-zä]{1,5}", json(), 0..6)) {
        let object = serde_json::to_string(&values).unwrap();
        let flat = flatten(&object, "{}").unwrap();
        prop_assert_eq!(flat.len(), values.len());
        for (name, value) in &values {
            prop_assert_eq!(&flat[name], &checked(&value.to_string(), None));
        }
    }

    #[test]
    fn numbers_are_read_as_written(n in any::<f64>()) {
        let read = number(&format!(" {n:e}\n"));
        prop_assert_eq!(read.map(f64::to_bits), n.is_finite().then(|| n.to_bits()));
    }

    #[test]
    fn normalising_twice_changes_nothing(
        allowed in prop::option::of(prop::collection::btree_set("[a-z\"ä]{0,3}", 1..4)),
        reduction in prop::sample::select(Reduction::WORDS.to_vec()),
        description in prop::option::of("[^\u{0}]{0,10}"),
    ) {
        let kind = if allowed.is_some() { "categorical" } else { "continuous" };
        let json = serde_json::json!({"type": kind, "allowed": allowed, "reduction": reduction, "description": description});
        if let Ok(parsed) = Definition::parse(&json.to_string()) {
            let normal = parsed.normalised();
            prop_assert_eq!(Definition::parse(&normal).unwrap(), parsed);
        }
    }
}
