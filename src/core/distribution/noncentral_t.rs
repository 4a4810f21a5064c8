//! The noncentral t distribution: `T = (Z + δ) / S` with `Z` standard normal and `ν S²` chi-squared with ν degrees of
//! freedom.
//!
//! A tail is `∫ f(s) Φ(±(t s − δ)) ds`, `f` the density of `S`. On the scale `u = ln s` the integrand is positive, has
//! one mode, falls at least exponentially on the left and faster on the right, and is analytic, so that the trapezoidal
//! rule from the mode outwards converges geometrically. Nothing is subtracted: the smaller of the two tails has all its
//! digits, however small it is, and the other is one minus it.

use super::chi_squared::chi_squared_tails;
use super::normal::{normal_density, normal_upper};
use crate::pulse::Pulse;
use std::f64::consts::PI;

/// Fewest degrees of freedom; below, the left tail of the integrand is too long.
const LEAST_DF: f64 = 0.5;
/// Noncentrality, for each degree of freedom, from which `Z` is nothing beside it: leaving it out changes a tail by less than
/// 10⁻⁸ of it, while the integrand gets too steep for its width.
const MOST_DELTA: f64 = 1e4;

/// `P(T > t)` and `P(T ≤ t)`, each with all its digits.
///
/// `None` unless `df ≥ 0.5` and all three are numbers, `df` and `delta` finite. Ten digits and more for `|delta|` up
/// to 1,000, seven and more beyond.
pub fn noncentral_t_tails(t: f64, df: f64, delta: f64) -> Option<(f64, f64)> {
    if t.is_nan() || !delta.is_finite() || !df.is_finite() || df < LEAST_DF {
        return None;
    }
    if t.is_infinite() {
        return Some(if t > 0.0 { (0.0, 1.0) } else { (1.0, 0.0) });
    }
    if t == 0.0 {
        return Some((normal_upper(-delta), normal_upper(delta)));
    }
    if delta.abs() > MOST_DELTA * df.max(1.0) {
        return Some(without_noise(t, df, delta));
    }
    // By the side of the noncentrality; the median is close, unless the degrees of freedom are very few.
    let above = t >= delta;
    let tail = if above {
        integral(t, df, delta)
    } else {
        integral(-t, df, -delta)
    };
    let other = if tail < 0.9 {
        1.0 - tail
    } else if above {
        integral(-t, df, -delta)
    } else {
        integral(t, df, delta)
    };
    let (tail, other) = (tail.clamp(0.0, 1.0), other.clamp(0.0, 1.0));
    Some(if above { (tail, other) } else { (other, tail) })
}

/// `P(T > t)` for noncentrality `delta`; see [`noncentral_t_tails`].
pub fn noncentral_t_upper(t: f64, df: f64, delta: f64) -> Option<f64> {
    noncentral_t_tails(t, df, delta).map(|(upper, _)| upper)
}

/// `P(T ≤ t)` for noncentrality `delta`; see [`noncentral_t_tails`].
pub fn noncentral_t_lower(t: f64, df: f64, delta: f64) -> Option<f64> {
    noncentral_t_tails(t, df, delta).map(|(_, lower)| lower)
}

/// Both tails of `δ / S`.
fn without_noise(t: f64, df: f64, delta: f64) -> (f64, f64) {
    let (beyond, within) = if (t > 0.0) == (delta > 0.0) {
        let ratio = delta / t;
        // |T| is beyond |t| if S is small.
        chi_squared_tails(df * ratio * ratio, df).unwrap_or((0.0, 1.0))
    } else {
        (0.0, 1.0)
    };
    if t > 0.0 {
        (beyond, within)
    } else {
        (within, beyond)
    }
}

/// `φ(z) / P(Z > z)`.
fn hazard(z: f64) -> f64 {
    if z > 30.0 {
        z + 1.0 / z - 2.0 / (z * z * z)
    } else {
        normal_density(z) / normal_upper(z)
    }
}

/// What Stirling's formula for `ln Γ(a)` leaves: `ln Γ(a) − (a − ½) ln a + a − ½ ln 2π`.
fn stirling_rest(a: f64) -> f64 {
    let (mut a, mut rest) = (a, 0.0);
    while a < 16.0 {
        rest += (a + 0.5) * (1.0 / a).ln_1p() - 1.0;
        a += 1.0;
    }
    let r = 1.0 / (a * a);
    rest + (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r / 1188.0))))
        / a
}

/// `P(T > t)`.
fn integral(t: f64, df: f64, delta: f64) -> f64 {
    // The slope of the logarithm of the integrand over s, which falls: its zero is the mode.
    let slope = |u: f64| {
        let s = u.exp();
        df - df * s * s - t * s * hazard(t * s - delta)
    };
    let (mut low, mut high) = (-720.0, 350.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 {
            low = middle
        } else {
            high = middle
        }
    }
    let mode = 0.5 * (low + high);
    let s = mode.exp();
    let h = hazard(t * s - delta);
    let curvature = df * (1.0 + s * s) + (t * s).powi(2) * h * (h - (t * s - delta)).max(0.0);
    let jump = 0.5 / (t * s).abs();
    // Three points in a standard deviation of the peak, two in one of the normal variate.
    let step = (1.0 / (3.0 * curvature.sqrt()))
        .min(0.1)
        .min(jump)
        // So that it moves.
        .max(f64::EPSILON * mode.abs());
    // Where the normal variate is a jump on this scale, a step that resolves it would never get across the density of S.
    let across = (1.0 / (3.0 * (df * (1.0 + s * s)).sqrt())).min(1e-5);
    let step = if jump < 1e-9 { step.max(across) } else { step };
    if !(step > 0.0) {
        return 0.0;
    }
    let value = |u: f64| {
        (-0.5 * df * ((2.0 * u).exp_m1() - 2.0 * u)).exp() * normal_upper(t * u.exp() - delta)
    };
    let mut pulse = Pulse::every(10_000);
    let peak = value(mode);
    let mut side = |step: f64| {
        let mut sum = 0.0;
        let mut i = 1.0;
        loop {
            pulse.tick();
            let term = value(mode + i * step);
            sum += term;
            if !(term > 1e-18 * (sum + peak)) {
                return sum;
            }
            i += 1.0;
        }
    };
    let sum = side(-step) + side(step) + peak;
    let a = 0.5 * df;
    sum * step * 2.0 * (a / (2.0 * PI)).sqrt() * (-stirling_rest(a)).exp()
}

#[cfg(test)]
mod tests {
    use super::super::t_two_sided;
    use super::*;

    /// With a critical value for 1e-308 the normal variate is a jump: `P(T > δ)` is `P(S < 1)`. The sum must come to an end.
    #[test]
    fn far_out_the_sum_ends() {
        for far in [1e6, 1e12, 1e22] {
            let got = noncentral_t_upper(far, 14.0, far).unwrap_or(f64::NAN);
            // scipy: chi2.cdf(14, 14)
            assert!((got - 0.550_289).abs() < 1e-3, "{far}: {got}");
        }
    }

    #[test]
    fn central_is_student() {
        for df in [1.0, 2.5, 30.0, 1000.0] {
            for t in [0.1, 1.0, 3.0, 8.0] {
                let got = noncentral_t_upper(t, df, 0.0).unwrap_or(f64::NAN);
                let expected = 0.5 * t_two_sided(t, df).unwrap_or(f64::NAN);
                assert!(
                    (got / expected - 1.0).abs() < 1e-11,
                    "{t} {df}: {got} {expected}"
                );
            }
        }
    }

    #[test]
    fn large_noncentrality_goes_over_into_its_limit() {
        for df in [0.5f64, 1.0, 4.0, 100.0] {
            let delta = MOST_DELTA * df.max(1.0);
            for ratio in [0.3, 0.9, 1.0, 1.1, 5.0] {
                let (upper, lower) =
                    noncentral_t_tails(ratio * delta, df, delta).unwrap_or_default();
                let limit = without_noise(ratio * delta, df, delta);
                for (got, limit) in [(upper, limit.0), (lower, limit.1)] {
                    assert!(
                        (got / limit - 1.0).abs() < 1e-5,
                        "{df} {ratio}: {got} {limit}"
                    );
                }
                let turned = without_noise(-ratio * delta, df, -delta);
                assert_eq!(turned, (limit.1, limit.0));
            }
        }
        assert_eq!(noncentral_t_tails(-1.0, 3.0, 1e9), Some((1.0, 0.0)));
        assert_eq!(noncentral_t_tails(1.0, 3.0, -1e9), Some((0.0, 1.0)));
        // Once without an end: the steps were shorter than what a double near the mode can tell.
        assert!(noncentral_t_tails(1e150, 1.0, 4e151).is_some());
    }

    #[test]
    fn every_number_has_an_answer() {
        let all = [
            0.0,
            1e-300,
            1e-9,
            0.5,
            1.0,
            39.9,
            1e3,
            1e6,
            1e100,
            1e300,
            f64::MAX,
        ];
        for t in all.iter().flat_map(|t| [-t, *t]).chain([f64::INFINITY]) {
            for df in [0.5, 1.0, 7.3, 1e3, 1e6, 1e12, 1e300] {
                for delta in [0.0, 1e-300, 1.0, 40.0, 1e4, 1e300]
                    .iter()
                    .flat_map(|d| [-d, *d])
                {
                    let (upper, lower) =
                        noncentral_t_tails(t, df, delta).unwrap_or((f64::NAN, f64::NAN));
                    assert!(
                        (upper + lower - 1.0).abs() < 1e-3,
                        "t {t} df {df} delta {delta}: {upper} {lower}"
                    );
                }
            }
        }
        assert_eq!(noncentral_t_tails(f64::NAN, 5.0, 1.0), None);
        assert_eq!(noncentral_t_tails(1.0, 0.1, 1.0), None);
        assert_eq!(noncentral_t_tails(1.0, 5.0, f64::INFINITY), None);
    }
}
