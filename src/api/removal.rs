//! `rct._guard_removal`: the event trigger that keeps records from going with the extension.

use crate::pg::error::or_raise;
use crate::pg::function::pg_functions;
use crate::pg::{query, removal, result, settings};
use rct_core::error::{Class, Explain};

/// Records would go with the extension.
#[derive(Debug)]
struct RecordsPresent;

impl Explain for RecordsPresent {
    fn class(&self) -> Class {
        Class::PrerequisiteState
    }

    fn message(&self) -> String {
        "extension \"pg_rct\" has records, which would be dropped with it".to_owned()
    }

    fn detail(&self) -> Option<String> {
        Some(
            "Experiments, rosters, enrollments and logged values are kept in its tables."
                .to_owned(),
        )
    }

    fn hint(&self) -> Option<String> {
        Some("Save them with pg_dump, then confirm with SET rct.confirm_drop = on and repeat the command.".to_owned())
    }
}

pg_functions! {
    /// `_guard_removal()`
    fn rct_guard_removal, pg_finfo_rct_guard_removal(args) {
        let lost = removal::drops_extension(&args)
            && !settings::confirm_drop()
            && query::is_true(c"SELECT rct._has_records()");
        or_raise(if lost { Err(RecordsPresent) } else { Ok(()) });
        result::void()
    }
}
