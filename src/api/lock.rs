//! `rct._lock`: locks by name that only the functions of the extension can take.

use crate::pg::error::{CallError, raise};
use crate::pg::function::pg_functions;
use crate::pg::lock::{self, Kind};
use crate::pg::{result, sequence};

pg_functions! {
    /// `_lock(kind, name, shared)`
    fn rct_lock, pg_finfo_rct_lock(args) {
        let word = args.str(0, "kind").unwrap_or_default();
        let kind = Kind::from_word(word).unwrap_or_else(|| raise(CallError::UnknownLock(word.to_owned())));
        let name = args.bytes(1).unwrap_or_else(|| raise(CallError::Null("name")));
        lock::acquire(kind, name, args.boolean(2).unwrap_or(false));
        result::void()
    }

    /// `_next_id(table)`
    fn rct_next_id, pg_finfo_rct_next_id(args) {
        sequence::next(args.str(0, "table").unwrap_or_else(|| raise(CallError::Null("table"))))
    }
}
