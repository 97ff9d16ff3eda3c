//! An organization's own identity provider and domains: who may let them vouch for people. The caller stores.

use crate::membership::{assignable, hands_out, permit};
use crate::{Access, Facts, MembershipError, Operation, Policy, PrincipalKind, Record, RoleId};

/// Whether `actor` may save an issuer of the organization, whose people come in as `role` (`None`: by
/// no word of it) and already hold what `held` was granted.
///
/// Whoever controls the keys of an issuer can be any of its people. So whoever says which keys these
/// are must hold all that they hold, or will when a window opens (law 5). What a plan makes of the role is
/// asked when somebody comes in: under every plan an issuer gets other keys.
///
/// # Errors
/// The first reason against it; [`crate::DelegationError::Unknown`] as of [`crate::restore`].
pub fn save_issuer(
    actor: &Access,
    role: Option<RoleId>,
    held: &Record,
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit(actor, Operation::IssuerManage, facts)?;
    role.map_or(Ok(()), |role| nameable(actor, role))?;
    hands_out(actor, held).map_err(MembershipError::Delegation)
}

/// Whether somebody comes in as `role` on the word of an issuer that `saver` has saved. Asked each time:
/// rights that were lost since are not handed on.
///
/// # Errors
/// The first reason against it.
pub fn may_admit(saver: &Access, role: RoleId, facts: &Facts) -> Result<(), MembershipError> {
    permit(saver, Operation::IssuerManage, facts)?;
    joinable(saver, role)
}

/// Whether whoever has an address of the organization's domain comes in as `role` on the word of `saver`, who
/// has saved that. Asked when it is saved and again of each who joins: rights that were lost since are not
/// handed on.
///
/// # Errors
/// The first reason against it.
pub fn may_open_domain(saver: &Access, role: RoleId, facts: &Facts) -> Result<(), MembershipError> {
    permit(saver, Operation::DomainManage, facts)?;
    joinable(saver, role)
}

/// Whether `saver` may say that whoever has an address of a domain may come in as `role`.
///
/// # Errors
/// The first reason against it.
pub fn save_domain(saver: &Access, role: RoleId, facts: &Facts) -> Result<(), MembershipError> {
    permit(saver, Operation::DomainManage, facts)?;
    nameable(saver, role)
}

/// What somebody comes into by themselves never makes them an admin.
fn joinable(grantor: &Access, role: RoleId) -> Result<(), MembershipError> {
    is_no_admin(grantor, role)?;
    assignable(grantor, role)
}

/// What is to be granted to whoever comes in, under this plan or another one.
fn nameable(grantor: &Access, role: RoleId) -> Result<(), MembershipError> {
    gives_no_admin(grantor.policy(), role)?;
    assignable(grantor, role)
}

/// Whether `role` is one that somebody may come into by themselves, on the word of `grantor`: as it was granted,
/// and as what the organization's plan makes of it.
pub(crate) fn is_no_admin(grantor: &Access, role: RoleId) -> Result<(), MembershipError> {
    let policy = grantor.policy();
    let counted = policy.counted_role(role, PrincipalKind::User, grantor.plan());
    gives_no_admin(policy, role)?;
    gives_no_admin(policy, counted)
}

fn gives_no_admin(policy: &Policy, role: RoleId) -> Result<(), MembershipError> {
    let described = policy.describe_role(role);
    if described.is_none_or(|role| role.admin || role.overriding) {
        return Err(MembershipError::NotAssignable);
    }
    Ok(())
}
