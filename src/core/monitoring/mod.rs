//! Several looks: group sequential boundaries, always-valid intervals, harm.
//!
//! - [`sequential_bounds`] critical values of planned looks, [`sequential_test`] what the looks say,
//!   [`information_fractions`] when a look takes place
//! - [`confidence_sequence`] an interval that holds at every look, [`confidence_sequences`] over several looks
//! - [`harm_probability`] how probable it is that a condition harms
//! - [`non_inferiority`] whether it is worse than a margin allows, [`equivalence`] whether it is within the margin

mod boundary;
mod confidence_sequence;
mod harm;
mod margin;
mod quadrature;
mod sequential;
mod spending;
mod test;

pub use boundary::{MAX_LOOKS, MIN_STEP};
pub use confidence_sequence::{
    ConfidenceSequence, MIN_CLUSTERS, RunningSequence, confidence_sequence, confidence_sequences,
};
pub use harm::{Harm, Prior, harm_probability};
pub use margin::{Direction, Equivalence, NonInferiority, equivalence, non_inferiority};
pub use sequential::{LookBound, Looks, information_fractions, sequential_bounds};
pub use spending::{Convention, Sides, Spending};
pub use test::{LookTest, sequential_test};

use crate::distribution::{normal_quantile_upper, normal_upper, t_critical, t_two_sided};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::regression::notes::{LOW_DF, TOO_LOW_DF};

/// The reference distribution of an estimate over its standard error: Student's t, or the normal without degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reference {
    Normal,
    Student(f64),
}

impl Reference {
    /// `P(T > t)`.
    fn upper(self, t: f64) -> Option<f64> {
        match self {
            Reference::Normal => Some(normal_upper(t)),
            Reference::Student(df) => {
                let tail = 0.5 * t_two_sided(t, df)?;
                Some(if t < 0.0 { 1.0 - tail } else { tail })
            }
        }
    }

    /// The `t` with `P(T > t) = upper`, for `upper` up to one half.
    fn critical(self, upper: f64) -> Option<f64> {
        match self {
            Reference::Normal => normal_quantile_upper(upper),
            Reference::Student(df) => t_critical(2.0 * upper, df),
        }
    }
}

/// An estimate and its standard error as analyses give them: either may be missing. Says in a note why there is no test.
fn tested(
    estimate: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    notes: &mut Vec<Note>,
) -> Result<Option<(f64, f64, Reference)>, Invalid> {
    check_estimate(estimate, std_error)?;
    if let Some(df) = df
        && !(df > 0.0)
    {
        return Err(Invalid::number(
            "df",
            "above 0",
            df,
            "Give the degrees of freedom of the standard error, or NULL for the normal distribution.",
        ));
    }
    let (Some(estimate), Some(std_error)) = (estimate, std_error) else {
        notes.push(Note::new(
            Code::NoEstimate,
            "without an estimate and its standard error there is no test",
        ));
        return Ok(None);
    };
    if std_error == 0.0 {
        notes.push(Note::new(
            Code::NoResidual,
            "the standard error is 0, so there is no test",
        ));
        return Ok(None);
    }
    Ok(student(df, notes).map(|reference| (estimate, std_error, reference)))
}

/// The distribution for `df`, under the same rule for few degrees of freedom as the effects.
fn student(df: Option<f64>, notes: &mut Vec<Note>) -> Option<Reference> {
    match df {
        None => Some(Reference::Normal),
        Some(df) if df < TOO_LOW_DF => {
            notes.push(Note::new(
                Code::TooLowDf,
                format!("{df:.2} degrees of freedom; nothing is said below 2"),
            ));
            None
        }
        Some(df) => {
            if df < LOW_DF {
                notes.push(Note::new(
                    Code::LowDf,
                    format!("{df:.2} degrees of freedom; the t approximation is rough below 4"),
                ));
            }
            Some(Reference::Student(df))
        }
    }
}

fn check_estimate(estimate: Option<f64>, std_error: Option<f64>) -> Result<(), Invalid> {
    if let Some(e) = estimate {
        finite("estimate", e)?;
    }
    match std_error.filter(|se| !(*se >= 0.0 && se.is_finite())) {
        Some(se) => Err(Invalid::number(
            "std_error",
            "a finite number not below 0",
            se,
            "Give the standard error of the estimate, such as the column std_error of rct.effects.",
        )),
        None => Ok(()),
    }
}

fn finite(argument: &'static str, value: f64) -> Result<(), Invalid> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Invalid::number(
            argument,
            "finite",
            value,
            "NaN and infinities are no estimates.",
        ))
    }
}
