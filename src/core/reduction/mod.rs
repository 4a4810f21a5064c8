//! Many values of a unit to one: first, last, mean, median, min, max, sum, count, mode, standard deviation.
//!
//! Every reduction is a state with `add`, `merge`, `finish`, `encode` and `decode`, and gives the same bits for any order of
//! the rows and any way of merging. Values are ordered as Postgres orders them: NaN equals itself and is above everything,
//! and -0 is 0. Text is ordered by its bytes, whatever the collation.
//!
//! | method | ties and special values |
//! |---|---|
//! | first, last | at the same time the smaller tie-break wins (last: the larger), then the smaller value |
//! | min, max | NaN is above everything |
//! | sum, mean | exact, rounded once; NaN and opposite infinities give NaN |
//! | stddev | sample; NULL below two values; NaN with NaN or an infinity |
//! | median | mean of the two middle values, as `percentile_cont(0.5)` |
//! | mode | the most frequent value, among equals the smallest |
//! | count | of values that are not NULL |

mod codec;
mod error;
mod mode;
mod moments;
mod number;
mod text;
mod timed;
mod values;

pub use error::ReductionError;
pub use number::{NumberReduction, NumberResult};
pub use text::TextReduction;

/// The method of a reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Value with the smallest time.
    First,
    /// Value with the largest time.
    Last,
    /// Arithmetic mean.
    Mean,
    /// Median.
    Median,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Sum.
    Sum,
    /// Number of values.
    Count,
    /// Most frequent value.
    Mode,
    /// Sample standard deviation.
    Stddev,
}

const METHODS: [(&str, Method); 10] = [
    ("first", Method::First),
    ("last", Method::Last),
    ("mean", Method::Mean),
    ("median", Method::Median),
    ("min", Method::Min),
    ("max", Method::Max),
    ("sum", Method::Sum),
    ("count", Method::Count),
    ("mode", Method::Mode),
    ("stddev", Method::Stddev),
];

impl Method {
    /// Reads the word.
    pub fn from_word(word: &str) -> Result<Self, ReductionError> {
        let found = METHODS.iter().find(|(name, _)| *name == word);
        found
            .map(|(_, m)| *m)
            .ok_or_else(|| ReductionError::UnknownMethod(word.to_owned()))
    }

    /// The word.
    pub fn word(self) -> &'static str {
        METHODS
            .iter()
            .find(|(_, m)| *m == self)
            .map_or("", |(name, _)| name)
    }

    /// True if the method looks at the time.
    pub fn needs_time(self) -> bool {
        matches!(self, Method::First | Method::Last)
    }

    fn from_tag(tag: u8) -> Result<Self, ReductionError> {
        METHODS
            .get(tag as usize)
            .map(|(_, m)| *m)
            .ok_or(ReductionError::Corrupt)
    }

    fn tag(self) -> u8 {
        METHODS.iter().position(|(_, m)| *m == self).unwrap_or(0) as u8
    }
}
