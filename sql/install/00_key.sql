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
