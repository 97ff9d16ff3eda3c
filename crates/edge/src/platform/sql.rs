//! The SQLite storage of a Durable Object behind [`Sql`].

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use js_sys::{Array, JsString};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::State;

use crate::sql::{Live, Outcome, Row, Sql, SqlError, Value};

// The worker crate binds no `transactionSync`, without which an `Err` undoes nothing, and reads rows one
// by one where they may come at once.
#[wasm_bindgen]
extern "C" {
    type Storage;
    type Statements;
    type Cursor;
    type RawRows;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &Storage,
        body: &mut dyn FnMut() -> Result<JsValue, JsValue>,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn sql(this: &Storage) -> Statements;

    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &Statements, statement: &JsString, values: &Array) -> Result<Cursor, JsValue>;

    #[wasm_bindgen(method, getter, js_name = columnNames)]
    fn column_names(this: &Cursor) -> Array;

    #[wasm_bindgen(method, catch)]
    fn raw(this: &Cursor) -> Result<RawRows, JsValue>;

    #[wasm_bindgen(method, catch, js_name = toArray)]
    fn to_array(this: &RawRows) -> Result<Array, JsValue>;
}

/// Statements that are remembered: more than there are, so that one made of what somebody sends could fill no memory.
const STATEMENTS_MAX: usize = 1_024;

thread_local! {
    /// The statements of all objects of the isolate, by their text.
    static STATEMENTS: RefCell<HashMap<Box<str>, Statement>> = RefCell::default();
}

/// A statement as the runtime has it, so that neither its text nor the names of its columns cross each time.
#[derive(Clone)]
struct Statement {
    text: JsString,
    columns: Option<Rc<Vec<String>>>,
}

impl Statement {
    fn of(text: &str) -> Self {
        let known = STATEMENTS.with_borrow(|known| known.get(text).cloned());
        known.unwrap_or_else(|| Self {
            text: text.into(),
            columns: None,
        })
    }

    /// The columns of its rows, in their order; none when it gives no rows.
    fn columns(self, text: &str, cursor: &Cursor) -> Result<Rc<Vec<String>>, SqlError> {
        if let Some(columns) = self.columns {
            return Ok(columns);
        }
        let names = cursor.column_names();
        let names: Option<Vec<String>> = names.iter().map(|name| name.as_string()).collect();
        let columns = Rc::new(names.ok_or_else(unreadable)?);
        // What `*` stands for, a migration changes, and not in all objects at once.
        if !text.replace("(*)", "").contains('*') {
            STATEMENTS.with_borrow_mut(|known| {
                if known.len() < STATEMENTS_MAX {
                    let columns = Some(columns.clone());
                    known.insert(text.into(), Self { columns, ..self });
                }
            });
        }
        Ok(columns)
    }
}

pub(super) struct ObjectSql {
    storage: Storage,
    statements: Statements,
    live: Live,
}

impl ObjectSql {
    pub(super) fn new(state: &State) -> Self {
        let storage = state.storage();
        let raw: &JsValue = storage.as_raw().as_ref();
        let storage: Storage = raw.clone().unchecked_into();
        Self {
            statements: storage.sql(),
            storage,
            live: Live::default(),
        }
    }
}

impl Sql for ObjectSql {
    fn exec(&self, statement: &str, values: &[Value]) -> Result<Vec<Row>, SqlError> {
        self.live.note(statement);
        let parameters = Array::new();
        for value in values {
            parameters.push(&to_runtime(value)?);
        }
        let known = Statement::of(statement);
        let cursor = self.statements.exec(&known.text, &parameters);
        let cursor = cursor.map_err(failed)?;
        let columns = known.columns(statement, &cursor)?;
        if columns.is_empty() {
            return Ok(Vec::new());
        }
        let rows = cursor.raw().and_then(|rows| rows.to_array());
        let read = |row: JsValue| {
            let values = row.unchecked_ref::<Array>().iter();
            let values = values.map(|value| from_runtime(&value));
            Ok(Row::new(columns.clone(), values.collect::<Result<_, _>>()?))
        };
        rows.map_err(failed)?.iter().map(read).collect()
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
            Err(error) => Err(failed(error)),
        }
    }

    fn live(&self) -> &Live {
        &self.live
    }
}

fn to_runtime(value: &Value) -> Result<JsValue, SqlError> {
    value.check()?;
    Ok(match value {
        Value::Null => JsValue::NULL,
        Value::Integer(integer) => number(*integer),
        Value::Text(text) => JsValue::from_str(text),
    })
}

#[expect(
    clippy::as_conversions,
    reason = "`Value::check` has seen that it has 53 bits at most"
)]
fn number(integer: i64) -> JsValue {
    JsValue::from_f64(integer as f64)
}

fn from_runtime(value: &JsValue) -> Result<Value, SqlError> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::Text(text));
    }
    let number = value.as_f64().ok_or_else(unreadable)?;
    let value = Value::Integer(whole(number).ok_or_else(unreadable)?);
    value.check()?;
    Ok(value)
}

#[expect(
    clippy::as_conversions,
    reason = "only whole numbers; what is out of range saturates, and is refused by `Value::check`"
)]
fn whole(number: f64) -> Option<i64> {
    (number.trunc() == number).then_some(number as i64)
}

fn unreadable() -> SqlError {
    SqlError::Failed("a column is neither text nor an integer".to_owned())
}

fn failed(error: JsValue) -> SqlError {
    let error: &js_sys::Error = error.unchecked_ref();
    SqlError::Failed(String::from(error.message()))
}
