//! Days of instruction and the duration of an experiment.

use rct_core::planning::{Calendar, Schedule, Target, Trial, answer, check_curve, duration};
use time::{Date, Month};

const TARGET: Target = Target {
    level: 0.95,
    power: 0.8,
};
const SCHOOL_WEEK: [i32; 5] = [1, 2, 3, 4, 5];

/// As Postgres counts: from 2000-01-01.
fn day(year: i32, month: Month, day: u8) -> i32 {
    let date = Date::from_calendar_date(year, month, day).unwrap();
    date.to_julian_day()
        - Date::from_calendar_date(2000, Month::January, 1)
            .unwrap()
            .to_julian_day()
}

fn autumn() -> Calendar {
    // Autumn break, Thanksgiving, and winter break, in no order.
    let closed = [
        (day(2026, Month::December, 21), day(2027, Month::January, 3)),
        (day(2026, Month::October, 12), day(2026, Month::October, 16)),
        (
            day(2026, Month::November, 26),
            day(2026, Month::November, 27),
        ),
    ];
    Calendar::new(&SCHOOL_WEEK, &closed).unwrap()
}

#[test]
fn days_of_instruction() {
    let calendar = autumn();
    // 2026-09-07 is a Monday.
    let monday = day(2026, Month::September, 7);
    assert!(calendar.is_open(monday) && !calendar.is_open(monday - 1));
    assert_eq!(calendar.nth(monday - 2, 1), Some(monday));
    assert_eq!(calendar.nth(monday, 5), Some(monday + 4));
    assert_eq!(calendar.nth(monday, 6), Some(monday + 7));
    // Five weeks, then the break, then one day.
    assert_eq!(
        calendar.nth(monday, 26),
        Some(day(2026, Month::October, 19))
    );
    assert_eq!(calendar.count(monday, day(2026, Month::October, 19)), 26);
    assert_eq!(
        calendar.nth(day(2026, Month::December, 19), 1),
        Some(day(2027, Month::January, 4))
    );
    // Periods that overlap, touch, are empty, or have no end.
    let odd = Calendar::new(&[7], &[(5, 20), (1, 6), (21, 30), (40, 39), (50, i32::MAX)]).unwrap();
    let open: Vec<i32> = (0..80).filter(|d| odd.is_open(*d)).collect();
    assert_eq!(open, [36, 43]); // 2000-02-06 and 2000-02-13 are Sundays
    assert_eq!(odd.nth(0, 3), None);
    assert_eq!(Calendar::new(&[0], &[]).unwrap_err().argument, "weekdays");
    assert_eq!(Calendar::new(&[], &[]).unwrap_err().argument, "weekdays");
}

fn schedule() -> Schedule {
    Schedule {
        start: day(2026, Month::September, 7),
        exposure_days: 30,
        assessment_days: 3,
        windows: Vec::new(),
        enrolled: vec![
            (day(2026, Month::September, 7), 16),
            (day(2026, Month::September, 21), 30),
            (day(2026, Month::October, 12), 48),
        ],
        share: 0.5,
    }
}

fn trial() -> Trial {
    Trial {
        cluster_size: 25.0,
        icc: 0.15,
        ..Trial::default()
    }
}

#[test]
fn the_first_day_that_suffices() {
    let steps = duration(&schedule(), &autumn(), &trial(), &TARGET, 0.46).unwrap();
    let reached: Vec<bool> = steps.iter().map(|s| s.reached).collect();
    assert_eq!(reached, [false, true, true]);
    let of = |i: usize| steps[i].mde.unwrap();
    assert_eq!(
        of(1),
        answer(&trial(), &TARGET, 15.0, 15.0, None)
            .unwrap()
            .mde
            .unwrap()
    );
    assert!(of(0) > 0.46 && of(1) <= 0.46 && of(2) < of(1));
    // 25 days before the break, 5 after it, 3 of assessment.
    assert_eq!(steps[0].exposure_ends, Some(day(2026, Month::October, 23)));
    assert_eq!(steps[0].end_date, Some(day(2026, Month::October, 28)));
    assert_eq!(steps[0].instructional_days, Some(33));
    // Those of 21 September start ten days of instruction later.
    assert_eq!(steps[1].instructional_days, Some(43));
    // Those who join in the break start after it.
    assert_eq!(steps[2].starts, Some(day(2026, Month::October, 19)));
}

#[test]
fn assessment_windows() {
    let november = (
        day(2026, Month::November, 9),
        day(2026, Month::November, 13),
    );
    let january = (day(2027, Month::January, 11), day(2027, Month::January, 15));
    let with = Schedule {
        windows: vec![january, november],
        ..schedule()
    };
    let steps = duration(&with, &autumn(), &trial(), &TARGET, 0.46).unwrap();
    let ends: Vec<i32> = steps.iter().map(|s| s.end_date.unwrap()).collect();
    // The second step's exposure is over on 6 November, the third's on 1 December.
    assert_eq!(ends, [november.0 + 2, november.0 + 2, january.0 + 2]);
    let only = Schedule {
        windows: vec![november],
        ..schedule()
    };
    let steps = duration(&only, &autumn(), &trial(), &TARGET, 0.3).unwrap();
    assert_eq!((steps[2].end_date, steps[2].reached), (None, false));
    assert!(
        steps[2]
            .notes
            .iter()
            .any(|n| n.to_string().starts_with("no_window"))
    );
    // An outcome that is known at once, but only in a window.
    let at_once = Schedule {
        assessment_days: 0,
        windows: vec![november],
        ..schedule()
    };
    let steps = duration(&at_once, &autumn(), &trial(), &TARGET, 0.46).unwrap();
    assert_eq!(steps[0].end_date, Some(november.0));
}

#[test]
fn what_is_refused() {
    let fail = |s: Schedule| {
        duration(&s, &autumn(), &trial(), &TARGET, 0.3)
            .unwrap_err()
            .argument
    };
    assert_eq!(
        fail(Schedule {
            exposure_days: 0,
            ..schedule()
        }),
        "exposure_days"
    );
    assert_eq!(
        fail(Schedule {
            assessment_days: -1,
            ..schedule()
        }),
        "assessment_days"
    );
    assert_eq!(
        fail(Schedule {
            enrolled: Vec::new(),
            ..schedule()
        }),
        "enrolled_by"
    );
    assert_eq!(
        fail(Schedule {
            enrolled: vec![(10, 5), (9, 6)],
            ..schedule()
        }),
        "enrolled_by"
    );
    assert_eq!(
        fail(Schedule {
            enrolled: vec![(10_000, 5), (10_001, 4)],
            ..schedule()
        }),
        "enrolled_by"
    );
    assert_eq!(
        fail(Schedule {
            enrolled: vec![(10_000, -5)],
            ..schedule()
        }),
        "clusters"
    );
    assert_eq!(
        fail(Schedule {
            start: i32::MIN,
            ..schedule()
        }),
        "enrolled_by"
    );
    assert_eq!(
        fail(Schedule {
            enrolled: vec![(i32::MAX, 5)],
            ..schedule()
        }),
        "enrolled_by"
    );
    assert_eq!(
        fail(Schedule {
            share: f64::NAN,
            ..schedule()
        }),
        "share"
    );
    assert!(duration(&schedule(), &autumn(), &trial(), &TARGET, 0.0).is_err());
    assert_eq!(check_curve(2, 3).unwrap_err().argument, "clusters");
    // One cluster is no experiment; a calendar without days has no end.
    let one = Schedule {
        enrolled: vec![(10_000, 1)],
        ..schedule()
    };
    let closed = Calendar::new(&SCHOOL_WEEK, &[(i32::MIN, i32::MAX)]).unwrap();
    let steps = duration(&one, &closed, &trial(), &TARGET, 0.3).unwrap();
    assert!(steps[0].mde.is_none() && !steps[0].reached && steps[0].starts.is_none());
    assert_eq!(steps[0].notes.len(), 2);
}
