//! How many mails an organization sends, whatever they say: to one address, by one member, from one client, and in all.

use super::acting::{Acting, Change};
use crate::{
    mail::Mail,
    objects::Context,
    outbox::{self, Delivery},
    problem::ApiError,
};

/// How long a mail counts against the limits, in milliseconds: 24 hours.
const LIMIT_MS: i64 = 86_400_000;
/// Mails within [`LIMIT_MS`] to one address, by one member, from one client, and in all.
const MAILS_MAX: [(&str, i64); 4] = [
    ("address = ?", 5),
    ("inviter = ?", 200),
    ("client = ?", 300),
    ("at_ms > ?", 500),
];

/// In how many seconds the next mail may be sent, where it is one too many now, whatever became of the ones before it.
pub(super) fn wait_s(acting: &Acting<'_>, address: &str) -> Result<Option<u32>, ApiError> {
    let from_ms = acting.now_ms().saturating_sub(LIMIT_MS);
    let values = [
        address.into(),
        acting.principal().into(),
        acting.client().into(),
        from_ms.into(),
    ];
    for ((condition, mails_max), value) in MAILS_MAX.into_iter().zip(values) {
        let select = format!(
            "SELECT COUNT(*) AS count, COALESCE(MIN(at_ms), 0) AS oldest FROM invitation_mail WHERE {condition} AND at_ms > ?"
        );
        let row = acting.row(&select, &[value, from_ms.into()])?;
        let Some(row) = row.filter(|row| row.integer("count").is_ok_and(|sent| sent >= mails_max))
        else {
            continue;
        };
        let wait_ms = row.integer("oldest")?.saturating_sub(from_ms);
        let wait_s = u32::try_from(wait_ms / 1_000).unwrap_or(0);
        return Ok(Some(wait_s.saturating_add(1)));
    }
    Ok(None)
}

/// Sends a mail that [`wait_s`] lets through, and counts it.
pub(super) fn send(change: &Change<'_>, mail: Mail, lane: &str) -> Result<(), ApiError> {
    let acting = change.acting;
    prune(change.context())?;
    let count = "INSERT INTO invitation_mail (at_ms, address, inviter, client) VALUES (?, ?, ?, ?)";
    let values = [
        acting.now_ms().into(),
        mail.to().into(),
        acting.principal().into(),
        acting.client().into(),
    ];
    change.exec(count, &values)?;
    let context = change.context();
    let now_ms = context.now_ms;
    outbox::replace(context.sql, now_ms, lane, &Delivery::mail(mail, now_ms))
}

/// When the oldest mail that is counted no longer counts, in Unix milliseconds.
pub(super) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let oldest = "SELECT MIN(at_ms) AS oldest FROM invitation_mail";
    let row = context.sql.one(oldest, &[])?;
    let oldest = row.map_or(Ok(None), |row| row.optional_integer("oldest"))?;
    Ok(oldest.map(|at_ms| at_ms.saturating_add(LIMIT_MS)))
}

/// Forgets to whom mails were sent that no longer count.
pub(super) fn prune(context: &Context<'_>) -> Result<(), ApiError> {
    let over_ms = context.now_ms.saturating_sub(LIMIT_MS);
    let over = "DELETE FROM invitation_mail WHERE at_ms <= ?";
    context.sql.exec(over, &[over_ms.into()])?;
    Ok(())
}

/// Where the mail of an invitation waits: the newest one has the link that counts.
pub(super) fn of_invitation(invitation: &str) -> String {
    format!("mail/{invitation}")
}

/// Where what is mailed to a member about their membership waits: the newest one says what counts.
pub(super) fn of_member(user: &str) -> String {
    format!("mail/{user}")
}
