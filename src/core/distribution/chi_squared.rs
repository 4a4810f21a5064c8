//! The chi-squared distribution.

use statrs::function::gamma::checked_gamma_ur;

/// `P(X > x)` with real degrees of freedom above 0, with all its digits also far out.
pub fn chi_squared_upper(x: f64, df: f64) -> Option<f64> {
    if x.is_nan() || !(df > 0.0) {
        return None;
    }
    if x <= 0.0 {
        return Some(1.0);
    }
    if x.is_infinite() {
        return Some(0.0);
    }
    checked_gamma_ur(0.5 * df, 0.5 * x).ok()
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
}
