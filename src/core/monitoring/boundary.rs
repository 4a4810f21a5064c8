//! Critical values of consecutive looks: the recursion of Armitage, McPherson and Rowe (1969) on the score scale.
//!
//! The score `S(t)` is a Brownian motion, `z = S / √t`. With `f` the density of the score of trials that have not stopped,
//! a look at `t'` stops the share `∫ f(x) P(S(t') beyond c√t' | S(t) = x) dx`, which is solved for `c`.

use super::quadrature::nodes;
use super::spending::Sides;
use crate::distribution::{normal_density, normal_quantile_upper, normal_upper};
use crate::pulse::Pulse;

/// Smallest step of information from one look to the next.
pub const MIN_STEP: f64 = 1e-6;
/// Most looks of one design.
pub const MAX_LOOKS: usize = 1000;
/// A look that may spend less than this cannot reject.
const NOTHING: f64 = 1e-40;
/// How far out a boundary is followed: beyond lies less than `NOTHING` by far.
const FAR: f64 = 16.0;
/// How far down a one-sided trial is followed: who is there does not come back.
const FAR_BELOW: f64 = 10.0;
/// Widths of the kernel in which there is something to sum.
const REACH: f64 = 10.0;
/// Width of a panel in widths of the kernel: 16 points on 3 leave errors below those of doubles.
const PANEL: f64 = 3.0;

/// Mass of the trials that go on, at nodes of the score.
struct Going {
    time: f64,
    low: f64,
    high: f64,
    nodes: Vec<f64>,
    mass: Vec<f64>,
}

/// The critical values of looks at `times`, of which each stops the share `increments` in all its tails; `None` where that is
/// too little to reject. Times are ascending with steps of at least [`MIN_STEP`].
pub fn boundaries(times: &[f64], increments: &[f64], sides: Sides) -> Vec<Option<f64>> {
    let mut critical = Vec::with_capacity(times.len());
    let mut going: Option<Going> = None;
    let mut spent = 0.0;
    for (k, (time, increment)) in times.iter().zip(increments).enumerate() {
        spent += increment;
        let c = (*increment >= NOTHING)
            .then(|| solve(going.as_ref(), *time, *increment, spent, sides))
            .flatten();
        critical.push(c);
        let Some(next) = times.get(k + 1) else { break };
        let step = (time - going.as_ref().map_or(0.0, |g| g.time)).min(next - time);
        going = Some(advance(going.as_ref(), *time, c, step.sqrt(), sides));
    }
    critical
}

/// The share that a critical value `c` stops at `time`, and minus its derivative.
fn stopped(going: Option<&Going>, time: f64, c: f64, sides: Sides) -> (f64, f64) {
    let root = time.sqrt();
    let (share, slope) = match going {
        None => (normal_upper(c), normal_density(c)),
        Some(g) => {
            let width = (time - g.time).sqrt();
            let (mut share, mut slope) = (0.0, 0.0);
            for (x, mass) in g.nodes.iter().zip(&g.mass) {
                let z = (c * root - x) / width;
                share += mass * normal_upper(z);
                slope += mass * normal_density(z);
            }
            (share, slope * root / width)
        }
    };
    (sides.count() * share, sides.count() * slope)
}

/// Solves for the critical value by Newton steps on the logarithm, kept between two bounds: it rejects no more than if no
/// trial had stopped before, and no less than if all that stopped before would reject now.
fn solve(
    going: Option<&Going>,
    time: f64,
    increment: f64,
    spent: f64,
    sides: Sides,
) -> Option<f64> {
    let high = normal_quantile_upper(increment / sides.count())?;
    if going.is_none() {
        return Some(high);
    }
    let mut low = normal_quantile_upper((spent / sides.count()).min(0.75))? - 1e-6;
    let (mut high, mut c) = (high + 1e-6, 0.5 * (low + high));
    for _ in 0..100 {
        let (share, slope) = stopped(going, time, c, sides);
        if share > increment {
            low = c
        } else {
            high = c
        }
        let newton = c + (share / increment).ln() * share / slope;
        let next = if newton > low && newton < high {
            newton
        } else {
            0.5 * (low + high)
        };
        let done = (next - c).abs() <= 1e-14 * c.abs().max(1.0);
        c = next;
        if done {
            break;
        }
    }
    Some(c)
}

/// The trials that go on after a look at `time` with critical value `c`, on nodes fine enough for kernels of `finest`.
fn advance(before: Option<&Going>, time: f64, c: Option<f64>, finest: f64, sides: Sides) -> Going {
    let root = time.sqrt();
    let high = c.map_or(FAR, |c| c.min(FAR)) * root;
    let low = match sides {
        Sides::One => -FAR_BELOW * root,
        Sides::Two => -high,
    };
    let grid = nodes(low, high, PANEL * finest);
    let mut pulse = Pulse::every(64);
    let mut going = Going {
        time,
        low,
        high,
        nodes: Vec::with_capacity(grid.len()),
        mass: Vec::with_capacity(grid.len()),
    };
    for (y, weight) in grid {
        pulse.tick();
        let density = match before {
            None => normal_density(y / root) / root,
            Some(g) => g.density(y, time),
        };
        going.nodes.push(y);
        going.mass.push(weight * density);
    }
    going
}

impl Going {
    /// Density of the score `y` at a later time.
    fn density(&self, y: f64, time: f64) -> f64 {
        let width = (time - self.time).sqrt();
        // Most of what gets to y comes from between y and where such a path is expected to be.
        let expected = y * self.time / time;
        let from = y.min(expected).min(self.high) - REACH * width;
        let to = y.max(expected).max(self.low) + REACH * width;
        let start = self.nodes.partition_point(|x| *x < from);
        let end = self.nodes.partition_point(|x| *x <= to);
        let (Some(nodes), Some(mass)) = (self.nodes.get(start..end), self.mass.get(start..end))
        else {
            return 0.0;
        };
        let sum: f64 = nodes
            .iter()
            .zip(mass)
            .map(|(x, mass)| {
                let z = (y - x) / width;
                mass * (-0.5 * z * z).exp()
            })
            .sum();
        sum * normal_density(0.0) / width
    }
}
