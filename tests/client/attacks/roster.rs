//! Relations of the district have code of their owners in them. It runs, but as a role that can do nothing with it, in a
//! transaction that is read-only for it, and what it sets is undone.

use std::sync::{Arc, Mutex};

use postgres::Client;

use super::{refused, rows, run, value};
use crate::cluster::skip;
use crate::db::{Database, told};
use crate::district::Logins;

/// What the code of an attacker tries, each as a statement: what comes of it is told in a warning, with the role as which it
/// ran. `$X` is the attacker, `$S` a superuser.
const TRIES: [(&str, &str); 24] = [
    ("loot", "INSERT INTO public.loot VALUES (current_user)"),
    (
        "loot, read-write",
        "SET LOCAL transaction_read_only = off; INSERT INTO public.loot VALUES (current_user)",
    ),
    ("superuser", "ALTER ROLE $X SUPERUSER"),
    ("membership", "GRANT $S TO $X"),
    ("set role", "SET ROLE $S"),
    ("set role by name", "SELECT set_config('role', '$S', false)"),
    ("authorization", "SET SESSION AUTHORIZATION $S"),
    ("reset role", "RESET ROLE"),
    ("records", "SELECT count(*) FROM rct.enrollment"),
    ("marks", "SELECT rct.mark('c', 'forged', 's', NULL)"),
    ("temporary table", "CREATE TEMP TABLE mine ()"),
    (
        "temporary function",
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ),
    ("table", "CREATE TABLE public.mine ()"),
    (
        "held cursor",
        "DECLARE later CURSOR WITH HOLD FOR SELECT public.spy()",
    ),
    ("prepared statement", "PREPARE later AS SELECT public.spy()"),
    ("listening", "LISTEN later"),
    ("discarding", "DISCARD PLANS"),
    ("large object", "SELECT lo_create(0)"),
    ("number", "SELECT nextval('public.numbers')"),
    ("row lock", "SELECT FROM public.loot FOR UPDATE"),
    ("file", "COPY (SELECT 1) TO '/tmp/pg_rct_loot'"),
    ("program", "COPY (SELECT 1) TO PROGRAM 'true'"),
    ("server file", "SELECT pg_read_file('PG_VERSION')"),
    ("replica role", "SET session_replication_role = replica"),
];

/// Settings that everybody may change; the code changes them, and they are as they were afterwards.
const SETTINGS: [&str; 9] = [
    "search_path",
    "statement_timeout",
    "transaction_read_only",
    "default_transaction_read_only",
    "work_mem",
    "timezone",
    "rct.confirm_drop",
    "row_security",
    "client_min_messages",
];

/// A district with a hostile colleague: who owns the schema `school`, and a function `public.spy()` that tries all.
struct District {
    database: Database,
    mallory: String,
    reader: String,
    service: String,
    admin: String,
    boss: String,
    _roles: Logins,
}

impl District {
    fn new(tag: &str) -> Self {
        let (roles, [mallory, reader, service, admin, boss]) =
            Logins::new(tag, ["mallory", "reader", "service", "admin", "boss"]);
        let database = Database::with_extension(tag);
        let tries: String = TRIES
            .map(|(what, statement)| {
                let statement = statement.replace("$X", &mallory).replace("$S", &boss);
                format!("BEGIN EXECUTE $try${statement}$try$; did := did || '{what}'::text; EXCEPTION WHEN OTHERS THEN NULL; END;\n")
            })
            .concat();
        run(
            &mut database.client(),
            &format!(
                "ALTER ROLE {boss} SUPERUSER;
                 SELECT rct.grant_service('{service}'), rct.grant_admin('{admin}'), rct.grant_reader('{reader}');
                 SELECT rct.create_experiment('{{\"key\": \"k\", \"context\": \"c\", \"unit\": \"group\", \"group_type\": \"class\", \"conditions\": [{{\"code\": \"a\"}}, {{\"code\": \"b\"}}],
                     \"decision_points\": [{{\"site\": \"s\"}}]}}'), rct.set_status('k', 'enrolling');
                 CREATE TABLE public.loot (who name); GRANT ALL ON public.loot TO PUBLIC;
                 CREATE SEQUENCE public.numbers; GRANT ALL ON SEQUENCE public.numbers TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC;
                 CREATE SCHEMA school AUTHORIZATION {mallory}; GRANT USAGE ON SCHEMA school TO PUBLIC;
                 CREATE SCHEMA district; GRANT USAGE ON SCHEMA district TO PUBLIC"
            ),
        );
        run(
            &mut database.client_as(&mallory),
            &format!(
                "CREATE FUNCTION public.spy(x text DEFAULT 'u1') RETURNS text LANGUAGE plpgsql AS $spy$
                 DECLARE did text[] := '{{}}';
                 BEGIN
                     IF session_user = '{mallory}' THEN
                         RETURN x; -- their own statements are no attack
                     END IF;
                     {tries}
                     PERFORM set_config('search_path', 'school, public', false), set_config('statement_timeout', '77777777', false),
                         set_config('default_transaction_read_only', 'on', false), set_config('work_mem', '77MB', false),
                         set_config('timezone', 'Pacific/Apia', false), set_config('rct.confirm_drop', 'on', false), set_config('row_security', 'off', false);
                     RAISE WARNING 'spy ran as %, did %', current_user, did;
                     RETURN x;
                 END $spy$;
                 CREATE FUNCTION public.spy_as_owner(x text DEFAULT 'u1') RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN public.spy(x); END';
                 CREATE TABLE school.pupils (user_id text, group_type text, group_id text);
                 INSERT INTO school.pupils VALUES ('u1', 'class', 'x'), ('u2', 'class', 'y'); GRANT SELECT ON school.pupils TO PUBLIC;
                 CREATE VIEW school.classes AS SELECT user_id, group_type, group_id FROM school.pupils; GRANT SELECT ON school.classes TO PUBLIC"
            ),
        );
        District {
            database,
            mallory,
            reader,
            service,
            admin,
            boss,
            _roles: roles,
        }
    }

    fn owner(&self, sql: &str) {
        run(&mut self.database.client(), sql);
    }

    fn mallory(&self, sql: &str) {
        run(&mut self.database.client_as(&self.mallory), sql);
    }

    /// A view of the owner over what mallory has.
    fn register(&self, relation: &str) {
        self.owner(&format!(
            "GRANT SELECT ON {relation} TO {}; SELECT rct.register_roster('{relation}')",
            self.reader
        ));
    }

    fn settings(client: &mut Client) -> Vec<String> {
        let mut settings: Vec<String> = SETTINGS
            .iter()
            .map(|name| {
                value(
                    client,
                    &format!("SELECT pg_catalog.current_setting('{name}', true)"),
                )
            })
            .collect();
        settings.push(value(client, "SELECT current_user || ' ' || session_user"));
        settings
    }

    /// Calls what reads the relation, and looks at what its code could do. Whether it ran at all is the answer.
    fn call(&self, caller: &str, call: &str, as_whom: &[&str]) -> bool {
        let (mut client, heard) = self.database.heard_as(caller);
        run(
            &mut client,
            "SET search_path = public; SET rct.confirm_drop = off",
        );
        let before = Self::settings(&mut client);
        run(&mut client, "BEGIN; SAVEPOINT before");
        if client.batch_execute(call).is_err() {
            run(&mut client, "ROLLBACK TO before");
        }
        // what follows in the transaction is the caller's, and not read-only
        run(
            &mut client,
            "INSERT INTO public.loot VALUES (current_user); DELETE FROM public.loot WHERE who = session_user",
        );
        assert_eq!(Self::settings(&mut client), before, "{call}: settings");
        run(&mut client, "COMMIT");
        assert_eq!(
            Self::settings(&mut client),
            before,
            "{call}: settings, later"
        );
        let left = "SELECT (SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema()), (SELECT count(*) FROM pg_catalog.pg_cursors WHERE is_holdable),
            (SELECT count(*) FROM pg_catalog.pg_prepared_statements WHERE name = 'later'), (SELECT count(*) FROM pg_catalog.pg_listening_channels())";
        assert_eq!(
            value(&mut client, left),
            "0 0 0 0",
            "{call}: left in the session"
        );
        self.nothing_done(call);
        self.ran(&heard, call, as_whom)
    }

    /// Nothing of it has happened to the database.
    fn nothing_done(&self, call: &str) {
        let mut owner = self.database.client();
        let done = format!(
            "SELECT (SELECT count(*) FROM public.loot), (SELECT rolsuper FROM pg_roles WHERE rolname = '{}'), (SELECT count(*) FROM pg_auth_members WHERE member = '{}'::regrole),
             to_regclass('public.mine') IS NULL, (SELECT is_called FROM public.numbers), (SELECT count(*) FROM rct.exposure WHERE user_id = 'forged'),
             (SELECT count(*) FROM pg_largeobject_metadata)",
            self.mallory, self.mallory
        );
        assert_eq!(value(&mut owner, &done), "0 f 0 t f 0 0", "{call}: done");
    }

    fn ran(&self, heard: &Arc<Mutex<Vec<String>>>, call: &str, as_whom: &[&str]) -> bool {
        let heard = heard.lock().unwrap();
        let spied: Vec<_> = heard
            .iter()
            .filter_map(|said| said.strip_prefix("spy ran as "))
            .collect();
        for report in &spied {
            let (role, did) = report.split_once(", did ").expect("as written above");
            assert!(
                as_whom.contains(&role),
                "{call}: ran as {role}, not {as_whom:?}"
            );
            // who loads a roster as an administrator may read the records, as any view that they select from may; PostgreSQL 15
            // lets a read-only transaction make large objects, which are rolled back: see nothing_done
            let did = did.trim_matches(['{', '}']).split(',');
            let more: Vec<&str> = did
                .filter(|did| !["", "\"large object\""].contains(did))
                .filter(|did| !(role == self.admin && *did == "records"))
                .collect();
            assert!(more.is_empty(), "{call}: possible for {role}: {more:?}");
        }
        !spied.is_empty()
    }

    /// All calls that read the registered relation, by a service, an administrator and a superuser. `must_run`: the attack
    /// is none if its code is never reached.
    fn read_by_all(&self, must_run: bool) {
        let allowed = [self.reader.as_str(), self.mallory.as_str()];
        for (caller, call) in [
            (
                &self.service,
                "SELECT rct.condition_for('c', 's', NULL, 'u1')",
            ),
            (&self.service, "SELECT rct.assign('c', 'u1')"),
            (&self.service, "SELECT rct.mark('c', 'u1', 's', NULL)"),
            (&self.admin, "SELECT rct.roster_at(now())"),
            (&self.admin, "SELECT rct.assign_all('k')"),
            (&self.admin, "SELECT rct.explain('c', 'u1', 's', NULL)"),
            (
                &self.admin,
                "SELECT rct.set_status('k', 'enrollment_complete'), rct.set_status('k', 'enrolling')",
            ),
            (&self.boss, "SELECT rct.condition_for('c', 's', NULL, 'u2')"),
            (&self.boss, "SELECT rct.mark('c', 'u2', 's', NULL)"),
        ] {
            let ran = self.call(caller, call, &allowed);
            let reads = !call.contains("set_status");
            assert!(
                ran || !must_run || !reads,
                "{call}: the code was not reached"
            );
        }
    }
}

/// The registered view is the owner's; a view below it is replaced.
#[test]
fn a_view_below_is_replaced() {
    let d = District::new("below");
    d.owner("CREATE VIEW district.roster AS SELECT * FROM school.classes; CREATE VIEW district.deeper AS SELECT * FROM district.roster");
    d.register("district.deeper");
    d.read_by_all(false);
    d.mallory("CREATE OR REPLACE VIEW school.classes AS SELECT public.spy(user_id) AS user_id, group_type, group_id FROM school.pupils");
    d.read_by_all(true);
    d.mallory("CREATE OR REPLACE VIEW school.classes AS SELECT public.spy_as_owner(user_id) AS user_id, group_type, group_id FROM school.pupils");
    d.read_by_all(true);
    d.mallory("CREATE OR REPLACE VIEW school.classes WITH (security_invoker = true) AS SELECT user_id, group_type, group_id FROM school.pupils WHERE public.spy(user_id) = user_id");
    d.read_by_all(true);
}

/// A table becomes a view by a rule.
#[test]
fn a_table_becomes_a_view() {
    let d = District::new("rule");
    let version = value(
        &mut d.database.client(),
        "SELECT current_setting('server_version_num')::int >= 160000",
    );
    if version == "t" {
        return skip(
            "attacks::roster::a_table_becomes_a_view",
            "PostgreSQL makes no views of tables since 16",
        );
    }
    d.mallory("CREATE TABLE school.later (user_id text, group_type text, group_id text); GRANT SELECT ON school.later TO PUBLIC");
    d.owner("CREATE VIEW district.roster AS SELECT * FROM school.later");
    d.register("district.roster");
    d.mallory("CREATE RULE \"_RETURN\" AS ON SELECT TO school.later DO INSTEAD SELECT public.spy() AS user_id, 'class'::text AS group_type, 'x'::text AS group_id");
    d.read_by_all(true);
}

/// A predicate of row-level security runs for each row that somebody reads.
#[test]
fn row_level_security() {
    let d = District::new("rls");
    d.owner(
        "CREATE VIEW district.roster WITH (security_invoker = true) AS SELECT * FROM school.pupils",
    );
    d.register("district.roster");
    d.mallory(
        "CREATE POLICY spy ON school.pupils USING (public.spy(user_id) = user_id); ALTER TABLE school.pupils ENABLE ROW LEVEL SECURITY",
    );
    d.read_by_all(true);
    d.mallory("ALTER TABLE school.pupils FORCE ROW LEVEL SECURITY; DROP POLICY spy ON school.pupils; CREATE POLICY spy ON school.pupils USING (public.spy_as_owner(user_id) = user_id)");
    d.read_by_all(true);
}

/// Types of the district, with casts of their owner.
#[test]
fn casts_domains_and_expressions() {
    let d = District::new("cast");
    d.mallory(
        "CREATE TYPE school.id AS (id text);
         CREATE FUNCTION school.id_text(x school.id) RETURNS text LANGUAGE sql AS 'SELECT public.spy(x.id)';
         CREATE CAST (school.id AS text) WITH FUNCTION school.id_text(school.id) AS IMPLICIT;
         CREATE TYPE school.flag AS ENUM ('yes');
         CREATE FUNCTION school.flag_boolean(x school.flag) RETURNS boolean LANGUAGE sql AS 'SELECT public.spy(x::text) IS NOT NULL';
         CREATE CAST (school.flag AS boolean) WITH FUNCTION school.flag_boolean(school.flag) AS IMPLICIT;
         CREATE DOMAIN school.checked AS text CHECK (public.spy(VALUE) = VALUE);
         CREATE TABLE school.typed AS SELECT ROW('u1')::school.id AS user_id, 'class'::text AS group_type, ROW('x')::school.id AS group_id;
         CREATE TABLE school.flagged AS SELECT 'u1'::text AS user_id, 'class'::text AS group_type, 'x'::text AS group_id, true AS working;
         CREATE VIEW school.domains AS SELECT user_id::school.checked AS user_id, group_type, group_id FROM school.pupils;
         CREATE TABLE school.generated (user_id text, group_type text DEFAULT 'class', group_id text DEFAULT 'x');
         INSERT INTO school.generated VALUES ('u1');
         GRANT SELECT ON ALL TABLES IN SCHEMA school TO PUBLIC",
    );
    for relation in ["school.typed", "school.domains"] {
        let registered = d
            .database
            .client()
            .batch_execute(&format!("SELECT rct.register_roster('{relation}')"));
        if let Err(e) = registered {
            let code = e.code().map_or("", |code| code.code());
            assert!(
                ["22023", "42501", "55000"].contains(&code),
                "{relation}: {}",
                told(&e)
            );
            continue; // what is not registered is not read
        }
        d.read_by_all(true);
    }
    // the type of a column changes after the registration: either it is read as before, or not at all
    for (table, change) in [
        (
            "generated",
            "ALTER TABLE school.generated ALTER user_id TYPE school.id USING ROW(user_id)::school.id",
        ),
        (
            "flagged",
            "ALTER TABLE school.flagged ALTER working TYPE school.flag USING 'yes'",
        ),
        (
            "pupils",
            "DROP VIEW school.classes, school.domains; ALTER TABLE school.pupils ALTER group_id TYPE school.checked",
        ),
    ] {
        d.register(&format!("school.{table}"));
        d.mallory(change);
        d.read_by_all(false);
    }
}

/// Between the registration and the read the name comes to mean something else.
#[test]
fn the_relation_is_another_one() {
    let view =
        "AS SELECT public.spy() AS user_id, 'class'::text AS group_type, 'x'::text AS group_id";
    for (what, change) in [
        ("dropped and made again", format!("DROP TABLE school.other; CREATE VIEW school.other {view}; GRANT SELECT ON school.other TO PUBLIC")),
        ("renamed", format!("ALTER TABLE school.other RENAME TO gone; CREATE VIEW school.other {view}; GRANT SELECT ON school.other TO PUBLIC")),
        ("moved", format!("CREATE SCHEMA IF NOT EXISTS school2; ALTER TABLE school.other SET SCHEMA school2; CREATE VIEW school.other {view}; GRANT SELECT ON school.other TO PUBLIC")),
        ("its schema renamed", format!("ALTER SCHEMA school RENAME TO school_old; CREATE SCHEMA school; GRANT USAGE ON SCHEMA school TO PUBLIC; CREATE VIEW school.other {view}; GRANT SELECT ON school.other TO PUBLIC")),
        ("a child table", "CREATE TABLE school.child () INHERITS (school.other); INSERT INTO school.child VALUES ('u1', 'class', 'z');
             ALTER TABLE school.child ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON school.child USING (public.spy(user_id) = user_id);
             ALTER TABLE school.other ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON school.other USING (public.spy(user_id) = user_id)".to_owned()),
    ] {
        let d = District::new("swap");
        run(
            &mut d.database.maintenance(),
            &format!("GRANT CREATE ON DATABASE {} TO {}", d.database.name, d.mallory),
        );
        d.mallory("CREATE TABLE school.other AS SELECT * FROM school.pupils; GRANT SELECT ON school.other TO PUBLIC");
        d.register("school.other");
        d.mallory(&change);
        println!("{what}");
        d.read_by_all(false);
    }
}

/// An administrator loads what somebody else made; so does a superuser, and a role with the rights of the owner.
#[test]
fn loading_reads_as_the_caller_or_the_reader() {
    let d = District::new("load");
    d.mallory(
        "CREATE OR REPLACE VIEW school.classes AS SELECT public.spy(user_id) AS user_id, group_type, group_id FROM school.pupils;
         CREATE VIEW school.by_owner AS SELECT public.spy_as_owner(user_id) AS user_id, group_type, group_id FROM school.pupils; GRANT SELECT ON school.by_owner TO PUBLIC",
    );
    for relation in ["school.classes", "school.by_owner"] {
        let load = format!("SELECT rct.load_roster('{relation}')");
        assert!(d.call(&d.admin, &load, &[&d.admin, &d.mallory]), "{load}");
        assert!(d.call(&d.boss, &load, &[&d.reader, &d.mallory]), "{load}");
    }
    // a member of the role that owns the extension is no superuser, but has the rights of the owner
    let member = &d.admin;
    d.owner(&format!(
        "GRANT {} TO {member}",
        d.database.cluster.superuser
    ));
    let load = "SELECT rct.load_roster('school.classes', complete => true)";
    assert!(d.call(member, load, &[&d.reader, &d.mallory]), "{load}");
    run(
        &mut d.database.maintenance(),
        &format!("REVOKE {} FROM {member}", d.database.cluster.superuser),
    );
    // as SECURITY DEFINER of somebody: as who that is
    d.owner(&format!(
        "CREATE FUNCTION public.nightly() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT rct.load_roster(''school.classes'')'; GRANT EXECUTE ON FUNCTION public.nightly() TO {}",
        d.service
    ));
    assert!(d.call(
        &d.service,
        "SELECT public.nightly()",
        &[&d.reader, &d.mallory]
    ));
}

/// An error of the code, and its end, leave the session as it was: the next statements are the caller's.
#[test]
fn an_error_puts_everything_back() {
    let d = District::new("error");
    d.owner("CREATE VIEW district.roster AS SELECT * FROM school.classes");
    d.register("district.roster");
    d.mallory("CREATE OR REPLACE VIEW school.classes AS SELECT public.spy(user_id) || (1 / (length(user_id) - 2)) AS user_id, group_type, group_id FROM school.pupils");
    for (caller, call) in [
        (&d.service, "rct.condition_for('c', 's', NULL, 'u1')"),
        (&d.admin, "rct.mark('c', 'u1', 's', NULL)"),
        (&d.admin, "rct.load_roster('school.classes')"),
        (&d.boss, "rct.load_roster('school.classes')"),
        (&d.boss, "rct.roster_at(now())"),
    ] {
        let mut client = d.database.client_as(caller);
        run(
            &mut client,
            "SET search_path = public; SET rct.confirm_drop = off",
        );
        let before = District::settings(&mut client);
        let caught = format!(
            "DO $do$
             BEGIN
                 BEGIN
                     PERFORM {call};
                     RAISE EXCEPTION 'no error';
                 EXCEPTION WHEN division_by_zero OR insufficient_privilege OR object_not_in_prerequisite_state THEN
                     NULL;
                 END;
                 IF current_user <> session_user OR current_setting('transaction_read_only') <> 'off' THEN
                     RAISE EXCEPTION 'is %, read-only %', current_user, current_setting('transaction_read_only');
                 END IF;
                 CREATE TEMP TABLE possible_again (); DROP TABLE possible_again;
             END $do$"
        );
        run(&mut client, &caught);
        assert_eq!(District::settings(&mut client), before, "{call}");
        refused(
            &mut client,
            &format!("SELECT {call}"),
            &["22012", "42501", "55000"],
        );
        run(&mut client, "CREATE TEMP TABLE possible_again ()");
        d.nothing_done(call);
    }
}

/// Nobody sees by the functions what they may not read themselves, nor by errors.
#[test]
fn a_right_to_load_is_no_right_to_read() {
    let d = District::new("read");
    d.owner(
        "CREATE TABLE district.salaries (user_id text, group_type text, group_id text); INSERT INTO district.salaries VALUES ('boss', 'salary', '99999');
         CREATE VIEW district.hidden AS SELECT * FROM district.salaries",
    );
    d.owner(&format!(
        "GRANT SELECT ON district.salaries, district.hidden TO {}",
        d.reader
    ));
    for relation in ["district.salaries", "district.hidden"] {
        for call in [
            format!("SELECT rct.load_roster('{relation}')"),
            format!("SELECT rct.register_roster('{relation}')"),
        ] {
            let error = refused(&mut d.database.client_as(&d.admin), &call, &["42501"]);
            assert!(!super::words(&error).contains("99999"), "{error}");
        }
    }
    let got = rows(
        &mut d.database.client(),
        "SELECT count(*) FROM rct.membership",
    );
    assert_eq!(got, ["0"]);
}
