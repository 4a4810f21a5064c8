-- The life of an experiment: which status may follow on which, what a start needs, what is frozen when, schedules, and every error of a caller.

CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'allowed';
EXCEPTION WHEN OTHERS THEN
    RETURN sqlstate || ' ' || sqlerrm;
END $$;
SELECT rct.create_experiment('{"key": "design", "context": "mathia", "conditions": [{"code": "a"}, {"code": "b"}],
                               "decision_points": [{"site": "quiz"}], "schedule": {"starts_at": "2199-01-01T00:00:00Z"}}');
-- A way to each status.
CREATE TABLE way (status text, steps text[], n serial);
INSERT INTO way VALUES ('inactive', '{}'), ('preview', '{preview}'), ('scheduled', '{scheduled}'), ('enrolling', '{enrolling}'),
                       ('enrollment_complete', '{enrolling,enrollment_complete}'), ('cancelled', '{cancelled}'), ('archived', '{cancelled,archived}');
SELECT count(rct.clone_experiment('design', f.status || ' ' || t.status)) FROM way AS f, way AS t;
SELECT count(rct.set_status(f.status || ' ' || t.status, s.status)) FROM (SELECT * FROM way ORDER BY n) AS f, way AS t, unnest(f.steps) WITH ORDINALITY AS s (status, n);
SELECT bool_and(rct.current_status(f.status || ' ' || t.status) = f.status) AS arrived FROM way AS f, way AS t;

-- Every transition: 17 of 49 are legal.
CREATE TABLE transition AS
SELECT f.n AS from_n, f.status AS from_status, t.n AS to_n, t.status AS to_status,
       try(format('SELECT rct.set_status(%L, %L)', f.status || ' ' || t.status, t.status)) AS result
FROM way AS f, way AS t;
SELECT from_status, string_agg(to_status, ', ' ORDER BY to_n) FILTER (WHERE result = 'allowed') AS allowed,
       string_agg(DISTINCT left(result, 5), ', ') FILTER (WHERE result <> 'allowed') AS refused
FROM transition GROUP BY from_n, from_status ORDER BY from_n;
SELECT count(*) FILTER (WHERE result = 'allowed') AS legal, count(*) AS all FROM transition;
SELECT rct.set_status('archived enrolling', 'enrolling');
SELECT rct.set_status('cancelled inactive', 'inactive');
SELECT rct.set_status('enrolling inactive', 'inactive');
SELECT rct.set_status('inactive inactive', 'inactive');
-- Words.
SELECT rct.set_status('design', 'running');
SELECT rct.set_status('design', NULL);
SELECT rct.set_status('design', '');
SELECT rct.set_status('nothing', 'enrolling');
SELECT rct.set_status(NULL, 'enrolling');

-- Who, when and why are written down.
SELECT rct.clone_experiment('design', 'story');
SELECT rct.set_status('story', 'preview', 'to look at it');
SELECT rct.set_status('story', 'enrolling', 'the term begins');
SELECT rct.set_status('story', 'enrollment_complete');
SELECT rct.set_status('story', 'enrolling', 'one more week');
SELECT l.from_status, l.to_status, l.reason, l.by = session_user AS by, l.at <= clock_timestamp() AS at
FROM rct.status_log AS l JOIN rct.experiment AS e ON e.id = l.experiment_id WHERE e.key = 'story' ORDER BY l.id;
SELECT status, status_reason, version FROM rct.experiment WHERE key = 'story';

-- What a start needs. preflight says all of it, set_status refuses with it.
SELECT rct.create_experiment('{"key": "draft", "context": "mathia"}');
SELECT * FROM rct.preflight('draft');
SELECT * FROM rct.preflight('draft', 'scheduled');
SELECT rct.set_status('draft', 'enrolling');
SELECT rct.set_status('draft', 'scheduled');
SELECT rct.set_status('draft', 'preview') AS a_draft_may_be_looked_at;
SELECT rct.set_status('draft', 'inactive');
CREATE FUNCTION problems(key text, patch jsonb) RETURNS SETOF rct.finding LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rct.create_experiment('{"context": "mathia", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "quiz"}]}'
                                  || jsonb_build_object('key', key) || patch);
    RETURN QUERY SELECT * FROM rct.preflight(key);
END $$;
SELECT * FROM problems('p1', '{"conditions": [{"code": "a"}]}');
SELECT * FROM problems('p2', '{"conditions": [{"code": "a", "weight": 0}, {"code": "b", "weight": 0}]}');
SELECT * FROM problems('p3', '{"unit": "group"}');
SELECT * FROM problems('p4', '{"consistency": "group"}');
SELECT * FROM problems('p5', '{"unit": "within_subjects", "assignment": {"algorithm": "blocks"}}');
SELECT * FROM problems('p6', '{"conditions": [{"code": "a"}, {"code": "b", "weight": 2}], "assignment": {"algorithm": "pairs"}}');
SELECT * FROM problems('p7', '{"unit": "within_subjects", "assignment": {"hash": "upgrade", "order": "latin_square"}}');
SELECT * FROM problems('p8', '{"post_rule": {"assign": "c"}, "decision_points": [{"site": "quiz", "payloads": {"d": 1}}]}');
SELECT * FROM problems('p9', '{"factors": [{"name": "f"}, {"name": "g", "levels": [{"name": "l"}]}], "conditions": [{"code": "a", "levels": {"g": "l", "h": "l"}}, {"code": "b", "levels": {"f": "x", "g": "x"}}]}');
SELECT * FROM problems('p10', '{"factors": [{"name": "g", "levels": [{"name": "l"}]}], "conditions": [{"code": "a", "levels": {"g": "l"}}, {"code": "b", "levels": {"g": "l"}}]}');
SELECT * FROM problems('p11', '{"schedule": {"starts_at": "2199-01-02T00:00:00Z", "ends_at": "2199-01-01T00:00:00Z"}}');
SELECT * FROM problems('p12', '{"schedule": {"ends_at": "2001-01-01T00:00:00Z"}}');
SELECT * FROM problems('p13', '{"namespace": {"name": "n", "from": 0.5, "to": 0.5}}');
SELECT * FROM problems('p14', '{"holdout": {"name": "h", "fraction": 1}}');
SELECT * FROM problems('p15', '{"ending": {"groups": 2, "users_per_group": 3}}');
SELECT * FROM problems('p16', '{"unit": "group", "group_type": "class", "ending": {"users_per_group": 3}}');
SELECT * FROM problems('p17', '{"assignment": {"algorithm": "complete"}}');
SELECT * FROM problems('p18', '{"namespace": {"name": "n", "from": 0, "to": 0.5}}');
SELECT rct.set_status('p18', 'enrolling');
SELECT * FROM problems('p19', '{"namespace": {"name": "n", "from": 0.4, "to": 0.8}}');
SELECT rct.set_status('p19', 'enrolling');
SELECT * FROM problems('p20', '{"namespace": {"name": "n", "from": 0.5, "to": 0.8}}');
SELECT rct.set_status(key, 'enrolling') FROM (VALUES ('p1'), ('p9')) AS v (key) WHERE key = 'p9';
SELECT * FROM rct.preflight('nothing');
SELECT * FROM rct.preflight(NULL);
SELECT * FROM rct.preflight('p1', 'running');
SELECT * FROM rct.preflight('p1', NULL);

-- From enrolling on the design is frozen.
CREATE FUNCTION frozen(experiment text) RETURNS TABLE (patch text, result text) LANGUAGE sql AS $$
    SELECT p, try(format('SELECT rct.update_experiment(%L, %L)', experiment, p))
    FROM unnest(ARRAY['{"unit": "within_subjects"}', '{"group_type": "class"}', '{"consistency": "experiment"}',
        '{"assignment": {"algorithm": "complete"}}', '{"assignment": {"hash": "upgrade"}}', '{"assignment": {"salt": "x"}}', '{"assignment": {"late": "hash"}}',
        '{"assignment": {"order": "random"}}', '{"conditions": [{"code": "a"}]}', '{"conditions": [{"code": "b"}, {"code": "a"}]}',
        '{"conditions": [{"code": "a"}, {"code": "b"}, {"code": "c"}]}', '{"conditions": [{"code": "a", "weight": 2}, {"code": "b"}]}',
        '{"factors": [{"name": "f"}]}', '{"decision_points": [{"site": "quiz"}, {"site": "end"}]}', '{"decision_points": [{"site": "quiz", "exclude_if_reached": false}]}',
        '{"namespace": {"name": "n", "from": 0.9, "to": 1}}', '{"holdout": {"name": "h", "fraction": 0.1}}', '{"schedule": {"starts_at": null}}', '{"rollout": 0.1}',
        '{"key": "other"}', '{"context": "other"}', '{"schedule": {"ends_at": "2198-01-01T00:00:00Z"}}', '{"post_rule": {"assign": "z"}}',
        '{"description": "new"}', '{"tags": ["new"]}', '{"conditions": [{"code": "a", "name": "A", "payload": 1}, {"code": "b", "payload": 2}]}',
        '{"decision_points": [{"site": "quiz", "payloads": {"a": 1}}]}', '{"default_payload": "d"}', '{"post_rule": {"assign": "a"}}', '{"filter_mode": "exclude_all"}',
        '{"rollout": 1}', '{"ending": {"users": 100}}', '{"schedule": {"ends_at": "2199-06-01T00:00:00Z"}}']) AS p $$;
SELECT rct.set_status('inactive enrollment_complete', 'enrolling') \g /dev/null
SELECT * FROM frozen('inactive enrollment_complete');
SELECT rct.update_experiment('inactive enrollment_complete', '{"conditions": [{"code": "a", "weight": 2}, {"code": "b"}]}');
SELECT rct.update_experiment('inactive enrollment_complete', '{"rollout": 0.1}');
SELECT rct.update_experiment('inactive enrollment_complete', '{"post_rule": {"assign": "z"}}');
-- What has ended for good never changes.
SELECT DISTINCT result FROM frozen('cancelled inactive');
SELECT rct.update_experiment('cancelled inactive', '{"description": "new"}');
SELECT rct.update_experiment('archived inactive', '{"description": "new"}');
-- Before that all of it may change, apart from the key and the context.
SELECT DISTINCT result, count(*) FROM frozen('draft') GROUP BY 1 ORDER BY 1;

-- The clock starts and ends what is scheduled.
SELECT rct.create_experiment('{"key": "clock", "context": "clock", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "quiz"}],
                               "schedule": {"starts_at": "2001-01-01T00:00:00Z"}}');
SELECT rct.set_status('clock', 'scheduled');
SELECT status AS stored, rct.current_status(key) AS current FROM rct.experiment WHERE key = 'clock';
SELECT condition IS NOT NULL AS condition, reason FROM rct.condition_for('clock', 'quiz', NULL, 'ada');
SELECT rct.update_experiment('clock', '{"unit": "within_subjects"}');
SELECT rct.set_status('clock', 'inactive');
SELECT rct.update_experiment('clock', '{"schedule": {"ends_at": "2002-01-01T00:00:00Z"}}') -> 'schedule' AS schedule;
SELECT status AS stored, rct.current_status(key) AS current FROM rct.experiment WHERE key = 'clock';
SELECT condition, reason FROM rct.condition_for('clock', 'quiz', NULL, 'ada');
SELECT rct.set_status('clock', 'enrolling');
SELECT rct.update_experiment('clock', '{"schedule": {"ends_at": null}}') -> 'schedule' AS schedule;
SELECT status AS stored, rct.current_status(key) AS current FROM rct.experiment WHERE key = 'clock';
SELECT rct.set_status('clock', 'enrollment_complete', 'by hand');
-- The log has what the clock did, with its times.
SELECT l.from_status, l.to_status, l.reason, CASE WHEN l.at < '2003-01-01' THEN l.at END AS at
FROM rct.status_log AS l JOIN rct.experiment AS e ON e.id = l.experiment_id WHERE e.key = 'clock' ORDER BY l.id;

-- Whoever reached a decision point before the start keeps the default.
SELECT rct.create_experiment('{"key": "late", "context": "late", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "quiz"}, {"site": "end", "exclude_if_reached": false}]}');
SELECT reason FROM rct.mark('late', 'early', 'quiz', NULL);
SELECT reason FROM rct.mark('late', 'early too', 'end', NULL);
SELECT rct.set_status('late', 'enrolling');
SELECT u.id, c.condition IS NULL AS "default", c.reason FROM unnest(ARRAY['early', 'early too', 'new']) AS u (id), rct.condition_for('late', 'quiz', NULL, u.id) AS c;
SELECT unit_type, unit_id, code FROM rct.exclusion ORDER BY 2;

-- The rules hold for whoever writes to the tables directly.
UPDATE rct.experiment SET status = 'inactive' WHERE key = 'late';
UPDATE rct.experiment SET status = 'running' WHERE key = 'late';
UPDATE rct.experiment SET key = 'later' WHERE key = 'late';
UPDATE rct.experiment SET spec = spec || '{"unit": "group", "group_type": "class"}' WHERE key = 'late';
UPDATE rct.experiment SET spec = spec || '{"key": "other"}' WHERE key = 'late';
UPDATE rct.experiment SET spec = '{}' WHERE key = 'late';
DELETE FROM rct.experiment WHERE key = 'late';
TRUNCATE rct.experiment CASCADE;
UPDATE rct.experiment_version SET version = 7;
DELETE FROM rct.experiment_version;
TRUNCATE rct.experiment_version;
UPDATE rct.status_log SET reason = 'other';
DELETE FROM rct.status_log;
TRUNCATE rct.status_log;
