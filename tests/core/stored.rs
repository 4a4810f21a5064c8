//! Stored values that somebody crafted: whatever byte is changed, a value is damaged (XX001) or one that can be asked.
//!
//! Checksums are set right after each change, as who crafts a value does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code)] // made for the tests of resolution, which use all of it
#[path = "resolution/world.rs"]
mod world;

use rct_core::attrition::{
    LeeOptions, Logistic, Trim, attrition, lee_bounds, logistic_predict, manski_bounds,
    missing_balance, response_weights,
};
use rct_core::budget::Budget;
use rct_core::effect::{self, CaceOptions, Distribution};
use rct_core::error::{Class, Explain};
use rct_core::integrity::{balance, balance_joint, impossible_patterns, srm_of_sketch};
use rct_core::planning::design_effect;
use rct_core::reduction::{Method, NumberReduction, TextReduction};
use rct_core::regression::{Adjust, Options, StdError, Strata, quoted};
use rct_core::resampling::{Draws, Statistic, randomization_test};
use rct_core::resolution::{Compiled, Facts, MarkStatus, Visit, assign, encode, explain, mark};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch, View};
use rct_core::variance::{Within, icc, variance_components};
use xxhash_rust::xxh3::xxh3_64;

/// More than any of these values takes.
const MEMORY: usize = 64 << 20;

fn budget() -> Budget {
    Budget::new(MEMORY)
}

/// The bytes with another one at each place, in several ways.
fn changed(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let ways: [fn(u8) -> u8; 6] = [
        |_| 0,
        |_| 0xff,
        |b| b ^ 1,
        |b| b ^ 0x80,
        |b| b.wrapping_add(1),
        |b| b.wrapping_sub(1),
    ];
    let places = (0..bytes.len()).flat_map(move |i| {
        ways.into_iter().map(move |way| {
            let mut new = bytes.to_vec();
            new[i] = way(new[i]);
            new
        })
    });
    let cut = (0..bytes.len()).map(|n| bytes[..n].to_vec());
    let longer = std::iter::once([bytes, &[0]].concat());
    places.chain(cut).chain(longer)
}

/// With the checksum of what comes before the last eight bytes.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.len().saturating_sub(8);
    let sum = xxh3_64(&bytes[..body]).to_le_bytes();
    bytes.truncate(body);
    bytes.extend(sum);
    bytes
}

/// Only what holds for damaged bytes, or for values that are too large for memory.
fn refused(error: &impl Explain) {
    let class = error.class();
    assert!(
        matches!(class, Class::Corrupt | Class::LimitExceeded),
        "{class:?}: {}",
        error.message()
    );
    assert!(error.hint().is_some());
}

/// A text that Postgres can hold.
fn holds(text: &str) {
    assert!(!text.contains('\0'), "{text:?}");
}

/// Reads every change of a value; those that are read are asked. Some are of each kind.
fn every_change<T, E: Explain>(
    bytes: &[u8],
    seal: bool,
    read: impl Fn(&[u8]) -> Result<T, E>,
    mut ask: impl FnMut(T),
) {
    ask(read(bytes).unwrap_or_else(|e| panic!("{}", e.message())));
    let mut counts = (0, 0);
    for mut new in changed(bytes) {
        if seal {
            new = sealed(new);
        }
        match read(&new) {
            Ok(value) => {
                counts.0 += 1;
                ask(value);
            }
            Err(error) => {
                counts.1 += 1;
                refused(&error);
            }
        }
    }
    println!("{counts:?}");
    assert!(counts.0 > 0 && counts.1 > 0, "{counts:?}");
}

fn rows(full: bool) -> Sketch {
    let columns = match full {
        true => Columns::parse("y, solved / tried ~ x0, x1; exposure: seen; weight: w").unwrap(),
        false => Columns::simple(false),
    };
    let mut builder = Builder::new(columns, &budget());
    for i in 0..24_u8 {
        let n = f64::from(i);
        let outcome = (i % 11 != 10).then_some(n * n % 23.0 - 3.5);
        let values = [
            outcome,
            Some(n % 4.0),
            (i % 7 != 3).then_some(n % 4.0 + n % 3.0),
            (i % 19 != 18).then_some(n % 7.0),
            Some(n / 8.0),
            (i % 6 != 5).then_some(f64::from(i % 2)),
            Some(f64::from(i % 3) / 2.0),
        ];
        let row = Row {
            condition: (i % 13 != 12)
                .then_some([&b"control"[..], "é".as_bytes()][usize::from(i % 2)]),
            cluster: (i % 17 != 16).then_some(Cluster::Number(i64::from(i % 8))),
            stratum: Key::NONE,
            values: &values[..1],
        };
        let all = Row {
            stratum: Key::of_bigint(i64::from(i % 2)),
            values: &values,
            ..row
        };
        builder.add(if full { &all } else { &row }).unwrap();
    }
    Sketch::decode(&builder.sketch().unwrap().encode(), &budget()).unwrap()
}

fn ask_sketch(sketch: &Sketch) {
    let _ = sketch.info();
    for outcome in &sketch.columns().outcomes {
        holds(&outcome.to_string());
        match &outcome.denominator {
            None => ask_view(&sketch.view(Some(&outcome.name), None).unwrap()),
            Some(_) => ask_ratio(&sketch.ratio(Some(&outcome.to_string())).unwrap()),
        }
    }
    let mut sum = Sketch::new(sketch.columns().clone(), &budget());
    sum.merge(sketch).unwrap();
    let _ = sum.merge(&rows(false));
    let _ = sum.merge(&rows(true));
    let _ = sum.encode();
}

fn ask_ratio(view: &View<'_>) {
    for control in view.condition_names().iter().take(1) {
        for se in [StdError::Cr2, StdError::Delta] {
            let options = Options {
                se,
                ..Options::default()
            };
            let _ = effect::effects(view, control, &options);
        }
    }
}

fn ask_view(sketch: &View<'_>) {
    let options = Options::default();
    let _ = sketch.cell_summaries();
    let _ = sketch.completeness();
    let _ = icc(sketch, Within::Condition, 0.95);
    let _ = variance_components(sketch, Within::All);
    let _ = design_effect(sketch, Within::All);
    let _ = srm_of_sketch(sketch, None, None, 0.001);
    let _ = impossible_patterns(sketch, None, None, None);
    let _ = response_weights(sketch, Some(5.0));
    let _ = missing_balance(sketch, 0.95);
    let arms = effect::arms(sketch);
    for arm in arms.iter().flatten().take(1) {
        holds(&arm.condition);
        let control = arm.condition.as_str();
        let _ = effect::effects(sketch, control, &options);
        let lin = Options {
            adjust: Adjust::Lin,
            ..options
        };
        let _ = effect::coefficients(sketch, control, &lin);
        let hypothesis = format!("{} = 1", quoted(control));
        let _ = effect::contrasts(sketch, control, &[&hypothesis], &options);
        let _ = effect::joint_test(sketch, control, Some(&[&hypothesis]), &options);
        let _ = effect::joint_test::<&str>(sketch, control, None, &options);
        let _ = effect::effect_sizes(sketch, control, &options);
        let pairs = Options {
            strata: Strata::Pairs,
            ..options
        };
        let _ = effect::effects(sketch, control, &pairs);
        let cace = CaceOptions::from_words("none", "auto", "CR2", 0.95).unwrap();
        let _ = effect::cace(sketch, control, None, &cace);
        let _ = balance(sketch, control, Strata::Absorb);
        let _ = balance_joint(sketch, control, Strata::Absorb);
        let _ = attrition(sketch, control, 0.95);
        let _ = manski_bounds(sketch, control, -50.0, 70.0, 0.95);
        let draws = Draws::new(9, "seed").unwrap();
        let _ = randomization_test(sketch, control, &options, Statistic::Difference, &draws);
    }
}

#[test]
fn sketches() {
    for full in [false, true] {
        let bytes = rows(full).encode();
        every_change(
            &bytes,
            true,
            |b| Sketch::decode(b, &budget()),
            |s| ask_sketch(&s),
        );
    }
}

fn outcomes() -> Distribution {
    let mut outcomes = Distribution::new(&budget());
    for i in 0..24_u8 {
        outcomes
            .add(
                (i % 11 != 10).then_some(f64::from(i % 13) - 4.0),
                Some([&b"control"[..], "é".as_bytes()][usize::from(i % 2)]),
                (i % 17 != 16).then_some(Key::of_bigint(i64::from(i % 8))),
            )
            .unwrap();
    }
    outcomes
}

#[test]
fn distributions() {
    every_change(
        &outcomes().encode(),
        true,
        |b| Distribution::decode(b, &budget()),
        |mut d| {
            let students = rows(false);
            for control in ["control", "é"] {
                let answer = effect::quantile_effects(&mut d, control, &[0.25, 0.5], 0.95);
                for row in answer.iter().flatten() {
                    holds(&row.comparison.condition);
                    holds(&row.comparison.control);
                }
                if let Err(error) = &answer {
                    holds(&error.message());
                    error.detail().iter().for_each(|d| holds(d));
                }
                let options = LeeOptions {
                    trim: Trim::Paper,
                    strata: Strata::Ignore,
                    level: 0.95,
                };
                let _ = lee_bounds(&mut d, &students.first().unwrap(), control, &options);
            }
            let mut sum = outcomes();
            let _ = sum.merge(&d);
            sum.encode();
        },
    );
}

/// The names that a crafted distribution is not to have.
#[test]
fn conditions_of_distributions_are_texts() {
    let good = outcomes().encode();
    let at = good.windows(7).position(|w| w == b"control").unwrap();
    for (place, byte, why) in [
        (at, 0xff, "a condition's name is not UTF-8"),
        (at + 3, 0, "a condition's name has a zero byte"),
    ] {
        let mut bad = good.clone();
        bad[place] = byte;
        let error = Distribution::decode(&sealed(bad), &budget()).err().unwrap();
        assert_eq!(error.class(), Class::Corrupt);
        assert_eq!(
            error.message(),
            format!("stored distribution is damaged: {why}")
        );
    }
}

#[test]
fn rows_of_logistic_regressions() {
    let mut rows = Logistic::new(&budget());
    for i in 0..24_u8 {
        let x = [f64::from(i % 3), f64::from(i % 5) * 1e3];
        rows.add(Some(f64::from(i % 7 % 2)), (i != 9).then_some(&x[..]))
            .unwrap();
    }
    every_change(
        &rows.encode(),
        true,
        |b| Logistic::decode(b, &budget()),
        |rows| {
            let fit = rows.fit();
            if let Some(coefficients) = &fit.coefficients {
                let x = vec![0.5; coefficients.len().saturating_sub(1)];
                let _ = logistic_predict(coefficients, &x);
            }
            let mut sum = Logistic::new(&budget());
            let _ = sum.merge(&rows);
            sum.encode();
        },
    );
}

const METHODS: [Method; 10] = [
    Method::First,
    Method::Last,
    Method::Mean,
    Method::Median,
    Method::Min,
    Method::Max,
    Method::Sum,
    Method::Count,
    Method::Mode,
    Method::Stddev,
];

#[test]
fn states_of_reductions() {
    for method in METHODS {
        println!("{}", method.word());
        let mut numbers = NumberReduction::new(method, &budget()).unwrap();
        for (value, i) in [1.5, -3.0, 1.5, 1e300, 0.1].into_iter().zip(0..) {
            numbers.add(value, Some(i), -i).unwrap();
        }
        every_change(
            &numbers.encode(),
            false,
            |b| NumberReduction::decode(b, &budget()),
            |mut state| {
                let _ = state.finish();
                let again = NumberReduction::decode(&state.encode(), &budget()).unwrap();
                let _ = state.merge(again);
                let _ = state.finish();
            },
        );
        let Ok(mut texts) = TextReduction::new(method, &budget()) else {
            continue;
        };
        for (value, i) in ["b", "ä", "b", ""].into_iter().zip(0..) {
            texts.add(value, Some(i), 0).unwrap();
        }
        every_change(
            &texts.encode(),
            false,
            |b| TextReduction::decode(b, &budget()),
            |mut state| {
                state.finish().iter().for_each(|t| holds(t));
                let again = TextReduction::decode(&state.encode(), &budget()).unwrap();
                let _ = state.merge(again);
                let _ = state.finish();
            },
        );
    }
}

/// Everything that is asked of a plan and the facts of a user.
fn ask_resolution(plan: &Compiled, facts: &Facts<'_>) {
    for answer in assign(plan, facts, "u", 0, None) {
        holds(answer.site);
        holds(answer.target);
        let texts = [
            answer.experiment,
            answer.condition,
            answer.payload,
            answer.levels,
        ];
        texts.into_iter().flatten().for_each(holds);
    }
    for (site, target) in [("s", "t"), ("other", "")] {
        let _ = assign(plan, facts, "u", 0, Some((site, target)));
        for step in explain(plan, facts, "u", 0, site, target) {
            holds(&step.outcome);
            holds(&step.detail);
        }
        for condition in [None, Some("control"), Some("{\"a\":1}")] {
            let visit = Visit {
                site,
                target,
                condition,
                status: MarkStatus::Applied,
                experiment: None,
            };
            let _ = mark(plan, facts, "u", 0, &visit);
        }
    }
    for key in ["a", "b"] {
        let _ = plan.pool_ids(key);
    }
}

fn facts() -> Vec<u8> {
    let rows = world::Rows::default()
        .group("class", "7b")
        .enrolled(1, "user", "u", "control")
        .excluded(2, "class", "7b", "REACHED_PRIOR")
        .enrolled_within(2, "u")
        .preview()
        .pack();
    let more = encode(&[
        (
            's',
            [Some("100"), Some("user"), Some("u"), None, None, None],
        ),
        (
            'a',
            [
                Some("2"),
                Some("class"),
                Some("7b"),
                Some("control"),
                Some("x"),
                Some("1"),
            ],
        ),
        (
            'r',
            [Some("2"), Some("s"), Some("t"), Some("3"), None, None],
        ),
        ('p', [Some("1"), Some("control"), None, None, None, None]),
    ]);
    [rows, more].concat()
}

fn plan() -> Vec<u8> {
    let mut a = world::experiment(1, "a");
    a.include = vec![world::INCLUDE];
    a.conditions[0].payload = Some(r#"{"a":"\u0001"}"#.to_owned());
    let mut b = world::experiment(2, "b");
    b.points.push(world::point("other", ""));
    b.holdout = Some(("h".to_owned(), 0.1));
    serde_json::to_vec(&world::plan(vec![a, b])).unwrap()
}

#[test]
fn packed_facts() {
    let (bytes, plan) = (facts(), Compiled::from_json(&plan()).unwrap());
    let read = |b: &[u8]| Facts::decode(b).map(|_| b.to_vec());
    every_change(&bytes, false, read, |b| {
        ask_resolution(&plan, &Facts::decode(&b).unwrap().at(0));
    });
}

#[test]
fn plans() {
    let facts = facts();
    every_change(&plan(), false, Compiled::from_json, |plan| {
        ask_resolution(&plan, &Facts::decode(&facts).unwrap().at(0));
    });
    let nul = String::from_utf8(plan())
        .unwrap()
        .replace("\"other\"", "\"\\u0000\"");
    let error = Compiled::from_json(nul.as_bytes()).err().unwrap();
    assert_eq!(error.class(), Class::Corrupt);
}
