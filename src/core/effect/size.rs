//! Effect sizes for clustered data.

use super::error::EffectError;

/// Hedges' g and the corrections in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HedgesG {
    /// `ω γ b / S`.
    pub g: f64,
    /// Correction for clustering, `√(1 − 2 (n − 1) ρ / (N − 2))`.
    pub gamma: f64,
    /// Degrees of freedom of the pooled standard deviation under clustering.
    pub h: f64,
    /// Small-sample correction, `1 − 3 / (4h − 1)`.
    pub omega: f64,
}

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
) -> Result<HedgesG, EffectError> {
    let argument = |argument, must, value| {
        Err(EffectError::Argument {
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
            "larger against the size of the clusters",
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
