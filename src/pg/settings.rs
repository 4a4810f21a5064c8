//! Settings. None of them changes a result: they are limits and confirmations.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use rct_core::budget::Budget;

static MEMORY_LIMIT: GucSetting<i32> = GucSetting::<i32>::new(256 * 1024);

static CONFIRM_DROP: GucSetting<bool> = GucSetting::<bool>::new(false);

thread_local! {
    static BUDGET: Budget = Budget::unlimited();
}

/// Defines the settings.
pub fn register() {
    GucRegistry::define_int_guc(
        c"rct.memory_limit",
        c"Memory that pg_rct may hold in one process: arguments, states of aggregates, work and results.",
        c"A query that needs more fails with SQLSTATE 54000. Each parallel worker has its own limit. Only superusers, and roles that were granted it, can change this setting.",
        &MEMORY_LIMIT,
        64,
        i32::MAX,
        GucContext::Suset,
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

/// The limit as it is set now, in bytes.
pub fn memory_limit() -> usize {
    usize::try_from(MEMORY_LIMIT.get())
        .unwrap_or(0)
        .saturating_mul(1024)
}

/// The ledger of the aggregate states of this process, with the limit as it is set now.
pub fn budget() -> Budget {
    BUDGET.with(|b| {
        b.set_limit(memory_limit());
        b.clone()
    })
}
