//! Moments of a sketch.

use super::exact::{CENTRE_LIMBS, Scratch, Total, same_value, totals_for};
use super::flat::Flat;
use super::{CellMoments, Centre, ConditionCounts, Moments, Rows, Selection, Variable};
use crate::exact::limbs;
use crate::pulse::{self, Pulse};
use crate::sketch::canonical::Canonical;
use crate::sketch::cells::{Cell, CellId, HAS_COVARIATES, HAS_EXPOSED, HAS_WEIGHT};
use crate::sketch::key::Key;
use crate::sketch::{LeftOut, SketchError, View};

/// The cells that a selection takes, in canonical order, and the rows of the others by what they lack.
struct Taken<'a> {
    cells: Vec<(CellId, Cell<'a>)>,
    weighted: bool,
    /// By condition, in the order of the names.
    no_outcome: Vec<u64>,
    no_covariates: u64,
    no_exposed: u64,
    no_weight: u64,
}

impl<'a> View<'a> {
    /// The moments of the cells.
    pub fn moments(&self, rows: Rows, centre: Centre) -> Result<Moments, SketchError> {
        self.moments_of(&self.selection(rows), centre)
    }

    /// The moments of the cells of a sketch of students: cells are strata and conditions.
    pub fn student_moments(&self, rows: Rows, centre: Centre) -> Result<Moments, SketchError> {
        if self
            .sketch
            .cells
            .iter()
            .any(|c| c.id.cluster != Key::STUDENT)
        {
            return Err(SketchError::ClusterSketch);
        }
        self.any_moments(&self.selection(rows), centre)
    }

    /// True if in every cell the sum of squares of the column is exactly its sum. For whole numbers that is so if and only if
    /// all are 0 or 1; fractions would have to make up for each other in every cluster.
    pub fn is_binary(&self, variable: Variable) -> bool {
        let flat = Flat::new(self, &[variable]);
        let mut computed = Vec::new();
        flat.columns() == 1
            && pulse::each(self.sketch.cells.iter()).all(|cell| {
                flat.compute(self, &cell, &mut computed);
                match (flat.of(&cell, &computed, 0), flat.of(&cell, &computed, 1)) {
                    (Some(sum), Some(squares)) => same_value(sum, squares),
                    _ => false,
                }
            })
    }

    /// The moments of the cells of chosen rows and columns. Columns that the sketch does not have are left out. A sketch of
    /// students has no clusters and is refused.
    pub fn moments_of(&self, chosen: &Selection, centre: Centre) -> Result<Moments, SketchError> {
        if self
            .sketch
            .cells
            .iter()
            .any(|c| c.id.cluster == Key::STUDENT)
        {
            return Err(SketchError::StudentSketch);
        }
        self.any_moments(chosen, centre)
    }

    fn taken(&self, canonical: &Canonical, chosen: &Selection, flat: &Flat) -> Taken<'a> {
        let sketch = self.sketch;
        let conditions: Vec<bool> = canonical
            .conditions
            .iter()
            .map(|&i| {
                let condition = sketch.conditions.get(i);
                condition.is_some_and(|c| chosen.takes(&c.name))
            })
            .collect();
        let mut taken = Taken {
            cells: pulse::vector(canonical.cells.len()),
            weighted: !chosen.unweighted
                && sketch.cells.iter().any(|c| c.id.flags & HAS_WEIGHT != 0),
            no_outcome: vec![0; conditions.len()],
            no_covariates: 0,
            no_exposed: 0,
            no_weight: 0,
        };
        let mut pulse = Pulse::every(1 << 14);
        for &(id, number) in &canonical.cells {
            pulse.tick();
            let Some(cell) = sketch.cells.get(number) else {
                continue;
            };
            if conditions.get(id.condition as usize) != Some(&true) {
                continue;
            }
            let rows = flat.rows(self, &cell);
            if let Some(count) = taken.no_outcome.get_mut(id.condition as usize) {
                *count += cell.rows - rows;
            }
            let missing = chosen.needs & !id.flags;
            if rows == 0 {
                continue;
            } else if taken.weighted && id.flags & HAS_WEIGHT == 0 {
                taken.no_weight += rows;
            } else if missing & HAS_COVARIATES != 0 {
                taken.no_covariates += rows;
            } else if missing & HAS_EXPOSED != 0 {
                taken.no_exposed += rows;
            } else {
                taken.cells.push((id, cell));
            }
        }
        taken
    }

    fn any_moments(&self, chosen: &Selection, centre: Centre) -> Result<Moments, SketchError> {
        self.check_value(&chosen.columns)?;
        let sketch = self.sketch;
        let flat = Flat::new(self, &chosen.columns);
        let columns = flat.columns();
        let canonical = Canonical::of(sketch);
        let mut pulse = Pulse::every(1 << 14);
        let taken = self.taken(&canonical, chosen, &flat);
        let kept = &taken.cells;
        let pooled = centre == Centre::Pooled;
        let mut clusters: Vec<Key> = pulse::vector(kept.len());
        clusters.extend(kept.iter().map(|(id, _)| id.cluster));
        clusters.dedup();
        if !clusters.is_sorted() {
            pulse::sort(&mut clusters);
            clusters.dedup();
        }
        let mut strata: Vec<u32> = pulse::vector(kept.len());
        strata.extend(
            kept.iter()
                .map(|(id, _)| if pooled { 0 } else { id.stratum }),
        );
        strata.dedup();
        let stratum_of = |stratum: u32| {
            if pooled {
                0
            } else {
                strata.binary_search(&stratum).unwrap_or(0)
            }
        };

        let words: usize = totals_for(&flat)
            .iter()
            .map(|total| total.limbs.len() + CENTRE_LIMBS + 2)
            .sum();
        pulse::room_for(
            strata.len(),
            size_of::<Vec<Total>>() + columns * size_of::<Total>() + 32 + words * 8,
        );
        let mut totals: Vec<Vec<Total>> = Vec::with_capacity(strata.len());
        totals.resize_with(strata.len(), || totals_for(&flat));
        let mut computed = Vec::new();
        for (id, cell) in kept {
            pulse.tick();
            flat.compute(self, cell, &mut computed);
            let totals = totals.get_mut(stratum_of(id.stratum)).into_iter().flatten();
            for (column, total) in totals.enumerate() {
                if let Some(sum) = flat.of(cell, &computed, column) {
                    limbs::add_shifted(&mut total.limbs, sum.1, 0);
                    total.rows += flat.rows(self, cell);
                }
            }
        }
        let mut centres = pulse::vector(strata.len() * columns);
        for total in totals.iter_mut().flatten() {
            total.centre();
            centres.push(total.wide());
        }

        pulse::room_for(strata.len(), size_of::<Key>());
        let mut moments = Moments {
            conditions: canonical
                .conditions
                .iter()
                .filter_map(|&i| sketch.conditions.get(i))
                .zip(&taken.no_outcome)
                .map(|(c, &no_outcome)| ConditionCounts {
                    name: c.name.clone(),
                    no_outcome,
                    left_out: if chosen.takes(&c.name) {
                        c.left_out
                    } else {
                        LeftOut::default()
                    },
                })
                .collect(),
            strata: strata
                .iter()
                .map(|&s| {
                    canonical
                        .strata
                        .get(s as usize)
                        .and_then(|&i| sketch.strata.get(i))
                        .copied()
                        .unwrap_or(Key::NONE)
                })
                .collect(),
            cells: pulse::vector(kept.len()),
            data: pulse::vector(kept.len() * (columns + columns * (columns + 1) / 2)),
            rests: pulse::vector(kept.len() * (columns + columns * (columns + 1) / 2)),
            clusters,
            columns,
            no_condition: sketch.no_condition,
            no_covariates: taken.no_covariates,
            no_exposed: taken.no_exposed,
            no_weight: taken.no_weight,
            weighted: taken.weighted,
            centres,
            groups: None,
        };
        if pooled {
            moments.strata = vec![Key::NONE];
        }
        let mut scratch = Scratch::new(&flat);
        let mut pulse = Pulse::every((1 << 14) / (columns * columns).max(1) as u32 + 1);
        let mut cluster = 0;
        for (id, cell) in kept {
            pulse.tick();
            let stratum = stratum_of(id.stratum);
            // Within a stratum the next cell is mostly of the next cluster.
            let is = |n: usize| moments.clusters.get(n) == Some(&id.cluster);
            if !is(cluster) {
                let next = is(cluster + 1).then_some(cluster + 1);
                let search = || moments.clusters.binary_search(&id.cluster).unwrap_or(0);
                cluster = next.unwrap_or_else(search);
            }
            moments.cells.push(CellMoments {
                stratum,
                cluster,
                condition: id.condition as usize,
                weight: if chosen.unweighted { 1.0 } else { id.weight },
                rows: flat.rows(self, cell) as f64,
            });
            let centre = totals.get(stratum).map_or(&[][..], |t| t.as_slice());
            flat.compute(self, cell, &mut computed);
            scratch.cell(
                cell,
                &computed,
                flat.rows(self, cell),
                centre,
                (&mut moments.data, &mut moments.rests),
            )?;
        }
        moments.check_range()?;
        moments.read_groups(self, &flat, kept, &totals)?;
        Ok(moments)
    }
}
