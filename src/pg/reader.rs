//! Relations of the district are read with rights that the code in them cannot misuse.
//!
//! A view, a row-level-security predicate, a cast or a type brings code of its owner. It runs here as a role that can do
//! nothing, or as the caller, who could have read the relation without us; in a security-restricted operation, as in
//! the checks of foreign keys; in a subtransaction that is read-only and always rolled back, so that whatever it writes or
//! sets is undone. All of it has run before the rows, which are plain values, reach functions with the rights of the owner.

use super::args::Args;
use super::error::{CallError, raise};
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Queries that a session keeps prepared: there is one registered roster.
const KEPT: usize = 4;

thread_local! {
    static PLANS: RefCell<Vec<(CString, pg_sys::SPIPlanPtr)>> = const { RefCell::new(Vec::new()) };
}

// Not among the bindings of pgrx. It fills in a struct and raises nothing, so it needs no guard.
unsafe extern "C-unwind" {
    fn SetTuplestoreDestReceiverParams(
        receiver: *mut pg_sys::DestReceiver,
        store: *mut pg_sys::Tuplestorestate,
        context: pg_sys::MemoryContext,
        detoast: bool,
        target: pg_sys::TupleDesc,
        map_failure: *const std::ffi::c_char,
    );
}

/// The role as which the running function reads: the caller, unless that is a superuser or has the rights of the extension's
/// owner, who never run code of others. Then it is the reader that the district has named.
fn role(args: &Args<'_>, reader: Option<&str>) -> pg_sys::Oid {
    // SAFETY: plain look-ups in the catalog.
    unsafe {
        let caller = pg_sys::GetUserId();
        let owner = owner(args);
        if !pg_sys::superuser_arg(caller) && !pg_sys::has_privs_of_role(caller, owner) {
            return caller;
        }
        let Some(name) = reader else {
            raise(CallError::NoReader)
        };
        let c_name = CString::new(name).unwrap_or_default();
        let role = pg_sys::get_role_oid(c_name.as_ptr(), true);
        if role == pg_sys::InvalidOid {
            raise(CallError::ReaderMissing(name.to_owned()));
        }
        if pg_sys::superuser_arg(role) || pg_sys::has_privs_of_role(role, owner) {
            raise(CallError::ReaderPowerful(name.to_owned()));
        }
        role
    }
}

/// The owner of the running function, who is that of the extension.
pub fn owner(args: &Args<'_>) -> pg_sys::Oid {
    // SAFETY: the function exists as long as it runs; its owner is never NULL.
    unsafe {
        let function = (*(*args.fcinfo()).flinfo).fn_oid;
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(function));
        if tuple.is_null() {
            raise(CallError::NoReader);
        }
        let mut is_null = false;
        let attribute = pg_sys::Anum_pg_proc_proowner as pg_sys::AttrNumber;
        let datum = pg_sys::SysCacheGetAttr(cache, tuple, attribute, &mut is_null);
        let owner = pg_sys::Oid::from(datum.value() as u32);
        pg_sys::ReleaseSysCache(tuple);
        owner
    }
}

/// A query on a relation of the district, with a text and a time as its parameters.
pub struct Query {
    /// The text of the query; every cast and operator in it is qualified.
    pub sql: CString,
    /// Whether it comes again and again.
    pub keep: bool,
    /// `$1`, a text.
    pub text: Option<pg_sys::Datum>,
    /// `$2`, a time.
    pub time: Option<pg_sys::Datum>,
}

/// Runs the query and returns its rows, which go straight to where Postgres reads them, on disk if they are many.
pub fn rows(args: &Args<'_>, reader: Option<&str>, query: &Query) -> pg_sys::Datum {
    let role = role(args, reader);
    // SAFETY: Postgres calls functions that return sets with a ReturnSetInfo. The end of the subtransaction puts back the
    // user, the settings and the read-only flag, after an error too; the store belongs to the outer transaction.
    unsafe {
        let info = (*args.fcinfo()).resultinfo.cast::<pg_sys::ReturnSetInfo>();
        if info.is_null()
            || (*info).allowedModes & pg_sys::SetFunctionReturnMode::SFRM_Materialize as i32 == 0
        {
            raise(CallError::NoSet);
        }
        let context = (*(*info).econtext).ecxt_per_query_memory;
        let before = pg_sys::MemoryContextSwitchTo(context);
        let desc = pg_sys::CreateTupleDescCopy((*info).expectedDesc);
        let store = pg_sys::tuplestore_begin_heap(false, false, pg_sys::work_mem);
        pg_sys::MemoryContextSwitchTo(before);

        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(before);
        let (mut user, mut security) = (pg_sys::InvalidOid, 0);
        pg_sys::GetUserIdAndSecContext(&mut user, &mut security);
        let restricted =
            pg_sys::SECURITY_RESTRICTED_OPERATION | pg_sys::SECURITY_LOCAL_USERID_CHANGE;
        pg_sys::SetUserIdAndSecContext(role, security | restricted as i32);
        pg_sys::set_config_option(
            c"search_path".as_ptr(),
            c"pg_catalog, pg_temp".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
        pg_sys::XactReadOnly = true;

        let done = catch_unwind(AssertUnwindSafe(|| execute(query, store, context, desc)));

        pg_sys::RollbackAndReleaseCurrentSubTransaction();
        pg_sys::MemoryContextSwitchTo(before);
        pg_sys::CurrentResourceOwner = owner;
        if let Err(error) = done {
            resume_unwind(error);
        }

        (*info).returnMode = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
        (*info).setResult = store;
        (*info).setDesc = desc;
        (*args.fcinfo()).isnull = true;
    }
    pg_sys::Datum::from(0)
}

/// # Safety
/// The store and the description must be alive in the context.
unsafe fn execute(
    query: &Query,
    store: *mut pg_sys::Tuplestorestate,
    context: pg_sys::MemoryContext,
    desc: pg_sys::TupleDesc,
) {
    // SAFETY: by contract, and as SPI wants it: connect, prepare, execute, finish.
    unsafe {
        if pg_sys::SPI_connect() != pg_sys::SPI_OK_CONNECT as i32 {
            raise(CallError::Spi("connect"));
        }
        let plan = plan(query);
        let params = pg_sys::makeParamList(2);
        let given = [
            (pg_sys::TEXTOID, query.text),
            (pg_sys::TIMESTAMPTZOID, query.time),
        ];
        let slots = (*params).params.as_mut_slice(given.len());
        for (slot, (kind, value)) in slots.iter_mut().zip(given) {
            slot.value = value.unwrap_or(pg_sys::Datum::from(0));
            slot.isnull = value.is_none();
            slot.pflags = pg_sys::PARAM_FLAG_CONST as u16;
            slot.ptype = kind;
        }
        let receiver = pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestTuplestore);
        SetTuplestoreDestReceiverParams(receiver, store, context, true, desc, c"row".as_ptr());
        let options = pg_sys::SPIExecuteOptions {
            params,
            read_only: true,
            dest: receiver,
            ..Default::default()
        };
        let done = pg_sys::SPI_execute_plan_extended(plan, &options);
        if done != pg_sys::SPI_OK_SELECT as i32 {
            raise(CallError::Spi("select"));
        }
        pg_sys::SPI_finish();
    }
}

/// # Safety
/// SPI must be connected.
unsafe fn plan(query: &Query) -> pg_sys::SPIPlanPtr {
    let kept = PLANS.with_borrow(|plans| {
        let found = plans.iter().find(|(sql, _)| *sql == query.sql);
        found.map(|(_, plan)| *plan)
    });
    if let Some(plan) = kept {
        return plan;
    }
    let mut types = [pg_sys::TEXTOID, pg_sys::TIMESTAMPTZOID];
    // SAFETY: SPI is connected; a kept plan outlives the call.
    unsafe {
        let plan = pg_sys::SPI_prepare(query.sql.as_ptr(), 2, types.as_mut_ptr());
        if plan.is_null() {
            raise(CallError::Spi("prepare"));
        }
        if query.keep && pg_sys::SPI_keepplan(plan) == 0 {
            PLANS.with_borrow_mut(|plans| {
                if plans.len() == KEPT {
                    let (_, oldest) = plans.remove(0);
                    pg_sys::SPI_freeplan(oldest);
                }
                plans.push((query.sql.clone(), plan));
            });
        }
        plan
    }
}

/// The quoted and qualified name of the relation in an argument of type `regclass`; `None` for NULL.
pub fn relation_name(args: &Args<'_>, i: usize) -> Option<String> {
    let relation = pg_sys::Oid::from(args.datum(i)?.value() as u32);
    // SAFETY: look-ups in the catalog; they give NULL for what does not exist.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if name.is_null() || schema.is_null() {
            raise(CallError::NoRelation(relation.to_u32()));
        }
        let quoted = pg_sys::quote_qualified_identifier(schema, name);
        Some(CStr::from_ptr(quoted).to_string_lossy().into_owned())
    }
}

/// The text of a query. Names in a database hold no NUL byte.
pub fn query_text(sql: String) -> CString {
    CString::new(sql).unwrap_or_default()
}
