//! Which reduction per user and which operation per condition make sense for a metric.

use super::{Definition, Kind, MetricError, Reduction, number};
use crate::experiment::words;
use crate::reduction::Method;
use serde::{Deserialize, Serialize};

words! {
    /// What is computed per condition, of one value per user.
    Operation {
        /// Sum.
        Sum = "sum",
        /// Smallest.
        Min = "min",
        /// Largest.
        Max = "max",
        /// Arithmetic mean.
        Avg = "avg",
        /// Users with a value.
        Count = "count",
        /// Most frequent; among equals the smallest.
        Mode = "mode",
        /// Median.
        Median = "median",
        /// Sample standard deviation.
        Stddev = "stddev",
        /// Users whose value compares true.
        CountEqual = "count_equal",
        /// The same in percent of the users with a value.
        Percentage = "percentage",
    }
}

impl Operation {
    /// Whether users are compared with a value.
    pub fn compares(self) -> bool {
        matches!(self, Operation::CountEqual | Operation::Percentage)
    }
}

words! {
    /// How values are compared with the one asked for.
    Compare {
        /// The same.
        Equal = "=",
        /// Another one.
        Unequal = "<>",
    }
}

words! {
    /// What of a measurement the reduction per user gets.
    Source {
        /// Its number.
        Number = "number",
        /// Its text.
        Text = "text",
        /// 100 if it compares true with the value asked for, 0 if not.
        Share = "share",
        /// That it is there: words can be counted, but not reduced to a number.
        Occurrence = "occurrence",
    }
}

/// A question that makes sense.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Per condition; `None` if only the values per user are asked for.
    pub operation: Option<Operation>,
    /// Per user.
    pub method: Method,
    /// What the reduction per user gets.
    pub source: Source,
    /// Whether the values are words: compared as text, only those allowed.
    pub categorical: bool,
    /// What is compared, if a value is asked for.
    pub compare: Option<Compare>,
    /// The value asked for as a number, if numbers are compared.
    pub number: Option<f64>,
    /// The words that count; `None` if all values do.
    pub allowed: Option<Vec<String>>,
}

impl Query {
    /// Makes sense of a question. `definition` is `None` for a metric that is not declared: it is categorical if it is
    /// asked for like one. Reduction and compare have defaults: that of the metric (`last`), and `=`.
    pub fn new(
        definition: Option<&Definition>,
        operation: Option<&str>,
        reduction: Option<&str>,
        compare: Option<&str>,
        value: Option<&str>,
    ) -> Result<Self, MetricError> {
        let operation = operation.map(operation_of).transpose()?;
        let reduction = match reduction {
            Some(word) => reduction_of(word)?,
            None => definition.map_or(Reduction::Of(Method::Last), |d| d.reduction),
        };
        let compares = operation.is_some_and(Operation::compares);
        let undeclared = Kind::Categorical(Vec::new());
        let kind = match definition {
            Some(d) => &d.kind,
            None if value.is_some() => &undeclared,
            None => &Kind::Continuous,
        };
        let categorical = *kind != Kind::Continuous;
        if !reduction.is_for(kind) {
            return Err(MetricError::ReductionNotForText(reduction.word()));
        }
        let (method, source) = match reduction {
            Reduction::Percent => (Method::Mean, Source::Share),
            Reduction::Of(Method::Count) if categorical => (Method::Count, Source::Occurrence),
            Reduction::Of(method) if categorical => (method, Source::Text),
            Reduction::Of(method) => (method, Source::Number),
        };
        if source == Source::Share && compares {
            return Err(MetricError::ComparedTwice);
        }
        // Users who have a word each can be counted and compared; there is no mean of words.
        let words = source == Source::Text;
        if let (true, Some(op)) = (words, operation)
            && !(compares || op == Operation::Count)
        {
            return Err(MetricError::OperationNotForText(op.word()));
        }
        // Values per user are compared too, so that a share of users can be estimated from them.
        let may_compare = compares || source == Source::Share || (words && operation.is_none());
        if !may_compare && (value.is_some() || compare.is_some()) {
            return Err(MetricError::NothingCompared);
        }
        if value.is_none() && (compares || source == Source::Share || compare.is_some()) {
            return Err(MetricError::NoValue);
        }
        let number = match value {
            Some(text) if !categorical || source == Source::Occurrence => Some(finite(text)?),
            _ => None,
        };
        let allowed = match kind {
            Kind::Categorical(words) if !words.is_empty() => Some(words.clone()),
            _ => None,
        };
        if let (Some(words), Some(text), None) = (&allowed, value, number)
            && !words.iter().any(|w| w == text)
        {
            return Err(MetricError::ValueNotAllowed {
                got: text.to_owned(),
                allowed: words.clone(),
            });
        }
        let compare = match (value, compare) {
            (None, _) => None,
            (Some(_), None) => Some(Compare::Equal),
            (Some(_), Some(word)) => Some(compare_of(word)?),
        };
        Ok(Query {
            operation,
            method,
            source,
            categorical,
            compare,
            number,
            allowed,
        })
    }
}

fn finite(text: &str) -> Result<f64, MetricError> {
    number(text)
        .filter(|n| n.is_finite())
        .ok_or_else(|| MetricError::ValueNotNumber(text.to_owned()))
}

fn operation_of(word: &str) -> Result<Operation, MetricError> {
    Operation::from_word(word).ok_or_else(|| MetricError::UnknownOperation(word.to_owned()))
}

fn reduction_of(word: &str) -> Result<Reduction, MetricError> {
    Reduction::from_word(word).ok_or_else(|| MetricError::UnknownReduction(word.to_owned()))
}

fn compare_of(word: &str) -> Result<Compare, MetricError> {
    Compare::from_word(word).ok_or_else(|| MetricError::UnknownCompare(word.to_owned()))
}
