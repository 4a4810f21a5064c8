//! Properties that hold for any rows: order, grouping, shifting and scaling do not matter; what is stored is read back;
//! nothing panics. Proptest prints the seed and the smallest failing case.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use rct_core::budget::Budget;
use rct_core::effect::{arms, coefficients, contrasts, effects, joint_test};
use rct_core::note::Note;
use rct_core::planning::design_effect;
use rct_core::reduction::{Method, NumberReduction, TextReduction};
use rct_core::regression::{Adjust, Inference, Options, QuestionError, StdError, Strata};
use rct_core::sketch::{
    Builder, Centre, Cluster, Columns, Key, Row, Rows, Sketch, SketchError, View,
};
use rct_core::variance::{Within, icc};

#[derive(Debug, Clone)]
struct Data {
    outcome: Option<f64>,
    condition: Option<usize>,
    cluster: Option<i64>,
    stratum: Option<i64>,
    covariates: Vec<Option<f64>>,
    exposed: Option<f64>,
    weight: Option<f64>,
}

const CONDITIONS: [&str; 4] = ["control", "a", "b", "ä"];

/// One outcome, so many covariates, an exposure and a weight.
fn columns(covariates: usize) -> Columns {
    let names: Vec<String> = (0..covariates).map(|i| format!("x{i}")).collect();
    let covariates = match covariates {
        0 => String::new(),
        _ => format!(" ~ {}", names.join(", ")),
    };
    Columns::parse(&format!("y{covariates}; exposure: seen; weight: w")).unwrap()
}

fn sketch_of(covariates: usize, rows: &[Data], budget: &Budget) -> Result<Sketch, SketchError> {
    let mut builder = Builder::new(columns(covariates), budget);
    for row in rows {
        let mut values = vec![row.outcome];
        values.extend(&row.covariates);
        values.extend([row.exposed, row.weight]);
        builder.add(&Row {
            condition: row.condition.map(|c| CONDITIONS[c].as_bytes()),
            cluster: row.cluster.map(Cluster::Number),
            stratum: row.stratum.map_or(Key::NONE, Key::of_bigint),
            values: &values,
        })?;
    }
    let bytes = builder.sketch()?.encode();
    Sketch::decode(&bytes, budget)
}

/// Any finite double, also subnormal and huge.
fn any_number() -> BoxedStrategy<f64> {
    use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    prop_oneof![
        4 => -1000.0..1000.0f64,
        2 => (-100i32..100).prop_map(f64::from),
        1 => NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE,
    ]
    .boxed()
}

fn row(number: BoxedStrategy<f64>, covariates: usize) -> impl Strategy<Value = Data> {
    let maybe = |n: u32| prop::option::weighted(f64::from(n) / 10.0, number.clone());
    (
        maybe(9),
        prop::option::weighted(0.95, 0usize..4),
        prop::option::weighted(0.95, 0i64..6),
        prop::option::weighted(0.8, 0i64..3),
        prop::collection::vec(maybe(9), covariates),
        maybe(5),
        prop::option::weighted(0.7, prop::sample::select(vec![0.0, 0.5, 1.0, 3.0])),
    )
        .prop_map(
            |(outcome, condition, cluster, stratum, covariates, exposed, weight)| Data {
                outcome,
                condition,
                cluster,
                stratum,
                covariates,
                exposed,
                weight,
            },
        )
}

/// No number is undefined, and what is missing has a reason.
fn is_told(row: &Inference, notes: &[Note]) {
    let numbers = [
        row.estimate,
        row.std_error,
        row.df,
        row.t,
        row.p_value,
        row.ci_low,
        row.ci_high,
    ];
    assert!(
        numbers.into_iter().flatten().all(|v| !v.is_nan()),
        "{row:?}"
    );
    assert!(
        row.p_value.is_none_or(|p| (0.0..=1.0).contains(&p)),
        "{row:?}"
    );
    assert!(
        row.p_value.is_some() || !notes.is_empty(),
        "NULL without a reason: {row:?}"
    );
}

/// Terms of the regression, and hypotheses on them.
fn ask_terms(sketch: &View<'_>, options: &Options, damaged: bool) {
    let hypotheses = [
        "a = control",
        "(a + b)/2 = control + 1",
        "control = 2",
        "\"ä\" = b",
    ];
    let rows = contrasts(sketch, "control", &hypotheses, options);
    assert!(
        damaged || !matches!(rows, Err(QuestionError::Numeric(_))),
        "{rows:?}"
    );
    for row in rows.into_iter().flatten() {
        is_told(&row.inference, &row.notes);
    }
    let Ok(all) = coefficients(sketch, "control", options) else {
        return;
    };
    for (i, term) in all.terms.iter().enumerate() {
        is_told(&term.inference, &term.notes);
        let variance = all.covariance[i][i];
        assert_eq!(variance.is_some(), term.inference.std_error.is_some());
        assert_eq!(
            variance.map(f64::sqrt),
            term.inference.std_error,
            "{term:?}"
        );
        for (j, v) in all.covariance[i].iter().enumerate() {
            let known = variance.is_some() && all.covariance[j][j].is_some();
            assert_eq!((v.is_some(), *v), (known, all.covariance[j][i]));
        }
    }
}

/// Everything that a sketch can be asked; nothing may panic, whatever comes out. With weights that users could have, the
/// algebra may not fail either; damaged bytes may hold weights whose squares are not doubles.
fn ask_everything(sketch: &Sketch, damaged: bool) {
    // The columns may be damaged, too.
    let Ok(sketch) = &sketch.first() else {
        assert!(damaged);
        return;
    };
    for (adjust, strata) in [
        (Adjust::None, Strata::Absorb),
        (Adjust::Ancova, Strata::Ignore),
        (Adjust::Ancova, Strata::Absorb),
    ] {
        for se in [
            StdError::Cr0,
            StdError::Cr1,
            StdError::Cr1s,
            StdError::Cr2,
            StdError::Cr3,
            StdError::Naive,
        ] {
            let options = Options {
                adjust,
                strata,
                se,
                level: 0.9,
                ..Options::default()
            };
            let rows = effects(sketch, "control", &options);
            assert!(
                damaged || !matches!(rows, Err(QuestionError::Numeric(_))),
                "{rows:?}"
            );
            for row in rows.into_iter().flatten() {
                let numbers = [
                    row.inference.estimate,
                    row.inference.std_error,
                    row.inference.df,
                    row.inference.t,
                    row.inference.p_value,
                    row.inference.ci_low,
                    row.inference.ci_high,
                    row.hedges_g,
                ];
                assert!(
                    numbers.into_iter().flatten().all(|v| !v.is_nan()),
                    "{row:?}"
                );
                assert!(
                    row.inference
                        .p_value
                        .is_none_or(|p| (0.0..=1.0).contains(&p)),
                    "{row:?}"
                );
                assert!(
                    row.inference.p_value.is_some() || !row.notes.is_empty(),
                    "NULL without a reason: {row:?}"
                );
            }
            let _ = joint_test::<&str>(sketch, "control", None, &options);
            if !matches!(se, StdError::Cr2 | StdError::Cr3 | StdError::Naive) {
                continue;
            }
            ask_terms(sketch, &options, damaged);
            if adjust == Adjust::Ancova {
                let lin = Options {
                    adjust: Adjust::Lin,
                    ..options
                };
                ask_terms(sketch, &lin, damaged);
            }
        }
    }
    let _ = (arms(sketch), sketch.info(), sketch.cell_summaries());
    let _ = (
        icc(sketch, Within::Condition, 0.95),
        icc(sketch, Within::All, 0.5),
        design_effect(sketch, Within::All),
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn order_and_grouping_leave_the_same_bytes(
        (covariates, rows) in (0usize..4).prop_flat_map(|k| (Just(k), prop::collection::vec(row(any_number(), k), 0..150))),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 3),
    ) {
        let budget = Budget::unlimited();
        let whole = sketch_of(covariates, &rows, &budget).unwrap().encode();
        let mut reversed = rows.clone();
        reversed.reverse();
        prop_assert_eq!(&whole, &sketch_of(covariates, &reversed, &budget).unwrap().encode());
        // Parts merged in any grouping, also through their stored form.
        let mut at: Vec<usize> = cuts.iter().map(|c| c.index(rows.len() + 1)).collect();
        at.extend([0, rows.len()]);
        at.sort_unstable();
        let parts: Vec<Sketch> = at.windows(2).map(|w| sketch_of(covariates, &rows[w[0]..w[1]], &budget).unwrap()).collect();
        let mut left = Sketch::new(columns(covariates), &budget);
        parts.iter().for_each(|p| left.merge(p).unwrap());
        let mut right = Sketch::new(columns(covariates), &budget);
        for part in parts.iter().rev() {
            let mut joined = Sketch::decode(&part.encode(), &budget).unwrap();
            joined.merge(&right).unwrap();
            right = joined;
        }
        prop_assert_eq!(&whole, &left.encode());
        prop_assert_eq!(&whole, &right.encode());
        ask_everything(&left, false);
    }

    #[test]
    fn text_and_bytes_are_read_back(rows in prop::collection::vec(row(any_number(), 2), 0..60)) {
        let budget = Budget::unlimited();
        let sketch = sketch_of(2, &rows, &budget).unwrap();
        prop_assert_eq!(Sketch::from_text(&sketch.to_text(), &budget).unwrap().encode(), sketch.encode());
    }

    /// Flipped, cut and spliced bytes are refused or are another sketch in its one form; with the checksum mended too.
    #[test]
    fn damaged_bytes_do_no_harm(
        rows in prop::collection::vec(row(any_number(), 1), 1..20),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
        mend in any::<bool>(),
    ) {
        let budget = Budget::new(1 << 26);
        let mut bytes = sketch_of(1, &rows, &budget).unwrap().encode();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if mend && bytes.len() > 8 {
            let body = bytes.len() - 8;
            let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[..body]);
            bytes[body..].copy_from_slice(&checksum.to_le_bytes());
        }
        if let Ok(sketch) = Sketch::decode(&bytes, &budget) {
            prop_assert_eq!(sketch.encode(), bytes);
            ask_everything(&sketch, true);
        }
    }

    /// Integers shifted by 1e9 and scaled by powers of ten: the data change exactly, so only rounding may differ.
    #[test]
    fn shift_and_scale_leave_the_inference(
        rows in prop::collection::vec((-2000i32..2000, 0usize..2, 0i64..9, 0i64..2, -2000i32..2000), 60..120),
        exponent in prop::sample::select(vec![-40i32, 0, 40]),
    ) {
        let budget = Budget::unlimited();
        let make = |shift: f64, scale: f64| {
            let data: Vec<Data> = rows.iter().map(|&(y, condition, cluster, stratum, x)| Data {
                outcome: Some((f64::from(y) + f64::from(x) + shift) * scale),
                condition: Some(condition),
                cluster: Some(cluster),
                stratum: Some(stratum),
                covariates: vec![Some((f64::from(x) - shift) / scale)],
                exposed: None,
                weight: None,
            }).collect();
            sketch_of(1, &data, &budget).unwrap()
        };
        // 2^±40 is about 1e±12, and exact.
        let (scale, options) = (2f64.powi(exponent), Options { adjust: Adjust::Ancova, ..Options::default() });
        let (plain, moved) = (make(0.0, 1.0), make(1e9, scale));
        let (a, b) = (effects(&plain.first().unwrap(), "control", &options).unwrap(), effects(&moved.first().unwrap(), "control", &options).unwrap());
        let near = |x: Option<f64>, y: Option<f64>, floor: f64| match (x, y) {
            (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * x.abs().max(floor),
            (x, y) => x == y,
        };
        for (a, b) in a.iter().zip(&b) {
            let se = a.inference.std_error.unwrap_or(0.0);
            prop_assert!(near(a.inference.estimate, b.inference.estimate.map(|v| v / scale), se), "{:?} {:?}", a, b);
            prop_assert!(near(a.inference.std_error, b.inference.std_error.map(|v| v / scale), 0.0), "{:?} {:?}", a, b);
            prop_assert!(near(a.inference.df, b.inference.df, 0.0) && near(a.inference.p_value, b.inference.p_value, 1e-6), "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn reductions_do_not_depend_on_order_or_grouping(
        values in prop::collection::vec((proptest::num::f64::ANY, 0i64..5, 0i64..2), 0..40),
        cut in any::<prop::sample::Index>(),
        word in prop::sample::select(vec!["first", "last", "mean", "median", "min", "max", "sum", "count", "mode", "stddev"]),
    ) {
        let budget = Budget::unlimited();
        let method = Method::from_word(word).unwrap();
        let reduce = |part: &[(f64, i64, i64)]| {
            let mut state = NumberReduction::new(method, &budget).unwrap();
            part.iter().for_each(|&(v, at, tie)| state.add(v, Some(at), tie).unwrap());
            NumberReduction::decode(&state.encode(), &budget).unwrap()
        };
        let cut = cut.index(values.len() + 1);
        let mut merged = reduce(&values[cut..]);
        merged.merge(reduce(&values[..cut])).unwrap();
        let bits = |r: &NumberReduction| r.finish().map(f64::to_bits);
        prop_assert_eq!(bits(&merged), bits(&reduce(&values)), "{}", word);
        if method.needs_time() || method == Method::Mode {
            let text = |part: &[(f64, i64, i64)]| {
                let mut state = TextReduction::new(method, &budget).unwrap();
                part.iter().for_each(|&(v, at, tie)| state.add(&format!("{v:.1}"), Some(at), tie).unwrap());
                TextReduction::decode(&state.encode(), &budget).unwrap()
            };
            let mut merged = text(&values[cut..]);
            merged.merge(text(&values[..cut])).unwrap();
            let whole = text(&values);
            prop_assert_eq!(merged.finish(), whole.finish(), "{}", word);
        }
    }
}

#[test]
fn memory_per_cell() {
    // Doubles with all their digits, drawn evenly, in every cell more than once.
    for (covariates, limit) in [(0usize, 128), (6, 2048), (8, 2048)] {
        let budget = Budget::unlimited();
        let names: Vec<String> = (0..covariates).map(|i| format!("x{i}")).collect();
        let columns = Columns {
            covariates: names,
            ..Columns::simple(false)
        };
        let mut builder = Builder::new(columns, &budget);
        let mut random = 88172645463325252u64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 11) as f64 / 2f64.powi(53)
        };
        for i in 0..100_000i64 {
            let mut values = vec![Some(50.0 + 30.0 * next())];
            values.extend((0..covariates).map(|_| Some(next() * 3.0 - 1.5)));
            builder
                .add(&Row {
                    condition: Some(b"control"),
                    cluster: Some(Cluster::Number(i % 20_000)),
                    stratum: Key::NONE,
                    values: &values,
                })
                .unwrap();
        }
        let sketch = builder.sketch().unwrap();
        let bytes = sketch.bytes() / sketch.cell_count();
        println!("{covariates} covariates: {bytes} bytes per cell in memory");
        assert!(
            bytes <= limit,
            "{covariates} covariates: {bytes} bytes per cell"
        );
    }
}

#[test]
fn the_memory_limit_is_an_error_and_memory_is_given_back() {
    let budget = Budget::new(100_000);
    let mut builder = Builder::new(Columns::simple(false), &budget);
    let error = (0..100_000i64)
        .find_map(|i| {
            builder
                .add(&Row {
                    condition: Some(b"a"),
                    cluster: Some(Cluster::Number(i)),
                    stratum: Key::NONE,
                    values: &[Some(1.5)],
                })
                .err()
        })
        .unwrap();
    assert!(matches!(error, SketchError::Memory(_)), "{error:?}");
    assert!(budget.taken() <= 100_000);
    drop(builder);
    assert_eq!(budget.taken(), 0);
}

#[test]
fn numbers_out_of_range_are_an_error_and_not_a_result() {
    let budget = Budget::unlimited();
    for scale in [1e190, 1e150, 1e-190] {
        let mut builder = Builder::new(Columns::simple(false), &budget);
        for i in 0..20i64 {
            builder
                .add(&Row {
                    condition: Some(if i % 2 == 0 { b"control" } else { b"a" }),
                    cluster: Some(Cluster::Number(i)),
                    stratum: Key::NONE,
                    values: &[Some(i as f64 * scale)],
                })
                .unwrap();
        }
        let sketch = builder.sketch().unwrap().first().unwrap();
        assert!(matches!(
            sketch.moments(Rows::All, Centre::Pooled),
            Err(SketchError::OutOfRange)
        ));
        assert!(effects(&sketch, "control", &Options::default()).is_err());
    }
}
