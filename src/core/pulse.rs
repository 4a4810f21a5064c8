//! A long computation tells its host that it is still at work, so that the host can stop it.
//!
//! Loops call [`beat`] at least every few milliseconds. The host installs one function for the process, which may unwind
//! (Postgres does, when the statement is cancelled or its time is up); without a host nothing happens.

use std::sync::OnceLock;

static HOST: OnceLock<fn()> = OnceLock::new();

/// Installs the function of the host, once; later calls change nothing.
pub fn install(host: fn()) {
    let _ = HOST.set(host);
}

/// Lets the host stop the computation. May not return.
#[inline]
pub fn beat() {
    if let Some(host) = HOST.get() {
        host();
    }
}

/// Calls [`beat`] once in `every` calls of [`Pulse::tick`], for loops whose rounds are short.
#[derive(Debug)]
pub struct Pulse {
    every: u32,
    left: u32,
}

impl Pulse {
    /// A beat after `every` ticks.
    pub fn every(every: u32) -> Self {
        Pulse { every, left: every }
    }

    /// One round of the loop.
    #[inline]
    pub fn tick(&mut self) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.left = self.every;
            beat();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn the_host_is_called_once_in_so_many_ticks() {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        install(|| {
            CALLS.fetch_add(1, Ordering::Relaxed);
        });
        let before = CALLS.load(Ordering::Relaxed);
        let mut pulse = Pulse::every(10);
        (0..100).for_each(|_| pulse.tick());
        assert!(CALLS.load(Ordering::Relaxed) - before >= 10);
    }
}
