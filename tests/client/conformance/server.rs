//! What scenarios do and look at, as SQL: the only place of the runner that holds any.

use postgres::types::ToSql;
use postgres::{Client, Row};
use serde_json::{Map, Value as Json, json};

/// A result, or SQLSTATE and message of the error.
pub type Answer<T> = Result<T, String>;

/// A connection, with the functions of pg_rct.
pub struct Server(Client);

/// One row of `rct.assign`.
pub struct Assigned {
    pub site: String,
    pub target: Option<String>,
    pub experiment: Option<String>,
    pub condition: Option<String>,
    pub payload: Json,
    pub queue: Vec<String>,
}

impl Assigned {
    /// The condition that is due now: within subjects the first of the queue.
    pub fn code(&self) -> Option<&str> {
        let due = self.condition.as_ref().or_else(|| self.queue.first());
        due.map(String::as_str)
    }
}

/// A mark, as a client sends it.
pub struct Mark<'a> {
    pub context: &'a str,
    pub user: &'a str,
    pub site: &'a str,
    pub target: Option<&'a str>,
    pub condition: Option<&'a str>,
    pub status: Option<&'a str>,
    pub experiment: Option<&'a str>,
    pub uniquifier: Option<&'a str>,
}

/// A log message, as a client sends it.
pub struct Log<'a> {
    pub context: &'a str,
    pub user: &'a str,
    pub metrics: &'a Json,
    /// Minutes after an hour ago; `None` is now.
    pub minute: Option<i32>,
    /// What was worked on: class and key.
    pub unit: Option<(&'a str, &'a str)>,
    pub uniquifier: Option<&'a str>,
}

/// A question about a metric.
pub struct Question<'a> {
    pub experiment: &'a str,
    pub metric: &'a str,
    /// What was worked on: class and key.
    pub unit: Option<(&'a str, &'a str)>,
    pub operation: &'a str,
    pub reduction: &'a str,
    pub compare: Option<&'a str>,
    pub value: Option<&'a str>,
}

fn parsed(text: Option<String>) -> Answer<Json> {
    text.map_or(Ok(Json::Null), |text| {
        serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))
    })
}

impl Server {
    pub fn new(client: Client) -> Self {
        Server(client)
    }

    fn rows(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Answer<Vec<Row>> {
        self.0
            .query(sql, values)
            .map_err(|e| match e.as_db_error() {
                Some(e) => format!("{} {}", e.code().code(), e.message()),
                None => e.to_string(),
            })
    }

    fn run(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Answer<()> {
        self.rows(sql, values).map(|_| ())
    }

    fn text(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Answer<Option<String>> {
        let rows = self.rows(sql, values)?;
        Ok(rows.first().and_then(|row| row.get(0)))
    }

    fn count(&mut self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Answer<i64> {
        let rows = self.rows(sql, values)?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    // definitions

    pub fn create_experiment(&mut self, spec: &Json) -> Answer<()> {
        self.run(
            "SELECT rct.create_experiment($1::text::jsonb)",
            &[&spec.to_string()],
        )
    }

    pub fn update_experiment(&mut self, key: &str, patch: &Json) -> Answer<()> {
        self.run(
            "SELECT rct.update_experiment($1::text, $2::text::jsonb)",
            &[&key, &patch.to_string()],
        )
    }

    pub fn spec(&mut self, key: &str) -> Answer<Json> {
        parsed(self.text("SELECT rct.experiment_spec($1::text)::text", &[&key])?)
    }

    pub fn export(&mut self, key: &str) -> Answer<Json> {
        parsed(self.text("SELECT rct.export_experiment($1::text)::text", &[&key])?)
    }

    pub fn import(&mut self, document: &Json, key: &str) -> Answer<()> {
        self.run(
            "SELECT rct.import_experiment($1::text::jsonb, $2::text)",
            &[&document.to_string(), &key],
        )
    }

    pub fn experiments(&mut self) -> Answer<i64> {
        self.count("SELECT count(*) FROM rct.experiment", &[])
    }

    pub fn decision_points(&mut self) -> Answer<i64> {
        self.count(
            "SELECT coalesce(sum(jsonb_array_length(spec -> 'decision_points')), 0)::bigint FROM rct.experiment",
            &[],
        )
    }

    // status

    pub fn set_status(&mut self, key: &str, status: &str) -> Answer<()> {
        self.run(
            "SELECT rct.set_status($1::text, $2::text, 'scenario')",
            &[&key, &status],
        )
    }

    /// What the status means now.
    pub fn status(&mut self, key: &str) -> Answer<String> {
        let status = self.text("SELECT rct.current_status($1::text)::text", &[&key])?;
        Ok(status.unwrap_or_default())
    }

    /// How often the status changed; to one status, or to any. The creation is no change.
    pub fn changes(&mut self, key: &str, to: Option<&str>) -> Answer<i64> {
        self.count(
            "SELECT count(*) FROM rct.status_log l JOIN rct.experiment e ON e.id = l.experiment_id
             WHERE e.key = $1::text AND l.from_status IS NOT NULL AND l.to_status = coalesce($2::text, l.to_status)",
            &[&key, &to],
        )
    }

    // users, groups, lists

    pub fn set_groups(&mut self, user: &str, groups: &Json, working: Option<&Json>) -> Answer<()> {
        match working {
            Some(working) => self.run(
                "SELECT rct.set_groups($1::text, $2::text::jsonb, $3::text::jsonb)",
                &[&user, &groups.to_string(), &working.to_string()],
            ),
            None => self.run(
                "SELECT rct.set_groups($1::text, $2::text::jsonb)",
                &[&user, &groups.to_string()],
            ),
        }
    }

    pub fn set_working_groups(&mut self, user: &str, working: &Json) -> Answer<()> {
        self.run(
            "SELECT rct.set_working_groups($1::text, $2::text::jsonb)",
            &[&user, &working.to_string()],
        )
    }

    pub fn add_to_list(&mut self, experiment: &str, list: &str, members: &Json) -> Answer<()> {
        self.run(
            "SELECT rct.add_to_list($1::text, $2::text, $3::text::jsonb)",
            &[&experiment, &list, &members.to_string()],
        )
    }

    pub fn remove_from_list(&mut self, experiment: &str, list: &str, members: &Json) -> Answer<()> {
        self.run(
            "SELECT rct.remove_from_list($1::text, $2::text, $3::text::jsonb)",
            &[&experiment, &list, &members.to_string()],
        )
    }

    pub fn set_preview_user(&mut self, user: &str, conditions: &Json) -> Answer<()> {
        self.run(
            "SELECT rct.set_preview_user($1::text, $2::text::jsonb)",
            &[&user, &conditions.to_string()],
        )
    }

    pub fn forced_conditions(&mut self) -> Answer<i64> {
        self.count(
            "SELECT count(*) FROM rct.preview_condition WHERE ended_at = 'infinity'",
            &[],
        )
    }

    // what the application does

    pub fn assign(&mut self, context: &str, user: &str) -> Answer<Vec<Assigned>> {
        let rows = self.rows(
            "SELECT site, nullif(target, ''), experiment, condition, payload::text, queue
             FROM rct.assign($1::text, $2::text) ORDER BY 1, 2",
            &[&context, &user],
        )?;
        rows.iter()
            .map(|row| {
                Ok(Assigned {
                    site: row.get(0),
                    target: row.get(1),
                    experiment: row.get(2),
                    condition: row.get(3),
                    payload: parsed(row.get(4))?,
                    queue: row.get::<_, Option<Vec<String>>>(5).unwrap_or_default(),
                })
            })
            .collect()
    }

    pub fn mark(&mut self, mark: &Mark) -> Answer<()> {
        self.run(
            "SELECT FROM rct.mark($1::text, $2::text, $3::text, $4::text, $5::text,
                                  status => coalesce($6::text, 'condition applied'),
                                  experiment => $7::text, uniquifier => $8::text)",
            &[
                &mark.context,
                &mark.user,
                &mark.site,
                &mark.target,
                &mark.condition,
                &mark.status,
                &mark.experiment,
                &mark.uniquifier,
            ],
        )
    }

    pub fn exposed_users(&mut self) -> Answer<i64> {
        self.count("SELECT count(DISTINCT user_id) FROM rct.exposure", &[])
    }

    // metrics

    pub fn declare_metric(&mut self, context: &str, name: &str, definition: &Json) -> Answer<()> {
        self.run(
            "SELECT rct.declare_metric($1::text, $2::text, $3::text::jsonb)",
            &[&context, &name, &definition.to_string()],
        )
    }

    pub fn drop_metric(&mut self, context: &str, name: &str) -> Answer<()> {
        self.run(
            "SELECT rct.drop_metric($1::text, $2::text)",
            &[&context, &name],
        )
    }

    pub fn metrics(&mut self) -> Answer<i64> {
        self.count("SELECT count(*) FROM rct.metric", &[])
    }

    pub fn log(&mut self, log: &Log) -> Answer<()> {
        let (class, key) = log.unit.unzip();
        self.run(
            "SELECT rct.log($1::text, $2::text, $3::text::jsonb,
                            at => clock_timestamp() + coalesce(make_interval(mins => $4::integer - 60), '0'),
                            class => $5::text, key => $6::text, uniquifier => $7::text)",
            &[
                &log.context,
                &log.user,
                &log.metrics.to_string(),
                &log.minute,
                &class,
                &key,
                &log.uniquifier,
            ],
        )
    }

    /// The newest value of each declared metric, by uniquifier (`""` if there is none).
    pub fn newest_values(&mut self, user: &str) -> Answer<Json> {
        let rows = self.rows(
            "SELECT DISTINCT ON (m.metric, m.uniquifier) coalesce(m.uniquifier, ''), m.metric, m.number, m.text_value
             FROM rct.measurement m JOIN rct.metric d ON d.context = m.context AND d.name = m.metric
             WHERE m.user_id = $1::text ORDER BY m.metric, m.uniquifier, m.client_at DESC, m.id DESC",
            &[&user],
        )?;
        let mut values = json!({});
        for row in rows {
            let (uniquifier, metric): (String, String) = (row.get(0), row.get(1));
            let (number, text): (Option<f64>, Option<String>) = (row.get(2), row.get(3));
            values[uniquifier][metric] = number.map_or_else(|| json!(text), |n| json!(n));
        }
        Ok(values)
    }

    /// By condition: number of users with a value, result.
    pub fn metric_results(
        &mut self,
        question: &Question,
    ) -> Answer<Vec<(String, i64, Option<f64>)>> {
        let (class, key) = question.unit.unzip();
        let rows = self.rows(
            "SELECT condition, n, result
             FROM rct.metric_results($1::text, $2::text, operation => $3::text, reduction => $4::text,
                                     compare => $5::text, value => $6::text, class => $7::text, key => $8::text)",
            &[
                &question.experiment,
                &question.metric,
                &question.operation,
                &question.reduction,
                &question.compare,
                &question.value,
                &class,
                &key,
            ],
        )?;
        Ok(rows
            .iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect())
    }

    // what was written

    /// The enrollments and exclusions in force, by kind: [user, condition, code], [group, condition], [user or group, code].
    pub fn written(&mut self) -> Answer<Json> {
        let rows = self.rows(
            "SELECT CASE unit_type WHEN 'user' THEN 'individual_enrollments' ELSE 'group_enrollments' END,
                    CASE unit_type WHEN 'user' THEN ARRAY[unit_id, condition, code] ELSE ARRAY[unit_id, condition] END
             FROM rct.enrollment WHERE ended_at = 'infinity'
             UNION ALL
             SELECT CASE unit_type WHEN 'user' THEN 'individual_exclusions' ELSE 'group_exclusions' END, ARRAY[unit_id, code]
             FROM rct.exclusion WHERE ended_at = 'infinity'
             ORDER BY 1, 2",
            &[],
        )?;
        let mut written = Map::new();
        for row in rows {
            let list = written
                .entry(row.get::<_, String>(0))
                .or_insert_with(|| json!([]));
            if let Json::Array(list) = list {
                list.push(json!(row.get::<_, Vec<Option<String>>>(1)));
            }
        }
        Ok(Json::Object(written))
    }
}
