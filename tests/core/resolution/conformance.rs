//! UpGrade's decision tables, run exhaustively. What differs is listed in `tests/conformance/deviations.toml`.

use super::world::{
    EXCLUDE, EXPERIMENT, GLOBAL, INCLUDE, Rows, condition, experiment, plan, point,
};
use rct_core::experiment::{Consistency, FilterMode, Post, Status, Unit};
use rct_core::resolution::{
    Compiled, Facts, MarkStatus, PlanExperiment, Reason, Visit, assign, mark,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// A case by the names of its columns.
type Case = BTreeMap<String, String>;

/// Conditions by the role that they have in the tables.
const OWN: &str = "own";
const GROUP: &str = "group";
const ALGORITHM: &str = "algorithm";
const TO: &str = "revertTo";

fn folder() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/conformance"
    ))
}

/// The cases of a table; only the last column has commas, in quotes.
fn cases(name: &str) -> Vec<Case> {
    let path = folder().join(format!("decision_table_{name}.csv"));
    let text = std::fs::read_to_string(&path).expect("the table is there");
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap_or("").split(',').collect();
    let read = |line: &str| {
        let cells = line
            .splitn(columns.len(), ',')
            .map(|c| c.trim_matches('"').to_owned());
        columns.iter().map(|c| (*c).to_owned()).zip(cells).collect()
    };
    lines.map(read).collect()
}

/// Where pg_rct differs on purpose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviation {
    /// The table, or tables.
    table: Words,
    /// The cases: for each column named a value, or several.
    when: BTreeMap<String, Words>,
    /// What pg_rct does.
    gives: Words,
    /// The number of the rule that the difference follows from.
    rule: u8,
    /// How it follows.
    why: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl Words {
    fn has(&self, word: &str) -> bool {
        match self {
            Words::One(one) => one == word,
            Words::Several(several) => several.iter().any(|w| w == word),
        }
    }
}

impl Deviation {
    fn covers(&self, table: &str, case: &Case, ours: &str) -> bool {
        self.table.has(table)
            && self.gives.has(ours)
            && self
                .when
                .iter()
                .all(|(column, words)| case.get(column).is_some_and(|cell| words.has(cell)))
    }
}

#[derive(Debug, Default, Deserialize)]
struct Deviations {
    #[serde(default)]
    assign: Vec<Deviation>,
    #[serde(default)]
    mark: Vec<Deviation>,
    #[serde(default)]
    lists: Vec<Deviation>,
    #[serde(default)]
    group_data: Vec<Deviation>,
}

fn deviations() -> Deviations {
    let text = std::fs::read_to_string(folder().join("deviations.toml")).expect("deviations");
    toml::from_str(&text).expect("deviations can be read")
}

/// Runs tables against their expected column, with the entries that may differ.
fn check(tables: &[&str], expected: &str, entries: &[Deviation], ours: impl Fn(&Case) -> String) {
    let mut used = vec![0usize; entries.len()];
    let mut unlisted = Vec::new();
    for table in tables {
        for case in cases(table) {
            let theirs = case.get(expected).filter(|cell| !cell.is_empty());
            let theirs = theirs.cloned().unwrap_or_else(|| "nothing".to_owned());
            let ours = ours(&case);
            if theirs == ours {
                continue;
            }
            let listed = entries.iter().position(|d| d.covers(table, &case, &ours));
            match listed.and_then(|i| used.get_mut(i)) {
                Some(n) => *n += 1,
                None => {
                    let state: Vec<String> = case.iter().map(|(k, v)| format!("{k}={v}")).collect();
                    unlisted.push(format!("{table}: {} -> {ours}", state.join(" ")));
                }
            }
        }
    }
    assert!(
        unlisted.is_empty(),
        "{} unlisted:\n{}",
        unlisted.len(),
        unlisted.join("\n")
    );
    for (entry, n) in entries.iter().zip(used) {
        assert!(n > 0, "entry matches nothing: {entry:?}");
        assert!(
            (1..=16).contains(&entry.rule) && entry.why.ends_with('.'),
            "{entry:?}"
        );
    }
}

fn is(case: &Case, column: &str, value: &str) -> bool {
    case.get(column).is_some_and(|cell| cell == value)
}

fn yes(case: &Case, column: &str) -> bool {
    is(case, column, "true")
}

/// The experiment of a case: the draw falls on the condition named `algorithm`.
fn design(case: &Case) -> PlanExperiment {
    let mut e = experiment(EXPERIMENT, "e");
    e.conditions = [OWN, GROUP, ALGORITHM, TO]
        .map(|role| condition(role, if role == ALGORITHM { 1.0 } else { 0.0 }))
        .to_vec();
    e.points = vec![point("s", "t"), point("s", "u")];
    let cell = |column: &str| case.get(column).map_or("", String::as_str);
    e.unit = match cell("unit") {
        "group" => Unit::Group,
        "within-subjects" => Unit::WithinSubjects,
        _ => Unit::Individual,
    };
    e.group_type = (e.unit == Unit::Group).then(|| "teacher".to_owned());
    e.consistency =
        Consistency::from_word(cell("consistency_rule")).unwrap_or(Consistency::Individual);
    e.status = match cell("status") {
        "enrollmentComplete" => Status::EnrollmentComplete,
        // A draft is what pg_rct calls inactive.
        "draft" => Status::Inactive,
        word => Status::from_word(word).expect("a status"),
    };
    e.post = match (cell("post_rule"), yes(case, "revert_to_set")) {
        ("assign", true) => Post::Assign(TO.to_owned()),
        // Assigning no condition is what pg_rct calls revert.
        ("assign" | "revert", _) => Post::Revert,
        _ => Post::Continue,
    };
    e.filter_mode = if is(case, "filter_mode", "excludeAll") {
        FilterMode::ExcludeAll
    } else {
        FilterMode::IncludeAll
    };
    e.include = vec![INCLUDE];
    e.exclude = vec![EXCLUDE];
    e
}

/// The facts of a case: user u of teacher t1 in class c1.
fn facts(case: &Case) -> Rows {
    let cell = |column: &str| case.get(column).map_or("", String::as_str);
    let mut rows = match cell("group_data") {
        "noGroup" => Rows::default().row('m', &["teacher", "t1", "f", "t"]),
        "noWorkingGroup" => Rows::default().row('m', &["teacher", "t1", "t", "f"]),
        "keyMissing" => Rows::default().group("class", "c1"),
        "notSubset" => Rows::default()
            .row('m', &["teacher", "t2", "t", "f"])
            .row('m', &["teacher", "t1", "f", "t"]),
        _ => Rows::default().group("teacher", "t1").group("class", "c1"),
    };
    let enrolled =
        yes(case, "individually_enrolled") || !matches!(cell("individual_enrollment"), "none" | "");
    if enrolled && is(case, "unit", "within-subjects") {
        rows = rows.enrolled_within(EXPERIMENT, "u");
    } else if enrolled {
        rows = rows.enrolled(EXPERIMENT, "user", "u", OWN);
    }
    if yes(case, "group_enrolled") {
        rows = rows.enrolled(EXPERIMENT, "teacher", "t1", GROUP);
    }
    if yes(case, "individually_excluded") {
        rows = rows.excluded(EXPERIMENT, "user", "u", "REACHED_PRIOR");
    }
    if yes(case, "group_excluded") {
        rows = rows.excluded(EXPERIMENT, "teacher", "t1", "REACHED_PRIOR");
    }
    if yes(case, "preview_user") {
        rows = rows.preview();
    }
    let listed = match cell("list") {
        "userExcluded" => Some((EXCLUDE, "user", "u")),
        "sameTypeGroupExcluded" => Some((EXCLUDE, "teacher", "t1")),
        "otherTypeGroupExcluded" => Some((EXCLUDE, "class", "c1")),
        "includeUser" => Some((INCLUDE, "user", "u")),
        "includeGroup" => Some((INCLUDE, "teacher", "t1")),
        "globalUser" => Some((GLOBAL, "user", "u")),
        "globalGroup" => Some((GLOBAL, "teacher", "t1")),
        _ => None,
    };
    if let Some((segment, kind, id)) = listed {
        rows = rows.row('s', &[&segment.to_string(), kind, id]);
    }
    rows
}

fn compiled(case: &Case) -> Compiled {
    let mut plan = plan(vec![design(case)]);
    plan.global_exclusion = vec![GLOBAL];
    Compiled::new(plan)
}

/// What assign gives, in the words of the tables.
fn assigned(case: &Case) -> String {
    let (plan, bytes) = (compiled(case), facts(case).pack());
    let facts = Facts::decode(&bytes).expect("facts");
    let answers = assign(&plan, &facts, "u", 0, Some(("s", "t")));
    let Some(answer) = answers.first() else {
        return "none".to_owned();
    };
    if answer.queue.is_some() {
        return "queue".to_owned();
    }
    let word = answer.condition.unwrap_or("none");
    let drawn = answer.reason == Reason::Drawn;
    assert_eq!(drawn, word == ALGORITHM, "{case:?}");
    word.to_owned()
}

/// What mark writes, in the words of the tables.
fn marked(case: &Case) -> String {
    let (plan, bytes) = (compiled(case), facts(case).pack());
    let facts = Facts::decode(&bytes).expect("facts");
    let status = match case.get("mark_status").map_or("", String::as_str) {
        "failed" => MarkStatus::NotApplied,
        "no condition" => MarkStatus::NoCondition,
        _ => MarkStatus::Applied,
    };
    let visit = Visit {
        site: "s",
        target: "t",
        condition: None,
        status,
        experiment: Some("e"),
    };
    let marking = mark(&plan, &facts, "u", 0, &visit).expect("a marking");
    let mut rows = Vec::new();
    for row in &marking.exclude {
        rows.push(if row.unit_type == "user" {
            format!("IX({})", row.code)
        } else {
            format!("GX[{}]({})", row.unit_id, row.code)
        });
    }
    for row in &marking.enroll {
        let condition = row.condition.as_deref().unwrap_or("null");
        rows.push(if row.unit_type == "user" {
            format!("IE({condition},{})", row.code)
        } else {
            format!("GE({condition})")
        });
    }
    if marking.repeat {
        rows.push("RE(own)".to_owned());
    }
    if rows.is_empty() {
        return "nothing".to_owned();
    }
    rows.sort();
    rows.join(" ")
}

#[test]
fn assign_by_state_and_rows() {
    check(
        &["assign_by_state_and_rows"],
        "returned",
        &deviations().assign,
        assigned,
    );
}

#[test]
fn mark_by_state_and_status() {
    let tables = ["mark_by_state_and_rows", "mark_by_mark_status"];
    check(&tables, "rows", &deviations().mark, marked);
}

#[test]
fn lists() {
    let (assigns, marks) = split(deviations().lists);
    check(&["assign_by_lists"], "returned", &assigns, assigned);
    check(&["mark_by_lists"], "rows", &marks, marked);
}

#[test]
fn group_data() {
    let (assigns, marks) = split(deviations().group_data);
    check(&["assign_by_group_data"], "returned", &assigns, assigned);
    check(&["mark_by_group_data"], "rows", &marks, marked);
}

/// Entries of tables of assign and of mark.
fn split(entries: Vec<Deviation>) -> (Vec<Deviation>, Vec<Deviation>) {
    let of_assign =
        |d: &Deviation| d.table.has("assign_by_lists") || d.table.has("assign_by_group_data");
    entries.into_iter().partition(of_assign)
}
