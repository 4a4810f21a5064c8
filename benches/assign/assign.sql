\set user random(1000001, 1000000 + :users)
SELECT * FROM rct.assign('bench', :user);
