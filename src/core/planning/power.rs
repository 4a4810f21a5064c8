//! Power of a t test and what it can detect, exactly: by the noncentral t distribution, with both tails.

use crate::distribution::alpha_of;
use crate::distribution::{noncentral_t_tails, t_critical};
use crate::error::Invalid;

/// A two-sided t test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// Degrees of freedom.
    pub df: f64,
    /// Two-sided significance level.
    pub alpha: f64,
    critical: f64,
}

impl TTest {
    /// `None` unless there is at least one degree of freedom and `alpha` is in (0, 1).
    pub fn new(df: f64, alpha: f64) -> Option<Self> {
        if !(df >= 1.0 && df.is_finite()) {
            return None;
        }
        let critical = t_critical(alpha, df)?;
        Some(TTest {
            df,
            alpha,
            critical,
        })
    }

    /// `P(|T| > t_{1−α/2})`, `T` noncentral t with noncentrality `ratio` = effect / standard error.
    pub fn power(&self, ratio: f64) -> Option<f64> {
        // Farther out the power is 1 in any precision, and the integral would be long.
        let ratio = ratio.abs().min(1e4 + 40.0 * self.critical.min(1e150));
        let (above, _) = noncentral_t_tails(self.critical, self.df, ratio)?;
        // The other tail is below P(Z < -ratio): nothing, from 40 on.
        let below = if ratio < 40.0 {
            noncentral_t_tails(-self.critical, self.df, ratio)?.1
        } else {
            0.0
        };
        Some((above + below).min(1.0))
    }

    /// The ratio of effect and standard error that is found with the given power; 0 if chance alone does.
    pub fn detectable(&self, power: f64) -> Option<f64> {
        if !(power > 0.0 && power < 1.0) {
            return None;
        }
        if power <= self.alpha {
            return Some(0.0);
        }
        let excess = |ratio: f64| self.power(ratio).map(|p| p - power);
        let (mut low, mut at_low) = (0.0, self.alpha - power);
        let mut high = self.approximate(power)?.max(0.5);
        let mut at_high = excess(high)?;
        while at_high < 0.0 {
            (low, at_low) = (high, at_high);
            high *= 1.25;
            if !high.is_finite() || high > 1e200 {
                return None;
            }
            at_high = excess(high)?;
        }
        // False position, with the value at an end that stays twice halved (the Illinois rule).
        let mut side = 0;
        for _ in 0..100 {
            if at_high == 0.0 {
                return Some(high);
            }
            let mut middle = (low * at_high - high * at_low) / (at_high - at_low);
            if !(middle > low && middle < high) {
                middle = 0.5 * (low + high);
            }
            let value = excess(middle)?;
            if value.abs() < 1e-15 || high - low <= 1e-15 * high {
                return Some(middle);
            }
            if value < 0.0 {
                (low, at_low) = (middle, value);
                if side == -1 {
                    at_high *= 0.5
                }
                side = -1;
            } else {
                (high, at_high) = (middle, value);
                if side == 1 {
                    at_low *= 0.5
                }
                side = 1;
            }
        }
        Some(0.5 * (low + high))
    }

    /// Bloom's multiplier `t_{1−α/2} + t_power`: the detectable ratio by central t distributions.
    pub fn approximate(&self, power: f64) -> Option<f64> {
        let tail = t_critical(2.0 * power.min(1.0 - power), self.df);
        let quantile = match tail {
            _ if power == 0.5 => 0.0,
            Some(t) if power > 0.5 => t,
            Some(t) => -t,
            None => return None,
        };
        Some(self.critical + quantile)
    }
}

/// What a planner asks for: level and power.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Confidence level: one less the level of the two-sided test.
    pub level: f64,
    /// Power that `mde` has.
    pub power: f64,
}

impl Target {
    /// Level of the two-sided test, without the last digits that `1 - level` leaves.
    pub fn alpha(&self) -> f64 {
        alpha_of(self.level)
    }

    /// Checks both.
    pub fn check(&self) -> Result<(), Invalid> {
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(Invalid::number(
                "level",
                "between 0 and 1",
                self.level,
                "Write 0.95 for a two-sided test at 5 %.",
            ));
        }
        if !(self.power > self.alpha() && self.power < 1.0) {
            return Err(Invalid::number(
                "power",
                "above 1 - level and below 1",
                self.power,
                "Write 0.8 for 80 %.",
            ));
        }
        Ok(())
    }
}
