//! The words of a design: each is one spelling in JSON, in SQL and in messages.

use serde::{Deserialize, Serialize};

/// Defines an enum whose variants are words.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// The variant of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some($name::$variant),)+ _ => None }
            }
        }

        // Not derived, because a derived enum would also read {"word": null}.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(from)?;
                Self::from_word(&text).ok_or_else(|| {
                    let offered: Vec<String> = Self::ALL.iter().map(|w| format!("{:?}", w.word())).collect();
                    let offered = offered.join(", ");
                    serde::de::Error::custom(format_args!("must be one of {offered}, got {text:?}"))
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Unit of assignment.
    Unit {
        /// Each user on their own.
        Individual = "individual",
        /// All users of a class, school or other group together.
        Group = "group",
        /// Each user gets every condition, one after the other.
        WithinSubjects = "within_subjects",
    }
}

words! {
    /// Consistency rule: who keeps the default because somebody came early.
    Consistency {
        /// The user who came early.
        Individual = "individual",
        /// The group of the user who came early.
        Group = "group",
        /// Nobody: all points of the experiment are delivered consistently from the start on.
        Experiment = "experiment",
    }
}

words! {
    /// Status of an experiment.
    Status {
        /// Being designed.
        Inactive = "inactive",
        /// Seen by preview users only.
        Preview = "preview",
        /// Starts by the clock.
        Scheduled = "scheduled",
        /// Running: new units are enrolled.
        Enrolling = "enrolling",
        /// No new units; the post-experiment rule decides.
        EnrollmentComplete = "enrollment_complete",
        /// Ended for good.
        Cancelled = "cancelled",
        /// Ended for good and put away.
        Archived = "archived",
    }
}

words! {
    /// What a user gets whom neither the user lists nor the group lists name.
    FilterMode {
        /// Everybody may take part, except who is excluded.
        IncludeAll = "include_all",
        /// Nobody may take part, except who is included.
        ExcludeAll = "exclude_all",
    }
}

words! {
    /// How units get their condition.
    Algorithm {
        /// By a hash of the unit's id, at the first visit.
        Hash = "hash",
        /// Stratified permuted blocks over a roster, before the start.
        Blocks = "blocks",
        /// Complete randomization with exact counts over a roster, before the start.
        Complete = "complete",
        /// Matched pairs: blocks of two, before the start.
        Pairs = "pairs",
    }
}

words! {
    /// Which hash draws.
    Hash {
        /// XXH3 with length-prefixed, domain-separated keys.
        Xxh3 = "xxh3",
        /// The draws of UpGrade 6.5.
        Upgrade = "upgrade",
    }
}

words! {
    /// What happens to a unit that a randomization did not know.
    Late {
        /// It stays with the default.
        Exclude = "exclude",
        /// It gets the next slot of its stratum.
        NextSlot = "next_slot",
        /// It is drawn by hash.
        Hash = "hash",
    }
}

words! {
    /// The order of conditions within a user.
    Order {
        /// As the design lists them, over and over.
        Ordered = "ordered",
        /// Drawn anew each time.
        Random = "random",
        /// Each once in random order, then again.
        RandomRoundRobin = "random_round_robin",
        /// A row of a balanced Latin square, by user.
        LatinSquare = "latin_square",
    }
}

/// What users get when enrollment is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Post {
    /// What they had.
    Continue,
    /// The default.
    Revert,
    /// This condition, for those who are enrolled.
    Assign(String),
}

impl<'de> Deserialize<'de> for Post {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> serde::de::Visitor<'de> for Read {
            type Value = Post;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(r#""continue", "revert" or {"assign": condition}"#)
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Post, E> {
                match word {
                    "continue" => Ok(Post::Continue),
                    "revert" => Ok(Post::Revert),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }

            fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Post, M::Error> {
                let mut code = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key != "assign" {
                        return Err(serde::de::Error::unknown_field(&key, &["assign"]));
                    }
                    code = Some(map.next_value()?);
                }
                code.map(Post::Assign)
                    .ok_or_else(|| serde::de::Error::missing_field("assign"))
            }
        }
        from.deserialize_any(Read)
    }
}
