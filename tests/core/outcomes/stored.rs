//! One stored form, whatever the order, the parts, the scale and the way clusters are named.

use super::answers::of_outcome;
use super::rows::{Data, Table, add, again, extreme, sketch_of, table, usual};
use proptest::prelude::*;
use rct_core::budget::Budget;
use rct_core::error::{Class, Explain};
use rct_core::sketch::{Builder, Cluster, Key, Sketch, SketchError};
use xxhash_rust::xxh3::xxh3_64;

/// Merges parts, some of them stored before, in the order of the tree that `choices` make.
fn merged(table: &Table, mut parts: Vec<Sketch>, choices: &[prop::sample::Index]) -> Sketch {
    parts.push(Sketch::new(table.columns.clone(), &Budget::unlimited()));
    for (i, choice) in choices.iter().cycle().enumerate() {
        if parts.len() == 1 {
            break;
        }
        let part = parts.swap_remove(choice.index(parts.len()));
        let part = if i % 2 == 0 { again(&part) } else { part };
        let onto = choice.index(parts.len());
        if i % 3 == 0 {
            parts[onto] = again(&parts[onto]);
        }
        parts[onto].merge(&part).unwrap();
    }
    parts.remove(0)
}

fn sealed(bytes: &mut [u8]) {
    let body = bytes.len() - 8;
    let sum = xxh3_64(&bytes[..body]).to_le_bytes();
    bytes[body..].copy_from_slice(&sum);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn parts_in_any_order_leave_the_same_bytes(
        (table, shuffled) in table(extreme, 150).prop_flat_map(|t| {
            let rows = Just(t.rows.clone()).prop_shuffle();
            (Just(t), rows)
        }),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 8),
    ) {
        let whole = table.sketch();
        let bytes = whole.encode();
        prop_assert_eq!(&again(&whole).encode(), &bytes);
        let mut cuts: Vec<usize> = choices.iter().take(4).map(|c| c.index(shuffled.len() + 1)).collect();
        cuts.extend([0, shuffled.len()]);
        cuts.sort_unstable();
        // Numbers stand for themselves, or for their digests.
        let named = |rows: &[Data], i: usize| sketch_of(&table.columns, rows, |n| match i % 2 {
            0 => Cluster::Number(n),
            _ => Cluster::Digest(Key::of_bigint(n)),
        });
        // Some of them come from another process.
        let parts = cuts.windows(2).enumerate().map(|(i, w)| {
            let part = named(&shuffled[w[0]..w[1]], i);
            match i % 3 {
                0 => part,
                _ => Sketch::from_partial(&part.to_partial(), &Budget::unlimited()).unwrap(),
            }
        }).collect();
        prop_assert_eq!(&merged(&table, parts, &choices).encode(), &bytes);
        // A stored sketch takes more rows.
        let (first, second) = shuffled.split_at(cuts[1]);
        let partial = Sketch::from_partial(&named(first, 0).to_partial(), &Budget::unlimited()).unwrap();
        let mut builder = Builder::continued(partial);
        add(&mut builder, second, Cluster::Number);
        prop_assert_eq!(&builder.into_sketch().unwrap().encode(), &bytes);
        let start = again(&named(first, 0));
        let mut builder = Builder::continued(start);
        add(&mut builder, second, Cluster::Number);
        prop_assert_eq!(builder.into_sketch().unwrap().encode(), bytes);
    }

    #[test]
    fn numbers_and_texts_are_different_clusters(table in table(usual, 40)) {
        let number = table.sketch();
        let mixed = sketch_of(&table.columns, &table.rows, |n| match n {
            0 => Cluster::Digest(Key::of_text(b"0")),
            n => Cluster::Number(n),
        });
        prop_assert_eq!(mixed.cell_count(), number.cell_count());
        let zero = table.rows.iter().any(|r| r.cluster == 0);
        prop_assert_eq!(mixed.encode() == number.encode(), !zero);
        let mut both = again(&number);
        both.merge(&mixed).unwrap();
        prop_assert_eq!(both.info().clusters, number.info().clusters + u64::from(zero));
    }

    /// Whatever comes of numbers that are too large or too small to analyze, it is an answer or an error.
    #[test]
    fn numbers_of_any_size_do_no_harm(table in table(extreme, 60)) {
        let sketch = again(&table.sketch());
        for outcome in 0..table.columns.outcomes.len() {
            of_outcome(&sketch, outcome);
        }
    }

    #[test]
    fn sketches_of_other_columns_are_not_added(a in table(usual, 5), b in table(usual, 5)) {
        let mut sum = a.sketch();
        let result = sum.merge(&b.sketch());
        if a.columns == b.columns {
            prop_assert!(result.is_ok());
        } else {
            prop_assert!(matches!(result, Err(SketchError::DifferentColumns(..))));
            prop_assert_eq!(sum.encode(), a.sketch().encode());
        }
    }

    /// One byte is another one, and the checksum is right: refused, or another sketch in its one form that can be asked.
    #[test]
    fn a_changed_byte_does_no_harm(
        table in table(usual, 12),
        at in any::<prop::sample::Index>(),
        values in prop::collection::vec(any::<u8>(), 12),
    ) {
        let bytes = table.sketch().encode();
        let place = at.index(bytes.len() - 8);
        for (i, value) in values.into_iter().enumerate() {
            let mut new = bytes.clone();
            let place = (place + i / 3) % (bytes.len() - 8);
            new[place] = value;
            sealed(&mut new);
            match Sketch::decode(&new, &Budget::new(1 << 26)) {
                Ok(sketch) => {
                    prop_assert_eq!(sketch.encode(), new);
                    for outcome in 0..sketch.columns().outcomes.len() {
                        of_outcome(&sketch, outcome);
                    }
                }
                Err(e) => prop_assert!(matches!(e.class(), Class::Corrupt | Class::LimitExceeded), "{e:?}"),
            }
        }
    }
}
