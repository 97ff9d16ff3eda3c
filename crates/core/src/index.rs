//! Names with their numbers: what a string that comes from outside stands for.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::sorted::sort;

/// How many names may lie in one's way before the table is laid anew with another seed.
const PROBES_MAX: usize = 64;
/// How many seeds are tried before the names are sorted instead.
const SEEDS: u64 = 4;

/// Names, each with its place as its number. A look-up costs the same however many there are, and at
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

/// The part at `at` of those that lie one after the other in `text`, each up to its end; empty when
/// there is none.
pub(crate) fn part<'a>(text: &'a str, ends: &[usize], at: usize) -> &'a str {
    let start = match at.checked_sub(1) {
        None => 0,
        Some(before) => ends.get(before).copied().unwrap_or(usize::MAX),
    };
    let end = ends.get(at).copied().unwrap_or(0);
    text.get(start..end).unwrap_or("")
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
        part(&self.text, &self.ends, at)
    }

    /// The numbers of those of `names` that there are.
    pub(crate) fn numbers(&self, names: &[String]) -> Vec<usize> {
        let mut numbers = Vec::with_capacity(names.len());
        for name in names {
            numbers.extend(self.number(name));
        }
        numbers
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

    /// So many names of which all begin at the first place of a table of `len` slots under `seed`.
    fn crowd(seed: u64, len: usize, count: usize) -> Vec<String> {
        let names = (0_u64..).map(|n| format!("{seed}_{n}"));
        let colliding = names.filter(|name| slot(name, seed) & (len - 1) == 0);
        colliding.take(count).collect()
    }

    #[track_caller]
    fn check_all_are_found(all: &Index, names: &[String]) {
        for (at, name) in names.iter().enumerate() {
            assert_eq!(all.number(name), Some(at));
        }
        assert_eq!(all.number("nobody"), None);
    }

    fn index(names: &[String]) -> Index {
        Index::new(names.iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn a_name_may_have_so_many_in_its_way_and_no_more() {
        // A table of 128: so many names fill it by half.
        let bearable = crowd(0, 128, PROBES_MAX + 1);
        let all = index(&bearable);
        assert!(matches!(all.layout, Layout::Hashed { seed: 0, .. }));
        check_all_are_found(&all, &bearable);

        let crowded = crowd(0, 128, PROBES_MAX + 2);
        let all = index(&crowded);
        assert!(matches!(all.layout, Layout::Hashed { seed: 1, .. }));
        check_all_are_found(&all, &crowded);
    }

    #[test]
    fn names_that_were_chosen_to_collide_under_every_seed_are_sorted_instead() {
        let mut names: Vec<String> = (0..SEEDS)
            .flat_map(|seed| crowd(seed, 512, PROBES_MAX + 2))
            .collect();
        // Neither in order nor in the opposite one.
        names.rotate_left(PROBES_MAX * 2);
        let all = index(&names);
        assert!(matches!(all.layout, Layout::Sorted(_)));
        check_all_are_found(&all, &names);

        names.extend([names[3].clone(), names[1].clone(), names[3].clone()]);
        let repeated = Index::new(names.iter().map(String::as_str)).unwrap_err();
        assert_eq!(repeated, names.len() - 3);
    }

    #[test]
    fn a_table_is_at_most_three_quarters_full_and_no_larger_than_that_takes() {
        for (count, len) in [
            (0, 1),
            (1, 2),
            (3, 8),
            (5, 8),
            (6, 16),
            (96, 256),
            (95, 128),
        ] {
            let names: Vec<String> = (0..count).map(|n| n.to_string()).collect();
            let Layout::Hashed { slots, .. } = index(&names).layout else {
                panic!("few names are never crowded");
            };
            assert_eq!(slots.len(), len, "{count}");
        }
    }

    #[test]
    fn names_that_differ_a_little_begin_at_different_places() {
        let long = "0123456789abcdef";
        let mut names: Vec<String> = Vec::new();
        for n in 0..2_000_u64 {
            // In the last bytes, in the first ones, between them, and in how long they are.
            names.extend([
                format!("n{n}"),
                format!("{long}{n:06}"),
                format!("{n:06}{long}"),
                format!("{long}{n:06}{long}"),
            ]);
        }
        names.extend((0..500).map(|len| "\0".repeat(len)));
        for seed in 0..SEEDS {
            let mut begins: Vec<usize> = names.iter().map(|name| slot(name, seed)).collect();
            begins.sort_unstable();
            begins.dedup();
            // Of so many random numbers of 32 bits, two are alike once in a hundred times.
            assert!(begins.len() + 2 > names.len(), "{}", begins.len());
            // And the low bits, of which the place is made, are spread too.
            let mut low: Vec<usize> = begins.iter().map(|begin| begin & 0xffff).collect();
            low.sort_unstable();
            low.dedup();
            assert!(low.len() > names.len() * 9 / 10, "{}", low.len());
        }
    }
}
