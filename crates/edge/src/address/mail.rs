//! How many mails organizations send to this address, whatever they say and whoever sends them.

use crate::{objects::Context, problem::ApiError};

/// How long a mail counts, in milliseconds: 24 hours.
const LIMIT_MS: i64 = 86_400_000;
/// Mails of all organizations within [`LIMIT_MS`]. It is above what one of them may send, so that none uses it up alone.
const MAILS_MAX: i64 = 20;

/// Whether a mail may be sent. Asked again, as for another try, it is the same mail and counts once.
pub(super) fn count(context: &Context<'_>, message: &str) -> Result<bool, ApiError> {
    sweep(context)?;
    let known = "SELECT message FROM invitation_mail WHERE message = ?";
    if context.sql.one(known, &[message.into()])?.is_some() {
        return Ok(true);
    }
    let insert = "INSERT INTO invitation_mail (message, at_ms) SELECT ?, ?
        WHERE (SELECT COUNT(*) FROM invitation_mail) < ? RETURNING message";
    let values = [message.into(), context.now_ms.into(), MAILS_MAX.into()];
    Ok(context.sql.one(insert, &values)?.is_some())
}

pub(super) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let select = "SELECT MIN(at_ms) AS oldest FROM invitation_mail";
    let oldest = context.sql.one(select, &[])?;
    let oldest = oldest.map_or(Ok(None), |row| row.optional_integer("oldest"))?;
    Ok(oldest.map(|at_ms| at_ms.saturating_add(LIMIT_MS)))
}

pub(super) fn sweep(context: &Context<'_>) -> Result<(), ApiError> {
    let over = "DELETE FROM invitation_mail WHERE at_ms <= ?";
    let over_ms = context.now_ms.saturating_sub(LIMIT_MS);
    context.sql.exec(over, &[over_ms.into()])?;
    Ok(())
}
