-- A row that is there already: nothing is written.
\set user 1000001 + 2 * random(0, :users / 2 - 1)
\set target random(1, 20)
INSERT INTO bare VALUES (:user, 'bench', 'lesson', :target, clock_timestamp()) ON CONFLICT DO NOTHING;
