-- Several tests at once.

CREATE FUNCTION rct.p_adjust(p double precision[], method text DEFAULT 'holm') RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'p_adjust_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.p_adjust(double precision[], text) IS
    'p-values adjusted for their number: holm, hochberg, hommel, bonferroni, bh, by; a NULL element stays NULL and does not count';

CREATE FUNCTION rct.p_adjust_families(
    metrics text[], roles text[], p double precision[], methods jsonb DEFAULT '{}', level double precision DEFAULT 0.95
) RETURNS TABLE (
    metric text, role text, p_value double precision, method text, family_size bigint, p_adjusted double precision,
    rejected boolean, notes text[]
)
    AS 'MODULE_PATHNAME', 'p_adjust_families_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10;
COMMENT ON FUNCTION rct.p_adjust_families(text[], text[], double precision[], jsonb, double precision) IS
    'p-values of metrics adjusted within the families that their roles make; NULL arguments are an error';
