//! Include and exclude lists: table A, and the global exclusion (rule 7).

use super::facts::{Facts, Listed, USER};
use crate::experiment::FilterMode;

/// Which lists of an experiment name the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Named<'a> {
    /// The user is on an exclude list.
    pub user_excluded: bool,
    /// The user is on an include list.
    pub user_included: bool,
    /// A group of the user is on an exclude list.
    pub group_excluded: Option<(&'a str, &'a str)>,
    /// That group is the working group of the experiment's type.
    pub matched: bool,
    /// A group of the user is on an include list.
    pub group_included: bool,
}

/// Which of the two lists of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Who may take part.
    Include,
    /// Who may not.
    Exclude,
}

impl<'a> Named<'a> {
    /// Enters that a segment of a list names the user or a group.
    ///
    /// Entries for the experiment's own type of group follow the working group; for other types each membership counts.
    pub fn enter(
        &mut self,
        list: List,
        entry: &Listed<'a>,
        facts: &Facts<'a>,
        group_type: Option<&str>,
        user: &str,
    ) {
        if entry.member_type == USER {
            if entry.member == user {
                match list {
                    List::Include => self.user_included = true,
                    List::Exclude => self.user_excluded = true,
                }
            }
            return;
        }
        let own_type = group_type == Some(entry.member_type);
        let concerned = facts.memberships.iter().any(|m| {
            m.group == entry.member
                && m.group_type == entry.member_type
                && if own_type { m.working } else { m.member }
        });
        if !concerned {
            return;
        }
        match list {
            List::Include => self.group_included = true,
            List::Exclude => {
                if self.group_excluded.is_none() || own_type {
                    self.group_excluded = Some((entry.member_type, entry.member));
                }
                self.matched |= own_type;
            }
        }
    }

    /// The line of table A that decides.
    pub fn line(&self, mode: FilterMode) -> &'static Line {
        let holds = |who: Who| match who {
            Who::UserExcluded => self.user_excluded,
            Who::UserIncluded => self.user_included,
            Who::GroupExcluded => self.group_excluded.is_some(),
            Who::GroupIncluded => self.group_included,
            Who::Nobody => true,
        };
        TABLE_A
            .iter()
            .find(|line| line.mode == mode && holds(line.who))
            .unwrap_or(&LAST)
    }
}

/// Whom a line of table A is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The user is on an exclude list.
    UserExcluded,
    /// The user is on an include list.
    UserIncluded,
    /// A group of the user is on an exclude list.
    GroupExcluded,
    /// A group of the user is on an include list.
    GroupIncluded,
    /// No list names the user.
    Nobody,
}

impl Who {
    /// As a phrase.
    pub fn phrase(self) -> &'static str {
        match self {
            Who::UserExcluded => "user on an exclude list",
            Who::UserIncluded => "user on an include list",
            Who::GroupExcluded => "a group of the user on an exclude list",
            Who::GroupIncluded => "a group of the user on an include list",
            Who::Nobody => "on no list",
        }
    }
}

/// What a line of table A says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Go on.
    In,
    /// Out: the user is listed.
    UserListed,
    /// Out: a group is listed.
    GroupListed,
    /// Out: not listed where only those listed may take part.
    NotIncluded,
}

/// A line of table A.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// Filter mode of the experiment.
    pub mode: FilterMode,
    /// Whom it is about.
    pub who: Who,
    /// What it says.
    pub access: Access,
}

const fn line(mode: FilterMode, who: Who, access: Access) -> Line {
    Line { mode, who, access }
}

const LAST: Line = line(FilterMode::ExcludeAll, Who::Nobody, Access::NotIncluded);

/// Table A: for each filter mode the first line that holds decides.
pub const TABLE_A: &[Line] = &[
    line(
        FilterMode::IncludeAll,
        Who::UserExcluded,
        Access::UserListed,
    ),
    line(FilterMode::IncludeAll, Who::UserIncluded, Access::In),
    line(
        FilterMode::IncludeAll,
        Who::GroupExcluded,
        Access::GroupListed,
    ),
    line(FilterMode::IncludeAll, Who::GroupIncluded, Access::In),
    line(FilterMode::IncludeAll, Who::Nobody, Access::In),
    line(
        FilterMode::ExcludeAll,
        Who::UserExcluded,
        Access::NotIncluded,
    ),
    line(FilterMode::ExcludeAll, Who::UserIncluded, Access::In),
    line(
        FilterMode::ExcludeAll,
        Who::GroupExcluded,
        Access::NotIncluded,
    ),
    line(FilterMode::ExcludeAll, Who::GroupIncluded, Access::In),
    LAST,
];

/// The entry of the global exclusion that names the user or a group they belong to.
pub fn globally_excluded<'a, 'f>(
    segments: &[i64],
    facts: &'f Facts<'a>,
    user: &str,
) -> Option<&'f Listed<'a>> {
    if segments.is_empty() {
        return None;
    }
    facts.segments.iter().find(|entry| {
        segments.binary_search(&entry.segment).is_ok()
            && if entry.member_type == USER {
                entry.member == user
            } else {
                facts.is_member(entry.member_type, entry.member)
            }
    })
}
