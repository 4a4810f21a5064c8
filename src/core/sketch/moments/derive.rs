//! Moments made of moments: of some cells, of one column, with other weights, with interactions.

use super::{CellMoments, Moments};
use crate::pulse::{self, Pulse};
use crate::sketch::key::Key;

impl Moments {
    /// Announces moments that are made of these: their keys and cells, and `bytes` for each cell.
    fn announce(&self, bytes: usize) {
        let keys = (self.strata.len() + self.clusters.len()) * size_of::<Key>();
        let centres = 2 * self.strata.len() * self.columns * size_of::<f64>();
        pulse::room(keys + centres);
        pulse::room_for(self.cells.len(), size_of::<CellMoments>() + bytes);
    }

    /// The moments of some of the cells; strata and clusters without a cell are dropped.
    pub fn only(&self, keep: impl Fn(&CellMoments) -> bool) -> Moments {
        self.announce(4 * size_of::<usize>() + 8 * self.stride());
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
                .flat_map(|&s| (0..self.columns).map(move |column| self.centre(s, column)))
                .collect(),
            data: {
                let mut data = Vec::with_capacity(kept.len() * self.stride());
                for &i in pulse::each(&kept) {
                    data.extend_from_slice(self.sums(i));
                    data.extend_from_slice(self.within(i));
                }
                data
            },
            ..*self
        }
    }

    /// The same cells with one of the columns as the outcome, and no other column.
    pub fn of_column(&self, column: usize) -> Moments {
        let square = self.pair(column, column);
        self.announce(16);
        let one = |values: &[f64], at: usize| values.get(at).copied().unwrap_or(0.0);
        Moments {
            columns: 1,
            conditions: self.conditions.clone(),
            strata: self.strata.clone(),
            clusters: self.clusters.clone(),
            cells: self.cells.clone(),
            centres: (0..self.strata.len())
                .map(|s| self.centre(s, column))
                .collect(),
            data: {
                let mut data = Vec::with_capacity(2 * self.cells.len());
                for i in pulse::each(0..self.cells.len()) {
                    data.extend([one(self.sums(i), column), one(self.within(i), square)]);
                }
                data
            },
            ..*self
        }
    }

    /// The same cells with `column 0 + factor · column 1` as the outcome, and no other column; the factor may differ by condition.
    pub fn plus_second_column(&self, factor: impl Fn(usize) -> f64) -> Moments {
        let at = |values: &[f64], i: usize| values.get(i).copied().unwrap_or(0.0);
        self.announce(32);
        let mut data = Vec::with_capacity(2 * self.cells.len());
        for (i, cell) in pulse::each(self.cells.iter()).enumerate() {
            let (f, sums, within) = (factor(cell.condition), self.sums(i), self.within(i));
            // The centre stays that of column 0, which cancels later.
            let second = at(sums, 1) + cell.rows * self.centre(cell.stratum, 1);
            let spread = at(within, 0) + 2.0 * f * at(within, 1) + f * f * at(within, self.columns);
            data.extend([at(sums, 0) + f * second, spread.max(0.0)]);
        }
        Moments {
            data,
            ..self.of_column(0)
        }
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
    }

    /// The same moments with a further column for each of the given conditions and each covariate, condition by condition:
    /// the covariate less its weighted mean over all rows here where the row is of the condition, 0 elsewhere (Lin 2013,
    /// with a set of interactions for each condition). `pooled` are the same columns about one centre.
    pub fn with_interactions(&self, pooled: &Moments, conditions: &[usize]) -> Moments {
        let covariates = self.columns.saturating_sub(1);
        let columns = self.columns + covariates * conditions.len();
        let mut means = vec![0.0; self.columns];
        let mut weight = 0.0;
        for (i, cell) in pulse::each(pooled.cells.iter()).enumerate() {
            weight += cell.weight * cell.rows;
            for (mean, sum) in means.iter_mut().zip(pooled.sums(i)) {
                *mean += cell.weight * sum;
            }
        }
        means.iter_mut().for_each(|m| *m /= weight);
        let stride = columns + columns * (columns + 1) / 2;
        self.announce(8 * stride);
        let mut data = Vec::with_capacity(self.cells.len().saturating_mul(stride));
        let mut pulse = Pulse::every((1 << 14) / (columns * columns).max(1) as u32 + 1);
        for (i, cell) in self.cells.iter().enumerate() {
            pulse.tick();
            let arm = conditions.iter().position(|&c| c == cell.condition);
            // The column that each column is made of; interactions with other conditions are 0.
            let source = |column: usize| match column.checked_sub(self.columns) {
                None => Some(column),
                Some(at) => (Some(at / covariates) == arm).then_some(1 + at % covariates),
            };
            data.extend_from_slice(self.sums(i));
            data.extend((self.columns..columns).map(|column| match source(column) {
                Some(of) => {
                    let value = |v: &[f64]| v.get(of).copied().unwrap_or(0.0);
                    value(pooled.sums(i)) - cell.rows * value(&means)
                }
                None => 0.0,
            }));
            let within = self.within(i);
            for a in 0..columns {
                data.extend((a..columns).map(|b| {
                    match (source(a), source(b)) {
                        (Some(x), Some(y)) => within
                            .get(self.pair(x.min(y), x.max(y)))
                            .copied()
                            .unwrap_or(0.0),
                        _ => 0.0,
                    }
                }));
            }
        }
        let centres = (0..self.strata.len()).flat_map(|s| {
            (0..columns).map(move |c| {
                if c < self.columns {
                    self.centre(s, c)
                } else {
                    0.0
                }
            })
        });
        Moments {
            centres: centres.collect(),
            columns,
            data,
            cells: self.cells.clone(),
            conditions: self.conditions.clone(),
            strata: self.strata.clone(),
            clusters: self.clusters.clone(),
            ..*self
        }
    }
}
