-- 40 clusters of 25 students with six covariates, and students assigned one by one. Deterministic.
SELECT setseed(0.5) \g /dev/null
CREATE TABLE forty AS
WITH cluster AS (SELECT i, random() AS u FROM generate_series(1, 40) AS i)
SELECT i AS cluster, CASE WHEN i % 2 = 0 THEN 'treated' ELSE 'control' END AS arm, 10 * u + 8 * random() + 8 * random() AS y,
    ARRAY[random(), random(), random(), random(), random(), u + random()] AS x
FROM cluster, generate_series(1, 25);
CREATE TABLE made AS SELECT rct.sketch('y ~ a, b, c, d, e, f', arm, cluster, NULL, y, x[1], x[2], x[3], x[4], x[5], x[6]) AS s FROM forty;
CREATE TABLE students AS
SELECT CASE WHEN random() < 0.5 THEN 'treated' ELSE 'control' END AS arm, 'school ' || (20 * random())::int AS school,
    (50 + 10 * random() + 10 * random())::float8 AS y, (50 + 20 * random())::float8 AS x
FROM generate_series(1, :rows);
VACUUM ANALYZE;
