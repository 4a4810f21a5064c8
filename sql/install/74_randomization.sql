-- Randomization of a roster before the start: the record that proves it, and slots for units that come late.

CREATE FUNCTION rct._randomize_digests(
    units text[], conditions text[], weights double precision[], strata text[], seed text, method text
) RETURNS TABLE (input_digest uuid, output_digest uuid)
    AS 'MODULE_PATHNAME', 'randomize_digests_wrapper' LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct._randomize_digests(text[], text[], double precision[], text[], text, text) IS
    'internal: digests of what a randomization is given and of what it gives';

CREATE FUNCTION rct._next_slot(
    conditions text[], weights double precision[], seed text, method text, stratum text, placed bigint, taken bigint
) RETURNS TABLE (block bigint, slot bigint, condition text)
    AS 'MODULE_PATHNAME', 'next_slot_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct._next_slot(text[], double precision[], text, text, text, bigint, bigint) IS
    'internal: the next slot of a stratum of which some are taken';

-- Units of a design are users, or the groups of its type.
CREATE FUNCTION rct._unit_type(e rct.experiment) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE e.spec OPERATOR(pg_catalog.->>) 'unit' WHEN 'group' THEN e.spec OPERATOR(pg_catalog.->>) 'group_type' ELSE 'user' END;
COMMENT ON FUNCTION rct._unit_type(rct.experiment) IS 'internal: the type of the units of an experiment';

CREATE FUNCTION rct.randomize_experiment(experiment text, seed text, units text[], strata text[] DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment := rct._experiment_for_update(experiment);
    method text := e.spec #>> '{assignment,algorithm}';
    codes text[] := ARRAY(SELECT c ->> 'code' FROM jsonb_array_elements(e.spec -> 'conditions') WITH ORDINALITY x (c, n) ORDER BY n);
    shares float8[] := ARRAY(SELECT (c ->> 'weight')::float8 FROM jsonb_array_elements(e.spec -> 'conditions') WITH ORDINALITY x (c, n) ORDER BY n);
    new_run bigint;
    twice text;
BEGIN
    IF method = 'hash' THEN
        RAISE EXCEPTION 'experiment "%" assigns by hash', e.key USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Its units get their condition at the first visit.',
            HINT = 'Set assignment.algorithm to blocks, complete or pairs to randomize a roster.';
    END IF;
    IF rct._status_of(e, clock_timestamp()) NOT IN ('inactive', 'preview', 'scheduled') THEN
        RAISE EXCEPTION 'experiment "%" is %', e.key, rct._status_of(e, clock_timestamp()) USING
            ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'A randomization is done before the start, and not repeated after it.',
            HINT = CASE WHEN e.status IN ('cancelled', 'archived') THEN 'Clone the experiment with rct.clone_experiment and randomize the clone.'
                ELSE 'Units that come late get their place with rct.place_late.' END;
    END IF;
    IF seed IS NULL OR units IS NULL THEN
        RAISE EXCEPTION '% of experiment "%" must not be NULL', CASE WHEN seed IS NULL THEN 'seed' ELSE 'units' END, e.key USING
            ERRCODE = 'null_value_not_allowed', HINT = 'Give a seed, and all units with their strata.';
    END IF;
    IF cardinality(units) = 0 THEN
        RAISE EXCEPTION 'units of experiment "%" must not be none', e.key USING
            ERRCODE = 'invalid_parameter_value', HINT = 'Give the ids of all units: of users, or of the groups of the design.';
    END IF;
    PERFORM rct._identifier('unit'::text, u) FROM unnest(units) u;
    PERFORM rct._identifier('stratum'::text, s) FROM unnest(strata) s WHERE s <> '';
    IF rct._unit_type(e) = 'user' THEN
        SELECT min(u) INTO twice FROM unnest(units) u GROUP BY rct._user(u) HAVING count(*) > 1 LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'unit "%" is given twice', twice USING ERRCODE = 'invalid_parameter_value',
                DETAIL = 'A unit has one condition, whichever of its ids is given.', HINT = 'Select each unit once, for example with DISTINCT.';
        END IF;
        units := ARRAY(SELECT rct._user(u) FROM unnest(units) WITH ORDINALITY x (u, n) ORDER BY n);
    END IF;
    UPDATE rct.allocation a SET ended_at = clock_timestamp() WHERE a.experiment_id = e.id AND a.ended_at = 'infinity';
    INSERT INTO rct.run (experiment_id, seed, algorithm, hash_version, extension_version, unit_type, conditions, weights,
            units, input_digest, output_digest)
        SELECT e.id, seed, method, (e.spec #>> '{assignment,hash_version}')::integer,
            (SELECT x.extversion FROM pg_extension x WHERE x.extname = 'pg_rct'), rct._unit_type(e), codes, shares,
            cardinality(units), d.input_digest, d.output_digest
        FROM rct._randomize_digests(units, codes, shares, strata, seed, method) d
        RETURNING id INTO new_run;
    INSERT INTO rct.allocation (run_id, experiment_id, unit_type, unit_id, stratum, stratum_given, block, slot, condition)
        SELECT new_run, e.id, rct._unit_type(e), r.unit, r.stratum, g.stratum, r.block, r.slot, r.condition
        FROM rct.randomize(units, codes, shares, strata, seed, method) r
        LEFT JOIN ROWS FROM (unnest(units), unnest(strata)) g (unit, stratum) ON g.unit = r.unit;
    RETURN new_run;
END
$$;
COMMENT ON FUNCTION rct.randomize_experiment(text, text, text[], text[]) IS
    'randomizes the units of an experiment before its start as its design says, and keeps the record; an earlier randomization is closed; returns the run';

CREATE FUNCTION rct.replay(run bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r rct.run;
    given record;
    again record;
    stored bigint;
BEGIN
    SELECT * INTO r FROM rct.run x WHERE x.id = run;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'run % does not exist', coalesce(run::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id FROM rct.run lists those that do.';
    END IF;
    SELECT coalesce(array_agg(a.unit_id ORDER BY a.unit_id COLLATE "C"), '{}') AS units,
        coalesce(array_agg(a.stratum_given ORDER BY a.unit_id COLLATE "C"), '{}') AS strata
        INTO given FROM rct.allocation a WHERE a.run_id = r.id AND NOT a.late;
    IF cardinality(given.units) <> r.units THEN
        RETURN false;
    END IF;
    SELECT * INTO again FROM rct._randomize_digests(given.units, r.conditions, r.weights, given.strata, r.seed, r.algorithm);
    SELECT count(*) INTO stored
        FROM rct.randomize(given.units, r.conditions, r.weights, given.strata, r.seed, r.algorithm) x
        JOIN rct.allocation a ON a.run_id = r.id AND NOT a.late AND a.unit_id = x.unit
            AND a.stratum = x.stratum AND a.block = x.block AND a.slot = x.slot AND a.condition = x.condition;
    RETURN again.input_digest = r.input_digest AND again.output_digest = r.output_digest AND stored = r.units;
END
$$;
COMMENT ON FUNCTION rct.replay(bigint) IS
    'repeats a randomization from its record: true if input, result and every stored row are the same';

CREATE FUNCTION rct._place(experiment_id bigint, unit_type text, unit_id text, stratum text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r rct.run;
    at_stratum text := coalesce(stratum, 'unknown');
    placed bigint;
    taken bigint;
    new_condition text;
BEGIN
    SELECT * INTO r FROM rct.run x WHERE x.experiment_id = $1 ORDER BY x.id DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    -- One after the other: each takes the next slot, and sees what the one before has taken.
    PERFORM rct._lock('run'::text, r.id::text, false);
    SELECT a.condition INTO new_condition FROM rct.allocation a
        WHERE a.experiment_id = $1 AND a.unit_type = $2 AND a.unit_id = $3 AND a.ended_at = 'infinity';
    IF FOUND THEN
        RETURN new_condition;
    END IF;
    SELECT count(*) FILTER (WHERE NOT a.late), count(*) INTO placed, taken
        FROM rct.allocation a WHERE a.run_id = r.id AND a.stratum = at_stratum;
    INSERT INTO rct.allocation (run_id, experiment_id, unit_type, unit_id, stratum, stratum_given, block, slot, condition, late)
        SELECT r.id, $1, $2, $3, at_stratum, $4, s.block, s.slot, s.condition, true
        FROM rct._next_slot(r.conditions, r.weights, r.seed, r.algorithm, at_stratum, placed, taken) s
        ON CONFLICT DO NOTHING -- only with a snapshot from before the one before: this fails with 40001 then
        RETURNING condition INTO new_condition;
    RETURN new_condition;
END
$$;
COMMENT ON FUNCTION rct._place(bigint, text, text, text) IS 'internal: gives a late unit the next slot of its stratum';

CREATE FUNCTION rct.place_late(experiment text, units text[], strata text[] DEFAULT NULL)
    RETURNS TABLE (unit text, condition text)
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    e rct.experiment := rct._experiment_for_update(experiment);
BEGIN
    IF e.spec #>> '{assignment,late}' <> 'next_slot' THEN
        RAISE EXCEPTION 'late units of experiment "%" are not placed', e.key USING
            ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Its design says %s.', e.spec #>> '{assignment,late}'),
            HINT = 'Only designs with assignment.late next_slot place late units.';
    END IF;
    IF NOT EXISTS (SELECT FROM rct.run r WHERE r.experiment_id = e.id) THEN
        RAISE EXCEPTION 'experiment "%" is not randomized', e.key USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Run rct.randomize_experiment with the roster first.';
    END IF;
    IF e.status IN ('cancelled', 'archived') THEN
        RAISE EXCEPTION 'experiment "%" is %', e.key, e.status USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Nobody enters it any more.', HINT = 'Clone the experiment with rct.clone_experiment.';
    END IF;
    IF units IS NULL THEN
        RAISE EXCEPTION 'units of experiment "%" must not be NULL', e.key USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Give the ids of the units.';
    END IF;
    PERFORM rct._identifier('unit'::text, u) FROM unnest(units) u;
    PERFORM rct._identifier('stratum'::text, s) FROM unnest(strata) s WHERE s <> '';
    IF strata IS NOT NULL AND cardinality(strata) <> cardinality(units) THEN
        RAISE EXCEPTION 'there are % strata for % units', cardinality(strata), cardinality(units) USING
            ERRCODE = 'invalid_parameter_value', HINT = 'Give one stratum for each unit; NULL is the stratum unknown.';
    END IF;
    RETURN QUERY SELECT x.u, rct._place(e.id, rct._unit_type(e), CASE WHEN rct._unit_type(e) = 'user' THEN rct._user(x.u) ELSE x.u END, x.s)
        FROM ROWS FROM (unnest(units), unnest(strata)) WITH ORDINALITY x (u, s, n) ORDER BY x.n;
END
$$;
COMMENT ON FUNCTION rct.place_late(text, text[], text[]) IS
    'gives units that came after the randomization the next slots of their strata, in this order; units that have a place keep it';
