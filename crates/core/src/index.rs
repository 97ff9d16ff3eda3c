//! Index with their numbers: what a string that comes from outside stands for.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::sorted::sort;

/// How many names may lie in one's way before the table is laid anew with another seed.
const PROBES_MAX: usize = 64;
/// How many seeds are tried before the names are sorted instead.
const SEEDS: u64 = 4;

/// Index, each with its place as its number. A look-up costs the same however many there are, and at
/// worst, for names chosen to collide, the logarithm of their count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    text: String,
    ends: Vec<usize>,
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    /// A table with open addressing: a name's number plus one, or zero where nothing lies.
    Hashed { seed: u64, slots: Vec<u32> },
    /// The numbers, in the order of the names.
    Sorted(Vec<u32>),
}

impl Default for Layout {
    fn default() -> Self {
        Self::Sorted(Vec::new())
    }
}

impl Index {
    /// The names with their places as numbers.
    ///
    /// # Errors
    /// The place of the first name that came before already.
    pub(crate) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Result<Self, usize> {
        let mut text = String::new();
        let mut ends = Vec::new();
        for name in names {
            text.push_str(name);
            ends.push(text.len());
        }
        let mut all = Self::packed(text, ends);
        all.lay_out()?;
        Ok(all)
    }

    /// The names that lie one after the other in `text`, each up to its end. None is found before
    /// [`Self::lay_out`].
    pub(crate) const fn packed(text: String, ends: Vec<usize>) -> Self {
        Self {
            text,
            ends,
            layout: Layout::Sorted(Vec::new()),
        }
    }

    /// Makes the names ready to be looked up.
    ///
    /// # Errors
    /// The place of the first name that came before already.
    pub(crate) fn lay_out(&mut self) -> Result<(), usize> {
        for seed in 0..SEEDS {
            match self.hashed(seed) {
                Ok(slots) => {
                    self.layout = Layout::Hashed { seed, slots };
                    return Ok(());
                }
                Err(Collision::Repeated(at)) => return Err(at),
                Err(Collision::Crowded) => {}
            }
        }
        let mut numbers: Vec<u32> = (0..).take(self.ends.len()).collect();
        let key = |number: u32| (self.name(place(number)), number);
        sort(&mut numbers, &|one, other| key(one) < key(other));
        let mut repeated = usize::MAX;
        for pair in numbers.windows(2) {
            if let [one, other] = pair
                && key(*one).0 == key(*other).0
            {
                repeated = repeated.min(place(*other));
            }
        }
        if repeated < usize::MAX {
            return Err(repeated);
        }
        self.layout = Layout::Sorted(numbers);
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The name with the number `at`; empty when there is none.
    pub(crate) fn name(&self, at: usize) -> &str {
        let start = match at.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(usize::MAX),
        };
        let end = self.ends.get(at).copied().unwrap_or(0);
        self.text.get(start..end).unwrap_or("")
    }

    /// The number of `name`.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        match &self.layout {
            Layout::Hashed { seed, slots } => {
                let mask = slots.len().checked_sub(1)?;
                let mut at = slot(name, *seed);
                loop {
                    let number = place(slots.get(at & mask)?.checked_sub(1)?);
                    if self.name(number) == name {
                        return Some(number);
                    }
                    at = at.wrapping_add(1);
                }
            }
            Layout::Sorted(numbers) => {
                let found = numbers.binary_search_by_key(&name, |number| self.name(place(*number)));
                numbers.get(found.ok()?).map(|number| place(*number))
            }
        }
    }

    /// The table for `seed`, at most three quarters full, so that every look-up ends.
    fn hashed(&self, seed: u64) -> Result<Vec<u32>, Collision> {
        let len = (self.ends.len() * 4 / 3 + 1).next_power_of_two();
        let mut slots = vec![0_u32; len];
        for number in 0..self.ends.len() {
            let mut at = slot(self.name(number), seed);
            let mut probes = 0;
            loop {
                let Some(taken) = slots.get_mut(at & (len - 1)) else {
                    return Err(Collision::Crowded);
                };
                match taken.checked_sub(1) {
                    None => {
                        *taken = u32::try_from(number + 1).map_err(|_| Collision::Crowded)?;
                        break;
                    }
                    Some(known) if self.name(place(known)) == self.name(number) => {
                        return Err(Collision::Repeated(number));
                    }
                    Some(_) if probes >= PROBES_MAX => return Err(Collision::Crowded),
                    Some(_) => {
                        probes += 1;
                        at = at.wrapping_add(1);
                    }
                }
            }
        }
        Ok(slots)
    }
}

enum Collision {
    Crowded,
    Repeated(usize),
}

/// Where the look-up of `name` begins: eight bytes at a time, multiplied by an odd number.
fn slot(name: &str, seed: u64) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = seed.wrapping_add(1).wrapping_mul(ODD);
    let mut mix = |word: u64| {
        hash = (hash ^ word).wrapping_mul(ODD);
        hash ^= hash >> 29;
    };
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
    // The rest, and the length, so that no name is another one with zeros after it.
    mix(rest
        .iter()
        .fold(u64::try_from(name.len()).unwrap_or(0), |word, byte| {
            word << 8 | u64::from(*byte)
        }));
    usize::try_from(hash >> 32).unwrap_or(0)
}

/// A number that was made from a place in a list.
fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_name_is_found_and_no_other() {
        for count in [0_usize, 1, 2, 3, 4, 100, 5_000] {
            let names: Vec<String> = (0..count).map(|n| format!("node_{n}")).collect();
            let all = Index::new(names.iter().map(String::as_str)).unwrap();
            for (at, name) in names.iter().enumerate() {
                assert_eq!(all.number(name), Some(at));
                assert_eq!(all.name(at), name);
            }
            assert_eq!(all.number("node_"), None);
            assert_eq!(all.number(""), None);
            assert_eq!(all.name(count), "");
        }
    }

    #[test]
    fn a_repeated_name_is_reported_with_its_place() {
        assert_eq!(Index::new(["a", "b", "a", "b"].into_iter()).unwrap_err(), 2);
    }

    #[test]
    fn names_that_were_chosen_to_collide_are_sorted_instead() {
        let mut all = Index::new(["b", "c", "a"].into_iter()).unwrap();
        all.layout = Layout::Sorted([2, 0, 1].into());
        for (at, name) in ["b", "c", "a"].into_iter().enumerate() {
            assert_eq!(all.number(name), Some(at));
        }
        assert_eq!(all.number("d"), None);
        // Index of which all begin at one place, whatever the seed, cannot be made by hand; that the
        // table gives up is shown by one that is laid for too few.
        let crowd: Vec<String> = (0..PROBES_MAX * 8).map(|n| n.to_string()).collect();
        assert!(Index::new(crowd.iter().map(String::as_str)).is_ok());
    }
}
