//! Personal access tokens: named secrets of one user. Only the hash is stored.
//!
//! Whoever makes one hands out nothing (law 5): at every use it is at most what its user holds at that moment (law 6).

use serde::{Deserialize, Serialize};

use super::organization::end_streams;
use crate::{
    narrow::Subtree,
    objects::Context,
    paging::{NEWEST, Range, Slice},
    problem::{ApiError, Code},
    sql::Row,
    stored_token::{NewToken, StoredToken, Table, check_scopes},
};

/// Tokens of one user.
const TOKENS_MAX: i64 = 50;

pub(super) const TABLE: Table = Table("access_token");

/// One token. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedToken {
    /// Its id.
    pub id: String,
    /// The name that its user gave it.
    pub name: String,
    /// Permission ids that it may use; all of its user's, when absent.
    pub scopes: Option<Vec<String>>,
    /// Where it may act; everywhere, when absent.
    pub subtree: Option<Subtree>,
    /// Whether it is switched on; earlier code knows no other ones.
    #[serde(default = "switched_on")]
    pub active: bool,
    /// When it was made, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When it expires, in Unix milliseconds; never, when absent.
    pub expires_at_ms: Option<i64>,
    /// When it was last used, to the hour, in Unix milliseconds; never, when absent.
    pub last_used_at_ms: Option<i64>,
}

const fn switched_on() -> bool {
    true
}

pub(super) fn create(
    context: &Context<'_>,
    new: &NewToken<'_>,
    subtree: Option<&Subtree>,
) -> Result<ListedToken, ApiError> {
    check_scopes(&context.config.policy.policy, new.scopes)?;
    TABLE.sweep(context)?;
    let count = context
        .sql
        .one("SELECT COUNT(*) AS n FROM access_token", &[])?;
    if count.map_or(Ok(0), |row| row.integer("n"))? >= TOKENS_MAX {
        let detail = format!("You have {TOKENS_MAX} personal access tokens. Delete one first.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let organization = subtree.map(|subtree| subtree.organization.as_str());
    TABLE.insert(context, new, &[("organization", organization)])?;
    find(context, new.id)
}

pub(super) fn delete(context: &Context<'_>, id: &str) -> Result<(), ApiError> {
    TABLE.delete(context, id)?;
    end_streams(context, None)
}

pub(super) fn delete_all(context: &Context<'_>) -> Result<(), ApiError> {
    context.sql.exec("DELETE FROM access_token", &[])?;
    Ok(())
}

pub(super) fn rotate(
    context: &Context<'_>,
    id: &str,
    hash: &str,
    overlap_s: i64,
) -> Result<ListedToken, ApiError> {
    let listed = find(context, id)?;
    TABLE.rotate(context, id, hash, overlap_s)?;
    let rotated = "UPDATE access_token SET rotated_at_ms = ? WHERE id = ?";
    context
        .sql
        .exec(rotated, &[context.now_ms.into(), id.into()])?;
    end_streams_of(context, &listed)?;
    Ok(listed)
}

pub(super) fn set_active(
    context: &Context<'_>,
    id: &str,
    is_active: bool,
) -> Result<ListedToken, ApiError> {
    find(context, id)?;
    TABLE.set_active(context, id, is_active)?;
    let listed = find(context, id)?;
    if !is_active {
        end_streams_of(context, &listed)?;
    }
    Ok(listed)
}

/// Those that are not over, the newest first.
pub(super) fn list(
    context: &Context<'_>,
    range: &Range<i64>,
) -> Result<Slice<ListedToken, i64>, ApiError> {
    let select = "SELECT rowid AS place, * FROM access_token
        WHERE (expires_at_ms IS NULL OR expires_at_ms > ?) AND rowid < ? ORDER BY rowid DESC LIMIT ?";
    let before = range.after.unwrap_or(NEWEST);
    let values = [context.now_ms.into(), before.into(), range.rows().into()];
    let rows = context.sql.exec(select, &values)?;
    let position = |row: &Row| Ok(row.integer("place")?);
    range.fill(&rows, position, |row| read(row).map(Some))
}

/// Ends the streams that a token, or the secret that it had, may have opened.
fn end_streams_of(context: &Context<'_>, token: &ListedToken) -> Result<(), ApiError> {
    let subtree = token.subtree.as_ref();
    end_streams(
        context,
        subtree.map(|subtree| subtree.organization.as_str()),
    )
}

fn find(context: &Context<'_>, id: &str) -> Result<ListedToken, ApiError> {
    read(&TABLE.find(context, id)?)
}

fn read(row: &Row) -> Result<ListedToken, ApiError> {
    let stored = StoredToken::read(row)?;
    let organization = row.optional_text("organization")?;
    let subtree = |(organization, node): (&str, &String)| Subtree {
        organization: organization.to_owned(),
        node: node.clone(),
    };
    Ok(ListedToken {
        subtree: organization.zip(stored.node.as_ref()).map(subtree),
        id: stored.id,
        name: stored.name,
        scopes: stored.scopes,
        active: stored.is_active,
        created_at_ms: stored.created_at_ms,
        expires_at_ms: stored.expires_at_ms,
        last_used_at_ms: stored.seen_at_ms,
    })
}
