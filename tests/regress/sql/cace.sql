-- The effect of exposure on compliers, next to its formulas in plain SQL.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-11) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';

CREATE TABLE class AS
SELECT s AS school, CASE WHEN s % 2 = 0 THEN 'new' ELSE 'old' END AS arm, CASE WHEN s <= 10 THEN 'north' ELSE 'south' END AS stratum,
       (s * 7 % 5) * 1.5 + (i * 11 % 13) / 2.0 + d * 2 AS y, d, (i * 5 % 7)::double precision AS x, 1 + s % 3 AS w
FROM generate_series(1, 21) AS s, generate_series(1, 3 + s * 5 % 9) AS i,
     LATERAL (SELECT CASE WHEN s % 2 = 0 THEN (i % 3 > 0)::int ELSE (i % 5 = 0)::int END AS d) AS taken;
CREATE TABLE sketch AS
SELECT rct.sketch(y, arm, school) AS y, rct.sketch(d, arm, school) AS d,
       rct.sketch('y ~ x; exposure: d', arm, school, NULL, y, x, d) AS "both",
       rct.sketch('y ~ x; exposure: x2, d; weight: w', arm, school, stratum, y, x, x, d, w) AS "full"
FROM class;

-- Estimate: the ratio of the two intention-to-treat effects; first stage: the effect on exposure.
SELECT near(c.estimate, y.estimate / d.estimate) AS estimate, near(c.itt, y.estimate) AS itt, near(c.first_stage, d.estimate) AS first_stage,
       near(c.first_stage_se, d.std_error) AS first_stage_se, near(c.first_stage_f, d.t ^ 2) AS f, near(c.df, y.df) AS df,
       near(c.exposure_rate, d.mean) AND near(c.exposure_rate_control, d.mean_control) AS rates, near(c.complier_share, d.estimate) AS share,
       c.exposure, c.n = y.n AND c.n_control = y.n_control AND c.clusters = y.clusters AND c.clusters_control = y.clusters_control AS sizes, c.notes
FROM sketch AS s, unnest(ARRAY['CR2', 'CR0', 'CR1', 'CR1S', 'CR3']) AS se, rct.cace(s."both", 'old', se => se) AS c,
     rct.effects(s.y, 'old', se => se) AS y, rct.effects(s.d, 'old', se => se) AS d;
-- Standard error: that of the effect on y - b d, over the first stage. The Anderson-Rubin limits are where its test is at the edge.
CREATE FUNCTION shifted(b double precision, se text) RETURNS TABLE (std_error double precision, p_value double precision)
    LANGUAGE sql STABLE AS
    'SELECT e.std_error, e.p_value FROM rct.effects((SELECT rct.sketch(y - b * d, arm, school) FROM class), ''old'', se => se) AS e';
SELECT se, near(c.std_error, (SELECT std_error FROM shifted(c.estimate, se)) / c.first_stage, 1e-9) AS std_error,
       near(0.05, (SELECT p_value FROM shifted(c.ar_low, se)), 1e-7) AS ar_low, near(0.05, (SELECT p_value FROM shifted(c.ar_high, se)), 1e-7) AS ar_high,
       c.ar_kind, near(c.t, c.estimate / c.std_error) AS t, near(c.ci_low + c.ci_high, 2 * c.estimate) AS ci
FROM sketch AS s, unnest(ARRAY['CR2', 'CR1', 'CR3']) AS se, rct.cace(s."both", 'old', se => se) AS c;
-- CR1p is CR0 times G / (G - k).
SELECT near((p.std_error / c.std_error) ^ 2, 21 / 19.0) AS cr1p FROM sketch, rct.cace("both", 'old', se => 'CR1p') AS p, rct.cace("both", 'old', se => 'CR0') AS c;
-- An exposure by its name gives the same as the only one; so it does with covariates, strata and weights.
SELECT adjust, strata, to_jsonb(a) - 'exposure' = to_jsonb(b) - 'exposure' AS same, a.exposure AS a, b.exposure AS b
FROM sketch, unnest(ARRAY['none', 'ancova']) AS adjust, unnest(ARRAY['auto', 'ignore']) AS strata,
     rct.cace((SELECT rct.sketch('y ~ x; exposure: d; weight: w', arm, school, stratum, y, x, d, w) FROM class), 'old', adjust, strata) AS a,
     rct.cace("full", 'old', adjust, strata, exposures => '{d}') AS b;
-- Several exposures, several conditions. Without a choice it is all exposures.
SELECT c.condition, c.control, c.exposure, c.n, c.n_control
FROM (SELECT rct.sketch('y ~ x; exposure: d, twice', CASE WHEN school % 4 = 0 THEN 'newer' ELSE arm END, school, NULL, y, x, d, d * 2) AS s FROM class) AS k,
     rct.cace(s, 'old', exposures => '{twice,d}') AS c;
SELECT a.exposure, near(a.estimate, 2 * t.estimate) AS estimate, near(a.t, t.t) AS t, near(2 * a.first_stage, t.first_stage) AS first_stage
FROM (SELECT rct.sketch('y; exposure: d, twice', arm, school, NULL, y, d, d * 2) AS s FROM class) AS k,
     rct.cace(s, 'old') AS a, rct.cace(s, 'old', exposures => '{twice}') AS t WHERE a.exposure = 'd';
-- Several outcomes: each with its name; rows without one of them are left out for it alone.
SELECT c.outcome, near(c.estimate, o.estimate) AND near(c.std_error, o.std_error) AND c.n = o.n AS alone, c.notes = o.notes AS notes
FROM (SELECT rct.sketch('y, other ~ x; exposure: d', arm, school, NULL, y, CASE WHEN x > 1 THEN y + x END, x, d) AS s,
             rct.sketch('y ~ x; exposure: d', arm, school, NULL, y, x, d) AS y, rct.sketch('y ~ x; exposure: d', arm, school, NULL, CASE WHEN x > 1 THEN y + x END, x, d) AS other FROM class) AS k,
     unnest(ARRAY['y', 'other']) AS name, rct.cace(s, 'old', 'ancova', outcome => name) AS c, rct.cace(CASE name WHEN 'y' THEN k.y ELSE k.other END, 'old', 'ancova') AS o;

-- What does not exist, and why.
CREATE FUNCTION brief(s rct.sketch, OUT estimate numeric, OUT std_error numeric, OUT p numeric, OUT ar_kind text, OUT f boolean, OUT notes text[])
    LANGUAGE sql AS
    'SELECT round(estimate::numeric, 6), round(std_error::numeric, 6), round(p_value::numeric, 6), ar_kind, first_stage_f IS NOT NULL, notes FROM rct.cace(s, ''old'')';
-- no first stage; exposure as assigned; one-sided; missing exposure; a weak instrument; one cluster in an arm
SELECT * FROM brief((SELECT rct.sketch('y; exposure: d', arm, school, NULL, y, 1) FROM class));
SELECT * FROM brief((SELECT rct.sketch('y; exposure: d', arm, school, NULL, y, (arm = 'new')::int) FROM class));
SELECT * FROM brief((SELECT rct.sketch('y; exposure: d', arm, school, NULL, y, CASE WHEN arm = 'new' THEN d ELSE 0 END) FROM class));
SELECT * FROM brief((SELECT rct.sketch('y; exposure: d', arm, school, NULL, y, CASE WHEN x < 6 THEN d END) FROM class));
SELECT * FROM brief((SELECT rct.sketch('y; exposure: x', arm, school, NULL, y, x) FROM class));
SELECT * FROM brief((SELECT rct.sketch('y; exposure: d', arm, school, NULL, y, d) FROM class WHERE arm = 'old' OR school = 2));
SELECT count(*) AS none FROM rct.cace(NULL, 'old');

-- Errors.
SELECT rct.cace(y, 'old') FROM sketch;
SELECT rct.cace("both", 'old', exposures => '{}') FROM sketch;
SELECT rct.cace(y, 'old', exposures => '{d}') FROM sketch;
SELECT rct.cace("both", 'old', exposures => '{x}') FROM sketch;
SELECT rct.cace("both", 'old', exposures => '{d,NULL}') FROM sketch;
SELECT rct.cace("both", 'old', exposures => '{d,d}') FROM sketch;
SELECT rct.cace("full", 'old', 'ancova', exposures => '{d}', covariates => '{x2}') FROM sketch;
SELECT rct.cace("both", 'old', se => 'naive') FROM sketch;
SELECT rct.cace("both", 'other') FROM sketch;
SELECT rct.cace("both", 'old', level => 2) FROM sketch;
SELECT rct.cace("both", NULL) FROM sketch;
