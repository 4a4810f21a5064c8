//! Tables E, F and G: what a mark writes, as data. Exactly one rule fires for every state.

use super::reason::Code;
use super::table::{ANY, COMPLETE, ENROLLING, KEPT, Phase, Rows, When, when};
use crate::experiment::{Consistency, Unit};

/// Where the condition of a new enrollment comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// What the assignment algorithm gives now.
    Drawn,
    /// The condition of the group's enrollment.
    Group,
    /// The condition of the user's own enrollment.
    Own,
    /// No single one: within subjects.
    All,
}

/// What a mark writes. Nothing is written twice: rows are open once for each experiment and unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Writes {
    /// Individual enrollment.
    pub ie: Option<Source>,
    /// Group enrollment.
    pub ge: Option<Source>,
    /// Individual exclusion.
    pub ix: Option<Code>,
    /// Group exclusion.
    pub gx: Option<Code>,
    /// A repetition.
    pub repeat: bool,
}

impl Writes {
    /// The code of the individual enrollment.
    pub fn code(&self) -> Code {
        match self.ie {
            Some(Source::Group) => Code::GroupLogic,
            _ => Code::Algorithmic,
        }
    }

    /// As the tables write it.
    pub fn spelled(&self) -> String {
        let source = |s: Source| match s {
            Source::Drawn => "drawn",
            Source::Group => "group's",
            Source::Own => "own",
            Source::All => "all",
        };
        let parts: Vec<String> = [
            self.ge.map(|s| format!("GE({})", source(s))),
            self.ie
                .map(|s| format!("IE({}, {})", source(s), self.code())),
            self.gx.map(|c| format!("GX {c}")),
            self.ix.map(|c| format!("IX {c}")),
            self.repeat.then(|| "repetition".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            "nothing".to_owned()
        } else {
            parts.join(" + ")
        }
    }
}

/// A rule of tables E, F or G.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkRule {
    /// Its name: the table's letter and a number.
    pub name: &'static str,
    /// When it holds.
    pub when: When,
    /// What is written.
    pub writes: Writes,
}

const NOTHING: Writes = Writes {
    ie: None,
    ge: None,
    ix: None,
    gx: None,
    repeat: false,
};
const USER_DRAWN: Writes = Writes {
    ie: Some(Source::Drawn),
    ..NOTHING
};
const BOTH_DRAWN: Writes = Writes {
    ie: Some(Source::Drawn),
    ge: Some(Source::Drawn),
    ..NOTHING
};
const JOINS: Writes = Writes {
    ie: Some(Source::Group),
    ..NOTHING
};
const GROUP_DRAWN: Writes = Writes {
    ge: Some(Source::Drawn),
    ..NOTHING
};
const GROUP_OWN: Writes = Writes {
    ge: Some(Source::Own),
    ..NOTHING
};
const WITH_GROUP: Writes = Writes {
    ix: Some(Code::ExcludedDueToGroupLogic),
    ..NOTHING
};
const AFTER: Writes = Writes {
    ix: Some(Code::ReachedAfter),
    ..NOTHING
};
const GROUP_AFTER: Writes = Writes {
    gx: Some(Code::ReachedAfter),
    ..NOTHING
};
const BOTH_AFTER: Writes = Writes {
    ix: Some(Code::ReachedAfter),
    gx: Some(Code::ReachedAfter),
    ..NOTHING
};
const FIRST_OF_ALL: Writes = Writes {
    ie: Some(Source::All),
    repeat: true,
    ..NOTHING
};
const NEXT: Writes = Writes {
    repeat: true,
    ..NOTHING
};

use Consistency::{Experiment as E, Group as G, Individual as I};

const fn e(
    name: &'static str,
    consistency: &'static [Consistency],
    phases: &'static [Phase],
    rows: &[u8; 4],
    writes: Writes,
) -> MarkRule {
    MarkRule {
        name,
        when: when(Unit::Individual, consistency, phases, rows),
        writes,
    }
}

const fn f(
    name: &'static str,
    consistency: &'static [Consistency],
    phases: &'static [Phase],
    rows: &[u8; 4],
    writes: Writes,
) -> MarkRule {
    MarkRule {
        name,
        when: when(Unit::Group, consistency, phases, rows),
        writes,
    }
}

const fn g(
    name: &'static str,
    phases: &'static [Phase],
    rows: &[u8; 4],
    writes: Writes,
) -> MarkRule {
    MarkRule {
        name,
        when: when(Unit::WithinSubjects, ANY, phases, rows),
        writes,
    }
}

const REVERT: &[Phase] = &[Phase::Revert];
const IG: &[Consistency] = &[I, G];

/// Tables E (individual), F (group) and G (within subjects). Signs: IE, GE, IX, GX.
#[rustfmt::skip]
pub const MARK_TABLE: &[MarkRule] = &[
    e("E1",  &[I, E], ENROLLING, b"-*-*", USER_DRAWN),
    e("E2",  &[G],    ENROLLING, b"-*--", USER_DRAWN),
    e("E3",  &[G],    ENROLLING, b"-*-+", WITH_GROUP),
    e("E4",  IG,      COMPLETE,  b"-*-*", AFTER),
    e("E5",  &[E],    COMPLETE,  b"-*-*", NOTHING),
    e("E6",  ANY,     Phase::ALL, b"-*+*", NOTHING),
    e("E7",  ANY,     Phase::ALL, b"+***", NOTHING),

    f("F1",  ANY,     ENROLLING, b"----", BOTH_DRAWN),
    f("F2",  ANY,     ENROLLING, b"-+--", JOINS),
    f("F3",  IG,      ENROLLING, b"-*-+", WITH_GROUP),
    f("F4",  &[E],    ENROLLING, b"-+-+", JOINS),
    f("F5",  &[E],    ENROLLING, b"---+", NOTHING),
    f("F6",  ANY,     ENROLLING, b"-*+*", NOTHING),
    f("F7",  &[I],    ENROLLING, b"+***", NOTHING),
    f("F8",  &[G],    ENROLLING, b"+---", GROUP_OWN),
    f("F9",  &[G],    ENROLLING, b"++--", NOTHING),
    f("F10", &[G],    ENROLLING, b"+*-+", WITH_GROUP),
    f("F11", &[G],    ENROLLING, b"+*+*", NOTHING),
    f("F12", &[E],    ENROLLING, b"+-*-", GROUP_DRAWN),
    f("F13", &[E],    ENROLLING, b"+-*+", NOTHING),
    f("F14", &[E],    ENROLLING, b"++**", NOTHING),
    f("F15", IG,      COMPLETE,  b"----", BOTH_AFTER),
    f("F16", IG,      KEPT,      b"-+--", JOINS),
    f("F17", IG,      REVERT,    b"-+--", NOTHING),
    f("F18", IG,      COMPLETE,  b"---+", AFTER),
    f("F19", IG,      COMPLETE,  b"-+-+", NOTHING),
    f("F20", IG,      COMPLETE,  b"--+-", GROUP_AFTER),
    f("F21", IG,      COMPLETE,  b"-++-", NOTHING),
    f("F22", IG,      COMPLETE,  b"-*++", NOTHING),
    f("F23", &[E],    KEPT,      b"-+-*", JOINS),
    f("F24", &[E],    REVERT,    b"-+-*", NOTHING),
    f("F25", &[E],    COMPLETE,  b"---*", NOTHING),
    f("F26", &[E],    COMPLETE,  b"-*+*", NOTHING),
    f("F27", ANY,     COMPLETE,  b"+***", NOTHING),

    g("G1",  ENROLLING, b"-*-*", FIRST_OF_ALL),
    g("G2",  ENROLLING, b"-*+*", NOTHING),
    g("G3",  ENROLLING, b"+***", NEXT),
    g("G4",  COMPLETE,  b"-*-*", AFTER),
    g("G5",  COMPLETE,  b"-*+*", NOTHING),
    g("G6",  COMPLETE,  b"+***", NOTHING),
];

/// The rule that fires.
pub fn mark_rule(
    unit: Unit,
    consistency: Consistency,
    phase: Phase,
    rows: Rows,
) -> &'static MarkRule {
    // Every state has exactly one rule (tested over the whole product), so the last is never taken for want of another.
    const LAST: &MarkRule = &g("G6", COMPLETE, b"+***", NOTHING);
    MARK_TABLE
        .iter()
        .find(|rule| rule.when.holds(unit, consistency, phase, rows))
        .unwrap_or(LAST)
}
