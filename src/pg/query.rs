//! Fixed queries on the tables of the extension.

use super::error::{CallError, raise};
use pgrx::pg_sys;
use std::ffi::CStr;

/// Runs a query for what it does.
pub fn run(sql: &CStr) {
    select(sql, || ());
}

/// Whether a query gives true in its first row and column.
pub fn is_true(sql: &CStr) -> bool {
    // SAFETY: called while the result of a SELECT is there.
    select(sql, || unsafe {
        let table = pg_sys::SPI_tuptable;
        if pg_sys::SPI_processed == 0 || table.is_null() {
            return false;
        }
        let mut is_null = false;
        let row = *(*table).vals;
        let value = pg_sys::SPI_getbinval(row, (*table).tupdesc, 1, &mut is_null);
        !is_null && value.value() as u8 != 0
    })
}

fn select<T>(sql: &CStr, read: impl FnOnce() -> T) -> T {
    // SAFETY: connect, execute, read, finish, as SPI wants it.
    unsafe {
        if pg_sys::SPI_connect() != pg_sys::SPI_OK_CONNECT as i32 {
            raise(CallError::Spi("connect"));
        }
        if pg_sys::SPI_execute(sql.as_ptr(), false, 0) != pg_sys::SPI_OK_SELECT as i32 {
            raise(CallError::Spi("select"));
        }
        let value = read();
        pg_sys::SPI_finish();
        value
    }
}
