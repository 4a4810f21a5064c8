-- Metrics: what they are, what was logged, and what it comes to per condition.

CREATE FUNCTION rct._metric_definition(definition text) RETURNS text
    AS 'MODULE_PATHNAME', 'metric_definition_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._metric_definition(text) IS
    'checks the declaration of a metric, and gives it back as JSON with all defaults';

CREATE FUNCTION rct._metric_flatten(metrics text, definitions text)
RETURNS TABLE (metric text, number double precision, text_value text, flags text[])
    AS 'MODULE_PATHNAME', 'metric_flatten_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION rct._metric_flatten(text, text) IS
    'measurements of a logged JSON object, one per metric: typed by the declarations, and flagged where they do not fit';

CREATE FUNCTION rct._metric_query(definition text, operation text, reduction text, compare text, value text) RETURNS TABLE (
    operation_word text, method text, source text, categorical boolean, compare_word text, number double precision, allowed text[]
)
    AS 'MODULE_PATHNAME', 'metric_query_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct._metric_query(text, text, text, text, text) IS
    'checks that a question makes sense for a metric, and gives it back with all defaults';

CREATE TABLE rct.metric (
    context text NOT NULL,
    name text NOT NULL,
    definition jsonb NOT NULL,
    PRIMARY KEY (context, name)
);
COMMENT ON TABLE rct.metric IS 'metrics as rct.declare_metric has declared them';
COMMENT ON COLUMN rct.metric.context IS 'context, in lower case';
COMMENT ON COLUMN rct.metric.name IS 'name, as it is logged';
COMMENT ON COLUMN rct.metric.definition IS 'type, allowed values, reduction, direction and description';

-- Identifiers are only unique to the application that makes them up, and may be so to a user only: both are part of the key,
-- because taking another user's event for a repetition would lose it.
CREATE TABLE rct.log_event (
    context text NOT NULL,
    event_id text NOT NULL,
    user_id text NOT NULL,
    server_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (context, event_id, user_id)
);
COMMENT ON TABLE rct.log_event IS 'events that were logged with an event_id, so that a repetition is known as one; append-only';
COMMENT ON COLUMN rct.log_event.context IS 'context, in lower case';
COMMENT ON COLUMN rct.log_event.event_id IS 'what the application calls the event';
COMMENT ON COLUMN rct.log_event.user_id IS 'the user, not an alias';
COMMENT ON COLUMN rct.log_event.server_at IS 'when it came in';

CREATE SEQUENCE rct.measurement_id_seq;
CREATE TABLE rct.measurement (
    id bigint PRIMARY KEY DEFAULT rct._next_id('measurement'::pg_catalog.text),
    context text NOT NULL,
    user_id text NOT NULL,
    metric text NOT NULL,
    class text,
    key text,
    uniquifier text,
    number double precision,
    text_value text,
    flags text[] NOT NULL DEFAULT '{}',
    model_version text,
    event_id text,
    client_at timestamptz,
    server_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX measurement_metric_user ON rct.measurement (context, metric, user_id);
COMMENT ON TABLE rct.measurement IS 'everything that was logged, one row per value, as it came; append-only';
ALTER SEQUENCE rct.measurement_id_seq OWNED BY rct.measurement.id;
COMMENT ON SEQUENCE rct.measurement_id_seq IS 'numbers of rct.measurement, in the order in which values came in';
COMMENT ON COLUMN rct.measurement.id IS 'number; of two values with the same time the larger one is the later one';
COMMENT ON COLUMN rct.measurement.context IS 'context, in lower case';
COMMENT ON COLUMN rct.measurement.user_id IS 'the user, not an alias';
COMMENT ON COLUMN rct.measurement.metric IS 'name of the metric, declared or not';
COMMENT ON COLUMN rct.measurement.class IS 'what kind of thing was done, if the metric is repeated: a workspace';
COMMENT ON COLUMN rct.measurement.key IS 'which of that kind';
COMMENT ON COLUMN rct.measurement.uniquifier IS 'which time';
COMMENT ON COLUMN rct.measurement.number IS 'the value as a finite number, if it is one';
COMMENT ON COLUMN rct.measurement.text_value IS 'the value as text, unless it is simply a number';
COMMENT ON COLUMN rct.measurement.flags IS 'why the value does not fit the metric; empty if it does';
COMMENT ON COLUMN rct.measurement.model_version IS 'version of the model or content that the student saw';
COMMENT ON COLUMN rct.measurement.event_id IS 'what the application calls the event';
COMMENT ON COLUMN rct.measurement.client_at IS 'when it happened, by the clock of the application';
COMMENT ON COLUMN rct.measurement.server_at IS 'when it came in';

SELECT pg_catalog.pg_extension_config_dump('rct.metric', '');
SELECT pg_catalog.pg_extension_config_dump('rct.log_event', '');
SELECT pg_catalog.pg_extension_config_dump('rct.measurement', '');
SELECT pg_catalog.pg_extension_config_dump('rct.measurement_id_seq', '');

CREATE FUNCTION rct._measurement_append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'table "%" is append-only', TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = format('%s would change what was logged.', TG_OP),
              HINT = 'Log the right value: of the same class, key and uniquifier the value with the latest time counts.';
END $$;
COMMENT ON FUNCTION rct._measurement_append_only() IS 'refuses changes of what was logged';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rct.measurement
    FOR EACH STATEMENT EXECUTE FUNCTION rct._measurement_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rct.log_event
    FOR EACH STATEMENT EXECUTE FUNCTION rct._measurement_append_only();

CREATE FUNCTION rct.declare_metric(context text, name text, definition jsonb) RETURNS jsonb
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    normal jsonb;
BEGIN
    PERFORM rct._identifier('context'::text, declare_metric.context), rct._identifier('name'::text, declare_metric.name),
            rct._identifier('definition'::text, left(declare_metric.definition::text, 100));
    normal := rct._metric_definition(declare_metric.definition::text);
    INSERT INTO rct.metric AS m (context, name, definition)
    VALUES (lower(declare_metric.context), declare_metric.name, normal)
    ON CONFLICT (context, name) DO UPDATE SET definition = excluded.definition WHERE m.definition <> excluded.definition;
    RETURN normal;
END $$;
COMMENT ON FUNCTION rct.declare_metric(text, text, jsonb) IS
    'declares a metric of a context, or declares it anew, and returns the declaration with all defaults; NULLs are an error';

CREATE FUNCTION rct.drop_metric(context text, name text) RETURNS boolean
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM rct._identifier('context'::text, drop_metric.context), rct._identifier('name'::text, drop_metric.name);
    DELETE FROM rct.metric WHERE context = lower(drop_metric.context) AND name = drop_metric.name;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION rct.drop_metric(text, text) IS
    'takes the declaration of a metric back; what was logged stays; false if it was not declared; NULLs are an error';

CREATE FUNCTION rct.log(
    context text, user_id text, metrics jsonb, at timestamptz DEFAULT NULL, event_id text DEFAULT NULL, class text DEFAULT NULL,
    key text DEFAULT NULL, uniquifier text DEFAULT NULL, model_version text DEFAULT NULL,
    OUT stored integer, OUT flagged integer, OUT duplicate boolean
)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    home text := lower(rct._identifier('context'::text, log.context));
    who text := rct._identifier('user_id'::text, log.user_id);
BEGIN
    PERFORM rct._identifier(a.name, a.given)
    FROM (VALUES ('event_id', log.event_id), ('class', log.class), ('key', log.key), ('uniquifier', log.uniquifier),
                 ('model_version', log.model_version)) AS a (name, given)
    WHERE a.given IS NOT NULL;
    IF log.metrics IS NULL THEN
        PERFORM rct._identifier('metrics'::text, NULL::text);
    ELSIF NOT isfinite(log.at) THEN
        RAISE EXCEPTION 'at must be finite, got %', log.at
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'The time of a value decides whether it is from before the enrollment, and which value is the last.',
                  HINT = 'Leave at out to have the time of the server.';
    END IF;
    stored := 0;
    flagged := 0;
    duplicate := false;
    IF log.event_id IS NOT NULL THEN
        INSERT INTO rct.log_event (context, event_id, user_id)
            VALUES (home, log.event_id, coalesce((SELECT a.user_id FROM rct.alias AS a WHERE a.alias = who), who)) ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            duplicate := true;
            RETURN;
        END IF;
    END IF;
    WITH added AS (
        INSERT INTO rct.measurement AS m (context, user_id, metric, class, key, uniquifier, number, text_value, flags, model_version,
                                          event_id, client_at)
        SELECT home, coalesce((SELECT a.user_id FROM rct.alias AS a WHERE a.alias = who), who), f.metric, log.class, log.key, log.uniquifier,
               f.number, f.text_value,
               CASE WHEN log.at > clock_timestamp() + interval '5 minutes' THEN f.flags || 'clock_skew'::text ELSE f.flags END,
               log.model_version, log.event_id, log.at
        FROM rct._metric_flatten(
            log.metrics::text,
            coalesce((SELECT jsonb_object_agg(d.name, d.definition) FROM rct.metric AS d
                      WHERE d.context = home AND d.name IN (
                          SELECT jsonb_object_keys(CASE jsonb_typeof(log.metrics) WHEN 'object' THEN log.metrics ELSE '{}' END))),
                     '{}')::text) AS f
        RETURNING m.flags
    )
    SELECT count(*), count(*) FILTER (WHERE added.flags <> '{}') INTO stored, flagged FROM added;
END $$;
COMMENT ON FUNCTION rct.log(text, text, jsonb, timestamptz, text, text, text, text, text) IS
    'stores the metrics of a user, and says how many and how many do not fit; a second call with the same event_id changes nothing and says so; NULL context, user or metrics are an error';

CREATE FUNCTION rct._log_batch_check(events jsonb) RETURNS void LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    problem record;
BEGIN
    IF jsonb_typeof(events) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'events must be a JSON array, got %', coalesce(left(events::text, 60), 'NULL')
            USING ERRCODE = CASE WHEN events IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
                  DETAIL = 'Each element is an event, an object with the arguments of rct.log.',
                  HINT = 'Write [{"context": "mathia", "user_id": "s-17", "metrics": {"score": 12}}].';
    END IF;
    PERFORM rct._json('events'::text, events), rct._within('events of a call'::text, 'events'::text, jsonb_array_length(events)::bigint);
    SELECT format('events[%s]', e.n - 1) || coalesce('.' || f.key, '') AS path, f.message, e.event INTO problem
    FROM jsonb_array_elements(events) WITH ORDINALITY AS e (event, n)
    CROSS JOIN LATERAL (
        SELECT NULL AS key, 'must be an object' AS message WHERE jsonb_typeof(e.event) <> 'object'
        UNION ALL
        SELECT k.key, 'unknown field'
        FROM jsonb_object_keys(CASE jsonb_typeof(e.event) WHEN 'object' THEN e.event ELSE '{}' END) AS k (key)
        WHERE k.key NOT IN ('context', 'user_id', 'metrics', 'at', 'event_id', 'class', 'key', 'uniquifier', 'model_version')
        UNION ALL
        SELECT 'metrics', 'must be an object' WHERE jsonb_typeof(e.event -> 'metrics') IS DISTINCT FROM 'object'
        UNION ALL
        SELECT t.key, t.message
        FROM (SELECT k.key, CASE
                  WHEN e.event -> k.key IS NULL OR jsonb_typeof(e.event -> k.key) = 'null'
                      THEN CASE WHEN k.key IN ('context', 'user_id') THEN 'must be given' END
                  WHEN jsonb_typeof(e.event -> k.key) <> 'string' THEN 'must be a text'
                  WHEN btrim(e.event ->> k.key, E' \t\r\n') = '' THEN 'must not be empty'
                  WHEN octet_length(e.event ->> k.key) > 512 THEN 'must have at most 512 bytes'
                  WHEN k.key = 'at' AND NOT isfinite((e.event ->> k.key)::timestamptz) THEN 'must be finite'
              END AS message
              FROM unnest(ARRAY['context', 'user_id', 'at', 'event_id', 'class', 'key', 'uniquifier', 'model_version']) AS k (key)) AS t
        WHERE t.message IS NOT NULL
    ) AS f
    ORDER BY e.n, f.key NULLS FIRST LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%: %', problem.path, problem.message
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('The event is %s.', left(problem.event::text, 200)),
                  HINT = 'An event has context, user_id and metrics, and may have at, event_id, class, key, uniquifier and model_version. No event was stored.';
    END IF;
END $$;
COMMENT ON FUNCTION rct._log_batch_check(jsonb) IS 'raises the first thing that is wrong with a batch of events';

CREATE FUNCTION rct.log_batch(
    events jsonb, OUT accepted integer, OUT duplicate integer, OUT stored integer, OUT flagged integer
)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM rct._log_batch_check(log_batch.events);
    WITH event AS MATERIALIZED (
        SELECT e.*, row_number() OVER (PARTITION BY e.context, e.event_id, e.user_id ORDER BY e.n) AS occurrence
        FROM (
            SELECT j.n, lower(j.event ->> 'context') AS context, coalesce(a.user_id, j.event ->> 'user_id') AS user_id,
                   j.event -> 'metrics' AS metrics, (j.event ->> 'at')::timestamptz AS at, j.event ->> 'event_id' AS event_id,
                   j.event ->> 'class' AS class, j.event ->> 'key' AS key, j.event ->> 'uniquifier' AS uniquifier,
                   j.event ->> 'model_version' AS model_version
            FROM jsonb_array_elements(log_batch.events) WITH ORDINALITY AS j (event, n)
            LEFT JOIN rct.alias AS a ON a.alias = j.event ->> 'user_id'
        ) AS e
    ), fresh AS (
        -- In order, so that two batches with the same events wait for each other instead of deadlocking.
        INSERT INTO rct.log_event AS l (context, event_id, user_id)
        SELECT e.context, e.event_id, e.user_id FROM event AS e WHERE e.event_id IS NOT NULL AND e.occurrence = 1
        ORDER BY e.context, e.event_id, e.user_id
        ON CONFLICT DO NOTHING
        RETURNING l.context, l.event_id, l.user_id
    ), chosen AS MATERIALIZED (
        -- Under the OR the planner can only look the pairs up in a hash table: it takes a batch for 100 events and would else
        -- compare all with all.
        SELECT e.* FROM event AS e
        WHERE e.event_id IS NULL
              OR e.occurrence = 1 AND (e.context, e.event_id, e.user_id) IN (SELECT f.context, f.event_id, f.user_id FROM fresh AS f)
    ), added AS (
        INSERT INTO rct.measurement AS m (context, user_id, metric, class, key, uniquifier, number, text_value, flags, model_version,
                                          event_id, client_at)
        SELECT e.context, e.user_id, f.metric, e.class, e.key, e.uniquifier, f.number, f.text_value,
               CASE WHEN e.at > clock_timestamp() + interval '5 minutes' THEN f.flags || 'clock_skew'::text ELSE f.flags END,
               e.model_version, e.event_id, e.at
        FROM chosen AS e
        CROSS JOIN LATERAL rct._metric_flatten(
            e.metrics::text,
            coalesce((SELECT jsonb_object_agg(d.name, d.definition) FROM rct.metric AS d
                      WHERE d.context = e.context AND d.name IN (SELECT jsonb_object_keys(e.metrics))), '{}')::text) AS f
        ORDER BY e.n, f.metric
        RETURNING m.flags
    )
    SELECT (SELECT count(*) FROM chosen), (SELECT count(*) FROM event) - (SELECT count(*) FROM chosen), count(*),
           count(*) FILTER (WHERE added.flags <> '{}')
    INTO accepted, duplicate, stored, flagged FROM added;
END $$;
COMMENT ON FUNCTION rct.log_batch(jsonb) IS
    'stores a JSON array of events, objects with the arguments of rct.log, in one statement: all or, if one is wrong, none; NULL is an error';

-- The experiment, the declaration of the metric and the question with its defaults, or the error.
CREATE FUNCTION rct._metric_question(
    experiment text, metric text, operation text, reduction text, compare text, value text,
    OUT id bigint, OUT context text, OUT spec jsonb, OUT operation_word text, OUT method text, OUT source text, OUT categorical boolean,
    OUT compare_word text, OUT number double precision, OUT allowed text[]
)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    definition jsonb;
BEGIN
    PERFORM rct._identifier('experiment'::text, _metric_question.experiment), rct._identifier('metric'::text, _metric_question.metric);
    SELECT x.id, x.context, x.spec INTO id, context, spec FROM rct.experiment AS x WHERE x.key = _metric_question.experiment;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'experiment "%" does not exist', _metric_question.experiment
            USING ERRCODE = 'undefined_object',
                  DETAIL = 'No experiment has this key.',
                  HINT = 'Keys are case-sensitive; rct.create_experiment returns the key.';
    END IF;
    SELECT m.definition INTO definition FROM rct.metric AS m
    WHERE m.context = _metric_question.context AND m.name = _metric_question.metric;
    IF NOT FOUND AND NOT EXISTS (SELECT FROM rct.measurement AS m
                                 WHERE m.context = _metric_question.context AND m.metric = _metric_question.metric) THEN
        RAISE EXCEPTION 'metric "%" of context "%" is not known', _metric_question.metric, _metric_question.context
            USING ERRCODE = 'undefined_object',
                  DETAIL = 'It is not declared, and no value of it was logged.',
                  HINT = coalesce((SELECT 'Declared are ' || string_agg(format('"%s"', m.name), ', ' ORDER BY m.name) || '.'
                                   FROM rct.metric AS m WHERE m.context = _metric_question.context),
                                  'Declare it with rct.declare_metric.');
    END IF;
    SELECT q.operation_word, q.method, q.source, q.categorical, q.compare_word, q.number, q.allowed
    INTO operation_word, method, source, categorical, compare_word, number, allowed
    FROM rct._metric_query(definition::text, _metric_question.operation, _metric_question.reduction, _metric_question.compare,
                          _metric_question.value) AS q;
END $$;
COMMENT ON FUNCTION rct._metric_question(text, text, text, text, text, text) IS 'what has to be known to answer a question about a metric';

CREATE FUNCTION rct.metric_values(
    experiment text, metric text, reduction text DEFAULT NULL, compare text DEFAULT NULL, value text DEFAULT NULL,
    class text DEFAULT NULL, key text DEFAULT NULL
)
RETURNS TABLE (user_id text, group_id text, condition text, outcome double precision, outcome_text text)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10000 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    q record;
    within boolean;
BEGIN
    q := rct._metric_question(metric_values.experiment, metric_values.metric, NULL::text, metric_values.reduction, metric_values.compare,
                              metric_values.value);
    within := q.spec ->> 'unit' = 'within_subjects';
    RETURN QUERY
    WITH enrolled AS (
        -- The first enrollment counts, also after a change of group.
        SELECT DISTINCT ON (e.unit_id) e.unit_id AS user_id, e.group_id, e.condition, e.started_at
        FROM rct.enrollment AS e
        WHERE e.experiment_id = q.id AND e.unit_type = 'user'
              AND NOT EXISTS (SELECT FROM rct.preview_user AS p WHERE p.user_id = e.unit_id)
        ORDER BY e.unit_id, e.started_at, e.condition COLLATE "C"
    ), repeated AS (
        SELECT DISTINCT ON (r.user_id, r.uniquifier) r.user_id, r.uniquifier, r.condition
        FROM rct.repetition AS r
        WHERE within AND r.experiment_id = q.id
        ORDER BY r.user_id, r.uniquifier, r.at, r.ordinal, r.site COLLATE "C", r.target COLLATE "C"
    ), participant AS (
        SELECT e.user_id, e.group_id, e.condition FROM enrolled AS e WHERE NOT within
        UNION ALL
        SELECT DISTINCT e.user_id, e.group_id, r.condition
        FROM enrolled AS e JOIN rct.repetition AS r ON r.experiment_id = q.id AND r.user_id = e.user_id WHERE within
    ), measured AS (
        SELECT m.id, m.user_id, e.condition, coalesce(m.client_at, m.server_at) AS at, m.class, m.key, m.uniquifier, m.number,
               CASE WHEN q.categorical THEN coalesce(m.text_value, m.number::text) END AS word
        FROM enrolled AS e
        JOIN rct.measurement AS m ON m.context = q.context AND m.metric = metric_values.metric AND m.user_id = e.user_id
        WHERE coalesce(m.client_at, m.server_at) >= e.started_at
              AND (metric_values.class IS NULL OR m.class = metric_values.class)
              AND (metric_values.key IS NULL OR m.key = metric_values.key)
              AND CASE WHEN NOT q.categorical THEN m.number IS NOT NULL
                       WHEN q.allowed IS NULL THEN coalesce(m.text_value, m.number::text) IS NOT NULL AND NOT 'not_a_scalar' = ANY (m.flags)
                       ELSE coalesce(m.text_value, m.number::text) = ANY (q.allowed) END
    ), latest AS (
        -- A repetition with a name has one value, the latest; one without is told from others by its time.
        -- (Any collation tells them apart; this one is fast.)
        SELECT DISTINCT ON (m.user_id COLLATE "C", m.class COLLATE "C", m.key COLLATE "C", m.uniquifier COLLATE "C",
                            CASE WHEN m.uniquifier IS NULL THEN m.at END) m.*
        FROM measured AS m
        ORDER BY m.user_id COLLATE "C", m.class COLLATE "C", m.key COLLATE "C", m.uniquifier COLLATE "C",
                 CASE WHEN m.uniquifier IS NULL THEN m.at END, m.at DESC, m.id DESC
    ), linked AS (
        SELECT l.user_id, l.condition, l.id, l.at, l.number, l.word FROM latest AS l WHERE NOT within
        UNION ALL
        SELECT l.user_id, r.condition, l.id, l.at, l.number, l.word
        FROM latest AS l JOIN repeated AS r ON r.user_id = l.user_id AND r.uniquifier = l.uniquifier WHERE within
    ), input AS (
        SELECT l.user_id, l.condition, l.id, l.at, CASE WHEN q.source = 'text' THEN l.word END AS word,
               CASE q.source
                   WHEN 'number' THEN l.number
                   WHEN 'occurrence' THEN 1
                   WHEN 'share' THEN
                       CASE WHEN (CASE WHEN q.categorical THEN l.word = metric_values.value ELSE l.number = q.number END)
                                 = (q.compare_word = '=') THEN 100 ELSE 0 END
               END::double precision AS number
        FROM linked AS l
    ), reduced AS (
        SELECT i.user_id, i.condition,
               CASE q.method
                   WHEN 'first' THEN rct.first(i.number, i.at, i.id) FILTER (WHERE q.method = 'first')
                   WHEN 'last' THEN rct.last(i.number, i.at, i.id) FILTER (WHERE q.method = 'last')
                   ELSE rct.reduce(i.number, q.method) FILTER (WHERE q.method NOT IN ('first', 'last'))
               END AS number,
               CASE q.method
                   WHEN 'first' THEN rct.first(i.word, i.at, i.id) FILTER (WHERE q.method = 'first')
                   WHEN 'last' THEN rct.last(i.word, i.at, i.id) FILTER (WHERE q.method = 'last')
                   WHEN 'mode' THEN rct.reduce(i.word, q.method) FILTER (WHERE q.method = 'mode')
               END AS word
        FROM input AS i GROUP BY i.user_id, i.condition
    )
    SELECT p.user_id, p.group_id, p.condition,
           CASE WHEN q.source <> 'text' THEN r.number
                WHEN q.compare_word IS NOT NULL THEN ((r.word = metric_values.value) = (q.compare_word = '='))::integer::double precision END,
           r.word
    FROM participant AS p LEFT JOIN reduced AS r ON r.user_id = p.user_id AND r.condition = p.condition
    ORDER BY p.user_id COLLATE "C", p.condition COLLATE "C";
END $$;
COMMENT ON FUNCTION rct.metric_values(text, text, text, text, text, text, text) IS
    'one row per participant of an experiment (within subjects: and condition) with the reduced value of a metric, NULL if there is none; the rows that rct.sketch takes; NULL experiment or metric are an error';

CREATE FUNCTION rct.metric_results(
    experiment text, metric text, operation text, reduction text DEFAULT NULL, compare text DEFAULT NULL, value text DEFAULT NULL,
    class text DEFAULT NULL, key text DEFAULT NULL, "by" text DEFAULT 'condition'
)
RETURNS TABLE (condition text, result double precision, n bigint, participants bigint)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    q record;
    numbers boolean;
    aggregate text;
BEGIN
    PERFORM rct._identifier('operation'::text, metric_results.operation), rct._identifier('by'::text, metric_results."by");
    q := rct._metric_question(metric_results.experiment, metric_results.metric, metric_results.operation, metric_results.reduction,
                              metric_results.compare, metric_results.value);
    IF metric_results."by" <> 'condition' THEN
        IF q.spec ->> 'unit' = 'within_subjects' THEN
            RAISE EXCEPTION 'results of a within-subjects experiment are by condition only, got "%"', metric_results."by"
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = 'A user has several conditions with the same level, and would count more than once.',
                      HINT = 'Leave by out.';
        ELSIF NOT EXISTS (SELECT FROM jsonb_array_elements(q.spec -> 'conditions') AS c (condition)
                          WHERE c.condition -> 'levels' ? metric_results."by") THEN
            RAISE EXCEPTION 'by must be "condition" or a factor of the experiment, got "%"', metric_results."by"
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = coalesce((SELECT 'It has the factors ' || string_agg(DISTINCT format('"%s"', f.name), ', ') || '.'
                                         FROM jsonb_array_elements(q.spec -> 'conditions') AS c (condition),
                                              jsonb_object_keys(CASE jsonb_typeof(c.condition -> 'levels') WHEN 'object'
                                                                    THEN c.condition -> 'levels' ELSE '{}' END) AS f (name)),
                                        'It has no factors.'),
                      HINT = 'Leave by out to have a row per condition.';
        END IF;
    END IF;
    -- Numbers of users are compared here, words and values within a user where they are reduced.
    numbers := q.number IS NOT NULL AND q.source <> 'share';
    aggregate := CASE q.operation_word WHEN 'avg' THEN 'mean' WHEN 'count_equal' THEN 'count' WHEN 'percentage' THEN 'count'
                     ELSE q.operation_word END;
    RETURN QUERY
    WITH label AS (
        SELECT c.condition ->> 'code' AS condition, c.n,
               CASE metric_results."by" WHEN 'condition' THEN c.condition ->> 'code'
                   ELSE c.condition -> 'levels' ->> metric_results."by" END AS label
        FROM jsonb_array_elements(q.spec -> 'conditions') WITH ORDINALITY AS c (condition, n)
    ), counted AS (
        SELECT l.label, min(l.n) AS place, count(v.user_id) AS participants,
               count(*) FILTER (WHERE v.outcome IS NOT NULL OR v.outcome_text IS NOT NULL) AS n,
               count(*) FILTER (WHERE CASE WHEN numbers THEN (v.outcome = q.number) = (q.compare_word = '=') ELSE v.outcome = 1 END) AS hits,
               rct.reduce(v.outcome, aggregate) AS result
        FROM label AS l
        LEFT JOIN rct.metric_values(
            metric_results.experiment, metric_results.metric, metric_results.reduction,
            CASE WHEN NOT numbers THEN metric_results.compare END, CASE WHEN NOT numbers THEN metric_results.value END,
            metric_results.class, metric_results.key) AS v ON v.condition = l.condition
        WHERE l.label IS NOT NULL
        GROUP BY l.label
    )
    SELECT c.label,
           CASE WHEN c.n = 0 THEN NULL
                WHEN q.operation_word = 'count' THEN c.n
                WHEN q.operation_word = 'count_equal' THEN c.hits
                WHEN q.operation_word = 'percentage' THEN 100.0 * c.hits / c.n
                ELSE c.result END::double precision,
           c.n, c.participants
    FROM counted AS c ORDER BY c.place;
END $$;
COMMENT ON FUNCTION rct.metric_results(text, text, text, text, text, text, text, text, text) IS
    'a metric per condition of an experiment, in the order of the design: one value per user, then sum, avg, percentage, ...; NULL result and n = 0 where nobody has a value; NULL experiment, metric or operation are an error';
