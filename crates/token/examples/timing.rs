//! P8: whether the time that a refusal takes tells how much of a secret was right.
//!
//! 10^5 pairs of secrets, one that agrees with the stored one in all but its last characters and one that
//! agrees as much with another, in random order; Welch's t over the two kinds. Which of two is the stored one
//! is drawn each time: some texts take nanoseconds longer than others, whatever is stored, and a processor
//! learns what it sees again and again.
//! `cargo xtask soak` runs it, optimized.

#![expect(
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a measurement for people"
)]

use std::hint::black_box;
use std::time::Instant;

use lockstep_token::{IdKey, Prefixes, Secret, SecretKind, UserId};

const PAIRS: u32 = 100_000;
/// Beyond this the two kinds are told apart, as dudect has it.
const T_MAX: f64 = 4.5;
/// What an interrupt has touched says nothing about either kind.
const KEPT: f64 = 0.95;

fn main() {
    let key = IdKey::from_base64url("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE").unwrap();
    let prefixes = Prefixes::default();
    let user = UserId::mint(&key, [7; 16]);
    let mint = |random| Secret::personal_access_token(&prefixes, &user, random);
    let mut random = Random(8);
    let bases = [random.bytes(), random.bytes()];
    let stored = bases.map(|base| mint(base).hash());
    let mut samples = Vec::new();
    for _ in 0..2 * PAIRS {
        let (kept, shown) = (random.bit(), random.bit());
        let mut bytes = bases[shown];
        // Base62 writes the last bytes last.
        bytes[30..].copy_from_slice(&random.bytes()[..2]);
        let text = mint(bytes).reveal().to_owned();
        let start = Instant::now();
        let secret = Secret::parse(SecretKind::PersonalAccessToken, &prefixes, &key, &text);
        black_box(secret.is_ok_and(|secret| stored[kept].matches(&secret.hash())));
        samples.push((kept == shown, start.elapsed().as_nanos() as f64));
    }
    let mut sorted: Vec<f64> = samples.iter().map(|(_, took)| *took).collect();
    sorted.sort_by(f64::total_cmp);
    let limit = sorted[(sorted.len() as f64 * KEPT) as usize];
    let of = |near: bool| {
        let kept = |(is_near, took): &&(bool, f64)| *is_near == near && *took <= limit;
        Moments::of(samples.iter().filter(kept).map(|(_, took)| *took))
    };
    let (near, far) = (of(true), of(false));
    let t = (near.mean - far.mean) / (near.variance / near.count + far.variance / far.count).sqrt();
    println!(
        "counted: P8: {:.1} ns for secrets that begin as the stored one, {:.1} ns for others, t = {t:.2}",
        near.mean, far.mean
    );
    if t.abs() >= T_MAX {
        println!("P8: |t| is {T_MAX} or more: measure again on a quiet machine");
        std::process::exit(1);
    }
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    fn of(samples: impl Iterator<Item = f64>) -> Self {
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for sample in samples {
            count += 1.0;
            let apart = sample - mean;
            mean += apart / count;
            squares += apart * (sample - mean);
        }
        Self {
            count,
            mean,
            variance: squares / (count - 1.0),
        }
    }
}

/// SplitMix64, so that a run can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn bit(&mut self) -> usize {
        usize::from(self.next() & 1 == 1)
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        bytes
    }
}
