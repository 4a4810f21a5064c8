//! The cells of a sketch: an open-addressing table over compact records.
//!
//! A record is a header of five words and the exact sums of [`Layout`]. Records lie in chunks, so that growing never
//! copies more than one chunk's worth and memory stays close to what is used.

use super::builder::BATCH;
use super::key::Key;
use super::layout::Layout;
use crate::budget::{Budget, Charge, OverBudget};
use crate::exact::limbs;
use crate::pulse;

/// Words before the sums: digest (2), stratum with condition and flags, weight, rows.
const HEADER: usize = 5;
/// Cells per chunk; the first chunk grows up to it by doubling.
const CHUNK: usize = 512;

/// The row had all covariates.
pub const HAS_COVARIATES: u8 = 1;
/// The row had an exposure.
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
    fn words(&self) -> [u64; 4] {
        let meta = self.stratum as u64 | (self.condition as u64) << 32 | (self.flags as u64) << 48;
        [
            self.cluster.0 as u64,
            (self.cluster.0 >> 64) as u64,
            meta,
            self.weight.to_bits(),
        ]
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
    /// Words of a record.
    stride: usize,
    chunks: Vec<Vec<u64>>,
    len: usize,
    /// Upper half: upper half of the hash. Lower half: cell number plus one. 0 is free.
    index: Vec<u64>,
    charge: Charge,
}

#[inline]
fn hash(id: &[u64; 4]) -> u64 {
    let [low, high, meta, weight] = *id;
    let mixed = low
        ^ high.rotate_left(32)
        ^ meta.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ weight.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    mixed ^ mixed >> 29
}

impl Cells {
    /// No cells yet.
    pub fn new(layout: Layout, budget: &Budget) -> Self {
        Cells {
            stride: HEADER + layout.words(),
            layout,
            chunks: Vec::new(),
            len: 0,
            index: Vec::new(),
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
        let (&[low, high, meta, weight, rows], sums) =
            self.record(cell).split_first_chunk::<HEADER>()?;
        let id = CellId {
            stratum: meta as u32,
            cluster: Key(low as u128 | (high as u128) << 64),
            condition: (meta >> 32) as u16,
            flags: (meta >> 48) as u8,
            weight: f64::from_bits(weight),
        };
        Some(Cell { id, rows, sums })
    }

    /// Number of the cell with this id, made if it was not there.
    #[inline(always)]
    pub fn find_or_insert(&mut self, id: &CellId) -> Result<usize, OverBudget> {
        let words = id.words();
        let hash = hash(&words);
        match self.find(hash, &words) {
            Some(found) => Ok(found),
            None => self.insert(hash, &words),
        }
    }

    /// The cells of up to a batch of rows that have one; and all their memory is touched.
    #[inline(always)]
    pub fn find_batch(&self, ids: &[CellId]) -> [Option<usize>; BATCH] {
        let mask = self.index.len().wrapping_sub(1);
        let mut entries = [(0u64, 0u64); BATCH];
        for (slot, id) in entries.iter_mut().zip(ids) {
            let hash = hash(&id.words());
            *slot = (
                hash,
                self.index.get(hash as usize & mask).copied().unwrap_or(0),
            );
        }
        let mut found = [None; BATCH];
        let mut touched = 0;
        for ((slot, id), (hash, mut entry)) in found.iter_mut().zip(ids).zip(entries) {
            let words = id.words();
            let mut at = hash as usize & mask;
            while entry != 0 {
                if (entry ^ hash) >> 32 == 0 {
                    let cell = (entry as u32 - 1) as usize;
                    if self.matches(cell, &words) {
                        let record = self.record(cell);
                        let lines = record.iter().step_by(8).chain(record.last());
                        touched ^= lines.fold(0, |t, w| t ^ w);
                        *slot = Some(cell);
                        break;
                    }
                }
                at = (at + 1) & mask;
                entry = self.index.get(at).copied().unwrap_or(0);
            }
        }
        std::hint::black_box(touched);
        found
    }

    #[inline(always)]
    fn matches(&self, cell: usize, words: &[u64; 4]) -> bool {
        let start = cell % CHUNK * self.stride;
        let header = self
            .chunks
            .get(cell / CHUNK)
            .and_then(|c| c.get(start..)?.first_chunk::<4>());
        header == Some(words)
    }

    #[inline(always)]
    fn find(&self, hash: u64, words: &[u64; 4]) -> Option<usize> {
        let mask = self.index.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            let entry = *self.index.get(at)?;
            if entry == 0 {
                return None;
            }
            if (entry ^ hash) >> 32 == 0 {
                let cell = (entry as u32 - 1) as usize;
                if self.matches(cell, words) {
                    return Some(cell);
                }
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, hash: u64, words: &[u64; 4]) -> Result<usize, OverBudget> {
        if (self.len + 1) * 4 > self.index.len() * 3 {
            self.resize_index((self.index.len() * 2).max(8))?;
        }
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
            chunk.extend_from_slice(words);
            chunk.resize(chunk.len() + stride - words.len(), 0);
        }
        self.enter(hash, cell);
        self.len += 1;
        Ok(cell)
    }

    fn enter(&mut self, hash: u64, cell: usize) {
        let mask = self.index.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while let Some(entry) = self.index.get_mut(at) {
            if *entry == 0 {
                *entry = hash >> 32 << 32 | (cell as u64 + 1);
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
        self.charge.grow(size * 8)?;
        let old = std::mem::replace(&mut self.index, vec![0; size]).len();
        self.charge.shrink(old * 8);
        for cell in pulse::each(0..self.len) {
            if let Some(words) = self.record(cell).first_chunk::<4>() {
                self.enter(hash(words), cell);
            }
        }
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
        let (header, sums) = record.split_first_chunk_mut::<HEADER>()?;
        let [_, _, _, _, rows] = header;
        Some((&self.layout, rows, sums))
    }

    /// Moves all cells to a wider layout. `from` gives for each new slot the old one that it continues.
    pub fn move_to(&mut self, layout: Layout, from: &[Option<usize>]) -> Result<(), OverBudget> {
        let (old_stride, new_stride) = (self.stride, HEADER + layout.words());
        for chunk in &mut self.chunks {
            pulse::beat();
            let cells = chunk.len() / old_stride;
            let capacity = (chunk.capacity() / old_stride).max(cells);
            self.charge.grow(capacity * new_stride * 8)?;
            let mut moved = Vec::with_capacity(capacity * new_stride);
            for record in chunk.chunks_exact(old_stride) {
                let (header, sums) = record.split_at(HEADER);
                moved.extend_from_slice(header);
                let start = moved.len();
                moved.resize(start + layout.words(), 0);
                for (to, &from) in layout.slots().iter().zip(from) {
                    let source = from.and_then(|i| self.layout.slots().get(i));
                    let Some(source) = source else { continue };
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
