//! A policy and a record, resolved at one moment.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::bits::WORD_BITS;
use crate::hierarchy::{Hierarchy, NodeId, ROOT};
use crate::holdings::{Basis, Holdings, Set};
use crate::rows::Row;
use crate::{
    Bits, Grant, Node, Outcome, PermissionId, Policy, Record, RecordError, RoleId, Window, limits,
};

/// What one principal holds in one organization at one moment: what [`crate::evaluate()`] reads.
///
/// It keeps the policy as the organization has it, custom roles and rules included, so that numbers of
/// one policy are never read by another.
#[derive(Clone, Debug)]
pub struct Access {
    policy: Arc<Policy>,
    hierarchy: Hierarchy,
    record: Record,
    now_ms: u64,
    changes_at_ms: Option<u64>,
    holdings: Holdings,
    /// The answers of each set that need no facts.
    rows: Vec<Row>,
    /// What they allow, for each node `stride` words of 64 permissions.
    allowed: Vec<u64>,
    stride: usize,
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
        let nodes = record.nodes.iter();
        let hierarchy = Hierarchy::new(
            nodes.map(|node| (node.id.as_str(), node.level, node.parent.as_deref())),
        )?;
        let policy = if customization.is_empty() {
            Arc::clone(policy)
        } else {
            Arc::new(policy.customized(customization))
        };
        Ok(Self::of(policy, hierarchy, record, now_ms))
    }

    /// The same record resolved at another moment.
    #[must_use]
    pub fn at(self, now_ms: u64) -> Self {
        Self::of(self.policy, self.hierarchy, self.record, now_ms)
    }

    pub(crate) fn of(
        policy: Arc<Policy>,
        hierarchy: Hierarchy,
        record: Record,
        now_ms: u64,
    ) -> Self {
        let live = |grant: &&Grant| grant.window.contains(now_ms);
        let granted = record.grants.iter().filter(live);
        let granted = granted
            .filter_map(|grant| Some((policy.role(&grant.role)?, hierarchy.node(&grant.node)?)));
        let granted: Vec<(RoleId, NodeId)> = granted.collect();
        // A role that is gone leaves a member without it. A node of elsewhere makes nobody a member
        // here, and neither does a group: who was removed may still be in one.
        let mut own = record.grants.iter().filter(live);
        let member =
            own.any(|grant| grant.group.is_none() && hierarchy.node(&grant.node).is_some());
        let owned = record
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.owned);
        let owned: Vec<NodeId> = owned.map(|(at, _)| NodeId(at)).collect();
        let token = record.token.as_ref();
        let windows = record.grants.iter().map(|grant| &grant.window);
        let windows = windows.chain(token.map(|token| &token.window));
        let changes_at_ms = windows
            .filter_map(|window| window.changes_after(now_ms))
            .min();
        let basis = Basis {
            kind: record.kind,
            member,
            live: &granted,
            owned: &owned,
            plan: &record.plan,
            token,
            now_ms,
        };
        let holdings = Holdings::new(&policy, &hierarchy, &basis);
        let rows = holdings
            .sets
            .iter()
            .map(|set| Row::new(&policy, &holdings, set));
        let rows: Vec<Row> = rows.collect();
        let stride = policy.permissions.len().div_ceil(WORD_BITS);
        let mut allowed = Vec::with_capacity(hierarchy.len() * stride);
        for node in hierarchy.nodes() {
            let position = hierarchy.position(node);
            let set = position.and_then(|at| holdings.set_number(at));
            let row = set.and_then(|set| rows.get(set)).into_iter();
            allowed.extend(row.flat_map(|row| &row.words).map(|word| word.allowed));
        }
        Self {
            allowed,
            stride,
            open: Row::open(&rows, stride),
            rows,
            now_ms,
            changes_at_ms,
            holdings,
            record,
            hierarchy,
            policy,
        }
    }

    /// The policy, with what the organization added to it.
    #[must_use]
    pub const fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Whether it is allowed, whatever the facts: one look-up and a bit test.
    #[inline]
    #[must_use]
    pub fn allows(&self, permission: PermissionId, node: NodeId) -> bool {
        let word = permission.0 / WORD_BITS;
        // A number of another policy must not reach into the next row.
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

    /// All nodes, in the record's order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.record.nodes
    }

    /// The numbers of all nodes, in the same order.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        self.hierarchy.nodes()
    }

    /// What is known of `node`.
    #[must_use]
    pub fn describe(&self, node: NodeId) -> Option<&Node> {
        self.record.nodes.get(node.0)
    }

    /// The record that this was resolved from.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Whether the principal has a live grant of its own in the organization.
    #[must_use]
    pub const fn is_member(&self) -> bool {
        self.holdings.member
    }

    /// Whether anything at all is granted on `node`: whoever holds nothing there need not know of it.
    #[must_use]
    pub fn holds_anything(&self, node: NodeId) -> bool {
        let set = self.set(node);
        set.is_some_and(|set| !set.granted.is_empty())
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
    /// and the facts; `None` for a node of another access. A large hierarchy has few such classes, and
    /// their numbers are the smallest.
    #[must_use]
    pub fn class(&self, node: NodeId) -> Option<usize> {
        self.holdings.set_number(self.hierarchy.position(node)?)
    }

    /// The ids of roles that grants name and the policy does not have. They give nothing.
    pub fn dangling_roles(&self) -> impl Iterator<Item = &str> {
        let roles = self.record.grants.iter().map(|grant| grant.role.as_str());
        roles.filter(|role| self.policy.role(role).is_none())
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
