//! The attrition boundary of the What Works Clearinghouse.
//!
//! Standards Handbook, version 4.1, table II.1: the highest difference between two conditions in the share of missing outcomes, in
//! percentage points, with which attrition is still low, for each whole percent of overall attrition from 0 to 65. Under the cautious
//! boundary outcomes may depend on the intervention through who is missing; under the optimistic one missing outcomes have little to
//! do with it. The cautious boundary ends at 57 % with 0.0, and from 58 % on attrition is high whatever the differential; the optimistic
//! one ends at 65 % with 0.3, where the table ends.
//!
//! The numbers are those that two R packages for these standards transcribed independently (`baselinr`, both columns; `WWCr`, up to
//! 57 %, whose optimistic column has one row twice, after which it is a row late). The model behind the table (Deke and Chiang 2017:
//! the largest differential at which the bias is at most 0.05 standard deviations) gives them to 0.16 points, from two correlations
//! that are fitted for each boundary; a test does that.

use crate::error::Invalid;
use serde::Serialize;

/// Largest differential attrition under the cautious boundary, in tenths of a percentage point as the table is printed, for overall
/// attrition of 0, 1, 2, … percent.
const CAUTIOUS: [u8; 58] = [
    57, 58, 59, 59, 60, 61, 62, 63, 63, 63, // 0 to 9
    63, 62, 62, 61, 60, 59, 59, 58, 57, 55, // 10 to 19
    54, 53, 52, 51, 49, 48, 47, 45, 44, 43, // 20 to 29
    41, 40, 38, 36, 35, 33, 32, 31, 29, 28, // 30 to 39
    26, 25, 23, 21, 20, 18, 16, 15, 13, 12, // 40 to 49
    10, 9, 7, 6, 4, 3, 2, 0, // 50 to 57
];

/// The same under the optimistic boundary.
const OPTIMISTIC: [u8; 66] = [
    100, 101, 102, 103, 104, 105, 107, 108, 109, 109, // 0 to 9
    109, 109, 109, 108, 108, 107, 106, 105, 103, 102, // 10 to 19
    100, 99, 97, 95, 94, 92, 90, 88, 86, 84, // 20 to 29
    82, 80, 78, 76, 74, 72, 70, 67, 65, 63, // 30 to 39
    60, 58, 56, 53, 51, 49, 46, 44, 42, 39, // 40 to 49
    37, 35, 32, 30, 28, 26, 23, 21, 19, 16, // 50 to 59
    14, 11, 9, 7, 5, 3, // 60 to 65
];

/// 16 digits of a rate must not decide at a boundary.
const ROUNDING: f64 = 1e-9;

/// What a boundary says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Largest differential attrition that counts as low, as a fraction; `None` past the last row of the table.
    pub boundary: Option<f64>,
    /// Attrition is low: the comparison counts as that of a randomized experiment.
    pub low: bool,
}

impl Verdict {
    /// `low` or `high`.
    pub fn word(self) -> &'static str {
        if self.low { "low" } else { "high" }
    }
}

/// Verdicts of both boundaries, the cautious one first, on overall and differential attrition as fractions; the sign of the
/// differential does not matter. At a whole percent the boundary is the number of the table, between two whole percents the straight
/// line between their numbers; past its last row there is none, and attrition is high.
pub fn wwc_attrition(overall: f64, differential: f64) -> (Verdict, Verdict) {
    let verdict = |table: &[u8]| {
        let boundary = between(table, 100.0 * overall);
        let low = boundary.is_some_and(|b| differential.abs() <= b + ROUNDING);
        Verdict { boundary, low }
    };
    (verdict(&CAUTIOUS), verdict(&OPTIMISTIC))
}

/// Both boundaries, as they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Boundaries {
    /// Largest differential attrition that is low under the cautious boundary.
    pub cautious_boundary: Option<f64>,
    /// What it says.
    pub cautious: Verdict,
    /// The same under the optimistic boundary.
    pub optimistic_boundary: Option<f64>,
    /// What that says.
    pub optimistic: Verdict,
}

/// The verdicts on rates that a user gives, as fractions.
pub fn boundaries(overall: f64, differential: f64) -> Result<Boundaries, Invalid> {
    const HINT: &str = "Give fractions, 0.125 for one student in eight.";
    if !(0.0..=1.0).contains(&overall) {
        return Err(Invalid::number("overall", "between 0 and 1", overall, HINT));
    }
    if !(-1.0..=1.0).contains(&differential) {
        return Err(Invalid::number(
            "differential",
            "between -1 and 1",
            differential,
            HINT,
        ));
    }
    let (cautious, optimistic) = wwc_attrition(overall, differential);
    Ok(Boundaries {
        cautious_boundary: cautious.boundary,
        cautious,
        optimistic_boundary: optimistic.boundary,
        optimistic,
    })
}

/// The table at `overall` percent, as a fraction.
fn between(table: &[u8], overall: f64) -> Option<f64> {
    let whole = overall.round();
    let near = (overall - whole).abs() <= ROUNDING;
    let row = if near { whole } else { overall.floor() };
    // A cast of a negative number or of none would be 0.
    if !(row >= 0.0) {
        return None;
    }
    let mut rows = table.iter().skip(row as usize).copied().map(f64::from);
    let first = rows.next()?;
    let tenths = if near {
        first
    } else {
        first + (overall - row) * (rows.next()? - first)
    };
    Some(tenths / 1000.0)
}

crate::words::shown_as_words!(Verdict);
