//! The stored form of a sketch, version 1.
//!
//! Little-endian throughout. There is exactly one stored form of a sketch, whatever the order in which its rows came:
//!
//! | field | bytes |
//! |---|---|
//! | `R`, version | 1 + 1 |
//! | the columns: length, UTF-8 text | 2, … |
//! | 1 if a row lacks an outcome, 0 if not | 1 |
//! | conditions, strata, cells | 2, 4, 8 |
//! | rows without a condition | 8 |
//! | per condition, by name: length, UTF-8 name, rows without cluster, with weight 0 | 2, …, 8, 8 |
//! | per stratum, ascending: digest | 16 |
//! | per slot (see `layout`): exponent, width in bytes | 2, 2 |
//! | per cell, by stratum, cluster, condition, flags, weight: stratum, cluster, condition, flags, weight if weighted, rows, per outcome the rows that lack it if any does, then each slot's integer in two's complement | 4, 16, 2, 1, 0 or 8, 8, 0 or 8 each, … |
//! | XXH3-64 of everything before | 8 |
//!
//! A slot's exponent and width are the largest and smallest that hold all cells, names and cells are in strict order, and
//! nothing may follow. The decoder refuses everything else and never panics.

mod decode;
mod partial;

use super::canonical::Canonical;
use super::cells::HAS_WEIGHT;
use super::{Sketch, SketchError};
use crate::budget::Budget;
use crate::exact::limbs;
use crate::pulse;
use xxhash_rust::xxh3::xxh3_64;

/// Version of the stored form.
pub const WIRE_VERSION: u8 = 1;

/// Prefix of the text form; the rest is hexadecimal.
const TEXT_PREFIX: &str = "rct.sketch:";

impl Sketch {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let canonical = Canonical::of(self);
        let slots = self.stored_slots();
        let width: usize = slots.iter().map(|s| s.width).sum();
        let names: usize = self.conditions.iter().map(|c| c.name.len() + 18).sum();
        let layout = self.cells.layout();
        let cells = self.cells.len() * (39 + 8 * layout.counts() + width);
        let columns = self.columns.to_string();
        let mut out = pulse::vector(
            64 + columns.len() + names + self.strata.len() * 16 + cells + slots.len() * 4,
        );
        out.extend([b'R', WIRE_VERSION]);
        self.put_columns(&mut out, &columns);
        out.push(layout.gaps() as u8);
        out.extend((self.conditions.len() as u16).to_le_bytes());
        out.extend((self.strata.len() as u32).to_le_bytes());
        out.extend((self.cells.len() as u64).to_le_bytes());
        out.extend(self.no_condition.to_le_bytes());
        self.put_conditions(&mut out, canonical.conditions.iter().copied());
        self.put_strata(&mut out, canonical.strata.iter().copied());
        for (stored, slot) in slots.iter().zip(self.cells.layout().slots()) {
            let exponent = if stored.width == 0 {
                0
            } else {
                slot.exponent + stored.zeros as i32
            };
            out.extend((exponent as i16).to_le_bytes());
            out.extend((stored.width as u16).to_le_bytes());
        }
        for (id, i) in pulse::each(&canonical.cells) {
            let Some((rows, sums)) = self.cells.sums(*i) else {
                continue;
            };
            out.extend(id.stratum.to_le_bytes());
            out.extend(id.cluster.0.to_le_bytes());
            out.extend(id.condition.to_le_bytes());
            out.push(id.flags);
            if id.flags & HAS_WEIGHT != 0 {
                out.extend(id.weight.to_le_bytes());
            }
            out.extend(rows.to_le_bytes());
            for outcome in 0..layout.counts() {
                out.extend(layout.missing(sums, outcome).to_le_bytes());
            }
            for (stored, slot) in slots.iter().zip(self.cells.layout().slots()) {
                if let Some(sum) = sums.get(slot.offset..slot.offset + slot.len) {
                    put_shifted(&mut out, sum, stored);
                }
            }
        }
        let checksum = xxh3_64(&out);
        out.extend(checksum.to_le_bytes());
        out
    }

    fn put_columns(&self, out: &mut Vec<u8>, columns: &str) {
        out.extend((columns.len() as u16).to_le_bytes());
        out.extend(columns.as_bytes());
    }

    fn put_conditions(&self, out: &mut Vec<u8>, order: impl Iterator<Item = usize>) {
        for c in order.filter_map(|i| self.conditions.get(i)) {
            out.extend((c.name.len() as u16).to_le_bytes());
            out.extend(c.name.as_bytes());
            out.extend(c.left_out.no_cluster.to_le_bytes());
            out.extend(c.left_out.zero_weight.to_le_bytes());
        }
    }

    fn put_strata(&self, out: &mut Vec<u8>, order: impl Iterator<Item = usize>) {
        for key in order.filter_map(|i| self.strata.get(i)) {
            out.extend(key.0.to_le_bytes());
        }
    }

    /// The text form.
    pub fn to_text(&self) -> String {
        bytes_to_text(&self.encode())
    }

    fn stored_slots(&self) -> Vec<StoredSlot> {
        let layout = self.cells.layout();
        let mut extents: Vec<(u32, u32)> = vec![(u32::MAX, 0); layout.slots().len()];
        let cells = pulse::each(0..self.cells.len());
        for (_, sums) in cells.filter_map(|cell| self.cells.sums(cell)) {
            for ((zeros, bits), slot) in extents.iter_mut().zip(layout.slots()) {
                let Some(sum) = sums.get(slot.offset..slot.offset + slot.len) else {
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

    /// Reads the text form.
    pub fn from_text(text: &str, budget: &Budget) -> Result<Self, SketchError> {
        Self::decode(&text_to_bytes(text)?, budget).map_err(|e| match e {
            SketchError::Corrupt(what) => SketchError::BadText(what),
            other => other,
        })
    }
}

/// A hash of a stored sketch.
pub fn hash_of(bytes: &[u8], seed: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed)
}

/// The text form of a stored sketch.
pub fn bytes_to_text(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |d: u8| DIGITS.get(d as usize & 15).copied().unwrap_or('0');
    let length = TEXT_PREFIX.len() + bytes.len() * 2;
    pulse::room(length);
    let mut text = String::with_capacity(length);
    text.push_str(TEXT_PREFIX);
    for &byte in pulse::each(bytes) {
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
    let mut bytes = pulse::vector(digits.len() / 2);
    for digits in pulse::each(digits.as_bytes().chunks(2)) {
        bytes.push(pair(digits)?);
    }
    Ok(bytes)
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
