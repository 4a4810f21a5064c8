//! C functions of version 1 without per-call boxing, for the support functions of aggregates and types.

/// Defines C functions `name, record(args) -> Datum`: the function with a guard that turns panics and core errors into
/// Postgres errors, and the record by which Postgres recognizes it, which must be called `pg_finfo_name`.
macro_rules! pg_functions {
    ($($(#[$meta:meta])* fn $name:ident, $record:ident($args:ident) $body:block)*) => { $(
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $record() -> &'static pgrx::pg_sys::Pg_finfo_record {
            const V1: pgrx::pg_sys::Pg_finfo_record = pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }

        $(#[$meta])*
        ///
        /// # Safety
        /// To be called by Postgres only.
        #[allow(unused_braces)]
        #[pgrx::pg_guard]
        #[unsafe(no_mangle)]
        pub unsafe extern "C-unwind" fn $name(fcinfo: pgrx::pg_sys::FunctionCallInfo) -> pgrx::pg_sys::Datum {
            // SAFETY: fcinfo is what Postgres passed.
            let $args = unsafe { $crate::pg::args::Args::new(fcinfo) };
            $body
        }
    )* };
}

pub(crate) use pg_functions;
