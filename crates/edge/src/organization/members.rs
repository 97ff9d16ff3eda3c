//! Members: change a role, remove, leave, several at once.

use lockstep_core::{Operation, Policy, RoleId, Target};
use lockstep_wire::{ChangeMemberRequest, FactsView, MemberView, ResultsView};

use super::{
    Actor,
    acting::FreshActing,
    batch, links,
    store::{Member, Organization, committed},
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
    let (epoch, view) = give(acting, user, role, None)?;
    committed(epoch, view)
}

pub(super) fn remove(acting: &FreshActing<'_>, user: &str) -> Result<Reply, ApiError> {
    let epoch = end(acting, user, None)?;
    Ok(committed(epoch, ())?.ending(user))
}

/// Each row is decided on what the rows before it have made: an admin is kept whatever the rows say (law 7).
pub(super) fn change_all(
    acting: &FreshActing<'_>,
    rows: &[ChangeMemberRequest],
) -> Result<Reply, ApiError> {
    let named = rows.iter().map(|row| (&*row.user_id, row));
    let (done, results) = batch::each(acting, named, |acting, row, epoch| {
        match row.role.as_deref() {
            Some(role) => give(acting, &row.user_id, role, epoch).map(|(epoch, _)| epoch),
            None => end(acting, &row.user_id, epoch),
        }
    })?;
    let removed = rows.iter().zip(&results);
    let removed = removed.filter(|(row, result)| row.role.is_none() && result.status == 200);
    let removed: Vec<&str> = removed.map(|(row, _)| &*row.user_id).collect();
    let reply = done.finish(acting, ResultsView { results })?;
    Ok(removed
        .into_iter()
        .fold(reply, |reply, user| reply.ending(user)))
}

/// Gives a member another role, and goes on with the transaction that has led to `epoch`, if there is one.
fn give(
    acting: &FreshActing<'_>,
    user: &str,
    role: &str,
    epoch: Option<i64>,
) -> Result<(i64, MemberView), ApiError> {
    let role_id = acting.role(role)?;
    let member = visible(acting, user)?;
    let record = acting.record(&member.granted_as())?;
    let target = Target {
        record: Some(&record),
        ..acting.target(&member)?
    };
    let permitted = acting.change_role(&target, role_id)?;
    let change = acting.change_of(permitted, epoch)?;
    let granted_as = member.granted_as();
    links::through(change.context(), user, &granted_as, || {
        change.set_role(&granted_as, role)
    })?;
    change.touch(&[user.to_owned()])?;
    if member.role != role {
        change.tell_of_role(&member, role, &acting.role_name(role))?;
    }
    let view = acting.view(&Member {
        role: role.to_owned(),
        epoch: change.epoch,
        ..member
    });
    Ok((change.epoch, view))
}

/// Ends a membership, in the same way.
fn end(acting: &FreshActing<'_>, user: &str, epoch: Option<i64>) -> Result<i64, ApiError> {
    let member = visible(acting, user)?;
    let permitted = acting.end_membership(&acting.target(&member)?)?;
    let change = acting.change_of(permitted, epoch)?;
    change.end_membership(user)?;
    change.tell_of_removal(&member)?;
    Ok(change.epoch)
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
        is_self: member.user == actor.person(),
        is_creator: member.user == organization.creator,
        other_admins: 0,
        keeps_owner: true,
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
        is_self: member.user == actor.principal,
        creator: target.is_creator,
        joined_at_ms: member.joined_at_ms,
        epoch: member.epoch,
        suspended_at_ms: member.suspended_at_ms,
        roles: None,
        facts: FactsView::from(&target.facts()),
    }
}
