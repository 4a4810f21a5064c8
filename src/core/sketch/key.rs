//! Digests of cluster and stratum keys.
//!
//! A cluster may be a student, so a sketch keeps a 128-bit digest of the key and never the key: XXH3-128 of the key's
//! bytes, seeded by the kind of key so that the number 7 and the text `7` are different clusters. The digest is a
//! pseudonym, not a secret: whoever has the list of ids can compute it, and that is how results are joined back.

use xxhash_rust::xxh3::xxh3_128_with_seed;

/// Digest of a cluster or stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key(pub u128);

impl serde::Serialize for Key {
    /// The 16 bytes of a `uuid`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0.to_be_bytes())
    }
}

/// A cluster as a row names it. A whole number stands for itself while rows are added: its digest is made once for each
/// cell and not for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cluster {
    /// A whole number.
    Number(i64),
    /// A digest.
    Digest(Key),
}

impl Cluster {
    /// Of a decimal number as Postgres writes it. Whole numbers are the same clusters whatever their type.
    pub fn of_decimal(text: &str) -> Self {
        let short = match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
            Some(_) => text.trim_end_matches('0'),
            None => text,
        };
        match short.parse() {
            Ok(number) => Cluster::Number(number),
            Err(_) => Cluster::Digest(Key::of_text(short.as_bytes())),
        }
    }

    /// Its digest.
    #[inline]
    pub fn key(self) -> Key {
        match self {
            Cluster::Number(number) => Key::of_bigint(number),
            Cluster::Digest(key) => key,
        }
    }
}

/// Seeds: "rct" and the kind of key. Part of the stored format.
const TEXT: u64 = 0x7263_7400_0000_0001;
const BIGINT: u64 = 0x7263_7400_0000_0002;
const UUID: u64 = 0x7263_7400_0000_0003;

impl Key {
    /// Stands for a NULL stratum.
    pub const NONE: Key = Key(0);

    /// Stands for the cluster of a student where each student is a unit of its own; no digest that a key will have.
    /// Part of the stored format.
    pub const STUDENT: Key = Key(u128::MAX);

    /// Digest of text, by its UTF-8 bytes.
    #[inline]
    pub fn of_text(text: &[u8]) -> Self {
        Key(xxh3_128_with_seed(text, TEXT))
    }

    /// Digest of an integer, by its 8 little-endian bytes.
    #[inline]
    pub fn of_bigint(number: i64) -> Self {
        Key(xxh3_128_with_seed(&number.to_le_bytes(), BIGINT))
    }

    /// Digest of a UUID, by its 16 bytes.
    #[inline]
    pub fn of_uuid(bytes: &[u8; 16]) -> Self {
        Key(xxh3_128_with_seed(bytes, UUID))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers_are_the_same_clusters_however_they_are_written() {
        for (text, key) in [
            ("7", Key::of_bigint(7)),
            ("7.000", Key::of_bigint(7)),
            ("-3", Key::of_bigint(-3)),
            ("7.50", Key::of_text(b"7.5")),
            ("0.10", Key::of_text(b"0.1")),
            (
                "99999999999999999999",
                Key::of_text(b"99999999999999999999"),
            ),
        ] {
            assert_eq!(Cluster::of_decimal(text).key(), key, "{text}");
        }
    }

    #[test]
    fn kinds_of_keys_are_apart_and_digests_stay_as_stored() {
        assert_ne!(Key::of_text(b"7"), Key::of_bigint(7));
        assert_ne!(Key::of_text(&7i64.to_le_bytes()), Key::of_bigint(7));
        // Stored sketches hold these digests: a change would part them from new ones.
        assert_eq!(
            format!("{:032x}", Key::of_text(b"Jos\xc3\xa9").0),
            "ec4aa79f1aba77950ca2483cd852f879"
        );
        assert_eq!(
            format!("{:032x}", Key::of_bigint(-1).0),
            "2d4b2a3f9407fa5f0e4e87e311960745"
        );
        assert_eq!(
            format!("{:032x}", Key::of_uuid(&[9; 16]).0),
            "4469e10f1cee5d07b5e266f07ff8627d"
        );
    }
}
