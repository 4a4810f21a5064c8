//! The first inputs of each target: without them a fuzzer would have to find the format by chance.

use rct_core::attrition::Logistic;
use rct_core::budget::Budget;
use rct_core::effect::Distribution;
use rct_core::reduction::{Method, NumberReduction, TextReduction};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};

/// Names and bytes of the seeds of a target.
pub type Seeds = Vec<(String, Vec<u8>)>;

/// Stored sketches of every shape.
pub fn sketches() -> Seeds {
    let mut seeds = vec![(
        "empty".to_owned(),
        Sketch::new(Columns::simple(false), &Budget::unlimited()).encode(),
    )];
    for (name, rows, strata, columns) in [
        ("one_row", 1u32, 0u32, "y"),
        ("simple", 24, 0, "y"),
        ("strata", 24, 3, "y"),
        ("covariates", 24, 0, "y ~ x, z"),
        ("exposed", 24, 0, "y; exposure: seen"),
        ("weights", 24, 0, "y; weight: w"),
        ("outcomes", 24, 0, "y, z, solved / tried"),
        (
            "all",
            40,
            2,
            "y, z, solved / tried ~ x, u; exposure: seen, m; weight: w",
        ),
    ] {
        let columns = Columns::parse(columns).expect("a good text");
        let mut builder = Builder::new(columns.clone(), &Budget::unlimited());
        for i in 0..rows {
            let value = |(at, name): (u32, &str)| match name {
                "y" => (i % 11 != 10).then_some(f64::from(i * i % 23) - 3.5),
                "w" => Some(f64::from(i % 4) / 2.0),
                "seen" => (i % 6 != 5).then_some(f64::from(i % 2)),
                "u" => Some(-1e9 + f64::from(i)),
                _ => (i % (7 + at) != 6).then_some(f64::from(i * at % 9) / 8.0),
            };
            let values: Vec<Option<f64>> = (1..).zip(columns.values()).map(value).collect();
            builder
                .add(&Row {
                    condition: (i % 13 != 12)
                        .then_some(["control", "treated", "Ünïcode"][i as usize % 3].as_bytes()),
                    cluster: (i % 17 != 16).then_some(Cluster::Number(i64::from(i % 9))),
                    stratum: match strata {
                        0 => Key::NONE,
                        n => Key::of_bigint(i64::from(i % n)),
                    },
                    values: &values,
                })
                .expect("a good row");
        }
        let sketch = builder.sketch().expect("good rows");
        seeds.push((name.to_owned(), sketch.encode()));
    }
    seeds
}

/// The same sketches as text, and what is nearly one.
pub fn texts() -> Seeds {
    let mut seeds: Seeds = sketches()
        .into_iter()
        .map(|(name, bytes)| (name, rct_core::sketch::bytes_to_text(&bytes).into_bytes()))
        .collect();
    for text in [
        "",
        "rct.sketch:",
        "rct.sketch:5",
        "rct.sketch:5201zz",
        " rct.sketch:5201 ",
        "rct.sketch:\u{e9}\u{e9}",
    ] {
        seeds.push((format!("text_{}", seeds.len()), text.as_bytes().to_vec()));
    }
    seeds
}

/// States of every method, empty and with values.
pub fn reductions() -> Seeds {
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
    let budget = Budget::unlimited();
    let mut seeds = Vec::new();
    for method in METHODS {
        let mut state = NumberReduction::new(method, &budget).expect("memory");
        seeds.push((format!("{}_empty", method.word()), state.encode()));
        for (i, value) in [1.5, -3.0, 1.5, 1e300, f64::NAN, 0.1]
            .into_iter()
            .enumerate()
        {
            state
                .add(value, Some(i as i64), -(i as i64))
                .expect("memory");
        }
        seeds.push((method.word().to_owned(), state.encode()));
        let Ok(mut state) = TextReduction::new(method, &budget) else {
            continue;
        };
        for (i, value) in ["b", "ä", "b", ""].into_iter().enumerate() {
            state.add(value, Some(i as i64), 0).expect("memory");
        }
        seeds.push((format!("{}_text", method.word()), state.encode()));
    }
    seeds
}

/// Bytes that are read as rows.
pub fn rows() -> Seeds {
    let bytes = |shape: u8, options: u8, rows: usize, width: usize| -> Vec<u8> {
        let mut data = vec![shape, options, 7];
        // Not random, but not regular either.
        data.extend((0..rows * width).map(|i| (i * i % 251 * 37 + i / 5) as u8 % 230));
        data
    };
    (0..32)
        .map(|shape: u8| {
            let options = shape.wrapping_mul(8);
            (format!("shape_{shape}"), bytes(shape, options, 40, 6))
        })
        .collect()
}

/// Outcomes of every kind.
pub fn distributions() -> Seeds {
    let budget = Budget::unlimited();
    let mut outcomes = Distribution::new(&budget);
    let mut seeds = vec![("empty".to_owned(), outcomes.encode())];
    for i in 0..60u8 {
        let value = f64::from(i % 13) - 4.0;
        outcomes
            .add(
                (i % 11 != 10).then_some(value),
                Some([b"control", b"treated"][i as usize % 2]),
                (i % 17 != 16).then_some(Key::of_bigint(i64::from(i % 12))),
            )
            .expect("a good row");
    }
    seeds.push(("two_conditions".to_owned(), outcomes.encode()));
    for i in 0..60u8 {
        let stratum = match i % 4 {
            0 => Key::NONE,
            number => Key::of_bigint(i64::from(number)),
        };
        let cluster = Some(Key::of_bigint(i64::from(i % 12)));
        let condition: &[u8] = [b"control", b"treated"][i as usize / 2 % 2];
        outcomes
            .add_within(stratum, Some(f64::from(i % 13)), Some(condition), cluster)
            .expect("a good row");
    }
    seeds.push(("strata".to_owned(), outcomes.encode()));
    seeds
}

/// Rows of logistic regressions.
pub fn regressions() -> Seeds {
    let budget = Budget::unlimited();
    (0..4usize)
        .map(|count| {
            let mut rows = Logistic::new(&budget);
            for i in 0..40u8 {
                let x = [
                    f64::from(i % 3),
                    f64::from(i % 5) * 1e3,
                    -0.25 * f64::from(i),
                ];
                let y = f64::from(i % 7 * (i % 5) % 2);
                rows.add(Some(y), (i != 9).then_some(&x[..count]))
                    .expect("a good row");
            }
            (format!("regressors_{count}"), rows.encode())
        })
        .collect()
}

/// Designs with every field.
pub fn designs() -> Seeds {
    [
        r#"{"clusters": 8, "size": 5}"#,
        r#"{"clusters": 9, "size": [3, 4, 7], "icc": 0.1, "binary": {"rate": 0.4}, "effect": 0.2}"#,
        r#"{"clusters": 12, "size": {"mean": 8, "cv": 0.5, "min": 3}, "icc": 0.2, "effect": {"b": 0.5}, "conditions": ["a", "b", "c"], "control": "c", "weights": [1, 2, 1], "effect_sd": 0.1, "mean": 50, "sd": 3}"#,
        r#"{"clusters": 16, "strata": {"count": 4, "icc": 0.1}, "waves": {"count": 3, "sd": 0.2}, "size": 5, "pretest": {"r2": 0.5}, "analyses": [{"se": "CR2", "adjust": "ancova"}, {"se": "CR1S", "strata": "ignore"}]}"#,
        r#"{"clusters": 20, "size": 9, "late": {"share": 0.2, "dose": 0.3, "prefer_treated": 0.5}, "movers": {"share": 0.1}, "spillover": {"share": 0.2}, "attrition": {"students": 0.1, "students_treated": 0.3, "clusters": 0.05}, "effect": 1}"#,
        r#"{"clusters": 12, "teachers": {"sections": 3, "icc": 0.1}, "unit": "teacher", "method": "bernoulli"}"#,
        r#"{"clusters": 6, "unit": "student", "size": 12}"#,
    ]
    .iter()
    .zip(0..)
    .map(|(text, i)| (format!("design_{i}"), text.as_bytes().to_vec()))
    .collect()
}

/// Documents that are hard to read; of the long ones the tests of the core have enough.
pub fn documents() -> Seeds {
    crate::reading::documents()
        .into_iter()
        .filter(|(_, text)| text.len() <= 4096)
        .zip(0..)
        .map(|((_, text), i)| (i.to_string(), text.into_bytes()))
        .collect()
}

/// Bytes that are read as arguments.
pub fn numbers() -> Seeds {
    (0..40u8)
        .map(|i| {
            let mut data = vec![i];
            let step = usize::from(i / 10) * 7 + 3;
            data.extend((0..60).map(|k: usize| (k * step * (k + 2) % 251) as u8));
            (format!("group_{}_{}", i % 10, i / 10), data)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    /// A target: its name, its check and its seeds.
    type Target = (&'static str, fn(&[u8]), fn() -> Seeds);

    const TARGETS: [Target; 10] = [
        ("sketch_decode", crate::sketch_decode, sketches),
        ("sketch_text", crate::sketch_text, texts),
        ("reduction_decode", crate::reduction_decode, reductions),
        ("sketch_rows", crate::sketch_rows, rows),
        (
            "distribution_decode",
            crate::distribution_decode,
            distributions,
        ),
        ("logistic_decode", crate::logistic_decode, regressions),
        ("simulation_design", crate::simulation_design, designs),
        ("documents", crate::documents, documents),
        ("numbers", crate::numbers, numbers),
        (
            "sketch_rows_onto_large",
            crate::sketch_rows_onto_large,
            || rows().into_iter().step_by(4).collect(),
        ),
    ];

    /// Also leaves them where libFuzzer looks for them.
    #[test]
    fn seeds_pass_and_are_written() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::create_dir_all(root.join("artifacts")).unwrap();
        for (name, check, seeds) in TARGETS {
            let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("corpus")
                .join(name);
            fs::create_dir_all(&dir).unwrap();
            for (seed, bytes) in seeds() {
                fs::write(dir.join(format!("seed_{seed}")), &bytes).unwrap();
                check(&bytes);
            }
        }
    }

    /// `regressions/TARGET/*`: inputs that once failed.
    #[test]
    fn what_once_failed_passes() {
        for (name, check, _) in TARGETS {
            let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("regressions")
                .join(name);
            for entry in fs::read_dir(dir).into_iter().flatten() {
                let path = entry.unwrap().path();
                println!("{}", path.display());
                check(&fs::read(path).unwrap());
            }
        }
    }

    #[test]
    fn seeds_get_past_the_checksum() {
        for (_, bytes) in sketches() {
            assert_eq!(crate::with_checksum(&bytes), bytes);
            assert!(Sketch::decode(&bytes, &Budget::unlimited()).is_ok());
        }
    }
}
