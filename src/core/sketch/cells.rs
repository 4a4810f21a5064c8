//! The cells of a sketch: an open-addressing table over compact records.
//!
//! A record is a header of four words, the exact sums of [`Layout`], and a weight if the rows have weights. Records lie in chunks, so that growing never
//! copies more than one chunk's worth and memory stays close to what is used. The table holds what a cell is known by beside
//! its number, so that a row touches one line of the table and those of its sums, and growing the table reads no record.

use super::SketchError;
use super::builder::BATCH;
use super::key::{Cluster, Key};
use super::layout::Layout;
use crate::budget::{Budget, Charge, OverBudget};
use crate::exact::limbs;
use crate::pulse;

/// Words before the sums: digest (2), stratum with condition and flags, rows.
const HEADER: usize = 4;
/// Cells per chunk; the first chunk grows up to it by doubling.
const CHUNK: usize = 512;

/// The row had all covariates.
pub const HAS_COVARIATES: u8 = 1;
/// The row had all exposures.
pub const HAS_EXPOSED: u8 = 2;
/// The row had a weight.
pub const HAS_WEIGHT: u8 = 4;

/// What a cell stands for. Rows that differ in weight, or in what is missing, are in different cells, so that every
/// analysis can take the rows that are complete for it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CellId {
    /// Number of the stratum in the sketch.
    pub stratum: u32,
    /// Digest of the cluster.
    pub cluster: Key,
    /// Number of the condition in the sketch.
    pub condition: u16,
    /// What the rows have: `HAS_*`.
    pub flags: u8,
    /// Weight of each row; 1 without weights.
    pub weight: f64,
}

impl CellId {
    #[inline]
    fn meta(&self) -> u64 {
        self.stratum as u64 | (self.condition as u64) << 32 | (self.flags as u64) << 48
    }
}

/// What a cell is looked up by.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The cluster as records have it.
    cluster: [u64; 2],
    meta: u64,
    weight: u64,
    hash: u64,
}

impl Wanted {
    #[inline(always)]
    fn new(cluster: [u64; 2], meta: u64, weight: f64) -> Self {
        const MIX: u64 = 0x9E37_79B9_7F4A_7C15;
        let ([low, high], weight) = (cluster, weight.to_bits());
        let mixed = (low ^ high.rotate_left(32) ^ meta.rotate_left(17)).wrapping_mul(MIX);
        // Most sketches have no weights, or few different ones.
        let hash = (mixed ^ mixed >> 32 ^ weight.rotate_left(23)).wrapping_mul(MIX);
        Wanted {
            cluster,
            meta,
            weight,
            hash,
        }
    }
}

/// A place of the table: the upper half of a hash, and the number of the cell plus one in the lower half; 0 is free.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Entry(u64);

impl Entry {
    const FREE: Entry = Entry(0);

    fn new(hash: u64, cell: usize) -> Self {
        Entry(hash >> 32 << 32 | (cell as u64 + 1))
    }

    /// The cell, if the hash may be the one that is looked for.
    #[inline(always)]
    fn cell(self, hash: u64) -> Option<usize> {
        let number = (self.0 as u32).wrapping_sub(1) as usize;
        ((self.0 ^ hash) >> 32 == 0).then_some(number)
    }
}

/// Where a table of this size has a hash first. The upper half tells entries apart, so the lower bits of it are mixed in.
#[inline(always)]
fn place(hash: u64, size: usize) -> usize {
    (hash >> 20) as usize & size.wrapping_sub(1)
}

/// One cell, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// What it stands for.
    pub id: CellId,
    /// Rows.
    pub rows: u64,
    /// Exact sums, by the layout's slots.
    pub sums: &'a [u64],
}

/// All cells of a sketch.
#[derive(Debug)]
pub struct Cells {
    layout: Layout,
    /// Records end with a weight.
    weighted: bool,
    /// Words of a record.
    stride: usize,
    chunks: Vec<Vec<u64>>,
    len: usize,
    index: Vec<Entry>,
    /// All clusters are whole numbers, and records have these, not their digests.
    numbers: bool,
    /// The cells are in canonical order, as they were read.
    as_read: bool,
    /// The table has all cells.
    entered: bool,
    charge: Charge,
}

impl Cells {
    /// No cells yet.
    pub fn new(layout: Layout, weighted: bool, budget: &Budget) -> Self {
        Cells {
            stride: HEADER + layout.words() + weighted as usize,
            weighted,
            layout,
            chunks: Vec::new(),
            len: 0,
            index: Vec::new(),
            numbers: true,
            as_read: false,
            entered: true,
            charge: Charge::new(budget),
        }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Scale and place of the sums.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.charge.bytes()
    }

    #[inline]
    fn record(&self, cell: usize) -> &[u64] {
        let stride = self.stride;
        let start = cell % CHUNK * stride;
        self.chunks
            .get(cell / CHUNK)
            .and_then(|c| c.get(start..start + stride))
            .unwrap_or(&[])
    }

    /// All cells, in the order in which they were first seen.
    pub fn iter(&self) -> impl Iterator<Item = Cell<'_>> {
        (0..self.len).filter_map(|i| self.get(i))
    }

    /// Cell by number.
    pub fn get(&self, cell: usize) -> Option<Cell<'_>> {
        let (&[low, high, meta, rows], rest) = self.record(cell).split_first_chunk::<HEADER>()?;
        let (sums, weight) = rest.split_at_checked(self.layout.words())?;
        let id = CellId {
            stratum: meta as u32,
            cluster: if self.numbers {
                Key::of_bigint(low as i64)
            } else {
                Key(low as u128 | (high as u128) << 64)
            },
            condition: (meta >> 32) as u16,
            flags: (meta >> 48) as u8,
            weight: weight.first().map_or(1.0, |&w| f64::from_bits(w)),
        };
        Some(Cell { id, rows, sums })
    }

    /// Rows and sums of a cell.
    pub fn sums(&self, cell: usize) -> Option<(u64, &[u64])> {
        let (&[_, _, _, rows], rest) = self.record(cell).split_first_chunk::<HEADER>()?;
        Some((rows, rest.get(..self.layout.words())?))
    }

    /// The cluster of a cell as its record has it.
    pub fn cluster(&self, cell: usize) -> Cluster {
        match self.record(cell).first_chunk() {
            Some(&[number, _]) if self.numbers => Cluster::Number(number as i64),
            Some(&[low, high]) => Cluster::Digest(Key(low as u128 | (high as u128) << 64)),
            None => Cluster::Digest(Key::NONE),
        }
    }

    /// What the cell of a row is looked up by; its own cluster is not looked at.
    #[inline(always)]
    pub fn wanted(&self, cluster: Cluster, id: &CellId) -> Wanted {
        let words = match cluster {
            Cluster::Number(number) if self.numbers => [number as u64, 0],
            other => halves(other.key()),
        };
        Wanted::new(words, id.meta(), id.weight)
    }

    /// True if records have whole numbers, not digests.
    #[inline(always)]
    pub fn are_numbers(&self) -> bool {
        self.numbers
    }

    /// From now on records have the digests of clusters.
    #[cold]
    pub fn know_by_digest(&mut self) -> Result<(), OverBudget> {
        self.numbers = false;
        for chunk in &mut self.chunks {
            pulse::beat();
            for record in chunk.chunks_exact_mut(self.stride) {
                if let Some([low, high]) = record.first_chunk_mut() {
                    [*low, *high] = halves(Key::of_bigint(*low as i64));
                }
            }
        }
        if self.entered {
            self.resize_index(self.index.len())?;
        }
        Ok(())
    }

    /// True if the cells are in canonical order, as they were read.
    pub fn as_read(&self) -> bool {
        self.as_read
    }

    /// Appends a cell that is read, after those that come before it in canonical order.
    pub fn append(&mut self, id: &CellId) -> Result<usize, OverBudget> {
        (self.as_read, self.entered, self.numbers) = (true, false, false);
        self.push(halves(id.cluster), id.meta(), id.weight.to_bits())
    }

    /// Words of all records.
    pub fn words(&self) -> usize {
        self.len * self.stride
    }

    /// All records, in pieces.
    pub fn chunks(&self) -> impl Iterator<Item = &[u64]> {
        self.chunks.iter().map(Vec::as_slice)
    }

    /// Appends records of this layout, of which the table does not know yet.
    pub fn append_records(&mut self, words: &[[u8; 8]], numbers: bool) -> Result<(), SketchError> {
        let whole = words.len().is_multiple_of(self.stride);
        if !whole {
            return Err(SketchError::Corrupt("it ends within a record"));
        }
        (self.entered, self.numbers) = (false, numbers);
        for words in pulse::each(words.chunks(CHUNK * self.stride)) {
            self.charge.grow(size_of_val(words))?;
            let words = words.iter().map(|word| u64::from_le_bytes(*word));
            self.chunks.push(words.collect());
        }
        self.len = words.len() / self.stride;
        Ok(())
    }

    /// Touches the memory of the cells of rows, each access independent of the others, so that the processor overlaps them.
    /// Writes down which cells these probably are.
    pub fn touch(&self, rows: &[Wanted], cells: &mut [usize; BATCH]) {
        let first = |row: &Wanted| self.index.get(place(row.hash, self.index.len()));
        let touched = rows
            .iter()
            .filter_map(first)
            .fold(0, |t, entry| t ^ entry.0);
        std::hint::black_box(touched);
        let mut touched = 0;
        for (cell, row) in cells.iter_mut().zip(rows) {
            *cell = self.probe(row, |_| true).unwrap_or(usize::MAX);
            let record = self.record(*cell);
            let lines = record.iter().step_by(8).chain(record.last());
            touched ^= lines.fold(0, |t, word| t ^ word);
        }
        std::hint::black_box(touched);
    }

    /// Number of the cell of a row, which may be the one that is given, made if it was not there.
    #[inline(always)]
    pub fn find_or_insert(
        &mut self,
        wanted: &Wanted,
        probably: usize,
    ) -> Result<usize, OverBudget> {
        if probably < self.len && self.is(probably, wanted) {
            return Ok(probably);
        }
        match self.find(wanted) {
            Some(found) => Ok(found),
            None => self.insert(wanted),
        }
    }

    #[inline(always)]
    fn find(&self, wanted: &Wanted) -> Option<usize> {
        self.probe(wanted, |cell| self.is(cell, wanted))
    }

    /// The first cell with the hash of a row that is the right one.
    #[inline(always)]
    fn probe(&self, wanted: &Wanted, is_right: impl Fn(usize) -> bool) -> Option<usize> {
        let size = self.index.len();
        let mut at = place(wanted.hash, size);
        loop {
            let entry = *self.index.get(at)?;
            if entry == Entry::FREE {
                return None;
            }
            if let Some(cell) = entry.cell(wanted.hash)
                && is_right(cell)
            {
                return Some(cell);
            }
            at = (at + 1) & (size - 1);
        }
    }

    #[inline(always)]
    fn is(&self, cell: usize, wanted: &Wanted) -> bool {
        let record = self.record(cell);
        let [a, b] = wanted.cluster;
        let Some(&[low, high, meta]) = record.first_chunk() else {
            return false;
        };
        (low ^ a) | (high ^ b) | (meta ^ wanted.meta) == 0
            && (!self.weighted || record.last() == Some(&wanted.weight))
    }

    #[cold]
    fn insert(&mut self, wanted: &Wanted) -> Result<usize, OverBudget> {
        self.as_read = false;
        if !self.entered {
            self.resize_index((self.len * 2 + 1).next_power_of_two().max(8))?;
            if let Some(found) = self.find(wanted) {
                return Ok(found);
            }
        }
        if (self.len + 1) * 2 > self.index.len() {
            self.resize_index((self.index.len() * 2).max(8))?;
        }
        let cell = self.push(wanted.cluster, wanted.meta, wanted.weight)?;
        self.enter(cell);
        Ok(cell)
    }

    /// Appends a record without rows.
    fn push(&mut self, [low, high]: [u64; 2], meta: u64, weight: u64) -> Result<usize, OverBudget> {
        let stride = self.stride;
        let cell = self.len;
        if cell.is_multiple_of(CHUNK) {
            let cells = if cell == 0 { 4 } else { CHUNK };
            self.charge.grow(cells * stride * 8)?;
            self.chunks.push(Vec::with_capacity(cells * stride));
        }
        if let Some(chunk) = self.chunks.last_mut()
            && chunk.len() + stride > chunk.capacity()
        {
            // Only the first chunk gets here: it doubles from 4 cells to a whole chunk.
            let more = chunk.len();
            self.charge.grow(more * 8)?;
            chunk.reserve_exact(more);
        }
        if let Some(chunk) = self.chunks.last_mut() {
            let words = [low, high, meta];
            chunk.extend_from_slice(&words);
            chunk.resize(chunk.len() + stride - words.len(), 0);
            if let (true, Some(last)) = (self.weighted, chunk.last_mut()) {
                *last = weight;
            }
        }
        self.len += 1;
        Ok(cell)
    }

    /// Enters a cell in the table, which has room for it.
    fn enter(&mut self, cell: usize) {
        let record = self.record(cell);
        let Some(&[low, high, meta]) = record.first_chunk() else {
            return;
        };
        let weight = record.last().filter(|_| self.weighted);
        let weight = weight.map_or(1.0, |&w| f64::from_bits(w));
        let hash = Wanted::new([low, high], meta, weight).hash;
        let mask = self.index.len().wrapping_sub(1);
        let mut at = place(hash, self.index.len());
        while let Some(entry) = self.index.get_mut(at) {
            if *entry == Entry::FREE {
                *entry = Entry::new(hash, cell);
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// A new table of this size with all cells.
    fn resize_index(&mut self, size: usize) -> Result<(), OverBudget> {
        self.charge.grow(size * size_of::<Entry>())?;
        let old = std::mem::replace(&mut self.index, vec![Entry::FREE; size]).len();
        self.charge.shrink(old * size_of::<Entry>());
        for cell in pulse::each(0..self.len) {
            self.enter(cell);
        }
        self.entered = true;
        Ok(())
    }

    /// Rows and sums of a cell, to change them.
    #[inline(always)]
    pub fn sums_mut(&mut self, cell: usize) -> Option<(&Layout, &mut u64, &mut [u64])> {
        let stride = self.stride;
        let start = cell % CHUNK * stride;
        let record = self
            .chunks
            .get_mut(cell / CHUNK)?
            .get_mut(start..start + stride)?;
        let (header, rest) = record.split_first_chunk_mut::<HEADER>()?;
        let [_, _, _, rows] = header;
        let sums = rest.get_mut(..self.layout.words())?;
        Some((&self.layout, rows, sums))
    }

    /// Moves all cells to a wider layout of the same shape; slots of rows that lack an outcome may be new.
    pub fn move_to(&mut self, layout: Layout) -> Result<(), OverBudget> {
        let weight = self.weighted as usize;
        let (old_stride, new_stride) = (self.stride, HEADER + layout.words() + weight);
        let (old_counts, new_counts) = (self.layout.counts(), layout.counts());
        for chunk in &mut self.chunks {
            pulse::beat();
            let cells = chunk.len() / old_stride;
            let capacity = (chunk.capacity() / old_stride).max(cells);
            self.charge.grow(capacity * new_stride * 8)?;
            let mut moved = Vec::with_capacity(capacity * new_stride);
            for record in chunk.chunks_exact(old_stride) {
                let (header, rest) = record.split_at(HEADER);
                let (sums, weight) = rest.split_at(self.layout.words());
                moved.extend_from_slice(header);
                let start = moved.len();
                moved.resize(start + layout.words(), 0);
                for (to, source) in layout.slots().iter().zip(self.layout.slots()) {
                    let Some(old) = sums.get(source.offset..source.offset + source.len) else {
                        continue;
                    };
                    if limbs::is_zero(old) {
                        continue;
                    }
                    let at = start + to.offset;
                    if let Some(new) = moved.get_mut(at..at + to.len) {
                        limbs::add_shifted(new, old, (source.exponent - to.exponent).max(0) as u32);
                    }
                }
                let counts = sums.iter().rev().take(old_counts);
                let places = moved.iter_mut().rev().take(new_counts);
                places.zip(counts).for_each(|(new, old)| *new = *old);
                moved.extend_from_slice(weight);
            }
            let freed = chunk.capacity() * 8;
            *chunk = moved;
            self.charge.shrink(freed);
        }
        self.stride = new_stride;
        self.layout = layout;
        Ok(())
    }
}

#[inline(always)]
fn halves(key: Key) -> [u64; 2] {
    [key.0 as u64, (key.0 >> 64) as u64]
}
