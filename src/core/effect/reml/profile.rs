//! The maximum of the restricted likelihood over the ratio of the variances.

use super::gls::Point;
use super::sums::Sums;

/// Ratios that are looked at first, times rows of a mean cluster: four in each power of ten from 10⁻⁶ to 10⁸.
const STEPS: std::ops::RangeInclusive<i32> = -24..=32;
/// Steps of a root at most; each third one halves.
const MOST: u32 = 200;

/// Where the restricted likelihood is largest.
#[derive(Debug)]
pub enum Maximum {
    /// A ratio above 0.
    Inside(Box<Point>),
    /// The ratio 0: what clusters have in common is no more than chance.
    Zero(Box<Point>),
    /// It grows for ever: nothing varies within clusters.
    Infinite,
    /// The fit is singular.
    Singular,
}

impl Maximum {
    /// Looks on a grid for the places where the slope changes its sign, then for the best of them.
    pub fn of(sums: &Sums) -> Maximum {
        let mean = sums.rows / sums.clusters.len() as f64;
        let at = |ratio: f64| Point::new(sums, ratio);
        let Some(zero) = at(0.0) else {
            return Maximum::Singular;
        };
        let falls = |p: &Point| p.slope < 0.0;
        let mut best: Option<Point> = None;
        let mut last = (zero.ratio, zero.slope);
        for step in STEPS {
            // Beyond what doubles tell, as where nothing is left of the sum of squares.
            let Some(point) = at(10f64.powf(f64::from(step) / 4.0) / mean) else {
                break;
            };
            let next = (point.ratio, point.slope);
            if last.1 < 0.0 && !falls(&point) {
                let root = root(last, next, mean, |ratio| at(ratio).map(|p| p.slope));
                let found = at(root).unwrap_or(point);
                if best.as_ref().is_none_or(|b| found.deviance < b.deviance) {
                    best = Some(found);
                }
            }
            last = next;
        }
        match best {
            Some(inside) if falls(&zero) || inside.deviance < zero.deviance => {
                Maximum::Inside(Box::new(inside))
            }
            _ if !falls(&zero) => Maximum::Zero(Box::new(zero)),
            _ => Maximum::Infinite,
        }
    }
}

/// The ratio between two where the slope is 0, it being negative at the first and not at the second. Secants (the Illinois
/// method, Dowell and Jarratt 1971) and halves by turns, on the scale of the share `m λ / (1 + m λ)` with clusters of `m`
/// rows.
fn root(low: (f64, f64), high: (f64, f64), mean: f64, slope: impl Fn(f64) -> Option<f64>) -> f64 {
    let share = |ratio: f64| ratio * mean / (1.0 + ratio * mean);
    let ratio = |share: f64| share / (1.0 - share) / mean;
    let (mut a, mut b) = ((share(low.0), low.1), (share(high.0), high.1));
    let mut kept = 0;
    for step in 0..MOST {
        let secant = (a.0 * b.1 - b.0 * a.1) / (b.1 - a.1);
        let half = 0.5 * (a.0 + b.0);
        let inside = secant > a.0 && secant < b.0 && step % 3 < 2;
        let middle = if inside { secant } else { half };
        if b.0 - a.0 <= 1e-15 * b.0 || middle <= a.0 || middle >= b.0 {
            break;
        }
        match slope(ratio(middle)) {
            Some(s) if s < 0.0 => {
                a = (middle, s);
                if kept < 0 {
                    b.1 *= 0.5;
                }
                kept = -1;
            }
            Some(s) => {
                b = (middle, s);
                if kept > 0 {
                    a.1 *= 0.5;
                }
                kept = 1;
            }
            None => break,
        }
    }
    // The end with the flatter slope.
    ratio(if -a.1 < b.1 { a.0 } else { b.0 })
}
