//! A plan with all look-ups made once, so that a question costs as little as possible.

use super::error::ResolutionError;
use super::lists::List;
use super::plan::{Plan, PlanExperiment};
use crate::assignment::Weights;
use crate::error::{Explain, short};
use crate::json::{Origin, Text};

/// A decision point, with the experiments that have it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub site: String,
    pub target: String,
    /// Experiment and number of its decision point, in the order of the keys.
    pub owners: Vec<(usize, usize)>,
    pub pool: usize,
}

/// A plan with all look-ups made once. It is made from the plan alone, so it may be kept as long as the plan's digest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Compiled {
    plan: Plan,
    weights: Vec<Option<Weights>>,
    /// Experiments by id.
    ids: Vec<(i64, usize)>,
    /// Experiments and lists by segment.
    segments: Vec<(i64, usize, List)>,
    /// By site and target.
    points: Vec<Point>,
    pools: Vec<Vec<usize>>,
    /// Experiments that share a decision point.
    neighbours: Vec<Vec<usize>>,
    /// The types of groups that experiments name.
    group_types: Vec<String>,
    /// For each experiment the place of its type.
    group_type: Vec<Option<usize>>,
}

impl Compiled {
    /// Makes the look-ups. Experiments are taken in the order of their keys.
    pub fn new(mut plan: Plan) -> Self {
        plan.experiments.sort_by(|a, b| a.key.cmp(&b.key));
        let experiments = &plan.experiments;
        let weights = experiments.iter().map(weights).collect();
        let mut ids: Vec<(i64, usize)> = (0..).zip(experiments).map(|(i, e)| (e.id, i)).collect();
        ids.sort_unstable();
        let mut segments = Vec::new();
        for (i, e) in experiments.iter().enumerate() {
            segments.extend(e.include.iter().map(|s| (*s, i, List::Include)));
            segments.extend(e.exclude.iter().map(|s| (*s, i, List::Exclude)));
        }
        segments.sort_by_key(|(segment, i, _)| (*segment, *i));
        let mut points = points(experiments);
        let neighbours = neighbours(experiments.len(), &points);
        let (pools, pool_of) = components(&neighbours);
        for point in &mut points {
            let owner = point.owners.first().map_or(0, |(owner, _)| *owner);
            point.pool = pool_of.get(owner).copied().unwrap_or(0);
        }
        let mut group_types: Vec<String> = Vec::new();
        let mut group_type = Vec::with_capacity(experiments.len());
        for e in experiments {
            group_type.push(e.group_type.as_ref().map(|name| {
                let known = group_types.iter().position(|t| t == name);
                known.unwrap_or_else(|| {
                    group_types.push(name.clone());
                    group_types.len() - 1
                })
            }));
        }
        plan.global_exclusion.sort_unstable();
        Compiled {
            weights,
            ids,
            segments,
            points,
            pools,
            neighbours,
            group_types,
            group_type,
            plan,
        }
    }

    /// Reads a plan as it is stored.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ResolutionError> {
        let damaged = |why: String| ResolutionError::Plan(short(&why, 300));
        let text = std::str::from_utf8(bytes).map_err(|e| damaged(e.to_string()))?;
        let text = Text::check("plan", text, Origin::Stored).map_err(|e| damaged(e.message()))?;
        serde_json::from_str(text.text())
            .map(Compiled::new)
            .map_err(|e| damaged(e.to_string()))
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn experiments(&self) -> &[PlanExperiment] {
        &self.plan.experiments
    }

    pub(super) fn experiment(&self, i: usize) -> Option<&PlanExperiment> {
        self.plan.experiments.get(i)
    }

    pub(super) fn weights(&self, i: usize) -> Option<&Weights> {
        self.weights.get(i).and_then(Option::as_ref)
    }

    pub(super) fn by_id(&self, id: i64) -> Option<usize> {
        let at = self.ids.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.ids.get(at).map(|(_, i)| *i)
    }

    pub(super) fn by_key(&self, key: &str) -> Option<usize> {
        let found = |e: &PlanExperiment| e.key.as_str().cmp(key);
        self.plan.experiments.binary_search_by(found).ok()
    }

    /// The lists that a segment is part of.
    pub(super) fn lists(&self, segment: i64) -> impl Iterator<Item = (usize, List)> + '_ {
        let start = self.segments.partition_point(|(s, _, _)| *s < segment);
        let rest = self.segments.get(start..).unwrap_or_default();
        rest.iter()
            .take_while(move |(s, _, _)| *s == segment)
            .map(|(_, i, list)| (*i, *list))
    }

    /// The version of the hash that an experiment draws by.
    pub fn hash_version(&self, id: i64) -> Option<i32> {
        let e = self.experiment(self.by_id(id)?)?;
        i32::try_from(e.hash_version).ok()
    }

    /// Whether an experiment of the context has this decision point, running or not.
    pub fn has_point(&self, site: &str, target: &str) -> bool {
        self.point(site, target).is_some()
    }

    /// The experiments that compete with one, itself included, by their rows.
    pub fn pool_ids(&self, key: &str) -> Vec<i64> {
        let at = self.by_key(key);
        let pool = at.and_then(|i| self.pools.iter().find(|p| p.contains(&i)));
        let members = pool.into_iter().flatten();
        members
            .filter_map(|i| self.experiment(*i).map(|e| e.id))
            .collect()
    }

    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    pub(super) fn point(&self, site: &str, target: &str) -> Option<&Point> {
        let order = |p: &Point| (p.site.as_str(), p.target.as_str()).cmp(&(site, target));
        let at = self.points.binary_search_by(order).ok()?;
        self.points.get(at)
    }

    pub(super) fn pools(&self) -> &[Vec<usize>] {
        &self.pools
    }

    pub(super) fn neighbours(&self, i: usize) -> &[usize] {
        self.neighbours.get(i).map_or(&[], Vec::as_slice)
    }

    pub(super) fn group_types(&self) -> &[String] {
        &self.group_types
    }

    pub(super) fn group_type(&self, i: usize) -> Option<usize> {
        self.group_type.get(i).copied().flatten()
    }
}

fn weights(experiment: &PlanExperiment) -> Option<Weights> {
    let given: Vec<f64> = experiment.conditions.iter().map(|c| c.weight).collect();
    // A design that is not finished may have none; it draws nothing.
    Weights::new(&given).ok()
}

fn points(experiments: &[PlanExperiment]) -> Vec<Point> {
    let mut all: Vec<(&str, &str, usize, usize)> = Vec::new();
    for (i, e) in experiments.iter().enumerate() {
        let own = e.points.iter().enumerate();
        all.extend(own.map(|(j, p)| (p.site.as_str(), p.target.as_str(), i, j)));
    }
    all.sort_unstable();
    let mut points: Vec<Point> = Vec::new();
    for (site, target, i, j) in all {
        match points.last_mut() {
            Some(last) if last.site == site && last.target == target => {
                last.owners.push((i, j));
            }
            _ => points.push(Point {
                site: site.to_owned(),
                target: target.to_owned(),
                owners: vec![(i, j)],
                pool: 0,
            }),
        }
    }
    points
}

/// The others at the points of each experiment, each once. Memory grows with the pairs that there are, however many
/// points they share.
fn neighbours(n: usize, points: &[Point]) -> Vec<Vec<usize>> {
    let mut points_of: Vec<Vec<&Point>> = vec![Vec::new(); n];
    for point in points {
        for (owner, _) in &point.owners {
            if let Some(own) = points_of.get_mut(*owner) {
                own.push(point);
            }
        }
    }
    let mut met = vec![usize::MAX; n];
    let others = points_of.into_iter().enumerate().map(|(i, own)| {
        let mut list = Vec::new();
        for (other, _) in own.into_iter().flat_map(|p| &p.owners) {
            if let Some(last) = met.get_mut(*other)
                && *other != i
                && *last != i
            {
                *last = i;
                list.push(*other);
            }
        }
        list.sort_unstable();
        list
    });
    others.collect()
}

/// Connected components, each in order, and the component of each node.
fn components(neighbours: &[Vec<usize>]) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut of = vec![usize::MAX; neighbours.len()];
    let mut all = Vec::new();
    for start in 0..neighbours.len() {
        let mut members = Vec::new();
        let mut open = vec![start];
        while let Some(i) = open.pop() {
            match of.get_mut(i) {
                Some(seen) if *seen == usize::MAX => *seen = all.len(),
                _ => continue,
            }
            members.push(i);
            open.extend(neighbours.get(i).into_iter().flatten());
        }
        if !members.is_empty() {
            members.sort_unstable();
            all.push(members);
        }
    }
    (all, of)
}
