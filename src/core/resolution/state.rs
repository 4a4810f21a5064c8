//! What a plan and the facts say together: for each experiment the rows, the group data, the lists, and whether the user
//! may go on to the tables.

use super::compiled::Compiled;
use super::facts::{Allocated, Facts, Listed, USER};
use super::group::Group;
use super::lists::{Access, Named, globally_excluded};
use super::plan::{PlanExperiment, Time, effective_status};
use super::pool::Claim;
use super::reason::{Code, Reason};
use super::table::{Gives, Phase, Rows, Rule, rule};
use crate::assignment::{Purpose, in_range, in_rollout, in_share};
use crate::experiment::{Consistency, Post, Status, Unit};

/// The facts of one experiment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Own<'a> {
    /// Condition of the individual enrollment, if there is one.
    pub ie: Option<Option<&'a str>>,
    /// Condition of the group enrollment, if there is one.
    pub ge: Option<Option<&'a str>>,
    /// Code of the individual exclusion, unless it heals.
    pub ix: Option<&'a str>,
    /// An individual exclusion that heals with the group data.
    pub healing: Option<&'a str>,
    /// Code of the group exclusion.
    pub gx: Option<&'a str>,
    pub named: Named<'a>,
    pub allocated: Option<Allocated<'a>>,
    pub forced: Option<&'a str>,
}

/// A question: who asks when, and what is known.
pub(super) struct Question<'a> {
    pub plan: &'a Compiled,
    pub facts: &'a Facts<'a>,
    pub user: &'a str,
    pub now: Time,
    pub global: Option<&'a Listed<'a>>,
    groups: Vec<Group<'a>>,
    own: Vec<Own<'a>>,
}

/// Where an experiment stands for the user, before the pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub status: Status,
    /// The column of the tables, if the user may see the experiment.
    pub phase: Option<Phase>,
    pub group: Group<'a>,
    pub rows: Rows,
    /// The default, for a reason before the tables.
    pub gate: Option<Reason>,
    /// The rule of tables B–D.
    pub rule: Option<&'static Rule>,
    /// Unit and rule by which the tables are read: an enrolled user without usable group data is on their own.
    pub unit: Unit,
    pub consistency: Consistency,
    pub claim: Claim,
}

impl<'a> Question<'a> {
    pub fn new(plan: &'a Compiled, facts: &'a Facts<'a>, user: &'a str, now: Time) -> Self {
        let types = plan.group_types().iter();
        let groups: Vec<Group<'a>> = types.map(|t| Group::of(facts, Some(t))).collect();
        let mut question = Question {
            plan,
            facts,
            user,
            now,
            global: globally_excluded(&plan.plan().global_exclusion, facts, user),
            groups,
            own: vec![Own::default(); plan.experiments().len()],
        };
        question.enter();
        question
    }

    /// Enters the facts, each where it belongs.
    fn enter(&mut self) {
        let (facts, user) = (self.facts, self.user);
        for row in &facts.enrollments {
            if let Some((i, own_user)) = self.place(row.experiment, row.unit_type, row.unit)
                && !(own_user && self.left(i, row.group, Consistency::Individual))
                && let Some(own) = self.own.get_mut(i)
            {
                if own_user {
                    own.ie = Some(row.condition);
                } else {
                    own.ge = Some(row.condition);
                }
            }
        }
        for row in &facts.exclusions {
            if let Some((i, own_user)) = self.place(row.experiment, row.unit_type, row.unit)
                && !(own_user && self.left(i, row.group, Consistency::Experiment))
                && let Some(own) = self.own.get_mut(i)
            {
                if !own_user {
                    own.gx = Some(row.code);
                } else if Code::from_word(row.code).is_some_and(Code::heals) {
                    own.healing = Some(row.code);
                } else {
                    own.ix = Some(row.code);
                }
            }
        }
        for row in &facts.allocations {
            if let Some((i, own_user)) = self.place(row.experiment, row.unit_type, row.unit)
                && self.plan.experiment(i).map(|e| e.unit == Unit::Group) == Some(!own_user)
                && let Some(own) = self.own.get_mut(i)
            {
                own.allocated = Some(*row);
            }
        }
        let plan = self.plan;
        for entry in &facts.segments {
            for (i, list) in plan.lists(entry.segment) {
                if let (Some(own), Some(e)) = (self.own.get_mut(i), plan.experiment(i)) {
                    own.named
                        .enter(list, entry, facts, e.group_type.as_deref(), user);
                }
            }
        }
        for (experiment, condition) in &facts.forced {
            let at = plan.by_id(*experiment);
            if let Some(own) = at.and_then(|i| self.own.get_mut(i)) {
                own.forced = Some(condition);
            }
        }
    }

    /// The experiment of a row, and whether it is the user's own (or their working group's).
    fn place(&self, experiment: i64, unit_type: &str, unit: &str) -> Option<(usize, bool)> {
        let i = self.plan.by_id(experiment)?;
        if unit_type == USER {
            return (unit == self.user).then_some((i, true));
        }
        let e = self.plan.experiment(i)?;
        let same =
            e.group_type.as_deref() == Some(unit_type) && self.group(i).usable() == Some(unit);
        same.then_some((i, false))
    }

    /// Whether a row of the user came with a group that the user has left for another (rule 9). It will be closed; a
    /// change that was entered for a later day runs no job, so it may still be open. Under the rule `keeps` it stays.
    fn left(&self, i: usize, then: Option<&str>, keeps: Consistency) -> bool {
        let (Some(then), Some(e)) = (then, self.plan.experiment(i)) else {
            return false;
        };
        let moved = self.group(i).usable().is_some_and(|now| now != then);
        e.unit == Unit::Group && e.consistency != keeps && moved
    }

    /// The working group for an experiment.
    pub fn group(&self, i: usize) -> Group<'a> {
        let place = self.plan.group_type(i);
        let group = place.and_then(|t| self.groups.get(t));
        group.copied().unwrap_or(Group::NotNeeded)
    }

    pub fn own(&self, i: usize) -> Own<'a> {
        self.own.get(i).copied().unwrap_or_default()
    }

    /// The unit of assignment: the user, or the working group.
    pub fn unit(&self, i: usize, e: &PlanExperiment) -> Option<&'a str> {
        match e.unit {
            Unit::Group => self.group(i).usable(),
            Unit::Individual | Unit::WithinSubjects => Some(self.user),
        }
    }

    pub fn view(&self, i: usize, e: &PlanExperiment) -> View<'a> {
        let own = self.own(i);
        let group = self.group(i);
        let status = effective_status(e.status, e.starts_at, e.ends_at, self.now);
        let phase = match status {
            Status::Enrolling => Some(Phase::Enrolling),
            Status::Preview if self.facts.preview => Some(Phase::Enrolling),
            Status::EnrollmentComplete => Some(match e.post {
                Post::Continue => Phase::Continue,
                Post::Assign(_) => Phase::Assign,
                Post::Revert => Phase::Revert,
            }),
            _ => None,
        };
        let mut view = View {
            status,
            phase,
            group,
            rows: Rows {
                ie: own.ie.is_some(),
                ge: e.unit == Unit::Group && own.ge.is_some(),
                ix: own.ix.is_some(),
                gx: own.gx.is_some(),
            },
            gate: None,
            rule: None,
            unit: e.unit,
            consistency: e.consistency,
            claim: Claim::None,
        };
        let Some(phase) = phase else {
            view.gate = Some(Reason::NotRunning);
            return view;
        };
        view.gate = self.gate(i, e, &own, &mut view);
        if self.global.is_some() {
            return view;
        }
        if own.forced.is_some() {
            view.gate = None;
            view.claim = Claim::Forced;
            return view;
        }
        let rule = rule(view.unit, view.consistency, phase, view.rows);
        view.rule = Some(rule);
        let enrolled = view.rows.ie || (view.rows.ge && view.gate.is_none());
        view.claim = match (enrolled, phase) {
            (true, Phase::Enrolling) => Claim::Enrolled,
            (true, _) => Claim::Complete,
            (false, _) if view.gate.is_none() && opens(rule.gives) => Claim::Open,
            _ => Claim::None,
        };
        view
    }

    /// The first reason for the default that comes before the tables.
    fn gate(
        &self,
        i: usize,
        e: &PlanExperiment,
        own: &Own<'a>,
        view: &mut View<'a>,
    ) -> Option<Reason> {
        if self.global.is_some() {
            return Some(Reason::GloballyExcluded);
        }
        if e.unit == Unit::Group && view.group.usable().is_none() {
            if !view.rows.ie {
                return Some(match view.group {
                    Group::Invalid => Reason::InvalidGroupOrWorkingGroup,
                    _ => Reason::NoGroupSpecified,
                });
            }
            // Rule 8: whoever is enrolled keeps the condition, as if assigned alone.
            view.unit = Unit::Individual;
            view.consistency = Consistency::Individual;
        }
        match own.named.line(e.filter_mode).access {
            Access::In => {}
            Access::UserListed => return Some(Reason::ParticipantOnExclusionList),
            Access::GroupListed => return Some(Reason::GroupOnExclusionList),
            Access::NotIncluded => return Some(Reason::NotIncluded),
        }
        // A preview shows the experiment whatever part of the units it will take.
        if view.rows.ie || view.rows.ge || view.status == Status::Preview {
            return None;
        }
        let unit = self.unit(i, e)?;
        self.outside(e, unit)
    }

    /// Holdout, rollout and namespace, which stop only units that are not enrolled.
    fn outside(&self, e: &PlanExperiment, unit: &str) -> Option<Reason> {
        if let Some((name, share)) = &e.holdout
            && in_share(Purpose::Holdout, name, unit, *share)
        {
            return Some(Reason::HeldOut);
        }
        if e.rollout < 1.0 && !in_rollout(&e.salt, unit, e.rollout) {
            return Some(Reason::OutsideRollout);
        }
        match &e.namespace {
            Some((name, from, to)) if !in_range(name, unit, *from, *to) => {
                Some(Reason::OutsideNamespace)
            }
            _ => None,
        }
    }
}

/// Whether a user who is not enrolled would be.
fn opens(gives: Gives) -> bool {
    matches!(gives, Gives::Draw | Gives::Queue)
}
