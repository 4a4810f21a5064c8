-- Definitions of experiments: created, read back, changed, cloned, exported and imported, and every error of a caller.

-- The schema names every field.
SELECT rct.experiment_schema() ->> '$schema' AS dialect, rct.experiment_schema() -> 'required' AS required;
SELECT string_agg(field, ' ' ORDER BY field) AS fields FROM jsonb_object_keys(rct.experiment_schema() -> 'properties') AS field;

-- Little is needed; everything else has a default.
SELECT rct.create_experiment('{"key": "hints", "context": "MATHia"}');
SELECT jsonb_pretty(rct.experiment_spec('hints'));
SELECT rct.current_status('hints');

-- Everything that can be said.
SELECT rct.create_segment('pilot', '{"users": ["ada"], "groups": {"class": ["7b"]}}');
SELECT rct.create_experiment($$ {
    "key": "Größe & <colour>", "context": "mathia", "description": "Does it matter?", "tags": ["2026", "algebra"],
    "unit": "group", "group_type": "class", "consistency": "experiment",
    "assignment": { "algorithm": "blocks", "hash": "xxh3", "hash_version": 1, "salt": "s", "late": "next_slot", "order": "ordered" },
    "conditions": [
        { "code": "red, small", "name": "Red", "weight": 1, "payload": "#f00", "levels": { "colour": "red", "size": "small" } },
        { "code": "blue, large", "weight": 0.5, "payload": { "rgb": [0, 0, 255.10] }, "levels": { "colour": "blue", "size": "large" } } ],
    "factors": [ { "name": "colour", "levels": [ { "name": "red", "payload": 1 }, { "name": "blue" } ] },
                 { "name": "size", "levels": [ { "name": "small" }, { "name": "large" } ] } ],
    "decision_points": [ { "site": "quiz", "target": "q1", "exclude_if_reached": false, "payloads": { "red, small": "here" } }, { "site": "end" } ],
    "post_rule": { "assign": "red, small" }, "filter_mode": "exclude_all",
    "lists": { "include": { "users": ["bob", "ada", "ada"], "groups": { "school": ["n", "m"], "class": [] }, "segments": ["pilot"] },
               "exclude": { "users": ["eve"] } },
    "rollout": 0.25, "holdout": { "name": "winter", "fraction": 0.05 }, "namespace": { "name": "home", "from": 0, "to": 0.5 },
    "schedule": { "starts_at": "2031-01-02T03:04:05+01:00", "ends_at": "2031-07-01T00:00:00Z" },
    "ending": { "users": 500, "groups": 10, "users_per_group": 5 }, "default_payload": null } $$);
SELECT jsonb_pretty(rct.experiment_spec('Größe & <colour>'));

-- What is read back can be created: the same, byte for byte.
CREATE TABLE copy AS SELECT rct.experiment_spec('Größe & <colour>') AS spec;
SELECT rct.create_experiment(spec || '{"key": "again"}') FROM copy;
SELECT rct.experiment_spec('again') = spec || '{"key": "again"}' AS same FROM copy;

-- Errors of a definition name the path.
SELECT rct.create_experiment(NULL);
SELECT rct.create_experiment('[]');
SELECT rct.create_experiment('"hints"');
SELECT rct.create_experiment('null');
SELECT rct.create_experiment('{}');
SELECT rct.create_experiment('{"key": "x"}');
SELECT rct.create_experiment('{"key": "x", "context": null}');
SELECT rct.create_experiment('{"key": 7, "context": "c"}');
SELECT rct.create_experiment('{"key": "", "context": "c"}');
SELECT rct.create_experiment('{"key": "a\nb", "context": "c"}');
SELECT rct.create_experiment(jsonb_build_object('key', repeat('x', 513), 'context', 'c'));
SELECT rct.create_experiment('{"key": "x", "context": ""}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "colour": 1}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "tags": "one"}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "tags": ["a", "b", "a"]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "unit": "class"}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "group_type": "user"}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "group_type": ""}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "consistency": "school"}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": "hash"}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": {"algorithm": "random"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": {"hash": "md5"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": {"hash_version": 2}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": {"hash_version": 1.5}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": {"salt": ""}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": {"late": "drop"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": {"order": "sorted"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "assignment": {"seed": 1}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": {"code": "a"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": ["a", "b"]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"weight": 1}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a"}, {"code": "default"}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a"}, {"code": "a"}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a"}, {"code": "b", "weight": -3}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a", "weight": "1"}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a", "weight": 1e400}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a", "weight": 1e308}, {"code": "b", "weight": 1e308}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a", "levels": ["red"]}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a", "levels": {"colour": 1}}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a", "levels": {"": "red"}}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "conditions": [{"code": "a", "wieght": 1}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "factors": [{"name": ""}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "factors": [{"name": "f"}, {"name": "f"}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "factors": [{"name": "f", "levels": [{"name": "l"}, {"name": "l"}]}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "factors": [{"name": "f", "levels": [{"name": ""}]}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "factors": [{"name": "f", "levels": ["l"]}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "decision_points": [{"target": "t"}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "decision_points": [{"site": ""}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "decision_points": [{"site": "s", "target": "a\tb"}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "decision_points": [{"site": "s"}, {"site": "s", "target": "t"}, {"site": "s", "target": ""}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "decision_points": [{"site": "s", "target": "t"}, {"site": "s", "target": "t"}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "decision_points": [{"site": "s", "exclude_if_reached": 1}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "decision_points": [{"site": "s", "payloads": []}]}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "post_rule": "stop"}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "post_rule": {"assign": ""}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "post_rule": {"give": "a"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "filter_mode": "all"}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": []}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"includes": {}}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"include": ["ada"]}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"include": {"users": "ada"}}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"include": {"users": [""]}}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"include": {"users": [7]}}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"exclude": {"groups": ["7b"]}}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"exclude": {"groups": {"user": ["ada"]}}}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"exclude": {"groups": {"class": [""]}}}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "lists": {"exclude": {"segments": ["nobody"]}}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "rollout": 1.5}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "rollout": -0.1}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "rollout": "half"}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "holdout": {"fraction": 0.1}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "holdout": {"name": "h", "fraction": 2}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "namespace": {"name": "n", "from": 0}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "namespace": {"name": "n", "from": -1, "to": 1}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "namespace": {"name": "", "from": 0, "to": 1}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "schedule": {"starts_at": "tomorrow"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "schedule": {"ends_at": "2026-13-01T00:00:00Z"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "schedule": {"start": "2026-01-01T00:00:00Z"}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "ending": {"users": 0}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "ending": {"users": 1.5}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "ending": {"groups": -1}}');
SELECT rct.create_experiment('{"key": "x", "context": "c", "ending": {"users_per_group": "5"}}');
SELECT rct.create_experiment(jsonb_build_object('key', 'x', 'context', 'c', 'default_payload', (repeat('[', 200) || repeat(']', 200))::jsonb));
-- None of them left anything behind.
SELECT key FROM rct.experiment ORDER BY key;
SELECT name FROM rct.context ORDER BY name;
SELECT key FROM rct.segment WHERE kind <> 'list' ORDER BY key;
-- A key is taken once.
SELECT rct.create_experiment('{"key": "hints", "context": "other"}');

-- Changes are merge patches: objects are merged, null resets a field, anything else replaces.
SELECT rct.update_experiment('hints', '{"conditions": [{"code": "control"}, {"code": "hints", "payload": "on"}], "decision_points": [{"site": "quiz"}]}') -> 'conditions' AS conditions;
SELECT rct.update_experiment('hints', '{"assignment": {"salt": "pepper"}, "rollout": 0.5}') -> 'assignment' AS assignment;
SELECT rct.update_experiment('hints', '{"assignment": null, "rollout": null}') #>> '{assignment,salt}' AS salt;
SELECT rct.update_experiment('hints', '{}') = rct.experiment_spec('hints') AS nothing_changed;
-- Each change is a version; a change of nothing is none.
SELECT version FROM rct.experiment WHERE key = 'hints';
SELECT v.version, v.spec #>> '{assignment,salt}' AS salt, v.spec -> 'rollout' AS rollout
FROM rct.experiment_version AS v JOIN rct.experiment AS e ON e.id = v.experiment_id WHERE e.key = 'hints' ORDER BY v.version;
SELECT rct.update_experiment('hints', NULL);
SELECT rct.update_experiment(NULL, '{}');
SELECT rct.update_experiment('nothing', '{}');
SELECT rct.update_experiment('hints', '[]');
SELECT rct.update_experiment('hints', '"rollout"');
SELECT rct.update_experiment('hints', '{"rollout": 2}');
SELECT rct.update_experiment('hints', '{"colour": 2}');
SELECT rct.update_experiment('hints', '{"lists": {"include": {"users": ["ada"]}}}');
SELECT rct.update_experiment('hints', '{"key": "other"}');
SELECT rct.update_experiment('hints', '{"context": "other"}');
SELECT rct.update_experiment('hints', '{"key": null}');
SELECT rct.experiment_spec('nothing');
SELECT rct.experiment_spec(NULL);
SELECT rct.current_status('nothing');
SELECT rct.current_status(NULL);

-- A clone has the lists too, starts as a new experiment, and draws anew.
SELECT rct.add_to_list('hints', 'include', '{"users": ["ada"]}');
SELECT rct.clone_experiment('hints', 'hints 2');
SELECT s -> 'lists' -> 'include' -> 'users' AS users, s #>> '{assignment,salt}' AS salt, rct.current_status('hints 2') AS status
FROM rct.experiment_spec('hints 2') AS s;
SELECT rct.clone_experiment('again', 'again 2');
SELECT rct.experiment_spec('again 2') #>> '{assignment,salt}' AS salt_of_its_own;
SELECT rct.clone_experiment('hints', 'hints');
SELECT rct.clone_experiment('hints', '');
SELECT rct.clone_experiment('hints', NULL);
SELECT rct.clone_experiment('nothing', 'x');
SELECT rct.clone_experiment(NULL, 'x');

-- Export and import.
CREATE TABLE export AS SELECT rct.export_experiment('again') AS document;
SELECT string_agg(field, ' ' ORDER BY field) AS fields, document ->> 'format' AS format, document ->> 'format_version' AS version
FROM export, jsonb_object_keys(document) AS field GROUP BY document;
SELECT rct.import_experiment(document, 'imported') FROM export;
SELECT rct.experiment_spec('imported') = rct.experiment_spec('again') || '{"key": "imported"}' AS same;
SELECT rct.import_experiment(document) FROM export;
SELECT rct.import_experiment(document, '') FROM export;
SELECT rct.import_experiment(document #- '{spec}', 'x') FROM export;
SELECT rct.import_experiment(jsonb_set(document, '{spec,rollout}', '7'), 'x') FROM export;
SELECT rct.import_experiment(jsonb_set(document, '{spec}', '"x"'), 'x') FROM export;
SELECT rct.import_experiment(jsonb_set(document, '{format_version}', '2'), 'x') FROM export;
SELECT rct.import_experiment(jsonb_set(document, '{spec,lists,include,segments}', '["elsewhere"]'), 'x') FROM export;
SELECT rct.import_experiment('{}');
SELECT rct.import_experiment('[]');
SELECT rct.import_experiment(NULL);
SELECT rct.export_experiment('nothing');
SELECT rct.export_experiment(NULL);

-- A design of UpGrade.
SELECT * FROM rct.import_upgrade(NULL);
SELECT * FROM rct.import_upgrade('{}');
SELECT * FROM rct.import_upgrade('[]');
SELECT * FROM rct.import_upgrade('"x"');
SELECT * FROM rct.import_upgrade('{"id": "9b3c", "name": "Old", "context": [], "assignmentUnit": "individual", "conditions": [], "partitions": []}');
SELECT * FROM rct.import_upgrade('{"id": "9b3c", "name": "Old", "context": ["mathia"], "assignmentUnit": "planet", "conditions": [], "partitions": []}');
SELECT * FROM rct.import_upgrade($$ {
    "id": "9b3c", "name": "Old", "description": "From before.", "context": ["Mathia"], "state": "enrolling", "consistencyRule": "individual",
    "assignmentUnit": "individual", "assignmentAlgorithm": "random", "postExperimentRule": "continue", "filterMode": "includeAll", "tags": ["t"],
    "conditions": [ { "id": "c1", "conditionCode": "control", "assignmentWeight": 50, "order": 1 },
                    { "id": "c2", "conditionCode": "variant", "assignmentWeight": 50, "order": 2 } ],
    "partitions": [ { "id": "p1", "site": "quiz", "target": "q1", "excludeIfReached": false, "order": 1 } ] } $$, 'old');
SELECT s -> 'conditions' AS conditions, s -> 'decision_points' AS points, s -> 'assignment' AS assignment, rct.current_status('old') AS status
FROM rct.experiment_spec('old') AS s;
