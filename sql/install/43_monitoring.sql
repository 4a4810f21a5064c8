-- Several looks at a running experiment, and margins.

CREATE FUNCTION rct.sequential_bounds(
    information double precision[], level double precision DEFAULT 0.95, sided integer DEFAULT 2, spending text DEFAULT 'obf',
    convention text DEFAULT 'per_tail', df double precision[] DEFAULT NULL, final boolean DEFAULT false
) RETURNS TABLE (
    look bigint, information_fraction double precision, cumulative_alpha double precision, increment double precision,
    z double precision, nominal_p double precision, t_bound double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'sequential_bounds_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION rct.sequential_bounds(double precision[], double precision, integer, text, text, double precision[], boolean) IS
    'what each look at a running experiment needs to reject, so that all looks together keep the error rate (Lan and DeMets); NULLs other than df are an error';

CREATE FUNCTION rct.sequential_test(
    estimates double precision[], std_errors double precision[], information double precision[],
    df double precision[] DEFAULT NULL, level double precision DEFAULT 0.95, sided integer DEFAULT 2,
    spending text DEFAULT 'obf', convention text DEFAULT 'per_tail', final boolean DEFAULT false
) RETURNS TABLE (
    look bigint, information_fraction double precision, estimate double precision, std_error double precision,
    statistic double precision, bound double precision, p_value double precision, nominal_p double precision,
    crossed boolean, decision text, ci_low double precision, ci_high double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'sequential_test_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION rct.sequential_test(
    double precision[], double precision[], double precision[], double precision[], double precision, integer, text, text, boolean
) IS
    'estimates of consecutive looks against their bounds: crossed or not, decision, repeated confidence interval; NULLs other than df are an error';

CREATE FUNCTION rct.information_fractions(std_errors double precision[], final_std_error double precision) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'information_fractions_wrapper' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rct.information_fractions(double precision[], double precision) IS
    'information of looks as a share of that at the end, by their standard errors: (final / standard error) squared';

CREATE FUNCTION rct.confidence_sequence(
    estimate double precision, std_error double precision, clusters bigint, planned_clusters bigint,
    level double precision DEFAULT 0.95
) RETURNS TABLE (
    ci_low double precision, ci_high double precision, p_value double precision, halfwidth double precision,
    multiplier double precision, rho double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'confidence_sequence_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.confidence_sequence(double precision, double precision, bigint, bigint, double precision) IS
    'interval and p-value that hold at every look as clusters come in; a missing estimate gives a note, NULLs of the plan are an error';

CREATE FUNCTION rct.confidence_sequence_looks(
    estimates double precision[], std_errors double precision[], clusters bigint[], planned_clusters bigint,
    level double precision DEFAULT 0.95
) RETURNS TABLE (
    look bigint, ci_low double precision, ci_high double precision, p_value double precision, running_low double precision,
    running_high double precision, running_p double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'confidence_sequence_looks_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 5;
COMMENT ON FUNCTION rct.confidence_sequence_looks(double precision[], double precision[], bigint[], bigint, double precision) IS
    'confidence sequence over several looks, with the intersection of the intervals so far; NULL arguments are an error, NULL elements are looks without an estimate';

CREATE FUNCTION rct.harm_probability(
    estimate double precision, std_error double precision, sd double precision, df double precision DEFAULT NULL,
    prior_mean double precision DEFAULT 0, prior_sd double precision DEFAULT 0.2, threshold double precision DEFAULT 0,
    direction text DEFAULT 'higher_is_better'
) RETURNS TABLE (
    p_harm double precision, p_above double precision, posterior_mean double precision, posterior_sd double precision,
    weight double precision, prior_mean_outcome double precision, prior_sd_outcome double precision,
    threshold_outcome double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'harm_probability_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.harm_probability(
    double precision, double precision, double precision, double precision, double precision, double precision, double precision, text
) IS
    'probability that a condition harms, given a prior in standard deviations of the outcome; a missing estimate gives a note, NULLs of the plan are an error';

CREATE FUNCTION rct.non_inferiority(
    estimate double precision, std_error double precision, df double precision, margin double precision,
    direction text DEFAULT 'higher_is_better', level double precision DEFAULT 0.95
) RETURNS TABLE (
    verdict text, worst double precision, best double precision, t double precision, p_value double precision,
    p_tripped double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'non_inferiority_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.non_inferiority(double precision, double precision, double precision, double precision, text, double precision) IS
    'whether a guardrail holds: one-sided test that a condition is not worse than a margin allows; a missing estimate gives a note, NULLs of the plan are an error';

CREATE FUNCTION rct.equivalence(
    estimate double precision, std_error double precision, df double precision, margin double precision,
    level double precision DEFAULT 0.95
) RETURNS TABLE (
    verdict text, p_value double precision, p_low double precision, p_high double precision, ci_low double precision,
    ci_high double precision, notes text[]
)
    AS 'MODULE_PATHNAME', 'equivalence_wrapper' LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION rct.equivalence(double precision, double precision, double precision, double precision, double precision) IS
    'whether an effect is within a margin on both sides: two one-sided tests; a missing estimate gives a note, NULLs of the plan are an error';
