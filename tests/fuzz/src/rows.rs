//! Rows out of the bytes of a fuzzer: few keys, so that cells meet, and numbers of every kind.

use crate::source::Source;
use rct_core::effect::Options;
use rct_core::sketch::{Covariates, Key, Row};

/// A row that owns its covariates.
pub struct OwnedRow {
    outcome: Option<f64>,
    condition: Option<&'static str>,
    cluster: Option<Key>,
    stratum: Key,
    covariates: Option<Vec<Option<f64>>>,
    /// The covariates with 0 for NULL, as an array is read.
    read: Vec<f64>,
    exposed: Option<f64>,
    weight: Option<f64>,
}

impl OwnedRow {
    /// As the sketch takes it.
    pub fn borrow(&self) -> Row<'_> {
        Row {
            outcome: self.outcome,
            condition: self.condition.map(str::as_bytes),
            cluster: self.cluster,
            stratum: self.stratum,
            covariates: match &self.covariates {
                None => Covariates::Absent,
                Some(given) if given.contains(&None) => Covariates::Incomplete(&self.read),
                Some(_) => Covariates::Complete(&self.read),
            },
            exposed: self.exposed,
            weight: self.weight,
        }
    }
}

/// Rows, where to cut them in two, and how to analyse them.
pub struct Input {
    pub rows: Vec<OwnedRow>,
    pub cut: usize,
    pub options: Options,
}

/// What the first byte switches on.
const STRATA: u8 = 4;
const EXPOSED: u8 = 8;
const WEIGHTS: u8 = 16;
/// Covariates of rows that are added to a large sketch.
pub const COVARIATES_ONTO_LARGE: usize = 2;
/// Longest input that is read as rows.
const MOST: usize = 200;

impl Input {
    /// Any bytes are an input. `onto_large`: as many covariates as the large sketch has, and numbers of no extreme size,
    /// which would make its cells very large.
    pub fn read(data: &[u8], onto_large: bool) -> Self {
        let mut source = Source {
            bytes: data,
            tame: onto_large,
        };
        let (shape, options, cut) = (source.byte(), source.byte(), source.byte());
        let shape = match onto_large {
            true => shape & !3 | COVARIATES_ONTO_LARGE as u8,
            false => shape,
        };
        let mut rows = Vec::new();
        while !source.bytes.is_empty() && rows.len() < MOST {
            rows.push(source.row(shape));
        }
        Input {
            cut: if rows.is_empty() {
                0
            } else {
                cut as usize % (rows.len() + 1)
            },
            rows,
            options: crate::options(options),
        }
    }
}

impl Source<'_> {
    fn row(&mut self, shape: u8) -> OwnedRow {
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
            n => Some(Key::of_bigint(n as i64)),
        };
        let covariates = match shape & 3 {
            0 => None,
            // One row in 8 has none at all.
            _ if keys >> 3 & 7 == 7 => None,
            n => Some((0..n).map(|_| self.number()).collect::<Vec<_>>()),
        };
        OwnedRow {
            outcome: self.number(),
            condition: CONDITIONS[(keys & 7) as usize],
            cluster,
            stratum: match keys >> 6 {
                n if shape & STRATA != 0 && n > 0 => Key::of_bigint(n as i64),
                _ => Key::NONE,
            },
            read: covariates
                .iter()
                .flatten()
                .map(|x| x.unwrap_or(0.0))
                .collect(),
            covariates,
            exposed: if shape & EXPOSED != 0 {
                self.number()
            } else {
                None
            },
            weight: if shape & WEIGHTS != 0 {
                self.number().map(f64::abs)
            } else {
                None
            },
        }
    }
}
