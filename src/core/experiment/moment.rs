//! Moments of a schedule: RFC 3339 outside, microseconds since 2000-01-01 UTC inside.

use crate::resolution::Time;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// 2000-01-01 00:00 UTC in microseconds since 1970.
const EPOCH: i128 = 946_684_800_000_000;

/// A moment, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Time);

impl Moment {
    /// Reads a time stamp with its offset.
    pub fn parse(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let micros = at.unix_timestamp_nanos().div_euclid(1000) - EPOCH;
        let moment = Moment(i64::try_from(micros).ok()?);
        // Near the years 0 and 9999 the same moment may have no spelling in UTC.
        moment.text().map(|_| moment)
    }

    /// In UTC.
    pub fn text(self) -> Option<String> {
        let nanos = i128::from(self.0).checked_add(EPOCH)?.checked_mul(1000)?;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        at.format(&Rfc3339).ok()
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Moment::parse(&text).ok_or_else(|| {
            D::Error::custom(format_args!(
                "must be a time stamp with its offset, got {text:?}"
            ))
        })
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.text() {
            Some(text) => to.serialize_str(&text),
            None => Err(serde::ser::Error::custom("moment without a spelling")),
        }
    }
}
