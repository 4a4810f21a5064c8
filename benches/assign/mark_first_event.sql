-- Each pair of one of the other users and a decision point once, in random order; :base have been used before.
\set next :next + 1
\set pair permute(:base + :next * :clients + :client_id, :users * 10)
\set user 1000002 + 2 * (:pair / 20)
\set target 1 + :pair % 20
SELECT * FROM rct.mark('bench', :user, 'lesson', :target, 'control', event_id => 'event ' || :pair);
