//! `rct._identifier`, the one rule for ids, keys, codes and names; and what tells ids apart that are almost the same.

use crate::pg::error::or_raise;
use crate::pg::function::pg_functions;
use crate::pg::result;
use pgrx::prelude::*;
use rct_core::identifier;
use rct_core::pulse;

pg_functions! {
    /// `_identifier(name, value)`
    fn rct_identifier, pg_finfo_rct_identifier(args) {
        let name = args.str(0, "name").unwrap_or("identifier");
        or_raise(identifier::required(name, args.str(1, "value")));
        // Not NULL any more; handed on as it came, without a copy.
        args.datum(1).unwrap_or_else(|| result::null(&args))
    }

    /// `_folded(value)`
    fn rct_folded, pg_finfo_rct_folded(args) {
        args.str(0, "value").map_or_else(|| result::null(&args), |value| result::varlena(identifier::folded(value).as_bytes()))
    }
}

/// `_similar(ids, rows)`
#[pg_extern(sql = false)]
fn _similar(ids: Array<'_, &str>, rows: Array<'_, i64>) -> String {
    let ids = pulse::each(ids.iter().flatten());
    let counted: Vec<(&str, u64)> = ids.zip(rows.iter().flatten().map(|n| n as u64)).collect();
    identifier::similar(&counted)
}
