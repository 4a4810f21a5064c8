//! What UpGrade does, step by step, against what pg_rct does: `tests/conformance/README.md`.
//!
//! Where pg_rct differs on purpose, `tests/conformance/deviations.toml` names the rule of `docs/spec/resolution.md`
//! that the difference follows from. It is written by hand: a difference without a rule is a mistake.
//!
//! `RCT_SCENARIO=name` runs the scenarios whose name contains this, and shows also the differences that are listed.

mod check;
mod metrics;
mod run;
mod server;
mod translate;

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;
use toml::Value as Toml;

use self::run::Difference;
use self::translate::{list, text};
use crate::cluster::read;

const SCENARIOS: &str = "tests/conformance/scenarios.json";
const DEVIATIONS: &str = "tests/conformance/deviations.toml";
/// The rules of docs/spec/resolution.md.
const RULES: std::ops::RangeInclusive<i64> = 1..=16;

fn scenarios() -> Vec<Json> {
    serde_json::from_str(&read(SCENARIOS)).unwrap_or_else(|e| panic!("{SCENARIOS}: {e}"))
}

/// An entry of the list of deviations.
#[derive(Debug)]
struct Deviation {
    id: String,
    step: i64,
    /// `None`: whatever differs in this step.
    field: Option<String>,
    /// What pg_rct does, as the report of differences says it. `None`: anything else than UpGrade.
    got: Option<String>,
    rule: i64,
    why: String,
}

impl Deviation {
    fn new(entry: &Toml) -> Self {
        let wrong = |what: &str| -> ! { panic!("{DEVIATIONS}: {what} in\n[[scenario]]\n{entry}") };
        let text = |name: &str| entry.get(name).and_then(Toml::as_str).map(str::to_owned);
        let number = |name: &str| entry.get(name).and_then(Toml::as_integer);
        let known = ["id", "step", "field", "got", "rule", "why"];
        let names = entry.as_table().unwrap_or_else(|| wrong("no table"));
        if let Some(name) = names.keys().find(|name| !known.contains(&name.as_str())) {
            wrong(&format!("unknown name {name}"));
        }
        Deviation {
            id: text("id").unwrap_or_else(|| wrong("no id")),
            step: number("step").unwrap_or_else(|| wrong("no step")),
            field: text("field"),
            got: text("got"),
            rule: number("rule").unwrap_or_else(|| wrong("no rule")),
            why: text("why").unwrap_or_else(|| wrong("no why")),
        }
    }

    fn covers(&self, difference: &Difference) -> bool {
        self.id == difference.scenario
            && self.step == difference.step
            && self
                .field
                .as_ref()
                .is_none_or(|field| *field == difference.field)
            && self.got.as_ref().is_none_or(|got| *got == difference.got)
    }
}

fn deviations() -> Vec<Deviation> {
    let listed: Toml =
        toml::from_str(&read(DEVIATIONS)).unwrap_or_else(|e| panic!("{DEVIATIONS}: {e}"));
    let entries = listed.get("scenario").and_then(Toml::as_array);
    entries.into_iter().flatten().map(Deviation::new).collect()
}

/// Runs the scenarios, some at a time, each in a database of its own.
fn run_all(scenarios: &[Json]) -> Vec<Difference> {
    const AT_A_TIME: usize = 2;
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(scenario) = scenarios.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let differences = run::run(scenario);
                    found.lock().expect("no panic").extend(differences);
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no panic");
    // the order of the file, which is not the order in which they ended
    let place = |id: &str| scenarios.iter().position(|s| text(s, "id") == id);
    found.sort_by_key(|difference| (place(&difference.scenario), difference.step));
    found
}

/// Per scenario and step: what differs.
fn table<'a>(differences: impl IntoIterator<Item = &'a Difference>) -> String {
    let mut out = String::new();
    let mut last = ("", -1);
    for difference in differences {
        let Difference {
            scenario,
            step,
            does,
            field,
            expected,
            got,
        } = difference;
        if *scenario != last.0 {
            writeln!(out, "\n{scenario}").expect("to a string");
        }
        if (scenario.as_str(), *step) != last {
            writeln!(out, "  step {step}: {does}").expect("to a string");
        }
        let [expected, got] =
            [expected, got].map(|text| if text.is_empty() { "nothing" } else { text });
        writeln!(out, "    {field}: expected {expected}; got {got}").expect("to a string");
        last = (scenario, *step);
    }
    out
}

#[test]
fn scenarios_agree_or_the_deviation_is_listed() {
    let wanted = env::var("RCT_SCENARIO").ok();
    let mut scenarios = scenarios();
    if let Some(wanted) = &wanted {
        scenarios.retain(|scenario| text(scenario, "id").contains(wanted));
    }
    let mut deviations = deviations();
    deviations.retain(|d| wanted.as_ref().is_none_or(|wanted| d.id.contains(wanted)));

    let differences = run_all(&scenarios);
    let (listed, unlisted): (Vec<_>, Vec<_>) = differences
        .iter()
        .partition(|difference| deviations.iter().any(|d| d.covers(difference)));
    let gone: String = deviations
        .iter()
        .filter(|deviation| !differences.iter().any(|d| deviation.covers(d)))
        .map(|d| {
            format!(
                "  {} step {} {}\n",
                d.id,
                d.step,
                d.field.as_deref().unwrap_or("")
            )
        })
        .collect();

    if wanted.is_some() {
        println!("listed in {DEVIATIONS}:\n{}", table(listed.iter().copied()));
    }
    let mut report = String::new();
    if !unlisted.is_empty() {
        let (count, rows) = (unlisted.len(), table(unlisted));
        writeln!(
            report,
            "{count} differences are not listed in {DEVIATIONS}:\n{rows}"
        )
        .expect("to a string");
    }
    if !gone.is_empty() {
        writeln!(
            report,
            "listed in {DEVIATIONS}, but no longer different:\n{gone}"
        )
        .expect("to a string");
    }
    assert!(report.is_empty(), "\n{report}");
    println!(
        "{} scenarios, {} deviations as listed",
        scenarios.len(),
        listed.len()
    );
}

#[test]
fn the_scenarios_are_complete_and_deviations_belong_to_them() {
    let scenarios = scenarios();
    assert_eq!(scenarios.len(), 60);
    let ids: BTreeSet<&str> = scenarios.iter().map(|s| text(s, "id")).collect();
    assert_eq!(ids.len(), 60, "names are unique");

    let mut seen = BTreeSet::new();
    for deviation in deviations() {
        let scenario = scenarios.iter().find(|s| text(s, "id") == deviation.id);
        let scenario = scenario.unwrap_or_else(|| panic!("{deviation:?}: no such scenario"));
        let steps = list(scenario, "steps");
        assert!(
            deviation.step == 0 || steps.iter().any(|s| s["n"] == deviation.step),
            "{deviation:?}: no such step"
        );
        assert!(
            RULES.contains(&deviation.rule),
            "{deviation:?}: no such rule"
        );
        assert!(!deviation.why.trim().is_empty(), "{deviation:?}: no reason");
        assert!(
            seen.insert((
                deviation.id.clone(),
                deviation.step,
                deviation.field.clone()
            )),
            "{deviation:?}: listed twice"
        );
    }
}
