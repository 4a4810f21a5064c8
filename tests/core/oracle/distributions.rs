//! Tails and quantiles.

use super::support::TOLERANCE;
use rct_core::distribution::{f_upper, t_critical, t_two_sided};

/// Against mpmath with 50 digits. Up to 1e5 degrees of freedom 1e-9; beyond, the library's gamma function leaves 1e-7.
#[test]
fn t_distribution() {
    let path = format!(
        "{}/../../tests/oracle/tables/special_functions.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let table: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut compared = 0;
    for row in table["rows"].as_array().unwrap() {
        let f = |name: &str| {
            row[name]
                .as_f64()
                .unwrap_or_else(|| row[name].as_str().unwrap().parse::<f64>().unwrap())
        };
        let got = match row["fn"].as_str().unwrap() {
            "t_two_sided_p" => t_two_sided(f("t"), f("df")),
            "t_quantile_upper" => t_critical(2.0 * f("p"), f("df")),
            "F_sf" => f_upper(f("f"), f("d1"), f("d2")),
            _ => continue,
        };
        let expected = f("value");
        let tolerance = if row["df"].as_f64().unwrap_or(1.0) > 1e5 {
            1e-7
        } else {
            TOLERANCE
        };
        let error = (got.unwrap() / expected - 1.0).abs();
        assert!(
            got == Some(expected) || error <= tolerance || expected < 1e-290,
            "{row}: {got:?} ({error:.1e})"
        );
        compared += 1;
    }
    assert!(compared > 170, "{compared}");
}
