//! Group sequential designs: when looks take place, and what they need to reject.

use super::boundary::{MAX_LOOKS, MIN_STEP, boundaries};
use super::spending::{Convention, Sides, Spending};
use super::student;
use crate::distribution::check_alpha;
use crate::distribution::normal_upper;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse;
use serde::Serialize;

/// A plan of looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Looks {
    /// Information at each look as a share of what the plan has at the end; ascending. Only the last may exceed 1.
    pub information: Vec<f64>,
    /// Error rate of all looks together.
    pub alpha: f64,
    /// Sides of the test.
    pub sides: Sides,
    /// Spending function.
    pub spending: Spending,
    /// What a two-sided test does with it.
    pub convention: Convention,
    /// The last look is the last, whatever its information: it spends all that is left.
    pub last: bool,
}

/// What a look needs to reject. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LookBound {
    /// Its number, from 1.
    pub look: usize,
    /// Information fraction.
    pub information_fraction: f64,
    /// Error rate spent until now.
    pub cumulative_alpha: f64,
    /// Error rate spent at this look.
    pub increment: f64,
    /// Critical value of the normal test statistic.
    pub z: Option<f64>,
    /// The p-value, with as many sides as the test, at the critical value.
    pub nominal_p: Option<f64>,
    /// Critical value of the t statistic with the same p-value.
    pub t_bound: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

impl Looks {
    fn check(&self) -> Result<(), Invalid> {
        check_alpha(self.alpha)?;
        let count = self.information.len();
        if count == 0 || count > MAX_LOOKS {
            return Err(Invalid {
                argument: "information",
                must: "1 to 1000 looks",
                got: count.to_string(),
                hint: "Give the information fraction of each look, such as ARRAY[0.25, 0.5, 0.75, 1].",
            });
        }
        let mut before = 0.0;
        for (k, t) in self.information.iter().enumerate() {
            if !(t - before >= 0.999 * MIN_STEP) || !t.is_finite() {
                return Err(Invalid::number(
                    "information",
                    "ascending from above 0 in steps of at least 0.000001",
                    *t,
                    "Leave out a look that brings no information.",
                ));
            }
            if *t > 1.0 && k + 1 < count {
                return Err(Invalid::number(
                    "information",
                    "at most 1 before the last look",
                    *t,
                    "All of alpha is spent at 1; a look after that is the last one.",
                ));
            }
            before = *t;
        }
        Ok(())
    }

    /// Error rate spent until look `k`.
    fn cumulative(&self, k: usize, t: f64) -> f64 {
        let t = if self.last && k + 1 == self.information.len() {
            1.0
        } else {
            t
        };
        self.spending
            .cumulative(self.alpha, self.sides, self.convention, t)
    }
}

/// Critical values of the looks of a plan (Lan and DeMets 1983). `df` are degrees of freedom of each look, if they are known.
pub fn sequential_bounds(
    looks: &Looks,
    df: Option<&[Option<f64>]>,
) -> Result<Vec<LookBound>, Invalid> {
    looks.check()?;
    if let Some(df) = df {
        check_df(df, looks.information.len())?;
    }
    let times = &looks.information;
    let cumulative: Vec<f64> = times
        .iter()
        .enumerate()
        .map(|(k, t)| looks.cumulative(k, *t))
        .collect();
    let mut before = 0.0;
    let increments: Vec<f64> = cumulative
        .iter()
        .map(|now| now - std::mem::replace(&mut before, *now))
        .collect();
    let critical = boundaries(times, &increments, looks.sides);
    let rows = times.iter().zip(&cumulative).zip(&increments).zip(critical);
    Ok(rows
        .enumerate()
        .map(|(k, (((t, cumulative), increment), z))| {
            let df = df.and_then(|df| df.get(k).copied().flatten());
            bound(looks, k, *t, *cumulative, *increment, z, df)
        })
        .collect())
}

fn check_df(df: &[Option<f64>], looks: usize) -> Result<(), Invalid> {
    if df.len() > looks {
        return Err(longer("df", df.len(), looks));
    }
    for value in df.iter().flatten() {
        if !(*value > 0.0) {
            return Err(Invalid::number(
                "df",
                "above 0",
                *value,
                "Give the degrees of freedom of each look; NULL where they are not known.",
            ));
        }
    }
    Ok(())
}

/// An array with more elements than there are looks.
pub fn longer(argument: &'static str, len: usize, looks: usize) -> Invalid {
    Invalid {
        argument,
        must: "not longer than information",
        got: format!("{len} elements for {looks} looks"),
        hint: "Give one element for each look; looks still to come may be left out at the end.",
    }
}

fn bound(
    looks: &Looks,
    k: usize,
    information: f64,
    cumulative_alpha: f64,
    increment: f64,
    z: Option<f64>,
    df: Option<f64>,
) -> LookBound {
    let mut notes = Vec::new();
    let tail = z.map(normal_upper);
    if z.is_none() {
        notes.push(Note::new(
            Code::NoRejection,
            "next to nothing of alpha is spent here, so that no value is large enough",
        ));
    }
    if information > 1.0 {
        notes.push(Note::new(
            Code::OverRunning,
            "there is more information than planned; all that is left of alpha is spent here",
        ));
    } else if looks.last && k + 1 == looks.information.len() && information < 1.0 {
        notes.push(Note::new(
            Code::UnderRunning,
            "there is less information than planned; all that is left of alpha is spent here",
        ));
    }
    let t_bound = match (tail, df) {
        (Some(tail), Some(df)) => student(Some(df), &mut notes).and_then(|r| r.critical(tail)),
        _ => None,
    };
    LookBound {
        look: k + 1,
        information_fraction: information,
        cumulative_alpha,
        increment,
        z,
        nominal_p: tail.map(|tail| looks.sides.count() * tail),
        t_bound,
        notes,
    }
}

/// Information fractions by precision: `(final_std_error / std_error)²`, with `final_std_error` the one that the plan has at
/// the end. A NULL stays NULL.
pub fn information_fractions(
    std_errors: &[Option<f64>],
    final_std_error: f64,
) -> Result<Vec<Option<f64>>, Invalid> {
    let checked = |argument, value: f64| {
        if value > 0.0 && value.is_finite() {
            Ok(value)
        } else {
            Err(Invalid::number(
                argument,
                "above 0 and finite",
                value,
                "Give standard errors, such as the column std_error of rct.effects.",
            ))
        }
    };
    let last = checked("final_std_error", final_std_error)?;
    let fraction = |se: &Option<f64>| match se {
        None => Ok(None),
        Some(se) => checked("std_errors", *se).map(|se| Some((last / se).powi(2))),
    };
    let mut fractions = pulse::vector(std_errors.len());
    for value in pulse::each(std_errors) {
        fractions.push(fraction(value)?);
    }
    Ok(fractions)
}
