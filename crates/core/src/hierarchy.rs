//! The nodes of one organization.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::index::Index;
use crate::{Level, RecordError, limits};

/// A node of one organization, as a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

impl NodeId {
    /// The node's place in the list of nodes it came from.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// The node of the organization itself.
pub(crate) const ROOT: NodeId = NodeId(0);

/// The nodes with their parents: each comes after its parent, the first is the organization.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hierarchy {
    names: Index,
    parents: Vec<Option<NodeId>>,
    levels: Vec<Level>,
    /// Where each node comes when every node is followed by all that lies below it.
    positions: Vec<usize>,
    /// How many nodes there are at and below each.
    sizes: Vec<usize>,
}

impl Hierarchy {
    /// Checks and numbers `nodes`, given as (id, level, parent).
    ///
    /// # Errors
    /// The first node that is out of place.
    pub(crate) fn new<'a>(
        nodes: impl ExactSizeIterator<Item = (&'a str, Level, Option<&'a str>)> + Clone,
    ) -> Result<Self, RecordError> {
        if nodes.len() > limits::NODES_MAX {
            let limit = limits::NODES_MAX;
            return Err(RecordError::TooMany { limit });
        }
        let names = Index::new(nodes.clone().map(|(id, ..)| id)).map_err(|at| {
            let repeated = nodes.clone().nth(at).map_or("", |(id, ..)| id);
            RecordError::RepeatedNode(repeated.into())
        })?;
        let mut hierarchy = Self {
            names,
            ..Self::default()
        };
        for (at, (id, level, parent)) in nodes.enumerate() {
            if (at == 0) != (level == Level::Organization) || (at == 0) != parent.is_none() {
                return Err(RecordError::NoOrganization);
            }
            let parent = match parent {
                None => None,
                Some(parent) => {
                    let parent = hierarchy.node(parent);
                    let higher = parent
                        .and_then(|parent| hierarchy.levels.get(parent.0))
                        .is_some_and(|above| *above < level);
                    if !higher {
                        return Err(RecordError::OrphanNode(id.into()));
                    }
                    parent
                }
            };
            hierarchy.parents.push(parent);
            hierarchy.levels.push(level);
        }
        if hierarchy.parents.is_empty() {
            return Err(RecordError::NoOrganization);
        }
        hierarchy.lay_out();
        Ok(hierarchy)
    }

    /// Counts what lies below each node, and gives each its position. Every node comes after its parent.
    fn lay_out(&mut self) {
        self.sizes = vec![1; self.parents.len()];
        for (node, parent) in self.parents.iter().enumerate().rev() {
            let size = self.sizes.get(node).copied().unwrap_or(0);
            if let Some(above) = parent.and_then(|parent| self.sizes.get_mut(parent.0)) {
                *above += size;
            }
        }
        // Where the next child of each node goes.
        let mut next: Vec<usize> = Vec::with_capacity(self.parents.len());
        for (node, parent) in self.parents.iter().enumerate() {
            let mut position = 0;
            if let Some(free) = parent.and_then(|parent| next.get_mut(parent.0)) {
                position = *free;
                *free += self.sizes.get(node).copied().unwrap_or(0);
            }
            self.positions.push(position);
            next.push(position + 1);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.parents.len()
    }

    pub(crate) fn node(&self, id: &str) -> Option<NodeId> {
        self.names.number(id).map(NodeId)
    }

    pub(crate) fn id(&self, node: NodeId) -> &str {
        self.names.name(node.0)
    }

    pub(crate) fn level(&self, node: NodeId) -> Option<Level> {
        self.levels.get(node.0).copied()
    }

    pub(crate) fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.parents.get(node.0).copied().flatten()
    }

    /// All nodes, each after its parent.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.len()).map(NodeId)
    }

    /// `node` and the nodes above it, upwards.
    pub(crate) fn path(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        core::iter::successors(Some(node), |at| self.parent(*at))
    }

    /// Where `node` comes when every node is followed by all that lies below it.
    #[inline]
    pub(crate) fn position(&self, node: NodeId) -> Option<usize> {
        self.positions.get(node.0).copied()
    }

    /// The positions of `node` and of all that lies below it.
    pub(crate) fn span(&self, node: NodeId) -> Range<usize> {
        let start = self.position(node).unwrap_or(usize::MAX);
        start..start.saturating_add(self.sizes.get(node.0).copied().unwrap_or(0))
    }

    /// Whether `node` is `top` or lies below it.
    pub(crate) fn is_within(&self, node: NodeId, top: NodeId) -> bool {
        self.position(node)
            .is_some_and(|at| self.span(top).contains(&at))
    }

    /// The node of `level` at or above `node`.
    pub(crate) fn ancestor(&self, node: NodeId, level: Level) -> Option<NodeId> {
        self.path(node).find(|at| self.level(*at) == Some(level))
    }
}
