-- Made-up data: 24 classes, half of them offered a practice program; who was offered did not always practise, and some
-- practised without an offer. Plain arithmetic, no random numbers.

CREATE TABLE practice (
    student_id bigint PRIMARY KEY,
    class_id bigint NOT NULL,
    condition text NOT NULL,
    pretest int NOT NULL,
    minutes int NOT NULL, -- spent in the program
    tasks int NOT NULL,   -- tried in the final test
    solved int NOT NULL,  -- of these
    score int NOT NULL,
    passed int NOT NULL   -- 1 or 0
);

INSERT INTO practice
SELECT class_id * 100 + i, class_id, condition, pretest, minutes, tasks,
    least(tasks, greatest(0, (score - 30) * tasks / 50 + (i * 5 + class_id) % 3 - 1)), score, (score >= 62)::int
FROM (SELECT class_id, CASE WHEN class_id * 5 % 12 < 6 THEN 'offer' ELSE 'control' END AS condition,
        16 + class_id * 7 % 11 AS size, class_id * 11 % 9 - 4 AS level
      FROM generate_series(1, 24) AS class_id) AS class,
    generate_series(1, size) AS i,
    LATERAL (SELECT 50 + (i * 29 + class_id * 13) % 31 - 15 + level / 2 AS pretest,
        8 + (i * 3 + class_id * 5) % 9 AS tasks,
        CASE WHEN condition = 'offer' THEN greatest(0, (i * 23 + class_id * 17) % 59 - 9)
             WHEN (i * 7 + class_id) % 13 = 0 THEN 12 + i % 10 ELSE 0 END AS minutes) AS baseline,
    LATERAL (SELECT 58 + level + (pretest - 50) / 2 + minutes / 8 + (i * 17 + class_id * 7) % 23 - 11 AS score) AS after;

ANALYZE practice;
