-- Digests of cluster and stratum keys.

CREATE FUNCTION rct.cluster_key(cluster text) RETURNS uuid
    AS 'MODULE_PATHNAME', 'rct_key_text' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.cluster_key(text) IS
    'digest of a cluster or stratum as a sketch keeps it: XXH3-128 of the UTF-8 bytes; to join rct.cells back to a roster';

CREATE FUNCTION rct.cluster_key(cluster bigint) RETURNS uuid
    AS 'MODULE_PATHNAME', 'rct_key_bigint' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.cluster_key(bigint) IS
    'digest of a cluster or stratum as a sketch keeps it: XXH3-128 of the 8 little-endian bytes; to join rct.cells back to a roster';

CREATE FUNCTION rct.cluster_key(cluster uuid) RETURNS uuid
    AS 'MODULE_PATHNAME', 'rct_key_uuid' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.cluster_key(uuid) IS
    'digest of a cluster or stratum as a sketch keeps it: XXH3-128 of the 16 bytes; to join rct.cells back to a roster';

-- The reader of JSON and the limits, for what SQL reads itself.

CREATE FUNCTION rct._json(name text, value jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'rct_json' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rct._json(text, jsonb) IS
    'internal: the value, if it keeps the rules of all JSON arguments; NULL stays NULL';

CREATE FUNCTION rct._within(limit_of text, name text, got bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rct_within' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rct._within(text, text, bigint) IS
    'internal: true, or an error that names the argument if there are more than the limit';

-- The one rule for identifiers.

CREATE FUNCTION rct._identifier(name text, value text) RETURNS text
    AS 'MODULE_PATHNAME', 'rct_identifier' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rct._identifier(text, text) IS
    'internal: the value, if it can be an identifier: an error that names the argument if it is NULL, empty or of more than 512 bytes';

-- Identifiers that are almost the same.

CREATE FUNCTION rct._folded(value text) RETURNS text
    AS 'MODULE_PATHNAME', 'rct_folded' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._folded(text) IS
    'internal: the value in lower case and one Unicode form, without blanks that mean nothing: ids that are the same then are almost the same';

CREATE FUNCTION rct._similar(ids text[], rows bigint[]) RETURNS text
    AS 'MODULE_PATHNAME', '_similar_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct._similar(text[], bigint[]) IS 'internal: says in what ids differ that are almost the same';

CREATE TYPE rct.finding AS (severity text, code text, place text, detail text, hint text);
COMMENT ON TYPE rct.finding IS
    'what a check found: how bad it is (error, warning, info), the rule, where (NULL: the whole), what, and what to do';

-- It reads the relation as the caller, as any query of theirs would.
CREATE FUNCTION rct.suspicious_ids(relation regclass, columns text[], condition text DEFAULT NULL)
    RETURNS SETOF rct.finding
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    missing text;
    name text;
BEGIN
    IF relation IS NULL OR columns IS NULL OR array_position(columns, NULL) IS NOT NULL THEN
        RAISE EXCEPTION '% must not be NULL', CASE WHEN relation IS NULL THEN 'relation' ELSE 'columns' END
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Give a table or view, and the names of its columns that hold ids.';
    END IF;
    SELECT c.name INTO missing FROM unnest(columns || condition) WITH ORDINALITY c (name, n)
        WHERE c.name IS NOT NULL AND NOT EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = c.name AND a.attnum > 0 AND NOT a.attisdropped)
        ORDER BY c.n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'relation "%" has no column "%"', relation, missing USING ERRCODE = 'undefined_column',
            DETAIL = (SELECT format('Its columns are %s.', string_agg(format('"%s"', a.attname), ', ' ORDER BY a.attnum)) FROM pg_attribute a
                WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped),
            HINT = 'Give the names as they are stored, without quotation marks.';
    END IF;
    FOREACH name IN ARRAY columns LOOP
        RETURN QUERY EXECUTE format($query$
            WITH ids AS MATERIALIZED (
                SELECT (r.%2$I::text) COLLATE "C" AS id, count(*) AS n FROM %1$s r WHERE r.%2$I IS NOT NULL GROUP BY 1
            ), alike AS (
                SELECT rct._folded(i.id) AS folded, array_agg(i.id ORDER BY i.n DESC, i.id) AS ids, array_agg(i.n ORDER BY i.n DESC, i.id) AS counts
                FROM ids i GROUP BY 1
            )
            SELECT f.severity, f.code, %3$L, f.detail, f.hint FROM (
                SELECT 1, 'error', 'blank_id', a.ids[1], format('%%s rows have an id without a visible character.', (SELECT sum(c) FROM unnest(a.counts) c)),
                    'Store NULL where there is no id.'
                FROM alike a WHERE a.folded = ''
                UNION ALL
                SELECT 2, 'warning', 'similar_ids', a.ids[1], rct._similar(a.ids, a.counts),
                    'They count as different. If they mean the same, write them in one way where the table is made.'
                FROM alike a WHERE a.folded <> '' AND cardinality(a.ids) > 1
            ) f (part, severity, code, id, detail, hint) ORDER BY f.part, f.id COLLATE "C"
        $query$, relation, name, name);
        IF condition IS NOT NULL THEN
            RETURN QUERY EXECUTE format($query$
                SELECT 'warning', 'several_conditions', %4$L, format('%%L has rows of %%s.', i.id, i.conditions),
                    'Is this an error in the data, or were conditions assigned within these ids?'
                FROM (
                    SELECT c.id, string_agg(format('%%L (%%s)', c.condition, c.n), ', ' ORDER BY c.condition) AS conditions
                    FROM (
                        SELECT (r.%2$I::text) COLLATE "C" AS id, (r.%3$I::text) COLLATE "C" AS condition, count(*) AS n
                        FROM %1$s r WHERE r.%2$I IS NOT NULL AND r.%3$I IS NOT NULL GROUP BY 1, 2
                    ) c GROUP BY 1 HAVING count(*) > 1
                ) i ORDER BY i.id
            $query$, relation, name, condition, name);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rct.suspicious_ids(regclass, text[], text) IS
    'ids in columns of a table or view that are almost the same (blanks, case, Unicode form) or blank, and, with the column of conditions, ids with several conditions; read as the caller';
