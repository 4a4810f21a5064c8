//! The one decision under [`assign`], `mark` and `explain`: gates, pool, tables, draw.

use super::compiled::{Compiled, Point};
use super::facts::Facts;
use super::plan::{PlanExperiment, Time};
use super::pool::{Seat, seats};
use super::reason::Reason;
use super::state::{Question, View};
use super::table::Gives;
use crate::assignment::{QUEUE_LENGTH, choose, queue, rotated};
use crate::experiment::{Algorithm, Late, Post};

/// What a user gets at a decision point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Site.
    pub site: &'a str,
    /// Target; empty if there is none.
    pub target: &'a str,
    /// Key of the experiment that decided.
    pub experiment: Option<&'a str>,
    /// Code of the condition; none is the default.
    pub condition: Option<&'a str>,
    /// What is delivered, as JSON.
    pub payload: Option<&'a str>,
    /// Level and payload by factor, as JSON.
    pub levels: Option<&'a str>,
    /// Within subjects: all that comes, beginning with `condition`.
    pub queue: Option<Vec<&'a str>>,
    /// Why.
    pub reason: Reason,
}

/// What an experiment gives a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome<'a> {
    pub condition: Option<&'a str>,
    pub queue: Option<Vec<&'a str>>,
    pub reason: Reason,
}

impl<'a> Outcome<'a> {
    fn default(reason: Reason) -> Self {
        Outcome {
            condition: None,
            queue: None,
            reason,
        }
    }

    fn of(condition: Option<&'a str>, reason: Reason) -> Self {
        Outcome {
            condition,
            queue: None,
            reason,
        }
    }
}

/// Views and seats of the experiments of a pool.
#[derive(Debug)]
pub(super) struct PoolState<'a> {
    pub members: &'a [usize],
    pub views: Vec<View<'a>>,
    pub seats: Vec<Seat>,
}

impl<'a> PoolState<'a> {
    pub fn of(&self, experiment: usize) -> Option<(&View<'a>, Seat)> {
        let at = self.members.binary_search(&experiment).ok()?;
        Some((self.views.get(at)?, *self.seats.get(at)?))
    }
}

impl<'a> Question<'a> {
    /// Gates and seats of a pool.
    pub fn pool(&self, pool: usize) -> PoolState<'a> {
        let members = self.plan.pools().get(pool).map_or(&[][..], Vec::as_slice);
        let known = |i: &usize| self.plan.experiment(*i).map(|e| self.view(*i, e));
        let views: Vec<View<'a>> = members.iter().filter_map(known).collect();
        let claims: Vec<_> = views.iter().map(|v| v.claim).collect();
        let seats = seats(self.plan, self.user, members, &claims);
        PoolState {
            members,
            views,
            seats,
        }
    }

    /// The experiment that decides at a point, with the number of its decision point: the one that has the user, or else
    /// the first that the user may see, of which those that are enrolling explain more.
    pub fn subject(&self, point: &'a Point, pool: &PoolState<'a>) -> Option<(usize, usize)> {
        let mut best: Option<(u8, (usize, usize))> = None;
        for owner in &point.owners {
            let Some((view, seat)) = pool.of(owner.0) else {
                continue;
            };
            let rank = match (seat, view.phase) {
                (_, None) => continue,
                (Seat::Taken(_), _) => 0,
                (_, Some(super::table::Phase::Enrolling)) => 1,
                _ => 2,
            };
            if best.is_none_or(|(r, _)| rank < r) {
                best = Some((rank, *owner));
            }
        }
        best.map(|(_, owner)| owner)
    }

    /// What an experiment gives the user at a point.
    pub fn outcome(
        &self,
        i: usize,
        e: &'a PlanExperiment,
        view: &View<'a>,
        seat: Seat,
        point: &Point,
    ) -> Outcome<'a> {
        let own = self.own(i);
        match (view.gate, seat) {
            (Some(reason), _) => return Outcome::default(reason),
            (None, Seat::Lost(_)) => return Outcome::default(Reason::OtherExperiment),
            (None, Seat::Several) => return Outcome::default(Reason::SeveralExperiments),
            (None, Seat::Taken(_) | Seat::Outside) => {}
        }
        if let Some(forced) = own.forced {
            return Outcome::of(Some(forced), Reason::Forced);
        }
        let Some(rule) = view.rule else {
            return Outcome::default(Reason::NotRunning);
        };
        match rule.gives {
            Gives::Own => Outcome::of(own.ie.flatten(), Reason::Enrolled),
            Gives::Group => Outcome::of(
                own.ge.flatten(),
                if view.rows.ie {
                    Reason::Enrolled
                } else {
                    Reason::GroupLogic
                },
            ),
            Gives::To => match &e.post {
                Post::Assign(to) => Outcome::of(Some(to), Reason::PostRuleAssign),
                _ => Outcome::default(Reason::EnrollmentComplete),
            },
            Gives::Queue => self.queue(e, point),
            Gives::Draw => self.draw(i, e),
            Gives::Complete => Outcome::default(Reason::EnrollmentComplete),
            Gives::Reverted => Outcome::default(Reason::PostRuleRevert),
            Gives::Excluded => Outcome::default(match own.ix {
                Some(code) => Reason::of_code(code),
                None => Reason::ExcludedDueToGroupLogic,
            }),
        }
    }

    /// The condition of a unit that is not enrolled.
    fn draw(&self, i: usize, e: &'a PlanExperiment) -> Outcome<'a> {
        let unit = self.unit(i, e).unwrap_or(self.user);
        if e.algorithm != Algorithm::Hash {
            if let Some(allocated) = self.own(i).allocated {
                return Outcome::of(Some(allocated.condition), Reason::Allocated);
            }
            match e.late {
                Late::Exclude => return Outcome::default(Reason::LateUnit),
                Late::NextSlot => return Outcome::default(Reason::AwaitingSlot),
                Late::Hash => {}
            }
        }
        let index = self
            .plan
            .weights(i)
            .map(|w| choose(e.hash, &e.salt, unit, w));
        let condition = index.and_then(|c| e.conditions.get(c));
        Outcome::of(condition.map(|c| c.code.as_str()), Reason::Drawn)
    }

    /// Within subjects: what comes at this point, beginning with the next.
    fn queue(&self, e: &'a PlanExperiment, point: &Point) -> Outcome<'a> {
        let count = self.repetitions(e, &point.site, &point.target);
        let k = e.conditions.len();
        let order = queue(e.hash, e.order, &e.salt, self.user, k, QUEUE_LENGTH);
        let codes: Vec<&'a str> = rotated(order, count)
            .into_iter()
            .filter_map(|c| e.conditions.get(c).map(|c| c.code.as_str()))
            .collect();
        Outcome {
            condition: codes.first().copied(),
            queue: Some(codes),
            reason: Reason::Repeated,
        }
    }

    /// How often the user was at a point.
    pub fn repetitions(&self, e: &PlanExperiment, site: &str, target: &str) -> u64 {
        let here = self
            .facts
            .repetitions
            .iter()
            .find(|r| r.experiment == e.id && r.site == site && r.target == target);
        here.map_or(0, |r| r.count)
    }

    /// The answer at a point; none if the user may see no experiment there.
    pub fn answer(&self, point: &'a Point, pool: &PoolState<'a>) -> Option<Answer<'a>> {
        let (i, number) = self.subject(point, pool)?;
        let e = self.plan.experiment(i)?;
        let (view, seat) = pool.of(i)?;
        let outcome = self.outcome(i, e, view, seat, point);
        let (payload, levels) = delivered(e, number, outcome.condition);
        Some(Answer {
            site: &point.site,
            target: &point.target,
            experiment: Some(&e.key),
            condition: outcome.condition,
            payload,
            levels,
            queue: outcome.queue,
            reason: outcome.reason,
        })
    }
}

/// Payload and levels of a condition at a decision point.
pub(super) fn delivered<'a>(
    e: &'a PlanExperiment,
    number: usize,
    condition: Option<&str>,
) -> (Option<&'a str>, Option<&'a str>) {
    let Some(code) = condition else {
        return (e.default_payload.as_deref(), None);
    };
    let condition = e.conditions.iter().find(|c| c.code == code);
    let here = e.points.get(number).and_then(|p| p.payloads.get(code));
    let payload = here.or_else(|| condition.and_then(|c| c.payload.as_ref()));
    (
        payload.map(String::as_str),
        condition.and_then(|c| c.levels.as_deref()),
    )
}

/// What a user gets at all decision points of a context, or at one, in the order of site and target. Writes nothing and
/// depends on nothing but its arguments.
pub fn assign<'a>(
    plan: &'a Compiled,
    facts: &'a Facts<'a>,
    user: &'a str,
    now: Time,
    point: Option<(&str, &str)>,
) -> Vec<Answer<'a>> {
    let points = match point {
        None => plan.points(),
        Some((site, target)) => plan
            .point(site, target)
            .map_or(&[][..], std::slice::from_ref),
    };
    if points.is_empty() {
        return Vec::new();
    }
    let question = Question::new(plan, facts, user, now);
    let mut pools: Vec<Option<PoolState<'a>>> = Vec::new();
    pools.resize_with(plan.pools().len(), || None);
    let mut answers = Vec::with_capacity(points.len());
    for point in points {
        let Some(pool) = pools.get_mut(point.pool) else {
            continue;
        };
        let state = pool.get_or_insert_with(|| question.pool(point.pool));
        answers.extend(question.answer(point, state));
    }
    answers
}
