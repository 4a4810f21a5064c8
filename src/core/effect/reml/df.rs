//! What is known of an effect at the maximum: standard error and degrees of freedom.
//!
//! In units of the variance within clusters, `V = I + λ ZZ'` with the derivatives `V_0 = I` by the variance within and
//! `V_1 = ZZ'` by that between. With `P = V⁻¹ − V⁻¹XΦX'V⁻¹`, `F_i = X'V⁻¹V_iV⁻¹X`, `Q_ij = X'V⁻¹V_iV⁻¹V_jV⁻¹X`,
//!
//! - Kenward and Roger (1997): `W = 2 M⁻¹` with the expected `M_ij = tr(PV_iPV_j)`, the covariance matrix of coefficients
//!   `Φ + 2 Φ {Σ W_ij (Q_ij − F_iΦF_j)} Φ`, and for one contrast, whose variance `v = c'Φc` has the gradient
//!   `g_i = c'ΦF_iΦc`, the degrees of freedom `2 v² / g'Wg`, to which their F test comes down;
//! - Satterthwaite (Giesbrecht and Burns 1985): `Φ` as it is, and the same with `W = 2 H⁻¹`, `H` being the observed matrix of
//!   second derivatives of `−2 log L`, `2 y'PV_iPV_jPy − M_ij`.

use super::gls::{Point, weight};
use super::sums::{ClusterSums, Form, Sums};
use crate::pulse::each;
use nalgebra::{DVector, Matrix2};

/// Share that one variance leaves of the information on the other from which the two cannot be told apart.
const ALIKE: f64 = 1e-10;

/// Pairs of variances: within with itself, within with between, between with itself.
const PAIRS: [(usize, usize); 3] = [(0, 0), (0, 1), (1, 1)];

/// The curvature of the likelihood at a point.
#[derive(Debug)]
pub struct Curvature<'a> {
    point: &'a Point,
    /// `F_0` and `F_1`.
    first: [Form; 2],
    /// `Q_00`, `Q_01`, `Q_11`.
    second: [Form; 3],
    /// `M`.
    expected: Matrix2<f64>,
    /// `H`.
    observed: Matrix2<f64>,
    /// False if the data do not tell the two variances apart.
    pub identified: bool,
}

/// Standard error and degrees of freedom of a contrast, in the unit of the outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Standard error.
    pub std_error: f64,
    /// Degrees of freedom, if there are any.
    pub df: Option<f64>,
}

impl<'a> Curvature<'a> {
    /// Computes the matrices.
    pub fn new(sums: &Sums, point: &'a Point) -> Self {
        let w = |c: &ClusterSums| weight(point.ratio, c);
        let apart = |within, power: i32, rows: i32| {
            let form = sums.form(within, |c| w(c).powi(power) * c.rows.powi(rows));
            point.gls.form_apart(form)
        };
        let first = [apart(1.0, 2, 0), apart(0.0, 2, 1)];
        let second = [apart(1.0, 3, 0), apart(0.0, 3, 1), apart(0.0, 3, 2)];
        let within = sums.rows - sums.clusters.len() as f64;
        // tr(V⁻¹V_iV⁻¹V_j) and, with Py, y'PV_i V⁻¹ V_jPy.
        let (mut traces, mut forms) = ([within, 0.0, 0.0], [0.0; 3]);
        let mut left_within = sums.squares + point.delta.dot(&point.delta);
        for c in each(&sums.clusters) {
            let (w, n) = (w(c), c.rows);
            let left = c.residual - c.product(&point.delta);
            left_within -= left * left / n;
            for (k, (trace, form)) in traces.iter_mut().zip(&mut forms).enumerate() {
                let rows = n.powi(k as i32);
                *trace += w * w * rows;
                *form += w * w * w * rows * left * left / n;
            }
        }
        if let Some(form) = forms.first_mut() {
            *form += left_within;
        }
        // X'V⁻¹V_iPy; least squares leaves its residual at right angles to X.
        let left = |c: &ClusterSums| c.residual - c.product(&point.delta);
        let mut of_within = sums.vector(|c| (w(c) * w(c) - 1.0) / c.rows * left(c));
        of_within.x -= &point.delta.x;
        let strata = of_within.s.iter_mut().zip(&point.delta.s);
        strata.for_each(|(s, delta)| *s -= delta);
        let of_between = sums.vector(|c| w(c) * w(c) * left(c));
        let crosses = [of_within, of_between];
        let solved = crosses.each_ref().map(|c| point.gls.solve(c));
        let (mut expected, mut observed) = (Matrix2::zeros(), Matrix2::zeros());
        let of_pairs = PAIRS.iter().zip(&second).zip(traces.iter().zip(&forms));
        for ((&(i, j), q), (trace, form)) in of_pairs {
            let (Some(fi), Some(fj), Some(cross), Some(solved)) =
                (first.get(i), first.get(j), crosses.get(i), solved.get(j))
            else {
                continue;
            };
            let m = trace - 2.0 * point.gls.trace(q) + point.gls.trace_of_two(fi, fj);
            let h = 2.0 * (form - cross.dot(solved)) / point.within - m;
            for at in [(i, j), (j, i)] {
                expected[at] = m;
                observed[at] = h;
            }
        }
        let own = |i: usize| expected[(i, i)];
        let size = traces.last().copied().unwrap_or(0.0);
        let identified = own(1) > ALIKE * size
            && own(0) > 0.0
            && expected.determinant() > ALIKE * own(0) * own(1);
        Curvature {
            point,
            first,
            second,
            expected,
            observed,
            identified,
        }
    }

    /// `Φc`, the variance and its gradient.
    fn variance(&self, contrast: &DVector<f64>) -> (DVector<f64>, f64, [f64; 2]) {
        let u = &self.point.gls.phi * contrast;
        let gradient = self.first.each_ref().map(|f| u.dot(&(&f.xx * &u)));
        let variance = u.dot(contrast);
        (u, variance, gradient)
    }

    fn df(variance: f64, gradient: [f64; 2], information: &Matrix2<f64>) -> Option<f64> {
        let w = information.try_inverse()? * 2.0;
        let g = nalgebra::Vector2::from(gradient);
        let spread = g.dot(&(w * g));
        let df = 2.0 * variance * variance / spread;
        (spread > 0.0 && df.is_finite()).then_some(df)
    }

    /// By Kenward and Roger.
    pub fn kenward_roger(&self, contrast: &DVector<f64>) -> Precision {
        let (u, variance, gradient) = self.variance(contrast);
        let df = Self::df(variance, gradient, &self.expected);
        let w = self.expected.try_inverse().unwrap_or_default() * 2.0;
        let mut more = 0.0;
        for (&(i, j), q) in PAIRS.iter().zip(&self.second) {
            if let (Some(fi), Some(fj)) = (self.first.get(i), self.first.get(j)) {
                let times = if i == j { 1.0 } else { 2.0 };
                let own = u.dot(&(&q.xx * &u)) - self.point.gls.quadratic(&u, fi, fj);
                more += times * w[(i, j)] * own;
            }
        }
        Precision {
            std_error: (self.point.within * (variance + 2.0 * more)).sqrt(),
            df,
        }
    }

    /// By Satterthwaite. Where the variance between clusters is 0, at the end of its range, those of least squares, `residual`.
    pub fn satterthwaite(&self, contrast: &DVector<f64>, residual: f64) -> Precision {
        let (_, variance, gradient) = self.variance(contrast);
        Precision {
            std_error: (self.point.within * variance).sqrt(),
            df: match self.point.ratio > 0.0 {
                true => Self::df(variance, gradient, &self.observed),
                false => Some(residual),
            },
        }
    }
}
