//! A policy and a record, resolved at one moment.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Bits, Grant, Level, Node, Policy, Record, RecordError, RoleId, TokenLimit, limits};

/// A node of one [`Access`], as a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

impl NodeId {
    /// The node's place in [`Access::nodes`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// What one principal holds in one organization at one moment: what [`crate::evaluate()`] reads.
#[derive(Clone, Debug)]
pub struct Access {
    record: Record,
    now_ms: u64,
    changes_at_ms: Option<u64>,
    node_ids: BTreeMap<String, NodeId>,
    parents: Vec<Option<NodeId>>,
    /// One set of rights per distinct set; most nodes share their parent's.
    sets: Vec<Bits>,
    set_of: Vec<usize>,
    override_bits: Bits,
    /// One set for each cap. A permission must be in all of them.
    caps: Vec<Bits>,
    token_bits: Option<Bits>,
    token_node: Option<Option<NodeId>>,
    member: bool,
}

impl Access {
    /// Resolves `record` under `policy` at `now_ms`, in Unix milliseconds.
    ///
    /// # Errors
    /// When the record's nodes do not form a hierarchy. The caller then denies everything.
    pub fn resolve(policy: &Policy, record: Record, now_ms: u64) -> Result<Self, RecordError> {
        for limit in [
            (record.nodes.len(), limits::NODES_MAX),
            (record.grants.len(), limits::GRANTS_MAX),
        ] {
            if limit.0 > limit.1 {
                return Err(RecordError::TooMany { limit: limit.1 });
            }
        }
        let (node_ids, parents) = hierarchy(&record.nodes)?;
        let live: Vec<(RoleId, NodeId)> = record
            .grants
            .iter()
            .filter(|grant| grant.window.contains(now_ms))
            .filter_map(|grant| named(policy, &node_ids, grant))
            .collect();
        // A role that is gone leaves a member without it; a node of elsewhere makes nobody a member here.
        let member = record
            .grants
            .iter()
            .any(|grant| grant.window.contains(now_ms) && node_ids.contains_key(&grant.node));
        let (sets, set_of) = rights(policy, &record.nodes, &parents, &live, member);
        let token = record.token.as_ref();
        Ok(Self {
            now_ms,
            changes_at_ms: record
                .grants
                .iter()
                .filter_map(|grant| grant.window.changes_after(now_ms))
                .min(),
            override_bits: override_bits(policy, &live),
            caps: caps(policy, &live),
            token_bits: token.and_then(|token| token_bits(policy, token)),
            token_node: token
                .and_then(|token| token.node.as_ref())
                .map(|node| node_ids.get(node).copied()),
            record,
            node_ids,
            parents,
            sets,
            set_of,
            member,
        })
    }

    /// The node of the organization itself.
    #[must_use]
    pub const fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// The node called `id`, or `None`: asking about a node that is not there is an ordinary deny.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<NodeId> {
        self.node_ids.get(id).copied()
    }

    /// All nodes, in the record's order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.record.nodes
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

    /// Whether the principal has any live grant in the organization.
    #[must_use]
    pub const fn is_member(&self) -> bool {
        self.member
    }

    /// Whether anything at all is granted on `node`: whoever holds nothing there need not know of it.
    #[must_use]
    pub fn holds_anything(&self, node: NodeId) -> bool {
        self.granted(node)
            .is_some_and(|granted| !granted.is_empty())
    }

    /// The moment for which this was resolved, in Unix milliseconds.
    #[must_use]
    pub const fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// From when on this must be resolved anew, because a grant begins or ends; `None` means never.
    #[must_use]
    pub const fn changes_at_ms(&self) -> Option<u64> {
        self.changes_at_ms
    }

    /// A number that nodes share when every decision about them is the same, whatever the permission
    /// and the facts; `None` for a node of another access. A large hierarchy has few such classes.
    #[must_use]
    pub fn class(&self, node: NodeId) -> Option<usize> {
        let set = self.set_of.get(node.0)?;
        Some(set * 2 + usize::from(self.in_token_subtree(node)))
    }

    /// The ids of roles that grants name and the policy does not have. They give nothing.
    pub fn dangling_roles<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = &'a str> {
        let roles = self.record.grants.iter().map(|grant| grant.role.as_str());
        roles.filter(|role| policy.role(role).is_none())
    }

    /// `node` and the nodes above it, upwards.
    pub(crate) fn path(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        core::iter::successors(Some(node), |at| self.parents.get(at.0).copied().flatten())
    }

    /// The node of `level` at or above `node`.
    pub(crate) fn ancestor(&self, node: NodeId, level: Level) -> Option<NodeId> {
        self.path(node)
            .find(|at| self.describe(*at).is_some_and(|node| node.level == level))
    }

    /// What roles, inheritance, ownership and everybody's permissions give on `node`.
    pub(crate) fn granted(&self, node: NodeId) -> Option<&Bits> {
        self.sets.get(*self.set_of.get(node.0)?)
    }

    pub(crate) const fn override_bits(&self) -> &Bits {
        &self.override_bits
    }

    pub(crate) fn caps(&self) -> &[Bits] {
        &self.caps
    }

    /// Whether the token lets its principal use `permission` on `node`.
    pub(crate) fn token_allows(&self, permission: usize, node: NodeId) -> bool {
        let in_scope = self
            .token_bits
            .as_ref()
            .is_none_or(|bits| bits.contains(permission));
        in_scope && self.in_token_subtree(node)
    }

    fn in_token_subtree(&self, node: NodeId) -> bool {
        match self.token_node {
            None => true,
            // A token for a node that is not there may act nowhere.
            Some(None) => false,
            Some(Some(top)) => self.path(node).any(|at| at == top),
        }
    }
}

type Hierarchy = (BTreeMap<String, NodeId>, Vec<Option<NodeId>>);

fn hierarchy(nodes: &[Node]) -> Result<Hierarchy, RecordError> {
    let mut ids = BTreeMap::new();
    let mut parents = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        if (at == 0) != (node.level == Level::Organization) || (at == 0) != node.parent.is_none() {
            return Err(RecordError::NoOrganization);
        }
        let parent = match &node.parent {
            None => None,
            Some(parent) => {
                let parent: Option<NodeId> = ids.get(parent).copied();
                let higher = parent
                    .and_then(|parent| nodes.get(parent.0))
                    .is_some_and(|parent| parent.level < node.level);
                if !higher {
                    return Err(RecordError::OrphanNode(node.id.clone()));
                }
                parent
            }
        };
        if ids.insert(node.id.clone(), NodeId(at)).is_some() {
            return Err(RecordError::RepeatedNode(node.id.clone()));
        }
        parents.push(parent);
    }
    if nodes.is_empty() {
        return Err(RecordError::NoOrganization);
    }
    Ok((ids, parents))
}

fn named(
    policy: &Policy,
    nodes: &BTreeMap<String, NodeId>,
    grant: &Grant,
) -> Option<(RoleId, NodeId)> {
    Some((policy.role(&grant.role)?, nodes.get(&grant.node).copied()?))
}

/// For each node, the number of its set of rights: its parent's, or a set of its own where a grant
/// or ownership adds something.
fn rights(
    policy: &Policy,
    nodes: &[Node],
    parents: &[Option<NodeId>],
    live: &[(RoleId, NodeId)],
    member: bool,
) -> (Vec<Bits>, Vec<usize>) {
    let mut by_node: BTreeMap<NodeId, Vec<RoleId>> = BTreeMap::new();
    for (role, node) in live {
        by_node.entry(*node).or_default().push(*role);
    }
    let mut sets = Vec::new();
    let mut set_of: Vec<usize> = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let inherited = parents.get(at).copied().flatten();
        let inherited = inherited.and_then(|parent| set_of.get(parent.0)).copied();
        let roles = by_node.get(&NodeId(at));
        // Ownership is given to members: who was removed owns nothing.
        let owned = if node.owned && member {
            policy.ownership.get(&node.level)
        } else {
            None
        };
        let set = match inherited {
            Some(set) if roles.is_none() && owned.is_none() => set,
            _ => {
                let mut bits = match inherited.and_then(|set| sets.get(set)) {
                    Some(inherited) => Bits::clone(inherited),
                    None if member => policy.everyone.clone(),
                    None => Bits::empty(policy.rights),
                };
                for role in roles.into_iter().flatten() {
                    if let Some(role) = policy.describe_role(*role) {
                        bits.union_with(&role.rights);
                    }
                }
                owned.into_iter().for_each(|owned| bits.union_with(owned));
                sets.push(bits);
                sets.len() - 1
            }
        };
        set_of.push(set);
    }
    (sets, set_of)
}

/// Everything, for who holds an overriding role on the organization.
fn override_bits(policy: &Policy, live: &[(RoleId, NodeId)]) -> Bits {
    let overrides = organization_roles(policy, live).any(|role| role.overriding);
    if overrides {
        policy.all()
    } else {
        Bits::empty(policy.rights)
    }
}

/// What each cap of the organization's roles leaves. What is one's own (`personal`) is never capped.
fn caps(policy: &Policy, live: &[(RoleId, NodeId)]) -> Vec<Bits> {
    let capping = organization_roles(policy, live).filter_map(|role| role.cap);
    let mut caps: Vec<Bits> = capping
        .filter_map(|cap| policy.describe_role(cap))
        .map(|cap| cap.rights.clone())
        .collect();
    caps.sort();
    caps.dedup();
    for cap in &mut caps {
        for (number, permission) in policy.permissions.iter().enumerate() {
            if permission.personal {
                cap.insert(number);
            }
        }
    }
    caps
}

fn organization_roles<'a>(
    policy: &'a Policy,
    live: &'a [(RoleId, NodeId)],
) -> impl Iterator<Item = &'a crate::Role> {
    live.iter()
        .filter(|(_, node)| node.0 == 0)
        .filter_map(|(role, _)| policy.describe_role(*role))
}

fn token_bits(policy: &Policy, token: &TokenLimit) -> Option<Bits> {
    let permissions = token.permissions.as_ref()?;
    let mut bits = Bits::empty(policy.permissions.len());
    for permission in permissions.iter().filter_map(|id| policy.permission(id)) {
        bits.insert(permission.0);
    }
    Some(bits)
}
