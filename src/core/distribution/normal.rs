//! The standard normal distribution: tails, density and quantile.

use libm::erfc;
use statrs::function::erf::erfc_inv;
use std::f64::consts::{PI, SQRT_2};

/// Density at `z`.
pub fn normal_density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}

/// `P(Z > z)`, with all its digits also far out; NaN stays NaN.
pub fn normal_upper(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}

/// `P(Z ≤ z)`.
pub fn normal_lower(z: f64) -> f64 {
    normal_upper(-z)
}

/// The `z` with `P(Z > z) = upper`, for `upper` in (0, 1).
pub fn normal_quantile_upper(upper: f64) -> Option<f64> {
    if !(upper > 0.0 && upper < 1.0) {
        return None;
    }
    // One Newton step on the logarithm of the tail takes out what the rational approximation leaves.
    let mut z = SQRT_2 * erfc_inv(2.0 * upper);
    for _ in 0..2 {
        let tail = normal_upper(z);
        let density = normal_density(z);
        if tail > 0.0 && density > 0.0 {
            z += (tail / upper).ln() * tail / density;
        }
    }
    Some(z)
}

/// The `z` whose two-sided p-value is `alpha`, in (0, 1).
pub fn normal_critical(alpha: f64) -> Option<f64> {
    (alpha > 0.0 && alpha < 1.0)
        .then(|| normal_quantile_upper(0.5 * alpha))
        .flatten()
}

/// Two-sided p-value of `z`; `None` for NaN.
pub fn normal_two_sided(z: f64) -> Option<f64> {
    (!z.is_nan()).then(|| erfc(z.abs() / SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (got, expected) in [
            (normal_critical(0.05).unwrap_or(f64::NAN), 1.959963984540054),
            (
                normal_quantile_upper(1e-10).unwrap_or(f64::NAN),
                6.361340902404056,
            ),
            (
                normal_quantile_upper(0.975).unwrap_or(f64::NAN),
                -1.959963984540054,
            ),
            (normal_upper(6.0), 9.86587645037698e-10),
            (normal_lower(1.0), 0.841344746068543),
        ] {
            assert!(
                (got / expected - 1.0).abs() < 1e-11,
                "{got} is not {expected}"
            );
        }
        assert_eq!(normal_quantile_upper(0.0), None);
        assert_eq!(normal_two_sided(f64::NAN), None);
    }
}
