-- Whole experiments, simulated; without reports of progress, which depend on the machine.
SET client_min_messages = warning;

-- What the columns say, on a design whose numbers are known: rates near their targets, the same numbers again.
SELECT analysis, condition, effect, rosters, computed, power BETWEEN 0.7 AND 0.9 AS power, type_i_error BETWEEN 0.03 AND 0.07 AS type_i_error,
    coverage BETWEEN 0.93 AND 0.97 AS coverage, abs(bias) < 0.02 AS unbiased, mean_std_error / empirical_se BETWEEN 0.95 AND 1.05 AS honest, notes
FROM rct.simulate('{"clusters": 40, "icc": 0.15, "effect": 0.37, "analyses": [{"se": "CR2"}]}', draws => 1000);
SELECT count(DISTINCT s::text) AS different FROM generate_series(1, 3), LATERAL
    (SELECT * FROM rct.simulate('{"clusters": 6, "effect": 1}', draws => 20, seed => 'again') WHERE generate_series > 0) AS s WHERE analysis = 'CR2';

-- Without an effect there is no power.
SELECT analysis, power, type_i_error IS NOT NULL AS type_i_error, notes FROM rct.simulate('{"clusters": 6}', draws => 20);

-- A roster: one row for each student, treated classes and their effect.
SELECT count(*), count(DISTINCT class) AS classes, count(DISTINCT teacher) AS teachers, count(DISTINCT unit) AS units, count(outcome) AS observed,
    count(*) FILTER (WHERE condition = 'b') AS treated, count(moved_to) AS movers, count(*) FILTER (WHERE late) AS late, count(pretest) AS pretests
FROM rct.simulate_roster('{"clusters": 12, "size": 10, "teachers": {"sections": 2}, "unit": "teacher", "conditions": ["a", "b"], "late": {"share": 0.3},
    "movers": {"share": 0.3}, "attrition": {"students": 0.2}, "pretest": {"r2": 0.5}}', seed => 's', draw => 7);
SELECT condition, late, round(avg(outcome - outcome_without_effect)::numeric, 6) AS effect
FROM rct.simulate_roster('{"clusters": 12, "size": 30, "effect": 2, "late": {"share": 0.3, "dose": 0.25}}') GROUP BY 1, 2 ORDER BY 1, 2;

-- What makes no sense.
SELECT * FROM rct.simulate('{"clusters": 1}');
SELECT * FROM rct.simulate('{"clusters": 10, "iccc": 1}');
SELECT * FROM rct.simulate('{"clusters": 10, "size": {"mean": 5, "cv": 9}}');
SELECT * FROM rct.simulate('{"clusters": 10}', draws => 0);
SELECT * FROM rct.simulate('{"clusters": 10}', draws => -5);
SELECT * FROM rct.simulate('{"clusters": 10}', level => 1);
SELECT * FROM rct.simulate('{"clusters": 10, "conditions": ["only"]}');
SELECT * FROM rct.simulate('{"clusters": 10, "weights": [1, 2, 3]}');
SELECT * FROM rct.simulate(NULL);
SELECT * FROM rct.simulate('{"clusters": 10}', seed => NULL);
SELECT * FROM rct.simulate_roster('3');
