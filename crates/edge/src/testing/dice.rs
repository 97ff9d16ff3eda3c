//! Chance that can be had again: one seed, one run.

use std::cell::Cell;

/// Numbers that look random and follow from a seed.
pub(crate) struct Dice(Cell<u64>);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut next = self.0.get();
        next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        next ^ (next >> 31)
    }

    /// A number from 0 up to and without `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// Milliseconds from 0 up to and without `end`.
    pub(crate) fn ms(&self, end: i64) -> i64 {
        i64::try_from(self.below(usize::try_from(end).unwrap())).unwrap()
    }

    pub(crate) fn one_of<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(crate) fn happens(&self, per_mille: usize) -> bool {
        self.below(1_000) < per_mille
    }
}

/// What the environment says, or the usual.
pub(crate) fn environment(name: &str, usual: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(usual, |said| said.parse().unwrap())
}

/// From which chance begins; whoever sees a test fail puts the printed one into the environment.
pub(crate) fn seed() -> u64 {
    environment("LOCKSTEP_SEED", 5)
}
