//! Waiting for something to happen, however long it takes on a busy machine.

use std::thread::sleep;
use std::time::Duration;

/// Looks again and again until it is so. Gives up after many looks, so that a test that can never pass ends.
pub fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    const LOOKS: u32 = 100_000;
    for _ in 0..LOOKS {
        if so() {
            return;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("not so after {LOOKS} looks: {what}");
}
