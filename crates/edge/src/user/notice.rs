//! What a person is told on their own page: what became of their invitations and of their memberships, as the organizations' outboxes tell it.
//!
//! Invitations that wait for them are not in here: the object of their address has these. What is here is shown and never grants.

use serde::{Deserialize, Serialize};

use crate::{
    objects::Context,
    paging::{NEWEST, Range, Slice},
    problem::ApiError,
    sql::Row,
};

/// How many are kept; the oldest go first.
const NOTICES_MAX: i64 = 500;
/// How many of one organization are kept: what others told is not for it to take away.
const NOTICES_OF_ONE_MAX: i64 = 100;
/// How long they are kept, in milliseconds: 90 days.
const KEPT_MS: i64 = 7_776_000_000;

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The organization's id.
    pub organization: String,
    /// The organization's name at that time.
    pub organization_name: String,
    /// The organization's epoch of the change: told again, it is the same notice.
    pub epoch: i64,
    /// When it happened, in Unix milliseconds.
    pub at_ms: i64,
    /// What.
    pub kind: NoticeKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Somebody accepted their invitation.
    InvitationAccepted {
        /// The invited address.
        email: String,
    },
    /// Somebody declined their invitation.
    InvitationDeclined {
        /// The invited address.
        email: String,
    },
    /// They were removed.
    Removed,
    /// They have another role.
    RoleChanged {
        /// The role's id.
        role: String,
        /// The role's name.
        role_name: String,
    },
}

/// The answer to [`super::Command::ListNotices`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticePage {
    /// The notices, the newest first.
    pub slice: Slice<ListedNotice, i64>,
    /// How many of all are not read.
    pub unread: i64,
}

/// A notice in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedNotice {
    /// Its number; a newer one has a higher one.
    pub number: i64,
    /// Whether it was read.
    pub is_read: bool,
    /// What is told.
    pub notice: Notice,
}

pub(super) fn keep(context: &Context<'_>, notice: &Notice) -> Result<(), ApiError> {
    let body = serde_json::to_string(notice)
        .map_err(|error| ApiError::internal(format!("notice cannot be written: {error}")))?;
    let insert = "INSERT INTO notice (organization, epoch, body) VALUES (?, ?, ?)
        ON CONFLICT (organization, epoch) DO NOTHING";
    let values = [
        (&notice.organization).into(),
        notice.epoch.into(),
        body.into(),
    ];
    context.sql.exec(insert, &values)?;
    let oldest = "DELETE FROM notice WHERE organization = ?1 AND epoch <=
        (SELECT epoch FROM notice WHERE organization = ?1 ORDER BY epoch DESC LIMIT 1 OFFSET ?2)";
    let values = [(&notice.organization).into(), NOTICES_OF_ONE_MAX.into()];
    context.sql.exec(oldest, &values)?;
    let oldest = "DELETE FROM notice WHERE number <= (SELECT number FROM notice ORDER BY number DESC LIMIT 1 OFFSET ?)";
    context.sql.exec(oldest, &[NOTICES_MAX.into()])?;
    Ok(())
}

pub(super) fn list(context: &Context<'_>, range: &Range<i64>) -> Result<NoticePage, ApiError> {
    let select =
        "SELECT number, body, read_at_ms FROM notice WHERE number < ? ORDER BY number DESC LIMIT ?";
    let before = range.after.unwrap_or(NEWEST);
    let rows = context
        .sql
        .exec(select, &[before.into(), range.rows().into()])?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("number")?);
    let slice = range.fill(&rows, position, |row| read(row).map(Some))?;
    let count = "SELECT COUNT(*) AS unread FROM notice WHERE read_at_ms IS NULL";
    let unread = context.sql.one(count, &[])?;
    Ok(NoticePage {
        slice,
        unread: unread.map_or(Ok(0), |row| row.integer("unread"))?,
    })
}

/// All up to a number are read; what came since then is not.
pub(super) fn mark(context: &Context<'_>, until: i64) -> Result<(), ApiError> {
    let mark = "UPDATE notice SET read_at_ms = ? WHERE number <= ? AND read_at_ms IS NULL";
    context
        .sql
        .exec(mark, &[context.now_ms.into(), until.into()])?;
    Ok(())
}

/// When the oldest has been kept long enough, in Unix milliseconds.
pub(super) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let oldest = "SELECT MIN(json_extract(body, '$.at_ms')) AS oldest FROM notice";
    let row = context.sql.one(oldest, &[])?;
    let oldest = row.map_or(Ok(None), |row| row.optional_integer("oldest"))?;
    Ok(oldest.map(|at_ms| at_ms.saturating_add(KEPT_MS)))
}

/// Forgets those that were kept long enough.
pub(super) fn sweep(context: &Context<'_>) -> Result<(), ApiError> {
    let over_ms = context.now_ms.saturating_sub(KEPT_MS);
    let over = "DELETE FROM notice WHERE json_extract(body, '$.at_ms') <= ?";
    context.sql.exec(over, &[over_ms.into()])?;
    Ok(())
}

fn read(row: &Row) -> Result<ListedNotice, ApiError> {
    let notice = serde_json::from_slice(row.text("body")?.as_bytes())
        .map_err(|error| ApiError::internal(format!("stored notice: {error}")))?;
    Ok(ListedNotice {
        number: row.integer("number")?,
        is_read: row.optional_integer("read_at_ms")?.is_some(),
        notice,
    })
}
