//! Locks that only our functions take still do their work: who has begun is waited for, and nobody else.

use super::{Running, pid, refused, run, value};
use crate::db::{Database, told};
use crate::district::Logins;

/// A district, and who runs its experiments.
struct District {
    database: Database,
    admin: String,
    _roles: Logins,
}

impl District {
    fn new() -> Self {
        let (roles, [admin]) = Logins::new("exclusion", ["admin"]);
        let database = Database::with_extension("exclusion");
        run(
            &mut database.client(),
            r#"SELECT rct.create_experiment('{"key": "k", "context": "c", "unit": "group", "group_type": "class", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "s"}]}');
               SELECT rct.create_experiment('{"key": "elsewhere", "context": "d", "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "s"}]}');
               SELECT rct.create_experiment('{"key": "blocks", "context": "c", "assignment": {"algorithm": "blocks", "late": "next_slot"},
                   "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "b"}]}');
               SELECT rct.create_experiment('{"key": "draft", "context": "c", "assignment": {"algorithm": "complete"}, "conditions": [{"code": "a"}, {"code": "b"}], "decision_points": [{"site": "d"}]}');
               SELECT rct.randomize_experiment('blocks', 'seed', '{r1,r2}'), rct.set_status('k', 'enrolling'), rct.set_status('elsewhere', 'enrolling'), rct.set_status('blocks', 'enrolling');
               SELECT rct.set_groups('u1', '{"class": ["x"]}'), rct.set_groups('u2', '{"class": ["y"]}');
               SELECT rct.create_segment('inner', '{"users": ["u9"]}'), rct.create_segment('outer');
               SELECT rct.mark('c', 'u1', 's', NULL), rct.mark('c', 'u2', 's', NULL);
               CREATE TABLE public.roster AS SELECT 'u1'::text AS user_id, 'class'::text AS group_type, 'z'::text AS group_id"#,
        );
        run(
            &mut database.client(),
            &format!("SELECT rct.grant_admin('{admin}'); GRANT SELECT ON public.roster TO {admin}"),
        );
        District {
            database,
            admin,
            _roles: roles,
        }
    }

    /// Whether `second` waits for `first`, which is in an open transaction; what becomes of it when that has ended.
    fn beside(&self, first: &str, second: &str) -> (bool, Result<(), postgres::Error>) {
        let mut holder = self.database.client_as(&self.admin);
        let holder_pid = pid(&mut holder);
        run(&mut holder, &format!("BEGIN; SELECT {first}"));
        let second = format!("SELECT {second}");
        let running = Running::begin(self.database.client_as(&self.admin), &second);
        let blocking = running.waits_for(&mut self.database.client());
        run(&mut holder, "COMMIT");
        (blocking.contains(&holder_pid), running.end())
    }
}

/// The second waits for the first; then it goes on.
fn waits(first: &str, second: &str) {
    let (waited, ended) = District::new().beside(first, second);
    assert!(waited, "{second} does not wait for {first}");
    ended.unwrap_or_else(|e| panic!("{second} after {first}: {}", told(&e)));
}

/// The second ends while the first is in an open transaction.
fn passes(first: &str, second: &str) {
    let (waited, ended) = District::new().beside(first, second);
    assert!(!waited, "{second} waits for {first}");
    ended.unwrap_or_else(|e| panic!("{second} beside {first}: {}", told(&e)));
}

const MARK: &str = "rct.mark('c', 'u1', 's', NULL)";
const OF_ANOTHER: &str = "rct.mark('c', 'u2', 's', NULL)";
const OF_A_NEW_USER: &str = "rct.mark('c', 'new', 's', NULL)";
const IN_ANOTHER_CONTEXT: &str = "rct.mark('d', 'u3', 's', NULL)";

const CHANGE_OF_GROUPS: &str = "rct.set_groups('u1', '{\"class\": [\"y\"]}')";

/// Whatever changes what marks decide by.
const CHANGES: [&str; 7] = [
    "rct.set_status('k', 'enrollment_complete')",
    "rct.update_experiment('k', '{\"description\": \"x\"}')",
    "rct.add_members('outer', '{\"segments\": [\"inner\"]}')",
    "rct.create_segment('all', '{\"users\": [\"u8\"]}', 'global_exclusion')",
    "rct.randomize_experiment('draft', 'seed', '{r1,r2}')",
    "rct.place_late('blocks', '{r3}')",
    "rct.add_to_list('k', 'exclude', '{\"segments\": [\"outer\"]}')",
];

#[test]
fn changes_wait_for_marks_that_have_begun() {
    for change in CHANGES {
        waits(OF_A_NEW_USER, change);
    }
}

#[test]
fn marks_wait_for_changes_that_have_begun() {
    for change in CHANGES {
        waits(change, OF_A_NEW_USER);
    }
}

#[test]
fn changes_wait_for_changes() {
    waits(CHANGES[0], CHANGES[1]);
    waits(CHANGES[2], CHANGES[0]);
    waits(CHANGES[4], CHANGES[5]);
}

#[test]
fn other_contexts_do_not_wait() {
    passes(IN_ANOTHER_CONTEXT, CHANGES[0]);
    passes(CHANGES[1], IN_ANOTHER_CONTEXT);
    passes(OF_A_NEW_USER, IN_ANOTHER_CONTEXT);
}

/// One mark of a user after the other, and no change of the user's groups in between.
#[test]
fn a_user_at_a_time() {
    waits(MARK, MARK);
    waits(MARK, "rct.mark('d', 'u1', 's', NULL)");
    waits(MARK, "rct.set_groups('u1', '{\"class\": [\"z\"]}')");
    waits(MARK, "rct.set_working_groups('u1', NULL)");
    waits(MARK, "rct.set_preview_user('u1')");
    waits("rct.set_groups('u1', '{\"class\": [\"z\"]}')", MARK);
    waits(
        "rct.set_groups('u1', '{\"class\": [\"z\"]}')",
        CHANGE_OF_GROUPS,
    );
    waits("rct.set_preview_user('u1')", MARK);
    passes(MARK, OF_ANOTHER);
    passes(MARK, "rct.set_groups('u2', '{\"class\": [\"z\"]}')");
    passes("rct.set_groups('u1', '{\"class\": [\"z\"]}')", OF_ANOTHER);
    passes(MARK, "rct.condition_for('c', 's', NULL, 'u1')");
    passes(CHANGES[0], "rct.assign('c', 'u1')");
}

/// An alias leads to the same user.
#[test]
fn an_alias_is_the_same_user() {
    let d = District::new();
    run(
        &mut d.database.client(),
        "SELECT rct.add_alias('u1', 'one')",
    );
    for (first, second) in [
        ("rct.mark('c', 'one', 's', NULL)", MARK),
        (MARK, "rct.mark('c', 'one', 's', NULL)"),
        (MARK, "rct.set_groups('one', '{\"class\": [\"w\"]}')"),
        ("rct.set_groups('one', '{\"class\": [\"v\"]}')", MARK),
    ] {
        let (waited, ended) = d.beside(first, second);
        assert!(waited, "{second} does not wait for {first}");
        ended.unwrap_or_else(|e| panic!("{second}: {}", told(&e)));
    }
}

/// An id that is used for the first time is not made an alias meanwhile, nor the other way round: either there are records
/// of it, or it leads to another user.
#[test]
fn an_id_is_used_or_an_alias() {
    let d = District::new();
    for (number, first) in [
        "rct.mark('c', 'fresh 0', 's', NULL)",
        "rct.set_groups('fresh 1', '{\"class\": [\"x\"]}')",
        "rct.add_alias('fresh 2', 'another')",
    ]
    .into_iter()
    .enumerate()
    {
        let alias = format!("rct.add_alias('u1', 'fresh {number}')");
        let (waited, ended) = d.beside(first, &alias);
        assert!(waited, "{alias} does not wait for {first}");
        let code = ended
            .err()
            .and_then(|e| e.code().map(|code| code.code().to_owned()));
        assert_eq!(code.as_deref(), Some("55000"), "{alias} after {first}");
    }
    let (waited, ended) = d.beside(
        "rct.add_alias('u1', 'second name')",
        "rct.mark('c', 'second name', 's', NULL)",
    );
    assert!(waited, "a mark of an alias does not wait for it");
    ended.unwrap_or_else(|e| panic!("{}", told(&e)));
    let of_alias = "SELECT count(*) FROM rct.exposure WHERE user_id = 'second name'";
    assert_eq!(value(&mut d.database.client(), of_alias), "0");
    refused(
        &mut d.database.client(),
        "SELECT rct.add_alias('u2', 'second name')",
        &["42710"],
    );
}

/// Late units take their slots one after the other.
#[test]
fn a_slot_at_a_time() {
    waits(
        "rct.mark('c', 'late one', 'b', NULL)",
        "rct.mark('c', 'late two', 'b', NULL)",
    );
    passes(
        "rct.mark('c', 'r1', 'b', NULL)",
        "rct.mark('c', 'r2', 'b', NULL)",
    );
}

/// A roster changes the groups of many: it waits for their marks and for other changes of their groups, and they wait for it.
#[test]
fn a_roster_waits_for_marks_that_have_begun() {
    let load = "rct.load_roster('public.roster')";
    let load_all = "rct.load_roster('public.roster', complete => true)";
    waits(MARK, load);
    waits(load, MARK);
    waits(CHANGE_OF_GROUPS, load);
    waits(load, CHANGE_OF_GROUPS);
    waits(load, load);
    // whoever is not in it loses the groups
    waits(OF_ANOTHER, load_all);
    waits(load_all, OF_ANOTHER);
}
