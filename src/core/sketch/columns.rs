//! The columns of a sketch and their roles.
//!
//! `score, passed, solved / attempts ~ pretest, female; exposure: attended; weight: w` names three outcomes, two covariates,
//! an exposure and a weight. The values of a row come in the order in which the columns are named.

use super::SketchError;
use std::collections::BTreeSet;
use std::fmt;

/// Outcomes that a sketch takes.
pub const MAX_OUTCOMES: usize = 30;
/// Covariates that a sketch takes.
pub const MAX_COVARIATES: usize = 50;
/// Exposures that a sketch takes.
pub const MAX_EXPOSURES: usize = 10;
/// Bytes of the name of a column.
const MAX_NAME_BYTES: usize = 200;

/// What is compared: a value, or a ratio of two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Name of the value, or of the numerator.
    pub name: String,
    /// Name of the denominator of a ratio.
    pub denominator: Option<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.denominator {
            Some(denominator) => write!(f, "{} / {denominator}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The columns of a sketch. It is written as it is read: see the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Outcomes.
    pub outcomes: Vec<Outcome>,
    /// Covariates.
    pub covariates: Vec<String>,
    /// Exposures.
    pub exposures: Vec<String>,
    /// The weight.
    pub weight: Option<String>,
}

impl Columns {
    /// One outcome, and a covariate or none, of the forms without a text that names them.
    pub fn simple(covariate: bool) -> Self {
        Columns {
            outcomes: vec![Outcome {
                name: "outcome".to_owned(),
                denominator: None,
            }],
            covariates: covariate
                .then(|| "covariate".to_owned())
                .into_iter()
                .collect(),
            exposures: Vec::new(),
            weight: None,
        }
    }

    /// The same with so many covariates that come as an array.
    pub fn with_array(count: usize) -> Result<Self, SketchError> {
        if count > MAX_COVARIATES {
            return Err(SketchError::TooManyColumns {
                what: "covariates",
                got: count,
                most: MAX_COVARIATES,
            });
        }
        Ok(Columns {
            covariates: (1..=count).map(|i| format!("covariate {i}")).collect(),
            ..Columns::simple(false)
        })
    }

    /// The same with an exposure and a weight that come after the covariates.
    pub fn with_exposure_and_weight(self) -> Self {
        Columns {
            exposures: vec!["exposed".to_owned()],
            weight: Some("weight".to_owned()),
            ..self
        }
    }

    /// Reads the text that names the columns.
    pub fn parse(text: &str) -> Result<Self, SketchError> {
        let bad = |what: String| SketchError::Columns(what);
        let mut clauses = text.split(';');
        let main = clauses.next().unwrap_or_default();
        let (outcomes, covariates) = match main.split_once('~') {
            Some((left, right)) => (left, Some(right)),
            None => (main, None),
        };
        let mut columns = Columns {
            outcomes: outcomes.split(',').map(outcome).collect::<Result<_, _>>()?,
            covariates: covariates.map_or_else(|| Ok(Vec::new()), names)?,
            exposures: Vec::new(),
            weight: None,
        };
        for clause in clauses {
            let (role, list) = clause.split_once(':').ok_or_else(|| {
                bad(format!(
                    "\"{}\" is not a role and a colon, such as \"exposure: attended\"",
                    clause.trim()
                ))
            })?;
            match role.trim() {
                "exposure" if columns.exposures.is_empty() => columns.exposures = names(list)?,
                "weight" if columns.weight.is_none() => columns.weight = Some(name(list)?),
                role @ ("exposure" | "weight") => {
                    return Err(bad(format!("\"{role}:\" stands there twice")));
                }
                role => {
                    return Err(bad(format!(
                        "\"{role}\" is not one of the roles exposure and weight"
                    )));
                }
            }
        }
        columns.check()?;
        Ok(columns)
    }

    fn check(&self) -> Result<(), SketchError> {
        for (what, got, most) in [
            ("outcomes", self.outcomes.len(), MAX_OUTCOMES),
            ("covariates", self.covariates.len(), MAX_COVARIATES),
            ("exposures", self.exposures.len(), MAX_EXPOSURES),
        ] {
            if got > most {
                return Err(SketchError::TooManyColumns { what, got, most });
            }
        }
        let mut seen = BTreeSet::new();
        match self.values().find(|name| !seen.insert(*name)) {
            Some(twice) => Err(SketchError::Columns(format!("\"{twice}\" is named twice"))),
            None => Ok(()),
        }
    }

    /// Names of the values of a row, in their order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.outcomes
            .iter()
            .flat_map(|o| std::iter::once(&o.name).chain(&o.denominator))
            .chain(&self.covariates)
            .chain(&self.exposures)
            .chain(&self.weight)
            .map(String::as_str)
    }

    /// Names of the outcomes that are no ratios.
    pub fn plain_outcomes(&self) -> impl Iterator<Item = String> {
        let plain = self.outcomes.iter().filter(|o| o.denominator.is_none());
        plain.map(|o| o.name.clone())
    }

    /// Number of an outcome: of the first if none is named.
    pub fn outcome(&self, name: Option<&str>) -> Result<usize, SketchError> {
        let Some(name) = name else { return Ok(0) };
        let wanted = outcome(name)?;
        let found = self.outcomes.iter().position(|o| *o == wanted);
        found.ok_or_else(|| {
            self.unknown(
                "outcome",
                name,
                self.outcomes.iter().map(Outcome::to_string),
            )
        })
    }

    /// Numbers of covariates by name, from 0.
    pub fn covariates(&self, names: &[&str]) -> Result<Vec<usize>, SketchError> {
        Self::places("covariate", &self.covariates, names, self)
    }

    /// Numbers of exposures by name, from 0.
    pub fn exposures(&self, names: &[&str]) -> Result<Vec<usize>, SketchError> {
        Self::places("exposure", &self.exposures, names, self)
    }

    fn places(
        role: &'static str,
        known: &[String],
        names: &[&str],
        columns: &Columns,
    ) -> Result<Vec<usize>, SketchError> {
        let place = |name: &&str| {
            let found = known.iter().position(|k| k == name.trim());
            found.ok_or_else(|| columns.unknown(role, name, known.iter().cloned()))
        };
        let places: Vec<usize> = names.iter().map(place).collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        match names.iter().find(|name| !seen.insert(name.trim())) {
            Some(twice) => Err(SketchError::NamedTwice {
                role,
                name: twice.trim().to_owned(),
            }),
            None => Ok(places),
        }
    }

    fn unknown(
        &self,
        role: &'static str,
        name: &str,
        known: impl Iterator<Item = String>,
    ) -> SketchError {
        SketchError::UnknownColumn {
            role,
            name: name.to_owned(),
            known: known.collect(),
        }
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, outcome) in self.outcomes.iter().enumerate() {
            write!(f, "{}{outcome}", if i == 0 { "" } else { ", " })?;
        }
        if !self.covariates.is_empty() {
            write!(f, " ~ {}", self.covariates.join(", "))?;
        }
        if !self.exposures.is_empty() {
            write!(f, "; exposure: {}", self.exposures.join(", "))?;
        }
        match &self.weight {
            Some(weight) => write!(f, "; weight: {weight}"),
            None => Ok(()),
        }
    }
}

fn outcome(text: &str) -> Result<Outcome, SketchError> {
    match text.split_once('/') {
        Some((numerator, denominator)) => Ok(Outcome {
            name: name(numerator)?,
            denominator: Some(name(denominator)?),
        }),
        None => Ok(Outcome {
            name: name(text)?,
            denominator: None,
        }),
    }
}

fn names(list: &str) -> Result<Vec<String>, SketchError> {
    list.split(',').map(name).collect()
}

fn name(text: &str) -> Result<String, SketchError> {
    let name = text.trim();
    if name.is_empty() {
        return Err(SketchError::Columns("a name is missing".to_owned()));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(SketchError::Columns(format!(
            "a name must have at most {MAX_NAME_BYTES} bytes, got {}",
            name.len()
        )));
    }
    match name
        .chars()
        .find(|c| c.is_control() || matches!(c, '~' | ':' | '/' | ';' | ','))
    {
        Some(c) => Err(SketchError::Columns(format!(
            "a name must not have the character {c:?}, got \"{name}\""
        ))),
        None => Ok(name.to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_they_are_written() {
        for text in [
            "score",
            "score, passed ~ pretest, female",
            "score, solved / attempts ~ pretest; exposure: attended, minutes; weight: w",
            "größe; weight: w",
        ] {
            let columns = Columns::parse(text).unwrap();
            assert_eq!(columns.to_string(), text);
            assert_eq!(Columns::parse(&text.replace(", ", " ,")).unwrap(), columns);
        }
        let columns = Columns::parse("a, b / c ~ d; exposure: e; weight: f").unwrap();
        assert_eq!(
            columns.values().collect::<Vec<_>>(),
            ["a", "b", "c", "d", "e", "f"]
        );
        assert_eq!(columns.outcome(None).unwrap(), 0);
        assert_eq!(columns.outcome(Some("b/c")).unwrap(), 1);
        assert!(columns.outcome(Some("c")).is_err());
        assert_eq!(columns.covariates(&["d"]).unwrap(), [0]);
        assert!(columns.covariates(&["d", " d"]).is_err());
        assert!(columns.exposures(&["e", "e"]).is_err());
    }

    #[test]
    fn what_names_no_columns_is_refused() {
        for text in [
            "",
            " ",
            "a,",
            "~ x",
            "a ~",
            "a; ",
            "a; weight",
            "a; weight: b, c",
            "a; weight: w; weight: v",
            "a; cluster: c",
            "a, a",
            "a ~ a",
            "a / b / c",
            "a ~ b ~ c",
            "a\u{1}",
            "a ~ b / c",
        ] {
            assert!(Columns::parse(text).is_err(), "{text:?}");
        }
        let many = (0..31)
            .map(|i| format!("y{i}"))
            .collect::<Vec<_>>()
            .join(",");
        assert!(matches!(
            Columns::parse(&many),
            Err(SketchError::TooManyColumns {
                what: "outcomes",
                got: 31,
                most: 30
            })
        ));
    }
}
