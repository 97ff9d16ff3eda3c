//! The SQLite storage of a Durable Object behind [`Sql`].

use std::{cell::Cell, rc::Rc};

use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{Error, SqlStorage, SqlStorageValue, State};

use crate::sql::{Outcome, Row, Sql, SqlError, Value};

// The worker crate binds no `transactionSync`, and without it an `Err` undoes nothing.
#[wasm_bindgen]
extern "C" {
    type TransactionalStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &TransactionalStorage,
        body: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;
}

pub(super) struct ObjectSql {
    storage: TransactionalStorage,
    sql: SqlStorage,
    has_written: Cell<bool>,
}

impl ObjectSql {
    pub(super) fn new(state: &State) -> Self {
        let storage = state.storage();
        let raw: &JsValue = storage.as_raw().as_ref();
        Self {
            storage: raw.clone().unchecked_into(),
            sql: storage.sql(),
            has_written: Cell::new(false),
        }
    }

    /// Whether anything but a SELECT ran since the last call.
    pub(super) fn take_written(&self) -> bool {
        self.has_written.replace(false)
    }
}

impl Sql for ObjectSql {
    fn exec(&self, statement: &str, values: &[Value]) -> Result<Vec<Row>, SqlError> {
        if !statement.trim_start().starts_with("SELECT") {
            self.has_written.set(true);
        }
        let values = values
            .iter()
            .map(to_runtime)
            .collect::<Result<Vec<_>, _>>()?;
        let cursor = self.sql.exec(statement, values).map_err(failed)?;
        let columns = Rc::new(cursor.column_names());
        let read = |row: Result<Vec<SqlStorageValue>, Error>| {
            let values = row.map_err(failed)?.into_iter().map(from_runtime);
            Ok(Row::new(columns.clone(), values.collect::<Result<_, _>>()?))
        };
        cursor.raw().map(read).collect()
    }

    fn run_transaction(&self, body: &mut dyn FnMut() -> Outcome) -> Result<(), SqlError> {
        let mut is_rolled_back = false;
        let result = self.storage.transaction_sync(&mut || match body() {
            Outcome::Commit => Ok(JsValue::UNDEFINED),
            Outcome::RollBack => {
                is_rolled_back = true;
                Err(JsValue::from_str("rolled back"))
            }
        });
        match result {
            Ok(_) => Ok(()),
            Err(_) if is_rolled_back => Ok(()),
            Err(error) => Err(failed(error.into())),
        }
    }
}

fn to_runtime(value: &Value) -> Result<SqlStorageValue, SqlError> {
    value.check()?;
    Ok(match value {
        Value::Null => SqlStorageValue::Null,
        Value::Integer(integer) => SqlStorageValue::Integer(*integer),
        Value::Text(text) => SqlStorageValue::String(text.clone()),
    })
}

fn from_runtime(value: SqlStorageValue) -> Result<Value, SqlError> {
    match value {
        SqlStorageValue::Null => Ok(Value::Null),
        SqlStorageValue::Integer(integer) => Ok(Value::Integer(integer)),
        SqlStorageValue::String(text) => Ok(Value::Text(text)),
        SqlStorageValue::Boolean(_) | SqlStorageValue::Float(_) | SqlStorageValue::Blob(_) => Err(
            SqlError::Failed("a column is neither text nor an integer".to_owned()),
        ),
    }
}

fn failed(error: Error) -> SqlError {
    SqlError::Failed(error.to_string())
}
