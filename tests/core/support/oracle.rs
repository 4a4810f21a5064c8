//! Reads the reference data and compares with the reference numbers.

use rct_core::budget::Budget;
use rct_core::sketch::{Builder, Cluster, Columns, Key, Outcome, Row, Sketch};
use std::collections::{BTreeMap, BTreeSet};

pub const TOLERANCE: f64 = 1e-9;

pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

pub fn read(path: &str) -> Table {
    let path = format!("{}/../../tests/oracle/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut lines = text
        .lines()
        .map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    Table {
        header,
        rows: lines.collect(),
    }
}

impl Table {
    pub fn column(&self, name: &str) -> usize {
        self.header
            .iter()
            .position(|h| h == name)
            .unwrap_or_else(|| panic!("no column {name} in {:?}", self.header))
    }
}

pub fn number(text: &str) -> Option<f64> {
    if text.is_empty() {
        None
    } else {
        Some(text.parse().unwrap())
    }
}

/// Says whether a row, by column names, is in the subset.
pub type Keep = fn(&BTreeMap<&str, &str>) -> bool;

/// One regression of the reference data.
#[derive(Clone, Copy)]
#[allow(dead_code)]
pub struct Model<'a> {
    pub design: &'a str,
    pub id: &'a str,
    pub outcome: &'a str,
    pub condition: &'a str,
    pub control: &'a str,
    /// Column of the cluster; empty if each row is one of its own.
    pub cluster: &'a str,
    pub stratum: Option<&'a str>,
    pub covariates: &'a [&'a str],
    /// Columns turned into a dummy for each value but the first, as further covariates.
    pub dummies: Option<&'a str>,
    pub exposures: &'a [&'a str],
    pub weight: Option<&'a str>,
    pub subset: Option<Keep>,
    /// Term in the reference for each treated condition.
    pub terms: &'a [(&'a str, &'a str)],
    pub table: &'a str,
}

pub const PLAIN: Model<'static> = Model {
    design: "",
    id: "",
    outcome: "y",
    condition: "treat",
    control: "0",
    cluster: "school_id",
    stratum: None,
    covariates: &[],
    dummies: None,
    exposures: &[],
    weight: None,
    subset: None,
    terms: &[("1", "treat")],
    table: "data.csv",
};

pub fn sketch(m: &Model<'_>) -> Sketch {
    sketch_of(&read(&format!("{}/{}", m.design, m.table)), m)
}

/// The columns of a model's sketch, with these covariates. A column that is there twice has another name the second time.
pub fn columns<T: ToString>(m: &Model<'_>, covariates: &[T]) -> Columns {
    let mut known = BTreeSet::new();
    let mut name = |column: &dyn ToString| {
        let mut name = column.to_string();
        while !known.insert(name.clone()) {
            name.push_str(" again");
        }
        name
    };
    Columns {
        outcomes: vec![Outcome {
            name: name(&m.outcome),
            denominator: None,
        }],
        exposures: m.exposures.iter().map(|e| name(e)).collect(),
        covariates: covariates.iter().map(|c| name(c)).collect(),
        weight: m.weight.map(|w| name(&w)),
    }
}

/// The same of a table that is not one file.
pub fn sketch_of(table: &Table, m: &Model<'_>) -> Sketch {
    let budget = Budget::unlimited();
    let mut levels: Vec<String> = match m.dummies {
        Some(d) => table
            .rows
            .iter()
            .map(|r| r[table.column(d)].clone())
            .collect(),
        None => Vec::new(),
    };
    levels.sort();
    levels.dedup();
    let mut covariates: Vec<String> = m.covariates.iter().map(ToString::to_string).collect();
    covariates.extend(levels.iter().skip(1).map(|l| format!("{l} of these")));
    let mut builder = Builder::new(columns(m, &covariates), &budget);
    for (at, row) in table.rows.iter().enumerate() {
        let named: BTreeMap<&str, &str> = table
            .header
            .iter()
            .map(String::as_str)
            .zip(row.iter().map(String::as_str))
            .collect();
        if m.subset.is_some_and(|keep| !keep(&named)) {
            continue;
        }
        let mut values = vec![number(named[m.outcome])];
        values.extend(m.covariates.iter().map(|c| number(named[c])));
        if let Some(d) = m.dummies {
            values.extend(
                levels
                    .iter()
                    .skip(1)
                    .map(|l| Some((named[d] == l) as u8 as f64)),
            );
        }
        values.extend(
            m.exposures
                .iter()
                .chain(&m.weight)
                .map(|c| number(named[c])),
        );
        let key =
            |name: &str| (!named[name].is_empty()).then(|| Key::of_text(named[name].as_bytes()));
        let condition = named[m.condition];
        builder
            .add(&Row {
                condition: (!condition.is_empty()).then_some(condition.as_bytes()),
                cluster: match m.cluster {
                    "" => Some(Cluster::Number(at as i64)),
                    cluster => key(cluster).map(Cluster::Digest),
                },
                stratum: m.stratum.and_then(key).unwrap_or(Key::NONE),
                values: &values,
            })
            .unwrap();
    }
    // What is stored is what is analyzed.
    Sketch::decode(&builder.sketch().unwrap().encode(), &budget).unwrap()
}

#[derive(Default)]
pub struct Report {
    pub compared: usize,
    pub worst: f64,
    pub failures: Vec<String>,
}

impl Report {
    pub fn check(&mut self, what: String, got: Option<f64>, expected: Option<f64>, scale: f64) {
        let Some(expected) = expected else { return };
        self.compared += 1;
        let Some(got) = got else {
            self.failures
                .push(format!("{what}: NULL instead of {expected}"));
            return;
        };
        let error = if got == expected {
            0.0
        } else {
            (got - expected).abs() / expected.abs().max(scale)
        };
        self.worst = self.worst.max(error);
        if !(error <= TOLERANCE) {
            self.failures
                .push(format!("{what}: {got} instead of {expected} ({error:.1e})"));
        }
    }

    pub fn finish(self, least: usize) {
        println!(
            "{} numbers, largest relative difference {:.1e}",
            self.compared, self.worst
        );
        assert!(
            self.failures.is_empty(),
            "{} differ:\n{}",
            self.failures.len(),
            self.failures.join("\n")
        );
        assert!(
            self.compared >= least,
            "only {} numbers were compared",
            self.compared
        );
    }
}
