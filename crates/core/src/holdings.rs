//! What one principal holds on the nodes of one organization at one moment.

use alloc::string::String;
use alloc::vec::Vec;

use crate::hierarchy::{Hierarchy, NodeId, ROOT};
use crate::sorted::sort;
use crate::{Bits, Policy, PrincipalKind, Role, RoleId, TokenLimit};

/// What [`Holdings::new`] starts from.
pub(crate) struct Basis<'a> {
    pub(crate) kind: PrincipalKind,
    /// Whether the principal has a grant of its own that counts.
    pub(crate) member: bool,
    /// The grants that count now, with the roles as they were granted.
    pub(crate) live: &'a [(RoleId, NodeId)],
    /// The nodes that the principal owns.
    pub(crate) owned: &'a [NodeId],
    /// Ids of the features that the organization's plan has.
    pub(crate) plan: &'a [String],
    pub(crate) token: Option<&'a TokenLimit>,
    pub(crate) now_ms: u64,
}

impl Basis<'_> {
    /// What `role` counts as under the organization's plan.
    fn counted(&self, policy: &Policy, role: RoleId) -> RoleId {
        policy.counted_role(role, self.kind, self.plan)
    }
}

/// What one principal holds.
#[derive(Clone, Debug)]
pub(crate) struct Holdings {
    pub(crate) member: bool,
    /// The distinct sets.
    pub(crate) sets: Vec<Set>,
    /// From which position on (see [`Hierarchy::position`]) which set holds, by rising position. There
    /// are as many as nodes on which something is granted or ends, however many nodes there are.
    pub(crate) spans: Vec<(usize, usize)>,
    /// The rights of who overrides; empty for who does not.
    pub(crate) overriding: Bits,
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
        let (sets, spans) = sets(policy, hierarchy, basis);
        let scope = basis.token.and_then(|token| token.permissions.as_ref());
        let numbers = |ids: &Vec<String>| Bits::of(policy.numbers(ids), policy.permissions.len());
        Self {
            member: basis.member,
            sets,
            spans,
            overriding: overriding(policy, basis),
            caps: caps(policy, basis),
            in_plan: in_plan(policy, basis.plan),
            scope: scope.map(numbers),
        }
    }

    /// The number of the set that holds at `position`.
    pub(crate) fn set_number(&self, position: usize) -> Option<usize> {
        let after = self.spans.partition_point(|(from, _)| *from <= position);
        self.spans.get(after.checked_sub(1)?).map(|(_, set)| *set)
    }

    /// Whether the token lets its principal use `permission` where `set` holds.
    pub(crate) fn token_allows(&self, permission: usize, set: &Set) -> bool {
        let in_scope = self.scope.as_ref();
        in_scope.is_none_or(|bits| bits.contains(permission)) && set.in_token
    }
}

/// Something that makes a difference on a node, by the node's position.
#[derive(Clone, Copy, Debug)]
struct Touch {
    position: usize,
    node: NodeId,
    change: Change,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    /// Nothing; the organization is touched all the same.
    None,
    Owned,
    Role(RoleId),
    /// A role that the plan has replaced: what deny rules take from it stays taken.
    Replaced(RoleId),
    Token,
}

/// The distinct sets, and from which position on which of them holds, as they are found.
#[derive(Default)]
struct Spans {
    sets: Vec<Set>,
    /// The numbers of the sets, in the order of the sets.
    order: Vec<usize>,
    spans: Vec<(usize, usize)>,
    /// The sets of the node at hand and of those above it, each with the position after its last node.
    above: Vec<(usize, Set)>,
}

impl Spans {
    /// From `from` on, `set` holds.
    fn begin(&mut self, from: usize, set: &Set) {
        let sets = &self.sets;
        let place = self
            .order
            .binary_search_by(|at| sets.get(*at).cmp(&Some(set)));
        let number = match place {
            Ok(place) => self.order.get(place).copied().unwrap_or(0),
            Err(place) => {
                self.order.insert(place, self.sets.len());
                self.sets.push(set.clone());
                self.sets.len() - 1
            }
        };
        match self.spans.last_mut() {
            Some(last) if last.0 == from => last.1 = number,
            Some(last) if last.1 == number => {}
            _ => self.spans.push((from, number)),
        }
    }

    /// Ends the sets of all nodes that are over at `position`; what is above them holds again.
    fn leave(&mut self, position: usize) {
        while let Some((end, _)) = self.above.pop_if(|(end, _)| *end <= position) {
            if let Some((_, set)) = self.above.last() {
                let set = set.clone();
                self.begin(end, &set);
            }
        }
    }
}

/// The distinct sets, and from which position on which of them holds. A node has its parent's set unless
/// a grant, ownership or the token's subtree makes a difference on it.
fn sets(
    policy: &Policy,
    hierarchy: &Hierarchy,
    basis: &Basis<'_>,
) -> (Vec<Set>, Vec<(usize, usize)>) {
    let top = basis.token.and_then(|token| token.node.as_ref());
    let in_time = basis
        .token
        .is_none_or(|token| token.window.contains(basis.now_ms));
    let root = root_set(policy, basis.member, in_time && top.is_none());
    let mut found = Spans::default();
    let touched = touched(policy, hierarchy, basis);
    let mut rest = touched.as_slice();
    while let Some(&Touch { position, node, .. }) = rest.first() {
        found.leave(position);
        let above = found.above.last();
        let mut set = above.map_or(&root, |(_, set)| set).clone();
        while let Some((touch, behind)) = rest.split_first()
            && touch.position == position
        {
            rest = behind;
            match touch.change {
                Change::None => {}
                Change::Owned => {
                    let level = hierarchy.level(node);
                    if let Some(owned) = level.and_then(|level| policy.ownership.get(&level)) {
                        set.granted.union_with(owned);
                    }
                }
                Change::Role(role) => {
                    if let Some(role) = policy.describe_role(role) {
                        set.granted.union_with(&role.rights);
                        set.denied.union_with(&role.denied);
                    }
                }
                Change::Replaced(role) => {
                    if let Some(role) = policy.describe_role(role) {
                        set.denied.union_with(&role.denied);
                    }
                }
                Change::Token => set.in_token |= in_time,
            }
        }
        if basis.kind == PrincipalKind::ServiceAccount {
            set.granted.subtract(&policy.personal);
        }
        found.begin(position, &set);
        found.above.push((hierarchy.span(node).end, set));
    }
    // What ends with the last node gives way to nothing.
    found.leave(hierarchy.len().saturating_sub(1));
    (found.sets, found.spans)
}

/// What makes a difference, by the position of the node; the organization always comes first.
fn touched(policy: &Policy, hierarchy: &Hierarchy, basis: &Basis<'_>) -> Vec<Touch> {
    let mut touched = Vec::new();
    let mut touch = |node: NodeId, change: Change| {
        if let Some(position) = hierarchy.position(node) {
            touched.push(Touch {
                position,
                node,
                change,
            });
        }
    };
    touch(ROOT, Change::None);
    for (role, node) in basis.live {
        let counted = basis.counted(policy, *role);
        touch(*node, Change::Role(counted));
        if counted != *role {
            touch(*node, Change::Replaced(*role));
        }
    }
    // Ownership is given to members: who was removed owns nothing.
    if basis.member {
        for node in basis.owned {
            touch(*node, Change::Owned);
        }
    }
    // A token for a node that is not there may act nowhere.
    let top = basis.token.and_then(|token| token.node.as_ref());
    if let Some(node) = top.and_then(|node| hierarchy.node(node)) {
        touch(node, Change::Token);
    }
    let at = |number: u32| usize::try_from(number).ok().and_then(|at| touched.get(at));
    let mut order: Vec<u32> = (0..).take(touched.len()).collect();
    let key = |number: u32| (at(number).map(|touch| touch.position), number);
    sort(&mut order, &|one, other| key(one) < key(other));
    order
        .into_iter()
        .filter_map(|number| at(number).copied())
        .collect()
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

/// Everything, for who holds an overriding role on the organization; nothing personal for a program.
fn overriding(policy: &Policy, basis: &Basis<'_>) -> Bits {
    let overrides = roles_on_root(policy, basis)
        .iter()
        .any(|role| role.overriding);
    let mut rights = if overrides {
        policy.all()
    } else {
        Bits::empty(policy.rights)
    };
    if basis.kind == PrincipalKind::ServiceAccount {
        rights.subtract(&policy.personal);
    }
    rights
}

/// What each cap of the organization's roles leaves. What is one's own (`personal`) is never capped.
fn caps(policy: &Policy, basis: &Basis<'_>) -> Vec<Bits> {
    let mut caps: Vec<Bits> = Vec::new();
    for role in roles_on_root(policy, basis) {
        if let Some(cap) = &role.cap {
            let mut cap = cap.clone();
            cap.union_with(&policy.personal);
            if !caps.contains(&cap) {
                caps.push(cap);
            }
        }
    }
    caps
}

fn roles_on_root<'a>(policy: &'a Policy, basis: &Basis<'_>) -> Vec<&'a Role> {
    let mut roles = Vec::new();
    for (role, node) in basis.live {
        if *node == ROOT
            && let Some(role) = policy.describe_role(basis.counted(policy, *role))
        {
            roles.push(role);
        }
    }
    roles
}

fn in_plan(policy: &Policy, plan: &[String]) -> Bits {
    let has = |feature: &usize| policy.has_feature(*feature, plan);
    let mut within = Bits::empty(policy.permissions.len());
    for (at, permission) in policy.permissions.iter().enumerate() {
        if permission.plan.iter().all(has) {
            within.insert(at);
        }
    }
    within
}
