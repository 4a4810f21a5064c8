//! Many connections at once: what is recorded is what was answered, once, and the same for everybody it concerns.
//!
//! | Module | |
//! |---|---|
//! | `marks` | first visitors of a group or of a slot, events that are sent again |
//! | `ending` | experiments that end by a number |
//! | `changes` | starts, group changes, lists and definitions while others work |
//! | `levels` | marks under REPEATABLE READ and SERIALIZABLE |
//! | `crash` | the server is killed during a storm of marks |
//! | `isolation` | two or three sessions in a fixed order, by pg_isolation_regress |

mod changes;
mod crash;
mod ending;
mod isolation;
mod levels;
mod marks;

use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};

use postgres::{Client, Error, Row, SimpleQueryMessage};
use serde_json::{Value as Json, json};

use crate::db::{Database, told};
use crate::random::Random;

/// Connections of a test that wants as many as the issue names.
const MANY: usize = 64;

/// While this exists no other test of these modules holds connections: a server has a limited number.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on that many connections, all of which begin at the same moment. Results are in the order of the clients.
fn together<T: Send>(
    connect: impl Fn() -> Client,
    clients: usize,
    work: impl Fn(usize, &mut Client) -> T + Sync,
) -> Vec<T> {
    let connections: Vec<Client> = (0..clients).map(|_| connect()).collect();
    let start = Barrier::new(clients);
    std::thread::scope(|scope| {
        let (start, work) = (&start, &work);
        let running: Vec<_> = connections
            .into_iter()
            .enumerate()
            .map(|(number, mut client)| {
                scope.spawn(move || {
                    start.wait();
                    work(number, &mut client)
                })
            })
            .collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// What `rct.mark` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marked {
    experiment: Option<String>,
    condition: Option<String>,
    reason: String,
    mismatch: bool,
    duplicate: bool,
}

impl Marked {
    fn new(row: &Row) -> Self {
        Marked {
            experiment: row.get(0),
            condition: row.get(1),
            reason: row.get(2),
            mismatch: row.get(3),
            duplicate: row.get(4),
        }
    }
}

/// A mark in context `lms`; what the client claims to have delivered, and the id of the event, if any.
fn try_mark(
    client: &mut Client,
    user: &str,
    site: &str,
    delivered: Option<&str>,
    event: Option<&str>,
) -> Result<Marked, Error> {
    let sql = "SELECT recorded_experiment, recorded_condition, reason, mismatch, duplicate
               FROM rct.mark('lms', $1, $2, NULL, condition => $3, event_id => $4)";
    let row = client.query_one(sql, &[&user, &site, &delivered, &event])?;
    Ok(Marked::new(&row))
}

/// A mark that must succeed.
fn mark(client: &mut Client, user: &str, site: &str, delivered: Option<&str>) -> Marked {
    try_mark(client, user, site, delivered, None)
        .unwrap_or_else(|e| panic!("mark of {user} at {site}: {}", told(&e)))
}

/// Condition and reason that the database gives, which is what an application delivers.
fn condition_for(client: &mut Client, user: &str, site: &str) -> (Option<String>, String) {
    let sql = "SELECT condition, reason FROM rct.condition_for('lms', $1, NULL, $2)";
    let row = client
        .query_one(sql, &[&site, &user])
        .unwrap_or_else(|e| panic!("condition of {user} at {site}: {}", told(&e)));
    (row.get(0), row.get(1))
}

/// Statements that must succeed.
fn run(client: &mut Client, sql: &str) {
    client
        .batch_execute(sql)
        .unwrap_or_else(|e| panic!("{}\n{sql}", told(&e)));
}

/// One number.
fn count(client: &mut Client, sql: &str) -> i64 {
    let row = client.query_one(sql, &[]);
    row.unwrap_or_else(|e| panic!("{}\n{sql}", told(&e))).get(0)
}

/// The rows of a query, columns as text, for comparison with nothing or with a short list.
fn rows(client: &mut Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql);
    let messages = messages.unwrap_or_else(|e| panic!("{}\n{sql}", told(&e)));
    let row = |message: SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let columns = (0..row.len()).map(|i| row.get(i).unwrap_or("NULL"));
            Some(columns.collect::<Vec<_>>().join(" "))
        }
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

/// An experiment of context `lms` with two conditions at `site`; `more` adds to its definition or replaces parts of it.
fn create(client: &mut Client, key: &str, site: &str, more: &Json) {
    let mut spec = json!({
        "key": key,
        "context": "lms",
        "unit": "individual",
        "conditions": [{"code": "control", "weight": 1}, {"code": "treatment", "weight": 1}],
        "decision_points": [{"site": site}],
    });
    let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) else {
        panic!("both are objects")
    };
    spec.extend(more.clone());
    let spec = Json::Object(spec.clone()).to_string();
    let created = client.execute("SELECT rct.create_experiment($1::text::jsonb)", &[&spec]);
    created.unwrap_or_else(|e| panic!("{}\n{spec}", told(&e)));
}

fn set_status(client: &mut Client, key: &str, status: &str) {
    let set = client.execute("SELECT rct.set_status($1, $2)", &[&key, &status]);
    set.unwrap_or_else(|e| panic!("{key} {status}: {}", told(&e)));
}

/// An experiment that is enrolling.
fn start(client: &mut Client, key: &str, site: &str, more: &Json) {
    create(client, key, site, more);
    set_status(client, key, "enrolling");
}

/// Students `PREFIX1` to `PREFIXn`, spread over as many classes, `PREFIXclass0` and so on.
fn classes(client: &mut Client, prefix: &str, students: usize, classes: usize) {
    let sql = format!(
        "SELECT rct.set_groups('{prefix}' || i, jsonb_build_object('class', jsonb_build_array('{prefix}class' || i % {classes})))
         FROM generate_series(1, {students}) i"
    );
    client
        .query(&sql, &[])
        .unwrap_or_else(|e| panic!("{}", told(&e)));
}

/// Puts them into another order.
fn shuffle<T>(things: &mut [T], random: &mut Random) {
    for i in (1..things.len()).rev() {
        things.swap(i, random.below(i as u64 + 1) as usize);
    }
}

/// Nothing is recorded by halves: what has to be true of the tables whatever happened. Each query finds what is wrong.
fn assert_consistent(client: &mut Client) {
    let wrong = [
        (
            "a user or group has two open enrollments",
            "SELECT experiment_id, unit_type, unit_id FROM rct.enrollment WHERE ended_at = 'infinity'
             GROUP BY 1, 2, 3 HAVING count(*) > 1",
        ),
        (
            "an enrollment was closed for a group change that was none",
            "SELECT n.experiment_id, n.unit_id, n.group_id FROM rct.enrollment n JOIN rct.enrollment o
                 USING (experiment_id, unit_type, unit_id)
             WHERE n.ended_at < 'infinity' AND o.started_at >= n.ended_at AND o.group_id IS NOT DISTINCT FROM n.group_id
             AND NOT EXISTS (SELECT FROM rct.enrollment between_them WHERE between_them.unit_id = n.unit_id
                 AND between_them.experiment_id = n.experiment_id AND between_them.group_id IS DISTINCT FROM n.group_id)",
        ),
        (
            "a group has members with different conditions",
            "SELECT n.experiment_id, n.group_id FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id
             WHERE n.unit_type = 'user' AND e.spec ->> 'unit' = 'group' AND n.ended_at = 'infinity'
             GROUP BY 1, 2 HAVING count(DISTINCT n.condition) > 1",
        ),
        (
            "a user enrolled with a group that is not, or is under another condition",
            "SELECT n.experiment_id, n.unit_id, n.group_id FROM rct.enrollment n JOIN rct.experiment e ON e.id = n.experiment_id
             WHERE n.unit_type = 'user' AND e.spec ->> 'unit' = 'group' AND n.ended_at = 'infinity'
             AND NOT EXISTS (SELECT FROM rct.enrollment g WHERE g.experiment_id = n.experiment_id AND g.unit_id = n.group_id
                 AND g.unit_type = e.spec ->> 'group_type' AND g.condition = n.condition)",
        ),
        (
            "a condition was answered without an enrollment",
            "SELECT x.id, x.user_id, x.reason FROM rct.exposure x
             WHERE x.reason IN ('drawn', 'allocated', 'group_logic', 'enrolled') AND NOT x.preview
             AND x.status = 'condition applied' AND NOT EXISTS (SELECT FROM rct.enrollment n
                 WHERE n.experiment_id = x.experiment_id AND n.unit_type = 'user' AND n.unit_id = x.user_id
                 AND n.condition = x.condition AND n.started_at <= x.server_at + interval '10 s')",
        ),
        (
            "an enrollment without an exposure",
            "SELECT n.experiment_id, n.unit_id FROM rct.enrollment n WHERE n.unit_type = 'user' AND NOT EXISTS (
                 SELECT FROM rct.exposure x WHERE x.experiment_id = n.experiment_id AND x.user_id = n.unit_id)",
        ),
        (
            "an exposure without a visit",
            "SELECT x.id, x.user_id FROM rct.exposure x WHERE NOT EXISTS (SELECT FROM rct.visit v
                 WHERE (v.user_id, v.context, v.site, v.target) = (x.user_id, x.context, x.site, x.target))",
        ),
        (
            "a visit without an exposure",
            "SELECT v.user_id, v.site FROM rct.visit v WHERE NOT EXISTS (SELECT FROM rct.exposure x
                 WHERE (v.user_id, v.context, v.site, v.target) = (x.user_id, x.context, x.site, x.target))",
        ),
        (
            "a slot is given twice",
            "SELECT run_id, stratum, slot FROM rct.allocation GROUP BY 1, 2, 3 HAVING count(*) > 1",
        ),
        (
            "repetitions are not counted one by one",
            "SELECT experiment_id, user_id, site FROM rct.repetition GROUP BY 1, 2, 3
             HAVING count(*) <> max(ordinal) OR min(ordinal) <> 1",
        ),
        (
            "the count that ends an experiment is not the number of users enrolled",
            "SELECT c.experiment_id, c.users FROM rct.enrollment_count c WHERE c.users <> (
                 SELECT count(DISTINCT n.unit_id) FROM rct.enrollment n
                 WHERE n.experiment_id = c.experiment_id AND n.unit_type = 'user')",
        ),
    ];
    for (what, sql) in wrong {
        let found = rows(client, &format!("{sql} LIMIT 5"));
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}

/// A database with the extension.
fn database(tag: &str) -> (Database, Client) {
    let database = Database::with_extension(tag);
    let client = database.client();
    (database, client)
}
