//! Invitations and links that are over: kept for a while, so that who has kept the secret of one is told what became of it, and then removed.

use crate::{audit, objects::Context, problem::ApiError};

/// How long they are kept, in milliseconds: 90 days.
const KEPT_MS: i64 = 7_776_000_000;
/// How many of each kind a sweep looks at, those that were made first.
const LOOKED_AT_MAX: u32 = 200;
/// Each kind: those that were made first, and when they ended. What waits beyond its time has not ended: it may be sent again.
const KINDS: [(&str, &str); 4] = [
    (
        "invitation",
        "SELECT id, COALESCE(acted_at_ms, created_at_ms) AS ended_at_ms FROM invitation WHERE state = 'accepted' ORDER BY rowid LIMIT ?",
    ),
    (
        "invitation",
        "SELECT id, COALESCE(acted_at_ms, created_at_ms) AS ended_at_ms FROM invitation WHERE state = 'canceled' ORDER BY rowid LIMIT ?",
    ),
    (
        "invitation",
        "SELECT id, COALESCE(acted_at_ms, created_at_ms) AS ended_at_ms FROM invitation WHERE state = 'declined' ORDER BY rowid LIMIT ?",
    ),
    (
        "invitation_link",
        "SELECT id, MIN(COALESCE(revoked_at_ms, expires_at_ms), expires_at_ms) AS ended_at_ms FROM invitation_link ORDER BY rowid LIMIT ?",
    ),
];

/// When the first of them has been kept long enough, in Unix milliseconds. Of each kind only the one that was made first is looked at, because this is asked after every change: those that ended before it wait for it, or for the next alarm.
pub(in crate::organization) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let mut first = None;
    for (_, select) in KINDS {
        if let Some(row) = context.sql.one(select, &[1_u32.into()])? {
            let at_ms = row.integer("ended_at_ms")?.saturating_add(KEPT_MS);
            first = Some(first.map_or(at_ms, |first: i64| first.min(at_ms)));
        }
    }
    Ok(first)
}

/// Removes those that were kept long enough, with what they offered.
pub(in crate::organization) fn prune(context: &Context<'_>) -> Result<(), ApiError> {
    let mut has_removed = false;
    let over_ms = context.now_ms.saturating_sub(KEPT_MS);
    for (table, select) in KINDS {
        // Alarms follow every change: what stays is not read out of the database.
        let over = format!("SELECT id FROM ({select}) WHERE ended_at_ms <= ?");
        for row in context
            .sql
            .exec(&over, &[LOOKED_AT_MAX.into(), over_ms.into()])?
        {
            for offered in ["invitation_grant", "invitation_group", "invitation_project"] {
                let remove = format!("DELETE FROM {offered} WHERE invitation = ?");
                context.sql.exec(&remove, &[row.text("id")?.into()])?;
            }
            let remove = format!("DELETE FROM {table} WHERE id = ?");
            context.sql.exec(&remove, &[row.text("id")?.into()])?;
            has_removed = true;
        }
    }
    if has_removed {
        audit::passed(context.sql)?;
    }
    Ok(())
}
