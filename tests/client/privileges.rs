//! What a role can do, and what it cannot: without any grant, as an application, as an analyst, and as who runs experiments.

use std::collections::BTreeSet;

use postgres::error::SqlState;
use postgres::{Client, SimpleQueryMessage};

use crate::db::{Database, told};
use crate::district::{Logins, district, tables};
use crate::dump::ANSWERS;

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
    client.batch_execute("ROLLBACK").unwrap();
    assert_eq!(
        error.code(),
        Some(&SqlState::INSUFFICIENT_PRIVILEGE),
        "{statement}: {}",
        told(&error)
    );
}

#[test]
fn everybody_can_compute() {
    let nobody = Nobody::new(Database::with_extension("privileges"));
    let mut client = nobody.client();
    client
        .batch_execute(
            "CREATE TEMP TABLE mine AS
             SELECT i % 7 + i % 3 AS y, CASE WHEN i % 12 < 6 THEN 'a' ELSE 'b' END AS c, i % 12::bigint AS g, now() AS at
             FROM generate_series(1, 100) AS i;
             CREATE TEMP TABLE made AS SELECT rct.sketch(y, c, g) AS s,
                 rct.sketch('y, odd, y2 / n ~ x; exposure: e', c, g, NULL, y, y % 2, y, y * 7 % 5 + 1, y * 7 % 5 + 1, y * 5 % 3) AS x,
                 rct.sketch('y ~ x', c, g, NULL, CASE WHEN y % 2 = 1 THEN y END, y * 7 % 5) AS o,
                 rct.distribution(CASE WHEN y % 2 = 1 THEN y END, c, g) AS d FROM mine",
        )
        .unwrap();
    for (_, call) in crate::calls::CALLS {
        let rows = client.query(*call, &[]);
        let rows = rows.unwrap_or_else(|e| panic!("{call}: {}", told(&e)));
        assert!(!rows.is_empty(), "{call}");
    }
    client
        .batch_execute("SELECT s::text::rct.sketch::bytea FROM made")
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
    let mut called: Vec<&str> = crate::calls::CALLS.iter().map(|(name, _)| *name).collect();
    called.sort_unstable();
    called.dedup();
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
    // the library's functions cannot be wrapped under other names or marks
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
        Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE),
        "{}",
        told(&error)
    );
}

/// What `grant_service` allows.
const SERVICE: [&str; 8] = [
    "add_alias",
    "assign",
    "condition_for",
    "log",
    "log_batch",
    "mark",
    "set_groups",
    "set_working_groups",
];

/// What `grant_analyst` allows.
const ANALYST: [&str; 16] = [
    "_folded",
    "_similar",
    "assign_all",
    "current_status",
    "experiment_spec",
    "explain",
    "export_experiment",
    "metric_results",
    "metric_values",
    "srm",
    "impossible_patterns",
    "preflight",
    "replay",
    "roster_at",
    "segment_members",
    "suspicious_ids",
];

/// What `grant_admin` allows besides.
const ADMIN: [&str; 26] = [
    "_load_roster",
    "_read_roster",
    "_reader",
    "_relation_columns",
    "add_members",
    "add_to_list",
    "clone_experiment",
    "create_experiment",
    "create_segment",
    "declare_metric",
    "drop_metric",
    "grants",
    "import_experiment",
    "import_upgrade",
    "load_roster",
    "place_late",
    "randomize_experiment",
    "rebuild",
    "register_roster",
    "remove_from_list",
    "remove_members",
    "remove_preview_user",
    "set_preview_user",
    "set_status",
    "update_experiment",
    "verify",
];

/// For the owner of the extension alone.
const OWNER: [&str; 4] = [
    "grant_admin",
    "grant_analyst",
    "grant_reader",
    "grant_service",
];

/// The functions that a role can call: each is tried, with NULLs for its arguments, and undone.
fn callable(database: &Database, role: &str) -> BTreeSet<String> {
    let functions = database.client().query(
        // the planner does not look at rights where it knows that NULL comes of NULL; so it must not know
        "SELECT p.proname::text, format('SELECT %s(%s) FROM (SELECT true OFFSET 0) AS t (t)', p.oid::regproc,
                (SELECT string_agg(format('CASE WHEN NOT t THEN NULL::%s END', format_type(t, NULL)), ', ' ORDER BY n)
                 FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n)))
         FROM pg_catalog.pg_proc AS p
         WHERE p.pronamespace = 'rct'::regnamespace AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
               AND NOT p.proargtypes::oid[] && ARRAY['internal', 'cstring']::regtype[]::oid[]
               AND NOT has_function_privilege('public', p.oid, 'EXECUTE')",
        &[],
    );
    let mut client = database.client_as(role);
    let mut allowed = BTreeSet::new();
    for row in functions.unwrap() {
        let (name, call): (String, String) = (row.get(0), row.get(1));
        let mut transaction = client.transaction().unwrap();
        let answer = transaction.batch_execute(&call);
        let refusal = format!("permission denied for function {name}");
        let refused = match &answer {
            Err(e) => e.as_db_error().is_some_and(|e| e.message() == refusal),
            Ok(()) => false,
        };
        if !refused {
            allowed.insert(name);
        }
    }
    allowed
}

fn names(lists: &[&[&str]]) -> BTreeSet<String> {
    lists
        .iter()
        .flat_map(|list| list.iter().map(|name| (*name).to_owned()))
        .collect()
}

#[test]
fn each_role_can_do_what_it_needs_and_no_more() {
    let (_roles, [nobody, service, analyst, admin]) =
        Logins::new("roles", ["nobody", "service", "analyst", "admin"]);
    let database = district("roles");
    let mut owner = database.client();
    owner
        .batch_execute(&format!(
            "SELECT rct.grant_service('{service}'), rct.grant_analyst('{analyst}'), rct.grant_admin('{admin}')"
        ))
        .unwrap();
    assert_eq!(callable(&database, &nobody), BTreeSet::new());
    assert_eq!(callable(&database, &service), names(&[&SERVICE]));
    assert_eq!(callable(&database, &analyst), names(&[&ANALYST]));
    assert_eq!(
        callable(&database, &admin),
        names(&[&SERVICE, &ANALYST, &ADMIN])
    );
    // every function that is not internal is in one of the lists
    let all = owner.query(
        "SELECT DISTINCT proname::text FROM pg_catalog.pg_proc WHERE pronamespace = 'rct'::regnamespace AND proname NOT LIKE '\\_%'
         AND NOT has_function_privilege('public', oid, 'EXECUTE')",
        &[],
    );
    let all: BTreeSet<String> = all.unwrap().iter().map(|row| row.get(0)).collect();
    let mut listed = names(&[&SERVICE, &ANALYST, &ADMIN, &OWNER]);
    listed.retain(|name| !name.starts_with('_'));
    assert_eq!(all, listed);
}

/// Tables are read by analysts and changed by nobody; the plans in rct.context are for nobody.
#[test]
fn no_role_changes_a_table() {
    let (_roles, [nobody, service, analyst, admin]) =
        Logins::new("tables", ["nobody", "service", "analyst", "admin"]);
    let database = district("tables");
    let mut owner = database.client();
    owner
        .batch_execute(&format!(
            "SELECT rct.grant_service('{service}'), rct.grant_analyst('{analyst}'), rct.grant_admin('{admin}')"
        ))
        .unwrap();
    for (role, reads) in [
        (&nobody, false),
        (&service, false),
        (&analyst, true),
        (&admin, true),
    ] {
        let mut client = database.client_as(role);
        for table in tables(&mut owner) {
            let read = format!("SELECT * FROM {table} LIMIT 1");
            if reads && table != "rct.context" {
                client
                    .batch_execute(&read)
                    .unwrap_or_else(|e| panic!("{role}: {read}: {}", told(&e)));
            } else {
                refused(&mut client, &read);
            }
            let column = owner.query_one(
                "SELECT quote_ident(attname) FROM pg_catalog.pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 ORDER BY attnum LIMIT 1",
                &[&table],
            );
            let column: String = column.unwrap().get(0);
            for statement in [
                format!("INSERT INTO {table} DEFAULT VALUES"),
                format!("UPDATE {table} SET {column} = DEFAULT"),
                format!("DELETE FROM {table}"),
                format!("TRUNCATE {table}"),
                format!("BEGIN; LOCK {table} IN EXCLUSIVE MODE"),
                format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
                format!(
                    "CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()"
                ),
                format!(
                    "CREATE TABLE pg_temp.mine (LIKE {table}); CREATE RULE mine AS ON INSERT TO {table} DO ALSO NOTHING"
                ),
                format!("DROP TABLE {table} CASCADE"),
            ] {
                refused(&mut client, &statement);
            }
        }
        let sequences = "SELECT quote_ident(sequencename) FROM pg_catalog.pg_sequences WHERE schemaname = 'rct'";
        for row in owner.query(sequences, &[]).unwrap() {
            let sequence: String = row.get(0);
            refused(&mut client, &format!("SELECT nextval('rct.{sequence}')"));
            refused(&mut client, &format!("SELECT setval('rct.{sequence}', 1)"));
        }
    }
}

#[test]
fn grants_are_for_existing_roles_by_the_owner() {
    let (_roles, [admin, other]) = Logins::new("grants", ["admin", "other"]);
    let database = Database::with_extension("grants");
    let mut owner = database.client();
    for function in ["grant_service", "grant_analyst", "grant_admin"] {
        for (role, code) in [
            ("NULL", SqlState::NULL_VALUE_NOT_ALLOWED),
            ("'no_such_role'", SqlState::UNDEFINED_OBJECT),
            ("'public'", SqlState::UNDEFINED_OBJECT),
            ("0::oid::regrole", SqlState::UNDEFINED_OBJECT),
        ] {
            let call = format!("SELECT rct.{function}({role})");
            let error = owner.batch_execute(&call).expect_err(role);
            assert_eq!(error.code(), Some(&code), "{call}: {}", told(&error));
        }
    }
    // twice is once
    owner
        .batch_execute(&format!(
            "SELECT rct.grant_admin('{admin}'), rct.grant_admin('{admin}')"
        ))
        .unwrap();
    // who has rights does not pass them on
    let mut client = database.client_as(&admin);
    refused(&mut client, &format!("SELECT rct.grant_service('{other}')"));
    refused(
        &mut client,
        &format!("SELECT rct._grant_functions('{other}', '{{mark}}')"),
    );
    // a warning: there was nothing to grant
    client
        .batch_execute(&format!("GRANT EXECUTE ON FUNCTION rct.assign(text, text) TO {other}; GRANT SELECT ON rct.visit TO {other}"))
        .unwrap();
    let mut client = database.client_as(&other);
    refused(&mut client, "SELECT rct.assign('c', 'u')");
    refused(&mut client, "SELECT FROM rct.visit");
}

/// Each role does its work: a service what an application does, an analyst what a study needs, an administrator all of it.
#[test]
fn roles_do_their_work() {
    let (_roles, [service, analyst, admin]) = Logins::new("work", ["service", "analyst", "admin"]);
    let database = Database::with_extension("work");
    database
        .client()
        .batch_execute(&format!(
            "SELECT rct.grant_service('{service}'), rct.grant_analyst('{analyst}'), rct.grant_admin('{admin}'); GRANT CREATE ON SCHEMA public TO {admin}"
        ))
        .unwrap();
    let work = |role: &str, statements: &[&str]| {
        let mut client = database.client_as(role);
        for statement in statements {
            client
                .batch_execute(statement)
                .unwrap_or_else(|e| panic!("{role}: {statement}: {}", told(&e)));
        }
    };
    work(
        &admin,
        &[
            r#"SELECT rct.create_experiment('{"key": "hints", "context": "mathia", "unit": "group", "group_type": "class",
                "assignment": {"algorithm": "complete", "late": "next_slot"}, "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "quiz"}]}')"#,
            "CREATE TABLE public.roster AS SELECT 'u' || i AS user_id, 'class' AS group_type, 'c' || i % 4 AS group_id FROM generate_series(1, 20) AS i",
            "SELECT rct.load_roster('public.roster')",
            r#"SELECT rct.create_segment('pilot', '{"users": ["u1"]}'), rct.add_members('pilot', '{"users": ["u2"]}'), rct.remove_members('pilot', '{"users": ["u2"]}')"#,
            r#"SELECT rct.add_to_list('hints', 'exclude', '{"segments": ["pilot"]}'), rct.remove_from_list('hints', 'exclude', '{"segments": ["pilot"]}')"#,
            r#"SELECT rct.update_experiment('hints', '{"description": "d"}'), rct.clone_experiment('hints', 'again'), rct.import_experiment(rct.export_experiment('hints'), 'imported')"#,
            "SELECT rct.randomize_experiment('hints', 'seed', '{c0,c1,c2}')",
            r#"SELECT rct.set_preview_user('tester', '{"hints": "a"}'), rct.remove_preview_user('tester')"#,
            "SELECT rct.set_status('hints', 'enrolling')",
            "SELECT rct.place_late('hints', '{c3}')",
            r#"SELECT rct.declare_metric('mathia', 'score', '{"type": "continuous"}')"#,
        ],
    );
    work(
        &service,
        &[
            r#"SELECT rct.add_alias('u1', 'one'), rct.set_groups('u1', '{"class": ["c1", "c2"]}', '{"class": "c1"}'), rct.set_working_groups('u1', '{"class": "c2"}')"#,
            "SELECT rct.assign('mathia', 'one'), rct.condition_for('mathia', 'quiz', NULL, 'u1'), rct.mark('mathia', 'u1', 'quiz', NULL)",
            "BEGIN READ ONLY; SELECT rct.assign('mathia', 'u1'), rct.condition_for('mathia', 'quiz', NULL, 'u2'); COMMIT",
            r#"SELECT rct.log('mathia', 'u1', '{"score": 1}'), rct.log_batch('[{"context": "mathia", "user_id": "u1", "metrics": {"score": 2}}]')"#,
        ],
    );
    work(
        &analyst,
        &[
            "SELECT rct.explain('mathia', 'u1', 'quiz', NULL), rct.assign_all('hints'), rct.experiment_spec('hints'), rct.export_experiment('hints'), rct.current_status('hints'),
                rct.preflight('hints'), rct.segment_members('pilot'), rct.roster_at(now()), rct.replay(1)",
            "SELECT rct.metric_results('hints', 'score', 'avg'), rct.metric_values('hints', 'score')",
            "SELECT rct.sketch(outcome, condition, group_id) FROM rct.metric_values('hints', 'score')",
            "SELECT * FROM rct.experiment, rct.exposure, rct.enrollment",
        ],
    );
}

/// A service learns the condition of a user whom it names, and nothing else of anybody.
#[test]
fn a_service_reads_no_rows_of_others() {
    let (_roles, [service]) = Logins::new("rows", ["service"]);
    let database = district("rows");
    let mut owner = database.client();
    owner
        .batch_execute(&format!(
            "SELECT rct.register_roster(NULL); SELECT rct.grant_service('{service}');
             CREATE TABLE public.secret (user_id text, group_type text, group_id text); INSERT INTO public.secret VALUES ('u01', 'class', 'hidden')"
        ))
        .unwrap();
    let mut client = database.client_as(&service);
    for statement in [
        "SELECT * FROM rct.explain('mathia', 'u10', 'quiz', 'q1')",
        "SELECT * FROM rct.assign_all('hints')",
        "SELECT * FROM rct.roster_at(now())",
        "SELECT * FROM rct._roster(NULL, now(), NULL)",
        "SELECT * FROM rct._memberships('u10', now(), NULL)",
        "SELECT * FROM rct._facts('{user}', '{u10}', '{t}', '{t}', NULL)",
        "SELECT rct._user('u10')",
        "SELECT rct._plan_input('mathia', NULL)",
        "SELECT * FROM rct._assign('00000000-0000-0000-0000-000000000000', '', '', 'u10', now(), NULL, NULL)",
        "SELECT rct.load_roster('public.secret')",
        "SELECT * FROM rct.metric_values('hints', 'score')",
    ] {
        refused(&mut client, statement);
    }
    // an error tells nothing of the other user, whose event this is
    let error = client
        .batch_execute("SELECT rct.mark('mathia', 'u20', 'quiz', 'q1', event_id => 'early')")
        .expect_err("the event of u10");
    let error = error.as_db_error().expect("from the server").clone();
    assert_eq!(*error.code(), SqlState::UNIQUE_VIOLATION);
    for text in [Some(error.message()), error.detail(), error.hint()]
        .into_iter()
        .flatten()
    {
        assert!(!text.contains("u10") && !text.contains("hints"), "{text}");
    }
    for statement in [
        "SELECT rct.add_alias('u10', 'u11')",
        r#"SELECT rct.set_groups('u10', '{"class": "x"}')"#,
        "SELECT rct.mark('mathia', 'u10', 'quiz', 'q1', experiment => 'rival')",
        "SELECT rct.log('mathia', 'u10', '[]')",
        "SELECT rct.mark('mathia', 'u10', 'quiz', 'q1', status => 'x')",
    ] {
        let error = client.batch_execute(statement).expect_err(statement);
        let error = error.as_db_error().expect("from the server");
        let told = format!(
            "{} {:?} {:?}",
            error.message(),
            error.detail(),
            error.hint()
        );
        for secret in ["c0", "s0", "control", "\"hints\"", "enroll"] {
            assert!(!told.contains(secret), "{statement}: {told}");
        }
    }
}

/// A schema with a function and an operator for each of Postgres' own, all of which only say that they were called, and
/// relations and functions named like those of the extension.
const TRAPS: &str = r#"
CREATE SCHEMA trap;
GRANT USAGE ON SCHEMA trap TO PUBLIC;
DO $do$
DECLARE
    f record;
BEGIN
    FOR f IN
        SELECT p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
        FROM pg_proc AS p
        WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'rct'::regnamespace) AND p.prokind = 'f' AND p.provariadic = 0
        AND NOT p.proretset AND p.proargmodes IS NULL
        UNION ALL
        -- nearer than Postgres' own, which take any type
        SELECT * FROM (VALUES ('array_agg', 'text', 'text[]'), ('jsonb_agg', 'jsonb', 'jsonb'), ('count', 'text', 'bigint'), ('max', 'text', 'text'),
            ('jsonb_build_object', 'text, jsonb', 'jsonb'), ('format', 'text, text', 'text'), ('unnest', 'text[]', 'text')) AS v
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', f.name, f.arguments, f.result,
                           format('BEGIN RAISE EXCEPTION %L; END', 'trapped by ' || f.name));
        EXCEPTION WHEN OTHERS THEN
            NULL; -- what only C can be written for
        END;
    END LOOP;
    FOR f IN SELECT o.oprname, o.oprleft, o.oprright, o.oprresult FROM pg_operator AS o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b' LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION trap."op %s"(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', f.oprname, f.oprleft::regtype, f.oprright::regtype,
                           f.oprresult::regtype, format('BEGIN RAISE EXCEPTION %L; END', 'trapped by operator ' || replace(f.oprname, '%', '%%')));
            EXECUTE format('CREATE OPERATOR trap.%s (FUNCTION = trap."op %s", LEFTARG = %s, RIGHTARG = %s)', f.oprname, f.oprname,
                           f.oprleft::regtype, f.oprright::regtype);
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
    FOR f IN SELECT relname FROM pg_class WHERE relnamespace = 'rct'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('CREATE TABLE trap.%I (LIKE rct.%1$I)', f.relname);
    END LOOP;
END
$do$;
"#;

/// A session in which the traps come before everything else.
fn trapped(database: &Database, role: &str) -> Client {
    let mut client = database.client_as(role);
    client
        .batch_execute(
            "CREATE TEMP TABLE context (name text, digest uuid, plan bytea); CREATE TEMP TABLE experiment (key text);
             CREATE TEMP TABLE visit (); CREATE TEMP TABLE enrollment (); CREATE TEMP TABLE exposure ();
             CREATE TEMP TABLE alias (alias text, user_id text); CREATE TEMP TABLE pg_proc (proname name); CREATE TEMP TABLE pg_class (relname name);
             CREATE TYPE pg_temp.jsonb AS (x int); CREATE TYPE pg_temp.text AS (x int); CREATE TYPE pg_temp.timestamptz AS (x int);
             SET search_path = trap, pg_temp, pg_catalog, public",
        )
        .unwrap_or_else(|e| panic!("{}", told(&e)));
    client
}

/// All rows of a query, as text.
fn text(client: &mut Client, query: &str) -> Result<String, postgres::Error> {
    let mut text = String::new();
    for message in client.simple_query(query)? {
        if let SimpleQueryMessage::Row(row) = message {
            for i in 0..row.len() {
                text.push_str(row.get(i).unwrap_or("null"));
                text.push('|');
            }
            text.push('\n');
        }
    }
    Ok(text)
}

/// What a service and an analyst ask.
const QUESTIONS: [(&str, &str); 18] = [
    ("service", "SELECT * FROM rct.assign('SCHOOL', 'u10')"),
    (
        "service",
        r#"SELECT * FROM rct.assign('mathia', 'drei "quoted"')"#,
    ),
    (
        "service",
        "SELECT * FROM rct.condition_for('mathia', 'quiz', 'q1', 'u07')",
    ),
    (
        "service",
        "SELECT * FROM rct.condition_for('within', 'lesson', NULL, 'u03')",
    ),
    (
        "service",
        "SELECT * FROM rct.mark('mathia', 'u10', 'quiz', 'q1', event_id => 'early')",
    ),
    (
        "analyst",
        "SELECT * FROM rct.explain('school', 'u14', 'home', NULL, '2199-01-01')",
    ),
    (
        "analyst",
        "SELECT * FROM rct.explain('mathia', 'u05', 'quiz', 'q1')",
    ),
    ("analyst", "SELECT * FROM rct.assign_all('classes')"),
    ("analyst", "SELECT rct.experiment_spec('hints')"),
    ("analyst", "SELECT rct.current_status('over by clock')"),
    (
        "analyst",
        "SELECT * FROM rct.preflight('draft', 'scheduled')",
    ),
    ("analyst", "SELECT rct.segment_members('pilot')"),
    ("analyst", "SELECT * FROM rct.roster_at('2025-09-20')"),
    ("analyst", "SELECT rct.replay(2)"),
    (
        "analyst",
        "SELECT * FROM rct.metric_results('hints', 'score', 'avg')",
    ),
    (
        "analyst",
        "SELECT * FROM rct.metric_results('hints', 'state', 'percentage', compare => '=', value => 'done')",
    ),
    (
        "analyst",
        "SELECT * FROM rct.metric_values('hints', 'score')",
    ),
    (
        "analyst",
        "SELECT rct.experiment_schema(), rct.bucket('s', 'u'), rct.choose('s', 'u', '{a,b}')",
    ),
];

/// What changes something, each by the role that does it.
const CHANGES: [(&str, &str); 31] = [
    (
        "service",
        "SELECT * FROM rct.mark('mathia', 'new', 'quiz', 'q1', 'hints', event_id => 'new', at => '2025-01-01', uniquifier => 'u')",
    ),
    (
        "service",
        "SELECT * FROM rct.mark('school', 'u21', 'home', NULL)",
    ),
    (
        "service",
        "SELECT * FROM rct.mark('within', 'u21', 'lesson', NULL)",
    ),
    (
        "service",
        "SELECT * FROM rct.mark('random', 'late 9', 'start', NULL)",
    ),
    (
        "service",
        r#"SELECT rct.set_groups('u22', '{"class": ["c1", "c2"]}', '{"class": "c1"}', '2025-12-01')"#,
    ),
    (
        "service",
        r#"SELECT rct.set_working_groups('u22', '{"class": "c2"}')"#,
    ),
    ("service", "SELECT rct.add_alias('u22', 'another')"),
    (
        "service",
        r#"SELECT * FROM rct.log('mathia', 'u22', '{"score": 1, "state": "done", "x": {}}', '2025-01-01', 'event')"#,
    ),
    (
        "service",
        r#"SELECT * FROM rct.log_batch('[{"context": "mathia", "user_id": "u22", "metrics": {"score": 1}, "event_id": "b", "at": "2025-01-01"}]')"#,
    ),
    (
        "admin",
        r#"SELECT rct.create_experiment('{"key": "k", "context": "mathia", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "k"}],
                 "lists": {"include": {"segments": ["pilot"], "users": ["z"]}}, "ending": {"users": 2}}')"#,
    ),
    (
        "admin",
        r#"SELECT rct.update_experiment('k', '{"rollout": 0.5}')"#,
    ),
    ("admin", "SELECT rct.set_status('k', 'enrolling', 'r')"),
    (
        "service",
        "SELECT * FROM rct.mark('mathia', 'm1', 'k', NULL)",
    ),
    (
        "service",
        "SELECT * FROM rct.mark('mathia', 'm2', 'k', NULL)",
    ),
    (
        "service",
        "SELECT * FROM rct.mark('mathia', 'm3', 'k', NULL)",
    ),
    (
        "service",
        "SELECT * FROM rct.mark('mathia', 'm4', 'k', NULL)",
    ),
    (
        "service",
        "SELECT * FROM rct.mark('mathia', 'm5', 'k', NULL)",
    ),
    ("admin", "SELECT rct.clone_experiment('k', 'k2')"),
    (
        "admin",
        "SELECT rct.import_experiment(rct.export_experiment('k'), 'k3')",
    ),
    (
        "admin",
        r#"SELECT rct.import_upgrade('{"id": "9", "name": "Old", "context": ["m"], "assignmentUnit": "individual", "conditions": [], "partitions": []}', 'k4')"#,
    ),
    (
        "admin",
        r#"SELECT rct.create_segment('seg', '{"segments": ["widest"], "users": ["u"]}'), rct.create_segment('g', '{}', 'global_exclusion', 'mathia')"#,
    ),
    (
        "admin",
        r#"SELECT rct.add_members('seg', '{"segments": ["pilot"], "groups": {"class": ["x"]}}')"#,
    ),
    (
        "admin",
        r#"SELECT rct.remove_members('seg', '{"segments": ["pilot"], "users": ["u"]}')"#,
    ),
    (
        "admin",
        r#"SELECT rct.add_to_list('k2', 'exclude', '{"segments": ["seg"]}'), rct.remove_from_list('k2', 'exclude', '{"segments": ["seg"]}')"#,
    ),
    (
        "admin",
        r#"SELECT rct.set_preview_user('p', '{"k2": "a"}'), rct.remove_preview_user('p')"#,
    ),
    (
        "admin",
        r#"SELECT rct.update_experiment('k2', '{"assignment": {"algorithm": "blocks", "late": "next_slot"}}')"#,
    ),
    (
        "admin",
        "SELECT rct.randomize_experiment('k2', 's', '{a,b,c}', '{x,x,NULL}')",
    ),
    ("admin", "SELECT rct.place_late('k2', '{d}', '{x}')"),
    (
        "admin",
        r#"SELECT rct.declare_metric('mathia', 'm', '{"type": "continuous"}')"#,
    ),
    (
        "admin",
        "SELECT rct.load_roster('public.roster', complete => true)",
    ),
    ("admin", "SELECT rct.set_status('k', 'cancelled')"),
];

#[test]
fn no_search_path_changes_what_functions_do() {
    let (_roles, [service, analyst, admin]) = Logins::new("trap", ["service", "analyst", "admin"]);
    let database = district("trap");
    let mut owner = database.client();
    let grants = format!(
        "SELECT rct.grant_service('{service}'), rct.grant_analyst('{analyst}'), rct.grant_admin('{admin}')"
    );
    owner
        .batch_execute(&format!(
            "SELECT rct.register_roster(NULL); {grants}; GRANT SELECT ON public.roster TO {admin}"
        ))
        .unwrap();
    let role = |name: &str| match name {
        "service" => &service,
        "analyst" => &analyst,
        _ => &admin,
    };
    owner
        .batch_execute(TRAPS)
        .unwrap_or_else(|e| panic!("{}", told(&e)));
    let count = "SELECT (SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace = 'trap'::regnamespace),
                        (SELECT count(*) FROM pg_catalog.pg_operator WHERE oprnamespace = 'trap'::regnamespace)";
    let traps = owner.query_one(count, &[]).unwrap();
    let (functions, operators): (i64, i64) = (traps.get(0), traps.get(1));
    assert!(
        functions > 2000 && operators > 500,
        "too few traps: {functions} functions, {operators} operators"
    );
    for call in [
        "SELECT lower('A'::pg_catalog.text)",
        "SELECT 1 = 1",
        "SELECT array_agg('a'::pg_catalog.text)",
    ] {
        let error = trapped(&database, &service)
            .batch_execute(call)
            .expect_err(call);
        assert!(
            told(&error).contains("trapped by"),
            "{call}: {}",
            told(&error)
        );
    }

    for (name, query) in QUESTIONS {
        let honest = text(&mut database.client_as(role(name)), query)
            .unwrap_or_else(|e| panic!("{query}: {}", told(&e)));
        let got = text(&mut trapped(&database, role(name)), query)
            .unwrap_or_else(|e| panic!("{query}: {}", told(&e)));
        assert_eq!(got, honest, "{query}");
    }
    for (name, query) in CHANGES {
        text(&mut trapped(&database, role(name)), query)
            .unwrap_or_else(|e| panic!("{query}: {}", told(&e)));
    }
    for trap in [
        "visit",
        "exposure",
        "enrollment",
        "experiment",
        "membership",
        "measurement",
    ] {
        let rows = owner.query_one(&format!("SELECT count(*) FROM trap.{trap}"), &[]);
        assert_eq!(rows.unwrap().get::<_, i64>(0), 0, "trap.{trap}");
    }
    // the owner, too, when roles are granted rights and records are guarded
    let mut client = trapped(&database, &database.cluster.superuser);
    text(&mut client, &grants).unwrap_or_else(|e| panic!("{}", told(&e)));
    for statement in [
        "DELETE FROM rct.visit",
        "TRUNCATE rct.measurement",
        "UPDATE rct.enrollment SET code = 'x'",
        "UPDATE rct.membership SET member = NULL",
    ] {
        let error = client.batch_execute(statement).expect_err(statement);
        assert_eq!(
            error.code(),
            Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE),
            "{statement}: {}",
            told(&error)
        );
    }
}

/// Nor do settings that everybody may change.
#[test]
fn no_setting_of_the_caller_changes_an_answer() {
    let database = district("settings");
    let mut client = database.client();
    let answers = text(&mut client, ANSWERS).unwrap();
    for settings in [
        "SET timezone = 'Pacific/Apia'; SET datestyle = 'German, DMY'; SET intervalstyle = 'sql_standard'",
        "SET bytea_output = 'escape'; SET array_nulls = off; SET transform_null_equals = on; SET extra_float_digits = -15",
        "SET default_transaction_isolation = 'serializable'; SET default_transaction_read_only = on; SET work_mem = '64kB'",
        "SET enable_nestloop = off; SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_hashagg = off; SET plan_cache_mode = 'force_generic_plan'",
    ] {
        let mut client = database.client();
        client.batch_execute(settings).unwrap();
        let got = text(&mut client, ANSWERS).unwrap_or_else(|e| panic!("{settings}: {}", told(&e)));
        let differ: Vec<_> = answers
            .lines()
            .zip(got.lines())
            .filter(|(a, b)| a != b)
            .collect();
        assert!(
            differ.is_empty() && answers.lines().count() == got.lines().count(),
            "{settings}: {differ:#?}"
        );
    }
    // with workers for everything that may have them, which takes its time: each question once
    let version = client
        .query_one("SELECT current_setting('server_version_num')::int", &[])
        .unwrap();
    let forced = if version.get::<_, i32>(0) >= 160_000 {
        "debug_parallel_query"
    } else {
        "force_parallel_mode"
    };
    let parallel = format!(
        "SET {forced} = on; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0"
    );
    let mut forced = database.client();
    forced.batch_execute(&parallel).unwrap();
    for (_, query) in QUESTIONS {
        let serial = text(&mut client, query).unwrap_or_else(|e| panic!("{query}: {}", told(&e)));
        let got = text(&mut forced, query).unwrap_or_else(|e| panic!("{query}: {}", told(&e)));
        assert_eq!(got, serial, "{query}");
    }
}
