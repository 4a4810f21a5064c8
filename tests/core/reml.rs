//! Random-intercept models by REML.
//!
//! `tests/oracle/reml` has what lme4, pbkrtest, lmerTest and statsmodels say, with the scripts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "reml/dense.rs"]
mod dense;
#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, sketch};
use rct_core::budget::Budget;
use rct_core::effect::{MixedDf, RandomIntercept, effects, random_intercept};
use rct_core::error::Explain;
use rct_core::regression::{Adjust, Estimand, Options, StdError, Strata};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};
use serde_json::Value;

fn json(path: &str) -> Value {
    let path = format!(
        "{}/../../tests/oracle/reml/{path}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A model and what it is called in the reference.
struct Case {
    name: &'static str,
    model: Model<'static>,
    adjust: Adjust,
    /// Terms in the reference, by condition.
    terms: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    const WITH_X: Model<'static> = Model {
        covariates: &["x"],
        ..PLAIN
    };
    let case = |name, model, adjust, terms| Case {
        name,
        model,
        adjust,
        terms,
    };
    let mut all = Vec::new();
    for (design, plain, ancova) in [
        (
            "s01_balanced_2arm",
            "s01_balanced_2arm",
            "s01_balanced_2arm_ancova",
        ),
        (
            "s02_unequal_sizes",
            "s02_unequal_sizes",
            "s02_unequal_sizes_ancova",
        ),
        (
            "s04_few_clusters_g6",
            "s04_few_clusters_g6",
            "s04_few_clusters_g6_ancova",
        ),
        (
            "s08_strata_nested",
            "s08_strata_nested",
            "s08_strata_nested_ancova",
        ),
        (
            "s09_strata_crossing",
            "s09_strata_crossing",
            "s09_strata_crossing_ancova",
        ),
    ] {
        all.push(case(
            plain,
            Model { design, ..PLAIN },
            Adjust::None,
            &["treat"],
        ));
        all.push(case(
            ancova,
            Model { design, ..WITH_X },
            Adjust::Ancova,
            &["treat"],
        ));
    }
    for (design, column, plain, ancova) in [
        (
            "s08_strata_nested",
            "stratum",
            "s08_strata_nested_strata",
            "s08_strata_nested_strata_ancova",
        ),
        (
            "s09_strata_crossing",
            "grade",
            "s09_strata_crossing_strata",
            "s09_strata_crossing_strata_ancova",
        ),
    ] {
        let stratum = Some(column);
        all.push(case(
            plain,
            Model {
                design,
                stratum,
                ..PLAIN
            },
            Adjust::None,
            &["treat"],
        ));
        all.push(case(
            ancova,
            Model {
                design,
                stratum,
                ..WITH_X
            },
            Adjust::Ancova,
            &["treat"],
        ));
    }
    let three = Model {
        design: "s03_three_arm",
        condition: "arm",
        control: "control",
        ..PLAIN
    };
    let arms: &[&str] = &["armA", "armB"];
    all.push(case("s03_three_arm", three, Adjust::None, arms));
    let both = Model {
        covariates: &["x", "female"],
        ..three
    };
    all.push(case("s03_three_arm_ancova", both, Adjust::Ancova, arms));
    let x = Model {
        covariates: &["x"],
        ..three
    };
    all.push(case("s03_three_arm_lin", x, Adjust::Lin, arms));
    let unbalanced = Model {
        design: "reml",
        table: "unbalanced.csv",
        condition: "arm",
        control: "a",
        ..PLAIN
    };
    let arms: &[&str] = &["armb", "armc"];
    all.push(case("unbalanced", unbalanced, Adjust::None, arms));
    let x = Model {
        covariates: &["x"],
        ..unbalanced
    };
    all.push(case("unbalanced_ancova", x, Adjust::Ancova, arms));
    let strata = Model {
        stratum: Some("stratum"),
        ..x
    };
    all.push(case(
        "unbalanced_strata_ancova",
        strata,
        Adjust::Ancova,
        arms,
    ));
    let zero = Model {
        design: "reml",
        table: "zero.csv",
        ..PLAIN
    };
    all.push(case("zero", zero, Adjust::None, &["treat"]));
    let x = Model {
        covariates: &["x"],
        ..zero
    };
    all.push(case("zero_ancova", x, Adjust::Ancova, &["treat"]));
    let star = Model {
        design: "r01m_star_mlmrev",
        outcome: "math",
        condition: "arm",
        control: "regular",
        cluster: "teacher",
        stratum: Some("school"),
        covariates: &["free_lunch", "female"],
        ..PLAIN
    };
    let arms: &[&str] = &["armaide", "armsmall"];
    all.push(case("star_strata_ancova", star, Adjust::Ancova, arms));
    all
}

fn fit(case: &Case, df: MixedDf) -> RandomIntercept {
    let options = Options {
        adjust: case.adjust,
        ..Options::default()
    };
    let sketch = sketch(&case.model);
    random_intercept(&sketch.first().unwrap(), case.model.control, &options, df).unwrap()
}

/// Relative differences, the largest by kind.
#[derive(Default)]
struct Differences(
    std::collections::BTreeMap<&'static str, (f64, String)>,
    usize,
);

impl Differences {
    fn add(&mut self, kind: &'static str, what: &str, got: Option<f64>, expected: f64) {
        let got = got.unwrap_or_else(|| panic!("{kind} of {what} is NULL, not {expected}"));
        let difference = match expected {
            0.0 => got.abs(),
            _ => (got - expected).abs() / expected.abs(),
        };
        self.1 += 1;
        let worst = self.0.entry(kind).or_insert((0.0, String::new()));
        if !(difference <= worst.0) {
            *worst = (difference, format!("{what}: {got} instead of {expected}"));
        }
    }

    fn finish(self, limit: impl Fn(&str) -> f64, least: usize) {
        for (kind, (difference, what)) in &self.0 {
            println!("{kind} {difference:.1e} {what}");
        }
        for (kind, (difference, what)) in &self.0 {
            assert!(*difference <= limit(kind), "{kind} {difference:.1e} {what}");
        }
        assert!(self.1 >= least, "only {} numbers were compared", self.1);
    }
}

#[test]
fn agrees_with_lme4_pbkrtest_and_lmer_test() {
    let (all, mut found) = (json("reference.json"), Differences::default());
    for case in cases() {
        let (name, expected) = (case.name, &all[case.name]);
        let kr = fit(&case, MixedDf::KenwardRoger);
        let satterthwaite = fit(&case, MixedDf::Satterthwaite);
        let number = |name: &str| expected[name].as_f64().unwrap();
        found.add("between", name, kr.variance_between, number("between"));
        found.add("within", name, kr.variance_within, number("within"));
        found.add("icc", name, kr.icc, number("icc"));
        found.add(
            "log_likelihood",
            name,
            kr.log_likelihood,
            number("log_likelihood"),
        );
        assert_eq!(
            (Some(kr.clusters), Some(kr.rows)),
            (expected["clusters"].as_u64(), expected["rows"].as_u64())
        );
        assert_eq!(kr.effects.len(), case.terms.len());
        for (i, term) in case.terms.iter().enumerate() {
            let what = format!("{name} {term}");
            let number = |name: &str| expected["effects"][*term][name].as_f64().unwrap();
            let (kr, satterthwaite) = (kr.effects[i].inference, satterthwaite.effects[i].inference);
            found.add("est", &what, kr.estimate, number("est"));
            found.add("se", &what, satterthwaite.std_error, number("se"));
            found.add("se_kr", &what, kr.std_error, number("se_kr"));
            found.add("df_kr", &what, kr.df, number("df_kr"));
            found.add("p_kr", &what, kr.p_value, number("p_kr"));
            found.add(
                "df_satterthwaite",
                &what,
                satterthwaite.df,
                number("df_satterthwaite"),
            );
            assert_eq!(kr.estimate, satterthwaite.estimate);
        }
    }
    // Derivatives of lmerTest are differences.
    let limit = |kind: &str| {
        if kind == "df_satterthwaite" {
            1e-7
        } else {
            1e-9
        }
    };
    found.finish(limit, 250);
}

#[test]
fn agrees_with_statsmodels() {
    let (all, mut found) = (json("statsmodels.json"), Differences::default());
    for case in cases() {
        let Some(expected) = all.get(case.name) else {
            continue;
        };
        let model = fit(&case, MixedDf::Satterthwaite);
        let number = |name: &str| expected[name].as_f64().unwrap();
        found.add(
            "between",
            case.name,
            model.variance_between,
            number("between"),
        );
        found.add("within", case.name, model.variance_within, number("within"));
        for (i, effect) in model.effects.iter().enumerate() {
            let number = |name: &str| expected[name][i].as_f64().unwrap();
            found.add("est", case.name, effect.inference.estimate, number("est"));
        }
        let log_likelihood = number("log_likelihood");
        found.add(
            "log_likelihood",
            case.name,
            model.log_likelihood,
            log_likelihood,
        );
    }
    found.finish(|_| 1e-5, 16);
}

/// With clusters of one size it is the analysis of variance of nested designs, in closed form.
#[test]
fn balanced_designs_are_the_analysis_of_variance() {
    let mut found = Differences::default();
    for (clusters, rows) in [(8, 5), (12, 2), (20, 7)] {
        let pupil = |g: usize, i: usize| {
            let own = ((g * 37 + 11) % 23) as f64;
            let y = own + ((g * 13 + i * i * 7) % 11) as f64;
            (y, g % 2)
        };
        let mut builder = Builder::new(Columns::simple(false), &Budget::unlimited());
        let (mut means, mut within) = (Vec::new(), 0.0);
        for g in 0..clusters {
            let values: Vec<f64> = (0..rows).map(|i| pupil(g, i).0).collect();
            let mean = values.iter().sum::<f64>() / rows as f64;
            within += values.iter().map(|y| (y - mean).powi(2)).sum::<f64>();
            means.push((mean, g % 2));
            for y in values {
                let condition: &[u8] = [b"0", b"1"][g % 2];
                builder
                    .add(&Row {
                        condition: Some(condition),
                        cluster: Some(Cluster::Number(g as i64)),
                        stratum: Key::NONE,
                        values: &[Some(y)],
                    })
                    .unwrap();
            }
        }
        let half = clusters as f64 / 2.0;
        let mean = |arm| {
            means
                .iter()
                .filter(|m| m.1 == arm)
                .map(|m| m.0)
                .sum::<f64>()
                / half
        };
        let between =
            means.iter().map(|m| (m.0 - mean(m.1)).powi(2)).sum::<f64>() / (clusters as f64 - 2.0);
        let within = within / (clusters * (rows - 1)) as f64;
        let sketch = builder.into_sketch().unwrap();
        for df in [MixedDf::KenwardRoger, MixedDf::Satterthwaite] {
            let view = sketch.first().unwrap();
            let model = random_intercept(&view, "0", &Options::default(), df).unwrap();
            let (what, i) = (&format!("{clusters} {rows}"), model.effects[0].inference);
            found.add("estimate", what, i.estimate, mean(1) - mean(0));
            found.add("se", what, i.std_error, (between * 2.0 / half).sqrt());
            found.add("df", what, i.df, clusters as f64 - 2.0);
            found.add("within", what, model.variance_within, within);
            let of_clusters = between - within / rows as f64;
            assert!(of_clusters > 0.0);
            found.add("between", what, model.variance_between, of_clusters);
        }
    }
    found.finish(|_| 1e-9, 30);
}

/// (condition, cluster, stratum, outcome, covariate)
type Pupil = (usize, i64, i64, f64, f64);

fn collect(pupils: &[Pupil]) -> Sketch {
    let mut builder = Builder::new(Columns::simple(true), &Budget::unlimited());
    for &(condition, cluster, stratum, y, x) in pupils {
        let condition: &[u8] = [b"0", b"1", b"2"][condition];
        builder
            .add(&Row {
                condition: Some(condition),
                cluster: Some(Cluster::Number(cluster)),
                stratum: Key::of_bigint(stratum),
                values: &[y, x].map(Some),
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

fn model_of(pupils: &[Pupil], options: &Options, df: MixedDf) -> RandomIntercept {
    random_intercept(&collect(pupils).first().unwrap(), "0", options, df).unwrap()
}

fn has(model: &RandomIntercept, note: &str) -> bool {
    let start = format!("{note}: ");
    model
        .notes
        .iter()
        .any(|n| n.to_string().starts_with(&start))
}

#[test]
fn what_does_not_exist() {
    let options = Options::default();
    let pupils: Vec<Pupil> = (0..90_i64)
        .map(|i| {
            let g = i % 15;
            let y = (g * 7 % 5 * 10) as f64 + (i * i % 13) as f64;
            ((g % 3) as usize, g, g % 2, y, (i * 5 % 7) as f64)
        })
        .collect();
    let model = model_of(&pupils, &options, MixedDf::KenwardRoger);
    assert!(model.notes.is_empty(), "{:?}", model.notes);
    let none = |pupils: &[Pupil]| {
        let model = model_of(pupils, &options, MixedDf::KenwardRoger);
        assert!(has(&model, "no_fit"), "{model:?}");
        let found = (model.variance_between, model.icc, model.log_likelihood);
        assert_eq!(found, (None, None, None));
        assert!(model.effects.iter().all(|e| e.inference.estimate.is_none()));
    };
    // Each row is a cluster; one cluster in each condition; nothing varies within clusters, or at all.
    let alone: Vec<Pupil> = (0..)
        .zip(&pupils)
        .map(|(i, p)| (p.0, i, p.2, p.3, p.4))
        .collect();
    none(&alone);
    let few: Vec<Pupil> = pupils
        .iter()
        .map(|p| (p.0, p.0 as i64, 0, p.3, p.4))
        .collect();
    none(&few);
    let constant: Vec<Pupil> = pupils
        .iter()
        .map(|p| (p.0, p.1, p.2, (p.1 * p.1 % 11) as f64, p.4))
        .collect();
    none(&constant);
    let explained: Vec<Pupil> = pupils
        .iter()
        .map(|p| (p.0, p.1, p.2, p.0 as f64, p.4))
        .collect();
    none(&explained);
    // A condition without rows in the regression.
    let model = model_of(
        &pupils
            .iter()
            .map(|p| (p.0, p.1, if p.0 == 2 { 9 } else { p.2 }, p.3, p.4))
            .collect::<Vec<_>>(),
        &options,
        MixedDf::KenwardRoger,
    );
    assert!(model.effects[0].inference.df.is_some());
    assert_eq!(model.effects[1].inference.estimate, None);
    let notes: Vec<String> = model.effects[1]
        .notes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        notes.iter().any(|n| n.starts_with("aliased_condition")),
        "{notes:?}"
    );
}

#[test]
fn a_variance_of_zero_is_told() {
    let zero = cases().into_iter().find(|c| c.name == "zero").unwrap();
    let model = fit(&zero, MixedDf::KenwardRoger);
    assert_eq!((model.variance_between, model.icc), (Some(0.0), Some(0.0)));
    assert!(has(&model, "no_variance_between"));
    // Then it is least squares.
    let options = Options {
        se: StdError::Naive,
        ..Options::default()
    };
    let sketch = sketch(&zero.model);
    let naive = effects(&sketch.first().unwrap(), "0", &options).unwrap();
    let plain = fit(&zero, MixedDf::Satterthwaite).effects[0].inference;
    let mut found = Differences::default();
    found.add(
        "estimate",
        "naive",
        plain.estimate,
        naive[0].inference.estimate.unwrap(),
    );
    found.add(
        "se",
        "naive",
        plain.std_error,
        naive[0].inference.std_error.unwrap(),
    );
    found.add("df", "naive", plain.df, naive[0].inference.df.unwrap());
    found.finish(|_| 1e-12, 3);
}

#[test]
fn weights_are_refused() {
    let m = Model {
        design: "s10_weights",
        weight: Some("w"),
        ..PLAIN
    };
    let of = |options: &Options, m: &Model<'_>| {
        random_intercept(
            &sketch(m).first().unwrap(),
            "0",
            options,
            MixedDf::KenwardRoger,
        )
        .unwrap_err()
        .message()
    };
    assert_eq!(
        of(&Options::default(), &m),
        "sketch must be without weights in a mixed model, got one with weights"
    );
    let cluster = Options {
        estimand: Estimand::Cluster,
        ..Options::default()
    };
    assert_eq!(
        of(&cluster, &Model { weight: None, ..m }),
        "estimand must be \"student\" in a mixed model, got \"cluster\""
    );
}

#[test]
fn the_unit_does_not_matter() {
    let case = cases()
        .into_iter()
        .find(|c| c.name == "s08_strata_nested_ancova")
        .unwrap();
    let table = oracle::read("s08_strata_nested/data.csv");
    let (y, x) = (table.column("y"), table.column("x"));
    let mut rows = table.rows.clone();
    for row in &mut rows {
        row[y] = format!("{}", row[y].parse::<f64>().unwrap() * 1e60);
        row[x] = format!("{}", row[x].parse::<f64>().unwrap() * 1e-40);
    }
    let scaled = oracle::Table {
        header: table.header.clone(),
        rows,
    };
    let options = Options {
        adjust: Adjust::Ancova,
        strata: Strata::Ignore,
        ..Options::default()
    };
    let fit = |table: &oracle::Table| {
        let sketch = oracle::sketch_of(table, &case.model);
        random_intercept(
            &sketch.first().unwrap(),
            "0",
            &options,
            MixedDf::KenwardRoger,
        )
        .unwrap()
    };
    let (plain, scaled) = (fit(&table), fit(&scaled));
    let (a, b) = (plain.effects[0].inference, scaled.effects[0].inference);
    let mut found = Differences::default();
    found.add("estimate", "", b.estimate, a.estimate.unwrap() * 1e60);
    found.add("se", "", b.std_error, a.std_error.unwrap() * 1e60);
    found.add("df", "", b.df, a.df.unwrap());
    found.add("icc", "", scaled.icc, plain.icc.unwrap());
    found.finish(|_| 1e-9, 4);
}

/// A mixed model is a kind of standard errors of `effects`.
#[test]
fn degrees_of_freedom_are_named() {
    use rct_core::words::Word;
    let case = cases()
        .into_iter()
        .find(|c| c.name == "unbalanced")
        .unwrap();
    let sketch = sketch(&case.model);
    for (word, df) in [
        ("KR", MixedDf::KenwardRoger),
        ("REML", MixedDf::Satterthwaite),
    ] {
        let options = Options {
            adjust: case.adjust,
            se: StdError::from_word(word).unwrap(),
            ..Options::default()
        };
        let rows = effects(&sketch.first().unwrap(), case.model.control, &options).unwrap();
        assert_eq!(rows, fit(&case, df).effects, "{word}");
        assert!(rows.iter().all(|r| r.inference.p_value.is_some()));
    }
    assert_eq!(MixedDf::default(), MixedDf::KenwardRoger);
    let told = StdError::from_word("kenward-roger").unwrap_err().message();
    assert!(
        told.starts_with("se must be one of ")
            && told.contains("\"KR\", \"REML\"")
            && told.ends_with("got \"kenward-roger\""),
        "{told}"
    );
}
