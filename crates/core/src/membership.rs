//! Membership: how a role changes, and how somebody leaves. Pure transitions; the caller stores.

use core::fmt;

use crate::assignment::each;
use crate::delegate::{can_lift_cap, is_alike};
use crate::{
    Access, Decision, DelegationError, Denial, Facts, Level, NodeId, Operation, Policy, Record,
    Role, RoleId, Value, can_delegate, can_transfer, evaluate,
};

/// The member that a change is about.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The role it has on the organization; `None` when its role is gone from the policy.
    pub role: Option<RoleId>,
    /// Id of that role, also when the policy no longer has it.
    pub role_id: &'a str,
    /// Whether it is the actor.
    pub is_self: bool,
    /// Whether it created the organization.
    pub is_creator: bool,
    /// How many other members count as admins (law 7): active users with a direct grant, without
    /// expiry, of a role marked `admin`.
    pub other_admins: usize,
    /// Whether a member who counts in the same way keeps a role that overrides, without this one, or none
    /// has one with them either. The policy's roles may be such that only who overrides hands that on.
    pub keeps_owner: bool,
    /// All that it was granted; anything is assumed where this is absent. A new role may free what the
    /// old one held back.
    pub record: Option<&'a Record>,
}

impl Target<'_> {
    /// The facts that guards may ask about this member.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::default();
        facts.set("target.role", Value::Text(self.role_id.into()));
        facts.set("target.self", Value::Bool(self.is_self));
        facts.set("target.creator", Value::Bool(self.is_creator));
        facts
    }

    /// What is known, and what is known of this member.
    fn among(&self, known: &Facts) -> Facts {
        let mut facts = known.clone();
        facts.extend(&self.facts());
        facts
    }
}

/// Why a membership may not change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MembershipError {
    /// The actor may not do it.
    Denied(Denial),
    /// The policy opens this operation to nobody.
    NotOffered(Operation),
    /// The actor would hand out what they do not hold (law 5).
    Delegation(DelegationError),
    /// The role is not one that can be held there.
    NotAssignable,
    /// The organization would be left without an admin (law 7), or without who holds everything.
    LastAdmin,
    /// Nobody does this to themselves: they could not undo it.
    Oneself,
    /// It takes an admin (law 7).
    NotAdmin,
    /// It takes who owns the organization.
    NotOwner,
    /// A deny rule would bind who holds everything, and only such a one may make it; or its maker could not
    /// take it back.
    BindsTooMuch,
}

impl fmt::Display for MembershipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denial) => write!(f, "denied: {}", denial.reason.code()),
            Self::NotOffered(operation) => {
                write!(f, "the policy opens `{}` to nobody", operation.as_str())
            }
            Self::Delegation(error) => write!(f, "{error}"),
            Self::NotAssignable => f.write_str("not a role that can be held there"),
            Self::LastAdmin => f.write_str("an organization always keeps an admin"),
            Self::Oneself => f.write_str("nobody does this to themselves"),
            Self::NotAdmin => f.write_str("this takes an admin"),
            Self::NotOwner => f.write_str("this takes who owns the organization"),
            Self::BindsTooMuch => f.write_str(
                "a deny rule binds nobody who holds more than its maker, who can take it back",
            ),
        }
    }
}

impl core::error::Error for MembershipError {}

/// Whether `actor` may give `target` the role `role` in place of its present one. `known` is what the
/// directory knows beside the member, here as below.
///
/// # Errors
/// The first reason against it.
pub fn change_role(
    actor: &Access,
    target: &Target<'_>,
    role: RoleId,
    known: &Facts,
) -> Result<(), MembershipError> {
    let mut facts = target.among(known);
    let policy = actor.policy();
    if let Some(role) = policy.describe_role(role) {
        facts.set("grant.role", Value::Text(role.id.clone()));
    }
    permit(actor, Operation::MemberUpdateRole, &facts)?;
    assignable(actor, role)?;
    if let Some(old) = target.role {
        can_lift_cap(actor, target.record, old, Some(role), actor.root())
            .map_err(MembershipError::Delegation)?;
    }
    keep_admin(policy, target, policy.describe_role(role))
}

/// Whether `actor` may remove `target`.
///
/// # Errors
/// The first reason against it.
pub fn remove(actor: &Access, target: &Target<'_>, known: &Facts) -> Result<(), MembershipError> {
    permit(actor, Operation::MemberRemove, &target.among(known))?;
    keep_admin(actor.policy(), target, None)
}

/// Whether `actor`, who is `target`, may leave.
///
/// # Errors
/// The first reason against it.
pub fn leave(actor: &Access, target: &Target<'_>, known: &Facts) -> Result<(), MembershipError> {
    permit(actor, Operation::MemberLeave, &target.among(known))?;
    keep_admin(actor.policy(), target, None)
}

/// Whether `actor` may suspend `target`: all that it was granted stops to count, and is kept.
///
/// # Errors
/// The first reason against it.
pub fn suspend(actor: &Access, target: &Target<'_>, known: &Facts) -> Result<(), MembershipError> {
    permit(actor, Operation::MemberSuspend, &target.among(known))?;
    keep_admin(actor.policy(), target, None)?;
    // Whoever holds more than all others would be out until one of these gave it back, and none of them may.
    if target.is_self {
        return Err(MembershipError::Oneself);
    }
    Ok(())
}

/// Whether `actor` may end the suspension of `target`, who gets back what `record` says: that is handed
/// out anew (law 5).
///
/// # Errors
/// The first reason against it; [`DelegationError::Unknown`] as of [`crate::can_hand_over`].
pub fn restore(
    actor: &Access,
    target: &Target<'_>,
    record: &Record,
    known: &Facts,
) -> Result<(), MembershipError> {
    permit(actor, Operation::MemberSuspend, &target.among(known))?;
    hands_out(actor, record).map_err(MembershipError::Delegation)
}

/// Whether `actor` may hand out all that `record` was granted and owns. What is over gives nothing; what has not
/// begun will.
pub(crate) fn hands_out(actor: &Access, record: &Record) -> Result<(), DelegationError> {
    is_alike(actor, record)?;
    each(actor, &record.grants, &can_delegate)?;
    let mut owned = record.nodes.iter().filter(|node| node.owned);
    owned.try_for_each(|node| {
        let node = actor.node(&node.id).ok_or(DelegationError::Unknown)?;
        can_transfer(actor, node)
    })
}

/// Law 7: whether an organization with `admins` members that count as admins may stay as it is.
#[must_use]
pub(crate) const fn keeps_admin(admins: usize) -> bool {
    admins > 0
}

/// Whether `actor` may do `operation` on the organization under `facts`.
pub(crate) fn permit(
    actor: &Access,
    operation: Operation,
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit_on(actor, operation, actor.root(), facts)
}

/// Whether `actor` may do `operation` on `node` under `facts`.
pub(crate) fn permit_on(
    actor: &Access,
    operation: Operation,
    node: NodeId,
    facts: &Facts,
) -> Result<(), MembershipError> {
    let permission = actor
        .policy()
        .operation(operation)
        .ok_or(MembershipError::NotOffered(operation))?;
    match evaluate(actor, permission, node, facts) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(denial) => Err(MembershipError::Denied(denial)),
    }
}

/// Whether `actor` may hand out `role` on the organization.
pub(crate) fn assignable(actor: &Access, role: RoleId) -> Result<(), MembershipError> {
    fits(actor, role, actor.root())?;
    can_delegate(actor, role, actor.root()).map_err(MembershipError::Delegation)
}

/// Whether the role is one of those that a principal has on nodes of that level: on the organization itself
/// one of [`Policy::organization_roles`], whoever has it and however they came by it.
pub(crate) fn fits(actor: &Access, role: RoleId, node: NodeId) -> Result<(), MembershipError> {
    let policy = actor.policy();
    let level = actor.level(node);
    let fits = if level == Some(Level::Organization) {
        policy.organization_roles().any(|known| known == role)
    } else {
        policy.describe_role(role).map(|role| role.level) == level
    };
    if fits {
        Ok(())
    } else {
        Err(MembershipError::NotAssignable)
    }
}

/// Law 7, where `target` has the role `new` (`None`: none) from then on.
fn keep_admin(
    policy: &Policy,
    target: &Target<'_>,
    new: Option<&Role>,
) -> Result<(), MembershipError> {
    let old = target.role.and_then(|role| policy.describe_role(role));
    let ends = |is_one: fn(&Role) -> bool| old.is_some_and(is_one) && !new.is_some_and(is_one);
    let is_last = ends(|role| role.admin) && !keeps_admin(target.other_admins);
    if is_last || ends(|role| role.overriding) && !target.keeps_owner {
        return Err(MembershipError::LastAdmin);
    }
    Ok(())
}
