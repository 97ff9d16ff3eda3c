//! The invitations that wait for this address: a projection of what the organizations decided. It never grants anything.

use serde::{Deserialize, Serialize};

use crate::{
    objects::Context,
    paging::{LIMIT_MAX, NEWEST, Range, Slice},
    problem::ApiError,
    sql::Row,
};

/// How long a projection outlives its invitation, in milliseconds, so that a late delivery finds what replaced it.
const TOMBSTONE_MS: i64 = 86_400_000;
/// The most that an address keeps. Anybody makes organizations that invite it, and what is more is not listed; who has the mail accepts it all the same.
const KEPT_MAX: i64 = 1_000;

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
    /// The address of who invites, or the id.
    pub invited_by: String,
    /// The name of the program that does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by_program: Option<String>,
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
    sweep(context)?;
    let newest = "INSERT INTO invitation (id, epoch, expires_at_ms, pending) SELECT ?1, ?2, ?3, ?4
        WHERE ?5 > (SELECT COUNT(*) FROM invitation) OR EXISTS (SELECT 1 FROM invitation WHERE id = ?1)
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, expires_at_ms = excluded.expires_at_ms, pending = excluded.pending
        WHERE excluded.epoch > invitation.epoch";
    let values = [
        change.invitation.as_str().into(),
        change.epoch.into(),
        change.expires_at_ms.into(),
        pending.into(),
        KEPT_MAX.into(),
    ];
    context.sql.exec(newest, &values)?;
    Ok(())
}

/// Those that can be answered now, the newest first.
pub(super) fn list(
    context: &Context<'_>,
    range: &Range<i64>,
) -> Result<Slice<ListedInvitation, i64>, ApiError> {
    let live = "SELECT rowid AS place, id, expires_at_ms, pending FROM invitation
        WHERE pending IS NOT NULL AND expires_at_ms > ? AND rowid < ? ORDER BY rowid DESC LIMIT ?";
    let before = range.after.unwrap_or(NEWEST);
    let values = [context.now_ms.into(), before.into(), range.rows().into()];
    let rows = context.sql.exec(live, &values)?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    range.fill(&rows, position, |row| read(row).map(Some))
}

/// The first page of them.
pub(super) fn newest(context: &Context<'_>) -> Result<InvitationList, ApiError> {
    let first = Range {
        after: None,
        limit: LIMIT_MAX,
    };
    let invitations = list(context, &first)?.entries;
    Ok(InvitationList { invitations })
}

fn read(row: &Row) -> Result<ListedInvitation, ApiError> {
    let pending = serde_json::from_slice(row.text("pending")?.as_bytes())
        .map_err(|error| ApiError::internal(format!("stored invitation: {error}")))?;
    Ok(ListedInvitation {
        id: row.text("id")?.to_owned(),
        expires_at_ms: row.integer("expires_at_ms")?,
        pending,
    })
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
