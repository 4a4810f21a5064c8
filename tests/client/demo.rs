//! The demonstration: its scripts run to the end, what its text says of the numbers of Project STAR
//! is true, and the numbers are those of R (`tests/oracle/r01m_star_mlmrev/make_reference.R`).

mod semester;

use std::collections::BTreeSet;
use std::process::Command;

use postgres::Client;
use serde_json::Value;

use crate::cluster::{self, Cluster, root};
use crate::db::Database;

const ORACLE: &str = "tests/oracle/r01m_star_mlmrev";
/// Relative.
const TOLERANCE: f64 = 1e-9;
const STANDARD_ERRORS: [&str; 5] = ["CR0", "CR1", "CR1S", "CR2", "CR3"];

/// How a model of reference.json is asked for, in SQL.
struct Model {
    name: &'static str,
    outcome: &'static str,
    cluster: &'static str,
    stratum: &'static str,
    covariates: &'static str,
    adjust: &'static str,
    rows: &'static str,
}

const PLAIN: Model = Model {
    name: "",
    outcome: "math",
    cluster: "teacher",
    stratum: "NULL",
    covariates: "",
    adjust: "none",
    rows: "true",
};

const MODELS: [Model; 8] = [
    Model {
        name: "read_teacher",
        outcome: "read",
        ..PLAIN
    },
    Model {
        name: "math_teacher",
        ..PLAIN
    },
    Model {
        name: "read_school",
        outcome: "read",
        cluster: "school",
        ..PLAIN
    },
    Model {
        name: "read_fe_teacher",
        outcome: "read",
        stratum: "school",
        ..PLAIN
    },
    Model {
        name: "math_fe_teacher",
        stratum: "school",
        ..PLAIN
    },
    Model {
        name: "math_cov_fe_teacher",
        stratum: "school",
        covariates: "female, free_lunch",
        adjust: "ancova",
        ..PLAIN
    },
    Model {
        name: "math_freelunch1",
        stratum: "school",
        rows: "free_lunch = 1",
        ..PLAIN
    },
    Model {
        name: "math_freelunch0",
        stratum: "school",
        rows: "free_lunch = 0",
        ..PLAIN
    },
];

#[test]
fn the_data_are_those_of_the_reference() {
    assert!(
        cluster::read("demo/data/star.csv") == cluster::read(&format!("{ORACLE}/data.csv")),
        "demo/data/star.csv is not {ORACLE}/data.csv"
    );
}

#[test]
fn effects_are_those_of_r() {
    let reference = cluster::read(&format!("{ORACLE}/reference.json"));
    let reference: Value = serde_json::from_str(&reference).expect("reference.json");
    let offered: BTreeSet<&str> = reference
        .as_object()
        .expect("models by name")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(offered, MODELS.iter().map(|model| model.name).collect());

    let database = Database::with_extension("demo_effects");
    database.psql_file(&root().join("demo/load.sql"));
    let mut client = database.client();
    let mut pairs = Vec::new();
    for model in &MODELS {
        for se in STANDARD_ERRORS {
            pairs.extend(compare(&mut client, model, se, &reference[model.name]));
        }
    }
    assert_eq!(pairs.len(), MODELS.len() * STANDARD_ERRORS.len() * 2 * 4);
    let differences: Vec<String> = pairs.iter().filter_map(Pair::difference).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A number of ours and the same of R.
struct Pair {
    what: String,
    ours: Option<f64>,
    theirs: f64,
}

impl Pair {
    fn difference(&self) -> Option<String> {
        let (ours, theirs) = (self.ours.unwrap_or(f64::NAN), self.theirs);
        let error = ((ours - theirs) / theirs).abs();
        let what = &self.what;
        (error.is_nan() || error > TOLERANCE)
            .then(|| format!("{what}: {ours:e}, R has {theirs:e}, relative error {error:.0e}"))
    }
}

/// Estimate, standard error, degrees of freedom and p-value of both arms.
fn compare(client: &mut Client, model: &Model, se: &str, expected: &Value) -> Vec<Pair> {
    let Model {
        name,
        outcome,
        cluster,
        stratum,
        covariates,
        adjust,
        rows,
    } = model;
    let [names, covariates] = match *covariates {
        "" => Default::default(),
        names => [format!(" ~ {names}"), format!(", {names}")],
    };
    let query = format!(
        "WITH s AS (
             SELECT rct.sketch('{outcome}{names}', arm, {cluster}, {stratum}, {outcome}{covariates}) AS sketch
             FROM star WHERE {rows}
         )
         SELECT effect.*
         FROM s, rct.effects(sketch, control => 'regular', adjust => '{adjust}', se => '{se}') AS effect
         ORDER BY condition"
    );
    let effects = client
        .query(&query, &[])
        .unwrap_or_else(|e| panic!("{name} {se}: {e:?}"));
    let conditions: Vec<&str> = effects.iter().map(|row| row.get("condition")).collect();
    assert_eq!(conditions, ["aide", "small"], "{name} {se}");

    // the same rows, and the same clusters unless the arms share them
    let total = |treated: &str, control: &str| -> i64 {
        let sum: i64 = effects.iter().map(|row| row.get::<_, i64>(treated)).sum();
        sum + effects[0].get::<_, i64>(control)
    };
    assert_eq!(
        Some(total("n", "n_control")),
        expected["n"].as_i64(),
        "{name}: rows"
    );
    if *cluster == "teacher" {
        assert_eq!(
            Some(total("clusters", "clusters_control")),
            expected["clusters"].as_i64(),
            "{name}: clusters"
        );
    }

    let mut pairs = Vec::new();
    for row in &effects {
        let condition: &str = row.get("condition");
        for (ours, theirs) in [
            ("estimate", "est"),
            ("std_error", "se"),
            ("df", "df"),
            ("p_value", "p"),
        ] {
            pairs.push(Pair {
                what: format!("{name} {se} {condition} {ours}"),
                ours: row.get(ours),
                theirs: expected[se][condition][theirs]
                    .as_f64()
                    .unwrap_or_else(|| panic!("no {name} {se} {condition} {theirs}")),
            });
        }
    }
    pairs
}

#[test]
fn the_scripts_tell_their_story() {
    // run.sh creates the database
    let database = Database {
        cluster: Cluster::from_env(),
        name: format!("rct_demo_{}", std::process::id()),
    };
    let run = Command::new("bash")
        .arg(root().join("demo/run.sh"))
        .arg(&database.name)
        .current_dir("/")
        .output()
        .expect("bash");
    let (text, messages) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(
        run.status.success() && messages.is_empty(),
        "demo/run.sh:\n{text}{messages}"
    );

    let scripts = cluster::read("demo/star.sql") + &cluster::read("demo/semester.sql");
    let headings: Vec<&str> = scripts
        .lines()
        .filter_map(|line| line.strip_prefix("\\echo '== ")?.strip_suffix('\''))
        .collect();
    assert!(headings.len() >= 25, "headings: {headings:?}");
    let mut rest = &text[..];
    for heading in headings {
        let Some((_, after)) = rest.split_once(&format!("\n== {heading}\n")) else {
            panic!("demo/run.sh does not print, or not in its place: == {heading}\n{text}");
        };
        rest = after;
    }
    // a heading is followed by a table, or by the four lines that a query wrote
    assert!(text.matches("-+-").count() > 15, "tables in\n{text}");
    assert!(
        text.contains("Small classes, mathematics: +8.9 points (95% interval +3.6 to +14.3)"),
        "{text}"
    );

    let mut client = database.client();
    for (claim, query) in CLAIMS {
        let holds: Option<bool> = client
            .query_one(query, &[])
            .unwrap_or_else(|e| panic!("{claim}: {e:?}"))
            .get(0);
        assert_eq!(holds, Some(true), "the demo says: {claim}");
    }
}

/// What the text of demo/star.sql says of the numbers.
const CLAIMS: [(&str, &str); 10] = [
    (
        "the fragments and the merged classes account for the difference to 325",
        "SELECT count(*) - count(*) FILTER (WHERE n < 4) + count(*) FILTER (WHERE n > 30) = 325
         FROM (SELECT count(*) AS n FROM star GROUP BY teacher) AS class",
    ),
    (
        "all intervals of what is missing include 0",
        "SELECT count(*) = 4 AND bool_and(ci_low < 0 AND ci_high > 0)
         FROM (SELECT rct.sketch((score IS NULL)::int, arm, teacher) FROM star_score GROUP BY test) AS s,
              rct.effects(sketch, 'regular')",
    ),
    (
        "the clustered standard error is over twice the naive one, the estimate the same",
        "SELECT bool_and(cr2.std_error > 2 * naive.std_error AND cr2.estimate = naive.estimate)
         FROM (SELECT rct.sketch(math, arm, teacher) FROM star) AS s,
              rct.effects(sketch, 'regular') AS cr2, rct.effects(sketch, 'regular', se => 'naive') AS naive
         WHERE cr2.condition = naive.condition",
    ),
    (
        "the effects are near those that Krueger printed",
        "SELECT count(*) = 4 AND bool_and(abs(estimate - effect) < 0.3 AND abs(std_error - se) < 0.06)
         FROM percentile_sketch,
              (VALUES ('ignore', 'small', 4.82, 2.19), ('ignore', 'aide', 0.12, 2.23),
                      ('auto', 'small', 5.37, 1.26), ('auto', 'aide', 0.29, 1.13)) AS k(strata, arm, effect, se),
              rct.effects(sketch, 'regular', strata => k.strata, se => 'CR1S')
         WHERE method = 'mean' AND condition = arm",
    ),
    (
        "percentiles: the mean of the children in regular classes, with and without aide, is 50",
        "SELECT bool_and(abs(mean - 50) < 1e-9)
         FROM (SELECT avg(percentile) AS mean FROM star_percentile WHERE arm <> 'small' GROUP BY test) AS t",
    ),
    (
        "the covariates change little and sharpen a little",
        "SELECT bool_and(abs(adjusted.estimate - plain.estimate) < 0.2 * plain.std_error
                         AND adjusted.std_error < plain.std_error)
         FROM star_sketch, rct.effects(sketch, 'regular') AS plain,
              rct.effects(sketch, 'regular', adjust => 'ancova') AS adjusted
         WHERE adjusted.condition = plain.condition",
    ),
    (
        "the intervals with and without free lunch overlap widely: each holds the other estimate",
        "SELECT count(*) = 4 AND bool_and(a.estimate BETWEEN b.ci_low AND b.ci_high
                                          AND b.estimate BETWEEN a.ci_low AND a.ci_high)
         FROM (SELECT rct.sketch('score', arm, teacher, school, score)
                          FILTER (WHERE free_lunch = 1) AS free,
                      rct.sketch('score', arm, teacher, school, score)
                          FILTER (WHERE free_lunch = 0) AS not_free
               FROM star_score GROUP BY test) AS s,
              rct.effects(free, 'regular') AS a, rct.effects(not_free, 'regular') AS b
         WHERE a.condition = b.condition",
    ),
    (
        "the sum of the sketches of schools is the sketch of all, and so are the effects",
        "SELECT bool_and(state.sketch::bytea = direct.sketch::bytea AND a.estimate = b.estimate
                         AND a.std_error = b.std_error AND a.df = b.df)
         FROM state_sketch AS state,
              (SELECT rct.sketch('math', arm, teacher, school, math) AS sketch FROM star) AS direct,
              rct.effects(state.sketch, 'regular') AS a, rct.effects(direct.sketch, 'regular') AS b
         WHERE a.condition = b.condition",
    ),
    (
        "the effects of the state are those of section 5",
        "SELECT bool_and(a.estimate = b.estimate AND a.std_error = b.std_error)
         FROM state_sketch AS state, star_sketch AS both_tests,
              rct.effects(state.sketch, 'regular') AS a, rct.effects(both_tests.sketch, 'regular') AS b
         WHERE test = 'math' AND a.condition = b.condition",
    ),
    (
        "every class with a score is found again by its digest",
        "SELECT count(*) = 337 AND bool_and(abs(cell.mean - class.mean) < 1e-9 AND cell.n = class.n)
         FROM state_sketch, rct.cells(sketch) AS cell
              JOIN (SELECT teacher, avg(math)::float8 AS mean, count(math) AS n FROM star GROUP BY teacher) AS class
              ON cell.cluster = rct.cluster_key(teacher)",
    ),
];
