//! From an estimate and its standard error to t, p-value and interval.

use super::notes::{LOW_DF, TOO_LOW_DF};
use crate::distribution::{t_critical, t_two_sided};
use crate::note::Note;
use serde::Serialize;

/// An estimate with what is known of its precision. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Inference {
    /// The estimate.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Degrees of freedom of the t distribution.
    pub df: Option<f64>,
    /// `estimate / std_error`.
    pub t: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
    /// Lower limit.
    pub ci_low: Option<f64>,
    /// Upper limit.
    pub ci_high: Option<f64>,
}

impl Inference {
    /// Student's t with `df` degrees of freedom. Below 2 degrees of freedom there is no p-value and no interval, below 4 a
    /// note. A standard error of 0 has no test and no degrees of freedom.
    pub fn new(
        estimate: f64,
        std_error: f64,
        df: Option<f64>,
        level: f64,
        notes: &mut Vec<Note>,
    ) -> Self {
        let mut row = Inference {
            estimate: Some(estimate),
            ..Inference::default()
        };
        let Some(df) = df.filter(|df| *df > 0.0 && std_error.is_finite()) else {
            notes.push(Note::no_df());
            return row;
        };
        row.std_error = Some(std_error);
        if !(std_error > 0.0) {
            notes.push(Note::no_residual());
            return row;
        }
        if df < TOO_LOW_DF {
            notes.push(Note::too_low_df(df));
            row.df = Some(df);
            row.t = Some(estimate / std_error);
            return row;
        }
        if df < LOW_DF {
            notes.push(Note::low_df(df));
        }
        Inference::of_t(estimate, std_error, df, level)
    }

    /// Student's t, however few the degrees of freedom are: for those that are known and not estimated.
    pub(crate) fn of_t(estimate: f64, std_error: f64, df: f64, level: f64) -> Self {
        let t = estimate / std_error;
        let reach = t_critical(1.0 - level, df).map(|q| q * std_error);
        Inference {
            estimate: Some(estimate),
            std_error: Some(std_error),
            df: Some(df),
            t: Some(t),
            p_value: t_two_sided(t, df),
            ci_low: reach.map(|r| estimate - r),
            ci_high: reach.map(|r| estimate + r),
        }
    }
}

/// A test of several hypotheses at once.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct FTest {
    /// F statistic.
    pub f: Option<f64>,
    /// Numerator degrees of freedom.
    pub df_num: Option<f64>,
    /// Denominator degrees of freedom.
    pub df_den: Option<f64>,
    /// p-value.
    pub p_value: Option<f64>,
}
