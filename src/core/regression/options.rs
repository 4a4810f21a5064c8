//! The words that callers choose from.

use super::error::QuestionError;
use super::robust::StdError;
use crate::error::Invalid;
use crate::sketch::Centre;
use crate::words::{Word, unknown};

/// Adjustment for covariates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjust {
    /// Difference in means.
    None,
    /// Regression with a common slope for each covariate.
    Ancova,
    /// Regression with a slope for each covariate and condition, covariates about their means (Lin 2013).
    Lin,
}

impl Adjust {
    /// The word of a call.
    pub fn word(self) -> &'static str {
        match self {
            Adjust::None => "none",
            Adjust::Ancova => "ancova",
            Adjust::Lin => "lin",
        }
    }

    /// The same for what has no use for a slope of each condition: Lin's regression is refused.
    pub fn with_common_slope(self) -> Result<Self, QuestionError> {
        match self {
            Adjust::Lin => unknown("adjust", "lin", "one of \"none\", \"ancova\""),
            other => Ok(other),
        }
    }
}

/// Whose average an effect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Estimand {
    /// Each row counts the same, or by its weight.
    #[default]
    Student,
    /// Each cluster counts the same.
    Cluster,
}

impl Estimand {
    /// The same for what has no form in which clusters count the same.
    pub(crate) fn of_students(self, must: &'static str) -> Result<(), QuestionError> {
        match self {
            Estimand::Student => Ok(()),
            Estimand::Cluster => Err(Invalid::word(
                "estimand",
                must,
                "cluster",
                "Only the plain regression of rct.effects can let each cluster count the same.",
            )
            .into()),
        }
    }
}

/// Use of the strata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strata {
    /// An intercept for each stratum.
    Absorb,
    /// As if there were none.
    Ignore,
    /// Each is a pair of clusters, and the effect is that within pairs.
    Pairs,
    /// A second dimension of clustering beside the clusters.
    Clusters,
}

impl Strata {
    /// The same for what is one regression and its sandwich: an error for other uses.
    pub(crate) fn of_one_regression(self) -> Result<Self, QuestionError> {
        match self {
            Strata::Pairs => unknown("strata", "pairs", "one of \"auto\", \"ignore\""),
            Strata::Clusters => unknown("strata", "clusters", "one of \"auto\", \"ignore\""),
            other => Ok(other),
        }
    }

    /// The centre of the moments of such a regression.
    pub(crate) fn centre(self) -> Centre {
        match self {
            Strata::Absorb | Strata::Pairs => Centre::PerStratum,
            Strata::Ignore | Strata::Clusters => Centre::Pooled,
        }
    }
}

impl Word for Adjust {
    fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "none" => Ok(Adjust::None),
            "ancova" => Ok(Adjust::Ancova),
            "lin" => Ok(Adjust::Lin),
            _ => unknown("adjust", word, "one of \"none\", \"ancova\", \"lin\""),
        }
    }
}

impl Word for Strata {
    fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "auto" => Ok(Strata::Absorb),
            "ignore" => Ok(Strata::Ignore),
            "pairs" => Ok(Strata::Pairs),
            "clusters" => Ok(Strata::Clusters),
            _ => unknown(
                "strata",
                word,
                "one of \"auto\", \"ignore\", \"pairs\", \"clusters\"",
            ),
        }
    }
}

impl Word for Estimand {
    fn from_word(word: &str) -> Result<Self, Invalid> {
        match word {
            "student" => Ok(Estimand::Student),
            "cluster" => Ok(Estimand::Cluster),
            _ => unknown("estimand", word, "one of \"student\", \"cluster\""),
        }
    }
}

impl Word for StdError {
    fn from_word(word: &str) -> Result<Self, Invalid> {
        let known = StdError::ALL.iter().find(|se| se.word() == word);
        known.copied().map_or_else(
            || {
                unknown(
                    "se",
                    word,
                    "one of \"CR2\", \"CR0\", \"CR1\", \"CR1p\", \"CR1S\", \"CR3\", \"CV3\", \"HC2\", \"HC3\", \"naive\", \"KR\", \"REML\", and \"delta\" for ratios",
                )
            },
            Ok,
        )
    }
}

/// Refuses a confidence level that is not inside (0, 1).
pub(crate) fn check_level(level: f64) -> Result<(), QuestionError> {
    if level > 0.0 && level < 1.0 {
        Ok(())
    } else {
        Err(QuestionError::Level(level))
    }
}

/// Number of the control among the conditions, of which there must be another one.
pub(crate) fn control_among<T: AsRef<str>>(
    conditions: &[T],
    control: &str,
) -> Result<usize, QuestionError> {
    let mut names = conditions.iter().map(T::as_ref);
    match names.position(|name| name == control) {
        None => Err(QuestionError::UnknownControl {
            control: control.to_owned(),
            conditions: conditions.iter().map(|c| c.as_ref().to_owned()).collect(),
        }),
        Some(_) if conditions.len() < 2 => Err(QuestionError::OnlyControl(control.to_owned())),
        Some(number) => Ok(number),
    }
}

/// How an effect is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Adjustment for covariates.
    pub adjust: Adjust,
    /// Use of the strata.
    pub strata: Strata,
    /// Variance estimator.
    pub se: StdError,
    /// Confidence level.
    pub level: f64,
    /// Whose average the effect is.
    pub estimand: Estimand,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            adjust: Adjust::None,
            strata: Strata::Absorb,
            se: StdError::Cr2,
            level: 0.95,
            estimand: Estimand::Student,
        }
    }
}

impl Options {
    /// Reads the words of a call.
    pub fn from_words(
        adjust: &str,
        strata: &str,
        se: &str,
        level: f64,
    ) -> Result<Self, QuestionError> {
        check_level(level)?;
        Ok(Options {
            adjust: Adjust::from_word(adjust)?,
            strata: Strata::from_word(strata)?,
            se: StdError::from_word(se)?,
            level,
            estimand: Estimand::Student,
        })
    }

    /// The same with the estimand named by a word.
    pub fn with_estimand(self, word: &str) -> Result<Self, QuestionError> {
        Ok(Options {
            estimand: Estimand::from_word(word)?,
            ..self
        })
    }
}

crate::words::shown_as_words!(Adjust);
