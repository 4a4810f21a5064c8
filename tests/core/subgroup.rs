//! Effects in segments.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, Report, number, read};
use rct_core::budget::Budget;
use rct_core::effect::{
    Guard, InteractionTest, Segments, SubgroupEffect, effects, interaction_test, subgroup_effects,
};
use rct_core::error::Explain;
use rct_core::regression::{Adjust, Options, QuestionError, Strata};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};
use std::collections::BTreeMap;

const ALL: (i64, i64) = (1, 1);

/// The segment of a row, by column names.
type SegmentOf = fn(&BTreeMap<&str, &str>) -> String;

fn of_four(row: &BTreeMap<&str, &str>) -> String {
    (row["student_id"].parse::<u64>().unwrap() % 4).to_string()
}

fn of_three(row: &BTreeMap<&str, &str>) -> String {
    (row["student_id"].parse::<u64>().unwrap() % 3).to_string()
}

/// Sketches of a model's rows by segment; rows of a model without subset.
fn by_segment(m: &Model<'_>, segment: SegmentOf) -> Vec<(Option<String>, Sketch)> {
    let table = read(&format!("{}/{}", m.design, m.table));
    let budget = Budget::unlimited();
    let mut builders: BTreeMap<String, Builder> = BTreeMap::new();
    for row in &table.rows {
        let named: BTreeMap<&str, &str> = table
            .header
            .iter()
            .map(String::as_str)
            .zip(row.iter().map(String::as_str))
            .collect();
        let columns = std::iter::once(m.outcome)
            .chain(m.covariates.iter().copied())
            .chain(m.weight);
        let values: Vec<Option<f64>> = columns.map(|c| number(named[c])).collect();
        let key = |name: &str| Key::of_text(named[name].as_bytes());
        builders
            .entry(segment(&named))
            .or_insert_with(|| Builder::new(oracle::columns(m, m.covariates), &budget))
            .add(&Row {
                condition: Some(named[m.condition].as_bytes()),
                cluster: Some(Cluster::Digest(key(m.cluster))),
                stratum: m.stratum.map_or(Key::NONE, key),
                values: &values,
            })
            .unwrap();
    }
    builders
        .into_iter()
        .map(|(name, mut builder)| {
            let bytes = builder.sketch().unwrap().encode();
            (Some(name), Sketch::decode(&bytes, &budget).unwrap())
        })
        .collect()
}

fn segments(parts: &[(Option<String>, Sketch)]) -> Segments<'_> {
    let (names, views) = parts
        .iter()
        .map(|(name, sketch)| (name.clone(), Some(sketch.first().unwrap())))
        .unzip();
    Segments::new(names, views).unwrap()
}

fn cases() -> Vec<(&'static str, Model<'static>, SegmentOf)> {
    let s01 = || Model {
        design: "s01_balanced_2arm",
        ..PLAIN
    };
    let s02 = || Model {
        design: "s02_unequal_sizes",
        ..PLAIN
    };
    let s03 = || Model {
        design: "s03_three_arm",
        condition: "arm",
        control: "control",
        ..PLAIN
    };
    let s08 = || Model {
        design: "s08_strata_nested",
        ..PLAIN
    };
    let s09 = || Model {
        design: "s09_strata_crossing",
        stratum: Some("grade"),
        ..PLAIN
    };
    let s10 = || Model {
        design: "s10_weights",
        ..PLAIN
    };
    let female: SegmentOf = |r| r["female"].to_owned();
    let x = &["x"];
    vec![
        ("female", s01(), female),
        (
            "female_x",
            Model {
                covariates: x,
                ..s01()
            },
            female,
        ),
        ("four", s01(), of_four),
        (
            "four_x",
            Model {
                covariates: x,
                ..s02()
            },
            of_four,
        ),
        ("female", s02(), female),
        ("arms", s03(), female),
        (
            "arms_x",
            Model {
                covariates: x,
                ..s03()
            },
            of_three,
        ),
        ("stratum", s08(), |r| r["stratum"].to_owned()),
        (
            "within_stratum",
            Model {
                covariates: x,
                stratum: Some("stratum"),
                ..s08()
            },
            female,
        ),
        ("crossing", s09(), |r| r["year"].to_owned()),
        (
            "crossing_x",
            Model {
                covariates: x,
                ..s09()
            },
            |r| r["year"].to_owned(),
        ),
        (
            "weights",
            Model {
                weight: Some("w"),
                ..s10()
            },
            female,
        ),
        (
            "weights_x",
            Model {
                weight: Some("w"),
                covariates: x,
                stratum: Some("grade"),
                ..s10()
            },
            of_three,
        ),
        (
            "cluster_weights",
            Model {
                weight: Some("w_cl"),
                ..s10()
            },
            |r| r["grade"].to_owned(),
        ),
    ]
}

fn options(m: &Model<'_>) -> Options {
    Options {
        adjust: if m.covariates.is_empty() {
            Adjust::None
        } else {
            Adjust::Ancova
        },
        ..Options::default()
    }
}

fn guard((students, clusters): (i64, i64)) -> Guard {
    Guard::new(students, clusters).unwrap()
}

#[test]
fn as_one_regression_with_all_interactions() {
    let (effects, tests) = (read("subgroups/effects.csv"), read("subgroups/tests.csv"));
    let mut report = Report::default();
    for (id, model, segment) in cases() {
        let sketches = by_segment(&model, segment);
        let segments = segments(&sketches);
        let rows =
            subgroup_effects(&segments, model.control, &options(&model), guard(ALL)).unwrap();
        let mine = |r: &&Vec<String>| r[0] == model.design && r[1] == id;
        let expected: Vec<&Vec<String>> = effects.rows.iter().filter(mine).collect();
        assert_eq!(rows.len(), expected.len(), "{id}");
        for e in expected {
            let row = rows
                .iter()
                .find(|r| r.segment == e[2] && r.comparison.condition == e[3])
                .unwrap();
            let what = |name: &str| format!("{} {id} {} {} {name}", model.design, e[2], e[3]);
            let got = &row.inference;
            report.check(what("estimate"), got.estimate, number(&e[4]), 0.0);
            report.check(what("std_error"), got.std_error, number(&e[5]), 0.0);
            report.check(what("df"), got.df, number(&e[6]), 0.0);
            if row.comparison.clusters > 1
                && row.comparison.clusters_control > 1
                && got.df > Some(2.0)
            {
                report.check(what("p_value"), got.p_value, number(&e[7]), 0.0);
            }
        }
        let got = interaction_test(&segments, model.control, &options(&model), guard(ALL)).unwrap();
        for e in tests.rows.iter().filter(mine) {
            let test = got.iter().find(|t| t.condition == e[2]).unwrap();
            let what = |name: &str| format!("{} {id} {} {name}", model.design, e[2]);
            assert_eq!(
                test.segments.len().to_string(),
                e[3],
                "{} {id}: {:?}",
                model.design,
                test.notes
            );
            report.check(what("f"), test.test.f, number(&e[4]), 0.0);
            report.check(what("df_num"), test.test.df_num, number(&e[5]), 0.0);
            report.check(what("df_den"), test.test.df_den, number(&e[6]), 0.0);
            report.check(what("p_value"), test.test.p_value, number(&e[7]), 0.0);
            report.check(what("difference"), test.estimate, number(&e[8]), 0.0);
            report.check(what("difference se"), test.std_error, number(&e[9]), 0.0);
            if let (Some(t), Some(f)) = (test.t, test.test.f) {
                report.check(what("t squared"), Some(t * t), Some(f), 0.0);
                let half = (test.ci_high.unwrap() - test.ci_low.unwrap()) / 2.0;
                let p = rct_core::distribution::t_two_sided(
                    half / test.std_error.unwrap(),
                    test.test.df_den.unwrap(),
                );
                assert!((p.unwrap() - 0.05).abs() < 1e-9, "{p:?}");
            }
        }
    }
    report.finish(250);
}

/// Rows of (condition, cluster, outcome).
fn sketch(rows: &[(&str, u64, f64)]) -> Option<Sketch> {
    let mut builder = Builder::new(Columns::simple(false), &Budget::unlimited());
    for (condition, cluster, outcome) in rows {
        builder
            .add(&Row {
                condition: Some(condition.as_bytes()),
                cluster: Some(Cluster::Number(*cluster as i64)),
                stratum: Key::NONE,
                values: &[Some(*outcome)],
            })
            .unwrap();
    }
    Some(Sketch::decode(&builder.sketch().unwrap().encode(), &Budget::unlimited()).unwrap())
}

/// 2 × `clusters` clusters of `size` rows whose effect is `effect`.
fn made_up(clusters: u64, size: u64, effect: f64) -> Vec<(&'static str, u64, f64)> {
    let row = |g: u64, i: u64| {
        let y = ((g * 7 + i * 11) % 13) as f64 + ((g * 5) % 7) as f64;
        match g % 2 {
            0 => ("control", g, y),
            _ => ("hints", g, y + effect),
        }
    };
    (0..2 * clusters)
        .flat_map(|g| (0..size).map(move |i| row(g, i)))
        .collect()
}

fn named<'a>(parts: &'a [(&str, Option<Sketch>)]) -> Result<Segments<'a>, QuestionError> {
    let view = |s: &'a Option<Sketch>| s.as_ref().map(|s| s.first().unwrap());
    let (names, views) = parts
        .iter()
        .map(|(n, s)| (Some((*n).to_owned()), view(s)))
        .unzip();
    Segments::new(names, views)
}

fn run(
    parts: Vec<(&str, Option<Sketch>)>,
    counts: (i64, i64),
) -> (Vec<SubgroupEffect>, Vec<InteractionTest>) {
    let (segments, options) = (named(&parts).unwrap(), Options::default());
    (
        subgroup_effects(&segments, "control", &options, guard(counts)).unwrap(),
        interaction_test(&segments, "control", &options, guard(counts)).unwrap(),
    )
}

#[test]
fn small_segments_are_held_back() {
    let small = made_up(2, 3, 1.0);
    let parts = || {
        vec![
            ("b", sketch(&made_up(8, 6, 1.0))),
            ("a", sketch(&made_up(8, 5, 3.0))),
            ("small", sketch(&small)),
            ("none", None),
        ]
    };
    let (rows, tests) = run(parts(), (10, 5));
    let names: Vec<&str> = rows.iter().map(|r| r.segment.as_str()).collect();
    assert_eq!(names, ["a", "b", "small"]);
    let held = &rows[2];
    assert!(held.guarded && held.inference.estimate.is_none() && held.p_holm.is_none());
    assert_eq!((held.comparison.n, held.comparison.n_control), (6, 6));
    assert_eq!(
        (held.comparison.clusters, held.comparison.clusters_control),
        (2, 2)
    );
    assert!(
        held.notes[0].to_string().starts_with("small_count: "),
        "{:?}",
        held.notes
    );
    let p = |i: usize| rows[i].inference.p_value.unwrap();
    let smaller = if p(0) < p(1) { 0 } else { 1 };
    assert_eq!(rows[smaller].p_holm, Some((2.0 * p(smaller)).min(1.0)));
    assert_eq!(tests[0].segments, ["a", "b"]);
    assert!(
        tests[0].notes[0]
            .to_string()
            .starts_with("small_count: segment \"small\"")
    );
    // Just at the guard.
    let (rows, _) = run(parts(), (6, 2));
    assert!(!rows[2].guarded && rows[2].inference.estimate.is_some());
    assert!(run(parts(), (7, 2)).0[2].guarded && run(parts(), (6, 3)).0[2].guarded);
}

#[test]
fn what_a_segment_lacks() {
    let full = made_up(8, 6, 1.0);
    let only: Vec<_> = full.iter().filter(|r| r.0 == "hints").copied().collect();
    let mut more = full.clone();
    more.extend(
        full.iter()
            .filter(|r| r.0 == "hints")
            .map(|r| ("video", r.1 + 100, r.2 + (r.1 % 3) as f64)),
    );
    let parts = vec![
        ("full", sketch(&full)),
        ("more", sketch(&more)),
        ("only", sketch(&only)),
    ];
    let (rows, tests) = run(parts, ALL);
    let told: Vec<(&str, &str, bool, (u64, u64))> = rows
        .iter()
        .map(|r| {
            (
                r.segment.as_str(),
                r.comparison.condition.as_str(),
                r.inference.estimate.is_some(),
                (r.comparison.n, r.comparison.n_control),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("full", "hints", true, (48, 48)),
            ("full", "video", false, (0, 48)),
            ("more", "hints", true, (48, 48)),
            ("more", "video", true, (48, 48)),
            ("only", "hints", false, (48, 0)),
            ("only", "video", false, (0, 0)),
        ]
    );
    // A guard of 1 holds back what has no row at all.
    assert!(rows[1].guarded && rows[4].guarded && !rows[0].guarded);
    assert_eq!(tests[0].segments, ["full", "more"]);
    assert_eq!(tests[1].segments, ["more"]);
    assert!(tests[1].test.f.is_none());
    assert!(
        tests[1]
            .notes
            .iter()
            .any(|n| n.to_string().starts_with("too_few_segments: ")),
        "{:?}",
        tests[1].notes
    );
}

#[test]
fn the_same_rows_in_two_segments_do_not_differ() {
    let rows = made_up(6, 5, 2.0);
    let (_, tests) = run(vec![("a", sketch(&rows)), ("b", sketch(&rows))], ALL);
    let zero = Some(0.0);
    assert_eq!((tests[0].estimate, tests[0].std_error), (zero, zero));
    assert!(
        tests[0].test.p_value.is_none()
            && tests[0].notes[0].to_string().starts_with("no_residual: ")
    );
    // Without shared clusters variances add up.
    let moved: Vec<_> = rows.iter().map(|r| (r.0, r.1 + 1000, r.2)).collect();
    let (effects, tests) = run(vec![("a", sketch(&rows)), ("b", sketch(&moved))], ALL);
    let se = effects[0].inference.std_error.unwrap();
    assert!((tests[0].std_error.unwrap() - se * 2f64.sqrt()).abs() < 1e-14);
    assert!((tests[0].test.df_den.unwrap() - 2.0 * effects[0].inference.df.unwrap()).abs() < 1e-9);
}

#[test]
fn a_segment_is_analysed_as_its_rows_alone() {
    let (a, b) = (made_up(7, 6, 1.0), made_up(9, 4, 3.0));
    let (rows, _) = run(vec![("a", sketch(&a)), ("b", sketch(&b))], ALL);
    let alone = effects(
        &sketch(&a).unwrap().first().unwrap(),
        "control",
        &Options::default(),
    )
    .unwrap();
    assert_eq!(rows[0].inference.ci_low, alone[0].inference.ci_low);
    assert_eq!(rows[0].inference.p_value, alone[0].inference.p_value);
    let ignore = Options {
        strata: Strata::Ignore,
        level: 0.9,
        ..Options::default()
    };
    let parts = [("a", sketch(&a))];
    let segments = named(&parts).unwrap();
    let row = &subgroup_effects(&segments, "control", &ignore, guard(ALL)).unwrap()[0];
    assert_eq!(
        row.inference.ci_low,
        effects(&sketch(&a).unwrap().first().unwrap(), "control", &ignore).unwrap()[0]
            .inference
            .ci_low
    );
}

#[test]
fn refused() {
    let message = |r: Result<Segments<'_>, QuestionError>| r.unwrap_err().message();
    let rows = made_up(3, 2, 0.0);
    assert_eq!(
        message(named(&[("a", sketch(&rows)), ("a", sketch(&rows))])),
        "segments must be different names, got \"a\" twice"
    );
    assert_eq!(
        message(Segments::new(vec![None], vec![None])),
        "segments must be names, got NULL"
    );
    assert_eq!(
        message(Segments::new(vec![Some("a".to_owned())], vec![])),
        "sketches must be as many as segments, got 0 for 1 segments"
    );
    assert_eq!(
        Guard::new(0, 1).unwrap_err().message(),
        "min_students must be at least 1, got 0"
    );
    assert_eq!(
        Guard::new(1, -3).unwrap_err().message(),
        "min_clusters must be at least 1, got -3"
    );
    let parts = [("a", sketch(&rows))];
    let segments = named(&parts).unwrap();
    let of = |control: &str, s: &Segments<'_>| {
        subgroup_effects(s, control, &Options::default(), guard(ALL))
    };
    assert_eq!(
        of("x", &segments).unwrap_err().message(),
        "control condition \"x\" is not in the sketch"
    );
    let only: Vec<_> = rows.iter().filter(|r| r.0 == "control").copied().collect();
    let parts = [("a", sketch(&only))];
    let segments = named(&parts).unwrap();
    assert!(matches!(
        of("control", &segments),
        Err(QuestionError::OnlyControl(_))
    ));
    assert!(of("x", &named(&[("a", None)]).unwrap()).unwrap().is_empty());
    let one = sketch(&rows).unwrap();
    let many = (0..101)
        .map(|i| (Some(i.to_string()), Some(one.first().unwrap())))
        .unzip();
    let many: (Vec<_>, Vec<_>) = many;
    let segments = Segments::new(many.0, many.1).unwrap();
    let error =
        interaction_test(&segments, "control", &Options::default(), guard(ALL)).unwrap_err();
    assert_eq!(
        error.message(),
        "segments must be at most 100 segments in one test, got 101"
    );
}
