-- What effects, arms and planning refuse, and how they say it.

CREATE TABLE class AS
SELECT i % 10 AS school, (ARRAY['new', 'old'])[1 + i % 10 % 2] AS arm, i * 7 % 13 AS y, i * 5 % 11 AS x FROM generate_series(1, 80) AS i;
CREATE TABLE made AS SELECT rct.sketch(y, arm, school) AS s FROM class;

-- A control that is not there. Case and blanks count.
SELECT rct.effects(s, 'control') FROM made;
SELECT rct.effects(s, 'Old') FROM made;
SELECT rct.effects(s, 'old ') FROM made;
SELECT rct.effects(s, '') FROM made;
SELECT rct.joint_test(s, 'control') FROM made;
SELECT rct.effects((SELECT rct.sketch(1, 'c' || to_char(i, 'FM000'), 1) FROM generate_series(1, 30) AS i), 'control');
SELECT rct.effects((SELECT rct.sketch(1, NULL, 1)), 'old');
-- Nothing to compare with.
SELECT rct.effects((SELECT rct.sketch(y, arm, school) FROM class WHERE arm = 'old'), 'old');
SELECT rct.joint_test((SELECT rct.sketch(y, arm, school) FROM class WHERE arm = 'old'), 'old');

-- NULL for anything but the sketch, even then.
SELECT rct.effects(s, NULL) FROM made;
SELECT rct.effects(s, 'old', adjust => NULL) FROM made;
SELECT rct.effects(s, 'old', strata => NULL) FROM made;
SELECT rct.effects(s, 'old', se => NULL) FROM made;
SELECT rct.effects(s, 'old', level => NULL) FROM made;
SELECT rct.effects(NULL, NULL);
SELECT rct.joint_test(s, NULL) FROM made;
SELECT rct.joint_test(s, 'old', adjust => NULL) FROM made;
SELECT rct.joint_test(s, 'old', strata => NULL) FROM made;
SELECT rct.joint_test(s, 'old', se => NULL) FROM made;
SELECT rct.icc(s, NULL) FROM made;
SELECT rct.icc(s, level => NULL) FROM made;
SELECT rct.icc(NULL, NULL);
SELECT rct.design_effect(s, NULL) FROM made;

-- Words that are not offered.
SELECT rct.effects(s, 'old', 'cuped') FROM made;
SELECT rct.effects(s, 'old', 'ANCOVA') FROM made;
SELECT rct.effects(s, 'old', 'CR2') FROM made;
SELECT rct.effects(s, 'old', strata => 'fixed') FROM made;
SELECT rct.effects(s, 'old', se => 'cr2') FROM made;
SELECT rct.effects(s, 'old', se => 'HC1') FROM made;
SELECT rct.effects(s, 'old', se => '') FROM made;
SELECT rct.joint_test(s, 'old', adjust => 'cuped') FROM made;
SELECT rct.joint_test(s, 'old', strata => 'absorb') FROM made;
SELECT rct.joint_test(s, 'old', se => 'CR4') FROM made;
SELECT rct.icc(s, 'school') FROM made;
SELECT rct.design_effect(s, 'Condition') FROM made;
-- Standard errors of rows, of ratios, of pairs and of two ways, where there are none of these.
SELECT rct.effects(s, 'old', se => 'HC3') FROM made;
SELECT rct.effects(s, 'old', se => 'delta') FROM made;
SELECT rct.effects(s, 'old', strata => 'pairs') FROM made;
SELECT rct.effects((SELECT rct.sketch(y, arm, school, ('p' || school / 2)) FROM class), 'old', strata => 'pairs', se => 'CR0');
SELECT rct.effects(s, 'old', strata => 'clusters', se => 'CR3') FROM made;
SELECT rct.joint_test(s, 'old', strata => 'pairs') FROM made;
SELECT rct.joint_test(s, 'old', strata => 'clusters') FROM made;
SELECT rct.joint_test(s, 'old', se => 'KR') FROM made;
-- They are looked at before the sketch.
SELECT rct.effects(NULL, 'old', se => 'cr2');
SELECT rct.icc(NULL, 'school');

-- Levels that are none.
SELECT rct.effects(s, 'old', level => 0) FROM made;
SELECT rct.effects(s, 'old', level => 1) FROM made;
SELECT rct.effects(s, 'old', level => 95) FROM made;
SELECT rct.effects(s, 'old', level => -0.05) FROM made;
SELECT rct.effects(s, 'old', level => 'NaN') FROM made;
SELECT rct.effects(s, 'old', level => 'infinity') FROM made;
SELECT rct.icc(s, level => 0) FROM made;
SELECT rct.icc(s, level => 1) FROM made;
SELECT rct.icc(s, level => 'NaN') FROM made;

-- Adjustment for covariates that are not there.
SELECT rct.effects(s, 'old', 'ancova') FROM made;
SELECT rct.joint_test(s, 'old', adjust => 'ancova') FROM made;
SELECT rct.effects((SELECT rct.sketch(y, arm, school, 0, '{}'::double precision[], NULL, NULL) FROM class), 'old', 'ancova');
SELECT rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class), 'old', 'ancova', covariates => '{}');
-- Columns that are not there.
SELECT rct.effects(s, 'old', outcome => 'y') FROM made;
SELECT rct.arms(s, 'Outcome') FROM made;
SELECT rct.arms(s, '') FROM made;
SELECT rct.cells(s, 'a / b / c') FROM made;
SELECT rct.icc(s, outcome => 'y') FROM made;
SELECT rct.design_effect(s, outcome => 'y') FROM made;
SELECT rct.joint_test(s, 'old', outcome => 'y', adjust => 'ancova') FROM made;
SELECT rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class), 'old', covariates => '{x,y}');
SELECT rct.effects((SELECT rct.sketch('y ~ x', arm, school, NULL, y, x) FROM class), 'old', covariates => '{x,NULL}');
SELECT rct.effects(s, 'old', outcome => repeat('y', 2000)) FROM made;

-- Values whose squares are beyond double precision can be sketched, but not analyzed.
CREATE TABLE large AS SELECT rct.sketch(y * 1e300, arm, school) AS s, rct.sketch('y ~ x', arm, school, 0, y, x * 1e300) AS x FROM class;
SELECT rct.effects(s, 'old') FROM large;
SELECT rct.joint_test(s, 'old') FROM large;
SELECT rct.arms(s) FROM large;
SELECT rct.icc(s) FROM large;
SELECT rct.design_effect(s) FROM large;
SELECT rct.cells(s) FROM large;
SELECT rct.effects(x, 'old', 'ancova') FROM large;
SELECT n FROM large, rct.sketch_info(s);
SELECT condition, n FROM large, rct.effects(x, 'old');

-- Hedges' g of what has none.
SELECT rct.effect_sizes(5, 0, 500, 500, 25, 0.2);
SELECT rct.effect_sizes(5, -1, 500, 500, 25, 0.2);
SELECT rct.effect_sizes(5, 'NaN', 500, 500, 25, 0.2);
SELECT rct.effect_sizes(5, 'infinity', 500, 500, 25, 0.2);
SELECT rct.effect_sizes('NaN', 20, 500, 500, 25, 0.2);
SELECT rct.effect_sizes('-infinity', 20, 500, 500, 25, 0.2);
SELECT rct.effect_sizes(5, 20, 500, 500, 25, 1.5);
SELECT rct.effect_sizes(5, 20, 500, 500, 25, 'NaN');
SELECT rct.effect_sizes(5, 20, -500, 1500, 25, 0.2);
SELECT rct.effect_sizes(5, 20, 1500, -500, 25, 0.2);
SELECT rct.effect_sizes(5, 20, 500, 500, 0.5, 0.2);
SELECT rct.effect_sizes(5, 20, 500, 500, -25, 0.2);
SELECT rct.effect_sizes(5, 20, 1, 1, 1, 0);
SELECT rct.effect_sizes(5, 20, 5, 5, 6, 0.9);
SELECT rct.effect_sizes(5, 20, 0, 0, 1, 0);
SELECT rct.effect_sizes(5, 20, 500, 500, 'NaN', 0.2);

-- Not a sketch at all.
SELECT rct.effects('old', 'old');
SELECT rct.icc('');
