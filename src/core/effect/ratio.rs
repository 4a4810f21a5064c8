//! Effects on ratios, `Σ numerator / Σ denominator` by condition.

use super::arms::arms_of;
use super::comparison::Comparison;
use super::estimate::{Effect, left_out, shared_clusters};
use super::lift::{Covariance, fieller};
use super::rate::{Contrast, Rate, RatioSe};
use crate::distribution::t_critical;
use crate::error::Invalid;
use crate::note::{Code, Note};
use crate::regression::notes::FEW_CLUSTERS;
use crate::regression::options::{check_level, control_among};
use crate::regression::{Adjust, Inference, Options, QuestionError};
use crate::sketch::{Centre, Moments, Rows, Selection, Variable, View};

/// The effect of each condition except the control on an outcome that is a ratio, by condition; the mean of a condition is its
/// ratio. With CR2 or the delta method; without covariates and strata.
pub(super) fn ratio_effects(
    view: &View<'_>,
    control: &str,
    options: &Options,
) -> Result<Vec<Effect>, QuestionError> {
    if options.adjust != Adjust::None {
        return Err(Invalid::word(
            "adjust",
            "\"none\" for a ratio",
            options.adjust.word(),
            "Ratios are compared without covariates.",
        )
        .into());
    }
    options.strata.of_one_regression()?;
    options.estimand.of_students("\"student\" for a ratio")?;
    let se = RatioSe::of(options.se)?;
    let selection = Selection {
        columns: vec![Variable::Outcome, Variable::Denominator],
        ..view.selection(Rows::All)
    };
    let moments = view.moments_of(&selection, Centre::Pooled)?;
    let arms = Arms::new(view, &moments, control, se, options.level)?;
    Ok(arms.pairs().map(effect).collect())
}

fn effect(pair: Pair<'_>) -> Effect {
    let [mean, mean_control] = pair.rates.map(|r| r.map(|r| r.ratio));
    let mut row = Effect {
        comparison: pair.comparison.clone(),
        mean,
        mean_control,
        notes: pair.notes.clone(),
        ..Effect::default()
    };
    let [Some(treated), Some(base)] = pair.rates else {
        row.notes.push(Note::new(
            Code::NoRatio,
            "the denominators of a condition sum to 0, or it has no row",
        ));
        return row;
    };
    row.notes.push(Note::new(
        Code::NotGiven,
        "a ratio has no standard deviation, and no standardized effect",
    ));
    let difference = pair.contrast(treated, 1.0, base, 1.0);
    let estimate = treated.ratio - base.ratio;
    row.inference = pair.infer(estimate, &difference, &mut row.notes);
    if base.ratio == 0.0 {
        row.notes
            .push(Note::new(Code::NoLift, "the ratio of the control is 0"));
        return row;
    }
    row.lift = Some(estimate / base.ratio);
    let Some(t) = pair.critical(&row.inference) else {
        return row;
    };
    let mean = pair.contrast(treated, 0.0, base, -1.0);
    let v = Covariance {
        effect: difference.variance(),
        mean: mean.variance(),
        both: difference.covariance(&mean),
    };
    match fieller(estimate, base.ratio, v, t) {
        Some((low, high)) => (row.lift_low, row.lift_high) = (Some(low), Some(high)),
        None => row.notes.push(Note::new(
            Code::LiftUnbounded,
            "the ratio of the control is too close to 0 for an interval of the relative effect",
        )),
    }
    row
}

/// The rates of all arms.
pub struct Arms<'a> {
    outcome: String,
    moments: &'a Moments,
    control: usize,
    rates: Vec<Option<Rate>>,
    sizes: Vec<(u64, u64)>,
    strata: u64,
    level: f64,
}

/// One condition against the control.
pub struct Pair<'a> {
    /// Who is compared.
    pub comparison: Comparison,
    /// Rates of the condition and of the control.
    pub rates: [Option<&'a Rate>; 2],
    /// What to know of the data.
    pub notes: Vec<Note>,
    level: f64,
}

impl<'a> Arms<'a> {
    /// Checks the call and computes the rates.
    pub fn new(
        view: &View<'_>,
        moments: &'a Moments,
        control: &str,
        se: RatioSe,
        level: f64,
    ) -> Result<Self, QuestionError> {
        check_level(level)?;
        let names: Vec<String> = moments.conditions.iter().map(|c| c.name.clone()).collect();
        let number = control_among(&names, control)?;
        let rates: Result<Vec<_>, _> = (0..names.len())
            .map(|c| Rate::new(moments, c, se))
            .collect();
        Ok(Arms {
            outcome: view.name(),
            moments,
            control: number,
            rates: rates?,
            sizes: arms_of(moments).iter().map(|a| (a.n, a.clusters)).collect(),
            strata: view.info().strata,
            level,
        })
    }

    /// Each condition except the control, by name.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        (0..self.rates.len())
            .filter(|&c| c != self.control)
            .map(|c| self.pair(c))
    }

    fn name(&self, c: usize) -> &str {
        self.moments
            .conditions
            .get(c)
            .map_or("", |c| c.name.as_str())
    }

    fn pair(&self, c: usize) -> Pair<'_> {
        let size = |c: usize| self.sizes.get(c).copied().unwrap_or((0, 0));
        let rate = |c: usize| self.rates.get(c).and_then(Option::as_ref);
        let ((n1, g1), (n0, g0)) = (size(c), size(self.control));
        let mut notes = Vec::new();
        if (1..FEW_CLUSTERS).contains(&g1.min(g0)) {
            notes.push(Note::few_clusters(g0, g1));
        }
        let shared = shared_clusters(self.moments, c, self.control);
        if shared > 0 {
            notes.push(Note::shared_clusters(shared));
        }
        if self.strata > 1 {
            notes.push(Note::new(
                Code::StrataNotUsed,
                format!("the {} strata are ignored in this analysis", self.strata),
            ));
        }
        notes.extend(left_out(self.moments));
        Pair {
            comparison: Comparison {
                outcome: self.outcome.clone(),
                condition: self.name(c).to_owned(),
                control: self.name(self.control).to_owned(),
                n: n1,
                n_control: n0,
                clusters: g1,
                clusters_control: g0,
            },
            rates: [rate(c), rate(self.control)],
            notes,
            level: self.level,
        }
    }
}

impl Pair<'_> {
    /// `a · treated − b · control`.
    pub fn contrast<'r>(
        &self,
        treated: &'r Rate,
        a: f64,
        control: &'r Rate,
        b: f64,
    ) -> Contrast<'r> {
        Contrast {
            treated: (treated, a),
            control: (control, b),
        }
    }

    /// Inference on an estimate with the variance of a contrast.
    pub fn infer(
        &self,
        estimate: f64,
        contrast: &Contrast<'_>,
        notes: &mut Vec<Note>,
    ) -> Inference {
        let std_error = contrast.variance().sqrt();
        if let Some(arm) = self.comparison.single_cluster() {
            notes.push(Note::single_cluster_arm(arm.to_owned()));
            // Without degrees of freedom both arms are one cluster, and 0 would not be a standard error.
            let df = contrast.df();
            return Inference {
                estimate: Some(estimate),
                std_error: Some(std_error).filter(|se| se.is_finite() && df.is_some()),
                df,
                ..Inference::default()
            };
        }
        Inference::new(estimate, std_error, contrast.df(), self.level, notes)
    }

    /// The quantile of the interval of an effect, if it has one.
    pub fn critical(&self, effect: &Inference) -> Option<f64> {
        effect.ci_low?;
        t_critical(1.0 - self.level, effect.df?)
    }
}
