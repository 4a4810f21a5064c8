//! Whole experiments, simulated.

use crate::pg::array::required;
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use crate::pg::{json, settings};
use pgrx::prelude::*;
use rct_core::simulation::{Design, Simulated, Students, simulate as run};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Time between two reports of progress.
const REPORT: Duration = Duration::from_secs(2);

fn design(document: Option<pgrx::AnyElement>) -> Design {
    let document = json::text(required(document, "design").datum());
    or_raise(Design::parse(&document))
}

/// `simulate(design, draws, seed, level)`
#[pg_extern(sql = false)]
fn simulate(
    document: Option<pgrx::AnyElement>,
    draws: Option<i32>,
    seed: Option<&str>,
    level: Option<f64>,
) -> Rows<Simulated> {
    let design = design(document);
    let draws = i64::from(required(draws, "draws"));
    let mut reported = Instant::now();
    let mut progress = |done: u64, of: u64| {
        if reported.elapsed() >= REPORT {
            reported = Instant::now();
            pgrx::notice!("rct.simulate: {done} of {of} draws");
        }
    };
    Rows::new(or_raise(run(
        &design,
        draws,
        required(seed, "seed"),
        required(level, "level"),
        &settings::budget(),
        &mut progress,
    )))
}

/// One student of a simulated roster. Numbers start at 1.
#[derive(Serialize)]
struct StudentRow {
    student: u64,
    class: u64,
    teacher: u64,
    unit: u64,
    stratum: u64,
    condition: String,
    late: bool,
    moved_to: Option<u64>,
    pretest: Option<f64>,
    outcome: Option<f64>,
    outcome_without_effect: f64,
}

/// `simulate_roster(design, seed, draw)`
#[pg_extern(sql = false)]
fn simulate_roster(
    document: Option<pgrx::AnyElement>,
    seed: Option<&str>,
    draw: Option<i32>,
) -> Rows<StudentRow> {
    let design = design(document);
    let draw = u64::try_from(required(draw, "draw")).unwrap_or(0);
    let roster = or_raise(Students::new(&design, required(seed, "seed"), draw));
    let number = |n: u32| u64::from(n) + 1;
    Rows::new((0..).map_while(move |i| {
        let s = roster.students.get(i)?;
        Some(StudentRow {
            student: i as u64 + 1,
            class: number(s.class),
            teacher: number(roster.teacher(s.class)),
            unit: number(s.unit),
            stratum: number(s.stratum),
            condition: design.condition(s.condition).to_owned(),
            late: s.late,
            moved_to: s.moved_to.map(number),
            pretest: s.pretest,
            outcome: s.observed.then_some(s.outcome),
            outcome_without_effect: s.without_effect,
        })
    }))
}
