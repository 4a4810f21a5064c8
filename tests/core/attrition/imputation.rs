//! Pooled imputations against numbers of scipy.

use super::{json, near};
use rct_core::attrition::pool_imputations;
use rct_core::error::Explain;
use rct_core::note::Code;

#[test]
fn as_barnard_and_rubin() {
    let reference = json("attrition/imputations.json");
    for row in reference["rows"].as_array().unwrap() {
        let list = |name: &str| -> Vec<f64> {
            row[name]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_f64().unwrap())
                .collect()
        };
        let got = pool_imputations(
            &list("estimates"),
            &list("variances"),
            row["complete_df"].as_f64(),
            0.95,
        )
        .unwrap();
        for (name, value) in [
            ("estimate", Some(got.estimate)),
            ("std_error", Some(got.std_error)),
            ("df", got.df),
            ("p_value", got.p_value),
            ("ci_low", got.ci_low),
            ("ci_high", got.ci_high),
            ("within", Some(got.variance_within)),
            ("between", Some(got.variance_between)),
            ("relative_increase", got.relative_increase),
            ("lambda_", got.lambda),
            ("missing_information", got.missing_information),
        ] {
            near(name, value.unwrap(), row[name].as_f64().unwrap(), 1e-9);
        }
    }
}

#[test]
fn edges() {
    let same = pool_imputations(&[2.0, 2.0], &[1.0, 1.0], None, 0.95).unwrap();
    assert_eq!((same.df, same.std_error), (None, 1.0));
    near("p", same.p_value.unwrap(), 0.04550026389635841, 1e-9);
    assert!(same.notes.iter().any(|n| n.code == Code::NoBetween));
    let known = pool_imputations(&[2.0, 2.0], &[1.0, 1.0], Some(10.0), 0.95).unwrap();
    near("df", known.df.unwrap(), 11.0 / 13.0 * 10.0, 1e-12);
    let nothing = pool_imputations(&[1.0, 1.0], &[0.0, 0.0], None, 0.95).unwrap();
    assert_eq!(nothing.p_value, None);
    for (e, v, df, level) in [
        (vec![1.0], vec![1.0], None, 0.95),
        (vec![1.0, 2.0], vec![1.0], None, 0.95),
        (vec![1.0, f64::NAN], vec![1.0, 1.0], None, 0.95),
        (vec![1.0, 2.0], vec![1.0, -1.0], None, 0.95),
        (vec![1.0, 2.0], vec![1.0, 1.0], Some(0.0), 0.95),
        (vec![1.0, 2.0], vec![1.0, 1.0], None, 1.0),
    ] {
        let error = pool_imputations(&e, &v, df, level).unwrap_err();
        assert!(error.hint().is_some());
    }
}
