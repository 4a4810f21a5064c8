//! A host that watches: what is taken without an announcement, how long it is not asked, and what is left after a stop.

use rct_core::pulse::{self, Host};
use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What may be taken without an announcement after the host was last asked: the reserve of the server.
pub const SMALL: usize = 4 << 20;
/// Announcements below this are not tried out by the server, so they count for nothing more than the question.
const TRIED: usize = 1 << 20;

thread_local! {
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    static LIVE: Cell<usize> = const { Cell::new(0) };
    /// Bytes that may be live: announced, or small.
    static ALLOWED: Cell<usize> = const { Cell::new(0) };
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static STOP_AT: Cell<u64> = const { Cell::new(0) };
    static LAST: Cell<u64> = const { Cell::new(0) };
    static LONGEST: Cell<u64> = const { Cell::new(0) };
    static UNANNOUNCED: RefCell<Option<(usize, String)>> = const { RefCell::new(None) };
    static SLOWEST: RefCell<String> = const { RefCell::new(String::new()) };
}

struct Watched;

#[global_allocator]
static ALLOCATOR: Watched = Watched;

fn take(bytes: usize) {
    let live = LIVE.get().wrapping_add(bytes);
    LIVE.set(live);
    if WATCHING.get() && live > ALLOWED.get() {
        WATCHING.set(false);
        let place = Backtrace::force_capture().to_string();
        UNANNOUNCED.with_borrow_mut(|u| {
            u.get_or_insert((live - ALLOWED.get(), place));
        });
    }
}

fn give(bytes: usize) {
    LIVE.set(LIVE.get().wrapping_sub(bytes));
}

// SAFETY: everything is passed to the allocator of the system.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: by the contract of this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: by the contract of this function.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // For a moment there can be both.
        take(size);
        give(layout.size());
        // SAFETY: by the contract of this function.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        give(layout.size());
        // SAFETY: by the contract of this function.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}

unsafe extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

/// Nanoseconds of processor time that this thread has used: what other processes do does not count.
fn used() -> u64 {
    const OF_THIS_THREAD: i32 = 3;
    let mut time = Timespec {
        seconds: 0,
        nanoseconds: 0,
    };
    // SAFETY: the clock exists on Linux, and the pointer is to a valid place.
    unsafe { clock_gettime(OF_THIS_THREAD, &mut time) };
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}

struct Stop;

fn asked() {
    let asked = ASKED.get() + 1;
    ASKED.set(asked);
    if asked == STOP_AT.get() {
        resume_unwind(Box::new(Stop));
    }
}

fn beat() {
    asked();
    ALLOWED.set(ALLOWED.get().max(LIVE.get() + SMALL));
    let now = used();
    let since = now - LAST.get();
    if since > LONGEST.get() {
        LONGEST.set(since);
        if since > super::LONGEST && WATCHING.replace(false) {
            let place = Backtrace::force_capture().to_string();
            SLOWEST.set(place);
            WATCHING.set(true);
        }
    }
    LAST.set(used());
}

fn room(bytes: usize) {
    asked();
    let announced = if bytes < TRIED { SMALL } else { bytes };
    ALLOWED.set(ALLOWED.get().max(LIVE.get() + announced));
}

/// What a host sees of a call.
#[derive(Debug)]
pub struct Seen {
    /// Bytes taken beyond what was announced, and where that was first so.
    pub unannounced: Option<(usize, String)>,
    /// Longest processor time between two beats, in nanoseconds, and where it ended.
    pub longest: (u64, String),
    /// How often the host was asked.
    pub asked: u64,
    /// Bytes that are live now and were not before.
    pub left: isize,
    /// The call was stopped.
    pub stopped: bool,
    /// The call failed.
    pub failed: bool,
}

/// Runs a call, and stops it when the host is asked for the `stop_at`th time; 0 is never.
pub fn watch(call: &dyn Fn(), stop_at: u64) -> Seen {
    pulse::install(Host { beat, room });
    UNANNOUNCED.set(None);
    SLOWEST.set(String::new());
    let before = LIVE.get();
    ASKED.set(0);
    LONGEST.set(0);
    STOP_AT.set(stop_at);
    ALLOWED.set(before + SMALL);
    LAST.set(used());
    WATCHING.set(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    WATCHING.set(false);
    let end = used() - LAST.get();
    let stopped = result.as_ref().is_err_and(|payload| payload.is::<Stop>());
    let failed = result.is_err() && !stopped;
    drop(result);
    let left = LIVE.get().wrapping_sub(before) as isize;
    let longest = LONGEST.get().max(if stopped { 0 } else { end });
    Seen {
        unannounced: UNANNOUNCED.take(),
        longest: (longest, SLOWEST.take()),
        asked: ASKED.get(),
        left,
        stopped,
        failed,
    }
}
