//! Whether hypotheses are independent of each other.

use crate::pulse::beat;
use crate::regression::HypothesisError;
use crate::regression::combination::Linear;
use crate::regression::formula::shown;
use crate::regression::robust::dot;

/// Share of a length that is rounding of the projections.
const ROUNDING: f64 = 1e-10;

/// Refuses a hypothesis that follows from those before it, or cannot hold with them: by projection of its factors (Gram and
/// Schmidt), the constant going along. `conditions` is the number of conditions.
pub fn check_independent(
    asked: &[(String, Linear)],
    conditions: usize,
) -> Result<(), HypothesisError> {
    let columns = asked
        .iter()
        .flat_map(|(_, l)| &l.slopes)
        .map(|(r, _)| r + 1);
    let width = conditions + columns.max().unwrap_or(0);
    // Orthonormal rows of factors, each with its constant.
    let mut rows: Vec<(Vec<f64>, f64)> = Vec::with_capacity(asked.len());
    for (text, linear) in asked {
        beat();
        let mut row = vec![0.0; width];
        let means = linear.means.iter().copied();
        let slopes = linear.slopes.iter().map(|(r, f)| (conditions + r, *f));
        for (at, factor) in means.chain(slopes) {
            if let Some(slot) = row.get_mut(at) {
                *slot += factor;
            }
        }
        // By the largest factor first, so that squares are doubles.
        let largest = row.iter().fold(0.0, |a: f64, v| a.max(v.abs()));
        row.iter_mut().for_each(|v| *v /= largest);
        let length = dot(&row, &row).sqrt();
        row.iter_mut().for_each(|v| *v /= length);
        let mut constant = linear.constant / largest / length;
        let mut size = constant.abs();
        // Twice, so that rounding of the first time is taken off too.
        for (other, of_other) in rows.iter().chain(&rows) {
            let share = dot(&row, other);
            row.iter_mut().zip(other).for_each(|(v, o)| *v -= share * o);
            constant -= share * of_other;
            size += (share * of_other).abs();
        }
        let left = dot(&row, &row).sqrt();
        if left <= ROUNDING {
            return Err(match constant.abs() <= ROUNDING * size {
                true => HypothesisError::Redundant(shown(text)),
                false => HypothesisError::Contradiction(shown(text)),
            });
        }
        row.iter_mut().for_each(|v| *v /= left);
        rows.push((row, constant / left));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[(&[(usize, f64)], f64)]) -> Result<(), HypothesisError> {
        let asked = rows.iter().map(|(means, constant)| Linear {
            means: means.to_vec(),
            constant: *constant,
            ..Linear::default()
        });
        let texts = ["first", "second", "third"].map(str::to_owned);
        let asked: Vec<(String, Linear)> = texts.into_iter().zip(asked).collect();
        check_independent(&asked, 3)
    }

    #[test]
    fn what_follows_and_what_contradicts_is_found() {
        let (a, b, c) = (
            [(0, 1.0), (1, -1.0)],
            [(1, 1.0), (2, -1.0)],
            [(0, 3.0), (2, -3.0)],
        );
        assert_eq!(check(&[(&a, 2.0), (&b, 1.0)]), Ok(()));
        let third = "third".to_owned();
        assert_eq!(
            check(&[(&a, 2.0), (&b, 1.0), (&c, 9.0)]),
            Err(HypothesisError::Redundant(third.clone()))
        );
        assert_eq!(
            check(&[(&a, 2.0), (&b, 1.0), (&c, 9.001)]),
            Err(HypothesisError::Contradiction(third))
        );
        assert_eq!(
            check(&[(&a, 0.0), (&a, 0.0)]),
            Err(HypothesisError::Redundant("second".to_owned()))
        );
    }
}
