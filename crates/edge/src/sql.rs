//! SQLite as the objects see it: a small synchronous trait.
//!
//! In workerd it is the Durable Object's own storage (`platform::sql`); native tests run the same statements on rusqlite.
//! Values are text and integers only: booleans are 0 and 1, bytes are lower-case hex text, because the other conversions of the runtime's binding lose or refuse values.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    fmt,
    rc::Rc,
};

use crate::problem::ApiError;

/// The largest integer that survives the way through a JavaScript number.
const INTEGER_MAX: i64 = 9_007_199_254_740_991;

/// A parameter or a result column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// An integer of at most 53 bits.
    Integer(i64),
    /// Text.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Value {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// Refuses integers that the runtime would round without a word.
    ///
    /// # Errors
    /// For an integer of more than 53 bits.
    pub fn check(&self) -> Result<(), SqlError> {
        match self {
            Self::Integer(integer) if integer.unsigned_abs() > INTEGER_MAX.unsigned_abs() => {
                Err(SqlError::OutOfRange)
            }
            _ => Ok(()),
        }
    }
}

/// One result row; columns are read by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    columns: Rc<Vec<String>>,
    values: Vec<Value>,
}

impl Row {
    /// A row whose values stand in the order of `columns`.
    #[must_use]
    pub fn new(columns: Rc<Vec<String>>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// A text column.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn text(&self, column: &str) -> Result<&str, SqlError> {
        self.optional_text(column)?
            .ok_or_else(|| SqlError::column(column))
    }

    /// A text column that may be NULL.
    ///
    /// # Errors
    /// When there is no such column, or it holds an integer.
    pub fn optional_text(&self, column: &str) -> Result<Option<&str>, SqlError> {
        match self.value(column)? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            Value::Integer(_) => Err(SqlError::column(column)),
        }
    }

    /// An integer column.
    ///
    /// # Errors
    /// When there is no such column, or it holds something else.
    pub fn integer(&self, column: &str) -> Result<i64, SqlError> {
        self.optional_integer(column)?
            .ok_or_else(|| SqlError::column(column))
    }

    /// An integer column that may be NULL.
    ///
    /// # Errors
    /// When there is no such column, or it holds text.
    pub fn optional_integer(&self, column: &str) -> Result<Option<i64>, SqlError> {
        match self.value(column)? {
            Value::Integer(integer) => Ok(Some(*integer)),
            Value::Null => Ok(None),
            Value::Text(_) => Err(SqlError::column(column)),
        }
    }

    fn value(&self, column: &str) -> Result<&Value, SqlError> {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| self.values.get(at))
            .ok_or_else(|| SqlError::column(column))
    }
}

/// One object's database.
pub trait Sql {
    /// Runs one statement with positional `?` parameters (at most 100) and collects its rows.
    ///
    /// # Errors
    /// When the statement fails, for example on a constraint.
    fn exec(&self, statement: &str, values: &[Value]) -> Result<Vec<Row>, SqlError>;

    /// Runs `body` in a transaction that is rolled back when it says so; transactions nest.
    /// Callers use the typed [`transaction`](#method.transaction) instead.
    ///
    /// # Errors
    /// When the transaction cannot be started or committed.
    fn run_transaction(&self, body: &mut dyn FnMut() -> Outcome) -> Result<(), SqlError>;

    /// What the live object knows of this database beside it. Who runs a statement [notes](Live::note) it there first.
    fn live(&self) -> &Live;
}

/// Answers that are remembered, so that they fill no memory.
const ANSWERS_MAX: usize = 1_000;
/// How long one is, in milliseconds: an object that has been replaced and does not know it learns so from its database.
const ANSWER_MS: i64 = 1_000;

/// What an object knows of its database while it lives: it is the only one that has this database, so nobody else changes it.
#[derive(Debug, Default)]
pub struct Live {
    has_schema: Cell<bool>,
    has_written: Cell<bool>,
    /// What questions were answered since something was last written, and when, by their text.
    answers: RefCell<HashMap<Box<str>, (i64, String)>>,
}

impl Live {
    /// Whether a command was committed under our schema.
    #[must_use]
    pub fn has_schema(&self) -> bool {
        self.has_schema.get()
    }

    /// A command was committed under our schema.
    pub fn know_schema(&self) {
        self.has_schema.set(true);
    }

    /// As if the object had just been woken.
    pub fn forget(&self) {
        self.has_schema.set(false);
        self.answers.borrow_mut().clear();
    }

    /// A statement is about to run.
    pub fn note(&self, statement: &str) {
        if !statement.trim_start().starts_with("SELECT") {
            self.has_written.set(true);
            self.answers.borrow_mut().clear();
        }
    }

    /// Whether anything but a SELECT ran since this was last asked.
    pub fn take_written(&self) -> bool {
        self.has_written.replace(false)
    }

    /// What a question was answered not long ago, if nothing was written since.
    #[must_use]
    pub fn answer(&self, question: &str, now_ms: i64) -> Option<String> {
        let answers = self.answers.borrow();
        let (at_ms, answer) = answers.get(question)?;
        let age_ms = now_ms.saturating_sub(*at_ms);
        (0..ANSWER_MS).contains(&age_ms).then(|| answer.clone())
    }

    /// Remembers an answer that rows alone have led to; when full, forgets the others.
    pub fn remember(&self, question: &str, answer: &str, now_ms: i64) {
        let mut answers = self.answers.borrow_mut();
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(question.into(), (now_ms, answer.to_owned()));
    }
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Keep what was written.
    Commit,
    /// Undo everything that `body` wrote.
    RollBack,
}

impl dyn Sql + '_ {
    /// Runs `body` in a transaction: `Err` undoes everything it wrote.
    ///
    /// # Errors
    /// What `body` failed with, or the database's own failure.
    pub fn transaction<T, E: From<SqlError>>(
        &self,
        body: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let mut body = Some(body);
        let mut result = None;
        let ended = self.run_transaction(&mut || {
            // INVARIANT: the platform calls this once; a second call finds nothing to run and undoes.
            let Some(body) = body.take() else {
                return Outcome::RollBack;
            };
            let outcome = body();
            let ending = if outcome.is_ok() {
                Outcome::Commit
            } else {
                Outcome::RollBack
            };
            result = Some(outcome);
            ending
        });
        match (result, ended) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(fault)) => Err(fault.into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => {
                Err(SqlError::Failed("the transaction did not run".to_owned()).into())
            }
        }
    }

    /// The row of a statement that gives none or one.
    ///
    /// # Errors
    /// When the statement fails or gives several rows.
    pub fn one(&self, statement: &str, values: &[Value]) -> Result<Option<Row>, SqlError> {
        let mut rows = self.exec(statement, values)?;
        let row = rows.pop();
        if rows.is_empty() {
            Ok(row)
        } else {
            Err(SqlError::SeveralRows)
        }
    }
}

/// A database fault. Refusals of ours are not faults: they are read from rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlError {
    /// A result column is missing or of another type.
    Column {
        /// The column's name.
        name: String,
    },
    /// The statement failed; the text is SQLite's.
    Failed(String),
    /// An integer above 53 bits.
    OutOfRange,
    /// More than one row where at most one is possible.
    SeveralRows,
}

impl SqlError {
    fn column(name: &str) -> Self {
        Self::Column {
            name: name.to_owned(),
        }
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { name } => write!(f, "column `{name}` is missing or of another type"),
            Self::Failed(text) => write!(f, "statement failed: {text}"),
            Self::OutOfRange => f.write_str("integer does not fit in 53 bits"),
            Self::SeveralRows => f.write_str("several rows where at most one is possible"),
        }
    }
}

impl std::error::Error for SqlError {}

impl From<SqlError> for ApiError {
    fn from(error: SqlError) -> Self {
        let text = error.to_string();
        // The runtime gives all databases of a process a common limit, and others may be what fills it.
        if text.contains("SQLITE_NOMEM") {
            Self::unavailable(text)
        } else {
            Self::internal(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    #[test]
    fn a_database_without_memory_is_one_to_ask_again() {
        let code = |text: &str| ApiError::from(SqlError::Failed(text.into())).code();
        assert_eq!(code("out of memory: SQLITE_NOMEM"), Code::Unavailable);
        assert_eq!(code("no such table: x: SQLITE_ERROR"), Code::Internal);
    }
}
