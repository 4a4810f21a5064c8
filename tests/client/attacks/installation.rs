//! What is in a database, or in the session, before `CREATE EXTENSION`; and who cannot install at all.

use super::schema::{TRAPS, sprung};
use super::{refused, rows, run};
use crate::cluster::Cluster;
use crate::db::Database;
use crate::district::Logins;

/// Who may do what with each object of the extension, but for the owner; defaults of Postgres spelled out.
const RIGHTS: &str = "
    SELECT format('%s: %s may %s%s', o.what, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.privilege_type, o.part)
    FROM (
        SELECT 'schema ' || n.nspname AS what, '' AS part, coalesce(n.nspacl, acldefault('n', n.nspowner)) AS acl, n.nspowner AS owner
        FROM pg_namespace n WHERE n.nspname = 'rct'
        UNION ALL
        SELECT CASE c.relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || c.oid::regclass, '',
            coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END, c.relowner)), c.relowner
        FROM pg_class c WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p')
        UNION ALL
        SELECT 'column ' || c.oid::regclass, ' ' || a.attname, a.attacl, c.relowner
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'rct'::regnamespace
        UNION ALL
        SELECT 'function ' || p.oid::regprocedure, '', coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner
        FROM pg_proc p WHERE p.pronamespace = 'rct'::regnamespace
        UNION ALL
        SELECT 'type ' || t.oid::regtype, '', coalesce(t.typacl, acldefault('T', t.typowner)), t.typowner
        FROM pg_type t WHERE t.typnamespace = 'rct'::regnamespace AND t.typelem = 0
    ) o, aclexplode(o.acl) a WHERE a.grantee <> o.owner ORDER BY 1";

/// The rights are those of the install script, whatever was granted, or taken, by default before.
#[test]
fn default_privileges() {
    let (_roles, [mallory]) = Logins::new("defaults", ["mallory"]);
    let clean = Database::with_extension("no_defaults");
    let wanted = rows(&mut clean.client(), RIGHTS);
    assert!(wanted.len() > 100, "{wanted:?}");
    let all = |grantee: &str| {
        ["TABLES", "SEQUENCES", "FUNCTIONS", "TYPES", "SCHEMAS"]
            .map(|kind| format!("ALTER DEFAULT PRIVILEGES GRANT ALL ON {kind} TO {grantee}"))
            .join("; ")
    };
    for defaults in [
        all(&mallory),
        all("PUBLIC"),
        format!("{}; {}", all(&mallory), all("pg_monitor")),
        format!("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {mallory} WITH GRANT OPTION"),
        format!(
            "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER GRANT EXECUTE ON ROUTINES TO {mallory}"
        ),
        // what is for everybody stays so
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC".to_owned(),
        "ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC".to_owned(),
        format!(
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM CURRENT_USER; {}",
            all("PUBLIC")
        ),
    ] {
        let database = Database::empty("defaults");
        let mut owner = database.client();
        run(&mut owner, &defaults);
        run(&mut owner, "CREATE EXTENSION pg_rct");
        let got = rows(&mut owner, RIGHTS);
        let opened: Vec<_> = got.iter().filter(|right| !wanted.contains(right)).collect();
        let closed: Vec<_> = wanted.iter().filter(|right| !got.contains(right)).collect();
        assert!(
            opened.is_empty() && closed.is_empty(),
            "{defaults}\n{} opened, as {:?}\n{} closed, as {:?}",
            opened.len(),
            &opened[..opened.len().min(5)],
            closed.len(),
            &closed[..closed.len().min(5)]
        );
        // the owner can still do all
        run(
            &mut owner,
            "SELECT rct.create_experiment('{\"key\": \"k\", \"context\": \"c\"}'); SELECT rct.mark('c', 'u', 's', NULL)",
        );
    }
}

/// Nothing that the session or the schema public offers is taken for ours, or for Postgres' own.
#[test]
fn traps_in_other_schemas() {
    for path in [
        "public",
        "public, pg_catalog",
        "elsewhere, public, pg_catalog, pg_temp",
        "pg_temp, elsewhere, pg_catalog",
        "",
    ] {
        let database = Database::empty("paths");
        let mut owner = database.client();
        run(
            &mut owner,
            "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.pg_proc (proname name); CREATE TABLE elsewhere.pg_class (relname name);
             CREATE TYPE elsewhere.text AS (x int); CREATE DOMAIN elsewhere.uuid AS int; CREATE DOMAIN public.jsonb AS int",
        );
        run(&mut owner, &TRAPS.replace("$S", "elsewhere"));
        run(
            &mut owner,
            &TRAPS
                .replace("CREATE SEQUENCE public.sprung;", "")
                .replace("$S", "public"),
        );
        run(
            &mut owner,
            "CREATE TEMP TABLE context (name text); CREATE TEMP TABLE pg_proc (x int); CREATE TYPE pg_temp.timestamptz AS (x int)",
        );
        run(
            &mut owner,
            &format!(
                "SET search_path = {}",
                if path.is_empty() { "''" } else { path }
            ),
        );
        run(&mut owner, "CREATE EXTENSION pg_rct");
        assert!(!sprung(&database), "{path}");
        let stays = "SELECT pg_catalog.current_setting('search_path'::pg_catalog.text)";
        let path = if path.is_empty() { "\"\"" } else { path };
        assert_eq!(rows(&mut owner, stays), [path]);
    }
}

/// A type of somebody else with casts from and to everything: implicit ones are offered wherever types do not fit exactly.
#[test]
fn casts_of_a_type_in_public() {
    let (_roles, [mallory]) = Logins::new("casts", ["mallory"]);
    let database = Database::empty("casts");
    let mut owner = database.client();
    run(
        &mut owner,
        &format!(
            "CREATE SEQUENCE public.sprung; GRANT ALL ON SEQUENCE public.sprung TO PUBLIC; GRANT CREATE ON SCHEMA public TO {mallory}"
        ),
    );
    run(
        &mut database.client_as(&mallory),
        "CREATE TYPE public.bait AS (x text);
         DO $do$
         DECLARE
             t regtype;
         BEGIN
             FOREACH t IN ARRAY '{text,name,varchar,uuid,jsonb,bytea,oid,regclass,regprocedure,boolean,bigint,integer,double precision,timestamptz,\"char\",text[]}'::regtype[] LOOP
                 EXECUTE format('CREATE FUNCTION public.to_bait(%s) RETURNS public.bait LANGUAGE plpgsql AS %L', t,
                     'BEGIN PERFORM nextval(''public.sprung''); RAISE EXCEPTION ''trapped''; END');
                 EXECUTE format('CREATE FUNCTION public.of_bait_%s(public.bait) RETURNS %s LANGUAGE plpgsql AS %L', t::oid, t,
                     'BEGIN PERFORM nextval(''public.sprung''); RAISE EXCEPTION ''trapped''; END');
                 EXECUTE format('CREATE CAST (%s AS public.bait) WITH FUNCTION public.to_bait(%1$s) AS IMPLICIT', t);
                 EXECUTE format('CREATE CAST (public.bait AS %s) WITH FUNCTION public.of_bait_%s(public.bait) AS IMPLICIT', t, t::oid);
             END LOOP;
         END
         $do$",
    );
    run(
        &mut owner,
        "SET search_path = public; CREATE EXTENSION pg_rct",
    );
    run(
        &mut owner,
        "SELECT rct.create_experiment('{\"key\": \"k\", \"context\": \"c\", \"conditions\": [{\"code\": \"a\"}, {\"code\": \"b\"}], \"decision_points\": [{\"site\": \"s\"}]}');
         SELECT rct.set_status('k', 'enrolling'), rct.set_groups('u', '{\"class\": [\"x\"]}'), rct.add_to_list('k', 'exclude', '{\"users\": [\"v\"]}');
         SELECT rct.mark('c', 'u', 's', NULL), rct.log('c', 'u', '{\"m\": 1}'), rct.explain('c', 'u', 's', NULL), rct.srm('k'), rct.impossible_patterns('k')",
    );
    assert!(!sprung(&database));
}

/// Whatever a role owns or is a member of.
#[test]
fn only_a_superuser_installs() {
    let (_roles, [mallory, root]) = Logins::new("installer", ["mallory", "root"]);
    let database = Database::empty("installer");
    let (name, mut maintenance) = (&database.name, database.maintenance());
    run(&mut maintenance, &format!("ALTER ROLE {root} SUPERUSER"));
    for rights in [
        "SELECT 1".to_owned(),
        format!("GRANT ALL ON DATABASE {name} TO {mallory} WITH GRANT OPTION"),
        format!("ALTER ROLE {mallory} CREATEDB CREATEROLE REPLICATION BYPASSRLS"),
        format!(
            "GRANT pg_read_all_data, pg_write_all_data, pg_execute_server_program, pg_write_server_files TO {mallory}"
        ),
        format!("ALTER DATABASE {name} OWNER TO {mallory}"),
        format!("GRANT {root} TO {mallory}"),
    ] {
        run(&mut maintenance, &rights);
        for statement in [
            "CREATE EXTENSION pg_rct",
            "CREATE EXTENSION pg_rct CASCADE",
            "CREATE EXTENSION IF NOT EXISTS pg_rct",
            "CREATE EXTENSION pg_rct SCHEMA rct",
        ] {
            let error = refused(
                &mut database.client_as(&mallory),
                statement,
                &["42501", "3F000"],
            );
            assert!(
                statement.ends_with("SCHEMA rct") || error.code().code() == "42501",
                "{rights}: {error}"
            );
        }
    }
    run(
        &mut maintenance,
        &format!(
            "ALTER DATABASE {name} OWNER TO CURRENT_USER; REVOKE ALL ON DATABASE {name} FROM {mallory}"
        ),
    );
}

/// Digests are of UTF-8 bytes.
#[test]
fn only_utf8() {
    let database = Database::empty("encodings");
    for encoding in [
        "SQL_ASCII",
        "LATIN1",
        "LATIN9",
        "WIN1252",
        "EUC_JP",
        "EUC_KR",
        "KOI8R",
    ] {
        let other = Database {
            cluster: Cluster::from_env(),
            name: format!("{}_{}", database.name, encoding.to_lowercase()),
        };
        run(
            &mut database.maintenance(),
            &format!(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'",
                other.name
            ),
        );
        let mut client = other.client();
        let error = refused(&mut client, "CREATE EXTENSION pg_rct", &["0A000"]);
        assert!(
            error.message().contains(encoding) && error.hint().is_some(),
            "{error}"
        );
        // with a schema of one's own as well, and nothing is left behind
        run(&mut client, "CREATE SCHEMA IF NOT EXISTS rct");
        refused(&mut client, "CREATE EXTENSION pg_rct", &["0A000"]);
        let left =
            "SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = 'rct'::regnamespace";
        assert_eq!(rows(&mut client, left), ["0"]);
    }
}
