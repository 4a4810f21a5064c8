-- Tables of the benchmarks. Clusters are drawn row by row, so that rows come in random order.
CREATE EXTENSION pg_rct;
SELECT setseed(0.25) \g /dev/null

-- A row as a district keeps it: student, class, condition, score, and two baseline scores.
\set fill 'SELECT student, cluster, CASE WHEN cluster % 2 = 0 THEN $$control$$ ELSE $$treated$$ END AS arm, 50 + 3 * x + z + (cluster % 97) / 30.0 + 10 * (random() + random() + random() - 1.5) AS y, x, z, z + x * x AS v FROM'
CREATE TABLE t2k AS :fill (SELECT student, floor(random() * 2000)::bigint AS cluster, random() * 4 - 2 AS x, random() AS z
    FROM generate_series(1::bigint, :rows) student) r;
CREATE TABLE t100k AS :fill (SELECT student, floor(random() * 100000)::bigint AS cluster, random() * 4 - 2 AS x, random() AS z
    FROM generate_series(1::bigint, :rows) student) r;
CREATE TABLE t5k AS :fill (SELECT student, floor(random() * 5000)::bigint AS cluster, random() * 4 - 2 AS x, random() AS z
    FROM generate_series(1::bigint, least(2000000, :rows)) student) r;
CREATE TABLE t10 AS SELECT student, cluster, arm,
        CASE WHEN student % 10 <> 1 THEN y END AS y1, CASE WHEN student % 10 <> 2 THEN x END AS y2,
        CASE WHEN student % 10 <> 3 THEN z END AS y3, CASE WHEN student % 10 <> 4 THEN v END AS y4,
        CASE WHEN student % 10 <> 5 THEN y + x END AS y5, CASE WHEN student % 10 <> 6 THEN y - x END AS y6,
        CASE WHEN student % 10 <> 7 THEN y + z END AS y7, CASE WHEN student % 10 <> 8 THEN y - z END AS y8,
        CASE WHEN student % 10 <> 9 THEN y + v END AS y9, CASE WHEN student % 10 <> 0 THEN y - v END AS y10
    FROM t2k WHERE student <= :rows / 5;
-- Coefficients for the hand-written regression: what they are does not matter for its cost.
CREATE TABLE beta AS SELECT 50.0::float8 AS b0, 0.0::float8 AS b1, 3.0::float8 AS b2, 1.0::float8 AS b3;

CREATE TABLE stored (name text PRIMARY KEY, s rct.sketch);
INSERT INTO stored
    SELECT 'p8', rct.sketch('y ~ a, b, c, d, e, f', CASE WHEN g % 2 = 0 THEN 'control' ELSE 'treated' END, g, NULL,
                            y, x, z, random(), random(), random(), random())
    FROM (SELECT i % 10000 AS g, random() * 20 + 40 AS y, random() * 4 AS x, random() AS z
          FROM generate_series(1::bigint, 250000) i) r;
INSERT INTO stored
    SELECT 'p2', rct.sketch(random() * 20 + 40, CASE WHEN g % 2 = 0 THEN 'control' ELSE 'treated' END, g)
    FROM (SELECT i % 10000 AS g FROM generate_series(1::bigint, 250000) i) r;
INSERT INTO stored
    SELECT 'ten outcomes', rct.sketch('y1, y2, y3, y4, y5, y6, y7, y8, y9, y10', arm, cluster, NULL, y1, y2, y3, y4, y5, y6, y7, y8, y9, y10) FROM t10;
INSERT INTO stored SELECT 'one outcome', rct.sketch(y1, arm, cluster) FROM t10;
CREATE TABLE parts AS
    SELECT g / 10 AS part, rct.sketch(random() * 20 + 40, CASE WHEN g % 2 = 0 THEN 'control' ELSE 'treated' END, g) AS s
    FROM (SELECT i % 10000 AS g FROM generate_series(1::bigint, 250000) i) r GROUP BY g / 10;
VACUUM (ANALYZE, FREEZE);
CHECKPOINT;
