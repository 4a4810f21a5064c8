//! Where things are: a concept has one name everywhere, and the rooms of the statistics stand on each other in one order.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the statistics, from the ground up. A room uses only rooms before it. Rooms that are not listed are those of the
/// service, which the first rooms know nothing of either.
const ROOMS: &[&str] = &[
    "error",
    "exact",
    "pulse",
    "note",
    "finding",
    "words",
    "budget",
    "distribution",
    "random",
    "identifier",
    "limits",
    "json",
    "reduction",
    "sketch",
    "regression",
    "variance",
    "multiplicity",
    "effect",
    "planning",
    "monitoring",
    "resampling",
    "attrition",
    "integrity",
];

/// Rooms of the statistics that read limits or documents of the service.
const READS_DOCUMENTS: &[&str] = &["limits"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Names of the files and folders of a folder, without `.rs` and `.sql` and the number before.
fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let name = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        let stem = name.split('.').next().unwrap().to_owned();
        let bare = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        match folder {
            "sql/install" => bare.to_owned(),
            _ => stem,
        }
    };
    entries.map(|e| name(e.unwrap())).collect()
}

/// Sources of a room.
fn sources(path: &Path, all: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            sources(&entry.unwrap().path(), all);
        }
    } else if path.extension().is_some_and(|e| e == "rs") {
        all.push(path.to_owned());
    }
}

/// The rooms that a room names, without its unit tests and comments.
fn uses(room: &str) -> BTreeSet<String> {
    let core = root().join("src/core");
    let mut files = Vec::new();
    sources(&core.join(room), &mut files);
    if core.join(format!("{room}.rs")).exists() {
        files.push(core.join(format!("{room}.rs")));
    }
    assert!(!files.is_empty(), "no room {room}");
    let mut found = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
            for part in line.split("crate::").skip(1) {
                let end = part.find(|c: char| !c.is_alphanumeric() && c != '_');
                found.insert(part[..end.unwrap_or(part.len())].to_owned());
            }
        }
    }
    found.remove(room);
    found
}

#[test]
fn rooms_stand_on_rooms_below() {
    for (level, room) in ROOMS.iter().enumerate() {
        for used in uses(room) {
            let below = ROOMS[..level].contains(&used.as_str());
            let exists = root().join("src/core").join(&used).exists();
            let is_room = exists || root().join(format!("src/core/{used}.rs")).exists();
            assert!(
                below || !is_room || READS_DOCUMENTS.contains(room),
                "{room} uses {used}, which is not below it"
            );
        }
    }
}

#[test]
fn a_concept_has_one_name() {
    let mut core = names("src/core");
    core.extend(names("src/core/effect"));
    let (sql, tests) = (names("sql/install"), names("tests/regress/sql"));
    // What belongs to the server alone, or to two concepts of the core at once.
    let of_server = ["mod", "key", "lock", "removal", "limits", "identifier"];
    let api = names("src/api");
    let concepts: Vec<&String> = api
        .iter()
        .filter(|n| !of_server.contains(&n.as_str()))
        .collect();
    assert!(concepts.len() > 15, "{concepts:?}");
    for concept in concepts {
        assert!(core.contains(concept), "no {concept} in src/core");
        assert!(sql.contains(concept), "no {concept} in sql/install");
        let tested = tests.contains(concept) || concept == "resolution";
        assert!(tested, "no {concept} in tests/regress/sql");
    }
}
