//! A set of small numbers, one bit each.

use alloc::vec;
use alloc::vec::Vec;

const WORD_BITS: usize = 64;

/// A set of rights. Its length is fixed when it is made; a number beyond it is never a member.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// The empty set over the numbers below `len`.
    #[must_use]
    pub fn empty(len: usize) -> Self {
        Self(vec![0; len.div_ceil(WORD_BITS)])
    }

    /// The set of all numbers below `count`, over the numbers below `len`.
    #[must_use]
    pub fn first(count: usize, len: usize) -> Self {
        let mut bits = Self::empty(len);
        (0..count.min(len)).for_each(|bit| bits.insert(bit));
        bits
    }

    /// Adds `bit`. A number beyond the set's length is ignored.
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
    pub fn union_with(&mut self, other: &Self) {
        for (word, theirs) in self.0.iter_mut().zip(&other.0) {
            *word |= theirs;
        }
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The members, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * WORD_BITS).filter(|bit| self.contains(*bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_beyond_the_length_is_never_a_member() {
        let mut bits = Bits::empty(70);
        bits.insert(69);
        bits.insert(1_000);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [69]);
        assert!(!bits.contains(1_000));
    }
}
