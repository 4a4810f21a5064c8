//! Against matrices of all rows: the definitions, written out.

use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rct_core::budget::Budget;
use rct_core::effect::{Coefficients, coefficients, contrasts, effects};
use rct_core::regression::{Adjust, Options, StdError};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};

const CONDITIONS: [&str; 3] = ["a", "b", "c"];
const CONTROL: usize = 1;

#[derive(Debug, Clone, Copy)]
struct Student {
    condition: usize,
    cluster: usize,
    stratum: usize,
    x: f64,
    y: f64,
    w: f64,
}

fn students() -> impl Strategy<Value = Vec<Student>> {
    let one = (
        0usize..8,
        0usize..3,
        -20i32..20,
        -40i32..40,
        prop::sample::select(vec![0.5, 1.0, 2.0, 3.0]),
        0usize..10,
    );
    prop::collection::vec(one, 20..50).prop_map(|rows| {
        let student = |(cluster, stratum, x, y, w, other)| Student {
            // Mostly whole clusters, and some students with another condition.
            condition: if other == 0 { stratum } else { cluster % 3 },
            cluster,
            stratum,
            x: f64::from(x) / 4.0,
            y: f64::from(y) / 4.0,
            w,
        };
        rows.into_iter().map(student).collect()
    })
}

fn sketch(students: &[Student], weighted: bool, strata: bool) -> Sketch {
    let columns = if weighted {
        "y ~ x; weight: w"
    } else {
        "y ~ x"
    };
    let mut builder = Builder::new(Columns::parse(columns).unwrap(), &Budget::unlimited());
    for s in students {
        let mut values = vec![Some(s.y), Some(s.x)];
        values.extend(weighted.then_some(Some(s.w)));
        builder
            .add(&Row {
                condition: Some(CONDITIONS[s.condition].as_bytes()),
                cluster: Some(Cluster::Number(s.cluster as i64)),
                stratum: match strata {
                    true => Key::of_bigint(s.stratum as i64),
                    false => Key::NONE,
                },
                values: &values,
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

/// A regression of all rows.
struct Direct {
    x: DMatrix<f64>,
    y: DVector<f64>,
    w: DVector<f64>,
    /// `(X'WX)⁻¹`
    m: DMatrix<f64>,
    clusters: Vec<Vec<usize>>,
    /// Terms as combinations of the coefficients.
    terms: DMatrix<f64>,
}

impl Direct {
    /// `None` if the columns are not independent.
    fn new(students: &[Student], weighted: bool, strata: bool, adjust: Adjust) -> Option<Direct> {
        let n = students.len();
        let w =
            DVector::from_iterator(n, students.iter().map(|s| if weighted { s.w } else { 1.0 }));
        let total = w.sum();
        let mean = students
            .iter()
            .zip(w.iter())
            .map(|(s, w)| s.x * w)
            .sum::<f64>()
            / total;
        let treated: Vec<usize> = (0..3).filter(|c| *c != CONTROL).collect();
        let strata: Vec<Option<usize>> = match strata {
            true => (0..3)
                .filter(|s| students.iter().any(|t| t.stratum == *s))
                .map(Some)
                .collect(),
            false => vec![None],
        };
        // The row of a student, if it had this condition.
        let row = |s: &Student, condition: usize| {
            let mut row: Vec<f64> = strata
                .iter()
                .map(|t| f64::from(t.is_none_or(|t| t == s.stratum)))
                .collect();
            row.extend(treated.iter().map(|t| f64::from(*t == condition)));
            row.extend((adjust != Adjust::None).then_some(s.x));
            if adjust == Adjust::Lin {
                row.extend(
                    treated
                        .iter()
                        .map(|t| f64::from(*t == condition) * (s.x - mean)),
                );
            }
            row
        };
        let rows: Vec<Vec<f64>> = students.iter().map(|s| row(s, s.condition)).collect();
        let p = rows[0].len();
        let x = DMatrix::from_fn(n, p, |i, j| rows[i][j]);
        let gram = x.transpose() * DMatrix::from_diagonal(&w) * &x;
        let scale = gram.diagonal().map(|v| 1.0 / v.max(1e-9).sqrt());
        let even = DMatrix::from_diagonal(&scale) * &gram * DMatrix::from_diagonal(&scale);
        if even.symmetric_eigenvalues().min() < 1e-3 {
            return None;
        }
        let mut terms: Vec<Vec<f64>> = (0..3)
            .map(|c| {
                let mut mean = vec![0.0; p];
                for (s, w) in students.iter().zip(w.iter()) {
                    mean.iter_mut()
                        .zip(row(s, c))
                        .for_each(|(m, v)| *m += w * v / total);
                }
                mean
            })
            .collect();
        terms.extend((strata.len()..p).map(|j| (0..p).map(|i| f64::from(i == j)).collect()));
        let cluster = |g: usize| {
            (0..n)
                .filter(|i| students[*i].cluster == g)
                .collect::<Vec<_>>()
        };
        Some(Direct {
            m: gram.try_inverse()?,
            y: DVector::from_iterator(n, students.iter().map(|s| s.y)),
            terms: DMatrix::from_fn(terms.len(), p, |i, j| terms[i][j]),
            clusters: (0..8).map(cluster).filter(|c| !c.is_empty()).collect(),
            x,
            w,
        })
    }

    fn coefficients(&self) -> DVector<f64> {
        &self.m * self.x.transpose() * self.w.component_mul(&self.y)
    }

    /// Covariances of the terms and their degrees of freedom by CR2, from the matrices of the rows; `None` if an adjustment
    /// matrix is near a singular one.
    fn cr2(&self) -> Option<(DMatrix<f64>, Vec<f64>)> {
        let n = self.y.len();
        let wx = DMatrix::from_diagonal(&self.w) * &self.x;
        let left = DMatrix::identity(n, n) - &self.x * &self.m * wx.transpose();
        let (terms, mut covariance) = (
            self.terms.nrows(),
            DMatrix::zeros(self.terms.nrows(), self.terms.nrows()),
        );
        // By cluster, the rows of the estimator's form in the errors.
        let mut forms: Vec<DMatrix<f64>> = Vec::new();
        for cluster in &self.clusters {
            let own = left.select_rows(cluster);
            let eigen = (&own * own.transpose()).symmetric_eigen();
            let mut root = eigen.eigenvalues.clone();
            for v in root.iter_mut() {
                if (1e-9..1e-3).contains(v) {
                    return None;
                }
                *v = if *v < 1e-9 { 0.0 } else { 1.0 / v.sqrt() };
            }
            let adjustment = &eigen.eigenvectors
                * DMatrix::from_diagonal(&root)
                * eigen.eigenvectors.transpose();
            let form =
                &self.terms * &self.m * wx.select_rows(cluster).transpose() * adjustment * own;
            let score = &form * &self.y;
            covariance += &score * score.transpose();
            forms.push(form);
        }
        let df = |t: usize| {
            let (mut trace, mut squares) = (0.0, 0.0);
            for (g, a) in forms.iter().enumerate() {
                trace += a.row(t).norm_squared();
                for (h, b) in forms.iter().enumerate() {
                    let product = a.row(t).dot(&b.row(t));
                    squares += product * product * f64::from(g <= h) * (2.0 - f64::from(g == h));
                }
            }
            trace * trace / squares
        };
        Some((covariance, (0..terms).map(df).collect()))
    }

    /// Sum of squared changes of the terms when clusters are left out in turn; the terms stay the same combinations. `None`
    /// if a regression without a cluster is not of full rank.
    fn cr3(&self) -> Option<DMatrix<f64>> {
        let all = &self.terms * self.coefficients();
        let mut covariance = DMatrix::zeros(all.len(), all.len());
        for cluster in &self.clusters {
            let rest: Vec<usize> = (0..self.y.len()).filter(|i| !cluster.contains(i)).collect();
            let (x, y, w) = (
                self.x.select_rows(&rest),
                self.y.select_rows(&rest),
                self.w.select_rows(&rest),
            );
            let gram = x.transpose() * DMatrix::from_diagonal(&w) * &x;
            if gram.symmetric_eigenvalues().min() < 1e-3 {
                return None;
            }
            let beta = gram.try_inverse()? * x.transpose() * w.component_mul(&y);
            let change = &self.terms * beta - &all;
            covariance += &change * change.transpose();
        }
        Some(covariance)
    }
}

fn near(got: f64, expected: f64, scale: f64) -> bool {
    (got - expected).abs() <= 1e-8 * expected.abs().max(scale)
}

fn same(
    got: &Coefficients,
    estimates: &DVector<f64>,
    covariance: &DMatrix<f64>,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(got.terms.len(), estimates.len());
    for (i, term) in got.terms.iter().enumerate() {
        let size = 10.0 + covariance[(i, i)].sqrt();
        prop_assert!(
            near(term.inference.estimate.unwrap(), estimates[i], size),
            "{:?} {}",
            term,
            estimates[i]
        );
        for j in 0..estimates.len() {
            let Some(v) = got.covariance[i][j] else {
                let known = |k: usize| got.terms[k].inference.std_error.is_some();
                prop_assert!(!(known(i) && known(j)));
                continue;
            };
            let scale = (covariance[(i, i)] * covariance[(j, j)]).sqrt().max(1e-9);
            prop_assert!(
                near(v, covariance[(i, j)], scale),
                "{:?} {} {}",
                term,
                v,
                covariance[(i, j)]
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_global_rejects: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn terms_are_what_their_definitions_say(
        students in students(),
        weighted in any::<bool>(),
        strata in any::<bool>(),
        adjust in prop::sample::select(vec![Adjust::None, Adjust::Ancova, Adjust::Lin]),
    ) {
        let direct = Direct::new(&students, weighted, strata, adjust);
        prop_assume!(direct.is_some());
        let direct = direct.unwrap();
        let sketch = sketch(&students, weighted, strata);
        let ask = |se| {
            let options = Options { adjust, se, ..Options::default() };
            coefficients(&sketch.first().unwrap(), CONDITIONS[CONTROL], &options).unwrap()
        };
        let estimates = &direct.terms * direct.coefficients();
        let cr2 = direct.cr2();
        prop_assume!(cr2.is_some());
        let (covariance, df) = cr2.unwrap();
        let got = ask(StdError::Cr2);
        same(&got, &estimates, &covariance)?;
        for (i, term) in got.terms.iter().enumerate() {
            if let Some(got) = term.inference.df {
                prop_assert!(near(got, df[i], 0.0), "{:?} {}", term, df[i]);
            }
        }
        if let Some(covariance) = direct.cr3() {
            same(&ask(StdError::Cr3), &estimates, &covariance)?;
        }
    }

    /// The mean of a condition less that of the control is the effect, whatever strata and covariates are; a combination has
    /// the variance that the covariances give.
    #[test]
    fn combinations_have_the_variance_of_the_covariances(
        students in students(),
        weighted in any::<bool>(),
        factors in prop::array::uniform3(-8i32..8),
    ) {
        prop_assume!(Direct::new(&students, weighted, true, Adjust::Ancova).is_some());
        prop_assume!(factors != [0; 3]);
        let sketch = sketch(&students, weighted, true);
        let view = sketch.first().unwrap();
        let options = Options { adjust: Adjust::Ancova, se: StdError::Cr1, ..Options::default() };
        let terms = coefficients(&view, CONDITIONS[CONTROL], &options).unwrap();
        let text = factors.iter().zip(CONDITIONS).map(|(f, c)| format!("{f}*{c}"));
        let text = text.collect::<Vec<_>>().join(" + ");
        let row = contrasts(&view, CONDITIONS[CONTROL], &[&text, "a = b"], &options).unwrap();
        let f = factors.map(f64::from);
        let (mut estimate, mut variance, mut size) = (0.0, 0.0, 0.0);
        for i in 0..3 {
            estimate += f[i] * terms.terms[i].inference.estimate.unwrap();
            for j in 0..3 {
                let v = terms.covariance[i][j];
                prop_assume!(v.is_some());
                variance += f[i] * f[j] * v.unwrap();
                size += (f[i] * f[j] * v.unwrap()).abs();
            }
        }
        prop_assert!(near(row[0].inference.estimate.unwrap(), estimate, 100.0));
        if let Some(se) = row[0].inference.std_error {
            prop_assert!(near(se * se, variance, size), "{} {}", se * se, variance);
        }
        let effect = &effects(&view, CONDITIONS[CONTROL], &options).unwrap()[0];
        prop_assert_eq!(row[1].inference.estimate, effect.inference.estimate);
        prop_assert_eq!(row[1].inference.std_error, effect.inference.std_error);
    }
}
