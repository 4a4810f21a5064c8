//! One limit for identifiers, in bytes, checked before anything is written.

use postgres::Client;

use super::{refused, rows, run, words};
use crate::db::{Database, told};
use crate::district::{Logins, tables};

/// Bytes of an identifier.
const LIMIT: usize = 512;

/// What takes an identifier, written `$I`; `$N` is new each time.
const ENTRIES: [&str; 52] = [
    "SELECT rct.mark('$I', 'u', 's', NULL)",
    "SELECT rct.mark('c', '$I', 's', NULL)",
    "SELECT rct.mark('c', 'u', '$I', NULL)",
    "SELECT rct.mark('c', 'u', 's', '$I')",
    "SELECT rct.mark('c', 'u', 's', NULL, '$I')",
    "SELECT rct.mark('c', 'u', 's', NULL, event_id => '$I')",
    "SELECT rct.mark('c', 'u', 's', NULL, uniquifier => '$I')",
    "SELECT rct.log('$I', 'u', '{\"m\": 1}')",
    "SELECT rct.log('c', '$I', '{\"m\": 1}')",
    "SELECT rct.log('c', 'u', '{\"$I\": 1}')",
    "SELECT rct.log('c', 'u', '{\"m\": 1}', event_id => '$I')",
    "SELECT rct.log('c', 'u', '{\"m\": 1}', class => '$I')",
    "SELECT rct.log('c', 'u', '{\"m\": 1}', key => '$I')",
    "SELECT rct.log('c', 'u', '{\"m\": 1}', uniquifier => '$I')",
    "SELECT rct.log('c', 'u', '{\"m\": 1}', model_version => '$I')",
    "SELECT rct.log_batch('[{\"context\": \"c\", \"user_id\": \"first\", \"metrics\": {\"m\": 1}}, {\"context\": \"c\", \"user_id\": \"$I\", \"metrics\": {\"m\": 1}}]')",
    "SELECT rct.log_batch('[{\"context\": \"$I\", \"user_id\": \"u\", \"metrics\": {\"m\": 1}}]')",
    "SELECT rct.log_batch('[{\"context\": \"c\", \"user_id\": \"u\", \"metrics\": {\"m\": 1}, \"event_id\": \"$I\"}]')",
    "SELECT rct.log_batch('[{\"context\": \"c\", \"user_id\": \"u\", \"metrics\": {\"m\": 1}, \"class\": \"$I\"}]')",
    "SELECT rct.log_batch('[{\"context\": \"c\", \"user_id\": \"u\", \"metrics\": {\"m\": 1}, \"uniquifier\": \"$I\"}]')",
    "SELECT rct.log_batch('[{\"context\": \"c\", \"user_id\": \"u\", \"metrics\": {\"$I\": 1}}]')",
    "SELECT rct.declare_metric('$I', 'm', '{\"type\": \"continuous\"}')",
    "SELECT rct.declare_metric('c', '$I', '{\"type\": \"continuous\"}')",
    "SELECT rct.set_groups('$I', '{\"class\": [\"x\"]}')",
    "SELECT rct.set_groups('u', '{\"class\": [\"$I\"]}')",
    "SELECT rct.set_groups('u', '{\"$I\": [\"x\"]}')",
    "SELECT rct.set_groups('u', '{\"class\": [\"x\"]}', '{\"class\": \"$I\"}')",
    "SELECT rct.set_groups('u', '{\"class\": [\"x\"]}', '{\"$I\": \"x\"}')",
    "SELECT rct.set_working_groups('u', '{\"class\": \"$I\"}')",
    "SELECT rct.set_working_groups('$I', '{\"class\": \"x\"}')",
    "SELECT rct.add_alias('$I', 'alias $N')",
    "SELECT rct.add_alias('u', '$I')",
    "SELECT rct.create_experiment('{\"key\": \"$I\", \"context\": \"c\"}')",
    "SELECT rct.create_experiment('{\"key\": \"k $N\", \"context\": \"$I\"}')",
    "SELECT rct.create_experiment('{\"key\": \"k $N\", \"context\": \"c\", \"conditions\": [{\"code\": \"$I\"}, {\"code\": \"b\"}]}')",
    "SELECT rct.create_experiment('{\"key\": \"k $N\", \"context\": \"c\", \"decision_points\": [{\"site\": \"$I\"}]}')",
    "SELECT rct.create_experiment('{\"key\": \"k $N\", \"context\": \"c\", \"decision_points\": [{\"site\": \"s\", \"target\": \"$I\"}]}')",
    "SELECT rct.create_experiment('{\"key\": \"k $N\", \"context\": \"c\", \"unit\": \"group\", \"group_type\": \"$I\"}')",
    "SELECT rct.create_experiment('{\"key\": \"k $N\", \"context\": \"c\", \"lists\": {\"include\": {\"users\": [\"u\", \"$I\"]}}}')",
    "SELECT rct.create_experiment('{\"key\": \"k $N\", \"context\": \"c\", \"lists\": {\"exclude\": {\"groups\": {\"class\": [\"$I\"]}}}}')",
    "SELECT rct.clone_experiment('k', '$I')",
    "SELECT rct.import_experiment(rct.export_experiment('k'), '$I')",
    "SELECT rct.create_segment('$I')",
    "SELECT rct.create_segment('s $N', '{\"users\": [\"$I\"]}')",
    "SELECT rct.create_segment('s $N', '{}', 'global_exclusion', '$I')",
    "SELECT rct.add_members('pilot', '{\"users\": [\"v\", \"$I\"]}')",
    "SELECT rct.add_members('pilot', '{\"groups\": {\"$I\": [\"x\"]}}')",
    "SELECT rct.add_to_list('k', 'include', '{\"groups\": {\"class\": [\"$I\"]}}')",
    "SELECT rct.randomize_experiment('blocks', 'seed', ARRAY['u', '$I'])",
    "SELECT rct.randomize_experiment('blocks', 'seed', ARRAY['u', 'v'], ARRAY['x', '$I'])",
    "SELECT rct.place_late('late', ARRAY['before $N', '$I'])",
    "SELECT rct.set_preview_user('$I')",
];

fn district(tag: &str) -> Database {
    let database = Database::with_extension(tag);
    run(
        &mut database.client(),
        r#"SELECT rct.create_experiment('{"key": "k", "context": "c", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "s"}]}');
           SELECT rct.create_experiment('{"key": "blocks", "context": "c", "assignment": {"algorithm": "blocks"}, "conditions": [{"code": "a"}, {"code": "b"}]}');
           SELECT rct.create_experiment('{"key": "late", "context": "c", "assignment": {"algorithm": "blocks", "late": "next_slot"},
               "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "b"}]}');
           SELECT rct.randomize_experiment('late', 'seed', '{r1,r2}'), rct.set_status('k', 'enrolling'), rct.set_status('late', 'enrolling');
           SELECT rct.create_segment('pilot', '{"users": ["u9"]}')"#,
    );
    database
}

/// An identifier of so many bytes that no compression makes shorter, of letters of so many bytes each.
fn identifier(bytes: usize, letter: usize, seed: usize) -> String {
    let (first, letters) = match letter {
        1 => ('a', 26),
        2 => ('α', 17),
        3 => ('一', 20_000),
        _ => ('😀', 60),
    };
    let mut state = seed as u32 * 2 + 1;
    let mut text = String::new();
    while text.len() + letter <= bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.extend(char::from_u32(first as u32 + (state >> 8) % letters));
    }
    while text.len() < bytes {
        text.push('x');
    }
    text
}

/// How many rows each table has.
fn written(client: &mut Client) -> Vec<String> {
    tables(client)
        .iter()
        .map(|table| {
            format!(
                "{table} {}",
                rows(client, &format!("SELECT count(*) FROM {table}")).concat()
            )
        })
        .collect()
}

/// One byte more is refused, in words that name the limit, and leaves nothing behind.
#[test]
fn one_byte_too_many_is_refused() {
    let database = district("too_long");
    let mut client = database.client();
    let before = written(&mut client);
    let mut wrong = Vec::new();
    for (number, entry) in ENTRIES.iter().enumerate() {
        for (bytes, letter) in [
            (LIMIT + 1, 1),
            (LIMIT + 1, 2),
            (LIMIT + 1, 3),
            (LIMIT + 2, 4),
            (3000, 3),
            (100_000, 1),
        ] {
            let call = entry
                .replace("$I", &identifier(bytes, letter, number))
                .replace("$N", &format!("{number} {letter} {bytes}"));
            let shown = format!("{entry} with {bytes} bytes, letters of {letter}");
            let Err(error) = client.batch_execute(&call) else {
                wrong.push(format!("{shown}: accepted"));
                continue;
            };
            let db_error = error.as_db_error().expect("from the server");
            let said = db_error.message();
            if db_error.code().code() != "22023" || !said.contains("512") || said.len() > 2000 {
                let said: String = told(&error).chars().take(200).collect();
                wrong.push(format!("{shown}: {said}"));
            }
        }
    }
    let after = written(&mut client);
    let shown: Vec<_> = wrong.iter().take(12).collect();
    assert!(
        wrong.is_empty(),
        "{} of {}: {shown:#?}",
        wrong.len(),
        ENTRIES.len() * 6
    );
    assert_eq!(before, after, "something was written");
}

/// What is as long as allowed works, alone and with all others in one row.
#[test]
fn as_long_as_allowed() {
    let database = district("long");
    let mut client = database.client();
    let mut wrong = Vec::new();
    for (number, entry) in ENTRIES.iter().enumerate() {
        for letter in 1..=4 {
            let call = entry
                .replace("$I", &identifier(LIMIT, letter, number * 7 + letter))
                .replace("$N", &format!("{number} {letter}"));
            if let Err(error) = client.batch_execute(&call) {
                let said: String = told(&error).chars().take(200).collect();
                wrong.push(format!("{entry} with letters of {letter} bytes: {said}"));
            }
        }
    }
    let shown: Vec<_> = wrong.iter().take(12).collect();
    assert!(
        wrong.is_empty(),
        "{} of {}: {shown:#?}",
        wrong.len(),
        ENTRIES.len() * 4
    );
    let id = |seed: usize| identifier(LIMIT, 3, 1000 + seed);
    let design = format!(
        r#"{{"key": "{}", "context": "{}", "unit": "within_subjects", "conditions": [{{"code": "{}"}}, {{"code": "b"}}], "decision_points": [{{"site": "{}", "target": "{}"}}]}}"#,
        id(1),
        id(2),
        id(3),
        id(4),
        id(5)
    );
    for call in [
        format!("SELECT rct.create_experiment('{design}')"),
        format!("SELECT rct.set_status('{}', 'enrolling')", id(1)),
        format!(
            "SELECT rct.set_groups('{}', '{{\"{}\": [\"{}\"]}}')",
            id(6),
            id(7),
            id(8)
        ),
        format!("SELECT rct.add_alias('{}', '{}')", id(6), id(9)),
        format!(
            "SELECT rct.mark('{}', '{}', '{}', '{}', event_id => '{}', uniquifier => '{}')",
            id(2),
            id(9),
            id(4),
            id(5),
            id(10),
            id(11)
        ),
        format!(
            "SELECT rct.log('{}', '{}', '{{\"{}\": 1}}', event_id => '{}', class => '{}', key => '{}', uniquifier => '{}')",
            id(2),
            id(6),
            id(12),
            id(13),
            id(14),
            id(15),
            id(11)
        ),
        format!(
            "SELECT rct.add_to_list('{}', 'exclude', '{{\"groups\": {{\"{}\": [\"{}\"]}}}}')",
            id(1),
            id(7),
            id(8)
        ),
        format!(
            "SELECT rct.explain('{}', '{}', '{}', '{}')",
            id(2),
            id(9),
            id(4),
            id(5)
        ),
    ] {
        let ran = client.batch_execute(&call);
        ran.unwrap_or_else(|e| {
            panic!(
                "{}…: {}",
                &call[..60],
                told(&e).chars().take(300).collect::<String>()
            )
        });
    }
}

/// One row of a roster of many: the rest is not loaded either, and the error says which row.
#[test]
fn a_roster_with_one_that_is_too_long() {
    let (_roles, [admin]) = Logins::new("long_roster", ["admin"]);
    let database = district("long_roster");
    let mut owner = database.client();
    run(&mut owner, &format!("SELECT rct.grant_admin('{admin}')"));
    let before = written(&mut owner);
    for (letter, bytes) in [(1, LIMIT + 1), (3, LIMIT + 1), (4, LIMIT + 4), (3, 3000)] {
        for column in ["user_id", "group_type", "group_id"] {
            let long = identifier(bytes, letter, letter);
            run(
                &mut owner,
                &format!(
                    "DROP TABLE IF EXISTS public.roster;
                     CREATE TABLE public.roster AS SELECT 'u' || i AS user_id, 'class'::text AS group_type, 'c'::text AS group_id FROM generate_series(1, 20) i;
                     UPDATE public.roster SET {column} = '{long}' WHERE user_id = 'u7'; GRANT SELECT ON public.roster TO {admin}"
                ),
            );
            let error = refused(
                &mut database.client_as(&admin),
                "SELECT rct.load_roster('public.roster')",
                &["22023"],
            );
            assert!(words(&error).contains("512"), "{column}: {error}");
            assert_eq!(before, written(&mut owner), "{column}");
        }
    }
}
