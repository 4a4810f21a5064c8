//! Functions of numbers, with numbers of every kind.

use crate::fine::{fine, fine_value, may_overflow};
use crate::source::Source;
use rct_core::attrition::{
    Counts, Trim, boundaries, imbens_manski, pool_imputations, trim_lowest, wwc_attrition,
};
use rct_core::distribution::*;
use rct_core::effect::{
    Scale, cox_index, effect_size, hedges_g, proportion_interval, two_proportions, wwc_correct_t,
};
use rct_core::integrity::{
    Scope, binomial_two_sided, hypergeometric_two_sided, srm, srm_blocked, srm_by_stratum,
    srm_looks, srm_sequential,
};
use rct_core::monitoring::{
    Convention, Direction, Looks, Prior, Sides, Spending, confidence_sequence,
    confidence_sequences, equivalence, harm_probability, information_fractions, non_inferiority,
    sequential_bounds, sequential_test,
};
use rct_core::multiplicity::{Families, Method, p_adjust, p_adjust_families};
use rct_core::planning::{
    Attrition, Calendar, Conditions, Design, Outcome, Schedule, TTest, Target, Trial, Weighting,
    answer, clusters_needed, design_effect_of_mean, design_effect_of_sizes, duration, roster,
};

/// Counts that a test may enumerate in a moment.
const ENUMERABLE: u64 = 100_000;

/// One function or a few, by the first byte, with arguments from the rest. In half of the inputs no number is of extreme size.
pub fn numbers(data: &[u8]) {
    let mut source = Source {
        bytes: data,
        tame: data.first().is_some_and(|b| *b < 128),
    };
    may_overflow(!source.tame);
    const GROUPS: [fn(&mut Source<'_>); 10] = [
        multiplicity,
        looks,
        always_valid,
        margins,
        ratios,
        missing,
        sizes,
        tails,
        power,
        calendar,
    ];
    let group = GROUPS[source.byte() as usize % GROUPS.len()];
    group(&mut source);
    may_overflow(false);
}

fn multiplicity(s: &mut Source<'_>) {
    const METHODS: [Method; 7] = [
        Method::None,
        Method::Bonferroni,
        Method::Holm,
        Method::Hochberg,
        Method::Hommel,
        Method::Bh,
        Method::By,
    ];
    let method = s.pick(&METHODS);
    let alpha = s.share();
    let p = s.list(20, |s| Some(s.share()).filter(|p| !p.is_nan()));
    let adjusted = p_adjust(&p, method);
    fine("p_adjust", &adjusted);
    for (raw, adjusted) in p.iter().zip(adjusted.iter().flatten()) {
        assert_eq!(raw.is_some(), adjusted.is_some(), "NULL stays NULL");
        assert!(adjusted.is_none_or(|a| (0.0..=1.0).contains(&a) && Some(a) >= *raw));
    }
    let names: Vec<String> = (0..p.len()).map(|i| i.to_string()).collect();
    let roles: Vec<String> = p
        .iter()
        .map(|_| {
            s.pick(&["primary", "guardrail", "exploratory", "x"])
                .to_owned()
        })
        .collect();
    let families = Families::default();
    fine(
        "families",
        &p_adjust_families(&names, &roles, &p, &families, alpha),
    );
}

fn looks(s: &mut Source<'_>) {
    let plan = Looks {
        alpha: s.share(),
        sides: s.pick(&[Sides::One, Sides::Two]),
        spending: s.pick(&[Spending::ObrienFleming, Spending::Pocock]),
        convention: s.pick(&[Convention::PerTail, Convention::Total]),
        last: s.pick(&[true, false]),
        information: s.list(4, Source::share),
    };
    let df = match s.pick(&[true, false]) {
        true => Some(s.list(4, Source::number)),
        false => None,
    };
    let bounds = sequential_bounds(&plan, df.as_deref());
    fine("sequential_bounds", &bounds);
    let mut spent = 0.0;
    for row in bounds.iter().flatten() {
        assert!(row.cumulative_alpha >= spent, "{row:?}");
        assert!(
            row.cumulative_alpha <= plan.alpha * (1.0 + 1e-12),
            "{row:?}"
        );
        spent = row.cumulative_alpha;
    }
    let estimates = s.list(4, Source::number);
    let errors = s.list(4, Source::number);
    let test = sequential_test(&estimates, &errors, df.as_deref(), &plan);
    fine("sequential_test", &test);
    fine("information", &information_fractions(&errors, s.double()));
}

fn always_valid(s: &mut Source<'_>) {
    let alpha = s.share();
    let planned = s.count();
    let clusters = Some(s.count());
    let one = confidence_sequence(s.number(), s.number(), clusters, planned, alpha);
    fine("confidence_sequence", &one);
    let estimates = s.list(4, Source::number);
    let errors = s.list(4, Source::number);
    let counts = s.list(4, |s| Some(s.count()));
    let rows = confidence_sequences(&estimates, &errors, &counts, planned, alpha);
    fine("confidence_sequences", &rows);
}

fn margins(s: &mut Source<'_>) {
    let direction = s.pick(&[Direction::HigherIsBetter, Direction::LowerIsBetter]);
    let (estimate, se, df) = (s.number(), s.number(), s.number());
    let (margin, alpha) = (s.double(), s.share());
    let row = non_inferiority(estimate, se, df, margin, direction, alpha);
    fine("non_inferiority", &row);
    fine("equivalence", &equivalence(estimate, se, df, margin, alpha));
    let prior = match s.pick(&[true, false]) {
        true => Prior::default(),
        false => Prior {
            mean: s.double(),
            sd: s.double(),
            threshold: s.double(),
        },
    };
    let row = harm_probability(estimate, se, s.double(), df, prior, direction);
    fine("harm_probability", &row);
}

fn ratios(s: &mut Source<'_>) {
    let alpha = s.share();
    let observed: Vec<u64> = s.list(4, |s| s.count() as u64);
    let weights = s.list(4, Source::double);
    let expected = s.pick(&[true, false]).then_some(weights.as_slice());
    fine("srm", &srm(&observed, expected, None, alpha));
    let k = s.share() * 100.0;
    fine(
        "srm_sequential",
        &srm_sequential(&observed, expected, k, alpha),
    );
    let arms = s.byte() as usize % 4;
    let counts: Vec<u64> = s.list(9, |s| s.count() as u64);
    fine("srm_looks", &srm_looks(&counts, arms, expected, k, alpha));
    let (strata, conditions): (Vec<_>, Vec<_>) = (0..observed.len())
        .map(|_| {
            let stratum = s.pick(&[Some("a"), Some("b"), None]);
            (stratum.map(str::to_owned), s.pick(&["x", "y"]).to_owned())
        })
        .unzip();
    fine_scopes(&srm_by_stratum(
        &strata,
        &conditions,
        &observed,
        expected,
        alpha,
    ));
    let assigned: Vec<u64> = observed.iter().map(|_| s.count() as u64).collect();
    fine_scopes(&srm_blocked(
        &strata,
        &conditions,
        &assigned,
        &observed,
        alpha,
    ));
    let (x, n, p) = (s.count() as u64, s.count() as u64, s.share());
    if n <= ENUMERABLE {
        fine_value("binomial", &binomial_two_sided(x, n, p));
        let (marked, drawn) = (s.count() as u64, s.count() as u64);
        let exact = hypergeometric_two_sided(x, n, marked, drawn);
        fine_value("hypergeometric", &exact);
    }
}

fn fine_scopes<E: std::fmt::Debug>(rows: &Result<Vec<rct_core::integrity::StratumSrm>, E>) {
    fine("srm of strata", rows);
    for row in rows.iter().flatten() {
        if let Scope::Combined = row.scope {
            assert!(row.p_holm.is_none(), "{row:?}");
        }
    }
}

fn missing(s: &mut Source<'_>) {
    fine_value("wwc_attrition", &wwc_attrition(s.share(), s.share()));
    let counts = Counts {
        assigned: (s.count() as u64, s.count() as u64),
        observed: (s.count() as u64, s.count() as u64),
    };
    if counts.observed.0 <= counts.assigned.0 && counts.observed.1 <= counts.assigned.1 {
        fine_value("rates", &counts.rates());
    }
    let value = imbens_manski(s.double(), s.double(), s.share(), s.number());
    fine_value("imbens_manski", &value);
    let (level, df) = (s.share(), s.number());
    let (estimates, variances) = (s.list(5, Source::double), s.list(5, Source::double));
    fine("pool", &pool_imputations(&estimates, &variances, df, level));
    let mut sorted: Vec<f64> = s.list(9, Source::double);
    sorted.retain(|v| v.is_finite());
    sorted.sort_by(f64::total_cmp);
    let q = s.share();
    for how in [Trim::Paper, Trim::Fractional, Trim::Integer] {
        if (0.0..=1.0).contains(&q) {
            fine_value("trim", &trim_lowest(&sorted, q, how));
        }
    }
    fine("boundaries", &boundaries(s.share(), s.share()));
}

fn sizes(s: &mut Source<'_>) {
    let (b, sd) = (s.double(), s.double());
    let (n1, n0, size, rho) = (s.double(), s.double(), s.double(), s.share());
    fine("hedges_g", &hedges_g(b, sd, n1, n0, size, rho));
    let scale = Scale {
        sd,
        sd_control: s.number(),
        n: (n1, n0),
        size,
        icc: rho,
    };
    fine(
        "effect_size",
        &effect_size(&scale, b, s.number(), s.number(), s.share()),
    );
    fine("cox_index", &cox_index(s.share(), s.share()));
    fine("wwc_correct_t", &wwc_correct_t(b, n1, size, rho));
    let level = s.share();
    let (x1, n1, x0, n0) = (s.count(), s.count(), s.count(), s.count());
    fine("proportion", &proportion_interval(x1, n1, level));
    fine("two_proportions", &two_proportions(x1, n1, x0, n0, level));
}

fn tails(s: &mut Source<'_>) {
    let (x, a, b, p) = (s.double(), s.double(), s.double(), s.share());
    for (what, tail) in [
        ("t", t_two_sided(x, a)),
        ("f", f_upper(x, a, b)),
        ("chi2", chi_squared_upper(x, a)),
        ("normal", normal_two_sided(x)),
        ("noncentral upper", noncentral_t_upper(x, a, b)),
        ("noncentral lower", noncentral_t_lower(x, a, b)),
    ] {
        assert!(
            tail.is_none_or(|p| (0.0..=1.0).contains(&p)),
            "{what}({x:e}, {a:e}, {b:e}) is {tail:?}"
        );
    }
    let critical = [
        t_critical(p, a),
        f_critical(p, a, b),
        normal_critical(p),
        normal_quantile_upper(p),
    ];
    assert!(
        critical.iter().flatten().all(|c| !c.is_nan()),
        "{p:e}, {a:e}, {b:e}: {critical:?}"
    );
    if let Some(test) = TTest::new(a, p) {
        fine_value("power", &test.power(x));
        fine_value("detectable", &test.detectable(b));
        fine_value("approximate", &test.approximate(b));
    }
}

/// A trial that is refused in one case of a few only.
fn trial(s: &mut Source<'_>) -> (Trial, Target) {
    let blocks = s.pick(&[2.0, 4.0, 0.0, 1e9]);
    let mut trial = Trial {
        cluster_size: s.count() as f64,
        icc: s.share(),
        design: match s.byte() % 3 {
            0 => Design::TwoLevel,
            1 => Design::Blocked { blocks },
            _ => Design::ThreeLevel {
                icc_class: s.share(),
                classes: blocks,
                r2_class: s.share(),
            },
        },
        weighting: s.pick(&[Weighting::Student, Weighting::Cluster]),
        ..Trial::default()
    };
    let given = s.byte();
    if given & 1 > 0 {
        trial.cv_size = s.double();
    }
    if given & 2 > 0 {
        trial.sd = s.double();
    }
    if given & 4 > 0 {
        trial.r2_between = s.share();
    }
    if given & 8 > 0 {
        trial.r2_within = s.share();
    }
    if given & 16 > 0 {
        trial.covariates = s.double();
    }
    if given & 32 > 0 {
        trial.attrition = Attrition {
            students: s.share(),
            clusters: s.share(),
            completion: s.share(),
        };
    }
    let target = Target {
        level: 1.0 - s.share(),
        power: s.share(),
    };
    (trial, target)
}

fn power(s: &mut Source<'_>) {
    let (trial, target) = trial(s);
    let (a, b) = (s.count() as f64, s.count() as f64);
    fine("answer", &answer(&trial, &target, a, b, s.number()));
    fine(
        "clusters_needed",
        &clusters_needed(&trial, &target, s.double(), s.share()),
    );
    let (icc, cv) = (s.share(), s.double());
    let sizes = s.list(12, |s| s.count() as f64);
    fine("design_effect", &design_effect_of_sizes(icc, &sizes, cv));
    fine(
        "design_effect",
        &design_effect_of_mean(icc, s.double(), s.double(), cv),
    );
    let outcome = Outcome {
        icc,
        sd: trial.sd,
        r2_between: trial.r2_between,
        r2_within: trial.r2_within,
        covariates: trial.covariates,
    };
    let names: Vec<&str> = sizes.iter().map(|_| s.pick(&["a", "b", "c"])).collect();
    for conditions in [Conditions::Known(&names, "a"), Conditions::Share(s.share())] {
        fine(
            "roster",
            &roster(&sizes, conditions, &outcome, &target, s.number()),
        );
    }
}

fn calendar(s: &mut Source<'_>) {
    let (trial, target) = trial(s);
    let day = |s: &mut Source<'_>| s.count() as i32;
    let weekdays = s.list(5, |s| s.count() as i32 % 9);
    let closed = s.list(4, |s| (day(s), day(s)));
    let Ok(calendar) = Calendar::new(&weekdays, &closed) else {
        return;
    };
    let schedule = Schedule {
        start: day(s),
        exposure_days: s.count(),
        assessment_days: s.count(),
        windows: s.list(3, |s| (day(s), day(s))),
        enrolled: s.list(4, |s| (day(s), s.count())),
        share: s.share(),
    };
    fine(
        "duration",
        &duration(&schedule, &calendar, &trial, &target, s.double()),
    );
}
