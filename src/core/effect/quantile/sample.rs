//! The outcomes of each condition, as analyses read them.

use super::distribution::{Distribution, Outcome};
use super::error::QuantileError;
use crate::budget::Charge;
use crate::pulse;
use crate::sketch::Key;

/// Bytes that a cell takes in samples, arms and degrees of freedom.
const CELL_BYTES: usize = 64;

/// The outcomes of a cluster in a stratum, ascending.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// Number of the stratum.
    pub stratum: u32,
    /// Number of the cluster, the same in all conditions and strata.
    pub cluster: u32,
    /// Outcomes.
    outcomes: &'a [Outcome],
}

impl Cell<'_> {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.outcomes.len()
    }

    /// Outcomes not above `y`.
    pub fn up_to(&self, y: f64) -> usize {
        self.outcomes.partition_point(|o| o.value <= y)
    }
}

/// An outcome with the number of its stratum.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The outcome.
    pub value: f64,
    /// Number of the stratum.
    pub stratum: u32,
}

/// The outcomes of a condition.
#[derive(Debug)]
pub struct Sample<'a> {
    /// Name of the condition.
    pub name: &'a str,
    /// By stratum, and then by cluster.
    pub cells: Vec<Cell<'a>>,
    /// By value.
    pub rows: Vec<Row>,
    /// How many clusters there are.
    pub clusters: u64,
}

impl Sample<'_> {
    /// Strata with their cells, ascending.
    pub fn strata(&self) -> impl Iterator<Item = (u32, &[Cell<'_>])> {
        let strata = self.cells.chunk_by(|a, b| a.stratum == b.stratum);
        strata.filter_map(|cells| Some((cells.first()?.stratum, cells)))
    }
}

/// What the samples of a distribution are made from, and the memory that analyses of them take.
pub struct Samples<'a> {
    distribution: &'a Distribution,
    /// For each place the number of its cluster.
    clusters: Vec<u32>,
    _room: Charge,
}

impl Distribution {
    /// Makes room for the samples of all conditions and for what is made of two of them at a time.
    pub(super) fn samples(&mut self) -> Result<Samples<'_>, QuantileError> {
        self.sort();
        // A row of a sample, and if there are strata a sum of weights.
        let row = size_of::<Row>() + self.has_strata() as usize * size_of::<f64>();
        let cells = self
            .outcomes
            .chunk_by(|a, b| (a.condition, a.place) == (b.condition, b.place));
        let cells = pulse::each(cells).count();
        let mut room = Charge::new(self.charge.budget());
        room.grow(self.outcomes.len() * row + cells * CELL_BYTES)?;
        Ok(Samples {
            clusters: self.cluster_numbers(),
            distribution: self,
            _room: room,
        })
    }

    /// For each place the number of its cluster, by digest; once sorted.
    fn cluster_numbers(&self) -> Vec<u32> {
        let mut by_key: Vec<(Key, u32)> = pulse::vector(self.places.len());
        by_key.extend(self.places.iter().map(|p| p.cluster()).zip(0..));
        pulse::sort(&mut by_key);
        let mut numbers = pulse::vector(self.places.len());
        numbers.resize(self.places.len(), 0);
        let same = by_key.chunk_by(|a, b| a.0 == b.0);
        for (places, number) in pulse::each(same).zip(0..) {
            for (_, place) in places {
                if let Some(slot) = numbers.get_mut(*place as usize) {
                    *slot = number;
                }
            }
        }
        numbers
    }

    /// The outcomes of each place of a condition, by number, once sorted.
    pub(super) fn cells(&self, condition: u32) -> impl Iterator<Item = (u32, &[Outcome])> {
        let start = self.outcomes.partition_point(|o| o.condition < condition);
        let end = self.outcomes.partition_point(|o| o.condition <= condition);
        let of_condition = self.outcomes.get(start..end).unwrap_or(&[]);
        of_condition
            .chunk_by(|a, b| a.place == b.place)
            .filter_map(|cell| Some((cell.first()?.place, cell)))
    }

    /// The outcomes of a condition by cluster, clusters by digest, outcomes ascending.
    pub(crate) fn outcomes_of(&mut self, condition: &str) -> Vec<(Key, Vec<f64>)> {
        self.sort();
        pulse::room(self.outcomes.len() * size_of::<f64>() + self.places.len() * 80);
        let number = self
            .conditions
            .iter()
            .zip(0..)
            .find(|(c, _)| c.name == condition);
        let cells = number.into_iter().flat_map(|(_, n)| self.cells(n));
        let mut clusters: Vec<(Key, Vec<f64>)> = pulse::each(cells)
            .filter_map(|(place, cell)| {
                let key = self.places.get(place as usize)?.cluster();
                Some((key, cell.iter().map(|o| o.value).collect()))
            })
            .collect();
        if self.has_strata() {
            pulse::sort_by(&mut clusters, |a, b| a.0.cmp(&b.0));
            clusters.dedup_by(|next, first| {
                let same = next.0 == first.0;
                if same {
                    first.1.append(&mut next.1);
                }
                same
            });
            for (_, values) in pulse::each(&mut clusters) {
                pulse::sort_by(values, f64::total_cmp);
            }
        }
        clusters
    }
}

impl<'a> Samples<'a> {
    /// The sample of each condition, by name.
    pub fn all(&self) -> Vec<Sample<'_>> {
        let conditions = self.distribution.conditions.iter().zip(0..);
        conditions
            .map(|(condition, number)| self.sample(&condition.name, number))
            .collect()
    }

    fn sample(&'a self, name: &'a str, condition: u32) -> Sample<'a> {
        let of = |(place, outcomes): (u32, &'a [Outcome])| {
            let place = place as usize;
            Some(Cell {
                stratum: self.distribution.places.get(place)?.stratum,
                cluster: *self.clusters.get(place)?,
                outcomes,
            })
        };
        let cells: Vec<Cell<'_>> = pulse::each(self.distribution.cells(condition))
            .filter_map(of)
            .collect();
        let mut rows: Vec<Row> = Vec::with_capacity(cells.iter().map(Cell::rows).sum());
        for cell in pulse::each(&cells) {
            let stratum = cell.stratum;
            let row = |o: &Outcome| Row {
                value: o.value,
                stratum,
            };
            rows.extend(cell.outcomes.iter().map(row));
        }
        pulse::sort_by(&mut rows, |a, b| a.value.total_cmp(&b.value));
        Sample {
            name,
            clusters: clusters(&cells),
            cells,
            rows,
        }
    }
}

/// How many different clusters cells are of.
fn clusters(cells: &[Cell<'_>]) -> u64 {
    let mut numbers: Vec<u32> = pulse::vector(cells.len());
    numbers.extend(cells.iter().map(|c| c.cluster));
    pulse::sort(&mut numbers);
    numbers.dedup();
    numbers.len() as u64
}
