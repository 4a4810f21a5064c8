//! Before the start: design effect, power and what can be detected, and when.

mod answer;
mod calendar;
mod design_effect;
mod duration;
mod power;
mod roster;
mod trial;

pub use answer::{Answer, Planned, answer, check_table, clusters_needed, split};
pub use calendar::Calendar;
pub use design_effect::{
    DesignEffect, design_effect, design_effect_of_mean, design_effect_of_sizes,
};
pub use duration::{Schedule, Step, check_curve, duration};
pub use power::{TTest, Target};
pub use roster::{Conditions, Outcome, RosterRow, roster};
pub use trial::{Attrition, Design, Sized, Trial, Weighting};
