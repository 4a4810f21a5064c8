//! Notes: what to know about a result.
//!
//! A note is a code, for programs, and a text, for people. This file is the registry of all codes; the page
//! `docs/reference/notes.md` and the function `rct.notes()` are made from it.

use serde::{Serialize, Serializer};

/// How much a note changes what a result says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What was done.
    Info,
    /// The result is to be read with care.
    Warning,
    /// Something is NULL, or does not hold.
    Error,
}

impl Severity {
    /// The word in SQL.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// Something to know about a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub code: Code,
    /// The sentence.
    pub text: String,
}

impl Note {
    /// A note with a sentence of its own.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        let text = text.into();
        Note { code, text }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.word(), self.text)
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A code of the registry, as `rct.notes()` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The word before the colon.
    pub code: &'static str,
    /// How much it changes.
    pub severity: Severity,
    /// When it comes, and what to do.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($severity:ident { $($variant:ident $word:literal $meaning:literal)* })*) => {
        /// The kind of a note.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(
                #[doc = $meaning]
                $variant,
            )*)*
        }

        impl Code {
            /// All codes, by severity and word.
            pub const ALL: &[Code] = &[$($(Code::$variant,)*)*];

            /// The code as users see it.
            pub fn word(self) -> &'static str {
                match self { $($(Code::$variant => $word,)*)* }
            }

            /// How much it changes what a result says.
            pub fn severity(self) -> Severity {
                match self { $($(Code::$variant => Severity::$severity,)*)* }
            }

            /// When it comes, and what to do.
            pub fn meaning(self) -> &'static str {
                match self { $($(Code::$variant => $meaning,)*)* }
            }
        }
    };
}

codes! {
    Error {
        AliasedCondition "aliased_condition" "The effect of the condition cannot be separated from strata or other conditions, for example because it is alone in its strata. There is no estimate; compare within strata that have both conditions, or ignore the strata."
        Constant "constant" "The outcome has the same value in every row, so there is nothing to fit."
        Cr3Undefined "cr3_undefined" "Leaving one of the clusters out leaves no effect to estimate, so CR3 and CV3 do not exist."
        Cumulative "cumulative" "Counts of a later look are smaller than those before. Give counts from the start, not those since the last look."
        Empty "empty" "No value lies in the intervals of all looks: the effect is not the same at all of them."
        Leak "leak" "There are units where the design allows none. Find out how they came there before anything else."
        NoCalendar "no_calendar" "The calendar does not have so many days of instruction within 20 years."
        NoComparison "no_comparison" "No stratum of the condition has both students with an outcome and students without."
        NoControlRows "no_control_rows" "The control has no row that this analysis can use."
        NoCovariates "no_covariates" "The sketch has no covariates to adjust for."
        NoDf "no_df" "There are no degrees of freedom: not more clusters or rows than the method needs. There is no test and no interval."
        NoEstimate "no_estimate" "The estimate, its standard error or the number of clusters is missing, so there is no test."
        NoExact "no_exact" "There are too many possible outcomes for an exact p-value; the chi-squared approximation is given alone."
        NoFirstStage "no_first_stage" "The condition does not change the exposure, so there is no effect of exposure to estimate."
        NoFit "no_fit" "The variances of the mixed model cannot be estimated: see the text."
        NoHedgesG "no_hedges_g" "The standard deviation or the intra-cluster correlation cannot be estimated, so there is no standardized effect."
        NoLift "no_lift" "The control mean is 0, so there is no relative effect."
        NoMde "no_mde" "No effect that can be written as a number has the power asked for."
        NoObserved "no_observed" "Nobody in this cell has an outcome that could stand for the others. Join it with a similar cell."
        NoOddsRatio "no_odds_ratio" "A rate of 0 or 1 has no odds ratio, and a rate of 0 has no risk ratio with an interval."
        NoPValue "no_p_value" "The metric has no p-value and does not count in its family."
        NoPairs "no_pairs" "No stratum has exactly one cluster of each of the two conditions."
        NoRatio "no_ratio" "The denominators of a condition sum to 0, or it has no row."
        NoRejection "no_rejection" "Almost no alpha is spent at this look, so that no value is large enough to reject."
        NoResidual "no_residual" "Nothing varies beyond rounding, so the standard error is 0 and there is no test."
        NoRows "no_rows" "The condition has no row that this analysis can use."
        NoSpread "no_spread" "The values do not vary, so there is nothing to compare or to test."
        NoTest "no_test" "The segments cannot be compared in one test: not all of them have enough clusters."
        NoUnits "no_units" "There is no unit to count."
        NoVariance "no_variance" "All variances are 0, so there is no test."
        NoVariation "no_variation" "The outcome does not vary where the comparison looks."
        NoWindow "no_window" "No assessment window has room after the exposure of the clusters that join last."
        NotConverged "not_converged" "The fit did not settle. Use fewer regressors, or bands of values."
        NotReached "not_reached" "A million clusters would not be enough for this effect."
        Overflow "overflow" "A number is too large for double precision."
        Separation "separation" "Some regressors predict the outcome exactly, so that no finite coefficients fit best. Use bands, or fewer regressors."
        SingleCluster "single_cluster_arm" "A condition, or in quantiles a stratum of it, consists of one cluster. What varies between clusters cannot be seen, so there is no p-value and no interval."
        SingleStratum "single_stratum_arm" "A condition lies in one stratum. What varies between strata cannot be seen, so there is no two-way p-value and no interval."
        SingleStudent "single_student" "A stratum has too few students of a condition to see how they vary, so there is no standard error."
        Guarded "small_count" "A condition has too few students or clusters in this segment; nothing is shown, so that no student can be recognized. See min_students and min_clusters."
        TooFewSegments "too_few_segments" "Fewer than two segments can be compared."
        TooLowDf "too_low_df" "There are fewer than 2 degrees of freedom: no p-value and no interval."
        Undefined "undefined" "Without this cluster there is no effect to estimate."
    }
    Warning {
        AdjustedRows "adjusted_rows" "Some rows have an outcome but not all covariates. The adjusted analysis is of fewer rows than the unadjusted one."
        Aliased "aliased" "A regressor is constant or a combination of earlier ones and was dropped."
        AliasedCovariate "aliased_covariate" "A covariate is constant or a combination of earlier regressors and was dropped."
        AliasedInteraction "aliased_interaction" "The slope of a covariate in a condition cannot be estimated and was taken as that of the control."
        ArUnbounded "ar_unbounded" "The Anderson-Rubin set has no end on at least one side, because the first stage itself cannot be distinguished from 0."
        ClustersInSeveralPairs "clusters_in_several_pairs" "Clusters are in more than one pair, so the pairs are not independent."
        DirectionDiffers "direction_differs" "The condition with more outcomes is not the same in all strata: the assumption of one direction holds only within strata."
        FewAssignments "few_assignments" "So few assignments are possible that no p-value can be small."
        FewClusters "few_clusters" "A condition has fewer than 10 clusters. One unusual cluster can decide the result."
        FewDraws "few_draws" "There are too few draws for p-values or limits as far out as the level asks."
        FewGroups "few_groups" "One of two dimensions of clustering has few groups: two-way standard errors tend to be too small."
        FewImputations "few_imputations" "Much of the variance is due to what is missing: take about as many imputations as that percentage."
        FewObserved "few_observed" "Few students with an outcome stand for many without."
        FewSigns "few_signs" "So few clusters allow few different draws of signs; other weights, or a randomization test, do better."
        FewTreated "few_treated" "A condition has so few clusters that the wild bootstrap is unreliable. Prefer rct.randomization_test."
        FewValues "few_values" "So few different outcomes lie near a quantile that its effect has no standard error."
        LeverageOne "leverage_one" "One cluster alone determines a part of the effect, and has no residual there."
        LiftUnbounded "lift_unbounded" "The control mean is too close to 0 for an interval of the relative effect."
        LowDf "low_df" "There are fewer than 4 degrees of freedom: the t approximation is rough."
        ManyClusterCovariates "many_cluster_covariates" "Many covariates are constant in every cluster; the clusters support about a tenth of their number."
        Naive "naive" "The standard error ignores that students share classes. It is for teaching only."
        Negative "negative" "The estimate is negative: clusters differ less than chance would make them."
        NegativeR2 "negative_r2" "The covariates explain less than chance would. Plan with 0."
        NoVarianceBetween "no_variance_between" "The variance between clusters is estimated as 0: standard errors of the mixed model are those without clusters and may be too small."
        NotComputed "not_computed" "Some simulated rosters have no p-value and are left out of the rates."
        NotPositiveDefinite "not_positive_definite" "The two-way covariance matrix had negative eigenvalues, which were replaced by 0 (Cameron, Gelbach and Miller 2011)."
        NotRepresented "not_represented" "Some students are in cells without any outcome, so nobody stands for them."
        OffSample "off_sample" "A confidence limit lies beyond the outcomes that there are."
        OutsideLimits "outside_limits" "Some outcomes lie outside the stated range, so the bounds do not hold."
        PairsLeftOut "pairs_left_out" "Some strata do not have exactly one cluster of each condition and are left out."
        SharedClusters "shared_clusters" "Clusters have rows of several conditions. Find out whether that is an error in the data, or conditions were assigned within clusters."
        SimilarConditions "similar_conditions" "Two conditions have names that differ only by blanks, case or Unicode form. They are treated as different."
        SmallClusters "small_clusters" "After attrition clusters have less than one student on average: some would be lost."
        SmallCounts "small_counts" "Expected counts are small: the chi-squared approximation is rough."
        TooManySlopes "too_many_slopes" "There are more slopes than the clusters can support. Use fewer covariates."
        TrimmedLess "trimmed_less" "Ties, or whole students, allow less trimming than the response rates ask for."
        Unallocated "unallocated" "Some units are enrolled without a place in the randomization. They are not counted."
        Unbounded "unbounded" "A limit of the interval was not found: the test cannot reject at this level."
        UndefinedDraws "undefined_draws" "In some of the drawn assignments the covariates explain the condition. They count as extreme."
        UninformativeStrata "uninformative_strata" "Some strata have only one condition and contribute nothing to the effect."
        WeakInstrument "weak_instrument" "The first-stage F is below 10: estimate and interval may mislead. The Anderson-Rubin set does not."
    }
    Info {
        Complete "complete" "All assigned units are observed, so there is no p-value."
        ClusterEstimand "estimand" "Each cluster counts the same, whatever its size."
        Expected "expected" "The value is a mean over all possible assignments."
        Fewer "fewer" "The rate is lower than in the control, so the number needed is for one fewer."
        FixedExposure "fixed_exposure" "The condition determines the exposure: estimate and test are those of the intention to treat."
        NestedClusters "nested_clusters" "Each cluster lies in one stratum, so the two-way variance is that by strata."
        NestedStrata "nested_strata" "Each stratum lies in one cluster, so the two-way variance is that by clusters."
        NoBetween "no_between" "All imputations give the same estimate: nothing seems to be missing."
        NoneMissing "none_missing" "No outcome is missing, so both bounds are the effect."
        Normal "normal" "No degrees of freedom are given, so the normal distribution is used."
        NotGiven "not_given" "This analysis does not give the numbers that are named, which are NULL."
        OneSided "one_sided" "Nobody in the control was exposed, so this is the effect of treatment on the treated."
        OverRunning "over_running" "There is more information than planned: all remaining alpha is spent at this look."
        RandomIntercept "random_intercept" "The effect is that of a mixed model with a random intercept for each cluster; the text has its variances."
        LeftOut "rows_left_out" "Some rows are not in the analysis. The text says how many, and what they lack."
        StrataLeftOut "strata_left_out" "Some strata have no outcome in one of the conditions and are left out."
        StrataNotUsed "strata_not_used" "The strata are ignored in this analysis."
        Unadjusted "unadjusted" "The p-values of this family are not adjusted."
        UnderRunning "under_running" "There is less information than planned: all remaining alpha is spent at this last look."
        WeightsNotUsed "weights_not_used" "The weights are ignored in this analysis."
    }
}

/// The registry.
pub fn registry() -> impl Iterator<Item = Entry> {
    Code::ALL.iter().map(|code| Entry {
        code: code.word(),
        severity: code.severity(),
        meaning: code.meaning(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_registered_once_and_in_order() {
        let words: Vec<(Severity, &str)> =
            Code::ALL.iter().map(|c| (c.severity(), c.word())).collect();
        let mut alone: Vec<&str> = words.iter().map(|w| w.1).collect();
        alone.sort_unstable();
        alone.dedup();
        assert_eq!(alone.len(), words.len());
        for severity in [Severity::Error, Severity::Warning, Severity::Info] {
            let of: Vec<&str> = words
                .iter()
                .filter(|w| w.0 == severity)
                .map(|w| w.1)
                .collect();
            assert!(of.is_sorted(), "{of:?}");
        }
        assert!(Code::ALL.iter().all(|c| c.meaning().ends_with('.')));
    }
}
