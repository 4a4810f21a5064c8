//! What has been counted so far, on its way from one process to another: the records as they are, in no order and at any
//! scale. Nothing keeps it, so it has no version.

use super::decode::{Reader, ensure, read_columns, read_conditions, read_strata};
use crate::budget::Budget;
use crate::pulse;
use crate::sketch::cells::Cells;
use crate::sketch::layout::Layout;
use crate::sketch::scale::Column;
use crate::sketch::shape::Shape;
use crate::sketch::{STRATUM_BYTES, Sketch, SketchError};

impl Sketch {
    /// The records of the sketch, for another process.
    pub fn to_partial(&self) -> Vec<u8> {
        let layout = self.cells.layout();
        let columns = self.columns.to_string();
        let names: usize = self.conditions.iter().map(|c| c.name.len() + 18).sum();
        let scales = 8 * layout.columns().len();
        let mut out = pulse::vector(
            32 + columns.len() + scales + names + 16 * self.strata.len() + self.cells.words() * 8,
        );
        self.put_columns(&mut out, &columns);
        for column in layout.columns() {
            out.extend(column.exponent.to_le_bytes());
            out.extend(column.bits.to_le_bytes());
        }
        out.push(layout.gaps() as u8);
        out.push(self.cells.are_numbers() as u8);
        out.extend((self.conditions.len() as u16).to_le_bytes());
        out.extend((self.strata.len() as u32).to_le_bytes());
        out.extend(self.no_condition.to_le_bytes());
        self.put_conditions(&mut out, 0..self.conditions.len());
        self.put_strata(&mut out, 0..self.strata.len());
        for words in pulse::each(self.cells.chunks()) {
            out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }
        out
    }

    /// Reads what [`Sketch::to_partial`] wrote.
    pub fn from_partial(bytes: &[u8], budget: &Budget) -> Result<Self, SketchError> {
        let mut r = Reader(bytes);
        let columns = read_columns(&mut r)?;
        let shape = Shape::of(&columns);
        let mut scales = Vec::with_capacity(shape.columns());
        for _ in 0..shape.columns() {
            scales.push(Column {
                exponent: r.u32()? as i32,
                bits: r.u32()?,
            });
        }
        let (gaps, numbers) = (r.u8()? != 0, r.u8()? != 0);
        let (conditions, strata) = (r.u16()? as usize, r.u32()? as usize);
        let mut sketch = Sketch::new(columns, budget);
        sketch.no_condition = r.u64()?;
        sketch.conditions = read_conditions(&mut r, conditions, false)?;
        let strata = read_strata(&mut r, strata, false)?;
        pulse::room_for(strata.len(), STRATUM_BYTES);
        let numbered = strata.iter().enumerate();
        sketch.stratum_numbers = numbered.map(|(i, &key)| (key, i as u32)).collect();
        sketch.strata = strata;
        let layout = Layout::new(shape, scales, gaps);
        let weighted = sketch.columns.weight.is_some();
        sketch.cells = Cells::new(layout, weighted, budget);
        let (words, rest) = r.0.as_chunks::<8>();
        ensure(rest.is_empty(), "there are bytes after the end")?;
        sketch.cells.append_records(words, numbers)?;
        Ok(sketch)
    }
}
