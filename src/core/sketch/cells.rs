//! The cells of a sketch: an open-addressing table over compact records.
//!
//! A record is a header of four words, the exact sums of [`Layout`], and a weight if the rows have weights. Records lie in chunks, so that growing never
//! copies more than one chunk's worth and memory stays close to what is used. The table holds what a cell is known by beside
//! its number, so that a row touches one line of the table and those of its sums, and growing the table reads no record.

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
#[derive(Debug, Clone, Copy, PartialEq)]
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// The cluster.
    pub cluster: Cluster,
    /// The rest; its own cluster is not looked at.
    pub id: CellId,
}

/// A place of the table: the cluster, as its number or its digest, the rest but the weight, and the number of the cell plus
/// one in the lower half; 0 is free. The upper half tells weights apart.
#[derive(Debug, Clone, Copy, Default)]
struct Entry([u64; 4]);

impl Entry {
    #[inline(always)]
    fn new(cluster: [u64; 2], meta: u64, weight: u64) -> Self {
        let [low, high] = cluster;
        // Most sketches have no weights, or few different ones.
        let weight = (weight ^ weight >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32 << 32;
        Entry([low, high, meta, weight])
    }

    #[inline(always)]
    fn hash(&self) -> u64 {
        let Entry([low, high, meta, last]) = *self;
        let mixed = (low ^ high.rotate_left(32) ^ meta.rotate_left(17) ^ last >> 32)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ mixed >> 32
    }

    #[inline(always)]
    fn is_free(&self) -> bool {
        let Entry([_, _, _, last]) = *self;
        last as u32 == 0
    }

    #[inline(always)]
    fn matches(&self, wanted: &Entry) -> bool {
        let (Entry([a, b, c, d]), Entry([e, f, g, h])) = (self, wanted);
        (a ^ e) | (b ^ f) | (c ^ g) | (d ^ h) >> 32 == 0
    }

    #[inline(always)]
    fn cell(&self) -> usize {
        let Entry([_, _, _, last]) = *self;
        (last as u32).wrapping_sub(1) as usize
    }

    fn of_cell(self, cell: usize) -> Self {
        let Entry([a, b, c, d]) = self;
        Entry([a, b, c, d >> 32 << 32 | (cell as u64 + 1)])
    }
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
    /// All clusters are whole numbers, by which the table knows them.
    numbers: bool,
    /// The cells are in canonical order, as they were read, and the table does not have them yet.
    as_read: bool,
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
            cluster: Key(low as u128 | (high as u128) << 64),
            condition: (meta >> 32) as u16,
            flags: (meta >> 48) as u8,
            weight: weight.first().map_or(1.0, |&w| f64::from_bits(w)),
        };
        Some(Cell { id, rows, sums })
    }

    /// The place that a cell would have.
    #[inline(always)]
    fn entry(&self, wanted: &Wanted) -> Entry {
        let cluster = match wanted.cluster {
            Cluster::Number(number) if self.numbers => [number as u64, 0],
            other => halves(other.key()),
        };
        Entry::new(cluster, wanted.id.meta(), wanted.id.weight.to_bits())
    }

    /// Number of the cell with this id, made if it was not there.
    #[inline(always)]
    pub fn find_or_insert(&mut self, wanted: &Wanted) -> Result<usize, OverBudget> {
        if self.as_read || (self.numbers && matches!(wanted.cluster, Cluster::Digest(_))) {
            self.know_by_digest()?;
        }
        let entry = self.entry(wanted);
        match self.find(&entry, wanted) {
            Some(found) => Ok(found),
            None => self.insert(entry, wanted),
        }
    }

    /// From now on clusters are known by their digests, and the table has all cells.
    #[cold]
    fn know_by_digest(&mut self) -> Result<(), OverBudget> {
        (self.numbers, self.as_read) = (false, false);
        self.index.fill(Entry::default());
        self.reserve(self.len)?;
        for cell in pulse::each(0..self.len) {
            if let Some(found) = self.get(cell) {
                let entry = Entry::new(
                    halves(found.id.cluster),
                    found.id.meta(),
                    found.id.weight.to_bits(),
                );
                self.enter(entry.of_cell(cell));
            }
        }
        Ok(())
    }

    /// True if the cells are in canonical order, as they were read.
    pub fn as_read(&self) -> bool {
        self.as_read
    }

    /// Makes the table have all cells, before rows are looked up in it.
    pub fn enter_all(&mut self) -> Result<(), OverBudget> {
        if self.as_read {
            self.know_by_digest()
        } else {
            Ok(())
        }
    }

    /// Appends a cell that is read, after those that come before it in canonical order.
    pub fn append(&mut self, id: &CellId) -> Result<usize, OverBudget> {
        self.as_read = true;
        let [low, high] = halves(id.cluster);
        self.push([low, high, id.meta()], id.weight)
    }

    /// The cells of up to a batch of rows that have one; and all their memory is touched.
    #[inline(always)]
    pub fn find_batch(&self, rows: &[Wanted]) -> [Option<usize>; BATCH] {
        let mask = self.index.len().wrapping_sub(1);
        let mut wanted = [(Entry::default(), 0); BATCH];
        let mut touched = 0;
        for (slot, row) in wanted.iter_mut().zip(rows) {
            let entry = self.entry(row);
            let at = entry.hash() as usize & mask;
            *slot = (entry, at);
            touched ^= self.index.get(at).map_or(0, |e| e.cell());
        }
        let mut found = [None; BATCH];
        for ((slot, row), (entry, at)) in found.iter_mut().zip(rows).zip(wanted) {
            *slot = self.find_from(at, &entry, row);
            if let Some(cell) = *slot {
                let record = self.record(cell);
                let lines = record.iter().step_by(8).chain(record.last());
                touched ^= lines.fold(0, |t, w| t ^ *w as usize);
            }
        }
        std::hint::black_box(touched);
        found
    }

    #[inline(always)]
    fn find(&self, entry: &Entry, wanted: &Wanted) -> Option<usize> {
        let mask = self.index.len().wrapping_sub(1);
        self.find_from(entry.hash() as usize & mask, entry, wanted)
    }

    #[inline(always)]
    fn find_from(&self, start: usize, entry: &Entry, wanted: &Wanted) -> Option<usize> {
        let mask = self.index.len().wrapping_sub(1);
        let mut at = start;
        loop {
            let known = self.index.get(at)?;
            if known.is_free() {
                return None;
            }
            if known.matches(entry) && self.weighs(known.cell(), wanted) {
                return Some(known.cell());
            }
            at = (at + 1) & mask;
        }
    }

    /// True if the cell has the weight that is wanted; the table has a part of it only.
    #[inline(always)]
    fn weighs(&self, cell: usize, wanted: &Wanted) -> bool {
        wanted.id.flags & HAS_WEIGHT == 0
            || self.record(cell).last() == Some(&wanted.id.weight.to_bits())
    }

    #[cold]
    fn insert(&mut self, entry: Entry, wanted: &Wanted) -> Result<usize, OverBudget> {
        if (self.len + 1) * 4 > self.index.len() * 3 {
            self.resize_index((self.index.len() * 2).max(8))?;
        }
        let [low, high] = halves(wanted.cluster.key());
        let cell = self.push([low, high, wanted.id.meta()], wanted.id.weight)?;
        self.enter(entry.of_cell(cell));
        Ok(cell)
    }

    /// Appends a record without rows.
    fn push(&mut self, words: [u64; 3], weight: f64) -> Result<usize, OverBudget> {
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
            chunk.extend_from_slice(&words);
            chunk.resize(chunk.len() + stride - words.len(), 0);
            if let (true, Some(last)) = (self.weighted, chunk.last_mut()) {
                *last = weight.to_bits();
            }
        }
        self.len += 1;
        Ok(cell)
    }

    fn enter(&mut self, entry: Entry) {
        let mask = self.index.len().wrapping_sub(1);
        let mut at = entry.hash() as usize & mask;
        while let Some(place) = self.index.get_mut(at) {
            if place.is_free() {
                *place = entry;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Makes room for that many cells in the table.
    pub fn reserve(&mut self, cells: usize) -> Result<(), OverBudget> {
        let size = (cells.saturating_mul(4) / 3 + 1).next_power_of_two().max(8);
        if size > self.index.len() {
            self.resize_index(size)
        } else {
            Ok(())
        }
    }

    fn resize_index(&mut self, size: usize) -> Result<(), OverBudget> {
        self.charge.grow(size * size_of::<Entry>())?;
        let old = std::mem::replace(&mut self.index, vec![Entry::default(); size]);
        for entry in pulse::each(&old).filter(|e| !e.is_free()) {
            self.enter(*entry);
        }
        self.charge.shrink(old.len() * size_of::<Entry>());
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
