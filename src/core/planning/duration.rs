//! How long an experiment must run: exposure and assessment on the calendar of instruction, clusters as they join.

use super::answer::{answer, check_share, split};
use super::calendar::Calendar;
use super::power::Target;
use super::trial::{Trial, check};
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse;
use serde::Serialize;

/// What is asked of the calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The first day on which a cluster can start.
    pub start: i32,
    /// Days of instruction with the condition that a cluster needs.
    pub exposure_days: i64,
    /// Days of instruction that the assessment takes after them.
    pub assessment_days: i64,
    /// First and last days of the periods in which there is an assessment; empty: at any time.
    pub windows: Vec<(i32, i32)>,
    /// Days by which clusters have joined, ascending, with the number of all that have.
    pub enrolled: Vec<(i32, i64)>,
    /// Share of the clusters that are treated.
    pub share: f64,
}

/// The experiment with the clusters that have joined by one of the days.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Day by which they have joined.
    pub joined_by: i32,
    /// First day of instruction of those that join last.
    pub starts: Option<i32>,
    /// Last day of their exposure.
    pub exposure_ends: Option<i32>,
    /// Last day of the assessment.
    pub end_date: Option<i32>,
    /// Days of instruction from the start of the experiment to its end.
    pub instructional_days: Option<i64>,
    /// Clusters.
    pub clusters_joined: i64,
    /// Minimum detectable effect; `None` with fewer than two clusters.
    pub mde: Option<f64>,
    /// True if the calendar has room for all of it and the target is met.
    pub reached: bool,
    /// What to know.
    pub notes: Vec<Note>,
}

/// Days from the start to the last enrolment.
const MOST_DAYS: i32 = 7305;
/// Steps that are looked at.
const MOST_STEPS: usize = 1000;

/// One step for each day of the enrolment curve, in order; the first that is `reached` is the answer.
pub fn duration(
    schedule: &Schedule,
    calendar: &Calendar,
    trial: &Trial,
    target: &Target,
    target_mde: f64,
) -> Result<Vec<Step>, Invalid> {
    check(trial, target)?;
    check_share(schedule.share)?;
    check_schedule(schedule)?;
    if !(target_mde > 0.0 && target_mde.is_finite()) {
        return Err(Invalid::number(
            "target_mde",
            "above 0",
            target_mde,
            "Give the effect that must be found, in units of the outcome; in standard deviations if sd is 1.",
        ));
    }
    let mut windows = pulse::vector(schedule.windows.len());
    windows.extend_from_slice(&schedule.windows);
    pulse::sort(&mut windows);
    let mut steps = Vec::with_capacity(schedule.enrolled.len());
    for &(day, clusters) in &schedule.enrolled {
        pulse::beat();
        let mut step = place(schedule, calendar, &windows, day, clusters);
        if clusters >= 2 {
            let (treated, control) = split(clusters as f64, schedule.share);
            let answer = answer(trial, target, treated, control, None)?;
            step.reached = step.end_date.is_some() && answer.mde.is_some_and(|m| m <= target_mde);
            step.notes.extend(answer.notes.iter().cloned());
            step.mde = answer.mde;
        } else {
            step.notes
                .push(Note::new(Code::NoDf, "two clusters at least are needed"));
        }
        steps.push(step);
    }
    Ok(steps)
}

fn check_schedule(schedule: &Schedule) -> Result<(), Invalid> {
    let days = |argument, days: i64, least: i64, must, hint| {
        if (least..=5000).contains(&days) {
            Ok(())
        } else {
            Err(Invalid::number(argument, must, days as f64, hint))
        }
    };
    days(
        "exposure_days",
        schedule.exposure_days,
        1,
        "from 1 to 5000",
        "Count days of instruction; a school year has about 180.",
    )?;
    days(
        "assessment_days",
        schedule.assessment_days,
        0,
        "from 0 to 5000",
        "Count days of instruction; 0 if the outcome is known on the last day of exposure.",
    )?;
    let curve = |got: String, must, hint| {
        Err(Invalid {
            argument: "enrolled_by",
            must,
            got,
            hint,
        })
    };
    check_steps(schedule.enrolled.len())?;
    for pair in schedule.enrolled.windows(2) {
        if let [a, b] = pair
            && !(a.0 < b.0 && a.1 <= b.1)
        {
            return curve(
                format!("{} clusters and then {}", a.1, b.1),
                "ascending, with clusters that never become fewer",
                "Sort the days, each once; clusters counts all that have joined by then.",
            );
        }
    }
    let finite = -1_000_000..=10_000_000;
    let span = |e: &&(i32, i64)| !finite.contains(&e.0) || e.0 - schedule.start > MOST_DAYS;
    if !finite.contains(&schedule.start) || schedule.enrolled.iter().any(|e| span(&e)) {
        return curve(
            "a day that is not".to_owned(),
            "within 20 years of start, and start a day of the calendar",
            "Give days that a school year can have.",
        );
    }
    match schedule.enrolled.iter().find(|e| e.1 < 0) {
        Some(e) => Err(Invalid::number(
            "clusters",
            "at least 0 each",
            e.1 as f64,
            "Count all clusters that have joined by the day.",
        )),
        None => Ok(()),
    }
}

/// Where the exposure and the assessment of the clusters that join last are on the calendar.
fn place(
    schedule: &Schedule,
    calendar: &Calendar,
    windows: &[(i32, i32)],
    day: i32,
    clusters: i64,
) -> Step {
    let mut step = Step {
        joined_by: day,
        starts: None,
        exposure_ends: None,
        end_date: None,
        instructional_days: None,
        clusters_joined: clusters,
        mde: None,
        reached: false,
        notes: Vec::new(),
    };
    let from = day.max(schedule.start);
    step.starts = calendar.nth(from, 1);
    step.exposure_ends = calendar.nth(from, schedule.exposure_days);
    let Some(exposed) = step.exposure_ends else {
        step.notes.push(Note::new(
            Code::NoCalendar,
            "20 years do not have so many days of instruction",
        ));
        return step;
    };
    let assessment = |first: i32| match schedule.assessment_days {
        0 => Some(exposed.max(first)),
        days => calendar.nth(first, days),
    };
    let next = exposed.saturating_add((schedule.assessment_days > 0) as i32);
    step.end_date = if windows.is_empty() {
        assessment(next)
    } else {
        // The first window that has room for the assessment after the exposure.
        let room = |&(first, last): &(i32, i32)| {
            pulse::beat();
            (last >= next)
                .then(|| assessment(next.max(first)))
                .flatten()
                .filter(|end| *end <= last)
        };
        windows.iter().filter_map(room).min()
    };
    match step.end_date {
        Some(end) => step.instructional_days = Some(calendar.count(schedule.start, end)),
        None => step.notes.push(Note::new(
            Code::NoWindow,
            "no assessment window has room after the exposure of the clusters that join last",
        )),
    }
    step
}

fn check_steps(days: usize) -> Result<(), Invalid> {
    if (1..=MOST_STEPS).contains(&days) {
        return Ok(());
    }
    Err(Invalid {
        argument: "enrolled_by",
        must: "1 to 1000 days",
        got: format!("{days} days"),
        hint: "Give the days by which clusters will have joined, and in clusters how many will have.",
    })
}

/// Checks that the two sides of an enrolment curve belong together, and that it is short enough.
pub fn check_curve(days: usize, clusters: usize) -> Result<(), Invalid> {
    if days == clusters {
        return check_steps(days);
    }
    Err(Invalid {
        argument: "clusters",
        must: "as many numbers as enrolled_by has days",
        got: format!("{clusters} for {days}"),
        hint: "Give for each day how many clusters have joined by then.",
    })
}
