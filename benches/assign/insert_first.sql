-- Each pair of one of the other users and a decision point once, in random order; :base have been used before.
\set next :next + 1
\set pair permute(:base + :next * :clients + :client_id, :users * 100)
\set user 1000002 + 2 * (:pair / 200)
\set target 1 + :pair % 200
INSERT INTO bare VALUES (:user, 'bench', 'lesson', :target, clock_timestamp()) ON CONFLICT DO NOTHING;
