//! Effect sizes for clustered data.

use super::estimate::Effect;
use crate::distribution::{normal_critical, t_critical, t_two_sided};
use crate::regression::QuestionError;
use crate::regression::options::check_level;
use crate::sketch::Moments;
use crate::variance::icc_of;
use serde::Serialize;

/// Hedges' g and the corrections in it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HedgesG {
    /// `ω γ b / S`.
    #[serde(rename = "hedges_g")]
    pub g: f64,
    /// Correction for clustering, `√(1 − 2 (n − 1) ρ / (N − 2))`.
    pub gamma: f64,
    /// Degrees of freedom of the pooled standard deviation under clustering.
    pub h: f64,
    /// Small-sample correction, `1 − 3 / (4h − 1)`.
    pub omega: f64,
}

/// More students than there are; beyond, their squares lose what the corrections need.
const MOST_STUDENTS: f64 = 1e15;

/// Hedges' g of a difference `b` with the pooled student-level standard deviation `s`, `n1 + n0` students in clusters of
/// mean size `size`, and intra-cluster correlation `rho` (What Works Clearinghouse, Procedures Handbook 5.0, appendix E;
/// Hedges 2007). `rho` is taken as 0 if it is negative.
pub fn hedges_g(
    b: f64,
    s: f64,
    n1: f64,
    n0: f64,
    size: f64,
    rho: f64,
) -> Result<HedgesG, QuestionError> {
    let argument = |argument, must, value| {
        Err(QuestionError::Argument {
            argument,
            must,
            value,
        })
    };
    if !b.is_finite() {
        return argument("effect", "finite", b);
    }
    if !(n1 >= 1.0 && n0 >= 1.0) {
        return argument("number of students in an arm", "at least 1", n1.min(n0));
    }
    if !(n1 + n0 <= MOST_STUDENTS) {
        return argument("number of students", "at most 10^15", n1 + n0);
    }
    if !(size >= 1.0) {
        return argument("mean cluster size", "at least 1", size);
    }
    if !(s > 0.0 && s.is_finite()) {
        return argument("pooled standard deviation", "positive", s);
    }
    if !(rho <= 1.0) {
        return argument("intra-cluster correlation", "at most 1", rho);
    }
    let rho = rho.max(0.0);
    let n = n1 + n0;
    let rest = n - 2.0;
    let shrink = rest - 2.0 * (size - 1.0) * rho;
    if !(shrink > 0.0) {
        return argument(
            "number of students",
            "larger, compared with the size of the clusters",
            n,
        );
    }
    let gamma = (shrink / rest).sqrt();
    let other = 1.0 - rho;
    let h = shrink * shrink
        / (rest * other * other
            + size * (n - 2.0 * size) * rho * rho
            + 2.0 * (n - 2.0 * size) * rho * other);
    if !(h > 1.0) {
        return argument("degrees of freedom of the standard deviation", "above 1", h);
    }
    let omega = 1.0 - 3.0 / (4.0 * h - 1.0);
    Ok(HedgesG {
        g: omega * gamma * b / s,
        gamma,
        h,
        omega,
    })
}

/// Spread and clustering of two arms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Pooled student-level standard deviation within the arms.
    pub sd: f64,
    /// Standard deviation of the control.
    pub sd_control: Option<f64>,
    /// Students of both arms.
    pub n: (f64, f64),
    /// Mean cluster size.
    pub size: f64,
    /// Intra-cluster correlation within the arms; 0 if clusters of one student each cannot be alike in anything.
    pub icc: f64,
}

/// The standard deviation within two groups, from their sizes and standard deviations.
pub(crate) fn pooled_sd(n: (f64, f64), sd: (f64, f64)) -> f64 {
    let squares = (n.0 - 1.0) * sd.0 * sd.0 + (n.1 - 1.0) * sd.1 * sd.1;
    (squares / (n.0 + n.1 - 2.0)).sqrt()
}

impl Scale {
    /// Of the arms of an effect, from moments about a pooled centre; `None` if the intra-cluster correlation cannot be told.
    pub fn of(effect: &Effect, pooled: &Moments) -> Option<Scale> {
        let pair: Vec<usize> = (0..pooled.conditions.len())
            .filter(|&c| {
                let name = pooled.conditions.get(c).map(|c| c.name.as_str());
                name == Some(effect.comparison.condition.as_str())
                    || name == Some(effect.comparison.control.as_str())
            })
            .collect();
        let compared = &effect.comparison;
        let (n1, n0) = (compared.n as f64, compared.n_control as f64);
        let (s1, s0) = (effect.sd.unwrap_or(0.0), effect.sd_control.unwrap_or(0.0));
        let icc = icc_of(pooled, &pair, true);
        Some(Scale {
            sd: pooled_sd((n1, n0), (s1, s0)),
            sd_control: effect.sd_control.filter(|s| *s > 0.0),
            n: (n1, n0),
            size: icc.n as f64 / icc.clusters as f64,
            icc: if icc.n == icc.clusters { 0.0 } else { icc.icc? },
        })
    }

    /// Hedges' g of a difference of these arms.
    pub fn hedges_g(&self, estimate: f64) -> Result<HedgesG, QuestionError> {
        hedges_g(estimate, self.sd, self.n.0, self.n.1, self.size, self.icc)
    }

    /// All sizes of a difference with the given standard error and degrees of freedom, both of which may be missing.
    ///
    /// The variance of *g* is `ω² γ² (SE / S)² + g² / (2h)`, the second part being that of *S*. Without a standard error the
    /// first part is `ω² η (1/n₁ + 1/n₀)` with the design effect `η = 1 + (n − 1) ρ`.
    pub fn sizes(
        &self,
        estimate: f64,
        std_error: Option<f64>,
        df: Option<f64>,
        level: f64,
    ) -> Result<EffectSize, QuestionError> {
        let g = self.hedges_g(estimate)?;
        let rho = self.icc.max(0.0);
        let mean_part = match std_error {
            Some(se) => g.omega * g.gamma * se / self.sd,
            None => {
                let eta = 1.0 + (self.size - 1.0) * rho;
                g.omega * (eta * (1.0 / self.n.0 + 1.0 / self.n.1)).sqrt()
            }
        };
        let se = mean_part.hypot(g.g / (2.0 * g.h).sqrt());
        let critical = match df {
            Some(df) => t_critical(1.0 - level, df),
            None => normal_critical(1.0 - level),
        };
        Ok(EffectSize {
            hedges: g,
            std_error: Some(se),
            ci_low: critical.map(|c| g.g - c * se),
            ci_high: critical.map(|c| g.g + c * se),
            individual: (1.0 - 3.0 / (4.0 * (self.n.0 + self.n.1) - 9.0)) * estimate / self.sd,
            glass_delta: self.sd_control.map(|s| estimate / s),
            icc: rho,
        })
    }
}

/// An effect on the scale of standard deviations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EffectSize {
    /// Hedges' g with the correction for clustering, and its parts.
    #[serde(flatten)]
    pub hedges: HedgesG,
    /// Standard error of g.
    pub std_error: Option<f64>,
    /// Lower limit of g; `None` if there is no quantile.
    pub ci_low: Option<f64>,
    /// Upper limit.
    pub ci_high: Option<f64>,
    /// Hedges' g as for independent students, `(1 − 3 / (4N − 9)) b / S`.
    #[serde(rename = "hedges_g_individual")]
    pub individual: f64,
    /// Glass's delta: the difference over the standard deviation of the control.
    pub glass_delta: Option<f64>,
    /// Intra-cluster correlation that was used.
    #[serde(skip)]
    pub icc: f64,
}

/// Sizes of a difference from numbers.
pub fn effect_size(
    scale: &Scale,
    estimate: f64,
    std_error: Option<f64>,
    df: Option<f64>,
    level: f64,
) -> Result<EffectSize, QuestionError> {
    let positive = [
        ("std_error", std_error),
        ("df", df),
        ("sd_control", scale.sd_control),
    ];
    for (argument, value) in positive {
        if let Some(value) = value
            && !(value > 0.0 && value.is_finite())
        {
            return Err(QuestionError::Argument {
                argument,
                must: "positive",
                value,
            });
        }
    }
    check_level(level)?;
    scale.sizes(estimate, std_error, df, level)
}

/// Cox's index `ln(odds ratio) / 1.65`, which puts two rates on the scale of a standardized mean difference (Cox 1970);
/// `None` if a rate is 0 or 1.
pub fn cox_index(rate: f64, rate_control: f64) -> Result<Option<f64>, QuestionError> {
    for (argument, value) in [("rate", rate), ("rate_control", rate_control)] {
        if !(0.0..=1.0).contains(&value) {
            return Err(QuestionError::Argument {
                argument,
                must: "between 0 and 1",
                value,
            });
        }
    }
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let index = (logit(rate) - logit(rate_control)) / 1.65;
    Ok(Some(index).filter(|v| v.is_finite()))
}

/// A t statistic that ignored clustering, corrected.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CorrectedT {
    /// The corrected t.
    #[serde(rename = "t_corrected")]
    pub t: f64,
    /// Its degrees of freedom, `h`.
    pub df: f64,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
}

/// The clustering correction of the What Works Clearinghouse: `t √{[(N − 2) − 2(n − 1)ρ] / [(N − 2)(1 + (n − 1)ρ)]}` with
/// `h` degrees of freedom, for `N` students in clusters of `n` with intra-cluster correlation `ρ`.
pub fn wwc_correct_t(t: f64, n: f64, size: f64, rho: f64) -> Result<CorrectedT, QuestionError> {
    if !t.is_finite() {
        return Err(QuestionError::Argument {
            argument: "t",
            must: "finite",
            value: t,
        });
    }
    let g = hedges_g(0.0, 1.0, n / 2.0, n / 2.0, size, rho)?;
    let t = t * g.gamma / (1.0 + (size - 1.0) * rho.max(0.0)).sqrt();
    Ok(CorrectedT {
        t,
        df: g.h,
        p_value: t_two_sided(t, g.h),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_the_handbook() {
        // N = 1000, n = 25, ρ = 0.2 and b / S = 0.25.
        let got = hedges_g(5.0, 20.0, 500.0, 500.0, 25.0, 0.2);
        let Ok(got) = got else {
            unreachable!("{got:?}")
        };
        for (value, expected) in [
            (got.h, 516.1537681220676),
            (got.gamma, 0.995178758577094),
            (got.omega, 0.9985462405077403),
            (got.g, 0.24843300200257934),
        ] {
            assert!(
                (value / expected - 1.0).abs() < 1e-12,
                "{value} is not {expected}"
            );
        }
    }

    #[test]
    fn what_does_not_exist() {
        assert!(hedges_g(1.0, 0.0, 10.0, 10.0, 5.0, 0.1).is_err());
        assert!(hedges_g(1.0, 1.0, 2.0, 2.0, 4.0, 0.9).is_err());
        assert!(hedges_g(1.0, f64::NAN, 10.0, 10.0, 5.0, 0.1).is_err());
    }
}
