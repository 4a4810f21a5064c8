-- Sketches: what goes in, what is counted and left out, and that parts add up to the whole.

CREATE TABLE pupil (
    id int, school bigint, district bigint, arm text, score double precision, age double precision,
    before double precision, used double precision, weight double precision
);
INSERT INTO pupil
SELECT i, i % 12, i % 12 / 4, CASE WHEN i % 12 < 6 THEN 'new' ELSE 'old' END,
       (i * 37 % 101) / 4.0 + i % 12, 10 + i % 7, (i * 53 % 89) / 8.0, i / 3 % 2, 1 + i / 12 % 2
FROM generate_series(1, 240) AS i;

-- Cell by cell it is GROUP BY.
SELECT count(*) AS cells, bool_and(c.n = g.n AND c.condition = g.arm) AS n,
       bool_and(abs(c.mean - g.mean) < 1e-12) AS mean, bool_and(abs(c.sd - g.sd) < 1e-12) AS sd,
       bool_and(c.stratum IS NULL AND c.weight IS NULL) AS without_stratum_and_weight
FROM rct.cells((SELECT rct.sketch(score, arm, school) FROM pupil)) AS c
FULL JOIN (SELECT rct.cluster_key(school) AS cluster, arm, count(*) AS n, avg(score) AS mean, stddev_samp(score) AS sd
           FROM pupil GROUP BY school, arm) AS g USING (cluster);
SELECT count(*) AS cells, bool_and(c.n = g.n) AS n, bool_and(abs(c.mean - g.mean) < 1e-12) AS mean,
       bool_and(abs(c.sd - g.sd) < 1e-12) AS sd
FROM rct.cells((SELECT rct.sketch('score ~ age, before; exposure: used; weight: weight', arm, school, district, score, age, before, used, weight) FROM pupil)) AS c
FULL JOIN (SELECT rct.cluster_key(school) AS cluster, rct.cluster_key(district) AS stratum, arm AS condition, weight,
                  count(*) AS n, avg(score) AS mean, stddev_samp(score) AS sd
           FROM pupil GROUP BY school, district, arm, weight) AS g USING (cluster, stratum, condition, weight);
-- Cells come in the order of strata, clusters and conditions.
SELECT count(*) AS cells, bool_and(nr = expected) AS in_order
FROM (SELECT row_number() OVER () AS nr, row_number() OVER (ORDER BY stratum, cluster, condition COLLATE "C", weight) AS expected
      FROM rct.cells((SELECT rct.sketch('score; weight: weight', arm, school, district, score, weight) FROM pupil))) AS s;

-- What a sketch holds.
\x on
SELECT * FROM rct.sketch_info((SELECT rct.sketch(score, arm, school) FROM pupil));
SELECT * FROM rct.sketch_info((SELECT rct.sketch('score, score2 / age2 ~ age, before; exposure: used; weight: weight', arm, school, district, score, nullif(score, 9), age, age, before, used, weight) FROM pupil));
SELECT * FROM rct.sketch_info((SELECT rct.sketch(score, arm, school, district, ARRAY[age, before], used, weight) FROM pupil));
\x off
SELECT a.condition, a.n = g.n AND a.clusters = g.clusters AS sizes, abs(a.mean - g.mean) < 1e-12 AS mean,
       abs(a.sd - g.sd) < 1e-12 AS sd, a.weight, a.n_complete, a.missing_outcome, a.missing_rate, a.missing_cluster,
       a.missing_weight, a.zero_weight
FROM rct.arms((SELECT rct.sketch(score, arm, school) FROM pupil)) AS a
JOIN (SELECT arm AS condition, count(*) AS n, count(DISTINCT school) AS clusters, avg(score) AS mean, stddev_samp(score) AS sd
      FROM pupil GROUP BY arm) AS g USING (condition) ORDER BY a.condition;
-- With weights: mean Σwy / Σw, variance Σw(y - mean)² / (Σw (1 - 1/n)).
SELECT a.condition, a.weight = g.weight AS weight, abs(a.mean - g.mean) < 1e-12 AS mean,
       abs(a.sd - sqrt(g.squares / (g.weight * (1 - 1.0 / g.n)))) < 1e-12 AS sd, a.n_complete = g.n AS n_complete
FROM rct.arms((SELECT rct.sketch('score ~ age; weight: weight', arm, school, district, score, age, weight) FROM pupil)) AS a
JOIN (SELECT arm AS condition, count(*) AS n, sum(weight) AS weight, sum(weight * score) / sum(weight) AS mean,
             sum(weight * score ^ 2) - sum(weight * score) ^ 2 / sum(weight) AS squares
      FROM pupil GROUP BY arm) AS g USING (condition) ORDER BY a.condition;

-- Which rows are left out, and under which heading: the first that applies of condition, cluster, weight. Rows without an outcome stay.
CREATE TABLE gap (outcome double precision, condition text, cluster text, weight double precision, times int);
INSERT INTO gap VALUES
    (1, 'a', 'x', 1, 1), (2, 'b', 'y', 1, 1),
    (NULL, 'a', 'x', 1, 2), (NULL, 'b', 'y', 1, 3),
    (1, 'a', NULL, 1, 4), (1, 'b', NULL, 1, 5),
    (1, NULL, 'x', 1, 6),
    (1, 'a', 'x', 0, 7), (1, 'b', 'y', '-0', 8),
    (NULL, 'a', NULL, 0, 9), (NULL, NULL, NULL, 0, 10), (NULL, 'b', 'y', 0, 11);
CREATE VIEW gaps AS SELECT gap.* FROM gap, generate_series(1, times);
SELECT i.n, i.without_condition, i.without_cluster, i.without_outcome, i.zero_weight,
       (i.n, i.without_condition, i.without_cluster, i.without_outcome[1], i.zero_weight) = (
           SELECT count(*) FILTER (WHERE condition IS NOT NULL AND cluster IS NOT NULL AND weight <> 0),
                   count(*) FILTER (WHERE condition IS NULL),
                   count(*) FILTER (WHERE condition IS NOT NULL AND cluster IS NULL),
                   count(*) FILTER (WHERE condition IS NOT NULL AND cluster IS NOT NULL AND outcome IS NULL AND weight <> 0),
                   count(*) FILTER (WHERE condition IS NOT NULL AND cluster IS NOT NULL AND weight = 0)
           FROM gaps) AS as_counted,
       i.n + i.without_condition + i.without_cluster + i.zero_weight = (SELECT count(*) FROM gaps) AS all_rows
FROM rct.sketch_info((SELECT rct.sketch('outcome; weight: weight', condition, cluster, NULL, outcome, weight) FROM gaps)) AS i;
SELECT condition, n, clusters, weight, missing_outcome, round(missing_rate::numeric, 6) AS missing_rate, missing_cluster, zero_weight
FROM rct.arms((SELECT rct.sketch('outcome; weight: weight', condition, cluster, NULL, outcome, weight) FROM gaps));
-- A condition of which every row is left out is still a condition.
SELECT condition, n, clusters, mean, sd, weight, missing_outcome, missing_rate, missing_cluster
FROM rct.arms((SELECT rct.sketch(y, c, k) FROM (VALUES (1, 'a', 'k'), (NULL, 'b', 'k'), (2, 'c', NULL)) AS v (y, c, k)));
-- Rows that are all left out or without an outcome make a sketch, no rows make none.
SELECT n, conditions, clusters, strata, stored_cells, without_condition, without_cluster, without_outcome
FROM rct.sketch_info((SELECT rct.sketch(NULL, c, k) FROM (VALUES ('a', 'k'), (NULL, 'k'), ('b', NULL)) AS v (c, k)));
SELECT count(*) AS cells FROM rct.cells((SELECT rct.sketch(NULL, c, k) FROM (VALUES ('a', 'k'), (NULL, 'k')) AS v (c, k)));
SELECT rct.sketch(score, arm, school) IS NULL AS three_arguments,
       rct.sketch(score, arm, school, district, NULL) IS NULL AS five_arguments,
       rct.sketch('score ~ age', arm, school, district, score, age) IS NULL AS named FROM pupil WHERE false;
-- A NULL sketch has no rows to show.
SELECT (SELECT count(*) FROM rct.sketch_info(NULL)) AS info, (SELECT count(*) FROM rct.cells(NULL)) AS cells,
       (SELECT count(*) FROM rct.arms(NULL)) AS arms;
-- The empty text is a condition and a cluster like any other.
SELECT condition = '' AS empty, n FROM rct.arms((SELECT rct.sketch(1, '', '')));

-- Strata may be NULL for some rows; these are a stratum of their own.
SELECT stratum IS NULL AS without, count(*) AS cells, sum(n) AS n
FROM rct.cells((SELECT rct.sketch(score, arm, school, nullif(district, 1)::text) FROM pupil))
GROUP BY 1 ORDER BY 1;
SELECT strata FROM rct.sketch_info((SELECT rct.sketch(score, arm, school, nullif(district, 1)::text) FROM pupil));

-- Covariates: one of two is NULL, both are, none is; in an array the same.
SELECT form, n, i.covariates, without_covariates,
       (SELECT sum(n_complete) FROM rct.arms(s)) AS n_complete, (SELECT sum(a.n) FROM rct.cells(s) AS a) AS in_cells
FROM (SELECT rct.sketch('y ~ x, z', c, k, NULL, y, x, z) AS named, rct.sketch(y, c, k, NULL, ARRAY[x, z]::double precision[], NULL, NULL) AS "array"
      FROM (VALUES (1, 'a', 1, 1, 2), (2, 'a', 1, 3, NULL), (3, 'a', 2, NULL, NULL), (4, 'b', 3, NULL, 5), (5, 'b', 3, 5, 6), (6, 'b', 4, 7, 8)) AS v (y, c, k, x, z)) AS one,
     unnest(ARRAY['named', 'array'], ARRAY[named, "array"]) AS form (form, s), rct.sketch_info(s) AS i;
-- Columns that were not named have names all the same.
SELECT (SELECT columns FROM rct.sketch_info(s)) FROM (SELECT unnest(ARRAY[
    rct.sketch(1, 'a', 'k', NULL, '{}'::double precision[], NULL, NULL), rct.sketch(1, 'a', 'k', NULL, '{1,2}'::double precision[], NULL, NULL),
    rct.sketch(1, 'a', 'k', NULL, '{1,2}'::double precision[]), rct.sketch(1, 'a', 'k', NULL, 5, 1, 2), rct.sketch(1, 'a', 'k', NULL, 5),
    rct.sketch(1, 'a', 'k', NULL), rct.sketch(1, 'a', 'k')]) AS s) AS forms;
-- Where the array begins to count does not matter; a stored or compressed array is read like a fresh one.
CREATE TABLE kept (y double precision, x double precision[]);
INSERT INTO kept SELECT i, ARRAY[i, 2, 3, 4, 5]::double precision[] || array_fill(0.5::double precision, ARRAY[45])
FROM generate_series(1, 20) AS i;
SELECT rct.sketch(y, 'a', y::bigint, NULL::text, x, NULL, NULL)::bytea
       = rct.sketch(y, 'a', y::bigint, NULL::text, ARRAY[y, 2, 3, 4, 5] || array_fill(0.5::double precision, ARRAY[45]), NULL, NULL)::bytea
       AS stored_array FROM kept;
SELECT rct.sketch(1, 'a', 'k', NULL::text, '[5:6]={1,2}'::double precision[], NULL, NULL)::bytea
       = rct.sketch(1, 'a', 'k', NULL::text, '{1,2}'::double precision[], NULL, NULL)::bytea AS lower_bound;
-- Fifty covariates are allowed.
SELECT cardinality(covariates) AS covariates, covariates[50] AS last, without_covariates FROM rct.sketch_info((
    SELECT rct.sketch(i, 'a', 1, NULL::text, array_fill(i::double precision, ARRAY[50]), NULL, NULL) FROM generate_series(1, 3) AS i));

-- Weight: 0 leaves the row out, NULL keeps it apart from the weighted ones.
SELECT n, has_weight, zero_weight FROM rct.sketch_info((
    SELECT rct.sketch('score; weight: weight', arm, school, NULL, score, nullif(weight, 2)) FROM pupil));
SELECT weight, sum(n) AS n FROM rct.cells((
    SELECT rct.sketch('score; weight: weight', arm, school, NULL, score, nullif(weight, 2)) FROM pupil)) GROUP BY weight;
-- A weight of 1 is not the same as none, but gives the same means.
SELECT has_weight FROM rct.sketch_info((SELECT rct.sketch('score; weight: one', arm, school, NULL, score, 1) FROM pupil));
SELECT (SELECT array_agg((condition, n, mean, sd)) FROM rct.arms((SELECT rct.sketch(score, arm, school) FROM pupil)))
       = (SELECT array_agg((condition, n, mean, sd)) FROM rct.arms((SELECT rct.sketch('score; weight: one', arm, school, NULL, score, 1) FROM pupil)))
       AS same_arms;
-- Exposure: NULL for some rows.
SELECT n, exposures, has_weight, (SELECT sum(a.n) FROM rct.arms(s) AS a) AS in_arms
FROM (SELECT rct.sketch('score; exposure: used, other', arm, school, NULL, score, nullif(used, 1), used) AS s FROM pupil) AS k, rct.sketch_info(s);

-- Clusters and strata of every type: the same cells under different digests.
CREATE FUNCTION as_uuid(bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS 'SELECT lpad(to_hex($1), 32, ''0'')::uuid';
CREATE FUNCTION shape(s rct.sketch) RETURNS text LANGUAGE sql IMMUTABLE AS
    'SELECT md5(string_agg(concat_ws('' '', condition, n, mean, sd, stratum IS NULL), '','' ORDER BY condition, n, mean, sd, cluster))
     FROM rct.cells(s)';
SELECT count(DISTINCT shape) AS shapes, count(DISTINCT bytes) AS sketches
FROM (SELECT unnest(ARRAY[rct.sketch(score, arm, school), rct.sketch(score, arm, school::text), rct.sketch(score, arm, as_uuid(school))])
             AS s FROM pupil) AS three, shape(s), CAST(s AS bytea) AS bytes;
SELECT count(DISTINCT n) AS sizes, min(clusters) AS clusters, min(strata) AS strata, count(DISTINCT s::bytea) AS sketches
FROM (SELECT unnest(ARRAY[
          rct.sketch(score, arm, school, district, NULL),
          rct.sketch(score, arm, school, district::text),
          rct.sketch(score, arm, school, as_uuid(district)),
          rct.sketch(score, arm, school::text, district, NULL),
          rct.sketch(score, arm, school::text, district::text),
          rct.sketch(score, arm, school::text, as_uuid(district)),
          rct.sketch(score, arm, as_uuid(school), district, NULL),
          rct.sketch(score, arm, as_uuid(school), district::text),
          rct.sketch(score, arm, as_uuid(school), as_uuid(district))]) AS s FROM pupil) AS nine,
     rct.sketch_info(s);

-- Forms without the last arguments hold the same rows: the same results, under columns of their own.
CREATE FUNCTION results(s rct.sketch) RETURNS text LANGUAGE sql IMMUTABLE AS
    'SELECT md5((SELECT string_agg((to_jsonb(e) - ''outcome'')::text, '','') FROM rct.effects(s, ''old'') AS e) || (SELECT string_agg(c::text, '','') FROM rct.cells(s) AS c))';
SELECT count(*) AS forms, count(DISTINCT results(s)) AS results, count(DISTINCT s) AS sketches
FROM (SELECT unnest(ARRAY[
          rct.sketch(score, arm, school, district::text), rct.sketch(score, arm, school, district::text, NULL), rct.sketch(score, arm, school, district::text, age),
          rct.sketch(score, arm, school, district::text, ARRAY[age]), rct.sketch(score, arm, school, district::text, ARRAY[age], NULL, NULL),
          rct.sketch(score, arm, school, district::text, NULL, NULL, NULL), rct.sketch('score', arm, school, district::text, score),
          rct.sketch('score ~ age', arm, school, district::text, score, age), rct.sketch('before, score', arm, school, district::text, score, before)]) AS s FROM pupil) AS forms;
SELECT adjust, count(*) AS forms, count(DISTINCT to_jsonb(e) - 'outcome') AS effects
FROM (SELECT unnest(ARRAY[
          rct.sketch(score, arm, school, district, age), rct.sketch(score, arm, school, district, ARRAY[age]), rct.sketch(score, arm, school, district, ARRAY[age], NULL, NULL),
          rct.sketch(score, arm, school, district, age, used, NULL), rct.sketch('score ~ age', arm, school, district, score, age),
          rct.sketch('score ~ age; exposure: used', arm, school, district, score, age, used)]) AS s FROM pupil) AS forms,
     unnest(ARRAY['none', 'ancova', 'lin']) AS adjust, rct.effects(s, 'old', adjust) AS e GROUP BY adjust ORDER BY adjust;
-- Without a stratum the short form is that of three arguments.
SELECT rct.sketch(score, arm, school, NULL::text)::bytea = rct.sketch(score, arm, school)::bytea AS same, rct.sketch(score, arm, school, NULL)::bytea = rct.sketch(score, arm, school)::bytea AS without_type FROM pupil;

-- Several outcomes: each as if it were alone, whatever the others miss; names are trimmed, the first is the default.
CREATE VIEW several AS
SELECT id, school, arm, district, age, used, weight, CASE WHEN id % 5 > 0 THEN score END AS score, CASE WHEN id % 7 > 1 THEN score > 9 + id % 3 END AS passed,
       CASE WHEN id % 11 > 0 THEN id % 4 END AS solved, CASE WHEN id % 3 > 0 OR id % 5 > 0 THEN 4 + id % 3 END AS tasks FROM pupil;
CREATE TABLE many AS
SELECT rct.sketch('score, passed, solved / tasks ~ age, first; exposure: used; weight: weight', arm, school, district, score, passed, solved, tasks, age, nullif(id, 1), used, weight) AS s,
       rct.sketch('score ~ age, first; weight: weight', arm, school, district, score, age, nullif(id, 1), weight) AS score,
       rct.sketch('passed ~ age, first; weight: weight', arm, school, district, passed, age, nullif(id, 1), weight) AS passed,
       rct.sketch('solved / tasks; weight: weight', arm, school, district, solved, tasks, weight) AS solved
FROM several;
SELECT outcomes, n, without_outcome, without_outcome = (SELECT ARRAY[count(*) - count(score), count(*) - count(passed), count(*) - count(solved + tasks)] FROM several) AS as_counted,
       without_covariates
FROM many, rct.sketch_info(s);
SELECT name, adjust, e = one AS effects, (SELECT array_agg(c) FROM rct.cells(s, name) AS c) = (SELECT array_agg(c) FROM rct.cells(alone) AS c) AS cells,
       (SELECT array_agg(a) FROM rct.arms(s, name) AS a) = (SELECT array_agg(a) FROM rct.arms(alone) AS a) AS arms,
       (SELECT i FROM rct.icc(s, outcome => name) AS i) = (SELECT i FROM rct.icc(alone) AS i) AS icc,
       (SELECT b FROM rct.balance_joint(s, 'old', outcome => name) AS b) = (SELECT b FROM rct.balance_joint(alone, 'old') AS b) AS balance
FROM many, LATERAL unnest(ARRAY['score', ' passed '], ARRAY[score, passed]) AS o (name, alone), unnest(ARRAY['none', 'ancova', 'lin']) AS adjust,
     rct.effects(s, 'old', adjust, outcome => name) AS e, rct.effects(alone, 'old', adjust) AS one;
SELECT (SELECT e FROM rct.effects(s, 'old') AS e) = (SELECT e FROM rct.effects(s, 'old', outcome => 'score') AS e) AS the_first,
       (SELECT r FROM rct.effects(s, 'old', outcome => 'solved / tasks') AS r) = (SELECT r FROM rct.effects(solved, 'old') AS r) AS ratio,
       (SELECT e.estimate FROM rct.effects(s, 'old', 'ancova', covariates => '{age}') AS e)
           = (SELECT e.estimate FROM rct.effects((SELECT rct.sketch('score ~ age; weight: weight', arm, school, district, score, age, weight) FROM several WHERE id > 1), 'old', 'ancova') AS e)
           AS some_covariates
FROM many;
-- Rows that lack a covariate take no part in an adjustment, even for the others, in any order of these.
SELECT adjust, covariates, n + n_control AS n, e.estimate = f.estimate AS as_all
FROM many, (VALUES ('none', '{age}'::text[]), ('ancova', NULL), ('ancova', '{age}'), ('ancova', '{first,age}')) AS v (adjust, covariates),
     rct.effects(s, 'old', adjust, covariates => covariates) AS e, LATERAL (SELECT estimate FROM rct.effects(s, 'old', adjust)) AS f;
-- Rows that miss every outcome are missing, with their cluster. A cluster of nothing else is no cluster of the outcome.
SELECT arm.condition, arm.n, arm.clusters, missing_outcome, missing_rate, (SELECT count(*) FROM rct.cells(s) AS c WHERE c.condition = arm.condition) AS with_outcome
FROM (SELECT rct.sketch('y, z', c, k, NULL, y, z) AS s FROM (VALUES ('a', 1, 1, 2), ('a', 1, NULL, NULL), ('a', 2, NULL, NULL), ('a', 3, NULL, 7), ('b', 4, NULL, NULL), (NULL, 5, 1, 1)) AS v (c, k, y, z)) AS one,
     rct.arms(s) AS arm;
-- All 16 patterns of four outcomes.
SELECT i.n, i.without_outcome, (SELECT array_agg((SELECT sum(a.n) FROM rct.arms(s, o) AS a)) FROM unnest(i.outcomes) AS o) AS with_outcome
FROM (SELECT rct.sketch('a, b, c, d', 'x', i % 3, NULL, CASE WHEN i & 1 = 0 THEN i END, CASE WHEN i & 2 = 0 THEN i END, CASE WHEN i & 4 = 0 THEN i END, CASE WHEN i & 8 = 0 THEN i END) AS s
      FROM generate_series(0, 31) AS i) AS one, rct.sketch_info(s) AS i;

-- Types: conditions are what they are as text, clusters and strata are keys, values are numbers.
CREATE TYPE arm AS ENUM ('old', 'new');
CREATE DOMAIN arm_name AS varchar(3);
SELECT count(DISTINCT s) AS sketches, count(*) AS types
FROM (SELECT unnest(ARRAY[rct.sketch(score, arm, school), rct.sketch(score, arm::arm, school), rct.sketch(score, arm::varchar, school), rct.sketch(score, arm::name, school),
                          rct.sketch(score, arm::char(10), school), rct.sketch(score, arm::arm_name, school)]) AS s FROM pupil) AS types;
SELECT condition, n FROM rct.arms((SELECT rct.sketch(score, arm = 'new', school) FROM pupil));
SELECT condition, n FROM rct.arms((SELECT rct.sketch(score, school % 2 - 1, school) FROM pupil));
SELECT count(DISTINCT s) AS sketches
FROM (SELECT unnest(ARRAY[rct.sketch(score, (school % 2)::smallint, school), rct.sketch(score, (school % 2)::int, school), rct.sketch(score, school % 2, school), rct.sketch(score, (school % 2)::text, school)])
          AS s FROM pupil) AS types;
-- Whole numbers of all types are one key; so is numeric without a fraction. Texts of digits are others.
SELECT count(*) AS types, count(DISTINCT s) AS sketches
FROM (SELECT unnest(ARRAY[rct.sketch(score, arm, school::smallint), rct.sketch(score, arm, school::int), rct.sketch(score, arm, school), rct.sketch(score, arm, school::numeric),
                          rct.sketch(score, arm, school::numeric(20, 3)), rct.sketch(score, arm, school * 1.000)]) AS s FROM pupil) AS types;
SELECT cluster = rct.cluster_key(1::bigint) AS number, cluster = rct.cluster_key('1') AS text, cluster = rct.cluster_key('1.5') AS fraction
FROM (SELECT rct.sketch(1, 'a', k) AS s FROM (VALUES (1.0), (1.5), (1.50)) AS v (k)) AS one, rct.cells(s);
SELECT count(DISTINCT s) AS sketches
FROM (SELECT unnest(ARRAY[rct.sketch(score, arm, school::text), rct.sketch(score, arm, school::text::varchar), rct.sketch(score, arm, school::text::name), rct.sketch(score, arm, school::text::char(5))]) AS s
      FROM pupil) AS types;
SELECT count(DISTINCT cluster) AS clusters, count(DISTINCT stratum) AS strata, bool_and(cluster IN (rct.cluster_key('old'), rct.cluster_key('new'))) AS enums,
       bool_and(stratum IN (rct.cluster_key('true'), rct.cluster_key('false'))) AS booleans
FROM rct.cells((SELECT rct.sketch(score, 'x', arm::arm, id % 2 = 0, NULL) FROM pupil));
SELECT n, strata FROM rct.sketch_info((SELECT rct.sketch(score, arm, school, as_uuid(district)) FROM pupil));
-- Values of all types of numbers.
SELECT count(DISTINCT s) AS sketches, count(*) AS types
FROM (SELECT unnest(ARRAY[rct.sketch(id::smallint, arm, school), rct.sketch(id, arm, school), rct.sketch(id::bigint, arm, school), rct.sketch(id::real, arm, school),
                          rct.sketch(id::double precision, arm, school), rct.sketch(id::numeric, arm, school), rct.sketch(id * 1.00, arm, school)]) AS s FROM pupil) AS types;
SELECT rct.sketch(id % 2 = 1, arm, school) = rct.sketch(id % 2, arm, school) AS boolean FROM pupil;
SELECT condition, n, mean FROM rct.arms((SELECT rct.sketch('5', 'a', 1)));
-- Aggregates of the same names in one query do not disturb each other, nor do FILTER, DISTINCT, GROUPING SETS and windows.
SELECT coalesce(arm, 'all') AS arm, (SELECT n FROM rct.sketch_info(a)) AS a, (SELECT n FROM rct.sketch_info(b)) AS b, (SELECT n FROM rct.sketch_info(c)) AS c
FROM (SELECT arm, rct.sketch(score, arm, school) AS a, rct.sketch('age, used', arm, school, NULL, age, used) FILTER (WHERE id > 10) AS b, rct.sketch(DISTINCT id % 9, arm, school) AS c
      FROM pupil GROUP BY GROUPING SETS ((arm), ())) AS g ORDER BY 1;
SELECT id, (SELECT n FROM rct.sketch_info(s)) AS n FROM (SELECT id, rct.sketch(score, arm, school) OVER (ORDER BY id) AS s FROM pupil) AS w WHERE id IN (1, 2, 240) ORDER BY id;

-- Sketches are equal if their bytes are: =, DISTINCT, UNION, GROUP BY, IS DISTINCT FROM, joins, arrays, rows.
CREATE TABLE daily (day int PRIMARY KEY, s rct.sketch);
INSERT INTO daily SELECT day, rct.sketch(i, 'a', i % 3) FROM generate_series(1, 5) AS day, generate_series(1, 2 + day % 2) AS i GROUP BY day;
INSERT INTO daily VALUES (6, NULL), (7, NULL);
SELECT count(*) AS rows, count(DISTINCT s) AS sketches FROM daily;
SELECT count(*) AS sketches FROM (SELECT DISTINCT s FROM daily) AS d;
SELECT array_agg(day ORDER BY day) AS days FROM daily GROUP BY s ORDER BY 1;
SELECT count(*) AS sketches FROM (SELECT s FROM daily UNION SELECT s FROM daily WHERE day < 3) AS u;
SELECT count(*) AS sketches FROM (SELECT s FROM daily INTERSECT SELECT s FROM daily WHERE day > 4 EXCEPT SELECT s FROM daily WHERE day > 5) AS u;
SELECT bool_and((a.s = b.s) IS NOT DISTINCT FROM (a.s::bytea = b.s::bytea)) AS eq, bool_and((a.s <> b.s) IS NOT DISTINCT FROM (a.s::bytea <> b.s::bytea)) AS ne,
       bool_and((a.s < b.s) IS NOT DISTINCT FROM (a.s::bytea < b.s::bytea)) AS lt, bool_and((a.s <= b.s) IS NOT DISTINCT FROM (a.s::bytea <= b.s::bytea)) AS le,
       bool_and((a.s > b.s) IS NOT DISTINCT FROM (a.s::bytea > b.s::bytea)) AS gt, bool_and((a.s >= b.s) IS NOT DISTINCT FROM (a.s::bytea >= b.s::bytea)) AS ge,
       bool_and((a.s IS DISTINCT FROM b.s) = (a.s::bytea IS DISTINCT FROM b.s::bytea)) AS is_distinct, count(*) FILTER (WHERE a.s = b.s) AS equal
FROM daily AS a, daily AS b;
SELECT (SELECT array_agg(day ORDER BY s, day) FROM daily) = (SELECT array_agg(day ORDER BY s::bytea, day) FROM daily) AS ordered,
       (SELECT array_agg(day ORDER BY s DESC NULLS LAST, day) FROM daily) = (SELECT array_agg(day ORDER BY s::bytea DESC NULLS LAST, day) FROM daily) AS descending;
SELECT a.day, array_agg(b.day ORDER BY b.day) AS same FROM daily AS a JOIN daily AS b USING (s) GROUP BY a.day ORDER BY a.day;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT count(*) AS hash_join FROM daily AS a JOIN daily AS b USING (s);
SET enable_mergejoin = on;
SET enable_hashjoin = off;
SELECT count(*) AS merge_join FROM daily AS a JOIN daily AS b USING (s);
RESET enable_mergejoin;
RESET enable_nestloop;
RESET enable_hashjoin;
SELECT ROW(a.*) = ROW(b.*) AS rows, a.* = b.* AS records, ARRAY[a.s] = ARRAY[b.s] AS arrays, a.s IN (SELECT s FROM daily) AS in_query, a.s = ANY (ARRAY[b.s, NULL]) AS in_array,
       nullif(a.s, b.s) IS NULL AS null_if, CASE a.s WHEN b.s THEN 'same' END AS in_case
FROM daily AS a, daily AS b WHERE a.day = 1 AND b.day = 1;
-- An empty search_path changes nothing.
SET search_path = '';
SELECT count(*) AS sketches FROM (SELECT DISTINCT s FROM public.daily) AS d;
SELECT a.s IS DISTINCT FROM b.s AS other FROM public.daily AS a, public.daily AS b WHERE a.day = 1 AND b.day = 3;
RESET search_path;
-- A trigger that compares rows, and an upsert that writes only what is new.
CREATE TABLE touch (day int, at_all boolean);
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO touch VALUES (NEW.day, NEW IS DISTINCT FROM OLD); RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON daily FOR EACH ROW EXECUTE FUNCTION touched();
UPDATE daily SET s = s WHERE day = 1;
UPDATE daily SET s = (SELECT s FROM daily WHERE day = 1) WHERE day = 2;
INSERT INTO daily SELECT * FROM daily ON CONFLICT (day) DO UPDATE SET s = excluded.s WHERE daily.s IS DISTINCT FROM excluded.s;
INSERT INTO daily SELECT 3, s FROM daily WHERE day = 7 ON CONFLICT (day) DO UPDATE SET s = excluded.s WHERE daily.s IS DISTINCT FROM excluded.s;
SELECT * FROM touch;
-- Indexes: unique, btree, hash; partitions by hash.
CREATE TABLE made (s rct.sketch PRIMARY KEY);
INSERT INTO made SELECT DISTINCT s FROM daily WHERE s IS NOT NULL ORDER BY s;
\set VERBOSITY sqlstate
INSERT INTO made SELECT s FROM daily WHERE day = 1;
\set VERBOSITY verbose
INSERT INTO made SELECT s FROM daily WHERE day = 1 ON CONFLICT DO NOTHING;
CREATE INDEX ON made USING hash (s);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT count(*) AS found FROM made WHERE s = (SELECT s FROM daily WHERE day = 1);
SELECT count(*) AS greater FROM made WHERE s > (SELECT s FROM made ORDER BY s LIMIT 1);
RESET enable_seqscan;
RESET enable_bitmapscan;
CREATE TABLE spread (s rct.sketch) PARTITION BY HASH (s);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO spread SELECT rct.sketch(i, 'a', i) FROM generate_series(1, 50) AS i GROUP BY i;
SELECT count(*) AS rows, count(DISTINCT tableoid) AS partitions FROM spread;

-- The order of the rows does not matter, not to a byte.
SELECT count(DISTINCT s::bytea) AS sketches
FROM generate_series(1, 20) AS shuffle,
     LATERAL (SELECT rct.sketch('score, before / age ~ age7, before2; exposure: used; weight: weight', arm, school, district,
                                score + 1e9 / 3, nullif(before, 1), age, age / 7, nullif(before, 2), used, weight
                                ORDER BY md5(id::text || shuffle)) AS s FROM pupil) AS r;
-- -0 is 0.
SELECT rct.sketch('-0', 'a', 1)::bytea = rct.sketch(0, 'a', 1)::bytea AS same;

-- rollup: the sum of parts is the whole, byte for byte.
CREATE TABLE part (nr int, s rct.sketch);
INSERT INTO part SELECT id % 7, rct.sketch('score, passed ~ age, before; exposure: used; weight: weight', arm, school, district, score / 3, CASE WHEN age <> 12 THEN score > 9 END, age, nullif(before, 2), used, weight)
FROM pupil GROUP BY id % 7;
CREATE TABLE whole AS SELECT rct.sketch('score, passed ~ age, before; exposure: used; weight: weight', arm, school, district, score / 3, CASE WHEN age <> 12 THEN score > 9 END, age, nullif(before, 2), used, weight) AS s FROM pupil;
SELECT rct.rollup(part.s)::bytea = (SELECT s::bytea FROM whole) AS clusters_over_several_parts FROM part;
SELECT rct.rollup(part.s ORDER BY nr DESC)::bytea = (SELECT s::bytea FROM whole) AS other_order FROM part;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS by_cluster
FROM (SELECT rct.sketch('score, passed ~ age, before; exposure: used; weight: weight', arm, school, district, score / 3, CASE WHEN age <> 12 THEN score > 9 END, age, nullif(before, 2), used, weight) AS s FROM pupil GROUP BY school) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS by_condition
FROM (SELECT rct.sketch('score, passed ~ age, before; exposure: used; weight: weight', arm, school, district, score / 3, CASE WHEN age <> 12 THEN score > 9 END, age, nullif(before, 2), used, weight) AS s FROM pupil GROUP BY arm) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS row_by_row
FROM (SELECT rct.sketch('score, passed ~ age, before; exposure: used; weight: weight', arm, school, district, score / 3, CASE WHEN age <> 12 THEN score > 9 END, age, nullif(before, 2), used, weight) AS s FROM pupil GROUP BY id) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS of_rollups
FROM (SELECT rct.rollup(s) AS s FROM part GROUP BY nr % 3) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS of_the_whole FROM whole;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS with_nulls
FROM (SELECT s FROM part UNION ALL SELECT NULL UNION ALL SELECT NULL) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS with_sketches_of_nothing
FROM (SELECT s FROM part UNION ALL SELECT rct.sketch(1, 'a', 'k') FILTER (WHERE false)) AS p;
SELECT rct.rollup(s) IS NULL AS of_nulls FROM (VALUES (NULL::rct.sketch), (NULL)) AS v (s);
SELECT rct.rollup(s) IS NULL AS of_nothing FROM part WHERE false;
-- Parts may differ in what they have: conditions, strata, weights, missing values.
SELECT rct.rollup(s)::bytea = (
           SELECT rct.sketch('y ~ x, z; exposure: e; weight: w', c, k, st, y, x, z, e, w)::bytea
           FROM (VALUES (1, 'a', 1, NULL, 1, 2, NULL, NULL), (2, 'b', 1, 'p', NULL, NULL, 1, NULL),
                        (3, 'a', 2, 'q', NULL, 4, NULL, 2.5), (NULL, 'c', 2, NULL, NULL, NULL, NULL, NULL)) AS v (y, c, k, st, x, z, e, w)) AS same
FROM (SELECT rct.sketch('y ~ x, z; exposure: e; weight: w', 'a', 1, NULL, 1, 1, 2, NULL, NULL) AS s UNION ALL
      SELECT rct.sketch('y~x,z;exposure:e;weight:w', 'b', 1, 'p', 2, NULL, NULL, 1, NULL) UNION ALL
      SELECT rct.sketch('y ~ x, z; exposure: e; weight: w', 'a', 2, 'q', 3, NULL, 4, NULL, 2.5) UNION ALL
      SELECT rct.sketch('y ~ x, z; exposure: e; weight: w', 'c', 2, NULL::text, NULL, NULL, NULL, NULL, NULL)) AS parts;
-- Adding a sketch twice counts its rows twice.
SELECT i.n, a.mean = b.mean AS same_mean
FROM (SELECT rct.rollup(s) AS twice FROM (SELECT s FROM whole UNION ALL SELECT s FROM whole) AS u) AS t,
     rct.sketch_info(twice) AS i, rct.arms(twice) AS a, whole, rct.arms(whole.s) AS b
WHERE a.condition = 'new' AND b.condition = 'new';

-- Text form and back; upper case digits and blanks around are accepted, and what is printed is lower case.
SELECT rct.sketch(1, 'a', 'k');
SELECT s::text::rct.sketch::bytea = s::bytea AS round_trip,
       ('  ' || regexp_replace(upper(s::text), '^RCT.SKETCH:', 'rct.sketch:') || E'\n')::rct.sketch::bytea = s::bytea AS upper_case
FROM whole;
SELECT left(s::text, 11) AS prefix, length(s::text) = 11 + 2 * length(s::bytea) AS hexadecimal, bytes = length(s::bytea) AS bytes
FROM whole, rct.sketch_info(s);

-- Binary COPY and back. (The shell's parent is this psql.)
CREATE TABLE copied (nr int, s rct.sketch);
\copy (SELECT nr, s FROM part UNION ALL SELECT 99, NULL) TO PROGRAM 'cat > "${TMPDIR:-/tmp}/pg_rct_sketch_$PPID"' (FORMAT binary)
\copy copied FROM PROGRAM 'cat "${TMPDIR:-/tmp}/pg_rct_sketch_$PPID" && rm "${TMPDIR:-/tmp}/pg_rct_sketch_$PPID"' (FORMAT binary)
SELECT count(*) AS rows, bool_and(copied.s::bytea = part.s::bytea) AS same, count(*) FILTER (WHERE copied.s IS NULL) AS nulls
FROM copied LEFT JOIN part USING (nr);
SELECT rct._sketch_send(s) = s::bytea AS binary_output FROM whole;

-- Stored in tables: short headers, in line, compressed, out of line.
CREATE TABLE shelf (nr int, extended rct.sketch, external rct.sketch, main rct.sketch, plain rct.sketch);
ALTER TABLE shelf ALTER external SET STORAGE EXTERNAL, ALTER main SET STORAGE MAIN, ALTER plain SET STORAGE PLAIN;
INSERT INTO shelf SELECT nr, s, s, s, CASE WHEN length(s::bytea) < 2000 THEN s END
FROM (SELECT 1 AS nr, rct.sketch(1, 'a', 'k') AS s
      UNION ALL SELECT 2, rct.sketch(score, arm, school) FROM pupil
      UNION ALL SELECT 3, rct.sketch(i, 'a', i % 4, NULL, array_fill(i::double precision, ARRAY[20]), i, NULL) FROM generate_series(1, 40) AS i
      UNION ALL SELECT 4, rct.sketch(i, 'c' || i % 2, i) FROM generate_series(1, 3000) AS i) AS made;
SELECT nr, length(extended::bytea) AS bytes, pg_column_size(extended) < length(extended::bytea) AS compressed,
       extended::bytea = external::bytea AND extended::bytea = main::bytea AND extended::bytea = coalesce(plain, main)::bytea AS same,
       (SELECT n FROM rct.sketch_info(extended)) AS n,
       (SELECT rct.rollup(s)::bytea = extended::bytea FROM (VALUES (external), (NULL)) AS v (s)) AS rolled_up
FROM shelf ORDER BY nr;
SELECT rct.rollup(extended)::bytea = rct.rollup(main)::bytea AS same FROM shelf WHERE nr IN (2, 4);
-- They are equal and have one hash, however they are stored. Of its two halves the lower one is the hash of 32 bits.
SELECT bool_and(extended = external AND external = main AND NOT extended < main AND extended >= external) AS equal,
       bool_and(rct._sketch_hash(extended) = rct._sketch_hash(external) AND rct._sketch_hash(extended, 7) = rct._sketch_hash(main, 7)) AS hash,
       bool_and(rct._sketch_hash(extended) = (rct._sketch_hash(extended, 0) & 4294967295)::bit(32)::int) AS halves,
       count(DISTINCT rct._sketch_hash(extended)) AS hashes, count(DISTINCT rct._sketch_hash(extended, 7)) AS salted
FROM shelf;
