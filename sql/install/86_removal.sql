-- Records do not go with the extension unless that is meant.

CREATE FUNCTION rct._guard_removal() RETURNS event_trigger
    AS 'MODULE_PATHNAME', 'rct_guard_removal' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION rct._guard_removal() IS 'internal: refuses to drop the extension while it has records, unless rct.confirm_drop is on';

CREATE EVENT TRIGGER rct_guard_removal ON ddl_command_start WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION rct._guard_removal();
-- In a session that replays the changes of another server, too.
ALTER EVENT TRIGGER rct_guard_removal ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER rct_guard_removal IS 'keeps the records of pg_rct from being dropped with the extension';
