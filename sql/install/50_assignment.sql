-- Which unit gets which condition: by hash, one unit at a time, or by randomization of a roster with exact counts.

CREATE FUNCTION rct.bucket(salt text, unit text) RETURNS double precision
    AS 'MODULE_PATHNAME', 'rct_bucket' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.bucket(text, text) IS
    'where a unit falls between 0 and 1 (1 excluded), by XXH3 of salt and unit; the number that rct.choose decides by';

CREATE FUNCTION rct.choose(
    salt text, unit text, conditions text[], weights double precision[] DEFAULT NULL, hash text DEFAULT 'xxh3'
) RETURNS text
    AS 'MODULE_PATHNAME', 'choose_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION rct.choose(text, text, text[], double precision[], text) IS
    'condition of a unit, drawn by hash with these weights, equal ones by default; NULL for a NULL salt or unit, other NULLs are an error';

CREATE FUNCTION rct.in_rollout(salt text, unit text, fraction double precision) RETURNS boolean
    AS 'MODULE_PATHNAME', 'rct_in_rollout' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.in_rollout(text, text, double precision) IS
    'whether a unit is among this fraction of all units; raising the fraction never drops a unit';

CREATE FUNCTION rct.randomize(
    units text[], conditions text[], weights double precision[] DEFAULT NULL, strata text[] DEFAULT NULL,
    seed text DEFAULT NULL, method text DEFAULT 'blocks'
) RETURNS TABLE (unit text, stratum text, block bigint, slot bigint, condition text)
    AS 'MODULE_PATHNAME', 'randomize_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 200;
COMMENT ON FUNCTION rct.randomize(text[], text[], double precision[], text[], text, text) IS
    'randomization of a roster with exact counts in each stratum, in permuted blocks, completely or in pairs; the same seed gives the same result; a NULL stratum is "unknown", other NULLs are an error';

CREATE FUNCTION rct.lint_design(
    units text[], conditions text[], weights double precision[] DEFAULT NULL, strata text[] DEFAULT NULL,
    method text DEFAULT 'blocks', expected_strata text[] DEFAULT NULL
) RETURNS SETOF rct.finding
    AS 'MODULE_PATHNAME', 'lint_design_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.lint_design(text[], text[], double precision[], text[], text, text[]) IS
    'what is doubtful about a randomization before it is done: small, single-condition, empty and too many strata, imbalance; no row if nothing is';
