//! `pgrx.toml` is the one place for facts that otherwise drift apart; these tests compare every other place
//! with it. They need no server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::Value as Toml;

use crate::cluster::{read, root};

fn toml(path: &str) -> Toml {
    read(path).parse().unwrap_or_else(|e| panic!("{path}: {e}"))
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

fn supported() -> BTreeSet<i64> {
    let majors = &toml("pgrx.toml")["postgres"]["supported"];
    majors
        .as_array()
        .expect("a list")
        .iter()
        .map(|major| major.as_integer().expect("a major version"))
        .collect()
}

#[test]
fn the_first_line_of_pgrx_toml_says_who_reads_it() {
    let text = read("pgrx.toml");
    assert!(
        text.starts_with("# cargo-pgrx does not read this file"),
        "{:?}",
        text.lines().next()
    );
}

#[test]
fn cargo_toml_has_the_pinned_toolchain() {
    let (pins, cargo) = (toml("pgrx.toml"), toml("Cargo.toml"));
    let pgrx = pins["toolchain"]["pgrx"].as_str().expect("a version");
    let rust = pins["toolchain"]["rust"].as_str().expect("a version");
    assert_eq!(
        cargo["package"]["rust-version"].as_str(),
        Some(rust),
        "package.rust-version"
    );

    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(dependencies) = cargo.get(section).and_then(Toml::as_table) else {
            continue;
        };
        for (name, value) in dependencies
            .iter()
            .filter(|(name, _)| name.starts_with("pgrx"))
        {
            let requirement = value.as_str().or_else(|| value.get("version")?.as_str());
            assert_eq!(
                requirement,
                Some(format!("={pgrx}").as_str()),
                "{section}.{name}"
            );
        }
    }
    let lock = toml("Cargo.lock");
    let packages = lock["package"].as_array().expect("packages");
    let locked = packages
        .iter()
        .find(|package| package["name"].as_str() == Some("pgrx"))
        .expect("pgrx is locked");
    assert_eq!(locked["version"].as_str(), Some(pgrx), "pgrx in Cargo.lock");
}

#[test]
fn cargo_toml_has_a_feature_per_postgres_version() {
    let features = toml("Cargo.toml")["features"]
        .as_table()
        .expect("a table")
        .clone();
    let majors: BTreeSet<i64> = features
        .keys()
        .filter_map(|name| name.strip_prefix("pg")?.parse().ok())
        .collect();
    assert_eq!(majors, supported());
    for major in majors {
        let enables = strings(&features[&format!("pg{major}")]);
        assert!(
            enables.contains(&format!("pgrx/pg{major}")),
            "pg{major} enables {enables:?}"
        );
    }
    let default = toml("pgrx.toml")["postgres"]["default"]
        .as_integer()
        .expect("a major version");
    assert!(supported().contains(&default));
    assert_eq!(strings(&features["default"]), [format!("pg{default}")]);
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
fn the_control_file_takes_its_version_from_cargo() {
    let text = read("pg_rct.control");
    let settings: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split('#').next()?.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim().trim_matches('\'')))
        .collect();
    assert_eq!(settings.get("default_version"), Some(&"@CARGO_VERSION@"));
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

#[test]
fn the_wire_version_is_the_one_in_the_code() {
    let mut sources = Vec::new();
    rust_files(&root().join("src/core/sketch"), &mut sources);
    let found: Vec<i64> = sources
        .iter()
        .flat_map(|path| {
            fs::read_to_string(path)
                .unwrap()
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter_map(|line| {
            line.trim()
                .strip_prefix("pub const WIRE_VERSION: u8 = ")?
                .strip_suffix(';')?
                .parse()
                .ok()
        })
        .collect();
    let pinned = toml("pgrx.toml")["formats"]["sketch"]
        .as_integer()
        .expect("a number");
    assert_eq!(
        found,
        [pinned],
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
    let from: BTreeSet<String> = strings(&toml("pgrx.toml")["upgrade"]["from"])
        .into_iter()
        .collect();
    let scripts: Vec<(String, String)> = fs::read_dir(root().join("sql"))
        .expect("sql/")
        .filter_map(|entry| upgrade_of(&entry.unwrap().file_name().to_string_lossy()))
        .collect();
    let problems = upgrade_problems(&from, &version(), &scripts);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
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
    if from.contains(current) {
        problems.push(format!(
            "pgrx.toml: upgrade.from contains the current version {current}"
        ));
    }
    for (a, b) in scripts {
        for version in [a, b] {
            if !from.contains(version) && version != current {
                problems.push(format!(
                    "sql/pg_rct--{a}--{b}.sql: {version} is not in upgrade.from of pgrx.toml"
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
