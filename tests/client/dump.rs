//! Stored sketches and all that is known of experiments survive pg_dump, and the extension can be dropped and created again.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs, process};

use postgres::error::SqlState;

use crate::cluster::Cluster;
use crate::db::{Database, told};
use crate::district::{Logins, district, tables};

impl Database {
    /// A program of PostgreSQL, connected to this database as superuser.
    pub fn tool(&self, program: &str, arguments: &[&str]) -> Output {
        self.tool_as(&self.cluster.superuser, program, arguments)
    }

    /// A program of PostgreSQL, connected to this database as another role.
    pub fn tool_as(&self, role: &str, program: &str, arguments: &[&str]) -> Output {
        let mut tool = Command::new(program);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                tool.env_remove(name);
            }
        }
        let output = tool
            .args(arguments)
            .args([
                "--host",
                &self.cluster.host,
                "--port",
                &self.cluster.port.to_string(),
            ])
            .args(["--username", role, "--dbname", &self.name])
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|e| panic!("{program}: {e}"));
        assert!(
            output.status.success(),
            "{program} {arguments:?}:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }
}

/// A file, or a directory, that goes away.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Self {
        Scratch(env::temp_dir().join(format!("pg_rct_{}_{name}", process::id())))
    }

    pub fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = if Path::new(&self.0).is_dir() {
            fs::remove_dir_all(&self.0)
        } else {
            fs::remove_file(&self.0)
        };
    }
}

/// Sketches in every kind of object that can hold one.
const STORED: &str = "
    CREATE TABLE day (day date PRIMARY KEY, s rct.sketch, several rct.sketch[], remark text DEFAULT 'none');
    INSERT INTO day
    SELECT date '2024-09-01' + d, s, ARRAY[s, NULL, s], 'day ' || d
    FROM (SELECT d, rct.sketch('third, größe / \"n\" ~ far, near; exposure: e; weight: w', CASE WHEN i % 12 < 6 THEN 'old' ELSE 'näw \"quoted\"' END, i % 12, i % 3,
                            i / 3.0, nullif(i % 5, 0), i, i * 1e9, 1.0 / i, i % 2, 1 + i % 2) AS s
          FROM generate_series(0, 4) AS d, generate_series(1 + d * 50, 60 + d * 50) AS i GROUP BY d) AS made;
    -- out of line, compressed, and as wide as numbers get
    INSERT INTO day SELECT '2025-01-01', rct.sketch(i, 'c' || i % 2, i), NULL FROM generate_series(1, 5000) AS i;
    INSERT INTO day SELECT '2025-01-02', rct.sketch(i * 10::double precision ^ (i - 150), 'c' || i % 2, i % 9), '{}' FROM generate_series(1, 300) AS i;
    INSERT INTO day SELECT '2025-01-03', rct.sketch(NULL, 'a', 1), NULL;
    INSERT INTO day VALUES ('2025-01-04', NULL, NULL);
    ALTER TABLE day ALTER s SET STORAGE EXTERNAL;
    CREATE TABLE total AS SELECT 1 AS id, rct.rollup(s) AS s FROM day WHERE day < '2025-01-01';
    CREATE DOMAIN kept AS rct.sketch NOT NULL;
    CREATE TYPE report AS (title text, s rct.sketch);
    CREATE TABLE archive (s kept, r report, CHECK (s IS NOT NULL));
    INSERT INTO archive SELECT s, ROW('total', s)::report FROM total;
    CREATE VIEW effect AS SELECT e.* FROM total, rct.effects(s, 'old') AS e;
    CREATE MATERIALIZED VIEW weekly AS SELECT date_trunc('week', day) AS week, rct.rollup(s) AS s FROM day GROUP BY 1;
    CREATE FUNCTION add_up(a rct.sketch, b rct.sketch) RETURNS rct.sketch LANGUAGE sql IMMUTABLE
        AS 'SELECT rct.rollup(s) FROM (VALUES (a), (b)) AS v (s)';
    CREATE INDEX ON day (md5(s::bytea));
    CREATE TABLE made (s rct.sketch, several rct.sketch[], EXCLUDE USING hash (s WITH =), CHECK (s = ANY (several)));
    INSERT INTO made SELECT s, ARRAY[s] FROM day WHERE s IS NOT NULL AND day < '2025-01-01';
    CREATE INDEX ON made USING hash (several) WHERE s >= several[1];
    CREATE VIEW changed AS SELECT a.day FROM day AS a, day AS b WHERE b.day = a.day - 1 AND a.s IS DISTINCT FROM b.s";

/// Everything that is stored, as one digest per object.
const DIGESTS: &str = "
    SELECT 'day', md5(string_agg(concat_ws('|', day, s::bytea, (SELECT string_agg(coalesce(x::bytea, 'null'), '+') FROM unnest(several) AS x), remark), ',' ORDER BY day)) FROM day
    UNION ALL SELECT 'total', md5(s::bytea) FROM total
    UNION ALL SELECT 'archive', md5(s::rct.sketch::bytea) || md5((r).s::bytea) FROM archive
    UNION ALL SELECT 'weekly', md5(string_agg(concat_ws('|', week, s::bytea), ',' ORDER BY week)) FROM weekly
    UNION ALL SELECT 'effect', md5(string_agg(float8send(estimate) || float8send(std_error) || float8send(df), '')) FROM effect
    UNION ALL SELECT 'add_up', md5(add_up(a.s, b.s)::bytea) FROM total AS a, total AS b
    UNION ALL SELECT 'made', (SELECT count(*)::text FROM made AS m JOIN day USING (s))
    UNION ALL SELECT 'changed', (SELECT count(*)::text FROM changed)
    UNION ALL SELECT 'index', (SELECT count(*)::text FROM pg_catalog.pg_index WHERE indrelid = 'day'::regclass AND indisvalid)";

fn digests(database: &Database) -> Vec<(String, String)> {
    let rows = database.client().query(DIGESTS, &[]);
    rows.unwrap()
        .iter()
        .map(|row| {
            (
                row.get(0),
                row.get::<_, Option<String>>(1)
                    .expect("a digest of something"),
            )
        })
        .collect()
}

fn stored(tag: &str) -> Database {
    let database = Database::with_extension(tag);
    database.client().batch_execute(STORED).unwrap();
    database
}

#[test]
fn a_plain_dump_gives_the_same_bytes() {
    let source = stored("plain_dump");
    let wanted = digests(&source);
    for inserts in [false, true] {
        let file = Scratch::new(if inserts { "inserts.sql" } else { "dump.sql" });
        let mut arguments = vec!["--file", file.path()];
        arguments.extend(inserts.then_some("--inserts"));
        source.tool("pg_dump", &arguments);
        let text = fs::read_to_string(&file.0).unwrap();
        assert!(text.contains("CREATE EXTENSION IF NOT EXISTS pg_rct WITH SCHEMA rct"));
        assert!(
            !text.contains("CREATE FUNCTION rct.")
                && !text.contains("CREATE AGGREGATE rct.")
                && !text.contains("CREATE TYPE rct."),
            "the dump has objects of the extension"
        );
        let target = Database::empty("plain_restore");
        target.tool(
            "psql",
            &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file.path()],
        );
        assert_eq!(digests(&target), wanted, "inserts: {inserts}");
    }
}

#[test]
fn a_custom_dump_gives_the_same_bytes() {
    let source = stored("custom_dump");
    let wanted = digests(&source);
    for format in ["custom", "directory", "tar"] {
        let file = Scratch::new(format);
        source.tool("pg_dump", &["--format", format, "--file", file.path()]);
        let target = Database::empty("custom_restore");
        target.tool("pg_restore", &["--exit-on-error", file.path()]);
        assert_eq!(digests(&target), wanted, "{format}");
        // once more over it
        target.tool(
            "pg_restore",
            &["--exit-on-error", "--clean", "--if-exists", file.path()],
        );
        assert_eq!(digests(&target), wanted, "{format}, again");
    }
}

#[test]
fn binary_copy_gives_the_same_bytes() {
    use std::io::{Read as _, Write as _};

    let source = stored("binary_copy");
    let target = Database::with_extension("binary_copy");
    let (mut from, mut to) = (source.client(), target.client());
    let mut bytes = Vec::new();
    from.copy_out("COPY (SELECT day, s, several FROM day) TO STDOUT (FORMAT binary)")
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    to.batch_execute("CREATE TABLE day (day date, s rct.sketch, several rct.sketch[])")
        .unwrap();
    let mut writer = to.copy_in("COPY day FROM STDIN (FORMAT binary)").unwrap();
    writer.write_all(&bytes).unwrap();
    assert_eq!(writer.finish().unwrap(), 9);
    let digest = "SELECT md5(string_agg(concat_ws('|', day, s::bytea, several::text), ',' ORDER BY day)) FROM day";
    let digest_of =
        |client: &mut postgres::Client| client.query_one(digest, &[]).unwrap().get::<_, String>(0);
    assert_eq!(digest_of(&mut to), digest_of(&mut from));

    // every byte of a sketch matters; each change is refused
    let sketch: Vec<u8> = from
        .query_one("SELECT s::bytea FROM total", &[])
        .unwrap()
        .get(0);
    let file = |sketch: &[u8]| {
        let mut file = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\0\x01".to_vec();
        file.extend((sketch.len() as i32).to_be_bytes());
        file.extend(sketch);
        file.extend(b"\xff\xff");
        file
    };
    to.batch_execute("CREATE TABLE one (s rct.sketch)").unwrap();
    let mut send = |sketch: &[u8]| {
        let mut writer = to.copy_in("COPY one FROM STDIN (FORMAT binary)").unwrap();
        writer.write_all(&file(sketch)).unwrap();
        writer.finish()
    };
    assert_eq!(send(&sketch).unwrap(), 1);
    for at in 0..sketch.len() {
        let mut changed = sketch.clone();
        changed[at] ^= 1 << (at % 8);
        let error = send(&changed).expect_err("a changed byte");
        assert_eq!(
            error.code(),
            Some(&SqlState::DATA_CORRUPTED),
            "byte {at}: {}",
            told(&error)
        );
    }
    for length in [0, 1, 7, 8, 9, 40, sketch.len() - 1] {
        let error = send(&sketch[..length]).expect_err("cut short");
        assert_eq!(
            error.code(),
            Some(&SqlState::DATA_CORRUPTED),
            "{length} bytes: {}",
            told(&error)
        );
    }
    let longer: Vec<u8> = sketch.iter().copied().chain([0]).collect();
    assert_eq!(
        send(&longer).expect_err("a byte more").code(),
        Some(&SqlState::DATA_CORRUPTED)
    );
}

#[test]
fn drop_extension_asks_first() {
    let database = stored("drop");
    let mut client = database.client();
    let error = client.batch_execute("DROP EXTENSION pg_rct").unwrap_err();
    assert_eq!(
        error.code(),
        Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST),
        "{}",
        told(&error)
    );
    let error = client
        .batch_execute("DROP FUNCTION rct.wwc_correct_t")
        .unwrap_err();
    assert_eq!(
        error.code(),
        Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST),
        "{}",
        told(&error)
    );
    assert_eq!(digests(&database).len(), 9);

    client
        .batch_execute("DROP EXTENSION pg_rct CASCADE")
        .unwrap();
    let columns = |client: &mut postgres::Client| -> Vec<String> {
        let query = "SELECT attname::text FROM pg_catalog.pg_attribute WHERE attrelid = 'day'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum";
        client
            .query(query, &[])
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect()
    };
    assert_eq!(
        columns(&mut client),
        ["day", "remark"],
        "what is not a sketch stays"
    );
    let left = "SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'rct')";
    assert_eq!(client.query_one(left, &[]).unwrap().get::<_, i64>(0), 0);

    // and again, in the same session, which has the library loaded
    client.batch_execute("CREATE EXTENSION pg_rct").unwrap();
    client
        .batch_execute(
            "ALTER TABLE day ADD s rct.sketch; UPDATE day SET s = (SELECT rct.sketch(1, 'a', 1))",
        )
        .unwrap();
    let error = client.batch_execute("DROP EXTENSION pg_rct").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST));
    client
        .batch_execute("ALTER TABLE day DROP s; DROP EXTENSION pg_rct; CREATE EXTENSION pg_rct; DROP EXTENSION pg_rct")
        .unwrap();
}

#[test]
fn databases_have_their_own_extension() {
    let (one, two) = (
        Database::with_extension("one"),
        Database::with_extension("two"),
    );
    let sketch = "SELECT rct.sketch(i, 'a', i % 5)::bytea FROM generate_series(1, 100) AS i";
    let get = |database: &Database| {
        database
            .client()
            .query_one(sketch, &[])
            .unwrap()
            .get::<_, Vec<u8>>(0)
    };
    assert_eq!(get(&one), get(&two));
    one.client().batch_execute("DROP EXTENSION pg_rct").unwrap();
    assert!(one.client().query(sketch, &[]).is_err());
    assert!(!get(&two).is_empty());
}

#[test]
fn the_extension_stays_where_it_is() {
    let database = Database::empty("place");
    let mut client = database.client();
    client.batch_execute("CREATE SCHEMA elsewhere").unwrap();
    for statement in [
        "CREATE EXTENSION pg_rct SCHEMA elsewhere",
        "CREATE EXTENSION pg_rct SCHEMA public",
    ] {
        let error = client.batch_execute(statement).unwrap_err();
        assert_eq!(
            error.code(),
            Some(&SqlState::FEATURE_NOT_SUPPORTED),
            "{statement}: {}",
            told(&error)
        );
    }
    // a search_path that hides nothing and offers everything does not matter
    client
        .batch_execute(
            "CREATE FUNCTION elsewhere.int4eq(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT false';
             SET search_path = elsewhere, public; CREATE EXTENSION pg_rct; RESET search_path",
        )
        .unwrap();
    let error = client
        .batch_execute("ALTER EXTENSION pg_rct SET SCHEMA elsewhere")
        .unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::FEATURE_NOT_SUPPORTED));
    let error = client.batch_execute("CREATE EXTENSION pg_rct").unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::DUPLICATE_OBJECT));
}

/// Digests are of UTF-8 bytes, so that sketches of all databases fit together.
#[test]
fn other_encodings_are_refused() {
    let database = Database::empty("encoding");
    for encoding in ["SQL_ASCII", "LATIN1"] {
        let name = format!("{}_{}", database.name, encoding.to_lowercase());
        let other = Database {
            cluster: Cluster::from_env(),
            name,
        };
        database
            .maintenance()
            .batch_execute(&format!(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'",
                other.name
            ))
            .unwrap();
        let error = other
            .client()
            .batch_execute("CREATE EXTENSION pg_rct")
            .unwrap_err();
        assert_eq!(
            error.code(),
            Some(&SqlState::FEATURE_NOT_SUPPORTED),
            "{}",
            told(&error)
        );
        let error = error.as_db_error().expect("from the server");
        assert!(error.message().contains(encoding), "{error}");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("UTF8")),
            "{error}"
        );
    }
}

/// All rows of the tables of the extension, the numbers their sequences have come to, and who may do what: one digest for each.
fn state(database: &Database) -> Vec<(String, String)> {
    let mut client = database.client();
    let mut digests = Vec::new();
    // what follows from the others is compared by the answers
    let tables = tables(&mut client).into_iter().filter(|t| t != "rct.unit");
    for table in tables {
        let query = format!(
            "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE \"C\")), '') FROM {table} AS t"
        );
        let digest = client.query_one(&query, &[]).unwrap().get(0);
        digests.push((table, digest));
    }
    let rows = client.query(
        "SELECT schemaname || '.' || sequencename, coalesce(last_value::text, 'unused') FROM pg_catalog.pg_sequences WHERE schemaname = 'rct'
         UNION ALL
         SELECT p.oid::regprocedure::text, string_agg(a::text, ' ' ORDER BY a::text COLLATE \"C\")
         FROM pg_catalog.pg_proc AS p LEFT JOIN LATERAL unnest(p.proacl) AS a ON true WHERE p.pronamespace = 'rct'::regnamespace GROUP BY p.oid
         UNION ALL
         SELECT c.oid::regclass::text || ' rights', string_agg(a::text, ' ' ORDER BY a::text COLLATE \"C\")
         FROM pg_catalog.pg_class AS c, unnest(c.relacl) AS a WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind IN ('r', 'S') GROUP BY c.oid
         UNION ALL
         SELECT tgrelid::regclass::text || ' ' || tgname, tgenabled::text FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
         WHERE c.relnamespace = 'rct'::regnamespace AND NOT tgisinternal
         ORDER BY 1",
        &[],
    );
    let rows = rows.unwrap();
    let what = |row: &postgres::Row| {
        (
            row.get(0),
            row.get::<_, Option<String>>(1).unwrap_or_default(),
        )
    };
    digests.extend(rows.iter().map(what));
    digests
}

/// What the functions say: everybody's conditions now, the reasoning at all moments that were kept, and the proofs of the
/// randomizations. The steps that name a time or a random choice are the same too.
pub const ANSWERS: &str = "
    WITH who AS (SELECT DISTINCT user_id FROM public.roster UNION SELECT unnest(ARRAY['drei \"quoted\"', E'tab\\there', 'late 1', 'late 2', 'a stranger'])),
    place AS (SELECT DISTINCT e.context, p ->> 'site' AS site, p ->> 'target' AS target FROM rct.experiment AS e, jsonb_array_elements(e.spec -> 'decision_points') AS p)
    SELECT 'assign ' || c.name, count(a)::text || md5(string_agg(concat_ws('|', w.user_id, a::text), ',' ORDER BY w.user_id, a::text))
    FROM rct.context AS c CROSS JOIN who AS w LEFT JOIN LATERAL rct.assign(c.name, w.user_id) AS a ON true GROUP BY c.name
    UNION ALL
    SELECT 'condition_for', md5(string_agg(concat_ws('|', w.user_id, c::text), ',' ORDER BY w.user_id, p::text)) FROM who AS w, place AS p, rct.condition_for(p.context, p.site, p.target, w.user_id) AS c
    UNION ALL
    SELECT 'explain ' || m.name, count(*)::text || md5(string_agg(concat_ws('|', w.user_id, x::text), ',' ORDER BY w.user_id, p::text, x.step))
    FROM public.moment AS m, who AS w, place AS p, rct.explain(p.context, w.user_id, p.site, p.target, m.at) AS x
    WHERE w.user_id IN ('u01', 'u02', 'u03', 'u10', 'u14', 'late 1') AND p.site IN ('quiz', 'home', 'start', 'lesson', 'over by clock') GROUP BY m.name
    UNION ALL
    SELECT 'assign_all ' || e.key, md5(string_agg(a::text, ',' ORDER BY a::text)) FROM rct.experiment AS e, rct.assign_all(e.key) AS a GROUP BY e.key
    UNION ALL
    SELECT 'replay ' || id, rct.replay(id)::text FROM rct.run
    UNION ALL
    SELECT 'spec ' || key, md5(rct.experiment_spec(key)::text) FROM rct.experiment
    UNION ALL
    SELECT 'status ' || key, rct.current_status(key) FROM rct.experiment
    UNION ALL
    SELECT 'roster ' || name, md5(string_agg(r::text, ',' ORDER BY r::text)) FROM public.moment, rct.roster_at('2025-09-20', at) AS r GROUP BY name
    UNION ALL
    SELECT 'results', md5(string_agg(r::text, ',')) FROM rct.metric_results('hints', 'score', 'avg') AS r
    ORDER BY 1";

fn answers(database: &Database) -> Vec<(String, String)> {
    let rows = database.client().query(ANSWERS, &[]);
    let rows = rows.unwrap_or_else(|e| panic!("{}", told(&e)));
    rows.iter()
        .map(|row| {
            (
                row.get(0),
                row.get::<_, Option<String>>(1).unwrap_or_default(),
            )
        })
        .collect()
}

fn assert_same(source: &[(String, String)], target: &[(String, String)], how: &str) {
    let differ: Vec<_> = source.iter().filter(|d| !target.contains(d)).collect();
    let extra: Vec<_> = target.iter().filter(|d| !source.contains(d)).collect();
    assert!(
        differ.is_empty() && extra.is_empty(),
        "{how}: {differ:#?} became {extra:#?}"
    );
}

/// What happens next happens the same way: numbers go on, events are known, records cannot be changed.
fn goes_on(database: &Database, roles: &[String; 3]) -> Vec<(String, String)> {
    let mut client = database.client();
    // as a whole, or not at all: the first to be refused would end the transaction of the others
    for table in tables(&mut client) {
        for statement in [
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            // declarations of metrics may be taken back, and an empty rct.unit is noticed
            if table == "rct.metric" || statement.starts_with("TRUNCATE rct.unit") {
                continue;
            }
            let error = client.batch_execute(&statement).expect_err(&statement);
            assert_eq!(
                error.code(),
                Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE),
                "{statement}: {}",
                told(&error)
            );
        }
    }
    client
        .batch_execute(
            "SELECT rct.create_experiment('{\"key\": \"new\", \"context\": \"mathia\", \"conditions\": [{\"code\": \"a\"}, {\"code\": \"b\"}], \"decision_points\": [{\"site\": \"new\"}]}');
             SELECT rct.set_status('new', 'enrolling');
             SELECT rct.create_segment('new', '{\"segments\": [\"widest\"]}')",
        )
        .unwrap_or_else(|e| panic!("{}", told(&e)));
    let error = client
        .batch_execute("SELECT rct.add_members('pilot', '{\"segments\": [\"widest\"]}'); SELECT rct.add_members('widest', '{\"segments\": [\"pilot\"]}')")
        .expect_err("a circle of segments");
    assert_eq!(
        error.code(),
        Some(&SqlState::INVALID_PARAMETER_VALUE),
        "{}",
        told(&error)
    );
    let [service, analyst, admin] = roles;
    database
        .client_as(service)
        .batch_execute(
            "SELECT rct.mark('mathia', 'u01', 'quiz', 'q1', event_id => 'early'); SELECT rct.mark('mathia', 'u10', 'quiz', 'q1', event_id => 'early')",
        )
        .expect_err("the event of another user");
    let mut service = database.client_as(service);
    let again = service
        .query_one(
            "SELECT duplicate FROM rct.mark('mathia', 'u10', 'quiz', 'q1', event_id => 'early')",
            &[],
        )
        .unwrap_or_else(|e| panic!("{}", told(&e)));
    assert!(again.get::<_, bool>(0), "the event was forgotten");
    service
        .batch_execute("SELECT rct.mark('mathia', 'u20', 'new', NULL); SELECT rct.log('mathia', 'u20', '{\"score\": 1}')")
        .unwrap_or_else(|e| panic!("{}", told(&e)));
    let mut analyst = database.client_as(analyst);
    analyst
        .batch_execute(
            "SELECT count(*) FROM rct.exposure, rct.metric_results('hints', 'score', 'avg')",
        )
        .unwrap();
    let mut admin = database.client_as(admin);
    admin
        .batch_execute("SELECT rct.set_status('new', 'enrollment_complete')")
        .unwrap();
    let numbers = client.query(
        "SELECT sequencename::text, last_value::text FROM pg_catalog.pg_sequences WHERE schemaname = 'rct' ORDER BY 1",
        &[],
    );
    numbers
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect()
}

/// A copy of what was dumped in a format, with the program that reads it.
fn restored(source: &Database, format: &str) -> Database {
    let file = Scratch::new(&format!("district_{format}"));
    let mut arguments = vec!["--file", file.path()];
    match format {
        "inserts" => arguments.push("--inserts"),
        format => arguments.extend(["--format", format]),
    }
    source.tool("pg_dump", &arguments);
    let target = Database::empty("district_copy");
    if ["plain", "inserts"].contains(&format) {
        target.tool(
            "psql",
            &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file.path()],
        );
    } else {
        target.tool("pg_restore", &["--exit-on-error", file.path()]);
    }
    target
}

#[test]
fn a_dump_has_all_that_is_known_of_experiments() {
    let (_roles, roles) = Logins::new("dump", ["service", "analyst", "admin"]);
    let source = district("district_dump");
    let [service, analyst, admin] = &roles;
    source
        .client()
        .batch_execute(&format!(
            "SELECT rct.grant_service('{service}'), rct.grant_analyst('{analyst}'), rct.grant_admin('{admin}')"
        ))
        .unwrap();
    let (state_before, answers_before) = (state(&source), answers(&source));
    let false_proofs: Vec<_> = answers_before
        .iter()
        .filter(|(what, answer)| what.starts_with("replay") && answer != "true")
        .collect();
    assert!(false_proofs.is_empty(), "{false_proofs:?}");

    let mut copies: Vec<(&str, Database)> = ["custom", "plain", "inserts"]
        .map(|format| (format, restored(&source, format)))
        .into();
    // a dump of the copy is a dump of the same
    let copy_of_copy = restored(&copies[0].1, "custom");
    copies.push(("custom, twice", copy_of_copy));
    for (format, copy) in &copies {
        assert_same(&state_before, &state(copy), format);
        assert_same(&answers_before, &answers(copy), format);
    }
    let next = goes_on(&source, &roles);
    for (format, copy) in &copies {
        assert_same(&next, &goes_on(copy, &roles), format);
        assert_same(
            &answers(&source),
            &answers(copy),
            &format!("{format}, later"),
        );
    }
}

/// The compiled plans of a dump are those that the definitions give.
#[test]
fn plans_of_a_dump_can_be_made_again() {
    let source = district("district_plans");
    let copy = restored(&source, "custom");
    let plans = "SELECT name, digest::text, md5(plan), encode(substring(sha256(plan) FOR 16), 'hex')::uuid = digest FROM rct.context ORDER BY name";
    let of = |client: &mut postgres::Client| -> Vec<(String, Option<String>, Option<String>)> {
        let rows = client.query(plans, &[]).unwrap();
        assert!(
            rows.iter()
                .all(|row| row.get::<_, Option<bool>>(3) != Some(false))
        );
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect()
    };
    let mut client = copy.client();
    let dumped = of(&mut client);
    assert_eq!(dumped, of(&mut source.client()));
    client.batch_execute("SELECT rct._compile_all()").unwrap();
    assert_eq!(dumped, of(&mut client));
}
