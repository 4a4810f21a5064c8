-- Segments, lists and global exclusion, and every error of a caller.

SELECT rct.create_segment('seniors', '{"users": ["bob", "ada"], "groups": {"class": ["8a", "7b"]}}', description => 'the older ones');
SELECT rct.create_segment('empty');
SELECT rct.segment_members('seniors');
SELECT rct.segment_members('empty');
SELECT rct.segment_members(NULL);
SELECT key, kind, context, description FROM rct.segment ORDER BY key;

-- Members are added and taken out; how many it were.
SELECT rct.add_members('seniors', '{"users": ["ada", "eve", "eve"], "groups": {"class": ["7b"], "school": ["north"]}}');
SELECT rct.add_members('seniors', '{}');
SELECT rct.remove_members('seniors', '{"users": ["bob", "nobody"], "groups": {"class": ["8a"]}}');
SELECT rct.segment_members('seniors');
-- History stays.
SELECT member_type, member_id, ended_at = 'infinity' AS open FROM rct.segment_member ORDER BY 1, 2;
SELECT rct.add_members('seniors', '{"users": ["bob"]}');
SELECT member_id, count(*), count(*) FILTER (WHERE ended_at = 'infinity') AS open FROM rct.segment_member WHERE member_id = 'bob' GROUP BY 1;
SELECT rct.segment_members('seniors', '2001-01-01') AS before;
-- NULL is nothing.
SELECT rct.add_members(NULL, '{}') IS NULL AS add_segment, rct.add_members('seniors', NULL) IS NULL AS add_members,
       rct.remove_members(NULL, '{}') IS NULL AS remove_segment, rct.remove_members('seniors', NULL) IS NULL AS remove_members;

-- Segments hold segments, of any depth, but never themselves.
SELECT rct.create_segment('school', '{"segments": ["seniors"], "users": ["teacher"]}');
SELECT rct.create_segment('district', '{"segments": ["school", "empty"]}');
SELECT rct.add_members('district', '{"segments": ["school"]}') AS again;
SELECT rct.segment_members('district');
SELECT rct.add_members('seniors', '{"segments": ["district"]}');
SELECT rct.add_members('seniors', '{"segments": ["seniors"]}');
SELECT rct.remove_members('district', '{"segments": ["school", "seniors", "nothing"]}');
SELECT rct.add_members('seniors', '{"segments": ["district"]}') AS allowed_now;

-- What a caller can do wrong.
SELECT rct.create_segment(NULL);
SELECT rct.create_segment('');
SELECT rct.create_segment('seniors');
SELECT rct.create_segment('list of mine');
SELECT rct.create_segment(repeat('x', 201));
SELECT rct.create_segment('x', kind => 'list');
SELECT rct.create_segment('x', kind => NULL);
SELECT rct.create_segment('x', context => 'mathia');
SELECT rct.create_segment('x', kind => 'global_exclusion', context => '');
SELECT rct.create_segment('x', '[]');
SELECT rct.create_segment('x', '"ada"');
SELECT rct.create_segment('x', '{"user": ["ada"]}');
SELECT rct.create_segment('x', '{"users": "ada"}');
SELECT rct.create_segment('x', '{"users": [null]}');
SELECT rct.create_segment('x', '{"users": [""]}');
SELECT rct.create_segment('x', jsonb_build_object('users', jsonb_build_array(repeat('x', 1001))));
SELECT rct.create_segment('x', '{"groups": ["7b"]}');
SELECT rct.create_segment('x', '{"groups": {"class": "7b"}}');
SELECT rct.create_segment('x', '{"groups": {"": ["7b"]}}');
SELECT rct.create_segment('x', '{"groups": {"segment": ["7b"]}}');
SELECT rct.create_segment('x', '{"segments": ["nothing"]}');
SELECT rct.add_members('nothing', '{}');
SELECT rct.add_members('seniors', '{"users": [""]}');
SELECT rct.remove_members('nothing', '{}');
SELECT rct.remove_members('seniors', '{"users": 1}');
SELECT rct.segment_members('nothing');
SELECT count(*) AS left_behind FROM rct.segment WHERE key = 'x';

-- The lists of an experiment.
SELECT rct.create_experiment('{"key": "hints", "context": "mathia", "lists": {"exclude": {"users": ["mallory"]}}, "conditions": [{"code": "a"}, {"code": "b"}],
                               "decision_points": [{"site": "quiz"}]}');
SELECT rct.add_to_list('hints', 'include', '{"users": ["ada"], "segments": ["school"]}');
SELECT rct.add_to_list('hints', 'exclude', '{"groups": {"class": ["7b"]}}');
SELECT rct.experiment_spec('hints') -> 'lists' AS lists;
SELECT rct.remove_from_list('hints', 'exclude', '{"users": ["mallory", "nobody"]}');
SELECT rct.remove_from_list('hints', 'include', '{"segments": ["school"]}');
SELECT rct.experiment_spec('hints') -> 'lists' AS lists;
SELECT rct.add_to_list('hints', 'included', '{}');
SELECT rct.add_to_list('hints', NULL, '{}');
SELECT rct.add_to_list('nothing', 'include', '{}');
SELECT rct.add_to_list(NULL, 'include', '{}');
SELECT rct.add_to_list('hints', 'include', NULL) IS NULL AS nothing;
SELECT rct.add_to_list('hints', 'include', '{"users": [1]}');
SELECT rct.remove_from_list('hints', 'none', '{}');
SELECT rct.remove_from_list('nothing', 'include', '{}');
-- Lists may change while an experiment runs, and stay as they are after its end.
SELECT rct.set_status('hints', 'enrolling');
SELECT rct.add_to_list('hints', 'exclude', '{"users": ["eve"]}');
SELECT rct.set_status('hints', 'cancelled');
SELECT rct.add_to_list('hints', 'exclude', '{"users": ["zoe"]}');
SELECT rct.remove_from_list('hints', 'exclude', '{"users": ["eve"]}');
-- The segment that is a list is the experiment's own.
SELECT rct.add_members('list hints exclude', '{"users": ["zoe"]}');
SELECT rct.remove_members('list hints exclude', '{"users": ["eve"]}');
SELECT rct.segment_members('list hints exclude');
SELECT rct.create_segment('around', '{"segments": ["list hints exclude"]}');

-- A global exclusion: everywhere, or in one context.
SELECT rct.create_experiment('{"key": "tips", "context": "mathia", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "quiz"}]}');
SELECT rct.set_status('tips', 'enrolling');
SELECT rct.create_segment('opted out', '{"users": ["olga"], "segments": ["empty"]}', 'global_exclusion');
SELECT rct.create_segment('opted out here', '{"groups": {"class": ["9z"]}}', 'global_exclusion', 'MATHia');
SELECT key, kind, context FROM rct.segment WHERE kind = 'global_exclusion' ORDER BY key;
SELECT rct.set_groups('kim', '{"class": ["9z"]}');
SELECT u.id, c.condition, c.reason FROM unnest(ARRAY['olga', 'kim', 'nadia']) AS u (id), rct.condition_for('mathia', 'quiz', NULL, u.id) AS c;
SELECT rct.add_members('empty', '{"users": ["nadia"]}');
SELECT c.condition, c.reason FROM rct.condition_for('mathia', 'quiz', NULL, 'nadia') AS c;

-- Nothing is deleted or rewritten, not even by the owner of the tables.
DELETE FROM rct.segment WHERE key = 'empty';
DELETE FROM rct.segment_member;
TRUNCATE rct.segment_member;
UPDATE rct.segment_member SET member_id = 'other' WHERE member_id = 'ada';
UPDATE rct.segment_member SET ended_at = 'infinity' WHERE ended_at < 'infinity';
DELETE FROM rct.segment_edge;
UPDATE rct.segment_edge SET child_id = parent_id;
