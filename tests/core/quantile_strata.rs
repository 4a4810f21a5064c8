//! Effects on quantiles within strata.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Report, number, read};
use proptest::prelude::*;
use rct_core::attrition::{LeeOptions, Trim, lee_bounds};
use rct_core::budget::Budget;
use rct_core::distribution::normal_lower;
use rct_core::effect::{Distribution, QuantileEffect, quantile_effects};
use rct_core::error::{Class, Explain};
use rct_core::note::{Code, Note};
use rct_core::random::{Purpose, Random};
use rct_core::regression::Strata;
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row};
use xxhash_rust::xxh3::xxh3_64;

/// A row: stratum, condition, cluster, outcome.
type Line<'a> = (Option<&'a str>, &'a str, i64, f64);

fn add(d: &mut Distribution, &(stratum, condition, cluster, y): &Line<'_>) {
    let stratum = stratum.map_or(Key::NONE, |s| Key::of_text(s.as_bytes()));
    let cluster = Some(Key::of_bigint(cluster));
    d.add_within(stratum, Some(y), Some(condition.as_bytes()), cluster)
        .unwrap();
}

fn of(lines: &[Line<'_>]) -> Distribution {
    let mut d = Distribution::new(&Budget::unlimited());
    lines.iter().for_each(|line| add(&mut d, line));
    d
}

fn ask(mut d: Distribution, probabilities: &[f64]) -> Vec<QuantileEffect> {
    quantile_effects(&mut d, "control", probabilities, 0.95).unwrap()
}

fn has(row: &QuantileEffect, code: Code) -> bool {
    row.notes.iter().any(|n| n.code == code)
}

/// A design of the reference data, stored and read again: file, and columns of outcome, condition, cluster and stratum.
fn design(path: &str, [y, condition, cluster, stratum]: [&str; 4]) -> Distribution {
    let table = read(path);
    let columns = [y, condition, cluster, stratum].map(|name| table.column(name));
    let mut d = Distribution::new(&Budget::unlimited());
    for row in &table.rows {
        let [y, condition, cluster, stratum] = columns.map(|at| row[at].as_str());
        let key = |text: &str| Key::of_text(text.as_bytes());
        let stratum = if stratum.is_empty() {
            Key::NONE
        } else {
            key(stratum)
        };
        d.add_within(
            stratum,
            number(y),
            Some(condition.as_bytes()),
            Some(key(cluster)),
        )
        .unwrap();
    }
    Distribution::decode(&d.encode(), &Budget::unlimited()).unwrap()
}

#[test]
fn as_rational_numbers_and_as_clubsandwich() {
    let star = "r01m_star_mlmrev/data.csv";
    let own = ["y", "arm", "cluster", "stratum"];
    let cases = [
        ("blocked", "quantiles_strata/blocked.csv", "control", own),
        ("equal", "quantiles_strata/equal.csv", "control", own),
        (
            "s08_strata_nested",
            "s08_strata_nested/data.csv",
            "control",
            ["y", "arm", "school_id", "stratum"],
        ),
        (
            "s09_strata_crossing",
            "s09_strata_crossing/data.csv",
            "0",
            ["y", "treat", "school_id", "grade"],
        ),
        (
            "star_schools",
            star,
            "regular",
            ["math", "arm", "school", "school_type"],
        ),
        (
            "star_teachers",
            star,
            "regular",
            ["read", "arm", "teacher", "school_type"],
        ),
    ];
    let probabilities = [0.07, 0.1, 0.25, 0.5, 0.7, 0.9];
    let exact = read("quantiles_strata/quantiles.csv");
    let shares = read("quantiles_strata/shares.csv");
    let differences = read("quantiles_strata/differences.csv");
    let mut report = Report::default();
    let mut limits = 0;
    for (name, path, control, columns) in cases {
        let mut d = design(path, columns);
        let rows = quantile_effects(&mut d, control, &probabilities, 0.95).unwrap();
        let rows90 = quantile_effects(&mut d, control, &probabilities, 0.90).unwrap();
        for (row, row90) in rows.iter().zip(&rows90) {
            assert_eq!(row.inference.std_error, row90.inference.std_error);
            let condition = &row.comparison.condition;
            let mine = |e: &&Vec<String>, p: usize| {
                e[0] == name && e[1] == *condition && number(&e[p]).unwrap() == row.probability
            };
            let e = exact.rows.iter().find(|e| mine(e, 2)).unwrap();
            let got = [row.quantile.quantile, row.quantile_control.quantile];
            assert_eq!(got, [number(&e[3]), number(&e[4])], "{e:?}");
            for e in shares.rows.iter().filter(|e| mine(e, 3)) {
                let (got, got90) = match e[2] == *condition {
                    true => (row.quantile, row90.quantile),
                    false => (row.quantile_control, row90.quantile_control),
                };
                let got = [
                    got.quantile_low,
                    got.quantile_high,
                    got90.quantile_low,
                    got90.quantile_high,
                ];
                let expected: Vec<Option<f64>> = e[8..12].iter().map(|t| number(t)).collect();
                assert_eq!(got[..], expected[..], "{e:?}");
                limits += 4;
            }
            let e = differences.rows.iter().find(|e| mine(e, 2)).unwrap();
            let what = |n: &str| format!("{name} {condition} {} {n}", row.probability);
            let got = &row.inference;
            // Few different outcomes have no standard error here, which R does not know.
            if got.std_error.is_none() && has(row, Code::FewValues) {
                continue;
            }
            report.check(what("estimate"), got.estimate, number(&e[3]), 0.0);
            report.check(what("std_error"), got.std_error, number(&e[4]), 0.0);
            report.check(what("df"), got.df, number(&e[5]), 0.0);
            report.check(what("p_value"), got.p_value, number(&e[6]), 0.0);
            report.check(what("ci_low"), got.ci_low, number(&e[7]), 1.0);
            report.check(what("ci_high"), got.ci_high, number(&e[8]), 1.0);
            assert_eq!(got.std_error.is_none(), e[4].is_empty(), "{e:?}");
        }
    }
    assert_eq!(limits, 108 * 4);
    report.finish(200);
}

#[test]
fn what_the_reference_designs_leave_out_is_said() {
    let own = ["y", "arm", "cluster", "stratum"];
    let rows = ask(design("quantiles_strata/blocked.csv", own), &[0.5]);
    // "only_b" and "no_a" for a, "only_b" for b.
    for (row, text) in rows.iter().zip(["1 of 7 strata", "1 of 8 strata"]) {
        let note = row
            .notes
            .iter()
            .find(|n| n.code == Code::UninformativeStrata);
        assert!(note.unwrap().text.starts_with(text), "{:?}", row.notes);
        assert!(has(row, Code::LeftOut) && row.inference.df.is_some());
    }
}

/// Strata with the same shares of conditions change nothing but the precision, and one stratum nothing at all.
#[test]
fn strata_of_equal_shares_leave_quantiles_as_they_are() {
    let lines = |stratum: fn(i64) -> Option<&'static str>| -> Vec<Line<'static>> {
        let row = |i: i64| {
            let cluster = i % 24;
            let condition = ["control", "hints"][(cluster % 2) as usize];
            let y = (i * 37 % 101) as f64 + 40.0 * (cluster / 2 % 3) as f64;
            (stratum(cluster / 2 % 3), condition, cluster, y)
        };
        (0..480).map(row).collect()
    };
    let probabilities: Vec<f64> = (1..100).map(|p| f64::from(p) / 100.0).collect();
    let without = ask(of(&lines(|_| None)), &probabilities);
    let one = ask(of(&lines(|_| Some("all"))), &probabilities);
    assert_eq!(one, without);
    let three = ask(
        of(&lines(|s| Some(["x", "y", "z"][s as usize]))),
        &probabilities,
    );
    let (mut narrower, mut compared) = (0, 0);
    for (within, without) in three.iter().zip(&without) {
        assert_eq!(within.quantile.quantile, without.quantile.quantile);
        assert_eq!(
            within.quantile_control.quantile,
            without.quantile_control.quantile
        );
        assert_eq!(within.inference.estimate, without.inference.estimate);
        let errors = within.inference.std_error.zip(without.inference.std_error);
        compared += errors.is_some() as usize;
        narrower += errors.is_some_and(|(a, b)| a < b) as usize;
    }
    assert!(
        compared > 40 && narrower * 10 > compared * 9,
        "{narrower} of {compared}"
    );
}

/// Where more of a good stratum was treated, plain quantiles differ without any effect.
#[test]
fn unequal_shares_are_weighed_out() {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (stratum, height, control, treated) in [("high", 100.0, 2, 8), ("low", 0.0, 8, 2)] {
        for (condition, clusters) in [("control", control), ("hints", treated)] {
            for _ in 0..clusters {
                let cluster = lines.len() as i64;
                let row = |y: u8| (Some(stratum), condition, cluster, height + f64::from(y));
                lines.extend((0..50).map(row));
            }
        }
    }
    let probabilities = [0.2, 0.5, 0.7, 0.9];
    for row in ask(of(&lines), &probabilities) {
        assert_eq!(row.inference.estimate, Some(0.0), "{}", row.probability);
    }
    lines.iter_mut().for_each(|line| line.0 = None);
    let plain = ask(of(&lines), &probabilities);
    assert!(plain[0].inference.estimate > Some(10.0));
}

/// Two strata, each with six clusters of either condition.
fn fine() -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (stratum, first) in [("x", 0), ("y", 100)] {
        for cluster in 0..12 {
            let condition = ["control", "hints"][cluster as usize % 2];
            let row = |i: i64| {
                let y = (cluster * 5 + i * 7) % 83 + first / 10;
                (Some(stratum), condition, first + cluster, y as f64)
            };
            lines.extend((0..20).map(row));
        }
    }
    lines
}

#[test]
fn what_strata_cannot_tell_is_null_with_a_note() {
    let row = &ask(of(&fine()), &[0.5])[0];
    assert!(row.inference.p_value.is_some() && row.notes.is_empty());
    // A stratum with one cluster of the control.
    let mut single = fine();
    single.retain(|l| l.0 != Some("y") || l.1 != "control" || l.2 == 102);
    let row = &ask(of(&single), &[0.5])[0];
    assert!(row.inference.estimate.is_some() && row.inference.std_error.is_none());
    assert!(row.quantile.quantile_low.is_some() && row.quantile_control.quantile_low.is_none());
    let text = "in 1 of 2 strata condition \"control\" is one cluster, so what varies between clusters there cannot be seen; no p-value and no interval";
    assert!(
        row.notes.contains(&Note::new(Code::SingleCluster, text)),
        "{:?}",
        row.notes
    );
    // All of a condition in one cluster.
    let mut alone = fine();
    alone
        .iter_mut()
        .filter(|l| l.1 == "hints")
        .for_each(|l| l.2 = 7);
    let row = &ask(of(&alone), &[0.5])[0];
    let text = "condition \"hints\" is one cluster, so";
    assert!(
        row.notes.iter().any(|n| n.text.starts_with(text)),
        "{:?}",
        row.notes
    );
    // A stratum with one condition is left out, as if it were not there.
    let mut more = fine();
    more.extend((0..60).map(|i| (Some("z"), "hints", 300 + i % 3, 1000.0)));
    let (with, without) = (&ask(of(&more), &[0.5, 0.9]), &ask(of(&fine()), &[0.5, 0.9]));
    for (with, without) in with.iter().zip(without) {
        assert_eq!(with.inference, without.inference);
        assert_eq!(with.quantile, without.quantile);
        let note = "1 of 3 strata have only one condition and contribute nothing to the effect";
        assert_eq!(with.notes, [Note::new(Code::UninformativeStrata, note)]);
        assert_eq!(with.comparison.n, without.comparison.n + 60);
    }
    // No stratum has both.
    let apart: Vec<_> = fine()
        .into_iter()
        .filter(|l| (l.0 == Some("x")) == (l.1 == "control"))
        .collect();
    let row = &ask(of(&apart), &[0.5])[0];
    assert!(row.quantile.quantile.is_none() && row.inference.estimate.is_none());
    assert!(has(row, Code::AliasedCondition) && has(row, Code::UninformativeStrata));
    // Rows without a stratum are one of their own.
    let mut none = fine();
    none.iter_mut()
        .filter(|l| l.0 == Some("x"))
        .for_each(|l| l.0 = None);
    assert_eq!(
        ask(of(&none), &[0.5])[0].inference,
        ask(of(&fine()), &[0.5])[0].inference
    );
    // A condition without rows has nothing to be weighted to.
    let mut d = of(&fine());
    d.add(None, Some(b"video"), Some(Key::of_bigint(1)))
        .unwrap();
    let rows = ask(d, &[0.5]);
    let (hints, video) = (&rows[0], &rows[1]);
    assert!(has(video, Code::NoRows) && !has(video, Code::UninformativeStrata));
    assert!(video.quantile_control.quantile.is_some() && video.quantile.quantile.is_none());
    assert_eq!(
        video.quantile_control.quantile,
        hints.quantile_control.quantile
    );
}

/// Of two standard normal distributions, the second with this share and at this height: by halving.
fn mixture_quantile(share: f64, height: f64, p: f64) -> f64 {
    let (mut low, mut high) = (-10.0, 10.0);
    while high - low > 1e-12 {
        let y = (low + high) / 2.0;
        let reached = (1.0 - share) * normal_lower(y) + share * normal_lower(y - height);
        if reached < p { low = y } else { high = y }
    }
    low
}

#[test]
fn coverage_within_strata() {
    let seed = "coverage of quantiles within strata";
    println!("seed \"{seed}\"");
    let (runs, icc): (u64, f64) = (1000, 0.15);
    let probabilities = [0.25, 0.5, 0.75];
    // Height of the stratum and clusters of either condition: most are treated where outcomes are high.
    let plan = [(0.0, 14, 6), (1.5, 6, 14)];
    let (mut arm, mut difference) = ([0_u64; 3], [0_u64; 3]);
    for run in 0..runs {
        let mut random = Random::new(seed, Purpose::Simulation, run);
        let mut d = Distribution::new(&Budget::unlimited());
        let (mut cluster, mut high, mut all) = (0, 0.0, 0.0);
        for (height, control, treated) in plan {
            for (name, effect, clusters) in [("control", 0.0, control), ("hints", 0.5, treated)] {
                for _ in 0..clusters {
                    cluster += 1;
                    let own = random.normal() * icc.sqrt();
                    for _ in 0..10 + random.below(21) {
                        let y = own + random.normal() * (1.0 - icc).sqrt();
                        all += 1.0;
                        high += f64::from(u8::from(height > 0.0));
                        d.add_within(
                            Key::of_bigint(height as i64),
                            Some(height + effect + y),
                            Some(name.as_bytes()),
                            Some(Key::of_bigint(cluster)),
                        )
                        .unwrap();
                    }
                }
            }
        }
        let rows = quantile_effects(&mut d, "control", &probabilities, 0.95).unwrap();
        for (i, row) in rows.iter().enumerate() {
            let control = row.quantile_control;
            // The shares of the strata are those there are.
            let truth = mixture_quantile(high / all, plan[1].0, probabilities[i]);
            let inside =
                |low: Option<f64>, high: Option<f64>, v| low.unwrap() <= v && v <= high.unwrap();
            arm[i] += inside(control.quantile_low, control.quantile_high, truth) as u64;
            difference[i] += inside(row.inference.ci_low, row.inference.ci_high, 0.5) as u64;
        }
    }
    println!("of {runs} runs: arm {arm:?}, difference {difference:?}");
    for covered in arm.into_iter().chain(difference) {
        assert!((920..=980).contains(&covered), "{covered} of {runs}");
    }
}

fn lines() -> impl Strategy<Value = Vec<Line<'static>>> {
    let stratum = prop::sample::select(vec![None, Some("x"), Some("y")]);
    let condition = prop::sample::select(vec!["a", "b", "control"]);
    let row = (stratum, condition, 0..5_i64, -2..3_i8).prop_map(|(s, c, g, y)| (s, c, g, y.into()));
    prop::collection::vec(row, 0..60)
}

proptest! {
    #[test]
    fn any_order_and_any_merge_give_the_same_bytes(
        rows in lines(), keys in prop::collection::vec(any::<u32>(), 60), cut in any::<prop::sample::Index>(),
    ) {
        let whole = of(&rows).encode();
        let mut order: Vec<(u32, Line<'_>)> = keys.into_iter().zip(rows.clone()).collect();
        order.sort_by_key(|r| r.0);
        let shuffled: Vec<Line<'_>> = order.into_iter().map(|r| r.1).collect();
        prop_assert_eq!(&of(&shuffled).encode(), &whole);
        let (one, other) = shuffled.split_at(cut.index(shuffled.len() + 1));
        let mut merged = of(one);
        merged.merge(&of(other)).unwrap();
        // Rows may follow when it was read in between.
        prop_assert_eq!(&merged.encode(), &whole);
        let mut stored = Distribution::decode(&of(one).encode(), &Budget::unlimited()).unwrap();
        other.iter().for_each(|line| add(&mut stored, line));
        prop_assert_eq!(&stored.encode(), &whole);
        let mut went_on = of(one);
        went_on.encode();
        other.iter().for_each(|line| add(&mut went_on, line));
        prop_assert_eq!(&went_on.encode(), &whole);
    }
}

#[test]
fn a_distribution_without_strata_is_as_small_as_can_be() {
    let plain: Vec<Line<'_>> = fine().into_iter().map(|l| (None, l.1, l.2, l.3)).collect();
    let bytes = of(&plain).encode();
    let head = 3 + 8 + 2 + 8;
    let conditions = ["control", "hints"].map(|c| 2 + c.len() + 8 + 8 + 4);
    let clusters = 24 * (16 + 8);
    let expected = head + conditions.iter().sum::<usize>() + clusters + 480 * 8;
    assert_eq!(bytes.len(), expected);
    // Each stratum of each condition adds its digest and a count, and there is a count of strata for each condition.
    assert_eq!(
        of(&fine()).encode().len(),
        expected - 2 * 4 + 2 * (4 + 2 * 20)
    );
    let mut d = Distribution::new(&Budget::unlimited());
    for (_, condition, cluster, y) in plain {
        d.add(
            Some(y),
            Some(condition.as_bytes()),
            Some(Key::of_bigint(cluster)),
        )
        .unwrap();
    }
    assert_eq!(d.encode(), bytes);
}

fn small() -> Vec<u8> {
    of(&[
        (Some("x"), "a", 1, 1.0),
        (Some("x"), "a", 1, 2.0),
        (Some("y"), "a", 1, 2.0),
        (None, "b", 2, 3.0),
        (Some("x"), "b", 3, 3.0),
    ])
    .encode()
}

fn sealed(mut body: Vec<u8>) -> Result<Distribution, rct_core::effect::QuantileError> {
    let digest = xxh3_64(&body).to_le_bytes();
    body.extend(digest);
    Distribution::decode(&body, &Budget::unlimited())
}

#[test]
fn damaged_bytes_are_refused() {
    let bytes = small();
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
    let good = small();
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
    assert!(refused > 100, "{refused}");
    let why = |body: Vec<u8>| sealed(body).unwrap_err().message();
    let mut unclear = body.clone();
    unclear[2] = 2;
    assert!(why(unclear).ends_with("it is unclear if it has strata"));
    // No stratum but that of rows without one: there is another form for that.
    let plain = of(&[(None, "a", 1, 1.0)]).encode();
    let mut claimed = plain[..plain.len() - 8].to_vec();
    claimed[2] = 1;
    let at = 3 + 8 + 2 + 2 + 1 + 8 + 8;
    claimed.splice(at..at, [&1_u32.to_le_bytes()[..], &[0; 16]].concat());
    assert!(why(claimed.clone()).ends_with("it has no row with a stratum"));
    // A stratum, but without clusters; and twice the same one.
    claimed[at + 4] = 1;
    assert!(sealed(claimed.clone()).is_ok());
    let mut empty = claimed[..at + 24].to_vec();
    empty[at + 20..].fill(0);
    assert!(why(empty).ends_with("a stratum has no cluster"));
    let mut twice = claimed.clone();
    twice[at] = 2;
    let stratum = claimed[at + 4..].to_vec();
    twice.extend(&stratum);
    assert!(why(twice.clone()).ends_with("strata are out of order"));
    twice[claimed.len()] = 2;
    assert!(sealed(twice).is_ok());
}

#[test]
fn memory_is_charged_and_given_back() {
    let budget = Budget::new(20_000);
    let mut d = Distribution::new(&budget);
    let mut add = |i: i64| {
        let (stratum, cluster) = (Key::of_bigint(i), Some(Key::of_bigint(1)));
        d.add_within(stratum, Some(1.0), Some(b"a"), cluster)
    };
    // 64 bytes for the stratum, as many for its cluster, and 16 for the row.
    let places = (0..10_000).find(|i| add(*i).is_err()).unwrap();
    assert!((100..145).contains(&places), "{places}");
    assert!(budget.taken() > 10_000);
    // An analysis needs more, and an error does not keep it.
    let taken = budget.taken();
    budget.set_limit(taken + 1000);
    let error = quantile_effects(&mut d, "a", &[0.5], 0.95).unwrap_err();
    assert_eq!(error.class(), Class::LimitExceeded);
    assert_eq!(budget.taken(), taken);
    drop(d);
    assert_eq!(budget.taken(), 0);
}

/// Lee's bounds take strata from the sketch: those of the distribution, and clusters that lie in several, change nothing.
#[test]
fn lee_bounds_do_not_see_the_strata() {
    let budget = Budget::unlimited();
    let mut sketch = Builder::new(Columns::parse("y").unwrap(), &budget);
    let mut plain = Distribution::new(&budget);
    let mut within = Distribution::new(&budget);
    for i in 0..400_i64 {
        let condition = ["control", "hints"][i as usize % 2].as_bytes();
        let seen = i % 7 != 0 && (i % 2 == 1 || i % 5 != 0);
        let y = seen.then_some((i * 37 % 101) as f64);
        let (cluster, stratum) = (i % 16, Key::of_bigint(i / 2 % 3));
        let key = Some(Key::of_bigint(cluster));
        plain.add(y, Some(condition), key).unwrap();
        within.add_within(stratum, y, Some(condition), key).unwrap();
        sketch
            .add(&Row {
                condition: Some(condition),
                cluster: Some(Cluster::Number(cluster)),
                stratum,
                values: &[Some(f64::from(u8::from(seen)))],
            })
            .unwrap();
    }
    let sketch = sketch.sketch().unwrap();
    let options = LeeOptions {
        trim: Trim::Fractional,
        strata: Strata::Ignore,
        level: 0.95,
    };
    let bounds = |d: &mut Distribution| {
        lee_bounds(d, &sketch.first().unwrap(), "control", &options).unwrap()
    };
    let expected = bounds(&mut plain);
    assert!(expected[0].low.is_some());
    assert_eq!(bounds(&mut within), expected);
}
