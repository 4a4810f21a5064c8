//! Rows into a sketch.
//!
//! Rows are kept back and entered in batches, so that the processor works on several at a time. Once a sketch is larger than
//! its cache, the memory of the cells of a batch is touched first: many independent accesses overlap, so that a hundred
//! thousand clusters in random order do not cost a wait for memory at every row.

use super::cells::{CellId, HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT, Wanted};
use super::layout::MAX_CELL_ROWS;
use super::{Cluster, Columns, Key, LeftOut, Row, Sketch, SketchError};
use crate::budget::Budget;

/// Rows kept back.
pub(super) const BATCH: usize = 64;
/// Bytes of a sketch up to which it stays in the processor's cache.
const CACHED: usize = 1 << 18;

/// A sketch that takes rows.
#[derive(Debug)]
pub struct Builder {
    sketch: Sketch,
    /// Cells of the rows kept back.
    rows: Vec<Wanted>,
    /// Values of the rows kept back, as many for each as the sketch has columns, and of earlier ones; 0 where one is missing.
    values: Vec<f64>,
    /// Which outcomes of these rows are missing, a bit for each.
    missing: Vec<u32>,
}

/// What a row has besides its values.
struct Taken {
    flags: u8,
    missing: u32,
    weight: f64,
}

impl Builder {
    /// An empty sketch whose memory is entered in `budget`.
    pub fn new(columns: Columns, budget: &Budget) -> Self {
        Self::continued(Sketch::new(columns, budget))
    }

    /// A sketch that takes more rows.
    pub fn continued(sketch: Sketch) -> Self {
        Builder {
            sketch,
            rows: Vec::new(),
            values: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// The columns, whose values each row has.
    pub fn columns(&self) -> &Columns {
        &self.sketch.columns
    }

    /// The sketch of all rows so far.
    pub fn sketch(&mut self) -> Result<&mut Sketch, SketchError> {
        self.flush()?;
        Ok(&mut self.sketch)
    }

    /// The sketch of all rows.
    pub fn into_sketch(mut self) -> Result<Sketch, SketchError> {
        self.flush()?;
        Ok(self.sketch)
    }

    /// Adds one row. The rules, in order:
    /// a non-finite number or a negative weight is an error · condition NULL, cluster NULL, weight 0: the row is counted and
    /// left out · anything else NULL: the row is kept and marked, and left out of the analyses that need what is missing.
    #[inline(always)]
    pub fn add(&mut self, row: &Row<'_>) -> Result<(), SketchError> {
        self.add_values(row, row.values.iter().copied())
    }

    /// The same with values that are made one by one, in the place of those of the row.
    #[inline(always)]
    pub fn add_values(
        &mut self,
        row: &Row<'_>,
        values: impl Iterator<Item = Option<f64>>,
    ) -> Result<(), SketchError> {
        let taken = self.take(values)?;
        let (Some(name), Some(cluster)) = (row.condition, row.cluster) else {
            return self.leave_out(row);
        };
        if taken.weight == 0.0 {
            return self.leave_out(row);
        }
        if self.sketch.cells.are_numbers() && matches!(cluster, Cluster::Digest(_)) {
            self.know_by_digest()?;
        }
        let id = CellId {
            stratum: self.sketch.stratum(row.stratum)?,
            cluster: Key::NONE,
            condition: self.sketch.condition(name)? as u16,
            flags: taken.flags,
            weight: taken.weight,
        };
        self.rows.push(self.sketch.cells.wanted(cluster, &id));
        self.missing.push(taken.missing);
        if self.rows.len() >= BATCH {
            self.flush()
        } else {
            Ok(())
        }
    }

    /// The first cluster that is no whole number: those before it go by their digests too. The values of the row at hand are
    /// there already.
    #[cold]
    fn know_by_digest(&mut self) -> Result<(), SketchError> {
        let columns = self.sketch.column_count();
        let start = self.rows.len() * columns;
        self.flush()?;
        self.values.copy_within(start..start + columns, 0);
        Ok(self.sketch.cells.know_by_digest()?)
    }

    /// Puts the values of a row after those that are kept back.
    #[inline(always)]
    fn take(
        &mut self,
        mut values: impl Iterator<Item = Option<f64>>,
    ) -> Result<Taken, SketchError> {
        let columns = self.sketch.column_count();
        let start = self.rows.len() * columns;
        if self.values.len() < start + columns {
            self.values.resize(start + columns, 0.0);
        }
        let mut absent = 0u128;
        let places = self.values.iter_mut().skip(start).take(columns);
        for (i, (place, value)) in places.zip(values.by_ref()).enumerate() {
            match value {
                Some(value) if value.is_finite() => *place = value,
                None => {
                    *place = 0.0;
                    absent |= 1 << i;
                }
                Some(value) => return Err(self.sketch.not_finite(i, value)),
            }
        }
        let mut taken = Taken {
            flags: self.sketch.complete_flags,
            missing: 0,
            weight: 1.0,
        };
        if absent != 0 {
            self.take_incomplete(start, absent, &mut taken);
        }
        if self.sketch.columns.weight.is_some()
            && let Some(Some(weight)) = values.next()
        {
            self.sketch.check_weight(weight)?;
            taken.flags |= HAS_WEIGHT;
            taken.weight = weight;
        }
        Ok(taken)
    }

    /// A ratio lacks both values if it lacks one, and a row all covariates or all exposures.
    fn take_incomplete(&mut self, start: usize, absent: u128, taken: &mut Taken) {
        let shape = self.sketch.cells.layout().shape();
        let Some(values) = self.values.get_mut(start..) else {
            return;
        };
        let mut clear = |from: usize, count: usize| {
            let lacks = absent >> from & ((1 << count) - 1) != 0;
            if lacks {
                let values = values.iter_mut().skip(from).take(count);
                values.for_each(|v| *v = 0.0);
            }
            lacks
        };
        for (j, (place, ratio)) in shape.outcomes().iter().enumerate() {
            taken.missing |= (clear(*place, 1 + *ratio as usize) as u32) << j;
        }
        let covariates = self.sketch.columns.covariates.len();
        if clear(shape.values(), covariates) {
            taken.flags &= !HAS_COVARIATES;
        }
        if clear(shape.values() + covariates, shape.common() - covariates) {
            taken.flags &= !HAS_EXPOSED;
        }
    }

    /// Counts a row that lacks its condition or cluster, or has weight 0.
    #[cold]
    fn leave_out(&mut self, row: &Row<'_>) -> Result<(), SketchError> {
        let Some(name) = row.condition else {
            self.sketch.no_condition += 1;
            return Ok(());
        };
        let no_cluster = row.cluster.is_none();
        let reason = LeftOut {
            no_cluster: no_cluster as u64,
            zero_weight: !no_cluster as u64,
        };
        let condition = self.sketch.condition(name)?;
        if let Some(c) = self.sketch.conditions.get_mut(condition) {
            c.left_out.add(&reason);
        }
        Ok(())
    }

    /// Enters the rows kept back. What was entered before an error stays; the error ends the aggregate.
    fn flush(&mut self) -> Result<(), SketchError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut cells = [usize::MAX; BATCH];
        if self.sketch.cells.bytes() > CACHED {
            self.sketch.cells.touch(&self.rows, &mut cells);
        }
        let columns = self.sketch.column_count();
        let mut add = self.sketch.cells.layout().adder();
        let rows = self.rows.iter().zip(&self.missing).zip(cells);
        for (((wanted, missing), cell), values) in rows.zip(self.values.chunks_exact(columns)) {
            let cells = &mut self.sketch.cells;
            let cell = cells.find_or_insert(wanted, cell)?;
            if *missing == 0
                && let Some((layout, rows, sums)) = cells.sums_mut(cell)
                && add(layout, sums, values)
            {
                count_row(rows)?;
            } else {
                self.sketch.put_with_care(cell, values, *missing)?;
                add = self.sketch.cells.layout().adder();
            }
        }
        self.rows.clear();
        self.missing.clear();
        Ok(())
    }
}

impl Sketch {
    /// Adds the values of one row to a cell where one is missing, or does not fit yet.
    #[inline(never)]
    fn put_with_care(
        &mut self,
        cell: usize,
        values: &[f64],
        missing: u32,
    ) -> Result<(), SketchError> {
        if missing != 0 && !self.cells.layout().gaps() {
            self.make_gaps()?;
        }
        let add = self.cells.layout().adder();
        let added = match self.cells.sums_mut(cell) {
            Some((layout, _, sums)) => add(layout, sums, values),
            None => true,
        };
        if !added {
            self.widen(values)?;
        }
        let add = self.cells.layout().adder();
        let Some((layout, rows, sums)) = self.cells.sums_mut(cell) else {
            return Ok(());
        };
        if !added {
            add(layout, sums, values);
        }
        let common = values.get(layout.shape().values()..).unwrap_or(&[]);
        let mut left = missing;
        while left != 0 {
            layout.add_gap(sums, left.trailing_zeros() as usize, common);
            left &= left - 1;
        }
        count_row(rows)
    }

    #[cold]
    fn not_finite(&self, column: usize, value: f64) -> SketchError {
        SketchError::NonFinite {
            column: self
                .columns
                .values()
                .nth(column)
                .unwrap_or_default()
                .to_owned(),
            value,
        }
    }

    #[inline(always)]
    fn check_weight(&self, weight: f64) -> Result<(), SketchError> {
        if weight == 1.0 || weight == 0.0 || (1e-100..=1e100).contains(&weight) {
            return Ok(());
        }
        Err(if !weight.is_finite() {
            self.not_finite(self.column_count(), weight)
        } else if weight < 0.0 {
            SketchError::NegativeWeight(weight)
        } else {
            SketchError::WeightRange(weight)
        })
    }
}

#[inline(always)]
fn count_row(rows: &mut u64) -> Result<(), SketchError> {
    *rows += 1;
    if *rows > MAX_CELL_ROWS {
        Err(SketchError::TooManyRows)
    } else {
        Ok(())
    }
}
