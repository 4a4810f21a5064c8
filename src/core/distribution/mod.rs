//! Distributions: t and F here, with real degrees of freedom; the normal and the chi-squared beside them.
//!
//! Tails are regularized incomplete beta functions, never one minus a distribution function, so that small p-values keep
//! their digits. Quantiles invert the tail by Newton steps on its logarithm, kept inside a bracket.

mod chi_squared;
mod large_df;
mod noncentral_t;
mod normal;

pub use chi_squared::chi_squared_upper;
pub use noncentral_t::{noncentral_t_lower, noncentral_t_tails, noncentral_t_upper};
pub use normal::{
    normal_critical, normal_density, normal_lower, normal_quantile_upper, normal_two_sided,
    normal_upper,
};

use crate::error::Invalid;
use chi_squared::chi_squared_tails;
use statrs::function::beta::{checked_beta_reg, ln_beta};

/// One less a confidence level: the level of the test, without the last digits that the subtraction leaves.
pub fn alpha_of(level: f64) -> f64 {
    ((1.0 - level) * 1e15).round() / 1e15
}

/// Refuses the level of a test that is not below one half.
pub(crate) fn check_alpha(alpha: f64) -> Result<(), Invalid> {
    if alpha > 0.0 && alpha < 0.5 {
        return Ok(());
    }
    Err(Invalid::number(
        "level",
        "above 0.5 and below 1",
        alpha_of(alpha),
        "Write 0.95 for an error rate of 5 %.",
    ))
}

/// Two-sided p-value of `t` with `df` degrees of freedom; `None` unless `df > 0` and `t` is a number.
pub fn t_two_sided(t: f64, df: f64) -> Option<f64> {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return None;
    }
    if t.is_infinite() {
        return Some(0.0);
    }
    if df > large_df::MANY {
        return large_df::two_sided(t, df);
    }
    f_upper(t * t, 1.0, df)
}

/// Half-width factor of a two-sided interval: the `t` whose two-sided p-value is `alpha`, in (0, 1).
pub fn t_critical(alpha: f64, df: f64) -> Option<f64> {
    if df > large_df::MANY {
        return large_df::critical(alpha, df);
    }
    f_critical(alpha, 1.0, df).map(f64::sqrt)
}

/// `P(F > f)` with real degrees of freedom above 0.
pub fn f_upper(f: f64, df1: f64, df2: f64) -> Option<f64> {
    if f.is_nan() || !(df1 > 0.0) || !(df2 > 0.0) {
        return None;
    }
    if f <= 0.0 {
        return Some(1.0);
    }
    if f.is_infinite() {
        return Some(0.0);
    }
    if df1.min(df2) > MANY_BOTH {
        return many_degrees(f, df1, df2);
    }
    // With so many degrees of freedom of one side its mean square is its expectation.
    if df2 > MANY_OF_ONE {
        return chi_squared_upper(df1 * f, df1);
    }
    if df1 > MANY_OF_ONE {
        return chi_squared_tails(df2 / f, df2).map(|(lower, _)| lower);
    }
    let (a, b) = (df2 / 2.0, df1 / 2.0);
    let odds = df1 * f / df2;
    // P(F > f) = I_x(a, b) with x = 1 / (1 + odds), 1 - x = odds / (1 + odds); each is taken from the side that keeps digits.
    let x = 1.0 / (1.0 + odds);
    let tail = if x < (a + 1.0) / (a + b + 2.0) {
        checked_beta_reg(a, b, x).ok()
    } else {
        checked_beta_reg(b, a, odds / (1.0 + odds))
            .ok()
            .map(|lower| 1.0 - lower)
    };
    // By rounding, a little beyond.
    tail.filter(|p| !p.is_nan()).map(|p| p.clamp(0.0, 1.0))
}

/// Degrees of freedom of both sides from which on the incomplete beta function is no longer one.
const MANY_BOTH: f64 = 1e6;
/// Of one side.
const MANY_OF_ONE: f64 = 1e10;

/// By the cube root of F, which is normal then (Paulson 1942).
fn many_degrees(f: f64, df1: f64, df2: f64) -> Option<f64> {
    let (a, b) = (2.0 / 9.0 / df1, 2.0 / 9.0 / df2);
    let root = f.cbrt();
    let z = ((1.0 - b) * root - (1.0 - a)) / (b * root * root + a).sqrt();
    Some(normal_upper(z)).filter(|p| !p.is_nan())
}

/// The `f` with `P(F > f) = upper`, for `upper` in (0, 1).
pub fn f_critical(upper: f64, df1: f64, df2: f64) -> Option<f64> {
    if !(upper > 0.0 && upper < 1.0) || !(df1 > 0.0) || !(df2 > 0.0) {
        return None;
    }
    // On the scale u = ln f; the tail falls from 1 to 0.
    let tail = |u: f64| f_upper(u.exp(), df1, df2);
    let (mut low, mut high) = (-1.0, 1.0);
    while tail(low)? < upper {
        low *= 2.0;
        if low < -700.0 {
            return None;
        }
    }
    while tail(high)? > upper {
        high *= 2.0;
        if high > 700.0 {
            return None;
        }
    }
    let constant = (df1 / 2.0) * (df1 / df2).ln() - ln_beta(df1 / 2.0, df2 / 2.0);
    let mut u = 0.5 * (low + high);
    for _ in 0..200 {
        let p = tail(u)?;
        if p > upper {
            low = u
        } else {
            high = u
        }
        // d/du ln P = -f density / P
        let density =
            (constant + (df1 / 2.0) * u - (df1 + df2) / 2.0 * (df1 / df2 * u.exp()).ln_1p()).exp();
        let step = (p / upper).ln() * p / density;
        let newton = u + step;
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        if (next - u).abs() <= 1e-16 * next.abs().max(1e-3) || high - low <= 4e-16 * u.abs() {
            u = next;
            break;
        }
        u = next;
    }
    Some(u.exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, expected: f64, tolerance: f64) {
        let got = got.unwrap_or(f64::NAN);
        assert!(
            (got / expected - 1.0).abs() <= tolerance,
            "{got} is not {expected}"
        );
    }

    #[test]
    fn closed_forms() {
        // One degree of freedom is the Cauchy distribution, two have a closed form.
        close(t_two_sided(1.0, 1.0), 0.5, 1e-14);
        close(
            t_two_sided(1e9, 1.0),
            2.0 / std::f64::consts::PI * 1e-9,
            1e-12,
        );
        close(
            t_critical(0.05, 2.0),
            0.95 * (2.0 / (0.05 * 1.95f64)).sqrt(),
            1e-13,
        );
        close(
            f_upper(3.0, 2.0, 10.0),
            (1.0f64 + 2.0 * 3.0 / 10.0).powf(-5.0),
            1e-14,
        );
    }

    #[test]
    fn what_does_not_exist() {
        assert_eq!(t_two_sided(1.0, 0.0), None);
        assert_eq!(t_two_sided(f64::NAN, 5.0), None);
        assert_eq!(t_critical(0.0, 5.0), None);
        assert_eq!(f_critical(1.0, 2.0, 5.0), None);
        assert_eq!(t_two_sided(f64::INFINITY, 5.0), Some(0.0));
    }
}
