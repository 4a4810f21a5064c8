//! Reads the reference data and compares with the reference numbers.

use rct_core::budget::Budget;
use rct_core::sketch::{Builder, Covariates, Key, Row, Sketch};
use std::collections::BTreeMap;

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
    pub exposed: Option<&'a str>,
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
    exposed: None,
    weight: None,
    subset: None,
    terms: &[("1", "treat")],
    table: "data.csv",
};

pub fn sketch(m: &Model<'_>) -> Sketch {
    sketch_of(&read(&format!("{}/{}", m.design, m.table)), m)
}

/// The same of a table that is not one file.
pub fn sketch_of(table: &Table, m: &Model<'_>) -> Sketch {
    let budget = Budget::unlimited();
    let mut builder = Builder::new(&budget);
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
        let mut covariates: Vec<Option<f64>> =
            m.covariates.iter().map(|c| number(named[c])).collect();
        if let Some(d) = m.dummies {
            covariates.extend(
                levels
                    .iter()
                    .skip(1)
                    .map(|l| Some((named[d] == l) as u8 as f64)),
            );
        }
        let complete: Option<Vec<f64>> = covariates.iter().copied().collect();
        let incomplete: Vec<f64> = covariates.iter().map(|c| c.unwrap_or(0.0)).collect();
        let given = match &complete {
            _ if covariates.is_empty() => Covariates::Absent,
            Some(values) => Covariates::Complete(values),
            None => Covariates::Incomplete(&incomplete),
        };
        let key =
            |name: &str| (!named[name].is_empty()).then(|| Key::of_text(named[name].as_bytes()));
        let condition = named[m.condition];
        builder
            .add(&Row {
                outcome: number(named[m.outcome]),
                condition: (!condition.is_empty()).then_some(condition.as_bytes()),
                cluster: match m.cluster {
                    "" => Some(Key::of_text(at.to_string().as_bytes())),
                    cluster => key(cluster),
                },
                stratum: m.stratum.and_then(key).unwrap_or(Key::NONE),
                covariates: given,
                exposed: m.exposed.and_then(|e| number(named[e])),
                weight: m.weight.and_then(|w| number(named[w])),
            })
            .unwrap();
    }
    // What is stored is what is analysed.
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
