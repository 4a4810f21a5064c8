-- Digests of cluster and stratum keys.

-- They are part of the stored format: these values must never change.
SELECT rct.cluster_key('José'::text) AS "text",
       rct.cluster_key(-1::bigint) AS "bigint",
       rct.cluster_key('09090909-0909-0909-0909-090909090909'::uuid) AS "uuid";

-- Kinds of keys are apart: the number 7, the text 7, and the text that has the bytes of the number.
SELECT count(DISTINCT k) AS different
FROM (VALUES (rct.cluster_key(7::bigint)),
             (rct.cluster_key('7'::text)),
             (rct.cluster_key(E'\x07'::text)),
             (rct.cluster_key('00000000-0000-0000-0000-000000000007'::uuid))) AS v (k);

-- Upper and lower case, blanks and composed letters are different keys; nothing is normalized.
SELECT count(DISTINCT rct.cluster_key(k)) AS different
FROM (VALUES ('a'), ('A'), ('a '), (' a'), ('ä'), (U&'a\0308'), ('')) AS v (k);

-- Other types of numbers and text become these.
SELECT rct.cluster_key(7::smallint) = rct.cluster_key(7::bigint) AS "smallint",
       rct.cluster_key(7) = rct.cluster_key(7::bigint) AS "integer",
       rct.cluster_key('x'::varchar) = rct.cluster_key('x'::text) AS "varchar",
       rct.cluster_key('x'::name) = rct.cluster_key('x'::text) AS "name";

-- Stored keys with a short header, plain, and compressed.
CREATE TABLE stored (id int, k text);
INSERT INTO stored VALUES (1, 'school 1'), (2, repeat('school ', 30)), (3, repeat('school ', 3000));
SELECT id, rct.cluster_key(k) = rct.cluster_key(rtrim(k) || repeat(' ', length(k) - length(rtrim(k)))) AS same
FROM stored ORDER BY id;

-- NULL has no digest.
SELECT rct.cluster_key(NULL::text) IS NULL AS "text", rct.cluster_key(NULL::bigint) IS NULL AS "bigint",
       rct.cluster_key(NULL::uuid) IS NULL AS "uuid";

-- No two of many keys meet, and the order of digests is not that of keys.
SELECT count(DISTINCT rct.cluster_key(k)) AS numbers, count(DISTINCT rct.cluster_key(k::text)) AS texts,
       abs(corr(k, row_number)) < 0.02 AS shuffled
FROM (SELECT k, row_number() OVER (ORDER BY rct.cluster_key(k)) FROM generate_series(-50000::bigint, 50000) AS k) AS s;

-- What it is for: back from a sketch to a roster.
CREATE TABLE school (id bigint PRIMARY KEY, name text);
INSERT INTO school VALUES (1, 'North'), (2, 'South'), (3, 'East');
SELECT s.name, c.condition, c.n, c.mean
FROM rct.cells((SELECT rct.sketch(v.y, v.c, v.school)
                FROM (VALUES (4, 'new', 1), (6, 'new', 1), (5, 'old', 2), (1, 'old', 3)) AS v (y, c, school))) AS c
JOIN school AS s ON rct.cluster_key(s.id) = c.cluster
ORDER BY s.id;
