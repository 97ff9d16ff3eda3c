//! Law 5: no one hands out what they do not hold.

mod lifted;

use alloc::vec::Vec;
use core::fmt;

pub(crate) use lifted::can_lift_cap;

use crate::hierarchy::{NodeId, ROOT};
use crate::{
    Access, Bits, CustomRole, Grant, Guard, Level, PermissionId, Policy, PrincipalKind, Record,
    Role, RoleId,
};

/// Why a role may not be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DelegationError {
    /// The role gives these permissions, which the grantor does not hold there, or not without the
    /// same condition.
    Exceeds {
        /// The permissions, by rising number.
        permissions: Vec<PermissionId>,
    },
    /// The role would free its holder from a cap that binds the grantor, or that holds back what the
    /// grantor does not hold.
    LiftsCap,
    /// There is no such role or node in what the grantor was resolved on, so nobody can say what they hold of it.
    Unknown,
}

impl fmt::Display for DelegationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exceeds { permissions } => {
                write!(
                    f,
                    "the role gives {} permissions that the grantor lacks",
                    permissions.len()
                )
            }
            Self::LiftsCap => f.write_str("the role lifts a cap that the grantor may not lift"),
            Self::Unknown => f.write_str("no such role or node"),
        }
    }
}

impl core::error::Error for DelegationError {}

/// Whether the principal of `grantor` may hand out `role` on `node`, and so on every node below it.
///
/// What the role gives must be a subset of what the grantor holds there (law 5). Rights only grow on
/// the way down, so what holds on the node holds on every node below it; deny rules grow too, so those
/// of all nodes below count. A permission held under a guard is handed on only under the same guard or
/// a narrower one, and one that a deny rule takes from the grantor only to who is bound by that rule.
/// Permissions on what is one's own (`personal`) are not compared. The limits of the grantor's token
/// count like the grantor's own.
///
/// # Errors
/// What is missing.
pub fn can_delegate(grantor: &Access, role: RoleId, node: NodeId) -> Result<(), DelegationError> {
    let plan = grantor.plan();
    let policy = grantor.policy();
    // What the organization's plan makes of the role is what its holder gets as long as the plan lasts.
    let counted = policy.counted_role(role, PrincipalKind::User, plan);
    let holder = Holder::on(grantor, node).ok_or(DelegationError::Unknown)?;
    hand_out(&holder, role)?;
    if counted == role {
        return Ok(());
    }
    hand_out(&holder, counted)
}

/// [`can_delegate`] for what comes back with the organization. That was granted under the deny rules that
/// come back with it.
pub(crate) fn can_bring_back(
    grantor: &Access,
    role: RoleId,
    node: NodeId,
) -> Result<(), DelegationError> {
    let counted = grantor
        .policy()
        .counted_role(role, PrincipalKind::User, grantor.plan());
    let holder = Holder::of_all(grantor, node).ok_or(DelegationError::Unknown)?;
    hand_out(&holder, role).and_then(|()| hand_out(&holder, counted))
}

fn hand_out(holder: &Holder<'_>, role: RoleId) -> Result<(), DelegationError> {
    let policy = holder.access.policy();
    let role = policy.describe_role(role).ok_or(DelegationError::Unknown)?;
    holder.holds_all(&role.rights, Some(role))?;
    // An empty role still frees its holder from a cap that binds the grantor.
    let bound = role.level != Level::Organization || holder.caps().is_empty();
    let free = if role.overriding {
        holder.overriding()
    } else {
        bound || holder.binds_as_much(role.cap.as_ref())
    };
    if free {
        Ok(())
    } else {
        Err(DelegationError::LiftsCap)
    }
}

/// Whether the principal of `grantor` may hand out a credential that acts as `holder`: all that one was granted
/// and is not over, or will be when a window opens, within the scope and subtree of its token, must be held by the
/// grantor. A cap of the holder is not counted, so less is allowed than might be.
///
/// # Errors
/// What is missing; [`DelegationError::Unknown`] where something is held on, or the token is for, a node that the
/// grantor was not resolved on, and where `holder` says that the organization added something else than the record
/// of the grantor does.
pub fn can_hand_over(grantor: &Access, holder: &Record) -> Result<(), DelegationError> {
    let policy = grantor.policy();
    is_alike(grantor, holder)?;
    let scope = holder.token.as_ref();
    let scope = scope.and_then(|token| token.permissions.as_ref());
    let scope = scope.map(|ids| Bits::of(policy.numbers(ids), policy.permissions.len()));
    let mut missing: Vec<PermissionId> = Vec::new();
    for (held, role, node) in held(grantor, holder)? {
        let Some(at) = reached(grantor, holder, node)? else {
            continue;
        };
        let hands = Holder::on(grantor, at).ok_or(DelegationError::Unknown)?;
        let in_scope = |permission| scope.as_ref().is_none_or(|bits| bits.contains(permission));
        let scoped = rights(policy, held).filter(|(_, permission)| in_scope(*permission));
        missing.extend(
            scoped
                .filter(|(right, permission)| !hands.holds(*right, *permission, role))
                .map(|(_, permission)| PermissionId(permission)),
        );
    }
    exceeds(missing)
}

/// Refuses a record of the organization as it was before, or will be after, the grantor was resolved: the same role
/// is another one there.
pub(crate) fn is_alike(grantor: &Access, record: &Record) -> Result<(), DelegationError> {
    let added = &record.customization;
    if added.is_empty() || added == grantor.customization() {
        Ok(())
    } else {
        Err(DelegationError::Unknown)
    }
}

/// What is held, by which role of those that were granted, and where.
type Held<'a> = (&'a Bits, Option<&'a Role>, NodeId);

/// What `holder` was granted and where, whatever the caps. What is over gives nothing.
fn held<'a>(grantor: &'a Access, holder: &Record) -> Result<Vec<Held<'a>>, DelegationError> {
    let policy = grantor.policy();
    let node = |id: &str| grantor.node(id).ok_or(DelegationError::Unknown);
    let mut held: Vec<Held<'a>> = Vec::new();
    let counts = |grant: &&Grant| !grant.window.is_over(grantor.now_ms());
    for grant in holder.grants.iter().filter(counts) {
        if let Some(role) = policy.role(&grant.role) {
            let node = node(&grant.node)?;
            let counted = policy.counted_role(role, holder.kind, &holder.plan);
            let roles = [role, counted].map(|role| policy.describe_role(role));
            // Who overrides holds every permission by their role already.
            let roles = roles.into_iter().flatten();
            held.extend(roles.map(|role| (&role.rights, Some(role), node)));
        }
    }
    for owned in holder.nodes.iter().filter(|node| node.owned) {
        if let Some(rights) = policy.ownership.get(&owned.level) {
            held.push((rights, None, node(&owned.id)?));
        }
    }
    if holder.grants.iter().any(|grant| counts(&grant)) {
        held.push((&policy.everyone, None, ROOT));
    }
    Ok(held)
}

/// Where what was granted on `node` can be used through the token: there, on the token's own node below
/// it, or nowhere.
fn reached(
    grantor: &Access,
    holder: &Record,
    node: NodeId,
) -> Result<Option<NodeId>, DelegationError> {
    let token = holder.token.as_ref();
    let Some(top) = token.and_then(|token| token.node.as_ref()) else {
        return Ok(Some(node));
    };
    let top = grantor.node(top).ok_or(DelegationError::Unknown)?;
    if grantor.is_within(node, top) {
        Ok(Some(node))
    } else {
        Ok(grantor.is_within(top, node).then_some(top))
    }
}

/// Whether the principal of `grantor` may make somebody else the owner of `node`: what ownership gives
/// there must be a subset of what the grantor holds there (law 5).
///
/// # Errors
/// What is missing.
pub fn can_transfer(grantor: &Access, node: NodeId) -> Result<(), DelegationError> {
    hand_over(&Holder::on(grantor, node).ok_or(DelegationError::Unknown)?)
}

/// [`can_transfer`] for what comes back with the organization, as [`can_bring_back`].
pub(crate) fn can_own_again(grantor: &Access, node: NodeId) -> Result<(), DelegationError> {
    hand_over(&Holder::of_all(grantor, node).ok_or(DelegationError::Unknown)?)
}

fn hand_over(holder: &Holder<'_>) -> Result<(), DelegationError> {
    let (access, node) = (holder.access, holder.node);
    let level = access.hierarchy().level(node);
    match level.and_then(|level| access.policy().ownership.get(&level)) {
        Some(owned) => holder.holds_all(owned, None),
        None => Ok(()),
    }
}

/// Whether the principal of `grantor` may save `role` for the organization, where anybody may be granted
/// it anywhere: what it would hold must be held on the organization itself, by the roles as they are (law
/// 5). So nobody is enlarged by the change of a role that they hold.
///
/// # Errors
/// What is missing; nothing is, of a role without a base: it holds nothing.
pub(crate) fn can_define(grantor: &Access, role: &CustomRole) -> Result<(), DelegationError> {
    let holder = Holder::on(grantor, ROOT).ok_or(DelegationError::Unknown)?;
    let Some((held, base)) = grantor.policy().would_hold(role) else {
        return Ok(());
    };
    holder.holds_all(&held, Some(base))?;
    let bound = base.level != Level::Organization || holder.caps().is_empty();
    if bound || holder.binds_as_much(base.cap.as_ref()) {
        Ok(())
    } else {
        Err(DelegationError::LiftsCap)
    }
}

/// Whether the principal of `grantor` may let others do `permission`, and what comes with it, wherever they
/// have some role: it must be held on the organization itself, without conditions (law 5).
///
/// # Errors
/// What is missing.
pub(crate) fn can_allow(grantor: &Access, permission: PermissionId) -> Result<(), DelegationError> {
    let policy = grantor.policy();
    let holder = Holder::on(grantor, ROOT).ok_or(DelegationError::Unknown)?;
    let allowed = policy.implied_by(permission.0).iter().copied();
    holder.holds_all(&Bits::of(allowed, policy.rights), None)
}

/// Refused by what is `missing`, if anything is.
pub(crate) fn exceeds(mut missing: Vec<PermissionId>) -> Result<(), DelegationError> {
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort_unstable();
    missing.dedup();
    Err(DelegationError::Exceeds {
        permissions: missing,
    })
}

/// The rights in `bits` that a delegation compares, as (right, permission).
fn rights<'a>(policy: &'a Policy, bits: &'a Bits) -> impl Iterator<Item = (usize, usize)> + 'a {
    bits.iter()
        .filter(|right| !policy.personal.contains(*right))
        .filter_map(move |right| Some((right, policy.permission_of(right)?)))
}

/// What a grantor holds on one node, and so on every node below.
pub(crate) struct Holder<'a> {
    access: &'a Access,
    node: NodeId,
    granted: &'a Bits,
    /// What deny rules take away on the node or on one below.
    denied: Bits,
}

impl<'a> Holder<'a> {
    pub(crate) fn on(access: &'a Access, node: NodeId) -> Option<Self> {
        let policy = access.policy();
        let mut denied = access.set(node)?.denied.clone();
        if !policy.denials.is_empty() {
            let hierarchy = access.hierarchy();
            let below = hierarchy
                .nodes()
                .filter(|at| hierarchy.is_within(*at, node));
            let sets = below.filter_map(|at| access.set(at));
            sets.for_each(|set| denied.union_with(&set.denied));
        }
        Some(Self {
            access,
            node,
            granted: &access.set(node)?.granted,
            denied,
        })
    }

    /// Whether the grantor holds `permission`, without conditions or under those of `right`, so that it
    /// can be handed to who holds `role`.
    fn holds(&self, right: usize, permission: usize, role: Option<&Role>) -> bool {
        let policy = self.access.policy();
        self.has(permission, &|bits| policy.gives(bits, right))
            && self.denied_alike(permission, role, None)
    }

    /// As [`Self::on`]; who holds everything, as if no deny rule bound them.
    fn of_all(access: &'a Access, node: NodeId) -> Option<Self> {
        let mut holder = Self::on(access, node)?;
        if holder.overriding() {
            holder.denied = Bits::default();
        }
        Some(holder)
    }

    /// As [`Self::holds`], under the conditions of `guard` (`None`: without any).
    pub(crate) fn holds_under(
        &self,
        permission: usize,
        guard: Option<&Guard>,
        role: Option<&Role>,
    ) -> bool {
        let policy = self.access.policy();
        self.has(permission, &|bits| {
            policy.gives_under(bits, permission, guard)
        }) && self.denied_alike(permission, role, None)
    }

    /// As [`Self::holds_under`] without conditions, towards who holds `role` and is freed of `rule`. Who holds
    /// everything may end a rule that binds themselves: nobody else could.
    pub(crate) fn holds_without(
        &self,
        permission: usize,
        rule: Option<usize>,
        role: Option<&Role>,
    ) -> bool {
        self.has(permission, &|bits| bits.contains(permission))
            && self.denied_alike(permission, role, rule)
    }

    /// Whether the grantor is a member who has `permission`, deny rules aside: `gives` says of a set whether it
    /// gives that.
    fn has(&self, permission: usize, gives: &dyn Fn(&Bits) -> bool) -> bool {
        let holdings = self.access.holdings();
        let set = self.access.set(self.node);
        let in_token = set.is_some_and(|set| holdings.token_allows(permission, set));
        let held = self.overriding() || (self.caps().iter().all(gives) && gives(self.granted));
        self.access.is_member() && held && in_token
    }

    /// Whether each deny rule that takes `permission` from the grantor binds everybody, or who holds `role`,
    /// as well. The rule that is about to end (`ending`) binds nobody any more.
    fn denied_alike(&self, permission: usize, role: Option<&Role>, ending: Option<usize>) -> bool {
        let policy = self.access.policy();
        let denials = policy.denials_of(&self.denied, PermissionId(permission));
        denials.iter().all(|(denial, by, _)| {
            if ending == Some(by.rule) {
                return self.overriding();
            }
            policy.everyone_denied.contains(*denial)
                || role.is_some_and(|role| role.denied.contains(*denial))
        })
    }

    /// Whether the grantor holds all of `bits`, so that it can be handed to who holds `role`.
    fn holds_all(&self, bits: &Bits, role: Option<&Role>) -> Result<(), DelegationError> {
        let missing: Vec<PermissionId> = rights(self.access.policy(), bits)
            .filter(|(right, permission)| !self.holds(*right, *permission, role))
            .map(|(_, permission)| PermissionId(permission))
            .collect();
        exceeds(missing)
    }

    pub(crate) fn overriding(&self) -> bool {
        !self.access.holdings().overriding.is_empty()
    }

    fn caps(&self) -> &[Bits] {
        &self.access.holdings().caps
    }

    fn under_caps(&self, right: usize) -> bool {
        let policy = self.access.policy();
        self.caps().iter().all(|cap| policy.gives(cap, right))
    }

    /// Whether whoever is bound by `cap`, if it is one, is bound at least as the grantor is.
    fn binds_as_much(&self, cap: Option<&Bits>) -> bool {
        let policy = self.access.policy();
        self.overriding()
            || cap.is_some_and(|cap| rights(policy, cap).all(|(right, _)| self.under_caps(right)))
    }
}
