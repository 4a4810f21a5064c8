//! Standard errors of rosters.

use rct_core::planning::{Conditions, Outcome, Target, Trial, answer, roster};

const TARGET: Target = Target {
    level: 0.95,
    power: 0.8,
};

fn outcome(icc: f64) -> Outcome {
    Outcome {
        icc,
        sd: 2.0,
        r2_between: 0.0,
        r2_within: 0.0,
        covariates: 0.0,
    }
}

#[test]
fn by_hand() {
    // SE² = sd² Σ_arm Σ_g n² (ρ + (1 − ρ) / n) / N_arm²
    let sizes = [10.0, 20.0, 30.0, 15.0, 25.0, 40.0];
    let conditions = ["a", "b", "c", "b", "a", "a"];
    let rows = roster(
        &sizes,
        Conditions::Known(&conditions, "a"),
        &outcome(0.3),
        &TARGET,
        Some(1.0),
    )
    .unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|r| r.condition.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["b", "c"]);
    let arm = |sizes: &[f64]| {
        let n: f64 = sizes.iter().sum();
        sizes.iter().map(|n| n * n * (0.3 + 0.7 / n)).sum::<f64>() / (n * n)
    };
    let control = arm(&[10.0, 25.0, 40.0]);
    for (row, sizes) in rows.iter().zip([vec![20.0, 15.0], vec![30.0]]) {
        let expected = 2.0 * (arm(&sizes) + control).sqrt();
        assert!((row.std_error.unwrap() / expected - 1.0).abs() < 1e-14);
        assert_eq!(row.df, sizes.len() as f64 + 3.0 - 2.0);
        assert!(row.mde.unwrap() > 0.0 && row.power.unwrap() > 0.0);
    }
}

#[test]
fn equal_sizes_are_the_planned_trial() {
    let sizes = vec![25.0; 40];
    let names: Vec<&str> = (0..40)
        .map(|i| if i % 2 == 0 { "old" } else { "new" })
        .collect();
    let trial = Trial {
        cluster_size: 25.0,
        icc: 0.15,
        sd: 2.0,
        r2_between: 0.4,
        r2_within: 0.2,
        covariates: 1.0,
        ..Trial::default()
    };
    let outcome = Outcome {
        r2_between: 0.4,
        r2_within: 0.2,
        covariates: 1.0,
        ..outcome(0.15)
    };
    let expected = answer(&trial, &TARGET, 20.0, 20.0, Some(0.5)).unwrap();
    for conditions in [Conditions::Known(&names, "old"), Conditions::Share(0.5)] {
        let rows = roster(&sizes, conditions, &outcome, &TARGET, Some(0.5)).unwrap();
        let row = &rows[0];
        for (a, b) in [
            (row.std_error.unwrap(), expected.sized.std_error),
            (row.mde.unwrap(), expected.mde.unwrap()),
            (row.power.unwrap(), expected.power.unwrap()),
            (row.design_effect, expected.sized.design_effect),
            (row.n_effective, expected.sized.n_effective),
        ] {
            assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        }
        assert_eq!(row.df, 37.0);
    }
}

#[test]
fn before_the_assignment() {
    // All ten ways to treat two of five clusters.
    let sizes = [8.0, 12.0, 30.0, 20.0, 10.0];
    let mut sum = 0.0;
    for i in 0..5 {
        for j in i + 1..5 {
            let names: Vec<&str> = (0..5)
                .map(|k| if k == i || k == j { "new" } else { "old" })
                .collect();
            let rows = roster(
                &sizes,
                Conditions::Known(&names, "old"),
                &outcome(0.2),
                &TARGET,
                None,
            )
            .unwrap();
            sum += rows[0].std_error.unwrap().powi(2);
        }
    }
    let rows = roster(&sizes, Conditions::Share(0.4), &outcome(0.2), &TARGET, None).unwrap();
    assert!((rows[0].std_error.unwrap() / (sum / 10.0).sqrt() - 1.0).abs() < 1e-13);
    assert_eq!(
        rows[0].notes[1].to_string(),
        "expected: mean over all 10 assignments"
    );
    assert_eq!((rows[0].clusters, rows[0].clusters_control), (2, 3));
    assert_eq!(rows[0].n, 32.0);
    assert_eq!(rows[0].power, None);
}

#[test]
fn what_is_refused() {
    let ok = [10.0, 20.0];
    let fail = |sizes: &[f64], c: Conditions<'_>, o: &Outcome| {
        roster(sizes, c, o, &TARGET, None).unwrap_err().argument
    };
    let half = Conditions::Share(0.5);
    assert_eq!(fail(&[5.0], half, &outcome(0.1)), "sizes");
    assert_eq!(fail(&[5.0, 0.0], half, &outcome(0.1)), "sizes");
    assert_eq!(fail(&ok, half, &outcome(f64::NAN)), "icc");
    assert_eq!(fail(&ok, Conditions::Share(0.0), &outcome(0.1)), "share");
    assert_eq!(
        fail(&ok, Conditions::Known(&["a"], "a"), &outcome(0.1)),
        "conditions"
    );
    assert_eq!(
        fail(&ok, Conditions::Known(&["a", "b"], "c"), &outcome(0.1)),
        "control"
    );
    assert_eq!(
        fail(&ok, Conditions::Known(&["a", "a"], "a"), &outcome(0.1)),
        "conditions"
    );
    // Two clusters are no test.
    let rows = roster(
        &ok,
        Conditions::Known(&["a", "b"], "a"),
        &outcome(0.1),
        &TARGET,
        Some(1.0),
    )
    .unwrap();
    assert_eq!((rows[0].mde, rows[0].power), (None, None));
    assert!(rows[0].notes[0].to_string().starts_with("no_df"));
}
