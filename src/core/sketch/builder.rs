//! Rows into a sketch.
//!
//! Once a sketch is larger than the processor's cache, rows are kept back and entered in batches: first the table is
//! asked for the cells of all rows, then the cells are touched, then the values are added. Each step is many independent accesses to memory, which the processor overlaps, so
//! that a hundred thousand clusters in random order do not cost a wait for memory at every row.

use super::cells::{CellId, HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT};
use super::layout::MAX_CELL_ROWS;
use super::{Covariates, LeftOut, Row, Sketch, SketchError};
use crate::budget::Budget;

/// Rows kept back.
pub(super) const BATCH: usize = 64;
/// Bytes of a sketch up to which rows are entered at once.
const CACHED: usize = 1 << 20;

/// A sketch that takes rows.
#[derive(Debug)]
pub struct Builder {
    sketch: Sketch,
    cells: Vec<CellId>,
    /// Values of the rows kept back, as many for each as the sketch has columns.
    values: Vec<f64>,
}

impl Builder {
    /// An empty sketch whose memory is entered in `budget`.
    pub fn new(budget: &Budget) -> Self {
        Self::continued(Sketch::new(budget))
    }

    /// A sketch that takes more rows.
    pub fn continued(sketch: Sketch) -> Self {
        Builder {
            sketch,
            cells: Vec::with_capacity(BATCH),
            values: Vec::new(),
        }
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

    /// Adds one row, or counts it as left out. The rules, in order:
    /// a non-finite number or a negative weight is an error · condition NULL, cluster NULL, outcome NULL, weight 0: the
    /// row is counted and left out · a covariate NULL, exposure NULL, weight NULL: the row is kept and marked, and left
    /// out of the analyses that need what is missing.
    #[inline(always)]
    pub fn add(&mut self, row: &Row<'_>) -> Result<(), SketchError> {
        check(row)?;
        let given = match row.covariates {
            Covariates::Absent => None,
            Covariates::Complete(values) | Covariates::Incomplete(values) => Some(values.len()),
        };
        if let Some(count) = given
            && self.sketch.covariates != Some(count)
        {
            self.flush()?;
            self.sketch.expect_covariates(count)?;
        }
        let (Some(name), Some(cluster), Some(outcome)) = (row.condition, row.cluster, row.outcome)
        else {
            return self.leave_out(row);
        };
        if row.weight == Some(0.0) {
            return self.leave_out(row);
        }
        if row.exposed.is_some() && !self.sketch.has_exposed {
            self.flush()?;
            self.sketch.make_room(self.sketch.covariates, true)?;
        }
        let complete = matches!(row.covariates, Covariates::Complete(_));
        let id = CellId {
            stratum: self.sketch.stratum(row.stratum)?,
            cluster,
            condition: self.sketch.condition(name)? as u16,
            flags: complete as u8 * HAS_COVARIATES
                | row.exposed.is_some() as u8 * HAS_EXPOSED
                | row.weight.is_some() as u8 * HAS_WEIGHT,
            weight: row.weight.unwrap_or(1.0),
        };
        let one_column = self.sketch.column_count() == 1;
        if self.cells.is_empty() && self.sketch.cells.bytes() < CACHED {
            // The table is in the processor's cache: no wait to hide.
            match row.covariates {
                _ if one_column => return self.sketch.enter(&id, &[outcome]),
                Covariates::Complete(&[x]) if !self.sketch.has_exposed => {
                    return self.sketch.enter(&id, &[outcome, x]);
                }
                _ => {}
            }
            self.push_values(outcome, row);
            let result = self.sketch.enter(&id, &self.values);
            self.values.clear();
            return result;
        }
        self.cells.push(id);
        if one_column {
            self.values.push(outcome);
        } else {
            self.push_values(outcome, row);
        }
        if self.cells.len() >= BATCH {
            self.flush()
        } else {
            Ok(())
        }
    }

    #[inline(always)]
    fn push_values(&mut self, outcome: f64, row: &Row<'_>) {
        self.values.push(outcome);
        match row.covariates {
            Covariates::Complete(covariates) => self.values.extend_from_slice(covariates),
            _ => self
                .values
                .resize(self.values.len() + self.sketch.covariate_count(), 0.0),
        }
        if self.sketch.has_exposed {
            self.values.push(row.exposed.unwrap_or(0.0));
        }
    }

    /// Counts a row that lacks its condition, cluster or outcome, or has weight 0.
    #[cold]
    fn leave_out(&mut self, row: &Row<'_>) -> Result<(), SketchError> {
        let Some(name) = row.condition else {
            self.sketch.no_condition += 1;
            return Ok(());
        };
        let reason = match (row.cluster, row.outcome) {
            (None, _) => LeftOut {
                no_cluster: 1,
                ..LeftOut::default()
            },
            (_, None) => LeftOut {
                no_outcome: 1,
                ..LeftOut::default()
            },
            _ => LeftOut {
                zero_weight: 1,
                ..LeftOut::default()
            },
        };
        let condition = self.sketch.condition(name)?;
        if let Some(c) = self.sketch.conditions.get_mut(condition) {
            c.left_out.add(&reason);
        }
        Ok(())
    }

    /// Enters the rows kept back. What was entered before an error stays; the error ends the aggregate.
    fn flush(&mut self) -> Result<(), SketchError> {
        let columns = self.sketch.column_count();
        let found = self.sketch.cells.find_batch(&self.cells);
        for ((id, values), known) in self
            .cells
            .iter()
            .zip(self.values.chunks_exact(columns))
            .zip(found)
        {
            let cell = match known {
                Some(cell) => cell,
                None => self.sketch.cells.find_or_insert(id)?,
            };
            self.sketch.put(cell, values)?;
        }
        self.cells.clear();
        self.values.clear();
        Ok(())
    }
}

impl Sketch {
    /// Adds one row.
    #[inline(always)]
    fn enter(&mut self, id: &CellId, values: &[f64]) -> Result<(), SketchError> {
        let cell = self.cells.find_or_insert(id)?;
        self.put(cell, values)
    }

    /// Adds the values of one row to a cell.
    #[inline(always)]
    fn put(&mut self, cell: usize, values: &[f64]) -> Result<(), SketchError> {
        if let Some((layout, rows, sums)) = self.cells.sums_mut(cell)
            && layout.add(sums, values)
        {
            return count_row(rows);
        }
        self.put_widened(cell, values)
    }

    #[cold]
    fn put_widened(&mut self, cell: usize, values: &[f64]) -> Result<(), SketchError> {
        self.widen(values)?;
        if let Some((layout, rows, sums)) = self.cells.sums_mut(cell) {
            layout.add(sums, values);
            return count_row(rows);
        }
        Ok(())
    }
}

#[inline(always)]
fn check(row: &Row<'_>) -> Result<(), SketchError> {
    let finite = |argument: &'static str, value: Option<f64>| match value {
        Some(value) if !value.is_finite() => Err(SketchError::NonFinite {
            argument,
            element: None,
            value,
        }),
        _ => Ok(()),
    };
    finite("outcome", row.outcome)?;
    finite("exposed", row.exposed)?;
    finite("weight", row.weight)?;
    if let Some(w) = row.weight
        && w < 0.0
    {
        return Err(SketchError::NegativeWeight(w));
    }
    if let Some(w) = row.weight
        && w != 0.0
        && !(1e-100..=1e100).contains(&w)
    {
        return Err(SketchError::WeightRange(w));
    }
    if let Covariates::Complete(values) | Covariates::Incomplete(values) = row.covariates
        && let Some((i, &value)) = values.iter().enumerate().find(|(_, v)| !v.is_finite())
    {
        return Err(SketchError::NonFinite {
            argument: "covariates",
            element: Some(i + 1),
            value,
        });
    }
    Ok(())
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
