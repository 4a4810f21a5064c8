-- Everything so far is a pure function of its arguments: it reads no table, so everybody may call it. Postgres gives
-- EXECUTE to PUBLIC by default; only the schema has to be opened.

GRANT USAGE ON SCHEMA rct TO PUBLIC;
