-- Randomization of a roster before the start, its proof, and units that come late.

SELECT rct.create_experiment('{"key": "blocks", "context": "mathia", "assignment": {"algorithm": "blocks", "late": "next_slot"},
    "conditions": [{"code": "control", "weight": 1}, {"code": "hints", "weight": 2}], "decision_points": [{"site": "quiz"}]}');
SELECT * FROM rct.preflight('blocks');
SELECT rct.set_status('blocks', 'enrolling');
CREATE TABLE roster AS SELECT 'u' || lpad(i::text, 2, '0') AS unit, CASE WHEN i <= 9 THEN 'north' WHEN i <= 18 THEN 'south' END AS stratum FROM generate_series(1, 21) AS i;
SELECT rct.randomize_experiment('blocks', 'seed 1', array_agg(unit ORDER BY unit), array_agg(stratum ORDER BY unit)) AS run FROM roster;
-- Exact counts in each stratum; a missing one is unknown.
SELECT stratum, condition, count(*) FROM rct.allocation GROUP BY 1, 2 ORDER BY 1, 2;
SELECT unit_id, stratum, stratum_given, block, slot, condition, late FROM rct.allocation ORDER BY unit_id;
SELECT seed, algorithm, hash_version, unit_type, conditions, weights, units, extension_version = (SELECT extversion FROM pg_extension WHERE extname = 'pg_rct') AS version,
       by = session_user AS by, input_digest, output_digest FROM rct.run;
-- The run can be repeated from its record; the order of the roster does not matter.
SELECT rct.replay(id) FROM rct.run;
CREATE TABLE first_run AS SELECT unit_id, condition FROM rct.allocation;
SELECT rct.randomize_experiment('blocks', 'seed 1', array_agg(unit ORDER BY unit DESC), array_agg(stratum ORDER BY unit DESC)) AS run FROM roster;
SELECT count(*) AS units, count(*) FILTER (WHERE a.condition = f.condition) AS same FROM first_run AS f JOIN rct.allocation AS a USING (unit_id) WHERE a.ended_at = 'infinity';
SELECT count(DISTINCT input_digest) AS inputs, count(DISTINCT output_digest) AS outputs, bool_and(rct.replay(id)) AS replayed FROM rct.run;
-- The randomization before is kept, closed.
SELECT run_id, count(*), count(*) FILTER (WHERE ended_at = 'infinity') AS open FROM rct.allocation GROUP BY 1 ORDER BY 1;
SELECT * FROM rct.preflight('blocks');

-- What a caller can do wrong.
SELECT rct.randomize_experiment('nothing', 's', '{a}');
SELECT rct.randomize_experiment(NULL, 's', '{a}');
SELECT rct.randomize_experiment('blocks', NULL, '{a}');
SELECT rct.randomize_experiment('blocks', 's', NULL);
SELECT rct.randomize_experiment('blocks', 's', '{a,NULL}');
SELECT rct.randomize_experiment('blocks', 's', '{a,""}');
SELECT rct.randomize_experiment('blocks', 's', '{a,b,a}');
SELECT rct.randomize_experiment('blocks', 's', '{a,b}', '{x}');
SELECT rct.randomize_experiment('blocks', 's', '{a,b}', '{}');
SELECT rct.randomize_experiment('blocks', 's', '{}');
-- None of it touched the randomization that there is.
SELECT count(*) FROM rct.allocation WHERE ended_at = 'infinity';
SELECT rct.create_experiment('{"key": "hashed", "context": "mathia"}');
SELECT rct.randomize_experiment('hashed', 's', '{a}');
SELECT rct.create_experiment('{"key": "single", "context": "mathia", "conditions": [{"code": "a"}], "assignment": {"algorithm": "complete"}}');
SELECT rct.randomize_experiment('single', 's', '{a}');
SELECT rct.create_experiment('{"key": "pairs", "context": "mathia", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "end"}],
    "unit": "group", "group_type": "class", "assignment": {"algorithm": "pairs"}}');
SELECT rct.randomize_experiment('pairs', 's', '{1,2,3}', '{x,x,y}');
SELECT rct.randomize_experiment('pairs', 's', '{1,2,3,4}', '{x,x,y,NULL}');
SELECT rct.randomize_experiment('pairs', 's', '{1,2}');
SELECT rct.randomize_experiment('pairs', 's', '{1,""}', '{x,x}');
SELECT rct.randomize_experiment('pairs', 's', '{1,NULL}', '{x,x}');
SELECT rct.randomize_experiment('pairs', 's', '{1,2,3,4}', '{x,x,y,y}') > 0 AS run;
SELECT unit_type, stratum, count(*), count(DISTINCT condition) AS conditions FROM rct.allocation WHERE unit_type = 'class' GROUP BY 1, 2 ORDER BY 2;
SELECT rct.replay(-1);
SELECT rct.replay(NULL);

-- An alias is the user.
SELECT rct.create_experiment('{"key": "complete", "context": "mathia", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "intro"}], "assignment": {"algorithm": "complete"}}');
SELECT rct.add_alias('u01', 'alias of u01');
SELECT rct.randomize_experiment('complete', 's', '{alias of u01,u02,u03,u04}') > 0 AS run;
SELECT unit_id, stratum FROM rct.allocation AS a JOIN rct.run AS r ON r.id = a.run_id WHERE r.algorithm = 'complete' ORDER BY 1;
SELECT rct.randomize_experiment('complete', 's', '{alias of u01,u01}');
SELECT bool_and(rct.replay(id)) AS replayed FROM rct.run;

-- After the start nothing is randomized again; everybody gets what the run gave.
SELECT rct.set_status('blocks', 'enrolling');
SELECT count(*) AS users, count(*) FILTER (WHERE c.condition = a.condition AND c.reason = 'allocated') AS as_allocated
FROM rct.allocation AS a JOIN rct.experiment AS e ON e.id = a.experiment_id, rct.condition_for('mathia', 'quiz', NULL, a.unit_id) AS c
WHERE e.key = 'blocks' AND a.ended_at = 'infinity';
SELECT rct.randomize_experiment('blocks', 's', '{a,b}');
SELECT condition = (SELECT condition FROM first_run WHERE unit_id = 'u05') AS as_allocated FROM rct.mark('mathia', 'u05', 'quiz', NULL), rct.enrollment WHERE unit_id = 'u05';
-- Late units take the next slots of their stratum, in their order.
SELECT condition, reason FROM rct.condition_for('mathia', 'quiz', NULL, 'late 1');
SELECT * FROM rct.place_late('blocks', '{late 1,late 2,late 3,u01}', '{north,north,west,north}');
SELECT * FROM rct.place_late('blocks', '{late 2,late 1}') AS again;
SELECT unit_id, stratum, stratum_given, block, slot, condition, late FROM rct.allocation WHERE late ORDER BY unit_id;
SELECT condition, reason FROM rct.condition_for('mathia', 'quiz', NULL, 'late 1');
-- A first mark places too, in the stratum unknown; and the proof holds.
SELECT reason FROM rct.mark('mathia', 'late 4', 'quiz', NULL);
SELECT stratum, late, block, slot, condition FROM rct.allocation WHERE unit_id = 'late 4';
SELECT condition, reason FROM rct.condition_for('mathia', 'quiz', NULL, 'late 4');
SELECT reason FROM rct.mark('mathia', 'late 4', 'quiz', NULL);
SELECT condition, code FROM rct.enrollment WHERE unit_id = 'late 4';
SELECT bool_and(rct.replay(id)) AS replayed FROM rct.run;

SELECT * FROM rct.place_late('nothing', '{a}');
SELECT * FROM rct.place_late(NULL, '{a}');
SELECT * FROM rct.place_late('blocks', NULL);
SELECT * FROM rct.place_late('blocks', '{a,NULL}');
SELECT * FROM rct.place_late('blocks', '{a,""}');
SELECT * FROM rct.place_late('blocks', '{a,b}', '{north}');
SELECT * FROM rct.place_late('complete', '{a}');
SELECT * FROM rct.place_late('hashed', '{a}');
SELECT rct.clone_experiment('blocks', 'not yet');
SELECT * FROM rct.place_late('not yet', '{a}');
SELECT rct.randomize_experiment('not yet', 's', '{a,b}') > 0 AS run;
SELECT rct.set_status('not yet', 'cancelled');
SELECT * FROM rct.place_late('not yet', '{a}');
SELECT rct.randomize_experiment('not yet', 's', '{a,b}');

-- The record is not changed, not even by the owner of the tables; a change from outside the proof finds.
UPDATE rct.run SET seed = 'better';
DELETE FROM rct.run;
TRUNCATE rct.run CASCADE;
UPDATE rct.allocation SET condition = 'hints' WHERE unit_id = 'u01';
DELETE FROM rct.allocation;
SET session_replication_role = replica;
UPDATE rct.allocation SET condition = CASE condition WHEN 'hints' THEN 'control' ELSE 'hints' END WHERE unit_id = 'u02' AND run_id = 1;
SELECT id, rct.replay(id) FROM rct.run ORDER BY id;
