//! The same from matrices of the size of the table, at the variances that were found.

use super::{Pupil, has, model_of};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rct_core::effect::MixedDf;
use rct_core::regression::{Adjust, Options, Strata};

/// Design matrix with the treated conditions first, then the covariate, then an intercept for each stratum.
fn matrix(pupils: &[Pupil], options: &Options) -> DMatrix<f64> {
    let strata: Vec<i64> = match options.strata {
        Strata::Ignore => vec![0],
        Strata::Pairs | Strata::Clusters => unreachable!(),
        Strata::Absorb => {
            let mut all: Vec<i64> = pupils.iter().map(|p| p.2).collect();
            all.sort();
            all.dedup();
            all
        }
    };
    let covariates = usize::from(options.adjust == Adjust::Ancova);
    let columns = 2 + covariates + strata.len();
    DMatrix::from_fn(pupils.len(), columns, |i, j| {
        let p = &pupils[i];
        match j {
            0 | 1 => f64::from(p.0 == j + 1),
            2 if covariates == 1 => p.4,
            _ if strata.len() == 1 => 1.0,
            _ => f64::from(p.2 == strata[j - 2 - covariates]),
        }
    })
}

/// Traces, forms and tests of a fit with the variances `[within, between]`.
struct Dense {
    x: DMatrix<f64>,
    y: DVector<f64>,
    v: [DMatrix<f64>; 2],
    inverse: DMatrix<f64>,
    phi: DMatrix<f64>,
    projection: DMatrix<f64>,
}

impl Dense {
    fn new(pupils: &[Pupil], options: &Options, variances: [f64; 2]) -> Option<Self> {
        let (n, x) = (pupils.len(), matrix(pupils, options));
        let y = DVector::from_fn(n, |i, _| pupils[i].3);
        let same = DMatrix::from_fn(n, n, |i, j| f64::from(pupils[i].1 == pupils[j].1));
        let v = [DMatrix::identity(n, n), same];
        let inverse = (&v[0] * variances[0] + &v[1] * variances[1]).try_inverse()?;
        let phi = (x.transpose() * &inverse * &x).try_inverse()?;
        let projection = &inverse - &inverse * &x * &phi * x.transpose() * &inverse;
        Some(Dense {
            x,
            y,
            v,
            inverse,
            phi,
            projection,
        })
    }

    fn log_likelihood(&self) -> f64 {
        let log = |m: &DMatrix<f64>| {
            m.clone()
                .cholesky()
                .unwrap()
                .l()
                .diagonal()
                .map(f64::ln)
                .sum()
                * 2.0
        };
        let df = (self.x.nrows() - self.x.ncols()) as f64;
        let squares = self.y.dot(&(&self.projection * &self.y));
        -0.5 * (df * std::f64::consts::TAU.ln() - log(&self.inverse) - log(&self.phi) + squares)
    }

    /// Gradient of `−2 log L`, and the size of its terms.
    fn gradient(&self, i: usize) -> (f64, f64) {
        let p = &self.projection;
        let trace = (p * &self.v[i]).trace();
        let form = self.y.dot(&(p * &self.v[i] * p * &self.y));
        (trace - form, trace.abs() + form)
    }

    /// Expected and observed second derivatives of `−2 log L`.
    fn curvature(&self) -> [DMatrix<f64>; 2] {
        let p = &self.projection;
        let expected = DMatrix::from_fn(2, 2, |i, j| (p * &self.v[i] * p * &self.v[j]).trace());
        let form =
            |i: usize, j: usize| self.y.dot(&(p * &self.v[i] * p * &self.v[j] * p * &self.y));
        let observed = DMatrix::from_fn(2, 2, |i, j| 2.0 * form(i, j)) - &expected;
        [expected, observed]
    }

    fn information(&self, i: usize) -> DMatrix<f64> {
        self.x.transpose() * &self.inverse * &self.v[i] * &self.inverse * &self.x
    }

    fn df(&self, coefficient: usize, curvature: &DMatrix<f64>) -> f64 {
        let c = self.phi.column(coefficient);
        let gradient = DVector::from_fn(2, |i, _| (c.transpose() * self.information(i) * c)[0]);
        let w = curvature.clone().try_inverse().unwrap() * 2.0;
        2.0 * self.phi[(coefficient, coefficient)].powi(2) / gradient.dot(&(w * &gradient))
    }

    fn kenward_roger_se(&self, coefficient: usize) -> f64 {
        let w = self.curvature()[0].clone().try_inverse().unwrap() * 2.0;
        let mut middle = DMatrix::zeros(self.x.ncols(), self.x.ncols());
        for i in 0..2 {
            for j in 0..2 {
                let (u, v) = (&self.inverse, &self.v);
                let q = self.x.transpose() * u * &v[i] * u * &v[j] * u * &self.x;
                let f = self.information(i) * &self.phi * self.information(j);
                middle += (q - f) * w[(i, j)];
            }
        }
        let adjusted = &self.phi + &self.phi * middle * &self.phi * 2.0;
        adjusted[(coefficient, coefficient)].sqrt()
    }
}

fn near(what: &str, got: f64, expected: f64, tolerance: f64) -> Result<(), TestCaseError> {
    let close = (got - expected).abs() <= tolerance * expected.abs().max(1e-6);
    prop_assert!(close, "{what}: {got} instead of {expected}");
    Ok(())
}

/// Clusters of a condition and a stratum of their own, or pupils of any.
fn pupils() -> impl Strategy<Value = (Vec<Pupil>, f64)> {
    let cluster = (
        0usize..3,
        0i64..3,
        -8i32..8,
        prop::collection::vec((-9i32..9, -5i32..5, 0usize..3, 0i64..3), 1..7),
    );
    let all = prop::collection::vec(cluster, 7..14);
    (all, any::<bool>(), 0.0..2.0).prop_map(|(clusters, mixed, spread)| {
        let mut pupils = Vec::new();
        for (g, (condition, stratum, own, rows)) in (0i64..).zip(clusters) {
            for (y, x, other, elsewhere) in rows {
                let (condition, stratum) = if mixed {
                    (other, elsewhere)
                } else {
                    (condition, stratum)
                };
                let y = f64::from(y) + spread * f64::from(own);
                pupils.push((condition, g, stratum, y, f64::from(x)));
            }
        }
        (pupils, spread)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60,
        max_global_rejects: 4000,
        ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_matrices_of_the_table((pupils, _) in pupils(), ancova: bool, absorb: bool) {
        let options = Options {
            adjust: if ancova { Adjust::Ancova } else { Adjust::None },
            strata: if absorb { Strata::Absorb } else { Strata::Ignore },
            ..Options::default()
        };
        prop_assume!((0..3).all(|c| pupils.iter().any(|p| p.0 == c)));
        let kr = model_of(&pupils, &options, MixedDf::KenwardRoger);
        let satterthwaite = model_of(&pupils, &options, MixedDf::Satterthwaite);
        prop_assume!(!has(&kr, "no_fit"));
        prop_assume!(kr.effects.iter().all(|e| e.inference.estimate.is_some()));
        let variances = [kr.variance_within.unwrap(), kr.variance_between.unwrap()];
        prop_assume!(variances[1] < 1e4 * variances[0]);
        let Some(dense) = Dense::new(&pupils, &options, variances) else {
            return Err(TestCaseError::reject("singular"));
        };
        near("log-likelihood", kr.log_likelihood.unwrap(), dense.log_likelihood(), 1e-9)?;
        // The maximum: no slope inside, none that grows at 0.
        let (slope, size) = dense.gradient(0);
        prop_assert!(slope.abs() <= 1e-7 * size, "{slope} of {size}");
        let (slope, size) = dense.gradient(1);
        let at_zero = variances[1] == 0.0;
        prop_assert!(slope >= -1e-7 * size && (at_zero || slope <= 1e-7 * size), "{slope} of {size} {variances:?}");
        prop_assert_eq!(at_zero, has(&kr, "no_variance_between"));
        // No other ratio has a larger likelihood.
        for share in 0..5 {
            let icc = f64::from(share) / 5.0;
            let total = variances[0] + variances[1];
            // The best variance within for this ratio is a factor on both.
            let other = Dense::new(&pupils, &options, [total * (1.0 - icc), total * icc]).unwrap();
            let df = (other.x.nrows() - other.x.ncols()) as f64;
            let factor = other.y.dot(&(&other.projection * &other.y)) / df;
            let best = other.log_likelihood() + 0.5 * (factor - 1.0 - factor.ln()) * df;
            prop_assert!(best <= dense.log_likelihood() + 1e-8 * best.abs(), "icc {icc}: {best}");
        }
        let beta = &dense.phi * dense.x.transpose() * &dense.inverse * &dense.y;
        let [expected, observed] = dense.curvature();
        for (i, (kr, satterthwaite)) in kr.effects.iter().zip(&satterthwaite.effects).enumerate() {
            let (kr, satterthwaite) = (kr.inference, satterthwaite.inference);
            near("estimate", kr.estimate.unwrap(), beta[i], 1e-8)?;
            near("se", satterthwaite.std_error.unwrap(), dense.phi[(i, i)].sqrt(), 1e-8)?;
            near("KR se", kr.std_error.unwrap(), dense.kenward_roger_se(i), 1e-7)?;
            near("KR df", kr.df.unwrap(), dense.df(i, &expected), 1e-6)?;
            let df = match at_zero {
                true => (dense.x.nrows() - dense.x.ncols()) as f64,
                false => dense.df(i, &observed),
            };
            // Where the likelihood is nearly flat, so are its second derivatives.
            let flat = observed.determinant() < 1e-4 * observed[(0, 0)] * observed[(1, 1)];
            if !flat {
                near("Satterthwaite df", satterthwaite.df.unwrap(), df, 1e-5)?;
            }
        }
    }
}
