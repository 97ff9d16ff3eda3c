//! The answers about everybody that need no facts.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::{PrincipalId, World, narrow, wide};
use crate::bits::WORD_BITS;
use crate::rows::{Row, Word};

/// The answers that need no facts.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// Where the spans of each principal begin; one more at the end.
    starts: Vec<u32>,
    /// From which position on each span holds.
    from: Vec<u32>,
    /// Which row holds there.
    row: Vec<u32>,
    /// The distinct rows, one after the other.
    words: Vec<Word>,
    stride: usize,
}

impl Rows {
    /// The answers about everybody in `world`.
    pub(super) fn new(world: &World) -> Self {
        let mut rows = Self {
            stride: world.policy.permissions.len().div_ceil(WORD_BITS),
            ..Self::default()
        };
        let mut numbers: BTreeMap<Row, u32> = BTreeMap::new();
        for principal in world.principals() {
            rows.starts.push(narrow(rows.from.len()));
            let start = rows.from.len();
            let holdings = world.holdings(principal);
            let of_set = holdings.sets.iter().map(|set| {
                let row = Row::new(&world.policy, &holdings, set);
                let count = narrow(numbers.len());
                *numbers.entry(row).or_insert(count)
            });
            let of_set: Vec<u32> = of_set.collect();
            for (from, set) in &holdings.spans {
                let row = of_set.get(*set).copied().unwrap_or(u32::MAX);
                let same = rows.from.len() > start && rows.row.last() == Some(&row);
                if !same {
                    rows.from.push(narrow(*from));
                    rows.row.push(row);
                }
            }
        }
        rows.starts.push(narrow(rows.from.len()));
        rows.words = vec![Word::default(); numbers.len() * rows.stride];
        for (row, number) in numbers {
            let start = wide(number) * rows.stride;
            let words = rows.words.iter_mut().skip(start);
            words.zip(row.words).for_each(|(word, given)| *word = given);
        }
        rows.from.shrink_to_fit();
        rows.row.shrink_to_fit();
        rows
    }

    /// The row of `principal` at `position`.
    #[inline]
    pub(super) fn at(&self, principal: PrincipalId, position: usize) -> Option<usize> {
        let start = wide(*self.starts.get(principal.0)?);
        let end = wide(*self.starts.get(principal.0 + 1)?);
        let spans = self.from.get(start..end)?;
        let after = spans.partition_point(|from| wide(*from) <= position);
        self.row
            .get(start + after.checked_sub(1)?)
            .map(|row| wide(*row))
    }

    /// The answers about the 64 permissions of which `permission` is one, in `row`.
    #[inline]
    pub(super) fn word(&self, row: usize, permission: usize) -> Option<Word> {
        let at = row.checked_mul(self.stride)? + permission / WORD_BITS;
        self.words.get(at).copied()
    }
}
