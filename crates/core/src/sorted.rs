//! Sorting and sorted maps with little code, because the page has to load it: a tenth of what `alloc`'s
//! trees and sorts have, which are made for more entries than there are here.

use alloc::vec::Vec;
use core::borrow::Borrow;

/// Sorts `numbers`, of which none may be there twice, so that each is `less` than the next: by a heap,
/// whose time no order that an attacker chooses makes worse.
pub(crate) fn sort(numbers: &mut [u32], less: &dyn Fn(u32, u32) -> bool) {
    let len = numbers.len();
    for start in (0..len / 2).rev() {
        sift(numbers, start, less);
    }
    for end in (1..len).rev() {
        numbers.swap(0, end);
        if let Some(heap) = numbers.get_mut(..end) {
            sift(heap, 0, less);
        }
    }
}

/// Moves the number at `at` down, until none below it is greater.
fn sift(heap: &mut [u32], mut at: usize, less: &dyn Fn(u32, u32) -> bool) {
    loop {
        let mut greatest = at;
        for child in [at * 2 + 1, at * 2 + 2] {
            if let (Some(one), Some(other)) = (heap.get(greatest), heap.get(child))
                && less(*one, *other)
            {
                greatest = child;
            }
        }
        if greatest == at {
            return;
        }
        heap.swap(at, greatest);
        at = greatest;
    }
}

/// Keys with their values, by rising key. For few entries, or entries that come by rising key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SortedMap<K, V>(Vec<(K, V)>);

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Adds an entry, in the place of one with the same key. Cheapest for the highest key so far.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let end = self.0.len();
        let at = match self.0.last() {
            Some((last, _)) if *last >= key => self.place(&key),
            _ => Err(end),
        };
        match at {
            Ok(at) => {
                if let Some((_, old)) = self.0.get_mut(at) {
                    *old = value;
                }
            }
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let (_, value) = self.0.get(self.place(key).ok()?)?;
        Some(value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where `key` is, or would be.
    fn place<Q>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        self.0
            .binary_search_by(|(known, _)| known.borrow().cmp(key))
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Self {
        let mut map = Self::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_by_whatever_is_less() {
        for len in 0..40_u32 {
            let key = |number: u32| number.wrapping_mul(0x9e37_79b9) >> 20;
            let less = |one: u32, other: u32| (key(one), one) < (key(other), other);
            let mut numbers: Vec<u32> = (0..len).collect();
            sort(&mut numbers, &less);
            assert!(
                numbers.is_sorted_by(|one, other| less(*one, *other)),
                "{len}"
            );
            let mut seen = numbers.clone();
            sort(&mut seen, &|one, other| one < other);
            assert!(seen.into_iter().eq(0..len), "{len}");
        }
    }

    #[test]
    fn the_last_value_of_a_key_counts_and_keys_rise() {
        let map: SortedMap<&str, u8> = [("b", 1), ("a", 2), ("c", 3), ("b", 4)]
            .into_iter()
            .collect();
        let entries: Vec<(&str, u8)> = map.iter().map(|(key, value)| (*key, *value)).collect();
        assert_eq!(entries, [("a", 2), ("b", 4), ("c", 3)]);
        assert_eq!(map.get("c"), Some(&3));
        assert_eq!(map.get("d"), None);
        assert!(!map.is_empty() && SortedMap::<&str, u8>::default().is_empty());
    }
}
