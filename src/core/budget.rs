//! A limit on the memory that all aggregate states of one process may hold together.
//!
//! Rust's heap is invisible to `work_mem`, so every growing state reports what it takes. A state that would pass the
//! limit gets [`OverBudget`] instead of the memory, and the server goes on.

use crate::pulse;
use std::cell::Cell;
use std::rc::Rc;

/// The limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverBudget {
    /// Bytes asked for, on top of what was taken.
    pub asked: usize,
    /// Bytes taken by all states of the process.
    pub taken: usize,
    /// The limit, in bytes.
    pub limit: usize,
}

impl std::fmt::Display for OverBudget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "aggregate states hold {} bytes and need {} more, the limit is {} bytes",
            self.taken, self.asked, self.limit
        )
    }
}

/// Bytes from which a charge is announced to the host.
const LARGE: usize = 64 * 1024;

#[derive(Debug)]
struct Ledger {
    taken: Cell<usize>,
    limit: Cell<usize>,
}

/// A shared ledger of taken bytes. Clones point to the same ledger.
#[derive(Debug, Clone)]
pub struct Budget(Rc<Ledger>);

impl Budget {
    /// A new ledger with a limit in bytes.
    pub fn new(limit: usize) -> Self {
        Budget(Rc::new(Ledger {
            taken: Cell::new(0),
            limit: Cell::new(limit),
        }))
    }

    /// A ledger without a limit.
    pub fn unlimited() -> Self {
        Self::new(usize::MAX)
    }

    /// Changes the limit. States that already hold more keep what they have.
    pub fn set_limit(&self, limit: usize) {
        self.0.limit.set(limit);
    }

    /// Bytes taken now.
    pub fn taken(&self) -> usize {
        self.0.taken.get()
    }
}

/// The bytes that one state holds of a [`Budget`]; given back when it is dropped.
#[derive(Debug)]
pub struct Charge {
    budget: Budget,
    bytes: usize,
}

impl Charge {
    /// Nothing taken yet.
    pub fn new(budget: &Budget) -> Self {
        Charge {
            budget: budget.clone(),
            bytes: 0,
        }
    }

    /// Takes `more` bytes, or says why not.
    pub fn grow(&mut self, more: usize) -> Result<(), OverBudget> {
        let ledger = &self.budget.0;
        let (taken, limit) = (ledger.taken.get(), ledger.limit.get());
        match taken.checked_add(more) {
            Some(sum) if sum <= limit => {
                // What is large must also be there.
                if more >= LARGE {
                    pulse::room(more);
                }
                ledger.taken.set(sum);
                self.bytes += more;
                Ok(())
            }
            _ => Err(OverBudget {
                asked: more,
                taken,
                limit,
            }),
        }
    }

    /// Gives `less` bytes back.
    pub fn shrink(&mut self, less: usize) {
        let less = less.min(self.bytes);
        self.bytes -= less;
        let ledger = &self.budget.0;
        ledger.taken.set(ledger.taken.get().saturating_sub(less));
    }

    /// Bytes held by this state.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The ledger this charge is entered in.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_gives_back_what_it_took() {
        let budget = Budget::new(100);
        let mut a = Charge::new(&budget);
        let mut b = Charge::new(&budget);
        assert_eq!(a.grow(60), Ok(()));
        assert_eq!(
            b.grow(50),
            Err(OverBudget {
                asked: 50,
                taken: 60,
                limit: 100
            })
        );
        drop(a);
        assert_eq!(b.grow(50), Ok(()));
        assert_eq!(budget.taken(), 50);
        drop(b);
        assert_eq!(budget.taken(), 0);
    }
}
