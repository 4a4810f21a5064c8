-- Made-up data: attempts of four students at a quiz. Student 3 has two attempts at the same second and one without a
-- score; student 4 has not been scored at all.

CREATE TABLE attempts (
    attempt_id bigint PRIMARY KEY,
    student_id bigint NOT NULL,
    at timestamptz,
    score float8,
    answer text
);

INSERT INTO attempts VALUES
    (1, 1, '2026-03-02 09:00:00+00', 40, 'B'),
    (2, 1, '2026-03-02 09:12:00+00', 55, 'C'),
    (3, 1, '2026-03-04 08:30:00+00', 70, 'A'),
    (4, 2, '2026-03-02 09:01:00+00', 80, 'A'),
    (5, 2, '2026-03-03 10:00:00+00', 75, 'A'),
    (6, 3, '2026-03-02 09:05:00+00', NULL, 'D'),
    (7, 3, '2026-03-02 09:30:00+00', 50, 'C'),
    (8, 3, '2026-03-02 09:30:00+00', 65, 'D'),
    (9, 4, '2026-03-02 09:07:00+00', NULL, NULL);

ANALYZE attempts;
