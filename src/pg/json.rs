//! `jsonb` arguments as text. The core reads it: parsers that build a value first give up on what Postgres accepts.

use pgrx::pg_sys;

/// The text that Postgres writes for a `jsonb`.
pub fn text(datum: pg_sys::Datum) -> String {
    // SAFETY: arguments that are read so are declared as jsonb in SQL; jsonb_out gives a C string or raises.
    let written =
        unsafe { pgrx::direct_function_call::<&std::ffi::CStr>(pg_sys::jsonb_out, &[Some(datum)]) };
    written.map_or_else(String::new, |w| w.to_string_lossy().into_owned())
}
