//! Linear hypotheses as text, such as `(tutor + hints)/2 = control`.
//!
//! ```text
//! hypothesis = sum ["=" sum]                   without "=" the sum is 0
//! sum        = product {("+" | "-") product}
//! product    = factor {("*" | "/") factor}     one side of * and the right side of / without names
//! factor     = {"+" | "-"} (number | name | "(" sum ")")
//! number     = digits with or without ".", and an exponent such as e-3
//! name       = a letter or _, then letters, digits and _; or anything in double quotes, " itself doubled
//! ```
//!
//! Names are taken exactly as they are written: case counts.

mod error;
mod tokens;

use super::negligible::rounded;
use std::collections::BTreeMap;
use tokens::{Kind, OPERAND, Token, tokens};

use error::Stop;
pub(crate) use error::shown;
pub use error::{Flaw, FormulaError};
pub use tokens::quoted;

/// Bytes of a hypothesis.
const LONGEST: usize = 10_000;
/// Parentheses inside of each other.
const DEEPEST: usize = 50;
/// Numbers other than 0 and what becomes of them: squares of factors times squares of outcomes must be doubles.
const RANGE: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

/// A linear hypothesis: left minus right, which is 0 if it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// The names with their factors, in their order by place; factors are not 0.
    pub names: Vec<Named>,
    /// What is added to them.
    pub constant: f64,
}

/// A name in a hypothesis.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The name, without quotes.
    pub name: String,
    /// Character of the text where it first is, counted from 1.
    pub place: usize,
    /// Its factor.
    pub factor: f64,
}

impl Formula {
    /// Reads a hypothesis.
    pub fn parse(text: &str) -> Result<Formula, FormulaError> {
        let refuse = |stop: Stop| FormulaError {
            text: shown(text),
            place: stop.place,
            found: stop.found,
            flaw: stop.flaw,
        };
        if text.len() > LONGEST {
            return Err(refuse(Stop::at(LONGEST, Flaw::TooLong)));
        }
        let tokens = tokens(text).map_err(refuse)?;
        let mut reader = Reader {
            tokens,
            at: 0,
            depth: 0,
        };
        let sum = reader.hypothesis().map_err(refuse)?;
        let mut names: Vec<Named> = sum
            .names
            .into_iter()
            .map(|(name, (place, amount))| Named {
                name,
                place,
                factor: amount.settled(),
            })
            .filter(|n| n.factor != 0.0)
            .collect();
        names.sort_by_key(|n| n.place);
        if names.is_empty() {
            return Err(refuse(Stop::at(1, Flaw::NoName)));
        }
        Ok(Formula {
            names,
            constant: sum.constant.settled(),
        })
    }
}

/// A sum of numbers that knows how large its terms are.
#[derive(Debug, Clone, Copy, Default)]
struct Amount {
    sum: f64,
    size: f64,
}

impl Amount {
    fn settled(self) -> f64 {
        rounded(self.sum, self.size)
    }
}

/// What a part of a hypothesis comes to.
#[derive(Debug, Default)]
struct Sum {
    /// Names, with the places where they first are.
    names: BTreeMap<String, (usize, Amount)>,
    constant: Amount,
}

impl Sum {
    fn number(v: f64) -> Self {
        Sum {
            constant: Amount {
                sum: v,
                size: v.abs(),
            },
            ..Sum::default()
        }
    }

    fn name(name: &str, place: usize) -> Self {
        let one = Amount {
            sum: 1.0,
            size: 1.0,
        };
        Sum {
            names: BTreeMap::from([(name.to_owned(), (place, one))]),
            ..Sum::default()
        }
    }

    fn add_times(&mut self, sign: f64, other: Sum) {
        let add = |to: &mut Amount, of: Amount| {
            to.sum += sign * of.sum;
            to.size += of.size;
        };
        add(&mut self.constant, other.constant);
        for (name, (place, amount)) in other.names {
            let (_, own) = self
                .names
                .entry(name)
                .or_insert_with(|| (place, Amount::default()));
            add(own, amount);
        }
    }

    /// Multiplied or divided by a number.
    fn scale(&mut self, by: impl Fn(f64) -> f64) {
        let amounts = self.names.values_mut().map(|(_, a)| a);
        for amount in amounts.chain(std::iter::once(&mut self.constant)) {
            amount.sum = by(amount.sum);
            amount.size = by(amount.size).abs();
        }
    }

    /// The same, refused if a number is too large or too small.
    fn within_range(self, place: usize) -> Result<Sum, Stop> {
        let mut amounts = self.names.values().map(|(_, a)| a);
        let fits = |a: &Amount| a.size == 0.0 || RANGE.contains(&a.size);
        match amounts.all(fits) && fits(&self.constant) {
            true => Ok(self),
            false => Err(Stop::at(place, Flaw::OutOfRange)),
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn next_sign(&mut self, among: &[char]) -> Option<(char, usize)> {
        let token = self.tokens.get(self.at)?;
        match token.kind {
            Kind::Sign(c) if among.contains(&c) => {
                self.at += 1;
                Some((c, token.place))
            }
            _ => None,
        }
    }

    fn expected(&self, what: &'static str) -> Stop {
        let token = self.tokens.get(self.at);
        Stop {
            place: token.map_or(0, |t| t.place),
            found: token.map(Token::shown),
            flaw: Flaw::Expected(what),
        }
    }

    fn hypothesis(&mut self) -> Result<Sum, Stop> {
        let mut left = self.sum()?;
        let equals = self.next_sign(&['=']);
        if let Some((_, place)) = equals {
            left.add_times(-1.0, self.sum()?);
            left = left.within_range(place)?;
        }
        if self.at < self.tokens.len() {
            return Err(self.expected(match equals {
                Some(_) => "an operator or the end",
                None => "an operator, \"=\" or the end",
            }));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<Sum, Stop> {
        let mut sum = self.product()?;
        while let Some((sign, place)) = self.next_sign(&['+', '-']) {
            let factor = if sign == '-' { -1.0 } else { 1.0 };
            sum.add_times(factor, self.product()?);
            sum = sum.within_range(place)?;
        }
        Ok(sum)
    }

    fn product(&mut self) -> Result<Sum, Stop> {
        let mut left = self.factor()?;
        while let Some((sign, place)) = self.next_sign(&['*', '/']) {
            let mut right = self.factor()?;
            if sign == '*' && left.names.is_empty() {
                std::mem::swap(&mut left, &mut right);
            }
            if !right.names.is_empty() {
                return Err(Stop::at(place, Flaw::NotLinear));
            }
            let number = right.constant.settled();
            if sign == '/' && number == 0.0 {
                return Err(Stop::at(place, Flaw::DividedByZero));
            }
            match sign {
                '/' => left.scale(|v| v / number),
                _ => left.scale(|v| v * number),
            }
            left = left.within_range(place)?;
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Sum, Stop> {
        let mut factor = 1.0;
        while let Some((sign, _)) = self.next_sign(&['+', '-']) {
            if sign == '-' {
                factor = -factor;
            }
        }
        let token = self.tokens.get(self.at).map(|t| (&t.kind, t.place));
        let mut operand = match token {
            Some((&Kind::Number(v), place)) => Sum::number(v).within_range(place)?,
            Some((Kind::Name(name), place)) => Sum::name(name, place),
            Some((Kind::Sign('('), place)) => self.inside(place)?,
            _ => return Err(self.expected(OPERAND)),
        };
        self.at += 1;
        operand.scale(|v| factor * v);
        Ok(operand)
    }

    /// What is in parentheses, up to the one that closes.
    fn inside(&mut self, place: usize) -> Result<Sum, Stop> {
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Stop::at(place, Flaw::TooDeep));
        }
        let sum = self.sum()?;
        let closed = (self.tokens.get(self.at)).is_some_and(|t| t.kind == Kind::Sign(')'));
        if !closed {
            return Err(self.expected("an operator or \")\""));
        }
        self.depth -= 1;
        Ok(sum)
    }
}
