//! Every ```` ```sql ```` block of README.md and docs/ is run: one psql session per page, in a fresh database
//! with the extension, in the order of the page. A ```` ```text ```` (or ```` ```output ````) block after it
//! is what psql prints, and must be right up to trailing blanks; without one the block must succeed. There is
//! no way to exempt a block. `RCT_ACCEPT=1` writes the output into the pages.
//!
//! A page that needs data starts with `<!-- load: NAME -->`: NAME, NAME.sql or NAME/load.sql is run before it.
//! A page that creates the extension itself gets a database without it.

use std::fs;
use std::path::PathBuf;

use crate::cluster::{self, root};
use crate::db::Database;
use crate::diff;
use crate::markdown::{self, Example, Page, Shown};
use crate::psql::Roles;

/// One test per page, written by build.rs.
mod page {
    include!(concat!(env!("OUT_DIR"), "/docs.rs"));
}

fn run(path: &str) {
    let text = cluster::read(path);
    let page = markdown::parse(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
    let problems = match outputs(path, &page) {
        Ok(outputs) if cluster::accept() => {
            fs::write(root().join(path), accepted(&text, &page, &outputs)).unwrap();
            Vec::new()
        }
        Ok(outputs) => differences(&page, &outputs),
        Err(problem) => vec![problem],
    };
    assert!(problems.is_empty(), "{path}: {}", problems.join("\n"));
}

/// What psql prints for each example.
fn outputs(path: &str, page: &Page) -> Result<Vec<String>, String> {
    let sql: String = page
        .examples
        .iter()
        .map(|example| example.sql.as_str())
        .collect();
    let tag = format!(
        "docs_{}",
        path.trim_end_matches(".md")
            .rsplit('/')
            .next()
            .unwrap_or(path)
    );
    let database = if creates_the_extension(&sql) {
        Database::empty(&tag)
    } else {
        Database::with_extension(&tag)
    };
    for name in &page.load {
        database.psql_file(&fixture(name)?);
    }
    let _roles = Roles::of(&database, &sql);
    let output = database.psql_script(&[], &script(page)?).text;
    split(page, &output)
}

fn creates_the_extension(sql: &str) -> bool {
    sql.lines()
        .map(str::to_lowercase)
        .any(|line| line.starts_with("create extension") && line.contains("pg_rct"))
}

fn fixture(name: &str) -> Result<PathBuf, String> {
    let candidates = [
        name.to_owned(),
        format!("{name}.sql"),
        format!("{name}/load.sql"),
    ];
    let found = candidates
        .iter()
        .map(|path| root().join(path))
        .find(|path| path.is_file());
    found.ok_or_else(|| {
        format!(
            "<!-- load: {name} -->: there is no {}",
            candidates.join(", nor ")
        )
    })
}

/// Printed after each example, to tell their outputs apart.
fn marker(index: usize) -> String {
    format!("@@ end of example {index} @@\n")
}

fn script(page: &Page) -> Result<String, String> {
    let mut script = String::new();
    for (index, example) in page.examples.iter().enumerate() {
        if !ends_a_statement(&example.sql) {
            return Err(format!(
                "line {}: the last statement does not end (with ; or \\g...)",
                example.line
            ));
        }
        // an error may be what an example shows; otherwise it ends the session
        let stop = if example.output.is_some() {
            "off"
        } else {
            "on"
        };
        script += &format!(
            "\\set ON_ERROR_STOP {stop}\n{}\n\\echo {}",
            example.sql,
            marker(index)
        );
    }
    Ok(script)
}

/// Without this an unfinished statement would run together with the next example's.
fn ends_a_statement(sql: &str) -> bool {
    let last = sql
        .lines()
        .rev()
        .map(|line| line.split("--").next().unwrap_or("").trim())
        .find(|line| !line.is_empty());
    last.is_some_and(|line| line.ends_with(';') || line.contains('\\'))
}

fn split(page: &Page, output: &str) -> Result<Vec<String>, String> {
    let mut outputs = Vec::new();
    let mut rest = output;
    for (index, example) in page.examples.iter().enumerate() {
        let Some((this, after)) = rest.split_once(&marker(index)) else {
            return Err(format!(
                "line {}: this example failed:\n{rest}",
                example.line
            ));
        };
        outputs.push(tidy(this));
        rest = after;
    }
    Ok(outputs)
}

/// Without trailing blanks and trailing empty lines.
fn tidy(output: &str) -> String {
    let mut tidy: String = output
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect();
    tidy.truncate(tidy.trim_end().len());
    if !tidy.is_empty() {
        tidy.push('\n');
    }
    tidy
}

fn differences(page: &Page, outputs: &[String]) -> Vec<String> {
    let shown = |example: &Example| example.output.as_ref().map(|shown| tidy(&shown.text));
    let compare = |(example, output): (&Example, &String)| {
        let diff = diff::unified(&shown(example)?, output)?;
        Some(format!(
            "line {}: this example prints something else:\n{diff}",
            example.line
        ))
    };
    page.examples
        .iter()
        .zip(outputs)
        .filter_map(compare)
        .collect()
}

/// The page with the outputs in place of those that it shows.
fn accepted(text: &str, page: &Page, outputs: &[String]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (example, output) in page.examples.iter().zip(outputs).rev() {
        if let Some(Shown {
            start, end, indent, ..
        }) = example.output
        {
            let indented = output
                .lines()
                .map(|line| format!("{:indent$}{line}", "").trim_end().to_owned());
            lines.splice(start..end, indented);
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn examples_share_a_session_and_may_show_errors() {
    let text = "```sql\nCREATE TEMP TABLE t AS SELECT 41 AS x;\n```\n```sql\nSELECT x + 1 AS y FROM t; -- why\n```\n\
                ```text\n y\n----\n 42\n(1 row)\n```\n```sql\nSELECT 1/0;\n```\n```text\nwrong\n```\n";
    let page = markdown::parse(text).unwrap();
    let database = Database::empty("docs");
    let output = database.psql_script(&[], &script(&page).unwrap()).text;
    let outputs = split(&page, &output).unwrap();
    assert_eq!(
        outputs,
        ["", " y\n----\n 42\n(1 row)\n", "ERROR:  division by zero\n"]
    );
    let problems = differences(&page, &outputs);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("line 13: "), "{}", problems[0]);
    assert_eq!(
        accepted(text, &page, &outputs),
        text.replace("wrong", "ERROR:  division by zero")
    );
}

#[test]
fn an_example_without_output_must_succeed() {
    let page = markdown::parse(
        "```sql\nSELECT 1;\n```\n\n```sql\n\\nonsense\n```\n```sql\nSELECT 1;\n```\n",
    )
    .unwrap();
    let database = Database::empty("docs");
    let output = database.psql_script(&[], &script(&page).unwrap()).text;
    let problem = split(&page, &output).unwrap_err();
    assert!(
        problem.starts_with("line 5: this example failed:"),
        "{problem}"
    );
}

#[test]
fn an_unfinished_statement_is_refused() {
    for (sql, finished) in [
        ("SELECT 1;\n", true),
        ("SELECT 1; -- one\n\n", true),
        ("SELECT 1 \\gset\n", true),
        ("SELECT 1\n", false),
        ("SELECT 1; SELECT 2\n-- three;\n", false),
        ("\n", false),
    ] {
        assert_eq!(ends_a_statement(sql), finished, "{sql:?}");
    }
}

#[test]
fn indented_output_is_accepted_in_place() {
    let text = "- item\n  ```sql\n  SELECT;\n  ```\n  ```text\n  ```\nend\n";
    let page = markdown::parse(text).unwrap();
    let accepted = accepted(text, &page, &["a\n\n b\n".to_owned()]);
    assert_eq!(
        accepted,
        "- item\n  ```sql\n  SELECT;\n  ```\n  ```text\n  a\n\n   b\n  ```\nend\n"
    );
}

#[test]
fn a_page_may_create_the_extension_itself() {
    assert!(creates_the_extension(
        "SELECT 1;\nCREATE EXTENSION IF NOT EXISTS pg_rct;\n"
    ));
    assert!(!creates_the_extension(
        "CREATE EXTENSION tablefunc;\nSELECT 'create extension pg_rct';\n"
    ));
}
