//! Group data: the working group, and whether it can be used (rule 8).

use super::facts::Facts;

/// The working group of a user for an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group<'a> {
    /// The experiment names no type of group.
    NotNeeded,
    /// The user works in this group, and belongs to it.
    Usable(&'a str),
    /// The user has no groups, or no working group.
    Missing,
    /// There is no group of this type, or the user does not belong to the working group.
    Invalid,
}

impl<'a> Group<'a> {
    /// The working group of this type.
    pub fn of(facts: &Facts<'a>, group_type: Option<&str>) -> Self {
        let Some(group_type) = group_type else {
            return Group::NotNeeded;
        };
        let (mut any_member, mut any_working) = (false, false);
        let (mut of_type, mut found) = (false, None);
        for m in &facts.memberships {
            any_member |= m.member;
            any_working |= m.working;
            if m.group_type == group_type {
                of_type |= m.member;
                if m.working {
                    found = Some((m.group, m.member));
                }
            }
        }
        match found {
            _ if !any_member || !any_working => Group::Missing,
            Some((group, member)) if of_type && (member || facts.is_member(group_type, group)) => {
                Group::Usable(group)
            }
            _ => Group::Invalid,
        }
    }

    /// The group, if it can be used.
    pub fn usable(self) -> Option<&'a str> {
        match self {
            Group::Usable(group) => Some(group),
            _ => None,
        }
    }
}
