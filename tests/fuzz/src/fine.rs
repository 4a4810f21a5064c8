//! What must hold for the numbers of any answer, whatever its type: they are read from its `Debug` form.

use std::cell::Cell;
use std::fmt::Debug;

thread_local! {
    static OVERFLOW: Cell<bool> = const { Cell::new(false) };
}

/// Whether numbers may be infinite, as the arguments are extremes of what a double can hold. A p-value still is one, and nothing
/// panics.
pub fn may_overflow(may: bool) {
    OVERFLOW.set(may);
}

/// Errors are answers; panics, NaN and infinities are not. A p-value is between 0 and 1, a standard error not negative.
pub fn fine<T: Debug, E: Debug>(what: &str, answer: &Result<T, E>) {
    if let Ok(answer) = answer {
        check(what, &format!("{answer:?}"));
    }
}

/// The same of an answer that cannot fail.
pub fn fine_value(what: &str, answer: &impl Debug) {
    check(what, &format!("{answer:?}"));
}

fn check(what: &str, text: &str) {
    let numbers = without_strings(text);
    let mut field = "";
    let words = |c: char| !(c.is_alphanumeric() || "_.+-:".contains(c));
    for word in numbers.split(words).filter(|w| !w.is_empty()) {
        if let Some(name) = word.strip_suffix(':') {
            field = name;
            continue;
        }
        let number = word.trim_start_matches('-');
        assert!(
            OVERFLOW.get() || number != "NaN" && number != "inf",
            "{what}: {field} is {word}: {text}"
        );
        let Ok(value) = word.parse::<f64>() else {
            continue;
        };
        if field.starts_with("p_") {
            assert!(
                (0.0..=1.0).contains(&value),
                "{what}: {field} is {word}: {text}"
            );
        }
        if field == "std_error" || field.ends_with("_se") || field.starts_with("se_") {
            assert!(!(value < 0.0), "{what}: {field} is {word}: {text}");
        }
    }
}

/// Names and notes can hold any words.
fn without_strings(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    text.chars()
        .filter(|&c| {
            let was_inside = inside;
            match c {
                _ if escaped => escaped = false,
                '\\' if inside => escaped = true,
                '"' => inside = !inside,
                _ => {}
            }
            !was_inside && c != '"'
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code)]
    struct Row {
        name: &'static str,
        p_value: Option<f64>,
        std_error: f64,
        pair: (f64, Option<f64>),
    }

    fn passes(p: f64, se: f64, second: f64) -> bool {
        let row = Row {
            name: "NaN \" inf",
            p_value: Some(p),
            std_error: se,
            pair: (-1e-300, Some(second)),
        };
        std::panic::catch_unwind(|| fine("row", &Ok::<_, ()>(vec![row]))).is_ok()
    }

    #[test]
    fn finds_what_is_no_number() {
        assert!(passes(0.5, 0.0, -1e300));
        assert!(!passes(1.5, 0.0, 1.0));
        assert!(!passes(0.5, -1e-9, 1.0));
        assert!(!passes(0.5, 0.0, f64::NAN));
        assert!(!passes(0.5, 0.0, f64::NEG_INFINITY));
        assert!(!passes(f64::NAN, 0.0, 1.0));
    }
}
