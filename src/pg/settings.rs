//! Settings. None of them changes a result: they are limits and confirmations.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use rct_core::budget::Budget;

static STATE_MEMORY_LIMIT: GucSetting<i32> = GucSetting::<i32>::new(256 * 1024);

static CONFIRM_DROP: GucSetting<bool> = GucSetting::<bool>::new(false);

thread_local! {
    static BUDGET: Budget = Budget::unlimited();
}

/// Defines the settings.
pub fn register() {
    GucRegistry::define_int_guc(
        c"rct.state_memory_limit",
        c"Memory that all aggregate states of pg_rct may hold together in one process.",
        c"A query that needs more fails with SQLSTATE 54000. Each parallel worker has its own limit.",
        &STATE_MEMORY_LIMIT,
        64,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_bool_guc(
        c"rct.confirm_drop",
        c"Lets DROP EXTENSION pg_rct drop the records of experiments too.",
        c"Without it, the command is refused while there are records.",
        &CONFIRM_DROP,
        GucContext::Userset,
        GucFlags::default(),
    );
    // SAFETY: called from _PG_init with a static string.
    unsafe {
        pgrx::pg_sys::MarkGUCPrefixReserved(c"rct".as_ptr());
    }
}

/// Whether records may be dropped with the extension.
pub fn confirm_drop() -> bool {
    CONFIRM_DROP.get()
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
