//! Every function of the schema with arguments that nobody means well with: an answer or an error of the caller, never
//! an internal one, and the session lives.

use postgres::Client;

use crate::db::told;
use crate::district::district;
use crate::random::Random;

/// Calls a function and takes back whatever it did; says the SQLSTATE and the message.
const ATTEMPT: &str = r#"
CREATE FUNCTION pg_temp.attempt(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT ' || call;
    RAISE EXCEPTION 'answered' USING ERRCODE = 'RCT00';
EXCEPTION WHEN query_canceled OR others THEN
    RETURN sqlstate || ' ' || left(sqlerrm, 300);
END
$$;
CREATE TEMP TABLE value AS
SELECT rct.sketch(y, c, g) AS sketch, rct.sketch('y, z / n ~ x; exposure: e; weight: w', c, g, c, y, y, y, y * 7 % 5, y % 2, 1) AS full, rct.distribution(y, c, g) AS distribution,
       rct.logistic_rows(y % 2, ARRAY[y]::float8[]) AS rows
FROM (SELECT i % 7 + i % 3 AS y, CASE WHEN i % 12 < 6 THEN 'control' ELSE 'b' END AS c, i % 12::bigint AS g FROM generate_series(1, 100) AS i) AS r;
"#;

/// Values of a type that are hard to take, as SQL; the first is harmless.
fn values(type_: &str) -> Option<&'static [&'static str]> {
    Some(match type_ {
        "text" => &[
            "'a'",
            "NULL::text",
            "''",
            "' '",
            "'control'",
            "'hints'",
            "E'\\x01'",
            "'NaN'",
            "repeat('x', 513)",
            "repeat('é', 100000)",
            "repeat('[', 100000)",
            "'{\"a\": 1e999}'",
            "'{\"a\": \"\\u0000\", \"a\": 1}'",
            "repeat('[', 129) || repeat(']', 129)",
            "'null'",
        ],
        "cstring" => &["'rct.sketch:'", "NULL::cstring", "''", "'rct.sketch:52'"],
        "jsonb" => &[
            "'{}'",
            "NULL::jsonb",
            "'null'",
            "'[]'",
            "'1'",
            "'\"x\"'",
            "'{\"a\": 1e999}'",
            "'{\"a\": -1e400, \"b\": [1e-400]}'",
            "'[{\"a\": 1e131071}]'",
            "'{\"\": {\"\": null}}'",
            "'{\"clusters\": 1e999}'",
            "'{\"users\": [1e999], \"groups\": {\"class\": {}}}'",
            "'{\"key\": \"k\", \"context\": \"c\", \"default_payload\": 1e999}'",
            "'[{\"context\": \"c\", \"user_id\": \"u\", \"metrics\": {\"m\": 1e999}}]'",
            "(repeat('[', 129) || repeat(']', 129))::jsonb",
            "(repeat('{\"a\":', 1000) || 1 || repeat('}', 1000))::jsonb",
            "(repeat('[', 5000) || repeat(']', 5000))::jsonb",
            "jsonb_build_object('key', 'k', 'context', 'c', 'default_payload', (repeat('[', 1000) || repeat(']', 1000))::jsonb)",
            "to_jsonb(repeat('x', 10000000))",
            "jsonb_build_object('a', repeat('x', 10000000))",
            "to_jsonb(array_fill(1, ARRAY[300000]))",
        ],
        "double precision" => &[
            "0.5",
            "NULL::float8",
            "'NaN'::float8",
            "'Infinity'::float8",
            "'-Infinity'::float8",
            "0",
            "'-0'::float8",
            "1",
            "-1",
            "1.7976931348623157e308",
            "-1.7976931348623157e308",
            "5e-324",
            "1e17",
        ],
        "integer" => &[
            "2",
            "NULL::int",
            "0",
            "1",
            "-1",
            "2147483647",
            "'-2147483648'::int",
        ],
        "bigint" => &[
            "2::bigint",
            "NULL::bigint",
            "0::bigint",
            "'-1'::bigint",
            "9223372036854775807",
            "'-9223372036854775808'::bigint",
        ],
        "boolean" => &["true", "false", "NULL::boolean"],
        "date" => &[
            "date '2026-09-01'",
            "NULL::date",
            "date 'infinity'",
            "date '-infinity'",
            "date '4713-01-01 BC'",
            "date '5874897-12-31'",
        ],
        "timestamp with time zone" => &[
            "now()",
            "NULL::timestamptz",
            "timestamptz 'infinity'",
            "timestamptz '-infinity'",
            "timestamptz '4713-01-01 00:00 UTC BC'",
            "timestamptz '294276-12-31 23:59:59 UTC'",
        ],
        "uuid" => &["'00000000-0000-0000-0000-000000000001'::uuid", "NULL::uuid"],
        "bytea" => &[
            "'\\x'::bytea",
            "NULL::bytea",
            "'\\x00'::bytea",
            "'\\x52010000000000ffff'::bytea",
            "(SELECT sketch::bytea FROM value)",
            "(SELECT set_byte(distribution, 5, 9) FROM value)",
            "decode(repeat('ff', 100000), 'hex')",
        ],
        "regclass" => &[
            "'public.roster'::regclass",
            "NULL::regclass",
            "'pg_class'::regclass",
            "0::regclass",
            "4294967295::regclass",
            "'rct.unit'::regclass",
        ],
        "regrole" => &[
            "'pg_monitor'::regrole",
            "NULL::regrole",
            "0::regrole",
            "4294967295::regrole",
        ],
        "text[]" => &[
            "ARRAY['control', 'b']",
            "NULL::text[]",
            "'{}'::text[]",
            "ARRAY[NULL, 'a']",
            "ARRAY['a', 'a']",
            "ARRAY[['a', 'b'], ['c', 'd']]",
            "'[-5:-4]={a,b}'::text[]",
            "array_fill('a'::text, ARRAY[100000])",
            "(SELECT array_agg(i::text) FROM generate_series(1, 100000) AS i)",
            "ARRAY[repeat('x', 1000000)]",
        ],
        "double precision[]" => &[
            "ARRAY[0.5, 1]::float8[]",
            "NULL::float8[]",
            "'{}'::float8[]",
            "ARRAY[NULL, 1]::float8[]",
            "ARRAY['NaN', 'Infinity']::float8[]",
            "ARRAY[-1, 1e308]::float8[]",
            "ARRAY[[1, 2], [3, 4]]::float8[]",
            "'[-5:-4]={1,2}'::float8[]",
            "array_fill(0.5::float8, ARRAY[100000])",
        ],
        "bigint[]" => &[
            "ARRAY[10, 12]::bigint[]",
            "NULL::bigint[]",
            "'{}'::bigint[]",
            "ARRAY[NULL, 1]::bigint[]",
            "ARRAY[-1, 9223372036854775807]::bigint[]",
            "ARRAY[[1, 2], [3, 4]]::bigint[]",
            "array_fill(1::bigint, ARRAY[100000])",
        ],
        "integer[]" => &[
            "ARRAY[10, 12]",
            "NULL::int[]",
            "'{}'::int[]",
            "ARRAY[NULL, 1]",
            "ARRAY[-1, 2147483647]",
            "ARRAY[[1, 2], [3, 4]]",
            "array_fill(1, ARRAY[100000])",
        ],
        "boolean[]" => &[
            "ARRAY[true, false]",
            "NULL::boolean[]",
            "'{}'::boolean[]",
            "ARRAY[NULL::boolean]",
        ],
        "date[]" => &[
            "ARRAY[date '2026-09-01']",
            "NULL::date[]",
            "'{}'::date[]",
            "'{infinity,-infinity,NULL}'::date[]",
        ],
        "daterange[]" => &[
            "ARRAY[daterange('2026-09-01', '2026-10-01')]",
            "NULL::daterange[]",
            "'{}'::daterange[]",
            "ARRAY[NULL, 'empty', '(,)']::daterange[]",
        ],
        "timestamp without time zone" => &[
            "timestamp '2026-09-01'",
            "NULL::timestamp",
            "timestamp 'infinity'",
            "timestamp '4713-01-01 BC'",
        ],
        "rct.sketch" => &[
            "(SELECT sketch FROM value)",
            "NULL::rct.sketch",
            "(SELECT \"full\" FROM value)",
            "(SELECT rct.sketch(1, NULL, 1))",
        ],
        "\"any\"" => &[
            "1",
            "NULL",
            "'a'",
            "true",
            "2.5",
            "1e999::numeric",
            "'NaN'::float8",
            "'infinity'::numeric",
            "NULL::numeric[]",
            "NULL::double precision[]",
            "'{}'::double precision[]",
            "'{{1,2},{3,4}}'::double precision[]",
            "array_fill(1::double precision, '{60}')",
            "ARRAY[1, NULL]",
            "ARRAY['a']",
            "'-32768'::smallint",
            "9223372036854775807",
            "repeat('9', 1000)::numeric",
            "('1e-' || repeat('0', 100) || '16383')::numeric",
            "repeat('x', 100000)",
            "'a'::char(10)",
            "'a'::\"char\"",
            "'a'::name",
            "''::text",
            "gen_random_uuid()",
            "'{\"a\": 1}'::jsonb",
            "ROW(1, 'a')",
            "now()",
            "'\\x00'::bytea",
            "int4range(1, 2)",
            "'1.5'::money",
            "B'101'",
            "(SELECT sketch FROM value)",
            "(SELECT distribution FROM value)",
            "'pg_class'::regclass",
            "'(1,2)'::point",
        ],
        "rct.sketch[]" => &[
            "(SELECT ARRAY[sketch, sketch] FROM value)",
            "NULL::rct.sketch[]",
            "'{}'::rct.sketch[]",
            "(SELECT ARRAY[NULL, sketch, \"full\"] FROM value)",
        ],
        "rct.distribution" => &[
            "(SELECT distribution FROM value)",
            "NULL::rct.distribution",
            "'\\x'::rct.distribution",
            "(SELECT sketch::bytea::rct.distribution FROM value)",
            "(SELECT set_byte(distribution, 14, 255)::rct.distribution FROM value)",
        ],
        "rct.trial" => &[
            "rct.trial(25, 0.15)",
            "NULL::rct.trial",
            "rct.trial('NaN', 0.15)",
            "rct.trial(25, 2, level => 'Infinity', design => 'three_level')",
            "ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::rct.trial",
        ],
        "rct.logistic_rows" => &[
            "(SELECT rows FROM value)",
            "NULL::rct.logistic_rows",
            "'\\x'::rct.logistic_rows",
            "(SELECT set_byte(rows, 9, 255)::rct.logistic_rows FROM value)",
        ],
        "rct.experiment" => &[
            "(SELECT e FROM rct.experiment AS e WHERE e.key = 'hints')",
            "NULL::rct.experiment",
        ],
        _ => return None,
    })
}

/// What an argument of this name should be to get far, if the first value of its type does not.
fn meant(name: &str, type_: &str) -> Option<&'static str> {
    Some(match (name, type_) {
        ("context" | "context_name", "text") => "'mathia'",
        ("experiment" | "key" | "experiment_key", "text") => "'hints'",
        ("user_id", "text") => "'u10'",
        ("site", "text") => "'quiz'",
        ("target", "text") => "'q1'",
        ("control", "text") => "'control'",
        ("columns", "text") => "'y'",
        ("condition", "\"any\"") => "'control'",
        ("stratum", "\"any\"") => "NULL",
        ("covariates", "\"any\"") => "'{1,2}'::double precision[]",
        ("segment", "text") => "'pilot'",
        ("list", "text") => "'include'",
        ("metric" | "name", "text") => "'score'",
        ("seed", "text") => "'1'",
        ("status", "text") => "'enrolling'",
        ("design", "jsonb") => "'{\"clusters\": 6}'",
        ("definition", "jsonb") => "'{\"type\": \"continuous\"}'",
        ("draws", "integer") => "9",
        _ => return None,
    })
}

struct Argument {
    name: String,
    type_: String,
    optional: bool,
}

struct Function {
    name: String,
    aggregate: bool,
    arguments: Vec<Argument>,
}

impl Argument {
    fn values(&self) -> &'static [&'static str] {
        values(&self.type_).unwrap_or_else(|| panic!("no values of type {}", self.type_))
    }

    fn harmless(&self) -> &'static str {
        meant(&self.name, &self.type_).unwrap_or(self.values()[0])
    }
}

impl Function {
    fn call(&self, given: &[(usize, &str)]) -> String {
        // By name where there are names, so that the others keep their defaults.
        let named = !self.aggregate && self.arguments.iter().all(|a| !a.name.is_empty());
        let parts: Vec<String> = (self.arguments.iter().enumerate())
            .filter_map(|(i, a)| {
                let value = given.iter().find(|(at, _)| *at == i).map(|(_, v)| *v);
                if value.is_none() && named && a.optional {
                    return None;
                }
                let value = value.unwrap_or(a.harmless());
                let cast = match a.type_.as_str() {
                    "\"any\"" => value.to_owned(),
                    type_ => format!("({value})::{type_}"),
                };
                Some(if named {
                    format!("{} => {cast}", a.name)
                } else {
                    cast
                })
            })
            .collect();
        format!("rct.{}({})", self.name, parts.join(", "))
    }
}

/// All functions and aggregates that can be called: triggers cannot, nor what takes values that only Postgres makes.
fn functions(client: &mut Client) -> Vec<Function> {
    let query = "
        SELECT pg_catalog.quote_ident(p.proname),
               ARRAY(SELECT coalesce(pg_catalog.quote_ident(nullif(p.proargnames[i], '')), '') FROM pg_catalog.generate_series(1, p.pronargs) AS i),
               ARRAY(SELECT pg_catalog.format_type(t, NULL) FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n),
               (p.pronargs - p.pronargdefaults)::integer, p.prokind = 'a'
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'rct'::regnamespace AND p.prorettype <> 'trigger'::regtype AND NOT 'internal'::regtype = ANY (p.proargtypes)
        ORDER BY p.oid::regprocedure::text";
    let rows = client.query(query, &[]).unwrap();
    rows.iter()
        .map(|row| {
            let names: Vec<String> = row.get(1);
            let types: Vec<String> = row.get(2);
            let required: i32 = row.get(3);
            let arguments = (names.into_iter().zip(types).zip(0..))
                .map(|((name, type_), i)| Argument {
                    name,
                    type_,
                    optional: i >= required,
                })
                .collect();
            Function {
                name: row.get(0),
                aggregate: row.get(4),
                arguments,
            }
        })
        .collect()
}

/// How the calls ended, by SQLSTATE.
struct Attempts {
    client: Client,
    process: i32,
    ends: std::collections::BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Attempts {
    fn new(mut client: Client) -> Self {
        client
            .batch_execute("SET statement_timeout = '2s'; SET client_min_messages = error")
            .unwrap();
        client.batch_execute(ATTEMPT).unwrap();
        let process = client.query_one("SELECT pg_backend_pid()", &[]).unwrap();
        Attempts {
            process: process.get(0),
            client,
            ends: Default::default(),
            wrong: Vec::new(),
        }
    }

    fn attempt(&mut self, call: &str) {
        let row = self
            .client
            .query_one("SELECT pg_temp.attempt($1)", &[&call]);
        let said: String = match row {
            Ok(row) => row.get(0),
            Err(e) => told(&e),
        };
        let (state, _) = said.split_once(' ').unwrap_or((&said, ""));
        *self.ends.entry(state.to_owned()).or_default() += 1;
        // An internal error is one of ours: Postgres itself reports what callers do wrong by other codes.
        if state == "XX000" || state.len() != 5 {
            self.wrong.push(format!("{call}: {said}"));
        }
    }

    fn end(mut self) {
        println!("{:?}", self.ends);
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        let process = self
            .client
            .query_one("SELECT pg_backend_pid()", &[])
            .unwrap();
        assert_eq!(process.get::<_, i32>(0), self.process, "the session lives");
        assert!(self.ends["RCT00"] > 0 && self.ends["22023"] > 0);
    }
}

/// Each argument of each function with each value, while the others mean well.
#[test]
fn one_argument_is_hostile() {
    let database = district("hostile");
    let mut attempts = Attempts::new(database.client());
    for function in functions(&mut attempts.client) {
        attempts.attempt(&function.call(&[]));
        for (i, argument) in function.arguments.iter().enumerate() {
            for value in argument.values() {
                attempts.attempt(&function.call(&[(i, value)]));
            }
        }
    }
    attempts.end();
}

/// All arguments at once.
#[test]
fn all_arguments_are_hostile() {
    const CALLS: usize = 12;
    let database = district("all_hostile");
    let mut random = Random::new("all_arguments_are_hostile");
    let mut attempts = Attempts::new(database.client());
    for function in functions(&mut attempts.client) {
        for _ in 0..CALLS {
            let given: Vec<(usize, &str)> = (function.arguments.iter().enumerate())
                .map(|(i, a)| (i, *random.pick(a.values())))
                .collect();
            attempts.attempt(&function.call(&given));
        }
    }
    attempts.end();
}
