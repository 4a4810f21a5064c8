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
