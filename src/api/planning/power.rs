//! Power, minimum detectable effect and clusters needed.

use crate::pg::array::required;
use crate::pg::error::or_raise;
use pgrx::prelude::*;
use rct_core::effect::Word;
use rct_core::planning::{self, Attrition, Design, Target, Trial, Weighting};

/// The arguments that say what is planned, but for the numbers of clusters.
pub struct Words<'a> {
    pub cluster_size: Option<f64>,
    pub icc: Option<f64>,
    pub cv_size: Option<f64>,
    pub sd: Option<f64>,
    pub r2_between: Option<f64>,
    pub r2_within: Option<f64>,
    pub covariates: Option<i32>,
    pub design: Option<&'a str>,
    pub blocks: Option<i32>,
    pub icc_class: Option<f64>,
    pub classes: Option<f64>,
    pub r2_class: Option<f64>,
    pub attrition_students: Option<f64>,
    pub attrition_clusters: Option<f64>,
    pub completion: Option<f64>,
    pub weighting: Option<&'a str>,
}

/// What is planned.
pub fn trial(words: Words<'_>) -> Trial {
    let design = or_raise(Design::from_words(
        required(words.design, "design"),
        words.blocks.map(f64::from),
        words.icc_class,
        words.classes,
        required(words.r2_class, "r2_class"),
    ));
    Trial {
        cluster_size: required(words.cluster_size, "cluster_size"),
        icc: required(words.icc, "icc"),
        cv_size: required(words.cv_size, "cv_size"),
        sd: required(words.sd, "sd"),
        r2_between: required(words.r2_between, "r2_between"),
        r2_within: required(words.r2_within, "r2_within"),
        covariates: f64::from(required(words.covariates, "covariates")),
        design,
        weighting: or_raise(Weighting::from_word(required(words.weighting, "weighting"))),
        attrition: Attrition {
            students: required(words.attrition_students, "attrition_students"),
            clusters: required(words.attrition_clusters, "attrition_clusters"),
            completion: required(words.completion, "completion"),
        },
    }
}

/// Level and power.
pub fn target(alpha: Option<f64>, power: Option<f64>) -> Target {
    Target {
        alpha: required(alpha, "alpha"),
        power: required(power, "power"),
    }
}

/// `power(delta, clusters, clusters_control, cluster_size, icc, …)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
fn power(
    delta: Option<f64>,
    clusters: Option<i32>,
    clusters_control: Option<i32>,
    cluster_size: Option<f64>,
    icc: Option<f64>,
    cv_size: Option<f64>,
    sd: Option<f64>,
    r2_between: Option<f64>,
    r2_within: Option<f64>,
    covariates: Option<i32>,
    alpha: Option<f64>,
    design: Option<&str>,
    blocks: Option<i32>,
    icc_class: Option<f64>,
    classes: Option<f64>,
    r2_class: Option<f64>,
    attrition_students: Option<f64>,
    attrition_clusters: Option<f64>,
    completion: Option<f64>,
    weighting: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(power, Option<f64>),
        name!(std_error, f64),
        name!(df, f64),
        name!(design_effect, f64),
        name!(n_effective, f64),
        name!(clusters_analysed, f64),
        name!(clusters_control_analysed, f64),
        name!(cluster_size_analysed, f64),
        name!(notes, Vec<String>),
    ),
> {
    let trial = trial(Words {
        cluster_size,
        icc,
        cv_size,
        sd,
        r2_between,
        r2_within,
        covariates,
        design,
        blocks,
        icc_class,
        classes,
        r2_class,
        attrition_students,
        attrition_clusters,
        completion,
        weighting,
    });
    // The target is not asked for: any that is possible will do.
    let alpha = required(alpha, "alpha");
    let any = Target {
        alpha,
        power: 0.5 + 0.5 * alpha,
    };
    let a = or_raise(planning::answer(
        &trial,
        &any,
        f64::from(required(clusters, "clusters")),
        f64::from(required(clusters_control, "clusters_control")),
        Some(required(delta, "delta")),
    ));
    TableIterator::once((
        a.power,
        a.sized.std_error,
        a.sized.df,
        a.sized.design_effect,
        a.sized.n_effective,
        a.sized.clusters,
        a.sized.clusters_control,
        a.sized.cluster_size,
        a.notes,
    ))
}

/// `mde(clusters, clusters_control, cluster_size, icc, …)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
fn mde(
    clusters: Option<i32>,
    clusters_control: Option<i32>,
    cluster_size: Option<f64>,
    icc: Option<f64>,
    cv_size: Option<f64>,
    sd: Option<f64>,
    r2_between: Option<f64>,
    r2_within: Option<f64>,
    covariates: Option<i32>,
    alpha: Option<f64>,
    power: Option<f64>,
    design: Option<&str>,
    blocks: Option<i32>,
    icc_class: Option<f64>,
    classes: Option<f64>,
    r2_class: Option<f64>,
    attrition_students: Option<f64>,
    attrition_clusters: Option<f64>,
    completion: Option<f64>,
    weighting: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(mde, Option<f64>),
        name!(mde_approx, Option<f64>),
        name!(std_error, f64),
        name!(df, f64),
        name!(design_effect, f64),
        name!(n_effective, f64),
        name!(clusters_analysed, f64),
        name!(clusters_control_analysed, f64),
        name!(cluster_size_analysed, f64),
        name!(notes, Vec<String>),
    ),
> {
    let trial = trial(Words {
        cluster_size,
        icc,
        cv_size,
        sd,
        r2_between,
        r2_within,
        covariates,
        design,
        blocks,
        icc_class,
        classes,
        r2_class,
        attrition_students,
        attrition_clusters,
        completion,
        weighting,
    });
    let a = or_raise(planning::answer(
        &trial,
        &target(alpha, power),
        f64::from(required(clusters, "clusters")),
        f64::from(required(clusters_control, "clusters_control")),
        None,
    ));
    TableIterator::once((
        a.mde,
        a.mde_approx,
        a.sized.std_error,
        a.sized.df,
        a.sized.design_effect,
        a.sized.n_effective,
        a.sized.clusters,
        a.sized.clusters_control,
        a.sized.cluster_size,
        a.notes,
    ))
}

/// `clusters_needed(delta, cluster_size, icc, …)`
#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
fn clusters_needed(
    delta: Option<f64>,
    cluster_size: Option<f64>,
    icc: Option<f64>,
    cv_size: Option<f64>,
    sd: Option<f64>,
    r2_between: Option<f64>,
    r2_within: Option<f64>,
    covariates: Option<i32>,
    alpha: Option<f64>,
    power: Option<f64>,
    share: Option<f64>,
    design: Option<&str>,
    blocks: Option<i32>,
    icc_class: Option<f64>,
    classes: Option<f64>,
    r2_class: Option<f64>,
    attrition_students: Option<f64>,
    attrition_clusters: Option<f64>,
    completion: Option<f64>,
    weighting: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(clusters_total, Option<i64>),
        name!(clusters, Option<i64>),
        name!(clusters_control, Option<i64>),
        name!(power_reached, Option<f64>),
        name!(mde, Option<f64>),
        name!(std_error, Option<f64>),
        name!(df, Option<f64>),
        name!(design_effect, Option<f64>),
        name!(n_effective, Option<f64>),
        name!(notes, Vec<String>),
    ),
> {
    let trial = trial(Words {
        cluster_size,
        icc,
        cv_size,
        sd,
        r2_between,
        r2_within,
        covariates,
        design,
        blocks,
        icc_class,
        classes,
        r2_class,
        attrition_students,
        attrition_clusters,
        completion,
        weighting,
    });
    let found = or_raise(planning::clusters_needed(
        &trial,
        &target(alpha, power),
        required(delta, "delta"),
        required(share, "share"),
    ));
    TableIterator::once(match found {
        Some(a) => (
            Some((a.assigned.0 + a.assigned.1) as i64),
            Some(a.assigned.0 as i64),
            Some(a.assigned.1 as i64),
            a.power,
            a.mde,
            Some(a.sized.std_error),
            Some(a.sized.df),
            Some(a.sized.design_effect),
            Some(a.sized.n_effective),
            a.notes,
        ),
        None => {
            let note = "not_reached: a million clusters would not be enough for this effect";
            (
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                None,
                vec![note.to_owned()],
            )
        }
    })
}
