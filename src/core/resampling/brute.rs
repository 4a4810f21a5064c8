//! Draws against refits of the whole regression with dense matrices and explicit dummies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::inversion::Curve;
use super::multipliers::{LANES, Law, Multipliers};
use super::wild::Kernel;
use crate::budget::Budget;
use crate::random::{Purpose, Random};
use crate::regression::question::Question;
use crate::regression::{Adjust, Options, StdError, Strata};
use crate::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};
use nalgebra::{DMatrix, DVector};

struct Student {
    y: f64,
    condition: usize,
    cluster: usize,
    stratum: usize,
    x: [f64; 2],
    weight: f64,
}

const CLUSTERS: usize = 9;
const NAMES: [&str; 3] = ["a", "b", "control"];

/// Three conditions, clusters that cross strata if asked for, weights if asked for.
fn students(seed: &str, crossing: bool, weighted: bool) -> Vec<Student> {
    println!("seed {seed}");
    let mut r = Random::new(seed, Purpose::Simulation, 0);
    let mut out = Vec::new();
    for cluster in 0..CLUSTERS {
        let level = r.normal();
        for i in 0..5 + r.below(7) {
            let stratum = if crossing {
                (i % 3) as usize
            } else {
                cluster / 3
            };
            let condition = cluster % 3;
            let x = [r.normal() + level, r.uniform() * 4.0];
            out.push(Student {
                y: 50.0 + 3.0 * level + condition as f64 + x[0] + 2.0 * stratum as f64 + r.normal(),
                condition,
                cluster,
                stratum,
                x,
                weight: if weighted {
                    0.5 + r.below(4) as f64
                } else {
                    1.0
                },
            });
        }
    }
    out
}

fn sketch(students: &[Student], weighted: bool) -> Sketch {
    let budget = Budget::unlimited();
    let columns = Columns::parse(if weighted {
        "y ~ x0, x1; weight: w"
    } else {
        "y ~ x0, x1"
    });
    let mut builder = Builder::new(columns.unwrap(), &budget);
    for s in students {
        builder
            .add(&Row {
                condition: Some(NAMES[s.condition].as_bytes()),
                cluster: Some(Cluster::Number(s.cluster as i64)),
                stratum: Key::of_bigint(s.stratum as i64),
                values: &[s.y, s.x[0], s.x[1], s.weight].map(Some),
            })
            .unwrap();
    }
    builder.into_sketch().unwrap()
}

/// Coefficients, residuals, and the inverse Gram matrix.
fn ols(
    x: &DMatrix<f64>,
    y: &DVector<f64>,
    w: &DVector<f64>,
) -> (DVector<f64>, DVector<f64>, DMatrix<f64>) {
    let xw = DMatrix::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] * w[i]);
    let bread = (xw.transpose() * x).try_inverse().unwrap();
    let beta = &bread * (xw.transpose() * y);
    let residuals = y - x * &beta;
    (beta, residuals, bread)
}

/// The square of t* (CR0) of regressor 0 for one draw.
fn refit(
    x: &DMatrix<f64>,
    y: &DVector<f64>,
    w: &DVector<f64>,
    cluster: &[usize],
    v: &[f64],
    null: Option<f64>,
) -> f64 {
    let (fitted, residuals, centre) = match null {
        Some(null) => {
            let offset = y - x.column(0) * null;
            let (_, residuals, _) = ols(&x.columns(1, x.ncols() - 1).into_owned(), &offset, w);
            (y - &residuals, residuals, null)
        }
        None => {
            let (beta, residuals, _) = ols(x, y, w);
            (y - &residuals, residuals, beta[0])
        }
    };
    let star = DVector::from_fn(y.len(), |i, _| fitted[i] + v[cluster[i]] * residuals[i]);
    let (beta, residuals, bread) = ols(x, &star, w);
    let mut scores = vec![DVector::zeros(x.ncols()); v.len()];
    for (i, &g) in cluster.iter().enumerate() {
        scores[g] += x.row(i).transpose() * (w[i] * residuals[i]);
    }
    let variance: f64 = scores
        .iter()
        .map(|s| (bread.row(0) * s)[(0, 0)].powi(2))
        .sum();
    (beta[0] - centre).powi(2) / variance
}

fn square(curve: Curve, delta: f64) -> f64 {
    (curve.n0 + delta * curve.n1).powi(2)
        / (curve.a + 2.0 * curve.b * delta + curve.c * delta * delta)
}

fn compare(crossing: bool, weighted: bool, strata: Strata) {
    let data = students("brute", crossing, weighted);
    let options = Options {
        adjust: Adjust::Ancova,
        strata,
        se: StdError::Cr0,
        level: 0.95,
        ..Options::default()
    };
    let sketch = sketch(&data, weighted);
    let question = Question::new(&sketch.first().unwrap(), "control", &options).unwrap();
    let mut order: Vec<usize> = (0..CLUSTERS).collect();
    order.sort_by_key(|&g| Key::of_bigint(g as i64));
    let absorbed = if strata == Strata::Absorb { 3 } else { 1 };
    for at in 0..2 {
        let x = DMatrix::from_fn(data.len(), 4 + absorbed, |i, j| {
            let s = &data[i];
            match j {
                0 => (s.condition == at) as u8 as f64,
                1 => (s.condition == 1 - at) as u8 as f64,
                2 | 3 => s.x[j - 2],
                _ => (absorbed == 1 || s.stratum == j - 4) as u8 as f64,
            }
        });
        let y = DVector::from_fn(data.len(), |i, _| data[i].y);
        let w = DVector::from_fn(data.len(), |i, _| data[i].weight);
        let cluster: Vec<usize> = data.iter().map(|s| s.cluster).collect();
        let estimate = ols(&x, &y, &w).0[0];
        for (law, null_imposed) in [
            (Law::Rademacher, true),
            (Law::Webb, true),
            (Law::Webb, false),
        ] {
            let kernel = Kernel::new(&question.design, at, null_imposed).unwrap();
            let curves = kernel.draw(&mut Multipliers::new(law, false, "brute"), 20);
            assert_eq!(curves.len(), 20);
            let mut again = Multipliers::new(law, false, "brute");
            let mut lanes = vec![[0.0; LANES]; CLUSTERS];
            for draw in 0..20 {
                if draw % LANES == 0 {
                    again.fill(draw as u64, &mut lanes);
                }
                let mut v = vec![0.0; CLUSTERS];
                order
                    .iter()
                    .zip(&lanes)
                    .for_each(|(&g, l)| v[g] = l[draw % LANES]);
                for null in [0.0, 3.5, -20.0] {
                    let expected = refit(&x, &y, &w, &cluster, &v, null_imposed.then_some(null));
                    let got = square(curves.get(draw), (estimate - null) / kernel.unit);
                    assert!(
                        (got - expected).abs() <= 1e-10 * expected.max(1e-3),
                        "{crossing} {weighted} {strata:?} {law:?} draw {draw} null {null}: {got} instead of {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_draw_is_a_refit_with_all_dummies() {
    for crossing in [false, true] {
        for weighted in [false, true] {
            compare(crossing, weighted, Strata::Absorb);
            compare(crossing, weighted, Strata::Ignore);
        }
    }
}
