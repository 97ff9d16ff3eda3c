//! Which row of answers holds where, in an organization that is small enough for a table.

use alloc::vec;
use alloc::vec::Vec;

use super::rows::Spans;
use super::{PrincipalId, World, narrow, wide};
use crate::bits::Bits;
use crate::hierarchy::NodeId;

/// How many columns there may be: with more, most would say the same of most principals.
const COLUMNS_MAX: usize = 128;

/// The owner of nodes that have none.
const NOBODY: u32 = u32::MAX;

/// For each node the row that holds there for its owner, and then for each principal and column the row
/// that holds for who is not the owner.
///
/// A column is a stretch of nodes, in the order of their positions, in which nothing changes for anybody
/// but for owners.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// By node.
    places: Vec<Place>,
    pub(super) columns: usize,
    rows: Vec<u16>,
}

/// Where to look for what holds on a node.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Who owns it or, where it has no owner, the nearest node above that has one.
    owner: u32,
    /// The cell of the first principal.
    first: u32,
}

impl Table {
    /// The table of what `spans` say, in so many different rows; `None` when it would be too large.
    pub(super) fn new(world: &World, spans: &Spans, rows: usize) -> Option<Self> {
        // INVARIANT: the number of a permission times so few rows fits 32 bits, whatever its policy.
        u16::try_from(rows).ok()?;
        let hierarchy = &world.hierarchy;
        let owners = owners(world);
        let starts = columns(world, spans, &owners)?;
        let place = |position: usize| Place {
            owner: owners.get(position).copied().unwrap_or(NOBODY),
            first: narrow(hierarchy.len() + starts.partition_point(|start| *start <= position) - 1),
        };
        let row = |principal, position| {
            let row = spans.row(principal, position)?;
            u16::try_from(row).ok()
        };
        let mut table = Self {
            places: Vec::with_capacity(hierarchy.len()),
            columns: starts.len(),
            rows: Vec::with_capacity(hierarchy.len() + world.names.len() * starts.len()),
        };
        for node in hierarchy.nodes() {
            let position = hierarchy.position(node)?;
            let place = place(position);
            table.places.push(place);
            let owner = PrincipalId(wide(place.owner));
            table.rows.push(row(owner, position).unwrap_or(0));
        }
        for principal in world.principals() {
            let ends = starts.iter().skip(1).copied().chain([hierarchy.len()]);
            for (start, end) in starts.iter().zip(ends) {
                let others = (*start..end).find(|at| !is_own(&owners, principal, *at));
                table.rows.push(row(principal, others.unwrap_or(*start))?);
            }
        }
        Some(table)
    }

    /// The row of `principal` on `node`; `None` when one of them is of elsewhere, or there is no table.
    #[inline]
    pub(super) fn row(&self, principal: PrincipalId, node: NodeId) -> Option<u16> {
        let place = self.places.get(node.0)?;
        let cell = if wide(place.owner) == principal.0 {
            node.0
        } else {
            // The cells of principals come last, so that one that is too large has none.
            principal.0 * self.columns + wide(place.first)
        };
        self.rows.get(cell).copied()
    }
}

/// The owner of each node, or of the nearest above it that has one, by position.
fn owners(world: &World) -> Vec<u32> {
    let hierarchy = &world.hierarchy;
    let mut owners = vec![NOBODY; hierarchy.len()];
    for node in hierarchy.nodes() {
        let position = |node| hierarchy.position(node);
        let above = hierarchy.parent(node).and_then(position);
        let above = above.and_then(|above| owners.get(above).copied());
        let own = world.owners.get(&node).map(|owner| narrow(owner.0));
        let place = position(node).and_then(|at| owners.get_mut(at));
        if let Some((place, owner)) = place.zip(own.or(above)) {
            *place = owner;
        }
    }
    owners
}

fn is_own(owners: &[u32], principal: PrincipalId, position: usize) -> bool {
    owners
        .get(position)
        .is_some_and(|owner| wide(*owner) == principal.0)
}

/// The positions at which columns begin; `None` when there are too many of them.
fn columns(world: &World, spans: &Spans, owners: &[u32]) -> Option<Vec<usize>> {
    let mut starts = Bits::of([0], owners.len());
    let mut count = 1;
    for principal in world.principals() {
        let mut before = None;
        let ends = spans.of(principal).map(|(from, _)| from).skip(1);
        for ((from, row), end) in spans.of(principal).zip(ends.chain([owners.len()])) {
            let mut others = (from..end).skip_while(|at| is_own(owners, principal, *at));
            let Some(first) = others.next() else {
                continue;
            };
            if before.is_some_and(|before| before != row) && !starts.contains(first) {
                starts.insert(first);
                count += 1;
                if count > COLUMNS_MAX {
                    return None;
                }
            }
            before = Some(row);
        }
    }
    Some(starts.iter().collect())
}
