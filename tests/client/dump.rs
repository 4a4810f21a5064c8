//! Stored sketches survive pg_dump, and the extension can be dropped and created again.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs, process};

use postgres::error::SqlState;

use crate::cluster::Cluster;
use crate::db::{Database, told};

impl Database {
    /// A program of PostgreSQL, connected to this database as superuser.
    fn tool(&self, program: &str, arguments: &[&str]) -> Output {
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
            .args([
                "--username",
                &self.cluster.superuser,
                "--dbname",
                &self.name,
            ])
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

/// A file that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Scratch(env::temp_dir().join(format!("pg_rct_{}_{name}", process::id())))
    }

    fn path(&self) -> &str {
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
    FROM (SELECT d, rct.sketch(i / 3.0, CASE WHEN i % 12 < 6 THEN 'old' ELSE 'näw \"quoted\"' END, i % 12, i % 3, ARRAY[i * 1e9, 1.0 / i], i % 2, 1 + i % 2) AS s
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
    CREATE INDEX ON day (md5(s::bytea))";

/// Everything that is stored, as one digest per object.
const DIGESTS: &str = "
    SELECT 'day', md5(string_agg(concat_ws('|', day, s::bytea, (SELECT string_agg(coalesce(x::bytea, 'null'), '+') FROM unnest(several) AS x), remark), ',' ORDER BY day)) FROM day
    UNION ALL SELECT 'total', md5(s::bytea) FROM total
    UNION ALL SELECT 'archive', md5(s::rct.sketch::bytea) || md5((r).s::bytea) FROM archive
    UNION ALL SELECT 'weekly', md5(string_agg(concat_ws('|', week, s::bytea), ',' ORDER BY week)) FROM weekly
    UNION ALL SELECT 'effect', md5(string_agg(float8send(estimate) || float8send(std_error) || float8send(df), '')) FROM effect
    UNION ALL SELECT 'add_up', md5(add_up(a.s, b.s)::bytea) FROM total AS a, total AS b
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
        .batch_execute("DROP FUNCTION rct.hedges_g")
        .unwrap_err();
    assert_eq!(
        error.code(),
        Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST),
        "{}",
        told(&error)
    );
    assert_eq!(digests(&database).len(), 7);

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
