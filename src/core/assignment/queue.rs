//! The order of conditions within a user.

use super::hash::{Purpose, below, draw, hash};
use super::upgrade::SeedRandom;
use crate::experiment::{Hash, Order};

/// Entries of a random queue.
pub const QUEUE_LENGTH: usize = 100;

/// Indexes of conditions in the order in which a user gets them; it starts again after its end. `k` conditions;
/// `length` entries, or as many more as make the last round of `random_round_robin` complete. `ordered` and
/// `latin_square` have one round.
///
/// UpGrade has no Latin square: its row is drawn by XXH3 under both hashes.
pub fn queue(
    hash: Hash,
    order: Order,
    salt: &str,
    user: &str,
    k: usize,
    length: usize,
) -> Vec<usize> {
    if k == 0 {
        return Vec::new();
    }
    match order {
        Order::Ordered => (0..k).collect(),
        Order::Random => (0..length)
            .map(|i| match hash {
                Hash::Upgrade => SeedRandom::new(&[salt, user, &i.to_string()]).index(k),
                Hash::Xxh3 => below(position(salt, user, i, 0), k),
            })
            .collect(),
        Order::RandomRoundRobin => (0..length.div_ceil(k))
            .flat_map(|block| round(hash, salt, user, block, k))
            .collect(),
        Order::LatinSquare => {
            let rows = if k.is_multiple_of(2) { k } else { 2 * k };
            let row = below(draw(Hash::Xxh3, Purpose::Row, salt, user), rows);
            balanced_square(k, row)
        }
    }
}

/// The queue of a user who has had `count` entries of it, beginning with the next.
pub fn rotated(mut queue: Vec<usize>, count: u64) -> Vec<usize> {
    if !queue.is_empty() {
        let by = count % queue.len() as u64;
        queue.rotate_left(by as usize);
    }
    queue
}

/// Each condition once, in random order: picked one after the other from those that are left.
fn round(hash: Hash, salt: &str, user: &str, block: usize, k: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..k).collect();
    (0..k)
        .map(|pick| {
            let index = match hash {
                Hash::Upgrade => {
                    let seed = [salt, user, &block.to_string(), &pick.to_string()];
                    SeedRandom::new(&seed).index(left.len())
                }
                Hash::Xxh3 => below(position(salt, user, block, pick), left.len()),
            };
            left.remove(index)
        })
        .collect()
}

fn position(salt: &str, user: &str, block: usize, pick: usize) -> u64 {
    let number = |n: usize| (n as u64).to_le_bytes();
    hash(
        Purpose::Order,
        [
            salt.as_bytes(),
            user.as_bytes(),
            &number(block),
            &number(pick),
        ],
    )
}

/// A row of a balanced Latin square (Williams): 0, 1, k − 1, 2, k − 2, ... plus the number of the row, modulo k; rows
/// from k on, which odd k need, are the first k from right to left. Over all rows each condition is at each place, and
/// directly after each other condition, equally often.
pub fn balanced_square(k: usize, row: usize) -> Vec<usize> {
    if k == 0 {
        return Vec::new();
    }
    let mut cells: Vec<usize> = (0..k)
        .map(|j| {
            let start = if j % 2 == 1 {
                j.div_ceil(2)
            } else {
                (k - j / 2) % k
            };
            (start + row) % k
        })
        .collect();
    if row >= k {
        cells.reverse();
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_balanced() {
        for k in 1..=9 {
            let rows = if k % 2 == 0 { k } else { 2 * k };
            let each = rows / k;
            let mut place = vec![vec![0; k]; k];
            let mut after = vec![vec![0; k]; k];
            for row in 0..rows {
                let cells = balanced_square(k, row);
                for (j, &c) in cells.iter().enumerate() {
                    place[j][c] += 1;
                }
                for pair in cells.windows(2) {
                    after[pair[0]][pair[1]] += 1;
                }
            }
            assert!(place.iter().flatten().all(|&n| n == each), "{k}");
            for (i, row) in after.iter().enumerate() {
                for (j, &n) in row.iter().enumerate() {
                    assert_eq!(n, if i == j { 0 } else { each }, "{k}");
                }
            }
        }
    }
}
