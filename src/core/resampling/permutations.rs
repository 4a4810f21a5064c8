//! Which clusters are treated: all ways, or random ones, with the same number of treated clusters in each stratum.

use crate::random::{Purpose, Random};

/// Assignments of two conditions.
pub struct Permutations {
    /// Clusters of each stratum.
    strata: Vec<Vec<usize>>,
    /// The assignment of the data.
    given: Vec<bool>,
}

impl Permutations {
    /// `strata` lists the clusters of each stratum, `given` says which clusters are treated.
    pub fn new(strata: Vec<Vec<usize>>, given: Vec<bool>) -> Self {
        Permutations { strata, given }
    }

    fn flags(&self, members: &[usize]) -> Vec<bool> {
        let treated = |i: &usize| self.given.get(*i).copied().unwrap_or(false);
        members.iter().map(treated).collect()
    }

    /// The number of all assignments, if they are at most `most`.
    pub fn all(&self, most: u64) -> Option<u64> {
        let mut all = 1u128;
        for members in &self.strata {
            let treated = self.flags(members).into_iter().filter(|t| *t).count() as u128;
            let rest = members.len() as u128 - treated;
            // Every partial product is a binomial coefficient, so the division is exact.
            let mut ways = 1u128;
            for i in 1..=treated.min(rest) {
                ways = ways * (members.len() as u128 - i + 1) / i;
                if ways > most as u128 {
                    return None;
                }
            }
            all *= ways;
            if all > most as u128 {
                return None;
            }
        }
        u64::try_from(all).ok()
    }

    /// True if exchanging the two conditions gives another of the assignments: as many clusters of each in every stratum that has both.
    /// A stratum of one condition has one assignment, which says nothing of the effect, so it does not matter.
    pub fn mirrored(&self) -> bool {
        self.strata.iter().all(|members| {
            let treated = self.flags(members).into_iter().filter(|t| *t).count();
            treated == 0 || treated == members.len() || 2 * treated == members.len()
        })
    }

    /// Shows every assignment to `see`.
    pub fn each(&self, mut see: impl FnMut(&[bool])) {
        let mut treated = self.given.clone();
        let mut flags: Vec<Vec<bool>> = self.strata.iter().map(|m| self.flags(m)).collect();
        for (members, flags) in self.strata.iter().zip(&mut flags) {
            flags.sort_unstable();
            put(&mut treated, members, flags);
        }
        loop {
            see(&treated);
            // As an odometer: a stratum that has seen all its ways starts again and moves the next one on.
            let moved = self.strata.iter().zip(&mut flags).any(|(members, flags)| {
                let more = next(flags);
                put(&mut treated, members, flags);
                more
            });
            if !moved {
                return;
            }
        }
    }

    /// Shows `count` random assignments to `see`; the one of a number depends on the seed and the number alone.
    pub fn random(&self, count: u64, seed: &str, mut see: impl FnMut(&[bool])) {
        let mut treated = self.given.clone();
        let given: Vec<Vec<bool>> = self.strata.iter().map(|m| self.flags(m)).collect();
        let mut random = Random::new(seed, Purpose::RandomizationTest, 0);
        let mut shuffled = Vec::new();
        for draw in 0..count {
            random.go_to(draw);
            for (members, flags) in self.strata.iter().zip(&given) {
                shuffled.clone_from(flags);
                random.shuffle(&mut shuffled);
                put(&mut treated, members, &shuffled);
            }
            see(&treated);
        }
    }
}

fn put(treated: &mut [bool], members: &[usize], flags: &[bool]) {
    for (&cluster, &flag) in members.iter().zip(flags) {
        if let Some(slot) = treated.get_mut(cluster) {
            *slot = flag;
        }
    }
}

/// The next arrangement in lexicographic order; back to the first, and false, after the last.
fn next(flags: &mut [bool]) -> bool {
    // The last false that a true follows takes its place; what comes after is sorted.
    let rise = flags.windows(2).rposition(|w| matches!(w, [false, true]));
    let Some(rise) = rise else {
        flags.reverse();
        return false;
    };
    if let Some(last) = flags.iter().rposition(|f| *f) {
        flags.swap(rise, last);
    }
    if let Some(rest) = flags.get_mut(rise + 1..) {
        rest.reverse();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_can_be_exchanged_if_they_are_of_equal_size_in_all_strata() {
        let mirrored = |strata: &[&[bool]]| {
            let mut members = Vec::new();
            let mut given = Vec::new();
            for flags in strata {
                members.push((given.len()..given.len() + flags.len()).collect());
                given.extend_from_slice(flags);
            }
            Permutations::new(members, given).mirrored()
        };
        assert!(mirrored(&[&[true, false], &[false, true]]));
        assert!(mirrored(&[
            &[true, true, false, false],
            &[true],
            &[false; 3]
        ]));
        assert!(!mirrored(&[&[true, false], &[true, false, false]]));
        assert!(!mirrored(&[&[
            true, true, true, false, false, false, false
        ]]));
    }

    #[test]
    fn all_ways_come_once() {
        let given = vec![true, false, false, true, true, false, false];
        let permutations = Permutations::new(vec![vec![0, 1, 2, 5], vec![3, 4, 6]], given);
        let mut seen = Vec::new();
        permutations.each(|t| seen.push(t.to_vec()));
        assert_eq!(permutations.all(1000), Some(12));
        assert_eq!(permutations.all(11), None);
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((count, seen.len()), (12, 12));
        for t in &seen {
            let of = |m: &[usize]| m.iter().filter(|i| t[**i]).count();
            assert_eq!((of(&[0, 1, 2, 5]), of(&[3, 4, 6])), (1, 2));
        }
        let mut counts = [0u32; 7];
        permutations.random(4000, "ways", |t| {
            counts.iter_mut().zip(t).for_each(|(c, t)| *c += *t as u32);
        });
        assert!(
            [0, 1, 2, 5]
                .iter()
                .all(|i| (900..1100).contains(&counts[*i]))
        );
        assert!([3, 4, 6].iter().all(|i| (2550..2790).contains(&counts[*i])));
    }
}
