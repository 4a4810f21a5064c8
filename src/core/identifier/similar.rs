//! Identifiers that are almost the same, and were probably meant to be the same.

use unicode_normalization::UnicodeNormalization;

/// A way in which two texts can differ without people noticing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    Blanks,
    Case,
    UnicodeForm,
}

const DIFFERENCES: [Difference; 3] = [
    Difference::Blanks,
    Difference::Case,
    Difference::UnicodeForm,
];
/// Identifiers that are named; of more there is the number.
const MOST_NAMED: usize = 5;

impl Difference {
    fn said(self) -> &'static str {
        match self {
            Difference::Blanks => "blanks",
            Difference::Case => "upper and lower case",
            Difference::UnicodeForm => "Unicode form",
        }
    }
}

/// Characters without width: they are there and cannot be seen.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

/// The text without all differences but one.
fn folded_but(value: &str, kept: Option<Difference>) -> String {
    let mut text = value.to_owned();
    if kept != Some(Difference::UnicodeForm) {
        text = text.nfkc().collect();
    }
    if kept != Some(Difference::Case) {
        text = text.to_lowercase();
    }
    if kept != Some(Difference::Blanks) {
        text.retain(|c| !is_invisible(c));
        text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    text
}

/// The text without what people do not see or do not mean: in lower case, in one Unicode form (NFKC), without blanks at the
/// ends and characters without width, and with single blanks inside. Identifiers that are the same then were probably meant
/// to be the same.
pub fn folded(value: &str) -> String {
    folded_but(value, None)
}

/// Says of identifiers that are the same when folded, with their numbers of rows, in what they differ.
pub fn similar(ids: &[(&str, u64)]) -> String {
    let rows = |n: u64| match n {
        1 => "1 row".to_owned(),
        n => format!("{n} rows"),
    };
    let mut named: Vec<String> = ids
        .iter()
        .take(MOST_NAMED)
        .map(|(id, n)| format!("{id:?} ({})", rows(*n)))
        .collect();
    if let Some(more) = ids.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        named.push(format!("{more} more"));
    }
    let differ = |kept: &Difference| {
        let mut texts = ids.iter().map(|(id, _)| folded_but(id, Some(*kept)));
        let first = texts.next();
        texts.any(|text| Some(text) != first)
    };
    let in_what: Vec<&str> = DIFFERENCES
        .into_iter()
        .filter(differ)
        .map(Difference::said)
        .collect();
    format!("{} differ only in {}.", listed(&named), listed(&in_what))
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[impl AsRef<str>]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_folded_away() {
        for (a, b) in [
            ("7-01", "7-01 "),
            ("7-01", "\u{a0}7-01"),
            ("7-01", "7-\u{200b}01"),
            ("Class A", "class  a"),
            ("Jos\u{e9}", "JOSE\u{301}"),
            ("7\u{ff0d}01", "7-01"),
        ] {
            assert_eq!(folded(a), folded(b), "{a:?} {b:?}");
        }
        assert_ne!(folded("7-01"), folded("7-1"));
        assert_ne!(folded("71"), folded("7 1"));
    }

    #[test]
    fn the_difference_is_named() {
        for (ids, expected) in [
            (
                vec![("7-01", 25), ("7-01 ", 1)],
                "\"7-01\" (25 rows) and \"7-01 \" (1 row) differ only in blanks.",
            ),
            (
                vec![("Control", 2), ("control ", 2), ("control", 2)],
                "\"Control\" (2 rows), \"control \" (2 rows) and \"control\" (2 rows) differ only in blanks and upper and lower case.",
            ),
            (
                vec![("\u{e9}", 3), ("e\u{301}", 2)],
                "\"\u{e9}\" (3 rows) and \"e\\u{301}\" (2 rows) differ only in Unicode form.",
            ),
        ] {
            assert_eq!(similar(&ids), expected);
        }
        let many: Vec<(String, u64)> = (0..7).map(|i| (" ".repeat(i) + "a", 2)).collect();
        let many: Vec<(&str, u64)> = many.iter().map(|(id, n)| (id.as_str(), *n)).collect();
        assert!(similar(&many).contains("and 2 more differ only in blanks."));
    }
}
