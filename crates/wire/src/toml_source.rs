//! Files written as TOML: errors with line and column, and what would be right.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use lockstep_core::{Policy, PolicyErrorKind, Step, WorldError, WorldErrorKind, limits};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::nesting::{self, Unreadable};
use crate::suggestion::suggestion;
use crate::toml_value::{Value, ValueError};
use crate::{CompiledPolicy, PolicyDocument, Scalar, WorldDocument};

/// Characters of a name that a message quotes.
const NAME_CHARS_MAX: usize = 200;

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
    /// The place behind `before`. An editor does not count a byte order mark.
    #[must_use]
    pub fn behind(before: &str) -> Self {
        Self { line: 1, column: 1 }.after(before)
    }

    /// The place behind `text`, which begins here.
    fn after(self, text: &str) -> Self {
        let lines = text.matches('\n').count();
        let last_line = text.rsplit('\n').next().unwrap_or_default();
        let first_column = if lines == 0 { self.column } else { 1 };
        Self {
            line: self.line.saturating_add(lines),
            column: first_column
                .saturating_add(last_line.trim_start_matches('\u{FEFF}').chars().count()),
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
        message: shown(&error.kind.to_string()),
        help: help(&error.kind),
    })
}

/// Reads the world written as TOML in `text`.
///
/// # Errors
/// The first place where the text is not TOML, or not a world.
pub fn read_world(text: &str) -> Result<WorldDocument, SourceError> {
    let world: WorldDocument = read(text, nesting::check_world)?;
    // Before anything is made of them: each rule is compared with all others.
    for (list, len, limit) in [
        ("roles", world.roles.len(), limits::CUSTOM_ROLES_MAX),
        ("rules", world.rules.len(), limits::RULES_MAX),
    ] {
        if len > limit {
            return Err(SourceError {
                place: Places::new(text).of(&[list.into()]),
                message: PolicyErrorKind::TooMany { limit }.to_string(),
                help: None,
            });
        }
    }
    if let Some(path) = inexact(&world) {
        return Err(SourceError {
            place: Places::new(text).of(&path),
            message: "a fact is a whole number of more than 53 bits".into(),
            help: None,
        });
    }
    let roles = world.roles.iter().map(|role| role.id.as_str());
    let rules = world.rules.iter().map(|rule| rule.id.as_str());
    let twice = twice("roles", roles).or_else(|| twice("rules", rules));
    match twice {
        None => Ok(world),
        Some((path, id)) => Err(SourceError {
            place: Places::new(text).of(&path),
            message: shown(&PolicyErrorKind::Duplicate(id.into()).to_string()),
            help: None,
        }),
    }
}

/// Where somebody has a property that a page would take for its neighbour.
fn inexact(world: &WorldDocument) -> Option<Vec<Step>> {
    let mut principals = world.principals.iter().enumerate();
    principals.find_map(|(at, principal)| {
        let is_inexact =
            |value: &Scalar| matches!(value, Scalar::Integer(number) if !limits::is_exact(*number));
        let mut properties = principal.properties.iter();
        let (name, _) = properties.find(|(_, value)| is_inexact(value))?;
        let name = Step::Key(name.clone());
        Some(vec![
            "principals".into(),
            at.into(),
            "properties".into(),
            name,
        ])
    })
}

/// The first id that is in `list` again, and where: only one of the two would count.
fn twice<'a>(list: &str, ids: impl Iterator<Item = &'a str>) -> Option<(Vec<Step>, &'a str)> {
    let mut known = BTreeSet::new();
    let (at, id) = ids.enumerate().find(|(_, id)| !known.insert(*id))?;
    Some((vec![list.into(), at.into(), "id".into()], id))
}

/// Where `world`, which was read from `text`, contradicts itself or `policy`, and what would be right.
#[must_use]
pub fn locate_in_world(
    text: &str,
    world: &WorldDocument,
    policy: &Policy,
    error: &WorldError,
) -> SourceError {
    let help = match &error.kind {
        WorldErrorKind::Unknown { noun, name } => {
            let known = world.names(noun, policy);
            Some(suggestion(noun, name, &known))
        }
        _ => None,
    };
    SourceError {
        place: Places::new(text).of(&error.path),
        message: shown(&error.kind.to_string()),
        help,
    }
}

/// Reads a document that `check` finds worth reading.
fn read<T: DeserializeOwned>(
    text: &str,
    check: impl FnOnce(&str) -> Result<(), Unreadable>,
) -> Result<T, SourceError> {
    check(text).map_err(|error| at(text, error.at, &error.message))?;
    let table = DeTable::parse(text).map_err(ValueError::from);
    let document = table.and_then(|table| T::deserialize(Value::root(table)));
    document.map_err(|error| {
        let start = error.span.unwrap_or_default().start;
        let message = error.message.trim().replace('\n', "; ");
        let wanted = message.split_once(", expected ");
        match wanted {
            // The reader names a type of ours where a table should be.
            Some((wrong, what)) if what.starts_with("struct ") => {
                at(text, start, &format!("{wrong}, expected a table"))
            }
            Some((wrong, "any value")) => at(text, start, wrong),
            _ => at(text, start, &message),
        }
    })
}

fn at(text: &str, start: usize, message: &str) -> SourceError {
    SourceError {
        place: Place::behind(text.get(..start).unwrap_or(text)),
        message: shown(message),
        help: help_for_shape(message).map(String::from),
    }
}

/// What would be right where a value has not the shape that is wanted.
fn help_for_shape(message: &str) -> Option<&'static str> {
    let helps = [
        (
            "invalid type: map, expected a string",
            "a name with a dot in it stands in quotes",
        ),
        ("expected a sequence", "write a list: `[…]`"),
        ("expected a table", "write a table: `{ … }`"),
        (
            "expected u64",
            "write a moment as a whole number: milliseconds since 1970",
        ),
        ("expected u32", "write a whole number"),
    ];
    let fits = |(end, _): &&(&str, &str)| message.ends_with(end);
    let help = helps.iter().find(fits).map(|(_, help)| *help);
    let is_date = message.starts_with("invalid type: date");
    help.or(is_date.then_some("write a date as text, in quotes"))
}

/// `message` on one line and not without end: what it quotes from a file may be anything.
fn shown(message: &str) -> String {
    let quoted = message.split('`').enumerate().map(|(at, part)| {
        let is_name = at % 2 == 1;
        let end = part.char_indices().nth(NAME_CHARS_MAX);
        match end.and_then(|(end, _)| part.get(..end)) {
            Some(start) if is_name => format!("{start}…"),
            _ => part.into(),
        }
    });
    let quoted = quoted.collect::<Vec<_>>().join("`");
    let escaped = quoted.chars().map(|c| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.into(),
    });
    escaped.collect()
}

/// Where the values of a TOML text lie.
#[derive(Debug)]
pub struct Places<'a> {
    text: &'a str,
    table: Option<Spanned<DeTable<'a>>>,
    /// The last place that was asked for, and its byte: the next one is counted from there, or a long list
    /// would be read from its beginning for each of its entries.
    last: Cell<(usize, Place)>,
}

impl<'a> Places<'a> {
    /// Those of `text`, which was read before.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            table: DeTable::parse(text).ok(),
            last: Cell::new((0, Place { line: 1, column: 1 })),
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
        let (from, place) = self.last.get();
        let found = match self.text.get(from..start) {
            Some(between) => place.after(between),
            None => Place::behind(self.text.get(..start).unwrap_or(self.text)),
        };
        self.last.set((start, found));
        found
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
        PolicyErrorKind::Unknown { noun, name, known } => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Some(suggestion(noun, name, &known))
        }
        PolicyErrorKind::NoCondition => Some("use `allow` for roles that need none".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_the_same_in_whatever_order_one_asks() {
        let text = "a = 1\nb = [\n  \"ä\", \"ö\",\n]\nc = [1, 2]\n";
        let paths: [&[Step]; 5] = [
            &["a".into()],
            &["b".into(), 0.into()],
            &["b".into(), 1.into()],
            &["c".into(), 1.into()],
            &["gone".into()],
        ];
        let alone = paths.map(|path| Places::new(text).of(path));
        let written: Vec<String> = alone.iter().map(Place::to_string).collect();
        assert_eq!(written, ["1:5", "3:3", "3:8", "5:9", "1:1"]);
        let places = Places::new(text);
        assert_eq!(paths.map(|path| places.of(path)), alone);
        let mut back = paths;
        back.reverse();
        let mut found = back.map(|path| places.of(path));
        found.reverse();
        assert_eq!(found, alone);
    }
}
