//! Reductions of numbers.

use super::codec::{Number, Reader, VERSION};
use super::mode::Mode;
use super::moments::Moments;
use super::timed::Timed;
use super::values::Values;
use super::{Method, ReductionError};
use crate::budget::{Budget, Charge};

/// What a reduction of numbers gives.
pub type NumberResult = Option<f64>;

#[derive(Debug, Clone)]
enum State {
    Timed(Timed<Number>),
    Moments(Moments),
    Values(Values),
    Extreme(Option<Number>),
    Mode(Mode<Number>),
    Count(u64),
}

/// State of a reduction of numbers.
#[derive(Debug)]
pub struct NumberReduction {
    method: Method,
    state: State,
    charge: Charge,
}

impl NumberReduction {
    /// No value yet.
    pub fn new(method: Method, budget: &Budget) -> Result<Self, ReductionError> {
        let state = match method {
            Method::First | Method::Last => State::Timed(Timed::new(method == Method::Last)),
            Method::Mean | Method::Sum => State::Moments(Moments::new(false)),
            Method::Stddev => State::Moments(Moments::new(true)),
            Method::Median => State::Values(Values::default()),
            Method::Min | Method::Max => State::Extreme(None),
            Method::Mode => State::Mode(Mode::new()),
            Method::Count => State::Count(0),
        };
        let mut charge = Charge::new(budget);
        charge.grow(size_of::<Self>())?;
        Ok(NumberReduction {
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
    pub fn add(&mut self, value: f64, at: Option<i64>, tie: i64) -> Result<(), ReductionError> {
        let number = Number::new(value);
        match &mut self.state {
            State::Timed(s) => s.add(
                at.ok_or(ReductionError::NullTime(self.method))?,
                tie,
                number,
            ),
            State::Moments(s) => {
                let before = s.heap_bytes();
                s.add(number.value());
                self.charge.grow(s.heap_bytes().saturating_sub(before))?;
            }
            State::Values(s) => s.add(number, &mut self.charge)?,
            State::Extreme(s) => *s = Some(extreme(self.method, *s, number)),
            State::Mode(s) => s.add(number, 1, &mut self.charge)?,
            State::Count(n) => *n += 1,
        }
        Ok(())
    }

    /// Adds another state of the same method.
    pub fn merge(&mut self, other: Self) -> Result<(), ReductionError> {
        let changed = ReductionError::MethodChanged(self.method, other.method);
        match (&mut self.state, other.state) {
            _ if self.method != other.method => return Err(changed),
            (State::Timed(a), State::Timed(b)) => a.merge(b),
            (State::Moments(a), State::Moments(b)) => {
                let before = a.heap_bytes();
                a.merge(&b);
                self.charge.grow(a.heap_bytes().saturating_sub(before))?;
            }
            (State::Values(a), State::Values(b)) => a.merge(b, &mut self.charge)?,
            (State::Extreme(a), State::Extreme(Some(b))) => *a = Some(extreme(self.method, *a, b)),
            (State::Extreme(_), State::Extreme(None)) => {}
            (State::Mode(a), State::Mode(b)) => a.merge(b, &mut self.charge)?,
            (State::Count(a), State::Count(b)) => *a = a.saturating_add(b),
            _ => return Err(changed),
        }
        Ok(())
    }

    /// The result; `None` without values, and for a standard deviation of one.
    pub fn finish(&self) -> NumberResult {
        match &self.state {
            State::Timed(s) => s.finish().map(|v| v.value()),
            State::Moments(s) => match self.method {
                Method::Sum => s.total(),
                Method::Stddev => s.stddev(),
                _ => s.mean(),
            },
            State::Values(s) => s.median(),
            State::Extreme(s) => s.map(Number::value),
            State::Mode(s) => s.finish().map(|v| v.value()),
            State::Count(n) => (*n > 0).then_some(*n as f64),
        }
    }

    /// The state as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, self.method.tag()];
        match &self.state {
            State::Timed(s) => s.put(&mut out),
            State::Moments(s) => s.put(&mut out),
            State::Values(s) => s.put(&mut out),
            State::Mode(s) => s.put(&mut out),
            State::Count(n) => out.extend(n.to_le_bytes()),
            State::Extreme(s) => {
                out.push(s.is_some() as u8);
                out.extend(s.map_or(0.0, Number::value).to_le_bytes());
            }
        }
        out
    }

    /// The state of bytes.
    pub fn decode(bytes: &[u8], budget: &Budget) -> Result<Self, ReductionError> {
        let mut r = Reader(bytes);
        if r.u8()? != VERSION {
            return Err(ReductionError::Corrupt);
        }
        let mut new = Self::new(Method::from_tag(r.u8()?)?, budget)?;
        match &mut new.state {
            State::Timed(s) => *s = Timed::get(&mut r, new.method == Method::Last)?,
            State::Moments(s) => {
                *s = Moments::get(&mut r, new.method == Method::Stddev)?;
                new.charge.grow(s.heap_bytes())?;
            }
            State::Values(s) => *s = Values::get(&mut r, &mut new.charge)?,
            State::Mode(s) => *s = Mode::get(&mut r, &mut new.charge)?,
            State::Count(n) => *n = r.u64()?,
            State::Extreme(s) => {
                let some = match r.u8()? {
                    0 => false,
                    1 => true,
                    _ => return Err(ReductionError::Corrupt),
                };
                let value = Number::new(f64::from_le_bytes(r.array()?));
                *s = some.then_some(value);
            }
        }
        r.end()?;
        Ok(new)
    }
}

fn extreme(method: Method, best: Option<Number>, value: Number) -> Number {
    match best {
        None => value,
        Some(best) if method == Method::Min => best.min(value),
        Some(best) => best.max(value),
    }
}
