//! No call ends the server. A server whose processes get about one gigabyte each is asked for much more, by every function; each
//! call ends in an answer or an error of its kind, and the same process answers the next.

use postgres::Client;

use crate::db::told;
use crate::server::Server;

/// Kilobytes that a process of the server gets, its part of the shared memory included.
const KILOBYTES: u32 = 1_000_000;

/// What a call may end in: invalid values, NULL, limits, no memory, corrupt or unknown things, its time.
const PROPER: &[&str] = &[
    "22003", "22004", "22007", "22008", "22012", "22023", "22P02", "22P05", "22021", "2202E",
    "23502", "23505", "23514", "0A000", "42704", "42710", "42501", "42P01", "42P18", "42804",
    "53200", "54000", "55000", "57014", "XX001",
];

/// Calls on the tables of [`prepare`], with what they must end in; any proper end if that is empty.
const CALLS: &[(&str, &str)] = &[
    (
        "SELECT count(*) FROM rct.simulate_roster('{\"clusters\": 100000, \"size\": 50, \"icc\": 0.1}')",
        "54000",
    ),
    (
        "SELECT count(*) FROM rct.simulate_roster('{\"clusters\": 50, \"size\": [1000000, 1], \"icc\": 0.1, \"unit\": \"student\"}')",
        "22023",
    ),
    (
        "SELECT * FROM rct.simulate('{\"clusters\": 100000, \"size\": 50, \"icc\": 0.1, \"unit\": \"student\"}', draws => 1)",
        "54000",
    ),
    (
        "SELECT array_length(rct.p_adjust(array_fill(0.5::float8, '{9000000}'), 'bh'), 1)",
        "54000",
    ),
    (
        "SELECT array_length(rct.p_adjust(array_fill(NULL::float8, '{100000000}'), 'bh'), 1)",
        "54000",
    ),
    (
        "SELECT array_length(rct.p_adjust(array_fill(0.5::float8, '{3000000}'), 'bh'), 1)",
        "",
    ),
    (
        "SELECT rct.choose('s', 'u', array_fill('x'::text, '{1000000}'))",
        "54000",
    ),
    (
        "SELECT rct.choose('s', 'u', array_fill('x'::text, '{60000000}'))",
        "",
    ),
    (
        "SELECT rct.choose('s', 'u', ARRAY['a', 'b'], array_fill(1::float8, '{60000000}'))",
        "",
    ),
    (
        "SELECT rct.choose(repeat('s', 100000000), 'u', ARRAY['a', 'b'])",
        "54000",
    ),
    (
        "SELECT rct.choose('s', 'u', ARRAY['a', repeat('x', 200000000)])",
        "54000",
    ),
    (
        "SELECT count(*) FROM rct.randomize(ARRAY['u', 'v'], array_fill('x'::text, '{1000000}'), seed => 's')",
        "54000",
    ),
    (
        "SELECT count(*) FROM huge, rct.randomize(units, '{a,b}', seed => 's')",
        "",
    ),
    (
        "SELECT count(*) FROM huge, rct.randomize(units || units, '{a,b}', seed => 's')",
        "",
    ),
    (
        "SELECT count(*) FROM huge, rct.randomize(units, '{a,b}', strata => units, seed => 's')",
        "",
    ),
    (
        "SELECT count(*) FROM rct.randomize(array_fill('u'::text, '{50000000}'), '{a,b}', seed => 's')",
        "",
    ),
    (
        "SELECT count(*) FROM huge, rct.lint_design(units || units || units, '{a,b}')",
        "",
    ),
    (
        "SELECT count(*) FROM huge, rct.lint_design(units, '{a,b}', strata => units, expected_strata => units)",
        "",
    ),
    (
        "SELECT count(*) FROM rct.lint_design(array_fill('u'::text, '{5000000}'), '{a,b}')",
        "",
    ),
    (
        "SELECT count(*) FROM rct.p_adjust_families(array_fill('m'::text, '{3000000}'), array_fill('primary'::text, '{3000000}'), array_fill(0.5::float8, '{3000000}'))",
        "54000",
    ),
    (
        "SELECT count(*) FROM rct.p_adjust_families(array_fill(repeat('m', 60000), '{3000}'), array_fill('primary'::text, '{3000}'), array_fill(0.5::float8, '{3000}'))",
        "",
    ),
    (
        "SELECT * FROM rct.srm(array_fill(1::bigint, '{1000000}'))",
        "22023",
    ),
    (
        "SELECT * FROM rct.srm(ARRAY[1] || array_fill(0::bigint, '{1000000}'))",
        "22023",
    ),
    (
        "SELECT * FROM rct.srm(array_fill(1::bigint, '{60000000}'))",
        "",
    ),
    (
        "SELECT * FROM sketches, rct.srm(many, conditions => array_fill('x'::text, '{1000000}'))",
        "22023",
    ),
    (
        "SELECT count(*) FROM huge, rct.srm_by_stratum(units, array_fill('x'::text, '{1000000}'), array_fill(1::bigint, '{1000000}'))",
        "22023",
    ),
    (
        "SELECT count(*) FROM huge, rct.srm_by_stratum(units, arms, array_fill(1::bigint, '{1000000}'))",
        "",
    ),
    (
        "SELECT count(*) FROM huge, rct.srm_blocked(units, arms, array_fill(2::bigint, '{1000000}'), array_fill(1::bigint, '{1000000}'))",
        "",
    ),
    (
        "SELECT count(*) FROM rct.srm_looks(array_fill(1::bigint, '{20000000}'), 2)",
        "",
    ),
    (
        "SELECT * FROM rct.srm_sequential(array_fill(1::bigint, '{12000000}'))",
        "22023",
    ),
    (
        "SELECT count(*) FROM rct.confidence_sequence_looks(array_fill(0.1::float8, '{3000000}'), array_fill(0.1::float8, '{3000000}'), array_fill(50::bigint, '{3000000}'), 100)",
        "",
    ),
    (
        "SELECT count(*) FROM rct.sequential_bounds(array_fill(0.5::float8, '{20000000}'))",
        "",
    ),
    (
        "SELECT rct.information_fractions(array_fill(0.5::float8, '{20000000}'), 0.1)",
        "",
    ),
    (
        "SELECT count(*) FROM rct.roster_se(rct.trial(25, 0.1), array_fill(25, '{20000000}'))",
        "",
    ),
    (
        "SELECT count(*) FROM huge, rct.roster_se(rct.trial(25, 0.1), array_fill(25, '{1000000}'), units, 'u1')",
        "",
    ),
    (
        "SELECT rct.design_effect(0.1, array_fill(25, '{60000000}'), 0)",
        "",
    ),
    (
        "SELECT count(*) FROM rct.power_table(rct.trial(20, 0.1), array_fill(25, '{60000000}'))",
        "",
    ),
    (
        "SELECT count(*) FROM rct.duration(rct.trial(20, 0.1), '2026-01-01', 10, '{2026-02-01}', '{10}', 0.2, closed => array_fill('[2026-03-01,2026-03-02)'::daterange, '{10000000}'))",
        "",
    ),
    (
        "SELECT * FROM rct.pool_imputations(array_fill(0.5::float8, '{30000000}'), array_fill(0.5::float8, '{30000000}'))",
        "",
    ),
    (
        "SELECT rct.logistic_predict(array_fill(0.5::float8, '{30000001}'), array_fill(0.5::float8, '{30000000}'))",
        "",
    ),
    (
        "SELECT rct.sketch(i, 'a', i) FROM generate_series(1, 5000000) AS i",
        "54000",
    ),
    (
        "SELECT rct.sketch(i, 'a', i / 2, i, NULL) FROM generate_series(1, 5000000) AS i",
        "54000",
    ),
    (
        "SELECT rct.sketch(1, 'a', 1, 'x'::text, array_fill(1::float8, '{60000000}'), 1, 1)",
        "",
    ),
    ("SELECT rct.sketch(1, repeat('a', 200000000), 1)", ""),
    (
        "SELECT rct.distribution(i, 'a', i) FROM generate_series(1, 9000000) AS i",
        "54000",
    ),
    (
        "SELECT rct.distribution(i, 'a', i % 10) FROM generate_series(1, 30000000) AS i",
        "54000",
    ),
    (
        "SELECT rct.logistic_rows(i % 2, ARRAY[i]) FROM generate_series(1, 5000000) AS i",
        "54000",
    ),
    (
        "SELECT rct.logistic_rows(1, array_fill(1::float8, '{60000000}'))",
        "",
    ),
    (
        "SELECT rct.median(i) FROM generate_series(1, 40000000) AS i",
        "54000",
    ),
    (
        "SELECT rct.reduce(i::text, 'mode') FROM generate_series(1, 6000000) AS i",
        "54000",
    ),
    (
        "SELECT rct.reduce(repeat(i::text, 50000000), 'mode') FROM generate_series(1, 5) AS i",
        "",
    ),
    (
        "SELECT rct.first(repeat(i::text, 100000000), now()) FROM generate_series(1, 3) AS i",
        "",
    ),
    (
        "SELECT count(s) FROM (SELECT rct.sketch(i, 'a', i) AS s FROM generate_series(1, 2000000) AS i GROUP BY i % 500000) AS p",
        "",
    ),
    (
        "SELECT ('rct.sketch:' || repeat('0', 400000000))::rct.sketch",
        "",
    ),
    ("SELECT repeat('x', 300000000)::bytea::rct.distribution", ""),
    ("SELECT length(many::text) FROM sketches", ""),
    ("SELECT count(*) FROM sketches, rct.cells(many)", ""),
    (
        "SELECT count(*) FROM sketches, rct.influence(many, 'a')",
        "",
    ),
    (
        "SELECT count(*) FROM sketches, rct.effects(wide, 'a', adjust => 'lin')",
        "",
    ),
    (
        "SELECT count(*) FROM sketches, rct.effects(wide, 'a', adjust => 'ancova')",
        "",
    ),
    (
        "SELECT count(*) FROM sketches, rct.joint_test(wide, 'a', adjust => 'lin')",
        "",
    ),
    ("SELECT count(*) FROM sketches, rct.balance(wide, 'a')", ""),
    (
        "SELECT count(*) FROM sketches, rct.coefficients(wide, 'a', adjust => 'lin')",
        "",
    ),
    ("SELECT count(*) FROM sketches, rct.effects(arms, '1')", ""),
    (
        "SELECT count(*) FROM sketches, rct.effects(strata, 'a')",
        "",
    ),
    ("SELECT count(*) FROM sketches, rct.srm(arms)", ""),
    (
        "SELECT count(*) FROM sketches, rct.wild_bootstrap(many, 'a', 'seed', draws => 99)",
        "",
    ),
    (
        "SELECT count(*) FROM sketches, rct.randomization_test(many, 'a', 'seed', draws => 99)",
        "",
    ),
    (
        "SELECT count(*) FROM sketches, rct.wild_bootstrap(small, 'a', 'seed', draws => 10000000)",
        "54000",
    ),
    (
        "SELECT count(*) FROM sketches, rct.simultaneous_intervals(small, 'a', 'seed', draws => 10000000)",
        "",
    ),
    (
        "SELECT count(*) FROM sketches, rct.simultaneous_intervals(several, 'a', 'seed', draws => 99)",
        "",
    ),
    (
        "SELECT count(*) FROM sketches, rct.subgroup_effects(array_fill('x'::text, '{20000}'), array_fill(small, '{20000}'), 'a')",
        "",
    ),
    (
        "SELECT count(*) FROM sketches, rct.interaction_test(ARRAY(SELECT i::text FROM generate_series(1, 100) AS i), array_fill(many, '{100}'), 'a')",
        "",
    ),
    (
        "SELECT rct.rollup(many) FROM sketches, generate_series(1, 20)",
        "",
    ),
    (
        "SELECT rct.create_experiment(('{\"key\": \"' || repeat('x', 50000000) || '\"}')::jsonb)",
        "",
    ),
    (
        "SELECT rct.create_experiment(jsonb_build_object('key', 'k', 'conditions', (SELECT jsonb_agg(i) FROM generate_series(1, 3000000) AS i)))",
        "",
    ),
    (
        "SELECT count(*) FROM rct.duration(rct.trial(20, 0.1), '2026-01-01', 10, array_fill('2026-01-01'::date, '{30000000}'), array_fill(3, '{30000000}'), 0.2)",
        "",
    ),
];

/// Large sketches: many clusters, many covariates, many conditions, many strata. Each in a statement of its own, since the
/// states of a statement are held together.
fn prepare(client: &mut Client) {
    client
        .batch_execute(
            "CREATE TABLE huge AS SELECT array_agg('u' || i) AS units, array_agg(CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END) AS arms
             FROM generate_series(1, 1000000) AS i;
             CREATE TABLE sketch_several AS SELECT rct.sketch('a, b, c, d, e ~ x', CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, i, NULL, i % 7, i % 11, i % 5, nullif(i % 13, 0), i % 3, i % 4) AS several
                 FROM generate_series(1, 60000) AS i;
             CREATE TABLE sketch_many AS SELECT rct.sketch(i % 7, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, i) AS many
                 FROM generate_series(1, 600000) AS i;
             CREATE TABLE sketch_wide AS SELECT rct.sketch(i % 7, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, i / 2, NULL::text, ARRAY(SELECT (i * j % 11)::float8 FROM generate_series(1, 30) AS j), NULL, NULL) AS wide
                 FROM generate_series(1, 20000) AS i;
             CREATE TABLE sketch_arms AS SELECT rct.sketch(i % 7, (i % 60)::text, i) AS arms
                 FROM generate_series(1, 60000) AS i;
             CREATE TABLE sketch_strata AS SELECT rct.sketch(i % 7, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, i, i / 2, NULL) AS strata
                 FROM generate_series(1, 400000) AS i;
             CREATE TABLE sketch_small AS SELECT rct.sketch(i % 7, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, i % 40) AS small
                 FROM generate_series(1, 1000) AS i;
             CREATE TABLE sketches AS SELECT * FROM sketch_several, sketch_many, sketch_wide, sketch_arms, sketch_strata, sketch_small",
        )
        .unwrap_or_else(|e| panic!("{}", told(&e)));
}

/// The state of an error of ours for want of memory; that of the server itself is 53200 alone.
const NO_MEMORY: &str = "53200 of pg_rct";

/// The state in which a call ends, none for an answer; the process must be the same afterwards.
fn ends(client: &mut Client, pid: i32, sql: &str) -> Option<String> {
    let state = client
        .simple_query(sql)
        .err()
        .map(|e| match e.as_db_error() {
            Some(e)
                if e.detail()
                    .is_some_and(|d| d.contains("more for this process")) =>
            {
                NO_MEMORY.to_owned()
            }
            Some(e) => e.code().code().to_owned(),
            None => panic!("the server is gone after {sql}: {e}"),
        });
    let after = client.query_one(
        "SELECT pg_backend_pid(), rct.median(i) FROM generate_series(1, 1001) AS i",
        &[],
    );
    let after = after.unwrap_or_else(|e| panic!("after {sql}: {}", told(&e)));
    assert_eq!(
        (after.get::<_, i32>(0), after.get::<_, f64>(1)),
        (pid, 501.0),
        "{sql}"
    );
    println!("{state:?} {}", sql.get(..150).unwrap_or(sql));
    if let Some(state) = &state {
        assert!(
            state == NO_MEMORY || PROPER.contains(&state.as_str()),
            "{state} from {sql}"
        );
    }
    state
}

fn pid(client: &mut Client) -> i32 {
    client
        .query_one("SELECT pg_backend_pid()", &[])
        .unwrap()
        .get(0)
}

/// A call of each function, all of whose arguments are as large as their types allow here.
fn hostile_calls(client: &mut Client) -> Vec<String> {
    let calls = client.query(
        "WITH large (type, value) AS (VALUES
             ('text'::regtype, 'repeat(''x'', 60000)'), ('text[]', 'array_fill(''x''::text, ''{3000000}'')'), ('integer', '1000000000'),
             ('bigint', '1000000000000'), ('double precision', '0.5'), ('boolean', 'true'), ('bytea', 'repeat(''x'', 100000000)::bytea'),
             ('double precision[]', 'array_fill(0.5::float8, ''{8000000}'')'), ('integer[]', 'array_fill(5, ''{8000000}'')'),
             ('bigint[]', 'array_fill(5::bigint, ''{8000000}'')'), ('jsonb', 'to_jsonb(array_fill(1, ''{1000000}''))'),
             ('json', 'to_json(array_fill(1, ''{1000000}''))'), ('timestamptz', 'now()'), ('date', 'current_date'),
             ('rct.trial', 'rct.trial(25, 0.15)'), ('rct.sketch', '(SELECT many FROM sketches)'), ('uuid', 'gen_random_uuid()'), ('rct.sketch[]', '(SELECT array_fill(small, ''{20000}'') FROM sketches)'),
             ('date[]', 'array_fill(current_date, ''{8000000}'')'), ('daterange[]', 'array_fill(''[2026-01-01,2026-02-01)''::daterange, ''{1000000}'')'))
         SELECT format('SELECT rct.%I(%s)', p.proname, string_agg(coalesce(l.value || '::' || a.type::regtype::text, 'NULL::' || a.type::regtype::text), ', ' ORDER BY a.n))
         FROM pg_proc p, unnest(p.proargtypes) WITH ORDINALITY AS a (type, n) LEFT JOIN large l ON l.type = a.type
         WHERE p.pronamespace = 'rct'::regnamespace AND p.prokind = 'f' AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'internal')
           AND NOT p.proargtypes::oid[] && ARRAY['internal', 'cstring', 'anyelement', '\"any\"', 'trigger', 'event_trigger']::regtype[]::oid[] AND p.provolatile = 'i' AND NOT starts_with(p.proname::text, '_')
         GROUP BY p.oid ORDER BY 1",
        &[],
    );
    let calls: Vec<String> = calls
        .unwrap_or_else(|e| panic!("{}", told(&e)))
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(calls.len() > 60, "{} functions", calls.len());
    calls
}

#[test]
fn no_call_ends_the_process() {
    let server = Server::with_memory(KILOBYTES);
    let mut client = server.client();
    client.batch_execute("CREATE EXTENSION pg_rct; SET client_min_messages = warning; SET statement_timeout = '5min'").unwrap();
    prepare(&mut client);
    let pid = pid(&mut client);
    let mut wrong = Vec::new();
    for (sql, wanted) in CALLS {
        let state = ends(&mut client, pid, sql);
        // where Postgres itself runs out of memory before the call begins, the error is its own
        let refused = *wanted == "54000" && state.as_deref() == Some("53200");
        if !wanted.is_empty() && state.as_deref() != Some(*wanted) && !refused {
            wrong.push(format!("{state:?} instead of {wanted} from {sql}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for sql in hostile_calls(&mut client) {
        ends(&mut client, pid, &sql);
    }
}

/// The caller takes what memory there is, or a superuser allows more than there is: then the call has none left.
#[test]
fn a_call_that_finds_no_memory_is_refused() {
    let server = Server::with_memory(KILOBYTES);
    let mut client = server.client();
    client.batch_execute("CREATE EXTENSION pg_rct; SET client_min_messages = warning; SET statement_timeout = '5min'").unwrap();
    prepare(&mut client);
    let pid = pid(&mut client);
    let mut refused = 0;
    // a value is copied once, so that twice as much is taken for a moment
    for megabytes in (0..=320).step_by(40) {
        for (sql, _) in CALLS
            .iter()
            .filter(|(sql, _)| sql.starts_with("SELECT count(*)") && !sql.contains("draws"))
        {
            let rest = &sql["SELECT count(*)".len()..];
            let sql = format!(
                "DO $do$ DECLARE hog text := repeat('x', {megabytes} * 1000000); rows bigint; BEGIN SELECT count(*) INTO rows {rest}; END $do$"
            );
            refused += usize::from(ends(&mut client, pid, &sql).is_some_and(|e| e == NO_MEMORY));
        }
    }
    assert!(refused > 0, "there was memory enough for everything");
    client
        .batch_execute("SELECT rct.bucket('a', 'b'); SET rct.memory_limit = '2000GB'")
        .unwrap();
    for (sql, _) in CALLS {
        ends(&mut client, pid, sql);
    }
    for sql in hostile_calls(&mut client) {
        ends(&mut client, pid, &sql);
    }
}

/// Who may raise the limit could take all memory of the machine.
#[test]
fn only_superusers_raise_the_limit() {
    let database = crate::db::Database::with_extension("memory_limit");
    let role = format!("{}_user", database.name);
    let mut owner = database.client();
    owner
        .batch_execute(&format!("CREATE ROLE {role} LOGIN"))
        .unwrap();
    // before the library is loaded the setting is only a name, and a value of somebody else's
    let mut early = database.client_as(&role);
    early
        .batch_execute("SET rct.memory_limit = '1000GB'; SELECT rct.bucket('a', 'b')")
        .unwrap();
    let limit: String = early
        .query_one("SHOW rct.memory_limit", &[])
        .unwrap()
        .get(0);
    assert_eq!(limit, "256MB");
    for statement in [
        "SET rct.memory_limit = '1GB'",
        "SET LOCAL rct.memory_limit = '64kB'",
        "SELECT set_config('rct.memory_limit', '1GB', false)",
    ] {
        let error = early.batch_execute(statement).err();
        assert_eq!(
            error
                .and_then(|e| e.code().map(|c| c.code().to_owned()))
                .as_deref(),
            Some("42501"),
            "{statement}"
        );
    }
    let alter = format!("ALTER ROLE {role} SET rct.memory_limit = '1GB'");
    assert!(early.batch_execute(&alter).is_err(), "{alter}");
    owner
        .batch_execute(&format!("SELECT rct.bucket('a', 'b'); {alter}"))
        .unwrap();
    let mut later = database.client_as(&role);
    later.batch_execute("SELECT rct.bucket('a', 'b')").unwrap();
    let limit: String = later
        .query_one("SHOW rct.memory_limit", &[])
        .unwrap()
        .get(0);
    assert_eq!(limit, "1GB");
    drop((early, later, database));
    let mut client = crate::db::Database::empty("memory_limit_end").maintenance();
    client.batch_execute(&format!("DROP ROLE {role}")).unwrap();
}
