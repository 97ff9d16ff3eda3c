//! Invitations: create, list, send again, cancel, preview, accept, decline. Each is used once.

mod again;
mod answer;
pub(super) mod imported;
pub(super) mod offered;
pub(super) mod over;
mod send;
mod shown;

use lockstep_core::{Invitation, InvitationState, InvitationStatus, Operation};
use lockstep_token::OrganizationId;
use lockstep_wire::{InvitationPreview, OrganizationReference};

pub use again::{ROWS_MAX, Resend, ResendAll, Which};
pub(super) use again::{resend, resend_all};
pub(super) use answer::{accept, admit, decline};
pub(super) use offered::{
    Brought, Group, Known, Taken, WORKSPACES_MAX, known, named_by, nodes_of, of as brought_with,
    reassign, take,
};
pub use send::NewInvitation;
pub(super) use send::{cancel, invite, invite_all};
pub(super) use shown::{
    Inviter, Names, role_name, role_names, view, without_workspaces, workspaces,
};

use super::{
    Actor,
    actor::{self, access, directory_facts},
    customization, links, mails,
    store::{Organization, organization, unsigned},
};
use crate::{
    address::{InvitationChange, PendingInvitation},
    config::Config,
    mail::{Mail, invitation_secret},
    objects::{Context, Reply},
    outbox::{self, Delivery},
    paging::{NEWEST, Range},
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// An invitation's row.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: String,
    address: String,
    pub(super) role: String,
    state: InvitationState,
    invited_by: String,
    seen_by: Option<String>,
    message: Option<String>,
    created_at_ms: i64,
    sent_at_ms: i64,
    expires_at_ms: i64,
}

const COLUMNS: &str = "SELECT rowid AS place, id, address, role, state, invited_by, seen_by, message, created_at_ms, sent_at_ms, expires_at_ms FROM invitation";

/// Those that wait for an address that the member who is the first parameter has or had.
const TO_MEMBER: &str = "state = 'pending' AND address IN
    (SELECT address FROM member WHERE user = ?1 UNION SELECT address FROM former_address WHERE user = ?1)";

/// Those that can be accepted; or, of what nobody acted on, those whose time ran out.
pub(super) fn list(
    context: &Context<'_>,
    actor: &Actor,
    range: &Range<i64>,
    is_expired: bool,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.principal)?;
    actor::permit(context, &access, Operation::InvitationRead, &facts)?;
    let select = format!(
        "{COLUMNS} WHERE state = 'pending' AND (expires_at_ms <= ?) = ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
    );
    let before = range.after.unwrap_or(NEWEST);
    let values = [
        context.now_ms.into(),
        is_expired.into(),
        before.into(),
        range.rows().into(),
    ];
    let rows = context.sql.exec(&select, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    // What a workspace is called is for who may see it.
    let is_seen = |node: &str| {
        let node = access.node(node);
        let read =
            |node| actor::permit_on(context, &access, Operation::WorkspaceRead, node, &facts);
        node.is_some_and(|node| read(node).is_ok())
    };
    let names = |role: &str| customization::role_name(access.policy(), role);
    let seen = |row: &Row| Ok(Some(view(context, &read(row)?, &names, &is_seen)?));
    Reply::of(&range.fill(&rows, position, seen)?)
}

pub(super) fn preview(context: &Context<'_>, hash: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let row = context
        .sql
        .one(&format!("{COLUMNS} WHERE hash = ?"), &[hash.into()])?;
    let Some(row) = row else {
        return links::preview(context, &organization, hash);
    };
    let stored = read(&row)?;
    // Whoever has kept the link of one that is over may have left since.
    let status = stored.transition().status(unsigned(context.now_ms));
    let is_open = status == InvitationStatus::Pending;
    let view = view(context, &stored, &role_names(context)?, &|_| is_open)?;
    Reply::of(&InvitationPreview {
        id: view.id,
        organization: reference(&organization),
        role: view.role,
        role_name: view.role_name,
        workspaces: view.workspaces,
        email: Some(view.email),
        invited_by: view.invited_by,
        invited_by_program: view.invited_by_program,
        message: view.message.filter(|_| is_open),
        status: view.status,
        expires_at_ms: view.expires_at_ms,
    })
}

/// Tells every invited address what its invitation looks like now.
pub(super) fn tell_addresses(
    context: &Context<'_>,
    organization: &Organization,
    epoch: i64,
) -> Result<(), ApiError> {
    for stored in pending(context)? {
        tell_address(context, organization, &stored, epoch)?;
    }
    Ok(())
}

/// Cancels all that are pending, links included: the organization is being deleted.
pub(super) fn cancel_all(context: &Context<'_>, epoch: i64) -> Result<(), ApiError> {
    let organization = organization(context)?;
    links::revoke_all(context)?;
    for stored in pending(context)? {
        settle(
            context,
            &organization,
            &stored,
            InvitationState::Canceled,
            epoch,
        )?;
    }
    Ok(())
}

/// Cancels what waits for the address of a member who leaves, is removed or suspended (law 8): it was sent before that was decided. Who leaves by themselves is no exception, as for links and domains: an open invitation would be a way back at will, to more than they had. One that is made afterwards is a new decision.
pub(super) fn cancel_those_to(
    context: &Context<'_>,
    organization: &Organization,
    user: &str,
    epoch: i64,
) -> Result<(), ApiError> {
    // SQLite would look at all that wait.
    let select = format!("{COLUMNS} INDEXED BY invitation_pending WHERE {TO_MEMBER}");
    for row in context.sql.exec(&select, &[user.into()])? {
        let stored = read(&row)?;
        settle(
            context,
            organization,
            &stored,
            InvitationState::Canceled,
            epoch,
        )?;
    }
    Ok(())
}

impl Stored {
    pub(super) fn transition(&self) -> Invitation {
        Invitation {
            state: self.state,
            expires_at_ms: unsigned(self.expires_at_ms),
        }
    }
}

/// Uses the invitation up by one conditional statement, before any other effect, and tells its address. A mail that waits would bring a link that is dead.
pub(super) fn settle(
    context: &Context<'_>,
    organization: &Organization,
    stored: &Stored,
    state: InvitationState,
    epoch: i64,
) -> Result<(), ApiError> {
    let conclude = "UPDATE invitation SET state = ?, acted_at_ms = ? WHERE id = ? AND state = 'pending' RETURNING id";
    let values = [
        state_name(state).into(),
        context.now_ms.into(),
        stored.id.as_str().into(),
    ];
    if context.sql.one(conclude, &values)?.is_none() {
        return Err(ApiError::new(
            Code::InvitationNotPending,
            "The invitation was acted on already.",
        ));
    }
    outbox::withdraw(context.sql, &mails::of_invitation(&stored.id))?;
    let acted = Stored {
        state,
        ..stored.clone()
    };
    tell_address(context, organization, &acted, epoch)
}

/// Of an invitation that was never sent its address knows nothing, whatever becomes of it.
pub(super) fn tell_address(
    context: &Context<'_>,
    organization: &Organization,
    stored: &Stored,
    epoch: i64,
) -> Result<(), ApiError> {
    if stored.sent_at_ms == imported::NEVER {
        return Ok(());
    }
    let pending = (stored.state == InvitationState::Pending).then(|| {
        let inviter = Inviter::of(context, &stored.invited_by)?;
        Ok::<_, ApiError>(PendingInvitation {
            organization: organization.id.clone(),
            organization_name: organization.name.clone(),
            role: stored.role.clone(),
            role_name: role_name(context, &stored.role)?,
            invited_by: inviter.shown,
            invited_by_program: inviter.program,
            message: stored.message.clone(),
        })
    });
    let change = InvitationChange {
        invitation: stored.id.clone(),
        epoch,
        expires_at_ms: stored.expires_at_ms,
        pending: pending.transpose()?,
    };
    let delivery = Delivery::AddressInvitation {
        address: stored.address.clone(),
        change,
    };
    // The newest is enough.
    let lane = format!("address/{}", stored.id);
    outbox::replace(context.sql, context.now_ms, &lane, &delivery)
}

/// The mail with the link that `nonce` stands for.
pub(super) fn mail(
    context: &Context<'_>,
    organization: &Organization,
    stored: &Stored,
    nonce: &str,
) -> Result<Mail, ApiError> {
    let inviter = Inviter::of(context, &stored.invited_by)?;
    Ok(Mail::Invitation {
        to: stored.address.clone(),
        organization: organization.id.clone(),
        organization_name: organization.name.clone(),
        role_name: role_name(context, &stored.role)?,
        invited_by: inviter.shown,
        invited_by_program: inviter.program,
        message: stored.message.clone(),
        nonce: nonce.to_owned(),
        expires_at_ms: stored.expires_at_ms,
    })
}

/// The hash of the secret that `nonce` stands for.
fn hash(config: &Config, organization: &str, nonce: &str) -> Result<String, ApiError> {
    let organization = OrganizationId::parse(&config.keys.id, organization)
        .map_err(|error| ApiError::internal(format!("organization id: {error}")))?;
    let secret = invitation_secret(&config.keys, &organization, nonce);
    Ok(secret.hash().to_hex())
}

/// What can still be accepted now, the newest first.
fn pending(context: &Context<'_>) -> Result<Vec<Stored>, ApiError> {
    let select = format!(
        "{COLUMNS} WHERE state = 'pending' AND expires_at_ms > ? ORDER BY created_at_ms DESC, id"
    );
    let rows = context.sql.exec(&select, &[context.now_ms.into()])?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

pub(super) fn find(context: &Context<'_>, id: &str) -> Result<Stored, ApiError> {
    let row = context
        .sql
        .one(&format!("{COLUMNS} WHERE id = ?"), &[id.into()])?;
    Ok(read(&row.ok_or_else(ApiError::not_found)?)?)
}

fn read(row: &Row) -> Result<Stored, SqlError> {
    Ok(Stored {
        id: row.text("id")?.to_owned(),
        address: row.text("address")?.to_owned(),
        role: row.text("role")?.to_owned(),
        state: match row.text("state")? {
            "pending" => InvitationState::Pending,
            "accepted" => InvitationState::Accepted,
            "declined" => InvitationState::Declined,
            // A state that newer code may have written is not one to act on.
            _ => InvitationState::Canceled,
        },
        invited_by: row.text("invited_by")?.to_owned(),
        seen_by: row.optional_text("seen_by")?.map(str::to_owned),
        message: row.optional_text("message")?.map(str::to_owned),
        created_at_ms: row.integer("created_at_ms")?,
        sent_at_ms: row.integer("sent_at_ms")?,
        expires_at_ms: row.integer("expires_at_ms")?,
    })
}

const fn state_name(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Accepted => "accepted",
        InvitationState::Canceled => "canceled",
        InvitationState::Declined => "declined",
        InvitationState::Pending => "pending",
    }
}

pub(super) fn reference(organization: &Organization) -> OrganizationReference {
    OrganizationReference {
        id: organization.id.clone(),
        name: organization.name.clone(),
    }
}
