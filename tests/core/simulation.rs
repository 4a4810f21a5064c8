//! Whole experiments, simulated: the defaults do what the documentation says of them, and rosters are what the design asks for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use rct_core::budget::Budget;
use rct_core::error::Explain;
use rct_core::simulation::{Design, Simulated, Students, simulate};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row};
use rct_core::variance::{Within, icc};

fn run(design: &str, draws: i64, seed: &str) -> Vec<Simulated> {
    let design = Design::parse(design).unwrap_or_else(|e| panic!("{}", e.message()));
    simulate(
        &design,
        draws,
        seed,
        0.95,
        &Budget::unlimited(),
        &mut |_, _| (),
    )
    .unwrap()
}

fn roster(design: &str, draw: u64) -> Students {
    let design = Design::parse(design).unwrap_or_else(|e| panic!("{}", e.message()));
    Students::new(&design, "roster", draw).unwrap()
}

/// Nominal 5 %, intra-cluster correlation .15, gamma sizes with mean 25 and cv .6. The default must stay between
/// 4.5 % and 6.5 %, and the t test on students be near 40 %; 20,000 draws know a rate of 5 % to within 0.3 percentage points.
#[test]
fn false_alarms_of_the_default_and_of_the_t_test_on_students() {
    for clusters in [8, 12, 20, 40] {
        let design = format!(
            r#"{{"clusters": {clusters}, "size": {{"mean": 25, "cv": 0.6}}, "icc": 0.15}}"#
        );
        let rows = run(&design, 20_000, "why clusters");
        let rate = |analysis: &str| {
            rows.iter()
                .find(|r| r.analysis == analysis)
                .and_then(|r| r.type_i_error)
                .unwrap()
        };
        println!(
            "{clusters} clusters: CR2 {}, naive {}",
            rate("CR2"),
            rate("naive")
        );
        assert!((0.045..=0.065).contains(&rate("CR2")), "{}", rate("CR2"));
        assert!((0.38..=0.44).contains(&rate("naive")), "{}", rate("naive"));
    }
}

/// Mean of a statistic of rosters over draws.
fn mean(design: &str, draws: u64, statistic: impl Fn(&Students) -> f64) -> f64 {
    (0..draws)
        .map(|d| statistic(&roster(design, d)))
        .sum::<f64>()
        / draws as f64
}

fn near(got: f64, expected: f64, tolerance: f64) {
    assert!(
        (got - expected).abs() <= tolerance,
        "{got} is not {expected}"
    );
}

fn share(s: &Students, what: impl Fn(&rct_core::simulation::Student) -> bool) -> f64 {
    s.students.iter().filter(|s| what(s)).count() as f64 / s.students.len() as f64
}

#[test]
fn outcomes_have_the_correlation_that_the_design_says() {
    let design = r#"{"clusters": 400, "size": 20, "icc": 0.2, "sd": 3, "mean": 50}"#;
    let got = mean(design, 20, |s| {
        let mut builder = Builder::new(Columns::simple(false), &Budget::unlimited());
        for student in &s.students {
            let row = Row {
                condition: Some(b"all"),
                cluster: Some(Cluster::Number(i64::from(student.class))),
                stratum: Key::NONE,
                values: &[Some(student.without_effect)],
            };
            builder.add(&row).unwrap();
        }
        let sketch = builder.into_sketch().unwrap();
        icc(&sketch.first().unwrap(), Within::All, 0.95)
            .unwrap()
            .icc
            .unwrap()
    });
    near(got, 0.2, 0.01);
    let all = |f: fn(&rct_core::simulation::Student) -> f64| {
        mean(design, 20, |s| {
            s.students.iter().map(f).sum::<f64>() / s.students.len() as f64
        })
    };
    near(all(|s| s.without_effect), 50.0, 0.1);
    near(all(|s| (s.without_effect - 50.0).powi(2)), 9.0, 0.3);
}

#[test]
fn sizes_late_students_movers_and_gaps_are_as_many_as_the_design_says() {
    let design = r#"{"clusters": 200, "size": {"mean": 25, "cv": 0.6}, "late": {"share": 0.2, "prefer_treated": 0.5},
        "movers": {"share": 0.1}, "attrition": {"students": 0.1, "students_treated": 0.3, "clusters": 0.05},
        "effect": 1, "icc": 0.1}"#;
    near(
        mean(design, 40, |s| s.students.len() as f64 / 200.0),
        25.0,
        0.5,
    );
    let sizes = |s: &Students| {
        let mut n = vec![0.0; 200];
        s.students.iter().for_each(|x| n[x.class as usize] += 1.0);
        n
    };
    let plain = r#"{"clusters": 200, "size": {"mean": 25, "cv": 0.6}}"#;
    let cv = mean(plain, 40, |s| {
        let n = sizes(s);
        let m = n.iter().sum::<f64>() / 200.0;
        (n.iter().map(|x| (x - m).powi(2)).sum::<f64>() / 199.0).sqrt() / m
    });
    near(cv, 0.6, 0.02);
    near(mean(design, 40, |s| share(s, |x| x.late)), 0.2, 0.01);
    near(
        mean(design, 40, |s| share(s, |x| x.moved_to.is_some())),
        0.08,
        0.01,
    );
    // Half of the late students pick a treated class, the others stay where they were: 3 in 4 are treated.
    let treated = |s: &Students| {
        let late: Vec<_> = s.students.iter().filter(|x| x.late).collect();
        late.iter().filter(|x| x.condition == 1).count() as f64 / late.len() as f64
    };
    near(mean(design, 40, treated), 0.75, 0.02);
    let missing = |condition: usize| {
        mean(design, 40, |s| {
            let arm: Vec<_> = s
                .students
                .iter()
                .filter(|x| x.condition == condition)
                .collect();
            arm.iter().filter(|x| !x.observed).count() as f64 / arm.len() as f64
        })
    };
    near(missing(0), 1.0 - 0.95 * 0.9, 0.015);
    near(missing(1), 1.0 - 0.95 * 0.7, 0.015);
}

#[test]
fn effects_reach_whom_they_should() {
    let added = |design: &str, who: fn(&rct_core::simulation::Student) -> bool| {
        let s = roster(design, 3);
        let gaps: Vec<f64> = s
            .students
            .iter()
            .filter(|x| who(x))
            .map(|x| x.outcome - x.without_effect)
            .collect();
        assert!(!gaps.is_empty());
        gaps.iter().sum::<f64>() / gaps.len() as f64
    };
    let base = r#""clusters": 40, "size": 20, "icc": 0.1, "effect": 2"#;
    let design = |more: &str| format!("{{{base}{more}}}");
    near(added(&design(""), |s| s.condition == 1), 2.0, 1e-9);
    near(added(&design(""), |s| s.condition == 0), 0.0, 1e-9);
    near(
        added(&design(r#", "spillover": {"share": 0.25}"#), |s| {
            s.condition == 0
        }),
        0.5,
        1e-9,
    );
    let late = design(r#", "late": {"share": 0.5, "dose": 0.25}"#);
    near(added(&late, |s| s.condition == 1 && s.late), 0.5, 1e-9);
    near(added(&late, |s| s.condition == 1 && !s.late), 2.0, 1e-9);
    let movers = design(r#", "movers": {"share": 0.5}"#);
    let moved = added(&movers, |s| s.condition == 0 && s.moved_to.is_some());
    assert!(moved > 0.5 && moved < 1.5, "{moved}");
    // Teachers with sections of both conditions carry the treatment over; teachers assigned whole do not.
    let sections =
        design(r#", "teachers": {"sections": 4, "icc": 0.05}, "spillover": {"share": 1}"#);
    assert!(added(&sections, |s| s.condition == 0) > 1.0);
    let s = roster(
        &design(r#", "unit": "teacher", "teachers": {"sections": 4}"#),
        0,
    );
    assert_eq!(s.units, 10);
    assert!(s.students.iter().all(|x| x.unit == s.teacher(x.class)));
    let s = roster(&design(r#", "unit": "student", "weights": [3, 1]"#), 0);
    near(share(&s, |x| x.condition == 0), 0.75, 1e-9);
    // A rate moves by as much as the effect says.
    let rates =
        r#"{"clusters": 400, "size": 50, "icc": 0.1, "binary": {"rate": 0.4}, "effect": 0.2}"#;
    near(
        mean(rates, 10, |s| {
            let arm: Vec<_> = s.students.iter().filter(|x| x.condition == 1).collect();
            arm.iter().map(|x| x.outcome).sum::<f64>() / arm.len() as f64
        }),
        0.6,
        0.02,
    );
}

#[test]
fn classes_are_randomized_within_strata_and_waves() {
    let s = roster(
        r#"{"clusters": 48, "strata": {"count": 4, "icc": 0.1}, "waves": {"count": 3, "sd": 0.2}, "size": 5}"#,
        0,
    );
    for stratum in 0..12 {
        let classes: std::collections::BTreeSet<(u32, usize)> = s
            .students
            .iter()
            .filter(|x| x.stratum == stratum)
            .map(|x| (x.class, x.condition))
            .collect();
        assert_eq!(classes.len(), 4, "stratum {stratum}");
        assert_eq!(classes.iter().filter(|c| c.1 == 1).count(), 2);
    }
}

#[test]
fn power_bias_and_coverage() {
    // 40 classes of 25, icc .15: the MDE at power .8 is .365 standard deviations (formula of rct.mde).
    let rows = run(
        r#"{"clusters": 40, "size": 25, "icc": 0.15, "effect": 0.37, "pretest": {"r2": 0.5},
            "analyses": [{"se": "CR2"}, {"se": "CR2", "adjust": "ancova"}]}"#,
        2_000,
        "power",
    );
    let [plain, adjusted] = &rows[..] else {
        panic!("{rows:?}")
    };
    near(plain.power.unwrap(), 0.8, 0.04);
    near(plain.bias.unwrap(), 0.0, 0.015);
    near(plain.coverage.unwrap(), 0.95, 0.02);
    near(
        plain.mean_std_error.unwrap() / plain.empirical_se.unwrap(),
        1.0,
        0.05,
    );
    assert!(adjusted.power.unwrap() > 0.94);
    near(adjusted.coverage.unwrap(), 0.95, 0.02);
    assert_eq!(plain.effect, 0.37);
    assert_eq!(plain.computed, 2_000);
}

#[test]
fn sample_ratios_raise_an_alarm_when_students_choose() {
    let rate = |late: &str| {
        let design =
            format!(r#"{{"clusters": 200, "late": {late}, "analyses": [{{"se": "CR2"}}]}}"#);
        run(&design, 300, "srm")[0].srm_rate.unwrap()
    };
    assert!(rate(r#"{"share": 0.3}"#) <= 0.01);
    assert!(rate(r#"{"share": 0.3, "prefer_treated": 1}"#) > 0.6);
}

#[test]
fn the_same_seed_gives_the_same_numbers() {
    let design = r#"{"clusters": 10, "size": {"mean": 8, "cv": 0.5}, "icc": 0.2, "effect": {"b": 0.5},
        "conditions": ["a", "b", "c"], "control": "c"}"#;
    let rows = run(design, 50, "x");
    assert_eq!(rows, run(design, 50, "x"));
    assert_ne!(rows, run(design, 50, "y"));
    assert_eq!(
        rows.iter()
            .map(|r| (r.condition.as_str(), r.effect))
            .collect::<Vec<_>>(),
        [("a", 0.0), ("b", 0.5), ("a", 0.0), ("b", 0.5)]
    );
    // As published: a change of these numbers is a change of what users stored.
    let s = roster(design, 0);
    assert_eq!(s.students.len(), GOLDEN.0);
    assert_eq!(s.students[0].without_effect.to_bits(), GOLDEN.1);
}

const GOLDEN: (usize, u64) = (68, 13_827_868_190_352_474_442);

#[test]
fn designs_that_make_no_sense() {
    let problem = |text: &str| {
        let error = Design::parse(text).unwrap_err();
        assert!(
            error.hint().is_some_and(|h| !h.is_empty()),
            "{}",
            error.message()
        );
        error.message()
    };
    for (design, expected) in [
        ("{}", "design: clusters: is missing"),
        (
            r#"{"clusters": 1}"#,
            "design: clusters: must be from 2 to 100000, got 1",
        ),
        (
            r#"{"clusters": 10, "icc": 1.5}"#,
            "design: icc: must be between 0 and 1, got 1.5",
        ),
        (
            r#"{"clusters": 10, "foo": 1}"#,
            "design: unknown field \"foo\"",
        ),
        (
            r#"{"clusters": 10, "size": {"mean": 5, "cv": -1}}"#,
            "design: size.cv: must be between 0 and 3, got -1",
        ),
        (
            r#"{"clusters": 10, "size": 1e300}"#,
            "design: size: must be a whole number from 1 to 1000000, got 1",
        ),
        (
            r#"{"clusters": 10, "size": [1, "a"]}"#,
            "design: size: must be a number, got \"a\"",
        ),
        (
            r#"{"clusters": 10, "size": {"men": 3}}"#,
            "design: size: unknown field `men`",
        ),
        (
            r#"{"clusters": 10, "effect": [1]}"#,
            "design: effect: must be a number, got [1]",
        ),
        ("[]", "design: must be an object, got an array"),
        ("{", "design is not JSON"),
        (r#"{"clusters": 10, "method": "best"}"#, "design: method: "),
        (
            r#"{"clusters": 10, "effect": {"control": 1}}"#,
            "design: effect: \"control\" is not a treated condition",
        ),
        (
            r#"{"clusters": 10, "analyses": []}"#,
            "design: analyses: must be 1 to 20 analyses, got 0",
        ),
        (
            r#"{"clusters": 10, "analyses": [{"se": "HC9"}]}"#,
            "design: analyses: se must be one of",
        ),
        (
            r#"{"clusters": 10, "analyses": [{"adjust": "ancova"}]}"#,
            "design: analyses: adjust needs a pretest",
        ),
        (
            r#"{"clusters": 10, "binary": {"rate": 0.9}, "effect": 0.2}"#,
            "design: binary.rate: ",
        ),
        (
            r#"{"clusters": 10, "icc": 0.6, "strata": {"count": 2, "icc": 0.6}}"#,
            "design: icc: icc, strata.icc",
        ),
        (
            r#"{"clusters": 100000, "size": 1000}"#,
            "design: size: a roster has more than",
        ),
        (
            r#"{"clusters": 10, "control": "x"}"#,
            "design: control: \"x\" is not",
        ),
    ] {
        let got = problem(design);
        assert!(got.starts_with(expected), "{design}: {got}");
    }
    let design = Design::parse(r#"{"clusters": 4}"#).unwrap();
    for draws in [0, -1, i64::MAX] {
        assert!(
            simulate(
                &design,
                draws,
                "",
                0.95,
                &Budget::unlimited(),
                &mut |_, _| ()
            )
            .is_err()
        );
    }
    // One condition only cannot be randomized.
    let design = Design::parse(r#"{"clusters": 4, "conditions": ["a"]}"#).unwrap();
    assert!(simulate(&design, 1, "", 0.95, &Budget::unlimited(), &mut |_, _| ()).is_err());
}
