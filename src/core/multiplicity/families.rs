//! Metrics by their role in the decision: each role is a family with a rule of its own.

use super::p_adjust::{Method, p_adjust};
use crate::distribution::check_alpha;
use crate::error::{Class, Explain, Invalid, short};
use crate::json::{JsonError, Origin, Text};
use crate::note::{Code, Note};
use crate::pulse;
use serde::Serialize;
use std::collections::BTreeMap;

/// The rule of each role.
///
/// Defaults: `primary`, `secondary` and `equity` by Holm, since a decision rests on each single rejection and Holm assumes
/// nothing of how metrics depend on each other (one primary metric is left as it is); `exploratory` by Benjamini and
/// Hochberg, since a share of false leads is acceptable there; `guardrail` not at all, since adjustment would make harm
/// harder to see, and a launch that needs every guardrail to hold is an intersection–union test, which needs none
/// (Berger 1982).
#[derive(Debug, Clone, PartialEq)]
pub struct Families(BTreeMap<String, Method>);

impl Default for Families {
    fn default() -> Self {
        let defaults = [
            ("primary", Method::Holm),
            ("secondary", Method::Holm),
            ("guardrail", Method::None),
            ("equity", Method::Holm),
            ("exploratory", Method::Bh),
        ];
        Families(
            defaults
                .into_iter()
                .map(|(role, method)| (role.to_owned(), method))
                .collect(),
        )
    }
}

impl Families {
    /// The defaults with the rules of a JSON object, `{"role": "method"}`, in their place or besides.
    pub fn with(methods: &str) -> Result<Self, FamiliesError> {
        let wrong = |got: &str| Invalid {
            argument: "methods",
            must: "a JSON object of roles and methods",
            got: short(got, 60),
            hint: "Write, for example, {\"secondary\": \"bh\"}.",
        };
        let methods = Text::check("methods", methods, Origin::Argument)?;
        let all = methods.members()?.ok_or_else(|| wrong(methods.text()))?;
        let mut families = Families::default();
        for (role, method) in all {
            let word: String =
                serde_json::from_str(method.get()).map_err(|_| wrong(method.get()))?;
            families
                .0
                .insert(role, Method::from_word("methods", &word)?);
        }
        Ok(families)
    }
}

/// What can be wrong with the rules of roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FamiliesError {
    /// The document.
    Json(JsonError),
    /// A role or a method.
    Invalid(Invalid),
}

impl From<JsonError> for FamiliesError {
    fn from(e: JsonError) -> Self {
        FamiliesError::Json(e)
    }
}

impl From<Invalid> for FamiliesError {
    fn from(e: Invalid) -> Self {
        FamiliesError::Invalid(e)
    }
}

impl FamiliesError {
    fn inner(&self) -> &dyn Explain {
        match self {
            FamiliesError::Json(e) => e,
            FamiliesError::Invalid(e) => e,
        }
    }
}

impl Explain for FamiliesError {
    fn class(&self) -> Class {
        self.inner().class()
    }

    fn message(&self) -> String {
        self.inner().message()
    }

    fn detail(&self) -> Option<String> {
        self.inner().detail()
    }

    fn hint(&self) -> Option<String> {
        self.inner().hint()
    }
}

/// One metric in its family. `None` is NULL.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    /// The metric.
    pub metric: String,
    /// Its role.
    pub role: String,
    /// The p-value as given.
    pub p_value: Option<f64>,
    /// How its family is adjusted.
    pub method: Method,
    /// Metrics of the family that have a p-value.
    pub family_size: usize,
    /// The p-value, adjusted within its family.
    pub p_adjusted: Option<f64>,
    /// Whether the adjusted p-value is at most alpha.
    pub rejected: Option<bool>,
    /// What to know.
    pub notes: Vec<Note>,
}

/// What a metric takes besides its name and role: its row, twice.
const MEMBER_BYTES: usize = 350;

/// Adjusts the p-values of `metrics` within the families that their `roles` make; the order stays.
pub fn p_adjust_families(
    metrics: &[String],
    roles: &[String],
    p: &[Option<f64>],
    families: &Families,
    alpha: f64,
) -> Result<Vec<Member>, Invalid> {
    check_alpha(alpha)?;
    for (argument, len) in [("roles", roles.len()), ("p", p.len())] {
        if len != metrics.len() {
            return Err(Invalid {
                argument,
                must: "as long as metrics",
                got: format!("{len} elements for {}", metrics.len()),
                hint: "Give one role and one p-value for each metric; NULL is a p-value that does not exist.",
            });
        }
    }
    let texts: usize = metrics.iter().chain(roles).map(String::len).sum();
    pulse::room(texts.saturating_add(metrics.len().saturating_mul(MEMBER_BYTES)));
    let mut members: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, role) in pulse::each(roles).enumerate() {
        members.entry(role).or_default().push(i);
    }
    let mut rows: Vec<Option<Member>> = vec![None; metrics.len()];
    for (role, indices) in members {
        let Some(method) = families.0.get(role) else {
            return Err(Invalid::word(
                "roles",
                "\"primary\", \"secondary\", \"guardrail\", \"equity\", \"exploratory\", or a key of methods",
                role,
                "Use one of these, or give the method of this role in methods.",
            ));
        };
        let values: Vec<Option<f64>> = indices
            .iter()
            .map(|i| p.get(*i).copied().flatten())
            .collect();
        let family_size = values.iter().flatten().count();
        let adjusted = p_adjust(&values, *method)?;
        for ((i, p_value), p_adjusted) in pulse::each(&indices).zip(&values).zip(adjusted) {
            if let (Some(slot), Some(metric)) = (rows.get_mut(*i), metrics.get(*i)) {
                *slot = Some(Member {
                    metric: metric.clone(),
                    role: role.to_owned(),
                    p_value: *p_value,
                    method: *method,
                    family_size,
                    p_adjusted,
                    rejected: p_adjusted.map(|p| p <= alpha),
                    notes: notes(*p_value, *method, family_size),
                });
            }
        }
    }
    Ok(rows.into_iter().flatten().collect())
}

fn notes(p: Option<f64>, method: Method, family_size: usize) -> Vec<Note> {
    let mut notes = Vec::new();
    if p.is_none() {
        notes.push(Note::new(
            Code::NoPValue,
            "the metric has no p-value and does not count in its family",
        ));
    } else if method == Method::None && family_size > 1 {
        notes.push(Note::new(
            Code::Unadjusted,
            format!("one of {family_size} tests of this family, none of which is adjusted"),
        ));
    }
    notes
}
