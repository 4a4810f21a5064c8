//! Members of segments and lists.

use super::error::ExperimentError;
use super::validate::{check_group_type, check_id_of, check_name_of};
use crate::json::{Origin, read};
use crate::limits::Limit;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Types of members that are no type of group.
pub(super) const RESERVED: [&str; 2] = ["user", "segment"];

/// Users, groups by type, and other segments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Members {
    /// Groups by their type.
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// Keys of segments.
    pub segments: BTreeSet<String>,
    /// Users.
    pub users: BTreeSet<String>,
}

impl Members {
    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty() && self.segments.is_empty()
    }

    /// What is wrong, if anything.
    pub(super) fn check(&self, path: &str) -> Result<(), ExperimentError> {
        let at = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        let groups: usize = self.groups.values().map(BTreeSet::len).sum();
        let all = groups + self.users.len() + self.segments.len();
        let place = if path.is_empty() { "members" } else { path };
        Limit::Members.check(place, all)?;
        for user in &self.users {
            check_id_of(&at("users"), "ids ", user)?;
        }
        for (kind, groups) in &self.groups {
            let path = at("groups");
            check_group_type(&path, "types of groups ", kind)?;
            for group in groups {
                check_id_of(&format!("{path}.{kind}"), "ids ", group)?;
            }
        }
        for segment in &self.segments {
            check_name_of(&at("segments"), "keys ", segment)?;
        }
        Ok(())
    }

    /// Leaves out types of groups without groups.
    pub(super) fn tidied(mut self) -> Self {
        self.groups.retain(|_, groups| !groups.is_empty());
        self
    }
}

/// The include and exclude lists of an experiment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lists {
    /// Who may take part when the filter mode shuts out everybody.
    #[serde(deserialize_with = "crate::json::object")]
    pub include: Members,
    /// Who may not take part.
    #[serde(deserialize_with = "crate::json::object")]
    pub exclude: Members,
}

/// Reads members from their JSON.
pub fn parse_members(text: &str) -> Result<Members, ExperimentError> {
    let members: Members = read("members", text, Origin::Argument)?;
    members.check("")?;
    Ok(members.tidied())
}
