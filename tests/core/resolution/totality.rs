//! Exactly one rule fires for every state of the whole product.

use rct_core::experiment::{Consistency, FilterMode, Unit};
use rct_core::resolution::{
    Gives, MARK_TABLE, Named, Phase, Rows, Source, TABLE, TABLE_A, mark_rule, rule,
};
use std::collections::BTreeSet;

fn product() -> impl Iterator<Item = (Unit, Consistency, Phase, Rows)> {
    Unit::ALL.iter().flat_map(|unit| {
        Consistency::ALL.iter().flat_map(move |consistency| {
            Phase::ALL.iter().flat_map(move |phase| {
                Rows::all().map(move |rows| (*unit, *consistency, *phase, rows))
            })
        })
    })
}

#[test]
fn exactly_one_rule_of_tables_b_to_d_fires() {
    let mut used = BTreeSet::new();
    for (unit, consistency, phase, rows) in product() {
        let fires: Vec<_> = TABLE
            .iter()
            .filter(|r| r.when.holds(unit, consistency, phase, rows))
            .map(|r| r.name)
            .collect();
        assert_eq!(
            fires.len(),
            1,
            "{unit} {consistency} {phase:?} {rows:?}: {fires:?}"
        );
        assert_eq!(rule(unit, consistency, phase, rows).name, fires[0]);
        used.insert(fires[0]);
    }
    assert_eq!(
        used.len(),
        TABLE.len(),
        "each rule fires, and each has its own name"
    );
}

#[test]
fn exactly_one_rule_of_tables_e_to_g_fires() {
    let mut used = BTreeSet::new();
    for (unit, consistency, phase, rows) in product() {
        let fires: Vec<_> = MARK_TABLE
            .iter()
            .filter(|r| r.when.holds(unit, consistency, phase, rows))
            .map(|r| r.name)
            .collect();
        assert_eq!(
            fires.len(),
            1,
            "{unit} {consistency} {phase:?} {rows:?}: {fires:?}"
        );
        assert_eq!(mark_rule(unit, consistency, phase, rows).name, fires[0]);
        used.insert(fires[0]);
    }
    assert_eq!(
        used.len(),
        MARK_TABLE.len(),
        "each rule fires, and each has its own name"
    );
}

#[test]
fn exactly_one_line_of_table_a_decides() {
    for mode in FilterMode::ALL {
        for bits in 0..16u8 {
            let named = Named {
                user_excluded: bits & 1 != 0,
                user_included: bits & 2 != 0,
                group_excluded: (bits & 4 != 0).then_some(("class", "c1")),
                matched: false,
                group_included: bits & 8 != 0,
            };
            let line = named.line(*mode);
            assert_eq!(line.mode, *mode);
            assert!(TABLE_A.contains(line));
        }
        let whos: Vec<_> = TABLE_A
            .iter()
            .filter(|l| l.mode == *mode)
            .map(|l| l.who)
            .collect();
        assert_eq!(whos.len(), 5, "each is named once in each mode");
    }
}

/// What a mark records is what assign gives: a draw is recorded only where one is given, and after a mark the user has
/// the same condition as before it.
#[test]
fn the_tables_of_mark_follow_those_of_assign() {
    for (unit, consistency, phase, rows) in product() {
        let gives = rule(unit, consistency, phase, rows).gives;
        let writes = mark_rule(unit, consistency, phase, rows).writes;
        let state = format!("{unit} {consistency} {phase:?} {rows:?}");
        for source in [writes.ie, writes.ge].into_iter().flatten() {
            match source {
                Source::Drawn => assert_eq!(gives, Gives::Draw, "{state}"),
                Source::All => assert_eq!(gives, Gives::Queue, "{state}"),
                Source::Own => assert!(rows.ie && gives == Gives::Own, "{state}"),
                Source::Group => assert!(
                    rows.ge && matches!(gives, Gives::Group | Gives::To),
                    "{state}"
                ),
            }
        }
        assert!(!(writes.ie.is_some() && rows.ie), "{state}: enrolled twice");
        assert!(
            !(writes.ge.is_some() && rows.ge),
            "{state}: group enrolled twice"
        );
        assert!(!(writes.ix.is_some() && rows.ix), "{state}: excluded twice");
        assert!(
            !(writes.gx.is_some() && rows.gx),
            "{state}: group excluded twice"
        );
        let after = Rows {
            ie: rows.ie || writes.ie.is_some(),
            ge: rows.ge || writes.ge.is_some(),
            ix: rows.ix || writes.ix.is_some(),
            gx: rows.gx || writes.gx.is_some(),
        };
        let kind = |gives: Gives| match gives {
            // A drawn condition is the user's own, or the group's, once it is recorded.
            Gives::Draw | Gives::Own | Gives::Group => "condition",
            Gives::To => "to",
            Gives::Queue => "queue",
            Gives::Excluded | Gives::Complete | Gives::Reverted => "default",
        };
        let later = rule(unit, consistency, phase, after).gives;
        assert_eq!(
            kind(gives),
            kind(later),
            "{state}: a mark changes {gives:?} to {later:?}"
        );
    }
}
