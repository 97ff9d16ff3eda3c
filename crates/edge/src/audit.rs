//! The audit log that an object keeps of itself: every change of its rows, and every refusal of one.
//!
//! No command writes it, so none can forget to: triggers of the database note each row that is inserted, updated or deleted (`watch`), and [`crate::objects::run`] turns what they noted into rows of the log before the transaction ends.
//! State, log, outbox and epoch are one transaction; a change that cannot be logged does not happen.
//!
//! - A refusal undoes what its command wrote, so it is logged in a transaction of its own, after it: one row for each principal, action and minute, with a count. The count lives beside the chain (`deny`) and enters it as one row when its minute is over (`settle`), so a row of the chain never changes.
//! - What was read is logged where that is worth it, by the one who answered: one row for each principal, credential, thing and minute, without what it was.
//! - Secrets are stored nowhere in clear; columns that hold hashes, nonces or sealed values are left out of the log besides.
//! - Rows are removed after `LOCKSTEP_AUDIT_DAYS`, the oldest first; number and hash of the last one stay as the checkpoint that the chain stands on.

mod about;
mod log;
mod watch;

use lockstep_wire::{AuditChange, AuditCredential, AuditFields, AuditOutcome, AuditRow};

pub use about::About;
pub use log::Filter;
pub(crate) use log::{Part, after, before, head, start};
pub(crate) use watch::{note, passed, unwatch, watch};

use crate::{objects::Context, problem::ApiError, provenance::Provenance};

/// Changes in one row of the log; a command that changes more has several rows.
const CHANGES_MAX: usize = 100;
/// Bytes of the changes in one row, unless it has one change only: a row of the database has at most 2 MB, and a page of the log is in memory at once.
pub(crate) const CHANGES_BYTES_MAX: usize = 100_000;
/// A minute, in milliseconds: how long denials are counted together.
const MINUTE_MS: i64 = 60_000;
/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// The tables.
pub const SCHEMA: &str = "
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        principal TEXT,
        credential TEXT,
        credential_id TEXT,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        outcome TEXT NOT NULL,
        code TEXT,
        count INTEGER NOT NULL,
        changes TEXT NOT NULL,
        client TEXT,
        user_agent TEXT,
        hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_principal ON audit (principal);
    CREATE INDEX audit_action ON audit (action);
    CREATE INDEX audit_at_ms ON audit (at_ms);
    CREATE TABLE audit_change (
        seq INTEGER PRIMARY KEY,
        noun TEXT NOT NULL,
        before TEXT,
        after TEXT
    ) STRICT;
    CREATE TABLE audit_denial (
        minute INTEGER NOT NULL,
        principal TEXT NOT NULL,
        action TEXT NOT NULL,
        target TEXT NOT NULL,
        code TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        count INTEGER NOT NULL,
        credential TEXT,
        credential_id TEXT,
        client TEXT,
        user_agent TEXT,
        PRIMARY KEY (minute, principal, action)
    ) STRICT;
    CREATE TABLE audit_checkpoint (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        number INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
";

/// Writes down what the command changed; call it inside its transaction, after everything else. Answers whether it was anything.
///
/// # Errors
/// A fault; nothing is written then.
pub(crate) fn seal(context: &Context<'_>, about: &About) -> Result<bool, ApiError> {
    let changes = watch::take(context.sql)?;
    if changes.is_empty() {
        return Ok(false);
    }
    settle(context)?;
    for part in parts(changes)? {
        let row = AuditRow {
            changes: part,
            ..row(context, about)
        };
        log::append(context, row)?;
    }
    Ok(true)
}

/// Changes as rows of the log have them.
fn parts(changes: Vec<AuditChange>) -> Result<Vec<Vec<AuditChange>>, ApiError> {
    let mut parts: Vec<Vec<AuditChange>> = Vec::new();
    let mut bytes: usize = 0;
    for change in changes {
        let written = serde_json::to_vec(&change)
            .map_err(|error| ApiError::internal(format!("change cannot be written: {error}")))?;
        // Its comma, too.
        bytes = bytes.saturating_add(written.len()).saturating_add(1);
        let fits = |part: &&mut Vec<_>| part.len() < CHANGES_MAX && bytes < CHANGES_BYTES_MAX;
        match parts.last_mut().filter(fits) {
            Some(part) => part.push(change),
            None => {
                bytes = written.len();
                parts.push(vec![change]);
            }
        }
    }
    Ok(parts)
}

/// What changed before this command and was not written down, because code of another version did it.
///
/// # Errors
/// A fault.
pub(crate) fn seal_unknown(context: &Context<'_>) -> Result<(), ApiError> {
    let own_doing = Provenance::default();
    let context = Context {
        provenance: &own_doing,
        basis: crate::objects::Basis::default(),
        ..*context
    };
    seal(&context, &About::named("unknown")).map(|_| ())
}

/// Writes down what an object could not deliver.
///
/// # Errors
/// A fault; nothing is written then.
pub(crate) fn undelivered(
    context: &Context<'_>,
    noun: &str,
    fields: AuditFields,
) -> Result<(), ApiError> {
    note(context.sql, noun, fields)?;
    delivered(context)
}

/// Writes down what delivering has changed.
///
/// # Errors
/// A fault; nothing is written then.
pub(crate) fn delivered(context: &Context<'_>) -> Result<(), ApiError> {
    seal(context, &About::named("deliver")).map(|_| ())
}

/// Writes down that something was read: one row for each principal, credential, thing and minute, however often.
///
/// # Errors
/// A fault.
pub(crate) fn read(context: &Context<'_>, about: &About) -> Result<(), ApiError> {
    settle(context)?;
    let row = row(context, about);
    // Only rows of this minute are looked at; the other columns are to be no reason to take another index.
    let earlier = "SELECT number FROM audit WHERE at_ms >= ? AND at_ms < ? AND +action = ? AND target = ? AND outcome = 'done'
        AND +principal IS ? AND credential IS ? AND credential_id IS ? LIMIT 1";
    let credential = row.credential.clone();
    let (kind, id) = credential.map_or((None, None), |known| (Some(known.kind), known.id));
    let from_ms = minute(context.now_ms).saturating_mul(MINUTE_MS);
    let values = [
        from_ms.into(),
        from_ms.saturating_add(MINUTE_MS).into(),
        (&row.action).into(),
        (&row.target).into(),
        row.principal.clone().into(),
        kind.into(),
        id.into(),
    ];
    if context.sql.one(earlier, &values)?.is_some() {
        return Ok(());
    }
    log::append(context, row)
}

/// Counts a refusal.
///
/// # Errors
/// A fault.
pub(crate) fn deny(context: &Context<'_>, about: &About, error: &ApiError) -> Result<(), ApiError> {
    let row = row(context, about);
    let count = "INSERT INTO audit_denial (minute, principal, action, target, code, at_ms, count, credential, credential_id, client, user_agent)
        VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?) ON CONFLICT (minute, principal, action) DO UPDATE SET count = count + 1";
    let credential = row.credential.as_ref();
    let values = [
        minute(context.now_ms).into(),
        row.principal.as_deref().unwrap_or_default().into(),
        row.action.into(),
        row.target.into(),
        error.code().as_str().into(),
        context.now_ms.into(),
        credential.map(|credential| credential.kind.clone()).into(),
        credential
            .and_then(|credential| credential.id.clone())
            .into(),
        row.client.into(),
        row.user_agent.into(),
    ];
    context.sql.exec(count, &values)?;
    Ok(())
}

/// Puts denials whose minute is over into the chain.
///
/// # Errors
/// A fault.
pub(crate) fn settle(context: &Context<'_>) -> Result<(), ApiError> {
    let over = [minute(context.now_ms).into()];
    let select = "SELECT principal, action, target, code, at_ms, count, credential, credential_id, client, user_agent
        FROM audit_denial WHERE minute < ? ORDER BY at_ms, principal, action";
    let denied = context.sql.exec(select, &over)?;
    if denied.is_empty() {
        return Ok(());
    }
    for row in denied {
        let principal = row.text("principal")?;
        let credential = row.optional_text("credential")?;
        let id = row.optional_text("credential_id")?;
        let denial = AuditRow {
            number: 0,
            at_ms: row.integer("at_ms")?,
            epoch: 0,
            principal: (!principal.is_empty()).then(|| principal.to_owned()),
            credential: credential.map(|kind| AuditCredential {
                kind: kind.to_owned(),
                id: id.map(str::to_owned),
            }),
            action: row.text("action")?.to_owned(),
            target: row.text("target")?.to_owned(),
            outcome: AuditOutcome::Denied,
            code: Some(row.text("code")?.to_owned()),
            count: row.integer("count")?,
            changes: Vec::new(),
            client: row.optional_text("client")?.map(str::to_owned),
            user_agent: row.optional_text("user_agent")?.map(str::to_owned),
            hash: String::new(),
        };
        log::append(context, denial)?;
    }
    context
        .sql
        .exec("DELETE FROM audit_denial WHERE minute < ?", &over)?;
    Ok(())
}

/// When a minute of denials is over, or the oldest row has been kept long enough.
///
/// # Errors
/// A fault.
pub(crate) fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let first = "SELECT (SELECT MIN(minute) FROM audit_denial) AS minute, (SELECT at_ms FROM audit ORDER BY number LIMIT 1) AS oldest";
    let Some(row) = context.sql.one(first, &[])? else {
        return Ok(None);
    };
    let minute = row.optional_integer("minute")?;
    let over = minute.map(|minute| minute.saturating_add(1).saturating_mul(MINUTE_MS));
    let kept_ms = kept_ms(context);
    let oldest = row.optional_integer("oldest")?;
    let expired = oldest
        .zip(kept_ms)
        .map(|(at, kept)| at.saturating_add(kept));
    Ok(over.into_iter().chain(expired).min())
}

/// Settles denials, and removes what has been kept long enough.
///
/// # Errors
/// A fault.
pub(crate) fn sweep(context: &Context<'_>) -> Result<(), ApiError> {
    seal(context, &About::named("expire"))?;
    bring_up_to_date(context)
}

/// Settles denials, and removes what has been kept long enough, or the first part of it: who reads the log does so, too, because an object to which nobody writes has no alarm that would.
///
/// # Errors
/// A fault.
pub(crate) fn bring_up_to_date(context: &Context<'_>) -> Result<(), ApiError> {
    settle(context)?;
    match kept_since_ms(context) {
        Some(until_ms) => log::prune(context, until_ms),
        None => Ok(()),
    }
}

/// Rows of this time and earlier are kept no longer.
fn kept_since_ms(context: &Context<'_>) -> Option<i64> {
    Some(context.now_ms.saturating_sub(kept_ms(context)?))
}

/// How long rows are kept, in milliseconds; for ever, when absent.
fn kept_ms(context: &Context<'_>) -> Option<i64> {
    let days = context.config.audit_days?;
    Some(i64::from(days).saturating_mul(DAY_MS))
}

const fn minute(now_ms: i64) -> i64 {
    now_ms.div_euclid(MINUTE_MS)
}

/// A row for something that was done just now, without what changed.
fn row(context: &Context<'_>, about: &About) -> AuditRow {
    let provenance = context.provenance;
    AuditRow {
        number: 0,
        at_ms: context.now_ms,
        epoch: 0,
        principal: provenance.principal.clone(),
        credential: provenance.credential.clone().map(|kind| AuditCredential {
            kind,
            id: provenance.credential_id.clone(),
        }),
        action: about.action().to_owned(),
        target: about.target().unwrap_or(context.name).to_owned(),
        outcome: AuditOutcome::Done,
        code: None,
        count: 1,
        changes: Vec::new(),
        client: provenance.client.clone(),
        user_agent: provenance.user_agent.clone(),
        hash: String::new(),
    }
}
