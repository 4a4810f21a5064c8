//! The attrition boundary of the What Works Clearinghouse.
//!
//! Standards Handbook, version 4.1, table II.1: how large the difference between two conditions in the share of missing
//! outcomes may be, in percentage points, at an overall share. Under the cautious boundary outcomes may depend on the intervention
//! through who is missing; under the optimistic one missing outcomes have little to do with it.

/// Overall attrition, and the largest differential attrition under the cautious and the optimistic boundary, in percent.
const TABLE: [(f64, f64, f64); 11] = [
    (0.0, 5.7, 10.0),
    (5.0, 6.1, 10.5),
    (10.0, 6.3, 10.9),
    (15.0, 5.9, 10.7),
    (20.0, 5.4, 10.0),
    (25.0, 4.8, 9.2),
    (30.0, 4.1, 8.2),
    (35.0, 3.3, 7.2),
    (40.0, 2.6, 6.0),
    (45.0, 1.8, 4.9),
    (50.0, 1.0, 3.7),
];

/// What a boundary says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Largest differential attrition that counts as low, in percentage points; `None` above 50 % overall.
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

/// Verdicts of both boundaries, the cautious one first, between the rows of the table by straight lines. Both arguments in percent;
/// the sign of the differential does not matter. Above 50 % overall attrition is high.
pub fn wwc_attrition(overall: f64, differential: f64) -> (Verdict, Verdict) {
    let verdict = |column: fn(&(f64, f64, f64)) -> f64| {
        let boundary = TABLE
            .iter()
            .zip(TABLE.iter().skip(1))
            .find(|(a, b)| (a.0..=b.0).contains(&overall));
        let boundary = boundary.map(|(a, b)| {
            let share = (overall - a.0) / (b.0 - a.0);
            column(a) + share * (column(b) - column(a))
        });
        // 16 digits of a rate must not decide at the boundary.
        let low = boundary.is_some_and(|b| differential.abs() <= b + 1e-9);
        Verdict { boundary, low }
    };
    (verdict(|r| r.1), verdict(|r| r.2))
}
