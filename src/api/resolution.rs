//! Resolution: facts of a user packed by an aggregate, and the three questions that are asked of a plan and the facts.

use super::effect::required;
use crate::pg::args::Args;
use crate::pg::error::or_raise;
use crate::pg::function::pg_functions;
use crate::pg::{result, state};
use pgrx::prelude::*;
use rct_core::resolution::{
    self, Compiled, Facts, MarkStatus, Marking, ResolutionError, Visit, pack,
};
use std::cell::RefCell;
use std::rc::Rc;

/// State of the aggregate: the packed facts so far.
#[derive(Default)]
struct Packed(Vec<u8>);

pg_functions! {
    /// Row of `_pack(kind, a, b, c, d, e, f)`.
    fn rct_pack_step, pg_finfo_rct_pack_step(args) {
        // SAFETY: argument 0 is the state of this aggregate.
        let packed: &mut Packed = unsafe { state::get_or_init(&args, Packed::default) };
        // A row without a kind is no fact: it comes from an outer join.
        if let Some(kind) = args.bytes(1).and_then(|kind| kind.first()) {
            let fields = [args.bytes(2), args.bytes(3), args.bytes(4), args.bytes(5), args.bytes(6), args.bytes(7)];
            pack(&mut packed.0, *kind, fields);
        }
        state::pointer(packed)
    }

    /// Joins the states of two workers.
    fn rct_pack_combine, pg_finfo_rct_pack_combine(args) {
        // SAFETY: both arguments are states of this aggregate.
        let Some(other) = (unsafe { state::get::<Packed>(&args, 1) }) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        // SAFETY: as above.
        let packed: &mut Packed = unsafe { state::get_or_init(&args, Packed::default) };
        packed.0.extend_from_slice(&other.0);
        state::pointer(packed)
    }

    /// State to bytes, for another process.
    fn rct_pack_serial, pg_finfo_rct_pack_serial(args) {
        // SAFETY: the argument is a state of this aggregate.
        match unsafe { state::get::<Packed>(&args, 0) } {
            Some(packed) => result::varlena(&packed.0),
            None => result::null(&args),
        }
    }

    /// Bytes to state.
    fn rct_pack_deserial, pg_finfo_rct_pack_deserial(args) {
        match args.bytes(0) {
            Some(bytes) => state::put(&args, Packed(bytes.to_vec())),
            None => result::null(&args),
        }
    }

    /// Result of the aggregate.
    fn rct_pack_final, pg_finfo_rct_pack_final(args) {
        // SAFETY: the argument is a state of this aggregate.
        match unsafe { state::get::<Packed>(&args, 0) } {
            Some(packed) => result::varlena(&packed.0),
            None => result::null(&args),
        }
    }
}

/// Plans that a session keeps compiled.
const KEPT: usize = 64;

thread_local! {
    /// Plans by digest, the most used first. A digest names its bytes, so that nothing here is ever out of date.
    static PLANS: RefCell<Vec<([u8; 16], Rc<Compiled>)>> = const { RefCell::new(Vec::new()) };
}

/// The compiled plan of a digest; its bytes are read, and brought back from where they are stored, only if it is new.
fn compiled(args: &Args<'_>) -> Rc<Compiled> {
    let digest = required(args.uuid(0), "digest");
    let known = PLANS.with_borrow_mut(|plans| {
        let at = plans.iter().position(|(d, _)| *d == digest)?;
        let before = at.saturating_sub(1);
        plans.swap(at, before);
        plans.get(before).map(|(_, plan)| Rc::clone(plan))
    });
    known.unwrap_or_else(|| {
        let bytes = required(args.bytes(1), "plan");
        let plan = Rc::new(or_raise(Compiled::from_json(bytes)));
        PLANS.with_borrow_mut(|plans| {
            plans.truncate(KEPT - 1);
            plans.insert(0, (digest, Rc::clone(&plan)));
        });
        plan
    })
}

/// What is common to the three questions: plan, facts, user and time are arguments 0 to 4.
struct Question<'a> {
    plan: Rc<Compiled>,
    facts: Facts<'a>,
    user: &'a str,
    now: i64,
}

impl<'a> Question<'a> {
    fn new(args: &Args<'a>) -> Self {
        Question {
            plan: compiled(args),
            facts: or_raise(Facts::decode(args.bytes(2).unwrap_or_default())),
            user: required(args.str(3, "user_id"), "user_id"),
            now: required(args.i64(4), "now"),
        }
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// A target as SQL has it: NULL if there is none.
fn target(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// `_assign(digest, plan, facts, user_id, now, site, target)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn resolution_assign(
    fcinfo: pg_sys::FunctionCallInfo,
) -> TableIterator<
    'static,
    (
        name!(site, String),
        name!(target, Option<String>),
        name!(experiment, Option<String>),
        name!(condition, Option<String>),
        name!(payload, Option<String>),
        name!(levels, Option<String>),
        name!(queue, Option<Vec<String>>),
        name!(reason, String),
    ),
> {
    // SAFETY: fcinfo is that of the running call.
    let args = unsafe { Args::new(fcinfo) };
    let q = Question::new(&args);
    let site = args.str(5, "site");
    let point = site.map(|site| (site, args.str(6, "target").unwrap_or("")));
    let answers = resolution::assign(&q.plan, &q.facts, q.user, q.now, point);
    let rows: Vec<_> = answers
        .into_iter()
        .map(|a| {
            (
                a.site.to_owned(),
                target(a.target),
                owned(a.experiment),
                owned(a.condition),
                owned(a.payload),
                owned(a.levels),
                a.queue.map(|q| q.into_iter().map(str::to_owned).collect()),
                a.reason.word().to_owned(),
            )
        })
        .collect();
    TableIterator::new(rows)
}

/// `_mark(digest, plan, facts, user_id, now, site, target, condition, status, experiment)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn resolution_mark(
    fcinfo: pg_sys::FunctionCallInfo,
) -> TableIterator<
    'static,
    (
        name!(experiment_id, Option<i64>),
        name!(experiment, Option<String>),
        name!(condition, Option<String>),
        name!(reason, String),
        name!(mismatch, bool),
        name!(limited, bool),
        name!(allocate, bool),
        name!(repeat, bool),
        name!(enroll_types, Vec<String>),
        name!(enroll_ids, Vec<String>),
        name!(enroll_conditions, Vec<Option<String>>),
        name!(enroll_codes, Vec<String>),
        name!(enroll_group, Option<String>),
        name!(exclude_types, Vec<String>),
        name!(exclude_ids, Vec<String>),
        name!(exclude_codes, Vec<String>),
        name!(exclude_experiments, Vec<i64>),
        name!(exclude_groups, Vec<Option<String>>),
    ),
> {
    // SAFETY: fcinfo is that of the running call.
    let args = unsafe { Args::new(fcinfo) };
    let q = Question::new(&args);
    let status = required(args.str(8, "status"), "status");
    let status = MarkStatus::from_word(status)
        .ok_or_else(|| ResolutionError::UnknownStatus(status.to_owned()));
    let visit = Visit {
        site: required(args.str(5, "site"), "site"),
        target: args.str(6, "target").unwrap_or(""),
        condition: args.str(7, "condition"),
        status: or_raise(status),
        experiment: args.str(9, "experiment"),
    };
    let Marking {
        experiment_id,
        experiment,
        condition,
        reason,
        mismatch,
        enroll,
        exclude,
        allocate,
        repeat,
        limited,
    } = or_raise(resolution::mark(&q.plan, &q.facts, q.user, q.now, &visit));
    TableIterator::once((
        experiment_id,
        experiment,
        condition,
        reason.word().to_owned(),
        mismatch,
        limited,
        allocate,
        repeat,
        enroll.iter().map(|r| r.unit_type.clone()).collect(),
        enroll.iter().map(|r| r.unit_id.clone()).collect(),
        enroll.iter().map(|r| r.condition.clone()).collect(),
        enroll.iter().map(|r| r.code.word().to_owned()).collect(),
        enroll.iter().find_map(|r| r.group_id.clone()),
        exclude.iter().map(|r| r.unit_type.clone()).collect(),
        exclude.iter().map(|r| r.unit_id.clone()).collect(),
        exclude.iter().map(|r| r.code.word().to_owned()).collect(),
        exclude.iter().map(|r| r.experiment_id).collect(),
        exclude.iter().map(|r| r.group_id.clone()).collect(),
    ))
}

/// `_explain(digest, plan, facts, user_id, now, site, target)`
#[pg_extern(sql = false)]
fn resolution_explain(
    fcinfo: pg_sys::FunctionCallInfo,
) -> TableIterator<
    'static,
    (
        name!(step, i32),
        name!(rule, String),
        name!(outcome, String),
        name!(detail, String),
    ),
> {
    // SAFETY: fcinfo is that of the running call.
    let args = unsafe { Args::new(fcinfo) };
    let q = Question::new(&args);
    let site = required(args.str(5, "site"), "site");
    let target = args.str(6, "target").unwrap_or("");
    let steps = resolution::explain(&q.plan, &q.facts, q.user, q.now, site, target);
    TableIterator::new(
        (1..)
            .zip(steps)
            .map(|(n, s)| (n, s.rule.to_owned(), s.outcome, s.detail)),
    )
}
