//! Results of C functions.

use super::error::{CallError, raise};
use pgrx::pg_sys;
use pgrx::varlena::set_varsize_4b;

/// Largest value that Postgres stores, header included.
const LIMIT: usize = 0x3fff_ffff;

/// NULL.
pub fn null(args: &super::args::Args<'_>) -> pg_sys::Datum {
    // SAFETY: fcinfo is that of the running call.
    unsafe { (*args.fcinfo()).isnull = true };
    pg_sys::Datum::from(0)
}

/// Nothing, of a function that is called for what it does.
pub fn void() -> pg_sys::Datum {
    pg_sys::Datum::from(0)
}

/// A `double precision`, or NULL.
pub fn number(args: &super::args::Args<'_>, value: Option<f64>) -> pg_sys::Datum {
    match value {
        Some(v) => pg_sys::Datum::from(v.to_bits() as i64),
        None => null(args),
    }
}

/// A `boolean`.
pub fn boolean(value: bool) -> pg_sys::Datum {
    pg_sys::Datum::from(usize::from(value))
}

/// A `text`, `bytea` or `rct.sketch` with these bytes, in the current memory context.
pub fn varlena(bytes: &[u8]) -> pg_sys::Datum {
    let size = bytes.len() + pg_sys::VARHDRSZ;
    if size > LIMIT {
        raise(CallError::TooLarge(bytes.len()));
    }
    // SAFETY: palloc gives size writable bytes or raises; the header is written before the value is seen.
    unsafe {
        let pointer = pg_sys::palloc(size).cast::<pg_sys::varlena>();
        set_varsize_4b(pointer, size as i32);
        std::ptr::copy_nonoverlapping(
            bytes.as_ptr(),
            pointer.cast::<u8>().add(pg_sys::VARHDRSZ),
            bytes.len(),
        );
        pg_sys::Datum::from(pointer)
    }
}

/// A `cstring` in the current memory context.
pub fn cstring(text: &str) -> pg_sys::Datum {
    if text.len() > LIMIT - 1 {
        raise(CallError::TooLarge(text.len()));
    }
    // SAFETY: palloc gives len + 1 writable bytes or raises.
    unsafe {
        let pointer = pg_sys::palloc(text.len() + 1).cast::<u8>();
        std::ptr::copy_nonoverlapping(text.as_ptr(), pointer, text.len());
        *pointer.add(text.len()) = 0;
        pg_sys::Datum::from(pointer)
    }
}

/// A `uuid` of 16 bytes in the current memory context.
pub fn uuid(bytes: [u8; 16]) -> pg_sys::Datum {
    // SAFETY: palloc gives 16 writable bytes or raises.
    unsafe {
        let pointer = pg_sys::palloc(16).cast::<[u8; 16]>();
        *pointer = bytes;
        pg_sys::Datum::from(pointer)
    }
}
