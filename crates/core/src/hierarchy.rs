//! The nodes of one organization.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::index::Index;
use crate::{Level, PackedNodes, RecordError, limits};

/// A node of one [`crate::Access`] or [`crate::World`], as a small number: in another one, also of the same
/// organization, it may be any node.
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

/// Before anything is made of so many nodes.
const fn check_count(count: usize) -> Result<(), RecordError> {
    let limit = limits::NODES_MAX;
    if count > limit {
        return Err(RecordError::TooMany { limit });
    }
    Ok(())
}

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
        check_count(nodes.len())?;
        let names = Index::new(nodes.clone().map(|(id, ..)| id)).map_err(|at| {
            let repeated = nodes.clone().nth(at).map_or("", |(id, ..)| id);
            RecordError::RepeatedNode(repeated.into())
        })?;
        let mut hierarchy = Self {
            names,
            ..Self::default()
        };
        for (_, level, parent) in nodes {
            // One that is not there is behind all others.
            let number = |parent| hierarchy.node(parent).unwrap_or(NodeId(usize::MAX));
            hierarchy.add(level, parent.map(number))?;
        }
        hierarchy.lay_out()?;
        Ok(hierarchy)
    }

    /// Checks and numbers `nodes`.
    ///
    /// # Errors
    /// The first node that is out of place.
    pub(crate) fn packed(nodes: PackedNodes) -> Result<Self, RecordError> {
        let PackedNodes { ids, ends, nodes } = nodes;
        check_count(nodes.len())?;
        // Each has a name, and each name is one's.
        if ends.len() != nodes.len() {
            return Err(RecordError::NoOrganization);
        }
        let mut names = Index::packed(ids, ends);
        if let Err(at) = names.lay_out() {
            return Err(RecordError::RepeatedNode(names.name(at).into()));
        }
        let mut hierarchy = Self {
            names,
            parents: Vec::with_capacity(nodes.len()),
            levels: Vec::with_capacity(nodes.len()),
            ..Self::default()
        };
        for node in &nodes {
            hierarchy.add(node.level, node.parent.map(NodeId))?;
        }
        hierarchy.lay_out()?;
        Ok(hierarchy)
    }

    /// Adds the next node: the organization has no parent, any other has one of a higher level that came
    /// before.
    fn add(&mut self, level: Level, parent: Option<NodeId>) -> Result<(), RecordError> {
        let at = self.levels.len();
        if (at == 0) != (level == Level::Organization) || (at == 0) != parent.is_none() {
            return Err(RecordError::NoOrganization);
        }
        if let Some(parent) = parent
            && self.level(parent).is_none_or(|above| above >= level)
        {
            return Err(RecordError::OrphanNode(self.names.name(at).into()));
        }
        self.parents.push(parent);
        self.levels.push(level);
        Ok(())
    }

    /// Counts what lies below each node, and gives each its position. Every node comes after its parent.
    fn lay_out(&mut self) -> Result<(), RecordError> {
        if self.parents.is_empty() {
            return Err(RecordError::NoOrganization);
        }
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
        Ok(())
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
        let mut next = Some(node);
        while let Some(at) = next {
            if self.level(at)? == level {
                return next;
            }
            next = self.parent(at);
        }
        None
    }
}
