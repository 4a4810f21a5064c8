-- Whether an experiment of the system ran as designed.

-- By hash: 400 users at their first visit.
SELECT rct.create_experiment('{"key": "hashed", "context": "mathia", "unit": "individual",
    "conditions": [{"code": "control", "weight": 1}, {"code": "hints", "weight": 3}, {"code": "video", "weight": 0}],
    "decision_points": [{"site": "quiz"}]}');
SELECT rct.set_status('hashed', 'enrolling');
SELECT count(m.recorded_condition) AS marked FROM generate_series(1, 400) AS i, rct.mark('mathia', 'u' || i, 'quiz', NULL) AS m;
SELECT unit_type, method, conditions, counts, expected_counts, n, df, verdict, notes FROM rct.srm('hashed');
-- The same as the counts in plain SQL.
SELECT a.chi2 = r.chi2 AND a.p_value = r.p_value AND a.p_exact = r.p_exact AS same
FROM rct.srm('hashed') AS a, rct.srm((SELECT ARRAY[count(*) FILTER (WHERE condition = 'control'), count(*) FILTER (WHERE condition = 'hints')]
    FROM rct.enrollment), ARRAY[1, 3]) AS r;
SELECT * FROM rct.impossible_patterns('hashed');
-- What nobody may do through the functions.
BEGIN;
INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code)
    SELECT id, 'user', v.unit, v.condition, 'ALGORITHMIC' FROM rct.experiment, (VALUES ('x1', 'video'), ('x2', 'gone')) AS v (unit, condition);
INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code, group_id)
    SELECT id, 'user', 'y' || i, 'control', 'ALGORITHMIC', 'c1' FROM rct.experiment, generate_series(1, 40) AS i;
INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code, started_at, ended_at, end_reason)
    SELECT id, 'user', 'y1', 'hints', 'ALGORITHMIC', now(), now(), 'by hand' FROM rct.experiment;
INSERT INTO rct.exclusion (experiment_id, unit_type, unit_id, code) SELECT id, 'user', 'y2', 'PARTICIPANT_ON_EXCLUSION_LIST' FROM rct.experiment;
INSERT INTO rct.exposure (context, user_id, site, target, status, experiment_id, condition, reason, mismatch, server_at, preview)
    SELECT 'mathia', 'y3', 'quiz', '', 'condition applied', id, 'control', 'assigned', true, '2020-01-01', false FROM rct.experiment;
SELECT verdict, notes FROM rct.srm('hashed');
SELECT * FROM rct.impossible_patterns('hashed');
-- Preview users enter no count.
INSERT INTO rct.preview_user (user_id) VALUES ('x1'), ('x2');
SELECT verdict, notes FROM rct.srm('hashed');
ROLLBACK;

-- A randomized roster: the counts of each condition are fixed, and some come.
SELECT rct.create_experiment('{"key": "blocks", "context": "algebra", "assignment": {"algorithm": "blocks", "late": "next_slot"},
    "conditions": [{"code": "control", "weight": 1}, {"code": "hints", "weight": 1}], "decision_points": [{"site": "quiz"}]}');
SELECT * FROM rct.srm('blocks');
SELECT rct.randomize_experiment('blocks', 'seed 1', array_agg('v' || i), array_agg(CASE WHEN i <= 20 THEN 'north' ELSE 'south' END)) > 0 AS run
FROM generate_series(1, 40) AS i;
SELECT rct.set_status('blocks', 'enrolling');
SELECT count(m.recorded_condition) AS marked FROM generate_series(5, 30) AS i, rct.mark('algebra', 'v' || i, 'quiz', NULL) AS m;
SELECT unit_type, method, conditions, counts, expected_counts, n, round(chi2::numeric, 6) AS chi2, df, p_exact, verdict, notes FROM rct.srm('blocks');
SELECT * FROM rct.impossible_patterns('blocks');
-- The same as Cochran, Mantel and Haenszel by hand.
SELECT abs(r.chi2 - c.chi2) < 1e-9 AS same FROM rct.srm('blocks') AS r, (
    SELECT sum(o - n * m / t) ^ 2 / sum(n * (t - n) * m * (t - m) / t ^ 2 / (t - 1)) AS chi2 FROM (
        SELECT count(*)::float8 AS t, count(*) FILTER (WHERE a.condition = 'hints')::float8 AS m, count(u.unit_id)::float8 AS n,
            count(u.unit_id) FILTER (WHERE a.condition = 'hints')::float8 AS o
        FROM rct.allocation AS a LEFT JOIN rct.enrollment AS u ON u.experiment_id = a.experiment_id AND u.unit_id = a.unit_id
        GROUP BY a.stratum) AS s) AS c;
-- A changed record is told.
BEGIN;
SET LOCAL session_replication_role = replica; -- no triggers
UPDATE rct.allocation SET condition = CASE condition WHEN 'hints' THEN 'control' ELSE 'hints' END WHERE unit_id = 'v7';
INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code)
    SELECT id, 'user', 'late', 'hints', 'ALGORITHMIC' FROM rct.experiment WHERE key = 'blocks';
SELECT severity, code, regexp_replace(place, 'run \d+', 'run') AS place, regexp_replace(detail, '"\w+"', '""', 'g') AS detail
FROM rct.impossible_patterns('blocks');
SELECT verdict, notes FROM rct.srm('blocks');
UPDATE rct.allocation SET condition = 'hints' WHERE stratum = 'south';
SELECT code, place, detail FROM rct.impossible_patterns('blocks') WHERE code = 'stratum_in_one_condition';
ROLLBACK;

-- Classes as units.
SELECT rct.create_experiment('{"key": "classes", "context": "reading", "unit": "group", "group_type": "class", "assignment": {"algorithm": "complete"},
    "conditions": [{"code": "control", "weight": 1}, {"code": "hints", "weight": 1}], "decision_points": [{"site": "quiz"}]}');
SELECT rct.randomize_experiment('classes', 'seed', '{A,B,C,D}') > 0 AS run;
SELECT rct.set_status('classes', 'enrolling');
SELECT count(rct.set_groups('w' || i, format('{"class": ["%s"]}', substr('ABCD', i % 4 + 1, 1))::jsonb)) AS users FROM generate_series(1, 12) AS i;
SELECT count(rct.set_working_groups('w' || i, format('{"class": "%s"}', substr('ABCD', i % 4 + 1, 1))::jsonb)) AS users FROM generate_series(1, 12) AS i;
SELECT count(m.recorded_condition) AS marked FROM generate_series(1, 12) AS i, rct.mark('reading', 'w' || i, 'quiz', NULL) AS m;
SELECT unit_type, counts, n, verdict, notes FROM rct.srm('classes');
SELECT * FROM rct.impossible_patterns('classes');
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE rct.enrollment SET condition = CASE condition WHEN 'hints' THEN 'control' ELSE 'hints' END WHERE unit_type = 'user' AND unit_id = 'w1';
SELECT severity, code, place FROM rct.impossible_patterns('classes');
ROLLBACK;

-- What a caller can do wrong.
SELECT * FROM rct.srm('nothing');
SELECT * FROM rct.impossible_patterns('nothing');
SELECT * FROM rct.srm(NULL::text);
SELECT * FROM rct.srm('hashed', level => NULL::float8);
SELECT * FROM rct.srm('hashed', 2);
SELECT rct.create_experiment('{"key": "within", "context": "mathia", "unit": "within_subjects",
    "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "w"}]}');
SELECT * FROM rct.srm('within');
SELECT count(*) AS patterns FROM rct.impossible_patterns('within');
-- Nobody may call them but who is given them.
CREATE ROLE audit_reader;
SELECT f, has_function_privilege('audit_reader', f, 'EXECUTE') AS allowed
FROM unnest(ARRAY['rct.srm(text, double precision)', 'rct.impossible_patterns(text)', 'rct.srm(bigint[], double precision[], text[], double precision)']) AS f;
DROP ROLE audit_reader;
