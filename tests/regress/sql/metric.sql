-- Metrics: declaring, logging, results per condition, and every error of a caller.

SET timezone = 'UTC';
\set SHOW_CONTEXT never

-- Declarations are checked and get their defaults. A second one replaces the first.
SELECT rct.declare_metric('Home', 'score', '{"type": "continuous"}');
SELECT rct.declare_metric('HOME', 'score', '{"type": "continuous", "reduction": "mean", "direction": "higher", "description": "points"}');
SELECT rct.declare_metric('home', 'time', '{"type": "continuous", "direction": "lower"}');
SELECT rct.declare_metric('home', 'status', '{"type": "categorical", "allowed": ["GRADUATED", "PROMOTED"]}');
SELECT * FROM rct.metric ORDER BY context, name;
SELECT rct.drop_metric('Home', 'time') AS dropped, rct.drop_metric('home', 'time') AS again;
SELECT rct.declare_metric('home', 'time', '{"type": "continuous"}') \g /dev/null
-- What a declaration may not be.
SELECT rct.declare_metric(NULL, 'score', '{"type": "continuous"}');
SELECT rct.declare_metric('', 'score', '{"type": "continuous"}');
SELECT rct.declare_metric('home', NULL, '{"type": "continuous"}');
SELECT rct.declare_metric('home', ' ', '{"type": "continuous"}');
SELECT rct.declare_metric('home', repeat('x', 1001), '{"type": "continuous"}');
SELECT rct.declare_metric('home', 'score', NULL);
SELECT rct.declare_metric('home', 'score', '"continuous"');
SELECT rct.declare_metric('home', 'score', '{}');
SELECT rct.declare_metric('home', 'score', '{"type": 1}');
SELECT rct.declare_metric('home', 'score', '{"type": "number"}');
SELECT rct.declare_metric('home', 'score', '{"type": "continuous", "unit": "s"}');
SELECT rct.declare_metric('home', 'score', '{"type": "continuous", "allowed": ["a"]}');
SELECT rct.declare_metric('home', 'score', '{"type": "continuous", "reduction": "avg"}');
SELECT rct.declare_metric('home', 'score', '{"type": "continuous", "direction": "up"}');
SELECT rct.declare_metric('home', 'score', '{"type": "categorical"}');
SELECT rct.declare_metric('home', 'score', '{"type": "categorical", "allowed": []}');
SELECT rct.declare_metric('home', 'score', '{"type": "categorical", "allowed": ["a", 1]}');
SELECT rct.declare_metric('home', 'score', '{"type": "categorical", "allowed": ["a", "a"]}');
SELECT rct.declare_metric('home', 'score', '{"type": "categorical", "allowed": ["a"], "reduction": "mean"}');
SELECT rct.declare_metric('home', 'score', '{"type": "categorical", "allowed": ["a"], "direction": "lower"}');
SELECT rct.declare_metric('home', 'score', '{"type": "continuous", "reduction": "1e999", "description": 1e999}');
SELECT rct.drop_metric(NULL, 'score');
SELECT rct.drop_metric('home', '');
-- None of these changed anything.
SELECT definition FROM rct.metric WHERE name = 'score';

-- Logging: everything is kept, what does not fit is flagged.
SELECT * FROM rct.log('HOME', 's1', '{"score": 400, "status": "GRADUATED"}', '2026-03-02 10:00+00');
SELECT * FROM rct.log('home', 's2', '{"score": "400.5", "status": "graduated", "hints": 3, "mood": "good", "time": [1, 2]}', '2026-03-02 10:00+00');
SELECT * FROM rct.log('home', 's3', '{"score": "many", "status": 1, "time": null, "new": null, "deep": {"a": {}}}', '2026-03-02 10:00+00',
                      model_version => 'v7');
SELECT * FROM rct.log('home', 's4', '{"score": 1e999, "time": "NaN", "hints": true}', '2026-03-02 10:00+00');
SELECT * FROM rct.log('home', 's5', '{}');
SELECT * FROM rct.log('home', 's5', '{"score": 1}', now() + interval '1 day');
-- A repeated event changes nothing and says so; the same identifier in another context is another event.
SELECT * FROM rct.log('home', 's5', '{"score": 2}', '2026-03-02 10:00+00', 'e-1', 'workspace', 'areas', '1');
SELECT * FROM rct.log('Home', 's5', '{"score": 3}', '2026-03-02 10:00+00', 'e-1');
SELECT * FROM rct.log('away', 's5', '{"score": 3}', '2026-03-02 10:00+00', 'e-1');
-- An alias is the user.
SELECT rct.add_alias('s5', 'fifth') \g /dev/null
SELECT * FROM rct.log('home', 'fifth', '{"score": 4}', '2026-03-02 10:00+00');
SELECT context, user_id, metric, class, key, uniquifier, number, left(text_value, 12) AS text_value, flags, model_version, event_id,
       client_at > server_at AS ahead
FROM rct.measurement ORDER BY id;
-- What is not an event.
SELECT rct.log(NULL, 's1', '{"score": 1}');
SELECT rct.log('', 's1', '{"score": 1}');
SELECT rct.log('home', NULL, '{"score": 1}');
SELECT rct.log('home', ' ', '{"score": 1}');
SELECT rct.log('home', repeat('s', 1001), '{"score": 1}');
SELECT rct.log('home', 's1', NULL);
SELECT rct.log('home', 's1', '[1]');
SELECT rct.log('home', 's1', '3');
SELECT rct.log('home', 's1', '{"": 1}');
SELECT rct.log('home', 's1', jsonb_build_object(repeat('x', 1001), 1));
SELECT rct.log('home', 's1', '{"score": 1}', 'infinity');
SELECT rct.log('home', 's1', '{"score": 1}', event_id => '');
SELECT rct.log('home', 's1', '{"score": 1}', class => ' ');
SELECT rct.log('home', 's1', '{"score": 1}', key => '');
SELECT rct.log('home', 's1', '{"score": 1}', uniquifier => repeat('u', 1001));
SELECT rct.log('home', 's1', '{"score": 1}', model_version => '');
-- A refused event is not taken for logged.
SELECT rct.log('home', 's1', '{"": 1}', event_id => 'e-2');
SELECT * FROM rct.log('home', 's1', '{"score": 1}', '2026-03-02 10:01+00', 'e-2');
-- What was logged stays.
UPDATE rct.measurement SET number = 0;
DELETE FROM rct.measurement WHERE false;
TRUNCATE rct.measurement;
DELETE FROM rct.log_event;
TRUNCATE rct.log_event;

-- Batches: the same, in one statement. Repetitions are told within a batch and between batches.
SELECT * FROM rct.log_batch('[
    {"context": "Batch", "user_id": "b1", "metrics": {"score": 1, "extra": "x"}, "at": "2026-03-02T10:00:00Z", "event_id": "b-1"},
    {"context": "batch", "user_id": "b1", "metrics": {"score": 2}, "at": "2026-03-02T10:01:00Z", "event_id": "b-1"},
    {"context": "batch", "user_id": "fifth", "metrics": {"score": "3"}, "at": null, "class": "c", "key": "k", "uniquifier": "u", "model_version": "m"},
    {"context": "home", "user_id": "b1", "metrics": {"score": 4}, "event_id": "e-1"},
    {"context": "home", "user_id": "b1", "metrics": {"score": 5}, "at": "2126-03-02T10:00:00Z", "event_id": "b-1"},
    {"context": "batch", "user_id": "b1", "metrics": {}}]');
SELECT * FROM rct.log_batch('[{"context": "batch", "user_id": "b1", "metrics": {"score": 1}, "event_id": "b-1"}]');
SELECT * FROM rct.log_batch('[]');
SELECT context, user_id, metric, class, key, uniquifier, number, text_value, flags, model_version, event_id, client_at
FROM rct.measurement WHERE context = 'batch' OR event_id = 'b-1' ORDER BY id;
-- A batch with a wrong event is refused as a whole, with the place.
SELECT rct.log_batch(NULL);
SELECT rct.log_batch('{}');
SELECT rct.log_batch('[3]');
SELECT rct.log_batch('[{"context": "batch", "user_id": "b9", "metrics": {"score": 1}}, {"context": "batch", "user_id": "", "metrics": {}}]');
SELECT rct.log_batch('[{"context": "batch", "metrics": {}}]');
SELECT rct.log_batch('[{"context": null, "user_id": "b9", "metrics": {}}]');
SELECT rct.log_batch('[{"context": "batch", "user_id": 17, "metrics": {}}]');
SELECT rct.log_batch('[{"context": "batch", "user_id": "b9"}]');
SELECT rct.log_batch('[{"context": "batch", "user_id": "b9", "metrics": [1]}]');
SELECT rct.log_batch('[{"context": "batch", "user_id": "b9", "metrics": {"": 1}}]');
SELECT rct.log_batch('[{"context": "batch", "user_id": "b9", "metrics": {}, "time": 1}]');
SELECT rct.log_batch('[{"context": "batch", "user_id": "b9", "metrics": {}, "at": "soon"}]');
SELECT rct.log_batch('[{"context": "batch", "user_id": "b9", "metrics": {}, "at": "infinity"}]');
SELECT rct.log_batch('[{"context": "batch", "user_id": "b9", "metrics": {}, "at": 0}]');
SELECT rct.log_batch(format('[{"context": "batch", "user_id": "b9", "metrics": {}, "class": "%s"}]', repeat('c', 1001))::jsonb);
SELECT count(*) FROM rct.measurement WHERE user_id = 'b9';

-- An experiment with five users: 20, 200, 100, 50 and no value. Nobody has the condition "other".
SELECT rct.create_experiment('{"key": "five", "context": "five", "unit": "individual", "decision_points": [{"site": "s", "target": "t"}],
    "conditions": [{"code": "old", "weight": 1}, {"code": "new", "weight": 1}, {"code": "other", "weight": 1}]}');
CREATE FUNCTION enroll(experiment text, users text[], condition text, started timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code, group_id, started_at)
    SELECT x.id, 'user', u, enroll.condition, 'ALGORITHMIC', NULL, started FROM rct.experiment AS x, unnest(users) AS u WHERE x.key = experiment $$;
SELECT enroll('five', '{s1,s3,s4,s5}', 'old', '2026-03-01'), enroll('five', '{s2}', 'new', '2026-03-01') \g /dev/null
SELECT rct.declare_metric('five', 'total', '{"type": "continuous"}'), rct.declare_metric('five', 'never', '{"type": "continuous"}') \g /dev/null
SELECT * FROM rct.log_batch('[
    {"context": "five", "user_id": "s1", "metrics": {"total": 20},   "at": "2026-03-02T10:00:00Z"},
    {"context": "five", "user_id": "s2", "metrics": {"total": 200},  "at": "2026-03-02T10:00:00Z"},
    {"context": "five", "user_id": "s3", "metrics": {"total": 100},  "at": "2026-03-02T10:00:00Z"},
    {"context": "five", "user_id": "s4", "metrics": {"total": "50"}, "at": "2026-03-02T10:00:00Z"},
    {"context": "five", "user_id": "s5", "metrics": {"total": null}, "at": "2026-03-02T10:00:00Z"}]');
SELECT o.operation, r.condition, round(r.result::numeric, 2) AS result, r.n, r.participants
FROM unnest(ARRAY['sum', 'min', 'max', 'avg', 'count', 'mode', 'median', 'stddev']) WITH ORDINALITY AS o (operation, i)
CROSS JOIN rct.metric_results('five', 'total', o.operation) WITH ORDINALITY AS r (condition, result, n, participants, j) ORDER BY i, j;
SELECT * FROM rct.metric_results('five', 'total', 'percentage', compare => '<>', value => '50.0');
SELECT * FROM rct.metric_results('five', 'total', 'count_equal', value => '200');
SELECT * FROM rct.metric_results('five', 'never', 'sum');
SELECT * FROM rct.metric_values('five', 'total');
-- Participants without a value are missing outcomes of a sketch.
SELECT i.condition, i.n, i.mean, i.missing_outcome FROM (SELECT rct.sketch(outcome, condition, user_id) AS s FROM rct.metric_values('five', 'total')) AS v, rct.arms(s) AS i;

-- Only what happened from the enrollment on counts. The first enrollment counts, also if it is closed. Preview users are no participants.
SELECT rct.create_experiment('{"key": "window", "context": "window", "unit": "individual", "decision_points": [{"site": "s", "target": "t"}],
    "conditions": [{"code": "a", "weight": 1}, {"code": "b", "weight": 1}]}') \g /dev/null
SELECT enroll('window', '{early,moved,tester}', 'a', '2026-03-02 10:00+00'), enroll('window', '{moved}', 'b', '2026-03-05 10:00+00') \g /dev/null
SELECT rct.set_preview_user('tester') \g /dev/null
SELECT rct.log('window', 'early', '{"score": 1}', '2026-03-02 09:59:59+00'), rct.log('window', 'moved', '{"score": 2}', '2026-03-02 10:00+00'),
       rct.log('window', 'tester', '{"score": 1000}', '2026-03-03 10:00+00'), rct.log('window', 'stranger', '{"score": 1000}', '2026-03-03 10:00+00') \g /dev/null
SELECT * FROM rct.metric_results('window', 'score', 'sum');
-- Several values of a user: one of them, or what the reduction makes of all; the later of two with the same time is the last.
SELECT rct.log('window', 'moved', '{"score": 6}', '2026-03-06 10:00+00'), rct.log('window', 'moved', '{"score": 5}', '2026-03-06 10:00+00'),
       rct.log('window', 'moved', '{"score": 4}', '2026-03-04 10:00+00'), rct.log('window', 'moved', '{"score": null}', '2026-03-07 10:00+00') \g /dev/null
SELECT reduction, r.result, r.n, r.participants
FROM unnest(ARRAY[NULL, 'first', 'last', 'mean', 'median', 'min', 'max', 'sum', 'count', 'mode', 'stddev']) AS reduction,
     rct.metric_results('window', 'score', 'sum', reduction) AS r WHERE r.condition = 'a' ORDER BY reduction COLLATE "C";
-- With an uniquifier a later value, in time, takes the place of an earlier one.
SELECT rct.log('window', 'early', '{"tries": 10}', '2026-03-03 10:00+00', uniquifier => 'one'),
       rct.log('window', 'early', '{"tries": 20}', '2026-03-03 12:00+00', uniquifier => 'one'),
       rct.log('window', 'early', '{"tries": 90}', '2026-03-03 11:00+00', uniquifier => 'one'),
       rct.log('window', 'early', '{"tries": 40}', '2026-03-03 11:30+00', uniquifier => 'two'),
       rct.log('window', 'early', '{"tries": 7}', '2026-03-03 11:30+00', class => 'w', key => 'k', uniquifier => 'one') \g /dev/null
SELECT reduction, r.result FROM unnest(ARRAY['first', 'last', 'sum', 'count']) AS reduction,
     rct.metric_results('window', 'tries', 'sum', reduction) AS r WHERE r.condition = 'a' ORDER BY reduction COLLATE "C";
SELECT * FROM rct.metric_results('window', 'tries', 'sum', 'sum', class => 'w');
SELECT * FROM rct.metric_results('window', 'tries', 'sum', 'sum', class => 'w', key => 'other');
-- Declared later, what was logged before counts by the new declaration.
SELECT rct.declare_metric('window', 'tries', '{"type": "categorical", "allowed": ["20", "40"]}') \g /dev/null
SELECT * FROM rct.metric_results('window', 'tries', 'percentage', value => '20');
SELECT * FROM rct.metric_results('window', 'tries', 'sum', 'count');

-- Repeated measures between subjects.
SELECT rct.create_experiment('{"key": "between", "context": "work", "unit": "individual", "decision_points": [{"site": "s", "target": "t"}],
    "conditions": [{"code": "c0", "weight": 1}, {"code": "c1", "weight": 1}]}') \g /dev/null
SELECT enroll('between', '{w1,w2}', 'c0', '2026-03-01') \g /dev/null
SELECT rct.declare_metric('work', 'timeSpent', '{"type": "continuous"}'),
       rct.declare_metric('work', 'workspaceCompletionStatus', '{"type": "categorical", "allowed": ["GRADUATED", "PROMOTED"]}') \g /dev/null
SELECT l.accepted, l.stored, l.flagged FROM rct.log_batch((
    SELECT jsonb_agg(jsonb_build_object('context', 'work', 'user_id', u, 'at', timestamptz '2026-03-02' + i * interval '1 minute', 'class', 'addWorkspace',
               'key', 'level1', 'uniquifier', i::text, 'metrics', jsonb_build_object('timeSpent', t, 'workspaceCompletionStatus', s)))
    FROM (VALUES ('w1', 1, 400, 'GRADUATED'), ('w1', 2, 200, 'PROMOTED'), ('w1', 3, 300, 'GRADUATED'), ('w1', 4, 300, 'PROMOTED'),
                 ('w1', 5, 500, 'GRADUATED'), ('w2', 6, 300, 'PROMOTED'), ('w2', 7, 500, 'GRADUATED')) AS v (u, i, t, s))) AS l;
CREATE FUNCTION table_of(experiment text) RETURNS TABLE (condition text, operation text, last numeric, first numeric, mean numeric, n bigint) LANGUAGE sql AS $$
    SELECT l.condition, o.operation, round(l.result::numeric, 3), round(f.result::numeric, 3), round(m.result::numeric, 3), l.n
    FROM unnest(ARRAY['sum', 'min', 'max', 'avg', 'count', 'mode', 'median', 'stddev']) WITH ORDINALITY AS o (operation, i),
         rct.metric_results(experiment, 'timeSpent', o.operation, 'last', class => 'addWorkspace', key => 'level1') AS l
         JOIN rct.metric_results(experiment, 'timeSpent', o.operation, 'first') AS f USING (condition)
         JOIN rct.metric_results(experiment, 'timeSpent', o.operation, 'mean') AS m USING (condition) ORDER BY o.i, l.condition $$;
SELECT * FROM table_of('between') WHERE condition = 'c0';
SELECT o.operation, l.condition, l.result AS last, f.result AS first, l.n
FROM unnest(ARRAY['count_equal', 'percentage']) AS o (operation),
     rct.metric_results('between', 'workspaceCompletionStatus', o.operation, 'last', '=', 'GRADUATED') AS l
     JOIN rct.metric_results('between', 'workspaceCompletionStatus', o.operation, 'first', value => 'GRADUATED') AS f USING (condition)
ORDER BY o.operation, l.condition;
SELECT * FROM rct.metric_values('between', 'workspaceCompletionStatus');
SELECT * FROM rct.metric_values('between', 'workspaceCompletionStatus', compare => '<>', value => 'PROMOTED');
SELECT * FROM rct.metric_values('between', 'workspaceCompletionStatus', 'percent', value => 'GRADUATED');
SELECT * FROM rct.metric_values('between', 'timeSpent', 'percent', value => '300');
SELECT * FROM rct.metric_results('between', 'workspaceCompletionStatus', 'avg', 'percent', '<>', 'GRADUATED');
SELECT * FROM rct.metric_results('between', 'workspaceCompletionStatus', 'count_equal', 'count', value => '5');

-- The same within subjects: a value belongs to the condition of the repetition with its uniquifier.
SELECT rct.create_experiment('{"key": "within", "context": "work", "unit": "within_subjects", "assignment": {"order": "ordered"},
    "decision_points": [{"site": "s2", "target": "t"}], "conditions": [{"code": "c0", "weight": 1}, {"code": "c1", "weight": 1}]}') \g /dev/null
SELECT enroll('within', '{w1,w2}', NULL, '2026-03-01') \g /dev/null
INSERT INTO rct.repetition (experiment_id, user_id, site, target, ordinal, condition, uniquifier, at)
SELECT x.id, v.u, 's2', 't', v.i, v.c, v.i::text, timestamptz '2026-03-02' + v.i * interval '1 minute'
FROM rct.experiment AS x, (VALUES ('w1', 1, 'c0'), ('w1', 2, 'c0'), ('w1', 3, 'c0'), ('w1', 4, 'c1'), ('w1', 5, 'c1'), ('w2', 6, 'c0'), ('w2', 7, 'c1'))
     AS v (u, i, c) WHERE x.key = 'within';
SELECT * FROM table_of('within') WHERE condition = 'c0';
SELECT * FROM table_of('within') WHERE condition = 'c1' AND operation = 'sum';
SELECT o.operation, l.condition, l.result AS last, f.result AS first, l.n
FROM unnest(ARRAY['count_equal', 'percentage']) AS o (operation),
     rct.metric_results('within', 'workspaceCompletionStatus', o.operation, 'last', '=', 'GRADUATED') AS l
     JOIN rct.metric_results('within', 'workspaceCompletionStatus', o.operation, 'first', value => 'GRADUATED') AS f USING (condition)
ORDER BY o.operation, l.condition;
SELECT * FROM rct.metric_values('within', 'timeSpent', 'mean');

-- Main effects: by a factor.
SELECT rct.create_experiment('{"key": "factors", "context": "factors", "unit": "individual", "decision_points": [{"site": "s", "target": "t"}],
    "factors": [{"name": "color", "levels": [{"name": "red"}, {"name": "blue"}]}, {"name": "size", "levels": [{"name": "small"}, {"name": "large"}]}],
    "conditions": [{"code": "rs", "weight": 1, "levels": {"color": "red", "size": "small"}},
                   {"code": "rl", "weight": 1, "levels": {"color": "red", "size": "large"}},
                   {"code": "bs", "weight": 1, "levels": {"color": "blue", "size": "small"}},
                   {"code": "bl", "weight": 1, "levels": {"color": "blue", "size": "large"}}]}') \g /dev/null
SELECT enroll('factors', '{f1,f2}', 'rs', '2026-03-01'), enroll('factors', '{f3}', 'rl', '2026-03-01'), enroll('factors', '{f4}', 'bs', '2026-03-01') \g /dev/null
SELECT rct.log('factors', 'f' || i, jsonb_build_object('score', i * 10), '2026-03-02') FROM generate_series(1, 4) AS i \g /dev/null
SELECT * FROM rct.metric_results('factors', 'score', 'avg');
SELECT * FROM rct.metric_results('factors', 'score', 'avg', by => 'color');
SELECT * FROM rct.metric_results('factors', 'score', 'sum', by => 'size');

-- What cannot be asked.
SELECT rct.metric_results(NULL, 'total', 'sum');
SELECT rct.metric_results('five', NULL, 'sum');
SELECT rct.metric_results('five', 'total', NULL);
SELECT rct.metric_results('five', 'total', 'sum', by => NULL);
SELECT rct.metric_results('six', 'total', 'sum');
SELECT rct.metric_results('five', 'Total', 'sum');
SELECT rct.metric_results('factors', 'total', 'sum');
SELECT rct.metric_results('five', 'total', 'mean');
SELECT rct.metric_results('five', 'total', 'sum', 'avg');
SELECT rct.metric_results('five', 'total', 'count_equal');
SELECT rct.metric_results('five', 'total', 'count_equal', compare => '==', value => '1');
SELECT rct.metric_results('five', 'total', 'count_equal', value => 'many');
SELECT rct.metric_results('five', 'total', 'sum', value => '1');
SELECT rct.metric_results('five', 'total', 'sum', 'percent');
SELECT rct.metric_results('five', 'total', 'percentage', 'percent', value => '1');
SELECT rct.metric_results('between', 'workspaceCompletionStatus', 'avg');
SELECT rct.metric_results('between', 'workspaceCompletionStatus', 'count', 'mean');
SELECT rct.metric_results('between', 'workspaceCompletionStatus', 'percentage', value => 'graduated');
SELECT rct.metric_results('factors', 'score', 'avg', by => 'colour');
SELECT rct.metric_results('five', 'total', 'avg', by => 'color');
SELECT rct.metric_results('within', 'timeSpent', 'avg', by => 'color');
SELECT rct.metric_values(NULL, 'total');
SELECT rct.metric_values('six', 'total');
SELECT rct.metric_values('five', 'total', value => '1');
SELECT rct.metric_values('five', 'total', compare => '=');

-- The functions behind, on their own.
SELECT rct._metric_definition('{"type": "categorical", "allowed": ["b", "a"], "description": null}');
SELECT rct._metric_definition('{');
SELECT rct._metric_definition(NULL) IS NULL AS strict;
SELECT * FROM rct._metric_flatten('{"b": "2", "a": "x", "c": 1e999}', '{"b": {"type": "continuous"}, "c": {"type": "continuous"}}');
SELECT * FROM rct._metric_flatten('{"b": 2', '{}');
SELECT * FROM rct._metric_flatten('{"b": "\u0000"}', '{}');
SELECT * FROM rct._metric_flatten('{}', '[]');
SELECT * FROM rct._metric_flatten(NULL, '{}');
SELECT * FROM rct._metric_query(NULL, 'percentage', NULL, NULL, 'x');
SELECT * FROM rct._metric_query('{"type": "continuous", "reduction": "mean"}', 'avg', NULL, NULL, NULL);
