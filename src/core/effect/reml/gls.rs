//! Generalized least squares with a given ratio of the variances, strata eliminated block by block.
//!
//! Everything is in units of the variance within clusters: `V = I + λ ZZ'`, whose eigenvalues are 1 within clusters and
//! `1 + λ n` for a cluster of `n` rows. Intercepts are eliminated by taking off the regressors what explains them, `T`:
//! in the basis of regressors without it and intercepts, `X'V⁻¹X` has two diagonal blocks.

use super::sums::{ClusterSums, Form, Split, Sums};
use nalgebra::{DMatrix, DVector};

/// `X'V⁻¹X` and its inverse.
#[derive(Debug)]
pub struct Gls {
    /// `Φ`, the covariance matrix of the regressors' coefficients.
    pub phi: DMatrix<f64>,
    /// By block, the inverse of the intercepts' part.
    inner: Vec<DMatrix<f64>>,
    /// By block, the coefficients of the regressors on the intercepts.
    taken: Vec<DMatrix<f64>>,
    /// `log |X'V⁻¹X|`.
    pub log_det: f64,
}

/// Inverse and logarithm of the determinant of a symmetric matrix; nothing if it is not positive definite.
fn inverse(matrix: DMatrix<f64>) -> Option<(DMatrix<f64>, f64)> {
    if let (1, Some(&value)) = (matrix.nrows(), matrix.get((0, 0))) {
        return (value > 0.0).then(|| (DMatrix::from_element(1, 1, 1.0 / value), value.ln()));
    }
    let factor = matrix.cholesky()?;
    let logs = factor.l_dirty().diagonal().map(f64::ln);
    Some((factor.inverse(), 2.0 * logs.sum()))
}

impl Gls {
    /// Inverts `X'V⁻¹X`.
    pub fn new(information: Form) -> Option<Gls> {
        let (mut inner, mut taken) = (Vec::new(), Vec::new());
        let mut log_det = 0.0;
        let mut left = information.xx;
        for (xs, ss) in information.xs.iter().zip(information.ss) {
            crate::pulse::beat();
            let (of_block, log) = inverse(ss)?;
            let t = &of_block * xs.transpose();
            left -= xs * &t;
            log_det += log;
            inner.push(of_block);
            taken.push(t);
        }
        let (phi, log) = inverse((&left + left.transpose()) * 0.5)?;
        Some(Gls {
            phi,
            inner,
            taken,
            log_det: log_det + log,
        })
    }

    /// A vector in the basis without what is taken off.
    fn apart(&self, v: &Split) -> DVector<f64> {
        let mut x = v.x.clone();
        for (t, s) in self.taken.iter().zip(&v.s) {
            x -= t.tr_mul(s);
        }
        x
    }

    /// `Φ v`, over regressors and intercepts.
    pub fn solve(&self, v: &Split) -> Split {
        let x = &self.phi * self.apart(v);
        let of_blocks = self.inner.iter().zip(&self.taken).zip(&v.s);
        let s = of_blocks.map(|((inner, t), s)| inner * s - t * &x);
        Split { s: s.collect(), x }
    }

    /// A matrix in the basis without what is taken off.
    pub fn form_apart(&self, form: Form) -> Form {
        let mut xx = form.xx;
        let mut xs = Vec::with_capacity(form.xs.len());
        for ((cross, ss), t) in form.xs.into_iter().zip(&form.ss).zip(&self.taken) {
            crate::pulse::beat();
            let both = &cross * t;
            let rest = cross - t.tr_mul(ss);
            // xx − xs T − T'sx + T'ss T, the last two being T'(…)'.
            xx -= both + (&rest * t).transpose();
            xs.push(rest);
        }
        Form {
            xx,
            xs,
            ss: form.ss,
        }
    }

    /// `tr(Φ F)` of a matrix in that basis.
    pub fn trace(&self, f: &Form) -> f64 {
        let of_blocks = self.inner.iter().zip(&f.ss);
        self.phi.dot(&f.xx) + of_blocks.map(|(inner, ss)| inner.dot(ss)).sum::<f64>()
    }

    /// `tr(Φ F Φ G)` of matrices in that basis.
    pub fn trace_of_two(&self, f: &Form, g: &Form) -> f64 {
        let product = |a: &DMatrix<f64>, b: &DMatrix<f64>| a.dot(&b.transpose());
        let mut sum = product(&(&self.phi * &f.xx), &(&self.phi * &g.xx));
        let blocks = self.inner.iter().zip(f.xs.iter().zip(&f.ss));
        for ((inner, (xs, ss)), (other_xs, other_ss)) in blocks.zip(g.xs.iter().zip(&g.ss)) {
            crate::pulse::beat();
            sum += 2.0 * (&self.phi * xs * inner).dot(other_xs);
            sum += product(&(inner * ss), &(inner * other_ss));
        }
        sum
    }

    /// `u'F Φ G u` of matrices in that basis, `u` being a vector over the regressors.
    pub fn quadratic(&self, u: &DVector<f64>, f: &Form, g: &Form) -> f64 {
        let mut sum = (&f.xx * u).dot(&(&self.phi * (&g.xx * u)));
        for ((inner, a), b) in self.inner.iter().zip(&f.xs).zip(&g.xs) {
            sum += a.tr_mul(u).dot(&(inner * b.tr_mul(u)));
        }
        sum
    }
}

/// The fit at one ratio of the variances.
#[derive(Debug)]
pub struct Point {
    /// The ratio, variance between clusters over variance within.
    pub ratio: f64,
    /// `−2 log L` of REML, profiled over all else.
    pub deviance: f64,
    /// Its derivative by the ratio.
    pub slope: f64,
    /// Variance within clusters.
    pub within: f64,
    /// What generalized least squares adds to the coefficients of least squares.
    pub delta: Split,
    /// `X'V⁻¹X`.
    pub gls: Gls,
}

/// Weight of a cluster's mean: the inverse of its eigenvalue.
pub fn weight(ratio: f64, cluster: &ClusterSums) -> f64 {
    1.0 / (1.0 + ratio * cluster.rows)
}

impl Point {
    /// Fits; nothing if the matrices are singular to working precision.
    pub fn new(sums: &Sums, ratio: f64) -> Option<Point> {
        let w = |c: &ClusterSums| weight(ratio, c);
        let gls = Gls::new(sums.form(1.0, w))?;
        let less = |c: &ClusterSums| (w(c) - 1.0) / c.rows * c.residual;
        let products = sums.vector(less);
        let delta = gls.solve(&products);
        let own: f64 = crate::pulse::each(&sums.clusters)
            .map(|c| less(c) * c.residual)
            .sum();
        let squares = sums.squares + own - products.dot(&delta);
        let slopes = gls.form_apart(sums.form(0.0, |c| -c.rows * w(c) * w(c)));
        let (mut log_v, mut slope, mut of_squares) = (0.0, gls.trace(&slopes), 0.0);
        for c in crate::pulse::each(&sums.clusters) {
            let left = c.residual - c.product(&delta);
            log_v += (ratio * c.rows).ln_1p();
            slope += c.rows * w(c);
            of_squares -= (w(c) * left).powi(2);
        }
        let df = sums.rows - sums.rank;
        let within = squares / df;
        let deviance =
            df * (1.0 + (std::f64::consts::TAU * within).ln()) + log_v + gls.log_det + sums.log_det;
        slope += of_squares / within;
        (squares > 0.0 && deviance.is_finite() && slope.is_finite()).then_some(Point {
            ratio,
            deviance,
            slope,
            within,
            delta,
            gls,
        })
    }
}
