//! Sign-in codes: asked for, and used up.

use super::{Asked, Taken};
use crate::{
    keys::hex,
    mail::{Mail, sign_in_code},
    objects::Context,
    outbox::{self, Delivery},
    problem::{ApiError, Code},
};

/// How long a code is good, in milliseconds.
const CODE_MS: i64 = 600_000;
/// How often a code may be tried.
const TRIES_MAX: i64 = 5;
/// How long an unused code counts against the limits, in milliseconds.
const LIMIT_MS: i64 = 3_600_000;
/// Unused codes of one client for this address within [`LIMIT_MS`].
const CODES_PER_CLIENT_MAX: i64 = 5;
/// Unused codes of all clients for this address within [`LIMIT_MS`].
/// It is above the limit of one client, so that nobody locks an address for others from one place. From many places they do, but not for a browser in which the address was proven before.
const CODES_MAX: i64 = 20;
/// The same for browsers in which the address was proven before: as many again are theirs, also of who had the address once.
const PROVEN_CODES_MAX: i64 = 40;

/// Makes a code and puts its mail into the outbox.
pub(super) fn ask(
    context: &Context<'_>,
    address: String,
    browser: &str,
    client: &str,
    has_proven: bool,
) -> Result<Asked, ApiError> {
    let now_ms = context.now_ms;
    sweep(context)?;
    if let Some(oldest_ms) = oldest_in_the_way(context, client, has_proven)? {
        let wait_ms = oldest_ms.saturating_add(LIMIT_MS).saturating_sub(now_ms);
        let wait_s = u32::try_from(wait_ms / 1_000)
            .unwrap_or(0)
            .saturating_add(1);
        let detail = "Too many codes were sent to this address. Use one of them, or wait.";
        return Err(ApiError::new(Code::TooManyRequests, detail).with_retry_after_s(wait_s));
    }
    let nonce = hex(&context.random.bytes::<16>()?);
    let expires_at_ms = now_ms.saturating_add(CODE_MS);
    let insert = "INSERT INTO code (browser, client, nonce, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)";
    let values = [
        browser.into(),
        client.into(),
        nonce.as_str().into(),
        now_ms.into(),
        expires_at_ms.into(),
    ];
    context.sql.exec(insert, &values)?;
    let mail = Mail::SignInCode {
        to: address,
        name: context.name.to_owned(),
        nonce,
        expires_at_ms,
    };
    outbox::enqueue(context.sql, now_ms, &Delivery::mail(mail, now_ms))?;
    Ok(Asked { expires_at_ms })
}

/// When the code was made whose end makes room for another one; `None` when there is room.
fn oldest_in_the_way(
    context: &Context<'_>,
    client: &str,
    has_proven: bool,
) -> Result<Option<i64>, ApiError> {
    // The one with which the limit is reached, counted from the newest.
    let select = "SELECT created_at_ms FROM code WHERE client = ?1 OR ?1 IS NULL ORDER BY created_at_ms DESC LIMIT 1 OFFSET ?2";
    let codes_max = if has_proven {
        PROVEN_CODES_MAX
    } else {
        CODES_MAX
    };
    let mut latest = None;
    for (of_client, codes_max) in [(Some(client), CODES_PER_CLIENT_MAX), (None, codes_max)] {
        let before = codes_max.saturating_sub(1);
        if let Some(row) = context
            .sql
            .one(select, &[of_client.into(), before.into()])?
        {
            latest = latest.max(Some(row.integer("created_at_ms")?));
        }
    }
    Ok(latest)
}

/// Uses up a code. Only codes that the same browser asked for are looked at, so nobody can spend another's tries.
pub(super) fn take(
    context: &Context<'_>,
    browser: &str,
    code: &str,
    fresh_user: &str,
) -> Result<Taken, ApiError> {
    let live = "SELECT id, nonce FROM code WHERE browser = ? AND expires_at_ms > ? AND tries < ?";
    let rows = context.sql.exec(
        live,
        &[browser.into(), context.now_ms.into(), TRIES_MAX.into()],
    )?;
    for row in rows {
        if sign_in_code(&context.config.keys, context.name, row.text("nonce")?) != code {
            continue;
        }
        // Single use is this statement: whoever deletes the row has used the code.
        let used = "DELETE FROM code WHERE id = ? RETURNING id";
        if context
            .sql
            .exec(used, &[row.integer("id")?.into()])?
            .is_empty()
        {
            continue;
        }
        context
            .sql
            .exec("DELETE FROM code WHERE browser = ?", &[browser.into()])?;
        return Ok(Taken::Proven {
            user: owner(context, fresh_user)?,
        });
    }
    let tried = "UPDATE code SET tries = tries + 1 WHERE browser = ? AND expires_at_ms > ?";
    context
        .sql
        .exec(tried, &[browser.into(), context.now_ms.into()])?;
    Ok(Taken::Refused)
}

/// The user who owns the address: the first one who proved it, for ever.
fn owner(context: &Context<'_>, fresh_user: &str) -> Result<String, ApiError> {
    let first =
        "INSERT INTO owner (one, user, proven_at_ms) VALUES (1, ?, ?) ON CONFLICT DO NOTHING";
    context
        .sql
        .exec(first, &[fresh_user.into(), context.now_ms.into()])?;
    let owner = context.sql.one("SELECT user FROM owner", &[])?;
    let owner =
        owner.ok_or_else(|| ApiError::internal("an address has no owner after its proof"))?;
    Ok(owner.text("user")?.to_owned())
}

pub(super) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let oldest = context
        .sql
        .one("SELECT MIN(created_at_ms) AS oldest FROM code", &[])?;
    let oldest = oldest.map_or(Ok(None), |row| row.optional_integer("oldest"))?;
    Ok(oldest.map(|at| at.saturating_add(LIMIT_MS)))
}

pub(super) fn sweep(context: &Context<'_>) -> Result<(), ApiError> {
    let gone_ms = context.now_ms.saturating_sub(LIMIT_MS);
    context.sql.exec(
        "DELETE FROM code WHERE created_at_ms <= ?",
        &[gone_ms.into()],
    )?;
    Ok(())
}
