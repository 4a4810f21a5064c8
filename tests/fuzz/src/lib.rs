//! What the fuzz targets check. Each target is one function here, so that `cargo test` can run the same checks on the
//! seeds and on inputs that once failed, without libFuzzer.

// Test binaries are instrumented too, and find the symbols of the instrumentation there.
use libfuzzer_sys as _;

mod ask;
mod fine;
mod numbers;
mod reading;
mod rows;
pub mod seeds;
mod source;

pub use numbers::numbers;

use rct_core::attrition::Logistic;
use rct_core::budget::Budget;
use rct_core::effect::Distribution;
use rct_core::reduction::{NumberReduction, TextReduction};
use rct_core::regression::{Adjust, Options, StdError, Strata};
use rct_core::simulation;
use rct_core::sketch::{Builder, Cluster, Key, Row, Sketch, SketchError, bytes_to_text};
use serde_json::Value;
use std::sync::LazyLock;
use xxhash_rust::xxh3::xxh3_64;

/// What one input may take; enough for all that a fuzzer can write down.
const MEMORY: usize = 512 << 20;
/// Cells up to which a decoded sketch is analysed, too.
const SMALL: usize = 64;

/// The same bytes with the checksum that a sketch needs at its end.
pub fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let body = &bytes[..bytes.len().saturating_sub(8)];
    let mut fixed = body.to_vec();
    fixed.extend(xxh3_64(body).to_le_bytes());
    fixed
}

/// The decoder of stored sketches, on the bytes as they are and with the checksum set right.
pub fn sketch_decode(data: &[u8]) {
    decode(data);
    decode(&with_checksum(data));
}

fn decode(bytes: &[u8]) {
    let budget = Budget::new(MEMORY);
    if let Ok(sketch) = Sketch::decode(bytes, &budget) {
        assert_eq!(sketch.encode(), bytes, "a sketch has one stored form");
        let mut copy = Sketch::new(sketch.columns().clone(), &Budget::new(MEMORY));
        if copy.merge(&sketch).is_ok() {
            assert_eq!(copy.encode(), bytes, "a sketch added to nothing is itself");
        }
        if sketch.cell_count() <= SMALL && sketch.bytes() <= 1 << 20 {
            ask::sketch(&sketch, &Options::default());
            let twice = [copy, sketch];
            ask::two_sketches(twice, &Options::default());
        }
    }
    assert_eq!(budget.taken(), 0, "memory is given back");
}

/// The text form: what can be read is written the same, and means the same as the bytes.
pub fn sketch_text(data: &[u8]) {
    let budget = Budget::new(MEMORY);
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(sketch) = Sketch::from_text(text, &budget)
    {
        assert_eq!(sketch.to_text(), text.trim_ascii().to_ascii_lowercase());
    }
    let bytes = with_checksum(data);
    let text = bytes_to_text(&bytes);
    match (
        Sketch::from_text(&text, &budget),
        Sketch::decode(&bytes, &budget),
    ) {
        (Ok(a), Ok(b)) => {
            assert_eq!(a.encode(), b.encode());
            assert_eq!(a.to_text(), text);
        }
        // Text that cannot be right is a mistake of the caller, bytes that cannot be right are damage.
        (Err(SketchError::BadText(a)), Err(SketchError::Corrupt(b))) => assert_eq!(a, b),
        (Err(a), Err(b)) => assert_eq!(a, b),
        (a, b) => panic!("text and bytes differ: {:?}, {:?}", a.is_ok(), b.is_ok()),
    }
}

/// The decoders of states that travel between processes.
pub fn reduction_decode(data: &[u8]) {
    let budget = Budget::new(MEMORY);
    if let Ok(mut state) = NumberReduction::decode(data, &budget) {
        let result = state.finish();
        let bytes = state.encode();
        let again =
            NumberReduction::decode(&bytes, &budget).expect("what is encoded can be decoded");
        assert_eq!(again.encode(), bytes);
        assert_eq!(again.finish().map(f64::to_bits), result.map(f64::to_bits));
        state
            .merge(again)
            .expect("states of one method can be merged");
        state.finish();
        state.encode();
    }
    if let Ok(mut state) = TextReduction::decode(data, &budget) {
        let result = state.finish().map(str::to_owned);
        let bytes = state.encode();
        let again = TextReduction::decode(&bytes, &budget).expect("what is encoded can be decoded");
        assert_eq!(again.encode(), bytes);
        assert_eq!(again.finish(), result.as_deref());
        state
            .merge(again)
            .expect("states of one method can be merged");
        assert_eq!(state.finish(), result.as_deref());
    }
    assert_eq!(budget.taken(), 0, "memory is given back");
}

/// The decoder of stored distributions, on the bytes as they are and with the checksum set right.
pub fn distribution_decode(data: &[u8]) {
    for bytes in [data, &with_checksum(data)] {
        let budget = Budget::new(MEMORY);
        if let Ok(mut outcomes) = Distribution::decode(bytes, &budget) {
            assert_eq!(
                outcomes.encode(),
                bytes,
                "a distribution has one stored form"
            );
            let mut copy = Distribution::new(&budget);
            copy.merge(&outcomes).expect("it can be added to nothing");
            assert_eq!(
                copy.encode(),
                bytes,
                "a distribution added to nothing is itself"
            );
            copy.merge(&outcomes).expect("it can be added to itself");
            copy.encode();
            ask::distribution(&mut outcomes, 0.95);
        }
        assert_eq!(budget.taken(), 0, "memory is given back");
    }
}

/// The decoder of rows of a logistic regression, on the bytes as they are and with the checksum set right.
pub fn logistic_decode(data: &[u8]) {
    for bytes in [data, &with_checksum(data)] {
        let budget = Budget::new(MEMORY);
        if let Ok(rows) = Logistic::decode(bytes, &budget) {
            let once = rows.encode();
            let again = Logistic::decode(&once, &budget).expect("what is encoded can be decoded");
            assert_eq!(again.encode(), once);
            let mut sum = Logistic::new(&budget);
            sum.merge(&rows).expect("it can be added to nothing");
            assert_eq!(sum.encode(), once, "rows added to nothing are themselves");
            sum.merge(&rows).expect("it can be added to itself");
            ask::fit(&rows);
            ask::fit(&sum);
        }
        assert_eq!(budget.taken(), 0, "memory is given back");
    }
}

/// Every function that reads JSON.
pub fn documents(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        reading::read_by_all(text);
    }
}

/// Designs of simulations: any text is read or refused, and what is small is simulated.
pub fn simulation_design(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(design) = simulation::Design::parse(text) else {
        return;
    };
    // Rosters can have millions of students.
    let document: Value = serde_json::from_str(text).expect("it was read");
    let small = |value: &Value| value.as_f64().is_none_or(|n| n <= 99.0);
    let small_sizes = match &document["size"] {
        Value::Array(list) => list.iter().all(small),
        Value::Object(spread) => spread.values().all(small),
        number => small(number),
    };
    if !small(&document["clusters"]) || !small_sizes {
        return;
    }
    let budget = Budget::new(MEMORY);
    let rows = simulation::simulate(&design, 2, "seed", 0.95, &budget, &mut |_, _| {});
    fine::fine("simulate", &rows);
}

/// Rows in two parts: the parts add up to the whole in either order, and nothing that can be asked of it panics.
pub fn sketch_rows(data: &[u8]) {
    let input = rows::Input::read(data, false);
    let Some(mut whole) = add_up(&input, None) else {
        return;
    };
    ask::sketch(whole.sketch().expect("it was good"), &input.options);
    ask::rows(&input.rows, &input.options);
    let (first, second) = input.rows.split_at(input.cut);
    let part = |rows: &[rows::OwnedRow]| {
        let mut builder = Builder::new(input.columns.clone(), &Budget::new(MEMORY));
        for row in rows {
            builder.add(&row.borrow()).expect("it was good");
        }
        let bytes = builder.sketch().expect("it was good").encode();
        Sketch::decode(&bytes, &Budget::new(MEMORY)).expect("what is encoded can be decoded")
    };
    ask::two_sketches([part(first), part(second)], &input.options);
}

/// The same with rows that are added to a large sketch, where a builder takes other ways.
pub fn sketch_rows_onto_large(data: &[u8]) {
    add_up(&rows::Input::read(data, true), Some(&LARGE));
}

/// Adds rows to a sketch, if one is given, in several ways. `None` if some row is refused.
fn add_up(input: &rows::Input, onto: Option<&[u8]>) -> Option<Builder> {
    let budget = Budget::new(MEMORY);
    let start = || match onto {
        Some(bytes) => Sketch::decode(bytes, &budget).expect("a good sketch"),
        None => Sketch::new(input.columns.clone(), &budget),
    };
    let add = |start: Sketch, part: &[&rows::OwnedRow]| {
        let mut builder = Builder::continued(start);
        part.iter().try_for_each(|row| builder.add(&row.borrow()))?;
        let bytes = builder.sketch()?.encode();
        Ok::<(Builder, Vec<u8>), SketchError>((builder, bytes))
    };
    let rows: Vec<&rows::OwnedRow> = input.rows.iter().collect();
    let (first, second) = rows.split_at(input.cut);
    let whole = add(start(), &rows);
    let a = add(start(), first);
    let b = add(Sketch::new(input.columns.clone(), &budget), second);
    // A part can only fail by a row that the whole fails by.
    let (Ok((whole, bytes)), Ok((mut a, _)), Ok((mut b, _))) = (whole, a, b) else {
        return None;
    };
    let (a, b) = (
        a.sketch().expect("it was good"),
        b.sketch().expect("it was good"),
    );
    for parts in [[&*a, &*b], [&*b, &*a]] {
        let mut sum = Sketch::new(input.columns.clone(), &budget);
        for part in parts {
            sum.merge(part).expect("parts of a sketch can be merged");
        }
        assert_eq!(sum.encode(), bytes, "the sum of the parts is the whole");
    }
    let reversed: Vec<&rows::OwnedRow> = rows.iter().rev().copied().collect();
    let (_, reversed) = add(start(), &reversed).expect("rows of a sketch can come in any order");
    assert_eq!(reversed, bytes, "the order of the rows does not matter");
    if onto.is_none() {
        // A result can be taken at any time, as windows do.
        let mut stepwise = Builder::new(input.columns.clone(), &budget);
        for row in &input.rows {
            stepwise.add(&row.borrow()).expect("it was good");
            stepwise.sketch().expect("it was good");
        }
        let stepwise = stepwise.sketch().expect("it was good").encode();
        assert_eq!(stepwise, bytes, "taking results in between does not matter");
    }
    let decoded = Sketch::decode(&bytes, &budget).expect("what is encoded can be decoded");
    assert_eq!(decoded.encode(), bytes, "a sketch has one stored form");
    Some(whole)
}

/// A sketch of more than a megabyte, with the columns that such rows have.
static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let columns = rows::large();
    let mut builder = Builder::new(columns.clone(), &Budget::unlimited());
    for i in 0..8_000_i64 {
        let values: Vec<Option<f64>> = (0..columns.values().count())
            .map(|v| Some((i % 100) as f64 + v as f64 + 0.5))
            .collect();
        let row = Row {
            condition: Some(b"control"),
            cluster: Some(Cluster::Number(i)),
            stratum: Key::NONE,
            values: &values,
        };
        builder.add(&row).expect("a good row");
    }
    let sketch = builder.sketch().expect("good rows");
    assert!(sketch.bytes() > 1 << 20);
    sketch.encode()
});

/// Options from one byte, every combination of words.
fn options(byte: u8) -> Options {
    const ERRORS: [StdError; 6] = [
        StdError::Cr2,
        StdError::Cr0,
        StdError::Cr1,
        StdError::Cr1s,
        StdError::Cr3,
        StdError::Naive,
    ];
    Options {
        adjust: if byte & 1 == 0 {
            Adjust::None
        } else {
            Adjust::Ancova
        },
        strata: if byte & 2 == 0 {
            Strata::Absorb
        } else {
            Strata::Ignore
        },
        se: ERRORS[(byte >> 2) as usize % 6],
        level: [0.95, 0.5, 0.999_999][(byte >> 5) as usize % 3],
        ..Options::default()
    }
}
