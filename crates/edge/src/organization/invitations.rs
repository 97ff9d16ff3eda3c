//! Invitations: create, list, cancel, preview, accept, decline. Each is used once.

use lockstep_core::{Invitation, InvitationState, Operation, RoleId, Value};
use lockstep_token::OrganizationId;
use lockstep_wire::{AcceptedView, InvitationPreview, InvitationView, OrganizationReference};

use super::{
    Actor,
    actor::{self, access, access_of, directory_facts},
    members::known_role,
    refusal,
    store::{self, Organization, announce, next_epoch, organization, unsigned, written},
};
use crate::{
    address::{InvitationChange, PendingInvitation},
    mail::{Mail, invitation_secret},
    objects::{Context, Reply},
    outbox::{self, Delivery},
    paging::{NEWEST, Range},
    problem::{ApiError, Code},
    sql::{Row, SqlError},
};

/// How long an invitation can be accepted, in milliseconds: 7 days.
const INVITATION_MS: i64 = 604_800_000;
/// The most pending invitations of one organization.
const PENDING_MAX: i64 = 500;

/// An invitation's row.
#[derive(Debug, Clone)]
struct Stored {
    id: String,
    address: String,
    role: String,
    state: InvitationState,
    invited_by: String,
    created_at_ms: i64,
    expires_at_ms: i64,
}

const COLUMNS: &str = "SELECT rowid AS place, id, address, role, state, invited_by, created_at_ms, expires_at_ms FROM invitation";

pub(super) fn invite(
    context: &Context<'_>,
    actor: &Actor,
    id: &str,
    address: &str,
    role: &str,
    nonce: &str,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let role_id = known_role(context, role)?;
    Invitation::may_invite(&access, role_id).map_err(|error| match error {
        lockstep_core::InvitationError::Inviter(error) => {
            refusal::membership(context, &access, error)
        }
        other => refusal::invitation(&other),
    })?;
    require_room(context, address)?;
    let stored = Stored {
        id: id.to_owned(),
        address: address.to_owned(),
        role: role.to_owned(),
        state: InvitationState::Pending,
        invited_by: actor.principal.clone(),
        created_at_ms: context.now_ms,
        expires_at_ms: context.now_ms.saturating_add(INVITATION_MS),
    };
    let organization_id = OrganizationId::parse(&context.config.keys.id, &organization.id)
        .map_err(|error| ApiError::internal(format!("organization id: {error}")))?;
    let secret = invitation_secret(&context.config.keys, &organization_id, nonce);
    let insert = "INSERT INTO invitation (id, hash, address, role, state, invited_by, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, 'pending', ?, ?, ?)";
    let values = [
        id.into(),
        secret.hash().to_hex().into(),
        address.into(),
        role.into(),
        actor.principal.as_str().into(),
        stored.created_at_ms.into(),
        stored.expires_at_ms.into(),
    ];
    context.sql.exec(insert, &values)?;
    let epoch = next_epoch(context)?;
    tell_address(context, &organization, &stored, epoch)?;
    let mail = Mail::Invitation {
        to: address.to_owned(),
        organization: organization.id.clone(),
        organization_name: organization.name.clone(),
        role_name: role_name(context, role),
        invited_by: inviter_address(context, &stored)?,
        nonce: nonce.to_owned(),
        expires_at_ms: stored.expires_at_ms,
    };
    outbox::enqueue(context.sql, context.now_ms, &Delivery::Mail { mail })?;
    Ok(announce(written(epoch, view(context, &stored)?)?, epoch))
}

pub(super) fn list(
    context: &Context<'_>,
    actor: &Actor,
    range: &Range<i64>,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let facts = directory_facts(context, &organization, &actor.principal)?;
    actor::permit(context, &access, Operation::InvitationRead, &facts)?;
    let select = format!(
        "{COLUMNS} WHERE state = 'pending' AND expires_at_ms > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
    );
    let before = range.after.unwrap_or(NEWEST);
    let values = [context.now_ms.into(), before.into(), range.rows().into()];
    let rows = context.sql.exec(&select, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    let seen = |row: &Row| Ok(Some(view(context, &read(row)?)?));
    Reply::of(&range.fill(&rows, position, seen)?)
}

pub(super) fn cancel(context: &Context<'_>, actor: &Actor, id: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let access = access(context, &organization, actor)?;
    let mut facts = directory_facts(context, &organization, &actor.principal)?;
    let stored = find(context, id);
    if let Ok(stored) = &stored {
        facts.set("target.role", Value::Text(stored.role.clone()));
    }
    // Who may not cancel is told so before whether there is such an invitation.
    actor::permit(context, &access, Operation::InvitationCancel, &facts)?;
    let stored = stored?;
    let state = stored
        .transition()
        .cancel(unsigned(context.now_ms))
        .map_err(|error| refusal::invitation(&error))?;
    let epoch = finish(context, &organization, &stored, state)?;
    Ok(announce(written(epoch, ())?, epoch))
}

pub(super) fn preview(context: &Context<'_>, hash: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let row = context
        .sql
        .one(&format!("{COLUMNS} WHERE hash = ?"), &[hash.into()])?;
    let stored = read(&row.ok_or_else(ApiError::not_found)?)?;
    Reply::of(&InvitationPreview {
        id: stored.id.clone(),
        organization: reference(&organization),
        role_name: role_name(context, &stored.role),
        email: stored.address.clone(),
        status: stored
            .transition()
            .status(unsigned(context.now_ms))
            .as_str()
            .to_owned(),
        expires_at_ms: stored.expires_at_ms,
        role: stored.role,
    })
}

pub(super) fn accept(
    context: &Context<'_>,
    id: &str,
    user: &str,
    address: &str,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let stored = find(context, id)?;
    let inviter = Actor {
        principal: stored.invited_by.clone(),
        token: None,
        issuer: None,
    };
    let inviter = access_of(context, &organization, &inviter)?;
    let role = context.config.policy.policy.role(&stored.role);
    // A role that is gone from the policy can be handed out by nobody.
    let role: RoleId = role.ok_or_else(|| gone_role(&stored, context, address))?;
    let matches = stored.address == address;
    let state = stored
        .transition()
        .accept(unsigned(context.now_ms), matches, &inviter, role)
        .map_err(|error| refusal::invitation(&error))?;
    let epoch = finish(context, &organization, &stored, state)?;
    // Who joined in another way meanwhile keeps the role they have.
    if store::member(context, user)?.is_none() {
        store::join(
            context,
            &organization,
            user,
            Some(address),
            &stored.role,
            epoch,
        )?;
    }
    let view = AcceptedView {
        organization: reference(&organization),
        epoch,
    };
    Ok(announce(written(epoch, view)?, epoch))
}

pub(super) fn decline(context: &Context<'_>, id: &str, address: &str) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let stored = find(context, id)?;
    let state = stored
        .transition()
        .decline(unsigned(context.now_ms), stored.address == address)
        .map_err(|error| refusal::invitation(&error))?;
    let epoch = finish(context, &organization, &stored, state)?;
    Ok(announce(written(epoch, ())?, epoch))
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

/// Cancels all that are pending: the organization is being deleted.
pub(super) fn cancel_all(context: &Context<'_>, epoch: i64) -> Result<(), ApiError> {
    let organization = organization(context)?;
    for stored in pending(context)? {
        conclude(context, &stored, InvitationState::Canceled)?;
        let canceled = Stored {
            state: InvitationState::Canceled,
            ..stored
        };
        tell_address(context, &organization, &canceled, epoch)?;
    }
    Ok(())
}

impl Stored {
    fn transition(&self) -> Invitation {
        Invitation {
            state: self.state,
            expires_at_ms: unsigned(self.expires_at_ms),
        }
    }
}

fn finish(
    context: &Context<'_>,
    organization: &Organization,
    stored: &Stored,
    state: InvitationState,
) -> Result<i64, ApiError> {
    conclude(context, stored, state)?;
    let epoch = next_epoch(context)?;
    let acted = Stored {
        state,
        ..stored.clone()
    };
    tell_address(context, organization, &acted, epoch)?;
    Ok(epoch)
}

/// Uses the invitation up by one conditional statement, before any effect.
fn conclude(
    context: &Context<'_>,
    stored: &Stored,
    state: InvitationState,
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
    Ok(())
}

fn tell_address(
    context: &Context<'_>,
    organization: &Organization,
    stored: &Stored,
    epoch: i64,
) -> Result<(), ApiError> {
    let pending = (stored.state == InvitationState::Pending).then(|| {
        Ok::<_, ApiError>(PendingInvitation {
            organization: organization.id.clone(),
            organization_name: organization.name.clone(),
            role: stored.role.clone(),
            role_name: role_name(context, &stored.role),
            invited_by: inviter_address(context, stored)?,
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
    outbox::enqueue(context.sql, context.now_ms, &delivery)
}

fn require_room(context: &Context<'_>, address: &str) -> Result<(), ApiError> {
    if store::member_of_address(context, address)?.is_some() {
        let detail = "Somebody with this address is a member already.";
        return Err(ApiError::new(Code::AlreadyMember, detail));
    }
    let open = pending(context)?;
    if open.iter().any(|stored| stored.address == address) {
        let detail = "An invitation to this address is pending. Cancel it first to send another.";
        return Err(ApiError::new(Code::AlreadyInvited, detail));
    }
    if i64::try_from(open.len()).unwrap_or(i64::MAX) >= PENDING_MAX {
        let detail = format!("An organization may have {PENDING_MAX} pending invitations.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    Ok(())
}

/// What can still be accepted now, the newest first.
fn pending(context: &Context<'_>) -> Result<Vec<Stored>, ApiError> {
    let select = format!(
        "{COLUMNS} WHERE state = 'pending' AND expires_at_ms > ? ORDER BY created_at_ms DESC, id"
    );
    let rows = context.sql.exec(&select, &[context.now_ms.into()])?;
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

fn find(context: &Context<'_>, id: &str) -> Result<Stored, ApiError> {
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
        created_at_ms: row.integer("created_at_ms")?,
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

fn gone_role(stored: &Stored, context: &Context<'_>, address: &str) -> ApiError {
    // The address and the state are told apart first, as for every other refusal.
    let answer = stored
        .transition()
        .decline(unsigned(context.now_ms), stored.address == address);
    let void =
        lockstep_core::InvitationError::Inviter(lockstep_core::MembershipError::NotAssignable);
    refusal::invitation(&answer.err().unwrap_or(void))
}

fn view(context: &Context<'_>, stored: &Stored) -> Result<InvitationView, ApiError> {
    Ok(InvitationView {
        id: stored.id.clone(),
        email: stored.address.clone(),
        role: stored.role.clone(),
        role_name: role_name(context, &stored.role),
        status: stored
            .transition()
            .status(unsigned(context.now_ms))
            .as_str()
            .to_owned(),
        invited_by: inviter_address(context, stored)?,
        created_at_ms: stored.created_at_ms,
        expires_at_ms: stored.expires_at_ms,
    })
}

/// The address of who invited, or the name of the service account, or the id: an identity provider need not give an address.
fn inviter_address(context: &Context<'_>, stored: &Stored) -> Result<String, ApiError> {
    let select = "SELECT address AS shown FROM member WHERE user = ?
        UNION ALL SELECT name AS shown FROM service_account WHERE id = ?";
    let id = stored.invited_by.as_str();
    let row = context.sql.one(select, &[id.into(), id.into()])?;
    let shown = row
        .as_ref()
        .map(|row| row.optional_text("shown"))
        .transpose()?
        .flatten();
    Ok(shown.unwrap_or(id).to_owned())
}

fn role_name(context: &Context<'_>, role: &str) -> String {
    let policy = &context.config.policy.policy;
    let described = policy
        .role(role)
        .and_then(|role| policy.describe_role(role));
    described.map_or_else(|| role.to_owned(), |role| role.name.clone())
}

fn reference(organization: &Organization) -> OrganizationReference {
    OrganizationReference {
        id: organization.id.clone(),
        name: organization.name.clone(),
    }
}
