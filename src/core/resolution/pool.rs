//! Competing experiments (rule 10): those that share a decision point directly or through others. Among those that are
//! enrolling and open to the user one is taken by hash; where the user is enrolled they stay.

use super::compiled::Compiled;
use crate::assignment::{Hash, pool_index};

/// What an experiment is to the user, as far as the pool matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The user neither is nor could be enrolled.
    None,
    /// The user could be enrolled.
    Open,
    /// The user or the group is enrolled; enrollment goes on.
    Enrolled,
    /// The user or the group is enrolled; enrollment is complete.
    Complete,
    /// A condition is forced on a preview user.
    Forced,
}

/// Where the pool has put an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// It has no claim.
    Outside,
    /// It has the user. With how many others it competed.
    Taken(usize),
    /// Another one has the user.
    Lost(usize),
    /// The user is enrolled in several, none of which is enrolling.
    Several,
}

/// Seats of the experiments of a pool.
pub(super) fn seats(plan: &Compiled, user: &str, pool: &[usize], claims: &[Claim]) -> Vec<Seat> {
    if let [claim] = claims {
        return vec![match claim {
            Claim::None => Seat::Outside,
            _ => Seat::Taken(0),
        }];
    }
    let mut seats = vec![Seat::Outside; pool.len()];
    let mut seen = vec![false; pool.len()];
    for start in 0..pool.len() {
        let part = component(plan, pool, claims, &mut seen, start);
        if part.is_empty() {
            continue;
        }
        let winner = winner(plan, user, pool, claims, &part);
        for i in &part {
            let seat = match winner {
                Some(w) if w == *i => Seat::Taken(part.len() - 1),
                Some(w) => Seat::Lost(pool.get(w).copied().unwrap_or(0)),
                None => Seat::Several,
            };
            if let Some(s) = seats.get_mut(*i) {
                *s = seat;
            }
        }
    }
    seats
}

/// The experiments with a claim that are connected to `start`, in order. What nobody claims connects nobody.
fn component(
    plan: &Compiled,
    pool: &[usize],
    claims: &[Claim],
    seen: &mut [bool],
    start: usize,
) -> Vec<usize> {
    let mut part = Vec::new();
    let mut open = vec![start];
    while let Some(i) = open.pop() {
        let (Some(claim), Some(seen)) = (claims.get(i), seen.get_mut(i)) else {
            continue;
        };
        if *seen || *claim == Claim::None {
            continue;
        }
        *seen = true;
        part.push(i);
        let experiment = pool.get(i).copied().unwrap_or(usize::MAX);
        for neighbour in plan.neighbours(experiment) {
            open.extend(pool.binary_search(neighbour));
        }
    }
    part.sort_unstable();
    part
}

fn winner(
    plan: &Compiled,
    user: &str,
    pool: &[usize],
    claims: &[Claim],
    part: &[usize],
) -> Option<usize> {
    let with = |wanted: Claim| {
        let all = part.iter().copied();
        all.filter(move |i| claims.get(*i) == Some(&wanted))
    };
    if let Some(forced) = with(Claim::Forced).next() {
        return Some(forced);
    }
    // Of several enrollments the first that goes on counts; of completed ones only a single one.
    if let Some(enrolled) = with(Claim::Enrolled).next() {
        return Some(enrolled);
    }
    let mut complete = with(Claim::Complete);
    if let Some(first) = complete.next() {
        return complete.next().is_none().then_some(first);
    }
    let open: Vec<usize> = with(Claim::Open).collect();
    let found: Vec<_> = open
        .iter()
        .filter_map(|i| pool.get(*i).and_then(|e| plan.experiment(*e)))
        .collect();
    let hash = if found.iter().all(|e| e.hash == Hash::Upgrade) {
        Hash::Upgrade
    } else {
        Hash::Xxh3
    };
    let keys: Vec<&str> = found.iter().map(|e| e.key.as_str()).collect();
    open.get(pool_index(hash, user, &keys)).copied()
}
