//! Advisory locks are for everybody. None of our calls waits for one.

use postgres::Client;

use super::{Running, pid, rows, run};
use crate::db::{Database, told};
use crate::district::Logins;

/// Names that somebody may guess, or read in the source of any version.
const NAMES: [&str; 8] = [
    "pg_rct context c",
    "pg_rct context ",
    "pg_rct user u1",
    "pg_rct user u2",
    "pg_rct run 1",
    "pg_rct",
    "rct",
    "c",
];

/// What a district does, `$N` is new each time.
const CALLS: [&str; 17] = [
    "SELECT rct.mark('c', 'u1', 's', NULL)",
    "SELECT rct.mark('c', 'u1', 'b', NULL)",
    "SELECT rct.mark('c', 'late $N', 'b', NULL)",
    "SELECT rct.mark('c', 'u2', 's', NULL, event_id => '$N')",
    "SELECT rct.condition_for('c', 's', NULL, 'u1'), rct.assign('c', 'u2')",
    "SELECT rct.set_groups('u1', '{\"class\": [\"x$N\"]}')",
    "SELECT rct.set_working_groups('u2', '{\"class\": \"y\"}')",
    "SELECT rct.add_alias('u1', 'one $N')",
    "SELECT rct.log('c', 'u1', '{\"m\": 1}', event_id => '$N')",
    "SELECT rct.set_preview_user('p', '{\"k\": \"a\"}')",
    "SELECT rct.load_roster('public.roster', complete => false)",
    "SELECT rct.place_late('blocks', '{\"unit $N\"}')",
    "SELECT rct.create_experiment('{\"key\": \"k $N\", \"context\": \"c\"}')",
    "SELECT rct.update_experiment('k', '{\"description\": \"$N\"}')",
    "SELECT rct.create_segment('s $N', '{\"users\": [\"u3\"]}', 'global_exclusion', 'c')",
    "SELECT rct.add_to_list('k', 'exclude', '{\"users\": [\"x$N\"]}')",
    "SELECT rct.set_status('k', 'enrollment_complete'), rct.set_status('k', 'enrolling')",
];

struct District {
    database: Database,
    mallory: String,
    admin: String,
    _roles: Logins,
}

fn district(tag: &str) -> District {
    let (roles, [mallory, admin]) = Logins::new(tag, ["mallory", "admin"]);
    let database = Database::with_extension(tag);
    run(
        &mut database.client(),
        &format!(
            "SELECT rct.grant_admin('{admin}');
             SELECT rct.create_experiment('{{\"key\": \"k\", \"context\": \"c\", \"conditions\": [{{\"code\": \"a\"}}, {{\"code\": \"b\"}}], \"decision_points\": [{{\"site\": \"s\"}}]}}');
             SELECT rct.create_experiment('{{\"key\": \"blocks\", \"context\": \"c\", \"assignment\": {{\"algorithm\": \"blocks\", \"late\": \"next_slot\"}},
                 \"conditions\": [{{\"code\": \"a\"}}, {{\"code\": \"b\"}}], \"decision_points\": [{{\"site\": \"b\"}}]}}');
             SELECT rct.randomize_experiment('blocks', 'seed', '{{u1,u2}}'), rct.set_status('k', 'enrolling'), rct.set_status('blocks', 'enrolling');
             SELECT rct.set_groups('u1', '{{\"class\": [\"x\"]}}'), rct.set_groups('u2', '{{\"class\": [\"y\"]}}');
             CREATE TABLE public.roster AS SELECT 'u3'::text AS user_id, 'class'::text AS group_type, 'z'::text AS group_id;
             GRANT SELECT ON public.roster TO {admin}"
        ),
    );
    District {
        database,
        mallory,
        admin,
        _roles: roles,
    }
}

/// Takes all of the locks in one of the ways that Postgres offers.
fn hold(client: &mut Client, way: &str) {
    for name in NAMES {
        let key = format!("hashtextextended('{name}', 0)");
        let halves = format!("({key} >> 32)::int4, (({key} << 32) >> 32)::int4");
        let text = format!("hashtext('{name}')");
        for arguments in [
            key.as_str(),
            &halves,
            &text,
            &format!("0, {text}"),
            &format!("{text}, 0"),
        ] {
            let lock = client.batch_execute(&format!("SELECT {way}({arguments})"));
            // only some numbers fit
            if let Err(e) = lock {
                panic!("{way}({arguments}): {}", told(&e));
            }
        }
    }
}

/// Each call runs to its end beside somebody who holds every lock that has a name, in each way.
#[test]
fn advisory_locks_stop_nothing() {
    let d = district("advisory");
    let mut observer = d.database.client();
    for (number, way) in [
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_advisory_xact_lock",
        "pg_advisory_xact_lock_shared",
    ]
    .into_iter()
    .enumerate()
    {
        let mut mallory = d.database.client_as(&d.mallory);
        run(&mut mallory, "BEGIN");
        hold(&mut mallory, way);
        for call in CALLS {
            let call = call.replace("$N", &number.to_string());
            let running = Running::begin(d.database.client_as(&d.admin), &call);
            assert_eq!(running.waits_for(&mut observer), [0; 0], "{way}: {call}");
            running
                .end()
                .unwrap_or_else(|e| panic!("{call}: {}", told(&e)));
        }
    }
}

/// Whatever a call locks, nobody else can: locks that `pg_advisory_lock` can take have 1 or 2 in the last field of their tag.
#[test]
fn no_call_takes_a_lock_of_everybody() {
    let d = district("key_space");
    let mut client = d.database.client_as(&d.admin);
    for call in CALLS {
        run(&mut client, "BEGIN");
        run(&mut client, &call.replace("$N", "n"));
        let public = rows(
            &mut client,
            "SELECT classid, objid, objsubid, mode FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid IN (1, 2)",
        );
        assert_eq!(public, [""; 0], "{call}");
        run(&mut client, "COMMIT");
    }
}

/// What is seen in `pg_locks` while a call runs can be asked for by anybody; it is another lock.
#[test]
fn locks_that_are_seen_cannot_be_taken() {
    let d = district("seen");
    let mut observer = d.database.client();
    let mut holder = d.database.client_as(&d.admin);
    run(&mut holder, "BEGIN");
    for call in CALLS {
        run(&mut holder, &call.replace("$N", "held"));
    }
    let holder_pid = pid(&mut holder);
    let seen = format!(
        "SELECT format('%s, %s', classid::bigint - CASE WHEN classid::bigint > 2147483647 THEN 4294967296 ELSE 0 END,
             objid::bigint - CASE WHEN objid::bigint > 2147483647 THEN 4294967296 ELSE 0 END),
             ((classid::bigint << 32) | objid::bigint)::text
         FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = {holder_pid}"
    );
    let seen = observer.query(&seen, &[]).unwrap();
    assert!(
        !seen.is_empty(),
        "no lock is seen, so that nothing is tried"
    );
    for row in seen {
        for key in [row.get::<_, String>(0), row.get(1)] {
            for way in ["pg_advisory_lock", "pg_advisory_lock_shared"] {
                let taken = Running::begin(
                    d.database.client_as(&d.mallory),
                    &format!("SELECT {way}({key})"),
                );
                assert_eq!(taken.waits_for(&mut observer), [0; 0], "{way}({key})");
                taken
                    .end()
                    .unwrap_or_else(|e| panic!("{way}({key}): {}", told(&e)));
            }
        }
    }
    run(&mut holder, "ROLLBACK");
}

/// Rows and tables, too: what an analyst may read can be locked against dropping, and nothing else.
#[test]
fn an_analyst_locks_nothing_that_calls_need() {
    let (_roles, [analyst]) = Logins::new("table_locks", ["analyst"]);
    let d = district("tables_locked");
    let mut observer = d.database.client();
    run(
        &mut observer,
        &format!("SELECT rct.grant_analyst('{analyst}')"),
    );
    let mut mallory = d.database.client_as(&analyst);
    run(&mut mallory, "BEGIN ISOLATION LEVEL SERIALIZABLE");
    for table in crate::district::tables(&mut observer) {
        run(&mut mallory, "SAVEPOINT s");
        for mode in [
            "ACCESS EXCLUSIVE",
            "EXCLUSIVE",
            "SHARE ROW EXCLUSIVE",
            "SHARE",
            "ROW EXCLUSIVE",
            "ROW SHARE",
        ] {
            let locked = mallory.batch_execute(&format!("LOCK {table} IN {mode} MODE NOWAIT"));
            let refused = locked
                .err()
                .and_then(|e| e.code().map(|code| code.code().to_owned()));
            assert_eq!(refused.as_deref(), Some("42501"), "{table} in {mode} mode");
            run(&mut mallory, "ROLLBACK TO s");
        }
        // the weakest
        if mallory
            .batch_execute(&format!(
                "LOCK {table} IN ACCESS SHARE MODE; SELECT FROM {table}"
            ))
            .is_err()
        {
            run(&mut mallory, "ROLLBACK TO s");
        }
    }
    for call in CALLS {
        let call = call.replace("$N", "beside");
        let running = Running::begin(d.database.client_as(&d.admin), &call);
        assert_eq!(running.waits_for(&mut observer), [0; 0], "{call}");
        running
            .end()
            .unwrap_or_else(|e| panic!("{call}: {}", told(&e)));
    }
}
