//! Where in a document something is, as messages write it.

use crate::error::short;

/// Characters of a key in a message.
const KEY: usize = 40;
/// Steps of a path in a message.
const STEPS: usize = 8;

/// One step into a document.
pub(super) enum Step<'a> {
    /// An element of an array.
    Element(usize),
    /// A member of an object.
    Member(&'a str),
}

/// `conditions[1].weight`; of a long path the beginning.
pub(super) fn written<'a>(steps: impl Iterator<Item = Step<'a>>) -> String {
    let mut path = String::new();
    for (i, step) in steps.enumerate() {
        if i == STEPS {
            path.push_str("...");
            break;
        }
        match step {
            Step::Element(n) => path.push_str(&format!("[{n}]")),
            Step::Member(key) if path.is_empty() => path.push_str(&short(key, KEY)),
            Step::Member(key) => {
                path.push('.');
                path.push_str(&short(key, KEY));
            }
        }
    }
    path
}
