//! Moments of cells that do not tell clusters apart: what sums over all clusters need.

use super::exact::{Scratch, Total};
use super::flat::Flat;
use super::{CellMoments, Moments};
use crate::exact::limbs;
use crate::pulse::{self, Pulse};
use crate::sketch::cells::{Cell, CellId};
use crate::sketch::{SketchError, View};

/// How many cells there must be for each stratum and condition, or they are not worth a second set.
const CELLS_PER_GROUP: usize = 8;

/// Rows and exact sums of a stratum and a condition.
struct Group {
    rows: u64,
    sums: Vec<u64>,
}

impl Moments {
    /// Adds the cells up by stratum and condition, exactly, and reads them once more. Nothing where there are too few cells, or
    /// weights, which differ within a group.
    pub(super) fn read_groups(
        &mut self,
        view: &View<'_>,
        flat: &Flat,
        cells: &[(CellId, Cell<'_>)],
        centres: &[Vec<Total>],
    ) -> Result<(), SketchError> {
        let places = self.strata.len().saturating_mul(self.conditions.len());
        if self.weighted || cells.len() < places.saturating_mul(CELLS_PER_GROUP) {
            return Ok(());
        }
        let apart = flat.apart();
        let words = apart.slots.last().map_or(0, |s| s.offset + s.len);
        pulse::room_for(places, size_of::<Option<Group>>() + 8 * words);
        let mut groups: Vec<Option<Group>> = Vec::with_capacity(places);
        groups.resize_with(places, || None);
        let mut computed = Vec::new();
        let mut pulse = Pulse::every(1 << 10);
        for (m, (_, cell)) in self.cells.iter().zip(cells) {
            pulse.tick();
            let place = m.stratum * self.conditions.len() + m.condition;
            let Some(group) = groups.get_mut(place) else {
                continue;
            };
            let group = group.get_or_insert_with(|| Group {
                rows: 0,
                sums: vec![0; words],
            });
            group.rows += flat.rows(view, cell);
            flat.compute(view, cell, &mut computed);
            for (slot, to) in apart.slots.iter().enumerate() {
                let target = group.sums.get_mut(to.offset..to.offset + to.len);
                if let (Some(target), Some((_, sum))) = (target, flat.of(cell, &computed, slot)) {
                    limbs::add_shifted(target, sum, 0);
                }
            }
        }
        let mut moments = Moments {
            cells: Vec::new(),
            data: Vec::new(),
            rests: Vec::new(),
            conditions: self.conditions.clone(),
            strata: self.strata.clone(),
            clusters: Vec::new(),
            centres: self.centres.clone(),
            groups: None,
            ..*self
        };
        let mut scratch = Scratch::new(&apart);
        let numbered = pulse::each(groups).enumerate();
        for (place, group) in numbered.filter_map(|(i, g)| Some((i, g?))) {
            let (stratum, condition) =
                (place / self.conditions.len(), place % self.conditions.len());
            let none = Cell {
                id: CellId::default(),
                rows: group.rows,
                sums: &[],
            };
            moments.cells.push(CellMoments {
                stratum,
                cluster: 0,
                condition,
                weight: 1.0,
                rows: group.rows as f64,
            });
            let centre = centres.get(stratum).map_or(&[][..], Vec::as_slice);
            scratch.cell(
                &none,
                &group.sums,
                group.rows,
                centre,
                (&mut moments.data, &mut moments.rests),
            )?;
        }
        self.groups = Some(Box::new(moments));
        Ok(())
    }
}
