//! Who gets which condition, and why: consistency rules, exclusions, lists, status and post-experiment rule.
//!
//! A plan says what the experiments of a context are ([`Compiled`]), packed facts what is known of a user ([`Facts`]).
//! From these two and the clock follow [`assign`], [`mark`] and [`explain`], which share one decision: gates (status,
//! global exclusion, group data, lists, holdout, rollout, namespace), the pool of competing experiments, the tables, the
//! draw. `docs/spec/resolution.md` is written from the tables.

mod compiled;
mod error;
mod explain;
mod facts;
mod group;
mod lists;
mod mark;
mod marking;
mod page;
mod plan;
mod pool;
mod reason;
mod resolve;
mod state;
mod table;

pub use compiled::Compiled;
pub use error::ResolutionError;
pub(crate) use error::point;
pub use explain::{Step, explain};
pub use facts::{
    Allocated, Enrolled, Excluded, FIELDS, Facts, Listed, Membership, Repeated, USER, encode, pack,
};
pub use group::Group;
pub use lists::{Access, Line, List, Named, TABLE_A, Who};
pub use mark::{MARK_TABLE, MarkRule, Source, Writes, mark_rule};
pub use marking::{EnrollRow, ExcludeRow, Marking, Visit, mark};
pub use page::page;
pub use plan::{Plan, PlanCondition, PlanExperiment, PlanPoint, Time, effective_status};
pub use reason::{Code, MarkStatus, Reason};
pub use resolve::{Answer, assign};
pub use table::{Gives, Pattern, Phase, Rows, Rule, TABLE, When, rule};
