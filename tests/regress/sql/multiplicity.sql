-- Adjusted p-values and families.

CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS 'SELECT a IS NOT DISTINCT FROM b OR abs(a - b) <= tolerance * greatest(abs(a), abs(b))';
CREATE FUNCTION rounded(v double precision[], digits int) RETURNS numeric[] LANGUAGE sql IMMUTABLE
    AS 'SELECT array_agg(round(x::numeric, digits) ORDER BY i) FROM unnest(v) WITH ORDINALITY AS u (x, i)';

-- p-values: order and NULLs stay; a NULL is not a test.
SELECT method, rounded(rct.p_adjust('{0.041, 0.001, NULL, 0.008, 0.042, 0.039, 0.06, 0.074, 0.205, NULL, 0.212, 0.216}', method), 4) AS adjusted
FROM unnest('{holm, hochberg, hommel, bonferroni, bh, by, none}'::text[]) AS method;
SELECT rct.p_adjust('{0.01, 0.04}') AS by_default, rct.p_adjust('{}') AS empty, rct.p_adjust('{NULL, 0.5}') AS one,
       rct.p_adjust(NULL) IS NULL AS p, rct.p_adjust('{0.5}', NULL) IS NULL AS method;
-- Holm: the largest of (m - j + 1) p_(j) up to this rank.
WITH t AS (SELECT i, (i * 37 % 101 / 700.0)::double precision AS p FROM generate_series(1, 60) AS i),
     ranked AS (SELECT i, p, row_number() OVER (ORDER BY p, i) AS j, count(*) OVER () AS m FROM t),
     holm AS (SELECT i, p, least(1, max((m - j + 1) * p) OVER (ORDER BY j)) AS adjusted FROM ranked),
     together AS (SELECT array_agg(adjusted ORDER BY i) AS expected, rct.p_adjust(array_agg(p ORDER BY i)) AS got FROM holm)
SELECT count(*), bool_and(near(g, e)) AS same FROM together, unnest(got, expected) AS u (g, e);
SELECT rct.p_adjust('{0.5, 1.5}');
SELECT rct.p_adjust('{NaN}');
SELECT rct.p_adjust('{0.5}', 'BH');

-- Families.
CREATE VIEW tested AS
SELECT array_agg(metric ORDER BY i) AS metrics, array_agg(role ORDER BY i) AS roles, array_agg(p ORDER BY i) AS p
FROM (VALUES (1, 'score', 'primary', 0.04), (2, 'hints', 'secondary', 0.01), (3, 'pass', 'secondary', 0.02), (4, 'absence', 'guardrail', 0.03),
             (5, 'time', 'guardrail', 0.04), (6, 'survey', 'secondary', NULL), (7, 'girls', 'equity', 0.03), (8, 'clicks', 'exploratory', 0.05))
     AS t (i, metric, role, p);
SELECT f.* FROM tested, rct.p_adjust_families(metrics, roles, p) AS f;
SELECT metric, method, p_adjusted, rejected FROM tested, rct.p_adjust_families(metrics, roles, p, '{"secondary": "bonferroni", "guardrail": "holm"}', 0.965);
SELECT * FROM rct.p_adjust_families('{a}', '{mine}', '{0.2}', '{"mine": "none"}');
SELECT * FROM rct.p_adjust_families('{}', '{}', '{}');
SELECT * FROM rct.p_adjust_families('{a}', '{mine}', '{0.2}');
SELECT * FROM rct.p_adjust_families('{a}', '{primary, primary}', '{0.2}');
SELECT * FROM rct.p_adjust_families('{a}', '{NULL}', '{0.2}');
SELECT * FROM rct.p_adjust_families('{a}', '{primary}', '{2}');
SELECT * FROM rct.p_adjust_families('{a}', '{primary}', '{0.2}', '["holm"]');
SELECT * FROM rct.p_adjust_families('{a}', '{primary}', '{0.2}', '{"primary": "fdr"}');
SELECT * FROM rct.p_adjust_families('{a}', '{primary}', '{0.2}', level => 0);
SELECT * FROM rct.p_adjust_families('{a}', '{primary}', '{0.2}', NULL);
SELECT * FROM rct.p_adjust_families(NULL, '{primary}', '{0.2}');
