//! CPU time of this thread, in interleaved rounds.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use cpu_time::ThreadTime;

const ROUNDS: usize = 9;
const SAMPLE: Duration = Duration::from_millis(50);

/// One pass over a contender's questions; gives how many were allowed.
pub type Pass<'a> = Box<dyn FnMut() -> usize + 'a>;

/// Nanoseconds of one question for each contender: the median of the rounds, in each of which every
/// contender has a turn, so that what the machine does besides meets all alike.
pub fn medians(
    contenders: Vec<(&'static str, Pass)>,
    questions: usize,
) -> BTreeMap<&'static str, f64> {
    let mut running: Vec<_> = contenders
        .into_iter()
        .map(|(name, mut pass)| {
            let passes = passes_for(&mut pass);
            (name, pass, passes, Vec::new())
        })
        .collect();
    for _ in 0..ROUNDS {
        for (_, pass, passes, samples) in &mut running {
            let asked = (*passes * questions) as f64;
            samples.push(time(pass, *passes).as_nanos() as f64 / asked);
        }
    }
    running
        .into_iter()
        .map(|(name, _, _, samples)| (name, median(samples)))
        .collect()
}

/// The median of a few samples.
pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// How often to run for one sample; also warms up.
fn passes_for(pass: &mut Pass) -> usize {
    let mut passes = 1;
    while time(pass, passes) < SAMPLE {
        passes *= 2;
    }
    passes
}

/// The CPU time of so many passes.
pub fn time(pass: &mut dyn FnMut() -> usize, passes: usize) -> Duration {
    let start = ThreadTime::now();
    for _ in 0..passes {
        black_box(pass());
    }
    start.elapsed()
}
