//! The sketch: per-cluster sufficient statistics of an experiment, in one pass.
//!
//! For each (stratum, cluster, condition) a sketch holds the number of rows and the exact sums and sums of products of
//! outcome, covariates and exposure. Effects, intra-cluster correlation and everything else is computed from it, and
//! sketches of parts add up to the sketch of the whole, bit for bit. It holds no row and no key (see [`Key`]).
//!
//! - [`Builder`] takes rows, [`Sketch::merge`] another sketch
//! - [`Sketch::encode`] and [`Sketch::decode`] are the stored form
//! - [`Moments`] is what analyses read: sums centred exactly, rounded once, in canonical order

mod builder;
mod canonical;
mod cells;
mod error;
mod key;
mod layout;
mod moments;
mod summary;
mod wire;

pub use builder::Builder;
pub use cells::{HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT};
pub use error::SketchError;
pub use key::Key;
pub use moments::{CellMoments, Centre, ConditionCounts, Moments, Rows, Selection, Variable};
pub use summary::{CellSummary, Completeness, Info};
pub use wire::{WIRE_VERSION, bytes_to_text};

use crate::budget::Budget;
use crate::pulse;
use cells::{CellId, Cells};
use layout::{Column, Layout, MAX_CELL_ROWS, pair_slot, slot_count};
use std::collections::HashMap;

/// Covariates that a sketch can take.
pub const MAX_COVARIATES: usize = 50;
/// Conditions that a sketch can take.
pub const MAX_CONDITIONS: usize = 1000;
/// What a stratum takes besides its cells, in tables that are doubled.
const STRATUM_BYTES: usize = 200;
/// Bytes of a condition's name.
pub const MAX_CONDITION_BYTES: usize = 1000;

/// The covariates of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Covariates<'a> {
    /// None given.
    Absent,
    /// All there.
    Complete(&'a [f64]),
    /// At least one of them NULL, which stands as 0.
    Incomplete(&'a [f64]),
}

/// One row, as the aggregate gets it. `None` is NULL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// What is compared.
    pub outcome: Option<f64>,
    /// Name of the condition: UTF-8 bytes, which are checked when a name is first seen.
    pub condition: Option<&'a [u8]>,
    /// Cluster.
    pub cluster: Option<Key>,
    /// Stratum; [`Key::NONE`] for NULL.
    pub stratum: Key,
    /// Baseline covariates.
    pub covariates: Covariates<'a>,
    /// Treatment received.
    pub exposed: Option<f64>,
    /// Weight.
    pub weight: Option<f64>,
}

impl<'a> Row<'a> {
    /// A row of the three-argument form.
    pub fn simple(outcome: Option<f64>, condition: Option<&'a [u8]>, cluster: Option<Key>) -> Self {
        Row {
            outcome,
            condition,
            cluster,
            stratum: Key::NONE,
            covariates: Covariates::Absent,
            exposed: None,
            weight: None,
        }
    }
}

/// Rows of a condition that are not in its cells, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// The outcome was NULL.
    pub no_outcome: u64,
    /// The cluster was NULL.
    pub no_cluster: u64,
    /// The weight was 0.
    pub zero_weight: u64,
}

impl LeftOut {
    fn add(&mut self, other: &LeftOut) {
        // Stored counts are below 2^62, so only an absurd number of parts could saturate.
        self.no_outcome = self.no_outcome.saturating_add(other.no_outcome);
        self.no_cluster = self.no_cluster.saturating_add(other.no_cluster);
        self.zero_weight = self.zero_weight.saturating_add(other.zero_weight);
    }
}

#[derive(Debug)]
struct Condition {
    name: String,
    left_out: LeftOut,
}

/// Per-cluster sufficient statistics.
#[derive(Debug)]
pub struct Sketch {
    conditions: Vec<Condition>,
    last_condition: usize,
    no_condition: u64,
    strata: Vec<Key>,
    stratum_numbers: HashMap<Key, u32>,
    last_stratum: usize,
    covariates: Option<usize>,
    has_exposed: bool,
    cells: Cells,
}

impl Sketch {
    /// An empty sketch whose memory is entered in `budget`.
    pub fn new(budget: &Budget) -> Self {
        Sketch {
            conditions: Vec::new(),
            last_condition: 0,
            no_condition: 0,
            strata: Vec::new(),
            stratum_numbers: HashMap::new(),
            last_stratum: 0,
            covariates: None,
            has_exposed: false,
            cells: Cells::new(Layout::new(vec![Column::default()]), budget),
        }
    }

    /// Bytes held by the cells and their index.
    pub fn bytes(&self) -> usize {
        self.cells.bytes()
    }

    /// Number of cells.
    pub fn cell_count(&self) -> usize {
        self.cells.len()
    }

    /// Number of covariates; 0 if none were given.
    pub fn covariate_count(&self) -> usize {
        self.covariates.unwrap_or(0)
    }

    /// Adds another sketch. Both must have the same number of covariates, if they have any.
    pub fn merge(&mut self, other: &Sketch) -> Result<(), SketchError> {
        if let Some(count) = other.covariates
            && self.covariates != Some(count)
        {
            self.expect_covariates(count)?;
        }
        if other.has_exposed && !self.has_exposed {
            self.make_room(self.covariates, true)?;
        }
        self.no_condition = self.no_condition.saturating_add(other.no_condition);
        let mut conditions = Vec::with_capacity(other.conditions.len());
        for theirs in &other.conditions {
            let ours = self.condition(theirs.name.as_bytes())?;
            if let Some(c) = self.conditions.get_mut(ours) {
                c.left_out.add(&theirs.left_out);
            }
            conditions.push(ours as u16);
        }
        let mut strata = pulse::vector(other.strata.len());
        for &key in pulse::each(&other.strata) {
            strata.push(self.stratum(key)?);
        }
        let places = self.columns_of(other);
        self.unite_columns(other, &places)?;
        let slots = slot_map(&places, self.column_count());
        for cell in pulse::each(other.cells.iter()) {
            let id = CellId {
                stratum: strata.get(cell.id.stratum as usize).copied().unwrap_or(0),
                condition: conditions
                    .get(cell.id.condition as usize)
                    .copied()
                    .unwrap_or(0),
                ..cell.id
            };
            let at = self.cells.find_or_insert(&id)?;
            let Some((layout, rows, sums)) = self.cells.sums_mut(at) else {
                continue;
            };
            if *rows + cell.rows > MAX_CELL_ROWS {
                return Err(SketchError::TooManyRows);
            }
            *rows += cell.rows;
            for (theirs, &ours) in other.cells.layout().slots().iter().zip(&slots) {
                let (Some(source), Some(to)) = (
                    cell.sums.get(theirs.offset..theirs.offset + theirs.len),
                    layout.slots().get(ours),
                ) else {
                    continue;
                };
                if let Some(target) = sums.get_mut(to.offset..to.offset + to.len)
                    && !crate::exact::limbs::is_zero(source)
                {
                    crate::exact::limbs::add_shifted(
                        target,
                        source,
                        (theirs.exponent - to.exponent).max(0) as u32,
                    );
                }
            }
        }
        Ok(())
    }

    fn column_count(&self) -> usize {
        self.cells.layout().columns().len()
    }

    /// For each column of `other`, the same column here.
    fn columns_of(&self, other: &Sketch) -> Vec<usize> {
        let mut places: Vec<usize> = (0..=other.covariate_count()).collect();
        if other.has_exposed {
            places.push(self.column_count() - 1);
        }
        places
    }

    fn unite_columns(&mut self, other: &Sketch, places: &[usize]) -> Result<(), SketchError> {
        let mut columns = self.cells.layout().columns().to_vec();
        for (theirs, &place) in other.cells.layout().columns().iter().zip(places) {
            if let Some(column) = columns.get_mut(place) {
                *column = column.union(*theirs);
            }
        }
        self.set_columns(columns)
    }

    fn widen(&mut self, values: &[f64]) -> Result<(), SketchError> {
        let columns = self.cells.layout().widened_for(values);
        self.set_columns(columns)
    }

    fn set_columns(&mut self, columns: Vec<Column>) -> Result<(), SketchError> {
        if columns == self.cells.layout().columns() {
            return Ok(());
        }
        let same: Vec<Option<usize>> = (0..slot_count(columns.len())).map(Some).collect();
        Ok(self.cells.move_to(Layout::new(columns), &same)?)
    }

    fn expect_covariates(&mut self, count: usize) -> Result<(), SketchError> {
        match self.covariates {
            Some(expected) => Err(SketchError::CovariateCount {
                expected,
                got: count,
            }),
            None if count > MAX_COVARIATES => Err(SketchError::TooManyCovariates(count)),
            None => self.make_room(Some(count), self.has_exposed),
        }
    }

    /// Moves the cells to a layout with these columns besides the outcome.
    fn make_room(&mut self, covariates: Option<usize>, exposed: bool) -> Result<(), SketchError> {
        let old = self.cells.layout().columns().to_vec();
        let (old_covariates, new_covariates) = (self.covariate_count(), covariates.unwrap_or(0));
        // The place of each new column among the old ones.
        let mut from: Vec<Option<usize>> = (0..=new_covariates)
            .map(|c| (c <= old_covariates).then_some(c))
            .collect();
        if exposed {
            from.push(self.has_exposed.then(|| old.len() - 1));
        }
        let columns: Vec<Column> = from
            .iter()
            .map(|f| f.and_then(|i| old.get(i)).copied().unwrap_or_default())
            .collect();
        let mut slots: Vec<Option<usize>> = from.clone();
        for (a, &from_a) in from.iter().enumerate() {
            slots.extend(from.iter().skip(a).map(|&from_b| match (from_a, from_b) {
                (Some(x), Some(y)) => Some(pair_slot(old.len(), x, y)),
                _ => None,
            }));
        }
        self.cells.move_to(Layout::new(columns), &slots)?;
        self.covariates = covariates;
        self.has_exposed = exposed;
        Ok(())
    }

    #[inline(always)]
    fn condition(&mut self, name: &[u8]) -> Result<usize, SketchError> {
        let known = |c: &Condition| same_bytes(c.name.as_bytes(), name);
        if self.conditions.get(self.last_condition).is_some_and(known) {
            return Ok(self.last_condition);
        }
        self.last_condition = match self.conditions.iter().position(known) {
            Some(number) => number,
            None => self.new_condition(name)?,
        };
        Ok(self.last_condition)
    }

    #[cold]
    fn new_condition(&mut self, name: &[u8]) -> Result<usize, SketchError> {
        let name = std::str::from_utf8(name).map_err(|_| SketchError::ConditionEncoding)?;
        if name.len() > MAX_CONDITION_BYTES {
            return Err(SketchError::ConditionTooLong(name.len()));
        }
        if self.conditions.len() >= MAX_CONDITIONS {
            return Err(SketchError::TooManyConditions);
        }
        self.conditions.push(Condition {
            name: name.to_owned(),
            left_out: LeftOut::default(),
        });
        Ok(self.conditions.len() - 1)
    }

    #[inline(always)]
    fn stratum(&mut self, key: Key) -> Result<u32, SketchError> {
        if self.strata.get(self.last_stratum) == Some(&key) {
            return Ok(self.last_stratum as u32);
        }
        if let Some(&known) = self.stratum_numbers.get(&key) {
            self.last_stratum = known as usize;
            return Ok(known);
        }
        let number = u32::try_from(self.strata.len()).map_err(|_| SketchError::TooManyRows)?;
        if self.strata.len() == self.strata.capacity() {
            pulse::room_for(2 * self.strata.len(), STRATUM_BYTES);
        }
        self.strata.push(key);
        self.stratum_numbers.insert(key, number);
        self.last_stratum = number as usize;
        Ok(number)
    }
}

/// Equality of short strings, without a call.
#[inline(always)]
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && {
        let ((x, a), (y, b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
        x.iter()
            .zip(y)
            .all(|(x, y)| u64::from_le_bytes(*x) == u64::from_le_bytes(*y))
            && a.iter()
                .zip(b)
                .fold(0, |different, (x, y)| different | (x ^ y))
                == 0
    }
}

/// For each slot of a layout whose column `i` is `places[i]` here, the slot here.
fn slot_map(places: &[usize], columns: usize) -> Vec<usize> {
    let mut slots = places.to_vec();
    for (i, &a) in places.iter().enumerate() {
        slots.extend(places.iter().skip(i).map(|&b| pair_slot(columns, a, b)));
    }
    slots
}
