//! The organization itself: create, read, rename.

use lockstep_core::Operation;
use lockstep_token::id::opaque_id;
use lockstep_wire::{FactsView, OrganizationChangeRequest, OrganizationView};

use super::{
    Actor,
    acting::{Change, FreshActing, Permitted},
    actor::{self, access, directory_facts},
    listing,
    plan::{self, Plan},
    roles, service_keys, slugs,
    store::{self, Organization, organization, written},
};
use crate::{
    objects::{Context, Reply},
    problem::{ApiError, Code},
    slug::Slug,
};

/// The name of an organization of one's own.
pub const PERSONAL: &str = "Personal";
/// The name of the workspace that a plan of one comes with.
const FIRST_WORKSPACE: &str = "Workspace 1";

pub(super) fn create(
    context: &Context<'_>,
    name: &str,
    user: &str,
    address: Option<&str>,
    is_personal: bool,
) -> Result<Reply, ApiError> {
    let role = creator_role(context)?;
    let personal = context.config.policy.document.plan.personal.as_deref();
    let plan = personal.filter(|_| is_personal);
    let organization = match begin(context, name, user, plan) {
        // A delivery that comes twice.
        Err(error) if is_personal && error.code() == Code::Conflict => {
            let there = organization(context)?;
            if there.creator != user {
                return Err(error);
            }
            return written(there.epoch, view(context, &there, user)?);
        }
        begun => begun?,
    };
    first_workspace(context, &organization)?;
    let epoch = organization.epoch;
    store::join(context, &organization, user, address, role, epoch)?;
    // It names its creator alone.
    Ok(written(epoch, view(context, &organization, user)?)?.about(context.name))
}

/// An organization that is about to be filled by `user`, who is its only member.
pub(super) fn found(
    context: &Context<'_>,
    name: &str,
    user: &str,
    address: Option<&str>,
) -> Result<(), ApiError> {
    let role = creator_role(context)?;
    let organization = begin(context, name, user, None)?;
    first_workspace(context, &organization)?;
    let epoch = organization.epoch;
    store::join(context, &organization, user, address, role, epoch)
}

/// The role of who creates an organization. Without an admin it would be lost at birth (law 7).
fn creator_role<'a>(context: &Context<'a>) -> Result<&'a str, ApiError> {
    let policy = &context.config.policy.policy;
    let role = policy.creator_role();
    let role = role.and_then(|role| policy.describe_role(role));
    let role = role.filter(|role| role.admin);
    role.map(|role| role.id.as_str()).ok_or_else(|| {
        let detail =
            "The policy of this deployment names no admin role for who creates an organization.";
        ApiError::new(Code::NoGrant, detail)
    })
}

/// The organization's row at epoch 1. An object is born once.
pub(super) fn begin(
    context: &Context<'_>,
    name: &str,
    creator: &str,
    plan: Option<&str>,
) -> Result<Organization, ApiError> {
    let insert = "INSERT INTO organization (one, id, name, creator, created_at_ms, plan, epoch) VALUES (1, ?, ?, ?, ?, ?, 1)
        ON CONFLICT (one) DO NOTHING RETURNING epoch";
    let values = [
        context.name.into(),
        name.into(),
        creator.into(),
        context.now_ms.into(),
        plan.into(),
    ];
    if context.sql.one(insert, &values)?.is_none() {
        return Err(ApiError::new(
            Code::Conflict,
            "The organization exists already.",
        ));
    }
    listing::enter(context)?;
    organization(context)
}

/// The workspace that a plan of one comes with, where there is none: nobody could create it.
pub(super) fn first_workspace(
    context: &Context<'_>,
    organization: &Organization,
) -> Result<(), ApiError> {
    let policy = &context.config.policy.policy;
    let has_workspaces = policy.operation(Operation::WorkspaceCreate).is_some();
    if !has_workspaces
        || !Plan::of(context, organization).is_of_one_workspace()
        || store::workspaces(context)? > 0
    {
        return Ok(());
    }
    let insert = "INSERT INTO node (id, level, parent, name, created_at_ms, position)
        SELECT ?, 'workspace', ?, ?, ?, COALESCE(MAX(position), -1) + 1 FROM node";
    let values = [
        opaque_id("wsp", context.random.bytes()?).into(),
        organization.id.as_str().into(),
        FIRST_WORKSPACE.into(),
        context.now_ms.into(),
    ];
    context.sql.exec(insert, &values)?;
    let renew = "UPDATE organization SET nodes_epoch = epoch";
    context.sql.exec(renew, &[])?;
    Ok(())
}

pub(super) fn read(context: &Context<'_>, actor: &Actor) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.principal)?;
    actor::permit(context, &access, Operation::OrganizationRead, &facts)?;
    Reply::of(&view(context, &organization, &actor.principal)?)
}

/// Whether the actor may make all of that change; a slug is reserved before, by who may.
pub(super) fn may_update(
    acting: &FreshActing<'_>,
    wanted: &OrganizationChangeRequest,
) -> Result<Permitted, ApiError> {
    let permitted = match wanted.workspace_admins_invite {
        Some(true) => acting.let_workspace_admins_invite(),
        // Saying no hands out nothing, but what others have sent lets nobody in any more; nor does a token
        // act that lives longer than tokens may.
        None if wanted.token_lifetime_max_s.is_none() => {
            acting.permit(Operation::OrganizationUpdate, acting.access.root())
        }
        _ => acting.permit_on_others(Operation::OrganizationUpdate),
    }?;
    if let Some(max_s) = wanted.token_lifetime_max_s {
        service_keys::require_revival(acting, max_s)?;
    }
    Ok(permitted)
}

pub(super) fn update(
    acting: &FreshActing<'_>,
    wanted: &OrganizationChangeRequest,
    reserved_until_ms: Option<i64>,
) -> Result<Reply, ApiError> {
    let permitted = may_update(acting, wanted)?;
    if is_so(&acting.organization, wanted) {
        return acting.unchanged(acting.organization_view()?);
    }
    let change = acting.change(permitted)?;
    if let Some(is_on) = wanted.workspace_admins_invite {
        leave_inviting(&change, is_on)?;
    }
    if let Some(slug) = &wanted.slug {
        slugs::take(&change, &Slug::parse(slug)?, reserved_until_ms)?;
    }
    if let Some(max_s) = wanted.token_lifetime_max_s {
        let set = "UPDATE organization SET token_lifetime_max_s = ?";
        change.exec(set, &[max_s.into()])?;
    }
    if let Some(name) = &wanted.name {
        change.exec("UPDATE organization SET name = ?", &[name.into()])?;
        change.tell_name(name)?;
    }
    let view = acting.organization_view()?;
    change.finish(view)
}

/// Whether the organization is as it is wanted.
fn is_so(organization: &Organization, wanted: &OrganizationChangeRequest) -> bool {
    let OrganizationChangeRequest {
        name,
        slug,
        token_lifetime_max_s,
        workspace_admins_invite,
    } = wanted;
    name.as_ref().is_none_or(|name| *name == organization.name)
        && (slug.is_none() || *slug == organization.slug)
        && token_lifetime_max_s.is_none_or(|max_s| max_s == organization.token_lifetime_max_s)
        && workspace_admins_invite.is_none_or(|is_on| is_on == organization.workspace_admins_invite)
}

/// Says whether inviting is left to who manages the members of a workspace.
pub(super) fn leave_inviting(change: &Change<'_>, is_on: bool) -> Result<(), ApiError> {
    let set = "UPDATE organization SET workspace_admins_invite = ?";
    change.exec(set, &[is_on.into()])?;
    roles::publish(change)
}

/// The organization, as `user` sees it.
pub(super) fn view(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
) -> Result<OrganizationView, ApiError> {
    let facts = directory_facts(context, organization, user)?;
    Ok(OrganizationView {
        id: organization.id.clone(),
        name: organization.name.clone(),
        slug: organization.slug.clone(),
        epoch: organization.epoch,
        created_at_ms: organization.created_at_ms,
        token_lifetime_max_s: organization.token_lifetime_max_s,
        workspace_admins_invite: organization.workspace_admins_invite,
        plan: plan::view(context, organization)?,
        facts: FactsView::from(&facts),
    })
}
