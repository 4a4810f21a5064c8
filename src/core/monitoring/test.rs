//! What the looks of a group sequential trial say.

use super::sequential::{LookBound, Looks, longer, sequential_bounds};
use super::spending::Sides;
use super::{Reference, tested};
use crate::error::Invalid;
use crate::note::{Code, Note};
use serde::Serialize;

/// One look. `None` is NULL: the look did not take place yet, or a note says why.
#[derive(Debug, Clone, PartialEq)]
pub struct LookTest {
    /// What it needs to reject.
    pub bound: LookBound,
    /// The estimate.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// `estimate / std_error`.
    pub statistic: Option<f64>,
    /// The critical value it is compared with: of the t distribution with degrees of freedom, of the normal without.
    pub critical: Option<f64>,
    /// Its p-value, with as many sides as the test and no regard to looks.
    pub p_value: Option<f64>,
    /// Whether the p-value is at most the nominal one.
    pub crossed: Option<bool>,
    /// `continue`, `stop` (the first look to cross), `stopped` (a look after that), or `no_rejection` at the end.
    pub decision: Option<&'static str>,
    /// Lower limit of the repeated confidence interval (Jennison and Turnbull 1989).
    pub ci_low: Option<f64>,
    /// Upper limit; `None` for a one-sided test.
    pub ci_high: Option<f64>,
}

/// How a look is shown.
#[derive(Serialize)]
struct Row<'a> {
    look: usize,
    information_fraction: f64,
    estimate: Option<f64>,
    std_error: Option<f64>,
    statistic: Option<f64>,
    bound: Option<f64>,
    p_value: Option<f64>,
    nominal_p: Option<f64>,
    crossed: Option<bool>,
    decision: Option<&'static str>,
    ci_low: Option<f64>,
    ci_high: Option<f64>,
    notes: &'a [Note],
}

impl Serialize for LookTest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Row {
            look: self.bound.look,
            information_fraction: self.bound.information_fraction,
            estimate: self.estimate,
            std_error: self.std_error,
            statistic: self.statistic,
            bound: self.critical,
            p_value: self.p_value,
            nominal_p: self.bound.nominal_p,
            crossed: self.crossed,
            decision: self.decision,
            ci_low: self.ci_low,
            ci_high: self.ci_high,
            notes: &self.bound.notes,
        }
        .serialize(serializer)
    }
}

/// Compares estimates with the boundaries of a plan. Without degrees of freedom of a look the normal distribution is used;
/// with them its p-value by the t distribution is compared with the nominal p-value.
pub fn sequential_test(
    estimates: &[Option<f64>],
    std_errors: &[Option<f64>],
    df: Option<&[Option<f64>]>,
    looks: &Looks,
) -> Result<Vec<LookTest>, Invalid> {
    let count = looks.information.len();
    for (argument, len) in [
        ("estimates", estimates.len()),
        ("std_errors", std_errors.len()),
    ] {
        if len > count {
            return Err(longer(argument, len, count));
        }
    }
    let mut stopped = false;
    sequential_bounds(looks, df)?
        .into_iter()
        .enumerate()
        .map(|(k, bound)| {
            let at = |values: &[Option<f64>]| values.get(k).copied().flatten();
            let (estimate, std_error) = (at(estimates), at(std_errors));
            let mut row = LookTest {
                bound,
                estimate,
                std_error,
                statistic: None,
                critical: None,
                p_value: None,
                crossed: None,
                decision: None,
                ci_low: None,
                ci_high: None,
            };
            if estimate.is_some() || std_error.is_some() {
                let last = looks.last && k + 1 == count || row.bound.information_fraction >= 1.0;
                let own = df.and_then(at);
                if df.is_some() && own.is_none() && estimate.is_some() && std_error.is_some() {
                    row.bound.notes.push(
                        Note::new(Code::Normal, "no degrees of freedom are given for this look, so the normal distribution is used"),
                    );
                }
                row.compare(own, looks.sides, last, &mut stopped)?;
            }
            Ok(row)
        })
        .collect()
}

impl LookTest {
    fn compare(
        &mut self,
        df: Option<f64>,
        sides: Sides,
        last: bool,
        stopped: &mut bool,
    ) -> Result<(), Invalid> {
        let mut notes = Vec::new();
        let tested = tested(self.estimate, self.std_error, df, &mut notes)?;
        for note in notes {
            if !self.bound.notes.contains(&note) {
                self.bound.notes.push(note);
            }
        }
        let Some((estimate, std_error, reference)) = tested else {
            return Ok(());
        };
        let t = estimate / std_error;
        self.statistic = Some(t);
        self.p_value = match sides {
            Sides::One => reference.upper(t),
            Sides::Two => reference.upper(t.abs()).map(|tail| 2.0 * tail),
        };
        let critical = match reference {
            Reference::Normal => self.bound.z,
            Reference::Student(_) => self.bound.t_bound,
        };
        self.critical = critical;
        let size = match sides {
            Sides::One => t,
            Sides::Two => t.abs(),
        };
        let crossed = critical.is_some_and(|c| size >= c);
        self.crossed = Some(crossed);
        self.decision = Some(match (*stopped, crossed, last) {
            (true, _, _) => "stopped",
            (false, true, _) => "stop",
            (false, false, true) => "no_rejection",
            (false, false, false) => "continue",
        });
        *stopped |= crossed;
        if let Some(c) = critical {
            self.ci_low = Some(estimate - c * std_error);
            self.ci_high = (sides == Sides::Two).then_some(estimate + c * std_error);
        }
        Ok(())
    }
}
