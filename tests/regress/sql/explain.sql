-- Why a user gets what they get, step by step, now and at any past moment.

CREATE FUNCTION why(context text, user_id text, site text, target text, at timestamptz DEFAULT NULL)
    RETURNS TABLE (step int, rule text, outcome text, detail text) LANGUAGE sql AS $$
    -- ids of segments and times depend on what happened before
    SELECT step, rule, outcome, regexp_replace(regexp_replace(detail, 'segments? \d+', 'segment N', 'g'), '20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC', 'TIME', 'g')
    FROM rct.explain(context, user_id, site, target, at) ORDER BY step $$;
CREATE TABLE moment (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());

SELECT * FROM why('nowhere', 'ada', 'quiz', NULL);
SELECT rct.create_experiment($$ { "key": "hints", "context": "mathia", "default_payload": "plain", "rollout": 0.9,
    "conditions": [ { "code": "control" }, { "code": "hints", "payload": { "n": 3 } } ], "decision_points": [ { "site": "quiz", "target": "q1" } ] } $$);
INSERT INTO moment VALUES ('inactive');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q2');
SELECT reason FROM rct.mark('mathia', 'early', 'quiz', 'q1');
SELECT rct.set_status('hints', 'enrolling');
INSERT INTO moment VALUES ('enrolling');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1');
SELECT * FROM why('mathia', 'early', 'quiz', 'q1');
SELECT reason FROM rct.mark('mathia', 'ada', 'quiz', 'q1');
INSERT INTO moment VALUES ('enrolled');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1');
SELECT rct.add_to_list('hints', 'exclude', '{"users": ["ada"]}');
INSERT INTO moment VALUES ('excluded');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1');
SELECT rct.create_segment('opted out', '{"users": ["ada"]}', 'global_exclusion');
INSERT INTO moment VALUES ('globally excluded');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1');
SELECT rct.remove_members('opted out', '{"users": ["ada"]}');
SELECT rct.remove_from_list('hints', 'exclude', '{"users": ["ada"]}');
SELECT rct.update_experiment('hints', '{"post_rule": "revert"}') -> 'post_rule' AS post_rule;
SELECT rct.set_status('hints', 'enrollment_complete');
INSERT INTO moment VALUES ('complete');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1');
-- Each past moment as it was.
SELECT m.name, w.outcome, w.detail FROM moment AS m, why('mathia', 'ada', 'quiz', 'q1', m.at) AS w WHERE w.rule = 'answer' ORDER BY m.at;
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1', (SELECT at FROM moment WHERE name = 'enrolled'));
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1', '2001-01-01');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1', '-infinity');
SELECT * FROM why('mathia', 'ada', 'quiz', 'q1', 'infinity');
-- The answer is that of condition_for.
SELECT u, (SELECT w.outcome FROM why('mathia', u, 'quiz', 'q1') AS w WHERE w.rule = 'answer') = coalesce(c.condition, 'default') AS same
FROM unnest(ARRAY['ada', 'early', 'new']) AS u, rct.condition_for('mathia', 'quiz', 'q1', u) AS c;

-- Groups, a transfer, a pool of two, a preview user, a schedule.
SELECT rct.create_experiment('{"key": "classes", "context": "school", "unit": "group", "group_type": "class", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "home"}]}');
SELECT rct.create_experiment('{"key": "other", "context": "school", "conditions": [{"code": "c"}, {"code": "d"}], "decision_points": [{"site": "home"}, {"site": "away"}]}');
SELECT rct.set_status('classes', 'enrolling');
SELECT * FROM why('school', 's1', 'home', NULL);
SELECT rct.set_groups('s1', '{"class": ["A"]}');
SELECT * FROM why('school', 's1', 'home', NULL);
SELECT reason FROM rct.mark('school', 's1', 'home', NULL);
INSERT INTO moment VALUES ('in A');
SELECT rct.set_groups('s1', '{"class": ["B"]}');
SELECT * FROM why('school', 's1', 'home', NULL);
SELECT * FROM why('school', 's1', 'home', NULL, (SELECT at FROM moment WHERE name = 'in A'));
SELECT rct.set_status('other', 'enrolling');
SELECT * FROM why('school', 's1', 'home', NULL);
SELECT rct.set_preview_user('tester', '{"classes": "b"}');
SELECT * FROM why('school', 'tester', 'home', NULL);
SELECT rct.create_experiment('{"key": "clock", "context": "clock", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "home"}],
    "schedule": {"starts_at": "2021-01-01T00:00:00Z"}, "holdout": {"name": "h", "fraction": 0.5}, "namespace": {"name": "n", "from": 0, "to": 0.5}}');
SELECT rct.set_status('clock', 'scheduled');
SELECT * FROM why('clock', 'ada', 'home', NULL);
-- An alias is the user.
SELECT rct.add_alias('ada', 'countess');
SELECT (SELECT array_agg(w) FROM why('mathia', 'ada', 'quiz', 'q1') AS w) = (SELECT array_agg(w) FROM why('mathia', 'countess', 'quiz', 'q1') AS w) AS same;

-- A correction changes what holds, not what was answered: an answer is explained by what was known.
INSERT INTO moment VALUES ('before the correction');
SELECT rct.set_groups('s1', '{"class": ["C"]}', at => (SELECT at FROM moment WHERE name = 'in A'));
SELECT rule, outcome, detail FROM why('school', 's1', 'home', NULL, (SELECT at FROM moment WHERE name = 'before the correction')) WHERE rule = 'group_data';

-- What a caller can do wrong.
SELECT * FROM rct.explain('mathia', NULL, 'quiz', 'q1');
SELECT * FROM rct.explain('mathia', '', 'quiz', 'q1');
SELECT rule, outcome FROM rct.explain('mathia', 'ada', NULL, NULL);
SELECT rule, outcome FROM rct.explain(NULL, 'ada', 'quiz', 'q1');
SELECT rule, outcome FROM rct.explain('', 'ada', 'quiz', 'q1');
