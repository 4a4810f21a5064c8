-- Users and their groups: now, later, earlier and corrected; aliases; whole rosters; and every error of a caller.

CREATE FUNCTION roster(at timestamptz DEFAULT clock_timestamp(), known timestamptz DEFAULT NULL) RETURNS TABLE (membership text) LANGUAGE sql AS $$
    SELECT user_id || ' ' || group_type || ' ' || group_id || CASE WHEN working THEN ' (working)' ELSE '' END
           || CASE WHEN member THEN '' ELSE ' (no member)' END
    FROM rct.roster_at(at, known) ORDER BY user_id, group_type, group_id $$;

-- The only group of a type is the working one.
SELECT rct.set_groups('ada', '{"class": ["7b"], "school": ["north"]}');
SELECT rct.set_groups('ada', '{"class": ["7b"], "school": ["north"]}') AS nothing_new;
SELECT rct.set_groups('bob', '{"class": ["7b", "7c"], "school": ["north"]}');
SELECT * FROM roster();
-- Who works where.
SELECT rct.set_working_groups('bob', '{"class": "7c"}');
SELECT * FROM roster() WHERE membership LIKE 'bob%';
SELECT rct.set_groups('bob', '{"class": ["7c", "7d"]}');
SELECT * FROM roster() WHERE membership LIKE 'bob%';
SELECT rct.set_groups('bob', '{"class": ["7c", "7d"], "school": ["north"]}', '{"class": "7d", "school": "north"}');
SELECT * FROM roster() WHERE membership LIKE 'bob%';
-- A working group the user is no member of is kept, and said to be none.
SELECT rct.set_working_groups('bob', '{"class": "9x"}');
SELECT * FROM roster() WHERE membership LIKE 'bob%';
SELECT rct.set_working_groups('bob', NULL);
SELECT * FROM roster() WHERE membership LIKE 'bob%';
SELECT rct.set_groups('bob', '{}');
SELECT * FROM roster() WHERE membership LIKE 'bob%';
SELECT rct.set_groups('bob', '{"class": ["7b"]}');
SELECT rct.set_groups('bob', NULL);
SELECT rct.set_groups('bob', 'null') AS all_gone;
SELECT * FROM roster() WHERE membership LIKE 'bob%';

-- From a moment on, in the past and in the future.
SELECT rct.set_groups('cleo', '{"class": ["7a"]}', at => '2024-09-01');
SELECT rct.set_groups('cleo', '{"class": ["7b"]}', at => '2025-02-01');
SELECT rct.set_groups('cleo', '{"class": ["8b"]}', at => '2199-09-01');
SELECT at, m.* FROM unnest('{2024-08-31, 2024-09-01, 2025-01-31, 2025-02-01, 2199-12-31}'::timestamptz[]) AS at LEFT JOIN roster(at) AS m ON membership LIKE 'cleo%';
-- A correction: what was believed before can still be asked for.
CREATE TABLE moment AS SELECT clock_timestamp() AS at;
SELECT rct.set_groups('cleo', '{"class": ["7c"]}', at => '2024-10-01');
SELECT m.* AS corrected FROM roster('2024-12-01') AS m WHERE membership LIKE 'cleo%';
SELECT m.* AS believed FROM moment, roster('2024-12-01', moment.at) AS m WHERE membership LIKE 'cleo%';
SELECT group_id, during, upper_inf(known) AS believed FROM rct.membership WHERE user_id = 'cleo' ORDER BY id;

-- What a caller can do wrong.
SELECT rct.set_groups(NULL, '{}');
SELECT rct.set_groups('', '{}');
SELECT rct.set_groups(repeat('x', 1001), '{}');
SELECT rct.set_groups('dan', '[]');
SELECT rct.set_groups('dan', '"7b"');
SELECT rct.set_groups('dan', '{"class": "7b"}');
SELECT rct.set_groups('dan', '{"class": [""]}');
SELECT rct.set_groups('dan', '{"class": [7]}');
SELECT rct.set_groups('dan', '{"": ["7b"]}');
SELECT rct.set_groups('dan', '{"user": ["7b"]}');
SELECT rct.set_groups('dan', '{"class": ["7b"]}', '[]');
SELECT rct.set_groups('dan', '{"class": ["7b"]}', '{"class": ["7b"]}');
SELECT rct.set_groups('dan', '{"class": ["7b"]}', '{"class": 7}');
SELECT rct.set_groups('dan', '{"class": ["7b"]}', '{"class": ""}');
SELECT rct.set_groups('dan', '{"class": ["7b"]}', '{"": "7b"}');
SELECT rct.set_groups('dan', '{"class": ["7b"]}', '{"user": "dan"}');
SELECT rct.set_groups('dan', '{"class": ["7b"]}', at => 'infinity');
SELECT rct.set_groups('dan', '{"class": ["7b"]}', at => '-infinity');
SELECT rct.set_working_groups(NULL, '{}');
SELECT rct.set_working_groups('dan', '"7b"');
SELECT rct.set_working_groups('dan', '{"class": ["7b"]}');
SELECT rct.set_working_groups('dan', '{"class": "7b"}', 'infinity');
SELECT count(*) AS left_behind FROM rct.membership WHERE user_id = 'dan';

-- Aliases: all that is known is known under one id.
SELECT rct.add_alias('ada', 'a.lovelace');
SELECT rct.add_alias('ada', 'a.lovelace') AS again;
SELECT rct.add_alias('a.lovelace', 'countess') AS through_an_alias;
SELECT rct.add_alias('ada', 'ada') AS itself;
SELECT * FROM (SELECT alias, user_id FROM rct.alias) AS a ORDER BY alias;
SELECT rct.set_groups('countess', '{"class": ["8b"]}');
SELECT * FROM roster() WHERE membership LIKE 'ada%';
SELECT rct.add_alias('cleo', 'countess');
SELECT rct.add_alias('cleo', 'ada');
SELECT rct.add_alias('ada', 'cleo');
SELECT rct.add_alias(NULL, 'x');
SELECT rct.add_alias('', 'x');
SELECT rct.add_alias('ada', NULL);
SELECT rct.add_alias('ada', '');
SELECT rct.add_alias('ada', repeat('x', 1001));

-- A whole roster in one statement.
CREATE TABLE sis (user_id text, group_type text, group_id text, teacher text);
INSERT INTO sis VALUES ('ada', 'class', '9a', 'X'), ('ada', 'school', 'north', 'X'), ('fay', 'class', '9a', 'X'), ('fay', 'class', '9a', 'Y'),
                       ('gus', 'class', '9a', 'X'), ('gus', 'class', '9b', 'Y');
-- A superuser reads it through a role that can do nothing else.
SELECT rct.load_roster('sis');
CREATE ROLE regress_roster_reader;
SELECT rct.grant_reader('regress_roster_reader');
SELECT rct.load_roster('sis');
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO regress_roster_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO regress_roster_reader;
SELECT rct.load_roster('sis');
SELECT rct.load_roster('sis') AS nothing_new;
SELECT * FROM roster();
-- complete: who is not in it has no groups any more.
SELECT rct.load_roster('sis', complete => true);
SELECT * FROM roster();
-- With working groups, by a view, and under an alias.
CREATE VIEW sis_working AS SELECT CASE user_id WHEN 'ada' THEN 'countess' ELSE user_id END AS user_id, group_type, group_id, group_id = '9b' AS working FROM sis;
SELECT rct.load_roster('sis_working');
SELECT * FROM roster();
SELECT rct.load_roster('sis', '2025-01-01');
SELECT * FROM roster('2025-01-02') WHERE membership NOT LIKE 'cleo%';
-- Ids may be numbers.
CREATE TABLE numbers AS SELECT 1001 AS user_id, 'class' AS group_type, 12 AS group_id;
SELECT rct.load_roster('numbers');
SELECT * FROM roster() WHERE membership LIKE '1%';

SELECT rct.load_roster(NULL);
SELECT rct.load_roster('nothing');
SELECT rct.load_roster('moment');
SELECT rct.load_roster('sis', 'infinity');
CREATE TABLE bad (user_id text, group_type text, group_id text, working boolean);
INSERT INTO bad VALUES (NULL, 'class', '7a', true);
SELECT rct.load_roster('bad');
UPDATE bad SET user_id = '';
SELECT rct.load_roster('bad');
UPDATE bad SET user_id = 'dan', group_type = NULL;
SELECT rct.load_roster('bad');
UPDATE bad SET group_type = 'user';
SELECT rct.load_roster('bad');
UPDATE bad SET group_type = 'class', group_id = NULL;
SELECT rct.load_roster('bad');
UPDATE bad SET group_id = '7a';
INSERT INTO bad VALUES ('dan', 'class', '7b', true);
SELECT rct.load_roster('bad');
CREATE TABLE bad_type AS SELECT 'dan'::text AS user_id, 'class'::text AS group_type, '7a'::text AS group_id, 'yes'::text AS working;
SELECT rct.load_roster('bad_type');
SELECT count(*) AS left_behind FROM rct.membership WHERE user_id = 'dan';

-- The district's own roster, read instead of copied.
CREATE VIEW district AS SELECT user_id, group_type, group_id FROM sis WHERE user_id <> 'fay';
SELECT rct.register_roster('district');
SELECT * FROM roster();
INSERT INTO sis VALUES ('hal', 'class', '9a', 'Z');
SELECT * FROM roster() WHERE membership LIKE 'hal%';
-- The copy is not changed meanwhile, and is what was read before.
SELECT rct.set_groups('hal', '{"class": ["7b"]}');
SELECT rct.load_roster('sis');
SELECT r.* FROM moment, roster(moment.at) AS r WHERE membership LIKE 'ada%';
-- With times.
CREATE TABLE dated AS SELECT 'ida'::text AS user_id, 'class'::text AS group_type, g AS group_id, true AS working, d::tstzrange AS during
FROM (VALUES ('7a', '[2024-01-01,2025-01-01)'), ('8a', '[2025-01-01,)')) AS v (g, d);
SELECT rct.register_roster('dated');
SELECT * FROM roster();
-- A relation that cannot be read later is refused now.
CREATE TEMP TABLE mine AS SELECT 'ida'::text AS user_id, 'class'::text AS group_type, '7a'::text AS group_id;
SELECT rct.register_roster('mine');
CREATE TABLE bad_during AS SELECT 'ida'::text AS user_id, 'class'::text AS group_type, '7a'::text AS group_id, 'always'::text AS during;
SELECT rct.register_roster('bad_during');
SELECT rct.register_roster('bad_type');
SELECT rct.register_roster('moment');
SELECT rct.register_roster('nothing');
SELECT * FROM roster();
SELECT rct.register_roster(NULL);
SELECT * FROM roster() WHERE membership LIKE 'ada%';
SELECT relation, has_working, has_during, ended_at = 'infinity' AS open FROM rct.roster_source ORDER BY registered_at;

-- Nothing is deleted, and memberships never overlap, not even by the owner of the tables.
UPDATE rct.membership SET group_id = 'other' WHERE user_id = 'ada';
UPDATE rct.membership SET known = tstzrange('2001-01-01', NULL) WHERE user_id = 'ada';
UPDATE rct.membership SET during = during WHERE NOT upper_inf(known);
UPDATE rct.alias SET user_id = 'cleo';
DELETE FROM rct.alias;
DELETE FROM rct.roster_source;
DELETE FROM rct.membership;
TRUNCATE rct.membership;
INSERT INTO rct.membership (user_id, group_type, group_id, working, during) VALUES ('zoe', 'class', '7a', true, '[2024-01-01,2024-06-01)');
INSERT INTO rct.membership (user_id, group_type, group_id, working, during) VALUES ('zoe', 'class', '7b', true, '[2024-05-01,2024-09-01)');
INSERT INTO rct.membership (user_id, group_type, group_id, working, during) VALUES ('zoe', 'class', '7a', false, '[2024-03-01,)');
INSERT INTO rct.membership (user_id, group_type, group_id, working, during) VALUES ('zoe', 'class', '7b', true, '[2024-06-01,2024-09-01)');

DROP OWNED BY regress_roster_reader;
DROP ROLE regress_roster_reader;
