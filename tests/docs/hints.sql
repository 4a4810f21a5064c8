-- Made-up data: six students of an experiment with hints, enrolled on the 2nd of March by their first visits.

SELECT rct.create_experiment('{
    "key": "hints-2026", "context": "mathia", "unit": "individual",
    "conditions": [{"code": "control", "weight": 1}, {"code": "hints", "weight": 1}],
    "decision_points": [{"site": "SelectSection", "target": "areas"}]
}');

INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code, group_id, started_at)
SELECT x.id, 'user', s.student, s.condition, 'ALGORITHMIC', s.class, '2026-03-02 08:00:00+00'
FROM rct.experiment AS x, (VALUES
    ('s-1', 'control', 'c-1'), ('s-2', 'hints', 'c-1'), ('s-3', 'control', 'c-1'),
    ('s-4', 'hints', 'c-2'), ('s-5', 'control', 'c-2'), ('s-6', 'hints', 'c-2')) AS s (student, condition, class)
WHERE x.key = 'hints-2026';
