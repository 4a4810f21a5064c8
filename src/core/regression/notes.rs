//! Notes that several analyses of effects have in common.

use crate::note::{Code, Note};

/// Clusters in an arm below which a note says so.
pub const FEW_CLUSTERS: u64 = 10;
/// Degrees of freedom below which a note says so: 4. A balanced design has exactly 4, which must not be less by rounding.
pub const LOW_DF: f64 = 4.0 - 1e-9;
/// Degrees of freedom below which no p-value and no interval is given: 2, but for rounding.
pub const TOO_LOW_DF: f64 = 2.0 - 1e-9;

/// Notes on the difference itself.
pub(crate) fn on_difference(notes: &[Note]) -> Vec<Note> {
    let shown = notes.iter().filter(|n| n.is_on_difference());
    shown.cloned().collect()
}

impl Note {
    /// True of what is about the difference itself: not about the relative effect and Hedges' g, which not all analyses show.
    pub(crate) fn is_on_difference(&self) -> bool {
        !matches!(
            self.code,
            Code::NoLift | Code::LiftUnbounded | Code::NoHedgesG
        )
    }

    pub(crate) fn few_clusters(control: u64, treated: u64) -> Note {
        let text = format!("{control} control and {treated} treated clusters");
        Note::new(Code::FewClusters, text)
    }

    pub(crate) fn single_cluster_arm(condition: impl std::fmt::Display) -> Note {
        let text = format!(
            "condition \"{condition}\" is one cluster, so what varies between clusters cannot be seen; no p-value and no interval"
        );
        Note::new(Code::SingleCluster, text)
    }

    pub(crate) fn single_cluster_strata(
        condition: impl std::fmt::Display,
        n: usize,
        of: usize,
    ) -> Note {
        let text = format!(
            "in {n} of {of} strata condition \"{condition}\" is one cluster, so what varies between clusters there cannot be seen; no p-value and no interval"
        );
        Note::new(Code::SingleCluster, text)
    }

    pub(crate) fn low_df(df: f64) -> Note {
        let text = format!("{df:.2} degrees of freedom; the t approximation is rough below 4");
        Note::new(Code::LowDf, text)
    }

    pub(crate) fn too_low_df(df: f64) -> Note {
        let text = format!("{df:.2} degrees of freedom; no p-value and no interval below 2");
        Note::new(Code::TooLowDf, text)
    }

    pub(crate) fn uninformative_strata(n: usize, of: usize) -> Note {
        let text = format!(
            "{n} of {of} strata have only one condition and contribute nothing to the effect"
        );
        Note::new(Code::UninformativeStrata, text)
    }

    pub(crate) fn aliased_covariate(number: usize) -> Note {
        let text =
            format!("covariate {number} is constant or a combination of others and was dropped");
        Note::new(Code::AliasedCovariate, text)
    }

    pub(crate) fn aliased_interaction(condition: impl std::fmt::Display, number: usize) -> Note {
        let text = format!(
            "the slope of covariate {number} in condition \"{condition}\" cannot be estimated and was taken as that of the control"
        );
        Note::new(Code::AliasedInteraction, text)
    }

    pub(crate) fn cluster_estimand() -> Note {
        let text = "each cluster counts the same, whatever its size; by default each row does";
        Note::new(Code::ClusterEstimand, text)
    }

    pub(crate) fn aliased_condition() -> Note {
        let text = "the condition cannot be separated from strata or other conditions";
        Note::new(Code::AliasedCondition, text)
    }

    pub(crate) fn no_rows() -> Note {
        let text = "the condition has no row with an outcome that this analysis can use";
        Note::new(Code::NoRows, text)
    }

    pub(crate) fn no_control_rows() -> Note {
        let text = "the control has no row with an outcome that this analysis can use";
        Note::new(Code::NoControlRows, text)
    }

    pub(crate) fn shared_clusters(n: u64) -> Note {
        let text = format!(
            "{n} clusters have rows of both conditions: a data error, or was the condition assigned within clusters?"
        );
        Note::new(Code::SharedClusters, text)
    }

    pub(crate) fn similar_conditions(a: &str, b: &str) -> Note {
        let text = format!(
            "\"{a}\" and \"{b}\" differ only by blanks, case or Unicode form and are treated as two conditions"
        );
        Note::new(Code::SimilarConditions, text)
    }

    pub(crate) fn leverage_one() -> Note {
        let text = "one cluster alone determines a part of the effect, and has no residual there";
        Note::new(Code::LeverageOne, text)
    }

    pub(crate) fn cr3_undefined() -> Note {
        let text = "without one of the clusters there is no effect to estimate";
        Note::new(Code::Cr3Undefined, text)
    }

    pub(crate) fn no_residual() -> Note {
        let text = "the standard error is exactly 0, so there is no test";
        Note::new(Code::NoResidual, text)
    }

    /// With the standard error over that of CR2, where both are more than rounding.
    pub(crate) fn naive(ratio: Option<f64>) -> Note {
        let text = "ignores that students share classes, do not use";
        Note::new(
            Code::Naive,
            match ratio {
                Some(r) => format!("{text}; its standard error is {r:.2} times that of CR2"),
                None => text.to_owned(),
            },
        )
    }

    pub(crate) fn left_out(reasons: &[(u64, &'static str)]) -> Note {
        let parts: Vec<String> = reasons
            .iter()
            .map(|(n, why)| format!("{n} {why}"))
            .collect();
        Note::new(Code::LeftOut, parts.join(", "))
    }

    pub(crate) fn adjusted_rows(used: u64, all: u64) -> Note {
        let text = format!(
            "{used} of {all} rows have all covariates; adjust => 'none' compares all {all}, which may be other students"
        );
        Note::new(Code::AdjustedRows, text)
    }

    pub(crate) fn lift_unbounded() -> Note {
        let text = "the control mean is too close to 0 for an interval of the relative effect";
        Note::new(Code::LiftUnbounded, text)
    }

    pub(crate) fn no_lift() -> Note {
        Note::new(Code::NoLift, "the control mean is 0")
    }

    pub(crate) fn no_hedges_g() -> Note {
        let text = "the standard deviation or the intra-cluster correlation cannot be estimated";
        Note::new(Code::NoHedgesG, text)
    }

    pub(crate) fn no_limits_of_lift() -> Note {
        let text = "limits of the lift need standard errors by cluster, CR0 to CR3";
        Note::new(Code::NotGiven, text)
    }

    pub(crate) fn no_df() -> Note {
        let text = "there are not more clusters or rows than the method needs";
        Note::new(Code::NoDf, text)
    }
}
