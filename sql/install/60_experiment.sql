-- Experiments: their definitions, versions and statuses, and the compiled plan of each context.
--
-- The definition is one JSON document, checked and completed by the core; every version of it is kept. An end time of
-- 'infinity' marks what is in force, here and in all tables that keep a history.

CREATE TABLE rct.context (
    name text PRIMARY KEY CHECK (name OPERATOR(pg_catalog.=) pg_catalog.lower(name) AND name OPERATOR(pg_catalog.<>) ''),
    digest uuid,
    plan bytea,
    registered boolean NOT NULL DEFAULT false,
    built text,
    CHECK ((plan IS NULL) OPERATOR(pg_catalog.=) (digest IS NULL))
);
-- Compressed once, and read only when a backend does not have the plan yet: kept out of the row.
ALTER TABLE rct.context ALTER COLUMN plan SET STORAGE EXTERNAL;
COMMENT ON TABLE rct.context IS 'applications that ask for conditions, each with the compiled plan of its experiments';
COMMENT ON COLUMN rct.context.name IS 'name, in lower case';
COMMENT ON COLUMN rct.context.digest IS 'digest of the plan, by which sessions remember it';
COMMENT ON COLUMN rct.context.registered IS 'whether memberships are read from a registered roster';
COMMENT ON COLUMN rct.context.built IS 'row of rct.unit that stands for all units being in that table; where there is no such row, records are read instead';
COMMENT ON COLUMN rct.context.plan IS 'the experiments of the context, compiled; derived from the other tables';

CREATE SEQUENCE rct.segment_id_seq;
CREATE TABLE rct.segment (
    id bigint PRIMARY KEY DEFAULT rct._next_id('segment'::pg_catalog.text),
    key text UNIQUE CHECK (key OPERATOR(pg_catalog.<>) ''),
    kind text NOT NULL DEFAULT 'public' CHECK (kind IN ('public', 'list', 'global_exclusion')),
    context text,
    description text NOT NULL DEFAULT '',
    CHECK ((key IS NULL) OPERATOR(pg_catalog.=) (kind OPERATOR(pg_catalog.=) 'list'))
);
COMMENT ON TABLE rct.segment IS 'named sets of users, groups and other segments; also the include and exclude list of each experiment';
COMMENT ON COLUMN rct.segment.key IS 'name; a list of an experiment has none';
COMMENT ON COLUMN rct.segment.kind IS 'public: to be used in lists; list: of one experiment; global_exclusion: its members take part in nothing';
COMMENT ON COLUMN rct.segment.context IS 'where a global exclusion holds; NULL: everywhere';

CREATE SEQUENCE rct.experiment_id_seq;
CREATE TABLE rct.experiment (
    id bigint PRIMARY KEY DEFAULT rct._next_id('experiment'::pg_catalog.text),
    key text NOT NULL UNIQUE,
    context text NOT NULL,
    status text NOT NULL DEFAULT 'inactive' CHECK (status IN
        ('inactive', 'preview', 'scheduled', 'enrolling', 'enrollment_complete', 'cancelled', 'archived')),
    status_reason text,
    version integer NOT NULL DEFAULT 1,
    spec jsonb NOT NULL,
    include_id bigint NOT NULL,
    exclude_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    created_by text NOT NULL DEFAULT session_user
);
CREATE INDEX experiment_context ON rct.experiment (context);
COMMENT ON TABLE rct.experiment IS 'experiments: definition and stored status';
COMMENT ON COLUMN rct.experiment.status IS 'as stored; rct.current_status says what it means now, by the clock';
COMMENT ON COLUMN rct.experiment.status_reason IS 'why the status was set';
COMMENT ON COLUMN rct.experiment.spec IS 'the definition without its lists; rct.experiment_spec gives all of it';
COMMENT ON COLUMN rct.experiment.include_id IS 'segment that is the include list';
COMMENT ON COLUMN rct.experiment.exclude_id IS 'segment that is the exclude list';

CREATE TABLE rct.experiment_version (
    experiment_id bigint NOT NULL,
    version integer NOT NULL,
    spec jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    by text NOT NULL DEFAULT session_user,
    PRIMARY KEY (experiment_id, version)
);
COMMENT ON TABLE rct.experiment_version IS 'every version of every definition, append-only';

CREATE SEQUENCE rct.status_log_id_seq;
CREATE TABLE rct.status_log (
    id bigint PRIMARY KEY DEFAULT rct._next_id('status_log'::pg_catalog.text),
    experiment_id bigint NOT NULL,
    from_status text,
    to_status text NOT NULL,
    reason text,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    by text NOT NULL DEFAULT session_user
);
CREATE INDEX status_log_experiment ON rct.status_log (experiment_id, at);
COMMENT ON TABLE rct.status_log IS 'every change of a status: who, when, why; append-only';

CREATE TABLE rct.segment_member (
    segment_id bigint NOT NULL,
    member_type text NOT NULL CHECK (pg_catalog.strpos(member_type, E'\x1f') OPERATOR(pg_catalog.=) 0),
    member_id text NOT NULL CHECK (member_id OPERATOR(pg_catalog.<>) ''),
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (member_type, member_id, segment_id, ended_at)
);
CREATE INDEX segment_member_segment ON rct.segment_member (segment_id);
COMMENT ON TABLE rct.segment_member IS 'users (member_type user) and groups (member_type is the type of group) of a segment; closed, never deleted';

CREATE TABLE rct.segment_edge (
    parent_id bigint NOT NULL,
    child_id bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (parent_id, child_id, ended_at)
);
COMMENT ON TABLE rct.segment_edge IS 'segments that are part of segments; closed, never deleted';

SELECT pg_catalog.pg_extension_config_dump('rct.context', '');
SELECT pg_catalog.pg_extension_config_dump('rct.segment', '');
SELECT pg_catalog.pg_extension_config_dump('rct.segment_id_seq', '');
ALTER SEQUENCE rct.segment_id_seq OWNED BY rct.segment.id;
COMMENT ON SEQUENCE rct.segment_id_seq IS 'numbers of rct.segment';
SELECT pg_catalog.pg_extension_config_dump('rct.experiment', '');
SELECT pg_catalog.pg_extension_config_dump('rct.experiment_id_seq', '');
ALTER SEQUENCE rct.experiment_id_seq OWNED BY rct.experiment.id;
COMMENT ON SEQUENCE rct.experiment_id_seq IS 'numbers of rct.experiment';
SELECT pg_catalog.pg_extension_config_dump('rct.experiment_version', '');
SELECT pg_catalog.pg_extension_config_dump('rct.status_log', '');
SELECT pg_catalog.pg_extension_config_dump('rct.status_log_id_seq', '');
ALTER SEQUENCE rct.status_log_id_seq OWNED BY rct.status_log.id;
COMMENT ON SEQUENCE rct.status_log_id_seq IS 'numbers of rct.status_log';
SELECT pg_catalog.pg_extension_config_dump('rct.segment_member', '');
SELECT pg_catalog.pg_extension_config_dump('rct.segment_edge', '');

-- Pure functions on definitions -------------------------------------------------------------------------------------

CREATE FUNCTION rct._experiment_normalize(spec text) RETURNS text
    AS 'MODULE_PATHNAME', 'experiment_normalize_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._experiment_normalize(text) IS 'internal: a definition, checked and completed, apart from its lists';

CREATE FUNCTION rct._experiment_patch(spec text, patch text) RETURNS text
    AS 'MODULE_PATHNAME', 'experiment_patch_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._experiment_patch(text, text) IS 'internal: a definition with a merge patch (RFC 7386) applied';

CREATE FUNCTION rct._experiment_check_change(old text, new text, status text) RETURNS void
    AS 'MODULE_PATHNAME', 'experiment_check_change_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._experiment_check_change(text, text, text) IS 'internal: refuses changes that the status does not allow';

CREATE FUNCTION rct._experiment_check_status(old text, new text) RETURNS void
    AS 'MODULE_PATHNAME', 'experiment_check_status_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._experiment_check_status(text, text) IS 'internal: refuses transitions that are not legal';

CREATE FUNCTION rct._experiment_rename(spec text, key text) RETURNS text
    AS 'MODULE_PATHNAME', 'experiment_rename_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._experiment_rename(text, text) IS 'internal: a definition under another key';

CREATE FUNCTION rct._experiment_preflight(spec text, status text) RETURNS SETOF rct.finding
    AS 'MODULE_PATHNAME', 'experiment_preflight_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION rct._experiment_preflight(text, text) IS 'internal: what in a definition keeps an experiment from a status';

CREATE FUNCTION rct._experiment_compile(input text) RETURNS bytea
    AS 'MODULE_PATHNAME', 'experiment_compile_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._experiment_compile(text) IS 'internal: the plan of a context';

CREATE FUNCTION rct._experiment_import_upgrade(document text) RETURNS text
    AS 'MODULE_PATHNAME', 'experiment_import_upgrade_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._experiment_import_upgrade(text) IS 'internal: a design exported by UpGrade as a definition, with warnings';

CREATE FUNCTION rct._experiment_schema() RETURNS text
    AS 'MODULE_PATHNAME', 'experiment_schema_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._experiment_schema() IS 'internal: the JSON Schema of definitions, as text';

CREATE FUNCTION rct._members_normalize(members text) RETURNS text
    AS 'MODULE_PATHNAME', 'members_normalize_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._members_normalize(text) IS 'internal: users, groups and segments of a list, checked and complete';

CREATE FUNCTION rct._member_rows(members jsonb) RETURNS TABLE (member_type text, member_id text)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    WITH m AS MATERIALIZED (SELECT rct._members_normalize($1::text)::jsonb AS doc)
    SELECT 'user', u FROM m, jsonb_array_elements_text(m.doc -> 'users') u
    UNION ALL
    SELECT g.key, i FROM m, jsonb_each(m.doc -> 'groups') g, jsonb_array_elements_text(g.value) i
    UNION ALL
    SELECT 'segment', s FROM m, jsonb_array_elements_text(m.doc -> 'segments') s
$$;
COMMENT ON FUNCTION rct._member_rows(jsonb) IS 'internal: users, groups and segments of a list as rows';

CREATE FUNCTION rct._segment_cycle(edges bigint[], parent bigint, child bigint) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'experiment_cycle_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._segment_cycle(bigint[], bigint, bigint) IS
    'internal: the circle that a new nesting of segments would close; NULL if none; edges are parent, child, parent, child, ...';

CREATE FUNCTION rct._effective_status(status text, starts_at timestamptz, ends_at timestamptz, at timestamptz) RETURNS text
    AS 'MODULE_PATHNAME', 'experiment_effective_status_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rct._effective_status(text, timestamptz, timestamptz, timestamptz) IS
    'internal: what a stored status means at a moment';

CREATE FUNCTION rct.experiment_schema() RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN rct._experiment_schema()::pg_catalog.jsonb;
COMMENT ON FUNCTION rct.experiment_schema() IS 'JSON Schema of the definition of an experiment';

-- Guards --------------------------------------------------------------------------------------------------------------

CREATE FUNCTION rct._append_only() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% on table rct.% is not allowed', lower(tg_op), tg_table_name USING
        ERRCODE = 'object_not_in_prerequisite_state',
        DETAIL = 'The table is a record of what happened; its rows are neither changed nor removed.',
        HINT = 'Add a row that corrects the record, through the functions of schema rct.';
END
$$;
COMMENT ON FUNCTION rct._append_only() IS 'internal: refuses changes of a record';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rct.experiment_version
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rct.status_log
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.experiment
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.context
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.segment
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.segment_member
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.segment_edge
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();

CREATE FUNCTION rct._status_of(e rct.experiment, at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN rct._effective_status(e.status, (e.spec OPERATOR(pg_catalog.#>>) '{schedule,starts_at}')::pg_catalog.timestamptz,
        (e.spec OPERATOR(pg_catalog.#>>) '{schedule,ends_at}')::pg_catalog.timestamptz, at);
COMMENT ON FUNCTION rct._status_of(rct.experiment, timestamptz) IS 'internal: what the status of an experiment means at a moment';

-- The last line of defence: also whoever writes to the table directly makes only legal transitions and changes.
CREATE FUNCTION rct._experiment_guard() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now_status text := rct._status_of(OLD, pg_catalog.clock_timestamp());
BEGIN
    IF NEW.id <> OLD.id OR NEW.key <> OLD.key OR NEW.context <> OLD.context
        OR NEW.include_id <> OLD.include_id OR NEW.exclude_id <> OLD.exclude_id
        OR NEW.key IS DISTINCT FROM NEW.spec ->> 'key' OR NEW.context IS DISTINCT FROM NEW.spec ->> 'context' THEN
        RAISE EXCEPTION 'experiment "%" keeps its key, context and lists', OLD.key USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Enrollments and records refer to them.',
            HINT = 'Clone the experiment under another key with rct.clone_experiment.';
    END IF;
    IF NEW.spec IS DISTINCT FROM OLD.spec THEN
        PERFORM rct._experiment_check_change(OLD.spec::text, NEW.spec::text, now_status);
        NEW.version := OLD.version + 1;
    END IF;
    IF NEW.status IS DISTINCT FROM OLD.status AND NEW.status IS DISTINCT FROM now_status THEN
        PERFORM rct._experiment_check_status(now_status, NEW.status);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION rct._experiment_guard() IS 'internal: refuses illegal transitions and changes of a frozen design';

CREATE TRIGGER guard BEFORE UPDATE ON rct.experiment
    FOR EACH ROW EXECUTE FUNCTION rct._experiment_guard();

CREATE FUNCTION rct._experiment_record() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := pg_catalog.clock_timestamp();
    now_status text := rct._status_of(OLD, moment);
BEGIN
    IF NEW.version <> OLD.version THEN
        INSERT INTO rct.experiment_version (experiment_id, version, spec, at)
            VALUES (NEW.id, NEW.version, NEW.spec, moment);
    END IF;
    IF NEW.status <> OLD.status THEN
        -- What the clock did comes first, with the time at which it did it.
        IF OLD.status = 'scheduled' AND now_status IN ('enrolling', 'enrollment_complete') THEN
            INSERT INTO rct.status_log (experiment_id, from_status, to_status, reason, at)
                VALUES (NEW.id, 'scheduled', 'enrolling', 'schedule', (OLD.spec #>> '{schedule,starts_at}')::timestamptz);
        END IF;
        IF now_status = 'enrollment_complete' AND OLD.status <> 'enrollment_complete' THEN
            INSERT INTO rct.status_log (experiment_id, from_status, to_status, reason, at)
                VALUES (NEW.id, 'enrolling', 'enrollment_complete', 'schedule', (OLD.spec #>> '{schedule,ends_at}')::timestamptz);
        END IF;
        IF NEW.status <> now_status THEN
            INSERT INTO rct.status_log (experiment_id, from_status, to_status, reason, at)
                VALUES (NEW.id, now_status, NEW.status, NEW.status_reason, moment);
        END IF;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rct._experiment_record() IS 'internal: writes the version and status records of a change';

CREATE TRIGGER record AFTER UPDATE ON rct.experiment
    FOR EACH ROW EXECUTE FUNCTION rct._experiment_record();
