//! Policies written as TOML: errors with line and column, and what would be right.

use std::fmt;
use std::ops::Range;

use lockstep_core::{PolicyErrorKind, Step};
use toml::de::{DeTable, DeValue};

use crate::{CompiledPolicy, PolicyDocument, nesting};

/// Why a policy file cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySourceError {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
    /// What would be right, where that can be told.
    pub help: Option<String>,
}

impl fmt::Display for PolicySourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        self.help
            .as_ref()
            .map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for PolicySourceError {}

/// Compiles the policy written as TOML in `text`.
///
/// # Errors
/// The first place where the text is not TOML, not a policy document, or a wrong one.
pub fn compile_toml(text: &str) -> Result<CompiledPolicy, PolicySourceError> {
    nesting::check_policy(text)
        .map_err(|error| at(text, &(error.at..error.at), error.message, None))?;
    let document: PolicyDocument = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        at(
            text,
            &span,
            error.message().trim().replace('\n', "; "),
            None,
        )
    })?;
    CompiledPolicy::new(document).map_err(|error| {
        let span = DeTable::parse(text)
            .ok()
            .and_then(|table| locate(table.get_ref(), &error.path))
            .unwrap_or_default();
        at(text, &span, error.kind.to_string(), help(&error.kind))
    })
}

fn at(text: &str, span: &Range<usize>, message: String, help: Option<String>) -> PolicySourceError {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or("")
        .chars()
        .count()
        .saturating_add(1);
    PolicySourceError {
        line,
        column,
        message,
        help,
    }
}

/// Where the value lies that `path` leads to, or else the last value on the way that exists.
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
            let nearest = known
                .iter()
                .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
                .filter(|(likeness, _)| *likeness > 0.8)
                .max_by(|(a, _), (b, _)| a.total_cmp(b));
            Some(match nearest {
                Some((_, nearest)) => format!("did you mean `{nearest}`?"),
                None if known.is_empty() => format!("no {noun} is defined"),
                None => format!("known: {}", known.join(", ")),
            })
        }
        PolicyErrorKind::NoCondition => Some("use `allow` for roles that need none".into()),
        _ => None,
    }
}
