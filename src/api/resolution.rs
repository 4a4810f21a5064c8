//! Who gets which condition: the plan of a context and packed facts in, decisions out. Reading facts and recording what a
//! mark means is SQL.

use crate::pg::error::{CallError, or_raise, raise};
use crate::pg::function::pg_functions;
use crate::pg::{result, state};
use pgrx::prelude::*;
use rct_core::pulse;
use rct_core::resolution::{self, Compiled, Facts, MarkStatus, Reason, ResolutionError, Visit};
use std::cell::RefCell;
use std::rc::Rc;

/// Plans that a session keeps; the least recently used goes first.
const KEPT: usize = 64;

thread_local! {
    /// Plans by the digest of their bytes, so that none is ever out of date.
    static PLANS: RefCell<Vec<([u8; 16], Rc<Compiled>)>> = const { RefCell::new(Vec::new()) };
}

/// The plan with a digest. Its bytes are read only if the session does not have it.
fn plan(digest: pgrx::Uuid, bytes: Option<pgrx::AnyElement>) -> Rc<Compiled> {
    let digest = *digest.as_bytes();
    let kept = PLANS.with_borrow_mut(|plans| {
        let at = plans.iter().position(|(d, _)| *d == digest)?;
        if at > 0 {
            let found = plans.remove(at);
            plans.insert(0, found);
        }
        plans.first().map(|(_, plan)| Rc::clone(plan))
    });
    kept.unwrap_or_else(|| {
        let datum = bytes.map(|b| b.datum());
        let bytes = datum.unwrap_or_else(|| raise(CallError::Null("plan")));
        let compiled = Rc::new(or_raise(Compiled::from_json(crate::pg::args::detoasted(
            bytes,
        ))));
        PLANS.with_borrow_mut(|plans| {
            plans.truncate(KEPT - 1);
            plans.insert(0, (digest, Rc::clone(&compiled)));
        });
        compiled
    })
}

fn facts(bytes: Option<&[u8]>, at: i64) -> Facts<'_> {
    or_raise(Facts::decode(bytes.unwrap_or_default())).at(at)
}

fn mark_status(word: &str) -> Result<MarkStatus, ResolutionError> {
    MarkStatus::from_word(word).ok_or_else(|| ResolutionError::UnknownStatus(word.to_owned()))
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// `_assign(digest, plan, facts, user_id, at, site, target)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn resolution_assign(
    digest: Option<pgrx::Uuid>,
    plan_bytes: Option<pgrx::AnyElement>,
    facts_bytes: Option<&[u8]>,
    user_id: Option<&str>,
    at: Option<i64>,
    site: Option<&str>,
    target: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(site, String),
        name!(target, String),
        name!(experiment, Option<String>),
        name!(condition, Option<String>),
        name!(payload, Option<String>),
        name!(levels, Option<String>),
        name!(queue, Option<Vec<String>>),
        name!(reason, &'static str),
    ),
> {
    let (Some(digest), Some(user), Some(at)) = (digest, user_id, at) else {
        return TableIterator::empty();
    };
    let plan = plan(digest, plan_bytes);
    let facts = facts(facts_bytes, at);
    let point = site.map(|site| (site, target.unwrap_or("")));
    let answers = resolution::assign(&plan, &facts, user, at, point);
    // Who asks for one point is told why there is nothing.
    if let (true, Some((site, target))) = (answers.is_empty(), point)
        && plan.has_point(site, target)
    {
        let (site, target) = (site.to_owned(), target.to_owned());
        let reason = Reason::NotRunning.word();
        return TableIterator::once((site, target, None, None, None, None, None, reason));
    }
    let rows: Vec<_> = answers
        .into_iter()
        .map(|a| {
            (
                a.site.to_owned(),
                a.target.to_owned(),
                owned(a.experiment),
                owned(a.condition),
                owned(a.payload),
                owned(a.levels),
                a.queue
                    .map(|q| q.into_iter().map(str::to_owned).collect::<Vec<_>>()),
                a.reason.word(),
            )
        })
        .collect();
    TableIterator::new(rows)
}

/// `_mark(digest, plan, facts, user_id, at, site, target, condition, status, experiment)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
fn resolution_mark(
    digest: Option<pgrx::Uuid>,
    plan_bytes: Option<pgrx::AnyElement>,
    facts_bytes: Option<&[u8]>,
    user_id: Option<&str>,
    at: Option<i64>,
    site: Option<&str>,
    target: Option<&str>,
    condition: Option<&str>,
    status: Option<&str>,
    experiment: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(experiment_id, Option<i64>),
        name!(experiment, Option<String>),
        name!(condition, Option<String>),
        name!(reason, &'static str),
        name!(mismatch, bool),
        name!(preview, bool),
        name!(hash_version, Option<i32>),
        name!(limited, bool),
        name!(repeat, bool),
        name!(allocate_type, Option<String>),
        name!(allocate_id, Option<String>),
        name!(group_id, Option<String>),
        name!(enroll_types, Vec<String>),
        name!(enroll_ids, Vec<String>),
        name!(enroll_conditions, Vec<Option<String>>),
        name!(enroll_codes, Vec<&'static str>),
        name!(exclude_experiments, Vec<i64>),
        name!(exclude_types, Vec<String>),
        name!(exclude_ids, Vec<String>),
        name!(exclude_codes, Vec<&'static str>),
        name!(exclude_groups, Vec<Option<String>>),
    ),
> {
    let user = user_id.unwrap_or_else(|| raise(CallError::Null("user_id")));
    let at = at.unwrap_or_else(|| raise(CallError::Null("at")));
    let plan = match digest {
        Some(digest) => plan(digest, plan_bytes),
        None => Rc::new(Compiled::default()),
    };
    let facts = facts(facts_bytes, at);
    let visit = Visit {
        site: site.unwrap_or(""),
        target: target.unwrap_or(""),
        condition,
        status: or_raise(mark_status(status.unwrap_or(MarkStatus::Applied.word()))),
        experiment,
    };
    let m = or_raise(resolution::mark(&plan, &facts, user, at, &visit));
    let group_id = m.enroll.iter().find_map(|row| row.group_id.clone());
    let (allocate_type, allocate_id) = m.unit.unzip();
    let mut row = (
        m.experiment_id,
        m.experiment,
        m.condition,
        m.reason.word(),
        m.mismatch,
        facts.preview,
        m.experiment_id.and_then(|id| plan.hash_version(id)),
        m.limited,
        m.repeat,
        allocate_type,
        allocate_id,
        group_id,
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
        Vec::new(),
    );
    for enroll in m.enroll {
        row.12.push(enroll.unit_type);
        row.13.push(enroll.unit_id);
        row.14.push(enroll.condition);
        row.15.push(enroll.code.word());
    }
    for exclude in m.exclude {
        row.16.push(exclude.experiment_id);
        row.17.push(exclude.unit_type);
        row.18.push(exclude.unit_id);
        row.19.push(exclude.code.word());
        row.20.push(exclude.group_id);
    }
    TableIterator::once(row)
}

/// `_explain(digest, plan, facts, user_id, at, site, target)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn resolution_explain(
    digest: Option<pgrx::Uuid>,
    plan_bytes: Option<pgrx::AnyElement>,
    facts_bytes: Option<&[u8]>,
    user_id: Option<&str>,
    at: Option<i64>,
    site: Option<&str>,
    target: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(step, i32),
        name!(rule, &'static str),
        name!(outcome, String),
        name!(detail, String),
    ),
> {
    let user = user_id.unwrap_or_else(|| raise(CallError::Null("user_id")));
    let at = at.unwrap_or_else(|| raise(CallError::Null("at")));
    let digest = digest.unwrap_or_else(|| raise(CallError::Null("digest")));
    let plan = plan(digest, plan_bytes);
    let facts = facts(facts_bytes, at);
    let (site, target) = (site.unwrap_or(""), target.unwrap_or(""));
    let steps = resolution::explain(&plan, &facts, user, at, site, target);
    TableIterator::new(
        (1..)
            .zip(steps)
            .map(|(n, s)| (n, s.rule, s.outcome, s.detail)),
    )
}

/// `_facts_text(facts, at)`
#[pg_extern(sql = false)]
fn resolution_facts_text(facts_bytes: Option<&[u8]>, at: Option<i64>) -> String {
    let at = at.unwrap_or_else(|| raise(CallError::Null("at")));
    format!("{:?}", facts(facts_bytes, at))
}

/// `_pool(digest, plan, experiment)`
#[pg_extern(sql = false)]
fn resolution_pool(digest: pgrx::Uuid, plan_bytes: pgrx::AnyElement, experiment: &str) -> Vec<i64> {
    plan(digest, Some(plan_bytes)).pool_ids(experiment)
}

/// Fields of a fact, after the state and the kind.
const FIRST_FIELD: usize = 2;
/// What a field takes at most besides its bytes.
const FIELD_BYTES: usize = 8;

pg_functions! {
    /// Transition of `_pack(kind, a, b, c, d, e, f)`. A NULL kind adds nothing: the user is known, and that is all.
    fn rct_pack_step, pg_finfo_rct_pack_step(args) {
        // SAFETY: argument 0 is the state of this aggregate.
        let packed = unsafe { state::get_or_init(&args, Vec::<u8>::new) };
        if let Some(kind) = args.bytes(1).and_then(<[u8]>::first) {
            let fields: [Option<&[u8]>; 6] = std::array::from_fn(|i| args.bytes(FIRST_FIELD + i));
            let more: usize = fields.iter().flatten().map(|f| f.len() + FIELD_BYTES).sum();
            if packed.capacity() - packed.len() < more {
                pulse::room(2 * (packed.len() + more));
            }
            resolution::pack(packed, *kind, fields);
        }
        state::pointer(packed)
    }

    /// Merges two states.
    fn rct_pack_combine, pg_finfo_rct_pack_combine(args) {
        // SAFETY: both arguments are states of this aggregate.
        let Some(other) = (unsafe { state::get::<Vec<u8>>(&args, 1) }) else {
            return args.datum(0).unwrap_or_else(|| result::null(&args));
        };
        // SAFETY: as above.
        let packed = unsafe { state::get_or_init(&args, Vec::<u8>::new) };
        pulse::room(2 * (packed.len() + other.len()));
        packed.extend_from_slice(other);
        state::pointer(packed)
    }

    /// State to bytes.
    fn rct_pack_serial, pg_finfo_rct_pack_serial(args) {
        // SAFETY: the argument is a state of this aggregate.
        let packed = unsafe { state::get::<Vec<u8>>(&args, 0) };
        result::varlena(packed.map_or(&[], Vec::as_slice))
    }

    /// Bytes to state.
    fn rct_pack_deserial, pg_finfo_rct_pack_deserial(args) {
        let bytes = args.bytes(0).unwrap_or_default();
        pulse::room(bytes.len());
        state::put(&args, bytes.to_vec())
    }

    /// Result.
    fn rct_pack_final, pg_finfo_rct_pack_final(args) {
        // SAFETY: the argument is a state of this aggregate.
        match unsafe { state::get::<Vec<u8>>(&args, 0) } {
            Some(packed) => result::varlena(packed),
            None => result::null(&args),
        }
    }
}
