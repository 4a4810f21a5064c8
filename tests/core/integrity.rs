//! Whether the experiment ran as designed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use oracle::{Model, PLAIN, Report, sketch};
use rct_core::budget::Budget;
use rct_core::error::Explain;
use rct_core::integrity::*;
use rct_core::note::Note;
use rct_core::random::{Purpose, Random};
use rct_core::regression::Strata;
use rct_core::sketch::{Builder, Cluster, Columns, Key, Row, Sketch};
use serde_json::Value;

fn json(path: &str) -> Value {
    let path = format!("{}/../../tests/oracle/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn reals(v: &Value) -> Vec<f64> {
    v.as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

fn counts(v: &Value) -> Vec<u64> {
    reals(v).into_iter().map(|x| x as u64).collect()
}

#[test]
fn one_table_agrees_with_the_reference() {
    let mut report = Report::default();
    let file = json("tables/srm.json");
    for row in file["rows"].as_array().unwrap() {
        let (observed, ratio) = (counts(&row["observed"]), reals(&row["expected_ratio"]));
        let got = srm(&observed, Some(&ratio), None, 0.001).unwrap();
        let what = format!("{observed:?}");
        report.check(
            format!("{what} chi2"),
            got.chi2,
            row["chi2"].as_f64(),
            1e-12,
        );
        report.check(
            format!("{what} df"),
            Some(got.df as f64),
            row["df"].as_f64(),
            1.0,
        );
        report.check(format!("{what} p"), got.p_value, row["p"].as_f64(), 0.0);
        let log10 = got.p_value.unwrap().log10();
        assert!(
            (log10 - row["log10_p"].as_f64().unwrap()).abs() < 1e-6,
            "{what}: {log10}"
        );
        for (e, expected) in got.expected_counts.iter().zip(reals(&row["expected"])) {
            report.check(format!("{what} expected"), Some(*e), Some(expected), 1.0);
        }
        if let Some(exact) = row["exact_binomial_p"].as_f64() {
            report.check(format!("{what} exact"), got.p_exact, Some(exact), 0.0);
        }
    }
    report.finish(40);
}

#[test]
fn exact_p_values_agree_with_the_reference() {
    let mut report = Report::default();
    let file = json("integrity/counts.json");
    let int = |v: &Value| v.as_u64().unwrap();
    for r in file["binomial"].as_array().unwrap() {
        let p = binomial_two_sided(int(&r["x"]), int(&r["n"]), r["p"].as_f64().unwrap());
        report.check(format!("binomial {r}"), p, r["two_sided"].as_f64(), 0.0);
    }
    for r in file["hypergeometric"].as_array().unwrap() {
        let p = hypergeometric_two_sided(
            int(&r["x"]),
            int(&r["total"]),
            int(&r["marked"]),
            int(&r["drawn"]),
        );
        report.check(
            format!("hypergeometric {r}"),
            p,
            r["two_sided"].as_f64(),
            0.0,
        );
    }
    for r in file["multinomial"].as_array().unwrap() {
        let p = multinomial_two_sided(&counts(&r["observed"]), &reals(&r["shares"]));
        report.check(format!("multinomial {r}"), p, r["two_sided"].as_f64(), 0.0);
    }
    report.finish(20);
}

#[test]
fn a_multinomial_of_two_is_a_binomial() {
    for n in [1u64, 2, 7, 30, 200] {
        for x in (0..=n).step_by(1 + n as usize / 10) {
            let a = multinomial_two_sided(&[x, n - x], &[0.3, 0.7]).unwrap();
            let b = binomial_two_sided(x, n, 0.3).unwrap();
            assert!((a / b - 1.0).abs() < 1e-10, "{x} of {n}: {a} {b}");
        }
    }
    assert_eq!(binomial_two_sided(1, 2_000_000_000, 0.5), None);
    assert_eq!(binomial_two_sided(3, 2, 0.5), None);
    assert_eq!(hypergeometric_two_sided(5, 10, 4, 6), None);
    assert_eq!(multinomial_two_sided(&[1000; 5], &[0.2; 5]), None);
}

#[test]
fn verdicts() {
    let got = srm(
        &[500, 500, 1],
        Some(&[1.0, 1.0, 0.0]),
        Some(&["a".into(), "b".into(), "c".into()]),
        0.001,
    )
    .unwrap();
    assert_eq!((got.n, got.df, got.verdict), (1000, 1, Some(Verdict::Leak)));
    assert_eq!(got.chi2, Some(0.0));
    assert_eq!(
        got.notes.iter().map(Note::to_string).collect::<Vec<_>>(),
        ["leak: 1 unit in condition \"c\" of weight 0, where there can be none"]
    );
    assert_eq!(
        srm(&[5300, 4700], None, None, 0.001).unwrap().verdict,
        Some(Verdict::Mismatch)
    );
    // The exact p-value decides on small counts: 0 of 10 has 0.00157 by chi-squared and exactly 0.00195.
    let small = srm(&[0, 10], None, None, 0.0018).unwrap();
    assert!(small.p_value.unwrap() < 0.0018 && small.p_exact.unwrap() > 0.0018);
    assert_eq!(small.verdict, Some(Verdict::Ok));
    let none = srm(&[0, 0], None, None, 0.001).unwrap();
    assert_eq!(
        (none.chi2, none.p_value, none.p_exact, none.verdict),
        (None, None, None, None)
    );
    assert!(none.notes[0].to_string().starts_with("no_units"));
    let wide = srm(&[100; 40], None, None, 0.001).unwrap();
    assert!(wide.p_exact.is_none() && wide.notes[0].to_string().starts_with("no_exact"));
}

#[test]
fn what_is_refused() {
    let message = |r: Result<Srm, rct_core::error::Invalid>| r.unwrap_err().message();
    assert_eq!(
        message(srm(&[1], None, None, 0.1)),
        "counts must be for 2 to 1000 conditions, got 1"
    );
    assert_eq!(
        message(srm(&[1, 2], Some(&[1.0]), None, 0.1)),
        "expected must be as long as the list of counts, got 1 weights for 2 counts"
    );
    assert_eq!(
        message(srm(&[1, 2], Some(&[1.0, 0.0]), None, 0.1)),
        "expected must be weights of which at least two are above 0, got 1"
    );
    assert!(message(srm(&[1, 2], Some(&[1.0, -1.0]), None, 0.1)).contains("-1"));
    assert!(message(srm(&[1, 2], Some(&[1.0, f64::NAN]), None, 0.1)).contains("NaN"));
    assert!(message(srm(&[1, 2], None, None, 1.0)).starts_with("level"));
    assert!(message(srm(&[1, 2], None, Some(&["a".into()]), 0.1)).starts_with("conditions"));
    assert!(srm_sequential(&[1, 2], None, 0.0, 0.1).is_err());
    assert!(srm_looks(&[1, 2, 3], 2, None, 1.0, 0.1).is_err());
    assert!(srm_looks(&[1, 2, 0, 3], 2, None, 1.0, 0.1).is_err());
}

#[test]
fn strata_together() {
    let strata: Vec<Option<String>> = ["n", "n", "s", "s"]
        .iter()
        .map(|s| Some((*s).to_owned()))
        .collect();
    let conditions: Vec<String> = ["a", "b", "a", "b"]
        .iter()
        .map(|s| (*s).to_owned())
        .collect();
    let rows = srm_by_stratum(&strata, &conditions, &[60, 40, 120, 80], None, 0.05).unwrap();
    // With the same weights everywhere, all together is the test of the totals.
    let totals = srm(&[180, 120], None, None, 0.05).unwrap();
    assert!((rows[2].srm.chi2.unwrap() / totals.chi2.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(rows[2].scope, Scope::Combined);
    assert_eq!(rows[2].counts, [180, 120]);
    let (p0, p1) = (rows[0].srm.p_exact.unwrap(), rows[1].srm.p_exact.unwrap());
    assert!(p1 < p0);
    assert_eq!(rows[1].p_holm, Some(2.0 * p1));
    assert_eq!(rows[0].p_holm, Some(p0.max(2.0 * p1)));
    assert!((rows[2].srm.p_exact.unwrap() / totals.p_exact.unwrap() - 1.0).abs() < 1e-10);
    // Opposite shifts cancel.
    let rows = srm_by_stratum(&strata, &conditions, &[60, 40, 40, 60], None, 0.05).unwrap();
    assert!(rows[2].srm.chi2.unwrap() < 1e-20);
    // A condition that a stratum lacks counts 0 there; its weight is that of its first row.
    let rows = srm_by_stratum(
        &strata[..3],
        &conditions[..3],
        &[10, 20, 6],
        Some(&[1.0, 2.0, 1.0]),
        0.05,
    )
    .unwrap();
    assert_eq!(rows[1].counts, [6, 0]);
    assert!((rows[1].srm.expected_counts[1] - 4.0).abs() < 1e-12);
    assert!(srm_by_stratum(&strata, &vec!["a".to_owned(); 4], &[1, 2, 3, 4], None, 0.05).is_err());
    assert!(
        srm_by_stratum(
            &vec![None; 3],
            &["a".into(), "b".into(), "a".into()],
            &[1, 2, 3],
            None,
            0.05
        )
        .is_err()
    );
}

fn blocks(
    rows: &[Vec<u64>],
    arms: usize,
) -> (Vec<Option<String>>, Vec<String>, Vec<u64>, Vec<u64>) {
    let mut out = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (s, row) in rows.iter().enumerate() {
        for a in 0..arms {
            out.0.push(Some(s.to_string()));
            out.1.push(a.to_string());
            out.2.push(row[a]);
            out.3.push(row[arms + a]);
        }
    }
    out
}

#[test]
fn fixed_counts_agree_with_cochran_mantel_haenszel() {
    let mut report = Report::default();
    let file = json("integrity/counts.json");
    let rows: Vec<Vec<u64>> = file["blocks"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(counts)
        .collect();
    let (s, c, m, o) = blocks(&rows, 2);
    let got = srm_blocked(&s, &c, &m, &o, 0.001).unwrap();
    let all = &got.last().unwrap().srm;
    report.check(
        "chi2".into(),
        all.chi2,
        file["blocks"]["chi2"].as_f64(),
        0.0,
    );
    report.check("p".into(), all.p_value, file["blocks"]["p"].as_f64(), 0.0);
    let exact = json("integrity/balance.json")["blocks_exact_p"].as_f64();
    report.check("exact p".into(), all.p_exact, exact, 0.0);
    // Nobody is lost in the fourth stratum.
    assert!(got[3].srm.notes[0].to_string().starts_with("complete") && got[3].p_holm.is_none());
    assert_eq!(got[3].srm.verdict, Some(Verdict::Ok));
    let complete = srm_blocked(&s, &c, &m, &m, 0.001).unwrap();
    let all = &complete.last().unwrap().srm;
    assert_eq!((all.verdict, all.p_value), (Some(Verdict::Ok), None));
    assert!(all.notes[0].to_string().starts_with("complete"));
    let nobody = srm_blocked(&s, &c, &m, &vec![0; m.len()], 0.001).unwrap();
    assert_eq!(nobody.last().unwrap().srm.verdict, None);

    let r = json("integrity/balance.json");
    let part =
        |k: &str| -> Vec<Vec<u64>> { r["cmh"][k].as_array().unwrap().iter().map(counts).collect() };
    let rows: Vec<Vec<u64>> = part("assigned")
        .into_iter()
        .zip(part("observed"))
        .map(|(a, b)| [a, b].concat())
        .collect();
    let (s, c, m, o) = blocks(&rows, 3);
    let all = srm_blocked(&s, &c, &m, &o, 0.001)
        .unwrap()
        .pop()
        .unwrap()
        .srm;
    report.check(
        "chi2 of three".into(),
        all.chi2,
        r["cmh"]["chi2"].as_f64(),
        0.0,
    );
    report.check(
        "p of three".into(),
        all.p_value,
        r["cmh"]["p"].as_f64(),
        0.0,
    );
    assert_eq!(all.df, 2);
    report.finish(5);

    let leak = srm_blocked(
        &s,
        &c,
        &m,
        &m.iter().map(|m| m + 1).collect::<Vec<_>>(),
        0.001,
    )
    .unwrap();
    assert!(leak.iter().all(|r| r.srm.verdict == Some(Verdict::Leak)));
}

#[test]
fn e_values_agree_with_the_reference() {
    let mut report = Report::default();
    for r in json("integrity/counts.json")["e_values"]
        .as_array()
        .unwrap()
    {
        let got = srm_sequential(
            &counts(&r["observed"]),
            Some(&reals(&r["shares"])),
            r["k"].as_f64().unwrap(),
            0.05,
        )
        .unwrap();
        report.check(format!("{r}"), got.log_e, r["log_e"].as_f64(), 1e-3);
    }
    report.finish(6);
    let got = srm_sequential(&[5300, 4700], None, 100.0, 0.001).unwrap();
    assert!((got.log_e.unwrap() - 15.524).abs() < 5e-4 && got.alarm);
    let got = srm_sequential(&[520, 480], None, 100.0, 0.001).unwrap();
    assert!((got.log_e.unwrap() + 0.473).abs() < 5e-4 && !got.alarm && got.p_value == 1.0);
    let huge = srm_sequential(&[200_000, 100_000], None, 100.0, 0.001).unwrap();
    assert!(huge.e_value.is_none() && huge.log_e.unwrap() > 710.0 && huge.alarm);
    let leak = srm_sequential(&[5, 5, 1], Some(&[1.0, 1.0, 0.0]), 100.0, 0.001).unwrap();
    assert!(leak.alarm && leak.p_value == 0.0 && leak.log_e.is_none());
    let series = srm_looks(&[50, 50, 160, 90, 210, 190], 2, None, 100.0, 0.05).unwrap();
    assert_eq!(
        series[2].p_running,
        series[1]
            .p_value
            .min(series[0].p_value)
            .min(series[2].p_value)
    );
    assert!(series[1].p_value < series[2].p_value && series[2].alarm);
}

#[test]
fn false_alarms_over_many_looks_stay_rare() {
    // 150 looks, 100 units each.
    let (seed, runs) = ("looks", 2000);
    println!("seed {seed:?}");
    let mut alarms = 0;
    for run in 0..runs {
        let mut random = Random::new(seed, Purpose::Simulation, run);
        let (mut a, mut looks) = (0u64, Vec::new());
        for look in 1..=150u64 {
            a += (0..2)
                .map(|i| {
                    let bits = random.bits();
                    (if i == 0 { bits } else { bits >> 28 }).count_ones() as u64
                })
                .sum::<u64>();
            looks.extend([a, look * 100 - a]);
        }
        alarms += u64::from(
            srm_looks(&looks, 2, None, 100.0, 0.05)
                .unwrap()
                .last()
                .unwrap()
                .alarm,
        );
    }
    let rate = alarms as f64 / runs as f64;
    println!("{alarms} of {runs}");
    assert!((0.01..0.035).contains(&rate), "{rate}");
}

const S08: Model<'static> = Model {
    design: "s08_strata_nested",
    stratum: Some("stratum"),
    covariates: &["x", "female"],
    ..PLAIN
};

#[test]
fn balance_agrees_with_the_reference() {
    let mut report = Report::default();
    let file = json("integrity/balance.json");
    let unstratified = Model {
        design: "s02_unequal_sizes",
        covariates: &["x", "female"],
        ..PLAIN
    };
    for (id, model) in [("s08", &S08), ("s02", &unstratified)] {
        let s = sketch(model);
        let rows = balance(&s.first().unwrap(), "0", Strata::Absorb).unwrap();
        for (row, expected) in rows.iter().zip(file[id]["each"].as_array().unwrap()) {
            let what = format!("{id} {}", row.comparison.outcome);
            assert_eq!(expected["covariate"], row.comparison.outcome);
            let value = |k: &str| expected[k].as_f64();
            report.check(
                format!("{what} difference"),
                row.inference.estimate,
                value("difference"),
                1e-3,
            );
            report.check(
                format!("{what} se"),
                row.inference.std_error,
                value("se"),
                0.0,
            );
            report.check(format!("{what} df"), row.inference.df, value("df"), 0.0);
            report.check(format!("{what} p"), row.inference.p_value, value("p"), 0.0);
            let n = (row.comparison.n + row.comparison.n_control) as f64;
            let g = value("difference").unwrap() / value("pooled_sd").unwrap()
                * (1.0 - 3.0 / (4.0 * n - 9.0));
            report.check(format!("{what} g"), row.standardized, Some(g), 1e-3);
        }
        let joint = balance_joint(&s.first().unwrap(), "0", Strata::Absorb)
            .unwrap()
            .remove(0);
        let value = |k: &str| file[id]["joint"][k].as_f64();
        report.check(format!("{id} F"), joint.test.f, value("f"), 0.0);
        report.check(format!("{id} df"), joint.test.df_den, value("df_den"), 0.0);
        report.check(
            format!("{id} df_num"),
            joint.test.df_num,
            value("df_num"),
            0.0,
        );
        report.check(format!("{id} p"), joint.test.p_value, value("p"), 0.0);
    }
    report.finish(28);
    assert!(
        balance_joint(
            &sketch(&Model {
                design: "s08_strata_nested",
                ..PLAIN
            })
            .first()
            .unwrap(),
            "0",
            Strata::Absorb
        )
        .is_err()
    );
    let categories: Vec<_> = balance(&sketch(&S08).first().unwrap(), "0", Strata::Absorb)
        .unwrap()
        .iter()
        .map(|b| b.category)
        .collect();
    assert_eq!(categories, [Some("adjust"), Some("satisfied")]);
}

#[test]
fn a_covariate_that_is_another_is_left_away() {
    let twice = Model {
        covariates: &["x", "x", "female"],
        ..S08
    };
    let (a, b) = (
        balance_joint(&sketch(&S08).first().unwrap(), "0", Strata::Absorb)
            .unwrap()
            .remove(0),
        balance_joint(&sketch(&twice).first().unwrap(), "0", Strata::Absorb)
            .unwrap()
            .remove(0),
    );
    assert!((a.test.f.unwrap() / b.test.f.unwrap() - 1.0).abs() < 1e-9);
    assert_eq!((a.covariates, b.covariates), (2, 2));
    assert!(
        b.notes
            .iter()
            .any(|n| n.to_string().starts_with("aliased_covariate: covariate 2"))
    );
}

fn made(rows: &[(&str, &str, &str, f64)]) -> Sketch {
    let budget = Budget::unlimited();
    let columns = Columns::parse("y; exposure: exposed").unwrap();
    let mut b = Builder::new(columns, &budget);
    for (condition, cluster, stratum, exposed) in rows {
        b.add(&Row {
            condition: Some(condition.as_bytes()),
            cluster: Some(Cluster::Digest(Key::of_text(cluster.as_bytes()))),
            stratum: Key::of_text(stratum.as_bytes()),
            values: &[Some(1.0), Some(*exposed)],
        })
        .unwrap();
    }
    Sketch::decode(&b.sketch().unwrap().encode(), &budget).unwrap()
}

#[test]
fn patterns_of_a_sketch() {
    let clean = made(&[
        ("a", "1", "n", 0.0),
        ("b", "2", "n", 1.0),
        ("a", "3", "s", 0.0),
        ("b", "4", "s", 1.0),
    ]);
    let names = ["a".to_owned(), "b".to_owned()];
    assert_eq!(
        impossible_patterns(
            &clean.first().unwrap(),
            Some("a"),
            Some(&names),
            Some(&[1.0, 1.0])
        )
        .unwrap(),
        []
    );
    let found = |s: &Sketch| -> Vec<&'static str> {
        impossible_patterns(&s.first().unwrap(), Some("a"), Some(&names), None)
            .unwrap()
            .iter()
            .map(|p| p.code)
            .collect()
    };
    assert_eq!(
        found(&made(&[("a", "1", "n", 0.0), ("b", "1", "n", 1.0)])),
        ["unit_in_two_conditions"]
    );
    assert_eq!(
        found(&made(&[
            ("a", "1", "n", 0.0),
            ("b", "2", "n", 1.0),
            ("b", "3", "s", 1.0)
        ])),
        ["stratum_in_one_condition"]
    );
    assert_eq!(
        found(&made(&[
            ("a", "1", "n", 0.0),
            ("b", "2", "n", 1.0),
            ("a", "1", "s", 0.0),
            ("b", "3", "s", 0.0)
        ])),
        ["unit_in_two_strata"]
    );
    assert_eq!(
        found(&made(&[("a", "1", "n", 0.5), ("c", "2", "n", 1.0)])),
        ["condition_of_weight_0", "exposed_control"]
    );
    let zero = impossible_patterns(
        &clean.first().unwrap(),
        None,
        Some(&names),
        Some(&[1.0, 0.0]),
    )
    .unwrap();
    assert_eq!(
        (zero[0].code, zero[0].place.as_deref()),
        ("condition_of_weight_0", Some("b"))
    );
    assert!(impossible_patterns(&clean.first().unwrap(), Some("z"), None, None).is_err());
    assert!(impossible_patterns(&clean.first().unwrap(), None, None, Some(&[1.0])).is_err());
}

#[test]
fn clusters_and_students_of_a_sketch() {
    let s = made(&[
        ("a", "1", "n", 0.0),
        ("a", "1", "n", 0.0),
        ("a", "1", "n", 0.0),
        ("a", "2", "n", 0.0),
        ("b", "3", "n", 1.0),
        ("b", "4", "n", 1.0),
        ("b", "5", "s", 1.0),
        ("b", "5", "s", 1.0),
    ]);
    let got = srm_of_sketch(&s.first().unwrap(), None, None, 0.001).unwrap();
    assert_eq!((got.counts.as_slice(), got.students), (&[2, 3][..], 8));
    // Sizes 3, 1, 1, 1, 2: D = 4 - 4 = 0.
    assert!((got.students_p.unwrap() - 1.0).abs() < 1e-12);
    let got = srm_of_sketch(&s.first().unwrap(), Some(&[3.0, 1.0]), None, 0.001).unwrap();
    // D = 4 - 6 = -2, Var = (9 + 1 + 1 + 1 + 4) * 3/16 = 3.
    let expected = rct_core::distribution::chi_squared_upper(4.0 / 3.0, 1.0).unwrap();
    assert!((got.students_p.unwrap() / expected - 1.0).abs() < 1e-12);
    let got = srm_of_sketch(
        &s.first().unwrap(),
        None,
        Some(&["b".into(), "c".into()]),
        0.001,
    )
    .unwrap();
    assert_eq!(got.conditions, ["b", "c", "a"]);
    assert_eq!(
        (got.counts.as_slice(), got.clusters.verdict),
        (&[3, 0, 2][..], Some(Verdict::Leak))
    );
    assert!(
        srm_of_sketch(
            &s.first().unwrap(),
            None,
            Some(&["a".into(), "a".into()]),
            0.001
        )
        .is_err()
    );
    let shared = srm_of_sketch(
        &made(&[("a", "1", "n", 0.0), ("b", "1", "n", 0.0)])
            .first()
            .unwrap(),
        None,
        None,
        0.001,
    )
    .unwrap();
    assert!(
        shared.students_p.is_none()
            && shared
                .clusters
                .notes
                .iter()
                .any(|n| n.to_string().starts_with("shared_clusters"))
    );
}
