//! Reductions of text: first, last and mode.

use super::codec::{Reader, VERSION, Wire};
use super::mode::Mode;
use super::timed::Timed;
use super::{Method, ReductionError};
use crate::budget::{Budget, Charge};

#[derive(Debug, Clone)]
enum State {
    Timed(Timed<String>),
    Mode(Mode<String>),
}

/// State of a reduction of text.
#[derive(Debug)]
pub struct TextReduction {
    method: Method,
    state: State,
    charge: Charge,
}

impl TextReduction {
    /// No value yet.
    pub fn new(method: Method, budget: &Budget) -> Result<Self, ReductionError> {
        let state = match method {
            Method::First | Method::Last => State::Timed(Timed::new(method == Method::Last)),
            Method::Mode => State::Mode(Mode::new()),
            other => return Err(ReductionError::NotForText(other)),
        };
        let mut charge = Charge::new(budget);
        charge.grow(size_of::<Self>())?;
        Ok(TextReduction {
            method,
            state,
            charge,
        })
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Adds a value. `at` is looked at by first and last only, which need it.
    pub fn add(&mut self, value: &str, at: Option<i64>, tie: i64) -> Result<(), ReductionError> {
        match &mut self.state {
            State::Timed(s) => {
                let before = s.heap_bytes();
                s.add(
                    at.ok_or(ReductionError::NullTime(self.method))?,
                    tie,
                    value.to_owned(),
                );
                self.charge.shrink(before);
                Ok(self.charge.grow(s.heap_bytes())?)
            }
            State::Mode(s) => s.add(value.to_owned(), 1, &mut self.charge),
        }
    }

    /// Adds another state of the same method.
    pub fn merge(&mut self, other: Self) -> Result<(), ReductionError> {
        match (&mut self.state, other.state) {
            _ if self.method != other.method => {
                Err(ReductionError::MethodChanged(self.method, other.method))
            }
            (State::Timed(a), State::Timed(b)) => {
                let before = a.heap_bytes();
                a.merge(b);
                self.charge.shrink(before);
                Ok(self.charge.grow(a.heap_bytes())?)
            }
            (State::Mode(a), State::Mode(b)) => a.merge(b, &mut self.charge),
            _ => Err(ReductionError::MethodChanged(self.method, other.method)),
        }
    }

    /// The result; `None` without values.
    pub fn finish(&self) -> Option<&str> {
        match &self.state {
            State::Timed(s) => s.finish().map(String::as_str),
            State::Mode(s) => s.finish().map(String::as_str),
        }
    }

    /// The state as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.method.tag()];
        match &self.state {
            State::Timed(s) => s.put(&mut out),
            State::Mode(s) => s.put(&mut out),
        }
        out
    }

    /// The state of bytes.
    pub fn decode(bytes: &[u8], budget: &Budget) -> Result<Self, ReductionError> {
        let mut r = Reader(bytes);
        if r.u8()? != VERSION {
            return Err(ReductionError::Corrupt);
        }
        // Bytes of a method that no text has are not a state.
        let mut new = Self::new(Method::from_tag(r.u8()?)?, budget).map_err(|e| match e {
            ReductionError::NotForText(_) => ReductionError::Corrupt,
            other => other,
        })?;
        match &mut new.state {
            State::Timed(s) => {
                *s = Timed::get(&mut r, new.method == Method::Last)?;
                new.charge.grow(s.finish().map_or(0, Wire::heap_bytes))?;
            }
            State::Mode(s) => *s = Mode::get(&mut r, &mut new.charge)?,
        }
        r.end()?;
        Ok(new)
    }
}
