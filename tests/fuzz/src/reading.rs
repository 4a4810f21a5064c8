//! Every function of the core that reads JSON, and documents that are hard to read.

use rct_core::error::{Class, Explain};
use rct_core::experiment::{self, Json};
use rct_core::json::{DEPTH, Origin, Text};
use rct_core::metric::{self, Definition};
use rct_core::multiplicity::Families;
use rct_core::resolution::Compiled;
use rct_core::simulation::Design;
use serde_json::value::RawValue;

/// A definition that is complete.
const COMPLETE: &str = r#"{"key": "k", "context": "c", "conditions": [{"code": "a"}, {"code": "b"}],
    "decision_points": [{"site": "s"}]}"#;

/// What an error tells: its class and all its texts.
type Told = (Class, Vec<String>);
/// A function that reads JSON, by its name.
type Entry = (&'static str, fn(&str) -> Result<(), Told>);

fn told<E: Explain>(error: E) -> Told {
    let texts = [Some(error.message()), error.detail(), error.hint()];
    (error.class(), texts.into_iter().flatten().collect())
}

/// What each refuses, it refuses with an error of the caller.
const ENTRIES: [Entry; 14] = [
    ("definition", |text| {
        experiment::normalized(text).map(drop).map_err(told)
    }),
    ("patch", |text| {
        experiment::patched(COMPLETE, text).map(drop).map_err(told)
    }),
    ("patched definition", |text| {
        experiment::patched(text, "{}").map(drop).map_err(told)
    }),
    ("renamed definition", |text| {
        experiment::renamed(text, "new").map(drop).map_err(told)
    }),
    ("members", |text| {
        experiment::normalized_members(text).map(drop).map_err(told)
    }),
    ("export of UpGrade", |text| {
        experiment::imported(text).map(drop).map_err(told)
    }),
    ("input of a plan", |text| {
        experiment::compiled(text).map(drop).map_err(told)
    }),
    ("design of a simulation", |text| {
        Design::parse(text).map(drop).map_err(told)
    }),
    ("methods", |text| {
        Families::with(text).map(drop).map_err(told)
    }),
    ("declaration of a metric", |text| {
        Definition::declared(text).map(drop).map_err(told)
    }),
    ("logged metrics", |text| {
        metric::flatten(text, "{}").map(drop).map_err(told)
    }),
    ("declared metrics", |text| {
        metric::flatten("{}", text).map(drop).map_err(told)
    }),
    ("logged value", |text| {
        metric::check(text, None).map(drop).map_err(told)
    }),
    ("payload", |text| Json::parse(text).map(drop).map_err(told)),
];

/// Longest text of an error: what is quoted is cut.
const LONGEST: usize = 4000;

/// Feeds a text to each function: it is read, or refused with an error that the caller understands.
pub fn read_by_all(text: &str) {
    for (name, read) in ENTRIES {
        let Err((class, texts)) = read(text) else {
            continue;
        };
        let by_caller = matches!(
            class,
            Class::InvalidText | Class::InvalidParameter | Class::LimitExceeded
        );
        assert!(by_caller, "{name}: {class:?} {texts:?}");
        for said in &texts {
            assert!(said.len() < LONGEST, "{name} says too much: {}", said.len());
            assert!(!said.contains('\0'), "{name}: {said:?}");
        }
        assert!(texts.len() > 1, "{name}: {texts:?} says not what to do");
    }
    if let Err(error) = Compiled::from_json(text.as_bytes()) {
        assert_eq!(error.class(), Class::Corrupt);
    }
    agrees(text);
}

/// The reader takes what others take, apart from what its rules refuse.
fn agrees(text: &str) {
    let ours = Text::check("text", text, Origin::Argument);
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    match (&ours, &theirs) {
        (Ok(_), Err(e)) => panic!("only ours reads it: {e}"),
        (Err(e), Ok(_)) => {
            let said = e.message();
            let by_rule = [
                "each key once",
                "U+0000",
                "nested deeper",
                "must be at most",
            ]
            .iter()
            .any(|rule| said.contains(rule));
            assert!(by_rule, "only the other reads it: {said}");
        }
        _ => {}
    }
    let logged = Text::check("text", text, Origin::Logged).is_ok();
    assert!(logged || ours.is_err(), "what is logged may be more");
    assert!(!logged || serde_json::from_str::<&RawValue>(text.trim()).is_ok());
}

/// Values that are hard to read, by names for files.
fn values() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut put = |name: &str, value: String| all.push((name.to_owned(), value));
    for number in [
        "1e999",
        "-1e999",
        "1e-999",
        "1e400",
        "-0",
        "-0.0",
        "0e99999999999",
        "1e99999999999999999999",
        "9007199254740993",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890.12345",
        "1.7976931348623159e308",
        "5e-324",
    ] {
        put(&format!("number_{number}"), number.to_owned());
    }
    put("number_long", format!("1{}", "0".repeat(131_071)));
    put("number_exact", format!("0.{}", "1".repeat(16_383)));
    for broken in [
        "NaN",
        "Infinity",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "-",
        "'a'",
        "tru",
        "nul",
        "[1,]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "[1 2]",
        "[",
        "{",
        "\"",
        "\"\\",
        "\"\\u12",
        "]",
        "}",
        "\"\\x\"",
        "\"\u{1}\"",
        "\u{feff}1",
        "1 1",
        "",
    ] {
        put(
            &format!("broken_{}", broken.escape_default()),
            broken.to_owned(),
        );
    }
    for text in [
        "\\u0000",
        "\\ud800",
        "\\udc00\\ud800",
        "\\ud83d\\ude00",
        "\\\\u0000",
        "\u{10ffff}",
        "\\\"",
    ] {
        put(
            &format!("text_{}", text.escape_default()),
            format!("\"{text}\""),
        );
        put(
            &format!("key_{}", text.escape_default()),
            format!("{{\"{text}\":1}}"),
        );
    }
    put("key_empty", r#"{"":1}"#.to_owned());
    put("key_twice", r#"{"a":1,"a":2}"#.to_owned());
    put("key_twice_escaped", r#"{"a":1,"\u0061":2}"#.to_owned());
    for depth in [DEPTH - 1, DEPTH, DEPTH + 1, 129, 1000, 5000, 100_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        put(&format!("arrays_{depth}"), format!("{open}{close}"));
        put(&format!("arrays_open_{depth}"), open);
        let open = "{\"a\":".repeat(depth);
        put(
            &format!("objects_{depth}"),
            format!("{open}1{}", "}".repeat(depth)),
        );
        let open = "[{\"a\":".repeat(depth / 2);
        put(
            &format!("both_{depth}"),
            format!("{open}1{}", "}]".repeat(depth / 2)),
        );
    }
    all
}

/// Documents in which such a value stands in the places of a good one.
pub fn documents() -> Vec<(String, String)> {
    const FRAMES: [&str; 14] = [
        "%",
        r#"{"a": %}"#,
        r#"{"key": "k", "context": "c", "rollout": %}"#,
        r#"{"key": "k", "context": "c", "default_payload": %}"#,
        r#"{"key": %, "context": "c"}"#,
        r#"{"key": "k", "context": "c", "ending": {"users": %}}"#,
        r#"{"key": "k", "context": "c", "conditions": [{"code": "a", "weight": %}]}"#,
        r#"{"users": [%], "groups": {"class": %}}"#,
        r#"{"clusters": %, "size": %}"#,
        r#"{"clusters": 4, "effect": %}"#,
        r#"{"type": "categorical", "allowed": %}"#,
        r#"{"type": "continuous", "description": %}"#,
        r#"{"context": "c", "experiments": [{"id": 1, "status": "inactive", "spec": %}]}"#,
        r#"{"id": "1", "name": "n", "context": ["c"], "assignmentUnit": "individual", "other": %,
            "conditions": [{"conditionCode": "a", "assignmentWeight": %}]}"#,
    ];
    let mut all = Vec::new();
    for (name, value) in values() {
        for (frame, number) in FRAMES.iter().zip(0..) {
            all.push((format!("{name}_{number}"), frame.replace('%', &value)));
        }
    }
    all
}
