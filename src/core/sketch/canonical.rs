//! The one order of the cells of a sketch.

use super::Sketch;
use super::cells::CellId;
use super::key::Key;
use crate::pulse;

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
        let names = sketch
            .conditions
            .is_sorted_by(|a, b| a.name.as_bytes() < b.name.as_bytes());
        if sketch.cells.as_read() && names && sketch.strata.is_sorted() {
            return Self::as_read(sketch);
        }
        let mut conditions: Vec<usize> = (0..sketch.conditions.len()).collect();
        conditions.sort_unstable_by_key(|&i| sketch.conditions.get(i).map(|c| c.name.as_bytes()));
        pulse::room_for(sketch.strata.len(), 4 * size_of::<usize>());
        let mut strata: Vec<usize> = (0..sketch.strata.len()).collect();
        pulse::sort_by(&mut strata, |&a, &b| {
            sketch.strata.get(a).cmp(&sketch.strata.get(b))
        });
        let (new_condition, new_stratum) = (inverse(&conditions), inverse(&strata));
        let mut cells: Vec<(CellId, usize)> = pulse::vector(sketch.cells.len());
        cells.extend(
            pulse::each(sketch.cells.iter())
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
                    let id = CellId {
                        condition,
                        stratum,
                        ..cell.id
                    };
                    (id, i)
                }),
        );
        pulse::sort_by(&mut cells, |(a, _), (b, _)| rank(a).cmp(&rank(b)));
        Canonical {
            conditions,
            strata,
            cells,
        }
    }
}

impl Canonical {
    /// Of a sketch that was read, and not changed since.
    fn as_read(sketch: &Sketch) -> Self {
        let mut cells = pulse::vector(sketch.cells.len());
        let numbered = pulse::each(sketch.cells.iter()).enumerate();
        cells.extend(numbered.map(|(i, cell)| (cell.id, i)));
        pulse::room_for(sketch.strata.len(), size_of::<usize>());
        Canonical {
            conditions: (0..sketch.conditions.len()).collect(),
            strata: (0..sketch.strata.len()).collect(),
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

/// What cells are ordered by.
pub(super) fn rank(id: &CellId) -> (u32, Key, u16, u8, u64) {
    (
        id.stratum,
        id.cluster,
        id.condition,
        id.flags,
        id.weight.to_bits(),
    )
}
