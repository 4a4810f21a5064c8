-- Made-up data with gaps, as real data have them: students without a score, without a pretest, without a class, and a
-- weight that is 0 for students who moved away. 12 classes, 6 with hints.

CREATE TABLE follow_up (
    student_id bigint PRIMARY KEY,
    class_id bigint,
    condition text NOT NULL,
    pretest int,
    score int,
    weight float8 NOT NULL
);

INSERT INTO follow_up
SELECT class_id * 100 + i,
    CASE WHEN i = 5 AND class_id % 4 = 1 THEN NULL ELSE class_id END,
    CASE WHEN class_id <= 6 THEN 'control' ELSE 'hints' END,
    CASE WHEN (i + class_id) % 9 <> 0 THEN 50 + (i * 29 + class_id * 13) % 31 - 15 END,
    -- more scores are missing without hints
    CASE WHEN i % (CASE WHEN class_id <= 6 THEN 6 ELSE 12 END) <> 0
        THEN 55 + (class_id * 5) % 12 + (i * 17 + class_id * 7) % 23 - 11 END,
    CASE WHEN i = 3 AND class_id % 3 = 0 THEN 0 WHEN i % 2 = 0 THEN 1.5 ELSE 1 END
FROM generate_series(1, 12) AS class_id, generate_series(1, 14 + class_id * 5 % 11) AS i;

ANALYZE follow_up;
