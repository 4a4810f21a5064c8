//! Settings. None of them changes a result: they are limits.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use rct_core::budget::Budget;

static STATE_MEMORY_LIMIT: GucSetting<i32> = GucSetting::<i32>::new(256 * 1024);

thread_local! {
    static BUDGET: Budget = Budget::unlimited();
}

/// Defines the settings.
pub fn register() {
    GucRegistry::define_int_guc(
        c"rct.memory_limit",
        c"Memory that all aggregate states of pg_rct may hold together in one process.",
        c"A query that needs more fails with SQLSTATE 54000. Each parallel worker has its own limit.",
        &STATE_MEMORY_LIMIT,
        64,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    // SAFETY: called from _PG_init with a static string.
    unsafe {
        pgrx::pg_sys::MarkGUCPrefixReserved(c"rct".as_ptr());
    }
}

/// The ledger of this process, with the limit as it is set now.
pub fn budget() -> Budget {
    let limit = usize::try_from(STATE_MEMORY_LIMIT.get())
        .unwrap_or(0)
        .saturating_mul(1024);
    BUDGET.with(|b| {
        b.set_limit(limit);
        b.clone()
    })
}
