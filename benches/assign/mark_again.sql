-- A user who has been there before.
\set user 1000001 + 2 * random(0, :users / 2 - 1)
\set target random(1, 20)
SELECT * FROM rct.mark('bench', :user, 'lesson', :target, 'control');
