//! From draws of a statistic to p-values, and to intervals by inversion of the test.
//!
//! Under the hypothesis that the effect is `estimate − δ`, the numerator of the statistic of a draw and the contributions
//! of the clusters to its variance are linear in `δ`, so the square of the statistic is
//! `(n0 + δ n1)² / (a + 2 b δ + c δ²)`. Five numbers for each draw answer for every hypothesis. All are in units in which
//! the statistic of the data is `δ` itself.

use crate::pulse::{self, Pulse};

/// Part of the squared numerator of a studentized statistic up to which its variance is rounding.
pub(super) const NOISE: f64 = 1e-20;

/// Statistics that differ by less are tied: standard errors, relative to those of the data if these are more than one.
const TIE: f64 = 1e-9;
/// Standard errors from the estimate within which the ends of an interval are looked for.
const FARTHEST: f64 = 1024.0;
/// Precision of the ends of an interval, relative to their distance from the estimate.
const PRECISION: f64 = 1e-12;
/// Draws that are evaluated between two pulses.
const CHUNK: usize = 1 << 14;
/// 1 less the level has 16 digits: 1 − 0.9 is less than 0.1, which 2 of 20 assignments are all the same.
const ROUNDING: f64 = 1e-12;

/// True if a test at `alpha` rejects with this p-value.
pub fn rejects(p: f64, alpha: f64) -> bool {
    p <= alpha * (1.0 + ROUNDING)
}

/// The square of the statistic of one draw, as a function of the hypothesis.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Curve {
    /// Numerator.
    pub n0: f64,
    /// Its slope.
    pub n1: f64,
    /// Variance.
    pub a: f64,
    /// Half its slope.
    pub b: f64,
    /// Its curvature.
    pub c: f64,
}

impl Curve {
    /// True if the statistic is at least (`strict`: more than) that of the data, in absolute value.
    pub fn reaches(&self, delta: f64, strict: bool) -> bool {
        reaches(
            self.n0,
            self.n1,
            self.a,
            self.b,
            self.c,
            delta,
            square_to_reach(delta, strict),
        )
    }
}

/// The square of what a statistic must reach. The statistic of the data is `delta` but for rounding, which is relative to
/// what it is the difference of: an effect that is 0 is a tie with 0.
fn square_to_reach(delta: f64, strict: bool) -> f64 {
    let (size, tie) = (delta.abs(), TIE * delta.abs().max(1.0));
    let reach = if strict {
        size + tie
    } else {
        (size - tie).max(0.0)
    };
    reach * reach
}

#[inline(always)]
fn reaches(n0: f64, n1: f64, a: f64, b: f64, c: f64, delta: f64, square: f64) -> bool {
    let numerator = n0 + delta * n1;
    let variance = (a + delta * (2.0 * b + delta * c)).max(0.0);
    numerator * numerator >= square * variance
}

/// The draws of one effect.
#[derive(Debug, Default)]
pub struct Curves {
    n0: Vec<f64>,
    n1: Vec<f64>,
    a: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
    /// Counts the data as one more draw, as random permutations do (Phipson and Smyth 2010).
    pub with_data: bool,
}

impl Curves {
    /// No draws yet, with room for that many.
    pub fn with_room(draws: u64) -> Self {
        let draws = usize::try_from(draws).unwrap_or(usize::MAX);
        Curves {
            n0: pulse::vector(draws),
            n1: pulse::vector(draws),
            a: pulse::vector(draws),
            b: pulse::vector(draws),
            c: pulse::vector(draws),
            with_data: false,
        }
    }

    /// Adds a draw.
    #[inline]
    pub fn push(&mut self, curve: Curve) {
        self.n0.push(curve.n0);
        self.n1.push(curve.n1);
        self.a.push(curve.a);
        self.b.push(curve.b);
        self.c.push(curve.c);
    }

    /// Number of draws.
    pub fn len(&self) -> usize {
        self.n0.len()
    }

    /// Draw `i`.
    #[cfg(test)]
    pub fn get(&self, i: usize) -> Curve {
        let at = |v: &[f64]| v.get(i).copied().unwrap_or(f64::NAN);
        Curve {
            n0: at(&self.n0),
            n1: at(&self.n1),
            a: at(&self.a),
            b: at(&self.b),
            c: at(&self.c),
        }
    }

    /// The share of draws whose statistic is at least (`strict`: more than) that of the data.
    pub fn p(&self, delta: f64, strict: bool) -> f64 {
        let square = square_to_reach(delta, strict);
        let mut pulse = Pulse::every(8);
        let mut count = 0u64;
        let chunks = self
            .n0
            .chunks(CHUNK)
            .zip(self.n1.chunks(CHUNK))
            .zip(self.a.chunks(CHUNK))
            .zip(self.b.chunks(CHUNK))
            .zip(self.c.chunks(CHUNK));
        for ((((n0, n1), a), b), c) in chunks {
            pulse.tick();
            let draws = n0.iter().zip(n1).zip(a).zip(b).zip(c);
            count += draws
                .map(|((((n0, n1), a), b), c)| reaches(*n0, *n1, *a, *b, *c, delta, square) as u64)
                .sum::<u64>();
        }
        share(count, self.len() as u64, self.with_data)
    }

    /// The smallest p-value that a draw can have if it takes the place of the data: the share of draws that are as extreme as the most
    /// extreme one. A variance of at most `noise`, relative to the numerator, is none, and the statistic infinite. `None` without draws.
    pub fn least_p(&self, delta: f64, noise: f64) -> Option<f64> {
        let squares = || {
            let mut pulse = Pulse::every(1 << 17);
            let draws = self.n0.iter().zip(&self.n1).zip(&self.a).zip(&self.b);
            draws.zip(&self.c).map(move |((((n0, n1), a), b), c)| {
                pulse.tick();
                let numerator = (n0 + delta * n1).powi(2);
                let variance = (a + delta * (2.0 * b + delta * c)).max(0.0);
                (numerator, variance)
            })
        };
        let infinite = |n: f64, v: f64| v <= noise * n;
        let most = squares()
            .map(|(n, v)| if infinite(n, v) { f64::INFINITY } else { n / v })
            .fold(0.0, f64::max);
        let reach = square_to_reach(most.sqrt(), false);
        let as_extreme = |(n, v): &(f64, f64)| match most.is_finite() {
            true => *n >= reach * v,
            false => infinite(*n, *v),
        };
        let count = squares().filter(as_extreme).count() as u64;
        (self.len() > 0).then(|| share(count, self.len() as u64, false))
    }

    /// Distances from the estimate to the lower and the upper end of the interval of hypotheses with p > `alpha`; `None`
    /// if the test does not reject within 1024 standard errors.
    pub fn interval(&self, alpha: f64) -> (Option<f64>, Option<f64>) {
        (self.end(alpha, 1.0), self.end(alpha, -1.0))
    }

    fn end(&self, alpha: f64, sign: f64) -> Option<f64> {
        let rejects = |distance: f64| rejects(self.p(sign * distance, false), alpha);
        let (mut inside, mut outside) = (0.0, 1.0);
        while !rejects(outside) {
            if outside >= FARTHEST {
                return None;
            }
            inside = outside;
            outside *= 2.0;
        }
        while outside - inside > PRECISION * outside {
            let middle = 0.5 * (inside + outside);
            if middle <= inside || middle >= outside {
                break;
            }
            if rejects(middle) {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        Some(0.5 * (inside + outside))
    }
}

/// `count` of `draws`, with the data as one more draw if asked for.
pub fn share(count: u64, draws: u64, with_data: bool) -> f64 {
    let more = with_data as u64;
    (count + more) as f64 / (draws + more) as f64
}
