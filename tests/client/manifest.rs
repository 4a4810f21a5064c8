//! Facts that stand in more than one file, compared with the file that decides: `Cargo.toml`, or the code. These tests need
//! no server.

mod dependencies;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::Value as Toml;

use crate::cluster::{read, root};

fn toml(path: &str) -> Toml {
    toml::from_str(&read(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn strings(list: &Toml) -> Vec<String> {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|item| item.as_str().expect("a string").to_owned())
        .collect()
}

fn version() -> String {
    toml("Cargo.toml")["package"]["version"]
        .as_str()
        .expect("a version")
        .to_owned()
}

fn features() -> toml::Table {
    let features = toml("Cargo.toml")["features"].clone();
    features.as_table().expect("a table").clone()
}

/// The versions of PostgreSQL, which are features of Cargo.toml.
fn supported() -> BTreeSet<u32> {
    features()
        .keys()
        .filter_map(|name| name.strip_prefix("pg")?.parse().ok())
        .collect()
}

/// The one that is built by default.
fn default() -> u32 {
    match &strings(&features()["default"])[..] {
        [only] => only.strip_prefix("pg").and_then(|major| major.parse().ok()),
        _ => None,
    }
    .expect("one version of PostgreSQL")
}

#[test]
fn every_crate_needs_the_same_rust() {
    let cargo = toml("Cargo.toml");
    let rust = cargo["package"]["rust-version"]
        .as_str()
        .expect("a version");
    assert_eq!(
        cargo["workspace"]["package"]["rust-version"].as_str(),
        Some(rust)
    );
    assert!(read("README.md").contains(&format!("Rust {rust} or newer")));
}

#[test]
fn pgrx_is_pinned_exactly() {
    let requirement = &toml("Cargo.toml")["dependencies"]["pgrx"]["version"];
    let requirement = requirement.as_str().expect("a version");
    assert!(requirement.starts_with('='), "{requirement}");
}

#[test]
fn a_feature_per_postgres_version_is_that_of_pgrx() {
    let features = features();
    assert!(supported().contains(&default()));
    for major in supported() {
        let enables = strings(&features[&format!("pg{major}")]);
        assert_eq!(enables, [format!("pgrx/pg{major}")], "pg{major}");
    }
}

/// `make test-matrix` tests all of them.
#[test]
fn every_other_postgres_version_can_be_fetched() {
    let script = read(".ci/server.sh");
    let fetched: BTreeSet<u32> = script
        .lines()
        .filter_map(|line| line.trim().split_once(") source=")?.0.parse().ok())
        .collect();
    let mut others = supported();
    others.remove(&default());
    assert_eq!(fetched, others);
}

/// The install script is `sql/install/*.sql` in the order of the names: two digits, then one word that no other file has.
#[test]
fn install_files_have_an_order() {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("sql/install")).expect("sql/install") {
        names.push(entry.unwrap().file_name().into_string().expect("UTF-8"));
    }
    names.sort();
    assert!(!names.is_empty());
    let (mut numbers, mut words) = (BTreeSet::new(), BTreeSet::new());
    for name in &names {
        let parts = name
            .strip_suffix(".sql")
            .and_then(|stem| stem.split_once('_'));
        let Some((number, word)) = parts else {
            panic!("sql/install/{name} is not called NN_word.sql");
        };
        assert!(
            number.len() == 2 && number.bytes().all(|c| c.is_ascii_digit()),
            "sql/install/{name} does not begin with two digits"
        );
        assert!(
            !word.is_empty() && word.bytes().all(|c| c == b'_' || c.is_ascii_lowercase()),
            "sql/install/{name} has something else than a-z and _ in its name"
        );
        assert!(
            numbers.insert(number),
            "sql/install/{name}: another file has the number {number}, so that the order is an accident"
        );
        assert!(
            words.insert(word),
            "sql/install/{name}: another file is called {word}"
        );
    }
}

#[test]
fn cargo_does_not_mistake_these_tests_for_those_of_the_extension() {
    let cargo = toml("Cargo.toml");
    assert_eq!(cargo["package"]["autotests"].as_bool(), Some(false));
    assert_eq!(
        cargo["lib"]["crate-type"]
            .as_array()
            .map(|types| types[0].as_str()),
        Some(Some("cdylib"))
    );
    // pgrx turns a panic into an ERROR by unwinding
    assert_eq!(
        cargo["profile"]["release"]["panic"].as_str(),
        Some("unwind")
    );
}

#[test]
fn the_control_file_agrees() {
    let text = read("pg_rct.control");
    let settings: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split('#').next()?.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim().trim_matches('\'')))
        .collect();
    assert_eq!(settings.get("default_version"), Some(&&*version()));
    // a fixed name: a library per version would make every upgrade re-create every C function
    assert_eq!(settings.get("module_pathname"), Some(&"$libdir/pg_rct"));
    assert_eq!(settings.get("schema"), Some(&"rct"));
    assert_eq!(settings.get("relocatable"), Some(&"false"));
    assert!(
        settings
            .get("comment")
            .is_some_and(|comment| !comment.is_empty())
    );
}

#[test]
fn meta_json_agrees() {
    let meta: Json = serde_json::from_str(&read("META.json")).expect("META.json is JSON");
    for key in ["name", "abstract", "maintainer", "license", "version"] {
        assert!(
            meta[key].as_str().is_some_and(|value| !value.is_empty()),
            "{key} is required by the PGXN Meta Spec"
        );
    }
    assert_eq!(meta["meta-spec"]["version"], "1.0.0");
    assert_eq!(meta["name"], "pg_rct");
    assert_eq!(meta["license"], "postgresql");
    assert_eq!(meta["version"], *version());
    let provides = &meta["provides"]["pg_rct"];
    assert_eq!(provides["version"], *version());
    for key in ["file", "docfile"] {
        let file = provides[key].as_str().expect("a path");
        assert!(
            root().join(file).is_file(),
            "provides.pg_rct.{key}: there is no {file}"
        );
    }
    let oldest = supported()
        .first()
        .map(|major| format!("{major}.0.0"))
        .expect("at least one version");
    for phase in ["build", "runtime"] {
        assert_eq!(
            meta["prereqs"][phase]["requires"]["PostgreSQL"], *oldest,
            "{phase}"
        );
    }
}

#[test]
fn the_changelog_describes_this_version() {
    let text = read("CHANGELOG.md");
    let newest = text
        .lines()
        .filter_map(|line| line.strip_prefix("## [")?.split(']').next())
        .find(|heading| !heading.eq_ignore_ascii_case("unreleased"));
    assert_eq!(newest, Some(version().as_str()), "the newest heading");
}

/// A new format of stored bytes cannot come about unnoticed: the upgrade notes name it.
#[test]
fn the_wire_version_is_the_one_in_the_changelog() {
    let mut sources = Vec::new();
    rust_files(&root().join("src/core/sketch"), &mut sources);
    let text: String = sources
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let found: Vec<u8> = text
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("pub const WIRE_VERSION: u8 = ")?
                .strip_suffix(';')?
                .parse()
                .ok()
        })
        .collect();
    let changelog = read("CHANGELOG.md");
    let noted: u8 = changelog
        .split("Stored sketches have format ")
        .nth(1)
        .and_then(|rest| rest.split('.').next()?.parse().ok())
        .expect("the newest upgrade notes say: Stored sketches have format N.");
    assert_eq!(
        found,
        [noted],
        "pub const WIRE_VERSION: u8 in src/core/sketch"
    );
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_released_version_can_be_upgraded() {
    let released = released(&read("CHANGELOG.md"), &version());
    let scripts: Vec<(String, String)> = fs::read_dir(root().join("sql"))
        .expect("sql/")
        .filter_map(|entry| upgrade_of(&entry.unwrap().file_name().to_string_lossy()))
        .collect();
    let problems = upgrade_problems(&released, &version(), &scripts);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The versions with a heading `## [A] - date` in the changelog, except the current one.
fn released(changelog: &str, current: &str) -> BTreeSet<String> {
    changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## [")?.split_once("] - "))
        .filter(|(version, date)| *date != "unreleased" && *version != current)
        .map(|(version, _)| version.to_owned())
        .collect()
}

#[test]
fn released_versions_are_those_with_a_date() {
    let changelog = "## [Unreleased]\n## [0.3.0] - unreleased\n## [0.2.0] - 2026-05-04\n### Added\n## [0.1.0] - 2026-01-02\n";
    let found = |current| released(changelog, current).into_iter().collect::<Vec<_>>();
    assert_eq!(found("0.3.0"), ["0.1.0", "0.2.0"]);
    assert_eq!(found("0.2.0"), ["0.1.0"]);
}

/// `pg_rct--A--B.sql` upgrades from A to B.
fn upgrade_of(file: &str) -> Option<(String, String)> {
    let (a, b) = file
        .strip_prefix("pg_rct--")?
        .strip_suffix(".sql")?
        .split_once("--")?;
    Some((a.to_owned(), b.to_owned()))
}

fn upgrade_problems(
    from: &BTreeSet<String>,
    current: &str,
    scripts: &[(String, String)],
) -> Vec<String> {
    let mut problems = Vec::new();
    for (a, b) in scripts {
        for version in [a, b] {
            if !from.contains(version) && version != current {
                problems.push(format!(
                    "sql/pg_rct--{a}--{b}.sql: CHANGELOG.md has no release {version}"
                ));
            }
        }
    }
    let mut reached = BTreeSet::from([current]);
    loop {
        let more: Vec<&str> = scripts
            .iter()
            .filter(|(a, b)| reached.contains(b.as_str()) && !reached.contains(a.as_str()))
            .map(|(a, _)| a.as_str())
            .collect();
        if more.is_empty() {
            break;
        }
        reached.extend(more);
    }
    let stranded = from
        .iter()
        .filter(|version| !reached.contains(version.as_str()));
    problems.extend(
        stranded
            .map(|version| format!("no sql/pg_rct--*--*.sql leads from {version} to {current}")),
    );
    problems
}

#[test]
fn upgrade_paths_are_followed() {
    let set = |versions: &[&str]| {
        versions
            .iter()
            .map(|v| (*v).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let scripts = |files: &[&str]| {
        files
            .iter()
            .filter_map(|file| upgrade_of(file))
            .collect::<Vec<_>>()
    };
    let chain = ["pg_rct--0.1.0--0.2.0.sql", "pg_rct--0.2.0--0.3.0.sql"];
    assert_eq!(
        upgrade_problems(&set(&["0.1.0", "0.2.0"]), "0.3.0", &scripts(&chain)),
        [""; 0]
    );
    assert_eq!(
        upgrade_problems(&set(&["0.1.0", "0.2.0"]), "0.3.0", &scripts(&chain[..1])).len(),
        2
    );
    assert_eq!(
        upgrade_problems(&set(&["0.2.0"]), "0.3.0", &scripts(&chain)).len(),
        1
    );
    assert_eq!(
        upgrade_problems(&set(&[]), "0.1.0", &scripts(&["pg_rct.sql", "install"])),
        [""; 0]
    );
}
