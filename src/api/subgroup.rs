//! Effects in segments, and whether they differ.

use super::sketch::{count, read, view};
use crate::pg::array::{Texts, optional_owned, optional_texts, required};
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::{self, EffectError, Guard, Options, Segments};

/// The rows of an analysis of segments; none if one of the arrays is NULL, as it is without rows.
fn rows_of<R>(
    names: Texts<'_>,
    sketches: Option<Array<'_, &[u8]>>,
    outcome: Option<&str>,
    covariates: &Texts<'_>,
    analysis: impl FnOnce(&Segments<'_>) -> Result<Vec<R>, EffectError>,
) -> Vec<R> {
    let Some((names, sketches)) = names.zip(sketches) else {
        return Vec::new();
    };
    let names = optional_owned(&optional_texts(&names, "segments"));
    let sketches: Vec<_> = sketches.iter().map(|bytes| bytes.map(read)).collect();
    let views = sketches
        .iter()
        .map(|s| s.as_ref().map(|s| view(s, outcome, covariates)));
    or_raise(analysis(&or_raise(Segments::new(names, views.collect()))))
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
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
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
) -> TableIterator<
    'static,
    (
        name!(segment, String),
        name!(condition, String),
        name!(estimate, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(t, Option<f64>),
        name!(p_value, Option<f64>),
        name!(p_holm, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(n, i64),
        name!(n_control, i64),
        name!(clusters, i64),
        name!(clusters_control, i64),
        name!(guarded, bool),
        name!(notes, Vec<String>),
    ),
> {
    let q = Question::new(control, adjust, strata, level, min_students, min_clusters);
    let rows = rows_of(names, sketches, outcome, &covariates, |segments| {
        effect::subgroup_effects(segments, &q.control, &q.options, q.guard)
    });
    TableIterator::new(rows.into_iter().map(|e| {
        (
            e.segment,
            e.condition,
            e.inference.estimate,
            e.inference.std_error,
            e.inference.df,
            e.inference.t,
            e.inference.p_value,
            e.p_holm,
            e.inference.ci_low,
            e.inference.ci_high,
            count(e.n.0),
            count(e.n.1),
            count(e.clusters.0),
            count(e.clusters.1),
            e.guarded,
            e.notes,
        )
    }))
}

/// `interaction_test(segments, sketches, control, adjust, strata, level, min_students, min_clusters)`
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments)]
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
) -> TableIterator<
    'static,
    (
        name!(condition, String),
        name!(segments_compared, Vec<String>),
        name!(f, Option<f64>),
        name!(df_num, Option<f64>),
        name!(df_den, Option<f64>),
        name!(p_value, Option<f64>),
        name!(difference, Option<f64>),
        name!(std_error, Option<f64>),
        name!(t, Option<f64>),
        name!(ci_low, Option<f64>),
        name!(ci_high, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let q = Question::new(control, adjust, strata, level, min_students, min_clusters);
    let rows = rows_of(names, sketches, outcome, &covariates, |segments| {
        effect::interaction_test(segments, &q.control, &q.options, q.guard)
    });
    TableIterator::new(rows.into_iter().map(|t| {
        (
            t.condition,
            t.segments,
            t.f,
            t.df_num,
            t.df_den,
            t.p_value,
            t.difference,
            t.std_error,
            t.t,
            t.ci_low,
            t.ci_high,
            t.notes,
        )
    }))
}
