//! The chi-squared distribution.

use super::normal::{normal_lower, normal_upper};
use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur};

/// Degrees of freedom above which the series would be long. The cube root is normal then (Wilson and Hilferty 1931), to six
/// digits and more.
const MANY: f64 = 1e8;

/// `P(X > x)` with real degrees of freedom above 0, with all its digits also far out.
pub fn chi_squared_upper(x: f64, df: f64) -> Option<f64> {
    chi_squared_tails(x, df).map(|(_, upper)| upper)
}

/// `P(X ≤ x)` and `P(X > x)`, each with all its digits.
pub(super) fn chi_squared_tails(x: f64, df: f64) -> Option<(f64, f64)> {
    if x.is_nan() || !(df > 0.0) {
        return None;
    }
    if x <= 0.0 {
        return Some((0.0, 1.0));
    }
    if x.is_infinite() {
        return Some((1.0, 0.0));
    }
    if df > MANY {
        let variance = 2.0 / 9.0 / df;
        let root = (((x - df) / df).ln_1p() / 3.0).exp_m1();
        let z = (root + variance) / variance.sqrt();
        return Some((normal_lower(z), normal_upper(z))).filter(|p| !p.0.is_nan());
    }
    let (a, half) = (0.5 * df, 0.5 * x);
    checked_gamma_lr(a, half)
        .ok()
        .zip(checked_gamma_ur(a, half).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (x, df, expected) in [
            (4.0, 1.0, 0.04550026389635841),
            (10.0, 2.0, 0.006737946999085467),
            (1000.0, 2.0, 7.124576406741286e-218),
        ] {
            let got = chi_squared_upper(x, df).unwrap_or(f64::NAN);
            assert!(
                (got / expected - 1.0).abs() < 1e-11,
                "{got} is not {expected}"
            );
        }
        assert_eq!(chi_squared_upper(1.0, 0.0), None);
    }

    #[test]
    fn many_degrees_of_freedom() {
        for z in [-5.0, -1.0, 0.0, 2.0, 6.0] {
            // The series just below the limit and the cube root just above.
            let at =
                |df: f64| chi_squared_tails(df + z * (2.0 * df).sqrt(), df).unwrap_or_default();
            let (series, root) = (at(0.999 * MANY), at(1.001 * MANY));
            assert!(
                (series.0 / root.0 - 1.0).abs() < 1e-5,
                "{z}: {series:?} {root:?}"
            );
            assert!(
                (series.1 / root.1 - 1.0).abs() < 1e-5,
                "{z}: {series:?} {root:?}"
            );
        }
        assert_eq!(chi_squared_upper(f64::MAX, f64::MAX), Some(0.5));
        assert_eq!(chi_squared_upper(1.0, f64::INFINITY), None);
    }
}
