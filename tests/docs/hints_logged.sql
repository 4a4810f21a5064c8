-- What six students of an experiment with hints did: scores, and the workspaces that they finished.

\ir hints.sql

SELECT rct.declare_metric('mathia', 'score', '{"type": "continuous", "direction": "higher"}');
SELECT rct.declare_metric('mathia', 'status', '{"type": "categorical", "allowed": ["graduated", "promoted"]}');

SELECT rct.log_batch((
    SELECT jsonb_agg(jsonb_build_object('context', 'mathia', 'user_id', l.student, 'at', l.at, 'class', l.class, 'key', l.key,
                                        'uniquifier', l.uniquifier, 'metrics', l.metrics::jsonb) ORDER BY l.at)
    FROM (VALUES
        ('s-1', '2026-03-01T10:00:00Z', NULL, NULL, NULL, '{"score": 99}'),
        ('s-1', '2026-03-03T10:00:00Z', NULL, NULL, NULL, '{"score": 40}'),
        ('s-1', '2026-03-04T10:00:00Z', NULL, NULL, NULL, '{"score": 60}'),
        ('s-2', '2026-03-03T10:00:00Z', NULL, NULL, NULL, '{"score": 70}'),
        ('s-3', '2026-03-03T10:00:00Z', NULL, NULL, NULL, '{"score": 55}'),
        ('s-4', '2026-03-03T10:00:00Z', NULL, NULL, NULL, '{"score": 80}'),
        ('s-4', '2026-03-05T10:00:00Z', NULL, NULL, NULL, '{"score": 90}'),
        ('s-6', '2026-03-03T10:00:00Z', NULL, NULL, NULL, '{"score": "absent"}'),
        ('s-1', '2026-03-06T10:00:00Z', 'workspace', 'areas', 'w-1', '{"status": "promoted", "minutes": 30}'),
        ('s-1', '2026-03-06T11:00:00Z', 'workspace', 'areas', 'w-2', '{"status": "graduated", "minutes": 20}'),
        ('s-2', '2026-03-06T10:00:00Z', 'workspace', 'areas', 'w-3', '{"status": "graduated", "minutes": 15}'),
        ('s-3', '2026-03-06T10:00:00Z', 'workspace', 'areas', 'w-4', '{"status": "promoted", "minutes": 25}'),
        ('s-4', '2026-03-06T10:00:00Z', 'workspace', 'areas', 'w-5', '{"status": "graduated", "minutes": 10}')
    ) AS l (student, at, class, key, uniquifier, metrics)));
