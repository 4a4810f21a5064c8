-- What the calls of calls.sql are asked of: a sketch of few clusters for what is drawn often, one of many clusters for what
-- looks at each, and long arrays.
CREATE TABLE forty AS SELECT rct.sketch('y, z, solved ~ k, l, m, n', CASE WHEN g % 2 = 0 THEN 'a' ELSE 'b' END, g, NULL,
    i % 7 + g % 3, i % 3 + g % 7, i % 5, i % 5, i % 3, g % 4, i % 11) AS s
FROM generate_series(1, 40) AS g, generate_series(1, 25) AS i;
CREATE TABLE many AS SELECT rct.sketch('y, solved / tasks ~ x; exposure: e', CASE WHEN g % 2 = 0 THEN 'a' ELSE 'b' END, g, NULL,
    i % 7 + g % 3, i % 7 + g % 3, 1 + i * (g % 5), 1 + i * (g % 5), 1 + i * (g % 5)) AS s,
    rct.sketch(CASE WHEN g % 2 = 1 THEN i END, CASE WHEN g % 2 = 0 THEN 'a' ELSE 'b' END, g) AS m
FROM generate_series(1, 100000) AS g, generate_series(1, 2) AS i;
CREATE TABLE outcomes AS SELECT rct.distribution(i::bigint * 7919 % 100003 / 7.0, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, i % 1000) AS d,
    rct.sketch(1, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, i % 1000) AS o FROM generate_series(1, 1000000) AS i;
CREATE TABLE patterns AS SELECT rct.logistic_rows(i % 7 % 2, ARRAY[i % 1009, i % 503 / 7.0]) AS r FROM generate_series(1, 400000) AS i;
CREATE TABLE lists AS SELECT array_agg('u' || i) AS units, array_agg('s' || i / 2) AS strata, array_agg(CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END) AS arms,
    array_agg((i % 50)::bigint) AS counts, array_agg(i::bigint * 7919 % 300007 / 300007.0::float8) AS p, array_agg('secondary'::text) AS roles
FROM generate_series(1, 300000) AS i;
