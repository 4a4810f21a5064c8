//! What a call has to do grows with what it is given, and not with its square, nor with all that came before.

use std::fs;

use postgres::Client;

use super::{run, value, words};
use crate::cluster::skip;
use crate::db::{Database, told};
use crate::district::Logins;
use crate::wait::wait_until;

/// Pages that a statement touches, of tables, indexes and catalogs.
fn pages(client: &mut Client, statement: &str) -> i64 {
    let explain =
        format!("EXPLAIN (ANALYZE, BUFFERS, COSTS off, TIMING off, FORMAT json) {statement}");
    let plan: serde_json::Value = value(client, &explain).parse().expect("JSON");
    let number = |name: &str| {
        plan[0]["Plan"][name]
            .as_i64()
            .expect("BUFFERS was asked for")
    };
    number("Shared Hit Blocks") + number("Shared Read Blocks")
}

/// Time that the processor has worked for a session, in clock ticks: how busy the machine is does not matter.
fn work_of(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// A call with so many groups is refused, in words that say how many may be, or does work that is in proportion to them.
#[test]
fn many_groups_of_a_user() {
    let (_roles, [reader]) = Logins::new("groups", ["reader"]);
    let database = Database::with_extension("groups");
    let mut client = database.client();
    let pid = super::pid(&mut client);
    let set = |client: &mut Client, user: &str, groups: usize| {
        client.execute(
            &format!("SELECT rct.set_groups($1, jsonb_build_object('class', (SELECT jsonb_agg('c' || i) FROM generate_series(1, {groups}) i)))"),
            &[&user],
        )
    };
    let Err(error) = set(&mut client, "many", 10_000) else {
        let Some(before) = work_of(pid) else {
            return skip(
                "attacks::work::many_groups_of_a_user",
                "the work of a process is told by Linux only",
            );
        };
        let mut worked = |users: usize, groups: usize| {
            let before = work_of(pid).expect("as before");
            for user in 0..users {
                let done = set(&mut client, &format!("{groups} {user}"), groups);
                done.unwrap_or_else(|e| panic!("{groups} groups: {}", told(&e)));
            }
            work_of(pid).expect("as before") - before
        };
        // as many groups in all: the same work, were it in proportion
        let (few_each, many_each) = (worked(16, 625), worked(1, 10_000));
        println!(
            "ticks before {before}, 16 users of 625 groups {few_each}, 1 of 10,000 {many_each}"
        );
        assert!(
            many_each <= 4 * few_each + 20,
            "10,000 groups of one user take {many_each} ticks, 625 of each of 16 {few_each}"
        );
        return;
    };
    let error = error.as_db_error().expect("from the server");
    assert!(["54000", "22023"].contains(&error.code().code()), "{error}");
    let said = words(error);
    let limit: usize = said
        .split(|c: char| !c.is_ascii_digit() && c != ',')
        .filter_map(|number| number.replace(',', "").parse().ok())
        .find(|number| *number != 10_000)
        .unwrap_or_else(|| panic!("no limit is named: {said}"));
    set(&mut client, "as many as may be", limit)
        .unwrap_or_else(|e| panic!("{limit} groups: {}", told(&e)));
    assert!(set(&mut client, "one more", limit + 1).is_err());
    let left = "SELECT count(*) FROM rct.membership WHERE user_id IN ('many', 'one more')";
    assert_eq!(value(&mut client, left), "0");

    // A roster gives groups too, and knows which user has too many.
    let roster = "CREATE TABLE public.wide AS SELECT u AS user_id, 'class' AS group_type, 'c' || i AS group_id FROM unnest('{fits,one more}'::text[]) u,";
    run(
        &mut client,
        &format!(
            "{roster} generate_series(1, {limit} + (u = 'one more')::int) i; GRANT SELECT ON public.wide TO {reader};
             SELECT rct.grant_reader('{reader}')"
        ),
    );
    let error = client
        .batch_execute("SELECT rct.load_roster('public.wide')")
        .unwrap_err();
    let error = error.as_db_error().expect("from the server");
    assert_eq!(error.code().code(), "54000", "{error}");
    assert!(words(error).contains("\"one more\""), "{error}");
    run(
        &mut client,
        "DELETE FROM public.wide WHERE user_id = 'one more'; SELECT rct.load_roster('public.wide')",
    );
}

/// So are many types, many users of a list, and a long batch.
#[test]
fn many_of_other_things() {
    let database = Database::with_extension("others");
    let mut client = database.client();
    run(&mut client, "SELECT rct.create_segment('s')");
    for (what, statement) in [
        (
            "types of group",
            "SELECT rct.set_groups('$N', (SELECT jsonb_object_agg('t' || i, jsonb_build_array('c')) FROM generate_series(1, $C) i))",
        ),
        (
            "working groups",
            "SELECT rct.set_groups('$N', (SELECT jsonb_object_agg('t' || i, jsonb_build_array('c')) FROM generate_series(1, $C) i), (SELECT jsonb_object_agg('t' || i, 'c') FROM generate_series(1, $C) i))",
        ),
        (
            "members of a segment",
            "SELECT rct.add_members('s', jsonb_build_object('users', (SELECT jsonb_agg('$N ' || i) FROM generate_series(1, $C) i)))",
        ),
        (
            "groups of a segment",
            "SELECT rct.add_members('s', jsonb_build_object('groups', jsonb_build_object('class', (SELECT jsonb_agg('$N ' || i) FROM generate_series(1, $C) i))))",
        ),
        (
            "events of a batch",
            "SELECT rct.log_batch((SELECT jsonb_agg(jsonb_build_object('context', 'c', 'user_id', '$N', 'metrics', jsonb_build_object('m', i), 'event_id', '$N' || i)) FROM generate_series(1, $C) i))",
        ),
        (
            "metrics of an event",
            "SELECT rct.log('c', '$N', (SELECT jsonb_object_agg('$N' || i, i) FROM generate_series(1, $C) i))",
        ),
    ] {
        let pages_of = |count: usize, client: &mut Client| {
            let statement = statement
                .replace("$N", &format!("u{count}"))
                .replace("$C", &count.to_string());
            pages(client, &statement)
        };
        // once, so that catalogs are in the session's memory
        pages_of(3, &mut client);
        let (few, many) = (pages_of(100, &mut client), pages_of(800, &mut client));
        assert!(
            many <= 16 * few + 2000,
            "{what}: {few} pages for 100, {many} for 800"
        );
    }
}

/// The ten-thousandth mark of a user within subjects touches no more than the hundredth.
#[test]
fn marks_do_not_grow_with_those_before() {
    let database = Database::with_extension("repetitions");
    let mut client = database.client();
    run(
        &mut client,
        r#"SELECT rct.create_experiment('{"key": "w", "context": "c", "unit": "within_subjects", "conditions": [{"code": "a"}, {"code": "b"}, {"code": "c"}], "decision_points": [{"site": "s"}]}');
           SELECT rct.create_experiment('{"key": "i", "context": "d", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "s"}]}');
           SELECT rct.set_status('w', 'enrolling'), rct.set_status('i', 'enrolling')"#,
    );
    for (context, call) in [
        ("c", "SELECT * FROM rct.mark('c', 'u', 's', NULL)"),
        ("c", "SELECT * FROM rct.condition_for('c', 's', NULL, 'u')"),
        ("d", "SELECT * FROM rct.mark('d', 'u', 's', NULL)"),
        (
            "d",
            "SELECT rct.log('d', 'u', '{\"m\": 1}', event_id => gen_random_uuid()::text)",
        ),
    ] {
        let mark = client.prepare(&format!("SELECT rct.mark('{context}', 'u', 's', NULL), rct.log('{context}', 'u', '{{\"m\": 1}}')"));
        let mark = mark.unwrap();
        let mut touched = |marks| {
            for _ in 0..marks {
                client
                    .execute(&mark, &[])
                    .unwrap_or_else(|e| panic!("{}", told(&e)));
            }
            // versions of a row that are dead are cleaned up now and then: the least of some is what a call needs
            (0..10)
                .map(|_| pages(&mut client, call))
                .min()
                .expect("ten")
        };
        let few = touched(100);
        let mut many = touched(2500);
        // Versions stay for as long as anybody in the server, such as a replica that is set up, might still look at them.
        wait_until("dead versions are gone", || {
            many = many.min(touched(10));
            many <= 2 * few // indexes are a level deeper; twenty-five times as many marks were twenty-five times as many rows
        });
        println!("{call}: {few} pages after 100 marks, {many} after more than 2,600");
    }
}
