//! Adjusted p-values by stepdown.
//!
//! Hypotheses are taken from the smallest p-value to the largest, and each is compared with the draws of itself and of those
//! that are still to come, not of all (Romano and Wolf 2005). With `B` draws and `m` hypotheses, numbered in this order,
//!
//! `p_(k) = max(p_(k−1), (1 + #{draws: min over j = k … m of p*_j ≤ p_k}) / (B + 1))` (Romano and Wolf 2016).
//!
//! A statistic is compared by its p-value, since effects have degrees of freedom of their own; with equal ones that is the
//! order of |t|. As in a single step, no adjusted p-value is less than that of the effect by itself. Every draw that reaches
//! `p_k` among the hypotheses to come reaches it among all, so that no p-value is larger than that of a single step.

use crate::distribution::normal_two_sided;

/// Counts of draws by hypothesis.
#[derive(Debug)]
pub struct Stepdown {
    /// Numbers of the hypotheses, from the smallest p-value to the largest.
    order: Vec<usize>,
    /// Their p-values, in this order.
    p_values: Vec<f64>,
    /// Draws that reach them, in this order.
    reached: Vec<u64>,
}

/// True if a p-value of a draw is as small as that of an effect, but for rounding.
pub fn reaches(draw: f64, p_value: f64) -> bool {
    draw <= p_value * (1.0 + 1e-9)
}

impl Stepdown {
    /// No draws yet, for hypotheses with these p-values.
    pub fn new(p_values: &[f64]) -> Self {
        let of = |i: usize| p_values.get(i).copied().unwrap_or(1.0);
        let mut order: Vec<usize> = (0..p_values.len()).collect();
        order.sort_by(|&a, &b| of(a).total_cmp(&of(b)));
        Stepdown {
            p_values: order.iter().map(|&i| of(i)).collect(),
            reached: vec![0; order.len()],
            order,
        }
    }

    /// Counts a draw, given the normal statistic of each hypothesis. Returns the smallest p-value of the draw.
    pub fn count(&mut self, statistics: &[f64]) -> f64 {
        let (mut largest, mut p) = (0.0, 1.0);
        let hypotheses = self.order.iter().zip(&self.p_values);
        for ((&i, &own), reached) in hypotheses.zip(&mut self.reached).rev() {
            let size = statistics.get(i).map_or(0.0, |z| z.abs());
            if size > largest {
                largest = size;
                p = normal_two_sided(size).unwrap_or(1.0);
            }
            *reached += reaches(p, own) as u64;
        }
        p
    }

    /// Adjusted p-values after so many draws, in the order in which the hypotheses were given.
    pub fn adjusted(&self, draws: u64) -> Vec<f64> {
        let mut out = vec![1.0; self.order.len()];
        let mut before = 0.0_f64;
        for ((&i, &own), &reached) in self.order.iter().zip(&self.p_values).zip(&self.reached) {
            before = before.max(adjusted(reached, draws, own));
            if let Some(slot) = out.get_mut(i) {
                *slot = before;
            }
        }
        out
    }
}

/// `(1 + reached) / (1 + draws)`, but no less than the p-value of the effect by itself.
pub fn adjusted(reached: u64, draws: u64, own: f64) -> f64 {
    ((reached + 1) as f64 / (draws + 1) as f64).max(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_hypotheses_are_compared_with_fewer_draws() {
        // p-values of 1.0, 2.5 and 2.0 standard errors; they are taken in the order 1, 2, 0.
        let p = |z| normal_two_sided(z).unwrap_or(1.0);
        let own = [p(1.0), p(2.5), p(2.0)];
        let mut steps = Stepdown::new(&own);
        let draws = [
            // Only the first hypothesis that is taken is reached by its own draw.
            [0.5, -2.6, 0.1],
            // All are reached by that of the last one.
            [-3.0, 0.0, 0.0],
            // The second and, in a single step only, none before it.
            [0.0, 0.0, 2.2],
            // None.
            [0.9, 2.4, 1.9],
        ];
        let least: Vec<f64> = draws.iter().map(|d| steps.count(d)).collect();
        assert_eq!(least, [2.6, 3.0, 2.2, 2.4].map(p));
        // Counts 2, 2 and 1; the last one is no less than the one before it.
        assert_eq!(steps.reached, [2, 2, 1]);
        assert_eq!(steps.adjusted(4), [0.6, 0.6, 0.6]);
        // With more draws that reach nothing the order shows.
        let many = steps.adjusted(999);
        assert_eq!(many, [own[0], own[1].max(0.003), own[2].max(0.003)]);
    }
}
