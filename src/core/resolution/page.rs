//! The page `docs/spec/resolution.md`, written from the tables.

use super::lists::{Access, TABLE_A, Who};
use super::mark::mark_rule;
use super::reason::{Code, Reason};
use super::table::{Phase, Rows, rule};
use crate::experiment::{Consistency, FilterMode, Unit};
use std::fmt::Write as _;

const INTRODUCTION: &str = include_str!("page.md");

/// The page. A test compares it with the file.
pub fn page() -> String {
    let mut page = String::new();
    for line in INTRODUCTION.lines() {
        match line {
            "{{lists}}" => lists(&mut page),
            "{{individual}}" => assign_table(&mut page, Unit::Individual),
            "{{group}}" => assign_table(&mut page, Unit::Group),
            "{{within_subjects}}" => assign_table(&mut page, Unit::WithinSubjects),
            "{{mark_individual}}" => mark_table(&mut page, Unit::Individual),
            "{{mark_group}}" => mark_table(&mut page, Unit::Group),
            "{{mark_within_subjects}}" => mark_table(&mut page, Unit::WithinSubjects),
            "{{reasons}}" => reasons(&mut page),
            "{{codes}}" => codes(&mut page),
            other => {
                page.push_str(other);
                page.push('\n');
            }
        }
    }
    page
}

fn row<S: AsRef<str>>(page: &mut String, cells: impl IntoIterator<Item = S>) {
    page.push('|');
    for cell in cells {
        // Writing to a string does not fail.
        let _ = write!(page, " {} |", cell.as_ref());
    }
    page.push('\n');
}

fn heading(page: &mut String, cells: &[&str]) {
    row(page, cells);
    page.push('|');
    page.push_str(&"---|".repeat(cells.len()));
    page.push('\n');
}

fn lists(page: &mut String) {
    heading(
        page,
        &["The first that holds", "`include_all`", "`exclude_all`"],
    );
    let whos = [
        Who::UserExcluded,
        Who::UserIncluded,
        Who::GroupExcluded,
        Who::GroupIncluded,
        Who::Nobody,
    ];
    for who in whos {
        let cell = |mode: FilterMode| {
            let line = TABLE_A.iter().find(|l| l.mode == mode && l.who == who);
            match line.map(|l| l.access) {
                Some(Access::In) => "in".to_owned(),
                Some(Access::UserListed) => {
                    format!("out: `{}`", Reason::ParticipantOnExclusionList)
                }
                Some(Access::GroupListed) => format!("out: `{}`", Reason::GroupOnExclusionList),
                Some(Access::NotIncluded) => format!("out: `{}`", Reason::NotIncluded),
                None => String::new(),
            }
        };
        row(
            page,
            [
                who.phrase().to_owned(),
                cell(FilterMode::IncludeAll),
                cell(FilterMode::ExcludeAll),
            ],
        );
    }
}

/// The rows that matter for a unit.
fn states(unit: Unit) -> impl Iterator<Item = Rows> {
    Rows::all().filter(move |rows| match unit {
        Unit::Individual => !rows.ge,
        Unit::Group => true,
        Unit::WithinSubjects => !rows.ge && !rows.gx,
    })
}

/// Consistency rules that differ for a unit.
fn consistencies(unit: Unit) -> &'static [Consistency] {
    match unit {
        Unit::WithinSubjects => &[Consistency::Individual],
        _ => Consistency::ALL,
    }
}

fn assign_table(page: &mut String, unit: Unit) {
    table(page, unit, |consistency, phase, rows| {
        let rule = rule(unit, consistency, phase, rows);
        format!("{} {}", rule.gives.spelled(), rule.name)
    });
}

fn mark_table(page: &mut String, unit: Unit) {
    table(page, unit, |consistency, phase, rows| {
        let rule = mark_rule(unit, consistency, phase, rows);
        format!("{} {}", rule.writes.spelled(), rule.name)
    });
}

fn table(page: &mut String, unit: Unit, cell: impl Fn(Consistency, Phase, Rows) -> String) {
    let several = consistencies(unit).len() > 1;
    for (n, consistency) in consistencies(unit).iter().enumerate() {
        if several {
            let gap = if n == 0 { "" } else { "\n" };
            let _ = writeln!(page, "{gap}Consistency rule `{consistency}`:\n");
        }
        let mut titles = vec!["Rows"];
        titles.extend(Phase::ALL.iter().map(|p| p.heading()));
        heading(page, &titles);
        for rows in states(unit) {
            let cells = Phase::ALL.iter().map(|p| cell(*consistency, *p, rows));
            row(page, std::iter::once(rows.spelled()).chain(cells));
        }
    }
}

fn reasons(page: &mut String) {
    heading(page, &["Reason", "Glossary", "Meaning"]);
    for reason in Reason::ALL {
        let number = reason.glossary().map_or(String::new(), |n| n.to_string());
        row(
            page,
            [format!("`{reason}`"), number, reason.sentence().to_owned()],
        );
    }
}

fn codes(page: &mut String) {
    heading(page, &["Code", "Glossary", "Ends by itself"]);
    for code in Code::ALL {
        let number = match code {
            Code::Algorithmic | Code::GroupLogic => String::new(),
            _ => Reason::of_code(code.word())
                .glossary()
                .map_or(String::new(), |n| n.to_string()),
        };
        let heals = if code.heals() {
            "with the group data"
        } else {
            ""
        };
        row(page, [format!("`{code}`"), number, heals.to_owned()]);
    }
}
