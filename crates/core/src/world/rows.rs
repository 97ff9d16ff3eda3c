//! The answers about everybody that need no facts.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::{PrincipalId, World, narrow, wide};
use crate::bits::WORD_BITS;
use crate::hierarchy::{Hierarchy, NodeId, ROOT};
use crate::rows::{Row, Word};

/// How many columns there may be: with more, most would say the same of most principals.
const COLUMNS_MAX: usize = 64;

/// In a column: the answers differ within it, so the principal's spans have to be searched.
const SPANS: u32 = u32::MAX;

/// The answers that need no facts.
///
/// In a small organization they lie in a table with a column for the organization and for each node
/// directly in it; what differs within a column, such as for who owns a project, and everything in a
/// large organization lies in spans.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// The column of each node.
    column_of: Vec<u32>,
    columns: usize,
    /// For each principal and column the row that holds there.
    table: Vec<u32>,
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
        let tops = columns(&world.hierarchy);
        let mut rows = Self {
            stride: world.policy.permissions.len().div_ceil(WORD_BITS),
            columns: tops.len(),
            column_of: column_of(&world.hierarchy, &tops),
            ..Self::default()
        };
        let mut numbers: BTreeMap<Row, u32> = BTreeMap::new();
        for principal in world.principals() {
            let holdings = world.holdings(principal);
            let of_set = holdings.sets.iter().map(|set| {
                let row = Row::new(&world.policy, &holdings, set);
                let count = narrow(numbers.len());
                *numbers.entry(row).or_insert(count)
            });
            let of_set: Vec<u32> = of_set.collect();
            let mut spans: Vec<(usize, u32)> = Vec::new();
            for (from, set) in &holdings.spans {
                let row = of_set.get(*set).copied().unwrap_or(SPANS);
                if spans.last().is_none_or(|(_, last)| *last != row) {
                    spans.push((*from, row));
                }
            }
            let cells = tops.iter().map(|top| cell(&world.hierarchy, *top, &spans));
            let cells: Vec<u32> = cells.collect();
            rows.starts.push(narrow(rows.from.len()));
            if cells.is_empty() || cells.contains(&SPANS) {
                for (from, row) in spans {
                    rows.from.push(narrow(from));
                    rows.row.push(row);
                }
            }
            rows.table.extend(cells);
        }
        rows.starts.push(narrow(rows.from.len()));
        rows.words = vec![Word::default(); numbers.len() * rows.stride];
        for (row, number) in numbers {
            let start = wide(number) * rows.stride;
            let words = rows.words.iter_mut().skip(start);
            words.zip(row.words).for_each(|(word, given)| *word = given);
        }
        [&mut rows.table, &mut rows.from, &mut rows.row]
            .into_iter()
            .for_each(Vec::shrink_to_fit);
        rows
    }

    /// The answers about the 64 permissions of which `permission` is one, for `principal` on `node`.
    #[inline]
    pub(super) fn word(
        &self,
        hierarchy: &Hierarchy,
        principal: PrincipalId,
        node: NodeId,
        permission: usize,
    ) -> Option<&Word> {
        let word = permission / WORD_BITS;
        // A number of another policy must not reach into the next row, nor one of another world into
        // the next principal's.
        if word >= self.stride {
            return None;
        }
        let column = self.column_of.get(node.0).map(|column| wide(*column));
        let cell = column.and_then(|column| self.table.get(principal.0 * self.columns + column));
        let row = match cell {
            Some(row) if *row != SPANS => wide(*row),
            _ => self.searched(principal, hierarchy.position(node)?)?,
        };
        self.words.get(row * self.stride + word)
    }

    /// The row of `principal` at `position`, by its spans.
    fn searched(&self, principal: PrincipalId, position: usize) -> Option<usize> {
        let start = wide(*self.starts.get(principal.0)?);
        let end = wide(*self.starts.get(principal.0 + 1)?);
        let spans = self.from.get(start..end)?;
        let after = spans.partition_point(|from| wide(*from) <= position);
        let row = self.row.get(start + after.checked_sub(1)?);
        row.map(|row| wide(*row))
    }
}

/// The nodes that have a column of the table; none in a large organization.
fn columns(hierarchy: &Hierarchy) -> Vec<NodeId> {
    let tops = hierarchy.nodes().filter(|node| {
        let parent = hierarchy.parent(*node);
        parent.is_none() || parent == Some(ROOT)
    });
    let tops: Vec<NodeId> = tops.take(COLUMNS_MAX + 1).collect();
    if tops.len() > COLUMNS_MAX {
        return Vec::new();
    }
    tops
}

/// The column of each node; nothing where there are none.
fn column_of(hierarchy: &Hierarchy, tops: &[NodeId]) -> Vec<u32> {
    let mut columns: Vec<u32> = Vec::new();
    for node in hierarchy
        .nodes()
        .take(if tops.is_empty() { 0 } else { usize::MAX })
    {
        let column = match hierarchy.parent(node) {
            Some(parent) if parent != ROOT => columns.get(parent.0).copied().unwrap_or(0),
            _ => narrow(tops.iter().position(|top| *top == node).unwrap_or(0)),
        };
        columns.push(column);
    }
    columns
}

/// The row that holds on `top` and on all that lies below it; for the organization on itself alone.
fn cell(hierarchy: &Hierarchy, top: NodeId, spans: &[(usize, u32)]) -> u32 {
    let span = hierarchy.span(top);
    let end = if top == ROOT {
        span.start + 1
    } else {
        span.end
    };
    let after = spans.partition_point(|(from, _)| *from <= span.start);
    let changes_within = spans.get(after).is_some_and(|(from, _)| *from < end);
    let row = after.checked_sub(1).and_then(|at| spans.get(at));
    row.filter(|_| !changes_within)
        .map_or(SPANS, |(_, row)| *row)
}
