-- Made-up data: 323 students of 16 classes in 4 schools, 8 classes with hints. Some have no score in the posttest, because
-- they moved, were absent, or did not finish; more of those with a low pretest, and more without hints.

CREATE TABLE posttest (
    student_id bigint PRIMARY KEY,
    school text NOT NULL,
    class_id bigint NOT NULL,
    condition text NOT NULL,
    pretest int NOT NULL,
    score int, -- 0 to 100
    reason text -- why there is no score
);

INSERT INTO posttest
SELECT student_id, school, class_id, condition, pretest, CASE WHEN reason IS NULL THEN score END, reason
FROM generate_series(1, 16) AS class_id,
    generate_series(1, 15 + class_id * 7 % 11) AS i,
    LATERAL (
        SELECT class_id * 100 + i AS student_id, (ARRAY['Aspen', 'Birch', 'Cedar', 'Dogwood'])[1 + (class_id - 1) / 4] AS school,
            CASE WHEN class_id * 3 % 4 < 2 THEN 'control' ELSE 'hints' END AS condition, class_id * 5 % 7 - 3 AS level,
            50 + (i * 29 + class_id * 13) % 31 - 15 AS pretest, (i * 7 + class_id * 11 + i * i) % 20 AS fate
    ) AS student,
    LATERAL (
        SELECT 58 + level + (pretest - 50) / 2 + (i * 17 + class_id * 7) % 23 - 11 + CASE condition WHEN 'hints' THEN 4 ELSE 0 END AS score,
            CASE WHEN fate >= 2 + CASE WHEN pretest < 45 THEN 4 ELSE 0 END + CASE condition WHEN 'control' THEN 2 ELSE 0 END THEN NULL
                WHEN fate < 1 THEN 'moved' WHEN fate < 4 THEN 'absent' ELSE 'unfinished' END AS reason
    ) AS result;

ANALYZE posttest;
