//! The experiments of a context, compiled to the plan that resolution reads.

use super::error::{ExperimentError, invalid};
use super::spec::{Condition, Spec};
use super::words::Status;
use crate::json::{Json, Origin, objects, quoted, read};
use crate::limits::Limit;
use crate::resolution::{Plan, PlanCondition, PlanExperiment, PlanPoint};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    context: String,
    #[serde(default, deserialize_with = "objects")]
    experiments: Vec<Row>,
    /// Parent and child of each nesting of segments.
    #[serde(default)]
    edges: Vec<(i64, i64)>,
    #[serde(default)]
    global_exclusion: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: i64,
    status: Status,
    spec: Box<RawValue>,
    #[serde(default)]
    include: Vec<i64>,
    #[serde(default)]
    exclude: Vec<i64>,
}

/// Compiles the rows of a context. Experiments that ended for good are left out; all others stay, because visits before
/// a start concern the experiment that will start.
pub fn compile(input: &str) -> Result<Plan, ExperimentError> {
    Limit::Context.check("bytes of the definitions of the context", input.len())?;
    let input: Input = read("input", input, Origin::Stored)?;
    Limit::Nestings.check("nestings of segments", input.edges.len())?;
    let nesting = Nesting::new(&input.edges);
    let mut experiments = Vec::with_capacity(input.experiments.len());
    for row in input.experiments {
        if row.status.is_final() {
            continue;
        }
        let (spec, _) = Spec::parse(row.spec.get())?;
        experiments.push(experiment(&row, spec, &nesting)?);
    }
    check_counts(&input.context, &experiments)?;
    experiments.sort_by(|a, b| (&a.key, a.id).cmp(&(&b.key, b.id)));
    let pools = pools(&experiments);
    Ok(Plan {
        context: input.context.to_lowercase(),
        experiments,
        pools,
        global_exclusion: nesting.closure(&input.global_exclusion),
    })
}

/// More than these would make every question slow that somebody asks of the context.
fn check_counts(context: &str, experiments: &[PlanExperiment]) -> Result<(), ExperimentError> {
    Limit::Experiments.check(
        format_args!("experiments of context \"{context}\""),
        experiments.len(),
    )?;
    let mut at_point: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for point in experiments.iter().flat_map(|e| &e.points) {
        let (site, target) = (point.site.as_str(), point.target.as_str());
        let count = at_point.entry((site, target)).or_default();
        *count += 1;
        Limit::Competitors.check(
            format_args!(
                "experiments of decision point {}",
                crate::resolution::point(site, target)
            ),
            *count,
        )?;
    }
    Ok(())
}

fn experiment(row: &Row, spec: Spec, nesting: &Nesting) -> Result<PlanExperiment, ExperimentError> {
    let conditions = spec
        .conditions
        .iter()
        .map(|condition| PlanCondition {
            code: condition.code.clone(),
            weight: condition.weight,
            payload: condition.payload.as_ref().map(text),
            levels: levels(&spec, condition),
        })
        .collect();
    let points = spec
        .decision_points
        .into_iter()
        .map(|point| PlanPoint {
            site: point.site,
            target: point.target.unwrap_or_default(),
            exclude_if_reached: point.exclude_if_reached,
            payloads: point
                .payloads
                .iter()
                .map(|(k, v)| (k.clone(), text(v)))
                .collect(),
        })
        .collect();
    let hash_version = u32::try_from(spec.assignment.hash_version)
        .map_err(|_| invalid("assignment.hash_version", "is out of range", ""))?;
    Ok(PlanExperiment {
        id: row.id,
        key: spec.key,
        status: row.status,
        starts_at: spec.schedule.starts_at.map(|m| m.0),
        ends_at: spec.schedule.ends_at.map(|m| m.0),
        unit: spec.unit,
        group_type: spec.group_type,
        consistency: spec.consistency,
        algorithm: spec.assignment.algorithm,
        hash: spec.assignment.hash,
        hash_version,
        salt: spec.assignment.salt,
        late: spec.assignment.late,
        order: spec.assignment.order,
        conditions,
        points,
        post: spec.post_rule,
        filter_mode: spec.filter_mode,
        include: nesting.closure(&row.include),
        exclude: nesting.closure(&row.exclude),
        rollout: spec.rollout,
        holdout: spec.holdout.map(|h| (h.name, h.fraction)),
        namespace: spec.namespace.map(|n| (n.name, n.from, n.to)),
        default_payload: spec.default_payload.as_ref().map(text),
        limited: spec.ending.users.is_some() || spec.ending.groups.is_some(),
    })
}

fn text(json: &Json) -> String {
    json.text().to_owned()
}

/// `{"factor": {"level": .., "payload": ..}}`, in the order of the names.
fn levels(spec: &Spec, condition: &Condition) -> Option<String> {
    if condition.levels.is_empty() {
        return None;
    }
    let parts: Vec<String> = condition
        .levels
        .iter()
        .map(|(name, level)| {
            let payload = (spec.factors.iter())
                .filter(|factor| factor.name == *name)
                .flat_map(|factor| &factor.levels)
                .find(|l| l.name == *level)
                .and_then(|l| l.payload.as_ref())
                .map_or("null", Json::text);
            format!(
                "{}:{{\"level\":{},\"payload\":{payload}}}",
                quoted(name),
                quoted(level)
            )
        })
        .collect();
    Some(format!("{{{}}}", parts.join(",")))
}

/// Which segments are part of which.
struct Nesting(BTreeMap<i64, Vec<i64>>);

impl Nesting {
    fn new(edges: &[(i64, i64)]) -> Self {
        let mut children: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for (parent, child) in edges {
            children.entry(*parent).or_default().push(*child);
        }
        Nesting(children)
    }

    /// The segments with all their parts, each once, in order; circles do no harm.
    fn closure(&self, roots: &[i64]) -> Vec<i64> {
        let mut seen: BTreeSet<i64> = BTreeSet::new();
        let mut open: Vec<i64> = roots.to_vec();
        while let Some(segment) = open.pop() {
            if seen.insert(segment) {
                open.extend(self.0.get(&segment).into_iter().flatten());
            }
        }
        seen.into_iter().collect()
    }
}

/// Experiments connected by shared decision points, each with those it competes with. What nobody can meet competes with
/// nobody.
fn pools(experiments: &[PlanExperiment]) -> Vec<Vec<usize>> {
    let mut at_point: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (i, experiment) in experiments.iter().enumerate() {
        if experiment.status.is_live() {
            for point in &experiment.points {
                at_point
                    .entry((&point.site, &point.target))
                    .or_default()
                    .push(i);
            }
        }
    }
    let mut pools = Vec::new();
    let mut pooled: BTreeSet<usize> = BTreeSet::new();
    for start in 0..experiments.len() {
        if pooled.contains(&start) {
            continue;
        }
        let mut pool = BTreeSet::new();
        let mut open = vec![start];
        while let Some(i) = open.pop() {
            if !pool.insert(i) {
                continue;
            }
            let Some(experiment) = experiments.get(i).filter(|e| e.status.is_live()) else {
                continue;
            };
            for point in &experiment.points {
                // Taken out, because all experiments of a point are visited at once.
                let key = (point.site.as_str(), point.target.as_str());
                open.extend(at_point.remove(&key).unwrap_or_default());
            }
        }
        pooled.extend(&pool);
        pools.push(pool.into_iter().collect());
    }
    pools
}

/// The circle that would close if a segment became part of another: from the parent over the child back to the parent.
pub fn cycle(edges: &[(i64, i64)], parent: i64, child: i64) -> Option<Vec<i64>> {
    let nesting = Nesting::new(edges);
    // How each segment was reached, on the shortest way from the child.
    let mut from: BTreeMap<i64, i64> = BTreeMap::from([(child, parent)]);
    let mut open = std::collections::VecDeque::from([child]);
    while let Some(segment) = open.pop_front() {
        if segment == parent {
            let mut circle = vec![parent];
            let mut at = parent;
            loop {
                at = *from.get(&at)?;
                circle.push(at);
                if at == parent {
                    circle.reverse();
                    return Some(circle);
                }
            }
        }
        for next in nesting.0.get(&segment).into_iter().flatten() {
            if let std::collections::btree_map::Entry::Vacant(free) = from.entry(*next) {
                free.insert(segment);
                open.push_back(*next);
            }
        }
    }
    None
}
