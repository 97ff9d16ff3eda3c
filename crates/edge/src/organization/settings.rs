//! The organization itself: create, read, rename, delete.

use lockstep_core::Operation;
use lockstep_wire::{FactsView, OrganizationView};

use super::{
    Actor,
    actor::{self, access, directory_facts},
    invitations,
    store::{self, Organization, announce, next_epoch, organization, written},
};
use crate::{
    objects::{Context, Reply},
    problem::{ApiError, Code},
};

pub(super) fn create(
    context: &Context<'_>,
    name: &str,
    user: &str,
    address: Option<&str>,
) -> Result<Reply, ApiError> {
    let policy = &context.config.policy;
    let role = policy
        .policy
        .creator_role()
        .and_then(|role| policy.policy.describe_role(role));
    // Without an admin the organization would be lost at birth (law 7).
    let Some(role) = role.filter(|role| role.admin) else {
        let detail =
            "The policy of this deployment names no admin role for who creates an organization.";
        return Err(ApiError::new(Code::NoGrant, detail));
    };
    let organization = begin(context, name, user)?;
    store::join(
        context,
        &organization,
        user,
        address,
        &role.id,
        organization.epoch,
    )?;
    written(organization.epoch, view(context, &organization, user)?)
}

/// The organization's row at epoch 1. An object is born once.
pub(super) fn begin(
    context: &Context<'_>,
    name: &str,
    creator: &str,
) -> Result<Organization, ApiError> {
    let insert = "INSERT INTO organization (one, id, name, creator, created_at_ms, epoch) VALUES (1, ?, ?, ?, ?, 1)
        ON CONFLICT (one) DO NOTHING RETURNING epoch";
    let values = [
        context.name.into(),
        name.into(),
        creator.into(),
        context.now_ms.into(),
    ];
    if context.sql.one(insert, &values)?.is_none() {
        return Err(ApiError::new(
            Code::Conflict,
            "The organization exists already.",
        ));
    }
    organization(context)
}

pub(super) fn read(context: &Context<'_>, actor: &Actor) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.user)?;
    actor::permit(context, &access, Operation::OrganizationRead, &facts)?;
    Reply::of(&view(context, &organization, &actor.user)?)
}

pub(super) fn rename(context: &Context<'_>, actor: &Actor, name: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.user)?;
    actor::permit(context, &access, Operation::OrganizationUpdate, &facts)?;
    context
        .sql
        .exec("UPDATE organization SET name = ?", &[name.into()])?;
    let epoch = next_epoch(context)?;
    let organization = Organization {
        name: name.to_owned(),
        epoch,
        ..organization
    };
    for member in store::members(context)? {
        store::tell_user(context, &organization, &member.user, epoch, Some(name))?;
    }
    invitations::tell_addresses(context, &organization, epoch)?;
    let view = view(context, &organization, &actor.user)?;
    Ok(announce(written(epoch, view)?, epoch))
}

pub(super) fn delete(context: &Context<'_>, actor: &Actor) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.user)?;
    actor::permit(context, &access, Operation::OrganizationDelete, &facts)?;
    let epoch = next_epoch(context)?;
    invitations::cancel_all(context, epoch)?;
    let mut ended = Vec::new();
    for member in store::members(context)? {
        store::leave(context, &organization, &member.user, epoch)?;
        ended.push(member.user);
    }
    let deleted = "UPDATE organization SET deleted_at_ms = ?";
    context.sql.exec(deleted, &[context.now_ms.into()])?;
    let reply = announce(written(epoch, ())?, epoch);
    Ok(ended
        .into_iter()
        .fold(reply, |reply, user| reply.ending(&user)))
}

/// The organization, as `user` sees it.
fn view(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<OrganizationView, ApiError> {
    let facts = directory_facts(context, organization, user)?;
    Ok(OrganizationView {
        id: organization.id.clone(),
        name: organization.name.clone(),
        epoch: organization.epoch,
        created_at_ms: organization.created_at_ms,
        facts: FactsView::from(&facts),
    })
}
