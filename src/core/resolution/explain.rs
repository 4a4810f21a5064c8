//! The reasoning behind an answer, step by step, with the values that decided.

use super::compiled::{Compiled, Point};
use super::error::point as spelled_point;
use super::facts::{Facts, USER};
use super::group::Group;
use super::lists::Access;
use super::plan::{PlanExperiment, Time};
use super::pool::Seat;
use super::reason::Reason;
use super::resolve::{Outcome, PoolState, delivered};
use super::state::{Question, View};
use super::table::Gives;
use crate::assignment::{Hash, Purpose, SeedRandom, draw, fraction};
use crate::experiment::{FilterMode, Status, Unit};

/// A step of the reasoning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which rule was looked at.
    pub rule: &'static str,
    /// What it said, in a word or two.
    pub outcome: String,
    /// A sentence with the values that decided.
    pub detail: String,
}

/// The steps that led to what [`super::assign`] answers at this point, in order; the last is the answer.
pub fn explain(
    plan: &Compiled,
    facts: &Facts<'_>,
    user: &str,
    now: Time,
    site: &str,
    target: &str,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let Some(point) = plan.point(site, target) else {
        answer(&mut steps, None, &default(Reason::NoExperiment));
        return steps;
    };
    let question = Question::new(plan, facts, user, now);
    let pool = question.pool(point.pool);
    for (i, _) in &point.owners {
        if let (Some(e), Some((view, _))) = (plan.experiment(*i), pool.of(*i)) {
            steps.push(status(e, view, facts.preview));
        }
    }
    let Some((i, number)) = question.subject(point, &pool) else {
        answer(&mut steps, None, &default(Reason::NotRunning));
        return steps;
    };
    let (Some(e), Some((view, seat))) = (plan.experiment(i), pool.of(i)) else {
        return steps;
    };
    let outcome = question.outcome(i, e, view, seat, point);
    let teller = Teller {
        question: &question,
        pool: &pool,
        i,
        e,
        view,
        seat,
    };
    teller.tell(&mut steps, point, &outcome);
    let (payload, levels) = delivered(e, number, outcome.condition);
    if let Some(payload) = payload {
        let levels = levels.map_or(String::new(), |l| format!(" Levels: {l}."));
        let whose = match outcome.condition {
            Some(code) => format!("condition \"{code}\" at {}", spelled_point(site, target)),
            None => "the default".to_owned(),
        };
        steps.push(Step {
            rule: "payload",
            outcome: payload.to_owned(),
            detail: format!(
                "Experiment \"{}\" delivers this for {whose}.{levels}",
                e.key
            ),
        });
    }
    answer(&mut steps, Some(&e.key), &outcome);
    steps
}

fn default(reason: Reason) -> Outcome<'static> {
    Outcome {
        condition: None,
        queue: None,
        reason,
    }
}

fn answer(steps: &mut Vec<Step>, experiment: Option<&str>, outcome: &Outcome<'_>) {
    let experiment = experiment.map_or(String::new(), |key| format!("Experiment \"{key}\". "));
    let glossary = outcome.reason.glossary().map_or(String::new(), |n| {
        format!(" Exclusion reason {n} of the glossary.")
    });
    steps.push(Step {
        rule: "answer",
        outcome: outcome.condition.unwrap_or("default").to_owned(),
        detail: format!(
            "{experiment}Reason {}: {}{glossary}",
            outcome.reason,
            outcome.reason.sentence()
        ),
    });
}

fn status(e: &PlanExperiment, view: &View<'_>, preview: bool) -> Step {
    let by_clock = if view.status == e.status {
        String::new()
    } else {
        let (word, at) = match view.status {
            Status::EnrollmentComplete => ("ended", e.ends_at),
            _ => ("started", e.starts_at),
        };
        let at = at.map_or(String::new(), |t| format!(" at {}", spelled_time(t)));
        format!(" It is stored as {} and {word} by the clock{at}.", e.status)
    };
    let who = match (view.status, preview) {
        (Status::Preview, true) => " The user is a preview user and sees it.",
        (Status::Preview, false) => " The user is no preview user and does not see it.",
        _ => "",
    };
    Step {
        rule: "status",
        outcome: view.status.word().to_owned(),
        detail: format!(
            "Experiment \"{}\" is {} at this time.{by_clock}{who}",
            e.key, view.status
        ),
    }
}

/// A time as ISO 8601 in UTC.
fn spelled_time(t: Time) -> String {
    let seconds = t.div_euclid(1_000_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a date after Howard Hinnant, in eras of 400 years that begin on 1 March; 2000-03-01 begins one.
    let z = days.saturating_sub(60);
    let (era, day) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = 2000 + year + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{of_month:02} {:02}:{:02}:{:02} UTC",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Tells the steps of the experiment that decides.
struct Teller<'q, 'a> {
    question: &'q Question<'a>,
    pool: &'q PoolState<'a>,
    i: usize,
    e: &'q PlanExperiment,
    view: &'q View<'a>,
    seat: Seat,
}

impl Teller<'_, '_> {
    /// The steps in the order in which they are taken; after a gate that is closed nothing else is looked at.
    fn tell(&self, steps: &mut Vec<Step>, point: &Point, outcome: &Outcome<'_>) {
        steps.push(self.global());
        if self.question.global.is_some() {
            return;
        }
        if self.question.facts.preview {
            steps.push(self.preview());
            if self.question.own(self.i).forced.is_some() {
                self.tell_pool(steps);
                return;
            }
        }
        if self.e.unit == Unit::Group {
            steps.push(self.group_data());
        }
        let closed = self.view.gate;
        if matches!(
            closed,
            Some(Reason::NoGroupSpecified | Reason::InvalidGroupOrWorkingGroup)
        ) {
            return;
        }
        steps.push(self.lists());
        if matches!(
            closed,
            Some(
                Reason::ParticipantOnExclusionList
                    | Reason::GroupOnExclusionList
                    | Reason::NotIncluded
            )
        ) {
            return;
        }
        self.fractions(steps);
        if closed.is_some() {
            return;
        }
        self.tell_pool(steps);
        if matches!(self.seat, Seat::Lost(_) | Seat::Several) {
            return;
        }
        self.tables(steps);
        self.draws(steps, point, outcome);
    }

    fn global(&self) -> Step {
        let (outcome, detail) = match self.question.global {
            Some(entry) if entry.member_type == USER => (
                "excluded",
                format!(
                    "User \"{}\" is on the global exclusion list (segment {}).",
                    entry.member, entry.segment
                ),
            ),
            Some(entry) => (
                "excluded",
                format!(
                    "The user belongs to {} \"{}\", which is on the global exclusion list (segment {}).",
                    entry.member_type, entry.member, entry.segment
                ),
            ),
            None => (
                "pass",
                "Neither the user nor a group they belong to is on the global exclusion list."
                    .to_owned(),
            ),
        };
        step("global_exclusion", outcome, detail)
    }

    fn preview(&self) -> Step {
        match self.question.own(self.i).forced {
            Some(code) => step(
                "preview",
                "forced",
                format!("Condition \"{code}\" is forced on this preview user."),
            ),
            None => step(
                "preview",
                "preview user",
                "The user is a preview user: nothing of theirs is enrolled or analyzed.".to_owned(),
            ),
        }
    }

    fn group_data(&self) -> Step {
        let kind = self.e.group_type.as_deref().unwrap_or("group");
        let kept = if self.view.rows.ie {
            " The user is enrolled and keeps the condition."
        } else {
            ""
        };
        match self.view.group {
            Group::Usable(group) => step(
                "group_data",
                "pass",
                format!("The working group of type {kind} is \"{group}\"."),
            ),
            Group::Invalid => step(
                "group_data",
                "unusable",
                format!(
                    "The user has no working group of type {kind}, or does not belong to it.{kept}"
                ),
            ),
            Group::Missing | Group::NotNeeded => step(
                "group_data",
                "unusable",
                format!("The user has no groups or no working group.{kept}"),
            ),
        }
    }

    fn lists(&self) -> Step {
        let named = self.question.own(self.i).named;
        let line = named.line(self.e.filter_mode);
        let group = match (line.access, named.group_excluded) {
            (Access::GroupListed, Some((kind, id))) => format!(" It is {kind} \"{id}\"."),
            _ => String::new(),
        };
        let mode = match self.e.filter_mode {
            FilterMode::IncludeAll => "everybody may take part unless excluded",
            FilterMode::ExcludeAll => "only those included may take part",
        };
        step(
            "lists",
            if line.access == Access::In {
                "pass"
            } else {
                "excluded"
            },
            format!(
                "Table A, {}: {}; {mode}.{group}",
                self.e.filter_mode,
                line.who.phrase()
            ),
        )
    }

    /// Holdout, rollout and namespace, as far as they were looked at.
    fn fractions(&self, steps: &mut Vec<Step>) {
        let (rows, e) = (self.view.rows, self.e);
        if rows.ie || rows.ge || self.view.status == Status::Preview {
            return;
        }
        let Some(unit) = self.question.unit(self.i, e) else {
            return;
        };
        let at = |purpose, salt: &str| fraction(draw(Hash::Xxh3, purpose, salt, unit));
        let out = |reason| {
            if self.view.gate == Some(reason) {
                "excluded"
            } else {
                "pass"
            }
        };
        if let Some((name, share)) = &e.holdout {
            let at = at(Purpose::Holdout, name);
            steps.push(step(
                "holdout",
                out(Reason::HeldOut),
                format!("Unit \"{unit}\" is at {at:.6} in hold-out \"{name}\", which takes those below {share}."),
            ));
            if self.view.gate == Some(Reason::HeldOut) {
                return;
            }
        }
        if e.rollout < 1.0 {
            let at = at(Purpose::Rollout, &e.salt);
            steps.push(step(
                "rollout",
                out(Reason::OutsideRollout),
                format!(
                    "Unit \"{unit}\" is at {at:.6}; the rollout takes those below {}.",
                    e.rollout
                ),
            ));
            if self.view.gate == Some(Reason::OutsideRollout) {
                return;
            }
        }
        if let Some((name, from, to)) = &e.namespace {
            let at = at(Purpose::Namespace, name);
            steps.push(step(
                "namespace",
                out(Reason::OutsideNamespace),
                format!("Unit \"{unit}\" is at {at:.6} in namespace \"{name}\", of which the experiment has [{from}, {to})."),
            ));
        }
    }

    fn tell_pool(&self, steps: &mut Vec<Step>) {
        let key = |i: usize| {
            let e = self.question.plan.experiment(i);
            e.map_or("", |e| e.key.as_str())
        };
        let others = || {
            let members = self.pool.members.iter().zip(&self.pool.seats);
            let keys: Vec<String> = members
                .filter(|(_, seat)| matches!(seat, Seat::Lost(_) | Seat::Several))
                .map(|(i, _)| format!("\"{}\"", key(*i)))
                .collect();
            keys.join(", ")
        };
        let (outcome, detail) = match self.seat {
            Seat::Outside | Seat::Taken(0) => return,
            Seat::Taken(_) => (
                "chosen",
                format!(
                    "Among competing experiments \"{}\" has the user; the others are {}.",
                    self.e.key,
                    others()
                ),
            ),
            Seat::Lost(winner) => (
                "lost",
                format!(
                    "Among competing experiments \"{}\" has the user.",
                    key(winner)
                ),
            ),
            Seat::Several => (
                "none",
                format!(
                    "The user is enrolled in {}, and none of them is enrolling.",
                    others()
                ),
            ),
        };
        steps.push(step("pool", outcome, detail));
    }

    /// The rows of the user, and the rule of the tables that they lead to.
    fn tables(&self, steps: &mut Vec<Step>) {
        let own = self.question.own(self.i);
        let group = self.view.group.usable().unwrap_or("");
        let kind = self.e.group_type.as_deref().unwrap_or("group");
        let told = |c: Option<&str>| {
            c.map_or("all conditions".to_owned(), |c| {
                format!("condition \"{c}\"")
            })
        };
        if let Some(condition) = own.ie {
            steps.push(step(
                "enrollment",
                "user",
                format!(
                    "User \"{}\" is enrolled with {}.",
                    self.question.user,
                    told(condition)
                ),
            ));
        }
        if let (true, Some(condition)) = (self.view.rows.ge, own.ge) {
            steps.push(step(
                "enrollment",
                kind,
                format!(
                    "The {kind} \"{group}\" is enrolled with {}.",
                    told(condition)
                ),
            ));
        }
        if let Some(code) = own.ix {
            steps.push(step(
                "exclusion",
                "user",
                format!(
                    "User \"{}\" is excluded with code {code}.",
                    self.question.user
                ),
            ));
        }
        if let Some(code) = own.gx {
            steps.push(step(
                "exclusion",
                kind,
                format!("The {kind} \"{group}\" is excluded with code {code}."),
            ));
        }
        if let (Some(rule), Some(phase)) = (self.view.rule, self.view.phase) {
            steps.push(step(
                "table",
                rule.name,
                format!(
                    "Unit {}, consistency {}, {}, rows {}: {}.",
                    self.view.unit,
                    self.view.consistency,
                    phase.heading(),
                    self.view.rows.spelled(),
                    rule.gives.spelled()
                ),
            ));
        }
    }

    /// The draw of a condition, an allocation, or the queue.
    fn draws(&self, steps: &mut Vec<Step>, point: &Point, outcome: &Outcome<'_>) {
        let e = self.e;
        let unit = self.question.unit(self.i, e).unwrap_or(self.question.user);
        match self.view.rule.map(|rule| rule.gives) {
            Some(Gives::Queue) => {
                let count = self.question.repetitions(e, &point.site, &point.target);
                steps.push(step(
                    "draw",
                    outcome.condition.unwrap_or("default"),
                    format!(
                        "Order {} of salt \"{}\" and user \"{}\", after {count} repetitions.",
                        e.order, e.salt, self.question.user
                    ),
                ));
            }
            Some(Gives::Draw) => {
                let said = match (outcome.reason, self.question.own(self.i).allocated) {
                    (Reason::Allocated, Some(a)) => format!(
                        "The randomization gave unit \"{unit}\" condition \"{}\" (stratum {}, block {}).",
                        a.condition,
                        a.stratum.unwrap_or("none"),
                        a.block.unwrap_or("none")
                    ),
                    (Reason::LateUnit | Reason::AwaitingSlot, _) => {
                        format!(
                            "The randomization did not know unit \"{unit}\"; late units: {}.",
                            e.late
                        )
                    }
                    _ => self.drawn(unit),
                };
                steps.push(step("draw", outcome.condition.unwrap_or("default"), said));
            }
            _ => {}
        }
    }

    /// The draw with its thresholds.
    fn drawn(&self, unit: &str) -> String {
        let e = self.e;
        let codes = e.conditions.iter().map(|c| c.code.as_str());
        let Some(weights) = self.question.plan.weights(self.i) else {
            return "The design has no weights to draw by.".to_owned();
        };
        let mut sum = 0.0;
        let total = match e.hash {
            Hash::Xxh3 => weights.total() as f64,
            Hash::Upgrade => 100.0,
        };
        let thresholds: Vec<String> = codes
            .zip(weights.parts().iter().zip(weights.given()))
            .map(|(code, (part, given))| {
                sum += match e.hash {
                    Hash::Xxh3 => *part as f64,
                    Hash::Upgrade => *given,
                };
                format!("\"{code}\" to {:.6}", sum / total)
            })
            .collect();
        let (value, at) = match e.hash {
            Hash::Xxh3 => {
                let value = draw(e.hash, Purpose::Condition, &e.salt, unit);
                (format!(" {value:016x}"), fraction(value))
            }
            Hash::Upgrade => {
                let seed = [e.salt.as_str(), "_", unit];
                (String::new(), SeedRandom::new(&seed).double())
            }
        };
        format!(
            "Salt \"{}\", unit \"{unit}\": {} draw{value}, which is {at:.6}; thresholds {}.",
            e.salt,
            e.hash,
            thresholds.join(", ")
        )
    }
}

fn step(rule: &'static str, outcome: &str, detail: String) -> Step {
    Step {
        rule,
        outcome: outcome.to_owned(),
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::spelled_time;

    #[test]
    fn times_are_spelled() {
        for (t, spelled) in [
            (0, "2000-01-01 00:00:00 UTC"),
            (-1, "1999-12-31 23:59:59 UTC"),
            (59 * 86_400_000_000, "2000-02-29 00:00:00 UTC"),
            (60 * 86_400_000_000, "2000-03-01 00:00:00 UTC"),
            (809_000_000_000_000, "2025-08-20 10:13:20 UTC"),
        ] {
            assert_eq!(spelled_time(t), spelled);
        }
        spelled_time(i64::MAX);
        spelled_time(i64::MIN);
    }
}
