//! Overall and differential attrition, of students and of whole clusters.

use super::boundary::{Verdict, wwc_attrition};
use crate::effect::Comparison;
use crate::effect::effects;
use crate::note::Note;
use crate::regression::notes::on_difference;
use crate::regression::{Inference, Options, QuestionError};
use crate::sketch::{Centre, Moments, Rows, View};
use serde::Serialize;

/// Counts of one level, students or clusters, in a condition and the control.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counts {
    /// Assigned.
    pub assigned: (u64, u64),
    /// Of these with an outcome.
    pub observed: (u64, u64),
}

/// Attrition of one level. `None` is NULL: nobody was assigned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Shares missing in the condition and in the control.
    pub missing: (f64, f64),
    /// Share missing of both together.
    pub overall: f64,
    /// Share missing in the condition less that in the control.
    pub differential: f64,
    /// Under cautious assumptions.
    pub cautious: Verdict,
    /// Under optimistic assumptions.
    pub optimistic: Verdict,
}

impl Counts {
    /// Shares and what the boundaries say of them.
    pub fn rates(&self) -> Option<Rates> {
        let share = |observed: u64, assigned: u64| {
            (assigned > 0).then(|| assigned.saturating_sub(observed) as f64 / assigned as f64)
        };
        let treated = share(self.observed.0, self.assigned.0)?;
        let control = share(self.observed.1, self.assigned.1)?;
        let overall = share(
            self.observed.0.saturating_add(self.observed.1),
            self.assigned.0.saturating_add(self.assigned.1),
        )?;
        let differential = treated - control;
        let (cautious, optimistic) = wwc_attrition(overall, differential);
        Some(Rates {
            missing: (treated, control),
            overall,
            differential,
            cautious,
            optimistic,
        })
    }
}

/// Attrition in one condition and the control.
#[derive(Debug, Clone, PartialEq)]
pub struct Attrition {
    /// Who is compared in what; counts are of those assigned.
    pub comparison: Comparison,
    /// Students.
    pub students: Counts,
    /// Clusters; one without any outcome is missing.
    pub clusters: Counts,
    /// Test of the difference in the share of missing students, cluster-robust.
    pub test: Inference,
    /// What to know.
    pub notes: Vec<Note>,
}

/// How attrition is shown. `None` is NULL: nobody was assigned.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    comparison: &'a Comparison,
    #[serde(flatten)]
    inference: &'a Inference,
    observed: u64,
    observed_control: u64,
    missing: Option<f64>,
    missing_control: Option<f64>,
    overall: Option<f64>,
    differential: Option<f64>,
    cautious_boundary: Option<f64>,
    cautious: Option<Verdict>,
    optimistic_boundary: Option<f64>,
    optimistic: Option<Verdict>,
    clusters_observed: u64,
    clusters_observed_control: u64,
    cluster_overall: Option<f64>,
    cluster_differential: Option<f64>,
    cluster_cautious: Option<Verdict>,
    cluster_optimistic: Option<Verdict>,
    notes: &'a [Note],
}

impl Serialize for Attrition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (students, clusters) = (self.students.rates(), self.clusters.rates());
        Row {
            comparison: &self.comparison,
            inference: &self.test,
            observed: self.students.observed.0,
            observed_control: self.students.observed.1,
            missing: students.map(|r| r.missing.0),
            missing_control: students.map(|r| r.missing.1),
            overall: students.map(|r| r.overall),
            differential: students.map(|r| r.differential),
            cautious_boundary: students.and_then(|r| r.cautious.boundary),
            cautious: students.map(|r| r.cautious),
            optimistic_boundary: students.and_then(|r| r.optimistic.boundary),
            optimistic: students.map(|r| r.optimistic),
            clusters_observed: self.clusters.observed.0,
            clusters_observed_control: self.clusters.observed.1,
            cluster_overall: clusters.map(|r| r.overall),
            cluster_differential: clusters.map(|r| r.differential),
            cluster_cautious: clusters.map(|r| r.cautious),
            cluster_optimistic: clusters.map(|r| r.optimistic),
            notes: &self.notes,
        }
        .serialize(serializer)
    }
}

/// Attrition of each condition against the control, from a sketch whose outcome says whether the real outcome was observed.
pub fn attrition(
    view: &View<'_>,
    control: &str,
    level: f64,
) -> Result<Vec<Attrition>, QuestionError> {
    let view = &view.observedness();
    let options = Options::from_words("none", "auto", "CR2", level)?;
    let rows = effects(view, control, &options)?;
    let moments = view.moments(Rows::All, Centre::Pooled)?;
    let counts: Vec<(Level, Level)> = (0..moments.conditions.len())
        .map(|c| levels(&moments, c))
        .collect();
    let of = |name: &str| {
        let at = moments.conditions.iter().position(|c| c.name == name);
        at.and_then(|i| counts.get(i)).copied().unwrap_or_default()
    };
    let (control_students, control_clusters) = of(control);
    Ok(rows
        .into_iter()
        .map(|e| {
            let (students, clusters) = of(&e.comparison.condition);
            // 0 less, so that none is 0 and not −0.
            let turned = |v: Option<f64>| v.map(|v| 0.0 - v);
            // Missing is one less observed: signs turn, and so do the limits.
            let test = Inference {
                estimate: turned(e.inference.estimate),
                std_error: e.inference.std_error,
                df: e.inference.df,
                t: turned(e.inference.t),
                p_value: e.inference.p_value,
                ci_low: turned(e.inference.ci_high),
                ci_high: turned(e.inference.ci_low),
            };
            Attrition {
                students: both(students, control_students),
                clusters: both(clusters, control_clusters),
                test,
                notes: on_difference(&e.notes),
                comparison: e.comparison,
            }
        })
        .collect())
}

#[derive(Debug, Clone, Copy, Default)]
struct Level {
    assigned: u64,
    observed: u64,
}

fn both(treated: Level, control: Level) -> Counts {
    Counts {
        assigned: (treated.assigned, control.assigned),
        observed: (treated.observed, control.observed),
    }
}

/// Students and clusters of a condition.
fn levels(moments: &Moments, condition: usize) -> (Level, Level) {
    let (mut students, mut clusters) = (Level::default(), Level::default());
    let mut seen = vec![(0.0, 0.0); moments.clusters.len()];
    for (i, cell) in moments
        .cells
        .iter()
        .enumerate()
        .filter(|(_, c)| c.condition == condition)
    {
        if let Some((rows, ones)) = seen.get_mut(cell.cluster) {
            *rows += cell.rows;
            *ones += ones_of(moments, i, 0);
        }
    }
    for (rows, ones) in seen.into_iter().filter(|(rows, _)| *rows > 0.0) {
        students.assigned += rows as u64;
        students.observed += ones as u64;
        clusters.assigned += 1;
        clusters.observed += u64::from(ones > 0.0);
    }
    (students, clusters)
}

/// Rows of a cell in which a column of zeros and ones is 1.
pub fn ones_of(moments: &Moments, cell: usize, column: usize) -> f64 {
    let Some(c) = moments.cells.get(cell) else {
        return 0.0;
    };
    let offset = moments.sums(cell).get(column).copied().unwrap_or(0.0);
    (offset + c.rows * moments.centre(c.stratum, column)).round()
}
