//! What can be wrong with rows and stored sketches.

use super::{MAX_CONDITION_BYTES, MAX_CONDITIONS};
use crate::budget::OverBudget;
use crate::error::{Class, Explain, spelled};

/// What can be wrong with rows and stored sketches.
#[derive(Debug, Clone, PartialEq)]
pub enum SketchError {
    /// NaN or an infinity.
    NonFinite {
        /// Name of its column.
        column: String,
        /// The value.
        value: f64,
    },
    /// A weight below zero.
    NegativeWeight(f64),
    /// A weight whose square is not a sound double.
    WeightRange(f64),
    /// A text that names no columns.
    Columns(String),
    /// Another text in a later row.
    ColumnsChange,
    /// More columns of a role than allowed.
    TooManyColumns {
        /// The role.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there may be.
        most: usize,
    },
    /// Not as many values as the columns need.
    ValueCount {
        /// The columns.
        columns: String,
        /// How many values they have.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// A weight of a sketch of students.
    WeightOfStudents,
    /// The text that names the columns is NULL.
    NoColumns,
    /// An array of covariates that is NULL, or not as long as that of the first row.
    CovariateArray {
        /// Length in the first row.
        expected: usize,
        /// Length now; none for NULL.
        got: Option<usize>,
    },
    /// An array of covariates with more than one dimension.
    CovariateDimensions(i32),
    /// A column that the sketch does not have.
    UnknownColumn {
        /// What it should be.
        role: &'static str,
        /// Its name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A column that is asked for twice.
    NamedTwice {
        /// What it is.
        role: &'static str,
        /// Its name.
        name: String,
    },
    /// An outcome that is a ratio, where a value is wanted.
    RatioOutcome(String),
    /// No outcome is a ratio.
    NoRatio,
    /// Sketches that have not the same columns.
    DifferentColumns(String, String),
    /// Sketches of students and of clusters rolled up together.
    StudentsAndClusters,
    /// A last argument of which the type does not say what it is.
    StratumOrCovariate {
        /// It is an argument of `rct.student_sketch`, which has no cluster.
        students: bool,
        /// The type.
        kind: String,
    },
    /// A value of a type that the argument does not take.
    TypeOf {
        /// The argument.
        argument: String,
        /// What is taken.
        takes: &'static str,
        /// The type.
        got: String,
    },
    /// More conditions than allowed.
    TooManyConditions,
    /// A condition's name is too long.
    ConditionTooLong(usize),
    /// A condition's name is not UTF-8.
    ConditionEncoding,
    /// More than 2^40 rows in one cell.
    TooManyRows,
    /// The memory limit was reached.
    Memory(OverBudget),
    /// Stored bytes that cannot be right.
    Corrupt(&'static str),
    /// Stored by a later version.
    UnknownVersion(u8),
    /// Text that is not a sketch.
    BadText(&'static str),
    /// Sums of squares beyond the largest double.
    OutOfRange,
    /// A sketch of students, asked for what needs clusters.
    StudentSketch,
    /// A sketch of clusters, asked for what needs students.
    ClusterSketch,
}

impl From<OverBudget> for SketchError {
    fn from(e: OverBudget) -> Self {
        SketchError::Memory(e)
    }
}

impl Explain for SketchError {
    fn class(&self) -> Class {
        use SketchError::*;
        match self {
            NonFinite { .. } | OutOfRange => Class::OutOfRange,
            NegativeWeight(_)
            | WeightRange(_)
            | Columns(_)
            | ColumnsChange
            | ValueCount { .. }
            | UnknownColumn { .. }
            | WeightOfStudents
            | CovariateArray { .. }
            | CovariateDimensions(_)
            | NamedTwice { .. }
            | RatioOutcome(_)
            | NoRatio
            | DifferentColumns(..)
            | StudentsAndClusters
            | ConditionTooLong(_)
            | StudentSketch
            | ClusterSketch => Class::InvalidParameter,
            NoColumns => Class::NullNotAllowed,
            ConditionEncoding => Class::NotSupported,
            StratumOrCovariate { .. } => Class::Ambiguous,
            TypeOf { .. } => Class::WrongType,
            TooManyColumns { .. } | TooManyConditions | TooManyRows | Memory(_) => {
                Class::LimitExceeded
            }
            Corrupt(_) | UnknownVersion(_) => Class::Corrupt,
            BadText(_) => Class::InvalidText,
        }
    }

    fn message(&self) -> String {
        use SketchError::*;
        match self {
            NonFinite { column, value } => format!(
                "{column} of a sketch must be finite, got {}",
                spelled(*value)
            ),
            WeightRange(w) => {
                format!("weight of a sketch must be 0 or from 1e-100 to 1e100, got {w:e}")
            }
            NegativeWeight(w) => format!("weight of a sketch must not be negative, got {w}"),
            Columns(what) => format!("invalid columns of a sketch: {what}"),
            ColumnsChange => "columns of a sketch must be the same text in every row".to_owned(),
            TooManyColumns { what, got, most } => {
                format!("a sketch takes at most {most} {what}, got {got}")
            }
            ValueCount { expected, got, .. } => {
                format!("a sketch of {expected} columns needs {expected} values, got {got}")
            }
            WeightOfStudents => "a sketch of students takes no weight".to_owned(),
            NoColumns => "columns must not be null".to_owned(),
            CovariateArray { expected, got } => format!(
                "covariates of a sketch must be arrays of the same length, got {} after {expected}",
                got.map_or("NULL".to_owned(), |n| n.to_string())
            ),
            CovariateDimensions(n) => {
                format!("covariates of a sketch must be an array of one dimension, got {n}")
            }
            UnknownColumn { role, name, .. } => format!("sketch has no {role} \"{name}\""),
            NamedTwice { role, name } => format!("{role} \"{name}\" is named twice"),
            RatioOutcome(name) => format!("outcome \"{name}\" of the sketch is a ratio"),
            NoRatio => "sketch has no such ratio".to_owned(),
            StudentsAndClusters => {
                "a sketch of rct.student_sketch and one of rct.sketch have different units"
                    .to_owned()
            }
            DifferentColumns(ours, theirs) => {
                format!("sketches must have the same columns, got \"{theirs}\" after \"{ours}\"")
            }
            StratumOrCovariate { students, kind } => format!(
                "the last argument of rct.{} has type {kind}: it could be a stratum or a covariate",
                if *students {
                    "student_sketch"
                } else {
                    "sketch"
                }
            ),
            TypeOf {
                argument,
                takes,
                got,
            } => {
                format!("{argument} of a sketch must be {takes}, got {got}")
            }
            TooManyConditions => format!("a sketch takes at most {MAX_CONDITIONS} conditions"),
            ConditionTooLong(n) => {
                format!(
                    "condition of a sketch must have at most {MAX_CONDITION_BYTES} bytes, got {n}"
                )
            }
            ConditionEncoding => "condition of a sketch is not UTF-8".to_owned(),
            TooManyRows => "a cell of a sketch takes at most 1099511627776 rows".to_owned(),
            Memory(_) => "sketch needs more memory than rct.memory_limit allows".to_owned(),
            Corrupt(what) => format!("stored sketch is damaged: {what}"),
            UnknownVersion(v) => format!(
                "stored sketch has version {v}, this is version {}",
                super::WIRE_VERSION
            ),
            BadText(what) => format!("invalid input syntax for type rct.sketch: {what}"),
            OutOfRange => {
                "squares of the values in the sketch are outside the range of double precision"
                    .to_owned()
            }
            StudentSketch => {
                "sketch must be of clusters, got one in which each student is a unit".to_owned()
            }
            ClusterSketch => {
                "sketch must be of students as units, got one with clusters".to_owned()
            }
        }
    }

    fn detail(&self) -> Option<String> {
        use SketchError::*;
        match self {
            Columns(_) => Some(
                "The text names outcomes, covariates after \"~\", and after \";\" other roles."
                    .to_owned(),
            ),
            ValueCount { columns, .. } => Some(format!("The columns are \"{columns}\".")),
            UnknownColumn { role, known, .. } if known.is_empty() => {
                Some(format!("It has no {role}."))
            }
            UnknownColumn { role, known, .. } => Some(format!(
                "Each {role} that it has: \"{}\".",
                known.join("\", \"")
            )),
            StratumOrCovariate { students, .. } => Some(format!(
                "The arguments are outcome, condition, {}stratum, covariate: it stands where the stratum does.",
                if *students { "" } else { "cluster, " }
            )),
            Memory(m) => Some(format!("This process: {m}.")),
            StudentSketch => Some(
                "It is made by rct.student_sketch and does not know which students share a class."
                    .to_owned(),
            ),
            TooManyConditions => {
                Some("Each distinct value of the second argument is a condition.".to_owned())
            }
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        use SketchError::*;
        let text = match self {
            NonFinite { .. } => {
                "Filter such rows with WHERE, or turn the value into NULL to have the row counted as missing."
            }
            NegativeWeight(_) | WeightRange(_) => {
                "Weights are inverse probabilities or counts; check how they are computed."
            }
            Columns(_) => {
                "Write for example 'score, passed ~ pretest, female; exposure: attended; weight: w'; a ratio is 'solved / attempts'."
            }
            ColumnsChange => "Write a constant text as the first argument.",
            TooManyColumns { .. } => {
                "Use the few covariates that predict the outcome best; make a second sketch of more outcomes."
            }
            ValueCount { .. } => {
                "After the text come condition, cluster and stratum (NULL for none), and then a value for each column, in order."
            }
            NoColumns => {
                "Name them in a constant text. An outcome that is NULL in every row needs a type, such as NULL::double precision: without one it is taken for that text."
            }
            WeightOfStudents => {
                "Use rct.sketch with the student as the cluster, which takes weights."
            }
            CovariateArray { .. } | CovariateDimensions(_) => {
                "Write ARRAY[a, b] with the same columns everywhere; a missing value is NULL inside the array."
            }
            UnknownColumn { .. } => "rct.sketch_info tells the columns of a sketch.",
            NamedTwice { .. } => "Name each column once.",
            RatioOutcome(_) => {
                "Use rct.effects, which answers for ratios, or name another outcome."
            }
            NoRatio => {
                "Name a ratio among the outcomes, such as rct.sketch('solved / attempts', condition, class, school, solved, attempts)."
            }
            StudentsAndClusters => "Make all sketches that are rolled up with the same aggregate.",
            DifferentColumns(..) => {
                "Make all sketches that are rolled up with the same columns in the same order."
            }
            StratumOrCovariate { .. } => {
                "Write school::text for a stratum. A covariate comes after the stratum, which may be NULL."
            }
            TypeOf { .. } => {
                "Cast it, for example with ::text, ::double precision or ::double precision[]."
            }
            TooManyConditions => {
                "The arguments are rct.sketch(outcome, condition, cluster); check their order."
            }
            ConditionTooLong(_) => {
                "The arguments are rct.sketch(outcome, condition, cluster); check their order."
            }
            ConditionEncoding => "pg_rct needs a database with the encoding UTF8.",
            TooManyRows => "Sketch parts of the table and analyze them apart.",
            Memory(_) => {
                "Let a superuser raise rct.memory_limit, use fewer covariates, or sketch parts of the table and roll them up. With many groups, SET enable_hashagg = off holds one group at a time."
            }
            Corrupt(_) => "Restore the value from a backup, or compute the sketch again.",
            UnknownVersion(_) => "Update the extension on this server.",
            BadText(_) => {
                "A sketch is made by the aggregate rct.sketch and written as text only by its output function."
            }
            StudentSketch => {
                "Use rct.effects, or make the sketch with rct.sketch and the cluster that was assigned."
            }
            ClusterSketch => {
                "Make the sketch with rct.student_sketch, or use rct.effects if clusters were assigned."
            }
            OutOfRange => {
                "Multiply or divide the outcome or the covariates by a constant before sketching."
            }
        };
        Some(text.to_owned())
    }
}
