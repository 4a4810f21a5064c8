//! Intervals for an effect of which only bounds are known.

use crate::distribution::{normal_lower, normal_upper, t_two_sided};

/// The factor `c` of Imbens and Manski (2004): the interval from `low − c se_low` to `high + c se_high` holds the effect, wherever
/// between the bounds it is, with probability `level`. It solves `F(c + (high − low) / max(se)) − F(−c) = level`, with the
/// normal distribution, or Student's t if degrees of freedom are given: for a wide gap it is the one-sided critical value
/// (1.6449 at 95 %), for none the two-sided (1.9600).
pub fn imbens_manski(gap: f64, largest_se: f64, level: f64, df: Option<f64>) -> Option<f64> {
    if !(level > 0.0 && level < 1.0)
        || !(largest_se > 0.0)
        || !(gap >= 0.0)
        || df.is_some_and(|d| !(d > 0.0))
    {
        return None;
    }
    let shift = gap / largest_se;
    // Upper tail, so that nothing is lost far out.
    let upper = |x: f64| match df {
        None => normal_upper(x),
        Some(df) => {
            let two_sided = t_two_sided(x, df).unwrap_or(f64::NAN);
            if x >= 0.0 {
                0.5 * two_sided
            } else {
                1.0 - 0.5 * two_sided
            }
        }
    };
    let excess = |c: f64| {
        let beyond = if df.is_none() {
            normal_lower(-c)
        } else {
            upper(c)
        };
        1.0 - upper(c + shift) - beyond - level
    };
    let (mut low, mut high) = (0.0, 1.0);
    while excess(high) < 0.0 {
        high *= 2.0;
        if high > 1e9 {
            return None;
        }
    }
    if excess(low) > 0.0 {
        // With a gap this wide the bounds alone are enough.
        return Some(0.0);
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if excess(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
        if high - low <= 1e-15 * high {
            break;
        }
    }
    Some(0.5 * (low + high))
}
