//! Sessions and the check of every credential of this user.

use serde::{Deserialize, Serialize};

use crate::{
    objects::Context,
    problem::{ApiError, Code},
};

/// How long a session lives from its beginning, however much it is used, in milliseconds.
const SESSION_MS: i64 = 2_592_000_000;
/// Sessions of one user; the oldest ends when another begins.
const SESSIONS_MAX: i64 = 50;
/// "Last seen" is written at most this often, in milliseconds, so that reading stays reading.
const SEEN_MS: i64 = 3_600_000;

/// A credential as the object sees it: which table, and the secret's hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presented {
    /// A personal access token.
    PersonalAccessToken {
        /// The secret's hash.
        hash: String,
    },
    /// A session cookie.
    Session {
        /// The secret's hash.
        hash: String,
    },
}

/// Who a valid credential stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticated {
    /// The verified address, if there is one.
    pub address: Option<String>,
}

/// Opens a session, and makes the user when there is none.
pub(super) fn open_session(
    context: &Context<'_>,
    address: &str,
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
    let open = "INSERT INTO session (hash, created_at_ms, seen_at_ms, expires_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let expires_at_ms = now_ms.saturating_add(SESSION_MS);
    context.sql.exec(
        open,
        &[
            hash.into(),
            now_ms.into(),
            now_ms.into(),
            expires_at_ms.into(),
        ],
    )?;
    let oldest = "DELETE FROM session WHERE hash NOT IN (SELECT hash FROM session ORDER BY created_at_ms DESC, rowid DESC LIMIT ?)";
    context.sql.exec(oldest, &[SESSIONS_MAX.into()])?;
    Ok(())
}

/// Makes the user of a JWT known. Identity is (issuer, subject): another pair under this id is a fault.
pub(super) fn recognize(
    context: &Context<'_>,
    issuer: &str,
    subject: &str,
    address: Option<String>,
) -> Result<Authenticated, ApiError> {
    let known = "SELECT issuer, subject, address FROM birth";
    let Some(row) = context.sql.one(known, &[])? else {
        let birth = "INSERT INTO birth (one, user, address, issuer, subject, created_at_ms) VALUES (1, ?, ?, ?, ?, ?)";
        let values = [
            context.name.into(),
            address.clone().into(),
            issuer.into(),
            subject.into(),
            context.now_ms.into(),
        ];
        context.sql.exec(birth, &values)?;
        return Ok(Authenticated { address });
    };
    if row.optional_text("issuer")? != Some(issuer)
        || row.optional_text("subject")? != Some(subject)
    {
        return Err(ApiError::internal(
            "a user id belongs to another issuer and subject",
        ));
    }
    // The issuer speaks for now: an address it no longer vouches for is gone.
    if row.optional_text("address")? != address.as_deref() {
        context
            .sql
            .exec("UPDATE birth SET address = ?", &[address.clone().into()])?;
    }
    Ok(Authenticated { address })
}

/// Checks a credential.
pub(super) fn authenticate(
    context: &Context<'_>,
    presented: &Presented,
) -> Result<Authenticated, ApiError> {
    let now_ms = context.now_ms;
    let (live, seen, hash) = match presented {
        Presented::PersonalAccessToken { hash } => (
            "SELECT COALESCE(seen_at_ms, 0) AS seen_at_ms FROM token WHERE hash = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)",
            "UPDATE token SET seen_at_ms = ? WHERE hash = ?",
            hash,
        ),
        Presented::Session { hash } => (
            "SELECT seen_at_ms FROM session WHERE hash = ? AND expires_at_ms > ?",
            "UPDATE session SET seen_at_ms = ? WHERE hash = ?",
            hash,
        ),
    };
    let Some(row) = context.sql.one(live, &[hash.into(), now_ms.into()])? else {
        return Err(refused());
    };
    if row.integer("seen_at_ms")?.saturating_add(SEEN_MS) <= now_ms {
        context.sql.exec(seen, &[now_ms.into(), hash.into()])?;
    }
    Ok(Authenticated {
        address: verified_address(context)?,
    })
}

/// One sentence for every credential that is not valid, whatever is wrong with it.
pub(crate) fn refused() -> ApiError {
    ApiError::new(
        Code::Unauthenticated,
        "The credential is not valid, or no longer.",
    )
}

fn verified_address(context: &Context<'_>) -> Result<Option<String>, ApiError> {
    let birth = context.sql.one("SELECT address FROM birth", &[])?;
    let birth = birth.ok_or_else(ApiError::not_found)?;
    Ok(birth.optional_text("address")?.map(str::to_owned))
}
