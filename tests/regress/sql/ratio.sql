-- Ratio metrics, next to their formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-11) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

CREATE TABLE class AS
SELECT s AS school, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END AS arm, (1 + i * 11 % 13)::double precision AS tasks,
       ((i * 7 + s) % (2 + i * 11 % 13))::double precision AS solved
FROM generate_series(1, 21) AS s, generate_series(1, 3 + s * 5 % 9) AS i;
CREATE TABLE sketch AS SELECT rct.sketch('solved / tasks', arm, school, NULL, solved, tasks) AS s FROM class;

-- The delta method: residuals of school sums, and Welch's degrees of freedom on schools.
CREATE VIEW school AS
SELECT arm, school, sum(solved) AS y, sum(tasks) AS d, sum(sum(solved)) OVER a AS ty, sum(sum(tasks)) OVER a AS td, count(*) OVER a AS g
FROM class GROUP BY arm, school WINDOW a AS (PARTITION BY arm);
CREATE VIEW by_arm AS
SELECT arm, max(ty / td) AS r, max(td) AS d, max(g) AS g, sum((y - ty / td * d) ^ 2 / td ^ 2) * max(g / (g - 1.0)) AS delta,
       sum((y - ty / td * d) ^ 2 / td ^ 2 / (1 - d / td)) AS cr2
FROM school GROUP BY arm;
SELECT e.outcome, near(e.mean, n.r) AND near(e.mean_control, o.r) AS ratios, near(e.estimate, n.r - o.r) AS estimate,
       near(e.std_error, sqrt(n.delta + o.delta)) AS std_error,
       near(e.df, (n.delta + o.delta) ^ 2 / (n.delta ^ 2 / (n.g - 1) + o.delta ^ 2 / (o.g - 1))) AS df,
       near(e.lift, n.r / o.r - 1) AS lift, e.clusters, e.clusters_control, e.notes
FROM sketch, rct.effects(s, 'old', se => 'delta') AS e, by_arm AS n, by_arm AS o WHERE n.arm = 'new' AND o.arm = 'old';
-- CR2: each residual over the root of one minus the school's share of the denominator; degrees of freedom of the working model.
SELECT near(e.std_error, sqrt(n.cr2 + o.cr2)) AS std_error, near(e.df, df.df) AS df
FROM sketch, rct.effects(s, 'old') AS e, by_arm AS n, by_arm AS o,
     (SELECT sum(p) FILTER (WHERE same) ^ 2 / sum(p ^ 2) AS df
      FROM (SELECT a.school = b.school AS same,
                   CASE WHEN a.school = b.school THEN a.d / a.td ^ 2
                        ELSE -a.d * b.d / (a.td ^ 3 * sqrt((1 - a.d / a.td) * (1 - b.d / b.td))) END AS p
            FROM school AS a JOIN school AS b USING (arm)) AS pairs) AS df
WHERE n.arm = 'new' AND o.arm = 'old';
-- With the denominator 1 it is the difference in means.
SELECT near(r.estimate, e.estimate) AND near(r.std_error, e.std_error) AND near(r.df, e.df) AND near(r.p_value, e.p_value)
       AND near(r.ci_low, e.ci_low, 1e-9) AND near(r.lift_low, e.lift_low, 1e-9) AND near(r.lift_high, e.lift_high, 1e-9) AS same
FROM rct.effects((SELECT rct.sketch('solved / one', arm, school, NULL, solved, 1) FROM class), 'old') AS r,
     rct.effects((SELECT rct.sketch(solved, arm, school) FROM class), 'old') AS e;
-- More confidence, wider; nothing else changes.
SELECT a.ci_low < b.ci_low AND a.lift_high > b.lift_high AS wider, a.p_value = b.p_value AS p
FROM sketch, rct.effects(s, 'old', level => 0.99) AS a, rct.effects(s, 'old') AS b;

-- Ratios among other outcomes, by name; the sum of a ratio needs both of its values.
SELECT a.outcome, to_jsonb(a) - 'outcome' = to_jsonb(b) - 'outcome' AS same
FROM sketch, (SELECT rct.sketch('tasks, solved / tasks2, tasks3 / solved2 ~ school', arm, school, NULL, tasks, solved, tasks, tasks, solved, school) AS many,
                     rct.sketch('tasks / solved', arm, school, NULL, tasks, solved) AS inverse FROM class) AS k,
     unnest(ARRAY['solved / tasks2', 'tasks3/solved2']) AS name, rct.effects(many, 'old', outcome => name) AS a,
     rct.effects(CASE WHEN name ~ '^solved' THEN s ELSE inverse END, 'old') AS b;
-- Without a name it is the first outcome that is no ratio.
SELECT a.outcome AS first, to_jsonb(a) = to_jsonb(c) AS first_outcome, b.outcome AS named, to_jsonb(b) - 'outcome' = to_jsonb(r) - 'outcome' AS ratio
FROM sketch, (SELECT rct.sketch('tasks, solved / tasks2', arm, school, NULL, tasks, solved, tasks) AS m, rct.sketch('tasks', arm, school, NULL, tasks) AS plain FROM class) AS k,
     rct.effects(m, 'old') AS a, rct.effects(plain, 'old') AS c, rct.effects(m, 'old', outcome => 'solved / tasks2') AS b, rct.effects(sketch.s, 'old') AS r;
SELECT e.outcome AS first, to_jsonb(e) = to_jsonb(r) AS same
FROM rct.effects((SELECT rct.sketch('solved / tasks2, tasks', arm, school, NULL, solved, tasks, tasks) FROM class), 'old') AS e,
     rct.effects((SELECT rct.sketch('tasks', arm, school, NULL, tasks) FROM class), 'old') AS r;
SELECT a.n + a.n_control AS n, a.notes, a.estimate = b.estimate AND a.std_error = b.std_error AND a.mean = b.mean AND a.mean_control = b.mean_control AS complete_rows
FROM rct.effects((SELECT rct.sketch('solved / tasks', arm, school, NULL, NULLIF(solved, 3), NULLIF(tasks, 5)) FROM class), 'old') AS a,
     rct.effects((SELECT rct.sketch('solved / tasks', arm, school, NULL, solved, tasks) FROM class WHERE solved <> 3 AND tasks <> 5), 'old') AS b;

-- What does not exist, and why.
CREATE FUNCTION brief(s rct.sketch, OUT ratio numeric, OUT ratio_control numeric, OUT std_error numeric, OUT p numeric, OUT lift numeric, OUT lift_low numeric, OUT notes text[])
    LANGUAGE sql AS
    'SELECT round(mean::numeric, 6), round(mean_control::numeric, 6), round(std_error::numeric, 6), round(p_value::numeric, 6), round(lift::numeric, 6), round(lift_low::numeric, 6), notes
     FROM rct.effects(s, ''old'')';
SELECT * FROM brief((SELECT rct.sketch('solved / tasks', arm, school, NULL, solved, CASE WHEN arm = 'new' THEN 0 ELSE tasks END) FROM class));
SELECT * FROM brief((SELECT rct.sketch('solved / tasks', arm, school, NULL, CASE WHEN arm = 'new' THEN solved ELSE 0 END, tasks) FROM class));
SELECT * FROM brief((SELECT rct.sketch('solved / tasks', arm, school, NULL, solved - 3.2, tasks) FROM class));
SELECT * FROM brief((SELECT rct.sketch('half / tasks', arm, school, NULL, tasks / 2, tasks) FROM class));
SELECT * FROM brief((SELECT rct.sketch('solved / tasks', arm, school, school % 3, solved, NULLIF(tasks, 3)) FROM class WHERE arm = 'old' OR school = 2));
SELECT count(*) AS none FROM rct.effects(NULL, 'old');

-- Errors.
SELECT rct.effects((SELECT rct.sketch(solved, arm, school) FROM class), 'old', se => 'delta');
SELECT rct.effects((SELECT rct.sketch('solved / tasks', arm, school, NULL, solved, -tasks) FROM class), 'old');
SELECT rct.effects(s, 'old', outcome => 'solved') FROM sketch;
SELECT rct.joint_test(s, 'old') FROM sketch;
SELECT rct.effects(s, 'old', 'lin') FROM sketch;
SELECT rct.effects(s, 'old', strata => 'pairs') FROM sketch;
SELECT rct.effects(s, 'old', se => 'CR1') FROM sketch;
SELECT rct.effects(s, 'other') FROM sketch;
SELECT rct.effects(s, 'old', level => 1) FROM sketch;
SELECT rct.effects(s, NULL) FROM sketch;
