//! What is zero, and at which scale: exact zeros stay zeros, rounding is never tested, and the scale of one condition or
//! column does nothing to the comparison of others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use rct_core::budget::Budget;
use rct_core::effect::{
    Coefficient, Effect, EffectSizeRow, Guard, Measure, Segments, arms, cluster_diagnostics,
    coefficients, effect_sizes, effects, influence, interaction_test, joint_test, subgroup_effects,
};
use rct_core::exact::{Sum, sample_variance};
use rct_core::integrity::{balance, balance_joint};
use rct_core::note::Code;
use rct_core::regression::{Adjust, Estimand, Inference, Options, StdError, Strata};
use rct_core::resampling::{
    Draws, Statistic, Weights, WildOptions, randomization_test, simultaneous_intervals,
    wild_bootstrap,
};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};
use rct_core::variance::{Within, icc, variance_components};

#[derive(Debug, Clone)]
struct Student {
    y: f64,
    condition: &'static str,
    cluster: i64,
    stratum: i64,
    x: Vec<f64>,
    weight: Option<f64>,
}

/// Another unit or origin of a value.
type Move = fn(f64) -> f64;
/// The same by cluster.
type Disguise = fn(f64, i64) -> f64;

const ALL: [StdError; 7] = [
    StdError::Cr2,
    StdError::Cr0,
    StdError::Cr1,
    StdError::Cr1s,
    StdError::Cr1p,
    StdError::Cr3,
    StdError::Cv3,
];

fn sketch_with(students: &[Student], cluster: impl Fn(&Student) -> Cluster) -> Sketch {
    let budget = Budget::unlimited();
    let covariates = students.first().map_or(0, |s| s.x.len());
    let names: Vec<String> = (0..covariates).map(|i| format!("x{i}")).collect();
    let columns = match covariates {
        0 => "y; weight: w".to_owned(),
        _ => format!("y ~ {}; weight: w", names.join(", ")),
    };
    let mut builder = Builder::new(Columns::parse(&columns).unwrap(), &budget);
    for s in students {
        let mut values = vec![Some(s.y)];
        values.extend(s.x.iter().map(|&x| Some(x)));
        values.push(s.weight);
        builder
            .add(&Row {
                condition: Some(s.condition.as_bytes()),
                cluster: Some(cluster(s)),
                stratum: Key::of_bigint(s.stratum),
                values: &values,
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

/// The outcome over the first covariate.
fn ratios(students: &[Student]) -> Sketch {
    let columns = Columns::parse("y / x").unwrap();
    let mut builder = Builder::new(columns, &Budget::unlimited());
    for s in students {
        builder
            .add(&Row {
                condition: Some(s.condition.as_bytes()),
                cluster: Some(Cluster::Number(s.cluster)),
                stratum: Key::of_bigint(s.stratum),
                values: &[Some(s.y), Some(s.x[0])],
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

fn sketch(students: &[Student]) -> Sketch {
    sketch_with(students, |s| Cluster::Number(s.cluster))
}

/// Whole numbers from a counter, so that the data are the same anywhere.
fn noise(i: i64) -> f64 {
    (((i * 7919 + 13) % 1009 + (i * 104_729) % 2003) % 512) as f64
}

/// Students of three conditions on a grid of 1/1024 and about 1, in classes of unequal size; two covariates.
fn students() -> Vec<Student> {
    let mut out = Vec::new();
    for cluster in 0..24 {
        for i in 0..3 + cluster % 4 {
            let at = cluster * 10 + i;
            let level = noise(cluster + 500);
            out.push(Student {
                y: (noise(at) + 2.0 * level) / 1024.0,
                condition: ["c", "t", "x"][cluster as usize % 3],
                cluster,
                stratum: cluster / 8,
                x: vec![(noise(at + 300) + level) / 1024.0, noise(at + 700) / 1024.0],
                weight: None,
            });
        }
    }
    out
}

fn of<'a>(rows: &'a [Effect], condition: &str) -> &'a Effect {
    rows.iter()
        .find(|r| r.comparison.condition == condition)
        .unwrap()
}

#[track_caller]
fn near(got: Option<f64>, expected: Option<f64>, tolerance: f64, what: &str) {
    match (got, expected) {
        (Some(a), Some(b)) => {
            let error = (a - b).abs() / b.abs().max(f64::MIN_POSITIVE);
            assert!(
                a == b || error <= tolerance,
                "{what}: {a} is not {b}: {error}"
            );
        }
        (a, b) => assert_eq!(a, b, "{what}"),
    }
}

#[track_caller]
fn same_inference(got: &Inference, expected: &Inference, unit: f64, tolerance: f64, what: &str) {
    let scaled = |v: Option<f64>| v.map(|v| v * unit);
    near(got.estimate, scaled(expected.estimate), tolerance, what);
    near(got.std_error, scaled(expected.std_error), tolerance, what);
    near(got.df, expected.df, tolerance, what);
    near(got.t, expected.t, tolerance, what);
    near(got.p_value, expected.p_value, 100.0 * tolerance, what);
}

/// The effect of condition t on one scale.
fn size(data: &Sketch, options: &Options, measure: Measure) -> EffectSizeRow {
    effect_sizes(&data.first().unwrap(), "c", options)
        .unwrap()
        .into_iter()
        .find(|r| r.comparison.condition == "t" && r.measure == measure)
        .unwrap()
}

fn has(e: &Effect, code: Code) -> bool {
    e.notes.iter().any(|n| n.code == code)
}

#[track_caller]
fn same(got: &Effect, expected: &Effect, unit: f64, what: &str) {
    same_inference(&got.inference, &expected.inference, unit, 1e-9, what);
    let scaled = |v: Option<f64>| v.map(|v| v * unit);
    near(got.sd, scaled(expected.sd), 1e-9, what);
    near(got.sd_control, scaled(expected.sd_control), 1e-9, what);
    near(got.hedges_g, expected.hedges_g, 1e-9, what);
}

/// Functions of the outcome of a condition that change its unit and origin, exactly.
fn elsewhere() -> Vec<(&'static str, Move)> {
    vec![
        ("times 2^30", |y| y * 2f64.powi(30)),
        ("times 2^-30", |y| y * 2f64.powi(-30)),
        ("times 2^60", |y| y * 2f64.powi(60)),
        ("plus 1e9", |y| y + 1e9),
        ("less 1e9", |y| y - 1e9),
        ("milliseconds", |y| y * 1024.0 + 1.7e12),
        ("constant", |_| 1e15),
    ]
}

#[test]
fn the_scale_of_one_condition_does_nothing_to_others() {
    let plain = students();
    for weight in [None, Some(1.0 / 3.0)] {
        for strata in [Strata::Ignore, Strata::Absorb] {
            let weighted = |students: &[Student]| {
                let mut students = students.to_vec();
                for (i, s) in students.iter_mut().enumerate() {
                    s.weight = weight.map(|w| w + (i % 3) as f64);
                }
                students
            };
            let before = sketch(&weighted(&plain));
            for (name, change) in elsewhere() {
                // With strata only the origin of a condition is one of its own.
                let exact_shift = ["plus 1e9", "less 1e9"].contains(&name);
                if strata == Strata::Absorb && !exact_shift {
                    continue;
                }
                let mut moved = plain.clone();
                for s in moved.iter_mut().filter(|s| s.condition == "x") {
                    s.y = change(s.y);
                }
                let after = sketch(&weighted(&moved));
                for estimand in [Estimand::Student, Estimand::Cluster] {
                    for se in ALL {
                        let options = Options {
                            se,
                            strata,
                            estimand,
                            ..Options::default()
                        };
                        let what = format!("{name} {se:?} {strata:?} {estimand:?} {weight:?}");
                        let (a, b) = (
                            effects(&after.first().unwrap(), "c", &options).unwrap(),
                            effects(&before.first().unwrap(), "c", &options).unwrap(),
                        );
                        assert!(of(&a, "t").inference.p_value.is_some(), "{what}");
                        same(of(&a, "t"), of(&b, "t"), 1.0, &what);
                        near(of(&a, "t").lift_low, of(&b, "t").lift_low, 1e-9, &what);
                    }
                }
            }
        }
    }
}

#[test]
fn nor_in_the_other_functions() {
    let plain = students();
    let options = Options {
        strata: Strata::Ignore,
        ..Options::default()
    };
    let student = |s: &Sketch| {
        let lin = Options {
            adjust: Adjust::Lin,
            ..Options::default()
        };
        effects(&s.first().unwrap(), "c", &lin).unwrap()[0].inference
    };
    let ratio = |s: &[Student]| {
        let usual = Options::default();
        effects(&ratios(s).ratio(None).unwrap(), "c", &usual).unwrap()[0].inference
    };
    let randomized = |s: &Sketch| {
        let draws = Draws::new(199, "seed").unwrap();
        let statistic = Statistic::Studentized;
        let rows =
            randomization_test(&s.first().unwrap(), "c", &options, statistic, &draws).unwrap();
        rows[0].clone()
    };
    let wild = |s: &Sketch| {
        let options = WildOptions {
            effect: Options {
                se: StdError::Cr1,
                ..options
            },
            draws: Draws::new(199, "seed").unwrap(),
            weights: Weights::Auto,
            null_imposed: true,
            single_cluster: true,
        };
        wild_bootstrap(&s.first().unwrap(), "c", &options).unwrap()[0].clone()
    };
    let of_students = |rows: &[Student]| sketch_with(rows, |_| Cluster::Digest(Key::STUDENT));
    let before = sketch(&plain);
    for (name, change) in elsewhere() {
        let mut moved = plain.clone();
        for s in moved.iter_mut().filter(|s| s.condition == "x") {
            s.y = change(s.y);
        }
        let after = sketch(&moved);
        same_inference(&ratio(&moved), &ratio(&plain), 1.0, 1e-9, name);
        let by_student = (of_students(&moved), of_students(&plain));
        same_inference(
            &student(&by_student.0),
            &student(&by_student.1),
            1.0,
            1e-9,
            name,
        );
        let (a, b) = (randomized(&after), randomized(&before));
        near(a.estimate, b.estimate, 1e-9, name);
        near(a.std_error, b.std_error, 1e-9, name);
        near(a.p_value, b.p_value, 0.0, name);
        near(a.ci_low, b.ci_low, 1e-6, name);
        let (a, b) = (wild(&after), wild(&before));
        near(a.t, b.t, 1e-9, name);
        near(a.p_value, b.p_value, 0.0, name);
        near(a.ci_high, b.ci_high, 1e-9, name);
        let sizes = |s: &Sketch| size(s, &options, Measure::HedgesG);
        let (a, b) = (sizes(&after), sizes(&before));
        assert!(a.inference.estimate.is_some() && a.icc.is_some(), "{name}");
        near(a.inference.estimate, b.inference.estimate, 1e-9, name);
        near(a.icc, b.icc, 1e-9, name);
        // Balance: the same of a covariate.
        let mut moved = plain.clone();
        for s in moved.iter_mut().filter(|s| s.condition == "x") {
            s.x[1] = change(s.x[1]);
        }
        let (a, b) = (sketch(&moved), sketch(&plain));
        let second = |s: &Sketch| {
            let rows = balance(&s.first().unwrap(), "c", Strata::Ignore).unwrap();
            let row = rows
                .into_iter()
                .find(|r| r.comparison.condition == "t" && r.number == 2);
            row.unwrap()
        };
        let (a, b) = (second(&a), second(&b));
        near(a.inference.estimate, b.inference.estimate, 1e-9, name);
        near(a.inference.std_error, b.inference.std_error, 1e-9, name);
        near(a.standardized, b.standardized, 1e-9, name);
        near(a.inference.p_value, b.inference.p_value, 1e-7, name);
    }
}

#[test]
fn spread_of_a_condition_far_away_has_all_its_digits() {
    for (name, change) in elsewhere() {
        if name == "constant" {
            continue;
        }
        let mut rows = students();
        for s in rows.iter_mut().filter(|s| s.condition == "x") {
            s.y = change(s.y);
        }
        for arm in arms(&sketch(&rows).first().unwrap()).unwrap() {
            let (mut sum, mut squares, mut n) = (Sum::default(), Sum::default(), 0);
            for s in rows.iter().filter(|s| s.condition == arm.condition) {
                sum.add(s.y);
                squares.add_square(s.y);
                n += 1;
            }
            let expected = sample_variance(&sum, &squares, n).map(f64::sqrt);
            near(arm.sd, expected, 1e-14, name);
        }
    }
}

#[test]
fn the_unit_and_the_origin_of_a_column_do_nothing() {
    let plain = students();
    let before = sketch(&plain);
    let exact: [(&str, f64, f64); 4] = [
        ("times 2^30", 2f64.powi(30), 0.0),
        ("times 2^-30", 2f64.powi(-30), 0.0),
        ("plus 1e9", 1.0, 1e9),
        ("times 2^-100", 2f64.powi(-100), 0.0),
    ];
    for (name, times, plus) in exact {
        for column in 0..3 {
            let mut moved = plain.clone();
            for s in &mut moved {
                match column {
                    0 => s.y = s.y * times + plus,
                    _ => s.x[column - 1] = s.x[column - 1] * times + plus,
                }
            }
            let after = sketch(&moved);
            let unit = if column == 0 { times } else { 1.0 };
            for adjust in [Adjust::None, Adjust::Ancova, Adjust::Lin] {
                for se in ALL {
                    let options = Options {
                        adjust,
                        se,
                        ..Options::default()
                    };
                    let (a, b) = (
                        effects(&after.first().unwrap(), "c", &options).unwrap(),
                        effects(&before.first().unwrap(), "c", &options).unwrap(),
                    );
                    for (a, b) in a.iter().zip(&b) {
                        same(a, b, unit, &format!("{name} of {column} {adjust:?} {se:?}"));
                    }
                }
            }
            let joint = |s| {
                joint_test::<&str>(s, "c", None, &Options::default())
                    .unwrap()
                    .test
                    .p_value
            };
            near(
                joint(&after.first().unwrap()),
                joint(&before.first().unwrap()),
                1e-8,
                name,
            );
            let test = |s| {
                balance_joint(s, "c", Strata::Absorb).unwrap()[0]
                    .test
                    .p_value
            };
            near(
                test(&after.first().unwrap()),
                test(&before.first().unwrap()),
                1e-7,
                name,
            );
            let rho = |s| icc(s, Within::ConditionStratum, 0.95).unwrap().icc;
            near(
                rho(&after.first().unwrap()),
                rho(&before.first().unwrap()),
                1e-9,
                name,
            );
            let explained = |s| variance_components(s, Within::Condition).unwrap().r2_within;
            near(
                explained(&after.first().unwrap()),
                explained(&before.first().unwrap()),
                1e-9,
                name,
            );
        }
    }
}

/// Six classes of 25: 10 of each control class pass, 13 of each other; in condition x 3, 10 and 21.
fn equal_classes(third: bool) -> Vec<Student> {
    let mut out = Vec::new();
    for cluster in 0..if third { 9 } else { 6 } {
        let (condition, passed) = match cluster {
            0..3 => ("c", 10),
            3..6 => ("t", 13),
            other => ("x", [3, 10, 21][other as usize - 6]),
        };
        for i in 0..25 {
            out.push(Student {
                y: (i < passed) as u8 as f64,
                condition,
                cluster,
                stratum: 0,
                x: Vec::new(),
                weight: None,
            });
        }
    }
    out
}

#[track_caller]
fn untested(i: &Inference) {
    assert_eq!(i.std_error, Some(0.0), "{i:?}");
    let rest = [i.df, i.t, i.p_value, i.ci_low, i.ci_high];
    assert_eq!(rest, [None; 5], "{i:?}");
}

/// Changes that leave what should be 0 at 0, but for the last digits of the values.
fn disguises() -> Vec<(&'static str, Disguise)> {
    vec![
        ("as they are", |y, _| y),
        ("in percent", |y, _| y * 100.0 / 3.0),
        ("far from 0", |y, _| y + 1e9),
        ("small", |y, _| y * 1e-9 / 3.0),
        ("summed in other orders", |y, cluster| match cluster % 3 {
            0 => y + (0.1 + 0.2),
            1 => y + 0.3,
            _ => y + (0.6 - 0.3),
        }),
    ]
}

#[test]
fn what_only_rounding_varies_is_not_tested() {
    for third in [false, true] {
        for (name, disguise) in disguises() {
            for weight in [None, Some(0.1)] {
                println!("{name}, third {third}, weight {weight:?}");
                let mut rows = equal_classes(third);
                for s in &mut rows {
                    s.y = disguise(s.y, s.cluster);
                    s.weight = weight;
                }
                let data = sketch(&rows);
                for estimand in [Estimand::Student, Estimand::Cluster] {
                    for se in ALL {
                        let options = Options {
                            se,
                            estimand,
                            ..Options::default()
                        };
                        let found = effects(&data.first().unwrap(), "c", &options).unwrap();
                        let row = of(&found, "t");
                        untested(&row.inference);
                        assert!(has(row, Code::NoResidual), "{row:?}");
                        assert_eq!((row.lift_low, row.lift_high), (None, None));
                        let size = size(&data, &options, Measure::HedgesG).inference;
                        assert!(size.estimate.is_some());
                        assert_eq!(
                            (size.std_error, size.ci_low, size.ci_high),
                            (None, None, None)
                        );
                        let joint = joint_test::<&str>(&data.first().unwrap(), "c", None, &options)
                            .unwrap();
                        assert_eq!(
                            (joint.test.f, joint.test.p_value),
                            (None, None),
                            "{joint:?}"
                        );
                    }
                }
                let options = Options::default();
                let draws = Draws::new(99, "seed").unwrap();
                let all = [data.first().unwrap()];
                let row = &simultaneous_intervals(&all, "c", &options, &draws).unwrap()[0];
                assert_eq!((row.p_adjusted, row.inference.ci_low), (None, None));
                let statistic = Statistic::Studentized;
                let row =
                    randomization_test(&data.first().unwrap(), "c", &options, statistic, &draws)
                        .unwrap()[0]
                        .clone();
                assert_eq!((row.std_error, row.t), (Some(0.0), None), "{row:?}");
                let wild = WildOptions {
                    effect: Options {
                        se: StdError::Cr1,
                        ..options
                    },
                    draws,
                    weights: Weights::Auto,
                    null_imposed: true,
                    single_cluster: true,
                };
                let row = wild_bootstrap(&data.first().unwrap(), "c", &wild).unwrap()[0].clone();
                assert_eq!((row.std_error, row.p_value), (Some(0.0), None), "{row:?}");
                let guard = Guard::new(1, 1).unwrap();
                let view = data.first().unwrap();
                let segments = Segments::new(
                    vec![Some("a".to_owned()), Some("b".to_owned())],
                    vec![Some(view.clone()), Some(view)],
                );
                let segments = segments.unwrap();
                let found = subgroup_effects(&segments, "c", &options, guard).unwrap();
                for row in found.iter().filter(|r| r.comparison.condition == "t") {
                    untested(&row.inference);
                }
                // The same clusters with the same outcomes in both segments: effects that do not differ, whatever they are.
                for test in interaction_test(&segments, "c", &options, guard).unwrap() {
                    assert_eq!((test.t, test.test.p_value), (None, None), "{test:?}");
                }
                let diagnostics =
                    cluster_diagnostics(&data.first().unwrap(), "c", Adjust::None, Strata::Absorb)
                        .unwrap();
                assert_eq!(diagnostics[0].se_cr3, None);
                for row in
                    influence(&data.first().unwrap(), "c", Adjust::None, Strata::Absorb).unwrap()
                {
                    if row.condition == "t" {
                        assert_eq!(row.change, Some(0.0));
                    }
                }
                let anova = icc(&data.first().unwrap(), Within::Condition, 0.95).unwrap();
                assert!(third || anova.msb == Some(0.0), "{anova:?}");
                for s in &mut rows {
                    s.x = vec![3.0];
                }
                let ratios = ratios(&rows);
                let found = effects(&ratios.ratio(None).unwrap(), "c", &options).unwrap();
                untested(&found[0].inference);
            }
        }
        let rates = sketch(&equal_classes(third));
        for measure in [Measure::RiskRatio, Measure::OddsRatio] {
            let row = size(&rates, &Options::default(), measure).inference;
            assert!(row.estimate.is_some());
            assert_eq!((row.df, row.ci_low, row.ci_high), (None, None, None));
        }
    }
}

#[test]
fn pairs_and_students_that_do_not_differ() {
    for (name, disguise) in disguises() {
        println!("{name}");
        let mut rows = equal_classes(false);
        for s in &mut rows {
            s.stratum = s.cluster % 3;
            // What the stratum adds is the same in both of a pair.
            s.y = disguise(s.y, s.stratum)
                + if name == "as they are" {
                    s.stratum as f64
                } else {
                    0.0
                };
        }
        let pairs = Options {
            strata: Strata::Pairs,
            ..Options::default()
        };
        let row = &effects(&sketch(&rows).first().unwrap(), "c", &pairs).unwrap()[0];
        untested(&row.inference);
        for s in &mut rows {
            s.y = disguise((s.condition == "t") as u8 as f64, s.cluster);
        }
        let data = sketch_with(&rows, |_| Cluster::Digest(Key::STUDENT));
        let ignore = Options {
            strata: Strata::Ignore,
            ..Options::default()
        };
        let row = &effects(&data.first().unwrap(), "c", &ignore).unwrap()[0];
        untested(&row.inference);
        assert_eq!(row.hedges_g, None);
        assert_eq!(
            arms(&sketch(&rows).first().unwrap()).unwrap()[0].sd,
            Some(0.0)
        );
    }
}

#[test]
fn what_a_covariate_explains_but_for_rounding_is_not_tested() {
    let mut rows = students();
    for s in &mut rows {
        s.y = 0.1 * s.x[0] - s.x[1] / 3.0 + if s.condition == "t" { 0.7 } else { 0.2 };
    }
    let data = sketch(&rows);
    for adjust in [Adjust::Ancova, Adjust::Lin] {
        for se in ALL {
            let options = Options {
                adjust,
                se,
                ..Options::default()
            };
            let found = effects(&data.first().unwrap(), "c", &options).unwrap();
            let row = of(&found, "t");
            near(row.inference.estimate, Some(0.5), 1e-14, "estimate");
            untested(&row.inference);
        }
    }
}

/// Points out of 21, and the same in percent rounded to so many decimals.
fn points(decimals: i32, shift: f64, times: f64) -> Sketch {
    let y = [3.1, 4.0, 4.6, 2.9, 5.9, 4.4, 2.2, 4.9, 5.6, 3.9, 2.6, 5.1];
    let points = [11, 14, 17, 9, 20, 13, 7, 16, 19, 12, 8, 15];
    let power = 10f64.powi(decimals);
    let rows: Vec<Student> = (0..12)
        .map(|i| {
            let points = f64::from(points[i]);
            Student {
                y: y[i],
                condition: ["c", "t"][i / 2 % 2],
                cluster: i as i64 / 2,
                stratum: 0,
                x: vec![
                    points * times + shift,
                    (points / 0.21 * power).round() / power,
                ],
                weight: None,
            }
        })
        .collect();
    sketch(&rows)
}

#[test]
fn covariates_that_say_nearly_the_same() {
    // Least squares in exact fractions.
    for (decimals, expected) in [(4, 0.07646622123236822), (3, 0.22381395348837185)] {
        for (shift, times) in [(0.0, 1.0), (1e6, 1.0), (0.0, 2f64.powi(-30))] {
            let data = points(decimals, shift, times);
            let options = Options {
                adjust: Adjust::Ancova,
                ..Options::default()
            };
            let row = effects(&data.first().unwrap(), "c", &options).unwrap()[0].clone();
            near(row.inference.estimate, Some(expected), 1e-9, "estimate");
            assert!(!has(&row, Code::AliasedCovariate), "{row:?}");
            let found = coefficients(&data.first().unwrap(), "c", &options).unwrap();
            let known = |t: &Coefficient| t.inference.estimate.is_some();
            assert!(found.terms.iter().all(known), "{found:?}");
            let explained = variance_components(&data.first().unwrap(), Within::Condition).unwrap();
            assert_eq!(explained.covariates, 2);
        }
    }
    // To eight decimals they are the same to 1e-7, as for R.
    let options = Options {
        adjust: Adjust::Ancova,
        ..Options::default()
    };
    let row = effects(&points(8, 0.0, 1.0).first().unwrap(), "c", &options).unwrap()[0].clone();
    let aliased = row.notes.iter().find(|n| n.code == Code::AliasedCovariate);
    let told = aliased.map_or("", |n| n.text.as_str());
    assert!(told.starts_with("covariate 2 "), "{row:?}");
}

#[test]
fn a_covariate_nearly_the_condition_gives_the_standard_error_of_a_reference() {
    // The second column is the first plus a millionth of a third: the regression is that on the first and the third.
    let plain = students();
    let mut alike = plain.clone();
    for s in &mut alike {
        s.x[1] = s.x[0] + s.x[1] * 2f64.powi(-20);
    }
    let (a, b) = (sketch(&alike), sketch(&plain));
    for se in ALL {
        let options = Options {
            adjust: Adjust::Ancova,
            se,
            ..Options::default()
        };
        let (a, b) = (
            effects(&a.first().unwrap(), "c", &options).unwrap(),
            effects(&b.first().unwrap(), "c", &options).unwrap(),
        );
        for (a, b) in a.iter().zip(&b) {
            same(a, b, 1.0, &format!("{se:?}"));
        }
    }
}

#[test]
fn a_mean_of_zero_has_no_lift() {
    let mut rows = students();
    for s in rows.iter_mut().filter(|s| s.condition != "c") {
        s.y += 1e9;
    }
    // Each value of the control once more, with the other sign.
    let mirror: Vec<Student> = rows
        .iter()
        .filter(|s| s.condition == "c")
        .map(|s| Student {
            y: -s.y,
            ..s.clone()
        })
        .collect();
    rows.extend(mirror);
    let found = effects(&sketch(&rows).first().unwrap(), "c", &Options::default()).unwrap();
    assert_eq!(of(&found, "t").mean_control, Some(0.0));
    assert!(has(of(&found, "t"), Code::NoLift));
}
