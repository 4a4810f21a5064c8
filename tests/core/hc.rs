//! HC2 and HC3: students as clusters of one row.
//!
//! `tests/oracle/hc` has what sandwich, estimatr and clubSandwich say, with the script.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use nalgebra::{DMatrix, DVector};
use oracle::{Model, PLAIN, Report, Table, read, sketch_of};
use proptest::prelude::*;
use rct_core::budget::Budget;
use rct_core::effect::{Effect, JointTest, effects, joint_test};
use rct_core::error::Explain;
use rct_core::note::Code;
use rct_core::regression::{Adjust, Options, QuestionError, StdError};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch, View};
use rct_core::words::Word;
use serde_json::Value;

fn reference() -> Value {
    let path = "../../tests/oracle/hc/reference.json";
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// (name in the reference, model, adjustment, about how many rows, terms)
fn models() -> Vec<(
    &'static str,
    Model<'static>,
    Adjust,
    usize,
    &'static [&'static str],
)> {
    let alone = Model {
        cluster: "",
        ..PLAIN
    };
    let s01 = Model {
        design: "s01_balanced_2arm",
        ..alone
    };
    let s08 = Model {
        design: "s08_strata_nested",
        stratum: Some("stratum"),
        ..alone
    };
    let s03 = Model {
        design: "s03_three_arm",
        condition: "arm",
        control: "control",
        ..alone
    };
    let s10 = Model {
        design: "s10_weights",
        weight: Some("w"),
        ..alone
    };
    const X: &[&str] = &["x"];
    const BOTH: &[&str] = &["x", "female"];
    const TREAT: &[&str] = &["treat"];
    let (none, ancova) = (Adjust::None, Adjust::Ancova);
    vec![
        ("plain", s01, none, 200, TREAT),
        (
            "ancova",
            Model {
                covariates: BOTH,
                ..s01
            },
            ancova,
            200,
            TREAT,
        ),
        (
            "lin",
            Model {
                covariates: X,
                ..s01
            },
            Adjust::Lin,
            200,
            TREAT,
        ),
        ("strata", s08, none, 200, TREAT),
        (
            "strata_ancova",
            Model {
                covariates: BOTH,
                ..s08
            },
            ancova,
            200,
            TREAT,
        ),
        (
            "three",
            Model {
                covariates: X,
                ..s03
            },
            ancova,
            200,
            &["armA", "armB"],
        ),
        ("weights", s10, none, 150, TREAT),
        (
            "weights_ancova",
            Model {
                covariates: X,
                ..s10
            },
            ancova,
            150,
            TREAT,
        ),
        (
            "weights_strata_ancova",
            Model {
                covariates: X,
                stratum: Some("grade"),
                ..s10
            },
            ancova,
            150,
            TREAT,
        ),
    ]
}

/// Every k-th row, of which there are about `n`, as in the script.
fn some_rows(m: &Model<'_>, n: usize) -> Table {
    let mut table = read(&format!("{}/{}", m.design, m.table));
    let columns = [m.outcome]
        .into_iter()
        .chain(m.covariates.iter().copied())
        .chain(m.weight);
    let columns: Vec<usize> = columns.map(|c| table.column(c)).collect();
    table
        .rows
        .retain(|r| columns.iter().all(|&c| !r[c].is_empty()));
    let step = table.rows.len() / n;
    let mut at = 0;
    table.rows.retain(|_| {
        at += 1;
        (at - 1) % step == 0
    });
    table
}

fn options(adjust: Adjust, se: StdError) -> Options {
    Options {
        adjust,
        se,
        ..Options::default()
    }
}

/// All effects at once.
fn effects_joint(
    view: &View<'_>,
    control: &str,
    options: &Options,
) -> Result<JointTest, QuestionError> {
    joint_test::<&str>(view, control, None, options)
}

#[test]
fn agrees_with_sandwich_estimatr_and_club_sandwich() {
    let (mut report, all) = (Report::default(), reference());
    for (name, model, adjust, n, terms) in models() {
        let (table, expected) = (some_rows(&model, n), &all[name]);
        assert_eq!(
            Some(table.rows.len() as u64),
            expected["rows"].as_u64(),
            "{name}"
        );
        let sketch = sketch_of(&table, &model);
        let weighted = model.weight.is_some();
        for (word, with_weights) in [
            // The working model of HC2 and HC3 is that of clubSandwich with `target = 1 / w`.
            ("HC2", "CR2_inverse"),
            ("HC3", "CR3_inverse"),
            // That of CR2 and CR3 is the identity: another estimator, and other degrees of freedom, with weights only.
            ("CR2", "CR2"),
            ("CR3", "CR3"),
        ] {
            let options = options(adjust, StdError::from_word(word).unwrap());
            let rows = effects(&sketch.first().unwrap(), model.control, &options).unwrap();
            assert_eq!(rows.len(), terms.len());
            for (row, term) in rows.iter().zip(terms) {
                let what = format!("{name} {word} {term}");
                let mut check = |of: &str, got, expected: &Value| {
                    assert!(expected.is_f64(), "{what} {of}");
                    report.check(format!("{what} {of}"), got, expected.as_f64(), 0.0);
                };
                check("est", row.inference.estimate, &expected["est"][*term]);
                let club = match weighted {
                    true => &expected[with_weights][*term],
                    false => &expected[word.replace("HC", "CR")][*term],
                };
                check("clubSandwich se", row.inference.std_error, &club["se"]);
                check("clubSandwich df", row.inference.df, &club["df"]);
                if word.starts_with("HC") {
                    check("sandwich", row.inference.std_error, &expected[word][*term]);
                    let estimatr = &expected[format!("estimatr_{word}")][*term];
                    check("estimatr", row.inference.std_error, &estimatr["se"]);
                }
                if word == "CR2" {
                    let estimatr = &expected["estimatr_CR2"][*term];
                    check("estimatr se", row.inference.std_error, &estimatr["se"]);
                    check("estimatr df", row.inference.df, &estimatr["df"]);
                }
            }
        }
    }
    report.finish(170);
}

/// All conditions at once, with weights.
#[test]
fn the_joint_test_agrees_with_club_sandwich() {
    let model = Model {
        design: "two_way",
        table: "crossed.csv",
        condition: "arm",
        control: "a",
        cluster: "",
        weight: Some("w"),
        covariates: &["x"],
        ..PLAIN
    };
    let (mut report, expected) = (Report::default(), &reference()["joint"]);
    let rows = expected["rows"].as_u64().unwrap() as usize;
    let sketch = sketch_of(&some_rows(&model, rows), &model);
    let options = options(Adjust::Ancova, StdError::Hc2);
    let test = effects_joint(&sketch.first().unwrap(), "a", &options).unwrap();
    for (name, got) in [
        ("F", test.test.f),
        ("df_num", test.test.df_num),
        ("df_den", test.test.df_den),
        ("p", test.test.p_value),
    ] {
        report.check(name.to_owned(), got, expected[name].as_f64(), 0.0);
    }
    report.finish(4);
}

#[test]
fn weights_make_hc2_and_cr2_two_things() {
    for (name, model, adjust, n, _) in models() {
        let sketch = sketch_of(&some_rows(&model, n), &model);
        let of = |se| {
            effects(
                &sketch.first().unwrap(),
                model.control,
                &options(adjust, se),
            )
            .unwrap()
            .remove(0)
        };
        for (hc, cr, same_se) in [
            (StdError::Hc2, StdError::Cr2, false),
            (StdError::Hc3, StdError::Cr3, true),
        ] {
            let (hc, cr) = (of(hc), of(cr));
            let apart = |a: Option<f64>, b: Option<f64>| (a.unwrap() / b.unwrap() - 1.0).abs();
            if model.weight.is_none() {
                assert_eq!(
                    (hc.inference.std_error, hc.inference.df),
                    (cr.inference.std_error, cr.inference.df),
                    "{name}"
                );
            } else {
                let se = apart(hc.inference.std_error, cr.inference.std_error);
                assert!(if same_se { se < 1e-12 } else { se > 1e-4 }, "{name} {se}");
                assert!(apart(hc.inference.df, cr.inference.df) > 0.1, "{name}");
            }
        }
    }
}

/// Weights in another unit change nothing.
#[test]
fn the_unit_of_weights_does_not_matter() {
    let (_, model, adjust, n, _) = models().remove(8);
    let table = some_rows(&model, n);
    let w = table.column("w");
    let mut rows = table.rows.clone();
    for row in &mut rows {
        row[w] = format!("{}", row[w].parse::<f64>().unwrap() * 1024.0);
    }
    let scaled = Table {
        header: table.header.clone(),
        rows,
    };
    let mut report = Report::default();
    for se in [StdError::Hc2, StdError::Hc3] {
        let of = |table: &Table| {
            let sketch = sketch_of(table, &model);
            let rows = effects(&sketch.first().unwrap(), "0", &options(adjust, se));
            rows.unwrap().remove(0)
        };
        let (a, b) = (of(&table), of(&scaled));
        report.check(
            "se".to_owned(),
            b.inference.std_error,
            a.inference.std_error,
            0.0,
        );
        report.check("df".to_owned(), b.inference.df, a.inference.df, 0.0);
    }
    report.finish(4);
}

/// Neyman's variance is HC2 of the regression with a mean for each stratum and condition.
#[test]
fn neyman_is_hc2_of_the_saturated_regression() {
    let (mut report, all) = (Report::default(), reference());
    for (design, stratum) in [
        ("s08_strata_nested", "stratum"),
        ("s09_strata_crossing", "grade"),
    ] {
        let saturated = Model {
            design,
            cluster: "",
            dummies: Some(stratum),
            ..PLAIN
        };
        let table = read(&format!("{design}/data.csv"));
        let sketch = sketch_of(&table, &saturated);
        let hc2 = &effects(
            &sketch.first().unwrap(),
            "0",
            &options(Adjust::Lin, StdError::Hc2),
        )
        .unwrap()[0];
        let neyman = neyman(&table, Some(stratum));
        let expected = &all["neyman"][design];
        for (what, estimate, std_error) in [
            ("HC2", hc2.inference.estimate, hc2.inference.std_error),
            ("Neyman", neyman.estimate, neyman.std_error),
        ] {
            let number = |name: &str| expected[name].as_f64();
            report.check(format!("{design} {what} est"), estimate, number("est"), 0.0);
            report.check(format!("{design} {what} se"), std_error, number("se"), 0.0);
            report.check(
                format!("{design} {what} sandwich"),
                std_error,
                number("se_sandwich"),
                0.0,
            );
        }
        // Without strata, of the difference in means.
        let plain = sketch_of(
            &table,
            &Model {
                dummies: None,
                ..saturated
            },
        );
        let hc2 = &effects(
            &plain.first().unwrap(),
            "0",
            &options(Adjust::None, StdError::Hc2),
        )
        .unwrap()[0];
        let neyman = self::neyman(&table, None);
        report.check(
            format!("{design} means"),
            neyman.estimate,
            hc2.inference.estimate,
            0.0,
        );
        report.check(
            format!("{design} means se"),
            neyman.std_error,
            hc2.inference.std_error,
            0.0,
        );
    }
    report.finish(16);
}

/// The effect in a sketch of a table of students.
fn neyman(table: &Table, stratum: Option<&str>) -> rct_core::regression::Inference {
    let mut builder = Builder::new(Columns::simple(false), &Budget::unlimited());
    let at = |name: &str| table.column(name);
    for row in &table.rows {
        builder
            .add(&Row {
                condition: Some(row[at("treat")].as_bytes()),
                cluster: Some(Cluster::Digest(Key::STUDENT)),
                stratum: stratum.map_or(Key::NONE, |s| Key::of_text(row[at(s)].as_bytes())),
                values: &[oracle::number(&row[at("y")])],
            })
            .unwrap();
    }
    let sketch = builder.into_sketch().unwrap();
    effects(&sketch.first().unwrap(), "0", &Options::default()).unwrap()[0].inference
}

#[test]
fn clusters_of_several_rows_are_refused() {
    let table = some_rows(
        &Model {
            design: "s10_weights",
            weight: Some("w"),
            ..PLAIN
        },
        150,
    );
    let clusters = {
        let at = table.column("school_id");
        let mut sizes = std::collections::BTreeMap::new();
        table
            .rows
            .iter()
            .for_each(|r| *sizes.entry(r[at].clone()).or_insert(0) += 1);
        sizes
    };
    let several = clusters.values().filter(|&&n| n > 1).count();
    for weight in [None, Some("w")] {
        let sketch = sketch_of(&table, &Model { weight, ..PLAIN });
        for word in ["HC2", "HC3"] {
            let options = options(Adjust::None, StdError::from_word(word).unwrap());
            let view = sketch.first().unwrap();
            let told = [
                effects(&view, "0", &options).unwrap_err(),
                effects_joint(&view, "0", &options).unwrap_err(),
            ];
            for error in told {
                assert_eq!(
                    error.message(),
                    format!(
                        "se must be \"CR2\", \"CR3\" or another estimator for clusters, got \"{word}\" though {several} of {} clusters have several rows",
                        clusters.len()
                    )
                );
                assert!(error.hint().unwrap().contains("id of the student"));
            }
        }
    }
}

#[test]
fn a_row_that_decides_alone() {
    // Only the first row has the covariate: its leverage is 1.
    let row = |i: usize| (i % 2, 1.0, (i * i % 7) as f64, f64::from(i == 0));
    let pupils: Vec<Pupil> = (0..20).map(row).collect();
    let hc2 = effect(&pupils, Adjust::Ancova, StdError::Hc2);
    let without: Vec<Pupil> = (1..20).map(row).collect();
    let rest = effect(&without, Adjust::None, StdError::Hc2);
    assert!((hc2.inference.estimate.unwrap() - rest.inference.estimate.unwrap()).abs() < 1e-12);
    assert!(
        (hc2.inference.std_error.unwrap() / rest.inference.std_error.unwrap() - 1.0).abs() < 1e-10
    );
    // With a single treated student the effect has no standard error.
    let alone: Vec<Pupil> = (0..20)
        .map(|i| ((i == 3) as usize, 1.0, (i * i % 7) as f64, 0.0))
        .collect();
    let hc3 = effect(&alone, Adjust::None, StdError::Hc3);
    assert_eq!(
        (hc3.inference.std_error, hc3.inference.p_value),
        (None, None)
    );
    assert!(hc3.notes.iter().any(|n| n.code == Code::Cr3Undefined));
}

/// (treated, weight, outcome, covariate)
type Pupil = (usize, f64, f64, f64);

fn collect(pupils: &[Pupil]) -> Sketch {
    let columns = Columns::parse("y ~ x; weight: w").unwrap();
    let mut builder = Builder::new(columns, &Budget::unlimited());
    for (i, &(treated, w, y, x)) in (0..).zip(pupils) {
        builder
            .add(&Row {
                condition: Some([b"0", b"1"][treated]),
                cluster: Some(Cluster::Number(i)),
                stratum: Key::NONE,
                values: &[y, x, w].map(Some),
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

fn effect(pupils: &[Pupil], adjust: Adjust, se: StdError) -> Effect {
    let sketch = collect(pupils);
    effects(&sketch.first().unwrap(), "0", &options(adjust, se))
        .unwrap()
        .remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn is_the_formula_on_rows(
        pupils in prop::collection::vec((0usize..2, 1u8..20, -30i32..30, -9i32..9), 8..30)
    ) {
        let pupils: Vec<Pupil> = pupils
            .iter()
            .map(|p| (p.0, f64::from(p.1) / 4.0, f64::from(p.2), f64::from(p.3)))
            .collect();
        let n = pupils.len();
        let x = DMatrix::from_fn(n, 3, |i, j| [pupils[i].0 as f64, pupils[i].3, 1.0][j]);
        let w = DMatrix::from_diagonal(&DVector::from_fn(n, |i, _| pupils[i].1));
        let y = DVector::from_fn(n, |i, _| pupils[i].2);
        let gram = x.transpose() * &w * &x;
        prop_assume!(gram.clone().symmetric_eigenvalues().min() > 1e-6 * gram.trace());
        let bread = gram.try_inverse().unwrap();
        let beta = &bread * x.transpose() * &w * &y;
        let e = &y - &x * &beta;
        // Rows times the root of their weight: a regression with equal variances.
        let root = w.map(f64::sqrt);
        let hat = &root * &x * &bread * x.transpose() * &root;
        prop_assume!(hat.diagonal().max() < 0.999);
        for (se, power) in [(StdError::Hc2, -0.5), (StdError::Hc3, -1.0)] {
            let factor = |i: usize| (1.0 - hat[(i, i)]).powf(power);
            let score = |i: usize| (&bread * x.row(i).transpose())[0] * w[(i, i)] * factor(i);
            let variance: f64 = (0..n).map(|i| (score(i) * e[i]).powi(2)).sum();
            let residual = DMatrix::identity(n, n) - &hat;
            let p = DMatrix::from_fn(n, n, |i, j| residual[(i, j)] * score(j) / root[(j, j)]);
            let q = p.transpose() * &p;
            let df = q.trace().powi(2) / q.iter().map(|v| v * v).sum::<f64>();
            let row = effect(&pupils, Adjust::Ancova, se);
            prop_assume!(row.comparison.clusters.min(row.comparison.clusters_control) > 1);
            prop_assert!((row.inference.estimate.unwrap() - beta[0]).abs() <= 1e-9 * (1.0 + beta[0].abs()));
            prop_assert!((row.inference.std_error.unwrap() / variance.sqrt() - 1.0).abs() < 1e-9);
            prop_assert!((row.inference.df.unwrap() / df - 1.0).abs() < 1e-8, "{:?} {df}", row.inference.df);
        }
    }
}
