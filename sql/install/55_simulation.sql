-- Whole experiments, simulated.

CREATE FUNCTION rct.simulate(
    design jsonb, draws integer DEFAULT 1000, seed text DEFAULT '1', level double precision DEFAULT 0.95
) RETURNS TABLE (
    analysis text, condition text, effect double precision, power double precision, type_i_error double precision,
    coverage double precision, srm_rate double precision, simulation_error double precision,
    mean_estimate double precision, bias double precision, empirical_se double precision,
    mean_std_error double precision, mean_df double precision, rosters bigint, computed bigint, notes text[]
)
    AS 'MODULE_PATHNAME', 'simulate_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000000 ROWS 2;
COMMENT ON FUNCTION rct.simulate(jsonb, integer, text, double precision) IS
    'power, type I error, coverage and rate of sample ratio alarms of a design, over synthetic rosters that are assigned and analyzed by the code of real experiments; NULLs are an error';

CREATE FUNCTION rct.simulate_roster(design jsonb, seed text DEFAULT '1', draw integer DEFAULT 0) RETURNS TABLE (
    student bigint, class bigint, teacher bigint, unit bigint, stratum bigint, condition text, late boolean,
    moved_to bigint, pretest double precision, outcome double precision, outcome_without_effect double precision
)
    AS 'MODULE_PATHNAME', 'simulate_roster_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1001;
COMMENT ON FUNCTION rct.simulate_roster(jsonb, text, integer) IS
    'the students of one draw of rct.simulate, with their assignment and outcomes; NULLs are an error';
