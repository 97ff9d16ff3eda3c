//! Files written as TOML: errors with line and column, and what would be right.

use std::fmt;
use std::ops::Range;

use lockstep_core::{PolicyErrorKind, Step, WorldError};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::nesting::{self, Unreadable};
use crate::{CompiledPolicy, PolicyDocument, WorldDocument};

/// Why a file cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// Where it is wrong.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
    /// What would be right, where that can be told.
    pub help: Option<String>,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        self.help
            .as_ref()
            .map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for SourceError {}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl Place {
    /// The place behind `before`.
    #[must_use]
    pub fn behind(before: &str) -> Self {
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line: before.matches('\n').count().saturating_add(1),
            column: last_line.chars().count().saturating_add(1),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Compiles the policy written as TOML in `text`.
///
/// # Errors
/// The first place where the text is not TOML, not a policy document, or a wrong one.
pub fn compile_toml(text: &str) -> Result<CompiledPolicy, SourceError> {
    let document: PolicyDocument = read(text, nesting::check_policy)?;
    CompiledPolicy::new(document).map_err(|error| SourceError {
        place: Places::new(text).of(&error.path),
        message: error.kind.to_string(),
        help: help(&error.kind),
    })
}

/// Reads the world written as TOML in `text`.
///
/// # Errors
/// The first place where the text is not TOML, or not a world.
pub fn read_world(text: &str) -> Result<WorldDocument, SourceError> {
    read(text, nesting::check_world)
}

/// Where in its `text` a world contradicts itself.
#[must_use]
pub fn locate_in_world(text: &str, error: &WorldError) -> SourceError {
    SourceError {
        place: Places::new(text).of(&error.path),
        message: error.kind.to_string(),
        help: None,
    }
}

/// Reads a document that `check` finds worth reading.
fn read<T: DeserializeOwned>(
    text: &str,
    check: impl FnOnce(&str) -> Result<(), Unreadable>,
) -> Result<T, SourceError> {
    check(text).map_err(|error| at(text, error.at, error.message))?;
    toml::from_str(text).map_err(|error| {
        let start = error.span().unwrap_or_default().start;
        at(text, start, error.message().trim().replace('\n', "; "))
    })
}

fn at(text: &str, start: usize, message: String) -> SourceError {
    SourceError {
        place: Place::behind(text.get(..start).unwrap_or(text)),
        message,
        help: None,
    }
}

/// Where the values of a TOML text lie.
#[derive(Debug)]
pub struct Places<'a> {
    text: &'a str,
    table: Option<Spanned<DeTable<'a>>>,
}

impl<'a> Places<'a> {
    /// Those of `text`, which was read before.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            table: DeTable::parse(text).ok(),
        }
    }

    /// Where the value lies that `path` leads to, or else the last value on the way that exists.
    #[must_use]
    pub fn of(&self, path: &[Step]) -> Place {
        let table = self.table.as_ref().map(Spanned::get_ref);
        let start = table
            .and_then(|table| locate(table, path))
            .unwrap_or_default()
            .start;
        Place::behind(self.text.get(..start).unwrap_or(self.text))
    }
}

fn locate(table: &DeTable<'_>, path: &[Step]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let Step::Key(key) = first else { return None };
    let mut found = table.get(key.as_str())?;
    for step in rest {
        let next = match (step, found.get_ref()) {
            (Step::Key(key), DeValue::Table(table)) => table.get(key.as_str()),
            (Step::Index(index), DeValue::Array(array)) => array.get(*index),
            _ => None,
        };
        match next {
            Some(next) => found = next,
            None => break,
        }
    }
    Some(found.span())
}

fn help(kind: &PolicyErrorKind) -> Option<String> {
    match kind {
        PolicyErrorKind::CreatorNotAdmin(_) => {
            Some("give creators a role that is, or mark this one".into())
        }
        PolicyErrorKind::NoAdminRole => Some("add `admin = true` to a role".into()),
        PolicyErrorKind::Unknown { noun, name, known } => Some(nearest(noun, name, known)),
        PolicyErrorKind::NoCondition => Some("use `allow` for roles that need none".into()),
        _ => None,
    }
}

/// What to say to somebody who wrote `name`, which is none of `known`.
fn nearest(noun: &str, name: &str, known: &[String]) -> String {
    let nearest = known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match nearest {
        Some((_, nearest)) => format!("did you mean `{nearest}`?"),
        None if known.is_empty() => format!("no {noun} is defined"),
        None => format!("known: {}", known.join(", ")),
    }
}
