//! Any plan gives the same bytes: parallel with any number of workers, rows in any order, hashed, sorted, in windows,
//! in grouping sets and in loops. The plan is looked at, too: a test of a parallel plan that is not parallel tests nothing.

use postgres::Client;

use crate::db::{Database, told};
use crate::random::Random;

/// Rows of the test table; enough for each of 4 workers to get some.
const ROWS: i32 = 16_000;
const WORKERS: [u32; 4] = [0, 1, 2, 4];

/// What is computed: a name and an aggregate, as bytes.
const AGGREGATES: [(&str, &str); 41] = [
    (
        "sketch by text",
        "rct.sketch(offset_y, arm, cluster::text)::bytea",
    ),
    (
        "sketch by bigint",
        "rct.sketch(offset_y, arm, cluster)::bytea",
    ),
    (
        "sketch of mixed magnitudes",
        "rct.sketch(wild, arm, cluster)::bytea",
    ),
    (
        "sketch of everything",
        "rct.sketch('offset_y, z, y / n ~ x, offset_x; exposure: exposed; weight: weight', arm, cluster, stratum, offset_y, nullif(y, 3), y, x, x, offset_x, exposed, weight)::bytea",
    ),
    (
        "sketch of wild covariates",
        "rct.sketch('y ~ x, wild; exposure: wild2', arm, cluster % 17, NULL, y, x, wild, wild)::bytea",
    ),
    (
        "sketch with a stratum",
        "rct.sketch(offset_y, arm, cluster, stratum::text)::bytea",
    ),
    (
        "sketch with a covariate",
        "rct.sketch(offset_y, arm, cluster::text, stratum::text, offset_x)::bytea",
    ),
    // large enough for the ways that large sketches are made in
    (
        "sketch with a cluster per row",
        "rct.sketch(y, arm, id::bigint)::bytea",
    ),
    (
        "sketch with many clusters, each several times",
        "rct.sketch('offset_y ~ x, offset_x; exposure: exposed', arm, id::bigint % 9973, stratum, offset_y, x, offset_x, exposed)::bytea",
    ),
    (
        "sketch of an array, an exposure and a weight",
        "rct.sketch(offset_y, arm, cluster, stratum, ARRAY[x, offset_x]::float8[], exposed, weight)::bytea",
    ),
    (
        "sketch of students",
        "rct.student_sketch('offset_y, wild ~ x', arm, stratum, offset_y, wild, x)::bytea",
    ),
    ("rollup", "rct.rollup(part)::bytea"),
    ("first", "float8send(rct.first(offset_y, at))"),
    ("first of wild", "float8send(rct.first(wild, at))"),
    (
        "first with tie-break",
        "float8send(rct.first(offset_y, at, tie))",
    ),
    ("first by bigint", "float8send(rct.first(offset_y, tie))"),
    (
        "first by timestamp",
        "float8send(rct.first(wild, at::timestamp, tie))",
    ),
    ("last", "float8send(rct.last(offset_y, at))"),
    ("last of wild", "float8send(rct.last(wild, at))"),
    (
        "last with tie-break",
        "float8send(rct.last(offset_y, at, tie))",
    ),
    ("median", "float8send(rct.median(offset_y))"),
    ("median of wild", "float8send(rct.median(wild))"),
    ("first of text", "convert_to(rct.first(word, at), 'UTF8')"),
    (
        "first of text with tie-break",
        "convert_to(rct.first(word, at, tie), 'UTF8')",
    ),
    ("last of text", "convert_to(rct.last(word, at), 'UTF8')"),
    (
        "last of text with tie-break",
        "convert_to(rct.last(word, tie % 5, tie), 'UTF8')",
    ),
    (
        "mode of text",
        "convert_to(rct.reduce(word, at, 'mode'), 'UTF8')",
    ),
    (
        "first of text by word",
        "convert_to(rct.reduce(word, at, 'first'), 'UTF8')",
    ),
    (
        "last of text by word",
        "convert_to(rct.reduce(word, at, 'last'), 'UTF8')",
    ),
    ("reduce: first", "float8send(rct.reduce(wild, at, 'first'))"),
    ("reduce: last", "float8send(rct.reduce(wild, at, 'last'))"),
    (
        "reduce: mean, sum",
        "float8send(rct.reduce(wild, at, 'mean')) || float8send(rct.reduce(offset_y / 3, at, 'sum'))",
    ),
    (
        "reduce: median",
        "float8send(rct.reduce(wild, at, 'median'))",
    ),
    ("reduce: min", "float8send(rct.reduce(wild, at, 'min'))"),
    ("reduce: max", "float8send(rct.reduce(wild, at, 'max'))"),
    ("reduce: count", "float8send(rct.reduce(wild, at, 'count'))"),
    ("reduce: mode", "float8send(rct.reduce(y, at, 'mode'))"),
    (
        "reduce without time",
        "float8send(rct.reduce(wild, 'mean')) || float8send(rct.reduce(wild, 'median'))",
    ),
    (
        "reduce text without time",
        "convert_to(rct.reduce(word, 'mode'), 'UTF8')",
    ),
    (
        "reduce: mode of wild",
        "float8send(rct.reduce(wild, at, 'mode'))",
    ),
    (
        "reduce: stddev",
        "float8send(rct.reduce(offset_y, at, 'stddev')) || float8send(rct.reduce(y, tie, 'stddev'))",
    ),
];

/// The table, and the same rows in another order as `shuffled_1`, `shuffled_2`.
fn fill(client: &mut Client, random: &mut Random) {
    client
        .batch_execute(&format!(
            "CREATE FUNCTION spread(i int, salt int, n int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
                 AS $$ SELECT (hashint8extended(i, salt) & 2147483647)::int % n $$;
             CREATE TABLE data AS
             SELECT i AS id, spread(i, 1, 397)::bigint AS cluster, (ARRAY['a', 'b', 'c'])[1 + spread(i, 1, 397) % 3] AS arm,
                    spread(i, 1, 397)::bigint % 7 AS stratum, y, 1e9 + y / 3 AS offset_y, spread(i, 3, 50) / 8.0 AS x,
                    -1e9 + spread(i, 4, 1000) AS offset_x,
                    CASE WHEN spread(i, 9, 40) > 0 THEN (spread(i, 5, 2000) - 1000.5) * 10::double precision ^ (spread(i, 6, 600) - 300) END AS wild,
                    CASE WHEN spread(i, 7, 10) > 0 THEN (spread(i, 7, 2))::double precision END AS exposed,
                    (1 + spread(i, 8, 4)) / 2.0 AS weight,
                    timestamptz '2024-09-01 08:00+00' + spread(i, 10, 300) * interval '1 minute' AS at,
                    i::bigint % 1009 AS tie, 'word ' || spread(i, 11, 60) AS word
             FROM generate_series(1, {ROWS}) AS i, LATERAL (SELECT spread(i, 2, 800) / 4.0::double precision AS y) AS v;
             ALTER TABLE data ADD part rct.sketch;
             UPDATE data SET part = p.part
             FROM (SELECT max(id) AS id, rct.sketch('wild ~ x; weight: weight', arm, cluster, stratum, wild, x, weight) AS part FROM data GROUP BY tie) AS p
             WHERE data.id = p.id"
        ))
        .unwrap();
    for number in 1..=2 {
        let salt = random.bits() as i64;
        client
            .batch_execute(&format!(
                "CREATE TABLE shuffled_{number} AS SELECT * FROM data ORDER BY hashint8extended(id, {salt})"
            ))
            .unwrap();
    }
    for table in ["data", "shuffled_1", "shuffled_2"] {
        client
            .batch_execute(&format!(
                "ALTER TABLE {table} SET (parallel_workers = 4); ANALYZE {table}"
            ))
            .unwrap();
    }
}

/// Settings with which a parallel plan is always the cheapest.
fn parallel(client: &mut Client, workers: u32) {
    client
        .batch_execute(&format!(
            "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
             SET max_parallel_workers_per_gather = {workers}"
        ))
        .unwrap();
}

fn explain(client: &mut Client, options: &str, query: &str) -> String {
    let rows = client
        .query(&format!("EXPLAIN (COSTS off{options}) {query}"), &[])
        .unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.join("\n")
}

/// The number after `label` in a plan.
fn number_in(plan: &str, label: &str) -> Option<u32> {
    let (_, rest) = plan.split_once(label)?;
    rest.trim()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .ok()
}

/// First column as text, second as bytes.
fn rows(client: &mut Client, query: &str) -> Vec<(String, Option<Vec<u8>>)> {
    client
        .query(query, &[])
        .unwrap_or_else(|e| panic!("{query}: {}", told(&e)))
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect()
}

fn check_equal(
    what: &str,
    wanted: &[(String, Option<Vec<u8>>)],
    got: &[(String, Option<Vec<u8>>)],
) {
    assert_eq!(wanted.len(), got.len(), "{what}: number of rows");
    for ((key, wanted), (other, got)) in wanted.iter().zip(got) {
        assert_eq!(key, other, "{what}: keys");
        assert!(wanted == got, "{what}: {key} has other bytes");
    }
}

fn asserted_parallel(client: &mut Client, query: &str, workers: u32, what: &str) {
    let plan = explain(client, ", ANALYZE, TIMING off, SUMMARY off", query);
    for part in ["Gather", "Partial", "Finalize"] {
        assert!(
            plan.contains(part),
            "{what}: the plan has no {part}\n{plan}"
        );
    }
    assert_eq!(
        number_in(&plan, "Workers Launched:"),
        Some(workers),
        "{what}: workers\n{plan}"
    );
}

#[test]
fn workers_and_row_order_do_not_change_a_byte() {
    let mut random = Random::new("parallel");
    let database = Database::with_extension("parallel");
    let mut client = database.client();
    fill(&mut client, &mut random);
    let each: Vec<String> = AGGREGATES
        .iter()
        .map(|(name, call)| format!("('{name}', {call})"))
        .collect();
    // one query for all of them, so that the table is read once
    let query = |table: &str| {
        format!(
            "SELECT v.* FROM (SELECT {} FROM {table}) AS a, LATERAL (VALUES {}) AS v (name, bytes)",
            (0..each.len())
                .map(|i| format!("{} AS r{i}", AGGREGATES[i].1))
                .collect::<Vec<_>>()
                .join(", "),
            (0..each.len())
                .map(|i| format!("('{}', a.r{i})", AGGREGATES[i].0))
                .collect::<Vec<_>>()
                .join(", ")
        )
    };
    parallel(&mut client, 0);
    let wanted = rows(&mut client, &query("data"));
    assert_eq!(wanted.len(), AGGREGATES.len());
    for (name, bytes) in &wanted {
        assert!(bytes.is_some(), "{name} is NULL, which tests nothing");
    }
    for workers in WORKERS {
        for table in ["data", "shuffled_1", "shuffled_2"] {
            parallel(&mut client, workers);
            let what = format!("{workers} workers, {table}");
            if workers > 0 {
                asserted_parallel(&mut client, &query(table), workers, &what);
            } else {
                let plan = explain(&mut client, "", &query(table));
                assert!(!plan.contains("Gather"), "{what}\n{plan}");
            }
            check_equal(&what, &wanted, &rows(&mut client, &query(table)));
        }
    }
    // without the leader, too
    parallel(&mut client, 2);
    client
        .batch_execute("SET parallel_leader_participation = off")
        .unwrap();
    asserted_parallel(&mut client, &query("shuffled_1"), 2, "workers only");
    check_equal(
        "workers only",
        &wanted,
        &rows(&mut client, &query("shuffled_1")),
    );
}

/// Each aggregate on its own has a parallel plan; all together could hide one that has none.
#[test]
fn every_aggregate_is_planned_in_parallel() {
    let mut random = Random::new("planned");
    let database = Database::with_extension("planned");
    let mut client = database.client();
    fill(&mut client, &mut random);
    parallel(&mut client, 2);
    for (name, call) in AGGREGATES {
        let plan = explain(&mut client, "", &format!("SELECT {call} FROM data"));
        assert!(
            plan.contains("Finalize Aggregate") && plan.contains("Partial Aggregate"),
            "{name}\n{plan}"
        );
    }
}

#[test]
fn hashing_sorting_and_workers_give_the_same_groups() {
    let mut random = Random::new("groups");
    let database = Database::with_extension("groups");
    let mut client = database.client();
    fill(&mut client, &mut random);
    let query = |call: &str| {
        format!("SELECT stratum || arm, {call} FROM shuffled_1 GROUP BY stratum, arm ORDER BY 1")
    };
    // PostgreSQL sorts anyway when there is no other way
    let hashed = "SET enable_hashagg = on; SET enable_sort = off";
    let sorted = "SET enable_hashagg = off; SET enable_sort = on";
    for (name, call) in AGGREGATES {
        parallel(&mut client, 0);
        client.batch_execute(hashed).unwrap();
        let plan = explain(&mut client, "", &query(call));
        assert!(plan.contains("HashAggregate"), "{name}\n{plan}");
        let wanted = rows(&mut client, &query(call));
        assert_eq!(wanted.len(), 21);

        client.batch_execute(sorted).unwrap();
        let plan = explain(&mut client, "", &query(call));
        assert!(plan.contains("GroupAggregate"), "{name}\n{plan}");
        check_equal(
            &format!("{name}, sorted"),
            &wanted,
            &rows(&mut client, &query(call)),
        );

        for (how, setting) in [("hashed", hashed), ("sorted", sorted)] {
            parallel(&mut client, 2);
            client.batch_execute(setting).unwrap();
            let what = format!("{name}, {how} by workers");
            let plan = explain(&mut client, "", &query(call));
            assert!(
                plan.contains("Finalize") && plan.contains("Gather"),
                "{what}\n{plan}"
            );
            check_equal(&what, &wanted, &rows(&mut client, &query(call)));
        }
        client
            .batch_execute("RESET enable_hashagg; RESET enable_sort")
            .unwrap();
    }
}

#[test]
fn grouping_sets_give_the_same_groups() {
    let mut random = Random::new("sets");
    let database = Database::with_extension("sets");
    let mut client = database.client();
    fill(&mut client, &mut random);
    for (name, call) in AGGREGATES {
        let sets = rows(
            &mut client,
            &format!(
                "SELECT concat_ws('/', arm, stratum::text, GROUPING(arm, stratum)), {call} FROM shuffled_2
                 GROUP BY GROUPING SETS ((arm), (stratum), (arm, stratum), ()) ORDER BY 1"
            ),
        );
        let apart = rows(
            &mut client,
            &format!(
                "SELECT concat_ws('/', arm, '1') AS key, {call} FROM data GROUP BY arm UNION ALL
                 SELECT concat_ws('/', stratum::text, '2'), {call} FROM data GROUP BY stratum UNION ALL
                 SELECT concat_ws('/', arm, stratum::text, '0'), {call} FROM data GROUP BY arm, stratum UNION ALL
                 SELECT '3', {call} FROM data ORDER BY 1"
            ),
        );
        check_equal(name, &apart, &sets);
    }
}

#[test]
fn windows_and_loops_give_the_same() {
    let mut random = Random::new("windows");
    let database = Database::with_extension("windows");
    let mut client = database.client();
    fill(&mut client, &mut random);
    client
        .batch_execute("CREATE TABLE few AS SELECT * FROM data WHERE id <= 120 AND wild IS NOT NULL OR part IS NOT NULL AND id % 50 = 0")
        .unwrap();
    for (name, call) in AGGREGATES {
        // the state goes on after each row's result has been taken
        let call = |window: &str| {
            let mut with = String::new();
            let mut rest = call;
            while let Some(at) = rest.find("rct.") {
                let (head, tail) = rest.split_at(at);
                let mut depth = 0;
                let end = tail.find(|c| {
                    depth += (c == '(') as i32 - (c == ')') as i32;
                    c == ')' && depth == 0
                });
                let (call, tail) = tail.split_at(end.expect("a call") + 1);
                with = with + head + call + " OVER (" + window + ")";
                rest = tail;
            }
            with + rest
        };
        let plain = AGGREGATES
            .iter()
            .find(|(n, _)| *n == name)
            .expect("itself")
            .1;
        let running = rows(
            &mut client,
            &format!(
                "SELECT id::text, {} FROM few ORDER BY few.id",
                call("ORDER BY id")
            ),
        );
        let again = rows(
            &mut client,
            &format!(
                "SELECT id::text, (SELECT {plain} FROM few AS few_again WHERE few_again.id <= few.id) FROM few ORDER BY few.id"
            ),
        );
        check_equal(&format!("{name}, running"), &again, &running);
        let frame = rows(
            &mut client,
            &format!(
                "SELECT id::text, {} FROM few ORDER BY few.id",
                call("ORDER BY id ROWS BETWEEN 3 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW")
            ),
        );
        let again = rows(
            &mut client,
            &format!(
                "WITH numbered AS (SELECT *, row_number() OVER (ORDER BY id) AS nr FROM few)
                 SELECT id::text, (SELECT {plain} FROM numbered AS n WHERE n.nr BETWEEN numbered.nr - 3 AND numbered.nr + 1 AND n.nr <> numbered.nr)
                 FROM numbered ORDER BY numbered.id"
            ),
        );
        check_equal(&format!("{name}, frame"), &again, &frame);
    }

    client
        .batch_execute(
            "CREATE FUNCTION in_a_loop() RETURNS rct.sketch LANGUAGE plpgsql AS $$
             DECLARE
                 total rct.sketch;
                 part rct.sketch;
             BEGIN
                 FOR i IN 0..199 LOOP
                     SELECT rct.sketch('wild ~ x, offset_x; exposure: exposed; weight: weight', arm, cluster, stratum, wild, x, offset_x, exposed, weight) INTO part FROM data WHERE id % 200 = i;
                     SELECT rct.rollup(s) INTO total FROM (VALUES (total), (part)) AS v (s);
                 END LOOP;
                 RETURN total;
             END $$",
        )
        .unwrap();
    let looped = rows(&mut client, "SELECT '', in_a_loop()::bytea");
    let whole = rows(
        &mut client,
        "SELECT '', rct.sketch('wild ~ x, offset_x; exposure: exposed; weight: weight', arm, cluster, stratum, wild, x, offset_x, exposed, weight)::bytea FROM data",
    );
    check_equal("rollup in a loop", &whole, &looped);
}

/// Every number of a result, bit by bit.
const BITS: &str = "(SELECT string_agg(coalesce(float8send(n), 'null'), '')
                     FROM unnest(ARRAY[estimate, std_error, df, t, p_value, ci_low, ci_high, mean, mean_control, sd, sd_control, hedges_g, lift,
                                       lift_low, lift_high]) WITH ORDINALITY AS u (n, nr))";

#[test]
fn effects_have_the_same_bits() {
    let mut random = Random::new("effects");
    let database = Database::with_extension("effects");
    let mut client = database.client();
    fill(&mut client, &mut random);
    let query = |table: &str, outcome: &str, adjust: &str, se: &str| {
        format!(
            "SELECT condition, {BITS} FROM rct.effects(
                 (SELECT rct.sketch('outcome ~ x, offset_x; exposure: exposed; weight: weight', arm, cluster, stratum, {outcome}, x, offset_x, exposed, weight) FROM {table}), 'a', '{adjust}', se => '{se}')"
        )
    };
    // the whole range of magnitudes has no analysis: squares must be doubles
    let tame = "y * 10::double precision ^ (id % 200 - 100)";
    for (outcome, adjust, se) in [
        ("offset_y", "none", "CR2"),
        ("offset_y", "ancova", "CR2"),
        (tame, "none", "CR2"),
        (tame, "ancova", "CR1S"),
        (tame, "none", "CR3"),
        ("offset_y", "ancova", "naive"),
    ] {
        parallel(&mut client, 0);
        let wanted = rows(&mut client, &query("data", outcome, adjust, se));
        assert_eq!(wanted.len(), 2);
        for workers in [1, 2, 4] {
            for table in ["data", "shuffled_1", "shuffled_2"] {
                parallel(&mut client, workers);
                let query = query(table, outcome, adjust, se);
                let what =
                    format!("effects of {outcome}, {adjust}, {se}, {workers} workers, {table}");
                let plan = explain(&mut client, "", &query);
                assert!(plan.contains("Partial Aggregate"), "{what}\n{plan}");
                check_equal(&what, &wanted, &rows(&mut client, &query));
            }
        }
    }
}

/// Effects can themselves be computed by workers, many at once.
#[test]
fn effects_are_computed_by_workers() {
    let database = Database::with_extension("effects_by_workers");
    let mut client = database.client();
    client
        .batch_execute(
            "CREATE TABLE sketches AS
             SELECT g, rct.sketch((i * 7919 + g * 31) % 101, CASE WHEN i % 20 < 10 THEN 'a' ELSE 'b' END, i % 20) AS s
             FROM generate_series(1, 300) AS g, generate_series(1, 200) AS i GROUP BY g;
             ALTER TABLE sketches SET (parallel_workers = 2); ANALYZE sketches",
        )
        .unwrap();
    let query = format!("SELECT g::text, {BITS} FROM sketches, rct.effects(s, 'a') ORDER BY g");
    parallel(&mut client, 0);
    let wanted = rows(&mut client, &query);
    assert_eq!(wanted.len(), 300);
    parallel(&mut client, 2);
    let plan = explain(&mut client, "", &query);
    let gather = plan
        .find("Gather")
        .unwrap_or_else(|| panic!("no Gather\n{plan}"));
    assert!(
        plan.find("Function Scan on effects")
            .is_some_and(|f| f > gather),
        "the function is not below Gather\n{plan}"
    );
    check_equal("effects by workers", &wanted, &rows(&mut client, &query));
}

/// A backend that runs out of memory again and again has all of it the next time.
#[test]
fn failures_give_their_memory_back() {
    let mut random = Random::new("memory");
    let database = Database::with_extension("memory");
    let mut client = database.client();
    fill(&mut client, &mut random);
    let sketch = |clusters: u32| {
        format!(
            "SELECT '', rct.sketch('y ~ x', 'a', i, 0, i, i)::bytea FROM generate_series(1, {clusters}) AS i"
        )
    };
    client
        .batch_execute("SET rct.memory_limit = '2MB'")
        .unwrap();
    let fits = (0..)
        .map(|i| 500 + 250 * i)
        .take_while(|&n| client.query(&sketch(n), &[]).is_ok())
        .last()
        .expect("500 clusters fit into 2 MB");
    assert!((1000..50_000).contains(&fits), "{fits} clusters");
    let wanted = rows(&mut client, &sketch(fits));
    let failures = [
        sketch(fits * 3),
        "SELECT rct.median(i) FROM generate_series(1, 400000) AS i".to_owned(),
        "SELECT rct.reduce(i::text, 1, 'mode') FROM generate_series(1, 400000) AS i".to_owned(),
        "SELECT rct.rollup(s) FROM (SELECT rct.sketch(i, 'a', i) AS s FROM generate_series(1, 100000) AS i GROUP BY i % 100) AS p".to_owned(),
        // a state of each kind in every group
        "SELECT rct.sketch(i, 'a', i), rct.median(i), rct.reduce(i, i, 'mode') FROM generate_series(1, 100000) AS i GROUP BY i % 5000".to_owned(),
        // in the middle of a group, by another error
        format!("SELECT rct.sketch(i, 'a', i), rct.median(1 / ({fits} - i)) FROM generate_series(1, {fits}) AS i"),
        // in workers and leader
        "SELECT rct.sketch('y ~ x', arm, id::bigint, 0, y, x) FROM data".to_owned(),
    ];
    parallel(&mut client, 2);
    for round in 0..50 {
        let kinds = [&failures[0], &failures[round % failures.len()]];
        for failure in kinds {
            let error = client.query(failure, &[]).err();
            let error = error.unwrap_or_else(|| panic!("{failure}: did not fail"));
            let code = error.code().map_or("none", |c| c.code()).to_owned();
            assert!(
                code == "54000" || code == "22012",
                "{failure}: {}",
                told(&error)
            );
        }
        check_equal(
            &format!("after {} failures", 2 * (round + 1)),
            &wanted,
            &rows(&mut client, &sketch(fits)),
        );
    }
    // caught in a function, in one transaction
    client
        .batch_execute(
            "DO $$
             BEGIN
                 FOR i IN 1..50 LOOP
                     BEGIN
                         PERFORM rct.sketch(k, 'a', k) FROM generate_series(1, 100000) AS k;
                         RAISE EXCEPTION 'it did not fail';
                     EXCEPTION WHEN program_limit_exceeded THEN
                         NULL;
                     END;
                 END LOOP;
             END $$",
        )
        .unwrap();
    check_equal("after a loop", &wanted, &rows(&mut client, &sketch(fits)));
}
