//! Members: change a role, remove, leave.

use lockstep_core::{Operation, RoleId};
use lockstep_wire::{FactsView, MemberView};

use super::{
    Actor,
    actor::{self, access, directory_facts, target},
    holdings, refusal,
    store::{self, Member, Organization, announce, next_epoch, organization, written},
};
use crate::{
    objects::{Context, Reply},
    problem::{ApiError, Code},
};

pub(super) fn change_role(
    context: &Context<'_>,
    actor: &Actor,
    user: &str,
    role: &str,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let role_id = known_role(context, role)?;
    let member = visible_member(context, &organization, actor, &access, user)?;
    let record = holdings::record(context, &organization, &member.granted_as())?;
    let target = lockstep_core::Target {
        record: Some(&record),
        ..target(context, &organization, actor, &member)?
    };
    lockstep_core::change_role(&access, &target, role_id)
        .map_err(|error| refusal::membership(context, &access, error))?;
    store::set_role(context, &organization, &member.granted_as(), role)?;
    let epoch = next_epoch(context)?;
    store::touch(context, user, epoch)?;
    holdings::publish(context, &organization, user)?;
    let member = Member {
        role: role.to_owned(),
        epoch,
        ..member
    };
    Ok(announce(
        written(epoch, view(context, &organization, actor, &member))?,
        epoch,
    ))
}

pub(super) fn remove(context: &Context<'_>, actor: &Actor, user: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let member = visible_member(context, &organization, actor, &access, user)?;
    let target = target(context, &organization, actor, &member)?;
    let allowed = if target.is_self {
        lockstep_core::leave(&access, &target)
    } else {
        lockstep_core::remove(&access, &target)
    };
    allowed.map_err(|error| refusal::membership(context, &access, error))?;
    let epoch = next_epoch(context)?;
    store::leave(context, &organization, user, epoch)?;
    Ok(announce(written(epoch, ())?, epoch).ending(user))
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

/// A member, for who may know of the members or is that member; else 404.
fn visible_member(
    context: &Context<'_>,
    organization: &Organization,
    actor: &Actor,
    access: &lockstep_core::Access,
    user: &str,
) -> Result<Member, ApiError> {
    let facts = directory_facts(context, organization, &actor.principal)?;
    if user != actor.principal {
        actor::permit(context, access, Operation::MemberRead, &facts)?;
    }
    store::member(context, user)?.ok_or_else(ApiError::not_found)
}

/// A member as the actor sees them.
pub(super) fn view(
    context: &Context<'_>,
    organization: &Organization,
    actor: &Actor,
    member: &Member,
) -> MemberView {
    let policy = &context.config.policy.policy;
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
