//! Runs one scenario.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::server::{Answer, Server};
use super::translate::{self, list, members, or_empty, text, word};
use crate::db::Database;

/// Something that pg_rct does otherwise than the scenario says.
#[derive(Debug)]
pub struct Difference {
    pub scenario: String,
    /// Number of the step, 0 is what comes before the first.
    pub step: i64,
    /// What the step does.
    pub does: String,
    /// What differs: a field of the expectation, `assignments`, `queue_head`, `rows`, or `error`.
    pub field: String,
    pub expected: String,
    pub got: String,
}

/// A scenario on its way through a database of its own.
pub struct Run<'a> {
    pub(super) server: Server,
    pub(super) scenario: &'a Json,
    found: Vec<Difference>,
    step: i64,
    does: String,
    /// Conditions that a step saved under a name.
    pub(super) saved: BTreeMap<String, BTreeSet<String>>,
    /// The rows that UpGrade has now.
    pub(super) rows: Json,
    /// Rows that only one of the two has, as far as reported.
    pub(super) reported: BTreeSet<String>,
    /// The values that are to be in force, by uniquifier and metric.
    pub(super) logged: Json,
}

/// Runs a scenario and returns the differences.
pub fn run(scenario: &Json) -> Vec<Difference> {
    let database = Database::with_extension(&format!("c_{}", text(scenario, "id")));
    let mut run = Run {
        server: Server::new(database.client()),
        scenario,
        found: Vec::new(),
        step: 0,
        does: "before the first step".to_owned(),
        saved: BTreeMap::new(),
        rows: json!({}),
        reported: BTreeSet::new(),
        logged: json!({}),
    };
    run.prepare();
    for step in list(scenario, "steps") {
        run.step = step["n"].as_i64().expect("a step has a number");
        let args = step["args"].as_object().map(|_| &step["args"]);
        run.does = format!("{} {}", text(step, "op"), args.unwrap_or(&json!({})));
        if let Err(error) = run.step(step) {
            run.differ("error", "no error", error);
        }
        if let Err(error) = run.compare_rows(step) {
            run.differ("rows", "no error", error);
        }
    }
    run.found
}

/// `same` up to rounding.
fn equal(expected: &Json, got: &Json) -> bool {
    match (expected.as_f64(), got.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * a.abs().max(1.0),
        _ => expected == got,
    }
}

impl Run<'_> {
    pub(super) fn differ(&mut self, field: &str, expected: impl ToString, got: impl ToString) {
        self.found.push(Difference {
            scenario: text(self.scenario, "id").to_owned(),
            step: self.step,
            does: self.does.clone(),
            field: field.to_owned(),
            expected: expected.to_string(),
            got: got.to_string(),
        });
    }

    pub(super) fn compare(&mut self, field: &str, expected: &Json, got: impl Into<Json>) {
        let got = got.into();
        if !equal(expected, &got) {
            self.differ(field, expected, got);
        }
    }

    /// Users, preview users, experiments, lists. An error in one does not keep the others from being there.
    fn prepare(&mut self) {
        if let Json::Object(users) = &self.scenario["users"] {
            for (user, data) in users {
                let (groups, working) = (or_empty(&data["groups"]), or_empty(&data["working"]));
                let done = self.server.set_groups(user, &groups, Some(&working));
                self.expect_no_error(done);
            }
        }
        for user in list(self.scenario, "preview_users") {
            let user = user.as_str().expect("a user");
            let done = self.server.set_preview_user(user, &json!({}));
            self.expect_no_error(done);
        }
        if !self.creates_by_step() {
            for experiment in list(self.scenario, "experiments") {
                let done = self.create(experiment);
                self.expect_no_error(done);
            }
        }
        if self.scenario["feature_flag"].is_object() {
            let mut flag = translate::flag(&self.scenario["feature_flag"]);
            flag["status"] = json!("enrolling");
            let done = self.create(&flag);
            self.expect_no_error(done);
        }
        for list in list(self.scenario, "lists") {
            let done = self.add_list(list);
            self.expect_no_error(done);
        }
        let done = self.declare_queried_metrics();
        self.expect_no_error(done);
    }

    fn expect_no_error(&mut self, done: Answer<()>) {
        if let Err(error) = done {
            self.differ("error", "no error", error);
        }
    }

    fn creates_by_step(&self) -> bool {
        list(self.scenario, "steps")
            .iter()
            .any(|step| step["op"] == "create_experiment" && step["args"].is_null())
    }

    /// The experiment that a step names, or the one there is.
    pub(super) fn experiment<'b>(&'b self, args: &'b Json) -> &'b str {
        let first = &self.scenario["experiments"][0]["key"];
        let flag = &self.scenario["feature_flag"]["key"];
        let named = args["experiment"].as_str();
        named
            .or(first.as_str())
            .or(flag.as_str())
            .unwrap_or_default()
    }

    /// The context of the experiment that a step names, or of the one there is.
    pub(super) fn context(&self, args: &Json) -> String {
        let created = list(self.scenario, "steps")
            .iter()
            .map(|step| &step["args"]["experiment"]);
        let mut experiments = list(self.scenario, "experiments").iter().chain(created);
        let key = self.experiment(args);
        let found = experiments.find(|e| e["key"] == key);
        found.map_or("home", |e| text(e, "context")).to_owned()
    }

    fn step(&mut self, step: &Json) -> Answer<()> {
        let (args, expect) = (&step["args"], &step["expect"]);
        match text(step, "op") {
            "assign" => self.assign(step),
            "mark" => self.mark(args),
            "set_status" => {
                let key = self.experiment(args).to_owned();
                self.server.set_status(&key, word(text(args, "to")))
            }
            "create_experiment" => self.create_by_step(args, expect),
            "update_experiment" => self.update(args, expect),
            "delete_experiment" => {
                // never deleted: what comes nearest is that it ends for good
                let key = self.experiment(args).to_owned();
                let done = self.server.set_status(&key, "cancelled");
                self.check_counts(expect)?;
                done
            }
            "set_groups" => {
                let working = args["working"].is_object().then_some(&args["working"]);
                self.server
                    .set_groups(text(args, "user"), &or_empty(&args["groups"]), working)
            }
            "set_working_group" => self
                .server
                .set_working_groups(text(args, "user"), &or_empty(&args["working"])),
            "add_list" => self.add_list(args),
            "remove_list" => self.remove_list(args),
            "set_preview_assignments" => {
                // one forced condition per experiment; a second one for the same takes the place of the first
                let key = self.experiment(args).to_owned();
                let conditions: BTreeMap<_, _> = list(args, "conditions")
                    .iter()
                    .map(|condition| (&key, condition))
                    .collect();
                let conditions = json!(conditions);
                self.server
                    .set_preview_user(text(args, "user"), &conditions)?;
                let count = self.server.forced_conditions()?;
                self.compare("count", &expect["count"], count);
                Ok(())
            }
            "flag_keys" => self.flag_keys(args, expect),
            "check_rows" | "check_stats" | "check_enrollments" | "check_exposures" => {
                self.check_counts(expect)
            }
            "check_status" => {
                let status = self.server.status(self.scenario_key())?;
                self.compare("status", &json!(word(text(expect, "status"))), status);
                Ok(())
            }
            "check_state_log" => self.check_state_log(expect),
            "check_jobs" => self.check_jobs(expect),
            "log" => self.log(args, expect),
            "query" => self.query(args, expect),
            "define_queries" => self.define_queries(args),
            "save_metrics" => self.save_metrics(expect),
            "delete_metric" => self.delete_metric(args, expect),
            other => panic!(
                "step {} does {other:?}, which the runner does not know",
                self.step
            ),
        }
    }

    pub(super) fn scenario_key(&self) -> &'static str {
        "E1" // the only experiment of every scenario that looks at a status, a log or a schedule
    }

    // definitions and status

    /// Creates an experiment with its status.
    fn create(&mut self, experiment: &Json) -> Answer<()> {
        let spec = translate::spec(experiment, self.scenario);
        self.server.create_experiment(&spec)?;
        match experiment["status"].as_str() {
            None | Some("inactive") => Ok(()),
            Some(status) => self
                .server
                .set_status(text(experiment, "key"), word(status)),
        }
    }

    fn create_by_step(&mut self, args: &Json, expect: &Json) -> Answer<()> {
        if args["experiment"].is_object() {
            return self.create(&args["experiment"]);
        }
        if args.is_null() {
            let mut experiments = list(self.scenario, "experiments").iter();
            return experiments.try_for_each(|experiment| self.create(experiment));
        }
        // a definition of which only unit and group type matter
        let key = format!("V{}", self.step);
        let mut experiment = json!({
            "key": key, "id": key, "context": "home", "unit": "individual", "rule": "individual", "post": "continue",
            "conditions": [{"code": "ConditionA", "weight": 40}, {"code": "ConditionB", "weight": 60}],
            "decision_points": [{"site": "CurriculumSequence", "target": "W1", "exclude_if_reached": false}],
        });
        let done = if args["via"] == "import" {
            let donor = format!("D{}", self.step);
            experiment["key"] = json!(donor);
            self.create(&experiment)?;
            let mut document = self.server.export(&donor)?;
            replace(
                &mut document,
                &[("unit", &args["unit"]), ("group_type", &args["group_type"])],
            );
            self.server.import(&document, &key)
        } else {
            experiment["unit"] = args["unit"].clone();
            experiment["group_type"] = args["group_type"].clone();
            self.create(&experiment)
        };
        match (&done, expect["error"].as_bool().expect("an expectation")) {
            (Ok(()), true) => self.differ("error", "an error", "no error"),
            (Err(error), false) => self.differ("error", "no error", error),
            _ => {}
        }
        Ok(())
    }

    fn update(&mut self, args: &Json, expect: &Json) -> Answer<()> {
        let key = self.experiment(args).to_owned();
        let mut patch = json!({});
        if let Some(rule) = translate::post_rule(args) {
            patch["post_rule"] = rule;
        }
        if args["unit"].is_string() {
            patch["unit"] = args["unit"].clone();
            patch["group_type"] = args["group_type"].clone();
        }
        let weights = args["weights"].as_object();
        let replaced = &args["replace_last_condition_with"];
        if weights.is_some() || replaced.is_object() {
            let mut conditions = self.server.spec(&key)?["conditions"].take();
            for condition in conditions.as_array_mut().expect("conditions") {
                if let Some(weight) = weights.and_then(|w| w.get(text(condition, "code"))) {
                    condition["weight"] = weight.clone();
                }
            }
            if let Some(last) = conditions.as_array_mut().and_then(|c| c.last_mut())
                && replaced.is_object()
            {
                *last = replaced.clone();
            }
            patch["conditions"] = conditions;
        }
        if patch != json!({}) {
            self.server.update_experiment(&key, &patch)?;
        }
        if let [code, weight] = list(expect, "weight_of") {
            let spec = self.server.spec(&key)?;
            let mut stored = list(&spec, "conditions")
                .iter()
                .filter(|c| c["code"] == *code);
            let got = stored.next().map_or(Json::Null, |c| c["weight"].clone());
            self.compare("weight_of", weight, got);
        }
        if expect["queries"].is_number() {
            let answered = self.ask(&key, list(args, "queries"))?;
            self.compare("queries", &expect["queries"], answered);
        }
        Ok(())
    }

    fn add_list(&mut self, args: &Json) -> Answer<()> {
        let key = self.experiment(args).to_owned();
        self.server
            .add_to_list(&key, word(text(args, "mode")), &members(args))
    }

    fn remove_list(&mut self, args: &Json) -> Answer<()> {
        let key = self.experiment(args).to_owned();
        let mut lists = list(self.scenario, "lists").iter();
        let removed = lists
            .find(|list| list["name"] == args["name"])
            .expect("a list of the scenario");
        self.server
            .remove_from_list(&key, word(text(removed, "mode")), &members(removed))
    }
}

/// Gives fields of objects other values, wherever they are.
fn replace(document: &mut Json, fields: &[(&str, &Json)]) {
    match document {
        Json::Object(object) => {
            for (name, value) in object {
                match fields.iter().find(|(field, _)| field == name) {
                    Some((_, new)) => *value = (*new).clone(),
                    None => replace(value, fields),
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(|item| replace(item, fields)),
        _ => {}
    }
}
