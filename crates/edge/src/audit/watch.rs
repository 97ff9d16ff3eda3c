//! Triggers that note every change of an object's rows.

use lockstep_wire::{AuditChange, AuditFields, AuditValue};

use crate::{
    problem::ApiError,
    sql::{Row, Sql},
};

/// Tables that follow from others or from the passing of time.
const UNWATCHED: [&str; 15] = [
    "audit",
    "audit_change",
    "audit_checkpoint",
    "audit_denial",
    "base_version",
    "former_address",
    "idempotency",
    "invitation_mail",
    "object_name",
    "outbox",
    "outbox_lane",
    "published",
    "schema_version",
    "webhook_delivery",
    "webhook_event",
];
/// Columns that follow from others: a change of nothing else is none.
const UNWATCHED_COLUMNS: [&str; 12] = [
    "epoch",
    "failing_since_ms",
    "issuers_epoch",
    "nodes_epoch",
    "one",
    "position",
    "proven_until_ms",
    "roles_epoch",
    "roles_sent",
    "seen_at_ms",
    "settings_epoch",
    "used_at_ms",
];
/// What the name of a column has in it that holds what nobody is to read, not even as a hash.
const SECRETS: [&str; 7] = [
    "cipher", "digest", "hash", "nonce", "password", "sealed", "secret",
];
/// Columns in one `json_object`; SQLite's functions take at most 127 arguments.
const COLUMNS_MAX: usize = 60;

/// Notes every change of every table from now on; call it after migrations.
///
/// # Errors
/// When the database fails.
pub(crate) fn watch(sql: &dyn Sql) -> Result<(), ApiError> {
    for table in tables(sql)? {
        let columns = columns(sql, &table)?;
        if columns.is_empty() {
            continue;
        }
        let (old, new) = (object("OLD", &columns), object("NEW", &columns));
        let differs: Vec<String> = columns
            .iter()
            .map(|column| format!("OLD.{column} IS NOT NEW.{column}"))
            .collect();
        let differs = differs.join(" OR ");
        let note = |event: &str, condition: &str, before: &str, after: &str| {
            format!(
                "CREATE TRIGGER audit_{table}_{event} AFTER {event} ON {table} {condition} BEGIN \
                 INSERT INTO audit_change (noun, before, after) VALUES ('{table}', {before}, {after}); END"
            )
        };
        sql.exec(&note("INSERT", "", "NULL", &new), &[])?;
        sql.exec(&note("UPDATE", &format!("WHEN {differs}"), &old, &new), &[])?;
        sql.exec(&note("DELETE", "", &old, "NULL"), &[])?;
    }
    Ok(())
}

/// Forgets what was noted of rows that time has removed: the log has had their end since they ended, and what they said is to be gone.
///
/// # Errors
/// A fault.
pub(crate) fn passed(sql: &dyn Sql) -> Result<(), ApiError> {
    sql.exec("DELETE FROM audit_change", &[])?;
    Ok(())
}

/// Removes the triggers; call it before migrations, which may drop what they name.
///
/// # Errors
/// When the database fails.
pub(crate) fn unwatch(sql: &dyn Sql) -> Result<(), ApiError> {
    let select =
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit~_%' ESCAPE '~'";
    for row in sql.exec(select, &[])? {
        sql.exec(&format!("DROP TRIGGER {}", row.text("name")?), &[])?;
    }
    Ok(())
}

/// Notes what no row of a table says.
///
/// # Errors
/// When the database fails.
pub(crate) fn note(sql: &dyn Sql, noun: &str, after: AuditFields) -> Result<(), ApiError> {
    let after = serde_json::to_string(&[after])
        .map_err(|error| ApiError::internal(format!("a note cannot be written: {error}")))?;
    let insert = "INSERT INTO audit_change (noun, after) VALUES (?, ?)";
    sql.exec(insert, &[noun.into(), after.into()])?;
    Ok(())
}

/// What was noted since it was last taken.
///
/// # Errors
/// When the database fails.
pub(super) fn take(sql: &dyn Sql) -> Result<Vec<AuditChange>, ApiError> {
    let noted = sql.exec(
        "SELECT noun, before, after FROM audit_change ORDER BY seq",
        &[],
    )?;
    if noted.is_empty() {
        return Ok(Vec::new());
    }
    sql.exec("DELETE FROM audit_change", &[])?;
    let mut changes = Vec::new();
    for row in &noted {
        let mut change = AuditChange {
            of: row.text("noun")?.to_owned(),
            before: fields(row, "before")?,
            after: fields(row, "after")?,
        };
        narrow(&mut change);
        add(&mut changes, change);
    }
    Ok(changes)
}

/// Of what stayed, keeps what identifies the thing.
fn narrow(change: &mut AuditChange) {
    let (Some(AuditFields(before)), Some(AuditFields(after))) =
        (&mut change.before, &mut change.after)
    else {
        return;
    };
    let is_id = |name: &str| matches!(name, "id" | "node" | "user");
    let differs = |name: &String, value: &AuditValue, other: &AuditFields| {
        is_id(name) || other.0.get(name) != Some(value)
    };
    let old = AuditFields(before.clone());
    before.retain(|name, value| differs(name, value, &AuditFields(after.clone())));
    after.retain(|name, value| differs(name, value, &old));
}

/// What was taken away and put back with another value is one change.
fn add(changes: &mut Vec<AuditChange>, change: AuditChange) {
    let removed = changes
        .last_mut()
        .filter(|last| last.of == change.of && last.after.is_none() && change.before.is_none());
    let Some(last) = removed else {
        return changes.push(change);
    };
    match differences(last.before.as_ref(), change.after.as_ref()) {
        Some(0) => {
            changes.pop();
        }
        Some(1) => {
            last.after = change.after;
            narrow(last);
        }
        _ => changes.push(change),
    }
}

/// How many members differ; `None` for things of another shape.
fn differences(one: Option<&AuditFields>, other: Option<&AuditFields>) -> Option<usize> {
    let (AuditFields(one), AuditFields(other)) = (one?, other?);
    let is_same_shape = one.len() == other.len() && one.keys().all(|name| other.contains_key(name));
    let differing = one
        .iter()
        .filter(|(name, value)| other.get(*name) != Some(value));
    is_same_shape.then(|| differing.count())
}

/// What a trigger wrote: a list of objects, which are one thing together.
fn fields(row: &Row, column: &str) -> Result<Option<AuditFields>, ApiError> {
    let Some(text) = row.optional_text(column)? else {
        return Ok(None);
    };
    let parts: Vec<AuditFields> = serde_json::from_slice(text.as_bytes())
        .map_err(|error| ApiError::internal(format!("a noted change cannot be read: {error}")))?;
    let all = parts.into_iter().flat_map(|AuditFields(part)| part);
    Ok(Some(AuditFields(all.collect())))
}

/// The tables that are watched. Names are our own migrations', so they need no quotes.
fn tables(sql: &dyn Sql) -> Result<Vec<String>, ApiError> {
    let select = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT LIKE '~_cf%' ESCAPE '~' ORDER BY name";
    let mut tables = Vec::new();
    for row in sql.exec(select, &[])? {
        let name = row.text("name")?;
        if !UNWATCHED.contains(&name) {
            tables.push(name.to_owned());
        }
    }
    Ok(tables)
}

fn columns(sql: &dyn Sql, table: &str) -> Result<Vec<String>, ApiError> {
    let select = "SELECT name FROM pragma_table_info(?) ORDER BY cid";
    let mut columns = Vec::new();
    for row in sql.exec(select, &[table.into()])? {
        let name = row.text("name")?;
        let is_secret = SECRETS.iter().any(|secret| name.contains(secret));
        if !is_secret && !UNWATCHED_COLUMNS.contains(&name) {
            columns.push(name.to_owned());
        }
    }
    Ok(columns)
}

fn object(row: &str, columns: &[String]) -> String {
    let parts = columns.chunks(COLUMNS_MAX).map(|columns| {
        let members: Vec<String> = columns
            .iter()
            .map(|column| format!("'{column}', {row}.{column}"))
            .collect();
        format!("json_object({})", members.join(", "))
    });
    format!("json_array({})", parts.collect::<Vec<_>>().join(", "))
}
