//! How hypotheses are read.

use proptest::prelude::*;
use rct_core::regression::{Flaw, Formula, FormulaError, quoted};

fn parse(text: &str) -> Formula {
    Formula::parse(text).unwrap_or_else(|e| panic!("{e}"))
}

/// Names with factors, and the constant.
fn read(text: &str) -> (Vec<(String, f64)>, f64) {
    let formula = parse(text);
    let names = formula.names.into_iter().map(|n| (n.name, n.factor));
    (names.collect(), formula.constant)
}

fn refused(text: &str) -> FormulaError {
    Formula::parse(text).unwrap_err()
}

/// A text, its names with their factors, and the constant.
type Case<'a> = (&'a str, &'a [(&'a str, f64)], f64);

#[test]
fn hypotheses_are_read() {
    let cases: [Case<'_>; 16] = [
        ("tutor = hints", &[("tutor", 1.0), ("hints", -1.0)], 0.0),
        (
            "(tutor + hints)/2 = control",
            &[("tutor", 0.5), ("hints", 0.5), ("control", -1.0)],
            0.0,
        ),
        (
            "tutor - control = 2",
            &[("tutor", 1.0), ("control", -1.0)],
            -2.0,
        ),
        (
            "\"group B\" - control",
            &[("group B", 1.0), ("control", -1.0)],
            0.0,
        ),
        ("pretest = 0.5", &[("pretest", 1.0)], -0.5),
        ("2*3 = a", &[("a", -1.0)], 6.0),
        ("-(a - 2*b)*1.5e1 + .25", &[("a", -15.0), ("b", 30.0)], 0.25),
        ("a/4/2*8", &[("a", 1.0)], 0.0),
        ("a - - + -b", &[("a", 1.0), ("b", -1.0)], 0.0),
        (
            "\"a \"\"b\"\"\" = \"\"",
            &[("a \"b\"", 1.0), ("", -1.0)],
            0.0,
        ),
        (
            "größe_2 = Größe_2",
            &[("größe_2", 1.0), ("Größe_2", -1.0)],
            0.0,
        ),
        ("0.1*a + 0.2*a - 0.3*a = b", &[("b", -1.0)], 0.0),
        ("a\n=\t1E-2", &[("a", 1.0)], -0.01),
        ("0 = a + 0.1 + 0.2 - 0.3", &[("a", -1.0)], 0.0),
        ("(2 + 1)*a/(4 - 1)", &[("a", 1.0)], 0.0),
        ("1.*a", &[("a", 1.0)], 0.0),
    ];
    for (text, names, constant) in cases {
        let names: Vec<(String, f64)> = names.iter().map(|(n, f)| ((*n).to_owned(), *f)).collect();
        assert_eq!(read(text), (names, constant), "{text}");
    }
    let places: Vec<usize> = parse("(ä + b)/2 = \"c\"")
        .names
        .iter()
        .map(|n| n.place)
        .collect();
    assert_eq!(places, [2, 6, 13]);
}

#[test]
fn what_cannot_be_read_is_shown() {
    let operand =
        "expected a name (in double quotes unless it is letters, digits and _), a number or \"(\"";
    for (text, place, told) in [
        (
            "tutor = = hints",
            9,
            format!("{operand} at character 9, found \"=\""),
        ),
        ("", 0, format!("{operand} at its end")),
        ("tutor +", 0, format!("{operand} at its end")),
        (
            "a = b = c",
            7,
            "expected an operator or the end at character 7, found \"=\"".into(),
        ),
        (
            "a b",
            3,
            "expected an operator, \"=\" or the end at character 3, found b".into(),
        ),
        (
            "2a",
            2,
            "expected an operator, \"=\" or the end at character 2, found a".into(),
        ),
        (
            "(a + b = c",
            8,
            "expected an operator or \")\" at character 8, found \"=\"".into(),
        ),
        ("(a", 0, "expected an operator or \")\" at its end".into()),
        (
            "a)",
            2,
            "expected an operator, \"=\" or the end at character 2, found \")\"".into(),
        ),
        (
            "ä - \"b",
            5,
            "the double quote is not closed at character 5".into(),
        ),
        ("a ? b", 3, format!("{operand} at character 3, found \"?\"")),
        (
            "a \u{0}",
            3,
            format!("{operand} at character 3, found \"\\0\""),
        ),
        (
            "1.e+ = a",
            1,
            "expected a number at character 1, found \"1.e+\"".into(),
        ),
        (
            ". = a",
            1,
            "expected a number at character 1, found \".\"".into(),
        ),
        (
            "a*b",
            2,
            "not linear: one side of * and the right side of / must be a number at character 2"
                .into(),
        ),
        (
            "1/a",
            2,
            "not linear: one side of * and the right side of / must be a number at character 2"
                .into(),
        ),
        (
            "(a - a)*b",
            8,
            "not linear: one side of * and the right side of / must be a number at character 8"
                .into(),
        ),
        (
            "a/(0.1 + 0.2 - 0.3)",
            2,
            "division by 0 at character 2".into(),
        ),
        (
            "a = 1e101",
            5,
            "a number is not between 1e-100 and 1e100 at character 5".into(),
        ),
        (
            "a = 1e999",
            5,
            "a number is not between 1e-100 and 1e100 at character 5".into(),
        ),
        (
            "a/1e60/1e60",
            7,
            "a number is not between 1e-100 and 1e100 at character 7".into(),
        ),
        (
            "a = a",
            1,
            "no condition and no covariate is left in it".into(),
        ),
        (
            "1 = 2",
            1,
            "no condition and no covariate is left in it".into(),
        ),
        (
            "0*a",
            1,
            "no condition and no covariate is left in it".into(),
        ),
    ] {
        let error = refused(text);
        assert_eq!(error.to_string(), format!("hypothesis \"{text}\": {told}"));
        assert_eq!(error.place, place, "{text}");
    }
}

#[test]
fn length_and_depth_are_limited() {
    let nested = |n: usize| format!("{}a{} = b", "(".repeat(n), ")".repeat(n));
    assert_eq!(read(&nested(50)).0.len(), 2);
    assert_eq!(
        (refused(&nested(51)).flaw, refused(&nested(51)).place),
        (Flaw::TooDeep, 51)
    );
    assert_eq!(refused(&nested(4000)).flaw, Flaw::TooDeep);
    // Signs are no nesting, and parentheses beside each other are not inside of each other.
    assert_eq!(
        read(&format!("{}a", "-".repeat(9000))).0,
        [("a".to_owned(), 1.0)]
    );
    assert_eq!(read(&"+(a)".repeat(2000)).0, [("a".to_owned(), 2000.0)]);
    let long = refused(&"+(a)".repeat(3000));
    assert_eq!(long.flaw, Flaw::TooLong);
    assert!(long.to_string().len() < 200, "{long}");
}

/// A formula as a tree: its text, and its value where each name has one.
#[derive(Debug, Clone)]
enum Tree {
    Number(f64),
    Name(usize),
    Minus(Box<Tree>),
    Sum(Box<Tree>, Box<Tree>, bool),
    /// A number times or over.
    Scaled(Box<Tree>, f64, u8),
}

const NAMES: [&str; 4] = ["tutor", "_x1", "group B", "\"é\" = (2"];

impl Tree {
    fn text(&self) -> String {
        match self {
            Tree::Number(v) => v.to_string(),
            Tree::Name(i) => quoted(NAMES[*i]),
            Tree::Minus(t) => format!("-({})", t.text()),
            Tree::Sum(a, b, plus) => {
                let (a, b) = (a.text(), b.text());
                if *plus {
                    format!("{a} + {b}")
                } else {
                    format!("{a} - ({b})")
                }
            }
            Tree::Scaled(t, v, 0) => format!("{v} * ({})", t.text()),
            Tree::Scaled(t, v, 1) => format!("({})*{v}", t.text()),
            Tree::Scaled(t, v, _) => format!("({}) / {v}", t.text()),
        }
    }

    fn value(&self, of: &[f64; 4]) -> f64 {
        match self {
            Tree::Number(v) => *v,
            Tree::Name(i) => of[*i],
            Tree::Minus(t) => -t.value(of),
            Tree::Sum(a, b, true) => a.value(of) + b.value(of),
            Tree::Sum(a, b, false) => a.value(of) - b.value(of),
            Tree::Scaled(t, v, 0 | 1) => v * t.value(of),
            Tree::Scaled(t, v, _) => t.value(of) / v,
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let number = (1u32..40).prop_map(|v| f64::from(v) / 8.0);
    let leaf = prop_oneof![
        number.clone().prop_map(Tree::Number),
        (0usize..4).prop_map(Tree::Name)
    ];
    leaf.prop_recursive(6, 40, 2, move |inner| {
        prop_oneof![
            inner.clone().prop_map(|t| Tree::Minus(Box::new(t))),
            (inner.clone(), inner.clone(), any::<bool>()).prop_map(|(a, b, plus)| Tree::Sum(
                Box::new(a),
                Box::new(b),
                plus
            )),
            (inner, number.clone(), 0u8..3).prop_map(|(t, v, how)| Tree::Scaled(
                Box::new(t),
                v,
                how
            )),
        ]
    })
}

proptest! {
    #[test]
    fn a_formula_has_the_value_of_its_tree(left in tree(), right in tree()) {
        let text = format!("{} = {}", left.text(), right.text());
        match Formula::parse(&text) {
            Ok(formula) => {
                for of in [[1.0, -2.0, 4.5, 0.25], [0.0, 3.0, -7.0, 11.0]] {
                    let names = formula.names.iter().map(|n| {
                        n.factor * of[NAMES.iter().position(|m| *m == n.name).unwrap()]
                    });
                    let got = names.sum::<f64>() + formula.constant;
                    let expected = left.value(&of) - right.value(&of);
                    prop_assert!((got - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{text}: {got} {expected}");
                }
            }
            // Names may cancel: then their values do not matter.
            Err(error) => {
                prop_assert_eq!(error.flaw, Flaw::NoName, "{}", text);
                let at = |of| left.value(&of) - right.value(&of);
                let (a, b) = (at([1.0, -2.0, 4.5, 0.25]), at([0.0, 3.0, -7.0, 11.0]));
                prop_assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()));
            }
        }
    }

    #[test]
    fn any_name_can_be_written(name in "\\PC{0,20}|[\"a ]{0,6}") {
        let formula = parse(&format!("{} = 1", quoted(&name)));
        prop_assert_eq!(&formula.names[0].name, &name);
    }

    /// Nothing panics, and what is shown is in the text.
    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![".{0,60}", "[-+*/()=\" .0-9eaé\\x00]{0,60}"]) {
        match Formula::parse(&text) {
            Ok(formula) => prop_assert!(formula.names.iter().all(|n| n.factor.is_finite() && n.factor != 0.0)),
            Err(error) => {
                prop_assert!(error.place <= text.chars().count(), "{error}");
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
