-- Assignment by hash, randomization of rosters, and every error that a caller can cause.

-- Draws are part of what experiments store: these values must never change.
SELECT unit, rct.bucket('hints-2026', unit) AS bucket, rct.choose('hints-2026', unit, '{control,hints}') AS equal,
       rct.choose('hints-2026', unit, '{control,hints}', '{90,10}') AS mostly_control, rct.in_rollout('hints-2026', unit, 0.5) AS half
FROM unnest(ARRAY['', 's-17', 's-18', 'S-17', 's-17 ', 'José', U&'Jose\0301', '学生', '🦉', repeat('0123456789', 50)]) AS unit;

-- Fields have lengths: moving the border gives another draw. A salt is another draw, too.
SELECT count(DISTINCT rct.bucket(salt, unit)) AS different
FROM (VALUES ('ab', 'c'), ('a', 'bc'), ('abc', ''), ('', 'abc'), ('b', 'c')) AS v (salt, unit);

-- Stored ids with a short header, plain, and compressed.
CREATE TABLE stored (id int, unit text);
INSERT INTO stored VALUES (1, 'student 1'), (2, repeat('student ', 30)), (3, repeat('student ', 3000));
SELECT id, rct.bucket('x', unit) = rct.bucket('x', rtrim(unit) || repeat(' ', length(unit) - length(rtrim(unit)))) AS same
FROM stored ORDER BY id;

-- The bucket is what decides: thresholds are the cumulated weights.
SELECT count(*) AS differences
FROM (SELECT rct.bucket('x', i::text) AS b, rct.choose('x', i::text, '{a,b,c,d}', '{1,0,2,5}') AS c FROM generate_series(1, 20000) AS i) AS s
WHERE c <> CASE WHEN b < 0.125 THEN 'a' WHEN b < 0.375 THEN 'c' ELSE 'd' END;
-- Only the ratio counts.
SELECT count(*) AS differences FROM generate_series(1, 5000) AS i
WHERE rct.choose('x', i::text, '{a,b,c}', '{1,2,3}') <> rct.choose('x', i::text, '{a,b,c}', '{0.1,0.2,0.3}')
   OR rct.choose('x', i::text, '{a,b}') <> rct.choose('x', i::text, '{a,b}', '{33.3,33.3}');
-- Buckets are uniform, and salts independent.
SELECT abs(avg(a) - 0.5) < 0.01 AS mean, abs(stddev(a) - sqrt(1 / 12.0)) < 0.01 AS sd, abs(corr(a, b)) < 0.03 AS independent,
       min(a) >= 0 AND max(a) < 1 AS range
FROM (SELECT rct.bucket('a', i::text) AS a, rct.bucket('b', i::text) AS b FROM generate_series(1, 20000) AS i) AS s;

-- A rollout takes nobody at 0, everybody at 1, and never drops anybody in between.
SELECT count(*) FILTER (WHERE rct.in_rollout('x', i::text, 0)) AS "none", count(*) FILTER (WHERE rct.in_rollout('x', i::text, 1)) AS "all",
       count(*) FILTER (WHERE rct.in_rollout('x', i::text, 0.2) AND NOT rct.in_rollout('x', i::text, 0.3)) AS dropped,
       abs(count(*) FILTER (WHERE rct.in_rollout('x', i::text, 0.3)) - 6000) < 300 AS about
FROM generate_series(1, 20000) AS i;

-- UpGrade's draws.
SELECT rct.choose('b99d89cb-7dec-478c-8584-b7c46efcf81b', 'student0', '{first,second}', '{50,50}', 'upgrade') AS draw_3,
       rct.choose('a1b2c3d4-1111-2222-3333-444455556666', 'student-42', '{first,second}', '{54.7,45.3}', 'upgrade') AS draw_54_76,
       rct.choose('a1b2c3d4-1111-2222-3333-444455556666', 'student-42', '{first,second}', '{20,30}', 'upgrade') AS fallback;

-- NULL.
SELECT rct.bucket(NULL, 'u') IS NULL AS salt, rct.bucket('s', NULL) IS NULL AS unit, rct.choose(NULL, 'u', '{a,b}') IS NULL AS choose_salt,
       rct.choose('s', NULL, '{a,b}') IS NULL AS choose_unit, rct.in_rollout(NULL, 'u', 1) IS NULL AS rollout_salt,
       rct.in_rollout('s', NULL, 1) IS NULL AS rollout_unit, rct.in_rollout('s', 'u', NULL) IS NULL AS rollout_fraction;
-- One condition is no question.
SELECT rct.choose('s', 'u', '{only}') AS one, rct.choose('s', 'u', '{a,b,c}', '{0,1,0}') AS one_weight;

-- Errors.
SELECT rct.choose('s', 'u', '{}');
SELECT rct.choose('s', 'u', NULL);
SELECT rct.choose('s', 'u', '{a,NULL}');
SELECT rct.choose('s', 'u', '{a,b}', '{1}');
SELECT rct.choose('s', 'u', '{a,b}', '{}');
SELECT rct.choose('s', 'u', '{a,b}', '{1,NULL}');
SELECT rct.choose('s', 'u', '{a,b}', '{1,-3}');
SELECT rct.choose('s', 'u', '{a,b}', '{NaN,1}');
SELECT rct.choose('s', 'u', '{a,b}', '{1,Infinity}');
SELECT rct.choose('s', 'u', '{a,b}', '{0,0}');
SELECT rct.choose('s', 'u', '{a,b}', hash => 'md5');
SELECT rct.choose('s', 'u', '{a,b}', hash => NULL);
SELECT rct.choose('s', 'u', array_agg(i::text)) FROM generate_series(1, 1001) AS i;
SELECT rct.in_rollout('s', 'u', 25);
SELECT rct.in_rollout('s', 'u', -0.1);
SELECT rct.in_rollout('s', 'u', 'NaN');

-- A roster: 24 classes of three schools, two of them without a school.
CREATE TABLE class AS
SELECT 'class ' || i AS unit, CASE WHEN i <= 11 THEN 'north' WHEN i <= 22 THEN 'süd' END AS school, 'pair ' || (i + 1) / 2 AS pair
FROM generate_series(1, 24) AS i;
CREATE TABLE roster AS
SELECT array_agg(unit) AS units, array_agg(school) AS schools, array_agg(pair) AS pairs FROM class;
SELECT placed.* FROM roster, rct.randomize(units, '{control,hints}', strata => schools, seed => 'r') AS placed;

-- Counts are exact in each stratum.
SELECT stratum, count(*) AS n, string_agg(DISTINCT n || ' ' || condition, ', ') AS counts
FROM (SELECT stratum, condition, count(*) OVER (PARTITION BY stratum, condition) AS n
      FROM roster, rct.randomize(units, '{a,b,c}', '{1,1,2}', schools, 'r')) AS s
GROUP BY stratum ORDER BY stratum;
SELECT method, condition, count(*) FROM roster, unnest('{blocks,complete}'::text[]) AS method, rct.randomize(units, '{a,b,c}', '{0.17,0.414,0.416}', NULL, 'r', method)
GROUP BY method, condition ORDER BY method, condition;
-- Whole blocks have each condition in its share.
SELECT block, array_agg(condition ORDER BY condition) AS conditions
FROM roster, rct.randomize(units, '{a,b,c}', '{1,1,2}', NULL, 'r') GROUP BY block ORDER BY block;
-- Pairs are split.
SELECT count(*) AS pairs, bool_and(conditions = '{control,hints}') AS split
FROM (SELECT stratum, array_agg(condition ORDER BY condition) AS conditions
      FROM roster, rct.randomize(units, '{control,hints}', strata => pairs, seed => 'r', method => 'pairs') GROUP BY stratum) AS s;
-- The order of the rows does not matter; the seed does.
WITH placed AS (SELECT array_agg(p ORDER BY p.unit) AS p FROM roster, rct.randomize(units, '{a,b}', strata => schools, seed => 'r') AS p),
     shuffled AS (SELECT array_agg(unit ORDER BY md5(unit)) AS units, array_agg(school ORDER BY md5(unit)) AS schools FROM class)
SELECT (SELECT array_agg(p ORDER BY p.unit) FROM shuffled, rct.randomize(units, '{a,b}', strata => schools, seed => 'r') AS p) = p AS order_of_rows,
       (SELECT array_agg(p ORDER BY p.unit) FROM roster, rct.randomize(units, '{a,b}', strata => schools, seed => 's') AS p) = p AS seed
FROM placed;
-- Over many seeds each class gets each condition alike, and so does what is left over.
SELECT count(*) AS cells, bool_and(abs(n - 200) < 60) AS alike
FROM (SELECT unit, condition, count(*) AS n FROM generate_series(1, 400) AS seed, rct.randomize('{u,v,w}', '{a,b}', seed => seed::text)
      GROUP BY unit, condition) AS s;
-- No units, no rows.
SELECT count(*) FROM rct.randomize('{}', '{a,b}', seed => 'r');
-- An empty text is a unit and a stratum, and a stratum may be called unknown.
SELECT * FROM rct.randomize('{"",u,v}', '{a,b}', strata => '{"",unknown,NULL}', seed => 'r');

-- Errors.
SELECT rct.randomize('{u,v}', '{a}', seed => 'r');
SELECT rct.randomize('{u,v}', '{}', seed => 'r');
SELECT rct.randomize('{u,v}', '{a,b,a}', seed => 'r');
SELECT rct.randomize('{u,v,u}', '{a,b}', seed => 'r');
SELECT rct.randomize('{u,v}', '{a,b}', strata => '{x}', seed => 'r');
SELECT rct.randomize('{u,v}', '{a,b}', '{1}', seed => 'r');
SELECT rct.randomize('{u,v}', '{a,b}', '{1,-1}', seed => 'r');
SELECT rct.randomize('{u,v}', '{a,b}', '{0,0}', seed => 'r');
SELECT rct.randomize('{u,v}', '{a,b}');
SELECT rct.randomize(NULL, '{a,b}', seed => 'r');
SELECT rct.randomize('{u,NULL}', '{a,b}', seed => 'r');
SELECT rct.randomize('{u,v}', NULL, seed => 'r');
SELECT rct.randomize('{u,v}', '{a,NULL}', seed => 'r');
SELECT rct.randomize('{u,v}', '{a,b}', '{NULL,1}', seed => 'r');
SELECT rct.randomize('{u,v}', '{a,b}', seed => 'r', method => NULL);
SELECT rct.randomize('{u,v}', '{a,b}', seed => 'r', method => 'hash');
SELECT rct.randomize('{u,v,w}', '{a,b}', strata => '{p,p,q}', seed => 'r', method => 'pairs');
SELECT rct.randomize('{u,v}', '{a,b}', strata => '{p,NULL}', seed => 'r', method => 'pairs');
SELECT rct.randomize('{u,v}', '{a,b}', seed => 'r', method => 'pairs');
SELECT rct.randomize('{u,v}', '{a,b,c}', strata => '{p,p}', seed => 'r', method => 'pairs');
SELECT rct.randomize('{u,v}', '{a,b}', '{1,2}', '{p,p}', 'r', 'pairs');
SELECT rct.randomize('{u,v}', array_agg(i::text), seed => 'r') FROM generate_series(1, 1001) AS i;

-- Lint: nothing to say about a sound design.
SELECT lint.* FROM rct.lint_design('{1,2,3,4,5,6,7,8}', '{a,b}', strata => '{n,n,n,n,s,s,s,s}', expected_strata => '{n,s}') AS lint;
-- Everything there is to say.
SELECT lint.* FROM roster, rct.lint_design(units, '{control,hints}', strata => schools) AS lint;
SELECT lint.* FROM rct.lint_design('{1,2,3,4,5,6,7,7}', '{a,b,c}', strata => '{n,n,n,n,s,w,w,NULL}', expected_strata => '{n,o}') AS lint;
SELECT lint.* FROM rct.lint_design('{1,2,3}', '{a,b,c}', '{1,0,9}') AS lint;
SELECT lint.* FROM rct.lint_design('{1,2,3,4}', '{a,b}', strata => '{p,p,q,NULL}', method => 'pairs') AS lint;
-- Errors.
SELECT rct.lint_design('{u}', '{a}');
SELECT rct.lint_design('{u}', '{a,b}', '{1,2,3}');
SELECT rct.lint_design('{u}', '{a,b}', strata => '{x,y}');
SELECT rct.lint_design('{u}', '{a,b}', method => 'Blocks');
SELECT rct.lint_design('{u}', '{a,b}', method => NULL);
SELECT rct.lint_design(NULL, '{a,b}');
SELECT rct.lint_design('{u}', NULL);
SELECT rct.lint_design('{NULL}', '{a,b}');
SELECT rct.lint_design('{u}', '{a,b}', expected_strata => '{NULL}');
