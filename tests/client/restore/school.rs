//! The district, and all that can be asked of it.

use super::run;
use crate::db::Database;

/// 100 users in 10 classes and 3 schools; experiments by user (a randomized roster), by class and within subjects, with
/// lists, segments, aliases, preview users, values that were logged, and changes while they ran. `rct.status_log` and the like
/// keep the moments: questions about the past take theirs from the records, which are the same in each copy.
const SEMESTER: &[&str] = &[
    "CREATE TABLE public.roster AS SELECT format('user %s', lpad(i::text, 3, '0')) AS user_id, t.type AS group_type, format('%s %s', t.type, i % t.n) AS group_id
     FROM generate_series(1, 100) AS i, (VALUES ('class', 10), ('school', 3)) AS t (type, n)",
    "SELECT count(rct.set_groups(r.user_id, r.groups, at => '2025-08-01')) FROM (
         SELECT user_id, jsonb_object_agg(group_type, jsonb_build_array(group_id)) AS groups FROM public.roster GROUP BY user_id) r",
    "SELECT rct.add_alias('user 001', 'one'), rct.add_alias('user 001', 'uno'), rct.add_alias('user 002', E'tab\\t\"2\"')",
    r#"SELECT rct.set_groups('user 003', '{"class": ["class 3", "class 4"], "school": ["school 0"]}', '{"class": "class 4"}', '2025-09-01')"#,
    r#"SELECT rct.set_working_groups('user 005', '{"class": "elsewhere"}', '2025-09-02')"#,
    r#"SELECT rct.create_segment('pilot', '{"users": ["user 010", "user 011"], "groups": {"class": ["class 9"]}}', description => 'näw')"#,
    r#"SELECT rct.create_segment('wider', '{"segments": ["pilot"], "users": ["user 012"]}')"#,
    r#"SELECT rct.create_segment('opted out', '{"users": ["user 013"]}', 'global_exclusion'), rct.create_segment('not here', '{"groups": {"school": ["school 9"]}}', 'global_exclusion', 'lms')"#,
    r#"SELECT rct.create_experiment('{"key": "solo", "context": "LMS", "assignment": {"algorithm": "blocks", "late": "next_slot"}, "ending": {"users": 500},
           "conditions": [{"code": "control"}, {"code": "hints", "weight": 2, "payload": {"n": 1.50}}], "decision_points": [{"site": "quiz", "target": "q1", "payloads": {"hints": "at q1"}}, {"site": "quiz", "target": "q2"}],
           "default_payload": "plain", "lists": {"exclude": {"segments": ["wider"], "users": ["user 014"]}, "include": {"users": ["user 010"]}}}')"#,
    r#"SELECT rct.create_experiment('{"key": "classes", "context": "lms", "unit": "group", "group_type": "class", "consistency": "group", "conditions": [{"code": "a"}, {"code": "b"}],
           "decision_points": [{"site": "home"}], "lists": {"exclude": {"groups": {"class": ["class 8"]}}}}')"#,
    r#"SELECT rct.create_experiment('{"key": "within", "context": "practice", "unit": "within_subjects", "assignment": {"order": "latin_square"},
           "conditions": [{"code": "a"}, {"code": "b"}, {"code": "c"}], "decision_points": [{"site": "lesson"}]}')"#,
    "SELECT rct.randomize_experiment('solo', 'first', array_agg(user_id ORDER BY user_id), array_agg(group_id ORDER BY user_id)) FROM public.roster WHERE group_type = 'school' AND user_id < 'user 081'",
    "SELECT rct.randomize_experiment('solo', 'second', array_agg(user_id ORDER BY user_id), array_agg(group_id ORDER BY user_id)) FROM public.roster WHERE group_type = 'school' AND user_id < 'user 081'",
    "SELECT rct.mark('lms', 'user 020', 'quiz', 'q1', event_id => 'early'), rct.mark('lms', 'user 021', 'home', NULL)",
    "SELECT rct.set_status(k, 'enrolling', 'the semester begins') FROM unnest('{solo,classes,within}'::text[]) AS k",
    "SELECT rct.place_late('solo', '{late 1,late 2}', '{school 0,NULL}')",
    r#"SELECT rct.set_preview_user('user 090', '{"solo": "hints"}'), rct.set_preview_user('user 091'), rct.set_preview_user('user 092'), rct.remove_preview_user('user 092')"#,
    "SELECT count(*) FROM public.roster AS r, (VALUES ('lms', 'quiz', 'q1'), ('lms', 'home', NULL), ('practice', 'lesson', NULL)) AS p (context, site, target),
         rct.mark(p.context, r.user_id, p.site, p.target, event_id => p.site || r.user_id, at => '2025-10-01', uniquifier => 'first') WHERE r.group_type = 'class' AND r.user_id < 'user 096'",
    "SELECT count(*) FROM generate_series(1, 5) AS n, rct.mark('practice', 'one', 'lesson', NULL, uniquifier => 'n' || n)",
    "SELECT rct.mark('lms', 'user 030', 'quiz', 'q2', 'hints', 'condition not applied'), rct.mark('lms', 'user 031', 'quiz', 'q2', 'no such condition')",
    r#"SELECT rct.set_groups('user 033', '{"class": ["class 7"], "school": ["school 0"]}')"#,
    "SELECT rct.mark('lms', 'user 033', 'home', NULL)",
    r#"SELECT rct.update_experiment('solo', '{"description": "more"}'), rct.update_experiment('within', '{"tags": ["t"]}')"#,
    r#"SELECT rct.remove_from_list('solo', 'exclude', '{"users": ["user 014"]}'), rct.add_to_list('solo', 'exclude', '{"users": ["user 015"]}'), rct.add_members('pilot', '{"users": ["user 016"]}')"#,
    "SELECT rct.set_status('classes', 'enrollment_complete', 'enough'), rct.set_status('classes', 'enrolling', 'not enough')",
    r#"SELECT rct.declare_metric('lms', 'score', '{"type": "continuous"}'), rct.declare_metric('lms', 'state', '{"type": "categorical", "allowed": ["done", "open"]}'), rct.declare_metric('practice', 'score', '{"type": "continuous"}')"#,
    "SELECT count(*) FROM public.roster AS r, generate_series(1, 3) AS n, rct.log('lms', r.user_id, jsonb_build_object('score', n, 'state', CASE n % 2 WHEN 0 THEN 'done' ELSE 'open' END, 'unknown', n),
         event_id => r.user_id || n, class => 'unit', key => 'k', uniquifier => n::text, model_version => 'v1') WHERE r.group_type = 'class'",
    "SELECT count(*) FROM generate_series(1, 5) AS n, rct.log('practice', 'uno', jsonb_build_object('score', n), uniquifier => 'n' || n)",
    "DROP TABLE public.roster",
];

/// Users that are asked about: all of the roster, their aliases, those who came late, and a stranger.
macro_rules! with_users {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "(SELECT format('user %s', lpad(i::text, 3, '0')) AS user_id FROM generate_series(1, 100) AS i
              UNION ALL SELECT unnest(ARRAY['one', 'uno', E'tab\\t\"2\"', 'late 1', 'late 2', 'a stranger'])) AS w",
            $after
        )
    };
}

/// Moments of the past, in the records.
macro_rules! at_moments {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "(SELECT DISTINCT l.at FROM rct.status_log AS l WHERE l.reason IN ('the semester begins', 'enough', 'not enough')
              UNION SELECT v.at FROM rct.experiment_version AS v WHERE v.version = 2 UNION SELECT max(x.server_at) FROM rct.exposure AS x WHERE x.event_id IS NOT NULL) AS m (at)",
            $after
        )
    };
}

/// Every function that reads, of everything that there is.
pub(super) const QUESTIONS: &[(&str, &str)] = &[
    (
        "assign",
        with_users!(
            "SELECT c, w.user_id, a.* FROM unnest('{lms,practice,LMS,elsewhere}'::text[]) AS c, ",
            " LEFT JOIN LATERAL rct.assign(c, w.user_id) AS a ON true ORDER BY c, w.user_id, a::text"
        ),
    ),
    (
        "condition_for",
        with_users!(
            "SELECT p, w.user_id, a.* FROM (VALUES ('lms', 'quiz', 'q1'), ('lms', 'quiz', 'q2'), ('lms', 'home', NULL), ('practice', 'lesson', NULL), ('lms', 'nowhere', NULL)) AS p (context, site, target), ",
            ", rct.condition_for(p.context, p.site, p.target, w.user_id) AS a ORDER BY p::text, w.user_id"
        ),
    ),
    (
        "assign_all",
        "SELECT e, a.* FROM unnest('{solo,classes,within}'::text[]) AS e, rct.assign_all(e) AS a ORDER BY e, a.user_id, a::text",
    ),
    (
        "explain",
        with_users!(
            "SELECT p, w.user_id, a.* FROM (VALUES ('lms', 'quiz', 'q1'), ('lms', 'home', NULL), ('practice', 'lesson', NULL)) AS p (context, site, target), ",
            ", rct.explain(p.context, w.user_id, p.site, p.target) AS a WHERE w.user_id LIKE '%3' OR w.user_id NOT LIKE 'user%' ORDER BY p::text, w.user_id, a.step"
        ),
    ),
    (
        "explain the past",
        at_moments!(
            "SELECT m.at, p, w, a.* FROM (VALUES ('lms', 'quiz', 'q1'), ('lms', 'home', NULL), ('practice', 'lesson', NULL)) AS p (context, site, target),
             unnest('{user 001,user 003,user 005,user 020,user 033,user 090,late 1}'::text[]) AS w, ",
            ", rct.explain(p.context, w, p.site, p.target, m.at) AS a ORDER BY m.at, p::text, w, a.step"
        ),
    ),
    ("experiment_spec", "SELECT e, rct.experiment_spec(e) FROM unnest('{solo,classes,within}'::text[]) AS e"),
    ("export_experiment", "SELECT e, rct.export_experiment(e) - 'exported_at' FROM unnest('{solo,classes,within}'::text[]) AS e"),
    (
        "segment_members",
        at_moments!(
            "SELECT s, m.at, rct.segment_members(s, m.at), rct.segment_members(s) FROM unnest('{pilot,wider,opted out,not here}'::text[]) AS s, ",
            " ORDER BY s, m.at"
        ),
    ),
    (
        "roster_at",
        at_moments!(
            "SELECT m.at, r.* FROM ",
            ", rct.roster_at('2025-09-20', m.at) AS r ORDER BY m.at, r::text"
        ),
    ),
    ("roster_at now", "SELECT r.* FROM rct.roster_at(clock_timestamp()) AS r ORDER BY r::text"),
    (
        "metric_values",
        "SELECT e, m, v.* FROM (VALUES ('solo', 'score'), ('solo', 'state'), ('solo', 'unknown'), ('classes', 'score'), ('within', 'score')) AS q (e, m), rct.metric_values(e, m) AS v ORDER BY e, m, v::text",
    ),
    (
        "metric_results",
        "SELECT q.*, r.* FROM (VALUES ('solo', 'score', 'avg', NULL, NULL), ('solo', 'state', 'percentage', '=', 'done'), ('classes', 'score', 'sum', NULL, NULL), ('within', 'score', 'avg', NULL, NULL)) AS q (e, m, o, c, v),
         rct.metric_results(e, m, o, compare => c, value => v) AS r ORDER BY q::text, r::text",
    ),
    ("srm", "SELECT e, s.* FROM unnest('{solo,classes}'::text[]) AS e, rct.srm(e) AS s"),
    (
        "impossible_patterns",
        "SELECT e, p.* FROM unnest('{solo,classes,within}'::text[]) AS e LEFT JOIN LATERAL rct.impossible_patterns(e) AS p ON true ORDER BY e, p::text",
    ),
    ("current_status", "SELECT e, rct.current_status(e) FROM unnest('{solo,classes,within}'::text[]) AS e"),
    (
        "preflight",
        "SELECT e, s, p.* FROM unnest('{solo,classes,within}'::text[]) AS e, unnest('{enrolling,scheduled}'::text[]) AS s LEFT JOIN LATERAL rct.preflight(e, s) AS p ON true ORDER BY e, s, p::text",
    ),
    ("replay", "SELECT id, rct.replay(id) FROM rct.run ORDER BY id"),
    (
        "who repeats what",
        "SELECT user_id, context, event_id FROM rct.log_event ORDER BY 1, 2, 3",
    ),
];

/// What comes next: each answers what does not depend on the time.
pub(super) const NEXT: &[&str] = &[
    "SELECT r.user_id, p.site, m.* FROM (SELECT format('user %s', lpad(i::text, 3, '0')) AS user_id FROM generate_series(81, 100) AS i) AS r,
         (VALUES ('lms', 'quiz', 'q1'), ('lms', 'home', NULL), ('practice', 'lesson', NULL)) AS p (context, site, target), rct.mark(p.context, r.user_id, p.site, p.target, uniquifier => 'next') AS m ORDER BY 1, 2",
    "SELECT m.* FROM rct.mark('lms', 'user 020', 'quiz', 'q1', event_id => 'early') AS m",
    "SELECT n, m.* FROM generate_series(1, 3) AS n, rct.mark('practice', 'uno', 'lesson', NULL) AS m ORDER BY n",
    "SELECT n, m.* FROM generate_series(1, 5) AS n, rct.mark('lms', 'new ' || n, 'quiz', 'q1') AS m ORDER BY n",
    "SELECT p.* FROM rct.place_late('solo', '{late 1,late 3,late 4}', '{school 0,school 1,NULL}') AS p ORDER BY 1",
    r#"SELECT rct.set_groups('user 040', '{"class": ["class 1"], "school": ["school 1"]}'), rct.set_groups('new 1', '{"class": ["class 2"]}')"#,
    "SELECT rct.set_working_groups('user 005', NULL), rct.add_alias('user 005', 'five')",
    "SELECT m.* FROM unnest('{user 040,new 1,five}'::text[]) AS u, rct.mark('lms', u, 'home', NULL) AS m ORDER BY m::text",
    r#"SELECT l.* FROM rct.log('lms', 'new 1', '{"score": 5}', event_id => 'next') AS l"#,
    r#"SELECT l.* FROM rct.log('lms', 'user 007', '{"score": 5}', event_id => 'user 0071') AS l"#,
    r#"SELECT l.* FROM rct.log_batch('[{"context": "lms", "user_id": "one", "metrics": {"score": 7}, "event_id": "batch"}]') AS l"#,
    r#"SELECT rct.add_to_list('solo', 'exclude', '{"users": ["user 050"]}'), rct.add_members('wider', '{"groups": {"class": ["class 5"]}}'), rct.remove_members('pilot', '{"users": ["user 016"]}')"#,
    r#"SELECT rct.create_segment('next', '{"segments": ["wider"], "users": ["user 060"]}')"#,
    r#"SELECT rct.create_experiment('{"key": "next", "context": "lms", "conditions": [{"code": "x"}, {"code": "y"}], "decision_points": [{"site": "next"}], "lists": {"exclude": {"segments": ["next"]}}}')"#,
    "SELECT rct.set_status('next', 'enrolling'), rct.set_status('within', 'enrollment_complete', 'over')",
    "SELECT u, m.* FROM unnest('{user 060,user 061,user 010,five}'::text[]) AS u, rct.mark('lms', u, 'next', NULL) AS m ORDER BY u",
    r#"SELECT rct.create_experiment('{"key": "again", "context": "lms", "assignment": {"algorithm": "complete"}, "conditions": [{"code": "x"}, {"code": "y"}], "decision_points": [{"site": "again"}]}')"#,
    "SELECT count(rct.randomize_experiment('again', 'seed', '{user 001,user 002,user 003}'))",
    "SELECT count(*), bool_and(rct.replay(id)) FROM rct.run",
    r#"SELECT rct.set_preview_user('user 093', '{"solo": "control"}'), rct.remove_preview_user('user 091')"#,
];

/// The district. The clock moves between its steps, so that each has a moment of its own.
pub(super) fn school(tag: &str) -> Database {
    let database = Database::with_extension(tag);
    let mut client = database.client();
    for statement in SEMESTER {
        run(&mut client, statement);
    }
    database
}

/// It has all that it should have, and its own answers are sound.
#[test]
fn the_school_has_all_of_it() {
    let source = school("school");
    let mut client = source.client();
    for (what, query) in [
        (
            "users",
            "SELECT count(DISTINCT user_id) = 100 FROM rct.membership",
        ),
        (
            "experiments",
            "SELECT count(*) = 3 AND bool_and(status = 'enrolling') FROM rct.experiment",
        ),
        (
            "enrollments in each",
            "SELECT count(DISTINCT experiment_id) = 3 FROM rct.enrollment",
        ),
        (
            "conditions of each",
            "SELECT bool_and(n > 1) FROM (SELECT count(DISTINCT condition) AS n FROM rct.exposure WHERE condition IS NOT NULL GROUP BY experiment_id) AS x",
        ),
        (
            "exclusions",
            "SELECT count(DISTINCT code) > 2 FROM rct.exclusion",
        ),
        (
            "histories",
            "SELECT count(*) > 0 FROM rct.enrollment WHERE ended_at < 'infinity'",
        ),
        (
            "queues",
            "SELECT count(*) > 0 FROM rct.assign('practice', 'user 001') WHERE cardinality(queue) > 1",
        ),
    ] {
        assert_eq!(super::rows(&mut client, query), ["t"], "{what}");
    }
    for table in crate::district::tables(&mut client) {
        // what belongs to relations of the district is not copied with the records
        if ["rct.roster_source", "rct.reader"].contains(&table.as_str()) {
            continue;
        }
        let some = super::rows(&mut client, &format!("SELECT count(*) > 0 FROM {table}"));
        assert_eq!(some, ["t"], "{table}");
    }
    for (what, question) in QUESTIONS {
        let answers = super::rows(&mut client, question);
        assert!(answers.len() > 1, "{what}: {answers:?}");
        assert_eq!(
            answers,
            super::rows(&mut client, question),
            "{what}: not the same twice"
        );
    }
}
