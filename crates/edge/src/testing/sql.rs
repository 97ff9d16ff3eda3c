//! rusqlite behind [`Sql`].

use std::{cell::Cell, rc::Rc};

use rusqlite::{Connection, StatementStatus, limits::Limit, types::ValueRef};

use crate::sql::{Live, Outcome, Row, Sql, SqlError, Value};

/// What the runtime lets a statement be, as its source has it (workerd, `SqliteDatabase::setupSecurity`).
const LIMITS: [(Limit, i32); 7] = [
    (Limit::SQLITE_LIMIT_LENGTH, 2_200_000),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
];

/// SQLite in memory behind [`Sql`].
pub(crate) struct LocalSql {
    connection: Connection,
    depth: Cell<u32>,
    live: Live,
    work: Cell<Work>,
}

/// What statements have cost, in figures without noise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Steps of SQLite's machine.
    pub(crate) steps: u64,
    /// Rows that were handed over.
    pub(crate) rows: u64,
}

impl LocalSql {
    pub(crate) fn open() -> Rc<Self> {
        let connection = Connection::open_in_memory().unwrap();
        for (limit, value) in LIMITS {
            connection.set_limit(limit, value).unwrap();
        }
        // More than an object has: parsing them took a third of a test run.
        connection.set_prepared_statement_cache_capacity(256);
        Rc::new(Self {
            connection,
            depth: Cell::new(0),
            live: Live::default(),
            work: Cell::default(),
        })
    }

    /// What statements have cost since it was last taken.
    pub(crate) fn take_work(&self) -> Work {
        self.work.take()
    }

    /// Every row of every table, in their order.
    pub(crate) fn dump(&self) -> String {
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
        let mut dump = String::new();
        for table in Sql::exec(self, tables, &[]).unwrap() {
            let name = table.text("name").unwrap();
            let rows = Sql::exec(self, &format!("SELECT * FROM {name}"), &[]).unwrap();
            dump.push_str(&format!("{name} {rows:?}\n"));
        }
        dump
    }

    /// How many rows were ever inserted, changed or deleted.
    pub(crate) fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    fn batch(&self, statement: &str) -> Result<(), SqlError> {
        self.connection.execute_batch(statement).map_err(failed)
    }
}

impl Sql for LocalSql {
    fn exec(&self, statement: &str, values: &[Value]) -> Result<Vec<Row>, SqlError> {
        values.iter().try_for_each(Value::check)?;
        // What such a statement removes, no trigger sees, and so no audit log.
        assert!(
            !statement.to_uppercase().contains("REPLACE INTO")
                && !statement.to_uppercase().contains("OR REPLACE")
        );
        self.live.note(statement);
        let mut prepared = self.connection.prepare_cached(statement).map_err(failed)?;
        let columns: Rc<Vec<String>> = Rc::new(
            prepared
                .column_names()
                .into_iter()
                .map(str::to_owned)
                .collect(),
        );
        let mut rows = prepared
            .query(rusqlite::params_from_iter(values.iter().map(
                |value| match value {
                    Value::Null => rusqlite::types::Value::Null,
                    Value::Integer(integer) => rusqlite::types::Value::Integer(*integer),
                    Value::Text(text) => rusqlite::types::Value::Text(text.clone()),
                },
            )))
            .map_err(failed)?;
        let mut read = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let values = (0..columns.len()).map(|at| match row.get_ref(at).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(integer) => Value::Integer(integer),
                ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
                other => panic!("column of type {other:?}"),
            });
            read.push(Row::new(columns.clone(), values.collect()));
        }
        drop(rows);
        let Work { steps, rows } = self.work.get();
        let stepped = prepared.reset_status(StatementStatus::VmStep);
        self.work.set(Work {
            steps: steps + u64::try_from(stepped).unwrap(),
            rows: rows + u64::try_from(read.len()).unwrap(),
        });
        Ok(read)
    }

    fn run_transaction(&self, body: &mut dyn FnMut() -> Outcome) -> Result<(), SqlError> {
        let depth = self.depth.get();
        self.batch(&format!("SAVEPOINT s{depth}"))?;
        self.depth.set(depth + 1);
        let outcome = body();
        self.depth.set(depth);
        if outcome == Outcome::RollBack {
            self.batch(&format!("ROLLBACK TO s{depth}"))?;
        }
        self.batch(&format!("RELEASE s{depth}"))
    }

    fn live(&self) -> &Live {
        &self.live
    }
}

fn failed(error: rusqlite::Error) -> SqlError {
    SqlError::Failed(error.to_string())
}
