//! Core errors as Postgres errors.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use rct_core::error::{Class, Explain};

/// Raises the error with its SQLSTATE, detail and hint. Unwinds, so that Rust values are dropped on the way.
pub fn raise<E: Explain>(error: E) -> ! {
    let code = match error.class() {
        Class::InvalidParameter => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        Class::OutOfRange => PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
        Class::NullNotAllowed => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        Class::InvalidText => PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION,
        Class::Corrupt => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        Class::LimitExceeded => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        Class::OutOfMemory => PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
        Class::NotSupported => PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        Class::PrerequisiteState => PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        Class::UndefinedObject => PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        Class::DuplicateObject => PgSqlErrorCode::ERRCODE_DUPLICATE_OBJECT,
        Class::Ambiguous => PgSqlErrorCode::ERRCODE_AMBIGUOUS_FUNCTION,
        Class::WrongType => PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
    };
    let mut report = ErrorReport::new(code, error.message(), "");
    if let Some(detail) = error.detail() {
        report = report.set_detail(detail);
    }
    if let Some(hint) = error.hint() {
        report = report.set_hint(hint);
    }
    report.report(PgLogLevel::ERROR);
    unreachable!("an ERROR does not return")
}

/// Tells the caller that there is nothing to say.
pub fn notice(message: &'static str, hint: &'static str) {
    ErrorReport::new(PgSqlErrorCode::ERRCODE_NO_DATA, message, "")
        .set_hint(hint)
        .report(PgLogLevel::NOTICE);
}

/// The value, or its error raised.
pub fn or_raise<T, E: Explain>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => raise(error),
    }
}

/// What only the Postgres layer can find wrong.
#[derive(Debug)]
pub enum CallError {
    /// An aggregate's support function was called as an ordinary function.
    NotAggregate,
    /// Text is not UTF-8.
    Encoding(&'static str),
    /// A value would pass the limit of one gigabyte.
    TooLarge(usize),
    /// An argument that must not be NULL.
    Null(&'static str),
    /// A function that returns a set was called where there is place for one value only.
    NoSet,
    /// A row that is not as the function is declared.
    Column(String),
    /// A step of SPI failed without an error of its own.
    Spi(&'static str),
    /// A kind of lock that does not exist.
    UnknownLock(String),
    /// A table without a sequence.
    NoSequence(String),
    /// A relation that was dropped in the meantime.
    NoRelation(u32),
    /// No role is named that reads relations of the district.
    NoReader,
    /// The role that reads relations of the district does not exist.
    ReaderMissing(String),
    /// The role that reads relations of the district may do more than that.
    ReaderPowerful(String),
    /// An element of an array that must not be NULL.
    NullElement {
        /// The argument.
        argument: &'static str,
        /// Which, from 1, as SQL counts.
        position: usize,
    },
    /// A text that is too long to be a word, a seed or what something is called.
    LongText {
        /// The argument.
        argument: &'static str,
        /// Its bytes.
        bytes: usize,
    },
}

impl Explain for CallError {
    fn class(&self) -> Class {
        match self {
            CallError::NotAggregate | CallError::Encoding(_) | CallError::NoSet => {
                Class::NotSupported
            }
            CallError::TooLarge(_) | CallError::LongText { .. } => Class::LimitExceeded,
            CallError::Null(_) | CallError::NullElement { .. } => Class::NullNotAllowed,
            CallError::UnknownLock(_) => Class::InvalidParameter,
            CallError::NoSequence(_) | CallError::NoRelation(_) | CallError::ReaderMissing(_) => {
                Class::UndefinedObject
            }
            CallError::Column(_) => Class::WrongType,
            CallError::Spi(_) | CallError::NoReader | CallError::ReaderPowerful(_) => {
                Class::PrerequisiteState
            }
        }
    }

    fn message(&self) -> String {
        match self {
            CallError::NotAggregate => {
                "support function of an aggregate called on its own".to_owned()
            }
            CallError::Encoding(argument) => format!("{argument} is not UTF-8"),
            CallError::TooLarge(bytes) => format!("value of {bytes} bytes is larger than 1 GB"),
            CallError::Null(argument) => format!("{argument} must not be null"),
            CallError::NoSet => "set-returning function called where no set is accepted".to_owned(),
            CallError::Column(what) => {
                format!("the result is not as the function is declared: {what}")
            }
            CallError::Spi(step) => format!("the server refused to {step}"),
            CallError::UnknownLock(kind) => format!("there is no lock of kind \"{kind}\""),
            CallError::NoSequence(name) => format!("sequence \"rct.{name}\" does not exist"),
            CallError::NoRelation(oid) => format!("relation with OID {oid} does not exist"),
            CallError::NoReader => {
                "no role is named that reads relations of the district".to_owned()
            }
            CallError::ReaderMissing(role) => {
                format!("role \"{role}\", which reads relations of the district, does not exist")
            }
            CallError::ReaderPowerful(role) => {
                format!("role \"{role}\" may do more than read relations of the district")
            }
            CallError::NullElement { argument, position } => {
                format!("{argument} must not contain null, element {position} is")
            }
            CallError::LongText { argument, bytes } => {
                format!("{argument} must have at most 65536 bytes, got {bytes}")
            }
        }
    }

    fn detail(&self) -> Option<String> {
        let text = match self {
            CallError::NoReader => {
                "A relation can run code of its owner, so it is not read with the rights of a superuser or of the extension's owner."
            }
            CallError::ReaderPowerful(_) => {
                "It is a superuser or has the rights of the extension's owner, and so would the code in a relation that it reads."
            }
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            CallError::NotAggregate => "Call the aggregate.",
            CallError::Encoding(_) => "pg_rct needs a database with the encoding UTF8.",
            CallError::TooLarge(_) => {
                "Sketch parts, such as districts, apart, or use fewer covariates."
            }
            CallError::Null(_) => "Give a value; an argument with a default may be left out.",
            CallError::NoSet => "Call it in FROM.",
            CallError::NoReader | CallError::ReaderMissing(_) | CallError::ReaderPowerful(_) => {
                "Create a role without rights, name it with rct.grant_reader, and grant it SELECT on the relation."
            }
            CallError::Column(_) => {
                "The library and the extension are of different versions: ALTER EXTENSION pg_rct UPDATE."
            }
            CallError::Spi(_)
            | CallError::UnknownLock(_)
            | CallError::NoSequence(_)
            | CallError::NoRelation(_) => return None,
            CallError::NullElement { .. } => "Leave the element out with FILTER or WHERE.",
            CallError::LongText { .. } => "Check the order of the arguments.",
        };
        Some(text.to_owned())
    }
}
