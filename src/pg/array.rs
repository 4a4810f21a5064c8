//! Arguments that are arrays, and texts: announced before they are copied.

use super::error::{CallError, raise};
use pgrx::datum::{Array, UnboxDatum};
use rct_core::pulse;

/// An array of texts, or NULL.
pub type Texts<'a> = Option<Array<'a, &'a str>>;
/// An array of numbers, or NULL.
pub type Reals<'a> = Option<Array<'a, f64>>;
/// An array of counts, or NULL.
pub type Counts<'a> = Option<Array<'a, i64>>;

/// Bytes of a text: a word, a seed, or what a unit, stratum or condition is called. Errors repeat it.
const MAX_TEXT: usize = 64 * 1024;

/// A value of an argument, which may have a limit of its own.
pub trait Argument: Sized {
    /// The value, if it is within its limit.
    fn within_limit(self, _name: &'static str) -> Self {
        self
    }
}

impl Argument for bool {}
impl Argument for f64 {}
impl Argument for i32 {}
impl Argument for i64 {}
impl Argument for pgrx::datum::Date {}
impl Argument for pgrx::AnyElement {}
impl Argument for pgrx::JsonB {}

impl Argument for &str {
    fn within_limit(self, name: &'static str) -> Self {
        short(self, name)
    }
}

/// An argument that must not be NULL.
pub fn required<T: Argument>(argument: Option<T>, name: &'static str) -> T {
    present(argument, name).within_limit(name)
}

/// An array that must not be NULL.
pub fn given<'a, 'b, T>(array: &'a Option<Array<'b, T>>, name: &'static str) -> &'a Array<'b, T> {
    present(array.as_ref(), name)
}

fn present<T>(argument: Option<T>, name: &'static str) -> T {
    argument.unwrap_or_else(|| raise(CallError::Null(name)))
}

/// A text that is short enough to be repeated in an error.
pub fn short<'a>(text: &'a str, name: &'static str) -> &'a str {
    if text.len() > MAX_TEXT {
        raise(CallError::LongText {
            argument: name,
            bytes: text.len(),
        });
    }
    text
}

fn read<'a, T: UnboxDatum, U>(
    array: &'a Array<'_, T>,
    mut element: impl FnMut(usize, Option<T::As<'a>>) -> U,
) -> Vec<U> {
    let mut out = pulse::vector(array.len());
    for (i, value) in pulse::each(array.iter()).enumerate() {
        out.push(element(i, value));
    }
    out
}

fn not_null<T>(value: Option<T>, name: &'static str, i: usize) -> T {
    value.unwrap_or_else(|| {
        raise(CallError::NullElement {
            argument: name,
            position: i + 1,
        })
    })
}

/// The elements of an array none of which may be NULL.
pub fn complete<'a, T: UnboxDatum>(array: &'a Array<'_, T>, name: &'static str) -> Vec<T::As<'a>> {
    read(array, |i, value| not_null(value, name, i))
}

/// The elements of an array.
pub fn elements<'a, T: UnboxDatum>(array: &'a Array<'_, T>) -> Vec<Option<T::As<'a>>> {
    read(array, |_, value| value)
}

/// The texts of an array none of which may be NULL.
pub fn texts<'a>(array: &'a Array<'_, &str>, name: &'static str) -> Vec<&'a str> {
    read(array, |i, value| short(not_null(value, name, i), name))
}

/// The texts of an array.
pub fn optional_texts<'a>(array: &'a Array<'_, &str>, name: &'static str) -> Vec<Option<&'a str>> {
    read(array, |_, value| value.map(|text| short(text, name)))
}

/// Texts of their own.
pub fn owned(texts: &[&str]) -> Vec<String> {
    pulse::room(owned_bytes(texts.iter().map(|t| t.len())));
    pulse::each(texts).map(|t| (*t).to_owned()).collect()
}

/// Texts of their own, where there are any.
pub fn optional_owned(texts: &[Option<&str>]) -> Vec<Option<String>> {
    pulse::room(owned_bytes(texts.iter().map(|t| t.map_or(0, str::len))));
    pulse::each(texts).map(|t| t.map(str::to_owned)).collect()
}

/// What the texts of these lengths take, with what an allocator adds.
pub fn owned_bytes(lengths: impl Iterator<Item = usize>) -> usize {
    lengths.map(|n| size_of::<String>() + 32 + n).sum()
}
