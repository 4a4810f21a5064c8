//! The words of UpGrade in the words of pg_rct.

use serde_json::{Map, Value as Json, json};

/// A text, empty if it is missing.
pub fn text<'a>(of: &'a Json, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

/// The elements of a list, none if it is missing.
pub fn list<'a>(of: &'a Json, name: &str) -> &'a [Json] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

/// A status or filter mode.
pub fn word(upgrade: &str) -> &str {
    match upgrade {
        "enrollmentComplete" => "enrollment_complete",
        "includeAll" => "include_all",
        "excludeAll" => "exclude_all",
        "within-subjects" => "within_subjects",
        "random round robin" => "random_round_robin",
        "ordered round robin" => "ordered",
        "exclusion" => "exclude",
        "inclusion" => "include",
        "mostRecent" => "last",
        "earliest" => "first",
        other => other,
    }
}

/// An object without what is null or missing.
fn given(fields: Json) -> Json {
    match fields {
        Json::Object(fields) => fields.into_iter().filter(|(_, v)| !v.is_null()).collect(),
        other => other,
    }
}

/// `{}` for null: UpGrade knows both, pg_rct has users without groups.
pub fn or_empty(object: &Json) -> Json {
    if object.is_null() {
        json!({})
    } else {
        object.clone()
    }
}

/// The definition of an experiment. Factors, payloads and schedule belong to the scenario.
pub fn spec(experiment: &Json, scenario: &Json) -> Json {
    let conditions: Vec<Json> = list(experiment, "conditions")
        .iter()
        .map(|condition| {
            let code = text(condition, "code");
            let levels = scenario["factors"].is_object().then(|| levels(code));
            given(json!({"code": code, "weight": condition["weight"], "levels": levels}))
        })
        .collect();
    let points: Vec<Json> = list(experiment, "decision_points")
        .iter()
        .map(|point| {
            let payloads: Map<String, Json> = list(scenario, "payloads")
                .iter()
                .filter(|p| p["site"] == point["site"] && p["target"] == point["target"])
                .map(|p| (text(p, "condition").to_owned(), p["value"].clone()))
                .collect();
            given(json!({
                "site": point["site"],
                "target": point["target"],
                "exclude_if_reached": point["exclude_if_reached"],
                "payloads": (!payloads.is_empty()).then_some(payloads),
            }))
        })
        .collect();
    given(json!({
        "key": experiment["key"],
        "context": experiment["context"],
        "unit": word(text(experiment, "unit")),
        "group_type": experiment["group_type"],
        "consistency": experiment["rule"],
        "assignment": given(json!({
            "algorithm": "hash",
            "hash": "upgrade",
            "salt": experiment["id"],
            "order": experiment["condition_order"].as_str().map(word),
        })),
        "conditions": conditions,
        "factors": factors(&scenario["factors"]),
        "decision_points": points,
        "post_rule": experiment["post"],
        "filter_mode": experiment["filter_mode"].as_str().map(word),
        "schedule": schedule(&scenario["schedule"]),
        "ending": ending(&experiment["ending"]),
    }))
}

fn factors(of: &Json) -> Json {
    let Json::Object(of) = of else {
        return Json::Null;
    };
    of.iter()
        .map(|(name, levels)| {
            let levels = levels.as_array().map_or(&[][..], Vec::as_slice);
            let levels: Vec<Json> = levels.iter().map(|level| json!({"name": level})).collect();
            json!({"name": name, "levels": levels})
        })
        .collect()
}

/// `Color=Red; Shape=Circle`
fn levels(code: &str) -> Json {
    code.split("; ")
        .filter_map(|part| part.split_once('='))
        .map(|(factor, level)| (factor.to_owned(), json!(level)))
        .collect::<Map<_, _>>()
        .into()
}

/// The scenarios only say whether a time is set; it lies ahead.
fn schedule(of: &Json) -> Json {
    if of.is_null() {
        return Json::Null;
    }
    json!({
        "starts_at": of["start_on"].as_str().map(|_| "2100-01-01T00:00:00Z"),
        "ends_at": of["end_on"].as_str().map(|_| "2100-06-01T00:00:00Z"),
    })
}

fn ending(of: &Json) -> Json {
    match (&of["groupCount"], &of["userCount"]) {
        (Json::Null, Json::Null) => Json::Null,
        (Json::Null, users) => json!({"users": users}),
        (groups, users) => given(json!({"groups": groups, "users_per_group": users})),
    }
}

/// A feature flag: an experiment in which everybody who is let in gets `on`.
pub fn flag(flag: &Json) -> Json {
    json!({
        "key": flag["key"], "id": flag["key"], "context": flag["context"], "unit": "individual", "rule": "individual",
        "post": "continue", "filter_mode": flag["filter_mode"],
        "conditions": [{"code": "on", "weight": 100}, {"code": "off", "weight": 0}],
        "decision_points": [{"site": flag["key"], "target": null, "exclude_if_reached": false}],
    })
}

/// The members of a list.
pub fn members(of: &Json) -> Json {
    let mut groups = json!({});
    for group in list(of, "groups") {
        let kind = group[0].as_str().unwrap_or_default();
        if groups[kind].is_null() {
            groups[kind] = json!([]);
        }
        if let Json::Array(ids) = &mut groups[kind] {
            ids.push(group[1].clone());
        }
    }
    json!({"users": list(of, "users"), "groups": groups})
}

/// What a change of the post rule becomes. `revert_to` alone changes nothing: it only matters to the rule `assign`.
pub fn post_rule(args: &Json) -> Option<Json> {
    match (args["post_rule"].as_str()?, args["revert_to"].as_str()) {
        ("assign", Some(condition)) => Some(json!({"assign": condition})),
        ("assign", None) => Some(json!("revert")),
        (other, _) => Some(json!(other)),
    }
}

/// The name of a metric in its unit of repetition: the last part of `class@__@key@__@name`.
pub fn metric_name(upgrade: &str) -> &str {
    upgrade.rsplit("@__@").next().unwrap_or(upgrade)
}

/// The unit of repetition in it: class and key.
pub fn metric_unit(upgrade: &str) -> Option<(&str, &str)> {
    let (class, rest) = upgrade.split_once("@__@")?;
    Some((class, rest.split_once("@__@")?.0))
}

/// Operation per condition; counting of those that compare true has a name of its own.
pub fn operation(args: &Json) -> &str {
    match text(args, "operation") {
        "count" if args["compare"].is_string() => "count_equal",
        other => other,
    }
}
