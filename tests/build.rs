//! Writes one `#[test]` per regress script, isolation spec and documentation page, so that each has a name of
//! its own in the report and can be run alone: `cargo test -p rct-tests regress::effect`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "client/markdown.rs"]
mod markdown;

fn main() {
    let tests = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let root = tests.parent().expect("tests/ is inside the repository");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));

    let mut regress = Vec::new();
    find(&tests.join("regress/sql"), "sql", &mut regress);
    let names = regress.iter().map(|path| {
        path.file_stem()
            .expect("has a name")
            .to_string_lossy()
            .into_owned()
    });
    fs::write(out.join("regress.rs"), generate(names.collect())).expect("OUT_DIR is writable");

    let mut specs = Vec::new();
    find(&tests.join("isolation/specs"), "spec", &mut specs);
    let names = specs.iter().map(|path| {
        path.file_stem()
            .expect("has a name")
            .to_string_lossy()
            .into_owned()
    });
    fs::write(out.join("isolation.rs"), generate(names.collect())).expect("OUT_DIR is writable");

    let mut pages = vec![root.join("README.md")];
    find(&root.join("docs"), "md", &mut pages);
    let names = pages
        .iter()
        .filter(|path| has_something_to_run(path))
        .map(|path| {
            path.strip_prefix(root)
                .expect("inside")
                .to_string_lossy()
                .into_owned()
        });
    fs::write(out.join("docs.rs"), generate(names.collect())).expect("OUT_DIR is writable");

    // cargo looks into directories, so that a new file is noticed
    for watched in [
        "tests/build.rs",
        "tests/client/markdown.rs",
        "tests/regress",
        "tests/isolation",
        "docs",
        "README.md",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(watched).display());
    }
}

/// A page that does not parse counts: its test then says why.
fn has_something_to_run(page: &Path) -> bool {
    let text = fs::read_to_string(page).unwrap_or_default();
    markdown::parse(&text).map_or(true, |page| !page.examples.is_empty())
}

fn find(dir: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
}

fn generate(arguments: Vec<String>) -> String {
    // a use of it even when there is no file yet
    let mut code = String::from("const _: fn(&str) = super::run;\n");
    let mut taken = BTreeSet::new();
    for argument in arguments {
        let stem = argument.strip_suffix(".md").unwrap_or(&argument);
        let mut name: String = stem
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        if name.starts_with(|c: char| c.is_ascii_digit())
            || matches!(name.as_str(), "type" | "fn" | "use" | "mod")
        {
            name.insert(0, '_');
        }
        while !taken.insert(name.clone()) {
            name.push('_');
        }
        writeln!(
            code,
            "#[test]\nfn {name}() {{\n    super::run({argument:?});\n}}"
        )
        .expect("to a string");
    }
    code
}
