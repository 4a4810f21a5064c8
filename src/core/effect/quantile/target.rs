//! The strata in which two conditions are compared.

use super::sample::{Cell, Sample};
use crate::pulse::{self, Pulse};

/// The distribution of strata that both conditions are weighted to: that of their rows together, in strata that have both.
/// A condition without rows leaves the other one as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Numbers of strata, ascending, each with the rows of both conditions.
    pub strata: Vec<(u32, u64)>,
    /// Rows in all of these strata.
    pub rows: u64,
    /// Strata that have rows of only one condition, and strata that have rows of any.
    pub uninformative: (usize, usize),
}

impl Target {
    /// Of two samples.
    pub fn of(a: &Sample<'_>, b: &Sample<'_>) -> Self {
        let rows = |cells: &[Cell<'_>]| cells.iter().map(Cell::rows).sum::<usize>() as u64;
        let (mut left, mut right) = (a.strata().peekable(), b.strata().peekable());
        let (none_left, none_right) = (a.rows.is_empty(), b.rows.is_empty());
        let (mut strata, mut uninformative) = (Vec::new(), 0);
        let mut pulse = Pulse::every(4096);
        loop {
            pulse.tick();
            let stratum = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some((s, _)), None) | (None, Some((s, _))) => *s,
                (Some((s, _)), Some((t, _))) => *s.min(t),
            };
            let of_left = left.next_if(|(s, _)| *s == stratum).map(|(_, c)| rows(c));
            let of_right = right.next_if(|(s, _)| *s == stratum).map(|(_, c)| rows(c));
            match (of_left, of_right) {
                (Some(x), Some(y)) => pulse::push(&mut strata, (stratum, x + y)),
                (Some(x), None) if none_right => pulse::push(&mut strata, (stratum, x)),
                (None, Some(y)) if none_left => pulse::push(&mut strata, (stratum, y)),
                _ => uninformative += 1,
            }
        }
        Target {
            rows: strata.iter().map(|(_, n)| n).sum(),
            uninformative: (uninformative, strata.len() + uninformative),
            strata,
        }
    }

    /// True of a stratum of the analysis.
    pub fn has(&self, stratum: u32) -> bool {
        self.rows_in(stratum) > 0
    }

    /// Rows of both conditions in a stratum; none if it is not one of the analysis.
    pub fn rows_in(&self, stratum: u32) -> u64 {
        let at = self.strata.binary_search_by_key(&stratum, |s| s.0);
        at.ok()
            .and_then(|at| self.strata.get(at))
            .map_or(0, |s| s.1)
    }
}
