//! The words of a hypothesis.

use super::error::{Flaw, Stop};
use crate::error::short;

/// A name as it is written in a hypothesis: in double quotes if it must be.
pub fn quoted(name: &str) -> String {
    let mut letters = name.chars();
    if letters.next().is_some_and(starts_name) && letters.all(continues_name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What a word or a sign is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    Name(String),
    Sign(char),
}

/// A word or a sign of a hypothesis.
pub(super) struct Token {
    pub kind: Kind,
    /// Its first character, counted from 1.
    pub place: usize,
}

impl Token {
    /// What a message shows of it.
    pub fn shown(&self) -> String {
        match &self.kind {
            Kind::Number(v) => v.to_string(),
            Kind::Name(name) => quoted(&short(name, 40)),
            Kind::Sign(c) => format!("\"{c}\""),
        }
    }
}

/// The words and signs of a text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Stop> {
    let mut letters = text.chars().enumerate().peekable();
    let mut all = Vec::new();
    while let Some((at, c)) = letters.next() {
        let place = at + 1;
        let kind = match c {
            _ if c.is_whitespace() => continue,
            '+' | '-' | '*' | '/' | '(' | ')' | '=' => Kind::Sign(c),
            '"' => {
                let mut name = String::new();
                loop {
                    match letters.next() {
                        None => return Err(Stop::at(place, Flaw::OpenQuote)),
                        Some((_, '"')) if letters.next_if(|(_, c)| *c == '"').is_none() => break,
                        Some((_, c)) => name.push(c),
                    }
                }
                Kind::Name(name)
            }
            '0'..='9' | '.' => {
                let mut number = String::from(c);
                let digits = |number: &mut String, letters: &mut Peeked<'_>| {
                    while let Some((_, c)) = letters.next_if(|(_, c)| c.is_ascii_digit()) {
                        number.push(c);
                    }
                };
                digits(&mut number, &mut letters);
                if c != '.' && letters.next_if(|(_, c)| *c == '.').is_some() {
                    number.push('.');
                    digits(&mut number, &mut letters);
                }
                if letters.next_if(|(_, c)| matches!(c, 'e' | 'E')).is_some() {
                    number.push('e');
                    if let Some((_, sign)) = letters.next_if(|(_, c)| matches!(c, '+' | '-')) {
                        number.push(sign);
                    }
                    digits(&mut number, &mut letters);
                }
                match number.parse::<f64>() {
                    Ok(v) if v.is_finite() => Kind::Number(v),
                    Ok(_) => return Err(Stop::at(place, Flaw::OutOfRange)),
                    Err(_) => {
                        return Err(Stop {
                            found: Some(format!("\"{}\"", short(&number, 40))),
                            ..Stop::at(place, Flaw::Expected("a number"))
                        });
                    }
                }
            }
            _ if starts_name(c) => {
                let mut name = String::from(c);
                while let Some((_, c)) = letters.next_if(|(_, c)| continues_name(*c)) {
                    name.push(c);
                }
                Kind::Name(name)
            }
            other => {
                return Err(Stop {
                    found: Some(format!("\"{}\"", other.escape_debug())),
                    ..Stop::at(place, Flaw::Expected(OPERAND))
                });
            }
        };
        all.push(Token { kind, place });
    }
    Ok(all)
}

type Peeked<'a> = std::iter::Peekable<std::iter::Enumerate<std::str::Chars<'a>>>;

/// What stands between operators.
pub(super) const OPERAND: &str =
    "a name (in double quotes unless it is letters, digits and _), a number or \"(\"";
