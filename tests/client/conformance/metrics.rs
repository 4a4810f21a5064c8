//! The steps that log, and those that ask for results.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::run::Run;
use super::server::{Answer, Log, Question};
use super::translate::{list, metric_name, metric_unit, operation, text, word};

const CONTEXT: &str = "home";

impl Run<'_> {
    /// The metrics that the scenario asks for.
    pub(super) fn declare_queried_metrics(&mut self) -> Answer<()> {
        let names: BTreeSet<&str> = list(self.scenario, "steps")
            .iter()
            .filter(|step| step["op"] == "query")
            .map(|step| metric_name(text(&step["args"], "metric")))
            .collect();
        names.into_iter().try_for_each(|name| self.declare(name))
    }

    /// Categorical if texts are logged, with these as allowed values.
    fn declare(&mut self, name: &str) -> Answer<()> {
        let logged = self.logged_values(name);
        let words: BTreeSet<&str> = logged.into_iter().filter_map(Json::as_str).collect();
        let definition = if words.is_empty() {
            json!({"type": "continuous"})
        } else {
            json!({"type": "categorical", "allowed": words})
        };
        self.server.declare_metric(CONTEXT, name, &definition)
    }

    fn logged_values(&self, name: &str) -> Vec<&Json> {
        list(self.scenario, "steps")
            .iter()
            .flat_map(|step| {
                ["attributes", "group_attributes"].map(|kind| &step["args"][kind][name])
            })
            .filter(|value| !value.is_null())
            .collect()
    }

    /// A query is not stored: what it needs is that its metrics are declared.
    pub(super) fn define_queries(&mut self, args: &Json) -> Answer<()> {
        let named = list(args, "metrics").iter().filter_map(Json::as_str);
        let mut names: BTreeSet<String> = named.map(|name| metric_name(name).to_owned()).collect();
        if names.remove("*") {
            let grouped = list(self.scenario, "steps")
                .iter()
                .filter_map(|step| step["args"]["group_attributes"].as_object());
            names.extend(grouped.flat_map(|attributes| attributes.keys().cloned()));
        }
        names.iter().try_for_each(|name| self.declare(name))
    }

    /// As many as UpGrade's fixture has; their names do not matter, but one is deleted later.
    pub(super) fn save_metrics(&mut self, expect: &Json) -> Answer<()> {
        self.declare("totalProblemsCompleted")?;
        for n in 1..expect["metrics"].as_i64().expect("a number") {
            self.declare(&format!("metric {n}"))?;
        }
        let metrics = self.server.metrics()?;
        self.compare("metrics", &expect["metrics"], metrics);
        Ok(())
    }

    pub(super) fn delete_metric(&mut self, args: &Json, expect: &Json) -> Answer<()> {
        self.server.drop_metric(CONTEXT, text(args, "key"))?;
        let metrics = self.server.metrics()?;
        self.compare("metrics", &expect["metrics"], metrics);
        Ok(())
    }

    pub(super) fn log(&mut self, args: &Json, expect: &Json) -> Answer<()> {
        let minute = text(args, "timestamp").strip_prefix('t').map(|rest| {
            let digits = rest.split(' ').next().unwrap_or_default();
            digits.parse().expect("t and a number")
        });
        let unit = args["group_class"].as_str().zip(args["group_key"].as_str());
        let kinds = ["attributes", "group_attributes"].map(|kind| &args[kind]);
        let metrics = kinds.into_iter().find(|metrics| metrics.is_object());
        self.server.log(&Log {
            context: CONTEXT,
            user: text(args, "user"),
            metrics: metrics.expect("a log message has attributes"),
            minute,
            unit,
            uniquifier: args["uniquifier"].as_str(),
        })?;
        // how UpGrade spreads the values over its rows does not matter, and `unchanged` leaves them as they are
        for row in list(expect, "log_rows") {
            merge(&mut self.logged[""], row);
        }
        for row in list(expect, "log_rows_grouped") {
            merge(&mut self.logged[text_of(&row[0])], &row[1]);
        }
        if expect.is_object() {
            let values = self.server.newest_values(text(args, "user"))?;
            if !same_numbers(&self.logged, &values) {
                let expected = self.logged.clone();
                self.differ("log_rows", expected, values);
            }
        }
        Ok(())
    }

    pub(super) fn query(&mut self, args: &Json, expect: &Json) -> Answer<()> {
        let experiment = self.experiment(args).to_owned();
        let results = self.server.metric_results(&Question {
            experiment: &experiment,
            metric: metric_name(text(args, "metric")),
            unit: metric_unit(text(args, "metric")),
            operation: operation(args),
            reduction: word(text(args, "repeated_measure")),
            compare: args["compare"].as_str(),
            value: args["value"].as_str(),
        })?;
        let of = |condition: &str| {
            let found = results.iter().find(|(code, ..)| code == condition);
            found.map_or((0, None), |(_, users, result)| (*users, *result))
        };
        if let Some(condition) = expect["condition"].as_str() {
            self.compare("result", &expect["result"], of(condition).1);
        }
        for (condition, expected) in expect["per_condition"].as_object().into_iter().flatten() {
            let (users, result) = of(condition);
            self.compare(
                &format!("n_users of {condition}"),
                &expected["n_users"],
                users,
            );
            self.compare(
                &format!("result of {condition}"),
                &expected["result"],
                result,
            );
        }
        if expect["total_over_conditions"].is_number() {
            let total: f64 = results.iter().filter_map(|(_, _, result)| *result).sum();
            self.compare(
                "total_over_conditions",
                &expect["total_over_conditions"],
                total,
            );
        }
        Ok(())
    }

    /// How many of the questions [metric, operation] get an answer.
    pub(super) fn ask(&mut self, experiment: &str, queries: &[Json]) -> Answer<usize> {
        for query in queries {
            let (metric, operation) = (text_of(&query[0]), text_of(&query[1]));
            self.declare(metric_name(metric))?;
            self.server.metric_results(&Question {
                experiment,
                metric: metric_name(metric),
                unit: metric_unit(metric),
                operation,
                reduction: "last",
                compare: None,
                value: None,
            })?;
        }
        Ok(queries.len())
    }
}

fn text_of(value: &Json) -> &str {
    value.as_str().expect("a text")
}

/// Puts the fields of a row into an object.
fn merge(into: &mut Json, row: &Json) {
    for (name, value) in row.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}

/// Equal, where `1` and `1.0` are.
fn same_numbers(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    b.get(name).is_some_and(|other| same_numbers(value, other))
                })
        }
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}
