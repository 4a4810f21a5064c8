//! Exact probabilities of counts: binomial, hypergeometric and multinomial.
//!
//! Two-sided p-values are the sum of the probabilities of all outcomes that are not more probable than the observed one,
//! with a relative tolerance of 10⁻⁷ (as R's `binom.test` and `fisher.test` and scipy's `binomtest` have it). Single
//! probabilities are by Loader's saddle-point form (2000), which keeps its digits also for large counts; neighbours follow
//! by their ratio.

use crate::pulse::Pulse;
use libm::lgamma;
use std::f64::consts::PI;

/// Outcomes of probabilities that are equal up to rounding count as equally probable.
const TIE: f64 = 1.0 + 1e-7;
/// Outcomes of a multinomial that are enumerated.
const MAX_OUTCOMES: f64 = 2e6;
/// Units up to which the binomial and the hypergeometric are summed.
const MAX_UNITS: u64 = 1_000_000_000;

/// `ln n! − ln(√(2πn) (n/e)ⁿ)`.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return lgamma(n + 1.0) - (n + 0.5) * n.max(f64::MIN_POSITIVE).ln() + n
            - 0.5 * (2.0 * PI).ln();
    }
    let s = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / s) / s) / s) / s)
        / n
}

/// `x ln(x / m) + m − x`, without cancellation.
fn deviance(x: f64, m: f64) -> f64 {
    if (x - m).abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() + m - x;
    }
    let v = (x - m) / (x + m);
    let mut sum = (x - m) * v;
    let mut term = 2.0 * x * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / (2 * j + 1) as f64;
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `ln P(X = x)` of a binomial of `n` with `p`, `q = 1 − p`.
fn ln_binomial(x: f64, n: f64, p: f64, q: f64) -> f64 {
    if x == 0.0 {
        return n * if p < 0.5 { (-p).ln_1p() } else { q.ln() };
    }
    if x == n {
        return n * if q < 0.5 { (-q).ln_1p() } else { p.ln() };
    }
    stirling_error(n)
        - stirling_error(x)
        - stirling_error(n - x)
        - deviance(x, n * p)
        - deviance(n - x, n * q)
        + 0.5 * (n / (2.0 * PI * x * (n - x))).ln()
}

/// A distribution on `low..=high` with one mode.
struct Unimodal<P: Fn(u64) -> f64, R: Fn(u64) -> f64> {
    low: u64,
    high: u64,
    mode: u64,
    /// `ln P(X = x)`.
    ln: P,
    /// `P(X = x + 1) / P(X = x)`.
    ratio: R,
}

impl<P: Fn(u64) -> f64, R: Fn(u64) -> f64> Unimodal<P, R> {
    /// `P(X ≤ x)` for x below the mode.
    fn lower(&self, x: u64) -> f64 {
        let (mut term, mut sum, mut at) = ((self.ln)(x).exp(), 0.0, x);
        let mut pulse = Pulse::every(4096);
        while term > 0.0 {
            pulse.tick();
            let before = sum;
            sum += term;
            if at == self.low || sum == before {
                break;
            }
            at -= 1;
            term /= (self.ratio)(at);
        }
        sum
    }

    /// `P(X ≥ x)` for x above the mode.
    fn upper(&self, x: u64) -> f64 {
        let (mut term, mut sum, mut at) = ((self.ln)(x).exp(), 0.0, x);
        let mut pulse = Pulse::every(4096);
        while term > 0.0 {
            pulse.tick();
            let before = sum;
            sum += term;
            if at == self.high || sum == before {
                break;
            }
            term *= (self.ratio)(at);
            at += 1;
        }
        sum
    }

    /// Sum of the probabilities of the outcomes not more probable than `x`.
    fn two_sided(&self, x: u64) -> f64 {
        let bound = (self.ln)(x) + TIE.ln();
        let fits = |j: u64| (self.ln)(j) <= bound;
        if (self.ln)(self.mode) <= bound {
            return 1.0;
        }
        // On each side of the mode the probabilities fall outwards: the last that fits is found by halving.
        let (mut below, mut above) = (0.0, 0.0);
        if fits(self.low) {
            let (mut yes, mut no) = (self.low, self.mode);
            while no - yes > 1 {
                let middle = yes + (no - yes) / 2;
                if fits(middle) {
                    yes = middle
                } else {
                    no = middle
                }
            }
            below = self.lower(yes);
        }
        if fits(self.high) {
            let (mut yes, mut no) = (self.high, self.mode);
            while yes - no > 1 {
                let middle = no + (yes - no) / 2;
                if fits(middle) {
                    yes = middle
                } else {
                    no = middle
                }
            }
            above = self.upper(yes);
        }
        (below + above).min(1.0)
    }
}

/// Two-sided p-value of `x` successes of `n` with probability `p` in (0, 1); `None` above a thousand million.
pub fn binomial_two_sided(x: u64, n: u64, p: f64) -> Option<f64> {
    if n > MAX_UNITS || x > n || !(p > 0.0 && p < 1.0) {
        return None;
    }
    let (count, q) = (n as f64, 1.0 - p);
    let distribution = Unimodal {
        low: 0,
        high: n,
        mode: (((count + 1.0) * p).floor() as u64).min(n),
        ln: |j: u64| ln_binomial(j as f64, count, p, q),
        ratio: |j: u64| (count - j as f64) / (j as f64 + 1.0) * (p / q),
    };
    Some(distribution.two_sided(x))
}

/// Two-sided p-value of `x` marked among `drawn` of `total` of which `marked` are marked; `None` above a thousand million.
pub fn hypergeometric_two_sided(x: u64, total: u64, marked: u64, drawn: u64) -> Option<f64> {
    if total > MAX_UNITS || marked > total || drawn > total {
        return None;
    }
    let (low, high) = ((drawn + marked).saturating_sub(total), drawn.min(marked));
    if x < low || x > high {
        return None;
    }
    if low == high {
        return Some(1.0);
    }
    let (t, m, d) = (total as f64, marked as f64, drawn as f64);
    let mode = (((d + 1.0) * (m + 1.0) / (t + 2.0)).floor() as u64).clamp(low, high);
    let distribution = Unimodal {
        low,
        high,
        mode,
        ln: |j: u64| ln_hypergeometric(j as f64, t, m, d),
        ratio: |j: u64| {
            let j = j as f64;
            (m - j) * (d - j) / ((j + 1.0) * (t - m - d + j + 1.0))
        },
    };
    Some(distribution.two_sided(x))
}

/// `ln P(X = x)` of a hypergeometric, as three binomials of one probability, so that the large terms never meet (Loader
/// 2000).
fn ln_hypergeometric(x: f64, total: f64, marked: f64, drawn: f64) -> f64 {
    let (p, q) = (drawn / total, (total - drawn) / total);
    if p <= 0.0 || q <= 0.0 {
        return 0.0;
    }
    ln_binomial(x, marked, p, q) + ln_binomial(drawn - x, total - marked, p, q)
        - ln_binomial(drawn, total, p, q)
}

/// Units up to which sums of counts over strata are enumerated.
const MAX_SUMMED: u64 = 5000;

/// The distribution of one count: its lowest value and the probabilities from there on.
#[derive(Debug, Clone, PartialEq)]
pub struct Probabilities {
    low: u64,
    of: Vec<f64>,
}

impl Probabilities {
    /// Of a binomial of `n` with `p` in (0, 1); `None` above five thousand.
    pub fn binomial(n: u64, p: f64) -> Option<Self> {
        let of = |j: u64| ln_binomial(j as f64, n as f64, p, 1.0 - p).exp();
        (n <= MAX_SUMMED).then(|| Probabilities {
            low: 0,
            of: (0..=n).map(of).collect(),
        })
    }

    /// Of a hypergeometric, as [`hypergeometric_two_sided`] has it; `None` above five thousand drawn.
    pub fn hypergeometric(total: u64, marked: u64, drawn: u64) -> Option<Self> {
        let (low, high) = ((drawn + marked).saturating_sub(total), drawn.min(marked));
        let of =
            |j: u64| ln_hypergeometric(j as f64, total as f64, marked as f64, drawn as f64).exp();
        (drawn <= MAX_SUMMED).then(|| Probabilities {
            low,
            of: (low..=high).map(of).collect(),
        })
    }
}

/// Two-sided p-value of the sum `x` of independent counts; `None` if the sum can be above five thousand.
pub fn sum_two_sided(parts: &[Probabilities], x: u64) -> Option<f64> {
    let low: u64 = parts.iter().map(|p| p.low).sum();
    let width: usize = parts.iter().map(|p| p.of.len() - 1).sum();
    if width as u64 > MAX_SUMMED {
        return None;
    }
    let mut all = vec![1.0];
    let mut pulse = Pulse::every(64);
    for part in parts {
        let mut next = vec![0.0; all.len() + part.of.len() - 1];
        for (i, a) in all.iter().enumerate() {
            pulse.tick();
            for (slot, b) in next.iter_mut().skip(i).zip(&part.of) {
                *slot += a * b;
            }
        }
        all = next;
    }
    let at = usize::try_from(x.checked_sub(low)?).ok()?;
    let bound = all.get(at)? * TIE;
    Some(all.iter().filter(|p| **p <= bound).sum::<f64>().min(1.0))
}

/// Number of ways in which `n` units fall into `k` arms.
fn outcomes(n: u64, k: usize) -> f64 {
    (1..k).fold(1.0, |ways, i| ways * (n as f64 + i as f64) / i as f64)
}

/// Two-sided p-value of counts with probabilities that add up to 1; `None` if there are more than two million outcomes.
pub fn multinomial_two_sided(observed: &[u64], shares: &[f64]) -> Option<f64> {
    let n: u64 = observed.iter().sum();
    if observed.len() != shares.len() || outcomes(n, observed.len()) > MAX_OUTCOMES {
        return None;
    }
    let ln_factorial: Vec<f64> = (0..=n).map(|i| lgamma(i as f64 + 1.0)).collect();
    let logs: Vec<f64> = shares.iter().map(|p| p.ln()).collect();
    let term = |arm: usize, x: u64| {
        let ln_p = logs.get(arm).copied().unwrap_or(0.0);
        x as f64 * ln_p - ln_factorial.get(x as usize).copied().unwrap_or(0.0)
    };
    let all = ln_factorial.last().copied().unwrap_or(0.0);
    let own: f64 = observed
        .iter()
        .enumerate()
        .map(|(arm, &x)| term(arm, x))
        .sum();
    let mut sum = Sum {
        term: &term,
        bound: all + own + TIE.ln(),
        total: 0.0,
        pulse: Pulse::every(4096),
    };
    sum.over(observed.len(), n, all);
    Some(sum.total.min(1.0))
}

/// Sum over the outcomes of a multinomial that are improbable enough.
struct Sum<'a, T: Fn(usize, u64) -> f64> {
    term: &'a T,
    bound: f64,
    total: f64,
    pulse: Pulse,
}

impl<T: Fn(usize, u64) -> f64> Sum<'_, T> {
    /// All ways in which `left` units fall into the first `arms` arms.
    fn over(&mut self, arms: usize, left: u64, so_far: f64) {
        if arms <= 1 {
            self.pulse.tick();
            let ln = so_far + (self.term)(0, left);
            if ln <= self.bound {
                self.total += ln.exp();
            }
            return;
        }
        for x in 0..=left {
            let here = so_far + (self.term)(arms - 1, x);
            self.over(arms - 1, left - x, here);
        }
    }
}
