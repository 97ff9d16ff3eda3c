//! What one principal was granted inside one organization.

use alloc::string::String;
use alloc::vec::Vec;

use crate::index::part;
use crate::{Customization, Level};

/// When a grant counts, in Unix milliseconds: from `not_before_ms` on and before `expires_at_ms`.
/// Either end may be open; the default is always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// First millisecond at which it counts.
    pub not_before_ms: Option<u64>,
    /// First millisecond at which it no longer counts.
    pub expires_at_ms: Option<u64>,
}

impl Window {
    /// Whether `now_ms` lies in the window.
    #[must_use]
    pub fn contains(&self, now_ms: u64) -> bool {
        self.not_before_ms.is_none_or(|start| start <= now_ms) && !self.is_over(now_ms)
    }

    /// Whether the window has ended by `now_ms`.
    #[must_use]
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.expires_at_ms.is_some_and(|end| end <= now_ms)
    }

    /// Whether this window contains every moment from `now_ms` on that `other` contains.
    pub(crate) fn covers(&self, other: &Self, now_ms: u64) -> bool {
        let start = other.not_before_ms.unwrap_or_default().max(now_ms);
        let ends_later = |end| other.expires_at_ms.is_some_and(|other| other <= end);
        other.is_over(start)
            || self.not_before_ms.unwrap_or_default() <= start
                && self.expires_at_ms.is_none_or(ends_later)
    }

    /// The next moment after `now_ms` at which [`Self::contains`] changes.
    pub(crate) fn changes_after(&self, now_ms: u64) -> Option<u64> {
        [self.not_before_ms, self.expires_at_ms]
            .into_iter()
            .flatten()
            .filter(|at| *at > now_ms)
            .min()
    }
}

/// A role on a node, and on all that lies below it, for as long as the window lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Role id. A role that the policy no longer has gives nothing.
    pub role: String,
    /// Node id.
    pub node: String,
    /// When it counts.
    pub window: Window,
    /// Id of the access group through which the principal has it; `None` for one of its own.
    pub group: Option<String>,
}

impl Grant {
    /// A grant without a time limit.
    #[must_use]
    pub fn new(role: impl Into<String>, node: impl Into<String>) -> Self {
        Self {
            role: role.into(),
            node: node.into(),
            window: Window::default(),
            group: None,
        }
    }
}

/// A node of the hierarchy, as far as one principal may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: Level,
    /// The node it lies in; `None` for the organization only.
    pub parent: Option<String>,
    /// Whether the principal created it and so owns it.
    pub owned: bool,
}

impl Node {
    /// An organization's own node.
    #[must_use]
    pub fn organization(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            level: Level::Organization,
            parent: None,
            owned: false,
        }
    }

    /// A node of `level` in `parent`.
    #[must_use]
    pub fn inside(level: Level, id: impl Into<String>, parent: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            level,
            parent: Some(parent.into()),
            owned: false,
        }
    }
}

/// Nodes as whoever reads many of them has them: all ids in one text, and no string for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedNodes {
    /// The ids, one after the other.
    pub ids: String,
    /// Where each id ends.
    pub ends: Vec<usize>,
    /// The nodes, each after its parent; the first is the organization.
    pub nodes: Vec<PackedNode>,
}

/// A node of [`PackedNodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedNode {
    /// Its level.
    pub level: Level,
    /// The place of the node it lies in; `None` for the organization only.
    pub parent: Option<usize>,
    /// Whether the principal created it and so owns it.
    pub owned: bool,
}

impl PackedNodes {
    /// The id of the node at `at`; empty when there is none.
    #[must_use]
    pub fn id(&self, at: usize) -> &str {
        part(&self.ids, &self.ends, at)
    }

    /// The nodes, each by itself.
    pub fn unpacked(&self) -> impl Iterator<Item = Node> {
        self.nodes.iter().enumerate().map(|(at, node)| Node {
            id: self.id(at).into(),
            level: node.level,
            parent: node.parent.map(|parent| self.id(parent).into()),
            owned: node.owned,
        })
    }
}

/// What a token narrows its principal to (law 6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenLimit {
    /// Permission ids it may use; `None` means all of the principal's.
    pub permissions: Option<Vec<String>>,
    /// Node on which, and below which, it may act; `None` means everywhere.
    pub node: Option<String>,
    /// When it may act at all.
    pub window: Window,
}

/// What kind of principal it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrincipalKind {
    /// A person.
    #[default]
    User,
    /// A program with roles of its own. It holds nothing `personal`, and no plan replaces its roles.
    ServiceAccount,
}

/// All that the evaluator needs to know of one principal in one organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The principal's id.
    pub principal: String,
    /// What kind of principal it is.
    pub kind: PrincipalKind,
    /// The nodes, each after its parent; the first is the organization.
    pub nodes: Vec<Node>,
    /// The grants. Without one of its own, the principal is not a member.
    pub grants: Vec<Grant>,
    /// Ids of the features that the organization's plan has.
    pub plan: Vec<String>,
    /// What the organization added to the policy.
    pub customization: Customization,
    /// Set when the principal acts through a token that is narrower than itself.
    pub token: Option<TokenLimit>,
}
