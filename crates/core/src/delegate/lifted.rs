//! What comes to life when a role ends, or gives way to another one: what its cap and its deny rules held back.

use alloc::vec::Vec;

use super::{DelegationError, Holder, is_alike, rights};
use crate::hierarchy::{NodeId, ROOT};
use crate::{Access, Bits, Grant, PrincipalKind, Record, RoleId};

/// Whether the principal of `grantor` may put `new` (`None`: nothing) in the place of `old` on `node`, as
/// far as caps and deny rules go: what `record` was granted beside, and the old role held back and the new
/// one does not, comes to life there and below, so the grantor must hold it there.
///
/// # Errors
/// [`DelegationError::LiftsCap`] when the grantor does not; [`DelegationError::Unknown`] as of
/// [`crate::can_hand_over`], where `record` is of another moment.
pub(crate) fn can_lift_cap(
    grantor: &Access,
    record: Option<&Record>,
    old: RoleId,
    new: Option<RoleId>,
    node: NodeId,
) -> Result<(), DelegationError> {
    record.map_or(Ok(()), |record| is_alike(grantor, record))?;
    let policy = grantor.policy();
    let plan = grantor.plan();
    let counted = |role| policy.counted_role(role, PrincipalKind::User, plan);
    // What the organization's plan makes of the two counts as long as the plan lasts.
    let (old, new) = ([old, counted(old)], new.map(|new| [new, counted(new)]));
    lifts_no_more(grantor, record, old, new, node, 0)?;
    lifts_no_more(grantor, record, old, new, node, 1)
}

/// [`can_lift_cap`] for one of two pairs: the roles as granted (`at` 0), or what the plan makes of them
/// (`at` 1). Deny rules that name either of `old` bind its holder.
fn lifts_no_more(
    grantor: &Access,
    record: Option<&Record>,
    old: [RoleId; 2],
    new: Option<[RoleId; 2]>,
    node: NodeId,
    at: usize,
) -> Result<(), DelegationError> {
    let policy = grantor.policy();
    let described = |role: &RoleId| policy.describe_role(*role);
    // Only a role on the organization itself caps its holder.
    let cap_of = |roles: &'_ [RoleId; 2]| {
        let role = roles.get(at).filter(|_| node == ROOT);
        role.and_then(described)?.cap.as_ref()
    };
    let holder = Holder::on(grantor, node).ok_or(DelegationError::Unknown)?;
    let all = policy.all();
    let left = cap_of(&old).unwrap_or(&all);
    let denies = |roles: &[RoleId], denial: usize| {
        let mut roles = roles.iter().filter_map(described);
        roles.any(|role| role.denied.contains(denial))
    };
    // What the plan makes of the new role binds people only, and only as long as the plan lasts.
    let granted = new.iter().filter_map(|new| new.first().copied());
    let granted: Vec<RoleId> = granted.collect();
    let frees = |permission: usize| {
        let known = policy.permissions.get(permission).into_iter();
        let mut known = known.flat_map(|described| &described.denials);
        known.any(|denial| denies(&old, *denial) && !denies(&granted, *denial))
    };
    let revived =
        |(right, permission): &(usize, usize)| !policy.gives(left, *right) || frees(*permission);
    let reached = record.map(|record| reach(grantor, record));
    let is_reached = |(_, permission): &(usize, usize)| {
        let reached = reached.as_ref();
        reached.is_none_or(|reached| reached.contains(*permission))
    };
    let lifted = rights(policy, new.as_ref().and_then(cap_of).unwrap_or(&all));
    let role = new.as_ref().and_then(|new| new.get(at)).and_then(described);
    if lifted
        .filter(is_reached)
        .filter(revived)
        .all(|(right, permission)| holder.holds(right, permission, role))
    {
        Ok(())
    } else {
        Err(DelegationError::LiftsCap)
    }
}

/// The permissions that `record` holds anywhere under some condition, or will when a window opens.
fn reach(grantor: &Access, record: &Record) -> Bits {
    let policy = grantor.policy();
    let counts = |grant: &&Grant| !grant.window.is_over(grantor.now_ms());
    let granted = record.grants.iter().filter(counts).filter_map(|grant| {
        let role = policy.role(&grant.role)?;
        Some([role, policy.counted_role(role, record.kind, &record.plan)])
    });
    let roles = granted
        .flatten()
        .filter_map(|role| policy.describe_role(role));
    let owned = record.nodes.iter().filter(|node| node.owned);
    let owned = owned.filter_map(|node| policy.ownership.get(&node.level));
    let sets = roles.map(|role| &role.rights).chain(owned);
    let rights = sets.chain([&policy.everyone]).flat_map(Bits::iter);
    Bits::of(
        rights.filter_map(|right| policy.permission_of(right)),
        policy.permissions.len(),
    )
}
