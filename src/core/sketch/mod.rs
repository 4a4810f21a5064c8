//! The sketch: per-cluster sufficient statistics of an experiment, in one pass.
//!
//! For each (stratum, cluster, condition) a sketch holds the number of rows, the exact sums and sums of products of the
//! covariates and exposures, and a block for each outcome. Effects, attrition, intra-cluster correlation and everything else
//! is computed from it, and sketches of parts add up to the sketch of the whole, bit for bit. It holds no row and no key (see
//! [`Key`]).
//!
//! - [`Columns`] names the columns and their roles
//! - [`Builder`] takes rows, [`Sketch::merge`] another sketch
//! - [`Sketch::encode`] and [`Sketch::decode`] are the stored form
//! - [`View`] is one outcome of a sketch, as an analysis asks for it
//! - [`Moments`] is what analyses read: sums centred exactly, rounded once, in canonical order

mod builder;
mod canonical;
mod cells;
mod columns;
mod error;
mod fixed;
mod key;
mod layout;
mod moments;
mod scale;
mod shape;
mod summary;
mod view;
mod wire;

pub use builder::Builder;
pub use cells::{HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT};
pub use columns::{Columns, MAX_COVARIATES, MAX_EXPOSURES, MAX_OUTCOMES, Outcome};
pub use error::SketchError;
pub use key::{Cluster, Key};
pub use moments::{CellMoments, Centre, ConditionCounts, Moments, Rows, Selection, Variable};
pub use summary::{CellSummary, Completeness, Info};
pub use view::View;
pub use wire::{WIRE_VERSION, bytes_to_text, hash_of};

use crate::budget::Budget;
use crate::pulse;
use builder::BATCH;
use cells::{CellId, Cells};
use layout::{Layout, MAX_CELL_ROWS};
use scale::Column;
use shape::Shape;
use std::collections::HashMap;

/// Conditions that a sketch can take.
pub const MAX_CONDITIONS: usize = 1000;
/// What a stratum takes besides its cells, in tables that are doubled.
const STRATUM_BYTES: usize = 200;
/// Bytes of a condition's name.
pub const MAX_CONDITION_BYTES: usize = 1000;

/// One row, as the aggregate gets it. `None` is NULL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// Name of the condition: UTF-8 bytes, which are checked when a name is first seen.
    pub condition: Option<&'a [u8]>,
    /// Cluster.
    pub cluster: Option<Cluster>,
    /// Stratum; [`Key::NONE`] for NULL.
    pub stratum: Key,
    /// Values of the columns, in the order of [`Columns::values`].
    pub values: &'a [Option<f64>],
}

/// Rows of a condition that are not in its cells, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// The cluster was NULL.
    pub no_cluster: u64,
    /// The weight was 0.
    pub zero_weight: u64,
}

impl LeftOut {
    fn add(&mut self, other: &LeftOut) {
        // Stored counts are below 2^62, so only an absurd number of parts could saturate.
        self.no_cluster = self.no_cluster.saturating_add(other.no_cluster);
        self.zero_weight = self.zero_weight.saturating_add(other.zero_weight);
    }
}

#[derive(Debug)]
struct Condition {
    name: String,
    /// Its first bytes, see [`head`].
    head: u64,
    left_out: LeftOut,
}

impl Condition {
    fn new(name: &str, left_out: LeftOut) -> Self {
        Condition {
            name: name.to_owned(),
            head: head(name.as_bytes()),
            left_out,
        }
    }
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
    columns: Columns,
    /// What a row has that lacks nothing.
    complete_flags: u8,
    cells: Cells,
}

impl Sketch {
    /// An empty sketch whose memory is entered in `budget`.
    pub fn new(columns: Columns, budget: &Budget) -> Self {
        let shape = Shape::of(&columns);
        let scales = vec![Column::default(); shape.columns()];
        Sketch {
            conditions: Vec::new(),
            last_condition: 0,
            no_condition: 0,
            strata: Vec::new(),
            stratum_numbers: HashMap::new(),
            last_stratum: 0,
            complete_flags: if columns.covariates.is_empty() {
                0
            } else {
                HAS_COVARIATES
            } | if columns.exposures.is_empty() {
                0
            } else {
                HAS_EXPOSED
            },
            cells: Cells::new(
                Layout::new(shape, scales, false),
                columns.weight.is_some(),
                budget,
            ),
            columns,
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

    /// The columns.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Whether each row is a unit of its own; unknown without rows.
    pub(crate) fn of_students(&self) -> Option<bool> {
        let first = self.cells.iter().next()?;
        Some(first.id.cluster == Key::STUDENT)
    }

    /// Adds another sketch, which must have the same columns and units.
    pub fn merge(&mut self, other: &Sketch) -> Result<(), SketchError> {
        if self.columns != other.columns {
            return Err(SketchError::DifferentColumns(
                self.columns.to_string(),
                other.columns.to_string(),
            ));
        }
        if let (Some(ours), Some(theirs)) = (self.of_students(), other.of_students())
            && ours != theirs
        {
            return Err(SketchError::StudentsAndClusters);
        }
        self.no_condition = self.no_condition.saturating_add(other.no_condition);
        let mut conditions = Vec::with_capacity(other.conditions.len());
        for theirs in &other.conditions {
            let ours = self.condition(theirs.name.as_bytes())?;
            if let Some(c) = self.conditions.get_mut(ours) {
                c.left_out.add(&theirs.left_out);
            }
            conditions.push(ours as u32);
        }
        let mut strata = pulse::vector(other.strata.len());
        for &key in pulse::each(&other.strata) {
            strata.push(self.stratum(key)?);
        }
        self.unite_scales(other)?;
        if self.cells.are_numbers() && !other.cells.are_numbers() {
            self.cells.know_by_digest()?;
        }
        let mut wanted = Vec::with_capacity(BATCH);
        for start in (0..other.cells.len()).step_by(BATCH) {
            pulse::beat();
            wanted.clear();
            for number in start..(start + BATCH).min(other.cells.len()) {
                let Some(cell) = other.cells.get(number) else {
                    continue;
                };
                let of = |list: &[u32], at: usize| list.get(at).copied().unwrap_or(0);
                let id = CellId {
                    stratum: of(&strata, cell.id.stratum as usize),
                    condition: of(&conditions, cell.id.condition as usize) as u16,
                    ..cell.id
                };
                wanted.push(self.cells.wanted(other.cells.cluster(number), &id));
            }
            let mut cells = [usize::MAX; BATCH];
            self.cells.touch(&wanted, &mut cells);
            for ((number, wanted), cell) in wanted.iter().enumerate().zip(cells) {
                let at = self.cells.find_or_insert(wanted, cell)?;
                if let Some((rows, sums)) = other.cells.sums(start + number) {
                    self.add_sums(at, rows, sums, other.cells.layout())?;
                }
            }
        }
        Ok(())
    }

    /// Adds rows and sums of another sketch, whose scales are not wider, to a cell.
    fn add_sums(
        &mut self,
        at: usize,
        more: u64,
        added: &[u64],
        theirs: &Layout,
    ) -> Result<(), SketchError> {
        let Some((layout, rows, sums)) = self.cells.sums_mut(at) else {
            return Ok(());
        };
        if *rows + more > MAX_CELL_ROWS {
            return Err(SketchError::TooManyRows);
        }
        *rows += more;
        for (from, to) in theirs.slots().iter().zip(layout.slots()) {
            if let Some(source) = added.get(from.offset..from.offset + from.len)
                && let Some(target) = sums.get_mut(to.offset..to.offset + to.len)
                && !crate::exact::limbs::is_zero(source)
            {
                let shift = (from.exponent - to.exponent).max(0) as u32;
                crate::exact::limbs::add_shifted(target, source, shift);
            }
        }
        for (outcome, count) in layout.missing_mut(sums).iter_mut().enumerate() {
            *count += theirs.missing(added, outcome);
        }
        Ok(())
    }

    fn column_count(&self) -> usize {
        self.cells.layout().columns().len()
    }

    fn unite_scales(&mut self, other: &Sketch) -> Result<(), SketchError> {
        let (ours, theirs) = (self.cells.layout(), other.cells.layout());
        let scales = ours.columns().iter().zip(theirs.columns());
        let scales = scales.map(|(a, b)| a.union(*b)).collect();
        self.set_layout(scales, ours.gaps() || theirs.gaps())
    }

    fn widen(&mut self, values: &[f64]) -> Result<(), SketchError> {
        let layout = self.cells.layout();
        self.set_layout(layout.widened_for(values), layout.gaps())
    }

    /// From now on rows may lack an outcome.
    fn make_gaps(&mut self) -> Result<(), SketchError> {
        self.set_layout(self.cells.layout().columns().to_vec(), true)
    }

    fn set_layout(&mut self, scales: Vec<Column>, gaps: bool) -> Result<(), SketchError> {
        let layout = self.cells.layout();
        if scales == layout.columns() && gaps == layout.gaps() {
            return Ok(());
        }
        let layout = Layout::new(layout.shape().clone(), scales, gaps);
        Ok(self.cells.move_to(layout)?)
    }

    /// Number of a condition, made if it was not there.
    #[inline(always)]
    fn condition(&mut self, name: &[u8]) -> Result<usize, SketchError> {
        // Rows of different conditions come in no order: among the first few the right one is found without a branch.
        const FEW: usize = 4;
        let head = head(name);
        let mut found = usize::MAX;
        for (number, condition) in self.conditions.iter().take(FEW).enumerate() {
            let same = condition.head == head && condition.name.len() == name.len();
            found = if same { number } else { found };
        }
        let known = |c: &Condition| c.name.as_bytes() == name;
        match self.conditions.get(found) {
            Some(_) if name.len() <= 8 => Ok(found),
            Some(condition) if known(condition) => Ok(found),
            _ => self.rare_condition(name),
        }
    }

    #[inline(never)]
    fn rare_condition(&mut self, name: &[u8]) -> Result<usize, SketchError> {
        let known = |c: &Condition| c.name.as_bytes() == name;
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
        self.conditions
            .push(Condition::new(name, LeftOut::default()));
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

/// The first 8 bytes of a name as a number; the bytes of a shorter one, which with its length tell it apart.
#[inline(always)]
fn head(name: &[u8]) -> u64 {
    if let Some(first) = name.first_chunk() {
        return u64::from_le_bytes(*first);
    }
    match (name.first_chunk(), name.last_chunk()) {
        // They overlap, and are the same there.
        (Some(first), Some(last)) => {
            let shift = 8 * (name.len() as u32 - 4);
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << shift
        }
        _ => name.iter().fold(0, |head, &b| head << 8 | u64::from(b)),
    }
}
