//! Laws that hold for any data. Each test prints its seed; `RCT_SEED=…` repeats it.

use postgres::Client;

use crate::cluster;
use crate::db::{Database, told};
use crate::random::Random;

/// One row of an experiment. `None` is NULL.
struct Row {
    outcome: Option<f64>,
    condition: Option<&'static str>,
    cluster: Option<i64>,
    stratum: Option<i64>,
    covariates: Option<[Option<f64>; 2]>,
    exposed: Option<f64>,
    weight: Option<f64>,
}

/// How the numbers of a table are drawn.
#[derive(Clone, Copy)]
enum Numbers {
    /// Multiples of 1/8 below 2^10.
    Dyadic,
    /// The same, thousands of millions away from 0.
    Far,
    /// Any finite double.
    Any,
}

impl Numbers {
    fn draw(self, random: &mut Random) -> f64 {
        let eighths = random.below(1 << 14) as f64 / 8.0 - 1024.0;
        match self {
            Numbers::Dyadic => eighths,
            Numbers::Far => 1e9 + eighths,
            Numbers::Any => random.any_double(),
        }
    }
}

/// Rows with some of everything missing, clusters of very different sizes.
fn rows(random: &mut Random, count: usize, numbers: Numbers) -> Vec<Row> {
    const CONDITIONS: [&str; 4] = ["control", "new", "", "größer"];
    let optional = |random: &mut Random, often: u64| {
        let value = numbers.draw(random);
        (!random.once_in(often)).then_some(value)
    };
    (0..count)
        .map(|_| {
            let reach = *random.pick(&[3, 10, 40]);
            let cluster = random.below(reach) as i64;
            Row {
                outcome: optional(random, 20),
                condition: (!random.once_in(30)).then(|| CONDITIONS[(cluster % 4) as usize]),
                cluster: (!random.once_in(30)).then_some(cluster),
                stratum: (!random.once_in(10)).then_some(cluster % 3),
                covariates: match random.below(10) {
                    0 => None,
                    _ => Some([optional(random, 15), optional(random, 40)]),
                },
                exposed: optional(random, 5),
                weight: match random.below(8) {
                    0 => None,
                    1 => Some(0.0),
                    n => Some(n as f64 / 2.0),
                },
            }
        })
        .collect()
}

/// Table `name` with the rows, numbered from 0.
fn store(client: &mut Client, name: &str, rows: &[Row]) {
    client
        .batch_execute(&format!(
            "CREATE TABLE {name} (id bigint, y double precision, c text, k bigint, s bigint, x double precision[], e double precision,
                                  w double precision)"
        ))
        .unwrap();
    let insert = client
        .prepare(&format!(
            "INSERT INTO {name} VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        ))
        .unwrap();
    let mut transaction = client.transaction().unwrap();
    for (id, row) in rows.iter().enumerate() {
        let covariates = row.covariates.unwrap_or([None; 2]).to_vec();
        transaction
            .execute(
                &insert,
                &[
                    &(id as i64),
                    &row.outcome,
                    &row.condition,
                    &row.cluster,
                    &row.stratum,
                    &covariates,
                    &row.exposed,
                    &row.weight,
                ],
            )
            .unwrap();
    }
    transaction.commit().unwrap();
}

const FORMS: [&str; 4] = [
    "rct.sketch(y, c, k)",
    "rct.sketch('y; weight: w', c, k::text, s, y, w)",
    "rct.sketch(y, c, k, s::text, x, e, w)",
    "rct.sketch('y, e / a, b ~ a2, b2; exposure: e2, y2; weight: w', c, k, s::text, y, e, x[1], x[2], x[1], x[2], e, y, w)",
];

fn bytes(client: &mut Client, query: &str) -> Vec<u8> {
    client
        .query_one(query, &[])
        .unwrap_or_else(|e| panic!("{query}: {}", told(&e)))
        .get(0)
}

/// Parts of a table, cut at random through clusters and conditions, added up in a random tree, are the whole.
#[test]
fn parts_add_up_to_the_whole_in_any_way() {
    let mut random = Random::new("parts");
    let database = Database::with_extension("parts");
    let mut client = database.client();
    for round in 0..12 {
        let numbers = *random.pick(&[Numbers::Dyadic, Numbers::Far, Numbers::Any]);
        let count = *random.pick(&[1, 2, 7, 60, 400]);
        let table = format!("t{round}");
        let rows = rows(&mut random, count, numbers);
        store(&mut client, &table, &rows);
        for form in FORMS {
            let whole = bytes(&mut client, &format!("SELECT {form}::bytea FROM {table}"));
            let (cut, tree, order) = (
                random.bits() as i64,
                random.bits() as i64,
                random.bits() as i64,
            );
            let parts = 1 + random.below(20);
            let groups = 1 + random.below(6);
            // rows to parts, parts to groups, groups to one, each in random order
            let query = format!(
                "WITH part AS (SELECT hashint8extended(id, {cut}) % {parts} AS nr, {form} AS s FROM {table} GROUP BY 1),
                      grouped AS (SELECT hashint8extended(nr, {tree}) % {groups} AS nr, rct.rollup(s ORDER BY hashint8extended(nr, {order})) AS s
                                  FROM part GROUP BY 1)
                 SELECT rct.rollup(s ORDER BY hashint8extended(nr, {order}))::bytea FROM grouped"
            );
            assert!(
                bytes(&mut client, &query) == whole,
                "round {round}, {count} rows, {parts} parts: {form} by parts has other bytes"
            );
            // left to right and right to left, one part after the other
            for direction in ["ASC", "DESC"] {
                let query = format!(
                    "WITH RECURSIVE part AS (SELECT row_number() OVER (ORDER BY nr {direction}) AS nr, s
                          FROM (SELECT hashint8extended(id, {cut}) % {parts} AS nr, {form} AS s FROM {table} GROUP BY 1) AS p),
                      so_far AS (SELECT nr, s FROM part WHERE nr = 1 UNION ALL
                          SELECT part.nr, (SELECT rct.rollup(v.s) FROM (VALUES (so_far.s), (part.s)) AS v (s)) FROM so_far JOIN part ON part.nr = so_far.nr + 1)
                     SELECT s::bytea FROM so_far ORDER BY nr DESC LIMIT 1"
                );
                assert!(
                    bytes(&mut client, &query) == whole,
                    "round {round}, {count} rows, {parts} parts one by one {direction}: {form} has other bytes"
                );
            }
            // what is stored and read again is the same
            let query = format!("SELECT {form}::text::rct.sketch::bytea FROM {table}");
            assert!(
                bytes(&mut client, &query) == whole,
                "round {round}: text of {form}"
            );
        }
    }
}

/// Rows in any order give the same bytes, whatever the numbers.
#[test]
fn the_order_of_rows_does_not_matter() {
    let mut random = Random::new("order");
    let database = Database::with_extension("order");
    let mut client = database.client();
    for round in 0..12 {
        let numbers = *random.pick(&[Numbers::Dyadic, Numbers::Far, Numbers::Any]);
        let count = *random.pick(&[3, 4, 5, 30, 200]);
        let table = format!("t{round}");
        let rows = rows(&mut random, count, numbers);
        store(&mut client, &table, &rows);
        for form in FORMS {
            let (_, inside) = form.split_at(form.len() - 1);
            assert_eq!(inside, ")");
            let ordered = |order: &str| {
                format!(
                    "SELECT {} ORDER BY {order})::bytea FROM {table}",
                    &form[..form.len() - 1]
                )
            };
            let whole = bytes(&mut client, &ordered("id"));
            for _ in 0..6 {
                let salt = random.bits() as i64;
                let shuffled = bytes(
                    &mut client,
                    &ordered(&format!("hashint8extended(id, {salt})")),
                );
                assert!(
                    shuffled == whole,
                    "round {round}, {count} rows: {form} in order {salt}"
                );
            }
        }
    }
}

/// What `rct.effects` says of one condition.
#[derive(Debug, Clone, PartialEq)]
struct Effect {
    condition: String,
    estimate: Option<f64>,
    std_error: Option<f64>,
    df: Option<f64>,
    p_value: Option<f64>,
    ci: (Option<f64>, Option<f64>),
    n: (i64, i64),
    notes: Vec<String>,
}

fn effects(client: &mut Client, sketch: &str, table: &str, options: &str) -> Vec<Effect> {
    let query = format!(
        "SELECT condition, estimate, std_error, df, p_value, ci_low, ci_high, n, n_control, notes
         FROM rct.effects((SELECT {sketch} FROM {table}), 'control', {options})"
    );
    let rows = client.query(&query, &[]);
    rows.unwrap_or_else(|e| panic!("{query}: {}", told(&e)))
        .iter()
        .map(|row| Effect {
            condition: row.get(0),
            estimate: row.get(1),
            std_error: row.get(2),
            df: row.get(3),
            p_value: row.get(4),
            ci: (row.get(5), row.get(6)),
            n: (row.get(7), row.get(8)),
            notes: row.get(9),
        })
        .collect()
}

/// Equal up to 1e-9, relative to the larger one, or to `size` if that is larger still.
fn near(a: Option<f64>, b: Option<f64>, size: f64) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(size),
        _ => false,
    }
}

/// Names of the notes, without those on the ratio to the control mean, which depends on the origin.
fn notes(effect: &Effect) -> Vec<&str> {
    let names = effect
        .notes
        .iter()
        .filter_map(|note| note.split(':').next());
    names.filter(|name| !name.contains("lift")).collect()
}

/// `moved` is `base` with outcomes multiplied by `scale`.
fn check_moved(what: &str, base: &[Effect], moved: &[Effect], scale: f64) {
    assert_eq!(base.len(), moved.len(), "{what}");
    for (base, moved) in base.iter().zip(moved) {
        let times = |v: Option<f64>| v.map(|v| v * scale);
        // an estimate near 0 is as exact as its standard error
        let size = base.std_error.unwrap_or(0.0) * scale;
        let same = base.condition == moved.condition
            && base.n == moved.n
            && notes(base) == notes(moved)
            && near(times(base.estimate), moved.estimate, size)
            && near(times(base.std_error), moved.std_error, 0.0)
            && near(base.df, moved.df, 0.0)
            && near(base.p_value, moved.p_value, 0.0)
            && near(times(base.ci.0), moved.ci.0, size)
            && near(times(base.ci.1), moved.ci.1, size);
        assert!(same, "{what}:\n{base:?}\n{moved:?}");
    }
}

const OPTIONS: [&str; 9] = [
    "'none'",
    "'ancova'",
    "'none', 'ignore'",
    "'ancova', 'ignore'",
    "'none', se => 'CR0'",
    "'none', se => 'CR1S'",
    "'ancova', se => 'CR3'",
    "'none', 'ignore', 'CR3'",
    "'ancova', se => 'naive'",
];

/// Adding 1e9 to the outcome, or multiplying it by 1e12 or 1e-12, changes the unit of the result and nothing else; nor
/// does doing so to a covariate. The numbers are dyadic, so that the sums and the products with 1e12 are exact.
#[test]
fn units_and_origins_do_not_matter() {
    let mut random = Random::new("units");
    let database = Database::with_extension("units");
    let mut client = database.client();
    for round in 0..6 {
        let table = format!("t{round}");
        let rows = rows(&mut random, 500, Numbers::Dyadic);
        store(&mut client, &table, &rows);
        let (role, weight) = *random.pick(&[("", ""), ("; weight: w", ", w")]);
        let sketch = |y: &str, a: &str, b: &str| {
            format!("rct.sketch('y ~ a, b{role}', c, k, s, {y}, {a}, {b}{weight})")
        };
        for options in OPTIONS {
            let base = effects(&mut client, &sketch("y", "x[1]", "x[2]"), &table, options);
            assert_eq!(base.len(), 3);
            assert!(base.iter().any(|e| e.p_value.is_some()), "{base:?}");
            for (y, scale) in [
                ("y + 1e9", 1.0),
                ("y * 1e12", 1e12),
                ("y * 1e-12", 1e-12),
                ("y * 1e12 + 1e15", 1e12),
            ] {
                let moved = effects(&mut client, &sketch(y, "x[1]", "x[2]"), &table, options);
                check_moved(&format!("{y}{role}, {options}"), &base, &moved, scale);
            }
            for (a, b) in [
                ("x[1] + 1e9", "x[2]"),
                ("x[1] * 1e12", "x[2]"),
                ("x[1] * 1e-12", "x[2] * 1e12"),
                ("x[1] + 1e9", "x[2] * 1e-12"),
                ("x[2]", "x[1]"),
            ] {
                let moved = effects(&mut client, &sketch("y", a, b), &table, options);
                check_moved(
                    &format!("covariates {a}, {b}{role}, {options}"),
                    &base,
                    &moved,
                    1.0,
                );
            }
        }
    }
}

/// Names of clusters, strata and conditions are only names; what sorts differently sums to the same result.
#[test]
fn names_do_not_matter() {
    let mut random = Random::new("names");
    let database = Database::with_extension("names");
    let mut client = database.client();
    for round in 0..6 {
        let table = format!("t{round}");
        let rows = rows(&mut random, 400, Numbers::Far);
        store(&mut client, &table, &rows);
        for options in OPTIONS {
            let base = effects(
                &mut client,
                "rct.sketch('y ~ a, b; weight: w', c, k, s, y, x[1], x[2], w)",
                &table,
                options,
            );
            let other = effects(
                &mut client,
                "rct.sketch('score ~ first, second; weight: n', c, 'school ' || (k * 7919 % 1000), md5(s::text), y, x[1], x[2], w)",
                &table,
                options,
            );
            check_moved(&format!("other names, {options}"), &base, &other, 1.0);
        }
        // the conditions other than the control change places
        let mut base = effects(&mut client, "rct.sketch(y, c, k)", &table, "'none'");
        let other = effects(
            &mut client,
            "rct.sketch(y, CASE c WHEN 'control' THEN c WHEN '' THEN 'z' ELSE reverse(c) END, k)",
            &table,
            "'none'",
        );
        base.sort_by_key(|e| {
            if e.condition.is_empty() {
                "z".to_owned()
            } else {
                e.condition.chars().rev().collect()
            }
        });
        for (base, other) in base.iter_mut().zip(&other) {
            base.condition.clone_from(&other.condition);
        }
        check_moved("other conditions", &base, &other, 1.0);
    }
}

/// Text is compared by its bytes, whatever the collation of the column.
#[test]
fn collations_do_not_matter() {
    let database = Database::with_extension("collations");
    let mut client = database.client();
    let known = client
        .query_one(
            "SELECT count(*) FROM pg_catalog.pg_collation WHERE collname = 'de-x-icu'",
            &[],
        )
        .unwrap()
        .get::<_, i64>(0);
    if known == 0 {
        cluster::skip(
            "properties::collations_do_not_matter",
            "this PostgreSQL was built without ICU",
        );
        return;
    }
    let row = client
        .query_one(
            "SELECT rct.reduce(w COLLATE \"de-x-icu\", 1, 'mode'), rct.first(w COLLATE \"de-x-icu\", 1), rct.last(w COLLATE \"de-x-icu\", 1),
                    min(w COLLATE \"C\"), min(w COLLATE \"de-x-icu\"),
                    (SELECT array_agg(a.condition) FROM rct.arms(rct.sketch(1, w COLLATE \"de-x-icu\", 1)) AS a)
             FROM (VALUES ('b'), ('Z'), ('ä'), ('a')) AS v (w)",
            &[],
        )
        .unwrap();
    let (mode, first, last): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    assert_eq!([mode, first, last], ["Z", "Z", "Z"]);
    assert_eq!((row.get::<_, &str>(3), row.get::<_, &str>(4)), ("Z", "a"));
    assert_eq!(row.get::<_, Vec<String>>(5), ["Z", "a", "b", "ä"]);
}
