//! Each outcome of a sketch is analyzed as a sketch of it alone, bit for bit.

use super::rows::{Table, again, table, usual};
use proptest::prelude::*;
use rct_core::attrition::{attrition, manski_bounds, missing_balance, response_weights};
use rct_core::effect::{
    CaceOptions, Effect, arms, cace, cluster_diagnostics, coefficients, effect_sizes, effects,
    influence, joint_test,
};
use rct_core::integrity::{balance, balance_joint};
use rct_core::planning::design_effect;
use rct_core::regression::{Adjust, Options, StdError, Strata};
use rct_core::resampling::{Draws, Statistic, randomization_test};
use rct_core::sketch::{Sketch, View};
use rct_core::variance::{Within, icc, variance_components};
use std::fmt::Debug;

const CONTROL: &str = "control";

/// What an analysis says, with every digit.
type Answers = Vec<(String, String)>;

fn said(answers: &mut Answers, what: impl Debug, answer: impl Debug) {
    answers.push((format!("{what:?}"), format!("{answer:?}")));
}

fn options(adjust: Adjust) -> Options {
    Options {
        adjust,
        ..Options::default()
    }
}

/// All that can be asked of an outcome.
pub fn of_value(view: &View<'_>) -> Answers {
    let mut all = Answers::new();
    for adjust in [Adjust::None, Adjust::Ancova, Adjust::Lin] {
        for se in [StdError::Cr2, StdError::Cr1s] {
            for strata in [Strata::Absorb, Strata::Ignore] {
                let options = Options {
                    se,
                    strata,
                    ..options(adjust)
                };
                let what = ("effects", adjust, se, strata);
                said(&mut all, what, effects(view, CONTROL, &options));
            }
        }
        let options = options(adjust);
        let joint = joint_test::<&str>(view, CONTROL, None, &options);
        said(&mut all, ("joint", adjust), joint);
        let sizes = effect_sizes(view, CONTROL, &options);
        said(&mut all, ("sizes", adjust), sizes);
        let rows = influence(view, CONTROL, adjust, Strata::Absorb);
        said(&mut all, ("influence", adjust), rows);
        let rows = cluster_diagnostics(view, CONTROL, adjust, Strata::Absorb);
        said(&mut all, ("diagnostics", adjust), rows);
    }
    for adjust in ["none", "ancova"] {
        let options = CaceOptions::from_words(adjust, "auto", "CR2", 0.95).unwrap();
        let rows = cace(view, CONTROL, None, &options);
        said(&mut all, ("cace", adjust), rows);
    }
    for within in [Within::Condition, Within::All] {
        said(&mut all, ("icc", within), icc(view, within, 0.95));
        let parts = variance_components(view, within);
        said(&mut all, ("components", within), parts);
        said(&mut all, ("deff", within), design_effect(view, within));
    }
    let strata = Strata::Absorb;
    for adjust in [Adjust::None, Adjust::Ancova, Adjust::Lin] {
        let options = Options {
            adjust,
            ..Options::default()
        };
        said(
            &mut all,
            ("coefficients", adjust),
            coefficients(view, CONTROL, &options),
        );
    }
    said(&mut all, "arms", arms(view));
    let pairs = Options {
        strata: Strata::Pairs,
        ..Options::default()
    };
    said(&mut all, "paired", effects(view, CONTROL, &pairs));
    said(&mut all, "balance", balance(view, CONTROL, strata));
    said(
        &mut all,
        "balance, jointly",
        balance_joint(view, CONTROL, strata),
    );
    said(&mut all, "attrition", attrition(view, CONTROL, 0.95));
    said(&mut all, "missing", missing_balance(view, 0.95));
    said(&mut all, "weights", response_weights(view, Some(5.0)));
    said(
        &mut all,
        "manski",
        manski_bounds(view, CONTROL, -50.0, 2e6, 0.95),
    );
    said(&mut all, "cells", view.cell_summaries());
    said(&mut all, "completeness", view.completeness());
    let draws = Draws::new(9, "seed").unwrap();
    let test = randomization_test(
        view,
        CONTROL,
        &options(Adjust::None),
        Statistic::Difference,
        &draws,
    );
    said(&mut all, "randomization", test);
    all
}

pub fn of_ratio(view: &View<'_>) -> Answers {
    let mut all = Answers::new();
    for se in [StdError::Cr2, StdError::Delta] {
        let options = Options {
            se,
            ..Options::default()
        };
        said(&mut all, ("ratio", se), effects(view, CONTROL, &options));
    }
    all
}

/// What is said of one of the outcomes.
pub fn of_outcome(sketch: &Sketch, outcome: usize) -> Answers {
    let outcome = &sketch.columns().outcomes[outcome];
    let name = outcome.to_string();
    match outcome.denominator {
        Some(_) => of_ratio(&sketch.ratio(Some(&name)).unwrap()),
        None => of_value(&sketch.view(Some(&name), None).unwrap()),
    }
}

fn same(a: Answers, b: Answers) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.len(), b.len());
    for (a, b) in a.into_iter().zip(b) {
        prop_assert_eq!(a, b);
    }
    Ok(())
}

/// The numbers of an effect, with every digit.
fn numbers(effect: &Effect) -> String {
    let Effect {
        comparison,
        inference,
        ..
    } = effect;
    format!("{comparison:?} {inference:?}")
}

/// The effects of conditions of which there are rows, in a sketch that has them in the control.
fn effects_there(view: &View<'_>, adjust: Adjust) -> Vec<String> {
    let rows = effects(view, CONTROL, &options(adjust));
    let there = |e: &&Effect| e.comparison.n > 0 && e.comparison.n_control > 0;
    rows.iter().flatten().filter(there).map(numbers).collect()
}

/// Rows with all values that an analysis needs; a weight too if any row has one, whether or not that row is complete.
fn complete(table: &Table, places: &[usize]) -> Table {
    let weight: Vec<usize> = table.places().weight.into_iter().collect();
    let weighted = table.rows.iter().any(|r| r.has(&weight));
    table.filtered(|r| r.has(places) && (!weighted || r.has(&weight)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_outcome_is_analyzed_as_if_it_were_alone(table in table(usual, 60), stored in any::<bool>()) {
        let sketch = table.sketch();
        let sketch = if stored { again(&sketch) } else { sketch };
        for outcome in 0..table.columns.outcomes.len() {
            let alone = table.alone(outcome).sketch();
            same(of_outcome(&sketch, outcome), of_outcome(&alone, 0))?;
            same(of_outcome(&again(&alone), 0), of_outcome(&alone, 0))?;
        }
    }

    #[test]
    fn effects_are_those_of_complete_rows(table in table(usual, 60)) {
        let sketch = table.sketch();
        for outcome in 0..table.columns.outcomes.len() {
            let alone = table.alone(outcome);
            let (places, name) = (alone.places(), alone.columns.outcomes[0].to_string());
            let with_outcome = complete(&alone, &places.outcomes[0]);
            if alone.columns.outcomes[0].denominator.is_some() {
                let of = |s: &Sketch| {
                    let rows = effects(&s.ratio(Some(&name)).unwrap(), CONTROL, &Options::default());
                    let there = rows.into_iter().flatten().filter(|r| r.comparison.n > 0 && r.comparison.n_control > 0);
                    there.map(|r| format!("{} {:?} {:?}", numbers(&r), r.mean, r.mean_control)).collect::<Vec<_>>()
                };
                prop_assert_eq!(of(&sketch), of(&with_outcome.sketch()));
                continue;
            }
            let with_covariates = complete(&with_outcome, &places.covariates);
            for (adjust, rows) in [(Adjust::None, &with_outcome), (Adjust::Ancova, &with_covariates)] {
                let filtered = rows.sketch();
                let (a, b) = (sketch.view(Some(&name), None).unwrap(), filtered.view(Some(&name), None).unwrap());
                prop_assert_eq!(effects_there(&a, adjust), effects_there(&b, adjust));
            }
            let with_exposures = complete(&with_outcome, &places.exposures);
            let of = |s: &Sketch| {
                let options = CaceOptions::from_words("none", "auto", "CR2", 0.95).unwrap();
                let rows = cace(&s.view(Some(&name), None).unwrap(), CONTROL, None, &options);
                let there = rows.into_iter().flatten().filter(|r| r.comparison.n > 0 && r.comparison.n_control > 0);
                there.map(|r| format!("{:?} {} {:?} {:?} {:?}", r.comparison, r.exposure, r.inference, r.first_stage, r.itt)).collect::<Vec<_>>()
            };
            prop_assert_eq!(of(&sketch), of(&with_exposures.sketch()));
        }
    }

    /// A row that lacks one covariate counts as one without, whichever are adjusted for.
    #[test]
    fn some_of_the_covariates(table in table(usual, 60)) {
        let sketch = table.sketch();
        let Some(last) = table.columns.covariates.last() else { return Ok(()) };
        let alone = table.alone(0);
        if alone.columns.outcomes[0].denominator.is_some() {
            return Ok(());
        }
        let places = alone.places();
        let rows = complete(&complete(&alone, &places.outcomes[0]), &places.covariates);
        let kept: Vec<usize> = [0, *places.covariates.last().unwrap()]
            .into_iter()
            .chain(places.exposures.iter().copied())
            .chain(places.weight)
            .collect();
        let narrow = Table {
            columns: rct_core::sketch::Columns {
                covariates: vec![last.clone()],
                ..alone.columns.clone()
            },
            rows: rows.rows.iter().map(|r| r.only(&kept)).collect(),
        };
        let (a, b) = (sketch.view(None, Some(&[last])).unwrap(), narrow.sketch());
        prop_assert_eq!(effects_there(&a, Adjust::Ancova), effects_there(&b.first().unwrap(), Adjust::Ancova));
        prop_assert_eq!(effects_there(&a, Adjust::Lin), effects_there(&b.first().unwrap(), Adjust::Lin));
    }
}
