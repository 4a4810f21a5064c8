//! The memory of the library: counted, limited, and never the end of the process.
//!
//! Rust ends the process when memory runs out, and an allocator must not unwind. So what is large is announced before it
//! is taken ([`room`]): the limit is looked at, and whether there is so much. What is small, between two announcements or
//! two looks at interrupts ([`check`]), comes from a reserve when there is no more; the next look then ends the call.

use super::error::raise;
use super::settings;
use rct_core::error::{Class, Explain};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::Relaxed};

/// What is small: so much is taken without an announcement between two looks, from the reserve if there is no more.
const SMALL: usize = 4 << 20;
/// Announcements below this are not tried out: the reserve has room for several of them.
const TRIED: usize = 1 << 20;
/// What must be there besides what is announced: a computation announces several large pieces before it takes the first.
const MARGIN: usize = 64 << 20;

const fn plain(size: usize) -> Layout {
    match Layout::from_size_align(size, 16) {
        Ok(layout) => layout,
        Err(_) => panic!("a size below isize::MAX"),
    }
}

const RESERVE_LAYOUT: Layout = plain(SMALL);

/// Bytes that the library holds. A server process has one thread; the type is atomic because a static must be.
static TAKEN: AtomicUsize = AtomicUsize::new(0);
static RESERVE: AtomicPtr<u8> = AtomicPtr::new(null_mut());
/// The reserve was needed, and no look has told so yet.
static SHORT: AtomicBool = AtomicBool::new(false);

struct Counted;

#[global_allocator]
static ALLOCATOR: Counted = Counted;

fn count(more: usize, less: usize) {
    let taken = TAKEN.load(Relaxed);
    TAKEN.store(taken.wrapping_add(more).wrapping_sub(less), Relaxed);
}

impl Counted {
    /// Gives the reserve back to the system and tries again.
    #[cold]
    fn again(&self, attempt: impl Fn() -> *mut u8) -> *mut u8 {
        let reserve = RESERVE.swap(null_mut(), Relaxed);
        if reserve.is_null() {
            return null_mut();
        }
        SHORT.store(true, Relaxed);
        // SAFETY: the reserve was allocated with this layout and nothing else points to it.
        unsafe { System.dealloc(reserve, RESERVE_LAYOUT) };
        attempt()
    }

    fn counted(&self, more: usize, less: usize, attempt: impl Fn() -> *mut u8) -> *mut u8 {
        let mut pointer = attempt();
        if pointer.is_null() {
            pointer = self.again(attempt);
        }
        if !pointer.is_null() {
            count(more, less);
        }
        pointer
    }
}

// SAFETY: everything is passed to the allocator of the system; nothing here unwinds or allocates through `Counted`.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the contract of this function.
        self.counted(layout.size(), 0, || unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the contract of this function.
        self.counted(layout.size(), 0, || unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: by the contract of this function; after a failure the old block is still there.
        self.counted(size, layout.size(), || unsafe {
            System.realloc(pointer, layout, size)
        })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: by the contract of this function.
        unsafe { System.dealloc(pointer, layout) }
        if RESERVE.load(Relaxed).is_null() {
            refill();
        }
    }
}

/// Takes the reserve, if there is memory for it.
#[cold]
fn refill() {
    // SAFETY: the layout is not empty.
    RESERVE.store(unsafe { System.alloc(RESERVE_LAYOUT) }, Relaxed);
}

/// Takes the reserve, if it is not there.
pub fn register() {
    if RESERVE.load(Relaxed).is_null() {
        refill();
    }
}

/// Ends the call if it took more than it may, or if the reserve was needed.
pub fn check() {
    room(0);
}

/// Ends the call if so much more is not allowed, or not there.
pub fn room(bytes: usize) {
    let (taken, limit) = (TAKEN.load(Relaxed), settings::memory_limit());
    if taken.saturating_add(bytes) > limit.saturating_add(SMALL) {
        raise(Shortage::Limit {
            asked: bytes,
            taken,
            limit,
        });
    }
    if SHORT.swap(false, Relaxed)
        || !reserved()
        || (bytes >= TRIED && !is_there(bytes.saturating_add(MARGIN)))
    {
        raise(Shortage::System(bytes));
    }
}

/// Whether the reserve is there, or can be taken now: without it what is small could end the process.
fn reserved() -> bool {
    register();
    !RESERVE.load(Relaxed).is_null()
}

/// Whether the system has so much memory for this process, besides the reserve.
fn is_there(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes, 16) else {
        return false;
    };
    // SAFETY: the layout is not empty; what was allocated is given back at once. The compiler must not know that.
    unsafe {
        let pointer = black_box(System.alloc(layout));
        if pointer.is_null() {
            return false;
        }
        System.dealloc(black_box(pointer), layout);
    }
    true
}

/// Why a call gets no more memory.
#[derive(Debug)]
enum Shortage {
    /// The setting does not allow it.
    Limit {
        asked: usize,
        taken: usize,
        limit: usize,
    },
    /// The system has no more.
    System(usize),
}

impl Explain for Shortage {
    fn class(&self) -> Class {
        match self {
            Shortage::Limit { .. } => Class::LimitExceeded,
            Shortage::System(_) => Class::OutOfMemory,
        }
    }

    fn message(&self) -> String {
        match self {
            Shortage::Limit { .. } => "call needs more memory than rct.memory_limit allows",
            Shortage::System(_) => "out of memory",
        }
        .to_owned()
    }

    fn detail(&self) -> Option<String> {
        Some(match self {
            Shortage::Limit {
                asked,
                taken,
                limit,
            } => format!(
                "pg_rct holds {taken} bytes in this process and needs {asked} more; the limit is {limit} bytes."
            ),
            Shortage::System(0) => "The system has no memory more for this process.".to_owned(),
            Shortage::System(bytes) => {
                format!("The system does not have {bytes} bytes more for this process.")
            }
        })
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Shortage::Limit { .. } => {
                    "Give less at a time, such as one district, or let a superuser raise rct.memory_limit."
                }
                Shortage::System(_) => {
                    "Give less at a time, or let fewer sessions run at the same time."
                }
            }
            .to_owned(),
        )
    }
}
