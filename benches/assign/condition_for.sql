\set user random(1000001, 1000000 + :users)
\set target random(1, 20)
SELECT * FROM rct.condition_for('bench', 'lesson', :target, :user);
