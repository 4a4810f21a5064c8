//! Normal equations in numbers of 32 digits.
//!
//! They square the condition of the columns. Columns may be combinations of each other but for the seventh digit, which
//! leaves 18 digits of 32; doubles would be left with two.

use super::negligible::Tally;
use crate::exact::Wide;

/// What a Cholesky decomposition, column by column, says of a Gram matrix.
#[derive(Debug, Clone, Default)]
pub struct Factor {
    /// Columns that are no combination of earlier ones.
    pub kept: Vec<usize>,
    /// The others.
    pub aliased: Vec<usize>,
    /// `L` with `L L' = (X'X)⁻¹` of the kept columns, row by row, upper triangular.
    pub root: Vec<Wide>,
    /// Share of the squared length of each kept column that earlier ones leave.
    pub left: Vec<f64>,
}

/// Equilibrated Cholesky of an `all`×`all` matrix. A column is aliased if earlier ones leave no more than the share `least` of
/// its squared length: the later column goes.
pub fn factor(gram: &[Wide], all: usize, least: f64) -> Factor {
    let at = |i: usize, j: usize| gram.get(i * all + j).copied().unwrap_or_default();
    let mut out = Factor::default();
    // Columns of the upper factor R of the equilibrated matrix, over the kept columns.
    let mut columns: Vec<Vec<Wide>> = Vec::new();
    for j in 0..all {
        let scale = at(j, j).sqrt();
        let mut column: Vec<Wide> = Vec::with_capacity(out.kept.len() + 1);
        let mut rest = Wide::from(1.0);
        for (&i, previous) in out.kept.iter().zip(&columns) {
            let a = at(i, j) / (at(i, i).sqrt() * scale);
            let (diagonal, head) = previous
                .split_last()
                .map_or((Wide::from(1.0), &[][..]), |(d, h)| (*d, h));
            let dot: Wide = head.iter().zip(&column).map(|(x, y)| *x * *y).sum();
            let r = (a - dot) / diagonal;
            rest -= r * r;
            column.push(r);
        }
        if scale.value() > 0.0 && rest.value() > least {
            column.push(rest.sqrt());
            columns.push(column);
            out.kept.push(j);
            out.left.push(rest.value());
        } else {
            out.aliased.push(j);
        }
    }
    // L = D^(-1/2) R⁻¹ by back substitution, column by column.
    let p = out.kept.len();
    out.root = vec![Wide::ZERO; p * p];
    for j in 0..p {
        let mut x = vec![Wide::ZERO; p];
        for i in (0..=j).rev() {
            let above: Wide = (i + 1..=j)
                .map(|k| entry(&columns, i, k) * x.get(k).copied().unwrap_or_default())
                .sum();
            let unit = Wide::from((i == j) as u8 as f64);
            if let Some(slot) = x.get_mut(i) {
                *slot = (unit - above) / entry(&columns, i, i);
            }
        }
        for (i, (&column, v)) in out.kept.iter().zip(&x).enumerate() {
            if let Some(slot) = out.root.get_mut(i * p + j) {
                *slot = *v / at(column, column).sqrt();
            }
        }
    }
    out
}

fn entry(columns: &[Vec<Wide>], i: usize, j: usize) -> Wide {
    columns
        .get(j)
        .and_then(|c| c.get(i))
        .copied()
        .unwrap_or_default()
}

impl Factor {
    /// Coefficients of the kept columns, from their products with what is regressed on them.
    pub fn solve(&self, products: &[Tally]) -> Vec<Tally> {
        let p = self.kept.len();
        let mut inner = vec![Tally::default(); p];
        for (row, &product) in self.root.chunks_exact(p.max(1)).zip(products) {
            for (sum, &l) in inner.iter_mut().zip(row) {
                sum.add_times(l, product);
            }
        }
        let outer = |row: &[Wide]| {
            let mut sum = Tally::default();
            for (&l, &v) in row.iter().zip(&inner) {
                sum.add_times(l, v);
            }
            sum
        };
        self.root.chunks_exact(p.max(1)).map(outer).collect()
    }

    /// `L` as doubles.
    pub fn root(&self) -> Vec<f64> {
        self.root.iter().map(|l| l.value()).collect()
    }
}

/// The same for a matrix of doubles, whose columns are aliased earlier (see `negligible`).
pub fn factor_doubles(gram: &[f64], all: usize) -> Factor {
    let gram: Vec<Wide> = gram.iter().map(|&v| v.into()).collect();
    factor(&gram, all, super::negligible::DEPENDENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::negligible::ALIASED;

    fn fit(rows: &[([f64; 2], f64)]) -> (Factor, Vec<f64>) {
        let product = |i: usize, j: usize| {
            let of = |(x, _): &([f64; 2], f64)| Wide::product(x[i], x[j]);
            rows.iter().map(of).sum::<Wide>()
        };
        let gram = [product(0, 0), product(0, 1), product(1, 0), product(1, 1)];
        let factor = factor(&gram, 2, ALIASED);
        let xy: Vec<Tally> = (0..2)
            .map(|i| rows.iter().map(|(x, y)| Wide::product(x[i], *y)).sum())
            .map(|v: Wide| Tally::of(v, v.size()))
            .collect();
        let beta = factor.solve(&xy);
        let beta = beta.iter().map(|b| b.settled().value()).collect();
        (factor, beta)
    }

    #[test]
    fn columns_that_differ_in_the_sixth_digit_are_told_apart() {
        // y = x − 3 z with z = x but for 2^-20 in every other row.
        let small = 2f64.powi(-20);
        let rows: Vec<([f64; 2], f64)> = (1..9)
            .map(|i| {
                let x = f64::from(i);
                let z = x + if i % 2 == 0 { small } else { -small };
                ([x, z], x - 3.0 * z)
            })
            .collect();
        let (factor, beta) = fit(&rows);
        assert_eq!(factor.kept, [0, 1]);
        for (got, expected) in beta.iter().zip([1.0, -3.0]) {
            assert!((got - expected).abs() < 1e-15, "{got}");
        }
    }

    #[test]
    fn a_combination_goes_whatever_its_unit() {
        let rows: Vec<([f64; 2], f64)> = (1..9)
            .map(|i| ([f64::from(i), f64::from(i) * 1e-30], 2.0))
            .collect();
        let (factor, _) = fit(&rows);
        assert_eq!((factor.kept, factor.aliased), (vec![0], vec![1]));
    }
}
