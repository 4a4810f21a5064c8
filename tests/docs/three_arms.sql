-- Made-up data: 18 classes, 6 in each of three conditions.

CREATE TABLE lessons (
    student_id bigint PRIMARY KEY,
    class_id bigint NOT NULL,
    condition text NOT NULL,
    score int NOT NULL
);

INSERT INTO lessons
SELECT class_id * 100 + i, class_id, condition, 60 + level + (i * 17 + class_id * 7) % 23 - 11
FROM (VALUES
        (1, 'textbook', 21, -2), (2, 'textbook', 26, 1), (3, 'textbook', 17, -4),
        (4, 'textbook', 24, 0), (5, 'textbook', 19, 2), (6, 'textbook', 28, -3),
        (7, 'hints', 22, 3), (8, 'hints', 25, -1), (9, 'hints', 18, 4),
        (10, 'hints', 27, 0), (11, 'hints', 20, 1), (12, 'hints', 23, -2),
        (13, 'video', 16, 6), (14, 'video', 29, 5), (15, 'video', 21, 2),
        (16, 'video', 24, 7), (17, 'video', 19, 3), (18, 'video', 26, 1)
    ) AS class (class_id, condition, size, level),
    generate_series(1, size) AS i;

ANALYZE lessons;
