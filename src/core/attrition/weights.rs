//! Inverse probability weights by cells: a student with an outcome stands for those of the same cell without one.

use super::rates::ones_of;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse;
use crate::regression::QuestionError;
use crate::sketch::{Centre, Key, Rows, View};
use serde::Serialize;
use std::collections::BTreeMap;

/// The weight of the students of one condition and stratum. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResponseWeight {
    /// Condition.
    pub condition: String,
    /// Digest of the stratum, if there is one.
    pub stratum: Option<Key>,
    /// Students.
    pub n: u64,
    /// Of these with an outcome.
    pub observed: u64,
    /// Share with an outcome.
    pub response_rate: f64,
    /// `1 / response_rate`; `None` if nobody in the cell has an outcome.
    pub weight: Option<f64>,
    /// `response rate of the condition / response_rate`, not above the cap.
    pub stabilized: Option<f64>,
    /// The cap was reached.
    pub capped: bool,
    /// Largest stabilized weight of the condition.
    pub largest: Option<f64>,
    /// Students with an outcome of the condition that would say as much without weights, `(Σw)² / Σw²` (Kish 1965).
    pub n_effective: Option<f64>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// What the notes of a row take at most, and their list.
const NOTES_BYTES: usize = 400;
/// Students with an outcome below which a cell's rate is rough.
const FEW: u64 = 10;

/// Weights by condition and stratum from a sketch whose outcome says whether the real outcome was observed.
pub fn response_weights(
    view: &View<'_>,
    cap: Option<f64>,
) -> Result<Vec<ResponseWeight>, QuestionError> {
    if let Some(cap) = cap.filter(|c| !(*c >= 1.0)) {
        return Err(QuestionError::Invalid(Invalid::number(
            "cap",
            "at least 1",
            cap,
            "The cap is the largest stabilized weight, for example 5; leave it out for none.",
        )));
    }
    let view = &view.observedness();
    let moments = view.moments(Rows::All, Centre::PerStratum)?;
    let mut cells: BTreeMap<(usize, usize), (u64, u64)> = BTreeMap::new();
    pulse::room_for(moments.cells.len(), 64);
    for (i, cell) in pulse::each(&moments.cells).enumerate() {
        let counts = cells.entry((cell.condition, cell.stratum)).or_default();
        counts.0 += cell.rows as u64;
        counts.1 += ones_of(&moments, i, 0) as u64;
    }
    let longest = moments.conditions.iter().map(|c| c.name.len()).max();
    pulse::room_for(
        cells.len(),
        size_of::<ResponseWeight>() + NOTES_BYTES + longest.unwrap_or(0),
    );
    let mut out = Vec::with_capacity(cells.len());
    for (number, condition) in moments.conditions.iter().enumerate() {
        let own = || cells.range((number, 0)..=(number, usize::MAX));
        let (n, observed) = own().fold((0, 0), |(n, o), (_, c)| (n + c.0, o + c.1));
        let overall = observed as f64 / n as f64;
        let start = out.len();
        let (mut sum, mut squares, mut largest, mut empty) = (0.0, 0.0, 0.0f64, 0u64);
        for (&(_, stratum), &(n, observed)) in pulse::each(own()) {
            let rate = observed as f64 / n as f64;
            let raw = (observed > 0).then(|| overall / rate);
            let stabilized = raw.map(|w| cap.map_or(w, |c| w.min(c)));
            if let Some(w) = stabilized {
                sum += observed as f64 * w;
                squares += observed as f64 * w * w;
                largest = largest.max(w);
            } else {
                empty += n;
            }
            let mut notes = Vec::new();
            if observed == 0 {
                notes.push(Note::new(Code::NoObserved, "nobody in this cell has an outcome to stand for the others; join it with a similar one"));
            } else if observed < FEW && observed < n {
                notes.push(Note::new(
                    Code::FewObserved,
                    format!("{observed} students with an outcome stand for {n}"),
                ));
            }
            out.push(ResponseWeight {
                condition: condition.name.clone(),
                stratum: moments
                    .strata
                    .get(stratum)
                    .copied()
                    .filter(|s| *s != Key::NONE),
                n,
                observed,
                response_rate: rate,
                weight: (observed > 0).then(|| 1.0 / rate),
                stabilized,
                capped: raw != stabilized,
                largest: None,
                n_effective: None,
                notes,
            });
        }
        for row in out.iter_mut().skip(start) {
            row.largest = (sum > 0.0).then_some(largest);
            row.n_effective = (sum > 0.0).then(|| sum * sum / squares);
            if empty > 0 {
                row.notes.push(Note::new(
                    Code::NotRepresented,
                    format!("{empty} students of this condition are in cells without any outcome"),
                ));
            }
        }
    }
    Ok(out)
}
