-- What is known of each user and group now, packed into one row, so that a question costs two look-ups and not ten.
--
-- The table is derived, and triggers on the records keep it. It says of itself that it is complete by a row whose key the
-- contexts know: where that row is missing, because records came without their triggers or the table was emptied,
-- the records themselves are read, until rct.rebuild has filled it again. So are they for questions about the past.

CREATE TABLE rct.unit (
    unit text COLLATE pg_catalog."C" PRIMARY KEY,
    user_id text,
    units text[],
    facts bytea
) WITH (fillfactor = 70);
-- Read at every question: never compressed.
ALTER TABLE rct.unit ALTER COLUMN facts SET STORAGE EXTERNAL, ALTER COLUMN units SET STORAGE EXTERNAL;
COMMENT ON TABLE rct.unit IS 'what is known of each user and group now, packed; derived from the other tables';
COMMENT ON COLUMN rct.unit.unit IS 'type (user or type of group) and id';
COMMENT ON COLUMN rct.unit.user_id IS 'of a user or an alias: the id under which the records are kept';
COMMENT ON COLUMN rct.unit.units IS 'of a user or an alias: the user and the groups, now or later';
COMMENT ON COLUMN rct.unit.facts IS 'enrollments, exclusions, segments, ... as the core reads them';

-- Without a row its user would count as new. That all rows are gone would be noticed.
CREATE TRIGGER append_only BEFORE DELETE ON rct.unit
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
-- A new extension has no records, and this row says that they are all here.
INSERT INTO rct.unit (unit) VALUES (E'\x1f' OPERATOR(pg_catalog.||) pg_catalog.gen_random_uuid()::pg_catalog.text);

CREATE FUNCTION rct._unit(unit_type text, unit_id text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN unit_type OPERATOR(pg_catalog.||) E'\x1f' OPERATOR(pg_catalog.||) unit_id;
COMMENT ON FUNCTION rct._unit(text, text) IS 'internal: the key of a user or group in rct.unit';

-- Postgres counts microseconds from 2000 on, and so does the core.
CREATE FUNCTION rct._microseconds(at timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((EXTRACT(epoch FROM at) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8 OPERATOR(pg_catalog.-) 946684800000000)::pg_catalog.text;
COMMENT ON FUNCTION rct._microseconds(timestamptz) IS 'internal: a finite time as the core reads it';

-- The last repetition at each decision point, however many there have been: one look-up in the index for each point.
CREATE FUNCTION rct._repetitions(user_id text) RETURNS TABLE (experiment_id bigint, site text, target text, ordinal bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 2
    BEGIN ATOMIC
    WITH RECURSIVE last AS (
        (SELECT r.experiment_id, r.site, r.target, r.ordinal FROM rct.repetition r WHERE r.user_id OPERATOR(pg_catalog.=) $1
            ORDER BY r.experiment_id DESC, r.site DESC, r.target DESC, r.ordinal DESC LIMIT 1)
        UNION ALL
        SELECT n.experiment_id, n.site, n.target, n.ordinal FROM last l, LATERAL (
            SELECT r.experiment_id, r.site, r.target, r.ordinal FROM rct.repetition r
            WHERE r.user_id OPERATOR(pg_catalog.=) $1
                AND (r.experiment_id, r.site, r.target) OPERATOR(pg_catalog.<) (l.experiment_id, l.site, l.target)
            ORDER BY r.experiment_id DESC, r.site DESC, r.target DESC, r.ordinal DESC LIMIT 1) n)
    SELECT l.experiment_id, l.site, l.target, l.ordinal FROM last l;
    END;
COMMENT ON FUNCTION rct._repetitions(text) IS 'internal: how often a user has repeated each decision point within subjects';

CREATE FUNCTION rct._unit_facts(types text[], ids text[])
    RETURNS TABLE (unit_type text, unit_id text, kind text, a text, b text, c text, d text, e text, f text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
    BEGIN ATOMIC
    SELECT u.type, u.id, NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text,
        NULL::pg_catalog.text, NULL::pg_catalog.text, NULL::pg_catalog.text
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id)
    UNION ALL
    SELECT u.type, u.id, 'm', m.group_type, m.group_id, CASE WHEN m.member THEN 't' ELSE 'f' END, CASE WHEN m.working THEN 't' ELSE 'f' END,
        CASE WHEN NOT pg_catalog.lower_inf(m.during) THEN rct._microseconds(pg_catalog.lower(m.during)) END,
        CASE WHEN NOT pg_catalog.upper_inf(m.during) THEN rct._microseconds(pg_catalog.upper(m.during)) END
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id)
    JOIN rct.membership m ON m.user_id OPERATOR(pg_catalog.=) u.id
    WHERE u.type OPERATOR(pg_catalog.=) 'user' AND pg_catalog.upper_inf(m.known) AND NOT pg_catalog.isempty(m.during)
    AND (pg_catalog.upper_inf(m.during) OR pg_catalog.upper(m.during) OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp())
    UNION ALL
    SELECT u.type, u.id, 'e', n.experiment_id::pg_catalog.text, n.unit_type, n.unit_id, n.condition, n.code, n.group_id
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id)
    JOIN rct.enrollment n ON n.unit_type OPERATOR(pg_catalog.=) u.type AND n.unit_id OPERATOR(pg_catalog.=) u.id
        AND n.ended_at OPERATOR(pg_catalog.=) 'infinity'
    UNION ALL
    SELECT u.type, u.id, 'x', x.experiment_id::pg_catalog.text, x.unit_type, x.unit_id, x.code, x.group_id, NULL
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id)
    JOIN rct.exclusion x ON x.unit_type OPERATOR(pg_catalog.=) u.type AND x.unit_id OPERATOR(pg_catalog.=) u.id
        AND x.ended_at OPERATOR(pg_catalog.=) 'infinity'
    UNION ALL
    SELECT u.type, u.id, 's', s.segment_id::pg_catalog.text, s.member_type, s.member_id, NULL, NULL, NULL
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id)
    JOIN rct.segment_member s ON s.member_type OPERATOR(pg_catalog.=) u.type AND s.member_id OPERATOR(pg_catalog.=) u.id
        AND s.ended_at OPERATOR(pg_catalog.=) 'infinity'
    UNION ALL
    SELECT u.type, u.id, 'a', l.experiment_id::pg_catalog.text, l.unit_type, l.unit_id, l.condition, l.stratum, l.block::pg_catalog.text
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id)
    JOIN rct.allocation l ON l.unit_type OPERATOR(pg_catalog.=) u.type AND l.unit_id OPERATOR(pg_catalog.=) u.id
        AND l.ended_at OPERATOR(pg_catalog.=) 'infinity'
    UNION ALL
    SELECT u.type, u.id, 'r', r.experiment_id::pg_catalog.text, r.site, r.target, r.ordinal::pg_catalog.text, NULL, NULL
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id), rct._repetitions(u.id) r
    WHERE u.type OPERATOR(pg_catalog.=) 'user'
    UNION ALL
    SELECT u.type, u.id, 'p', c.experiment_id::pg_catalog.text, c.condition, NULL, NULL, NULL, NULL
    FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u (type, id)
    JOIN rct.preview_user p ON p.user_id OPERATOR(pg_catalog.=) u.id AND p.ended_at OPERATOR(pg_catalog.=) 'infinity'
    LEFT JOIN rct.preview_condition c ON c.user_id OPERATOR(pg_catalog.=) p.user_id AND c.ended_at OPERATOR(pg_catalog.=) 'infinity'
    WHERE u.type OPERATOR(pg_catalog.=) 'user';
    END;
COMMENT ON FUNCTION rct._unit_facts(text[], text[]) IS
    'internal: all that is recorded of users and groups now, one fact a row, and a row without a fact for each unit';

CREATE FUNCTION rct._unit_rows(types text[], ids text[]) RETURNS TABLE (unit text, user_id text, units text[], facts bytea)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
    BEGIN ATOMIC
    SELECT rct._unit(g.unit_type, g.unit_id), CASE g.unit_type WHEN 'user' THEN g.unit_id END,
        CASE g.unit_type WHEN 'user' THEN rct._unit('user'::pg_catalog.text, g.unit_id) OPERATOR(pg_catalog.||) coalesce(g.groups, '{}') END, g.facts
    FROM (
        SELECT f.unit_type, f.unit_id, rct._pack(f.kind, f.a, f.b, f.c, f.d, f.e, f.f ORDER BY f.kind, f.a, f.b, f.c, f.d, f.e, f.f) AS facts,
            pg_catalog.array_agg(DISTINCT rct._unit(f.a, f.b)) FILTER (WHERE f.kind OPERATOR(pg_catalog.=) 'm') AS groups
        FROM rct._unit_facts($1, $2) f GROUP BY f.unit_type, f.unit_id) g;
    END;
COMMENT ON FUNCTION rct._unit_rows(text[], text[]) IS 'internal: what rct.unit has to have of users and groups';

-- Rows are locked first, in order, and read after that: of two that change a unit the second sees what the first did.
CREATE FUNCTION rct._refresh(types text[], ids text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF cardinality(types) > 1000 THEN
        -- A plan of its own, made for many.
        LOCK TABLE rct.unit IN SHARE ROW EXCLUSIVE MODE;
        EXECUTE 'INSERT INTO rct.unit (unit, user_id, units, facts) SELECT r.unit, r.user_id, r.units, r.facts FROM rct._unit_rows($1, $2) r
            ON CONFLICT (unit) DO UPDATE SET user_id = excluded.user_id, units = excluded.units, facts = excluded.facts' USING types, ids;
    ELSE
        INSERT INTO rct.unit (unit)
            SELECT DISTINCT rct._unit(k.type, k.id) FROM ROWS FROM (unnest(types), unnest(ids)) k (type, id) ORDER BY 1 ON CONFLICT DO NOTHING;
        PERFORM FROM rct.unit o WHERE o.unit = ANY (ARRAY(
            SELECT rct._unit(k.type, k.id) FROM ROWS FROM (unnest(types), unnest(ids)) k (type, id))) ORDER BY o.unit FOR UPDATE;
        UPDATE rct.unit o SET user_id = r.user_id, units = r.units, facts = r.facts
            FROM rct._unit_rows(types, ids) r WHERE o.unit = r.unit
            -- By the index, however many units there seem to be.
            AND o.unit = ANY (ARRAY(SELECT rct._unit(k.type, k.id) FROM ROWS FROM (unnest(types), unnest(ids)) k (type, id)));
    END IF;
    -- An alias leads to the same place.
    INSERT INTO rct.unit AS o (unit, user_id, units)
        SELECT rct._unit('user'::text, a.alias), a.user_id, u.units
        FROM ROWS FROM (unnest(types), unnest(ids)) k (type, id)
        JOIN rct.alias a ON a.user_id = k.id
        JOIN rct.unit u ON u.unit = rct._unit('user'::text, a.user_id)
        WHERE k.type = 'user' ORDER BY 1
        ON CONFLICT (unit) DO UPDATE SET user_id = excluded.user_id, units = excluded.units, facts = NULL
        WHERE (o.user_id, o.units) IS DISTINCT FROM (excluded.user_id, excluded.units) OR o.facts IS NOT NULL;
END
$$;
COMMENT ON FUNCTION rct._refresh(text[], text[]) IS 'internal: renews the rows of rct.unit of users and groups from the records';

CREATE FUNCTION rct._refresh_units() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    types text[];
    ids text[];
BEGIN
    IF tg_table_name = 'segment_member' THEN
        SELECT array_agg(c.member_type), array_agg(c.member_id) INTO types, ids
            FROM (SELECT DISTINCT member_type, member_id FROM changed) c;
    ELSIF tg_table_name IN ('enrollment', 'exclusion', 'allocation') THEN
        SELECT array_agg(c.unit_type), array_agg(c.unit_id) INTO types, ids
            FROM (SELECT DISTINCT unit_type, unit_id FROM changed) c;
    ELSE
        SELECT array_agg('user'::text), array_agg(c.user_id) INTO types, ids FROM (SELECT DISTINCT user_id FROM changed) c;
    END IF;
    -- A statement that changed nothing fires too.
    IF types IS NOT NULL THEN
        PERFORM rct._refresh(types, ids);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rct._refresh_units() IS 'internal: renews the rows of rct.unit of whom a record is about';
DO $$
DECLARE
    name pg_catalog.text;
BEGIN
    FOREACH name IN ARRAY '{enrollment,exclusion,allocation,segment_member,membership,repetition,preview_user,preview_condition,alias}'::pg_catalog.text[] LOOP
        EXECUTE pg_catalog.format('CREATE TRIGGER refresh_insert AFTER INSERT ON rct.%I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION rct._refresh_units()', name);
        EXECUTE pg_catalog.format('CREATE TRIGGER refresh_update AFTER UPDATE ON rct.%I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION rct._refresh_units()', name);
    END LOOP;
END
$$;

-- Whether all units are in the table, and as which row they say so; NULL if not.
CREATE FUNCTION rct._built() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM rct.context) THEN
        RETURN (SELECT min(c.built) FROM rct.context c
            HAVING count(*) = count(c.built) AND count(DISTINCT c.built) = 1 AND EXISTS (SELECT FROM rct.unit u WHERE u.unit = min(c.built)));
    END IF;
    -- The first context: the rosters, lists and aliases that are there already must have come with their triggers.
    RETURN (SELECT max(u.unit) FROM rct.unit u WHERE u.unit > E'\x1f' AND u.unit < ' '
        HAVING NOT EXISTS (SELECT FROM rct._record_units() k WHERE NOT EXISTS (
            SELECT FROM rct.unit o WHERE o.unit = rct._unit(k.type, k.id))));
END
$$;
COMMENT ON FUNCTION rct._built() IS 'internal: the row of rct.unit that says that all units are in it; NULL if they may not be';

CREATE FUNCTION rct._record_units() RETURNS TABLE (type text, id text)
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp ROWS 100000 AS $$
    SELECT 'user', m.user_id FROM rct.membership m WHERE upper_inf(m.known)
    UNION SELECT n.unit_type, n.unit_id FROM rct.enrollment n WHERE n.ended_at = 'infinity'
    UNION SELECT x.unit_type, x.unit_id FROM rct.exclusion x WHERE x.ended_at = 'infinity'
    UNION SELECT s.member_type, s.member_id FROM rct.segment_member s WHERE s.ended_at = 'infinity'
    UNION SELECT l.unit_type, l.unit_id FROM rct.allocation l WHERE l.ended_at = 'infinity'
    UNION SELECT 'user', r.user_id FROM rct.repetition r
    UNION SELECT 'user', p.user_id FROM rct.preview_user p WHERE p.ended_at = 'infinity'
    UNION SELECT 'user', a.user_id FROM rct.alias a
$$;
COMMENT ON FUNCTION rct._record_units() IS 'internal: all users and groups of which something is recorded now';

CREATE FUNCTION rct._add_context(name text) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM rct.context c WHERE c.name = $1) THEN
        INSERT INTO rct.context (name, built) VALUES ($1, rct._built()) ON CONFLICT DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION rct._add_context(text) IS 'internal: the row of a context';
