//! Sending invitations: one, several at once, again; and taking one back.

use lockstep_core::{InvitationState, Operation};
use lockstep_token::Address;
use lockstep_wire::{
    InvitationResultView, InvitationResultsView, InvitationView, WorkspaceRoleRequest,
};
use serde::{Deserialize, Serialize};

use super::{Brought, Stored, hash, offered};
use crate::{
    objects::Reply,
    organization::{
        acting::{Acting, Change, FreshActing},
        batch::{Refused, Rows},
        mails, refusal,
        store::{self, unsigned},
    },
    problem::{ApiError, Code},
};

/// How long an invitation can be accepted when nobody says otherwise, in seconds: 7 days.
const LIFE_S: i64 = 604_800;
/// The most pending invitations of one organization.
const PENDING_MAX: i64 = 500;

/// An invitation that is to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewInvitation {
    /// Its id.
    pub invitation: String,
    /// The address, as it was typed.
    pub address: String,
    /// Role id.
    pub role: String,
    /// What the link's secret is derived from.
    pub nonce: String,
    /// Roles on workspaces.
    pub workspaces: Vec<WorkspaceRoleRequest>,
    /// What the invited person is told.
    pub message: Option<String>,
    /// How long it can be accepted, in seconds.
    pub expires_in_s: Option<i64>,
}

pub(in crate::organization) fn invite(
    acting: &FreshActing<'_>,
    new: &NewInvitation,
) -> Result<Reply, ApiError> {
    let (epoch, view) = create(acting, new, None)?;
    store::committed(epoch, view)
}

/// Each row is decided on what the rows before it have made: an address that comes twice is invited once.
pub(in crate::organization) fn invite_all(
    acting: &FreshActing<'_>,
    rows: &[NewInvitation],
) -> Result<Reply, ApiError> {
    let mut done = Rows::default();
    let mut results = Vec::new();
    for row in rows {
        let created = create(acting, row, done.epoch());
        let (status, invitation, problem) = match done.settle(created)? {
            Ok(view) => (201, Some(view), None),
            Err(Refused { status, problem }) => (status, None, Some(problem)),
        };
        results.push(InvitationResultView {
            email: row.address.clone(),
            status,
            invitation,
            problem,
        });
    }
    done.finish(acting, InvitationResultsView { results })
}

fn create(
    acting: &FreshActing<'_>,
    new: &NewInvitation,
    epoch: Option<i64>,
) -> Result<(i64, InvitationView), ApiError> {
    let known = offered::asked(acting, &new.role, &new.workspaces)?;
    let permitted = acting.may_invite(&known.offer())?;
    let address = Address::from_typed(&new.address).map_err(|error| {
        let detail = format!("The address is not accepted: {error}.");
        ApiError::new(Code::InvalidAddress, detail)
    })?;
    let stored = Stored {
        id: new.invitation.clone(),
        address: address.as_str().to_owned(),
        role: new.role.clone(),
        state: InvitationState::Pending,
        invited_by: acting.principal().to_owned(),
        seen_by: Some(acting.seer().to_owned()),
        message: new.message.clone(),
        created_at_ms: acting.now_ms(),
        sent_at_ms: acting.now_ms(),
        expires_at_ms: expiry(acting, new.expires_in_s),
    };
    require_room(acting, &stored, true)?;
    require_mail(acting, &stored)?;
    let change = acting.change_of(permitted, epoch)?;
    write(&change, &stored, &new.nonce, known.kept())?;
    change.send_invitation(&stored, &new.nonce)?;
    Ok((change.epoch, acting.view_invitation(&stored)?))
}

/// Writes an invitation down, with all that comes with it.
pub(super) fn write(
    change: &Change<'_>,
    stored: &Stored,
    nonce: &str,
    brought: &[Brought],
) -> Result<(), ApiError> {
    let acting = change.acting;
    let insert = "INSERT INTO invitation (id, hash, address, role, state, invited_by, seen_by, message, created_at_ms, sent_at_ms, expires_at_ms)
        VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?)";
    let values = [
        (&stored.id).into(),
        hash(acting.config(), &acting.organization.id, nonce)?.into(),
        (&stored.address).into(),
        (&stored.role).into(),
        (&stored.invited_by).into(),
        stored.seen_by.as_deref().into(),
        stored.message.as_deref().into(),
        stored.created_at_ms.into(),
        stored.sent_at_ms.into(),
        stored.expires_at_ms.into(),
    ];
    change.exec(insert, &values)?;
    offered::write(change, &stored.id, brought)
}

pub(in crate::organization) fn cancel(
    acting: &FreshActing<'_>,
    id: &str,
) -> Result<Reply, ApiError> {
    let stored = acting.invitation(id);
    // Who may not cancel is told so before whether there is such an invitation.
    let role = stored.as_ref().ok().map(|stored| stored.role.as_str());
    let permitted = acting.permit_towards(Operation::InvitationCancel, role)?;
    let stored = stored?;
    let state = stored.transition().cancel(unsigned(acting.now_ms()));
    let state = state.map_err(|error| refusal::invitation(&error))?;
    let change = acting.change(permitted)?;
    change.settle(&stored, state)?;
    change.finish(())
}

pub(super) fn expiry(acting: &Acting<'_>, life_s: Option<i64>) -> i64 {
    let life_ms = life_s.unwrap_or(LIFE_S).saturating_mul(1_000);
    acting.now_ms().saturating_add(life_ms)
}

/// Refuses an address that is a member's or has another pending invitation, and one pending invitation more than there
/// may be: an import may have made as many as there were members, and they are sent one after the other.
pub(super) fn require_room(
    acting: &Acting<'_>,
    stored: &Stored,
    is_one_more: bool,
) -> Result<(), ApiError> {
    let select = "SELECT COUNT(*) AS count FROM member WHERE address = ? AND left_at_ms IS NULL";
    if acting.count(select, &[(&stored.address).into()])? > 0 {
        let detail = "Somebody with this address is a member already.";
        return Err(ApiError::new(Code::AlreadyMember, detail));
    }
    let open = "SELECT COUNT(*) AS count FROM invitation WHERE state = 'pending' AND expires_at_ms > ? AND id <> ?";
    let others = [acting.now_ms().into(), (&stored.id).into()];
    let [now_ms, id] = others.clone();
    let same = format!("{open} AND address = ?");
    if acting.count(&same, &[now_ms, id, (&stored.address).into()])? > 0 {
        let detail = "An invitation to this address is pending. Send it again, or cancel it first.";
        return Err(ApiError::new(Code::AlreadyInvited, detail));
    }
    if is_one_more && acting.count(open, &others)? >= PENDING_MAX {
        let detail = format!("An organization may have {PENDING_MAX} pending invitations.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    Ok(())
}

/// Refuses a mail that is one too many.
pub(super) fn require_mail(acting: &Acting<'_>, stored: &Stored) -> Result<(), ApiError> {
    let Some(wait_s) = mails::wait_s(acting, &stored.address)? else {
        return Ok(());
    };
    let detail = "Too many mails were sent within 24 hours. Wait, or hand out a link.";
    Err(ApiError::new(Code::TooManyRequests, detail).with_retry_after_s(wait_s))
}
