-- Every second user has been at all decision points: enrollments and visits as marks would have left them, but in one
-- statement. bare is the table that marks are compared with; it has the key and the rows of the visits.
INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code, group_id)
    SELECT e.id, u.unit_type, u.unit_id, a.condition, CASE WHEN u.unit_type = 'user' AND a.group_id IS NOT NULL THEN 'GROUP_LOGIC' ELSE 'ALGORITHMIC' END,
        CASE u.unit_type WHEN 'user' THEN a.group_id END
    FROM rct.experiment e, LATERAL rct.assign_all(e.key) a,
    LATERAL (VALUES ('user', a.user_id), (e.spec ->> 'group_type', a.group_id)) u (unit_type, unit_id)
    WHERE a.user_id::bigint % 2 = 1 AND a.condition IS NOT NULL AND u.unit_id IS NOT NULL AND e.key = ANY (:'keys')
    ON CONFLICT DO NOTHING;
INSERT INTO rct.visit (user_id, context, site, target, first_at, last_at, preview)
    SELECT (1000000 + n)::text, 'bench', 'lesson', substr(e.key, 2), now(), now(), false
    FROM generate_series(1, :users, 2) n, rct.experiment e WHERE e.key = ANY (:'keys');
CREATE TABLE bare (
    user_id text NOT NULL, context text NOT NULL, site text NOT NULL, target text NOT NULL, at timestamptz NOT NULL,
    PRIMARY KEY (user_id, context, site, target)
);
INSERT INTO bare SELECT v.user_id, v.context, v.site, v.target, v.first_at FROM rct.visit v;
-- Their first mark was an event with the id of the user.
INSERT INTO rct.exposure (event_id, context, user_id, site, target, status, reason, mismatch, server_at, preview)
    SELECT (1000000 + n)::text, 'bench', (1000000 + n)::text, 'lesson', '1', 'condition applied', 'assigned', false, now(), false
    FROM generate_series(1, :users, 2) n;
VACUUM (ANALYZE);
CHECKPOINT;
