-- Why a user gets, or got, what they get.

CREATE FUNCTION rct.explain(context text, user_id text, site text, target text, at timestamptz DEFAULT NULL)
    RETURNS TABLE (step integer, rule text, outcome text, detail text)
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 10 AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := coalesce($5, clock_timestamp());
    context_name text := lower(rct._identifier('context'::text, $1));
    who text := rct._user($2);
    plan bytea;
    u record;
BEGIN
    IF NOT isfinite(moment) THEN
        RAISE EXCEPTION 'at must be a finite time, got %', moment USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Leave it out for now.';
    END IF;
    plan := rct._experiment_compile(rct._plan_input(context_name, moment)::text);
    SELECT m.types, m.ids, m.members, m.workings INTO u FROM rct._memberships(who, moment, moment) m;
    RETURN QUERY SELECT s.step, s.rule, s.outcome, s.detail FROM rct._explain(
        encode(substring(sha256(plan) FOR 16), 'hex')::uuid, plan,
        (SELECT rct._pack(f.kind, f.a, f.b, f.c, f.d, f.e, f.f) FROM rct._facts(u.types, u.ids, u.members, u.workings, moment) f),
        who, moment, coalesce($3, ''::text), coalesce($4, ''::text)) s;
END
$$;
COMMENT ON FUNCTION rct.explain(text, text, text, text, timestamptz) IS
    'the steps that decide what a user gets at a decision point, in order, now or at any past moment';
