//! Which sums a cell keeps, and in which order.

use crate::sketch::columns::Columns;

/// How many values of which kind a row has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// For each outcome the place of its value; a ratio has its denominator after it.
    outcomes: Vec<(usize, bool)>,
    /// Values of outcomes.
    values: usize,
    /// Covariates and exposures.
    common: usize,
}

impl Shape {
    /// Of these columns.
    pub fn of(columns: &Columns) -> Self {
        let mut shape = Shape {
            outcomes: Vec::new(),
            values: 0,
            common: columns.covariates.len() + columns.exposures.len(),
        };
        for outcome in &columns.outcomes {
            let ratio = outcome.denominator.is_some();
            shape.outcomes.push((shape.values, ratio));
            shape.values += 1 + ratio as usize;
        }
        shape
    }

    /// Columns with a scale: the values of outcomes, and then the common ones.
    pub fn columns(&self) -> usize {
        self.values + self.common
    }

    /// Outcomes: the place of the value, and whether the denominator of a ratio comes after it.
    pub fn outcomes(&self) -> &[(usize, bool)] {
        &self.outcomes
    }

    /// Values of outcomes.
    pub fn values(&self) -> usize {
        self.values
    }

    /// Covariates and exposures.
    pub fn common(&self) -> usize {
        self.common
    }

    /// Places of the values of outcomes that are ratios.
    pub fn ratios(&self) -> impl Iterator<Item = usize> {
        self.outcomes.iter().filter(|o| o.1).map(|o| o.0)
    }

    /// Sums and products of a block of the common columns.
    pub fn block(&self) -> usize {
        self.common + self.common * (self.common + 1) / 2
    }

    /// Slot of the sum of a column.
    pub fn sum(&self, column: usize) -> usize {
        match column.checked_sub(self.values) {
            Some(common) => self.values * (2 + self.common) + common,
            None => column * (2 + self.common),
        }
    }

    /// Slot of the product of two columns, the first not after the second; none for two outcomes.
    pub fn product(&self, a: usize, b: usize) -> Option<usize> {
        let block = self.values * (2 + self.common);
        match (a.checked_sub(self.values), b.checked_sub(self.values)) {
            (None, None) if a == b => Some(self.sum(a) + 1),
            (None, None) if b == a + 1 => {
                let ratio = self.ratios().position(|first| first == a)?;
                Some(block + self.block() + ratio)
            }
            (None, Some(common)) => Some(self.sum(a) + 2 + common),
            (Some(x), Some(y)) => Some(block + pair_slot(self.common, x, y)),
            _ => None,
        }
    }

    /// First slot of the common columns of the rows that lack an outcome.
    pub fn gap(&self, outcome: usize) -> usize {
        self.slots(false) + outcome * self.block()
    }

    /// Slot of the sum of a common column over the rows that lack an outcome.
    pub fn gap_sum(&self, outcome: usize, common: usize) -> usize {
        self.gap(outcome) + common
    }

    /// Slot of the product of two common columns over the rows that lack an outcome.
    pub fn gap_product(&self, outcome: usize, a: usize, b: usize) -> usize {
        self.gap(outcome) + pair_slot(self.common, a, b)
    }

    /// The outcome of which a slot holds something, and whether it is of the rows that lack it; none for the common columns.
    pub fn outcome_of(&self, slot: usize) -> Option<(usize, bool)> {
        let with = |value: usize| {
            let first =
                |&(place, ratio): &(usize, bool)| (place..=place + ratio as usize).contains(&value);
            self.outcomes.iter().position(first)
        };
        let blocks = self.values * (2 + self.common);
        let always = self.slots(false);
        if slot < blocks {
            Some((with(slot / (2 + self.common))?, false))
        } else if slot >= always {
            Some((slot.checked_sub(always)?.checked_div(self.block())?, true))
        } else {
            let ratio = slot.checked_sub(blocks + self.block())?;
            Some((with(self.ratios().nth(ratio)?)?, false))
        }
    }

    /// Number of slots.
    pub fn slots(&self, gaps: bool) -> usize {
        let always = self.values * (2 + self.common) + self.block() + self.ratios().count();
        always
            + if gaps {
                self.outcomes.len() * self.block()
            } else {
                0
            }
    }

    /// What each slot holds, as columns: of a sum one, of a product two.
    pub fn terms(&self, gaps: bool) -> Vec<(usize, Option<usize>)> {
        let mut terms = Vec::with_capacity(self.slots(gaps));
        let common = self.values..self.columns();
        for value in 0..self.values {
            terms.extend([(value, None), (value, Some(value))]);
            terms.extend(common.clone().map(|c| (value, Some(c))));
        }
        let block = |terms: &mut Vec<_>| {
            terms.extend(common.clone().map(|c| (c, None)));
            for a in common.clone() {
                terms.extend((a..self.columns()).map(|b| (a, Some(b))));
            }
        };
        block(&mut terms);
        terms.extend(self.ratios().map(|first| (first, Some(first + 1))));
        for _ in 0..if gaps { self.outcomes.len() } else { 0 } {
            block(&mut terms);
        }
        terms
    }
}

/// Slot of the product of columns `a <= b` in a block of so many columns: first the sums, then the products row by row.
#[inline]
pub fn pair_slot(columns: usize, a: usize, b: usize) -> usize {
    columns + a * columns - a * (a + 1) / 2 + b
}
