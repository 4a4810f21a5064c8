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
FROM rct.cells((SELECT rct.sketch(score, arm, school, district, ARRAY[age, before], used, weight) FROM pupil)) AS c
FULL JOIN (SELECT rct.cluster_key(school) AS cluster, rct.cluster_key(district) AS stratum, arm AS condition, weight,
                  count(*) AS n, avg(score) AS mean, stddev_samp(score) AS sd
           FROM pupil GROUP BY school, district, arm, weight) AS g USING (cluster, stratum, condition, weight);
-- Cells come in the order of strata, clusters and conditions.
SELECT count(*) AS cells, bool_and(nr = expected) AS in_order
FROM (SELECT row_number() OVER () AS nr, row_number() OVER (ORDER BY stratum, cluster, condition COLLATE "C", weight) AS expected
      FROM rct.cells((SELECT rct.sketch(score, arm, school, district, NULL, NULL, weight) FROM pupil))) AS s;

-- What a sketch holds.
\x on
SELECT * FROM rct.sketch_info((SELECT rct.sketch(score, arm, school) FROM pupil));
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
FROM rct.arms((SELECT rct.sketch(score, arm, school, district, ARRAY[age], NULL, weight) FROM pupil)) AS a
JOIN (SELECT arm AS condition, count(*) AS n, sum(weight) AS weight, sum(weight * score) / sum(weight) AS mean,
             sum(weight * score ^ 2) - sum(weight * score) ^ 2 / sum(weight) AS squares
      FROM pupil GROUP BY arm) AS g USING (condition) ORDER BY a.condition;

-- Which rows are left out, and under which heading: the first that applies of condition, cluster, outcome, weight.
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
       (i.n, i.without_condition, i.without_cluster, i.without_outcome, i.zero_weight) = (
           SELECT count(*) FILTER (WHERE condition IS NOT NULL AND cluster IS NOT NULL AND outcome IS NOT NULL AND weight <> 0),
                   count(*) FILTER (WHERE condition IS NULL),
                   count(*) FILTER (WHERE condition IS NOT NULL AND cluster IS NULL),
                   count(*) FILTER (WHERE condition IS NOT NULL AND cluster IS NOT NULL AND outcome IS NULL),
                   count(*) FILTER (WHERE condition IS NOT NULL AND cluster IS NOT NULL AND outcome IS NOT NULL AND weight = 0)
           FROM gaps) AS as_counted,
       i.n + i.without_condition + i.without_cluster + i.without_outcome + i.zero_weight = (SELECT count(*) FROM gaps) AS all_rows
FROM rct.sketch_info((SELECT rct.sketch(outcome, condition, cluster, NULL::text, NULL, NULL, weight) FROM gaps)) AS i;
SELECT condition, n, clusters, weight, missing_outcome, round(missing_rate::numeric, 6) AS missing_rate, missing_cluster, zero_weight
FROM rct.arms((SELECT rct.sketch(outcome, condition, cluster, NULL::text, NULL, NULL, weight) FROM gaps));
-- A condition of which every row is left out is still a condition.
SELECT condition, n, clusters, mean, sd, weight, missing_outcome, missing_rate, missing_cluster
FROM rct.arms((SELECT rct.sketch(y, c, k) FROM (VALUES (1, 'a', 'k'), (NULL, 'b', 'k'), (2, 'c', NULL)) AS v (y, c, k)));
-- Rows that are all left out make a sketch, no rows make none.
SELECT n, conditions, clusters, strata, stored_cells, without_condition, without_cluster, without_outcome
FROM rct.sketch_info((SELECT rct.sketch(NULL, c, k) FROM (VALUES ('a', 'k'), (NULL, 'k'), ('b', NULL)) AS v (c, k)));
SELECT count(*) AS cells FROM rct.cells((SELECT rct.sketch(NULL, c, k) FROM (VALUES ('a', 'k'), (NULL, 'k')) AS v (c, k)));
SELECT rct.sketch(score, arm, school) IS NULL AS three_arguments,
       rct.sketch(score, arm, school, district, NULL, NULL, NULL) IS NULL AS seven_arguments FROM pupil WHERE false;
-- A NULL sketch has no rows to show.
SELECT (SELECT count(*) FROM rct.sketch_info(NULL)) AS info, (SELECT count(*) FROM rct.cells(NULL)) AS cells,
       (SELECT count(*) FROM rct.arms(NULL)) AS arms;
-- The empty text is a condition and a cluster like any other.
SELECT condition = '' AS empty, n FROM rct.arms((SELECT rct.sketch(1, '', '')));

-- Strata may be NULL for some rows; these are a stratum of their own.
SELECT stratum IS NULL AS without, count(*) AS cells, sum(n) AS n
FROM rct.cells((SELECT rct.sketch(score, arm, school, nullif(district, 1), NULL, NULL, NULL) FROM pupil))
GROUP BY 1 ORDER BY 1;
SELECT strata FROM rct.sketch_info((SELECT rct.sketch(score, arm, school, nullif(district, 1), NULL, NULL, NULL) FROM pupil));

-- Covariates: no array, an array without elements, one with NULL in it, an array of NULL, and complete ones.
SELECT n, covariates, without_covariates,
       (SELECT sum(n_complete) FROM rct.arms(s)) AS n_complete, (SELECT sum(a.n) FROM rct.cells(s) AS a) AS in_cells
FROM (SELECT rct.sketch(y, c, k, NULL::text, x, NULL, NULL) AS s
      FROM (VALUES (1, 'a', 1, ARRAY[1, 2]::double precision[]), (2, 'a', 1, ARRAY[3, NULL]), (3, 'a', 2, ARRAY[NULL, NULL]::int[]),
                   (4, 'b', 3, NULL), (5, 'b', 3, ARRAY[5, 6]), (6, 'b', 4, ARRAY[7, 8])) AS v (y, c, k, x)) AS one,
     rct.sketch_info(s);
SELECT covariates, without_covariates, (SELECT sum(n_complete) FROM rct.arms(s)) AS n_complete
FROM (SELECT rct.sketch(1, 'a', 'k', NULL::text, '{}', NULL, NULL) AS s) AS one, rct.sketch_info(s);
-- No array at all is not the same as an empty one, but both are without covariates.
SELECT rct.sketch(1, 'a', 'k', NULL::text, '{}', NULL, NULL)::bytea = rct.sketch(1, 'a', 'k')::bytea AS empty_array,
       rct.sketch(1, 'a', 'k', NULL::text, NULL, NULL, NULL)::bytea = rct.sketch(1, 'a', 'k')::bytea AS no_array;
-- Where the array begins to count does not matter; a stored or compressed array is read like a fresh one.
CREATE TABLE kept (y double precision, x double precision[]);
INSERT INTO kept SELECT i, ARRAY[i, 2, 3, 4, 5]::double precision[] || array_fill(0.5::double precision, ARRAY[45])
FROM generate_series(1, 20) AS i;
SELECT rct.sketch(y, 'a', y::bigint, NULL::text, x, NULL, NULL)::bytea
       = rct.sketch(y, 'a', y::bigint, NULL::text, ARRAY[y, 2, 3, 4, 5] || array_fill(0.5::double precision, ARRAY[45]), NULL, NULL)::bytea
       AS stored_array FROM kept;
SELECT rct.sketch(1, 'a', 'k', NULL::text, '[5:6]={1,2}', NULL, NULL)::bytea
       = rct.sketch(1, 'a', 'k', NULL::text, '{1,2}', NULL, NULL)::bytea AS lower_bound;
-- Fifty covariates are allowed.
SELECT covariates, without_covariates FROM rct.sketch_info((
    SELECT rct.sketch(i, 'a', 1, NULL::text, array_fill(i::double precision, ARRAY[50]), NULL, NULL) FROM generate_series(1, 3) AS i));

-- Weight: 0 leaves the row out, NULL keeps it apart from the weighted ones.
SELECT n, has_weight, zero_weight FROM rct.sketch_info((
    SELECT rct.sketch(score, arm, school, NULL::text, NULL, NULL, nullif(weight, 2)) FROM pupil));
SELECT weight, sum(n) AS n FROM rct.cells((
    SELECT rct.sketch(score, arm, school, NULL::text, NULL, NULL, nullif(weight, 2)) FROM pupil)) GROUP BY weight;
-- A weight of 1 is not the same as none, but gives the same means.
SELECT has_weight FROM rct.sketch_info((SELECT rct.sketch(score, arm, school, NULL::text, NULL, NULL, 1) FROM pupil));
SELECT (SELECT array_agg((condition, n, mean, sd)) FROM rct.arms((SELECT rct.sketch(score, arm, school) FROM pupil)))
       = (SELECT array_agg((condition, n, mean, sd)) FROM rct.arms((SELECT rct.sketch(score, arm, school, NULL::text, NULL, NULL, 1) FROM pupil)))
       AS same_arms;
-- Exposure: NULL for some rows.
SELECT n, has_exposed FROM rct.sketch_info((
    SELECT rct.sketch(score, arm, school, NULL::text, NULL, nullif(used, 1), NULL) FROM pupil));
SELECT n, has_exposed FROM rct.sketch_info((
    SELECT rct.sketch(score, arm, school, NULL::text, NULL, NULL, NULL) FROM pupil));

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
          rct.sketch(score, arm, school, district, NULL, NULL, NULL),
          rct.sketch(score, arm, school, district::text, NULL, NULL, NULL),
          rct.sketch(score, arm, school, as_uuid(district), NULL, NULL, NULL),
          rct.sketch(score, arm, school::text, district, NULL, NULL, NULL),
          rct.sketch(score, arm, school::text, district::text, NULL, NULL, NULL),
          rct.sketch(score, arm, school::text, as_uuid(district), NULL, NULL, NULL),
          rct.sketch(score, arm, as_uuid(school), district, NULL, NULL, NULL),
          rct.sketch(score, arm, as_uuid(school), district::text, NULL, NULL, NULL),
          rct.sketch(score, arm, as_uuid(school), as_uuid(district), NULL, NULL, NULL)]) AS s FROM pupil) AS nine,
     rct.sketch_info(s);

-- Shorter forms: without what is NULL anyway, and with one covariate, which is an array of one.
SELECT count(*) AS forms, bool_and(short::bytea = long::bytea) AS same
FROM (SELECT unnest(ARRAY[
          rct.sketch(score, arm, school, district), rct.sketch(score, arm, school, district::text), rct.sketch(score, arm, school, as_uuid(district)),
          rct.sketch(score, arm, school::text, district), rct.sketch(score, arm, school::text, district::text),
          rct.sketch(score, arm, school::text, as_uuid(district)), rct.sketch(score, arm, as_uuid(school), district),
          rct.sketch(score, arm, as_uuid(school), district::text), rct.sketch(score, arm, as_uuid(school), as_uuid(district)),
          rct.sketch(score, arm, school, district, age), rct.sketch(score, arm, school, district::text, age),
          rct.sketch(score, arm, school, as_uuid(district), age), rct.sketch(score, arm, school::text, district, age),
          rct.sketch(score, arm, school::text, district::text, age), rct.sketch(score, arm, school::text, as_uuid(district), age),
          rct.sketch(score, arm, as_uuid(school), district, age), rct.sketch(score, arm, as_uuid(school), district::text, age),
          rct.sketch(score, arm, as_uuid(school), as_uuid(district), age)]) AS short,
      unnest(ARRAY[
          rct.sketch(score, arm, school, district, NULL, NULL, NULL), rct.sketch(score, arm, school, district::text, NULL, NULL, NULL),
          rct.sketch(score, arm, school, as_uuid(district), NULL, NULL, NULL), rct.sketch(score, arm, school::text, district, NULL, NULL, NULL),
          rct.sketch(score, arm, school::text, district::text, NULL, NULL, NULL),
          rct.sketch(score, arm, school::text, as_uuid(district), NULL, NULL, NULL), rct.sketch(score, arm, as_uuid(school), district, NULL, NULL, NULL),
          rct.sketch(score, arm, as_uuid(school), district::text, NULL, NULL, NULL),
          rct.sketch(score, arm, as_uuid(school), as_uuid(district), NULL, NULL, NULL),
          rct.sketch(score, arm, school, district, ARRAY[age], NULL, NULL), rct.sketch(score, arm, school, district::text, ARRAY[age], NULL, NULL),
          rct.sketch(score, arm, school, as_uuid(district), ARRAY[age], NULL, NULL), rct.sketch(score, arm, school::text, district, ARRAY[age], NULL, NULL),
          rct.sketch(score, arm, school::text, district::text, ARRAY[age], NULL, NULL),
          rct.sketch(score, arm, school::text, as_uuid(district), ARRAY[age], NULL, NULL),
          rct.sketch(score, arm, as_uuid(school), district, ARRAY[age], NULL, NULL),
          rct.sketch(score, arm, as_uuid(school), district::text, ARRAY[age], NULL, NULL),
          rct.sketch(score, arm, as_uuid(school), as_uuid(district), ARRAY[age], NULL, NULL)]) AS long
      FROM pupil) AS s;
SELECT rct.sketch(y, c, k, s)::bytea = rct.sketch(y, c, k, s, NULL, NULL, NULL)::bytea AS null_stratum,
       rct.sketch(y, c, k, s, x)::bytea = rct.sketch(y, c, k, s, ARRAY[x], NULL, NULL)::bytea AS null_covariate
FROM (VALUES (1, 'a', 1, 's', 5), (2, 'a', 2, NULL, NULL), (NULL, 'b', 3, 's', 7), (4, NULL, 3, NULL, 8), (5, 'b', NULL, 's', NULL)) AS v (y, c, k, s, x);
-- Without a stratum the short form is that of three arguments.
SELECT rct.sketch(score, arm, school, NULL::text)::bytea = rct.sketch(score, arm, school)::bytea AS same FROM pupil;

-- The order of the rows does not matter, not to a byte.
SELECT count(DISTINCT s::bytea) AS sketches
FROM generate_series(1, 20) AS shuffle,
     LATERAL (SELECT rct.sketch(score + 1e9 / 3, arm, school, district, ARRAY[age / 7, before], used, weight
                                ORDER BY md5(id::text || shuffle)) AS s FROM pupil) AS r;
-- -0 is 0.
SELECT rct.sketch('-0', 'a', 1)::bytea = rct.sketch(0, 'a', 1)::bytea AS same;

-- rollup: the sum of parts is the whole, byte for byte.
CREATE TABLE part (nr int, s rct.sketch);
INSERT INTO part SELECT id % 7, rct.sketch(score / 3, arm, school, district, ARRAY[age, before], used, weight)
FROM pupil GROUP BY id % 7;
CREATE TABLE whole AS SELECT rct.sketch(score / 3, arm, school, district, ARRAY[age, before], used, weight) AS s FROM pupil;
SELECT rct.rollup(part.s)::bytea = (SELECT s::bytea FROM whole) AS clusters_over_several_parts FROM part;
SELECT rct.rollup(part.s ORDER BY nr DESC)::bytea = (SELECT s::bytea FROM whole) AS other_order FROM part;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS by_cluster
FROM (SELECT rct.sketch(score / 3, arm, school, district, ARRAY[age, before], used, weight) AS s FROM pupil GROUP BY school) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS by_condition
FROM (SELECT rct.sketch(score / 3, arm, school, district, ARRAY[age, before], used, weight) AS s FROM pupil GROUP BY arm) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS row_by_row
FROM (SELECT rct.sketch(score / 3, arm, school, district, ARRAY[age, before], used, weight) AS s FROM pupil GROUP BY id) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS of_rollups
FROM (SELECT rct.rollup(s) AS s FROM part GROUP BY nr % 3) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS of_the_whole FROM whole;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS with_nulls
FROM (SELECT s FROM part UNION ALL SELECT NULL UNION ALL SELECT NULL) AS p;
SELECT rct.rollup(s)::bytea = (SELECT s::bytea FROM whole) AS with_sketches_of_nothing
FROM (SELECT s FROM part UNION ALL SELECT rct.sketch(1, 'a', 'k', NULL::text, NULL, NULL, NULL) FILTER (WHERE false)) AS p;
SELECT rct.rollup(s) IS NULL AS of_nulls FROM (VALUES (NULL::rct.sketch), (NULL)) AS v (s);
SELECT rct.rollup(s) IS NULL AS of_nothing FROM part WHERE false;
-- Parts may differ in what they have: covariates, exposure, weights, conditions.
SELECT rct.rollup(s)::bytea = (
           SELECT rct.sketch(y, c, k, st, x, e, w)::bytea
           FROM (VALUES (1, 'a', 1, NULL, ARRAY[1, 2]::double precision[], NULL, NULL), (2, 'b', 1, 'p', NULL, 1, NULL),
                        (3, 'a', 2, 'q', NULL, NULL, 2.5), (NULL, 'c', 2, NULL, NULL, NULL, NULL)) AS v (y, c, k, st, x, e, w)) AS same
FROM (SELECT rct.sketch(1, 'a', 1, NULL::text, ARRAY[1, 2], NULL, NULL) AS s UNION ALL
      SELECT rct.sketch(2, 'b', 1, 'p', NULL, 1, NULL) UNION ALL SELECT rct.sketch(3, 'a', 2, 'q', NULL, NULL, 2.5) UNION ALL
      SELECT rct.sketch(NULL, 'c', 2)) AS parts;
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
      UNION ALL SELECT 3, rct.sketch(i, 'a', i % 4, NULL::text, array_fill(i::double precision, ARRAY[20]), i, NULL) FROM generate_series(1, 40) AS i
      UNION ALL SELECT 4, rct.sketch(i, 'c' || i % 2, i) FROM generate_series(1, 3000) AS i) AS made;
SELECT nr, length(extended::bytea) AS bytes, pg_column_size(extended) < length(extended::bytea) AS compressed,
       extended::bytea = external::bytea AND extended::bytea = main::bytea AND extended::bytea = coalesce(plain, main)::bytea AS same,
       (SELECT n FROM rct.sketch_info(extended)) AS n,
       (SELECT rct.rollup(s)::bytea = extended::bytea FROM (VALUES (external), (NULL)) AS v (s)) AS rolled_up
FROM shelf ORDER BY nr;
SELECT rct.rollup(extended)::bytea = rct.rollup(main)::bytea AS same FROM shelf WHERE nr IN (2, 4);
