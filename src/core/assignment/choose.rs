//! Weights, and the condition that a draw falls on.

use super::error::AssignmentError;
use super::hash::{Purpose, TWO_64, draw};
use super::upgrade::SeedRandom;
use crate::experiment::Hash;

/// Most conditions of an experiment: as many as a sketch takes.
pub const MAX_CONDITIONS: usize = 1000;

/// Largest sum of small whole numbers that weights are recognized as.
const MAX_RATIO: u32 = 100;
/// How far a share may be from a whole number: far above rounding, far below any meant difference.
const TOLERANCE: f64 = 1e-9;
/// 2⁵³.
const FINE: f64 = 9_007_199_254_740_992.0;

/// Weights of conditions, with exact integers in their place so that every machine and language has the same thresholds.
///
/// Weights that stand in a ratio of whole numbers with a sum of at most 100 (50:50, 10:90, 33.3:33.3:33.3) become these
/// numbers. Others become `floor(weight / largest × 2⁵³)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    given: Vec<f64>,
    parts: Vec<u64>,
    total: u64,
    ratio: bool,
}

impl Weights {
    /// Checks weights.
    pub fn new(given: &[f64]) -> Result<Self, AssignmentError> {
        if given.is_empty() {
            return Err(AssignmentError::NoConditions);
        }
        if given.len() > MAX_CONDITIONS {
            return Err(AssignmentError::TooManyConditions(given.len()));
        }
        for (index, &value) in given.iter().enumerate() {
            if !(value.is_finite() && value >= 0.0) {
                return Err(AssignmentError::Weight { index, value });
            }
        }
        let largest = given.iter().copied().fold(0.0, f64::max);
        if !(largest > 0.0) {
            return Err(AssignmentError::AllWeightsZero);
        }
        let shares: Vec<f64> = given.iter().map(|w| w / largest).collect();
        let small = small_ratio(&shares);
        let ratio = small.is_some();
        // A positive weight stays positive however small it is beside the largest.
        let parts = small.unwrap_or_else(|| {
            let part = |s: &f64| ((s * FINE) as u64).max(1);
            let zip = given.iter().zip(&shares);
            zip.map(|(w, s)| if *w > 0.0 { part(s) } else { 0 })
                .collect()
        });
        Ok(Weights {
            given: given.to_vec(),
            total: parts.iter().sum(),
            parts,
            ratio,
        })
    }

    /// Equal weights.
    pub fn equal(conditions: usize) -> Result<Self, AssignmentError> {
        if conditions > MAX_CONDITIONS {
            return Err(AssignmentError::TooManyConditions(conditions));
        }
        if conditions == 0 {
            return Err(AssignmentError::NoConditions);
        }
        Ok(Weights {
            given: vec![1.0; conditions],
            parts: vec![1; conditions],
            total: conditions as u64,
            ratio: conditions <= MAX_RATIO as usize,
        })
    }

    /// As given, or equal ones if there are none; there must be one for each condition.
    pub fn of(conditions: usize, given: Option<&[f64]>) -> Result<Self, AssignmentError> {
        match given {
            None => Weights::equal(conditions),
            Some(weights) if weights.len() == conditions => Weights::new(weights),
            Some(weights) => Err(AssignmentError::WeightCount {
                conditions,
                weights: weights.len(),
            }),
        }
    }

    /// Number of conditions.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Never: there is at least one condition.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The weights as they were given.
    pub fn given(&self) -> &[f64] {
        &self.given
    }

    /// Whole numbers in the place of the weights.
    pub fn parts(&self) -> &[u64] {
        &self.parts
    }

    /// Sum of the parts.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Units of the smallest block that has every condition in its exact share; `None` if it has more than 100.
    pub fn block(&self) -> Option<u64> {
        self.ratio.then_some(self.total)
    }

    /// The condition of a uniform 64-bit integer: the first whose `floor(2⁶⁴ × cumulated parts / total)` is above it.
    /// Weight 0 is never chosen.
    #[inline]
    pub fn index(&self, draw: u64) -> usize {
        let total = u128::from(self.total);
        let mut sum = 0u128;
        for (i, part) in self.parts.iter().enumerate() {
            sum += u128::from(*part);
            // At most 1000 parts of at most 2⁵³: no overflow. draw < floor(x) and draw + 1 <= x are the same.
            if (u128::from(draw) + 1) * total <= sum << 64 {
                return i;
            }
        }
        0
    }
}

/// Whole numbers with the smallest sum, at most 100, in the ratio of the shares.
fn small_ratio(shares: &[f64]) -> Option<Vec<u64>> {
    let total: f64 = shares.iter().sum();
    (1..=MAX_RATIO).find_map(|size| {
        let size = f64::from(size);
        let whole = |share: &f64| {
            let exact = share * size / total;
            let near = (exact + 0.5).floor();
            let right = (exact - near).abs() <= TOLERANCE && (near > 0.0) == (*share > 0.0);
            right.then_some(near as u64)
        };
        shares.iter().map(whole).collect()
    })
}

/// Index of the condition of a unit.
///
/// XXH3: by integer thresholds. UpGrade: `seedrandom(salt_unit)() × 100` and the first condition whose cumulated weight,
/// as given, is not below it; the first condition if none is.
#[inline]
pub fn choose(hash: Hash, salt: &str, unit: &str, weights: &Weights) -> usize {
    match hash {
        Hash::Xxh3 => weights.index(draw(hash, Purpose::Condition, salt, unit)),
        Hash::Upgrade => {
            let at = SeedRandom::new(&[salt, "_", unit]).double() * 100.0;
            let mut sum = 0.0;
            let reached = weights.given.iter().position(|w| {
                sum += w;
                at <= sum
            });
            reached.unwrap_or(0)
        }
    }
}

/// 2⁶⁴ as a double is exact, which `draw` and `in_share` rely on.
const _: () = assert!(TWO_64 as u128 == 1 << 64);
