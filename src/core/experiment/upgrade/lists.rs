//! Include and exclude lists of an export.

use super::super::members::Members;
use serde_json::Value;

/// The members of one list, or of several.
pub(super) fn members(field: &str, value: &Value, warnings: &mut Vec<String>) -> Members {
    let mut members = Members::default();
    let lists: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    };
    let texts = |segment: &Value, field: &str, keys: &[&str]| -> Vec<Vec<Option<String>>> {
        let all = segment.get(field).and_then(Value::as_array);
        (all.into_iter().flatten())
            .map(|entry| {
                let text = |key: &&str| {
                    let own = entry.get(*key).and_then(Value::as_str);
                    own.filter(|text| !text.is_empty()).map(str::to_owned)
                };
                keys.iter().map(text).collect()
            })
            .collect()
    };
    let mut lost = 0_usize;
    for list in lists {
        let segment = list.get("segment").unwrap_or(list);
        for entry in texts(segment, "individualForSegment", &["userId"]) {
            match entry.into_iter().next().flatten() {
                Some(user) => drop(members.users.insert(user)),
                None => lost += 1,
            }
        }
        for entry in texts(segment, "groupForSegment", &["type", "groupId"]) {
            match <[Option<String>; 2]>::try_from(entry) {
                Ok([Some(kind), Some(group)]) => {
                    members.groups.entry(kind).or_default().insert(group);
                }
                _ => lost += 1,
            }
        }
        for entry in texts(segment, "subSegments", &["name"]) {
            match entry.into_iter().next().flatten() {
                Some(name) => {
                    warnings.push(format!(
                        "{field} names the segment {name:?}, whose members are not part of the export; it must exist."
                    ));
                    members.segments.insert(name);
                }
                None => lost += 1,
            }
        }
    }
    if lost > 0 {
        warnings.push(format!(
            "{lost} incomplete entries of {field} were not taken over."
        ));
    }
    members
}
