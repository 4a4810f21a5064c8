//! Rows of any shape, in which anything may be missing.

use proptest::prelude::*;
use rct_core::budget::Budget;
use rct_core::sketch::{Builder, Cluster, Columns, Key, Outcome, Row, Sketch};

pub const CONDITIONS: [&str; 3] = ["control", "a", "ä"];

#[derive(Debug, Clone)]
pub struct Data {
    pub condition: usize,
    pub cluster: i64,
    pub stratum: Option<i64>,
    /// In the order of the columns.
    pub values: Vec<Option<f64>>,
}

/// Columns and rows.
#[derive(Debug, Clone)]
pub struct Table {
    pub columns: Columns,
    pub rows: Vec<Data>,
}

/// Places of values by role.
#[derive(Debug, Clone)]
pub struct Places {
    pub outcomes: Vec<Vec<usize>>,
    pub covariates: Vec<usize>,
    pub exposures: Vec<usize>,
    pub weight: Option<usize>,
}

impl Places {
    pub fn of(columns: &Columns) -> Self {
        let mut next = 0..;
        let mut take = |n: usize| -> Vec<usize> { next.by_ref().take(n).collect() };
        Places {
            outcomes: columns
                .outcomes
                .iter()
                .map(|o| take(1 + usize::from(o.denominator.is_some())))
                .collect(),
            covariates: take(columns.covariates.len()),
            exposures: take(columns.exposures.len()),
            weight: columns.weight.iter().flat_map(|_| take(1)).next(),
        }
    }
}

impl Data {
    pub fn has(&self, places: &[usize]) -> bool {
        places.iter().all(|&i| self.values[i].is_some())
    }

    /// The row with some of its values.
    pub fn only(&self, places: &[usize]) -> Data {
        Data {
            values: places.iter().map(|&i| self.values[i]).collect(),
            ..self.clone()
        }
    }
}

impl Table {
    pub fn sketch(&self) -> Sketch {
        sketch_of(&self.columns, &self.rows, Cluster::Number)
    }

    pub fn places(&self) -> Places {
        Places::of(&self.columns)
    }

    /// The table with one of its outcomes; the covariates, exposures and weights stay.
    pub fn alone(&self, outcome: usize) -> Table {
        let places = self.places();
        let mut kept = places.outcomes[outcome].clone();
        kept.extend(places.covariates.iter().chain(&places.exposures));
        kept.extend(places.weight);
        Table {
            columns: Columns {
                outcomes: vec![self.columns.outcomes[outcome].clone()],
                ..self.columns.clone()
            },
            rows: self.rows.iter().map(|r| r.only(&kept)).collect(),
        }
    }

    /// The rows of which a condition is true.
    pub fn filtered(&self, keep: impl Fn(&Data) -> bool) -> Table {
        Table {
            columns: self.columns.clone(),
            rows: self.rows.iter().filter(|r| keep(r)).cloned().collect(),
        }
    }
}

/// A sketch whose clusters are named as `cluster` says.
pub fn sketch_of(columns: &Columns, rows: &[Data], cluster: impl Fn(i64) -> Cluster) -> Sketch {
    let mut builder = Builder::new(columns.clone(), &Budget::unlimited());
    add(&mut builder, rows, cluster);
    builder.into_sketch().unwrap()
}

pub fn add(builder: &mut Builder, rows: &[Data], cluster: impl Fn(i64) -> Cluster) {
    for row in rows {
        builder
            .add(&Row {
                condition: Some(CONDITIONS[row.condition].as_bytes()),
                cluster: Some(cluster(row.cluster)),
                stratum: row.stratum.map_or(Key::NONE, Key::of_bigint),
                values: &row.values,
            })
            .unwrap();
    }
}

pub fn again(sketch: &Sketch) -> Sketch {
    Sketch::decode(&sketch.encode(), &Budget::unlimited()).unwrap()
}

/// One to four outcomes of which some are ratios, covariates, exposures and a weight or not.
fn columns() -> impl Strategy<Value = Columns> {
    let outcomes = prop::collection::vec(prop::bool::weighted(0.25), 1..5);
    (outcomes, 0usize..3, 0usize..3, any::<bool>()).prop_map(
        |(ratios, covariates, exposures, weight)| {
            let names =
                |what: &str, count: usize| (0..count).map(|i| format!("{what}{i}")).collect();
            Columns {
                outcomes: (0..)
                    .zip(ratios)
                    .map(|(i, ratio)| Outcome {
                        name: format!("y{i}"),
                        denominator: ratio.then(|| format!("d{i}")),
                    })
                    .collect(),
                covariates: names("x", covariates),
                exposures: names("e", exposures),
                weight: weight.then(|| "w".to_owned()),
            }
        },
    )
}

/// Tenths about a level, ones and zeros, and whole numbers: sums that are rounded in doubles.
pub fn usual() -> BoxedStrategy<f64> {
    prop_oneof![
        4 => (-400i32..400).prop_map(|v| f64::from(v) / 10.0 + 1e6),
        2 => (0i32..2).prop_map(f64::from),
        2 => -9.0..9.0f64,
    ]
    .boxed()
}

/// Numbers of any size, so that columns become wider again and again.
pub fn extreme() -> BoxedStrategy<f64> {
    prop_oneof![
        2 => usual(),
        1 => (-300i32..300, -1.0..1.0f64).prop_map(|(e, v)| v * 10f64.powi(e)),
        1 => prop::sample::select(vec![1e300, -1e300, 1e-300, 5e-324, f64::MAX, 0.0, -0.0]),
    ]
    .boxed()
}

/// A table in which no value is missing, few are, or most.
pub fn table(number: fn() -> BoxedStrategy<f64>, rows: usize) -> impl Strategy<Value = Table> {
    (columns(), prop::sample::select(vec![0, 1, 4, 12])).prop_flat_map(move |(columns, gone)| {
        let weight = columns.weight.is_some();
        let count = columns.values().count();
        let value = move |i: usize| {
            let number = match weight && i + 1 == count {
                true => prop::sample::select(vec![0.5, 1.0, 3.0, 0.1]).boxed(),
                false => number(),
            };
            (0..20, number).prop_map(move |(chance, value)| (chance >= gone).then_some(value))
        };
        let row = (
            0usize..3,
            0i64..7,
            prop::option::weighted(0.9, 0i64..2),
            (0..count).map(value).collect::<Vec<_>>(),
        )
            .prop_map(|(condition, cluster, stratum, values)| Data {
                condition,
                cluster,
                stratum,
                values,
            });
        (Just(columns), prop::collection::vec(row, 0..rows))
            .prop_map(|(columns, rows)| Table { columns, rows })
    })
}
