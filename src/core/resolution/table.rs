//! Tables B, C and D: who gets what, as data. Exactly one rule fires for every state.

use crate::experiment::{Consistency, Unit};

/// Where an experiment stands, for a user who may look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// New units are enrolled.
    Enrolling,
    /// Enrollment complete, post-experiment rule `continue`.
    Continue,
    /// Enrollment complete, post-experiment rule `assign`.
    Assign,
    /// Enrollment complete, post-experiment rule `revert`.
    Revert,
}

impl Phase {
    /// All of them, in the order of the columns.
    pub const ALL: &'static [Phase] = &[
        Phase::Enrolling,
        Phase::Continue,
        Phase::Assign,
        Phase::Revert,
    ];

    /// As a heading.
    pub fn heading(self) -> &'static str {
        match self {
            Phase::Enrolling => "enrolling",
            Phase::Continue => "complete, continue",
            Phase::Assign => "complete, assign",
            Phase::Revert => "complete, revert",
        }
    }
}

/// Which open rows an experiment has of a user and their working group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rows {
    /// Individual enrollment.
    pub ie: bool,
    /// Group enrollment.
    pub ge: bool,
    /// Individual exclusion.
    pub ix: bool,
    /// Group exclusion.
    pub gx: bool,
}

impl Rows {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Rows> {
        (0..16u8).map(|bits| Rows {
            ie: bits & 8 != 0,
            ge: bits & 4 != 0,
            ix: bits & 2 != 0,
            gx: bits & 1 != 0,
        })
    }

    /// As the tables write it.
    pub fn spelled(self) -> String {
        let names = [
            (self.ie, "IE"),
            (self.ge, "GE"),
            (self.ix, "IX"),
            (self.gx, "GX"),
        ];
        let there: Vec<&str> = names.iter().filter(|(x, _)| *x).map(|(_, n)| *n).collect();
        if there.is_empty() {
            "none".to_owned()
        } else {
            there.join("+")
        }
    }
}

/// A pattern of rows: there, not there, or no matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pattern {
    /// Individual enrollment.
    pub ie: Option<bool>,
    /// Group enrollment.
    pub ge: Option<bool>,
    /// Individual exclusion.
    pub ix: Option<bool>,
    /// Group exclusion.
    pub gx: Option<bool>,
}

impl Pattern {
    /// Reads a pattern of four signs in the order IE, GE, IX, GX: `+` there, `-` not there, `*` no matter.
    pub const fn of(signs: &[u8; 4]) -> Pattern {
        const fn sign(sign: u8) -> Option<bool> {
            match sign {
                b'+' => Some(true),
                b'-' => Some(false),
                _ => None,
            }
        }
        let [ie, ge, ix, gx] = *signs;
        Pattern {
            ie: sign(ie),
            ge: sign(ge),
            ix: sign(ix),
            gx: sign(gx),
        }
    }

    /// Whether rows are as the pattern says.
    pub fn fits(&self, rows: Rows) -> bool {
        let same = |want: Option<bool>, is: bool| want.is_none_or(|want| want == is);
        same(self.ie, rows.ie)
            && same(self.ge, rows.ge)
            && same(self.ix, rows.ix)
            && same(self.gx, rows.gx)
    }
}

/// For which states a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// Unit of assignment.
    pub unit: Unit,
    /// Consistency rules.
    pub consistency: &'static [Consistency],
    /// Phases.
    pub phases: &'static [Phase],
    /// Rows.
    pub rows: Pattern,
}

impl When {
    /// Whether it holds.
    pub fn holds(&self, unit: Unit, consistency: Consistency, phase: Phase, rows: Rows) -> bool {
        self.unit == unit
            && self.consistency.contains(&consistency)
            && self.phases.contains(&phase)
            && self.rows.fits(rows)
    }
}

/// What a rule gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gives {
    /// A condition by the assignment algorithm.
    Draw,
    /// The condition of the user's own enrollment.
    Own,
    /// The condition of the group's enrollment.
    Group,
    /// The condition of the post-experiment rule.
    To,
    /// All conditions in order.
    Queue,
    /// The default: excluded, by the code of the user's or the group's exclusion.
    Excluded,
    /// The default: not enrolled in time.
    Complete,
    /// The default: the post-experiment rule says so.
    Reverted,
}

impl Gives {
    /// As the tables write it.
    pub fn spelled(self) -> &'static str {
        match self {
            Gives::Draw => "drawn",
            Gives::Own => "own",
            Gives::Group => "group's",
            Gives::To => "post rule's",
            Gives::Queue => "queue",
            Gives::Excluded => "default (excluded)",
            Gives::Complete => "default (complete)",
            Gives::Reverted => "default (revert)",
        }
    }
}

/// A rule of tables B, C or D.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name: the table's letter and a number.
    pub name: &'static str,
    /// When it holds.
    pub when: When,
    /// What it gives.
    pub gives: Gives,
}

use Consistency::{Experiment as E, Group as G, Individual as I};
use Phase::{Assign, Continue, Enrolling, Revert};

pub(super) const ANY: &[Consistency] = &[I, G, E];
pub(super) const ENROLLING: &[Phase] = &[Enrolling];
pub(super) const KEPT: &[Phase] = &[Continue, Assign];
pub(super) const COMPLETE: &[Phase] = &[Continue, Assign, Revert];
const KEEPS: &[Phase] = &[Enrolling, Continue];
const ASSIGN: &[Phase] = &[Assign];
const REVERT: &[Phase] = &[Revert];
const NOT_REVERT: &[Phase] = &[Enrolling, Continue, Assign];

pub(super) const fn when(
    unit: Unit,
    consistency: &'static [Consistency],
    phases: &'static [Phase],
    rows: &[u8; 4],
) -> When {
    When {
        unit,
        consistency,
        phases,
        rows: Pattern::of(rows),
    }
}

const fn b(
    name: &'static str,
    consistency: &'static [Consistency],
    phases: &'static [Phase],
    rows: &[u8; 4],
    gives: Gives,
) -> Rule {
    Rule {
        name,
        when: when(Unit::Individual, consistency, phases, rows),
        gives,
    }
}

const fn c(
    name: &'static str,
    consistency: &'static [Consistency],
    phases: &'static [Phase],
    rows: &[u8; 4],
    gives: Gives,
) -> Rule {
    Rule {
        name,
        when: when(Unit::Group, consistency, phases, rows),
        gives,
    }
}

const fn d(name: &'static str, phases: &'static [Phase], rows: &[u8; 4], gives: Gives) -> Rule {
    Rule {
        name,
        when: when(Unit::WithinSubjects, ANY, phases, rows),
        gives,
    }
}

/// Tables B (individual), C (group) and D (within subjects). Signs: IE, GE, IX, GX.
#[rustfmt::skip]
pub const TABLE: &[Rule] = &[
    b("B1",  &[I, E], ENROLLING,  b"-*-*", Gives::Draw),
    b("B2",  &[G],    ENROLLING,  b"-*--", Gives::Draw),
    b("B3",  &[G],    NOT_REVERT, b"-*-+", Gives::Excluded),
    b("B4",  &[I, E], KEPT,       b"-*-*", Gives::Complete),
    b("B5",  &[G],    KEPT,       b"-*--", Gives::Complete),
    b("B6",  ANY,     NOT_REVERT, b"-*+*", Gives::Excluded),
    b("B7",  &[I, G], KEEPS,      b"+*-*", Gives::Own),
    b("B8",  &[I, G], KEEPS,      b"+*+*", Gives::Excluded),
    b("B9",  &[E],    KEEPS,      b"+***", Gives::Own),
    b("B10", ANY,     ASSIGN,     b"+***", Gives::To),
    b("B11", ANY,     REVERT,     b"****", Gives::Reverted),

    c("C1",  ANY,     ENROLLING,  b"----", Gives::Draw),
    c("C2",  ANY,     KEPT,       b"----", Gives::Complete),
    c("C3",  ANY,     NOT_REVERT, b"--+*", Gives::Excluded),
    c("C4",  ANY,     NOT_REVERT, b"---+", Gives::Excluded),
    c("C5",  &[I],    KEEPS,      b"-+--", Gives::Group),
    c("C6",  &[I],    KEEPS,      b"-++*", Gives::Excluded),
    c("C7",  &[I],    KEEPS,      b"-+-+", Gives::Excluded),
    c("C8",  &[I],    KEEPS,      b"+*-*", Gives::Own),
    c("C9",  &[I],    KEEPS,      b"+*+*", Gives::Excluded),
    c("C10", &[I],    ASSIGN,     b"-+**", Gives::To),
    c("C11", &[I],    ASSIGN,     b"+***", Gives::To),
    c("C12", &[G],    KEEPS,      b"*+*-", Gives::Group),
    c("C13", &[G],    KEEPS,      b"*+*+", Gives::Excluded),
    c("C14", &[G],    ASSIGN,     b"*+**", Gives::To),
    c("C15", &[G],    KEEPS,      b"+---", Gives::Own),
    c("C16", &[G],    KEEPS,      b"+-+*", Gives::Excluded),
    c("C17", &[G],    KEEPS,      b"+--+", Gives::Excluded),
    c("C18", &[G],    ASSIGN,     b"+-**", Gives::To),
    c("C19", &[E],    KEEPS,      b"*+**", Gives::Group),
    c("C20", &[E],    ASSIGN,     b"*+**", Gives::To),
    c("C21", &[E],    ENROLLING,  b"+-**", Gives::Draw),
    c("C22", &[E],    &[Continue], b"+-**", Gives::Complete),
    c("C23", &[E],    ASSIGN,     b"+-**", Gives::To),
    c("C24", ANY,     REVERT,     b"****", Gives::Reverted),

    d("D1",  ENROLLING,   b"-*-*", Gives::Queue),
    d("D2",  KEPT,        b"-*-*", Gives::Complete),
    d("D3",  NOT_REVERT,  b"-*+*", Gives::Excluded),
    d("D4",  ENROLLING,   b"+***", Gives::Queue),
    d("D5",  &[Continue], b"+***", Gives::Complete),
    d("D6",  ASSIGN,      b"+***", Gives::To),
    d("D7",  REVERT,      b"****", Gives::Reverted),
];

/// The rule that fires, and its place in the table.
pub fn rule(unit: Unit, consistency: Consistency, phase: Phase, rows: Rows) -> &'static Rule {
    // Every state has exactly one rule (tested over the whole product), so the last is never taken for want of another.
    const LAST: &Rule = &d("D7", REVERT, b"****", Gives::Reverted);
    TABLE
        .iter()
        .find(|rule| rule.when.holds(unit, consistency, phase, rows))
        .unwrap_or(LAST)
}
