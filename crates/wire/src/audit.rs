//! The audit log of an organization: its rows, and the chain that makes any change of them visible.
//!
//! Every row's hash covers the row and the hash before it. Who keeps one hash can tell later whether
//! anything up to it was changed, left out or put in.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the hash of a row begins with; another form of rows has another one.
const DOMAIN: &str = "lockstep audit 1";
/// What stands in place of a field's length when the field is absent.
const ABSENT: u64 = u64::MAX;

/// One row: one change, or the denials of one principal and action within a minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditRow {
    /// Its place in the log, from 1 on, without gaps.
    pub number: i64,
    /// When it happened, in Unix milliseconds; of denials, the first of them.
    pub at_ms: i64,
    /// The organization's epoch afterwards.
    pub epoch: i64,
    /// Id of who did it; absent when the organization did it by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// How they proved who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<AuditCredential>,
    /// What was done, such as `change-role`.
    pub action: String,
    /// Id of what it was done to: the organization's own where it is that, or several things at once. A setting
    /// in a workspace is `{workspace}/{name}`, one of the organization its `name`.
    pub target: String,
    /// Whether it was done.
    pub outcome: AuditOutcome,
    /// Of denials, the problem's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How often: 1 for a change.
    pub count: i64,
    /// What changed; a command that changes very much has several rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AuditChange>,
    /// The client's network address, as the edge knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What the client calls itself, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// SHA-256 over the hash before it and everything above, in lower-case hex.
    pub hash: String,
}

/// The proof of a principal, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditCredential {
    /// `session`, `personal_access_token`, `jwt` and so on.
    pub kind: String,
    /// What tells it from others of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Whether something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AuditOutcome {
    /// It was refused, and nothing changed.
    Denied,
    /// It was done.
    Done,
}

impl AuditOutcome {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Done => "done",
        }
    }
}

/// One thing before and after; of what stayed, only what identifies it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditChange {
    /// What kind of thing, such as `member` or `invitation`.
    pub of: String,
    /// Its members before; absent for what is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<AuditFields>,
    /// Its members afterwards; absent for what is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AuditFields>,
}

/// Members of a thing, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct AuditFields(
    #[serde(deserialize_with = "crate::unique_map::deserialize")] pub BTreeMap<String, AuditValue>,
);

/// One member of a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum AuditValue {
    /// A number; of times, Unix milliseconds.
    Integer(i64),
    /// Nothing.
    Null,
    /// Text.
    Text(String),
}

/// The first line of an export that can be verified: what the chain stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditStart {
    /// Id of the organization.
    pub organization: String,
    /// The last row that is no longer kept; number 0 when all are.
    pub checkpoint: AuditPoint,
}

/// The last line of an export: how far the log went when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditEnd {
    /// The last row.
    pub head: AuditPoint,
}

/// A place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditPoint {
    /// The row's number.
    pub number: i64,
    /// The row's hash.
    pub hash: String,
}

impl AuditPoint {
    /// Where the log of an organization begins. Logs of two organizations have nothing in common.
    #[must_use]
    pub fn beginning(organization: &str) -> Self {
        let mut sum = Sum::new();
        sum.text(Some(organization));
        Self {
            number: 0,
            hash: sum.hex(),
        }
    }

    /// Goes one row further.
    ///
    /// # Errors
    /// When `row` is not the one that follows.
    pub fn follow(&mut self, row: &AuditRow) -> Result<(), AuditError> {
        let number = self.number.saturating_add(1);
        if row.number != number {
            return Err(AuditError::Number {
                expected: number,
                found: row.number,
            });
        }
        let hash = row.hash_after(&self.hash);
        if row.hash != hash {
            return Err(AuditError::Hash { number });
        }
        *self = Self { number, hash };
        Ok(())
    }
}

impl AuditRow {
    /// The hash that this row has after one with the hash `previous`.
    #[must_use]
    pub fn hash_after(&self, previous: &str) -> String {
        let mut sum = Sum::new();
        sum.text(Some(previous));
        sum.number(self.number);
        sum.number(self.at_ms);
        sum.number(self.epoch);
        sum.text(self.principal.as_deref());
        let credential = self.credential.as_ref();
        sum.text(credential.map(|credential| credential.kind.as_str()));
        sum.text(credential.and_then(|credential| credential.id.as_deref()));
        sum.text(Some(&self.action));
        sum.text(Some(&self.target));
        sum.text(Some(self.outcome.as_str()));
        sum.text(self.code.as_deref());
        sum.number(self.count);
        sum.text(self.client.as_deref());
        sum.text(self.user_agent.as_deref());
        sum.length(self.changes.len());
        for change in &self.changes {
            sum.text(Some(&change.of));
            sum.fields(change.before.as_ref());
            sum.fields(change.after.as_ref());
        }
        sum.hex()
    }
}

/// SHA-256 over fields, each with its length in front, so that no two rows are the same bytes.
struct Sum(Sha256);

impl Sum {
    fn new() -> Self {
        let mut sum = Self(Sha256::new());
        sum.text(Some(DOMAIN));
        sum
    }

    fn length(&mut self, length: usize) {
        let length = u64::try_from(length).unwrap_or(ABSENT);
        self.0.update(length.to_be_bytes());
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.0.update(ABSENT.to_be_bytes()),
            Some(text) => {
                self.length(text.len());
                self.0.update(text.as_bytes());
            }
        }
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn fields(&mut self, fields: Option<&AuditFields>) {
        let Some(AuditFields(fields)) = fields else {
            return self.0.update(ABSENT.to_be_bytes());
        };
        self.length(fields.len());
        for (name, value) in fields {
            self.text(Some(name));
            match value {
                AuditValue::Integer(number) => {
                    self.0.update([1]);
                    self.number(*number);
                }
                AuditValue::Null => self.0.update([0]),
                AuditValue::Text(text) => {
                    self.0.update([2]);
                    self.text(Some(text));
                }
            }
        }
    }

    fn hex(self) -> String {
        let bytes = self.0.finalize();
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }
}

/// Where a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditError {
    /// The row was changed, or the one before it.
    Hash {
        /// The row's number.
        number: i64,
    },
    /// A row is missing, or there are too many.
    Number {
        /// The number that follows.
        expected: i64,
        /// The number that is there.
        found: i64,
    },
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash { number } => {
                write!(f, "row {number} does not follow from the rows before it")
            }
            Self::Number { expected, found } => {
                write!(f, "row {expected} is missing; row {found} is in its place")
            }
        }
    }
}

impl core::error::Error for AuditError {}
