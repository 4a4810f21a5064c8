-- A semester in the database: who gets which condition, and why. psql runs it in a database with the extension: see
-- demo/run.sh. It takes a moment instead of months, so its days have names instead of dates.

\set QUIET on
\set ECHO none
\pset border 1
\pset footer off
\pset linestyle ascii
\pset null '-'
SET client_min_messages = warning;
SET extra_float_digits = -11;

CREATE FUNCTION wrapped(line text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT btrim(regexp_replace(line, '(.{1,94})( |$)', E'\\1\n   ', 'g'), E'\n ')
$$;
COMMENT ON FUNCTION wrapped(text) IS 'a long line as several lines that fit a terminal';

-- rct.explain for reading in a terminal: one line for each step that decided something, without times, so that the
-- output is the same every day.
CREATE FUNCTION why(student text, at timestamptz DEFAULT NULL) RETURNS TABLE (why text)
    LANGUAGE sql STABLE AS $$
    SELECT wrapped(concat(e.rule, ' ', e.outcome, ': ',
                          regexp_replace(e.detail, '^Experiment "hints-1"\. | at \d{4}-\d\d-\d\d [^.]*', '', 'g')))
    FROM rct.explain('tutor', student, 'lesson', 'fractions', at) AS e
    WHERE e.outcome <> 'pass' AND e.rule <> 'payload'
    ORDER BY e.step
$$;
COMMENT ON FUNCTION why(text, timestamptz) IS
    'what decides what a student gets in the lesson on fractions, now or at a moment';

-- Roles belong to the whole server, which may have seen the demo before.
DO $$ BEGIN CREATE ROLE rct_demo_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;

CREATE TABLE diary (
    day text, at timestamptz, student text, class text, condition text, reason text, PRIMARY KEY (day, student)
);
COMMENT ON TABLE diary IS 'what everybody got on each day, to compare with what rct.explain says of these days later';

\echo
\echo 'A SEMESTER IN THE DATABASE: WHO GETS WHICH CONDITION, AND WHY?'
\echo
\echo 'STAR was analyzed after it ended. This experiment is run by the database: an application, the tutor,'
\echo 'asks what a student gets, and marks what the student saw. The condition "-" is the default: none.'
\set ECHO queries

\echo
\echo '== 1. Two schools, three classes =='
\echo 'Any table or view with these three columns can be a roster. One statement loads it.'
\echo
CREATE VIEW roster AS
SELECT student AS user_id, kind AS group_type,
       CASE kind WHEN 'class' THEN class ELSE school END AS group_id
FROM (VALUES ('north', '7a', '{ann, ben, cleo}'), ('north', '7b', '{eve, finn, gus}'),
             ('south', '8a', '{ida, jon}')) AS c(school, class, students),
     unnest(students::text[]) AS student, unnest('{school, class}'::text[]) AS kind;
-- A roster can run code of whoever made it. So a superuser reads it through a role that can do nothing else.
GRANT SELECT ON roster TO rct_demo_reader;
SELECT rct.grant_reader('rct_demo_reader') \g /dev/null
SELECT rct.load_roster('roster') AS students;

\echo
\echo '== 2. An experiment that starts late =='
\echo 'From next week on, each class will get hints or not. Classes that reach the lesson before are out.'
\echo
SELECT rct.create_experiment('{"key": "hints-1", "context": "tutor",
    "unit": "group", "group_type": "class", "consistency": "group", "post_rule": "continue",
    "conditions": [{"code": "control"}, {"code": "hints", "payload": {"show_hints": true}}],
    "decision_points": [{"site": "lesson", "target": "fractions", "exclude_if_reached": true}]
    }'::jsonb
    || jsonb_build_object('schedule', jsonb_build_object('starts_at', now() + interval '1 week')));
SELECT rct.set_status('hints-1', 'scheduled', 'the school board agreed') AS status;

\echo
\echo '== 3. A student who came early =='
\echo 'Ida, in 8a, does not wait. She sees the lesson as it always was, and the tutor marks her visit.'
\echo
SELECT recorded_condition, reason FROM rct.mark('tutor', 'ida', 'lesson', 'fractions');
\echo 'A week later (we move the start to now), her class keeps the default: she does, and so does Jon.'
\echo
SELECT rct.update_experiment('hints-1',
    jsonb_build_object('schedule', jsonb_build_object('starts_at', now()))) ->> 'key' AS starts_now;
SELECT rct.current_status('hints-1');
SELECT * FROM why('ida');
SELECT * FROM why('jon');

\echo
\echo '== 4. The first lesson =='
\echo 'Ann, in 7a, comes first, and a draw decides for her class. Her mark enrolls it; Ben gets the same.'
\echo
SELECT condition, payload, reason FROM rct.condition_for('tutor', 'lesson', 'fractions', 'ann');
SELECT * FROM why('ann');
SELECT student, recorded_condition, reason
FROM unnest('{ann, ben}'::text[]) AS student,
     rct.mark('tutor', student, 'lesson', 'fractions', 'hints');
\echo 'We keep a diary of what everybody would get. rct.assign_all asks for everybody, and writes nothing.'
\echo
INSERT INTO diary SELECT 'lesson', now(), * FROM rct.assign_all('hints-1');
SELECT class, condition, reason, string_agg(student, ', ' ORDER BY student) AS students
FROM diary WHERE day = 'lesson' GROUP BY class, condition, reason ORDER BY min(student);

\echo
\echo '== 5. A pause =='
\echo 'Holidays: no new class can join; enrolled classes continue. Dan, who is new in 7a, gets hints, too.'
\echo
SELECT rct.set_status('hints-1', 'enrollment_complete', 'holidays') AS status;
SELECT rct.set_groups('dan', '{"school": ["north"], "class": ["7a"]}') AS changed;
SELECT * FROM why('dan');
SELECT recorded_condition, reason FROM rct.mark('tutor', 'dan', 'lesson', 'fractions', 'hints');
\echo 'Nobody in 7b has reached the lesson yet, so Eve gets the default. (We only ask; there is no mark.)'
\echo
SELECT * FROM why('eve');
INSERT INTO diary SELECT 'pause', now(), * FROM rct.assign_all('hints-1');

\echo
\echo '== 6. A restart =='
\echo 'After the holidays 7b comes, and a draw decides for it. Anybody can repeat the draw to check it.'
\echo
SELECT rct.set_status('hints-1', 'enrolling', 'school is back') AS status;
SELECT * FROM why('eve');
SELECT rct.choose('hints-1', '7b', '{control, hints}') AS drawn_again;
SELECT student, recorded_condition, reason
FROM (VALUES ('eve', 'control'), ('finn', 'control'), ('gus', 'control'),
             ('cleo', 'hints')) AS c(student, saw),
     rct.mark('tutor', student, 'lesson', 'fractions', saw);
INSERT INTO diary SELECT 'restart', now(), * FROM rct.assign_all('hints-1');

\echo
\echo '== 7. A transfer =='
\echo 'Ben moves from 7a to 7b and gets what 7b gets.'
\echo
SELECT rct.set_groups('ben', '{"school": ["north"], "class": ["7b"]}') AS changed;
SELECT * FROM why('ben');
SELECT recorded_condition, reason FROM rct.mark('tutor', 'ben', 'lesson', 'fractions', 'control');
INSERT INTO diary SELECT 'transfer', now(), * FROM rct.assign_all('hints-1');

\echo
\echo '== 8. An excluded class =='
\echo 'The teacher of 7a wants no more hints. On the exclude list, the class gets the default from now on.'
\echo
SELECT rct.add_to_list('hints-1', 'exclude', '{"groups": {"class": ["7a"]}}') AS added;
SELECT * FROM why('ann');
INSERT INTO diary SELECT 'excluded', now(), * FROM rct.assign_all('hints-1');

\echo
\echo '== 9. Scores =='
\echo 'The tutor logs a quiz, and a mood that nobody declared, which is stored with a flag. Cleo was ill.'
\echo
SELECT rct.declare_metric('tutor', 'quiz', '{"type": "continuous"}') ->> 'reduction' AS counts;
SELECT *
FROM rct.log_batch((
    SELECT jsonb_agg(jsonb_build_object('context', 'tutor', 'user_id', student, 'metrics', m))
    FROM (VALUES ('ann', '{"quiz": 14, "mood": "fine"}'::jsonb), ('ben', '{"quiz": 11}'),
                 ('dan', '{"quiz": 15}'), ('eve', '{"quiz": 9}'), ('finn', '{"quiz": 12}'),
                 ('gus', '{"quiz": 10}'), ('ida', '{"quiz": 13}')) AS q(student, m)));
\echo 'Everybody counts as first enrolled, whatever came later: Ben with 7a, 7a with hints. Ida never was.'
\echo
SELECT user_id AS student, group_id AS class, condition, outcome AS quiz
FROM rct.metric_values('hints-1', 'quiz');

\echo
\echo '== 10. Results =='
\echo 'Classes were assigned, so we compare classes: one with one. There is no p-value; the notes say why.'
\echo
CREATE TABLE quiz_sketch AS
SELECT rct.sketch(outcome, condition, group_id) FROM rct.metric_values('hints-1', 'quiz');
SELECT condition, clusters AS classes, n AS students, missing_outcome AS missing, mean
FROM quiz_sketch, rct.arms(sketch);
SELECT condition, estimate, std_error, p_value, ci_low, ci_high
FROM quiz_sketch, rct.effects(sketch, control => 'control');
SELECT wrapped(note) AS note
FROM quiz_sketch, rct.effects(sketch, control => 'control'), unnest(notes) AS note;

\echo
\echo '== 11. A year later =='
\echo 'Why did Ben see hints in the first lesson? This was recorded, and this decided on that day:'
\echo
SELECT status, reported_condition, condition, reason
FROM rct.exposure WHERE user_id = 'ben' ORDER BY id;
SELECT * FROM why('ben', (SELECT max(at) FROM diary WHERE day = 'lesson'));
\echo 'The semester as rct.explain tells it in the end:'
\echo
CREATE TABLE memory AS
SELECT diary.*, e.outcome, substring(e.detail FROM 'Reason (\w+)') AS explained
FROM diary, rct.explain('tutor', student, 'lesson', 'fractions', at) AS e
WHERE e.rule = 'answer';
SELECT student, day, outcome, dense_rank() OVER (ORDER BY at) FROM memory ORDER BY student
\crosstabview student day outcome dense_rank
\echo 'Is that right? Compare it with the diary, including the reasons:'
\echo
SELECT count(*) AS answers, count(*) FILTER (WHERE outcome = coalesce(condition, 'default')
                                                   AND explained = reason) AS the_same
FROM memory;

\set ECHO none
\echo
\echo '== Where to go from here =='
\echo 'demo/run.sh makes this database on your own server and keeps it. There, \\d+ star describes the'
\echo 'columns, \\d+ rct.[a-z]* describes the records of experiments, and \\df rct.[a-z]* lists the'
\echo 'functions. Read README.md next, then docs/README.md.'
\echo
