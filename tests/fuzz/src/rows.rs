//! Rows out of the bytes of a fuzzer: few keys, so that cells meet, and numbers of every kind.

use crate::source::Source;
use rct_core::regression::Options;
use rct_core::sketch::{Cluster, Columns, Key, Row};

/// A row that owns its values.
pub struct OwnedRow {
    condition: Option<&'static str>,
    cluster: Option<Cluster>,
    stratum: Key,
    values: Vec<Option<f64>>,
}

impl OwnedRow {
    /// As the sketch takes it.
    pub fn borrow(&self) -> Row<'_> {
        Row {
            condition: self.condition.map(str::as_bytes),
            cluster: self.cluster,
            stratum: self.stratum,
            values: &self.values,
        }
    }
}

/// Rows, where to cut them in two, and how to analyse them.
pub struct Input {
    pub columns: Columns,
    pub rows: Vec<OwnedRow>,
    pub cut: usize,
    pub options: Options,
}

/// What the first byte switches on.
const STRATA: u8 = 4;
const EXPOSED: u8 = 8;
const WEIGHTS: u8 = 16;
const SECOND: u8 = 32;
const RATIO: u8 = 64;
const EXPOSED_TWICE: u8 = 128;
/// What rows have that are added to a large sketch, besides strata.
const ONTO_LARGE: u8 = 2 | EXPOSED | WEIGHTS | SECOND | RATIO;
/// The columns of rows that are added to a large sketch.
pub fn large() -> Columns {
    columns(ONTO_LARGE)
}

/// One to three outcomes, up to three covariates and two exposures, and a weight.
fn columns(shape: u8) -> Columns {
    let has = |what: u8, text: &'static str| if shape & what != 0 { text } else { "" };
    let covariates = ["", " ~ x", " ~ x, z", " ~ x, z, ü"][(shape & 3) as usize];
    let exposures = match (shape & EXPOSED != 0, shape & EXPOSED_TWICE != 0) {
        (false, _) => "",
        (true, false) => "; exposure: seen",
        (true, true) => "; exposure: seen, minutes",
    };
    let text = [
        "score",
        has(SECOND, ", passed"),
        has(RATIO, ", solved / tried"),
        covariates,
        exposures,
        has(WEIGHTS, "; weight: w"),
    ];
    Columns::parse(&text.concat()).expect("a good text")
}

/// Longest input that is read as rows.
const MOST: usize = 200;

impl Input {
    /// Any bytes are an input. `onto_large`: the columns that the large sketch has, and numbers of no extreme size, which would make its cells very large.
    pub fn read(data: &[u8], onto_large: bool) -> Self {
        let mut source = Source {
            bytes: data,
            tame: onto_large,
        };
        let (shape, options, cut) = (source.byte(), source.byte(), source.byte());
        let shape = match onto_large {
            true => shape & STRATA | ONTO_LARGE,
            false => shape,
        };
        let (columns, mut rows) = (columns(shape), Vec::new());
        while !source.bytes.is_empty() && rows.len() < MOST {
            rows.push(source.row(shape, &columns));
        }
        Input {
            cut: if rows.is_empty() {
                0
            } else {
                cut as usize % (rows.len() + 1)
            },
            columns,
            rows,
            options: crate::options(options),
        }
    }
}

impl Source<'_> {
    fn row(&mut self, shape: u8, columns: &Columns) -> OwnedRow {
        const CONDITIONS: [Option<&str>; 8] = [
            Some("control"),
            Some("control"),
            Some("treated"),
            Some("treated"),
            Some("other"),
            Some(""),
            Some("Ünïcode"),
            None,
        ];
        let keys = self.byte();
        let cluster = match self.byte() % 32 {
            31 => None,
            // One row in 8 has the digest of its number.
            n if keys >> 3 & 7 == 7 => Some(Cluster::Digest(Key::of_bigint(n as i64))),
            n => Some(Cluster::Number(n as i64)),
        };
        let mut values: Vec<Option<f64>> = columns.values().map(|_| self.number()).collect();
        if let (Some(weight), Some(_)) = (values.last_mut(), &columns.weight) {
            *weight = weight.map(f64::abs);
        }
        OwnedRow {
            condition: CONDITIONS[(keys & 7) as usize],
            cluster,
            stratum: match keys >> 6 {
                n if shape & STRATA != 0 && n > 0 => Key::of_bigint(n as i64),
                _ => Key::NONE,
            },
            values,
        }
    }
}
