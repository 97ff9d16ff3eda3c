//! The organization as a whole: how much of it there may be, whose it is, and how it is brought back after its end. Pure transitions; the caller stores.

use crate::assignment::each;
use crate::delegate::{can_bring_back, can_lift_cap, can_own_again};
use crate::membership::{assignable, permit};
use crate::{Access, Facts, Grant, MembershipError, NodeId, Operation, RoleId, Target, Value};

/// Whether one more may come where `taken` of `limit` are there. Without a limit there is always room.
#[must_use]
pub const fn has_room(limit: Option<u32>, taken: u32) -> bool {
    match limit {
        Some(limit) => taken < limit,
        None => true,
    }
}

/// Whether `actor`, who owns the organization if `is_owner`, may make `target` its owner, who holds `role`
/// in it from then on. What follows from owning it is handed out by that, and the role is (law 5).
///
/// # Errors
/// The first reason against it.
pub fn transfer_organization(
    actor: &Access,
    is_owner: bool,
    target: &Target<'_>,
    role: RoleId,
    facts: &Facts,
) -> Result<(), MembershipError> {
    let mut facts = facts.clone();
    facts.extend(&target.facts());
    if let Some(role) = actor.policy().describe_role(role) {
        facts.set("grant.role", Value::Text(role.id.clone()));
    }
    permit(actor, Operation::OrganizationTransfer, &facts)?;
    if !is_owner {
        return Err(MembershipError::NotOwner);
    }
    assignable(actor, role)?;
    let lifted = target
        .role
        .map(|old| can_lift_cap(actor, target.record, old, Some(role), actor.root()));
    lifted
        .unwrap_or(Ok(()))
        .map_err(MembershipError::Delegation)
}

/// Whether `actor`, who counted as an admin (law 7) when the organization was deleted if `was_admin`, may
/// bring it back. All that is `granted` and `owned` in it is handed out anew (law 5), as it was: who holds
/// everything passes the deny rules that bind them, since nobody else could bring it back.
///
/// # Errors
/// The first reason against it; [`crate::DelegationError::Unknown`] as of [`crate::enter_group`].
pub fn revive(
    actor: &Access,
    was_admin: bool,
    granted: &[Grant],
    owned: &[NodeId],
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit(actor, Operation::OrganizationDelete, facts)?;
    if !was_admin {
        return Err(MembershipError::NotAdmin);
    }
    each(actor, granted, &can_bring_back)
        .and_then(|()| {
            let mut owned = owned.iter();
            owned.try_for_each(|node| can_own_again(actor, *node))
        })
        .map_err(MembershipError::Delegation)
}
