//! The steps that an application does, and those that look at what came of it.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::run::Run;
use super::server::{Answer, Assigned, Mark};
use super::translate::{list, text, word};

impl Run<'_> {
    // what the application does

    pub(super) fn mark(&mut self, args: &Json) -> Answer<()> {
        self.server.mark(&Mark {
            context: &self.context(args),
            user: text(args, "user"),
            site: text(args, "site"),
            target: args["target"].as_str(),
            condition: args["condition"].as_str(),
            status: args["status"].as_str(),
            experiment: args["experiment"].as_str(),
            uniquifier: args["uniquifier"].as_str(),
        })
    }

    pub(super) fn assign(&mut self, step: &Json) -> Answer<()> {
        let args = &step["args"];
        let context = args["context"].as_str().unwrap_or("home");
        let mut answer = self.server.assign(context, text(args, "user"))?;
        answer.retain(|row| row.code().is_some());
        for (field, expected) in step["expect"].as_object().into_iter().flatten() {
            match field.as_str() {
                "count" => self.compare(field, expected, answer.len()),
                "queue_length" => {
                    let length = answer.first().map(|row| row.queue.len());
                    self.compare(field, expected, length);
                }
                "blocks_of" => self.check_blocks(expected, &answer),
                "payload" => {
                    let payload = answer.first().map(|row| row.payload.clone());
                    self.compare(field, expected, payload);
                }
                "save" => {
                    let name = expected.as_str().expect("a name").to_owned();
                    self.saved.insert(name, at(&answer, "W1"));
                }
                "same_as" => {
                    let saved = &self.saved[expected.as_str().expect("a name")];
                    let got = at(&answer, "W1");
                    if *saved != got {
                        let saved = format!("{saved:?}");
                        self.differ(field, saved, format!("{got:?}"));
                    }
                }
                "upstream_expected" => {
                    for (place, expected) in expected.as_object().into_iter().flatten() {
                        self.check_place(place, expected, &answer);
                    }
                }
                place => self.check_place(place, expected, &answer),
            }
        }
        self.check_observed(&step["observed"], &answer);
        Ok(())
    }

    /// `some`, `none` or a condition at a target, at site/target, or of an experiment.
    fn check_place(&mut self, place: &str, expected: &Json, answer: &[Assigned]) {
        let got = at(answer, place);
        let agrees = match expected.as_str() {
            Some("some") => !got.is_empty(),
            Some("none") => got.is_empty(),
            code => got.iter().map(String::as_str).eq(code),
        };
        if !agrees {
            self.differ(place, expected, format!("{got:?}"));
        }
    }

    /// All conditions, as UpGrade drew them.
    fn check_observed(&mut self, observed: &Json, answer: &[Assigned]) {
        if observed["assignments"].is_array() {
            let mut expected: Vec<String> = list(observed, "assignments")
                .iter()
                .map(|row| place_and_code(row[0].as_str(), row[1].as_str(), row[2].as_str()))
                .collect();
            let mut got: Vec<String> = answer
                .iter()
                .map(|row| place_and_code(Some(&row.site), row.target.as_deref(), row.code()))
                .collect();
            expected.sort();
            got.sort();
            if expected != got {
                self.differ("assignments", expected.join(", "), got.join(", "));
            }
        }
        let head = list(observed, "queue_head");
        if !head.is_empty() {
            let queue = answer.first().map_or(&[][..], |row| &row.queue);
            let got: Vec<&String> = queue.iter().take(head.len()).collect();
            self.compare("queue_head", &json!(head), json!(got));
        }
    }

    /// Each block of the queue has each condition once.
    fn check_blocks(&mut self, size: &Json, answer: &[Assigned]) {
        let length = size.as_u64().expect("a number") as usize;
        let queue = answer.first().map_or(&[][..], |row| &row.queue);
        let whole = queue.chunks(length).all(|block| {
            let different: BTreeSet<&String> = block.iter().collect();
            different.len() == length
        });
        if !whole || queue.is_empty() {
            self.differ("blocks_of", size, queue.join(" "));
        }
    }

    /// The flags that are on; a client that gets one says so.
    pub(super) fn flag_keys(&mut self, args: &Json, expect: &Json) -> Answer<()> {
        let (context, user) = (text(args, "context"), text(args, "user"));
        let answer = self.server.assign(context, user)?;
        let on: Vec<&Assigned> = answer
            .iter()
            .filter(|row| row.code() == Some("on"))
            .collect();
        for flag in &on {
            self.server.mark(&Mark {
                context,
                user,
                site: &flag.site,
                target: flag.target.as_deref(),
                condition: flag.code(),
                status: None,
                experiment: None,
                uniquifier: None,
            })?;
        }
        let keys: Vec<_> = on.iter().map(|row| &row.experiment).collect();
        self.compare("keys", &expect["keys"], json!(keys));
        Ok(())
    }

    // what is looked at

    pub(super) fn check_counts(&mut self, expect: &Json) -> Answer<()> {
        let written = self.server.written()?;
        for (field, expected) in expect.as_object().into_iter().flatten() {
            let kind = match field.as_str() {
                "users" => "individual_enrollments",
                "groups" => "group_enrollments",
                "users_excluded" => "individual_exclusions",
                "groups_excluded" => "group_exclusions",
                other => other,
            };
            match kind {
                "has" => self.check_has(list(expect, "has"), &written),
                "experiments" => {
                    let count = self.server.experiments()?;
                    self.compare(field, expected, count);
                }
                "decision_points" => {
                    let count = self.server.decision_points()?;
                    self.compare(field, expected, count);
                }
                "preview_assignments" => {
                    let count = self.server.forced_conditions()?;
                    self.compare(field, expected, count);
                }
                "count" => {
                    let count = self.server.exposed_users()?;
                    self.compare(field, expected, count);
                }
                kind => self.compare(field, expected, list(&written, kind).len()),
            }
        }
        Ok(())
    }

    /// [kind, user or group, code]
    fn check_has(&mut self, expected: &[Json], written: &Json) {
        for row in expected {
            let kind = format!("{}s", row[0].as_str().expect("a kind"));
            let of_unit: Vec<&Json> = list(written, &kind)
                .iter()
                .filter(|found| found[0] == row[1])
                .collect();
            let there = |found: &&Json| found.as_array().and_then(|f| f.last()) == Some(&row[2]);
            if !of_unit.iter().any(there) {
                self.differ("has", row, json!(of_unit));
            }
        }
    }

    pub(super) fn check_state_log(&mut self, expect: &Json) -> Answer<()> {
        for (field, expected) in expect.as_object().into_iter().flatten() {
            let to = field.strip_prefix("to_").map(word);
            let changes = self.server.changes(self.scenario_key(), to)?;
            self.compare(field, expected, changes);
        }
        Ok(())
    }

    /// A start or an end by the clock is pending if its time is set and the status still allows it.
    pub(super) fn check_jobs(&mut self, expect: &Json) -> Answer<()> {
        let spec = self.server.spec(self.scenario_key())?;
        let status = self.server.status(self.scenario_key())?;
        for (field, expected) in expect.as_object().into_iter().flatten() {
            let (time, pending) = match field.as_str() {
                "start" => ("starts_at", status == "scheduled"),
                _ => ("ends_at", ["scheduled", "enrolling"].contains(&&*status)),
            };
            let set = !spec["schedule"][time].is_null();
            self.compare(field, expected, i64::from(set && pending));
        }
        Ok(())
    }

    /// Who is enrolled and excluded, with which condition and code, after each step that was executed in UpGrade. A row
    /// that only one of the two has is a difference of the step in which that begins.
    pub(super) fn compare_rows(&mut self, step: &Json) -> Answer<()> {
        if step["observed"]["rows"].is_object() {
            self.rows = step["observed"]["rows"].clone();
        }
        let op = text(step, "op");
        let changes = !["assign", "delete_experiment"].contains(&op) && !op.starts_with("check");
        if !changes || self.scenario["executed"] != true {
            return Ok(());
        }
        let (theirs, ours) = (flat(&self.rows), flat(&self.server.written()?));
        let missing: BTreeSet<String> = theirs
            .difference(&ours)
            .map(|r| format!("no {r}"))
            .collect();
        let extra: BTreeSet<String> = ours
            .difference(&theirs)
            .map(|r| format!("also {r}"))
            .collect();
        let found: BTreeSet<String> = missing.into_iter().chain(extra).collect();
        let new: Vec<&str> = found
            .difference(&self.reported)
            .map(String::as_str)
            .collect();
        if !new.is_empty() {
            let new = new.join(", ");
            self.differ("rows", "as in UpGrade", new);
        }
        self.reported = found;
        Ok(())
    }
}

/// The conditions at a place: `site/target`, an experiment, or a target.
fn at(answer: &[Assigned], place: &str) -> BTreeSet<String> {
    let there = |row: &&Assigned| match place.split_once('/') {
        Some((site, target)) => row.site == site && row.target.as_deref() == Some(target),
        None if place.starts_with('E') => row.experiment.as_deref() == Some(place),
        None => row.target.as_deref() == Some(place),
    };
    let rows = answer.iter().filter(there);
    rows.filter_map(Assigned::code).map(str::to_owned).collect()
}

fn place_and_code(site: Option<&str>, target: Option<&str>, code: Option<&str>) -> String {
    let [site, target, code] = [site, target, code].map(Option::unwrap_or_default);
    format!("{site}/{target} {code}")
}

/// The rows as texts.
fn flat(rows: &Json) -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for (kind, rows) in rows.as_object().into_iter().flatten() {
        for row in rows.as_array().into_iter().flatten() {
            texts.insert(format!(
                "{} {row}",
                kind.trim_end_matches('s').replace('_', " ")
            ));
        }
    }
    texts
}
