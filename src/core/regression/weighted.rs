//! CR2 and CR3 with weights, under the identity working model.
//!
//! The hat matrix `H = X M X'W` is not symmetric, and CR2 needs `B_g^(−1/2)` of `B_g = [(I−H)(I−H)']_gg`
//! (Pustejovsky and Tipton 2018). `B_g = I + Q K Q'` lives in the span of `Q = [X, WX]`, so that its function is one of a
//! small matrix again: with `Γ = Q'Q = U D U'`, `f(B)` acts as `f(I + D^½U'KUD^½)`. If the weight is constant in the
//! cluster `Q = X` is enough. All in coordinates in which `M` is the identity, with `Ω = Σ w² x x'`.

use super::design::{Cluster, Design, Gram, times_transposed};
use super::error::QuestionError;
use super::negligible;
use super::robust::{Contributions, StdError, eigen, local, sizes};
use super::satterthwaite::{Form, Terms};
use crate::pulse::Pulse;
use nalgebra::{DMatrix, DVector};

/// Eigenvalues of `Γ` below this share of the largest are noise.
const NOISE: f64 = 1e-12;

/// Contributions of all clusters to contrasts in leverage coordinates.
pub fn contributions(
    design: &Design,
    contrasts: &[Vec<f64>],
    se: StdError,
    out: &mut Contributions,
) -> Result<(), QuestionError> {
    let mut pulse = Pulse::every(1 << 6);
    let blocks: Vec<Block> = design
        .clusters
        .iter()
        .map(|c| {
            pulse.tick();
            Block::new(design, c)
        })
        .collect();
    let (omega, sizes) = (Omega::new(design, &blocks), sizes(contrasts));
    for (block, cluster) in blocks.iter().zip(&design.clusters) {
        pulse.tick();
        let k = block.first.xx.nrows();
        let directions: Vec<DVector<f64>> = contrasts
            .iter()
            .map(|d| DVector::from_iterator(k, local(d, design.p(), &cluster.strata)))
            .collect();
        let solved = match se {
            StdError::Cr2 => cr2(block, cluster, &omega, &directions)?,
            StdError::Cr3 | StdError::Cv3 => cr3(block, &directions, &sizes, out)?,
            _ => plain(block, &directions),
        };
        out.scores.push(solved.scores);
        if se.is_satterthwaite() {
            out.terms.push(terms(
                &solved.a,
                &solved.b,
                solved.alpha,
                cluster,
                &omega,
                design.p(),
            ));
        }
    }
    out.form = omega.form();
    Ok(())
}

/// One cluster's sums with one power of the weights, in leverage coordinates and bordered.
struct Sums {
    xx: DMatrix<f64>,
    /// `Σ w^j x e` with the residual `e`.
    xe: DVector<f64>,
}

impl Sums {
    fn new(design: &Design, strata: &[usize], gram: &Gram) -> Self {
        let (p, k) = (design.p(), design.p() + strata.len());
        let root = DMatrix::from_row_slice(p, p, &design.root);
        let mut xx = DMatrix::zeros(k, k);
        let mut xe = DVector::zeros(k);
        let s = DMatrix::from_row_slice(p, p, &gram.xx);
        xx.view_mut((0, 0), (p, p))
            .copy_from(&(root.transpose() * &s * &root));
        for (i, v) in times_transposed(&design.root, &gram.xe)
            .into_iter()
            .enumerate()
        {
            xe[i] = v;
        }
        for (i, ((t, n, e), stratum)) in gram.borders.iter().zip(strata).enumerate() {
            let weight = value(&design.stratum_weights, *stratum);
            let at = p + i;
            for (j, v) in times_transposed(&design.root, t).into_iter().enumerate() {
                xx[(at, j)] = v / weight.sqrt();
                xx[(j, at)] = v / weight.sqrt();
            }
            xx[(at, at)] = n / weight;
            xe[at] = e / weight.sqrt();
        }
        Sums { xx, xe }
    }
}

fn value(v: &[f64], i: usize) -> f64 {
    v.get(i).copied().unwrap_or(0.0)
}

struct Block {
    zeroth: Sums,
    first: Sums,
    second: Sums,
}

impl Block {
    fn new(design: &Design, cluster: &Cluster) -> Self {
        let empty = Gram::default();
        let sums = |power: usize| {
            Sums::new(
                design,
                &cluster.strata,
                cluster.grams.get(power).unwrap_or(&empty),
            )
        };
        Block {
            zeroth: sums(0),
            first: sums(1),
            second: sums(2),
        }
    }
}

/// `Ω = Σ w² x x'` over all clusters: strata are disjoint, so only their diagonal is not 0.
struct Omega {
    xx: DMatrix<f64>,
    /// `Ω_xs` by stratum.
    xs: Vec<DVector<f64>>,
    /// `Ω_ss` by stratum.
    ss: Vec<f64>,
}

impl Omega {
    fn new(design: &Design, blocks: &[Block]) -> Self {
        let (p, strata) = (design.p(), design.stratum_weights.len());
        let mut omega = Omega {
            xx: DMatrix::zeros(p, p),
            xs: vec![DVector::zeros(p); strata],
            ss: vec![0.0; strata],
        };
        for (block, cluster) in blocks.iter().zip(&design.clusters) {
            let e2 = &block.second.xx;
            omega.xx += e2.view((0, 0), (p, p));
            for (i, &s) in cluster.strata.iter().enumerate() {
                if let (Some(xs), Some(ss)) = (omega.xs.get_mut(s), omega.ss.get_mut(s)) {
                    *xs += e2.view((0, p + i), (p, 1));
                    *ss += e2[(p + i, p + i)];
                }
            }
        }
        omega
    }

    /// The part of `Ω` that a cluster touches.
    fn local(&self, strata: &[usize]) -> DMatrix<f64> {
        let p = self.xx.nrows();
        let mut local = DMatrix::zeros(p + strata.len(), p + strata.len());
        local.view_mut((0, 0), (p, p)).copy_from(&self.xx);
        for (i, &s) in strata.iter().enumerate() {
            if let (Some(xs), Some(&ss)) = (self.xs.get(s), self.ss.get(s)) {
                local.view_mut((0, p + i), (p, 1)).copy_from(xs);
                local
                    .view_mut((p + i, 0), (1, p))
                    .copy_from(&xs.transpose());
                local[(p + i, p + i)] = ss;
            }
        }
        local
    }

    /// With `ρ = (a_x, Σ_s Ω_xs a_s, b_x)` and `κ_s = (a_s, b_s)`, the form of `−a'Ωa + a'b + b'a`.
    fn form(&self) -> Form {
        let p = self.xx.nrows();
        let mut common = DMatrix::zeros(3 * p, 3 * p);
        common.view_mut((0, 0), (p, p)).copy_from(&(-&self.xx));
        for i in 0..p {
            common[(i, p + i)] = -1.0;
            common[(p + i, i)] = -1.0;
            common[(i, 2 * p + i)] = 1.0;
            common[(2 * p + i, i)] = 1.0;
        }
        let stratum = |&ss: &f64| DMatrix::from_row_slice(2, 2, &[-ss, 1.0, 1.0, 0.0]);
        Form::General {
            common,
            by_stratum: self.ss.iter().map(stratum).collect(),
        }
    }
}

/// For each contrast: the score, `a = X'v`, `b = X'Wv`, and `α = v'v`, with `v = A'WX d`.
struct Solved {
    scores: Vec<f64>,
    a: Vec<DVector<f64>>,
    b: Vec<DVector<f64>>,
    alpha: Vec<Vec<f64>>,
}

fn score(direction: &DVector<f64>, residual: &DVector<f64>) -> f64 {
    negligible::product(direction, residual)
}

fn plain(block: &Block, directions: &[DVector<f64>]) -> Solved {
    let scores = directions
        .iter()
        .map(|d| score(d, &block.first.xe))
        .collect();
    Solved {
        scores,
        a: Vec::new(),
        b: Vec::new(),
        alpha: Vec::new(),
    }
}

/// Q-coordinates of `WX d`.
type Lift = Box<dyn Fn(&DVector<f64>) -> DVector<f64>>;

fn cr2(
    block: &Block,
    cluster: &Cluster,
    omega: &Omega,
    directions: &[DVector<f64>],
) -> Result<Solved, QuestionError> {
    let k = block.first.xx.nrows();
    let local = omega.local(&cluster.strata);
    let identity = DMatrix::<f64>::identity(k, k);
    // Γ, K, Q'e, and Q-coordinates of WX d.
    let (gamma, inner, residual, lift): (_, _, _, Lift) = match cluster.weight {
        Some(w) => (
            block.zeroth.xx.clone(),
            local - identity * (2.0 * w),
            block.zeroth.xe.clone(),
            Box::new(move |d| d * w),
        ),
        None => {
            let mut gamma = DMatrix::zeros(2 * k, 2 * k);
            gamma.view_mut((0, 0), (k, k)).copy_from(&block.zeroth.xx);
            gamma.view_mut((0, k), (k, k)).copy_from(&block.first.xx);
            gamma.view_mut((k, 0), (k, k)).copy_from(&block.first.xx);
            gamma.view_mut((k, k), (k, k)).copy_from(&block.second.xx);
            let mut inner = DMatrix::zeros(2 * k, 2 * k);
            inner.view_mut((0, 0), (k, k)).copy_from(&local);
            inner.view_mut((0, k), (k, k)).copy_from(&(-&identity));
            inner.view_mut((k, 0), (k, k)).copy_from(&(-&identity));
            let mut residual = DVector::zeros(2 * k);
            residual.rows_mut(0, k).copy_from(&block.zeroth.xe);
            residual.rows_mut(k, k).copy_from(&block.first.xe);
            let lift = move |d: &DVector<f64>| {
                let mut lifted = DVector::zeros(2 * k);
                lifted.rows_mut(k, k).copy_from(d);
                lifted
            };
            (gamma, inner, residual, Box::new(lift))
        }
    };
    // The weights' unit must not decide what is noise: WX is taken in units of the mean weight.
    let mean = block.first.xx.trace() / block.zeroth.xx.trace();
    let unit = |i: usize| if i < k { 1.0 } else { 1.0 / mean };
    let inverse = DVector::from_fn(gamma.nrows(), |i, _| unit(i));
    let scale = inverse.map(|u| 1.0 / u);
    let gram = eigen(DMatrix::from_diagonal(&inverse) * &gamma * DMatrix::from_diagonal(&inverse))?;
    let top = gram.eigenvalues.max();
    let used: Vec<usize> = (0..gram.eigenvalues.len())
        .filter(|&i| gram.eigenvalues[i] > NOISE * top)
        .collect();
    let u = gram.eigenvectors.select_columns(&used);
    let roots =
        DVector::from_iterator(used.len(), used.iter().map(|&i| gram.eigenvalues[i].sqrt()));
    let outward = DMatrix::from_diagonal(&roots) * u.transpose(); // coordinates of Q c in an orthonormal basis O
    let scaled_inner = DMatrix::from_diagonal(&scale) * inner * DMatrix::from_diagonal(&scale);
    let middle = &outward * scaled_inner * outward.transpose();
    let spectrum = eigen((&middle + middle.transpose()) * 0.5)?;
    // f(B) = I + O (F − I) O': only the second part needs the basis, and directions that are noise have none of it.
    let excess = spectrum
        .eigenvalues
        .map(|mu| StdError::Cr2.spectral((-mu).min(1.0)) - 1.0);
    let function = &spectrum.eigenvectors
        * DMatrix::from_diagonal(&excess)
        * spectrum.eigenvectors.transpose();
    let seen = DMatrix::from_diagonal(&roots.map(|r| 1.0 / r))
        * u.transpose()
        * inverse.component_mul(&residual);
    let h: Vec<DVector<f64>> = directions
        .iter()
        .map(|d| &outward * scale.component_mul(&lift(d)))
        .collect();
    let g: Vec<DVector<f64>> = h.iter().map(|h| &function * h).collect();
    let (e1, e2) = (&block.first.xx, &block.second.xx);
    let (mut a, mut b, mut scores) = (Vec::new(), Vec::new(), Vec::new());
    for (d, g) in directions.iter().zip(&g) {
        let back = scale.component_mul(&(outward.transpose() * g));
        // Both parts belong to one sum, which is 0 if it is no more than rounding of them.
        let first = (d.dot(&block.first.xe), d.norm() * block.first.xe.norm());
        let second = (g.dot(&seen), g.norm() * seen.norm());
        scores.push(negligible::rounded(first.0 + second.0, first.1 + second.1));
        a.push(e1 * d + back.rows(0, k));
        b.push(match cluster.weight {
            Some(w) => e2 * d + back.rows(0, k) * w,
            None => e2 * d + back.rows(k, k),
        });
    }
    let alpha_of = |i: usize, j: usize| {
        let ((di, dj), (hi, hj), (gi, gj)) = (
            (&directions[i], &directions[j]),
            (&h[i], &h[j]),
            (&g[i], &g[j]),
        );
        di.dot(&(e2 * dj)) + hi.dot(gj) + gi.dot(hj) + gi.dot(gj)
    };
    let q = directions.len();
    let alpha = (0..q)
        .map(|i| (0..q).map(|j| alpha_of(i, j)).collect())
        .collect();
    Ok(Solved {
        scores,
        a,
        b,
        alpha,
    })
}

/// `(I − H_gg)⁻¹` moves past `X'W`: everything is `g = (I − X'WX)⁻¹ d`.
fn cr3(
    block: &Block,
    directions: &[DVector<f64>],
    sizes: &[f64],
    out: &mut Contributions,
) -> Result<Solved, QuestionError> {
    let e1 = eigen(block.first.xx.clone())?;
    let solve = |(i, (d, size)): (usize, (&DVector<f64>, &f64))| {
        let mut g = DVector::zeros(d.len());
        for (&lambda, v) in e1.eigenvalues.iter().zip(e1.eigenvectors.column_iter()) {
            let u = v.dot(d);
            let f = StdError::Cr3.spectral(lambda);
            if f == 0.0
                && u.abs() > 1e-6 * size
                && let Some(carried) = out.carried.get_mut(i)
            {
                *carried = true;
            }
            g.axpy(f * u, &v, 1.0);
        }
        g
    };
    let g: Vec<DVector<f64>> = directions
        .iter()
        .zip(sizes)
        .enumerate()
        .map(solve)
        .collect();
    Ok(Solved {
        scores: g.iter().map(|g| score(g, &block.first.xe)).collect(),
        a: g.iter().map(|g| &block.first.xx * g).collect(),
        b: g.iter().map(|g| &block.second.xx * g).collect(),
        alpha: g
            .iter()
            .map(|x| g.iter().map(|y| x.dot(&(&block.second.xx * y))).collect())
            .collect(),
    })
}

fn terms(
    a: &[DVector<f64>],
    b: &[DVector<f64>],
    alpha: Vec<Vec<f64>>,
    cluster: &Cluster,
    omega: &Omega,
    p: usize,
) -> Terms {
    let common = |(a, b): (&DVector<f64>, &DVector<f64>)| {
        let mut phi = DVector::zeros(p);
        for (i, s) in cluster.strata.iter().enumerate() {
            if let Some(xs) = omega.xs.get(*s) {
                phi.axpy(a[p + i], xs, 1.0);
            }
        }
        a.iter()
            .take(p)
            .chain(phi.iter())
            .chain(b.iter().take(p))
            .copied()
            .collect()
    };
    let by_stratum = |(a, b): (&DVector<f64>, &DVector<f64>)| {
        (0..cluster.strata.len())
            .flat_map(|i| [a[p + i], b[p + i]])
            .collect()
    };
    Terms {
        alpha,
        common: a.iter().zip(b).map(common).collect(),
        by_stratum: a.iter().zip(b).map(by_stratum).collect(),
        strata: cluster.strata.clone(),
        width: 2,
    }
}
