//! What a role without any grant can do, and what it can not.

use postgres::Client;
use postgres::error::SqlState;

use crate::db::{Database, told};

/// A role that can log in and nothing else; dropped at the end, after the databases in which it was used.
struct Nobody {
    database: Database,
    role: String,
}

impl Nobody {
    fn new(database: Database) -> Self {
        let role = format!("{}_nobody", database.name);
        database
            .maintenance()
            .batch_execute(&format!("CREATE ROLE {role} LOGIN"))
            .unwrap();
        Nobody { database, role }
    }

    fn client(&self) -> Client {
        self.database.client_as(&self.role)
    }
}

impl Drop for Nobody {
    fn drop(&mut self) {
        let role = &self.role;
        let mut maintenance = self.database.maintenance();
        let done = self
            .database
            .client()
            .batch_execute(&format!("DROP OWNED BY {role} CASCADE"))
            .and_then(|()| maintenance.batch_execute(&format!("DROP ROLE {role}")));
        if let Err(e) = done {
            eprintln!("could not drop role {role}: {e}");
        }
    }
}

fn refused(client: &mut Client, statement: &str) {
    let error = client.batch_execute(statement).err();
    let error = error.unwrap_or_else(|| panic!("{statement}: was allowed"));
    assert_eq!(
        error.code(),
        Some(&SqlState::INSUFFICIENT_PRIVILEGE),
        "{statement}: {}",
        told(&error)
    );
}

/// A call of each public function.
const CALLS: [(&str, &str); 21] = [
    (
        "cluster_key",
        "SELECT rct.cluster_key('a'::text), rct.cluster_key(1::bigint), rct.cluster_key('00000000-0000-0000-0000-000000000001'::uuid)",
    ),
    (
        "first",
        "SELECT rct.first(y, at), rct.first(c, at, g) FROM pg_temp.mine",
    ),
    (
        "last",
        "SELECT rct.last(y, at), rct.last(c, at, g) FROM pg_temp.mine",
    ),
    ("median", "SELECT rct.median(y) FROM pg_temp.mine"),
    (
        "reduce",
        "SELECT rct.reduce(y, at, 'mean'), rct.reduce(c, at, 'mode') FROM pg_temp.mine",
    ),
    (
        "sketch",
        "SELECT rct.sketch(y, c, g), rct.sketch(y, c, g, c, ARRAY[y], y, 1) FROM pg_temp.mine",
    ),
    ("rollup", "SELECT rct.rollup(s) FROM pg_temp.made"),
    (
        "sketch_info",
        "SELECT * FROM pg_temp.made, rct.sketch_info(s)",
    ),
    ("cells", "SELECT * FROM pg_temp.made, rct.cells(s)"),
    ("effects", "SELECT * FROM pg_temp.made, rct.effects(s, 'a')"),
    (
        "effects_joint",
        "SELECT * FROM pg_temp.made, rct.effects_joint(s, 'a')",
    ),
    ("arms", "SELECT * FROM pg_temp.made, rct.arms(s)"),
    ("hedges_g", "SELECT rct.hedges_g(5, 20, 500, 500, 25, 0.2)"),
    ("icc", "SELECT * FROM pg_temp.made, rct.icc(s)"),
    (
        "design_effect",
        "SELECT * FROM pg_temp.made, rct.design_effect(s)",
    ),
    ("bucket", "SELECT rct.bucket('salt', 's-17')"),
    (
        "choose",
        "SELECT rct.choose('salt', 's-17', '{control,hints}')",
    ),
    (
        "in_rollout",
        "SELECT rct.in_rollout('salt', 's-17', 0.5)",
    ),
    (
        "randomize",
        "SELECT * FROM rct.randomize('{a,b,c,d}', '{control,hints}', seed => 'x')",
    ),
    (
        "lint_design",
        "SELECT * FROM rct.lint_design('{a,b,c}', '{control,hints}')",
    ),
    ("experiment_schema", "SELECT rct.experiment_schema()"),
];

#[test]
fn everybody_can_compute() {
    let nobody = Nobody::new(Database::with_extension("privileges"));
    let mut client = nobody.client();
    client
        .batch_execute(
            "CREATE TEMP TABLE mine AS
             SELECT i % 7 + i % 3 AS y, CASE WHEN i % 12 < 6 THEN 'a' ELSE 'b' END AS c, i % 12::bigint AS g, now() AS at
             FROM generate_series(1, 100) AS i;
             CREATE TEMP TABLE made AS SELECT rct.sketch(y, c, g) AS s FROM mine",
        )
        .unwrap();
    for (_, call) in CALLS {
        let rows = client.query(call, &[]);
        let rows = rows.unwrap_or_else(|e| panic!("{call}: {}", told(&e)));
        assert!(!rows.is_empty(), "{call}");
    }
    client
        .batch_execute(
            "SET rct.state_memory_limit = '64MB'; SELECT s::text::rct.sketch::bytea FROM made",
        )
        .unwrap();

    // every function that can be called is called above
    let public: Vec<String> = nobody
        .database
        .client()
        .query(
            "SELECT DISTINCT proname::text FROM pg_catalog.pg_proc
             WHERE pronamespace = 'rct'::regnamespace AND has_function_privilege('public', oid, 'EXECUTE') AND proname NOT LIKE '\\_%' ORDER BY 1",
            &[],
        )
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let mut called: Vec<&str> = CALLS.iter().map(|(name, _)| *name).collect();
    called.sort_unstable();
    assert_eq!(public, called);
}

#[test]
fn nobody_can_change_the_schema() {
    let nobody = Nobody::new(Database::with_extension("schema"));
    let mut client = nobody.client();
    for statement in [
        "CREATE TABLE rct.t (x int)",
        "CREATE VIEW rct.v AS SELECT 1",
        "CREATE SEQUENCE rct.s",
        "CREATE FUNCTION rct.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION rct.median(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE rct.t AS ENUM ('a')",
        "CREATE DOMAIN rct.d AS int",
        "CREATE OPERATOR rct.= (FUNCTION = int4eq, LEFTARG = int4, RIGHTARG = int4)",
        "CREATE OR REPLACE FUNCTION rct.cluster_key(text) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "ALTER FUNCTION rct.cluster_key(text) COST 1",
        "ALTER FUNCTION rct.cluster_key(text) SECURITY DEFINER",
        "ALTER FUNCTION rct.cluster_key(text) OWNER TO current_user",
        "ALTER TYPE rct.sketch SET (STORAGE = main)",
        "ALTER SCHEMA rct RENAME TO other",
        "ALTER EXTENSION pg_rct UPDATE",
        "ALTER EXTENSION pg_rct DROP FUNCTION rct.cluster_key(text)",
        "COMMENT ON FUNCTION rct.cluster_key(text) IS 'mine'",
        "COMMENT ON EXTENSION pg_rct IS 'mine'",
        "DROP FUNCTION rct.cluster_key(text)",
        "DROP AGGREGATE rct.median(double precision)",
        "DROP TYPE rct.sketch CASCADE",
        "DROP CAST (rct.sketch AS bytea)",
        "DROP SCHEMA rct CASCADE",
        "DROP EXTENSION pg_rct",
        "CREATE CAST (bytea AS rct.sketch) WITHOUT FUNCTION",
        "LOAD '$libdir/pg_rct'",
    ] {
        refused(&mut client, statement);
    }
    // the library's functions can not be wrapped under other names or marks
    let error = client
        .batch_execute(
            "CREATE FUNCTION pg_temp.f(text) RETURNS uuid AS '$libdir/pg_rct', 'rct_key_text' LANGUAGE c STRICT SECURITY DEFINER",
        )
        .unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
    // nor can states of aggregates be put together from parts that do not belong together
    let error = client
        .batch_execute(
            "CREATE AGGREGATE pg_temp.mixed(double precision) (SFUNC = rct._median_add, STYPE = internal, FINALFUNC = rct._sketch_final)",
        )
        .unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INVALID_FUNCTION_DEFINITION));
}

#[test]
fn only_a_superuser_can_create_the_extension() {
    let nobody = Nobody::new(Database::empty("creation"));
    let (database, role) = (&nobody.database.name, &nobody.role);
    refused(&mut nobody.client(), "CREATE EXTENSION pg_rct");
    // not even who owns the database and may create schemas
    nobody
        .database
        .maintenance()
        .batch_execute(&format!(
            "ALTER DATABASE {database} OWNER TO {role}; GRANT CREATE ON DATABASE {database} TO {role}; ALTER ROLE {role} CREATEDB CREATEROLE"
        ))
        .unwrap();
    refused(&mut nobody.client(), "CREATE EXTENSION pg_rct");
    let mut superuser = nobody.database.client();
    superuser.batch_execute("CREATE EXTENSION pg_rct").unwrap();
    refused(&mut nobody.client(), "DROP EXTENSION pg_rct");
    nobody
        .database
        .maintenance()
        .batch_execute(&format!("ALTER DATABASE {database} OWNER TO postgres"))
        .unwrap();
}

/// Functions that were there before are not replaced, so that nobody can wait with one for the superuser.
#[test]
fn creation_does_not_replace_what_is_there() {
    let database = Database::empty("squatter");
    let mut client = database.client();
    client
        .batch_execute(
            "CREATE SCHEMA rct;
             CREATE FUNCTION rct.cluster_key(bigint) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT NULL::uuid'",
        )
        .unwrap();
    let error = client.batch_execute("CREATE EXTENSION pg_rct").unwrap_err();
    assert_eq!(
        error.code(),
        Some(&SqlState::DUPLICATE_FUNCTION),
        "{}",
        told(&error)
    );
}
