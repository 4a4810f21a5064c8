//! A district in the middle of a semester: a database in which every table of the extension has rows.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::Client;
use postgres::error::SqlState;

use crate::cluster::Cluster;
use crate::db::{Database, told};

/// Experiments in every status, nested segments, lists, rosters with corrections and aliases, randomizations, marks,
/// enrollments, exclusions, repetitions, preview users, metrics and measurements. `public.moment` keeps some moments.
const SEMESTER: &str = r#"
CREATE TABLE public.moment (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());
SELECT rct.grant_reader('READER');
CREATE TABLE public.roster AS
SELECT 'u' || lpad(i::text, 2, '0') AS user_id, t.group_type, CASE t.group_type WHEN 'class' THEN 'c' || i % 5 ELSE 's' || i % 2 END AS group_id
FROM generate_series(1, 40) AS i, unnest(ARRAY['class', 'school']) AS t (group_type);
GRANT SELECT ON public.roster TO READER;
SELECT rct.load_roster('public.roster', '2025-08-01');
SELECT rct.set_groups('u01', '{"class": ["c9"], "school": ["s1"]}', at => '2025-10-01');
SELECT rct.set_groups('u01', '{"class": ["c8", "c9"], "school": ["s1"]}', '{"class": "c8"}', '2025-09-15');
SELECT rct.set_working_groups('u02', '{"class": "elsewhere"}');
SELECT rct.add_alias('u03', 'drei "quoted"'), rct.add_alias('u04', E'tab\there');
SELECT rct.create_segment('pilot', '{"users": ["u05", "u06"], "groups": {"class": ["c3"]}}', description => 'näw');
SELECT rct.create_segment('wider', '{"segments": ["pilot"], "users": ["u07"]}');
SELECT rct.create_segment('widest', '{"segments": ["wider"]}');
SELECT rct.create_segment('opted out', '{"users": ["u08"]}', 'global_exclusion');
SELECT rct.create_segment('opted out here', '{"groups": {"school": ["s9"]}}', 'global_exclusion', 'school');
SELECT rct.create_experiment('{"key": "hints", "context": "mathia", "conditions": [{"code": "control"}, {"code": "hints", "payload": {"n": 1.50}}], "tags": ["t"],
    "decision_points": [{"site": "quiz", "target": "q1", "payloads": {"hints": "at q1"}}, {"site": "quiz", "target": "q2"}], "default_payload": "plain", "rollout": 0.9,
    "lists": {"exclude": {"segments": ["widest"], "users": ["u09"]}, "include": {"users": ["u05"]}}, "ending": {"users": 500}}');
SELECT rct.create_experiment('{"key": "classes", "context": "school", "unit": "group", "group_type": "class", "conditions": [{"code": "a"}, {"code": "b", "weight": 2}],
    "decision_points": [{"site": "home"}]}');
SELECT rct.create_experiment('{"key": "rival", "context": "school", "conditions": [{"code": "x"}, {"code": "y"}], "decision_points": [{"site": "home"}, {"site": "away"}],
    "namespace": {"name": "n", "from": 0, "to": 0.5}, "holdout": {"name": "h", "fraction": 0.1}}');
SELECT rct.create_experiment('{"key": "blocks", "context": "random", "assignment": {"algorithm": "blocks", "late": "next_slot"},
    "conditions": [{"code": "a"}, {"code": "b", "weight": 2}], "decision_points": [{"site": "start"}]}');
SELECT rct.create_experiment('{"key": "within", "context": "within", "unit": "within_subjects", "assignment": {"order": "latin_square"},
    "conditions": [{"code": "a"}, {"code": "b"}, {"code": "c"}], "decision_points": [{"site": "lesson"}]}');
SELECT rct.clone_experiment('rival', k) FROM unnest(ARRAY['draft', 'previewed', 'planned', 'running by clock', 'over by clock', 'complete', 'cancelled', 'archived']) AS k;
SELECT rct.update_experiment(k, format('{"context_": null, "decision_points": [{"site": "%s"}], "namespace": null}', k)::jsonb - 'context_')
FROM unnest(ARRAY['draft', 'previewed', 'planned', 'running by clock', 'over by clock', 'complete', 'cancelled', 'archived']) AS k;
SELECT rct.update_experiment('planned', '{"schedule": {"starts_at": "2199-01-01T00:00:00Z"}}'), rct.update_experiment('running by clock', '{"schedule": {"starts_at": "2021-01-01T00:00:00Z"}}'),
       rct.update_experiment('over by clock', '{"schedule": {"starts_at": "2021-01-01T00:00:00Z", "ends_at": "2199-01-01T00:00:00Z"}}');
SELECT rct.randomize_experiment('blocks', 'first', array_agg(user_id), array_agg(group_id)) FROM public.roster WHERE group_type = 'school' AND user_id < 'u31';
SELECT rct.randomize_experiment('blocks', 'second', array_agg(user_id), array_agg(group_id)) FROM public.roster WHERE group_type = 'school' AND user_id < 'u31';
INSERT INTO public.moment VALUES ('before');
SELECT rct.mark('mathia', 'u10', 'quiz', 'q1', event_id => 'early'), rct.mark('school', 'u11', 'home', NULL);
SELECT rct.set_status('previewed', 'preview'), rct.set_status('planned', 'scheduled'), rct.set_status('running by clock', 'scheduled'), rct.set_status('over by clock', 'scheduled');
SELECT rct.set_status(k, 'enrolling', 'a reason') FROM unnest(ARRAY['hints', 'classes', 'rival', 'blocks', 'within', 'complete', 'cancelled', 'archived']) AS k;
INSERT INTO public.moment VALUES ('running');
SELECT rct.place_late('blocks', '{late 1,late 2}', '{s0,NULL}');
SELECT rct.set_preview_user('u39', '{"previewed": "y"}'), rct.set_preview_user('u40');
SELECT rct.remove_preview_user('u40');
SELECT rct.mark(p.context, user_id, p.site, p.target, event_id => p.context || p.site || user_id, at => '2025-10-02', uniquifier => 'first')
FROM public.roster, (VALUES ('mathia', 'quiz', 'q1'), ('school', 'home', NULL), ('random', 'start', NULL), ('within', 'lesson', NULL), ('school', 'complete', NULL),
                            ('school', 'previewed', NULL), ('school', 'over by clock', NULL), ('school', 'cancelled', NULL)) AS p (context, site, target)
WHERE group_type = 'class' AND user_id <> 'u12' ORDER BY p.context, p.site, user_id;
SELECT rct.mark('within', 'u03', 'lesson', NULL, uniquifier => 'n' || n) FROM generate_series(1, 5) AS n;
SELECT rct.mark('mathia', 'u12', 'quiz', 'q2', 'hints', 'condition not applied'), rct.mark('mathia', 'u13', 'quiz', 'q1', 'no such condition');
INSERT INTO public.moment VALUES ('marked');
SELECT rct.set_groups('u14', '{"class": ["c0"], "school": ["s0"]}');
SELECT rct.mark('school', 'u14', 'home', NULL);
SELECT rct.update_experiment('hints', '{"rollout": 0.95, "description": "more"}');
SELECT rct.update_experiment('over by clock', '{"schedule": {"ends_at": "2022-01-01T00:00:00Z"}}');
SELECT rct.remove_from_list('hints', 'exclude', '{"users": ["u09"]}'), rct.add_to_list('hints', 'exclude', '{"users": ["u15"]}');
SELECT rct.remove_members('widest', '{"segments": ["wider"]}');
SELECT rct.set_status('complete', 'enrollment_complete', 'enough'), rct.set_status('archived', 'cancelled'), rct.set_status('cancelled', 'cancelled', 'a mistake');
SELECT rct.set_status('archived', 'archived');
SELECT rct.declare_metric('mathia', 'score', '{"type": "continuous"}'), rct.declare_metric('mathia', 'state', '{"type": "categorical", "allowed": ["done", "open"]}');
SELECT rct.log('mathia', user_id, jsonb_build_object('score', n, 'state', CASE n % 2 WHEN 0 THEN 'done' ELSE 'open' END, 'unknown', n), event_id => user_id || n, class => 'unit', key => 'k',
               uniquifier => n::text, model_version => 'v1')
FROM public.roster, generate_series(1, 3) AS n WHERE group_type = 'class';
INSERT INTO public.moment VALUES ('logged');
SELECT rct.register_roster('public.roster');
"#;

/// The role that reads the relations of the districts: one for all of them, since it owns nothing.
pub fn reader(client: &mut Client) -> &'static str {
    static MADE: Once = Once::new();
    const NAME: &str = "rct_tests_reader";
    MADE.call_once(|| {
        let made = client.batch_execute(&format!("CREATE ROLE {NAME}"));
        if let Err(e) = made {
            assert_eq!(e.code(), Some(&SqlState::DUPLICATE_OBJECT), "{}", told(&e));
        }
    });
    NAME
}

/// Makes the district. The clock must move between its steps: moments tell them apart.
pub fn district(tag: &str) -> Database {
    let database = Database::with_extension(tag);
    let mut client = database.client();
    let semester = SEMESTER.replace("READER", reader(&mut client));
    for statement in semester.split(";\n") {
        client
            .simple_query(statement)
            .unwrap_or_else(|e| panic!("{statement}: {}", told(&e)));
    }
    database
}

/// The tables of the extension.
pub fn tables(client: &mut Client) -> Vec<String> {
    let query = "SELECT c.oid::regclass::text FROM pg_catalog.pg_class AS c
                 WHERE c.relnamespace = 'rct'::regnamespace AND c.relkind = 'r' ORDER BY 1";
    let rows = client.query(query, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Roles that can log in and nothing else. Declare them before the databases in which they get rights: they are dropped
/// last then, when nothing depends on them any more.
pub struct Logins(Vec<String>);

impl Logins {
    /// Roles of this test, one for each word.
    pub fn new<const N: usize>(test: &str, words: [&str; N]) -> (Self, [String; N]) {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let unique = format!(
            "{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let names = words.map(|word| format!("rct_{test}_{word}_{unique}"));
        let mut maintenance = Self::maintenance();
        for name in &names {
            maintenance
                .batch_execute(&format!(
                    "DROP ROLE IF EXISTS {name}; CREATE ROLE {name} LOGIN"
                ))
                .unwrap_or_else(|e| panic!("role {name}: {}", told(&e)));
        }
        (Logins(names.to_vec()), names)
    }

    fn maintenance() -> Client {
        let cluster = Cluster::from_env();
        postgres::Config::new()
            .host(&cluster.host)
            .port(cluster.port)
            .user(&cluster.superuser)
            .dbname("postgres")
            .connect(postgres::NoTls)
            .unwrap()
    }
}

impl Drop for Logins {
    fn drop(&mut self) {
        for name in &self.0 {
            if let Err(e) = Self::maintenance().batch_execute(&format!("DROP ROLE {name}")) {
                eprintln!("could not drop role {name}: {}", told(&e));
            }
        }
    }
}

#[test]
fn every_table_has_rows() {
    let database = district("district");
    let mut client = database.client();
    for table in tables(&mut client) {
        let rows = client.query_one(&format!("SELECT count(*) FROM {table}"), &[]);
        assert!(rows.unwrap().get::<_, i64>(0) > 0, "{table} is empty");
    }
    let statuses = "SELECT count(DISTINCT status) FROM rct.experiment";
    assert_eq!(client.query_one(statuses, &[]).unwrap().get::<_, i64>(0), 7);
}
