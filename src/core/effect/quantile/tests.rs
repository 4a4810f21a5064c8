//! Shares and their precision: against R, and against matrices that are written out.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::Distribution;
use super::arm::Arm;
use super::spread::Overlap;
use super::target::Target;
use crate::budget::Budget;
use crate::sketch::Key;
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A row: stratum, cluster, condition, outcome. An empty stratum is none.
type Line = (String, String, String, f64);

/// A table of numbers of other software, by column names.
fn table(path: &str) -> Vec<impl Fn(&str) -> String> {
    let path = format!("{}/../../tests/oracle/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let fields = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut lines = text.lines().map(fields);
    let header = lines.next().unwrap();
    let row = |row: Vec<String>| {
        let header = header.clone();
        move |name: &str| row[header.iter().position(|h| h == name).unwrap()].clone()
    };
    lines.map(row).collect()
}

fn rows(design: &str) -> Vec<Line> {
    let (path, columns) = match design {
        "blocked" | "equal" => (
            format!("quantiles_strata/{design}.csv"),
            ["stratum", "cluster", "arm", "y"],
        ),
        "s08_strata_nested" => (
            format!("{design}/data.csv"),
            ["stratum", "school_id", "arm", "y"],
        ),
        "s09_strata_crossing" => (
            format!("{design}/data.csv"),
            ["grade", "school_id", "treat", "y"],
        ),
        "star_schools" => (
            "r01m_star_mlmrev/data.csv".to_owned(),
            ["school_type", "school", "arm", "math"],
        ),
        "star_teachers" => (
            "r01m_star_mlmrev/data.csv".to_owned(),
            ["school_type", "teacher", "arm", "read"],
        ),
        other => panic!("{other}"),
    };
    let line = |row: &dyn Fn(&str) -> String| {
        let [stratum, cluster, arm, y] = columns.map(row);
        Some((stratum, cluster, arm, y.parse().ok()?))
    };
    table(&path).iter().filter_map(|r| line(r)).collect()
}

fn distribution(lines: &[Line]) -> Distribution {
    let mut d = Distribution::new(&Budget::unlimited());
    for (stratum, cluster, condition, y) in lines {
        let stratum = match stratum.as_str() {
            "" => Key::NONE,
            name => Key::of_text(name.as_bytes()),
        };
        let cluster = Key::of_text(cluster.as_bytes());
        d.add_within(stratum, Some(*y), Some(condition.as_bytes()), Some(cluster))
            .unwrap();
    }
    d
}

/// What is asked of the arms of two conditions.
fn compared<T>(
    d: &mut Distribution,
    names: [&str; 2],
    ask: impl FnOnce(&Arm<'_>, &Arm<'_>) -> T,
) -> T {
    let room = d.samples().unwrap();
    let samples = room.all();
    let [a, b] = names.map(|name| samples.iter().find(|s| s.name == name).unwrap());
    let target = Target::of(a, b);
    ask(&Arm::new(a, target.clone()), &Arm::new(b, target))
}

#[test]
fn shares_as_clubsandwich() {
    let number = |text: &str| text.parse::<f64>().ok();
    let surveyed = table("quantiles_strata/survey.csv");
    let (mut worst, mut worst_df, mut worst_survey, mut seen) = (0.0_f64, 0.0_f64, 0.0_f64, 0);
    let mut at_hand = (String::new(), Distribution::new(&Budget::unlimited()));
    for (e, survey) in table("quantiles_strata/shares.csv").iter().zip(&surveyed) {
        let (design, of, condition) = (e("design"), e("of"), e("condition"));
        if at_hand.0 != design {
            at_hand = (design.clone(), distribution(&rows(&design)));
        }
        let control = match design.as_str() {
            "s09_strata_crossing" => "0",
            "star_schools" | "star_teachers" => "regular",
            _ => "control",
        };
        let p = number(&e("probability")).unwrap();
        compared(&mut at_hand.1, [&condition, control], |a, b| {
            let arm = if of == condition { a } else { b };
            let q = arm.quantile(p).unwrap();
            let (limits, limits90) = (arm.limits(&q, 0.95), arm.limits(&q, 0.90));
            let got = [Some(q.value), limits.0, limits.1, limits90.0, limits90.1];
            let names = ["quantile", "low", "high", "low90", "high90"];
            assert_eq!(got, names.map(|n| number(&e(n))), "{design} {of} {p}");
            assert_eq!(Some(q.value), number(&survey("quantile")));
            let off = |got: f64, expected: f64| (got / expected - 1.0).abs();
            worst = worst.max(off(q.std_error, number(&e("std_error")).unwrap()));
            worst_df = worst_df.max(off(arm.df().unwrap(), number(&e("df")).unwrap()));
            if let Some(s) = number(&survey("std_error")) {
                worst_survey = worst_survey.max(off(q.std_error, s));
            }
        });
        seen += 1;
    }
    println!(
        "{seen} shares: standard errors {worst:.1e} and {worst_survey:.1e}, df {worst_df:.1e}"
    );
    assert!(seen == 108 && worst < 1e-9 && worst_survey < 1e-9 && worst_df < 1e-9);
}

/// CR2 and Satterthwaite of a contrast by matrices of all rows, leverages taken to the power −1/2 by their eigenvalues.
struct Dense {
    variance: f64,
    df: f64,
}

impl Dense {
    /// `cells` are the dummies, `contrast` has a number for each.
    fn of(cells: &[usize], clusters: &[usize], zeros: &[f64], contrast: &[f64]) -> Self {
        let (n, k) = (cells.len(), contrast.len());
        let x = DMatrix::from_fn(n, k, |i, j| f64::from(u8::from(cells[i] == j)));
        let m = (x.transpose() * &x).try_inverse().unwrap();
        let left = DMatrix::identity(n, n) - &x * &m * x.transpose();
        let y = DVector::from_column_slice(zeros);
        let c = DVector::from_column_slice(contrast);
        let residuals = &left * &y;
        let of_cluster = |g: usize| {
            let own: Vec<usize> = (0..n).filter(|i| clusters[*i] == g).collect();
            let block = left.select_rows(&own).select_columns(&own);
            let eigen = block.symmetric_eigen();
            let power = eigen
                .eigenvalues
                .map(|l| if l > 1e-10 { l.powf(-0.5) } else { 0.0 });
            let root = &eigen.eigenvectors
                * DMatrix::from_diagonal(&power)
                * eigen.eigenvectors.transpose();
            let applied = root * x.select_rows(&own) * &m * &c;
            let score = applied.dot(&residuals.select_rows(&own));
            (score, left.select_columns(&own) * applied)
        };
        let different: BTreeSet<usize> = clusters.iter().copied().collect();
        let all: Vec<(f64, DVector<f64>)> = different.into_iter().map(of_cluster).collect();
        let p = DMatrix::from_fn(all.len(), all.len(), |g, h| all[g].1.dot(&all[h].1));
        Dense {
            variance: all.iter().map(|(s, _)| s * s).sum(),
            df: p.trace().powi(2) / p.norm_squared(),
        }
    }
}

/// Rows of two conditions in up to three strata; clusters lie in one or several of both. Each cell has two clusters or more.
fn crossing() -> impl Strategy<Value = Vec<(usize, usize, usize, f64)>> {
    let row = (0..3_usize, 0..7_usize, 0..2_usize, 0..9_u8);
    let rows = prop::collection::vec(row, 30..70);
    let several = |rows: &Vec<(usize, usize, usize, u8)>| {
        let clusters = |s, a| {
            let own = rows.iter().filter(move |r| (r.0, r.2) == (s, a));
            own.map(|r| r.1).collect::<BTreeSet<_>>().len()
        };
        (0..3).all(|s| (0..2).all(|a| clusters(s, a) != 1))
            && (0..3).any(|s| clusters(s, 0) > 1 && clusters(s, 1) > 1)
    };
    let numbers = |rows: Vec<(usize, usize, usize, u8)>| {
        rows.into_iter()
            .map(|(s, g, a, y)| (s, g, a, f64::from(y)))
            .collect()
    };
    rows.prop_filter("single clusters", several)
        .prop_map(numbers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn standard_errors_and_df_are_those_of_the_matrices(
        rows in crossing(), p in 0.05..0.95_f64, u in 0.1..10.0_f64, nested in any::<bool>(),
    ) {
        // Nested: what is one cluster becomes one for each stratum and condition.
        let cluster = |r: &(usize, usize, usize, f64)| match nested {
            true => (r.0 * 2 + r.2) * 7 + r.1,
            false => r.1,
        };
        let lines: Vec<Line> = rows
            .iter()
            .map(|r| (format!("s{}", r.0), cluster(r).to_string(), format!("c{}", r.2), r.3))
            .collect();
        let both = |s: usize| (0..2).all(|a| rows.iter().any(|r| (r.0, r.2) == (s, a)));
        let used: Vec<&(usize, usize, usize, f64)> = rows.iter().filter(|r| both(r.0)).collect();
        let strata: Vec<usize> = (0..3).filter(|s| both(*s)).collect();
        let in_stratum = |s: usize| used.iter().filter(|r| r.0 == s).count() as f64;
        let shares: Vec<f64> = strata.iter().map(|s| in_stratum(*s) / used.len() as f64).collect();
        let cells: Vec<usize> = used
            .iter()
            .map(|r| strata.iter().position(|s| *s == r.0).unwrap() * 2 + r.2)
            .collect();
        let ids: Vec<usize> = used.iter().map(|r| cluster(r)).collect();
        let mut d = distribution(&lines);
        compared(&mut d, ["c1", "c0"], |a, b| {
            let q = [b.quantile(p).unwrap(), a.quantile(p).unwrap()];
            let zeros: Vec<f64> = used
                .iter()
                .map(|r| f64::from(u8::from(r.3 <= q[r.2].value)))
                .collect();
            let dense = |weights: [f64; 2]| {
                let contrast: Vec<f64> = shares
                    .iter()
                    .flat_map(|share| weights.map(|w| w * share))
                    .collect();
                Dense::of(&cells, &ids, &zeros, &contrast)
            };
            let near = |got: f64, expected: f64| {
                (got - expected).abs() <= 1e-9 * expected.abs().max(1e-3)
            };
            for (arm, q, weights) in [(b, &q[0], [1.0, 0.0]), (a, &q[1], [0.0, 1.0])] {
                let expected = dense(weights);
                prop_assert!(near(q.std_error, expected.variance.sqrt()));
                prop_assert!(near(arm.df().unwrap(), expected.df));
            }
            let expected = dense([-1.0, u]);
            let overlap = Overlap::new(a, b);
            let covariance = overlap.covariance(&q[1].scores, &q[0].scores);
            let variance =
                (u * q[1].std_error).powi(2) + q[0].std_error.powi(2) - 2.0 * u * covariance;
            prop_assert!(near(variance, expected.variance));
            prop_assert!(near(overlap.df(a, b, u, 1.0).unwrap(), expected.df));
            prop_assert!(!nested || overlap.clusters == 0);
            Ok(())
        })?;
    }

    /// The direct computation has whole numbers only.
    #[test]
    fn quantiles_are_those_of_rational_weights(rows in crossing(), percent in 1..100_u64) {
        let lines: Vec<Line> = rows
            .iter()
            .map(|r| (format!("s{}", r.0), r.1.to_string(), format!("c{}", r.2), r.3))
            .collect();
        let size = |s: usize, a: usize| rows.iter().filter(|r| (r.0, r.2) == (s, a)).count() as u64;
        let strata: Vec<usize> = (0..3).filter(|s| size(*s, 0) > 0 && size(*s, 1) > 0).collect();
        let both = |s: usize| size(s, 0) + size(s, 1);
        let total: u64 = strata.iter().map(|s| both(*s)).sum();
        let direct = |a: usize| {
            let all: u64 = strata.iter().map(|s| size(*s, a)).product();
            let reached = |y: f64| {
                let of_stratum = |s: &usize| {
                    let own = |r: &&(usize, usize, usize, f64)| (r.0, r.2) == (*s, a) && r.3 <= y;
                    rows.iter().filter(own).count() as u64 * both(*s) * (all / size(*s, a))
                };
                strata.iter().map(of_stratum).sum::<u64>() * 100 >= percent * total * all
            };
            (0..9).map(f64::from).find(|y| reached(*y)).unwrap()
        };
        let mut d = distribution(&lines);
        compared(&mut d, ["c1", "c0"], |a, b| {
            let p = percent as f64 / 100.0;
            prop_assert_eq!(a.quantile(p).unwrap().value, direct(1));
            prop_assert_eq!(b.quantile(p).unwrap().value, direct(0));
            Ok(())
        })?;
    }
}
