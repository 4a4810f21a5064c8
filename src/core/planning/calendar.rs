//! Days of instruction. Days are numbers; day 0 is a Saturday (2000-01-01), as in Postgres.

use crate::error::Invalid;
use crate::pulse;

/// Days that are looked at after a start: 20 years.
const HORIZON: i32 = 7305;

/// Which days are days of instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// ISO weekdays (Monday is 1) with instruction.
    weekdays: [bool; 7],
    /// First and last day of each period without instruction, by first day, none overlapping.
    closed: Vec<(i32, i32)>,
}

/// The ISO weekday of a day, Monday 0.
fn weekday(day: i32) -> usize {
    (i64::from(day) + 5).rem_euclid(7) as usize
}

impl Calendar {
    /// `weekdays` by ISO number (1 is Monday, 7 is Sunday); `closed` as first and last days, in any order.
    pub fn new(weekdays: &[i32], closed: &[(i32, i32)]) -> Result<Self, Invalid> {
        let mut open = [false; 7];
        for &number in weekdays {
            match usize::try_from(number - 1)
                .ok()
                .and_then(|i| open.get_mut(i))
            {
                Some(day) => *day = true,
                None => {
                    return Err(Invalid {
                        argument: "weekdays",
                        must: "numbers from 1 to 7",
                        got: number.to_string(),
                        hint: "1 is Monday and 7 is Sunday; '{1,2,3,4,5}' for Monday to Friday.",
                    });
                }
            }
        }
        if !open.contains(&true) {
            return Err(Invalid {
                argument: "weekdays",
                must: "one day at least",
                got: "none".to_owned(),
                hint: "Leave the argument out for Monday to Friday.",
            });
        }
        let mut sorted: Vec<(i32, i32)> = pulse::vector(closed.len());
        sorted.extend(pulse::each(closed).filter(|(a, b)| a <= b));
        pulse::sort(&mut sorted);
        let mut merged: Vec<(i32, i32)> = pulse::vector(sorted.len());
        for (first, last) in pulse::each(sorted) {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => {
                    previous.1 = previous.1.max(last)
                }
                _ => merged.push((first, last)),
            }
        }
        Ok(Calendar {
            weekdays: open,
            closed: merged,
        })
    }

    /// True if there is instruction on the day.
    pub fn is_open(&self, day: i32) -> bool {
        let next = self.closed.partition_point(|(first, _)| *first <= day);
        let inside = next
            .checked_sub(1)
            .and_then(|i| self.closed.get(i))
            .is_some_and(|(_, last)| day <= *last);
        !inside && self.weekdays.get(weekday(day)).copied().unwrap_or(false)
    }

    /// The `count`-th day of instruction on or after `from`, for `count ≥ 1`; `None` if there is none in 20 years.
    pub fn nth(&self, from: i32, count: i64) -> Option<i32> {
        let mut left = count;
        for day in from..from.checked_add(HORIZON)? {
            left -= self.is_open(day) as i64;
            if left <= 0 && self.is_open(day) {
                return Some(day);
            }
        }
        None
    }

    /// Days of instruction from one day to another, both included.
    pub fn count(&self, from: i32, to: i32) -> i64 {
        (from..=to).filter(|&day| self.is_open(day)).count() as i64
    }
}
