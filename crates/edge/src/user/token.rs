//! Personal access tokens: named secrets of one user. Only the hash is stored.

use serde::{Deserialize, Serialize};

use crate::{
    objects::Context,
    problem::{ApiError, Code},
    sql::Row,
};

/// Tokens of one user.
const TOKENS_MAX: i64 = 50;

/// All tokens, the newest first. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenList {
    /// One entry each.
    pub tokens: Vec<ListedToken>,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedToken {
    /// Its id.
    pub id: String,
    /// The name that its user gave it.
    pub name: String,
    /// When it was made, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When it expires, in Unix milliseconds; never, when absent.
    pub expires_at_ms: Option<i64>,
}

pub(super) fn create(
    context: &Context<'_>,
    id: String,
    hash: &str,
    name: String,
    expires_in_s: Option<i64>,
) -> Result<ListedToken, ApiError> {
    let created_at_ms = context.now_ms;
    let expires_at_ms =
        expires_in_s.map(|life_s| created_at_ms.saturating_add(life_s.saturating_mul(1_000)));
    let expired = "DELETE FROM token WHERE expires_at_ms <= ?";
    context.sql.exec(expired, &[created_at_ms.into()])?;
    let insert = "INSERT INTO token (id, hash, name, created_at_ms, expires_at_ms)
        SELECT ?, ?, ?, ?, ? WHERE (SELECT COUNT(*) FROM token) < ? RETURNING id";
    let values = [
        id.as_str().into(),
        hash.into(),
        name.as_str().into(),
        created_at_ms.into(),
        expires_at_ms.into(),
        TOKENS_MAX.into(),
    ];
    if context.sql.exec(insert, &values)?.is_empty() {
        let detail = format!("You have {TOKENS_MAX} personal access tokens. Delete one first.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    Ok(ListedToken {
        id,
        name,
        created_at_ms,
        expires_at_ms,
    })
}

pub(super) fn delete(context: &Context<'_>, id: &str) -> Result<(), ApiError> {
    let gone = context
        .sql
        .exec("DELETE FROM token WHERE id = ? RETURNING id", &[id.into()])?;
    if gone.is_empty() {
        Err(ApiError::not_found())
    } else {
        Ok(())
    }
}

pub(super) fn list(context: &Context<'_>) -> Result<TokenList, ApiError> {
    let select = "SELECT id, name, created_at_ms, expires_at_ms FROM token
        WHERE expires_at_ms IS NULL OR expires_at_ms > ? ORDER BY created_at_ms DESC, id";
    let rows = context.sql.exec(select, &[context.now_ms.into()])?;
    let read = |row: &Row| {
        Ok(ListedToken {
            id: row.text("id")?.to_owned(),
            name: row.text("name")?.to_owned(),
            created_at_ms: row.integer("created_at_ms")?,
            expires_at_ms: row.optional_integer("expires_at_ms")?,
        })
    };
    Ok(TokenList {
        tokens: rows.iter().map(read).collect::<Result<_, ApiError>>()?,
    })
}
