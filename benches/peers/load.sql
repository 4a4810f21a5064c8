-- The table t5k of benches/sketch/load.sql alone: clusters are drawn row by row, so that rows come in random order.
CREATE EXTENSION pg_rct;
SELECT setseed(0.25) \g /dev/null

CREATE TABLE t5k AS
    SELECT student, cluster, CASE WHEN cluster % 2 = 0 THEN 'control' ELSE 'treated' END AS arm,
           50 + 3 * x + z + (cluster % 97) / 30.0 + 10 * (random() + random() + random() - 1.5) AS y, x, z
    FROM (SELECT student, floor(random() * 5000)::bigint AS cluster, random() * 4 - 2 AS x, random() AS z
          FROM generate_series(1::bigint, least(2000000, :rows)) student) r;
VACUUM (ANALYZE, FREEZE);
CHECKPOINT;
