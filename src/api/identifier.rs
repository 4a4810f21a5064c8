//! `rct._identifier`: the one rule for ids, keys, codes and names.

use crate::pg::error::or_raise;
use crate::pg::function::pg_functions;
use crate::pg::result;
use rct_core::identifier;

pg_functions! {
    /// `_identifier(name, value)`
    fn rct_identifier, pg_finfo_rct_identifier(args) {
        let name = args.str(0, "name").unwrap_or("identifier");
        or_raise(identifier::required(name, args.str(1, "value")));
        // Not NULL any more; handed on as it came, without a copy.
        args.datum(1).unwrap_or_else(|| result::null(&args))
    }
}
