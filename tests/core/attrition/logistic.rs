//! Logistic regression against numbers of statsmodels, and its edges.

use super::oracle::{number, read};
use super::{json, near};
use rct_core::attrition::{Logistic, LogisticError, LogisticFit, logistic_predict};
use rct_core::budget::Budget;
use rct_core::random::{Purpose, Random};

fn state(rows: &[(f64, Vec<f64>)]) -> Logistic {
    let mut state = Logistic::new(&Budget::unlimited());
    for (y, x) in rows {
        state.add(Some(*y), Some(x)).unwrap();
    }
    state
}

fn fit(rows: &[(f64, Vec<f64>)]) -> LogisticFit {
    state(rows).fit()
}

fn noted(fit: &LogisticFit, name: &str) -> bool {
    fit.notes.iter().any(|n| n.to_string().starts_with(name))
}

/// The coefficients and standard errors of what was fitted.
fn fitted(fit: &LogisticFit) -> (&[Option<f64>], &[Option<f64>]) {
    (
        fit.coefficients.as_deref().unwrap(),
        fit.std_errors.as_deref().unwrap(),
    )
}

#[test]
fn as_statsmodels() {
    let reference = json("attrition/logistic.json");
    for row in reference["rows"].as_array().unwrap() {
        let table = read(&format!("{}/data.csv", row["design"].as_str().unwrap()));
        let columns: Vec<usize> = row["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| table.column(c.as_str().unwrap()))
            .collect();
        let outcome = table.column(row["outcome"].as_str().unwrap());
        let mut state = Logistic::new(&Budget::unlimited());
        let mut first = None;
        for r in &table.rows {
            let x: Option<Vec<f64>> = columns.iter().map(|&c| number(&r[c])).collect();
            let y = number(&r[outcome]);
            if let (Some(x), Some(_), None) = (&x, y, &first) {
                first = Some(x.clone());
            }
            state.add(y, x.as_deref()).unwrap();
        }
        let state = Logistic::decode(&state.encode(), &Budget::unlimited()).unwrap();
        let got = state.fit();
        assert!(got.converged, "{got:?}");
        assert_eq!(got.n, row["n"].as_u64().unwrap());
        let (coefficients, std_errors) = fitted(&got);
        assert_eq!(coefficients.len(), columns.len() + 1);
        for (i, (b, s)) in coefficients.iter().zip(std_errors).enumerate() {
            near(
                "coefficient",
                b.unwrap(),
                row["coefficients"][i].as_f64().unwrap(),
                1e-9,
            );
            near(
                "std_error",
                s.unwrap(),
                row["std_errors"][i].as_f64().unwrap(),
                1e-9,
            );
        }
        let p = logistic_predict(coefficients, &first.unwrap()).unwrap();
        near(
            "predicted",
            p,
            row["predicted_first"].as_f64().unwrap(),
            1e-9,
        );
    }
}

#[test]
fn saturated_models_give_the_rates() {
    let mut rows = Vec::new();
    for (x, ones, all) in [(0.0, 3, 10), (1.0, 8, 12)] {
        rows.extend((0..all).map(|i| ((i < ones) as u8 as f64, vec![x])));
    }
    let got = fit(&rows);
    let (coefficients, _) = fitted(&got);
    near(
        "p",
        logistic_predict(coefficients, &[0.0]).unwrap(),
        0.3,
        1e-12,
    );
    near(
        "p",
        logistic_predict(coefficients, &[1.0]).unwrap(),
        2.0 / 3.0,
        1e-12,
    );
    assert_eq!(logistic_predict(coefficients, &[1.0, 2.0]), None);
    assert_eq!(got.patterns, 2);
}

#[test]
fn the_order_of_rows_and_the_unit_of_a_regressor_do_not_matter() {
    let seed = "logistic";
    println!("seed {seed}");
    let mut random = Random::new(seed, Purpose::Simulation, 0);
    let mut rows: Vec<(f64, Vec<f64>)> = (0..400)
        .map(|_| {
            let x = random.normal();
            let y = (random.uniform() < 1.0 / (1.0 + (-x).exp())) as u8 as f64;
            (y, vec![x, random.below(3) as f64])
        })
        .collect();
    let one = fit(&rows);
    assert!(one.converged);
    random.shuffle(&mut rows);
    assert_eq!(one, fit(&rows));
    let (left, right) = rows.split_at(137);
    let mut merged = state(left);
    merged.merge(&state(right)).unwrap();
    assert_eq!(one, merged.fit());
    for unit in [1e12, 1e-12] {
        let scaled: Vec<_> = rows
            .iter()
            .map(|(y, x)| (*y, vec![x[0] * unit, x[1]]))
            .collect();
        let two = fit(&scaled);
        near(
            "slope",
            fitted(&two).0[1].unwrap() * unit,
            fitted(&one).0[1].unwrap(),
            1e-9,
        );
        near(
            "error",
            fitted(&two).1[1].unwrap() * unit,
            fitted(&one).1[1].unwrap(),
            1e-9,
        );
    }
}

#[test]
fn what_can_not_be_fitted_says_so() {
    let separated: Vec<_> = (0..20)
        .map(|i| ((i >= 10) as u8 as f64, vec![f64::from(i)]))
        .collect();
    let got = fit(&separated);
    assert!(
        noted(&got, "separation") && got.coefficients.is_none() && !got.converged,
        "{got:?}"
    );
    assert_eq!(got.std_errors, None);
    assert!(noted(
        &fit(&[(1.0, vec![1.0]), (1.0, vec![2.0])]),
        "constant"
    ));
    assert!(noted(&fit(&[]), "constant"));
    let twice: Vec<_> = (0..30)
        .map(|i| {
            (
                (i % 3 == 0) as u8 as f64,
                vec![f64::from(i % 4), 2.0 * f64::from(i % 4), 7.0],
            )
        })
        .collect();
    let got = fit(&twice);
    assert!(
        got.converged && noted(&got, "aliased: regressor 2"),
        "{got:?}"
    );
    let (coefficients, std_errors) = fitted(&got);
    assert_eq!(coefficients[2..], [None, None]);
    assert_eq!(std_errors[2..], [None, None]);
    assert!(coefficients[1].is_some());
    let mut state = Logistic::new(&Budget::unlimited());
    for (y, x) in [
        (2.0, vec![1.0]),
        (1.0, vec![f64::NAN]),
        (1.0, vec![0.0; 51]),
    ] {
        assert!(state.add(Some(y), Some(&x)).is_err());
    }
    state.add(Some(1.0), Some(&[1.0])).unwrap();
    assert!(state.add(Some(1.0), Some(&[1.0, 2.0])).is_err());
    state.add(None, Some(&[1.0])).unwrap();
    state.add(Some(0.0), None).unwrap();
    assert_eq!(state.fit().left_out, 2);
    let mut tight = Logistic::new(&Budget::new(100));
    tight.add(Some(1.0), Some(&[1.0])).unwrap();
    assert!(tight.add(Some(1.0), Some(&[2.0])).is_err());
}

/// Rows of these words, with a digest that fits.
fn sealed(words: &[u64]) -> Result<Logistic, LogisticError> {
    let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    bytes.extend(xxhash_rust::xxh3::xxh3_64(&bytes).to_le_bytes());
    Logistic::decode(&bytes, &Budget::unlimited())
}

/// The likelihood of so many rows is known to few digits; the fit must be, all the same.
#[test]
fn rounding_of_the_likelihood_does_not_end_the_fit_early() {
    let magic = state(&[]).encode();
    let magic = u64::from_le_bytes(magic[..8].try_into().unwrap());
    for i in 1..200u64 {
        let (rows, zero, one) = (1_000_003 * i, 1_000_003 * i / 3, 731_219 * i + i * i);
        let at = |v: f64| v.to_bits();
        let got = sealed(&[magic, 0, 2, at(0.0), rows, zero, at(1.0), rows, one])
            .unwrap()
            .fit();
        let odds = |ones: u64| (ones as f64 / (rows - ones) as f64).ln();
        assert!(got.converged);
        let (coefficients, _) = fitted(&got);
        near("intercept", coefficients[0].unwrap(), odds(zero), 1e-11);
        let slope = odds(one) - odds(zero);
        near("slope", coefficients[1].unwrap(), slope, 1e-11);
    }
}

#[test]
fn damaged_states_are_refused() {
    let bytes = state(&[(1.0, vec![1.0, 2.0]), (0.0, vec![3.0, 4.0])]).encode();
    let budget = Budget::unlimited();
    assert!(Logistic::decode(&bytes, &budget).is_ok());
    for end in 0..bytes.len() {
        assert!(Logistic::decode(&bytes[..end], &budget).is_err(), "{end}");
    }
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(Logistic::decode(&other, &budget).is_err(), "{at}");
    }
    for rows in [vec![], vec![(1.0, vec![])], vec![(1.0, vec![-0.0])]] {
        let one = state(&rows);
        let two = Logistic::decode(&one.encode(), &budget).unwrap();
        assert_eq!((one.fit(), one.encode()), (two.fit(), two.encode()));
    }
    // A digest that fits does not make rows of it: patterns out of order, without rows, with more ones than rows, not finite,
    // too many regressors, something behind.
    let magic = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    let one = 1.0f64.to_bits();
    assert!(sealed(&[magic, 0, 2, one, 2, 1, one + 1, 2, 1]).is_ok());
    for words in [
        &[magic, 0, 2, one + 1, 2, 1, one, 2, 1][..],
        &[magic, 0, 2, one, 2, 1, one, 2, 1],
        &[magic, 0, 2, one, 0, 0],
        &[magic, 0, 2, one, 1, 2],
        &[magic, 0, 2, f64::INFINITY.to_bits(), 2, 1],
        &[magic, 0, 52],
        &[magic, 0, 0, 1],
        &[magic, 0, 2, one],
        &[magic + 1, 0, 0],
    ] {
        assert!(sealed(words).is_err(), "{words:?}");
    }
}
