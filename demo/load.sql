-- Project STAR, kindergarten, as the table star. To be run in the root of the checkout, where \copy finds the file.
-- Where the data come from: demo/README.md.

CREATE TABLE star (
    student_id integer PRIMARY KEY,
    school integer NOT NULL,
    teacher integer NOT NULL,
    grade integer NOT NULL,
    arm text NOT NULL CHECK (arm IN ('regular', 'small', 'aide')),
    read integer,
    math integer,
    free_lunch integer CHECK (free_lunch IN (0, 1)),
    female integer NOT NULL CHECK (female IN (0, 1)),
    race text,
    school_type text NOT NULL,
    teacher_exper integer,
    teacher_degree text,
    birth_quarter text
);

COMMENT ON TABLE star IS 'Project STAR, Tennessee 1985/86: the children of the kindergarten year, one row each';
COMMENT ON COLUMN star.student_id IS 'child: a number of the public file, not a name';
COMMENT ON COLUMN star.school IS 'school; children and teachers were put into classes at random within each school';
COMMENT ON COLUMN star.teacher IS
    'class, by its teacher; derived from what is known of the teacher, because the file has no class number';
COMMENT ON COLUMN star.grade IS 'grade: 0 is kindergarten';
COMMENT ON COLUMN star.arm IS
    'kind of class: regular (22 to 25 children), small (13 to 17) or aide (regular with a full-time aide)';
COMMENT ON COLUMN star.read IS
    'reading, total scaled score of the Stanford Achievement Test in spring; NULL if not taken';
COMMENT ON COLUMN star.math IS
    'mathematics, total scaled score of the Stanford Achievement Test in spring; NULL if not taken';
COMMENT ON COLUMN star.free_lunch IS
    '1 if the child was entitled to free lunch, which stands for a poor family; NULL if unknown';
COMMENT ON COLUMN star.female IS '1 for girls';
COMMENT ON COLUMN star.race IS 'W white, B black, A Asian, H Hispanic, I Native American, O other; NULL if unknown';
COMMENT ON COLUMN star.school_type IS 'where the school is: inner (inner city), urban, suburb or rural';
COMMENT ON COLUMN star.teacher_exper IS 'years for which the teacher had taught';
COMMENT ON COLUMN star.teacher_degree IS 'highest degree of the teacher';
COMMENT ON COLUMN star.birth_quarter IS 'year and quarter of birth; NULL if unknown';

\copy star FROM 'demo/data/star.csv' WITH (FORMAT csv, HEADER match)

-- R's way to write two missing values
UPDATE star SET birth_quarter = NULL WHERE birth_quarter = 'NA:NA';

ANALYZE star;
