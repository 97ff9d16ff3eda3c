//! The invitations that wait for this address: a projection of what the organizations decided. It never grants anything.

use serde::{Deserialize, Serialize};

use crate::{objects::Context, problem::ApiError};

/// How long a projection outlives its invitation, in milliseconds, so that a late delivery finds what replaced it.
const TOMBSTONE_MS: i64 = 86_400_000;

/// One change of one invitation, as an organization's outbox tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationChange {
    /// The invitation's id.
    pub invitation: String,
    /// The organization's epoch of this change; a lower or equal one than the last seen is ignored.
    pub epoch: i64,
    /// When the invitation expires, in Unix milliseconds.
    pub expires_at_ms: i64,
    /// What is shown while it is pending; `None` once it is accepted, declined or canceled.
    pub pending: Option<PendingInvitation>,
}

/// What the invited person is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingInvitation {
    /// The organization's id.
    pub organization: String,
    /// The organization's name.
    pub organization_name: String,
    /// The role's id.
    pub role: String,
    /// The role's name.
    pub role_name: String,
    /// The address of who invites.
    pub invited_by: String,
    /// What the invited person is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The pending invitations of one address, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationList {
    /// One entry each.
    pub invitations: Vec<ListedInvitation>,
}

/// One pending invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedInvitation {
    /// The invitation's id.
    pub id: String,
    /// When it expires, in Unix milliseconds.
    pub expires_at_ms: i64,
    /// What is shown.
    pub pending: PendingInvitation,
}

pub(super) fn project(context: &Context<'_>, change: &InvitationChange) -> Result<(), ApiError> {
    let pending = change
        .pending
        .as_ref()
        .map(serde_json::to_string)
        .transpose();
    let pending = pending.map_err(|error| ApiError::internal(format!("invitation: {error}")))?;
    let newest = "INSERT INTO invitation (id, epoch, expires_at_ms, pending) VALUES (?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, expires_at_ms = excluded.expires_at_ms, pending = excluded.pending
        WHERE excluded.epoch > invitation.epoch";
    let values = [
        change.invitation.as_str().into(),
        change.epoch.into(),
        change.expires_at_ms.into(),
        pending.into(),
    ];
    context.sql.exec(newest, &values)?;
    Ok(())
}

pub(super) fn list(context: &Context<'_>) -> Result<InvitationList, ApiError> {
    let live = "SELECT id, expires_at_ms, pending FROM invitation WHERE pending IS NOT NULL AND expires_at_ms > ? ORDER BY expires_at_ms DESC, id";
    let rows = context.sql.exec(live, &[context.now_ms.into()])?;
    let read = |row: &crate::sql::Row| {
        let pending = serde_json::from_slice(row.text("pending")?.as_bytes())
            .map_err(|error| ApiError::internal(format!("stored invitation: {error}")))?;
        Ok(ListedInvitation {
            id: row.text("id")?.to_owned(),
            expires_at_ms: row.integer("expires_at_ms")?,
            pending,
        })
    };
    let invitations = rows.iter().map(read).collect::<Result<_, ApiError>>()?;
    Ok(InvitationList { invitations })
}

pub(super) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let first = context
        .sql
        .one("SELECT MIN(expires_at_ms) AS first FROM invitation", &[])?;
    let first = first.map_or(Ok(None), |row| row.optional_integer("first"))?;
    Ok(first.map(|at| at.saturating_add(TOMBSTONE_MS)))
}

pub(super) fn sweep(context: &Context<'_>) -> Result<(), ApiError> {
    let gone_ms = context.now_ms.saturating_sub(TOMBSTONE_MS);
    context.sql.exec(
        "DELETE FROM invitation WHERE expires_at_ms <= ?",
        &[gone_ms.into()],
    )?;
    Ok(())
}
