//! The schema of an object's database: whether it is there, and how it gets from one version to the next.

use crate::{outbox, problem::ApiError, sql::Sql};

/// Whether an object was born, which is: whether its tables are there. It reads only.
///
/// # Errors
/// When the database fails.
pub fn is_born(sql: &dyn Sql) -> Result<bool, ApiError> {
    let table = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";
    Ok(sql.one(table, &[])?.is_some())
}

/// The version of an object's schema; `None` when it was never born. It reads only.
///
/// # Errors
/// When the database fails.
pub fn version(sql: &dyn Sql) -> Result<Option<i64>, ApiError> {
    if !is_born(sql)? {
        return Ok(None);
    }
    let row = sql.one("SELECT version FROM schema_version", &[])?;
    let row = row.ok_or_else(|| ApiError::internal("the schema has no version"))?;
    Ok(Some(row.integer("version")?))
}

/// Applies what comes after `version`; call it inside a transaction.
/// No semicolon may stand inside a statement of a migration.
///
/// # Errors
/// When a statement fails.
pub fn migrate(sql: &dyn Sql, version: Option<i64>, migrations: &[&str]) -> Result<(), ApiError> {
    if version.is_none() {
        sql.exec(
            "CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT",
            &[],
        )?;
        sql.exec("INSERT INTO schema_version (version) VALUES (0)", &[])?;
        outbox::create(sql)?;
    }
    // A version above ours was written by newer code, which left everything readable for us.
    let applied = usize::try_from(version.unwrap_or(0)).unwrap_or(0);
    let pending = migrations.get(applied..).unwrap_or_default();
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
    let version = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    sql.exec("UPDATE schema_version SET version = ?", &[version.into()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::LocalSql;

    const FIRST: &str = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a (x) VALUES (1)";
    const SECOND: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7";

    #[test]
    fn a_schema_goes_forward_one_version_at_a_time_and_never_back() {
        let sql = LocalSql::open();
        let sql: &dyn Sql = &*sql;
        assert_eq!(version(sql).unwrap(), None);
        migrate(sql, None, &[FIRST]).unwrap();
        assert_eq!(version(sql).unwrap(), Some(1));
        migrate(sql, Some(1), &[FIRST]).unwrap();
        migrate(sql, Some(1), &[FIRST, SECOND]).unwrap();
        assert_eq!(version(sql).unwrap(), Some(2));
        let row = sql.one("SELECT x, y FROM a", &[]).unwrap().unwrap();
        assert_eq!((row.integer("x"), row.integer("y")), (Ok(1), Ok(7)));
        migrate(sql, Some(2), &[FIRST]).unwrap();
        assert_eq!(
            version(sql).unwrap(),
            Some(2),
            "older code leaves newer data as it is"
        );
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_of_itself() {
        let sql = LocalSql::open();
        let sql: &dyn Sql = &*sql;
        let broken = "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO missing (x) VALUES (1)";
        let failed: Result<(), ApiError> = sql.transaction(|| migrate(sql, None, &[broken]));
        assert!(failed.is_err());
        assert_eq!(version(sql).unwrap(), None);
    }
}
