//! The sums of one cell that a selection reads, as if the sketch had these columns only.

use super::Variable;
use crate::exact::limbs;
use crate::sketch::View;
use crate::sketch::cells::Cell;
use crate::sketch::layout::Slot;

/// A column as the sketch has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A value of the outcome, 0 where it is missing.
    Value(usize),
    /// A covariate or an exposure.
    Common(usize),
    /// 1 where the outcome is missing.
    Missing,
    /// 1 where the outcome is there.
    Observed,
}

/// What a sum is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Term {
    Zero,
    /// A slot of the sketch.
    Slot(usize),
    /// A slot of the sketch less another one.
    Difference(usize, usize),
    /// Rows that lack the outcome.
    Missing,
    /// Rows that have it.
    Observed,
}

/// The sums and products of some columns.
pub(super) struct Flat {
    sources: Vec<Source>,
    terms: Vec<Term>,
    /// First the sums, then the products row by row: their places in the cell, or among what is computed.
    pub slots: Vec<Slot>,
    /// Rows without the outcome are there too.
    pub all_rows: bool,
}

/// The sums of a cell that are not in it as they are needed.
pub(super) type Computed = Vec<u64>;

impl Flat {
    /// What a view gives for these columns; those that the sketch does not have are left out.
    pub fn new(view: &View<'_>, columns: &[Variable]) -> Self {
        let sources: Vec<Source> = columns.iter().filter_map(|v| source(view, *v)).collect();
        let counted = |s: &Source| matches!(s, Source::Missing | Source::Observed);
        let all_rows = sources.iter().any(counted);
        let mut flat = Flat {
            terms: Vec::new(),
            slots: Vec::new(),
            all_rows,
            sources,
        };
        let (sources, layout) = (flat.sources.clone(), view.sketch.cells.layout());
        for &a in &sources {
            flat.push(view, flat.sum(view, a), exponent(view, a));
        }
        for (i, &a) in sources.iter().enumerate() {
            for &b in sources.iter().skip(i) {
                let exponent = exponent(view, a) + exponent(view, b);
                flat.push(view, flat.product(view, a, b), exponent);
            }
        }
        debug_assert!(flat.slots.len() == flat.terms.len() && !layout.columns().is_empty());
        flat
    }

    /// The same columns where all sums are computed, with room to add many.
    pub fn apart(&self) -> Flat {
        let mut slots: Vec<Slot> = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            slots.push(Slot {
                offset: slots.last().map_or(0, |s| s.offset + s.len),
                len: slot.len + 1,
                ..*slot
            });
        }
        Flat {
            sources: self.sources.clone(),
            terms: vec![Term::Zero; slots.len()],
            slots,
            all_rows: self.all_rows,
        }
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.sources.len()
    }

    fn push(&mut self, view: &View<'_>, term: Term, exponent: i32) {
        let slots = view.sketch.cells.layout().slots();
        let slot = match term {
            Term::Slot(slot) | Term::Difference(slot, _) => slots.get(slot),
            Term::Zero | Term::Missing | Term::Observed => None,
        };
        let len = slot.map_or(1, |s| s.len);
        let computed = || {
            let terms = self.terms.iter().zip(&self.slots);
            let lengths = terms.filter(|(term, _)| !matches!(term, Term::Slot(_)));
            lengths.map(|(_, slot)| slot.len).sum()
        };
        self.slots.push(Slot {
            offset: match (term, slot) {
                (Term::Slot(_), Some(slot)) => slot.offset,
                _ => computed(),
            },
            len,
            exponent,
        });
        self.terms.push(term);
    }

    /// A sum over the common columns of the rows that the selection takes.
    fn common(&self, view: &View<'_>, whole: usize, gap: usize) -> Term {
        let gaps = view.sketch.cells.layout().gaps();
        match gaps && !self.all_rows {
            true => Term::Difference(whole, gap),
            false => Term::Slot(whole),
        }
    }

    fn sum(&self, view: &View<'_>, a: Source) -> Term {
        let shape = view.sketch.cells.layout().shape();
        match a {
            Source::Value(column) => Term::Slot(shape.sum(column)),
            Source::Common(c) => {
                let whole = shape.sum(shape.values() + c);
                self.common(view, whole, shape.gap_sum(view.outcome, c))
            }
            Source::Missing => Term::Missing,
            Source::Observed => Term::Observed,
        }
    }

    fn product(&self, view: &View<'_>, a: Source, b: Source) -> Term {
        use Source::{Common, Missing, Observed, Value};
        let layout = view.sketch.cells.layout();
        let shape = layout.shape();
        let slot = |a: usize, b: usize| {
            let slot = shape.product(a.min(b), a.max(b));
            slot.map_or(Term::Zero, Term::Slot)
        };
        match (a, b) {
            (Value(x), Value(y)) => slot(x, y),
            (Value(x), Common(c)) | (Common(c), Value(x)) => slot(x, shape.values() + c),
            (Common(c), Common(d)) => {
                let (c, d) = (c.min(d), c.max(d));
                match shape.product(shape.values() + c, shape.values() + d) {
                    Some(whole) => self.common(view, whole, shape.gap_product(view.outcome, c, d)),
                    None => Term::Zero,
                }
            }
            (Value(_), Missing) | (Missing, Value(_)) => Term::Zero,
            (Value(x), Observed) | (Observed, Value(x)) => Term::Slot(shape.sum(x)),
            (Missing, Missing) => Term::Missing,
            (Observed, Observed) => Term::Observed,
            (Missing, Observed) | (Observed, Missing) => Term::Zero,
            (Missing, Common(c)) | (Common(c), Missing) => match layout.gaps() {
                true => Term::Slot(shape.gap_sum(view.outcome, c)),
                false => Term::Zero,
            },
            (Observed, Common(c)) | (Common(c), Observed) => {
                let whole = shape.sum(shape.values() + c);
                match layout.gaps() {
                    true => Term::Difference(whole, shape.gap_sum(view.outcome, c)),
                    false => Term::Slot(whole),
                }
            }
        }
    }

    /// Rows of a cell that the selection takes.
    pub fn rows(&self, view: &View<'_>, cell: &Cell<'_>) -> u64 {
        match self.all_rows {
            true => cell.rows,
            false => cell.rows.saturating_sub(view.missing(cell.sums)),
        }
    }

    /// Computes what a cell does not have as it is needed.
    pub fn compute(&self, view: &View<'_>, cell: &Cell<'_>, out: &mut Computed) {
        let slots = view.sketch.cells.layout().slots();
        out.clear();
        let of = |slot: usize| {
            let slot = slots.get(slot)?;
            cell.sums.get(slot.offset..slot.offset + slot.len)
        };
        for term in &self.terms {
            match *term {
                Term::Slot(_) => {}
                Term::Zero => out.push(0),
                Term::Missing => out.push(view.missing(cell.sums)),
                Term::Observed => out.push(cell.rows.saturating_sub(view.missing(cell.sums))),
                Term::Difference(plus, minus) => {
                    let start = out.len();
                    out.extend_from_slice(of(plus).unwrap_or(&[]));
                    if let (Some(minus), Some(sum)) = (of(minus), out.get_mut(start..)) {
                        limbs::subtract(sum, minus);
                    }
                }
            }
        }
    }

    /// A sum or product of a cell, for which [`Flat::compute`] was called.
    #[inline]
    pub fn of<'a>(
        &self,
        cell: &Cell<'a>,
        computed: &'a Computed,
        slot: usize,
    ) -> Option<(Slot, &'a [u64])> {
        let (term, slot) = (self.terms.get(slot)?, *self.slots.get(slot)?);
        let from = match term {
            Term::Slot(_) => cell.sums,
            _ => computed,
        };
        Some((slot, from.get(slot.offset..slot.offset + slot.len)?))
    }
}

/// Scale of a column. Also what is 0 whatever the values are has the scale of its columns: it is subtracted from what is not 0.
fn exponent(view: &View<'_>, source: Source) -> i32 {
    let layout = view.sketch.cells.layout();
    let column = match source {
        Source::Value(value) => value,
        Source::Common(common) => layout.shape().values() + common,
        Source::Missing | Source::Observed => return 0,
    };
    layout.columns().get(column).map_or(0, |c| c.exponent)
}

/// The column of a view, if the sketch has it.
fn source(view: &View<'_>, variable: Variable) -> Option<Source> {
    let columns = &view.sketch.columns;
    let &(place, ratio) = view
        .sketch
        .cells
        .layout()
        .shape()
        .outcomes()
        .get(view.outcome)?;
    match variable {
        Variable::Outcome if view.observed => Some(Source::Observed),
        Variable::Outcome => Some(Source::Value(place)),
        Variable::Denominator => ratio.then_some(Source::Value(place + 1)),
        Variable::Missing => Some(Source::Missing),
        Variable::Covariate(i) => view
            .covariates
            .get(i.checked_sub(1)?)
            .map(|&c| Source::Common(c)),
        Variable::Exposure(i) => {
            let i = i.checked_sub(1)?;
            (i < columns.exposures.len()).then(|| Source::Common(columns.covariates.len() + i))
        }
    }
}
