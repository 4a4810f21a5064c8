//! Which of competing experiments a user takes.

use super::hash::{Purpose, draw};
use super::upgrade::SeedRandom;
use crate::experiment::Hash;

/// Index of the experiment that a user takes among those open to the user, which are given by their keys in order; 0 if
/// there is none.
///
/// XXH3: the key with the highest draw. When an experiment leaves, only its own users move; when one comes, users move
/// to it only. UpGrade: `floor(seedrandom(user)() × n)`, which moves most users when the number changes.
pub fn pool_index<S: AsRef<str>>(hash: Hash, user: &str, keys: &[S]) -> usize {
    match hash {
        Hash::Upgrade => SeedRandom::new(&[user]).index(keys.len()),
        Hash::Xxh3 => {
            let mut best: Option<(u64, usize)> = None;
            for (i, key) in keys.iter().enumerate() {
                let score = draw(Hash::Xxh3, Purpose::Pool, key.as_ref(), user);
                // Strictly: of equal scores the first key's wins.
                if best.is_none_or(|(highest, _)| score > highest) {
                    best = Some((score, i));
                }
            }
            best.map_or(0, |(_, i)| i)
        }
    }
}
