//! Named warnings that come with a result: `name: sentence`.

/// Clusters in an arm below which a note says so.
pub const FEW_CLUSTERS: u64 = 10;
/// Degrees of freedom below which a note says so: 4. A balanced design has exactly 4, which must not be less by rounding.
pub const LOW_DF: f64 = 4.0 - 1e-9;
/// Degrees of freedom below which no p-value and no interval is given: 2, but for rounding.
pub const TOO_LOW_DF: f64 = 2.0 - 1e-9;

/// Something to know about a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// Few clusters in an arm.
    FewClusters(u64, u64),
    /// One cluster in an arm.
    SingleClusterArm(String),
    /// Degrees of freedom below 4.
    LowDf(f64),
    /// Degrees of freedom below 2: no p-value.
    TooLowDf(f64),
    /// Strata with one condition only.
    UninformativeStrata(usize, usize),
    /// A covariate is a combination of earlier regressors.
    AliasedCovariate(usize),
    /// An interaction of a condition with a covariate is a combination of earlier regressors.
    AliasedInteraction(String, usize),
    /// Each cluster counts the same.
    ClusterEstimand,
    /// The condition cannot be told apart from strata and other conditions.
    AliasedCondition,
    /// The condition has no row with an outcome, or none that is complete.
    NoRows,
    /// Clusters with rows of both conditions.
    SharedClusters(u64),
    /// Conditions whose names differ only by blanks, case or Unicode form.
    SimilarConditions(String, String),
    /// A cluster that determines a part of the effect alone.
    LeverageOne,
    /// Leaving a cluster out leaves the effect without an estimate.
    Cr3Undefined,
    /// The regression explains everything.
    NoResidual,
    /// The standard error does not regard clusters.
    Naive(Option<f64>),
    /// Rows left out.
    LeftOut(Vec<(u64, &'static str)>),
    /// Adjustment has fewer rows than there are with an outcome: these, and all.
    AdjustedRows(u64, u64),
    /// The interval of the relative lift is unbounded.
    LiftUnbounded,
    /// The control has no row with an outcome.
    NoControlRows,
    /// There is no lift because the control mean is 0.
    NoLift,
    /// There is no standardized effect.
    NoHedgesG,
    /// There are not more clusters, or rows, than parameters.
    NoDf,
}

impl Note {
    /// True of what is about the difference itself: not about lift and Hedges' g, which not all analyses show.
    pub(crate) fn is_on_difference(&self) -> bool {
        !matches!(self, Note::NoLift | Note::LiftUnbounded | Note::NoHedgesG)
    }
}

/// Notes on the difference itself, as they are shown.
pub(crate) fn on_difference(notes: &[Note]) -> Vec<String> {
    let shown = notes.iter().filter(|n| n.is_on_difference());
    shown.map(Note::to_string).collect()
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use Note::*;
        match self {
            FewClusters(control, treated) => write!(
                f,
                "few_clusters: {control} control and {treated} treated clusters"
            ),
            SingleClusterArm(arm) => write!(
                f,
                "single_cluster_arm: condition \"{arm}\" is one cluster, its variation between clusters cannot be seen; no p-value and no interval"
            ),
            LowDf(df) => write!(
                f,
                "low_df: {df:.2} degrees of freedom; the t approximation is rough below 4"
            ),
            TooLowDf(df) => write!(
                f,
                "low_df: {df:.2} degrees of freedom; no p-value and no interval below 2"
            ),
            UninformativeStrata(n, of) => {
                write!(
                    f,
                    "uninformative_strata: {n} of {of} strata have one condition only and say nothing about the effect"
                )
            }
            AliasedCovariate(i) => {
                write!(
                    f,
                    "aliased_covariate: covariate {i} is constant or a combination of others and was dropped"
                )
            }
            AliasedInteraction(condition, i) => {
                write!(
                    f,
                    "aliased_interaction: the slope of covariate {i} in condition \"{condition}\" cannot be told apart and was taken as that of the control"
                )
            }
            ClusterEstimand => write!(
                f,
                "estimand: each cluster counts the same, whatever its size; the default counts each row the same"
            ),
            AliasedCondition => write!(
                f,
                "aliased_condition: the condition cannot be told apart from strata or other conditions"
            ),
            NoRows => write!(
                f,
                "no_rows: the condition has no row with an outcome that this analysis can use"
            ),
            SharedClusters(n) => {
                write!(
                    f,
                    "shared_clusters: {n} clusters have rows of both conditions: a data error, or was the condition assigned within clusters?"
                )
            }
            SimilarConditions(a, b) => write!(
                f,
                "similar_conditions: \"{a}\" and \"{b}\" differ only by blanks, case or Unicode form and are taken as two conditions"
            ),
            LeverageOne => write!(
                f,
                "leverage_one: one cluster determines a part of the effect alone, and has no residual there"
            ),
            Cr3Undefined => write!(
                f,
                "cr3_undefined: without one of the clusters there is no effect to estimate; use CR2"
            ),
            NoResidual => write!(
                f,
                "no_residual: the standard error is exactly 0, so there is no test"
            ),
            Naive(ratio) => {
                write!(f, "naive: ignores that students share classes, do not use")?;
                match ratio {
                    Some(r) => write!(f, "; its standard error is {r:.2} times that of CR2"),
                    None => Ok(()),
                }
            }
            LeftOut(reasons) => {
                let parts: Vec<String> = reasons
                    .iter()
                    .map(|(n, why)| format!("{n} {why}"))
                    .collect();
                write!(f, "rows_left_out: {}", parts.join(", "))
            }
            AdjustedRows(used, all) => write!(
                f,
                "adjusted_rows: {used} of {all} rows have all covariates; adjust => 'none' compares all {all}, which may be other students"
            ),
            LiftUnbounded => write!(
                f,
                "lift_unbounded: the control mean is too near 0 for an interval of the ratio"
            ),
            NoControlRows => write!(
                f,
                "no_control_rows: the control has no row with an outcome that this analysis can use"
            ),
            NoLift => write!(f, "no_lift: the control mean is 0"),
            NoHedgesG => write!(
                f,
                "no_hedges_g: the spread between students, or the likeness of those of one cluster, cannot be told"
            ),
            NoDf => write!(
                f,
                "no_df: there are not more clusters or rows than the method needs"
            ),
        }
    }
}
