//! What is known of a user, packed by one aggregate into one value.
//!
//! | kind | fields |
//! |---|---|
//! | `m` membership | group type, group id, is a member `t`/`f`, is the working group `t`/`f`, from, to (microseconds since 2000) |
//! | `e` enrollment | experiment, unit type (`user` or a group type), unit id, condition, code, group of the user then |
//! | `x` exclusion | experiment, unit type, unit id, code, group of the user then |
//! | `s` segment member | segment, member type (`user` or a group type), member id |
//! | `a` allocation | experiment, unit type, unit id, condition, stratum, block |
//! | `r` repetitions | experiment, site, target, count |
//! | `p` preview user | experiment, forced condition; both NULL: a preview user |
//!
//! A row is the byte of its kind and six fields, each a length (32 bits, little endian, all ones for NULL) and as many
//! bytes. Rows come in any order.

use super::error::ResolutionError;
use super::plan::Time;

/// Fields of a row.
pub const FIELDS: usize = 6;

/// The length that stands for NULL.
const NULL: u32 = u32::MAX;

/// The unit type of a user.
pub const USER: &str = "user";

/// A group of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership<'a> {
    /// Class, school, ...
    pub group_type: &'a str,
    /// The group.
    pub group: &'a str,
    /// Whether the user belongs to it.
    pub member: bool,
    /// Whether the user works in it now.
    pub working: bool,
    /// Since when; none: for ever.
    pub from: Option<Time>,
    /// Until when, that moment excluded; none: for ever.
    pub to: Option<Time>,
}

/// An open enrollment of the user or of one of their groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enrolled<'a> {
    /// The experiment.
    pub experiment: i64,
    /// `user` or a group type.
    pub unit_type: &'a str,
    /// The user or the group.
    pub unit: &'a str,
    /// The condition; none within subjects.
    pub condition: Option<&'a str>,
    /// The working group of the user then.
    pub group: Option<&'a str>,
}

/// An open exclusion of the user or of one of their groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excluded<'a> {
    /// The experiment.
    pub experiment: i64,
    /// `user` or a group type.
    pub unit_type: &'a str,
    /// The user or the group.
    pub unit: &'a str,
    /// Why.
    pub code: &'a str,
    /// The working group of the user then.
    pub group: Option<&'a str>,
}

/// The user or one of their groups in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The segment.
    pub segment: i64,
    /// `user` or a group type.
    pub member_type: &'a str,
    /// The user or the group.
    pub member: &'a str,
}

/// What a randomization gave a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocated<'a> {
    /// The experiment.
    pub experiment: i64,
    /// `user` or a group type.
    pub unit_type: &'a str,
    /// The user or the group.
    pub unit: &'a str,
    /// The condition.
    pub condition: &'a str,
    /// The stratum, for the explanation.
    pub stratum: Option<&'a str>,
    /// The block, for the explanation.
    pub block: Option<&'a str>,
}

/// How often a user was at a decision point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated<'a> {
    /// The experiment.
    pub experiment: i64,
    /// Site.
    pub site: &'a str,
    /// Target; empty if there is none.
    pub target: &'a str,
    /// Repetitions so far.
    pub count: u64,
}

/// What is known of a user. Everything points into the packed bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Groups.
    pub memberships: Vec<Membership<'a>>,
    /// Enrollments of the user and their groups.
    pub enrollments: Vec<Enrolled<'a>>,
    /// Exclusions of the user and their groups.
    pub exclusions: Vec<Excluded<'a>>,
    /// Segments that name the user or their groups.
    pub segments: Vec<Listed<'a>>,
    /// Allocations of the user and their groups.
    pub allocations: Vec<Allocated<'a>>,
    /// Repetitions within subjects.
    pub repetitions: Vec<Repeated<'a>>,
    /// Whether the user is a preview user.
    pub preview: bool,
    /// Conditions forced on a preview user, by experiment.
    pub forced: Vec<(i64, &'a str)>,
}

impl<'a> Facts<'a> {
    /// Reads packed facts; nothing is copied.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, ResolutionError> {
        let mut facts = Facts::default();
        let mut rest = bytes;
        while let Some((&kind, after)) = rest.split_first() {
            let mut fields = [None; FIELDS];
            rest = after;
            for field in &mut fields {
                let Some((length, after)) = rest.split_first_chunk::<4>() else {
                    return Err(ResolutionError::Facts("a length is cut off"));
                };
                rest = after;
                let length = u32::from_le_bytes(*length);
                if length == NULL {
                    continue;
                }
                let Some((text, after)) = rest.split_at_checked(length as usize) else {
                    return Err(ResolutionError::Facts("a field is cut off"));
                };
                rest = after;
                let text = std::str::from_utf8(text)
                    .map_err(|_| ResolutionError::Facts("a field is not UTF-8"))?;
                // Answers are texts, in which Postgres has no zero byte.
                if text.contains('\0') {
                    return Err(ResolutionError::Facts("a field has a zero byte"));
                }
                *field = Some(text);
            }
            facts.add(kind, fields)?;
        }
        Ok(facts)
    }

    fn add(&mut self, kind: u8, fields: [Option<&'a str>; FIELDS]) -> Result<(), ResolutionError> {
        let [a, b, c, d, e, f] = fields;
        match kind {
            b'm' => self.memberships.push(Membership {
                group_type: text(a)?,
                group: text(b)?,
                member: flag(c)?,
                working: flag(d)?,
                from: time(e)?,
                to: time(f)?,
            }),
            b'e' => self.enrollments.push(Enrolled {
                experiment: number(a)?,
                unit_type: text(b)?,
                unit: text(c)?,
                condition: d,
                group: f,
            }),
            b'x' => self.exclusions.push(Excluded {
                experiment: number(a)?,
                unit_type: text(b)?,
                unit: text(c)?,
                code: text(d)?,
                group: e,
            }),
            b's' => self.segments.push(Listed {
                segment: number(a)?,
                member_type: text(b)?,
                member: text(c)?,
            }),
            b'a' => self.allocations.push(Allocated {
                experiment: number(a)?,
                unit_type: text(b)?,
                unit: text(c)?,
                condition: text(d)?,
                stratum: e,
                block: f,
            }),
            b'r' => self.repetitions.push(Repeated {
                experiment: number(a)?,
                site: text(b)?,
                target: c.unwrap_or(""),
                count: u64::try_from(number(d)?).unwrap_or(0),
            }),
            b'p' => {
                self.preview = true;
                if let (Some(_), Some(condition)) = (a, b) {
                    self.forced.push((number(a)?, condition));
                }
            }
            _ => return Err(ResolutionError::Facts("a row is of no known kind")),
        }
        Ok(())
    }

    /// Only the memberships that hold at a moment.
    pub fn at(mut self, now: Time) -> Self {
        let holds = |m: &Membership<'_>| {
            m.from.is_none_or(|from| from <= now) && m.to.is_none_or(|to| now < to)
        };
        self.memberships.retain(holds);
        self
    }

    /// Whether the user belongs to a group.
    pub fn is_member(&self, group_type: &str, group: &str) -> bool {
        self.memberships
            .iter()
            .any(|m| m.member && m.group == group && m.group_type == group_type)
    }
}

fn text(field: Option<&str>) -> Result<&str, ResolutionError> {
    match field {
        Some(text) => Ok(text),
        None => Err(ResolutionError::Facts("a field that must be there is NULL")),
    }
}

fn number(field: Option<&str>) -> Result<i64, ResolutionError> {
    text(field)?
        .parse()
        .map_err(|_| ResolutionError::Facts("a number cannot be read"))
}

fn time(field: Option<&str>) -> Result<Option<Time>, ResolutionError> {
    field.map(|text| number(Some(text))).transpose()
}

fn flag(field: Option<&str>) -> Result<bool, ResolutionError> {
    match field {
        Some("t" | "true") => Ok(true),
        Some("f" | "false") | None => Ok(false),
        Some(_) => Err(ResolutionError::Facts("a flag is neither t nor f")),
    }
}

/// Appends a row to packed facts.
pub fn pack(bytes: &mut Vec<u8>, kind: u8, fields: [Option<&[u8]>; FIELDS]) {
    bytes.push(kind);
    for field in fields {
        match field.and_then(|f| u32::try_from(f.len()).ok().map(|n| (n, f))) {
            Some((length, field)) => {
                bytes.extend_from_slice(&length.to_le_bytes());
                bytes.extend_from_slice(field);
            }
            None => bytes.extend_from_slice(&NULL.to_le_bytes()),
        }
    }
}

/// Packed facts from rows of text.
pub fn encode(rows: &[(char, [Option<&str>; FIELDS])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, fields) in rows {
        let kind = u8::try_from(*kind).unwrap_or(b'?');
        pack(&mut bytes, kind, fields.map(|f| f.map(str::as_bytes)));
    }
    bytes
}
