//! What the core promises its host: memory that grows with the input is announced before it is taken; the host is asked
//! often enough to stop a call; and a call that is stopped leaves nothing behind. The clock of the wall does not matter:
//! what is measured is the processor time of the thread itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(unsafe_code)]

mod calls;
mod watch;

use calls::{Inputs, calls};
use watch::watch;

/// Processor time between two beats, in nanoseconds: a server must stop within 100 ms.
pub const LONGEST: u64 = 100_000_000;
/// A call that is over so soon need not ask its host.
const SHORT: u64 = 5_000_000;
/// How often a call is watched if it seems to be longer without a beat.
const TRIES: usize = 5;

fn only() -> Option<String> {
    std::env::var("RCT_CALL").ok()
}

#[test]
fn memory_is_announced_and_beats_come_often() {
    let inputs = Inputs::new(250_000);
    let mut broken = Vec::new();
    for (name, call) in calls(&inputs) {
        if only().is_some_and(|o| o != name) {
            continue;
        }
        let mut seen = watch(&*call, 0);
        // The processor may be shared with others, who now and then are in the way: so the best of some tries counts.
        for _ in 1..TRIES {
            if seen.longest.0 <= LONGEST {
                break;
            }
            let again = watch(&*call, 0);
            if again.longest.0 < seen.longest.0 {
                seen.longest = again.longest;
            }
        }
        println!(
            "{name}: asked {} times, at most {:.1} ms apart",
            seen.asked,
            seen.longest.0 as f64 / 1e6
        );
        if seen.failed {
            broken.push(format!("{name} failed"));
        }
        if let Some((bytes, place)) = seen.unannounced {
            broken.push(format!(
                "{name}: {bytes} bytes were not announced\n{}",
                shown(&place)
            ));
        }
        if seen.longest.0 > LONGEST {
            broken.push(format!(
                "{name}: {} ms without a beat\n{}",
                seen.longest.0 / 1_000_000,
                shown(&seen.longest.1)
            ));
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// The lines of a backtrace that are of this project.
fn shown(place: &str) -> String {
    let ours = |line: &&str| line.contains("rct_core") && !line.contains("pulse");
    place
        .lines()
        .filter(ours)
        .take(6)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_stop_leaves_nothing_behind() {
    let inputs = Inputs::new(6_000);
    for (name, call) in calls(&inputs) {
        if only().is_some_and(|o| o != name) {
            continue;
        }
        watch(&*call, 0);
        let whole = watch(&*call, 0);
        assert!(!whole.failed, "{name} failed");
        assert!(
            whole.asked > 0 || whole.longest.0 < SHORT,
            "{name} does not ask its host"
        );
        assert_eq!(whole.left, 0, "{name} keeps memory");
        let places = (1..=16).chain((1..=16).map(|i| whole.asked * i / 16));
        for place in places.filter(|p| (1..=whole.asked).contains(p)) {
            let seen = watch(&*call, place);
            assert!(
                seen.stopped,
                "{name} was not stopped at {place} of {}",
                whole.asked
            );
            assert_eq!(
                seen.left, 0,
                "{name}, stopped at {place} of {}, keeps memory",
                whole.asked
            );
        }
    }
}
