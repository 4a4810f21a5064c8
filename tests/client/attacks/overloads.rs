//! Functions with our names and other arguments, in our schema, by a role that was given CREATE there. Postgres prefers an
//! overload that fits without defaults, and takes what it can for an argument without a type: every call of ours has all
//! arguments, each of its exact type.

use std::collections::BTreeSet;

use postgres::Client;

use super::{run, value};
use crate::calls::CALLS;
use crate::db::{Database, told};
use crate::district::Logins;

/// Overloads of every function of the schema: with fewer arguments where ours has defaults, with one more, with each argument,
/// and all of them, of another type, of any type, and variadic; and what Postgres has, in our schema. Each says that it was called, and fails.
const OVERLOADS: &str = r#"
CREATE TYPE rct.bait AS (x text);
CREATE FUNCTION rct.to_bait(text) RETURNS rct.bait LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped by a cast''; END';
CREATE CAST (text AS rct.bait) WITH FUNCTION rct.to_bait(text) AS IMPLICIT;
CREATE TABLE public.overload (signature text);
DO $do$
DECLARE
    f record;
    v record;
    body text;
BEGIN
    CREATE TEMP TABLE other (type regtype, other text);
    INSERT INTO other VALUES ('text', 'varchar'), ('text', 'name'), ('text', 'anyelement'), ('text', 'rct.bait'), ('text', 'jsonb'), ('text', '"char"'),
        ('jsonb', 'text'), ('jsonb', 'json'), ('jsonb', 'anyelement'), ('bigint', 'integer'), ('bigint', 'numeric'), ('bigint', 'text'), ('bigint', 'anyelement'),
        ('integer', 'bigint'), ('integer', 'text'), ('integer', 'smallint'),
        ('timestamptz', 'timestamp'), ('timestamptz', 'date'), ('timestamptz', 'text'), ('timestamptz', 'anyelement'),
        ('double precision', 'numeric'), ('double precision', 'real'), ('double precision', 'integer'), ('double precision', 'text'), ('double precision', 'anyelement'),
        ('text[]', 'anyarray'), ('text[]', 'varchar[]'), ('text[]', 'name[]'), ('text[]', 'text'), ('text[]', 'anyelement'),
        ('double precision[]', 'anyarray'), ('double precision[]', 'numeric[]'), ('double precision[]', 'integer[]'), ('double precision[]', 'text'),
        ('bigint[]', 'anyarray'), ('bigint[]', 'integer[]'), ('bigint[]', 'text'), ('boolean[]', 'anyarray'), ('boolean[]', 'text'),
        ('boolean', 'text'), ('boolean', 'anyelement'), ('uuid', 'text'), ('uuid', 'anyelement'), ('bytea', 'text'), ('bytea', 'anyelement'),
        ('regclass', 'oid'), ('regclass', 'text'), ('regrole', 'text'), ('regrole', 'oid'), ('regrole', 'name');
    -- one kind of change for all arguments at once
    FOR f IN
        WITH ours AS (
            SELECT p.oid, p.proname AS name, p.pronargdefaults AS defaults,
                ARRAY(SELECT format_type(a, NULL) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY x (a, n) ORDER BY n) AS types
            FROM pg_proc p WHERE p.pronamespace = 'rct'::regnamespace AND p.prokind IN ('f', 'a') AND p.prorettype <> 'trigger'::regtype
            AND NOT p.proargtypes::oid[] && '{internal,cstring}'::regtype[]::oid[] AND p.proowner <> current_user::regrole),
        made AS (
            SELECT o.name, o.types[:cardinality(o.types) - n] AS types FROM ours o, generate_series(1, o.defaults) n
            UNION
            SELECT o.name, o.types || 'text'::text FROM ours o
            UNION
            SELECT o.name, o.types[:cardinality(o.types) - 1] || ('VARIADIC ' || o.types[cardinality(o.types)] || '[]')
            FROM ours o WHERE cardinality(o.types) > 0 AND o.types[cardinality(o.types)] !~ '\[\]$'
            UNION
            SELECT o.name, o.types[:i - 1] || x.other || o.types[i + 1:] FROM ours o, generate_subscripts(o.types, 1) i, other x WHERE x.type::text = o.types[i]
            UNION
            SELECT o.name, (SELECT array_agg(coalesce((SELECT x.other FROM other x WHERE x.type::text = t ORDER BY x.other LIMIT 1 OFFSET k), t) ORDER BY n)
                FROM unnest(o.types) WITH ORDINALITY y (t, n))
            FROM ours o, generate_series(0, 3) k
            UNION
            SELECT o.name, (SELECT array_agg(CASE WHEN t ~ '\[\]$' THEN 'anyarray' ELSE 'anyelement' END ORDER BY n) FROM unnest(o.types) WITH ORDINALITY y (t, n))
            FROM ours o
            UNION
            SELECT o.name, (SELECT array_agg('text'::text) FROM unnest(o.types)) FROM ours o
            UNION
            SELECT o.name, '{record}' || o.types[2:] FROM ours o WHERE o.types[1] LIKE 'rct.%'
            UNION
            SELECT * FROM (VALUES ('format'::name, '{text,text}'::text[]), ('format', '{text,name}'), ('lower', '{text}'), ('coalesce', '{text,text}'), ('count', '{text}'), ('unnest', '{text[]}'),
                ('array_agg', '{text}'), ('jsonb_build_object', '{text,jsonb}'), ('jsonb_build_object', '{text,text}'), ('clock_timestamp', '{}'), ('hashtextextended', '{text,bigint}'),
                ('sha256', '{bytea}'), ('encode', '{bytea,text}'), ('upper_inf', '{tstzrange}'), ('nextval', '{regclass}')) x (name, types))
        SELECT m.name, array_to_string(m.types, ', ') AS arguments FROM made m WHERE m.types IS NOT NULL
    LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION rct.%I(%s) RETURNS text LANGUAGE plpgsql AS %L', f.name, f.arguments, format(
                'BEGIN RAISE EXCEPTION ''trapped by %%'', %L; END',
                format('rct.%s(%s)', f.name, f.arguments)));
            INSERT INTO public.overload VALUES (format('rct.%s(%s)', f.name, f.arguments));
        EXCEPTION WHEN OTHERS THEN
            NULL; -- there is such a function, or can be none
        END;
    END LOOP;
    FOR f IN SELECT o.oprname, o.oprleft, o.oprright, o.oprresult FROM pg_operator AS o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprkind = 'b' LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION rct."op %s"(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', f.oprname, f.oprleft::regtype, f.oprright::regtype,
                           f.oprresult::regtype, 'BEGIN RAISE EXCEPTION ''trapped by an operator''; END');
            EXECUTE format('CREATE OPERATOR rct.%s (FUNCTION = rct."op %s", LEFTARG = %s, RIGHTARG = %s)', f.oprname, f.oprname,
                           f.oprleft::regtype, f.oprright::regtype);
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END
$do$;
CREATE DOMAIN rct.text AS pg_catalog.int4; CREATE DOMAIN rct.jsonb AS pg_catalog.int4; CREATE DOMAIN rct.timestamptz AS pg_catalog.int4; CREATE DOMAIN rct.uuid AS pg_catalog.int4;
"#;

/// What happens in a district, through all functions that have to do with its tables, each argument given with its type.
/// `$R` is a role, `$V` the reader, `$N` the latest run.
const SEMESTER: &[&str] = &[
    "SELECT rct.grant_service('$R'::regrole), rct.grant_analyst('$R'::regrole), rct.grant_admin('$R'::regrole)",
    "CREATE TABLE public.roster AS SELECT 'u' || i AS user_id, t.t AS group_type, t.t || i % 3 AS group_id FROM generate_series(1, 12) i, unnest('{class,school}'::text[]) t",
    "SELECT rct.grant_reader('$V'::regrole)",
    "GRANT SELECT ON public.roster TO $V",
    "SELECT rct.load_roster('public.roster'::regclass, '2025-08-01'::timestamptz, true::boolean)",
    r#"SELECT rct.set_groups('u1'::text, '{"class": ["c1", "c2"]}'::jsonb, '{"class": "c1"}'::jsonb, NULL::timestamptz)"#,
    r#"SELECT rct.set_working_groups('u1'::text, '{"class": "c2"}'::jsonb, NULL::timestamptz)"#,
    "SELECT rct.add_alias('u1'::text, 'one'::text)",
    r#"SELECT rct.create_segment('pilot'::text, '{"users": ["u2"], "groups": {"class": ["class1"]}}'::jsonb, 'public'::text, NULL::text, ''::text)"#,
    r#"SELECT rct.create_segment('wider'::text, '{"segments": ["pilot"]}'::jsonb, 'public'::text, NULL::text, ''::text)"#,
    r#"SELECT rct.create_segment('out'::text, '{"users": ["u3"]}'::jsonb, 'global_exclusion'::text, 'school'::text, ''::text)"#,
    r#"SELECT rct.add_members('pilot'::text, '{"users": ["u4"]}'::jsonb), rct.remove_members('pilot'::text, '{"users": ["u4"]}'::jsonb)"#,
    "SELECT rct.segment_members('wider'::text, NULL::timestamptz), rct.segment_members('pilot'::text, clock_timestamp()::timestamptz)",
    r#"SELECT rct.create_experiment('{"key": "solo", "context": "School", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "s", "target": "t"}],
        "ending": {"users": 3}, "lists": {"exclude": {"segments": ["wider"]}}, "namespace": {"name": "n", "from": 0, "to": 1}}'::jsonb)"#,
    r#"SELECT rct.create_experiment('{"key": "group", "context": "school", "unit": "group", "group_type": "class", "consistency": "group", "assignment": {"algorithm": "blocks", "late": "next_slot"},
        "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "g"}]}'::jsonb)"#,
    r#"SELECT rct.create_experiment('{"key": "within", "context": "school", "unit": "within_subjects", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "w"}]}'::jsonb)"#,
    "SELECT rct.clone_experiment('solo'::text, 'clone'::text), rct.import_experiment(rct.export_experiment('solo'::text), 'imported'::text)",
    r#"SELECT rct.import_upgrade('{"id": "9", "name": "Old", "context": ["m"], "assignmentUnit": "individual", "conditions": [], "partitions": []}'::jsonb, 'old'::text)"#,
    r#"SELECT rct.update_experiment('solo'::text, '{"rollout": 0.9}'::jsonb)"#,
    r#"SELECT rct.add_to_list('solo'::text, 'include'::text, '{"users": ["u5"]}'::jsonb), rct.remove_from_list('solo'::text, 'include'::text, '{"users": ["u5"]}'::jsonb)"#,
    "SELECT rct.randomize_experiment('group'::text, 'seed'::text, '{class0,class1}'::text[], '{x,NULL}'::text[])",
    "SELECT rct.randomize_experiment('group'::text, 'again'::text, '{class0,class1}'::text[], NULL::text[])",
    "SELECT rct.preflight('solo'::text, 'enrolling'::text), rct.preflight('group'::text, 'scheduled'::text)",
    r#"SELECT rct.set_preview_user('p'::text, '{"solo": "a"}'::jsonb)"#,
    "SELECT rct.mark('school'::text, 'early'::text, 's'::text, 't'::text, NULL::text, 'condition applied'::text, NULL::text, NULL::timestamptz, NULL::text, NULL::text)",
    "SELECT rct.set_status('solo'::text, 'preview'::text, NULL::text)",
    "SELECT rct.set_status(k, 'enrolling'::text, 'now'::text) FROM unnest('{solo,group,within}'::text[]) k",
    "SELECT rct.place_late('group'::text, '{class2}'::text[], '{x}'::text[])",
    "SELECT rct.mark('school'::text, u, p[1], nullif(p[2], ''::text), NULL::text, 'condition applied'::text, u || p[1], NULL::timestamptz, NULL::text, 'n'::text)
     FROM unnest('{u1,u2,u3,u5,u6,u7,p,new}'::text[]) u, (VALUES ('{s,t}'::text[]), ('{g,\"\"}'), ('{w,\"\"}')) v (p)",
    "SELECT rct.mark('school'::text, 'u6'::text, 's'::text, 't'::text, 'b'::text, 'condition not applied'::text, 'u6s'::text, NULL::timestamptz, 'solo'::text, NULL::text)",
    r#"SELECT rct.set_groups('u6'::text, '{"class": ["class1"]}'::jsonb, NULL::jsonb, NULL::timestamptz)"#,
    "SELECT rct.assign('school'::text, 'one'::text), rct.condition_for('school'::text, 'w'::text, NULL::text, 'u1'::text)",
    "SELECT rct.assign_all(k) FROM unnest('{solo,group,within}'::text[]) k",
    "SELECT rct.explain('school'::text, u, s, NULL::text, NULL::timestamptz) FROM unnest('{u1,u2,p}'::text[]) u, unnest('{s,g,w}'::text[]) s",
    "SELECT rct.explain('school'::text, 'u1'::text, 'g'::text, NULL::text, (clock_timestamp() - interval '1 s')::timestamptz)",
    "SELECT rct.roster_at(clock_timestamp()::timestamptz, NULL::timestamptz), rct.replay($N::bigint)",
    r#"SELECT rct.declare_metric('school'::text, 'score'::text, '{"type": "continuous"}'::jsonb), rct.declare_metric('school'::text, 'state'::text, '{"type": "categorical", "allowed": ["done"]}'::jsonb)"#,
    r#"SELECT rct.log('school'::text, u, '{"score": 1, "state": "done"}'::jsonb, NULL::timestamptz, u || 'e'::text, 'c'::text, 'k'::text, 'n'::text, 'v'::text) FROM unnest('{u1,u5,u6,u7}'::text[]) u"#,
    r#"SELECT rct.log_batch('[{"context": "school", "user_id": "u1", "metrics": {"score": 2}, "event_id": "b", "at": "2025-01-01T00:00:00Z"}]'::jsonb)"#,
    "SELECT rct.metric_values('group'::text, 'score'::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text)",
    "SELECT rct.metric_values('within'::text, 'state'::text, 'mode'::text, '='::text, 'done'::text, NULL::text, NULL::text)",
    "SELECT rct.metric_results('group'::text, 'score'::text, 'avg'::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, 'condition'::text)",
    "SELECT rct.metric_results('solo'::text, 'state'::text, 'percentage'::text, NULL::text, '='::text, 'done'::text, NULL::text, NULL::text, 'condition'::text)",
    "SELECT rct.srm(k, 0.999::float8), rct.impossible_patterns(k) FROM unnest('{solo,group}'::text[]) k",
    "SELECT rct.current_status(k), rct.experiment_spec(k) FROM unnest('{solo,group,within}'::text[]) k",
    "SELECT rct.set_status('group'::text, 'enrollment_complete'::text, NULL::text)",
    "SELECT rct.set_status('within'::text, 'cancelled'::text, 'enough'::text), rct.set_status('within'::text, 'archived'::text, NULL::text)",
    "SELECT rct.remove_preview_user('p'::text), rct.drop_metric('school'::text, 'state'::text)",
];

/// What came with the rules for relations, backups and rights.
const UPKEEP: &[&str] = &[
    "SELECT rct.grants(), rct.verify()",
    "SELECT rct.rebuild()",
    "SELECT rct.load_roster('public.roster'::regclass, NULL::timestamptz, true::boolean)",
    "SELECT rct.register_roster('public.roster'::regclass)",
    "SELECT rct.condition_for('school'::text, 'g'::text, NULL::text, 'u1'::text), rct.assign('school'::text, 'u2'::text), rct.assign_all('group'::text)",
    "SELECT rct.mark('school'::text, 'u1'::text, 'g'::text, NULL::text, NULL::text, 'condition applied'::text, NULL::text, NULL::timestamptz, NULL::text, NULL::text)",
    "SELECT rct.register_roster(NULL::regclass)",
];

/// A database with the overloads, made by a role that the owner let create in the schema.
fn overloaded(database: &Database, mallory: &str) {
    run(
        &mut database.client(),
        &format!(
            "GRANT CREATE ON SCHEMA rct TO {mallory}; GRANT CREATE ON SCHEMA public TO {mallory}"
        ),
    );
    run(&mut database.client_as(mallory), OVERLOADS);
    let made: i64 = value(
        &mut database.client(),
        "SELECT count(*) FROM public.overload",
    )
    .parse()
    .unwrap();
    assert!(made > 2000, "only {made} overloads");
}

/// What an overload has done to a statement that runs where there is none: it was called, or is nearer, or as near.
fn sprung(client: &mut Client, statement: &str) -> Option<String> {
    let error = client.batch_execute(statement).err()?;
    Some(format!("{statement}: {}", told(&error)))
}

fn through(
    database: &Database,
    roles: [&str; 2],
    statements: &[&str],
    sprung_by: &mut BTreeSet<String>,
) {
    let mut client = database.client();
    let [role, reader] = roles;
    for statement in statements {
        let mut statement = statement.replace("$R", role).replace("$V", reader);
        if statement.contains("$N") {
            let latest = value(&mut client, "SELECT coalesce(max(id), 0) FROM rct.run");
            statement = statement.replace("$N", &latest);
        }
        sprung_by.extend(sprung(&mut client, &statement));
    }
}

fn none(sprung_by: &BTreeSet<String>) {
    let shown: Vec<_> = sprung_by.iter().take(10).collect();
    assert!(
        sprung_by.is_empty(),
        "{} calls took an overload: {shown:#?}",
        sprung_by.len()
    );
}

/// The scenario itself is right: it runs where nobody has laid traps.
#[test]
fn the_semester_runs_without_overloads() {
    let (_roles, [role, reader]) = Logins::new("semester", ["role", "reader"]);
    let database = Database::with_extension("semester");
    let mut sprung_by = BTreeSet::new();
    through(&database, [&role, &reader], SEMESTER, &mut sprung_by);
    none(&sprung_by);
}

#[test]
fn no_overload_is_chosen_in_a_semester() {
    let (_roles, [mallory, role, reader]) = Logins::new("overload", ["mallory", "role", "reader"]);
    let database = Database::with_extension("overload");
    overloaded(&database, &mallory);
    let mut sprung_by = BTreeSet::new();
    through(&database, [&role, &reader], SEMESTER, &mut sprung_by);
    none(&sprung_by);
}

#[test]
fn no_overload_is_chosen_in_upkeep() {
    let (_roles, [mallory, role, reader]) = Logins::new("upkeep", ["mallory", "role", "reader"]);
    let database = Database::with_extension("upkeep");
    let mut sprung_by = BTreeSet::new();
    through(&database, [&role, &reader], SEMESTER, &mut sprung_by);
    overloaded(&database, &mallory);
    through(&database, [&role, &reader], UPKEEP, &mut sprung_by);
    none(&sprung_by);
}

/// Triggers call functions too: what changes the tables by hand, as a restore does.
#[test]
fn no_overload_is_chosen_by_triggers() {
    let (_roles, [mallory, role, reader]) = Logins::new("triggers", ["mallory", "role", "reader"]);
    let database = Database::with_extension("triggers");
    let mut sprung_by = BTreeSet::new();
    through(&database, [&role, &reader], SEMESTER, &mut sprung_by);
    overloaded(&database, &mallory);
    let mut client = database.client();
    for statement in [
        "INSERT INTO rct.membership (user_id, group_type, group_id, during) VALUES ('hand', 'class', 'c', '[2025-01-01,)')",
        "INSERT INTO rct.alias (alias, user_id) VALUES ('handle', 'hand')",
        "INSERT INTO rct.segment_member (segment_id, member_type, member_id) SELECT min(id), 'user', 'hand' FROM rct.segment WHERE key = 'pilot'",
        "UPDATE rct.segment_member SET ended_at = clock_timestamp() WHERE member_id = 'hand'",
        "INSERT INTO rct.preview_user (user_id) VALUES ('hand')",
        "INSERT INTO rct.exclusion (experiment_id, unit_type, unit_id, code) SELECT min(id), 'user', 'hand', 'X' FROM rct.experiment",
        "UPDATE rct.experiment SET status = 'cancelled' WHERE key = 'solo'",
        "UPDATE rct.membership SET known = tstzrange(lower(known), clock_timestamp()) WHERE user_id = 'hand'",
    ] {
        sprung_by.extend(sprung(&mut client, statement));
    }
    none(&sprung_by);
}

/// Pure functions that call others of ours: what the caller's own loose call chooses is the caller's, what is called from
/// within is ours.
#[test]
fn no_overload_is_chosen_within_pure_functions() {
    let (_roles, [mallory]) = Logins::new("pure", ["mallory"]);
    let database = Database::with_extension("pure");
    let mut client = database.client();
    run(
        &mut client,
        "CREATE TEMP TABLE mine AS
         SELECT i % 7 + i % 3 AS y, CASE WHEN i % 12 < 6 THEN 'a' ELSE 'b' END AS c, i % 12::bigint AS g, now() AS at FROM generate_series(1, 100) AS i;
         CREATE TEMP TABLE made AS SELECT rct.sketch(y, c, g) AS s,
             rct.sketch('y, odd, y2 / n ~ x; exposure: e', c, g, NULL, y, y % 2, y, y * 7 % 5 + 1, y * 7 % 5 + 1, y * 5 % 3) AS x,
             rct.sketch('y ~ x', c, g, NULL, CASE WHEN y % 2 = 1 THEN y END, y * 7 % 5) AS o,
             rct.distribution(CASE WHEN y % 2 = 1 THEN y END, c, g) AS d FROM mine",
    );
    overloaded(&database, &mallory);
    let mut within = BTreeSet::new();
    for (_, call) in CALLS {
        let Err(error) = client.batch_execute(call) else {
            continue;
        };
        let stack = error
            .as_db_error()
            .and_then(|e| e.where_())
            .unwrap_or_default();
        // an overload that was called is in the stack itself
        let own = usize::from(told(&error).contains("trapped by"));
        if stack.lines().count() > own {
            within.insert(format!("{call}: {}: {stack}", told(&error)));
        }
    }
    none(&within);
}
