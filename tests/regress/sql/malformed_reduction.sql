-- What reductions refuse, and how they say it.

CREATE TABLE answer (at timestamptz, value double precision, word text);
INSERT INTO answer VALUES ('2024-09-01 08:00+00', 1, 'a'), ('2024-09-02 08:00+00', 2, 'b'), (NULL, 3, 'c');

-- Words that are no method. They are as listed, in lower case.
SELECT rct.reduce(value, at, 'average') FROM answer;
SELECT rct.reduce(value, at, 'MEAN') FROM answer;
SELECT rct.reduce(value, at, ' mean') FROM answer;
SELECT rct.reduce(value, at, '') FROM answer;
SELECT rct.reduce(value, at::timestamp, 'average') FROM answer;
SELECT rct.reduce(value, 1, 'average') FROM answer;
SELECT rct.reduce(word, at, 'average') FROM answer;
SELECT rct.reduce(word, at::timestamp, 'average') FROM answer;
SELECT rct.reduce(word, 1, 'average') FROM answer;
SELECT rct.reduce(value, at, repeat('x', 100)) FROM answer;
SELECT rct.reduce(value, 'average') FROM answer;
SELECT rct.reduce(word, 'average') FROM answer;
-- No method.
SELECT rct.reduce(value, at, NULL) FROM answer;
SELECT rct.reduce(word, at, NULL) FROM answer;
SELECT rct.reduce(value, NULL::text) FROM answer;
SELECT rct.reduce(word, NULL) FROM answer;
-- Not for text.
SELECT rct.reduce(word, at, 'mean') FROM answer;
SELECT rct.reduce(word, at, 'median') FROM answer;
SELECT rct.reduce(word, at, 'min') FROM answer;
SELECT rct.reduce(word, at, 'max') FROM answer;
SELECT rct.reduce(word, at, 'sum') FROM answer;
SELECT rct.reduce(word, at, 'count') FROM answer;
SELECT rct.reduce(word, at, 'stddev') FROM answer;
SELECT rct.reduce(word, 'mean') FROM answer;
-- Not without a time.
SELECT rct.reduce(value, 'first') FROM answer;
SELECT rct.reduce(value, 'last') FROM answer;
SELECT rct.reduce(word, 'first') FROM answer;
SELECT rct.reduce(word, 'last') FROM answer;
-- The method changes within a group, or is missing in a later row.
SELECT rct.reduce(value, at, CASE value WHEN 1 THEN 'mean' ELSE 'sum' END ORDER BY value) FROM answer;
SELECT rct.reduce(word, at, CASE value WHEN 1 THEN 'mode' ELSE 'first' END ORDER BY value) FROM answer;
SELECT rct.reduce(value, at, CASE value WHEN 1 THEN 'mean' END ORDER BY value) FROM answer;
SELECT rct.reduce(value, CASE value WHEN 1 THEN 'mean' ELSE 'sum' END ORDER BY value) FROM answer;
-- A value without a time, where the time counts.
SELECT rct.first(value, at) FROM answer;
SELECT rct.last(value, at) FROM answer;
SELECT rct.first(value, at::timestamp) FROM answer;
SELECT rct.last(value, at::timestamp) FROM answer;
SELECT rct.first(value, NULL::bigint) FROM answer;
SELECT rct.last(value, NULL::bigint) FROM answer;
SELECT rct.first(word, at) FROM answer;
SELECT rct.last(word, at::timestamp) FROM answer;
SELECT rct.last(word, NULL::bigint) FROM answer;
SELECT rct.first(value, at, 1) FROM answer;
SELECT rct.last(word, at, 1) FROM answer;
SELECT rct.reduce(value, at, 'first') FROM answer;
SELECT rct.reduce(word, at, 'last') FROM answer;
-- Elsewhere it does not.
SELECT rct.reduce(value, at, 'mean') AS mean, rct.reduce(word, at, 'mode') AS mode FROM answer;
-- A value without a tie-break.
SELECT rct.first(value, at, NULL) FROM answer WHERE at IS NOT NULL;
SELECT rct.last(value, at::timestamp, NULL) FROM answer WHERE at IS NOT NULL;
SELECT rct.last(value, 1, NULL) FROM answer;
SELECT rct.first(word, at, NULL) FROM answer WHERE at IS NOT NULL;
SELECT rct.last(word, 1, NULL) FROM answer;
-- An error leaves nothing behind: the same, without the row.
SELECT rct.first(value, at) AS first, rct.last(word, at) AS last FROM answer WHERE at IS NOT NULL;

-- Calls that do not fit any function, and support functions, which have an argument that nobody can write.
CREATE FUNCTION refused(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    -- Which of the two Postgres says depends on its minor version.
    RETURN CASE WHEN SQLSTATE IN ('42883', '42846', '0A000') THEN 'no such call' ELSE SQLSTATE END;
END $$;
SELECT query, refused('SELECT rct.' || query) AS sqlstate
FROM unnest(ARRAY['first(1)', 'first(1, ''x'')', 'median(''x''::text)', 'median(1, 2)', 'reduce(1)', 'last(now(), now())', 'first(true, 1)',
                  'reduce(1, now(), 1)', 'first(1, now(), ''x'')', 'median(*)', '_number_final(NULL)', '_number_final(NULL::internal)',
                  '_number_serial(NULL)', '_number_deserial(''\x0102'', NULL)', '_number_combine(NULL, NULL)', '_median_add(NULL, 1)',
                  '_first_add(NULL, 1, now())', '_reduce_add(NULL, 1, now(), ''mean'')', '_text_final(NULL)', '_text_serial(NULL)',
                  '_text_deserial(''\x0100'', NULL)', '_text_combine(NULL, NULL)']) AS query;

-- Memory: all states of a process together stay under the limit. The numbers depend on the version.
CREATE FUNCTION failure(query text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    message := 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    detail := regexp_replace(detail, '\d+', 'N', 'g');
END $$;
SET rct.memory_limit = '64kB';
\x on
SELECT * FROM failure('SELECT rct.median(i) FROM generate_series(1, 100000) AS i');
SELECT * FROM failure('SELECT rct.reduce(i, 1, ''median'') FROM generate_series(1, 100000) AS i');
SELECT * FROM failure('SELECT rct.reduce(i, 1, ''mode'') FROM generate_series(1, 100000) AS i');
SELECT * FROM failure('SELECT rct.reduce(i::text, 1, ''mode'') FROM generate_series(1, 100000) AS i');
SELECT * FROM failure('SELECT rct.last(repeat(''x'', 100000), 1)');
-- Many small states.
SELECT * FROM failure('SELECT count(m) FROM (SELECT rct.median(i) AS m FROM generate_series(1, 5000) AS i GROUP BY i % 5000) AS s');
\x off
-- What needs no memory per row is not concerned.
SELECT rct.reduce(i, i, 'mean') AS mean, rct.reduce(i, i, 'stddev') IS NOT NULL AS stddev, rct.first(i, i) AS first, rct.reduce(i % 10, i, 'mode') AS mode
FROM generate_series(1, 100000) AS i;
-- Nor are many groups, one at a time.
SET enable_hashagg = off;
SELECT count(m) AS groups FROM (SELECT rct.median(i) AS m FROM generate_series(1, 5000) AS i GROUP BY i % 5000) AS s;
RESET enable_hashagg;
-- The failures have given their memory back.
SELECT rct.median(i) FROM generate_series(1, 3000) AS i;
RESET rct.memory_limit;
SELECT rct.median(i) FROM generate_series(1, 100000) AS i;
SELECT setting, refused(setting) AS sqlstate
FROM unnest(ARRAY['SET rct.memory_limit = ''63kB''', 'SET rct.memory_limit = 0', 'SET rct.memory_limit = -1',
                  'SET rct.memory_limit = ''lots''', 'SET rct.memory_limit = ''4TB''', 'SET rct.no_such_setting = 1',
                  'SET rct.memory_limit = ''64kB''', 'SET rct.memory_limit = ''1GB''']) AS setting;
