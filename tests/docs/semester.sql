-- Made-up data: a roster of two schools, and an experiment by class that is enrolling.

CREATE VIEW roster AS
SELECT student AS user_id, kind AS group_type, CASE kind WHEN 'class' THEN class ELSE school END AS group_id
FROM (VALUES ('north', '7a', '{ann, ben}'), ('north', '7b', '{eve, finn}'), ('south', '8a', '{ida, jon}')) AS c (school, class, students),
     unnest(students::text[]) AS student, unnest('{school, class}'::text[]) AS kind;
SELECT rct.set_groups(user_id, jsonb_object_agg(group_type, jsonb_build_array(group_id))) FROM roster GROUP BY user_id ORDER BY user_id;
SELECT rct.create_experiment('{
    "key": "hints-2026", "context": "mathia", "unit": "group", "group_type": "class",
    "conditions": [{"code": "control"}, {"code": "hints", "payload": {"show_hints": true}}],
    "decision_points": [{"site": "lesson", "target": "fractions"}, {"site": "homework", "target": "fractions"}]
}');
SELECT rct.set_status('hints-2026', 'enrolling', 'agreed by the school board');
