//! Long computations of the core stop when the statement is cancelled or its time is up.

/// Tells the core whom to ask.
pub fn register() {
    rct_core::pulse::install(check);
}

/// Raises the error of a cancelled statement, if it is; unwinds, so that Rust values are dropped on the way.
fn check() {
    pgrx::check_for_interrupts!();
}
