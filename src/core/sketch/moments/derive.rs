//! Moments made of moments: of some cells, of one column, with other weights, with interactions.

use super::{CellMoments, Moments};
use crate::exact::Wide;
use crate::pulse::{self, Pulse};
use crate::sketch::key::Key;

impl Moments {
    /// Announces moments that are made of these: their keys and cells, and `bytes` for each cell.
    fn announce(&self, bytes: usize) {
        let keys = (self.strata.len() + self.clusters.len()) * size_of::<Key>();
        let centres = 2 * self.strata.len() * self.columns * size_of::<Wide>();
        pulse::room(keys + centres);
        pulse::room_for(self.cells.len(), size_of::<CellMoments>() + bytes);
    }

    /// The moments of some of the cells; strata and clusters without a cell are dropped.
    pub fn only(&self, keep: impl Fn(&CellMoments) -> bool) -> Moments {
        self.announce(4 * size_of::<usize>() + 16 * self.stride());
        let mut kept = Vec::with_capacity(self.cells.len());
        kept.extend(
            pulse::each(0..self.cells.len()).filter(|&i| self.cells.get(i).is_some_and(&keep)),
        );
        let numbers = |of: fn(&CellMoments) -> usize| {
            let mut all = Vec::with_capacity(kept.len());
            all.extend(kept.iter().filter_map(|&i| self.cells.get(i)).map(of));
            pulse::sort(&mut all);
            all.dedup();
            all
        };
        let (strata, clusters) = (numbers(|c| c.stratum), numbers(|c| c.cluster));
        let place = |list: &[usize], n: usize| list.binary_search(&n).unwrap_or(0);
        let keys = |list: &[usize], all: &[Key]| -> Vec<Key> {
            list.iter().filter_map(|&n| all.get(n)).copied().collect()
        };
        Moments {
            conditions: self.conditions.clone(),
            strata: keys(&strata, &self.strata),
            clusters: keys(&clusters, &self.clusters),
            cells: kept
                .iter()
                .filter_map(|&i| self.cells.get(i))
                .map(|cell| CellMoments {
                    stratum: place(&strata, cell.stratum),
                    cluster: place(&clusters, cell.cluster),
                    ..*cell
                })
                .collect(),
            centres: strata
                .iter()
                .flat_map(|&s| (0..self.columns).map(move |column| self.exact_centre(s, column)))
                .collect(),
            data: self.rows_of(&self.data, &kept),
            rests: self.rows_of(&self.rests, &kept),
            groups: None,
            ..*self
        }
    }

    /// The numbers of some of the cells.
    fn rows_of(&self, numbers: &[f64], cells: &[usize]) -> Vec<f64> {
        let stride = self.stride();
        let mut rows = Vec::with_capacity(cells.len() * stride);
        for &i in pulse::each(cells) {
            let row = numbers.get(i * stride..(i + 1) * stride);
            rows.extend_from_slice(row.unwrap_or(&[]));
        }
        rows
    }

    /// The same moments with other columns and numbers.
    fn with_numbers(
        &self,
        columns: usize,
        centres: Vec<Wide>,
        numbers: Numbers,
        groups: Option<Moments>,
    ) -> Moments {
        Moments {
            groups: groups.map(Box::new),
            columns,
            centres,
            data: numbers.data,
            rests: numbers.rests,
            conditions: self.conditions.clone(),
            strata: self.strata.clone(),
            clusters: self.clusters.clone(),
            cells: self.cells.clone(),
            ..*self
        }
    }

    /// The same cells with one of the columns as the outcome, and no other column.
    pub fn of_column(&self, column: usize) -> Moments {
        self.announce(32);
        let mut numbers = Numbers::with_room(2 * self.cells.len());
        for i in pulse::each(0..self.cells.len()) {
            numbers.push(self.sum(i, column));
            numbers.push(self.product(i, column, column));
        }
        let groups = self.groups.as_ref().map(|g| g.of_column(column));
        self.with_numbers(1, self.centres_of(column), numbers, groups)
    }

    fn centres_of(&self, column: usize) -> Vec<Wide> {
        (0..self.strata.len())
            .map(|s| self.exact_centre(s, column))
            .collect()
    }

    /// The same cells with `column 0 + factor · column 1` as the outcome, and no other column; the factor may differ by condition.
    pub fn plus_second_column(&self, factor: &dyn Fn(usize) -> f64) -> Moments {
        self.announce(32);
        let mut numbers = Numbers::with_room(2 * self.cells.len());
        for (i, cell) in pulse::each(self.cells.iter()).enumerate() {
            let f = factor(cell.condition);
            // The centre stays that of column 0, which cancels later.
            let second = self.sum(i, 1) + self.exact_centre(cell.stratum, 1) * cell.rows;
            let both = self.product(i, 0, 1) * 2.0 + self.product(i, 1, 1) * f;
            let spread = self.product(i, 0, 0) + both * f;
            numbers.push(self.sum(i, 0) + second * f);
            numbers.push(if spread.value() > 0.0 {
                spread
            } else {
                Wide::ZERO
            });
        }
        let groups = self.groups.as_ref().map(|g| g.plus_second_column(factor));
        self.with_numbers(1, self.centres_of(0), numbers, groups)
    }

    /// The same moments with the outcome less a number in one of the conditions.
    pub fn less_in(&self, condition: usize, shift: f64) -> Moments {
        self.announce(16 * self.stride());
        let mut moments = self.clone();
        moments.groups = self
            .groups
            .as_ref()
            .map(|g| Box::new(g.less_in(condition, shift)));
        let stride = self.stride();
        for (i, cell) in pulse::each(self.cells.iter()).enumerate() {
            if cell.condition != condition {
                continue;
            }
            let sum = self.sum(i, 0) - Wide::product(cell.rows, shift);
            let at = i * stride;
            if let (Some(value), Some(rest)) = (moments.data.get_mut(at), moments.rests.get_mut(at))
            {
                (*value, *rest) = (sum.value(), sum.rest());
            }
        }
        moments
    }

    /// Weights so that each cluster counts the same: each row's weight over the sum of the weights of the cluster's rows
    /// here, times their mean over the clusters, so that nothing changes where clusters are equally large.
    pub fn count_clusters_equally(&mut self) {
        pulse::room_for(self.clusters.len(), 8);
        let mut totals = vec![0.0; self.clusters.len()];
        for cell in pulse::each(&self.cells) {
            if let Some(total) = totals.get_mut(cell.cluster) {
                *total += cell.weight * cell.rows;
            }
        }
        let mean = totals.iter().sum::<f64>() / totals.len() as f64;
        for cell in &mut self.cells {
            if let Some(total) = totals.get(cell.cluster) {
                cell.weight *= mean / total;
            }
        }
        self.weighted = self.cells.iter().any(|c| c.weight != 1.0);
        self.groups = None;
    }

    /// The same moments with a further column for each of the given conditions and each covariate, condition by condition:
    /// the covariate less its weighted mean over all rows here where the row is of the condition, 0 elsewhere (Lin 2013,
    /// with a set of interactions for each condition). `pooled` are the same columns about one centre.
    pub fn with_interactions(&self, pooled: &Moments, conditions: &[usize]) -> Moments {
        let covariates = self.columns.saturating_sub(1);
        let columns = self.columns + covariates * conditions.len();
        let mut means = vec![Wide::ZERO; self.columns];
        let mut weight = Wide::ZERO;
        for (i, cell) in pulse::each(pooled.cells.iter()).enumerate() {
            weight += Wide::product(cell.weight, cell.rows);
            for (column, mean) in means.iter_mut().enumerate() {
                *mean += pooled.sum(i, column) * cell.weight;
            }
        }
        means.iter_mut().for_each(|m| *m = *m / weight);
        let stride = columns + columns * (columns + 1) / 2;
        self.announce(16 * stride);
        let mut numbers = Numbers::with_room(self.cells.len().saturating_mul(stride));
        let mut pulse = Pulse::every((1 << 14) / (columns * columns).max(1) as u32 + 1);
        for (i, cell) in self.cells.iter().enumerate() {
            pulse.tick();
            let arm = conditions.iter().position(|&c| c == cell.condition);
            // The column that each column is made of; interactions with other conditions are 0.
            let source = |column: usize| match column.checked_sub(self.columns) {
                None => Some(column),
                Some(at) => (Some(at / covariates) == arm).then_some(1 + at % covariates),
            };
            for column in 0..self.columns {
                numbers.push(self.sum(i, column));
            }
            for column in self.columns..columns {
                numbers.push(source(column).map_or(Wide::ZERO, |of| {
                    let mean = means.get(of).copied().unwrap_or_default();
                    pooled.sum(i, of) - mean * cell.rows
                }));
            }
            for a in 0..columns {
                for b in a..columns {
                    numbers.push(match (source(a), source(b)) {
                        (Some(x), Some(y)) => self.product(i, x, y),
                        _ => Wide::ZERO,
                    });
                }
            }
        }
        let centres = (0..self.strata.len()).flat_map(|s| {
            (0..columns).map(move |c| {
                if c < self.columns {
                    self.exact_centre(s, c)
                } else {
                    Wide::ZERO
                }
            })
        });
        // About other centres the cells are others too.
        let groups = match (&self.groups, &pooled.groups) {
            (Some(own), Some(same)) if self.strata.len() == pooled.strata.len() => {
                Some(own.with_interactions(same, conditions))
            }
            _ => None,
        };
        self.with_numbers(columns, centres.collect(), numbers, groups)
    }
}

/// Numbers of 32 digits in the making.
struct Numbers {
    data: Vec<f64>,
    rests: Vec<f64>,
}

impl Numbers {
    fn with_room(count: usize) -> Self {
        Numbers {
            data: Vec::with_capacity(count),
            rests: Vec::with_capacity(count),
        }
    }

    fn push(&mut self, value: Wide) {
        self.data.push(value.value());
        self.rests.push(value.rest());
    }
}
