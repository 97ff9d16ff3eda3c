//! The schema of an object's database: whether it is there, and how it gets from one version to the next.

#[cfg(test)]
mod fixtures;

use crate::{audit, idempotency, objects::Object, outbox, problem::ApiError, sql::Sql};

/// Whether an object was born, which is: whether its tables are there. It reads only.
///
/// # Errors
/// When the database fails.
pub fn is_born(sql: &dyn Sql) -> Result<bool, ApiError> {
    if sql.live().has_schema() {
        return Ok(true);
    }
    let table = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";
    Ok(sql.one(table, &[])?.is_some())
}

/// How far an object's schema is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Migrations of what every object has.
    pub base: i64,
    /// Migrations of its own.
    pub own: i64,
}

/// Migrations of what every object has, beside its own; entries are only ever added.
const BASE: &[&str] = &[idempotency::SCHEMA, NAME, LANES];

/// What the object is called. Whoever asks it something says so; its alarm does not, once the object is no longer in memory (<https://github.com/cloudflare/workerd/issues/6850>).
const NAME: &str = "
    CREATE TABLE object_name (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        name TEXT NOT NULL
    ) STRICT;
";

/// What waits in a lane of the outbox, found without looking at all that waits. Who ends much puts much, and each put takes the place of what waits.
const LANES: &str = "
    CREATE INDEX outbox_waiting ON outbox (lane) WHERE lane IS NOT NULL;
";

/// Keeps what the object is called; call it after migrations, in their transaction.
///
/// # Errors
/// When the database fails.
pub fn keep_name(sql: &dyn Sql, name: &str) -> Result<(), ApiError> {
    let select = "SELECT name FROM object_name";
    if sql.one(select, &[])?.is_none() {
        let insert = "INSERT INTO object_name (one, name) VALUES (1, ?)";
        sql.exec(insert, &[name.into()])?;
    }
    Ok(())
}

/// What the object is called, if that was kept.
///
/// # Errors
/// When the database fails.
pub fn kept_name(sql: &dyn Sql) -> Result<Option<String>, ApiError> {
    let table = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'object_name'";
    if sql.one(table, &[])?.is_none() {
        return Ok(None);
    }
    let row = sql.one("SELECT name FROM object_name", &[])?;
    Ok(row
        .map(|row| row.text("name").map(str::to_owned))
        .transpose()?)
}

/// The version of an object's schema; `None` when it was never born. It reads only.
///
/// # Errors
/// When the database fails.
pub fn version(sql: &dyn Sql) -> Result<Option<Version>, ApiError> {
    let select = "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('schema_version', 'base_version')";
    let (own, base) = match sql.exec(select, &[])?.len() {
        0 => return Ok(None),
        // From before there was anything that every object has.
        1 => (read(sql, "schema_version")?, 0),
        _ => (read(sql, "schema_version")?, read(sql, "base_version")?),
    };
    Ok(Some(Version { base, own }))
}

fn read(sql: &dyn Sql, table: &str) -> Result<i64, ApiError> {
    let row = sql.one(&format!("SELECT version FROM {table}"), &[])?;
    let row = row.ok_or_else(|| ApiError::internal("the schema has no version"))?;
    Ok(row.integer("version")?)
}

/// Whether an object was born under older code and has not been brought forward since.
///
/// # Errors
/// When the database fails.
pub fn is_behind<O: Object>(sql: &dyn Sql) -> Result<bool, ApiError> {
    if sql.live().has_schema() {
        return Ok(false);
    }
    Ok(version(sql)?.is_some_and(|version| {
        let base = pending(BASE, version.base);
        !base.is_empty() || !pending(O::MIGRATIONS, version.own).is_empty()
    }))
}

/// Applies what comes after `version`; call it inside a transaction.
///
/// # Errors
/// When a statement fails.
pub fn migrate<O: Object>(sql: &dyn Sql, version: Option<Version>) -> Result<(), ApiError> {
    if version.is_none() {
        begin(sql, "schema_version")?;
        outbox::create(sql)?;
    }
    let version = version.unwrap_or(Version { base: 0, own: 0 });
    let (base, own) = (
        pending(BASE, version.base),
        pending(O::MIGRATIONS, version.own),
    );
    if base.is_empty() && own.is_empty() {
        return Ok(());
    }
    if version.base == 0 {
        begin(sql, "base_version")?;
    }
    if O::IS_AUDITED {
        audit::unwatch(sql)?;
    }
    apply(sql, "base_version", base, BASE.len())?;
    apply(sql, "schema_version", own, O::MIGRATIONS.len())?;
    if O::IS_AUDITED {
        audit::watch(sql)?;
    }
    Ok(())
}

fn begin(sql: &dyn Sql, table: &str) -> Result<(), ApiError> {
    let create = format!("CREATE TABLE {table} (version INTEGER NOT NULL) STRICT");
    sql.exec(&create, &[])?;
    sql.exec(&format!("INSERT INTO {table} (version) VALUES (0)"), &[])?;
    Ok(())
}

/// A version above ours was written by newer code, which left everything readable for us.
fn pending<'a>(migrations: &'a [&'a str], applied: i64) -> &'a [&'a str] {
    let applied = usize::try_from(applied).unwrap_or(0);
    migrations.get(applied..).unwrap_or_default()
}

/// No semicolon may stand inside a statement of a migration.
fn apply(sql: &dyn Sql, table: &str, pending: &[&str], version: usize) -> Result<(), ApiError> {
    if pending.is_empty() {
        return Ok(());
    }
    let statements = pending
        .iter()
        .flat_map(|migration| migration.split(';'))
        .map(str::trim);
    for statement in statements.filter(|statement| !statement.is_empty()) {
        sql.exec(statement, &[])?;
    }
    let version = i64::try_from(version).unwrap_or(i64::MAX);
    sql.exec(
        &format!("UPDATE {table} SET version = ?"),
        &[version.into()],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        objects::{Class, Context, Reply},
        testing::LocalSql,
    };

    const FIRST: &str = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a (x) VALUES (1)";
    const SECOND: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7";
    const BROKEN: &str = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO missing (x) VALUES (1)";

    /// Code of three versions; what else an object has does not matter here.
    macro_rules! object {
        ($name:ident, $migrations:expr) => {
            struct $name;

            impl Object for $name {
                type Command = crate::mailbox::Command;
                const CLASS: Class = Class::Mailbox;
                const MIGRATIONS: &'static [&'static str] = $migrations;

                fn handle(_: &Context<'_>, _: Self::Command) -> Result<Reply, ApiError> {
                    Ok(Reply::done())
                }
            }
        };
    }

    object!(Old, &[FIRST]);
    object!(New, &[FIRST, SECOND]);
    object!(Broken, &[BROKEN]);

    fn own(sql: &dyn Sql) -> Option<i64> {
        version(sql).unwrap().map(|version| version.own)
    }

    #[test]
    fn a_schema_goes_forward_one_version_at_a_time_and_never_back() {
        let sql = LocalSql::open();
        let sql: &dyn Sql = &*sql;
        let now = || version(sql).unwrap();
        assert_eq!(now(), None);
        migrate::<Old>(sql, now()).unwrap();
        assert_eq!(own(sql), Some(1));
        migrate::<Old>(sql, now()).unwrap();
        migrate::<New>(sql, now()).unwrap();
        assert_eq!(own(sql), Some(2));
        let row = sql.one("SELECT x, y FROM a", &[]).unwrap().unwrap();
        assert_eq!((row.integer("x"), row.integer("y")), (Ok(1), Ok(7)));
        migrate::<Old>(sql, now()).unwrap();
        assert_eq!(own(sql), Some(2), "older code leaves newer data as it is");
    }

    #[test]
    fn what_every_object_has_is_added_to_one_from_before() {
        let sql = LocalSql::open();
        let sql: &dyn Sql = &*sql;
        begin(sql, "schema_version").unwrap();
        outbox::create(sql).unwrap();
        apply(sql, "schema_version", &[FIRST], 1).unwrap();
        assert_eq!(version(sql).unwrap(), Some(Version { base: 0, own: 1 }));
        migrate::<Old>(sql, version(sql).unwrap()).unwrap();
        assert_eq!(version(sql).unwrap(), Some(Version { base: 3, own: 1 }));
        sql.exec("SELECT key FROM idempotency", &[]).unwrap();
    }

    #[test]
    fn an_object_keeps_what_it_is_called() {
        let sql = LocalSql::open();
        let sql: &dyn Sql = &*sql;
        assert_eq!(kept_name(sql).unwrap(), None, "never born");
        migrate::<Old>(sql, None).unwrap();
        assert_eq!(kept_name(sql).unwrap(), None);
        keep_name(sql, "org_1").unwrap();
        keep_name(sql, "org_1").unwrap();
        assert_eq!(kept_name(sql).unwrap().as_deref(), Some("org_1"));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_of_itself() {
        let sql = LocalSql::open();
        let sql: &dyn Sql = &*sql;
        let failed: Result<(), ApiError> = sql.transaction(|| migrate::<Broken>(sql, None));
        assert!(failed.is_err());
        assert_eq!(version(sql).unwrap(), None);
    }
}
