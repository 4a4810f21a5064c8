-- The story of Project STAR. psql runs it after demo/load.sql, in a database with the extension: see demo/run.sh.

\set QUIET on
\pset border 1
\pset footer off
\pset linestyle ascii
\pset null ''
SET client_min_messages = warning;
-- four significant digits in print; nothing is rounded before it is printed
SET extra_float_digits = -11;

\echo
\echo 'PROJECT STAR: DO SMALL CLASSES RAISE TEST SCORES?'
\echo
\echo 'Tennessee, 1985/86. Within each school, chance decided which children and which teachers went into'
\echo 'small classes (13 to 17 children), regular classes (22 to 25), or regular classes with a full-time'
\echo 'aide. In spring the children took tests. The data are in the table star; demo/README.md says where'
\echo 'they come from. Each query is printed before its result. Numbers have four significant digits.'
\set ECHO queries

\echo
\echo '== 1. Who was there =='
\echo 'There is one row for each child. An arm is one of the conditions compared, here the kind of class.'
\echo 'free_lunch is the share of children entitled to free lunch.'
\echo
SELECT coalesce(arm, 'all') AS arm, count(*) AS students, count(DISTINCT teacher) AS classes,
       count(DISTINCT school) AS schools, avg(free_lunch)::float8 AS free_lunch,
       count(math) AS math_scores, avg(math)::float8 AS math_mean,
       count(read) AS read_scores, avg(read)::float8 AS read_mean
FROM star
GROUP BY GROUPING SETS ((arm), ())
ORDER BY array_position('{regular,small,aide}', star.arm);

\echo 'The project had 325 classes. This file does not number them, so they are told apart by what it says'
\echo 'about the teacher. That makes a few children separate classes (below_4), and the largest small class'
\echo 'and the largest aide class must be two classes each. This explains the difference from 325.'
\echo
SELECT arm, count(*) AS classes, min(children) AS smallest, rct.median(children) AS median,
       max(children) AS largest, count(*) FILTER (WHERE children < 4) AS below_4
FROM (SELECT arm, teacher, count(*) AS children FROM star GROUP BY arm, teacher) AS class
GROUP BY arm
ORDER BY array_position('{regular,small,aide}', arm);

\echo
\echo '== 2. Who has no score =='
\echo 'If more scores are missing in one arm, the children with scores are no longer alike in all arms.'
\echo 'rct.sketch reads the rows once and adds them up; rct.arms counts the scores, and those missing.'
\echo
CREATE VIEW star_score AS
SELECT student_id, school, teacher, arm, female, free_lunch, test, score
FROM star CROSS JOIN LATERAL (VALUES ('math', math), ('read', read)) AS taken(test, score);
\echo
SELECT test, condition AS arm, n AS scored, missing_outcome AS missing, missing_rate, mean, sd
FROM (SELECT test, rct.sketch(score, arm, teacher) FROM star_score GROUP BY test) AS s, rct.arms(sketch)
ORDER BY test, array_position('{regular,small,aide}', condition);

\echo 'Are the differences larger than chance would make them? Take "has no score" as the outcome. The'
\echo 'result is the difference from regular classes, as a fraction, with a 95 % confidence interval. All'
\echo 'intervals include 0.'
\echo
SELECT test, condition AS arm, estimate AS more_missing, ci_low, ci_high, p_value
FROM (SELECT test, rct.sketch((score IS NULL)::int, arm, teacher) FROM star_score GROUP BY test) AS s,
     rct.effects(sketch, control => 'regular')
ORDER BY test, condition DESC;

\echo
\echo '== 3. Counting children, or counting classes =='
\echo 'Children in the same class share a teacher, so their scores are alike, and each child tells us less'
\echo 'than an independent child would. "naive" ignores that; CR2, the default, does not. The estimate is'
\echo 'the same, but the standard error (how far it may be off by chance) is more than twice as large.'
\echo 'p_value: how often chance alone would make a difference this large. df: roughly how many children,'
\echo 'or classes, the standard error rests on.'
\echo
SELECT se, condition AS arm, estimate, std_error,
       std_error / min(std_error) OVER (PARTITION BY condition) AS times_naive, df, p_value, ci_low, ci_high
FROM (VALUES ('naive'), ('CR2')) AS method(se),
     rct.effects((SELECT rct.sketch(math, arm, teacher) FROM star), control => 'regular', se => method.se)
ORDER BY condition DESC, std_error;

\echo 'Each result has notes: what you should know about it.'
\echo
SELECT note
FROM rct.effects((SELECT rct.sketch(math, arm, teacher) FROM star), control => 'regular', se => 'naive'),
     unnest(notes) AS note
WHERE condition = 'small';

\echo
\echo '== 4. What shared classes cost =='
\echo 'Scan once, ask many times: a sketch is a value that can be stored. It holds sums by class, but no'
\echo 'children. This section and sections 5, 7 and 8 need only these two sketches:'
\echo
CREATE TABLE star_sketch AS
SELECT test, rct.sketch('score ~ female, free_lunch', arm, teacher, school, score, female, free_lunch) AS sketch
FROM star_score
GROUP BY test;
\echo
\echo 'icc, the intra-cluster correlation, is the share of the variance that lies between classes. It'
\echo 'inflates the variance of a mean by the factor design_effect, about the square of times_naive above:'
\echo 'n children carry as much information as n_effective independent children. This is for a comparison'
\echo 'of all children together; the comparison within schools in section 5 loses less.'
\echo
SELECT test, n, clusters AS classes, mean_size AS class_size, icc, design_effect, n_effective
FROM star_sketch, rct.design_effect(sketch)
ORDER BY test;

\echo
\echo '== 5. Comparing within schools =='
\echo 'Classes were assigned within each school, so compare within each school: differences between schools'
\echo 'no longer add to the noise. The school is the stratum of the sketch, and rct.effects uses it unless'
\echo 'you say strata => ''ignore''. hedges_g is the effect in standard deviations of the scores.'
\echo
SELECT test, compared, condition AS arm, estimate, std_error, df, p_value, ci_low, ci_high, hedges_g
FROM star_sketch, (VALUES ('ignore', 'all together'), ('auto', 'within schools')) AS way(strata, compared),
     rct.effects(sketch, control => 'regular', strata => way.strata)
ORDER BY test, condition DESC, compared;

\echo
\echo '== 6. Next to the published result =='
\echo 'Alan Krueger (1999, table V) used percentiles instead of points: the rank of a child among the'
\echo 'children in regular classes, with or without aide. Here a percentile is the percentage of them who'
\echo 'scored lower, plus half of those who scored the same. A child''s outcome is the mean over the tests'
\echo 'that the child took (rct.reduce).'
\echo
CREATE VIEW star_percentile AS
SELECT student_id, school, teacher, arm, test,
       50.0 * (count(*) FILTER (WHERE arm <> 'small') OVER lower
               + count(*) FILTER (WHERE arm <> 'small') OVER up_to)
            / count(*) FILTER (WHERE arm <> 'small') OVER everybody AS percentile
FROM star_score
WHERE score IS NOT NULL
WINDOW everybody AS (PARTITION BY test),
       up_to AS (PARTITION BY test ORDER BY score),
       lower AS (PARTITION BY test ORDER BY score GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);
\echo
CREATE TABLE percentile_sketch AS
SELECT method, rct.sketch('percentile', arm, teacher, school, percentile) AS sketch
FROM (SELECT method, arm, teacher, school, rct.reduce(percentile, method) AS percentile
      FROM star_percentile, (VALUES ('mean'), ('min'), ('max')) AS m(method)
      GROUP BY method, student_id, arm, teacher, school) AS child
GROUP BY method;
\echo
\echo 'The columns with 1999 are copied from his table. CR1S is the standard error that Stata prints for'
\echo 'clustered data; it is the closest to his.'
\echo
SELECT compared, arm, info.n AS students, round(cr2.estimate::numeric, 2) AS effect,
       round(cr1s.std_error::numeric, 2) AS "CR1S", round(cr2.std_error::numeric, 2) AS "CR2",
       5861 AS "students 1999", krueger.effect AS "effect 1999", krueger.se AS "se 1999"
FROM percentile_sketch, rct.sketch_info(sketch) AS info,
     (VALUES ('ignore', 'all together', 'small', 4.82, 2.19), ('ignore', 'all together', 'aide', 0.12, 2.23),
             ('auto', 'within schools', 'small', 5.37, 1.26), ('auto', 'within schools', 'aide', 0.29, 1.13))
     AS krueger(strata, compared, arm, effect, se),
     rct.effects(sketch, 'regular', strata => krueger.strata, se => 'CR1S') AS cr1s,
     rct.effects(sketch, 'regular', strata => krueger.strata) AS cr2
WHERE method = 'mean' AND cr1s.condition = arm AND cr2.condition = arm
ORDER BY compared, arm DESC;

\echo 'The numbers are close but cannot be equal: he also had the true classes and a test of word'
\echo 'recognition, which this file lacks, and the children are not exactly the same. Within schools CR2 is'
\echo 'larger than CR1S. The mean of a school comes from its few classes; subtracting it makes them look'
\echo 'more alike than they are, and CR2 corrects for that.'

\echo
\echo '== 7. Adjusting for the children =='
\echo 'Chance made the arms alike, but not exactly. Analysis of covariance (ancova) compares children of'
\echo 'the same sex and free-lunch status and leaves out children for whom these are not known. In an'
\echo 'experiment this should change the estimate little and make it a little more precise.'
\echo
SELECT test, adjust, condition AS arm, n + n_control AS students, estimate, std_error, p_value, ci_low, ci_high
FROM star_sketch, (VALUES ('none'), ('ancova')) AS way(adjust),
     rct.effects(sketch, control => 'regular', adjust => way.adjust)
ORDER BY test, condition DESC, adjust DESC;

\echo
\echo '== 8. Both arms at once =='
\echo 'Two arms are two chances of a false alarm. One test (F) asks whether any of them has an effect:'
\echo
SELECT test, conditions AS arms, f, df_num, df_den, p_value
FROM star_sketch, rct.joint_test(sketch, control => 'regular')
ORDER BY test;

\echo
\echo '== 9. For whom? =='
\echo 'The same analysis for some of the children, chosen by FILTER or WHERE. Free lunch stands for poor'
\echo 'families. Before you call two rows different, look at the intervals: these overlap widely.'
\echo
SELECT test, lunch, condition AS arm, n + n_control AS students, estimate, std_error, p_value, ci_low, ci_high
FROM (SELECT test,
             rct.sketch('score', arm, teacher, school, score) FILTER (WHERE free_lunch = 1) AS free,
             rct.sketch('score', arm, teacher, school, score) FILTER (WHERE free_lunch = 0) AS not_free
      FROM star_score
      GROUP BY test) AS s,
     LATERAL (VALUES ('free', free), ('not free', not_free)) AS part(lunch, sketch),
     rct.effects(sketch, control => 'regular')
ORDER BY test, condition DESC, lunch;

\echo
\echo '== 10. Schools add up to the state =='
\echo 'Each school can make a sketch of its own children and send the sketch instead of the data. The sum'
\echo 'of the sketches is the sketch of all children, bit for bit, in whatever order the sketches arrive.'
\echo
CREATE TABLE school_sketch AS
SELECT school, rct.sketch('math', arm, teacher, school, math) AS sketch FROM star GROUP BY school;
\echo
CREATE TABLE state_sketch AS
SELECT count(*) AS schools, rct.rollup(sketch ORDER BY random()) AS sketch FROM school_sketch;
\echo
SELECT schools, state.sketch = direct.sketch AS same_bytes,
       md5(state.sketch::bytea) AS added_up, md5(direct.sketch::bytea) AS from_the_rows
FROM state_sketch AS state,
     (SELECT rct.sketch('math', arm, teacher, school, math) AS sketch FROM star) AS direct;

\echo 'The sizes in bytes, next to that of the table. A warning: the sums of a class of one child reveal'
\echo 'that child, so a sketch that leaves the district should have no classes_of_one.'
\echo
SELECT pg_relation_size('star') AS table_star,
       (SELECT sum(bytes) FROM school_sketch, rct.sketch_info(sketch)) AS sketches_of_schools,
       (SELECT bytes FROM rct.sketch_info(sketch)) AS sketch_of_state,
       (SELECT count(*) FROM rct.cells(sketch) WHERE n = 1) AS classes_of_one
FROM state_sketch;

\echo 'Effects in math by the location of the school, and for the whole state. The last line is the one in'
\echo 'section 5.'
\echo
SELECT coalesce(school_type, 'state') AS schools, condition AS arm, clusters + clusters_control AS classes,
       estimate, std_error, p_value, ci_low, ci_high
FROM (SELECT school_type, rct.rollup(sketch) AS sketch
      FROM school_sketch JOIN (SELECT DISTINCT school, school_type FROM star) AS place USING (school)
      GROUP BY GROUPING SETS ((school_type), ())) AS part,
     rct.effects(sketch, control => 'regular')
WHERE condition = 'small'
ORDER BY school_type;

\echo
\echo '== 11. Back to the classes =='
\echo 'A sketch does not hold class numbers, only their digests (rct.cluster_key). Anybody who has the'
\echo 'roster, or guesses the numbers, can join the classes back. Here are the classes of one school,'
\echo 'including a fragment of one child:'
\echo
SELECT roster.school, roster.teacher, cell.condition AS arm, roster.children, cell.n AS scored, mean, sd
FROM state_sketch, rct.cells(sketch) AS cell,
     (SELECT school, teacher, count(*) AS children FROM star GROUP BY school, teacher) AS roster
WHERE cell.cluster = rct.cluster_key(roster.teacher) AND roster.school = 9
ORDER BY array_position('{regular,small,aide}', cell.condition), roster.teacher;

\echo
\echo '== 12. Several scores of a child =='
\echo 'rct.reduce turns the scores of a child into one outcome, by the method named in the query: the mean'
\echo 'of the percentiles (as in section 6), the weaker test, or the stronger test. The choice matters, so'
\echo 'make it before you look. There are also rct.first and rct.last, for attempts with a time, and'
\echo 'rct.median.'
\echo
SELECT method, n + n_control AS students, mean_control AS mean_in_regular, estimate AS effect_of_small,
       std_error, p_value, ci_low, ci_high
FROM percentile_sketch, rct.effects(sketch, control => 'regular')
WHERE condition = 'small'
ORDER BY method = 'mean' DESC, method DESC;

\set ECHO none
\echo
\echo '== In plain words =='
\echo 'Difference from regular classes in the same school, in points. A query wrote these lines:'
\echo
\pset tuples_only on
SELECT format('%s, %s: %s points (95%% interval %s to %s%s)',
              CASE condition WHEN 'small' THEN 'Small classes' ELSE 'Aides' END,
              CASE test WHEN 'math' THEN 'mathematics' ELSE 'reading' END,
              to_char(estimate, 'FMSG990.0'), to_char(ci_low, 'FMSG990.0'), to_char(ci_high, 'FMSG990.0'),
              CASE WHEN ci_low <= 0 AND ci_high >= 0 THEN ', so perhaps nothing' ELSE '' END)
FROM star_sketch, rct.effects(sketch, control => 'regular')
ORDER BY condition DESC, test;
\pset tuples_only off
