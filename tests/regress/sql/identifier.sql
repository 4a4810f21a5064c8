-- Identifiers that are almost the same.

CREATE TABLE classes (class text, teacher int, code uuid, "the arm" text);
INSERT INTO classes VALUES
    ('7-01', 1, NULL, 'control'), ('7-01', 1, NULL, 'control'), ('7-01 ', 1, NULL, 'control'), (E'7-01\t', 1, NULL, 'Control'),
    ('Class A', 2, NULL, 'treated'), ('class  a', 2, NULL, 'treated'), (U&'7\200B-02', 3, NULL, 'treated'), ('7-02', 3, NULL, 'control'),
    (U&'Jos\00E9', 4, NULL, 'control'), (U&'Jose\0301', 4, NULL, 'control'), ('', 5, NULL, 'control'), (U&'\00A0\FEFF', 5, NULL, 'control'),
    (NULL, 6, NULL, 'treated'), ('7-1', 7, '00000000-0000-0000-0000-000000000001', 'treated');

SELECT * FROM rct.suspicious_ids('classes', '{class}');
SELECT severity, code, place, detail FROM rct.suspicious_ids('classes', '{"the arm", teacher, code}');
SELECT * FROM rct.suspicious_ids('classes', '{teacher}', condition => 'the arm');
SELECT count(*) FROM rct.suspicious_ids('classes', '{}');

-- Many of them: five are named.
CREATE VIEW many AS SELECT repeat(' ', i) || 'x' AS id FROM generate_series(0, 9) i;
SELECT detail FROM rct.suspicious_ids('many', '{id}');

-- Errors name what is wrong.
SELECT * FROM rct.suspicious_ids('classes', '{class, klass}');
SELECT * FROM rct.suspicious_ids('classes', '{class}', 'arm');
SELECT * FROM rct.suspicious_ids('classes', '{class, NULL}');
SELECT * FROM rct.suspicious_ids(NULL, '{class}');
SELECT * FROM rct.suspicious_ids('classes', NULL);

-- A column is quoted, whatever its name is.
CREATE TABLE odd ("a""b'; DROP TABLE classes; --" text);
INSERT INTO odd VALUES ('x'), ('X');
SELECT place, detail FROM rct.suspicious_ids('odd', ARRAY['a"b''; DROP TABLE classes; --']);

-- A roster with such groups is loaded, with a warning.
CREATE TABLE sis AS SELECT 'u' || i AS user_id, 'class' AS group_type, CASE WHEN i < 3 THEN '7-01 ' ELSE '7-01' END AS group_id
    FROM generate_series(1, 5) i;
CREATE ROLE regress_identifier_reader;
GRANT SELECT ON sis TO regress_identifier_reader;
SELECT rct.grant_reader('regress_identifier_reader');
SELECT rct.load_roster('sis');

DROP OWNED BY regress_identifier_reader;
DROP ROLE regress_identifier_reader;
