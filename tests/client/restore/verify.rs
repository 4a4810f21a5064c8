//! Whatever somebody breaks in the tables, `rct.verify()` finds and names it.

use super::school::school;
use super::{rows, run, sound};
use crate::db::{Database, told};
use crate::district::{Logins, district};

/// What is broken, without triggers, as by a superuser or a restore; the codes, one of which tells it; what its place names.
const BROKEN: &[(&str, &[&str], &str)] = &[
    // what rows refer to
    ("DELETE FROM rct.experiment WHERE key = 'solo'", &["missing_reference"], "enrollment"),
    ("DELETE FROM rct.experiment WHERE key = 'within'", &["missing_reference"], "repetition"),
    ("DELETE FROM rct.experiment WHERE key = 'classes'", &["missing_reference"], "exposure"),
    ("DELETE FROM rct.segment WHERE key = 'pilot'", &["missing_reference"], "segment_member"),
    ("DELETE FROM rct.segment WHERE key = 'pilot'", &["missing_reference"], "segment_edge"),
    ("DELETE FROM rct.segment WHERE kind = 'list'", &["missing_reference"], "experiment"),
    ("DELETE FROM rct.context WHERE name = 'practice'", &["missing_reference"], "experiment"),
    ("DELETE FROM rct.run", &["missing_reference"], "allocation"),
    ("UPDATE rct.exposure SET experiment_id = 999 WHERE id = (SELECT max(id) FROM rct.exposure)", &["missing_reference"], "exposure"),
    ("INSERT INTO rct.preview_condition (user_id, experiment_id, condition) VALUES ('user 090', 999, 'a')", &["missing_reference"], "preview_condition"),
    ("INSERT INTO rct.exclusion (experiment_id, unit_type, unit_id, code) VALUES (999, 'user', 'user 001', 'X')", &["missing_reference"], "exclusion"),
    ("UPDATE rct.status_log SET experiment_id = 999 WHERE reason = 'enough'", &["missing_reference"], "status_log"),
    ("UPDATE rct.segment SET context = 'nowhere' WHERE key = 'not here'", &["missing_reference"], "segment"),
    // histories
    ("DELETE FROM rct.experiment_version WHERE version = 1", &["version_gap"], "solo"),
    ("DELETE FROM rct.experiment_version WHERE version = 2", &["version_gap"], "within"),
    ("DELETE FROM rct.experiment_version", &["version_gap"], "classes"),
    ("UPDATE rct.experiment SET spec = spec || '{\"description\": \"another\"}' WHERE key = 'solo'", &["version_differs"], "solo"),
    ("UPDATE rct.experiment_version SET spec = spec || '{\"salt\": \"another\"}' WHERE version = 2", &["version_differs"], "solo"),
    ("DELETE FROM rct.status_log WHERE reason = 'enough'", &["status_gap"], "classes"),
    ("DELETE FROM rct.status_log WHERE reason = 'created'", &["status_gap"], "solo"),
    ("DELETE FROM rct.status_log WHERE reason = 'the semester begins'", &["status_gap", "status_differs"], "within"),
    ("UPDATE rct.experiment SET status = 'cancelled' WHERE key = 'solo'", &["status_differs"], "solo"),
    ("UPDATE rct.enrollment SET ended_at = started_at - interval '1 day' WHERE unit_id = 'user 001'", &["ended_before_start"], "enrollment"),
    ("UPDATE rct.exclusion SET ended_at = started_at - interval '1 day' WHERE ctid = (SELECT min(ctid) FROM rct.exclusion)", &["ended_before_start"], "exclusion"),
    ("UPDATE rct.segment_member SET ended_at = started_at - interval '1 day' WHERE member_id = 'user 010'", &["ended_before_start"], "segment_member"),
    (
        "INSERT INTO rct.enrollment (experiment_id, unit_type, unit_id, condition, code, started_at, ended_at)
         SELECT experiment_id, unit_type, unit_id, condition, code, started_at - interval '1 day', started_at + interval '1 day' FROM rct.enrollment WHERE unit_id = 'user 001' AND condition IS NOT NULL",
        &["overlap", "enrollment_overlap"],
        "user 001",
    ),
    (
        "INSERT INTO rct.membership (user_id, group_type, group_id, during) VALUES ('user 001', 'class', 'class 1', '[2020-01-01, 2030-01-01)')",
        &["membership_overlap"],
        "user 001",
    ),
    (
        "INSERT INTO rct.membership (user_id, group_type, group_id, working, during) VALUES ('user 001', 'class', 'class 2', true, '[2020-01-01, 2030-01-01)')",
        &["two_working_groups"],
        "user 001",
    ),
    ("UPDATE rct.alias SET user_id = 'one' WHERE alias = 'uno'", &["alias_of_alias"], "uno"),
    ("INSERT INTO rct.alias (alias, user_id) VALUES ('user 050', 'user 051')", &["alias_has_records"], "user 050"),
    ("DELETE FROM rct.repetition WHERE ordinal = 2", &["repetition_gap"], "user 001"),
    ("DELETE FROM rct.repetition WHERE ordinal = 1", &["repetition_gap"], "user 001"),
    ("DELETE FROM rct.visit WHERE user_id = 'user 002'", &["visit_missing"], "user 002"),
    ("DELETE FROM rct.log_event WHERE user_id = 'user 002'", &["event_missing"], "lms"),
    ("DELETE FROM rct.exposure WHERE user_id = 'user 002'", &["exposure_missing"], "user 002"),
    ("UPDATE rct.allocation SET condition = 'hints' WHERE condition = 'control' AND NOT late", &["replay_mismatch"], "run"),
    ("DELETE FROM rct.allocation WHERE unit_id = 'user 001'", &["replay_mismatch"], "run"),
    ("UPDATE rct.run SET seed = 'another'", &["replay_mismatch"], "run"),
    ("UPDATE rct.allocation SET condition = 'nonsense' WHERE late AND unit_id = 'late 1'", &["replay_mismatch"], "run"),
    // what follows from the records
    ("TRUNCATE rct.unit", &["units_not_built"], ""),
    ("DELETE FROM rct.unit WHERE unit = E'user\\x1fuser 001'", &["unit_differs", "units_not_built"], "user 001"),
    ("UPDATE rct.unit SET facts = NULL WHERE unit = E'user\\x1fuser 001'", &["unit_differs", "units_not_built"], "user 001"),
    ("UPDATE rct.unit SET units = '{}' WHERE unit = E'user\\x1fuser 001'", &["unit_differs", "units_not_built"], "user 001"),
    ("UPDATE rct.unit SET facts = NULL WHERE unit = E'class\\x1fclass 1'", &["unit_differs", "units_not_built"], "class 1"),
    ("DELETE FROM rct.unit WHERE unit = E'user\\x1fone'", &["alias_differs", "units_not_built"], "one"),
    ("UPDATE rct.unit SET user_id = 'user 002' WHERE unit = E'user\\x1fone'", &["alias_differs", "units_not_built"], "one"),
    (
        "UPDATE rct.enrollment SET condition = CASE condition WHEN 'hints' THEN 'control' ELSE 'hints' END WHERE unit_id = 'user 004'",
        &["unit_differs", "units_not_built"],
        "user 004",
    ),
    ("INSERT INTO rct.segment_member (segment_id, member_type, member_id) SELECT id, 'user', 'user 070' FROM rct.segment WHERE key = 'pilot'", &["unit_differs", "units_not_built"], "user 070"),
    ("UPDATE rct.membership SET group_id = 'class 9' WHERE user_id = 'user 001' AND group_type = 'class'", &["unit_differs", "units_not_built"], "user 001"),
    ("UPDATE rct.context SET plan = NULL, digest = NULL WHERE name = 'lms'", &["plan_differs"], "lms"),
    ("UPDATE rct.context c SET plan = o.plan, digest = o.digest FROM rct.context o WHERE c.name = 'lms' AND o.name = 'practice'", &["plan_differs"], "lms"),
    ("UPDATE rct.context SET digest = gen_random_uuid() WHERE name = 'lms'", &["plan_differs"], "lms"),
    ("UPDATE rct.segment_edge SET ended_at = clock_timestamp()", &["plan_differs"], "lms"),
    ("UPDATE rct.enrollment_count SET users = users + 1", &["count_differs"], "solo"),
    ("DELETE FROM rct.enrollment_count", &["count_differs"], "solo"),
    ("ALTER SEQUENCE rct.exposure_id_seq RESTART WITH 1", &["sequence_behind"], "exposure"),
    ("ALTER SEQUENCE rct.membership_id_seq RESTART WITH 2", &["sequence_behind"], "membership"),
    ("ALTER SEQUENCE rct.measurement_id_seq RESTART WITH 3", &["sequence_behind"], "measurement"),
    ("ALTER SEQUENCE rct.run_id_seq RESTART WITH 2", &["sequence_behind"], "run"),
    ("ALTER SEQUENCE rct.experiment_id_seq RESTART WITH 1", &["sequence_behind"], "experiment"),
    // what others have done to the database
    ("ALTER TABLE rct.exposure DISABLE TRIGGER append_only", &["trigger_disabled"], "exposure"),
    ("ALTER TABLE rct.membership DISABLE TRIGGER ALL", &["trigger_disabled"], "membership"),
    ("ALTER TABLE rct.enrollment ENABLE REPLICA TRIGGER refresh_insert", &["trigger_disabled"], "enrollment"),
    ("DROP TRIGGER append_only ON rct.exposure", &["trigger_missing"], "exposure"),
    ("DO $$ DECLARE n name; BEGIN SELECT evtname INTO STRICT n FROM pg_event_trigger WHERE evtname LIKE 'rct%'; EXECUTE format('ALTER EVENT TRIGGER %I DISABLE', n); END $$", &["trigger_disabled"], ""),
    ("CREATE TABLE rct.mine (x int)", &["stranger"], "mine"),
    ("CREATE FUNCTION rct.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", &["stranger"], "mine"),
    ("CREATE TYPE rct.mine AS ENUM ('a')", &["stranger"], "mine"),
    ("GRANT DELETE ON rct.exposure TO PUBLIC", &["open_right"], "exposure"),
    ("GRANT CREATE ON SCHEMA rct TO PUBLIC", &["open_right"], "rct"),
    ("GRANT EXECUTE ON FUNCTION rct.mark(text, text, text, text, text, text, text, timestamptz, text, text) TO PUBLIC", &["open_right"], "mark"),
];

#[test]
fn whatever_is_broken_is_named() {
    let database = school("broken");
    let mut client = database.client();
    sound(&database, "as it was made");
    let mut missed = Vec::new();
    for (change, codes, named) in BROKEN {
        run(
            &mut client,
            "BEGIN; SET LOCAL session_replication_role = replica",
        );
        client
            .batch_execute(change)
            .unwrap_or_else(|e| panic!("{change}: {}", told(&e)));
        let found = client.query(
            "SELECT severity, code, place, detail, hint FROM rct.verify()",
            &[],
        );
        let found = found.unwrap_or_else(|e| panic!("{change}: {}", told(&e)));
        let said: Vec<[String; 5]> = found
            .iter()
            .map(|row| [0, 1, 2, 3, 4].map(|i| row.get::<_, Option<String>>(i).unwrap_or_default()))
            .collect();
        for [severity, code, place, detail, hint] in &said {
            assert!(
                ["error", "warning"].contains(&severity.as_str()),
                "{change}: {severity}"
            );
            assert!(
                !code.is_empty() && !place.is_empty() && detail.ends_with('.') && !hint.is_empty(),
                "{change}: {said:?}"
            );
        }
        let told = said.iter().any(|[_, code, place, detail, _]| {
            codes.contains(&code.as_str())
                && (place.contains(named) || detail.contains(named) || code == "units_not_built")
        });
        if !told {
            let told: Vec<_> = said
                .iter()
                .map(|[_, code, place, _, _]| format!("{code} {place}"))
                .collect();
            missed.push(format!("{change}: {codes:?} of {named}, but {told:?}"));
        }
        run(&mut client, "ROLLBACK");
    }
    assert!(
        missed.is_empty(),
        "{} of {}: {missed:#?}",
        missed.len(),
        BROKEN.len()
    );
    sound(&database, "as it was again");
}

/// What concerns relations of the district.
#[test]
fn a_reader_and_a_roster() {
    let (_roles, [reader]) = Logins::new("verified", ["reader"]);
    let database = school("verified");
    let mut client = database.client();
    run(
        &mut client,
        &format!(
            "CREATE TABLE public.roster (user_id text, group_type text, group_id text); GRANT SELECT ON public.roster TO {reader};
             SELECT rct.grant_reader('{reader}'), rct.register_roster('public.roster')"
        ),
    );
    sound(&database, "with a roster");
    for (change, code) in [
        (format!("ALTER ROLE {reader} SUPERUSER"), "reader_unfit"),
        (format!("ALTER ROLE {reader} BYPASSRLS"), "reader_unfit"),
        (
            format!("GRANT pg_read_all_data TO {reader}"),
            "reader_unfit",
        ),
        (
            format!("GRANT SELECT ON rct.enrollment TO {reader}"),
            "reader_unfit",
        ),
        (
            format!("CREATE TABLE public.own (); ALTER TABLE public.own OWNER TO {reader}"),
            "reader_unfit",
        ),
        ("DROP TABLE public.roster".to_owned(), "roster_missing"),
        (
            "ALTER TABLE public.roster RENAME TO other".to_owned(),
            "roster_missing",
        ),
        (
            "ALTER TABLE public.roster DROP group_id".to_owned(),
            "roster_missing",
        ),
        (
            format!("REVOKE SELECT ON public.roster FROM {reader}"),
            "roster_missing",
        ),
    ] {
        run(&mut client, "BEGIN");
        run(&mut client, &change);
        let found = rows(&mut client, "SELECT DISTINCT code FROM rct.verify()");
        // a roster that is there and cannot be read may have a word of its own
        let told = found
            .iter()
            .any(|found| found == code || code == "roster_missing" && found.starts_with("roster_"));
        assert!(told, "{change}: {found:?}");
        run(&mut client, "ROLLBACK");
    }
}

/// Nothing is wrong with districts in which nobody has broken anything.
#[test]
fn there_are_no_false_alarms() {
    let semester = district("alarms");
    let (_roles, [service, analyst, admin]) =
        Logins::new("alarms", ["service", "analyst", "admin"]);
    run(
        &mut semester.client(),
        &format!(
            "SELECT rct.grant_service('{service}'), rct.grant_analyst('{analyst}'), rct.grant_admin('{admin}')"
        ),
    );
    let empty = Database::with_extension("alarms_empty");
    let school = school("alarms_school");
    for (what, database) in [
        ("a semester", &semester),
        ("an empty database", &empty),
        ("a school", &school),
    ] {
        let found = rows(
            &mut database.client(),
            "SELECT code, place, detail FROM rct.verify()",
        );
        assert!(found.is_empty(), "{what}: {found:#?}");
        // rebuilt, it is what it was
        run(
            &mut database.client(),
            "SELECT rct.rebuild(), rct.rebuild()",
        );
        let found = rows(
            &mut database.client(),
            "SELECT code, place, detail FROM rct.verify()",
        );
        assert!(found.is_empty(), "{what}, rebuilt: {found:#?}");
    }
    let _ = super::goes_on(&school);
    let found = rows(
        &mut school.client(),
        "SELECT code, place, detail FROM rct.verify()",
    );
    assert!(found.is_empty(), "later: {found:#?}");
}
