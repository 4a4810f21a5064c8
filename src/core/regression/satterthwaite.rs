//! Degrees of freedom without a G×G matrix.
//!
//! Under the working model the variance estimate of contrasts `a, b` is a quadratic form in the errors with the matrix
//! `P_ab`, whose entry for clusters g, h is `δ_gh α_ab,g − x_ab,gh`, where `x` is of low rank:
//! `x_ab,gh = ρ_a,g' J ρ_b,h + Σ_s κ_a,gs' Z_s κ_b,hs` over the strata `s` that both touch. Traces and inner products of such
//! matrices are sums over clusters of small products. Satterthwaite: `df = (tr P)² / ⟨P, P⟩`.

use super::robust::dot;
use crate::pulse::Pulse;
use nalgebra::DMatrix;
use std::collections::BTreeMap;

/// What one cluster contributes.
#[derive(Debug, Clone)]
pub struct Terms {
    /// `α_ab`, q×q.
    pub alpha: Vec<Vec<f64>>,
    /// `ρ_a`, q vectors.
    pub common: Vec<Vec<f64>>,
    /// `κ_a`, q vectors, `width` numbers for each touched stratum.
    pub by_stratum: Vec<Vec<f64>>,
    /// Touched strata, ascending.
    pub strata: Vec<usize>,
    /// Numbers per stratum.
    pub width: usize,
}

/// The matrices `J` and `Z_s`.
#[derive(Debug, Clone)]
pub enum Form {
    /// Both are identities (without weights).
    Identity,
    /// With weights.
    General {
        /// `J`.
        common: DMatrix<f64>,
        /// `Z_s`, 2×2, by stratum.
        by_stratum: Vec<DMatrix<f64>>,
    },
}

impl Form {
    fn common(&self, m: &DMatrix<f64>) -> DMatrix<f64> {
        match self {
            Form::Identity => m.clone(),
            Form::General { common, .. } => common * m,
        }
    }

    /// `a' J b`.
    fn common_product(&self, a: &[f64], b: &[f64]) -> f64 {
        match self {
            Form::Identity => dot(a, b),
            Form::General { common, .. } => product_in(common, a, b),
        }
    }

    /// `a' Z_s b`.
    fn stratum_product(&self, s: usize, a: &[f64], b: &[f64]) -> f64 {
        match self {
            Form::Identity => dot(a, b),
            Form::General { by_stratum, .. } => match by_stratum.get(s) {
                Some(z) => product_in(z, a, b),
                None => dot(a, b),
            },
        }
    }

    fn stratum(&self, s: usize, m: &DMatrix<f64>) -> DMatrix<f64> {
        match self {
            Form::General { by_stratum, .. } => {
                by_stratum.get(s).map_or_else(|| m.clone(), |z| z * m)
            }
            Form::Identity => m.clone(),
        }
    }
}

/// Sums over clusters that all traces and inner products are made of.
pub struct Products<'a> {
    form: &'a Form,
    q: usize,
    /// `Σ α_ab` and `Σ x_ab,gg`.
    alpha: DMatrix<f64>,
    own: DMatrix<f64>,
    /// `Σ_g (α_ab α_cd − α_ab x_cd − x_ab α_cd)`, index ((a q + b) q + c) q + d.
    diagonal: Vec<f64>,
    /// `Σ ρ_a ρ_b'`.
    common: Vec<DMatrix<f64>>,
    /// `Σ ρ_a κ_b,s'` by stratum.
    mixed: Vec<BTreeMap<usize, DMatrix<f64>>>,
    /// `Σ κ_a,s κ_b,t'` by pair of strata.
    strata: Vec<BTreeMap<(usize, usize), DMatrix<f64>>>,
    /// `α_ab` and `x_ab,gg` of the cluster at hand.
    of_cluster: Vec<(f64, f64)>,
}

impl<'a> Products<'a> {
    /// Sums the contributions of the chosen contrasts.
    pub fn new(terms: &[Terms], form: &'a Form, contrasts: &[usize]) -> Self {
        let q = contrasts.len();
        let m = terms
            .first()
            .and_then(|t| t.common.first())
            .map_or(0, Vec::len);
        let mut sums = Products {
            form,
            q,
            alpha: DMatrix::zeros(q, q),
            own: DMatrix::zeros(q, q),
            diagonal: vec![0.0; q.pow(4)],
            common: vec![DMatrix::zeros(m, m); q * q],
            mixed: vec![BTreeMap::new(); q * q],
            strata: vec![BTreeMap::new(); q * q],
            of_cluster: Vec::with_capacity(q * q),
        };
        let mut pulse = Pulse::every(1 << 8);
        for t in terms {
            pulse.tick();
            sums.add(t, contrasts);
        }
        sums
    }

    fn add(&mut self, t: &Terms, contrasts: &[usize]) {
        let q = self.q;
        self.of_cluster.clear();
        for (a, &i) in contrasts.iter().enumerate() {
            for (b, &j) in contrasts.iter().enumerate() {
                let alpha = t.alpha.get(i).and_then(|row| row.get(j));
                let alpha = alpha.copied().unwrap_or(0.0);
                let x = self.add_pair(t, a * q + b, (i, j));
                self.of_cluster.push((alpha, x));
                self.alpha[(a, b)] += alpha;
                self.own[(a, b)] += x;
            }
        }
        let of = |at: usize| self.of_cluster.get(at).copied().unwrap_or_default();
        for (i, slot) in self.diagonal.iter_mut().enumerate() {
            let ((alpha, x), (other_alpha, other_x)) = (of(i / (q * q)), of(i % (q * q)));
            *slot += alpha * other_alpha - alpha * other_x - x * other_alpha;
        }
    }

    /// Adds the products of two contrasts of a cluster to the sums at a place. Returns the cluster's product with itself.
    fn add_pair(&mut self, t: &Terms, at: usize, (i, j): (usize, usize)) -> f64 {
        let (Some(rho_a), Some(kappa_a), Some(rho_b), Some(kappa_b)) = (
            t.common.get(i),
            t.by_stratum.get(i),
            t.common.get(j),
            t.by_stratum.get(j),
        ) else {
            return 0.0;
        };
        let mut own = self.form.common_product(rho_a, rho_b);
        if let Some(sum) = self.common.get_mut(at) {
            add_outer(sum, rho_a, rho_b);
        }
        let of_strata = || t.strata.iter().zip(kappa_b.chunks_exact(t.width));
        for (&s, kb) in of_strata() {
            if let Some(map) = self.mixed.get_mut(at) {
                let blank = || DMatrix::zeros(rho_a.len(), t.width);
                add_outer(map.entry(s).or_insert_with(blank), rho_a, kb);
            }
        }
        for (&s, ka) in t.strata.iter().zip(kappa_a.chunks_exact(t.width)) {
            for (&u, kb) in of_strata() {
                if s == u {
                    own += self.form.stratum_product(s, ka, kb);
                }
                if let Some(map) = self.strata.get_mut(at) {
                    let blank = || DMatrix::zeros(t.width, t.width);
                    add_outer(map.entry((s, u)).or_insert_with(blank), ka, kb);
                }
            }
        }
        own
    }

    /// `tr P_ab`, the expected value of the estimated covariance.
    pub fn trace(&self, a: usize, b: usize) -> f64 {
        self.alpha[(a, b)] - self.own[(a, b)]
    }

    /// `⟨P_ab, P_cd⟩`.
    pub fn inner(&self, a: usize, b: usize, c: usize, d: usize) -> f64 {
        let q = self.q;
        let diagonal = self
            .diagonal
            .get(((a * q + b) * q + c) * q + d)
            .copied()
            .unwrap_or(0.0);
        let common = |i: usize, j: usize| {
            self.common
                .get(i * q + j)
                .map(|m| self.form.common(m))
                .unwrap_or_default()
        };
        let low_rank = if self.common.first().is_some_and(|m| m.is_empty()) {
            0.0
        } else {
            trace_of_product(&common(b, d), &common(c, a))
        };
        diagonal
            + low_rank
            + self.mixed_part(a, b, c, d)
            + self.mixed_part(c, d, a, b)
            + self.strata_part(a, b, c, d)
    }

    /// `Σ_s tr(N_ac,s' J N_bd,s Z_s)`.
    fn mixed_part(&self, a: usize, b: usize, c: usize, d: usize) -> f64 {
        let (Some(left), Some(right)) = (
            self.mixed.get(a * self.q + c),
            self.mixed.get(b * self.q + d),
        ) else {
            return 0.0;
        };
        often(left.iter())
            .filter_map(|(s, n)| right.get(s).map(|m| (s, n, m)))
            .filter(|(_, n, _)| !n.is_empty())
            .map(|(&s, n, m)| {
                let z = self.form.stratum(s, &n.transpose());
                trace_of_product(&z, &self.form.common(m))
            })
            .sum()
    }

    /// `Σ_{s,t} tr(Z_s K_bd,st Z_t K_ac,st')`.
    fn strata_part(&self, a: usize, b: usize, c: usize, d: usize) -> f64 {
        let (Some(left), Some(right)) = (
            self.strata.get(a * self.q + c),
            self.strata.get(b * self.q + d),
        ) else {
            return 0.0;
        };
        often(right.iter())
            .filter_map(|(st, k)| left.get(st).map(|l| (st, k, l)))
            .map(|(&(s, t), k, l)| {
                trace_of_product(
                    &self.form.stratum(s, k),
                    &self.form.stratum(t, &l.transpose()),
                )
            })
            .sum()
    }

    /// Satterthwaite's degrees of freedom of contrast `a`, whose coordinates are `d`; `None` if the variance estimate is 0 by
    /// construction, which is when its expected value is no more than rounding of the variance `d'd`.
    pub fn df(&self, a: usize, d: &[f64]) -> Option<f64> {
        let (trace, spread) = (self.trace(a, a), self.inner(a, a, a, a));
        let variance: f64 = d.iter().map(|v| v * v).sum();
        (trace > 1e-11 * variance && spread > 0.0).then(|| trace * trace / spread)
    }
}

/// The elements, with a beat once in so many as take a few milliseconds.
fn often<T>(items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let mut pulse = Pulse::every(1 << 10);
    items.inspect(move |_| pulse.tick())
}

/// `a' m b`.
fn product_in(m: &DMatrix<f64>, a: &[f64], b: &[f64]) -> f64 {
    let columns = m.as_slice().chunks_exact(m.nrows().max(1));
    columns.zip(b).map(|(column, b)| dot(column, a) * b).sum()
}

/// `m += a b'`
fn add_outer(m: &mut DMatrix<f64>, a: &[f64], b: &[f64]) {
    let rows = m.nrows().max(1);
    for (column, b) in m.as_mut_slice().chunks_exact_mut(rows).zip(b) {
        column.iter_mut().zip(a).for_each(|(sum, a)| *sum += a * b);
    }
}

fn trace_of_product(a: &DMatrix<f64>, b: &DMatrix<f64>) -> f64 {
    (0..a.nrows())
        .map(|i| (0..a.ncols()).map(|j| a[(i, j)] * b[(j, i)]).sum::<f64>())
        .sum()
}
