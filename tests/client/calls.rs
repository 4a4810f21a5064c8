//! A call of every function that anybody may call, on the tables that `everybody_can_compute` makes.

/// A call of each public function.
pub const CALLS: &[(&str, &str)] = &[
    ("bucket", "SELECT rct.bucket('salt', 'ada')"),
    (
        "choose",
        "SELECT rct.choose('salt', 'ada', ARRAY['a', 'b']), rct.choose('salt', 'ada', ARRAY['a', 'b'], ARRAY[1, 2], 'upgrade')",
    ),
    ("in_rollout", "SELECT rct.in_rollout('salt', 'ada', 0.5)"),
    (
        "randomize",
        "SELECT * FROM rct.randomize(ARRAY['u', 'v'], ARRAY['a', 'b'], seed => 's')",
    ),
    (
        "lint_design",
        "SELECT count(*) FROM rct.lint_design(ARRAY['u', 'v'], ARRAY['a', 'b'])",
    ),
    ("experiment_schema", "SELECT rct.experiment_schema()"),
    (
        "cluster_key",
        "SELECT rct.cluster_key('a'::text), rct.cluster_key(1::bigint), rct.cluster_key('00000000-0000-0000-0000-000000000001'::uuid)",
    ),
    (
        "first",
        "SELECT rct.first(y, at), rct.first(c, at, g) FROM pg_temp.mine",
    ),
    (
        "last",
        "SELECT rct.last(y, at), rct.last(c, at, g) FROM pg_temp.mine",
    ),
    ("median", "SELECT rct.median(y) FROM pg_temp.mine"),
    (
        "reduce",
        "SELECT rct.reduce(y, at, 'mean'), rct.reduce(c, at, 'mode') FROM pg_temp.mine",
    ),
    (
        "sketch",
        "SELECT rct.sketch(y, c, g), rct.sketch(y, c, g, c, ARRAY[y]::float8[], y, 1), rct.sketch('y, z / n ~ x; exposure: e; weight: w', c, g, c, y, y, y, y, y, 1) FROM pg_temp.mine",
    ),
    ("rollup", "SELECT rct.rollup(s) FROM pg_temp.made"),
    (
        "sketch_info",
        "SELECT * FROM pg_temp.made, rct.sketch_info(s)",
    ),
    ("cells", "SELECT * FROM pg_temp.made, rct.cells(s)"),
    ("effects", "SELECT * FROM pg_temp.made, rct.effects(s, 'a')"),
    (
        "effects",
        "SELECT * FROM pg_temp.made, rct.effects(x, 'a', outcome => 'y2 / n')",
    ),
    (
        "effects",
        "SELECT * FROM rct.effects((SELECT rct.student_sketch(y, c) FROM pg_temp.mine), 'a')",
    ),
    (
        "effects",
        "SELECT * FROM rct.effects((SELECT rct.sketch(y, c, g, (g % 6)::text) FROM pg_temp.mine), 'a', strata => 'pairs')",
    ),
    (
        "coefficients",
        "SELECT * FROM pg_temp.made, rct.coefficients(x, 'a', adjust => 'ancova')",
    ),
    (
        "contrasts",
        "SELECT * FROM pg_temp.made, rct.contrasts(s, 'a', '{b = a}')",
    ),
    (
        "joint_test",
        "SELECT * FROM pg_temp.made, rct.joint_test(s, 'a')",
    ),
    ("arms", "SELECT * FROM pg_temp.made, rct.arms(s)"),
    ("icc", "SELECT * FROM pg_temp.made, rct.icc(s)"),
    (
        "design_effect",
        "SELECT * FROM pg_temp.made, rct.design_effect(s)",
    ),
    (
        "student_sketch",
        "SELECT rct.student_sketch(y, c), rct.student_sketch(y, c, g, y), rct.student_sketch('y ~ x', c, g, y, y) FROM pg_temp.mine",
    ),
    (
        "influence",
        "SELECT * FROM pg_temp.made, rct.influence(s, 'a')",
    ),
    (
        "cluster_diagnostics",
        "SELECT * FROM pg_temp.made, rct.cluster_diagnostics(s, 'a')",
    ),
    (
        "cace",
        "SELECT * FROM pg_temp.made, rct.cace(x, 'a', exposures => '{e}')",
    ),
    (
        "two_proportions",
        "SELECT * FROM rct.two_proportions(56, 70, 48, 80)",
    ),
    (
        "proportion_interval",
        "SELECT * FROM rct.proportion_interval(56, 70)",
    ),
    ("cox_index", "SELECT rct.cox_index(0.6, 0.5)"),
    (
        "wwc_correct_t",
        "SELECT rct.wwc_correct_t(3, 1000, 25, 0.2)",
    ),
    (
        "effect_sizes",
        "SELECT * FROM pg_temp.made, rct.effect_sizes(s, 'a')",
    ),
    (
        "wild_bootstrap",
        "SELECT * FROM pg_temp.made, rct.wild_bootstrap(s, 'a', 'seed', draws => 99)",
    ),
    (
        "randomization_test",
        "SELECT * FROM pg_temp.made, rct.randomization_test(s, 'a', 'seed', draws => 99)",
    ),
    (
        "simultaneous_intervals",
        "SELECT * FROM pg_temp.made, rct.simultaneous_intervals(x, 'a', 'seed', draws => 99, outcomes => '{odd,y}')",
    ),
    (
        "subgroup_effects",
        "SELECT * FROM pg_temp.made, rct.subgroup_effects('{p,q}', ARRAY[s, s], 'a')",
    ),
    (
        "interaction_test",
        "SELECT * FROM pg_temp.made, rct.interaction_test('{p,q}', ARRAY[s, s], 'a')",
    ),
    (
        "distribution",
        "SELECT rct.distribution(y, c, g), rct.distribution(y, c, g, c) FROM pg_temp.mine",
    ),
    (
        "quantile_effects",
        "SELECT * FROM pg_temp.made, rct.quantile_effects(d, 'a')",
    ),
    (
        "attrition",
        "SELECT * FROM pg_temp.made, rct.attrition(o, 'a')",
    ),
    (
        "wwc_attrition",
        "SELECT * FROM rct.wwc_attrition(0.2, 0.05)",
    ),
    (
        "missing_balance",
        "SELECT * FROM pg_temp.made, rct.missing_balance(o)",
    ),
    (
        "manski_bounds",
        "SELECT * FROM pg_temp.made, rct.manski_bounds(o, 'a', 0, 10)",
    ),
    (
        "lee_bounds",
        "SELECT * FROM pg_temp.made, rct.lee_bounds(d, o, 'a')",
    ),
    (
        "response_weights",
        "SELECT * FROM pg_temp.made, rct.response_weights(o)",
    ),
    (
        "logistic_rows",
        "SELECT rct.logistic_rows(y % 2, ARRAY[y::float8]) FROM pg_temp.mine",
    ),
    (
        "logistic",
        "SELECT * FROM rct.logistic((SELECT rct.logistic_rows(y % 2, ARRAY[y::float8]) FROM pg_temp.mine))",
    ),
    (
        "logistic_predict",
        "SELECT rct.logistic_predict('{0,1}', '{2}')",
    ),
    (
        "pool_imputations",
        "SELECT * FROM rct.pool_imputations('{1,2}', '{1,1}')",
    ),
    ("srm", "SELECT * FROM pg_temp.made, rct.srm(s)"),
    (
        "srm_by_stratum",
        "SELECT * FROM rct.srm_by_stratum('{p,p}', '{a,b}', '{10,12}')",
    ),
    (
        "srm_blocked",
        "SELECT * FROM rct.srm_blocked('{p,p}', '{a,b}', '{10,12}', '{9,12}')",
    ),
    (
        "srm_sequential",
        "SELECT * FROM rct.srm_sequential('{10,12}')",
    ),
    ("srm_looks", "SELECT * FROM rct.srm_looks('{10,12,20,22}')"),
    ("balance", "SELECT * FROM pg_temp.made, rct.balance(x, 'a')"),
    (
        "balance_joint",
        "SELECT * FROM pg_temp.made, rct.balance_joint(x, 'a')",
    ),
    (
        "impossible_patterns",
        "SELECT count(*) FROM pg_temp.made, rct.impossible_patterns(s)",
    ),
    ("p_adjust", "SELECT rct.p_adjust('{0.01,0.04}')"),
    (
        "p_adjust_families",
        "SELECT * FROM rct.p_adjust_families('{m}', '{primary}', '{0.01}')",
    ),
    (
        "sequential_bounds",
        "SELECT * FROM rct.sequential_bounds('{0.5,1}')",
    ),
    (
        "sequential_test",
        "SELECT * FROM rct.sequential_test('{1}', '{1}', '{0.5,1}')",
    ),
    (
        "information_fractions",
        "SELECT rct.information_fractions('{2,1}', 1)",
    ),
    (
        "confidence_sequence",
        "SELECT * FROM rct.confidence_sequence(1, 1, 40, 60)",
    ),
    (
        "confidence_sequence_looks",
        "SELECT * FROM rct.confidence_sequence_looks('{1}', '{1}', '{40}', 60)",
    ),
    (
        "harm_probability",
        "SELECT * FROM rct.harm_probability(1, 1, 10)",
    ),
    (
        "non_inferiority",
        "SELECT * FROM rct.non_inferiority(1, 1, 20, 2)",
    ),
    ("equivalence", "SELECT * FROM rct.equivalence(1, 1, 20, 2)"),
    ("trial", "SELECT * FROM rct.trial(25, 0.15)"),
    ("notes", "SELECT count(*) FROM rct.notes()"),
    (
        "power",
        "SELECT * FROM rct.power(rct.trial(25, 0.15), 20, 20, 0.3)",
    ),
    ("mde", "SELECT * FROM rct.mde(rct.trial(25, 0.15), 20, 20)"),
    (
        "clusters_needed",
        "SELECT * FROM rct.clusters_needed(rct.trial(25, 0.15), 0.3)",
    ),
    (
        "power_table",
        "SELECT * FROM rct.power_table(rct.trial(25, 0.15), '{10,20}')",
    ),
    (
        "roster_se",
        "SELECT * FROM rct.roster_se(rct.trial(25, 0.15), '{20,25,30,22}')",
    ),
    (
        "duration",
        "SELECT * FROM rct.duration(rct.trial(25, 0.15), '2026-09-01', 20, '{2026-09-01}', '{40}', 0.5)",
    ),
    (
        "variance_components",
        "SELECT * FROM pg_temp.made, rct.variance_components(x)",
    ),
    (
        "simulate",
        "SELECT * FROM rct.simulate('{\"clusters\": 6}', draws => 3)",
    ),
    (
        "simulate_roster",
        "SELECT * FROM rct.simulate_roster('{\"clusters\": 6}')",
    ),
];
