//! Bounds: Manski's against effects on filled-in outcomes, Lee's against reference numbers and brute force.

use super::oracle::{number, read};
use super::{Student, json, near, outcomes, sketch_of, students};
use rct_core::attrition::{LeeBounds, LeeOptions, Trim, imbens_manski, lee_bounds, manski_bounds};
use rct_core::budget::Budget;
use rct_core::effect::{Distribution, effects};
use rct_core::error::Explain;
use rct_core::note::{Code, Note};
use rct_core::random::{Purpose, Random};
use rct_core::regression::{Options, Strata};
use rct_core::sketch::Key;

#[test]
fn the_factor_of_imbens_and_manski() {
    near(
        "wide",
        imbens_manski(100.0, 1.0, 0.95, None).unwrap(),
        1.6448536269514722,
        1e-9,
    );
    near(
        "none",
        imbens_manski(0.0, 1.0, 0.95, None).unwrap(),
        1.959963984540054,
        1e-9,
    );
    near(
        "t",
        imbens_manski(0.0, 1.0, 0.95, Some(10.0)).unwrap(),
        2.2281388519649385,
        1e-9,
    );
    near(
        "t, wide",
        imbens_manski(1e6, 1.0, 0.95, Some(10.0)).unwrap(),
        1.8124611228107335,
        1e-9,
    );
    for (gap, se) in [(1.0, 0.0), (-1.0, 1.0), (f64::NAN, 1.0)] {
        assert_eq!(imbens_manski(gap, se, 0.95, None), None);
    }
}

#[test]
fn worst_cases_are_effects_on_filled_in_outcomes() {
    let all = students("manski", 24);
    for strata in [false, true] {
        let sketch = outcomes(&all, strata);
        let rows = manski_bounds(&sketch.first().unwrap(), "control", 10.0, 90.0, 0.95).unwrap();
        let fill = |treated: f64, control: f64| {
            let value = move |s: &Student| {
                Some(s.outcome.unwrap_or(if s.condition == "treated" {
                    treated
                } else {
                    control
                }))
            };
            effects(
                &sketch_of(&all, value, None, strata).first().unwrap(),
                "control",
                &Options::default(),
            )
            .unwrap()
        };
        let (low, high) = (fill(10.0, 90.0), fill(90.0, 10.0));
        near(
            "low",
            rows[0].low.unwrap(),
            low[0].inference.estimate.unwrap(),
            1e-10,
        );
        near(
            "low se",
            rows[0].low_se.unwrap(),
            low[0].inference.std_error.unwrap(),
            1e-10,
        );
        near(
            "high",
            rows[0].high.unwrap(),
            high[0].inference.estimate.unwrap(),
            1e-10,
        );
        near(
            "high se",
            rows[0].high_se.unwrap(),
            high[0].inference.std_error.unwrap(),
            1e-10,
        );
        let df = low[0]
            .inference
            .df
            .unwrap()
            .min(high[0].inference.df.unwrap());
        near("df", rows[0].df.unwrap(), df, 1e-10);
        assert!(rows[0].ci_low.unwrap() < rows[0].low.unwrap());
        let gone = all
            .iter()
            .filter(|s| s.condition == "control" && s.outcome.is_none())
            .count();
        assert_eq!(rows[0].missing_control, gone as u64);
        assert!(manski_bounds(&sketch.first().unwrap(), "control", 1.0, 0.0, 0.95).is_err());
    }
}

/// The outcomes there are.
fn distribution(all: &[Student]) -> Distribution {
    let mut outcomes = Distribution::new(&Budget::unlimited());
    for s in all.iter().filter(|s| s.outcome.is_some()) {
        outcomes
            .add(
                s.outcome,
                Some(s.condition.as_bytes()),
                Some(Key::of_bigint(s.cluster)),
            )
            .unwrap();
    }
    outcomes
}

/// The bounds from a sketch of the outcomes, and from one that says who has one.
fn lee(all: &[Student], trim: Trim, strata: Strata) -> LeeBounds {
    let options = LeeOptions {
        trim,
        strata,
        level: 0.95,
    };
    let strata = strata == Strata::Absorb;
    let seen = |s: &Student| Some(s.outcome.is_some() as u8 as f64);
    let [bounds, again] = [
        super::outcomes(all, strata),
        sketch_of(all, seen, None, strata),
    ]
    .map(|sketch| {
        let view = sketch.first().unwrap();
        lee_bounds(&mut distribution(all), &view, "control", &options)
            .unwrap()
            .remove(0)
    });
    assert_eq!(bounds, again);
    bounds
}

/// The reference data, its students on their own or in schools.
fn s16(alone: bool) -> Vec<Student> {
    let table = read("s16_attrition/data.csv");
    let at = |name: &str| table.column(name);
    (0..)
        .zip(&table.rows)
        .map(|(i, r)| Student {
            outcome: number(&r[at("y")]).filter(|_| r[at("observed")] == "1"),
            condition: if r[at("treat")] == "1" {
                "treated"
            } else {
                "control"
            },
            cluster: if alone {
                i
            } else {
                r[at("school_id")]
                    .bytes()
                    .fold(0, |h, b| h * 31 + i64::from(b))
            },
            stratum: 0,
        })
        .collect()
}

#[test]
fn lee_as_the_reference() {
    let reference = json("s16_attrition/reference.json");
    let lee_of = |path: &[&str]| {
        let start = &reference["extras"]["Python"]["lee_bounds"];
        path.iter().fold(start, |v, k| &v[k]).as_f64().unwrap()
    };
    let all = s16(false);
    for (trim, name) in [
        (Trim::Paper, "paper"),
        (Trim::Fractional, "fractional"),
        (Trim::Integer, "integer_floor"),
    ] {
        let got = lee(&all, trim, Strata::Ignore);
        near("low", got.low.unwrap(), lee_of(&[name, "lower"]), 1e-9);
        near("high", got.high.unwrap(), lee_of(&[name, "upper"]), 1e-9);
        assert_eq!(got.trimmed.as_deref(), Some("treated"));
        near(
            "share",
            got.trimmed_share.unwrap(),
            lee_of(&["trim_fraction"]),
            1e-9,
        );
        near(
            "untrimmed",
            got.untrimmed.unwrap(),
            lee_of(&["naive"]),
            1e-9,
        );
        near(
            "response",
            got.response.unwrap(),
            lee_of(&["share_treated"]),
            1e-9,
        );
        near(
            "response",
            got.response_control.unwrap(),
            lee_of(&["share_control"]),
            1e-9,
        );
        assert_eq!(got.comparison.n as f64, lee_of(&["n_selected_trimmed_arm"]));
        assert_eq!(
            got.comparison.n_control as f64,
            lee_of(&["n_selected_other"])
        );
        if trim == Trim::Paper {
            assert_eq!(got.kept_low as f64, lee_of(&["n_kept_lower"]));
            assert_eq!(got.kept_high as f64, lee_of(&["n_kept_upper"]));
        }
    }
    // Students on their own: Lee's proposition 3. The reference has the variance of the kept outcomes with another divisor.
    let alone = lee(&s16(true), Trim::Paper, Strata::Ignore);
    near(
        "se",
        alone.high_se.unwrap(),
        lee_of(&["se_iid", "mean_of_top"]),
        1e-3,
    );
    near(
        "se",
        alone.low_se.unwrap(),
        lee_of(&["se_iid", "mean_of_bottom"]),
        1e-3,
    );
    // Clusters make it less precise.
    let clustered = lee(&all, Trim::Paper, Strata::Ignore);
    assert!(clustered.high_se.unwrap() > 1.3 * alone.high_se.unwrap());
}

#[test]
fn turning_the_conditions_or_the_outcome_turns_the_bounds() {
    let all = students("turned", 40);
    let got = lee(&all, Trim::Paper, Strata::Absorb);
    let negative: Vec<Student> = all
        .iter()
        .map(|s| Student {
            outcome: s.outcome.map(|y| -y),
            ..s.clone()
        })
        .collect();
    let turned = lee(&negative, Trim::Paper, Strata::Absorb);
    near("low", turned.low.unwrap(), -got.high.unwrap(), 1e-12);
    near("se", turned.low_se.unwrap(), got.high_se.unwrap(), 1e-12);
    let swapped: Vec<Student> = all
        .iter()
        .map(|s| Student {
            condition: if s.condition == "treated" {
                "control"
            } else {
                "treated"
            },
            ..s.clone()
        })
        .collect();
    let other = lee(&swapped, Trim::Paper, Strata::Absorb);
    near("low", other.low.unwrap(), -got.high.unwrap(), 1e-12);
    near("se", other.high_se.unwrap(), got.low_se.unwrap(), 1e-12);
    let mut shuffled = all.clone();
    Random::new("order", Purpose::Simulation, 0).shuffle(&mut shuffled);
    assert_eq!(lee(&shuffled, Trim::Paper, Strata::Absorb), got);
}

#[test]
fn nothing_missing_leaves_the_difference_in_means() {
    let mut all = students("complete", 30);
    all.iter_mut()
        .for_each(|s| s.outcome = s.outcome.or(Some(50.0)));
    let got = lee(&all, Trim::Paper, Strata::Ignore);
    near("low", got.low.unwrap(), got.untrimmed.unwrap(), 1e-12);
    near("high", got.high.unwrap(), got.untrimmed.unwrap(), 1e-12);
    let cr1 = effects(
        &outcomes(&all, false).first().unwrap(),
        "control",
        &Options {
            se: rct_core::regression::StdError::Cr1,
            ..Options::default()
        },
    )
    .unwrap();
    near(
        "se",
        got.low_se.unwrap(),
        cr1[0].inference.std_error.unwrap(),
        1e-9,
    );
}

/// Outcomes are missing by a rule of one direction, for whole clusters alike; the interval should hold the effect on those who
/// are always there, and the standard error be that of the estimates.
#[test]
fn standard_errors_over_many_samples() {
    let seed = "lee";
    println!("seed {seed}");
    let (mut lows, mut errors, mut held) = (Vec::new(), 0.0, 0);
    let draws = 300;
    for draw in 0..draws {
        let mut random = Random::new(seed, Purpose::Simulation, draw);
        let mut all = Vec::new();
        for cluster in 0..60 {
            let level = 0.4 * random.normal();
            for _ in 0..20 {
                let y = level + random.normal();
                let reply = random.uniform();
                let treated = cluster % 2 == 0;
                // Always there: reply < 0.7. Only if treated: up to 0.85.
                let seen = reply < if treated { 0.85 } else { 0.7 };
                all.push(Student {
                    outcome: seen.then_some(y),
                    condition: if treated { "treated" } else { "control" },
                    cluster,
                    stratum: 0,
                });
            }
        }
        let got = lee(&all, Trim::Fractional, Strata::Ignore);
        lows.push(got.low.unwrap());
        errors += got.low_se.unwrap() / draws as f64;
        held += (got.ci_low.unwrap() <= 0.0 && 0.0 <= got.ci_high.unwrap()) as u32;
    }
    let mean = lows.iter().sum::<f64>() / draws as f64;
    let spread = (lows.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (draws - 1) as f64).sqrt();
    near("standard error", errors, spread, 0.1);
    assert!(held as f64 > 0.95 * draws as f64, "{held}");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let all = students("refused", 20);
    let options = LeeOptions {
        trim: Trim::Paper,
        strata: Strata::Ignore,
        level: 0.95,
    };
    let sketch = super::outcomes(&all, false);
    let view = &sketch.first().unwrap();
    let mut fewer = Distribution::new(&Budget::unlimited());
    fewer
        .add(Some(1.0), Some(b"control"), Some(Key::of_bigint(0)))
        .unwrap();
    let error = lee_bounds(&mut fewer, view, "control", &options).unwrap_err();
    assert!(
        error
            .message()
            .starts_with("sketch must be of the same rows"),
        "{}",
        error.message()
    );
    // As many outcomes of each condition, but of other clusters.
    let mut elsewhere = all.clone();
    for s in &mut elsewhere {
        s.cluster = match s.cluster {
            0 => 2,
            2 => 0,
            other => other,
        };
    }
    let error = lee_bounds(&mut distribution(&elsewhere), view, "control", &options).unwrap_err();
    assert!(
        error.message().starts_with("outcomes must be"),
        "{}",
        error.message()
    );
    let mut none = Distribution::new(&Budget::unlimited());
    assert!(lee_bounds(&mut none, view, "control", &options).is_err());
    assert!(lee_bounds(&mut distribution(&all), view, "nobody", &options).is_err());
    let mut crossing = all;
    crossing
        .iter_mut()
        .find(|s| s.condition == "control")
        .unwrap()
        .stratum = 99;
    let sketch = super::outcomes(&crossing, true);
    let absorb = LeeOptions {
        strata: Strata::Absorb,
        ..options
    };
    let (mut outcomes, view) = (distribution(&crossing), sketch.first().unwrap());
    let error = lee_bounds(&mut outcomes, &view, "control", &absorb).unwrap_err();
    assert!(
        error.message().contains("one stratum each"),
        "{}",
        error.message()
    );
}

/// A condition that is one cluster shows nothing of how clusters vary, and clusters that are alike have no standard error.
#[test]
fn bounds_without_an_interval_say_why() {
    let said = |notes: &[Note], code: Code| notes.iter().any(|n| n.code == code);
    let mut one = students("single", 12);
    one.retain(|s| s.condition == "treated" || s.cluster == 1);
    let got = lee(&one, Trim::Paper, Strata::Ignore);
    assert!(got.low.is_some() && got.ci_low.is_none(), "{got:?}");
    assert!(said(&got.notes, Code::SingleCluster));
    let mut alike = students("alike", 12);
    alike.iter_mut().for_each(|s| s.outcome = Some(5.0));
    let got = lee(&alike, Trim::Paper, Strata::Ignore);
    assert_eq!(
        (got.low, got.low_se, got.ci_low),
        (Some(0.0), Some(0.0), None)
    );
    assert!(said(&got.notes, Code::NoResidual));

    // Five clusters in two strata leave one degree of freedom.
    let mut five = students("five", 12);
    five.retain(|s| [1, 2, 3, 4, 6].contains(&s.cluster));
    five.iter_mut().for_each(|s| s.stratum = s.cluster / 3 % 2);
    let got = lee(&five, Trim::Fractional, Strata::Absorb);
    assert_eq!(got.df, Some(1.0), "{got:?}");
    assert!(got.low_se.is_some() && got.ci_low.is_none(), "{got:?}");
    assert!(said(&got.notes, Code::TooLowDf), "{got:?}");

    // All treated outcomes are the best and all others the worst, so that the upper bound alone does not vary.
    let mut all = students("upper", 12);
    for s in &mut all {
        let treated = s.condition == "treated";
        s.outcome = s.outcome.map(|_| if treated { 90.0 } else { 10.0 });
    }
    let sketch = outcomes(&all, false);
    let got = manski_bounds(&sketch.first().unwrap(), "control", 10.0, 90.0, 0.95)
        .unwrap()
        .remove(0);
    assert_eq!((got.high_se, got.ci_low), (Some(0.0), None), "{got:?}");
    assert!(said(&got.notes, Code::NoResidual));
}

/// Mean of the outcomes of which a share is taken away at one end, filled up from the other end: the least or the greatest mean that
/// any students who make up the rest can have.
fn extreme(outcomes: &[f64], share: f64, least: bool) -> f64 {
    let mut sorted = outcomes.to_vec();
    sorted.sort_by(f64::total_cmp);
    if !least {
        sorted.reverse();
    }
    let keep = (1.0 - share) * sorted.len() as f64;
    let (mut sum, mut room) = (0.0, keep);
    for y in sorted {
        let part = room.clamp(0.0, 1.0);
        sum += part * y;
        room -= part;
    }
    sum / keep
}

/// The bounds of one stratum by arithmetic, and the weight of it.
fn by_hand(all: &[Student]) -> (f64, f64, f64) {
    let arm = |name: &str| {
        let own = || all.iter().filter(|s| s.condition == name);
        let seen: Vec<f64> = own().filter_map(|s| s.outcome).collect();
        let response = seen.len() as f64 / own().count() as f64;
        (seen, response)
    };
    let ((treated, p1), (control, p0)) = (arm("treated"), arm("control"));
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (low, high) = if p1 >= p0 {
        let q = (p1 - p0) / p1;
        let other = mean(&control);
        (
            extreme(&treated, q, true) - other,
            extreme(&treated, q, false) - other,
        )
    } else {
        let q = (p0 - p1) / p0;
        let other = mean(&treated);
        (
            other - extreme(&control, q, false),
            other - extreme(&control, q, true),
        )
    };
    (low, high, all.len() as f64 * p1.min(p0))
}

/// Twenty classes of ten in each condition; nine of ten treated students and seven of ten others have an outcome, of 0 or 1.
fn passed() -> Vec<Student> {
    let mut all = Vec::new();
    for class in 1..=40 {
        let treated = class % 2 == 1;
        let (seen, passed) = if treated { (9, 6) } else { (7, 5) };
        for i in 1..=10 {
            let y = ((i * 3 + class) % 10 < passed) as u8 as f64;
            all.push(Student {
                outcome: (i <= seen).then_some(y),
                condition: if treated { "treated" } else { "control" },
                cluster: class,
                stratum: 0,
            });
        }
    }
    all
}

fn close(what: &str, got: f64, expected: f64) {
    assert!(
        (got - expected).abs() < 1e-9,
        "{what}: {got} is not {expected}"
    );
}

fn said(row: &LeeBounds, name: &str) -> bool {
    row.notes.iter().any(|n| n.to_string().starts_with(name))
}

#[test]
fn outcomes_of_zero_and_one_are_bounded() {
    let all = passed();
    let got = lee(&all, Trim::Fractional, Strata::Ignore);
    close("low", got.low.unwrap(), 0.0);
    close("high", got.high.unwrap(), 2.0 / 7.0);
    assert_eq!((got.kept_low, got.kept_high), (140, 140));
    assert!(got.ci_low.unwrap() < 0.0 && got.ci_high.unwrap() > 2.0 / 7.0);
    assert!(!said(&got, "trimmed_less"), "{got:?}");
    // Lee's trimming keeps all that are equal to the quantile, and says so.
    let paper = lee(&all, Trim::Paper, Strata::Ignore);
    close("paper", paper.low.unwrap(), paper.untrimmed.unwrap());
    assert!(
        paper.notes.iter().any(|n| n.to_string().starts_with(
            "trimmed_less: method \"paper\" keeps all outcomes equal to the one at the edge: \
             it trimmed 0 outcomes for the lower and 0 for the upper bound instead of 40,"
        )),
        "{paper:?}"
    );
    let integer = lee(&all, Trim::Integer, Strata::Ignore);
    close("integer", integer.low.unwrap(), 0.0);
    assert!(!said(&integer, "trimmed_less"));
    // More is trimmed than there are ones: the lower bound is that of none, and the upper one of all.
    let mut few = all.clone();
    for s in few.iter_mut().filter(|s| s.condition == "treated") {
        s.outcome = s.outcome.map(|_| (s.cluster == 1) as u8 as f64);
    }
    let got = lee(&few, Trim::Fractional, Strata::Ignore);
    let other = 34.0 / 70.0;
    close("low", got.low.unwrap(), -other);
    close("high", got.high.unwrap(), 9.0 / 140.0 - other);
}

/// Ordinal outcomes, in strata, with either condition trimmed or both: between the least and the greatest mean there can be, which only
/// trimming exactly the share reaches.
#[test]
fn bounds_with_ties_are_those_of_arithmetic() {
    for (seed, levels) in [("two", 2.0), ("five", 5.0), ("hundred", 100.0)] {
        for swap in [false, true] {
            let mut all = students(seed, 36);
            for s in &mut all {
                s.outcome = s.outcome.map(|y| (y / (100.0 / levels)).floor());
                if swap {
                    s.condition = if s.condition == "treated" {
                        "control"
                    } else {
                        "treated"
                    };
                }
            }
            let (low, high, _) = by_hand(&all);
            let got = lee(&all, Trim::Fractional, Strata::Ignore);
            close("low", got.low.unwrap(), low);
            close("high", got.high.unwrap(), high);
            let trimmed = if swap { "control" } else { "treated" };
            assert_eq!(got.trimmed.as_deref(), Some(trimmed));
            assert!(!said(&got, "trimmed_less"));
            for trim in [Trim::Paper, Trim::Integer] {
                let other = lee(&all, trim, Strata::Ignore);
                assert!(other.low.unwrap() >= low - 1e-12 && other.high.unwrap() <= high + 1e-12);
            }
            let paper = lee(&all, Trim::Paper, Strata::Ignore);
            assert!(levels > 10.0 || said(&paper, "trimmed_less"), "{paper:?}");
            let (mut low, mut high, mut weight) = (0.0, 0.0, 0.0);
            for stratum in 0..6 {
                let own: Vec<Student> = all
                    .iter()
                    .filter(|s| s.stratum == stratum)
                    .cloned()
                    .collect();
                let (l, h, w) = by_hand(&own);
                low += w * l;
                high += w * h;
                weight += w;
            }
            let got = lee(&all, Trim::Fractional, Strata::Absorb);
            close("low", got.low.unwrap(), low / weight);
            close("high", got.high.unwrap(), high / weight);
        }
    }
}

/// A share of less than one outcome is nothing for whole outcomes, which is said too.
#[test]
fn whole_outcomes_may_be_less_than_the_share() {
    let mut all = students("whole", 12);
    all.iter_mut()
        .for_each(|s| s.outcome = s.outcome.or(Some(50.0)));
    all.iter_mut()
        .find(|s| s.condition == "control")
        .unwrap()
        .outcome = None;
    let got = lee(&all, Trim::Integer, Strata::Ignore);
    assert!(said(&got, "trimmed_less: method \"integer\""), "{got:?}");
    assert!(!said(
        &lee(&all, Trim::Fractional, Strata::Ignore),
        "trimmed_less"
    ));
}

#[test]
fn weights_of_the_students_are_said_not_to_count() {
    use rct_core::sketch::{Builder, Cluster, Columns, Row};
    let all = passed();
    let mut outcomes = Distribution::new(&Budget::unlimited());
    let columns = Columns::parse("y; weight: w").unwrap();
    let mut builder = Builder::new(columns, &Budget::unlimited());
    for s in &all {
        let (condition, cluster) = (Some(s.condition.as_bytes()), Key::of_bigint(s.cluster));
        if s.outcome.is_some() {
            outcomes.add(s.outcome, condition, Some(cluster)).unwrap();
        }
        let row = Row {
            condition,
            cluster: Some(Cluster::Number(s.cluster)),
            stratum: Key::NONE,
            values: &[s.outcome, Some(1.0 + (s.cluster % 3) as f64)],
        };
        builder.add(&row).unwrap();
    }
    let options = LeeOptions {
        trim: Trim::Fractional,
        strata: Strata::Absorb,
        level: 0.95,
    };
    let sketch = builder.into_sketch().unwrap();
    let got = lee_bounds(&mut outcomes, &sketch.first().unwrap(), "control", &options)
        .unwrap()
        .remove(0);
    assert!(said(&got, "weights_not_used: "), "{got:?}");
    close("high", got.high.unwrap(), 2.0 / 7.0);
}
