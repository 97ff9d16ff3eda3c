//! The end of an organization: deleted, restorable for a while, gone.
//!
//! What was deleted keeps its rows and answers restoring only: every other command begins with the organization's row, which it does not find. So all credentials are dead at once, whatever they were granted stays as it was, and KV holds tombstones.
//! Its name in the world (slugs) stays taken until nothing is left.

use lockstep_core::{Grant, Operation};

use super::{
    FreshActor,
    acting::FreshActing,
    customization::{self, StoredRoles},
    domains, holdings, invitations, service_accounts,
    store::{self, Organization},
};
use crate::{
    objects::{Context, Reply},
    outbox,
    problem::{ApiError, Code},
    user::{OrganizationChange, Restorable},
};

/// How long a deleted organization can be restored, in milliseconds: 30 days.
const GRACE_MS: i64 = 2_592_000_000;

/// Deletes the organization whose name was typed.
pub(super) fn delete(acting: &FreshActing<'_>, typed: &str) -> Result<Reply, ApiError> {
    let permitted = acting.permit_on_others(Operation::OrganizationDelete)?;
    let organization = &acting.organization;
    if typed != organization.name {
        let detail = "`name` in the query is the name of the organization that is to be deleted.";
        return Err(ApiError::new(Code::InvalidValue, detail));
    }
    let change = acting.change(permitted)?;
    let (context, epoch) = (change.context(), change.epoch);
    let admins = store::admin_users(context)?;
    invitations::cancel_all(context, epoch)?;
    domains::release_all(&change)?;
    let mut ended = service_accounts::all(context)?;
    for member in store::members(context)? {
        let restorable = Restorable {
            name: organization.name.clone(),
            until_ms: context.now_ms.saturating_add(GRACE_MS),
        };
        let told = OrganizationChange {
            organization: organization.id.clone(),
            epoch,
            name: None,
            restorable: Some(restorable).filter(|_| admins.contains(&member.user)),
        };
        store::tell_user_of(context, &member.user, told)?;
        ended.push(member.user);
    }
    entomb(context, organization, epoch)?;
    let deleted = "UPDATE organization SET deleted_at_ms = ?, nodes_epoch = epoch";
    change.exec(deleted, &[context.now_ms.into()])?;
    let reply = change.finish(())?;
    Ok(ended
        .into_iter()
        .fold(reply, |reply, principal| reply.ending(&principal)))
}

/// Brings the organization back as it was, but for its invitations.
pub(super) fn restore(context: &Context<'_>, actor: &FreshActor) -> Result<Reply, ApiError> {
    let Some((before, deleted_at_ms)) = store::deleted(context)? else {
        FreshActing::begin(context, actor)?.require_whole()?;
        return Err(ApiError::new(
            Code::Conflict,
            "The organization is not deleted.",
        ));
    };
    if context.now_ms >= deleted_at_ms.saturating_add(GRACE_MS) {
        return Err(ApiError::not_found());
    }
    let acting = FreshActing::begin_again(context, actor, before)?;
    acting.require_whole()?;
    let was_admin = store::admin_users(context)?.contains(&actor.principal);
    let owned: Vec<_> = owned(context)?
        .iter()
        .filter_map(|node| acting.access.node(node))
        .collect();
    let granted = holdings::on_nodes_of(&acting.access, granted(context)?);
    let permitted = acting.revive(was_admin, &granted, &owned)?;
    let change = acting.change(permitted)?;
    // What was known of anybody before is out of date, tombstones included.
    let back = "UPDATE organization SET deleted_at_ms = NULL, nodes_epoch = epoch,
        roles_epoch = CASE roles_epoch WHEN 0 THEN 0 ELSE epoch END";
    change.exec(back, &[])?;
    for member in store::members(context)? {
        // Who is suspended is told of nothing until that ends.
        if member.suspended_at_ms.is_none() {
            change.tell_user(&member.user, Some(&acting.organization.name))?;
        }
    }
    if customization::epoch(context)? > 0 {
        customization::send(context, &customization::stored(context)?)?;
    }
    let view = acting.organization_view()?;
    change.finish(view)
}

/// Whether the time to restore it is over: nothing is left then that anybody could ask for.
pub(super) fn is_over(context: &Context<'_>) -> Result<bool, ApiError> {
    let deleted = store::deleted(context)?;
    Ok(deleted.is_some_and(|(_, at_ms)| context.now_ms >= at_ms.saturating_add(GRACE_MS)))
}

/// When that time is over, so that the object can delete its storage; what it still owes the world goes first.
pub(super) fn purge_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let Some((_, deleted_at_ms)) = store::deleted(context)? else {
        return Ok(None);
    };
    let at_ms = deleted_at_ms.saturating_add(GRACE_MS);
    let is_free = outbox::next_at_ms(context.sql)?.is_none();
    Ok((at_ms > context.now_ms || is_free).then_some(at_ms))
}

/// All that comes back and is not over, each role on each node once. What was suspended stays so.
fn granted(context: &Context<'_>) -> Result<Vec<Grant>, ApiError> {
    let select = "SELECT role, node FROM granted WHERE user NOT LIKE 'suspended/%' AND COALESCE(expires_at_ms > ?1, 1)
        UNION SELECT role, node FROM group_granted WHERE COALESCE(expires_at_ms > ?1, 1)";
    let mut granted = Vec::new();
    for row in context.sql.exec(select, &[context.now_ms.into()])? {
        granted.push(Grant::new(row.text("role")?, row.text("node")?));
    }
    Ok(granted)
}

/// What somebody owns.
fn owned(context: &Context<'_>) -> Result<Vec<String>, ApiError> {
    let rows = context
        .sql
        .exec("SELECT id FROM node WHERE owner IS NOT NULL", &[])?;
    let mut owned = Vec::new();
    for row in &rows {
        owned.push(row.text("id")?.to_owned());
    }
    Ok(owned)
}

/// Puts tombstones in the place of everything in KV.
fn entomb(context: &Context<'_>, organization: &Organization, epoch: i64) -> Result<(), ApiError> {
    for row in context.sql.exec("SELECT principal FROM published", &[])? {
        holdings::entomb(context, organization, row.text("principal")?, epoch)?;
    }
    let buried = "UPDATE published SET epoch = ?";
    context.sql.exec(buried, &[epoch.into()])?;
    if customization::epoch(context)? > 0 {
        let none = StoredRoles {
            epoch,
            roles: Vec::new(),
            rules: Vec::new(),
            ..customization::stored(context)?
        };
        customization::send(context, &none)?;
    }
    Ok(())
}
