//! Members of segments and lists.

use super::error::ExperimentError;
use super::read::{invalid, read};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Types of members that are no type of group.
pub(super) const RESERVED: [&str; 2] = ["user", "segment"];

/// Longest id of a user or group.
pub(super) const ID: usize = 1000;

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
        for user in &self.users {
            check_id(&at("users"), user)?;
        }
        for (kind, groups) in &self.groups {
            let path = at("groups");
            super::validate::check_group_type(&path, kind)?;
            for group in groups {
                check_id(&format!("{path}.{kind}"), group)?;
            }
        }
        for segment in &self.segments {
            super::validate::check_name(&at("segments"), segment)?;
        }
        Ok(())
    }

    /// Leaves out types of groups without groups.
    pub(super) fn tidied(mut self) -> Self {
        self.groups.retain(|_, groups| !groups.is_empty());
        self
    }
}

/// Ids come from other systems, so that only what can not be an id is refused.
fn check_id(path: &str, id: &str) -> Result<(), ExperimentError> {
    let length = id.chars().count();
    if (1..=ID).contains(&length) {
        return Ok(());
    }
    Err(invalid(
        path,
        format!("ids must have 1 to {ID} characters, got {length}"),
        "",
    ))
}

/// The include and exclude lists of an experiment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lists {
    /// Who may take part when the filter mode shuts out everybody.
    #[serde(deserialize_with = "super::json::object")]
    pub include: Members,
    /// Who may not take part.
    #[serde(deserialize_with = "super::json::object")]
    pub exclude: Members,
}

/// Reads members from their JSON.
pub fn parse_members(text: &str) -> Result<Members, ExperimentError> {
    let members: Members = read("members", text)?;
    members.check("")?;
    Ok(members.tidied())
}
