//! Draws of UpGrade 6.5, recorded from it.

use rct_core::assignment::{
    Hash, Order, QUEUE_LENGTH, SeedRandom, Weights, choose, pool_index, queue, rotated,
};
use serde_json::Value;

fn vectors(name: &str) -> Value {
    let path = format!(
        "{}/../../tests/conformance/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect(field)
}

fn count(value: &Value, field: &str) -> usize {
    value[field].as_u64().expect(field) as usize
}

#[test]
fn conditions_are_bit_exact() {
    let vectors = vectors("upgrade_vectors.json");
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 300);
    for vector in vectors {
        let (experiment, unit) = (text(vector, "experiment_id"), text(vector, "unit_id"));
        let draw = SeedRandom::new(&[text(vector, "seed")]).double() * 100.0;
        let expected = vector["draw_0_100"].as_f64().unwrap();
        assert_eq!(draw.to_bits(), expected.to_bits(), "{vector}");

        let mut conditions: Vec<&Value> = vector["conditions"].as_array().unwrap().iter().collect();
        conditions.sort_by_key(|c| c["order"].as_i64().unwrap());
        let weights: Vec<f64> = conditions
            .iter()
            .map(|c| c["weight"].as_f64().unwrap())
            .collect();
        let chosen = choose(
            Hash::Upgrade,
            experiment,
            unit,
            &Weights::new(&weights).unwrap(),
        );
        assert_eq!(
            text(conditions[chosen], "id"),
            text(vector, "expected_condition"),
            "{vector}"
        );
    }
}

#[test]
fn the_generator_is_bit_exact() {
    let vectors = vectors("upgrade_vectors_extra.json");
    let vectors = vectors["raw_prng"].as_array().unwrap();
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let mut random = SeedRandom::new(&[text(vector, "seed")]);
        for place in ["first", "second"] {
            let expected = vector[place].as_f64().unwrap();
            assert_eq!(random.double().to_bits(), expected.to_bits(), "{vector}");
        }
    }
    // Code units beyond the Basic Multilingual Plane, and parts that are one text.
    let whole = SeedRandom::new(&["e_🦉ß"]).double();
    assert_eq!(SeedRandom::new(&["e", "_", "🦉ß"]).double(), whole);
}

#[test]
fn pools_are_bit_exact() {
    let vectors = vectors("upgrade_vectors_extra.json");
    let vectors = vectors["pool_choice"].as_array().unwrap();
    assert_eq!(vectors.len(), 60);
    for vector in vectors {
        let user = text(vector, "user_id");
        let keys = vec![""; count(vector, "eligible_experiments")];
        assert_eq!(
            pool_index(Hash::Upgrade, user, &keys),
            count(vector, "picked_index"),
            "{vector}"
        );
        assert_eq!(
            SeedRandom::new(&[user]).double(),
            vector["draw"].as_f64().unwrap()
        );
    }
}

#[test]
fn queues_are_bit_exact() {
    let vectors = vectors("upgrade_vectors_extra.json");
    let vectors = vectors["within_subjects"].as_array().unwrap();
    assert_eq!(vectors.len(), 60);
    for vector in vectors {
        let order = match text(vector, "condition_order") {
            "random" => Order::Random,
            "random round robin" => Order::RandomRoundRobin,
            "ordered round robin" => Order::Ordered,
            other => panic!("{other}"),
        };
        let conditions: Vec<&str> = vector["conditions_in_input_order"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c.as_str().unwrap())
            .collect();
        let (experiment, user) = (text(vector, "experiment_id"), text(vector, "user_id"));
        let queue = queue(
            Hash::Upgrade,
            order,
            experiment,
            user,
            conditions.len(),
            QUEUE_LENGTH,
        );
        assert_eq!(queue.len(), count(vector, "queue_length"), "{vector}");
        let queue = rotated(queue, count(vector, "prior_repeated_enrollments") as u64);
        let queue: Vec<&str> = queue.iter().map(|&i| conditions[i]).collect();
        let expected: Vec<&str> = vector["first_12"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| c.as_str().unwrap())
            .collect();
        assert_eq!(queue[..expected.len()], expected, "{vector}");
        assert_eq!(queue[0], text(vector, "current_condition"), "{vector}");
    }
}
