//! How long an experiment must run.

use super::power::{Words, target, trial};
use crate::pg::array::{complete, given, required};
use crate::pg::error::or_raise;
use pgrx::datum::{Date, Range, RangeBound};
use pgrx::prelude::*;
use rct_core::planning::{self, Calendar, Schedule};
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

/// A day as a date.
fn date(day: i32) -> Date {
    // SAFETY: days come from dates, at most 40 years after one.
    unsafe { Date::from_pg_epoch_days(day) }
}

/// `duration(start, exposure_days, enrolled_by, clusters, target_mde, cluster_size, icc, …)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
fn duration(
    start: Option<Date>,
    exposure_days: Option<i32>,
    enrolled_by: Option<Array<'_, Date>>,
    clusters: Option<Array<'_, i32>>,
    target_mde: Option<f64>,
    cluster_size: Option<f64>,
    icc: Option<f64>,
    closed: Option<Array<'_, Range<Date>>>,
    weekdays: Option<Array<'_, i32>>,
    assessment_days: Option<i32>,
    windows: Option<Array<'_, Range<Date>>>,
    share: Option<f64>,
    cv_size: Option<f64>,
    sd: Option<f64>,
    r2_between: Option<f64>,
    r2_within: Option<f64>,
    covariates: Option<i32>,
    alpha: Option<f64>,
    power: Option<f64>,
    design: Option<&str>,
    blocks: Option<i32>,
    icc_class: Option<f64>,
    classes: Option<f64>,
    r2_class: Option<f64>,
    attrition_students: Option<f64>,
    attrition_clusters: Option<f64>,
    completion: Option<f64>,
    weighting: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(joined_by, Date),
        name!(starts, Option<Date>),
        name!(exposure_ends, Option<Date>),
        name!(end_date, Option<Date>),
        name!(instructional_days, Option<i64>),
        name!(clusters_joined, i64),
        name!(mde, Option<f64>),
        name!(reached, bool),
        name!(notes, Vec<String>),
    ),
> {
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
        share: required(share, "share"),
    };
    let trial = trial(Words {
        cluster_size,
        icc,
        cv_size,
        sd,
        r2_between,
        r2_within,
        covariates,
        design,
        blocks,
        icc_class,
        classes,
        r2_class,
        attrition_students,
        attrition_clusters,
        completion,
        weighting,
    });
    let steps = or_raise(planning::duration(
        &schedule,
        &calendar,
        &trial,
        &target(alpha, power),
        required(target_mde, "target_mde"),
    ));
    TableIterator::new(steps.into_iter().map(|s| {
        (
            date(s.enrolled_by),
            s.starts.map(date),
            s.exposure_ends.map(date),
            s.ends.map(date),
            s.instructional_days,
            s.clusters,
            s.answer.and_then(|a| a.mde),
            s.reached,
            s.notes,
        )
    }))
}
