//! Reading the stored form. Nothing but what [`Sketch::encode`] writes is accepted.

use super::WIRE_VERSION;
use crate::budget::Budget;
use crate::exact::limbs;
use crate::pulse::{self, Pulse};
use crate::sketch::canonical::rank;
use crate::sketch::cells::{Cell, CellId, Cells, HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT};
use crate::sketch::columns::Columns;
use crate::sketch::key::Key;
use crate::sketch::layout::{Layout, MAX_CELL_ROWS};
use crate::sketch::scale::Column;
use crate::sketch::shape::Shape;
use crate::sketch::{
    Condition, LeftOut, MAX_CONDITION_BYTES, MAX_CONDITIONS, STRATUM_BYTES, Sketch, SketchError,
};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Products of two subnormal doubles.
const LOWEST_EXPONENT: i32 = -2148;
/// 2^40 products of two of the largest doubles.
const HIGHEST_BIT: i32 = 2048 + 48;

impl Sketch {
    /// Reads a stored sketch.
    pub fn decode(bytes: &[u8], budget: &Budget) -> Result<Self, SketchError> {
        let (body, checksum) = bytes
            .split_last_chunk::<8>()
            .ok_or(SketchError::Corrupt("it is too short"))?;
        let [b'R', version, ..] = body else {
            return Err(SketchError::Corrupt("it does not begin as a sketch"));
        };
        if *version > WIRE_VERSION {
            return Err(SketchError::UnknownVersion(*version));
        }
        ensure(*version == WIRE_VERSION, "its version is 0")?;
        if xxh3_64(body) != u64::from_le_bytes(*checksum) {
            return Err(SketchError::Corrupt("the checksum does not match"));
        }
        let mut reader = Reader(body.get(2..).unwrap_or(&[]));
        let sketch = decode_body(&mut reader, budget)?;
        if reader.0.is_empty() {
            Ok(sketch)
        } else {
            Err(SketchError::Corrupt("there are bytes after the end"))
        }
    }
}

pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], SketchError> {
        let (head, tail) = self
            .0
            .split_at_checked(n)
            .ok_or(SketchError::Corrupt("it ends too early"))?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SketchError> {
        let (head, tail) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(SketchError::Corrupt("it ends too early"))?;
        self.0 = tail;
        Ok(*head)
    }

    pub fn u8(&mut self) -> Result<u8, SketchError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub fn u16(&mut self) -> Result<u16, SketchError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, SketchError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, SketchError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn u128(&mut self) -> Result<u128, SketchError> {
        Ok(u128::from_le_bytes(self.array()?))
    }
}

pub(super) fn ensure(condition: bool, what: &'static str) -> Result<(), SketchError> {
    if condition {
        Ok(())
    } else {
        Err(SketchError::Corrupt(what))
    }
}

/// Exponent and width of a slot as read, and what shows that they are the canonical ones.
#[derive(Clone, Copy, Default)]
struct ReadSlot {
    exponent: i32,
    width: usize,
    /// Some cell has its lowest bit.
    odd: bool,
    /// Some cell needs all its bytes.
    needed: bool,
}

fn decode_body(r: &mut Reader<'_>, budget: &Budget) -> Result<Sketch, SketchError> {
    let columns = read_columns(r)?;
    let shape = Shape::of(&columns);
    let gaps = r.u8()?;
    ensure(gaps <= 1, "it has unknown flags")?;
    let gaps = gaps == 1;
    let (condition_count, stratum_count, cell_count) =
        (r.u16()? as usize, r.u32()? as usize, r.u64()?);
    ensure(
        condition_count <= MAX_CONDITIONS,
        "it has too many conditions",
    )?;
    let no_condition = r.u64()?;
    ensure(no_condition < 1 << 62, "a count is impossibly large")?;
    let conditions = read_conditions(r, condition_count, true)?;
    let sketch_conditions = conditions.len();
    let strata = read_strata(r, stratum_count, true)?;
    let mut slots = Vec::with_capacity(shape.slots(gaps));
    for _ in 0..shape.slots(gaps) {
        slots.push(read_slot(r)?);
    }
    let scales = columns_for(&slots, &shape, gaps);
    let mut sketch = Sketch::new(columns, budget);
    pulse::room_for(strata.len(), STRATUM_BYTES);
    sketch.stratum_numbers = strata
        .iter()
        .enumerate()
        .map(|(i, &k)| (k, i as u32))
        .collect::<HashMap<_, _>>();
    let mut strata_used = vec![false; strata.len()];
    let mut conditions_used = vec![false; sketch_conditions];
    let mut gap_used = false;
    (sketch.conditions, sketch.strata, sketch.no_condition) = (conditions, strata, no_condition);
    let weighted = sketch.columns.weight.is_some();
    sketch.cells = Cells::new(Layout::new(shape, scales, gaps), weighted, budget);

    let terms = sketch.cells.layout().shape().terms(gaps);
    let mut previous = None;
    let mut pulse = Pulse::every(1 << 12);
    for _ in 0..cell_count {
        pulse.tick();
        let id = read_cell_id(r)?;
        ensure(
            (id.stratum as usize) < sketch.strata.len(),
            "a cell has an unknown stratum",
        )?;
        ensure(
            (id.condition as usize) < sketch.conditions.len(),
            "a cell has an unknown condition",
        )?;
        let weighted = if sketch.columns.weight.is_some() {
            HAS_WEIGHT
        } else {
            0
        };
        ensure(
            id.flags & !(sketch.complete_flags | weighted) == 0,
            "a cell has values of columns that it does not have",
        )?;
        ensure(previous < Some(rank(&id)), "its cells are not in order")?;
        previous = Some(rank(&id));
        if let Some(used) = strata_used.get_mut(id.stratum as usize) {
            *used = true;
        }
        if let Some(used) = conditions_used.get_mut(id.condition as usize) {
            *used = true;
        }
        let rows = r.u64()?;
        ensure(
            (1..=MAX_CELL_ROWS).contains(&rows),
            "a cell has an impossible number of rows",
        )?;
        let at = sketch.cells.append(&id)?;
        let Some((layout, cell_rows, sums)) = sketch.cells.sums_mut(at) else {
            continue;
        };
        *cell_rows = rows;
        for count in layout.missing_mut(sums) {
            *count = r.u64()?;
            ensure(
                *count <= rows,
                "a cell lacks more outcomes than it has rows",
            )?;
            gap_used |= *count > 0;
        }
        for (read, slot) in slots.iter_mut().zip(layout.slots()) {
            let bytes = r.take(read.width)?;
            if let Some(sum) = sums.get_mut(slot.offset..slot.offset + slot.len) {
                read_sum(bytes, read, sum, slot.exponent);
            }
        }
        if let Some(cell) = sketch.cells.get(at) {
            check_cell(&cell, &terms, &sketch)?;
        }
    }
    ensure(
        strata_used.iter().all(|&u| u),
        "it has a stratum without a cell",
    )?;
    let counted = |c: &Condition| c.left_out != LeftOut::default();
    let mut conditions = sketch.conditions.iter().zip(&conditions_used);
    ensure(
        conditions.all(|(c, &used)| used || counted(c)),
        "it has a condition without a row",
    )?;
    ensure(gap_used == gaps, "it lacks outcomes that no cell lacks")?;
    let canonical = |s: &ReadSlot| s.width == 0 || (s.odd && s.needed);
    ensure(
        slots.iter().all(canonical),
        "its sums are not in the shortest form",
    )?;
    Ok(sketch)
}

pub(super) fn read_columns(r: &mut Reader<'_>) -> Result<Columns, SketchError> {
    const BAD: SketchError = SketchError::Corrupt("its columns are not a list of names");
    let length = r.u16()? as usize;
    let text = std::str::from_utf8(r.take(length)?).map_err(|_| BAD)?;
    let columns = Columns::parse(text).map_err(|_| BAD)?;
    ensure(
        columns.to_string() == text,
        "its columns are not written in the one way",
    )?;
    Ok(columns)
}

pub(super) fn read_conditions(
    r: &mut Reader<'_>,
    count: usize,
    sorted: bool,
) -> Result<Vec<Condition>, SketchError> {
    let mut conditions: Vec<Condition> = Vec::new();
    for _ in 0..count {
        let length = r.u16()? as usize;
        ensure(
            length <= MAX_CONDITION_BYTES,
            "a condition's name is too long",
        )?;
        let name = std::str::from_utf8(r.take(length)?)
            .map_err(|_| SketchError::Corrupt("a condition's name is not UTF-8"))?;
        ensure(!name.contains('\0'), "a condition's name has a zero byte")?;
        let after = |c: &Condition| c.name.as_bytes() < name.as_bytes();
        ensure(
            !sorted || conditions.last().is_none_or(after),
            "its conditions are not in order",
        )?;
        let left_out = LeftOut {
            no_cluster: r.u64()?,
            zero_weight: r.u64()?,
        };
        let small = |n: u64| n < 1 << 62;
        ensure(
            small(left_out.no_cluster) && small(left_out.zero_weight),
            "a count is impossibly large",
        )?;
        conditions.push(Condition::new(name, left_out));
    }
    Ok(conditions)
}

pub(super) fn read_strata(
    r: &mut Reader<'_>,
    count: usize,
    sorted: bool,
) -> Result<Vec<Key>, SketchError> {
    ensure(r.0.len() / 16 >= count, "it ends too early")?;
    let mut strata: Vec<Key> = pulse::vector(count);
    for _ in 0..count {
        let key = Key(r.u128()?);
        ensure(
            !sorted || strata.last().is_none_or(|last| *last < key),
            "its strata are not in order",
        )?;
        strata.push(key);
    }
    Ok(strata)
}

fn read_slot(r: &mut Reader<'_>) -> Result<ReadSlot, SketchError> {
    let exponent = i16::from_le_bytes(r.array()?) as i32;
    let width = r.u16()? as usize;
    let possible = if width == 0 {
        exponent == 0
    } else {
        exponent >= LOWEST_EXPONENT && exponent + (width as i32) * 8 <= HIGHEST_BIT + 8
    };
    ensure(possible, "a sum is outside the range of doubles")?;
    Ok(ReadSlot {
        exponent,
        width,
        ..ReadSlot::default()
    })
}

fn read_cell_id(r: &mut Reader<'_>) -> Result<CellId, SketchError> {
    let stratum = r.u32()?;
    let cluster = Key(r.u128()?);
    let condition = r.u16()?;
    let flags = r.u8()?;
    ensure(
        flags & !(HAS_COVARIATES | HAS_EXPOSED | HAS_WEIGHT) == 0,
        "a cell has unknown flags",
    )?;
    let weight = if flags & HAS_WEIGHT != 0 {
        f64::from_le_bytes(r.array()?)
    } else {
        1.0
    };
    ensure(
        (1e-100..=1e100).contains(&weight),
        "a cell has an impossible weight",
    )?;
    Ok(CellId {
        stratum,
        cluster,
        condition,
        flags,
        weight,
    })
}

/// Places a stored integer at the layout's scale, where nothing is yet, and notes what shows that the slot is canonical.
#[inline]
fn read_sum(bytes: &[u8], read: &mut ReadSlot, sum: &mut [u64], exponent: i32) {
    let Some(&last) = bytes.last() else {
        return;
    };
    let sign = if last >> 7 == 1 { u64::MAX } else { 0 };
    read.odd |= bytes.first().is_some_and(|b| b & 1 == 1);
    // A byte is needed unless it repeats the sign of the one below it.
    let below = bytes.len().checked_sub(2).and_then(|i| bytes.get(i));
    read.needed |= match below {
        Some(below) => last != sign as u8 || (below ^ last) >> 7 == 1,
        None => last != 0,
    };
    let shift = (read.exponent - exponent).max(0) as u32;
    let (whole, part) = ((shift / 64) as usize, shift % 64);
    let length = sum.len();
    let mut limbs = sum.iter_mut().skip(whole);
    let mut carried = 0;
    let mut put = |limb: u64| {
        if let Some(slot) = limbs.next() {
            *slot = limb << part | carried;
            carried = (limb >> 1) >> (63 - part);
        }
    };
    let (words, rest) = bytes.as_chunks::<8>();
    words.iter().for_each(|word| put(u64::from_le_bytes(*word)));
    let mut top = sign;
    for &byte in rest.iter().rev() {
        top = top << 8 | u64::from(byte);
    }
    if !rest.is_empty() {
        put(top);
    }
    // The sign, as far as there is room.
    for _ in 0..length {
        put(sign);
    }
}

/// Sums of what a cell does not have must be zero.
fn check_cell(
    cell: &Cell<'_>,
    terms: &[(usize, Option<usize>)],
    sketch: &Sketch,
) -> Result<(), SketchError> {
    let layout = sketch.cells.layout();
    let shape = layout.shape();
    let lacks = sketch.complete_flags & !cell.id.flags;
    if lacks == 0 && !layout.gaps() {
        return Ok(());
    }
    let covariates = shape.values()..shape.values() + sketch.columns.covariates.len();
    let absent = |column: usize| {
        let flag = if covariates.contains(&column) {
            HAS_COVARIATES
        } else if column >= covariates.end {
            HAS_EXPOSED
        } else {
            0
        };
        lacks & flag != 0
    };
    for ((number, slot), (a, b)) in layout.slots().iter().enumerate().zip(terms) {
        let none = match shape.outcome_of(number) {
            Some((outcome, true)) => layout.missing(cell.sums, outcome) == 0,
            Some((outcome, false)) => layout.missing(cell.sums, outcome) == cell.rows,
            None => false,
        };
        let sum = cell.sums.get(slot.offset..slot.offset + slot.len);
        ensure(
            !(none || absent(*a) || b.is_some_and(absent)) || sum.is_none_or(limbs::is_zero),
            "a cell has sums of values that it does not have",
        )?;
    }
    Ok(())
}

/// Scales of columns at which all slots fit: `2^exponent` divides each sum, and with `bits` each slot is wide enough.
fn columns_for(slots: &[ReadSlot], shape: &Shape, gaps: bool) -> Vec<Column> {
    let count = shape.columns();
    let mut low = vec![i32::MAX; count];
    let mut seen = vec![false; count];
    let (mut sums, mut products) = (Vec::new(), Vec::new());
    for ((a, b), s) in shape.terms(gaps).into_iter().zip(slots) {
        match b {
            _ if s.width == 0 => {}
            None => sums.push((a, *s)),
            Some(b) => products.push((a, b, *s)),
        }
    }
    let mut lower = |column: usize, exponent: i32| {
        if let (Some(l), Some(s)) = (low.get_mut(column), seen.get_mut(column)) {
            *l = exponent.min(*l);
            *s = true;
        }
    };
    for (a, s) in &sums {
        lower(*a, s.exponent);
    }
    for &(a, b, s) in &products {
        if a == b {
            lower(a, s.exponent.div_euclid(2));
        } else {
            lower(a, i32::MAX);
            lower(b, i32::MAX);
        }
    }
    // A column that is known only by products with others starts at zero.
    let mut columns: Vec<Column> = low
        .iter()
        .map(|&l| Column {
            exponent: if l == i32::MAX { 0 } else { l },
            bits: 0,
        })
        .collect();
    let at = |columns: &[Column], i: usize| columns.get(i).copied().unwrap_or_default();
    for &(a, b, s) in &products {
        let excess = at(&columns, a).exponent + at(&columns, b).exponent - s.exponent;
        if excess > 0 {
            for i in [a, b] {
                if let Some(c) = columns.get_mut(i) {
                    c.exponent -= excess;
                }
            }
        }
    }
    let top = |s: &ReadSlot| s.exponent + 8 * s.width as i32;
    for (i, s) in &sums {
        if let Some(c) = columns.get_mut(*i) {
            c.bits = c.bits.max((top(s) - c.exponent).max(1) as u32);
        }
    }
    for &(a, b, s) in &products {
        let need = top(&s) - at(&columns, a).exponent - at(&columns, b).exponent;
        let excess = need - (at(&columns, a).bits + at(&columns, b).bits) as i32;
        if excess > 0 {
            for i in [a, b] {
                if let Some(c) = columns.get_mut(i) {
                    c.bits += (excess as u32).div_ceil(2);
                }
            }
        }
    }
    for (c, seen) in columns.iter_mut().zip(seen) {
        if seen {
            c.bits = c.bits.max(1);
        }
    }
    columns
}
