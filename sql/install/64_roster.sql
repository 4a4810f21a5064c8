-- Users and groups: who is in which class, school or other group, and since when.
--
-- Two times: during is when a membership held, known is when the database believed so. A correction closes the old
-- belief and adds a new one, so that every past answer can be explained by what was known then.

CREATE TABLE rct.alias (
    alias text PRIMARY KEY CHECK (alias OPERATOR(pg_catalog.<>) ''),
    user_id text NOT NULL CHECK (user_id OPERATOR(pg_catalog.<>) ''),
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CHECK (alias OPERATOR(pg_catalog.<>) user_id)
);
CREATE INDEX alias_user ON rct.alias (user_id);
COMMENT ON TABLE rct.alias IS 'other ids of users; all records are kept under user_id';

CREATE SEQUENCE rct.membership_id_seq;
CREATE TABLE rct.membership (
    id bigint PRIMARY KEY DEFAULT rct._next_id('membership'::pg_catalog.text),
    user_id text NOT NULL CHECK (user_id OPERATOR(pg_catalog.<>) ''),
    group_type text NOT NULL CHECK (group_type NOT IN ('', 'user', 'segment') AND pg_catalog.strpos(group_type, E'\x1f') OPERATOR(pg_catalog.=) 0),
    group_id text NOT NULL CHECK (group_id OPERATOR(pg_catalog.<>) ''),
    member boolean NOT NULL DEFAULT true,
    working boolean NOT NULL DEFAULT false,
    during tstzrange NOT NULL,
    known tstzrange NOT NULL DEFAULT tstzrange(pg_catalog.clock_timestamp(), NULL),
    CHECK (member OR working)
);
CREATE INDEX membership_user ON rct.membership (user_id);
CREATE INDEX membership_group ON rct.membership (group_type, group_id);
CREATE UNIQUE INDEX membership_once ON rct.membership (user_id, group_type, group_id)
    WHERE pg_catalog.upper_inf(during) AND pg_catalog.upper_inf(known);
CREATE UNIQUE INDEX membership_one_working ON rct.membership (user_id, group_type)
    WHERE working AND pg_catalog.upper_inf(during) AND pg_catalog.upper_inf(known);
COMMENT ON TABLE rct.membership IS 'groups of users, by type of group, with the times at which they held and were known; rows are closed, never deleted';
COMMENT ON COLUMN rct.membership.member IS 'whether the user belongs to the group';
COMMENT ON COLUMN rct.membership.working IS 'whether the user works as a member of this group now: at most one per type; it decides assignment by group';
COMMENT ON COLUMN rct.membership.during IS 'when it held';
COMMENT ON COLUMN rct.membership.known IS 'when the database believed so';

CREATE TABLE rct.roster_source (
    relation text NOT NULL,
    has_working boolean NOT NULL,
    has_during boolean NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (ended_at)
);
COMMENT ON TABLE rct.roster_source IS 'the view or table of the district that is read instead of rct.membership';

SELECT pg_catalog.pg_extension_config_dump('rct.alias', '');
SELECT pg_catalog.pg_extension_config_dump('rct.membership', '');
SELECT pg_catalog.pg_extension_config_dump('rct.membership_id_seq', '');
ALTER SEQUENCE rct.membership_id_seq OWNED BY rct.membership.id;
COMMENT ON SEQUENCE rct.membership_id_seq IS 'numbers of rct.membership';
SELECT pg_catalog.pg_extension_config_dump('rct.roster_source', '');

CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.membership
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rct.alias
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.roster_source
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();
-- What was believed ends; nothing else of it changes.
CREATE TRIGGER close_only BEFORE UPDATE ON rct.membership FOR EACH ROW
    WHEN (NOT pg_catalog.upper_inf(OLD.known)
        OR NOT pg_catalog.isempty(NEW.known) AND pg_catalog.lower(NEW.known) IS DISTINCT FROM pg_catalog.lower(OLD.known)
        OR (NEW.id, NEW.user_id, NEW.group_type, NEW.group_id, NEW.member, NEW.working, NEW.during)
            IS DISTINCT FROM (OLD.id, OLD.user_id, OLD.group_type, OLD.group_id, OLD.member, OLD.working, OLD.during))
    EXECUTE FUNCTION rct._append_only();

-- What indexes cannot see: overlaps with an end. In order of their beginnings, the first that overlaps begins before the one
-- before it ends.
CREATE FUNCTION rct._membership_guard() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bad record;
BEGIN
    SELECT m.user_id, m.group_type, m.group_id, m.other_id, m.during, m.other_during INTO bad
        FROM (
            SELECT o.user_id, o.group_type, o.group_id, o.during, lag(o.group_id) OVER same AS other_id, lag(o.during) OVER same AS other_during
            FROM rct.membership o
            WHERE o.user_id IN (SELECT n.user_id FROM changed n) AND upper_inf(o.known) AND NOT isempty(o.during)
            WINDOW same AS (PARTITION BY o.user_id, o.group_type, o.group_id ORDER BY lower(o.during), o.id)
            UNION ALL
            SELECT o.user_id, o.group_type, o.group_id, o.during, lag(o.group_id) OVER working, lag(o.during) OVER working
            FROM rct.membership o
            WHERE o.user_id IN (SELECT n.user_id FROM changed n) AND upper_inf(o.known) AND NOT isempty(o.during) AND o.working
            WINDOW working AS (PARTITION BY o.user_id, o.group_type ORDER BY lower(o.during), o.id)
        ) m
        WHERE m.other_during && m.during
        ORDER BY m.user_id COLLATE "C", m.group_type COLLATE "C", m.group_id COLLATE "C" LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'memberships of user "%" in % "%" and "%" overlap', bad.user_id, bad.group_type, bad.other_id, bad.group_id USING
            ERRCODE = 'exclusion_violation', DETAIL = format('They are said to hold during %s and %s.', bad.other_during, bad.during),
            HINT = 'Close the first with rct.set_groups before the second begins.';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rct._membership_guard() IS 'internal: refuses memberships that overlap';
CREATE TRIGGER guard_insert AFTER INSERT ON rct.membership REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION rct._membership_guard();
CREATE TRIGGER guard_update AFTER UPDATE ON rct.membership REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION rct._membership_guard();

CREATE FUNCTION rct._user(user_id text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text := rct._identifier('user_id'::text, user_id);
BEGIN
    RETURN coalesce((SELECT a.user_id FROM rct.alias a WHERE a.alias = who), who);
END
$$;
COMMENT ON FUNCTION rct._user(text) IS 'internal: the id under which the records of a user are kept';

-- One change of a user after the other. While it waited, the id may have become an alias.
CREATE FUNCTION rct._lock_user(user_id text) RETURNS text
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text := rct._user(user_id);
BEGIN
    LOOP
        PERFORM rct._lock('user'::text, who, false);
        EXIT WHEN rct._user(user_id) = who;
        who := rct._user(user_id);
    END LOOP;
    RETURN who;
END
$$;
COMMENT ON FUNCTION rct._lock_user(text) IS 'internal: the id under which the records of a user are kept, with the lock of that user until the transaction ends';

-- Who reads relations of the district. A relation runs code of its owner, and of whoever owns a view, a function, a cast, a
-- type or a predicate in it: it must not run with rights that are worth having.
CREATE TABLE rct.reader (
    role text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ended_at timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (ended_at)
);
COMMENT ON TABLE rct.reader IS 'the role that reads relations of the district for the functions of the extension';
SELECT pg_catalog.pg_extension_config_dump('rct.reader', '');
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON rct.reader
    FOR EACH STATEMENT EXECUTE FUNCTION rct._append_only();

CREATE FUNCTION rct._reader() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    reader text;
    powerful boolean;
BEGIN
    SELECT x.role, r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
            OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
        INTO reader, powerful
        FROM rct.reader x LEFT JOIN pg_roles r ON r.rolname = x.role WHERE x.ended_at = 'infinity';
    IF powerful THEN
        RAISE EXCEPTION 'role "%" may do more than read relations of the district', reader USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Code in the relations that it reads would run with its rights.',
            HINT = 'Take back what it was given since it was named with rct.grant_reader, or name another role; rct.verify() says what that is.';
    END IF;
    RETURN reader;
END
$$;
COMMENT ON FUNCTION rct._reader() IS 'internal: the role that reads relations of the district; NULL if none is named';

CREATE FUNCTION rct._read_roster(
    reader text, relation regclass, has_working boolean, has_during boolean, user_id text, at timestamptz
) RETURNS TABLE (member_id text, group_type text, group_id text, working boolean)
    AS 'MODULE_PATHNAME', 'rct_read_roster' LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION rct._read_roster(text, regclass, boolean, boolean, text, timestamptz) IS
    'internal: the rows of a roster, of one user or of all for NULL, read as the caller, or as the reader where the caller is the owner of the extension or a superuser; nothing in the roster can write, see our tables or keep a setting';

-- The memberships in a registered relation; a relation without working groups gives the only group of each type.
CREATE FUNCTION rct._registered_roster(user_id text, at timestamptz)
    RETURNS TABLE (member_id text, group_type text, group_id text, member boolean, working boolean)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp ROWS 5 AS $$
DECLARE
    source rct.roster_source;
BEGIN
    SELECT * INTO source FROM rct.roster_source s WHERE s.registered_at <= at AND s.ended_at > at;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT r.member_id, r.group_type, r.group_id, true,
            CASE WHEN source.has_working THEN coalesce(r.working, false)
                ELSE count(*) OVER (PARTITION BY r.member_id, r.group_type) = 1 END
        FROM rct._read_roster(rct._reader(), source.relation::regclass, source.has_working, source.has_during, user_id, at) r;
END
$$;
COMMENT ON FUNCTION rct._registered_roster(text, timestamptz) IS
    'internal: memberships of a user, or of all, from the registered relation at a moment';

CREATE FUNCTION rct._roster(user_id text, at timestamptz, known timestamptz)
    RETURNS TABLE (member_id text, group_type text, group_id text, member boolean, working boolean)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    BEGIN ATOMIC
        SELECT m.user_id, m.group_type, m.group_id, m.member, m.working
        FROM rct.membership m
        WHERE ($1 IS NULL OR m.user_id OPERATOR(pg_catalog.=) $1) AND m.during OPERATOR(pg_catalog.@>) $2
        AND CASE WHEN $3 IS NULL THEN pg_catalog.upper_inf(m.known) ELSE m.known OPERATOR(pg_catalog.@>) $3 END
        AND NOT EXISTS (SELECT FROM rct.roster_source s
            WHERE s.registered_at OPERATOR(pg_catalog.<=) $2 AND s.ended_at OPERATOR(pg_catalog.>) $2)
        UNION ALL
        SELECT r.member_id, r.group_type, r.group_id, r.member, r.working FROM rct._registered_roster($1, $2) r;
    END;
COMMENT ON FUNCTION rct._roster(text, timestamptz, timestamptz) IS
    'internal: memberships of a user, or of all for NULL, that held at a moment, as known at another; NULL: as known now';

CREATE FUNCTION rct.roster_at(at timestamptz, known timestamptz DEFAULT NULL)
    RETURNS TABLE (user_id text, group_type text, group_id text, member boolean, working boolean)
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.member_id, r.group_type, r.group_id, r.member, r.working FROM rct._roster(NULL::text, $1, $2) r
$$;
COMMENT ON FUNCTION rct.roster_at(timestamptz, timestamptz) IS
    'who belonged to which group at a moment, as known now or as known at another moment';

-- The one way in which memberships change. The rows that are wanted come from a query over the parameters $2 to $6 or
-- over a relation; all users in it, and those in $2, have exactly these memberships from $1 on.
CREATE FUNCTION rct._replace_memberships(
    wanted text, at timestamptz, users text[], types text[], ids text[], members boolean[], workings boolean[]
) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed text[];
    missing bigint;
    moment timestamptz := clock_timestamp();
BEGIN
    IF EXISTS (SELECT FROM rct.roster_source s WHERE s.ended_at = 'infinity') THEN
        RAISE EXCEPTION 'memberships are read from %', (SELECT s.relation FROM rct.roster_source s WHERE s.ended_at = 'infinity') USING
            ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'A registered roster is kept by the district.',
            HINT = 'Change the roster there, or end the registration with rct.register_roster(NULL).';
    END IF;
    EXECUTE format($query$
        WITH wanted AS (%s),
        touched AS (
            SELECT m.id, m.user_id, m.group_type, m.group_id, m.member, m.working, m.during
            FROM rct.membership m
            WHERE upper_inf(m.known) AND NOT isempty(m.during) AND (upper_inf(m.during) OR upper(m.during) > $1)
            AND m.user_id IN (SELECT w.user_id FROM wanted w UNION ALL SELECT u FROM unnest($2) u)),
        kept AS (
            SELECT t.id, t.user_id, t.group_type, t.group_id FROM touched t
            JOIN wanted w USING (user_id, group_type, group_id)
            WHERE t.member = w.member AND t.working = w.working AND lower(t.during) <= $1 AND upper_inf(t.during)),
        closed AS (
            UPDATE rct.membership m SET known = tstzrange(lower(m.known), greatest(lower(m.known), $7))
            FROM touched t WHERE m.id = t.id AND NOT EXISTS (SELECT FROM kept k WHERE k.id = t.id)
            RETURNING m.user_id, m.group_type, m.group_id, m.member, m.working, m.during),
        wanting AS MATERIALIZED (
            SELECT c.user_id, c.group_type, c.group_id, c.member, c.working, tstzrange(lower(c.during), $1), tstzrange($7, NULL)
            FROM closed c WHERE lower(c.during) < $1
            UNION ALL
            SELECT w.user_id, w.group_type, w.group_id, w.member, w.working, tstzrange($1, NULL), tstzrange($7, NULL)
            FROM wanted w WHERE NOT EXISTS (SELECT FROM kept k
                WHERE k.user_id = w.user_id AND k.group_type = w.group_type AND k.group_id = w.group_id)),
        added AS (
            INSERT INTO rct.membership (user_id, group_type, group_id, member, working, during, known)
            SELECT n.user_id, n.group_type, n.group_id, n.member, n.working, n.during, n.known
            FROM wanting n (user_id, group_type, group_id, member, working, during, known)
            ON CONFLICT DO NOTHING -- only with a snapshot from before another change: this fails with 40001 then
            RETURNING user_id)
        SELECT array_agg(DISTINCT u.user_id), (SELECT count(*) FROM wanting) - (SELECT count(*) FROM added)
        FROM (SELECT user_id FROM closed UNION ALL SELECT user_id FROM added) u
        $query$, wanted) INTO changed, missing USING at, users, types, ids, members, workings, moment;
    IF missing > 0 THEN
        RAISE EXCEPTION '% memberships were not written', missing USING
            ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'Rows with their numbers are there already.',
            HINT = 'rct.rebuild() brings the numbers up to date.';
    END IF;
    IF changed IS NOT NULL THEN
        PERFORM rct._follow_groups(changed);
    END IF;
    RETURN coalesce(cardinality(changed), 0);
END
$$;
COMMENT ON FUNCTION rct._replace_memberships(text, timestamptz, text[], text[], text[], boolean[], boolean[]) IS
    'internal: gives users exactly the wanted memberships from a moment on; how many users changed';

-- Rule 9: whoever works in another group now leaves the enrollment that came with the old one, where the rule says so.
CREATE FUNCTION rct._follow_groups(users text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    e record;
BEGIN
    FOR e IN SELECT x.id, x.spec ->> 'group_type' AS group_type, x.spec ->> 'consistency' AS consistency
        FROM rct.experiment x
        WHERE x.spec ->> 'unit' = 'group' AND rct._status_of(x, moment) IN ('scheduled', 'enrolling', 'enrollment_complete')
        ORDER BY x.id
    LOOP
        WITH moved AS MATERIALIZED (
            SELECT r.member_id, r.group_id FROM rct._roster(NULL::text, moment, NULL::timestamptz) r
            WHERE r.member_id = ANY (users) AND r.group_type = e.group_type AND r.working AND r.member),
        left_enrollment AS (
            UPDATE rct.enrollment n SET ended_at = moment, end_reason = 'group change' FROM moved m
            WHERE e.consistency IN ('group', 'experiment') AND n.experiment_id = e.id AND n.unit_type = 'user'
            AND n.unit_id = m.member_id AND n.ended_at = 'infinity' AND n.group_id IS DISTINCT FROM m.group_id),
        left_exclusion AS (
            UPDATE rct.exclusion n SET ended_at = moment, end_reason = 'group change' FROM moved m
            WHERE e.consistency IN ('group', 'individual') AND n.experiment_id = e.id AND n.unit_type = 'user'
            AND n.unit_id = m.member_id AND n.ended_at = 'infinity' AND n.group_id IS DISTINCT FROM m.group_id
            RETURNING n.unit_id, n.group_id)
        -- A group that nobody excluded is left in is open again.
        UPDATE rct.exclusion g SET ended_at = moment, end_reason = 'group change'
            WHERE g.experiment_id = e.id AND g.unit_type = e.group_type AND g.ended_at = 'infinity'
            AND g.unit_id IN (SELECT l.group_id FROM left_exclusion l)
            AND NOT EXISTS (SELECT FROM rct.exclusion o
                WHERE o.experiment_id = e.id AND o.unit_type = 'user' AND o.ended_at = 'infinity' AND o.group_id = g.unit_id
                AND o.unit_id NOT IN (SELECT l.unit_id FROM left_exclusion l));
    END LOOP;
END
$$;
COMMENT ON FUNCTION rct._follow_groups(text[]) IS 'internal: closes what users leave behind who changed their working group';

CREATE FUNCTION rct._check_at(at timestamptz) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT isfinite(at) THEN
        RAISE EXCEPTION 'at must be a finite time, got %', at USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Leave it out for now.';
    END IF;
    RETURN coalesce(at, clock_timestamp());
END
$$;
COMMENT ON FUNCTION rct._check_at(timestamptz) IS 'internal: a time from which something holds; NULL is now';

CREATE FUNCTION rct._set_groups(user_id text, groups jsonb, working jsonb, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text;
    since timestamptz := rct._check_at(at);
    types text[];
    ids text[];
    members boolean[];
    workings boolean[];
    bad text := (SELECT w.key FROM jsonb_each(CASE jsonb_typeof(working) WHEN 'object' THEN working ELSE '{}' END) w
        WHERE jsonb_typeof(w.value) NOT IN ('string', 'null') OR w.value = '""' OR w.key IN ('', 'user', 'segment') ORDER BY w.key LIMIT 1);
BEGIN
    PERFORM rct._json('working'::text, working);
    IF bad IS NOT NULL OR jsonb_typeof(working) NOT IN ('object', 'null') THEN
        RAISE EXCEPTION 'working groups of user "%" must be one id for each type%', user_id,
            coalesce(', "' || bad || '" has something else', '') USING
            ERRCODE = 'invalid_parameter_value', HINT = 'For example: {"class": "7b", "school": "north"}.';
    END IF;
    IF groups IS NULL THEN
        RAISE EXCEPTION 'groups of user "%" must not be NULL', user_id USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Give all groups by type, like {"class": ["7b"]}; {} is for none.';
    END IF;
    PERFORM rct._identifier('type of a working group'::text, w.key), rct._identifier('working group'::text, w.value)
        FROM jsonb_each_text(CASE jsonb_typeof(working) WHEN 'object' THEN working ELSE '{}' END) w WHERE w.value IS NOT NULL;
    who := rct._lock_user(user_id);
    -- Only groups keeps who works where, as far as that is still possible.
    SELECT array_agg(g.group_type), array_agg(g.group_id), array_agg(g.member), array_agg(g.working)
        INTO types, ids, members, workings
        FROM (
            SELECT coalesce(m.member_type, w.key) AS group_type, coalesce(m.member_id, w.value) AS group_id,
                m.member_id IS NOT NULL AS member,
                CASE WHEN _set_groups.working IS NOT NULL THEN w.value IS NOT NULL
                    ELSE coalesce(old.working, false) OR (count(*) OVER (PARTITION BY m.member_type) = 1) END AS working
            FROM (SELECT n.member_type, n.member_id
                FROM rct._member_rows(jsonb_build_object('groups', coalesce(nullif(groups, 'null'), '{}'))) n) m
            FULL JOIN (SELECT w.key, w.value FROM jsonb_each_text(CASE jsonb_typeof(_set_groups.working) WHEN 'object' THEN _set_groups.working ELSE '{}' END) w
                    WHERE w.value IS NOT NULL) w
                ON w.key = m.member_type AND w.value = m.member_id
            LEFT JOIN rct.membership old
                ON old.user_id = who AND old.group_type = m.member_type AND old.group_id = m.member_id
                AND upper_inf(old.known) AND old.during @> since
        ) g;
    PERFORM rct._within('groups of a user'::text, 'groups'::text, coalesce(cardinality(ids), 0)::bigint);
    RETURN rct._replace_memberships(
        'SELECT * FROM unnest($3, $4, $5, $6) w (group_type, group_id, member, working) CROSS JOIN unnest($2) u (user_id)'::text,
        since, ARRAY[who], types, ids, members, workings) > 0;
END
$$;
COMMENT ON FUNCTION rct._set_groups(text, jsonb, jsonb, timestamptz) IS 'internal: see rct.set_groups';

CREATE FUNCTION rct.set_groups(user_id text, groups jsonb, working jsonb DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT rct._set_groups($1, $2, $3, $4)
$$;
COMMENT ON FUNCTION rct.set_groups(text, jsonb, jsonb, timestamptz) IS
    'gives a user exactly these groups, like {"class": ["7b"]}, from now or a moment on; without working groups the old ones stay, and the only group of a type is the working one; true if something changed';

CREATE FUNCTION rct.set_working_groups(user_id text, working jsonb, at timestamptz DEFAULT NULL) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    groups jsonb;
BEGIN
    groups := (SELECT jsonb_object_agg(g.group_type, g.ids) FROM (
        SELECT r.group_type, jsonb_agg(r.group_id) AS ids
        FROM rct._roster(rct._user(set_working_groups.user_id), rct._check_at(at), NULL::timestamptz) r WHERE r.member GROUP BY r.group_type) g);
    RETURN rct._set_groups(set_working_groups.user_id, coalesce(groups, '{}'::jsonb), coalesce(working, '{}'::jsonb), at);
END
$$;
COMMENT ON FUNCTION rct.set_working_groups(text, jsonb, timestamptz) IS
    'sets in which of the groups a user works, like {"class": "7b"}, from now or a moment on; NULL: in none; true if something changed';

CREATE FUNCTION rct.add_alias(user_id text, alias text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who text := rct._user(user_id);
    other text := rct._identifier('alias'::text, alias);
BEGIN
    -- Whoever has begun something under the other id comes first. In one order, so that two aliases do not deadlock.
    PERFORM rct._lock('user'::text, u.id, false) FROM (SELECT x.id FROM unnest(ARRAY[who, other]) x (id) ORDER BY x.id COLLATE "C") u;
    who := rct._user(user_id);
    IF other = who THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM rct.alias a WHERE a.user_id = other)
        OR EXISTS (SELECT FROM rct.visit v WHERE v.user_id = other)
        OR EXISTS (SELECT FROM rct.membership m WHERE m.user_id = other AND upper_inf(m.known)) THEN
        RAISE EXCEPTION '"%" cannot be an alias of user "%"', other, add_alias.user_id USING
            ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'There are records of a user with this id.',
            HINT = 'Add aliases before their first use, or make the other id the alias.';
    END IF;
    INSERT INTO rct.alias (alias, user_id) VALUES (other, who) ON CONFLICT ON CONSTRAINT alias_pkey DO NOTHING;
    IF FOUND THEN
        RETURN true;
    ELSIF EXISTS (SELECT FROM rct.alias a WHERE a.alias = other AND a.user_id = who) THEN
        RETURN false;
    END IF;
    -- Whose alias it is, is not told.
    RAISE EXCEPTION '"%" is already an alias of another user', other USING
        ERRCODE = 'duplicate_object', DETAIL = format('It cannot be one of user "%s" too.', add_alias.user_id),
        HINT = 'An alias belongs to one user; use another.';
END
$$;
COMMENT ON FUNCTION rct.add_alias(text, text) IS
    'another id of a user; all later calls with it concern the user; true if it is new';

CREATE FUNCTION rct._relation_columns(relation regclass) RETURNS text[]
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text[] := (SELECT coalesce(array_agg(a.attname::text ORDER BY a.attnum), '{}') FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped);
    bad text := (SELECT format('%s is of type %s', a.attname, format_type(a.atttypid, a.atttypmod)) FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.attname, a.atttypid) IN (SELECT w.name, t.oid FROM pg_type t, (VALUES ('working'::name, 'boolean'::regtype), ('during', 'tstzrange')) w (name, type)
            WHERE t.oid <> w.type)
        ORDER BY a.attnum LIMIT 1);
BEGIN
    IF NOT columns @> '{user_id,group_type,group_id}' OR bad IS NOT NULL THEN
        RAISE EXCEPTION 'relation % is not a roster', relation USING ERRCODE = 'invalid_parameter_value',
            DETAIL = coalesce('Column ' || bad || '.', format('It has the columns %s.', array_to_string(columns, ', '))),
            HINT = 'A roster has the columns user_id, group_type and group_id, and optionally working (boolean) and, if it is registered, during (tstzrange).';
    END IF;
    -- Nobody gets to see by the functions what they may not read.
    IF NOT has_table_privilege(session_user, relation, 'SELECT') THEN
        RAISE EXCEPTION 'permission denied for relation %', relation USING ERRCODE = 'insufficient_privilege',
            HINT = 'Grant SELECT on it to the role that loads the roster.';
    END IF;
    RETURN columns;
END
$$;
COMMENT ON FUNCTION rct._relation_columns(regclass) IS 'internal: the columns of a relation that can be a roster';

-- The relation is read with the rights of who calls (see rct._read_roster); the next function, which may write, sees values
-- only.
CREATE FUNCTION rct.load_roster(relation regclass, at timestamptz DEFAULT NULL, complete boolean DEFAULT false) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text[] := rct._relation_columns(relation);
    users text[];
    types text[];
    ids text[];
    workings boolean[];
BEGIN
    IF columns IS NULL THEN
        RAISE EXCEPTION 'relation must not be NULL' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'Give the table or view that has the roster.';
    END IF;
    SELECT array_agg(r.member_id), array_agg(r.group_type), array_agg(r.group_id),
            array_agg(CASE WHEN columns @> '{working}' THEN coalesce(r.working, false) END)
        INTO users, types, ids, workings
        FROM rct._read_roster(rct._reader(), relation, columns @> '{working}', false, NULL::text, NULL::timestamptz) r;
    RETURN rct._load_roster(users, types, ids, workings, at, complete);
END
$$;
COMMENT ON FUNCTION rct.load_roster(regclass, timestamptz, boolean) IS
    'gives all users in a table or view (user_id, group_type, group_id, and optionally working) exactly the groups it has, from now or a moment on; complete: users it does not have lose theirs; returns how many users changed';

CREATE FUNCTION rct._load_roster(users text[], types text[], ids text[], workings boolean[], at timestamptz, complete boolean) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since timestamptz := rct._check_at(at);
    given text[];
    problem record;
BEGIN
    SELECT r.n, v.problem INTO problem
        FROM ROWS FROM (unnest(users), unnest(types), unnest(ids)) WITH ORDINALITY r (user_id, group_type, group_id, n),
            LATERAL (VALUES (CASE
                WHEN r.user_id IS NULL OR r.user_id = '' THEN 'no user_id'
                WHEN r.group_type IS NULL OR r.group_type = '' THEN format('no group_type for user "%s"', r.user_id)
                WHEN r.group_type IN ('user', 'segment') THEN format('"%s" for user "%s", which is no type of group', r.group_type, r.user_id)
                WHEN r.group_id IS NULL OR r.group_id = '' THEN format('no %s for user "%s"', r.group_type, r.user_id)
                WHEN strpos(r.group_type, E'\x1f') > 0 THEN format('a control character in a group_type of user "%s"', r.user_id)
            END)) v (problem)
        WHERE v.problem IS NOT NULL ORDER BY r.n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the roster has %', problem.problem USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is row %s.', problem.n), HINT = 'Leave such rows out, for example with a view.';
    END IF;
    PERFORM rct._identifier('user_id of the roster'::text, r.user_id), rct._identifier('group_type of the roster'::text, r.group_type),
            rct._identifier('group_id of the roster'::text, r.group_id)
        FROM ROWS FROM (unnest(users), unnest(types), unnest(ids)) r (user_id, group_type, group_id);
    -- Marks that have begun end first, and see the old groups; those that come next see the new ones.
    PERFORM rct._lock('context'::text, c.name, false) FROM (SELECT c.name FROM rct.context c ORDER BY c.name) c;
    LOCK TABLE rct.membership IN SHARE ROW EXCLUSIVE MODE;
    SELECT array_agg(w.user_id), array_agg(w.group_type), array_agg(w.group_id), array_agg(w.working), array_agg(w.given)
        INTO users, types, ids, workings, given
        FROM (SELECT r.user_id, r.group_type, r.group_id, min(r.given) AS given,
                coalesce(bool_or(r.working), count(*) OVER (PARTITION BY r.user_id, r.group_type) = 1) AS working
            FROM (SELECT coalesce(a.user_id, r.user_id) AS user_id, r.group_type, r.group_id, r.working, r.user_id AS given
                FROM ROWS FROM (unnest(users), unnest(types), unnest(ids), unnest(workings)) r (user_id, group_type, group_id, working)
                LEFT JOIN rct.alias a ON a.alias = r.user_id) r
            GROUP BY r.user_id, r.group_type, r.group_id) w;
    PERFORM rct._within('groups of a user'::text, format('groups of user "%s"', u.given), u.n)
        FROM (SELECT min(g) AS given, count(*) AS n FROM ROWS FROM (unnest(users), unnest(given)) w (u, g) GROUP BY w.u) u
        ORDER BY u.n DESC LIMIT 1;
    SELECT min(w.given) AS user_id, w.group_type, string_agg(w.group_id, ', ' ORDER BY w.group_id) AS ids INTO problem
        FROM ROWS FROM (unnest(users), unnest(types), unnest(ids), unnest(workings), unnest(given)) w (user_id, group_type, group_id, working, given)
        WHERE w.working GROUP BY w.user_id, w.group_type HAVING count(*) > 1 ORDER BY 1, 2 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'user "%" works in more than one %', problem.user_id, problem.group_type USING
            ERRCODE = 'invalid_parameter_value', DETAIL = format('They are %s.', problem.ids),
            HINT = 'Set working for one group of each type at most.';
    END IF;
    SELECT g.group_type, rct._similar(g.ids, g.counts) AS detail INTO problem
        FROM (
            SELECT d.group_type, array_agg(d.group_id ORDER BY d.n DESC, d.group_id COLLATE "C") AS ids,
                array_agg(d.n ORDER BY d.n DESC, d.group_id COLLATE "C") AS counts
            FROM (SELECT w.group_type, w.group_id, count(*) AS n FROM ROWS FROM (unnest(types), unnest(ids)) w (group_type, group_id)
                WHERE w.group_type IS NOT NULL GROUP BY w.group_type, w.group_id) d
            GROUP BY d.group_type, rct._folded(d.group_id) HAVING count(*) > 1
        ) g ORDER BY g.group_type COLLATE "C", g.ids[1] COLLATE "C" LIMIT 1;
    IF FOUND THEN
        RAISE WARNING 'groups of type "%" are almost the same', problem.group_type USING DETAIL = problem.detail,
            HINT = 'They count as different groups; rct.suspicious_ids names all of them. If they mean the same, write them in one way in the roster.';
    END IF;
    IF complete THEN
        users := users || ARRAY(SELECT DISTINCT m.user_id FROM rct.membership m
            WHERE upper_inf(m.known) AND NOT EXISTS (SELECT FROM unnest(users) u WHERE u = m.user_id));
    END IF;
    RETURN rct._replace_memberships(
        'SELECT w.user_id, w.group_type, w.group_id, true AS member, w.working
            FROM ROWS FROM (unnest($2), unnest($3), unnest($4), unnest($6)) w (user_id, group_type, group_id, working)
            WHERE w.group_type IS NOT NULL'::text,
        since, users, types, ids, NULL::boolean[], workings);
END
$$;
COMMENT ON FUNCTION rct._load_roster(text[], text[], text[], boolean[], timestamptz, boolean) IS
    'internal: gives users exactly the groups of a roster, for rct.load_roster';

CREATE FUNCTION rct.register_roster(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text[] := rct._relation_columns(relation);
    reader text := rct._reader();
BEGIN
    IF relation IS NOT NULL THEN
        IF (SELECT c.relpersistence FROM pg_class c WHERE c.oid = relation) = 't' THEN
            RAISE EXCEPTION 'relation % is temporary', relation USING ERRCODE = 'invalid_parameter_value',
                DETAIL = 'Other sessions could not read it.', HINT = 'Register a table or view that stays.';
        ELSIF reader IS NULL THEN
            RAISE EXCEPTION 'no role is named that reads relations of the district' USING
                ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = 'A registered roster can run code of its owner, so it is read by a role that can do nothing else.',
                HINT = 'Create a role without rights, name it with rct.grant_reader, and grant it SELECT on the relation.';
        ELSIF NOT has_table_privilege(reader, relation, 'SELECT') THEN
            RAISE EXCEPTION 'role "%" may not read relation %', reader, relation USING
                ERRCODE = 'insufficient_privilege', DETAIL = 'It is the role that reads relations of the district.',
                HINT = format('GRANT SELECT ON %s TO %I;', relation, reader);
        ELSIF NOT has_schema_privilege(reader, (SELECT c.relnamespace FROM pg_class c WHERE c.oid = relation), 'USAGE') THEN
            RAISE EXCEPTION 'role "%" may not use the schema of relation %', reader, relation USING
                ERRCODE = 'insufficient_privilege', DETAIL = 'It is the role that reads relations of the district.',
                HINT = format('GRANT USAGE ON SCHEMA %s TO %I;', (SELECT c.relnamespace::regnamespace FROM pg_class c WHERE c.oid = relation), reader);
        END IF;
    END IF;
    LOCK TABLE rct.roster_source IN SHARE ROW EXCLUSIVE MODE;
    UPDATE rct.roster_source s SET ended_at = clock_timestamp() WHERE s.ended_at = 'infinity';
    IF relation IS NOT NULL THEN
        INSERT INTO rct.roster_source (relation, has_working, has_during)
            SELECT format('%I.%I', n.nspname, c.relname), columns @> '{working}', columns @> '{during}'
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    END IF;
    UPDATE rct.context c SET registered = relation IS NOT NULL;
END
$$;
COMMENT ON FUNCTION rct.register_roster(regclass) IS
    'from now on memberships are read from this view or table of the district (user_id, group_type, group_id, optionally working and during) instead of a copy, as the role of rct.grant_reader; NULL ends that';
