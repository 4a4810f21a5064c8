//! Calls on much data, of everything whose work grows with its input.

use rct_core::assignment::{self, Algorithm, Rules};
use rct_core::attrition::{self, LeeOptions, Logistic, Trim};
use rct_core::budget::Budget;
use rct_core::effect::{self, CaceOptions, Distribution, Guard, Segments};
use rct_core::integrity;
use rct_core::monitoring;
use rct_core::multiplicity::{self, Families, Method};
use rct_core::planning::{self, Conditions, Outcome, Target};
use rct_core::reduction::{self, NumberReduction, TextReduction};
use rct_core::regression::{Options, StdError, Strata};
use rct_core::resampling::{self, Draws, Statistic, Weights, WildOptions};
use rct_core::simulation::{self, Students};
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch, bytes_to_text};
use rct_core::variance::{self, Within};
use rct_core::words::Word;
use std::hint::black_box;

/// What the calls are about.
pub struct Inputs {
    n: usize,
    names: Vec<String>,
    /// One of a hundred names for each element, and one of as many names as elements.
    few: Vec<Option<String>>,
    p: Vec<Option<f64>>,
    counts: Vec<u64>,
    sizes: Vec<f64>,
    /// Few clusters with much in each, many clusters, many strata, weights, students as units.
    forty: Vec<u8>,
    many: Vec<u8>,
    missing: Vec<u8>,
    strata: Vec<u8>,
    weights: Vec<u8>,
    students: Vec<u8>,
    distribution: Vec<u8>,
    observed: Vec<u8>,
    logistic: Vec<u8>,
}

fn row<'a>(values: &'a [Option<f64>], condition: &'a str, cluster: usize) -> Row<'a> {
    Row {
        condition: Some(condition.as_bytes()),
        cluster: Some(Cluster::Number(cluster as i64)),
        stratum: Key::NONE,
        values,
    }
}

fn columns(text: &str) -> Columns {
    Columns::parse(text).unwrap()
}

fn arm(i: usize) -> &'static str {
    if i.is_multiple_of(2) { "a" } else { "b" }
}

impl Inputs {
    pub fn new(n: usize) -> Self {
        let budget = Budget::unlimited();
        let mut forty = Builder::new(columns("y ~ x0, x1, x2"), &budget);
        for i in 0..2000 {
            let g = i % 40;
            let values = [i % 7 + g % 3, i % 5, i % 3, i % 4].map(|v| Some(v as f64));
            forty.add(&row(&values, arm(g), g)).unwrap();
        }
        let mut many = Builder::new(columns("y ~ x; exposure: seen"), &budget);
        let mut missing = Builder::new(columns("y, z, solved / tried ~ x"), &budget);
        let clusters = n / 10;
        for i in 0..2 * clusters {
            let g = i / 2;
            let x = 1 + i % 2 * (g % 5);
            let values = [i % 7 + g % 3, x, g % 2].map(|v| Some(v as f64));
            many.add(&row(&values, arm(g), g)).unwrap();
            let seen = |value: usize, seen: bool| seen.then_some(value as f64);
            let values = [
                seen(i % 3, g % 2 == 0),
                seen(i % 5, i % 3 != 1),
                seen(i % 4, i % 11 != 7),
                seen(i % 4 + x, true),
                seen(x, true),
            ];
            missing.add(&row(&values, arm(g), g)).unwrap();
        }
        let mut weights = Builder::new(columns("y; weight: w"), &budget);
        for i in 0..clusters {
            let g = i / 2;
            let values = [i % 7 + g % 3, 1 + i % 3].map(|v| Some(v as f64));
            weights.add(&row(&values, arm(g), g)).unwrap();
        }
        let mut strata = Builder::new(columns("y"), &budget);
        let mut students = Builder::new(columns("y ~ x"), &budget);
        for i in 0..n / 10 {
            let stratum = Key::of_bigint((i / 2) as i64);
            let values = [i % 7 + i / 2 % 3, i % 5].map(|v| Some(v as f64));
            strata
                .add(&Row {
                    stratum,
                    ..row(&values[..1], arm(i), i)
                })
                .unwrap();
            students
                .add(&Row {
                    cluster: Some(Cluster::Digest(Key::STUDENT)),
                    stratum: Key::of_bigint((i / 4) as i64),
                    ..row(&values, arm(i % 3), i)
                })
                .unwrap();
        }
        let mut distribution = Distribution::new(&budget);
        let mut observed = Builder::new(columns("y"), &budget);
        for i in 0..n {
            let value = (i * 7919 % 100_003) as f64 / 7.0;
            let cluster = Key::of_bigint((i % 1000) as i64);
            distribution
                .add(Some(value), Some(arm(i).as_bytes()), Some(cluster))
                .unwrap();
            observed
                .add(&row(&[Some(value)], arm(i), i % 1000))
                .unwrap();
        }
        let mut logistic = Logistic::new(&budget);
        for i in 0..n / 4 {
            let x = [(i % 1009) as f64, (i % 503) as f64 / 7.0];
            logistic.add(Some((i % 7 % 2) as f64), Some(&x)).unwrap();
        }
        Inputs {
            n,
            names: (0..n).map(|i| format!("u{}", i * 7919 % n)).collect(),
            few: (0..n).map(|i| Some(format!("s{}", i / 2))).collect(),
            p: (0..n)
                .map(|i| Some((i * 7919 % n) as f64 / n as f64))
                .collect(),
            counts: (0..n).map(|i| (i % 50) as u64).collect(),
            sizes: (0..n).map(|i| (10 + i % 30) as f64).collect(),
            forty: forty.into_sketch().unwrap().encode(),
            many: many.into_sketch().unwrap().encode(),
            missing: missing.into_sketch().unwrap().encode(),
            strata: strata.into_sketch().unwrap().encode(),
            weights: weights.into_sketch().unwrap().encode(),
            students: students.into_sketch().unwrap().encode(),
            distribution: distribution.encode(),
            observed: observed.into_sketch().unwrap().encode(),
            logistic: logistic.encode(),
        }
    }
}

fn read(bytes: &[u8]) -> Sketch {
    Sketch::decode(bytes, &Budget::unlimited()).unwrap()
}

fn outcomes(bytes: &[u8]) -> Distribution {
    Distribution::decode(bytes, &Budget::unlimited()).unwrap()
}

fn words(adjust: &str) -> Options {
    Options::from_words(adjust, "auto", "CR2", 0.95).unwrap()
}

type Call<'a> = (&'static str, Box<dyn Fn() + 'a>);

/// The calls by name.
pub fn calls(inputs: &Inputs) -> Vec<Call<'_>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    assignments(inputs, &mut calls);
    numbers(inputs, &mut calls);
    sketches(inputs, &mut calls);
    resampled(inputs, &mut calls);
    states(inputs, &mut calls);
    calls
}

fn add<'a, T>(calls: &mut Vec<Call<'a>>, name: &'static str, call: impl Fn() -> T + 'a) {
    calls.push((name, Box::new(move || drop(black_box(call())))));
}

fn assignments<'a>(inputs: &'a Inputs, calls: &mut Vec<Call<'a>>) {
    let rules = |method| Rules {
        conditions: &["a", "b", "c"],
        weights: None,
        seed: "seed",
        method,
    };
    let pairs = Rules {
        conditions: &["a", "b"],
        weights: None,
        seed: "seed",
        method: Algorithm::Pairs,
    };
    let units = move || inputs.names.iter().map(String::as_str).collect::<Vec<_>>();
    let strata = move || inputs.few.iter().map(Option::as_deref).collect::<Vec<_>>();
    let (whole, cut) = (units(), strata());
    let quarter = whole.iter().take(inputs.n / 4);
    let twice: Vec<&str> = quarter.clone().chain(quarter).copied().collect();
    {
        let whole = whole.clone();
        add(calls, "randomize", move || {
            assignment::randomize(&rules(Algorithm::Blocks), &whole, None).unwrap()
        });
    }
    {
        let whole = whole.clone();
        add(calls, "randomize, complete", move || {
            assignment::randomize(&rules(Algorithm::Complete), &whole, None).unwrap()
        });
    }
    {
        let (whole, cut) = (whole.clone(), cut.clone());
        add(calls, "randomize, pairs", move || {
            assignment::randomize(&pairs, &whole, Some(&cut)).unwrap()
        });
    }
    {
        let (whole, cut) = (whole.clone(), cut.clone());
        let placements = assignment::randomize(&pairs, &whole, Some(&cut)).unwrap();
        add(calls, "digests", move || {
            (
                assignment::input_digest(&pairs, &whole, Some(&cut)),
                assignment::output_digest(pairs.conditions, &placements),
            )
        });
    }
    add(calls, "lint_design", move || {
        assignment::lint_design(&rules(Algorithm::Blocks), &whole, Some(&cut), &[]).unwrap()
    });
    add(calls, "lint_design, each unit twice", move || {
        assignment::lint_design(&rules(Algorithm::Blocks), &twice, None, &twice).unwrap()
    });
    let design = |document: String| simulation::Design::parse(&document).unwrap();
    let n = inputs.n;
    for (name, unit) in [
        ("simulate_roster", "class"),
        ("simulate_roster, students", "student"),
    ] {
        let classes = n / 50;
        let design = design(format!(
            r#"{{"clusters": {classes}, "size": {{"mean": 25, "cv": 0.5}}, "icc": 0.1, "unit": "{unit}", "pretest": {{"r2": 0.4}},
                "late": {{"share": 0.1, "prefer_treated": 0.5}}, "movers": {{"share": 0.1}}, "attrition": {{"students": 0.1, "clusters": 0.1}}}}"#
        ));
        add(calls, name, move || {
            Students::new(&design, "seed", 0).unwrap()
        });
    }
    let design = design(format!(
        r#"{{"clusters": {}, "size": 10, "icc": 0.1, "effect": 0.2}}"#,
        n / 100
    ));
    add(calls, "simulate", move || {
        simulation::simulate(
            &design,
            2,
            "seed",
            0.95,
            &Budget::unlimited(),
            &mut |_, _| {},
        )
        .unwrap()
    });
}

fn numbers<'a>(inputs: &'a Inputs, calls: &mut Vec<Call<'a>>) {
    for (name, method) in [
        ("p_adjust, holm", Method::Holm),
        ("p_adjust, by", Method::By),
    ] {
        add(calls, name, move || {
            multiplicity::p_adjust(&inputs.p, method).unwrap()
        });
    }
    let few = inputs.p.iter().take(20_000).copied().collect::<Vec<_>>();
    add(calls, "p_adjust, hommel", move || {
        multiplicity::p_adjust(&few, Method::Hommel).unwrap()
    });
    let roles = vec!["secondary".to_owned(); inputs.n];
    add(calls, "p_adjust_families", move || {
        multiplicity::p_adjust_families(
            &inputs.names,
            &roles,
            &inputs.p,
            &Families::default(),
            0.05,
        )
        .unwrap()
    });
    add(calls, "information_fractions", || {
        monitoring::information_fractions(&inputs.p, 2.0)
    });
    let clusters: Vec<Option<i64>> = (0..inputs.n as i64).map(|i| Some(10 + i)).collect();
    add(calls, "confidence_sequence_looks", move || {
        monitoring::confidence_sequences(
            &inputs.p,
            &vec![Some(0.3); inputs.n],
            &clusters,
            100,
            0.05,
        )
        .unwrap()
    });
    let (counts, names) = (&inputs.counts[..1000], &inputs.names[..1000]);
    add(calls, "srm", move || {
        integrity::srm(counts, None, Some(names), 0.001).unwrap()
    });
    let looks: Vec<u64> = (0..inputs.n as u64).map(|i| i / 2 * 10).collect();
    add(calls, "srm_looks", move || {
        integrity::srm_looks(&looks, 2, None, 10.0, 0.001).unwrap()
    });
    // As many as the default of the memory limit lets through.
    let cells = inputs.n / 3;
    let (strata, counts) = (&inputs.few[..cells], &inputs.counts[..cells]);
    let conditions: Vec<String> = (0..cells).map(|i| arm(i).to_owned()).collect();
    {
        let conditions = conditions.clone();
        add(calls, "srm_by_stratum", move || {
            integrity::srm_by_stratum(strata, &conditions, counts, None, 0.001).unwrap()
        });
    }
    let assigned: Vec<u64> = counts.iter().map(|c| c + 5).collect();
    add(calls, "srm_blocked", move || {
        integrity::srm_blocked(strata, &conditions, &assigned, counts, 0.001).unwrap()
    });
    let outcome = Outcome {
        icc: 0.1,
        sd: 1.0,
        r2_between: 0.0,
        r2_within: 0.0,
        covariates: 0.0,
    };
    let target = Target {
        level: 0.95,
        power: 0.8,
    };
    add(calls, "roster_se", move || {
        planning::roster(
            &inputs.sizes,
            Conditions::Share(0.5),
            &outcome,
            &target,
            None,
        )
        .unwrap()
    });
    let codes: Vec<&str> = inputs
        .names
        .iter()
        .map(String::as_str)
        .map(|n| &n[..n.len().min(3)])
        .collect();
    add(calls, "roster_se, conditions", move || {
        planning::roster(
            &inputs.sizes,
            Conditions::Known(&codes, codes[0]),
            &outcome,
            &target,
            None,
        )
        .unwrap()
    });
    add(calls, "design_effect of sizes", || {
        planning::design_effect_of_sizes(0.1, &inputs.sizes, 0.0)
    });
    add(calls, "pool_imputations", || {
        attrition::pool_imputations(&inputs.sizes, &inputs.sizes, None, 0.95).unwrap()
    });
}

fn sketches<'a>(inputs: &'a Inputs, calls: &mut Vec<Call<'a>>) {
    add(calls, "effects with weights", || {
        effect::effects(&read(&inputs.weights).first().unwrap(), "a", &words("none")).unwrap()
    });
    add(calls, "coefficients with weights", || {
        effect::coefficients(&read(&inputs.weights).first().unwrap(), "a", &words("none")).unwrap()
    });
    let (many, missing, strata) = (&inputs.many, &inputs.missing, &inputs.strata);
    for (name, bytes) in [
        ("forty", &inputs.forty),
        ("many", many),
        ("missing", missing),
        ("strata", strata),
    ] {
        let adjusted = if name == "strata" { "none" } else { "lin" };
        add(calls, "decode, encode, text", move || {
            let bytes = read(bytes).encode();
            let text = bytes_to_text(&bytes);
            Sketch::from_text(&text, &Budget::unlimited()).unwrap()
        });
        add(calls, "merge", move || {
            let mut sketch = read(bytes);
            sketch.merge(&read(bytes)).unwrap();
            sketch
        });
        add(calls, "effects", move || {
            effect::effects(&read(bytes).first().unwrap(), "a", &words(adjusted)).unwrap()
        });
        add(calls, "joint_test", move || {
            effect::joint_test::<&str>(&read(bytes).first().unwrap(), "a", None, &words(adjusted))
                .unwrap()
        });
        add(calls, "coefficients", move || {
            effect::coefficients(&read(bytes).first().unwrap(), "a", &words(adjusted)).unwrap()
        });
        add(calls, "contrasts", move || {
            let hypotheses = ["a = 1", "b = 2*a", "(a + b)/2 = 3"];
            effect::contrasts(
                &read(bytes).first().unwrap(),
                "a",
                &hypotheses,
                &words(adjusted),
            )
            .unwrap()
        });
        add(calls, "joint_test", move || {
            let hypotheses = Some(&["a = 1", "b = 2"][..]);
            effect::joint_test(
                &read(bytes).first().unwrap(),
                "a",
                hypotheses,
                &words(adjusted),
            )
            .unwrap()
        });
        add(calls, "arms", move || {
            effect::arms(&read(bytes).first().unwrap()).unwrap()
        });
        add(calls, "cells", move || {
            read(bytes).first().unwrap().cell_summaries().unwrap()
        });
        add(calls, "sketch_info", move || read(bytes).info());
        add(calls, "completeness", move || {
            read(bytes).first().unwrap().completeness()
        });
        add(calls, "influence", move || {
            let options = words("none");
            effect::influence(
                &read(bytes).first().unwrap(),
                "a",
                options.adjust,
                options.strata,
            )
            .unwrap()
        });
        add(calls, "cluster_diagnostics", move || {
            let options = words("none");
            effect::cluster_diagnostics(
                &read(bytes).first().unwrap(),
                "a",
                options.adjust,
                options.strata,
            )
            .unwrap()
        });
        add(calls, "icc", move || {
            variance::icc(
                &read(bytes).first().unwrap(),
                Within::from_word("condition").unwrap(),
                0.95,
            )
            .unwrap()
        });
        add(calls, "variance_components", move || {
            variance::variance_components(
                &read(bytes).first().unwrap(),
                Within::from_word("condition").unwrap(),
            )
            .unwrap()
        });
        add(calls, "design_effect", move || {
            planning::design_effect(
                &read(bytes).first().unwrap(),
                Within::from_word("condition").unwrap(),
            )
            .unwrap()
        });
        add(calls, "impossible_patterns", move || {
            integrity::impossible_patterns(&read(bytes).first().unwrap(), Some("a"), None, None)
                .unwrap()
        });
        add(calls, "srm of a sketch", move || {
            integrity::srm_of_sketch(&read(bytes).first().unwrap(), None, None, 0.001).unwrap()
        });
        add(calls, "paired_effects", move || {
            let options = Options {
                strata: Strata::Pairs,
                ..words("none")
            };
            effect::effects(&read(bytes).first().unwrap(), "a", &options)
        });
        add(calls, "effect_sizes", move || {
            effect::effect_sizes(&read(bytes).first().unwrap(), "a", &words("none"))
        });
    }
    let cluster = || words("none").with_estimand("cluster").unwrap();
    add(calls, "effects, clusters alike", move || {
        effect::effects(&read(many).first().unwrap(), "a", &cluster()).unwrap()
    });
    add(calls, "ratio_effects", move || {
        let options = Options {
            se: StdError::from_word("delta").unwrap(),
            ..words("none")
        };
        let sketch = read(&inputs.missing);
        effect::effects(&sketch.ratio(None).unwrap(), "a", &options).unwrap()
    });
    add(calls, "cace", move || {
        let options = CaceOptions::from_words("none", "auto", "CR2", 0.95).unwrap();
        effect::cace(&read(many).first().unwrap(), "a", None, &options).unwrap()
    });
    add(calls, "balance", move || {
        integrity::balance(&read(many).first().unwrap(), "a", Strata::Absorb).unwrap()
    });
    add(calls, "balance_joint", move || {
        integrity::balance_joint(&read(many).first().unwrap(), "a", Strata::Absorb).unwrap()
    });
    add(calls, "manski_bounds", move || {
        attrition::manski_bounds(&read(missing).first().unwrap(), "a", 0.0, 10.0, 0.95).unwrap()
    });
    add(calls, "attrition, some", move || {
        attrition::attrition(&read(missing).first().unwrap(), "a", 0.95).unwrap()
    });
    add(calls, "attrition", move || {
        attrition::attrition(&read(&inputs.observed).first().unwrap(), "a", 0.95).unwrap()
    });
    add(calls, "attrition, many", move || {
        attrition::attrition(&gaps(inputs).first().unwrap(), "a", 0.95).unwrap()
    });
    add(calls, "missing_balance", move || {
        attrition::missing_balance(&gaps(inputs).first().unwrap(), 0.95).unwrap()
    });
    add(calls, "effect_sizes of rates", move || {
        effect::effect_sizes(&gaps(inputs).first().unwrap(), "a", &words("none")).unwrap()
    });
    add(calls, "response_weights", move || {
        attrition::response_weights(&gaps(inputs).first().unwrap(), None).unwrap()
    });
    add(calls, "student_effects", move || {
        let sketch = read(&inputs.students);
        effect::effects(&sketch.first().unwrap(), "a", &words("lin")).unwrap()
    });
    add(calls, "quantile_effects", move || {
        effect::quantile_effects(
            &mut outcomes(&inputs.distribution),
            "a",
            &[0.1, 0.5, 0.9],
            0.95,
        )
        .unwrap()
    });
    add(calls, "lee_bounds", move || {
        let options = LeeOptions {
            trim: Trim::from_word("fractional").unwrap(),
            strata: Strata::Absorb,
            level: 0.95,
        };
        attrition::lee_bounds(
            &mut outcomes(&inputs.distribution),
            &read(&inputs.observed).first().unwrap(),
            "a",
            &options,
        )
        .unwrap()
    });
    add(calls, "logistic", move || {
        Logistic::decode(&inputs.logistic, &Budget::unlimited())
            .unwrap()
            .fit()
    });
}

/// A sketch of outcomes of which most are missing, with a stratum for every other student.
fn gaps(inputs: &Inputs) -> Sketch {
    let mut sketch = Builder::new(columns("y ~ x"), &Budget::unlimited());
    for i in 0..inputs.n / 20 {
        let stratum = Key::of_bigint((i / 2) as i64);
        let values = [(i % 3 % 2 == 1).then_some(1.0), Some((i % 5) as f64)];
        sketch
            .add(&Row {
                stratum,
                ..row(&values, arm(i), i)
            })
            .unwrap();
        if i.is_multiple_of(1000) {
            rct_core::pulse::beat();
        }
    }
    sketch.into_sketch().unwrap()
}

fn resampled<'a>(inputs: &'a Inputs, calls: &mut Vec<Call<'a>>) {
    for (name, bytes, adjust) in [
        ("forty", &inputs.forty, "ancova"),
        ("many", &inputs.many, "none"),
    ] {
        let count = if name == "many" {
            9
        } else {
            (inputs.n / 2) as i64
        };
        let draws = move || Draws::new(count, "seed").unwrap();
        add(calls, "wild_bootstrap", move || {
            let effect = Options::from_words(adjust, "auto", "CR1", 0.95).unwrap();
            let weights = Weights::from_word("rademacher").unwrap();
            let options = WildOptions {
                effect,
                draws: draws(),
                weights,
                null_imposed: true,
                single_cluster: true,
            };
            resampling::wild_bootstrap(&read(bytes).first().unwrap(), "a", &options).unwrap()
        });
        add(calls, "randomization_test", move || {
            let statistic = Statistic::from_word("studentized").unwrap();
            resampling::randomization_test(
                &read(bytes).first().unwrap(),
                "a",
                &words(adjust),
                statistic,
                &draws(),
            )
            .unwrap()
        });
        add(calls, "simultaneous_intervals", move || {
            let (one, other) = (read(bytes), read(bytes));
            resampling::simultaneous_intervals(
                &[one.first().unwrap(), other.first().unwrap()],
                "a",
                &words(adjust),
                &draws(),
            )
            .unwrap()
        });
    }
    let sketches =
        move |count: usize| -> Vec<Sketch> { (0..count).map(|_| read(&inputs.forty)).collect() };
    let guard = || Guard::new(1, 1).unwrap();
    add(calls, "subgroup_effects", move || {
        let sketches = sketches(100);
        effect::subgroup_effects(&segments(&sketches), "a", &words("none"), guard()).unwrap()
    });
    add(calls, "interaction_test", move || {
        let sketches = sketches(20);
        effect::interaction_test(&segments(&sketches), "a", &words("none"), guard()).unwrap()
    });
}

fn segments(sketches: &[Sketch]) -> Segments<'_> {
    let names = (0..sketches.len()).map(|i| Some(i.to_string())).collect();
    let views = sketches.iter().map(|s| Some(s.first().unwrap())).collect();
    Segments::new(names, views).unwrap()
}

fn states<'a>(inputs: &'a Inputs, calls: &mut Vec<Call<'a>>) {
    add(calls, "median", move || {
        let budget = Budget::unlimited();
        let mut state = NumberReduction::new(reduction::Method::Median, &budget).unwrap();
        for (value, _) in rct_core::pulse::each(inputs.sizes.iter().zip(0..)) {
            state.add(*value, None, 0).unwrap();
        }
        let state = NumberReduction::decode(&state.encode(), &budget).unwrap();
        state.finish()
    });
    add(calls, "mode of text", move || {
        let budget = Budget::unlimited();
        let mut state = TextReduction::new(reduction::Method::Mode, &budget).unwrap();
        for value in &inputs.names {
            rct_core::pulse::beat(); // as the server does for each row
            state.add(value, None, 0).unwrap();
        }
        TextReduction::decode(&state.encode(), &budget).unwrap()
    });
    add(calls, "distribution", move || {
        outcomes(&inputs.distribution).encode()
    });
    add(calls, "logistic_rows", move || {
        Logistic::decode(&inputs.logistic, &Budget::unlimited())
            .unwrap()
            .encode()
    });
}
