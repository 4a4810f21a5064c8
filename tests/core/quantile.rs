//! Effects on quantiles.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Report, number, read};
use rct_core::budget::Budget;
use rct_core::distribution::t_critical;
use rct_core::effect::{Distribution, QuantileEffect, QuantileError, quantile_effects};
use rct_core::error::{Class, Explain};
use rct_core::note::{Code, Note};
use rct_core::random::{Purpose, Random};
use rct_core::sketch::Key;

fn design(name: &str, condition: &str) -> Distribution {
    let table = read(&format!("{name}/data.csv"));
    let at = |c: &str| table.column(c);
    let (y, arm, cluster) = (at("y"), at(condition), at("school_id"));
    let mut d = Distribution::new(&Budget::unlimited());
    for row in &table.rows {
        let key = Key::of_text(row[cluster].as_bytes());
        d.add(number(&row[y]), Some(row[arm].as_bytes()), Some(key))
            .unwrap();
    }
    Distribution::decode(&d.encode(), &Budget::unlimited()).unwrap()
}

#[test]
fn as_clubsandwich_on_the_indicators() {
    let probabilities = [0.1, 0.25, 0.5, 0.7, 0.9];
    let (quantiles, differences) = (
        read("quantiles/quantiles.csv"),
        read("quantiles/differences.csv"),
    );
    let mut report = Report::default();
    for (name, condition, control) in [
        ("s01_balanced_2arm", "treat", "0"),
        ("s02_unequal_sizes", "treat", "0"),
        ("s03_three_arm", "arm", "control"),
        ("s08_strata_nested", "treat", "0"),
        ("s09_strata_crossing", "treat", "0"),
    ] {
        let mut d = design(name, condition);
        let rows = quantile_effects(&mut d, control, &probabilities, 0.95).unwrap();
        let rows90 = quantile_effects(&mut d, control, &probabilities, 0.90).unwrap();
        let same = |text: &str, p: f64| number(text).unwrap() == p;
        let mine = |r: &&Vec<String>| r[0] == name;
        for (row, row90) in rows.iter().zip(&rows90) {
            assert_eq!(row.inference.std_error, row90.inference.std_error);
            for e in quantiles.rows.iter().filter(mine) {
                let (got, got90) = match &e[1] {
                    c if *c == row.comparison.condition => (row.quantile, row90.quantile),
                    c if c == control => (row.quantile_control, row90.quantile_control),
                    _ => continue,
                };
                if !same(&e[2], row.probability) {
                    continue;
                }
                let exact = [
                    got.quantile,
                    got.quantile_low,
                    got.quantile_high,
                    got90.quantile_low,
                    got90.quantile_high,
                ];
                let expected: Vec<Option<f64>> = e[3..8].iter().map(|t| number(t)).collect();
                assert_eq!(exact[..], expected[..], "{e:?}");
                report.compared += 5;
            }
            let e = differences
                .rows
                .iter()
                .filter(mine)
                .find(|e| e[1] == row.comparison.condition && same(&e[2], row.probability))
                .unwrap();
            let what = |n: &str| {
                format!(
                    "{name} {} {} {n}",
                    row.comparison.condition, row.probability
                )
            };
            let got = &row.inference;
            report.check(what("difference"), got.estimate, number(&e[3]), 0.0);
            report.check(what("std_error"), got.std_error, number(&e[4]), 0.0);
            report.check(what("df"), got.df, number(&e[5]), 0.0);
            report.check(what("p_value"), got.p_value, number(&e[6]), 0.0);
            report.check(what("ci_low"), got.ci_low, number(&e[7]), 1.0);
            report.check(what("ci_high"), got.ci_high, number(&e[8]), 1.0);
            assert_eq!(got.std_error.is_none(), e[4].is_empty(), "{e:?}");
        }
    }
    report.finish(400);
}

/// Rows of (condition, cluster, outcome).
fn of(rows: &[(&str, i64, f64)]) -> Distribution {
    let mut d = Distribution::new(&Budget::unlimited());
    for (condition, cluster, outcome) in rows {
        let key = Key::of_bigint(*cluster);
        d.add(Some(*outcome), Some(condition.as_bytes()), Some(key))
            .unwrap();
    }
    d
}

fn ask(mut d: Distribution, probabilities: &[f64]) -> Vec<QuantileEffect> {
    quantile_effects(&mut d, "control", probabilities, 0.95).unwrap()
}

/// With clusters of one the share is a mean of independent values: variance F (1 − F) / (n − 1), n − 1 degrees of freedom.
#[test]
fn clusters_of_one_are_woodruff_for_independent_outcomes() {
    let n = 99;
    let mut rows = Vec::new();
    for i in 1..=n {
        rows.push(("control", i, ((i * 37) % 100) as f64));
        rows.push(("hints", 1000 + i, 3.0 * ((i * 41) % 100) as f64 + 10.0));
    }
    let row = &ask(of(&rows), &[0.5])[0];
    let share: f64 = 50.0 / 99.0;
    let s = (share * (1.0 - share) / 98.0).sqrt();
    let t = t_critical(0.05, 98.0).unwrap();
    let (low, high) = ((99.0 * (0.5 - t * s)).ceil(), (99.0 * (0.5 + t * s)).ceil());
    let control = row.quantile_control;
    assert_eq!(
        (
            control.quantile,
            control.quantile_low,
            control.quantile_high
        ),
        (Some(50.0), Some(low), Some(high))
    );
    assert_eq!(row.inference.estimate, Some(160.0 - 50.0));
    let se = (high - low) / (2.0 * t);
    let expected = (se * se + 9.0 * se * se).sqrt();
    let got = row.inference.std_error.unwrap();
    assert!(
        (got - expected).abs() < 1e-9 * expected,
        "{got} {expected} {:?}",
        row.quantile
    );
    // Satterthwaite with variances 1 : 9.
    let df = 100.0 / (1.0 / 98.0 + 81.0 / 98.0);
    assert!((row.inference.df.unwrap() - df).abs() < 1e-9);
}

#[test]
fn a_quantile_is_the_first_outcome_that_reaches_the_share() {
    let mut rows: Vec<(&str, i64, f64)> = (1..=100).map(|i| ("control", i, i as f64)).collect();
    rows.extend((1..=100).map(|i| ("hints", 100 + i, i as f64)));
    for percent in 1..=99 {
        let row = &ask(of(&rows), &[percent as f64 / 100.0])[0];
        assert_eq!(row.quantile_control.quantile, Some(percent as f64));
    }
    let row = &ask(of(&rows), &[0.501, 0.5])[0];
    assert_eq!(row.quantile_control.quantile, Some(51.0));
}

#[test]
fn coverage_of_both_intervals() {
    let seed = "coverage of quantiles";
    println!("seed \"{seed}\"");
    let (runs, clusters, icc): (u64, i64, f64) = (1000, 20, 0.15);
    let probabilities = [0.25, 0.5, 0.75];
    let truth = [-0.674489750196082, 0.0, 0.674489750196082];
    let (mut arm, mut difference) = ([0u64; 3], [0u64; 3]);
    for run in 0..runs {
        let mut random = Random::new(seed, Purpose::Simulation, run);
        let mut d = Distribution::new(&Budget::unlimited());
        for cluster in 0..2 * clusters {
            let (name, effect, scale) = match cluster % 2 {
                0 => ("control", 0.0, 1.0),
                _ => ("hints", 0.5, 1.5),
            };
            let own = random.normal() * icc.sqrt();
            for _ in 0..10 + random.below(21) {
                let y = own + random.normal() * (1.0 - icc).sqrt();
                let key = Key::of_bigint(cluster);
                d.add(Some(effect + scale * y), Some(name.as_bytes()), Some(key))
                    .unwrap();
            }
        }
        let rows = quantile_effects(&mut d, "control", &probabilities, 0.95).unwrap();
        for (i, row) in rows.iter().enumerate() {
            let control = row.quantile_control;
            let inside =
                |low: Option<f64>, high: Option<f64>, v| low.unwrap() <= v && v <= high.unwrap();
            arm[i] += inside(control.quantile_low, control.quantile_high, truth[i]) as u64;
            let got = &row.inference;
            let effect = 0.5 + 0.5 * truth[i];
            difference[i] += inside(got.ci_low, got.ci_high, effect) as u64;
        }
    }
    println!("of {runs} runs: arm {arm:?}, difference {difference:?}");
    for covered in arm.into_iter().chain(difference) {
        assert!((920..=980).contains(&covered), "{covered} of {runs}");
    }
}

#[test]
fn any_order_and_any_merge_give_the_same_bytes() {
    let rows: Vec<(&str, i64, f64)> = (0..500)
        .map(|i| {
            let condition = ["b", "a", "control"][(i % 3) as usize];
            (condition, i * 7 % 40, ((i * 31) % 97) as f64 - 40.0)
        })
        .collect();
    let whole = of(&rows).encode();
    let mut backwards = rows.clone();
    backwards.reverse();
    assert_eq!(of(&backwards).encode(), whole);
    let mut merged = of(&rows[..123]);
    merged.merge(&of(&backwards[..377])).unwrap();
    assert_eq!(merged.encode(), whole);
    let mut stored =
        Distribution::decode(&of(&rows[400..]).encode(), &Budget::unlimited()).unwrap();
    stored.merge(&of(&rows[..400])).unwrap();
    assert_eq!(stored.encode(), whole);
    let mut zero = of(&[("a", 1, -0.0)]);
    assert_eq!(zero.encode(), of(&[("a", 1, 0.0)]).encode());
}

#[test]
fn left_out_rows_are_counted() {
    let mut d = of(&[("control", 1, 1.0), ("hints", 2, 2.0)]);
    d.add(None, Some(b"hints"), Some(Key::of_bigint(2)))
        .unwrap();
    d.add(Some(1.0), Some(b"hints"), None).unwrap();
    d.add(None, Some(b"video"), None).unwrap();
    d.add(Some(1.0), None, Some(Key::of_bigint(2))).unwrap();
    let mut other = Distribution::new(&Budget::unlimited());
    other.merge(&d).unwrap();
    other.merge(&d).unwrap();
    let mut d = Distribution::decode(&other.encode(), &Budget::unlimited()).unwrap();
    let rows = quantile_effects(&mut d, "control", &[0.5], 0.95).unwrap();
    let counts = |r: &QuantileEffect| (r.comparison.n, r.comparison.n_control);
    assert_eq!(counts(&rows[0]), (2, 2));
    assert_eq!(rows[1].comparison.condition, "video");
    assert_eq!(counts(&rows[1]), (0, 2));
    assert!(rows[1].quantile.quantile.is_none() && rows[1].quantile_control.quantile == Some(1.0));
    let text = "2 without condition, 4 without cluster, 2 without outcome";
    let note = Note::new(Code::LeftOut, text);
    assert!(
        rows.iter().all(|r| r.notes.contains(&note)),
        "{:?}",
        rows[0].notes
    );
}

fn has(row: &QuantileEffect, code: Code) -> bool {
    row.notes.iter().any(|n| n.code == code)
}

#[test]
fn what_does_not_exist_is_null_with_a_note() {
    let spread = |condition: &'static str, clusters: std::ops::Range<i64>, steps: i64| {
        clusters.flat_map(move |g| {
            (0..20).map(move |i| (condition, g, ((g * 5 + i * 7) % steps) as f64))
        })
    };
    let rows = |a: i64, b: i64| -> Vec<(&str, i64, f64)> {
        spread("control", 0..12, a)
            .chain(spread("hints", 20..32, b))
            .collect()
    };
    let fine = &ask(of(&rows(83, 89)), &[0.5])[0];
    assert!(
        fine.inference.p_value.is_some() && fine.notes.is_empty(),
        "{:?}",
        fine.notes
    );
    // Three grades.
    let few = &ask(of(&rows(83, 3)), &[0.5])[0];
    assert!(few.inference.estimate.is_some() && few.inference.std_error.is_none());
    assert!(
        few.quantile.quantile_low.is_some() && has(few, Code::FewValues),
        "{:?}",
        few.notes
    );
    // The tail.
    let tail = &ask(of(&rows(83, 89)), &[0.999])[0];
    assert!(tail.quantile.quantile_high.is_none() && tail.inference.std_error.is_none());
    assert!(
        has(tail, Code::OffSample) || has(tail, Code::NoVariation),
        "{:?}",
        tail.notes
    );
    // A constant.
    let constant = &ask(of(&rows(1, 89)), &[0.5])[0];
    assert!(constant.quantile_control.quantile_low.is_none() && has(constant, Code::NoVariation));
    assert!(constant.inference.std_error.is_none());
    // One cluster.
    let single: Vec<_> = spread("control", 0..12, 83)
        .chain(spread("hints", 20..21, 89))
        .collect();
    let single = &ask(of(&single), &[0.5])[0];
    assert!(single.inference.estimate.is_some() && single.inference.std_error.is_none());
    assert!(has(single, Code::SingleCluster) && has(single, Code::FewClusters));
    assert!(single.quantile_control.quantile_low.is_some());
    // Two clusters: one degree of freedom.
    let two: Vec<_> = spread("control", 0..12, 83)
        .chain(spread("hints", 20..22, 89))
        .collect();
    assert!(has(&ask(of(&two), &[0.5])[0], Code::TooLowDf));
    // Shared clusters.
    let shared: Vec<_> = spread("control", 0..12, 83)
        .chain(spread("hints", 6..18, 89))
        .collect();
    assert!(has(&ask(of(&shared), &[0.5])[0], Code::SharedClusters));
}

#[test]
fn refused() {
    let mut d = of(&[("control", 1, 1.0), ("hints", 2, 2.0)]);
    let mut message = |control: &str, p: f64, level: f64| {
        quantile_effects(&mut d, control, &[0.5, p], level)
            .unwrap_err()
            .message()
    };
    assert_eq!(
        message("x", 0.5, 0.95),
        "control condition \"x\" is not in the distribution"
    );
    assert_eq!(
        message("control", 1.0, 0.95),
        "probabilities must be between 0 and 1, got 1"
    );
    assert_eq!(
        message("control", f64::NAN, 0.95),
        "probabilities must be between 0 and 1, got NaN"
    );
    assert_eq!(
        message("control", 0.5, 95.0),
        "level must be between 0 and 1, got 95"
    );
    let error = quantile_effects(&mut of(&[("control", 1, 1.0)]), "control", &[0.5], 0.95);
    assert!(
        error
            .unwrap_err()
            .message()
            .contains("no condition besides")
    );
    let error = d.add(Some(f64::NAN), None, None).unwrap_err();
    assert_eq!(
        error.message(),
        "outcome of a distribution must be finite, got NaN"
    );
    assert!(matches!(
        d.add(None, Some(&[0xff]), None),
        Err(QuantileError::ConditionEncoding)
    ));
    assert!(d.add(None, Some(&[b'x'; 1001]), None).is_err());
}

#[test]
fn memory_is_charged_and_given_back() {
    let budget = Budget::new(20_000);
    let mut d = Distribution::new(&budget);
    let mut add = || d.add(Some(1.0), Some(b"a"), Some(Key::of_bigint(1)));
    let error = (0..10_000).find_map(|_| add().err()).unwrap();
    assert_eq!(error.class(), Class::LimitExceeded);
    assert!(budget.taken() > 10_000);
    drop(d);
    assert_eq!(budget.taken(), 0);
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = of(&[("a", 1, 1.0), ("a", 1, 2.0), ("b", 2, 3.0)]).encode();
    let read = |b: &[u8]| Distribution::decode(b, &Budget::unlimited());
    assert_eq!(read(&bytes).unwrap().encode(), bytes);
    for i in 0..bytes.len() {
        assert!(read(&bytes[..i]).is_err(), "cut at {i}");
        let mut damaged = bytes.clone();
        damaged[i] ^= 1;
        assert!(read(&damaged).is_err(), "changed at {i}");
    }
}

/// With a right digest the rest must still be in order.
#[test]
fn well_digested_nonsense_is_refused() {
    use xxhash_rust::xxh3::xxh3_64;
    let good = of(&[("a", 1, 1.0), ("a", 1, 2.0), ("b", 2, 3.0)]).encode();
    let sealed = |mut body: Vec<u8>| {
        let digest = xxh3_64(&body).to_le_bytes();
        body.extend(digest);
        Distribution::decode(&body, &Budget::unlimited())
    };
    let body = good[..good.len() - 8].to_vec();
    assert!(sealed(body.clone()).is_ok());
    let mut refused = 0;
    for i in 0..body.len() {
        for change in [1, 2, 0x80, 0xff] {
            let mut changed = body.clone();
            changed[i] ^= change;
            // What is read is stored as it was read.
            match sealed(changed.clone()) {
                Ok(mut d) => assert_eq!(d.encode()[..body.len()], changed[..], "byte {i}"),
                Err(_) => refused += 1,
            }
        }
        assert!(sealed(body[..i].to_vec()).is_err());
    }
    assert!(refused > 50, "{refused}");
    let mut longer = body;
    longer.push(0);
    assert!(sealed(longer).is_err());
}
