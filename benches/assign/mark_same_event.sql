-- The same event again, of which nothing is written.
\set user 1000001 + 2 * random(0, :users / 2 - 1)
SELECT * FROM rct.mark('bench', :user, 'lesson', '1', 'control', event_id => :user);
