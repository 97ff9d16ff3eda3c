//! What a check and resolving cost as an organization grows.

use std::hint::black_box;
use std::time::Duration;

use lockstep_bench::{Grown, Growth};
use serde_json::{Value, json};

use crate::measure::{median, time};

const ROUNDS: usize = 9;
const SAMPLE: Duration = Duration::from_millis(20);

/// For each way to grow its points: how many, nanoseconds of a check, microseconds of resolving.
pub fn measure() -> Value {
    let series = Growth::ALL.map(|(growth, name, most)| {
        let points: Vec<[f64; 3]> = counts(most)
            .map(|count| {
                let [check, resolve] = point(growth, count);
                [count as f64, check, resolve]
            })
            .collect();
        json!({"name": name, "points": points})
    });
    json!(series)
}

/// 10, 20, 50, 100 and so on, up to `most`.
fn counts(most: usize) -> impl Iterator<Item = usize> {
    (1..=5)
        .flat_map(|power| [1, 2, 5].map(|digit| digit * 10_usize.pow(power)))
        .filter(move |count| *count <= most)
        .chain((most < 1_000).then_some(most))
}

fn point(growth: Growth, count: usize) -> [f64; 2] {
    let grown = Grown::new(growth, count).expect("an organization");
    let resolved = grown.asked(grown.resolve().expect("an access"));
    let check = sample(&mut || resolved.pass()) / resolved.questions() as f64;
    let resolve = sample(&mut || {
        black_box(grown.resolve().expect("an access"));
        1
    });
    [check, resolve / 1_000.0]
}

/// Nanoseconds of one run, the median of some rounds.
fn sample(run: &mut dyn FnMut() -> usize) -> f64 {
    let mut runs = 1;
    while time(run, runs) < SAMPLE {
        runs *= 2;
    }
    let rounds = (0..ROUNDS).map(|_| time(run, runs).as_nanos() as f64 / runs as f64);
    median(rounds.collect())
}
