//! How long an experiment must run.

use super::trial::{Plan, TrialArgument};
use crate::pg::array::{complete, given, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::datum::{Date, Range, RangeBound};
use pgrx::prelude::*;
use rct_core::planning::{self, Calendar, Schedule, Step};
use rct_core::pulse;

/// First and last day of a range of dates; an empty range has its last day before its first.
fn days(range: &Range<Date>) -> (i32, i32) {
    if range.is_empty() {
        return (0, -1);
    }
    // Postgres keeps ranges of dates with the first day included and the last not.
    let day = |bound: Option<&RangeBound<Date>>, unbounded: i32, less: i32| match bound {
        Some(RangeBound::Inclusive(d)) if less == 0 => d.to_pg_epoch_days(),
        Some(RangeBound::Exclusive(d)) if less == 1 => d.to_pg_epoch_days().saturating_sub(1),
        Some(RangeBound::Inclusive(d)) => d.to_pg_epoch_days(),
        Some(RangeBound::Exclusive(d)) => d.to_pg_epoch_days().saturating_add(1),
        _ => unbounded,
    };
    (
        day(range.lower(), i32::MIN, 0),
        day(range.upper(), i32::MAX, 1),
    )
}

fn ranges(array: &Option<Array<'_, Range<Date>>>, argument: &'static str) -> Vec<(i32, i32)> {
    let Some(array) = array else {
        return Vec::new();
    };
    let ranges = complete(array, argument);
    let mut days_of = pulse::vector(ranges.len());
    days_of.extend(
        ranges
            .iter()
            .map(days)
            .filter(|(first, last)| first <= last),
    );
    days_of
}

/// `duration(trial, start, exposure_days, enrolled_by, clusters, target_mde, closed, weekdays, assessment_days, windows)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn duration(
    trial: TrialArgument<'_>,
    start: Option<Date>,
    exposure_days: Option<i32>,
    enrolled_by: Option<Array<'_, Date>>,
    clusters: Option<Array<'_, i32>>,
    target_mde: Option<f64>,
    closed: Option<Array<'_, Range<Date>>>,
    weekdays: Option<Array<'_, i32>>,
    assessment_days: Option<i32>,
    windows: Option<Array<'_, Range<Date>>>,
) -> Rows<Step> {
    let plan = Plan::read(trial);
    let weekdays = complete(given(&weekdays, "weekdays"), "weekdays");
    let calendar = or_raise(Calendar::new(&weekdays, &ranges(&closed, "closed")));
    let by = complete(given(&enrolled_by, "enrolled_by"), "enrolled_by");
    let joined = complete(given(&clusters, "clusters"), "clusters");
    or_raise(planning::check_curve(by.len(), joined.len()));
    let schedule = Schedule {
        start: required(start, "start").to_pg_epoch_days(),
        exposure_days: i64::from(required(exposure_days, "exposure_days")),
        assessment_days: i64::from(required(assessment_days, "assessment_days")),
        windows: ranges(&windows, "windows"),
        enrolled: by
            .iter()
            .map(Date::to_pg_epoch_days)
            .zip(joined.into_iter().map(i64::from))
            .collect(),
        share: plan.share,
    };
    Rows::new(or_raise(planning::duration(
        &schedule,
        &calendar,
        &plan.trial,
        &plan.target,
        required(target_mde, "target_mde"),
    )))
}
