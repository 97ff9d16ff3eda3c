//! The organization as a whole: brought back after its end. Pure transitions; the caller stores.

use crate::assignment::known;
use crate::membership::permit;
use crate::{Access, Facts, Grant, MembershipError, NodeId, Operation, can_delegate, can_transfer};

/// Whether `actor`, who counted as an admin (law 7) when the organization was deleted if `was_admin`, may
/// bring it back. All that is `granted` and `owned` in it is handed out anew (law 5).
///
/// # Errors
/// The first reason against it.
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
    known(actor, granted)
        .try_for_each(|(role, node)| can_delegate(actor, role, node))
        .and_then(|()| {
            let mut owned = owned.iter();
            owned.try_for_each(|node| can_transfer(actor, *node))
        })
        .map_err(MembershipError::Delegation)
}
