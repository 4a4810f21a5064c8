//! The first inputs of each target: without them a fuzzer would have to find the format by chance.

use rct_core::budget::Budget;
use rct_core::reduction::{Method, NumberReduction, TextReduction};
use rct_core::sketch::{Builder, Covariates, Key, Row, Sketch};

/// Names and bytes of the seeds of a target.
pub type Seeds = Vec<(String, Vec<u8>)>;

/// Stored sketches of every shape.
pub fn sketches() -> Seeds {
    let mut seeds = vec![(
        "empty".to_owned(),
        Sketch::new(&Budget::unlimited()).encode(),
    )];
    for (name, rows, strata, covariates, exposed, weight) in [
        ("one_row", 1u32, 0u32, 0usize, false, false),
        ("simple", 24, 0, 0, false, false),
        ("strata", 24, 3, 0, false, false),
        ("covariates", 24, 0, 2, false, false),
        ("exposed", 24, 0, 0, true, false),
        ("weights", 24, 0, 0, false, true),
        ("all", 40, 2, 3, true, true),
    ] {
        let mut builder = Builder::new(&Budget::unlimited());
        for i in 0..rows {
            let x = [f64::from(i % 7), f64::from(i) / 8.0, -1e9 + f64::from(i)];
            let value = f64::from(i * i % 23) - 3.5;
            builder
                .add(&Row {
                    outcome: (i % 11 != 10).then_some(value),
                    condition: (i % 13 != 12)
                        .then_some(["control", "treated", "Ünïcode"][i as usize % 3].as_bytes()),
                    cluster: (i % 17 != 16).then_some(Key::of_bigint(i64::from(i % 9))),
                    stratum: match strata {
                        0 => Key::NONE,
                        n => Key::of_bigint(i64::from(i % n)),
                    },
                    covariates: match covariates {
                        0 => Covariates::Absent,
                        n if i % 10 == 9 => Covariates::Incomplete(&x[..n]),
                        n => Covariates::Complete(&x[..n]),
                    },
                    exposed: (exposed && i % 6 != 5).then_some(f64::from(i % 2)),
                    weight: weight.then_some(f64::from(i % 4) / 2.0),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    /// A target: its name, its check and its seeds.
    type Target = (&'static str, fn(&[u8]), fn() -> Seeds);

    const TARGETS: [Target; 5] = [
        ("sketch_decode", crate::sketch_decode, sketches),
        ("sketch_text", crate::sketch_text, texts),
        ("reduction_decode", crate::reduction_decode, reductions),
        ("sketch_rows", crate::sketch_rows, rows),
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
                check(&bytes);
                fs::write(dir.join(format!("seed_{seed}")), bytes).unwrap();
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
