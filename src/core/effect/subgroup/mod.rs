//! Effects in segments, and whether they differ.
//!
//! - [`subgroup_effects`] the effect of each condition in each segment
//! - [`interaction_test`] one test per condition that it has the same effect in all segments

mod interaction;

pub use interaction::{InteractionTest, interaction_test};

use super::arms::{Arm, arms};
use super::comparison::Comparison;
use super::estimate::{Effect, effects};
use crate::error::Invalid;
use crate::multiplicity::holm;
use crate::note::{Code, Note};
use crate::pulse;
use crate::regression::notes::on_difference;
use crate::regression::options::control_among;
use crate::regression::{Inference, Options, QuestionError};
use crate::sketch::View;
use serde::Serialize;
use std::collections::BTreeSet;

/// The sketches of the segments, by name.
#[derive(Debug)]
pub struct Segments<'a>(Vec<(String, View<'a>)>);

impl<'a> Segments<'a> {
    /// Pairs names with sketches. A segment whose sketch is `None` has no rows and is left out; a name must not be `None`
    /// and not come twice.
    pub fn new(
        names: Vec<Option<String>>,
        views: Vec<Option<View<'a>>>,
    ) -> Result<Self, QuestionError> {
        if names.len() != views.len() {
            return Err(Invalid {
                argument: "sketches",
                must: "as many as segments",
                got: format!("{} for {} segments", views.len(), names.len()),
                hint: "Make both arrays in one query: array_agg(segment), array_agg(sketch).",
            }
            .into());
        }
        let mut segments = Vec::with_capacity(names.len());
        for (name, view) in names.into_iter().zip(views) {
            let name = name.ok_or(Invalid {
                argument: "segments",
                must: "names",
                got: "NULL".to_owned(),
                hint: "Leave out rows without a segment, or name it with coalesce(segment, 'unknown').",
            })?;
            segments.extend(view.map(|s| (name, s)));
        }
        segments.sort_by(|a, b| a.0.cmp(&b.0));
        let twice = segments
            .iter()
            .zip(segments.iter().skip(1))
            .find(|(a, b)| a.0 == b.0);
        if let Some(((name, _), _)) = twice {
            return Err(Invalid {
                argument: "segments",
                must: "different names",
                got: format!("\"{name}\" twice"),
                hint: "Add sketches of one segment with rct.rollup.",
            }
            .into());
        }
        Ok(Segments(segments))
    }
}

/// Counts below which nothing is estimated in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    students: u64,
    clusters: u64,
}

impl Guard {
    /// Each condition needs so many rows and clusters in a segment; at least 1.
    pub fn new(min_students: i64, min_clusters: i64) -> Result<Self, QuestionError> {
        const HINT: &str =
            "A smaller guard shows less certain effects of fewer students; 1 shows all.";
        let read = |argument: &'static str, value: i64| {
            u64::try_from(value).ok().filter(|v| *v > 0).ok_or(Invalid {
                argument,
                must: "at least 1",
                got: value.to_string(),
                hint: HINT,
            })
        };
        Ok(Guard {
            students: read("min_students", min_students)?,
            clusters: read("min_clusters", min_clusters)?,
        })
    }

    fn holds_back(&self, row: &SubgroupEffect) -> bool {
        row.comparison.n.min(row.comparison.n_control) < self.students
            || row.comparison.fewest_clusters() < self.clusters
    }
}

/// The effect of one condition in one segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubgroupEffect {
    /// Who is compared in what.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// Segment.
    pub segment: String,
    /// The effect with CR2 standard error and Satterthwaite degrees of freedom; nothing if guarded.
    #[serde(flatten)]
    pub inference: Inference,
    /// p-value adjusted over the segments of this condition (Holm 1979).
    pub p_holm: Option<f64>,
    /// True if the counts are below the guard.
    pub guarded: bool,
    /// What to know, `name: sentence`.
    pub notes: Vec<Note>,
}

/// The effect of each condition in each segment, by segment and condition. The regression of each segment is its own, so
/// that slopes and strata may differ between segments.
pub fn subgroup_effects(
    segments: &Segments<'_>,
    control: &str,
    options: &Options,
    guard: Guard,
) -> Result<Vec<SubgroupEffect>, QuestionError> {
    options.strata.of_one_regression()?;
    let mut arms_of_segments = Vec::with_capacity(segments.0.len());
    for (_, view) in &segments.0 {
        pulse::beat();
        arms_of_segments.push(arms(view)?);
    }
    if segments.0.is_empty() {
        return Ok(Vec::new());
    }
    let arms = arms_of_segments.iter().flatten();
    let names: BTreeSet<&str> = arms.map(|a| a.condition.as_str()).collect();
    let mut conditions: Vec<String> = names.into_iter().map(str::to_owned).collect();
    conditions.remove(control_among(&conditions, control)?);
    let mut rows = Vec::with_capacity(segments.0.len() * conditions.len());
    for ((segment, view), arms) in segments.0.iter().zip(&arms_of_segments) {
        pulse::beat();
        let comparable = arms.len() > 1 && arms.iter().any(|a| a.condition == control);
        let found = if comparable {
            effects(view, control, options)?
        } else {
            Vec::new()
        };
        for condition in &conditions {
            let mut row = match found.iter().find(|e| e.comparison.condition == *condition) {
                Some(effect) => estimated(segment, effect),
                None => absent(&view.name(), segment, condition, control, arms),
            };
            if guard.holds_back(&row) {
                row.hold_back(guard);
            }
            rows.push(row);
        }
    }
    for condition in &conditions {
        let of_condition = |row: &&mut SubgroupEffect| row.comparison.condition == *condition;
        let p: Vec<Option<f64>> = rows
            .iter()
            .filter(|r| r.comparison.condition == *condition)
            .map(|r| r.inference.p_value)
            .collect();
        for (row, p) in rows.iter_mut().filter(of_condition).zip(holm(&p)) {
            row.p_holm = p;
        }
    }
    Ok(rows)
}

fn estimated(segment: &str, effect: &Effect) -> SubgroupEffect {
    SubgroupEffect {
        comparison: effect.comparison.clone(),
        segment: segment.to_owned(),
        inference: effect.inference,
        p_holm: None,
        guarded: false,
        notes: on_difference(&effect.notes),
    }
}

/// The row of a segment that lacks the condition or the control.
fn absent(
    outcome: &str,
    segment: &str,
    condition: &str,
    control: &str,
    arms: &[Arm],
) -> SubgroupEffect {
    let counts = |name: &str| {
        arms.iter()
            .find(|a| a.condition == name)
            .map_or((0, 0), |a| (a.n, a.clusters))
    };
    let (treated, compared) = (counts(condition), counts(control));
    let note = if compared.0 == 0 {
        Note::no_control_rows()
    } else {
        Note::no_rows()
    };
    SubgroupEffect {
        comparison: Comparison {
            outcome: outcome.to_owned(),
            condition: condition.to_owned(),
            control: control.to_owned(),
            n: treated.0,
            n_control: compared.0,
            clusters: treated.1,
            clusters_control: compared.1,
        },
        segment: segment.to_owned(),
        inference: Inference::default(),
        p_holm: None,
        guarded: false,
        notes: vec![note],
    }
}

impl SubgroupEffect {
    fn hold_back(&mut self, guard: Guard) {
        self.inference = Inference::default();
        self.guarded = true;
        self.notes = vec![Note::new(
            Code::Guarded,
            format!(
                "a condition has fewer than {} students or {} clusters in this segment, so nothing is estimated",
                guard.students, guard.clusters
            ),
        )];
    }
}
