-- What sketches refuse, and how they say it.

-- Numbers that are none. An error is an error even in a row that would be left out.
SELECT rct.sketch('NaN', 'a', 'k');
SELECT rct.sketch('infinity', 'a', 1);
SELECT rct.sketch('-infinity', 'a', '00000000-0000-0000-0000-000000000001'::uuid);
SELECT rct.sketch('NaN', NULL, NULL::text);
SELECT rct.sketch(1, 'a', 'k', 's', NULL, 'NaN', NULL);
SELECT rct.sketch(1, 'a', 'k', 's', NULL, 'infinity', NULL);
SELECT rct.sketch(1, 'a', 'k', 's', NULL, NULL, 'NaN');
SELECT rct.sketch(1, 'a', 'k', 's', NULL, NULL, '-infinity');
SELECT rct.sketch(1, 'a', 'k', 's', NULL, NULL, -0.5);
SELECT rct.sketch('y; weight: w', 'a', 'k', 's', NULL, -1);
SELECT rct.sketch(1, 'a', 'k', 's', '{1,NaN,3}'::double precision[], NULL, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', '{-infinity}'::double precision[], NULL, NULL);
SELECT rct.sketch('y ~ a, b', NULL, NULL::text, NULL, NULL, 1, 'infinity'::real);
SELECT rct.sketch(1, 'a', 'k', 's', '{NULL,NaN}'::double precision[], NULL, NULL);
SELECT rct.sketch('NaN', 'a', 'k', 's'::text);
SELECT rct.sketch(1, 'a', 'k', 's'::text, 'NaN'::double precision);
SELECT rct.sketch(NULL::numeric, NULL, 1, 2, '-infinity'::double precision);
SELECT rct.sketch('NaN'::numeric, 'a', 1);
SELECT rct.sketch('y, z / n; exposure: e', 'a', 1, NULL, 1, 2, 'NaN'::numeric, NULL);
SELECT rct.sketch('y; exposure: e', 'a', 1, NULL, 1, 'infinity'::real);

-- Covariates that do not fit each other.
SELECT rct.sketch(y, 'a', y, 0, x, NULL, NULL) FROM (VALUES (1, ARRAY[1, 2]::double precision[]), (2, ARRAY[1])) AS v (y, x);
SELECT rct.sketch(y, 'a', y, 0, x, NULL, NULL) FROM (VALUES (1, ARRAY[1]::double precision[]), (2, ARRAY[1, 2])) AS v (y, x);
SELECT rct.sketch(y, 'a', y, 0, x, NULL, NULL) FROM (VALUES (1, ARRAY[1, NULL]::double precision[]), (2, ARRAY[1])) AS v (y, x);
SELECT rct.sketch(y, 'a', y, 0, x, NULL, NULL) FROM (VALUES (1, ARRAY[1, 2]::double precision[]), (2, ARRAY[NULL]::int[])) AS v (y, x);
SELECT rct.sketch(y, 'a', y, 0, x, NULL, NULL) FROM (VALUES (1, '{}'::double precision[]), (2, ARRAY[1])) AS v (y, x);
SELECT rct.sketch(y, NULL, y, 0, x, NULL, NULL) FROM (VALUES (1, ARRAY[1]::double precision[]), (2, ARRAY[1, 2])) AS v (y, x);
SELECT rct.sketch(y, 'a', y, 0, x, NULL, NULL) FROM (VALUES (1, NULL), (2, ARRAY[1, 2]::double precision[]), (3, NULL), (4, ARRAY[3])) AS v (y, x);
SELECT rct.rollup(s) FROM (SELECT rct.sketch(y, 'a', y, 0, array_fill(y::double precision, ARRAY[y]), NULL, NULL) AS s
                           FROM generate_series(1, 2) AS y GROUP BY y) AS parts;
-- Arrays of arrays.
SELECT rct.sketch(1, 'a', 'k', 's', '{{1,2}}'::double precision[], NULL, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', '{{{1}}}'::double precision[], NULL, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', '{{NULL,1},{2,3}}'::double precision[], NULL, NULL);
-- Fifty covariates are enough.
SELECT rct.sketch(1, 'a', 'k', 's', array_fill(1::double precision, ARRAY[51]), NULL, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', array_fill(NULL::double precision, ARRAY[51]), NULL, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', array_fill(1::double precision, ARRAY[100000]), NULL, NULL);

-- Names: fifty covariates, thirty outcomes and ten exposures are enough.
CREATE FUNCTION named(outcomes int, covariates int, exposures int) RETURNS text LANGUAGE sql AS $$
    SELECT format('rct.sketch(%L, ''a'', 1, NULL, %s)',
                  string_agg('y' || i, ', ') FILTER (WHERE i <= outcomes) || coalesce(' ~ ' || string_agg('x' || i, ', ') FILTER (WHERE i <= covariates), '')
                  || coalesce('; exposure: ' || string_agg('e' || i, ', ') FILTER (WHERE i <= exposures), ''),
                  array_to_string(array_fill(1, ARRAY[outcomes + covariates + exposures]), ', ')) FROM generate_series(1, 60) AS i $$;
CREATE FUNCTION told(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT o, c, e, told('SELECT ' || named(o, c, e)) FROM (VALUES (1, 50, 0), (1, 51, 0), (30, 0, 0), (31, 0, 0), (1, 0, 10), (1, 0, 11), (30, 50, 10)) AS v (o, c, e);
-- Texts that name no columns.
SELECT columns, told(format('SELECT rct.sketch(%L, ''a'', 1, NULL, 1, 2)', columns))
FROM unnest(ARRAY['y, z', ' y ,z ', 'y/z', 'y~x', E'y\n~ x', 'y; exposure : e', 'y;weight:w', 'größe ~ "Vortest"', '', ' ', 'y', 'y, ', '~ x', 'y ~', 'y, y', 'y ~ y', 'y / y', 'y ~ x ~ z', 'y / z / n',
                  'y ~ x / z', 'y; z', 'y; ', 'y; weight: ', 'y; weight: a, b', 'y; weight: a; weight: b', 'y; exposure: a; exposure: b', 'y; cluster: c', 'y; Weight: w', 'y; exposure: y',
                  'y: z', E'y\x01, z', repeat('y', 200) || ', z', repeat('y', 201) || ', z']) AS columns;
-- Their number is that of the values, and the text the same in all rows.
SELECT rct.sketch('y ~ x', 'a', 1, NULL, 1, 2, 3);
SELECT rct.sketch('y, z / n ~ x; exposure: e; weight: w', 'a', 1, NULL, 1, 2, 3);
SELECT rct.sketch(columns, 'a', 1, NULL, 1) FROM (VALUES ('y'), ('z')) AS v (columns);
SELECT rct.sketch(columns, 'a', 1, NULL, 1) FROM (VALUES ('y'), (NULL)) AS v (columns);
SELECT rct.sketch(columns, 'a', 1, NULL, 1) FROM (VALUES (NULL), ('y')) AS v (columns);
SELECT rct.sketch(NULL::text, 'a', 1, NULL, 1);
SELECT rct.sketch(NULL, 'a', 1, NULL, 1);
SELECT n, without_outcome FROM rct.sketch_info((SELECT rct.sketch(NULL::int, 'a', 1, NULL, 1)));
SELECT rct.sketch('y', 'a', 1, NULL, VARIADIC ARRAY[1]);
-- The fourth argument is the stratum. What could be meant as a covariate is not taken for one.
SELECT rct.sketch(1, 'a', 1, 2);
SELECT rct.sketch(1, 'a', 1, 2.5);
SELECT rct.sketch(1, 'a', 1, 2::double precision);
SELECT rct.sketch(1, 'a', 1, NULL::bigint);
SELECT rct.sketch(1, 'a', 1, true);
-- A text that is no number, without a type of its own, is none.
SELECT rct.sketch('abc', 'a', 1);
SELECT rct.sketch(1, 'a', 1, NULL, '{1,2}', NULL, NULL);
SELECT rct.sketch(1, 'a', 1, NULL, '');
SELECT rct.sketch('y ~ x; weight: w', 'a', 1, NULL, 1, 2, 'many');
SELECT rct.student_sketch(1, 'a', NULL, 'x');
-- Types that an argument cannot have.
SELECT rct.sketch(1, 1.5, 'k');
SELECT rct.sketch(1, 1.5::real, 'k');
SELECT rct.sketch(1, 'a', 1.5::double precision);
SELECT rct.sketch(1, 'a', 'k', 1.5::double precision, NULL);
SELECT rct.sketch(1, '{"a": 1}'::jsonb, 'k');
SELECT rct.sketch(1, '00000000-0000-0000-0000-000000000001'::uuid, 'k');
SELECT rct.sketch(1, 'a', '2026-01-01'::date);
SELECT rct.sketch(1, 'a', 'k', '\x01'::bytea, NULL);
SELECT rct.sketch('x'::text, 'a', 'k');
SELECT rct.sketch('1 day'::interval, 'a', 'k');
SELECT rct.sketch(ARRAY[1], 'a', 'k');
SELECT rct.sketch(1, 'a', 'k', 's', 'x'::text);
SELECT rct.sketch(1, 'a', 'k', 's', ARRAY[1, 2], NULL, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', ARRAY[1.5], NULL, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', NULL::double precision[], NULL, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', 1, 'x'::text, NULL);
SELECT rct.sketch(1, 'a', 'k', 's', 1, 1, ARRAY[1]);
SELECT rct.sketch('y ~ x', 'a', 'k', 's', 1, 'x'::text);
SELECT rct.sketch('y ~ x', 'a', 'k', 's', 1, ARRAY[1]::double precision[]);
SELECT rct.sketch('y; weight: w', 'a', 'k', 's', 1, now());
-- Sketches of other columns do not add up, not even of another order.
CREATE TABLE other (columns text, s rct.sketch);
INSERT INTO other VALUES
    ('simple', (SELECT rct.sketch(1, 'a', 1))), ('covariate', (SELECT rct.sketch(1, 'a', 1, NULL, 2))), ('y', (SELECT rct.sketch('y', 'a', 1, NULL, 1))),
    ('y, z', (SELECT rct.sketch('y, z', 'a', 1, NULL, 1, 2))), ('z, y', (SELECT rct.sketch('z, y', 'a', 1, NULL, 2, 1))), ('y / z', (SELECT rct.sketch('y / z', 'a', 1, NULL, 1, 2))),
    ('y ~ z', (SELECT rct.sketch('y ~ z', 'a', 1, NULL, 1, 2))), ('y; exposure: z', (SELECT rct.sketch('y; exposure: z', 'a', 1, NULL, 1, 2))),
    ('y; weight: z', (SELECT rct.sketch('y; weight: z', 'a', 1, NULL, 1, 2))), ('again', (SELECT rct.sketch(' y  ,z', 'b', 2, NULL, 1, 2)));
SELECT a.columns AS one, b.columns AS two
FROM other AS a JOIN other AS b ON a.columns < b.columns AND told(format('SELECT rct.rollup(s) FROM other WHERE columns IN (%L, %L)', a.columns, b.columns)) = 'accepted';
SELECT rct.rollup(s) FROM other WHERE columns IN ('y, z', 'y ~ z');

-- A thousand conditions are allowed, more are not, neither by rows nor by rollup.
SELECT conditions FROM rct.sketch_info((SELECT rct.sketch(1, 'c' || i, 1) FROM generate_series(1, 1000) AS i));
SELECT rct.sketch(1, 'c' || i, 1) FROM generate_series(1, 1001) AS i;
SELECT rct.sketch(NULL, 'c' || i, 1) FROM generate_series(1, 1001) AS i;
SELECT rct.rollup(s) FROM (SELECT rct.sketch(1, 'c' || i, 1) AS s FROM generate_series(1, 1001) AS i GROUP BY i % 2) AS parts;
-- A condition has a thousand bytes at most.
SELECT length(condition) AS length, n FROM rct.arms((SELECT rct.sketch(1, repeat('x', 1000), 1)));
SELECT rct.sketch(1, repeat('x', 1001), 1);
SELECT rct.sketch(1, repeat('ä', 501), 1);
SELECT rct.sketch(1, repeat('x', 10000000), 1);

-- Text that is not a sketch.
SELECT ''::rct.sketch;
SELECT 'sketch'::rct.sketch;
SELECT 'rct.sketch'::rct.sketch;
SELECT 'RCT.SKETCH:5201'::rct.sketch;
SELECT '\x5201'::rct.sketch;
SELECT 'rct.sketch:520'::rct.sketch;
SELECT 'rct.sketch:52 01'::rct.sketch;
SELECT 'rct.sketch:520g'::rct.sketch;
SELECT 'rct.sketch:52é'::rct.sketch;
SELECT 'rct.sketch:'::rct.sketch;
SELECT 'rct.sketch:52'::rct.sketch;
SELECT 'rct.sketch:00000000000000000000'::rct.sketch;
SELECT 'rct.sketch:52010000000000000000'::rct.sketch;
-- Another version, with whatever follows.
SELECT 'rct.sketch:52020000000000000000'::rct.sketch;
SELECT 'rct.sketch:52ff0000000000000000'::rct.sketch;
-- A sketch, cut short, with a byte too much, with a changed byte, or twice.
CREATE TABLE good AS SELECT rct.sketch('y ~ x; exposure: e; weight: w', 'c' || i % 2, i % 3, i % 2, i / 4.0, i, i, 1 + i % 2) AS s FROM generate_series(1, 12) AS i;
SELECT left(s::text, -2)::rct.sketch FROM good;
SELECT (s::text || '00')::rct.sketch FROM good;
SELECT overlay(s::text PLACING 'a' FROM 40 FOR 1)::rct.sketch FROM good;
SELECT (s::text || substr(s::text, 12))::rct.sketch FROM good;
-- Every prefix is refused, and every sketch with one flipped bit.
CREATE FUNCTION reading(value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM value::rct.sketch;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT reading(left(s::text, i)), count(*) FROM good, generate_series(0, length(s::text) - 1) AS i GROUP BY 1 ORDER BY 1;
SELECT reading('rct.sketch:' || encode(set_bit(s::bytea, i, 1 - get_bit(s::bytea, i)), 'hex')), count(*) > 0 AS some
FROM good, generate_series(0, 8 * length(s::bytea) - 1) AS i GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE reading('rct.sketch:' || encode(set_byte(s::bytea, i, (get_byte(s::bytea, i) + d) % 256), 'hex')) = 'accepted') AS accepted
FROM good, generate_series(0, length(s::bytea) - 1) AS i, generate_series(1, 255, 7) AS d;
SELECT reading(s::text) FROM good;
-- The input function says the same when it is called by name.
SELECT rct._sketch_in('rct.sketch:5');

-- Binary input, from a COPY file as another server would send it: nothing, one byte, another version, a sketch with a byte more.
-- The file has a header of 19 bytes, per row the number of columns (2 bytes) and the length of each (4), and ends with -1.
CREATE TABLE received (s rct.sketch);
\copy received FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000\000\001\000\000\000\000\377\377''' (FORMAT binary)
\copy received FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000\000\001\000\000\000\001R\377\377''' (FORMAT binary)
\copy received FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000\000\001\000\000\000\012R\002\000\000\000\000\000\000\000\000\377\377''' (FORMAT binary)
\copy received FROM PROGRAM 'printf ''PGCOPY\n\377\r\n\000\000\000\000\000\000\000\000\000\000\001\000\000\000\012R\001\000\000\000\000\000\000\000\000\377\377''' (FORMAT binary)
SELECT count(*) AS received FROM received;

-- Calls that do not fit, casts and comparisons that do not exist (and some that do), and support functions, which have an argument that nobody can write.
CREATE FUNCTION refused(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    -- Which of the two Postgres says depends on its minor version.
    RETURN CASE WHEN SQLSTATE IN ('42883', '42846', '0A000') THEN 'no such call' ELSE SQLSTATE END;
END $$;
SELECT query, refused('SELECT ' || query) AS sqlstate
FROM unnest(ARRAY['rct.sketch(1, ''a'')', 'rct.sketch(1, ''a'', 1, 2, 3, 4)', 'rct.sketch()', 'rct.sketch(1)', 'rct.sketch(1, ''a'', 1, 2, 3, 4, 5, 6)',
                  'rct.sketch(VARIADIC ARRAY[1, 2, 3])', 'rct.sketch(DISTINCT 1, ''a'', 1)', 'rct.sketch(1, ''a'', 1) OVER ()',
                  'rct.rollup(1)', 'rct.rollup(''\x52''::bytea)', 'rct.rollup(''x'')', '''\x5201''::bytea::rct.sketch', 's = s::bytea FROM good',
                  's::bytea = s FROM good', 's || s FROM good', 'max(s) FROM good', 's::json FROM good', 'good = good FROM good', 'rct._sketch_final(NULL)', 'rct._sketch_final(NULL::internal)',
                  'rct._sketch_serial(NULL)', 'rct._sketch_deserial(''\x00'', NULL)', 'rct._sketch_combine(NULL, NULL)', 'rct._sketch_recv(NULL)',
                  'rct._sketch_add(NULL, 1, ''a'', ''k''::text)', 'rct._sketch_add_named(NULL, ''y'', ''a'', ''k'', NULL, 1)', 'rct._sketch_merge(NULL, s) FROM good']) AS query;

-- Memory: all states of a process together stay under the limit. The numbers depend on the version.
CREATE FUNCTION failure(query text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    message := 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    detail := regexp_replace(detail, '\d+', 'N', 'g');
END $$;
CREATE TABLE big AS SELECT rct.sketch(i, 'a', i) AS s FROM generate_series(1, 5000) AS i;
SET rct.memory_limit = '64kB';
\x on
SELECT * FROM failure('SELECT rct.sketch(i, ''a'', i) FROM generate_series(1, 5000) AS i');
SELECT * FROM failure('SELECT rct.sketch(i, ''a'', 1, i, NULL) FROM generate_series(1, 5000) AS i');
SELECT * FROM failure('SELECT rct.sketch(''y; weight: w'', ''a'', 1, 1, i, i) FROM generate_series(1, 5000) AS i');
SELECT * FROM failure('SELECT rct.sketch(i, ''a'', i % 10, 1, array_fill((1e300 / i)::double precision, ARRAY[50]), NULL, NULL) FROM generate_series(1, 20) AS i');
\x off
-- Reading a stored sketch takes memory, too.
SELECT query, (failure(query)).code
FROM unnest(ARRAY['SELECT rct.rollup(s) FROM big', 'SELECT rct.sketch_info(s) FROM big', 'SELECT rct.cells(s) FROM big', 'SELECT rct.arms(s) FROM big',
                  'SELECT rct.effects(s, ''a'') FROM big', 'SELECT rct.icc(s) FROM big', 'SELECT s::text::rct.sketch FROM big',
                  'SELECT length(s::text) FROM big', 'SELECT rct.rollup(s) FROM good']) AS query;
-- The failures have given their memory back.
SELECT n FROM rct.sketch_info((SELECT rct.sketch(i, 'a', i % 100) FROM generate_series(1, 5000) AS i));
RESET rct.memory_limit;
SELECT n FROM big, rct.sketch_info(s);
