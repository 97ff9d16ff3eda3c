//! What one principal holds on the nodes of one organization at one moment.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::hierarchy::{Hierarchy, NodeId, ROOT};
use crate::{Bits, Policy, PrincipalKind, Role, RoleId, TokenLimit};

/// What [`Holdings::new`] starts from.
pub(crate) struct Basis<'a> {
    pub(crate) kind: PrincipalKind,
    /// Whether the principal has a grant of its own that counts.
    pub(crate) member: bool,
    /// The grants that count, with the roles that they count as.
    pub(crate) live: &'a [(RoleId, NodeId)],
    /// The nodes that the principal owns, by rising number.
    pub(crate) owned: &'a [NodeId],
    /// Ids of the features that the organization's plan has.
    pub(crate) plan: &'a [String],
    pub(crate) token: Option<&'a TokenLimit>,
    pub(crate) now_ms: u64,
}

/// What one principal holds.
#[derive(Clone, Debug)]
pub(crate) struct Holdings {
    pub(crate) member: bool,
    /// One per distinct set; most nodes share their parent's.
    pub(crate) sets: Vec<Set>,
    set_of: Vec<usize>,
    pub(crate) overriding: bool,
    /// One set for each cap. A permission must be in all of them.
    pub(crate) caps: Vec<Bits>,
    /// The permissions that the organization's plan has.
    pub(crate) in_plan: Bits,
    /// The permissions that the token may use; `None`: all.
    pub(crate) scope: Option<Bits>,
}

/// What holds on a node, and on those below it that have no set of their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Set {
    /// What roles, groups, inheritance, ownership, allow rules and everybody's permissions give.
    pub(crate) granted: Bits,
    /// What deny rules take away.
    pub(crate) denied: Bits,
    /// Whether the token reaches this far.
    pub(crate) in_token: bool,
}

impl Holdings {
    pub(crate) fn new(policy: &Policy, hierarchy: &Hierarchy, basis: &Basis<'_>) -> Self {
        let (sets, set_of) = sets(policy, hierarchy, basis);
        let scope = basis.token.and_then(|token| token.permissions.as_ref());
        let numbers = |ids: &Vec<String>| {
            let known = ids.iter().filter_map(|id| Some(policy.permission(id)?.0));
            Bits::of(known, policy.permissions.len())
        };
        Self {
            member: basis.member,
            sets,
            set_of,
            overriding: roles_on_root(policy, basis.live).any(|role| role.overriding),
            caps: caps(policy, basis.live),
            in_plan: in_plan(policy, basis.plan),
            scope: scope.map(numbers),
        }
    }

    pub(crate) fn set_number(&self, node: NodeId) -> Option<usize> {
        self.set_of.get(node.0).copied()
    }

    pub(crate) fn set(&self, node: NodeId) -> Option<&Set> {
        self.sets.get(self.set_number(node)?)
    }

    /// Whether the token lets its principal use `permission` where `set` holds.
    pub(crate) fn token_allows(&self, permission: usize, set: &Set) -> bool {
        let in_scope = self.scope.as_ref();
        in_scope.is_none_or(|bits| bits.contains(permission)) && set.in_token
    }
}

/// For each node the number of its set: its parent's, or one of its own where a grant, ownership or the
/// token's subtree makes a difference.
fn sets(policy: &Policy, hierarchy: &Hierarchy, basis: &Basis<'_>) -> (Vec<Set>, Vec<usize>) {
    let mut by_node: BTreeMap<NodeId, Vec<RoleId>> = BTreeMap::new();
    for (role, node) in basis.live {
        by_node.entry(*node).or_default().push(*role);
    }
    let in_time = basis
        .token
        .is_none_or(|token| token.window.contains(basis.now_ms));
    let top = basis.token.and_then(|token| token.node.as_ref());
    // A token for a node that is not there may act nowhere.
    let token_top = top.and_then(|node| hierarchy.node(node));
    let mut sets: Vec<Set> = Vec::new();
    let mut set_of: Vec<usize> = Vec::new();
    for node in hierarchy.nodes() {
        let parent = hierarchy.parent(node);
        let inherited = parent.and_then(|parent| set_of.get(parent.0)).copied();
        let roles = by_node.get(&node);
        // Ownership is given to members: who was removed owns nothing.
        let owned = if basis.member && basis.owned.binary_search(&node).is_ok() {
            hierarchy
                .level(node)
                .and_then(|level| policy.ownership.get(&level))
        } else {
            None
        };
        let enters_token = token_top == Some(node);
        let set = match inherited {
            Some(set) if roles.is_none() && owned.is_none() && !enters_token => set,
            _ => {
                let mut set = match inherited.and_then(|set| sets.get(set)) {
                    Some(inherited) => inherited.clone(),
                    None => root_set(policy, basis.member, in_time && top.is_none()),
                };
                set.in_token |= enters_token && in_time;
                for role in roles.into_iter().flatten() {
                    if let Some(role) = policy.describe_role(*role) {
                        set.granted.union_with(&role.rights);
                        set.denied.union_with(&role.denied);
                    }
                }
                owned
                    .into_iter()
                    .for_each(|owned| set.granted.union_with(owned));
                if basis.kind == PrincipalKind::ServiceAccount {
                    set.granted.subtract(&policy.personal);
                }
                sets.push(set);
                sets.len() - 1
            }
        };
        set_of.push(set);
    }
    (sets, set_of)
}

fn root_set(policy: &Policy, member: bool, in_token: bool) -> Set {
    Set {
        granted: if member {
            policy.everyone.clone()
        } else {
            Bits::empty(policy.rights)
        },
        denied: policy.everyone_denied.clone(),
        in_token,
    }
}

/// What each cap of the organization's roles leaves. What is one's own (`personal`) is never capped.
fn caps(policy: &Policy, live: &[(RoleId, NodeId)]) -> Vec<Bits> {
    let capping = roles_on_root(policy, live).filter_map(|role| role.cap);
    let mut caps: Vec<Bits> = capping
        .filter_map(|cap| policy.describe_role(cap))
        .map(|cap| cap.rights.clone())
        .collect();
    caps.sort();
    caps.dedup();
    caps.iter_mut()
        .for_each(|cap| cap.union_with(&policy.personal));
    caps
}

fn roles_on_root<'a>(
    policy: &'a Policy,
    live: &'a [(RoleId, NodeId)],
) -> impl Iterator<Item = &'a Role> {
    live.iter()
        .filter(|(_, node)| *node == ROOT)
        .filter_map(|(role, _)| policy.describe_role(*role))
}

fn in_plan(policy: &Policy, plan: &[String]) -> Bits {
    let has = |feature: &usize| {
        policy
            .features
            .get(*feature)
            .is_some_and(|id| plan.contains(id))
    };
    let permissions = policy.permissions.iter().enumerate();
    let within = permissions.filter(|(_, permission)| permission.plan.iter().all(has));
    Bits::of(within.map(|(at, _)| at), policy.permissions.len())
}
