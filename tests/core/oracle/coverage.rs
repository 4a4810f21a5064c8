//! Every row of every `expected.csv` is compared, or listed here with the reason why it is not.

use super::models::{DESIGNS, EVENTS, model};
use super::support::{Model, Report, Table, number, read, sketch, sketch_of};
use rct_core::distribution::{t_critical, t_two_sided};
use rct_core::effect::{Coefficient, Effect, TermKind, coefficients, effects};
use rct_core::regression::{Adjust, Options, StdError};
use rct_core::sketch::Sketch;
use std::collections::{BTreeMap, BTreeSet};

/// How a method of the reference is had from the words of `se`.
struct Method {
    se: StdError,
    /// Each row is a cluster of its own.
    rows: bool,
    /// Factor on the variance.
    factor: f64,
    /// Degrees of freedom, p-value and limits are the same; otherwise the reference's degrees of freedom are used.
    same_df: bool,
}

/// Rows, clusters and parameters of a row of the reference.
struct Size {
    n: f64,
    g: f64,
    k: f64,
    /// Parameters if intercepts of clusters count as one, and if only slopes count.
    nested: f64,
    slopes: f64,
}

fn method(name: &str, size: &Size) -> Option<Method> {
    let Size {
        n,
        g,
        k,
        nested,
        slopes,
    } = *size;
    let of = |se, rows, factor, same_df| {
        Some(Method {
            se,
            rows,
            factor,
            same_df,
        })
    };
    match name {
        "classical" => of(StdError::Naive, false, 1.0, true),
        // Students as clusters: G = N, so that CR1S has N / (N − k).
        "HC0" => of(StdError::Cr0, true, 1.0, false),
        "HC1" => of(StdError::Cr1s, true, 1.0, false),
        "HC2" => of(StdError::Cr2, true, 1.0, false),
        "HC3" => of(StdError::Cr3, true, 1.0, false),
        "CR0" => of(StdError::Cr0, false, 1.0, true),
        "CR1" => of(StdError::Cr1, false, 1.0, true),
        "CR1p" => of(StdError::Cr1p, false, 1.0, true),
        "CR1S" => of(StdError::Cr1s, false, 1.0, true),
        "CR1S_satt" => of(StdError::Cr1s, false, 1.0, false),
        "CR1S_nonnested" => of(StdError::Cr1s, false, (n - k) / (n - nested), true),
        "CR1S_nofek" => of(StdError::Cr1s, false, (n - k) / (n - slopes), true),
        "CR2" => of(StdError::Cr2, false, 1.0, true),
        "CR3" => of(StdError::Cr3, false, 1.0, true),
        "CR3J" => of(StdError::Cv3, false, 1.0, true),
        "CR3_pyfixest_default" => {
            let factor = g / (g - 1.0) * (n - 1.0) / (n - nested);
            of(StdError::Cr3, false, factor, false)
        }
        _ => None,
    }
}

/// Rows that are not compared, and why.
fn listed(design: &str, id: &str, method: &str, term: &str, source: &str) -> Option<&'static str> {
    match (design, id, method, term) {
        ("s11_iv_noncompliance", "iv" | "iv_x" | "iv_nocluster", ..) => {
            Some("two-stage least squares: compared in tests/core/compliance.rs")
        }
        ("s14_large_offset", ..) if !source.starts_with("GOLD") => {
            Some("outcomes near 1e9: only the numbers from exactly shifted data are right")
        }
        ("s22_degenerate", "m_yconst" | "m_perfect", ..) => {
            Some("residuals are 0 but for rounding: there is no test, see degenerate_outcomes")
        }
        (.., "(Intercept)") => Some("intercepts are absorbed and not given"),
        ("s06_one_cluster_arm", _, "CR3" | "CR3_pyfixest_default" | "CR3J", "treat") => Some(
            "without the only treated cluster there is no effect: NULL, see degenerate_outcomes",
        ),
        ("s22_degenerate", "m_collinear", "CR3_pyfixest_default", _) => Some(
            "pyfixest keeps both of two collinear columns: a parameter more, and slopes that are not determined",
        ),
        ("s10_weights", _, "HC2", _) => Some(
            "HC2 divides by one minus the weighted leverage; CR2 takes the identity as working model",
        ),
        _ => None,
    }
}

fn sketch_for(m: &Model<'_>) -> Sketch {
    if m.table != EVENTS {
        return sketch(m);
    }
    let (mut events, roster) = (
        read(&format!("{}/events.csv", m.design)),
        read(&format!("{}/roster.csv", m.design)),
    );
    let of = |t: &Table, name: &str| t.column(name);
    let (student, school, treat) = (
        of(&roster, "student_id"),
        of(&roster, "school_id"),
        of(&roster, "treat"),
    );
    let by_student: BTreeMap<&str, &Vec<String>> = roster
        .rows
        .iter()
        .map(|r| (r[student].as_str(), r))
        .collect();
    let at = of(&events, "student_id");
    for row in &mut events.rows {
        let known = by_student[row[at].as_str()];
        row.extend([known[school].clone(), known[treat].clone()]);
    }
    events
        .header
        .extend(["school_id".to_owned(), "treat".to_owned()]);
    sketch_of(&events, m)
}

/// What was computed of one model, so that each is computed once.
#[derive(Default)]
struct Computed {
    sketches: BTreeMap<(String, bool), Sketch>,
    effects: BTreeMap<(String, bool, String), Vec<Effect>>,
    slopes: BTreeMap<(String, &'static str, bool), Vec<Coefficient>>,
}

impl Computed {
    fn sketch(&mut self, id: &str, m: &Model<'_>) -> &Sketch {
        self.sketches
            .entry((id.to_owned(), m.cluster.is_empty()))
            .or_insert_with(|| sketch_for(m))
    }

    fn effects(&mut self, id: &str, m: &Model<'_>, adjust: Adjust, se: StdError) -> &[Effect] {
        let key = (
            id.to_owned(),
            m.cluster.is_empty(),
            format!("{adjust:?} {se:?}"),
        );
        if !self.effects.contains_key(&key) {
            let options = Options {
                adjust,
                se,
                ..Options::default()
            };
            let rows = effects(&self.sketch(id, m).first().unwrap(), m.control, &options).unwrap();
            self.effects.insert(key.clone(), rows);
        }
        &self.effects[&key]
    }

    fn slopes(&mut self, id: &str, m: &Model<'_>, adjust: Adjust) -> &[Coefficient] {
        let key = (id.to_owned(), adjust.word(), m.cluster.is_empty());
        if !self.slopes.contains_key(&key) {
            let options = Options {
                adjust,
                ..Options::default()
            };
            let sketch = self.sketch(id, m);
            let found = coefficients(&sketch.first().unwrap(), m.control, &options).unwrap();
            self.slopes.insert(key.clone(), found.terms);
        }
        &self.slopes[&key]
    }
}

/// The slope of a covariate, for the terms `x`, `x_c` and `treat:x_c`. The reference's names of covariates are the columns'.
fn slope(terms: &[Coefficient], m: &Model<'_>, term: &str) -> Option<f64> {
    let (own, name) = match term.split_once(':') {
        Some((arm, name)) => (Some(arm), name),
        None => (None, term),
    };
    let name = name.strip_suffix("_c").unwrap_or(name);
    let at = m.covariates.iter().position(|c| *c == name)?;
    let condition = match own {
        Some(arm) => Some(m.terms.iter().find(|(_, t)| *t == arm)?.0),
        None => None,
    };
    let kind = match own {
        Some(_) => TermKind::Interaction,
        None => TermKind::Slope,
    };
    let mut found = terms
        .iter()
        .filter(|t| t.kind == kind && t.condition.as_deref() == condition);
    found.nth(at)?.inference.estimate
}

/// The design that takes as long as all others.
const LARGE: &str = "s15_huge_g";

#[test]
fn every_row_is_compared_or_listed() {
    let folders = std::fs::read_dir(format!("{}/../../tests/oracle", env!("CARGO_MANIFEST_DIR")));
    let with_rows: BTreeSet<String> = folders
        .unwrap()
        .map(|f| f.unwrap())
        .filter(|f| f.path().join("expected.csv").exists())
        .map(|f| f.file_name().into_string().unwrap())
        .collect();
    assert_eq!(with_rows, DESIGNS.iter().map(|d| d.to_string()).collect());
    let others: Vec<&str> = DESIGNS.into_iter().filter(|d| *d != LARGE).collect();
    check_designs(&others, 8000);
}

#[test]
fn every_row_of_twenty_thousand_clusters() {
    check_designs(&[LARGE], 200);
}

fn check_designs(designs: &[&str], least: usize) {
    let mut report = Report::default();
    let (mut rows, mut forgotten, mut reasons) = (0, Vec::new(), BTreeMap::new());
    for &design in designs {
        let expected = read(&format!("{design}/expected.csv"));
        let mut computed = Computed::default();
        for row in &expected.rows {
            rows += 1;
            let text = |name: &str| row[expected.column(name)].as_str();
            let (id, name, term) = (text("model"), text("method"), text("term"));
            if let Some(reason) = listed(design, id, name, term, text("source")) {
                *reasons.entry(reason).or_insert(0) += 1;
                continue;
            }
            let what = format!("{design} {id} {name} {term}");
            let done = compare(
                &mut report,
                &mut computed,
                &what,
                design,
                id,
                name,
                term,
                &|c| number(text(c)),
            );
            if done.is_none() {
                forgotten.push(what);
            }
        }
    }
    println!("{rows} rows; listed: {reasons:#?}");
    assert!(
        forgotten.is_empty(),
        "neither compared nor listed:\n{}",
        forgotten.join("\n")
    );
    report.finish(least);
}

#[allow(clippy::too_many_arguments)]
fn compare(
    report: &mut Report,
    computed: &mut Computed,
    what: &str,
    design: &str,
    id: &str,
    name: &str,
    term: &str,
    expected: &dyn Fn(&str) -> Option<f64>,
) -> Option<()> {
    let (base, lin) = match id.strip_suffix(":lin") {
        Some(base) => (base, true),
        None => (id, false),
    };
    let m = model(design, base)?;
    let k = expected("rank")?;
    let slopes = (m.terms.len() + m.covariates.len()) as f64;
    let years = if m.dummies.is_some() { 2.0 } else { 0.0 };
    let size = Size {
        n: expected("n")?,
        g: expected("clusters").unwrap_or(f64::NAN),
        k,
        nested: if m.stratum == Some("school_id") {
            slopes + years + 1.0
        } else {
            k
        },
        slopes,
    };
    let method = method(name, &size)?;
    let m = Model {
        cluster: if method.rows { "" } else { m.cluster },
        ..m
    };
    let adjust = match m.covariates.len() + m.dummies.iter().len() {
        0 => Adjust::None,
        _ if lin => Adjust::Lin,
        _ => Adjust::Ancova,
    };
    let se = expected("se").unwrap_or(0.0);
    let Some((condition, _)) = m.terms.iter().find(|(_, t)| *t == term) else {
        // Only the slopes themselves are given; they do not depend on who the clusters are.
        let m = model(design, base)?;
        let got = slope(computed.slopes(base, &m, adjust), &m, term)?;
        report.check(
            format!("{what} slope"),
            Some(got),
            expected("est"),
            1e-6 * se,
        );
        return Some(());
    };
    let rows = computed.effects(base, &m, adjust, method.se);
    let effect = rows.iter().find(|e| e.comparison.condition == *condition)?;
    report.check(
        format!("{what} est"),
        effect.inference.estimate,
        expected("est"),
        1e-6 * se,
    );
    let std_error = effect.inference.std_error.map(|s| s * method.factor.sqrt());
    if expected("se").is_none() {
        assert_eq!(std_error, None, "{what}: the reference has no number");
        return Some(());
    }
    if id == "m3_school_year" && name.starts_with("CR1S_no") {
        // Two sets of intercepts are removed by iteration there, which stops at 1e-8.
        let error = (std_error? / expected("se")? - 1.0).abs();
        assert!(error < 1e-8, "{what}: {error:.1e}");
        return Some(());
    }
    report.check(format!("{what} se"), std_error, expected("se"), 0.0);
    let single = !method.rows
        && effect
            .comparison
            .clusters
            .min(effect.comparison.clusters_control)
            == 1;
    if single && name != "classical" {
        // One cluster in an arm: what other software prints is no p-value, so there is none.
        assert_eq!(
            (effect.inference.p_value, effect.inference.ci_low),
            (None, None),
            "{what}"
        );
        return Some(());
    }
    let (estimate, std_error) = (effect.inference.estimate?, std_error?);
    report.check(
        format!("{what} t"),
        Some(estimate / std_error),
        expected("t"),
        0.0,
    );
    if method.same_df && method.factor == 1.0 && expected("df").is_some() {
        report.check(
            format!("{what} df"),
            effect.inference.df,
            expected("df"),
            0.0,
        );
        report.check(format!("{what} t"), effect.inference.t, expected("t"), 0.0);
        report.check(
            format!("{what} p"),
            effect.inference.p_value,
            expected("p"),
            1e-300,
        );
        report.check(
            format!("{what} low"),
            effect.inference.ci_low,
            expected("ci_lo"),
            se,
        );
        report.check(
            format!("{what} high"),
            effect.inference.ci_high,
            expected("ci_hi"),
            se,
        );
        return Some(());
    }
    // Other degrees of freedom than ours, or others' factor: p-value and limits follow from theirs.
    let df = match expected("df") {
        Some(df) => df,
        None => size.g - 1.0,
    };
    let half = t_critical(0.05, df)? * std_error;
    let p = t_two_sided(estimate / std_error, df);
    // Some software takes 1 - cdf, and has no digits there.
    let p = p.filter(|p| {
        *p > 1e-7
            || expected("p").is_some_and(|e| {
                e > 0.0 && !what.contains("pyfixest") && !name.starts_with("CR1S_no")
            })
    });
    if let Some(p) = p {
        report.check(format!("{what} p"), Some(p), expected("p"), 1e-300);
    }
    report.check(
        format!("{what} low"),
        Some(estimate - half),
        expected("ci_lo"),
        se,
    );
    report.check(
        format!("{what} high"),
        Some(estimate + half),
        expected("ci_hi"),
        se,
    );
    Some(())
}

#[test]
fn degenerate_outcomes() {
    for (id, expected) in [("m_yconst", 0.0), ("m_perfect", 2.0)] {
        let m = model("s22_degenerate", id).unwrap();
        let rows = effects(&sketch(&m).first().unwrap(), "0", &Options::default()).unwrap();
        assert_eq!(
            (
                rows[0].inference.std_error,
                rows[0].inference.t,
                rows[0].inference.p_value
            ),
            (Some(0.0), None, None),
            "{id}"
        );
        assert!((rows[0].inference.estimate.unwrap() - expected).abs() < 1e-14);
        assert!(noted(&rows[0], "no_residual"));
    }
    let m = Model {
        outcome: "y_allnull",
        ..model("s22_degenerate", "m1").unwrap()
    };
    let rows = effects(&sketch(&m).first().unwrap(), "0", &Options::default()).unwrap();
    let compared = &rows[0].comparison;
    assert_eq!((compared.n, compared.n_control), (0, 0));
    assert_eq!(rows[0].inference.estimate, None);
    assert!(noted(&rows[0], "no_control_rows"));
    for se in [StdError::Cr3, StdError::Cv3] {
        let m = model("s06_one_cluster_arm", "m2").unwrap();
        let options = Options {
            adjust: Adjust::Ancova,
            se,
            ..Options::default()
        };
        let rows = effects(&sketch(&m).first().unwrap(), "0", &options).unwrap();
        assert_eq!(rows[0].inference.std_error, None);
        assert!(noted(&rows[0], "cr3_undefined"));
    }
}

fn noted(effect: &Effect, name: &str) -> bool {
    effect.notes.iter().any(|n| n.to_string().starts_with(name))
}
