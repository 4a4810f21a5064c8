//! What is simulated: the numbers of the document, checked.

use super::document::{Analysis, Attrition, Document, Late, Spread, Unit};
use super::error::SimulationError;
use crate::assignment::{self, Algorithm};
use crate::error::Explain;
use crate::experiment::ExperimentError;
use crate::experiment::invalid;
use crate::json::{Object, Origin, read};
use crate::regression::{Adjust, Options, StdError, Strata as UseOfStrata};
use crate::words::Word;
use serde_json::Value;

/// Classes that a simulation takes.
const MAX_CLUSTERS: u32 = 100_000;
/// Students of one roster; on average if the sizes of classes are drawn.
const MAX_STUDENTS: f64 = 5_000_000.0;

/// Sizes of classes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sizes {
    /// One size for each class in turn, from the first again when the list ends.
    List(Vec<u32>),
    /// Gamma with this mean and coefficient of variation, rounded, at least `min`.
    Gamma { mean: f64, cv: f64, min: u32 },
}

/// What is simulated. Numbers are checked; see the reference page of `rct.simulate` for what each means.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    pub(super) classes: u32,
    pub(super) sizes: Sizes,
    pub(super) conditions: Vec<String>,
    pub(super) control: usize,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) unit: Unit,
    pub(super) method: Algorithm,
    pub(super) icc: f64,
    pub(super) mean: f64,
    pub(super) sd: f64,
    /// One for each condition; 0 for the control.
    pub(super) effects: Vec<f64>,
    pub(super) effect_sd: f64,
    pub(super) strata: u32,
    pub(super) strata_icc: f64,
    /// Classes of each teacher.
    pub(super) sections: u32,
    pub(super) teacher_icc: f64,
    pub(super) waves: u32,
    pub(super) wave_sd: f64,
    pub(super) late: f64,
    pub(super) late_dose: f64,
    pub(super) prefer_treated: f64,
    pub(super) movers: f64,
    pub(super) spillover: f64,
    /// Share of students without an outcome: control, treated.
    pub(super) lost: (f64, f64),
    pub(super) lost_units: f64,
    pub(super) r2: Option<f64>,
    pub(super) rate: Option<f64>,
    /// Label and options of each analysis.
    pub(super) analyses: Vec<(String, Options)>,
}

fn share(path: &str, value: f64) -> Result<f64, ExperimentError> {
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(invalid(
        path,
        format!("must be between 0 and 1, got {value}"),
        "It is a share: write 0.1 for 10 %.",
    ))
}

fn finite(path: &str, value: f64, least: f64) -> Result<f64, ExperimentError> {
    if value.is_finite() && value >= least && value.abs() <= 1e100 {
        return Ok(value);
    }
    Err(invalid(
        path,
        format!("must be a number of at least {least}, got {value}"),
        "",
    ))
}

fn count(path: &str, value: u32, least: u32, most: u32) -> Result<u32, ExperimentError> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(invalid(
        path,
        format!("must be from {least} to {most}, got {value}"),
        "",
    ))
}

/// One number for all classes, a list with one for each class in turn, or `{"mean", "cv", "min"}` to draw them.
fn read_sizes(size: &Value) -> Result<Sizes, ExperimentError> {
    let whole = |path: &str, n: f64| {
        if n.fract() == 0.0 && (1.0..=1e6).contains(&n) {
            return Ok(n as u32);
        }
        Err(invalid(
            path,
            format!("must be a whole number from 1 to 1000000, got {n}"),
            SIZE_HINT,
        ))
    };
    let number = |value: &Value| match value.as_f64() {
        Some(n) => whole("size", n),
        None => Err(invalid(
            "size",
            format!("must be a number, got {value}"),
            SIZE_HINT,
        )),
    };
    let spread: Spread = match value_list(size) {
        Some([]) => {
            return Err(invalid("size", "must not be an empty list", SIZE_HINT));
        }
        Some(list) => {
            return Ok(Sizes::List(
                list.iter().map(number).collect::<Result<_, _>>()?,
            ));
        }
        None => serde_json::from_value(size.clone())
            .map_err(|e| invalid("size", e.to_string(), SIZE_HINT))?,
    };
    if spread.cv == 0.0 {
        return Ok(Sizes::List(vec![whole("size.mean", spread.mean)?]));
    }
    if !(1.0..=1e6).contains(&spread.mean) {
        let problem = format!("must be from 1 to 1000000, got {}", spread.mean);
        return Err(invalid("size.mean", problem, SIZE_HINT));
    }
    if !(spread.cv > 0.0 && spread.cv <= 3.0) {
        return Err(invalid(
            "size.cv",
            format!("must be between 0 and 3, got {}", spread.cv),
            "The coefficient of variation is the standard deviation of the sizes over their mean.",
        ));
    }
    Ok(Sizes::Gamma {
        mean: spread.mean,
        cv: spread.cv,
        min: whole("size.min", spread.min)?,
    })
}

const SIZE_HINT: &str =
    "Write a number of students, a list with one for each class, or {\"mean\": 25, \"cv\": 0.6}.";

/// The elements of an array, or a number alone; `None` for anything else.
fn value_list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(list) => Some(list),
        Value::Object(_) => None,
        other => Some(std::slice::from_ref(other)),
    }
}

impl Sizes {
    /// Students of all classes, on average if sizes are drawn.
    fn total(&self, classes: u32) -> f64 {
        match self {
            Sizes::List(list) => {
                let in_turn = list.iter().cycle().take(classes as usize);
                in_turn.map(|n| f64::from(*n)).sum()
            }
            Sizes::Gamma { mean, .. } => mean * f64::from(classes),
        }
    }
}

fn word_problem(path: &str, error: &dyn Explain) -> ExperimentError {
    invalid(path, error.message(), error.hint().unwrap_or_default())
}

fn read_analysis(a: &Analysis) -> Result<(String, Options), ExperimentError> {
    let problem = |e: crate::error::Invalid| word_problem("analyses", &e);
    let options = Options {
        se: StdError::from_word(&a.se).map_err(problem)?,
        adjust: Adjust::from_word(&a.adjust).map_err(problem)?,
        strata: UseOfStrata::from_word(&a.strata).map_err(problem)?,
        ..Options::default()
    };
    let mut label = a.se.clone();
    if options.adjust != Adjust::None {
        label = format!("{label} {}", a.adjust);
    }
    if options.strata == UseOfStrata::Ignore {
        label.push_str(" without strata");
    }
    Ok((label, options))
}

/// One effect for all treated conditions, or `{"condition": effect}`.
fn read_effects(
    effect: &Value,
    conditions: &[String],
    control: usize,
) -> Result<Vec<f64>, ExperimentError> {
    let number = |value: &Value| match value.as_f64() {
        Some(n) => finite("effect", n, -1e100),
        None => Err(invalid(
            "effect",
            format!("must be a number, got {value}"),
            "Write a number, or one for each treated condition: {\"hints\": 0.2}.",
        )),
    };
    let mut effects = vec![0.0; conditions.len()];
    let Value::Object(map) = effect else {
        let value = number(effect)?;
        for (_, e) in effects
            .iter_mut()
            .enumerate()
            .filter(|(i, _)| *i != control)
        {
            *e = value;
        }
        return Ok(effects);
    };
    for (name, value) in map {
        let at = conditions.iter().position(|c| c == name);
        match at
            .filter(|i| *i != control)
            .and_then(|i| effects.get_mut(i))
        {
            Some(e) => *e = number(value)?,
            None => {
                return Err(invalid(
                    "effect",
                    format!("{name:?} is not a treated condition"),
                    "Name the conditions other than the control.",
                ));
            }
        }
    }
    Ok(effects)
}

impl Design {
    /// Reads a document. Unknown fields, and numbers that make no sense, are errors that name the field.
    pub fn parse(text: &str) -> Result<Self, SimulationError> {
        let d: Document = read("design", text, Origin::Argument).map_err(ExperimentError::from)?;
        let classes = count("clusters", d.clusters, 2, MAX_CLUSTERS)?;
        let sizes = read_sizes(&d.size)?;
        if sizes.total(classes) > MAX_STUDENTS {
            return Err(invalid(
                "size",
                format!("a roster has more than {MAX_STUDENTS} students"),
                "Take fewer classes, or smaller ones.",
            )
            .into());
        }
        let control_name = match d.control {
            Some(name) => name,
            None => d.conditions.first().cloned().unwrap_or_default(),
        };
        let Some(control) = d.conditions.iter().position(|c| *c == control_name) else {
            return Err(invalid(
                "control",
                format!("{control_name:?} is not one of the conditions"),
                "Name one of the conditions.",
            )
            .into());
        };
        let method = assignment::method(&d.method).map_err(|e| word_problem("method", &e))?;
        let effects = read_effects(&d.effect, &d.conditions, control)?;
        let (strata, strata_icc) = match d.strata {
            Some(Object(s)) => (
                count("strata.count", s.count, 1, classes)?,
                share("strata.icc", s.icc)?,
            ),
            None => (1, 0.0),
        };
        let (sections, teacher_icc) = match d.teachers {
            Some(Object(t)) => (
                count("teachers.sections", t.sections, 1, classes)?,
                share("teachers.icc", t.icc)?,
            ),
            None => (1, 0.0),
        };
        let (waves, wave_sd) = match d.waves {
            Some(Object(w)) => (
                count("waves.count", w.count, 1, classes)?,
                finite("waves.sd", w.sd, 0.0)?,
            ),
            None => (1, 0.0),
        };
        let icc = share("icc", d.icc)?;
        if icc + strata_icc + teacher_icc > 1.0 {
            return Err(invalid(
                "icc",
                "icc, strata.icc and teachers.icc add up to more than 1",
                "Each is a share of the variance of the outcome.",
            )
            .into());
        }
        let late = d.late.map(|l| l.0).unwrap_or(Late {
            share: 0.0,
            dose: 1.0,
            prefer_treated: 0.0,
        });
        let attrition = d.attrition.map(|a| a.0).unwrap_or(Attrition {
            students: 0.0,
            students_treated: None,
            clusters: 0.0,
        });
        let rate = match d.binary {
            Some(Object(b)) => {
                for e in &effects {
                    if !(b.rate > 0.0 && b.rate < 1.0 && (0.0..=1.0).contains(&(b.rate + e))) {
                        return Err(invalid(
                            "binary.rate",
                            format!("{} with effect {e} is not between 0 and 1", b.rate),
                            "The effect on a binary outcome is a difference of rates: write 0.05 for 5 percentage points.",
                        )
                        .into());
                    }
                }
                Some(b.rate)
            }
            None => None,
        };
        let design = Design {
            classes,
            sizes,
            control,
            weights: d.weights,
            unit: d.unit,
            method,
            icc,
            mean: finite("mean", d.mean, -1e100)?,
            sd: finite("sd", d.sd, 0.0)?,
            effects,
            effect_sd: finite("effect_sd", d.effect_sd, 0.0)?,
            strata,
            strata_icc,
            sections,
            teacher_icc,
            waves,
            wave_sd,
            late: share("late.share", late.share)?,
            late_dose: share("late.dose", late.dose)?,
            prefer_treated: share("late.prefer_treated", late.prefer_treated)?,
            movers: share("movers.share", d.movers.map_or(0.0, |m| m.0.share))?,
            spillover: share("spillover.share", d.spillover.map_or(0.0, |s| s.0.share))?,
            lost: (
                share("attrition.students", attrition.students)?,
                share(
                    "attrition.students_treated",
                    attrition.students_treated.unwrap_or(attrition.students),
                )?,
            ),
            lost_units: share("attrition.clusters", attrition.clusters)?,
            r2: match d.pretest {
                Some(Object(p)) => Some(share("pretest.r2", p.r2)?),
                None => None,
            },
            rate,
            analyses: d
                .analyses
                .iter()
                .map(|a| read_analysis(&a.0))
                .collect::<Result<_, _>>()?,
            conditions: d.conditions,
        };
        if design.analyses.is_empty() || design.analyses.len() > 20 {
            return Err(invalid(
                "analyses",
                format!("must be 1 to 20 analyses, got {}", design.analyses.len()),
                "",
            )
            .into());
        }
        if design.r2.is_none()
            && design
                .analyses
                .iter()
                .any(|(_, o)| o.adjust != Adjust::None)
        {
            return Err(invalid(
                "analyses",
                "adjust needs a pretest, the design has none",
                "Add \"pretest\": {\"r2\": 0.5}.",
            )
            .into());
        }
        Ok(design)
    }

    /// Name of a condition.
    pub fn condition(&self, number: usize) -> &str {
        self.conditions.get(number).map_or("", String::as_str)
    }

    /// Teachers of the roster.
    pub(super) fn teachers(&self) -> u32 {
        self.classes.div_ceil(self.sections)
    }
}
