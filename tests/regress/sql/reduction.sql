-- Many values of a unit to one; next to each answer the same in plain SQL.

CREATE TABLE answer (
    unit int, at timestamptz, tie bigint, value double precision, word text
);
INSERT INTO answer VALUES
    -- times apart
    (1, '2024-09-01 08:00+00', 1, 3, 'right'), (1, '2024-09-02 08:00+00', 2, 1, 'wrong'),
    (1, '2024-09-03 08:00+00', 3, 2, 'right'), (1, '2024-09-04 08:00+00', 4, 2, 'none'),
    -- all at one time
    (2, '2024-09-01 08:00+00', 7, 5, 'b'), (2, '2024-09-01 08:00+00', 5, 4, 'c'),
    (2, '2024-09-01 08:00+00', 6, 9, 'a'),
    -- ties at both ends, in time and in value
    (3, '2024-09-01 08:00+00', 2, 8, 'x'), (3, '2024-09-01 08:00+00', 1, 8.5, 'y'),
    (3, '2024-09-02 08:00+00', 9, 7.25, 'y'), (3, '2024-09-05 08:00+00', 4, 1, 'x'),
    (3, '2024-09-05 08:00+00', 4, 0.5, 'z'),
    -- one value
    (4, '2024-09-01 08:00+00', 1, -2.5, 'only'),
    -- NULL among values; a NULL value needs no time and no tie-break
    (5, '2024-09-01 08:00+00', 1, NULL, NULL), (5, '2024-09-02 08:00+00', 2, 6, 'q'),
    (5, NULL, NULL, NULL, NULL), (5, '2024-09-03 08:00+00', 3, 10, 'q'),
    -- only NULL
    (6, '2024-09-01 08:00+00', 1, NULL, NULL), (6, NULL, NULL, NULL, NULL),
    -- before and after all other times
    (7, 'infinity', 1, 1, 'late'), (7, '-infinity', 2, 2, 'early'), (7, '2024-09-01 08:00+00', 3, 3, 'middle'),
    (7, 'infinity', 4, 0, 'latest'), (7, '-infinity', 5, 9, 'earlier');

-- first and last: the smaller value at the same time.
SELECT unit, rct.first(a.value, at) AS first, f.value AS sql_first, rct.last(a.value, at) AS last, l.value AS sql_last,
       rct.first(a.value, at) IS NOT DISTINCT FROM f.value AND rct.last(a.value, at) IS NOT DISTINCT FROM l.value AS same
FROM answer AS a
LEFT JOIN (SELECT DISTINCT ON (unit) unit, value FROM answer WHERE value IS NOT NULL ORDER BY unit, at, value) AS f
    USING (unit)
LEFT JOIN (SELECT DISTINCT ON (unit) unit, value FROM answer WHERE value IS NOT NULL ORDER BY unit, at DESC, value) AS l
    USING (unit)
GROUP BY unit, f.value, l.value ORDER BY unit;

-- With a tie-break: the smallest for first, the largest for last, and then the smaller value.
SELECT unit, rct.first(a.value, at, tie) AS first, f.value AS sql_first, rct.last(a.value, at, tie) AS last,
       l.value AS sql_last, rct.first(a.value, at, tie) IS NOT DISTINCT FROM f.value
       AND rct.last(a.value, at, tie) IS NOT DISTINCT FROM l.value AS same
FROM answer AS a
LEFT JOIN (SELECT DISTINCT ON (unit) unit, value FROM answer WHERE value IS NOT NULL
           ORDER BY unit, at, tie, value) AS f USING (unit)
LEFT JOIN (SELECT DISTINCT ON (unit) unit, value FROM answer WHERE value IS NOT NULL
           ORDER BY unit, at DESC, tie DESC, value) AS l USING (unit)
GROUP BY unit, f.value, l.value ORDER BY unit;

-- Time of any type, and reduce by word, give the same.
SELECT count(*) AS units,
       bool_and(f IS NOT DISTINCT FROM f2 AND f IS NOT DISTINCT FROM f3 AND f IS NOT DISTINCT FROM f4
                AND f IS NOT DISTINCT FROM f5 AND f IS NOT DISTINCT FROM f6) AS first,
       bool_and(l IS NOT DISTINCT FROM l2 AND l IS NOT DISTINCT FROM l3 AND l IS NOT DISTINCT FROM l4
                AND l IS NOT DISTINCT FROM l5 AND l IS NOT DISTINCT FROM l6) AS last,
       bool_and(ft IS NOT DISTINCT FROM ft2 AND ft IS NOT DISTINCT FROM ft3) AS first_tiebreak,
       bool_and(lt IS NOT DISTINCT FROM lt2 AND lt IS NOT DISTINCT FROM lt3) AS last_tiebreak
FROM (SELECT rct.first(value, at) AS f, rct.last(value, at) AS l,
             rct.first(value, at::timestamp) AS f2, rct.last(value, at::timestamp) AS l2,
             rct.first(value, rank) AS f3, rct.last(value, rank) AS l3,
             rct.reduce(value, at, 'first') AS f4, rct.reduce(value, at, 'last') AS l4,
             rct.reduce(value, at::timestamp, 'first') AS f5, rct.reduce(value, at::timestamp, 'last') AS l5,
             rct.reduce(value, rank, 'first') AS f6, rct.reduce(value, rank, 'last') AS l6,
             rct.first(value, at, tie) AS ft, rct.last(value, at, tie) AS lt,
             rct.first(value, at::timestamp, tie) AS ft2, rct.last(value, at::timestamp, tie) AS lt2,
             rct.first(value, rank, tie) AS ft3, rct.last(value, rank, tie) AS lt3
      FROM (SELECT *, dense_rank() OVER (ORDER BY at) AS rank FROM answer) AS a GROUP BY unit) AS s;

-- The methods that look at values only.
SELECT unit, method, ours, sql, ours IS NOT DISTINCT FROM sql AS same
FROM (SELECT unit,
             unnest(ARRAY['mean', 'median', 'median()', 'min', 'max', 'sum', 'count', 'mode', 'stddev']) AS method,
             unnest(ARRAY[rct.reduce(value, at, 'mean'), rct.reduce(value, at, 'median'), rct.median(value),
                          rct.reduce(value, at, 'min'), rct.reduce(value, at, 'max'), rct.reduce(value, at, 'sum'),
                          rct.reduce(value, at, 'count'), rct.reduce(value, at, 'mode'),
                          rct.reduce(value, at, 'stddev')]) AS ours,
             unnest(ARRAY[avg(value), percentile_cont(0.5) WITHIN GROUP (ORDER BY value),
                          percentile_cont(0.5) WITHIN GROUP (ORDER BY value), min(value), max(value), sum(value),
                          nullif(count(value), 0), mode() WITHIN GROUP (ORDER BY value), stddev_samp(value)]) AS sql
      FROM answer GROUP BY unit) AS s
ORDER BY unit, method;

-- Methods that need no time can be had without one.
SELECT count(*) AS units, bool_and(same) AS same
FROM (SELECT bool_and(rct.reduce(value, method) IS NOT DISTINCT FROM rct.reduce(value, at, method)) OVER () AS same
      FROM answer, unnest(ARRAY['mean', 'median', 'min', 'max', 'sum', 'count', 'mode', 'stddev']) AS method GROUP BY unit, method) AS s;
SELECT rct.reduce(value, 'mean') AS mean, rct.reduce(value, 'count') AS count, rct.reduce(word, 'mode') AS mode,
       mode() WITHIN GROUP (ORDER BY word COLLATE "C") AS sql_mode FROM answer;
SELECT rct.reduce(value, 'sum') IS NULL AS number, rct.reduce(word, 'mode') IS NULL AS text FROM answer WHERE unit = 6;

-- The method may differ between groups.
SELECT method, rct.reduce(value, at, method) AS value
FROM answer, unnest(ARRAY['first', 'last', 'mean', 'count']) AS method
WHERE unit = 1 GROUP BY method ORDER BY method;

-- Without a row, and with NULL values only: NULL, for every method and type of time; even count.
SELECT method, rct.reduce(value, at, method) AS timestamptz, rct.reduce(value, at::timestamp, method) AS timestamp,
       rct.reduce(value, tie, method) AS bigint
FROM answer, unnest(ARRAY['first', 'last', 'mean', 'median', 'min', 'max', 'sum', 'count', 'mode', 'stddev'])
         WITH ORDINALITY AS m (method, nr)
WHERE unit = 6 GROUP BY method, nr ORDER BY nr;
SELECT rct.first(value, at) AS first, rct.last(value, at, tie) AS last, rct.median(value) AS median,
       rct.reduce(value, at, 'count') AS count, rct.first(word, at) AS first_text, rct.reduce(word, at, 'mode') AS mode_text
FROM answer WHERE false;
-- One value has no standard deviation.
SELECT rct.reduce(value, at, 'stddev') IS NULL AS none FROM answer WHERE unit = 4;

-- Text: first, last and mode. Among equals the smallest by its bytes.
SELECT unit, rct.first(a.word, at) AS first, f.word AS sql_first, rct.last(a.word, at) AS last, l.word AS sql_last,
       rct.reduce(a.word, at, 'mode') AS mode, mode() WITHIN GROUP (ORDER BY a.word COLLATE "C") AS sql_mode,
       rct.first(a.word, at) IS NOT DISTINCT FROM f.word AND rct.last(a.word, at) IS NOT DISTINCT FROM l.word
       AND rct.reduce(a.word, at, 'mode') IS NOT DISTINCT FROM mode() WITHIN GROUP (ORDER BY a.word COLLATE "C") AS same
FROM answer AS a
LEFT JOIN (SELECT DISTINCT ON (unit) unit, word FROM answer WHERE word IS NOT NULL
           ORDER BY unit, at, word COLLATE "C") AS f USING (unit)
LEFT JOIN (SELECT DISTINCT ON (unit) unit, word FROM answer WHERE word IS NOT NULL
           ORDER BY unit, at DESC, word COLLATE "C") AS l USING (unit)
GROUP BY unit, f.word, l.word ORDER BY unit;
SELECT unit, rct.first(word, at, tie) AS first, rct.last(word, at, tie) AS last,
       (array_agg(word ORDER BY at, tie, word COLLATE "C") FILTER (WHERE word IS NOT NULL))[1] AS sql_first,
       (array_agg(word ORDER BY at DESC, tie DESC, word COLLATE "C") FILTER (WHERE word IS NOT NULL))[1] AS sql_last
FROM answer GROUP BY unit ORDER BY unit;
SELECT count(*) AS units,
       bool_and(f IS NOT DISTINCT FROM f2 AND f IS NOT DISTINCT FROM f3 AND f IS NOT DISTINCT FROM f4) AS first,
       bool_and(l IS NOT DISTINCT FROM l2 AND l IS NOT DISTINCT FROM l3 AND l IS NOT DISTINCT FROM l4) AS last,
       bool_and(m IS NOT DISTINCT FROM m2 AND m IS NOT DISTINCT FROM m3) AS mode
FROM (SELECT rct.first(word, at) AS f, rct.last(word, at) AS l, rct.reduce(word, at, 'mode') AS m,
             rct.first(word, at::timestamp) AS f2, rct.last(word, at::timestamp) AS l2,
             rct.reduce(word, at::timestamp, 'mode') AS m2, rct.first(word, rank) AS f3, rct.last(word, rank) AS l3,
             rct.reduce(word, rank, 'mode') AS m3, rct.reduce(word, at, 'first') AS f4, rct.reduce(word, at, 'last') AS l4
      FROM (SELECT *, dense_rank() OVER (ORDER BY at) AS rank FROM answer) AS a GROUP BY unit) AS s;
-- Letters outside ASCII, the empty text, long text.
SELECT rct.first(w, at) AS first, rct.last(w, at) AS last, rct.reduce(w, at, 'mode') AS mode
FROM (VALUES ('ä', 1), ('', 1), ('日本', 2), ('z', 2)) AS v (w, at);
SELECT rct.last(repeat(w, 100000), at) = repeat('b', 100000) AS long
FROM (VALUES ('a', 1), ('b', 2), ('c', 2)) AS v (w, at);

-- NaN, infinities and -0. NaN equals itself and is above everything; -0 is 0.
CREATE TABLE special (name text, value double precision);
INSERT INTO special VALUES
    ('NaN', 1), ('NaN', 'NaN'), ('NaN', 2), ('+inf', 1), ('+inf', 'infinity'), ('-inf', '-infinity'), ('-inf', 1),
    ('both', 'infinity'), ('both', '-infinity'), ('NaN+inf', 'NaN'), ('NaN+inf', 'infinity'), ('all NaN', 'NaN'),
    ('all NaN', 'NaN'), ('-0', '-0'), ('-0', '0'), ('-0', '-0');
SELECT name, method, ours, sql, ours = sql AS same
FROM (SELECT name, unnest(ARRAY['mean', 'min', 'max', 'sum', 'count', 'mode', 'stddev']) AS method,
             unnest(ARRAY[rct.reduce(value, 0, 'mean'), rct.reduce(value, 0, 'min'), rct.reduce(value, 0, 'max'),
                          rct.reduce(value, 0, 'sum'), rct.reduce(value, 0, 'count'), rct.reduce(value, 0, 'mode'),
                          rct.reduce(value, 0, 'stddev')]) AS ours,
             unnest(ARRAY[avg(value), min(value), max(value), sum(value), count(value),
                          mode() WITHIN GROUP (ORDER BY value), stddev_samp(value)]) AS sql
      FROM special WHERE name <> '-0' GROUP BY name) AS s
ORDER BY name, method;
-- The median is the mean of the two in the middle; percentile_cont loses its way below infinity and -infinity.
SELECT name, rct.median(value) AS median, middle[(n + 1) / 2] / 2 + middle[n / 2 + 1] / 2 AS sql,
       rct.median(value) = middle[(n + 1) / 2] / 2 + middle[n / 2 + 1] / 2 AS same
FROM special JOIN (SELECT name, array_agg(value ORDER BY value) AS middle, count(*)::int AS n FROM special GROUP BY name) AS m
    USING (name)
WHERE name <> '-0' GROUP BY name, middle, n ORDER BY name;
-- Not one answer is -0.
SELECT method, rct.reduce(value, 0, method)::text AS value
FROM special, unnest(ARRAY['first', 'last', 'mean', 'median', 'min', 'max', 'sum', 'mode']) AS method
WHERE name = '-0' GROUP BY method ORDER BY method;
-- At one time the smaller value: -0 and 0 are equal, NaN is above everything.
SELECT rct.first(value, 1) AS first, rct.last(value, 1) AS last FROM special;
SELECT rct.first(value, 1) AS first, rct.last(value, 1) AS last FROM special WHERE value = 'NaN';
-- The median of an even number of values does not overflow on the way.
SELECT rct.median(v) FROM (VALUES (1.5e308::double precision), (1e308)) AS t (v);
SELECT rct.median(v) FROM (VALUES (-1.7e308::double precision), (1.7e308)) AS t (v);
SELECT rct.median(v) FROM (VALUES ('infinity'::double precision), ('infinity')) AS t (v);

-- Sums are exact, whatever the order: a plain sum loses the 1.
SELECT rct.reduce(v, 0, 'sum' ORDER BY nr) AS sum, rct.reduce(v, 0, 'sum' ORDER BY nr DESC) AS backwards,
       sum(v ORDER BY nr) AS sql_sum, rct.reduce(v, 0, 'mean') * 4 AS four_means
FROM (VALUES (1, 1e100::double precision), (2, 1), (3, -1e100), (4, 2)) AS t (nr, v);
-- Far from 0 the standard deviation of doubles keeps its digits, as numeric does.
SELECT rct.reduce(v, 0, 'stddev') AS stddev, stddev_samp(v::numeric)::double precision AS sql_stddev
FROM (VALUES (1000000004::double precision), (1000000007), (1000000013), (1000000016)) AS t (v);
SELECT rct.reduce(v, 0, 'stddev') AS constant FROM (VALUES (0.1::double precision), (0.1), (0.1)) AS t (v);
-- The sum leaves the range of doubles, the mean does not.
SELECT rct.reduce(v, 0, 'mean') AS mean
FROM (VALUES (1.7e308::double precision), (1.7e308)) AS t (v);
-- Many values of any size, summed in decimal.
SELECT rct.reduce(v, 0, 'sum') = sum(v::numeric)::double precision AS sum,
       abs(rct.reduce(v, 0, 'mean') / avg(v::numeric) - 1) < 1e-15 AS mean,
       abs(rct.reduce(v, 0, 'stddev') / stddev_samp(v::numeric)::double precision - 1) < 1e-15 AS stddev,
       rct.median(v) = percentile_cont(0.5) WITHIN GROUP (ORDER BY v) AS median,
       rct.reduce(v, 0, 'mode') = mode() WITHIN GROUP (ORDER BY v) AS mode
FROM (SELECT (i * 7919 % 1000 - 300) / 8.0::double precision AS v FROM generate_series(1, 5001) AS i) AS s;

-- The row order does not matter, not to a bit.
SELECT method, count(DISTINCT float8send(value)) AS answers
FROM unnest(ARRAY['first', 'last', 'mean', 'median', 'min', 'max', 'sum', 'count', 'mode', 'stddev']) AS method,
     generate_series(1, 20) AS shuffle,
     LATERAL (SELECT rct.reduce(v, i / 10, method ORDER BY md5(i::text || shuffle)) AS value
              FROM (SELECT i, 1e9 + 1 / (i % 37 + 3.0::double precision) AS v FROM generate_series(1, 100) AS i) AS d) AS r
GROUP BY method ORDER BY method;

-- As aggregates are used: FILTER, DISTINCT, ORDER BY, HAVING, windows, grouping sets.
SELECT rct.median(value) FILTER (WHERE unit = 1) AS filtered, rct.median(DISTINCT value) FILTER (WHERE unit < 3) AS distinct_values,
       rct.reduce(value, at, 'sum' ORDER BY value DESC) FILTER (WHERE unit = 3) AS ordered
FROM answer;
SELECT unit FROM answer GROUP BY unit HAVING rct.median(value) > 4 ORDER BY unit;
SELECT at::date AS day, value, rct.median(value) OVER so_far AS median, rct.last(value, at) OVER so_far AS last,
       rct.reduce(value, at, 'mode') OVER so_far AS mode, rct.reduce(value, at, 'mean') OVER two AS mean_of_two,
       avg(value) OVER two AS sql_mean_of_two
FROM answer WHERE unit = 1
WINDOW so_far AS (ORDER BY at), two AS (ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY at;
SELECT unit, at::date AS day, rct.reduce(value, at, 'sum') AS sum, sum(value) AS sql_sum
FROM answer WHERE unit IN (1, 2) GROUP BY GROUPING SETS ((unit), (at::date), ()) ORDER BY unit, day;
