//! `tests/vectors/assignment.csv`: what the functions give, as anybody can recompute it from `docs/spec/assignment.md`.
//! `RCT_ACCEPT=1` writes the file. `tests/vectors/assignment.py` recomputes it without this code.

use rct_core::assignment::{
    Algorithm, Hash, Order, Purpose, QUEUE_LENGTH, Rules, Weights, bucket, choose, draw, in_range,
    in_rollout, input_digest, next_slot, output_digest, pool_index, queue, randomize,
};
use serde_json::{Value, json};
use std::io::{ErrorKind, Write};
use std::process::Command;

fn path(name: &str) -> String {
    format!("{}/../../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Ids as schools have them, and lengths at which XXH3 changes its way.
fn ids() -> Vec<String> {
    let plain = [
        "",
        "s-17",
        "0",
        " s-17",
        "S-17",
        "José-ß_x",
        "Jose\u{301}",
        "学生",
        "🦉🦉",
        "a,\"b\"\n",
        "Ω/школа №7",
    ];
    let mut ids: Vec<String> = plain.map(str::to_owned).to_vec();
    for n in [
        3, 4, 11, 12, 114, 115, 116, 226, 227, 228, 300, 1010, 1011, 1012, 1013, 2100,
    ] {
        ids.push("0123456789abcdef".chars().cycle().take(n).collect());
    }
    ids
}

const WEIGHTS: &[&[f64]] = &[
    &[1.0],
    &[1.0, 1.0],
    &[50.0, 50.0],
    &[10.0, 90.0],
    &[33.3, 33.3, 33.4],
    &[33.3, 33.3, 33.3],
    &[0.0, 1.0, 2.0],
    &[1.0, 0.0, 3.0],
    &[0.3, 0.7, 0.0],
    &[1e-300, 1.0],
    &[1.7e308, 1.7e308, 1e308],
    &[0.17, 0.41, 0.42],
    &[1.0, 100.0],
    &[5e-324, 5e-324],
    &[5.0, 10.0, 15.0, 30.0, 40.0],
    &[std::f64::consts::PI, std::f64::consts::E, 1.0, 7.0],
];

struct Case<'a> {
    units: Vec<&'a str>,
    strata: Option<Vec<Option<&'a str>>>,
    conditions: &'a [&'a str],
    weights: Option<&'a [f64]>,
    seed: &'a str,
    method: Algorithm,
}

fn cases(classes: &[String]) -> Vec<Case<'_>> {
    let units = |n: usize| {
        classes
            .iter()
            .take(n)
            .map(String::as_str)
            .collect::<Vec<_>>()
    };
    let schools = [Some("north"), None, Some("süd"), Some("north"), Some("")];
    let strata = |n: usize| Some((0..n).map(|i| schools[i % 5]).collect::<Vec<_>>());
    let names = ["a", "b", "c", "d", "e", "f"];
    let pairs = |n: usize| Some((0..n).map(|i| Some(names[i / 2])).collect::<Vec<_>>());
    let two: &[&str] = &["control", "hints"];
    let three: &[&str] = &["control", "hints", "übung 🦉"];
    let case = |units, strata, conditions, weights, seed, method| Case {
        units,
        strata,
        conditions,
        weights,
        seed,
        method,
    };
    vec![
        case(units(0), None, two, None, "s", Algorithm::Blocks),
        case(units(1), None, two, None, "s", Algorithm::Blocks),
        case(units(7), None, two, None, "s", Algorithm::Blocks),
        case(
            units(30),
            strata(30),
            two,
            None,
            "2026-03",
            Algorithm::Blocks,
        ),
        case(
            units(30),
            strata(30),
            three,
            Some(&[1.0, 1.0, 2.0]),
            "2026-03",
            Algorithm::Blocks,
        ),
        case(
            units(30),
            strata(30),
            three,
            Some(&[2.0, 0.0, 1.0]),
            "",
            Algorithm::Blocks,
        ),
        case(
            units(25),
            strata(25),
            three,
            Some(&[0.17, 0.414, 0.416]),
            "x",
            Algorithm::Blocks,
        ),
        case(units(25), strata(25), three, None, "x", Algorithm::Complete),
        case(
            units(25),
            strata(25),
            two,
            Some(&[1.0, 3.0]),
            "größe",
            Algorithm::Complete,
        ),
        case(
            units(40),
            None,
            two,
            Some(&[10.0, 90.0]),
            "x",
            Algorithm::Complete,
        ),
        case(units(12), pairs(12), two, None, "x", Algorithm::Pairs),
        case(
            units(40),
            None,
            three,
            Some(&[1.0, 2.0, 2.0]),
            "x",
            Algorithm::Blocks,
        ),
    ]
}

/// All rows: name of the function, arguments and result.
fn rows() -> Vec<(&'static str, Value, Value)> {
    let ids = ids();
    let mut rows = Vec::new();
    for (i, id) in ids.iter().enumerate() {
        let salt = &ids[(i * 7 + 3) % ids.len()];
        rows.push(("bucket", json!([salt, id]), json!(bucket(salt, id))));
        rows.push((
            "bucket",
            json!(["hints-2026", id]),
            json!(bucket("hints-2026", id)),
        ));
        for purpose in [
            Purpose::Condition,
            Purpose::Rollout,
            Purpose::Holdout,
            Purpose::Namespace,
            Purpose::Pool,
            Purpose::Row,
            Purpose::Unit,
        ] {
            if (i + purpose as usize).is_multiple_of(3) {
                let result = format!("{:016x}", draw(Hash::Xxh3, purpose, salt, id));
                rows.push(("draw", json!([purpose as u8, salt, id]), json!(result)));
            }
        }
        for fraction in [0.0, 1e-19, 0.1, 0.5, 0.999, 1.0] {
            if (i + (fraction * 10.0) as usize).is_multiple_of(4) {
                rows.push((
                    "in_rollout",
                    json!([salt, id, fraction]),
                    json!(in_rollout(salt, id, fraction)),
                ));
            }
        }
        rows.push((
            "in_range",
            json!(["spring", id, 0.25, 0.5]),
            json!(in_range("spring", id, 0.25, 0.5)),
        ));
        let keys: Vec<&String> = ids.iter().skip(1).take(1 + i % 5).collect();
        rows.push((
            "pool_index",
            json!([id, keys]),
            json!(pool_index(Hash::Xxh3, id, &keys)),
        ));
    }
    for (i, given) in WEIGHTS.iter().enumerate() {
        let weights = Weights::new(given).unwrap();
        rows.push(("parts", json!([given]), json!(weights.parts())));
        for id in ids.iter().skip(i % 4).step_by(4) {
            rows.push((
                "choose",
                json!(["hints-2026", id, given]),
                json!(choose(Hash::Xxh3, "hints-2026", id, &weights)),
            ));
        }
    }
    for (i, id) in ids.iter().take(12).enumerate() {
        for order in Order::ALL {
            let k = 1 + i % 6;
            let queue = queue(Hash::Xxh3, *order, "hints-2026", id, k, QUEUE_LENGTH);
            rows.push((
                "queue",
                json!([order.word(), "hints-2026", id, k]),
                json!(queue),
            ));
        }
    }
    let mut classes: Vec<String> = ids;
    classes.retain(|id| id.len() < 20);
    classes.extend((0..40).map(|i| format!("class {i}")));
    for case in cases(&classes) {
        let rules = Rules {
            conditions: case.conditions,
            weights: case.weights,
            seed: case.seed,
            method: case.method,
        };
        let strata = case.strata.as_deref();
        let placed = randomize(&rules, &case.units, strata).unwrap();
        let design = json!([case.method.word(), case.seed, case.conditions, case.weights]);
        let input = json!([design, case.units, case.strata]);
        let output: Vec<Value> = placed
            .iter()
            .map(|p| {
                json!([
                    p.unit,
                    p.stratum,
                    p.slot.block,
                    p.slot.slot,
                    p.slot.condition
                ])
            })
            .collect();
        rows.push((
            "input_digest",
            input.clone(),
            json!(format!(
                "{:032x}",
                input_digest(&rules, &case.units, strata)
            )),
        ));
        rows.push((
            "output_digest",
            input.clone(),
            json!(format!("{:032x}", output_digest(case.conditions, &placed))),
        ));
        rows.push(("randomize", input, json!(output)));
        for (base, taken) in [(0, 0), (0, 5), (3, 3), (3, 4), (4, 9), (7, 230)] {
            let slot = next_slot(&rules, "north", base, taken).unwrap();
            rows.push((
                "next_slot",
                json!([design, "north", base, taken]),
                json!([slot.block, slot.slot, slot.condition]),
            ));
        }
    }
    rows
}

fn csv() -> String {
    let quoted = |value: &Value| format!("\"{}\"", value.to_string().replace('"', "\"\""));
    let lines = rows().into_iter().map(|(function, arguments, result)| {
        format!("{function},{},{}\n", quoted(&arguments), quoted(&result))
    });
    "function,arguments,result\n".to_owned() + &lines.collect::<String>()
}

fn accept() -> bool {
    std::env::var("RCT_ACCEPT").is_ok_and(|v| v == "1")
}

#[test]
fn vectors_stay_as_published() {
    let csv = csv();
    assert!(csv.lines().count() > 200);
    let path = path("assignment.csv");
    if accept() {
        std::fs::write(&path, csv).unwrap();
        return;
    }
    let published = std::fs::read_to_string(&path).expect(&path);
    for (ours, theirs) in csv.lines().zip(published.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(csv.len(), published.len());
}

#[test]
fn another_implementation_agrees() {
    if accept() {
        return; // the file is being written
    }
    let run = Command::new("python3")
        .arg(path("assignment.py"))
        .arg(path("assignment.csv"))
        .output();
    match run {
        Ok(output) => {
            let said =
                String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            let rows = rows().len();
            assert_eq!(said.trim(), format!("{rows} rows agree"));
        }
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let reason = "another_implementation_agrees: there is no python3";
            eprintln!("skipped {reason}");
            // Counted by the script that runs all tests.
            if let Some(log) = std::env::var_os("RCT_SKIP_LOG") {
                let mut log = std::fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(log)
                    .unwrap();
                writeln!(log, "{reason}").unwrap();
            }
        }
        Err(e) => panic!("python3: {e}"),
    }
}
