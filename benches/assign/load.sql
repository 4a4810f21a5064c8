-- A district: :users users in classes of 30 and in 50 schools, and a context with 20 experiments that are all enrolling.
-- Users are called 1000001, 1000002, ...; experiment number N has one decision point, with the target N.
CREATE EXTENSION pg_rct;

CREATE TABLE roster AS
    SELECT (1000000 + n)::text AS user_id, g.group_type, g.group_id
    FROM generate_series(1, :users) n, LATERAL (VALUES ('class', 'c' || n / 30), ('school', 's' || n / 30 % 50)) g (group_type, group_id);
ANALYZE roster;
CREATE ROLE rct_bench_reader;
GRANT SELECT ON roster TO rct_bench_reader;
SELECT rct.grant_reader('rct_bench_reader') \g /dev/null
\timing on
SELECT rct.load_roster('roster') AS users_loaded;
\timing off

-- Three levels: a segment of 10 segments of 10 segments, with a tenth of all users.
SELECT count(rct.create_segment(format('leaf %s %s', i, j),
    jsonb_build_object('users', (SELECT jsonb_agg((1000000 + n)::text)
        FROM generate_series((10 * i + j) * (:users / 1000) + 1, (10 * i + j + 1) * (:users / 1000)) n))))
    FROM generate_series(0, 9) i, generate_series(0, 9) j \g /dev/null
SELECT count(rct.create_segment(format('branch %s', i),
    jsonb_build_object('segments', (SELECT jsonb_agg(format('leaf %s %s', i, j)) FROM generate_series(0, 9) j))))
    FROM generate_series(0, 9) i \g /dev/null
SELECT rct.create_segment('trunk', jsonb_build_object('segments', (SELECT jsonb_agg(format('branch %s', i)) FROM generate_series(0, 9) i))) \g /dev/null
SELECT rct.create_segment('staff', jsonb_build_object('users', (SELECT jsonb_agg((1000000 + n * (:users / 100))::text)
    FROM generate_series(1, 100) n)), 'global_exclusion') \g /dev/null

-- 1 to 9 individual with two conditions, 10 individual with three, 11 to 16 by class, 17 by school;
-- 18 excludes users and classes, 19 takes only the users in the trunk, 20 only the classes of some schools.
SELECT count(rct.create_experiment(jsonb_build_object('key', 'e' || n, 'context', 'bench', 'unit', u.unit,
        'conditions', c.conditions, 'decision_points', jsonb_build_array(jsonb_build_object('site', 'lesson', 'target', n::text)))
    || CASE u.unit WHEN 'group' THEN jsonb_build_object('group_type', CASE n WHEN 17 THEN 'school' ELSE 'class' END) ELSE '{}' END
    || CASE n
        WHEN 18 THEN jsonb_build_object('lists', jsonb_build_object('exclude', jsonb_build_object(
            'users', (SELECT jsonb_agg((1000000 + i * (:users / 500))::text) FROM generate_series(1, 500) i),
            'groups', jsonb_build_object('class', (SELECT jsonb_agg('c' || i) FROM generate_series(1, 20) i)))))
        WHEN 19 THEN '{"filter_mode": "exclude_all", "lists": {"include": {"segments": ["trunk"]}}}'
        WHEN 20 THEN jsonb_build_object('filter_mode', 'exclude_all', 'lists', jsonb_build_object('include', jsonb_build_object(
            'groups', jsonb_build_object('school', (SELECT jsonb_agg('s' || i) FROM generate_series(0, 24) i)))))
        ELSE '{}' END))
    FROM generate_series(1, 20) n,
    LATERAL (SELECT CASE WHEN n BETWEEN 11 AND 17 OR n = 20 THEN 'group' ELSE 'individual' END AS unit) u,
    LATERAL (SELECT jsonb_build_array('{"code": "control", "weight": 1, "payload": "plain"}'::jsonb,
            '{"code": "treatment", "weight": 1, "payload": {"color": "red", "hints": 3}}'::jsonb)
        || CASE WHEN n IN (10, 17) THEN '[{"code": "strong", "weight": 2, "payload": {"color": "blue", "hints": 5}}]' ELSE '[]'::jsonb END
        AS conditions) c \g /dev/null
SELECT count(rct.set_status('e' || n, 'enrolling')) FROM generate_series(1, 20) n \g /dev/null
