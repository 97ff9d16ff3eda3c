//! A set of small numbers, one bit each.

use alloc::vec;
use alloc::vec::Vec;

pub(crate) const WORD_BITS: usize = 64;

/// A set of small numbers. It has room for so many of them, rounded up to whole words of 64, and a number beyond is
/// never a member.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The empty set, with room for the numbers below `len`.
    #[must_use]
    pub(crate) fn empty(len: usize) -> Self {
        Self(vec![0; len.div_ceil(WORD_BITS)])
    }

    /// The set of all numbers below `count` that are below `len`.
    #[must_use]
    pub(crate) fn first(count: usize, len: usize) -> Self {
        let mut bits = Self::empty(len);
        (0..count.min(len)).for_each(|bit| bits.insert(bit));
        bits
    }

    /// The set of those of `numbers` that there is room for, which there is for all below `len`.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = usize>, len: usize) -> Self {
        let mut bits = Self::empty(len);
        numbers.into_iter().for_each(|number| bits.insert(number));
        bits
    }

    /// The set with these words, 64 numbers each.
    #[must_use]
    pub const fn from_words(words: Vec<u64>) -> Self {
        Self(words)
    }

    /// Whether every member is below `len`.
    #[must_use]
    pub fn is_below(&self, len: usize) -> bool {
        (len..self.0.len() * WORD_BITS).all(|bit| !self.contains(bit))
    }

    /// Makes room for the numbers below `len`.
    pub(crate) fn resize(&mut self, len: usize) {
        self.0.resize(len.div_ceil(WORD_BITS), 0);
    }

    /// Adds `bit`. A number that there is no room for is ignored.
    pub fn insert(&mut self, bit: usize) {
        if let Some(word) = self.0.get_mut(bit / WORD_BITS) {
            *word |= 1 << (bit % WORD_BITS);
        }
    }

    /// Whether `bit` is in the set.
    #[inline]
    #[must_use]
    pub fn contains(&self, bit: usize) -> bool {
        self.0
            .get(bit / WORD_BITS)
            .is_some_and(|word| word >> (bit % WORD_BITS) & 1 == 1)
    }

    /// Adds every member of `other`.
    pub(crate) fn union_with(&mut self, other: &Self) {
        for (word, theirs) in self.0.iter_mut().zip(&other.0) {
            *word |= theirs;
        }
    }

    /// Takes out every member of `other`.
    pub(crate) fn subtract(&mut self, other: &Self) {
        for (word, theirs) in self.0.iter_mut().zip(&other.0) {
            *word &= !theirs;
        }
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The members, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            core::iter::from_fn(move || {
                let bit = usize::try_from(rest.trailing_zeros()).ok()?;
                // Takes the lowest bit off.
                rest &= rest.wrapping_sub(1);
                (bit < WORD_BITS).then_some(at * WORD_BITS + bit)
            })
        })
    }

    /// The word that holds the numbers from `at * 64` on.
    pub(crate) fn word(&self, at: usize) -> u64 {
        self.0.get(at).copied().unwrap_or(0)
    }

    /// Adds the members of `word`, which holds the numbers from `at * 64` on.
    pub(crate) fn add_word(&mut self, at: usize, word: u64) {
        if let Some(known) = self.0.get_mut(at) {
            *known |= word;
        }
    }

    /// The words, 64 numbers each.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_there_is_no_room_for_is_never_a_member() {
        let mut bits = Bits::empty(70);
        // Up to the end of a word there is room.
        for bit in [69, 127, 128, 1_000] {
            bits.insert(bit);
        }
        assert_eq!(bits.iter().collect::<Vec<_>>(), [69, 127]);
        assert!(!bits.contains(128) && !bits.contains(1_000));
    }

    #[test]
    fn members_come_in_rising_order_also_at_the_edges_of_words() {
        let members = [0, 1, 62, 63, 64, 127, 128, 199];
        assert_eq!(Bits::of(members, 200).iter().collect::<Vec<_>>(), members);
        assert_eq!(Bits::first(200, 200).iter().count(), 200);
    }

    #[test]
    fn sets_are_joined_taken_apart_and_made_longer() {
        let [mut some, other] = [[1, 64, 130], [2, 64, 131]].map(|bits| Bits::of(bits, 140));
        some.union_with(&other);
        assert_eq!(some.iter().collect::<Vec<_>>(), [1, 2, 64, 130, 131]);
        some.subtract(&other);
        assert_eq!(some.iter().collect::<Vec<_>>(), [1, 130]);
        some.union_with(&Bits::of([3], 10));
        some.resize(200);
        some.insert(199);
        assert_eq!(some.iter().collect::<Vec<_>>(), [1, 3, 130, 199]);
        assert_eq!(
            (some.word(0), some.word(3), some.word(4)),
            (0b1010, 1 << 7, 0)
        );
        assert_eq!(some.words(), [0b1010, 0, 1 << 2, 1 << 7]);
        some.resize(64);
        assert_eq!(some.iter().collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn a_set_is_empty_when_nothing_is_in_it() {
        assert!(Bits::default().is_empty() && Bits::empty(200).is_empty());
        assert!(!Bits::of([199], 200).is_empty() && !Bits::of([0], 200).is_empty());
        assert_eq!(Bits::first(3, 2).iter().count(), 2);
        assert_eq!(Bits::first(2, 3).iter().count(), 2);
    }
}
