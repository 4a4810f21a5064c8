//! Definitions at each limit are answered; one more is refused.

use super::*;
use rct_core::error::Class;
use rct_core::experiment::{Status, compile, compiled, normalized, normalized_members, preflight};
use rct_core::limits::Limit;
use rct_core::metric::{Definition, flatten};
use rct_core::resolution::{Compiled, Facts, MarkStatus, Visit, assign, explain, mark};
use serde_json::json;

fn many(n: usize, one: impl Fn(usize) -> Value) -> Value {
    Value::Array((0..n).map(one).collect())
}

fn conditions(n: usize) -> Value {
    many(n, |i| json!({"code": format!("c{i}"), "weight": 1 + i % 7}))
}

fn points(n: usize) -> Value {
    many(n, |i| json!({"site": "s", "target": format!("t{i}")}))
}

/// A definition that can start, with the numbers of its parts.
fn design(key: &str, condition: usize, point: usize) -> Value {
    json!({
        "key": key, "context": "c", "conditions": conditions(condition), "decision_points": points(point),
    })
}

fn refused<T: std::fmt::Debug, E: Explain>(result: Result<T, E>, message: &str) {
    let error = result.err().unwrap();
    assert_eq!(error.message(), message);
    assert_eq!(error.class(), Class::LimitExceeded);
    assert!(error.detail().is_some() && error.hint().is_some());
}

/// What one more than each limit says.
#[test]
fn one_more_is_an_error() {
    let with = |field: &str, value: Value| {
        let mut document = json!({"key": "k", "context": "c"});
        document[field] = value;
        normalized(&document.to_string())
    };
    let tags = |n| many(n, |i| json!(format!("t{i}")));
    let levels = |n| many(n, |i| json!({"name": format!("l{i}")}));
    let factors = |n| many(n, |i| json!({"name": format!("f{i}")}));
    for (field, most, all) in [
        ("conditions", 1000, &conditions as &dyn Fn(usize) -> Value),
        ("decision_points", 500, &points),
        ("factors", 100, &factors),
        ("tags", 100, &tags),
    ] {
        assert!(with(field, all(most)).is_ok(), "{field}");
        let message = format!("{field}: must be at most {most}, got {}", most + 1);
        refused(with(field, all(most + 1)), &message);
    }
    let factor = |n| json!([{"name": "f", "levels": levels(n)}]);
    assert!(with("factors", factor(1000)).is_ok());
    refused(
        with("factors", factor(1001)),
        "factors[0].levels: must be at most 1000, got 1001",
    );
    let payload = |n: usize| json!("x".repeat(n));
    assert!(with("default_payload", payload(1_000_000)).is_ok());
    refused(
        with("default_payload", payload(1_048_576)),
        "bytes of the definition: must be at most 1048576, got 1049076",
    );
    let ids = |n: usize| json!({"users": many(n - 2, |i| json!(i.to_string())), "groups": {"class": ["a"]}, "segments": ["s"]});
    assert!(normalized_members(&ids(100_000).to_string()).is_ok());
    refused(
        normalized_members(&ids(100_001).to_string()),
        "members: must be at most 100000, got 100001",
    );
    refused(
        with("lists", json!({"exclude": ids(100_001)})),
        "lists.exclude: must be at most 100000, got 100001",
    );
}

#[test]
fn metrics_have_limits() {
    let metrics = |n: usize| {
        let all: serde_json::Map<String, Value> =
            (0..n).map(|i| (format!("m{i}"), json!(i))).collect();
        Value::Object(all).to_string()
    };
    assert_eq!(flatten(&metrics(1000), "{}").unwrap().len(), 1000);
    refused(
        flatten(&metrics(1001), "{}"),
        "metrics: must be at most 1000, got 1001",
    );
    let allowed = |n| {
        let words = many(n, |i| json!(format!("w{i}")));
        json!({"type": "categorical", "allowed": words}).to_string()
    };
    assert!(Definition::declared(&allowed(1000)).is_ok());
    refused(
        Definition::declared(&allowed(1001)),
        "allowed: must be at most 1000, got 1001",
    );
    let long = json!({"type": "continuous", "description": "x".repeat(1 << 20)}).to_string();
    refused(
        Definition::declared(&long),
        &format!(
            "bytes of the definition: must be at most 1048576, got {}",
            long.len()
        ),
    );
}

/// The plan of experiments that are enrolling.
fn plan(specs: &[Value]) -> String {
    let rows: Vec<Value> = (specs.iter().zip(1..))
        .map(|(spec, id)| json!({"id": id, "status": "enrolling", "spec": spec}))
        .collect();
    json!({"context": "c", "experiments": rows}).to_string()
}

#[test]
fn contexts_have_limits() {
    let small = |i: usize, target: &str| {
        let mut spec = design(&format!("e{i}"), 2, 1);
        spec["decision_points"][0]["target"] = json!(target);
        spec
    };
    let apart = |n| plan(&(0..n).map(|i| small(i, &i.to_string())).collect::<Vec<_>>());
    let together = |n| plan(&(0..n).map(|i| small(i, "t")).collect::<Vec<_>>());
    assert!(compile(&apart(1000)).is_ok());
    refused(
        compile(&apart(1001)),
        "experiments of context \"c\": must be at most 1000, got 1001",
    );
    assert!(compile(&together(100)).is_ok());
    refused(
        compile(&together(101)),
        "experiments of decision point (\"s\", \"t\"): must be at most 100, got 101",
    );
    let nested = |n: usize| {
        let edges = many(n, |i| json!([i, i + 1]));
        json!({"context": "c", "edges": edges}).to_string()
    };
    assert!(compile(&nested(10_000)).is_ok());
    refused(
        compile(&nested(10_001)),
        "nestings of segments: must be at most 10000, got 10001",
    );
    let long = format!("{}{{}}", " ".repeat(64 << 20));
    refused(
        compile(&long),
        "bytes of the definitions of the context: must be at most 67108864, got 67108866",
    );
}

/// The largest experiments, a hundred of them at the same points, are answered.
#[test]
fn the_largest_plan_is_answered() {
    let specs: Vec<Value> = (0..100)
        .map(|i| design(&format!("e{i:02}"), 1000, if i == 0 { 500 } else { 50 }))
        .collect();
    let (first, _) = Spec::parse(&specs[0].to_string()).unwrap();
    assert_eq!(preflight(&first, Status::Enrolling), []);
    let plan = Compiled::from_json(&compiled(&plan(&specs)).unwrap()).unwrap();
    let facts = Facts::default();
    for user in ["u", "v"] {
        let answers = assign(&plan, &facts, user, 0, None);
        assert_eq!(answers.len(), 500);
        assert!(answers.iter().any(|a| a.condition.is_some()));
        let one = assign(&plan, &facts, user, 0, Some(("s", "t7")));
        assert_eq!(one.len(), 1);
        assert!(!explain(&plan, &facts, user, 0, "s", "t7").is_empty());
        let visit = Visit {
            site: "s",
            target: "t7",
            condition: None,
            status: MarkStatus::Applied,
            experiment: None,
        };
        assert!(mark(&plan, &facts, user, 0, &visit).is_ok());
    }
    assert_eq!(plan.pool_ids("e00").len(), 100);
}

/// `1,048,576`
fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut all = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            all.push(',');
        }
        all.push(digit);
    }
    all
}

#[test]
fn the_page_states_each_limit() {
    let page = include_str!("../../../docs/reference/create_experiment.md");
    for limit in Limit::ALL {
        let row = format!("| {} | {} |", limit.word(), grouped(limit.most()));
        assert!(page.contains(&row), "{row}");
    }
    assert!(page.contains(&format!("{} bytes", rct_core::identifier::MOST_BYTES)));
    assert!(page.contains(&format!("{} levels", rct_core::json::DEPTH)));
}
