-- What an application does: ask for conditions, say what was delivered. Every mark is kept, and every error of a caller is refused.

SELECT rct.create_experiment($$ { "key": "hints", "context": "mathia", "default_payload": "plain",
    "conditions": [ { "code": "control" }, { "code": "hints", "payload": { "n": 3 } } ],
    "decision_points": [ { "site": "quiz", "target": "q1", "payloads": { "hints": "at q1" } }, { "site": "quiz", "target": "q2" } ] } $$);
SELECT * FROM rct.assign('mathia', 'ada');
SELECT * FROM rct.condition_for('mathia', 'quiz', 'q1', 'ada');
SELECT rct.set_status('hints', 'enrolling');
-- Every decision point, with what is to be delivered there; nothing is written.
SELECT * FROM rct.assign('MATHia', 'ada');
SELECT * FROM rct.assign('mathia', 'bob');
SELECT * FROM rct.condition_for('mathia', 'quiz', 'q2', 'bob');
SELECT (SELECT count(*) FROM rct.visit) AS visits, (SELECT count(*) FROM rct.enrollment) AS enrollments;
-- What does not exist is the default.
SELECT * FROM rct.condition_for('mathia', 'quiz', 'q9', 'ada');
SELECT * FROM rct.condition_for('nowhere', 'quiz', 'q1', 'ada');
SELECT count(*) FROM rct.assign('nowhere', 'ada');
SELECT * FROM rct.condition_for(NULL, NULL, NULL, 'ada');
SELECT count(*) FROM rct.assign(NULL, 'ada');
-- What an application can do wrong when it asks.
SELECT * FROM rct.assign('mathia', NULL);
SELECT * FROM rct.assign('mathia', '');
SELECT * FROM rct.condition_for('mathia', 'quiz', 'q1', NULL);
SELECT * FROM rct.condition_for('mathia', 'quiz', 'q1', '');
SELECT * FROM rct.condition_for('nowhere', 'quiz', 'q1', NULL);

-- The first mark enrolls; it agrees with what was asked for.
SELECT * FROM rct.mark('MATHia', 'ada', 'quiz', 'q1', (SELECT condition FROM rct.condition_for('mathia', 'quiz', 'q1', 'ada')), event_id => 'e1');
SELECT * FROM rct.mark('mathia', 'ada', 'quiz', 'q2');
SELECT unit_type, unit_id, condition, code, ended_at = 'infinity' AS open FROM rct.enrollment ORDER BY unit_id;
SELECT reason FROM rct.assign('mathia', 'ada');
-- The same event again changes nothing and says so.
SELECT * FROM rct.mark('mathia', 'ada', 'quiz', 'q1', 'other', event_id => 'e1');
SELECT count(*) FROM rct.exposure WHERE event_id = 'e1';
-- An event of another application is another event; one of another user is refused, and tells nothing of that user.
SELECT * FROM rct.mark('elsewhere', 'zoe', 'quiz', 'q1', event_id => 'e1');
SELECT * FROM rct.mark('mathia', 'zoe', 'quiz', 'q1', event_id => 'e1');
-- A delivery that does not fit is recorded as one.
SELECT * FROM rct.mark('mathia', 'bob', 'quiz', 'q1', 'no such condition');
SELECT recorded_condition = c.condition AS recorded, m.mismatch
FROM rct.condition_for('mathia', 'quiz', 'q1', 'cleo') AS c,
     rct.mark('mathia', 'cleo', 'quiz', 'q1', CASE c.condition WHEN 'hints' THEN 'control' ELSE 'hints' END) AS m;
SELECT user_id, target, reported_condition IS NOT NULL AS reported, mismatch, status FROM rct.exposure ORDER BY id;
-- A condition that was not delivered; a visit without one; an early visit to a point that no experiment has.
SELECT * FROM rct.mark('mathia', 'dan', 'quiz', 'q1', status => 'condition not applied');
SELECT reason FROM rct.condition_for('mathia', 'quiz', 'q1', 'dan');
SELECT recorded_experiment, reason, mismatch FROM rct.mark('mathia', 'eve', 'quiz', 'q1', status => 'no condition assigned');
SELECT * FROM rct.mark('mathia', 'fay', 'lesson', NULL);
SELECT unit_id, code FROM rct.exclusion ORDER BY unit_id;
SELECT unit_id FROM rct.enrollment ORDER BY unit_id;
SELECT user_id, site, target, first_at <= last_at AS times, preview FROM rct.visit ORDER BY 1, 2, 3;
-- Which experiment it was may be said.
SELECT recorded_experiment, mismatch FROM rct.mark('mathia', 'gus', 'quiz', 'q1', experiment => 'hints');
SELECT * FROM rct.mark('mathia', 'gus', 'quiz', 'q1', experiment => 'nothing');
SELECT * FROM rct.mark('mathia', 'gus', 'lesson', 'q1', experiment => 'hints');
SELECT * FROM rct.mark('elsewhere', 'gus', 'quiz', 'q1', experiment => 'hints');

-- What an application can do wrong when it marks.
SELECT * FROM rct.mark(NULL, 'ada', 'quiz', 'q1');
SELECT * FROM rct.mark('', 'ada', 'quiz', 'q1');
SELECT * FROM rct.mark('mathia', NULL, 'quiz', 'q1');
SELECT * FROM rct.mark('mathia', '', 'quiz', 'q1');
SELECT * FROM rct.mark('mathia', 'ada', NULL, 'q1');
SELECT * FROM rct.mark('mathia', 'ada', '', 'q1');
SELECT * FROM rct.mark('mathia', 'ada', 'quiz', 'q1', status => 'applied');
SELECT * FROM rct.mark('mathia', 'ada', 'quiz', 'q1', event_id => '');
SELECT * FROM rct.mark('mathia', 'ada', 'quiz', 'q1', at => 'infinity');
SELECT * FROM rct.mark('mathia', repeat('x', 1001), 'quiz', 'q1');
SELECT count(*) AS written_by_errors FROM rct.exposure WHERE site = '' OR NOT isfinite(client_at) OR length(user_id) > 1000;

-- Groups: one condition for all of a class, whoever comes first.
SELECT rct.create_experiment('{"key": "classes", "context": "school", "unit": "group", "group_type": "class", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "home"}]}');
SELECT rct.set_status('classes', 'enrolling');
SELECT rct.set_groups(u, jsonb_build_object('class', jsonb_build_array(c))) FROM (VALUES ('s1', 'A'), ('s2', 'A'), ('s3', 'B'), ('s4', 'C')) AS v (u, c) \g /dev/null
SELECT count(DISTINCT condition) AS conditions FROM unnest(ARRAY['s1', 's2']) AS u, rct.condition_for('school', 'home', NULL, u);
SELECT reason FROM rct.mark('school', 's1', 'home', NULL);
SELECT reason FROM rct.mark('school', 's2', 'home', NULL);
SELECT unit_type, unit_id, code, group_id, condition = (SELECT condition FROM rct.enrollment WHERE unit_type = 'class') AS of_the_class FROM rct.enrollment
WHERE experiment_id = (SELECT id FROM rct.experiment WHERE key = 'classes') ORDER BY 1, 2;
SELECT u, reason FROM unnest(ARRAY['s1', 's3', 'nobody']) AS u, rct.condition_for('school', 'home', NULL, u);
SELECT reason FROM rct.mark('school', 'nobody', 'home', NULL);
SELECT code FROM rct.exclusion WHERE unit_id = 'nobody';
SELECT rct.set_groups('nobody', '{"class": ["C"]}');
SELECT reason FROM rct.condition_for('school', 'home', NULL, 'nobody') AS healed;
-- A transfer.
SELECT rct.set_groups('s2', '{"class": ["B"]}');
SELECT reason FROM rct.mark('school', 's3', 'home', NULL);
SELECT reason FROM rct.mark('school', 's2', 'home', NULL);
SELECT group_id, code, end_reason FROM rct.enrollment WHERE unit_id = 's2' ORDER BY started_at;
-- A whole roster in one statement.
SELECT user_id, group_id, condition IS NOT NULL AS condition, reason FROM rct.assign_all('classes') ORDER BY user_id;
SELECT count(*) FROM rct.assign_all('nothing');
SELECT count(*) FROM rct.assign_all(NULL);
SELECT rct.create_experiment('{"key": "pointless", "context": "school"}');
SELECT count(*) FROM rct.assign_all('pointless');

-- A number of users ends enrollment.
SELECT rct.create_experiment('{"key": "three", "context": "three", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "home"}], "ending": {"users": 3}}');
SELECT rct.set_status('three', 'enrolling');
SELECT u, reason FROM generate_series(1, 5) AS u, rct.mark('three', 'u' || u, 'home', NULL);
SELECT rct.current_status('three'), (SELECT users FROM rct.enrollment_count AS c JOIN rct.experiment AS e ON e.id = c.experiment_id WHERE e.key = 'three');
SELECT l.to_status, l.reason FROM rct.status_log AS l JOIN rct.experiment AS e ON e.id = l.experiment_id WHERE e.key = 'three' ORDER BY l.id;

-- Within subjects every user gets every condition, in order.
SELECT rct.create_experiment('{"key": "within", "context": "within", "unit": "within_subjects", "conditions": [{"code": "a"}, {"code": "b"}, {"code": "c"}], "decision_points": [{"site": "home"}]}');
SELECT rct.set_status('within', 'enrolling');
SELECT condition, queue, reason FROM rct.condition_for('within', 'home', NULL, 'ada');
SELECT n, recorded_condition FROM generate_series(1, 4) AS n, rct.mark('within', 'ada', 'home', NULL, uniquifier => 'visit ' || n);
SELECT condition, queue[1:3] AS queue, reason FROM rct.condition_for('within', 'home', NULL, 'ada');
SELECT ordinal, condition, uniquifier FROM rct.repetition ORDER BY ordinal;

-- Preview users see what is in preview, and leave nothing in the analysis.
SELECT rct.clone_experiment('hints', 'sketch');
SELECT rct.update_experiment('sketch', '{"decision_points": [{"site": "draft"}]}') \g /dev/null
SELECT rct.set_status('sketch', 'preview');
SELECT rct.set_preview_user('tester', '{"sketch": "hints"}');
SELECT experiment, condition, reason FROM rct.condition_for('mathia', 'draft', NULL, 'tester');
SELECT experiment, condition, reason FROM rct.condition_for('mathia', 'draft', NULL, 'ada');
SELECT * FROM rct.mark('mathia', 'tester', 'draft', NULL, 'hints');
SELECT count(*) FROM rct.enrollment WHERE unit_id = 'tester';
SELECT user_id, preview FROM rct.exposure WHERE site = 'draft';
SELECT rct.set_preview_user('tester');
SELECT experiment, condition IS NOT NULL AS condition, reason FROM rct.condition_for('mathia', 'draft', NULL, 'tester');
SELECT rct.remove_preview_user('tester');
SELECT rct.remove_preview_user('tester') AS again;
SELECT reason FROM rct.condition_for('mathia', 'draft', NULL, 'tester');
SELECT rct.set_preview_user(NULL);
SELECT rct.set_preview_user('');
SELECT rct.set_preview_user('tester', NULL);
SELECT rct.set_preview_user('tester', '[]');
SELECT rct.set_preview_user('tester', '{"nothing": "hints"}');
SELECT rct.set_preview_user('tester', '{"sketch": "other"}');
SELECT rct.set_preview_user('tester', '{"sketch": null}');
SELECT rct.remove_preview_user(NULL);
SELECT count(*) AS left_behind FROM rct.preview_user WHERE ended_at = 'infinity';

-- Records are not changed, not even by the owner of the tables.
UPDATE rct.exposure SET mismatch = false;
DELETE FROM rct.exposure;
TRUNCATE rct.exposure;
DELETE FROM rct.visit;
UPDATE rct.enrollment SET condition = 'hints' WHERE unit_id = 'ada';
DELETE FROM rct.enrollment;
UPDATE rct.exclusion SET code = 'ERROR';
UPDATE rct.exclusion SET ended_at = clock_timestamp(), code = 'ERROR';
TRUNCATE rct.exclusion;
UPDATE rct.repetition SET condition = 'b';
DELETE FROM rct.repetition;
DELETE FROM rct.preview_user;
UPDATE rct.preview_condition SET condition = 'control';
