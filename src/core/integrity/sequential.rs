//! A test of the sample ratio that may be looked at any time.

use super::ratio::{name, shares};
use super::srm::check_counts;
use crate::distribution::check_alpha;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::pulse::{self, Pulse};
use crate::sketch::MAX_CONDITIONS;
use libm::lgamma;
use serde::Serialize;

/// One look. `None` is NULL, and a note says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Look {
    /// Number of the look, from 1.
    pub look: u64,
    /// Units in conditions with a weight above 0.
    pub n: u64,
    /// Natural logarithm of the e-value; NULL (infinite) after a leak.
    pub log_e: Option<f64>,
    /// The e-value; NULL if it is too large for a double.
    pub e_value: Option<f64>,
    /// `min(1, 1 / e_value)` at this look.
    pub p_value: f64,
    /// The smallest p-value of this and all looks before.
    pub p_running: f64,
    /// True once the p-value of this or a look before is at most alpha.
    pub alarm: bool,
    /// What to know.
    pub notes: Vec<Note>,
}

fn check_k(k: f64) -> Result<(), Invalid> {
    if (1e-6..=1e9).contains(&k) {
        return Ok(());
    }
    Err(Invalid::number(
        "k",
        "between 10^-6 and 10^9",
        k,
        "100 suits most experiments: larger values find small shifts in long experiments, smaller ones large shifts early.",
    ))
}

/// The Dirichlet-multinomial e-value of one look (Lindon and Malek 2022): with shares θ and `α = k θ`,
/// `ln E = lnΓ(Σα) − lnΓ(Σα + n) + Σ [lnΓ(α_i + x_i) − lnΓ(α_i)] − Σ x_i ln θ_i`. Under the design, the chance that it ever
/// reaches `1 / alpha` is at most alpha, however often one looks.
pub fn srm_sequential(
    observed: &[u64],
    expected: Option<&[f64]>,
    k: f64,
    alpha: f64,
) -> Result<Look, Invalid> {
    check_alpha(alpha)?;
    check_k(k)?;
    check_counts(observed, None)?;
    Ok(look(
        observed,
        &shares(expected, observed.len())?,
        k,
        alpha,
        1.0,
    ))
}

/// The same for a series of looks: `observed` has the cumulative counts of the first look, then those of the second, and
/// so on, `arms` numbers each.
pub fn srm_looks(
    observed: &[u64],
    arms: usize,
    expected: Option<&[f64]>,
    k: f64,
    alpha: f64,
) -> Result<Vec<Look>, Invalid> {
    check_alpha(alpha)?;
    check_k(k)?;
    const HINT: &str =
        "Give the counts of all conditions at the first look, then those at the second, and so on.";
    if !(2..=MAX_CONDITIONS).contains(&arms) {
        return Err(Invalid::number("arms", "from 2 to 1000", arms as f64, HINT));
    }
    if !observed.len().is_multiple_of(arms) {
        return Err(Invalid {
            argument: "counts",
            must: "of whole looks",
            got: format!("{} counts for {arms} conditions", observed.len()),
            hint: HINT,
        });
    }
    let parts = shares(expected, arms)?;
    let mut before: &[u64] = &[];
    let mut running = 1.0;
    let mut rows = pulse::vector(observed.len() / arms);
    let mut pulse = Pulse::every(1024);
    for counts in observed.chunks_exact(arms) {
        pulse.tick();
        check_counts(counts, None)?;
        if let Some((_, now)) = before.iter().zip(counts).find(|(b, n)| n < b) {
            return Err(Invalid::number(
                "counts",
                "cumulative: no count below that of the look before",
                *now as f64,
                HINT,
            ));
        }
        before = counts;
        let row = Look {
            look: rows.len() as u64 + 1,
            ..look(counts, &parts, k, alpha, running)
        };
        running = row.p_running;
        rows.push(row);
    }
    Ok(rows)
}

fn look(observed: &[u64], shares: &[f64], k: f64, alpha: f64, running: f64) -> Look {
    let open = || observed.iter().zip(shares).filter(|(_, s)| **s > 0.0);
    let n: u64 = open().map(|(o, _)| o).sum();
    let mut row = Look {
        look: 1,
        n,
        log_e: None,
        e_value: None,
        p_value: 0.0,
        p_running: 0.0,
        alarm: true,
        notes: Vec::new(),
    };
    let mut leaks = observed.iter().zip(shares).enumerate();
    if let Some((i, (o, _))) = leaks.find(|(_, (o, s))| **s == 0.0 && **o > 0) {
        row.notes.push(Note::new(
            Code::Leak,
            format!(
                "{o} unit{} in {} of weight 0, where there can be none",
                if *o == 1 { "" } else { "s" },
                name(None, i)
            ),
        ));
        return row;
    }
    let mut log_e = lgamma(k) - lgamma(k + n as f64);
    for (&x, &theta) in open() {
        let (alpha, x) = (k * theta, x as f64);
        log_e += lgamma(alpha + x) - lgamma(alpha) - x * theta.ln();
    }
    row.log_e = Some(log_e);
    let e = log_e.exp();
    row.e_value = e.is_finite().then_some(e);
    if row.e_value.is_none() {
        row.notes.push(Note::new(
            Code::Overflow,
            "the e-value is too large for a double; log_e has it",
        ));
    }
    row.p_value = (-log_e).exp().min(1.0);
    row.p_running = row.p_value.min(running);
    row.alarm = row.p_running <= alpha;
    row
}
