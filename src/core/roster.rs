//! How a roster, a relation of the district, is read.

/// Which of the optional columns a roster has.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// `working`: whether the user works in the group.
    pub working: bool,
    /// `during`: when the membership held.
    pub during: bool,
}

/// The query that reads a roster: user, type and id of the group as texts, and whether the user works there (NULL where the
/// roster does not say). `$1` is the user, if only one is asked for, and `$2` the moment. The name of the relation is
/// quoted already. All names are qualified, so that nothing is found by a search path.
pub fn query(relation: &str, shape: Shape, of_user: bool) -> String {
    let working = if shape.working { "r.working" } else { "NULL" };
    let mut sql = format!(
        "SELECT r.user_id::pg_catalog.text, r.group_type::pg_catalog.text, r.group_id::pg_catalog.text, \
         {working}::pg_catalog.bool FROM {relation} r"
    );
    let mut glue = " WHERE ";
    if shape.during {
        sql += glue;
        sql += "r.during::pg_catalog.tstzrange OPERATOR(pg_catalog.@>) $2";
        glue = " AND ";
    }
    if of_user {
        sql += glue;
        sql += "r.user_id::pg_catalog.text OPERATOR(pg_catalog.=) $1";
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_in_the_query() {
        let plain = Shape {
            working: false,
            during: false,
        };
        let full = Shape {
            working: true,
            during: true,
        };
        assert!(query("public.r", plain, false).ends_with("NULL::pg_catalog.bool FROM public.r r"));
        assert!(
            query("public.r", plain, true)
                .ends_with(" WHERE r.user_id::pg_catalog.text OPERATOR(pg_catalog.=) $1")
        );
        assert!(query("s.\"R\"", full, true).ends_with(
            "r.working::pg_catalog.bool FROM s.\"R\" r WHERE r.during::pg_catalog.tstzrange OPERATOR(pg_catalog.@>) $2 \
             AND r.user_id::pg_catalog.text OPERATOR(pg_catalog.=) $1"
        ));
    }
}
