//! Definitions at each limit, in real calls: what can be created is answered by every function, and one more is refused.

use postgres::Client;

use crate::db::{Database, told};

fn said(client: &mut Client, statement: &str) -> String {
    match client.batch_execute(statement) {
        Ok(()) => panic!("{statement}: was accepted"),
        Err(e) => {
            client.batch_execute("ROLLBACK").unwrap();
            told(&e)
        }
    }
}

fn number(client: &mut Client, query: &str) -> i64 {
    let row = client.query_one(query, &[]);
    row.unwrap_or_else(|e| panic!("{query}: {}", told(&e)))
        .get(0)
}

/// `rct.create_experiment` of as many conditions and decision points.
fn create(key: &str, conditions: usize, points: usize, more: &str) -> String {
    format!(
        "SELECT rct.create_experiment(jsonb_build_object('key', '{key}', 'context', '{key}',
             'conditions', (SELECT jsonb_agg(jsonb_build_object('code', 'c' || i)) FROM generate_series(1, {conditions}) AS i),
             'decision_points', (SELECT jsonb_agg(jsonb_build_object('site', 's', 'target', 't' || i)) FROM generate_series(1, {points}) AS i))
             || '{more}')"
    )
}

/// An experiment that is as large as it may be is answered by all functions, for each way of assigning.
#[test]
fn the_largest_experiments_are_answered() {
    let database = Database::with_extension("largest");
    let mut client = database.client();
    client
        .batch_execute(
            "SELECT rct.set_groups('u' || i, jsonb_build_object('class', ARRAY['k' || i % 7])) FROM generate_series(1, 40) AS i",
        )
        .unwrap();
    for (key, more, enrolls) in [
        ("individual", r#"{}"#, true),
        (
            "grouped",
            r#"{"unit": "group", "group_type": "class"}"#,
            true,
        ),
        (
            "square",
            r#"{"unit": "within_subjects", "assignment": {"order": "latin_square"}}"#,
            false,
        ),
        (
            "robin",
            r#"{"unit": "within_subjects", "assignment": {"order": "random_round_robin"}}"#,
            false,
        ),
        (
            "randomized",
            r#"{"assignment": {"algorithm": "complete", "late": "next_slot"}}"#,
            true,
        ),
    ] {
        let mut run = |statement: &str| {
            let done = client.batch_execute(statement);
            done.unwrap_or_else(|e| panic!("{key}: {statement}: {}", told(&e)));
        };
        run(&create(key, 1000, 500, more));
        if key == "randomized" {
            run(&format!(
                "SELECT rct.randomize_experiment('{key}', 'seed', array_agg('u' || i)) FROM generate_series(1, 2000) AS i"
            ));
        }
        let problems = format!("SELECT count(*) FROM rct.preflight('{key}')");
        assert_eq!(number(&mut client, &problems), 0, "{key}");
        client
            .batch_execute(&format!("SELECT rct.set_status('{key}', 'enrolling')"))
            .unwrap();
        for (query, rows) in [
            (
                format!("SELECT count(condition) FROM rct.assign('{key}', 'u1')"),
                500,
            ),
            (
                format!(
                    "SELECT count(condition) FROM rct.condition_for('{key}', 's', 't500', 'u1')"
                ),
                1,
            ),
            (
                format!(
                    "SELECT count(recorded_condition) FROM rct.mark('{key}', 'u1', 's', 't500')"
                ),
                1,
            ),
            (
                format!(
                    "SELECT count(*) FROM rct.mark('{key}', 'u2', 's', 't1', 'no such') WHERE mismatch"
                ),
                1,
            ),
            (
                format!(
                    "SELECT count(*) FROM rct.assign_all('{key}') WHERE user_id IN ('u3', 'u4')"
                ),
                2,
            ),
            (
                format!(
                    "SELECT jsonb_array_length(rct.export_experiment('{key}') #> '{{spec,conditions}}')::bigint"
                ),
                1000,
            ),
            (
                format!(
                    "SELECT jsonb_array_length(rct.experiment_spec('{key}') -> 'decision_points')::bigint"
                ),
                500,
            ),
        ] {
            assert_eq!(number(&mut client, &query), rows, "{query}");
        }
        let steps = format!("SELECT count(*) FROM rct.explain('{key}', 'u1', 's', 't500')");
        assert!(number(&mut client, &steps) > 0);
        let enrolled = format!(
            "SELECT count(n.condition) FROM rct.enrollment AS n JOIN rct.experiment AS e ON e.id = n.experiment_id WHERE e.key = '{key}'"
        );
        assert_eq!(number(&mut client, &enrolled) > 0, enrolls, "{key}");
        client
            .batch_execute(&format!(
                "SELECT rct.import_experiment(rct.export_experiment('{key}'), '{key} again')"
            ))
            .unwrap();
    }
}

/// One more than each limit is refused, names the limit and the number, and leaves nothing behind.
#[test]
fn one_more_is_refused() {
    let database = Database::with_extension("one_more");
    let mut client = database.client();
    let users = |n: usize| format!("(SELECT jsonb_agg(i::text) FROM generate_series(1, {n}) AS i)");
    let object = |n: usize, value: &str| {
        format!("(SELECT jsonb_object_agg('m' || i, {value}) FROM generate_series(1, {n}) AS i)")
    };
    let event = r#"'{"context": "c", "user_id": "u", "metrics": {"m": 1}}'::jsonb"#;
    let batch = |n: usize| format!("(SELECT jsonb_agg({event}) FROM generate_series(1, {n}))");
    client
        .batch_execute("SELECT rct.create_segment('full', '{}')")
        .unwrap();
    for (accepted, refused, message) in [
        (
            create("a", 1000, 1, "{}"),
            create("b", 1001, 1, "{}"),
            "conditions: must be at most 1000, got 1001",
        ),
        (
            create("c", 2, 500, "{}"),
            create("d", 2, 501, "{}"),
            "decision_points: must be at most 500, got 501",
        ),
        (
            format!("SELECT rct.add_members('full', jsonb_build_object('users', {}))", users(100_000)),
            format!("SELECT rct.add_members('full', jsonb_build_object('users', {}))", users(100_001)),
            "members: must be at most 100000, got 100001",
        ),
        (
            format!("SELECT rct.set_groups('u', jsonb_build_object('class', {}))", users(1000)),
            format!("SELECT rct.set_groups('u', jsonb_build_object('class', {}))", users(1001)),
            "groups: must be at most 1000, got 1001",
        ),
        (
            format!("SELECT rct.log('c', 'u', {})", object(1000, "i")),
            format!("SELECT rct.log('c', 'u', {})", object(1001, "i")),
            "metrics: must be at most 1000, got 1001",
        ),
        (
            format!("SELECT rct.log_batch({})", batch(10_000)),
            format!("SELECT rct.log_batch({})", batch(10_001)),
            "events: must be at most 10000, got 10001",
        ),
        (
            "SELECT rct.create_experiment(jsonb_build_object('key', 'e', 'context', 'c', 'default_payload', repeat('x', 1000000)))".to_owned(),
            "SELECT rct.create_experiment(jsonb_build_object('key', 'f', 'context', 'c', 'default_payload', repeat('x', 1048576)))".to_owned(),
            "bytes of the definition: must be at most 1048576, got 1049076",
        ),
        (
            "SELECT rct.declare_metric('c', 'w', jsonb_build_object('type', 'categorical', 'allowed', (SELECT jsonb_agg(i::text) FROM generate_series(1, 1000) AS i)))".to_owned(),
            "SELECT rct.declare_metric('c', 'x', jsonb_build_object('type', 'categorical', 'allowed', (SELECT jsonb_agg(i::text) FROM generate_series(1, 1001) AS i)))".to_owned(),
            "allowed: must be at most 1000, got 1001",
        ),
    ] {
        let done = client.batch_execute(&accepted);
        done.unwrap_or_else(|e| panic!("{accepted}: {}", told(&e)));
        let error = said(&mut client, &refused);
        assert!(error.starts_with(&format!("54000 ERROR: {message}\n")) , "{refused}: {error}");
    }
    let experiments = number(&mut client, "SELECT count(*) FROM rct.experiment");
    assert_eq!(experiments, 3);
}

/// `rct.update_experiment` and what is put together from what exists are held to the limits, too.
#[test]
fn limits_hold_for_changes() {
    let database = Database::with_extension("changes_limits");
    let mut client = database.client();
    client.batch_execute(&create("a", 2, 1, "{}")).unwrap();
    for (statement, message) in [
        (
            "SELECT rct.update_experiment('a', jsonb_build_object('conditions', (SELECT jsonb_agg(jsonb_build_object('code', 'c' || i)) FROM generate_series(1, 1001) AS i)))",
            "54000 ERROR: conditions: must be at most 1000, got 1001",
        ),
        (
            "SELECT rct.update_experiment('a', jsonb_build_object('default_payload', repeat('x', 1048576)))",
            "54000 ERROR: bytes of the definition: must be at most 1048576, got ",
        ),
        (
            "SELECT rct.update_experiment('a', '{\"default_payload\": {\"a\": [1, 1e999]}}')",
            "22023 ERROR: default_payload.a[1]: must be a number that a double can hold, got 1",
        ),
        (
            "SELECT rct.create_experiment(rct.experiment_spec('a') || jsonb_build_object('key', repeat('é', 257)))",
            "22023 ERROR: key: must have at most 512 bytes, got 514",
        ),
        (
            "SELECT rct.clone_experiment('a', repeat('k', 513))",
            "22023 ERROR: key: must have at most 512 bytes, got 513",
        ),
        (
            "SELECT rct.create_experiment(jsonb_build_object('key', 'd', 'context', 'c', 'default_payload', (repeat('[', 64) || repeat(']', 64))::jsonb))",
            "22023 ERROR: default_payload[0][0][0][0][0][0][0]...: must not be nested deeper than 64 levels",
        ),
        (
            "SELECT * FROM rct.simulate('{\"clusters\": 6, \"sd\": 1e999}')",
            "22023 ERROR: design: sd: must be a number that a double can hold, got 1",
        ),
        (
            "SELECT * FROM rct.p_adjust_families('{m}', '{primary}', '{0.01}', (repeat('[', 1000) || repeat(']', 1000))::jsonb)",
            "22023 ERROR: methods[0][0][0][0][0][0][0][0]...: must not be nested deeper than 64 levels",
        ),
        (
            "SELECT rct.set_preview_user('u', '{\"a\": [1, {}], \"b\": \"c\"}')",
            "22023 ERROR: condition",
        ),
        (
            "SELECT rct._identifier('site', repeat('é', 257))",
            "22023 ERROR: site must have at most 512 bytes, got 514",
        ),
        (
            "SELECT rct._identifier('site', '')",
            "22023 ERROR: site must not be empty",
        ),
        (
            "SELECT rct._identifier('site', NULL)",
            "22004 ERROR: site must not be null",
        ),
    ] {
        let error = said(&mut client, statement);
        assert!(error.starts_with(message), "{statement}: {error}");
    }
    let row = client
        .query_one("SELECT rct._identifier('site', repeat('é', 256))", &[])
        .unwrap();
    assert_eq!(row.get::<_, String>(0), "é".repeat(256));
    // 101 experiments at one decision point: the last is refused.
    for i in 1..100 {
        client
            .batch_execute(&format!("SELECT rct.clone_experiment('a', 'a{i}')"))
            .unwrap();
    }
    let error = said(&mut client, "SELECT rct.clone_experiment('a', 'a100')");
    assert!(
        error.starts_with("54000 ERROR: experiments of decision point (\"s\", \"t1\"): must be at most 100, got 101"),
        "{error}"
    );
}
