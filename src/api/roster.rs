//! `rct._read_roster`: the rows of a relation of the district, read with rights that the relation cannot misuse.

use crate::pg::error::{CallError, raise};
use crate::pg::function::pg_functions;
use crate::pg::reader::{self, Query};
use rct_core::roster;

pg_functions! {
    /// `_read_roster(reader, relation, has_working, has_during, user_id, at)`
    fn rct_read_roster, pg_finfo_rct_read_roster(args) {
        let relation = reader::relation_name(&args, 1).unwrap_or_else(|| raise(CallError::Null("relation")));
        let of_user = args.datum(4).is_some();
        let shape = roster::Shape {
            working: args.boolean(2).unwrap_or(false),
            during: args.boolean(3).unwrap_or(false),
        };
        let query = Query {
            sql: reader::query_text(roster::query(&relation, shape, of_user)),
            keep: of_user,
            text: args.datum(4),
            time: args.datum(5),
        };
        reader::rows(&args, args.str(0, "reader"), &query)
    }
}
