//! Small plans and facts.

use rct_core::experiment::{
    Algorithm, Consistency, FilterMode, Hash, Late, Order, Post, Status, Unit,
};
use rct_core::resolution::{FIELDS, Plan, PlanCondition, PlanExperiment, PlanPoint, encode};
use std::collections::BTreeMap;

pub const EXPERIMENT: i64 = 7;
pub const INCLUDE: i64 = 100;
pub const EXCLUDE: i64 = 101;
pub const GLOBAL: i64 = 102;

pub fn condition(code: &str, weight: f64) -> PlanCondition {
    PlanCondition {
        code: code.to_owned(),
        weight,
        payload: None,
        levels: None,
    }
}

pub fn point(site: &str, target: &str) -> PlanPoint {
    PlanPoint {
        site: site.to_owned(),
        target: target.to_owned(),
        exclude_if_reached: true,
        payloads: BTreeMap::new(),
    }
}

/// An individual experiment that is enrolling, with two conditions at the point (s, t).
pub fn experiment(id: i64, key: &str) -> PlanExperiment {
    PlanExperiment {
        id,
        key: key.to_owned(),
        status: Status::Enrolling,
        starts_at: None,
        ends_at: None,
        unit: Unit::Individual,
        group_type: None,
        consistency: Consistency::Individual,
        algorithm: Algorithm::Hash,
        hash: Hash::Xxh3,
        hash_version: 1,
        salt: key.to_owned(),
        late: Late::Exclude,
        order: Order::Ordered,
        conditions: vec![condition("control", 1.0), condition("treatment", 1.0)],
        points: vec![point("s", "t")],
        post: Post::Continue,
        filter_mode: FilterMode::IncludeAll,
        include: Vec::new(),
        exclude: Vec::new(),
        rollout: 1.0,
        holdout: None,
        namespace: None,
        default_payload: None,
        limited: false,
    }
}

pub fn plan(experiments: Vec<PlanExperiment>) -> Plan {
    Plan {
        context: "home".to_owned(),
        experiments,
        pools: Vec::new(),
        global_exclusion: Vec::new(),
    }
}

/// Packed facts in the making.
#[derive(Debug, Default, Clone)]
pub struct Rows(Vec<(char, Vec<Option<String>>)>);

impl Rows {
    pub fn row(mut self, kind: char, fields: &[&str]) -> Self {
        let fields = fields.iter().map(|f| Some((*f).to_owned())).collect();
        self.0.push((kind, fields));
        self
    }

    /// Whether there is a fact that begins so.
    pub fn has(&self, kind: char, fields: &[&str]) -> bool {
        let begins = |own: &[Option<String>]| {
            let same = |(own, field): (&Option<String>, &&str)| own.as_deref() == Some(*field);
            own.len() >= fields.len() && own.iter().zip(fields).all(same)
        };
        self.0.iter().any(|(k, own)| *k == kind && begins(own))
    }

    /// A group that the user works in and belongs to.
    pub fn group(self, kind: &str, id: &str) -> Self {
        self.row('m', &[kind, id, "t", "t"])
    }

    pub fn enrolled(self, id: i64, unit_type: &str, unit: &str, condition: &str) -> Self {
        self.row(
            'e',
            &[&id.to_string(), unit_type, unit, condition, "ALGORITHMIC"],
        )
    }

    pub fn enrolled_within(mut self, id: i64, unit: &str) -> Self {
        let fields = [&id.to_string(), "user", unit];
        let mut fields: Vec<_> = fields.iter().map(|f| Some((*f).to_string())).collect();
        fields.push(None);
        fields.push(Some("ALGORITHMIC".to_owned()));
        self.0.push(('e', fields));
        self
    }

    pub fn excluded(self, id: i64, unit_type: &str, unit: &str, code: &str) -> Self {
        self.row('x', &[&id.to_string(), unit_type, unit, code])
    }

    pub fn preview(mut self) -> Self {
        self.0.push(('p', Vec::new()));
        self
    }

    pub fn pack(&self) -> Vec<u8> {
        let rows: Vec<(char, [Option<&str>; FIELDS])> = self
            .0
            .iter()
            .map(|(kind, fields)| {
                let mut row = [None; FIELDS];
                for (to, from) in row.iter_mut().zip(fields) {
                    *to = from.as_deref();
                }
                (*kind, row)
            })
            .collect();
        encode(&rows)
    }
}
