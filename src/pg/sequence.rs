//! Numbers of rows, from sequences that may be behind.
//!
//! Logical replication copies rows and leaves sequences where they are. The first number that a session takes of a sequence
//! is therefore compared with the rows, and so is the first after a transaction that failed.

use super::error::{CallError, raise};
use super::lock::{self, Kind};
use super::query;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::ffi::{CString, c_void};

thread_local! {
    static COMPARED: RefCell<Vec<pg_sys::Oid>> = const { RefCell::new(Vec::new()) };
}

/// Forgets what was compared whenever a transaction fails: it may have failed for a number that was taken.
pub fn register() {
    // SAFETY: called once from _PG_init; the callbacks take no argument.
    unsafe {
        pg_sys::RegisterXactCallback(Some(transaction_ended), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(subtransaction_ended), std::ptr::null_mut());
    }
}

unsafe extern "C-unwind" fn transaction_ended(event: pg_sys::XactEvent::Type, _: *mut c_void) {
    if event == pg_sys::XactEvent::XACT_EVENT_ABORT {
        COMPARED.with_borrow_mut(Vec::clear);
    }
}

unsafe extern "C-unwind" fn subtransaction_ended(
    event: pg_sys::SubXactEvent::Type,
    _: pg_sys::SubTransactionId,
    _: pg_sys::SubTransactionId,
    _: *mut c_void,
) {
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        COMPARED.with_borrow_mut(Vec::clear);
    }
}

/// The next number for a row of `rct.<table>`, of the sequence `rct.<table>_id_seq`.
pub fn next(table: &str) -> pg_sys::Datum {
    let name = format!("{table}_id_seq");
    let c_name = CString::new(name.as_str()).unwrap_or_default();
    // SAFETY: look-ups in the catalog, and a call of nextval, which checks the rights of the user.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"rct".as_ptr(), false);
        let sequence = pg_sys::get_relname_relid(c_name.as_ptr(), schema);
        if sequence == pg_sys::InvalidOid {
            raise(CallError::NoSequence(name));
        }
        if !COMPARED.with_borrow(|compared| compared.contains(&sequence)) {
            lock::alone(Kind::Sequence, name.as_bytes(), || catch_up(table, &name));
            COMPARED.with_borrow_mut(|compared| compared.push(sequence));
        }
        let number: Option<i64> =
            pgrx::direct_function_call(pg_sys::nextval_oid, &[Some(pg_sys::Datum::from(sequence))]);
        pg_sys::Datum::from(number.unwrap_or_default())
    }
}

/// Moves the sequence to the largest number in use, if it is behind that; never back.
fn catch_up(table: &str, sequence: &str) {
    let sql = format!(
        "SELECT pg_catalog.setval('rct.{sequence}'::pg_catalog.regclass, m.id)
         FROM (SELECT pg_catalog.max(t.id) AS id FROM rct.{table} t) m, rct.{sequence} s
         WHERE m.id OPERATOR(pg_catalog.>) s.last_value OR m.id OPERATOR(pg_catalog.=) s.last_value AND NOT s.is_called"
    );
    query::run(&CString::new(sql).unwrap_or_default());
}
