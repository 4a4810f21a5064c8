//! Gauss–Legendre quadrature.

/// Points of one panel.
const ORDER: usize = 16;

/// Nodes and weights on [−1, 1], ascending: roots of the Legendre polynomial of degree 16 by Newton's method.
fn panel() -> [(f64, f64); ORDER] {
    let n = ORDER as f64;
    std::array::from_fn(|i| {
        let mut x = -libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5));
        let mut slope = 1.0;
        for _ in 0..8 {
            let (mut before, mut p) = (1.0, x);
            for k in 2..=ORDER {
                let k = k as f64;
                (before, p) = (p, ((2.0 * k - 1.0) * x * p - (k - 1.0) * before) / k);
            }
            slope = n * (x * p - before) / (x * x - 1.0);
            x -= p / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    })
}

/// Nodes and weights on `[low, high]`, ascending, in equal panels at most `width` wide.
pub fn nodes(low: f64, high: f64, width: f64) -> Vec<(f64, f64)> {
    let panels = ((high - low) / width).ceil().max(1.0);
    let half = 0.5 * (high - low) / panels;
    let reference = panel();
    (0..panels as usize)
        .flat_map(|i| {
            let middle = low + (2.0 * i as f64 + 1.0) * half;
            reference.map(|(x, w)| (middle + half * x, half * w))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_exactly() {
        for degree in 0..2 * ORDER as i32 {
            let got: f64 = panel().iter().map(|(x, w)| w * x.powi(degree)).sum();
            let exact = if degree % 2 == 0 {
                2.0 / (degree as f64 + 1.0)
            } else {
                0.0
            };
            assert!((got - exact).abs() < 1e-14, "degree {degree}: {got}");
        }
    }

    #[test]
    fn panels_join() {
        let got: f64 = nodes(-1.0, 3.0, 0.7).iter().map(|(x, w)| w * x.exp()).sum();
        assert!((got - (3f64.exp() - (-1f64).exp())).abs() < 1e-12);
    }
}
