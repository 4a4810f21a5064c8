//! What can be wrong with an assignment.

use crate::error::{Class, Explain, spelled};

/// What can be wrong with an assignment.
#[derive(Debug, Clone, PartialEq)]
pub enum AssignmentError {
    /// There are no conditions.
    NoConditions,
    /// More conditions than are taken.
    TooManyConditions(usize),
    /// A randomization between fewer than two conditions.
    OneCondition(usize),
    /// A condition twice.
    DuplicateCondition(String),
    /// Not one weight for each condition.
    WeightCount {
        /// How many conditions there are.
        conditions: usize,
        /// How many weights there are.
        weights: usize,
    },
    /// A weight is negative or not a number.
    Weight {
        /// Which, from 0.
        index: usize,
        /// What it is.
        value: f64,
    },
    /// Nothing can be chosen.
    AllWeightsZero,
    /// A fraction outside [0, 1].
    Fraction(f64),
    /// Not one of the words of an argument.
    UnknownWord {
        /// The argument.
        argument: &'static str,
        /// What was given.
        value: String,
        /// What is offered.
        offered: &'static str,
    },
    /// A unit twice.
    DuplicateUnit(String),
    /// Not one stratum for each unit.
    StratumCount {
        /// How many units there are.
        units: usize,
        /// How many strata there are.
        strata: usize,
    },
    /// More units than a randomization takes.
    TooManyUnits(usize),
    /// A pair that cannot be split in two.
    OddPair {
        /// The pair.
        pair: String,
        /// How many units it has.
        units: usize,
    },
    /// A unit without a pair.
    NoPair(String),
    /// Pairs with another number of conditions than two.
    PairConditions(usize),
    /// Pairs with unequal weights.
    PairWeights,
    /// There is no seed.
    NoSeed,
}

impl Explain for AssignmentError {
    fn class(&self) -> Class {
        use AssignmentError::*;
        match self {
            NoSeed => Class::NullNotAllowed,
            TooManyConditions(_) | TooManyUnits(_) => Class::LimitExceeded,
            _ => Class::InvalidParameter,
        }
    }

    fn message(&self) -> String {
        use AssignmentError::*;
        match self {
            NoConditions => "conditions must not be empty".to_owned(),
            TooManyConditions(n) => {
                format!("an assignment takes at most 1000 conditions, got {n}")
            }
            OneCondition(n) => {
                format!("a randomization needs at least two conditions, got {n}")
            }
            DuplicateCondition(code) => format!("condition \"{code}\" is given twice"),
            WeightCount {
                conditions,
                weights,
            } => format!(
                "weights must have one element for each of the {conditions} conditions, got {weights}"
            ),
            Weight { index, value } => format!(
                "weights must be finite and not negative, element {} is {}",
                index + 1,
                spelled(*value)
            ),
            AllWeightsZero => "weights must not all be 0".to_owned(),
            Fraction(value) => {
                format!("fraction must be between 0 and 1, got {}", spelled(*value))
            }
            UnknownWord {
                argument,
                value,
                offered,
            } => format!("{argument} must be one of {offered}, got \"{value}\""),
            DuplicateUnit(unit) => format!("unit \"{unit}\" is given twice"),
            StratumCount { units, strata } => {
                format!("strata must have one element for each of the {units} units, got {strata}")
            }
            TooManyUnits(n) => {
                format!("a randomization takes at most 4294967295 units, got {n}")
            }
            OddPair { pair, units } => {
                format!(
                    "pair \"{pair}\" has {units} {}, an even number is needed",
                    if *units == 1 { "unit" } else { "units" }
                )
            }
            NoPair(unit) => format!("unit \"{unit}\" has no pair"),
            PairConditions(n) => format!("pairs need two conditions, got {n}"),
            PairWeights => "pairs need equal weights".to_owned(),
            NoSeed => "seed must not be null".to_owned(),
        }
    }

    fn detail(&self) -> Option<String> {
        use AssignmentError::*;
        match self {
            DuplicateUnit(_) => Some("A unit has one condition.".to_owned()),
            PairConditions(_) | PairWeights => {
                Some("One unit of a pair gets the one condition, its partner the other.".to_owned())
            }
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        use AssignmentError::*;
        let text = match self {
            NoConditions | OneCondition(_) => {
                "Give the codes of the conditions, such as ARRAY['control', 'hints']."
            }
            TooManyConditions(_) => "Check the order of the arguments.",
            DuplicateCondition(_) => {
                "Give each condition once, and a larger weight to the one that should be taken more often."
            }
            WeightCount { .. } => {
                "Give one weight for each condition, or none at all for equal weights."
            }
            Weight { .. } | AllWeightsZero => {
                "Give positive numbers; only their ratio counts. Weight 0 is for a condition that is not to be taken."
            }
            Fraction(_) => "Write 0.25 for 25 %.",
            UnknownWord { .. } => "Use one of these, written exactly so.",
            DuplicateUnit(_) => "Select each unit once, for example with DISTINCT.",
            StratumCount { .. } => {
                "Aggregate units and strata in one query, so that they belong together; NULL is for an unknown stratum."
            }
            TooManyUnits(_) => "Randomize parts, such as districts, apart.",
            OddPair { .. } => "Give the unit that is left over a partner, or leave it out.",
            NoPair(_) => "Give the unit a pair, or leave it out.",
            PairConditions(_) | PairWeights => "Use method 'blocks' with strata for other designs.",
            NoSeed => {
                "Take any text, such as the key of the experiment, and keep it: the same seed gives the same result."
            }
        };
        Some(text.to_owned())
    }
}
