//! States of aggregates: Rust values owned by the aggregate's memory context.
//!
//! The state argument is of type `internal`, a bare pointer. The value is dropped when Postgres resets or deletes the
//! context, also after an error.

use super::args::Args;
use super::error::{CallError, raise};
use pgrx::{PgMemoryContexts, pg_sys};

/// The memory context that lives as long as the group; an error outside of an aggregate.
fn aggregate_context(args: &Args<'_>) -> PgMemoryContexts {
    let mut context: pg_sys::MemoryContext = std::ptr::null_mut();
    // SAFETY: fcinfo is that of the running call.
    if unsafe { pg_sys::AggCheckCallContext(args.fcinfo(), &mut context) } == 0 {
        raise(CallError::NotAggregate);
    }
    PgMemoryContexts::For(context)
}

/// The state in argument 0, to change; made by `init` at the first row.
///
/// # Safety
/// Argument 0 must be the state of an aggregate whose support functions all use `T`.
#[inline(always)]
pub unsafe fn get_or_init<'a, T>(args: &Args<'_>, init: impl FnOnce() -> T) -> &'a mut T {
    let pointer = match args.datum(0) {
        // The hot path: Postgres hands out internal pointers only to the aggregate's own functions.
        Some(datum) => datum.cast_mut_ptr::<T>(),
        None => aggregate_context(args).leak_and_drop_on_delete(init()),
    };
    // SAFETY: a pointer that this function has returned for this group, by contract.
    unsafe { &mut *pointer }
}

/// A state argument, to read.
///
/// # Safety
/// The argument must be NULL or a state of type `T`.
pub unsafe fn get<'a, T>(args: &Args<'_>, i: usize) -> Option<&'a T> {
    // SAFETY: by contract.
    args.datum(i).map(|d| unsafe { &*d.cast_mut_ptr::<T>() })
}

/// A new state in the memory context of the group.
pub fn put<T>(args: &Args<'_>, value: T) -> pg_sys::Datum {
    pointer(aggregate_context(args).leak_and_drop_on_delete(value))
}

/// A state as a result.
pub fn pointer<T>(state: *mut T) -> pg_sys::Datum {
    pg_sys::Datum::from(state)
}

/// A state argument, to read after what it has kept back is entered.
///
/// # Safety
/// The argument must be NULL or a state of type `T` to which nothing else points.
pub unsafe fn get_mut<'a, T>(args: &Args<'_>, i: usize) -> Option<&'a mut T> {
    // SAFETY: by contract.
    args.datum(i)
        .map(|d| unsafe { &mut *d.cast_mut_ptr::<T>() })
}
