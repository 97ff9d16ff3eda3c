//! Members: change a role, remove, leave.

use lockstep_core::{Operation, Policy, RoleId, Target};
use lockstep_wire::{FactsView, MemberView};

use super::{
    Actor,
    acting::FreshActing,
    store::{Member, Organization},
};
use crate::{
    objects::{Context, Reply},
    problem::{ApiError, Code},
};

pub(super) fn change_role(
    acting: &FreshActing<'_>,
    user: &str,
    role: &str,
) -> Result<Reply, ApiError> {
    let role_id = acting.role(role)?;
    let member = visible(acting, user)?;
    let record = acting.record(&member.granted_as())?;
    let target = Target {
        record: Some(&record),
        ..acting.target(&member)?
    };
    let permitted = acting.change_role(&target, role_id)?;
    let change = acting.change(permitted)?;
    change.set_role(&member.granted_as(), role)?;
    change.touch(&[user.to_owned()])?;
    if member.role != role {
        change.tell_of_role(&member, role, &acting.role_name(role))?;
    }
    let view = acting.view(&Member {
        role: role.to_owned(),
        epoch: change.epoch,
        ..member
    });
    change.finish(view)
}

pub(super) fn remove(acting: &FreshActing<'_>, user: &str) -> Result<Reply, ApiError> {
    let member = visible(acting, user)?;
    let permitted = acting.end_membership(&acting.target(&member)?)?;
    let change = acting.change(permitted)?;
    change.end_membership(user)?;
    change.tell_of_removal(&member)?;
    Ok(change.finish(())?.ending(user))
}

/// The role of that id, or 400: an unknown role is an error, not a deny.
pub(super) fn known_role(context: &Context<'_>, role: &str) -> Result<RoleId, ApiError> {
    context.config.policy.policy.role(role).ok_or_else(|| {
        ApiError::new(
            Code::UnknownRole,
            "The policy of this deployment has no such role.",
        )
    })
}

/// A member, for who may know of the members or is that member; 403 and 404 else.
fn visible(acting: &FreshActing<'_>, user: &str) -> Result<Member, ApiError> {
    if user != acting.principal() {
        acting.permit(Operation::MemberRead, acting.access.root())?;
    }
    acting.known_member(user)?.ok_or_else(ApiError::not_found)
}

/// A member as the actor sees them.
pub(super) fn view(
    policy: &Policy,
    organization: &Organization,
    actor: &Actor,
    member: &Member,
) -> MemberView {
    let role = policy.role(&member.role);
    let target = lockstep_core::Target {
        role,
        role_id: &member.role,
        is_self: member.user == actor.principal,
        is_creator: member.user == organization.creator,
        other_admins: 0,
        record: None,
    };
    let name = role
        .and_then(|role| policy.describe_role(role))
        .map(|role| role.name.clone());
    MemberView {
        user_id: member.user.clone(),
        email: member.address.clone(),
        issuer: member.issuer.clone(),
        subject: member.subject.clone(),
        role: member.role.clone(),
        role_name: name.unwrap_or_else(|| member.role.clone()),
        is_self: target.is_self,
        creator: target.is_creator,
        joined_at_ms: member.joined_at_ms,
        epoch: member.epoch,
        suspended_at_ms: member.suspended_at_ms,
        roles: None,
        facts: FactsView::from(&target.facts()),
    }
}
