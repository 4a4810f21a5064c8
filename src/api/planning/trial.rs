//! The composite type `rct.trial`: what is planned, but for the numbers of clusters.

use crate::pg::array::{Argument, required, short};
use crate::pg::error::or_raise;
use pgrx::AllocatedByRust;
use pgrx::prelude::*;
use rct_core::planning::{Attrition, Design, Target, Trial, Weighting};
use rct_core::words::Word;

/// An argument of type `rct.trial`.
pub type TrialArgument<'a> = Option<PgHeapTuple<'a, AllocatedByRust>>;

/// A trial, and what is asked of it.
#[derive(Clone, Copy)]
pub struct Plan {
    pub trial: Trial,
    pub target: Target,
    /// Share of the clusters that are treated.
    pub share: f64,
}

impl Plan {
    /// Reads an argument. Its parts must not be NULL, except those of other designs.
    pub fn read(argument: TrialArgument<'_>) -> Self {
        let given = required(argument, "trial");
        let part = |name| given.get_by_name::<f64>(name).ok().flatten();
        let number = |name| required(part(name), name);
        let whole = |name| {
            let value = given.get_by_name::<i32>(name).ok().flatten();
            value.map(f64::from)
        };
        let word = |name| required(given.get_by_name::<String>(name).ok().flatten(), name);
        let design = Design::from_words(
            &word("design"),
            whole("blocks"),
            part("icc_class"),
            part("classes"),
            number("r2_class"),
        );
        Plan {
            trial: Trial {
                cluster_size: number("cluster_size"),
                icc: number("icc"),
                cv_size: number("cv_size"),
                sd: number("sd"),
                r2_between: number("r2_between"),
                r2_within: number("r2_within"),
                covariates: required(whole("covariates"), "covariates"),
                design: or_raise(design),
                weighting: or_raise(Weighting::from_word(&word("weighting"))),
                attrition: Attrition {
                    students: number("attrition_students"),
                    clusters: number("attrition_clusters"),
                    completion: number("completion"),
                },
            },
            target: Target {
                level: number("level"),
                power: number("power"),
            },
            share: number("share"),
        }
    }
}

impl Argument for PgHeapTuple<'_, AllocatedByRust> {}

impl Argument for String {
    fn within_limit(self, name: &'static str) -> Self {
        short(&self, name);
        self
    }
}
