//! Effects on ratio metrics: `Σ outcome / Σ covariate 1` by arm.

use super::arms::arms_of;
use super::error::EffectError;
use super::estimate::{left_out, shared_clusters};
use super::inference::Inference;
use super::lift::{Covariance, fieller};
use super::notes::{FEW_CLUSTERS, Note};
use super::options::{check_level, control_among};
use super::rate::{Contrast, Rate, RatioSe};
use crate::distribution::t_critical;
use crate::sketch::{Centre, Moments, Rows, Selection, Variable, View};

/// The effect of one condition on a ratio. `None` is NULL: the quantity does not exist, and a note says why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RatioEffect {
    /// Treated condition.
    pub condition: String,
    /// Control condition.
    pub control: String,
    /// Ratio of the condition and of the control.
    pub ratio: (Option<f64>, Option<f64>),
    /// Difference of the ratios.
    pub effect: Inference,
    /// Difference over the ratio of the control.
    pub lift: Option<f64>,
    /// Lower Fieller limit of the lift.
    pub lift_low: Option<f64>,
    /// Upper Fieller limit of the lift.
    pub lift_high: Option<f64>,
    /// Sum of the denominators, weighted if there are weights.
    pub denominator: (Option<f64>, Option<f64>),
    /// Rows of the condition and of the control.
    pub n: (u64, u64),
    /// Clusters of the condition and of the control.
    pub clusters: (u64, u64),
    /// What to know.
    pub notes: Vec<String>,
}

/// The effect of each condition except the control on an outcome that is a ratio, by condition.
pub fn ratio_effects(
    view: &View<'_>,
    control: &str,
    se: RatioSe,
    level: f64,
) -> Result<Vec<RatioEffect>, EffectError> {
    let selection = Selection {
        columns: vec![Variable::Outcome, Variable::Denominator],
        ..view.selection(Rows::All)
    };
    let moments = view.moments_of(&selection, Centre::Pooled)?;
    let arms = Arms::new(view, &moments, control, se, level)?;
    let row = |pair: Pair<'_>| {
        let mut row = RatioEffect {
            condition: pair.condition.to_owned(),
            control: control.to_owned(),
            ratio: pair.rates.map(|r| r.map(|r| r.ratio)).into(),
            denominator: pair.rates.map(|r| r.map(|r| r.total)).into(),
            n: pair.n,
            clusters: pair.clusters,
            notes: pair.notes.clone(),
            ..RatioEffect::default()
        };
        let [Some(treated), Some(base)] = pair.rates else {
            row.notes
                .push("no_ratio: the denominators of an arm sum to 0, or it has no row".to_owned());
            return row;
        };
        let difference = pair.contrast(treated, 1.0, base, 1.0);
        let estimate = treated.ratio - base.ratio;
        row.effect = pair.infer(estimate, &difference, &mut row.notes);
        if base.ratio == 0.0 {
            row.notes
                .push("no_lift: the ratio of the control is 0".to_owned());
            return row;
        }
        row.lift = Some(estimate / base.ratio);
        let Some(t) = pair.critical(&row.effect) else {
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
            None => row.notes.push(
                "lift_unbounded: the ratio of the control is too near 0 for an interval of the lift"
                    .to_owned(),
            ),
        }
        row
    };
    Ok(arms.pairs().map(row).collect())
}

/// The rates of all arms.
pub struct Arms<'a> {
    moments: &'a Moments,
    control: usize,
    rates: Vec<Option<Rate>>,
    sizes: Vec<(u64, u64)>,
    strata: u64,
    level: f64,
}

/// One condition against the control.
pub struct Pair<'a> {
    /// Name of the condition.
    pub condition: &'a str,
    /// Rates of the condition and of the control.
    pub rates: [Option<&'a Rate>; 2],
    /// Rows of both.
    pub n: (u64, u64),
    /// Clusters of both.
    pub clusters: (u64, u64),
    /// What to know of the data.
    pub notes: Vec<String>,
    single: Option<&'a str>,
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
    ) -> Result<Self, EffectError> {
        check_level(level)?;
        let names: Vec<String> = moments.conditions.iter().map(|c| c.name.clone()).collect();
        let number = control_among(&names, control)?;
        let rates: Result<Vec<_>, _> = (0..names.len())
            .map(|c| Rate::new(moments, c, se))
            .collect();
        Ok(Arms {
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
            notes.push(Note::FewClusters(g0, g1).to_string());
        }
        let shared = shared_clusters(self.moments, c, self.control);
        if shared > 0 {
            notes.push(Note::SharedClusters(shared).to_string());
        }
        if self.strata > 1 {
            notes.push(format!(
                "strata_not_used: the {} strata are taken as one; rct.effects adjusts for them",
                self.strata
            ));
        }
        notes.extend(left_out(self.moments).map(|n| n.to_string()));
        Pair {
            condition: self.name(c),
            rates: [rate(c), rate(self.control)],
            n: (n1, n0),
            clusters: (g1, g0),
            notes,
            single: match (g1, g0) {
                (1, _) => Some(self.name(c)),
                (_, 1) => Some(self.name(self.control)),
                _ => None,
            },
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
        notes: &mut Vec<String>,
    ) -> Inference {
        let std_error = contrast.variance().sqrt();
        if let Some(arm) = self.single {
            notes.push(Note::SingleClusterArm(arm.to_owned()).to_string());
            // Without degrees of freedom both arms are one cluster, and 0 would not be a standard error.
            let df = contrast.df();
            return Inference {
                estimate: Some(estimate),
                std_error: Some(std_error).filter(|se| se.is_finite() && df.is_some()),
                df,
                ..Inference::default()
            };
        }
        let mut said = Vec::new();
        let row = Inference::new(estimate, std_error, contrast.df(), self.level, &mut said);
        notes.extend(said.iter().map(Note::to_string));
        row
    }

    /// The quantile of the interval of an effect, if it has one.
    pub fn critical(&self, effect: &Inference) -> Option<f64> {
        effect.ci_low?;
        t_critical(1.0 - self.level, effect.df?)
    }
}
