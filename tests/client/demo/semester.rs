//! The semester of the demonstration: on each day everybody has the condition that the story tells,
//! for the reason that it tells, and `rct.explain` remembers both.

use crate::db::Database;

/// What everybody gets at the end of each day, and why.
const DAYS: [(&str, &[(&str, &str)]); 5] = [
    (
        "lesson",
        &[
            ("ann ben", "hints enrolled"),
            ("cleo", "hints group_logic"),
            ("eve finn gus", "control drawn"),
            ("ida", "default reached_prior"),
            ("jon", "default excluded_due_to_group_logic"),
        ],
    ),
    (
        "pause",
        &[
            ("ann ben dan", "hints enrolled"),
            ("cleo", "hints group_logic"),
            ("eve finn gus", "default enrollment_complete"),
            ("ida", "default reached_prior"),
            ("jon", "default excluded_due_to_group_logic"),
        ],
    ),
    (
        "restart",
        &[
            ("ann ben cleo dan", "hints enrolled"),
            ("eve finn gus", "control enrolled"),
            ("ida", "default reached_prior"),
            ("jon", "default excluded_due_to_group_logic"),
        ],
    ),
    (
        "transfer",
        &[
            ("ann cleo dan", "hints enrolled"),
            ("ben eve finn gus", "control enrolled"),
            ("ida", "default reached_prior"),
            ("jon", "default excluded_due_to_group_logic"),
        ],
    ),
    (
        "excluded",
        &[
            ("ann cleo dan", "default group_on_exclusion_list"),
            ("ben eve finn gus", "control enrolled"),
            ("ida", "default reached_prior"),
            ("jon", "default excluded_due_to_group_logic"),
        ],
    ),
];

/// What was recorded at each mark, in order.
const MARKS: [&str; 9] = [
    "ida default not_running",
    "ann hints drawn",
    "ben hints group_logic",
    "dan hints group_logic",
    "eve control drawn",
    "finn control group_logic",
    "gus control group_logic",
    "cleo hints group_logic",
    "ben control group_logic",
];

/// The rules by which the story says that a decision was made: student, day, rule, outcome.
const RULES: [(&str, &str, &str, &str); 9] = [
    ("ida", "lesson", "table", "C3"),
    ("jon", "lesson", "table", "C4"),
    ("eve", "lesson", "draw", "control"),
    ("dan", "pause", "table", "C12"),
    ("eve", "pause", "table", "C2"),
    ("eve", "restart", "table", "C12"),
    ("ben", "lesson", "table", "C12"),
    ("ben", "transfer", "answer", "control"),
    ("ann", "excluded", "lists", "excluded"),
];

/// Runs demo/semester.sql alone, and returns what it prints.
fn run(database: &Database) -> String {
    let run = database
        .psql(&["-v", "ON_ERROR_STOP=1", "-f", "demo/semester.sql"])
        .output()
        .expect("psql");
    let (text, messages) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(
        run.status.success() && messages.is_empty(),
        "demo/semester.sql:\n{text}{messages}"
    );
    text.into_owned()
}

/// The lines of a query with one column.
fn lines(database: &Database, query: &str) -> Vec<String> {
    database
        .client()
        .query(query, &[])
        .unwrap_or_else(|e| panic!("{query}: {e:?}"))
        .iter()
        .map(|row| row.get(0))
        .collect()
}

#[test]
fn everybody_gets_what_the_story_tells() {
    let database = Database::with_extension("demo_semester");
    run(&database);

    let mut expected = Vec::new();
    for (day, answers) in DAYS {
        let mut day: Vec<String> = answers
            .iter()
            .flat_map(|(students, answer)| {
                students
                    .split(' ')
                    .map(move |student| format!("{day} {student} {answer}"))
            })
            .collect();
        day.sort();
        expected.append(&mut day);
    }
    let told = "SELECT concat_ws(' ', day, student, coalesce(condition, 'default'), reason)
                FROM diary ORDER BY at, student";
    assert_eq!(lines(&database, told), expected);
    let explained =
        "SELECT concat_ws(' ', day, student, outcome, explained) FROM memory ORDER BY at, student";
    assert_eq!(lines(&database, explained), expected);

    let marks = "SELECT concat_ws(' ', user_id, coalesce(condition, 'default'), reason) FROM rct.exposure ORDER BY id";
    assert_eq!(lines(&database, marks), MARKS);
    for (student, day, rule, outcome) in RULES {
        let steps = format!(
            "SELECT e.outcome FROM diary AS d, rct.explain('tutor', student, 'lesson', 'fractions', at) AS e
             WHERE d.student = '{student}' AND d.day = '{day}' AND e.rule = '{rule}'"
        );
        assert_eq!(
            lines(&database, &steps),
            [outcome],
            "{student}, {day}, {rule}"
        );
    }
}

#[test]
fn the_records_are_those_of_the_story() {
    let database = Database::with_extension("demo_records");
    run(&database);
    let statuses = "SELECT concat_ws(' ', from_status, '>', to_status, coalesce(reason, '')) FROM rct.status_log ORDER BY id";
    assert_eq!(
        lines(&database, statuses),
        [
            "> inactive created",
            "inactive > scheduled the school board agreed",
            "scheduled > enrolling schedule",
            "enrolling > enrollment_complete holidays",
            "enrollment_complete > enrolling school is back",
        ]
    );
    // who moved is enrolled anew, and counts where they were first
    let ben = "SELECT concat_ws(' ', group_id, condition, end_reason) FROM rct.enrollment
               WHERE unit_type = 'user' AND unit_id = 'ben' ORDER BY started_at";
    assert_eq!(
        lines(&database, ben),
        ["7a hints group change", "7b control"]
    );
    let values =
        "SELECT concat_ws(' ', user_id, group_id, condition, coalesce(outcome::text, 'none'))
                  FROM rct.metric_values('hints-1', 'quiz')";
    assert_eq!(
        lines(&database, values),
        [
            "ann 7a hints 14",
            "ben 7a hints 11",
            "cleo 7a hints none",
            "dan 7a hints 15",
            "eve 7b control 9",
            "finn 7b control 12",
            "gus 7b control 10",
        ]
    );
    let flagged = "SELECT concat_ws(' ', user_id, metric, text_value) FROM rct.measurement WHERE flags <> '{}'";
    assert_eq!(lines(&database, flagged), ["ann mood fine"]);
    // one class against one: a difference, and no claim
    let effect = "SELECT concat_ws(' ', round(estimate::numeric, 9) = 3, p_value, ci_low, split_part(notes[1], ':', 1))
                  FROM quiz_sketch, rct.effects(sketch, 'control')";
    assert_eq!(lines(&database, effect), ["t few_clusters"]);
}

#[test]
fn the_output_is_the_same_each_time_and_fits_the_terminal() {
    let first = run(&Database::with_extension("demo_first"));
    let second = run(&Database::with_extension("demo_second"));
    assert!(
        first == second,
        "demo/semester.sql prints\n{first}\nand then\n{second}"
    );
    let wide: Vec<&str> = first
        .lines()
        .filter(|line| line.chars().count() > 100)
        .collect();
    assert!(wide.is_empty(), "wider than 100:\n{}", wide.join("\n"));
}
