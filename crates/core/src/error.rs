//! What can be wrong with a policy or a record, and where.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::Level;
use crate::fact::instead_of;

/// One step on the way to a place in a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An element of a list, counted from zero.
    Index(usize),
    /// A member of a table.
    Key(String),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// Why a policy does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The way to the wrong place, in the document's own member names.
    pub path: Vec<Step>,
    /// What is wrong there.
    pub kind: PolicyErrorKind,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// The role that the creator of an organization is given is not marked `admin`.
    CreatorNotAdmin(String),
    /// Roles include each other, or permissions imply each other, in a circle.
    Cycle(String),
    /// The id was used before, or the name by another role of the level.
    Duplicate(String),
    /// The id is empty, too long or has a character that ids may not have.
    InvalidId(String),
    /// The prefix does not have the form of one, or another kind of secret begins with it.
    InvalidPrefix(String),
    /// No role is marked `admin`.
    NoAdminRole,
    /// A role is said to hold a permission under conditions, and there is none.
    NoCondition,
    /// A rule names no permission.
    NoPermission,
    /// Another feature makes another role of those of the level, and a plan may have both.
    ReplacedTwice {
        /// The level.
        level: Level,
        /// The other feature.
        by: String,
    },
    /// A text is longer than the limit.
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit, from [`crate::limits`].
        limit: usize,
    },
    /// A whole number beyond [`crate::limits::INTEGER_MAX`].
    TooLarge(i64),
    /// More entries than the limit.
    TooMany {
        /// The limit, from [`crate::limits`].
        limit: usize,
    },
    /// The test, or the value in a case, does not fit the fact's type.
    TypeMismatch {
        /// The fact.
        fact: String,
        /// What its values are.
        expected: &'static str,
    },
    /// Nothing of that name exists.
    Unknown {
        /// What was looked for: a role, a permission, a fact, an operation.
        noun: &'static str,
        /// The name that was not found.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// The role belongs to a level at which it cannot be used here.
    WrongLevel {
        /// The role.
        role: String,
        /// Its level.
        level: Level,
        /// The level needed.
        expected: Level,
    },
}

impl fmt::Display for PolicyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreatorNotAdmin(id) => write!(
                f,
                "`{id}` is not marked `admin = true`, so a new organization would have no admin"
            ),
            Self::Cycle(id) => write!(f, "`{id}` leads back to itself"),
            Self::Duplicate(id) => write!(f, "`{id}` is defined twice"),
            Self::InvalidId(id) => write!(
                f,
                "`{id}` is not an id: use 1 to {} letters, digits and `. _ : - >`",
                crate::limits::ID_BYTES_MAX
            ),
            Self::InvalidPrefix(prefix) => write!(
                f,
                "`{prefix}` is no prefix: use 3 to 16 lower-case letters, digits, `_` and `-`, a letter first and no `_` last, and let no two kinds of secrets begin alike"
            ),
            Self::NoAdminRole => f.write_str(
                "no role is marked `admin = true`, so nobody could administer an organization",
            ),
            Self::NoCondition => f.write_str("a condition is needed here"),
            Self::NoPermission => f.write_str("a rule needs a permission to allow or deny"),
            Self::ReplacedTwice { level, by } => write!(
                f,
                "`{by}` makes another role of those of the {level}, and a plan may have both features"
            ),
            Self::TooLarge(number) => write!(
                f,
                "{number} has more than 53 bits, and a page could not tell it from others"
            ),
            Self::TooLong { bytes, limit } => {
                write!(f, "{bytes} bytes long, and at most {limit} are allowed")
            }
            Self::TooMany { limit } => write!(f, "more than {limit} entries"),
            Self::TypeMismatch { fact, expected } => {
                write!(
                    f,
                    "the values of `{fact}` are {expected}, so this would never hold"
                )
            }
            Self::Unknown { noun, name, .. } => {
                write!(f, "there is no {noun} `{name}`")?;
                match instead_of(name) {
                    Some(words) if *noun == "fact" => write!(f, ": {words}"),
                    _ => Ok(()),
                }
            }
            Self::WrongLevel {
                role,
                level,
                expected,
            } => {
                write!(
                    f,
                    "`{role}` is a role of the {level}, but a role of the {expected} is needed"
                )
            }
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &self.path)?;
        write!(f, ": {}", self.kind)
    }
}

/// Writes a place in a document: `roles[2].cap`.
pub(crate) fn write_path(f: &mut fmt::Formatter<'_>, path: &[Step]) -> fmt::Result {
    for (at, step) in path.iter().enumerate() {
        match step {
            Step::Index(index) => write!(f, "[{index}]")?,
            Step::Key(key) if at == 0 => f.write_str(key)?,
            Step::Key(key) => write!(f, ".{key}")?,
        }
    }
    Ok(())
}

impl core::error::Error for PolicyError {}

/// Why a principal's record cannot be resolved. Whoever meets it denies everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// The first node is not an organization without a parent, or a later one is.
    NoOrganization,
    /// The policy could not be made anew to add to it what the organization has.
    NoPolicy,
    /// A node's parent is missing, comes after it, or is not of a higher level.
    OrphanNode(String),
    /// Two nodes have one id.
    RepeatedNode(String),
    /// More nodes or grants than the limit.
    TooMany {
        /// The limit, from [`crate::limits`].
        limit: usize,
    },
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOrganization => f.write_str(
                "the first node, and no other, must be an organization without a parent",
            ),
            Self::NoPolicy => f.write_str("the policy cannot be read a second time"),
            Self::OrphanNode(id) => {
                write!(
                    f,
                    "the parent of `{id}` must come before it and be of a higher level"
                )
            }
            Self::RepeatedNode(id) => write!(f, "the node `{id}` appears twice"),
            Self::TooMany { limit } => write!(f, "more than {limit} entries"),
        }
    }
}

impl core::error::Error for RecordError {}
