//! What each value of a specification must be, also in a draft.

use super::error::{ExperimentError, invalid};
use super::members::RESERVED;
use super::spec::{HASH_VERSION, Spec};
use crate::error::spelled;
use crate::identifier::problem;
use crate::limits::Limit;
use std::collections::BTreeMap;

/// The code that stands for no condition.
pub(super) const DEFAULT: &str = "default";

/// Keys, codes, sites and other names.
pub(super) fn check_name(path: &str, name: &str) -> Result<(), ExperimentError> {
    check_name_of(path, "", name)
}

/// Names of which the path is the place of several; `of` says which they are.
pub(super) fn check_name_of(path: &str, of: &str, name: &str) -> Result<(), ExperimentError> {
    check_id_of(path, of, name)?;
    if name.chars().any(char::is_control) {
        let problem = format!("{of}must have no control characters, got {name:?}");
        return Err(invalid(path, problem, ""));
    }
    Ok(())
}

/// Ids come from other systems, so that only what cannot be an id is refused.
pub(super) fn check_id_of(path: &str, of: &str, id: &str) -> Result<(), ExperimentError> {
    match problem(id) {
        None => Ok(()),
        Some(problem) => {
            let said = format!("{of}{}", problem.said());
            Err(invalid(path, said, problem.hint()))
        }
    }
}

/// Types of groups.
pub(super) fn check_group_type(path: &str, of: &str, kind: &str) -> Result<(), ExperimentError> {
    check_name_of(path, of, kind)?;
    if RESERVED.contains(&kind) {
        return Err(invalid(
            path,
            format!("{kind:?} is no type of group"),
            "Use the name of what students share, such as class, school or teacher.",
        ));
    }
    Ok(())
}

/// Names that must differ, with their paths.
fn check_distinct<K: Ord>(
    all: impl Iterator<Item = (String, K, String)>,
) -> Result<(), ExperimentError> {
    let mut seen: BTreeMap<K, String> = BTreeMap::new();
    for (path, name, shown) in all {
        if let Some(first) = seen.get(&name) {
            return Err(invalid(path, format!("{shown} is already {first}"), ""));
        }
        seen.insert(name, path);
    }
    Ok(())
}

/// Numbers from 0 to 1.
fn check_fraction(path: &str, value: f64) -> Result<(), ExperimentError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    let problem = format!("must be between 0 and 1, got {}", spelled(value));
    Err(invalid(path, problem, "A tenth is 0.1."))
}

impl Spec {
    /// What is wrong with a value, if anything.
    pub fn validate(&self) -> Result<(), ExperimentError> {
        self.validate_counts()?;
        check_name("key", &self.key)?;
        check_name("context", &self.context)?;
        for (i, tag) in self.tags.iter().enumerate() {
            check_name(&format!("tags[{i}]"), tag)?;
        }
        check_distinct(
            (self.tags.iter().enumerate())
                .map(|(i, tag)| (format!("tags[{i}]"), tag, format!("{tag:?}"))),
        )?;
        if let Some(kind) = &self.group_type {
            check_group_type("group_type", "", kind)?;
        }
        check_name("assignment.salt", &self.assignment.salt)?;
        if self.assignment.hash_version != HASH_VERSION {
            return Err(invalid(
                "assignment.hash_version",
                format!(
                    "must be {HASH_VERSION}, got {}",
                    self.assignment.hash_version
                ),
                "Leave it out.",
            ));
        }
        self.validate_conditions()?;
        self.validate_factors()?;
        self.validate_points()?;
        if let super::Post::Assign(code) = &self.post_rule {
            check_name("post_rule.assign", code)?;
        }
        check_fraction("rollout", self.rollout)?;
        if let Some(holdout) = &self.holdout {
            check_name("holdout.name", &holdout.name)?;
            check_fraction("holdout.fraction", holdout.fraction)?;
        }
        if let Some(space) = &self.namespace {
            check_name("namespace.name", &space.name)?;
            check_fraction("namespace.from", space.from)?;
            check_fraction("namespace.to", space.to)?;
        }
        let ending = [
            ("ending.users", self.ending.users),
            ("ending.groups", self.ending.groups),
            ("ending.users_per_group", self.ending.users_per_group),
        ];
        for (path, count) in ending {
            if let Some(count) = count.filter(|count| *count <= 0) {
                return Err(invalid(
                    path,
                    format!("must be positive, got {count}"),
                    "Leave it out if it should not end enrollment.",
                ));
            }
        }
        Ok(())
    }

    /// Before anything else, so that no work is done for what is refused.
    fn validate_counts(&self) -> Result<(), ExperimentError> {
        Limit::Tags.check("tags", self.tags.len())?;
        Limit::Conditions.check("conditions", self.conditions.len())?;
        Limit::Factors.check("factors", self.factors.len())?;
        Limit::DecisionPoints.check("decision_points", self.decision_points.len())?;
        for (i, factor) in self.factors.iter().enumerate() {
            Limit::Levels.check(format_args!("factors[{i}].levels"), factor.levels.len())?;
        }
        Ok(())
    }

    fn validate_conditions(&self) -> Result<(), ExperimentError> {
        for (i, condition) in self.conditions.iter().enumerate() {
            let path = format!("conditions[{i}].code");
            check_name(&path, &condition.code)?;
            if condition.code == DEFAULT {
                return Err(invalid(
                    path,
                    "\"default\" is what users get who are in no condition",
                    "Use another code, such as control.",
                ));
            }
            if !(condition.weight >= 0.0 && condition.weight.is_finite()) {
                let problem = format!("must be positive, got {}", spelled(condition.weight));
                return Err(invalid(
                    format!("conditions[{i}].weight"),
                    problem,
                    "Weights are relative: 1 and 2 make a third and two thirds.",
                ));
            }
            for (factor, level) in &condition.levels {
                let path = format!("conditions[{i}].levels");
                check_name_of(&path, "names of factors ", factor)?;
                check_name(&format!("{path}.{factor}"), level)?;
            }
        }
        let total: f64 = self.conditions.iter().map(|c| c.weight).sum();
        if !total.is_finite() {
            return Err(invalid("conditions", "weights are too large to add", ""));
        }
        check_distinct(self.conditions.iter().enumerate().map(|(i, c)| {
            let path = format!("conditions[{i}].code");
            (path, &c.code, format!("{:?}", c.code))
        }))
    }

    fn validate_factors(&self) -> Result<(), ExperimentError> {
        for (i, factor) in self.factors.iter().enumerate() {
            check_name(&format!("factors[{i}].name"), &factor.name)?;
            for (j, level) in factor.levels.iter().enumerate() {
                check_name(&format!("factors[{i}].levels[{j}].name"), &level.name)?;
            }
            check_distinct(factor.levels.iter().enumerate().map(|(j, level)| {
                let path = format!("factors[{i}].levels[{j}].name");
                (path, &level.name, format!("{:?}", level.name))
            }))?;
        }
        check_distinct(self.factors.iter().enumerate().map(|(i, factor)| {
            let path = format!("factors[{i}].name");
            (path, &factor.name, format!("{:?}", factor.name))
        }))
    }

    fn validate_points(&self) -> Result<(), ExperimentError> {
        for (i, point) in self.decision_points.iter().enumerate() {
            check_name(&format!("decision_points[{i}].site"), &point.site)?;
            if let Some(target) = &point.target {
                check_name(&format!("decision_points[{i}].target"), target)?;
            }
        }
        check_distinct(self.decision_points.iter().enumerate().map(|(i, p)| {
            let shown = match &p.target {
                Some(target) => format!("({:?}, {target:?})", p.site),
                None => format!("({:?}, no target)", p.site),
            };
            (format!("decision_points[{i}]"), (&p.site, &p.target), shown)
        }))
    }
}
