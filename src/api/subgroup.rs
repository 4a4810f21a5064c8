//! Effects in segments, and whether they differ.

use super::sketch::{read, view};
use crate::pg::array::{Texts, optional_owned, optional_texts, required};
use crate::pg::error::or_raise;
use crate::pg::rows::Rows;
use pgrx::prelude::*;
use rct_core::effect::{self, Guard, InteractionTest, Segments, SubgroupEffect};
use rct_core::regression::{Options, QuestionError};

/// The rows of an analysis of segments; none if one of the arrays is NULL, as it is without rows.
fn rows_of<R: 'static>(
    names: Texts<'_>,
    sketches: Option<Array<'_, &[u8]>>,
    outcome: Option<&str>,
    covariates: &Texts<'_>,
    analysis: impl FnOnce(&Segments<'_>) -> Result<Vec<R>, QuestionError>,
) -> Rows<R> {
    let Some((names, sketches)) = names.zip(sketches) else {
        return Rows::new(None);
    };
    let names = optional_owned(&optional_texts(&names, "segments"));
    let sketches: Vec<_> = sketches.iter().map(|bytes| bytes.map(read)).collect();
    let views = sketches
        .iter()
        .map(|s| s.as_ref().map(|s| view(s, outcome, covariates)));
    Rows::new(or_raise(analysis(&or_raise(Segments::new(
        names,
        views.collect(),
    )))))
}

/// The arguments besides the sketches.
struct Question {
    control: String,
    options: Options,
    guard: Guard,
}

impl Question {
    fn new(
        control: Option<&str>,
        adjust: Option<&str>,
        strata: Option<&str>,
        level: Option<f64>,
        min_students: Option<i32>,
        min_clusters: Option<i32>,
    ) -> Self {
        let options = Options::from_words(
            required(adjust, "adjust"),
            required(strata, "strata"),
            "CR2",
            required(level, "level"),
        );
        let guard = Guard::new(
            required(min_students, "min_students").into(),
            required(min_clusters, "min_clusters").into(),
        );
        Question {
            control: required(control, "control").to_owned(),
            options: or_raise(options),
            guard: or_raise(guard),
        }
    }
}

/// `subgroup_effects(segments, sketches, control, adjust, strata, level, min_students, min_clusters)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn subgroup_effects(
    names: Texts<'_>,
    sketches: Option<Array<'_, &[u8]>>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    level: Option<f64>,
    min_students: Option<i32>,
    min_clusters: Option<i32>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<SubgroupEffect> {
    let q = Question::new(control, adjust, strata, level, min_students, min_clusters);
    rows_of(names, sketches, outcome, &covariates, |segments| {
        effect::subgroup_effects(segments, &q.control, &q.options, q.guard)
    })
}

/// `interaction_test(segments, sketches, control, adjust, strata, level, min_students, min_clusters)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)]
fn interaction_test(
    names: Texts<'_>,
    sketches: Option<Array<'_, &[u8]>>,
    control: Option<&str>,
    adjust: Option<&str>,
    strata: Option<&str>,
    level: Option<f64>,
    min_students: Option<i32>,
    min_clusters: Option<i32>,
    outcome: Option<&str>,
    covariates: Texts<'_>,
) -> Rows<InteractionTest> {
    let q = Question::new(control, adjust, strata, level, min_students, min_clusters);
    rows_of(names, sketches, outcome, &covariates, |segments| {
        effect::interaction_test(segments, &q.control, &q.options, q.guard)
    })
}
