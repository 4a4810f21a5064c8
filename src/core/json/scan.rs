//! One pass over a JSON text that checks its grammar and the rules, with a list of open arrays and objects in place of
//! recursion.

use super::Origin;
use super::error::JsonError;
use super::path::{Step, written};
use crate::limits::Limit;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// An array or object that is not closed yet.
enum Open<'a> {
    /// Number of its current element.
    Array(usize),
    /// Its keys; the current one is apart.
    Object(BTreeSet<Cow<'a, str>>, Cow<'a, str>),
}

struct Scan<'a> {
    what: &'a str,
    text: &'a str,
    origin: Origin,
    at: usize,
    open: Vec<Open<'a>>,
    values: usize,
}

/// Checks a text.
pub(super) fn scan(what: &str, text: &str, origin: Origin) -> Result<(), JsonError> {
    if origin != Origin::Stored {
        Limit::JsonBytes.check(format_args!("bytes of {what}"), text.len())?;
    }
    let mut scan = Scan {
        what,
        text,
        origin,
        at: 0,
        open: Vec::new(),
        values: 0,
    };
    scan.document()
}

impl<'a> Scan<'a> {
    fn document(&mut self) -> Result<(), JsonError> {
        loop {
            if self.value()? {
                continue;
            }
            if !self.next_value()? {
                break;
            }
        }
        self.blanks();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected()),
        }
    }

    /// Reads a value, or the begin of an array or object that is not empty: then the next value is its first, and the
    /// answer true.
    fn value(&mut self) -> Result<bool, JsonError> {
        self.values += 1;
        if self.origin != Origin::Stored {
            Limit::JsonValues.check(format_args!("values of {}", self.what), self.values)?;
        }
        self.blanks();
        match self.peek() {
            Some(b'{') => {
                self.enter()?;
                if self.closed(b'}') {
                    return Ok(false);
                }
                let key = self.key()?;
                self.open.push(Open::Object(BTreeSet::new(), key));
                Ok(true)
            }
            Some(b'[') => {
                self.enter()?;
                if self.closed(b']') {
                    return Ok(false);
                }
                self.open.push(Open::Array(0));
                Ok(true)
            }
            Some(b'"') => self.string().map(|_| false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            _ => self.word().map(|()| false),
        }
    }

    /// What follows on a value: true if another one does, false at the end of the document.
    fn next_value(&mut self) -> Result<bool, JsonError> {
        loop {
            self.blanks();
            let next = self.peek();
            match self.open.last_mut() {
                None => return Ok(false),
                Some(Open::Array(n)) if next == Some(b',') => {
                    *n += 1;
                    self.at += 1;
                    return Ok(true);
                }
                Some(Open::Object(keys, key)) if next == Some(b',') => {
                    keys.insert(std::mem::take(key));
                    self.at += 1;
                    self.blanks();
                    let new = self.key()?;
                    return self.another(new).map(|()| true);
                }
                Some(Open::Array(_)) if next == Some(b']') => {}
                Some(Open::Object(..)) if next == Some(b'}') => {}
                Some(_) => return Err(self.unexpected()),
            }
            self.open.pop();
            self.at += 1;
        }
    }

    /// Makes a key the current one.
    fn another(&mut self, new: Cow<'a, str>) -> Result<(), JsonError> {
        let Some(Open::Object(keys, key)) = self.open.last_mut() else {
            return Err(self.unexpected());
        };
        if !keys.contains(&new) {
            *key = new;
            return Ok(());
        }
        self.open.pop();
        Err(JsonError::Twice {
            what: self.what.to_owned(),
            path: self.path(),
            key: new.into_owned(),
        })
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        self.blanks();
        if self.open.len() < self.origin.depth() {
            return Ok(());
        }
        Err(JsonError::Deep {
            what: self.what.to_owned(),
            path: self.path(),
        })
    }

    /// Whether an array or object ends where it began.
    fn closed(&mut self, end: u8) -> bool {
        let ends = self.peek() == Some(end);
        self.at += usize::from(ends);
        ends
    }

    fn key(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let key = self.string()?;
        self.blanks();
        if self.peek() != Some(b':') {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(key)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected());
        }
        let mut escaped = false;
        loop {
            self.at += 1;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                }
                Some(0..=0x1f) | None => return Err(self.unexpected()),
                Some(_) => {}
            }
        }
        self.at += 1;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        if !escaped {
            return Ok(Cow::Borrowed(quoted.trim_matches('"')));
        }
        let text: String = serde_json::from_str(quoted).map_err(|e| {
            let said = e.to_string();
            let why = said.split_once(" at line ").map_or(&*said, |(why, _)| why);
            self.syntax(&format!("{why}, at byte {start}"))
        })?;
        if text.contains('\0') {
            return Err(JsonError::Nul {
                what: self.what.to_owned(),
                path: self.path(),
            });
        }
        Ok(Cow::Owned(text))
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        let finite = || written.parse::<f64>().is_ok_and(f64::is_finite);
        if self.origin != Origin::Argument || finite() {
            return Ok(());
        }
        Err(JsonError::Number {
            what: self.what.to_owned(),
            path: self.path(),
            got: written.to_owned(),
        })
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn word(&mut self) -> Result<(), JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        for word in ["true", "false", "null"] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(());
            }
        }
        Err(self.unexpected())
    }

    fn blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn path(&self) -> String {
        written(self.open.iter().map(|open| match open {
            Open::Array(n) => Step::Element(*n),
            Open::Object(_, key) => Step::Member(key),
        }))
    }

    fn unexpected(&self) -> JsonError {
        match self.text.get(self.at..).and_then(|t| t.chars().next()) {
            Some(c) => self.syntax(&format!("unexpected {c:?} at byte {}", self.at)),
            None => self.syntax("it ends too early"),
        }
    }

    fn syntax(&self, why: &str) -> JsonError {
        JsonError::Syntax {
            what: self.what.to_owned(),
            why: why.to_owned(),
        }
    }
}
