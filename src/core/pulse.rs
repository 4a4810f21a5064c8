//! A long computation tells its host that it is still at work and how much memory it is about to take, so that the host
//! can stop it.
//!
//! Loops call [`beat`] at least every few milliseconds. Before memory is taken that grows with the input, [`room`] is told
//! how much: a megabyte and more in one piece, or in pieces that no beat comes between. The host installs its functions
//! once for the process; they may unwind (Postgres does, when the statement is cancelled, its time is up or memory is
//! short). Without a host nothing happens.

use std::cmp::Ordering;
use std::sync::OnceLock;

/// What a host does.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// The computation is at work. May unwind.
    pub beat: fn(),
    /// The computation is about to take so many bytes. May unwind.
    pub room: fn(usize),
}

static HOST: OnceLock<Host> = OnceLock::new();

/// Installs the host, once; later calls change nothing.
pub fn install(host: Host) {
    let _ = HOST.set(host);
}

/// Lets the host stop the computation. May not return.
#[inline]
pub fn beat() {
    if let Some(host) = HOST.get() {
        (host.beat)();
    }
}

/// Announces that the computation is about to take so many bytes. May not return.
#[inline]
pub fn room(bytes: usize) {
    if let Some(host) = HOST.get() {
        (host.room)(bytes);
    }
}

/// [`room`] for `count` times so many bytes.
#[inline]
pub fn room_for(count: usize, bytes: usize) {
    room(count.saturating_mul(bytes));
}

/// An empty vector with room for `count` elements.
pub fn vector<T>(count: usize) -> Vec<T> {
    room_for(count, size_of::<T>());
    Vec::with_capacity(count)
}

/// Appends an element; if the vector must grow for it, announces that, with the old place beside the new one.
pub fn push<T>(items: &mut Vec<T>, item: T) {
    if items.len() == items.capacity() {
        room_for(items.len(), 3 * size_of::<T>());
    }
    items.push(item);
}

/// Comparisons, and other steps of a few nanoseconds, between two beats.
const SHORT_STEPS: u32 = 1 << 14;

/// Sorts, equal elements in any order, and can be stopped.
pub fn sort_by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut pulse = Pulse::every(SHORT_STEPS);
    items.sort_unstable_by(|a, b| {
        pulse.tick();
        compare(a, b)
    });
}

/// Sorts by the order of the elements, and can be stopped.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// The elements, with a beat now and then.
pub fn each<I: IntoIterator>(items: I) -> impl Iterator<Item = I::Item> {
    let mut pulse = Pulse::every(SHORT_STEPS);
    items.into_iter().inspect(move |_| pulse.tick())
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
    use std::cell::Cell;

    thread_local! {
        static BEATS: Cell<u32> = const { Cell::new(0) };
        static ROOM: Cell<usize> = const { Cell::new(0) };
    }

    fn watched<T>(call: impl FnOnce() -> T) -> (T, u32, usize) {
        install(Host {
            beat: || BEATS.set(BEATS.get() + 1),
            room: |bytes| ROOM.set(ROOM.get() + bytes),
        });
        BEATS.set(0);
        ROOM.set(0);
        (call(), BEATS.get(), ROOM.get())
    }

    #[test]
    fn the_host_is_called_once_in_so_many_ticks() {
        let mut pulse = Pulse::every(10);
        let ((), beats, _) = watched(|| (0..100).for_each(|_| pulse.tick()));
        assert_eq!(beats, 10);
    }

    #[test]
    fn the_host_hears_of_memory_before_it_is_taken() {
        let (taken, _, room) = watched(|| vector::<u64>(1000));
        assert_eq!((taken.capacity(), room), (1000, 8000));
        assert_eq!(watched(|| room_for(usize::MAX, 2)).2, usize::MAX);
    }

    #[test]
    fn a_vector_that_grows_is_announced() {
        let mut items = Vec::with_capacity(1000);
        let ((), _, room) = watched(|| (0..1000u64).for_each(|i| push(&mut items, i)));
        assert_eq!(room, 0);
        assert_eq!(watched(|| push(&mut items, 0)).2, 3 * 8000);
    }

    #[test]
    fn sorting_and_walking_can_be_stopped() {
        let mut items: Vec<u32> = (0..100_000u32).rev().map(|i| i * 7919 % 100_003).collect();
        let ((), beats, _) = watched(|| sort(&mut items));
        assert!(items.is_sorted() && beats >= 6, "{beats}");
        let (sum, beats, _) = watched(|| each(&items).map(|i| u64::from(*i)).sum::<u64>());
        assert_eq!((sum > 0, beats), (true, 6));
    }
}
