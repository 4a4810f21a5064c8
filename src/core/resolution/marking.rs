//! What a mark means: which rows it writes, and whether the client delivered what it was told to.

use super::compiled::{Compiled, Point};
use super::error::ResolutionError;
use super::facts::{Facts, USER};
use super::lists::Access;
use super::mark::{Source, Writes, mark_rule};
use super::plan::{PlanExperiment, Time};
use super::pool::Seat;
use super::reason::{Code, MarkStatus, Reason};
use super::resolve::{Outcome, PoolState, delivered};
use super::state::{Question, View};
use crate::experiment::{Consistency, Status, Unit};

/// A mark: what a client tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit<'v> {
    /// Site.
    pub site: &'v str,
    /// Target; empty if there is none.
    pub target: &'v str,
    /// What the client delivered: a code or a payload.
    pub condition: Option<&'v str>,
    /// What became of it.
    pub status: MarkStatus,
    /// Key of the experiment, if the client says it.
    pub experiment: Option<&'v str>,
}

/// An enrollment to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollRow {
    /// `user` or a group type.
    pub unit_type: String,
    /// The user or the group.
    pub unit_id: String,
    /// The condition; none within subjects.
    pub condition: Option<String>,
    /// `ALGORITHMIC` or `GROUP_LOGIC`.
    pub code: Code,
    /// The working group of the user.
    pub group_id: Option<String>,
}

/// An exclusion to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludeRow {
    /// The experiment, which need not be the one of the marking: a visit also matters to others at the point.
    pub experiment_id: i64,
    /// `user` or a group type.
    pub unit_type: String,
    /// The user or the group.
    pub unit_id: String,
    /// Why.
    pub code: Code,
    /// The working group of the user.
    pub group_id: Option<String>,
}

/// What a mark means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marking {
    /// The experiment that decided.
    pub experiment_id: Option<i64>,
    /// Its key.
    pub experiment: Option<String>,
    /// What the server gives; none is the default.
    pub condition: Option<String>,
    /// Why.
    pub reason: Reason,
    /// The client delivered something else.
    pub mismatch: bool,
    /// Enrollments to record, all in the experiment.
    pub enroll: Vec<EnrollRow>,
    /// Exclusions to record.
    pub exclude: Vec<ExcludeRow>,
    /// The unit is to get the next slot of the randomization.
    pub allocate: bool,
    /// That unit: `user` or a group type, and the user or the group.
    pub unit: Option<(String, String)>,
    /// A repetition is to be counted.
    pub repeat: bool,
    /// An enrollment is recorded that counts against the ending criteria.
    pub limited: bool,
}

/// What a mark means. The caller records it; nothing here depends on anything but the arguments.
pub fn mark(
    plan: &Compiled,
    facts: &Facts<'_>,
    user: &str,
    now: Time,
    visit: &Visit<'_>,
) -> Result<Marking, ResolutionError> {
    let point = plan.point(visit.site, visit.target);
    let named = match visit.experiment {
        Some(key) => Some(named(plan, point, visit, key)?),
        None => None,
    };
    let mut marking = Marking {
        experiment_id: None,
        experiment: None,
        condition: None,
        reason: Reason::NoExperiment,
        mismatch: false,
        enroll: Vec::new(),
        exclude: Vec::new(),
        allocate: false,
        unit: None,
        repeat: false,
        limited: false,
    };
    let claimed = visit.status == MarkStatus::Applied && visit.condition.is_some();
    let Some(point) = point else {
        marking.mismatch = claimed;
        return Ok(marking);
    };
    let question = Question::new(plan, facts, user, now);
    let pool = question.pool(point.pool);
    let subject = named.or_else(|| question.subject(point, &pool));
    let found = subject.and_then(|(i, number)| {
        let (view, seat) = pool.of(i)?;
        Some((i, number, plan.experiment(i)?, view, seat))
    });
    match found {
        None => {
            marking.reason = Reason::NotRunning;
            marking.mismatch = claimed;
        }
        Some((i, number, e, view, seat)) => {
            let outcome = question.outcome(i, e, view, seat, point);
            marking.experiment_id = Some(e.id);
            marking.experiment = Some(e.key.clone());
            marking.condition = outcome.condition.map(str::to_owned);
            marking.reason = outcome.reason;
            marking.mismatch = visit.status == MarkStatus::Applied
                && visit
                    .condition
                    .is_some_and(|told| !delivers(e, number, outcome.condition, told));
            if !facts.preview {
                let recorder = Recorder {
                    question: &question,
                    i,
                    e,
                    view,
                };
                recorder.record(&mut marking, visit.status, seat, &outcome);
            }
        }
    }
    if !facts.preview {
        others(&question, point, &pool, subject, visit.status, &mut marking);
    }
    Ok(marking)
}

/// The experiment that the client names, which must have the decision point.
fn named(
    plan: &Compiled,
    point: Option<&Point>,
    visit: &Visit<'_>,
    key: &str,
) -> Result<(usize, usize), ResolutionError> {
    let i = plan
        .by_key(key)
        .ok_or_else(|| ResolutionError::UnknownExperiment {
            experiment: key.to_owned(),
            context: plan.plan().context.clone(),
        })?;
    let mut owners = point.into_iter().flat_map(|p| &p.owners);
    owners
        .find(|(owner, _)| *owner == i)
        .copied()
        .ok_or_else(|| ResolutionError::NotAtPoint {
            experiment: key.to_owned(),
            site: visit.site.to_owned(),
            target: visit.target.to_owned(),
        })
}

/// Whether what the client tells is what the server gives: its code, or its payload as text or as JSON.
fn delivers(e: &PlanExperiment, number: usize, condition: Option<&str>, told: &str) -> bool {
    let Some(code) = condition else {
        return false;
    };
    if code == told {
        return true;
    }
    if e.conditions.iter().any(|c| c.code == told) {
        return false;
    }
    let (Some(payload), _) = delivered(e, number, condition) else {
        return false;
    };
    let parsed = serde_json::from_str::<serde_json::Value>;
    match parsed(payload) {
        Ok(serde_json::Value::String(text)) if text == told => true,
        Ok(value) => parsed(told).is_ok_and(|t| t == value),
        Err(_) => payload == told,
    }
}

/// Exclusions that a visit means for the other experiments at the point: reached before the start, or after the end.
fn others<'a>(
    question: &Question<'a>,
    point: &'a Point,
    pool: &PoolState<'a>,
    subject: Option<(usize, usize)>,
    status: MarkStatus,
    marking: &mut Marking,
) {
    for (i, number) in &point.owners {
        let (Some((view, _)), Some(e)) = (pool.of(*i), question.plan.experiment(*i)) else {
            continue;
        };
        let recorder = Recorder {
            question,
            i: *i,
            e,
            view,
        };
        let writes = match view.status {
            // A start by the clock runs no job, so the visit itself says that it was early.
            Status::Scheduled => {
                if !e.points.get(*number).is_some_and(|p| p.exclude_if_reached) {
                    continue;
                }
                recorder.early()
            }
            Status::EnrollmentComplete
                if status == MarkStatus::Applied
                    && view.gate.is_none()
                    && subject.map(|(s, _)| s) != Some(*i) =>
            {
                let Some(phase) = view.phase else { continue };
                let writes = mark_rule(view.unit, view.consistency, phase, view.rows).writes;
                Writes {
                    ix: writes.ix.filter(|c| *c == Code::ReachedAfter),
                    gx: writes.gx.filter(|c| *c == Code::ReachedAfter),
                    ..Writes::default()
                }
            }
            _ => continue,
        };
        recorder.exclude(marking, writes.ix, writes.gx);
    }
}

/// Turns what the tables write into rows.
struct Recorder<'q, 'a> {
    question: &'q Question<'a>,
    i: usize,
    e: &'q PlanExperiment,
    view: &'q View<'a>,
}

impl Recorder<'_, '_> {
    fn record(&self, marking: &mut Marking, status: MarkStatus, seat: Seat, outcome: &Outcome<'_>) {
        let Some(phase) = self.view.phase else { return };
        if self.question.global.is_some()
            || matches!(seat, Seat::Lost(_) | Seat::Several)
            || matches!(
                self.view.gate,
                Some(Reason::HeldOut | Reason::OutsideRollout | Reason::OutsideNamespace)
            )
        {
            return;
        }
        match status {
            MarkStatus::NoCondition => return,
            MarkStatus::NotApplied => {
                self.exclude(marking, Some(Code::ExcludedByClient), None);
                return;
            }
            MarkStatus::Applied => {}
        }
        match self.view.gate {
            Some(Reason::NoGroupSpecified) => {
                self.exclude(marking, Some(Code::NoGroupSpecified), None);
                return;
            }
            Some(Reason::InvalidGroupOrWorkingGroup) => {
                self.exclude(marking, Some(Code::InvalidGroupOrWorkingGroup), None);
                return;
            }
            Some(_) => {
                self.listed(marking);
                return;
            }
            None => {}
        }
        if outcome.reason == Reason::AwaitingSlot {
            marking.allocate = true;
            let (unit_type, id) = match self.group() {
                Some(group) if self.e.unit == Unit::Group => group,
                _ => (USER, self.question.user),
            };
            marking.unit = Some((unit_type.to_owned(), id.to_owned()));
            return;
        }
        let writes = mark_rule(self.view.unit, self.view.consistency, phase, self.view.rows).writes;
        let drawn = |s: Option<Source>| s == Some(Source::Drawn);
        if (drawn(writes.ie) || drawn(writes.ge)) && outcome.condition.is_none() {
            return;
        }
        self.enroll(marking, &writes, outcome);
        self.exclude(marking, writes.ix, writes.gx);
        marking.repeat = writes.repeat;
        marking.limited = self.e.limited && !marking.enroll.is_empty();
    }

    /// Exclusions of a user whom a list keeps out.
    fn listed(&self, marking: &mut Marking) {
        let named = self.question.own(self.i).named;
        let by_group = named.line(self.e.filter_mode).access == Access::GroupListed;
        let gx = (by_group && named.matched).then_some(Code::GroupOnExclusionList);
        self.exclude(marking, Some(Code::ParticipantOnExclusionList), gx);
    }

    /// What an early visit means by the consistency rule (rule 3).
    fn early(&self) -> Writes {
        let own = self.question.own(self.i);
        if own.ie.is_some() || own.ge.is_some() {
            return Writes::default();
        }
        let prior = Some(Code::ReachedPrior);
        match (self.e.unit, self.e.consistency) {
            (Unit::WithinSubjects, _) | (_, Consistency::Individual) => Writes {
                ix: prior,
                ..Writes::default()
            },
            (_, Consistency::Group) => Writes {
                ix: prior,
                gx: prior,
                ..Writes::default()
            },
            (_, Consistency::Experiment) => Writes::default(),
        }
    }

    fn group(&self) -> Option<(&str, &str)> {
        let group = self.view.group.usable()?;
        Some((self.e.group_type.as_deref()?, group))
    }

    fn enroll(&self, marking: &mut Marking, writes: &Writes, outcome: &Outcome<'_>) {
        let own = self.question.own(self.i);
        let group = self.group();
        let condition = |source: Source| {
            let code = match source {
                Source::Drawn => outcome.condition,
                Source::Group => own.ge.flatten(),
                Source::Own => own.ie.flatten(),
                Source::All => None,
            };
            code.map(str::to_owned)
        };
        let group_id = group.map(|(_, id)| id.to_owned());
        // The group first: its row decides between two first visitors.
        if let (Some(source), Some((unit_type, id))) = (writes.ge, group) {
            marking.enroll.push(EnrollRow {
                unit_type: unit_type.to_owned(),
                unit_id: id.to_owned(),
                condition: condition(source),
                code: Code::Algorithmic,
                group_id: group_id.clone(),
            });
        }
        if let Some(source) = writes.ie {
            marking.enroll.push(EnrollRow {
                unit_type: USER.to_owned(),
                unit_id: self.question.user.to_owned(),
                condition: condition(source),
                code: writes.code(),
                group_id,
            });
        }
    }

    /// Records exclusions, of which the first stays.
    fn exclude(&self, marking: &mut Marking, ix: Option<Code>, gx: Option<Code>) {
        let own = self.question.own(self.i);
        let group = self.group();
        let mut row = |unit_type: &str, unit_id: &str, code: Code| {
            marking.exclude.push(ExcludeRow {
                experiment_id: self.e.id,
                unit_type: unit_type.to_owned(),
                unit_id: unit_id.to_owned(),
                code,
                group_id: group.map(|(_, id)| id.to_owned()),
            });
        };
        if let (Some(code), Some((unit_type, id)), None) = (gx, group, own.gx) {
            row(unit_type, id, code);
        }
        if let (Some(code), None) = (ix, own.ix)
            && own.healing != Some(code.word())
        {
            row(USER, self.question.user, code);
        }
    }
}
