//! An error tells nothing of users whom the caller has not named: no id, no group, no condition.

use postgres::Client;

use super::{run, words};
use crate::db::Database;
use crate::district::Logins;

/// What a service or an administrator must not learn of the user behind an alias, an event, a group.
const SECRETS: [&str; 6] = [
    "victim",
    "secret-class",
    "secret-list",
    "secret-condition",
    "secret-study",
    "secret-event-of",
];

fn district(tag: &str) -> Database {
    let database = Database::with_extension(tag);
    run(
        &mut database.client(),
        r#"SELECT rct.create_experiment('{"key": "secret-study", "context": "c", "conditions": [{"code": "secret-condition"}, {"code": "secret-condition 2"}], "decision_points": [{"site": "s"}],
               "lists": {"exclude": {"users": ["secret-list"]}}}');
           SELECT rct.set_status('secret-study', 'enrolling');
           SELECT rct.set_groups('victim-77', '{"class": ["secret-class"]}'), rct.add_alias('victim-77', 'nick'), rct.add_alias('victim-77', 'nick2');
           SELECT rct.mark('c', 'victim-77', 's', NULL, event_id => 'e1'), rct.log('c', 'victim-77', '{"m": 1}', event_id => 'l1');
           SELECT rct.mark('c', 'victim-78', 's', NULL, event_id => 'e2'), rct.set_preview_user('victim-79', '{"secret-study": "secret-condition"}')"#,
    );
    database
}

/// Calls that fail, or may: what they say, if so.
fn told_nothing(client: &mut Client, call: &str, must_fail: bool) -> Vec<String> {
    let Err(error) = client.batch_execute(call) else {
        assert!(!must_fail, "was allowed: {call}");
        return Vec::new();
    };
    let error = error.as_db_error().expect("from the server");
    let said = words(error);
    let leak = |secret: &&&str| said.contains(**secret) && !call.contains(**secret);
    SECRETS
        .iter()
        .filter(leak)
        .map(|secret| format!("{call} tells {secret}: {said}"))
        .collect()
}

/// Ids that others have, in every way in which they can be in the way.
#[test]
fn of_others() {
    let (_roles, [service]) = Logins::new("leaks", ["service"]);
    let database = district("leaks");
    run(
        &mut database.client(),
        &format!("SELECT rct.grant_service('{service}')"),
    );
    let mut client = database.client_as(&service);
    let long = "x".repeat(2000);
    let mut leaks = Vec::new();
    for call in [
        // the alias of somebody else
        "SELECT rct.add_alias('me', 'nick')",
        "SELECT rct.add_alias('nick', '')",
        "SELECT rct.add_alias('nick', NULL)",
        &format!("SELECT rct.add_alias('nick', '{long}')"),
        // somebody who has aliases, or records, as an alias
        "SELECT rct.add_alias('nick', 'me-too'); SELECT rct.mark('c', 'known', 's', NULL); SELECT rct.add_alias('nick', 'known')",
        // an alias whose user has the alias already, under another name
        "SELECT rct.add_alias('me', 'nick2')",
        // an event of somebody else, and of somebody behind an alias
        "SELECT rct.mark('c', 'me', 's', NULL, event_id => 'e1')",
        "SELECT rct.mark('c', 'nick', 's', NULL, event_id => 'e2')",
        // what is wrong with the call of an alias
        "SELECT rct.set_groups('nick', NULL)",
        "SELECT rct.set_groups('nick', '[]')",
        r#"SELECT rct.set_groups('nick', '{"class": ["a"]}', '{"class": 1}')"#,
        r#"SELECT rct.set_groups('nick', '{"class": ["a"]}', '{"user": "x"}')"#,
        r#"SELECT rct.set_groups('nick', '{"class": ["a"]}', at => 'infinity')"#,
        &format!(r#"SELECT rct.set_groups('nick', '{{"class": ["{long}"]}}')"#),
        "SELECT rct.set_working_groups('nick', '[]')",
        r#"SELECT rct.set_working_groups('nick', '{"segment": "x"}')"#,
        "SELECT rct.mark('c', 'nick', 's', NULL, status => 'x')",
        "SELECT rct.mark('c', 'nick', '', NULL)",
        "SELECT rct.mark('c', 'nick', 's', NULL, event_id => '')",
        "SELECT rct.mark('c', 'nick', 's', NULL, at => 'infinity')",
        "SELECT rct.log('c', 'nick', '[]')",
        r#"SELECT rct.log_batch('[{"context": "c", "user_id": "nick", "metrics": 1}]')"#,
        "SELECT rct.explain('c', 'nick', 's', NULL)",
        "SELECT rct.set_preview_user('nick')",
        "SELECT * FROM rct.alias",
    ] {
        leaks.extend(told_nothing(&mut client, call, true));
    }
    // in what way these end is not the question
    for call in [
        "SELECT rct.mark('c', 'nick', 's', NULL, experiment => 'unknown')",
        r#"SELECT rct.set_groups('nick', '{"class": ["a"]}', at => '2020-01-01')"#,
        r#"SELECT rct.set_groups('nick', '{"class": ["a", "b"]}', '{"class": "c"}', '2030-01-01')"#,
        r#"SELECT rct.log_batch('[{"context": "c", "user_id": "nick", "metrics": {"m": 1}, "event_id": "l1"}]')"#,
        "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT rct.mark('c', 'nick', 's', NULL); COMMIT",
        "SET statement_timeout = 1; SELECT rct.mark('c', 'nick', 's', NULL) FROM generate_series(1, 1000)",
    ] {
        leaks.extend(told_nothing(&mut client, call, false));
        let _ = client.batch_execute("ROLLBACK; RESET statement_timeout");
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// A person who runs experiments sees what they name, too: users are named in errors by the id that was given.
#[test]
fn of_users_behind_an_alias() {
    let (_roles, [admin]) = Logins::new("alias_leaks", ["admin"]);
    let database = district("alias_leaks");
    run(
        &mut database.client(),
        &format!(
            "SELECT rct.grant_admin('{admin}');
             SELECT rct.create_experiment('{{\"key\": \"blocks\", \"context\": \"c\", \"assignment\": {{\"algorithm\": \"blocks\"}}, \"conditions\": [{{\"code\": \"a\"}}, {{\"code\": \"b\"}}]}}');
             CREATE TABLE public.two AS SELECT 'nick'::text AS user_id, 'class'::text AS group_type, g AS group_id, true AS working FROM unnest('{{a,b}}'::text[]) g;
             CREATE TABLE public.both AS SELECT u AS user_id, 'class'::text AS group_type, u AS group_id, true AS working FROM unnest('{{nick,nick2}}'::text[]) u;
             CREATE TABLE public.gap AS SELECT 'nick'::text AS user_id, 'class'::text AS group_type, ''::text AS group_id;
             GRANT SELECT ON public.two, public.both, public.gap TO {admin}"
        ),
    );
    let mut client = database.client_as(&admin);
    let mut leaks = Vec::new();
    for call in [
        "SELECT rct.load_roster('public.two')",
        "SELECT rct.load_roster('public.both')",
        "SELECT rct.load_roster('public.gap')",
        "SELECT rct.set_preview_user('nick', '[]')",
        r#"SELECT rct.set_preview_user('nick', '{"blocks": "none"}')"#,
        r#"SELECT rct.set_preview_user('nick', '{"no study": "x"}')"#,
        "SELECT rct.randomize_experiment('blocks', 'seed', '{nick,nick2}')",
        "SELECT rct.randomize_experiment('blocks', 'seed', '{nick,nick}')",
        "SELECT rct.randomize_experiment('blocks', 'seed', '{nick,NULL}')",
        "SELECT rct.explain('c', 'nick', 's', NULL, 'infinity')",
        "SELECT rct.explain('', 'nick', 's', NULL)",
    ] {
        leaks.extend(told_nothing(&mut client, call, true));
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// A service learns what it needs: the condition and its reason, and no definition, list, group or count.
#[test]
fn a_service_learns_what_it_needs() {
    let (_roles, [service]) = Logins::new("needs", ["service"]);
    let database = district("needs");
    run(
        &mut database.client(),
        &format!(
            "SELECT rct.grant_service('{service}'); SELECT rct.create_segment('secret-list', '{{\"groups\": {{\"class\": [\"secret-class\"]}}}}', 'global_exclusion');
             ANALYZE rct.enrollment; ANALYZE rct.exposure; ANALYZE rct.membership"
        ),
    );
    let mut client = database.client_as(&service);
    // answers, notices and plans
    for query in [
        "SELECT a::text FROM rct.assign('c', 'nick') AS a",
        "SELECT a::text FROM rct.condition_for('c', 's', NULL, 'nick') AS a",
        "SELECT rct.mark('c', 'nick', 's', NULL)::text",
        "EXPLAIN (ANALYZE, VERBOSE, COSTS off) SELECT * FROM rct.condition_for('c', 's', NULL, 'nick')",
        "EXPLAIN (ANALYZE, VERBOSE, COSTS off) SELECT * FROM rct.mark('c', 'nick', 's', NULL)",
        "SELECT most_common_vals::text FROM pg_catalog.pg_stats WHERE schemaname = 'rct'",
        "SELECT query FROM pg_catalog.pg_stat_activity WHERE usename <> current_user",
        "SELECT coalesce(pg_catalog.pg_sequence_last_value('rct.exposure_id_seq')::text, '')",
    ] {
        let answer = client.simple_query(query);
        let answer = match answer {
            Ok(messages) => format!("{messages:?}"),
            Err(error) => words(error.as_db_error().expect("from the server")),
        };
        // the key and the conditions of an experiment are what an application gets
        for secret in ["victim", "secret-class", "secret-list"] {
            assert!(!answer.contains(secret), "{query} tells {secret}: {answer}");
        }
    }
}
