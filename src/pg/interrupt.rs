//! Long computations of the core stop when the statement is cancelled, its time is up, or memory is short.

use super::memory;
use rct_core::pulse::{self, Host};

/// Tells the core whom to ask.
pub fn register() {
    pulse::install(Host {
        beat,
        room: memory::room,
    });
}

/// Raises the error of a statement that is to stop; unwinds, so that Rust values are dropped on the way.
fn beat() {
    memory::check();
    pgrx::check_for_interrupts!();
}
