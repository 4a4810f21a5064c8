//! What the crates are made of, without cargo-deny: `deny.toml` says what they may be.

use std::collections::BTreeSet;
use std::env;
use std::process::Command;

use serde_json::Value as Json;

use super::{strings, toml};
use crate::cluster::{read, root};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn every_crate_comes_from_crates_io() {
    for file in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        let lock = toml(file);
        let packages = lock["package"].as_array().expect("packages");
        let mut foreign = 0;
        for package in packages {
            let name = package["name"].as_str().expect("a name");
            let Some(source) = package.get("source") else {
                assert!(
                    name.starts_with("rct-") || name == "pg_rct",
                    "{file}: {name} is no crate of this repository, and has no source"
                );
                continue;
            };
            foreign += 1;
            assert_eq!(source.as_str(), Some(CRATES_IO), "{file}: {name}");
            assert!(
                package.get("checksum").is_some(),
                "{file}: {name} has no checksum"
            );
        }
        assert!(foreign > 0, "{file} has crates");
    }
}

/// The packages that are built here, as cargo describes them. Nothing is downloaded unless it is missing, which it is only
/// when these tests are the first thing that is built.
fn packages() -> Vec<Json> {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc");
    let rustc = String::from_utf8(rustc.stdout).expect("UTF-8");
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    let describe = |more: &[&str]| {
        Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
            .current_dir(root())
            .args(["metadata", "--locked", "--format-version=1"])
            .args(["--filter-platform", host.expect("rustc -vV names the host")])
            .args(more)
            .output()
            .expect("cargo")
    };
    let mut output = describe(&["--offline"]);
    if !output.status.success() {
        output = describe(&[]);
    }
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {error}");
    let mut metadata: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    // the list of packages has those of other platforms as well
    let used: BTreeSet<String> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| node["id"].to_string())
        .collect();
    let Json::Array(mut packages) = metadata["packages"].take() else {
        panic!("no packages");
    };
    packages.retain(|package| used.contains(&package["id"].to_string()));
    packages
}

#[test]
fn every_licence_is_allowed() {
    let allowed = strings(&toml("deny.toml")["licenses"]["allow"]);
    let allowed: BTreeSet<&str> = allowed.iter().map(String::as_str).collect();
    let packages = packages();
    assert!(packages.len() > 100, "{} packages", packages.len());
    let refused: Vec<String> = packages
        .iter()
        .filter_map(|package| {
            let licence = package["license"].as_str().unwrap_or("");
            let name = package["name"].as_str().expect("a name");
            (!allows(&allowed, licence)).then(|| format!("{name}: {licence:?}"))
        })
        .collect();
    assert!(
        refused.is_empty(),
        "deny.toml does not allow\n{}",
        refused.join("\n")
    );
}

/// Whether a licence expression can be met: `A OR (B AND C)`, with the old `A/B` for OR.
fn allows(allowed: &BTreeSet<&str>, expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(allowed, &mut words);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(allowed: &BTreeSet<&str>, words: &mut Words) -> bool {
    let mut met = all_of(allowed, words);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(allowed, words);
    }
    met
}

fn all_of(allowed: &BTreeSet<&str>, words: &mut Words) -> bool {
    let mut met = one(allowed, words);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(allowed, words);
    }
    met
}

fn one(allowed: &BTreeSet<&str>, words: &mut Words) -> bool {
    match words.next() {
        Some("(") => any_of(allowed, words) & (words.next() == Some(")")),
        // an exception is a licence of its own
        Some(name) => match words.next_if_eq(&"WITH") {
            Some(_) => words
                .next()
                .is_some_and(|exception| allowed.contains(&*format!("{name} WITH {exception}"))),
            None => allowed.contains(name),
        },
        None => false,
    }
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = BTreeSet::from(["MIT", "Zlib", "Unicode-3.0", "GPL-2.0 WITH X"]);
    for met in [
        "MIT",
        "Apache-2.0 OR MIT",
        "Apache-2.0/MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT AND Zlib OR Apache-2.0",
        "GPL-2.0 WITH X",
    ] {
        assert!(allows(&allowed, met), "{met}");
    }
    for refused in [
        "",
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Zlib) AND Apache-2.0",
        "GPL-2.0",
        "MIT WITH X",
        "MIT Zlib",
        "(MIT",
    ] {
        assert!(!allows(&allowed, refused), "{refused}");
    }
}

/// A crate that cargo-deny is told to ignore is explained, and is still there.
#[test]
fn ignored_advisories_are_explained() {
    let ignored = toml("deny.toml")["advisories"]["ignore"].clone();
    let (lock, page) = (read("Cargo.lock"), read("docs/security.md"));
    let explained = page
        .split_once("\n## Dependencies\n")
        .expect("docs/security.md has a section on dependencies")
        .1;
    for entry in ignored.as_array().expect("a list") {
        let id = entry["id"].as_str().expect("an id");
        let reason = entry["reason"].as_str().expect("a reason");
        let name = reason.split(' ').next().expect("a crate");
        assert!(
            lock.contains(&format!("name = \"{name}\"")),
            "{id}: {name} is no longer there"
        );
        assert!(
            explained.contains(id) && explained.contains(&format!("`{name}`")),
            "docs/security.md does not explain {id} of {name}"
        );
    }
}
