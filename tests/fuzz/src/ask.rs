//! Everything that can be asked of sketches and distributions.

use crate::fine::{fine, fine_value};
use crate::rows::OwnedRow;
use rct_core::attrition::{
    Counts, LeeOptions, Logistic, Trim, attrition, lee_bounds, logistic_predict, manski_bounds,
    missing_balance, response_weights,
};
use rct_core::budget::Budget;
use rct_core::effect::{self, CaceOptions, Distribution, Guard, Segments};
use rct_core::integrity::{balance, balance_joint, impossible_patterns, srm_of_sketch};
use rct_core::planning;
use rct_core::regression::{Adjust, Options, StdError, Strata, quoted};
use rct_core::resampling::{
    Draws, Statistic, Weights, WildOptions, randomization_test, simultaneous_intervals,
    wild_bootstrap,
};
use rct_core::sketch::{Builder, Centre, Columns, Row, Rows, Sketch, View};
use rct_core::variance::{self, Within};

/// Draws of resampling: few, as each input is one of many.
const DRAWS: i64 = 20;

/// Outcomes of a sketch that are asked for.
const OUTCOMES: usize = 3;

/// True if a sketch is small enough for joint tests, whose time grows with the fourth power of the conditions.
fn is_small(sketch: &Sketch) -> bool {
    let columns = sketch.columns();
    let common = columns.covariates.len() + columns.exposures.len();
    sketch.info().conditions <= 6 && common <= 6
}

/// Everything that can be asked of a sketch alone.
pub fn sketch(sketch: &Sketch, options: &Options) {
    sketch.info();
    for outcome in sketch.columns().outcomes.iter().take(OUTCOMES) {
        let name = outcome.to_string();
        match sketch.ratio(Some(&name)) {
            Ok(view) => ratio(&view, options),
            Err(_) => value(
                &sketch.view(Some(&name), None).expect("an outcome"),
                options,
            ),
        }
    }
}

fn ratio(view: &View<'_>, options: &Options) {
    for control in view.condition_names().iter().take(2) {
        for se in [StdError::Cr2, StdError::Delta] {
            let options = Options {
                adjust: Adjust::None,
                se,
                ..*options
            };
            fine("ratio", &effect::effects(view, control, &options));
        }
    }
}

/// Everything that can be asked of an outcome.
fn value(sketch: &View<'_>, options: &Options) {
    for rows in [Rows::All, Rows::WithCovariates] {
        for centre in [Centre::PerStratum, Centre::Pooled] {
            let _ = sketch.moments(rows, centre);
        }
    }
    let _ = sketch.cell_summaries();
    let _ = sketch.completeness();
    for within in [Within::Condition, Within::All] {
        for adjust in [Adjust::None, Adjust::Ancova] {
            let icc = variance::icc_adjusted(sketch, within, options.level, adjust);
            fine("icc", &icc);
        }
        fine("components", &variance::variance_components(sketch, within));
        let deff = planning::design_effect(sketch, within);
        if deff.as_ref().is_ok_and(|d| d.n > 0) {
            fine("design_effect", &deff);
        }
    }
    if !is_small(sketch.sketch()) {
        return;
    }
    if sketch.is_of_students() {
        of_students(sketch, options);
    }
    fine("srm", &srm_of_sketch(sketch, None, None, 0.001));
    fine("patterns", &impossible_patterns(sketch, None, None, None));
    fine("missing_balance", &missing_balance(sketch, options.level));
    fine("response_weights", &response_weights(sketch, None));
    fine("response_weights", &response_weights(sketch, Some(5.0)));
    let arms = effect::arms(sketch);
    fine("arms", &arms);
    for arm in arms.iter().flatten().take(2) {
        against(sketch, &arm.condition, options);
    }
}

/// What can be asked where each student is a unit.
fn of_students(sketch: &View<'_>, options: &Options) {
    for control in sketch.condition_names().iter().take(2) {
        for adjust in [Adjust::None, Adjust::Lin] {
            let options = Options {
                adjust,
                se: StdError::Cr2,
                ..*options
            };
            fine("students", &effect::effects(sketch, control, &options));
        }
    }
}

/// Everything that has a control.
fn against(sketch: &View<'_>, control: &str, options: &Options) {
    let (level, strata) = (options.level, options.strata);
    fine("effects", &effect::effects(sketch, control, options));
    let terms = effect::coefficients(sketch, control, options);
    fine("coefficients", &terms.map(|all| all.terms));
    let hypotheses = [format!("{} = 1", quoted(control))];
    fine(
        "contrasts",
        &effect::contrasts(sketch, control, &hypotheses, options),
    );
    // Other ways to compare: pairs, two dimensions of clusters, mixed models.
    for (adjust, strata, se) in [
        (Adjust::None, Strata::Pairs, StdError::Cr2),
        (options.adjust, Strata::Clusters, StdError::Cr1),
        (options.adjust, strata, StdError::KenwardRoger),
        (options.adjust, strata, StdError::Reml),
    ] {
        let options = Options {
            adjust,
            strata,
            se,
            ..*options
        };
        let rows = effect::effects(sketch, control, &options);
        fine("effects in other ways", &rows);
    }
    for adjust in [Adjust::None, Adjust::Ancova, Adjust::Lin] {
        let rows = effect::cluster_diagnostics(sketch, control, adjust, strata);
        fine("diagnostics", &rows);
        fine(
            "influence",
            &effect::influence(sketch, control, adjust, strata),
        );
    }
    fine(
        "joint_test",
        &effect::joint_test::<&str>(sketch, control, None, options),
    );
    fine(
        "effect_sizes",
        &effect::effect_sizes(sketch, control, options),
    );
    for (adjust, strata, se) in [("none", "auto", "CR2"), ("ancova", "auto", "CR1S")] {
        let options = CaceOptions::from_words(adjust, strata, se, level).expect("words");
        for exposures in [None, Some(&["seen"][..])] {
            fine("cace", &effect::cace(sketch, control, exposures, &options));
        }
    }
    fine("balance", &balance(sketch, control, strata));
    fine("balance_joint", &balance_joint(sketch, control, strata));
    let patterns = impossible_patterns(sketch, Some(control), None, None);
    fine("patterns", &patterns);
    fine("attrition", &attrition(sketch, control, level));
    for row in attrition(sketch, control, level).iter().flatten() {
        for counts in [row.students, row.clusters] {
            fine_value("rates", &Counts::rates(&counts));
        }
    }
    fine(
        "manski",
        &manski_bounds(sketch, control, -50.0, 70.0, level),
    );
    fine("manski", &manski_bounds(sketch, control, 0.0, 1.0, level));
    resampled(sketch, control, options);
}

fn resampled(sketch: &View<'_>, control: &str, options: &Options) {
    let draws = Draws::new(DRAWS, "seed").expect("a good number");
    for (weights, null_imposed) in [(Weights::Auto, true), (Weights::Webb, false)] {
        let options = WildOptions {
            effect: *options,
            draws: draws.clone(),
            weights,
            null_imposed,
            single_cluster: null_imposed,
        };
        fine("wild", &wild_bootstrap(sketch, control, &options));
    }
    for statistic in [Statistic::Studentized, Statistic::Difference] {
        let rows = randomization_test(sketch, control, options, statistic, &draws);
        fine("randomization", &rows);
    }
}

/// Everything that takes two sketches.
pub fn two_sketches(sketches: [Sketch; 2], options: &Options) {
    if !sketches.iter().all(is_small) {
        return;
    }
    let views: Vec<View<'_>> = sketches.iter().flat_map(Sketch::first).collect();
    let [a, b] = &views[..] else { return };
    let Ok(arms) = effect::arms(a) else {
        return;
    };
    let names: Vec<String> = arms.into_iter().map(|a| a.condition).take(2).collect();
    let draws = Draws::new(DRAWS, "seed").expect("a good number");
    for control in &names {
        let rows = simultaneous_intervals(&views, control, options, &draws);
        fine("simultaneous", &rows);
    }
    let segments = Segments::new(
        vec![Some("a".to_owned()), Some("b".to_owned())],
        vec![Some(a.clone()), Some(b.clone())],
    )
    .expect("names differ");
    let guard = Guard::new(1, 2).expect("good numbers");
    for control in &names {
        let rows = effect::subgroup_effects(&segments, control, options, guard);
        fine("subgroup_effects", &rows);
        let tests = effect::interaction_test(&segments, control, options, guard);
        fine("interaction_test", &tests);
    }
}

/// Everything that needs the rows themselves.
pub fn rows(rows: &[OwnedRow], options: &Options) {
    let budget = Budget::unlimited();
    let mut outcomes = Distribution::new(&budget);
    let mut seen = Builder::new(Columns::simple(false), &budget);
    let mut logistic = Logistic::new(&budget);
    for row in rows {
        let row = row.borrow();
        let (outcome, last) = (row.values[0], row.values[row.values.len() - 1]);
        let cluster = row.cluster.map(|c| c.key());
        outcomes
            .add_within(row.stratum, outcome, row.condition, cluster)
            .expect("it was good");
        let observed = f64::from(u8::from(outcome.is_some()));
        seen.add(&Row {
            values: &row.values[..1],
            ..row
        })
        .expect("it was good");
        let x = [
            f64::from(u8::from(row.condition == Some(b"treated"))),
            last.unwrap_or(0.0),
        ];
        logistic.add(Some(observed), Some(&x)).expect("a good row");
    }
    distribution(&mut outcomes, options.level);
    fit(&logistic);
    let seen = seen.sketch().expect("it was good");
    sketch(seen, options);
    let seen = &seen.first().expect("an outcome");
    let Ok(arms) = effect::arms(seen) else {
        return;
    };
    for arm in arms.iter().take(2) {
        for trim in [Trim::Paper, Trim::Fractional, Trim::Integer] {
            for strata in [Strata::Absorb, Strata::Ignore] {
                let options = LeeOptions {
                    trim,
                    strata,
                    level: options.level,
                };
                let bounds = lee_bounds(&mut outcomes, seen, &arm.condition, &options);
                fine("lee_bounds", &bounds);
            }
        }
    }
}

/// What can be asked of a distribution.
pub fn distribution(outcomes: &mut Distribution, level: f64) {
    for control in ["control", "treated"] {
        let quantiles = [0.01, 0.25, 0.5, 0.999];
        let rows = effect::quantile_effects(outcomes, control, &quantiles, level);
        fine("quantile_effects", &rows);
    }
}

/// What can be asked of a logistic regression.
pub fn fit(logistic: &Logistic) {
    let fit = logistic.fit();
    fine_value("logistic", &fit);
    if let Some(coefficients) = &fit.coefficients {
        let x = vec![0.5; coefficients.len().saturating_sub(1)];
        fine_value("logistic_predict", &logistic_predict(coefficients, &x));
    }
}
