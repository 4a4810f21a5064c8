//! Names in the install script. What runs while the extension is installed, and what is looked up at each call, names the
//! schema of every function, operator and type; bodies of functions are pinned to a path in which nobody can put anything.

use std::collections::BTreeSet;
use std::fs;

use crate::cluster::root;

/// Words before a parenthesis that are no function.
const WORDS: &[&str] = &[
    "add",
    "aggregate",
    "all",
    "and",
    "any",
    "array",
    "as",
    "begin",
    "between",
    "by",
    "case",
    "cast",
    "check",
    "coalesce",
    "conflict",
    "distinct",
    "else",
    "exists",
    "extract",
    "filter",
    "from",
    "greatest",
    "in",
    "include",
    "into",
    "is",
    "key",
    "lateral",
    "least",
    "materialized",
    "not",
    "nullif",
    "on",
    "operator",
    "or",
    "over",
    "row",
    "select",
    "set",
    "table",
    "tag",
    "then",
    "type",
    "union",
    "unique",
    "using",
    "values",
    "when",
    "where",
    "with",
];
/// Types that SQL spells as words of its own, which no schema can change.
const TYPES: &[&str] = &["double", "float8", "bigint", "integer", "boolean", "text"];

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Sign(String),
    Text,
    /// A body in dollar quotes.
    Body(String),
}

/// The tokens of SQL, without comments; each with its line.
fn tokens(sql: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = sql.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    while let Some(&c) = chars.get(at) {
        let start = at;
        let here = line;
        let ahead = |n: usize| chars.get(start + n).copied();
        if c.is_whitespace() {
            at += 1;
        } else if c == '-' && ahead(1) == Some('-') {
            while chars.get(at).is_some_and(|c| *c != '\n') {
                at += 1;
            }
        } else if c == '\'' || (matches!(c, 'E' | 'e') && ahead(1) == Some('\'')) {
            let escapes = c != '\'';
            at += 1 + usize::from(escapes);
            while let Some(&c) = chars.get(at) {
                at += if escapes && c == '\\' { 2 } else { 1 };
                if c == '\'' {
                    break;
                }
            }
            found.push((here, Token::Text));
        } else if c == '$' && ahead(1) == Some('$') {
            at += 2;
            while at < chars.len() && !(chars[at] == '$' && chars.get(at + 1) == Some(&'$')) {
                at += 1;
            }
            at += 2;
            found.push((here, Token::Body(chars[start + 2..at - 2].iter().collect())));
        } else if c == '"' {
            at += 1;
            while chars.get(at).is_some_and(|c| *c != '"') {
                at += 1;
            }
            at += 1;
            found.push((here, Token::Word(chars[start + 1..at - 1].iter().collect())));
        } else if is_word(c) {
            while chars.get(at).is_some_and(|c| is_word(*c)) {
                at += 1;
            }
            let word: String = chars[start..at].iter().collect();
            found.push((here, Token::Word(word.to_lowercase())));
        } else if "+-*/<>=~!@#%^&|?:".contains(c) {
            while chars
                .get(at)
                .is_some_and(|c| "+-*/<>=~!@#%^&|?:".contains(*c))
            {
                at += 1;
            }
            found.push((here, Token::Sign(chars[start..at].iter().collect())));
        } else {
            at += 1;
            found.push((here, Token::Sign(c.to_string())));
        }
        line += chars[start..at.min(chars.len())]
            .iter()
            .filter(|c| **c == '\n')
            .count();
    }
    found
}

/// Names in a statement, or in the body of a DO, for which Postgres would search.
fn searched(tokens: &[(usize, Token)]) -> Vec<(usize, String)> {
    let sign = |i: usize, s: &str| matches!(tokens.get(i), Some((_, Token::Sign(t))) if t == s);
    let word = |i: usize| match tokens.get(i) {
        Some((_, Token::Word(w))) => Some(w.as_str()),
        _ => None,
    };
    let mut found = Vec::new();
    for (i, (line, token)) in tokens.iter().enumerate() {
        let before = i.checked_sub(1);
        match token {
            // a call: not one with a schema, no alias with columns, no definition
            Token::Word(w) if sign(i + 1, "(") => {
                let of_schema = before.is_some_and(|b| sign(b, "."));
                let alias = before.is_some_and(|b| sign(b, ")") || word(b) == Some("as"));
                let named = before
                    .and_then(word)
                    .is_some_and(|b| !WORDS.contains(&b) && b != "return");
                if !of_schema && !alias && !named && !WORDS.contains(&w.as_str()) {
                    found.push((*line, format!("{w}()")));
                }
            }
            Token::Sign(s) if s == "::" => {
                let named = word(i + 1).is_some_and(|w| TYPES.contains(&w));
                if !sign(i + 2, ".") && !named {
                    found.push((*line, format!("::{}", word(i + 1).unwrap_or("?"))));
                }
            }
            // an operator: not one in OPERATOR(), no assignment, no default or setting
            Token::Sign(s) if s.chars().all(|c| "+-*/<>=~!@#%^&|?".contains(c)) && s != "=>" => {
                let qualified = before.is_some_and(|b| sign(b, "."));
                let setting = word(i.saturating_sub(1)).is_some_and(|w| {
                    [
                        "search_path",
                        "plan_cache_mode",
                        "fillfactor",
                        "errcode",
                        "detail",
                        "hint",
                        "storage",
                    ]
                    .contains(&w)
                        || w.ends_with("func")
                        || w.ends_with("func_modify")
                        || w.ends_with("type")
                        || w.ends_with("space")
                        || [
                            "parallel",
                            "input",
                            "output",
                            "receive",
                            "send",
                            "alignment",
                            "internallength",
                            "collatable",
                            "sspace",
                            "function",
                            "leftarg",
                            "rightarg",
                            "commutator",
                            "negator",
                            "restrict",
                            "join",
                        ]
                        .contains(&w)
                });
                let star = s == "*"
                    && (sign(i.saturating_sub(1), "(") || before.and_then(word) == Some("select"));
                let assigned = s == "=" && before.is_some_and(|b| sign(b, ":"));
                if !qualified && !setting && !star && !assigned {
                    found.push((*line, s.clone()));
                }
            }
            _ => {}
        }
    }
    found
}

/// Whether a statement pins the path of the function that it makes.
fn pinned(statement: &[(usize, Token)]) -> bool {
    let text: Vec<String> = statement
        .iter()
        .map(|(_, t)| match t {
            Token::Word(w) | Token::Sign(w) => w.clone(),
            _ => String::new(),
        })
        .collect();
    text.join(" ")
        .contains("set search_path = pg_catalog , pg_temp")
}

fn statements(tokens: Vec<(usize, Token)>) -> Vec<Vec<(usize, Token)>> {
    let mut found = vec![Vec::new()];
    let mut atomic = false;
    for token in tokens {
        let ends = token.1 == Token::Sign(";".to_owned());
        if token.1 == Token::Word("atomic".to_owned()) {
            atomic = true;
        }
        if token.1 == Token::Word("end".to_owned())
            && found.last().is_some_and(|s: &Vec<(usize, Token)>| {
                s.last().is_some_and(|t| t.1 == Token::Sign(";".to_owned()))
            })
        {
            atomic = false;
        }
        let last = found.last_mut().expect("never empty");
        last.push(token);
        if ends && !atomic {
            found.push(Vec::new());
        }
    }
    found
}

fn problems(sql: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for statement in statements(tokens(sql)) {
        let is_do = matches!(statement.first(), Some((_, Token::Word(w))) if w == "do");
        let pinned = pinned(&statement);
        for (line, token) in &statement {
            if let Token::Body(body) = token {
                if is_do {
                    let inner = searched(
                        &tokens(body)
                            .into_iter()
                            .map(|(l, t)| (l + line - 1, t))
                            .collect::<Vec<_>>(),
                    );
                    found.extend(inner);
                } else if !pinned {
                    found.push((*line, "a body without a pinned path".to_owned()));
                }
            }
        }
        found.extend(searched(&statement));
    }
    found
}

#[test]
fn every_name_in_the_install_script_has_a_schema() {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root().join("sql/install")).unwrap() {
        let path = entry.unwrap().path();
        let sql = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (line, what) in problems(&sql) {
            found.insert(format!("{name}:{line}: {what}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The lint finds what it is for.
#[test]
fn names_without_a_schema_are_found() {
    for (sql, wanted) in [
        (
            "DO $$ BEGIN RAISE EXCEPTION '%', format('x'); END $$;",
            vec!["format()"],
        ),
        (
            "DO $$ BEGIN IF pg_catalog.now() > 'x' THEN NULL; END IF; END $$;",
            vec![">"],
        ),
        ("SELECT pg_catalog.x('rct'::regclass);", vec!["::regclass"]),
        (
            "CREATE TABLE rct.t (x text CHECK (lower(x) OPERATOR(pg_catalog.=) x));",
            vec!["lower()"],
        ),
        (
            "CREATE FUNCTION rct.f() RETURNS text LANGUAGE sql AS $$ SELECT 1 $$;",
            vec!["a body without a pinned path"],
        ),
        (
            "CREATE FUNCTION rct.f() RETURNS text LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$ SELECT f(1) = 2 $$;",
            vec![],
        ),
        (
            "CREATE FUNCTION rct.f() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT lower('x'); SELECT 1 + 1; END;",
            vec!["lower()", "+"],
        ),
        (
            "CREATE OPERATOR pg_catalog.= (FUNCTION = rct.f, LEFTARG = rct.t, RIGHTARG = rct.t, COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = <>);",
            vec!["<>"],
        ),
        (
            "SELECT pg_catalog.count(*) FROM rct.t u (a, b) WHERE u.a IN (1, 2);",
            vec![],
        ),
    ] {
        let found: Vec<String> = problems(sql).into_iter().map(|(_, what)| what).collect();
        assert_eq!(found, wanted, "{sql}");
    }
}
