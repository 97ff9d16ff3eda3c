//! Sessions: opened by a proof of the address, given another secret every day, ended one by one or all at once.

use serde::{Deserialize, Serialize};

use super::{credential::verified_address, organization::end_streams};
use crate::{
    objects::Context,
    problem::ApiError,
    sql::{Row, SqlError},
    stored_token::SEEN_MS,
};

/// How long a session lives from its beginning, however much it is used, in milliseconds.
const SESSION_MS: i64 = 2_592_000_000;
/// Sessions of one user; the oldest ends when another begins.
const SESSIONS_MAX: i64 = 50;
/// The age at which a session gets another secret, in milliseconds.
const ROTATE_MS: i64 = 86_400_000;
/// How long the old secret still counts once the new one was presented, in milliseconds: requests that were under way carry it.
/// As long a new one has to arrive before another may take its place.
const OVERLAP_MS: i64 = 30_000;

/// All sessions, the newest first. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// One entry each.
    pub sessions: Vec<ListedSession>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedSession {
    /// Its id.
    pub id: String,
    /// When it began, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When it was last used, to the hour, in Unix milliseconds.
    pub seen_at_ms: i64,
    /// When it ends, in Unix milliseconds.
    pub expires_at_ms: i64,
}

/// A live session.
pub(super) struct Live {
    pub(super) id: String,
    /// From when on the secret no longer counts, in Unix milliseconds.
    pub(super) until_ms: i64,
    /// Whether it is time for another secret.
    pub(super) is_old: bool,
}

/// Opens a session, and makes the user when there is none.
pub(super) fn open(
    context: &Context<'_>,
    address: &str,
    id: &str,
    hash: &str,
) -> Result<(), ApiError> {
    let now_ms = context.now_ms;
    let birth = "INSERT INTO birth (one, user, address, created_at_ms) VALUES (1, ?, ?, ?) ON CONFLICT DO NOTHING";
    context
        .sql
        .exec(birth, &[context.name.into(), address.into(), now_ms.into()])?;
    if verified_address(context)?.as_deref() != Some(address) {
        return Err(ApiError::internal(
            "an address object names a user with another address",
        ));
    }
    context.sql.exec(
        "DELETE FROM session WHERE expires_at_ms <= ?",
        &[now_ms.into()],
    )?;
    let open = "INSERT INTO session (id, hash, created_at_ms, seen_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = [
        id.into(),
        hash.into(),
        now_ms.into(),
        now_ms.into(),
        now_ms.saturating_add(SESSION_MS).into(),
    ];
    context.sql.exec(open, &values)?;
    let oldest = "DELETE FROM session WHERE hash NOT IN (SELECT hash FROM session ORDER BY created_at_ms DESC, rowid DESC LIMIT ?) RETURNING id";
    if !context.sql.exec(oldest, &[SESSIONS_MAX.into()])?.is_empty() {
        end_streams(context, None)?;
    }
    Ok(())
}

/// The live session with this hash, and marks it as seen.
pub(super) fn present(context: &Context<'_>, hash: &str) -> Result<Option<Live>, ApiError> {
    let now_ms = context.now_ms;
    let live = format!(
        "SELECT {ID} AS id, hash, previous_until_ms, created_at_ms, rotated_at_ms, seen_at_ms, expires_at_ms FROM session
            WHERE (hash = ? OR (previous_hash = ? AND previous_until_ms > ?)) AND expires_at_ms > ?"
    );
    let values = [hash.into(), hash.into(), now_ms.into(), now_ms.into()];
    let Some(row) = context.sql.one(&live, &values)? else {
        return Ok(None);
    };
    let present = row.text("hash")?;
    let is_newest = present == hash;
    let ends_at_ms = row.integer("expires_at_ms")?;
    let replaced_at_ms = row.optional_integer("previous_until_ms")?;
    // The answer with the new secret may have been lost on its way: until somebody presents it, the old one lives as long as the session.
    let is_awaited = replaced_at_ms == Some(ends_at_ms);
    if is_newest && is_awaited {
        let arrived = "UPDATE session SET previous_until_ms = MIN(expires_at_ms, ?) WHERE hash = ?";
        let until_ms = now_ms.saturating_add(OVERLAP_MS);
        context
            .sql
            .exec(arrived, &[until_ms.into(), present.into()])?;
    }
    if row.integer("seen_at_ms")?.saturating_add(SEEN_MS) <= now_ms {
        let seen = "UPDATE session SET seen_at_ms = ? WHERE hash = ?";
        context.sql.exec(seen, &[now_ms.into(), present.into()])?;
    }
    let since_ms = match row.optional_integer("rotated_at_ms")? {
        Some(at_ms) => at_ms,
        None => row.integer("created_at_ms")?,
    };
    let is_old = if is_newest {
        since_ms.saturating_add(ROTATE_MS) <= now_ms
    } else {
        is_awaited && since_ms.saturating_add(OVERLAP_MS) <= now_ms
    };
    let replaced_at_ms = replaced_at_ms.filter(|_| !is_newest);
    Ok(Some(Live {
        id: row.text("id")?.to_owned(),
        until_ms: replaced_at_ms.map_or(ends_at_ms, |at_ms| ends_at_ms.min(at_ms)),
        is_old,
    }))
}

/// Gives a session another secret, if its present one is old, or was to be replaced by one that nobody has presented; of several requests one succeeds.
pub(super) fn rotate(
    context: &Context<'_>,
    hash: &str,
    fresh_hash: &str,
) -> Result<bool, ApiError> {
    let now_ms = context.now_ms;
    let rotate = "UPDATE session SET hash = ?1, previous_hash = ?2, previous_until_ms = expires_at_ms, rotated_at_ms = ?3
        WHERE expires_at_ms > ?3 AND ((hash = ?2 AND COALESCE(rotated_at_ms, created_at_ms) <= ?4)
            OR (previous_hash = ?2 AND previous_until_ms = expires_at_ms AND rotated_at_ms <= ?5)) RETURNING hash";
    let values = [
        fresh_hash.into(),
        hash.into(),
        now_ms.into(),
        now_ms.saturating_sub(ROTATE_MS).into(),
        now_ms.saturating_sub(OVERLAP_MS).into(),
    ];
    Ok(context.sql.one(rotate, &values)?.is_some())
}

pub(super) fn list(context: &Context<'_>) -> Result<SessionList, ApiError> {
    let select = format!(
        "SELECT {ID} AS id, created_at_ms, seen_at_ms, expires_at_ms FROM session
            WHERE expires_at_ms > ? ORDER BY created_at_ms DESC, rowid DESC"
    );
    let rows = context.sql.exec(&select, &[context.now_ms.into()])?;
    let read = |row: &Row| -> Result<ListedSession, SqlError> {
        Ok(ListedSession {
            id: row.text("id")?.to_owned(),
            created_at_ms: row.integer("created_at_ms")?,
            seen_at_ms: row.integer("seen_at_ms")?,
            expires_at_ms: row.integer("expires_at_ms")?,
        })
    };
    Ok(SessionList {
        sessions: rows.iter().map(read).collect::<Result<_, _>>()?,
    })
}

pub(super) fn close(context: &Context<'_>, id: &str) -> Result<(), ApiError> {
    let close = format!("DELETE FROM session WHERE {ID} = ? RETURNING hash");
    match context.sql.one(&close, &[id.into()])? {
        Some(_) => end_streams(context, None),
        None => Err(ApiError::not_found()),
    }
}

pub(super) fn close_all(context: &Context<'_>) -> Result<(), ApiError> {
    context.sql.exec("DELETE FROM session", &[])?;
    end_streams(context, None)
}

/// A session that older code opened has no id of its own.
const ID: &str = "COALESCE(id, 'ses_' || rowid)";
