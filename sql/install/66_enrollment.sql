-- What happened to users and groups: visits, exposures, enrollments, exclusions.

CREATE TABLE rct.visit (
    user_id text NOT NULL,
    context text NOT NULL,
    site text NOT NULL,
    target text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    preview boolean NOT NULL,
    PRIMARY KEY (user_id, context, site, target)
) WITH (fillfactor = 90);
CREATE INDEX visit_point ON rct.visit (context, site, target);
COMMENT ON TABLE rct.visit IS 'who reached which decision point, first and last; a decision point without target has the empty one';
COMMENT ON COLUMN rct.visit.preview IS 'only ever reached as a preview user';

CREATE SEQUENCE rct.exposure_id_seq;
CREATE TABLE rct.exposure (
    id bigint PRIMARY KEY DEFAULT rct._next_id('exposure'::pg_catalog.text),
    event_id text,
    context text NOT NULL,
    user_id text NOT NULL,
    site text NOT NULL,
    target text NOT NULL,
    status text NOT NULL CHECK (status IN ('condition applied', 'condition not applied', 'no condition assigned')),
    reported_condition text,
    experiment_id bigint,
    condition text,
    hash_version integer,
    reason text NOT NULL,
    mismatch boolean NOT NULL,
    uniquifier text,
    client_at timestamptz,
    server_at timestamptz NOT NULL,
    preview boolean NOT NULL
);
-- Applications number their events on their own.
CREATE UNIQUE INDEX exposure_event ON rct.exposure (context, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX exposure_user ON rct.exposure (user_id);
COMMENT ON TABLE rct.exposure IS 'each mark: what a user saw where and when, and what the database says they should have seen; append-only';
COMMENT ON COLUMN rct.exposure.reported_condition IS 'what the application says it delivered';
COMMENT ON COLUMN rct.exposure.condition IS 'what the database says; NULL: the default';
COMMENT ON COLUMN rct.exposure.mismatch IS 'whether the two differ';

CREATE TABLE rct.enrollment (
    experiment_id bigint NOT NULL,
    unit_type text NOT NULL,
    unit_id text NOT NULL,
    condition text,
    code text NOT NULL CHECK (code IN ('ALGORITHMIC', 'GROUP_LOGIC')),
    group_id text,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    end_reason text,
    PRIMARY KEY (unit_type, unit_id, experiment_id, ended_at)
);
CREATE INDEX enrollment_experiment ON rct.enrollment (experiment_id, unit_type, group_id);
COMMENT ON TABLE rct.enrollment IS 'who takes part in which experiment under which condition, users (unit_type user) and groups (unit_type is the type of group); written once, closed, never deleted';
COMMENT ON COLUMN rct.enrollment.condition IS 'NULL within subjects';
COMMENT ON COLUMN rct.enrollment.code IS 'ALGORITHMIC: drawn; GROUP_LOGIC: taken over from the group';
COMMENT ON COLUMN rct.enrollment.group_id IS 'working group of the user at enrollment';

CREATE TABLE rct.exclusion (
    experiment_id bigint NOT NULL,
    unit_type text NOT NULL,
    unit_id text NOT NULL,
    code text NOT NULL,
    group_id text,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    end_reason text,
    PRIMARY KEY (unit_type, unit_id, experiment_id, ended_at)
);
CREATE INDEX exclusion_experiment ON rct.exclusion (experiment_id, unit_type, group_id);
COMMENT ON TABLE rct.exclusion IS 'who is excluded from which experiment and why; the first reason stays; closed, never deleted';

CREATE TABLE rct.repetition (
    experiment_id bigint NOT NULL,
    user_id text NOT NULL,
    site text NOT NULL,
    target text NOT NULL,
    ordinal bigint NOT NULL,
    condition text,
    uniquifier text,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (user_id, experiment_id, site, target, ordinal)
);
COMMENT ON TABLE rct.repetition IS 'the conditions of a within-subjects experiment that a user had at a decision point, in order';

CREATE TABLE rct.enrollment_count (
    experiment_id bigint PRIMARY KEY,
    users bigint NOT NULL DEFAULT 0,
    groups bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
COMMENT ON TABLE rct.enrollment_count IS 'for experiments that end by a number: users enrolled so far, and groups that have their number of users';

CREATE TABLE rct.preview_user (
    user_id text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (user_id, ended_at)
);
COMMENT ON TABLE rct.preview_user IS 'users who see experiments in preview and enter no analysis';

CREATE TABLE rct.preview_condition (
    user_id text NOT NULL,
    experiment_id bigint NOT NULL,
    condition text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (user_id, experiment_id, ended_at)
);
COMMENT ON TABLE rct.preview_condition IS 'conditions forced for preview users';

CREATE SEQUENCE rct.run_id_seq;
CREATE TABLE rct.run (
    id bigint PRIMARY KEY DEFAULT rct._next_id('run'::pg_catalog.text),
    experiment_id bigint NOT NULL,
    seed text NOT NULL,
    algorithm text NOT NULL,
    hash_version integer NOT NULL,
    extension_version text NOT NULL,
    unit_type text NOT NULL,
    conditions text[] NOT NULL,
    weights double precision[] NOT NULL,
    units bigint NOT NULL,
    input_digest uuid NOT NULL,
    output_digest uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    by text NOT NULL DEFAULT session_user
);
CREATE INDEX run_experiment ON rct.run (experiment_id);
COMMENT ON TABLE rct.run IS 'randomizations of rosters: all that is needed to repeat them, and digests that prove it; append-only';

CREATE TABLE rct.allocation (
    run_id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    unit_type text NOT NULL,
    unit_id text NOT NULL,
    stratum text NOT NULL,
    stratum_given text,
    block bigint NOT NULL,
    slot bigint NOT NULL,
    condition text NOT NULL,
    late boolean NOT NULL DEFAULT false,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (unit_type, unit_id, experiment_id, ended_at)
);
CREATE UNIQUE INDEX allocation_slot ON rct.allocation (run_id, stratum, slot);
CREATE INDEX allocation_experiment ON rct.allocation (experiment_id);
COMMENT ON TABLE rct.allocation IS 'the condition that a randomization gave each unit; a new run closes the rows of the old';
COMMENT ON COLUMN rct.allocation.stratum_given IS 'stratum as it was given; NULL became unknown';
COMMENT ON COLUMN rct.allocation.late IS 'placed after the run, in the next slot of its stratum';

SELECT pg_catalog.pg_extension_config_dump('rct.visit', '');
SELECT pg_catalog.pg_extension_config_dump('rct.exposure', '');
SELECT pg_catalog.pg_extension_config_dump('rct.exposure_id_seq', '');
ALTER SEQUENCE rct.exposure_id_seq OWNED BY rct.exposure.id;
COMMENT ON SEQUENCE rct.exposure_id_seq IS 'numbers of rct.exposure';
SELECT pg_catalog.pg_extension_config_dump('rct.enrollment', '');
SELECT pg_catalog.pg_extension_config_dump('rct.exclusion', '');
SELECT pg_catalog.pg_extension_config_dump('rct.repetition', '');
SELECT pg_catalog.pg_extension_config_dump('rct.enrollment_count', '');
SELECT pg_catalog.pg_extension_config_dump('rct.preview_user', '');
SELECT pg_catalog.pg_extension_config_dump('rct.preview_condition', '');
SELECT pg_catalog.pg_extension_config_dump('rct.run', '');
SELECT pg_catalog.pg_extension_config_dump('rct.run_id_seq', '');
ALTER SEQUENCE rct.run_id_seq OWNED BY rct.run.id;
COMMENT ON SEQUENCE rct.run_id_seq IS 'numbers of rct.run';
SELECT pg_catalog.pg_extension_config_dump('rct.allocation', '');

DO $$
DECLARE
    name pg_catalog.text;
BEGIN
    FOREACH name IN ARRAY '{visit,enrollment,exclusion,enrollment_count,preview_user,preview_condition,allocation}'::pg_catalog.text[] LOOP
        EXECUTE pg_catalog.format('CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.%I FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only()', name);
    END LOOP;
    FOREACH name IN ARRAY '{exposure,repetition,run}'::pg_catalog.text[] LOOP
        EXECUTE pg_catalog.format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rct.%I FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only()', name);
    END LOOP;
END
$$;

-- History closes a row and says why; the row itself stays as it was written.
CREATE FUNCTION rct._close_only() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.ended_at <> 'infinity' OR to_jsonb(NEW) - '{ended_at,end_reason}'::text[] <> to_jsonb(OLD) - '{ended_at,end_reason}'::text[] THEN
        RAISE EXCEPTION 'a row of table rct.% can only be closed', tg_table_name USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Its other columns are a record of what happened.', HINT = 'Set ended_at of the open row and add a new row.';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION rct._close_only() IS 'internal: refuses changes of a record other than closing it';
DO $$
DECLARE
    name pg_catalog.text;
BEGIN
    FOREACH name IN ARRAY '{enrollment,exclusion,preview_user,preview_condition,allocation,segment_member,segment_edge}'::pg_catalog.text[] LOOP
        EXECUTE pg_catalog.format('CREATE TRIGGER close_only BEFORE UPDATE ON rct.%I FOR EACH ROW EXECUTE FUNCTION rct._close_only()', name);
    END LOOP;
END
$$;

CREATE FUNCTION rct._counted(e rct.experiment) RETURNS TABLE (users bigint, groups bigint)
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp ROWS 1 AS $$
    SELECT (SELECT count(DISTINCT n.unit_id) FROM rct.enrollment n WHERE n.experiment_id = e.id AND n.unit_type = 'user'),
        (SELECT count(*) FROM (
            SELECT FROM rct.enrollment n WHERE n.experiment_id = e.id AND n.unit_type = 'user' AND n.group_id IS NOT NULL
            GROUP BY n.group_id HAVING count(DISTINCT n.unit_id) >= coalesce((e.spec #>> '{ending,users_per_group}')::bigint, 1)) g)
$$;
COMMENT ON FUNCTION rct._counted(rct.experiment) IS 'internal: users that an experiment has enrolled, and groups that have their number of users';

-- Counted anew whenever the design or the status changes; in between marks keep it.
CREATE FUNCTION rct._count_enrollment(experiment_id bigint) RETURNS void
    LANGUAGE sql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO rct.enrollment_count AS c (experiment_id, users, groups)
    SELECT e.id, n.users, n.groups
    FROM rct.experiment e, LATERAL rct._counted(e) n
    WHERE e.id = $1 AND (e.spec #>> '{ending,users}' IS NOT NULL OR e.spec #>> '{ending,groups}' IS NOT NULL)
    ON CONFLICT (experiment_id) DO UPDATE SET users = excluded.users, groups = excluded.groups
$$;
COMMENT ON FUNCTION rct._count_enrollment(bigint) IS 'internal: counts what ends an experiment';

CREATE FUNCTION rct.set_preview_user(user_id text, conditions jsonb DEFAULT '{}') RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text;
    forced record;
    e rct.experiment;
BEGIN
    PERFORM rct._json('conditions'::text, conditions);
    IF jsonb_typeof(conditions) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'conditions of preview user "%" must be an object', user_id USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: {"hints-2026": "treatment"}; {} forces nothing.';
    END IF;
    who := rct._lock_user(user_id);
    INSERT INTO rct.preview_user (user_id) VALUES (who) ON CONFLICT DO NOTHING;
    UPDATE rct.preview_condition c SET ended_at = clock_timestamp() WHERE c.user_id = who AND c.ended_at = 'infinity';
    FOR forced IN SELECT f.key, f.value FROM jsonb_each_text(conditions) f LOOP
        e := rct._experiment(forced.key);
        IF NOT EXISTS (SELECT FROM jsonb_array_elements(e.spec -> 'conditions') c WHERE c ->> 'code' = forced.value) THEN
            RAISE EXCEPTION 'condition "%" is not one of experiment "%"', coalesce(forced.value, 'NULL'), e.key USING
                ERRCODE = 'invalid_parameter_value', DETAIL = 'Its conditions are '
                    || (SELECT string_agg(c ->> 'code', ', ') FROM jsonb_array_elements(e.spec -> 'conditions') c) || '.',
                HINT = 'Use one of its codes.';
        END IF;
        INSERT INTO rct.preview_condition (user_id, experiment_id, condition) VALUES (who, e.id, forced.value);
    END LOOP;
END
$$;
COMMENT ON FUNCTION rct.set_preview_user(text, jsonb) IS
    'makes a user see experiments in preview, with forced conditions by experiment; replaces earlier ones';

CREATE FUNCTION rct.remove_preview_user(user_id text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text := rct._user(user_id);
BEGIN
    UPDATE rct.preview_condition c SET ended_at = clock_timestamp() WHERE c.user_id = who AND c.ended_at = 'infinity';
    UPDATE rct.preview_user p SET ended_at = clock_timestamp() WHERE p.user_id = who AND p.ended_at = 'infinity';
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION rct.remove_preview_user(text) IS 'makes a preview user an ordinary one; true if it was one';
