//! `rct._json` and `rct._within`: the reader and the limits of the core, for what SQL reads itself.

use crate::pg::error::{CallError, or_raise, raise};
use crate::pg::function::pg_functions;
use crate::pg::{json, result};
use rct_core::json::{Origin, Text};
use rct_core::limits::{Limit, UnknownLimit};

pg_functions! {
    /// `_json(name, value)`
    fn rct_json, pg_finfo_rct_json(args) {
        let name = args.str(0, "name").unwrap_or("argument");
        match args.datum(1) {
            Some(value) => {
                or_raise(Text::check(name, &json::text(value), Origin::Logged));
                value
            }
            None => result::null(&args),
        }
    }

    /// `_within(limit_of, name, got)`
    fn rct_within, pg_finfo_rct_within(args) {
        let word = args.str(0, "limit_of").unwrap_or_default();
        let name = args.str(1, "name").unwrap_or_else(|| raise(CallError::Null("name")));
        let limit = Limit::from_word(word).unwrap_or_else(|| raise(UnknownLimit(word.to_owned())));
        let got = args.i64(2).unwrap_or(0);
        or_raise(limit.check(name, usize::try_from(got).unwrap_or(0)));
        result::boolean(true)
    }
}
