-- Effects in segments, next to the effects in the rows of each segment, and the test that they are equal.

CREATE TABLE pupil (id int, school int, arm text, segment text, y double precision, x double precision);
-- 24 schools with pupils of three segments each, so that segments share schools.
INSERT INTO pupil
SELECT s * 100 + i, s, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END, (ARRAY['first', 'second', 'third'])[1 + i % 3],
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + CASE WHEN s % 2 = 0 THEN (i % 3) * 1.25 ELSE 0 END, (s + i * 5) % 9
FROM generate_series(1, 24) AS s, generate_series(1, 9 + s * 5 % 9) AS i;
CREATE VIEW segments AS
SELECT array_agg(segment) AS segments, array_agg(s) AS sketches
FROM (SELECT segment, rct.sketch('y ~ x', arm, school, NULL, y, x) AS s FROM pupil GROUP BY segment) AS by_segment;

SELECT segment, condition, round(estimate::numeric, 6) AS estimate, round(std_error::numeric, 6) AS std_error, round(df::numeric, 4) AS df,
       round(p_value::numeric, 6) AS p_value, round(p_holm::numeric, 6) AS p_holm, n, n_control, clusters, clusters_control, guarded, notes
FROM segments, rct.subgroup_effects(segments, sketches, 'old');
-- Each row is what rct.effects says of the rows of the segment, adjusted or not.
SELECT adjust, bool_and((g.estimate, g.std_error, g.df, g.t, g.p_value, g.ci_low, g.ci_high, g.n, g.n_control, g.clusters, g.clusters_control)
                    = (e.estimate, e.std_error, e.df, e.t, e.p_value, e.ci_low, e.ci_high, e.n, e.n_control, e.clusters, e.clusters_control)) AS same,
       count(*)
FROM segments, unnest(ARRAY['none', 'ancova']) AS adjust, rct.subgroup_effects(segments, sketches, 'old', adjust => adjust, level => 0.9) AS g,
     rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM pupil WHERE segment = g.segment), 'old', adjust => adjust, level => 0.9) AS e
GROUP BY adjust ORDER BY adjust;
-- Holm: the smallest p-value times 3, the next times 2, and never less than the one before.
SELECT bool_and(p_holm = least(1, greatest((4 - r) * p_value, coalesce(before, 0)))) AS holm
FROM (SELECT *, rank() OVER w AS r, lag(p_holm) OVER w AS before FROM segments, rct.subgroup_effects(segments, sketches, 'old') WINDOW w AS (ORDER BY p_value)) AS ranked;

-- The test of all, and of pairs.
SELECT i.outcome, condition, control, i.segments, round(f::numeric, 6) AS f, df_num, round(df_den::numeric, 4) AS df_den, round(p_value::numeric, 6) AS p_value,
       estimate, notes
FROM segments AS s, rct.interaction_test(s.segments, sketches, 'old') AS i;
SELECT i.segments, round(estimate::numeric, 6) AS estimate, round(std_error::numeric, 6) AS std_error, round(df_den::numeric, 4) AS df,
       round(t::numeric, 6) AS t, round((f - t ^ 2)::numeric, 12) AS f_less_t2, round(ci_low::numeric, 6) AS ci_low, round(ci_high::numeric, 6) AS ci_high
FROM segments AS s, rct.interaction_test(s.segments[1:2], sketches[1:2], 'old') AS i;
-- Schools that differ in all their pupils alike do not make the difference less certain, if they are the same schools.
SELECT shared.std_error < apart.std_error AS shared_clusters_count
FROM rct.interaction_test(ARRAY['a', 'b'], ARRAY[(SELECT rct.sketch(y + school * 3 % 7 * 10, arm, school) FROM pupil WHERE segment = 'first'),
                                                 (SELECT rct.sketch(y + school * 3 % 7 * 10, arm, school) FROM pupil WHERE segment = 'second')], 'old') AS shared,
     rct.interaction_test(ARRAY['a', 'b'], ARRAY[(SELECT rct.sketch(y + school * 3 % 7 * 10, arm, school) FROM pupil WHERE segment = 'first'),
                                                 (SELECT rct.sketch(y + school * 3 % 7 * 10, arm, school + 100) FROM pupil WHERE segment = 'second')], 'old') AS apart;

-- The order of the arrays does not matter; a segment with a NULL sketch has no rows.
SELECT (SELECT array_agg(g) FROM segments, rct.subgroup_effects(segments, sketches, 'old') AS g)
     = (SELECT array_agg(g) FROM segments, rct.subgroup_effects(ARRAY['empty', segments[3], segments[1], segments[2]],
                                                                ARRAY[NULL, sketches[3], sketches[1], sketches[2]], 'old') AS g) AS any_order;
-- Small counts.
SELECT segment, estimate IS NULL AS held_back, p_holm IS NULL AS no_p, n, clusters, guarded, notes
FROM segments, rct.subgroup_effects(segments, sketches, 'old', min_students => 52);
SELECT i.segments, f, notes FROM segments AS s, rct.interaction_test(s.segments, sketches, 'old', min_clusters => 100) AS i;

-- No rows.
SELECT count(*) FROM rct.subgroup_effects(NULL, NULL, 'old');
SELECT count(*) FROM rct.interaction_test(ARRAY['a'], NULL, 'old');
SELECT count(*) FROM rct.subgroup_effects(ARRAY[]::text[], ARRAY[]::rct.sketch[], 'old');
-- Errors.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SELECT rct.subgroup_effects(segments, sketches, NULL) FROM segments;
SELECT rct.subgroup_effects(segments, sketches, 'old', min_clusters => NULL) FROM segments;
SELECT rct.subgroup_effects(segments, sketches, 'Old') FROM segments;
SELECT rct.subgroup_effects(segments, sketches, 'old', min_students => 0) FROM segments;
SELECT rct.subgroup_effects(segments, sketches[1:2], 'old') FROM segments;
SELECT rct.subgroup_effects(ARRAY['a', 'a', 'b'], sketches, 'old') FROM segments;
SELECT rct.interaction_test(ARRAY['a', NULL, 'b'], sketches, 'old') FROM segments;
SELECT rct.interaction_test(segments, sketches, 'old', adjust => 'lasso') FROM segments;
SELECT rct.interaction_test(segments, sketches, 'old', level => 95) FROM segments;
