//! P-values adjusted for the number of tests.

use crate::error::Invalid;
use crate::pulse::{self, Pulse};

/// How p-values are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Not at all.
    None,
    /// `m p` (Bonferroni).
    Bonferroni,
    /// Step-down Bonferroni: family-wise error rate, no assumption (Holm 1979).
    Holm,
    /// Step-up: family-wise error rate, for independent or positively dependent tests (Hochberg 1988).
    Hochberg,
    /// Closed testing with Simes' test: family-wise error rate, as Hochberg and never weaker (Hommel 1988).
    Hommel,
    /// False discovery rate, for independent or positively dependent tests (Benjamini and Hochberg 1995).
    Bh,
    /// False discovery rate, no assumption (Benjamini and Yekutieli 2001).
    By,
}

impl Method {
    /// Reads the word of a call; `argument` names where it stands.
    pub fn from_word(argument: &'static str, word: &str) -> Result<Self, Invalid> {
        Ok(match word {
            "none" => Method::None,
            "bonferroni" => Method::Bonferroni,
            "holm" => Method::Holm,
            "hochberg" => Method::Hochberg,
            "hommel" => Method::Hommel,
            "bh" => Method::Bh,
            "by" => Method::By,
            _ => {
                return Err(Invalid::word(
                    argument,
                    "one of \"holm\", \"hochberg\", \"hommel\", \"bonferroni\", \"bh\", \"by\", \"none\"",
                    word,
                    "Use one of these, written exactly so.",
                ));
            }
        })
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Method::None => "none",
            Method::Bonferroni => "bonferroni",
            Method::Holm => "holm",
            Method::Hochberg => "hochberg",
            Method::Hommel => "hommel",
            Method::Bh => "bh",
            Method::By => "by",
        }
    }
}

/// Adjusted p-values in the order of `p`. A `None` is not a test: it stays `None` and does not count in the number of tests.
pub fn p_adjust(p: &[Option<f64>], method: Method) -> Result<Vec<Option<f64>>, Invalid> {
    if let Some(&value) = p.iter().flatten().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(Invalid::number(
            "p",
            "p-values between 0 and 1",
            value,
            "Give p-values; NULL stands for a test that was not done.",
        ));
    }
    Ok(adjusted(p, method))
}

/// Holm's adjusted p-values of tests of this crate, which need no check.
pub(crate) fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    adjusted(p, Method::Holm)
}

/// What a value takes while it is adjusted: its rank, itself in order, and what is made of it, twice.
const VALUE_BYTES: usize = 64;

fn adjusted(p: &[Option<f64>], method: Method) -> Vec<Option<f64>> {
    let number = |(i, value): (usize, &Option<f64>)| value.map(|value| (value, i));
    pulse::room_for(p.len(), VALUE_BYTES);
    let mut ranked = Vec::with_capacity(p.len());
    ranked.extend(pulse::each(p).enumerate().filter_map(number));
    pulse::sort_by(&mut ranked, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let sorted: Vec<f64> = ranked.iter().map(|(value, _)| *value).collect();
    let mut adjusted = vec![None; p.len()];
    for ((_, i), value) in ranked.iter().zip(of_sorted(&sorted, method)) {
        if let Some(slot) = adjusted.get_mut(*i) {
            *slot = Some(value.min(1.0));
        }
    }
    adjusted
}

/// Adjusts ascending p-values; the result may exceed 1.
fn of_sorted(p: &[f64], method: Method) -> Vec<f64> {
    let m = p.len() as f64;
    let rank = |i: usize| i as f64 + 1.0;
    match method {
        Method::None => p.to_vec(),
        Method::Bonferroni => p.iter().map(|p| m * p).collect(),
        Method::Holm => {
            let mut largest = 0.0f64;
            let step = |(i, p): (usize, &f64)| {
                largest = largest.max((m - i as f64) * p);
                largest
            };
            p.iter().enumerate().map(step).collect()
        }
        Method::Hochberg => step_up(p, |i| m - i as f64),
        Method::Bh => step_up(p, |i| m / rank(i)),
        Method::By => {
            let harmonic: f64 = (0..p.len()).map(|i| 1.0 / rank(i)).sum();
            step_up(p, |i| harmonic * m / rank(i))
        }
        Method::Hommel => hommel(p),
    }
}

/// The smallest of `factor(j) p_(j)` over this rank and all above.
fn step_up(p: &[f64], factor: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut adjusted = vec![0.0; p.len()];
    let mut smallest = f64::INFINITY;
    for (i, (value, slot)) in p.iter().zip(&mut adjusted).enumerate().rev() {
        smallest = smallest.min(factor(i) * value);
        *slot = smallest;
    }
    adjusted
}

/// Steps of a closed test between two beats.
const STEPS: usize = 1 << 20;

/// Closed testing: an adjusted p-value is the largest Simes p-value of any set of tests with this one in it. Among the sets
/// of `s` tests that is the set of this test and the `s − 1` largest others.
fn hommel(p: &[f64]) -> Vec<f64> {
    let m = p.len();
    let mut adjusted = p.to_vec();
    let mut pulse = Pulse::every((STEPS / m.max(1) + 1) as u32);
    for s in 2..=m {
        pulse.tick();
        let size = s as f64;
        // Ranks 2 … s of the set are the s − 1 largest of all.
        let (smaller, largest) = p.split_at(m - s + 1);
        let ranked = (2..).map(f64::from).zip(largest);
        let rest = ranked.fold(f64::INFINITY, |least, (j, p)| least.min(size * p / j));
        for (slot, p) in adjusted.iter_mut().zip(smaller) {
            *slot = slot.max(rest.min(size * p));
        }
        // Tests that are among the largest s are in the set of these.
        let whole = smaller.last().map_or(rest, |p| rest.min(size * p));
        for slot in adjusted.iter_mut().skip(smaller.len()) {
            *slot = slot.max(whole);
        }
    }
    adjusted
}

crate::words::shown_as_words!(Method);
