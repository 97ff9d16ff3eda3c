//! The log's rows: appended, read, and removed from the front.

use lockstep_wire::{AuditChange, AuditCredential, AuditOutcome, AuditPoint, AuditRow, AuditStart};

use crate::{
    objects::Context,
    problem::ApiError,
    sql::{Row, Value},
};

/// Rows that one sweep removes; the next alarm removes the next ones.
const PRUNED_MAX: i64 = 5_000;
/// Bytes of the changes in all rows that are read at once.
const PART_BYTES_MAX: usize = 4_000_000;
/// Rows that the database is asked for at once, because it cannot tell before how long they are.
const STEP_ROWS: u32 = 64;

const COLUMNS: &str = "SELECT number, at_ms, epoch, principal, credential, credential_id, action, target, outcome, code, count, changes, client, user_agent, hash FROM audit";

/// The last row from the front that is kept no longer, of so many.
/// Denials come into the log up to a minute late, so time does not rise strictly with the number: the first row that is still to be kept ends what is removed.
const EXPIRED: &str = "SELECT number, hash FROM audit
    WHERE number < (SELECT MIN(number) FROM audit) + ?2
    AND number < COALESCE((SELECT number FROM audit WHERE +at_ms > ?1 AND number < (SELECT MIN(number) FROM audit) + ?2
        ORDER BY number LIMIT 1), 9007199254740991)
    ORDER BY number DESC LIMIT 1";
/// More rows than there are.
const ALL_ROWS: i64 = 1 << 52;

/// Adds a row to the end of the chain; it gets its number, epoch and hash here.
pub(super) fn append(context: &Context<'_>, row: AuditRow) -> Result<(), ApiError> {
    let head = head(context)?;
    let epoch = context.sql.one("SELECT epoch FROM organization", &[])?;
    let mut row = AuditRow {
        number: head.number.saturating_add(1),
        epoch: epoch.map_or(Ok(0), |row| row.integer("epoch"))?,
        ..row
    };
    row.hash = row.hash_after(&head.hash);
    let changes = serde_json::to_string(&row.changes)
        .map_err(|error| ApiError::internal(format!("changes cannot be written: {error}")))?;
    let (kind, id) = row.credential.map_or((None, None), |credential| {
        (Some(credential.kind), credential.id)
    });
    let insert = "INSERT INTO audit (number, at_ms, epoch, principal, credential, credential_id, action, target, outcome, code, count, changes, client, user_agent, hash)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let values = [
        row.number.into(),
        row.at_ms.into(),
        row.epoch.into(),
        row.principal.into(),
        kind.into(),
        id.into(),
        row.action.into(),
        row.target.into(),
        row.outcome.as_str().into(),
        row.code.into(),
        row.count.into(),
        changes.into(),
        row.client.into(),
        row.user_agent.into(),
        row.hash.into(),
    ];
    context.sql.exec(insert, &values)?;
    Ok(())
}

/// The last row of the log.
///
/// # Errors
/// A fault.
pub(crate) fn head(context: &Context<'_>) -> Result<AuditPoint, ApiError> {
    let last = "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1";
    match context.sql.one(last, &[])? {
        Some(row) => point(&row),
        None => Ok(start(context)?.checkpoint),
    }
}

/// What the chain stands on: the last row that is kept no longer, whether it is still stored or not.
///
/// # Errors
/// A fault.
pub(crate) fn start(context: &Context<'_>) -> Result<AuditStart, ApiError> {
    let mut last = context
        .sql
        .one("SELECT number, hash FROM audit_checkpoint", &[])?;
    if let Some(until_ms) = super::kept_since_ms(context) {
        let values = [until_ms.into(), ALL_ROWS.into()];
        last = context.sql.one(EXPIRED, &values)?.or(last);
    }
    let checkpoint = match last {
        Some(row) => point(&row)?,
        None => AuditPoint::beginning(context.name),
    };
    Ok(AuditStart {
        organization: context.name.to_owned(),
        checkpoint,
    })
}

fn point(row: &Row) -> Result<AuditPoint, ApiError> {
    Ok(AuditPoint {
        number: row.integer("number")?,
        hash: row.text("hash")?.to_owned(),
    })
}

/// Some rows of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// The rows.
    pub(crate) rows: Vec<AuditRow>,
    /// Whether there are more of what was asked for, which did not fit.
    pub(crate) is_cut: bool,
}

/// Which rows are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Only of this principal.
    pub principal: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Only from this time on, in Unix milliseconds.
    pub from_ms: Option<i64>,
    /// Only before this time.
    pub to_ms: Option<i64>,
}

/// Rows before `number`, the newest first.
///
/// # Errors
/// A fault.
pub(crate) fn before(
    context: &Context<'_>,
    filter: &Filter,
    number: Option<i64>,
    limit: u32,
) -> Result<Part, ApiError> {
    let number = number.map(|number| ("number < ?", number.into()));
    read(context, filter, number, "ORDER BY number DESC", limit)
}

/// Rows after `number`, the oldest first.
///
/// # Errors
/// A fault.
pub(crate) fn after(
    context: &Context<'_>,
    filter: &Filter,
    number: i64,
    limit: u32,
) -> Result<Part, ApiError> {
    let number = Some(("number > ?", number.into()));
    read(context, filter, number, "ORDER BY number", limit)
}

/// So many of the wanted rows as fit: all of them are in memory at once, here and in the Worker.
fn read(
    context: &Context<'_>,
    filter: &Filter,
    number: Option<(&'static str, Value)>,
    order: &str,
    limit: u32,
) -> Result<Part, ApiError> {
    let kept = start(context)?.checkpoint.number;
    let wanted = [
        Some(("number > ?", kept.into())),
        number,
        filter
            .principal
            .as_ref()
            .map(|id| ("principal = ?", id.into())),
        filter
            .action
            .as_ref()
            .map(|action| ("action = ?", action.into())),
        filter.from_ms.map(|at| ("at_ms >= ?", at.into())),
        filter.to_ms.map(|at| ("at_ms < ?", at.into())),
    ];
    let (conditions, values): (Vec<&str>, Vec<Value>) = wanted.into_iter().flatten().unzip();
    let conditions = conditions.join(" AND ");
    let select = format!("{COLUMNS} WHERE {conditions} {order} LIMIT ? OFFSET ?");
    let mut part = Part::default();
    let mut bytes = 0_usize;
    while let Some(left @ 1..) = limit.checked_sub(counted(&part.rows)) {
        let step = left.min(STEP_ROWS);
        let mut values = values.clone();
        values.extend([step.into(), counted(&part.rows).into()]);
        let rows = context.sql.exec(&select, &values)?;
        for row in &rows {
            bytes = bytes.saturating_add(row.text("changes")?.len());
            // One row always fits.
            if bytes > PART_BYTES_MAX && !part.rows.is_empty() {
                part.is_cut = true;
                return Ok(part);
            }
            part.rows.push(read_row(row)?);
        }
        if rows.len() < usize::try_from(step).unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(part)
}

fn counted(rows: &[AuditRow]) -> u32 {
    u32::try_from(rows.len()).unwrap_or(u32::MAX)
}

fn read_row(row: &Row) -> Result<AuditRow, ApiError> {
    let text = |column: &str| Ok::<_, ApiError>(row.optional_text(column)?.map(str::to_owned));
    let changes: Vec<AuditChange> = serde_json::from_slice(row.text("changes")?.as_bytes())
        .map_err(|error| ApiError::internal(format!("changes cannot be read: {error}")))?;
    let id = text("credential_id")?;
    Ok(AuditRow {
        number: row.integer("number")?,
        at_ms: row.integer("at_ms")?,
        epoch: row.integer("epoch")?,
        principal: text("principal")?,
        credential: text("credential")?.map(|kind| AuditCredential { kind, id }),
        action: row.text("action")?.to_owned(),
        target: row.text("target")?.to_owned(),
        outcome: match row.text("outcome")? {
            "done" => AuditOutcome::Done,
            _ => AuditOutcome::Denied,
        },
        code: text("code")?,
        count: row.integer("count")?,
        changes,
        client: text("client")?,
        user_agent: text("user_agent")?,
        hash: row.text("hash")?.to_owned(),
    })
}

/// Removes rows of before `until_ms` from the front of the log; what the rest stands on stays.
pub(super) fn prune(context: &Context<'_>, until_ms: i64) -> Result<(), ApiError> {
    let values = [until_ms.into(), PRUNED_MAX.into()];
    let Some(row) = context.sql.one(EXPIRED, &values)? else {
        return Ok(());
    };
    let AuditPoint { number, hash } = point(&row)?;
    let keep = "INSERT INTO audit_checkpoint (one, number, hash) VALUES (1, ?, ?)
        ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash";
    context.sql.exec(keep, &[number.into(), hash.into()])?;
    let gone = "DELETE FROM audit WHERE number <= ?";
    context.sql.exec(gone, &[number.into()])?;
    Ok(())
}
