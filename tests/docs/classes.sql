-- Made-up data for the examples: 12 classes in 4 schools, 6 classes with hints and 6 without, 270 students.
-- Plain arithmetic, no random numbers, so that every example prints the same numbers everywhere.

CREATE TABLE classes (
    class_id bigint PRIMARY KEY,
    school text NOT NULL,
    condition text NOT NULL,
    size int NOT NULL,
    level int NOT NULL -- how much better this class is than others, whatever it is taught with
);

INSERT INTO classes VALUES
    (1, 'Aspen', 'control', 22, -3), (2, 'Aspen', 'hints', 25, 2), (3, 'Aspen', 'hints', 18, 5),
    (4, 'Birch', 'control', 27, 1), (5, 'Birch', 'control', 20, -5), (6, 'Birch', 'hints', 23, 3),
    (7, 'Cedar', 'control', 16, 4), (8, 'Cedar', 'hints', 29, 7), (9, 'Cedar', 'hints', 21, -2),
    (10, 'Dogwood', 'control', 24, -1), (11, 'Dogwood', 'control', 19, 2), (12, 'Dogwood', 'hints', 26, 1);

CREATE TABLE scores (
    student_id bigint PRIMARY KEY,
    school text NOT NULL,
    class_id bigint NOT NULL,
    condition text NOT NULL,
    pretest int NOT NULL,
    score int NOT NULL
);

INSERT INTO scores
SELECT class_id * 100 + i, school, class_id, condition, pretest,
    60 + level + (pretest - 50) / 2 + (i * 17 + class_id * 7) % 23 - 11
FROM classes,
    generate_series(1, size) AS i,
    LATERAL (SELECT 50 + (i * 29 + class_id * 13) % 31 - 15 + level / 2 AS pretest) AS baseline;

ANALYZE classes;
ANALYZE scores;
