//! The stored form of a sketch, version 1.
//!
//! Little-endian throughout. There is exactly one stored form of a sketch, whatever the order in which its rows came:
//!
//! | field | bytes |
//! |---|---|
//! | `R`, version | 1 + 1 |
//! | flags: 1 covariates were given, 2 exposure was given | 1 |
//! | covariates, conditions, strata, cells | 1, 2, 4, 8 |
//! | rows without a condition | 8 |
//! | per condition, by name: length, UTF-8 name, rows without outcome, without cluster, with weight 0 | 2, …, 8, 8, 8 |
//! | per stratum, ascending: digest | 16 |
//! | per slot (sums of columns, then products): exponent, width in bytes | 2, 2 |
//! | per cell, by stratum, cluster, condition, flags, weight: stratum, cluster, condition, flags, weight if weighted, rows, then each slot's integer in two's complement | 4, 16, 2, 1, 0 or 8, 8, … |
//! | XXH3-64 of everything before | 8 |
//!
//! A slot's exponent and width are the largest and smallest that hold all cells, names and cells are in strict order, and
//! nothing may follow. The decoder refuses everything else and never panics.

use super::cells::{Cell, CellId, HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT};
use super::key::Key;
use super::layout::{Column, Layout, MAX_CELL_ROWS, slot_count};
use super::{
    Condition, LeftOut, MAX_CONDITION_BYTES, MAX_CONDITIONS, MAX_COVARIATES, Sketch, SketchError,
};
use crate::budget::Budget;
use crate::exact::limbs;
use crate::pulse::Pulse;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Version of the stored form.
pub const WIRE_VERSION: u8 = 1;

const COVARIATES_GIVEN: u8 = 1;
const EXPOSURE_GIVEN: u8 = 2;
/// Prefix of the text form; the rest is hexadecimal.
const TEXT_PREFIX: &str = "rct.sketch:";
/// Products of two subnormal doubles.
const LOWEST_EXPONENT: i32 = -2148;
/// 2^40 products of two of the largest doubles.
const HIGHEST_BIT: i32 = 2048 + 48;

/// The cells of a sketch in canonical order, with conditions and strata numbered by theirs.
pub(super) struct Canonical {
    /// Old numbers of the conditions, by name.
    pub conditions: Vec<usize>,
    /// Old numbers of the strata, by digest.
    pub strata: Vec<usize>,
    /// Canonical id and old number of each cell.
    pub cells: Vec<(CellId, usize)>,
}

impl Canonical {
    pub fn of(sketch: &Sketch) -> Self {
        let mut conditions: Vec<usize> = (0..sketch.conditions.len()).collect();
        conditions.sort_unstable_by_key(|&i| sketch.conditions.get(i).map(|c| c.name.as_bytes()));
        let mut strata: Vec<usize> = (0..sketch.strata.len()).collect();
        strata.sort_unstable_by_key(|&i| sketch.strata.get(i));
        let (new_condition, new_stratum) = (inverse(&conditions), inverse(&strata));
        let mut cells: Vec<(CellId, usize)> = sketch
            .cells
            .iter()
            .enumerate()
            .map(|(i, cell)| {
                let condition = new_condition
                    .get(cell.id.condition as usize)
                    .copied()
                    .unwrap_or(0) as u16;
                let stratum = new_stratum
                    .get(cell.id.stratum as usize)
                    .copied()
                    .unwrap_or(0) as u32;
                (
                    CellId {
                        condition,
                        stratum,
                        ..cell.id
                    },
                    i,
                )
            })
            .collect();
        let mut pulse = Pulse::every(1 << 16);
        cells.sort_unstable_by(|(a, _), (b, _)| {
            pulse.tick();
            rank(a).cmp(&rank(b))
        });
        Canonical {
            conditions,
            strata,
            cells,
        }
    }
}

fn inverse(order: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        if let Some(slot) = inverse.get_mut(old) {
            *slot = new;
        }
    }
    inverse
}

fn rank(id: &CellId) -> (u32, Key, u16, u8, u64) {
    (
        id.stratum,
        id.cluster,
        id.condition,
        id.flags,
        id.weight.to_bits(),
    )
}

impl Sketch {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let canonical = Canonical::of(self);
        let slots = self.stored_slots();
        let width: usize = slots.iter().map(|s| s.width).sum();
        let mut out = Vec::with_capacity(64 + self.cells.len() * (39 + width) + slots.len() * 4);
        out.extend([b'R', WIRE_VERSION]);
        out.push(
            self.covariates.is_some() as u8 * COVARIATES_GIVEN
                | self.has_exposed as u8 * EXPOSURE_GIVEN,
        );
        out.push(self.covariate_count() as u8);
        out.extend((self.conditions.len() as u16).to_le_bytes());
        out.extend((self.strata.len() as u32).to_le_bytes());
        out.extend((self.cells.len() as u64).to_le_bytes());
        out.extend(self.no_condition.to_le_bytes());
        for c in canonical
            .conditions
            .iter()
            .filter_map(|&i| self.conditions.get(i))
        {
            out.extend((c.name.len() as u16).to_le_bytes());
            out.extend(c.name.as_bytes());
            out.extend(c.left_out.no_outcome.to_le_bytes());
            out.extend(c.left_out.no_cluster.to_le_bytes());
            out.extend(c.left_out.zero_weight.to_le_bytes());
        }
        for key in canonical.strata.iter().filter_map(|&i| self.strata.get(i)) {
            out.extend(key.0.to_le_bytes());
        }
        for (stored, slot) in slots.iter().zip(self.cells.layout().slots()) {
            let exponent = if stored.width == 0 {
                0
            } else {
                slot.exponent + stored.zeros as i32
            };
            out.extend((exponent as i16).to_le_bytes());
            out.extend((stored.width as u16).to_le_bytes());
        }
        for (id, i) in &canonical.cells {
            let Some(cell) = self.cells.get(*i) else {
                continue;
            };
            out.extend(id.stratum.to_le_bytes());
            out.extend(id.cluster.0.to_le_bytes());
            out.extend(id.condition.to_le_bytes());
            out.push(id.flags);
            if id.flags & HAS_WEIGHT != 0 {
                out.extend(id.weight.to_le_bytes());
            }
            out.extend(cell.rows.to_le_bytes());
            for (stored, slot) in slots.iter().zip(self.cells.layout().slots()) {
                if let Some(sum) = cell.sums.get(slot.offset..slot.offset + slot.len) {
                    put_shifted(&mut out, sum, stored);
                }
            }
        }
        let checksum = xxh3_64(&out);
        out.extend(checksum.to_le_bytes());
        out
    }

    /// The text form.
    pub fn to_text(&self) -> String {
        bytes_to_text(&self.encode())
    }

    fn stored_slots(&self) -> Vec<StoredSlot> {
        let layout = self.cells.layout();
        let mut extents: Vec<(u32, u32)> = vec![(u32::MAX, 0); layout.slots().len()];
        for cell in self.cells.iter() {
            for ((zeros, bits), slot) in extents.iter_mut().zip(layout.slots()) {
                let Some(sum) = cell.sums.get(slot.offset..slot.offset + slot.len) else {
                    continue;
                };
                if let Some(low) = limbs::trailing_zeros(sum) {
                    *zeros = low.min(*zeros);
                    *bits = limbs::signed_bit_length(sum).max(*bits);
                }
            }
        }
        let stored = |(zeros, bits): (u32, u32)| match bits {
            0 => StoredSlot { zeros: 0, width: 0 },
            _ => StoredSlot {
                zeros,
                width: (bits - zeros).div_ceil(8) as usize,
            },
        };
        extents.into_iter().map(stored).collect()
    }

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

    /// Reads the text form.
    pub fn from_text(text: &str, budget: &Budget) -> Result<Self, SketchError> {
        Self::decode(&text_to_bytes(text)?, budget).map_err(|e| match e {
            SketchError::Corrupt(what) => SketchError::BadText(what),
            other => other,
        })
    }
}

/// The text form of a stored sketch.
pub fn bytes_to_text(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |d: u8| DIGITS.get(d as usize & 15).copied().unwrap_or('0');
    let mut text = String::with_capacity(TEXT_PREFIX.len() + bytes.len() * 2);
    text.push_str(TEXT_PREFIX);
    for &byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte));
    }
    text
}

/// The bytes of a text form; whether they are a sketch is for [`Sketch::decode`] to say.
fn text_to_bytes(text: &str) -> Result<Vec<u8>, SketchError> {
    let digits = text
        .trim_ascii()
        .strip_prefix(TEXT_PREFIX)
        .ok_or(SketchError::BadText("it must begin with \"rct.sketch:\""))?;
    if digits.len() % 2 == 1 {
        return Err(SketchError::BadText(
            "it has an odd number of hexadecimal digits",
        ));
    }
    let value = |d: u8| {
        (d as char).to_digit(16).ok_or(SketchError::BadText(
            "it has a character that is not a hexadecimal digit",
        ))
    };
    let pair = |pair: &[u8]| match pair {
        [high, low] => Ok((value(*high)? << 4 | value(*low)?) as u8),
        _ => Err(SketchError::BadText(
            "it has an odd number of hexadecimal digits",
        )),
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

/// What is written of a slot: how many low bits are zero in all cells, and how many bytes the rest takes.
struct StoredSlot {
    zeros: u32,
    width: usize,
}

fn put_shifted(out: &mut Vec<u8>, sum: &[u64], stored: &StoredSlot) {
    let fill = if limbs::is_negative(sum) { u64::MAX } else { 0 };
    let (whole, part) = ((stored.zeros / 64) as usize, stored.zeros % 64);
    let end = out.len() + stored.width;
    let mut i = whole;
    while out.len() < end {
        let low = sum.get(i).copied().unwrap_or(fill);
        let high = sum.get(i + 1).copied().unwrap_or(fill);
        let limb = if part == 0 {
            low
        } else {
            low >> part | high << (64 - part)
        };
        out.extend(limb.to_le_bytes());
        i += 1;
    }
    out.truncate(end);
}

struct Reader<'a>(&'a [u8]);

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

    fn u8(&mut self) -> Result<u8, SketchError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn u16(&mut self) -> Result<u16, SketchError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, SketchError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, SketchError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn u128(&mut self) -> Result<u128, SketchError> {
        Ok(u128::from_le_bytes(self.array()?))
    }
}

fn ensure(condition: bool, what: &'static str) -> Result<(), SketchError> {
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
    odd: bool,
    longest: u32,
}

fn decode_body(r: &mut Reader<'_>, budget: &Budget) -> Result<Sketch, SketchError> {
    let flags = r.u8()?;
    ensure(
        flags & !(COVARIATES_GIVEN | EXPOSURE_GIVEN) == 0,
        "it has unknown flags",
    )?;
    let count = r.u8()? as usize;
    ensure(count <= MAX_COVARIATES, "it has too many covariates")?;
    let covariates = (flags & COVARIATES_GIVEN != 0).then_some(count);
    ensure(
        covariates.is_some() || count == 0,
        "it has covariates without the flag",
    )?;
    let has_exposed = flags & EXPOSURE_GIVEN != 0;
    let (condition_count, stratum_count, cell_count) =
        (r.u16()? as usize, r.u32()? as usize, r.u64()?);
    ensure(
        condition_count <= MAX_CONDITIONS,
        "it has too many conditions",
    )?;
    let no_condition = r.u64()?;
    ensure(no_condition < 1 << 62, "a count is impossibly large")?;
    let conditions = read_conditions(r, condition_count)?;
    let sketch_conditions = conditions.len();
    let strata = read_strata(r, stratum_count)?;
    let columns = 1 + count + has_exposed as usize;
    let mut slots = Vec::with_capacity(slot_count(columns));
    for _ in 0..slot_count(columns) {
        slots.push(read_slot(r)?);
    }
    let layout = Layout::new(columns_for(&slots, columns));
    let mut sketch = Sketch::new(budget);
    sketch.stratum_numbers = strata
        .iter()
        .enumerate()
        .map(|(i, &k)| (k, i as u32))
        .collect::<HashMap<_, _>>();
    let mut strata_used = vec![false; strata.len()];
    let mut conditions_used = vec![false; sketch_conditions];
    let mut exposed_used = false;
    (sketch.conditions, sketch.strata, sketch.no_condition) = (conditions, strata, no_condition);
    (sketch.covariates, sketch.has_exposed) = (covariates, has_exposed);
    sketch.cells = super::cells::Cells::new(layout, budget);

    // The shortest cell has 31 bytes, so that a lie about their number reserves no more than the bytes could hold.
    let room = usize::try_from(cell_count)
        .unwrap_or(usize::MAX)
        .min(r.0.len() / 31);
    sketch.cells.reserve(room)?;
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
        ensure(
            id.flags & HAS_COVARIATES == 0 || covariates.is_some(),
            "a cell has covariates that were not given",
        )?;
        ensure(
            id.flags & HAS_EXPOSED == 0 || has_exposed,
            "a cell has an exposure that was not given",
        )?;
        ensure(previous < Some(rank(&id)), "its cells are not in order")?;
        previous = Some(rank(&id));
        exposed_used |= id.flags & HAS_EXPOSED != 0;
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
        let at = sketch.cells.find_or_insert(&id)?;
        let Some((layout, cell_rows, sums)) = sketch.cells.sums_mut(at) else {
            continue;
        };
        *cell_rows = rows;
        for (read, slot) in slots.iter_mut().zip(layout.slots()) {
            let bytes = r.take(read.width)?;
            if let Some(sum) = sums.get_mut(slot.offset..slot.offset + slot.len) {
                read_sum(bytes, read, sum, slot.exponent);
            }
        }
        if let Some(cell) = sketch.cells.get(at) {
            check_cell(&cell, layout_of(&sketch), count, has_exposed)?;
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
    let any_row = cell_count > 0 || no_condition > 0 || !sketch.conditions.is_empty();
    ensure(
        any_row || covariates.is_none(),
        "it has covariates without a row",
    )?;
    ensure(
        exposed_used == has_exposed,
        "it has an exposure that no cell has",
    )?;
    let canonical =
        |s: &ReadSlot| s.width == 0 || (s.odd && s.longest.div_ceil(8) as usize == s.width);
    ensure(
        slots.iter().all(canonical),
        "its sums are not in the shortest form",
    )?;
    Ok(sketch)
}

fn layout_of(sketch: &Sketch) -> &Layout {
    sketch.cells.layout()
}

fn read_conditions(r: &mut Reader<'_>, count: usize) -> Result<Vec<Condition>, SketchError> {
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
        ensure(
            conditions
                .last()
                .is_none_or(|c| c.name.as_bytes() < name.as_bytes()),
            "its conditions are not in order",
        )?;
        let left_out = LeftOut {
            no_outcome: r.u64()?,
            no_cluster: r.u64()?,
            zero_weight: r.u64()?,
        };
        let small = |n: u64| n < 1 << 62;
        ensure(
            small(left_out.no_outcome) && small(left_out.no_cluster) && small(left_out.zero_weight),
            "a count is impossibly large",
        )?;
        conditions.push(Condition {
            name: name.to_owned(),
            left_out,
        });
    }
    Ok(conditions)
}

fn read_strata(r: &mut Reader<'_>, count: usize) -> Result<Vec<Key>, SketchError> {
    ensure(r.0.len() / 16 >= count, "it ends too early")?;
    let mut strata: Vec<Key> = Vec::with_capacity(count);
    for _ in 0..count {
        let key = Key(r.u128()?);
        ensure(
            strata.last().is_none_or(|last| *last < key),
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

/// Places a stored integer at the layout's scale and notes what shows that the slot is canonical.
fn read_sum(bytes: &[u8], read: &mut ReadSlot, sum: &mut [u64], exponent: i32) {
    let fill = if bytes.last().is_some_and(|b| b >> 7 == 1) {
        0xff
    } else {
        0
    };
    limbs::with_buffer(bytes.len().div_ceil(8), |integer| {
        let (whole, rest) = bytes.as_chunks::<8>();
        for (limb, chunk) in integer.iter_mut().zip(whole) {
            *limb = u64::from_le_bytes(*chunk);
        }
        if let (Some(top), false) = (integer.last_mut(), rest.is_empty()) {
            let mut raw = [fill; 8];
            raw.iter_mut().zip(rest).for_each(|(to, &from)| *to = from);
            *top = u64::from_le_bytes(raw);
        }
        read.odd |= bytes.first().is_some_and(|b| b & 1 == 1);
        read.longest = read.longest.max(limbs::signed_bit_length(integer));
        limbs::add_shifted(sum, integer, (read.exponent - exponent).max(0) as u32);
    });
}

/// Sums of columns that a cell does not have must be zero.
fn check_cell(
    cell: &Cell<'_>,
    layout: &Layout,
    covariates: usize,
    has_exposed: bool,
) -> Result<(), SketchError> {
    let absent = |column: usize| {
        let exposed = has_exposed && column == covariates + 1;
        (exposed && cell.id.flags & HAS_EXPOSED == 0)
            || (!exposed && column > 0 && cell.id.flags & HAS_COVARIATES == 0)
    };
    let columns = layout.columns().len();
    if !(0..columns).any(absent) {
        return Ok(());
    }
    let zero = |slot: usize| {
        let place = layout.slots().get(slot);
        place
            .and_then(|s| cell.sums.get(s.offset..s.offset + s.len))
            .is_none_or(limbs::is_zero)
    };
    for a in 0..columns {
        ensure(
            !absent(a) || zero(a),
            "a cell has sums of values that it does not have",
        )?;
        for b in a..columns {
            let pair = super::layout::pair_slot(columns, a, b);
            ensure(
                !(absent(a) || absent(b)) || zero(pair),
                "a cell has sums of values that it does not have",
            )?;
        }
    }
    Ok(())
}

/// Scales of columns at which all slots fit: `2^exponent` divides each sum, and with `bits` each slot is wide enough.
fn columns_for(slots: &[ReadSlot], count: usize) -> Vec<Column> {
    let mut low = vec![i32::MAX; count];
    let mut seen = vec![false; count];
    let products: Vec<(usize, usize, ReadSlot)> = (0..count)
        .flat_map(|a| (a..count).map(move |b| (a, b)))
        .zip(slots.iter().skip(count))
        .map(|((a, b), s)| (a, b, *s))
        .collect();
    let mut lower = |column: usize, exponent: i32| {
        if let (Some(l), Some(s)) = (low.get_mut(column), seen.get_mut(column)) {
            *l = exponent.min(*l);
            *s = true;
        }
    };
    for (a, s) in slots
        .iter()
        .take(count)
        .enumerate()
        .filter(|(_, s)| s.width > 0)
    {
        lower(a, s.exponent);
    }
    for &(a, b, s) in products.iter().filter(|(_, _, s)| s.width > 0) {
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
    for &(a, b, s) in products.iter().filter(|(_, _, s)| s.width > 0) {
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
    for (i, s) in slots
        .iter()
        .take(count)
        .enumerate()
        .filter(|(_, s)| s.width > 0)
    {
        if let Some(c) = columns.get_mut(i) {
            c.bits = (top(s) - c.exponent).max(1) as u32;
        }
    }
    for &(a, b, s) in products.iter().filter(|(_, _, s)| s.width > 0) {
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
