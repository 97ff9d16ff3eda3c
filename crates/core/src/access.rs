//! A policy and a record, resolved at one moment.

mod known;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::bits::WORD_BITS;
use crate::hierarchy::{Hierarchy, NodeId, ROOT};
use crate::holdings::{Basis, Holdings, Set};
use crate::rows::Row;
use crate::{
    Bits, Customization, Grant, Level, Node, Outcome, OwnPolicy, PackedNodes, PermissionId, Policy,
    PrincipalKind, Record, RecordError, RoleId, Window, limits,
};

/// A node of an [`Access`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its level.
    pub level: Level,
    /// The node it lies in; `None` for the organization only.
    pub parent: Option<NodeId>,
    /// Whether the principal owns it.
    pub owned: bool,
}

/// `policy` as the organization of `record` has it, unless the record passes a limit.
fn customized(
    policy: &Arc<Policy>,
    own: &dyn Fn() -> Option<Policy>,
    record: &Record,
) -> Result<OwnPolicy, RecordError> {
    let customization = &record.customization;
    for (len, limit) in [
        (record.grants.len(), limits::GRANTS_MAX),
        (customization.roles.len(), limits::CUSTOM_ROLES_MAX),
        (customization.rules.len(), limits::RULES_MAX),
    ] {
        if len > limit {
            return Err(RecordError::TooMany { limit });
        }
    }
    if customization.is_empty() {
        return Ok(OwnPolicy::plain(policy));
    }
    let mut policy = own().ok_or(RecordError::NoPolicy)?;
    policy.customize(customization);
    Ok(policy.own())
}

/// The number of the set that each node has: as long as a set holds, the nodes come one after the other by
/// position.
fn classes(hierarchy: &Hierarchy, holdings: &Holdings) -> Vec<usize> {
    let mut by_position = Vec::with_capacity(hierarchy.len());
    let mut set_here = 0;
    let mut spans = holdings.spans.as_slice();
    for position in 0..hierarchy.len() {
        if let Some(((from, set), behind)) = spans.split_first()
            && *from == position
        {
            set_here = *set;
            spans = behind;
        }
        by_position.push(set_here);
    }
    let mut classes = Vec::with_capacity(hierarchy.len());
    for node in hierarchy.nodes() {
        let position = hierarchy.position(node).unwrap_or(usize::MAX);
        classes.push(by_position.get(position).copied().unwrap_or(usize::MAX));
    }
    classes
}

/// What one principal holds in one organization at one moment: what [`crate::evaluate()`] reads.
///
/// It keeps the policy as the organization has it, custom roles and rules included: numbers of roles and
/// permissions are that one's, and numbers of nodes are this access's. Another one may mean something else by them.
#[derive(Clone, Debug)]
pub struct Access {
    policy: OwnPolicy,
    hierarchy: Hierarchy,
    /// What was resolved, but for its nodes: those are in the hierarchy.
    record: Record,
    /// The nodes that the principal owns, by rising number.
    owned: Vec<NodeId>,
    now_ms: u64,
    changes_at_ms: Option<u64>,
    holdings: Holdings,
    /// The answers of each set that need no facts.
    rows: Vec<Row>,
    /// What they allow, for each node `stride` words of 64 permissions.
    allowed: Vec<u64>,
    stride: usize,
    /// The class of each node.
    classes: Vec<usize>,
    /// The permissions that depend on facts somewhere.
    open: Bits,
}

impl Access {
    /// Resolves `record` under `policy` at `now_ms`, in Unix milliseconds.
    ///
    /// # Errors
    /// When the record's nodes do not form a hierarchy, or it passes a limit. The caller then denies
    /// everything.
    pub fn resolve(policy: &Arc<Policy>, record: Record, now_ms: u64) -> Result<Self, RecordError> {
        let nodes = record.nodes.iter();
        let hierarchy = Hierarchy::new(
            nodes.map(|node| (node.id.as_str(), node.level, node.parent.as_deref())),
        )?;
        let own = || Some(Policy::clone(policy));
        let policy = customized(policy, &own, &record)?;
        Ok(Self::of(policy, hierarchy, record, now_ms))
    }

    /// [`Self::resolve`] in an organization whose own policy is there already. What the record says that
    /// the organization added is not looked at: `policy` has what was added when it was made.
    ///
    /// # Errors
    /// As of [`Self::resolve`].
    pub fn resolve_own(
        policy: &OwnPolicy,
        record: Record,
        now_ms: u64,
    ) -> Result<Self, RecordError> {
        let record = Record {
            customization: Customization::default(),
            ..record
        };
        Self::resolve(&policy.0, record, now_ms)
    }

    /// [`Self::resolve`] for a record whose nodes are in `nodes` instead. `own` makes the policy anew, to
    /// be changed as the organization has it.
    ///
    /// # Errors
    /// As of [`Self::resolve`]; [`RecordError::NoPolicy`] when `own` makes none.
    pub fn resolve_packed(
        policy: &Arc<Policy>,
        own: &dyn Fn() -> Option<Policy>,
        record: Record,
        nodes: PackedNodes,
        now_ms: u64,
    ) -> Result<Self, RecordError> {
        let mut owned = Vec::new();
        for (at, node) in nodes.nodes.iter().enumerate() {
            if node.owned {
                owned.push(NodeId(at));
            }
        }
        let hierarchy = Hierarchy::packed(nodes)?;
        let policy = customized(policy, own, &record)?;
        Ok(Self::new(policy, hierarchy, record, owned, now_ms))
    }

    /// The same record resolved at another moment.
    #[must_use]
    pub fn at(self, now_ms: u64) -> Self {
        Self::new(self.policy, self.hierarchy, self.record, self.owned, now_ms)
    }

    pub(crate) fn of(
        policy: OwnPolicy,
        hierarchy: Hierarchy,
        mut record: Record,
        now_ms: u64,
    ) -> Self {
        let nodes = core::mem::take(&mut record.nodes).into_iter().enumerate();
        let owned = nodes.filter(|(_, node)| node.owned);
        let owned = owned.map(|(at, _)| NodeId(at)).collect();
        Self::new(policy, hierarchy, record, owned, now_ms)
    }

    /// Of `record`, whose nodes are in `hierarchy`.
    fn new(
        policy: OwnPolicy,
        hierarchy: Hierarchy,
        record: Record,
        owned: Vec<NodeId>,
        now_ms: u64,
    ) -> Self {
        let mut changes_at_ms = None;
        let mut note = |window: &Window| {
            let at = window.changes_after(now_ms);
            if at.is_some_and(|at| changes_at_ms.is_none_or(|known| at < known)) {
                changes_at_ms = at;
            }
        };
        let mut granted: Vec<(RoleId, NodeId)> = Vec::new();
        let mut member = false;
        for grant in &record.grants {
            note(&grant.window);
            if let Some(node) = hierarchy.node(&grant.node)
                && grant.window.contains(now_ms)
            {
                // A role that is gone leaves a member without it. A node of elsewhere makes nobody a
                // member here, and neither does a group: who was removed may still be in one.
                member |= grant.group.is_none();
                if let Some(role) = policy.role(&grant.role) {
                    granted.push((role, node));
                }
            }
        }
        if let Some(token) = &record.token {
            note(&token.window);
        }
        let basis = Basis {
            kind: record.kind,
            member,
            live: &granted,
            owned: &owned,
            plan: &record.plan,
            token: record.token.as_ref(),
            now_ms,
        };
        let holdings = Holdings::new(&policy, &hierarchy, &basis);
        let mut rows = Vec::with_capacity(holdings.sets.len());
        for set in &holdings.sets {
            rows.push(Row::new(&policy, &holdings, set));
        }
        let stride = policy.permissions.len().div_ceil(WORD_BITS);
        let classes = classes(&hierarchy, &holdings);
        let mut allowed = Vec::with_capacity(classes.len() * stride);
        for class in &classes {
            if let Some(row) = rows.get(*class) {
                for word in &row.words {
                    allowed.push(word.allowed);
                }
            }
        }
        Self {
            allowed,
            classes,
            stride,
            open: Row::open(&rows, stride),
            rows,
            now_ms,
            changes_at_ms,
            holdings,
            record,
            owned,
            hierarchy,
            policy,
        }
    }

    /// The policy, with what the organization added to it.
    #[must_use]
    pub const fn policy(&self) -> &OwnPolicy {
        &self.policy
    }

    /// Whether it is allowed, whatever the facts: one look-up and a bit test.
    #[inline]
    #[must_use]
    pub fn allows(&self, permission: PermissionId, node: NodeId) -> bool {
        let word = permission.0 / WORD_BITS;
        // A number beyond the policy must not reach into the next row.
        let at = node.0 * self.stride + word;
        let allowed = self.allowed.get(at).filter(|_| word < self.stride);
        allowed.is_some_and(|allowed| allowed >> (permission.0 % WORD_BITS) & 1 == 1)
    }

    /// The answer as far as it needs no facts: [`Outcome::Unknown`] when it depends on them; any other
    /// answer stays whatever they are.
    #[inline]
    #[must_use]
    pub fn settled(&self, permission: PermissionId, node: NodeId) -> Outcome {
        if self.allows(permission, node) {
            Outcome::True
        } else if self.open.contains(permission.0) {
            self.open_or_denied(permission, node)
        } else {
            Outcome::False
        }
    }

    fn open_or_denied(&self, permission: PermissionId, node: NodeId) -> Outcome {
        let row = self.class(node).and_then(|class| self.rows.get(class));
        row.map_or(Outcome::False, |row| row.outcome(permission.0))
    }

    /// The node of the organization itself.
    #[must_use]
    pub const fn root(&self) -> NodeId {
        ROOT
    }

    /// The node called `id`, or `None`: asking about a node that is not there is an ordinary deny.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<NodeId> {
        self.hierarchy.node(id)
    }

    /// The node at `index` of [`Self::nodes`].
    #[must_use]
    pub fn node_at(&self, index: usize) -> Option<NodeId> {
        (index < self.hierarchy.len()).then_some(NodeId(index))
    }

    /// The level of `node`.
    #[must_use]
    pub fn level(&self, node: NodeId) -> Option<Level> {
        self.hierarchy.level(node)
    }

    /// Whether `node` is `top` or lies below it.
    #[must_use]
    pub fn is_within(&self, node: NodeId, top: NodeId) -> bool {
        self.hierarchy.is_within(node, top)
    }

    /// All nodes, in the record's order.
    pub fn nodes(&self) -> impl Iterator<Item = NodeView<'_>> {
        self.node_ids().filter_map(|node| self.describe(node))
    }

    /// The numbers of all nodes, in the same order.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        self.hierarchy.nodes()
    }

    /// What is known of `node`.
    #[must_use]
    pub fn describe(&self, node: NodeId) -> Option<NodeView<'_>> {
        Some(NodeView {
            id: self.hierarchy.id(node),
            level: self.hierarchy.level(node)?,
            parent: self.hierarchy.parent(node),
            owned: self.owned.binary_search(&node).is_ok(),
        })
    }

    /// The record that this was resolved from.
    #[must_use]
    pub fn record(&self) -> Record {
        let nodes = self.nodes().map(|node| Node {
            id: node.id.into(),
            level: node.level,
            parent: node.parent.map(|parent| self.hierarchy.id(parent).into()),
            owned: node.owned,
        });
        Record {
            nodes: nodes.collect(),
            ..self.record.clone()
        }
    }

    /// What kind of principal it is.
    #[must_use]
    pub const fn kind(&self) -> PrincipalKind {
        self.record.kind
    }

    /// Ids of the features that the organization's plan has.
    #[must_use]
    pub fn plan(&self) -> &[String] {
        &self.record.plan
    }

    /// What the record says that the organization added to the policy.
    pub(crate) const fn customization(&self) -> &Customization {
        &self.record.customization
    }

    /// The grants, in the record's order, whatever their window.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.record.grants
    }

    /// Whether the principal has a live grant of its own in the organization.
    #[must_use]
    pub const fn is_member(&self) -> bool {
        self.holdings.member
    }

    /// The moment for which this was resolved, in Unix milliseconds.
    #[must_use]
    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// From when on this must be resolved anew, because a grant or the token begins or ends; `None`
    /// means never.
    #[must_use]
    pub const fn changes_at_ms(&self) -> Option<u64> {
        self.changes_at_ms
    }

    /// A number that nodes share when every decision about them is the same, whatever the permission
    /// and the facts; `None` for a number that no node has here. A large hierarchy has few such classes, and
    /// their numbers are the smallest.
    #[must_use]
    pub fn class(&self, node: NodeId) -> Option<usize> {
        self.classes.get(node.0).copied()
    }

    /// How many classes there are.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.rows.len()
    }

    pub(crate) const fn hierarchy(&self) -> &Hierarchy {
        &self.hierarchy
    }

    pub(crate) const fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    pub(crate) fn set(&self, node: NodeId) -> Option<&Set> {
        self.holdings.sets.get(self.class(node)?)
    }

    /// The role that `grant` counts as.
    pub(crate) fn counted_role(&self, grant: &Grant) -> Option<RoleId> {
        let role = self.policy.role(&grant.role)?;
        Some(
            self.policy
                .counted_role(role, self.record.kind, &self.record.plan),
        )
    }

    /// Whether `window` holds at the moment for which this was resolved.
    pub(crate) fn is_live(&self, window: &Window) -> bool {
        window.contains(self.now_ms)
    }
}
