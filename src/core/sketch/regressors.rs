//! Moments of what is made of the columns after the pass: interactions with the conditions, and other weights.

use super::layout::pair_slot;
use super::moments::Moments;

impl Moments {
    /// Weights so that each cluster counts the same: each row's weight over the sum of the weights of the cluster's rows
    /// here, times their mean over the clusters, so that nothing changes where clusters are equally large.
    pub fn count_clusters_equally(&mut self) {
        let mut totals = vec![0.0; self.clusters.len()];
        for cell in &self.cells {
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
        for (i, cell) in pooled.cells.iter().enumerate() {
            weight += cell.weight * cell.rows;
            for (mean, sum) in means.iter_mut().zip(pooled.sums(i)) {
                *mean += cell.weight * sum;
            }
        }
        means.iter_mut().for_each(|m| *m /= weight);
        let mut data =
            Vec::with_capacity(self.cells.len() * (columns + columns * (columns + 1) / 2));
        for (i, cell) in self.cells.iter().enumerate() {
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
                            .get(pair_slot(self.columns, x.min(y), x.max(y)) - self.columns)
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
