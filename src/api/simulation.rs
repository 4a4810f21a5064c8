//! Whole experiments, simulated.

use super::sketch::count;
use crate::pg::array::required;
use crate::pg::error::or_raise;
use crate::pg::{json, settings};
use pgrx::prelude::*;
use rct_core::simulation::{Design, Students, simulate as run};
use std::time::{Duration, Instant};

/// Time between two reports of progress.
const REPORT: Duration = Duration::from_secs(2);

fn design(document: Option<pgrx::AnyElement>) -> Design {
    let document = json::text(required(document, "design").datum());
    or_raise(Design::parse(&document))
}

/// `simulate(design, draws, seed, level)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn simulate(
    document: Option<pgrx::AnyElement>,
    draws: Option<i32>,
    seed: Option<&str>,
    level: Option<f64>,
) -> TableIterator<
    'static,
    (
        name!(analysis, String),
        name!(condition, String),
        name!(effect, f64),
        name!(power, Option<f64>),
        name!(type_i_error, Option<f64>),
        name!(coverage, Option<f64>),
        name!(srm_rate, Option<f64>),
        name!(simulation_error, Option<f64>),
        name!(mean_estimate, Option<f64>),
        name!(bias, Option<f64>),
        name!(empirical_se, Option<f64>),
        name!(mean_std_error, Option<f64>),
        name!(mean_df, Option<f64>),
        name!(rosters, i64),
        name!(computed, i64),
        name!(notes, Vec<String>),
    ),
> {
    let design = design(document);
    let draws = i64::from(required(draws, "draws"));
    let mut reported = Instant::now();
    let mut progress = |done: u64, of: u64| {
        if reported.elapsed() >= REPORT {
            reported = Instant::now();
            pgrx::notice!("rct.simulate: {done} of {of} draws");
        }
    };
    let rows = or_raise(run(
        &design,
        draws,
        required(seed, "seed"),
        required(level, "level"),
        &settings::budget(),
        &mut progress,
    ));
    TableIterator::new(rows.into_iter().map(|r| {
        (
            r.analysis,
            r.condition,
            r.effect,
            r.power,
            r.type_i_error,
            r.coverage,
            r.srm_rate,
            r.simulation_error,
            r.mean_estimate,
            r.bias,
            r.empirical_se,
            r.mean_std_error,
            r.mean_df,
            count(r.draws),
            count(r.computed),
            r.notes,
        )
    }))
}

/// `simulate_roster(design, seed, draw)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn simulate_roster(
    document: Option<pgrx::AnyElement>,
    seed: Option<&str>,
    draw: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(student, i64),
        name!(class, i64),
        name!(teacher, i64),
        name!(unit, i64),
        name!(stratum, i64),
        name!(condition, String),
        name!(late, bool),
        name!(moved_to, Option<i64>),
        name!(pretest, Option<f64>),
        name!(outcome, Option<f64>),
        name!(outcome_without_effect, f64),
    ),
> {
    let design = design(document);
    let draw = u64::try_from(required(draw, "draw")).unwrap_or(0);
    let roster = or_raise(Students::new(&design, required(seed, "seed"), draw));
    let number = |n: u32| i64::from(n) + 1;
    let row = move |i: usize| {
        let s = roster.students.get(i)?;
        Some((
            i as i64 + 1,
            number(s.class),
            number(roster.teacher(s.class)),
            number(s.unit),
            number(s.stratum),
            design.condition(s.condition).to_owned(),
            s.late,
            s.moved_to.map(number),
            s.pretest,
            s.observed.then_some(s.outcome),
            s.without_effect,
        ))
    };
    TableIterator::new((0..).map_while(row))
}
