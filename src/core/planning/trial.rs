//! A planned experiment of two conditions that are assigned by cluster: what it is made of, and the variance of its
//! effect.

use super::power::Target;
use crate::error::Invalid;
use crate::regression::QuestionError;
use crate::words::{Word, unknown};

/// How clusters are assigned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Design {
    /// Students in clusters.
    TwoLevel,
    /// Students in clusters, clusters assigned within that many blocks; the correlation is the one within blocks.
    Blocked {
        /// Blocks.
        blocks: f64,
    },
    /// Students in classes in schools, schools assigned.
    ThreeLevel {
        /// Correlation of students of one class beyond that of their school: the share of the variance between classes.
        icc_class: f64,
        /// Classes in a school.
        classes: f64,
        /// Part of the variance between classes that covariates explain.
        r2_class: f64,
    },
}

impl Design {
    /// Reads the word and what belongs to it; what another design needs must be absent.
    pub fn from_words(
        word: &str,
        blocks: Option<f64>,
        icc_class: Option<f64>,
        classes: Option<f64>,
        r2_class: f64,
    ) -> Result<Self, QuestionError> {
        let missing = |argument, hint| Invalid {
            argument,
            must: "given with this design",
            got: "NULL".to_owned(),
            hint,
        };
        let design = match word {
            "two_level" => Design::TwoLevel,
            "blocked" => Design::Blocked {
                blocks: blocks.ok_or_else(|| {
                    QuestionError::Invalid(missing("blocks", "Give the number of blocks."))
                })?,
            },
            "three_level" => {
                let hint = "A three-level design needs icc_class, the share of the variance between classes of a school, and classes, the classes of a school.";
                Design::ThreeLevel {
                    icc_class: icc_class
                        .ok_or_else(|| QuestionError::Invalid(missing("icc_class", hint)))?,
                    classes: classes
                        .ok_or_else(|| QuestionError::Invalid(missing("classes", hint)))?,
                    r2_class,
                }
            }
            _ => {
                return unknown(
                    "design",
                    word,
                    "one of \"two_level\", \"blocked\", \"three_level\"",
                );
            }
        };
        let stray = |argument, value: Option<f64>, of, hint| match value {
            Some(v) if word != of => Err(QuestionError::Invalid(Invalid::number(
                argument,
                if of == "blocked" {
                    "NULL unless design is \"blocked\""
                } else {
                    "NULL unless design is \"three_level\""
                },
                v,
                hint,
            ))),
            _ => Ok(()),
        };
        let say = "Name the design: design => 'blocked' or design => 'three_level'.";
        stray("blocks", blocks, "blocked", say)?;
        stray("icc_class", icc_class, "three_level", say)?;
        stray("classes", classes, "three_level", say)?;
        Ok(design)
    }
}

/// What the estimator weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// Each student the same: large clusters count more. What [`crate::effect::effects`] does.
    Student,
    /// Each cluster the same.
    Cluster,
}

impl Word for Weighting {
    fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "student" => Ok(Weighting::Student),
            "cluster" => Ok(Weighting::Cluster),
            _ => unknown("weighting", word, "one of \"student\", \"cluster\""),
        }
    }
}

/// What of the planned students and clusters will be analyzed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attrition {
    /// Share of the students who are lost.
    pub students: f64,
    /// Share of the clusters that are lost.
    pub clusters: f64,
    /// Probability that a student reaches the assessment window.
    pub completion: f64,
}

/// Clusters, outcome and analysis of a planned experiment, but for the number of clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Students in a cluster (three-level: in a class), on average.
    pub cluster_size: f64,
    /// Intra-cluster correlation (three-level: share of the variance between schools).
    pub icc: f64,
    /// Coefficient of variation of the sizes of the clusters that are assigned.
    pub cv_size: f64,
    /// Standard deviation of the outcome over students.
    pub sd: f64,
    /// Part of the variance between clusters that covariates explain.
    pub r2_between: f64,
    /// Part of the variance within clusters that covariates explain.
    pub r2_within: f64,
    /// Covariates of clusters: each takes a degree of freedom.
    pub covariates: f64,
    /// Design.
    pub design: Design,
    /// Weighting.
    pub weighting: Weighting,
    /// Attrition.
    pub attrition: Attrition,
}

impl Default for Trial {
    fn default() -> Self {
        Trial {
            cluster_size: 1.0,
            icc: 0.0,
            cv_size: 0.0,
            sd: 1.0,
            r2_between: 0.0,
            r2_within: 0.0,
            covariates: 0.0,
            design: Design::TwoLevel,
            weighting: Weighting::Student,
            attrition: Attrition {
                students: 0.0,
                clusters: 0.0,
                completion: 1.0,
            },
        }
    }
}

/// More students in a cluster, or clusters, than there are people.
pub const MOST: f64 = 1e10;

/// `value` in `[low, high]`.
pub(super) fn within(
    argument: &'static str,
    value: f64,
    low: f64,
    high: f64,
    must: &'static str,
    hint: &'static str,
) -> Result<(), Invalid> {
    if value >= low && value <= high {
        Ok(())
    } else {
        Err(Invalid::number(argument, must, value, hint))
    }
}

/// A share that may be 0 and must be below 1.
pub(super) fn share_below_one(argument: &'static str, value: f64) -> Result<(), Invalid> {
    if (0.0..1.0).contains(&value) {
        Ok(())
    } else {
        Err(Invalid::number(
            argument,
            "at least 0 and below 1",
            value,
            "Write 0.1 for 10 %.",
        ))
    }
}

/// The intra-cluster correlation, to plan with.
pub(super) fn check_icc(argument: &'static str, icc: f64) -> Result<(), Invalid> {
    within(
        argument,
        icc,
        0.0,
        1.0,
        "between 0 and 1",
        "rct.icc estimates it from earlier data; take icc_truncated.",
    )
}

/// The standard deviation of the outcome.
pub(super) fn check_sd(sd: f64) -> Result<(), Invalid> {
    within(
        "sd",
        sd,
        1e-100,
        1e100,
        "above 0",
        "Leave it 1 to have effects in standard deviations.",
    )
}

impl Trial {
    /// Checks every number.
    pub fn check(&self) -> Result<(), Invalid> {
        within(
            "cluster_size",
            self.cluster_size,
            1.0,
            MOST,
            "at least 1",
            "Give the mean number of students in a cluster.",
        )?;
        check_icc("icc", self.icc)?;
        within(
            "cv_size",
            self.cv_size,
            0.0,
            1000.0,
            "at least 0",
            "It is the standard deviation of the cluster sizes over their mean; rct.design_effect gives it.",
        )?;
        check_sd(self.sd)?;
        share_below_one("r2_between", self.r2_between)?;
        share_below_one("r2_within", self.r2_within)?;
        within(
            "covariates",
            self.covariates,
            0.0,
            MOST,
            "at least 0",
            "Count the covariates that vary between clusters.",
        )?;
        share_below_one("attrition_students", self.attrition.students)?;
        share_below_one("attrition_clusters", self.attrition.clusters)?;
        if !(self.attrition.completion > 0.0 && self.attrition.completion <= 1.0) {
            return Err(Invalid::number(
                "completion",
                "above 0 and at most 1",
                self.attrition.completion,
                "It is the probability that a student reaches the assessment window; 1 if all do.",
            ));
        }
        match self.design {
            Design::TwoLevel => Ok(()),
            Design::Blocked { blocks } => within(
                "blocks",
                blocks,
                1.0,
                MOST,
                "at least 1",
                "Give the number of blocks.",
            ),
            Design::ThreeLevel {
                icc_class,
                classes,
                r2_class,
            } => {
                check_icc("icc_class", icc_class)?;
                within(
                    "icc_class",
                    icc_class,
                    0.0,
                    1.0 - self.icc,
                    "at most 1 - icc",
                    "Shares of the variance between schools, between classes and between students add up to 1.",
                )?;
                within(
                    "classes",
                    classes,
                    1.0,
                    MOST,
                    "at least 1",
                    "Give the mean number of classes in a school.",
                )?;
                share_below_one("r2_class", r2_class)
            }
        }
    }

    /// Students of a cluster that will be analyzed.
    fn size(&self) -> f64 {
        self.cluster_size * (1.0 - self.attrition.students) * self.attrition.completion
    }

    /// Students of an assigned unit (three-level: of a school) that will be analyzed.
    fn unit_size(&self) -> f64 {
        match self.design {
            Design::ThreeLevel { classes, .. } => classes * self.size(),
            _ => self.size(),
        }
    }

    /// Variance of the mean of one assigned unit over `sd²`, with or without covariates.
    ///
    /// Students alike: `ρ(1 − R²_B)(1 + cv²) + (1 − ρ)(1 − R²_W) / n̄`, so that over G clusters it is `DE/N` with the
    /// design effect of unequal sizes (Eldridge et al. 2006). Clusters alike: `ρ(1 − R²_B) + (1 − ρ)(1 − R²_W) / ñ`, `ñ`
    /// the harmonic mean, which is `n̄ / (1 + cv²)` when the logarithms of the sizes are normal. Three levels: Dong and
    /// Maynard (2013), cluster random assignment with treatment at level 3.
    fn unit_variance(&self, covariates: bool) -> f64 {
        let left = |r2: f64| if covariates { 1.0 - r2 } else { 1.0 };
        let unequal = 1.0 + self.cv_size * self.cv_size;
        let (between, within) = match self.weighting {
            Weighting::Student => (unequal, 1.0),
            Weighting::Cluster => (1.0, unequal.min(self.unit_size().max(1.0))),
        };
        let (class, rest) = match self.design {
            Design::ThreeLevel {
                icc_class,
                classes,
                r2_class,
            } => (
                icc_class * left(r2_class) / classes,
                (1.0 - self.icc - icc_class).max(0.0),
            ),
            _ => (0.0, 1.0 - self.icc),
        };
        self.icc * left(self.r2_between) * between
            + within * (class + rest * left(self.r2_within) / self.unit_size())
    }

    /// What the experiment is with so many clusters assigned to each condition.
    pub fn sized(&self, clusters: f64, clusters_control: f64) -> Sized {
        let stay = 1.0 - self.attrition.clusters;
        let (treated, control) = (clusters * stay, clusters_control * stay);
        let total = treated + control;
        let lost = match self.design {
            Design::Blocked { blocks } => blocks + 1.0,
            _ => 2.0,
        };
        let design_effect = self.unit_size() * self.unit_variance(false);
        Sized {
            clusters: treated,
            clusters_control: control,
            cluster_size: self.size(),
            std_error: self.sd
                * (self.unit_variance(true) * (1.0 / treated + 1.0 / control)).sqrt(),
            df: total - lost - self.covariates,
            design_effect,
            n_effective: total * self.unit_size() / design_effect,
        }
    }
}

/// A planned experiment with its clusters, after attrition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sized {
    /// Treated clusters that will be analyzed.
    pub clusters: f64,
    /// Control clusters that will be analyzed.
    pub clusters_control: f64,
    /// Students of a cluster that will be analyzed.
    pub cluster_size: f64,
    /// Standard error of the effect.
    pub std_error: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Design effect of the mean, without covariates.
    pub design_effect: f64,
    /// Students who have nothing to do with each other and say as much.
    pub n_effective: f64,
}

/// Checks a number of clusters.
pub(super) fn check_clusters(argument: &'static str, clusters: f64) -> Result<(), Invalid> {
    within(
        argument,
        clusters,
        1.0,
        MOST,
        "at least 1",
        "Give the number of clusters that are assigned to the condition.",
    )
}

/// Checks an effect to plan for.
pub(super) fn check_delta(delta: f64) -> Result<(), Invalid> {
    if delta.is_finite() && delta != 0.0 {
        Ok(())
    } else {
        Err(Invalid::number(
            "delta",
            "a number other than 0",
            delta,
            "Give the effect that is worth finding, in units of the outcome; in standard deviations if sd is 1.",
        ))
    }
}

/// Checks what is common to all answers.
pub(super) fn check(trial: &Trial, target: &Target) -> Result<(), Invalid> {
    trial.check()?;
    target.check()
}
